"""Puts notebooks into `submitted/<student>/<lab>`, whole or not at all, never through a link."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, suppress
from itertools import count
from pathlib import Path

from autograder.course import CourseError
from autograder.engine.intake import BadSubmission, opened, read_bytes

REPLACED = ".replaced"  # in `submitted`, for earlier files; grading passes over dotted names


def made(submitted: Path) -> Path:
    """The folder of all submissions, which may itself be a link, made if need be.

    Raises: CourseError.
    """
    try:
        submitted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"{submitted} cannot be made: {error.strerror}.") from None
    return submitted.resolve()


def put(submitted: int, student: str, lab: str, data: bytes) -> tuple[str, str]:
    """Puts a notebook in its place in the opened folder; a different one there is kept aside.

    Returns: taken, replaced, unchanged or skipped, and a note on the earlier file or the reason.
    Raises: CourseError when it cannot be written.
    """
    file, part = f"{lab}.ipynb", f".{lab}.ipynb.new"
    try:
        with _within(student, submitted) as home, _within(lab, home) as folder:
            earlier = None
            with suppress(FileNotFoundError):
                os.stat(file, dir_fd=folder, follow_symlinks=False)
                earlier = read_bytes(file, folder)
            if earlier == data:
                return "unchanged", ""
            kept = "" if earlier is None else _keep(earlier, student, lab, submitted)
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)  # of a run that was stopped
            _write(part, folder, data)
            os.replace(part, file, src_dir_fd=folder, dst_dir_fd=folder)
    except BadSubmission as bad:
        return "skipped", f"{bad} Move away what is there and collect again."
    except OSError as error:
        what = f"{student}/{lab}/{file}"
        raise CourseError(f"{what} cannot be written: {error.strerror}.") from None
    return ("replaced", f"the earlier one is {kept}") if kept else ("taken", "")


def _within(name: str, at: int) -> AbstractContextManager[int]:
    """A handle of a folder, made if need be. Raises: BadSubmission for a link or a file."""
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=at)
    return opened(name, at)


def _keep(data: bytes, student: str, lab: str, submitted: int) -> str:
    """Writes an earlier file under the first number that is free; returns where."""
    with _within(REPLACED, submitted) as aside, _within(student, aside) as folder:
        for number in count(1):
            name = f"{lab}-{number}.ipynb"
            with suppress(FileExistsError):
                _write(name, folder, data)
                return f"{REPLACED}/{student}/{name}"
    raise AssertionError("count() has no end")


def _write(name: str, folder: int, data: bytes) -> None:
    """Writes a new file. Raises: FileExistsError when anything of that name is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o666, dir_fd=folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
