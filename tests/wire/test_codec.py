"""Plain data arrives as it was sent: the exact type, every bit of it."""

from __future__ import annotations

import gc
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograder.wire.codec import (
    LARGE,
    MAX_DEPTH,
    TF_DTYPES,
    TORCH_DTYPES,
    Decoder,
    Encoder,
    WireError,
    no_collection,
)
from tests.wire.frames import over_a_socket


def refuse(value: Any, side: Any) -> Any:
    raise WireError(f"not plain: {value!r:.60}")


def round_trip(value: Any) -> Any:
    """What the other side gets: through JSON and a real socket."""
    encoder = Encoder(refuse)
    tree = encoder.encode(value)
    body, buffers = over_a_socket(tree, encoder.buffers)
    return Decoder(buffers, refuse).decode(body)


def same(a: Any, b: Any) -> bool:
    """The same type and the same value, NaN, -0.0 and the order of a dict included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return float.hex(a) == float.hex(b)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, slice):
        return same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b


text = st.text(st.characters(exclude_categories=()))  # lone surrogates, too
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.complex_numbers()
    | text
    | st.binary()
    | st.just(...)
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 9))
)
numpy_dtypes = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.unsigned_integer_dtypes(endianness="?"),
    npst.floating_dtypes(endianness="?"),
    npst.complex_number_dtypes(endianness="?"),
    npst.unicode_string_dtypes(endianness="?"),
)
arrays = npst.arrays(numpy_dtypes, npst.array_shapes(min_dims=0, max_dims=3, min_side=0))
hashable = st.none() | st.booleans() | st.integers() | text | st.binary() | st.tuples(text)
nested = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.sets(hashable)
        | st.frozensets(hashable)
        | st.builds(slice, st.none() | st.integers(), st.integers(), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(nested)
def test_nested_data_arrives_as_it_was_sent(value: Any) -> None:
    assert same(round_trip(value), value)


@settings(max_examples=100, deadline=None)
@given(arrays)
def test_any_array_keeps_its_dtype_its_shape_and_every_byte(array: np.ndarray) -> None:
    got = round_trip(array)
    assert type(got) is np.ndarray
    assert same(got, np.ascontiguousarray(array).reshape(array.shape))
    assert got.flags.writeable and got.flags.owndata


@pytest.mark.parametrize(
    "value",
    [
        0, 1, -1, 2**53, -(2**53), 2**53 - 1, 2**64, -(10**3000),
        0.0, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, math.nan,
        complex(math.nan, -0.0), complex(-0.0, math.inf),
        "", "ä€𝄞", "\ud800", "\udc00\ud800", "\ud800\udc00", "\x00\x1b[31m",
        b"", b"\x00\xff", (), [], {}, set(), frozenset(), {(): []}, {1: {2: {3: ()}}},
        {frozenset({1}): {2}}, range(0), range(5, -5, -2), range(2**70, 2**71),
        slice(None), slice(1, 2**70, -1), ..., None, True, False,
        {True: 1, "1": 2, 1.5: 3, None: 4}, [[[[]]]], (1, (2, (3,))),
    ],
    ids=lambda value: repr(value)[:30].encode("ascii", "backslashreplace").decode(),
)  # fmt: skip
def test_corner_cases_of_builtin_types_arrive_exactly(value: Any) -> None:
    assert same(round_trip(value), value)


@pytest.mark.parametrize("value, kind", [(True, bool), (1, int), (1.0, float), (1 + 0j, complex)])
def test_numbers_that_are_equal_keep_their_own_types(value: Any, kind: type) -> None:
    assert type(round_trip(value)) is kind
    assert [type(item) for item in round_trip([value])] == [kind]


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "c8", "c16", "G",
     ">i2", ">i4", ">u8", ">f2", ">f8", ">c16", "U1", "<U7", ">U7"],
)  # fmt: skip
def test_every_numpy_dtype_travels_as_array_as_scalar_and_by_itself(dtype: str) -> None:
    dtype = np.dtype(dtype)
    array = np.array([0, 1, 1, 0, 1, 1], dtype=dtype).reshape(2, 3)
    for value in (array, array[:0], array.reshape(3, 2, 1), array[0, 1], array[0:1, 0].reshape(())):
        assert same(round_trip(value), value)
    assert round_trip(dtype) == dtype


def test_arrays_that_are_not_contiguous_arrive_with_their_values() -> None:
    base = np.arange(24.0).reshape(2, 3, 4)
    for view in (base.T, base[:, ::2], base[..., ::-1], np.broadcast_to(np.float32(3), (2, 2)),
                 np.asfortranarray(base), base[1:1]):  # fmt: skip
        got = round_trip(view)
        assert got.dtype == view.dtype and got.shape == view.shape
        assert np.array_equal(got, view)


def test_bits_of_nan_infinity_and_negative_zero_survive_in_arrays() -> None:
    odd = np.array([0x7FF8000000000123, 0xFFF0000000000000, 0x8000000000000000, 1], np.uint64)
    assert np.array_equal(round_trip(odd.view(np.float64)).view(np.uint64), odd)
    assert math.copysign(1, round_trip(np.float32("-0.0"))) == -1
    assert torch.signbit(round_trip(torch.tensor([-0.0]))).item()


def test_arrays_of_several_megabytes_travel_in_one_message() -> None:
    large = np.random.default_rng(0).normal(size=(1000, 700))
    got = round_trip({"x": large, "y": [large[::2]], "z": b"\xab" * 3_000_000})
    assert np.array_equal(got["x"], large) and np.array_equal(got["y"][0], large[::2])
    assert got["z"] == b"\xab" * 3_000_000


def test_empty_text_of_numpy_has_no_bytes_and_still_arrives() -> None:
    assert same(round_trip(np.str_("")), np.str_(""))
    assert same(round_trip(np.zeros((2, 0), "<U0")), np.zeros((2, 0), "<U0"))


@pytest.mark.parametrize("name", TORCH_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
def test_every_torch_dtype_travels_in_every_shape(name: str, shape: tuple) -> None:
    dtype = getattr(torch, name)
    tensor = torch.ones(shape, dtype=dtype)
    got = round_trip(tensor)
    assert type(got) is torch.Tensor and got.dtype is dtype and got.shape == tensor.shape
    assert torch.equal(got, tensor)
    assert round_trip(dtype) is dtype


def test_views_of_torch_tensors_arrive_with_their_values() -> None:
    base = torch.arange(24.0).reshape(2, 3, 4)
    for view in (base.permute(2, 0, 1), base[:, ::2], base[0].t(), torch.ones(()).expand(3, 2)):
        assert torch.equal(round_trip(view), view)
    turned = torch.tensor([1 + 2j, 3 - 4j]).conj()
    assert torch.equal(round_trip(turned), turned.resolve_conj())
    assert torch.equal(round_trip(turned.imag), torch.tensor([-2.0, 4.0]))
    assert torch.equal(round_trip(base.bfloat16()),
                       base.bfloat16())  # fmt: skip


@pytest.mark.parametrize("name", TF_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (2, 0)], ids=str)
def test_every_tensorflow_dtype_travels_in_every_shape(name: str, shape: tuple) -> None:
    tensor = tf.cast(tf.ones(shape), name)
    got = round_trip(tensor)
    assert tf.is_tensor(got) and got.dtype == name and got.shape == tensor.shape
    assert np.array_equal(got.numpy(), tensor.numpy())
    assert round_trip(tensor.dtype) is tensor.dtype


def test_a_torch_size_stays_one() -> None:
    for size in (torch.Size([]), torch.Size([2, 0, 7])):
        got = round_trip(size)
        assert type(got) is torch.Size and got == size


class Liar:
    """What a subclass can redefine to look like other data than it holds."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 7

    def __len__(self) -> int:
        return 99

    def __iter__(self) -> Any:
        return iter("lies")

    def __bool__(self) -> bool:
        return True

    def __index__(self) -> int:
        return 99

    __int__ = __index__

    def __float__(self) -> float:
        return 99.0

    def __str__(self) -> str:
        return "lies"

    __repr__ = __str__

    def items(self) -> Any:
        return [("lies", 99)]

    def __getitem__(self, key: Any) -> Any:
        return "lies"


