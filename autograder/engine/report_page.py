"""`autograder report`: one page about a class, for the instructor to read.

The page is complete in itself: it loads nothing, and the one script that it has, which sorts
tables, is named by its hash, so that nothing else in it can run.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import jinja2
import numpy as np

from autograder.course import Course, CourseError
from autograder.engine import report_figures as figures
from autograder.engine.record import BY_HAND, WAITS, write_atomically
from autograder.engine.report import (
    NO_ANSWER,
    PARTLY,
    RULES,
    ClassResults,
    LabNumbers,
    Mark,
    Submission,
    attention,
    lab_numbers,
    not_graded,
    read_class,
    waiting,
    wrong_answers,
)
from autograder.examiner.checks import ERROR, NOT_ATTEMPTED, PASSED, WRONG

TEMPLATES = Path(__file__).parent / "templates"
MOST_FREQUENT = 10  # messages in one list
WORDS = 300  # characters of a message or a note
NAMES = 40  # students in one cell
LONG = 40  # rows; a longer table scrolls in a frame of its own
# How an outcome looks, and in which order a bar has them; any other is "bad" and comes last.
STATES = {PASSED: "good", BY_HAND: "good", PARTLY: "part", WRONG: "bad", WAITS: "waiting",
          NOT_ATTEMPTED: "open", "graded": "good", "partial": "part", "missing": "open",
          "falling": "part"}  # fmt: skip


def write_report(course: Course, path: Path) -> Path:
    """Writes the report of a course.

    Raises: CourseError when nothing was graded, or when the page cannot be written.
    """
    results = read_class(course)
    html = page(results, datetime.now(), feedback_links(course, results, path))
    try:
        write_atomically(path, html)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error}") from error
    return path


def feedback_links(course: Course, results: ClassResults, path: Path) -> dict[tuple[str, str], str]:
    """Where the pages of feedback that there are lie, as seen from a report at `path`.

    Returns: an address by student and lab, relative, so that the course can be moved.
    """
    home = os.path.relpath(course.feedback_directory.resolve(), path.resolve().parent)
    links = {}
    for student, lab in results.submissions:
        below = (student, lab, f"{lab}.html")
        if course.feedback_directory.joinpath(*below).is_file():
            parts = (*Path(home).parts, *below)
            links[student, lab] = "/".join(quote(part, safe="") for part in parts)
    return links


def page(
    results: ClassResults, when: datetime, feedback: Mapping[tuple[str, str], str] | None = None
) -> str:
    """The page as HTML. when: the time that stands at its top. feedback: `feedback_links`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES / "report", TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "points": lambda points: f"{round(points, 2):g}",
        "percent": lambda share: f"{share:.0%}",
        "seconds": seconds,
        "cut": lambda text: text if len(text) <= WORDS else text[: WORDS - 1].rstrip() + "…",
        "id": lambda text: quote(text, safe=""),
        "state": lambda outcome: STATES.get(outcome, "bad"),
        "by_state": by_state,
        "heat": heat,
    }
    numbers = [lab_numbers(lab, results.of_lab(lab)) for lab in results.labs]
    wrong = wrong_answers(results.submissions.values())
    script = (TEMPLATES / "report" / "sort.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("index.html.j2").render(
        results=results,
        when=f"{when.day} {when:%B %Y, %H:%M}",
        numbers=numbers,
        shares=np.concatenate([n.shares for n in numbers]),
        attention=attention(results),
        rules=RULES,
        not_graded=not_graded(results),
        waiting=waiting(results),
        wrong=wrong[:MOST_FREQUENT],
        wrong_of={lab.name: [w for w in wrong if w.lab is lab][:MOST_FREQUENT]
                  for lab in results.labs},
        no_answer=NO_ANSWER,
        figures=_figures(numbers),
        totals={student: total(results.of_student(student)) for student in results.students},
        feedback=feedback or {},
        why=why,
        cell=cell,
        first=lambda submission: _missed(submission)[:1],
        others=lambda submission: [name for name, _ in _missed(submission)[1:]],
        names=NAMES,
        long=LONG,
        median=lambda values: float(np.median(values)),
        quantile=lambda values, q: float(np.quantile(values, q)),
        script=script,
        digest=digest,
    )  # fmt: skip


