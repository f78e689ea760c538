"""What the build makes of a source, and what it leaves alone."""

from __future__ import annotations

import base64
import io
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner, Result

from autograder.authoring.build import Built, build_lab
from autograder.authoring.notebooks import (
    keep_same_pictures,
    keep_unstable_outputs,
    reference_notebook,
)
from autograder.authoring.source import read_lab
from autograder.cli import app
from autograder.course import CONFIG_FILE, Course
from tests.conftest import TOY, course_with

RESTLESS = (
    TOY
    + """
# %% unstable=true
import time

print(time.perf_counter_ns())

# %%
import ipywidgets

display(ipywidgets.IntSlider(description="ids"))
print("the slider shows", 0)
"""
)
EDITED = RESTLESS.replace("print(table[3])", "print(table[4])")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def files(course: Course) -> dict[str, bytes]:
    """Every file of a course, by its path."""
    return {
        str(p.relative_to(course.root)): p.read_bytes()
        for p in course.root.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


def both(course: Course) -> dict[str, bytes]:
    """The bytes of both notebooks of `toy`."""
    return {
        "reference": course.reference_notebook("toy").read_bytes(),
        "student": course.student_notebook("toy").read_bytes(),
    }


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A built course whose lab has a timing and a widget in it."""
    course = course_with(tmp_path_factory.mktemp("restless"), RESTLESS)
    build_lab(course, "toy").write()
    return course


@pytest.fixture(scope="module")
def rebuilt(restless: Course) -> Built:
    """The same source built a second time, not written."""
    return build_lab(restless, "toy")


@pytest.fixture(scope="module")
def edited(
    restless: Course, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Course, Result, dict[str, bytes]]:
    """A copy of the course in which one demonstration was edited, after `build --check`:
    the course, what the command said, and the files that lay there then."""
    root = tmp_path_factory.mktemp("edited") / "course"
    shutil.copytree(restless.root, root)
    course = Course(root)
    course.lab_source("toy").write_text(EDITED)
    said = CliRunner().invoke(app, ["build", "toy", "--check", "--course", str(root)])
    return course, said, files(course)


@pytest.fixture(scope="module")
def built_edit(edited: tuple) -> tuple[Course, Result]:
    """The edited course after `build`, and what the command said."""
    course = edited[0]
    return course, CliRunner().invoke(app, ["build", "--course", str(course.root)])


def test_a_rebuild_without_change_makes_the_same_bytes(restless: Course, rebuilt: Built) -> None:
    assert rebuilt.out_of_date() == []
    assert {
        "reference": rebuilt.reference.encode(),
        "student": rebuilt.student.encode(),
    } == both(restless)


def test_writing_what_is_up_to_date_touches_no_file(restless: Course, rebuilt: Built) -> None:
    paths = [restless.reference_notebook("toy"), restless.student_notebook("toy")]
    before = [path.stat().st_mtime_ns for path in paths]
    rebuilt.write()
    assert [path.stat().st_mtime_ns for path in paths] == before


def test_check_fails_and_names_the_notebooks_that_are_out_of_date(edited: tuple) -> None:
    _, said, _ = edited
    assert said.exit_code == 1
    assert "solutions/toy/toy.ipynb is out of date" in said.stderr
    assert "notebooks/toy/toy.ipynb is out of date" in said.stderr


def test_check_writes_nothing(restless: Course, edited: tuple) -> None:
    _, _, after = edited
    assert after == files(restless) | {"solutions/toy/toy.py": EDITED.encode()}


def test_a_build_writes_what_changed_and_says_so(
    restless: Course, built_edit: tuple[Course, Result]
) -> None:
    course, said = built_edit
    assert said.exit_code == 0, said.stderr
    assert said.stdout == "toy: wrote solutions/toy/toy.ipynb, notebooks/toy/toy.ipynb\n"
    assert both(course) != both(restless)


def test_an_edit_changes_only_the_cell_that_was_edited(
    restless: Course, built_edit: tuple[Course, Result]
) -> None:
    course, _ = built_edit
    for path in (restless.reference_notebook("toy"), restless.student_notebook("toy")):
        old = read(path).cells
        new = read(course.root / path.relative_to(restless.root)).cells
        changed = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
        assert [old[n].source for n in changed] == ["print(table[3])"]
        assert [new[n].source for n in changed] == ["print(table[4])"]
        assert old[changed[0]].id != new[changed[0]].id


def test_an_insertion_changes_the_ids_of_no_other_free_cell(tmp_path: Path) -> None:
    path = tmp_path / "toy.py"
    path.write_text(TOY)
    old = [cell.cell_id for cell in read_lab(path).cells]
    path.write_text("# %% [markdown]\n# Read this first.\n\n# %%\nprint('hello')\n\n" + TOY)
    assert [cell.cell_id for cell in read_lab(path).cells][2:] == old


def test_cells_with_the_same_text_have_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "toy.py"
    path.write_text(TOY + "\n# %%\nprint(1)\n\n# %%\nprint(1)\n")
    ids = [cell.cell_id for cell in read_lab(path).cells]
    assert len(ids) == len(set(ids))


def test_unstable_cells_keep_their_committed_outputs(restless: Course, rebuilt: Built) -> None:
    def timing(nb: NotebookNode) -> str:
        (cell,) = (c for c in nb.cells if "perf_counter_ns" in c.source)
        return cell.outputs[0].text

    committed = timing(read(restless.reference_notebook("toy")))
    assert timing(nbformat.reads(rebuilt.reference, as_version=4)) == committed
    assert int(committed) > 0


def test_an_unstable_cell_that_was_edited_gets_new_outputs() -> None:
    def notebook(source: str, text: str, tags: list[str]) -> NotebookNode:
        outputs = [new_output("stream", name="stdout", text=text)]
        cell = new_code_cell(source, id="lookup", metadata={"tags": tags}, outputs=outputs)
        return new_notebook(cells=[cell])

    committed = notebook("a = 1", "1.0 s", ["nbval-ignore-output"])
    for source, tags, kept in [
        ("a = 1", ["nbval-ignore-output"], "1.0 s"),
        ("a = 2", ["nbval-ignore-output"], "9.0 s"),
        ("a = 1", [], "9.0 s"),
    ]:
        nb = notebook(source, "9.0 s", tags)
        keep_unstable_outputs(nb, deepcopy(committed))
        assert nb.cells[0].outputs[0].text == kept, (source, tags)


def picture(level: int, size: int = 4, text: str = "") -> str:
    """A grey picture with one pixel of another level; text: what else its file holds."""
    image = Image.new("L", (size, size), 100)
    image.putpixel((1, 2), level)
    file, more = io.BytesIO(), PngInfo()
    more.add_text("made", text)
    image.save(file, "PNG", pnginfo=more)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("now", "source", "kept"),
    [
        (picture(150, text="on another day"), "plt.plot(losses)", True),
        (picture(153), "plt.plot(losses)", True),
        (picture(175), "plt.plot(losses)", False),
        (picture(150, size=5), "plt.plot(losses)", False),
        (picture(153), "plt.plot(losses[1:])", False),
    ],
    ids=["the same pixels", "rounded differently", "visibly another", "larger", "other source"],
)
def test_a_picture_that_looks_the_same_is_not_made_anew(now: str, source: str, kept: bool) -> None:
    def notebook(source: str, png: str) -> NotebookNode:
        outputs = [
            new_output("stream", name="stdout", text="done"),
            new_output("display_data", data={"image/png": png}),
        ]
        return new_notebook(cells=[new_code_cell(source, id="demo", outputs=outputs)])

    nb = notebook(source, now)
    keep_same_pictures(nb, notebook("plt.plot(losses)", before := picture(150)))
    assert nb.cells[0].outputs[1].data["image/png"] == (before if kept else now)


def test_nbval_ignores_unstable_cells_in_the_reference_notebook_alone(restless: Course) -> None:
    tagged = [
        cell.source
        for cell in read(restless.reference_notebook("toy")).cells
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]
    assert len(tagged) == 1 and "perf_counter_ns" in tagged[0]
    assert b"nbval" not in restless.student_notebook("toy").read_bytes()


def test_widget_views_are_dropped_and_what_stands_beside_them_is_kept(restless: Course) -> None:
    nb = read(restless.reference_notebook("toy"))
    (cell,) = (c for c in nb.cells if "IntSlider" in c.source)
    assert [output.get("text") for output in cell.outputs] == ["the slider shows 0\n"]
    assert "widgets" not in nb.metadata


def test_the_reference_notebook_has_outputs_and_no_timings(restless: Course) -> None:
    nb = read(restless.reference_notebook("toy"))
    (cell,) = (c for c in nb.cells if c.source == "print(table[3])")
    assert cell.outputs[0].text == "[12. 13. 14. 15.]\n"
    assert all("execution" not in c.metadata for c in nb.cells)


def test_the_student_notebook_has_no_outputs_no_solutions_and_no_hidden_tests(
    restless: Course,
) -> None:
    text = restless.student_notebook("toy").read_text()
    for secret in ("np.take", "expected_rows", "wrong order", "reads one row", "HIDDEN", "SOLUTION",
                   "the total of nothing"):  # fmt: skip
        assert secret not in text, secret
        assert secret in restless.reference_notebook("toy").read_text(), secret
    for cell in read(restless.student_notebook("toy")).cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


def test_students_get_a_stub_that_says_what_to_do(restless: Course) -> None:
    (stub,) = (c.source for c in read(restless.student_notebook("toy")).cells if c.id == "lookup")
    assert stub.splitlines() == [
        "def lookup(table, ids):",
        '    """Rows of `table`."""',
        "    # YOUR CODE HERE",
        '    raise NotImplementedError("This exercise is not done yet: replace this line with '
        'your code.")',
    ]


def test_given_cells_and_checks_are_locked_and_answers_are_not(restless: Course) -> None:
    cells = {c.id: c.metadata for c in read(restless.student_notebook("toy")).cells}
    for name in ("given-1", "lookup-check", "total-check", "total-check-2"):
        assert cells[name]["deletable"] is False and cells[name]["editable"] is False, name
        assert cells[name]["nbgrader"]["locked"], name
    for name in ("lookup", "total", "why"):
        assert cells[name].get("editable", True), name
        assert cells[name]["nbgrader"]["solution"], name
    assert [cells[n]["nbgrader"]["points"] for n in ("lookup-check", "total-check-2", "why")] == [
        2, 3, 3,
    ]  # fmt: skip


def test_cell_ids_are_nbgraders_ids_where_there_are_any(restless: Course) -> None:
    for path in (restless.reference_notebook("toy"), restless.student_notebook("toy")):
        for cell in read(path).cells:
            if "nbgrader" in cell.metadata:
                assert cell.metadata.nbgrader.grade_id == cell.id


def test_the_badge_leads_to_the_repository_that_the_configuration_names(
    toy_course: Course,
) -> None:
    config = toy_course.root / CONFIG_FILE
    text = config.read_text()
    owner = f'"{toy_course.repository}"'
    assert owner in text
    config.write_text(
        text.replace(owner, '"somebody/course"').replace('branch = "main"', 'branch = "spring"')
    )
    course = Course(toy_course.root)
    nb = reference_notebook(read_lab(course.lab_source("toy")), course)
    assert (
        "https://colab.research.google.com/github/somebody/course/blob/spring/"
        "notebooks/toy/toy.ipynb" in nb.cells[0].source
    )
    assert "{{" not in nb.cells[0].source
    assert "](data:image/png;base64," in nb.cells[0].source  # the picture needs no network


def test_the_build_leaves_no_file_beside_the_notebooks(restless: Course) -> None:
    assert files(restless).keys() == {
        CONFIG_FILE,
        "solutions/toy/toy.py",
        "solutions/toy/toy.ipynb",
        "notebooks/toy/toy.ipynb",
    }


def test_a_refusal_is_told_with_file_and_line_and_writes_nothing(toy_course: Course) -> None:
    source = toy_course.lab_source("toy")
    source.write_text(TOY + '\n# %% check="gone" points=1\nassert True\n')
    said = CliRunner().invoke(app, ["build", "--course", str(toy_course.root)])
    assert said.exit_code == 1
    line = TOY.count("\n") + 2
    assert said.stderr == f"{source}:{line}: check 'gone' belongs to no exercise.\n"
    assert not toy_course.reference_notebook("toy").exists()
