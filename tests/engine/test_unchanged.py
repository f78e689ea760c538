"""Only what has changed is graded again, and nothing that has changed is taken for unchanged.

Kernels and examiners are left out but for one test: what a submission earns is told by its answers
here, and the runs are counted.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.authoring.notebooks import reference_notebook, student_notebook, to_text
from autograder.authoring.source import read_lab
from autograder.cli import app
from autograder.course import CONFIG_FILE, Course, CourseError
from autograder.engine import intake, unchanged
from autograder.engine.execute import TIMED_OUT, Execution, verdict_outputs
from autograder.engine.grade import grade_class
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.local import this_machine
from autograder.engine.record import Recorder, Result
from autograder.engine.unchanged import FILE, Kept, Look, circumstances
from autograder.examiner.checks import PASSED, WRONG, Verdict
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.limits import Limits
from tests.conftest import TOY, sandbox_layers
from tests.engine.conftest import ANSWERS, own_cell

EXECUTE = "autograder.engine.local.execute"
WRONG_LOOKUP = ANSWERS | {"lookup": "def lookup(table, ids):\n    return table[3]  # wrong"}
SLOW = ANSWERS | {"lookup": "def lookup(table, ids):\n    ...  # slow"}


@dataclass
class Class:
    """A course with a class in it, and how often a notebook was run."""

    course: Course
    ran: int = 0
    starts: int = 0
    before: Callable[[], None] = field(default=lambda: None)

    def put(self, student: str, answers: dict[str, str] | bytes, lab: str = "toy") -> Path:
        """Hands in answers, in the student notebook, or bytes."""
        path = self.course.submitted_directory / student / lab / f"{lab}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(answers, bytes):
            path.write_bytes(answers)
            return path
        nb = json.loads(self.course.student_notebook(lab).read_text())
        for cell in nb["cells"]:
            cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
        path.write_text(json.dumps(nb))
        return path

    def add_lab(self, name: str, source: str = TOY) -> None:
        """Makes a lab, or makes it anew from another source."""
        self.course.lab_source(name).parent.mkdir(parents=True, exist_ok=True)
        self.course.lab_source(name).write_text(source)
        reference = reference_notebook(read_lab(self.course.lab_source(name)), self.course)
        self.course.reference_notebook(name).write_text(to_text(reference))
        self.course.student_notebook(name).parent.mkdir(parents=True, exist_ok=True)
        blank = student_notebook(reference, name, self.course)
        self.course.student_notebook(name).write_text(to_text(blank))

    async def execute(self, nb: NotebookNode, *rest: Any) -> Execution:
        """In place of kernels and examiners: answers say themselves how their checks end."""
        self.before()
        self.ran += 1
        execution = Execution(nb, seconds=1.5)
        (answer,) = (cell.source for cell in nb.cells if grade_id(cell) == "lookup")
        for cell in nb.cells:
            if kind_of(cell) == "check":
                ends = {"wrong": WRONG, "slow": TIMED_OUT}.get(answer.rpartition("# ")[2], PASSED)
                verdict = Verdict(ends if grade_id(cell) == "lookup-check" else PASSED, "")
                execution.verdicts[grade_id(cell)] = verdict
                cell.outputs = verdict_outputs(verdict)
        return execution

    def grade(
        self,
        *labs: str,
        student: str | None = None,
        limits: Limits = Limits(),  # noqa: B008
        confined: bool = False,
        force: bool = False,
    ) -> dict[tuple[str, str], Result]:
        """Grades what has changed; results by student and lab."""
        confine = sandbox_layers if confined else None
        machine = this_machine(self.course.root / "data", limits, confine, print)
        results = asyncio.run(
            grade_class(
                self.course, list(labs) or ["toy"], student, 1, machine, lambda *told: None, force
            )
        )
        return {(result.student, result.lab): result for result in results}

    def graded(self, *labs: str, **options: Any) -> set[str]:
        """Students of whom something was graded now."""
        results = self.grade(*labs, **options)
        return {student for (student, _), r in results.items() if not r.unchanged}

    def gradebook(self) -> Gradebook:
        return Gradebook(self.course.gradebook_url, self.course.directories.course_id)

    def by_hand(self, student: str, name: str, points: float | None, extra: float = 0) -> None:
        """Gives points as nbgrader's formgrader does."""
        with self.gradebook() as book:
            given = book.find_grade(name, "toy", "toy", student)
            given.manual_score, given.extra_credit = points, extra
            given.needs_manual_grade = False
            book.db.commit()


