"""Every refusal of the build: what provokes it, what it says, and the line that it names."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.authoring.bank import read_bank
from autograder.authoring.build import build_lab, leaks, stub_problems
from autograder.authoring.rules import static_problems
from autograder.authoring.source import Lab, Problem, Refused, read_lab
from autograder.course import Course
from tests.conftest import TOY, course_with

GIVEN = """\
# %% given=true
import numpy as np

table = np.arange(40.0).reshape(10, 4)
"""
LOOKUP = '''
# %% exercise="lookup"
def lookup(table, ids):
    """Rows of `table`."""
    ### BEGIN SOLUTION
    return table[ids]
    ### END SOLUTION
'''
CHECK = """
# %% check="lookup" points=2
assert lookup(table, 3).shape == (4,)
"""
GOOD = GIVEN + LOOKUP + CHECK


def problems_of(path: Path, text: str) -> list[Problem]:
    """What the static stage refuses in a source."""
    path.write_text(text, encoding="utf-8")
    try:
        return static_problems(read_lab(path))
    except Refused as refused:
        return refused.problems


def line_of(text: str, fragment: str) -> int:
    """The number of the only line that holds a fragment."""
    found = [n for n, line in enumerate(text.splitlines(), 1) if fragment in line]
    assert len(found) == 1, f"{fragment!r} stands in lines {found}"
    return found[0]


def assert_refused(problems: list[Problem], path: Path, text: str, at: str, *words: str) -> None:
    """One of the problems names the file, the line that holds `at`, and says all the words."""
    start = f"{path}:{line_of(text, at)}: "
    told = [str(p) for p in problems if str(p).startswith(start)]
    assert any(all(word in message for word in words) for message in told), (
        f"expected {start}… {words}; got {[str(p) for p in problems]}"
    )


def test_a_source_without_fault_is_not_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "lab.py", GOOD) == []


STATIC = {
    # What a check, a given cell or an exercise may use and bind.
    "a check uses a name that nothing defines": (
        GOOD + "x = 1\nassert lookup(weights, x)\n",
        "weights",
        ["'lookup-check' uses 'weights'", "neither a given cell nor an exercise"],
    ),
    "a check uses a name that only a demonstration defines": (
        GIVEN + "\n# %%\nshown = table[0]\n" + LOOKUP + CHECK + "assert shown.any()\n",
        "assert shown",
        ["uses 'shown'"],
    ),
    "a check uses a name that another check defines": (
        GOOD + 'got = 1\n\n# %% check="lookup" points=1\nassert got == 1\n',
        "assert got",
        ["'lookup-check-2' uses 'got'"],
    ),
    "a check uses an unknown name inside a function": (
        GOOD + "def helper():\n    return unheard_of\n",
        "unheard_of",
        ["uses 'unheard_of'"],
    ),
    "a given cell uses a student's name": (
        GOOD + "\n# %% given=true\nrow = lookup(table, 1)\n",
        "row = ",
        ["given cell uses 'lookup', which is the student's"],
    ),
    "a given cell uses a name that no given cell above defines": (
        GIVEN + "first = rows[0]\n" + LOOKUP + CHECK + "\n# %% given=true\nrows = [1]\n",
        "first = ",
        ["given cell uses 'rows', which no given cell above it defines"],
    ),
    "a check rebinds the name of an exercise": (
        GOOD + "lookup = None\n",
        "lookup = None",
        ["'lookup-check' binds 'lookup' anew"],
    ),
    "a check redefines the function of an exercise": (
        GOOD + "def lookup(*arguments):\n    return table\n",
        "def lookup(*arguments)",
        ["'lookup-check' binds 'lookup' anew"],
    ),
    "a check rebinds a given name": (
        GOOD + "table = 0\n",
        "table = 0",
        ["binds 'table' anew"],
    ),
    "a check imports over a given name": (
        GOOD + "import math as np\n",
        "math as np",
        ["binds 'np' anew"],
    ),
    "an exercise rebinds a given name": (
        GOOD.replace("def lookup(", "table = None\ndef lookup("),
        "table = None",
        ["exercise 'lookup' binds 'table' anew"],
    ),
    # Exercises and their checks belong together.
    "an exercise has no check": (
        GIVEN + LOOKUP,
        "exercise=",
        ["exercise 'lookup' has no check"],
    ),
    "a check has no exercise": (
        GOOD + '\n# %% check="total" points=1\nassert True\n',
        'check="total"',
        ["check 'total' belongs to no exercise"],
    ),
    "an exercise has no solution region": (
        GIVEN + '\n# %% exercise="lookup"\nlookup = table.take\n' + CHECK,
        "exercise=",
        ["exercise 'lookup' has no solution region"],
    ),
    "a question has no solution region": (
        GOOD + '\n# %% [markdown] question="why" points=3\n# Why?\n',
        "question=",
        ["question 'why' has no solution region"],
    ),
    "the stub lacks the signature": (
        GIVEN
        + '\n# %% exercise="lookup"\n### BEGIN SOLUTION\ndef lookup(table, ids):\n'
        + "    return table[ids]\n### END SOLUTION\n"
        + CHECK,
        "exercise=",
        ["stub of exercise 'lookup' does not bind 'lookup'", "signature outside the region"],
    ),
    "the stub is not Python": (
        GOOD.replace("    return table[ids]\n", "    if ids:\n").replace(
            "    ### END SOLUTION\n", "        ### END SOLUTION\n        return table[ids]\n"
        ),
        "exercise=",
        ["stub of exercise 'lookup' is not valid Python"],
    ),
    # Ids.
    "an exercise's name is used twice": (
        GOOD + LOOKUP.replace("lookup(table", "again(table").replace("# %% ", "# %%  "),
        '# %%  exercise="lookup"',
        ["id 'lookup' is used twice", "line 6"],
    ),
    "a question has the id of an exercise": (
        GOOD + '\n# %% [markdown] question="lookup" points=3\n# Why?\n',
        "question=",
        ["id 'lookup' is used twice", "line 6"],
    ),
    "an exercise has the id of a check": (
        GOOD + LOOKUP.replace('"lookup"', '"lookup-check"'),
        'exercise="lookup-check"',
        ["id 'lookup-check' is used twice", "line 13"],
    ),
    "an exercise's name cannot be an id": (
        GOOD.replace('="lookup"', '="table lookup"'),
        'exercise="table lookup"',
        ["'table lookup' cannot be", "letters, digits"],
    ),
    "an exercise has no name": (
        GOOD + '\n# %% exercise=""\nx = 1\n',
        'exercise=""',
        ["'' cannot be"],
    ),
    # Metadata.
    **{
        f"points are {what}": (
            GOOD.replace("points=2", f"points={what}"),
            "check=",
            ["check 'lookup' needs points, a number above 0", found],
        )
        for what, found in [
            ("0", "0"),
            ("-1", "-1"),
            ('"two"', "'two'"),
            ("true", "True"),
            ("null", "None"),
            ("Infinity", "inf"),
            ("NaN", "nan"),
        ]
    },
    "a check has no points": (
        GOOD.replace(" points=2", ""),
        "check=",
        ["check 'lookup' needs points"],
    ),
    "a question has no points": (
        GOOD + '\n# %% [markdown] question="why"\n# ### BEGIN SOLUTION\n# ### END SOLUTION\n',
        "question=",
        ["question 'why' needs points"],
    ),
    "metadata is mistyped": (
        GOOD.replace("# %% given=true", "# %% gven=true"),
        "gven",
        ["a demo cell cannot carry gven"],
    ),
    "an exercise carries points": (
        GOOD.replace('exercise="lookup"', 'exercise="lookup" points=2'),
        "exercise=",
        ["exercise cell cannot carry points"],
    ),
    "a cell is of two kinds": (
        GOOD.replace('exercise="lookup"', 'exercise="lookup" given=true'),
        "exercise=",
        ["a given cell cannot carry exercise"],
    ),
    "a markdown cell is unstable": (
        GOOD + "\n# %% [markdown] unstable=true\n# Text\n",
        "unstable",
        ["a markdown cell cannot carry unstable"],
    ),
    "a cell has a title": (
        GOOD + "\n# %% A plot\nprint(1)\n",
        "A plot",
        ["a demo cell cannot carry title"],
    ),
    "metadata cannot be read": (
        GOOD.replace("points=2", "points=two"),
        "check=",
        ["cannot read 'check=\"lookup\" points=two'"],
    ),
    "a question is a code cell": (
        GOOD + '\n# %% question="why" points=1\nx = 1\n',
        "question=",
        ["a question cell cannot be a code cell"],
    ),
    "an exercise is a markdown cell": (
        GOOD + '\n# %% [markdown] exercise="why"\n# Text\n',
        'exercise="why"',
        ["a exercise cell cannot be a markdown cell"],
    ),
    "a cell is raw": (
        GOOD + "\n# %% [raw]\n# Text\n",
        "[raw]",
        ["a lab has no raw cells"],
    ),
    # Regions.
    "a solution region is not closed": (
        GOOD.replace("    ### END SOLUTION\n", ""),
        "exercise=",
        ["BEGIN SOLUTION without END SOLUTION"],
    ),
    "a solution region is not opened": (
        GOOD.replace("    ### BEGIN SOLUTION\n", ""),
        "exercise=",
        ["END SOLUTION without BEGIN SOLUTION"],
    ),
    "a solution region is nested": (
        GOOD.replace("    return table[ids]\n", "    ### BEGIN SOLUTION\n    return table[ids]\n"),
        "exercise=",
        ["BEGIN SOLUTION inside a region that is still open"],
    ),
    "hidden tests are not closed": (
        GOOD + "### BEGIN HIDDEN TESTS\n",
        "check=",
        ["BEGIN HIDDEN TESTS without END HIDDEN TESTS"],
    ),
    "hidden tests stand in a demonstration": (
        GOOD + "\n# %% unstable=true\n### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS\n",
        "unstable",
        ["a demo cell cannot hold a hidden tests region; only check cells can"],
    ),
    "a solution stands in a check": (
        GOOD + "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n",
        "check=",
        ["a check cell cannot hold a solution region; only exercise and question cells can"],
    ),
    "a solution stands in plain markdown": (
        GOOD + "\n# %% [markdown]\n# ### BEGIN SOLUTION\n# It is.\n# ### END SOLUTION\n",
        "[markdown]",
        ["a markdown cell cannot hold a solution region"],
    ),
    # Syntax.
    "a given cell is not Python": (
        GOOD.replace("table = np.arange", "table = = np.arange"),
        "table = =",
        ["not valid Python"],
    ),
    "a demonstration is not Python": (
        GOOD + "\n# %%\nprint(1)\nprint(2 3)\n",
        "print(2 3)",
        ["not valid Python"],
    ),
    "a check is not Python": (
        GOOD + "assert lookup(table 3)\n",
        "(table 3)",
        ["not valid Python"],
    ),
    "an exercise repeats an argument": (
        GOOD.replace("def lookup(table, ids)", "def lookup(table, table)"),
        "def lookup",
        ["not valid Python", "duplicate argument"],
    ),
    "a return stands outside a function": (
        GOOD + "\n# %%\nreturn 'it'\n",
        "return 'it'",
        ["not valid Python", "outside function"],
    ),
    # The file.
    "text stands before the first cell": (
        "import math\n\n" + GOOD,
        "import math",
        ["stands above the first cell marker"],
    ),
    "a cell marker stands inside a string": (
        GOOD + '\n# %%\ntext = """\n# %% not a cell\n"""\n\n# %%\nprint(1)\n',
        "not a cell",
        ["cell markers but", "inside a string"],
    ),
}


