"""What containers, Binder and Colab are told about the course; none of them is run here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.specifiers import SpecifierSet

from autograder.authoring.notebooks import colab_address
from autograder.course import Course
from tests.conftest import ROOT
from tests.test_project import PROJECT

LABS = Course(ROOT).labs()
FOLDER = ROOT / ".devcontainer"


@pytest.fixture(scope="module")
def steps() -> list[dict]:
    """The instructions of the Dockerfile: `instruction` and `value`."""
    parser = DockerfileParser(path=str(FOLDER / "Dockerfile"))
    return [step for step in parser.structure if step["instruction"] != "COMMENT"]


def values(steps: list[dict], instruction: str) -> list[str]:
    return [step["value"] for step in steps if step["instruction"] == instruction]


def test_the_image_is_of_a_named_python_that_we_promise(steps: list[dict]) -> None:
    (base,) = values(steps, "FROM")
    version = re.fullmatch(r"python:([0-9.]+)-slim-[a-z]+", base)
    assert version and version[1] in SpecifierSet(PROJECT["requires-python"])


def test_the_image_installs_what_make_setup_installs_as_an_ordinary_user(
    steps: list[dict],
) -> None:
    order = [(step["instruction"], step["value"]) for step in steps]
    user = values(steps, "USER")[-1]
    assert user not in ("root", "0")
    assert order.index(("USER", user)) < order.index(("RUN", "make setup"))
    assert any(f"useradd --create-home --uid 1000 {user}" in v for v in values(steps, "RUN"))
    assert ("COPY", f"--chown={user} . .") in order


def test_the_image_keeps_to_the_rules_of_linters(steps: list[dict]) -> None:
    for value in values(steps, "RUN"):
        if "apt-get install" in value:
            assert "apt-get update" in value and "--no-install-recommends" in value
            assert "-y" in value.split() and "rm -rf /var/lib/apt/lists/*" in value
        assert "sudo" not in value and "cd " not in value
    assert not values(steps, "ADD") and not values(steps, "MAINTAINER")
    assert all(Path(value).is_absolute() for value in values(steps, "WORKDIR"))
    (command,) = values(steps, "CMD")
    assert json.loads(command)[0] == "jupyter"  # the exec form, so that signals reach it


def test_nothing_that_a_run_makes_enters_the_image() -> None:
    def names(path: Path) -> set[str]:
        lines = path.read_text().splitlines()
        return {line.strip("/").removeprefix("**/") for line in lines if line[:1] not in ("", "#")}

    assert names(ROOT / ".gitignore") <= names(ROOT / ".dockerignore")
    assert ".git" in names(ROOT / ".dockerignore")


def test_the_devcontainer_uses_the_image_and_its_user(steps: list[dict]) -> None:
    settings = json.loads((FOLDER / "devcontainer.json").read_text())
    assert settings["build"]["dockerfile"] == "Dockerfile"
    assert (FOLDER / settings["build"]["context"]).resolve() == ROOT
    assert settings["remoteUser"] == values(steps, "USER")[-1]
    assert settings["workspaceFolder"] == values(steps, "WORKDIR")[-1]
    assert f"target={settings['workspaceFolder']}," in settings["workspaceMount"]
    python = settings["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert f"VENV={Path(python).parents[1]}" in [v.replace('"', "") for v in values(steps, "ENV")]


def test_binder_finds_the_environment_and_nothing_that_it_would_take_instead() -> None:
    # By repo2docker's documentation: a folder for Binder replaces the root, a Dockerfile replaces
    # all other files; requirements with a path in them are installed when all files are there.
    for name in ("binder", ".binder", "Dockerfile"):
        assert not (ROOT / name).exists()
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert re.fullmatch(r"python=3\.[0-9]+", python) and pip == "pip"
    for line in packages["pip"]:
        assert (ROOT / line.split()[-1].removesuffix("[test]")).exists()


def badges() -> list[str]:
    """Addresses that the badges of the README lead to."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"\[!\[[^\]]*\]\([^)]*\)\]\(([^)]*)\)", text)


def test_the_badges_of_the_readme_point_at_files_that_there_are() -> None:
    course = Course(ROOT)
    colab, binder = sorted(badges())
    assert colab == colab_address(course, LABS[0])
    parts = urlsplit(binder)
    assert parts.netloc == "mybinder.org"
    assert parts.path == f"/v2/gh/{course.repository}/{course.branch}"
    (path,) = parse_qs(parts.query)["labpath"]
    assert (ROOT / unquote(path)).is_file()


@pytest.mark.parametrize("lab", LABS)
def test_the_badge_in_a_notebook_points_at_the_students_notebook(lab: str) -> None:
    course = Course(ROOT)
    for path in (course.student_notebook(lab), course.reference_notebook(lab)):
        nb = nbformat.read(path, as_version=4)
        text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
        (address,) = re.findall(r"\]\((https://colab\.research\.google\.com/[^)]*)\)", text)
        start = f"https://colab.research.google.com/github/{course.repository}/blob/main/"
        assert address == colab_address(course, lab) and address.startswith(start)
        assert ROOT / address.removeprefix(start) == course.student_notebook(lab)
