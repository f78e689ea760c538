"""A class with every kind of bad submission beside good ones is graded; nothing is lost.

The whole class is graded once, through the command line, and some students a second time; the
tests look at what was written.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade, is_grade
from typer.testing import CliRunner, Result

from autograder.authoring.notebooks import reference_notebook, student_notebook, to_text
from autograder.authoring.source import read_lab
from autograder.cli import app
from autograder.course import CONFIG_FILE, Course
from autograder.sandbox import limits
from tests.conftest import ROOT, TOY
from tests.engine.conftest import ANSWERS, cell_of, own_cell

SECONDS = 8  # for one cell: what loops must be ended, what is honest must not
MEMORY = 3 * 2**29  # little enough for a slow machine to fill within those seconds
SOURCE = (
    TOY
    + '''
# %% exercise="parity"
def parity(n):
    """0 for even numbers, 1 for odd ones."""
    ### BEGIN SOLUTION
    return n % 2
    ### END SOLUTION

# %% check="parity" points=2
int(parity(2) == 0) + int(parity(3) == 1)
'''
)
RIGHT = ANSWERS | {"parity": "def parity(n):\n    return n % 2"}
ALL_CHECKS = {"lookup-check": 2, "total-check": 1, "total-check-2": 3, "parity-check": 2}
MOST = sum(ALL_CHECKS.values())  # 8, and 3 for the question

LOOP = "def lookup(table, ids):\n    while True:\n        pass"
EXIT = "import os\n\ndef lookup(table, ids):\n    os._exit(3)"
HOG = """\
import time

def total(values):
    hog = []
    while True:
        hog.append(b"x" * 2**26)
        time.sleep(0.05)
"""
WARN = """\
import sys, warnings
warnings.warn("slow")
print("to stderr", file=sys.stderr)

def total(values):
    warnings.warn("deprecated")
    print("to stderr", file=sys.stderr)
    return float(sum(values))
"""
SURROGATE = """\
print("\\ud800")
def total(values):
    print("\\udfff")
    raise ValueError("\\ud800 \\x1b[2J")
"""
FORGE = """\
kernel = get_ipython().kernel

def send(kind, **content):
    kernel.session.send(kernel.iopub_socket, kind, content, kernel.get_parent())

