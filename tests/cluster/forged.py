"""In the place of `autograder.engine.worker`: what a worker sends, and no honest one would."""

from __future__ import annotations

import os
import pickle

from autograder.engine.execute import Execution, verdict_outputs
from autograder.engine.lab import grade_id, kind_of
from autograder.engine.unit import Unit, pack, pack_result, unpack
from autograder.examiner.checks import PASSED, Verdict

opened: list[int] = []  # the processes that read a pickle of `Opened`


class Opened:
    """An object that runs code where its pickle is read."""

    def __reduce__(self) -> tuple:
        return exec, (f"import os, {__name__} as here; here.opened.append(os.getpid())",)


def full_marks(unit: Unit) -> dict:
    """A result as it should be: all checks passed, and none of the cells run."""
    made = Execution(unit.notebook)
    for cell in unit.notebook.cells:
        if kind_of(cell) == "check":
            made.verdicts[grade_id(cell)] = verdict = Verdict(PASSED)
            cell.outputs = verdict_outputs(verdict)
    return unpack(pack_result(made, "forged"))


def too_many_points(told: dict) -> dict:
    told["verdicts"]["total-check"]["result"] = "1000"
    return told


def of_another_lab(told: dict) -> dict:
    return told | {"verdicts": {f"{name}-2": each for name, each in told["verdicts"].items()}}


FORGED = {
    "object": lambda told: Opened(),
    "pickle": lambda told: pickle.dumps(Opened()),
    "object-in-list": lambda told: [pack(told), Opened()],
    "text": lambda told: pack(told).decode(),
    "points": lambda told: pack(too_many_points(told)),
    "other-lab": lambda told: pack(of_another_lab(told)),
    "honest": pack,
}


def run_unit(packed: bytes, folder: bytes) -> object:
    """The forgery that the student's answer names."""
    unit = Unit.unpack(packed)
    (name,) = (n for n in FORGED if any(f"# {n}\n" in c.source for c in unit.notebook.cells))
    return FORGED[name](full_marks(unit))


def die(packed: bytes, folder: bytes) -> object:
    """A submission that takes its worker with it."""
    os._exit(1)
