"""The gradebook in PostgreSQL holds what it holds in SQLite. The server is the test's own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from autograder.course import CONFIG_FILE, Course, CourseError
from autograder.engine import record
from autograder.engine.grade import grade_class
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.record import Recorder, Result
from autograder.sandbox.limits import Limits
from tests.conftest import sandboxed
from tests.engine.conftest import ANSWERS, executed
from tests.gradebooks import rows

WRONG = {"lookup": "def lookup(table, ids):\n    return table[3]"}


def programs() -> Path:
    """Where Debian's packages, or the PATH, have the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    if not found and not named:
        pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: postgresql)")
    return Path(found[-1] if found else named).parent


@pytest.fixture(scope="module")
def new_database() -> Iterator[Callable[[str], str]]:
    """Makes an empty database and tells its address, on a server without TCP of the tests' own."""
    bin_folder = programs()
    # PostgreSQL refuses to run as root.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = user if os.geteuid() == 0 else []
    # A short path, because a socket lies in it.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        if user:
            shutil.chown(folder, "postgres", "postgres")

        def run(program: str, *arguments: str) -> None:
            command = [*user, str(bin_folder / program), *arguments]
            with (Path(folder) / "said").open("a") as said:  # a server keeps a pipe open
                done = subprocess.run(command, cwd=folder, stdout=said, stderr=said)
            assert done.returncode == 0, (Path(folder) / "said").read_text()

        run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "grader", "-E", "UTF8",
            "--no-locale", "--no-sync")  # fmt: skip
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")

        def new(name: str) -> str:
            run("createdb", "-h", folder, "-U", "grader", name)
            return f"postgresql+psycopg://grader@/{name}?host={folder}"

        try:
            yield new
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")


def hand_in(course: Course, student: str, answers: dict[str, str]) -> None:
    nb = json.loads(course.student_notebook("toy").read_text())
    for cell in nb["cells"]:
        cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
    path = course.submitted_directory / student / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb))


def grade(course: Course) -> dict[str, Result]:
    machine = sandboxed(course, Limits())
    grading = grade_class(course, ["toy"], None, 2, machine, lambda *told: None)
    return {result.student: result for result in asyncio.run(grading)}


def use(course: Course, url: str) -> Course:
    """The course with its gradebook in a database."""
    config = course.root / CONFIG_FILE
    config.write_text(config.read_text() + f"\nc.CourseDirectory.db_url = {url!r}\n")
    return Course(course.root)


def by_hand(course: Course, student: str, points: float) -> None:
    """What the formgrader does when a question is graded."""
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        grade = gradebook.find_grade("why", "toy", "toy", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_postgresql_holds_what_sqlite_holds(
    class_course: Course, new_database: Callable[[str], str], tmp_path: Path
) -> None:
    for student, answers in {"ann": ANSWERS, "ben": ANSWERS | WRONG, "zoë": {}}.items():
        hand_in(class_course, student, answers)
    shutil.copytree(class_course.root, tmp_path / "other")
    both = class_course, use(Course(tmp_path / "other"), new_database("same"))

    def scores_of_both() -> dict[str, float]:
        ours, theirs = map(grade, both)
        assert {s: r.status for s, r in theirs.items()} == dict.fromkeys(ours, "graded")
        assert rows(both[0]) == rows(both[1])
        return {student: result.score for student, result in theirs.items()}

    assert scores_of_both() == {"ann": 6, "ben": 4, "zoë": 0}
    for course in both:
        by_hand(course, "ben", 2.5)
        hand_in(course, "ben", ANSWERS)
    assert scores_of_both() == {"ann": 6, "ben": 8.5, "zoë": 0}
    assert not (tmp_path / "other" / "gradebook.db").exists()


def test_a_submission_is_there_with_all_its_scores_or_not_at_all(
    class_course: Course,
    new_database: Callable[[str], str],
    lab: ReleasedLab,
    handed_in: dict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server ends the grader's connection when half of a submission is written."""
    course = use(class_course, new_database("half"))
    recorder = Recorder(course)
    recorder.add_lab(lab)
    recorder.save("ann", lab, executed(lab, handed_in), [])
    before, seen = rows(course), []
    honest = record.determine_grade

    def ends(cell: NotebookNode) -> object:
        if grade_id(cell) == "total-check":
            recorder._gradebook.db.flush()
            seen.append(rows(course))
            with create_engine(course.gradebook_url).connect() as other:
                ended = other.execute(text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'half' AND state = 'idle in transaction'"
                )).all()  # fmt: skip
            assert ended == [(True,)], "one writer, one transaction"
        return honest(cell)

    monkeypatch.setattr(record, "determine_grade", ends)
    try:
        with pytest.raises(CourseError, match="toy of ben cannot be written down: terminating"):
            recorder.save("ben", lab, executed(lab, handed_in), [])
        monkeypatch.undo()
        assert seen == [before] and rows(course) == before
        assert not (course.autograded_directory / "ben" / "toy" / "toy.ipynb").exists()
        recorder.save("ben", lab, executed(lab, handed_in), [])  # on a new connection
        assert {row[1] for row in rows(course) if row[0] == "student"} == {"ann", "ben"}
    finally:
        recorder.close()