@pytest.mark.parametrize(("text", "at", "words"), STATIC.values(), ids=STATIC.keys())
def test_the_source_is_refused_when(text: str, at: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    assert_refused(problems_of(path, text), path, text, at, *words)


def test_all_problems_of_a_source_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("(table, 3)", "(weights, 3)") + LOOKUP.replace("lookup", "total")
    found = problems_of(tmp_path / "lab.py", text)
    assert [problem.line for problem in found] == [14, 16]
    assert "weights" in found[0].message and "no check" in found[1].message


# What only an execution shows: one lab that does all of it wrong, built once. --------------------

WRONG = """\
# %% given=true
import numpy as np

table = np.arange(40.0).reshape(10, 4)

# %%
import warnings
warnings.warn("this is deprecated")

# %% exercise="lookup"
def lookup(table, ids):
    ### BEGIN SOLUTION
    rows = table[np.asarray(ids)]
    return rows + 0.0
    ### END SOLUTION

# %%
try:
    shown = lookup(table, 3)
except NotImplementedError:
    pass
print(shown)

# %% check="lookup" points=2
result = lookup(table, 3)
### BEGIN HIDDEN TESTS
the_secret_rows = table[[1, 2]] - 0.5
assert np.array_equal(lookup(table, [1, 2]), the_secret_rows), "reference is wrong"
### END HIDDEN TESTS

# %% check="lookup" points=4
lookup(table, 3)
3

# %% [markdown]
# Spoiler: rows = table[np.asarray(ids)]
# return rows + 0.0

# %% exercise="gift"
def gift():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% check="gift" points=5
assert callable(gift)

# %% [markdown]
# the_secret_rows = table[[1, 2]] - 0.5
# assert np.array_equal(lookup(table, [1, 2]), the_secret_rows), "reference is wrong"
"""


@pytest.fixture(scope="module")
def wrong_lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[Problem]]:
    course = course_with(tmp_path_factory.mktemp("wrong"), WRONG)
    with pytest.raises(Refused) as refused:
        build_lab(course, "toy")
    return course, refused.value.problems


