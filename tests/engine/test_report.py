"""The report's numbers, each worked out by hand here, and what its page says and does not do."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections import Counter
from datetime import datetime
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.engine import Engine
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course import Course, CourseError
from autograder.engine import record, report, report_figures, report_page
from autograder.engine.lab import ReleasedLab
from autograder.engine.record import Recorder, write_csv_files
from autograder.engine.report import ClassResults, Lab, Mark, Submission
from autograder.examiner.checks import NOT_ATTEMPTED, PASSED, WRONG
from tests.engine.classes import synthesise
from tests.engine.conftest import executed

WHEN = datetime(2026, 11, 22, 9, 5)
LAB = Lab("lab1_x", "lab1", "Lab 1", {"a": 2.0, "b": 4.0, "c": 4.0, "q": 3.0}, frozenset({"q"}))
WAITS = Mark(None, record.WAITS)


def submission(
    student: str,
    *points: float | None,
    lab: Lab = LAB,
    messages: dict | None = None,
    **more: object,
) -> Submission:
    """Points of the lab's checks and questions in order; None is a question that waits."""
    marks = {}
    for (name, most), got in zip(lab.points.items(), points, strict=False):
        if got is None:
            marks[name] = WAITS
        elif name in lab.questions:
            marks[name] = Mark(got, record.BY_HAND)
        else:
            marks[name] = Mark(
                got, PASSED if got == most else WRONG, (messages or {}).get(name, "")
            )
    return Submission(student, lab, **{"status": "graded", "seconds": 1.0, "marks": marks} | more)


def school(*submissions: Submission) -> ClassResults:
    labs = {s.lab.name: s.lab for s in submissions}
    students = {s.student: "" for s in submissions}
    return ClassResults("a course", list(labs.values()), students,
                        {(s.student, s.lab.name): s for s in submissions})  # fmt: skip


# One submission ----------------------------------------------------------------------------------


def test_a_share_leaves_out_what_waits_for_a_person() -> None:
    own = submission("ann", 2, 0, 4, None)
    assert (own.score, own.decided, own.share, own.waits) == (6, 10, 0.6, True)
    graded = submission("ann", 2, 0, 4, 3, penalty=1.5)
    assert (graded.score, graded.decided, graded.share) == (7.5, 13, 7.5 / 13)
    assert not graded.waits
    assert submission("ann", 2, 0, 0, 0, penalty=5).score == 0, "never less than nothing"


def test_what_could_not_be_graded_has_no_share() -> None:
    assert submission("ann", 2, 0, 4, None, status="failed").share is None
    assert submission("ann", status="graded").share is None


def test_an_open_question_is_missed_only_where_nothing_was_written() -> None:
    own = submission("ann", 2, 1, 0, 2)
    assert [name for name, _ in own.missed()] == ["b", "c"]
    own.marks["q"] = Mark(0.0, NOT_ATTEMPTED)
    assert [name for name, _ in own.missed()] == ["b", "c", "q"]


# Checks and labs ---------------------------------------------------------------------------------


def test_point_biserial_by_hand() -> None:
    earned, rest = np.array([True, True, False, False]), np.array([4.0, 2.0, 1.0, 1.0])
    # means 3 and 1; mean 2, variance (4 + 0 + 1 + 1) / 4 = 3 / 2; 2 / sqrt(3 / 2) * 1 / 2
    assert report.point_biserial(earned, rest) == pytest.approx(np.sqrt(2 / 3))
    assert report.point_biserial(~earned, rest) == pytest.approx(-np.sqrt(2 / 3))
    assert report.point_biserial(earned, rest) == pytest.approx(np.corrcoef(earned, rest)[0, 1])


@pytest.mark.parametrize(
    ("earned", "rest"),
    [([1, 1], [1, 2]), ([0, 0], [1, 2]), ([1, 0], [3, 3]), ([1], [1]), ([], [])],
)
def test_point_biserial_is_nothing_where_it_is_undefined(earned: list, rest: list) -> None:
    assert report.point_biserial(np.array(earned, bool), np.array(rest, float)) is None


