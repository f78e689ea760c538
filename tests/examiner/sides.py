"""A check run in both ways: through the examiner, and in one plain namespace as in a notebook."""

from __future__ import annotations

import socket
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from typing import Any

from autograder.examiner.checks import Examiner, Verdict, _failed
from autograder.kernel import student

GIVEN = """
import numpy as np
import torch
from torch import nn

E = np.arange(40.0).reshape(10, 4)
"""

Run = Callable[..., Verdict]


def module_of(source: str) -> types.ModuleType:
    """The student's `__main__`, after their cells ran."""
    module = types.ModuleType("__main__")
    exec(compile(GIVEN, "<given>", "exec"), module.__dict__)
    exec(compile(textwrap.dedent(source), "<student>", "exec"), module.__dict__)
    return module


def remotely(source: str | types.ModuleType, *checks: str, given: str = "") -> Verdict:
    """The verdict on the last of the checks; student code runs behind a socket."""
    module = source if isinstance(source, types.ModuleType) else module_of(source)
    examiner = Examiner()
    examiner.run_given("given-1", GIVEN + textwrap.dedent(given))
    for check in checks:
        near, far = socket.socketpair()

        def serve(sock: socket.socket = far) -> None:
            session = student.Session(sock)
            session._main = module
            with sock:
                session.run()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        verdict = examiner.run_check("check-1", textwrap.dedent(check), lambda s=near: s)
        thread.join(60)
    return verdict


def plainly(source: str, *checks: str, given: str = "") -> Verdict:
    """The same in one namespace, where nothing is remote."""
    module = module_of(source)
    exec(textwrap.dedent(given), module.__dict__)
    real = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        for check in checks:
            exec(compile(textwrap.dedent(check), "<check-1>", "exec"), module.__dict__)
        return Verdict("passed")
    except BaseException as error:
        return _failed(error, "check-1", check)
    finally:
        sys.modules["__main__"] = real


def against(answer: Callable[[Any], Any], check: str, given: str = "") -> Verdict:
    """The verdict on a check whose questions are answered by `answer(body)`, raw."""
    from autograder.wire import channel
    from autograder.wire.codec import WireError

    examiner = Examiner()
    examiner.run_given("given-1", GIVEN + textwrap.dedent(given))
    near, far = socket.socketpair()

    def serve() -> None:
        with far:
            try:
                while True:
                    body, _ = channel.receive(far)
                    reply = answer(body)
                    if isinstance(reply, bytes):
                        far.sendall(reply)
                        return
                    elif reply is None:
                        return
                    else:
                        channel.send(far, *(reply if isinstance(reply, tuple) else (reply,)))
            except (OSError, WireError):
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    verdict = examiner.run_check("check-1", textwrap.dedent(check), lambda: near)
    thread.join(60)
    return verdict