EXECUTED = {
    "the reference answers fail a check": (
        'the_secret_rows), "reference is wrong"\n### END',
        ["the reference answers fail here: AssertionError: reference is wrong"],
    ),
    "the reference answers earn only a part": (
        "points=4",
        ["the reference answers earn 3 of 4 points in 'lookup-check-2'"],
    ),
    "the solved lab writes to stderr": (
        "# %%\nimport warnings",
        ["writes to stderr", "this is deprecated"],
    ),
    "the untouched notebook earns points": (
        "points=5",
        ["an untouched notebook earns points in 'gift-check'"],
    ),
    "the untouched notebook raises another error": (
        "print(shown)",
        ["nothing but NotImplementedError", "NameError: name 'shown' is not defined"],
    ),
    "the text of a solution stands in the student notebook": (
        'exercise="lookup"',
        ["the solution text of 'lookup' stands in the student notebook"],
    ),
    "the text of a hidden test stands in the student notebook": (
        "points=2",
        ["the hidden tests text of 'lookup-check' stands in the student notebook"],
    ),
}


@pytest.mark.parametrize(("at", "words"), EXECUTED.values(), ids=EXECUTED.keys())
def test_the_executed_lab_is_refused_when(
    at: str, words: list[str], wrong_lab: tuple[Course, list[Problem]]
) -> None:
    course, problems = wrong_lab
    assert WRONG.count(at) == 1
    line = WRONG[: WRONG.index(at)].count("\n") + 1
    start = f"{course.lab_source('toy')}:{line}: "
    told = [str(p) for p in problems]
    assert any(m.startswith(start) and all(w in m for w in words) for m in told), (
        f"expected {start}… {words}; got {told}"
    )


