"""Starts the command line without the time that its imports take: forked, not started anew.

A forked run differs from a started one in nothing that follows the imports. For runs that are
killed by the dozen there is a `light` start too: their template has a stand-in for TensorFlow.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.conftest import ROOT

STAND_INS = str(Path(__file__).parent / "stand_ins")
IMPORTS = ("autograder.cli", "autograder.engine.grade", "autograder.terminal")


class Starter:
    """A process that has imported the command line. Use as a context manager."""

    def __enter__(self) -> Starter:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def light(self, arguments: list[str], environment: dict[str, str], said: Path) -> Forked:
        """Starts a run whose template does not import TensorFlow."""
        paths = [STAND_INS, *filter(None, [environment.get("PYTHONPATH")])]
        return self(arguments, environment | {"PYTHONPATH": os.pathsep.join(paths)}, said)

    def __call__(self, arguments: list[str], environment: dict[str, str], said: Path) -> Forked:
        """Starts the command with these arguments and this environment; `said` gets its output."""
        with self._lock:
            self._process.stdin.write(json.dumps([arguments, environment, str(said)]) + "\n")
            self._process.stdin.flush()
            return Forked(int(self._process.stdout.readline()), arguments, said)


class Forked:
    """As much of `subprocess.Popen` as a run needs."""

    def __init__(self, pid: int, arguments: list[str], said: Path) -> None:
        self.pid = pid
        self._arguments = arguments
        self._code = said.with_suffix(".code")

    def wait(self, timeout: float) -> int:
        """The exit code. Raises: TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while not self._code.exists():
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self._arguments, timeout)
            time.sleep(0.005)
        return int(self._code.read_text())


def fork(arguments: list[str], environment: dict[str, str], said: Path) -> int:
    """Forks a process that waits for the run, and that forks the run itself; returns its number."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        run = os.fork()
        if run == 0:
            command(arguments, environment, said)
        os.write(writing, str(run).encode())
        os.close(writing)
        code = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
        aside = said.with_suffix(".new")
        aside.write_text(str(code))
        aside.rename(said.with_suffix(".code"))
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        return int(pipe.read())


def command(arguments: list[str], environment: dict[str, str], said: Path) -> None:
    """What a new Python does with `-m autograder`, after its imports."""
    from autograder.cli import app

    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for descriptor, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(descriptor, target)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)
    # The template may look for modules where this process would.
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(":") if path]
    tempfile.tempdir = None  # perhaps taken from the environment before
    sys.exit(app(arguments))


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    for name in IMPORTS:
        importlib.import_module(name)
    for line in sys.stdin:
        arguments, environment, said = json.loads(line)
        print(fork(arguments, environment, Path(said)), flush=True)


if __name__ == "__main__":
    main()
