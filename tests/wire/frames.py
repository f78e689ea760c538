"""Both ends of a socket in one test."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any

from autograder.wire import channel


def over_a_socket(body: Any, buffers: Sequence[bytes | memoryview]) -> tuple[Any, list[memoryview]]:
    """What `receive` gives for what `send` was given."""
    near, far = socket.socketpair()
    with near, far:
        sender = threading.Thread(target=channel.send, args=(near, body, buffers))
        sender.start()
        try:
            return channel.receive(far)
        finally:
            sender.join()


def receive_bytes(data: bytes) -> tuple[Any, list[memoryview]]:
    """What `receive` makes of these bytes, after which the sender hangs up."""
    near, far = socket.socketpair()

    def write() -> None:
        with near, contextlib.suppress(OSError):
            near.sendall(data)

    sender = threading.Thread(target=write)
    sender.start()
    try:
        with far:
            return channel.receive(far)
    finally:
        sender.join()


def frame(header: Any, *buffers: bytes) -> bytes:
    """A frame with a header that need not be a right one: JSON data, or text, or bytes."""
    if not isinstance(header, str | bytes):
        header = json.dumps(header, separators=(",", ":"))
    raw = header.encode() if isinstance(header, str) else header
    return struct.pack("!I", len(raw)) + raw + b"".join(buffers)
