"""System calls that Python 3.11 has no function for."""

from __future__ import annotations

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_NEWCGROUP = 0x02000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38

# Numbers of calls that came after the architectures agreed on numbers.
MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
AT_FDCWD, AT_RECURSIVE = -100, 0x8000


def call(name: str, *args: object) -> int:
    """Calls a function of the C library. Raises: OSError, naming the call."""
    return _checked(name, getattr(_LIBC, name)(*map(_argument, args)))


def syscall(name: str, number: int, *args: object) -> int:
    """Makes a system call by its number. Raises: OSError, with `name` in it."""
    return _checked(name, _LIBC.syscall(ctypes.c_long(number), *map(_argument, args)))


def prctl(option: int, value: int) -> None:
    """Sets one attribute of the calling process or thread. Raises: OSError."""
    call("prctl", option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Raises: OSError, with the target in it."""
    try:
        call("mount", source, target, kind, ctypes.c_ulong(flags), data)
    except OSError as error:
        raise OSError(error.errno, f"mount on {target}: {os.strerror(error.errno)}") from None


def _argument(value: object) -> object:
    return os.fsencode(value) if isinstance(value, str | os.PathLike) else value


def _checked(name: str, result: int) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result
