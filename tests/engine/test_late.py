"""Late submissions cost what nbgrader's plugins say, by the time in `timestamp.txt`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import CONFIG_FILE, Course, CourseError
from autograder.engine.intake import BadSubmission
from autograder.engine.lab import ReleasedLab
from autograder.engine.late import LatePenalties, _span, handed_in
from autograder.engine.platforms import export
from autograder.engine.record import Recorder
from tests.engine.conftest import executed

PLUGIN = """
from nbgrader.plugins import BasePlugin

class PointAnHour(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 3600
"""


@pytest.fixture
def folder(class_course: Course) -> Path:
    made = class_course.submitted_directory / "ann" / "toy"
    made.mkdir(parents=True)
    return made


def due(course: Course, when: str) -> None:
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        gradebook.update_or_create_assignment("toy", duedate=when)


def configured(course: Course, lines: str) -> Course:
    config = course.root / CONFIG_FILE
    config.write_text(f"{config.read_text()}\n{lines}\n")
    return Course(course.root)


@pytest.mark.parametrize("text", ["2026-10-01 12:30:00.5 UTC", "2026-10-01T14:30:00.5+02:00\n"])
def test_the_time_is_read_as_utc(folder: Path, text: str) -> None:
    (folder / "timestamp.txt").write_text(text)
    assert handed_in(folder) == datetime(2026, 10, 1, 12, 30, 0, 500_000)


def test_no_file_or_an_empty_one_is_no_time(folder: Path) -> None:
    assert handed_in(folder) is None
    (folder / "timestamp.txt").touch()
    assert handed_in(folder) is None


@pytest.mark.parametrize("content", [b"yesterday", b"\xff\xfe\x00", b"9" * 10_000, b"1e999"])
def test_what_is_no_time_is_told(folder: Path, content: bytes) -> None:
    (folder / "timestamp.txt").write_bytes(content)
    with pytest.raises(BadSubmission, match=r"timestamp\.txt holds no date and time"):
        handed_in(folder)


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "early").write_text("2000-01-01 00:00 UTC")
    (folder / "timestamp.txt").symlink_to(tmp_path / "early")
    with pytest.raises(BadSubmission, match="a link"):
        handed_in(folder)


def test_nbgraders_own_penalty_is_all_of_the_score(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict, folder: Path
) -> None:
    due(class_course, "2026-10-01 12:00 UTC")
    (folder / "timestamp.txt").write_text("2026-10-02 15:20:00 UTC")
    course = configured(class_course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    strict = Recorder(course)
    result = strict.save("ann", lab, executed(lab, handed_in), ["a note"])
    assert result.note == "handed in 1 d 3 h late, penalty 6; a note"
    assert result.score == 6  # as nbgrader has it: the penalty stands beside the score
    strict.close()
    (row,) = export(course, ["toy"], "csv").text.splitlines()[1:]
    assert row == "toy,2026-10-01 12:00:00,2026-10-02 15:20:00,ann,,,,6,6,0,9"
    # Nothing is lost by being late unless the course says so.
    result = recorder.save("ann", lab, executed(lab, handed_in), [])
    assert result.note == "handed in 1 d 3 h late, penalty 0"
    assert export(course, ["toy"], "csv").text.splitlines()[1].endswith("6,0,6,9")


def test_a_plugin_beside_the_configuration_and_an_extension_count(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict, folder: Path
) -> None:
    due(class_course, "2026-10-01 12:00 UTC")
    (folder / "timestamp.txt").write_text("2026-10-01 14:00:00 UTC")
    (class_course.root / "hourly.py").write_text(PLUGIN)
    line = "c.AssignLatePenalties.plugin_class = 'hourly.PointAnHour'"
    hourly = Recorder(configured(class_course, line))
    assert hourly.save("ann", lab, executed(lab, handed_in), []).note.endswith("late, penalty 2")
    with Gradebook(class_course.gradebook_url, class_course.directories.course_id) as gradebook:
        gradebook.grant_extension("toy", "ann", hours=3)
    assert hourly.save("ann", lab, executed(lab, handed_in), []).note == ""
    hourly.close()
    assert export(class_course, ["toy"], "csv").text.splitlines()[1].endswith("6,0,6,9")


def test_a_time_that_cannot_be_read_is_noted_and_costs_nothing(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict, folder: Path
) -> None:
    due(class_course, "2026-10-01 12:00 UTC")
    (folder / "timestamp.txt").write_text("soon")
    result = recorder.save("ann", lab, executed(lab, handed_in), [])
    assert "whether it came late is not known: timestamp.txt holds no date" in result.note
    assert (result.status, result.score) == ("graded", 6)


def test_a_plugin_that_cannot_be_loaded_is_told_before_anything_is_graded(
    class_course: Course,
) -> None:
    course = configured(class_course, "c.AssignLatePenalties.plugin_class = 'gone.Plugin'")
    with pytest.raises(CourseError, match="plugin for late submissions cannot be loaded"):
        LatePenalties(course)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "less than 1 s"), (59, "59 s"), (61, "1 min 1 s"), (7200, "2 h"), (90_000, "1 d 1 h")],
)
def test_how_late_is_said_in_two_units(seconds: float, words: str) -> None:
    assert _span(seconds) == words
