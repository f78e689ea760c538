"""What an instructor should know of a class, computed from what `autograder grade` wrote.

Outcomes, messages, notes and times are those of `grades.csv` and `checks.csv`; points are the
gradebook's, so that what was given by hand counts. The gradebook is read in three queries, however
large the class.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from nbgrader.api import Gradebook, Student
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from autograder.course import Course, CourseError
from autograder.engine.lab import ReleasedLab
from autograder.engine.points import AllPoints, Points, lateness_of, points_of
from autograder.engine.record import (
    BY_HAND,
    CHECK_FIELDS,
    GRADE_FIELDS,
    NOT_GRADED,
    WAITS,
    one_line,
    open_gradebook,
    read_table,
)
from autograder.examiner.checks import NOT_ATTEMPTED, PASSED

PARTLY = "partly right"
NO_ANSWER = {PASSED, PARTLY, NOT_ATTEMPTED, NOT_GRADED, WAITS, BY_HAND, ""}
GRADED = ("graded", "partial")
STATUSES = (*GRADED, "failed", "missing")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")

UNDER, FALL = 0.5, 0.3  # shares of the points: see `attention`


# What was graded ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lab:
    """A lab of the course. short: its name where there is little room.

    points: of its checks and questions, by grade id, in their order.
    """

    name: str
    short: str
    title: str
    points: dict[str, float]
    questions: frozenset[str] = frozenset()

    @property
    def most(self) -> float:
        return sum(self.points.values())


@dataclass(frozen=True, slots=True)
class Mark:
    """A check or question of one submission.

    points: None while a question waits for its first grade. again: points were given by hand and
    the answer has been graded anew since, so it is marked for a second look.
    """

    points: float | None
    outcome: str
    message: str = ""
    again: bool = False


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one lab. status, seconds and note are those of `Result`."""

    student: str
    lab: Lab
    status: str
    seconds: float = 0.0
    note: str = ""
    penalty: float = 0.0
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def graded(self) -> bool:
        return self.status in GRADED

    @property
    def score(self) -> float:
        """Points, less what was taken off for coming late."""
        return max(0.0, sum(mark.points or 0.0 for mark in self.marks.values()) - self.penalty)

    @property
    def decided(self) -> float:
        """The most that could be had so far: without the questions that wait for a person."""
        return sum(self.lab.points[name] for name, mark in self.marks.items()
                   if mark.points is not None)  # fmt: skip

    @property
    def share(self) -> float | None:
        """The score as a share of what is decided; None where nothing could be graded."""
        return self.score / self.decided if self.graded and self.decided else None

    @property
    def waits(self) -> bool:
        """Whether a person still has to look at it."""
        return any(mark.points is None or mark.again for mark in self.marks.values())

    def missed(self) -> Iterator[tuple[str, Mark]]:
        """The checks without all their points, and the questions without an answer."""
        for name, mark in self.marks.items():
            short = mark.points is not None and mark.points < self.lab.points[name]
            if short and (name not in self.lab.questions or mark.outcome == NOT_ATTEMPTED):
                yield name, mark


@dataclass(frozen=True)
class ClassResults:
    """All submissions of a course. students: what each is called, or nothing, by id."""

    course: str
    labs: list[Lab]
    students: dict[str, str]
    submissions: dict[tuple[str, str], Submission]

    def of_lab(self, lab: Lab) -> list[Submission]:
        return [s for (_, name), s in self.submissions.items() if name == lab.name]

    def of_student(self, student: str) -> list[Submission]:
        """In the order of the labs."""
        found = (self.submissions.get((student, lab.name)) for lab in self.labs)
        return [submission for submission in found if submission is not None]


