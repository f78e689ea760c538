"""A file system of its own for one kernel, in a mount namespace that is already its own."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

from autograder.sandbox import libc, paths
from autograder.sandbox.libc import MS_BIND, MS_NODEV, MS_NOSUID, MS_REC, mount

_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV, _ATTR_NOEXEC = 1, 2, 4, 8
_PASSWD = "student:x:{uid}:{gid}:student:/:/bin/sh\n"
_GROUP = "student:x:{gid}:\n"
SHARED_MEMORY = "/dev/shm"
ROOT = "root"  # the folder of `place` that the new file system is built on


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def enter(
    place: Path, sockets: Path, data: Path, writable: list[Path], disk: int, uid: int, gid: int
) -> None:
    """Makes the new file system and moves the calling process, the first of its pid namespace,
    into it.

    place: read-only but for the `writable` folders in it, which become parts of one file system
    of `disk` bytes, like /tmp; what is in them is copied there. sockets: writable, and the only
    place where what is written is seen outside. data: read-only. uid, gid: the student's.

    Raises: OSError.
    """
    mount("none", "/", None, MS_REC | libc.MS_PRIVATE)
    root = place / ROOT
    mount("root", str(root), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=2048,mode=755")
    disk_at = root / "disk"
    disk_at.mkdir()
    mount("disk", str(disk_at), "tmpfs", MS_NOSUID | MS_NODEV,
          f"size={disk},nr_inodes={max(1024, disk // 16384)},mode=755")  # fmt: skip
    # /tmp comes first: the interpreter, the course and `place` may lie in it.
    for name in ("/tmp", SHARED_MEMORY):
        _share(disk_at, name, root, uid, gid)
    _system(root, [*paths.interpreter(), str(data)], uid, gid)
    _devices(root)
    _bind(place, root, writable=False, deep=False)
    for folder in writable:
        _share(disk_at, str(folder), root, uid, gid)
    libc.call("umount2", str(disk_at), libc.MNT_DETACH)  # what was bound from it stays
    disk_at.rmdir()
    _bind(sockets, root, writable=True)
    (root / "proc").mkdir()
    mount(
        "proc", str(root / "proc"), "proc", MS_NOSUID | MS_NODEV | libc.MS_NOEXEC | libc.MS_RDONLY
    )
    _attributes(root, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, deep=False)
    os.chdir(root)
    libc.call("pivot_root", ".", ".")
    libc.call("umount2", ".", libc.MNT_DETACH)
    os.chdir("/")


def _under(root: Path, path: Path | str) -> Path:
    return root / str(path).lstrip("/")


def _system(root: Path, more: list[str], uid: int, gid: int) -> None:
    """The system's and the interpreter's folders, read-only, links as links."""
    folders = [*paths.SYSTEM, *paths.ETC, *paths.MACHINE]
    links = [f for f in folders if os.path.islink(f)]
    real = [f for f in [*folders, *more] if not os.path.islink(f) and os.path.exists(f)]
    for path in paths.without_nested(real):
        _bind(Path(path), root, writable=False)
    for path in links:
        target = _under(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.readlink(path))
        _follow(root, path)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "passwd").write_text(_PASSWD.format(uid=uid, gid=gid))
    (root / "etc" / "group").write_text(_GROUP.format(gid=gid))


def _follow(root: Path, link: str) -> None:
    """Makes sure that a link's target is there, too."""
    target = os.path.realpath(link)
    if os.path.exists(target) and not _under(root, target).exists():
        _bind(Path(target), root, writable=False)


def _devices(root: Path) -> None:
    for path in paths.DEVICES:
        target = _under(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        mount(path, str(target), None, MS_BIND)
        _attributes(target, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NOEXEC, deep=False)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    (root / "dev" / "fd").symlink_to("/proc/self/fd")


def _share(disk: Path, path: str, root: Path, uid: int, gid: int) -> None:
    """Puts a folder of the one writable file system at `path`; copies what a folder of ours
    held."""
    source = disk / path.replace("/", "-")
    if path in ("/tmp", SHARED_MEMORY):
        source.mkdir(mode=0o700)
    else:
        shutil.copytree(path, source, symlinks=True)
    for each in (source, *source.rglob("*")):
        os.chown(each, uid, gid, follow_symlinks=False)
    target = _under(root, path)
    target.mkdir(parents=True, exist_ok=True)
    mount(str(source), str(target), None, MS_BIND)


def _bind(path: Path, root: Path, writable: bool, deep: bool = True) -> None:
    """Makes a path of the old file system appear at the same place in the new one."""
    target = _under(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount(str(path), str(target), None, MS_BIND | (MS_REC if deep else 0))
    attributes = _ATTR_NOSUID | _ATTR_NODEV | (0 if writable else _ATTR_RDONLY)
    _attributes(target, attributes, deep)


def _attributes(path: Path, attributes: int, deep: bool) -> None:
    wanted = _MountAttributes(set=attributes)
    libc.syscall(f"mount_setattr of {path}", libc.MOUNT_SETATTR, libc.AT_FDCWD, str(path),
                 libc.AT_RECURSIVE if deep else 0, ctypes.byref(wanted),
                 ctypes.c_size_t(ctypes.sizeof(wanted)))  # fmt: skip
