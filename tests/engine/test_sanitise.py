"""What a submission shows is rebuilt from harmless parts, and no verdict is lost on the way."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.utils import determine_grade

from autograder.course import Course
from autograder.engine import sanitise as module
from autograder.engine.lab import ReleasedLab, grade_id
from autograder.engine.record import graft
from autograder.engine.sanitise import sanitise
from autograder.examiner.checks import WRONG
from tests.engine.conftest import executed


def cleaned(lab: ReleasedLab, *outputs: dict[str, Any]) -> list[NotebookNode]:
    """What is left of outputs of a student's cell."""
    nb = deepcopy(lab.notebook)
    nb.cells.append(new_code_cell("1", id="own-1"))
    nb.cells[-1].outputs = nbformat.from_dict(list(outputs))
    sanitise(nb, lab)
    nbformat.validate(nb)
    once = deepcopy(nb)
    sanitise(nb, lab)
    assert nb == once, "not the same when it is cleaned again"
    return nb.cells[-1].outputs


def shown(lab: ReleasedLab, data: dict[str, Any], **metadata: Any) -> NotebookNode:
    (output,) = cleaned(
        lab, {"output_type": "display_data", "data": data, "metadata": metadata, "transient": {}}
    )
    return output


def test_the_outputs_of_every_lab_look_the_same_afterwards(course: Course) -> None:
    for name in course.labs():
        reference = nbformat.read(course.reference_notebook(name), as_version=4)
        nb = deepcopy(reference)
        sanitise(nb, ReleasedLab.load(course, name))
        for cell, before in zip(nb.cells, reference.cells, strict=True):
            assert cell.get("outputs") == before.get("outputs"), f"{name} {cell.id}"
            assert cell.source == before.source, f"{name} {cell.id}: a model answer"


@pytest.mark.parametrize(
    "data",
    [
        {"image/svg+xml": "<svg onload='pwned()'/>"},
        {"application/javascript": "pwned()"},
        {"application/pdf": "JVBERi0="},
        {"application/json": {"a": [1]}},
        {"application/vnd.vega.v5+json": {"data": {"url": "https://evil.test"}}},
        {"text/vnd.mermaid": "graph <script>pwned()</script>"},
        {"image/gif": "R0lGODlhAQABAAAAACw="},
        {"text/html": "<script>pwned()</script>"},
        {"text/html": ["<script>", {"not": "text"}]},
        {"image/png": "<script>"},
        {"text/plain": {"not": "text"}, "text/html": None},
        {"<script>pwned()</script>": "x"},
        {},
    ],
    ids=lambda data: ", ".join(data) or "nothing",
)
def test_of_what_cannot_be_shown_the_plain_text_stays(lab: ReleasedLab, data: dict) -> None:
    output = shown(lab, {"text/plain": "<object>"} | data)
    assert output.data.keys() == {"text/plain"}
    assert "pwned" not in output.data["text/plain"] and "evil" not in output.data["text/plain"]
    if "text/plain" not in data:
        assert output.data["text/plain"].startswith("<object>")


def test_what_is_not_shown_is_named(lab: ReleasedLab) -> None:
    widget = {"model_id": "1"}
    output = shown(lab, {"text/plain": "IntSlider(value=3)",
                         "application/vnd.jupyter.widget-view+json": widget})  # fmt: skip
    assert output.data["text/plain"] == (
        "IntSlider(value=3)\n[not shown: a widget, which works in an open notebook only]"
    )
    assert shown(lab, {"image/svg+xml": "<svg/>"}).data["text/plain"] == (
        "[not shown: image/svg+xml]"
    )


def test_markdown_and_formulas_that_act_are_shown_as_text(lab: ReleasedLab) -> None:
    for mime in ("text/markdown", "text/latex"):
        assert shown(lab, {mime: "$x$"}).data == {mime: "$x$", "text/plain": ""}
        active = r"$\href{javascript:pwned()}{x}$"
        output = shown(lab, {mime: active})
        assert output.data.keys() == {"text/plain"} and active in output.data["text/plain"]


def test_of_metadata_a_pictures_size_stays(lab: ReleasedLab, course: Course) -> None:
    reference = nbformat.read(course.reference_notebook(course.labs()[0]), as_version=4)
    pictures = [o.data["image/png"] for cell in reference.cells for o in cell.get("outputs", [])
                if "image/png" in o.get("data", {})]  # fmt: skip
    output = shown(
        lab,
        {"image/png": pictures[0]},
        **{"image/png": {"width": 30, "height": "1 onerror=pwned()", "alt": "x", "unconfined": 1}},
        filenames={"image/png": "//evil.test/x.png"},
        isolated=True,
    )
    assert output.metadata == {"image/png": {"width": 30}}


