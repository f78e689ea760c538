"""Encodes plain data as a JSON tree and a list of raw buffers, and decodes it as hostile data.

Numbers and text are what they are in JSON, as far as that is exact; every other value is a list
that begins with a tag. Decoding builds exact built-in types, NumPy arrays and tensors, and nothing
else: no class is looked up by a name from the message, nothing is called, nothing is unpickled.
What is not plain data is handed to the `other` callback, which the two ends use for remote
references.
"""

from __future__ import annotations

import contextlib
import gc
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

MAX_DEPTH = 64
MAX_ITEMS = 2_000_000
MAX_DIMENSIONS = 32
LARGE = 10_000  # containers that a message was made of, or that came of it
EXACT_INT = 2**53  # beyond it, JSON numbers are not the same integer everywhere

# Classes of these packages mean the same on both sides; only they are spoken of by name.
LIBRARIES = ("builtins", "collections", "numpy", "torch", "keras", "tensorflow")

# Kinds of NumPy dtype whose bytes are only numbers or text. Object and void are not.
NUMPY_KINDS = "biufcU"
NUMPY_DTYPE = re.compile(rf"[<>|][{NUMPY_KINDS}][0-9]{{1,9}}")
TORCH_DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
TF_DTYPES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip


class WireError(Exception):
    """A message breaks the rules of the wire, or a value cannot travel on it."""


# Called with a value and the encoder, or with a tree and the decoder.
Other = Callable[[Any, Any], Any]


def _torch() -> Any:
    return sys.modules.get("torch")


def _tensorflow() -> Any:
    module = sys.modules.get("tensorflow")
    return module if hasattr(module, "convert_to_tensor") else None


# Of the values that `Decoder` makes itself; every other tag is for `other`.
TAGS = frozenset((
    "...", "f", "I", "c", "S", "b", "l", "t", "d", "set", "frozenset", "range", "slice",
    "dtype", "np", "array", "size", "torch.dtype", "torch", "tf.dtype", "tf",
))  # fmt: skip

