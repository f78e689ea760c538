"""The names that Canvas and Moodle give to files, and those that students might wish for."""

from __future__ import annotations

import pytest

from autograder.engine.exports import Filed, Owner, filed

LABS = ("toy", "second")

CANVAS = {
    "doejane_123_456_lab1.ipynb": Filed(Owner("canvas", "doejane", "123"), 456),
    "doejane_LATE_123_456_lab1.ipynb": Filed(Owner("canvas", "doejane", "123"), 456, True),
    "doejane_late_123_456_lab1.ipynb": Filed(Owner("canvas", "doejane", "123"), 456, True),
    "doejane_123_457_lab1-1.ipynb": Filed(Owner("canvas", "doejane", "123"), 457),
    "doejane_123_456_LATE_9_lab_1.ipynb": Filed(Owner("canvas", "doejane", "123"), 456),
    "late_123_456_lab1.ipynb": Filed(Owner("canvas", "late", "123"), 456),
    "müllerjosé_123_456_lab1.ipynb": Filed(Owner("canvas", "müllerjosé", "123"), 456),
    "de_la_cruz_123_456_lab1.ipynb": Filed(Owner("canvas", "de_la_cruz", "123"), 456),
    "_123_456_lab1.ipynb": Filed(Owner("canvas", "", "123"), 456),
    "007_123_456_lab1.ipynb": Filed(Owner("canvas", "007", "123"), 456),
    "anon_aB3xY_456_lab1.ipynb": Filed(Owner("canvas", "anon_aB3xY"), 456),
    "LATE_anon_aB3xY_456_7_lab.ipynb": Filed(Owner("canvas", "anon_aB3xY"), 456, True),
    # A student cannot become another one by the name of a file.
    "doejane_123_456_roeeve_9_8_lab1.ipynb": Filed(Owner("canvas", "doejane", "123"), 456),
    "doejane_123_456_roeeve_9_assignsubmission_file_a.ipynb": Filed(
        Owner("canvas", "doejane", "123"), 456
    ),
}


@pytest.mark.parametrize(("name", "told"), CANVAS.items(), ids=CANVAS.keys())
def test_canvas_names(name: str, told: Filed) -> None:
    assert filed(name, 0, LABS) == told
    assert filed(f"submissions/{name}", 1, LABS) == told


JANE = Owner("moodle", "Jane Doe", "123")
MOODLE = {
    "Jane Doe_123_assignsubmission_file_/lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file/lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file/drafts/of mine/lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file_lab1.ipynb": JANE,
    "José Müller_123_assignsubmission_file_/x.ipynb": Owner("moodle", "José Müller", "123"),
    "Group A_77_assignsubmission_file/x.ipynb": Owner("moodle", "Group A", "77"),
    "Default group_assignsubmission_file/x.ipynb": Owner("moodle", "Default group"),
    "Participant_123_assignsubmission_file_/x.ipynb": Owner("moodle", "Participant", "123"),
    "Jane Doe_123_assignsubmission_file/Eve Roe_9_assignsubmission_file/lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file_Eve Roe_9_assignsubmission_file_lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file/roeeve_9_8_lab1.ipynb": JANE,
    "Jane Doe_123_assignsubmission_file/eve/toy/toy.ipynb": JANE,
}


@pytest.mark.parametrize(("name", "owner"), MOODLE.items(), ids=MOODLE.keys())
def test_moodle_names(name: str, owner: Owner) -> None:
    assert filed(name, 0, LABS) == Filed(owner)
    assert filed(f"CS101-Lab 1-77/{name}", 1, LABS) == Filed(owner)
    if "/" in name:  # all files of the archive may be one student's
        assert filed(name, len(name.split("/")) - 1, LABS) == Filed(owner)


@pytest.mark.parametrize(
    ("name", "shared", "place"),
    [
        ("ann/toy/toy.ipynb", 0, "ann"),
        ("ann/toy/toy.ipynb", 1, "ann"),
        ("ann/toy/toy.ipynb", 2, "ann"),
        ("ann/toy.ipynb", 0, "ann"),
        ("ann/toy.ipynb", 1, "ann"),
        ("submitted/ann/toy/toy.ipynb", 1, "submitted/ann"),
        ("submitted/ann/toy/toy.ipynb", 2, "submitted/ann"),
        ("submitted/ann/toy/toy.ipynb", 3, "submitted/ann"),
        ("toy/ann/work.ipynb", 1, "toy/ann"),
        ("ann/toy/bob_1_2_toy.ipynb", 0, "ann"),
        ("ann/bob_1_assignsubmission_file_toy.ipynb", 0, "ann"),
    ],
)
def test_trees(name: str, shared: int, place: str) -> None:
    assert filed(name, shared, LABS) == Filed(Owner("tree", "ann", place=place))


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("toy.ipynb", 0),
        ("toy/toy.ipynb", 1),
        ("toy/toy.ipynb", 0),
        ("ann/bob/toy/toy.ipynb", 0),  # bob may be a folder that ann made
        ("ann/bob/toy.ipynb", 0),
        ("ann/toy/second/toy.ipynb", 0),
        ("ann/bob_1_assignsubmission_file/toy.ipynb", 0),
        ("doejane_123_text.ipynb", 0),
        ("doejane_123_lab1.ipynb", 0),
    ],
)
def test_what_does_not_say_whose_it_is(name: str, shared: int) -> None:
    assert filed(name, shared, LABS) is None
