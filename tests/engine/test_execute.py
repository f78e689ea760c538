"""One submission in its kernel: cells and checks in one request, and a run that is stopped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat.notebooknode import NotebookNode

from autograder.course import Course
from autograder.engine import execute as engine
from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab
from autograder.engine.prepare import prepare
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import try_layers
from autograder.sandbox.limits import Limits
from tests.engine.conftest import cell_of

Total = Callable[..., engine.Execution]


@pytest.fixture
def with_total(
    class_course: Course,
    lab: ReleasedLab,
    handed_in: dict[str, Any],
    taken: Callable[[dict], Submission],
) -> Total:
    """Runs right answers but for `total`, which has two checks.

    The first calls it with `[1, 2]`, the second with `[]`.
    """

    def run(
        source: str,
        limits: Limits = Limits(),  # noqa: B008
        layers: Layers | None = None,
    ) -> engine.Execution:
        cell_of(handed_in, "total")["source"] = source
        notebook = prepare(lab, taken(handed_in))
        data = class_course.root / "data"
        return asyncio.run(engine.execute(notebook, lab, data, limits, layers))

    return run


def outcomes(execution: engine.Execution) -> list[str]:
    """How the two checks of `total` ended."""
    return [execution.verdicts[name].outcome for name in ("total-check", "total-check-2")]


def shown(execution: engine.Execution) -> list[list[NotebookNode]]:
    """The outputs of the two checks of `total`."""
    return [cell_of(execution.notebook, name).outputs for name in ("total-check", "total-check-2")]


def test_what_student_code_prints_stands_under_the_check_that_made_it_print(
    with_total: Total,
) -> None:
    execution = with_total(
        "import sys\n"
        "def total(values):\n"
        "    print('of', values)\n"
        "    print('softly', values, file=sys.stderr)\n"
        "    return float(sum(values))"
    )
    first, second = (sorted(o.text for o in outputs) for outputs in shown(execution))
    assert first == ["of [1, 2]\n", "softly [1, 2]\n"]
    assert second == ["of []\n", "softly []\n"]


def test_cells_are_counted_as_the_kernel_ran_them(with_total: Total) -> None:
    cells = with_total("def total(values):\n    return float(sum(values))").notebook.cells
    counts = [c.execution_count for c in cells if c.get("execution_count") is not None]
    assert counts[0] == 1 and len(counts) > 2 and counts == sorted(set(counts))


def test_what_student_code_draws_or_updates_stands_under_its_check(with_total: Total) -> None:
    execution = with_total(
        "import matplotlib.pyplot as plt\n"
        "def total(values):\n"
        "    handle = display('begun', display_id=True)\n"
        "    plt.plot(values) if values else None\n"
        "    handle.update(f'done with {values}')\n"
        "    return float(sum(values))"
    )
    assert outcomes(execution) == ["passed", "passed"] and not execution.notes
    first, second = shown(execution)
    assert [output.data["text/plain"] for output in (first[0], *second)] == [
        "'done with [1, 2]'",
        "'done with []'",
    ]
    assert len(first) == 2 and "image/png" in first[1].data


def test_a_check_has_its_room_for_outputs_whatever_the_one_before_it_prints(
    with_total: Total,
) -> None:
    execution = with_total(
        "def total(values):\n"
        "    for _ in range(200 if values else 1):\n"
        "        print('x' * 1000, flush=True)\n"
        "    return float(sum(values))",
        Limits(output=20_000),
    )
    assert outcomes(execution) == ["passed", "passed"]
    first, second = (outputs[0].text for outputs in shown(execution))
    assert 10_000 < len(first) < 21_000 and "the rest was not kept" in first
    assert second == "x" * 1000 + "\n"


def test_a_kernel_that_ends_in_a_check_leaves_the_next_one_its_own_verdict(
    with_total: Total,
) -> None:
    execution = with_total(
        "import os\n"
        "def total(values):\n"
        "    if values:\n"
        "        os._exit(1)\n"
        "    return float(sum(values))"
    )
    assert outcomes(execution) == ["crashed", "passed"]


def test_a_request_that_ends_before_its_time_costs_the_next_check_nothing(
    with_total: Total,
) -> None:
    execution = with_total(
        "from autograder.kernel import student\n"
        "whole = student.Session.run\n"
        "student.Session.run = lambda session: whole(session) and False\n"
        "def total(values):\n"
        "    return float(sum(values))"
    )
    assert outcomes(execution) == ["passed", "passed"]


TOTAL = "\ndef total(values):\n    return float(sum(values))"


@pytest.mark.parametrize(
    "line", ["!echo from the system", "%pip --version", "%ls", "_exit_code = !exit 3"]
)
def test_a_command_of_the_system_costs_an_answer_nothing(with_total: Total, line: str) -> None:
    """In the sandbox too, which has no terminal."""
    execution = with_total(line + TOTAL, layers=try_layers().layers)
    assert outcomes(execution) == ["passed", "passed"] and not execution.notes
    outputs = cell_of(execution.notebook, "total").outputs
    assert all(output.output_type == "stream" for output in outputs)
    if line[0] == "!":
        assert [output.text for output in outputs] == ["from the system\n"]


def test_an_answer_may_await_something(with_total: Total) -> None:
    execution = with_total(
        "import asyncio\nprint('before')\nawait asyncio.sleep(0.01)\nprint('after')" + TOTAL
    )
    assert outcomes(execution) == ["passed", "passed"] and not execution.notes
    assert cell_of(execution.notebook, "total").outputs[0].text == "before\nafter\n"


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_a_cell_that_asks_the_kernel_to_end_ends_nothing(with_total: Total, word: str) -> None:
    execution = with_total(
        f"import asyncio\n{word}()\n"
        "await asyncio.sleep(0.3)  # a kernel that is to end does so as soon as it has the time\n"
        + TOTAL
    )
    assert outcomes(execution) == ["passed", "passed"] and not execution.notes


def test_an_error_shows_the_line_of_each_cell_that_it_came_through(with_total: Total) -> None:
    execution = with_total(
        "get_ipython().run_cell('def inner(values):\\n    raise KeyError(len(values))')\n"
        "def total(values):\n    return inner(values)"
    )
    assert outcomes(execution) == ["error", "error"]
    frames = "\n".join(execution.verdicts["total-check"].traceback)
    assert "raise KeyError(len(values))" in frames and "return inner(values)" in frames
    places = re.findall(r"Cell In\[\d+\], line (\d), in (\w+)", frames)
    assert places[-2:] == [("3", "total"), ("2", "inner")]


def test_a_cell_runs_as_often_as_it_is_there(with_total: Total) -> None:
    execution = with_total(
        "runs = []\nfor _ in range(3):\n"
        "    get_ipython().run_cell('here = %pwd\\nruns.append(here)')\n"
        "def total(values):\n    return sum(values) if len(runs) == 3 else runs"
    )
    assert outcomes(execution) == ["passed", "passed"]


def test_a_kernel_that_dies_as_the_run_is_stopped_leaves_no_complaint(
    class_course: Course, lab: ReleasedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving: list[asyncio.Task] = []
    whole = engine._Kernel._serve

    async def main() -> None:
        checking = asyncio.Event()

        async def serve(kernel: engine._Kernel, orders: str) -> None:
            serving.append(asyncio.current_task())
            try:
                await whole(kernel, orders)
            finally:
                raise engine.KernelLost("crashed", "it heard Ctrl-C too")

        async def check(*args: object) -> None:
            checking.set()
            await asyncio.sleep(60)

        monkeypatch.setattr(engine._Kernel, "_serve", serve)
        monkeypatch.setattr(engine.ExaminerClient, "check", check)
        notebook = prepare(lab, Submission())
        data = class_course.root / "data"
        running = asyncio.create_task(engine.execute(notebook, lab, data, Limits(), None))
        await checking.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    # What asyncio would complain of, when it clears the task away.
    assert len(serving) == 1 and not serving[0]._log_traceback


def test_nobody_is_graded_whom_nobody_could_watch(
    with_total: Total, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(watch: engine.Watch) -> None:
        raise ValueError("what it reads makes no sense")

    monkeypatch.setattr(engine.Watch, "look", look)
    with pytest.raises(ValueError, match="makes no sense"):
        with_total("def total(values):\n    return float(sum(values))")


def test_a_kernel_that_has_seen_a_check_gets_no_second_one(with_total: Total) -> None:
    """A process that it forked holds the connection, so that the check does not end with it."""
    execution = with_total(
        "import os, time\n"
        "from autograder.kernel import student\n"
        "describe = student.describe\n"
        "def leave(error):\n"
        "    student.describe = describe\n"
        "    raise error\n"
        "def total(values):\n"
        "    if not values and not os.path.exists('seen'):\n"
        "        open('seen', 'w').close()\n"
        "        if os.fork():\n"
        "            student.describe = leave\n"
        "            raise KeyboardInterrupt\n"
        "        time.sleep(600)\n"
        "    return float(sum(values))"
    )
    assert outcomes(execution)[0] == "passed"
    assert outcomes(execution)[1] != "passed"


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


def test_a_kernel_that_cannot_be_asked_for_anything_says_why(
    with_total: Total, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SERVE", "raise ValueError('{} and {} are of no use')")
    with pytest.raises(engine.KernelLost, match=r"stopped listening.*ValueError.*of no use"):
        with_total(TOTAL)
