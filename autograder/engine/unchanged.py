"""Remembers what was graded, so that only what has changed since is graded again.

A result holds for as long as everything it depends on is the same: the file that was handed in, or
at least the student's cells in it; the lab's own cells; the course's data; the limits; the
versions. What lies in the gradebook by now must be what the checks gave, and a penalty what is due
for coming late; points given by hand are no change, they count.

`.autograder.db` at the course root holds nothing that grading cannot find out again, and may be
deleted at any time. An entry goes before its submission is graded and comes back after the
gradebook has the new scores: a run that is killed in between costs that submission a regrade.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.engine.fingerprint import fingerprint
from autograder.engine.intake import BadSubmission, Submission, read_file, taken
from autograder.engine.lab import ReleasedLab, kind_of
from autograder.engine.late import Lateness
from autograder.engine.points import Points
from autograder.engine.record import RESUME, CheckRow, Recorder, Result, outcome_of
from autograder.sandbox.limits import Limits

FILE = ".autograder.db"
LAYOUT = 1  # of the table; a file with another one is made anew
_TABLE = """CREATE TABLE IF NOT EXISTS graded (
    student TEXT, lab TEXT, circumstances TEXT, file TEXT, cells TEXT, result TEXT,
    PRIMARY KEY (student, lab)
)"""


def digest(*parts: bytes | str) -> str:
    """A fingerprint of the parts, and of where one ends and the next begins."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(b"%d " % len(data))
        whole.update(data)
    return whole.hexdigest()


def circumstances(
    labs: Iterable[ReleasedLab], data: Path, limits: Limits, confined: bool
) -> dict[str, str]:
    """A fingerprint for each lab of all that its results depend on besides the submission.

    data: the course's folder of that name; confined: whether student code runs in a sandbox.
    """
    common = digest(*_files(data), json.dumps([asdict(limits), confined, fingerprint()]))
    return {lab.name: digest(common, _cells(lab)) for lab in labs}


def _cells(lab: ReleasedLab) -> str:
    """The lab's cells but its prose, which no result depends on."""
    cells = [
        [cell.id, cell.metadata, cell.source]
        for cell in lab.notebook.cells
        if kind_of(cell) != "markdown"
    ]
    return json.dumps([lab.notebook.metadata, cells], sort_keys=True)


def _files(folder: Path) -> Iterator[bytes | str]:
    """Names and contents of all files in a folder, in order. Raises: CourseError."""
    folder = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(folder))
            try:
                with path.open("rb") as file:
                    yield hashlib.file_digest(file, "sha256").digest()
            except OSError as error:
                raise CourseError(f"{path} cannot be read: {error.strerror}.") from None


class Look:
    """What lies in a submission's folder at one moment.

    file: a fingerprint of it, or of the reason why nothing can be read there.
    """

    def __init__(self, folder: Path, lab: ReleasedLab) -> None:
        self.folder = folder
        self._lab = lab
        self._bad: BadSubmission | None = None
        try:
            self._data, self._notes = read_file(folder, lab.name)
            self.file = digest(self._data, *self._notes)
        except (BadSubmission, OSError) as error:
            self._bad = BadSubmission(str(error))
            self.file = digest(str(error))

    @cached_property
    def submission(self) -> Submission:
        """What grading takes of it. Raises: BadSubmission."""
        if self._bad is not None:
            raise self._bad
        return taken(self._data, self._notes, self._lab)

    @cached_property
    def cells(self) -> str | None:
        """A fingerprint of what grading takes of it; None where that is nothing."""
        try:
            return digest(json.dumps(asdict(self.submission)))
        except BadSubmission:
            return None


