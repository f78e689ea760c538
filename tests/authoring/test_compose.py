"""Submissions composed from an answer bank, and the scores they must get."""

from __future__ import annotations

import csv
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.bank import Answer, Bank, read_bank
from autograder.authoring.compose import (
    columns,
    consistent,
    demo_class,
    expected_score,
    load_bank,
    submission,
)
from autograder.authoring.source import read_lab
from autograder.course import Course, CourseError
from tests.conftest import TOY

# An exercise that builds on another, and an answer to it that does not.
CHAINED = (
    TOY
    + '''
# %% exercise="mean-row"
def mean_row(table, ids):
    """Mean of some rows."""
    ### BEGIN SOLUTION
    return lookup(table, ids).mean(axis=0)
    ### END SOLUTION

# %% check="mean-row" points=5
assert mean_row(table, [0]).shape == (4,)
'''
)
CHAINED_ANSWERS = """\
# %% exercise="lookup" right="by indexing"
def lookup(table, ids):
    return table[ids]

# %% exercise="lookup" wrong="a row too far" says="order"
def lookup(table, ids):
    return table[ids + 1]

# %% exercise="lookup" wrong="all rows" says="shape" earns=1
def lookup(table, ids):
    return table

# %% exercise="mean-row" right="on its own"
def mean_row(table, ids):
    return table[ids].mean(axis=0)

# %% exercise="mean-row" right="through lookup"
def mean_row(table, ids):
    return np.mean(lookup(table, ids), axis=0)

# %% exercise="mean-row" wrong="over the wrong axis" says="axis"
def mean_row(table, ids):
    return lookup(table, ids).mean(axis=1)
"""


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    (tmp_path / "toy.py").write_text(CHAINED)
    (tmp_path / "answers.py").write_text(CHAINED_ANSWERS)
    return read_bank(read_lab(tmp_path / "toy.py"), tmp_path / "answers.py")


def answer(bank: Bank, title: str) -> Answer:
    (found,) = (a for a in bank.answers if a.title == title)
    return found


def test_the_bank_knows_what_every_answer_earns(bank: Bank) -> None:
    assert bank.points("lookup") == 2
    assert bank.points("total") == 4
    earned = {a.title: bank.earned(a) for a in bank.of("lookup")}
    assert earned == {"by indexing": 2, "a row too far": 0, "all rows": 1}
    assert bank.earned(bank.reference("total")) == 4


def test_the_bank_knows_which_answers_build_on_another_exercise(bank: Bank) -> None:
    assert bank.needs(answer(bank, "through lookup")) == {"lookup"}
    assert bank.needs(answer(bank, "on its own")) == set()
    assert bank.needs(bank.reference("mean-row")) == {"lookup"}


def test_an_expected_score_is_the_sum_of_what_the_answers_earn(bank: Bank) -> None:
    chosen = {
        "lookup": answer(bank, "all rows"),
        "mean-row": answer(bank, "on its own"),
    }
    assert expected_score(bank, chosen) == 1 + 5
    assert expected_score(bank, {}) == 0


def test_an_answer_on_top_of_a_wrong_one_is_replaced_by_one_that_stands_alone(bank: Bank) -> None:
    chosen = {
        "lookup": answer(bank, "a row too far"),
        "mean-row": answer(bank, "through lookup"),
    }
    assert consistent(bank, chosen) == chosen | {"mean-row": answer(bank, "on its own")}


def test_a_wrong_answer_on_top_of_a_wrong_one_is_left_out(bank: Bank) -> None:
    lookup = answer(bank, "a row too far")
    chosen = {"lookup": lookup, "mean-row": answer(bank, "over the wrong axis")}
    assert consistent(bank, chosen) == {"lookup": lookup}


def test_an_answer_on_top_of_nothing_is_replaced_or_left_out(bank: Bank) -> None:
    assert consistent(bank, {"mean-row": answer(bank, "over the wrong axis")}) == {}
    kept = consistent(bank, {"mean-row": bank.reference("mean-row")})
    assert kept == {"mean-row": answer(bank, "on its own")}


def test_right_answers_stay_as_they_are(bank: Bank) -> None:
    chosen = {name: bank.reference(name) for name in bank.exercises}
    assert consistent(bank, chosen) == chosen


def test_columns_hold_every_answer_of_the_bank(bank: Bank) -> None:
    used = [a for column in columns(bank) for a in column.values()]
    assert all(a in used for a in bank.answers)


