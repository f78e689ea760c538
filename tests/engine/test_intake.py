"""Whatever is handed in, intake takes the student's cells or says in one line why it cannot."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from autograder.engine import intake
from autograder.engine.intake import (
    BadSubmission,
    Submission,
    find_notebook,
    parse,
    read_bytes,
    read_submission,
    take,
)
from autograder.engine.lab import ReleasedLab
from tests.engine.conftest import ANSWERS, cell_of, own_cell

Taken = Callable[[dict], Submission]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`submitted/ann/toy`, empty."""
    made = tmp_path / "submitted" / "ann" / "toy"
    made.mkdir(parents=True)
    return made


def refusal(function: Callable, *args: Any) -> str:
    """The one line that a bad submission is refused with."""
    with pytest.raises(BadSubmission) as refused:
        function(*args)
    message = str(refused.value)
    assert message and message.isprintable(), repr(message)
    assert len(message) < 300
    return message


# The file ----------------------------------------------------------------------------------------


def test_a_good_submission_is_taken_without_a_note(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    submission = read_submission(folder, lab)
    assert submission.answers == ANSWERS
    assert submission.notes == []
    assert submission.own == []


def test_a_file_that_lies_elsewhere_too_is_told(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    os.link(folder / "toy.ipynb", folder.parent / "other.ipynb")
    notes = read_submission(folder, lab).notes
    assert notes == ["toy.ipynb has another name elsewhere (a hard link)"]


def test_a_folder_without_a_notebook_is_told(folder: Path, lab: ReleasedLab) -> None:
    (folder / "toy.py").write_text("print(1)")
    assert refusal(read_submission, folder, lab) == (
        "no notebook in the folder; expected toy.ipynb."
    )


def test_a_file_where_the_labs_folder_should_be_is_told(folder: Path, lab: ReleasedLab) -> None:
    folder.rmdir()
    folder.write_text("{}")
    assert refusal(read_submission, folder, lab) == ("toy is not a folder; expected toy/toy.ipynb.")


def test_a_link_to_a_folder_is_not_followed(
    folder: Path, handed_in: dict, lab: ReleasedLab, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    (elsewhere / "toy.ipynb").write_text(json.dumps(handed_in))
    folder.symlink_to(elsewhere, target_is_directory=True)
    assert "not a folder" in refusal(read_submission, folder, lab)


def test_a_link_to_a_students_folder_is_not_followed(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    (folder.parent.parent / "bob").symlink_to(folder.parent)
    message = refusal(read_submission, folder.parent.parent / "bob" / "toy", lab)
    assert message == "bob is not a folder."


def test_a_link_that_takes_a_folders_place_in_time_is_not_followed(
    folder: Path, handed_in: dict, lab: ReleasedLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    other = tmp_path / "other"
    other.mkdir()
    (other / "toy.ipynb").write_text("{}")

    def swapped(handle: int, name: str) -> tuple[str, list[str]]:
        found = find_notebook(handle, name)
        folder.rename(tmp_path / "aside")
        folder.symlink_to(other)
        return found

    monkeypatch.setattr(intake, "find_notebook", swapped)
    assert read_submission(folder, lab).answers == ANSWERS
    assert "not a folder" in refusal(read_submission, folder, lab)


def test_the_folder_of_all_submissions_may_be_a_link(
    folder: Path, handed_in: dict, lab: ReleasedLab, tmp_path: Path
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    (tmp_path / "link").symlink_to(tmp_path / "submitted")
    assert read_submission(tmp_path / "link" / "ann" / "toy", lab).answers == ANSWERS


def test_a_students_name_that_no_gradebook_holds_is_told(folder: Path, lab: ReleasedLab) -> None:
    long = folder.parent.parent / ("x" * 129) / "toy"
    long.mkdir(parents=True)
    assert refusal(read_submission, long, lab) == (
        "the folder's name has 129 characters; at most 128."
    )


def test_a_folder_of_too_many_files_is_told(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    for n in range(999):
        (folder / f"{n}.txt").touch()
    assert read_submission(folder, lab).answers == ANSWERS
    (folder / "one-more.txt").touch()
    assert refusal(read_submission, folder, lab) == (
        "more than 1,000 files in the folder; expected toy.ipynb."
    )


def test_a_link_to_a_notebook_is_not_followed(
    folder: Path, handed_in: dict, lab: ReleasedLab, tmp_path: Path
) -> None:
    (tmp_path / "other.ipynb").write_text(json.dumps(handed_in))
    (folder / "toy.ipynb").symlink_to(tmp_path / "other.ipynb")
    assert refusal(read_submission, folder, lab) == "toy.ipynb cannot be read: a link."


def test_a_dangling_link_is_told(folder: Path, lab: ReleasedLab) -> None:
    (folder / "toy.ipynb").symlink_to("gone.ipynb")
    assert refusal(read_submission, folder, lab) == "toy.ipynb cannot be read: a link."


def test_a_link_to_itself_is_told(folder: Path, lab: ReleasedLab) -> None:
    (folder / "toy.ipynb").symlink_to("toy.ipynb")
    assert refusal(read_submission, folder, lab) == "toy.ipynb cannot be read: a link."


def test_a_folder_with_a_notebooks_name_is_told(folder: Path, lab: ReleasedLab) -> None:
    (folder / "toy.ipynb").mkdir()
    assert refusal(read_submission, folder, lab) == "toy.ipynb is a folder, not a notebook."


def test_a_pipe_is_told_and_not_waited_for(folder: Path, lab: ReleasedLab) -> None:
    os.mkfifo(folder / "toy.ipynb")
    assert (
        refusal(read_submission, folder, lab) == "toy.ipynb is a pipe or a device, not a notebook."
    )


def test_a_socket_is_told(folder: Path, lab: ReleasedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("toy.ipynb")
        assert "toy.ipynb cannot be read" in refusal(read_submission, folder, lab)


def test_an_empty_file_is_told(folder: Path, lab: ReleasedLab) -> None:
    for content in (b"", b"  \n\t\n"):
        (folder / "toy.ipynb").write_bytes(content)
        assert refusal(read_submission, folder, lab) == "the file is empty."


def test_a_huge_file_is_told_and_not_read(folder: Path, lab: ReleasedLab) -> None:
    with (folder / "toy.ipynb").open("wb") as file:
        file.truncate(50 * 2**30)  # it takes no room on the disk
    assert refusal(read_submission, folder, lab) == (
        "toy.ipynb has 53,687,091,200 bytes; the limit is 20,000,000."
    )


def test_a_file_that_grows_while_it_is_read_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_BYTES", 10)
    (folder / "toy.ipynb").write_bytes(b"x" * 11)
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat(folder.parent.parent / "small"))
    (folder.parent.parent / "small").write_bytes(b"")
    assert "grew beyond 10 bytes" in refusal(read_bytes, folder / "toy.ipynb")


def test_the_only_notebook_is_graded_whatever_it_is_called(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    for name in (
        "toy (1).ipynb",
        "实验 一.ipynb",
        "Лаба №1.IPYNB",
        "-rf toy.ipynb",
        "toy'\".ipynb",
    ):
        (folder / name).write_text(json.dumps(handed_in))
        submission = read_submission(folder, lab)
        assert submission.answers == ANSWERS
        assert submission.notes == [f"graded {name}, the only notebook; expected toy.ipynb"]
        (folder / name).unlink()


def test_of_two_notebooks_the_one_with_the_expected_name_is_graded(
    folder: Path, handed_in: dict, lab: ReleasedLab
) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    (folder / "toy-Copy1.ipynb").write_text("{}")
    submission = read_submission(folder, lab)
    assert submission.answers == ANSWERS
    assert submission.notes == ["also found toy-Copy1.ipynb; graded toy.ipynb"]


def test_two_notebooks_with_other_names_are_told(folder: Path, lab: ReleasedLab) -> None:
    for name in ("toy (1).ipynb", "toy (2).ipynb"):
        (folder / name).write_text("{}")
    assert refusal(read_submission, folder, lab) == (
        "2 notebooks (toy (1).ipynb, toy (2).ipynb) and none is toy.ipynb."
    )


def test_of_many_notebooks_three_are_named_and_long_names_not_in_full(
    folder: Path, lab: ReleasedLab
) -> None:
    for n in range(9):
        (folder / f"{n}{'x' * 200}\n.ipynb").write_text("{}")
    message = refusal(read_submission, folder, lab)
    assert message.startswith(f"9 notebooks (0{'x' * 39}…{'x' * 12} .ipynb, 1xxx")
    assert message.endswith("and 6 more) and none is toy.ipynb.")


def test_hidden_files_are_no_notebooks(folder: Path, handed_in: dict, lab: ReleasedLab) -> None:
    (folder / "toy.ipynb").write_text(json.dumps(handed_in))
    (folder / "._toy.ipynb").write_bytes(b"\0\5\x16\7")
    assert read_submission(folder, lab).notes == []


# The file's content ------------------------------------------------------------------------------

NOT_NOTEBOOKS = {
    "text": (b"my answers", "not JSON"),
    "half a file": (b'{"cells": [{"cell_type": "co', "not JSON"),
    "a word processor's file": (b"PK\x03\x04\x14\x00\x06\x00", "not JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "not UTF-8"),
    "UTF-16": ('{"cells": []}'.encode("utf-16"), "not UTF-8"),
    "NUL bytes": (b"\0" * 100, "not JSON"),
    "a NUL byte in the text": (b'{"nbformat": 4, "cells": ["\0"]}', "not JSON"),
    "deep nesting of lists": (b"[" * 100_000, "nested more than 200"),
    "deep nesting that is closed": (b"[" * 100_000 + b"]" * 100_000, "nested more than 200"),
    "deep nesting of objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested more than 200"),
    "deep nesting inside a notebook": (
        b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested more than 200",
    ),
    "nesting that one Python reads and another does not": (
        b'{"nbformat": 4, "cells": [], "metadata": ' + b"[" * 900 + b"]" * 900 + b"}",
        "nested more than 200",
    ),
    "a number of a million digits": (b'{"nbformat": ' + b"4" * 1_000_000 + b"}", "not JSON"),
    "a web page": (b"<!DOCTYPE html><title>404</title>", "not JSON"),
    "a list": (b"[]", "not a notebook"),
    "a number": (b"4", "not a notebook"),
    "null": (b"null", "not a notebook"),
    "an object of another kind": (b'{"name": "package"}', "not a notebook"),
    "no cells at all": (b'{"nbformat": 4}', "has no cells"),
    "an empty list of cells": (b'{"nbformat": 4, "cells": []}', "has no cells"),
    "cells that are an object": (b'{"nbformat": 4, "cells": {"0": {}}}', "has no cells"),
    "cells that are a text": (b'{"nbformat": 4, "cells": "code"}', "has no cells"),
    "a cell that is a text": (b'{"nbformat": 4, "cells": ["x = 1"]}', "cell 1"),
    "a cell that is null": (b'{"nbformat": 4, "cells": [null]}', "cell 1"),
    "a cell of no type": (b'{"nbformat": 4, "cells": [{"source": ""}]}', "cell 1"),
    "a cell of an unknown type": (
        b'{"nbformat": 4, "cells": [{"cell_type": "heading", "source": ""}]}',
        "cell 1",
    ),
    "a cell whose type is a list": (
        b'{"nbformat": 4, "cells": [{"cell_type": ["code"], "source": ""}]}',
        "cell 1",
    ),
    "a source that is a number": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}',
        "cell 1 of the notebook has no text for a source",
    ),
    "a source that is null": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": null}]}',
        "no text for a source",
    ),
    "a source that is an object": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": {"text": "x"}}]}',
        "no text for a source",
    ),
    "a source that is a list of numbers": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["x", 1]}]}',
        "no text for a source",
    ),
    "too many cells": (
        json.dumps({"nbformat": 4, "cells": [own_cell("x")] * 2001}).encode(),
        "2,001 cells; the limit is 2,000",
    ),
}  # fmt: skip


