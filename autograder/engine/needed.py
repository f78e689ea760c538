"""Which cells grading must run: a demonstration that nothing depends on is left out.

Labs draw and measure much more than they check. A demonstration cell that is still the released
one, and that binds no name which a later cell needs, cannot change a score.
"""

from __future__ import annotations

import ast
import threading
import warnings
from functools import lru_cache

from nbformat.notebooknode import NotebookNode

from autograder.engine.lab import ReleasedLab, kind_of
from autograder.examiner.names import BUILTINS, bound_names, imports_main, names_needed

# Characters of a student's own code in a notebook; honest ones have under 20,000. Reading more
# takes seconds, in which no other submission gets on, and saves less than it costs.
MAX_READ = 50_000
# What reads names that cannot be seen in the source.
DYNAMIC = {"eval", "exec", "globals", "locals", "vars", "get_ipython"}

# A worker of a cluster has several threads; `warnings` knows only one, and so does `ast` before
# Python 3.11.8 (its gh-106905).
_one_at_a_time = threading.Lock()


def needed_cells(nb: NotebookNode, lab: ReleasedLab) -> set[int]:
    """Positions in a prepared notebook of the code cells that the student's side must run."""
    # Warnings about students' source are not for our terminal.
    with _one_at_a_time, warnings.catch_warnings(action="ignore"):
        return _needed_cells(nb, lab)


def _needed_cells(nb: NotebookNode, lab: ReleasedLab) -> set[int]:
    released = {cell.id: cell.source for cell in lab.notebook.cells}
    code = {n: cell for n, cell in enumerate(nb.cells) if cell.cell_type == "code"}
    own = [cell.source for cell in code.values() if released.get(cell.id) != cell.source]
    if sum(map(len, own)) > MAX_READ:
        return {n for n, cell in code.items() if kind_of(cell) != "check"}
    needed: set[int] = set()
    wanted: set[str] = set()
    given = [c.source for c in lab.notebook.cells if kind_of(c) == "given"]
    modules = frozenset().union(*map(_modules, given))
    everything = False  # whether some later cell may read any name at all
    for n, cell in reversed(code.items()):
        kind = kind_of(cell)
        if kind == "check":
            wanted |= _reads(cell.source) or frozenset()
        elif (
            everything
            or kind in ("given", "exercise")
            or released.get(cell.id) != cell.source
            or _touches(cell.source, wanted - modules)
        ):
            needed.add(n)
            reads = _reads(cell.source)
            everything = everything or reads is None or bool(reads & DYNAMIC)
            wanted |= reads or frozenset()
    return needed


@lru_cache(maxsize=4096)  # most cells of a class are the same
def _reads(source: str) -> frozenset[str] | None:
    """Names a cell needs; attributes too, for a check that says `student.table`.

    None where that cannot be known: a cell with `%timeit` or `!pip` in it runs, and is not Python.
    """
    try:
        names = names_needed(source)
        if imports_main(source):
            names |= {n.attr for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute)}
        return frozenset(names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _touches(source: str, wanted: set[str]) -> bool:
    """Whether a cell binds one of the names, or changes an object that one of them names."""
    changes = _changes(source)
    return "*" in changes or bool(changes & wanted)


@lru_cache(maxsize=4096)
def _changes(source: str) -> frozenset[str]:
    """Names a cell binds, or into whose object it writes; `*` where that cannot be known."""
    names = set(bound_names(source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            names.add("*")
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(
            node.ctx, ast.Store | ast.Del
        ):
            root = node.value
            while isinstance(root, ast.Subscript | ast.Attribute | ast.Call):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name):
                names.add(root.id)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # A call whose result nobody wants is made for what it does: `table.sort()`,
            # `train(model)`. What it does it to is its object, or its arguments.
            names |= _handled(node.value)
    return frozenset(names)


@lru_cache(maxsize=4096)
def _modules(source: str) -> frozenset[str]:
    """Names that a cell of the course imports modules under. `plt.show()` changes no module."""
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import)]
    return frozenset((a.asname or a.name).split(".")[0] for node in imports for a in node.names)


def _handled(call: ast.Call) -> set[str]:
    """Names of the objects that a call may change: not modules in use, not what is printed."""
    if isinstance(call.func, ast.Name) and call.func.id in BUILTINS:
        return set()
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        parts.append(call.func.value)
    return {part.id for part in parts if isinstance(part, ast.Name)}
