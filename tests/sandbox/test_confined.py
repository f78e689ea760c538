"""What each layer of the sandbox does by itself, and what the others do where one is missing."""

from __future__ import annotations

import fcntl
import functools
import os
import resource
import signal
import socket
from pathlib import Path

import pyseccomp
import pytest

from autograder.sandbox import connect, paths, seccomp
from autograder.sandbox.confine import EXAMINER, FIRST_UID, UIDS, Layers
from autograder.sandbox.limits import Limits
from tests.sandbox.inside import (
    APART,
    IN_A_CONTAINER,
    LANDLOCK,
    LIBC,
    Box,
    everywhere,
    inside,
    needs_an_open_interpreter,
    needs_landlock,
    outcome,
    outcomes,
    started,
    system_call,
)

NOTHING = Layers()
SECCOMP = Layers(seccomp=True)
IPC_CREAT, IPC_RMID = 0o1000, 0
KEY = 0x41470000 | os.getpid() & 0xFFFF
VERSIONS = range(1, LANDLOCK + 1)


# Name spaces -------------------------------------------------------------------------------------


def test_name_spaces_show_nothing_of_the_files_outside(box: Box) -> None:
    data = box.place / "data"
    data.mkdir()
    (data / "given").write_text("given")
    package = Path(seccomp.__file__)

    def look() -> dict:
        return {
            "foreign": outcome(lambda: os.stat(box.foreign)),
            "places": [name for name in os.listdir("/") if name in ("home", "root", "run", "var")],
            "temporary": os.listdir("/tmp"),
            "given": (data / "given").read_text(),
            "package": package.read_text() != "",
            "users": Path("/etc/passwd").read_text().count("\n"),
        }

    seen = inside(box, APART, look)
    assert seen["foreign"] == "ENOENT"
    # Only what the interpreter, the package and the submission lie in, and nothing else in it.
    ours = [str(box.place), str(box.sockets), str(package), *paths.interpreter()]
    assert {f"/tmp/{name}" for name in seen["temporary"]} == {
        "/".join(path.split("/")[:3]) for path in ours if path[:5] == "/tmp/"
    }
    assert set(seen["places"]) <= {path.split("/")[1] for path in ours}
    assert (seen["given"], seen["package"], seen["users"]) == ("given", True, 1)


def test_what_is_written_in_name_spaces_is_not_seen_outside(box: Box) -> None:
    def write() -> dict[str, str]:
        mine = ("/tmp/mine", "/dev/shm/mine", box.place / "work/mine", box.place / "home/mine")
        for path in mine:
            Path(path).write_text("mine")
        foreign = (box.place / "mine", "/mine", "/usr/mine", seccomp.__file__, "/etc/passwd",
                   "/proc/sys/kernel/hostname", "/proc/self/oom_score_adj")  # fmt: skip
        return {str(path): outcome(lambda p=path: Path(p).write_text("1")) for path in foreign}

    assert set(inside(box, APART, write).values()) == {"EROFS"}
    assert sorted(path.name for path in box.place.rglob("*")) == ["home", "root", "work"]
    assert not os.path.exists("/tmp/mine") and not os.path.exists("/dev/shm/mine")


def test_the_file_system_of_name_spaces_has_an_end(box: Box) -> None:
    limits = Limits(disk=2**20)

    def fill() -> list[str]:
        filled = outcome(lambda: Path("/tmp/large").write_bytes(bytes(2 * limits.disk)))
        os.unlink("/tmp/large")
        many = outcome(lambda: [os.mkdir(f"/dev/shm/{n}") for n in range(5000)])
        return [filled, many]

    assert inside(box, APART, fill, limits) == ["ENOSPC", "ENOSPC"]


def test_name_spaces_have_no_other_processes_no_network_and_a_name_of_their_own(box: Box) -> None:
    outside = os.getpid()

    def look() -> dict:
        return {
            "pid": os.getpid(),
            "processes": [name for name in os.listdir("/proc") if name.isdigit()],
            "parent": os.getppid(),
            "signal": outcome(lambda: os.kill(outside, 0)) if outside > 1 else "ESRCH",
            "name": socket.gethostname(),
        }

    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        seen = inside(box, APART, look)
        assert inside(box, APART, lambda: outcome(lambda: _connect(address))) == "ENETUNREACH"
    assert seen == {
        "pid": 1, "processes": ["1"], "parent": 0, "signal": "ESRCH",
        "name": "sandbox",
    }  # fmt: skip
    assert socket.gethostname() != "sandbox"


