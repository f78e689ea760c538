"""What one side changes in place, the other side sees: in the same object, and in no other way."""

from __future__ import annotations

import json
import marshal
from typing import Any

import numpy as np
import pytest
import torch

from autograder.wire.codec import Decoder, Encoder, WireError
from autograder.wire.sharing import MANY, MAX_SHARED, Shared, encode_content, is_shared


def refuse(value: Any, side: Any) -> Any:
    raise WireError("not plain")


class Side:
    """One end, without the socket: numbers what it passes, and what it is passed."""

    def __init__(self, allow: Any = lambda value: None) -> None:
        self.shared = Shared(lambda: Encoder(refuse, self.number), allow)

    def number(self, value: Any, encoder: Encoder) -> Any:
        position = self.shared.position(value)
        return None if position is None else ["shared", position]

    def new(self, value: Any, encoder: Encoder) -> Any:
        known = self.number(value, encoder)
        if known is not None or not is_shared(value):
            return known
        if (whole := self.shared.pass_whole(value)) is not None:
            return ["whole", encoder.buffer(whole)]
        self.shared.fill(self.shared.reserve(), value)
        return ["new", encode_content(value, encoder)]

    def other(self, tree: list, decoder: Decoder) -> Any:
        match tree:
            case ["shared", int(position)]:
                return self.shared[position]
            case ["new", content]:
                position = self.shared.reserve()
                value = decoder.decode(content)
                self.shared.fill(position, value)
                return value
            case ["whole", index]:
                return self.shared.take_whole(decoder.buffer(index))
        raise WireError("unknown")

    def write(self, *values: Any) -> tuple:
        encoder = Encoder(refuse, self.new)
        trees = [encoder.encode(value) for value in values]
        changes = self.shared.changes(encoder)
        self.shared.settle()
        return json.dumps([trees, changes]), [bytes(b) for b in encoder.buffers]

    def read(self, message: tuple) -> list:
        trees, changes = json.loads(message[0])
        decoder = Decoder([memoryview(b) for b in message[1]], self.other)
        values = [decoder.decode(tree) for tree in trees]
        self.shared.apply(changes, decoder)
        self.shared.settle()
        return values


@pytest.fixture
def here() -> Side:
    return Side()


@pytest.fixture
def there() -> Side:
    return Side()


def change_list(value: list) -> None:
    value.append(3)


def change_dict(value: dict) -> None:
    value["new"] = len(value)
    value.pop("a", None)


def change_set(value: set) -> None:
    value.symmetric_difference_update({1, 7})


def change_array(value: np.ndarray) -> None:
    value[0] = -0.0


def change_tensor(value: torch.Tensor) -> None:
    value.mul_(2)


CASES = [
    ([1, 2], change_list),
    ({"a": 1, "b": 2}, change_dict),
    ({1, 2}, change_set),
    (np.array([0.0, np.nan]), change_array),
    (torch.tensor([1.0, 2.0]), change_tensor),
]


@pytest.mark.parametrize("value, change", CASES, ids=lambda v: type(v).__name__)
def test_a_change_on_either_side_shows_on_the_other(
    value: Any, change: Any, here: Side, there: Side
) -> None:
    (copy,) = there.read(here.write(value))
    assert type(copy) is type(value) and copy is not value
    change(copy)
    here.read(there.write())
    assert repr(value) == repr(copy)
    change(value)
    there.read(here.write())
    assert repr(value) == repr(copy)


def test_a_value_that_did_not_change_is_not_sent_again(here: Side, there: Side) -> None:
    there.read(here.write(np.zeros(1000), [np.nan], {"a": float("nan")}))
    assert here.write() == ("[[], []]", [])
    assert there.write() == ("[[], []]", [])


def test_equal_numbers_and_texts_in_the_place_of_others_are_no_change(here: Side) -> None:
    value = [10**6, 0.5, "word"]
    row = {"a": 10**6, "b": [0.5]}
    here.write(value, row)
    value[:] = [int("1000000"), float("0.5"), "".join("word")]
    row["a"] = int("1000000")
    assert here.write() == ("[[], []]", [])


