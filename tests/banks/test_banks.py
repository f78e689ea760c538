"""Every right answer of every bank earns full marks; every wrong one meets its message."""

from __future__ import annotations

import pytest
from nbgrader.utils import determine_grade, is_grade

from autograder.authoring.compose import load_bank
from autograder.course import Course
from autograder.engine.lab import grade_id
from tests.banks.runs import LABS, bank_class, executions


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> str:
    wanted = request.config.getoption("--lab")
    if wanted and request.param not in wanted:
        pytest.skip("not asked for")
    return request.param


def test_every_answer_earns_what_the_bank_says_and_meets_its_message(
    course: Course, lab: str
) -> None:
    bank = load_bank(course, lab)
    wrongly, seen = [], set()
    for (answers, _), execution in zip(bank_class(lab), executions(lab), strict=True):
        cells = execution.notebook.cells
        graded = {grade_id(c): c for c in cells if is_grade(c) and c.cell_type == "code"}
        for exercise, answer in answers.items():
            stem = f"{exercise}-check"
            checks = {i: c for i, c in graded.items() if i == stem or i.startswith(stem + "-")}
            earned = sum(determine_grade(cell)[0] for cell in checks.values())
            verdicts = [execution.verdicts[i] for i in checks]
            messages = " | ".join(v.message for v in verdicts if v.outcome != "passed")
            where = f"answers.py:{answer.line} ({exercise}: {answer.title})"
            seen.add((exercise, answer.line))
            due = bank.earned(answer)
            if earned != due:
                wrongly.append(f"{where} earned {earned:g}, not {due:g}: {messages}")
            elif not answer.right and answer.says.lower() not in messages.lower():
                wrongly.append(f"{where} met no message with {answer.says!r}: {messages}")
    assert not wrongly, "\n".join(wrongly)
    assert {(a.exercise, a.line) for a in bank.answers} <= seen


def test_every_exercise_has_two_right_and_four_wrong_answers(course: Course, lab: str) -> None:
    bank = load_bank(course, lab)
    for exercise in bank.exercises:
        assert len(bank.of(exercise, right=True)) >= 2, exercise
        assert len(bank.of(exercise, right=False)) >= 4, exercise
