"""What a large class costs: memory and leftovers while it grows, and a run when nothing changed.

    python -m tests.bench.scale ARTEFACTS [--students N]

Grades a class of Lab 1 for real, in the sandbox, half of it right and half of it untouched, each
file as large as students hand it in; then grades it again, and once more a class of 1,000.
Memory is PSS, in which pages that processes share count once. Pages of libraries are shared with
other programs too, if those use them, so what belongs to the run alone (anonymous memory and shared
memory) is told apart: that is what can grow. Prints tables, draws a figure, writes a JSON file. Run
it on a quiet machine.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.authoring.compose import WRITTEN, demo_class, load_bank, submission
from autograder.course import Course
from autograder.sandbox import cgroup
from tests.bench.measure import ALL, OWN, adopt_orphans, machine, measure, pss, pss_of
from tests.conftest import ROOT
from tests.faults.runs import Run

LAB = "lab1_lookup_vs_onehot"
STEPS = (100, 400, 1600)
UNCHANGED = 1000
RUNS = 5
LOOK_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artefacts", type=Path)
    parser.add_argument("--students", type=int, default=STEPS[-1])
    args = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name) / "tmp"
        temporary.mkdir()
        course, students = hand_in(Path(name) / "class", args.students)
        samples, ended = grade(course, temporary)
        rows = [step(samples, below, above) for below, above in spans(args.students)]
        again = [unchanged(course)]
        if args.students > UNCHANGED:
            remove(course, students[UNCHANGED:])
            again.append(unchanged(course))
    report(args.artefacts, rows, samples, ended, again)


def hand_in(root: Path, students: int) -> tuple[Course, list[str]]:
    """Makes a class: right answers with all outputs, and untouched notebooks, in turns."""
    here = Course(ROOT)
    demo_class(here, root, [LAB], 1, 0)
    course = Course(root)
    shutil.rmtree(course.submitted_directory)
    bank = load_bank(here, LAB)
    blank = nbformat.read(course.student_notebook(LAB), as_version=4)
    right = submission(blank, {name: bank.reference(name) for name in bank.exercises}, WRITTEN)
    outputs = {
        cell.id: cell.outputs
        for cell in nbformat.read(course.reference_notebook(LAB), as_version=4).cells
        if cell.cell_type == "code"
    }
    for cell in right.cells:
        if cell.cell_type == "code":
            cell.outputs = copy.deepcopy(outputs.get(cell.id, []))
    texts = nbformat.writes(right), nbformat.writes(blank)
    names = [f"student{n:05}" for n in range(students)]
    for n, student in enumerate(names):
        path = course.submitted_directory / student / LAB / f"{LAB}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(texts[n % 2], encoding="utf-8")
    return course, names


# While it is graded ------------------------------------------------------------------------------


def grade(course: Course, temporary: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Grades the class; what was seen meanwhile, and what was left."""
    samples: list[dict[str, Any]] = []
    started = time.perf_counter()
    with Run(course, temporary) as run:
        while not run.ends_within(LOOK_SECONDS):
            seen = look(run, temporary)
            if seen is not None:
                samples.append(seen | {"seconds": time.perf_counter() - started})
        seconds = time.perf_counter() - started
        if code := run.end():
            raise SystemExit(f"grading ended with {code}:\n{run.said()[-2000:]}")
        left = run.left()
        graded = run.results()
    return samples, {
        "submissions": graded,
        "seconds": seconds,
        "processes left": len(left),
        "temporary files left": len(list(temporary.rglob("*"))),
        "control groups left": len(control_groups(run.pid)),
    }


def look(run: Run, temporary: Path) -> dict[str, Any] | None:
    """The run at one moment; nothing before the template is there or after it has ended."""
    template = run.template()
    if template is None:
        return None
    forked = run.forked()
    try:
        return {
            "graded": run.results(),
            "all": pss(run.pid, ALL) + pss(template, ALL) + pss_of(forked, ALL),
            "grader": pss(run.pid, OWN),
            "template": pss(template, OWN),
            "kernels": pss_of(forked, OWN),
            "processes": len(forked),
            "grader descriptors": len(os.listdir(f"/proc/{run.pid}/fd")),
            "template descriptors": len(os.listdir(f"/proc/{template}/fd")),
            "temporary files": sum(len(d) + len(f) for _, d, f in os.walk(temporary)),
        }
    except (FileNotFoundError, ProcessLookupError):
        return None


def control_groups(pid: int) -> list[Path]:
    """Those that a grader has made."""
    return list(Path("/sys/fs/cgroup").glob(f"**/{cgroup.PREFIX}{pid}-*"))


def spans(students: int) -> list[tuple[int, int]]:
    tops = [step for step in STEPS if step < students] + [students]
    return list(zip([0, *tops], tops, strict=False))


