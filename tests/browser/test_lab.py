"""A student works through the labs in JupyterLab, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from autograder.authoring.compose import WRITTEN, load_bank, submission
from autograder.course import Course
from autograder.engine.lab import grade_id, kind_of
from tests.browser.conftest import shot
from tests.conftest import ROOT
from tests.nbval.student import waiting_cells

LABS = Course(ROOT).labs()
# What a run that names no labs has time for: the one that takes least.
LIGHT = ("lab1_lookup_vs_onehot",)
FRIENDLY = re.compile(
    r"^NotImplementedError: .*(not done yet: |do its exercise first)", re.IGNORECASE | re.DOTALL
)
FAULT = "[data-mime-type$='stderr'], [data-mime-type$='error']"
SECONDS = 1000
PATIENCE = 300 * SECONDS

# JupyterLab's own words for what it shows: cells by position, as the notebook has them.
NOTEBOOK = "const panel = jupyterapp.shell.currentWidget, cells = panel.content.widgets;"
# A kernel answers in order: its word about itself comes after all that it was sent before. That it
# is idle says less. After an error it throws away what waits, and runs what comes a little later.
ASKED = f"""start => {{ {NOTEBOOK}
  const kernel = panel.sessionContext.session?.kernel;
  if (kernel?.status !== "idle") return false;
  if (start !== null && cells[start].model.executionCount === null) return false;
  panel.answered = false;
  kernel.requestKernelInfo().then(() => {{ panel.answered = true; }});
  return true;
}}"""
ANSWERED = "() => jupyterapp.shell.currentWidget.answered"
OUTPUTS = f"""() => {{ {NOTEBOOK}
  return cells.map(({{ model }}) => model.type !== "code" ? null
    : {{ count: model.executionCount, outputs: model.outputs.toJSON() }});
}}"""
GO_TO = f"""async position => {{ {NOTEBOOK}
  panel.content.activeCellIndex = position;
  await panel.content.scrollToItem(position, "center");
}}"""

# What the menu's "Run Selected Cell and All Below" does, without the menu's seconds.
RUN_BELOW = f"""position => {{ {NOTEBOOK}
  panel.content.activeCellIndex = position;
  jupyterapp.commands.execute("notebook:run-all-below");
}}"""


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> str:
    if request.param not in (request.config.getoption("--lab") or LIGHT):
        pytest.skip("not asked for: make browser runs every lab")
    return request.param


def open_notebook(page, server: str, lab: str, name: str | None = None) -> None:
    page.goto(f"{server}/lab/tree/{lab}/{name or lab}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
    settle(page)


def settle(page, start: int | None = None) -> None:
    """Waits until no cell runs or waits, and the cell at `start` has run."""
    page.wait_for_function(ASKED, arg=start, timeout=PATIENCE, polling=100)
    page.wait_for_function(ANSWERED, timeout=PATIENCE, polling=100)


def choose(page, menu: str, item: str) -> None:
    """Chooses from JupyterLab's menu bar."""
    page.get_by_role("menubar").get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menu").get_by_role("menuitem", name=item).first.click()


def run_all(page, cells: list[NotebookNode]) -> list[list[dict[str, Any]]]:
    """Runs all cells; after each error, those below it too. Returns each cell's outputs."""
    code = [n for n, cell in enumerate(cells) if cell.cell_type == "code" and cell.source]
    choose(page, "Run", "Run All Cells")
    settle(page, code[0])
    while True:
        ran = page.evaluate(OUTPUTS)
        left = [n for n in code if ran[n]["count"] is None]
        if not left:
            return [cell["outputs"] if cell else [] for cell in ran]
        # JupyterLab stops at an error, and so the student goes on below it.
        page.evaluate(RUN_BELOW, left[0])
        settle(page, left[0])


def errors(outputs: list[list[dict[str, Any]]]) -> dict[int, str]:
    """The error of each cell that has one, by position."""
    return {
        n: f"{output['ename']}: {output['evalue']}"
        for n, shown in enumerate(outputs)
        for output in shown
        if output["output_type"] == "error"
    }


def complaints(page, outputs: list[list[dict[str, Any]]]) -> list[str]:
    """What a reader would take for a fault: anything on stderr, a toast, a dialog."""
    said = [
        f"cell {n}: {''.join(output['text'])}"
        for n, shown in enumerate(outputs)
        for output in shown
        if output.get("name") == "stderr"
    ]
    return said + page.locator(".Toastify__toast, .jp-Dialog").all_inner_texts()


