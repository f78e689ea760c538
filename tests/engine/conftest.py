"""The toy lab as grading knows it, a notebook to hand in, and a gradebook to record it in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course import CONFIG_FILE, Course
from autograder.engine.execute import Execution, verdict_outputs
from autograder.engine.intake import Submission, parse, take
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.prepare import prepare
from autograder.engine.record import Recorder
from autograder.examiner.checks import PASSED, Verdict

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


@pytest.fixture(scope="session")
def new_gradebook(built_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook: nbgrader takes seconds to make one."""
    root = tmp_path_factory.mktemp("new")
    shutil.copy(built_toy / CONFIG_FILE, root)
    Recorder(Course(root)).close()
    return root / "gradebook.db"


@pytest.fixture
def recorder(class_course: Course, lab: ReleasedLab, new_gradebook: Path) -> Iterator[Recorder]:
    shutil.copy(new_gradebook, class_course.root)
    made = Recorder(class_course)
    made.add_lab(lab)
    yield made
    made.close()


def executed(lab: ReleasedLab, nb: dict, outcome: str = PASSED) -> Execution:
    """A submission whose checks have all ended in one way."""
    execution = Execution(prepare(lab, take(parse(json.dumps(nb).encode()), lab)))
    for cell in execution.notebook.cells:
        if kind_of(cell) == "check":
            verdict = Verdict(outcome, "" if outcome == PASSED else "it is\nwrong")
            execution.verdicts[grade_id(cell)] = verdict
            cell.outputs = verdict_outputs(verdict)
    return execution


def cell_of(nb: dict, name: str) -> dict:
    """The cell of a notebook object that nbgrader knows by a name."""
    (cell,) = (c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)
    return cell


def own_cell(source: str, cell_type: str = "code") -> dict:
    """A cell that a student adds."""
    cell = {"cell_type": cell_type, "id": f"new-{abs(hash(source)) % 10**8}", "metadata": {},
            "source": source}  # fmt: skip
    return cell | ({"outputs": [], "execution_count": None} if cell_type == "code" else {})
