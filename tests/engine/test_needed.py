"""Demonstrations that cannot change a score are not run; all others are."""

from __future__ import annotations

import gc

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.engine import needed as module
from autograder.engine.lab import ReleasedLab
from autograder.engine.needed import needed_cells


def cell(kind: str, source: str, name: str = "") -> NotebookNode:
    """A cell of the prepared notebook; `name` is its id."""
    if kind == "markdown":
        return new_markdown_cell(source, id=name)
    nbgrader = {
        "given": {"grade": False, "solution": False, "locked": True},
        "exercise": {"grade": False, "solution": True, "locked": False},
        "check": {"grade": True, "solution": False, "locked": True, "points": 1},
    }.get(kind)
    metadata = {} if nbgrader is None else {
        "nbgrader": {"grade_id": name, "task": False, "schema_version": 3, **nbgrader}
    }  # fmt: skip
    return new_code_cell(source, id=name, metadata=metadata)


def needed(*cells: NotebookNode, **edited: str) -> set[str]:
    """Ids of the cells that are run; `edited` has other sources for some cells by id."""
    lab = ReleasedLab("lab", new_notebook(cells=list(cells)))
    nb = new_notebook(
        cells=[new_code_cell(edited[c.id], id=c.id, metadata=c.metadata) if c.id in edited else c
               for c in cells]
    )  # fmt: skip
    return {nb.cells[n].id for n in needed_cells(nb, lab)}


GIVEN = cell("given", "import numpy as np\ntable = np.eye(3)", "given-1")
EXERCISE = cell("exercise", "def lookup(ids):\n    return weights[ids]", "lookup")
CHECK = cell("check", "assert lookup(1) == limit", "lookup-check")


def test_given_cells_and_exercises_are_always_run_and_checks_never() -> None:
    assert needed(GIVEN, EXERCISE, CHECK) == {"given-1", "lookup"}


def test_prose_is_not_run() -> None:
    assert needed(cell("markdown", "weights", "text"), EXERCISE) == {"lookup"}


@pytest.mark.parametrize(
    "source",
    [
        "print(table)",
        "unrelated = 1",
        "for row in table:\n    print(row)",
        "import matplotlib.pyplot as plt\nplt.plot(table)",
        "def show(weights):\n    limit = 3\n    return weights, limit",
        "other['weights'] = 1",
        "x.weights = 1",
    ],
)
def test_a_demonstration_that_nothing_depends_on_is_left_out(source: str) -> None:
    assert needed(GIVEN, cell("demo", source, "demo"), EXERCISE, CHECK) == {"given-1", "lookup"}


@pytest.mark.parametrize(
    "source",
    [
        "weights = table * 2",
        "weights += 1",
        "weights: object = 3",
        "(weights := table)",
        "for weights in table:\n    pass",
        "from stock import weights",
        "import stock as weights",
        "def weights():\n    pass",
        "class weights:\n    pass",
        "del weights",
        "with open('x') as weights:\n    pass",
        "def change():\n    global weights\n    weights = 3\nchange()",
        "limit = 3",
        "weights[0] = 1",
        "weights.data[0][1] = 1",
        "weights.bias = None",
        "weights[0] += 1",
        "del weights[0]",
        "weights.get('a')['b'] = 1",
        "from stock import *",
    ],
)
def test_a_demonstration_that_binds_or_changes_what_is_used_later_is_run(source: str) -> None:
    assert "demo" in needed(GIVEN, cell("demo", source, "demo"), EXERCISE, CHECK)


def test_a_demonstration_that_another_needed_one_builds_on_is_run() -> None:
    first = cell("demo", "raw = np.ones(3)", "first")
    second = cell("demo", "weights = raw * 2", "second")
    third = cell("demo", "print(raw)", "third")
    assert needed(GIVEN, first, second, third, EXERCISE) == {"given-1", "first", "second", "lookup"}


def test_what_comes_after_the_last_use_of_a_name_is_left_out() -> None:
    after = cell("demo", "weights = None", "after")
    assert needed(GIVEN, EXERCISE, CHECK, after) == {"given-1", "lookup"}


def test_a_demonstration_that_the_student_edited_is_run() -> None:
    demo = cell("demo", "print(table)", "demo")
    assert "demo" in needed(GIVEN, demo, EXERCISE, demo="print(table[0])")


