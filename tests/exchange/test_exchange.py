"""nbgrader's exchange between two users of one machine, as a JupyterHub course has it.

The commands are those of docs/instructor.md and docs/student.md, run by two of the system's users
in turn; neither of them is root.
"""

from __future__ import annotations

import csv
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.authoring.compose import load_bank, submission
from autograder.course import CONFIG_FILE, Course
from tests.conftest import ROOT

LAB = "lab1_lookup_vs_onehot"
USERS = {"instructor": "daemon", "student": "nobody"}


def missing() -> str:
    """Why two users cannot be had here, or an empty string."""
    if os.geteuid() != 0:
        return "needs root, to become two users"
    if lost := [tool for tool in ("unshare", "setpriv") if shutil.which(tool) is None]:
        return f"needs {', '.join(lost)}"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    return f"no mount namespaces here: {done.stderr.strip()}" if done.returncode else ""


pytestmark = pytest.mark.skipif(bool(why := missing()), reason=why)


def commands(document: str, heading: str) -> list[str]:
    """The blocks of commands below a heading of a manual."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    section = re.split(r"\n##+ ", text.partition(f"## {heading}\n")[2])[0]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)


class Machine:
    """A course, an exchange, and a home for each user."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.homes = {"instructor": root / "course", "student": root / "home"}
        for folder in (*self.homes.values(), root / "exchange", root / "etc"):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / CONFIG_FILE, root / "course")
        self.course = Course(root / "course")
        (root / "exchange").chmod(0o777)
        text = f'c = get_config()\nc.Exchange.root = "{root / "exchange"}"\n'
        (root / "etc" / CONFIG_FILE).write_text(text)
        for name in (f"notebooks/{LAB}", f"solutions/{LAB}", "data"):
            shutil.copytree(ROOT / name, self.course.root / name)
        commands = self.course.root / ".venv" / "bin"
        commands.mkdir(parents=True)
        for name in ("autograder", "nbgrader"):
            script = commands / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            script.chmod(0o755)
        for user, home in self.homes.items():
            self.give(home, user)
        os.chmod(self.course.root, 0o700)  # no student looks into the course

    def give(self, path: Path, user: str) -> None:
        subprocess.run(["chown", "-R", USERS[user], str(path)], check=True)

    def run(self, user: str, script: str) -> str:
        """Runs a block of commands in the home of a user, and returns what they said."""
        home = self.homes[user]
        reached = {ROOT, self.root, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
        environment = {
            "HOME": home, "PYTHONPATH": ROOT, "JUPYTER_CONFIG_PATH": self.root / "etc",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }  # fmt: skip
        done = subprocess.run(
            [
                ROOT / "tests" / "as_user.sh", *reached, "--",
                "env", *(f"{name}={value}" for name, value in environment.items()),
                "bash", "-euo", "pipefail", "-c", f'cd "$HOME"\n{script}',
            ],
            env={**os.environ, "AS_USER_ID": str(pwd.getpwnam(USERS[user]).pw_uid)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def test_a_lab_goes_to_a_student_and_comes_back_to_be_graded(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    machine = Machine(tmp_path / "machine")
    release, collect, feedback = commands("instructor.md", "nbgrader's exchange")
    fetch, submit, read = commands("student.md", "Where your course has nbgrader's exchange")

    machine.run("instructor", release)
    machine.run("student", fetch)
    path = machine.homes["student"] / LAB / f"{LAB}.ipynb"
    blank = path.read_text(encoding="utf-8")
    assert blank == (ROOT / "notebooks" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8")
    solve(path)
    machine.run("student", submit)

    machine.run("instructor", collect)
    student = USERS["student"]
    folder = machine.course.submitted_directory / student / LAB
    assert {"timestamp.txt", path.name} <= {file.name for file in folder.iterdir()}
    with (machine.course.root / "grades.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["student_id"], row["score"], row["status"]) == (student, "15", "graded")
    assert re.match(r"handed in [0-9]+ d ([0-9]+ h )?late, penalty 0", row["note"])  # due in 2024

    machine.run("instructor", feedback)
    machine.run("student", read)
    (page,) = (machine.homes["student"] / LAB / "feedback").glob(f"*/{LAB}.html")
    assert "15" in page.read_text(encoding="utf-8")


def solve(path: Path) -> None:
    """Puts right answers into the fetched notebook."""
    import nbformat

    bank = load_bank(Course(ROOT), LAB)
    right = {exercise: bank.reference(exercise) for exercise in bank.exercises}
    nb = submission(nbformat.read(path, as_version=4), right)
    path.write_text(nbformat.writes(nb), encoding="utf-8")
