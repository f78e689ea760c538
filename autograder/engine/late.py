"""Late submissions, as stock nbgrader has them: due dates, extensions, penalties by a plugin.

The due date is the assignment's (the formgrader or `nbgrader db assignment add --duedate` sets
it), the time of handing in stands in `timestamp.txt` beside the notebook, where `nbgrader submit`
and `collect` write it, and `c.AssignLatePenalties.plugin_class` decides what being late costs.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from traitlets import TraitError

from autograder.course import Course, CourseError
from autograder.engine.intake import BadSubmission, read_beside

TIMESTAMP = "timestamp.txt"


def handed_in(folder: Path) -> datetime | None:
    """When the submission in `submitted/<student>/<lab>` was handed in: UTC, without a zone.

    None where no file says so.

    Raises: BadSubmission for a file that does not hold a time.
    """
    data = read_beside(folder, TIMESTAMP)
    try:
        text = (data or b"").decode("utf-8-sig").strip()
        return parse_utc(text) if text else None
    except (ValueError, OverflowError, TypeError):
        raise BadSubmission(f"{TIMESTAMP} holds no date and time") from None


class Lateness(NamedTuple):
    """What the gradebook holds of when a submission came, and what that cost."""

    timestamp: datetime | None
    duedate: datetime | None
    extension: timedelta | None
    penalty: float | None

    @property
    def seconds(self) -> float:
        """Late, as nbgrader counts it."""
        if self.timestamp is None or self.duedate is None:
            return 0.0
        late = self.timestamp - self.duedate - (self.extension or timedelta())
        return max(0.0, late.total_seconds())


class LatePenalties:
    """The course's plugin for late submissions."""

    def __init__(self, course: Course) -> None:
        """Raises: CourseError when the configured plugin cannot be loaded."""
        try:
            with _importable(course.root):
                nbgraders = AssignLatePenalties(config=course.config)
                nbgraders.init_plugin()
        except (TraitError, ImportError) as error:
            raise CourseError(
                f"the plugin for late submissions cannot be loaded: {error}"
            ) from None
        self._plugin = nbgraders.plugin_inst

    def put(self, submission: SubmittedAssignment, notebook: SubmittedNotebook) -> str:
        """Sets the penalty of a submission whose scores and time are set.

        Returns: one line for the instructor about a late submission, or an empty string.
        """
        late = submission.total_seconds_late
        notebook.late_submission_penalty = self.due(submission.student_id, notebook.score, late)
        if not late > 0:
            return ""
        points = f", penalty {notebook.late_submission_penalty or 0:g}"
        return f"handed in {_span(late)} late{points}"

    def due(self, student: str, score: float, late: float) -> float | None:
        """The plugin's points for so many seconds, between none and all of the score, as nbgrader
        keeps them; None where nothing is due."""
        if not late > 0:
            return None
        penalty = self._plugin.late_submission_penalty(student, score, late)
        return None if penalty is None else min(max(0.0, penalty), score)

    def holds(self, folder: Path, score: float, known: Lateness) -> bool:
        """Whether what the gradebook holds is still so, with the score that there is now."""
        try:
            time = handed_in(folder) or known.timestamp
        except BadSubmission:
            time = known.timestamp
        due = self.due(folder.parent.name, score, known.seconds)
        return time == known.timestamp and due == known.penalty


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """nbgrader finds a plugin's module beside its configuration; so does this."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _span(seconds: float) -> str:
    """A length of time as people say it: its two largest units."""
    span = timedelta(seconds=int(seconds))
    hours, rest = divmod(span.seconds, 3600)
    units = [(span.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    while len(units) > 1 and not units[0][0]:
        del units[0]
    return " ".join(f"{count} {unit}" for count, unit in units[:2] if count) or "less than 1 s"