def test_a_refused_lab_writes_no_notebook(wrong_lab: tuple[Course, list[Problem]]) -> None:
    course, _ = wrong_lab
    assert list(course.root.rglob("*.ipynb")) == []


# What no source can provoke as long as nbgrader clears its regions: the safety nets themselves. --


@pytest.fixture
def toy(tmp_path: Path) -> Lab:
    path = tmp_path / "toy.py"
    path.write_text(TOY)
    return read_lab(path)


def student_version(lab: Lab, **sources: str) -> nbformat.NotebookNode:
    """A notebook with one cell for each of the lab's, some with other sources."""
    cells = [
        (new_markdown_cell if cell.kind in ("markdown", "question") else new_code_cell)(
            sources.get(cell.grade_id, "")
        )
        for cell in lab.cells
    ]
    return new_notebook(cells=cells)


def test_a_stub_with_a_line_that_the_solution_has_not_is_refused(toy: Lab) -> None:
    stub = "def total(values):\n    start = 0\n    # YOUR CODE HERE"
    (problem,) = stub_problems(toy, student_version(toy, total=stub))
    assert problem.line == line_of(TOY, 'exercise="total"')
    assert problem.message == (
        "the stub of exercise 'total' has a line that its solution has not: 'start = 0'"
    )


def test_a_stub_with_the_solutions_lines_in_another_order_is_refused(toy: Lab) -> None:
    stub = '    """Sum of `values`."""\ndef total(values):\n    raise NotImplementedError("…")'
    (problem,) = stub_problems(toy, student_version(toy, total=stub))
    assert "'def total(values):'" in problem.message


