"""What the command line says of the sandbox, and the codes it exits with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder.cli import NO_SANDBOX, app
from autograder.course import Course
from autograder.engine import grade, local
from autograder.sandbox import layers
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import HINTS, Finding, System
from tests.conftest import sandbox_layers

ALL = System(
    Layers(True, 6, True, True),
    tuple(Finding(name, True) for name in HINTS),
    (),
)
NO_NAMESPACES = System(
    Layers(False, 3, True, False),
    (Finding("namespaces", False, "unshare: Operation not permitted"),
     Finding("landlock", True), Finding("seccomp", True), Finding("cgroup", False, "read-only")),
    (),
)  # fmt: skip
NOTHING = System(
    Layers(),
    tuple(Finding(name, False, "not here") for name in HINTS),
    ("read foreign files", "use the network (UDP)"),
)
CONFINED = "Grading is confined here: no network, no foreign files, no foreign processes.\n"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def doctor(monkeypatch: pytest.MonkeyPatch, system: System) -> Result:
    monkeypatch.setattr(layers, "try_layers", lambda: system)
    return run("doctor")


def test_the_doctor_of_a_system_with_everything_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said = doctor(monkeypatch, ALL)
    assert (said.exit_code, said.stderr) == (0, "")
    *lines, last = said.stdout.splitlines(keepends=True)
    assert [line.split() for line in lines] == [
        [name, "works"] for name in (*HINTS, "limits", "watchdog")
    ]
    assert last == CONFINED


def test_the_doctor_tells_why_a_layer_is_missing_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = doctor(monkeypatch, NO_NAMESPACES)
    assert (said.exit_code, said.stderr) == (0, "")
    lines = [line.strip() for line in said.stdout.splitlines()]
    assert lines[0].split() == ["namespaces", "does", "not", "work"]
    assert lines[1:3] == ["unshare: Operation not permitted", HINTS["namespaces"]]
    assert lines[-4:-3] == [HINTS["cgroup"]]
    assert HINTS["landlock"] not in lines and HINTS["seccomp"] not in lines
    assert said.stdout.endswith(CONFINED)


def test_the_doctor_of_a_system_without_the_minimum_names_what_is_open_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = doctor(monkeypatch, NOTHING)
    assert said.exit_code == 1 and CONFINED not in said.stdout
    assert all(hint in said.stdout for hint in HINTS.values())
    assert said.stderr.splitlines() == [
        "Student code could read foreign files.",
        "Student code could use the network (UDP).",
        "Grading refuses to start here, but with --sandbox none.",
    ]


def test_the_doctor_tries_this_system(class_course: Course) -> None:
    expected = sandbox_layers()
    said = run("doctor")
    assert said.exit_code == 0
    for name in HINTS:
        word = "works" if getattr(expected, name) else "does not work"
        assert f"{name:<12}{word}\n" in said.stdout


def hand_in(course: Course) -> None:
    """The untouched notebook."""
    folder = course.submitted_directory / "ann" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(course.student_notebook("toy"), folder)


def test_grading_without_the_minimum_refuses_in_one_line(
    class_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(class_course)
    monkeypatch.setattr(grade, "try_layers", lambda: NOTHING)
    monkeypatch.setattr(local, "execute", pytest.fail)
    said = run("grade", "--course", class_course.root)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.count("\n") == 1
    for words in ("no sandbox: student code could read foreign files; use the network (UDP).",
                  "`autograder doctor`", "--sandbox none"):  # fmt: skip
        assert words in said.stderr
    assert not class_course.autograded_directory.exists()


def test_a_course_that_roots_student_code_could_not_reach_is_told(
    class_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(class_course)
    class_course.root.chmod(0o700)
    monkeypatch.setattr(grade, "try_layers", lambda: NO_NAMESPACES)
    monkeypatch.setattr(grade.os, "geteuid", lambda: 0)
    said = run("grade", "--course", class_course.root)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.count("\n") == 1
    assert "the course lies in /" in said.stderr and "`chmod o+x /" in said.stderr


def test_grading_without_a_sandbox_says_so_twice_and_grades(
    class_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(class_course)
    monkeypatch.setattr(grade, "try_layers", pytest.fail)
    said = run("grade", "--sandbox", "none", "--course", class_course.root)
    assert said.exit_code == 0
    assert said.stderr.splitlines()[0] == NO_SANDBOX
    assert said.stdout.splitlines()[-1] == NO_SANDBOX
    assert "ann" in said.stdout and "graded" in (class_course.root / "grades.csv").read_text()
