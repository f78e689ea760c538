"""Whatever a submission shows, a browser that opens its pages does nothing with it.

Every payload stands in every kind of output and in text cells; grading's own step cleans them, and
Chromium opens nbgrader's formgrader and feedback pages of the result, and ours.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.converters import GenerateFeedback
from nbgrader.server_extensions.formgrader import handlers

from autograder.course import Course
from autograder.engine.feedback_page import Pages, Results
from autograder.engine.lab import ReleasedLab, kind_of
from autograder.engine.sanitise import sanitise
from tests.browser.payloads import HTML, MARKDOWN, TEX, TEXT

WIDTH = "1 onerror=pwned('width')"  # which nbconvert's template writes without quotes
HERE, MATHJAX = "http://lab.test/", "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
AUDIT = (Path(__file__).parent / "audit.js").read_text()


# Hostile notebooks --------------------------------------------------------------------------------


def display(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}} | more


def outputs(payload: str) -> list[dict[str, Any]]:
    """One payload in each kind of output."""
    coded = base64.b64encode(payload.encode()).decode()
    return [
        display({"text/html": payload}),
        display({"text/html": payload}, metadata={"text/html": {"isolated": True}}),
        display({"text/markdown": payload}),
        display({"text/latex": f"${payload}$"}),
        display({"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{payload}</svg>"}),
        display({"text/vnd.mermaid": payload}),
        display({"application/javascript": "pwned('script')"}),
        display({"image/png": f'"> {payload}'}),
        display({"image/png": coded}, metadata={"image/png": {"width": WIDTH}}),
        display({"image/jpeg": coded}, metadata={"filenames": {"image/jpeg": payload}}),
        display({"text/plain": payload}),
        {"output_type": "execute_result", "data": {"text/plain": payload}, "metadata": {},
         "execution_count": payload},
        {"output_type": "stream", "name": "stdout", "text": payload},
        {"output_type": "stream", "name": "stderr", "text": payload},
        {"output_type": "error", "ename": payload, "evalue": payload, "traceback": [payload]},
    ]  # fmt: skip


def hostile(lab: ReleasedLab) -> tuple[NotebookNode, int]:
    """The toy lab with a code cell and a markdown cell for each payload, and how many those are."""
    nb = deepcopy(lab.notebook)
    nb.cells = [cell for cell in nb.cells if kind_of(cell) != "markdown"]  # has a picture, a link
    nb.metadata["title"] = HTML[0].replace("{n}", "0")
    nb.metadata["language_info"]["pygments_lexer"] = "x'><script>pwned(0)</script>"
    payloads = [*HTML, *TEX, *MARKDOWN, *TEXT]
    for n, payload in enumerate(payloads):
        payload = payload.replace("{n}", str(n))
        code = new_code_cell(payload, id=f"own-{2 * n}")
        code.metadata = nbformat.from_dict({"tags": [payload], "alt": payload})
        code.execution_count = payload
        code.outputs = nbformat.from_dict(outputs(payload))
        text = new_markdown_cell(payload, id=f"own-{2 * n + 1}")
        text.attachments = {f"x{n}.png": {"image/svg+xml": payload}}
        nb.cells += [code, text]
    for cell in nb.cells:
        if cell.id == "why":
            cell.source += "\n\n" + payloads[0]
    return nb, len(payloads)


# Pages of it --------------------------------------------------------------------------------------


def graded(nb: NotebookNode) -> NotebookNode:
    """With what nbgrader adds before it renders a page."""
    for cell in nb.cells:
        if cell.metadata.get("nbgrader"):
            cell.metadata.nbgrader |= {"score": 1, "points": 1, "comment": "well done"}
    return nb


def formgrader(course: Course, lab: ReleasedLab, nb: NotebookNode) -> str:
    """As nbgrader's `FormgradeExtension` and `SubmissionHandler` make the page."""
    exporter = HTMLExporter(
        config=course.config,
        template_name="formgrade",
        extra_template_basedirs=[handlers.template_path],
    )
    resources = {"assignment_id": "toy", "notebook_id": "toy", "submission_id": "1", "index": 0,
                 "total": 1, "base_url": "", "student": "ann", "last_name": "", "first_name": "",
                 "notebook_path": ""}  # fmt: skip
    return exporter.from_notebook_node(graded(nb), resources)[0]


