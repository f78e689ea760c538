"""Landlock: the files that this process and its children may open, enforced by the kernel.

Structures and numbers are those of linux/landlock.h. https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

from autograder.sandbox import libc

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << n for n in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = (1 << n for n in range(6, 12))
MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << n for n in range(12, 16))

READ = EXECUTE | READ_FILE | READ_DIR
DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEV
SOCKETS = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_SOCK | REMOVE_FILE
WORK = (READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK
        | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE)  # fmt: skip
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_TCP = 0b11  # bind and connect
_SCOPES = 0b11  # abstract sockets and signals
_TRUNCATION_SINCE, _SIGNALS_SINCE = 3, 6
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("fs", "net", "scoped")]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Landlock's version in the running kernel. Raises: OSError where there is none."""
    return libc.syscall(
        "landlock", libc.LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION
    )


def keeps_signals_in(version: int) -> bool:
    """Whether Landlock of this version keeps signals from processes outside."""
    return version >= _SIGNALS_SINCE


def covers_truncation(version: int) -> bool:
    """Whether Landlock of this version keeps files from being emptied without being written to."""
    return version >= _TRUNCATION_SINCE


def restrict(rules: Iterable[tuple[str, int]], abi: int) -> None:
    """Allows the given rights beneath the given paths and nothing else; TCP not at all.

    Paths that are not there are left out. abi: Landlock's version, at most the kernel's; an older
    one restricts less. Raises: OSError.
    """
    handled = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    ruleset = _Ruleset(handled, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 * (1 + (abi >= 4) + (abi >= 6))
    handle = libc.syscall("landlock_create_ruleset", libc.LANDLOCK_CREATE_RULESET,
                          ctypes.byref(ruleset), ctypes.c_size_t(size), 0)  # fmt: skip
    try:
        for path, rights in rules:
            try:
                parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                rights &= handled if os.path.isdir(path) else handled & _OF_FILES
                rule = _PathBeneath(rights, parent)
                libc.syscall("landlock_add_rule", libc.LANDLOCK_ADD_RULE, handle,
                             _RULE_PATH_BENEATH, ctypes.byref(rule), 0)  # fmt: skip
            finally:
                os.close(parent)
        libc.syscall("landlock_restrict_self", libc.LANDLOCK_RESTRICT_SELF, handle, 0)
    finally:
        os.close(handle)