@pytest.mark.parametrize(
    "before, after",
    [([1], [True]), ([0.0], [-0.0]), ([1], [1.0]), ([1, 2], [2, 1]), ([b"a"], [b"b"]),
     (["\ud800"], ["\udc00"]), ([None], [0]), ([1], [1, None]),
     ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": "b"}, {"b": "a"}), ({1: 2}, {1.0: 2})],
    ids=repr,
)  # fmt: skip
def test_what_is_equal_and_yet_something_else_is_a_change(
    before: Any, after: Any, here: Side, there: Side
) -> None:
    (copy,) = there.read(here.write(before))
    before.clear()
    before.extend(after) if type(before) is list else before.update(after)
    there.read(here.write())
    assert repr(copy) == repr(after)


class Numbers(list):
    """What is a list and yet travels as a copy, not as itself."""


@pytest.mark.parametrize("inner", [Numbers([1, 2]), bytearray(b"ab"), (Numbers([1, 2]),)], ids=repr)
def test_a_change_in_something_without_a_number_of_its_own_is_seen(
    inner: Any, here: Side, there: Side
) -> None:
    rows = [[inner], {"a": inner}]
    (copy,) = there.read(here.write(rows))
    changed = inner[0] if type(inner) is tuple else inner
    changed[0] = 7
    there.read(here.write())
    seen = [copy[0][0], copy[1]["a"]]
    assert [x[0][0] if type(inner) is tuple else x[0] for x in seen] == [7, 7]


def test_what_comes_back_is_the_very_object_that_was_passed(here: Side, there: Side) -> None:
    x, y = np.zeros(2), [1]
    got = there.read(here.write(x, y, x))
    assert got[0] is got[2]
    back = here.read(there.write(got[1], got[0], [got[0], got[1]]))
    assert back[0] is y and back[1] is x
    assert back[2][0] is x and back[2][1] is y


def test_aliases_inside_containers_stay_aliases(here: Side, there: Side) -> None:
    row = [0]
    (rows,) = there.read(here.write([row, row, {"again": row}]))
    rows[0].append(1)
    assert rows[1] is rows[0] and rows[2]["again"] is rows[0]
    here.read(there.write())
    assert row == [0, 1]


def test_a_change_deep_inside_a_container_reaches_the_same_inner_object(
    here: Side, there: Side
) -> None:
    inner = np.zeros(2)
    outer = {"list": [inner]}
    (copy,) = there.read(here.write(outer))
    copy["list"][0][1] = 5
    copy["list"].append("more")
    here.read(there.write())
    assert inner.tolist() == [0, 5] and outer == {"list": [inner, "more"]}
    assert outer["list"][0] is inner


def rows() -> list:
    """A table as labs have it, large enough to be passed whole."""
    return [
        {"id": n, "words": ["a", "\ud800", f"w{n}"], "of": {"x": [0.1, float("nan")], "y": {n}}}
        for n in range(MANY)
    ]


def test_what_is_in_a_large_container_has_the_same_numbers_on_both_sides(
    here: Side, there: Side
) -> None:
    small, large, keyed = [1], rows(), {n: [n, 10**30, -0.0, b"b", 1j] for n in range(MANY)}
    message = here.write([small, large, small], keyed, large[3]["words"])
    assert '"whole"' in message[0] and '"w3"' not in message[0]
    (first, copy, again), copied, words = there.read(message)
    assert first is again and words is copy[3]["words"]
    assert repr(copy) == repr(large) and repr(copied) == repr(keyed)
    assert len(here.shared) == len(there.shared) == 1 + 1 + (1 + 5 * MANY) + (1 + MANY)
    back = here.read(there.write(copy[5]["of"]["y"], copy[-1]["of"], copied[2]))
    assert [back[0] is large[5]["of"]["y"], back[1] is large[-1]["of"], back[2] is keyed[2]] == [
        True, True, True]  # fmt: skip


def test_a_change_deep_inside_a_large_container_shows_on_the_other_side(
    here: Side, there: Side
) -> None:
    large = rows()
    (copy,) = there.read(here.write(large))
    assert there.write() == here.write() == ("[[], []]", [])
    inner = large[7]["of"]["x"]
    copy[7]["of"]["x"].append("more")
    copy[8]["words"].clear()
    copy.pop()
    here.read(there.write())
    assert large[7]["of"]["x"] is inner and repr(large) == repr(copy)
    large[9]["of"]["y"].add(8)
    large[10]["words"] = large[11]["words"]
    there.read(here.write())
    assert copy[10]["words"] is copy[11]["words"] and repr(large) == repr(copy)


def same_again() -> list:
    """A large table, each object in which is the same when it is made again, or equals itself."""
    return [{"id": n, "words": ["a", "b", "c"], "ids": [n, 1]} for n in range(MANY)]


def move(source: list, target: list, at: int, to: int) -> None:
    target.insert(to, source.pop(at))


@pytest.mark.parametrize(
    "change, back",
    [(lambda v: v[3]["ids"].append(5), lambda v: v[3]["ids"].pop()),
     (lambda v: v[3].update(id=3.0), lambda v: v[3].update(id=3)),
     (lambda v: v[3].update(new=1), lambda v: v[3].pop("new")),
     # all items of all lists, one after the other, stay what they were
     (lambda v: move(v[3]["words"], v[3]["ids"], 2, 0),
      lambda v: move(v[3]["ids"], v[3]["words"], 0, 2))],
    ids=["length", "equal", "key", "moved"],
)  # fmt: skip
@pytest.mark.parametrize("who", ["here, here", "here, there", "there, here", "there, there"])
def test_a_change_in_a_large_container_that_is_taken_back_shows_both_times(
    change: Any, back: Any, who: str, here: Side, there: Side
) -> None:
    large = same_again()
    (copy,) = there.read(here.write(large))
    here.read(there.write())
    for side, do in zip(who.split(", "), (change, back), strict=True):
        if side == "here":
            do(large)
            there.read(here.write())
        else:
            do(copy)
            here.read(there.write())
        assert repr(large) == repr(copy)
    assert repr(large) == repr(same_again())


def test_a_large_container_that_was_never_sent_hides_no_change(here: Side, there: Side) -> None:
    assert here.shared.pass_whole(rows())
    here.shared.forget_from(0)
    small = [1]
    (copy,) = there.read(here.write(small))
    small.append(2)
    there.read(here.write())
    assert copy == [1, 2]


@pytest.mark.parametrize(
    "change",
    [lambda v: v.append(v), lambda v: v.append(v[0]), lambda v: v[0].update(words=(1, [2])),
     lambda v: v.append(np.zeros(2)), lambda v: v[1].update(words=Numbers([1])),
     lambda v: v.append(known), lambda v: del_from(v, MANY - 1)],
    ids=["itself", "twice", "tuple", "array", "subclass", "known", "small"],
)  # fmt: skip
def test_what_is_not_plain_and_new_is_passed_part_by_part(change: Any, here: Side) -> None:
    here.write(known)
    value = rows()
    change(value)
    count = len(here.shared)
    assert here.shared.pass_whole(value) is None
    assert len(here.shared) == count and here.shared.position(value) is None


known = ["known"]


def del_from(value: list, count: int) -> None:
    del value[count:]


def test_more_containers_than_can_be_numbered_are_refused_however_they_come(here: Side) -> None:
    with pytest.raises(WireError, match="100,000"):
        here.write([[] for _ in range(MAX_SHARED)])


def test_what_does_not_hold_containers_that_are_new_is_not_taken_whole(there: Side) -> None:
    for value in (5, [np.float64, ()], "x"):
        with pytest.raises((WireError, TypeError, ValueError)):
            there.shared.take_whole(marshal.dumps(value))
    assert len(there.shared) == 0


def test_an_array_cannot_change_its_shape_or_dtype_in_place(here: Side) -> None:
    here.write(np.zeros(2), torch.zeros(2))
    for n, new in [(0, np.zeros(3)), (0, np.zeros(2, "f4")), (0, np.zeros((2, 1))),
                   (1, torch.zeros(3)), (1, torch.zeros(2, dtype=torch.int8)), (0, [0, 0]),
                   (1, np.zeros(2)), (0, torch.zeros(2))]:  # fmt: skip
        encoder = Encoder(refuse)
        tree = encoder.encode(new)
        with pytest.raises(WireError):
            here.shared.apply(
                [[n, tree]], Decoder([memoryview(b) for b in encoder.buffers], refuse)
            )
    assert here.shared[0].tolist() == [0, 0] and here.shared[1].tolist() == [0, 0]


def test_memory_that_cannot_be_written_refuses_the_change(here: Side) -> None:
    fixed = np.zeros(2)
    fixed.flags.writeable = False
    here.write(fixed, torch.zeros(1).expand(3))
    ones = np.ones(2).tobytes()
    with pytest.raises(WireError, match="in place"):
        here.read((json.dumps([[], [[0, ["array", "<f8", [2], 0]]]]), [ones]))
    with pytest.raises(WireError, match="in place"):
        threes = np.ones(3, "f4").tobytes()
        here.read((json.dumps([[], [[1, ["torch", "float32", [3], 0]]]]), [threes]))
    assert fixed.tolist() == [0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        None, 0, "x", {}, {"0": None}, [None], [0], [[]], [[0]], [[0, ["l", []], 1]],
        [["0", ["l", []]]], [[True, ["l", []]]], [[0.0, ["l", []]]], [[None, ["l", []]]],
        [[-1, ["l", []]]], [[1, ["l", []]]], [[10**9, ["l", []]]], [[2**70, ["l", []]]],
        [[0, None]], [[0, ["t", []]]], [[0, ["d", [], []]]], [[0, 1]], [[0, ["shared", 7]]],
        [[0, ["unknown"]]], [[0, ["l", [["shared", -1]]]]],
    ],
    ids=repr,
)  # fmt: skip
def test_a_hostile_list_of_changes_is_refused(changes: Any, here: Side) -> None:
    value = [1, 2]
    here.write(value)
    with pytest.raises(WireError):
        here.read((json.dumps([[], changes]), []))
    assert value == [1, 2]


