"""The line to a kernel: orders go out, and what comes back is what was asked for or nothing."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable

import pytest

from autograder.kernel.line import Line
from autograder.wire import channel

DONE = channel.DONE.pack(True, 7)


def on_a_line(talk: Callable[[Line, socket.socket], Awaitable[None]]) -> Line:
    """A line over which the grader and a kernel have talked."""

    async def main() -> Line:
        near, far = socket.socketpair()
        with far:
            far.settimeout(10)
            _, line = await asyncio.get_running_loop().create_unix_connection(Line, sock=near)
            await talk(line, far)
            line.transport.abort()
        return line

    return asyncio.run(main())


def test_an_order_goes_out_and_its_end_is_heard_however_it_is_cut() -> None:
    async def talk(line: Line, far: socket.socket) -> None:
        for n in range(2):
            heard = asyncio.get_running_loop().create_future()
            line.ask({"number": n}, lambda *said, heard=heard: heard.set_result(said))
            assert await asyncio.to_thread(channel.receive, far) == ({"number": n}, [])
            far.sendall(DONE[:2])
            await asyncio.sleep(0.01)
            assert not heard.done()
            far.sendall(DONE[2:])
            assert await heard == (True, 7)
        assert line.lost_at == math.inf

    on_a_line(talk)


@pytest.mark.parametrize("asked", [True, False])
def test_a_kernel_that_says_more_than_it_was_asked_is_hung_up_on(asked: bool) -> None:
    heard = []

    async def talk(line: Line, far: socket.socket) -> None:
        if asked:
            line.ask({}, lambda *said: heard.append(said))
            await asyncio.to_thread(channel.receive, far)
        far.sendall(2 * DONE if asked else DONE)
        assert await asyncio.to_thread(far.recv, 1) == b""

    line = on_a_line(talk)
    assert not heard and line.lost_at < math.inf


def test_a_large_order_to_a_kernel_that_does_not_read_waits_for_nobody() -> None:
    async def talk(line: Line, far: socket.socket) -> None:
        line.ask({"source": "x" * 2**22}, lambda *said: None)
        await asyncio.sleep(0.01)
        assert line.transport.get_write_buffer_size() > 2**20

    on_a_line(talk)
