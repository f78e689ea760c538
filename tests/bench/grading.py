"""How fast a class is graded: stock nbgrader, ours in several ways, and the floor, in one run.

    python -m tests.bench.grading ARTEFACTS [LAB ...] [--students N] [--sample N] [--rounds N]

The same class of all labs every time: answers of the banks, right, wrong and none, in turns by
chance. What a run costs before its first submission is told apart: each way grades the whole class
and one student of it, and the difference counts. Slow ways grade a sample and are extrapolated.
What the targets compare is measured in turns, round after round, and the median counts: a
machine's speed is not the same all day.

The floor is the time that the cells themselves take in one process that has imported everything.
CPU seconds include every process that a command started. Prints tables, draws figures, writes a
JSON file. Run it on a quiet machine; it takes about half an hour.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder.authoring.compose import demo_class
from autograder.course import Course
from tests.bench.measure import adopt_orphans, cpu_of_ended, machine, measure, peak_memory, run
from tests.bench.stages import STAGES
from tests.conftest import ROOT

SAME = 6  # the first students of a sample class are all right, all wrong, untouched, broken off
PYTHON = [sys.executable, "-m"]
STOCK, FLOOR, DEFAULT = "nbgrader autograde", "the cells alone (floor)", "ours"
ONE, TWO = "ours, 1 worker", "ours, 2 workers"
COLD = """\
import autograder.kernel.template as template
template.TEMPLATE.start = lambda: None
template.TEMPLATE.unfit = "told so"
from autograder.cli import app
app()
"""

Cost = tuple[float, float]  # wall and CPU seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artefacts", type=Path)
    parser.add_argument("labs", nargs="*", help="default: all")
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--sample", type=int, default=3, help="students whom slow ways grade")
    parser.add_argument("--rounds", type=int, default=3, help="of what the targets compare")
    args = parser.parse_args()
    adopt_orphans()
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    here = Course(ROOT)
    labs = args.labs or here.labs()
    at = machine()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), here, labs, args.students)
        whole, sample = bench.students, bench.students[: args.sample]
        rounds = [
            [
                bench.row(STOCK, bench.stock, sample),
                bench.row(DEFAULT, bench.ours(), whole),
                bench.row(TWO, bench.ours("--workers", "2"), whole),
                bench.row(ONE, bench.ours("--workers", "1"), whole),
                bench.floor(),
            ]
            for _ in range(args.rounds)
        ]
        rows = [
            *(middle(ways) for ways in zip(*rounds, strict=True)),
            bench.row("ours, cold kernels, 2 workers",
                      bench.ours("--workers", "2", cold=True), sample),
            bench.row("ours, 1 worker, no sandbox",
                      bench.ours("--workers", "1", "--sandbox", "none"), whole),
            bench.row("warm kernels alone, 1 at a time", bench.kernels, whole),
            bench.row("ours, Dask cluster, 2 workers", bench.cluster, whole),
        ]  # fmt: skip
        stages = bench.stages(sample)
        memory = bench.memory(sample)
    made = {"machine": at, "labs": labs, "students": len(whole), "rows": rows, "rounds": rounds,
            "stages": stages, "peak MiB": memory}  # fmt: skip
    report(made, args.artefacts)


class Bench:
    """A class, and every way to grade it."""

    def __init__(self, folder: Path, course: Course, labs: list[str], students: int) -> None:
        self._folder = folder
        self._labs = labs
        self._class = folder / "class"
        demo_class(course, self._class, labs, SAME + students, 0)
        submitted = Course(self._class).submitted_directory
        with (self._class / "expected.csv").open(newline="") as file:
            self._expected = list(csv.DictReader(file))
        graded = list(dict.fromkeys(row["student_id"] for row in self._expected))
        for student in graded[:SAME]:
            shutil.rmtree(submitted / student)
        self.students = graded[SAME:]

    def row(self, way: str, grade: Callable[[Path], Cost], students: list[str]) -> dict[str, Any]:
        """What each submission costs in one way, and what the start does."""
        now = speed()
        say(f"{way}: {len(students)} students; the machine's speed is {now:.0f}")
        wall, cpu = grade(self._copy(students))
        first_wall, first_cpu = grade(self._copy(students[:1]))
        more = len(self._labs) * (len(students) - 1)
        each = (wall - first_wall) / more, (cpu - first_cpu) / more
        say(f"    {each[0]:.3f} s each, CPU {each[1]:.3f} s")
        return {
            "way": way, "submissions": len(self._labs) * len(students),
            "speed": now, "seconds": wall, "cpu": cpu, "seconds each": each[0], "cpu each": each[1],
            "start": first_wall - each[0] * len(self._labs),
        }  # fmt: skip

    def _copy(self, students: list[str]) -> Path:
        """The class, or some of it, where nothing has been graded yet."""
        copy = Path(tempfile.mkdtemp(dir=self._folder)) / "class"
        others = set(self.students) - set(students)
        shutil.copytree(self._class, copy, symlinks=True,
                        ignore=lambda folder, names: others & set(names))  # fmt: skip
        with (copy / "expected.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, self._expected[0].keys())
            writer.writeheader()
            writer.writerows(row for row in self._expected if row["student_id"] in students)
        return copy

    def stock(self, root: Path) -> Cost:
        """`nbgrader autograde`, lab after lab."""
        wall = cpu = 0.0
        for lab in self._labs:
            measure([*PYTHON, "nbgrader", "generate_assignment", "--force", lab], root)
        for lab in self._labs:
            seconds, used = measure([*PYTHON, "nbgrader", "autograde", lab], root)
            wall, cpu = wall + seconds, cpu + used
        return wall, cpu

    def ours(self, *options: str, cold: bool = False) -> Callable[[Path], Cost]:
        """`autograder grade`, which ends in an error where a score is not the expected one."""
        start = [sys.executable, "-c", COLD] if cold else [*PYTHON, "autograder"]
        command = [*start, "grade", "--expect", "expected.csv", *options]
        return lambda root: measure(command, root)

    def kernels(self, root: Path) -> Cost:
        return measure([*PYTHON, "tests.bench.kernels", str(root)], ROOT)

    def cluster(self, root: Path) -> Cost:
        """A cluster of its own each time; its start is not in the wall seconds."""
        before = cpu_of_ended()
        with dask(root.parent) as address:
            started = time.perf_counter()
            run([*PYTHON, "autograder", "grade", "--expect", "expected.csv",
                 "--scheduler", address], root)  # fmt: skip
            wall = time.perf_counter() - started
        return wall, cpu_of_ended() - before

    def floor(self) -> dict[str, Any]:
        say(FLOOR)
        found = json.loads(run([*PYTHON, "tests.bench.floor", str(self._class)], ROOT))
        expected = sum(
            float(row["score"]) for row in self._expected if row["student_id"] in self.students
        )
        if abs(found["points"] - expected) > 0.02 * expected:
            raise SystemExit(f"the floor earned {found['points']:g} points; expected {expected:g}")
        return {
            "way": FLOOR, "submissions": found["submissions"],
            "seconds": found["seconds"], "cpu": found["cpu"],
            "seconds each": found["seconds"] / found["submissions"],
            "cpu each": found["cpu"] / found["submissions"], "start": 0.0,
        }  # fmt: skip

    def stages(self, students: list[str]) -> dict[str, dict[str, float]]:
        say("stages")
        command = [*PYTHON, "tests.bench.stages", str(self._copy(students)), *students]
        return json.loads(run(command, ROOT))

    def memory(self, students: list[str]) -> float:
        say("peak memory")
        command = [*PYTHON, "autograder", "grade", "--workers", "2"]
        return peak_memory(command, self._copy(students))


@contextmanager
def dask(folder: Path) -> Iterator[str]:
    """A scheduler and two worker processes with a thread each; gives the scheduler's address."""
    told = folder / "scheduler.json"
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL,
                             "stderr": subprocess.DEVNULL}  # fmt: skip
    address = ["--scheduler-file", str(told), "--no-dashboard"]
    processes = [subprocess.Popen([*PYTHON, "dask", "scheduler", "--host", "127.0.0.1", "--port",
                                   "0", *address], **quiet)]  # fmt: skip
    try:
        processes.append(subprocess.Popen(
            [*PYTHON, "dask", "worker", "--nworkers", "2", "--nthreads", "1",
             "--local-directory", str(folder / "scratch"), *address], **quiet))  # fmt: skip
        from distributed import Client

        while not told.exists():
            time.sleep(0.1)
        scheduler = json.loads(told.read_text())["address"]
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        yield scheduler
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def middle(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One way's rows of several rounds as one: the median of each figure."""
    return {
        name: value if name == "way" else statistics.median(row[name] for row in rows)
        for name, value in rows[0].items()
    }


def speed() -> float:
    """How fast the machine is just now: millions of turns of an empty loop in a second."""
    started = time.perf_counter()
    for _ in range(3_000_000):
        pass
    return 3 / (time.perf_counter() - started)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


# What is shown -----------------------------------------------------------------------------------


def targets(made: dict[str, Any]) -> list[tuple[str, float, str, float]]:
    """What is aimed at: words, what was measured, and how it should compare with what."""
    seconds = {row["way"]: row["seconds each"] for row in made["rows"]}
    cpu = {row["way"]: row["cpu each"] for row in made["rows"]}
    return [
        ("times stock on the whole course", seconds[STOCK] / seconds[DEFAULT], ">=", 20),
        ("CPU seconds each, one worker; 1.5 times the floor and 0.2", cpu[ONE],
         "<=", 1.5 * cpu[FLOOR] + 0.2),
        ("two workers, times one", seconds[ONE] / seconds[TWO], ">=", 1.7),
    ]  # fmt: skip


def report(made: dict[str, Any], artefacts: Path) -> None:
    rows, stages, at = made["rows"], made["stages"], made["machine"]
    stock, floor = (next(r for r in rows if r["way"] == way) for way in (STOCK, FLOOR))
    console = Console(width=120)
    table = Table(title=f"{len(made['labs'])} labs, {made['students']} students, {at['cores']} "
                        f"cores, Python {at['python']}, load {at['load'][0]:.1f}")  # fmt: skip
    for column in ("way", "submissions", "seconds each", "a minute", "times stock",
                   "CPU seconds each", "above floor", "start, s"):  # fmt: skip
        table.add_column(column, justify="left" if column == "way" else "right")
    for row in rows:
        few = row["submissions"] < len(made["labs"]) * made["students"]
        table.add_row(
            row["way"], f"{row['submissions']}{' *' if few else ''}",
            f"{row['seconds each']:.3f}", f"{60 / row['seconds each']:.0f}",
            f"{stock['seconds each'] / row['seconds each']:.1f}", f"{row['cpu each']:.3f}",
            f"{row['cpu each'] - floor['cpu each']:.3f}", f"{row['start']:.1f}",
        )  # fmt: skip
    table.caption = "* a sample of the class; the speed of the whole is extrapolated from it"
    console.print(table)
    table = Table(title="CPU milliseconds of a submission by stage, one at a time")
    for column in ("lab", *STAGES, "all"):
        table.add_column(column, justify="left" if column == "lab" else "right")
    for lab, each in [*stages.items(), ("mean", mean(stages))]:
        table.add_row(lab, *(f"{1000 * each[stage]:.0f}" for stage in STAGES),
                      f"{1000 * sum(each.values()):.0f}")  # fmt: skip
    console.print(table)
    console.print(f"peak memory, 2 workers, all processes together: {made['peak MiB']:.0f} MiB")
    for words, value, sign, bar in targets(made):
        met = "met" if (value >= bar if sign == ">=" else value <= bar) else "NOT MET"
        console.print(f"{words}: {value:.2f}, target {sign} {bar:.2f}: {met}")
    artefacts.mkdir(parents=True, exist_ok=True)
    path = artefacts / "bench.json"
    path.write_text(json.dumps(made, indent=1) + "\n")
    draw(made, artefacts / "bench.png")
    print(f"{path} and {artefacts / 'bench.png'}")


def mean(stages: dict[str, dict[str, float]]) -> dict[str, float]:
    return {stage: sum(each[stage] for each in stages.values()) / len(stages) for stage in STAGES}


def draw(made: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    rows, stages = made["rows"][::-1], made["stages"]
    figure, (left, right) = plt.subplots(
        2, 1, figsize=(8, 7.5), layout="constrained", height_ratios=[len(rows), len(stages) + 1]
    )
    colours = {STOCK: "#999999", FLOOR: "#D55E00"}
    left.barh([row["way"] for row in rows], [row["seconds each"] for row in rows],
              color=[colours.get(row["way"], "#0072B2") for row in rows])  # fmt: skip
    left.set_xscale("log")
    left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.xaxis.set_major_formatter("{x:g}")
    left.minorticks_off()
    left.set_xlabel("seconds for each submission (logarithmic)")
    for place, row in enumerate(rows):
        left.text(row["seconds each"], place, f" {row['seconds each']:.2f}", va="center")
    left.margins(x=0.12)
    reached = dict.fromkeys(stages, 0.0)
    shades = ("#999999", "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7")
    for stage, colour in zip(STAGES, shades, strict=True):
        values = [max(0.0, each[stage]) for each in stages.values()]
        right.barh(list(stages), values, left=list(reached.values()), color=colour, label=stage)
        reached = dict(zip(stages, map(sum, zip(reached.values(), values, strict=True)),
                           strict=True))  # fmt: skip
    right.invert_yaxis()
    right.set_xlabel("CPU seconds of a submission, by stage")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