def test_streams_and_errors_are_made_anew(lab: ReleasedLab) -> None:
    stream, odd, error, bad = cleaned(
        lab,
        {"output_type": "stream", "name": "stderr", "text": "a\x1b[2J\r\n", "evil": 1},
        {"output_type": "stream", "name": "<script>", "text": {"not": "text"}},
        {"output_type": "error", "ename": "E\x07", "evalue": "\u202ev", "traceback": ["a\nb", 3]},
        {"output_type": "error", "ename": None, "evalue": [1], "traceback": "<script>"},
        {"output_type": "update_display_data", "data": {"text/html": "<script>"}},
        {"output_type": "pwned"},
    )
    assert stream == new_output("stream", name="stderr", text="a\n")
    assert odd == new_output("stream", name="stdout", text="")
    assert error == new_output("error", ename="E", evalue="v", traceback=["a", "b"])
    assert bad == new_output("error", ename="", evalue="", traceback=[""])


def test_counts_and_metadata_are_not_the_students(lab: ReleasedLab) -> None:
    nb = deepcopy(lab.notebook)
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    nb.metadata["title"] = "<script>pwned()</script>"
    own = new_code_cell("%%html\n<script>", id="own-1", execution_count=3)
    hostile = new_code_cell("1", id="own-2", metadata={"tags": ['x"><script>'], "execution": {}})
    hostile.execution_count = "<img src=x onerror=pwned()>"
    result = new_output("execute_result", {"text/plain": "1"}, execution_count=1)
    result.execution_count = True
    hostile.outputs = [result]
    nb.cells += [own, hostile]
    sanitise(nb, lab)
    assert nb.metadata == lab.notebook.metadata
    assert (own.execution_count, own.source) == (3, "%%html\n<script>"), "code is text, and stays"
    assert hostile.execution_count is None and hostile.metadata == {}
    assert hostile.outputs[0].execution_count is None


def test_only_markdown_that_the_course_does_not_have_is_cleaned(lab: ReleasedLab) -> None:
    course = deepcopy(lab.notebook)
    heading = next(cell for cell in course.cells if cell.cell_type == "markdown")
    heading.source += "\n<details>the course's own HTML</details>"
    lab = ReleasedLab("toy", course)
    nb = deepcopy(course)
    question = next(cell for cell in nb.cells if grade_id(cell) == "why")
    question.source += "\n<script>pwned()</script>"
    own = new_markdown_cell("![x](attachment:x.png)", id="own-1")
    own.attachments = {"x.png": {"image/svg+xml": "<svg/>"}}
    nb.cells += [own]
    sanitise(nb, lab)
    assert nb.cells[course.cells.index(heading)].source == heading.source
    assert question.source.startswith("*Shown as plain text") and "<script>" in question.source
    assert own.source.startswith("(picture, not shown") and "attachments" not in own


# Verdicts -----------------------------------------------------------------------------------------


def test_no_amount_of_output_crowds_out_a_verdict(
    lab: ReleasedLab, handed_in: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_OUTPUTS", 3)
    monkeypatch.setattr(module, "MAX_TOTAL", 50)
    execution = executed(lab, handed_in, WRONG)
    first, *_ = checks = [cell for cell in execution.notebook.cells if cell.source and
                          grade_id(cell) in execution.verdicts]  # fmt: skip
    first.outputs = [new_output("stream", text="x" * 40)] * 9 + first.outputs
    sanitise(execution.notebook, lab)
    graft(execution)
    assert [determine_grade(cell)[0] for cell in checks] == [0] * len(checks)
    assert [o.get("text") for o in first.outputs[:3]] == ["x" * 40, "x" * 40, module.NO_ROOM]
    assert first.outputs[-1].output_type == "error" and len(first.outputs) == 4


def test_html_has_a_limit_for_the_whole_notebook(
    lab: ReleasedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_TAGS_IN_ALL", 10)
    table = {"output_type": "display_data", "data": {"text/html": "<b>1</b>" * 3}}
    outputs = cleaned(lab, table, table)
    assert outputs[0].data["text/html"] and outputs[1].text == module.NO_ROOM


def test_a_cell_that_shows_another_verdict_is_never_saved(
    lab: ReleasedLab, handed_in: dict
) -> None:
    execution = executed(lab, handed_in, WRONG)
    cell = next(cell for cell in execution.notebook.cells if grade_id(cell) == "total-check")
    cell.outputs = []
    with pytest.raises(AssertionError, match="total-check shows another verdict than wrong"):
        graft(execution)