def test_a_students_own_cell_is_run_and_so_is_what_it_reads() -> None:
    demo = cell("demo", "scale = 3", "demo")
    own = cell("demo", "pass", "own-1")
    assert needed(GIVEN, demo, own, EXERCISE) == {"given-1", "lookup"}
    assert needed(GIVEN, demo, own, EXERCISE, **{"own-1": "weights = scale"}) == {
        "given-1", "demo", "own-1", "lookup",
    }  # fmt: skip


def test_a_name_that_a_check_asks_the_students_side_for_is_run() -> None:
    demo = cell("demo", "history = []", "demo")
    check = cell("check", "import __main__ as student\nassert student.history == []", "c")
    assert needed(GIVEN, demo, check) == {"given-1", "demo"}


def test_a_name_that_a_check_has_itself_or_calls_something_else_is_not_run() -> None:
    own = cell("demo", "table[0] = 1\nhistory = []\nrow = 3", "demo")
    check = cell("check", "import __main__ as student\nfor row in table:\n    pass\n"
                 "assert student.model.history == [row for row in table]", "c")  # fmt: skip
    assert needed(GIVEN, own, check) == {"given-1"}


@pytest.mark.parametrize("source", ["vars(student)['history']", "student = [student]"])
def test_everything_above_a_check_that_hands_the_students_side_on_is_run(source: str) -> None:
    demo = cell("demo", "history = []", "demo")
    check = cell("check", f"import __main__ as student\n{source}", "c")
    assert needed(GIVEN, demo, check) == {"given-1", "demo"}


@pytest.mark.parametrize("name", ["history", "*"])
def test_a_name_that_a_student_imports_from_the_notebook_itself_is_run(name: str) -> None:
    demo = cell("demo", "history = []", "demo")
    own = cell("demo", "pass", "own-1")
    source = f"from __main__ import {name}"
    assert "demo" in needed(GIVEN, demo, own, EXERCISE, **{"own-1": source})


def test_a_call_changes_no_module_and_no_text_that_the_course_gives() -> None:
    """Wherever its cell imports it: TensorFlow's chatter is silenced around an import."""
    source = "with silence():\n    import keras\nBLUE, size = '#0072B2', 4\nlines = [1]"
    given = cell("given", source, "given-2")
    exercise = cell("exercise", "def model():\n    return keras, BLUE, size, lines", "model")
    for call in ("keras.Input(shape=(3,))", "draw(BLUE, size)"):
        assert needed(given, cell("demo", call, "demo"), exercise) == {"given-2", "model"}
    for change in ("draw(lines)", "BLUE = 'blue'", "def show():\n    global size\n    size = 5"):
        assert "demo" in needed(given, cell("demo", change, "demo"), exercise)


@pytest.mark.parametrize(
    "source",
    ["%timeit lookup(scale)", "!pip install x", "lookup?", "def broken(", "x = '\0'",
     "-" * 10_000 + "1", "eval('sca' + 'le')", "globals()['scale']",
     "get_ipython().run_cell('scale')"],
)  # fmt: skip
def test_everything_above_a_cell_whose_reading_cannot_be_known_is_run(source: str) -> None:
    before = cell("demo", "scale = 3", "before")
    after = cell("demo", "shown = 3", "after")
    run = needed(GIVEN, before, EXERCISE, CHECK, after, lookup=source)
    assert run == {"given-1", "before", "lookup"}


def test_more_code_than_anybody_writes_is_run_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading takes longer than its length suggests: one cell of `f"{x}{x}…"` took 17 seconds."""

    def never(source: str) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(module, "_reads", never)
    before = cell("demo", "scale = 3", "before")
    after = cell("demo", "shown = 3", "after")
    long = 'f"' + "{x}" * (module.MAX_READ // 3) + '"'
    run = needed(GIVEN, before, EXERCISE, CHECK, after, lookup=long)
    assert run == {"given-1", "before", "lookup", "after"}


def test_nothing_is_collected_while_cells_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is finalised may parse, too: before Python 3.11.8 the outer parse fails then."""
    collecting = []
    read = module._reads

    def watched(source: str) -> frozenset[str] | None:
        collecting.append(gc.isenabled())
        return read(source)

    monkeypatch.setattr(module, "_reads", watched)
    needed(GIVEN, EXERCISE, CHECK)
    assert collecting and not any(collecting)
    assert gc.isenabled()
