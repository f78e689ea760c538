"""Carries what a kernel sends to the notebook client, until it is too much.

libzmq keeps every part of a message until the last has come. A kernel's process that speaks its
protocol by itself could fill the grader's memory, at gigabytes a second, with a message that never
ends. Frames are those of ZMTP 3: https://rfc.zeromq.org/spec/23/
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

GREETING = 64  # bytes before the first frame
MAX_PARTS = 1_000  # of a message; Jupyter's have six or seven, and one for each binary buffer
CHUNK = 2**16
MORE, LONG, COMMAND = 1, 2, 4  # flags of a frame


class Excessive(Exception):
    """What a kernel sends is more than an honest one would; the message says what."""


def _too_much(most: int) -> str:
    return f"the cell printed or showed more than {most / 2**20:g} MiB"


class Frames:
    """Follows the frames of one connection; `most`: bytes of one message."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._greeting = bytearray()
        self._header = bytearray()
        self._body = self._size = self._parts = 0

    def follow(self, data: bytes) -> None:
        """Takes the next bytes. Raises: Excessive."""
        at = 0
        if len(self._greeting) < GREETING:
            at = GREETING - len(self._greeting)
            self._greeting += data[:at]
            # An older version has other frames.
            if self._greeting[:1] != b"\xff" or self._greeting[10:11] not in (b"", b"\x03"):
                raise Excessive("the kernel does not speak ZMTP 3")
        while at < len(data):
            if self._body:
                step = min(self._body, len(data) - at)
                self._body -= step
            else:
                # Flags first: they say how many bytes the size has.
                wanted = 1 if not self._header else 9 if self._header[0] & LONG else 2
                step = wanted - len(self._header)
                self._header += data[at : at + step]
                if len(self._header) == wanted > 1:
                    self._frame()
            at += step

    def _frame(self) -> None:
        flags, self._body = self._header[0], int.from_bytes(self._header[1:], "big")
        self._header.clear()
        self._size += self._body
        self._parts += 1
        if self._size > self._most:
            raise Excessive(_too_much(self._most))
        if self._parts > MAX_PARTS:
            raise Excessive(f"the kernel sent a message of over {MAX_PARTS:,} parts")
        if not flags & (MORE | COMMAND):  # a command may come between the parts of a message
            self._size = self._parts = 0


class Relay:
    """The sockets that a notebook client connects to in place of a kernel's own.

    most: bytes that are carried before `reset`. ended: called with a reason when a kernel sends
    more; nothing is carried from then on.
    """

    def __init__(self, most: int, ended: Callable[[str], None]) -> None:
        self._most = most
        self._ended = ended
        self._carried = 0
        self._over = False
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task] = set()

    async def open(self, near: str, far: str) -> None:
        """Listens at the path `near` for the client, and connects it to the kernel at `far`."""

        # No coroutine: one that is cancelled, asyncio up to 3.12 takes for an error of ours.
        def connected(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
            def ended(task: asyncio.Task) -> None:
                self._tasks.discard(task)
                to_client.close()

            task = asyncio.create_task(self._carry(far, client, to_client))
            self._tasks.add(task)
            task.add_done_callback(ended)

        self._servers.append(await asyncio.start_unix_server(connected, near))

    def reset(self) -> None:
        """The next cell starts: what is carried counts from here."""
        self._carried = 0

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(
        self, far: str, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        kernel, to_kernel = await _connected(far)
        with contextlib.closing(to_kernel), contextlib.suppress(OSError):
            both = {
                asyncio.create_task(_pass_on(client, to_kernel)),
                asyncio.create_task(self._pass_back(kernel, to_client)),
            }
            try:
                await asyncio.wait(both, return_when="FIRST_COMPLETED")
            finally:
                for one in both:
                    one.cancel()
                await asyncio.gather(*both, return_exceptions=True)

    async def _pass_back(
        self, kernel: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        frames = Frames(self._most)
        while not self._over and (data := await kernel.read(CHUNK)):
            self._carried += len(data)
            try:
                frames.follow(data)
                if self._carried > self._most:
                    raise Excessive(_too_much(self._most))
            except Excessive as excessive:
                self._over = True
                self._ended(str(excessive))
                return
            to_client.write(data)
            await to_client.drain()


async def _pass_on(client: asyncio.StreamReader, to_kernel: asyncio.StreamWriter) -> None:
    while data := await client.read(CHUNK):
        to_kernel.write(data)
        await to_kernel.drain()


async def _connected(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a kernel that may not listen yet."""
    while True:
        try:
            return await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(0.01)
