"""Which cells grading must run: a demonstration that nothing depends on is left out.

Labs draw and measure much more than they check. A demonstration cell that is still the released
one, and that binds no name which a later cell needs, cannot change a score.
"""

from __future__ import annotations

import ast

from nbformat.notebooknode import NotebookNode

from autograder.engine.lab import ReleasedLab, kind_of
from autograder.examiner.names import bound_names, imports_main, read_names


def needed_cells(nb: NotebookNode, lab: ReleasedLab) -> set[int]:
    """Positions in a prepared notebook of the code cells that the student's side must run."""
    released = {cell.id: cell.source for cell in lab.notebook.cells}
    needed: set[int] = set()
    wanted: set[str] = set()
    for n in reversed(range(len(nb.cells))):
        cell = nb.cells[n]
        if cell.cell_type != "code":
            continue
        kind = kind_of(cell)
        if kind == "check":
            wanted |= _reads(cell.source)
        elif (
            kind in ("given", "exercise")
            or released.get(cell.id) != cell.source
            or _touches(cell.source, wanted)
        ):
            needed.add(n)
            wanted |= _reads(cell.source)
    return needed


def _reads(source: str) -> set[str]:
    """Names a cell reads; attributes too, for a check that says `student.table`."""
    try:
        names = read_names(source)
        if imports_main(source):
            names |= {n.attr for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute)}
        return names
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # a cell that is not Python reads nothing: it will only fail


def _touches(source: str, wanted: set[str]) -> bool:
    """Whether a cell binds one of the names, or changes an object that one of them names."""
    if bound_names(source) & wanted:
        return True
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(
            node.ctx, ast.Store | ast.Del
        ):
            root = node.value
            while isinstance(root, ast.Subscript | ast.Attribute | ast.Call):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id in wanted:
                return True
    return False
