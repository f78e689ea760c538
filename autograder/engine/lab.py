"""A released lab as grading knows it: the cells that nothing submitted can change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.course import Course, CourseError


def kind_of(cell: NotebookNode) -> str:
    """given, demo, exercise, check, question or markdown, told by nbgrader's metadata."""
    if is_grade(cell):
        return "question" if is_solution(cell) else "check"
    if is_solution(cell):
        return "exercise"
    if is_locked(cell):
        return "given"
    return "demo" if cell.cell_type == "code" else "markdown"


def grade_id(cell: NotebookNode) -> str:
    """nbgrader's id of a cell, or an empty string."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def headings(source: str) -> Iterator[str]:
    """The words of each heading in markdown."""
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", source, re.MULTILINE):
        yield re.sub(r"[`*]", "", heading)


@dataclass(frozen=True)
class ReleasedLab:
    """A lab's cells with stubs for the solutions and with the full, hidden checks.

    The notebook is what nbgrader's gradebook calls the source of the assignment: its cells have
    the checksums of the released version, so an untouched answer is recognised.
    """

    name: str
    notebook: NotebookNode

    @classmethod
    def load(cls, course: Course, name: str) -> ReleasedLab:
        """Reads the lab from its reference notebook.

        Raises: CourseError when the lab was never built.
        """
        path = course.reference_notebook(name)
        if not path.is_file():
            raise CourseError(f"{name} has no reference notebook: run `autograder build {name}`.")
        nb = nbformat.read(path, as_version=4)
        for preprocessor in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
            nb, _ = preprocessor(config=course.config).preprocess(nb, {})
        return cls(name, nb)

    @property
    def title(self) -> str:
        """The lab's heading, or its name where it has none."""
        return next(headings(self.notebook.cells[0].source), self.name)

    @cached_property
    def graded_cells(self) -> dict[str, NotebookNode]:
        """Every cell that nbgrader has an id for, by that id."""
        return {grade_id(cell): cell for cell in self.notebook.cells if grade_id(cell)}

    @cached_property
    def checks(self) -> dict[str, float]:
        """Points of each check, by grade id."""
        return self._points("check")

    @cached_property
    def questions(self) -> dict[str, float]:
        """Points of each hand-graded question, by grade id."""
        return self._points("question")

    @property
    def max_score(self) -> float:
        return sum(self.checks.values()) + sum(self.questions.values())

    def _points(self, kind: str) -> dict[str, float]:
        return {
            grade_id(cell): float(cell.metadata.nbgrader.points)
            for cell in self.notebook.cells
            if kind_of(cell) == kind
        }