send("display_data", data={"text/html": "<script>pwned()</script>"}, metadata={})
send("execute_result", data={}, metadata={}, execution_count="<script>pwned()</script>")
"""


def notebook(course: Course, answers: dict[str, str]) -> dict[str, Any]:
    """The student notebook with answers put in, as a JSON object."""
    nb = json.loads(course.student_notebook("toy").read_text())
    for cell in nb["cells"]:
        cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
    return nb


def without(nb: dict, name: str) -> None:
    nb["cells"].remove(cell_of(nb, name))


def insert(nb: dict, before: str, source: str) -> None:
    nb["cells"].insert(nb["cells"].index(cell_of(nb, before)), own_cell(source))


def cheat(nb: dict) -> None:
    """Every frame of a cell that a submission could try to change."""
    nb["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R"}
    cell_of(nb, "parity-check")["metadata"]["tags"] = ["skip-execution"]
    cell_of(nb, "lookup-check")["metadata"]["nbgrader"]["points"] = 1000
    cell_of(nb, "total-check")["metadata"]["nbgrader"]["schema_version"] = 99
    cell_of(nb, "total-check-2")["source"] = "pass"
    cell_of(nb, "total")["cell_type"] = "markdown"


def copy_of_lookup(nb: dict) -> None:
    copy = deepcopy(cell_of(nb, "lookup"))
    cell_of(nb, "lookup")["source"] = "def lookup(table, ids):\n    return None"
    nb["cells"].append(copy)


def renamed(nb: dict) -> None:
    cell_of(nb, "total")["metadata"]["nbgrader"]["grade_id"] = "sum"


# Student: what is changed in a right submission, or other answers.
NOTEBOOKS: dict[str, dict[str, str] | Callable[[dict], None]] = {
    "ann": {},
    "ben": {
        "total": "def total(values):\n    return float(max(values) + min(values))",
        "parity": "def parity(n):\n    return 0",
    },
    "warns": {"total": WARN},
    "surrogate": {"total": SURROGATE},
    "loops": {"lookup": LOOP},
    "exits": {"lookup": EXIT},
    "hogs": {"total": HOG},
    "errs": {"total": "def total(values):\n    return 1 / 0"},
    "stumbles": {"total": "raise RuntimeError('half way')\n\ndef total(values):\n    return 0"},
    "no-python": {"total": "def total(values:"},
    "top-fails": lambda nb: insert(nb, "lookup", "1 / 0"),
    "top-exits": lambda nb: insert(nb, "total", "import os\nos._exit(1)"),
    "top-loops": lambda nb: insert(nb, "total", "while True:\n    pass"),
    "forges": lambda nb: insert(nb, "total", FORGE),
    "no-check": lambda nb: without(nb, "lookup-check"),
    "cheat": cheat,
    "copies": copy_of_lookup,
    "renames": renamed,
    "newcomer": {},
}


@dataclass
class Graded:
    """What was written for a class, and what the command said."""

    course: Course
    said: Result
    grades: dict[tuple[str, str], dict[str, str]]
    checks: dict[tuple[str, str], dict[str, dict[str, str]]]

    def status(self, student: str) -> str:
        return self.grades[student, "toy"]["status"]

    def note(self, student: str) -> str:
        return self.grades[student, "toy"]["note"]

    def score(self, student: str) -> float:
        return float(self.grades[student, "toy"]["score"])

    def outcomes(self, student: str) -> dict[str, str]:
        rows = self.checks[student, "toy"].values()
        return {row["check"]: row["outcome"] for row in rows}

    def points(self, student: str) -> dict[str, float]:
        rows = self.checks[student, "toy"].values()
        return {row["check"]: float(row["points"]) for row in rows}

    def message(self, student: str, check: str) -> str:
        return self.checks[student, "toy"][check]["message"]


def read_tables(course: Course, said: Result) -> Graded:
    tables = []
    for name in ("grades.csv", "checks.csv"):
        with (course.root / name).open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    grades = {(row["student_id"], row["lab"]): row for row in tables[0]}
    assert len(grades) == len(tables[0]), "a student has two lines for one lab"
    checks: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for row in tables[1]:
        checks.setdefault((row["student_id"], row["lab"]), {})[row["check"]] = row
    return Graded(course, said, grades, checks)


def put(course: Course, student: str, content: dict | bytes, name: str = "toy.ipynb") -> Path:
    """Hands something in."""
    path = course.submitted_directory / student / "toy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def grade(course: Course, *arguments: str) -> Result:
    """`autograder grade`, with a limit on memory that a test can reach."""
    with pytest.MonkeyPatch.context() as patch:
        small = partialmethod(limits.Limits.__init__, memory=MEMORY)
        patch.setattr(limits.Limits, "__init__", small)
        command = ["grade", *arguments, "--workers", "2", "--course", str(course.root)]
        return CliRunner().invoke(app, command, catch_exceptions=False)


def gradebook(course: Course) -> Gradebook:
    return Gradebook(course.gradebook_url, course.directories.course_id)


@pytest.fixture(scope="module", autouse=True)
def _alembic_can_be_found() -> Iterator[None]:
    """nbgrader calls it by name to make a gradebook; it lies beside our Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The whole class, graded in one run."""
    root = tmp_path_factory.mktemp("class")
    text = (ROOT / CONFIG_FILE).read_text()
    assert "c.Execute.timeout = 60" in text
    (root / CONFIG_FILE).write_text(text.replace("timeout = 60", f"timeout = {SECONDS}"))
    course = Course(root)
    for lab in ("toy", "other"):
        course.lab_source(lab).parent.mkdir(parents=True)
        course.lab_source(lab).write_text(SOURCE)
        reference = reference_notebook(read_lab(course.lab_source(lab)), course)
        course.reference_notebook(lab).write_text(to_text(reference))
        course.student_notebook(lab).parent.mkdir(parents=True)
        course.student_notebook(lab).write_text(to_text(student_notebook(reference, lab, course)))

    for student, change in NOTEBOOKS.items():
        nb = notebook(course, RIGHT | (change if isinstance(change, dict) else {}))
        if callable(change):
            change(nb)
        put(course, student, nb)
    put(course, "untouched", notebook(course, {}))
    shutil.copytree(  # one student has done the other lab too
        course.submitted_directory / "ann" / "toy", course.submitted_directory / "ann" / "other"
    )
    (course.submitted_directory / "ann" / "other" / "toy.ipynb").rename(
        course.submitted_directory / "ann" / "other" / "other.ipynb"
    )
    put(course, "学生 一", notebook(course, RIGHT), "实验 一 (1).ipynb")
    put(course, "two", notebook(course, RIGHT))
    put(course, "two", b"{}", "toy (1).ipynb")

    put(course, "not-json", b"my answers")
    put(course, "empty", b"")
    put(course, "torn", json.dumps(notebook(course, RIGHT)).encode()[:500])
    put(course, "format-3", notebook(course, RIGHT) | {"nbformat": 3})
    put(course, "another", json.dumps(notebook(course, RIGHT)).replace(
        '"grade_id": "', '"grade_id": "x-').encode())  # fmt: skip
    put(course, "two-strange", b"{}", "a.ipynb")
    put(course, "two-strange", b"{}", "b.ipynb")
    put(course, "nothing", b"print(1)", "toy.py")
    put(course, "a-folder", b"").unlink()
    (course.submitted_directory / "a-folder" / "toy" / "toy.ipynb").mkdir()
    put(course, "a-pipe", b"").unlink()
    os.mkfifo(course.submitted_directory / "a-pipe" / "toy" / "toy.ipynb")
    put(course, "a-link", b"").unlink()
    (course.submitted_directory / "a-link" / "toy" / "toy.ipynb").symlink_to(
        course.submitted_directory / "ann" / "toy" / "toy.ipynb"
    )
    (course.submitted_directory / "all-link").symlink_to(course.submitted_directory / "ann")
    (course.submitted_directory / "lab-file").mkdir()
    (course.submitted_directory / "lab-file" / "toy").write_text("{}")
    (course.submitted_directory / "file.txt").write_text("{}")
    (course.submitted_directory / ".DS_Store").write_text("")
    latin = os.fsencode(course.submitted_directory) + b"/m\xfcller"
    os.makedirs(latin + b"/toy")
    with open(latin + b"/toy/toy.ipynb", "w") as file:
        json.dump(notebook(course, RIGHT), file)

    with gradebook(course) as book:
        for student in os.listdir(course.submitted_directory):
            if student[0] != "." and student != "newcomer" and student.isprintable():
                book.add_student(student)
        book.add_student("absent")
    return read_tables(course, grade(course))


# The run -----------------------------------------------------------------------------------------


def test_a_run_that_was_completed_exits_with_0(graded: Graded) -> None:
    assert graded.said.exit_code == 0, graded.said.stderr


def test_no_submission_makes_the_grader_itself_fail(graded: Graded) -> None:
    assert "Traceback" not in graded.said.stderr
    assert not [n for g in graded.grades.values() if "grader failed" in (n := g["note"])]


def test_everybody_has_one_line_in_grades_and_a_line_for_each_check(graded: Graded) -> None:
    handed_in = {os.fsencode(n).decode("utf-8", "replace")
                 for n in os.listdir(graded.course.submitted_directory)
                 if not n.startswith(".")}  # fmt: skip
    assert {student for student, lab in graded.grades if lab == "toy"} == handed_in | {"absent"}
    for student in handed_in:
        assert set(graded.checks[student, "toy"]) == {*ALL_CHECKS, "why"}, student


def test_every_note_and_message_is_one_line_without_control_characters(graded: Graded) -> None:
    texts = [row["note"] for row in graded.grades.values()]
    texts += [row["message"] for rows in graded.checks.values() for row in rows.values()]
    assert all(text.isprintable() for text in texts)


def test_the_score_in_grades_is_the_sum_of_the_points_in_checks(graded: Graded) -> None:
    for (student, lab), row in graded.grades.items():
        points = [float(c["points"]) for c in graded.checks.get((student, lab), {}).values()]
        assert float(row["score"]) == sum(points), student
        assert float(row["max_score"]) == MOST + 3


# Submissions that cannot be graded ---------------------------------------------------------------

BAD = {
    "not-json": "not JSON",
    "empty": "the file is empty.",
    "torn": "not JSON",
    "format-3": "notebook format 3; expected 4.",
    "another": "none of the cells of toy is in it; is it another lab?",
    "two-strange": "2 notebooks (a.ipynb, b.ipynb) and none is toy.ipynb.",
    "nothing": "no notebook in the folder; expected toy.ipynb.",
    "a-folder": "toy.ipynb is a folder, not a notebook.",
    "a-pipe": "toy.ipynb is a pipe or a device, not a notebook.",
    "a-link": "toy.ipynb cannot be read: a link.",
    "all-link": "all-link is not a folder.",
    "lab-file": "toy is not a folder; expected toy/toy.ipynb.",
    "file.txt": "file.txt is not a folder.",
    "m\ufffdller": "the name of the student's folder is not UTF-8 text; rename it.",
}


@pytest.mark.parametrize(("student", "words"), BAD.items(), ids=BAD.keys())
def test_a_bad_submission_has_its_place_in_the_tables(
    graded: Graded, student: str, words: str
) -> None:
    assert graded.status(student) == "failed"
    assert graded.score(student) == 0
    assert words in graded.note(student)
    assert set(graded.outcomes(student).values()) == {"not graded"}
    assert words in graded.message(student, "lookup-check")


def test_a_bad_submission_is_told_while_the_class_is_graded(graded: Graded) -> None:
    for student in BAD:
        assert f"toy {student} 0/11 failed" in graded.said.stderr


# Submissions that can ----------------------------------------------------------------------------


def test_a_right_submission_gets_all_points_and_waits_for_the_hand_graded_ones(
    graded: Graded,
) -> None:
    row = graded.grades["ann", "toy"]
    assert (row["score"], row["status"], row["note"]) == ("8", "graded", "")
    assert row["needs_manual_grade"] == "true"
    assert graded.points("ann") == ALL_CHECKS | {"why": 0}
    assert graded.outcomes("ann") == dict.fromkeys(ALL_CHECKS, "passed") | {
        "why": "needs manual grade"
    }


def test_a_wrong_answer_is_told_with_the_checks_message_and_a_part_of_the_credit(
    graded: Graded,
) -> None:
    assert graded.score("ben") == 2 + 1 + 0 + 1
    assert graded.points("ben")["parity-check"] == 1  # the number that the check ends with
    assert graded.outcomes("ben")["parity-check"] == "passed"
    assert graded.outcomes("ben")["total-check-2"] == "error"  # max() of nothing


def test_an_untouched_notebook_gets_nothing_and_needs_no_hand(graded: Graded) -> None:
    row = graded.grades["untouched", "toy"]
    assert (row["score"], row["status"], row["needs_manual_grade"]) == ("0", "graded", "false")
    assert set(graded.outcomes("untouched").values()) == {"not attempted"}


@pytest.mark.parametrize("student", ["warns", "top-fails", "no-check", "newcomer", "学生 一",
                                     "two", "copies"])  # fmt: skip
def test_what_is_irregular_but_right_gets_all_points(graded: Graded, student: str) -> None:
    assert graded.points(student) == ALL_CHECKS | {"why": 0}
    assert graded.status(student) == "graded"


NOTES = {
    "newcomer": "a student whom the gradebook did not know; added",
    "two": "also found toy (1).ipynb; graded toy.ipynb",
    "学生 一": "graded 实验 一 (1).ipynb, the only notebook; expected toy.ipynb",
    "no-check": "check lookup-check was deleted; the released cell was put back",
    "copies": "lookup is there twice; the last one counts",
    "renames": "exercise total was deleted; the released cell was put back",
    "top-exits": "the kernel died",
    "forges": "the kernel sent something unreadable",
    "top-loops": f"the cell ran for longer than {SECONDS} seconds",
}


@pytest.mark.parametrize(("student", "words"), NOTES.items(), ids=NOTES.keys())
def test_what_is_irregular_is_noted(graded: Graded, student: str, words: str) -> None:
    assert words in graded.note(student)


def test_a_changed_frame_of_a_cell_is_noted_and_has_no_effect(graded: Graded) -> None:
    note = graded.note("cheat")
    assert "parity-check carries tags; no effect" in note
    assert "points of lookup-check were changed; no effect" in note
    assert "schema_version of total-check was changed; no effect" in note
    assert "check total-check-2 was edited; the released check was used" in note
    assert "total was made a markdown cell; taken as code" in note
    assert graded.points("cheat") == ALL_CHECKS | {"why": 0}


def test_a_renamed_answer_is_the_released_stub_and_costs_its_own_checks_alone(
    graded: Graded,
) -> None:
    assert graded.outcomes("renames")["total-check"] == "not attempted"
    assert graded.points("renames") == ALL_CHECKS | {
        "total-check": 0, "total-check-2": 0, "why": 0,
    }  # fmt: skip


def test_an_endless_loop_costs_the_checks_that_run_into_it(graded: Graded) -> None:
    assert graded.outcomes("loops")["lookup-check"] == "timed out"
    assert graded.points("loops") == ALL_CHECKS | {"lookup-check": 0, "why": 0}
    assert graded.status("loops") == "partial"


def test_a_crash_costs_the_checks_that_run_into_it(graded: Graded) -> None:
    assert graded.outcomes("exits")["lookup-check"] == "crashed"
    assert graded.points("exits") == ALL_CHECKS | {"lookup-check": 0, "why": 0}
    assert graded.status("exits") == "partial"


def test_what_takes_too_much_memory_costs_the_checks_that_run_into_it(graded: Graded) -> None:
    assert graded.outcomes("hogs")["total-check"] == "out of memory"
    assert graded.outcomes("hogs")["total-check-2"] == "out of memory"
    assert graded.outcomes("hogs")["parity-check"] == "passed"
    assert graded.score("hogs") == 4
    assert "1.5 GiB" in graded.message("hogs", "total-check")


@pytest.mark.parametrize("student", ["top-exits", "top-loops", "forges"])
def test_a_cell_that_ends_the_kernel_costs_no_check(graded: Graded, student: str) -> None:
    assert graded.points(student) == ALL_CHECKS | {"why": 0}
    assert graded.status(student) == "partial"


def test_what_a_kernel_forges_is_not_written_down(graded: Graded) -> None:
    path = graded.course.autograded_directory / "forges" / "toy" / "toy.ipynb"
    (cell,) = (c for c in nbformat.read(path, 4).cells if c.source == FORGE)
    assert cell.execution_count is None
    assert [o.output_type for o in cell.outputs] == ["display_data", "error"]
    assert cell.outputs[0].data == {"text/plain": "[not shown: text/html]"}


def test_an_error_in_an_answer_is_another_outcome_than_a_wrong_answer(graded: Graded) -> None:
    assert graded.outcomes("errs")["total-check"] == "error"
    assert "division by zero" in graded.message("errs", "total-check")


@pytest.mark.parametrize("student", ["stumbles", "no-python"])
def test_an_answer_that_defines_nothing_fails_its_own_checks_alone(
    graded: Graded, student: str
) -> None:
    assert graded.outcomes(student)["total-check"] == "error"
    assert "total" in graded.message(student, "total-check")
    assert graded.points(student)["lookup-check"] == 2
    assert graded.points(student)["parity-check"] == 2


def test_text_that_cannot_be_written_down_fails_its_own_checks_alone(graded: Graded) -> None:
    assert graded.points("surrogate") == ALL_CHECKS | {
        "total-check": 0, "total-check-2": 0, "why": 0,
    }  # fmt: skip
    assert graded.outcomes("surrogate")["total-check"] == "error"


def test_a_student_who_handed_nothing_in_is_missing(graded: Graded) -> None:
    row = graded.grades["absent", "toy"]
    assert (row["status"], row["score"], row["needs_manual_grade"]) == ("missing", "0", "false")
    assert ("absent", "toy") not in graded.checks
    assert graded.grades["ben", "other"]["status"] == "missing"


# What nbgrader makes of it -----------------------------------------------------------------------


def test_nbgraders_gradebook_holds_the_same_scores(graded: Graded) -> None:
    with gradebook(graded.course) as book:
        for (student, lab), row in graded.grades.items():
            if row["status"] in ("graded", "partial"):
                submission = book.find_submission(lab, student)
                assert submission.score == float(row["score"]), student
                assert submission.max_score == float(row["max_score"])
                assert str(submission.needs_manual_grade).lower() == row["needs_manual_grade"]


def test_the_gradebook_holds_no_score_for_what_was_not_graded(graded: Graded) -> None:
    with gradebook(graded.course) as book:
        graded_ones = {s.student.id for s in book.assignment_submissions("toy")}
    assert graded_ones == {
        s for (s, lab), row in graded.grades.items()
        if lab == "toy" and row["status"] in ("graded", "partial")
    }  # fmt: skip


def test_nbgrader_exports_the_scores(graded: Graded, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", str(tmp_path / "out.csv")],
        cwd=graded.course.root,
        check=True,
        capture_output=True,
    )
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = {r["student_id"]: r for r in csv.DictReader(file) if r["assignment"] == "toy"}
    for student in ("ann", "ben", "hogs", "学生 一"):
        assert float(rows[student]["score"]) == graded.score(student)


def test_nbgrader_reads_the_same_points_from_the_autograded_notebooks(graded: Graded) -> None:
    for (student, lab), row in graded.grades.items():
        path = graded.course.autograded_directory / student / lab / f"{lab}.ipynb"
        if row["status"] not in ("graded", "partial"):
            assert not path.exists()
            continue
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
        points = {c.metadata.nbgrader.grade_id: determine_grade(c)[0]
                  for c in nb.cells if is_grade(c) and c.cell_type == "code"}  # fmt: skip
        rows = graded.checks[student, lab].values()
        assert points == {r["check"]: float(r["points"]) for r in rows if r["check"] != "why"}


def test_students_see_nothing_red_for_a_warning(graded: Graded) -> None:
    path = graded.course.autograded_directory / "warns" / "toy" / "toy.ipynb"
    nb = nbformat.read(path, as_version=4)
    (check,) = (c for c in nb.cells if c.id == "total-check")
    assert all(output.get("name") != "stderr" for output in check.outputs)


# A second run ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def again(graded: Graded) -> Graded:
    """Three students hand in again, and each is graded alone."""
    course = graded.course
    with gradebook(course) as book:
        by_hand = book.find_grade("why", "toy", "toy", "ben")
        by_hand.manual_score = 2.5
        by_hand.needs_manual_grade = False
        book.db.commit()
    put(course, "ann", b"{")
    nb = notebook(course, RIGHT | {"lookup": "def lookup(table, ids):\n    return table[3]"})
    without(nb, "lookup-check")
    put(course, "ben", nb)
    put(course, "absent", notebook(course, RIGHT))
    for student in ("ann", "ben", "absent"):
        said = grade(course, "toy", "--student", student)
        assert said.exit_code == 0, said.stderr
    return read_tables(course, said)


def test_a_damaged_resubmission_keeps_the_earlier_score_and_says_so(again: Graded) -> None:
    assert again.status("ann") == "failed"
    assert again.note("ann").endswith("(the gradebook keeps the earlier score, 8)")
    with gradebook(again.course) as book:
        assert book.find_submission("toy", "ann").score == 8
    kept = again.course.autograded_directory / "ann" / "toy" / "toy.ipynb"
    assert "np.asarray(ids)" in kept.read_text()


def test_a_deleted_check_scores_by_the_released_one_and_keeps_no_older_score(
    graded: Graded, again: Graded
) -> None:
    assert graded.points("ben")["lookup-check"] == 2
    assert again.points("ben")["lookup-check"] == 0
    assert again.outcomes("ben")["lookup-check"] == "wrong"
    assert "wrong order" in again.message("ben", "lookup-check")
    assert "lookup-check was deleted" in again.note("ben")


def test_a_grade_given_by_hand_stays_and_is_marked_for_a_second_look(again: Graded) -> None:
    assert again.score("ben") == 0 + 4 + 2 + 2.5
    assert again.grades["ben", "toy"]["needs_manual_grade"] == "true"


def test_who_was_missing_and_hands_in_is_graded(again: Graded) -> None:
    assert again.status("absent") == "graded" and again.score("absent") == MOST


def test_a_second_run_replaces_only_the_lines_of_what_it_graded(
    graded: Graded, again: Graded
) -> None:
    done = {("ann", "toy"), ("ben", "toy"), ("absent", "toy")}
    assert again.grades.keys() == graded.grades.keys()
    for key in graded.grades.keys() - done:
        assert again.grades[key] == graded.grades[key]
        assert again.checks.get(key) == graded.checks.get(key)
    assert ("ann", "other") in again.grades
