"""Which cells grading must run: a demonstration that nothing depends on is left out.

Labs draw and measure much more than they check. A demonstration cell that is still the released
one, and that binds no name which a later cell needs, cannot change a score.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from nbformat.notebooknode import NotebookNode

from autograder.engine.lab import ReleasedLab, kind_of
from autograder.examiner.names import (
    BUILTINS,
    bound_names,
    free_names,
    names_needed,
    names_of_main,
    one_parser,
)

# Characters of a student's own code in a notebook; honest ones have under 20,000. Reading more
# takes seconds, in which no other submission gets on, and saves less than it costs.
MAX_READ = 50_000
# What reads names that cannot be seen in the source.
DYNAMIC = {"eval", "exec", "globals", "locals", "vars", "get_ipython"}


def needed_cells(nb: NotebookNode, lab: ReleasedLab) -> set[int]:
    """Positions in a prepared notebook of the code cells that the student's side must run."""
    with one_parser():
        return _needed_cells(nb, lab)


def _needed_cells(nb: NotebookNode, lab: ReleasedLab) -> set[int]:
    released = {cell.id: cell.source for cell in lab.notebook.cells}
    code = {n: cell for n, cell in enumerate(nb.cells) if cell.cell_type == "code"}
    own = [cell.source for cell in code.values() if released.get(cell.id) != cell.source]
    if sum(map(len, own)) > MAX_READ:
        return {n for n, cell in code.items() if kind_of(cell) != "check"}
    needed: set[int] = set()
    wanted: set[str] = set()
    kinds = {n: kind_of(cell) for n, cell in code.items()}
    given = [c.source for c in lab.notebook.cells if kind_of(c) == "given"]
    modules = frozenset().union(*map(_modules, given))
    literals = frozenset().union(*map(_literals, given))
    everything = False  # whether some later cell may read any name at all
    for n, cell in reversed(code.items()):
        kind = kinds[n]
        if kind == "check":
            above = (c.source for m, c in code.items() if m < n and kinds[m] == "given")
            reads = _asks(cell.source, tuple(above))
        elif (
            everything
            or kind in ("given", "exercise")
            or released.get(cell.id) != cell.source
            or _touches(cell.source, wanted - modules, wanted - modules - literals)
        ):
            needed.add(n)
            reads = _reads(cell.source)
        else:
            continue
        everything = everything or reads is None or bool(reads & DYNAMIC)
        wanted |= reads or frozenset()
    return needed


@lru_cache(maxsize=4096)  # most cells of a class are the same
def _reads(source: str) -> frozenset[str] | None:
    """Names a cell needs; those too that it says as `student.table`.

    None where that cannot be known: a cell with `%timeit` or `!pip` in it runs, and is not Python.
    """
    try:
        of_main = names_of_main(source)
        return None if of_main is None else frozenset(names_needed(source) | of_main)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=4096)
def _asks(source: str, given: tuple[str, ...]) -> frozenset[str] | None:
    """Names that a check asks the student's side for. What given cells bind, the examiner has.

    None where that cannot be known.
    """
    of_main = names_of_main(source)
    if of_main is None:
        return None
    return frozenset(free_names(source).difference(*map(_binds, given)) | of_main)


def _touches(source: str, wanted: set[str], changeable: set[str]) -> bool:
    """Whether a cell binds one of the names, or may change an object that one of them names."""
    bound = _binds(source)
    return "*" in bound or bool(bound & wanted or _changes(source) & changeable)


@lru_cache(maxsize=4096)
def _binds(source: str) -> frozenset[str]:
    """Names a cell binds; `*` where that cannot be known."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return frozenset(bound_names(source) | {"*" for i in imports if i.names[0].name == "*"})


@lru_cache(maxsize=4096)
def _changes(source: str) -> frozenset[str]:
    """Names into whose objects a cell writes, or may let others write."""
    names = set()
    for node in ast.walk(ast.parse(source)):
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
    imports = [node for node in _outside_functions(source) if isinstance(node, ast.Import)]
    return frozenset((a.asname or a.name).split(".")[0] for node in imports for a in node.names)


@lru_cache(maxsize=4096)
def _literals(source: str) -> frozenset[str]:
    """Names that a cell of the course gives to texts and numbers, which nothing can change."""
    names = set()
    for node in _outside_functions(source):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant()):
                names.add(name)
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
                for target, value in zip(targets, values, strict=True):
                    if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                        names.add(target.id)
    return frozenset(names)


def _outside_functions(source: str) -> Iterator[ast.AST]:
    """The parts of a cell that run when it runs, those in a `with` or a `try` too."""
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def _handled(call: ast.Call) -> set[str]:
    """Names of the objects that a call may change: not modules in use, not what is printed."""
    if isinstance(call.func, ast.Name) and call.func.id in BUILTINS:
        return set()
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        parts.append(call.func.value)
    return {part.id for part in parts if isinstance(part, ast.Name)}
