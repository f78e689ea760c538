"""The notebook's file: metadata, ids, formats and JSON that no editor writes."""

from __future__ import annotations

import itertools
import json
import re
from copy import deepcopy
from typing import Any

from tests.attacks.hostile.notebooks import Hostile, Told, cells_of, own_cell

FAMILY = "metadata and JSON"
GRADED = ("given", "exercise", "check", "question")


def refused(words: str) -> Told:
    """Not graded at all, for a reason."""
    return Told("failed", words, each=frozenset({"not graded"}))


def _tags(nb: dict[str, Any]) -> None:
    for cell in cells_of(nb, *GRADED):
        cell["metadata"]["tags"] = [
            "skip-execution",
            "raises-exception",
            "remove-cell",
            "parameters",
        ]
        cell["metadata"]["deletable"] = cell["metadata"]["editable"] = True


def _frames(nb: dict[str, Any]) -> None:
    for n, cell in enumerate(cells_of(nb, *GRADED)):
        cell["metadata"]["nbgrader"] |= [
            {"points": 10**6}, {"points": -1}, {"points": "1e308"}, {"locked": False},
            {"grade": False}, {"solution": True}, {"schema_version": 99}, {"task": True},
            {"cell_type": "markdown"}, {"checksum": "0"}, {"points": {"a": []}},
        ][n % 11]  # fmt: skip


def _numbers(nb: dict[str, Any]) -> str:
    numbers = itertools.cycle(["NaN", "Infinity", "-Infinity", "1e999", "-0.0", "1" * 4000])
    return re.sub(r'"points": [\d.]+', lambda found: f'"points": {next(numbers)}', json.dumps(nb))


def _kernelspec(nb: dict[str, Any]) -> None:
    nb["metadata"] = {
        "kernelspec": {"name": "../../../../bin/sh", "display_name": "R", "language": "R",
                       "argv": ["sh", "-c", "exit"]},
        "language_info": {"name": "bash", "pygments_lexer": "../../x", "file_extension": ".sh"},
        "path": "/", "widgets": {"application/vnd.jupyter.widget-state+json": {"state": 7}},
        "celltoolbar": "Create Assignment", "nbgrader": {"__altered": True},
        "jupytext": {"text_representation": {"extension": ".py"}}, "title": "<script>alert(1)</script>",
    }  # fmt: skip


def _ids(nb: dict[str, Any]) -> None:
    checks = [cell["id"] for cell in cells_of(nb, "check")]
    for n, cell in enumerate(nb["cells"]):
        cell["id"] = [
            checks[0],
            "",
            "x" * 10**5,
            7,
            None,
            ["a"],
            {"b": 1},
            "a\n\x1b[2J",
            "../../x",
        ][n % 9]
    for name in checks:
        nb["cells"].append(own_cell("1") | {"id": name})


def _grade_ids(nb: dict[str, Any]) -> None:
    for n, wrong in enumerate(["../../../../tmp/x", "'; DROP TABLE grade; --", "", "x" * 10**5, 7, None,
                               ["a"], {"b": 1}, "=cmd|' /C calc'!A0", "\u202egnp"]):  # fmt: skip
        cell = own_cell("'nothing'")
        cell["metadata"]["nbgrader"] = {"grade_id": wrong, "grade": True, "solution": False,
                                        "points": 100, "locked": True, "schema_version": 3}  # fmt: skip
        nb["cells"].insert(2 * n, cell)


def _copies(nb: dict[str, Any]) -> None:
    checks = deepcopy(cells_of(nb, "check"))
    for cell in checks:
        cell["source"] = "1000"
        cell["metadata"]["nbgrader"]["points"] = 1000
        cell["outputs"] = [{"output_type": "execute_result", "execution_count": 1, "metadata": {},
                            "data": {"text/plain": "1000"}}]  # fmt: skip
    nb["cells"] = checks + nb["cells"] + deepcopy(checks)


def _no_checks(nb: dict[str, Any]) -> None:
    nb["cells"] = cells_of(nb, "question") + cells_of(nb, "exercise")


def _other_types(nb: dict[str, Any]) -> None:
    for n, cell in enumerate(nb["cells"]):
        cell["cell_type"] = ("markdown", "raw", "code")[n % 3]
        cell["metadata"]["nbgrader"] |= {"cell_type": "raw"}


def _structure(nb: dict[str, Any]) -> None:
    for n, cell in enumerate(nb["cells"]):
        if n % 3 == 0:
            cell |= {"outputs": {"a": 1}, "attachments": [1], "execution_count": {}, "source": [""]}
        if n % 3 == 1:
            cell |= {
                "metadata": cell["metadata"] | {"collapsed": {}, "jupyter": 7, "slideshow": []}
            }
    nb["cells"].append({"cell_type": "code", "source": "", "metadata": {"nbgrader": [1, 2]}})
    nb["cells"].append({"cell_type": "raw", "source": [], "metadata": [1]})
    nb["cells"].append({"cell_type": "markdown"})
    nb |= {"nbformat_minor": -1, "metadata": [], "worksheets": [{}], "signature": "x" * 100}