def feedback(course: Course, lab: ReleasedLab, nb: NotebookNode) -> str:
    """As `nbgrader generate_feedback` makes the page."""
    converter = GenerateFeedback(coursedir=course.directories, config=course.config)
    resources = {"notebook": "toy", "score": 1, "max_score": 9, "late_penalty": 0}
    exporter = HTMLExporter(config=converter.config)
    return exporter.from_notebook_node(graded(nb), {"nbgrader": resources})[0]


def ours(course: Course, lab: ReleasedLab, nb: NotebookNode) -> str:
    grade = SimpleNamespace(score=1.0, max_score=1.0, manual_score=None, auto_score=1.0)
    verdict = {"outcome": "wrong", "message": HTML[0]}
    results = Results("<b>ann</b>", HTML[0], nb, dict.fromkeys(lab.checks, verdict),
                      dict.fromkeys([*lab.checks, *lab.questions], grade), {}, 1, 9)  # fmt: skip
    return Pages(course, show_hidden=False).page(lab, results)


@dataclass
class Seen:
    """What a browser did with a page. hits: payloads that ran. asked: addresses elsewhere.

    found: elements that could still act, or cover the page.
    """

    hits: list[int | str]
    asked: list[str]
    dialogs: list[str]
    found: list[str]
    address: str
    cells: int


@pytest.fixture
def look(browser) -> Callable[[str], Seen]:
    """Opens a page where nothing but the page's own host answers."""

    def looked(html: str) -> Seen:
        asked: list[str] = []
        dialogs: list[str] = []

        def answer(route) -> None:
            address = route.request.url
            static = address.removeprefix(HERE + "formgrader/static/").split("?")[0]
            if address == HERE:
                route.fulfill(body=html, content_type="text/html; charset=utf-8")
            elif (
                static != address.split("?")[0] and (Path(handlers.static_path) / static).is_file()
            ):
                route.fulfill(path=Path(handlers.static_path) / static)
            else:
                if not address.startswith((HERE, MATHJAX, "data:")):
                    asked.append(address)
                route.abort()

        context = browser.new_context()
        context.add_init_script("window.hits = []; window.pwned = n => window.hits.push(n);")
        context.route("**/*", answer)
        page = context.new_page()
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(HERE, wait_until="domcontentloaded")
        page.wait_for_timeout(500)
        audit = page.evaluate(AUDIT)
        seen = Seen(page.evaluate("window.hits"), asked, dialogs, audit["found"], page.url,
                    audit["cells"])  # fmt: skip
        context.close()
        return seen

    return looked


@pytest.fixture(scope="module")
def lab(built_toy: Path) -> ReleasedLab:
    return ReleasedLab.load(Course(built_toy), "toy")


@pytest.mark.parametrize("render", [formgrader, feedback, ours])
def test_no_payload_does_anything(
    render: Callable, course: Course, lab: ReleasedLab, look: Callable[[str], Seen]
) -> None:
    nb, count = hostile(lab)
    sanitise(nb, lab)
    seen = look(render(course, lab, nb))
    assert seen == Seen([], [], [], [], HERE, seen.cells)
    assert seen.cells >= 2 * count, "the page shows fewer cells than there are payloads"


def test_the_same_page_acts_where_nothing_is_cleaned(
    course: Course, lab: ReleasedLab, look: Callable[[str], Seen]
) -> None:
    """So that the test above can fail: the payloads work, and the browser is watched."""
    nb, _ = hostile(lab)
    # At these nbgrader shows an error, and no page at all.
    nb.cells = [cell for cell in nb.cells if "attachment:" not in cell.source]
    nb.metadata = lab.notebook.metadata
    for cell in nb.cells:
        cell.metadata.pop("tags", None)
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
    seen = look(formgrader(course, lab, nb))
    assert {"script", "width"} < set(seen.hits) and len(set(seen.hits)) > 25
    assert len(set(seen.asked)) > 50
    assert len(seen.found) > 100
