"""Writes results down: nbgrader's gradebook, the autograded notebook, two CSV files.

Only this module writes to the gradebook, one transaction for each submission.
"""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import (
    Assignment,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    Notebook,
    SourceCell,
    Student,
    SubmittedAssignment,
)
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_locked, is_solution
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from autograder.course import Course, CourseError
from autograder.engine.execute import Execution
from autograder.engine.intake import BadSubmission
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.late import Lateness, LatePenalties, handed_in
from autograder.engine.points import AllPoints, Points, lateness_of, points_of
from autograder.engine.sanitise import sanitise
from autograder.examiner.checks import NOT_ATTEMPTED, PASSED, Verdict

GRADE_FIELDS = ("student_id", "lab", "score", "max_score", "needs_manual_grade", "status",
                "seconds", "note")  # fmt: skip
CHECK_FIELDS = ("student_id", "lab", "check", "points", "max_points", "outcome", "message")
NOT_GRADED, BY_HAND, WAITS = "not graded", "graded by hand", "needs manual grade"
NOTHING = "nothing was handed in"
RESUME = "What was graded before is kept; mend this and grade again."
VERDICT = "autograder"  # in a check's metadata: its outcome and message
SIGNS = tuple("=+-@")  # that a formula begins with in a spreadsheet
MAX_TEXT = 2_000  # characters of a note or a message in the tables


@dataclass(frozen=True)
class CheckRow:
    """One line of `checks.csv`. auto: the points without those by hand; None for a hand to give."""

    check: str
    points: float
    max_points: float
    outcome: str
    message: str = ""
    auto: float | None = None


@dataclass
class Result:
    """One line of `grades.csv`, and its checks.

    status: graded, partial (some cell or check could not be run to its end), failed (not graded)
    or missing. note: one line for the instructor about anything irregular. unchanged: whether it
    was graded in an earlier run.
    """

    student: str
    lab: str
    score: float
    max_score: float
    needs_manual_grade: bool
    status: str
    seconds: float = 0.0
    note: str = ""
    checks: list[CheckRow] = field(default_factory=list)
    unchanged: bool = False


def open_gradebook(course: Course) -> Gradebook:
    """The course's gradebook, made anew where there is none. Raises: CourseError."""
    if shutil.which("alembic") is None:
        # nbgrader calls it by name to make a new database; it lies beside our Python.
        beside = os.path.dirname(sys.executable)
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])
    try:
        _make_gradebook(course)
        return Gradebook(course.gradebook_url, course.directories.course_id)
    except Exception as error:  # SQLAlchemy, alembic and drivers each have their own
        raise CourseError(
            f"the gradebook {_shown(course)} cannot be opened: {_reason(error)}. {RESUME}"
        ) from error


