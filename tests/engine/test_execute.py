"""A run that is stopped in the middle of a cell or a check ends, and ends quietly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.engine import execute as engine
from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab
from autograder.engine.prepare import prepare
from autograder.sandbox.limits import Limits
from tests.engine.conftest import cell_of


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


def test_a_run_that_is_stopped_in_a_students_cell_does_not_go_on_without_it(
    class_course: Course,
    lab: ReleasedLab,
    handed_in: dict[str, Any],
    taken: Callable[[dict], Submission],
    tmp_path: Path,
) -> None:
    began = tmp_path / "began"
    cell_of(handed_in, "total")["source"] = (
        f"import time\nopen({str(began)!r}, 'w').close()\ntime.sleep(60)"
    )

    async def main() -> None:
        notebook = prepare(lab, taken(handed_in))
        data = class_course.root / "data"
        running = asyncio.create_task(engine.execute(notebook, lab, data, Limits(), None))
        while not began.exists():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
