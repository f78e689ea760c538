"""A class graded on a cluster: the same gradebook as here, whatever happens to the workers."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner, Result

import autograder
from autograder.cli import app, grade_there
from autograder.course import Course, CourseError
from autograder.engine import cluster as module
from autograder.engine.cluster import Cluster, connected
from autograder.engine.fingerprint import fingerprint
from autograder.engine.grade import grade_class
from autograder.engine.record import Result as Graded
from autograder.sandbox.limits import Limits
from autograder.sandbox.processes import descendants
from tests.cluster import forged
from tests.cluster.conftest import Running, end, scheduler
from tests.engine.conftest import ANSWERS
from tests.gradebooks import rows

CLASS = {
    "ann": ANSWERS,
    "ben": {"lookup": "def lookup(table, ids):\n    return table[3]",
            "total": "def total(values):\n    return 1 / 0"},
    "cyd": {},
    "eli": ANSWERS | {"lookup": "import os\n\ndef lookup(table, ids):\n    os._exit(3)"},
    "fay": ANSWERS | {"total": "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n"
                               "print('é 学生')\n" + ANSWERS["total"]},
}  # fmt: skip


def hand_in(course: Course, student: str, answers: dict[str, str]) -> None:
    nb = json.loads(course.student_notebook("toy").read_text())
    for cell in nb["cells"]:
        cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
    path = course.submitted_directory / student / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(nb))


def grade(course: Course, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["grade", "--course", str(course.root), *arguments], catch_exceptions=False
    )


async def graded(
    cluster: Running,
    course: Course,
    said: list[str],
    workers: int | None,
    tell: Callable[[Graded, int, int], None],
) -> list[Graded]:
    there = connected(cluster.address, course.root / "data", Limits(), True, said.append)
    grading = partial(grade_class, course, ["toy"], None, tell=tell, force=True)
    return (await grade_there(there, workers, grading))[0]


def on_cluster(
    cluster: Running, course: Course, said: list[str], workers: int | None = None
) -> dict[str, Graded]:
    grading = graded(cluster, course, said, workers, lambda *told: None)
    return {result.student: result for result in asyncio.run(grading)}


def table(course: Course, name: str) -> list[dict[str, str]]:
    """A table without the seconds."""
    with (course.root / name).open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_class_gets_the_same_gradebook_as_on_this_machine(
    cluster: Running, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    honest = module.Unit.pack
    monkeypatch.setattr(module.Unit, "pack", lambda unit: sent.append(honest(unit)) or sent[-1])
    for student, answers in CLASS.items():
        hand_in(course, student, answers)
    hand_in(course, "dee", {})
    (course.submitted_directory / "dee" / "toy" / "toy.ipynb").write_text('{"cells": [')
    shutil.copytree(course.root, tmp_path / "here")
    here = Course(tmp_path / "here")
    away, local = grade(course, "--scheduler", cluster.address), grade(here)
    assert away.exit_code == local.exit_code == 0, away.stderr
    assert "sandbox on the workers: " in away.stdout
    # A worker can read nothing of a course that it was not told the place of.
    assert len(sent) == len(CLASS) and not any(str(tmp_path).encode() in unit for unit in sent)
    assert rows(course) == rows(here)
    for name in ("grades.csv", "checks.csv"):
        assert table(course, name) == table(here, name)
    scores = {row["student_id"]: row["score"] for row in table(course, "grades.csv")}
    assert scores == {"ann": "6", "ben": "0", "cyd": "0", "dee": "0", "eli": "4", "fay": "6"}
    for student in CLASS:
        path = Path("autograded", student, "toy", "toy.ipynb")
        assert (course.root / path).read_text() == (here.root / path).read_text()


ATTACK = """\
import os, re, socket

PORTS, SCRATCH = {ports}, {scratch!r}

def total(values):
    return -1.0

def lookup(table, ids):
    return None

reached, found = [], set()
for port in PORTS:
    try:
        socket.create_connection(("127.0.0.1", port), 3).close()
        reached.append(port)
    except OSError:
        pass

def look(data):
    numbers = re.findall(rb"tcp://[^:]{{,40}}:([0-9]+)", data)
    numbers = [int(number) for number in numbers]
    numbers += [int(n, 16) for n in re.findall(rb" [0-9A-F]{{8}}:([0-9A-F]{{4}}) ", data)]
    found.update(set(numbers) & set(PORTS))

for pid in (name for name in os.listdir("/proc") if name.isdigit() or name == "self"):
    for name in ("environ", "cmdline", "net/tcp"):
        try:
            look(open(f"/proc/{{pid}}/{{name}}", "rb").read())
        except OSError:
            pass
