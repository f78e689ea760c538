"""The examiner's process: takes cells from the grader, one at a time, and returns verdicts.

grader → examiner   {"given": source, "name": …} or {"check": source, "name": …,
                    "number": n}, with the check compiled, where it can be
                    {"gone": number} when the kernel will not connect for that check
examiner → grader   {"failed": traceback or null}, or
                    {"verdict": …}
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import select
import socket
import sys
import tempfile
import time
import traceback

from autograder.examiner.checks import Examiner
from autograder.wire import channel
from autograder.wire.codec import WireError


def main(
    control: socket.socket,
    path: str,
    directory: str,
    temporary: str,
    patience: float,
    memory: int,
) -> None:
    """Serves the grader on `control` until it hangs up.

    path: where the examiner listens for the student's kernel, once for each check.
    directory: where given cells find the course's data; student code cannot write there.
    temporary: where given cells make files; not the student's, and gone afterwards.
    patience: seconds it waits for the kernel to connect.
    memory: bytes it may fill. What is small on the wire can be large in a check: a `range`.
    """
    if sys.platform == "linux":  # elsewhere the limit is not of what a process can write to
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))
    os.chdir(directory)
    tempfile.tempdir = temporary
    examiner = Examiner()
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener.bind(path)
    os.chmod(path, 0o666)  # the folder it is in lets nobody in but this student's kernel
    listener.listen(1)
    channel.send(control, {"ready": True})

    def connect(number: int) -> socket.socket:
        """The connection that belongs to this check; what is left of an earlier one is closed."""
        deadline = time.monotonic() + patience
        while True:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([listener, control], [], [], left)
            if control in ready and channel.receive(control)[0] == {"gone": number}:
                raise TimeoutError("it ended before it connected")
            if not ready:
                raise TimeoutError("it did not connect")
            if listener not in ready:
                continue
            sock, _ = listener.accept()
            try:
                sock.settimeout(patience)
                hello, _ = channel.receive(sock)
                if hello == {channel.NUMBER: number}:
                    sock.settimeout(None)
                    return sock
            except (channel.Closed, WireError):
                pass
            sock.close()

    while True:
        try:
            body, buffers = channel.receive(control)
        except channel.Closed:
            return
        if "gone" in body:
            continue  # it crossed the verdict
        if "given" in body:
            failed = None
            try:
                examiner.run_given(body["name"], body["given"])
            except BaseException:
                failed = traceback.format_exc()
            channel.send(control, {"failed": failed})
        else:
            number = body["number"]
            verdict = examiner.run_check(
                body["name"], body["check"], lambda n=number: connect(n), b"".join(buffers)
            )
            channel.send(control, {"verdict": verdict.as_dict()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("control", type=int, help="descriptor of the socket to the grader")
    parser.add_argument("path")
    parser.add_argument("directory")
    parser.add_argument("temporary")
    parser.add_argument("patience", type=float)
    parser.add_argument("memory", type=int)
    args = parser.parse_args()
    control = socket.socket(fileno=args.control)
    main(control, args.path, args.directory, args.temporary, args.patience, args.memory)
