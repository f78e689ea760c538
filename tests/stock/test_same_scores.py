"""Every answer of every bank scores the same two ways.

Stock `nbgrader autograde`, where one kernel runs checks and answers together (forked from a
template, but for Lab 1 and the demonstration class, whose kernels are stock's own), and ours,
where the examiner runs the checks.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest
from nbformat.notebooknode import NotebookNode
from nbgrader.utils import determine_grade, is_grade

from autograder.authoring.compose import demo_class
from autograder.course import Course
from autograder.engine.grade import grade_class
from autograder.engine.lab import grade_id
from autograder.sandbox.limits import Limits
from tests.banks.runs import COURSE, LABS, WORKERS, executions
from tests.conftest import sandboxed
from tests.stock import stock


def auto_scores(notebook: NotebookNode) -> dict[str, float | None]:
    return {grade_id(c): determine_grade(c)[0] for c in notebook.cells if is_grade(c)}


@pytest.mark.parametrize("lab", LABS)
def test_the_bank_scores_the_same_in_stock_and_through_the_examiner(
    lab: str, stock_runs: dict[str, Future]
) -> None:
    if lab not in stock_runs:
        pytest.skip("not asked for")
    ours = {f"s{n:02}": auto_scores(e.notebook) for n, e in enumerate(executions(lab))}
    assert ours == stock_runs[lab].result()
    assert len(ours) >= 4


def test_the_demo_class_scores_the_same_in_stock(tmp_path: Path) -> None:
    lab = "lab1_lookup_vs_onehot"
    expected = demo_class(COURSE, tmp_path / "ours", [lab], 12, 0)
    mine = Course(tmp_path / "ours")
    machine = sandboxed(mine, Limits())
    results = asyncio.run(grade_class(mine, [lab], None, WORKERS, machine, lambda *told: None))
    assert {(r.student, r.lab): r.score for r in results} == expected
    readable = {
        r.student: (mine.submitted_directory / r.student / lab / f"{lab}.ipynb").read_text()
        for r in results
        if r.status == "graded"
    }
    theirs = stock.stock_course(COURSE, lab, tmp_path / "stock", readable)
    stock.autograde(theirs, lab)
    assert stock.scores(theirs, lab) == stock.scores(mine, lab)
