"""Submissions on this machine: as many at once as there are workers, each on a core of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from autograder.course import Course
from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab
from autograder.engine.local import own_cores, this_machine
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


def test_each_worker_has_a_core_where_there_are_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 4, 6}, raising=False)
    assert sorted(own_cores(3)) == [1, 4, 6]
    assert own_cores(2) == own_cores(4) == []
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    assert own_cores(3) == []


@pytest.mark.parametrize("more", [0, 1], ids=["as many workers as cores", "more"])
def test_a_kernel_runs_on_the_core_of_its_worker(
    more: int,
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
            class_course.root / "data", Limits(), None, print, workers=len(cores) + more
        )
        run = await machine.start()

        async def work() -> None:
            for _ in range(2):  # the second time on a core that was given back
                execution = await run(prepare(lab, taken(handed_in)), lab)
                assert execution.verdicts["total-check"].outcome == "passed"
                said.append(cell_of(execution.notebook, "total-check").outputs[0].text.strip())

        await together(*(work() for _ in cores))

    asyncio.run(main())
    own = [str([core]) for core in cores]
    assert sorted(said) == (2 * [str(cores)] * len(cores) if more else sorted(2 * own))
    assert sorted(os.sched_getaffinity(0)) == cores  # the grader itself stays free
