"""Which global names a cell binds and reads, found without running it."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

BUILTINS = frozenset(dir(builtins)) | {"__name__"}


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def bound_names(source: str) -> set[str]:
    """Global names that a cell assigns, imports, defines or deletes.

    Raises: SyntaxError when the source is not Python.
    """
    names = set()
    for table in _tables(symtable.symtable(source, "<cell>", "exec")):
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            bound = symbol.is_assigned() or symbol.is_imported()
            if bound and (top or symbol.is_declared_global()):
                names.add(symbol.get_name())
    return names


def read_names(source: str) -> set[str]:
    """Global names that a cell reads, in functions and classes that it defines too.

    Raises: SyntaxError when the source is not Python.
    """
    names = set()
    for table in _tables(symtable.symtable(source, "<cell>", "exec")):
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (top or symbol.is_global()):
                names.add(symbol.get_name())
    return names


def free_names(source: str) -> set[str]:
    """Global names that a cell reads but neither binds nor finds among the builtins."""
    return read_names(source) - bound_names(source) - BUILTINS


def imports_main(source: str) -> bool:
    """Whether a cell says `import __main__` (the student's side, in a check)."""
    return any(
        isinstance(node, ast.Import) and any(alias.name == "__main__" for alias in node.names)
        for node in ast.walk(ast.parse(source))
    )
