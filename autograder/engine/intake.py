"""Reads a submitted notebook as hostile data and takes only the student's cells out of it.

Nothing here runs, renders or believes what was submitted: metadata is looked at for ids alone.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from autograder.engine.lab import ReleasedLab, kind_of
from autograder.regions import HIDDEN, without

MAX_BYTES = 20_000_000  # a lab's notebook with all its figures has well under 2 MB
MAX_CELLS = 2_000
MAX_SOURCE = 200_000  # characters of one cell
MAX_DEPTH = 200  # of lists and objects in each other; widgets and plots go to about 30
MAX_BESIDE = 200  # bytes of a file beside it; the longest of nbgrader's has 128
MAX_FILES = 1_000  # in the folder of one lab
MAX_NAME = 128  # characters of a student's id: what nbgrader's gradebook holds


class BadSubmission(Exception):
    """A submission that cannot be graded; the message is one line for the instructor."""


@dataclass(frozen=True)
class OwnCell:
    """A cell that the student added or played with; `after` is the course's cell above it."""

    cell_type: str
    source: str
    after: int


@dataclass
class Submission:
    """What a student handed in, reduced to what grading may use.

    answers: source by grade id of each exercise and question. demos: source by position of the
    course's demonstration cells that are still there. own: cells that the course does not have.
    notes: one line for each irregularity, for the instructor.
    """

    answers: dict[str, str] = field(default_factory=dict)
    demos: dict[int, str] = field(default_factory=dict)
    own: list[OwnCell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened(name: str | Path, at: int | None = None, hint: str = "") -> Iterator[int]:
    """A handle of the folder `name` in the folder with the handle `at`; a link is no folder.

    Whoever goes down step by step this way stays where the names say, whatever is put in their
    place meanwhile.

    Raises: BadSubmission when it is not a folder that can be opened.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP, errno.ENOENT):
            raise BadSubmission(f"{shown(name)} is not a folder{hint}.") from None
        raise BadSubmission(f"{shown(name)} cannot be opened: {error.strerror}.") from None
    try:
        yield handle
    finally:
        os.close(handle)


def shown(name: str | Path) -> str:
    """A file's name as a note can hold it: printable, and not the whole of a very long one."""
    text = "".join(c if c.isprintable() else " " for c in str(name))
    return text if len(text) <= 60 else f"{text[:40]}…{text[-19:]}"


def find_notebook(folder: int, lab: str) -> tuple[str, list[str]]:
    """The notebook to grade in an opened lab's folder, with notes on what else lies there.

    Raises: BadSubmission when there is none, or no telling which.
    """
    expected = f"{lab}.ipynb"
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MAX_FILES + 1)]
    if len(names) > MAX_FILES:
        raise BadSubmission(f"more than {MAX_FILES:,} files in the folder; expected {expected}.")
    others = sorted(name for name in names if name.lower().endswith(".ipynb") and name != expected
                    and not name.startswith("."))  # fmt: skip
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    listed = ", ".join(map(shown, others[:3])) + more
    if expected in names:
        return expected, [f"also found {listed}; graded {expected}"] if others else []
    if len(others) == 1:
        return others[0], [f"graded {listed}, the only notebook; expected {expected}"]
    if others:
        raise BadSubmission(f"{len(others)} notebooks ({listed}) and none is {expected}.")
    raise BadSubmission(f"no notebook in the folder; expected {expected}.")


