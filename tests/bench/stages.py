"""Where the CPU seconds of a submission go: each one run with one stage more every time.

    python -m tests.bench.stages COURSE STUDENT [STUDENT ...]

Prints as JSON, for each lab, the mean CPU seconds of each stage. The template's own work (it forks)
counts to the stage that causes it.
"""

from __future__ import annotations

import asyncio
import copy
import json
import statistics
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.course import Course
from autograder.engine.execute import Execution, execute
from autograder.engine.intake import read_submission
from autograder.engine.lab import ReleasedLab, kind_of
from autograder.engine.prepare import prepare
from autograder.engine.record import Recorder
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import try_layers
from autograder.sandbox.limits import Limits
from tests.bench.measure import cpu_of_forked

STAGES = ("reading", "processes", "cells", "checks", "sandbox", "recording")


def main(root: Path, students: list[str]) -> None:
    course = Course(root)
    system = try_layers()
    if not system.fit:
        raise SystemExit(f"no sandbox here: {system.open_ways}")
    TEMPLATE.start()
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with closing(Recorder(course)) as recorder:
        for name in sorted({path.name for path in course.submitted_directory.glob("*/*/")}):
            lab = ReleasedLab.load(course, name)
            recorder.add_lab(lab)
            for student in ["", *students]:  # the first time warms up
                seconds = asyncio.run(stages(course, lab, student or students[0], recorder,
                                             system.layers))  # fmt: skip
                for stage, value in seconds.items() if student else ():
                    found[name][stage].append(value)
    print(json.dumps({lab: {stage: statistics.fmean(values) for stage, values in each.items()}
                      for lab, each in found.items()}))  # fmt: skip


async def stages(
    course: Course, lab: ReleasedLab, student: str, recorder: Recorder, layers: Layers
) -> dict[str, float]:
    """CPU seconds of each stage of one submission."""
    started = time.process_time()
    nb = prepare(lab, read_submission(course.submitted_directory / student / lab.name, lab))
    reading = time.process_time() - started

    async def run(cells: list[NotebookNode], layers: Layers | None) -> tuple[Execution, float]:
        given = copy.copy(nb)
        given.cells = copy.deepcopy(cells)
        before = cpu_of_forked() + time.process_time()
        execution = await execute(given, lab, course.root / "data", Limits(), layers)
        return execution, cpu_of_forked() + time.process_time() - before

    nothing = (await run([], None))[1]
    cells = (await run([c for c in nb.cells if kind_of(c) != "check"], None))[1]
    checked = (await run(nb.cells, None))[1]
    execution, confined = await run(nb.cells, layers)
    started = time.process_time()
    recorder.save(student, lab, execution, [])
    recording = time.process_time() - started
    return dict(zip(STAGES, (reading, nothing, cells - nothing, checked - cells,
                             confined - checked, recording), strict=True))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
