"""What a command, a process or a run costs: seconds, CPU seconds, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import subprocess
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from tests.faults.runs import Process, below

MIB = 2**20
PR_SET_CHILD_SUBREAPER = 36
LOOK_SECONDS = 0.5
ALL, OWN = ("Pss:",), ("Pss_Anon:", "Pss_Shmem:")


def adopt_orphans() -> None:
    """Makes processes that outlive their parents ours, so that they are counted as well."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cpu_of_ended() -> float:
    """CPU seconds of all processes below this one that have ended. Waits for orphans to end."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(command: list[str], directory: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command with all its descendants, orphans included."""
    before = cpu_of_ended()
    started = time.perf_counter()
    run(command, directory)
    wall = time.perf_counter() - started
    return wall, cpu_of_ended() - before


def run(command: list[str], directory: Path) -> str:
    """What a command prints; the end of the whole bench where it fails."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def peak_memory(command: list[str], directory: Path) -> float:
    """The most MiB that a command and its descendants had at any look, shared pages once."""
    most = 0.0
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            most = max(most, pss_of([run.pid, *below([run.pid], Process.all())], ALL))
            time.sleep(LOOK_SECONDS)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {run.returncode}")
    return most


def pss(pid: int, kinds: tuple[str, ...]) -> float:
    """MiB of these kinds of memory of a process; its part of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    found = {line.split()[0]: int(line.split()[1]) for line in lines}
    return sum(found[kind] for kind in kinds) * 1024 / MIB


def pss_of(processes: list[int], kinds: tuple[str, ...]) -> float:
    """The sum over those that have not ended meanwhile."""
    total = 0.0
    for pid in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += pss(pid, kinds)
    return total


def cpu_of_forked() -> float:
    """CPU seconds of the template and of all ended kernels and examiners, which are its children.

    They count once the template has waited for them.
    """
    stat = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/stat").read_text()
    ticks = stat[stat.rindex(")") + 2 :].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """Where numbers were measured, and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
