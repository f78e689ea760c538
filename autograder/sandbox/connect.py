"""Connections to the examiner, for kernels that may make none.

Where there are no name spaces, a kernel that could connect to a socket by its path could talk to
the session's bus, and have it start programs outside. There it asks its monitor, which connects
to one path and to no other, and gets the connection.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading

DESCRIPTOR = 3  # of the socket to the monitor, in the kernel
_asking: socket.socket | None = None


def connect(path: str) -> socket.socket:
    """A connection to the examiner that listens at `path`. Raises: OSError."""
    if _asking is None:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
        except OSError:
            sock.close()
            raise
        return sock
    _asking.sendall(b"?")
    told, descriptors, _, _ = socket.recv_fds(_asking, 1, 1)
    if not descriptors:
        raise ConnectionRefusedError(errno.ECONNREFUSED, f"the monitor said {told!r}", path)
    return socket.socket(fileno=descriptors[0])


def ask(asking: socket.socket) -> None:
    """Makes `connect` ask the monitor; in the kernel, before it closes all other descriptors."""
    global _asking
    os.dup2(asking.detach(), DESCRIPTOR)
    _asking = socket.socket(fileno=DESCRIPTOR)


def answer(asked: socket.socket, path: str) -> None:
    """Answers the kernel in a thread; in the monitor."""
    threading.Thread(target=_answer, args=(asked, path), daemon=True).start()


def _answer(asked: socket.socket, path: str) -> None:
    with contextlib.suppress(OSError):  # the kernel ended
        while asked.recv(1):
            with socket.socket(socket.AF_UNIX) as sock:
                try:
                    sock.connect(path)
                except OSError:
                    asked.sendall(b"-")  # it sees no connection come
                else:
                    socket.send_fds(asked, [b"+"], [sock.fileno()])
