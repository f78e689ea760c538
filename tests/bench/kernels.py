"""Warm kernels alone: each submission in a kernel of its own, its checks in the same kernel.

    python -m tests.bench.kernels COURSE

No examiner, no sandbox, no gradebook, and so no verdict that can be believed: it shows what those
cost. One submission after the other.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import Course
from autograder.kernel.client import notebook_client
from autograder.sandbox.limits import Limits
from tests.bench.floor import graded_cells, prepared


def main(root: Path) -> None:
    course = Course(root)
    for lab, nb in prepared(course):
        cells = [new_code_cell(cell.source) for cell in graded_cells(nb, lab)]
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "data").symlink_to(course.root / "data")
            seconds = int(Limits().seconds)
            nb = new_notebook(cells=cells)
            with notebook_client(nb, Path(place), seconds, "warm",
                                 shutdown_kernel="immediate") as client:  # fmt: skip
                client.execute()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
