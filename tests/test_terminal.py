"""What `grade` shows while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from autograder.engine.record import NOTHING, CheckRow, Result
from autograder.terminal import LATEST, Progress, table

RESULTS = [
    Result("ann", "lab1", 9, 9, False, "graded"),
    Result("b\x1b[2J[red]ob", "lab1", 4, 9, True, "partial", checks=[
        CheckRow("lookup", 0, 2, "timed out", "a loop\nwithout end"),
    ]),
    Result("eve", "lab2", 0, 5, False, "failed", note="not a notebook"),
]  # fmt: skip


def told(results: list[Result], **kind: object) -> Console:
    console = Console(file=io.StringIO(), width=100, **kind)
    with Progress(console) as progress:
        progress.say("kernels start cold")
        for n, result in enumerate(results, 1):
            progress.tell(result, n, len(results))
        if console.is_terminal:
            console.last_view = io.StringIO()
            Console(file=console.last_view, width=100).print(progress._view())
    return console


def test_a_terminal_shows_a_line_for_each_lab_the_latest_results_and_a_bar() -> None:
    shown = told(RESULTS, force_terminal=True).last_view.getvalue()
    lines = [line.split() for line in shown.splitlines()]
    assert ["lab1", "2", "6.5/9", "1", "0"] in lines
    assert ["lab2", "1", "–", "0", "1"] in lines
    assert "3/3" in lines[0] and "0:00:00" in lines[0]  # the bar, with the time left
    assert "timed out: a loop without end" in shown and "not a notebook" in shown


def test_what_students_write_reaches_no_terminal_as_a_command() -> None:
    console = told(RESULTS, force_terminal=True)
    for text in (console.file.getvalue(), console.last_view.getvalue()):
        assert "\x1b[2J[" not in text
    assert "b [2J[red]ob" in console.last_view.getvalue()


def test_a_long_class_does_not_make_a_long_table() -> None:
    many = [Result(f"s{n}", "lab1", 1, 9, False, "graded") for n in range(500)]
    shown = told(many, force_terminal=True).last_view.getvalue()
    assert len(shown.splitlines()) < LATEST + 15
    assert "s499" in shown and "s0 " not in shown


def test_nothing_of_the_live_table_stays_at_the_end() -> None:
    end = told(RESULTS, force_terminal=True).file.getvalue()[-400:]
    assert "\x1b[2K" in end  # the lines are taken back


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_pipe_gets_a_plain_line_for_each(interrupted: bool) -> None:
    lines = told(RESULTS[: 1 if interrupted else 3]).file.getvalue().splitlines()
    assert lines[0] == "kernels start cold"
    assert lines[1].startswith("[1/") and lines[1].endswith("lab1 ann 9/9 graded")
    assert len(lines) == (2 if interrupted else 4)
    assert all(line.isprintable() for line in lines)


def test_those_who_handed_nothing_in_are_one_line_of_their_lab() -> None:
    names = [("s0", "lab1"), *((f"s{n}", "lab2") for n in range(40))]
    absent = [Result(name, lab, 0, 9, False, "missing", note=NOTHING) for name, lab in names]
    kept = Result("old", "lab2", 0, 9, False, "missing", note=f"{NOTHING}; the gradebook keeps 4")
    console = Console(file=io.StringIO(), width=100)
    console.print(table([*RESULTS, *absent, kept]))
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["s0", "missing", *NOTHING.split()] in lines
    (many,) = [line for line in lines if line[1:3] == ["students", "missing"]]
    assert many[0] == "40" and many[-1].endswith("…") and "s0," in many
    assert any(line[:3] == ["old", "0/9", "missing"] for line in lines)