def _twice(nb: dict[str, Any]) -> str:
    """Each key twice: readers do not agree on which one counts."""
    text = json.dumps(nb)
    text = text.replace('"points":', '"points": 1000, "points":')
    text = text.replace('"grade_id":', '"grade_id": "x", "grade_id":')
    return text[:-1] + ', "cells": ' + json.dumps(nb["cells"]) + "}"


def _heavy(nb: dict[str, Any]) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = {"a": [deep]}
    for cell in cells_of(nb, *GRADED):
        cell["metadata"] |= {"large": "x" * 200_000, "deep": deep, "many": list(range(20_000))}
        cell["attachments"] = {"x.png": {"image/png": "A" * 100_000}}


def _outputs(nb: dict[str, Any]) -> None:
    for cell in cells_of(nb, "check", "exercise", "given"):
        cell["execution_count"] = 1
        cell["outputs"] = [
            {"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {},
             "execution_count": 1},
            {"output_type": "stream", "name": "stdout", "text": "All tests passed."},
        ]  # fmt: skip
        cell["metadata"]["tags"] = ["skip-execution"]


METADATA = [
    Hostile("tags", FAMILY, "Tags checks as cells that nobody has to run.", edit=_tags,
            told=Told(note="carries tags; no effect")),
    Hostile("frames", FAMILY, "Gives checks other points, kinds, locks and versions.", edit=_frames,
            told=Told(note="points of")),
    Hostile("numbers that are none", FAMILY, "Gives points that are NaN and infinite.", edit=_numbers,
            told=Told(note="were changed; no effect")),
    Hostile("another kernel", FAMILY, "Names another kernel, language and folder to run in.",
            edit=_kernelspec),
    Hostile("ids of cells", FAMILY, "Gives cells the ids of checks, and ids that are no ids.",
            edit=_ids),
    Hostile("ids of grades", FAMILY, "Brings its own graded cells, with ids that are paths and SQL.",
            edit=_grade_ids, told=Told(note="unknown cell id")),
    Hostile("copies of checks", FAMILY, "Brings easier copies of all checks, above and below.",
            edit=_copies, told=Told(note="is there twice; the last one counts")),
    Hostile("no checks", FAMILY, "Deletes the checks and the given cells, and reorders the rest.",
            edit=_no_checks, told=Told(note="was deleted; the released cell was put back")),
    Hostile("other types of cells", FAMILY, "Makes checks text and text code.", edit=_other_types,
            told=Told(note="cell; taken as")),
    Hostile("other structures", FAMILY, "Puts lists where objects belong, and leaves parts out.",
            edit=_structure, told=Told(note="was edited; the released", each=frozenset(
                {"not attempted", "error", "needs manual grade"}))),
    Hostile("every key twice", FAMILY, "Writes keys twice, for readers that take the first or the "
            "last.", edit=_twice),
    Hostile("metadata that is heavy", FAMILY, "Fills metadata and attachments with megabytes.",
            edit=_heavy),
    Hostile("outputs of its own", FAMILY, "Brings the outputs of passed checks along.", edit=_outputs,
            told=Told(note="carries tags; no effect")),
    Hostile("a deep file", FAMILY, "Nests brackets until a parser runs out of stack.",
            edit=lambda nb: "[" * 10**6 + json.dumps(nb), told=refused("nested more than 200 levels deep")),
    Hostile("a deep value", FAMILY, "Nests a value of the metadata in a notebook that is a notebook.",
            edit=lambda nb: json.dumps(nb)[:-1] + ', "x": ' + "[" * 10**5 + "]" * 10**5 + "}",
            told=refused("nested more than 200 levels deep")),
    Hostile("a number without end", FAMILY, "Writes a number of a million digits.",
            edit=lambda nb: json.dumps(nb)[:-1] + ', "x": ' + "9" * 10**6 + "}",
            told=refused("not JSON")),
    Hostile("text of no encoding", FAMILY, "Writes bytes that are no UTF-8, and half characters.",
            edit=lambda nb: json.dumps(nb, ensure_ascii=False)[:-1] + ', "x": "\ud800"}',
            told=refused("not UTF-8")),
    Hostile("another format", FAMILY, "Claims a format that there is not yet.",
            edit=lambda nb: nb | {"nbformat": 4.9}, told=refused("notebook format 4.9; expected 4")),
    Hostile("a file of 21 MB", FAMILY, "Hands in more than anybody can read.",
            edit=lambda nb: json.dumps(nb) + " " * 21_000_000, told=refused("the limit is 20,000,000")),
    Hostile("many cells", FAMILY, "Adds five thousand cells.",
            edit=lambda nb: nb | {"cells": nb["cells"] + [own_cell("1")] * 5000},
            told=refused("the limit is 2,000")),
    Hostile("a long cell", FAMILY, "Adds a cell of a million characters.",
            edit=lambda nb: nb | {"cells": [own_cell("#" * 10**6), *nb["cells"]]},
            told=refused("the limit is 200,000")),
]  # fmt: skip
