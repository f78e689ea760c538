"""What a process and all that it started use, read from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

_PAGE = os.sysconf("SC_PAGESIZE")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """tasks: processes and threads. memory: resident bytes, pages shared counted for each.
    cpu: processor seconds, those of ended children included."""

    tasks: int
    memory: int
    cpu: float


def descendants(pid: int) -> list[int]:
    """All living processes that descend from `pid`, itself not among them."""
    found, unread = [], [pid]
    while unread:
        parent = unread.pop()
        try:
            threads = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue  # it has ended
        for thread in threads:
            try:
                children = _read(f"/proc/{parent}/task/{thread}/children").split()
            except OSError:
                continue
            found += map(int, children)
            unread += map(int, children)
    return found


def usage(pids: list[int]) -> Usage:
    """The sum over processes; those that have ended count nothing."""
    tasks = pages = ticks = 0
    for pid in pids:
        try:
            stat = _read(f"/proc/{pid}/stat")
        except OSError:
            continue
        # After the name, which may hold anything: state is field 3 of proc(5).
        fields = stat[stat.rindex(b")") + 2 :].split()
        ticks += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
        tasks += int(fields[17])
        pages += int(fields[21])
    return Usage(tasks, pages * _PAGE, ticks / _TICK)


def own_memory(pids: list[int]) -> int:
    """Resident bytes, each shared page counted by its share. Slow: milliseconds for each GiB."""
    total = 0
    for pid in pids:
        try:
            lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
        except PermissionError:  # it hides from this user: all that it shares counts
            total += usage([pid]).memory
            continue
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:")) * 1024
    return total


def unlinked(pids: list[int], devices: set[int]) -> list[int]:
    """Bytes of each open file of these devices that no folder names any longer.

    Raises: PermissionError when a process hides its files from this user.
    """
    found = {}
    for pid in pids:
        try:
            descriptors = list(os.scandir(f"/proc/{pid}/fd"))
        except PermissionError:
            if usage([pid]).memory:
                raise
            continue  # it has ended and waits to be looked at: such a one is nobody's
        except OSError:
            continue
        for descriptor in descriptors:
            with contextlib.suppress(OSError):  # closed meanwhile
                info = os.stat(descriptor)
                if info.st_nlink == 0 and info.st_dev in devices:
                    found[info.st_dev, info.st_ino] = info.st_blocks * 512
    return list(found.values())


def tasks_of_user(uid: int) -> int:
    """How many processes and threads a user has now."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    total += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return total


def _read(path: str) -> bytes:
    """A file of /proc. A watch reads some dozens of them ten times a second for each kernel: text
    and buffers, or a `Path`, take three times as long."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
