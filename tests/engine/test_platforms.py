"""What is exported reads back, by the rules of each platform, to the scores that were given."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course import Course, CourseError
from autograder.engine.lab import ReleasedLab
from autograder.engine.platforms import export, number
from autograder.engine.record import Recorder
from autograder.examiner.checks import WRONG
from tests.engine.conftest import executed

# Student, first name, last name: commas, quotes, other scripts, and what a spreadsheet would run.
NAMES = [
    ("ann", "Ann", "O'Neil, Jr."),
    ("ben", 'Ben "Bo"', "Müller"),
    ("chi", "志明", "王"),
    ("dee", '=HYPERLINK("http://x","y")', "Doe"),
    ("eve", "Eve", "  =1+1"),
    ("fay", "Fay\nFay", "-2+3"),
]
POINTS = {"ann": 8.5, "ben": 0, "chi": 6, "dee": 6, "eve": 6, "fay": 3}
FORMULA = re.compile(r"\s*[=+\-@]")


@pytest.fixture
def graded(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> Iterator[Course]:
    """Six scores: with points by hand, extra credit, a penalty, and one that failed all checks."""
    for student, _, _ in NAMES:
        outcome = {"outcome": WRONG} if student == "ben" else {}
        recorder.save(student, lab, executed(lab, handed_in, **outcome), [])
    with Gradebook(class_course.gradebook_url, class_course.directories.course_id) as gradebook:
        for student, first, last in NAMES:
            gradebook.update_or_create_student(
                student, first_name=first, last_name=last, email=f"{student}@uni.example"
            )
        gradebook.update_or_create_student("gus")  # has handed nothing in
        by_hand = gradebook.find_grade("why", "toy", "toy", "ann")
        by_hand.manual_score, by_hand.needs_manual_grade = 2, False
        gradebook.find_grade("lookup-check", "toy", "toy", "ann").extra_credit = 0.5
        gradebook.find_submission_notebook("toy", "toy", "fay").late_submission_penalty = 3
        gradebook.update_or_create_assignment("toy", duedate="2026-10-01 12:00 UTC")
        gradebook.db.commit()
    yield class_course


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def read_by_canvas(text: str, users: dict[int, str], logins: dict[str, str]) -> dict[str, float]:
    """Scores by student, read as Canvas's gradebook_importer.rb reads the table."""
    header, points, *rows = table(text)
    assert "Student" in header[0] and "ID" in header[1] and header[4] == "Section"
    assert header[2:4] == ["SIS User ID", "SIS Login ID"]
    assert "Points Possible" in points[0] and float(points[5]) == 9
    return {users.get(int(row[1] or 0)) or logins[row[3]]: float(row[5]) for row in rows if row[5]}


def read_by_moodle(text: str, key: str, users: dict[str, str]) -> dict[str, float]:
    """Scores by student, read as Moodle's import does with `key` chosen to find them by."""
    header, *rows = table(text)
    return {users[row[header.index(key)]]: float(row[header.index("toy")]) for row in rows}


def test_csv_is_what_nbgrader_exports(graded: Course, tmp_path: Path) -> None:
    with Gradebook(graded.gradebook_url, graded.directories.course_id) as gradebook:
        for student, *_ in NAMES:  # its own table puts no quotes around anything
            gradebook.update_or_create_student(student, first_name="A", last_name="B")
        CsvExportPlugin(to=str(tmp_path / "stock.csv")).export(gradebook)
    theirs = table((tmp_path / "stock.csv").read_text())
    ours = table(export(graded, ["toy"], "csv").text)
    assert ours[0] == theirs[0]

    def read(rows: list[list[str]]) -> list:
        return sorted([*row[:7], *map(float, row[7:])] for row in rows[1:])

    assert read(ours) == read(theirs)
    assert len(ours) == 8  # with one who has handed nothing in


def test_canvas_reads_the_scores_back_by_its_own_ids(graded: Course, tmp_path: Path) -> None:
    roster = tmp_path / "canvas.csv"
    rows = [[f"{last}, {first}", str(100 + n), f"s{n}", student, "A & B", "", ""]
            for n, (student, first, last) in enumerate(NAMES)]  # fmt: skip
    with roster.open("w", newline="") as file:
        csv.writer(file).writerows([
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Toy (4711)", "Essay (12)"],
            ["    Points Possible", "", "", "", "", "9", "5"], *rows,
        ])  # fmt: skip
    made = export(graded, ["toy"], "canvas", roster)
    assert table(made.text)[0][5:] == ["Toy (4711)"]
    users = {100 + n: student for n, (student, *_) in enumerate(NAMES)}
    assert read_by_canvas(made.text, users, {}) == POINTS
    assert [row[2] for row in table(made.text)[2:]] == [f"s{n}" for n in range(6)]
    assert made.students == 6


