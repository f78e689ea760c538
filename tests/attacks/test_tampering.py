"""No attack on the grading earns anything, though most earn points from stock nbgrader."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.build import build_lab
from autograder.course import CONFIG_FILE, Course
from autograder.engine.grade import grade_class
from autograder.engine.record import Result
from autograder.sandbox.limits import Limits
from tests.attacks.arsenal import ATTACKS, HONEST, LAB, TENSORS, WRONG, Attack, answered
from tests.conftest import ROOT, sandboxed
from tests.stock import stock

LABS = {"toy": LAB, "tensors": TENSORS}
FULL = {"toy": 10.0, "tensors": 2.0}
STUDENTS = {f"s{n:02}": attack for n, attack in enumerate(ATTACKS)}
NAMES = {attack.name: student for student, attack in STUDENTS.items()}
BATCHES = 2  # of stock nbgrader, side by side
SAID: list[str] = []  # what it says of submissions that it could not grade


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with one submission for each attack, an honest one and a wrong one."""
    root = tmp_path_factory.mktemp("attacked")
    shutil.copy(ROOT / CONFIG_FILE, root)
    course = Course(root)
    for lab, source in LABS.items():
        course.lab_source(lab).parent.mkdir(parents=True)
        course.lab_source(lab).write_text(source)
        build_lab(course, lab).write()
        blank = nbformat.read(course.student_notebook(lab), as_version=4)
        class_of = {
            student: attack.submission(blank)
            for student, attack in STUDENTS.items()
            if attack.lab == lab
        }
        class_of |= {"a-right": answered(blank, HONEST), "a-wrong": answered(blank, WRONG)}
        for student, nb in class_of.items():
            path = course.submitted_directory / student / lab / f"{lab}.ipynb"
            path.parent.mkdir(parents=True)
            # Not every attack is a valid notebook.
            path.write_text(nbformat.v4.writes_json(nb), encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def on_stock(attacked: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple, float]:
    """Scores by student and lab from stock `nbgrader autograde`, the checks in the kernel."""
    students = sorted(path.name for path in attacked.submitted_directory.iterdir())

    def batch(n: int) -> dict[tuple, float]:
        root = tmp_path_factory.mktemp("stock") / "course"
        shutil.copytree(attacked.root, root)
        course = Course(root)
        for student in students:
            if students.index(student) % BATCHES != n:
                shutil.rmtree(course.submitted_directory / student)
        for lab in LABS:
            stock.nbgrader(course, "generate_assignment", lab, "--force")
            # Some attacks cost their own submission: the command reports them when it is done.
            try:
                stock.nbgrader(course, "autograde", lab)
            except RuntimeError as error:
                SAID.append(str(error))
        return {
            (student, lab): sum(score or 0.0 for score in scores.values())
            for lab in LABS
            for student, scores in stock.scores(course, lab).items()
        }

    with ThreadPoolExecutor(BATCHES) as pool:
        return {
            key: score for part in pool.map(batch, range(BATCHES)) for key, score in part.items()
        }


@pytest.fixture(scope="module")
def on_ours(attacked: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple, Result]:
    """Results by student and lab from `autograder grade`, all in one run."""
    root: Path = tmp_path_factory.mktemp("ours") / "course"
    shutil.copytree(attacked.root, root)
    course = Course(root)
    machine = sandboxed(course, Limits(seconds=60, total=400))
    results = asyncio.run(grade_class(course, list(LABS), None, 8, machine, lambda *told: None))
    return {(result.student, result.lab): result for result in results}


def attacks() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


@attacks()
def test_an_attack_succeeds_or_fails_on_stock_nbgrader_as_recorded(
    attack: Attack, on_stock: dict[tuple, float]
) -> None:
    earned = on_stock.get((NAMES[attack.name], attack.lab), 0.0)
    assert (earned > 0) == attack.succeeds_on_stock, f"earned {earned:g}; {SAID}"


@attacks()
def test_an_attack_earns_nothing(attack: Attack, on_ours: dict[tuple, Result]) -> None:
    result = on_ours[NAMES[attack.name], attack.lab]
    assert result.score == 0, [c for c in result.checks if c.points]
    assert result.status in ("graded", "partial"), result.note
    assert {check.outcome for check in result.checks} & {"passed"} == set()


def test_an_honest_neighbour_keeps_full_marks_beside_all_attacks(
    on_ours: dict[tuple, Result], on_stock: dict[tuple, float]
) -> None:
    for lab, full in FULL.items():
        honest, wrong = on_ours["a-right", lab], on_ours["a-wrong", lab]
        assert honest.score == on_stock["a-right", lab] == full
        assert wrong.score == on_stock["a-wrong", lab] == 0
        assert honest.status == "graded"


def test_there_are_at_least_twenty_five_attacks_that_work_on_stock_nbgrader() -> None:
    assert sum(attack.succeeds_on_stock for attack in ATTACKS) >= 25
    assert len(NAMES) == len(ATTACKS)
