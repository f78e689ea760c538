"""When a submission ends, everything that it started ends, and nothing of it stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.kernel.place import private_place
from autograder.sandbox import processes
from autograder.sandbox.confine import Layers
from autograder.sandbox.leftovers import remove
from autograder.sandbox.libc import PR_SET_PDEATHSIG, prctl
from autograder.sandbox.limits import Limits
from tests.sandbox.inside import (
    APART,
    Box,
    boxed,
    comes_true,
    everywhere,
    inside,
    outcome,
    started,
)


def forever() -> None:
    while True:
        signal.pause()


def separate(*rows: Callable[[], object]) -> None:
    """Lets functions run in children, and waits until each says that it stays."""
    there, here = os.pipe()
    for row in rows:
        if not os.fork():
            row()
            stays(here)
            forever()
    for _ in rows:
        os.read(there, 1)


def stays(told: int) -> None:
    """Says that this process means to stay."""
    os.write(1, b"stays;")
    os.write(told, b"1")


def daemon() -> None:
    """As a service does it: a child's child in a session of its own, of which the parent ends."""
    there, here = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            stays(here)
            forever()
        os._exit(0)
    os.wait()
    os.read(there, 1)


def deaf() -> None:
    """Ignores every signal that can be ignored."""
    kept = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, 32, 33}
    for number in signal.valid_signals() - kept:
        signal.signal(number, signal.SIG_IGN)
    os.write(1, b"stays;")


def deaf_daemons() -> None:
    """Both, with a row of them."""

    def both() -> None:
        deaf()
        daemon()

    separate(*[both] * 3)


def runners() -> None:
    """Some that are other processes at every moment."""
    there, here = os.pipe()
    for _ in range(6):
        if not os.fork():
            os.setsid()
            stays(here)
            while True:
                if os.fork():
                    os._exit(0)
    for _ in range(6):
        os.read(there, 1)


def without_a_parents_death() -> None:
    """Does not want to end when its parent ends."""
    outcome(lambda: prctl(PR_SET_PDEATHSIG, 0))
    os.write(1, b"stays;")


STAYING = [daemon, deaf, deaf_daemons, runners, without_a_parents_death]


@everywhere
@pytest.mark.parametrize("stay", STAYING, ids=lambda f: f.__name__)
def test_what_a_submission_started_ends_when_it_ends(
    box: Box, layers: Layers, stay: Callable[[], None]
) -> None:
    def run() -> None:
        stay()
        os.write(1, b"ends")

    process = started(box.sandbox(layers, Limits()), run)
    said, code = process.end()  # not before the last of them has ended
    assert b"stays;" in said and b"ends" in said and code == 0


@everywhere
@pytest.mark.parametrize("stay", STAYING, ids=lambda f: f.__name__)
def test_what_a_submission_started_ends_when_it_is_ended(
    box: Box, layers: Layers, stay: Callable[[], None]
) -> None:
    def run() -> None:
        stay()
        os.write(1, b"ready")
        forever()

    process = started(box.sandbox(layers, Limits()), run)
    process.hears(b"ready")
    process.hears(b"stays;")
    os.kill(process.monitor, signal.SIGTERM)
    _, code = process.end()
    assert code == -signal.SIGKILL


def test_a_submission_ends_with_its_monitor(box: Box) -> None:
    def run() -> None:
        deaf_daemons()
        os.write(1, b"ready")
        forever()

    process = started(box.sandbox(APART, Limits()), run)
    process.hears(b"ready")
    os.kill(process.monitor, signal.SIGKILL)
    _, code = process.end()
    assert code == -signal.SIGKILL


@everywhere
def test_a_submission_ends_with_who_started_its_monitor(box: Box, layers: Layers) -> None:
    def run() -> None:
        deaf_daemons()
        os.write(1, b"ready")
        forever()

    said, saying = os.pipe()
    grader = os.fork()
    if not grader:
        process = started(box.sandbox(layers, Limits()), run)
        process.hears(b"ready")
        os.write(saying, str(process.monitor).encode())
        forever()
    monitor = int(os.read(said, 100))
    inner = processes.descendants(monitor)
    assert inner
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    assert comes_true(lambda: not any(map(_lives, [monitor, *inner])))
    for descriptor in (said, saying):
        os.close(descriptor)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"


@everywhere
def test_a_monitor_ends_as_its_submission_ended(box: Box, layers: Layers) -> None:
    def end(*how: Callable[[], object]) -> int:
        _, code = started(box.sandbox(layers, Limits()), how[0]).end()
        return code

    assert end(lambda: None) == 0
    assert end(lambda: os._exit(7)) == 7
    assert end(lambda: os.kill(os.getpid(), signal.SIGABRT)) in (
        -signal.SIGABRT,
        0,  # the first of a name space gets no signal that it does not catch
    )


# Folders -----------------------------------------------------------------------------------------


def litter(folder: Path) -> None:
    """What is hard to remove: folders without permissions, links to outside, names of all kinds."""
    for mode in (0, 0o400, 0o500):
        closed = folder / f"mode {mode:o}" / "in"
        closed.mkdir(parents=True)
        (closed / "file").write_text("file")
        for path in (closed / "file", closed, closed.parent):
            path.chmod(mode)
    for name in ("-rf", "line\nbreak", "\udcff", "é" * 100):
        (folder / name).mkdir()
        (folder / name / name).touch()
    (folder / "link").symlink_to("/", target_is_directory=True)


def deepen(folder: Path, levels: int) -> None:
    """Folders in each other, more than any path has room for."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(levels):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY))
    finally:
        os.chdir(before)


@pytest.mark.parametrize("what", ["litter", "deep"])
def test_a_submissions_folder_goes_whatever_is_in_it(tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    with private_place(Path("nowhere")) as place:
        work = place / "work"
        if what == "deep":
            deepen(work, 1200)
            (work / ("d" * 20) / "closed").mkdir(mode=0)
        else:
            litter(work)
            (work / "outside").symlink_to(outside, target_is_directory=True)
    assert not os.path.lexists(place)
    assert outside.stat().st_mode & 0o777 == 0o500


def test_a_folder_that_cannot_be_removed_costs_nothing_but_itself(tmp_path: Path) -> None:
    remove(tmp_path / "gone")
    remove(Path("/proc/self"))
    assert Path("/proc/self").is_dir()


@everywhere
def test_a_second_kernel_of_a_submission_works_in_what_the_first_one_left(layers: Layers) -> None:
    with boxed() as box:
        work = box.place / "work"

        def first() -> None:
            deepen(work, 1200)
            (work / "mine").write_text("mine")
            os.symlink("/etc", work / "link")

        def second() -> list[bool]:
            there = (work / "mine").is_file()
            (work / "mine").write_text("again")
            return [there, os.access(work / ("d" * 20), os.W_OK)]

        inside(box, layers, first)
        # In name spaces, what a kernel writes ends with it.
        assert inside(box, layers, second) == [not layers.namespaces] * 2
    assert not os.path.lexists(box.place)
