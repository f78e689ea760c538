"""A run of `autograder grade` in a process of its own, what belongs to it, and what it left."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from autograder.course import Course
from tests.conftest import ROOT

PATIENCE = 60  # seconds until something that must happen counts as never happening

RIGHT = {
    "lookup": "def lookup(table, ids):\n    return table[np.asarray(ids)]",
    "total": "def total(values):\n    return float(sum(values))",
    "why": "It reads one row.",
}
# Between them: full marks, some, none, an error, a cell of one's own, a file that broke off.
CLASS: dict[str, dict[str, str] | None] = {
    "ann": RIGHT,
    "ben": RIGHT | {"lookup": "def lookup(table, ids):\n    return table[3]"},
    "cem": {},
    "dee": RIGHT | {"total": "def total(values):\n    return 1 / 0"},
    "eva": RIGHT | {"total": "def total(values):\n    return float(max(values) + min(values))"},
    "fay": None,
}


def hand_in(course: Course) -> None:
    """The class hands in."""
    blank = json.loads(course.student_notebook("toy").read_text())
    for student, answers in CLASS.items():
        cells = [
            cell | {"source": (answers or {}).get(cell["id"], "".join(cell["source"]))}
            for cell in blank["cells"]
        ]
        text = json.dumps(blank | {"cells": cells})
        path = course.submitted_directory / student / "toy" / "toy.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text[:500] if answers is None else text)


# What a run wrote --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """What a course holds of its submissions, without what is different in every run.

    gradebook: the scores and comments of each submission. tables: the lines of `grades.csv` and
    `checks.csv`, without the seconds.
    """

    gradebook: dict[tuple[str, str], Any]
    students: list[str]
    tables: dict[str, list[dict[str, str]]]
    notebooks: dict[str, Any]


SCORES = """
SELECT s.student_id, a.name, b.name, g.auto_score, g.manual_score, g.extra_credit,
       g.needs_manual_grade
