"""Results are written whole or not at all, and nothing that was there before is lost."""

from __future__ import annotations

import csv
import errno
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry

from autograder.course import CONFIG_FILE, Course, CourseError
from autograder.engine import record
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.record import CheckRow, Recorder, Result, one_line, write_csv_files
from autograder.examiner.checks import WRONG
from tests.engine.conftest import executed


def stored(course: Course, student: str) -> float:
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        return gradebook.find_submission("toy", student).score


def test_a_saved_result_is_in_the_gradebook_and_in_the_autograded_folder(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> None:
    result = recorder.save("ann", lab, executed(lab, handed_in), ["a note"])
    assert (result.score, result.max_score, result.status) == (6, 9, "graded")
    assert result.needs_manual_grade and result.note == "a note"
    assert stored(class_course, "ann") == 6
    assert (class_course.autograded_directory / "ann" / "toy" / "toy.ipynb").is_file()


def test_a_save_that_fails_half_way_leaves_the_earlier_scores(
    class_course: Course,
    recorder: Recorder,
    lab: ReleasedLab,
    handed_in: dict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder.save("ann", lab, executed(lab, handed_in), [])
    worse = executed(lab, handed_in, WRONG)
    honest, calls = record.determine_grade, []

    def breaks(cell: object) -> object:
        calls.append(cell)
        if len(calls) == 3:
            raise OSError("the disk is full")
        return honest(cell)

    with monkeypatch.context() as patch:
        patch.setattr(record, "determine_grade", breaks)
        with pytest.raises(
            CourseError, match="toy of ann cannot be written down: the disk is full"
        ):
            recorder.save("ann", lab, worse, [])
    result = recorder.failed("ann", lab, "the disk is full", 0.0)
    assert "keeps the earlier score, 6" in result.note
    recorder.save("ben", lab, executed(lab, handed_in), [])  # commits, and only its own scores
    assert stored(class_course, "ann") == 6


def test_a_first_save_that_fails_half_way_leaves_nothing(
    class_course: Course,
    recorder: Recorder,
    lab: ReleasedLab,
    handed_in: dict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(cell: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "gradebook.db")

    with monkeypatch.context() as patch:
        patch.setattr(record, "determine_grade", full)
        with pytest.raises(CourseError, match=r"gradebook\.db: No space left on device\. What was"):
            recorder.save("ann", lab, executed(lab, handed_in), [])
    assert recorder.students() == set()
    with pytest.raises(MissingEntry):
        stored(class_course, "ann")
    assert not [path for path in class_course.autograded_directory.rglob("*") if path.is_file()]


def test_students_are_made_known_all_at_once(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Gradebook.add_student

    def breaks(gradebook: Gradebook, student: str) -> object:
        if student == "ben":
            raise InvalidEntry("database is locked")
        return honest(gradebook, student)

    with monkeypatch.context() as patch:
        patch.setattr(Gradebook, "add_student", breaks)
        with pytest.raises(CourseError, match=r"students cannot be written .* is locked"):
            recorder.add_students(["ann", "ben"])
    assert recorder.students() == set()
    recorder.add_students(["ben", "ann", "ben"])
    assert recorder.students() == {"ann", "ben"}


def test_a_check_without_a_verdict_is_never_saved(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> None:
    execution = executed(lab, handed_in)
    del execution.verdicts["total-check"]
    with pytest.raises(AssertionError, match="total-check has no verdict"):
        recorder.save("ann", lab, execution, [])
    assert not class_course.autograded_directory.exists()


def test_a_lab_with_other_cells_than_the_gradebook_knows_is_told(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> None:
    recorder.save("ann", lab, executed(lab, handed_in), [])
    changed = lab.notebook.copy()
    changed.cells = [c for c in lab.notebook.cells if grade_id(c) != "total-check-2"]
    with pytest.raises(CourseError, match="The gradebook holds scores for other cells of toy"):
        recorder.add_lab(ReleasedLab("toy", changed))
    assert stored(class_course, "ann") == 6


def test_a_submission_that_never_was_graded_has_no_earlier_score(
    recorder: Recorder, lab: ReleasedLab
) -> None:
    result = recorder.failed("ann", lab, "the file\nis \x1b[31mempty", 0.0)
    assert result.note == "the file is [31mempty"
    assert [(c.check, c.points, c.outcome) for c in result.checks] == [
        (name, 0, "not graded") for name in (*lab.checks, *lab.questions)
    ]


def test_text_from_a_submission_becomes_one_line_of_bearable_length() -> None:
    assert one_line(" a\r\n\tb\x00\x1b[2J \u202ec\ud800 ") == "a b [2J c"
    assert len(one_line("x" * 10**6)) == record.MAX_TEXT
    assert one_line("søren 学生") == "søren 学生"


# The two tables ----------------------------------------------------------------------------------


def result(student: str, lab: str, score: float, note: str = "") -> Result:
    checks = [CheckRow(f"{lab}-check", score, 2, "passed", 'a "quoted", text')]
    return Result(student, lab, score, 2, False, "graded", 0.5, note, checks)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_have_the_columns_that_they_promise(toy_course: Course) -> None:
    grades, checks = write_csv_files(toy_course, [result("ann", "toy", 2)])
    assert rows(grades) == [{
        "student_id": "ann", "lab": "toy", "score": "2", "max_score": "2",
        "needs_manual_grade": "false", "status": "graded", "seconds": "0.50", "note": "",
    }]  # fmt: skip
    assert rows(checks) == [{
        "student_id": "ann", "lab": "toy", "check": "toy-check", "points": "2",
        "max_points": "2", "outcome": "passed", "message": 'a "quoted", text',
    }]  # fmt: skip


def test_lines_of_other_students_and_labs_stay(toy_course: Course) -> None:
    write_csv_files(toy_course, [result(s, lab, 1) for s in ("ann", "ben") for lab in ("a", "b")])
    grades, checks = write_csv_files(toy_course, [result("ann", "b", 2)])
    scores = [(r["lab"], r["student_id"], r["score"]) for r in rows(grades)]
    assert scores == [("a", "ann", "1"), ("a", "ben", "1"), ("b", "ann", "2"), ("b", "ben", "1")]
    assert [r["points"] for r in rows(checks)] == ["1", "1", "2", "1"]


def test_a_student_whose_name_a_spreadsheet_would_compute_has_one_line(toy_course: Course) -> None:
    write_csv_files(toy_course, [result("=ann", "a", 1), result("ben", "a", 1)])
    grades, _ = write_csv_files(toy_course, [result("=ann", "a", 2, note="@home")])
    found = [(r["student_id"], r["score"], r["note"]) for r in rows(grades)]
    assert found == [("'=ann", "2", "'@home"), ("ben", "1", "")]
    assert record.read_table(grades, record.GRADE_FIELDS)[0][0] == "=ann"


def test_tables_that_a_spreadsheet_has_saved_are_still_understood(toy_course: Course) -> None:
    grades, _ = write_csv_files(toy_course, [result("ann", "a", 1), result("zoë", "a", 1)])
    text = grades.read_text().replace("\n", "\r\n") + "\r\n,,\r\n"
    for encoding in ("utf-8-sig", "latin-1"):
        grades.write_bytes(text.encode(encoding))
        write_csv_files(toy_course, [result("ben", "a", 2)])
        assert [r["student_id"] for r in rows(grades)][:2] == ["ann", "ben"]
        assert len(rows(grades)) == 3


def test_a_table_that_cannot_be_written_leaves_the_old_one(
    toy_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades, _ = write_csv_files(toy_course, [result("ann", "a", 1)])
    before = grades.read_bytes()

    def full(handle: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(record.os, "fsync", full)
    with pytest.raises(CourseError, match=r"grades\.csv cannot be written: the disk is full"):
        write_csv_files(toy_course, [result("ann", "a", 2)])
    assert grades.read_bytes() == before


def test_a_password_in_the_gradebooks_address_is_not_shown(class_course: Course) -> None:
    config = class_course.root / CONFIG_FILE
    address = "nothing://grader:secret@nowhere/gradebook"
    config.write_text(config.read_text() + f"\nc.CourseDirectory.db_url = {address!r}\n")
    with pytest.raises(CourseError, match=r"nothing://grader:\*\*\*@nowhere") as told:
        Recorder(class_course)
    assert "secret" not in str(told.value)
