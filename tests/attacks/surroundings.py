"""What lies around a grading run, to see whether anything in it got out, or stayed."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import selectors
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.kernel.template import TEMPLATE
from autograder.sandbox import processes
from autograder.sandbox.cgroup import PREFIX
from tests.attacks.hostile.notebooks import Outside

PATIENCE = 20  # seconds that a process may take to end, a group to be removed
PR_SET_CHILD_SUBREAPER = 36
CANARY = """
import signal
every = range(1, 65)
signal.pthread_sigmask(signal.SIG_BLOCK, every)
print("waits", flush=True)
while True:
    print("got", signal.sigwaitinfo(every).si_signo, flush=True)
"""


class Surroundings:
    """Secrets, listeners and a process that no submission may get at. Nothing of it is protected
    by permissions.

    secrets: what each is, by the secret itself. course, home, foreign, temporary: folders.
    heard: what came over any listener.
    """

    def __init__(self, root: Path) -> None:
        self.mark = f"hz{uuid.uuid4().hex[:8]}"
        self.secrets: dict[str, str] = {}
        self.heard: list[bytes] = []
        self.root = root
        self.course, self.home, self.foreign, self.temporary = (
            root / name for name in ("course", "home", "foreign", "tmp")
        )
        for folder in (root, self.course, self.home, self.foreign, self.temporary):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
        (self.home / ".ipython").mkdir()  # the grader makes it
        for path in (self.foreign / "secret", self.home / ".ssh" / "id_ed25519",
                     self.home / ".bash_history", self.home / ".netrc"):  # fmt: skip
            self.hide(path)
        self._known: set[int] = set()

    def secret(self, what: str) -> str:
        """A new secret."""
        made = f"secret-{uuid.uuid4().hex}"
        self.secrets[made] = what
        return made

    def hide(self, path: Path) -> None:
        """Puts a secret into a file of its own."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.secret(str(path.relative_to(self.root))) + "\n")
        path.chmod(0o666)

    def outside(self, student: str, lab: str) -> Outside:
        """What the submission of a student may know."""
        return Outside(
            me=student, mark=self.mark, lab=lab, course=str(self.course), home=str(self.home),
            temporary=str(self.temporary), foreign=str(self.foreign),
            site=site.getsitepackages()[0], canary=self._canary.pid, **self._addresses,
        )  # fmt: skip

    # The canary and the listeners. ---------------------------------------------------------------

    @contextlib.contextmanager
    def inhabited(self) -> Iterator[None]:
        """While grading goes on: the listeners listen, the canary waits, orphans come to us."""
        libc = ctypes.CDLL(None)
        with contextlib.ExitStack() as stack:
            libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            stack.callback(libc.prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
            self._listen(stack)
            said = stack.enter_context((self.root / "canary").open("w+"))
            self._canary = subprocess.Popen([sys.executable, "-c", CANARY], stdout=said)
            stack.callback(self._canary.wait)
            stack.callback(self._canary.kill)
            until(lambda: (self.root / "canary").read_text() != "")
            self._calm = self._canary_state()
            yield

    def _canary_state(self) -> list[str]:
        pid = self._canary.pid
        shown = [(self.root / "canary").read_text(), Path(f"/proc/{pid}/limits").read_text(),
                 Path(f"/proc/{pid}/oom_score_adj").read_text()]  # fmt: skip
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("State", "TracerPid", "Cpus_allowed", "SigPnd", "ShdPnd")):
                shown.append(line)
        return [*shown, str(os.getpriority(os.PRIO_PROCESS, pid)), str(os.sched_getscheduler(pid))]

    def canary_trouble(self) -> list[str]:
        """What the canary noticed, or what was done to it."""
        if self._canary.poll() is not None:
            return [f"the canary ended with {self._canary.returncode}"]
        now = self._canary_state()
        return [f"the canary: {a!r}" for a, b in zip(now, self._calm, strict=True) if a != b]

    def _listen(self, stack: contextlib.ExitStack) -> None:
        abstract = f"{self.mark}-abstract"
        paths = [self.foreign / "docker.sock", self.foreign / "log.sock"]
        kinds = [
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract),
            (socket.AF_UNIX, socket.SOCK_STREAM, str(paths[0])),
            (socket.AF_UNIX, socket.SOCK_DGRAM, str(paths[1])),
        ]
        chooser = stack.enter_context(selectors.DefaultSelector())
        made = []
        for family, kind, address in kinds:
            sock = stack.enter_context(socket.socket(family, kind))
            sock.bind(address)
            if kind == socket.SOCK_STREAM:
                sock.listen(50)
            chooser.register(sock, selectors.EVENT_READ, kind)
            made.append(sock)
        for path in paths:
            path.chmod(0o777)
            stack.callback(path.unlink)
        self._addresses = {
            "tcp": made[0].getsockname()[1], "udp": made[1].getsockname()[1],
            "abstract": abstract, "unix": str(paths[0]), "datagram": str(paths[1]),
        }  # fmt: skip
        over = threading.Event()
        thread = threading.Thread(target=self._hear, args=(chooser, over))
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)

    def _hear(self, chooser: selectors.BaseSelector, over: threading.Event) -> None:
        while not over.is_set():
            for key, _ in chooser.select(0.1):
                if key.data == socket.SOCK_DGRAM:
                    self.heard.append(key.fileobj.recv(1000))
                    continue
                sock, _ = key.fileobj.accept()
                with sock:
                    sock.settimeout(1)
                    with contextlib.suppress(OSError):
                        self.heard.append(b"a connection: " + sock.recv(1000))

    # What is there. ------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """Everything in the folders that no submission may change, and what it is like."""
        there = {}
        for top in (self.course, self.home, self.foreign):
            for path in [top, *top.rglob("*")]:
                if not any(part in path.parts for part in ("autograded", "__pycache__", ".cache")):
                    there[str(path)] = _like(path)
        return there

    def remember(self) -> None:
        """Takes the processes that are there now as belonging there."""
        self._known = set(processes.descendants(os.getpid()))

    def left_behind(self, seconds: float = PATIENCE) -> list[str]:
        """Processes, files, sockets and memory that a run left, after a while to go."""
        found: list[str] = []

        def nothing_left() -> bool:
            found[:] = [*self._processes(), *self._files_left(), *self._sockets(),
                        *self._memory(), *_groups()]  # fmt: skip
            return not found

        until(nothing_left, seconds)
        return found

    def _processes(self) -> list[str]:
        left = []
        for pid in processes.descendants(os.getpid()):
            if pid not in self._known:
                left.append(f"process {pid}: {_read(f'/proc/{pid}/cmdline')[:80]!r}")
                with contextlib.suppress(ChildProcessError):  # an orphan that ended
                    os.waitpid(pid, os.WNOHANG)
        mark = self.mark.encode()
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid() and any(
                mark in _read(f"/proc/{name}/{file}") for file in ("comm", "cmdline", "environ")
            ):  # fmt: skip
                left.append(
                    f"process {name} with our mark: {_read(f'/proc/{name}/cmdline')[:80]!r}"
                )
        return left

    def _files_left(self) -> list[str]:
        places = (self.temporary, Path("/tmp"), Path("/dev/shm"), Path("/dev/mqueue"))
        return [
            str(path) for place in places if place.is_dir() for path in place.iterdir()
            if place == self.temporary or self.mark in path.name
        ]  # fmt: skip

    def _sockets(self) -> list[str]:
        lines = Path("/proc/net/unix").read_text().splitlines()
        own = self._addresses["abstract"], str(self.foreign)
        ours = (self.mark, str(self.temporary))
        return [
            line for line in lines
            if any(word in line for word in ours) and not any(word in line for word in own)
        ]  # fmt: skip

    def _memory(self) -> list[str]:
        key = str(int(self.mark[2:], 16) & 0x7FFFFFFF)
        return [
            f"{kind}: {line}" for kind in ("shm", "sem", "msg")
            for line in _read(f"/proc/sysvipc/{kind}").decode().splitlines()
            if line.split()[0] == key
        ]  # fmt: skip


@contextlib.contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Surroundings with short paths, since sockets are made in them; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="hz-", dir="/tmp"))
    made = Surroundings(root)
    before = dict(os.environ), tempfile.tempdir
    os.environ.update(HOME=str(made.home), GRADER_TOKEN=made.secret("the grader's environment"))
    TEMPLATE.start()  # its own socket lies elsewhere
    os.environ["TMPDIR"] = tempfile.tempdir = str(made.temporary)
    try:
        with made.inhabited():
            yield made
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        tempfile.tempdir = before[1]
        shutil.rmtree(root)


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Waits for something to hold; tells whether it came to."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def _groups() -> list[str]:
    """Control groups that this process made for submissions."""
    return [
        os.path.join(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup")
        for name in names if name.startswith(f"{PREFIX}{os.getpid()}-")
    ]  # fmt: skip


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _like(path: Path) -> str:
    info = path.lstat()
    like = f"{info.st_mode:o} {info.st_uid}:{info.st_gid}"
    if path.is_symlink():
        return f"{like} to {os.readlink(path)}"
    if path.is_file():
        return f"{like} {info.st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return like


__all__ = ["Surroundings", "surroundings", "until"]
