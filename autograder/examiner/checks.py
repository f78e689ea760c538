"""Runs given and check cells, in a namespace of the course's own, and says how each check ended."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import linecache
import marshal
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import CodeType
from typing import Any

from autograder.examiner.names import free_names
from autograder.examiner.remote import (
    CheckError,
    Reference,
    Session,
    StudentError,
    is_instance,
)
from autograder.regions import HIDDEN, lines_within
from autograder.wire.channel import Closed
from autograder.wire.codec import WireError

MAX_PRINTED = 20_000
NOT_ATTEMPTED, WRONG, ERROR, PASSED, LOST = (
    "not attempted", "wrong", "error", "passed", "lost",
)  # fmt: skip


@dataclass
class Verdict:
    """How a check ended.

    outcome: passed, wrong (an assertion of the check), not attempted (a stub's
    NotImplementedError), error (anything else raised), or lost (the kernel went away).
    message: one line or more for people. result: the value of the cell's last expression, as
    nbgrader's partial credit wants it. printed: what the check wrote to stdout.
    """

    outcome: str
    message: str = ""
    ename: str = ""
    traceback: list[str] = field(default_factory=list)
    result: str | None = None
    printed: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Examiner:
    """The course's side of one submission. Student code never runs in its process."""

    def __init__(self) -> None:
        self._given: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}

    def run_given(self, name: str, source: str) -> None:
        """Runs a given cell; what it defines is there for all checks after it."""
        filename = _register(name, source)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, filename, "exec"), self._given)

    def run_check(
        self, name: str, source: str, connect: Callable[[], Any], compiled: bytes = b""
    ) -> Verdict:
        """Runs a check against the kernel that `connect` gives a socket to.

        compiled: what `compile_check` made of it; it is the same for a whole class.
        """
        _register(name, source)
        printed = io.StringIO()
        namespace = dict(self._given)
        real_main, real_isinstance = sys.modules["__main__"], builtins.isinstance
        try:
            with (
                connect() as sock,
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                session = Session(sock, self._given)
                sys.modules["__main__"] = session.main  # `import __main__ as student`
                builtins.isinstance = is_instance
                try:
                    reads, *code = marshal.loads(compiled or compile_check(name, source))
                    for wanted in reads:
                        # A name the student's side lacks too is an ordinary NameError below.
                        if wanted not in namespace:
                            with contextlib.suppress(AttributeError):
                                namespace[wanted] = session.ask("get", session.main, wanted)
                    verdict = Verdict(PASSED, result=run_code(*code, namespace))
                except Closed:
                    raise
                except BaseException as error:
                    # While the kernel still answers: a message may hold a student's object.
                    verdict = _failed(error, name, source)
                # A check that catches every error may have gone on as if it had been answered.
                if isinstance(session.broken, Closed):
                    raise session.broken
                if session.broken is not None:
                    verdict = _failed(session.broken, name, source)
        except (Closed, TimeoutError) as error:
            verdict = Verdict(LOST, f"the kernel did not answer: {error}")
        finally:
            sys.modules["__main__"], builtins.isinstance = real_main, real_isinstance
        verdict.printed = clean(printed.getvalue()[:MAX_PRINTED])
        return verdict


def _register(name: str, source: str) -> str:
    """Lets tracebacks show the cell's own lines."""
    filename = _filename(name)
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    return filename


def _filename(name: str) -> str:
    return f"<{name}>"


def compile_check(name: str, source: str) -> bytes:
    """The names that a check reads and does not bind, and its code, for a process of this Python.

    Raises: SyntaxError when the source is not Python.
    """
    return marshal.dumps([sorted(free_names(source)), *compile_cell(source, _filename(name))])


def compile_cell(source: str, filename: str) -> tuple[CodeType, CodeType | None]:
    """The code of a cell, and that of its last expression, whose value Jupyter shows."""
    tree = ast.parse(source, filename)
    shows = tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";")
    last = tree.body.pop() if shows else None
    return (
        compile(tree, filename, "exec"),
        last and compile(ast.Expression(last.value), filename, "eval"),
    )


def run_code(code: CodeType, last: CodeType | None, namespace: dict[str, Any]) -> str | None:
    """Executes a cell as Jupyter does: a last expression's value is its result.

    Only a plain number is a result: nbgrader reads it as partial credit.

    Raises: whatever the cell raises; CheckError for points that cannot be meant.
    """
    exec(code, namespace)
    value = None if last is None else eval(last, namespace)
    if type(value) not in (int, float):
        return None
    if not math.isfinite(value) or value < 0:  # which nbgrader takes for full marks
        raise CheckError(f"the check gives {value} points, which cannot be meant")
    return repr(value)


def _failed(error: BaseException, name: str, source: str) -> Verdict:
    """The verdict on a check that raised. Its traceback shows no line of a hidden test."""
    of_student = isinstance(error, StudentError)
    if isinstance(error, NotImplementedError):
        outcome = NOT_ATTEMPTED
    elif isinstance(error, AssertionError) and not of_student:
        outcome = WRONG
    else:
        outcome = ERROR
    ename = type(error).__name__
    message = _text(error)
    if isinstance(error, WireError):
        message = f"what came from the student's side cannot be used: {message}"
    lines = [f"{ename}: {message}" if message else ename, ""]
    hidden = lines_within(source, HIDDEN)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == _filename(name):
            if frame.lineno in hidden:
                lines.append(f"Check {name}, line {frame.lineno}, in a hidden test")
            else:
                lines += [f"Check {name}, line {frame.lineno}", f"    {frame.line}"]
    if of_student:
        lines += ["", "In the student's code:", *map(clean, error.frames)]
    elif not isinstance(error, AssertionError | CheckError | WireError):
        # An error of the check itself (or of what it was given): its author needs the place.
        only = traceback.format_exception_only(error)
        lines += ["", *(clean(line[:MAX_PRINTED]).rstrip() for line in only)]
    return Verdict(outcome, message or ename, ename, lines)


def _text(error: BaseException) -> str:
    """An error's message; it may be made of a student's objects, which may fail in its making."""
    try:
        return clean(str(error)[:MAX_PRINTED])
    except Closed:
        raise
    except BaseException as worse:
        return f"(its message cannot be shown: {type(worse).__name__})"


def clean(text: str) -> str:
    """Text from a student without control characters: no terminal or browser acts on it."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


__all__ = ["Examiner", "Reference", "Verdict", "clean", "compile_cell", "compile_check", "run_code"]