class Recorder:
    """The gradebook of a course, open for one run. penalties: what being late costs there."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self.penalties = LatePenalties(course)
        self._gradebook = open_gradebook(course)
        with self._told(f"the gradebook {_shown(course)} cannot be opened"):
            self._try_to_write()

    def close(self) -> None:
        self._gradebook.close()

    def _try_to_write(self) -> None:
        """Finds out before a class is graded whether the gradebook takes what is graded."""
        self._gradebook.db.execute(text("UPDATE course SET id = id"))
        self._gradebook.db.rollback()

    def students(self) -> set[str]:
        """Ids of the students that the gradebook knows."""
        with self._told("the gradebook cannot be read"):
            return set(self._gradebook.db.scalars(select(Student.id)))

    def points(self, labs: Collection[str]) -> AllPoints:
        """As `points_of`."""
        with self._told("the gradebook cannot be read"):
            return points_of(self._gradebook, labs)

    def lateness(self, labs: Collection[str]) -> dict[tuple[str, str], Lateness]:
        """As `lateness_of`."""
        with self._told("the gradebook cannot be read"):
            return lateness_of(self._gradebook, labs)

    def notebook_of(self, student: str, lab: ReleasedLab) -> Path:
        """Where the autograded notebook lies."""
        return self._course.autograded_directory / student / lab.name / f"{lab.name}.ipynb"

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Says what could not be done when the disk or the database does not do it.

        Raises: CourseError, and takes back what was not yet committed.
        """
        log = logging.getLogger("tornado.application")
        log.disabled = True  # nbgrader logs an error with its traceback and then raises it
        try:
            yield
        except (OSError, SQLAlchemyError, InvalidEntry) as error:
            with contextlib.suppress(SQLAlchemyError):  # the first error is the one to tell
                self._gradebook.db.rollback()
            raise CourseError(f"{what}: {_reason(error)}. {RESUME}") from error
        finally:
            log.disabled = False

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """nbgrader commits row by row; here a submission is there with all its scores or not."""
        db = self._gradebook.db
        db.commit = db.flush
        try:
            yield
        finally:
            del db.commit
        db.commit()

    def add_students(self, students: Iterable[str]) -> None:
        """Makes the gradebook know students, all or none of them."""
        with self._told("the students cannot be written into the gradebook"), self._at_once():
            for student in sorted(set(students)):
                self._gradebook.update_or_create_student(student)

    def add_lab(self, lab: ReleasedLab) -> None:
        """Makes the gradebook know the lab as it was released.

        Raises: CourseError when submissions were graded with other cells than the lab has now.
        """
        if self._knows(lab):
            return
        resources = {"nbgrader": {
            "notebook": lab.name, "assignment": lab.name, "db_url": self._course.gradebook_url,
        }}  # fmt: skip
        try:
            with self._told(f"{lab.name} cannot be written into the gradebook"):
                self._gradebook.update_or_create_assignment(lab.name)
                SaveCells().preprocess(nbformat.from_dict(lab.notebook), resources)
        except RuntimeError as error:
            raise CourseError(
                f"{error}. The gradebook holds scores for other cells of {lab.name} than it has "
                "now: restore the released ids, or grade into a new gradebook."
            ) from None
        self._gradebook.db.expire_all()

    def _knows(self, lab: ReleasedLab) -> bool:
        """Whether the gradebook has the lab's cells as they are; nbgrader takes long to find out.

        A source is what nbgrader writes last of a cell; its checksum is over the points too.
        """
        query = (
            select(SourceCell.name, SourceCell.cell_type, SourceCell.locked, SourceCell.source,
                   SourceCell.checksum)
            .join(Notebook, SourceCell.notebook_id == Notebook.id)
            .join(Assignment, Notebook.assignment_id == Assignment.id)
            .where(Assignment.name == lab.name, Notebook.name == lab.name)
        )  # fmt: skip
        with self._told("the gradebook cannot be read"):
            known = {tuple(row) for row in self._gradebook.db.execute(query)}
        return known == {
            (name, cell.cell_type, is_locked(cell), cell.source, cell.metadata.nbgrader.checksum)
            for name, cell in lab.graded_cells.items()
        }

    def save(
        self, student: str, lab: ReleasedLab, execution: Execution, notes: list[str]
    ) -> Result:
        """Saves a submission: its notebook and all its scores, or nothing of it.

        Raises: CourseError when that cannot be done; what was saved earlier stays.
        """
        sanitise(execution.notebook, lab)
        graft(execution)
        with self._told(f"{lab.name} of {student} cannot be written down"):
            content = nbformat.writes(execution.notebook, version=4) + "\n"
            with written(self.notebook_of(student, lab), content), self._at_once():
                submission, rows = self._scores(student, lab, execution)
                late = self._lateness(submission)
        lost = [v for v in execution.verdicts.values()
                if v.outcome in ("timed out", "crashed", "out of memory")]  # fmt: skip
        return Result(
            student=student,
            lab=lab.name,
            score=submission.score,
            max_score=lab.max_score,
            needs_manual_grade=submission.needs_manual_grade,
            status="partial" if lost or execution.notes else "graded",
            seconds=execution.seconds,
            note=one_line("; ".join(dict.fromkeys([*late, *notes, *execution.notes]))),
            checks=rows,
        )

    def _scores(
        self, student: str, lab: ReleasedLab, execution: Execution
    ) -> tuple[SubmittedAssignment, list[CheckRow]]:
        """Puts the scores and comments into the gradebook's rows of a submission."""
        gradebook = self._gradebook
        gradebook.update_or_create_student(student)
        with gradebook.db.no_autoflush:  # nbgrader links the new rows to each other one by one
            submission = gradebook.update_or_create_submission(lab.name, student)
        (notebook,) = submission.notebooks
        grades = {grade.name: grade for grade in notebook.grades}
        comments = {comment.name: comment for comment in notebook.comments}
        rows = []
        for cell in execution.notebook.cells:
            if is_grade(cell):
                grade = grades[grade_id(cell)]
                grade.auto_score, most = determine_grade(cell)
                # As nbgrader has it: a grade by hand stays, and is marked for a second look.
                grade.needs_manual_grade = (
                    grade.manual_score is not None or grade.auto_score is None
                )
                points = Points(
                    grade.auto_score, grade.manual_score, grade.extra_credit,
                    grade.needs_manual_grade,
                )  # fmt: skip
                rows.append(_row(cell, points, most, execution))
            if is_solution(cell):
                comment = comments[grade_id(cell)]
                same = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
                comment.auto_comment = "No response." if same else None
        return submission, rows

    def _lateness(self, submission: SubmittedAssignment) -> list[str]:
        """Notes the time of handing in and the penalty, and returns what to say of them."""
        student, lab = submission.student_id, submission.assignment.name
        said = []
        try:
            # As nbgrader has it: without the file, a time that is known already stays.
            time = handed_in(self._course.submitted_directory / student / lab)
            submission.timestamp = time or submission.timestamp
        except BadSubmission as bad:
            said.append(f"whether it came late is not known: {bad}")
        self._gradebook.db.flush()
        (notebook,) = submission.notebooks
        self._gradebook.db.refresh(notebook)  # its score is a sum that the database makes
        return [*said, *filter(None, [self.penalties.put(submission, notebook)])]

    def failed(self, student: str, lab: ReleasedLab, reason: str, seconds: float) -> Result:
        """A submission that could not be graded. What the gradebook holds of it stays."""
        reason = one_line(reason)
        self._gradebook.db.rollback()  # what a save that went wrong left half done
        return Result(student, lab.name, 0.0, lab.max_score, False, "failed", seconds,
                      reason + self._earlier(student, lab), _ungraded(lab, reason))  # fmt: skip

    def missing(self, students: list[str], lab: ReleasedLab) -> list[Result]:
        """Students who have handed nothing in for a lab."""
        known = self.points([lab.name]) if students else {}
        results = []
        for student in students:
            note = NOTHING
            if points := known.get((student, lab.name)):
                note += _kept(sum(p.counted for p in points.values()))
            results.append(
                Result(student, lab.name, 0.0, lab.max_score, False, "missing", note=note)
            )
        return results

    def _earlier(self, student: str, lab: ReleasedLab) -> str:
        """Words about a score that the gradebook still holds, or nothing."""
        with self._told("the gradebook cannot be read"):
            try:
                return _kept(self._gradebook.find_submission(lab.name, student).score)
            except MissingEntry:
                return ""