def read_class(course: Course) -> ClassResults:
    """Everything that was graded of the labs that the course has now.

    Raises: CourseError when nothing was graded yet, or what was written cannot be read.
    """
    names = course.labs()
    rows = [row for row in read_table(course.root / "grades.csv", GRADE_FIELDS)
            if row[1] in names and row[5] in STATUSES]  # fmt: skip
    if not rows:
        raise CourseError(f"nothing was graded in {course.root} yet: run `autograder grade`.")
    there = {row[1] for row in rows}
    called = _short([name for name in names if name in there])
    labs = {name: _lab(course, name, short) for name, short in called.items()}
    outcomes: dict[tuple[str, str], dict[str, tuple[str, str]]] = defaultdict(dict)
    for student, lab, check, _, _, outcome, message in read_table(
        course.root / "checks.csv", CHECK_FIELDS
    ):
        outcomes[student, lab][check] = outcome, message
    if not outcomes and any(row[5] in GRADED for row in rows):
        raise CourseError(
            f"{course.root} has no checks.csv as `autograder grade` writes it: grade again."
        )
    gradebook = open_gradebook(course)
    try:
        people, grades, penalties = _gradebook(gradebook, list(labs))
    except SQLAlchemyError as error:
        reason = one_line(str(getattr(error, "orig", None) or error))
        raise CourseError(f"the gradebook cannot be read: {reason}.") from error
    finally:
        gradebook.close()
    submissions = {}
    for student, name, _, _, _, status, seconds, note in sorted(rows):
        lab, key = labs[name], (student, name)
        marks = _marks(lab, outcomes.get(key, {}), grades.get(key, {}))
        submissions[key] = Submission(
            student, lab, status, _number(seconds), note, penalties.get(key, 0.0), marks
        )
    students = {key[0]: people.get(key[0], "") for key in submissions}
    return ClassResults(course.directories.course_id, list(labs.values()), students, submissions)


def _short(names: list[str]) -> dict[str, str]:
    """lab1 for lab1_lookup_vs_onehot, where that tells the labs apart."""
    firsts = [name.split("_")[0] for name in names]
    return dict(zip(names, firsts if len(set(firsts)) == len(names) else names, strict=True))


def _lab(course: Course, name: str, short: str) -> Lab:
    released = ReleasedLab.load(course, name)
    points = {**released.checks, **released.questions}
    ordered = {key: points[key] for key in released.graded_cells if key in points}
    return Lab(name, short, released.title, ordered, frozenset(released.questions))


def _number(value: str) -> float:
    """A number of `grades.csv`. Raises: CourseError; a spreadsheet may have rewritten the file."""
    try:
        return float(value)
    except ValueError:
        raise CourseError(
            f"grades.csv has {value!r} where a number of seconds is expected: "
            "run `autograder grade`, which writes it anew."
        ) from None


def _gradebook(
    gradebook: Gradebook, labs: list[str]
) -> tuple[dict[str, str], AllPoints, dict[tuple[str, str], float]]:
    """What students are called, the points of all submissions, and penalties for late ones."""
    called = {
        id_: " ".join(part for part in (first, last) if part)
        for id_, first, last in gradebook.db.execute(
            select(Student.id, Student.first_name, Student.last_name)
        )
    }
    late = lateness_of(gradebook, labs)
    penalties = {key: max(0.0, lateness.penalty or 0.0) for key, lateness in late.items()}
    return called, points_of(gradebook, labs), penalties


def _marks(
    lab: Lab, outcomes: dict[str, tuple[str, str]], grades: dict[str, Points]
) -> dict[str, Mark]:
    """A mark for each check and question that the gradebook has a grade of."""
    marks = {}
    for name, most in lab.points.items():
        if name not in grades:
            continue
        grade = grades[name]
        by_hand = grade.manual is not None
        known = by_hand or grade.auto is not None
        outcome, message = outcomes.get(name, ("", ""))
        if name in lab.questions:
            outcome = BY_HAND if by_hand else NOT_ATTEMPTED if known else WAITS
        elif outcome == PASSED and grade.counted < most:
            outcome = PARTLY
        points = grade.counted if known else None
        marks[name] = Mark(points, outcome, message, by_hand and grade.waits)
    return marks