def test_nesting_as_deep_as_the_limit_is_read(handed_in: dict, taken: Taken) -> None:
    deep: list = []
    for _ in range(intake.MAX_DEPTH - 3):  # in the notebook, its metadata, and a list
        deep = [deep]
    handed_in["metadata"]["deep"] = deep
    assert taken(handed_in).answers == ANSWERS
    handed_in["metadata"]["deep"] = [deep]
    assert "nested more than" in refusal(taken, handed_in)


@pytest.mark.parametrize(("data", "words"), NOT_NOTEBOOKS.values(), ids=NOT_NOTEBOOKS.keys())
def test_what_is_not_a_notebook_is_told(data: bytes, words: str) -> None:
    assert words in refusal(parse, data)


@pytest.mark.parametrize(
    ("version", "found"),
    [(3, "3"), (5, "5"), ("4", "'4'"), (True, "True"), (None, "of no number"), (4.5, "4.5"),
     ([4], "of no number"), ({"major": 4}, "of no number"), ("a\nb\x1b[2J", r"'a\nb\x1b[2J'")],
)  # fmt: skip
def test_another_notebook_format_is_told(handed_in: dict, version: object, found: str) -> None:
    handed_in["nbformat"] = version
    assert refusal(parse, json.dumps(handed_in).encode()) == (
        f"notebook format {found}; expected 4. Open it in JupyterLab and save it again."
    )


