"""Grades a class with stock nbgrader, as an instructor without this project would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.course import CONFIG_FILE, Course


def stock_course(course: Course, lab: str, root: Path, submissions: dict[str, str]) -> Course:
    """A course with one lab and these submissions: notebook text by student id."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(course.root / CONFIG_FILE, root)
    if (course.root / "data").is_dir():
        (root / "data").symlink_to(course.root / "data")
    made = Course(root)
    made.reference_notebook(lab).parent.mkdir(parents=True)
    shutil.copy(course.reference_notebook(lab), made.reference_notebook(lab))
    for student, text in submissions.items():
        path = made.submitted_directory / student / lab / f"{lab}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return made


def nbgrader(course: Course, *command: str) -> None:
    """Runs `nbgrader` at the course root."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    done = subprocess.run(
        ["nice", "-n", "10", sys.executable, "-m", "nbgrader", *command],
        cwd=course.root,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(command)}:\n{done.stdout}\n{done.stderr}")


def autograde(course: Course, lab: str, kernel: str = "python3") -> None:
    """What an instructor runs."""
    nbgrader(course, "generate_assignment", lab)
    nbgrader(course, "autograde", lab, f"--Execute.kernel_name={kernel}")


def scores(course: Course, lab: str) -> dict[str, dict[str, float | None]]:
    """The automatic score of each graded cell, by student and grade id."""
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(lab)
        }
