"""The report in a real browser: what it looks like is kept as pictures, what it does is tested."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.course import Course
from autograder.engine.report import read_class
from autograder.engine.report_page import page as report_page
from tests.browser.conftest import shot
from tests.engine.classes import synthesise

EVIL = "<img src=x onerror=pwned()> ü"
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
SCORES = """table => [...table.tBodies[0].rows].map(row => row.cells[1].textContent)"""


@pytest.fixture(scope="module")
def report(built_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a class of 20, made up and not graded."""
    root = tmp_path_factory.mktemp("report") / "course"
    shutil.copytree(built_toy, root)
    course = Course(root)
    synthesise(course, [EVIL, *(f"student{n:02}" for n in range(1, 20))])
    path = root / "report.html"
    path.write_text(report_page(read_class(course), datetime(2026, 11, 22)), encoding="utf-8")
    return path


@pytest.fixture
def look(browser, report: Path) -> Callable:
    """Opens the report; at the end nothing was asked of any network, and nothing went wrong."""
    contexts, problems = [], []

    def looked(width: int = 1280, height: int = 900, **options: object) -> SimpleNamespace:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: request.url.split("#")[0] == report.as_uri()
                or problems.append(request.url))  # fmt: skip
        page.goto(report.as_uri())
        return page

    yield looked
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_page_fits_and_figures_follow_the_theme(look: Callable, size: str, scheme: str) -> None:
    page = look(*SIZES[size], color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it overflows"
    colours = page.evaluate(
        """() => {
          const own = (node, what) => getComputedStyle(node)[what];
          return [...document.querySelectorAll("figure svg text")].map(node => own(node, "fill"))
            .concat(own(document.body, "color"));
        }"""
    )
    assert len(colours) > 20 and len(set(colours)) == 1, "axes are labelled in the text's colour"
    shot(page, f"report-{size}-{scheme}")


def test_tables_sort_by_mouse_and_by_keyboard(look: Callable) -> None:
    page = look()
    table = page.locator("table.all")
    heading = table.locator("thead th").nth(1)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    up = table.evaluate(SCORES)
    numbers = [int(text.rstrip("%")) for text in up if text]
    assert numbers == sorted(numbers) and len(set(numbers)) > 3
    assert up == [text for text in up if text] + [""] * up.count(""), "what is empty comes last"
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    down = [int(text.rstrip("%")) for text in table.evaluate(SCORES) if text]
    assert down == sorted(numbers, reverse=True)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") is None
    assert table.locator("thead th").nth(0).get_attribute("aria-sort") == "ascending"
    assert table.locator("tbody tr").last.locator("th").text_content() == "student19"


def test_every_student_and_lab_is_one_click_away(look: Callable) -> None:
    page = look()
    page.locator("table.all").get_by_role("link", name=EVIL).click()
    assert page.locator("section.student:target h3").text_content() == EVIL
    page.get_by_role("navigation").get_by_role("link", name="toy").click()
    assert page.locator("section:target h2").text_content() == "Toy"


def test_the_page_is_readable_without_its_script_and_on_paper(look: Callable) -> None:
    page = look(720, 1000, java_script_enabled=False, color_scheme="dark")
    assert page.get_by_role("button").count() == 0
    assert page.locator("table.all tbody tr").count() == 20
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert not page.locator("section.student").last.is_hidden()
    shot(page, "report-paper")
