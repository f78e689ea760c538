"""What a run holds while it lives: its course, and a directory for everything temporary."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.course import Course, CourseError
from autograder.engine import run
from autograder.engine.run import only_run, own_cores, usable_cores


def test_a_course_is_held_by_one_run_at_a_time(toy_course: Course) -> None:
    with only_run(toy_course):
        with pytest.raises(CourseError, match="another run is grading"), only_run(toy_course):
            pass
        # Not an error: the first still holds it.
        with pytest.raises(CourseError), only_run(Course(toy_course.root)):
            pass
    with only_run(toy_course):
        pass


def claimed_by_another(parent: Path) -> subprocess.Popen:
    """Another process, with its directory in a folder."""
    program = (
        "from autograder.engine.run import own_temporary_directory as own\n"
        "import tempfile\n"
        "own(); own()\n"
        "tempfile.mkdtemp()\n"
        "print(flush=True)\n"
        "input()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    other.stdout.readline()
    return other


@pytest.fixture
def parent() -> Path:
    """A folder for temporary files; with a short name, which pytest's own have not."""
    with tempfile.TemporaryDirectory(prefix="p-", dir="/tmp") as folder:
        yield Path(folder)


def sweep(parent: Path) -> None:
    for path in parent.glob(run.PREFIX + run.UNKNOWN):
        run._remove_if_dead(path)


def test_a_directory_is_there_as_long_as_its_process(parent: Path) -> None:
    with claimed_by_another(parent) as other:
        (made,) = parent.iterdir()
        assert len(list(made.iterdir())) == 1
        sweep(parent)
        assert made.is_dir()
        other.communicate(b"\n")
    assert list(parent.iterdir()) == []


def test_a_directory_of_a_killed_process_is_removed_by_the_next(parent: Path) -> None:
    with claimed_by_another(parent) as other:
        other.kill()
        other.wait()
        (left,) = parent.iterdir()
    with claimed_by_another(parent) as other:
        assert not left.exists()
        other.communicate(b"\n")
    assert list(parent.iterdir()) == []


def test_nothing_else_is_removed(parent: Path) -> None:
    kept = {parent / f"{run.PREFIX}backup00", parent / f"{run.PREFIX}notes", parent / "other"}
    for path in kept:
        path.mkdir(mode=0o755)
    elsewhere = parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    link = parent / f"{run.PREFIX}00000000"
    link.symlink_to(elsewhere, target_is_directory=True)
    file = parent / f"{run.PREFIX}11111111"
    file.write_text("")
    file.chmod(0o700)
    sweep(parent)
    assert set(parent.iterdir()) == kept | {elsewhere, link, file}


def test_a_folder_whose_name_leaves_no_room_for_sockets_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * run.MOST_PARENT)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(CourseError, match="set TMPDIR to a folder whose path has at most"):
        run.own_temporary_directory.__wrapped__()
    assert list(deep.iterdir()) == []


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Four cores, whatever this machine has; gives what the process was told to run on."""
    if sys.platform != "linux":
        pytest.skip("only Linux lets a process choose its cores")
    told: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {9001, 9002, 9003, 9004})
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: told.append(set(cores)))
    monkeypatch.setattr(run, "_QUOTA", Path("/no/such/file"))
    return told


def test_two_runs_have_no_core_in_common(cores: list[set[int]]) -> None:
    with own_cores(2) as first:
        with own_cores(2) as second:
            assert len(first) == len(second) == 2 and not set(first) & set(second)
            with own_cores(1) as third:
                assert third == []
        with own_cores(3) as fourth:
            assert fourth == []
        with own_cores(2) as again:  # those that the second gave back, and the fourth did not keep
            assert again == second
    assert not cores


def test_second_threads_of_a_core_come_last(
    cores: list[set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def siblings(path: Path) -> str:
        if path == run._QUOTA:
            raise FileNotFoundError
        return "9001-9002\n" if path.parts[-3] in ("cpu9001", "cpu9002") else "9003,9004\n"

    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setattr(Path, "read_text", siblings)
    with own_cores(2) as own:
        assert own == [9001, 9003]
    with own_cores(4) as own:
        assert own == [9001, 9003, 9002, 9004]


def test_more_workers_than_cores_have_none_of_their_own(cores: list[set[int]]) -> None:
    with own_cores(5) as own:
        assert own == []


def test_a_single_worker_has_the_grader_on_its_core_until_it_is_done(cores: list[set[int]]) -> None:
    with own_cores(1) as own:
        assert cores == [set(own)] and len(own) == 1
    assert cores[1:] == [{9001, 9002, 9003, 9004}]


@pytest.mark.parametrize(
    ("quota", "usable", "own"),
    [
        ("max 100000", 4, 2),
        ("400000 100000", 4, 2),
        ("1600000 100000", 4, 2),
        ("300000 100000", 3, 0),
        ("150000 100000", 2, 0),
        ("20000 100000", 1, 0),
    ],
)
def test_a_container_uses_no_more_cores_than_it_has_time_for_and_calls_none_its_own(
    cores: list[set[int]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    quota: str,
    usable: int,
    own: int,
) -> None:
    monkeypatch.setattr(run, "_QUOTA", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert usable_cores() == usable
    with own_cores(2) as given:
        assert len(given) == own


def test_without_a_container_all_cores_are_of_use(cores: list[set[int]]) -> None:
    assert usable_cores() == 4
