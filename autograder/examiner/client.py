"""The grader's hold on an examiner process: start it, send it cells, end it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from autograder.examiner import process
from autograder.examiner.checks import Verdict, compile_check
from autograder.examiner.names import one_parser
from autograder.kernel.template import TEMPLATE, readable
from autograder.wire import channel

PATIENCE = 20.0  # seconds for a kernel to connect once it is told to


@lru_cache(maxsize=4096)  # of a class, and of what a cluster's worker is sent
def _compiled(name: str, source: str) -> bytes:
    """A check compiled once for all submissions; nothing where that cannot be done."""
    with one_parser(), contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        return compile_check(name, source)
    return b""  # the examiner tries again, and tells what is wrong


class ExaminerFailed(Exception):
    """The examiner itself cannot go on: a fault of the course or of this program."""


class ExaminerClient:
    """One examiner process, warm where the template is fit, cold otherwise.

    path: where it listens for the kernel. directory: where it works. memory: bytes it may fill.
    """

    def __init__(self, path: Path, directory: Path, memory: int) -> None:
        self.path = path
        self._directory = directory
        self._memory = memory
        self._control, self._theirs = socket.socketpair()
        self._process = None
        self._temporary = tempfile.TemporaryDirectory(prefix="ex-")

    async def start(self, warm: bool) -> None:
        """Starts the process and waits until it listens."""
        await asyncio.to_thread(self._start, warm)

    def _start(self, warm: bool) -> None:
        places = [str(self.path), str(self._directory), self._temporary.name]
        limits = [PATIENCE, self._memory]
        if warm:
            self._process = TEMPLATE.fork(process.main, self._theirs, *places, *limits)
        else:
            number = self._theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", process.__name__, str(number), *places, *map(str, limits)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._theirs.close()
        self._receive()

    async def given(self, name: str, source: str) -> None:
        """Runs a given cell.

        Raises: ExaminerFailed when the course's own cell fails.
        """
        reply = await self._ask({"given": source, "name": name})
        if reply["failed"]:
            raise ExaminerFailed(f"{name} fails in the examiner:\n{reply['failed']}")

    async def check(self, name: str, source: str, number: int) -> Verdict:
        """Runs a check, while the student's kernel serves it at `path` under this number."""
        body = {"check": source, "name": name, "number": number}
        reply = await self._ask(body, _compiled(name, source))
        return Verdict(**reply["verdict"])

    def give_up(self, number: int) -> None:
        """Tells a check that waits for the kernel to connect that it never will."""
        with contextlib.suppress(channel.Closed):
            channel.send(self._control, {"gone": number})

    async def _ask(self, body: dict, compiled: bytes = b"") -> dict:
        try:
            channel.send(self._control, body, [compiled])
        except channel.Closed as error:
            raise ExaminerFailed(f"the examiner ended: {error}") from None
        await readable(self._control.fileno())
        return self._receive()

    def _receive(self) -> dict:
        try:
            return channel.receive(self._control)[0]
        except channel.Closed as error:
            raise ExaminerFailed(f"the examiner ended: {error}") from None

    def close(self) -> None:
        """Ends the process."""
        self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()
