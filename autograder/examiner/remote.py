"""The student's objects, as a check sees them: plain data by value, all else by reference.

What comes over the wire is data from a stranger. A reference forwards what a check does with it
and takes back only what the wire allows; it never decides a comparison with the check's own
plain data, so an object that claims to be equal to everything equals nothing.
"""

from __future__ import annotations

import builtins
import operator
import socket
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.wire import channel
from autograder.wire.codec import LIBRARIES, Decoder, Encoder, WireError, no_collection
from autograder.wire.sharing import CONSTANT, CONTAINERS, Shared, encode_content, is_shared

# Classes that every Python has but that no module shows under their own name.
HIDDEN_TYPES = {
    ("builtins", t.__qualname__): t
    for t in (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.ModuleType,
              types.GeneratorType, types.CodeType, types.MappingProxyType)
}  # fmt: skip
# Special attributes that are worth asking the other side for. The others are protocols by which
# libraries look for memory, hooks or pickles: a reference must not pretend to have them.
ASKED = {"__name__", "__qualname__", "__doc__", "__module__", "__code__", "__defaults__",
         "__kwdefaults__", "__annotations__", "__wrapped__", "__self__", "__func__", "__dict__",
         "__version__"}  # fmt: skip
MAX_TEXT = 20_000  # characters of a message, or of one frame
MAX_FRAMES = 50


class StudentError(Exception):
    """Mixed into every error that student code raised; `frames` are the student's own."""

    frames: list[str]
    text: str  # not `message`: some libraries make that a property

    def __str__(self) -> str:
        return self.text


class CheckError(Exception):
    """A check asks for something that cannot be had from another process."""