# What is its own tree on the wire, as far as JSON writes it exactly. Most messages are full of it.
PLAIN = frozenset({str, int, float, bool, type(None)})


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return value.isascii()
    if kind is int:
        return -EXACT_INT < value < EXACT_INT
    if kind is float:
        return -math.inf < value < math.inf
    return value is None or kind is bool


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Keeps Python's collector from looking through a message while it is made or read.

    It would do so again and again as the message grows, and find nothing: for a list of 8,000
    customers that took nine tenths of the time. What came of a large message it never looks
    through later either.
    """
    collecting = gc.isenabled()
    gc.disable()
    before = gc.get_count()[0]
    try:
        yield
    finally:
        if gc.get_count()[0] > before + LARGE:
            gc.freeze()
        if collecting:
            gc.enable()


class Encoder:
    """Turns one message's values into a JSON tree; `buffers` collects the raw bytes.

    other: called for a value that is not plain data; returns a JSON tree of its own, or raises.
    first: asked about every value that is no plain number or text, before its type is looked at;
    None means no special form.
    """

    def __init__(self, other: Other, first: Other | None = None) -> None:
        self.buffers: list[bytes | memoryview] = []
        self._other = other
        self._first = first
        self._items = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The JSON tree of a value.

        Raises: WireError when it is nested too deeply or has too many parts.
        """
        return value if _is_plain(value) else self._tree(value, depth)

    def _tree(self, value: Any, depth: int) -> Any:
        if value is Ellipsis:
            return ["..."]
        if self._first is not None and (tree := self._first(value, self)) is not None:
            return tree
        if isinstance(value, np.generic | np.ndarray | np.dtype):
            return self.numpy(value)
        tree = self._builtin(value, depth)
        if tree is None:  # 0 and "" are trees too
            tree = self._tensor(value)
        return self._other(value, self) if tree is None else tree

    def each(self, values: Iterable[Any], depth: int = 0) -> list:
        """The trees of some values, one by one. Raises: WireError as `encode` does."""
        if depth > MAX_DEPTH:
            raise WireError(f"data nested deeper than {MAX_DEPTH} levels (or in a circle)")
        trees = [v if _is_plain(v) else self._tree(v, depth) for v in values]
        self._items += len(trees)
        if self._items > MAX_ITEMS:
            raise WireError(f"data with more than {MAX_ITEMS:,} parts")
        return trees

    def _builtin(self, value: Any, depth: int) -> Any:
        """Built-in types and their subclasses, reduced to the data that the base type holds.

        The base type's own methods are used, so a subclass that redefines `==` or `items` has
        no say in what is sent.
        """

        def each(values: Iterable[Any]) -> list:
            return self.each(values, depth + 1)

        if isinstance(value, int):
            number = int.__index__(value)
            return number if _is_plain(number) else ["I", hex(number)]
        if isinstance(value, float):
            number = float.__float__(value)
            return number if _is_plain(number) else ["f", number.hex()]
        if isinstance(value, complex):
            number = complex.__complex__(value)
            return ["c", float.hex(number.real), float.hex(number.imag)]
        if isinstance(value, str):
            text = str.__str__(value)
            try:
                text.encode()
                return text
            except UnicodeEncodeError:
                # JSON would join two lone surrogates into the one character they never were.
                return ["S", self.buffer(text.encode("utf-32-le", "surrogatepass"))]
        if isinstance(value, bytes | bytearray):
            return ["b", self.buffer(bytes(value))]
        torch = _torch()
        if torch is not None and type(value) is torch.Size:
            return ["size", [int(n) for n in value]]
        if isinstance(value, tuple):
            return ["t", each(tuple.__iter__(value))]
        if isinstance(value, list):
            return ["l", each(list.__iter__(value))]
        if isinstance(value, dict):
            return ["d", each(dict.keys(value)), each(dict.values(value))]
        if isinstance(value, set):
            return ["set", each(set.__iter__(value))]
        if isinstance(value, frozenset):
            return ["frozenset", each(frozenset.__iter__(value))]
        if type(value) is range:
            return ["range", *map(hex, (value.start, value.stop, value.step))]
        if type(value) is slice:
            return ["slice", each((value.start, value.stop, value.step))]
        return None

    def numpy(self, value: Any) -> Any:
        """A NumPy array, scalar or dtype."""
        if isinstance(value, np.dtype):
            return ["dtype", value.str] if value.kind in NUMPY_KINDS else self._other(value, self)
        if value.dtype.kind not in NUMPY_KINDS or value.dtype.names:
            return self._other(value, self)
        if isinstance(value, np.generic):
            data = value.tobytes() if value.dtype.itemsize else b""
            return ["np", value.dtype.str, self.buffer(data)]
        if type(value) is not np.ndarray:
            return self._other(value, self)
        return ["array", *self._array(value)]

    def _tensor(self, value: Any) -> Any:
        torch, tf = _torch(), _tensorflow()
        if torch is not None:
            if type(value) is torch.dtype:
                return ["torch.dtype", str(value).removeprefix("torch.")]
            if type(value) is torch.Tensor and plain_torch(value):
                return self.torch(value)
        if tf is not None:
            if isinstance(value, tf.dtypes.DType):
                return ["tf.dtype", value.name]
            if type(value).__name__ == "EagerTensor" and isinstance(value, tf.Tensor):
                if value.dtype.name in TF_DTYPES:
                    return ["tf", *self._array(value.numpy())]
                return self._other(value, self)
        return None

    def torch(self, value: Any) -> Any:
        """A dense torch tensor's values, whatever its autograd history."""
        torch = _torch()
        dense = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        name = str(dense.dtype).removeprefix("torch.")
        if name not in TORCH_DTYPES:
            return self._other(value, self)
        raw = dense.view(torch.int16) if name == "bfloat16" else dense
        shape, buffer = self._array(raw.numpy())[1:]
        return ["torch", name, shape, buffer]

    def _array(self, array: np.ndarray) -> list:
        contiguous = np.ascontiguousarray(array)
        return [array.dtype.str, list(array.shape), self.buffer(contiguous.tobytes())]

    def buffer(self, data: bytes) -> int:
        """Takes raw bytes along; by this index the other side finds them."""
        self.buffers.append(data)
        return len(self.buffers) - 1


def plain_torch(value: Any) -> bool:
    """Whether a torch tensor is only its values: dense, and not part of an autograd graph."""
    torch = _torch()
    return value.layout is torch.strided and not value.is_quantized and not value.requires_grad


