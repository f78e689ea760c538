"""Large classes without their hours of grading: results as they could be, where grading puts them.

python -m tests.engine.classes DIR STUDENTS    # beside a course's folders; then `report`
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from nbgrader.api import (
    Assignment,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import insert, select

from autograder.course import Course
from autograder.engine.lab import ReleasedLab
from autograder.engine.record import (
    NOT_GRADED,
    CheckRow,
    Recorder,
    Result,
    open_gradebook,
    write_csv_files,
)
from autograder.examiner.checks import ERROR, NOT_ATTEMPTED, PASSED, WRONG

MESSAGES = (
    (WRONG, "The rows come back in the wrong order: row {n} stands where row 2 belongs."),
    (WRONG, "Expected shape (4, 3), got ({n}, 4). Which axis counts the ids?"),
    (WRONG, "A negative id should raise IndexError; it counted from the end."),
    (ERROR, "name 'np' is not defined"),
    ("timed out", "The check took longer than {n} seconds."),
)
FAILED = ("the file is empty.", "the file is not a notebook: not JSON.", "it is another lab's.")


def synthesise(course: Course, names: Sequence[str], seed: int = 0) -> list[Result]:
    """A class of every lab of a course: abler students earn more, harder checks are earned less.

    Of the submissions 3 % are missing and 1 % failed; a third of the questions is graded by hand.
    """
    random = np.random.default_rng(seed)
    labs = [ReleasedLab.load(course, name) for name in course.labs()]
    recorder = Recorder(course)
    for lab in labs:
        recorder.add_lab(lab)
    recorder.close()
    able = random.normal(0.8, 1.0, len(names))
    results: list[Result] = []
    rows: dict[type, list[dict]] = {Student: [{"id": name} for name in names]}
    ids = (f"{n:032}" for n in itertools.count())
    gradebook = open_gradebook(course)
    db = gradebook.db
    for lab in labs:
        assignment, notebook = db.execute(
            select(Assignment.id, Notebook.id).join(Notebook).where(Assignment.name == lab.name)
        ).one()
        cells = dict(
            db.execute(
                select(GradeCell.name, GradeCell.id).where(GradeCell.notebook_id == notebook)
            ).all()
        )
        hard = dict(zip(lab.checks, random.normal(0, 0.8, len(lab.checks)), strict=True))
        for name, own in zip(names, able, strict=True):
            draw = random.random()
            if draw < 0.03:
                results.append(Result(name, lab.name, 0.0, lab.max_score, False, "missing",
                                      note="nothing was handed in"))  # fmt: skip
                continue
            if draw < 0.04:
                reason = FAILED[random.integers(len(FAILED))]
                checks = [CheckRow(c, 0.0, most, NOT_GRADED, reason)
                          for c, most in {**lab.checks, **lab.questions}.items()]  # fmt: skip
                results.append(Result(name, lab.name, 0.0, lab.max_score, False, "failed", 0.01,
                                      reason, checks))  # fmt: skip
                continue
            sub, book = next(ids), next(ids)
            rows.setdefault(SubmittedAssignment, []).append(
                {"id": sub, "assignment_id": assignment, "student_id": name}
            )
            rows.setdefault(SubmittedNotebook, []).append(
                {"id": book, "assignment_id": sub, "notebook_id": notebook}
            )
            checks = []
            for check, most in lab.checks.items():
                outcome, message, points = PASSED, "", most
                if random.random() > 1 / (1 + np.exp(hard[check] - own)):
                    outcome, message = MESSAGES[min(int(random.exponential(1.2)), 4)]
                    message, points = message.format(n=random.integers(3, 9)), 0.0
                    if random.random() < 0.3:
                        outcome, message = NOT_ATTEMPTED, "This exercise is not done yet."
                checks.append(CheckRow(check, points, most, outcome, message))
            for question, most in lab.questions.items():
                checks.append(CheckRow(question, 0.0, most, "needs manual grade"))
            for check in checks:
                by_hand = check.check in lab.questions
                graded = by_hand and random.random() < 1 / 3
                rows.setdefault(Grade, []).append({
                    "id": next(ids), "notebook_id": book, "cell_id": cells[check.check],
                    "auto_score": None if by_hand else check.points,
                    "manual_score": check.max_points - 1 if graded else None,
                    "needs_manual_grade": by_hand and not graded,
                })  # fmt: skip
            lost = any(check.outcome == "timed out" for check in checks)
            results.append(Result(name, lab.name, sum(c.points for c in checks), lab.max_score,
                                  True, "partial" if lost else "graded",
                                  float(random.lognormal(0, 0.5)), "", checks))  # fmt: skip
    for table, own_rows in rows.items():
        db.execute(insert(table.__table__), own_rows)
    db.commit()
    gradebook.close()
    write_csv_files(course, results)
    return results


if __name__ == "__main__":
    students = [f"student{n:04}" for n in range(int(sys.argv[2]))]
    made = synthesise(Course(Path(sys.argv[1]).resolve()), students)
    print(f"{len(made)} results")