def _connect(address: tuple[str, int]) -> None:
    socket.create_connection(address, 5).close()


def test_shared_memory_of_name_spaces_is_their_own_and_goes_with_them(box: Box) -> None:
    there = LIBC.shmget(KEY, 4096, IPC_CREAT | 0o666)
    assert there >= 0
    try:
        made = inside(
            box, APART, lambda: [LIBC.shmget(KEY, 0, 0), LIBC.shmget(KEY + 1, 4096, IPC_CREAT)]
        )
    finally:
        LIBC.shmctl(there, IPC_RMID, None)
    assert made[0] == -1 and made[1] >= 0
    assert LIBC.shmget(KEY + 1, 0, 0) == -1


# Landlock ----------------------------------------------------------------------------------------


def reach_out(box: Box) -> dict[str, str]:
    """What each attempt at foreign files comes to."""
    secret, work = box.foreign / "secret", box.place / "work"
    os.symlink(secret, work / "link")
    mine = work / "mine"
    mine.write_text("mine")
    return outcomes(
        read=secret.read_text,
        read_through_a_link=(work / "link").read_text,
        list=lambda: os.listdir(box.foreign),
        write=lambda: secret.write_text("mine"),
        append=lambda: os.close(os.open(secret, os.O_WRONLY | os.O_APPEND)),
        make=lambda: os.close(os.open(box.foreign / "new", os.O_CREAT | os.O_WRONLY)),
        make_a_folder=lambda: os.mkdir(box.foreign / "new"),
        make_a_link=lambda: os.symlink("/", box.foreign / "new"),
        remove=lambda: os.unlink(secret),
        rename=lambda: os.rename(secret, box.foreign / "new"),
        take=lambda: os.rename(secret, work / "taken"),
        give=lambda: os.rename(mine, box.foreign / "given"),
        link=lambda: os.link(secret, work / "linked"),
        other_folder=lambda: os.listdir(box.place.parent),
        own_folder=lambda: (box.place / "new").mkdir(),
        parent=lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
        device=lambda: os.mknod(work / "device", 0o600 | 0o020000, os.makedev(1, 3)),
    )()


@needs_an_open_interpreter
@pytest.mark.parametrize("version", VERSIONS)
def test_landlock_alone_keeps_all_files_outside_as_they_are(box: Box, version: int) -> None:
    tried = inside(box, Layers(landlock=version), lambda: reach_out(box))
    assert {name: said for name, said in tried.items()
            if said not in ("EACCES", "EPERM", "EXDEV")} == {}  # fmt: skip
    assert (box.foreign / "secret").read_text() == "secret"
    assert sorted(os.listdir(box.foreign)) == ["secret", "socket"]


@needs_an_open_interpreter
@needs_landlock
def test_landlock_lets_a_submission_use_its_own_folders(box: Box) -> None:
    work, home = box.place / "work", box.place / "home"

    def use() -> str:
        os.makedirs(work / "a" / "b")
        (work / "a" / "b" / "file").write_text("mine")
        os.rename(work / "a" / "b" / "file", work / "file")
        os.rmdir(work / "a" / "b")
        os.mkfifo(home / "pipe")
        os.symlink("file", work / "link")
        return (work / "link").read_text() + str(len(os.listdir(box.place)))

    assert inside(box, Layers(landlock=LANDLOCK), use) == "mine2"


@needs_an_open_interpreter
@pytest.mark.parametrize(
    ("since", "what"), [(3, "empty"), (4, "network"), (6, "abstract socket"), (6, "signal")]
)
def test_later_versions_of_landlock_hold_more(box: Box, since: int, what: str) -> None:
    if since > LANDLOCK:
        pytest.skip(f"this is Landlock {LANDLOCK}")
    outside = os.getpid()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as talking,
    ):
        abstract.bind(f"\0{box.foreign}")
        abstract.listen()
        address = server.getsockname()
        # As root, the user of its own is what keeps signals in and files whole.
        held = {
            "empty": lambda: os.truncate(box.foreign / "secret", 0),
            "network": lambda: _connect(address),
            "abstract socket": lambda: socket.socket(socket.AF_UNIX).connect(f"\0{box.foreign}"),
            "signal": lambda: os.kill(outside, 0),
        }[what]
        said = [
            inside(box, Layers(landlock=version), lambda: outcome(held))
            for version in (since - 1, LANDLOCK)
        ]
        talking.close()
    assert said[1] in ("EACCES", "EPERM")
    if what != "signal" or os.geteuid() != 0:
        assert said[0] == "done"


