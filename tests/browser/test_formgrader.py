"""An instructor grades a written answer in nbgrader's formgrader, in a real browser."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.authoring.compose import demo_class
from autograder.course import Course
from tests.browser.conftest import serve, shot
from tests.conftest import ROOT

LAB, QUESTION = "lab1_lookup_vs_onehot", "dense-or-table"
COMMENT = "Say what each of them costs: 2 < 16 & so on. – Dr Ü"
PATIENCE = 300_000  # milliseconds
# nbgrader's page asks the network for it; a test may have none.
MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/**"
NO_FORMULAS = "MathJax = {Hub: {Config() {}, Startup: {signal: {Interest() {}}}}};"
FORMGRADER = "{'nbgrader.server_extensions.formgrader': True}"


@pytest.fixture
def graded(tmp_path: Path) -> tuple[Course, Callable[..., None]]:
    """A class of three, graded, and the command that graded it."""
    root = tmp_path / "class"
    demo_class(Course(ROOT), root, [LAB], 3, 0)

    def autograder(*arguments: str) -> None:
        command = [sys.executable, "-m", "autograder", *arguments, "--course", str(root)]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr

    autograder("grade")
    return Course(root), autograder


def grades(course: Course) -> dict[str, dict[str, str]]:
    with (course.root / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_points_and_a_comment_given_by_hand_reach_the_tables_the_report_and_the_student(
    page, graded: tuple[Course, Callable[..., None]]
) -> None:
    course, autograder = graded
    before = grades(course)
    assert {row["needs_manual_grade"] for row in before.values()} == {"true"}
    page.route(MATHJAX, lambda route: route.fulfill(body=NO_FORMULAS))
    with serve(course.root, "lab", f"--ServerApp.jpserver_extensions={FORMGRADER}") as address:
        page.goto(f"{address}/lab?reset")
        page.get_by_role("menubar").get_by_role("menuitem", name="Nbgrader").click(timeout=PATIENCE)
        page.get_by_role("menu").get_by_role("menuitem", name="Formgrader").click()
        formgrader = page.frame_locator("iframe")
        formgrader.get_by_role("link", name="Manual Grading").click(timeout=PATIENCE)
        shot(page, "formgrader-1-manual-grading")
        formgrader.get_by_role("link", name=LAB).click(timeout=PATIENCE)
        formgrader.get_by_role("link", name=LAB).click(timeout=PATIENCE)
        shot(page, "formgrader-2-submissions")
        formgrader.get_by_role("link", name="Submission #1").click(timeout=PATIENCE)
        points = formgrader.locator(f"input.score[id='{QUESTION}']")
        comment = formgrader.locator(f"textarea.comment[id='{QUESTION}-comment']")
        # The page's script has taken a field over when it has written a hint into it.
        for field in (f"{QUESTION}_extra_credit", f"{QUESTION}-comment"):
            formgrader.locator(f"[id='{field}'][placeholder]").wait_for(timeout=PATIENCE)
        shot(page, "formgrader-3-submission")
        assert "Student's answer" in formgrader.locator("body").inner_text()
        with page.expect_response(lambda answer: "/api/grade/" in answer.url) as saved:
            points.fill("2")
            points.press("Tab")
        assert saved.value.ok
        with page.expect_response(lambda answer: "/api/comment/" in answer.url) as saved:
            comment.fill(COMMENT)
            comment.press("Tab")
        assert saved.value.ok
        comment.scroll_into_view_if_needed()
        shot(page, "formgrader-4-graded")
        page.goto("about:blank")  # before the server that JupyterLab goes on asking is gone

    for command in ("grade", "report", "feedback"):
        autograder(command)
    after = grades(course)
    (student,) = (name for name in after if after[name]["score"] != before[name]["score"])
    assert float(after[student]["score"]) == float(before[student]["score"]) + 2

    page.goto((course.root / "report.html").as_uri() + f"#student-{student}")
    row = page.locator(f"[id='student-{student}'] tbody tr")
    assert f"{after[student]['score']}/{after[student]['max_score']}" in row.inner_text()
    shot(page, "formgrader-5-report")
    question = page.locator(f"[id='lab-{LAB}'] tr", has_text=QUESTION)
    assert "1 graded by hand, 2 needs manual grade" in question.inner_text()

    page.goto((course.feedback_directory / student / LAB / f"{LAB}.html").as_uri())
    shot(page, "formgrader-6-feedback")
    assert page.locator("tr", has_text=QUESTION).inner_text().endswith("graded by hand\t2 of 3")
    assert COMMENT in page.inner_text("main")