class Decoder:
    """Turns a JSON tree and its buffers back into values.

    other: called with the list of a tag that is not plain data; returns the value, or raises.
    """

    def __init__(self, buffers: list[memoryview], other: Other) -> None:
        self._buffers = buffers
        self._other = other
        self._items = 0

    def decode(self, tree: Any, depth: int = 0) -> Any:
        """The value of a JSON tree.

        Raises: WireError for anything that `Encoder` would not have written.
        """
        if type(tree) in PLAIN:
            return tree
        if type(tree) is not list or not tree or type(tree[0]) is not str:
            raise WireError("a value in the message has no tag")
        try:
            return self._value(tree, depth) if tree[0] in TAGS else self._other(tree, self)
        except WireError:
            raise
        except Exception as error:  # NumPy, torch and TensorFlow each have their own
            raise WireError(f"a malformed {tree[0][:20]!r} in the message: {error}") from None

    def _value(self, tree: list, depth: int) -> Any:
        match tree:
            case ["l", list(items)]:
                return self._each(items, depth + 1)
            case ["d", list(keys), list(values)]:
                return dict(
                    zip(self._each(keys, depth + 1), self._each(values, depth + 1), strict=True)
                )
            case ["f", str(digits)]:
                return float.fromhex(digits)
            case ["I", str(digits)] if len(digits) <= 1_000_000:
                return int(digits, 16)
            case ["c", str(real), str(imag)]:
                return complex(float.fromhex(real), float.fromhex(imag))
            case ["S", index]:
                return bytes(self.buffer(index)).decode("utf-32-le", "surrogatepass")
            case ["..."]:
                return Ellipsis
            case ["b", index]:
                return bytes(self.buffer(index))
            case ["t", list(items)]:
                return tuple(self._each(items, depth + 1))
            case ["set", list(items)]:
                return set(self._each(items, depth + 1))
            case ["frozenset", list(items)]:
                return frozenset(self._each(items, depth + 1))
            case ["range", str(start), str(stop), str(step)]:
                return range(int(start, 16), int(stop, 16), int(step, 16))
            case ["slice", list(items)]:
                return slice(*self._each(items, depth + 1))
            case ["dtype", str(name)]:
                return _numpy_dtype(name)
            case ["np", str(name), index]:
                return self._array(name, [], index)[()]
            case ["array", str(name), list(shape), index]:
                return self._array(name, shape, index)
            case ["size", list(shape)]:
                return _torch().Size(_shape(shape))
            case ["torch.dtype", str(name)]:
                # All dtypes of torch are values without behaviour; the name is looked up in a
                # closed list, never as an attribute.
                return _named(_torch(), name, TORCH_DTYPES)
            case ["torch", str(name), list(shape), index]:
                return self._torch(name, shape, index)
            case ["tf.dtype", str(name)]:
                return _named(_tensorflow(), name, TF_DTYPES)
            case ["tf", str(name), list(shape), index]:
                array = self._array(name, shape, index)
                if array.dtype.name not in TF_DTYPES:
                    raise WireError(f"no TensorFlow dtype {array.dtype.name!r} on the wire")
                return _tensorflow().convert_to_tensor(array)
        raise WireError(f"a malformed {tree[0]!r} in the message")

    def _each(self, items: list, depth: int) -> list:
        self._items += len(items)
        if depth > MAX_DEPTH:
            raise WireError(f"message nested deeper than {MAX_DEPTH} levels")
        if self._items > MAX_ITEMS:
            raise WireError(f"message with more than {MAX_ITEMS:,} parts")
        return [item if type(item) in PLAIN else self.decode(item, depth) for item in items]

    def buffer(self, index: Any) -> memoryview:
        """The raw bytes by an index of `Encoder.buffer`. Raises: WireError when there are none."""
        if type(index) is not int or not 0 <= index < len(self._buffers):
            raise WireError("a value names a buffer that the message does not have")
        return self._buffers[index]

    def _array(self, name: str, shape: list, index: Any) -> np.ndarray:
        dtype, data = _numpy_dtype(name), self.buffer(index)
        if dtype.itemsize == 0:  # only text can be of no size
            if len(data):
                raise WireError("bytes for a text that has none")
            if math.prod(_shape(shape)) > MAX_ITEMS:
                raise WireError("an array with too many empty texts")
            return np.zeros(_shape(shape), dtype)
        flat = np.frombuffer(data, dtype=dtype)
        if dtype.kind == "b":  # a byte that is neither 0 nor 1 would be true and yet not True
            flat = flat.view(np.uint8) != 0
        if dtype.kind == "U" and flat.size:
            points = flat.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
            if points.max() > sys.maxunicode:
                raise WireError("text with characters that do not exist")
        return flat.reshape(_shape(shape)).copy()

    def _torch(self, name: str, shape: list, index: Any) -> Any:
        torch = _torch()
        dtype = _named(torch, name, TORCH_DTYPES)
        raw = "int16" if name == "bfloat16" else name
        tensor = torch.from_numpy(self._array(np.dtype(raw).str, shape, index))
        return tensor.view(dtype) if name == "bfloat16" else tensor


def _numpy_dtype(name: str) -> np.dtype:
    if not NUMPY_DTYPE.fullmatch(name):
        raise WireError(f"no NumPy dtype {name[:20]!r} on the wire")
    return np.dtype(name)


def _shape(shape: list) -> tuple[int, ...]:
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in shape):
        raise WireError(f"not a shape: {str(shape)[:60]}")
    return tuple(shape)


def _named(module: Any, name: str, allowed: tuple[str, ...]) -> Any:
    if module is None or name not in allowed:
        raise WireError(f"no dtype {name[:20]!r} on the wire")
    return getattr(module, name)
