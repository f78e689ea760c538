"""The floor of grading a class: its cells, run one after the other in one warm process.

Runs exactly the cells that grading runs, with the checks in the same namespace, and prints the
seconds as JSON. No kernel, no socket, no second process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"


def main(root: Path, name: str) -> None:
    from autograder.course import Course
    from autograder.engine.intake import BadSubmission, read_submission
    from autograder.engine.lab import ReleasedLab, kind_of
    from autograder.engine.needed import needed_cells
    from autograder.engine.prepare import prepare
    from autograder.kernel import preload  # noqa: F401

    course = Course(root)
    lab = ReleasedLab.load(course, name)
    wall = cpu = 0.0
    count = 0
    for student in sorted(course.submitted_directory.iterdir()):
        count += 1
        try:
            notebook = prepare(lab, read_submission(student / name, lab))
        except BadSubmission:
            continue
        needed = needed_cells(notebook, lab)
        sources = [
            compile(cell.source, cell.id, "exec")
            for n, cell in enumerate(notebook.cells)
            if n in needed or kind_of(cell) == "check"
        ]
        namespace: dict = {"__name__": "__main__"}
        started, started_cpu = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            for code in sources:
                with contextlib.suppress(Exception):
                    exec(code, namespace)
        wall += time.perf_counter() - started
        cpu += time.process_time() - started_cpu
    print(json.dumps({"submissions": count, "seconds": wall, "cpu": cpu}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
