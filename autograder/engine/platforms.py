"""`autograder export`: the gradebook's scores in the tables that learning platforms import.

A score is nbgrader's: checks, points given by hand and extra credit, less the late penalty.

The layouts are those of the platforms' own sources and manuals:

- csv: the columns of `nbgrader export` (`nbgrader.plugins.export.CsvExportPlugin`).
- Canvas: `lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb` of instructure/canvas-lms.
  The importer finds a student by `ID`, else by `SIS User ID`, else by `SIS Login ID`, else by
  name; an assignment by the number in brackets, else by its title. The row that begins with
  `Points Possible` sets the points of an assignment.
- Moodle: https://docs.moodle.org/en/Grade_import and `grade/import/csv/classes/load_data.php` of
  moodle/moodle. Students are found by one column that is chosen on import, `ID number` or
  `Email address`; one who is not found ends the import.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from nbgrader.api import Gradebook, MissingEntry, Student

from autograder.course import Course, CourseError
from autograder.engine.record import no_formula, one_line, open_gradebook
from autograder.engine.roster import Roster, folded, plain

CSV = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
       "raw_score", "late_submission_penalty", "score", "max_score")  # fmt: skip
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("First name", "Last name", "ID number", "Email address")
POINTS_POSSIBLE = "    Points Possible"  # with its spaces, as Canvas writes it


@dataclass(frozen=True)
class Score:
    """A submission's points, as nbgrader counts them."""

    raw: float
    penalty: float
    timestamp: datetime | None
    waits: bool  # for points by hand

    @property
    def points(self) -> float:
        return max(0.0, self.raw - self.penalty)


@dataclass(frozen=True)
class Lab:
    """A lab that was graded, with a score for each student who has one."""

    name: str
    duedate: datetime | None
    max_score: float
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Person:
    """Who a student is to the platforms; what is not known is empty."""

    student: str
    first: str = ""
    last: str = ""
    email: str = ""
    canvas: Mapping[str, str] = field(default_factory=dict)
    id_number: str = ""

    @property
    def name(self) -> str:
        return ", ".join(filter(None, [self.last, self.first]))

    def __str__(self) -> str:
        full = f"{self.first} {self.last}".strip()
        return f"{full} ({self.student})" if full else self.student


@dataclass(frozen=True)
class Export:
    """A table as CSV text, and one line for each thing that the instructor should know of it."""

    text: str
    students: int
    told: list[str]


def export(
    course: Course,
    labs: list[str],
    layout: Literal["csv", "canvas", "moodle"],
    roster_file: Path | None = None,
    headings: Mapping[str, str] | None = None,
) -> Export:
    """The scores of the labs that were graded, in a platform's layout.

    roster_file: a table as `collect` takes it. Students are found in it by their id or by e-mail;
    who is not is left out of the platforms' tables, and told by name.
    headings: by lab, the name of its column, where it is not the lab's name. A gradebook that
    Canvas exported, as the roster, gives those of assignments that are called like the lab.

    Raises: CourseError when nothing was graded, or the roster or a heading is not understood.
    """
    roster = None if roster_file is None else Roster(roster_file)
    if unknown := sorted((headings or {}).keys() - set(labs)):
        raise CourseError(f"no lab called {', '.join(unknown)} is exported.")
    gradebook = open_gradebook(course)
    try:
        graded = list(_graded(gradebook, labs))
        students = {student.id: student for student in gradebook.students}
    finally:
        gradebook.close()
    if not graded:
        raise CourseError(f"nothing was graded in {course.root} yet: run `autograder grade`.")
    told = []
    for lab in graded:
        if waiting := sum(score.waits for score in lab.scores.values()):
            told.append(f"{lab.name}: {waiting} scores still wait for points by hand")
    people = {name: _person(student, {}) for name, student in students.items()}
    if roster is not None:
        rows, lost = _find(people, roster)
        people |= {name: _person(students[name], row) for name, row in rows.items()}
        for name, why in lost.items():
            kept = "" if layout == "csv" else "; left out"
            told.append(f"{people[name]} {why} {roster_file.name}{kept}")
            if kept:
                del people[name]
    if layout == "csv":
        table = _csv(graded, people)
    else:
        rows = _canvas if layout == "canvas" else _moodle
        scored = {name for lab in graded for name in lab.scores}
        for name in [n for n in people if n not in scored]:
            told.append(f"{people.pop(name)} has no score; left out")
        titles = _titles(roster) | dict(headings or {})
        table = rows(graded, people, titles, told)
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(table)
    return Export(made.getvalue(), len(people), [one_line(line) for line in told])


def _graded(gradebook: Gradebook, labs: list[str]) -> Iterator[Lab]:
    for name in labs:
        try:
            assignment = gradebook.find_assignment(name)
        except MissingEntry:
            continue
        scores = {
            s.student_id: Score(
                s.score, s.late_submission_penalty or 0.0, s.timestamp, s.needs_manual_grade
            )
            for s in gradebook.assignment_submissions(name)
        }
        if scores:
            yield Lab(name, assignment.duedate, assignment.max_score, scores)