def test_numbers_of_a_lab_by_hand() -> None:
    numbers = report.lab_numbers(LAB, [
        submission("ann", 2, 4, 4, 3, seconds=1.0),
        submission("ben", 2, 4, 0, None, seconds=3.0),
        submission("cem", 0, 0, 1, 0, seconds=2.0, status="partial"),
        submission("dan", 2, 0, 0, None, seconds=4.0),
        submission("eva", 2, 4, 4, 3, status="failed", seconds=9.0),
        submission("fay", status="missing"),
    ])  # fmt: skip
    assert numbers.statuses == Counter(graded=3, partial=1, failed=1, missing=1)
    assert (numbers.count, numbers.graded, numbers.full, numbers.waiting) == (6, 4, 1, 2)
    assert numbers.shares == pytest.approx([1 / 13, 2 / 10, 6 / 10, 1])
    assert numbers.seconds.tolist() == [1, 2, 3, 4]
    a, b, c, q = numbers.checks
    assert [a.earned, b.earned, c.earned] == [3 / 4, 2 / 4, 1 / 4]
    # b: earned by the first two; the rest is a + c: 6, 2, 1, 2, its mean 11/4, its variance
    # 45/4 - 121/16 = 59/16; means 4 and 3/2, so 5/2 / sqrt(59/16) * 1/2
    assert b.discrimination == pytest.approx(5 / np.sqrt(59))
    assert (q.earned, q.discrimination) == (None, None), "two of its answers wait"
    assert b.outcomes == {PASSED: 2, WRONG: 2} and q.outcomes[record.WAITS] == 2


def test_a_question_has_numbers_when_all_are_graded() -> None:
    three = [
        submission("ann", 2, 4, 4, 3),
        submission("ben", 2, 4, 0, 3),
        submission("cem", 0, 0, 0, 1),
    ]
    *_, q = report.lab_numbers(LAB, three).checks
    assert q.earned == pytest.approx(2 / 3)
    # the rest is the checks': 10, 6, 0; variance (100 + 36) / 3 - 256 / 9 = 152 / 9; 8 apart
    assert q.discrimination == pytest.approx(8 / np.sqrt(152 / 9) * np.sqrt(2 / 9))


def test_a_lab_that_nobody_handed_in_has_no_numbers() -> None:
    numbers = report.lab_numbers(LAB, [submission("ann", status="missing")])
    assert (numbers.graded, numbers.full, len(numbers.shares)) == (0, 0, 0)
    assert all(c.earned is None and c.discrimination is None for c in numbers.checks)


def test_wrong_answers_are_counted_by_message_whatever_the_numbers_in_it() -> None:
    says = ("got (3, 4)", "got (3, 4)", "got (-1, 2.5e-3)", "another axis", "got (1,)")
    found = report.wrong_answers([
        *(submission(f"s{n}", 2, 0, 4, messages={"b": words}) for n, words in enumerate(says)),
        submission("not", 2, 0, 4, messages={"b": "got (3, 4)"}, status="failed"),
    ])  # fmt: skip
    assert [(w.check, w.outcome, w.message, w.count, w.share) for w in found] == [
        ("b", WRONG, "got (3, 4)", 3, 3 / 5),
        ("b", WRONG, "another axis", 1, 1 / 5),
        ("b", WRONG, "got (1,)", 1, 1 / 5),
    ]


def test_what_was_not_tried_is_no_wrong_answer() -> None:
    own = submission("ann", 2, 4, 4, None)
    own.marks["b"] = Mark(0.0, NOT_ATTEMPTED, "not done yet")
    own.marks["c"] = Mark(1.0, report.PARTLY)
    assert report.wrong_answers([own]) == []


# What asks for a person --------------------------------------------------------------------------


def labs(count: int) -> list[Lab]:
    return [Lab(f"lab{n}_x", f"lab{n}", f"Lab {n}", {"a": 10.0}) for n in range(1, count + 1)]


def reasons(*submissions: Submission) -> dict[str, list[tuple[str, str]]]:
    return {a.student: a.reasons for a in report.attention(school(*submissions))}


def test_who_needs_attention_and_by_which_rule() -> None:
    one, two, three = labs(3)
    found = reasons(
        *(submission("ann", 9, lab=lab) for lab in (one, two, three)),  # well
        submission("ben", 9, lab=one), submission("ben", status="failed", lab=two),
        submission("cem", 9, lab=one), submission("cem", status="missing", lab=two),
        submission("cem", status="missing", lab=three),
        submission("dan", 5, lab=one), submission("dan", 4, lab=two),
        submission("eva", 9, lab=one), submission("eva", 8, lab=two),
        submission("eva", 5, lab=three),
        submission("fay", status="missing", lab=three),
        submission("gil", status="missing", lab=three),
    )  # fmt: skip
    assert found == {
        "ben": [("not graded", "lab2")],
        "cem": [("missing", "lab2")],  # lab3 is missing for three of five: not theirs alone
        "dan": [("under half", "9 of 20")],
        "eva": [("falling", "lab3: 50% after 85%")],
    }
    assert {rule for own in found.values() for rule, _ in own} == set(report.RULES)


