"""Runs the student's cells, and answers the examiner's questions, inside the student's kernel.

Student code shares this process and may change anything here: nothing that this module says is
believed further than the data it sends. It holds no secret, no test and no verdict.

A session serves one check. Objects that the examiner holds references to are in `objects`;
arrays and containers that the examiner passed are in `shared`, so that a change on either side
is seen on the other; results that carry torch gradients are in `graphs`.
"""

from __future__ import annotations

import asyncio
import contextlib
import operator
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from IPython import get_ipython

from autograder.sandbox.connect import connect
from autograder.wire import channel
from autograder.wire.codec import LIBRARIES, Decoder, Encoder, WireError, no_collection
from autograder.wire.sharing import Shared

MAX_TEXT = 20_000  # characters of a message or a representation
MAX_FRAMES = 12
_OWN_PACKAGE = str(Path(__file__).parents[1])


async def serve(orders: str, examiner: str) -> None:
    """Does what the grader says, one cell or check after the other, until it hangs up.

    orders: the path to listen at for the grader. examiner: where the examiner listens. To have
    all in one request of Jupyter's takes a third of the time that a request for each would.

    What is printed or drawn meanwhile says in its parent header in which cell or check, and so
    does a status that follows the last of it.
    """
    shell = get_ipython()
    kernel, session = shell.kernel, shell.kernel.session
    ident, request = kernel._parent_ident["shell"], kernel.get_parent()
    own = os.getpid()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(orders)
        listener.listen(1)
        grader, _ = listener.accept()
    try:
        while True:
            try:
                order, _ = channel.receive(grader)
            except channel.Closed:
                return
            before = session.message_count
            header = {**request["header"], channel.NUMBER: order[channel.NUMBER]}
            parent = {**request, "header": header}
            kernel.set_parent(ident, parent)
            if "source" in order:
                await kernel.do_execute(order["source"], silent=False)
            else:
                _answer(examiner, order[channel.NUMBER])
                shell.events.trigger("post_execute")  # shows the figures that are still open
            if os.getpid() != own:
                os._exit(0)  # a process that the cell has forked, and never ended
            await asyncio.sleep(0)  # for what else the cell has started in this loop
            sys.stdout.flush()
            sys.stderr.flush()
            if shown := session.message_count != before:
                session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent)
            grader.sendall(channel.DONE.pack(shown, shell.execution_count - 1))
    finally:
        with contextlib.suppress(OSError):  # the grader was first
            grader.shutdown(socket.SHUT_RDWR)  # a process that a cell has forked may hold it open


def _answer(examiner: str, number: int) -> None:
    """Serves one check; where it cannot, the examiner sees no connection come."""
    with contextlib.suppress(OSError), connect(examiner) as sock:
        channel.send(sock, {channel.NUMBER: number})
        Session(sock).run()