def test_a_notebook_for_another_lab_is_told(handed_in: dict, lab: ReleasedLab) -> None:
    for cell in handed_in["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade_id"] += "-of-another"
    message = refusal(take, parse(json.dumps(handed_in).encode()), lab)
    assert message == "none of the cells of toy is in it; is it another lab?"


def test_a_notebook_without_nbgraders_metadata_is_told(handed_in: dict, lab: ReleasedLab) -> None:
    for cell in handed_in["cells"]:
        cell["metadata"] = {}
    assert "is it another lab?" in refusal(take, parse(json.dumps(handed_in).encode()), lab)


def test_a_byte_order_mark_does_no_harm(handed_in: dict, lab: ReleasedLab) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(handed_in).encode()
    assert take(parse(data), lab).answers == ANSWERS


def test_a_source_of_lines_and_a_source_of_text_are_the_same(handed_in: dict, taken: Taken) -> None:
    for cell in handed_in["cells"]:
        cell["source"] = cell["source"].splitlines(True)
    assert taken(handed_in).answers == ANSWERS


def test_a_foreign_kernel_and_other_metadata_change_nothing(handed_in: dict, taken: Taken) -> None:
    handed_in["metadata"] = {
        "kernelspec": {"name": "ir", "language": "R", "display_name": "R"},
        "language_info": {"name": "cobol"},
        "widgets": ["no", "such", "thing"],
    }
    submission = taken(handed_in)
    assert submission.answers == ANSWERS and submission.notes == []