def test_whom_most_rules_name_comes_first_then_who_has_least() -> None:
    one, two = labs(2)
    found = reasons(
        submission("ann", 4, lab=one), submission("ann", 4, lab=two),
        submission("ben", 3, lab=one), submission("ben", 3, lab=two),
        submission("cem", 4, lab=one), submission("cem", status="failed", lab=two),
        submission("dan", 5, lab=one), submission("dan", 5, lab=two),
    )  # fmt: skip
    assert list(found) == ["cem", "ben", "ann"]


def test_what_failed_comes_before_what_was_graded_in_part() -> None:
    one, two = labs(2)
    found = report.not_graded(school(
        submission("ann", 1, lab=one, status="partial"),
        submission("ben", lab=two, status="failed"),
        submission("cem", 1, lab=one), submission("dan", lab=one, status="failed"),
    ))  # fmt: skip
    assert [s.student for s in found] == ["dan", "ben", "ann"]


def test_what_waits_and_what_is_to_be_looked_at_again() -> None:
    again = submission("cem", 2, 4, 4, 3)
    again.marks["q"] = Mark(2.0, record.BY_HAND, again=True)
    again.marks["b"] = Mark(1.0, WRONG, again=True)
    empty = submission("dan", 0, 0, 0, 0)
    empty.marks["q"] = Mark(0.0, NOT_ATTEMPTED)
    b, q = report.waiting(school(
        submission("ann", 2, 4, 4, None), submission("ben", 2, 4, 4, 3), again, empty
    ))  # fmt: skip
    assert (q.question, q.new, q.again, q.by_hand, q.not_answered) == ("q", ["ann"], ["cem"], 2, 1)
    assert (b.question, b.new, b.again) == ("b", [], ["cem"])


# Reading -----------------------------------------------------------------------------------------


@pytest.fixture
def graded(class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict) -> Course:
    """ann with points by hand and late, ben all wrong, =cem failed and dan missing."""
    results = [
        recorder.save("ann", lab, executed(lab, handed_in), []),
        recorder.save("ben", lab, executed(lab, handed_in, WRONG), ["a cell was put back"]),
        recorder.failed("=cem", lab, "the file is <b>empty</b>.", 0.5),
        *recorder.missing(["dan"], lab),
    ]
    with Gradebook(class_course.gradebook_url, class_course.directories.course_id) as gradebook:
        gradebook.update_or_create_student("ann", first_name="Ann", last_name="<i>Lee</i>")
        grade = gradebook.find_grade("why", "toy", "toy", "ann")
        grade.manual_score, grade.needs_manual_grade = 2, False
        grade = gradebook.find_grade("total-check", "toy", "toy", "ben")
        grade.manual_score, grade.needs_manual_grade = 1, True  # as when it is graded again
        gradebook.find_submission_notebook("toy", "toy", "ann").late_submission_penalty = 1.5
        gradebook.db.commit()
    write_csv_files(class_course, results)
    return class_course


def test_points_are_the_gradebooks_and_outcomes_the_graders(graded: Course) -> None:
    results = report.read_class(graded)
    assert results.students == {"=cem": "", "ann": "Ann <i>Lee</i>", "ben": "", "dan": ""}
    (lab,) = results.labs
    assert (lab.name, lab.short, lab.title, lab.most) == ("toy", "toy", "Toy", 9)
    assert list(lab.points) == ["lookup-check", "total-check", "total-check-2", "why"]
    ann, ben = results.submissions["ann", "toy"], results.submissions["ben", "toy"]
    assert (ann.score, ann.decided, ann.waits) == (6 + 2 - 1.5, 9, False)
    assert ann.marks["why"] == Mark(2.0, record.BY_HAND)
    assert (ben.score, ben.decided, ben.waits, ben.note) == (1, 6, True, "a cell was put back")
    assert ben.marks["lookup-check"] == Mark(0.0, WRONG, "it is wrong")
    assert results.submissions["=cem", "toy"].status == "failed"
    assert results.submissions["dan", "toy"].marks == {}


