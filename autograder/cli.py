"""The command line. Each command reads its options, calls one function and prints the result."""

from __future__ import annotations

import asyncio
import csv
import enum
import gc
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from autograder.course import Course, CourseError

if TYPE_CHECKING:
    from autograder.engine.cluster import Cluster
    from autograder.engine.execute import Machine
    from autograder.engine.record import Result
    from autograder.sandbox.confine import Layers

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
if not out.is_terminal:
    out.width = 160  # a file or a pipe has no width; tables should not be cut to 80 columns

CourseOption = Annotated[
    Path, typer.Option("--course", help="The course root, where nbgrader_config.py is.")
]

T = TypeVar("T")

NO_SANDBOX = "NO SANDBOX: student code can read, change and send away whatever you can"


class Format(enum.StrEnum):
    """What --format takes."""

    csv = "csv"
    canvas = "canvas"
    moodle = "moodle"


class Confinement(enum.StrEnum):
    """What --sandbox takes."""

    auto = "auto"
    none = "none"


def _complete_lab(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of labs, for the shell; none where there is no course."""
    try:
        labs = Course(Path(ctx.params.get("course") or ".").resolve()).labs()
    except CourseError:
        return []
    return [lab for lab in labs if lab.startswith(incomplete)]


def _complete_student(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of students who have handed something in, for the shell."""
    try:
        course = Course(Path(ctx.params.get("course") or ".").resolve())
        names = [path.name for path in course.submitted_directory.iterdir()]
    except (CourseError, OSError):
        return []
    return sorted(n for n in names if n.startswith(incomplete) and not n.startswith("."))


Labs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LAB]...", help="Default: all labs.", autocompletion=_complete_lab),
]


@app.callback()
def _main() -> None:
    """Build the labs of a course and grade a class of submissions."""


def _tell(line: str) -> None:
    """One line in red; names of files and students may hold anything."""
    shown = "".join(c if c.isprintable() else " " for c in line)
    err.print(shown, style="red", soft_wrap=True, markup=False)


def _fail(*lines: str) -> typer.Exit:
    """Says in one place why a command cannot be done; exit code 2."""
    for line in lines:
        _tell(line)
    return typer.Exit(2)


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a notebook is out of date.")
    ] = False,
    course: CourseOption = Path("."),
) -> None:
    """Make the reference and student notebooks from solutions/LAB/LAB.py.

    Example: autograder build lab1_lookup_vs_onehot
    """
    from autograder.authoring.build import build_lab
    from autograder.authoring.source import Refused

    try:
        here = Course(course.resolve())
        names = here.choose(labs)
    except CourseError as error:
        raise _fail(str(error)) from None
    failed = False
    for name in names:
        try:
            built = build_lab(here, name)
        except Refused as refused:
            failed = True
            for problem in refused.problems:
                _tell(str(problem))
            continue
        stale = [path.relative_to(here.root) for path in built.out_of_date()]
        if check and stale:
            failed = True
            for path in stale:
                _tell(f"{path} is out of date: run `make build` and commit it.")
        elif stale:
            built.write()
            out.print(f"{name}: wrote {', '.join(map(str, stale))}", soft_wrap=True)
        else:
            out.print(f"{name}: up to date", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def new(
    lab: Annotated[str, typer.Argument(metavar="LAB", help="As in lab9_unit_vectors.")],
    course: CourseOption = Path("."),
) -> None:
    """Start a lab: a source and an answer bank that build and pass, to be written over.

    Example: autograder new lab9_unit_vectors
    """
    from autograder.authoring.new import new_lab

    try:
        written = new_lab(Course(course.resolve()), lab)
    except CourseError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"{error.filename} cannot be written: {error.strerror}.") from None
    for path in written:
        out.print(f"wrote {os.path.relpath(path)}", soft_wrap=True, markup=False)
    out.print(f"next: autograder build {lab}", soft_wrap=True, markup=False)


@app.command()
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Made, or made anew.")],
    labs: Labs = None,
    students: Annotated[int, typer.Option(min=1, help="How many students.")] = 24,
    seed: Annotated[int, typer.Option(help="Another seed, another class.")] = 0,
    course: CourseOption = Path("."),
) -> None:
    """Compose a sample class from the answer banks, with expected.csv beside it.

    Example: autograder demo demo lab1_lookup_vs_onehot --students 24
    """
    from autograder.authoring.compose import demo_class
    from autograder.authoring.source import Refused

    try:
        here = Course(course.resolve())
        expected = demo_class(here, directory.resolve(), here.choose(labs), students, seed)
    except CourseError as error:
        raise _fail(str(error)) from None
    except Refused as refused:
        raise _fail(*map(str, refused.problems)) from None
    out.print(f"{len(expected)} submissions in {directory}/submitted, and {directory}/expected.csv")


