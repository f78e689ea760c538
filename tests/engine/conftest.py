"""The toy lab as grading knows it, and a notebook to hand in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.engine.intake import Submission, parse, take
from autograder.engine.lab import ReleasedLab

ANSWERS = {
    "lookup": "def lookup(table, ids):\n    return table[np.asarray(ids)]",
    "total": "def total(values):\n    return float(sum(values))",
    "why": "**Why is a lookup cheap?**\n\nIt reads one row.",
}


@pytest.fixture(scope="session")
def lab(built_toy: Path) -> ReleasedLab:
    return ReleasedLab.load(Course(built_toy), "toy")


@pytest.fixture
def handed_in(built_toy: Path) -> dict[str, Any]:
    """The student notebook with right answers, as a JSON object to change at will."""
    nb = json.loads(Course(built_toy).student_notebook("toy").read_text())
    for cell in nb["cells"]:
        cell["source"] = ANSWERS.get(cell["id"], "".join(cell["source"]))
    return nb


@pytest.fixture
def taken(lab: ReleasedLab) -> Callable[[dict], Submission]:
    """What intake makes of a notebook object."""
    return lambda nb: take(parse(json.dumps(nb).encode()), lab)


def cell_of(nb: dict, name: str) -> dict:
    """The cell of a notebook object that nbgrader knows by a name."""
    (cell,) = (c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)
    return cell


def own_cell(source: str, cell_type: str = "code") -> dict:
    """A cell that a student adds."""
    cell = {"cell_type": cell_type, "id": f"new-{abs(hash(source)) % 10**8}", "metadata": {},
            "source": source}  # fmt: skip
    return cell | ({"outputs": [], "execution_count": None} if cell_type == "code" else {})