def _kept(score: float) -> str:
    return f" (the gradebook keeps the earlier score, {score:g})"


def _make_gradebook(course: Course) -> None:
    """Makes a new gradebook aside and puts it in its place whole.

    nbgrader makes its tables first and notes their version later; a gradebook without the version
    would never get it.
    """
    url = make_url(course.gradebook_url)
    if url.get_backend_name() != "sqlite" or not url.database or ":" in url.database[:5]:
        return
    path = Path(url.database)
    if path.exists() and path.stat().st_size:
        return
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    try:
        Gradebook(str(url.set(database=str(aside))), course.directories.course_id).close()
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _shown(course: Course) -> str:
    """The gradebook's address without a password, if there is one in it."""
    return re.sub(r"(://[^/@]*?:)[^/@]*@", r"\1***@", course.gradebook_url)


def _reason(error: Exception) -> str:
    """Why the disk or the database refused, in its own words alone."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    # SQLAlchemy adds the statement; nbgrader hands on what SQLAlchemy said, but for its cause.
    words = str(getattr(error, "orig", None) or (error.args[0] if error.args else error))
    return one_line(re.sub(r"^\([\w.]+\) ", "", words))


def graft(execution: Execution) -> None:
    """Puts each verdict beside its check, and makes sure that nbgrader reads the same of the cell.

    A check without a verdict must not count as passed because its cell has no output.
    """
    for cell in execution.notebook.cells:
        if not is_grade(cell) or cell.cell_type != "code":
            continue
        verdict = execution.verdicts.get(grade_id(cell))
        if verdict is None:
            raise AssertionError(f"{grade_id(cell)} has no verdict")
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed == (verdict.outcome == PASSED):
            raise AssertionError(f"{grade_id(cell)} shows another verdict than {verdict.outcome}")
        cell.metadata[VERDICT] = {"outcome": verdict.outcome, "message": verdict.message}


def one_line(text: str) -> str:
    """Text from a submission as a table can hold it: one line, no control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"


