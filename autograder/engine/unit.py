"""The unit of work that goes to another machine, and the result that comes back: JSON as bytes.

grader → worker   {"lab": name, "released": notebook, "notebook": prepared notebook,
                   "limits": {…}, "confine": bool, "fingerprint": {…}}
worker → grader   {"cells": [[id, execution count, outputs], … of each code cell], "verdicts": {…},
                   "notes": […], "seconds": …, "sandbox": words}
                  or {"refused": why, "worker": address} or {"failed": why}

A worker believes what the grader sends. The grader believes nothing: a result is either exactly
one for the notebook that was sent, or it is none.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from autograder.engine.execute import OUTCOMES, Execution, verdict_outputs
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.examiner.checks import PASSED, Verdict
from autograder.sandbox.limits import Limits

MAX_RESULT = 2**27  # bytes; eight times what all cells may show
MAX_WORDS = 200  # characters
LEFT_OUT = "[An output that no notebook can hold was left out.]\n"


class BadResult(Exception):
    """What came back is no result for the notebook that was sent; the message is one line."""


@dataclass(frozen=True)
class Unit:
    """A prepared notebook and how to run it. confine: whether without a sandbox it must not run.

    fingerprint: the grader's; a worker with another one does not take the unit.
    """

    lab: ReleasedLab
    notebook: NotebookNode
    limits: Limits
    confine: bool
    fingerprint: dict[str, str]

    def pack(self) -> bytes:
        return pack({
            "lab": self.lab.name, "released": self.lab.notebook, "notebook": self.notebook,
            "limits": asdict(self.limits), "confine": self.confine,
            "fingerprint": self.fingerprint,
        })  # fmt: skip

    @classmethod
    def unpack(cls, data: bytes) -> Unit:
        """What `pack` made."""
        told = unpack(data)
        lab = ReleasedLab(told["lab"], nbformat.from_dict(told["released"]))
        notebook = nbformat.from_dict(told["notebook"])
        return cls(lab, notebook, Limits(**told["limits"]), told["confine"], told["fingerprint"])


def pack(value: Any) -> bytes:
    """JSON. Half of a surrogate pair, which a student can print, is kept as it is."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def unpack(data: bytes) -> Any:
    """What `pack` made. Raises: ValueError, RecursionError."""
    return json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# The worker's side --------------------------------------------------------------------------------


def pack_result(execution: Execution, sandbox: str) -> bytes:
    """An execution without its notebook's sources, which the grader has."""
    cells = [
        [cell.id, cell.execution_count, [_sendable(output) for output in cell.outputs]]
        for cell in execution.notebook.cells
        if cell.cell_type == "code"
    ]
    return pack({
        "cells": cells,
        "verdicts": {name: v.as_dict() for name, v in execution.verdicts.items()},
        "notes": execution.notes, "seconds": execution.seconds, "sandbox": sandbox,
    })  # fmt: skip


def _sendable(output: NotebookNode) -> NotebookNode:
    """An output, or words in place of one that only a tampered kernel sends."""
    try:
        nbformat.validate(output, ref="output", version=4)
        pack(output)
    except (nbformat.ValidationError, ValueError, TypeError, RecursionError):
        return new_output("stream", name="stdout", text=LEFT_OUT)
    return output


# The grader's side --------------------------------------------------------------------------------


def read_result(told: Any, notebook: NotebookNode) -> Execution:
    """Puts a result, as `unpack` gave it, on the notebook that was sent.

    Raises: BadResult when it is not exactly a result for this notebook.
    """
    match told:
        case {"cells": list(cells), "verdicts": dict(verdicts), "notes": list(notes),
              "seconds": float(seconds), "sandbox": str(sandbox)} if len(told) == 5:  # fmt: skip
            pass
        case _:
            raise BadResult("its parts are not those of a result")
    _require(all(type(note) is str for note in notes), "its notes are not text")
    _require(sandbox.isprintable() and len(sandbox) <= MAX_WORDS, "its sandbox is no word")
    _require(seconds >= 0 and math.isfinite(seconds), "its seconds are no time")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    checks = {grade_id(cell): cell for cell in code if kind_of(cell) == "check"}
    _require(verdicts.keys() == checks.keys(), "its verdicts are not those of the lab's checks")
    read = {
        name: _verdict(verdict, float(checks[name].metadata.nbgrader.points))
        for name, verdict in verdicts.items()
    }
    _require(len(cells) == len(code), f"it has {len(cells)} cells instead of {len(code)}")
    for cell, got in zip(code, cells, strict=True):
        match got:
            case [cell.id, None | int() as count, list(outputs)] if type(count) is not bool:
                cell.execution_count, cell.outputs = count, nbformat.from_dict(outputs)
            case _:
                raise BadResult(f"it has something else in the place of cell {cell.id}")
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise BadResult(f"its outputs are not a notebook's ({error.message[:200]})") from None
    for name, cell in checks.items():
        # nbgrader reads the score from the cell: it must say the same.
        said = verdict_outputs(read[name])
        shown = cell.outputs[: len(cell.outputs) - len(said)]
        kinds = {(output.output_type, output.get("name", "stdout")) for output in shown}
        harmless = kinds <= {("stream", "stdout"), ("display_data", "stdout")}
        _require(harmless and cell.outputs[len(shown) :] == said,
                 f"the outputs of {name} do not show its verdict")  # fmt: skip
    return Execution(notebook, read, notes, seconds)


def _verdict(told: Any, most: float) -> Verdict:
    match told:
        case {"outcome": str(outcome), "message": str(), "ename": str(), "traceback": list(lines),
              "result": None | str() as result, "printed": str()} if len(told) == 6:  # fmt: skip
            _require(all(type(line) is str for line in lines), "a traceback is not text")
            _require(outcome in OUTCOMES, "a check ended as no check ends")
            _require(result is None or outcome == PASSED, "a check has failed with points")
            _require(result is None or 0 <= _number(result) <= most, "a check has other points")
            return Verdict(**told)
    raise BadResult("a verdict is none")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadResult(otherwise)


# The course's data --------------------------------------------------------------------------------


def pack_folder(folder: Path) -> bytes:
    """All files of a folder: the same bytes for the same files, whenever they were made."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                member = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return made.getvalue()


def unpack_folder(data: bytes, folder: Path) -> None:
    """The files again, in a new folder that every user can read; no folder where there were none.

    Raises: zipfile.BadZipFile, OSError.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)  # which lets no name lead out of the folder
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