def validate(page, name: str) -> tuple[str, list[str]]:
    """Presses Validate. Returns what the dialog says and the cells that it lists as failed."""
    page.get_by_text("Validate", exact=True).first.click()
    dialog = page.locator(".jp-Dialog", has_text="Validation Results")
    dialog.wait_for(timeout=PATIENCE)
    shot(page, name)
    said, shown = dialog.inner_text(), dialog.locator("pre").all_inner_texts()
    dialog.get_by_role("button", name="Ok").click()
    return said, [plain(source) for source in shown[::2]]  # each with its reason below it


def plain(text: str) -> str:
    return " ".join(text.split())


def controls(cells: list[NotebookNode]) -> list[int]:
    """Positions of the cells with something to turn."""
    return [n for n, cell in enumerate(cells)
            if cell.cell_type == "code" and "interact(" in cell.source]  # fmt: skip


def shown(page, position: int):
    """A cell, scrolled to: JupyterLab draws those alone that are to be seen."""
    page.evaluate(GO_TO, position)
    return page.locator(".jp-Notebook-cell").nth(position)


def move_widget(page, position: int) -> None:
    """Moves the first control of a cell, by the keyboard, until its picture is another one."""
    cell = shown(page, position)
    picture = cell.locator(".jp-OutputArea .jp-OutputArea img")
    picture.wait_for(timeout=PATIENCE)
    before = picture.get_attribute("src")
    slider = cell.locator(".noUi-handle").first
    if slider.count():
        slider.press("ArrowRight")
    else:
        cell.locator("input[type=text]").fill("cafe")
        page.keyboard.press("Enter")
    handle = cell.element_handle()
    page.wait_for_function(
        """([cell, before]) => {
          const picture = cell.querySelector(".jp-OutputArea .jp-OutputArea img");
          return picture && picture.src !== before;
        }""",
        arg=[handle, before], timeout=PATIENCE, polling=200,
    )  # fmt: skip
    assert cell.locator(FAULT).count() == 0


def test_the_page_opens_without_notices_and_offers_validate(page, lab_server: str) -> None:
    open_notebook(page, lab_server, LABS[0])
    page.wait_for_selector("text=Validate", timeout=PATIENCE)
    page.wait_for_timeout(2 * SECONDS)
    shot(page, "student-opens")
    assert page.locator(".Toastify__toast").count() == 0
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_alt_text("Open in Colab").is_visible()


def test_an_untouched_lab_says_only_what_is_not_done(
    lab: str, page, lab_server: str, course: Course
) -> None:
    cells = nbformat.read(course.student_notebook(lab), as_version=4).cells
    open_notebook(page, lab_server, lab)
    outputs = run_all(page, cells)
    found = errors(outputs)
    failed = [n for n in found if kind_of(cells[n]) == "check"]
    page.evaluate(GO_TO, failed[0])
    shot(page, f"{lab}-1-untouched")
    assert all(FRIENDLY.search(error) for error in found.values()), found
    assert found.keys() <= waiting_cells(cells)
    checked = {grade_id(cells[n]).rpartition("-check")[0] for n in failed}
    assert checked == {grade_id(cell) for cell in cells if kind_of(cell) == "exercise"}
    for position in controls(cells):  # what a widget calls fails inside it, and fails no cell
        cell = shown(page, position)
        if position not in found:
            cell.locator(".jupyter-widgets").first.wait_for(timeout=PATIENCE)
            assert cell.locator(FAULT).count() == 0, cell.inner_text()

    said, listed = validate(page, f"{lab}-2-untouched-validated")
    questions = [n for n, cell in enumerate(cells) if kind_of(cell) == "question"]
    assert listed == [plain(cells[n].source) for n in sorted(failed + questions)]
    assert said.count("NotImplementedError") >= len(failed) and "Success" not in said
    assert not complaints(page, outputs)
    choose(page, "Kernel", "Shut Down Kernel")


def test_a_solved_lab_passes_and_its_widgets_move(
    lab: str, page, lab_server: str, lab_root: Path, course: Course
) -> None:
    bank = load_bank(course, lab)
    blank = nbformat.read(course.student_notebook(lab), as_version=4)
    solved = submission(blank, {name: bank.reference(name) for name in bank.exercises}, WRITTEN)
    nbformat.write(solved, lab_root / "notebooks" / lab / "solved.ipynb")
    open_notebook(page, lab_server, lab, "solved")
    outputs = run_all(page, solved.cells)
    assert errors(outputs) == {}
    widgets = controls(solved.cells)
    assert widgets, "each lab has a control to turn"
    for number, position in enumerate(widgets, 1):
        move_widget(page, position)
        shot(page, f"{lab}-3-widget-{number}-moved")
    said, listed = validate(page, f"{lab}-4-solved-validated")
    assert "Success! Your notebook passes all the tests." in said and not listed
    assert not complaints(page, outputs)
    choose(page, "Kernel", "Shut Down Kernel")
