"""A JupyterLab as `make lab` starts it, and a real browser that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.course import Course
from tests.conftest import ROOT

ARTEFACTS = ROOT / "artefacts" / "browser"


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Headless Chromium. The tests are skipped, saying so, on a machine that has none.

    While it is open, Playwright runs an event loop in this thread: not for the whole session.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def serve(root: Path, program: str, *arguments: str) -> Iterator[str]:
    """A Jupyter server that runs in a folder, as its user starts it there; yields its address.

    program: `lab` or `server`. Its log is `server.log` in the folder, its home is `home`.
    """
    (root / "home").mkdir()
    port = free_port()
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    with (root / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", program, *arguments, "--no-browser",
             f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token=", "--allow-root"],
            cwd=root,
            env={**os.environ, "PATH": path, "HOME": str(root / "home")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=1)
                    break
                except OSError:
                    assert server.poll() is None, (root / "server.log").read_text()
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait()


@pytest.fixture(scope="module")
def lab_root(tmp_path_factory: pytest.TempPathFactory, course: Course) -> Path:
    """A student's copy of the course: the notebooks, `data/` and `make lab`'s configuration."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(course.release_directory, root / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / ".jupyter", root / ".jupyter")
    (root / "data").symlink_to(ROOT / "data")
    return root


@pytest.fixture(scope="module")
def lab_server(lab_root: Path) -> Iterator[str]:
    """JupyterLab as `make lab` starts it. Its page lets tests read what a cell holds."""
    with serve(lab_root, "lab", "--config=.jupyter/lab_config.py", "notebooks",
               "--expose-app-in-browser") as address:  # fmt: skip
        yield address


@pytest.fixture(scope="module")
def context(browser) -> Iterator:
    """One cache for a module's pages: JupyterLab is large."""
    made = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield made
    made.close()


@pytest.fixture
def page(context) -> Iterator:
    """A fresh page; the test fails if anything on it reports an error to the console."""
    made = context.new_page()
    problems: list[str] = []

    def console(message) -> None:
        if message.type == "error":
            problems.append(f"{message.text} {json.dumps(message.location)}")

    made.on("console", console)
    made.on("pageerror", lambda error: problems.append(str(error)))
    yield made
    made.close()
    assert not problems, "\n".join(problems)


def shot(page, name: str) -> Path:
    """Keeps a picture of the page among the artefacts."""
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=str(path))
    return path