# seccomp -----------------------------------------------------------------------------------------


def each_call(names: tuple[str, ...]) -> dict[str, str]:
    """What each system call comes to with arguments that are all nought."""
    said = {}
    for name in names:
        number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
        number = seccomp.NUMBERS.get(name, number)
        if number >= 0:
            said[name] = outcome(lambda n=number: system_call(n, 0, 0, 0, 0, 0, 0))
    return said


@needs_an_open_interpreter
def test_seccomp_refuses_every_call_of_its_list(box: Box) -> None:
    without = inside(box, NOTHING, lambda: each_call(seccomp.REFUSED))
    said = inside(box, SECCOMP, lambda: each_call(seccomp.REFUSED))
    assert set(said.values()) == {"EPERM"} and len(said) > 40
    # It is the filter that refuses them, not what a user may do anyway.
    assert sum(word != "EPERM" for word in without.values()) > 20


def test_seccomp_refuses_the_same_inside_name_spaces(box: Box) -> None:
    layers = Layers(namespaces=True, seccomp=True)
    said = inside(box, layers, lambda: each_call(seccomp.REFUSED))
    assert set(said.values()) == {"EPERM"}
    more = inside(box, layers, lambda: each_call(seccomp.SHARED))
    assert "EPERM" not in (more["shmget"], more["connect"], more["inotify_add_watch"])


def test_seccomp_refuses_by_what_the_kernel_reads_of_an_argument(box: Box) -> None:
    high = 1 << 32  # beyond an int
    numbers = {name: pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
               for name in ("prctl", "ioctl", "clone", "clone3", "socket")}  # fmt: skip
    attempts = outcomes(
        prctl=lambda: system_call(numbers["prctl"], 1, 0),
        prctl_high=lambda: system_call(numbers["prctl"], 1 | high, 0),
        terminal=lambda: system_call(numbers["ioctl"], 0, seccomp.TIOCSTI | high, 0),
        clone=lambda: system_call(numbers["clone"], 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
        clone3=lambda: system_call(numbers["clone3"], 0, 0),
        internet=lambda: socket.socket(socket.AF_INET),
        netlink=lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        internet_high=lambda: system_call(numbers["socket"], socket.AF_INET | high, 1, 0),
        local=lambda: socket.socket(socket.AF_UNIX).close(),
    )
    said = inside(box, Layers(namespaces=True, seccomp=True), attempts)
    assert said == {
        "prctl": "EPERM", "prctl_high": "EPERM", "terminal": "EPERM", "clone": "EPERM",
        "clone3": "ENOSYS", "internet": "EAFNOSUPPORT", "netlink": "EAFNOSUPPORT",
        "internet_high": "EAFNOSUPPORT", "local": "done",
    }  # fmt: skip


# Where there are no name spaces ------------------------------------------------------------------


@needs_an_open_interpreter
@pytest.mark.parametrize("version", [n for n in VERSIONS if n in (1, 3, LANDLOCK)])
def test_without_name_spaces_what_is_outside_stays_as_it_is(box: Box, version: int) -> None:
    secret, parent = box.foreign / "secret", os.getpid()
    readable = box.place / "given"  # as the course's data, or the interpreter
    readable.write_text("given")
    readable.chmod(0o666)

    def tamper() -> dict[str, str]:
        opened = os.open(secret, os.O_PATH)
        return outcomes(
            mode=lambda: os.chmod(secret, 0),
            mode_of_what_is_readable=lambda: os.fchmod(os.open(readable, os.O_RDONLY), 0),
            mode_by_descriptor=lambda: os.chmod(f"/proc/self/fd/{opened}", 0),
            mode_by_number=lambda: system_call(452, opened, 0, 0, 0x1000),
            owner=lambda: os.chown(secret, os.getuid(), os.getgid()),
            times=lambda: os.utime(secret, (1, 1)),
            times_now=lambda: os.utime(secret),
            attribute=lambda: os.setxattr(secret, "user.mine", b"1"),
            empty=lambda: os.truncate(secret, 0),
            empty_readable=lambda: os.open(readable, os.O_RDONLY | os.O_TRUNC),
            signal=lambda: os.kill(parent, signal.SIGURG),
            signals=lambda: os.kill(-1, signal.SIGURG),
            limit=lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, 0)),
            flags=lambda: fcntl.ioctl(os.open(readable, os.O_RDONLY), seccomp.SETFLAGS, bytes(8)),
            priority=lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
            priority_of_all=lambda: os.setpriority(os.PRIO_USER, 0, 19),
            processors=lambda: os.sched_setaffinity(parent, {0}),
            schedule=lambda: os.sched_setscheduler(parent, os.SCHED_IDLE, os.sched_param(0)),
        )()

    before = _like(box, readable)
    got: list[int] = []
    former = signal.signal(signal.SIGURG, lambda number, _: got.append(number))
    try:
        said = inside(box, Layers(landlock=version, seccomp=True), tamper)
    finally:
        signal.signal(signal.SIGURG, former)
    assert _like(box, readable) == before and not got
    said.pop("signals")  # what a signal to all others comes to does not tell whether it reached any
    pretended = {"mode", "mode_of_what_is_readable", "mode_by_descriptor", "mode_by_number",
                 "owner", "times", "priority", "priority_of_all", "processors",
                 "schedule"}  # fmt: skip
    assert {name for name, word in said.items() if word == "done"} == pretended
    if os.geteuid() != 0:  # it would have been possible: this is what the filter is for
        change = outcomes(mode=lambda: os.chmod(secret, 0))  # only this: the rest would last
        assert inside(box, Layers(landlock=version), change) == {"mode": "done"}
        assert _like(box, readable) != before


