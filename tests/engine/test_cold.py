"""Where nothing can be forked safely, kernels and examiners start cold, and say so."""

from __future__ import annotations

import asyncio

import nbformat
import pytest

from autograder.authoring.compose import load_bank, submission
from autograder.course import Course
from autograder.engine.grade import grade_class
from autograder.engine.local import this_machine
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.limits import Limits
from tests.conftest import sandbox_layers


@pytest.mark.parametrize("confined", [True, False], ids=["sandbox", "none"])
def test_a_class_is_graded_cold_with_the_same_scores(
    class_course: Course, monkeypatch: pytest.MonkeyPatch, confined: bool
) -> None:
    bank = load_bank(class_course, "toy")
    blank = nbformat.read(class_course.student_notebook("toy"), as_version=4)
    classes = {
        "right": {name: bank.reference(name) for name in bank.exercises},
        "wrong": {answer.exercise: answer for answer in bank.answers if not answer.right},
    }
    for student, answers in classes.items():
        path = class_course.submitted_directory / student / "toy" / "toy.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(submission(blank, answers)), encoding="utf-8")

    def grade(said: list[str]) -> dict[str, float]:
        confine = sandbox_layers if confined else None
        machine = this_machine(class_course.root / "data", Limits(), confine, said.append)
        results = asyncio.run(
            grade_class(class_course, ["toy"], None, 2, machine, lambda *told: None, force=True)
        )
        assert {result.status for result in results} == {"graded"}
        return {result.student: result.score for result in results}

    silence: list[str] = []
    warm = grade(silence)
    assert not silence
    monkeypatch.setattr(TEMPLATE, "unfit", "a test says so")
    said: list[str] = []
    assert grade(said) == warm == {"right": 6.0, "wrong": 1.0}
    assert said == ["kernels start cold, which takes longer: a test says so"]
