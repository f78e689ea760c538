"""Mutable data that one side passed to the other, kept equal on both.

A function that changes its argument in place, or keeps a reference to it, must be seen doing so
although it runs in another process. Both sides number these values the same way; before each
message a side sends the new content of every value that has changed since both last agreed.
"""

from __future__ import annotations

import marshal
import operator
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from autograder.wire.codec import MAX_DEPTH, Decoder, Encoder, WireError

MAX_SHARED = 100_000
MANY = 100  # items, from which on a list or dictionary of plain data is passed whole
# An object of exactly one of these types holds the same for as long as it lives.
CONSTANT = frozenset({int, float, complex, str, bytes, bool, type(None)})
CONTAINERS = frozenset({list, dict, set})
PASSED_WHOLE = CONSTANT | CONTAINERS
_PENDING = object()


def is_shared(value: Any) -> bool:
    """Whether a value is mutable plain data, which both sides must see change."""
    if type(value) in CONTAINERS or type(value) is np.ndarray:
        return True
    torch = sys.modules.get("torch")
    return torch is not None and type(value) is torch.Tensor and value.layout is torch.strided


class Shared:
    """The numbered values of one session, on one side of it.

    look: makes an encoder that writes a numbered value as its number, and numbers nothing new.
    allow: called with a value before the other side changes it; raises when it must not.
    """

    def __init__(
        self, look: Callable[[], Encoder], allow: Callable[[Any], None] = lambda value: None
    ) -> None:
        self._look = look
        self._allow = allow
        self._values: list[Any] = []
        self._position: dict[int, int] = {}
        self._agreed: list[Any] = []
        self._settled = 0  # values, from the first on, of which both sides know what they hold
        self._wholes: list[tuple[range, Callable[[], bool]]] = []  # passed whole, as agreed still

    def __getitem__(self, position: int) -> Any:
        if not 0 <= position < len(self._values) or self._values[position] is _PENDING:
            raise WireError("a value that was never passed, or that holds itself")
        return self._values[position]

    def position(self, value: Any) -> int | None:
        """The number of a value, or None when it is not one of these."""
        return self._position.get(id(value))

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[Any]:
        return list(self._values)

    def reserve(self) -> int:
        """The next number, for a value that is still being read."""
        position = len(self._values)
        if position >= MAX_SHARED:
            raise WireError(f"more than {MAX_SHARED:,} arrays and containers passed in one check")
        self._values.append(_PENDING)
        self._agreed.append(None)
        return position

    def fill(self, position: int, value: Any) -> None:
        """Puts the value in that a number was reserved for."""
        self._values[position] = value
        self._position[id(value)] = position

    def pass_whole(self, value: Any) -> bytes | None:
        """Numbers a large container and all in it at once; the bytes for `take_whole`.

        None where it has to be passed part by part: it is small, some of it has numbers already,
        or there is more in it than constants and containers.
        """
        if type(value) not in CONTAINERS or len(value) < MANY or not self._number_all(value):
            return None
        return marshal.dumps(value)

    def take_whole(self, data: bytes | memoryview) -> Any:
        """The container that the other side's `pass_whole` numbered, with the same numbers here.

        Only for bytes that can be trusted: the student's kernel takes them, the examiner never.
        """
        value = marshal.loads(data)
        if not self._number_all(value):
            raise WireError("a container that cannot be passed whole")
        return value

    def _number_all(self, value: Any) -> bool:
        """Numbers a container and all in it, in an order that both sides find, or nothing."""
        found = [value]
        held: list[Any] = []
        level = [value]
        for _ in range(MAX_DEPTH):
            held += map(_parts, level)
            parts = list(chain.from_iterable(held[-len(level) :]))
            if not PASSED_WHOLE.issuperset(map(type, parts)):
                return False
            level = [part for part in parts if type(part) in CONTAINERS]
            if not level:
                break
            found += level
            if len(self._values) + len(found) > MAX_SHARED:
                return False
        span = range(len(self._values), len(self._values) + len(found))
        positions = dict(zip(map(id, found), span, strict=True))
        if level or len(positions) < len(found) or not self._position.keys().isdisjoint(positions):
            return False
        self._values += found
        self._agreed += held
        self._position |= positions
        self._wholes.append((span, _watch(found)))
        return True

    def forget_from(self, count: int) -> None:
        """Takes back the numbers given since there were `count`: the message was never sent."""
        for value in self._values[count:]:
            if value is not _PENDING:
                del self._position[id(value)]
        del self._values[count:], self._agreed[count:]
        self._settled = min(self._settled, count)
        self._wholes = [whole for whole in self._wholes if whole[0].stop <= count]

    def settle(self) -> None:
        """Takes what new values hold now as what both sides know."""
        for n in range(self._settled, len(self._values)):
            if self._agreed[n] is None and self._values[n] is not _PENDING:
                self._agreed[n] = self._known(self._values[n])
        self._settled = len(self._values)

    def changes(self, encoder: Encoder) -> list:
        """The values that have changed here, for a message; from now on they count as known."""
        changed = []
        positions = list(range(self._settled))  # the rest goes with the same message, as it is
        self._wholes = [(span, same) for span, same in self._wholes if same()]
        for span, _ in reversed(self._wholes):
            del positions[span.start : span.stop]
        for n in positions:
            value, known = self._values[n], self._agreed[n]
            if type(known) is list:  # nearly always, and then nearly always the same
                parts = [*value, *value.values()] if type(value) is dict else value
                if len(parts) == len(known) and all(map(operator.is_, parts, known)):
                    continue
            if known is not None and self._differs(value, known):
                changed.append([n, encode_content(value, encoder)])
                self._agreed[n] = self._known(value)
        return changed

    def apply(self, changes: Any, decoder: Decoder) -> None:
        """Makes the values here hold what a message says they hold on the other side.

        Raises: WireError when a value cannot take that content.
        """
        if not isinstance(changes, list):
            raise WireError("the list of changes is not a list")
        for change in changes:
            position, tree = _change(change)
            value = self[position]
            self._allow(value)
            try:
                _replace(value, decoder.decode(tree))
            except (ValueError, RuntimeError) as error:  # read-only memory, or overlapping
                raise WireError(f"a value cannot be changed in place: {error}") from None
            self._agreed[position] = self._known(value)
            self._wholes = [whole for whole in self._wholes if position not in whole[0]]

    def _known(self, value: Any) -> list[Any] | tuple:
        """What shows later whether a value has changed.

        Of a container the very objects in it, if they are constant or have numbers of their own.
        Else what it holds as it is sent, which is much slower to make and to compare.
        """
        parts = _parts(value)
        if parts is None:
            return self._content(value)
        if CONSTANT.issuperset(map(type, parts)) or all(  # which the first decides much sooner
            type(p) in CONSTANT or id(p) in self._position for p in parts
        ):
            return parts
        return self._content(value)

    def _differs(self, value: Any, known: list[Any] | tuple) -> bool:
        if type(known) is tuple:
            return self._content(value) != known
        return self._content(_parts(value)) != self._content(known)  # other objects may be equal

    def _content(self, value: Any) -> tuple:
        if (numbers := _numbers(value)) is not None:
            return numbers.dtype.str, numbers.shape, numbers.tobytes()
        encoder = self._look()
        tree = encode_content(value, encoder)
        return repr(tree), encoder.buffers  # 1, 1.0 and True are equal, and not the same