def test_a_value_that_holds_itself_while_it_is_being_read_is_refused(here: Side) -> None:
    with pytest.raises(WireError, match="holds itself"):
        here.read((json.dumps([[["new", ["l", [["shared", 0]]]]], []]), []))


def test_a_list_that_was_made_to_hold_itself_is_refused_not_followed(here: Side) -> None:
    value: list = [1]
    here.write(value)
    here.read((json.dumps([[], [[0, ["l", [["shared", 0]]]]]]), []))
    assert value[0] is value
    here.write()  # a circle by number has an end


def test_a_value_that_must_not_change_is_left_as_it_is() -> None:
    def never(value: Any) -> None:
        raise PermissionError

    side = Side(never)
    value = [1]
    side.write(value)
    with pytest.raises(PermissionError):
        side.read((json.dumps([[], [[0, ["l", []]]]]), []))
    assert value == [1]


def test_numbers_given_for_a_message_that_was_not_sent_are_taken_back(
    here: Side, there: Side
) -> None:
    kept, dropped = [1], [2]
    there.read(here.write(kept))
    known = len(here.shared)
    with pytest.raises(WireError):
        here.write(dropped, [object()])
    here.shared.forget_from(known)
    assert here.shared.position(dropped) is None and here.shared.position(kept) == 0
    (copy,) = there.read(here.write(dropped))
    copy.append(3)
    here.read(there.write())
    assert (kept, dropped) == ([1], [2, 3])


def test_a_value_of_a_message_that_was_not_sent_is_seen_changing_once_it_is(
    here: Side, there: Side
) -> None:
    value = [1]
    here.write(value)
    here.shared.forget_from(0)
    (copy,) = there.read(here.write(value))
    value.append(2)
    there.read(here.write())
    assert copy == [1, 2]
