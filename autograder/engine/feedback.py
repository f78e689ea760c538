"""`autograder feedback`: a page for each student and lab, for the student to read.

Scores and comments are the gradebook's, so that what was given by hand counts; what was run, and
how each check ended, is in the autograded notebook.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from autograder.course import Course, CourseError
from autograder.engine.feedback_page import Pages, Results
from autograder.engine.intake import BadSubmission, read_beside
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.record import VERDICT, no_formula, open_gradebook, write_atomically

EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")


class NoFeedback(Exception):
    """A page that cannot be written; the message is one line for the instructor."""


def write_feedback(
    course: Course,
    labs: list[str],
    student: str | None,
    show_hidden: bool,
    tell: Callable[[str], None],
) -> list[Path]:
    """Writes `feedback/<student>/<lab>/<lab>.html`, where nbgrader has it, for all that is graded.

    tell: called with one line for each page that cannot be written.

    Raises: CourseError when nothing was graded, or nothing of the student asked for, or when a
    page cannot be written.
    """
    released = [ReleasedLab.load(course, lab) for lab in labs]
    failed = _failed(course)
    names = _students(course)
    if not names or not (course.autograded_directory.is_dir() or failed):
        raise CourseError(f"nothing was graded in {course.root} yet: run `autograder grade`.")
    if student is not None and student not in names:
        raise CourseError(f"no results of {student!r}; there are {', '.join(names)}.")
    pages = Pages(course, show_hidden)
    gradebook = open_gradebook(course)
    written = []
    try:
        for name in names if student is None else [student]:
            for lab in released:
                reason = failed.get((no_formula(name), lab.name), "")
                try:
                    results = _results(course, gradebook, name, lab, reason)
                except NoFeedback as problem:
                    tell(f"{lab.name} of {name}: {problem}")
                    continue
                if results is not None:
                    path = course.feedback_directory / name / lab.name / f"{lab.name}.html"
                    html = pages.page(lab, results)
                    try:
                        write_atomically(path, html)
                    except OSError as error:
                        raise CourseError(f"{path} cannot be written: {error}") from error
                    written.append(path)
                    _pass_on(course, name, lab.name, tell)
    finally:
        gradebook.close()
    return written


def _pass_on(course: Course, student: str, lab: str, tell: Callable[[str], None]) -> None:
    """Puts what `nbgrader submit` added to a submission beside the page.

    `nbgrader release_feedback` names the page by the secret, so that only its student finds it.
    """
    for name in EXCHANGE_FILES:
        try:
            data = read_beside(course.submitted_directory / student / lab, name)
        except BadSubmission as bad:
            tell(f"{lab} of {student}: {bad}")
            continue
        if data is not None:
            text = data.decode("utf-8", "replace")
            write_atomically(course.feedback_directory / student / lab / name, text)


def _students(course: Course) -> list[str]:
    """Everybody with a folder of submissions or of results."""
    folders = [course.submitted_directory, course.autograded_directory]
    names = {
        path.name
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    }
    # A name that is no text stands in no table and no gradebook; `grade` says so.
    return sorted(name for name in names if os.fsencode(name).decode("utf-8", "replace") == name)


def _failed(course: Course) -> dict[tuple[str, str], str]:
    """Why submissions could not be graded at all, by student and lab, from `grades.csv`."""
    path = course.root / "grades.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return {
            (row["student_id"], row["lab"]): row["note"]
            for row in csv.DictReader(file)
            if row.get("status") == "failed" and row.get("note")
        }


def _results(
    course: Course, gradebook: Gradebook, student: str, lab: ReleasedLab, reason: str
) -> Results | None:
    """What is known of one submission, or None where nothing was handed in.

    Raises: NoFeedback.
    """
    path = course.autograded_directory / student / lab.name / f"{lab.name}.ipynb"
    if not path.is_file():
        return Results(student, reason) if reason else None
    nb = _read(path)
    verdicts = {grade_id(cell): cell.metadata.get(VERDICT)
                for cell in nb.cells if kind_of(cell) == "check"}  # fmt: skip
    if not all(verdicts.get(name) for name in lab.checks):
        raise NoFeedback("its checks have no outcomes of `autograder grade`; grade it again.")
    try:
        submission = gradebook.find_submission_notebook(lab.name, lab.name, student)
    except MissingEntry:
        raise NoFeedback("the gradebook has no scores of it; grade it again.") from None
    grades = {grade.name: grade for grade in submission.grades}
    if not {*lab.checks, *lab.questions} <= grades.keys():
        raise NoFeedback("the lab has other checks than it had then; grade it again.")
    return Results(
        student=student,
        reason=reason,
        notebook=nb,
        verdicts=verdicts,
        grades=grades,
        comments={c.name: c.manual_comment for c in submission.comments if c.manual_comment},
        score=submission.score,
        max_score=submission.max_score,
        penalty=submission.late_submission_penalty or 0.0,
    )


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, KeyError, nbformat.ValidationError) as error:
        reason = str(error).split("\n")[0]
        raise NoFeedback(f"{path.name} in {path.parent} cannot be read ({reason}).") from None
