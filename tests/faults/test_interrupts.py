"""Ctrl-C, once and twice: the run stops, what is graded is written down, the next goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from tests.faults.conftest import Undisturbed
from tests.faults.runs import Run, Written, gradebook, written
from tests.faults.starter import Starter

# When, and how many times.
MOMENTS = {
    "while it warms up": (0, 1),
    "while it warms up, twice": (0, 2),
    "while it grades": (1, 1),
    "while it grades, twice": (2, 2),
}


@dataclass
class Stopped:
    """A run that was stopped from the keyboard, and what there was then."""

    code: int
    left: set[int]
    said: str
    temporary: list[str]
    submissions: dict[tuple[str, str], Any]
    rows: int
    results: int


@dataclass
class All:
    stopped: dict[str, Stopped]
    last: Written


def press(run: Run) -> None:
    """What Ctrl-C does at a terminal: a signal to the grader and whatever is in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGINT)


@pytest.fixture(scope="module")
def runs(
    new_class: Callable[[], tuple[Course, Path]], undisturbed: Undisturbed, start: Starter
) -> All:
    """A class whose grading is stopped at each of the moments, and then let be."""
    course, temporary = new_class()
    stopped = {}
    for name, (results, times) in MOMENTS.items():
        (course.root / "grades.csv").unlink(missing_ok=True)  # to see what this run writes
        # The real libraries, where it is their import that is stopped.
        with Run(course, temporary, "--force", start=start.light if results else start) as run:
            if results:
                run.wait_for(lambda run=run, n=results: run.results() >= n)
            else:
                run.wait_for(run.template)
                run.ends_within(undisturbed.seconds / 10)
            press(run)
            if times == 2:
                run.ends_within(0.05)
                press(run)
            code, left = run.end(), run.left()
            stopped[name] = Stopped(
                code,
                left,
                run.said(),
                os.listdir(temporary),
                gradebook(course)[0],
                len(written(course).tables["grades.csv"])
                if (course.root / "grades.csv").exists()
                else 0,
                run.results(),
            )
    with Run(course, temporary, start=start.light) as run:
        assert run.end() == 0, run.said()
    return All(stopped, written(course))


@pytest.fixture(params=MOMENTS)
def stopped(request: pytest.FixtureRequest, runs: All) -> Stopped:
    return runs.stopped[request.param]


def test_a_run_that_is_stopped_says_so_in_one_line(stopped: Stopped) -> None:
    assert stopped.code == 130, stopped.said
    lines = [line for line in stopped.said.splitlines() if not line.startswith("[")]
    assert len(lines) == 1 and lines[0].startswith("stopped; "), stopped.said


def test_nothing_of_it_is_left(stopped: Stopped) -> None:
    assert stopped.left == set()
    assert stopped.temporary == []


def test_what_was_graded_is_whole_and_written_down(
    stopped: Stopped, undisturbed: Undisturbed
) -> None:
    assert f"stopped; {stopped.rows} submissions were graded" in stopped.said
    assert stopped.rows == stopped.results
    for key, scores in stopped.submissions.items():
        assert scores == undisturbed.written.gradebook[key]


def test_the_next_run_finishes_the_class(runs: All, undisturbed: Undisturbed) -> None:
    assert runs.last == undisturbed.written
