"""A class graded without name spaces, as in a container that refuses them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import nbformat
import pytest

from autograder.authoring.compose import load_bank, submission
from autograder.course import Course
from autograder.engine.grade import grade_class
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


@needs_an_open_interpreter
def test_a_class_is_graded_without_name_spaces(class_course: Course) -> None:
    bank = load_bank(class_course, "toy")
    blank = nbformat.read(class_course.student_notebook("toy"), as_version=4)
    right = submission(blank, {name: bank.reference(name) for name in bank.exercises})
    for cell in right.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "total":
            cell.source = ORDINARY
    path = class_course.submitted_directory / "ann" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(right), encoding="utf-8")
    layers = replace(sandbox_layers(), namespaces=False, cgroup=False)
    if not (layers.landlock and layers.seccomp):
        pytest.skip("nothing would keep the submission in")
    said: list[str] = []
    results = asyncio.run(
        grade_class(
            class_course, ["toy"], None, 1, Limits(), layers, lambda *told: None, said.append
        )
    )
    assert [(r.status, r.score) for r in results] == [("graded", 6.0)], results
