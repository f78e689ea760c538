"""What the build refuses in a lab's source before anything runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from autograder.authoring.source import Cell, Lab, Problem
from autograder.examiner.names import BUILTINS, bound_names, free_names
from autograder.regions import HIDDEN, SOLUTION, regions, without

STUB = "raise NotImplementedError"


def static_problems(lab: Lab) -> list[Problem]:
    """All problems of a source that can be seen without running it, in file order."""
    found = list(_unparsable(lab))
    if not found:  # names can only be read in cells that parse
        found = [*_regions(lab), *_exercises_and_checks(lab), *_names(lab)]
    return sorted(found, key=lambda problem: problem.line)


def _unparsable(lab: Lab) -> Iterator[Problem]:
    for cell in lab.cells:
        if cell.kind in ("markdown", "question"):
            continue
        try:
            # Compiled, not only parsed: `def f(a, a)` and a stray `return` are found here.
            with warnings.catch_warnings(action="ignore"):
                compile(cell.source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
        except SyntaxError as error:
            yield Problem(
                lab.path, cell.line + (error.lineno or 1), f"not valid Python: {error.msg}."
            )


def _regions(lab: Lab) -> Iterator[Problem]:
    for cell in lab.cells:
        for markers, kinds in ((SOLUTION, ("exercise", "question")), (HIDDEN, ("check",))):
            what = markers[0].removeprefix("BEGIN ").lower()
            try:
                found = regions(cell.source, markers)
            except ValueError as error:
                yield Problem(lab.path, cell.line, f"{error}.")
                continue
            if found and cell.kind not in kinds:
                yield Problem(
                    lab.path,
                    cell.line,
                    f"a {cell.kind} cell cannot hold a {what} "
                    f"region; only {' and '.join(kinds)} cells can.",
                )
            if markers is SOLUTION and cell.kind in kinds and not found:
                yield Problem(
                    lab.path,
                    cell.line,
                    f"{cell.kind} {cell.name!r} has no solution region, so students "
                    "would see none of the cell, or all of it.",
                )


def _exercises_and_checks(lab: Lab) -> Iterator[Problem]:
    exercises = {cell.name: cell for cell in lab.of_kind("exercise")}
    checked = {cell.name for cell in lab.of_kind("check")}
    for name, cell in exercises.items():
        if name not in checked:
            yield Problem(lab.path, cell.line, f"exercise {name!r} has no check.")
        try:
            stub = without(cell.source, SOLUTION, STUB)
            missing = bound_names(cell.source) - bound_names(stub)
        except SyntaxError:
            yield Problem(
                lab.path,
                cell.line,
                f"the stub of exercise {name!r} is not valid "
                "Python: the region must leave a body behind.",
            )
            continue
        if missing:
            yield Problem(
                lab.path,
                cell.line,
                f"the stub of exercise {name!r} does not bind {_list(missing)}, which "
                "its solution binds: write the signature outside the region.",
            )
    for cell in lab.of_kind("check"):
        if cell.name not in exercises:
            yield Problem(lab.path, cell.line, f"check {cell.name!r} belongs to no exercise.")


def _names(lab: Lab) -> Iterator[Problem]:
    students = set().union(*(bound_names(c.source) for c in lab.of_kind("exercise")))
    given: set[str] = set()
    for cell in lab.of_kind("given"):
        own = bound_names(cell.source)
        for name in sorted(free_names(cell.source) & students):
            yield Problem(
                lab.path,
                _line_of(cell, name),
                f"a given cell uses {name!r}, which "
                "is the student's: given cells also run in the examiner.",
            )
        for name in sorted(free_names(cell.source) - students - given):
            yield Problem(
                lab.path,
                _line_of(cell, name),
                f"a given cell uses {name!r}, which no given cell above it defines.",
            )
        given |= own
    for cell in lab.of_kind("exercise"):
        for name in sorted(bound_names(cell.source) & given):
            yield Problem(
                lab.path,
                _line_of(cell, name, bound=True),
                f"exercise {cell.name!r} binds {name!r} anew, which a given cell defines: its "
                "checks would see the given one.",
            )
    for cell in lab.of_kind("check"):
        for name in sorted(free_names(cell.source) - given - students - BUILTINS):
            yield Problem(
                lab.path,
                _line_of(cell, name),
                f"check {cell.grade_id!r} uses "
                f"{name!r}, which neither a given cell nor an exercise nor the check "
                "itself defines.",
            )
        for name in sorted(bound_names(cell.source) & (students | given) - {"student"}):
            yield Problem(
                lab.path,
                _line_of(cell, name, bound=True),
                f"check {cell.grade_id!r} binds "
                f"{name!r} anew, which is the name of an exercise or a given "
                "value.",
            )


def _line_of(cell: Cell, name: str, bound: bool = False) -> int:
    """The line of the source file where a cell first mentions a name, or first binds it."""
    lines = [
        node.lineno
        for node in ast.walk(ast.parse(cell.source))
        if (
            isinstance(node, ast.Name)
            and node.id == name
            and not (bound and isinstance(node.ctx, ast.Load))
        )
        or (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.name == name
        )
        or (
            isinstance(node, ast.Import | ast.ImportFrom)
            and any((a.asname or a.name.split(".")[0]) == name for a in node.names)
        )
    ]
    return cell.line + min(lines, default=0)


def _list(names: set[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
