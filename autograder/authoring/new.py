"""`autograder new`: a small lab that builds and passes at once, to be written over."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from autograder.course import Course, CourseError

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
TITLE = "LAB_TITLE"  # in the template


def new_lab(course: Course, name: str) -> list[Path]:
    """Writes the source and the answer bank of a new lab, and returns where they are.

    Raises: CourseError when the name cannot be a lab's, or is taken.
    """
    if not NAME.fullmatch(name):
        raise CourseError(
            f"{name!r} cannot be a lab's name: expected a small letter, then small letters, "
            "digits and _, 40 at most."
        )
    source = course.lab_source(name)
    if source.parent.exists():
        raise CourseError(f"{source.parent} is there already; choose another name.")
    template = files("autograder.authoring") / "template"
    texts = {source: "lab.py.txt", course.answer_bank(name): "answers.py.txt"}
    source.parent.mkdir(parents=True)
    for path, file in texts.items():
        text = (template / file).read_text(encoding="utf-8")
        path.write_text(text.replace(TITLE, title(name)), encoding="utf-8")
    return list(texts)


def title(name: str) -> str:
    """`lab9_unit_vectors` as a heading: "Lab 9 · Unit vectors"."""
    numbered = re.fullmatch(r"lab([0-9]+)_(.+)", name)
    words = (numbered[2] if numbered else name).replace("_", " ").strip().capitalize()
    return f"Lab {numbered[1]} · {words}" if numbered else words