def read_bytes(name: str | Path, folder: int | None = None) -> bytes:
    """The bytes of a file in an opened folder: a plain file, not a link, of a bearable size.

    Raises: BadSubmission for anything else.
    """
    # Neither a link nor a pipe may make the grader read, or wait for, something else.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        what = "a link" if error.errno == errno.ELOOP else error.strerror
        raise BadSubmission(f"{shown(name)} cannot be read: {what}.") from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe or a device"
        raise BadSubmission(f"{shown(name)} is {kind}, not a notebook.")
    with os.fdopen(handle, "rb") as file:
        if info.st_size > MAX_BYTES:
            raise BadSubmission(
                f"{shown(name)} has {info.st_size:,} bytes; the limit is {MAX_BYTES:,}."
            )
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadSubmission(f"{shown(name)} grew beyond {MAX_BYTES:,} bytes while it was read.")
    return data


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook file: dicts with `cell_type`, `source` (str), `metadata`, `id`.

    Raises: BadSubmission for what is not a notebook of format 4.
    """
    if not data.strip():
        raise BadSubmission("the file is empty.")
    try:
        nb = json.loads(data.decode("utf-8-sig"))
        if _too_deep(nb):
            raise RecursionError
    except UnicodeDecodeError:
        raise BadSubmission("the file is not UTF-8 text, so it is not a notebook.") from None
    except RecursionError:
        reason = f"nested more than {MAX_DEPTH} levels deep"
        raise BadSubmission(f"the file is not a notebook: {reason}.") from None
    except ValueError as error:
        reason = str(error).split("\n")[0]
        raise BadSubmission(f"the file is not a notebook: not JSON ({reason}).") from None
    if not isinstance(nb, dict) or "nbformat" not in nb:
        raise BadSubmission("the file is JSON, but not a notebook.")
    version = nb["nbformat"]
    if not isinstance(version, int) or isinstance(version, bool) or version != 4:
        found = repr(version)[:20] if isinstance(version, int | float | str) else "of no number"
        raise BadSubmission(
            f"notebook format {found}; expected 4. Open it in JupyterLab and save it again."
        )
    cells = nb.get("cells")
    if not isinstance(cells, list) or not cells:
        raise BadSubmission("the notebook has no cells.")
    if len(cells) > MAX_CELLS:
        raise BadSubmission(f"the notebook has {len(cells):,} cells; the limit is {MAX_CELLS:,}.")
    return [_cell(cell, n) for n, cell in enumerate(cells, 1)]


def _too_deep(value: object) -> bool:
    """Whether lists and objects stand in each other deeper than the limit."""
    # json has a limit of its own, but it moves with Python's version; a grade must not.
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        lists = [v for v in level if isinstance(v, list)]
        lists += [list(v.values()) for v in level if isinstance(v, dict)]
        if not lists:
            return False
        level = list(chain.from_iterable(lists))
    return True


def _cell(cell: object, n: int) -> dict:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise BadSubmission(f"cell {n} of the notebook is not a notebook cell.")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise BadSubmission(f"cell {n} of the notebook has no text for a source.")
    if len(source) > MAX_SOURCE:
        size = f"{len(source):,} characters; the limit is {MAX_SOURCE:,}"
        raise BadSubmission(f"cell {n} of the notebook has {size}.")
    # A lone surrogate is valid JSON but no text: it could not be written down again.
    source = source.encode("utf-8", "replace").decode("utf-8")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return {
        "cell_type": cell["cell_type"],
        "source": source,
        "nbgrader": nbgrader if isinstance(nbgrader, dict) else {},
        "tags": metadata.get("tags") if isinstance(metadata, dict) else None,
        "id": cell.get("id"),
    }


def take(cells: list[dict], lab: ReleasedLab) -> Submission:
    """Takes the student's cells out of a parsed notebook.

    Raises: BadSubmission when none of the lab's cells is there.
    """
    submission = Submission()
    notes = submission.notes
    course_cells = lab.notebook.cells
    position = {id(cell): n for n, cell in enumerate(course_cells)}
    # A copied cell carries its id twice; like nbgrader, the last one counts.
    last: dict[str, int] = {}
    for n, cell in enumerate(cells):
        name = cell["nbgrader"].get("grade_id")
        if isinstance(name, str) and name in lab.graded_cells:
            if name in last:
                notes.append(f"{name} is there twice; the last one counts")
            last[name] = n
    if not last:
        raise BadSubmission(f"none of the cells of {lab.name} is in it; is it another lab?")

    free = {n: cell for n, cell in enumerate(course_cells) if kind_of(cell) in ("demo", "markdown")}
    anchor = -1
    for n, cell in enumerate(cells):
        name = cell["nbgrader"].get("grade_id")
        name = name if isinstance(name, str) else ""
        if last.get(name) == n:
            course_cell = lab.graded_cells[name]
            anchor = position[id(course_cell)]
            if kind_of(course_cell) in ("exercise", "question"):
                submission.answers[name] = cell["source"]
            notes += _irregularities(name, cell, course_cell)
            continue
        match = _match(cell, free)
        if match is not None:
            anchor = match
            if course_cells[match].cell_type == "code":
                submission.demos[match] = cell["source"]
            del free[match]
            continue
        if name and name not in last:
            notes.append(f"unknown cell id {name[:60]!r}; kept as the student's own cell")
        if cell["source"].strip():
            submission.own.append(OwnCell(cell["cell_type"], cell["source"], anchor))
    for name, course_cell in lab.graded_cells.items():
        if name not in last:
            put_back = "the released cell was put back"
            notes.append(f"{kind_of(course_cell)} {name} was deleted; {put_back}")
    return submission


def _match(cell: dict, free: dict[int, object]) -> int | None:
    """Which of the course's free cells this is: by id, or by text where ids were rewritten."""
    for n, course_cell in free.items():
        if cell["id"] == course_cell.id and cell["cell_type"] == course_cell.cell_type:
            return n
    for n, course_cell in free.items():
        if cell["source"] == course_cell.source and cell["cell_type"] == course_cell.cell_type:
            return n
    return None


