"""A gradebook that cannot be written to, or not now: clear words, and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder import terminal
from autograder.cli import app
from autograder.course import CONFIG_FILE, Course
from autograder.engine import record
from autograder.engine.run import only_run
from tests.faults.conftest import Undisturbed
from tests.faults.runs import Run, gradebook, notebooks, written
from tests.faults.spaces import read_only

NewClass = Callable[[], tuple[Course, Path]]


@pytest.fixture
def course(new_class: NewClass) -> Course:
    """A class that is not graded yet."""
    return new_class()[0]


@pytest.fixture(scope="module")
def graded_once(new_class: NewClass) -> Course:
    """A class that has been graded. Copy it before anything is done to it."""
    made = new_class()[0]
    said = grade(made)
    assert said.exit_code == 0, said.stderr
    return made


@pytest.fixture
def graded(graded_once: Course, course: Course) -> Course:
    shutil.copytree(graded_once.root, course.root, dirs_exist_ok=True)
    return course


def grade(course: Course) -> Result:
    command = ["grade", "--workers", "2", "--course", str(course.root)]
    return CliRunner().invoke(app, command, catch_exceptions=False)


def refused(said: Result, *words: str) -> None:
    """Exit code 2, and one line that says why."""
    assert said.exit_code == 2, said.stderr
    lines = [line for line in said.stderr.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, said.stderr
    assert all(word in lines[0] for word in words), lines[0]


def told(said: Result) -> int:
    """How many submissions it told of."""
    return sum(line.startswith("[") for line in said.stderr.splitlines())


def with_url(course: Course, options: str) -> Course:
    """The course, with an address of its gradebook that has options in it."""
    config = course.root / CONFIG_FILE
    url = f"sqlite:///file:{course.root}/gradebook.db?uri=true&{options}"
    config.write_text(config.read_text() + f"\nc.CourseDirectory.db_url = {url!r}\n")
    return Course(course.root)


@contextlib.contextmanager
def locked(course: Course) -> Iterator[None]:
    """The gradebook, in the hands of somebody else."""
    path = course.root / "gradebook.db"
    with contextlib.closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_a_gradebook_that_is_locked_for_long_ends_the_run(graded: Course) -> None:
    before = written(graded)
    with locked(graded):
        refused(grade(with_url(graded, "timeout=0.2")), "gradebook", "database is locked")
    assert written(graded) == before


def test_a_gradebook_that_is_locked_for_a_moment_is_waited_for(
    graded: Course, undisturbed: Undisturbed
) -> None:
    """As long as SQLite waits: five seconds."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(graded))
        timer = threading.Timer(0.5, stack.close)
        timer.start()
        said = grade(graded)
        timer.join()
    assert said.exit_code == 0, said.stderr
    assert written(graded) == undisturbed.written


def test_a_lock_in_the_middle_ends_the_run_and_the_next_one_finishes(
    course: Course, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = contextlib.ExitStack()
    tell = terminal.Progress.tell

    def lock_it(self: terminal.Progress, *result: object) -> None:
        tell(self, *result)
        stack.enter_context(locked(course))

    with stack, monkeypatch.context() as patch:
        patch.setattr(terminal.Progress, "tell", lock_it)
        said = grade(with_url(course, "timeout=0.2"))
    refused(said, "cannot be", "database is locked", "What was graded before is kept")
    assert told(said) == 1
    stored = gradebook(course)[0]
    assert stored.items() <= undisturbed.written.gradebook.items()
    assert len(written(course).tables["grades.csv"]) == 1
    said = grade(course)
    assert said.exit_code == 0, said.stderr
    assert written(course) == undisturbed.written


def test_a_gradebook_that_may_only_be_read_ends_the_run(graded: Course) -> None:
    before = written(graded)
    refused(grade(with_url(graded, "mode=ro")), "gradebook", "readonly database")
    assert written(graded) == before


@pytest.mark.parametrize("what", ["gradebook.db", "."])
def test_a_file_or_folder_that_may_only_be_read_ends_the_run(what: str, graded: Course) -> None:
    before = written(graded)
    with (
        read_only(graded.root / what) as start,
        Run(graded, graded.root.parent / "tmp", start=start) as run,
    ):
        assert run.end() == 2, run.said()
        assert run.said().count("\n") == 1 and "the gradebook" in run.said(), run.said()
        assert run.left() == set()
    assert written(graded) == before


def test_a_new_gradebook_is_there_whole_or_not_at_all(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, **course: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(record.Gradebook, "check_course", full)  # the last step of making one
        refused(grade(course), "cannot be opened: No space left on device")
    assert not list(course.root.glob("gradebook.db*"))


def test_tables_that_cannot_be_written_are_told_and_the_scores_are_safe(
    course: Course, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(record, "write_atomically", full)
        said = grade(course)
    refused(said, "grades.csv cannot be written", "No space left", "The gradebook has the scores")
    assert gradebook(course)[0] == undisturbed.written.gradebook
    assert notebooks(course) == undisturbed.written.notebooks
    assert grade(course).exit_code == 0
    assert written(course) == undisturbed.written


def test_a_course_that_is_being_graded_is_left_to_that_run(course: Course) -> None:
    with only_run(course):
        refused(grade(course), "another run is grading", "wait until it has ended")
    assert not (course.root / "gradebook.db").exists()
