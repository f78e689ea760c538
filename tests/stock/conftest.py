"""Starts stock grading of the banks as soon as the tests are collected.

It takes seconds for each submission and most of that time one core is idle elsewhere, so it runs
at low priority beside the other tests; the tests of this folder, which come last, wait for it.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest

from tests.banks.runs import COURSE, WORKERS, bank_class
from tests.stock import stock

TEST = "test_the_bank_scores_the_same_in_stock_and_through_the_examiner"
COLD = "lab1_lookup_vs_onehot"
_POOL = ThreadPoolExecutor(WORKERS)
_RUNS: dict[str, Future] = {}


def run(lab: str) -> dict[str, dict[str, float | None]]:
    """Each check's score, by submission, from `nbgrader autograde`."""
    texts = {f"s{n:02}": nbformat.writes(nb) for n, (_, nb) in enumerate(bank_class(lab))}
    with TemporaryDirectory() as root:
        made = stock.stock_course(COURSE, lab, Path(root) / "course", texts)
        # A cold kernel takes four to six seconds more, most of them for imports.
        stock.autograde(made, lab, "python3" if lab == COLD else "warm")
        return stock.scores(made, lab)


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    wanted = session.config.getoption("--lab")
    for item in session.items:
        if getattr(item, "originalname", "") == TEST:
            lab = item.callspec.params["lab"]
            if not wanted or lab in wanted:
                _RUNS[lab] = _POOL.submit(run, lab)


def pytest_sessionfinish() -> None:
    _POOL.shutdown(wait=False, cancel_futures=True)


@pytest.fixture
def stock_runs() -> dict[str, Future]:
    """Stock grading of each bank, by lab, done or under way."""
    return _RUNS
