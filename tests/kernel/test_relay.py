"""The relay between a kernel and the notebook client: honest traffic, and what fills memory."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.asyncio
from hypothesis import given, strategies

from autograder.kernel.relay import COMMAND, LONG, MAX_PARTS, MORE, Excessive, Frames, Relay

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
READY = bytes([COMMAND, 6]) + b"\x05READY"
LARGEST = 1000


def frame(body: bytes, flags: int = 0, long: bool = False) -> bytes:
    size = len(body).to_bytes(8 if long else 1, "big")
    return bytes([flags | LONG * long]) + size + body


def message(*bodies: bytes) -> bytes:
    last = len(bodies) - 1
    return b"".join(frame(b, MORE * (n < last), long=len(b) > 200) for n, b in enumerate(bodies))


def follow(stream: bytes, cuts: list[int] = ()) -> None:
    """Takes a connection's bytes, in pieces as the cuts make them."""
    frames = Frames(LARGEST)
    for start, end in pairwise(sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})):
        frames.follow(stream[start:end])


bodies = strategies.lists(strategies.binary(max_size=300), min_size=1, max_size=3)
cuts = strategies.lists(strategies.integers(0, 10**6), max_size=20)


@given(strategies.lists(bodies, max_size=20), cuts)
def test_messages_of_a_bearable_size_pass_however_they_are_cut(
    messages: list[list[bytes]], cuts: list[int]
) -> None:
    follow(GREETING + READY + b"".join(message(*parts) for parts in messages), cuts)


@given(bodies, cuts)
def test_a_message_that_is_too_large_in_sum_is_noticed_however_it_is_cut(
    parts: list[bytes], cuts: list[int]
) -> None:
    stream = GREETING + READY + b"".join(frame(part, MORE) for part in parts)
    with pytest.raises(Excessive, match=r"more than 0\.00095"):
        follow(stream + frame(bytes(250), MORE) * 4 + frame(b"x"), cuts)


def test_a_size_is_noticed_before_the_bytes_have_come() -> None:
    with pytest.raises(Excessive):
        follow(GREETING + bytes([MORE | LONG]) + (2**40).to_bytes(8, "big"))


@pytest.mark.parametrize("between", [b"", READY], ids=["parts alone", "commands between them"])
def test_parts_without_end_are_noticed(between: bytes) -> None:
    follow(GREETING + READY + message(*[b""] * (MAX_PARTS - 1)) * 3)
    with pytest.raises(Excessive, match="over 1,000 parts"):
        follow(GREETING + READY + (frame(b"", MORE) * (MAX_PARTS // 2) + between) * 3)


@pytest.mark.parametrize("start", [b"\x01\x00", b"\xff" + bytes(8) + b"\x7f\x01", b"GET / HTTP/1"])
def test_other_protocols_whose_frames_are_others_are_refused(start: bytes) -> None:
    with pytest.raises(Excessive, match="ZMTP 3"):
        follow(start + bytes(100))


# Through sockets ---------------------------------------------------------------------------------


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:  # a short path
        yield Path(made)


def test_zeromq_works_through_it_whoever_comes_first(folder: Path) -> None:
    async def run() -> list[list[bytes]]:
        ended: list[str] = []
        relay = Relay(10**6, ended.append)
        await relay.open(f"{folder}/near", f"{folder}/far")
        with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as client:
            client.connect(f"ipc://{folder}/near")
            await client.send_multipart([b"question", b""])
            await asyncio.sleep(0.05)  # the relay waits for the kernel
            with context.socket(zmq.ROUTER) as kernel:
                kernel.bind(f"ipc://{folder}/far")
                who, *question = await kernel.recv_multipart()
                await kernel.send_multipart([who, b"x" * 900, b"answer"])
                answer = await client.recv_multipart()
        await relay.close()
        return [ended, question, answer]

    assert asyncio.run(run()) == [[], [b"question", b""], [b"x" * 900, b"answer"]]


def test_too_much_in_sum_ends_it_unless_it_is_reset(folder: Path) -> None:
    async def run(reset: bool) -> list[str]:
        ended: list[str] = []
        relay = Relay(10_000, ended.append)
        place = folder / str(reset)
        place.mkdir()
        await relay.open(f"{place}/near", f"{place}/far")
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as client:
            client.subscribe("")
            client.connect(f"ipc://{place}/near")
            with context.socket(zmq.XPUB) as kernel:
                kernel.linger = 0
                kernel.bind(f"ipc://{place}/far")
                await kernel.recv()  # that there is a subscriber
                for _ in range(20):
                    await kernel.send(b"x" * 900)
                    if not await client.poll(1000):
                        break
                    await client.recv()
                    if reset:
                        relay.reset()
        await relay.close()
        return ended

    assert asyncio.run(run(reset=True)) == []
    assert asyncio.run(run(reset=False)) == ["the cell printed or showed more than 0.00953674 MiB"]


def test_a_run_that_ends_as_a_client_comes_ends_without_a_complaint(folder: Path) -> None:
    complaints: list[dict[str, Any]] = []

    async def run() -> bool:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        relay = Relay(1000, lambda reason: None)
        await relay.open(f"{folder}/near", f"{folder}/far")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{folder}/near")
            while not (reach := [task for task in asyncio.all_tasks() if "_reach" in repr(task)]):
                await asyncio.sleep(0)
            reach[0].cancel()  # before its first step
            await asyncio.wait(reach)
            await relay.close()
            client.setblocking(False)
            return await asyncio.wait_for(loop.sock_recv(client, 1), 10) == b""

    assert asyncio.run(run()), "the client was hung up on"
    assert complaints == []


@pytest.mark.parametrize("size", range(140_000, 400_000, 20_000))  # of a socket's buffer and more
def test_a_client_may_take_its_time_to_read_what_a_gone_kernel_said(
    folder: Path, size: int
) -> None:
    """asyncio cannot abort a connection that it was told to close before all was written."""
    sent = GREETING + message(bytes(size))

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        relay = Relay(10**6, lambda reason: None)
        await relay.open(f"{folder}/near", f"{folder}/far")
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(f"{folder}/far")
            listener.listen()
            client.connect(f"{folder}/near")
            for end in (listener, client):
                end.setblocking(False)
            kernel, _ = await loop.sock_accept(listener)
            with kernel:
                await loop.sock_sendall(kernel, sent)
            await asyncio.sleep(0.05)  # the relay hears that the kernel has gone
            got = b""
            while data := await asyncio.wait_for(loop.sock_recv(client, 10**6), 10):
                got += data
            await asyncio.sleep(0.05)
        await relay.close()
        return got

    assert asyncio.run(run()) == sent


@pytest.mark.parametrize("steps", range(8))
def test_who_comes_while_it_is_closed_does_no_harm(folder: Path, steps: int) -> None:
    """Before 3.12, asyncio forgets a connection that its server has accepted and not made yet."""
    complaints: list[dict[str, Any]] = []

    async def run() -> set[str]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        relay = Relay(1000, lambda reason: None)
        await relay.open(f"{folder}/near", f"{folder}/far")
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            first.connect(f"{folder}/near")
            await asyncio.sleep(0.02)  # its kernel is being waited for
            second.connect(f"{folder}/near")
            for _ in range(steps):
                await asyncio.sleep(0)
            await relay.close()
            first.setblocking(False)
            assert await asyncio.wait_for(loop.sock_recv(first, 1), 10) == b""
        return {repr(task) for task in asyncio.all_tasks() if "_reach" in repr(task)}

    assert asyncio.run(run()) == set(), "nobody is reached for any more"
    assert complaints == []