def outcome_of(points: Points, verdict: str) -> str:
    """An outcome with what a hand has done. verdict: the check's, or any for a question."""
    if points.manual is not None and not points.waits:
        return BY_HAND
    return WAITS if points.auto is None else verdict


def _row(cell: NotebookNode, points: Points, most: float, execution: Execution) -> CheckRow:
    verdict = execution.verdicts.get(grade_id(cell), Verdict(NOT_ATTEMPTED))
    outcome = outcome_of(points, verdict.outcome)
    message = one_line(verdict.message)
    return CheckRow(grade_id(cell), points.counted, most, outcome, message, points.auto)


def _ungraded(lab: ReleasedLab, reason: str) -> list[CheckRow]:
    points = {**lab.checks, **lab.questions}
    return [CheckRow(name, 0.0, most, NOT_GRADED, reason) for name, most in points.items()]


def no_formula(value: str) -> str:
    """A value that no spreadsheet takes for a formula; the words may be a student's."""
    return f"'{value}" if value[:1] in SIGNS else value


def with_formula(value: str) -> str:
    """The value that `no_formula` was given."""
    return value[1:] if value[:1] == "'" and value[1:2] in SIGNS else value


def write_csv_files(course: Course, results: Iterable[Result]) -> tuple[Path, Path]:
    """Writes `grades.csv` and `checks.csv`; lines of labs and students not in `results` stay.

    Raises: CourseError when a table cannot be written; the old one is still there then.
    """
    results = list(results)
    done = {(r.student, r.lab) for r in results}
    grades = [
        [r.student, r.lab, f"{r.score:g}", f"{r.max_score:g}", str(r.needs_manual_grade).lower(),
         r.status, f"{r.seconds:.2f}", r.note]
        for r in results
    ]  # fmt: skip
    checks = [
        [r.student, r.lab, c.check, f"{c.points:g}", f"{c.max_points:g}", c.outcome, c.message]
        for r in results
        for c in r.checks
    ]
    paths = course.root / "grades.csv", course.root / "checks.csv"
    for path, fields, rows in zip(paths, (GRADE_FIELDS, CHECK_FIELDS), (grades, checks),
                                  strict=True):  # fmt: skip
        kept = [row for row in read_table(path, fields) if (row[0], row[1]) not in done]
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(fields)
        rows = [[no_formula(value) for value in row] for row in rows]
        writer.writerows(sorted(kept + rows, key=lambda row: (row[1], row[0])))
        try:
            write_atomically(path, table.getvalue())
        except OSError as error:
            raise CourseError(
                f"{path.name} cannot be written: {_reason(error)}. The gradebook has the scores; "
                "mend this and grade again."
            ) from error
    return paths


def read_table(path: Path, fields: tuple[str, ...]) -> list[list[str]]:
    """Rows of a table that `write_csv_files` wrote, in the order of the fields; none if it did not.

    Raises: CourseError when the file cannot be read.
    """
    if not path.is_file():
        return []
    # A spreadsheet may have saved it since, in its own way.
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, csv.Error) as error:
        raise CourseError(f"{path.name} cannot be read: {error}") from error
    # A file with other columns is not ours to merge into; it is written anew.
    ours = rows and tuple(rows[0]) == fields
    if not ours:
        return []
    return [[with_formula(value) for value in row] for row in rows[1:] if len(row) == len(fields)]


def write_atomically(path: Path, content: str) -> None:
    """Writes a file whole, or leaves the old one."""
    with written(path, content):
        pass


@contextlib.contextmanager
def written(path: Path, content: str) -> Iterator[None]:
    """Writes a file aside, and puts it in its place when the block has done its part too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)  # what there is of it may be what fills the disk
        raise