FROM grade g JOIN submitted_notebook n ON g.notebook_id = n.id
JOIN submitted_assignment s ON n.assignment_id = s.id JOIN assignment a ON s.assignment_id = a.id
JOIN base_cell b ON g.cell_id = b.id ORDER BY 1, 2, 3
"""
COMMENTS = """
SELECT s.student_id, a.name, b.name, c.auto_comment, c.manual_comment
FROM comment c JOIN submitted_notebook n ON c.notebook_id = n.id
JOIN submitted_assignment s ON n.assignment_id = s.id JOIN assignment a ON s.assignment_id = a.id
JOIN base_cell b ON c.cell_id = b.id ORDER BY 1, 2, 3
"""


def gradebook(course: Course) -> tuple[dict[tuple[str, str], Any], list[str]]:
    """Each submission's scores and comments, and all students; the database is in order."""
    with closing(sqlite3.connect(course.root / "gradebook.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert len(db.execute("SELECT version_num FROM alembic_version").fetchall()) == 1
        found: dict[tuple[str, str], Any] = {
            key: [] for key in db.execute("SELECT s.student_id, a.name FROM submitted_assignment s "
                                          "JOIN assignment a ON s.assignment_id = a.id")
        }  # fmt: skip
        for query in (SCORES, COMMENTS):
            for student, lab, *rest in db.execute(query):
                found[student, lab].append(rest)
        students = [row[0] for row in db.execute("SELECT id FROM student ORDER BY id")]
    return found, students


def written(course: Course) -> Written:
    """Everything that a run wrote."""
    tables = {}
    for name in ("grades.csv", "checks.csv"):
        with (course.root / name).open(encoding="utf-8", newline="") as file:
            tables[name] = [row | {"seconds": ""} for row in csv.DictReader(file)]
    return Written(*gradebook(course), tables, notebooks(course))


def notebooks(course: Course) -> dict[str, Any]:
    """What lies in the folder of autograded notebooks, file by file.

    A file aside may have broken off anywhere: it is its text.
    """
    folder = course.autograded_directory
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_text(errors="replace")
            whole = path.suffix == ".ipynb"
            found[str(path.relative_to(folder))] = json.loads(text) if whole else text
    return found


# Processes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Process:
    """A process by its number and the time it began, since numbers are used again."""

    pid: int
    began: str
    parent: int
    state: str

    @classmethod
    def all(cls) -> dict[int, Process]:
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    stat = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue  # it ended meanwhile
                pid = int(folder.name)
                found[pid] = cls(pid, stat[19], int(stat[1]), stat[0])
        return found


def below(roots: Iterable[int], there: dict[int, Process]) -> set[int]:
    """Numbers of all processes that descend from the given ones."""
    found: set[int] = set()
    new = set(roots)
    while new:
        new = {pid for pid, p in there.items() if p.parent in new} - found
        found |= new
    return found


class Started(Protocol):
    """What is needed of a `subprocess.Popen`."""

    pid: int

    def wait(self, timeout: float) -> int: ...


Start = Callable[[list[str], dict[str, str], Path], Started]


def as_a_command(
    arguments: list[str], environment: dict[str, str], said: Path, before: tuple[str, ...] = ()
) -> Started:
    """Starts the command line anew. before: a command to start it with, such as `nsenter`."""
    with said.open("ab") as file:
        return subprocess.Popen(
            [*before, sys.executable, "-m", "autograder", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


class Run:
    """`autograder grade` on a course, started. Use as a context manager.

    start: what starts the command, with its arguments, its environment and a file for its output.
    """

    def __init__(
        self, course: Course, temporary: Path, *options: str, start: Start = as_a_command
    ) -> None:
        self._mark = f"TMPDIR={temporary}".encode()
        self._seen: dict[int, str] = {}
        self._said = temporary.parent / f"{uuid4().hex}.txt"
        arguments = ["grade", "--course", str(course.root), "--workers", "2", *options]
        environment = os.environ | {"TMPDIR": str(temporary)}
        self._started = start(arguments, environment, self._said)
        self.pid = self._started.pid

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        for pid in self.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._started.wait(PATIENCE)

    def ends_within(self, seconds: float) -> bool:
        """Waits for the end of the run, at most so long."""
        try:
            self._started.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_for(self, what: Callable[[], object]) -> None:
        """Waits until something has happened, or the run has ended."""
        deadline = time.monotonic() + PATIENCE
        while not what() and not self.ends_within(0.01):
            assert time.monotonic() < deadline, self.said()

    def results(self) -> int:
        """How many submissions it has told of."""
        return len(re.findall(r"^\[\d+/\d+\]", self.said(), re.MULTILINE))

    def end(self) -> int:
        """The exit code, once the run has ended."""
        return self._started.wait(PATIENCE)

    def said(self) -> str:
        """What it printed so far."""
        return self._said.read_text()

    def members(self) -> set[int]:
        """Numbers of all living processes that belong to the run: the grader and what it started.

        Known by their place in the tree of processes, by where their temporary files go, or from
        when they still had that place.
        """
        there = Process.all()
        members = {pid for pid, began in self._seen.items() if pid in there
                   and there[pid].began == began}  # fmt: skip
        members |= {pid for pid in there if self._is_marked(pid)} | {self.pid} & there.keys()
        members |= below(members, there)
        self._seen |= {pid: there[pid].began for pid in members}
        return {pid for pid in members if there[pid].state != "Z"}

    def _is_marked(self, pid: int) -> bool:
        try:
            return self._mark in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def left(self) -> set[int]:
        """What still lives of the run although it has had the time to end."""
        deadline = time.monotonic() + PATIENCE
        while (living := self.members()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return living

    def template(self) -> int | None:
        """The process that kernels are forked from."""
        for pid in _children(self.pid):
            if "multiprocessing.forkserver" in _command(pid):
                return pid
        return None

    def forked(self) -> list[int]:
        """Kernels and examiners, and what they started."""
        template = self.template()
        if template is None or not _children(template):
            return []
        return sorted(below([template], Process.all()))


def _children(pid: int) -> list[int]:
    """Cheaper than a look at every process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