class Session:
    """The examiner's side of one check: asks the student's kernel, one question at a time.

    constants: what the course gives, by name; student code may not change it in place. broken: what
    went wrong with the connection or with a message, which no check may take for an answer.
    """

    broken: channel.Closed | WireError | None = None

    def __init__(self, sock: socket.socket, constants: Mapping[str, Any] | None = None) -> None:
        self._sock = sock
        self._constants = constants or {}
        self._references: dict[int, Reference] = {}
        self._shared = Shared(self._looking_encoder, self._refuse_constants)
        self.main = Reference(self, ["main"], [["builtins", "module"]], None, "module")

    def ask(self, action: str, *args: Any) -> Any:
        """One question, one answer.

        Raises: StudentError (and the builtin class of the error) when student code raised;
        WireError when the answer breaks a rule; Closed when the kernel is gone.
        """
        try:
            with no_collection():
                return self._ask(action, *args)
        except (channel.Closed, WireError) as error:
            self.broken = error
            raise

    def _ask(self, action: str, *args: Any) -> Any:
        encoder = Encoder(self._encode_other, self._encode_first)
        known = len(self._shared)
        try:
            do = [action, *(encoder.encode(arg) for arg in args)]
            changed = self._shared.changes(encoder)
            self._shared.settle()
            message = {"do": do, "changed": changed, "grad": _grad_enabled()}
            channel.send(self._sock, message, encoder.buffers)
        except Exception:
            self._shared.forget_from(known)  # the other side has not seen them
            raise
        body, buffers = channel.receive(self._sock)
        if not isinstance(body, dict) or body.keys() not in (
            {"ok", "changed"},
            {"error", "changed"},
        ):
            raise WireError("an answer that is not what it should be")
        decoder = Decoder(buffers, self._decode_other)
        value = decoder.decode(body["ok"]) if "ok" in body else None
        self._shared.apply(body["changed"], decoder)
        if "error" in body:
            # Only `next` may end an iteration: raised anywhere else, StopIteration would cut the
            # check's own `map` or `zip` short, as if there were nothing left to compare.
            raise _error(body["error"], stops=args[:1] == ("next",))
        return value

    def _refuse_constants(self, value: Any) -> None:
        memory = _memory(value)
        for name, constant in self._constants.items():
            if name.startswith("__"):
                continue
            if any(_same(value, memory, c) for c in _changeable(constant)):
                raise CheckError(
                    f"the code changes `{name}` in place, which the notebook gives for all cells "
                    "to use; it must work on a copy. (A check that wants the change hands over a "
                    "copy of its own.)"
                )

    def _looking_encoder(self) -> Encoder:
        return Encoder(self._encode_other, self._encode_number)

    def _encode_number(self, value: Any, encoder: Encoder) -> Any:
        # First of all: a reference claims to be of the class that it stands for.
        if type(value) is Reference:
            session, tree = _parts(value)[:2]
            if session is not self:
                raise CheckError("an object of another check was kept; fetch it in this one")
            return tree
        position = self._shared.position(value)
        return None if position is None else ["shared", position]

    def _encode_first(self, value: Any, encoder: Encoder) -> Any:
        known = self._encode_number(value, encoder)
        if known is not None or not is_shared(value):
            return known
        if type(value) is np.ndarray and (value.dtype.hasobject or value.dtype.names):
            return None
        if (whole := self._shared.pass_whole(value)) is not None:
            return ["whole", encoder.buffer(whole)]
        self._shared.fill(self._shared.reserve(), value)
        content = encode_content(value, encoder)
        leaf = type(value) not in CONTAINERS and getattr(value, "requires_grad", False)
        return ["new", ["leaf", content] if leaf else content]

    def _encode_other(self, value: Any, encoder: Encoder) -> Any:
        if isinstance(value, type) and value.__module__.split(".")[0] in LIBRARIES:
            return ["class", value.__module__, value.__qualname__]
        raise CheckError(
            f"a check cannot hand its own {type(value).__name__} to student code: only plain "
            "data and the student's own objects travel. Make the object on the student's side, "
            "for instance `import __main__ as student; student.keras.layers.Embedding(10, 4)`."
        )

    def _decode_other(self, tree: list, decoder: Decoder) -> Any:
        match tree:
            case ["ref", int(key), list(classes), bases, str(name)]:
                if key not in self._references:
                    self._references[key] = Reference(self, ["ref", key], classes, bases, name)
                return self._references[key]
            case ["shared", int(position)]:
                return self._shared[position]
            case ["graph", int(graph), content]:
                return self._in_graph(graph, decoder.decode(content))
        raise WireError(f"an unknown kind of value, {str(tree[0])[:20]!r}")

    def _in_graph(self, graph: int, values: Any) -> Any:
        """A tensor whose `backward` runs on through the student's graph, to our own leaves."""
        import torch

        if type(values) is not torch.Tensor or not values.is_floating_point():
            raise WireError("a result with a gradient that is not a tensor of floats")
        session = self
        leaves = [
            (n, v)
            for n, v in enumerate(self._shared.values())
            if type(v) is torch.Tensor and v.requires_grad
        ]

        class Student(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, anchor: Any, *tensors: Any) -> Any:
                return values.clone()

            @staticmethod
            def backward(ctx: Any, upstream: Any) -> Any:
                reached = session.ask("backward", graph, upstream.detach().clone())
                grads = _gradients(reached, leaves)
                return (None, *grads)

        # The anchor makes the result need a gradient when only the student's parameters do.
        anchor = torch.zeros((), requires_grad=True)
        return Student.apply(anchor, *(leaf for _, leaf in leaves))


def _grad_enabled() -> bool:
    torch = sys.modules.get("torch")
    return torch is None or torch.is_grad_enabled()


def _gradients(reached: Any, leaves: list) -> list:
    """The gradient for each leaf out of `[(position, gradient), …]`, None where none came."""
    import torch

    found = {}
    for item in reached if type(reached) is list else ():
        if type(item) is tuple and len(item) == 2 and type(item[1]) is torch.Tensor:
            found[item[0] if type(item[0]) is int else None] = item[1]
    grads = [found.get(n) for n, _ in leaves]
    for grad, (_, leaf) in zip(grads, leaves, strict=True):
        if grad is not None and grad.shape != leaf.shape:
            raise WireError("a gradient whose shape is not that of its tensor")
    return grads


def _changeable(constant: Any, depth: int = 0) -> Iterator[Any]:
    """A constant and what its containers hold, without the numbers and texts in them."""
    yield constant
    if type(constant) in (list, tuple, dict, set) and depth < 8:
        for item in constant.values() if type(constant) is dict else constant:
            if type(item) not in CONSTANT:
                yield from _changeable(item, depth + 1)


def _same(value: Any, memory: np.ndarray | None, constant: Any) -> bool:
    """Whether two values are one, or share memory; `memory` is the first one's."""
    if memory is None or (constant_memory := _memory(constant)) is None:
        return value is constant
    return np.may_share_memory(memory, constant_memory)