def test_lone_surrogates_become_question_marks(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "total")["source"] = "def total(values):\n    return '\ud800'"
    answer = taken(handed_in).answers["total"]
    assert answer == "def total(values):\n    return '?'"
    answer.encode("utf-8")


def test_nul_characters_in_a_source_are_kept_as_the_students(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "total")["source"] = "total = '\0'"
    assert taken(handed_in).answers["total"] == "total = '\0'"


@pytest.mark.parametrize("value", [None, 3, "text", [], ["nbgrader"], True, 1e300])
@pytest.mark.parametrize("key", ["metadata", "id", "outputs", "attachments", "execution_count"])
def test_values_of_the_wrong_type_harm_at_most_their_cell(
    handed_in: dict, taken: Taken, key: str, value: object
) -> None:
    cell_of(handed_in, "lookup")[key] = value
    submission = taken(handed_in)
    assert submission.answers["total"] == ANSWERS["total"]
    if key == "metadata":
        assert "exercise lookup was deleted; the released cell was put back" in submission.notes
    else:
        assert submission.answers == ANSWERS


@pytest.mark.parametrize("value", [None, 3, [], ["lookup"], {"lookup": 1}, True, "", "unheard-of"])
def test_a_grade_id_of_the_wrong_type_is_no_grade_id(
    handed_in: dict, taken: Taken, value: object
) -> None:
    cell_of(handed_in, "lookup")["metadata"]["nbgrader"]["grade_id"] = value
    submission = taken(handed_in)
    assert "lookup" not in submission.answers
    assert submission.answers["total"] == ANSWERS["total"]