def _like(box: Box, readable: Path) -> list:
    own = os.getpid()
    return [
        *((p.stat().st_mode, p.stat().st_uid, p.stat().st_mtime, p.stat().st_size, os.listxattr(p))
          for p in (box.foreign / "secret", readable)),
        resource.getrlimit(resource.RLIMIT_CORE), os.getpriority(os.PRIO_PROCESS, own),
        os.sched_getaffinity(own), os.sched_getscheduler(own),
    ]  # fmt: skip


@needs_an_open_interpreter
@needs_landlock
def test_without_name_spaces_no_socket_outside_can_be_talked_to(box: Box) -> None:
    path = str(box.foreign / "datagrams")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        os.chmod(path, 0o777)
        receiver.setblocking(False)
        attempts = outcomes(
            stream=lambda: socket.socket(socket.AF_UNIX).connect(str(box.foreign / "socket")),
            packets=lambda: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(path),
            datagram=lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"1", path),
            raw=lambda: socket.socket(socket.AF_UNIX, socket.SOCK_RAW).sendto(b"1", path),
            pair=lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"1", path),
            own_pair=lambda: [each.close() for each in socket.socketpair()],
        )
        said = inside(box, IN_A_CONTAINER, attempts)
        assert said.pop("own_pair") == "done"
        assert set(said.values()) == {"EPERM"}
        with pytest.raises(BlockingIOError):
            receiver.recv(1)


@needs_an_open_interpreter
@needs_landlock
def test_without_name_spaces_nothing_can_be_left_in_memory_or_watched(box: Box) -> None:
    before = [Path(f"/proc/sysvipc/{kind}").read_text() for kind in ("shm", "sem", "msg")]
    tried = inside(box, IN_A_CONTAINER, lambda: each_call(seccomp.SHARED))
    assert set(tried.values()) == {"EPERM"}
    assert [Path(f"/proc/sysvipc/{kind}").read_text() for kind in ("shm", "sem", "msg")] == before
    shared = inside(box, IN_A_CONTAINER, lambda: outcome(Path("/dev/shm/mine").touch))
    assert shared in ("EACCES", "EPERM")


@needs_an_open_interpreter
@needs_landlock
def test_without_name_spaces_a_kernel_gets_connections_to_its_examiner_alone(box: Box) -> None:
    address = str(box.place / EXAMINER)

    def ask() -> list[str]:
        said = []
        for number in range(2):
            with connect.connect(str(box.foreign / "socket")) as sock:
                sock.sendall(b"check %d" % number)
                said.append(sock.recv(100).decode())
        os.write(1, b"waits")
        os.read(0, 1)
        return [*said, outcome(lambda: connect.connect(address))]

    reading, writing = os.pipe()
    keyboard = os.dup(0)
    os.dup2(reading, 0)
    with socket.socket(socket.AF_UNIX) as examiner:
        examiner.bind(address)
        os.chmod(address, 0o777)
        examiner.listen()
        process = started(
            box.sandbox(IN_A_CONTAINER, Limits()), lambda: os.write(1, repr(ask()).encode())
        )
        os.dup2(keyboard, 0)
        for number in range(2):
            sock, _ = examiner.accept()
            with sock:
                assert sock.recv(100) == b"check %d" % number
                sock.sendall(b"question")
        process.hears(b"waits")
    os.unlink(address)
    os.write(writing, b"1")
    for descriptor in (reading, writing, keyboard):
        os.close(descriptor)
    assert process.end() == (b"waits['question', 'question', 'ECONNREFUSED']", 0)