def _memory(value: Any) -> np.ndarray | None:
    if type(value) is np.ndarray:
        return value
    torch = sys.modules.get("torch")
    if torch is None or type(value) is not torch.Tensor or value.layout is not torch.strided:
        return None
    return torch.empty(0, dtype=torch.uint8).set_(value.untyped_storage()).numpy()


def _class(module: Any, name: Any) -> type | None:
    """The class that both sides know by this name, or None. Nothing is imported for it."""
    if (module, name) in HIDDEN_TYPES:
        return HIDDEN_TYPES[module, name]
    if not isinstance(module, str) or not isinstance(name, str):
        raise WireError("a class without a name")
    if module.split(".")[0] not in LIBRARIES or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        # Only what is there by itself: a module's `__getattr__` may import at will.
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found if isinstance(found, type) else None


def _classes(names: Any) -> tuple[type, ...]:
    if not isinstance(names, list) or len(names) > 200:
        raise WireError("a list of classes that is not what it should be")
    pairs = [pair for pair in names if isinstance(pair, list) and len(pair) == 2]
    return tuple(cls for module, name in pairs if (cls := _class(module, name)) is not None)


def _error(described: Any, stops: bool = False) -> Exception:
    """The error that student code raised, as an instance of the builtin class it was."""
    if not isinstance(described, dict):
        raise WireError("an error that is not what it should be")
    classes = described.get("classes", [])
    message, frames = described.get("message", ""), described.get("traceback", [])
    if not isinstance(message, str) or not isinstance(frames, list):
        raise WireError("an error that is not what it should be")
    known = [cls for cls in _classes(classes) if issubclass(cls, Exception)]
    if not stops:
        known = [cls for cls in known if not issubclass(cls, StopIteration)]
    match classes:
        case [[_, str(name)], *_] if name.isprintable():
            pass
        case _:
            name = "Exception"
    for base in known or [Exception]:
        try:
            cls = type(
                name[:80],
                (StudentError, base),
                {"__str__": StudentError.__str__, "__init__": lambda self: None},
            )
            error = cls()
            break
        except TypeError:  # a class that cannot be derived from, or made without its arguments
            continue
    else:
        error = StudentError()
    error.text = message[:MAX_TEXT]
    error.frames = [str(frame)[:MAX_TEXT] for frame in frames[:MAX_FRAMES]]
    return error


def _parts(reference: Reference) -> tuple:
    return object.__getattribute__(reference, "_parts")


class Reference:
    """An object of the student's. Everything done with it is done over there."""

    __slots__ = ("_parts",)

    def __init__(self, session: Session, tree: list, classes: Any, bases: Any, name: str) -> None:
        # One slot, read around `__getattribute__`: all other names are the student's.
        known = _classes(classes)
        of_class = None if bases is None else _classes(bases)
        object.__setattr__(self, "_parts", (session, tree, known, of_class, name))

    def __getattribute__(self, name: str) -> Any:
        session, _, classes, bases, _ = _parts(self)
        if name == "__class__":
            # Torch's C code takes what claims to be a tensor for the memory of one. That claim
            # is made to Python code alone, by `is_instance` below.
            return classes[0] if classes and not _is_tensor(classes) else Reference
        if bases is not None and name in ("__bases__", "__mro__"):
            return bases
        if name.startswith("__") and name.endswith("__") and name not in ASKED:
            return object.__getattribute__(self, name)
        return session.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _parts(self)[0].ask("set", self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # In a tuple: a dict would be kept equal on both sides for as long as the check runs.
        return _parts(self)[0].ask("call", self, args, tuple(kwargs.items()))

    def __instancecheck__(self, instance: Any) -> bool:
        if type(instance) is not Reference:
            return False  # plain data is of no class that the student defined
        return _parts(self)[0].ask("isinstance", instance, self) is True

    def __subclasscheck__(self, cls: Any) -> bool:
        return _parts(self)[0].ask("issubclass", cls, self) is True

    def __bool__(self) -> bool:
        raise CheckError(
            f"the truth of a remote {_parts(self)[4]} proves nothing: it says whatever its class "
            "says. Compare with a value, or ask `is not None`."
        )

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Any) -> Any:
        if type(other) is not Reference:
            return False
        return self is other or _special("eq")(self, other) is True

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        values = _parts(self)[0].ask("values", self)
        if type(values) is not np.ndarray:
            raise TypeError(f"a {_parts(self)[4]} has no values to make an array of")
        return values if dtype is None else values.astype(dtype)

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        import tensorflow as tf

        return tf.convert_to_tensor(np.asarray(self), dtype=dtype, name=name)

    @classmethod
    def __torch_function__(cls, function: Any, kinds: Any, args: Any = (), kwargs: Any = None):
        def value(item: Any) -> Any:
            if type(item) is Reference:
                return _tensor(item)
            if type(item) in (list, tuple):
                return type(item)(map(value, item))
            return item

        return function(*map(value, args), **{k: value(v) for k, v in (kwargs or {}).items()})

    def __enter__(self) -> Any:
        return _parts(self)[0].ask("special", "enter", self, ())

    def __exit__(self, *error: Any) -> None:
        # An error of the check stays the check's: it is not the student's to swallow.
        _parts(self)[0].ask("special", "exit", self, ())

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise CheckError(f"a remote {_parts(self)[4]} cannot be copied or pickled; copy what you "
                         "need of it, such as np.array(x)")  # fmt: skip

    def __dir__(self) -> list[str]:
        return []