def test_a_failed_submission_keeps_what_the_gradebook_has(
    graded: Course, recorder: Recorder, lab: ReleasedLab
) -> None:
    write_csv_files(graded, [recorder.failed("ann", lab, "the file is empty.", 0.1)])
    ann = report.read_class(graded).submissions["ann", "toy"]
    assert (ann.status, ann.score, ann.share) == ("failed", 6.5, None)
    assert report_page.cell(ann) == "× 6.5"


def test_the_gradebook_is_read_in_three_queries_however_large_the_class(
    graded: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> None:
    asked: list[str] = []

    def listen(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    for name in ("eva", "fay"):
        recorder.save(name, lab, executed(lab, handed_in), [])
        asked.clear()
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            _, grades, _ = report._gradebook(recorder._gradebook, ["toy"])
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        assert len(asked) == 3 and len(grades[name, "toy"]) == 4


def test_labs_are_short_where_that_tells_them_apart() -> None:
    assert report._short(["lab1_a", "lab2_a"]) == {"lab1_a": "lab1", "lab2_a": "lab2"}
    assert report._short(["hw_a", "hw_b"]) == {"hw_a": "hw_a", "hw_b": "hw_b"}


def test_a_table_that_a_spreadsheet_spoilt_is_told(graded: Course) -> None:
    path = graded.root / "grades.csv"
    path.write_text(path.read_text().replace(",0.50,", ',"0,50",'))
    with pytest.raises(CourseError, match=r"grades.csv has '0,50' where a number of seconds"):
        report.read_class(graded)


def test_a_table_that_is_gone_is_told(graded: Course) -> None:
    (graded.root / "checks.csv").unlink()
    with pytest.raises(CourseError, match=r"no checks.csv as `autograder grade` writes it"):
        report.read_class(graded)


# The page ----------------------------------------------------------------------------------------


def said(html: str) -> str:
    """What a person reads of a page, on one line."""
    body = re.sub(r"<head>.*?</head>|<script>.*?</script>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_page_says_it_all(graded: Course) -> None:
    text = said(report_page.page(report.read_class(graded), WHEN))
    for words in (
        "Report of the class, 22 November 2026, 09:05",
        "Students 4 Graded 2 of 4, 50%",
        "Median score 44%",  # 6.5 of 9 and 1 of 6
        "Need attention 3 Not graded 1",
        "Answers that wait 2",  # ben's question, and his check graded by hand
        "=cem not graded toy",
        "dan missing toy",
        "ben 17% under half 1 of 6",
        "=cem toy failed the file is <b>empty</b>.",
        "toy total-check 0 1 0 0 ben",
        "toy why 1 0 1 0 ben",
        "1 50% toy lookup-check wrong it is wrong",
        "lookup-check 2 50% 0% 1.00 1 passed, 1 wrong",
        "why 3 0% 1 graded by hand, 1 needs manual grade",
        "ann Ann <i>Lee</i> 6.5 of 9 points; 72% of those that are decided toy 6.5/9",
        "ben 1 of 9 points; 17% of those that are decided toy 1/9*",
        "toy 1/9* lookup-check wrong: it is wrong Also: total-check-2",
    ):
        assert words in text, words


def test_the_page_is_complete_in_itself_and_runs_its_own_script_alone(graded: Course) -> None:
    html = report_page.page(report.read_class(graded), WHEN)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html
    assert not re.search(r"<link|<img|@import|url\((?!#)|<iframe|\son\w+=", html)
    assert set(re.findall(r"https?://[^\"]*", html)) <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
    }  # fmt: skip


def test_every_link_has_its_place_and_every_name_is_used_once(graded: Course) -> None:
    html = report_page.page(report.read_class(graded), WHEN)
    names = re.findall(r'\sid="([^"]*)"', html)
    assert len(names) == len(set(names))
    assert set(re.findall(r'[^:]href="#([^"]*)"', html)) <= set(names)
    assert {"lab-toy", "student-ann", "student-%3Dcem", "check-toy/why"} <= set(names)


def test_a_score_leads_to_the_feedback_that_there_is(graded: Course, tmp_path: Path) -> None:
    for student in ("ann", "=cem"):
        path = graded.feedback_directory / student / "toy" / "toy.html"
        path.parent.mkdir(parents=True)
        path.write_text("")
    for path in (graded.root / "report.html", tmp_path / "own folder" / "report.html"):
        html = report_page.write_report(graded, path).read_text(encoding="utf-8")
        links = re.findall(r'href="([^"#]+)">[^<]*/9</a>', html)
        assert [unquote(link).split("/")[-3] for link in links] == ["=cem", "ann"]
        for link in links:
            assert "://" not in link and (path.parent / unquote(link)).is_file()
    assert "%3Dcem/toy/toy.html" in html and "a score leads to" in html
    assert "a score leads to" not in report_page.page(report.read_class(graded), WHEN)


def test_nothing_that_a_student_wrote_is_markup() -> None:
    evil = "<script>pwned()</script>\"'&{{ 7 * 7 }}"
    own = submission(evil, 0, 0, 0, None, messages={"a": evil, "b": evil}, note=evil)
    lost = submission(evil + "2", status="failed", note=evil)
    results = school(own, lost)
    results.students[evil] = evil
    html = report_page.page(results, WHEN)
    assert html.count("<script>") == 1 and "pwned" in html
    assert "49" not in said(html)


def test_a_class_in_which_nothing_could_be_graded_has_a_page() -> None:
    text = said(report_page.page(school(submission("ann", status="failed", note="empty")), WHEN))
    assert "Median score –" in text and "No check had anything to say." in text
    text = said(report_page.page(school(submission("ann", 2, 4, 4, 3)), WHEN))
    assert "Nobody does." in text and "Everything that was handed in could be graded." in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 s"),
        (0.254, "0.25 s"),
        (12.4, "12 s"),
        (119, "119 s"),
        (180, "3 min"),
        (9000, "2.5 h"),
    ],
)
def test_durations_have_a_unit(value: float, shown: str) -> None:
    assert report_page.seconds(value) == shown


