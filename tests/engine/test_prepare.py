"""The trusted notebook: the course's cells and metadata, whatever the submission says."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from autograder.engine.intake import Submission
from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.prepare import prepare
from tests.engine.conftest import ANSWERS, cell_of, own_cell

Taken = Callable[[dict], Submission]


@pytest.fixture
def prepared(taken: Taken, lab: ReleasedLab) -> Callable[[dict], NotebookNode]:
    return lambda nb: prepare(lab, taken(nb))


Prepared = Callable[[dict], NotebookNode]


def sources(nb: NotebookNode) -> list[str]:
    return [cell.source for cell in nb.cells]


def test_an_honest_submission_is_the_released_lab_with_the_answers_in_it(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    nb = prepared(handed_in)
    expected = [ANSWERS.get(grade_id(c), c.source) for c in lab.notebook.cells]
    assert sources(nb) == expected
    assert [c.metadata for c in nb.cells] == [c.metadata for c in lab.notebook.cells]
    nbformat.validate(nb)


def test_the_checks_are_the_released_ones_with_their_hidden_tests(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    cell_of(handed_in, "lookup-check")["source"] = "pass"
    handed_in["cells"].remove(cell_of(handed_in, "total-check"))
    nb = prepared(handed_in)
    for name in ("lookup-check", "total-check", "total-check-2"):
        (cell,) = (c for c in nb.cells if grade_id(c) == name)
        assert cell.source == lab.graded_cells[name].source
    assert any("BEGIN HIDDEN TESTS" in source for source in sources(nb))


def test_given_cells_are_the_released_ones(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    cell_of(handed_in, "given-1")["source"] = "table = None"
    (given,) = (c for c in prepared(handed_in).cells if kind_of(c) == "given")
    assert given == lab.graded_cells["given-1"]


def test_no_metadata_of_a_submission_gets_through(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    honest = prepared(deepcopy(handed_in))
    handed_in["metadata"] = {"kernelspec": {"name": "evil"}, "widgets": {}}
    for cell in handed_in["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
        cell["metadata"]["editable"] = True
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"].update(
                points=1000, schema_version=99, grade=False, locked=False, checksum="0" * 32
            )
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "passed"}]
            cell["execution_count"] = 7
    assert prepared(handed_in) == honest


def test_a_deleted_answer_is_the_released_stub(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    handed_in["cells"].remove(cell_of(handed_in, "lookup"))
    (cell,) = (c for c in prepared(handed_in).cells if grade_id(c) == "lookup")
    assert "raise NotImplementedError" in cell.source


def test_a_deleted_demonstration_stays_away(handed_in: dict, prepared: Prepared) -> None:
    handed_in["cells"] = [c for c in handed_in["cells"] if c["source"] != "print(table[3])"]
    assert "print(table[3])" not in sources(prepared(handed_in))


def test_deleted_prose_stays_away_and_harms_nothing(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    handed_in["cells"] = [c for c in handed_in["cells"] if "nbgrader" in c["metadata"]]
    nb = prepared(handed_in)
    assert [grade_id(c) for c in nb.cells if grade_id(c)] == list(lab.graded_cells)


def test_an_edited_demonstration_is_run_as_the_student_left_it(
    handed_in: dict, prepared: Prepared
) -> None:
    (demo,) = (c for c in handed_in["cells"] if c["source"] == "print(table[3])")
    demo["source"] = "row = table[3]"
    assert sources(prepared(handed_in)).count("row = table[3]") == 1


def test_own_cells_stand_where_the_student_put_them(handed_in: dict, prepared: Prepared) -> None:
    cells = handed_in["cells"]
    cells.insert(cells.index(cell_of(handed_in, "lookup")), own_cell("helper = 1"))
    cells.insert(cells.index(cell_of(handed_in, "lookup-check")), own_cell("lookup(table, 1)"))
    cells.insert(0, own_cell("import math"))
    text = sources(prepared(handed_in))
    assert text[0] == "import math"
    at = text.index(ANSWERS["lookup"])
    assert text[at - 1] == "helper = 1"
    assert text[at + 1] == "lookup(table, 1)"


def test_rewritten_ids_are_matched_by_text(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    honest = prepared(deepcopy(handed_in))
    for n, cell in enumerate(handed_in["cells"]):  # as Colab does
        cell["id"] = f"Xy{n:010}"
        cell["metadata"]["id"] = cell["id"]
    assert prepared(handed_in) == honest


def test_missing_ids_are_matched_by_text(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    honest = prepared(deepcopy(handed_in))
    for cell in handed_in["cells"]:  # as notebooks before format 4.5 have it
        del cell["id"]
    assert prepared(handed_in) == honest


def test_every_graded_cell_is_there_once_and_in_order_whatever_was_handed_in(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    handed_in["cells"] = [*reversed(handed_in["cells"]), *deepcopy(handed_in["cells"][3:])]
    nb = prepared(handed_in)
    assert [grade_id(c) for c in nb.cells if grade_id(c)] == list(lab.graded_cells)
    assert len({c.id for c in nb.cells}) == len(nb.cells)
    nbformat.validate(nb)


def test_preparing_leaves_the_released_lab_as_it_is(
    handed_in: dict, prepared: Prepared, lab: ReleasedLab
) -> None:
    before = deepcopy(lab.notebook)
    prepared(handed_in).cells[2].source = "changed"
    assert lab.notebook == before
