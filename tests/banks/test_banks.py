"""Every right answer of every bank earns full marks; every wrong one meets its message."""

from __future__ import annotations

import asyncio

import nbformat
import pytest
from nbgrader.utils import determine_grade, is_grade

from autograder.authoring.compose import columns, load_bank, submission
from autograder.course import Course
from autograder.engine.execute import Execution, Limits, execute
from autograder.engine.intake import parse, take
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.prepare import prepare
from autograder.kernel.template import TEMPLATE
from tests.conftest import ROOT

LABS = Course(ROOT).labs()


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> str:
    wanted = request.config.getoption("--lab")
    if wanted and request.param not in wanted:
        pytest.skip("not asked for")
    return request.param


def run_columns(course: Course, name: str) -> list[tuple[dict, Execution]]:
    """All answers of a bank, executed through the examiner."""
    lab = ReleasedLab.load(course, name)
    blank = nbformat.read(course.student_notebook(name), as_version=4)
    TEMPLATE.start()
    chosen = columns(load_bank(course, name))
    gate = asyncio.Semaphore(2)

    async def one(answers: dict) -> Execution:
        async with gate:
            cells = parse(nbformat.writes(submission(blank, answers)).encode())
            notebook = prepare(lab, take(cells, lab))
            return await execute(notebook, lab, course.root / "data", Limits())

    async def everything() -> list[Execution]:
        return await asyncio.gather(*map(one, chosen))

    return list(zip(chosen, asyncio.run(everything()), strict=True))


def test_every_answer_earns_what_the_bank_says_and_meets_its_message(
    course: Course, lab: str
) -> None:
    bank = load_bank(course, lab)
    wrongly, seen = [], set()
    for answers, execution in run_columns(course, lab):
        graded = {grade_id(c): c for c in execution.notebook.cells
                  if is_grade(c) and c.cell_type == "code"}  # fmt: skip
        for exercise, answer in answers.items():
            stem = f"{exercise}-check"
            checks = {i: c for i, c in graded.items() if i == stem or i.startswith(stem + "-")}
            earned = sum(determine_grade(cell)[0] for cell in checks.values())
            verdicts = [execution.verdicts[i] for i in checks]
            messages = " | ".join(v.message for v in verdicts if v.outcome != "passed")
            where = f"answers.py:{answer.line} ({exercise}: {answer.title})"
            seen.add((exercise, answer.line))
            if earned != bank.earned(answer):
                wrongly.append(
                    f"{where} earned {earned:g}, not {bank.earned(answer):g}: {messages}"
                )
            elif not answer.right and answer.says.lower() not in messages.lower():
                wrongly.append(f"{where} met no message with {answer.says!r}: {messages}")
    assert not wrongly, "\n".join(wrongly)
    assert {(a.exercise, a.line) for a in bank.answers} <= seen


def test_every_exercise_has_two_right_and_four_wrong_answers(course: Course, lab: str) -> None:
    bank = load_bank(course, lab)
    for exercise in bank.exercises:
        assert len(bank.of(exercise, right=True)) >= 2, exercise
        assert len(bank.of(exercise, right=False)) >= 4, exercise
