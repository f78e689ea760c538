"""The whole course by the command line, as by an instructor: every lab and its sample class."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def autograder(*arguments: str | Path) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_lab_scores_as_the_sample_class_must(tmp_path: Path) -> None:
    """Where a test calls grading's functions, less is different from its own process than here."""
    autograder("demo", tmp_path, "--students", "1")
    expected = tmp_path / "expected.csv"
    assert "all 8 scores are as expected" in autograder(
        "grade", "--course", tmp_path, "--expect", expected
    )