class Color(IntEnum):
    RED = 3


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value, exact",
    [
        (type("I", (Liar, int), {})(3), 3),
        (type("I", (Liar, int), {})(2**60), 2**60),
        (type("I", (Liar, int), {})(0), 0),
        (type("F", (Liar, float), {})(-0.0), -0.0),
        (type("F", (Liar, float), {})("inf"), float("inf")),
        (type("S", (Liar, str), {})(""), ""),
        (type("S", (Liar, str), {})("naïve"), "naïve"),
        (type("F", (Liar, float), {})(0.5), 0.5),
        (type("C", (Liar, complex), {})(1 - 2j), 1 - 2j),
        (type("S", (Liar, str), {})("true"), "true"),
        (type("B", (Liar, bytes), {})(b"true"), b"true"),
        (type("L", (Liar, list), {})([1, 2]), [1, 2]),
        (type("T", (Liar, tuple), {})((1, 2)), (1, 2)),
        (type("D", (Liar, dict), {})({"a": 1}), {"a": 1}),
        (type("E", (Liar, set), {})({1}), {1}),
        (type("E", (Liar, frozenset), {})({1}), frozenset({1})),
        (Color.RED, 3),
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (bytearray(b"xy"), b"xy"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_subclass_arrives_as_its_base_type_with_the_data_it_really_holds(
    value: Any, exact: Any
) -> None:
    assert same(round_trip(value), exact)
    assert same(round_trip([value, {"k": value}]), [exact, {"k": exact}])


def test_a_subclass_of_array_or_tensor_is_not_plain_data() -> None:
    class Always(np.ndarray):
        def __eq__(self, other: object) -> Any:
            return np.ones(self.shape, bool)

    for value in (np.zeros(2).view(Always), np.ma.array([1]), torch.nn.Parameter(torch.ones(1)),
                  np.array([object()]), np.zeros(1, "i4,f8"), np.zeros(1, "M8[s]"),
                  np.zeros(1, "V3"), np.array([b"x"]), torch.ones(2).to_sparse(),
                  tf.Variable(1.0), tf.constant("x"),
                  torch.ones(2, requires_grad=True), object(), len, int, iter([])):  # fmt: skip
        with pytest.raises(WireError, match="not plain"):
            round_trip(value)


def test_data_in_a_circle_or_too_deep_is_refused_where_it_is_sent() -> None:
    circle: list = []
    circle.append(circle)
    deep: Any = 1
    for _ in range(MAX_DEPTH + 1):
        deep = (deep,)
    for value in (circle, deep):
        with pytest.raises(WireError, match="deeper"):
            round_trip(value)
    assert same(round_trip(deep[0]), deep[0])


def test_integers_of_many_thousand_digits_arrive_exactly() -> None:
    assert round_trip(1 << 60_000) == 1 << 60_000
    assert round_trip(-(1 << 60_000) - 1) == -(1 << 60_000) - 1


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_left_as_it_was_found(collecting: bool) -> None:
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with pytest.raises(WireError), no_collection():
            with no_collection():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise WireError("an error")
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_what_came_of_a_large_message_is_never_looked_through_again() -> None:
    def frozen(containers: int) -> int:
        before = gc.get_freeze_count()
        with no_collection():
            made = [[] for _ in range(containers)]
        found = gc.get_freeze_count() - before
        assert len(made) == containers
        return found

    try:
        assert frozen(100) == 0
        assert frozen(LARGE + 1_000) > LARGE
    finally:
        gc.unfreeze()
