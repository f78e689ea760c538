"""Makes the notebook that is graded: the course's cells with the student's answers put in."""

from __future__ import annotations

from copy import deepcopy

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.engine.intake import OwnCell, Submission
from autograder.engine.lab import ReleasedLab, grade_id, kind_of


def prepare(lab: ReleasedLab, submission: Submission) -> NotebookNode:
    """The trusted notebook: every cell's frame is the course's, only sources are the student's.

    Checks and given cells are the released ones, present exactly once and in their order. An
    answer that was deleted is the released stub. A demonstration that was deleted stays away,
    as it would in nbgrader; the student's own cells follow the course's cell they stood under.
    """
    cells: list[NotebookNode] = _own_cells(submission, after=-1)
    for n, course_cell in enumerate(lab.notebook.cells):
        cell = deepcopy(course_cell)
        kind = kind_of(cell)
        if kind in ("exercise", "question"):
            cell.source = submission.answers.get(grade_id(cell), cell.source)
        elif kind == "demo":
            cell.source = submission.demos.get(n, "")
        if kind != "demo" or n in submission.demos:
            cells.append(cell)
        cells += _own_cells(submission, after=n)
    return new_notebook(cells=cells, metadata=deepcopy(lab.notebook.metadata))


def _own_cells(submission: Submission, after: int) -> list[NotebookNode]:
    made = []
    for n, own in enumerate(submission.own):
        if own.after == after:
            made.append(_own_cell(own, f"own-{n + 1}"))
    return made


def _own_cell(own: OwnCell, cell_id: str) -> NotebookNode:
    make = new_code_cell if own.cell_type == "code" else new_markdown_cell
    return make(own.source, id=cell_id)
