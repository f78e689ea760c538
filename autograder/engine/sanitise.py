"""Makes what a submission shows safe to look at in a browser.

nbgrader's formgrader and feedback put outputs and markdown into their pages as they are. So the
autograded notebook must hold nothing that a page could run, load from elsewhere, or be hidden by.
Everything is rebuilt from what is known to be harmless; code cells are text and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from autograder.engine.harmless import (
    MAX_TAGS,
    clean_html,
    latex,
    markdown,
    markdown_is_active,
    picture,
    terminal_text,
    visible,
)
from autograder.engine.lab import ReleasedLab, kind_of

PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG"}
MAX_OUTPUTS = 100  # of one cell
MAX_TOTAL = 20_000_000  # characters of all outputs; a lab has well under 2 million
MAX_TAGS_IN_ALL = 40_000  # of HTML: ten large tables
NO_ROOM = "[more outputs are not shown]\n"


def sanitise(nb: NotebookNode, lab: ReleasedLab) -> None:
    """Cleans, in place, an executed notebook that was made of `lab` and a submission.

    Outputs, execution counts and metadata are rebuilt; markdown that the course does not have
    stays as it is when its page would be harmless, and is shown as plain text when not.
    """
    course = {cell.id: cell for cell in lab.notebook.cells}
    nb.metadata = deepcopy(lab.notebook.metadata)
    room = _Room(MAX_TOTAL, MAX_TAGS_IN_ALL)
    for cell in nb.cells:
        released = course.get(cell.id)
        cell.metadata = NotebookNode() if released is None else deepcopy(released.metadata)
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.execution_count = _count(cell.get("execution_count"))
            cell.outputs = list(_outputs(cell.outputs, room, kind_of(cell) == "check"))
        elif released is None or cell.source != released.source:
            cell.source = markdown(cell.source)


# Outputs ------------------------------------------------------------------------------------------


@dataclass
class _Room:
    """How much more a notebook may show, and how much HTML it may have parsed."""

    characters: int
    tags: int

    def left_for(self, output: dict) -> bool:
        data = output.get("data")
        source = _joined(data.get("text/html")) if isinstance(data, dict) else ""
        self.tags -= min(source.count("<"), MAX_TAGS)
        return self.tags >= 0 and self.characters >= 0

    def take(self, made: NotebookNode) -> None:
        values = [*made.get("data", {}).values(), *made.get("traceback", []), made.get("text")]
        self.characters -= sum(len(value) for value in values if value)


def _outputs(outputs: list, room: _Room, check: bool) -> Iterator[NotebookNode]:
    """The outputs of a cell that can be shown, as far as there is room for them."""
    full = False
    for n, output in enumerate(outputs):
        # The verdict on a check is the examiner's: nothing of a student's may crowd it out.
        verdict = check and output.get("output_type") in ("error", "execute_result")
        if verdict or (n < MAX_OUTPUTS and room.left_for(output)):
            made = _output(output)
            if made is not None:
                room.take(made)
                yield made
        elif not full:
            full = True
            yield new_output("stream", name="stdout", text=NO_ROOM)


def _output(output: dict) -> NotebookNode | None:
    """An output made anew from the parts of it that are harmless; None for an unknown kind."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        traceback = _text("\n".join(line for line in lines if isinstance(line, str))).split("\n")
        return new_output("error", ename=_text(output.get("ename")),
                          evalue=_text(output.get("evalue")), traceback=traceback)  # fmt: skip
    if kind in ("display_data", "execute_result"):
        data = output.get("data")
        made = new_output(kind, data=_data(data if isinstance(data, dict) else {}))
        for mime in made.data.keys() & PICTURES.keys():
            sizes = _sizes(output.get("metadata"), mime)
            if sizes:
                made.metadata[mime] = sizes
        if kind == "execute_result":
            made.execution_count = _count(output.get("execution_count"))
        return made
    return None


def _count(value: object) -> int | None:
    """An execution count; nbconvert's templates do not escape it."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6
    return value if known else None


def _sizes(metadata: object, mime: str) -> dict[str, int]:
    """Width and height of a picture; nbconvert's templates do not quote them."""
    known = metadata.get(mime) if isinstance(metadata, dict) else None
    known = known if isinstance(known, dict) else {}
    sizes = {name: known.get(name) for name in ("width", "height")}
    return {k: v for k, v in sizes.items() if type(v) is int and 0 < v <= 10_000}


def _data(data: dict) -> dict[str, str]:
    """The representations of an output that can be shown; there is always a plain one.

    Widgets, scripts, SVG, PDF and everything else that a page would act on is left out, and
    where nothing else shows the output its plain text says so.
    """
    made: dict[str, str] = {}
    plain = [_text(data.get("text/plain"))]
    refused = []
    for mime, value in data.items():
        if mime == "text/plain":
            continue
        value = visible(_joined(value))
        safe = _rich(mime, value)
        if not safe and mime in ("text/markdown", "text/latex"):
            plain.append(terminal_text(value))
        if safe:
            made[mime] = safe
        else:
            refused.append(_called(mime))
    if refused and not made:
        plain.append(f"[not shown: {', '.join(refused[:10])}]")
    made["text/plain"] = "\n".join(part for part in plain if part)
    return made


def _called(mime: object) -> str:
    if mime == "application/vnd.jupyter.widget-view+json":
        return "a widget, which works in an open notebook only"
    known = isinstance(mime, str) and re.fullmatch(r"[\w.+/-]{1,80}", mime, re.ASCII)
    return mime if known else "an output of unknown type"


def _rich(mime: object, value: str) -> str:
    """One representation as it may stay, or nothing."""
    if mime in PICTURES:
        return picture(value, PICTURES[mime])
    if mime == "text/html":
        return clean_html(value)
    if mime == "text/markdown":
        return "" if markdown_is_active(value) else value
    return latex(value) if mime == "text/latex" else ""


def _text(value: object) -> str:
    """Text of a terminal, whatever was sent in its place."""
    return terminal_text(_joined(value))


def _joined(value: object) -> str:
    """A value as text; notebooks may hold a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