for line in open("/proc/self/maps"):
    area, rights = line.split()[:2]
    begin, end = (int(n, 16) for n in area.split("-"))
    if rights[0] == "r" and end - begin < 2**26 and "[v" not in line:
        try:
            with open("/proc/self/mem", "rb", 0) as memory:
                memory.seek(begin)
                look(memory.read(end - begin))
        except OSError:
            pass
try:
    listed = os.listdir(SCRATCH)
except OSError:
    listed = []
print("reached", reached, "found", sorted(found), "listed", listed)
"""


def test_student_code_neither_reaches_nor_finds_the_scheduler_and_the_workers(
    cluster: Running, course: Course
) -> None:
    ports = [int(address.rsplit(":", 1)[1]) for address in [cluster.address, *cluster.workers(2)]]
    attack = ATTACK.format(ports=ports, scratch=str(cluster.folder / "scratch"))
    outside = subprocess.run(
        [sys.executable, "-c", attack],
        env={"DASK_SCHEDULER_ADDRESS": cluster.address},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"reached {ports} found " in outside, "the attack is none"
    assert str(ports[0]) in outside.split("found")[1] and not outside.endswith("listed []\n")
    hand_in(course, "eve", {"lookup": attack})
    results = on_cluster(cluster, course, [])
    assert results["eve"].score == 0
    graded = (course.autograded_directory / "eve" / "toy" / "toy.ipynb").read_text()
    assert "reached [] found [] listed []" in graded, graded


def test_a_worker_of_another_version_is_told_and_left_alone(
    cluster: Running,
    course: Course,
    without: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it says so when it is asked, or had been another one when it was asked."""
    changed = tmp_path / "changed"
    shutil.copytree(Path(autograder.__file__).parent, changed / "autograder")
    with (changed / "autograder" / "engine" / "execute.py").open("a") as file:
        file.write("# another version\n")
    fit = set(cluster.workers(2))
    others = [cluster.start_worker("--no-nanny", package=package) for package in (changed, without)]
    try:
        unfit = set(cluster.workers(4)) - fit
        for student in ("ann", "ben"):
            hand_in(course, student, ANSWERS)
        right = {"ann": (6, ""), "ben": (6, "")}

        said: list[str] = []
        results = on_cluster(cluster, course, said)
        assert {student: (r.score, r.note) for student, r in results.items()} == right
        assert sorted(line.split()[0] for line in said) == sorted(unfit), said
        ours = fingerprint()["autograder"]
        version, missing = sorted(said, key=lambda line: "No module named" in line)
        assert re.search(f"is not used: it has autograder [0-9a-f]+ instead of {ours}$", version)
        assert "is not used: it cannot run this autograder" in missing
        assert set(cluster.workers(4)) == fit | unfit, "a unit has ended a worker"

        former, said, honest = version.split()[0], [], Cluster._ask

        async def ask(self: Cluster, address: str) -> None:
            if address == former:
                self._fit.add(address)
                return
            while not said:  # it is the only one that there is, until a unit has found out
                await asyncio.sleep(0.05)
            await honest(self, address)

        monkeypatch.setattr(Cluster, "_ask", ask)
        results = on_cluster(cluster, course, said, workers=1)
        assert {student: (r.score, r.note) for student, r in results.items()} == right
        assert said[0] == version
    finally:
        for process in others:
            cluster.stop(process)


