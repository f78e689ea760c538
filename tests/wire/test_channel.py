"""What a stranger sends is refused unless it is exactly what the wire allows."""

from __future__ import annotations

import json
import resource
import socket
import struct
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.wire import channel
from autograder.wire.channel import Closed
from autograder.wire.codec import MAX_DEPTH, MAX_ITEMS, TAGS, Decoder, Encoder, WireError
from tests.wire.frames import frame, over_a_socket, receive_bytes


def refuse(value: Any, side: Any) -> Any:
    raise WireError("not plain")


def decode(tree: Any, *buffers: bytes) -> Any:
    return Decoder([memoryview(b) for b in buffers], refuse).decode(tree)


# Frames. ---------------------------------------------------------------------------------------


def test_a_frame_arrives_with_its_buffers_in_order() -> None:
    body, buffers = over_a_socket({"a": [1, "ä"]}, [b"one", b"", b"three" * 10**6])
    assert body == {"a": [1, "ä"]}
    assert [bytes(b) for b in buffers] == [b"one", b"", b"three" * 10**6]


def test_nothing_is_sent_after_the_last_byte() -> None:
    """Who has the whole frame may hang up: not even an attempt to send may come after it."""
    sent: list[bytes] = []

    class Socket:
        def sendall(self, data: bytes) -> None:
            assert len(data)
            sent.append(bytes(data))

    for buffers in ([b"", b"1", b""], [b"", bytes(2 * channel.CHUNK), b""]):
        sent.clear()
        channel.send(Socket(), "body", buffers)
        sizes = [len(buffer) for buffer in buffers]
        assert b"".join(sent) == frame({"sizes": sizes, "body": "body"}, *buffers)


WHOLE = frame({"sizes": [4, 2], "body": ["x"]}, b"1234", b"56")


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_truncated_frame_is_the_end_of_the_connection(length: int) -> None:
    with pytest.raises(Closed):
        receive_bytes(WHOLE[:length])


