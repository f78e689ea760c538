"""The command line: help, exit codes, errors of one line, output that can be piped."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer
from typer.testing import CliRunner, Result

from autograder.cli import app, read_scores
from autograder.course import CONFIG_FILE, Course, CourseError

COMMANDS = sorted(typer.main.get_command(app).commands)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def hand_in(course: Course, student: str) -> None:
    """The untouched notebook."""
    folder = course.submitted_directory / student / "toy"
    folder.mkdir(parents=True)
    shutil.copy(course.student_notebook("toy"), folder)


def assert_error(said: Result, *words: str) -> None:
    """Exit code 2, and one line on stderr that says all the words."""
    assert said.exit_code == 2
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1 and said.stderr.endswith("\n"), said.stderr
    assert all(word in said.stderr for word in words), said.stderr
    assert said.stderr.strip().isprintable()


# Help --------------------------------------------------------------------------------------------


def test_the_help_names_every_command() -> None:
    said = run("--help")
    assert said.exit_code == 0
    assert {"build", "demo", "grade"} <= set(COMMANDS)
    assert all(command in said.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example(command: str) -> None:
    said = run(command, "--help")
    assert said.exit_code == 0
    assert f"Example: autograder {command}" in said.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_uses_options_that_there_are(command: str) -> None:
    click_command = typer.main.get_command(app).commands[command]
    example = click_command.help.partition("Example: ")[2]
    assert example.startswith(f"autograder {command}")
    options = {option for p in click_command.params for option in [*p.opts, *p.secondary_opts]}
    assert set(re.findall(r"--[\w-]+", example)) <= options


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("autograder exp", ["export"]),
        ("autograder build t", ["toy"]),
        ("autograder collect x.zip t", ["toy"]),
        ("autograder grade toy --student a", ["ann"]),
        ("autograder feedback l", []),
    ],
)
def test_the_shell_completes_commands_labs_and_students(
    words: str, completed: list[str], class_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(class_course, "ann")
    monkeypatch.chdir(class_course.root)
    bash = {"_AUTOGRADER_COMPLETE": "complete_bash", "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1)}  # fmt: skip
    said = CliRunner().invoke(app, [], prog_name="autograder", env=bash)
    assert said.stdout.split() == completed


def test_the_shell_completes_nothing_where_there_is_no_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ("autograder build t", "autograder grade --student a"):
        bash = {"_AUTOGRADER_COMPLETE": "complete_bash", "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split()) - 1)}  # fmt: skip
        said = CliRunner().invoke(app, [], prog_name="autograder", env=bash)
        assert said.stdout.split() == [] and isinstance(said.exception, SystemExit | None)


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "grade" in done.stdout


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["build"], ["grade"], ["demo", "x"], ["collect", "x"], ["export"]], ids=" ".join
)
def test_what_is_not_a_course_is_told_with_what_to_do(arguments: list[str], tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "gone"):
        said = run(*arguments, "--course", place)
        assert_error(said, f"{place} has no {CONFIG_FILE}", "--course DIR")


@pytest.mark.parametrize(
    "arguments",
    [["build", "lab9"], ["grade", "toy", "lab9"], ["demo", "x", "lab9"], ["collect", "x", "lab9"]],
    ids=" ".join,
)
def test_an_unknown_lab_is_told_with_those_there_are(
    arguments: list[str], toy_course: Course, tmp_path: Path
) -> None:
    said = run(*arguments, "--course", toy_course.root)
    assert_error(said, "no lab called lab9", "this course has toy")


def test_a_lab_that_was_never_built_is_told_with_the_command_that_builds_it(
    toy_course: Course,
) -> None:
    (toy_course.root / "submitted").mkdir()
    said = run("grade", "--course", toy_course.root)
    assert_error(said, "toy has no reference notebook", "autograder build toy")


def test_a_course_without_submissions_is_told_where_they_belong(class_course: Course) -> None:
    said = run("grade", "--course", class_course.root)
    assert_error(said, "no submissions", "submitted/STUDENT/LAB/LAB.ipynb")
    class_course.submitted_directory.mkdir()
    (class_course.submitted_directory / ".gitkeep").touch()
    said = run("grade", "--course", class_course.root)
    assert_error(said, "no submissions", "is empty", "submitted/STUDENT/LAB/LAB.ipynb")


def test_data_that_is_a_link_to_nothing_is_told_before_anything_is_graded_or_removed(
    class_course: Course, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hand_in(class_course, "ann")
    earlier = tmp_path_factory.mktemp("demo")
    (earlier / "expected.csv").touch()
    (class_course.root / "data").symlink_to("/nonexistent/data")
    for command in (["grade"], ["demo", earlier]):
        said = run(*command, "--course", class_course.root)
        assert_error(said, "is a link to /nonexistent/data", "mend or remove it")
    assert not class_course.autograded_directory.exists()
    assert [path.name for path in earlier.iterdir()] == ["expected.csv"]


def test_an_unknown_student_is_told_with_those_there_are(class_course: Course) -> None:
    hand_in(class_course, "ann")
    hand_in(class_course, "b\x1b[31mob\n")
    said = run("grade", "--student", "eve", "--course", class_course.root)
    assert_error(said, "no submissions of 'eve'", "ann")


def test_a_gradebook_that_cannot_be_opened_is_told_with_its_address(class_course: Course) -> None:
    hand_in(class_course, "ann")
    config = class_course.root / CONFIG_FILE
    address = "sqlite:////nonexistent/folder/gradebook.db"
    config.write_text(config.read_text() + f'\nc.CourseDirectory.db_url = "{address}"\n')
    assert_error(run("grade", "--course", class_course.root), address, "cannot be opened")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "student_id,lab\nann,toy\n",
        "student_id,lab,score\nann,toy,many\n",
        "student_id,lab,score\nann,toy\n",
        "\x89PNG\r\n",
    ],
)
def test_a_table_of_expected_scores_that_is_none_is_told_before_anything_is_graded(
    class_course: Course, tmp_path: Path, content: str | None
) -> None:
    hand_in(class_course, "ann")
    path = tmp_path / "expected.csv"
    if content is not None:
        path.write_text(content)
    said = run("grade", "--expect", path, "--course", class_course.root)
    assert_error(said, f"{path} is not a table of student_id, lab, score")
    assert not (class_course.root / "gradebook.db").exists()


def test_an_archive_or_a_roster_that_cannot_be_read_is_told(
    class_course: Course, tmp_path: Path
) -> None:
    page = tmp_path / "submissions.zip"
    page.write_text("<html>please log in</html>")
    said = run("collect", page, "--course", class_course.root)
    assert_error(said, f"{page} cannot be read as a zip archive", "not a zip file")
    with ZipFile(page, "w"):
        pass
    roster = tmp_path / "roster.csv"
    roster.write_text("who\nann\n")
    said = run("collect", page, "--roster", roster, "--course", class_course.root)
    assert_error(said, f"{roster} has no column student_id")


def test_a_demo_into_a_folder_with_other_things_is_told(
    class_course: Course, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    said = run("demo", tmp_path / "mine", "--course", class_course.root)
    assert_error(said, "is not empty and was not made by `autograder demo`")


def test_a_bad_answer_bank_is_told_with_file_and_line(class_course: Course, tmp_path: Path) -> None:
    bank = class_course.answer_bank("toy")
    bank.write_text('# %% exercise="gone" right="so"\nx = 1\n')
    said = run("demo", tmp_path / "class", "--course", class_course.root)
    assert_error(said, f"{bank}:1: answers no exercise of toy: 'gone'")


@pytest.mark.parametrize(
    "arguments", [["grade", "--workers", "0"], ["demo", "x", "--students", "0"], ["nonsense"], []]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


# What the commands print -------------------------------------------------------------------------


def test_collect_says_what_became_of_each_file(class_course: Course, tmp_path: Path) -> None:
    path = tmp_path / "submissions.zip"
    with ZipFile(path, "w") as made:
        made.write(class_course.student_notebook("toy"), "doejane_LATE_12_34_toy-1.ipynb")
        made.writestr("../\x1b[31m[bold]evil.ipynb", "{}")
    said = run("collect", path, "--course", class_course.root)
    assert said.exit_code == 0 and said.stderr == ""
    assert "1 taken, 0 replaced, 0 unchanged, 1 skipped" in said.stdout
    assert "\x1b" not in said.stdout
    (taken,) = [line for line in said.stdout.splitlines() if "toy-1" in line]
    assert taken.split() == [
        "doejane_12", "toy", "taken", "doejane_LATE_12_34_toy-1.ipynb", "handed", "in", "late",
    ]  # fmt: skip
    assert "[31m[bold]evil.ipynb" in said.stdout and "its name is not a plain path" in said.stdout
    assert (class_course.submitted_directory / "doejane_12" / "toy" / "toy.ipynb").is_file()


def test_a_demo_says_what_it_made(class_course: Course, tmp_path: Path) -> None:
    said = run("demo", tmp_path / "c", "toy", "--students", "3", "--course", class_course.root)
    assert said.exit_code == 0
    assert said.stdout.startswith("3 submissions in ")
    assert len(read_scores(tmp_path / "c" / "expected.csv")) == 3


@pytest.fixture(scope="module")
def piped(
    built_toy: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Course, subprocess.CompletedProcess]:
    """A class of three graded by another process, with a score expected that nobody gets."""
    root = tmp_path_factory.mktemp("piped") / "course"
    shutil.copytree(built_toy, root)
    course = Course(root)
    hand_in(course, "ann")
    hand_in(course, "\x1b]0;mine\x07[bold]bob")
    (course.submitted_directory / "eve" / "toy").mkdir(parents=True)
    (root / "wrong.csv").write_text("student_id,lab,score\nann,toy,3\nghost,toy,1\n")
    command = [sys.executable, "-m", "autograder", "grade", "--expect", "wrong.csv"]
    return course, subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_piped_output_has_no_control_characters(piped: tuple) -> None:
    _, done = piped
    for text in (done.stdout, done.stderr):
        assert all(c.isprintable() or c == "\n" for c in text), text
        assert "[bold]bob" in text


def test_piped_progress_is_one_line_for_each_submission(piped: tuple) -> None:
    _, done = piped
    assert [line.split()[0] for line in done.stderr.splitlines()[:3]] == ["[1/3]", "[2/3]", "[3/3]"]


def test_grade_shows_a_table_and_where_the_results_lie(piped: tuple) -> None:
    course, done = piped
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert any(line.split()[-3:] == ["what", "went", "wrong"] for line in lines)
    (ann,) = (line for line in lines if line.startswith("ann"))
    assert all(words in ann for words in ("0/9", "graded", "lookup-check not attempted"))
    assert "no notebook in the folder" in done.stdout
    for name in ("grades.csv", "checks.csv", "autograded"):
        assert name in done.stdout
        assert (course.root / name).exists()


def test_a_score_that_is_not_the_expected_one_exits_with_1_and_is_named(piped: tuple) -> None:
    _, done = piped
    assert done.returncode == 1
    assert "toy of ann: scored 0.0, expected 3.0" in done.stderr
    assert "toy of ghost: scored None, expected 1.0" in done.stderr
    assert "toy of eve: scored 0.0, expected None" in done.stderr


def test_results_are_written_though_scores_differ_from_the_expected_ones(piped: tuple) -> None:
    course, _ = piped
    with (course.root / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {"graded", "failed"} and len(rows) == 3


def test_scores_that_are_all_as_expected_exit_with_0(class_course: Course) -> None:
    hand_in(class_course, "ann")
    path = class_course.root / "expected.csv"
    path.write_text("student_id,lab,score\nann,toy,0\n")
    said = run("grade", "toy", "--expect", path, "--course", class_course.root)
    assert said.exit_code == 0, said.stderr
    assert "all 1 scores are as expected" in said.stdout


def test_json_is_all_that_stands_on_standard_output(
    class_course: Course, capfd: pytest.CaptureFixture
) -> None:
    hand_in(class_course, "ann")
    (class_course.submitted_directory / "eve" / "toy").mkdir(parents=True)
    path = class_course.root / "expected.csv"
    path.write_text("student_id,lab,score\nann,toy,3\neve,toy,0\n")
    said = run("grade", "--json", "--expect", path, "--course", class_course.root)
    assert said.exit_code == 1
    document = json.loads(said.stdout)
    assert set(document) == {"results", "files", "sandbox", "differences"}
    assert document["differences"] == ["toy of ann: scored 0.0, expected 3.0"]
    ann, eve = document["results"]
    with (class_course.root / "grades.csv").open(newline="", encoding="utf-8") as file:
        columns, *_ = csv.reader(file)
    assert list(ann) == [*columns, "unchanged", "checks"]
    assert (ann["student_id"], ann["status"], ann["max_score"]) == ("ann", "graded", 9)
    assert ann["checks"][0] == {"check": "lookup-check", "points": 0, "max_points": 2,
                                "outcome": "not attempted",
                                "message": ann["checks"][0]["message"]}  # fmt: skip
    assert (eve["status"], eve["note"][:11]) == ("failed", "no notebook")
    assert Path(document["files"]["grades"]) == class_course.root / "grades.csv"
    assert capfd.readouterr().out == ""  # what children print would go there too


def test_a_run_that_cannot_be_done_prints_no_json(class_course: Course) -> None:
    said = run("grade", "--json", "--course", class_course.root)
    assert_error(said, "no submissions")


def test_a_table_of_expected_scores_is_read_by_its_columns_names(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("score,lab,student_id\n1.5,toy,lucía\n", encoding="utf-8")
    assert read_scores(path) == {("lucía", "toy"): 1.5}
    with pytest.raises(CourseError):
        read_scores(tmp_path)