def test_a_scheduler_without_this_package_is_told(
    course: Course, without: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hand_in(course, "ann", ANSWERS)
    with scheduler(tmp_path_factory.mktemp("bare"), package=without) as bare:
        said = grade(course, "--scheduler", bare.address)
    assert said.exit_code == 2 and said.stdout == ""
    assert "cannot hand on our work (No module named 'autograder.engine')" in said.stderr
    assert said.stderr.count("\n") == 1


def test_where_no_worker_fits_nothing_is_graded_and_nothing_is_lost(
    cluster: Running, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ann", ANSWERS)
    (course.root / "grades.csv").write_text("earlier")
    other = fingerprint() | {"torch": "1.0", "Python": "2.7"}
    monkeypatch.setattr(module, "fingerprint", lambda: other)
    said = grade(course, "--scheduler", cluster.address)
    assert said.exit_code == 2 and said.stdout == ""
    *lines, last = said.stderr.splitlines()
    assert "no worker of the cluster at" in last and "grade again" in last
    assert {line.split()[0] for line in lines} == set(cluster.workers(2))
    assert all(re.search(r"it has Python 3\.\d+ instead of 2\.7, torch \S+ instead of 1\.0$", line)
               for line in lines)  # fmt: skip
    assert (course.root / "grades.csv").read_text() == "earlier"


def test_a_forged_result_is_no_result_and_a_pickle_is_never_read(
    cluster: Running, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in forged.FORGED:
        hand_in(course, name, ANSWERS | {"lookup": f"# {name}\n{ANSWERS['lookup']}"})
    monkeypatch.setattr(module.worker, "run_unit", forged.run_unit)
    # One after the other: Dask fetches at once what is done at once, all of it or nothing.
    results = on_cluster(cluster, course, [], workers=1)
    honest = results.pop("honest")
    assert (honest.status, honest.score, honest.note) == ("graded", 6, "")
    assert {r.status for r in results.values()} == {"failed"}
    why = {name: r.note.partition(": ")[2] for name, r in results.items()}
    for name in ("object", "object-in-list"):
        assert "only able to deserialize" in why[name]
    for name in ("pickle", "text"):
        assert why[name] == "its parts are not those of a result"
    assert why["points"] == "a check has other points"
    assert why["other-lab"] == "its verdicts are not those of the lab's checks"
    assert forged.opened == []
    pickle.loads(pickle.dumps(forged.Opened()))
    assert forged.opened.pop() == os.getpid(), "the pickle does nothing"


def test_a_worker_that_is_killed_half_way_costs_nothing(cluster: Running, course: Course) -> None:
    slow = ANSWERS | {"lookup": "import time\ntime.sleep(2)\n" + ANSWERS["lookup"]}
    students = [f"s{n}" for n in range(4)]
    for student in students:
        hand_in(course, student, slow)
    workers: dict[str, int] = cluster.ask(lambda client: client.run(os.getpid))
    idle = {pid: set(descendants(pid)) for pid in workers.values()}
    killed: list[int] = []

    async def kill_one() -> None:
        while not killed:
            await asyncio.sleep(0.05)
            for pid, before in idle.items():
                there = descendants(pid)
                if not killed and set(there) - before:  # it has begun to run a submission
                    killed.extend([pid, *there])
                    os.kill(pid, signal.SIGKILL)

    async def both() -> list[Graded]:
        grading = graded(cluster, course, said, None, lambda *told: None)
        results, _ = await asyncio.gather(grading, kill_one())
        return results

    said: list[str] = []
    try:
        results = asyncio.run(both())
    finally:
        end(killed[1:])
    assert said == []
    assert {r.student: (r.score, r.status, r.note) for r in results} == dict.fromkeys(
        students, (6, "graded", "")
    )


def test_a_submission_whose_workers_die_costs_itself_alone(
    cluster: Running, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "eve", ANSWERS)
    monkeypatch.setattr(module.worker, "run_unit", forged.die)
    cluster.workers(2)
    (eve,) = on_cluster(cluster, course, []).values()
    assert eve.status == "failed"
    assert "2 workers died while they ran it, the last of them tcp://127.0.0.1:" in eve.note


def test_a_scheduler_that_goes_away_ends_the_run_and_what_was_graded_is_kept(
    cluster: Running, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last that is asked of this cluster."""
    for student in ("ann", "ben"):
        hand_in(course, student, ANSWERS | {"lookup": f"# honest\n{ANSWERS['lookup']}"})
    monkeypatch.setattr(module.worker, "run_unit", forged.run_unit)
    cluster.workers(2)

    def tell(result: Graded, done: int, total: int) -> None:
        assert (result.student, result.status) == ("ann", "graded")
        cluster.stop_scheduler()

    with pytest.raises(CourseError, match=f"{cluster.address} .* grade again") as told:
        asyncio.run(graded(cluster, course, [], 1, tell))
    assert "\n" not in str(told.value)
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        kept = gradebook.assignment_submissions("toy")
        assert {submission.student.id: submission.score for submission in kept} == {"ann": 6}


# Before there is a cluster ------------------------------------------------------------------------


def test_an_address_where_no_scheduler_is_is_told(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ann", ANSWERS)
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nowhere", "foo://127.0.0.1:1"):
        said = grade(course, "--scheduler", address)
        assert said.exit_code == 2 and said.stdout == ""
        assert said.stderr.startswith(f"no Dask scheduler answers at '{address}'"), said.stderr
        assert said.stderr.count("\n") == 1
    assert not (course.root / "grades.csv").exists()


def test_a_grader_without_dask_is_told_how_to_get_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ann", ANSWERS)
    monkeypatch.setitem(sys.modules, "autograder.engine.cluster", None)
    monkeypatch.delitem(sys.modules, "autograder.engine.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = grade(course, "--scheduler", "tcp://127.0.0.1:1")
    assert said.exit_code == 2 and said.stdout == ""
    assert "pip install 'embedding-labs[cluster]'" in said.stderr
    assert said.stderr.count("\n") == 1
