"""The floor of grading a class: its cells, run one after the other in one warm process.

    python -m tests.bench.floor COURSE

Runs exactly the cells that grading runs, with the checks in the same namespace, and prints seconds
and the points that were earned as JSON. No kernel, no socket, no second process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.course import Course
from autograder.engine.intake import read_submission
from autograder.engine.lab import ReleasedLab, kind_of
from autograder.engine.needed import needed_cells
from autograder.engine.prepare import prepare
from autograder.examiner.checks import compile_cell, run_code


def prepared(course: Course) -> Iterator[tuple[ReleasedLab, NotebookNode]]:
    """Every submission of a class as it would be run."""
    for path in sorted(course.submitted_directory.glob("*/*/")):
        lab = ReleasedLab.load(course, path.name)
        yield lab, prepare(lab, read_submission(path, lab))


def graded_cells(nb: NotebookNode, lab: ReleasedLab) -> list[NotebookNode]:
    """The cells that grading runs, checks among them."""
    needed = needed_cells(nb, lab)
    return [c for n, c in enumerate(nb.cells) if n in needed or kind_of(c) == "check"]


def run(cells: list[NotebookNode]) -> tuple[float, float, float]:
    """Runs cells as one module; returns wall seconds, CPU seconds, and the points earned."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module  # the checks `import __main__`
    points = 0.0
    started, started_cpu = time.perf_counter(), time.process_time()
    for cell in cells:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.suppress(Exception),  # of a wrong answer, which may be no Python at all
        ):
            partial = run_code(*compile_cell(cell.source, cell.id), module.__dict__)
            if kind_of(cell) == "check":
                points += cell.metadata.nbgrader.points if partial is None else float(partial)
    return time.perf_counter() - started, time.process_time() - started_cpu, points


def main(root: Path) -> None:
    from autograder.kernel import preload  # noqa: F401

    course = Course(root)
    wall = cpu = points = 0.0
    submissions = list(prepared(course))
    for lab, nb in submissions:
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
            Path("data").symlink_to(course.root / "data")
            seconds, used, earned = run(graded_cells(nb, lab))
        wall, cpu, points = wall + seconds, cpu + used, points + earned
    print(json.dumps({"submissions": len(submissions), "seconds": wall, "cpu": cpu,
                      "points": points}))  # fmt: skip


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "Agg"
    main(Path(sys.argv[1]).resolve())