def seconds(value: float) -> str:
    """A duration with two digits that count: 0.25 s, 12 s, 3 min, 2.5 h."""
    unit = "s" if value < 120 else "min" if value < 7200 else "h"
    value /= {"s": 1, "min": 60, "h": 3600}[unit]
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"


def by_state(outcomes: dict[str, int]) -> list[tuple[str, str, int]]:
    """State, outcome and count of each outcome, in the order of a bar: good to bad to open."""
    order = ["good", "part", "bad", "waiting", "open"]
    found = [(STATES.get(outcome, "bad"), outcome, n) for outcome, n in outcomes.items() if n]
    return sorted(found, key=lambda part: (order.index(part[0]), part[1] != WRONG, part[1]))


def heat(submission: Submission) -> str:
    """The state that a cell of the table of students shows."""
    share = submission.share
    if share is None:
        return {"failed": "bad"}.get(submission.status, "open")
    return "good" if share >= 0.8 else "part" if share >= 0.5 else "bad"


def cell(submission: Submission) -> str:
    """A submission in the table of students."""
    signs = ("~" if submission.status == "partial" else "") + ("*" if submission.waits else "")
    if submission.graded:
        return f"{round(submission.score, 2):g}{signs}"
    kept = f" {round(submission.score, 2):g}" if submission.marks else ""
    return {"failed": "×", "missing": "–"}[submission.status] + kept


def why(submission: Submission) -> str:
    """Why a submission could not be graded as a whole: its note, else the first check lost."""
    lost = (f"{name} {mark.outcome}: {mark.message}" for name, mark in submission.marks.items()
            if mark.outcome not in {*NO_ANSWER, WRONG, ERROR})  # fmt: skip
    return submission.note or next(lost, "")


def _missed(submission: Submission) -> list[tuple[str, Mark]]:
    return list(submission.missed()) if submission.graded else []


@dataclass(frozen=True)
class Total:
    """What a student has in all labs. share: of the points that are decided, of graded labs."""

    score: float
    most: float
    share: float | None


def total(submissions: list[Submission]) -> Total:
    """What the submissions of one student come to."""
    graded = [s for s in submissions if s.graded]
    decided = sum(s.decided for s in graded)
    return Total(
        score=sum(s.score for s in submissions),
        most=sum(s.lab.most for s in submissions),
        share=sum(s.score for s in graded) / decided if decided else None,
    )


# Figures and their words --------------------------------------------------------------------------


def _figures(numbers: list[LabNumbers]) -> dict[str, str]:
    """All figures by name; a histogram has its lab's."""
    names = [n.lab.short for n in numbers]
    middle = [_middle(name, n.shares, lambda share: f"{share:.0%}")
              for name, n in zip(names, numbers, strict=True)]  # fmt: skip
    times = [_middle(name, n.seconds, seconds) for name, n in zip(names, numbers, strict=True)]
    counts = [", ".join(f"{n.statuses[status]} {status}" for status in figures.STATES)
              for n in numbers]  # fmt: skip
    made = {
        "completion": figures.completion(
            {name: n.statuses for name, n in zip(names, numbers, strict=True)},
            "completion",
            _sentence("Bars of submissions", map(": ".join, zip(names, counts, strict=True))),
        ),
        "scores": figures.boxes(
            {name: n.shares for name, n in zip(names, numbers, strict=True)},
            "share of the points", "scores", _sentence("Box plots of scores", middle), percent=True,
        ),
        "times": figures.boxes(
            {name: n.seconds for name, n in zip(names, numbers, strict=True)},
            "seconds of grading", "times", _sentence("Box plots of seconds of grading", times),
        ),
    }  # fmt: skip
    for name, n in zip(names, numbers, strict=True):
        tenths = [f"{count} at {10 * k} to {10 * k + 10} %"
                  for k, count in enumerate(figures.tenths(n.shares)) if count]  # fmt: skip
        made[n.lab.name] = figures.histogram(
            n.shares, n.lab.name, _sentence(f"Histogram of the scores of {name}", tenths)
        )
    return made


def _middle(name: str, values: np.ndarray, shown: Callable[[float], str]) -> str:
    if not len(values):
        return f"{name}: none"
    low, median, high = (shown(value) for value in np.quantile(values, (0.25, 0.5, 0.75)))
    return f"{name}: median {median}, middle half {low} to {high}"


def _sentence(what: str, parts: Iterable[str]) -> str:
    return f"{what}. {'; '.join(parts) or 'none'}."
