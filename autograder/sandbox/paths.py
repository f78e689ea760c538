"""What a confined kernel must be able to read: the system's libraries, Python, this package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import autograder

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
ETC = tuple(
    f"/etc/{name}"
    for name in ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
                 "localtime", "locale.alias", "mime.types", "nsswitch.conf", "os-release",
                 "terminfo", "timezone")
)  # fmt: skip
MACHINE = ("/sys/devices/system/cpu", "/sys/devices/system/node")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Of /proc, where there is no pid namespace with a /proc of its own. Not all of /proc/self: its net
# names every socket, and a socket whose name is known can be connected to.
_SELF = ("auxv", "cgroup", "cmdline", "comm", "environ", "exe", "fd", "limits", "maps", "mounts",
         "stat", "statm", "status")  # fmt: skip
_MACHINE = ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys/kernel", "sys/vm",
            "uptime", "version")  # fmt: skip
PROC = (*(f"/proc/self/{name}" for name in _SELF), *(f"/proc/{name}" for name in _MACHINE))


def interpreter() -> list[str]:
    """Folders of Python, its packages and this package: as named, and as they really are."""
    package = Path(autograder.__file__).parent
    named = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    for entry in filter(os.path.exists, sys.path):
        # A course in the making may stand on the path; of it, only the package is needed.
        if Path(entry).resolve() not in (package.parent, Path.cwd()):
            named.append(entry)
    named.append(str(package))
    return list(dict.fromkeys(f(p) for p in named for f in (os.path.abspath, os.path.realpath)))


def readable() -> list[str]:
    """All folders whose whole content a confined kernel can read."""
    folders = [*SYSTEM, *ETC, *MACHINE]
    return [*folders, *map(os.path.realpath, folders), *interpreter()]


def covered(path: str, folders: list[str]) -> bool:
    """Whether a path is one of the folders or lies in one."""
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def without_nested(paths: list[str]) -> list[str]:
    """The paths that do not lie in another of them, sorted."""
    kept: list[str] = []
    for path in sorted(paths):
        if not covered(path, kept):
            kept.append(path)
    return kept
