"""The line on which a kernel hears what to do next, and says when it is done."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from autograder.wire import channel


class Line(asyncio.Protocol):
    """The grader's end of it; `autograder.kernel.student.serve` is at the other.

    lost_at: the time, by the monotonic clock, at which the kernel was seen to have hung up.
    """

    transport: asyncio.Transport | None = None
    lost_at = math.inf

    def __init__(self) -> None:
        self._told = b""
        self._heard: Callable[[bool, int], None] | None = None

    def ask(self, order: dict, heard: Callable[[bool, int], None]) -> None:
        """Sends an order; `heard` is called with what the kernel says when it is done.

        That is whether it has shown anything, and how many cells it has run. Does not wait until
        the order is read: some kernels never do.
        """
        self._heard = heard
        for part in channel.frame(order):
            self.transport.write(part)

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.lost_at = time.monotonic()

    def data_received(self, data: bytes) -> None:
        self._told += data
        if self._heard is None or len(self._told) > channel.DONE.size:
            self.transport.abort()  # it says more than it was asked
        elif len(self._told) == channel.DONE.size:
            heard, told = self._heard, self._told
            self._heard, self._told = None, b""
            heard(*channel.DONE.unpack(told))
