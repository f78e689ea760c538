"""Turns a lab's cells into notebooks, byte for byte the same whenever the source is the same."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from PIL import Image, ImageChops
from traitlets.config import Config

from autograder.authoring.source import Cell, Lab
from autograder.course import Course
from autograder.kernel.client import notebook_client

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
NBVAL_IGNORE = "nbval-ignore-output"
BADGE = "open-in-colab.png"
PNG = "image/png"
UNSEEN = 8  # of 255 levels, between two pixels
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def reference_notebook(lab: Lab, course: Course) -> NotebookNode:
    """The lab as a notebook with solutions, hidden tests and nbgrader's metadata; not executed."""
    cells = [_notebook_cell(cell, lab.name, course) for cell in lab.cells]
    nb = new_notebook(cells=cells, metadata=_metadata())
    nbformat.validate(nb)
    return nb


def _metadata() -> dict:
    return {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}


def _notebook_cell(cell: Cell, lab: str, course: Course) -> NotebookNode:
    metadata: dict = {}
    if cell.grade_id:
        metadata["nbgrader"] = {
            "grade": cell.kind in ("check", "question"),
            "grade_id": cell.grade_id,
            "locked": cell.kind in ("given", "check"),
            "schema_version": 3,
            "solution": cell.kind in ("exercise", "question"),
            "task": False,
        }
        if cell.points:
            metadata["nbgrader"]["points"] = cell.points
    address = f"https://github.com/{course.repository}"
    raw = f"https://raw.githubusercontent.com/{course.repository}/{course.branch}"
    source = cell.source.replace("{{repository}}", address).replace("{{raw}}", raw)
    if cell.kind not in ("markdown", "question"):
        if cell.unstable:
            metadata["tags"] = [NBVAL_IGNORE]
        return new_code_cell(source, id=cell.cell_id, metadata=metadata)
    nb_cell = new_markdown_cell(source, id=cell.cell_id, metadata=metadata)
    if "{{colab}}" in nb_cell.source:
        # The badge travels inside the notebook, so that the page needs no network. (As a data
        # address: JupyterLab first asks the browser for an attachment under its bare name.)
        image = base64.b64encode((files("autograder.authoring") / BADGE).read_bytes()).decode()
        badge = f"![Open in Colab](data:image/png;base64,{image})"
        nb_cell.source = nb_cell.source.replace(
            "{{colab}}", f"[{badge}]({colab_address(course, lab)})"
        )
    return nb_cell


def colab_address(course: Course, lab: str) -> str:
    """Where Colab opens the student notebook of a lab."""
    path = f"{course.directories.release_directory}/{lab}/{lab}.ipynb"
    return (
        f"https://colab.research.google.com/github/{course.repository}/blob/{course.branch}/{path}"
    )


def execute(nb: NotebookNode, directory: Path, timeout: int) -> NotebookNode:
    """Runs a copy of a notebook in a fresh, ordinary kernel in `directory`, past any error."""
    nb = nbformat.from_dict(nb)
    with notebook_client(nb, directory, timeout) as client:
        client.execute()
    nb.metadata = nbformat.from_dict(_metadata())
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
    return nb


def drop_volatile_outputs(nb: NotebookNode) -> None:
    """Takes out what is new at every run: widget views carry a random model id."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET_VIEW not in o.get("data", {})]


def keep_unstable_outputs(nb: NotebookNode, committed: NotebookNode) -> None:
    """Gives unstable cells the outputs that the committed notebook has for the same source."""
    for cell, old in _unedited(nb, committed):
        if NBVAL_IGNORE in cell.metadata.get("tags", []):
            cell.outputs = old.outputs


def keep_same_pictures(nb: NotebookNode, committed: NotebookNode) -> None:
    """Gives back to cells the committed pictures that theirs look the same as.

    Processors of different kinds round differently, and a curve of what was trained moves by a
    hundredth of a pixel.
    """
    for cell, old in _unedited(nb, committed):
        for output, before in zip(cell.outputs, old.outputs, strict=False):
            new_data, old_data = output.get("data", {}), before.get("data", {})
            if PNG in new_data and PNG in old_data and _look_same(new_data[PNG], old_data[PNG]):
                new_data[PNG] = old_data[PNG]


def _unedited(
    nb: NotebookNode, committed: NotebookNode
) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    """Code cells, each with the committed one of the same source."""
    old = {cell.id: cell for cell in committed.cells}
    for cell in nb.cells:
        if cell.cell_type == "code" and cell.id in old and old[cell.id].source == cell.source:
            yield cell, old[cell.id]


def _look_same(one: str, other: str) -> bool:
    """Whether no pixel of two pictures (PNG in base 64) differs in a way that can be seen."""
    a, b = (Image.open(io.BytesIO(base64.b64decode(each))).convert("RGBA") for each in (one, other))
    if a.size != b.size:
        return False
    return all(most <= UNSEEN for _, most in ImageChops.difference(a, b).getextrema())


def student_notebook(reference: NotebookNode, lab: str, course: Course) -> NotebookNode:
    """The version for students, made by nbgrader's own generate-assignment step."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        source = root / course.directories.source_directory / lab / f"{lab}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(reference, source)
        config = Config(course.config)
        config.CourseDirectory.root = str(root)
        config.CourseDirectory.assignment_id = lab
        config.SaveCells.enabled = False  # what `nbgrader generate_assignment --no-db` sets
        config.GenerateAssignment.no_database = True
        directories = CourseDirectory(config=config)
        converter = GenerateAssignment(coursedir=directories, config=config)
        converter.start()
        released = root / course.directories.release_directory / lab / f"{lab}.ipynb"
        nb = nbformat.read(released, as_version=4)
    nb.metadata = nbformat.from_dict(_metadata())
    for cell in nb.cells:
        # nbval's tag belongs to the reference notebook, which has outputs to compare.
        if "tags" in cell.metadata:
            del cell.metadata["tags"]
    return nb


def to_text(nb: NotebookNode) -> str:
    """The notebook file's text: sorted keys, one final newline."""
    return nbformat.writes(nb, version=4).rstrip("\n") + "\n"
