"""Puts submissions together from the answer bank, and knows what each of them must score."""

from __future__ import annotations

import csv
import random
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.authoring.bank import Answer, Bank, read_bank
from autograder.authoring.source import read_lab
from autograder.course import CONFIG_FILE, Course, CourseError

STUDENTS = (
    "ada", "bao", "chidi", "dalia", "emeka", "farah", "goran", "hana", "ines", "jonas", "kirsi",
    "lucía", "mei", "nadia", "oskar", "priya", "quynh", "rosa", "søren", "tariq", "uma", "viktor",
    "wanjiru", "yuki",
)  # fmt: skip
WRITTEN = "As a function it is one: the same rows come out. As a computation it is not."
EXPECTED_FIELDS = ("student_id", "lab", "score")


def load_bank(course: Course, lab: str) -> Bank:
    """A lab's answer bank. Raises: Refused, or CourseError when there is none."""
    if not course.answer_bank(lab).is_file():
        raise CourseError(f"{lab} has no answer bank: expected {course.answer_bank(lab)}.")
    return read_bank(read_lab(course.lab_source(lab)), course.answer_bank(lab))


def submission(
    student_nb: NotebookNode, answers: dict[str, Answer], written: str = ""
) -> NotebookNode:
    """A student notebook with answers put in; exercises without an answer stay untouched."""
    nb = deepcopy(student_nb)
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name].source
        elif written and cell.cell_type == "markdown" and is_grade(cell) and is_solution(cell):
            cell.source += f"\n\n{written}"
    return nb


def consistent(bank: Bank, chosen: dict[str, Answer]) -> dict[str, Answer]:
    """The answers, minus those that build on an exercise which is not answered rightly.

    Where one answer calls another exercise's function, a wrong function would fail it too; it is
    replaced by a right answer that stands on its own, or left out.
    """
    kept: dict[str, Answer] = {}
    for exercise in bank.exercises:
        if exercise not in chosen:
            continue
        options = [chosen[exercise]]
        if chosen[exercise].right:
            options += bank.of(exercise, right=True)
        for option in options:
            if all(name in chosen and chosen[name].right for name in bank.needs(option)):
                kept[exercise] = option
                break
    # Leaving one out may leave out another.
    return kept if kept.keys() == chosen.keys() else consistent(bank, kept)


def expected_score(bank: Bank, answers: dict[str, Answer]) -> float:
    """What the checks must award."""
    return sum(bank.earned(answer) for answer in answers.values())


def columns(bank: Bank) -> list[dict[str, Answer]]:
    """The whole bank in as few submissions as it takes: the k-th answer of every exercise.

    An answer that `consistent` would leave out gets a submission of its own. Exercises that
    others build on are answered by the reference solution where the bank has no k-th answer.
    """
    rows = {name: bank.of(name) for name in bank.exercises}
    result, left = [], list(bank.answers)
    for k in range(max(map(len, rows.values()), default=0)):
        chosen = {name: answers[k] for name, answers in rows.items() if k < len(answers)}
        result.append(consistent(bank, _with_needed(bank, chosen)))
        left = [answer for answer in left if answer not in result[-1].values()]
    return result + [_with_needed(bank, {answer.exercise: answer}) for answer in left]


def _with_needed(bank: Bank, chosen: dict[str, Answer]) -> dict[str, Answer]:
    """The answers, and reference solutions for what they build on."""
    chosen, new = dict(chosen), list(chosen.values())
    while new:
        for name in bank.needs(new.pop()) - chosen.keys():
            chosen[name] = bank.reference(name)
            new.append(chosen[name])
    return chosen


def demo_class(
    course: Course, directory: Path, labs: list[str], students: int, seed: int
) -> dict[tuple[str, str], float]:
    """Writes a small course into a directory: the labs, a class of submissions, `expected.csv`.

    Returns the scores that `expected.csv` holds, by student and lab.

    Raises: CourseError when the directory has anything in it that this would overwrite, or the
    course's data is a link to nothing.
    """
    data = course.data_directory  # before anything is removed
    if directory.exists() and not directory.is_dir():
        raise CourseError(f"{directory} is not a folder.")
    if directory == course.root or directory in course.root.parents:
        raise CourseError(f"{directory} holds the course itself; name another folder.")
    if directory.exists() and any(directory.iterdir()):
        if not (directory / "expected.csv").is_file():
            raise CourseError(f"{directory} is not empty and was not made by `autograder demo`.")
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(course.root / CONFIG_FILE, directory)
    if data.is_dir():
        (directory / "data").symlink_to(data, target_is_directory=True)
    made = Course(directory)
    for lab in labs:
        for source, target in (
            (course.lab_source(lab), made.lab_source(lab)),
            (course.reference_notebook(lab), made.reference_notebook(lab)),
            (course.student_notebook(lab), made.student_notebook(lab)),
        ):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    expected = {}
    names = [
        STUDENTS[n] if n < len(STUDENTS) else f"{STUDENTS[n % len(STUDENTS)]}{n // len(STUDENTS)}"
        for n in range(students)
    ]
    for lab in labs:
        bank = load_bank(course, lab)
        blank = nbformat.read(course.student_notebook(lab), as_version=4)
        chance = random.Random(f"{seed} {lab}")
        for n, student in enumerate(names):
            path = made.submitted_directory / student / lab / f"{lab}.ipynb"
            path.parent.mkdir(parents=True)
            answers = _choose(bank, n, chance)
            text = nbformat.writes(submission(blank, answers, WRITTEN if answers else ""))
            if n == 5:  # an upload that broke off
                answers, text = {}, text[: len(text) // 3]
            path.write_text(text, encoding="utf-8")
            expected[student, lab] = expected_score(bank, answers)
    with (directory / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(EXPECTED_FIELDS)
        for (student, lab), score in expected.items():
            writer.writerow([student, lab, f"{score:g}"])
    return expected


def _choose(bank: Bank, n: int, chance: random.Random) -> dict[str, Answer]:
    """The n-th student's answers: all right, all wrong, untouched, or something of each."""
    if n == 4:
        return {}
    chosen: dict[str, Answer] = {}
    for exercise in bank.exercises:
        right = [bank.reference(exercise), *bank.of(exercise, right=True)]
        wrong = bank.of(exercise, right=False)
        kind = {0: "right", 1: "right", 2: "wrong", 3: "wrong"}.get(n % 24) or chance.choices(
            ["right", "wrong", "untouched"], [6, 3, 1]
        )[0]
        if n % 24 == 0:
            chosen[exercise] = right[0]
        elif kind == "right" or (kind == "wrong" and not wrong):
            chosen[exercise] = chance.choice(right)
        elif kind == "wrong":
            chosen[exercise] = chance.choice(wrong)
    return consistent(bank, chosen)