@pytest.fixture
def klass(class_course: Course, new_gradebook: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    """Three have handed in: two right, one wrong; nothing is graded yet."""
    shutil.copy(new_gradebook, class_course.root)
    (class_course.root / "data").mkdir()
    (class_course.root / "data" / "words.txt").write_text("cat dog")
    made = Class(class_course)
    for student, answers in {"ann": ANSWERS, "ben": ANSWERS, "cem": WRONG_LOOKUP}.items():
        made.put(student, answers)

    def start() -> None:
        made.starts += 1

    monkeypatch.setattr(EXECUTE, made.execute)
    monkeypatch.setattr(TEMPLATE, "start", start)
    monkeypatch.setattr(TEMPLATE, "pid", lambda: 1)
    monkeypatch.setattr(TEMPLATE, "unfit", None)
    return made


ALL = {"ann", "ben", "cem"}


# Nothing has changed -----------------------------------------------------------------------------


def test_what_is_unchanged_has_its_results_without_a_kernel_a_template_or_a_sandbox(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = klass.grade()
    assert (klass.ran, klass.starts) == (3, 1)
    second = klass.grade()
    assert (klass.ran, klass.starts) == (3, 1)
    assert {r.unchanged for r in first.values()} == {False}
    assert {r.unchanged for r in second.values()} == {True}
    assert second["cem", "toy"].score == 4
    for key, result in second.items():
        result.unchanged = False
        assert result == first[key]

    def never() -> None:
        raise AssertionError("the sandbox is tried though there is nothing to run")

    klass.grade(confined=True)
    monkeypatch.setattr("tests.engine.test_unchanged.sandbox_layers", never)
    assert klass.graded(confined=True) == set()


def test_a_file_saved_again_without_another_answer_is_unchanged(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    klass.grade()
    path = klass.put("ann", ANSWERS)
    nb = json.loads(path.read_text())
    for n, cell in enumerate(nb["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = n
    path.write_text(json.dumps(nb, indent=4))
    os.utime(path, (1, 1))
    assert klass.graded() == set()

    def never(*args: Any) -> None:
        raise AssertionError("a file that was seen is parsed")

    monkeypatch.setattr(intake, "parse", never)
    assert klass.graded() == set()


def test_new_words_in_a_labs_prose_are_no_change(klass: Class) -> None:
    klass.add_lab("toy")
    klass.grade()
    klass.add_lab("toy", TOY.replace("# # Toy", "# # Toys and games"))
    assert klass.graded() == set()


def test_a_file_that_cannot_be_graded_is_not_tried_again(klass: Class) -> None:
    for student in ALL:
        klass.put(student, ANSWERS)
    klass.grade()
    klass.put("ann", b"{")
    (klass.course.submitted_directory / "README").write_text("hello")
    assert klass.graded() == {"ann", "README"}
    again = klass.grade()
    assert {r.unchanged for r in again.values()} == {True} and klass.starts == 2
    assert again["ann", "toy"].status == again["README", "toy"].status == "failed"
    assert again["ann", "toy"].note.endswith("(the gradebook keeps the earlier score, 6)")
    assert {c.outcome for c in again["ann", "toy"].checks} == {"not graded"}
    with klass.gradebook() as book:
        book.remove_submission("toy", "ann")
    note = klass.grade()["ann", "toy"].note
    assert note.startswith("the file is not a notebook") and "earlier score" not in note


# Everything that a result depends on ------------------------------------------------------------


def edit_keeping_the_time(klass: Class) -> None:
    """As many bytes, and the times of before."""
    path = klass.put("ann", ANSWERS)
    info = path.stat()
    text = path.read_text()
    path.write_text(text.replace("table[np.asarray(ids)]", "table[np.asarray(idx)]"))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_size == info.st_size and path.read_text() != text


def another_cell(klass: Class) -> None:
    path = klass.put("ann", ANSWERS)
    nb = json.loads(path.read_text())
    nb["cells"].append(own_cell("np.arange = None"))
    path.write_text(json.dumps(nb))


def an_edited_frame(klass: Class) -> None:
    path = klass.put("ann", ANSWERS)
    path.write_text(path.read_text().replace('"points": 2', '"points": 200'))


def another_file_beside(klass: Class) -> None:
    (klass.course.submitted_directory / "ann" / "toy" / "toy (1).ipynb").write_text("{}")


def no_notebook_any_more(klass: Class) -> None:
    (klass.course.submitted_directory / "ann" / "toy" / "toy.ipynb").unlink()


def no_autograded_notebook(klass: Class) -> None:
    (klass.course.autograded_directory / "ann" / "toy" / "toy.ipynb").unlink()


@pytest.mark.parametrize("change", [
    edit_keeping_the_time, another_cell, an_edited_frame, another_file_beside,
    no_notebook_any_more, no_autograded_notebook,
], ids=lambda change: change.__name__)  # fmt: skip
def test_whose_submission_has_changed_is_graded_alone(
    klass: Class, change: Callable[[Class], None]
) -> None:
    klass.grade()
    change(klass)
    assert klass.graded() == {"ann"}
    assert klass.graded() == set()


LABS = {
    "check": ("[1, 2]) == 3.0,", "[1, 2]) == 3,"),
    "hidden check": ("assert total([]) == 0.0", "assert total([]) == 0"),
    "points": ('check="lookup" points=2', 'check="lookup" points=5'),
    "given": ("np.arange(40.0)", "np.arange(40.0) + 1"),
    "demonstration": ("print(table[3])", "print(table[4])"),
}


@pytest.mark.parametrize("edit", LABS.values(), ids=LABS.keys())
def test_an_edited_cell_of_a_lab_regrades_that_lab_alone(
    klass: Class, edit: tuple[str, str]
) -> None:
    klass.add_lab("toy")
    klass.add_lab("other")
    klass.put("ann", ANSWERS, "other")
    assert len(klass.grade("toy", "other")) == 6  # two have not done the other lab
    assert TOY.count(edit[0]) == 1
    klass.add_lab("other", TOY.replace(*edit))
    again = klass.grade("toy", "other")
    assert {key for key, r in again.items() if not r.unchanged and r.status != "missing"} == {
        ("ann", "other")
    }
    assert again["ann", "other"].max_score == (12 if "points=5" in edit[1] else 9)


def a_data_file(klass: Class) -> None:
    (klass.course.root / "data" / "words.txt").write_text("cat cow")


def a_new_data_file(klass: Class) -> None:
    (klass.course.root / "data" / "deep").mkdir()
    (klass.course.root / "data" / "deep" / "new.txt").write_text("")


def a_renamed_data_file(klass: Class) -> None:
    (klass.course.root / "data" / "words.txt").rename(klass.course.root / "data" / "word.txt")


@pytest.mark.parametrize("change", [a_data_file, a_new_data_file, a_renamed_data_file],
                         ids=lambda change: change.__name__)  # fmt: skip
def test_another_data_file_regrades_everybody(
    klass: Class, change: Callable[[Class], None]
) -> None:
    klass.grade()
    change(klass)
    assert klass.graded() == ALL
    assert klass.graded() == set()


def test_other_limits_regrade_everybody(klass: Class) -> None:
    klass.grade()
    assert klass.graded(limits=Limits(seconds=7)) == ALL
    assert klass.graded(limits=Limits(seconds=7, memory=2**31)) == ALL


def test_with_and_without_a_sandbox_are_different_things(klass: Class) -> None:
    klass.grade()
    assert klass.graded(confined=True) == ALL
    assert klass.graded(confined=True) == set()
    assert klass.graded() == ALL


@pytest.mark.parametrize("what", ["autograder", "Python", "torch", "ipykernel"])
def test_other_versions_regrade_everybody(
    klass: Class, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    klass.grade()
    other = unchanged.fingerprint() | {what: "another"}
    monkeypatch.setattr(unchanged, "fingerprint", lambda: other)
    assert klass.graded() == ALL


def test_force_regrades_everybody(klass: Class) -> None:
    klass.grade()
    assert klass.graded(force=True) == ALL
    assert klass.graded() == set()


# The gradebook ----------------------------------------------------------------------------------


def test_points_given_by_hand_stay_and_are_in_the_tables(klass: Class) -> None:
    klass.grade()
    klass.by_hand("ann", "why", 2.5)
    klass.by_hand("cem", "lookup-check", 1, extra=0.5)
    again = klass.grade()
    assert klass.ran == 3
    ann, cem = again["ann", "toy"], again["cem", "toy"]
    assert (ann.score, ann.needs_manual_grade) == (8.5, False)
    assert {c.check: (c.points, c.outcome) for c in ann.checks} == {
        "lookup-check": (2, "passed"), "total-check": (1, "passed"), "total-check-2": (3, "passed"),
        "why": (2.5, "graded by hand"),
    }  # fmt: skip
    assert (cem.score, cem.needs_manual_grade) == (5.5, True)
    assert (cem.checks[0].points, cem.checks[0].outcome) == (1.5, "graded by hand")
    with klass.gradebook() as book:
        assert book.find_submission("toy", "ann").score == 8.5
        assert book.find_submission("toy", "cem").score == 5.5

    klass.put("ann", WRONG_LOOKUP)  # graded again, for a second look
    ann = klass.grade()["ann", "toy"]
    assert (ann.score, ann.needs_manual_grade) == (6.5, True)
    assert (ann.checks[-1].points, ann.checks[-1].outcome) == (2.5, "needs manual grade")
    again = klass.grade()["ann", "toy"]
    assert again.unchanged and (again.score, again.checks) == (6.5, ann.checks)
    klass.by_hand("ann", "why", None)
    with klass.gradebook() as book:  # as the formgrader leaves it
        book.find_grade("why", "toy", "toy", "ann").needs_manual_grade = True
        book.db.commit()
    assert klass.grade()["ann", "toy"].score == 4


def other_points(klass: Class) -> None:
    with klass.gradebook() as book:
        book.find_grade("lookup-check", "toy", "toy", "ann").auto_score = 0
        book.db.commit()


def not_to_be_graded_by_hand(klass: Class) -> None:
    klass.by_hand("ann", "why", None)


def no_submission(klass: Class) -> None:
    with klass.gradebook() as book:
        book.remove_submission("toy", "ann")


def no_student(klass: Class) -> None:
    with klass.gradebook() as book:
        book.remove_student("ann")


@pytest.mark.parametrize(
    "change", [other_points, not_to_be_graded_by_hand, no_submission, no_student],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_whose_grades_are_not_what_the_checks_gave_is_graded_again(
    klass: Class, change: Callable[[Class], None]
) -> None:
    klass.grade()
    change(klass)
    again = klass.grade()
    assert {student for (student, _), r in again.items() if not r.unchanged} == {"ann"}
    assert (again["ann", "toy"].score, again["ann", "toy"].needs_manual_grade) == (6, True)
    with klass.gradebook() as book:
        assert book.find_submission("toy", "ann").score == 6


def test_a_new_gradebook_is_filled_again(klass: Class, new_gradebook: Path) -> None:
    klass.grade()
    shutil.copy(new_gradebook, klass.course.root)
    assert klass.graded() == ALL
    assert klass.graded() == set()


def test_a_lab_that_the_gradebook_knows_is_not_written_into_it_again(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    honest = Gradebook.update_or_create_source_cell
    monkeypatch.setattr(
        Gradebook,
        "update_or_create_source_cell",
        lambda book, name, *a, **k: written.append(name) or honest(book, name, *a, **k),
    )
    klass.add_lab("toy")
    klass.grade()
    cells = len(written)
    klass.grade()
    assert cells == len(written) > 0
    klass.add_lab("toy", TOY.replace('check="lookup" points=2', 'check="lookup" points=5'))
    klass.grade()
    assert len(written) == 2 * cells
    with klass.gradebook() as book:
        assert book.find_grade_cell("lookup-check", "toy", "toy").max_score == 5


# The file that remembers -------------------------------------------------------------------------


def deleted(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def of_another_layout(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE graded (something INTEGER)")
        db.execute("PRAGMA user_version = 1000")


@pytest.mark.parametrize("harm", [deleted, garbage, torn, overwritten, of_another_layout],
                         ids=lambda harm: harm.__name__)  # fmt: skip
def test_without_its_file_everybody_is_graded_and_the_file_is_made_anew(
    klass: Class, harm: Callable[[Path], None]
) -> None:
    first = klass.grade()
    harm(klass.course.root / FILE)
    again = klass.grade()
    assert again == first
    assert klass.graded() == set()


def test_a_file_that_another_program_holds_is_told(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    klass.grade()
    klass.put("ann", WRONG_LOOKUP)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(path, timeout=0))
    with closing(connect(klass.course.root / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match=r"\.autograder\.db cannot be written: .* is locked"):
            klass.grade()
        other.execute("COMMIT")
        other.execute("BEGIN IMMEDIATE")  # may be read meanwhile
        with pytest.raises(CourseError, match="is locked"):
            klass.grade()
        assert klass.ran == 3, "something was run whose result cannot be remembered"
        other.execute("ROLLBACK")
    assert klass.graded() == {"ann"}


# Runs that do not end as they should -------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on_where_it_was(klass: Class) -> None:
    def stop() -> None:
        if klass.ran == 1:
            raise KeyboardInterrupt

    klass.before = stop
    with pytest.raises(KeyboardInterrupt):
        klass.grade()
    klass.before = lambda: None
    assert klass.graded() == {"ben", "cem"}


def test_a_forced_run_that_was_stopped_goes_on_where_it_was(klass: Class) -> None:
    klass.grade()

    def stop() -> None:
        if klass.ran == 4:
            raise KeyboardInterrupt

    klass.before = stop
    with pytest.raises(KeyboardInterrupt):
        klass.grade(force=True)
    klass.before = lambda: None
    assert klass.graded() == {"ben", "cem"}


def killed_at(owner: type, method: str, klass: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed where it calls a method for the first time."""

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, killed)
        with pytest.raises(KeyboardInterrupt):
            klass.grade()


def test_a_kill_before_a_result_is_remembered_costs_a_regrade_and_no_wrong_result(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores of both files are the same, so the gradebook alone does not tell."""
    other = ANSWERS | {"why": "Something else."}
    klass.grade()
    first = klass.put("ann", ANSWERS).read_bytes()
    klass.put("ann", other)

    killed_at(Kept, "keep", klass, monkeypatch)
    notebook = klass.course.autograded_directory / "ann" / "toy" / "toy.ipynb"
    assert "Something else." in notebook.read_text()
    klass.put("ann", first)
    assert klass.graded() == {"ann"}
    assert "Something else." not in notebook.read_text()


def test_a_kill_before_the_gradebook_has_a_result_costs_a_regrade(
    klass: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    klass.grade()
    klass.put("ann", WRONG_LOOKUP)
    killed_at(Recorder, "save", klass, monkeypatch)
    assert klass.graded() == {"ann"}


def test_what_ran_into_a_limit_is_graded_again(klass: Class) -> None:
    klass.put("ann", SLOW)
    assert klass.grade()["ann", "toy"].status == "partial"
    assert klass.graded() == {"ann"}


def test_what_failed_on_our_side_is_graded_again(
    klass: Class, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks() -> None:
        raise RuntimeError("a fault of ours")

    klass.grade()
    klass.put("ann", WRONG_LOOKUP)
    klass.before = breaks
    assert "a fault of ours" in klass.grade()["ann", "toy"].note
    klass.before = lambda: None
    assert klass.grade()["ann", "toy"].status == "graded"
    capsys.readouterr()


def test_what_changes_while_it_is_graded_is_graded_again(klass: Class) -> None:
    klass.before = lambda: klass.put("ann", WRONG_LOOKUP)
    first = klass.grade(student="ann")
    klass.before = lambda: None
    again = klass.grade(student="ann")
    assert (first["ann", "toy"].score, again["ann", "toy"].score) == (6, 4)


def test_a_student_and_a_lab_can_be_chosen(klass: Class) -> None:
    klass.add_lab("other")
    klass.put("ann", ANSWERS, "other")
    assert klass.graded(student="ann") == {"ann"}
    assert klass.graded(student="ann") == set()
    assert klass.graded() == {"ben", "cem"}
    assert {key for key, r in klass.grade("toy", "other").items() if r.unchanged} == {
        ("ann", "toy"), ("ben", "toy"), ("cem", "toy"),
    }  # fmt: skip


# Fingerprints ------------------------------------------------------------------------------------


def test_parts_of_a_fingerprint_cannot_run_into_each_other() -> None:
    assert unchanged.digest("ab", "c") != unchanged.digest("a", "bc")
    assert unchanged.digest("a", b"") != unchanged.digest("a")
    assert unchanged.digest("\ud800") != unchanged.digest("\ud801")


def test_a_fingerprint_is_the_same_every_time(
    class_course: Course, lab: ReleasedLab, handed_in: dict, tmp_path: Path
) -> None:
    folder = tmp_path / "submitted" / "ann" / "toy"
    folder.mkdir(parents=True)
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    looks = [Look(folder, ReleasedLab.load(class_course, "toy")) for _ in range(2)]
    assert looks[0].file == looks[1].file and looks[0].cells == looks[1].cells
    assert looks[0].submission.answers == ANSWERS
    data = tmp_path / "no data"
    assert circumstances([lab], data, Limits(), True) == circumstances([lab], data, Limits(), True)


# The command line --------------------------------------------------------------------------------


def table(course: Course) -> dict[str, str]:
    with (course.root / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: row["score"] for row in csv.DictReader(file)}


def test_the_command_line_counts_what_is_unchanged_and_writes_all_results(klass: Class) -> None:
    course = klass.course

    def run(*options: str) -> Any:
        command = ["grade", "toy", "--sandbox", "none", "--course", str(course.root), *options]
        said = CliRunner().invoke(app, command, catch_exceptions=False)
        assert said.exit_code == 0, said.stderr
        return said

    assert "unchanged" not in run().stdout
    klass.put("ann", WRONG_LOOKUP)
    (course.root / "grades.csv").unlink()
    said = run()
    assert said.stdout.endswith("2 of 3 submissions are unchanged since they were graded\n")
    told = re.findall(r"^\[(\S+) \d+s (.*)", said.stderr, re.MULTILINE)
    assert told == [("3/3]", "toy ann 4/9 graded")]
    assert " ann " in said.stdout and " ben " not in said.stdout
    assert table(course) == {"ann": "4", "ben": "6", "cem": "4"}

    klass.by_hand("ben", "why", 3)
    said = run()
    assert "3 of 3 submissions are unchanged" in said.stdout and "ann" not in said.stdout
    assert table(course) == {"ann": "4", "ben": "9", "cem": "4"}
    assert " ben " in run("--student", "ben").stdout
    assert "unchanged" not in run("--force").stdout
    assert CONFIG_FILE in os.listdir(course.root) and klass.ran == 3 + 1 + 3


def test_in_a_real_kernel_and_a_real_sandbox_nothing_is_run_twice(
    class_course: Course, new_gradebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(new_gradebook, class_course.root)
    made = Class(class_course)
    made.put("ann", ANSWERS)
    first = made.grade(confined=True)
    assert first["ann", "toy"].score == 6 and not first["ann", "toy"].unchanged

    def never(*args: Any) -> None:
        raise AssertionError("something is forked")

    monkeypatch.setattr(TEMPLATE, "start", never)
    monkeypatch.setattr(TEMPLATE, "fork", never)
    again = made.grade(confined=True)
    assert (
        again["ann", "toy"].unchanged and again["ann", "toy"].checks == first["ann", "toy"].checks
    )


# Coming late -------------------------------------------------------------------------------------


def came(klass: Class, student: str, when: str) -> None:
    folder = klass.course.submitted_directory / student / "toy"
    (folder / "timestamp.txt").write_text(when)


def due(klass: Class, when: str) -> None:
    with klass.gradebook() as book:
        book.update_or_create_assignment("toy", duedate=when)


def test_who_came_later_than_was_thought_is_graded_again(klass: Class) -> None:
    strict = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    config = klass.course.root / CONFIG_FILE
    config.write_text(config.read_text() + strict)
    klass.course = Course(klass.course.root)
    came(klass, "ann", "2026-10-02 12:00 UTC")
    came(klass, "ben", "2026-09-30 12:00 UTC")
    klass.grade()
    assert klass.graded() == set()
    due(klass, "2026-10-01 12:00 UTC")
    assert klass.graded() == {"ann"}
    assert klass.graded() == set()
    klass.by_hand("ben", "why", 3)  # in time: nothing is due, whatever the score
    assert klass.graded() == set()
    klass.by_hand("ann", "why", 3)  # all of the score is due, and that is more now
    assert klass.graded() == {"ann"}
    came(klass, "ben", "2026-10-03 12:00 UTC")
    assert klass.graded() == {"ben"}
    with klass.gradebook() as book:
        book.update_or_create_submission("toy", "ben", extension=timedelta(days=9))
    assert klass.graded() == {"ben"}
    assert klass.graded() == set()
