"""What `grade` and `collect` show: live on a terminal, in plain lines elsewhere, and at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from autograder.engine.collect import Line
from autograder.engine.record import BY_HAND, CHECK_FIELDS, NOTHING, WAITS, Result

STYLES = {
    "graded": "", "partial": "yellow", "failed": "red", "missing": "dim",
    "taken": "", "replaced": "", "unchanged": "dim", "skipped": "yellow",
}  # fmt: skip


NO_FAULT = ("passed", WAITS, BY_HAND)
LATEST = 5  # results that the live table shows one by one


class Progress:
    """Shows each result as it comes. Use as a context manager.

    On a terminal: a bar with the time left, a table with a line for each lab, and the latest
    results, all of it gone at the end. Elsewhere a line for each result.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._labs: dict[str, Tally] = {}
        self._latest: deque[Result] = deque(maxlen=LATEST)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("warming up", total=None)
        self._live = Live(
            console=console, get_renderable=self._view, transient=True, refresh_per_second=4
        )
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def _view(self) -> Group:
        """The table and the bar as they are now."""
        if not self._labs:
            return Group(self._bar)
        labs = Table(box=SIMPLE, pad_edge=False)
        labs.add_column("lab", no_wrap=True, overflow="ellipsis")
        for title in ("done", "mean", "partial", "failed"):
            labs.add_column(title, no_wrap=True, justify="right")
        for lab, tally in sorted(self._labs.items()):
            labs.add_row(
                _plain(lab), str(tally.done), tally.mean, str(tally.partial), str(tally.failed)
            )
        # A terminal that is too low loses the last lines.
        return Group(self._bar, labs, results_table(self._latest))

    def say(self, text: str) -> None:
        """One line above the table."""
        self._console.print(text, style="yellow", markup=False, soft_wrap=True)

    def tell(self, result: Result, done: int, total: int) -> None:
        """One submission is done."""
        if self._console.is_terminal:
            self._labs.setdefault(result.lab, Tally()).add(result)
            self._latest.append(result)
            self._bar.update(self._task, description="grading", completed=done, total=total)
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


@dataclass
class Tally:
    """How the submissions of a lab went so far."""

    done: int = 0
    partial: int = 0
    failed: int = 0
    points: float = 0.0
    max_score: float = 0.0

    def add(self, result: Result) -> None:
        self.done += 1
        self.partial += result.status == "partial"
        self.failed += result.status == "failed"
        self.points += result.score
        self.max_score = result.max_score

    @property
    def mean(self) -> str:
        """Points of those that could be graded."""
        graded = self.done - self.failed
        return f"{self.points / graded:.1f}/{self.max_score:g}" if graded else "–"


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
    return results_table(sorted(results, key=lambda r: (r.lab, r.student)))


def results_table(ordered: Sequence[Result]) -> Table:
    """Results in the order given, a section wherever the lab changes, who is missing last."""
    made = Table(box=SIMPLE, expand=True, pad_edge=False, caption_justify="left")
    made.add_column("student", no_wrap=True)
    made.add_column("score", no_wrap=True, justify="right")
    made.add_column("status", no_wrap=True)
    # Only this column gives way when the terminal is narrow.
    made.add_column("what went wrong", no_wrap=True, overflow="ellipsis", ratio=1)
    for lab, group in groupby(ordered, key=lambda r: r.lab):
        made.add_section()
        made.add_row(f"[bold]{_plain(lab)}", "", "", "")
        nothing: list[str] = []
        for result in group:
            if result.note == NOTHING:
                nothing.append(_plain(result.student))
                continue
            waits = "*" if result.needs_manual_grade else " "
            made.add_row(
                _plain(result.student),
                f"{result.score:g}/{result.max_score:g}{waits}",
                result.status,
                _plain(what_went_wrong(result)),
                style=STYLES[result.status],
            )
        # One line for all of them: a course has labs that nobody has come to yet.
        if nothing:
            who = nothing[0] if len(nothing) == 1 else f"{len(nothing)} students"
            names = f": {', '.join(nothing)}" if len(nothing) > 1 else ""
            made.add_row(who, "", "missing", NOTHING + names, style=STYLES["missing"])
    if any(result.needs_manual_grade for result in ordered):
        made.caption = "* a question waits to be graded by hand"
    return made


def as_json(results: Iterable[Result]) -> list[dict[str, object]]:
    """The results for programs: the columns of `grades.csv`, and those of `checks.csv` in each."""
    return [
        {
            "student_id": r.student,
            "lab": r.lab,
            "score": r.score,
            "max_score": r.max_score,
            "needs_manual_grade": r.needs_manual_grade,
            "status": r.status,
            "seconds": round(r.seconds, 2),
            "note": r.note,
            "unchanged": r.unchanged,
            "checks": [
                {name: getattr(check, name) for name in CHECK_FIELDS[2:]} for check in r.checks
            ],
        }
        for r in sorted(results, key=lambda r: (r.lab, r.student))
    ]


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
