"""A class, and what grading it writes when nothing happens."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.course import Course
from tests.faults.runs import Run, Written, hand_in, written
from tests.faults.starter import Starter


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to: what it wrote, and the seconds until its first result."""

    written: Written
    seconds: float


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not sys.platform.startswith("linux"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="looks for processes in /proc"))


@pytest.fixture(scope="session")
def new_class(
    built_toy: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[Course, Path]]:
    """Makes a course whose class has handed in and is not yet graded, and a `TMPDIR` for runs."""

    template = tmp_path_factory.mktemp("handed-in") / "course"
    shutil.copytree(built_toy, template)
    hand_in(Course(template))

    def make() -> tuple[Course, Path]:
        root = tmp_path_factory.mktemp("class")
        shutil.copytree(template, root / "course")
        (root / "tmp").mkdir()
        return Course(root / "course"), root / "tmp"

    return make


@pytest.fixture(scope="session")
def start() -> Iterator[Starter]:
    """Starts runs in less time than the command line does."""
    with Starter() as made:
        yield made


@pytest.fixture(scope="session")
def undisturbed(new_class: Callable[[], tuple[Course, Path]], start: Starter) -> Undisturbed:
    course, temporary = new_class()
    began = time.monotonic()
    with Run(course, temporary, start=start.light) as run:
        run.wait_for(lambda: run.results() >= 1)
        seconds = time.monotonic() - began
        assert run.end() == 0, run.said()
        assert run.left() == set()
    return Undisturbed(written(course), seconds)
