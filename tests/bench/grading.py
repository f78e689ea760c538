"""How fast a class is graded: stock nbgrader, ours cold, ours warm, and the floor, in one run.

    python -m tests.bench.grading ARTEFACTS [--lab LAB] [--students N] [--sample N]

The floor is the time that the cells themselves take in one process that has imported everything.
CPU seconds include every process that a command started. Prints a table, draws a figure, writes a
JSON file. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.course import Course

ROOT = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36


def measure(command: list[str], directory: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command with all its descendants, orphans included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    wall = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}")
    while True:  # processes that outlived their parent are ours to reap, and to count
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artefacts", type=Path)
    parser.add_argument("--lab", default="lab1_lookup_vs_onehot")
    parser.add_argument("--students", type=int, default=24)
    parser.add_argument("--sample", type=int, default=6, help="submissions that stock grades")
    args = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])

    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "class"
        autograder = [sys.executable, "-m", "autograder"]
        measure([*autograder, "demo", str(root), args.lab, "--students", str(args.students),
                 "--course", str(ROOT)], ROOT)  # fmt: skip
        whole = [p.name for p in Course(root).submitted_directory.iterdir()]
        rows = []

        def ours(label: str, workers: int, students: list[str], *, cold: bool = False) -> None:
            """Grades with ours; what a run costs before its first submission is told apart."""
            copy = Path(name) / label.replace(" ", "-").replace(",", "")
            shutil.copytree(root, copy, symlinks=True)
            for student in set(whole) - set(students):
                shutil.rmtree(Course(copy).submitted_directory / student)
            script = "autograder.kernel.template.TEMPLATE.start = lambda: None;" if cold else ""
            unfit = "autograder.kernel.template.TEMPLATE.unfit = 'told so';" if cold else ""
            command = [sys.executable, "-c", "import autograder.kernel.template;"
                       f"{script}{unfit}from autograder.cli import app;"
                       f"app(['grade', '--workers', '{workers}'])"]  # fmt: skip
            wall, cpu = measure(command, copy)
            shutil.rmtree(copy / "submitted")
            (copy / "gradebook.db").unlink()  # to make it is part of starting, once a course
            (copy / "submitted" / "nobody" / args.lab).mkdir(parents=True)
            start_wall, start_cpu = measure(command, copy)
            rows.append(
                {
                    "way": label,
                    "submissions": len(students),
                    "seconds": wall - start_wall,
                    "cpu": cpu - start_cpu,
                    "start": start_wall,
                }
            )

        sample = sorted(whole)[: args.sample]
        stock = Path(name) / "stock"
        shutil.copytree(root, stock, symlinks=True)
        for student in set(whole) - set(sample):
            shutil.rmtree(Course(stock).submitted_directory / student)
        # nbgrader stops at nothing but leaves out what it cannot read; give it readable work.
        nbgrader = [sys.executable, "-m", "nbgrader"]
        measure([*nbgrader, "generate_assignment", "--force", args.lab], stock)
        for student in sample:
            path = Course(stock).submitted_directory / student / args.lab / f"{args.lab}.ipynb"
            try:
                json.loads(path.read_text())
            except ValueError:
                shutil.rmtree(path.parents[1])
        readable = len(list(Course(stock).submitted_directory.iterdir()))
        wall, cpu = measure([*nbgrader, "autograde", args.lab], stock)
        rows.append({"way": "nbgrader autograde", "submissions": readable, "seconds": wall,
                     "cpu": cpu, "start": 0.0})  # fmt: skip
        ours("ours, cold kernels, 2 workers", 2, sample, cold=True)
        ours("ours, warm, 1 worker", 1, whole)
        ours("ours, warm, 2 workers", 2, whole)
        ours("ours, warm, 3 workers (default)", 3, whole)
        floor = subprocess.run(
            [sys.executable, "-m", "tests.bench.floor", str(root), args.lab],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        rows.append({"way": "the cells alone (floor)", **json.loads(floor.stdout), "start": 0.0})

    report(rows, args)


def report(rows: list[dict], args: argparse.Namespace) -> None:
    for row in rows:
        row["seconds_each"] = row["seconds"] / row["submissions"]
        row["cpu_each"] = row["cpu"] / row["submissions"]
    stock, floor = rows[0], rows[-1]
    table = Table(title=f"{args.lab} on {os.cpu_count()} cores, Python {platform.python_version()}")
    for column in ("way", "submissions", "seconds each", "CPU seconds each", "times stock",
                   "CPU above floor", "start-up"):  # fmt: skip
        table.add_column(column, justify="left" if column == "way" else "right")
    for row in rows:
        table.add_row(
            row["way"], str(row["submissions"]), f"{row['seconds_each']:.2f}",
            f"{row['cpu_each']:.2f}", f"{stock['seconds_each'] / row['seconds_each']:.1f}",
            f"{row['cpu_each'] - floor['cpu_each']:.2f}", f"{row['start']:.1f}",
        )  # fmt: skip
    Console(width=120).print(table)
    args.artefacts.mkdir(parents=True, exist_ok=True)
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.platform(),
    }
    path = args.artefacts / "bench.json"
    path.write_text(
        json.dumps({"lab": args.lab, "machine": machine, "rows": rows}, indent=1) + "\n"
    )
    draw(rows, args.artefacts / "bench.png", args.lab)
    print(f"{path} and {args.artefacts / 'bench.png'}")


def draw(rows: list[dict], path: Path, lab: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    names = [row["way"] for row in rows][::-1]
    seconds = [row["seconds_each"] for row in rows][::-1]
    axes.barh(names, seconds, color=["#999999", *["#0072B2"] * (len(rows) - 2), "#D55E00"])
    axes.set_xscale("log")
    axes.set_xlabel(f"seconds for each submission of {lab} (logarithmic)")
    for place, value in enumerate(seconds):
        axes.text(value, place, f" {value:.2f}", va="center")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