_real_isinstance = builtins.isinstance


def is_instance(value: Any, classes: Any) -> bool:
    """The builtin `isinstance`, which knows of references to tensors."""
    if type(value) is not Reference or not _is_tensor(_parts(value)[2]):
        return _real_isinstance(value, classes)
    if type(classes) is tuple:
        return any(is_instance(value, cls) for cls in classes)
    if type(classes) is Reference:
        return _real_isinstance(value, classes)
    return any(issubclass(cls, classes) for cls in _parts(value)[2])


def _is_tensor(classes: tuple[type, ...]) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and any(torch.Tensor in cls.__mro__ for cls in classes)


def _tensor(reference: Reference) -> Any:
    """A remote tensor's values; gradients flow on through them to the student's parameters."""
    import torch

    values = _parts(reference)[0].ask("tensor", reference)
    if type(values) is not torch.Tensor:
        raise TypeError(f"a {_parts(reference)[4]} has no values to make a tensor of")
    return values


def _numbers(reference: Reference) -> Any:
    """A remote tensor, variable or array as plain numbers, to calculate with here.

    Student code has no part in a calculation with the check's own numbers: it would learn what
    is expected, and its `-` could make every difference nothing.
    """
    session, _, classes, _, name = _parts(reference)
    if _is_tensor(classes):
        return _tensor(reference)
    try:
        values = session.ask("values", reference)
    except StudentError:
        values = None
    if type(values) is not np.ndarray:
        raise CheckError(
            f"a check cannot calculate with a remote {name} and its own data, nor compare their "
            "order: that would be the student's code at work. Take a plain number out of it, or "
            "work on the student's side: `import __main__ as student; "
            "student.keras.ops.multiply(x, 2)`."
        )
    if classes and classes[0].__module__.split(".")[0] in ("keras", "tensorflow"):
        import tensorflow as tf

        return tf.convert_to_tensor(values)
    return values


def _operation(name: str, reflected: bool = False) -> Any:
    """A binary operator: between two of the student's objects over there, else here."""
    function = getattr(operator, name)

    def method(self: Reference, other: Any) -> Any:
        if type(other) is Reference:
            asked = "r" + name if reflected else name
            return _parts(self)[0].ask("special", asked, self, (other,))
        mine = _numbers(self)
        return function(other, mine) if reflected else function(mine, other)

    return method


def _special(name: str) -> Any:
    def method(self: Reference, *args: Any) -> Any:
        return _parts(self)[0].ask("special", name, self, args)

    return method


def _exact(name: str, kind: type) -> Any:
    """A special method that must give a plain `kind`, as Python itself demands."""

    def method(self: Reference) -> Any:
        value = _parts(self)[0].ask("special", name, self, ())
        if type(value) is not kind:
            raise TypeError(f"{name}() of a {_parts(self)[4]} is not of type {kind.__name__}")
        return value

    return method


for _name in ("iter", "next", "getitem", "setitem", "delitem", "neg", "abs"):
    setattr(Reference, f"__{_name}__", _special(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Reference, f"__{_name}__", _operation(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(Reference, f"__{_name}__", _operation(_name))
    setattr(Reference, f"__r{_name}__", _operation(_name, reflected=True))
for _name, _kind in (("len", int), ("int", int), ("index", int), ("float", float),
                     ("repr", str), ("str", str), ("contains", bool)):  # fmt: skip
    if _name != "contains":
        setattr(Reference, f"__{_name}__", _exact(_name, _kind))
Reference.__contains__ = lambda self, item: _special("contains")(self, item) is True
