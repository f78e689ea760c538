"""A page of feedback says what its student needs, and nothing of the hidden tests or of others."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course import Course, CourseError
from autograder.engine import record
from autograder.engine.execute import Execution, verdict_outputs
from autograder.engine.feedback import write_feedback
from autograder.engine.lab import ReleasedLab
from autograder.engine.record import Recorder, write_csv_files
from autograder.examiner.checks import ERROR, NOT_ATTEMPTED, PASSED, WRONG, Verdict
from tests.engine.conftest import cell_of, executed, own_cell

Save = Callable[..., Execution]


@pytest.fixture
def save(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, handed_in: dict
) -> Callable[..., None]:
    """Records a submission of the toy lab; verdicts by name of the check, the others passed."""

    def saved(student: str, verdicts: dict[str, Verdict] | None = None, **sources: str) -> None:
        nb = nbformat.from_dict(handed_in)
        for name, source in sources.items():
            cell_of(nb, name)["source"] = source
        nb["cells"] += [
            own_cell(f"# {student}'s own\nprint(1)"),
            own_cell("*my notes*", "markdown"),
        ]
        execution = executed(lab, nb)
        for cell in execution.notebook.cells:
            verdict = (verdicts or {}).get(cell.id)
            if verdict is not None:
                execution.verdicts[cell.id] = verdict
                cell.outputs = [new_output("stream", text="from the student\n"),
                                *verdict_outputs(verdict)]  # fmt: skip
            elif cell.id == "own-1":
                cell.outputs = [new_output("stream", text=f"printed by {student}\n")]
        recorder.save(student, lab, execution, [])

    return saved


def page(course: Course, student: str, show_hidden: bool = False) -> str:
    problems: list[str] = []
    (path,) = write_feedback(course, ["toy"], student, show_hidden, problems.append)
    assert not problems
    assert path == course.root / "feedback" / student / "toy" / "toy.html"
    return path.read_text(encoding="utf-8")


def said(html: str) -> str:
    """What a person reads of a page, on one line."""
    body = re.sub(r"<head>.*?</head>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", body)).split())


def test_what_the_exchange_needs_is_passed_on_and_no_link_is_followed(
    class_course: Course, save: Save, tmp_path: Path
) -> None:
    save("ann")
    submitted = class_course.submitted_directory / "ann" / "toy"
    submitted.mkdir(parents=True)
    (submitted / "submission_secret.txt").write_text("5" * 128)
    (tmp_path / "grades").write_text("another's")
    (submitted / "timestamp.txt").symlink_to(tmp_path / "grades")
    problems: list[str] = []
    (path,) = write_feedback(class_course, ["toy"], "ann", False, problems.append)
    assert problems == ["toy of ann: timestamp.txt cannot be read: a link."]
    assert (path.parent / "submission_secret.txt").read_text() == "5" * 128
    assert not (path.parent / "timestamp.txt").exists()


WRONG_ORDER = Verdict(WRONG, "the rows are\nin the wrong order", "AssertionError",
                      ["AssertionError: the rows are in the wrong order"])  # fmt: skip


def test_the_first_thing_to_fix_comes_first(class_course: Course, save: Save) -> None:
    save("ann", {"lookup-check": WRONG_ORDER, "total-check": Verdict(WRONG, "later")})
    text = said(page(class_course, "ann"))
    start = text.index("What to fix first")
    assert text.index("Feedback for ann") < text.index("3 of 9 points") < start
    assert text[start:].startswith(
        "What to fix first Toy wrong the rows are in the wrong order All checks"
    )
    assert "3 of them wait for a person" in text


def test_every_check_has_its_outcome_points_and_message(class_course: Course, save: Save) -> None:
    save("ann", {
        "lookup-check": Verdict(PASSED, result="1"),
        "total-check": Verdict(NOT_ATTEMPTED, "not done yet", "NotImplementedError"),
        "total-check-2": Verdict(ERROR, "'key'", "KeyError", ["KeyError: 'key'", "where"]),
    })  # fmt: skip
    text = said(page(class_course, "ann"))
    table = text[text.index("All checks") : text.index("Your notebook")]
    assert table.split("Points ")[1].strip() == (
        "Toy lookup-check partly right 1 of 2 "
        "Toy total-check not attempted 0 of 1 "
        "Toy total-check-2 error 0 of 3 KeyError: 'key' "
        "Toy why not graded yet – of 3"
    )


def test_an_answer_that_does_not_run_is_the_first_thing(class_course: Course, save: Save) -> None:
    undefined = Verdict(ERROR, "name 'lookup' is not defined", "NameError")
    save("ann", {"lookup-check": undefined})
    path = class_course.autograded_directory / "ann" / "toy" / "toy.ipynb"
    nb = nbformat.read(path, as_version=4)
    broken = new_output("error", ename="SyntaxError", evalue="'(' was never closed", traceback=[])
    next(cell for cell in nb.cells if cell.id == "lookup").outputs = [broken]
    nbformat.write(nb, path)
    assert "stops with an error, so the check cannot use it: SyntaxError: '(' was never" in said(
        page(class_course, "ann")
    )


def test_a_lab_without_an_answer_says_where_to_begin(
    class_course: Course, save: Save, lab: ReleasedLab
) -> None:
    stub = next(cell.source for cell in lab.notebook.cells if cell.id == "lookup")
    nothing = Verdict(NOT_ATTEMPTED, "This exercise is not done yet.", "NotImplementedError")
    save("ann", {"lookup-check": nothing}, lookup=stub)
    text = said(page(class_course, "ann"))
    assert "Toy not attempted Nothing is written here yet" in text
    assert "As it was handed out." in text


def test_when_all_is_passed_nothing_is_to_fix(
    class_course: Course, save: Save, lab: ReleasedLab
) -> None:
    save("ann")
    assert "Nothing to fix Every check is passed, and your written" in said(
        page(class_course, "ann")
    )
    question = next(cell.source for cell in lab.notebook.cells if cell.id == "why")
    save("ben", why=question)
    assert "this question has no answer yet" in said(page(class_course, "ben"))


def test_points_and_comments_given_by_hand_are_there(class_course: Course, save: Save) -> None:
    save("ann", {"total-check": WRONG_ORDER})
    with Gradebook(class_course.gradebook_url, class_course.directories.course_id) as gradebook:
        for name, points in (("why", 2), ("total-check", 1)):
            gradebook.find_grade(name, "toy", "toy", "ann").manual_score = points
        gradebook.find_comment("why", "toy", "toy", "ann").manual_comment = "Say *how many*."
        gradebook.find_submission_notebook("toy", "toy", "ann").late_submission_penalty = 1.5
        gradebook.db.commit()
    html = page(class_course, "ann")
    text = said(html)
    assert "6.5 of 9 points 1.5 points were taken off because it came late." in text
    assert "total-check graded by hand 1 of 1" in text
    assert "why graded by hand 2 of 3" in text
    assert "Say <em>how many</em>." in html
    assert "Every check is passed; read the comment on your answer." in text


def test_the_students_own_cells_are_shown_and_no_other_students(
    class_course: Course, save: Save
) -> None:
    save("ann", why="It reads **one** row.<script>pwned()</script>")
    save("ben")
    html = page(class_course, "ann")
    text = said(html)
    assert "return table[np.asarray(ids)]" in text
    assert "printed by ann" in text and "my notes" in text
    assert "ben" not in text
    assert "It reads **one** row." in text and "<script" not in html
    assert "A cell of the lab" not in text, "what the course's cells show is known"


# Hidden tests -------------------------------------------------------------------------------------


def test_hidden_tests_are_left_out_and_what_is_printed_in_them(
    class_course: Course, save: Save
) -> None:
    save("ann", {"lookup-check": WRONG_ORDER, "total-check": WRONG_ORDER})
    html = page(class_course, "ann")
    assert "expected shape (4,)" in said(html), "the part that students know"
    assert "expected_rows" not in html and "HIDDEN" not in html
    assert "the total of nothing is 0.0" not in html
    assert "Part of this check is hidden" in html
    assert html.count("from the student") == 1, "only where nothing is hidden"


def test_hidden_tests_are_shown_when_the_instructor_asks(class_course: Course, save: Save) -> None:
    save("ann", {"lookup-check": WRONG_ORDER})
    html = page(class_course, "ann", show_hidden=True)
    assert "expected_rows" in html and "This page shows hidden tests" in html
    assert "Part of this check is hidden" not in html


# What cannot be had -------------------------------------------------------------------------------


def test_a_page_loads_nothing_and_may_run_nothing(class_course: Course, save: Save) -> None:
    save("ann")
    html = page(class_course, "ann")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert not re.search(r"<script|<link|<img(?! src=\"data:)|@import|url\(", html)


def test_a_file_that_could_not_be_graded_is_told_to_its_student(
    class_course: Course, recorder: Recorder, lab: ReleasedLab, save: Save
) -> None:
    save("ann")
    (class_course.submitted_directory / "ben").mkdir(parents=True)
    reason = "the file is <b>empty</b>."
    write_csv_files(class_course, [recorder.failed(s, lab, reason, 0.0) for s in ("ann", "ben")])
    ben = said(page(class_course, "ben"))
    assert "Your file could not be graded the file is <b>empty</b>." in ben
    assert "points" not in ben
    ann = said(page(class_course, "ann"))
    assert "Your latest file could not be graded" in ann and "about the one before it" in ann
    assert "Every check is passed" in ann


def test_one_page_that_cannot_be_made_costs_one_line(
    class_course: Course, recorder: Recorder, save: Save
) -> None:
    for name in ("ann", "ben", "cem", "dan"):
        save(name)
    folder = class_course.autograded_directory
    (folder / "ann" / "toy" / "toy.ipynb").write_text("{")
    stock = nbformat.read(folder / "ben" / "toy" / "toy.ipynb", as_version=4)
    for cell in stock.cells:
        cell.metadata.pop(record.VERDICT, None)
    nbformat.write(stock, folder / "ben" / "toy" / "toy.ipynb")
    shutil.copytree(folder / "dan", folder / "eva")
    problems: list[str] = []
    pages = write_feedback(class_course, ["toy"], None, False, problems.append)
    assert [path.parent.parent.name for path in pages] == ["cem", "dan"]
    assert all("\n" not in line for line in problems)
    ann, ben, eva = problems
    assert "toy of ann: toy.ipynb in" in ann and "cannot be read" in ann
    assert ben == "toy of ben: its checks have no outcomes of `autograder grade`; grade it again."
    assert eva == "toy of eva: the gradebook has no scores of it; grade it again."


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    class_course: Course, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("ann", {"lookup-check": WRONG_ORDER})
    before = page(class_course, "ann")
    save("ann")

    def full(handle: int) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(record.os, "fsync", full)
        with pytest.raises(CourseError, match=r"toy.html cannot be written: the disk is full"):
            page(class_course, "ann")
    path: Path = class_course.feedback_directory / "ann" / "toy" / "toy.html"
    assert path.read_text(encoding="utf-8") == before


# The command --------------------------------------------------------------------------------------


def test_the_command_writes_the_pages_and_says_where(class_course: Course, save: Save) -> None:
    save("ann")
    save("ben")
    done = CliRunner().invoke(app, ["feedback", "toy", "--course", str(class_course.root)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 pages of feedback in ")
    assert done.stderr == ""


def test_the_command_says_when_there_is_nothing_to_write(class_course: Course) -> None:
    done = CliRunner().invoke(app, ["feedback", "--course", str(class_course.root)])
    assert done.exit_code == 2
    assert "nothing was graded" in done.stderr and "autograder grade" in done.stderr
    assert not (class_course.root / "gradebook.db").exists()


def test_the_command_says_which_students_there_are(class_course: Course, save: Save) -> None:
    save("ann")
    arguments = ["feedback", "--student", "eve", "--course", str(class_course.root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "no results of 'eve'; there are ann." in done.stderr


def test_the_command_says_what_is_not_a_course_and_not_a_lab(
    class_course: Course, tmp_path: Path
) -> None:
    for arguments, words in (
        (["feedback", "--course", str(tmp_path)], "has no nbgrader_config.py"),
        (["feedback", "lab9", "--course", str(class_course.root)], "no lab called lab9"),
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2 and words in done.stderr
