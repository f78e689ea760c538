"""What `grade` shows: a bar on a terminal, plain lines elsewhere, and a table at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from autograder.engine.record import Result

STYLES = {"graded": "", "partial": "yellow", "failed": "red", "missing": "dim"}


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
        self._bar.stop()

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
        if check.outcome not in ("passed", "needs manual grade", "not graded"):
            missed = sum(c.outcome not in ("passed", "needs manual grade") for c in result.checks)
            more = f" (and {missed - 1} more)" if missed > 1 else ""
            message = f": {check.message}" if check.outcome != "not attempted" else ""
            parts.append(f"{check.check} {check.outcome}{message}{more}")
            break
    return "; ".join(parts)


def table(results: Iterable[Result]) -> Table:
    """All results, ordered by lab and student."""
    made = Table("student", "lab", "score", "status", "what went wrong", box=None, pad_edge=False)
    made.columns[0].min_width = 8
    made.columns[1].overflow = "fold"
    made.columns[2].justify = "right"
    made.columns[4].overflow = "ellipsis"
    made.columns[4].no_wrap = True
    for column in made.columns[:4]:
        column.no_wrap = True
    for result in sorted(results, key=lambda r: (r.lab, r.student)):
        score = f"{result.score:g}/{result.max_score:g}" + (
            "*" if result.needs_manual_grade else ""
        )
        made.add_row(
            _plain(result.student),
            _plain(result.lab),
            score,
            result.status,
            _plain(what_went_wrong(result)),
            style=STYLES[result.status],
        )
    made.caption = "* a question waits to be graded by hand"
    made.caption_justify = "left"
    return made


def _plain(text: str) -> str:
    """Text from outside, so that the console neither reads markup in it nor acts on it."""
    from rich.markup import escape

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
