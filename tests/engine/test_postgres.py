"""The gradebook in PostgreSQL holds what it holds in SQLite. The server is the test's own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import CONFIG_FILE, Course
from autograder.engine.grade import grade_class
from autograder.engine.record import Result
from autograder.sandbox.limits import Limits
from tests.conftest import sandbox_layers
from tests.engine.conftest import ANSWERS
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
def database() -> Iterator[str]:
    """The address of an empty database, on a server without TCP that nobody else uses."""
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
        try:
            run("createdb", "-h", folder, "-U", "grader", "gradebook")
            yield f"postgresql+psycopg://grader@/gradebook?host={folder}"
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
    grading = grade_class(course, ["toy"], None, 2, Limits(), sandbox_layers(), lambda *told: None)
    return {result.student: result for result in asyncio.run(grading)}


def by_hand(course: Course, student: str, points: float) -> None:
    """What the formgrader does when a question is graded."""
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        grade = gradebook.find_grade("why", "toy", "toy", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_postgresql_holds_what_sqlite_holds(
    class_course: Course, database: str, tmp_path: Path
) -> None:
    for student, answers in {"ann": ANSWERS, "ben": ANSWERS | WRONG, "zoë": {}}.items():
        hand_in(class_course, student, answers)
    shutil.copytree(class_course.root, tmp_path / "other")
    config = tmp_path / "other" / CONFIG_FILE
    config.write_text(config.read_text() + f"\nc.CourseDirectory.db_url = {database!r}\n")
    both = class_course, Course(tmp_path / "other")

    def scores_of_both() -> dict[str, float]:
        ours, theirs = map(grade, both)
        assert {s: r.status for s, r in theirs.items()} == dict.fromkeys(ours, "graded")
        assert rows(both[0]) == rows(both[1])
        return {student: result.score for student, result in theirs.items()}

    assert scores_of_both() == {"ann": 6, "ben": 4, "zoë": 0}
    assert scores_of_both() == {"ann": 6, "ben": 4, "zoë": 0}  # and nothing is there twice
    for course in both:
        by_hand(course, "ben", 2.5)
        hand_in(course, "ben", ANSWERS)
    assert scores_of_both() == {"ann": 6, "ben": 8.5, "zoë": 0}
    assert not (tmp_path / "other" / "gradebook.db").exists()
