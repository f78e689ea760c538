"""What `grade` and `collect` show: a bar on a terminal or plain lines, and a table at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from autograder.engine.collect import Line
from autograder.engine.record import BY_HAND, WAITS, Result

STYLES = {
    "graded": "", "partial": "yellow", "failed": "red", "missing": "dim",
    "taken": "", "replaced": "", "unchanged": "dim", "skipped": "yellow",
}  # fmt: skip


NO_FAULT = ("passed", WAITS, BY_HAND)


class Progress:
    """Shows each result as it comes. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = None
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._bar.start()
            self._task = self._bar.add_task("warming up", total=None)
        return self

    def __exit__(self, *error: object) -> None:
        if self._task is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._console.print(text, style="yellow", markup=False, soft_wrap=True)

    def tell(self, result: Result, done: int, total: int) -> None:
        """One submission is done."""
        if self._task is not None:
            self._bar.update(
                self._task,
                description=_plain(f"{result.lab} {result.student}"),
                completed=done,
                total=total,
            )
            return
        if result.unchanged:
            return  # they are counted, and told at the end
        seconds = time.monotonic() - self._started
        self._console.print(
            f"[{done}/{total}] {seconds:.0f}s {result.lab} {_printable(result.student)} "
            f"{result.score:g}/{result.max_score:g} {result.status}",
            markup=False,
            soft_wrap=True,
        )


def what_went_wrong(result: Result) -> str:
    """The first check that was not passed, and the note, in one line."""
    parts = [result.note] if result.note else []
    for check in result.checks:
        if check.outcome not in (*NO_FAULT, "not graded"):
            missed = sum(c.outcome not in NO_FAULT for c in result.checks)
            more = f" (and {missed - 1} more)" if missed > 1 else ""
            message = f": {check.message}" if check.outcome != "not attempted" else ""
            parts.append(f"{check.check} {check.outcome}{message}{more}")
            break
    return "; ".join(parts)


def table(results: Iterable[Result]) -> Table:
    """All results, ordered by lab and student, a section for each lab."""
    ordered = sorted(results, key=lambda r: (r.lab, r.student))
    made = Table(box=SIMPLE, expand=True, pad_edge=False, caption_justify="left")
    made.add_column("student", no_wrap=True)
    made.add_column("score", no_wrap=True, justify="right")
    made.add_column("status", no_wrap=True)
    # Only this column gives way when the terminal is narrow.
    made.add_column("what went wrong", no_wrap=True, overflow="ellipsis", ratio=1)
    for n, result in enumerate(ordered):
        if n == 0 or result.lab != ordered[n - 1].lab:
            made.add_section()
            made.add_row(f"[bold]{_plain(result.lab)}", "", "", "")
        waits = "*" if result.needs_manual_grade else " "
        made.add_row(
            _plain(result.student),
            f"{result.score:g}/{result.max_score:g}{waits}",
            result.status,
            _plain(what_went_wrong(result)),
            style=STYLES[result.status],
        )
    if any(result.needs_manual_grade for result in ordered):
        made.caption = "* a question waits to be graded by hand"
    return made


def collected(lines: Iterable[Line]) -> Table:
    """What became of each file of an archive, in the order given."""
    made = Table(box=SIMPLE, expand=True, pad_edge=False)
    made.add_column("student", no_wrap=True)
    made.add_column("lab", no_wrap=True)
    made.add_column("", no_wrap=True)
    made.add_column("file", overflow="fold", ratio=1)
    made.add_column("note", overflow="fold", ratio=1)
    for line in lines:
        made.add_row(
            *map(_plain, (line.student, line.lab, line.what, line.file, line.note)),
            style=STYLES[line.what],
        )
    return made


def _plain(text: str) -> str:
    """Text from outside, so that the console neither reads markup in it nor acts on it."""
    return escape(_printable(text))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def differences(results: Iterable[Result], expected: dict[tuple[str, str], float]) -> list[str]:
    """A line for each score that is not the expected one."""
    scores = {(result.student, result.lab): result.score for result in results}
    lines = []
    for key in sorted(expected.keys() | scores.keys()):
        got, wanted = scores.get(key), expected.get(key)
        if got is None or wanted is None or abs(got - wanted) > 1e-9:
            lines.append(f"{key[1]} of {key[0]}: scored {got}, expected {wanted}")
    return lines
