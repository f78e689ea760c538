"""No hostile submission gets anything, touches anything, stays, or harms whoever is beside it.

Submissions of `hostile`, made for a lab, are graded among honest neighbours and looked at from
outside. As root, this module grades one lab; as an ordinary user all of them, the others with those
families alone that go for a lab's own cells and checks (with HOSTILE=all in the environment, with
everything). Those that run into limits are handed in for one lab. See `make hostile`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.authoring.compose import consistent, expected_score, load_bank, submission
from autograder.course import CONFIG_FILE, Course
from autograder.engine.grade import grade_class
from autograder.engine.lab import ReleasedLab
from autograder.engine.local import this_machine
from autograder.engine.record import Recorder, Result, write_csv_files
from autograder.engine.sanitise import sanitise
from autograder.engine.unchanged import FILE
from autograder.sandbox.confine import Layers
from autograder.sandbox.limits import Limits
from tests.attacks.hostile import HOSTILE
from tests.attacks.hostile.notebooks import SUCCEEDED, Hostile
from tests.attacks.surroundings import PATIENCE, Surroundings, surroundings
from tests.conftest import ROOT, sandbox_layers

FAMILIES = """score forging; secrets; escaping; exhaustion; killing; persistence; protocol abuse;
metadata and JSON; names and links; browser payloads"""
QUICK = "lab4_pytorch_embedding"  # everything in it takes well under a second
LABS = sorted(path.name for path in (ROOT / "notebooks").iterdir() if path.is_dir())
SMALL = Limits(
    seconds=4, total=20, cpu=2, memory=3 * 2**29, disk=48 * 2**20, file=16 * 2**20,
    processes=128, files=256, output=2**20, total_output=4 * 2**20, outputs=200,
)  # fmt: skip
GENEROUS = Limits(seconds=60, total=400)
WORKERS, SLEEPERS = 4, 8  # at once; those that run into limits mostly wait for the clock
LOST = {  # what a check that was lost to one is called, and the limit's own words
    "timed out": r"(ran for|took) longer than [\d.]+ seconds|over [\d.]+ seconds of processor time",
    "out of memory": r"used over [\d.]+ GiB|the system ended the kernel",
    "crashed": r"over \d+ processes and threads at one time|wrote over \d+ MiB"
    r"|made over [\d,]+ files|printed or showed more than \d+ MiB|a message of over [\d,]+ parts"
    r"|the kernel sent something unreadable|the kernel stopped listening",
}
DEATH = "the kernel died"
ROOT_ALONE = os.geteuid() == 0
AT_THE_LAB = ("score forging", "secrets", "protocol abuse")
EVERYTHING = os.environ.get("HOSTILE") == "all"
LIMITS, WHOLE, PART = "limits", "", "part"
# A class: a lab, and which submissions are handed in.
CLASSES = [(QUICK, LIMITS), *(
    (lab, WHOLE if EVERYTHING or lab == QUICK else PART)
    for lab in ([QUICK] if ROOT_ALONE else LABS)
)]  # fmt: skip


@dataclass
class Graded:
    """A class of hostile submissions and their neighbours, after it was graded.

    expected: what neighbours must score. shown: autograded notebooks, as text.
    """

    surroundings: Surroundings
    lab: str
    results: dict[str, Result]
    expected: dict[str, float]
    shown: dict[str, str]
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    canary: list[str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    tables: str = ""

    def successes(self, student: str) -> list[str]:
        """What a submission got that it should not have, as far as its own outputs show."""
        shown = self.shown.get(student, "")
        got = [f"read {what}" for secret, what in self.surroundings.secrets.items()
               if secret in shown]  # fmt: skip
        got += re.findall(rf"(?m){SUCCEEDED} .*$", printed(shown))
        got += [f"was heard: {data!r}" for data in self.heard if student.encode() in data]
        return got


def printed(shown: str) -> str:
    """All that the cells of an autograded notebook printed."""
    cells = json.loads(shown)["cells"] if shown else []
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "".join("".join(output.get("text", "")) for output in outputs)


def students(which: str) -> dict[str, Hostile]:
    """Hostile submissions by the name of the student who hands them in."""
    chosen = [
        hostile for hostile in HOSTILE
        if hostile.costly == (which == LIMITS)
        and (which != PART or hostile.family in AT_THE_LAB)
    ]  # fmt: skip
    return {hostile.student or f"h{n:03}": hostile for n, hostile in enumerate(chosen)}


def hand_in(course: Course, lab: str, student: str, data: bytes) -> None:
    path = course.submitted_directory / student / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)


def neighbours(here: Course, lab: str) -> dict[str, tuple[str, float]]:
    """Notebooks of honest students, and what each must score."""
    bank = load_bank(here, lab)
    blank = nbformat.read(here.student_notebook(lab), as_version=4)
    right = {name: bank.reference(name) for name in bank.exercises}
    wrong = consistent(bank, {name: bank.of(name, right=False)[0] for name in bank.exercises})
    return {
        "n1-right": (nbformat.writes(submission(blank, right)), expected_score(bank, right)),
        "n2-wrong": (nbformat.writes(submission(blank, wrong)), expected_score(bank, wrong)),
        "n3-blank": (nbformat.writes(blank), 0.0),
    }


def set_up(around: Surroundings, lab: str, chosen: dict[str, Hostile]) -> dict[str, float]:
    """Puts a lab and a class into the course; returns what the honest ones must score."""
    here = Course(ROOT)
    (around.course / CONFIG_FILE).write_text((ROOT / CONFIG_FILE).read_text())
    if not (around.course / "data").is_symlink():
        (around.course / "data").symlink_to(ROOT / "data", target_is_directory=True)
        around.hide(around.course / "secret")
    course = Course(around.course)
    shutil.rmtree(course.submitted_directory, ignore_errors=True)
    shutil.copytree(here.reference_notebook(lab).parent, course.reference_notebook(lab).parent,
                    dirs_exist_ok=True)  # fmt: skip
    around.hide(course.answer_bank(lab))
    expected = {}
    honest = neighbours(here, lab)
    for student, (text, score) in honest.items():
        secret = nbformat.v4.new_markdown_cell(around.secret(f"the submission of {student}"))
        nb = nbformat.reads(text, as_version=4)
        nb.cells.append(secret)
        hand_in(course, lab, student, nbformat.writes(nb).encode())
        expected[student] = score
    released = json.loads(here.student_notebook(lab).read_text())
    for student, hostile in chosen.items():
        outside = around.outside(student, lab)
        data = hostile.notebook(released, outside)
        if hostile.write is None:
            hand_in(course, lab, student, data)
        else:
            folder = course.submitted_directory / student
            folder.mkdir(parents=True)
            hostile.write(folder, data, outside)
    # The right answers again, among those who come last, when others have done their worst.
    hand_in(course, lab, "z9-right", honest["n1-right"][0].encode())
    return expected | {"z9-right": honest["n1-right"][1]}


def grade(
    around: Surroundings,
    lab: str,
    chosen: dict[str, Hostile],
    limits: Limits,
    confine: Callable[[], Layers] | None,
    patience: float = PATIENCE,
) -> Graded:
    """Grades a class and looks around. patience: seconds that what it started may take to go."""
    expected = set_up(around, lab, chosen)
    course = Course(around.course)
    Recorder(course).close()  # makes the gradebook
    with Gradebook(course.gradebook_url, course.directories.course_id) as book:
        for student in (*expected, *chosen):
            book.update_or_create_student(student, last_name=around.secret("the gradebook"))
    os.chmod(course.root / "gradebook.db", 0o666)
    workers = SLEEPERS if limits is SMALL else WORKERS
    around.remember()
    before = around.files()
    heard = len(around.heard)
    machine = this_machine(course.root / "data", limits, confine, print)
    results = asyncio.run(grade_class(course, [lab], None, workers, machine, lambda *told: None))
    graded = Graded(
        around, lab, {result.student: result for result in results}, expected,
        {path.parent.parent.name: path.read_text()
         for path in course.autograded_directory.glob(f"*/{lab}/*.ipynb")},
    )  # fmt: skip
    graded.left = around.left_behind(patience)
    after = around.files()
    ours = {str(course.root / name) for name in ("gradebook.db", FILE)}
    graded.changed = sorted(
        path for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and path not in ours
    )  # fmt: skip
    graded.canary = around.canary_trouble()
    graded.heard = around.heard[heard:]
    graded.tables = "".join(path.read_text() for path in write_csv_files(course, results))
    return graded


@pytest.fixture(scope="module")
def around() -> Iterator[Surroundings]:
    with surroundings() as made:
        yield made


@pytest.fixture(scope="module")
def classes(around: Surroundings) -> Callable[[tuple[str, str]], Graded]:
    """Grades a class at its first use, and no second time."""

    @cache
    def graded(one: tuple[str, str]) -> Graded:
        lab, which = one
        limits = SMALL if which == LIMITS else GENEROUS
        return grade(around, lab, students(which), limits, sandbox_layers)

    return graded


@pytest.fixture
def graded(request: pytest.FixtureRequest, classes: Callable) -> Graded:
    return classes(request.param)


def attacks() -> pytest.MarkDecorator:
    every = [(c, s, h) for c in CLASSES for s, h in students(c[1]).items()]
    return pytest.mark.parametrize(
        ("graded", "student", "hostile"), every, indirect=["graded"],
        ids=[f"{c[0][:4]}-{h.name}" for c, s, h in every],
    )  # fmt: skip


each_class = pytest.mark.parametrize(
    "graded",
    CLASSES,
    indirect=True,
    ids=[f"{lab[:4]}-{which}".rstrip("-") for lab, which in CLASSES],
)


@attacks()
def test_it_fails(graded: Graded, student: str, hostile: Hostile) -> None:
    result = graded.results[student]
    assert result.score == 0, [check for check in result.checks if check.points]
    assert graded.successes(student) == []
    assert "passed" not in {check.outcome for check in result.checks}


@attacks()
def test_the_instructor_is_told(graded: Graded, student: str, hostile: Hostile) -> None:
    result, told = graded.results[student], hostile.told
    assert "grader failed" not in result.note
    outcomes = {check.outcome for check in result.checks}
    if hostile.costly and result.status == "partial":
        # Which of the limits, all of them small for these, is met first depends on the machine.
        said = [result.note, *(c.message for c in result.checks if c.outcome in LOST)]
        met = {n for n, words in LOST.items() if any(re.search(words, line) for line in said)}
        died = any(DEATH in line for line in said)
        assert met or (died and hostile.family == "killing"), said
        allowed = told.each | met | {"not attempted"} | ({"crashed"} if died else set())
        assert outcomes <= allowed, result.checks
        return
    assert result.status in told.status.split(" or "), result.note
    if told.note is not None:
        assert told.note in result.note if told.note else result.note == "", result.note
    assert outcomes <= told.each | {"not attempted"} and told.each & outcomes


@each_class
def test_honest_neighbours_keep_their_scores(graded: Graded) -> None:
    for student, score in graded.expected.items():
        result = graded.results[student]
        assert (result.status, result.score) == ("graded", score), (student, result.note)


@each_class
def test_nothing_outside_was_touched_or_heard_of(graded: Graded) -> None:
    assert graded.changed == []
    assert graded.heard == []
    assert graded.canary == []


@each_class
def test_nothing_is_left_behind(graded: Graded) -> None:
    assert graded.left == []


@each_class
def test_nothing_is_left_to_clean_before_a_browser_sees_it(graded: Graded) -> None:
    """What `tests/browser/test_hostile_pages.py` shows to be harmless is what is written down."""
    lab = ReleasedLab.load(Course(ROOT), graded.lab)
    for student, text in graded.shown.items():
        nb = nbformat.reads(text, as_version=4)
        nbformat.validate(nb)
        before = [(cell.source, cell.get("outputs")) for cell in deepcopy(nb).cells]
        sanitise(nb, lab)
        assert [(cell.source, cell.get("outputs")) for cell in nb.cells] == before, student


@each_class
def test_the_tables_hold_no_secret(graded: Graded) -> None:
    assert not [what for s, what in graded.surroundings.secrets.items() if s in graded.tables]


def test_there_are_at_least_sixty_in_all_families() -> None:
    assert len(HOSTILE) >= 60
    assert {hostile.family for hostile in HOSTILE} == set(re.split(r";\s", FAMILIES))


def test_what_gets_through_is_noticed() -> None:
    """Without a sandbox; so that the tests above can fail."""
    code = """
attempt("a file", (pathlib.Path(OUT["foreign"]) / OUT["me"]).touch)
loot(OUT["foreign"] + "/secret")
word = OUT["me"].encode()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(word, ("127.0.0.1", OUT["udp"]))
os.kill(OUT["canary"], signal.SIGUSR1)
pathlib.Path(OUT["temporary"], "left").touch()
"""
    with surroundings() as around:
        open_door = {"mallory": Hostile("an open door", "none", "Goes through.", code=code)}
        graded = grade(around, QUICK, open_door, GENEROUS, None, patience=0)
    assert {got.split()[0] for got in graded.successes("mallory")} == {"read", "SUCCEEDED:", "was"}
    assert graded.changed == [str(around.foreign / "mallory")]
    assert any("got 10" in trouble for trouble in graded.canary)
    assert str(around.temporary / "left") in graded.left