@pytest.mark.parametrize(
    "header",
    [
        "", "{", "nonsense", "\x00", '{"sizes": [], "body": NaN}',
        '{"sizes": [], "body": Infinity}',
        '{"sizes": [], "body": -Infinity}', '{"sizes": [], "body": 1} trailing', "[]", "null", "7",
        '"text"', "[1, 2]", {"sizes": []}, {"body": 1}, {"sizes": [], "body": 1, "more": 2},
        {"sizes": 3, "body": 1}, {"sizes": {"0": 1}, "body": 1}, {"sizes": "12", "body": 1},
        {"sizes": [-1], "body": 1}, {"sizes": [True], "body": 1}, {"sizes": [1.0], "body": 1},
        {"sizes": ["1"], "body": 1}, {"sizes": [None], "body": 1}, {"sizes": [[1]], "body": 1},
        {"sizes": [2**80], "body": 1}, {"sizes": [channel.MAX_BUFFERS + 1], "body": 1},
        {"sizes": [channel.MAX_BUFFERS // 2 + 1] * 2, "body": 1},
        {"sizes": [0] * (channel.MAX_BUFFER_COUNT + 1), "body": 1},
        '{"sizes": [], "body": ' + "[" * 100_000 + "}", '{"sizes": [], "body": ' + "9" * 5000 + "}",
        b'\xff\xfe{"sizes"', b'{"sizes": [], "body": "\xff"}', b"\x80\x04}q\x00.",
    ],
    ids=lambda header: repr(header)[:40],
)  # fmt: skip
def test_a_malformed_header_is_refused(header: Any) -> None:
    with pytest.raises(WireError):
        receive_bytes(frame(header))


def test_an_over_long_header_is_refused_by_its_announced_length() -> None:
    with pytest.raises(WireError, match="header of"):
        receive_bytes(struct.pack("!I", channel.MAX_HEADER + 1))
    with pytest.raises(WireError, match="header of"):
        receive_bytes(b"\xff\xff\xff\xff" + b"{" * 1000)


def test_a_header_that_is_small_on_the_wire_but_large_once_parsed_is_refused() -> None:
    bomb = b'{"sizes": [], "body": [' + b"[]," * (channel.MAX_PARTS // 2) + b"[]]}"
    assert len(bomb) < channel.MAX_HEADER
    with pytest.raises(WireError, match="parts"):
        receive_bytes(frame(bomb))


def test_no_memory_is_taken_for_bytes_that_are_announced_but_never_come() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        with pytest.raises(Closed):
            receive_bytes(frame({"sizes": [channel.MAX_BUFFERS], "body": 1}, b"a few bytes"))
        with pytest.raises(Closed):
            receive_bytes(struct.pack("!I", channel.MAX_HEADER) + b"{")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 50 * 1024  # KiB; the announced buffer has 1 GiB


def test_what_is_over_the_caps_is_refused_before_it_is_sent() -> None:
    near, far = socket.socketpair()
    with near, far:
        with pytest.raises(WireError, match="the limit"):
            channel.send(near, "x" * (channel.MAX_HEADER + 1))
        with pytest.raises(ValueError):
            channel.send(near, float("nan"))
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.recv(1)


def test_sending_to_an_end_that_is_gone_says_closed() -> None:
    near, far = socket.socketpair()
    far.close()
    with near, pytest.raises(Closed):
        for _ in range(2):
            channel.send(near, "x", [b"y" * 10**6])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_end_in_an_error_of_the_wire(data: bytes) -> None:
    with pytest.raises((WireError, Closed)):
        receive_bytes(data)


# Trees. ----------------------------------------------------------------------------------------

EIGHT = b"\x00" * 8


def nest(tag: str, levels: int) -> Any:
    tree: Any = None
    for _ in range(levels):
        tree = [tag, [tree]]
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        {}, {"s": "x"}, [], [1], [None], [[]], [["s", "x"]], ["unknown"],
        ["unknown", 1, 2], ["__import__", "os"], ["ref", 1], ["i", 1], ["s", "text"],
        ["I", 5], ["I", "zz"], ["I", ""], ["I", "f" * 1_000_001],
        ["f", 1.5], ["f", "x"], ["f", "0x1p99999"], ["f", ["inf"]], ["c", "0x0p0"],
        ["c", "0x0p0", 1], ["...", 1],
        ["b", 9], ["b", -1], ["b", "0"], ["b", 0.0], ["b", True], ["b", None], ["b", [0]],
        ["S", 9], ["S", 1], ["t", None], ["t", "ab"], ["t", {"a": 1}], ["l", 1], ["l"],
        ["set", [["l", []]]], ["set", [["d", []]]], ["frozenset", [["set", []]]],
        ["d", [None]], ["d", [], None], ["d", [], [None]], ["d", [None], []], ["d", "a", [1]],
        ["d", ["a"], "b"], ["d", [], [], []], ["d", [["l", []]], [None]], ["d", {"a": 1}],
        ["d", [["slice", [None] * 3]], [None]],
        ["range", "0x0", "0x1"], ["range", "0x0", "0x1", "0x0"], ["range", 0, 1, 2],
        ["slice", []], ["slice", [None] * 4],
        ["dtype", 1], ["np", "<f8"], ["np", "<f8", 9], ["np", "<f8", 1],
        ["array", "<f8", 1, 0], ["array", "<f8", [1], 9], ["array", "<f8", [1], -1],
        ["array", "<f8", [1], "0"], ["array", "<f8", [2], 0], ["array", "<f8", [0], 0],
        ["array", "<f8", [-1], 0], ["array", "<f8", [-1, -1], 0], ["array", "<f8", [1.0], 0],
        ["array", "<f8", [True], 0], ["array", "<f8", ["1"], 0], ["array", "<f8", [None], 0],
        ["array", "<f8", [[1]], 0], ["array", "<f8", [2**40], 0], ["array", "<f8", [2**63], 0],
        ["array", "<f8", [2**64], 0], ["array", "<f8", [2**32, 2**32], 0],
        ["array", "<f8", [1] * 33, 0], ["array", "<f8", [1], 1], ["array", "<f8", [1]],
        ["array", "<f8", [2**32, 2**32], 2], ["array", "<U0", [1], 0],
        ["array", "<U0", [2**40], 2], ["array", "<U2", [1], 1], ["np", "<U1", 4], ["np", ">U1", 4],
        ["size", [-1]], ["size", [1.5]], ["size", 3], ["size", [1] * 40],
        ["torch", "float32", [2], 1], ["torch", "float32", [3], 0], ["torch", "object", [2], 0],
        ["torch", "float32", [-2], 0], ["torch", "load", [2], 0], ["torch", "<f4", [2], 0],
        ["torch", "bfloat16", [2], 0], ["torch", "float32", [2], 9], ["torch", 3, [2], 0],
        ["torch.dtype", "load"], ["torch.dtype", "__class__"], ["torch.dtype", "float8_e4m3fn"],
        ["tf", "<U2", [1], 0], ["tf", "<f8", [2], 0], ["tf", "<f8", [1], 9], ["tf", "|O", [1], 0],
        ["tf.dtype", "io"], ["tf.dtype", "string"], ["tf.dtype", "__class__"],
        nest("l", MAX_DEPTH + 1), nest("t", 200),
    ],
    ids=lambda tree: repr(tree)[:50],
)  # fmt: skip
def test_a_tree_that_the_encoder_would_not_write_is_refused(tree: Any) -> None:
    with pytest.raises(WireError):
        decode(tree, EIGHT, b"\x00" * 7, b"", b"\x00" * 8, b"\xff" * 4)


@pytest.mark.parametrize(
    "dtype",
    ["O", "|O", "object", "V", "V8", "|V8", "i4,f4", "f4,f4", "(2,)f4", "2f4", "M8", "<M8[s]",
     "m8[ns]", "S8", "a8", "|S1", "T", "{}", "x" * 30, "", "?,?", "U1000000000", "c", "p,p",
     "\x00", "float32\x00", "<f8,", "\ud800"],
)  # fmt: skip
def test_a_dtype_that_is_not_only_numbers_or_text_is_refused(dtype: str) -> None:
    for tree in (["array", dtype, [1], 0], ["array", dtype, [], 0], ["np", dtype, 0],
                 ["dtype", dtype], ["tf", dtype, [1], 0]):  # fmt: skip
        with pytest.raises(WireError):
            decode(tree, EIGHT)


def test_a_message_may_be_nested_no_deeper_than_the_encoder_nests() -> None:
    assert decode(nest("l", MAX_DEPTH)) is not None
    with pytest.raises(WireError, match="deeper"):
        decode(nest("l", MAX_DEPTH + 1))


def test_depth_counts_through_whatever_the_other_kinds_of_value_hold() -> None:
    def graph(tree: list, decoder: Decoder) -> Any:
        return decoder.decode(tree[1])

    tree: Any = None
    for _ in range(20_000):
        tree = ["graph", tree]
    with pytest.raises(WireError):
        Decoder([], graph).decode(tree)


def test_a_message_with_too_many_parts_is_refused() -> None:
    with pytest.raises(WireError, match="parts"):
        decode(["l", [None] * (MAX_ITEMS + 1)])


def test_a_byte_that_is_neither_true_nor_false_becomes_plain_true() -> None:
    got = decode(["array", "|b1", [3], 0], b"\x00\x02\xff")
    assert got.view(np.uint8).tolist() == [0, 1, 1]
    assert decode(["np", "|b1", 0], b"\x02").tobytes() == b"\x01"
    tensor = decode(["torch", "bool", [3], 0], b"\x00\x02\xff")
    assert tensor.view(torch.uint8).tolist() == [0, 1, 1]


def test_what_is_decoded_shares_no_memory_with_the_message() -> None:
    buffer = memoryview(bytearray(8))
    got = Decoder([buffer], refuse).decode(["t", [["array", "<f8", [1], 0]] * 2])
    buffer[:] = b"\xff" * 8
    got[0][0] = 5
    assert got[1][0] == 0


tags = st.sampled_from([*sorted(TAGS), "ref", "shared", "graph", "new", "leaf", "class"])
atoms = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | tags
    | st.sampled_from(["<f8", "<i4", "|b1", "<U2", ">c16", "float32", "bfloat16", "int8", "0x1p3"])
)
trees = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        | st.builds(lambda tag, parts: [tag, *parts], tags, st.lists(inner, max_size=4))
        | st.builds(lambda tag, parts: [tag, parts], tags, st.lists(inner, max_size=4))
    ),
    max_leaves=25,
)


@settings(max_examples=600, deadline=None)
@given(trees, st.lists(st.binary(max_size=24), max_size=4))
def test_a_random_tree_is_decoded_or_refused_and_nothing_else(
    tree: Any, buffers: list[bytes]
) -> None:
    tree = json.loads(json.dumps(tree))
    try:
        value = decode(tree, *buffers)
    except WireError:
        return
    Encoder(refuse).encode(value)  # only plain data ever comes out
