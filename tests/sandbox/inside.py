"""A function run in the sandbox, in a small process of its own, and what became of it."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox import landlock, paths
from autograder.sandbox.confine import Layers, Sandbox, confined
from autograder.sandbox.leftovers import own_folder
from autograder.sandbox.limits import Limits

PATIENCE = 60  # seconds until something that must happen counts as never happening
LIBC = ctypes.CDLL(None, use_errno=True)

try:
    LANDLOCK = landlock.version()
except OSError:
    LANDLOCK = 0
# As root, without a mount name space, student code has the rights of a user of its own.
OPEN = os.geteuid() != 0 or all(
    os.stat(folder).st_mode & 1
    for path in paths.interpreter() for folder in Path(path).resolve().parents
)  # fmt: skip
needs_an_open_interpreter = pytest.mark.skipif(
    not OPEN, reason="only root can reach the interpreter"
)
needs_landlock = pytest.mark.skipif(not LANDLOCK, reason="no Landlock here")

# What promises the same: name spaces, or what there is where they are refused.
APART = Layers(namespaces=True)
IN_A_CONTAINER = Layers(landlock=LANDLOCK, seccomp=True)
everywhere = pytest.mark.parametrize(
    "layers",
    [
        pytest.param(APART, id="namespaces"),
        pytest.param(
            IN_A_CONTAINER, id="landlock-seccomp", marks=[needs_an_open_interpreter, needs_landlock]
        ),
    ],
)


@dataclass(frozen=True)
class Box:
    """A submission's folders, and beside them what is none of its business.

    foreign: a folder that permissions do not protect, with a file `secret` and a listening
    socket `socket`.
    """

    place: Path
    sockets: Path
    foreign: Path

    def sandbox(self, layers: Layers, limits: Limits, groups: tuple[Path, ...] = ()) -> Sandbox:
        return Sandbox(self.place, self.sockets, self.place / "data", limits, layers, groups)


@contextmanager
def boxed() -> Iterator[Box]:
    """A box, in the folder for temporary files: pytest's own lets only its user in."""
    with own_folder("ag-") as place, own_folder("ag-") as foreign, own_folder("k-") as sockets:
        for name in ("work", "home"):
            (place / name).mkdir()
        (foreign / "secret").write_text("secret")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(foreign / "socket"))
            listening.listen()
            for path in (foreign, *foreign.iterdir()):
                path.chmod(0o777)
            yield Box(place, sockets, foreign)


class Inside:
    """A function at work in the sandbox, from `started`."""

    def __init__(self, monitor: int, said: int, sandbox: Sandbox) -> None:
        self.monitor = monitor
        self.sandbox = sandbox
        self._said = said
        self._heard = b""

    def hears(self, what: bytes) -> None:
        """Waits until it has written something to its standard output."""
        while what not in self._heard:
            assert self._hear(), f"it ended and said {self._heard!r}, {self.sandbox.refusal()}"

    def _hear(self) -> bool:
        ready, _, _ = select.select([self._said], [], [], PATIENCE)
        assert ready, f"it neither says anything nor ends; it said {self._heard!r}"
        more = os.read(self._said, 65536)
        self._heard += more
        return bool(more)

    def end(self) -> tuple[bytes, int]:
        """What it wrote and how its monitor ended, once nothing of it is left.

        All that it started has the same standard output, so that it ends with the last of them.
        """
        while self._hear():
            pass
        os.close(self._said)
        _, status = os.waitpid(self.monitor, 0)
        return self._heard, os.waitstatus_to_exitcode(status)


def started(sandbox: Sandbox, run: Callable[[], object]) -> Inside:
    """Starts a function in the sandbox; its standard output is heard."""
    said, saying = os.pipe()
    monitor = os.fork()
    if monitor:
        os.close(saying)
        return Inside(monitor, said, sandbox)
    try:
        os.setsid()
        os.dup2(saying, 1)
        os.close(saying)
        os.close(said)
        confined(sandbox, run)
    finally:
        os._exit(99)


def inside(box: Box, layers: Layers, run: Callable[[], Any], limits: Limits | None = None) -> Any:
    """What a function returns in the sandbox, by way of JSON. Raises: OSError, refused."""
    sandbox = box.sandbox(layers, limits or Limits())
    said, code = started(sandbox, lambda: os.write(1, json.dumps(run()).encode())).end()
    if reason := sandbox.refusal():
        raise OSError(reason)
    assert code == 0, f"it ended with {code} and said {said!r}"
    return json.loads(said)


def outcome(run: Callable[[], object]) -> str:
    """The name of the system's error that a function ends in, or "done"."""
    try:
        run()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    return "done"


def outcomes(**attempts: Callable[[], object]) -> Callable[[], dict[str, str]]:
    """Attempts to be made one after the other."""
    return lambda: {name: outcome(run) for name, run in attempts.items()}


def system_call(number: int, *args: int) -> int:
    """Makes a system call with whole registers. Raises: OSError."""
    result = LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, args))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def comes_true(holds: Callable[[], bool]) -> bool:
    """Waits for what must happen."""
    deadline = time.monotonic() + PATIENCE
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held
