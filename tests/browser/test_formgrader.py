"""An instructor opens a submission that we graded in nbgrader's formgrader, in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from autograder.authoring.compose import demo_class
from autograder.course import Course
from tests.browser.conftest import free_port, shot
from tests.conftest import ROOT

LAB = "lab1_lookup_vs_onehot"
SECONDS = 1000


def test_the_formgrader_opens_an_autograded_submission(browser, tmp_path: Path) -> None:
    demo_class(Course(ROOT), tmp_path / "class", [LAB], 3, 0)
    course = Course(tmp_path / "class")
    subprocess.run(
        [sys.executable, "-m", "autograder", "grade", "--course", str(course.root)],
        check=True,
        capture_output=True,
    )
    port = free_port()
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    (tmp_path / "home").mkdir()
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "server", "--no-browser", f"--port={port}",
             "--ip=127.0.0.1", "--IdentityProvider.token=", "--allow-root"],
            cwd=course.root,
            env={**os.environ, "PATH": path, "HOME": str(tmp_path / "home")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=1)
                    break
                except OSError:
                    assert server.poll() is None, (tmp_path / "server.log").read_text()
                    time.sleep(0.2)
            page = browser.new_page(viewport={"width": 1200, "height": 1000})
            page.goto(f"{address}/formgrader/gradebook/{LAB}/{LAB}")
            page.get_by_text("Submission #1").first.click(timeout=60 * SECONDS)
            page.wait_for_selector(".nbgrader_cell, .nbgrader_score, .panel", timeout=60 * SECONDS)
            shot(page, "formgrader")
            said = page.inner_text("body")
            assert "Student's answer" in said
            assert "Error" not in page.title()
            page.close()
        finally:
            server.terminate()
            server.wait()
