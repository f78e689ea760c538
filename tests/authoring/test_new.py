"""A new lab is right from the start, and the manual for authors works word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.authoring.new import new_lab, title
from autograder.cli import app
from autograder.course import CONFIG_FILE, Course, CourseError
from tests.conftest import ROOT

MANUAL = ROOT / "docs" / "author.md"
SECTION = "A new lab in ten minutes"
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w*)\n(?P<text>.*?)```\n", re.DOTALL)


@pytest.mark.parametrize("name", ["", "Lab9", "lab 9", "../lab9", "lab9.py", "9lab", "l" * 41])
def test_a_name_that_cannot_be_a_labs_is_told(name: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / CONFIG_FILE, tmp_path)
    with pytest.raises(CourseError, match="cannot be a lab's name: expected"):
        new_lab(Course(tmp_path), name)
    assert not (tmp_path / "solutions").exists()


def test_a_lab_that_is_there_is_not_written_over(toy_course: Course) -> None:
    before = toy_course.lab_source("toy").read_text()
    said = CliRunner().invoke(app, ["new", "toy", "--course", str(toy_course.root)])
    assert said.exit_code == 2 and "is there already" in said.stderr
    assert toy_course.lab_source("toy").read_text() == before


def test_the_title_is_made_of_the_name() -> None:
    assert title("lab9_unit_vectors") == "Lab 9 · Unit vectors"
    assert title("cosines") == "Cosines"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The repository without its labs, and the commands of `make setup`."""
    root = tmp_path / "checkout"
    for name in ("autograder", "tests/banks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (CONFIG_FILE, "pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        shutil.copy(ROOT / name, root / name)
    (root / "data").mkdir()
    commands = root / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name in ("autograder", "pytest"):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
        script.chmod(0o755)
    return root


def test_the_manual_leads_to_a_lab_that_builds_and_whose_bank_passes(checkout: Path) -> None:
    section = MANUAL.read_text(encoding="utf-8").partition(f"## {SECTION}")[2]
    blocks = list(BLOCK.finditer(section.partition("\n## ")[0]))
    assert [block["kind"] for block in blocks] == ["", "python", "python", ""]
    said = ""
    for block in blocks:
        if block["kind"] == "python":
            (path,) = re.findall(r"`(solutions/[^`]+\.py)`", block["before"])
            with (checkout / path).open("a", encoding="utf-8") as file:
                file.write(f"\n\n{block['text']}")
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block["text"]],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
    assert "2 passed" in said and "skipped" not in said
    for folder in ("notebooks", "solutions"):
        (path,) = (checkout / folder).glob("*/*.ipynb")
        assert "cosines-check" in path.read_text(encoding="utf-8")
