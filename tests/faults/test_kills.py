"""`kill -9` of the grader, of the template, of a kernel, at random moments.

A class is graded again and again by runs that something is killed of, and then by one that is
left alone. The moments are drawn from a seed: `pytest tests/faults --seed 7` has others.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from tests.faults.conftest import Undisturbed
from tests.faults.runs import CLASS, Run, Written, as_a_command, gradebook, notebooks, written
from tests.faults.starter import Starter

GROUPS = 4  # classes, each graded by a row of disturbed runs and a last one
AT_ONCE = 2  # runs, side by side
ATTEMPTS = 4
VICTIMS = ("grader", "grader", "template", "kernel")


@dataclass
class Disturbed:
    """A run that something was killed of, and what there was of its class then."""

    seed: str
    killed: list[str]
    code: int
    left: set[int]
    said: str
    submissions: dict[tuple[str, str], Any]
    notebooks: dict[str, Any]


@dataclass
class Group:
    """What became of a class: its disturbed runs, what the last run wrote, said and left."""

    runs: list[Disturbed]
    last: Written
    code: int
    said: str
    temporary: list[str]


def disturb(run: Run, chance: random.Random, seconds: float) -> list[str]:
    """Kills something at a random moment, and perhaps the grader a little later."""
    victim = chance.choice(VICTIMS)
    wait_for_a_moment(run, chance, seconds)
    victims = []
    if victim == "template" and (template := run.template()):
        victims = [template]
    elif victim == "kernel" and (forked := run.forked()):
        victims = chance.sample(forked, min(len(forked), 2))
    run.members()  # to know them again
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    killed = [victim] if victims else []
    if victims and chance.random() < 0.5:
        return killed
    if not run.ends_within(chance.uniform(0, 1) if victims else 0):
        run.members()
        with contextlib.suppress(ProcessLookupError):  # it may end at this very moment
            os.kill(run.pid, signal.SIGKILL)
            killed.append("grader")
    return killed


def wait_for_a_moment(run: Run, chance: random.Random, seconds: float) -> None:
    """Half of the moments lie before the first result, half after one or another."""
    if chance.random() < 0.5:
        run.ends_within(chance.uniform(0, seconds / 2))  # only a first run makes a gradebook
    else:
        results = chance.randrange(len(CLASS))
        run.wait_for(lambda: run.results() >= results if results else run.forked())
        run.ends_within(chance.uniform(0, 0.3))


def until_killed(disturbed: Callable[[str], Disturbed]) -> list[Disturbed]:
    """Runs until one of them did not end before the moment came; all of them count."""
    made: list[Disturbed] = []
    while not made or (not made[-1].killed and len(made) < ATTEMPTS):
        made.append(disturbed("'" * len(made)))
    return made


@pytest.fixture(scope="module")
def groups(
    new_class: Callable[[], tuple[Course, Path]],
    undisturbed: Undisturbed,
    start: Starter,
    request: pytest.FixtureRequest,
) -> list[Group]:
    """All the runs."""
    count, seed = request.config.getoption("--kills"), request.config.getoption("--seed")
    classes = [new_class() for _ in range(GROUPS)]

    def disturbed(course: Course, temporary: Path, name: str) -> Disturbed:
        with Run(course, temporary, "--force", start=start.light) as run:
            killed = disturb(run, random.Random(name), undisturbed.seconds)
            code, left, said = run.end(), run.left(), run.said()
        there = (course.root / "gradebook.db").exists()
        stored = gradebook(course)[0] if there else {}
        return Disturbed(name, killed, code, left, said, stored, notebooks(course))

    def group(number: int) -> Group:
        course, temporary = classes[number]
        names = [f"{seed} {n}" for n in range(number, count, GROUPS)]
        runs = []
        for name in names:
            runs += until_killed(lambda again, n=name: disturbed(course, temporary, n + again))
        # One of them with everything that the command line really starts with.
        with Run(course, temporary, start=start.light if number else as_a_command) as run:
            code, said = run.end(), run.said()
        return Group(runs, written(course), code, said, os.listdir(temporary))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(group, range(GROUPS)))


@pytest.fixture(scope="module")
def runs(groups: list[Group]) -> list[Disturbed]:
    return [run for group in groups for run in group.runs]


def test_something_was_killed_of_as_many_runs_as_asked_for(
    runs: list[Disturbed], request: pytest.FixtureRequest
) -> None:
    killed = [run.killed for run in runs if run.killed]
    assert len(killed) == request.config.getoption("--kills")
    assert {"grader", "template", "kernel"} == {victim for run in killed for victim in run}


def test_nothing_of_a_run_goes_on_after_it(runs: list[Disturbed]) -> None:
    for run in runs:
        assert run.left == set(), (run.seed, run.killed)


def test_a_run_whose_grader_lives_tells_of_everybody(runs: list[Disturbed]) -> None:
    for run in runs:
        if "kernel" not in run.killed:  # the trial of the template is one, too
            assert "start cold" not in run.said, (run.seed, run.said)
        if "grader" not in run.killed:
            assert run.code == 0, (run.seed, run.killed, run.said)
            assert f"[{len(CLASS)}/{len(CLASS)}]" in run.said, (run.seed, run.killed, run.said)


def test_a_template_that_is_killed_costs_nobody_anything(
    runs: list[Disturbed], undisturbed: Undisturbed
) -> None:
    for run in runs:
        if run.killed == ["template"]:
            assert run.submissions == undisturbed.written.gradebook, (run.seed, run.said)


def test_a_submission_is_written_down_whole_or_not_at_all(
    groups: list[Group], undisturbed: Undisturbed
) -> None:
    whole = undisturbed.written
    for group in groups:
        for before, run in pairwise([None, *group.runs]):
            if "kernel" in run.killed:
                continue  # in such a run, a submission pays for what could not be run
            for key, scores in run.submissions.items():
                earlier = before and before.submissions.get(key)
                assert scores in (whole.gradebook[key], earlier), (run.seed, run.killed)
            for name, notebook in run.notebooks.items():
                earlier = before and before.notebooks.get(name)
                if not name.endswith(".new"):
                    assert notebook in (whole.notebooks[name], earlier), (run.seed, run.killed)


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