@app.command()
def collect(
    archive: Annotated[
        Path, typer.Argument(metavar="ARCHIVE", help="A zip file, as Canvas or Moodle export it.")
    ],
    lab: Annotated[
        str | None,
        typer.Argument(
            metavar="LAB",
            help="Default: told by the notebooks' cells.",
            autocompletion=_complete_lab,
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="CSV: student_id and canvas_id, moodle_id, name or email."),
    ] = None,
    course: CourseOption = Path("."),
) -> None:
    """Take the notebooks of an archive into submitted/STUDENT/LAB/LAB.ipynb.

    Of several for one lab the newest is taken; a different one that was there before is kept in
    submitted/.replaced. Exits with 0 when the archive was read, even if files in it were skipped
    (they are listed), with 2 when it cannot be.

    Example: autograder collect submissions.zip lab1_lookup_vs_onehot --roster roster.csv
    """
    from autograder.engine.collect import collect as collect_archive
    from autograder.terminal import collected

    try:
        here = Course(course.resolve())
        if lab is not None:
            here.choose([lab])
        lines = collect_archive(here, archive, lab, roster)
    except CourseError as error:
        raise _fail(str(error)) from None
    counts = Counter(line.what for line in lines)
    if lines:
        out.print(collected(lines))
    whats = ("taken", "replaced", "unchanged", "skipped")
    out.print(", ".join(f"{counts[what]} {what}" for what in whats))


@app.command()
def grade(
    labs: Labs = None,
    student: Annotated[
        str | None,
        typer.Option(help="Only this student's submissions.", autocompletion=_complete_student),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Default: one more than cores; with --scheduler, two for each thread there."
        ),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Grade on this Dask cluster's workers.")
    ] = None,
    sandbox: Annotated[
        Confinement, typer.Option(help="none: student code runs as you, with all that you can do.")
    ] = Confinement.auto,
    force: Annotated[
        bool, typer.Option("--force", help="Grade what is unchanged as well.")
    ] = False,
    expect: Annotated[
        Path | None, typer.Option(help="Fail unless all scores are those of this CSV file.")
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the results as one JSON document, for programs.")
    ] = False,
    course: CourseOption = Path("."),
) -> None:
    """Grade submitted/STUDENT/LAB/LAB.ipynb, where anything has changed since last time.

    Exits with 0 when the run was completed, even if some submissions could not be graded (they
    are listed), with 1 when --expect finds a difference, with 2 when the run cannot be done.

    Example: autograder grade lab1_lookup_vs_onehot --workers 4
    """
    done: list[Result] = []
    within = ""  # the sandbox in words, once anything has run in one
    try:
        from autograder.engine.grade import grade_class, sandbox_for
        from autograder.engine.local import this_machine
        from autograder.engine.record import write_csv_files
        from autograder.engine.run import (
            only_run,
            own_cores,
            own_temporary_directory,
            usable_cores,
        )
        from autograder.sandbox.limits import Limits
        from autograder.terminal import Progress, as_json, differences, table

        sys.setswitchinterval(0.0005)  # a kernel gets its answer while another's result is written
        gc.freeze()  # what is imported stays: looking through it again and again takes long
        here = Course(course.resolve())
        names = here.choose(labs)
        expected = None if expect is None else read_scores(expect)
        with only_run(here):
            own_temporary_directory()
            try:
                with Progress(err) as progress:

                    def tell(result: Result, count: int, total: int) -> None:
                        done.append(result)
                        progress.tell(result, count, total)

                    data, limits = here.data_directory, Limits(seconds=here.cell_timeout)

                    def layers() -> Layers:
                        nonlocal within
                        system = sandbox_for(here)
                        within = system.describe()
                        return system.layers

                    confine = sandbox is not Confinement.none
                    if not confine:
                        reach = "" if scheduler is None else ", and reach the cluster's scheduler"
                        progress.say(f"{NO_SANDBOX}{reach}")
                    grading = partial(grade_class, here, names, student, tell=tell, force=force)
                    if scheduler is None:
                        # One more than cores: at any time one waits for a process or for the disk.
                        at_once = workers or usable_cores() + 1
                        with own_cores(at_once) as cores:
                            machine = this_machine(
                                data, limits, layers if confine else None, progress.say, cores
                            )
                            results = asyncio.run(stoppable(grading(at_once, machine)))
                    else:
                        cluster = on_cluster()(scheduler, data, limits, confine, progress.say)
                        results, within = asyncio.run(
                            stoppable(grade_there(cluster, workers, grading))
                        )
            except (CourseError, KeyboardInterrupt) as ended:
                if isinstance(ended, KeyboardInterrupt):
                    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
                try:
                    if done:
                        write_csv_files(here, done)
                except CourseError as also:
                    ended.add_note(str(also))
                raise
            grades, checks = write_csv_files(here, results)
    except CourseError as error:
        raise _fail(str(error), *getattr(error, "__notes__", [])) from None
    except KeyboardInterrupt as stopped:
        for note in getattr(stopped, "__notes__", []):
            _tell(note)
        graded = sum(not result.unchanged for result in done)
        err.print(f"stopped; {graded} submissions were graded and written down", style="yellow")
        raise typer.Exit(130) from None
    files = {"grades": grades, "checks": checks, "autograded notebooks": here.autograded_directory}
    wrong = [] if expected is None else differences(results, expected)
    if json_:
        document = {
            "results": as_json(results),
            "files": {what.split()[0]: str(path) for what, path in files.items()},
            "sandbox": within if confine and within else None,
            "differences": wrong,
        }
        typer.echo(json.dumps(document))
    else:
        # Who asks for a student wants to see it; among a thousand, only what is new.
        if shown := [r for r in results if student is not None or not r.unchanged]:
            out.print(table(shown))
        for what, path in files.items():
            out.print(f"{what}: {os.path.relpath(path)}", soft_wrap=True, markup=False)
        if not confine:
            out.print(NO_SANDBOX, soft_wrap=True)
        elif within:
            where = "sandbox" if scheduler is None else "sandbox on the workers"
            out.print(f"{where}: {within}", soft_wrap=True, markup=False)
        if unchanged := sum(result.unchanged for result in results):
            out.print(
                f"{unchanged} of {len(done)} submissions are unchanged since they were graded"
            )
    for line in wrong:
        _tell(line)
    if wrong:
        raise typer.Exit(1)
    if expected is not None and not json_:
        out.print(f"all {len(expected)} scores are as expected")


