"""Submissions graded where name spaces are refused, and such as take too much."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.compose import load_bank, submission
from autograder.course import Course
from autograder.engine.grade import grade_class
from autograder.engine.local import this_machine
from autograder.engine.record import Result
from autograder.sandbox.confine import Layers
from autograder.sandbox.leftovers import own_folder
from autograder.sandbox.limits import Limits
from tests.conftest import sandbox_layers
from tests.sandbox.inside import needs_an_open_interpreter

# What every program does with files, and what the libraries do when they are first used.
ORDINARY = """
def total(values):
    import os, pathlib, shutil, subprocess, tempfile
    import matplotlib.pyplot as plt
    import tensorflow as tf
    import torch

    made = pathlib.Path("made.txt")
    made.touch()
    made.write_text("3")
    for copy in (shutil.copy, shutil.copy2, shutil.move):
        made = pathlib.Path(copy(made, f"{copy.__name__}.txt"))
        assert made.read_text() == "3"
    with tempfile.TemporaryDirectory() as folder:
        torch.save(torch.ones(3), f"{folder}/ones.pt")
        assert torch.load(f"{folder}/ones.pt").sum() == 3
        model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2)])
        model.compile("adam", "mse")
        model.fit(tf.ones((4, 3)), tf.ones((4, 2)), verbose=0)
        model.save(f"{folder}/model.keras")
        tf.keras.models.load_model(f"{folder}/model.keras")
    layer = torch.nn.Linear(200, 200)
    layer(torch.ones(200, 200)).sum().backward()
    plt.plot([1, 2])
    plt.savefig("figure.png")
    assert subprocess.run(["echo", "3"], capture_output=True).stdout == b"3\\n"
    return float(sum(values))
"""


WRITES = """
def total(values):
    with open("nameless", "wb") as file:
        os.unlink("nameless")
        file.write(bytes(80 << 20))
        file.flush()
        time.sleep(600)
"""
RUNS_ON = "def total(values):\n    while True:\n        pass"


def graded(
    course: Course, answers: dict[str, str], limits: Limits, layers: Layers
) -> dict[str, Result]:
    """What each student gets whose answer to `total` is given; everything else is right."""
    bank = load_bank(course, "toy")
    blank = nbformat.read(course.student_notebook("toy"), as_version=4)
    for student, answer in answers.items():
        right = submission(blank, {name: bank.reference(name) for name in bank.exercises})
        for cell in right.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "total":
                cell.source = "import os, time\n" + answer
        path = course.submitted_directory / student / "toy" / "toy.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(right), encoding="utf-8")
    machine = this_machine(course.root / "data", limits, lambda: layers, print)
    results = asyncio.run(grade_class(course, ["toy"], None, 1, machine, lambda *told: None))
    return {result.student: result for result in results}


def said_of_total(result: Result) -> set[tuple[str, str]]:
    """The outcome and the message of the checks of `total`."""
    return {(row.outcome, row.message) for row in result.checks if row.check.startswith("total")}


@pytest.fixture
def open_course(built_toy: Path) -> Iterator[Course]:
    """A fresh copy of the built toy course in a folder that every user can enter."""
    with own_folder("course-") as folder:
        course = Path(shutil.copytree(built_toy, folder / "course"))
        for each in (folder, course):
            each.chmod(0o755)
        yield Course(course)


@needs_an_open_interpreter
def test_a_class_is_graded_without_name_spaces(open_course: Course) -> None:
    layers = replace(sandbox_layers(), namespaces=False, cgroup=False)
    if not (layers.landlock and layers.seccomp):
        pytest.skip("nothing would keep the submissions in")
    limits = Limits(disk=64 * 2**20)
    results = graded(open_course, {"ann": ORDINARY, "eve": WRITES}, limits, layers)
    assert (results["ann"].status, results["ann"].score) == ("graded", 6.0), results["ann"].checks
    assert results["eve"].score == 2.0
    assert said_of_total(results["eve"]) == {("crashed", "the submission wrote over 64 MiB")}


def test_a_cell_that_takes_too_much_processor_time_is_ended(class_course: Course) -> None:
    limits = Limits(seconds=200, cpu=1 / 200)
    results = graded(class_course, {"eve": RUNS_ON}, limits, sandbox_layers())
    assert results["eve"].score == 2.0
    assert said_of_total(results["eve"]) == {
        ("timed out", "the cell used over 1 seconds of processor time")
    }
