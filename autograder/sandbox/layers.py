"""Which layers of the sandbox work on this system, found out by trying them.

Each trial is a process of its own that enters a sandbox and then tries to get out of it.
`python -m autograder.sandbox.layers TRIAL` is such a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.sandbox import cgroup, landlock, paths
from autograder.sandbox.confine import Layers, Sandbox, confined
from autograder.sandbox.limits import Limits

HINTS = {
    "namespaces": "user namespaces are often switched off by sysctl kernel.unprivileged_userns_"
    "clone=0, kernel.apparmor_restrict_unprivileged_userns=1 or user.max_user_namespaces=0; a "
    "container needs --security-opt seccomp=unconfined --security-opt systempaths=unconfined",
    "landlock": "needs Linux 5.13 or newer with landlock in /sys/kernel/security/lsm",
    "seccomp": "needs the system library libseccomp (Debian, Ubuntu: libseccomp2)",
    "cgroup": "needs a control group of this user's own, such as `systemd-run --user --scope` "
    "gives; without it a watchdog keeps memory within its limit",
}


@dataclass(frozen=True)
class Finding:
    """What a trial of one layer showed. why: the system's words where it does not work."""

    layer: str
    works: bool
    why: str = ""


@dataclass(frozen=True)
class System:
    """The layers that work here, what was found of each, and what student code could still do.

    open_ways: empty when the minimum is met: no network, no foreign files, no foreign processes.
    """

    layers: Layers
    findings: tuple[Finding, ...]
    open_ways: tuple[str, ...]

    @property
    def fit(self) -> bool:
        return not self.open_ways

    def describe(self) -> str:
        """The layers that work, in words."""
        names = [f.layer if f.layer != "landlock" else f"landlock {self.layers.landlock}"
                 for f in self.findings if f.works]  # fmt: skip
        return ", ".join([*names, "limits", "watchdog"])


def try_layers() -> System:
    """Tries the name spaces by themselves, each other layer inside them where they work, and then
    all that work together."""
    # The folders of all submissions are made there.
    temporary = os.path.realpath(tempfile.gettempdir())
    if inside := [folder for folder in paths.readable() if paths.covered(temporary, [folder])]:
        way = (
            f"read what other submissions write: temporary files go to {temporary}, in "
            f"{inside[0]}, which it must be able to read; set TMPDIR to a folder elsewhere"
        )
        return System(Layers(), (), (way,))
    layers, findings = Layers(), []
    for layer, value in (
        ("namespaces", lambda: True),
        ("landlock", landlock.version),
        ("seccomp", lambda: True),
        ("cgroup", lambda: cgroup.sweep() is None),
    ):
        try:
            wider = replace(layers, **{layer: value()})
            _trial(wider)
        except OSError as error:
            findings.append(Finding(layer, False, str(error)))
        else:
            findings.append(Finding(layer, True))
            layers = wider
    try:
        ways = _trial(layers)
    except OSError as error:
        ways = [f"not even be tried to be held ({error})"]
    return System(layers, tuple(findings), tuple(ways))


def _trial(layers: Layers) -> list[str]:
    """Lets a process try to get out of a sandbox of these layers; returns the ways it found.

    Raises: OSError when the sandbox cannot be entered.
    """
    with _surroundings() as surroundings, control_groups(layers, Limits()) as groups:
        place = Path(surroundings["place"])
        sockets, data = place / "sockets", place / "data"
        sandbox = Sandbox(place, sockets, data, Limits(), layers, groups)
        told = {"sandbox": sandbox.as_dict(), **surroundings}
        done = subprocess.run(
            [sys.executable, "-m", __name__, json.dumps(told)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        if reason := sandbox.refusal():
            raise OSError(reason)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise OSError(f"a trial process ended with {done.returncode}: {done.stderr}") from None


@contextlib.contextmanager
def control_groups(layers: Layers, limits: Limits) -> Iterator[tuple[Path, ...]]:
    """Control groups for one submission, where they can be had; gone afterwards."""
    folders = cgroup.create(limits) if layers.cgroup else []
    try:
        yield tuple(folders)
    finally:
        cgroup.remove(folders)


@contextlib.contextmanager
def _surroundings() -> Iterator[dict]:
    """A place for a trial, and around it what it must not get at."""
    with (
        tempfile.TemporaryDirectory(prefix="ag-") as place,
        tempfile.TemporaryDirectory(prefix="ag-") as foreign,
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        for name in ("work", "home", "sockets"):
            Path(place, name).mkdir()
        Path(foreign, "secret").write_text("secret")
        os.chmod(foreign, 0o777)  # its permissions do not protect it
        os.chmod(Path(foreign, "secret"), 0o666)
        for listening, name in ((named, f"{foreign}/socket"), (abstract, f"\0{foreign}")):
            listening.bind(name)
            listening.listen()
        os.chmod(named.getsockname(), 0o666)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0)
        yield {
            "place": place,
            "foreign": foreign,
            "tcp": listener.getsockname()[1],
            "udp": receiver.getsockname()[1],
            "pid": os.getpid(),
        }


def _attempt(told: dict) -> list[str]:
    """What student code should not be able to do, and can; in a process of its own."""
    found = []

    def attempt(what: str, action: object) -> None:
        try:
            action()
        except OSError:
            return
        found.append(what)

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"out", ("127.0.0.1", told["udp"]))

    def talk(address: str) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(address)

    def change_mode() -> None:
        os.chmod(foreign / "secret", 0o600)
        if stat.S_IMODE(os.stat(foreign / "secret").st_mode) != 0o600:
            raise PermissionError("it did nothing")

    foreign = Path(told["foreign"])
    attempt("read foreign files", (foreign / "secret").read_text)
    attempt("list foreign folders", lambda: os.listdir(foreign))
    attempt("write foreign files", lambda: (foreign / "secret").write_text("mine"))
    attempt("make foreign files", lambda: (foreign / "new").touch())
    attempt("empty foreign files", lambda: os.truncate(foreign / "secret", 0))
    attempt("change the mode of foreign files", change_mode)
    attempt(
        "use the network (TCP)",
        lambda: socket.create_connection(("127.0.0.1", told["tcp"]), 5).close(),
    )
    attempt("use the network (UDP)", send)
    attempt("talk to foreign processes", lambda: talk(f"{foreign}/socket"))
    attempt("talk to foreign processes (abstract sockets)", lambda: talk(f"\0{foreign}"))
    attempt("limit foreign processes", lambda: resource.prlimit(told["pid"], resource.RLIMIT_CORE))
    attempt("signal foreign processes", lambda: os.kill(told["pid"], signal.SIGCONT))
    attempt("look into foreign processes", Path(f"/proc/{told['pid']}/environ").read_bytes)
    # And what it must be able to do; an error here is a sandbox that nothing could be graded in.
    (Path(told["place"]) / "work" / "own").write_text("own")
    return found


def _main(told: dict) -> None:
    sandbox = Sandbox.from_dict(told["sandbox"])
    confined(sandbox, lambda: os.write(1, json.dumps(_attempt(told)).encode()))


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