@pytest.mark.parametrize(
    "marker", ["BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"]
)
def test_a_region_marker_in_the_student_notebook_is_refused(toy: Lab, marker: str) -> None:
    (problem,) = leaks(toy, student_version(toy, total=f"def total():\n    ### {marker}"))
    assert str(problem) == f"{toy.path}:1: {marker!r} stands in the student notebook."


def test_a_solution_is_found_in_the_student_notebook_however_it_is_spaced(toy: Lab) -> None:
    leaked = "ids = np.asarray( ids )\n\n\n        return np.take(table,\n ids, axis = 0)"
    (problem,) = leaks(toy, student_version(toy, why=leaked))
    assert problem.line == line_of(TOY, 'exercise="lookup"')
    assert "the solution text of 'lookup'" in problem.message


# The answer bank. ---------------------------------------------------------------------------------

BANK = """\
# %% exercise="lookup" right="through np.take"
def lookup(table, ids):
    return np.take(table, ids, axis=0)
"""
BANKS = {
    "it answers an exercise that the lab has not": (
        BANK + '\n# %% exercise="looup" right="by hand"\nx = 1\n',
        "looup",
        ["answers no exercise of toy: 'looup'"],
    ),
    "it answers no exercise": (
        BANK + "\n# %%\nprint('stray')\n# a demo\n",
        "# %%\n",
        ["answers no exercise of toy: None"],
    ),
    "it is neither right nor wrong": (
        BANK + '\n# %% exercise="total" says="3.0"\nx = 1\n',
        'exercise="total"',
        ["either right=… or wrong=…"],
    ),
    "it is both right and wrong": (
        BANK + '\n# %% exercise="total" right="so" wrong="or so" says="3.0"\nx = 1\n',
        'exercise="total"',
        ["either right=… or wrong=…"],
    ),
    "its metadata is mistyped": (
        BANK + '\n# %% exercise="total" wrong="so" says="3.0" earn=1\nx = 1\n',
        'exercise="total"',
        ["either right=… or wrong=…"],
    ),
    "it is wrong and does not say which words its message needs": (
        BANK + '\n# %% exercise="total" wrong="so"\nx = 1\n',
        'exercise="total"',
        ["a wrong answer needs says=…"],
    ),
    "it earns what is no number": (
        BANK + '\n# %% exercise="total" wrong="so" says="3.0" earns="some"\nx = 1\n',
        'exercise="total"',
        ["earns='some' is not a number of points"],
    ),
    "it stands outside any cell": (
        "import os\n" + BANK,
        "import os",
        ["stands above the first cell marker"],
    ),
}


@pytest.mark.parametrize(("text", "at", "words"), BANKS.values(), ids=BANKS.keys())
def test_an_answer_is_refused_when(
    text: str, at: str, words: list[str], toy: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "answers.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_bank(toy, path)
    line = text[: text.index(at)].count("\n") + 1
    (problem,) = refused.value.problems
    assert str(problem).startswith(f"{path}:{line}: ")
    assert all(word in problem.message for word in words), problem.message


def test_all_problems_of_a_bank_are_told_at_once(toy: Lab, tmp_path: Path) -> None:
    path = tmp_path / "answers.py"
    path.write_text(
        '# %% exercise="looup" right="a"\nx = 1\n\n# %% exercise="total" wrong="b"\nx = 2\n'
    )
    with pytest.raises(Refused) as refused:
        read_bank(toy, path)
    assert [problem.line for problem in refused.value.problems] == [1, 4]