def _irregularities(name: str, cell: dict, course_cell) -> list[str]:
    """Notes on what a submission changed in a cell's frame: none of it has any effect."""
    kind, notes = kind_of(course_cell), []
    if cell["cell_type"] != course_cell.cell_type:
        notes.append(
            f"{name} was made a {cell['cell_type']} cell; taken as {course_cell.cell_type}"
        )
    if kind == "check" and _visible(course_cell.source) != _visible(cell["source"]):
        notes.append(f"check {name} was edited; the released check was used")
    if kind == "given" and course_cell.source.strip() != cell["source"].strip():
        notes.append(f"given cell {name} was edited; the released cell was used")
    points = course_cell.metadata.nbgrader.get("points")
    if points is not None and cell["nbgrader"].get("points") != points:
        notes.append(f"points of {name} were changed; no effect")
    if cell["nbgrader"].get("schema_version") != course_cell.metadata.nbgrader.schema_version:
        notes.append(f"nbgrader's schema_version of {name} was changed; no effect")
    if isinstance(cell["tags"], list) and cell["tags"]:
        notes.append(f"{name} carries tags; no effect")
    return notes


def _visible(source: str) -> str:
    """A check as students see it: without hidden tests, white space at line ends aside."""
    return "\n".join(line.rstrip() for line in without(source, HIDDEN).splitlines()).strip()


@contextmanager
def opened_submission(folder: Path, hint: str = "") -> Iterator[int]:
    """A handle of `submitted/<student>/<lab>`. No link is followed below `submitted`.

    Raises: BadSubmission; `hint` stands behind what it says of the last folder.
    """
    with (
        # `submitted` itself may be a link: where it lies is the instructor's choice.
        opened(folder.parent.parent.resolve()) as submitted,
        opened(folder.parent.name, submitted) as home,
        opened(folder.name, home, hint) as handle,
    ):
        yield handle


def read_beside(folder: Path, name: str) -> bytes | None:
    """A short file that nbgrader's exchange puts beside a notebook; None where there is none.

    Raises: BadSubmission for what is no file, or is too large to be looked at.
    """
    if not os.path.lexists(folder / name):
        return None
    with opened_submission(folder) as handle:
        return read_bytes(name, handle)[:MAX_BESIDE]


def read_file(folder: Path, lab: str) -> tuple[bytes, list[str]]:
    """The notebook's bytes in `submitted/<student>/<lab>`, with notes on what else lies there.

    Raises: BadSubmission, with one line that says what is wrong with it.
    """
    student = folder.parent.name
    if os.fsencode(student).decode("utf-8", "replace") != student:
        raise BadSubmission("the name of the student's folder is not UTF-8 text; rename it.")
    if len(student) > MAX_NAME:
        raise BadSubmission(f"the folder's name has {len(student)} characters; at most {MAX_NAME}.")
    with opened_submission(folder, f"; expected {lab}/{lab}.ipynb") as handle:
        name, notes = find_notebook(handle, lab)
        data = read_bytes(name, handle)
        if os.stat(name, dir_fd=handle, follow_symlinks=False).st_nlink > 1:
            # Somebody else's work can be handed in like that.
            notes.append(f"{shown(name)} has another name elsewhere (a hard link)")
    return data, notes


def read_submission(folder: Path, lab: ReleasedLab) -> Submission:
    """Reads `submitted/<student>/<lab>` and takes the student's cells out of it.

    Raises: BadSubmission, with one line that says what is wrong with it.
    """
    return taken(*read_file(folder, lab.name), lab)


def taken(data: bytes, notes: list[str], lab: ReleasedLab) -> Submission:
    """What grading uses of a notebook that `read_file` has read. Raises: BadSubmission."""
    submission = take(parse(data), lab)
    submission.notes[:0] = notes
    return submission
