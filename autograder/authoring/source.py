"""Reads a lab's source: a percent-format file, one cell after the other, with line numbers.

This module only reads and checks the form; what the cells may contain is in `rules`.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import jupytext

# jupytext's own notes on blank lines, which say nothing about the cell.
LAYOUT = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}

# What nbgrader accepts as an id, with room for `-check-2` in the 64 characters of a cell id.
NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")

# What a cell's metadata may say, for each kind of cell. Anything else is a typing mistake.
KEYS = {
    "given": {"given"},
    "exercise": {"exercise"},
    "check": {"check", "points"},
    "question": {"question", "points"},
    "demo": set(),
    "markdown": set(),
}


@dataclass(frozen=True)
class Problem:
    """Something in a source that the build refuses."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class Refused(Exception):
    """The build refuses a lab; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Cell:
    """One cell of a source.

    kind: given, demo, exercise, check, question or markdown. name: the exercise that an
    exercise or check cell belongs to, or the question's name. grade_id: nbgrader's id (empty
    for demo and plain markdown). line: where the cell's `# %%` stands, from 1.
    """

    kind: str
    source: str
    line: int
    name: str = ""
    points: float = 0
    unstable: bool = False
    grade_id: str = ""
    cell_id: str = ""


@dataclass(frozen=True)
class Lab:
    """A lab's source, cell by cell."""

    name: str
    path: Path
    cells: list[Cell] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == kind]


def percent_cells(path: Path) -> list[tuple[int, str, dict, str]]:
    """The cells of a percent-format file: `(line, cell type, metadata, source)` each.

    Comments may stand above the first cell; they belong to none.

    Raises: Refused when anything else stands there, or a marker is not a cell's.
    """
    all_lines = path.read_text(encoding="utf-8").splitlines()
    lines = [n for n, line in enumerate(all_lines, 1) if line.startswith("# %%")]
    first = lines[0] if lines else len(all_lines) + 1
    for n, line in enumerate(all_lines[: first - 1], 1):
        if line.strip() and not line.startswith("#"):
            raise Refused([Problem(path, n, "stands above the first cell marker (`# %%`).")])
    cells = jupytext.reads("\n".join(all_lines[first - 1 :]) + "\n", fmt="py:percent").cells
    if len(cells) != len(lines):
        found = f"{len(lines)} cell markers but {len(cells)} cells"
        line = _first_odd_marker(all_lines, lines)
        raise Refused([Problem(path, line, f"{found}; is there a `# %%` inside a string?")])
    return [
        (
            line,
            cell.cell_type,
            {k: v for k, v in cell.metadata.items() if k not in LAYOUT},
            cell.source,
        )
        for line, cell in zip(lines, cells, strict=True)
    ]


def _first_odd_marker(all_lines: list[str], lines: list[int]) -> int:
    """The first line that looks like a cell marker and begins no cell."""
    for n, line in enumerate(lines, 1):
        text = "\n".join([*all_lines[lines[0] - 1 : line], "pass", ""])
        if len(jupytext.reads(text, fmt="py:percent").cells) != n:
            return line
    return lines[0] if lines else 1


def _kind(cell_type: str, metadata: dict) -> str:
    for kind in ("given", "exercise", "check", "question"):
        if kind in metadata:
            return kind
    return "markdown" if cell_type == "markdown" else "demo"


def read_lab(path: Path) -> Lab:
    """Reads a lab's source.

    Raises: Refused for metadata that no kind of cell has, a wrong cell type, a name that cannot
    be an id, points that are not a positive number, or an id that occurs twice.
    """
    problems: list[Problem] = []
    cells: list[Cell] = []
    seen: dict[str, int] = {}
    checks_of: dict[str, int] = {}
    ids: dict[str, int] = {}
    for line, cell_type, metadata, source in percent_cells(path):
        kind = _kind(cell_type, metadata)

        def refuse(message: str, line: int = line) -> None:
            problems.append(Problem(path, line, message))

        if "incorrectly_encoded_metadata" in metadata:
            refuse(f"cannot read {metadata['incorrectly_encoded_metadata']!r}: metadata is "
                   'written key="text", key=3 or key=true.')  # fmt: skip
            continue
        if cell_type not in ("code", "markdown"):
            refuse(f"a lab has no {cell_type} cells.")
            continue
        unknown = set(metadata) - KEYS[kind] - ({"unstable"} if cell_type == "code" else set())
        if unknown:
            refuse(f"a {kind} cell cannot carry {', '.join(sorted(unknown))}.")
        if (kind in ("markdown", "question")) != (cell_type == "markdown"):
            refuse(f"a {kind} cell cannot be a {cell_type} cell.")
        name = str(metadata.get(kind, "")) if kind in ("exercise", "check", "question") else ""
        if kind in ("exercise", "check", "question") and not NAME.fullmatch(name):
            refuse(f"{name!r} cannot be a name in a {kind} cell: it takes 1 to 50 "
                   "letters, digits, - and _.")  # fmt: skip
        points = metadata.get("points", 0)
        if kind in ("check", "question") and not (
            isinstance(points, int | float)
            and not isinstance(points, bool)
            and 0 < points < math.inf
        ):
            refuse(f"{kind} {name!r} needs points, a number above 0; found {points!r}.")
            points = 0
        grade_id = name
        if kind == "check":
            checks_of[name] = checks_of.get(name, 0) + 1
            grade_id = f"{name}-check" + (f"-{checks_of[name]}" if checks_of[name] > 1 else "")
        # Cell ids follow the content, so that an edit or an insertion changes no other id.
        digest = hashlib.sha256(f"{kind}\0{source}".encode()).hexdigest()[:8]
        ids[digest] = ids.get(digest, 0) + 1
        cell_id = grade_id or f"{kind}-{digest}" + (f"-{ids[digest]}" if ids[digest] > 1 else "")
        if kind == "given":
            grade_id = cell_id = f"given-{sum(c.kind == 'given' for c in cells) + 1}"
        if grade_id and grade_id in seen:
            refuse(f"the id {grade_id!r} is used twice; the first is in line {seen[grade_id]}.")
        seen.setdefault(grade_id, line)
        cells.append(
            Cell(
                kind=kind,
                source=source,
                line=line,
                name=name,
                points=float(points),
                unstable=bool(metadata.get("unstable", False)),
                grade_id=grade_id,
                cell_id=cell_id,
            )
        )
    if problems:
        raise Refused(problems)
    return Lab(path.stem, path, cells)
