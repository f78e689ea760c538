"""The files that say what is installed, what there is, and where, agree with each other."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from autograder.course import Course
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    Requirement(line)
    for line in sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
]


def pins(name: str) -> dict[str, str]:
    """Versions by package, from a constraints file."""
    lines = (ROOT / name).read_text().splitlines()
    held = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(package): version for package, version in held}


PINS = pins("constraints.txt")


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_every_dependency_is_pinned_to_a_version_that_it_allows(requirement: Requirement) -> None:
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_every_pinned_version_allows_every_python_we_promise() -> None:
    """Down to the first release of each: some systems still have Python 3.11.2."""
    promised = SpecifierSet(PROJECT["requires-python"])
    releases = [v for v in (f"3.{minor}.0" for minor in range(30)) if v in promised]
    assert releases[0] == "3.11.0"
    refused = {
        f"{package.name} {package.version} ({needed})"
        for package in distributions()
        if PINS.get(canonicalize_name(package.name)) == package.version
        and (needed := package.metadata.get("Requires-Python"))
        and not all(release in SpecifierSet(needed) for release in releases)
    }
    assert not refused


def test_the_oldest_versions_are_those_that_pyproject_allows() -> None:
    oldest = pins("constraints-oldest.txt")
    runtime = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert runtime <= oldest.keys()
    # An extra may ask for more than the oldest set has: that set is tried with the tests' alone.
    tests = PROJECT["optional-dependencies"]["test"]
    for requirement in map(Requirement, [*PROJECT["dependencies"], *tests]):
        if version := oldest.get(canonicalize_name(requirement.name)):
            (least,) = (s.version for s in requirement.specifier if s.operator == ">=")
            assert Version(least) == Version(version), requirement


def test_all_three_sets_of_versions_are_tried_on_a_schedule_as_by_hand() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/versions.yml").read_text())
    assert workflow[True]["schedule"]  # YAML reads the key `on` as true
    job = workflow["jobs"]["nbval"]
    tried = {
        entry["constraints"]: entry["python"] for entry in job["strategy"]["matrix"]["include"]
    }
    assert {ROOT / name for name in tried} == set(ROOT.glob("constraints*.txt"))
    assert all(python in SpecifierSet(PROJECT["requires-python"]) for python in tried.values())
    assert job["env"]["CONSTRAINTS"] == "${{ matrix.constraints }}"
    assert job["steps"][-1]["run"] == "bash .ci/run nbval demo"


def test_the_conda_environment_installs_what_pyproject_says() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    assert python.split("=")[1] in SpecifierSet(PROJECT["requires-python"])
    assert pip["pip"] == ["--constraint constraints.txt", "-e .[test]"]


def test_continuous_integration_runs_the_same_command_on_every_python_we_promise() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    job = workflow["jobs"]["test"]
    assert any(step.get("run") == "bash .ci/run" for step in job["steps"])
    promised = SpecifierSet(PROJECT["requires-python"])
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert all(version in promised for version in job["strategy"]["matrix"]["python"])


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for document in documents:
        named = set(re.findall(r"`?make ([a-z]+)`?", " ".join(
            re.findall(r"`make [a-z]+[^`]*`|^ *make [a-z]+", document.read_text(), re.MULTILINE)
        )))  # fmt: skip
        assert named <= targets, f"{document.name}: {named - targets}"


def test_the_table_of_labs_names_every_lab(course: Course) -> None:
    readme = (ROOT / "README.md").read_text()
    for lab in course.labs():
        assert f"(notebooks/{lab}/{lab}.ipynb)" in readme


def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} → {target}"


def test_no_tracked_file_is_large() -> None:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    large = [n for n in names if n and (ROOT / n).stat().st_size > 3_000_000]
    assert not large


def test_a_lab_with_both_frameworks_loads_what_optimisers_need_before_tensorflow(
    course: Course,
) -> None:
    """Triton, which comes with PyTorch's CUDA builds, crashes when it is loaded after it."""
    found = []
    for lab in course.labs():
        source = course.lab_source(lab).read_text(encoding="utf-8")
        if "import keras" in source and "torch.optim" in source:
            found.append(lab)
            assert 0 < source.find("import torch._dynamo") < source.index("import keras"), lab
    assert found == ["lab8_train_your_own"]
