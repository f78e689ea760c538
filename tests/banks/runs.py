"""A whole answer bank, run through the examiner once for all tests that look at it."""

from __future__ import annotations

import asyncio
from functools import cache

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.authoring.bank import Answer
from autograder.authoring.compose import columns, load_bank, submission
from autograder.course import Course
from autograder.engine.execute import Execution, execute
from autograder.engine.intake import parse, take
from autograder.engine.lab import ReleasedLab, kind_of
from autograder.engine.needed import needed_cells
from autograder.engine.prepare import prepare
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.limits import Limits
from tests.conftest import ROOT, sandbox_layers

COURSE = Course(ROOT)
LABS = COURSE.labs()
WORKERS = 2


@cache
def released(lab: str) -> ReleasedLab:
    return ReleasedLab.load(COURSE, lab)


@cache
def bank_class(lab: str) -> list[tuple[dict[str, Answer], NotebookNode]]:
    """The bank as submitted notebooks, with the answers that are in each.

    All but the first leave out the demonstrations that no answer or check needs, as a student
    may: they draw and measure for seconds, and decide nothing.
    """
    blank = nbformat.read(COURSE.student_notebook(lab), as_version=4)
    prepared = prepare(released(lab), take(parse(nbformat.writes(blank).encode()), released(lab)))
    needed = {prepared.cells[n].id for n in needed_cells(prepared, released(lab))}
    lean = nbformat.from_dict(blank)
    lean.cells = [c for c in blank.cells if kind_of(c) != "demo" or c.id in needed]
    return [
        (answers, submission(blank if n == 0 else lean, answers))
        for n, answers in enumerate(columns(load_bank(COURSE, lab)))
    ]


def prepared(lab: str, notebook: NotebookNode) -> NotebookNode:
    return prepare(released(lab), take(parse(nbformat.writes(notebook).encode()), released(lab)))


@cache
def executions(lab: str) -> list[Execution]:
    """Each submission of `bank_class`, run as grading runs it."""
    TEMPLATE.start()

    async def everything() -> list[Execution]:
        gate = asyncio.Semaphore(WORKERS)

        async def one(notebook: NotebookNode) -> Execution:
            async with gate:
                nb = prepared(lab, notebook)
                return await execute(
                    nb, released(lab), COURSE.root / "data", Limits(), sandbox_layers()
                )

        return await asyncio.gather(*(one(notebook) for _, notebook in bank_class(lab)))

    return asyncio.run(everything())
