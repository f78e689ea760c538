"""Every answer of every bank scores the same three ways.

Stock `nbgrader autograde` (checks in the student's own, cold kernel), one warm kernel that runs
checks and answers together, and ours, where the examiner runs the checks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import determine_grade, is_grade

from autograder.authoring.compose import columns, load_bank, submission
from autograder.course import Course
from autograder.engine.execute import Limits
from autograder.engine.grade import grade_class
from autograder.engine.intake import parse, take
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.prepare import prepare
from autograder.kernel.client import notebook_client
from tests.conftest import ROOT
from tests.stock import stock

LABS = Course(ROOT).labs()
WORKERS = 2
Scores = dict[str, dict[str, float | None]]


def bank_class(course: Course, lab: str) -> dict[str, str]:
    """The whole bank as submissions: notebook text by student id."""
    blank = nbformat.read(course.student_notebook(lab), as_version=4)
    return {
        f"s{n:02}": nbformat.writes(submission(blank, answers))
        for n, answers in enumerate(columns(load_bank(course, lab)))
    }


@pytest.fixture(scope="module")
def stock_runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future]]:
    """Stock grading of each lab, which takes seconds for each submission: two at a time."""
    course = Course(ROOT)
    wanted = request.config.getoption("--lab") or LABS

    def run(lab: str, root: Path) -> Scores:
        made = stock.stock_course(course, lab, root, bank_class(course, lab))
        stock.autograde(made, lab)
        return stock.scores(made, lab)

    with ThreadPoolExecutor(WORKERS) as pool:
        yield {lab: pool.submit(run, lab, tmp_path_factory.mktemp(lab)) for lab in wanted}


def ours(course: Course, lab: str, root: Path) -> Scores:
    made = stock.stock_course(course, lab, root, bank_class(course, lab))
    results = asyncio.run(
        grade_class(made, [lab], None, WORKERS, Limits(), lambda result, done, total: None)
    )
    assert not [r for r in results if r.status != "graded"]
    return stock.scores(made, lab)


def one_warm_kernel(course: Course, lab: str) -> Scores:
    released = ReleasedLab.load(course, lab)
    found: Scores = {}
    for student, text in bank_class(course, lab).items():
        nb = prepare(released, take(parse(text.encode()), released))
        with notebook_client(nb, course.reference_notebook(lab).parent, 60, "warm") as client:
            client.execute()
        found[student] = {grade_id(c): determine_grade(c)[0] for c in nb.cells if is_grade(c)}
    return found


@pytest.mark.parametrize("lab", LABS)
def test_the_bank_scores_as_in_stock_nbgrader(
    lab: str, stock_runs: dict[str, Future], course: Course, tmp_path: Path
) -> None:
    if lab not in stock_runs:
        pytest.skip("not asked for")
    mine = ours(course, lab, tmp_path / "ours")
    warm = one_warm_kernel(course, lab)
    assert mine == warm
    assert mine == stock_runs[lab].result()
    assert len(mine) >= 4