def step(samples: list[dict[str, Any]], below: int, above: int) -> dict[str, Any]:
    """Peaks from one number of graded submissions to another, and the middle of the counts."""
    within = [s for s in samples if below <= s["graded"] < above]
    row: dict[str, Any] = {"from": below, "to": above, "looks": len(within)}
    row["own"] = max(s["grader"] + s["template"] + s["kernels"] for s in within)
    for name in ("all", "grader", "template", "kernels"):
        row[name] = max(s[name] for s in within)
    row["median kernels"] = statistics.median(s["kernels"] for s in within)
    for name in ("processes", "grader descriptors", "template descriptors", "temporary files"):
        row[name] = statistics.median(s[name] for s in within)
        row[f"most {name}"] = max(s[name] for s in within)
    return row


# When nothing has changed ------------------------------------------------------------------------


def unchanged(course: Course) -> dict[str, Any]:
    """Wall and CPU seconds of the whole command; medians."""
    students = list(course.submitted_directory.iterdir())
    size = sum(path.stat().st_size for path in course.submitted_directory.rglob("*.ipynb"))
    command = [sys.executable, "-m", "autograder", "grade", "--course", str(course.root)]
    started = [sys.executable, "-m", "autograder", "--help"]
    measure(command, ROOT)
    times = [measure(command, ROOT) for _ in range(RUNS)]
    starts = [measure(started, ROOT) for _ in range(RUNS)]
    return {
        "submissions": len(students),
        "bytes": size,
        "seconds": statistics.median(wall for wall, _ in times),
        "most seconds": max(wall for wall, _ in times),
        "least seconds": min(wall for wall, _ in times),
        "cpu": statistics.median(cpu for _, cpu in times),
        "start": statistics.median(wall for wall, _ in starts),
        "start cpu": statistics.median(cpu for _, cpu in starts),
    }


def remove(course: Course, students: list[str]) -> None:
    """Makes a class smaller, in the gradebook too."""
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        for student in students:
            shutil.rmtree(course.submitted_directory / student)
            gradebook.remove_student(student)
    for name in ("grades.csv", "checks.csv"):
        (course.root / name).unlink()


# What is shown -----------------------------------------------------------------------------------


def report(
    artefacts: Path,
    rows: list[dict[str, Any]],
    samples: list[dict[str, Any]],
    ended: dict[str, Any],
    again: list[dict[str, Any]],
) -> None:
    console = Console(width=120)
    at = machine()
    table = Table(title=f"{LAB} on {at['cores']} cores, Python {at['python']}")
    columns = ("all", "own", "grader", "template", "kernels")
    for column in ("submissions", *(f"{name}, MiB" for name in columns), "processes",
                   "descriptors", "temporary files"):  # fmt: skip
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row['from']} to {row['to']}", *(f"{row[name]:.0f}" for name in columns),
            f"{row['processes']:g} (most {row['most processes']})",
            f"{row['grader descriptors']:g} + {row['template descriptors']:g}",
            f"{row['temporary files']:g}",
        )  # fmt: skip
    console.print(table)
    each = ended["seconds"] / ended["submissions"]
    console.print(
        f"{ended['submissions']} submissions in {ended['seconds']:.0f} s, {each:.2f} s each; left "
        f"behind: {ended['processes left']} processes, {ended['temporary files left']} temporary "
        f"files, {ended['control groups left']} control groups; load {at['load'][0]:.1f}"
    )
    for row in again:
        console.print(
            f"{row['submissions']} unchanged ({row['bytes'] / 10**6:.0f} MB): "
            f"{row['seconds']:.2f} s ({row['least seconds']:.2f} to {row['most seconds']:.2f}), "
            f"CPU {row['cpu']:.2f} s; of this the start of the command {row['start']:.2f} s, "
            f"CPU {row['start cpu']:.2f} s"
        )
    artefacts.mkdir(parents=True, exist_ok=True)
    made = {"lab": LAB, "machine": at, "steps": rows, "ended": ended, "unchanged": again,
            "samples": samples}  # fmt: skip
    path = artefacts / "scale.json"
    path.write_text(json.dumps(made, indent=1) + "\n")
    draw(samples, artefacts / "scale.png")
    print(f"{path} and {artefacts / 'scale.png'}")


def draw(samples: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    graded = [s["graded"] for s in samples]
    for name, color in (("grader", "#0072B2"), ("template", "#009E73"), ("kernels", "#D55E00")):
        axes.plot(graded, [s[name] for s in samples], color=color, linewidth=1, label=name)
    axes.set_xlabel(f"submissions of {LAB} graded in one run")
    axes.set_ylabel("MiB of its own")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
