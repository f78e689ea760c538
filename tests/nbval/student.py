"""An nbval plugin for student notebooks: they run through, with the exercises not done.

A cell may raise NotImplementedError, and nothing else, and only where it is an exercise or needs
one. Such a cell is reported as an expected failure; every other error is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from nbformat.notebooknode import NotebookNode
from nbval.plugin import IPyNbCell, NbCellError

from autograder.engine.lab import kind_of
from autograder.examiner.names import bound_names, read_names


def waiting_cells(cells: list[NotebookNode]) -> set[int]:
    """Positions of the cells that cannot work before an exercise is done."""
    undone: set[str] = set()
    waiting: set[int] = set()
    for n, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        if kind_of(cell) == "exercise" or read_names(cell.source) & undone:
            waiting.add(n)
            undone |= bound_names(cell.source)
    return waiting


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: pytest.CallInfo) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if not isinstance(item, IPyNbCell) or call.when != "call" or not report.failed:
        return
    error = call.excinfo.value
    if not isinstance(error, NbCellError) or not error.inner_traceback:
        return
    # The head of Jupyter's traceback names the error; its message may have many lines.
    plain = re.sub(r"\x1b\[[0-9;]*m", "", error.inner_traceback)
    names = re.findall(r"^(\w+)\s+Traceback \(most recent call last\)", plain, re.MULTILINE)
    cells = item.parent.nb.cells
    position = next(n for n, cell in enumerate(cells) if cell is item.cell)
    if names[-1:] == ["NotImplementedError"] and position in waiting_cells(cells):
        report.outcome = "skipped"
        report.wasxfail = "the exercise is not done"
