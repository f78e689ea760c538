"""What comes back from another machine is a result for the notebook that was sent, or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from autograder.engine import worker
from autograder.engine.execute import Execution, verdict_outputs
from autograder.engine.fingerprint import differences, fingerprint
from autograder.engine.intake import parse, take
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.prepare import prepare
from autograder.engine.unit import (
    LEFT_OUT,
    BadResult,
    Unit,
    pack_folder,
    pack_result,
    read_result,
    unpack,
    unpack_folder,
)
from autograder.examiner.checks import PASSED, WRONG, Verdict
from autograder.sandbox.layers import Finding, System
from autograder.sandbox.limits import Limits


@pytest.fixture
def prepared(lab: ReleasedLab, handed_in: dict) -> NotebookNode:
    return prepare(lab, take(parse(json.dumps(handed_in).encode()), lab))


@pytest.fixture
def execution(prepared: NotebookNode) -> Execution:
    """What a worker has made of the notebook: one check passed in part, one failed."""
    made = Execution(deepcopy(prepared), notes=["cell total: slow"], seconds=1.5)
    for count, cell in enumerate(c for c in made.notebook.cells if c.cell_type == "code"):
        cell.execution_count = count
        cell.outputs = [new_output("stream", name="stdout", text="é \ud800\n")]
        if kind_of(cell) == "check":
            verdict = Verdict(PASSED, result="1")
            if grade_id(cell) == "lookup-check":
                verdict = Verdict(WRONG, "\udfff", "AssertionError", ["AssertionError"])
            made.verdicts[grade_id(cell)] = verdict
            cell.outputs += verdict_outputs(verdict)
    return made


@pytest.fixture
def told(execution: Execution) -> dict[str, Any]:
    """The same as it arrives here, to change at will."""
    return unpack(pack_result(execution, "landlock 7"))


def test_a_result_is_the_same_on_both_sides(
    execution: Execution, told: dict, prepared: NotebookNode
) -> None:
    read = read_result(told, prepared)
    assert read.notebook is prepared and read.notebook == execution.notebook
    assert (read.verdicts, read.notes, read.seconds) == (
        execution.verdicts, execution.notes, execution.seconds,
    )  # fmt: skip


def check_cell(told: dict) -> list:
    """The cell of the check that failed."""
    return next(c for c in told["cells"] if any(o["output_type"] == "error" for o in c[2]))


def passed(told: dict) -> None:
    told["verdicts"]["lookup-check"].update(outcome="passed", ename="", message="", traceback=[])


CHANGES: dict[str, Callable[[dict], Any]] = {
    "a part more": lambda told: told.update(more=1),
    "a part less": lambda told: told.pop("notes"),
    "no number of seconds": lambda told: told.update(seconds="1"),
    "negative seconds": lambda told: told.update(seconds=-1.0),
    "infinite seconds": lambda told: told.update(seconds=float("inf")),
    "notes of another type": lambda told: told.update(notes=[1]),
    "words for a terminal": lambda told: told.update(sandbox="\x1b[2J"),
    "a cell less": lambda told: told["cells"].pop(),
    "a cell twice": lambda told: told["cells"].append(told["cells"][-1]),
    "cells in another order": lambda told: told["cells"].reverse(),
    "a cell of another shape": lambda told: told["cells"][0].append(1),
    "no execution count": lambda told: told["cells"][0].__setitem__(1, True),
    "outputs that are no list": lambda told: told["cells"][0].__setitem__(2, {}),
    "an output of an unknown type": lambda told: told["cells"][0][2][0].update(output_type="x"),
    "an output with another text": lambda told: told["cells"][0][2][0].update(text=1),
    "an output that is none": lambda told: told["cells"][0][2].append(1),
    "a verdict less": lambda told: told["verdicts"].pop("lookup-check"),
    "a verdict more": lambda told: told["verdicts"].update(more=told["verdicts"]["lookup-check"]),
    "a verdict that is none": lambda told: told["verdicts"].update({"lookup-check": "passed"}),
    "a part of a verdict more": lambda told: told["verdicts"]["lookup-check"].update(more=1),
    "an unknown outcome": lambda told: told["verdicts"]["lookup-check"].update(outcome="lost"),
    "a message of another type": lambda told: told["verdicts"]["lookup-check"].update(message=None),
    "a traceback of another type": lambda told: told["verdicts"]["lookup-check"].update(
        traceback=[1]
    ),
    "points for a failed check": lambda told: told["verdicts"]["lookup-check"].update(result="1"),
    "too many points": lambda told: told["verdicts"]["total-check"].update(result="2"),
    "negative points": lambda told: told["verdicts"]["total-check"].update(result="-1"),
    "points that are no number": lambda told: told["verdicts"]["total-check"].update(result="nan"),
    "points that are no text": lambda told: told["verdicts"]["total-check"].update(result=1),
    "a verdict that the cell does not show": passed,
    "a cell that does not show the verdict": lambda told: check_cell(told)[2].pop(),
    "a result among a check's outputs": lambda told: check_cell(told)[2].insert(
        0, new_output("execute_result", {"text/plain": "2"})
    ),
    "an error more among a check's outputs": lambda told: check_cell(told)[2].insert(
        0, check_cell(told)[2][-1]
    ),
    "stderr among a check's outputs": lambda told: check_cell(told)[2][0].update(name="stderr"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_not_exactly_a_result_is_none(
    change: Callable[[dict], Any], told: dict, prepared: NotebookNode
) -> None:
    change(told)
    with pytest.raises(BadResult) as bad:
        read_result(told, prepared)
    assert "\n" not in str(bad.value)


@pytest.mark.parametrize("told", [None, [], "refused", {}, {"refused": 1}], ids=repr)
def test_what_is_no_result_at_all_is_none(told: Any, prepared: NotebookNode) -> None:
    with pytest.raises(BadResult):
        read_result(told, prepared)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[NaN]", b"[" * 100_000, b"{} {}"])
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        unpack(data)


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": 5},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": 5}},
        {"output_type": "display_data", "metadata": {},
         "data": {"application/json": {"x": float("nan")}}},
    ],
)  # fmt: skip
def test_an_output_that_no_notebook_can_hold_costs_nothing_but_itself(
    output: dict, execution: Execution, prepared: NotebookNode
) -> None:
    execution.notebook.cells[1].outputs.append(NotebookNode(output))
    read = read_result(unpack(pack_result(execution, "none")), prepared)
    assert read.notebook.cells[1].outputs[-1].text == LEFT_OUT
    assert read.verdicts == execution.verdicts


# The worker's side --------------------------------------------------------------------------------


def unit(lab: ReleasedLab, notebook: NotebookNode, **other: Any) -> Unit:
    told = {"limits": Limits(), "confine": True, "fingerprint": fingerprint()} | other
    return Unit(lab, notebook, **told)


def test_a_unit_is_the_same_on_both_sides(lab: ReleasedLab, prepared: NotebookNode) -> None:
    sent = unit(lab, prepared, limits=Limits(seconds=1, total=2))
    got = Unit.unpack(sent.pack())
    assert got == sent and asdict(got.limits) == asdict(sent.limits)


@pytest.fixture
def on_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What Dask tells a unit about the worker that it runs on."""
    there = SimpleNamespace(address="tcp://there:1", local_directory=str(tmp_path))
    monkeypatch.setattr(worker, "get_worker", lambda: there)
    return there