@pytest.mark.parametrize("value", [None, 3, [], "text", {"points": 99}, float("nan"), True])
@pytest.mark.parametrize("key", ["points", "schema_version", "grade", "solution", "locked", "task"])
def test_nbgraders_values_of_the_wrong_type_have_no_effect(
    handed_in: dict, taken: Taken, key: str, value: object
) -> None:
    for name in ("lookup", "lookup-check", "why"):
        cell_of(handed_in, name)["metadata"]["nbgrader"][key] = value
    assert taken(handed_in).answers == ANSWERS


@pytest.mark.parametrize("tags", [None, 3, "skip-execution", {"skip-execution": True}, [[]], [3]])
def test_tags_of_the_wrong_type_have_no_effect(handed_in: dict, taken: Taken, tags: object) -> None:
    cell_of(handed_in, "lookup-check")["metadata"]["tags"] = tags
    assert taken(handed_in).answers == ANSWERS


# The cells ---------------------------------------------------------------------------------------


def test_a_deleted_check_is_noted(handed_in: dict, taken: Taken) -> None:
    handed_in["cells"].remove(cell_of(handed_in, "lookup-check"))
    submission = taken(handed_in)
    assert submission.notes == ["check lookup-check was deleted; the released cell was put back"]
    assert submission.answers == ANSWERS


@pytest.mark.parametrize(
    ("name", "kind"), [("given-1", "given"), ("lookup", "exercise"), ("why", "question")]
)
def test_a_deleted_cell_is_noted(handed_in: dict, taken: Taken, name: str, kind: str) -> None:
    handed_in["cells"].remove(cell_of(handed_in, name))
    submission = taken(handed_in)
    assert submission.notes == [f"{kind} {name} was deleted; the released cell was put back"]
    assert name not in submission.answers


def test_an_edited_check_is_noted(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "lookup-check")["source"] = "pass"
    assert taken(handed_in).notes == ["check lookup-check was edited; the released check was used"]


def test_white_space_at_the_end_of_a_checks_lines_is_no_edit(handed_in: dict, taken: Taken) -> None:
    cell = cell_of(handed_in, "lookup-check")
    cell["source"] = "  \n".join(cell["source"].split("\n")) + "\n\n"
    assert taken(handed_in).notes == []


def test_an_edited_given_cell_is_noted(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "given-1")["source"] += "\ntable = None"
    assert taken(handed_in).notes == ["given cell given-1 was edited; the released cell was used"]


def test_a_check_with_a_tag_to_skip_it_is_noted(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "lookup-check")["metadata"]["tags"] = ["skip-execution"]
    assert taken(handed_in).notes == ["lookup-check carries tags; no effect"]


def test_raised_points_are_noted(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "lookup-check")["metadata"]["nbgrader"]["points"] = 1000
    assert taken(handed_in).notes == ["points of lookup-check were changed; no effect"]


def test_another_schema_version_is_noted(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "total")["metadata"]["nbgrader"]["schema_version"] = 99
    assert taken(handed_in).notes == ["nbgrader's schema_version of total was changed; no effect"]


