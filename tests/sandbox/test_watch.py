"""What a kernel uses in sum, seen from outside, and the control group that holds it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.sandbox import cgroup, processes, watch
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import control_groups
from autograder.sandbox.leftovers import remove
from autograder.sandbox.limits import Limits
from autograder.sandbox.watch import LOOKS_FOR_DISK, Excess, Watch
from tests.sandbox.inside import Box, comes_true, started
from tests.sandbox.test_monitor import deepen

MIB = 2**20
Programs = Callable[[str], int]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Programs]:
    """Starts Python code, waits until it prints something, and returns its process id."""
    with contextlib.ExitStack() as stack:

        def start(code: str) -> int:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-Sc", code],
                    stdout=subprocess.PIPE,
                    cwd=tmp_path,
                    start_new_session=True,
                )
            )
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
            assert process.stdout.readline()
            return process.pid

        yield start


def excess(pid: int, limits: Limits, *written: Path, looks: int = LOOKS_FOR_DISK) -> str | None:
    """What is over a limit, within the looks."""
    watched = Watch(pid, limits, list(written))
    try:
        for _ in range(looks):
            watched.look()
    except Excess as over:
        return f"{over.what}: {over}"
    return None


WAIT = "print('ready', flush=True); import time; time.sleep(600)"


def test_a_kernel_within_its_limits_goes_on(program: Programs, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(MIB))
    limits = Limits(memory=100 * MIB, processes=1, disk=2 * MIB)
    assert excess(program(WAIT), limits, tmp_path) is None


def test_a_process_whose_name_is_no_text_counts_as_any_other(program: Programs) -> None:
    name = "open('/proc/self/comm', 'wb').write(b'\\xff) R 1 (')\n"
    pid = program(f"{name}kept = b'x' * (80 << 20)\n{WAIT}")
    assert b"\xff" in Path(f"/proc/{pid}/comm").read_bytes()
    assert excess(pid, Limits(memory=1000 * MIB), looks=1) is None
    assert (excess(pid, Limits(memory=64 * MIB), looks=1) or "").startswith("memory:")


@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "hidden"])
def test_memory_that_is_really_used_counts(program: Programs, hidden: bool) -> None:
    hide = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" if hidden else ""
    pid = program(f"{hide}kept = b'x' * (80 << 20)\n{WAIT}")
    assert excess(pid, Limits(memory=1000 * MIB), looks=1) is None
    said = excess(pid, Limits(memory=64 * MIB), looks=1)
    assert said == "memory: the kernel used over 0.0625 GiB"


def test_memory_of_all_processes_counts_and_what_they_share_counts_once(program: Programs) -> None:
    fork = "import os\nkept = b'x' * (60 << 20)\nfor _ in range(3):\n    os.fork() or {}\n"
    shared = program(fork.format(f"exec({WAIT!r})") + WAIT)
    each = "exec({!r})".format(f"kept = b'y' * (60 << 20); {WAIT}")
    own = program(fork.format(each) + "import time; time.sleep(600)")
    for pid in (shared, own):
        assert comes_true(lambda p=pid: len(processes.descendants(p)) == 3)
    assert excess(shared, Limits(memory=150 * MIB)) is None
    assert comes_true(lambda: (excess(own, Limits(memory=150 * MIB)) or "").startswith("memory:"))


def test_processes_and_threads_count_together(program: Programs) -> None:
    thread = "threading.Thread(target=time.sleep, args=(600,)).start()"
    pid = program(
        f"import os, threading, time\nos.fork()\nfor _ in range(4):\n    {thread}\n{WAIT}"
    )
    assert comes_true(lambda: processes.usage([pid, *processes.descendants(pid)]).tasks == 10)
    assert excess(pid, Limits(processes=10)) is None
    assert excess(pid, Limits(processes=9)) == "processes: over 9 processes and threads at one time"


def test_processor_time_counts_for_each_cell(program: Programs) -> None:
    pid = program("print('ready', flush=True)\nwhile True: pass")
    watched = Watch(pid, Limits(seconds=0.1, cpu=2), [])

    def over() -> bool:
        try:
            watched.look()
        except Excess as excess:
            assert (excess.what, str(excess)) == (
                "cpu", "the cell used over 0.2 seconds of processor time"
            )  # fmt: skip
            return True
        return False

    assert comes_true(over)
    os.kill(pid, signal.SIGSTOP)
    assert comes_true(lambda: " T " in Path(f"/proc/{pid}/stat").read_text())
    assert over()
    watched.new_cell()
    assert not over()


def test_processor_time_of_processes_that_ended_counts(program: Programs) -> None:
    pid = program(
        "import os, time\nif not os.fork():\n    while time.process_time() < 0.3: pass\n"
        f"    os._exit(0)\nos.wait()\n{WAIT}"
    )
    assert excess(pid, Limits(seconds=0.1, cpu=2)) is not None


@pytest.mark.parametrize(
    ("write", "says"),
    [
        ("open('large', 'wb').write(bytes(3 << 20))", "over 2 MiB"),
        ("f = open('x', 'wb'); os.unlink('x'); f.write(bytes(3 << 20)); f.flush()", "over 2 MiB"),
        ("os.makedirs('a/b/c'); open('a/b/c/d', 'wb').write(bytes(3 << 20))", "over 2 MiB"),
        ("[open(f'{n}', 'w').close() for n in range(60)]", "over 50 files"),
        ("[os.mkdir(f'{n}') for n in range(60)]", "over 50 files"),
        ("[(os.mkdir('d' * 200), os.chdir('d' * 200)) for _ in range(30)]", "too deep"),
    ],
    ids=["large", "nameless", "below", "files", "folders", "deep"],
)
def test_files_count(
    program: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str, says: str
) -> None:
    monkeypatch.setattr(watch, "MAX_FILES", 50)
    pid = program(f"import os\n{write}\n{WAIT}")
    said = excess(pid, Limits(disk=2 * MIB), tmp_path)
    assert said is not None and said.startswith("disk: ") and says in said


def test_open_files_that_are_hidden_are_over_the_limit(program: Programs, tmp_path: Path) -> None:
    pid = program(f"import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n{WAIT}")
    said = excess(pid, Limits(), tmp_path)
    expected = None if os.geteuid() == 0 else "disk: a process hid which files it has open"
    assert said == expected


def test_a_process_that_ended_and_that_nobody_looked_at_hides_nothing(
    program: Programs, tmp_path: Path
) -> None:
    """Its files belong to root then, as those of one that hides do."""
    pid = program(f"import os\nif not os.fork(): os._exit(0)\n{WAIT}")
    assert comes_true(lambda: " Z " in "".join(
        Path(f"/proc/{child}/stat").read_text() for child in processes.descendants(pid)
    ))  # fmt: skip
    assert excess(pid, Limits(), tmp_path) is None


def test_files_are_counted_without_following_links(program: Programs, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr", target_is_directory=True)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "closed").mkdir(mode=0)
    assert excess(program(WAIT), Limits(disk=2 * MIB), tmp_path) is None


def test_a_kernel_that_has_ended_uses_nothing(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert excess(ended.pid, Limits(memory=0, processes=0), tmp_path / "gone", looks=1) is None


def test_folders_deep_in_each_other_end_the_watch_not_the_grader(tmp_path: Path) -> None:
    deepen(tmp_path, 1200)
    said = excess(os.getpid(), Limits(memory=2**50, processes=2**30), tmp_path)
    assert said == "disk: folders too deep in each other to be counted"
    remove(tmp_path)


# Control groups ----------------------------------------------------------------------------------


@pytest.fixture
def groups() -> Iterator[Callable[[Limits], tuple[Path, ...]]]:
    """Makes control groups; they must go."""
    with contextlib.ExitStack() as stack:
        made: list[Path] = []

        def make(limits: Limits) -> tuple[Path, ...]:
            try:
                folders = stack.enter_context(control_groups(Layers(cgroup=True), limits))
            except OSError as error:
                pytest.skip(f"no control group can be made here: {error}")
            made.extend(folders)
            return folders

        yield make
    assert not any(folder.exists() for folder in made)


def test_a_control_group_ends_what_fills_the_memory(
    box: Box, groups: Callable[[Limits], tuple[Path, ...]]
) -> None:
    limits = Limits(memory=64 * MIB)
    layers = Layers(namespaces=True, cgroup=True)

    def fill() -> None:
        os.write(1, b"fills")
        kept = [b"x" * MIB for _ in range(400)]
        os.write(1, b"filled %d" % len(kept))

    said, code = started(box.sandbox(layers, limits, groups(limits)), fill).end()
    assert (said, code) == (b"fills", -signal.SIGKILL)


def test_a_control_group_keeps_tasks_within_the_limit(
    box: Box, groups: Callable[[Limits], tuple[Path, ...]]
) -> None:
    folders = groups(Limits(processes=10))
    if not any((folder / "pids.max").exists() for folder in folders):
        pytest.skip("no controller for tasks here")

    def fork() -> None:
        made = 0
        with contextlib.suppress(BlockingIOError):
            for made in range(50):  # noqa: B007
                if not os.fork():
                    signal.pause()
        os.write(1, b"%d" % made)

    layers = Layers(namespaces=True, cgroup=True)
    said, _ = started(box.sandbox(layers, Limits(), folders), fork).end()
    assert int(said) <= 8  # the monitor and the first process are there already


def test_groups_of_graders_that_were_killed_are_swept_away(
    groups: Callable[[Limits], tuple[Path, ...]],
) -> None:
    mine = groups(Limits())
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = [folder.with_name(f"{cgroup.PREFIX}{ended.pid}-left") for folder in mine]
    for folder in left:
        folder.mkdir()
    cgroup.sweep()
    assert not any(folder.exists() for folder in left)
    assert all(folder.exists() for folder in mine)
