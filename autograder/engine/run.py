"""What a run holds while it lives, so that nothing of a killed one stays or is in the way.

Its locks belong to the process and end with it, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import re
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from multiprocessing import util
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.sandbox.leftovers import remove

PREFIX = "autograder-"
_MODE = 0o711
_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container; a machine of its own has none
UNKNOWN = "?" * 8  # what `mkdtemp` appends
MOST_PARENT = 50  # bytes of the path above: the sockets below may have 104 to 108 in all


@contextlib.contextmanager
def only_run(course: Course) -> Iterator[None]:
    """Keeps other runs out of a course: its gradebook and its tables have one writer.

    Raises: CourseError when another run is at work there.
    """
    handle = os.open(course.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _lock(handle):
            raise CourseError(
                f"another run is grading {course.root}: wait until it has ended, or end it."
            )
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def own_cores(workers: int) -> Iterator[list[int]]:
    """A core for each worker that no other run on this machine has; none where there are too few,
    or where the system shares them out by time among those who cannot see each other.

    The processes of a submission wait for each other most of the time. On one core that takes less
    than between two, and leaves what they need in its cache. A single worker has the grader, which
    it waits for as well, on its core.
    """
    with contextlib.ExitStack() as held:
        cores: list[int] = []
        for core in _cores() if _quota() is None else []:
            name = held.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):  # another run has it
                name.bind(f"\0autograder-core-{core}")  # not a file, and gone with the process
                cores.append(core)
            if len(cores) == workers:
                break
        else:
            cores.clear()
            held.close()
        if len(cores) == 1:
            held.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
            os.sched_setaffinity(0, cores)
        yield cores


def usable_cores() -> int:
    """How many cores this process has the use of: a container may have the time of a few only."""
    return math.ceil(_quota() or len(_cores()) or os.cpu_count() or 1)


def _quota() -> float | None:
    """How many cores' time this process's container has, where that is fewer than there are."""
    try:
        quota, period = _QUOTA.read_text().split()
    except OSError:  # there is no such file, or it is not to be seen
        return None
    if quota == "max" or int(quota) >= int(period) * len(_cores()):
        return None
    return int(quota) / int(period)


def _cores() -> list[int]:
    """The cores that this process may use, second threads of one core last."""
    if sys.platform != "linux":
        return []

    def second(core: int) -> bool:
        path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
        first = re.match(r"\d+", path.read_text()) if path.exists() else None  # "0,4" or "0-1"
        return first is not None and int(first[0]) != core

    return sorted(os.sched_getaffinity(0), key=lambda core: (second(core), core))


@cache
def own_temporary_directory() -> Path:
    """From now on, everything temporary of this process lies in one directory of its own.

    It goes when the process ends. A killed process cannot see to that: the next one does.

    Raises: CourseError when there is no place for one.
    """
    try:
        parent = Path(tempfile.gettempdir())
        if len(os.fsencode(parent)) > MOST_PARENT:
            raise CourseError(
                f"the folder for temporary files has too long a name, {parent}: set TMPDIR to a "
                f"folder whose path has at most {MOST_PARENT} characters, such as /tmp."
            )
        for path in parent.glob(PREFIX + UNKNOWN):
            _remove_if_dead(path)
        made = _locked_directory(parent)
    except OSError as error:
        raise CourseError(f"there is no place for temporary files: {error}") from None
    # After multiprocessing's own directory in it, which goes at -100.
    util.Finalize(None, remove, (made,), exitpriority=-200)
    os.environ["TMPDIR"] = str(made)
    tempfile.tempdir = None  # is read from the environment again
    return made


def _locked_directory(parent: Path) -> Path:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        # Where root grades, student code runs as another user, in a folder further down.
        path.chmod(_MODE)
        with contextlib.suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            # Between its making and its locking, another process may have taken it for dead.
            if _lock(handle) and path.is_dir():
                return path
            os.close(handle)


def _remove_if_dead(path: Path) -> None:
    """Removes another process's directory, unless that process lives."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # somebody else's, or gone
    try:
        info = os.fstat(handle)
        ours = info.st_uid == os.geteuid() and stat.S_IMODE(info.st_mode) == _MODE
        if ours and _lock(handle):
            remove(path)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Takes the lock of an open directory; False where another process has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