def test_every_column_is_consistent(bank: Bank) -> None:
    for column in columns(bank):
        assert consistent(bank, column) == column


def test_columns_of_every_lab_hold_its_whole_bank(course: Course) -> None:
    for lab in course.labs():
        if not course.answer_bank(lab).is_file():
            continue  # a lab in the making; that each has a bank is for tests/banks to say
        whole = load_bank(course, lab)
        used = [a for column in columns(whole) for a in column.values()]
        assert all(a in used for a in whole.answers), lab


def test_a_lab_without_a_bank_is_told(toy_course: Course) -> None:
    toy_course.answer_bank("toy").unlink()
    with pytest.raises(CourseError, match="toy has no answer bank: expected "):
        load_bank(toy_course, "toy")


def test_a_submission_holds_the_answers_and_leaves_the_blank_alone(class_course: Course) -> None:
    blank = nbformat.read(class_course.student_notebook("toy"), as_version=4)
    before = nbformat.writes(blank)
    bank = load_bank(class_course, "toy")
    nb = submission(blank, {"lookup": bank.of("lookup", right=True)[0]}, "Because it reads one.")
    sources = {cell.id: cell.source for cell in nb.cells}
    assert "table[np.asarray(ids)]" in sources["lookup"]
    assert "NotImplementedError" in sources["total"]
    assert sources["why"].endswith("Because it reads one.")
    assert nbformat.writes(blank) == before


def files_of(directory: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()
    }


def test_the_same_seed_makes_the_same_class_and_another_seed_another(
    class_course: Course, tmp_path: Path
) -> None:
    classes = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        demo_class(class_course, tmp_path / name, ["toy"], 24, seed)
        classes.append(files_of(tmp_path / name))
    assert classes[0] == classes[1]
    assert classes[0] != classes[2]


def test_a_class_has_right_wrong_untouched_and_damaged_submissions(
    class_course: Course, tmp_path: Path
) -> None:
    expected = demo_class(class_course, tmp_path / "class", ["toy"], 24, 0)
    scores = [expected[key] for key in expected]
    assert len(expected) == 24
    assert scores[0] == scores[1] == 6  # all right: the hand-graded question earns nothing yet
    assert scores[2] == scores[3] == 1  # all wrong: one answer keeps a point
    assert scores[4] == 0  # untouched
    damaged = tmp_path / "class" / "submitted" / "farah" / "toy" / "toy.ipynb"
    with pytest.raises(nbformat.reader.NotJSONError):
        nbformat.read(damaged, as_version=4)
    with (tmp_path / "class" / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = {(r["student_id"], r["lab"]): float(r["score"]) for r in csv.DictReader(file)}
    assert rows == expected


def test_a_class_can_be_larger_than_the_list_of_names(class_course: Course, tmp_path: Path) -> None:
    assert len(demo_class(class_course, tmp_path / "class", ["toy"], 50, 0)) == 50


def test_an_earlier_class_is_made_anew(class_course: Course, tmp_path: Path) -> None:
    directory = tmp_path / "class"
    demo_class(class_course, directory, ["toy"], 10, 0)
    (directory / "grades.csv").write_text("old")
    demo_class(class_course, directory, ["toy"], 2, 0)
    assert sorted(p.name for p in (directory / "submitted").iterdir()) == ["ada", "bao"]
    assert not (directory / "grades.csv").exists()


def test_a_directory_with_other_things_in_it_is_refused_and_kept(
    class_course: Course, tmp_path: Path
) -> None:
    directory = tmp_path / "thesis"
    directory.mkdir()
    (directory / "chapter.txt").write_text("three years of work")
    with pytest.raises(CourseError, match="is not empty and was not made by `autograder demo`"):
        demo_class(class_course, directory, ["toy"], 2, 0)
    assert files_of(directory) == {"chapter.txt": b"three years of work"}


def test_the_course_itself_is_refused_as_the_place_of_a_class(class_course: Course) -> None:
    (class_course.root / "expected.csv").write_text("student_id,lab,score\n")
    before = files_of(class_course.root)
    for directory in (class_course.root, class_course.root.parent):
        with pytest.raises(CourseError, match="holds the course itself"):
            demo_class(class_course, directory, ["toy"], 2, 0)
    assert files_of(class_course.root) == before


def test_a_file_is_refused_as_the_place_of_a_class(class_course: Course, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match=r"notes.txt is not a folder"):
        demo_class(class_course, tmp_path / "notes.txt", ["toy"], 2, 0)