def _find(
    people: Mapping[str, Person], roster: Roster
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The row of each student, and why there is none for the others."""
    by_key: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(roster.rows):
        for key in {folded(row["student_id"]), folded(row.get("email", ""))} - {""}:
            by_key[key].append(n)
    found, lost = {}, {}
    for name, person in people.items():
        # The id is surer than an e-mail address.
        rows = by_key.get(folded(name)) or by_key.get(folded(person.email), [])
        match rows:
            case [n]:
                found[name] = n
            case []:
                lost[name] = "is not in"
            case _:
                lost[name] = "stands more than once in"
    shared = {n for n, count in Counter(found.values()).items() if count > 1}
    lost |= {name: "shares a line with another in" for name, n in found.items() if n in shared}
    return {name: roster.rows[n] for name, n in found.items() if n not in shared}, lost


def _person(student: Student, row: Mapping[str, str]) -> Person:
    """What the gradebook and the roster's row say of a student; the roster comes first."""
    first, last = _parted(row.get("name", ""))
    login = row.get("sis login id") or row.get("student_id") or student.id
    canvas_id = row.get("canvas_id") or student.lms_user_id or ""
    return Person(
        student=student.id,
        first=one_line(first or student.first_name or ""),
        last=one_line(last or student.last_name or ""),
        email=one_line(row.get("email") or student.email or ""),
        canvas={
            "ID": one_line(canvas_id),
            "SIS User ID": one_line(row.get("sis user id", "")),
            "SIS Login ID": one_line(login),
            "Section": one_line(row.get("section", "")),
        },
        id_number=one_line(row.get("id_number") or row.get("student_id") or student.id),
    )


def _parted(name: str) -> tuple[str, str]:
    """First and last name of "Doe, Jane" or "Jane Doe"."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last


def _titles(roster: Roster | None) -> dict[str, str]:
    """Columns of assignments in Canvas's gradebook, by the plain name of the assignment."""
    found = {}
    for heading in roster.headings if roster else ():
        if titled := re.fullmatch(r"(.+) \([0-9]+\)", heading):
            found[plain(titled[1])] = heading
    return found


def _title(lab: Lab, titles: Mapping[str, str]) -> str:
    return titles.get(lab.name) or titles.get(plain(lab.name)) or lab.name


def _csv(labs: list[Lab], people: Mapping[str, Person]) -> Iterator[list[str]]:
    """A line for each lab and student; who has handed nothing in scores 0, as in nbgrader."""
    yield list(CSV)
    nothing = Score(0.0, 0.0, None, False)
    for lab in labs:
        for name, person in sorted(people.items()):
            score = lab.scores.get(name, nothing)
            yield [
                lab.name, str(lab.duedate or ""), str(score.timestamp or ""),
                *map(no_formula, (name, person.last, person.first, person.email)),
                number(score.raw), number(score.penalty), number(score.points),
                number(lab.max_score),
            ]  # fmt: skip


def _canvas(
    labs: list[Lab], people: dict[str, Person], titles: Mapping[str, str], told: list[str]
) -> Iterator[list[str]]:
    """A line for each student. Names are for people to read: Canvas goes by the ids."""
    yield [*CANVAS, *(_title(lab, titles) for lab in labs)]
    yield [POINTS_POSSIBLE, "", "", "", "", *(number(lab.max_score) for lab in labs)]
    for name, person in sorted(people.items()):
        ids = [_key(person.canvas[column]) for column in CANVAS[1:4]]
        if not any(ids):
            del people[name]
            told.append(f"{person} has no id that a spreadsheet would leave alone; left out")
            continue
        shown = [no_formula(person.name or name), *ids, no_formula(person.canvas["Section"])]
        yield [*shown, *_points(labs, name)]


def _moodle(
    labs: list[Lab], people: dict[str, Person], titles: Mapping[str, str], told: list[str]
) -> Iterator[list[str]]:
    """A line for each student. Names are for people to read: Moodle goes by number or e-mail."""
    yield [*MOODLE, *(_title(lab, titles) for lab in labs)]
    for name, person in sorted(people.items()):
        ids = [_key(person.id_number), _key(person.email)]
        if not any(ids):
            del people[name]
            told.append(f"{person} has no id that a spreadsheet would leave alone; left out")
            continue
        yield [no_formula(person.first), no_formula(person.last), *ids, *_points(labs, name)]


def _key(text: str) -> str:
    """What a platform finds a student by, which cannot be made harmless: as it is or not at all."""
    return text if no_formula(text) == text else ""


def _points(labs: list[Lab], student: str) -> list[str]:
    """A student's points for each lab; none for a lab that was not handed in."""
    return [number(lab.scores[student].points) if student in lab.scores else "" for lab in labs]


def number(value: float) -> str:
    """A number as all platforms read it: with a decimal point, to six places, no exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
