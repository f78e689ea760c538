"""`autograder build`: source → reference notebook and student notebook, or a refusal."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.utils import determine_grade, is_grade

from autograder.authoring import notebooks
from autograder.authoring.rules import static_problems
from autograder.authoring.source import Lab, Problem, Refused, read_lab
from autograder.course import Course
from autograder.regions import HIDDEN, SOLUTION, regions


@dataclass(frozen=True)
class Built:
    """The two notebooks of a lab, as text, and where they belong."""

    reference: str
    student: str
    reference_path: Path
    student_path: Path

    def out_of_date(self) -> list[Path]:
        """The files on disk that differ from what was built."""
        pairs = ((self.reference_path, self.reference), (self.student_path, self.student))
        return [
            path
            for path, text in pairs
            if not path.is_file() or path.read_text(encoding="utf-8") != text
        ]

    def write(self) -> None:
        """Writes what is out of date, each file at once or not at all."""
        for path in self.out_of_date():
            text = self.reference if path == self.reference_path else self.student
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".ipynb.new")
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)


def build_lab(course: Course, name: str) -> Built:
    """Builds one lab in memory: nothing is written.

    Raises: Refused, with file and line, for everything that a lab must not be.
    """
    lab = read_lab(course.lab_source(name))
    problems = static_problems(lab)
    if problems:
        raise Refused(problems)

    skeleton = notebooks.reference_notebook(lab, course)
    directory = course.lab_source(name).parent
    reference = notebooks.execute(skeleton, directory, course.cell_timeout)
    student = notebooks.student_notebook(skeleton, name, course)
    untouched = notebooks.execute(
        _with_hidden_tests(student, skeleton), directory, course.cell_timeout
    )
    problems = [
        *reference_problems(lab, reference),
        *untouched_problems(lab, untouched),
        *stub_problems(lab, student),
        *leaks(lab, student),
    ]
    if problems:
        raise Refused(problems)

    notebooks.drop_volatile_outputs(reference)
    committed = course.reference_notebook(name)
    if committed.is_file():
        before = nbformat.read(committed, as_version=4)
        notebooks.keep_unstable_outputs(reference, before)
        notebooks.keep_same_pictures(reference, before)
    return Built(
        reference=notebooks.to_text(reference),
        student=notebooks.to_text(student),
        reference_path=committed,
        student_path=course.student_notebook(name),
    )


def _with_hidden_tests(student: NotebookNode, reference: NotebookNode) -> NotebookNode:
    """The student notebook with the full checks put back, as grading runs it."""
    full = {cell.id: cell.source for cell in reference.cells if is_grade(cell)}
    nb = nbformat.from_dict(student)
    for cell in nb.cells:
        if cell.cell_type == "code" and cell.id in full:
            cell.source = full[cell.id]
    return nb


def _errors(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def reference_problems(lab: Lab, executed: NotebookNode) -> list[Problem]:
    """Cells of the solved lab that fail, warn, or do not earn full marks."""
    found = []
    for cell, nb_cell in zip(lab.cells, executed.cells, strict=True):
        for error in _errors(nb_cell):
            found.append(
                Problem(
                    lab.path,
                    cell.line + _line_in_cell(error),
                    f"the reference answers fail here: {_headline(error)}",
                )
            )
        for output in nb_cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                first = output.text.strip().splitlines()[0] if output.text.strip() else ""
                found.append(Problem(lab.path, cell.line, f"writes to stderr: {first}"))
        if cell.kind == "check" and not _errors(nb_cell):
            score, most = determine_grade(nb_cell)
            if score != most:
                found.append(
                    Problem(
                        lab.path,
                        cell.line,
                        f"the reference answers earn {score:g} "
                        f"of {most:g} points in {cell.grade_id!r}.",
                    )
                )
    return found


def untouched_problems(lab: Lab, executed: NotebookNode) -> list[Problem]:
    """What an untouched student notebook earns, or raises beside NotImplementedError."""
    found = []
    for cell, nb_cell in zip(lab.cells, executed.cells, strict=True):
        for error in _errors(nb_cell):
            if error.ename != "NotImplementedError":
                found.append(
                    Problem(
                        lab.path,
                        cell.line + _line_in_cell(error),
                        "an untouched notebook must raise nothing but "
                        f"NotImplementedError; here: {_headline(error)}",
                    )
                )
        if cell.kind == "check" and determine_grade(nb_cell)[0] != 0:
            found.append(
                Problem(
                    lab.path, cell.line, f"an untouched notebook earns points in {cell.grade_id!r}."
                )
            )
    return found


def stub_problems(lab: Lab, student: NotebookNode) -> list[Problem]:
    """Exercise cells that show students a line which the solution does not have."""
    found = []
    for cell, nb_cell in zip(lab.cells, student.cells, strict=True):
        if cell.kind != "exercise":
            continue
        solution = iter(cell.source.splitlines())
        stub = [
            line
            for line in nb_cell.source.splitlines()
            if "YOUR CODE HERE" not in line and "raise NotImplementedError(" not in line
        ]
        for line in stub:
            if line not in solution:  # consumes the iterator: lines must come in order
                found.append(
                    Problem(
                        lab.path,
                        cell.line,
                        f"the stub of exercise {cell.name!r} "
                        f"has a line that its solution has not: {line.strip()!r}",
                    )
                )
                break
    return found


def leaks(lab: Lab, student: NotebookNode) -> list[Problem]:
    """Solution or hidden-test text that a student would see."""
    text = _squeeze("\n".join(cell.source for cell in student.cells))
    found = []
    for cell in lab.cells:
        for markers in (SOLUTION, HIDDEN):
            for region in regions(cell.source, markers):
                squeezed = _squeeze(region)
                # A very short answer such as `return table[ids]` may also be ordinary prose.
                if len(squeezed) >= 25 and squeezed in text:
                    found.append(
                        Problem(
                            lab.path,
                            cell.line,
                            f"the {markers[0].removeprefix('BEGIN ').lower()} text of "
                            f"{cell.grade_id!r} stands in the student notebook.",
                        )
                    )
    for marker in (*SOLUTION, *HIDDEN):
        if _squeeze(marker) in text:
            found.append(Problem(lab.path, 1, f"{marker!r} stands in the student notebook."))
    return found


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _headline(error: NotebookNode) -> str:
    return f"{error.ename}: {error.evalue.splitlines()[0] if error.evalue else ''}"


def _line_in_cell(error: NotebookNode) -> int:
    """The line of the cell that the traceback's outermost frame stands on (0 if unknown)."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    match = re.search(r"Cell In\[\d+\], line (\d+)", plain)
    return int(match.group(1)) if match else 0
