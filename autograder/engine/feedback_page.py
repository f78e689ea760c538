"""What a page of feedback says, and in which order.

First the score and the first thing to mend, then a table of all checks, then the student's cells
with what each check had to say of them. A page loads nothing and runs no script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.api import Grade
from nbgrader.preprocessors import ClearHiddenTests
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from autograder.course import Course
from autograder.engine.lab import ReleasedLab, grade_id, headings, kind_of
from autograder.engine.sanitise import sanitise
from autograder.examiner.checks import ERROR, NOT_ATTEMPTED, PASSED

TEMPLATES = Path(__file__).parent / "templates"
GOOD, PART, BAD, OPEN, WAITING = "good", "part", "bad", "open", "waiting"


@dataclass(frozen=True)
class Results:
    """What is known of one submission.

    reason: why the latest file could not be graded, or nothing. verdicts: outcome and message of
    each check; grades; comments, a person's, in markdown: all by grade id.
    """

    student: str
    reason: str = ""
    notebook: NotebookNode = field(default_factory=new_notebook)
    verdicts: dict[str, dict[str, str]] = field(default_factory=dict)
    grades: dict[str, Grade] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    score: float = 0.0
    max_score: float = 0.0
    penalty: float = 0.0


@dataclass(frozen=True)
class Row:
    """A check or a question, as the page shows it.

    title: the heading it stands under. answer: the id of the cell it is about. state: good, part
    (of the points), bad, open (nothing was done yet) or waiting (for a person to grade it).
    cause: the error of the answer's own cell, where there is one.
    """

    name: str
    kind: str
    title: str
    answer: str
    points: float
    most: float
    outcome: str
    state: str
    message: str = ""
    cause: str = ""


class Pages:
    """Makes pages; one exporter serves them all."""

    def __init__(self, course: Course, show_hidden: bool) -> None:
        self._show_hidden = show_hidden
        self._clear = ClearHiddenTests(config=course.config)
        self._exporter = HTMLExporter(
            config=Config({"Exporter": {"default_preprocessors": []}}),
            template_name="student_feedback",
            extra_template_basedirs=[str(TEMPLATES)],
            extra_template_paths=[str(TEMPLATES)],
            exclude_anchor_links=True,
            exclude_input_prompt=True,
            exclude_output_prompt=True,
        )
        self._exporter.register_filter("points", lambda points: f"{round(points, 2):g}")

    def page(self, lab: ReleasedLab, results: Results) -> str:
        """The page as HTML, complete in itself."""
        nb = results.notebook
        sanitise(nb, lab)  # nbgrader may have graded it since, and leaves outputs as they are
        rows = {row.name: row for row in _rows(nb, lab, results)}
        view = {
            "title": lab.title,
            "results": results,
            "rows": rows,
            "first": _first(list(rows.values())),
            "waiting": sum(row.most for row in rows.values() if row.state == WAITING),
            "show_hidden": self._show_hidden,
            "light": HtmlFormatter(style="default").get_style_defs(".highlight"),
            "dark": HtmlFormatter(style="github-dark").get_style_defs(".highlight"),
        }
        shown = new_notebook(cells=list(self._cells(nb, lab, rows)), metadata=nb.metadata)
        html, _ = self._exporter.from_notebook_node(shown, {"feedback": view})
        return html

    def _cells(
        self, nb: NotebookNode, lab: ReleasedLab, rows: dict[str, Row]
    ) -> Iterator[NotebookNode]:
        """The cells to show: the student's own, the checks, and what of the course's broke."""
        released = {cell.id: cell.source for cell in lab.notebook.cells}
        last = ""
        for cell, title in _titled(nb, released):
            changed = cell.source != released.get(cell.id)
            kind = kind_of(cell) if cell.id in released else "own"
            if kind in ("markdown", "given", "demo") and not changed and not _error(cell):
                continue
            page = {"kind": kind, "changed": changed, "title": "" if title == last else title}
            if kind == "check":
                page["open"] = rows[grade_id(cell)].outcome == ERROR
                page["hidden"] = not self._show_hidden and self._hide(cell)
            cell.metadata["page"] = page
            last = title
            yield cell

    def _hide(self, cell: NotebookNode) -> bool:
        """Takes the hidden tests out of a check; says whether there were any.

        What the student's functions print there goes as well: they can print what they are given.
        """
        whole = cell.source
        self._clear.preprocess_cell(cell, {}, 0)
        if cell.source == whole:
            return False
        cell.outputs = [output for output in cell.outputs if output.output_type == "error"]
        return True


def _rows(nb: NotebookNode, lab: ReleasedLab, results: Results) -> Iterator[Row]:
    """A row for each check and question, in the order of the notebook."""
    released = {cell.id: cell.source for cell in lab.notebook.cells}
    answers: dict[str, tuple[str, str]] = {}
    for cell, title in _titled(nb, released):
        kind, name = kind_of(cell), grade_id(cell)
        if kind == "exercise":
            answers[name] = title, _error(cell)
        elif kind in ("check", "question"):
            answer = re.sub(r"-check(-\d+)?$", "", name)
            answer = answer if answer in answers else name
            title, cause = answers.get(answer, (title, ""))
            grade = results.grades[name]
            verdict = results.verdicts.get(name, {"outcome": "", "message": ""})
            outcome, state = _outcome(grade, verdict["outcome"])
            message = verdict["message"]
            if outcome == ERROR:  # "'b'" alone says little; "KeyError: 'b'" says what it is
                message = _error(cell) or message
            if state == GOOD:
                message = cause = ""
            yield Row(name, kind, title, answer, grade.score, grade.max_score, outcome, state,
                      message.strip("\n"), cause)  # fmt: skip


def _outcome(grade: Grade, verdict: str) -> tuple[str, str]:
    """An outcome in words, and its state. verdict: the examiner's, nothing for a question."""
    state = GOOD if grade.score >= grade.max_score else PART if grade.score > 0 else BAD
    if grade.manual_score is not None:
        return "graded by hand", state
    if not verdict and grade.auto_score is None:
        return "not graded yet", WAITING
    if not verdict:
        return "not answered", OPEN
    if verdict == NOT_ATTEMPTED:
        return verdict, OPEN
    return "partly right" if verdict == PASSED and state != GOOD else verdict, state


def _first(rows: list[Row]) -> Row | None:
    """What to mend first: the first check that has not all its points, else the first question."""
    short = [row for row in rows if row.state in (PART, BAD, OPEN)]
    return next((row for row in short if row.kind == "check"), short[0] if short else None)


def _titled(nb: NotebookNode, released: dict[str, str]) -> Iterator[tuple[NotebookNode, str]]:
    """Each cell with the course's nearest heading above it, or in it."""
    title = ""
    for cell in nb.cells:
        if cell.id in released and cell.cell_type == "markdown":
            *_, title = [title, *headings(released[cell.id])]
        yield cell, title


def _error(cell: NotebookNode) -> str:
    """The error that ended a code cell, or nothing."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}".strip(": \n")
    return ""
