"""Puts a process into the sandbox, and watches over it from outside.

    template ─fork→ monitor ─fork→ confined process, which runs student code

The monitor is ours: it ends the confined process, and all that it started, when it is told to
(SIGTERM) or when its own parent ends, and ends as the confined process ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from autograder.sandbox import (
    cgroup,
    connect,
    landlock,
    libc,
    newroot,
    paths,
    processes,
    seccomp,
)
from autograder.sandbox.libc import prctl
from autograder.sandbox.limits import Limits, set_limits

# Where root grades, student code runs as one of these users: systemd keeps them for services
# that need a user for a while.
FIRST_UID, UIDS = 61184, 4336
EXAMINER = "x"  # the examiner's socket in the submission's private folder
REFUSED = "refused"  # the file, among the sockets, that tells why a sandbox could not be entered
_CAPABILITIES_V3 = 0x20080522


@dataclass(frozen=True)
class Layers:
    """What the running system can confine a process with. landlock: its version, or 0.

    namespaces: a user (or, under root, a user id), a file system, processes, a network and IPC of
    its own.
    """

    namespaces: bool = False
    landlock: int = 0
    seccomp: bool = False
    cgroup: bool = False


@dataclass(frozen=True)
class Sandbox:
    """One kernel's sandbox.

    place: the submission's private folder; its folders `work` and `home` can be written to.
    sockets: the folder of the kernel's own sockets. data: the course's data, read-only.
    groups: folders of its control groups.
    """

    place: Path
    sockets: Path
    data: Path
    limits: Limits
    layers: Layers
    groups: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        paths = {name: str(getattr(self, name)) for name in ("place", "sockets", "data")}
        return {
            **paths,
            "limits": asdict(self.limits),
            "layers": asdict(self.layers),
            "groups": [str(path) for path in self.groups],
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Sandbox:
        """What `as_dict` made."""
        paths = {name: Path(told[name]) for name in ("place", "sockets", "data")}
        return cls(
            **paths,
            limits=Limits(**told["limits"]),
            layers=Layers(**told["layers"]),
            groups=tuple(map(Path, told["groups"])),
        )

    def refusal(self) -> str:
        """Why the sandbox could not be entered, in one line, or nothing."""
        path = self.sockets / REFUSED
        text = path.read_text().strip() if path.is_file() else ""
        return text.splitlines()[-1] if text else ""

    @property
    def writable(self) -> list[Path]:
        return [self.place / "work", self.place / "home"]


def confined(sandbox: Sandbox, run: Callable[[], None]) -> None:
    """Calls `run` in a confined child of the calling process, which becomes its monitor.

    Does not return. Where the sandbox cannot be entered, `run` is not called; the reason, or what
    `run` raised, stands in the file `REFUSED` among the sockets.
    """
    told = {signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)
    parent = os.getppid()
    prctl(libc.PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        (sandbox.sockets / REFUSED).touch()  # inside, no file could be made there
        cgroup.join(list(sandbox.groups))
        uid, gid = _prepare(sandbox)
        if not sandbox.layers.namespaces:
            prctl(libc.PR_SET_CHILD_SUBREAPER, 1)
        reading, writing = os.pipe()
        # A name space for processes lets its maker start no threads, and needs none here.
        alone = sandbox.layers.seccomp and not sandbox.layers.namespaces
        asking, asked = socket.socketpair() if alone else (None, None)
        child = os.fork()
    except BaseException:
        _refuse(sandbox)
        os._exit(1)
    if child:
        os.close(reading)  # the writing end stays open for as long as the monitor is there
        if asking and asked:
            asking.close()
            connect.answer(asked, str(sandbox.place / EXAMINER))
        _monitor(child, parent)
    try:
        os.close(writing)
        if asked:
            asked.close()
        _enter(sandbox, uid, gid, reading, asking)
    except BaseException:
        _refuse(sandbox)
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, told)
    try:
        run()
    except BaseException:
        _refuse(sandbox)
        os._exit(1)
    os._exit(0)


def _refuse(sandbox: Sandbox) -> None:
    """Leaves word for the grader. The new file system shows the same folder at the same place."""
    with contextlib.suppress(OSError):
        (sandbox.sockets / REFUSED).write_text(traceback.format_exc())


# In the monitor. ---------------------------------------------------------------------------------


def _prepare(sandbox: Sandbox) -> tuple[int, int]:
    """Makes the name spaces; returns the user and group that student code is to have."""
    uid, gid = os.geteuid(), os.getegid()
    root = uid == 0
    if root:
        owner = sandbox.place.stat().st_uid
        anew = owner in range(FIRST_UID, FIRST_UID + UIDS)
        uid = gid = owner if anew else FIRST_UID + os.getpid() % UIDS
        # What an earlier kernel of the same submission wrote is its user's already, and may be
        # anything: it is not walked through.
        ours = [sandbox.sockets] if anew else [*sandbox.writable, sandbox.sockets]
        for folder in ours:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, gid, follow_symlinks=False)
        os.chown(sandbox.place, uid, gid)
    if sandbox.layers.namespaces:
        (sandbox.place / newroot.ROOT).mkdir(exist_ok=True)
        spaces = (libc.CLONE_NEWNS | libc.CLONE_NEWPID | libc.CLONE_NEWNET | libc.CLONE_NEWIPC
                  | libc.CLONE_NEWUTS)  # fmt: skip
        libc.call("unshare", spaces | (0 if root else libc.CLONE_NEWUSER))
        if not root:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    return uid, gid


def _monitor(child: int, parent: int) -> None:
    """Waits for the child to end, ends whatever it left behind, and ends in the same way."""

    def stop(*_: object) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if os.getppid() != parent:  # its parent ended before it asked to be told
        stop()
    pid = status = 0
    while pid != child:
        pid, status = os.waitpid(-1, 0)
    with contextlib.suppress(ChildProcessError):
        while True:
            # In a pid namespace nothing is left; elsewhere orphans have become our children, and
            # those that were made meanwhile become it when those that made them end.
            _kill_all()
            os.waitpid(-1, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _kill_all() -> None:
    for pid in processes.descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# In the child. -----------------------------------------------------------------------------------


def _enter(
    sandbox: Sandbox, uid: int, gid: int, monitor: int, asking: socket.socket | None
) -> None:
    """Every layer in turn. monitor: a pipe that ends when the monitor does. asking: where it is
    asked for connections to the examiner, if it is."""
    layers, limits = sandbox.layers, sandbox.limits
    if layers.namespaces:
        libc.call("sethostname", b"sandbox", ctypes.c_size_t(7))
        newroot.enter(sandbox.place, sandbox.sockets, sandbox.data, sandbox.writable,
                      limits.disk, uid, gid)  # fmt: skip
    # Inside a user namespace, or as a user of its own, no other process counts with its own.
    alone = layers.namespaces or os.geteuid() == 0
    _drop_privileges(uid, gid)
    prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.set_blocking(monitor, False)
    with contextlib.suppress(BlockingIOError):
        os.read(monitor, 1)
        raise ChildProcessError("the monitor ended first")
    _forget(asking)
    set_limits(limits, 0 if alone else processes.tasks_of_user(uid))
    if layers.landlock:
        landlock.restrict(_rules(sandbox), layers.landlock)
    if layers.seccomp:
        seccomp.refuse_calls(layers.namespaces, layers.landlock)


def _drop_privileges(uid: int, gid: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    libc.call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    # A change of user makes /proc/self root's; programs look at their own descriptors there.
    prctl(libc.PR_SET_DUMPABLE, 1)


def _forget(asking: socket.socket | None) -> None:
    """Closes every descriptor of the template's, and makes multiprocessing start anew.

    asking: the one that is kept.
    """
    if asking is not None:
        connect.ask(asking)
    os.closerange(3 if asking is None else connect.DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
    forkserver._forkserver.__init__()
    resource_tracker._resource_tracker.__init__()


def _rules(sandbox: Sandbox) -> list[tuple[str, int]]:
    """What may be opened, for Landlock."""
    shared = (*paths.SYSTEM, *paths.ETC, *paths.MACHINE, *paths.interpreter(), str(sandbox.data))
    rules = [(path, landlock.READ) for path in shared]
    rules += [(path, landlock.DEVICE) for path in paths.DEVICES]
    rules += [(str(path), landlock.WORK) for path in sandbox.writable]
    rules += [(str(sandbox.place), landlock.READ), (str(sandbox.sockets), landlock.SOCKETS)]
    if sandbox.layers.namespaces:
        rules += [(path, landlock.WORK) for path in ("/tmp", newroot.SHARED_MEMORY)]
        rules += [(path, landlock.READ) for path in ("/proc", "/dev", "/etc")]
    else:
        rules += [(path, landlock.READ) for path in (*paths.PROC, "/etc/passwd", "/etc/group")]
    return rules
