"""Which global names a cell binds and reads, found without running it."""

from __future__ import annotations

import ast
import builtins
import contextlib
import symtable
import threading
import warnings
from collections.abc import Iterator
from functools import lru_cache

from autograder.wire.codec import no_collection

BUILTINS = frozenset(dir(builtins)) | {"__name__"}

# A worker of a cluster has several threads; `warnings` knows only one, and so does `ast` before
# Python 3.11.8 (its gh-106905). Nor may a collection come in between: what it finalises may format
# a traceback, for which Python parses the lines in it.
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def one_parser() -> Iterator[None]:
    """One thread at a time parses source, and what Python warns of is not for our terminal."""
    with _one_at_a_time, no_collection(), warnings.catch_warnings(action="ignore"):
        yield


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


@lru_cache(maxsize=1)  # what a cell binds and what it reads are asked for together
def _symbols(source: str) -> list[tuple[symtable.Symbol, bool]]:
    """Every symbol of a cell, and whether it is one of the cell's own level."""
    return [
        (symbol, table.get_type() == "module")
        for table in _tables(symtable.symtable(source, "<cell>", "exec"))
        for symbol in table.get_symbols()
    ]


def bound_names(source: str) -> set[str]:
    """Global names that a cell assigns, imports, defines or deletes.

    Raises: SyntaxError when the source is not Python.
    """
    return {
        symbol.get_name()
        for symbol, top in _symbols(source)
        if (symbol.is_assigned() or symbol.is_imported()) and (top or symbol.is_declared_global())
    }


def read_names(source: str) -> set[str]:
    """Global names that a cell reads, in functions and classes that it defines too.

    Raises: SyntaxError when the source is not Python.
    """
    return {
        symbol.get_name()
        for symbol, top in _symbols(source)
        if symbol.is_referenced() and (top or symbol.is_global())
    }


def free_names(source: str) -> set[str]:
    """Global names that a cell reads but neither binds nor finds among the builtins."""
    return read_names(source) - bound_names(source) - BUILTINS


def names_of_main(source: str) -> set[str] | None:
    """Global names that a cell reads as attributes of the module `__main__`.

    None where they cannot be known: the module is handed on, or all of it is imported.
    """
    nodes = list(ast.walk(ast.parse(source)))
    modules, names = set(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name == "__main__"}
        if isinstance(node, ast.ImportFrom) and node.module == "__main__" and not node.level:
            names |= {a.name for a in node.names}
    attributes = {id(n.value): n.attr for n in nodes if isinstance(n, ast.Attribute)}
    uses = [n for n in nodes if isinstance(n, ast.Name) and n.id in modules]
    names |= {attributes.get(id(use), "*") for use in uses}
    return None if "*" in names else names


def names_needed(source: str) -> set[str]:
    """Global names that a cell may read before it has bound them itself.

    Statements are followed in order. What only a branch or a loop binds counts as bound inside
    it alone, and a function's body counts as run where it is defined, so the answer errs towards
    more names. Raises: SyntaxError when the source is not Python.
    """
    needed: set[str] = set()
    _follow(ast.parse(source).body, set(), needed)
    # Without names that are local to a function or a comprehension. (`x += 1` reads x as well,
    # though `symtable` does not call it a reference.)
    return needed & (read_names(source) | bound_names(source))


def _follow(statements: list[ast.stmt], bound: set[str], needed: set[str]) -> None:
    for statement in statements:
        header, bodies = _split(statement)
        needed |= {
            node.id
            for part in header
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load | ast.Del)
        } - bound
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            needed |= {statement.target.id} - bound
        for targets, body in bodies:
            _follow(body, bound | targets, needed)
        if not bodies or isinstance(statement, ast.With):
            bound |= _binds(statement)


def _split(statement: ast.stmt) -> tuple[list[ast.AST], list[tuple[set[str], list[ast.stmt]]]]:
    """A statement's own expressions, and its bodies with the names that are bound inside."""
    match statement:
        case ast.For() | ast.AsyncFor():
            inside = _stored(statement.target)
            return [statement.iter, statement.target], [
                (inside, statement.body),
                (set(), statement.orelse),
            ]
        case ast.While() | ast.If():
            return [statement.test], [(set(), statement.body), (set(), statement.orelse)]
        case ast.With() | ast.AsyncWith():
            return list(statement.items), [(_stored(*statement.items), statement.body)]
        case ast.Try() | ast.TryStar():
            handlers = [({h.name} if h.name else set(), h.body) for h in statement.handlers]
            kinds = [h.type for h in statement.handlers if h.type is not None]
            rest = [(set(), statement.orelse), (set(), statement.finalbody)]
            return kinds, [(set(), statement.body), *handlers, *rest]
        case ast.Match():
            cases = [(_captured(case.pattern), case.body) for case in statement.cases]
            guards = [case.guard for case in statement.cases if case.guard is not None]
            return [statement.subject, *guards], cases
    return [statement], []


def _stored(*nodes: ast.AST) -> set[str]:
    return {
        node.id
        for part in nodes
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _captured(pattern: ast.pattern) -> set[str]:
    return {getattr(node, "name", None) or getattr(node, "rest", None) or ""
            for node in ast.walk(pattern)}  # fmt: skip


def _binds(statement: ast.stmt) -> set[str]:
    """Names that are surely bound after a statement without bodies, or a `with`."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Import() | ast.ImportFrom():
            return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
        case ast.With():
            inner = [s for s in statement.body if not _split(s)[1]]
            return _stored(*statement.items).union(*map(_binds, inner))
        case ast.Assign() | ast.AugAssign():
            return _stored(statement)
        case ast.AnnAssign() if statement.value is not None:
            return _stored(statement)
    return set()