# Figures -----------------------------------------------------------------------------------------


def test_tenths_by_hand() -> None:
    assert report_figures.tenths([0, 0.05, 0.1, 0.3, 0.99, 1]) == [2, 1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert report_figures.tenths([]) == [0] * 10


def test_figures_take_the_pages_colours_and_say_what_they_show() -> None:
    drawn = [
        report_figures.histogram([0.1, 0.9], "one", 'of "a" <b>'),
        report_figures.boxes({"$a$": [0.1, 0.9], "b": []}, "points", "two", "boxes", percent=True),
        report_figures.boxes({"a": []}, "seconds", "three", "none"),
        report_figures.completion({"a": {"graded": 3, "missing": 1}}, "four", "bars"),
    ]
    assert 'role="img" aria-label="of &quot;a&quot; &lt;b&gt;"' in drawn[0]
    for svg in drawn:
        assert svg.startswith("<svg ") and svg.rstrip().endswith("</svg>")
        assert not re.search(r"#[0-9a-f]{6}|<style|<metadata|DejaVu", svg)
        assert "var(--text)" in svg
    assert "share of the points" in drawn[0] and "submissions" in drawn[0]
    assert ">$a$<" in drawn[1] and "nothing was graded" in drawn[2]
    names = [name for svg in drawn for name in re.findall(r'\sid="([^"]*)"', svg)]
    assert len(names) == len(set(names))


# The command -------------------------------------------------------------------------------------


def test_the_command_writes_the_page_and_says_where(
    class_course: Course, new_gradebook: Path, tmp_path: Path
) -> None:
    shutil.copy(new_gradebook, class_course.root)
    synthesise(class_course, [f"s{n}" for n in range(8)])
    done = CliRunner().invoke(app, ["report", "--course", str(class_course.root)])
    assert done.exit_code == 0 and done.stdout.startswith("report: "), done.output
    first = (class_course.root / "report.html").read_text(encoding="utf-8")
    assert "Students</dt><dd>8<" in first
    path = tmp_path / "new" / "class.html"
    arguments = ["report", "--output", str(path), "--course", str(class_course.root)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert path.is_file()


def test_the_command_says_when_there_is_nothing_to_report(class_course: Course) -> None:
    done = CliRunner().invoke(app, ["report", "--course", str(class_course.root)])
    assert done.exit_code == 2 and done.stdout == ""
    assert "nothing was graded" in done.stderr and "autograder grade" in done.stderr
    assert not (class_course.root / "gradebook.db").exists()


def test_the_command_says_what_is_not_a_course(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", "--course", str(tmp_path)])
    assert done.exit_code == 2 and "has no nbgrader_config.py" in done.stderr


def test_the_command_says_when_the_page_cannot_be_written(graded: Course) -> None:
    arguments = ["report", "--output", str(graded.root), "--course", str(graded.root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
