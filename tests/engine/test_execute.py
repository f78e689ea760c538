"""A run that is stopped in the middle of a check ends quietly."""

from __future__ import annotations

import asyncio

import pytest

from autograder.course import Course
from autograder.engine import execute as engine
from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab
from autograder.engine.prepare import prepare
from autograder.sandbox.limits import Limits


def test_a_kernel_that_dies_as_the_run_is_stopped_leaves_no_complaint(
    class_course: Course, lab: ReleasedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving: list[asyncio.Task] = []

    async def main() -> None:
        async def serve(*args: object) -> None:
            serving.append(asyncio.current_task())
            try:
                await asyncio.sleep(60)
            finally:
                raise engine.KernelLost("crashed", "it heard Ctrl-C too")

        monkeypatch.setattr(engine._Kernel, "serve", serve)
        notebook = prepare(lab, Submission())
        data = class_course.root / "data"
        running = asyncio.create_task(engine.execute(notebook, lab, data, Limits(), None))
        while not serving:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    # What asyncio would complain of, when it clears the task away.
    assert len(serving) == 1 and not serving[0]._log_traceback
