"""Archives of each kind, honest and hostile, end in the right places or in a line that says why."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from autograder.course import Course, CourseError
from autograder.engine import collect as collecting
from autograder.engine import placing
from autograder.engine.collect import Line, collect
from autograder.engine.grade import find_jobs
from autograder.engine.intake import read_submission
from autograder.engine.lab import ReleasedLab
from tests.engine.conftest import ANSWERS

Files = Iterable[tuple[str | ZipInfo, bytes]]


def second_name(text: str) -> str:
    """The toy lab's notebook as one of another lab, `second`, with ids of its own."""
    for name, other in (("lookup", "search"), ("total", "count"), ("why", "because")):
        text = text.replace(f'"grade_id": "{name}', f'"grade_id": "{other}')
    return text


@pytest.fixture(scope="module")
def two_labs(built_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the labs `toy` and `second`; copy it before writing to it."""
    root = tmp_path_factory.mktemp("two") / "course"
    shutil.copytree(built_toy, root)
    made = Course(root)
    for of in (made.reference_notebook, made.student_notebook):
        of("second").parent.mkdir(parents=True)
        of("second").write_text(second_name(of("toy").read_text()))
    made.lab_source("second").write_text("")
    return root


@pytest.fixture
def course(two_labs: Path, tmp_path: Path) -> Course:
    shutil.copytree(two_labs, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def notebook(handed_in: dict) -> Callable[..., bytes]:
    """A notebook with right answers and a mark of its own."""

    def make(mark: str = "", lab: str = "toy") -> bytes:
        handed_in["metadata"]["mark"] = mark
        text = json.dumps(handed_in)
        return (second_name(text) if lab == "second" else text).encode()

    return make


@pytest.fixture
def packed(tmp_path: Path) -> Callable[[Files], Path]:
    """A zip file with these members."""

    def make(files: Files) -> Path:
        path = tmp_path / "export.zip"
        path.write_bytes(zipped(files))
        return path

    return make


def zipped(files: Files) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(name, data)
    return file.getvalue()


def aged(name: str, minute: int) -> ZipInfo:
    return ZipInfo(name, (2026, 3, 1, 12, minute, 0))


def tree(course: Course) -> dict[str, bytes]:
    """All that is in `submitted`, by path."""
    root = course.submitted_directory
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def whats(lines: list[Line]) -> dict[str, tuple[str, str, str]]:
    assert len({line.file for line in lines}) == len(lines)
    return {line.file: (line.student, line.lab, line.what) for line in lines}


def skipped(lines: list[Line]) -> dict[str, str]:
    return {line.file: line.note for line in lines if line.what == "skipped"}


# Archives as platforms make them -----------------------------------------------------------------


def test_an_export_of_canvas(course: Course, packed, notebook) -> None:
    path = packed([
        ("doejane_123_4561_toy.ipynb", notebook("jane")),
        ("roeeve_LATE_124_4562_my%20work.ipynb", notebook("eve")),
        ("anon_aB3xY_4563_toy-2.ipynb", notebook("anon")),
        ("müllerjosé_126_4564_toy.ipynb", notebook("josé")),
        ("kimmin_127_4566_toy-1.ipynb", notebook("second try")),
        ("kimmin_127_4565_toy.ipynb", notebook("first try")),
        ("poeann_128_text.html", b"<p>see my other account</p>"),
        ("poeann_128_4567_report.pdf", b"%PDF"),
    ])  # fmt: skip
    lines = collect(course, path)
    assert tree(course) == {
        "doejane_123/toy/toy.ipynb": notebook("jane"),
        "roeeve_124/toy/toy.ipynb": notebook("eve"),
        "anon_aB3xY/toy/toy.ipynb": notebook("anon"),
        "müllerjosé_126/toy/toy.ipynb": notebook("josé"),
        "kimmin_127/toy/toy.ipynb": notebook("second try"),
    }
    assert whats(lines)["doejane_123_4561_toy.ipynb"] == ("doejane_123", "toy", "taken")
    assert skipped(lines) == {
        "kimmin_127_4565_toy.ipynb": "kimmin_127_4566_toy-1.ipynb was taken instead",
        "poeann_128_text.html": "not a notebook",
        "poeann_128_4567_report.pdf": "not a notebook",
    }
    assert [line.student for line in lines if line.note == "handed in late"] == ["roeeve_124"]


def test_an_export_of_moodle_in_folders(course: Course, packed, notebook) -> None:
    path = packed([
        ("Jane Doe_71_assignsubmission_file/", b""),
        ("Jane Doe_71_assignsubmission_file/toy.ipynb", notebook("jane")),
        ("Eve Roe_72_assignsubmission_file_/deep/er/Untitled.ipynb", notebook("eve")),
        ("Jo Poe_73_assignsubmission_onlinetext_/onlinetext.html", b"<p>none</p>"),
        ("Min Kim_74_assignsubmission_file_/toy.ipynb", notebook("min 74")),
        ("Min Kim_75_assignsubmission_file_/toy.ipynb", notebook("min 75")),
    ])  # fmt: skip
    lines = collect(course, path)
    assert tree(course) == {
        "Jane_Doe/toy/toy.ipynb": notebook("jane"),
        "Eve_Roe/toy/toy.ipynb": notebook("eve"),
        "Min_Kim_74/toy/toy.ipynb": notebook("min 74"),
        "Min_Kim_75/toy/toy.ipynb": notebook("min 75"),
    }
    text = "Jo Poe_73_assignsubmission_onlinetext_/onlinetext.html"
    assert skipped(lines) == {text: "not a notebook"}


def test_a_flat_export_of_moodle(course: Course, packed, notebook) -> None:
    path = packed([
        ("Jane Doe_71_assignsubmission_file_toy.ipynb", notebook("jane")),
        ("Jo Poe_73_assignsubmission_onlinetext_onlinetext.html", b"<p>none</p>"),
    ])  # fmt: skip
    collect(course, path)
    assert tree(course) == {"Jane_Doe/toy/toy.ipynb": notebook("jane")}


@pytest.mark.parametrize("around", ["", "submitted/", "packed/again/"])
def test_a_tree(course: Course, packed, notebook, around: str) -> None:
    path = packed([
        (f"{around}ann/toy/toy.ipynb", notebook("ann")),
        (f"{around}ann/second/second.ipynb", notebook("ann", "second")),
        (f"{around}bob/lab.ipynb", notebook("bob")),
        (f"{around}bob/.ipynb_checkpoints/lab-checkpoint.ipynb", notebook("old")),
        (f"__MACOSX/{around}bob/._lab.ipynb", b"\0\5\x16\7"),
        (f"{around}cy/made/by/cy.ipynb", notebook("cy")),
    ])  # fmt: skip
    lines = collect(course, path)
    assert tree(course) == {
        "ann/toy/toy.ipynb": notebook("ann"),
        "ann/second/second.ipynb": notebook("ann", "second"),
        "bob/toy/toy.ipynb": notebook("bob"),
    }
    assert sorted(skipped(lines).values()) == [
        "a hidden file", "a hidden file", "no telling whose it is",
    ]  # fmt: skip


def test_a_tree_of_one_student(course: Course, packed, notebook) -> None:
    collect(course, packed([("submitted/ann/toy/toy.ipynb", notebook("ann"))]))
    collect(course, packed([("bob/toy.ipynb", notebook("bob"))]))
    assert set(tree(course)) == {"ann/toy/toy.ipynb", "bob/toy/toy.ipynb"}


def test_a_students_zip_in_the_archive(course: Course, packed, notebook) -> None:
    inner = zipped([
        ("work/", b""),
        ("work/toy.ipynb", notebook("jane")),
        ("work/second.ipynb", notebook("jane", "second")),
        ("work/data.csv", b"1"),
        ("work/more.csv", b"2"),
        ("../roeeve_124_1_toy.ipynb", notebook("jane for eve")),
        ("deeper.zip", zipped([("toy.ipynb", notebook("deep"))])),
    ])  # fmt: skip
    path = packed([("doejane_123_1_work.zip", inner), ("roeeve_124_2_work.ZIP", b"PK no zip")])
    lines = collect(course, path)
    assert tree(course) == {
        "doejane_123/toy/toy.ipynb": notebook("jane"),
        "doejane_123/second/second.ipynb": notebook("jane", "second"),
    }
    assert {(line.file, line.note) for line in lines if line.what == "skipped"} == {
        ("doejane_123_1_work.zip", "3 in it: not a notebook"),
        ("doejane_123_1_work.zip", "1 in it: its name is not a plain path"),
        ("roeeve_124_2_work.ZIP", "file is not a zip file"),
    }


def test_of_two_in_a_students_zip_the_newest_is_taken(course: Course, packed, notebook) -> None:
    inner = zipped([
        (aged("toy (1).ipynb", 5), notebook("new")), (aged("toy.ipynb", 4), notebook("old")),
    ])  # fmt: skip
    lines = collect(course, packed([("doejane_123_1_work.zip", inner)]))
    assert tree(course) == {"doejane_123/toy/toy.ipynb": notebook("new")}
    assert skipped(lines) == {
        "doejane_123_1_work.zip/toy.ipynb": "doejane_123_1_work.zip/toy (1).ipynb was taken instead"
    }


def test_what_was_collected_can_be_graded(course: Course, packed, notebook) -> None:
    collect(course, packed([("doejane_123_1_x.ipynb", notebook()), ("poe_1_1_y.ipynb", b"torn")]),
            "toy")  # fmt: skip
    lab = ReleasedLab.load(course, "toy")
    jobs, missing = find_jobs(course, [lab], None)
    assert [job.student for job in jobs] == ["doejane_123", "poe_1"] and missing == []
    submission = read_submission(jobs[0].folder, lab)
    assert submission.answers == ANSWERS and submission.notes == []


def test_a_roster_gives_the_ids(course: Course, packed, notebook, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,canvas_id,name\njd1,123,Jane Doe\ner2,124,Eve Roe\n")
    path = packed([
        ("doejane_123_1_toy.ipynb", notebook("jane")),
        ("student_999_2_toy.ipynb", notebook("test student")),
    ])  # fmt: skip
    lines = collect(course, path, roster=roster)
    assert tree(course) == {"jd1/toy/toy.ipynb": notebook("jane")}
    assert skipped(lines) == {"student_999_2_toy.ipynb": "student (999) is not in roster.csv"}


# Which lab ---------------------------------------------------------------------------------------


def test_the_cells_tell_the_lab_whatever_the_name_says(course: Course, packed, notebook) -> None:
    collect(course, packed([("doe_1_1_toy.ipynb", notebook("", "second"))]))
    assert set(tree(course)) == {"doe_1/second/second.ipynb"}


def test_a_damaged_notebook_goes_where_its_name_says(course: Course, packed) -> None:
    collect(course, packed([("doe_1_1_My Toy (3).ipynb", b'{"cells": [')]))
    assert tree(course) == {"doe_1/toy/toy.ipynb": b'{"cells": ['}


def test_a_damaged_notebook_without_the_labs_name_is_told(course: Course, packed) -> None:
    path = packed([("doe_1_1_lab.ipynb", b"{"), ("roe_2_2_toy or second.ipynb", b"{")])
    notes = skipped(collect(course, path))
    assert set(notes.values()) == {
        "no telling which lab's it is; say it: autograder collect ARCHIVE LAB"
    }
    assert len(notes) == 2 and tree(course) == {}


def test_the_lab_asked_for_takes_what_cannot_be_told_and_no_other_lab(
    course: Course, packed, notebook
) -> None:
    path = packed([
        ("ann_1_1_toy.ipynb", b"{"),
        ("bob_2_2_lab.ipynb", notebook("", "second")),
        ("cy_3_3_lab.ipynb", notebook("")),
    ])  # fmt: skip
    lines = collect(course, path, "second")
    assert set(tree(course)) == {"ann_1/second/second.ipynb", "bob_2/second/second.ipynb"}
    assert skipped(lines) == {"cy_3_3_lab.ipynb": "a notebook of toy, not of second"}


def test_a_lab_that_was_never_built_does_no_harm_until_it_is_asked_for(
    course: Course, packed, notebook
) -> None:
    course.reference_notebook("second").unlink()
    path = packed([("doe_1_1_toy.ipynb", notebook())])
    collect(course, path)
    assert set(tree(course)) == {"doe_1/toy/toy.ipynb"}
    with pytest.raises(CourseError, match="autograder build second"):
        collect(course, path, "second")


# Several files -----------------------------------------------------------------------------------


def test_in_canvas_the_highest_number_is_the_newest_whatever_the_times_are(
    course: Course, packed, notebook
) -> None:
    collect(course, packed([
        (aged("doe_1_10_toy.ipynb", 1), notebook("new")),
        (aged("doe_1_9_toy-7.ipynb", 2), notebook("old")),
    ]))  # fmt: skip
    assert tree(course) == {"doe_1/toy/toy.ipynb": notebook("new")}


def test_elsewhere_the_time_counts_and_then_the_number_in_the_name(
    course: Course, packed, notebook
) -> None:
    collect(course, packed([
        (aged("ann/b.ipynb", 2), notebook("new")),
        (aged("ann/c.ipynb", 1), notebook("old")),
        (aged("bob/toy-10.ipynb", 1), notebook("tenth")),
        (aged("bob/toy-9.ipynb", 1), notebook("ninth")),
        (aged("bob/toy.ipynb", 1), notebook("first")),
    ]))  # fmt: skip
    assert tree(course) == {"ann/toy/toy.ipynb": notebook("new"),
                            "bob/toy/toy.ipynb": notebook("tenth")}  # fmt: skip


def test_a_notebook_of_the_lab_goes_before_a_newer_file_that_is_none(
    course: Course, packed, notebook
) -> None:
    lines = collect(course, packed([
        ("doe_1_1_lab.ipynb", notebook("good")), ("doe_1_2_toy.ipynb", b"torn"),
        ("roe_2_3_toy.ipynb", b"torn"), ("roe_2_4_lab.ipynb", notebook("good")),
    ]))  # fmt: skip
    assert set(tree(course).values()) == {notebook("good")}
    assert skipped(lines) == {
        "doe_1_2_toy.ipynb": "doe_1_1_lab.ipynb was taken instead",
        "roe_2_3_toy.ipynb": "roe_2_4_lab.ipynb was taken instead",
    }


def test_a_second_time_nothing_changes(course: Course, packed, notebook) -> None:
    path = packed([("doe_1_1_toy.ipynb", notebook("a")), ("roe_LATE_2_2_toy.ipynb", notebook("b"))])
    collect(course, path)
    before = tree(course)
    assert [line.what for line in collect(course, path)] == ["unchanged", "unchanged"]
    assert tree(course) == before


def test_a_replaced_file_is_kept(course: Course, packed, notebook) -> None:
    for mark in ("a", "b", "c"):
        (line,) = collect(course, packed([("ann/toy.ipynb", notebook(mark))]))
    assert (line.what, line.note) == ("replaced", "the earlier one is .replaced/ann/toy-2.ipynb")
    assert tree(course) == {
        "ann/toy/toy.ipynb": notebook("c"),
        ".replaced/ann/toy-1.ipynb": notebook("a"),
        ".replaced/ann/toy-2.ipynb": notebook("b"),
    }
    lab = ReleasedLab.load(course, "toy")
    assert [job.student for job in find_jobs(course, [lab], None)[0]] == ["ann"]


def test_a_run_that_was_stopped_leaves_nothing_in_the_way(course: Course, packed, notebook) -> None:
    folder = course.submitted_directory / "ann" / "toy"
    folder.mkdir(parents=True)
    (folder / ".toy.ipynb.new").write_text('{"half')
    collect(course, packed([("ann/toy.ipynb", notebook())]))
    assert tree(course) == {"ann/toy/toy.ipynb": notebook()}


# What stands in the way --------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["student", "lab", "file", "aside"])
def test_no_link_in_submitted_is_followed(
    course: Course, packed, notebook, tmp_path: Path, which: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.ipynb").write_text("precious")
    home = course.submitted_directory / "ann"
    if which == "student":
        home.parent.mkdir()
        home.symlink_to(elsewhere)
    elif which == "lab":
        home.mkdir(parents=True)
        (home / "toy").symlink_to(elsewhere)
    else:
        (home / "toy").mkdir(parents=True)
        if which == "file":
            (home / "toy" / "toy.ipynb").symlink_to(elsewhere / "precious.ipynb")
        else:
            (home / "toy" / "toy.ipynb").write_text("earlier")
            (course.submitted_directory / ".replaced").symlink_to(elsewhere)
    before = tree(course)
    path = packed([("ann/toy.ipynb", notebook("ann")), ("bob/toy.ipynb", notebook("bob"))])
    lines = collect(course, path)
    notes = skipped(lines)
    assert set(notes) == {"ann/toy.ipynb"}
    assert notes["ann/toy.ipynb"].endswith("Move away what is there and collect again.")
    assert os.listdir(elsewhere) == ["precious.ipynb"]
    assert (elsewhere / "precious.ipynb").read_text() == "precious"
    assert tree(course) == before | {"bob/toy/toy.ipynb": notebook("bob")}


def test_submitted_itself_may_be_a_link(course: Course, packed, notebook, tmp_path: Path) -> None:
    (tmp_path / "other-disk").mkdir()
    course.submitted_directory.symlink_to(tmp_path / "other-disk")
    collect(course, packed([("ann/toy.ipynb", notebook())]))
    assert (tmp_path / "other-disk" / "ann" / "toy" / "toy.ipynb").read_bytes() == notebook()


def test_an_id_in_another_case_than_one_that_is_there_is_not_taken(
    course: Course, packed, notebook
) -> None:
    (course.submitted_directory / "Ann").mkdir(parents=True)
    notes = skipped(collect(course, packed([("ann/toy.ipynb", notebook())])))
    assert notes == {"ann/toy.ipynb": "ann and Ann, who is there, differ in case alone"}
    assert os.listdir(course.submitted_directory) == ["Ann"]


def test_a_file_where_submitted_should_be_is_told(course: Course, packed, notebook) -> None:
    course.submitted_directory.write_text("")
    with pytest.raises(CourseError, match="submitted cannot be made: File exists"):
        collect(course, packed([("ann/toy.ipynb", notebook())]))


def test_a_full_disk_is_told_and_costs_nothing_that_was_there(
    course: Course, packed, notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(course, packed([("ann/toy.ipynb", notebook("first"))]))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(placing.os, "fsync", full)
        with pytest.raises(CourseError, match=r"ann/toy/toy\.ipynb cannot be written: No space"):
            collect(course, packed([("ann/toy.ipynb", notebook("second"))]))
    assert tree(course)["ann/toy/toy.ipynb"] == notebook("first")
    collect(course, packed([("ann/toy.ipynb", notebook("second"))]))
    assert tree(course)["ann/toy/toy.ipynb"] == notebook("second")


# Hostile archives --------------------------------------------------------------------------------


def linked(name: str) -> ZipInfo:
    info = ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


NO_PATH, TOO_LARGE = "its name is not a plain path", "bytes; the limit is 20,000,000"
BLANK = b" " * 10_000_000
HOSTILE: dict[str, tuple[list, str]] = {
    "up": ([("../../evil.ipynb", b"{}")], NO_PATH),
    "up from a student": ([("doe_1_1_toy.ipynb/../../../evil.ipynb", b"{}")], NO_PATH),
    "from the root": ([("/tmp/evil.ipynb", b"{}")], "an absolute path"),
    "backslashes": ([("doe_1_1_toy\\..\\..\\evil.ipynb", b"{}")], "a backslash"),
    "a link": ([(linked("doe_1_1_toy.ipynb"), b"/etc/passwd")], "a link"),
    "a link, then through it": ([(linked("ann"), b"/tmp"), ("ann/a/../b.ipynb", b"")], NO_PATH),
    "a bomb": ([("doe_1_1_toy.ipynb", BLANK)], "200 times its size"),
    "a large file": ([("doe_1_1_toy.ipynb", os.urandom(1000) * 20_001)], TOO_LARGE),
    "a bomb in a zip": ([("doe_1_1_a.zip", zipped([("toy.ipynb", BLANK)]))], "200 times its size"),
    "a zip of too many": (
        [("doe_1_1_a.zip", zipped((f"{n}.txt", b"") for n in range(1_001)))],
        "1,001 members; the limit is 1,000",
    ),
    "a zip that is a bomb": ([("doe_1_1_a.zip", zipped([]) + BLANK)], "200 times its size"),
    "a student with a name of dots": ([(".../toy.ipynb", b"{}")], "a hidden file"),
    "a student with a name of signs": ([("&/toy.ipynb", b"{}")], "no letter or digit"),
    "nobody": ([("toy.ipynb", b"{}")], "no telling whose it is"),
    "two who differ in case": (
        [("ann/toy.ipynb", b"{}"), ("ANN/toy.ipynb", b"{}")],
        "ANN and ann would both be",
    ),
    "an id that is aside": ([(".replaced/toy.ipynb", b"{}")], "a hidden file"),
}


@pytest.mark.parametrize(("files", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_members_are_told_and_the_others_taken(
    course: Course, packed, notebook, tmp_path: Path, files: list, words: str
) -> None:
    outside = sorted(tmp_path.iterdir())
    path = packed([*files, ("roeeve_2_2_toy.ipynb", notebook()), ("eve/toy.ipynb", notebook())])
    notes = list(skipped(collect(course, path, "toy")).values())
    assert any(words in note for note in notes), notes
    assert len(notes) == len(files)
    assert all(note.isprintable() and len(note) < 200 for note in notes)
    assert set(tree(course)) == {"roeeve_2/toy/toy.ipynb", "eve/toy/toy.ipynb"}
    assert sorted(os.listdir(course.submitted_directory)) == ["eve", "roeeve_2"]
    assert sorted(tmp_path.iterdir()) == [*outside, path]


def test_the_bytes_read_of_one_student_have_a_limit(
    course: Course, packed, notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MAX_STUDENT", len(notebook()) * 2 + 10)
    files = [(f"doe_1_{n}_toy.ipynb", notebook(str(n))) for n in range(3)]
    lines = collect(course, packed([*files, ("roe_2_9_toy.ipynb", notebook())]))
    assert tree(course) == {"doe_1/toy/toy.ipynb": notebook("1"),
                            "roe_2/toy/toy.ipynb": notebook()}  # fmt: skip
    assert "bytes of one student's" in skipped(lines)["doe_1_2_toy.ipynb"]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "file is not a zip file"), (b"<html>please log in</html>", "file is not a zip file"),
     (zipped([("ann/toy.ipynb", b"{}")])[:-10], "file is not a zip file")],
)  # fmt: skip
def test_an_archive_that_cannot_be_read_is_told_and_nothing_is_made(
    course: Course, tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    with pytest.raises(CourseError, match=f"export.zip cannot be read as a zip archive: {words}"):
        collect(course, path)
    assert not course.submitted_directory.exists()


def test_a_folder_or_nothing_for_an_archive_is_told(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="cannot be read: Is a directory"):
        collect(course, tmp_path)
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        collect(course, tmp_path / "gone.zip")
