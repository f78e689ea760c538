"""Damages notebooks in every way that a file can be damaged in, reproducibly."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

STRANGE: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "\0", "\ud800",
    "=cmd()", "../../x", "</script>", "a" * 5000, [], {}, [[]], [None], {"": None}, ["x", 1],
    [[[[[[[[[[[[]]]]]]]]]]]],
]  # fmt: skip
NAMES = ("nbgrader", "grade_id", "points", "locked", "solution", "grade", "task", "schema_version",
         "cell_type", "source", "metadata", "id", "outputs", "execution_count", "tags", "cells",
         "nbformat", "nbformat_minor", "kernelspec", "attachments", "collapsed", "jupyter",
         "checksum", "remove")  # fmt: skip


def mutated(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A notebook file with one to four mutations, all of one level.

    others: files to take parts from.
    """
    level = chance.choice([_bytes, _json, _metadata, _cells])
    return level(data, others, chance)


def _times(chance: random.Random) -> range:
    return range(chance.choice([1, 1, 1, 2, 4]))


# Bytes. ------------------------------------------------------------------------------------------


def _bytes(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in _times(chance):
        place = chance.randrange(len(made)) if made else 0
        end = min(len(made), place + chance.choice([1, 2, 10, 1000]))
        kind = chance.randrange(10)
        if kind == 0:
            made[place:end] = bytes(chance.randrange(256) for _ in range(end - place))
        elif kind == 1:
            del made[place:]
        elif kind == 2:
            del made[place:end]
        elif kind == 3:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            made[place:end] = other[start : start + chance.choice([10, 1000, 50_000])]
        elif kind == 4:
            made[place:place] = made[place:end] * chance.choice([2, 50])
        elif kind == 5:
            made[:0] = chance.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\n" * 1000, b"PK\3\4"])
        elif kind == 6:
            made += chance.choice([b"\0", b"{}", b"garbage", bytes(made[:100]), b"]" * 1000])
        elif kind == 7:
            made[place:place] = chance.choice(
                [b"\\ud800", b"\\u0000", b"\x1b[31m", b"\xe2\x80\xae"]
            )
        elif kind == 8:
            encoding = chance.choice(["utf-16", "utf-32", "latin-1"])
            made = bytearray(bytes(made).decode("utf-8", "replace").encode(encoding, "replace"))
        else:
            made[place:end] = chance.choice([b"NaN", b"1e999", b'"', b"{", b"[" * 500, b"-" * 20])
    return bytes(made)


# JSON. -------------------------------------------------------------------------------------------


def _json(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    nb = json.loads(data)
    for _ in _times(chance):
        parent, key = chance.choice(_places(nb))
        kind = chance.randrange(6)
        if kind == 0:
            parent[key] = copy.deepcopy(chance.choice(STRANGE))
        elif kind == 1:
            del parent[key]
        elif kind == 2 and isinstance(parent, dict):
            parent[chance.choice(NAMES)] = copy.deepcopy(chance.choice([*STRANGE, parent[key]]))
        elif kind == 3:
            parent[key] = [parent[key]]
        elif kind == 4:
            deep: Any = parent[key]
            for _ in range(chance.choice([5, 150, 400])):
                deep = [deep] if chance.random() < 0.5 else {"x": deep}
            parent[key] = deep
        else:
            other, its = chance.choice(_places(json.loads(chance.choice(others))))
            parent[key] = other[its]
    text = _dumps(nb)
    if chance.random() < 0.1:  # a key twice: the last one counts
        text = text.replace('"cells"', '"cells": [], "cells"', 1)
    return text.encode("utf-8", "surrogatepass" if chance.random() < 0.5 else "replace")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    found, left = [], [value]
    while left:
        container = left.pop()
        keys = container.keys() if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                left.append(container[key])
    return found


def _dumps(nb: Any) -> str:
    return json.dumps(nb, ensure_ascii=False)


# Metadata. ---------------------------------------------------------------------------------------


def _metadata(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    nb = json.loads(data)
    ids = [
        c["metadata"]["nbgrader"]["grade_id"] for c in nb["cells"] if "nbgrader" in c["metadata"]
    ]
    for _ in range(chance.choice([1, 3, 20])):
        cell = chance.choice(nb["cells"])
        nbgrader = cell["metadata"].setdefault("nbgrader", {})
        values = [*STRANGE, *ids, 1, 2, 3, 4, 100, 1e9, True, False]
        kind = chance.randrange(6)
        if kind == 0 and isinstance(nbgrader, dict):
            nbgrader[chance.choice(NAMES)] = copy.deepcopy(chance.choice(values))
        elif kind == 1 and isinstance(nbgrader, dict):
            nbgrader["grade_id"] = chance.choice(ids)
        elif kind == 2:
            cell["id"] = chance.choice([*ids, "", "x" * 100, chance.choice(nb["cells"]).get("id")])
        elif kind == 3:
            cell["metadata"] = copy.deepcopy(
                chance.choice([*STRANGE, {"tags": ["skip-execution"]}])
            )
            if not isinstance(cell["metadata"], dict):
                break  # the next turn would trip over it
        elif kind == 4:
            nb["metadata"][chance.choice(NAMES)] = copy.deepcopy(chance.choice(values))
        else:
            cell["metadata"].pop("nbgrader")
    return _dumps(nb).encode("utf-8", "replace")


# Cells. ------------------------------------------------------------------------------------------


def _cells(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    nb = json.loads(data)
    cells = nb["cells"]
    for _ in range(chance.choice([1, 2, 5, 30])):
        if len(cells) < 2:
            break
        a, b = chance.sample(range(len(cells)), 2)
        kind = chance.randrange(8)
        if kind == 0:
            cells[a], cells[b] = cells[b], cells[a]
        elif kind == 1:
            del cells[a]
        elif kind == 2:
            cells.insert(b, copy.deepcopy(cells[a]))
        elif kind == 3:
            cells.insert(a, chance.choice(json.loads(chance.choice(others))["cells"]))
        elif kind == 4:
            cells[a]["cell_type"] = chance.choice(["code", "markdown", "raw", "heading"])
        elif kind == 5:
            cells[a]["source"], cells[b]["source"] = cells[b]["source"], cells[a]["source"]
        elif kind == 6:
            cells[a]["source"] = chance.choice(
                ["", "pass", "1/0", "def f(:", "\t\x0c", "%%bash\nls"]
            )
        else:
            chance.shuffle(cells)
    return _dumps(nb).encode("utf-8", "replace")


LEVELS: dict[str, Callable[[bytes, list[bytes], random.Random], bytes]] = {
    "bytes": _bytes, "JSON": _json, "metadata": _metadata, "cells": _cells,
}  # fmt: skip
