"""Frames on a stream socket: a JSON header and the raw buffers it speaks of, with caps on all.

frame = length of header (4 bytes, big endian), header, buffers one after the other
header = {"sizes": [bytes of each buffer], "body": any JSON}
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

from autograder.wire.codec import MAX_DEPTH, MAX_ITEMS, WireError, no_collection

MAX_HEADER = 64 * 2**20
MAX_BUFFERS = 1024 * 2**20
MAX_BUFFER_COUNT = 200_000
MAX_PARTS = 4 * MAX_ITEMS  # of the header: parsed, each takes far more room than on the wire
CHUNK = 2**20
# What a kernel says first, and in the parent header of what it prints: the number of the check or
# cell, which is its position in the notebook.
NUMBER = "number"
# What a kernel answers the grader when it has done as it was told: whether that has shown anything,
# so that there is a last message to wait for, and the count of the cells it has run.
DONE = struct.Struct("!?I")
_LENGTH = struct.Struct("!I")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_ENCODER = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Closed(ConnectionError):
    """The other end is gone."""


def frame(body: Any, buffers: Sequence[bytes | memoryview] = ()) -> list[bytes | memoryview]:
    """One frame, in as few parts as are worth joining. Raises: WireError when over the caps."""
    sizes = [len(buffer) for buffer in buffers]
    header = _ENCODER.encode({"sizes": sizes, "body": body}).encode()
    if len(header) > MAX_HEADER or sum(sizes) > MAX_BUFFERS or len(sizes) > MAX_BUFFER_COUNT:
        raise WireError(
            f"{(len(header) + sum(sizes)) / 2**20:,.0f} MB in one message; the limit "
            f"is {MAX_BUFFERS // 2**20:,} MB"
        )
    parts = [_LENGTH.pack(len(header)), header, *buffers]
    return [b"".join(parts)] if sum(sizes) <= CHUNK else parts


def send(sock: socket.socket, body: Any, buffers: Sequence[bytes | memoryview] = ()) -> None:
    """Sends one frame.

    Raises: WireError when it is over the caps, Closed when the other end is gone.
    """
    parts = frame(body, buffers)
    try:
        for part in parts:
            if len(part):  # after the last byte the other end may hang up
                sock.sendall(part)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(sock: socket.socket) -> tuple[Any, list[memoryview]]:
    """The next frame's body and buffers.

    Raises: WireError when the frame breaks a rule, Closed when the other end is gone.
    """
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    if length > MAX_HEADER:
        raise WireError(f"a header of {length:,} bytes; the limit is {MAX_HEADER:,}")
    header = bytes(_exactly(sock, length))
    if sum(map(header.count, (b"[", b"{", b","))) > MAX_PARTS:
        raise WireError(f"a header with more than {MAX_PARTS:,} parts")
    try:
        with no_collection():
            message = _DECODER.decode(header.decode())
        sizes, body = message["sizes"], message["body"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise WireError("a header that is not what it should be") from None
    if (
        not isinstance(sizes, list)
        or len(message) != 2
        or len(sizes) > MAX_BUFFER_COUNT
        or any(type(size) is not int or size < 0 for size in sizes)
        or sum(sizes) > MAX_BUFFERS
    ):
        raise WireError("a header that announces impossible buffers")
    return body, [_exactly(sock, size) for size in sizes]


def _exactly(sock: socket.socket, count: int) -> memoryview:
    # Room is made for what has come, not for what a stranger says will come.
    data = bytearray()
    while len(data) < count:
        try:
            chunk = sock.recv(min(count - len(data), CHUNK))
        except OSError as error:
            raise Closed(str(error)) from None
        if not chunk:
            raise Closed("the other end closed the connection")
        data += chunk
    return memoryview(data)


assert MAX_DEPTH * 4 < 900, "trees of the codec must stay under Python's own recursion limit"
