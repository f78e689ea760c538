"""`kill -9` of the grader, of the template, of a kernel, at random moments.

The class is graded again and again by runs that something is killed of, and then by one that is
left alone. The moments are drawn from a seed, so that a failing run can be tried again.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from tests.faults.conftest import Undisturbed
from tests.faults.runs import CLASS, Run, Written, gradebook, notebooks, written

GROUPS = 4  # classes, each graded by a row of disturbed runs and a last one
AT_ONCE = 2  # runs, side by side
VICTIMS = ("grader", "grader", "template", "kernel")


@dataclass
class Disturbed:
    """A run that something was killed of. found: what the gradebook and the folder then hold."""

    name: str
    killed: list[str] = field(default_factory=list)
    ended_itself: bool = False
    code: int | None = None
    left: set[int] = field(default_factory=set)
    said: str = ""
    submissions: dict[tuple[str, str], Any] = field(default_factory=dict)
    notebooks: dict[str, Any] = field(default_factory=dict)


@dataclass
class Group:
    """What became of one class. before: what there is of the runs' directories before the last."""

    runs: list[Disturbed]
    last: Written
    code: int
    temporary: list[str]
    said: str


def disturb(run: Run, chance: random.Random, start: float) -> list[str]:
    """Kills something at a random moment, and perhaps the grader later."""
    killed = []
    victim = chance.choice(VICTIMS)
    wait_for_a_moment(run, chance, start)
    if victim == "template" and (pid := run.template()):
        killed.append("template")
        kill(pid)
    if victim == "kernel":
        for pid in chance.sample(forked := run.forked(), min(len(forked), 2)):
            killed.append("kernel")
            kill(pid)
    if not killed or chance.random() < 0.5:
        if killed:
            run.ends_within(chance.uniform(0, 1))
        if not run.ends_within(0):
            killed.append("grader")
            kill(run.pid)
    return killed


def wait_for_a_moment(run: Run, chance: random.Random, start: float) -> None:
    """Half of the moments lie before the first result, half between later ones."""
    if chance.random() < 0.5:
        run.ends_within(chance.uniform(0, start))
    else:
        results = chance.randrange(len(CLASS))
        run.wait_for(lambda: run.results() >= results if results else run.forked())
        run.ends_within(chance.uniform(0, 0.3))


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def grade_disturbed(course: Course, temporary: Path, seed: str, start: float) -> Disturbed:
    made = Disturbed(seed)
    with Run(course, temporary) as run:
        made.killed = disturb(run, random.Random(seed), start)
        made.code = run.end()
        made.left = run.left()
        made.said = run.said()
    if (course.root / "gradebook.db").exists():
        made.submissions, _ = gradebook(course)
    made.notebooks = notebooks(course)
    return made


@pytest.fixture(scope="module")
def groups(
    new_class: Callable[[], tuple[Course, Path]],
    undisturbed: Undisturbed,
    request: pytest.FixtureRequest,
) -> list[Group]:
    """All the runs."""
    count, seed = request.config.getoption("--kills"), request.config.getoption("--seed")

    def group(number: int) -> Group:
        course, temporary = classes[number]
        names = [f"{seed} {n}" for n in range(count) if n % GROUPS == number]
        runs = [grade_disturbed(course, temporary, name, undisturbed.start) for name in names]
        with Run(course, temporary) as run:
            code, said = run.end(), run.said()
            assert run.left() == set()
        return Group(runs, written(course), code, os.listdir(temporary), said)

    classes = [new_class() for _ in range(GROUPS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(group, range(GROUPS)))
    print(f"{count} runs in {time.monotonic() - began:.0f} s")
    return made


@pytest.fixture(scope="module")
def runs(groups: list[Group]) -> list[Disturbed]:
    return [run for group in groups for run in group.runs]


def test_a_kill_hits_the_grader_the_template_and_kernels(runs: list[Disturbed]) -> None:
    killed = [victim for run in runs for victim in run.killed]
    assert {"grader", "template", "kernel"} <= set(killed), killed


def test_nothing_of_a_run_goes_on_after_it(runs: list[Disturbed]) -> None:
    for run in runs:
        assert run.left == set(), (run.name, run.killed)


def test_a_run_whose_grader_lives_is_completed(runs: list[Disturbed]) -> None:
    for run in runs:
        if "grader" not in run.killed:
            assert run.code == 0, (run.name, run.killed, run.said)
        if run.killed == ["template"]:
            assert "Traceback" not in run.said and " failed" in run.said


def test_a_submission_is_written_down_whole_or_not_at_all(
    runs: list[Disturbed], undisturbed: Undisturbed
) -> None:
    for run in runs:
        if "kernel" in run.killed:
            continue  # it costs a submission checks, in this run
        for key, scores in run.submissions.items():
            assert scores == undisturbed.written.gradebook[key], (run.name, run.killed)
        for name, notebook in run.notebooks.items():
            whole = name.removesuffix(".new") == name
            assert not whole or notebook == undisturbed.written.notebooks[name], run.name


def test_the_next_run_finishes_the_class_as_if_nothing_had_happened(
    groups: list[Group], undisturbed: Undisturbed
) -> None:
    for group in groups:
        assert group.code == 0, group.said
        assert group.last.students == undisturbed.written.students
        assert group.last.gradebook == undisturbed.written.gradebook
        assert group.last.tables == undisturbed.written.tables
        assert group.last.notebooks == undisturbed.written.notebooks


def test_the_next_run_clears_away_what_killed_ones_left(groups: list[Group]) -> None:
    for group in groups:
        assert group.temporary == []
