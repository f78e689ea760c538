"""What the gradebook holds of whole labs, each kind of thing in one query however large the class.

Everything is by student and lab.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from autograder.engine.late import Lateness

OWNER = (SubmittedAssignment.student_id, Assignment.name)


class Points(NamedTuple):
    """What the gradebook holds of a check or a question: points, and whether they are to be given.

    auto: by the check. manual: by hand, instead of those. extra: by hand, besides.
    """

    auto: float | None
    manual: float | None
    extra: float | None
    waits: bool

    @property
    def counted(self) -> float:
        """As nbgrader counts them."""
        given = self.auto if self.manual is None else self.manual
        return 0.0 if given is None else given + (self.extra or 0.0)


AllPoints = dict[tuple[str, str], dict[str, Points]]


def points_of(gradebook: Gradebook, labs: Collection[str]) -> AllPoints:
    """Points of all submissions of the labs, each by name of the check or question."""
    query = (
        select(
            *OWNER, BaseCell.name,
            Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .where(Assignment.name.in_(labs))
    )  # fmt: skip
    found: AllPoints = defaultdict(dict)
    for student, lab, name, *points in gradebook.db.execute(query):
        found[student, lab][name] = Points(*points)
    return dict(found)


def lateness_of(gradebook: Gradebook, labs: Collection[str]) -> dict[tuple[str, str], Lateness]:
    """When the submissions of the labs came, and what that cost."""
    query = (
        select(
            *OWNER, SubmittedAssignment.timestamp, Assignment.duedate,
            SubmittedAssignment.extension, SubmittedNotebook.late_submission_penalty,
        )
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(Assignment.name.in_(labs))
    )  # fmt: skip
    return {(student, lab): Lateness(*late) for student, lab, *late in gradebook.db.execute(query)}