# What it says of the checks and the labs ----------------------------------------------------------


@dataclass(frozen=True)
class CheckNumbers:
    """A check or question over all graded submissions.

    earned: the share of them with all its points; None while an answer waits for a person, since
    those already graded may not be like the others. discrimination: see `point_biserial`.
    """

    name: str
    most: float
    earned: float | None
    discrimination: float | None
    outcomes: Counter[str]


@dataclass(frozen=True)
class LabNumbers:
    """A lab over its submissions. shares: of the points, one for each graded one, ascending."""

    lab: Lab
    statuses: Counter[str]
    shares: np.ndarray
    seconds: np.ndarray
    full: int
    waiting: int
    checks: list[CheckNumbers]

    @property
    def count(self) -> int:
        return sum(self.statuses.values())

    @property
    def graded(self) -> int:
        return self.statuses["graded"] + self.statuses["partial"]


def point_biserial(earned: np.ndarray, rest: np.ndarray) -> float | None:
    """Correlation of a yes or no, bool (n,), with a number, (n,).

    (mean of the yes - mean of the no) / standard deviation * sqrt(share of yes * share of no).
    None where it is undefined: all say the same, or all numbers are equal.
    """
    if len(earned) < 2 or earned.all() or not earned.any() or np.ptp(rest) == 0:
        return None
    yes = earned.mean()
    apart = rest[earned].mean() - rest[~earned].mean()
    return float(apart / rest.std() * np.sqrt(yes * (1 - yes)))


def lab_numbers(lab: Lab, submissions: Iterable[Submission]) -> LabNumbers:
    """The numbers of one lab."""
    submissions = list(submissions)
    graded = [s for s in submissions if s.graded]
    shares = np.sort([share for s in graded if (share := s.share) is not None])
    return LabNumbers(
        lab=lab,
        statuses=Counter(s.status for s in submissions),
        shares=np.asarray(shares, float),
        seconds=np.sort(np.array([s.seconds for s in graded], float)),
        full=int(np.sum(shares >= 1 - 1e-9)) if len(shares) else 0,
        waiting=sum(s.waits for s in submissions),
        checks=list(_check_numbers(lab, graded)),
    )


def _check_numbers(lab: Lab, graded: list[Submission]) -> Iterator[CheckNumbers]:
    names = list(lab.points)
    points = np.full((len(graded), len(names)), np.nan)
    outcomes: list[Counter[str]] = [Counter() for _ in names]
    for n, submission in enumerate(graded):
        for k, name in enumerate(names):
            mark = submission.marks.get(name)
            if mark is not None:
                outcomes[k][mark.outcome] += 1
                if mark.points is not None:
                    points[n, k] = mark.points
    # The rest of a score is that of the checks alone: it must not move while questions are graded.
    by_checks = np.nan_to_num(points)
    by_checks[:, [name in lab.questions for name in names]] = 0
    for k, name in enumerate(names):
        own = points[:, k] >= lab.points[name]
        rest = np.delete(by_checks, k, axis=1).sum(axis=1)
        known = len(graded) > 0 and not np.isnan(points[:, k]).any()
        yield CheckNumbers(
            name=name,
            most=lab.points[name],
            earned=float(own.mean()) if known else None,
            discrimination=point_biserial(own, rest) if known else None,
            outcomes=outcomes[k],
        )


@dataclass(frozen=True)
class WrongAnswer:
    """A message that students met. share: of the lab's graded submissions."""

    lab: Lab
    check: str
    outcome: str
    message: str
    count: int
    share: float


