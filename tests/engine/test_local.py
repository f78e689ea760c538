"""Submissions on this machine: each on a core of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from autograder.course import Course
from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab
from autograder.engine.local import this_machine
from autograder.engine.prepare import prepare
from autograder.engine.together import together
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.limits import Limits
from tests.engine.conftest import cell_of

SAYS_CORES = """\
import os

def total(values):
    print(sorted(os.sched_getaffinity(0)))
    return float(sum(values))
"""


@pytest.mark.parametrize("own", [True, False])
def test_a_kernel_runs_on_the_core_of_its_worker(
    own: bool,
    class_course: Course,
    lab: ReleasedLab,
    handed_in: dict[str, Any],
    taken: Callable[[dict], Submission],
) -> None:
    TEMPLATE.start()
    if TEMPLATE.unfit:
        pytest.skip(f"no warm kernels here: {TEMPLATE.unfit}")
    cell_of(handed_in, "total")["source"] = SAYS_CORES
    cores = sorted(os.sched_getaffinity(0))
    said = []

    async def main() -> None:
        machine = this_machine(
            class_course.root / "data", Limits(), None, print, cores if own else []
        )
        run = await machine.start()

        async def work() -> None:
            for _ in range(2):  # the second time on a core that was given back
                execution = await run(prepare(lab, taken(handed_in)), lab)
                assert execution.verdicts["total-check"].outcome == "passed"
                said.append(cell_of(execution.notebook, "total-check").outputs[0].text.strip())

        await together(*(work() for _ in cores))

    asyncio.run(main())
    expected = [[core] for core in cores] if own else [cores for _ in cores]
    assert sorted(said) == sorted(2 * list(map(str, expected)))
    assert sorted(os.sched_getaffinity(0)) == cores  # the grader itself stays free
