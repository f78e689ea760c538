"""What a Dask worker does with a unit of work. It needs this package, and nothing of the course.

A worker process may have several threads, and so run several units at once, each in an event loop
of its own. All of them fork from the one template of the process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path

from distributed import get_worker

from autograder.course import CourseError
from autograder.engine.fingerprint import differences, fingerprint
from autograder.engine.local import run_here
from autograder.engine.run import own_temporary_directory
from autograder.engine.unit import Unit, pack, pack_result, unpack_folder
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.layers import System, try_layers
from autograder.sandbox.paths import covered, readable

NO_SANDBOX = "none"
_once = threading.Lock()


def refusal(expected: dict[str, str]) -> str:
    """Why this worker must not grade for a grader with another fingerprint, or nothing."""
    different = differences(fingerprint(), expected)
    return f"it has {different}" if different else ""


def run_unit(packed: bytes, folder: bytes) -> bytes:
    """Runs a packed unit with the course's packed `data` folder.

    Never raises: an error would travel as a pickle.
    """
    try:
        unit = Unit.unpack(packed)
        if why := refusal(unit.fingerprint) or _unfit(unit.confine):
            return pack({"refused": why, "worker": get_worker().address})
        layers, sandbox = None, NO_SANDBOX
        if unit.confine:
            layers, sandbox = _system().layers, _system().describe()
        TEMPLATE.start()
        data = _home(folder) / "data"
        running = run_here(unit.notebook, unit.lab, data, unit.limits, layers, print)
        return pack_result(asyncio.run(running), sandbox)
    except Exception as error:
        traceback.print_exc()  # into the worker's log
        return pack({"failed": f"{type(error).__name__}: {error}"})


def _unfit(confine: bool) -> str:
    """Why nothing can be graded here, or nothing."""
    try:
        with _once:
            own_temporary_directory()
            _hide_scratch_folders()
    except CourseError as error:
        return str(error)
    if not confine:
        return ""
    scratch = get_worker().local_directory
    if inside := [f for f in readable() if covered(scratch, [f])]:
        return (
            f"its scratch folder {scratch} lies in {inside[0]}, which student code must be able to "
            "read; choose another with --local-directory"
        )
    ways = _system().open_ways
    return f"no sandbox: student code could {'; '.join(ways)}" if ways else ""


def _hide_scratch_folders() -> None:
    """Takes Dask's folders off the path, where Dask puts them for modules that are uploaded.

    What a worker stores there is not for student code to read, and all on the path is.
    """
    scratch = get_worker().local_directory
    folders = {scratch}
    if os.path.basename(os.path.dirname(scratch)).startswith("dask-scratch-space"):
        folders.add(os.path.dirname(scratch))
    for folder in folders & set(sys.path):
        sys.path.remove(folder)


def _system() -> System:
    with _once:
        return _tried()


@cache
def _tried() -> System:
    return try_layers()


def _home(folder: bytes) -> Path:
    """The folder around the course's `data`; made at first use, gone with the process."""
    with _once:
        return Path(_unpacked(folder).name)


@cache
def _unpacked(folder: bytes) -> tempfile.TemporaryDirectory:
    home = tempfile.TemporaryDirectory(prefix="ag-data-")
    Path(home.name).chmod(0o755)  # student code may run as another user
    unpack_folder(folder, Path(home.name) / "data")
    return home