def wrong_answers(submissions: Iterable[Submission]) -> list[WrongAnswer]:
    """What students got wrong by the message they met, the most frequent first.

    Messages that differ in their numbers alone are counted together, under the most frequent one.
    """
    graded = [s for s in submissions if s.graded]
    of_lab = Counter(s.lab.name for s in graded)
    labs = {s.lab.name: s.lab for s in graded}
    wordings: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for submission in graded:
        for name, mark in submission.marks.items():
            if mark.outcome not in NO_ANSWER:
                key = submission.lab.name, name, mark.outcome, NUMBER.sub("#", mark.message)
                wordings[key][mark.message] += 1
    found = []
    for (lab, check, outcome, _), counts in wordings.items():
        message = min(counts, key=lambda words: (-counts[words], words))
        count = counts.total()
        found.append(WrongAnswer(labs[lab], check, outcome, message, count, count / of_lab[lab]))
    return sorted(found, key=lambda w: (-w.count, w.lab.name, w.check, w.message))


# What asks for a person ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Attention:
    """A student to look after. reasons: the rules that say so, each with its particulars."""

    student: str
    score: float
    decided: float
    reasons: list[tuple[str, str]]


RULES = {
    "not graded": "a file could not be graded",
    "missing": "nothing was handed in for a lab that at least half of the class has handed in",
    "under half": "less than half of the points of the labs that were graded",
    "falling": "the last lab lies at least 30 points of 100 below the mean of those before it",
}


def attention(results: ClassResults) -> list[Attention]:
    """Students that one of the `RULES` names: those whom most of them name come first."""
    statuses: dict[str, Counter[str]] = defaultdict(Counter)
    for submission in results.submissions.values():
        statuses[submission.lab.name][submission.status] += 1
    expected = {lab for lab, counts in statuses.items()
                if counts["missing"] <= counts.total() / 2}  # fmt: skip
    found = []
    for student in results.students:
        own = results.of_student(student)
        graded = [s for s in own if s.share is not None]
        score, decided = sum(s.score for s in graded), sum(s.decided for s in graded)
        reasons = []
        if failed := [s.lab.short for s in own if s.status == "failed"]:
            reasons.append(("not graded", ", ".join(failed)))
        if missing := [s.lab.short for s in own
                       if s.status == "missing" and s.lab.name in expected]:  # fmt: skip
            reasons.append(("missing", ", ".join(missing)))
        if decided and score < UNDER * decided:
            reasons.append(("under half", f"{score:g} of {decided:g}"))
        shares = [s.share for s in graded]
        before = sum(shares[:-1]) / len(shares[:-1]) if len(shares) > 1 else 0.0
        if len(shares) > 1 and before - shares[-1] >= FALL - 1e-9:
            last = f"{graded[-1].lab.short}: {shares[-1]:.0%} after {before:.0%}"
            reasons.append(("falling", last))
        if reasons:
            found.append(Attention(student, score, decided, reasons))
    return sorted(found, key=lambda a: (-len(a.reasons), a.score / (a.decided or 1), a.student))


def not_graded(results: ClassResults) -> list[Submission]:
    """Submissions that failed, and then those of which a part could not be run to its end."""
    found = [s for s in results.submissions.values() if s.status in ("failed", "partial")]
    return sorted(found, key=lambda s: (s.status != "failed", s.lab.name, s.student))


@dataclass(frozen=True)
class Waiting:
    """A question of a lab, and how far it is graded. The first two are students."""

    lab: Lab
    question: str
    new: list[str]
    again: list[str]
    by_hand: int
    not_answered: int


def waiting(results: ClassResults) -> list[Waiting]:
    """Every question of every lab; also checks that were graded by hand, to look at again."""
    found = []
    for lab in results.labs:
        submissions = results.of_lab(lab)
        for name in lab.points:
            marks = {s.student: mark for s in submissions if (mark := s.marks.get(name))}
            row = Waiting(
                lab,
                name,
                new=[student for student, mark in marks.items() if mark.points is None],
                again=[student for student, mark in marks.items() if mark.again],
                by_hand=sum(mark.outcome == BY_HAND for mark in marks.values()),
                not_answered=sum(mark.outcome == NOT_ATTEMPTED for mark in marks.values()),
            )
            if name in lab.questions or row.again:
                found.append(row)
    return found
