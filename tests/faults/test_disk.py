"""A disk that is full, and files that cannot be written: one clear line, nothing half-written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from autograder.course import CONFIG_FILE, Course
from autograder.engine.record import Recorder
from tests.faults.conftest import Undisturbed
from tests.faults.runs import Run, gradebook, notebooks, written
from tests.faults.spaces import Space

NewClass = Callable[[], tuple[Course, Path]]


def refused(run: Run, *words: str) -> None:
    """The run ends with exit code 2 and says why in one line."""
    assert run.end() == 2, run.said()
    lines = [line for line in run.said().splitlines() if not line.startswith("[")]
    assert len(lines) == 1, run.said()
    assert all(word in lines[0] for word in words), lines[0]
    assert run.left() == set()


def assert_nothing_is_half_written(course: Course, undisturbed: Undisturbed) -> None:
    if (course.root / "gradebook.db").exists():
        for key, scores in gradebook(course)[0].items():
            assert scores == undisturbed.written.gradebook[key]
    for name, notebook in notebooks(course).items():
        assert notebook == undisturbed.written.notebooks[name]
    assert not list(course.root.rglob("*.new"))


def test_a_full_disk_ends_the_run_and_the_next_one_finishes(
    new_class: NewClass, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    course, temporary = new_class()
    shutil.copy(course.root / CONFIG_FILE, tmp_path)  # a course for us, before it is one for runs
    with Space(
        f"mount -t tmpfs -o size=4m tmpfs {tmp_path} && cp -r {course.root}/. {tmp_path}"
    ) as space:
        seen = space.seen(tmp_path)
        filler = seen / "filler"

        def run() -> Run:
            return Run(Course(tmp_path), temporary, start=space.start)

        def there() -> Course:
            """What lies there, copied: SQLite follows no path into a namespace."""
            shutil.rmtree(course.root)
            shutil.copytree(seen, course.root, ignore=shutil.ignore_patterns("filler"))
            return course

        fill(filler, 60_000)
        with run() as started:
            refused(started, "the gradebook", "cannot be opened", "disk is full")
        assert not (there().root / "gradebook.db").exists()
        assert_nothing_is_half_written(course, undisturbed)

        filler.unlink()
        Recorder(course).close()
        shutil.copy(course.root / "gradebook.db", seen)
        fill(filler, 30_000)  # of six notebooks, the disk takes two or three
        with run() as started:
            refused(started, "cannot be written", "What was graded before is kept")
        assert_nothing_is_half_written(there(), undisturbed)

        filler.unlink()
        with run() as started:
            assert started.end() == 0, started.said()
        assert written(there()) == undisturbed.written


def fill(filler: Path, left: int) -> None:
    """Fills the disk until only so many bytes are left."""
    there = os.statvfs(filler.parent)
    filler.write_bytes(bytes(there.f_bavail * there.f_frsize - left))
