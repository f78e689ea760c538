"""What nbgrader itself makes of a class that we graded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat

from autograder.authoring.bank import Answer
from autograder.authoring.compose import submission
from autograder.course import Course
from autograder.engine.grade import grade_class
from autograder.sandbox.limits import Limits
from tests.conftest import sandboxed
from tests.stock.stock import nbgrader


def test_feedback_shows_the_message_the_students_line_and_the_score(class_course: Course) -> None:
    blank = nbformat.read(class_course.student_notebook("toy"), as_version=4)
    wrong = "def lookup(table, ids):\n    broken = {}\n    return broken['key']\n"
    answers = {"lookup": Answer("lookup", "fails", False, wrong, 1)}
    path = class_course.submitted_directory / "ada" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(submission(blank, answers)), encoding="utf-8")
    machine = sandboxed(class_course, Limits())
    asyncio.run(grade_class(class_course, ["toy"], None, 1, machine, lambda *told: None))

    nbgrader(class_course, "generate_feedback", "toy")
    page = (class_course.root / "feedback" / "ada" / "toy" / "toy.html").read_text()
    assert "KeyError" in page and "broken" in page
    assert "In the student" in page
    assert "(Score: 0.0 / 9.0)" in page
    assert "expected_rows" not in page, "a hidden test"


def test_the_autograded_notebook_looks_as_in_jupyter(class_course: Course) -> None:
    blank = nbformat.read(class_course.student_notebook("toy"), as_version=4)
    wrong = "def lookup(table, ids):\n    print('looking')\n    return table[3]\n"
    answers = {"lookup": Answer("lookup", "row 3", False, wrong, 1)}
    path: Path = class_course.submitted_directory / "ada" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(submission(blank, answers)), encoding="utf-8")
    machine = sandboxed(class_course, Limits())
    asyncio.run(grade_class(class_course, ["toy"], None, 1, machine, lambda *told: None))

    graded = class_course.autograded_directory / "ada" / "toy" / "toy.ipynb"
    nb = nbformat.read(graded, as_version=4)
    nbformat.validate(nb)
    check = next(cell for cell in nb.cells if cell.id == "lookup-check")
    printed, error = check.outputs
    assert printed.name == "stdout" and "looking" in printed.text
    assert error.output_type == "error" and error.ename == "AssertionError"
    assert error.traceback[0] == "AssertionError: the rows are in the wrong order"
    assert "Check lookup-check, line 5, in a hidden test" in error.traceback
    assert not any("lookup(table, [1, 2])" in line for line in error.traceback)
