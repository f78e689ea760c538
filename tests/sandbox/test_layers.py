"""What is found out of the layers here, and what becomes of grading where some are missing."""

from __future__ import annotations

import functools
import itertools
import os
from pathlib import Path

import pytest

from autograder.course import Course, CourseError
from autograder.engine import grade
from autograder.sandbox import landlock, layers, paths
from autograder.sandbox.confine import Layers
from autograder.sandbox.layers import HINTS, System, try_layers
from tests.sandbox.inside import LANDLOCK, OPEN, needs_an_open_interpreter, needs_landlock

NAMES = ("namespaces", "landlock", "seccomp", "cgroup")
trial = functools.cache(layers._trial)


def lacking(monkeypatch: pytest.MonkeyPatch, *missing: str) -> System:
    """What is found where the system refuses some layers; all trials are real."""

    def tried(wanted: Layers) -> list[str]:
        if refused := [name for name in missing if getattr(wanted, name)]:
            raise OSError(f"{refused[0]} is refused")
        return trial(wanted)

    monkeypatch.setattr(layers, "_trial", tried)
    return try_layers()


@functools.cache
def here() -> frozenset[str]:
    """The layers that work on this system."""
    return frozenset(f.layer for f in try_layers().findings if f.works)


@pytest.mark.parametrize(
    "missing",
    [some for n in range(4) for some in itertools.combinations(NAMES[:3], n)] + [("cgroup",)],
    ids=lambda some: "-".join(some) or "nothing",
)
def test_grading_is_fit_where_what_is_left_holds_the_minimum(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    system = lacking(monkeypatch, *missing)
    there = here() - set(missing)
    if OPEN or "namespaces" in there:
        assert {f.layer for f in system.findings if f.works} == there
    assert [f.layer for f in system.findings] == list(NAMES)
    for finding in system.findings:
        assert bool(getattr(system.layers, finding.layer)) == finding.works
        assert finding.works or finding.why
        if finding.layer in missing:
            assert finding.why == f"{finding.layer} is refused"
    apart = "namespaces" in there
    assert system.fit == (apart or (OPEN and {"landlock", "seccomp"} <= there))
    assert system.fit == (not system.open_ways)


@needs_an_open_interpreter
@needs_landlock
def test_what_stays_open_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {
        some: set(lacking(monkeypatch, "namespaces", *some).open_ways)
        for some in ((), ("landlock",), ("seccomp",), ("landlock", "seccomp"))
    }
    files = {"read foreign files", "list foreign folders", "write foreign files",
             "make foreign files"}  # fmt: skip
    assert ways[()] == set()
    assert files <= ways[("landlock",)]
    assert {"use the network (UDP)", "talk to foreign processes"} <= ways[("seccomp",)]
    assert not files & ways[("seccomp",)]
    both = files | {"use the network (TCP)", "use the network (UDP)", "talk to foreign processes",
                    "talk to foreign processes (abstract sockets)"}  # fmt: skip
    assert both <= ways[("landlock", "seccomp")]
    if os.geteuid() != 0:  # root's student has a user of its own
        assert {"signal foreign processes", "limit foreign processes",
                "change the mode of foreign files"} <= ways[("landlock", "seccomp")]  # fmt: skip


@needs_an_open_interpreter
@pytest.mark.parametrize("version", range(1, LANDLOCK + 1))
def test_every_version_of_landlock_suffices_together_with_seccomp(
    monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    system = lacking(monkeypatch, "namespaces", "cgroup")
    assert system.layers == Layers(landlock=version, seccomp=True)
    assert system.fit and system.describe() == f"landlock {version}, seccomp, limits, watchdog"


def test_a_sandbox_that_no_trial_can_enter_is_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wanted: Layers) -> list[str]:
        raise OSError("the disk is full")

    monkeypatch.setattr(layers, "_trial", broken)
    system = try_layers()
    assert not system.fit and system.layers == Layers()
    assert system.open_ways == ("not even be tried to be held (the disk is full)",)


def test_a_trial_that_cannot_write_to_its_own_folder_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layers, "Limits", lambda: layers.cgroup.Limits(file=0))
    with pytest.raises(OSError, match="a trial process ended with 1"):
        layers._trial(Layers(namespaces=True))


def test_each_layer_has_a_hint_and_a_place_in_the_description(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = lacking(monkeypatch)
    assert set(HINTS) == set(NAMES) == {f.layer for f in system.findings}
    shown = [*(f"landlock {LANDLOCK}" if n == "landlock" else n for n in NAMES if n in here()),
             "limits", "watchdog"]  # fmt: skip
    assert system.describe() == ", ".join(shown)


# Where the folders of submissions would be readable ----------------------------------------------


def test_temporary_files_in_a_folder_that_must_be_readable_make_grading_refuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, class_course: Course
) -> None:
    temporary = tmp_path / "library" / "tmp"
    temporary.mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "library")
    monkeypatch.setattr(layers.tempfile, "gettempdir", lambda: str(temporary))
    monkeypatch.setattr(layers, "_trial", pytest.fail)
    with pytest.raises(CourseError) as told:
        grade.sandbox_for(class_course)
    for words in (str(temporary), f"in {tmp_path / 'library'}", "set TMPDIR"):
        assert words in str(told.value)


def test_a_course_in_a_folder_that_must_be_readable_makes_grading_refuse(
    monkeypatch: pytest.MonkeyPatch, class_course: Course
) -> None:
    monkeypatch.setattr(grade, "try_layers", pytest.fail)
    monkeypatch.syspath_prepend(class_course.root.parent)
    with pytest.raises(CourseError, match=f"lies in {class_course.root.parent}"):
        grade.sandbox_for(class_course)


def test_the_folder_of_the_package_and_the_present_one_need_not_be_readable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = str(Path(layers.__file__).parents[2])
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [here, str(tmp_path), str(other), str(tmp_path / "gone")])
    folders = paths.interpreter()
    assert f"{here}/autograder" in folders and str(other) in folders
    assert not {here, str(tmp_path), str(tmp_path / "gone")} & set(folders)
    assert paths.without_nested(["/b/c", "/a", "/a/b", "/ab"]) == ["/a", "/ab", "/b/c"]
