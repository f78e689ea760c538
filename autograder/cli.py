"""The command line. Each command reads its options, calls one function and prints the result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.course import Course, CourseError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

CourseOption = Annotated[
    Path, typer.Option("--course", help="The course root, where nbgrader_config.py is.")
]
Labs = Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Default: all labs.")]


@app.callback()
def _main() -> None:
    """Build the labs of a course and grade a class of submissions."""


def _fail(message: str) -> typer.Exit:
    """Says in one place why a command cannot be done; exit code 2."""
    err.print(message, style="red", soft_wrap=True, markup=False)
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
                err.print(str(problem), style="red", soft_wrap=True, markup=False)
            continue
        stale = [path.relative_to(here.root) for path in built.out_of_date()]
        if check and stale:
            failed = True
            for path in stale:
                err.print(f"{path} is out of date: run `make build` and commit it.", style="red")
        elif stale:
            built.write()
            out.print(f"{name}: wrote {', '.join(map(str, stale))}", soft_wrap=True)
        else:
            out.print(f"{name}: up to date", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(app())
