"""Damaged notebooks cost their student, never the run, and earn nothing that was not earned.

10,000 mutations of the real notebooks of all labs go through intake and preparation; a sample of
mutations of a small lab is graded in one run.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections import Counter
from functools import cache

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from autograder.authoring.compose import load_bank, submission
from autograder.course import Course
from autograder.engine.grade import grade_class
from autograder.engine.intake import BadSubmission, parse, take
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.prepare import prepare
from autograder.engine.record import Result
from autograder.sandbox.limits import Limits
from tests.attacks.arsenal import WRONG
from tests.conftest import ROOT, sandboxed
from tests.fuzz.mutations import LEVELS, mutated

COURSE = Course(ROOT)
LABS = COURSE.labs()
MUTATIONS = 10_000
GRADED = 60  # mutations that are graded, of notebooks with right answers and with wrong ones each
VALIDATED = 20  # of how many one is checked against nbformat's schema, which takes long


@cache
def bases(lab: str) -> list[bytes]:
    """A lab's student notebook, untouched, all right and all wrong."""
    bank = load_bank(COURSE, lab)
    blank = nbformat.read(COURSE.student_notebook(lab), as_version=4)
    right = {name: bank.reference(name) for name in bank.exercises}
    wrong = {name: bank.of(name, right=False)[0] for name in bank.exercises}
    return [nbformat.writes(nb).encode() for nb in
            (blank, submission(blank, right, "An answer."), submission(blank, wrong))]  # fmt: skip


def assert_trusted(prepared: NotebookNode, lab: ReleasedLab) -> None:
    """A prepared notebook's frame is the released one; only what is a student's is a student's."""
    assert prepared.metadata == lab.notebook.metadata
    released = {cell.id: cell for cell in lab.notebook.cells}
    course = [cell for cell in prepared.cells if not cell.id.startswith("own-")]
    there = {cell.id for cell in course}
    assert [cell.id for cell in course] == [
        cell.id for cell in lab.notebook.cells if cell.id in there
    ]
    assert all(cell.id in there for cell in lab.notebook.cells if kind_of(cell) != "demo")
    for cell in course:
        original = released[cell.id]
        assert cell.metadata == original.metadata
        assert cell.cell_type == original.cell_type
        if kind_of(original) in ("given", "check", "markdown"):
            assert cell.source == original.source, grade_id(cell)
    for cell in prepared.cells:
        assert isinstance(cell.source, str)
        cell.source.encode("utf-8")
        if cell.id.startswith("own-"):
            assert cell.metadata == {}


@pytest.mark.parametrize("lab", LABS)
def test_a_mutated_notebook_is_refused_in_one_line_or_prepared_in_the_released_frame(
    lab: str,
) -> None:
    released = ReleasedLab.load(COURSE, lab)
    chance = random.Random(f"fuzz {lab}")
    others = [base for other in LABS for base in bases(other)]
    became: Counter[str] = Counter()
    for n in range(MUTATIONS // len(LABS)):
        data = mutated(chance.choice(bases(lab)), others, chance)
        try:
            prepared = prepare(released, take(parse(data), released))
        except BadSubmission as bad:
            assert "\n" not in str(bad)
            assert len(str(bad)) < 400
            became["refused"] += 1
            continue
        became["prepared"] += 1
        assert_trusted(prepared, released)
        if n % VALIDATED == 0:
            nbformat.validate(prepared)
    assert min(became["refused"], became["prepared"]) > sum(became.values()) / 10, became


@pytest.fixture(scope="module")
def graded(
    built_toy: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Result], dict[str, float]]:
    """The results of mutated submissions and honest ones, and the most that each may have."""
    root = tmp_path_factory.mktemp("fuzzed") / "course"
    shutil.copytree(built_toy, root)
    course = Course(root)
    lab = ReleasedLab.load(course, "toy")
    bank = load_bank(course, "toy")
    blank = nbformat.read(course.student_notebook("toy"), as_version=4)
    answers = {name: bank.reference(name) for name in bank.exercises}
    right = submission(blank, answers)
    wrong = nbformat.from_dict(right)
    wrong.cells = [nbformat.from_dict(cell) for cell in right.cells]
    for cell in wrong.cells:
        cell.source = WRONG.get(grade_id(cell), cell.source)
    chance = random.Random("fuzz toy")
    files = {"a-right": right, "z-right": right, "a-wrong": wrong}
    data = {name: nbformat.writes(nb).encode() for name, nb in files.items()}
    levels = list(LEVELS.values())
    for n in range(GRADED):
        for kind in ("right", "wrong"):
            base = data[f"a-{kind}"]
            mutation = levels[n % len(levels)](base, [data["a-wrong"]], chance)
            data[f"{kind}-{n:02}"] = mutation
    most = {}
    for name, content in data.items():
        path = course.submitted_directory / name / "toy" / "toy.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        most[name] = earned_at_most(content, lab, {n: a.source for n, a in answers.items()})
    machine = sandboxed(course, Limits(seconds=20))
    results = asyncio.run(grade_class(course, ["toy"], None, 4, machine, lambda *told: None))
    return {result.student: result for result in results}, most


def earned_at_most(data: bytes, lab: ReleasedLab, right: dict[str, str]) -> float:
    """Points of the exercises whose right answer is still somewhere in the file."""
    try:
        cells = prepare(lab, take(parse(data), lab)).cells
    except BadSubmission:
        return 0.0
    whole = "\n".join(cell.source for cell in cells if kind_of(cell) in ("exercise", "demo"))
    return sum(points for check, points in lab.checks.items()
               if right[check.split("-check")[0]].strip() in whole)  # fmt: skip


def test_no_mutation_earns_what_was_not_earned(graded: tuple) -> None:
    results, most = graded
    for name, result in results.items():
        assert result.score <= most[name], (name, result)


def test_no_mutation_stops_the_run_or_costs_a_neighbour(graded: tuple) -> None:
    results, most = graded
    assert results.keys() == most.keys()
    assert results["a-right"].score == results["z-right"].score == 6
    assert results["a-wrong"].score == 0
    for name, result in results.items():
        assert "the grader failed" not in result.note, (name, result.note)
        assert "\n" not in result.note
    statuses = Counter(result.status for result in results.values())
    assert statuses["failed"] > 5
    assert statuses["graded"] > 50


def test_mutations_are_reproducible() -> None:
    first, second = (
        [mutated(bases(LABS[0])[0], bases(LABS[1]), random.Random(n)) for n in range(50)]
        for _ in range(2)
    )
    assert first == second
    assert len({json.dumps(data.decode("latin-1")) for data in first}) > 40