def test_a_worker_of_another_version_takes_no_unit(
    lab: ReleasedLab, prepared: NotebookNode, on_dask: SimpleNamespace
) -> None:
    sent = unit(lab, prepared, fingerprint=fingerprint() | {"torch": "1.0"})
    answer = unpack(worker.run_unit(sent.pack(), pack_folder(Path("nowhere"))))
    assert answer["worker"] == on_dask.address
    assert answer["refused"] == f"it has torch {fingerprint()['torch']} instead of 1.0"


def test_a_worker_without_a_sandbox_takes_no_unit(
    lab: ReleasedLab,
    prepared: NotebookNode,
    on_dask: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System(SimpleNamespace(), (Finding("landlock", False),), ("use the network (TCP)",))
    monkeypatch.setattr(worker, "_tried", lambda: system)
    answer = unpack(worker.run_unit(unit(lab, prepared).pack(), b""))
    assert answer["refused"] == "no sandbox: student code could use the network (TCP)"


def test_a_worker_whose_scratch_folder_student_code_could_read_takes_no_unit(
    lab: ReleasedLab, prepared: NotebookNode, on_dask: SimpleNamespace
) -> None:
    on_dask.local_directory = os.path.join(os.path.dirname(os.__file__), "deep", "scratch")
    answer = unpack(worker.run_unit(unit(lab, prepared).pack(), b""))
    assert "choose another with --local-directory" in answer["refused"]


def test_a_fault_of_the_worker_is_words_and_never_a_pickle(
    on_dask: SimpleNamespace, capsys: pytest.CaptureFixture
) -> None:
    assert unpack(worker.run_unit(b"[]", b""))["failed"].startswith("TypeError: ")
    assert "Traceback" in capsys.readouterr().err


def test_only_what_differs_is_named() -> None:
    ours = {"autograder": "1a", "Python": "3.11", "torch": "2.13.0"}
    assert differences(ours, ours) == ""
    theirs = {"autograder": "1a", "Python": "3.12"}
    assert differences(theirs, ours) == "Python 3.12 instead of 3.11, torch none instead of 2.13.0"


# The course's data --------------------------------------------------------------------------------


def test_a_folder_arrives_as_it_was(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "deep" / "er").mkdir(parents=True)
    (here / "__pycache__").mkdir()
    (here / "__pycache__" / "x.pyc").touch()
    (here / "deep" / "er" / "zoë.bin").write_bytes(os.urandom(10_000))
    (here / "table.txt").write_text("1 2\n")
    packed = pack_folder(here)
    (here / "table.txt").touch()
    os.utime(here / "table.txt", (0, 10**9))
    assert pack_folder(here) == packed
    unpack_folder(packed, there)
    files = {path.relative_to(there) for path in there.rglob("*") if path.is_file()}
    assert files == {Path("table.txt"), Path("deep/er/zoë.bin")}
    for name in files:
        assert (there / name).read_bytes() == (here / name).read_bytes()
        assert (there / name).stat().st_mode & 0o777 == 0o644


def test_a_course_without_data_has_none_there(tmp_path: Path) -> None:
    unpack_folder(pack_folder(tmp_path / "nothing"), tmp_path / "there")
    assert not (tmp_path / "there").exists()
