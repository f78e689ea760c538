"""What the sandbox costs each submission: the same one graded with and without it, in turns.

    python -m tests.bench.sandbox [--lab LAB] [--pairs N]

Prints the medians and the quartiles of the differences, wall and CPU. CPU seconds are those of
every process that has ended, the sandbox's own included. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import statistics
import time

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.authoring.compose import load_bank, submission
from autograder.course import Course
from autograder.engine.execute import execute
from autograder.engine.intake import parse, take
from autograder.engine.lab import ReleasedLab
from autograder.engine.prepare import prepare
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import try_layers
from autograder.sandbox.limits import Limits
from tests.bench.measure import cpu_of_forked
from tests.conftest import ROOT

TARGET = 0.060  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default="lab1_lookup_vs_onehot")
    parser.add_argument("--pairs", type=int, default=30)
    args = parser.parse_args()
    system = try_layers()
    if not system.fit:
        raise SystemExit(f"no sandbox here: {system.open_ways}")
    course = Course(ROOT)
    lab = ReleasedLab.load(course, args.lab)
    bank = load_bank(course, args.lab)
    blank = nbformat.read(course.student_notebook(args.lab), as_version=4)
    right = submission(blank, {name: bank.reference(name) for name in bank.exercises})
    notebook = prepare(lab, take(parse(nbformat.writes(right).encode()), lab))
    TEMPLATE.start()

    async def graded(nb: NotebookNode, layers: Layers | None) -> tuple[float, float]:
        cpu, started = cpu_of_forked(), time.perf_counter()
        execution = await execute(nb, lab, course.root / "data", Limits(), layers)
        assert all(v.outcome == "passed" for v in execution.verdicts.values())
        return time.perf_counter() - started, cpu_of_forked() - cpu

    async def pairs() -> dict[bool, list[tuple[float, float]]]:
        found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for n in range(args.pairs + 1):
            for confined in (True, False) if n % 2 else (False, True):
                layers = system.layers if confined else None
                times = await graded(copy.deepcopy(notebook), layers)
                if n:  # the first pair warms up
                    found[confined].append(times)
        return found

    found = asyncio.run(pairs())
    print(f"{args.lab}, {args.pairs} pairs, sandbox: {system.describe()}")
    for n, what in enumerate(("wall", "CPU")):
        with_it, without = ([times[n] for times in found[confined]] for confined in (True, False))
        differences = [a - b for a, b in zip(with_it, without, strict=True)]
        low, middle, high = (1000 * q for q in statistics.quantiles(differences, n=4))
        mean = 1000 * statistics.fmean(differences)
        print(f"{what:<5}without {1000 * statistics.median(without):6.1f} ms   "
              f"with {1000 * statistics.median(with_it):6.1f} ms   "
              f"difference, median {middle:6.1f} ms ({low:.1f} to {high:.1f}), "
              f"mean {mean:.1f} ms   target <= {1000 * TARGET:g} ms   "
              f"{'met' if middle <= 1000 * TARGET else 'NOT MET'}")  # fmt: skip


if __name__ == "__main__":
    main()
