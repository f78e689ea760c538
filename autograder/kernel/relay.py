"""Carries what a kernel sends to the notebook client, until it is too much.

libzmq keeps every part of a message until the last has come. A kernel's process that speaks its
protocol by itself could fill the grader's memory, at gigabytes a second, with a message that never
ends. Frames are those of ZMTP 3: https://rfc.zeromq.org/spec/23/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakSet

GREETING = 64  # bytes before the first frame
MAX_PARTS = 1_000  # of a message; Jupyter's have six or seven, and one for each binary buffer
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


class _End(asyncio.Protocol):
    """One end of a carried connection: what comes in here goes out at the other.

    passes: called with what came; says whether it may go on.
    """

    transport: asyncio.Transport | None = None
    _gone = _lost = False

    def __init__(self, passes: Callable[[bytes], bool], other: _End | None = None) -> None:
        self._passes = passes
        self._other = other

    def abort(self) -> None:
        """Hangs up, now or as soon as there is a connection."""
        self._gone = True
        # asyncio fails to abort what was closed with something still to write, and then wrote it.
        if self.transport is not None and not self._lost:
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        if self._gone:
            transport.abort()
        elif self._other is None:
            transport.pause_reading()  # until there is another end
        else:
            self._other._other = self
            self._other.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if not self._passes(data):
            self.transport.close()
        elif not self._other.transport.is_closing():
            self._other.transport.write(data)

    def pause_writing(self) -> None:
        self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        self._other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if self._other is not None:
            self._other.transport.close()


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
        self._closed = False
        self._servers: list[asyncio.Server] = []
        self._clients: WeakSet[_End] = WeakSet()
        self._reaching: set[asyncio.Task] = set()

    async def open(self, near: str, far: str) -> None:
        """Listens at the path `near` for the client, and connects it to the kernel at `far`."""
        loop = asyncio.get_running_loop()

        def accepted() -> _End:
            client = _End(lambda data: True)
            self._clients.add(client)
            if self._closed:
                client.abort()
                return client
            task = asyncio.create_task(self._reach(far, client))
            self._reaching.add(task)
            task.add_done_callback(self._reaching.discard)
            return client

        self._servers.append(await loop.create_unix_server(accepted, near))

    def reset(self) -> None:
        """The next cell starts: what is carried counts from here."""
        self._carried = 0

    async def close(self) -> None:
        self._closed = True  # for who was let in and has not been heard of yet
        for server in self._servers:
            server.close()
        for task in self._reaching:
            task.cancel()
        await asyncio.gather(*self._reaching, return_exceptions=True)
        for client in self._clients:
            client.abort()

    async def _reach(self, far: str, client: _End) -> None:
        """Connects a client to a kernel, which may not listen yet."""
        frames = Frames(self._most)
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.create_unix_connection(
                    lambda: _End(lambda data: self._bearable(frames, data), client), far
                )
                return
            except OSError:
                await asyncio.sleep(0.01)

    def _bearable(self, frames: Frames, data: bytes) -> bool:
        """Whether what a kernel sends may be carried on."""
        if self._over:
            return False
        self._carried += len(data)
        try:
            frames.follow(data)
            if self._carried > self._most:
                raise Excessive(_too_much(self._most))
        except Excessive as excessive:
            self._over = True
            self._ended(str(excessive))
        return not self._over
