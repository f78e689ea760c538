"""A student opens Lab 1 in JupyterLab, in a real browser."""

from __future__ import annotations

import re

from tests.browser.conftest import shot

LAB = "lab1_lookup_vs_onehot"
SECONDS = 1000


def open_notebook(page, server: str, lab: str) -> None:
    page.goto(f"{server}/lab/tree/{lab}/{lab}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90 * SECONDS)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]",
                           timeout=90 * SECONDS, state="attached")  # fmt: skip


def test_the_page_opens_without_notices_and_offers_validate(page, lab_server: str) -> None:
    open_notebook(page, lab_server, LAB)
    page.wait_for_selector("text=Validate", timeout=60 * SECONDS)
    page.wait_for_timeout(2 * SECONDS)
    shot(page, "student-opens")
    assert page.locator(".Toastify__toast").count() == 0
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_alt_text("Open in Colab").is_visible()


def test_validate_says_which_exercises_are_not_done(page, lab_server: str) -> None:
    open_notebook(page, lab_server, LAB)
    page.get_by_text("Validate", exact=True).first.click()
    dialog = page.locator(".jp-Dialog, .modal-dialog, .nbgrader-ErrorDialog").first
    dialog.wait_for(timeout=120 * SECONDS)
    page.wait_for_timeout(1 * SECONDS)
    shot(page, "student-validates")
    said = dialog.inner_text()
    assert "NotImplementedError" in said or "failed" in said.lower()
    assert "Traceback (most recent call last)" not in re.sub(r"\s+", " ", said) or "failed" in said