def _change(change: Any) -> tuple[int, Any]:
    if not isinstance(change, list) or len(change) != 2 or type(change[0]) is not int:
        raise WireError("a change that is not what it should be")
    return change[0], change[1]


def _parts(value: Any) -> list[Any] | None:
    """The objects in a container, in order; None of an array or a tensor."""
    if type(value) is dict:
        return [*value, *value.values()]
    return list(value) if type(value) in CONTAINERS else None


def _watch(containers: list[Any]) -> Callable[[], bool]:
    """Tells, when called, whether containers hold the very objects that they hold now.

    Of thousands at once, and much sooner than one by one.
    """
    dicts = [each for each in containers if type(each) is dict]
    others = [each for each in containers if type(each) is not dict]

    def sizes() -> list[int]:
        return [*map(len, others), *map(len, dicts)]

    def objects() -> Iterator[Any]:
        return chain.from_iterable(chain(others, dicts, map(dict.values, dicts)))

    then, held = sizes(), list(objects())
    return lambda: sizes() == then and all(map(operator.is_, held, objects()))


def _numbers(value: Any) -> np.ndarray | None:
    """An array, or the memory of a tensor as one; None of anything else."""
    if type(value) is np.ndarray:
        return value
    if type(value) in CONTAINERS:
        return None
    try:
        return value.detach().numpy()
    except (TypeError, RuntimeError):  # it is elsewhere, or of a type that NumPy has not
        return None


def encode_content(value: Any, encoder: Encoder) -> Any:
    """What a value holds, its own number aside; values inside it keep their numbers."""
    if type(value) is list:
        return ["l", encoder.each(value)]
    if type(value) is dict:
        return ["d", encoder.each(value.keys()), encoder.each(value.values())]
    if type(value) is set:
        return ["set", encoder.each(value)]
    if type(value) is np.ndarray:
        return encoder.numpy(value)
    return encoder.torch(value)


def _replace(value: Any, new: Any) -> None:
    """Gives an existing list, dict, set, array or tensor the content of another."""
    if type(value) is not type(new):
        raise WireError(f"a {type(value).__name__} cannot become a {type(new).__name__}")
    if type(value) is list:
        value[:] = new
    elif type(value) in (dict, set):
        value.clear()
        value.update(new)
    elif type(value) is np.ndarray:
        if value.shape != new.shape or value.dtype != new.dtype:
            raise WireError("an array cannot change its shape or dtype in place")
        np.copyto(value, new)
    else:
        if value.shape != new.shape or value.dtype != new.dtype:
            raise WireError("a tensor cannot change its shape or dtype in place")
        value.data.copy_(new)
