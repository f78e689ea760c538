"""What all tests share: the course, and a small course of its own for tests that write."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.course import CONFIG_FILE, Course
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import try_layers
from autograder.sandbox.limits import Limits

if TYPE_CHECKING:
    from autograder.engine.execute import Machine

ROOT = Path(__file__).resolve().parents[1]

TOY = '''\
# %% [markdown]
# # Toy
# {{colab}}

# %% given=true
import numpy as np

table = np.arange(40.0).reshape(10, 4)

# %%
print(table[3])

# %% exercise="lookup"
def lookup(table, ids):
    """Rows of `table`."""
    ### BEGIN SOLUTION
    ids = np.asarray(ids)
    return np.take(table, ids, axis=0)
    ### END SOLUTION

# %% check="lookup" points=2
got = lookup(table, 3)
assert got.shape == (4,), f"expected shape (4,), got {got.shape}"
### BEGIN HIDDEN TESTS
expected_rows = table[[1, 2]]
assert np.array_equal(lookup(table, [1, 2]), expected_rows), "the rows are in the wrong order"
### END HIDDEN TESTS

# %% exercise="total"
def total(values):
    """Sum of `values`."""
    ### BEGIN SOLUTION
    return float(np.sum(values))
    ### END SOLUTION

# %% check="total" points=1
assert total([1, 2]) == 3.0, "total([1, 2]) should be 3.0"

# %% check="total" points=3
### BEGIN HIDDEN TESTS
assert total([]) == 0.0, "the total of nothing is 0.0"
### END HIDDEN TESTS

# %% [markdown] question="why" points=3
# **Why is a lookup cheap?**
#
# ### BEGIN SOLUTION
# It reads one row.
# ### END SOLUTION
'''

TOY_ANSWERS = """\
# %% exercise="lookup" right="by indexing"
def lookup(table, ids):
    return table[np.asarray(ids)]

# %% exercise="lookup" wrong="always row 3" says="wrong order"
def lookup(table, ids):
    return table[3]

# %% exercise="total" right="by the builtin"
def total(values):
    return float(sum(values))

# %% exercise="total" wrong="fails on nothing" says="nothing" earns=1
def total(values):
    return float(max(values) + min(values))
"""


@functools.cache
def sandbox_layers() -> Layers:
    """The layers that this machine has: tests grade in the same sandbox as an instructor does."""
    system = try_layers()
    assert system.fit, f"grading would refuse here: student code could {system.open_ways}"
    return system.layers


def sandboxed(course: Course, limits: Limits) -> Machine:
    """This machine, to grade a course on in the sandbox that it has."""
    from autograder.engine.local import this_machine

    return this_machine(course.root / "data", limits, sandbox_layers, print)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", action="append", default=[], help="only these labs")
    parser.addoption("--kills", type=int, default=50, help="runs that something is killed of")
    parser.addoption("--seed", type=int, default=0, help="of the moments when")


@pytest.fixture(scope="session")
def course() -> Course:
    """The course itself. Tests only read it."""
    return Course(ROOT)


def course_with(root: Path, source: str) -> Course:
    """Makes a course whose one lab, `toy`, has this source; it is not built."""
    shutil.copy(ROOT / CONFIG_FILE, root)
    made = Course(root)
    made.lab_source("toy").parent.mkdir(parents=True)
    made.lab_source("toy").write_text(source, encoding="utf-8")
    return made


@pytest.fixture
def toy_course(tmp_path: Path) -> Course:
    """A course with one small source, `toy`, not yet built."""
    toy = course_with(tmp_path, TOY)
    toy.answer_bank("toy").write_text(TOY_ANSWERS)
    return toy


@pytest.fixture(scope="session")
def built_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy course, built; copy it before writing to it (see `class_course`)."""
    from autograder.authoring.build import build_lab

    toy = course_with(tmp_path_factory.mktemp("toy"), TOY)
    toy.answer_bank("toy").write_text(TOY_ANSWERS)
    build_lab(toy, "toy").write()
    return toy.root


@pytest.fixture
def class_course(built_toy: Path, tmp_path: Path) -> Course:
    """A fresh copy of the built toy course, to put submissions into and grade."""
    root = tmp_path / "course"
    shutil.copytree(built_toy, root)
    return Course(root)