def test_canvas_reads_the_scores_back_by_login_where_there_is_no_roster(graded: Course) -> None:
    text = export(graded, ["toy"], "canvas", headings={"toy": "Lab 1 (7)"}).text
    assert table(text)[0][5:] == ["Lab 1 (7)"]
    assert read_by_canvas(text, {}, {student: student for student in POINTS}) == POINTS


@pytest.mark.parametrize("key", ["ID number", "Email address"])
def test_moodle_reads_the_scores_back(graded: Course, key: str) -> None:
    text = export(graded, ["toy"], "moodle").text
    users = {s if key == "ID number" else f"{s}@uni.example": s for s in POINTS}
    assert read_by_moodle(text, key, users) == POINTS


@pytest.mark.parametrize("layout", ["csv", "canvas", "moodle"])
def test_no_cell_is_a_formula_and_every_row_is_one_line(graded: Course, layout: str) -> None:
    made = export(graded, ["toy"], layout)
    cells = [cell for row in table(made.text) for cell in row]
    assert not [cell for cell in cells if FORMULA.match(cell)]
    assert any("=HYPERLINK" in cell for cell in cells)  # told, not dropped
    assert made.text.count("\n") == len(table(made.text))


def test_a_key_that_a_spreadsheet_would_run_is_not_written(graded: Course, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,id_number,email\nann,=1+1,=cmd@uni.example\nben,7,+b@u.example\n")
    made = export(graded, ["toy"], "moodle", roster)
    assert table(made.text)[1:] == [['Ben "Bo"', "Müller", "7", "", "0"]]
    assert any("(ann) has no id that a spreadsheet would leave alone" in t for t in made.told)


def test_who_is_not_in_the_roster_is_told_by_name(graded: Course, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,email\nANN,\nx1,Ben@uni.example\nchi,\nchi,\ngus,\nnew,\n")
    made = export(graded, ["toy"], "moodle", roster)
    assert read_by_moodle(made.text, "ID number", {"ANN": "ann", "x1": "ben"}) == {
        "ann": 8.5, "ben": 0,
    }  # fmt: skip
    told = "\n".join(made.told)
    assert "志明 王 (chi) stands more than once in roster.csv; left out" in told
    assert "(dee) is not in roster.csv; left out" in told
    assert "gus has no score; left out" in told
    assert "toy: 5 scores still wait for points by hand" in told
    assert all(line.isprintable() for line in made.told)


def test_two_who_share_a_line_of_the_roster_are_both_left_out(
    graded: Course, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,email\nann,ben@uni.example\n")
    made = export(graded, ["toy"], "canvas", roster)
    assert len(table(made.text)) == 2
    assert sum("shares a line with another in roster.csv" in line for line in made.told) == 2


def test_nothing_graded_and_unknown_columns_are_told(class_course: Course) -> None:
    with pytest.raises(CourseError, match="nothing was graded"):
        export(class_course, ["toy"], "csv")
    with pytest.raises(CourseError, match="no lab called lab9"):
        export(class_course, ["toy"], "csv", headings={"lab9": "x"})


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0"), (10.0, "10"), (1 / 3, "0.333333"), (1e-7, "0"), (2.5, "2.5")]
)
def test_numbers_have_a_point_and_no_exponent(value: float, written: str) -> None:
    assert number(value) == written


def test_the_command_writes_a_file_or_standard_output(graded: Course, tmp_path: Path) -> None:
    def run(*arguments: str) -> object:
        where = ["--course", str(graded.root)]
        return CliRunner().invoke(app, ["export", *arguments, *where], catch_exceptions=False)

    path = tmp_path / "out" / "moodle.csv"
    said = run("--format", "moodle", "--output", str(path), "--column", "toy=Quiz: Toy (Real)")
    assert said.exit_code == 0 and "6 students in " in said.stdout
    assert "gus has no score; left out" in said.stderr
    assert table(path.read_text(encoding="utf-8"))[0][4] == "Quiz: Toy (Real)"
    plain = run("--format", "moodle")
    assert plain.stdout.startswith("First name,Last name,ID number,Email address,toy\n")
    assert run("--column", "toy").exit_code == 2
    assert run("--output", str(tmp_path)).exit_code == 2
    assert run("--format", "excel").exit_code == 2
