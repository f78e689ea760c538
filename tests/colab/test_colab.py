"""Every notebook runs as Colab runs it: in an empty folder, without the repository.

A `google.colab` module is there, as on Colab, and the repository's raw address is served from
this machine, so that what a notebook fetches is what the repository holds.
"""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.course import Course
from autograder.engine.lab import kind_of
from autograder.kernel.client import notebook_client
from tests.conftest import ROOT

COURSE = Course(ROOT)
FAKE_COLAB = """
import sys, types
google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
google.colab = colab
sys.modules.update({"google": google, "google.colab": colab})
"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 (one list for the server's whole life is meant)

    def log_message(self, *args: object) -> None:
        self.asked.append(self.path)


@pytest.fixture(scope="module")
def raw_address() -> Iterator[str]:
    """The repository, served as its raw address serves it."""
    handler = functools.partial(QuietHandler, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(
    path: Path, raw: str, folder: Path, change: Callable[[NotebookNode], None] = lambda nb: None
) -> list[NotebookNode]:
    """The errors of a notebook, changed before, that runs in an empty folder."""
    real = f"https://raw.githubusercontent.com/{COURSE.repository}/{COURSE.branch}"
    nb = nbformat.reads(path.read_text(encoding="utf-8").replace(real, raw), as_version=4)
    change(nb)
    nb.cells.insert(0, new_code_cell(FAKE_COLAB))
    with notebook_client(nb, folder, COURSE.cell_timeout, "warm") as client:
        client.execute()
    return [o for c in nb.cells for o in c.get("outputs", []) if o.output_type == "error"]


def reads_data(lab: str) -> bool:
    """Whether a lab has a cell that fetches files."""
    return "raw.githubusercontent.com" in COURSE.student_notebook(lab).read_text(encoding="utf-8")


@pytest.mark.parametrize("lab", COURSE.labs())
def test_the_reference_notebook_runs_through(lab: str, raw_address: str, tmp_path: Path) -> None:
    assert not run(COURSE.reference_notebook(lab), raw_address, tmp_path)


@pytest.mark.parametrize("lab", COURSE.labs())
def test_the_student_notebook_stops_only_at_exercises(
    lab: str, raw_address: str, tmp_path: Path
) -> None:
    errors = run(COURSE.student_notebook(lab), raw_address, tmp_path)
    assert {error.ename for error in errors} == {"NotImplementedError"}


@pytest.mark.parametrize("lab", [lab for lab in COURSE.labs() if reads_data(lab)])
def test_the_set_up_cells_may_run_twice_and_fetch_once(
    lab: str, raw_address: str, tmp_path: Path
) -> None:
    def set_up(nb: NotebookNode) -> None:
        nb.cells = [c for c in nb.cells if c.cell_type == "code" and kind_of(c) == "given"]
        nb.cells += [new_code_cell(cell.source) for cell in nb.cells]

    before = len(QuietHandler.asked)
    assert not run(COURSE.student_notebook(lab), raw_address, tmp_path, set_up)
    fetched = [Path(path).name for path in QuietHandler.asked[before:]]
    assert fetched and len(fetched) == len(set(fetched))


def test_the_labs_that_read_data_fetched_it() -> None:
    fetched = {Path(path).name for path in QuietHandler.asked}
    assert {"glove.toy.50d.txt", "corpus.txt", "customers.csv"} <= fetched
