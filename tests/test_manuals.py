"""The manuals name what there is: commands, options, labs."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from nbgrader.apps import NbGraderApp

from autograder.cli import app
from autograder.course import Course
from tests.conftest import ROOT

MANUALS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
# Blocks and spans of code; in them, what a program is told, up to the next one or a comment.
CODE = re.compile(r"^ *```\w*\n(.*?)^ *```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<![\w/.])(?:\.venv/bin/)?(autograder|nbgrader) ([a-z_-][^|>#\n]*)")
MADE_IN_A_MANUAL = {"lab9_unit_vectors"}


def commands(program: str) -> list[tuple[Path, list[str]]]:
    """Manual and words of each command line, without the program's name."""
    found = []
    for manual in MANUALS:
        for block, span in CODE.findall(manual.read_text(encoding="utf-8")):
            for name, words in COMMAND.findall((block or span).replace("\\\n", " ")):
                if name == program:
                    found.append((manual, shlex.split(words)))
    return found


OURS, STOCK = commands("autograder"), commands("nbgrader")


def named(command: tuple[Path, list[str]]) -> str:
    return f"{command[0].name}: {' '.join(command[1])}"


@pytest.mark.parametrize("command", OURS, ids=named)
def test_a_command_of_ours_has_what_it_is_told(command: tuple[Path, list[str]]) -> None:
    group = typer.main.get_command(app)
    name, *words = command[1]
    if name.startswith("-"):
        assert name in {option for parameter in group.params for option in parameter.opts}
        return
    assert name in group.commands
    click_command = group.commands[name]
    context = click_command.context_class(click_command, info_name=name)
    _, left, _ = click_command.make_parser(context).parse_args(words)
    assert not left


def test_a_command_of_nbgrader_is_one() -> None:
    """Its options are known when the command runs: `tests/exchange` and `tests/stock` run these."""
    for manual, (name, *_) in STOCK:
        assert name in {"db", *NbGraderApp.subcommands}, f"{manual.name}: nbgrader {name}"


def test_the_labs_of_the_commands_are_there(course: Course) -> None:
    labs = {*course.labs(), *MADE_IN_A_MANUAL}
    for manual, words in [*OURS, *STOCK]:
        for word in words:
            lab = word.partition("=")[0]
            assert not re.fullmatch(r"lab\d\w*", lab) or lab in labs, f"{manual.name}: {lab}"


def test_what_the_commands_read_and_write_never_enters_the_repository() -> None:
    """A roster has names in it, and so has what a learning platform takes."""
    text = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
    files = set(re.findall(r"\.?[\w-]+\.(?:csv|zip|db|html)\b", text))
    assert {"roster.csv", "submissions.zip", "grades-canvas.csv", "gradebook.db"} <= files
    told = subprocess.run(["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True)
    assert set(told.stdout.split()) == files