# In every combination ----------------------------------------------------------------------------


@everywhere
def test_nothing_is_left_of_privileges_and_none_can_be_gained(box: Box, layers: Layers) -> None:
    def look() -> dict:
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        gained = outcome(lambda: os.setuid(0)) if os.getuid() else "done"
        return {**status, "gained": gained, "uid": os.getuid(), "groups": os.getgroups()}

    seen = inside(box, layers, look)
    assert {seen[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Amb")} == {"0" * 16}
    assert seen["NoNewPrivs"] == "1"
    assert seen["gained"] in ("EPERM", "EINVAL")  # in a name space there is no such user
    assert seen["Seccomp"] == ("2" if layers.seccomp else "0")
    if os.geteuid() == 0:
        assert FIRST_UID <= seen["uid"] < FIRST_UID + UIDS and seen["groups"] == []
    else:
        assert seen["uid"] == os.geteuid()


@everywhere
def test_the_system_keeps_the_limits_of_a_process(box: Box, layers: Layers) -> None:
    limits = Limits(file=10_000, files=40, processes=30, total=10, cpu=2)

    def use() -> dict:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        held = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
                for name in ("CORE", "FSIZE", "NOFILE", "CPU", "MSGQUEUE")}  # fmt: skip
        raised = [
            outcome(lambda n=name, m=most: _set(n, m + 1)) for name, (_, most) in held.items()
        ]
        file = outcome(lambda: (box.place / "work" / "large").write_bytes(bytes(20_000)))
        files: list[int] = []
        end = outcome(lambda: [files.append(os.open("/dev/null", os.O_RDONLY)) for _ in range(99)])
        os.closerange(files[0], files[-1] + 1)
        return {**held, "raised": raised, "file": file, "end": end, "opened": len(files),
                "made": _make_processes(200)}  # fmt: skip

    seen = inside(box, layers, use, limits)
    assert seen["CORE"] == [0, 0] and seen["MSGQUEUE"] == [0, 0]
    assert (seen["FSIZE"], seen["NOFILE"], seen["CPU"]) == ([10_000] * 2, [40] * 2, [20] * 2)
    assert set(seen["raised"]) == {"EPERM"}
    assert (seen["file"], seen["end"]) == ("EFBIG", "EMFILE")
    assert seen["opened"] <= 37
    made, why = seen["made"]
    assert why == "EAGAIN"
    # Others of the same user may end meanwhile where they count as well.
    assert made < 30 if layers.namespaces or os.geteuid() == 0 else made < 200


def _set(name: str, most: int) -> None:
    try:
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    except ValueError:  # what Python makes of EPERM
        raise PermissionError(1, "not allowed") from None


def _make_processes(most: int) -> tuple[int, str]:
    made: list[int] = []

    def make() -> None:
        for _ in range(most):
            if not (pid := os.fork()):
                signal.pause()
            made.append(pid)

    why = outcome(make)
    return len(made), why


@everywhere
def test_nothing_of_the_graders_can_be_read_from_what_is_open(box: Box, layers: Layers) -> None:
    def look() -> list[int]:
        return [n for n in range(3, 256) if outcome(functools.partial(os.fstat, n)) == "done"]

    opened = os.open(box.foreign / "secret", os.O_RDONLY)
    try:
        kept = inside(box, layers, look)
    finally:
        os.close(opened)
    assert kept == ([] if layers.namespaces else [connect.DESCRIPTOR])


def test_a_sandbox_that_cannot_be_entered_runs_nothing_and_tells_why(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = box.sockets / "ran"
    monkeypatch.setattr("autograder.sandbox.confine.landlock.restrict", _broken)
    with pytest.raises(OSError, match="no such layer"):
        inside(box, Layers(namespaces=True, landlock=1), lambda: ran.write_text("yes"))
    assert not ran.exists()


def _broken(*args: object) -> None:
    raise OSError("no such layer")


@everywhere
def test_what_a_function_raises_inside_is_told(box: Box, layers: Layers) -> None:
    with pytest.raises(OSError, match="ZeroDivisionError"):
        inside(box, layers, lambda: 1 / 0)
