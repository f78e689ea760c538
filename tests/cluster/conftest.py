"""A Dask cluster of this machine: a scheduler and workers, processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from autograder.authoring.build import build_lab
from autograder.course import Course
from autograder.engine.record import Recorder
from autograder.sandbox.processes import descendants
from tests.conftest import ROOT, TOY, course_with
from tests.faults.starter import STAND_INS

READ = """\
from pathlib import Path

home = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "data").is_dir())
table = np.loadtxt(home / "data" / "table.txt")
"""
STARTING = 120  # seconds that a process may take to start on a busy machine


@dataclass
class Running:
    """A cluster. `address` is its scheduler's."""

    folder: Path
    address: str = ""
    _processes: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *arguments: str, package: Path = ROOT, **environment: str) -> subprocess.Popen:
        """A process of Dask's command line that imports `autograder` from a folder.

        Its TensorFlow is a stand-in: the toy lab needs none, and each template takes seconds to
        import it.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": f"{STAND_INS}{os.pathsep}{package}", **environment},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{len(self._processes)}.log").open("w"),
        )
        self._processes.append(process)
        return process

    def start_worker(self, *arguments: str, package: Path = ROOT) -> subprocess.Popen:
        # As workers in Kubernetes have it, the address stands in the environment.
        return self.start("worker", self.address, "--no-dashboard", "--local-directory",
                          str(self.folder / "scratch"), *arguments, package=package,
                          DASK_SCHEDULER_ADDRESS=self.address)  # fmt: skip

    def ask(self, question: Callable[[Client], Awaitable[Any]]) -> Any:
        """What a client of its own learns from the cluster."""

        async def asking() -> Any:
            async with Client(self.address, asynchronous=True, set_as_default=False) as client:
                return await question(client)

        return asyncio.run(asking())

    def workers(self, number: int) -> list[str]:
        """The addresses of all workers, as soon as there are so many."""
        deadline = time.monotonic() + STARTING
        while len(found := list(self.ask(lambda client: client.nthreads()))) != number:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def stop(self, process: subprocess.Popen) -> None:
        """Ends a process and all that it started."""
        below = descendants(process.pid)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
        end(below)
        self._processes.remove(process)

    def stop_scheduler(self) -> None:
        self.stop(self._processes[0])

    def stop_all(self) -> None:
        for process in reversed(self._processes[:]):
            self.stop(process)


def end(pids: list[int]) -> None:
    """Ends what is left of some processes."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def scheduler(folder: Path, package: Path = ROOT) -> Iterator[Running]:
    """A scheduler that imports `autograder` from a folder, and as yet no workers."""
    made, told = Running(folder), folder / "scheduler.json"
    try:
        # A task is given up when it was running on the second worker that died.
        made.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                   "--scheduler-file", str(told), package=package,
                   DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")  # fmt: skip
        deadline = time.monotonic() + STARTING
        while not made.address:
            assert time.monotonic() < deadline, (folder / "0.log").read_text()
            time.sleep(0.1)
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                made.address = json.loads(told.read_text())["address"]
        yield made
    finally:
        made.stop_all()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A scheduler, and two worker processes with two threads each."""
    with scheduler(tmp_path_factory.mktemp("cluster")) as made:
        made.start_worker("--nworkers", "2", "--nthreads", "2")
        made.workers(2)
        yield made


@pytest.fixture(scope="module")
def lab_with_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy course, built, whose given cell reads a file in `data`, with an empty gradebook."""
    given = "table = np.arange(40.0).reshape(10, 4)\n"
    assert given in TOY
    course = course_with(tmp_path_factory.mktemp("with-data"), TOY.replace(given, READ))
    (course.root / "data").mkdir()
    rows = (" ".join(map(str, range(n, n + 4))) for n in range(0, 40, 4))
    (course.root / "data" / "table.txt").write_text("\n".join(rows))
    build_lab(course, "toy").write()
    Recorder(course).close()  # nbgrader takes seconds to make one
    return course.root


@pytest.fixture
def course(lab_with_data: Path, tmp_path: Path) -> Course:
    root = tmp_path / "course"
    shutil.copytree(lab_with_data, root)
    return Course(root)


@pytest.fixture
def without(tmp_path: Path) -> Path:
    """A folder to import `autograder` from, with nothing in it, whatever is installed."""
    (tmp_path / "without" / "autograder").mkdir(parents=True)
    (tmp_path / "without" / "autograder" / "__init__.py").touch()
    return tmp_path / "without"