@pytest.mark.parametrize("name", ["lookup", "lookup-check", "why"])
def test_a_changed_cell_type_is_noted(handed_in: dict, taken: Taken, name: str) -> None:
    cell = cell_of(handed_in, name)
    was = cell["cell_type"]
    for other in {"code", "markdown", "raw"} - {was}:
        cell["cell_type"] = other
        submission = taken(handed_in)
        assert submission.notes == [f"{name} was made a {other} cell; taken as {was}"]
        assert submission.answers == ANSWERS


def test_of_a_duplicated_cell_the_last_one_counts_and_the_other_is_kept(
    handed_in: dict, taken: Taken
) -> None:
    cell = cell_of(handed_in, "total")
    copy = deepcopy(cell)
    copy["source"] = "def total(values):\n    return 0.0"
    handed_in["cells"].insert(handed_in["cells"].index(cell) + 1, copy)
    submission = taken(handed_in)
    assert submission.notes == ["total is there twice; the last one counts"]
    assert submission.answers["total"] == copy["source"]
    assert [own.source for own in submission.own] == [ANSWERS["total"]]


def test_a_cell_that_is_there_a_thousand_times_counts_once(handed_in: dict, taken: Taken) -> None:
    handed_in["cells"] += [deepcopy(cell_of(handed_in, "total")) for _ in range(1000)]
    assert taken(handed_in).answers == ANSWERS


def test_a_renamed_cell_is_kept_as_the_students_own_and_the_released_one_put_back(
    handed_in: dict, taken: Taken
) -> None:
    cell_of(handed_in, "total")["metadata"]["nbgrader"]["grade_id"] = "sum"
    submission = taken(handed_in)
    assert submission.notes == [
        "unknown cell id 'sum'; kept as the student's own cell",
        "exercise total was deleted; the released cell was put back",
    ]
    assert [own.source for own in submission.own] == [ANSWERS["total"]]


def test_an_answer_that_takes_a_checks_name_does_not_take_its_place(
    handed_in: dict, taken: Taken
) -> None:
    cell_of(handed_in, "total-check")["metadata"]["nbgrader"]["grade_id"] = "total-check-0"
    cell_of(handed_in, "total")["metadata"]["nbgrader"]["grade_id"] = "total-check"
    submission = taken(handed_in)
    assert "check total-check was edited; the released check was used" in submission.notes
    assert "exercise total was deleted; the released cell was put back" in submission.notes
    assert "total" not in submission.answers


def test_a_very_long_or_unprintable_cell_id_is_shown_in_part(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "total")["metadata"]["nbgrader"]["grade_id"] = "\x1b[31m\n" + "x" * 10**6
    note = taken(handed_in).notes[0]
    assert note.isprintable() and len(note) < 200


def test_cells_in_another_order_are_put_where_they_belong(handed_in: dict, taken: Taken) -> None:
    handed_in["cells"].reverse()
    submission = taken(handed_in)
    assert submission.answers == ANSWERS
    assert submission.notes == []


def test_own_cells_remember_the_courses_cell_above_them(
    handed_in: dict, taken: Taken, lab: ReleasedLab
) -> None:
    cells = handed_in["cells"]
    at = cells.index(cell_of(handed_in, "lookup"))
    cells[at + 1 : at + 1] = [own_cell("x = 1"), own_cell("# so", "markdown"), own_cell("  \n")]
    cells.insert(0, own_cell("first = 0"))
    own = taken(handed_in).own
    above = [lab.notebook.cells[o.after].id if o.after >= 0 else None for o in own]
    assert [(o.cell_type, o.source) for o in own] == [
        ("code", "first = 0"), ("code", "x = 1"), ("markdown", "# so"),
    ]  # fmt: skip
    assert above == [None, "lookup", "lookup"]


def test_the_checks_of_a_submission_are_not_taken(handed_in: dict, taken: Taken) -> None:
    cell_of(handed_in, "lookup-check")["source"] = "raise SystemExit"
    cell_of(handed_in, "given-1")["source"] = "raise SystemExit"
    submission = taken(handed_in)
    everything = [*submission.answers.values(), *submission.demos.values(),
                  *(own.source for own in submission.own)]  # fmt: skip
    assert not any("SystemExit" in source for source in everything)