class Kept:
    """The results of earlier runs. Use as a context manager.

    circumstances: of each lab, now.

    Everything raises CourseError where another program holds the file, or the disk is full.
    """

    def __init__(self, course: Course, circumstances: dict[str, str]) -> None:
        self._path = course.root / FILE
        self._circumstances = circumstances

    def __enter__(self) -> Kept:
        with self._told():
            try:
                self._db = self._opened()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged, or not one of ours
                for path in (self._path, self._path.with_name(f"{FILE}-journal")):
                    path.unlink(missing_ok=True)
                self._db = self._opened()
        return self

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path)
        try:
            # Nothing waits for the disk: what a power cut takes from this file is graded again.
            db.execute("PRAGMA synchronous = OFF")
            (layout,) = db.execute("PRAGMA user_version").fetchone()
            if layout not in (0, LAYOUT) or db.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError
            if layout == 0:
                db.execute(_TABLE)
                db.execute(f"PRAGMA user_version = {LAYOUT}")
        except BaseException:
            db.close()
            raise
        return db

    def __exit__(self, *error: object) -> None:
        with self._told():
            self._db.commit()
        self._db.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CourseError(f"{self._path} cannot be written: {error}. {RESUME}") from error

    def find(self, student: str, lab: str, look: Look) -> Result | None:
        """The result of what was found at this look, if it was graded as it would be now."""
        with self._told():
            row = self._db.execute(
                "SELECT file, cells, result FROM graded "
                "WHERE student = ? AND lab = ? AND circumstances = ?",
                (student, lab, self._circumstances[lab]),
            ).fetchone()
            if row is None:
                return None
            file, cells, result = row
            if file != look.file:
                if cells is None or cells != look.cells:
                    return None
                # Saved anew, without a change that counts: next time the file alone will do.
                self._db.execute(
                    "UPDATE graded SET file = ? WHERE student = ? AND lab = ?",
                    (look.file, student, lab),
                )
        told = json.loads(result)
        checks = [CheckRow(**check) for check in told.pop("checks")]
        return Result(**told, checks=checks)

    def forget(self, submissions: Iterable[tuple[str, str]]) -> None:
        """Forgets submissions, given as student and lab, for good: they are about to be graded."""
        with self._told():
            self._db.executemany("DELETE FROM graded WHERE student = ? AND lab = ?", submissions)
            self._db.commit()

    def keep(self, result: Result, look: Look) -> None:
        """Remembers the result of what was found at a look."""
        values = (
            result.student, result.lab, self._circumstances[result.lab], look.file, look.cells,
            json.dumps(asdict(result)),
        )  # fmt: skip
        with self._told():
            self._db.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?, ?, ?, ?)", values)
            self._db.commit()


def still_holds(
    student: str, lab: ReleasedLab, look: Look, kept: Kept, recorder: Recorder,
    points: dict[str, Points], late: Lateness | None,
) -> Result | None:  # fmt: skip
    """An earlier result of a submission with what was given by hand since; None to grade it again.

    points: of the submission's grades in the gradebook, by name. late: None where the gradebook
    has no such submission.
    """
    earlier = kept.find(student, lab.name, look)
    if earlier is None:
        return None
    if late is not None:
        counted = sum(p.counted for p in points.values())
        if not recorder.penalties.holds(look.folder, counted, late):
            return None
    if earlier.status == "failed":
        again = recorder.failed(student, lab, earlier.note, earlier.seconds)
        return replace(again, unchanged=True)
    if points.keys() != {check.check for check in earlier.checks}:
        return None
    if any(points[check.check].auto != check.auto for check in earlier.checks):
        return None
    if any(p.manual is None and p.waits != (p.auto is None) for p in points.values()):
        return None
    if not recorder.notebook_of(student, lab).is_file():
        return None
    checks = [
        replace(
            check,
            points=points[check.check].counted,
            outcome=outcome_of(points[check.check], check.outcome),
        )
        for check in earlier.checks
    ]
    return replace(
        earlier,
        score=sum(check.points for check in checks),
        needs_manual_grade=any(p.waits for p in points.values()),
        checks=checks,
        unchanged=True,
    )