async def stoppable(work: Awaitable[T]) -> T:
    """Does the work inside `asyncio.run`, whose first Ctrl-C cancels it.

    A second one would be raised wherever its clearing up is just then: it is ignored.
    """
    cancel = signal.getsignal(signal.SIGINT)
    if not callable(cancel):
        return await work  # started with interrupts ignored, as in the background

    def once(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        cancel(number, frame)

    signal.signal(signal.SIGINT, once)
    try:
        return await work
    finally:
        if signal.getsignal(signal.SIGINT) is once:
            signal.signal(signal.SIGINT, cancel)


async def grade_there(
    cluster: AbstractAsyncContextManager[Cluster],
    workers: int | None,
    grading: Callable[[int, Machine], Awaitable[list[Result]]],
) -> tuple[list[Result], str]:
    """Grades on a cluster; returns the results, and words for the sandboxes they ran in.

    workers: submissions at once; None for two for each thread that the cluster has now.
    """
    async with cluster as there:
        results = await grading(workers or 2 * await there.threads(), there.machine)
        return results, there.describe()


def on_cluster() -> Callable[..., AbstractAsyncContextManager[Cluster]]:
    """`cluster.connected`. Raises: CourseError where Dask is not installed."""
    try:
        from autograder.engine.cluster import connected
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise CourseError(
            "--scheduler needs the package distributed, which is not installed: "
            "pip install 'embedding-labs[cluster]'."
        ) from None
    return connected


@app.command()
def doctor() -> None:
    """Tell which layers of the sandbox work on this system, and how to get the others.

    Exits with 0 when grading can be confined, with 1 when it would refuse.

    Example: autograder doctor
    """
    from autograder.sandbox.layers import HINTS, try_layers

    system = try_layers()
    for finding in system.findings:
        out.print(f"{finding.layer:<12}{'works' if finding.works else 'does not work'}")
        if not finding.works:
            out.print(f"{'':<12}{finding.why}\n{'':<12}{HINTS[finding.layer]}", soft_wrap=True)
    for always in ("limits", "watchdog"):
        out.print(f"{always:<12}works")
    if not system.fit:
        for way in system.open_ways:
            _tell(f"Student code could {way}.")
        _tell("Grading refuses to start here, but with --sandbox none.")
        raise typer.Exit(1)
    out.print("Grading is confined here: no network, no foreign files, no foreign processes.")


@app.command()
def feedback(
    labs: Labs = None,
    student: Annotated[
        str | None,
        typer.Option(help="Only this student's pages.", autocompletion=_complete_student),
    ] = None,
    show_hidden: Annotated[
        bool, typer.Option("--show-hidden", help="Show the hidden tests as well.")
    ] = False,
    course: CourseOption = Path("."),
) -> None:
    """Write feedback/STUDENT/LAB/LAB.html from what was graded, for students to read.

    A page has the score, the first thing to mend, every check with its message, the student's
    cells and the comments of manual grading; hidden tests are left out.

    Example: autograder feedback lab1_lookup_vs_onehot --student ada
    """
    from autograder.engine.feedback import write_feedback

    try:
        here = Course(course.resolve())
        pages = write_feedback(here, here.choose(labs), student, show_hidden, _tell)
    except CourseError as error:
        raise _fail(str(error)) from None
    where = os.path.relpath(here.feedback_directory)
    count = f"{len(pages)} page{'' if len(pages) == 1 else 's'}"
    out.print(f"{count} of feedback in {where}", soft_wrap=True, markup=False)


@app.command()
def report(
    output: Annotated[
        Path | None, typer.Option(help="Default: report.html in the course root.")
    ] = None,
    course: CourseOption = Path("."),
) -> None:
    """Write one page about the class, for the instructor to read.

    It has the scores, every check's difficulty and discrimination, the most frequent wrong
    answers, students who need attention, submissions that failed, and what waits for a person.
    The page is one file, loads nothing, and has students' names and scores in it.

    Example: autograder report --output report.html
    """
    from autograder.engine.report_page import write_report

    try:
        here = Course(course.resolve())
        path = write_report(here, here.root / "report.html" if output is None else output)
    except CourseError as error:
        raise _fail(str(error)) from None
    out.print(f"report: {os.path.relpath(path)}", soft_wrap=True, markup=False)


@app.command()
def export(
    labs: Labs = None,
    layout: Annotated[
        Format, typer.Option("--format", help="csv: the columns of `nbgrader export`.")
    ] = Format.csv,
    output: Annotated[
        Path | None, typer.Option("--output", help="Default: written to standard output.")
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="CSV: student_id and canvas_id, name or email; or Canvas's gradebook."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="LAB=NAME", help="The platform's name of a lab's column."),
    ] = None,
    course: CourseOption = Path("."),
) -> None:
    """Write the scores in the table that a learning platform imports.

    Scores are the gradebook's: with points by hand and extra credit, less late penalties. Students
    who cannot be exported are listed by name. Exits with 0 when the table was written, with 2 when
    it cannot be.

    Example: autograder export --format canvas --roster canvas.csv --output grades-canvas.csv
    """
    from autograder.engine.platforms import export as export_scores
    from autograder.engine.record import write_atomically

    try:
        here = Course(course.resolve())
        columns = dict(_parted(text) for text in column or [])
        made = export_scores(here, here.choose(labs), layout.value, roster, columns)
        if output is not None:
            write_atomically(output, made.text)
    except CourseError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"{output} cannot be written: {error.strerror}.") from None
    for line in made.told:
        err.print(line, style="yellow", soft_wrap=True, markup=False)
    if output is None:
        typer.echo(made.text, nl=False)
    else:
        out.print(f"{made.students} students in {output}", soft_wrap=True, markup=False)


def _parted(text: str) -> tuple[str, str]:
    """LAB=NAME in its two parts. Raises: CourseError."""
    lab, equals, name = text.partition("=")
    if not (lab and equals and name):
        raise CourseError(f"--column {text}: expected LAB=NAME.")
    return lab, name


def read_scores(path: Path) -> dict[tuple[str, str], float]:
    """Scores by student and lab. Raises: CourseError when the file is not such a table."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"student_id", "lab", "score"} - set(rows.fieldnames or ())
            if missing:
                raise ValueError(f"it has no column {', '.join(sorted(missing))}")
            return {(row["student_id"], row["lab"]): float(row["score"]) for row in rows}
    except (OSError, TypeError, ValueError) as error:
        raise CourseError(f"{path} is not a table of student_id, lab, score: {error}") from None


if __name__ == "__main__":
    sys.exit(app())