class Session:
    """One check's view of this kernel."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._main = sys.modules["__main__"]
        self._objects: dict[int, Any] = {}
        self._shared = Shared(self._encoder)
        self._graphs: list[Any] = []

    def run(self) -> None:
        """Answers one question after the other, until the examiner hangs up."""
        while True:
            try:
                body, buffers = channel.receive(self._sock)
                self._reply(body, buffers)
            except channel.Closed:
                return

    def _reply(self, body: Any, buffers: list[memoryview]) -> None:
        encoder = self._encoder()
        try:
            answer = self._answer(body, buffers)
            with no_collection():
                reply = {"ok": encoder.encode(answer)}
                reply["changed"] = self._shared.changes(encoder)
            channel.send(self._sock, reply, encoder.buffers)
        except channel.Closed:
            raise
        except BaseException as error:  # whatever student code raises is an answer, too
            encoder = self._encoder()
            changed = self._shared.changes(encoder)
            channel.send(
                self._sock, {"error": describe(error), "changed": changed}, encoder.buffers
            )

    def _answer(self, body: dict, buffers: list[memoryview]) -> Any:
        decoder = Decoder(buffers, self._decode_other)
        action, *parts = body["do"]
        with no_collection():
            args = [decoder.decode(part) for part in parts]
            self._shared.apply(body["changed"], decoder)
            self._shared.settle()
        torch = sys.modules.get("torch")
        with contextlib.nullcontext() if body["grad"] or torch is None else torch.no_grad():
            return getattr(self, "do_" + action)(*args)

    # What an examiner can ask for. -----------------------------------------------------------

    def do_get(self, target: Any, name: str) -> Any:
        return getattr(target, name)

    def do_set(self, target: Any, name: str, value: Any) -> None:
        setattr(target, name, value)

    def do_call(self, target: Any, args: tuple, kwargs: tuple) -> Any:
        return target(*args, **dict(kwargs))

    def do_special(self, name: str, target: Any, args: tuple) -> Any:
        """What Python does for `len(x)`, `x[i]`, `x + y` and the like."""
        return SPECIAL[name](target, *args)

    def do_values(self, target: Any) -> Any:
        """The numbers of an array, tensor, parameter or variable, as a new NumPy array."""
        return np.array(target.detach().cpu() if hasattr(target, "detach") else target)

    def do_tensor(self, target: Any) -> Any:
        """A torch tensor's values, of a parameter too; gradients find their way back to it."""
        import torch

        return target.as_subclass(torch.Tensor).to_dense().clone()

    def do_isinstance(self, target: Any, cls: Any) -> bool:
        return bool(isinstance(target, cls))

    def do_issubclass(self, target: Any, cls: Any) -> bool:
        return bool(issubclass(target, cls))

    def do_backward(self, graph: int, upstream: Any) -> list:
        """Sends a gradient into a result's graph: `[position, gradient]` of what it reached.

        Gradients of parameters on this side accumulate in `.grad`, as with a plain `backward`;
        those of the examiner's own tensors go back to it.
        """
        leaves = [(n, v) for n, v in enumerate(self._shared.values()) if in_graph(v)]
        for _, leaf in leaves:
            leaf.grad = None
        self._graphs[graph].backward(upstream, retain_graph=True)
        return [(n, leaf.grad.to_dense()) for n, leaf in leaves if leaf.grad is not None]

    # Data in and out. ------------------------------------------------------------------------

    def _encoder(self) -> Encoder:
        return Encoder(self._encode_other, self._encode_first)

    def _encode_first(self, value: Any, encoder: Encoder) -> Any:
        position = self._shared.position(value)
        return None if position is None else ["shared", position]

    def _encode_other(self, value: Any, encoder: Encoder) -> Any:
        if in_graph(value):
            known = [n for n, result in enumerate(self._graphs) if result is value]
            if not known:
                self._graphs.append(value)
            n = known[0] if known else len(self._graphs) - 1
            return ["graph", n, encoder.torch(value)]
        self._objects[id(value)] = value
        bases = library_classes(value) if isinstance(value, type) else None
        return ["ref", id(value), library_classes(type(value)), bases, type(value).__name__]

    def _decode_other(self, tree: list, decoder: Decoder) -> Any:
        match tree:
            case ["new", content]:
                position = self._shared.reserve()
                value = decoder.decode(content)
                self._shared.fill(position, value)
                return value
            case ["whole", index]:
                return self._shared.take_whole(decoder.buffer(index))
            case ["ref", int(key)]:
                return self._objects[key]
            case ["main"]:
                return self._main
            case ["shared", int(position)]:
                return self._shared[position]
            case ["leaf", content]:  # a tensor of the examiner's that collects gradients
                return decoder.decode(content).requires_grad_()
            case ["class", str(module), str(name)]:
                return operator.attrgetter(name)(sys.modules[module])
        raise WireError("an unknown kind of value")


def in_graph(value: Any) -> bool:
    """Whether a value is a torch tensor (not a parameter) that gradients flow through."""
    torch = sys.modules.get("torch")
    return torch is not None and type(value) is torch.Tensor and value.requires_grad


def library_classes(cls: type) -> list[list[str]]:
    """`[module, qualified name]` of each class of `LIBRARIES` that `cls` derives from."""
    return [
        [base.__module__, base.__qualname__]
        for base in cls.__mro__
        if str(base.__module__).split(".")[0] in LIBRARIES and base is not object
    ]


def describe(error: BaseException) -> dict:
    """An error that student code raised, as text: its classes, its message, its traceback."""
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        # The frames between this module and the student's code say nothing to a person.
        if frame.f_code.co_filename != __file__ or frames:
            frames.append(
                traceback.FrameSummary(
                    frame.f_code.co_filename,
                    line,
                    frame.f_code.co_name,
                    lookup_line=True,
                )
            )
    while frames and frames[0].filename.startswith(_OWN_PACKAGE):
        frames.pop(0)
    if len(frames) > MAX_FRAMES:
        frames = frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]
    return {
        "classes": [[c.__module__, c.__qualname__] for c in type(error).__mro__],
        "message": _message(error)[:MAX_TEXT],
        "traceback": [_frame(frame)[:MAX_TEXT] for frame in frames],
    }


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as worse:
        return f"(its message cannot be shown: {type(worse).__name__} in __str__)"


def _frame(frame: traceback.FrameSummary) -> str:
    """One frame as Jupyter names it: cells by their place, files by their name."""
    name = frame.filename
    try:
        compiled = get_ipython().compile
        kind, shown = compiled.format_code_name(name) or ("File", name)
    except Exception:  # student code may have broken any of this; the plain name is good enough
        kind, shown = "File", name
    where = f"{kind} {shown}, line {frame.lineno}, in {frame.name}"
    return f"{where}\n    {frame.line}" if frame.line else where


def _text(function: Any) -> Any:
    return lambda value: function(value)[:MAX_TEXT]


def _enter(manager: Any) -> Any:
    return type(manager).__enter__(manager)


def _exit(manager: Any) -> Any:
    return type(manager).__exit__(manager, None, None, None)


SPECIAL = {
    "repr": _text(repr),
    "str": _text(str),
    "len": len,
    "iter": iter,
    "next": next,
    "int": int,
    "float": float,
    "index": operator.index,
    "enter": _enter,
    "exit": _exit,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "contains": operator.contains,
    "neg": operator.neg,
    "abs": abs,
    **{
        name: getattr(operator, name)
        for name in (
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "matmul",
        )
    },
    **{
        "r" + name: (lambda function: lambda a, b: function(b, a))(getattr(operator, name))
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
    },
}
