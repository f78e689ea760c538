"""A control group for one submission, where the system lets this user make one."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path

from autograder.sandbox.limits import Limits

_MOUNT = Path("/sys/fs/cgroup")


PREFIX = "autograder-"


def create(limits: Limits) -> list[Path]:
    """Makes groups of this process's own that hold memory and tasks within the limits.

    Returns their folders: one where there is the unified hierarchy, one for each controller
    where there is the older one. Raises: OSError when none can be had.
    """
    made: list[Path] = []
    name = f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
    try:
        for parent, settings in _parents(limits):
            folder = parent / name
            folder.mkdir()
            made.append(folder)
            for file, value in settings.items():
                (folder / file).write_text(value)
    except OSError:
        remove(made)
        raise
    return made


def join(folders: list[Path]) -> None:
    """Moves the calling process, and what it will start, into the groups. Raises: OSError."""
    for folder in folders:
        (folder / "cgroup.procs").write_text("0")


def remove(folders: list[Path]) -> None:
    """Removes groups whose processes have ended; the kernel may take a moment to notice."""
    for folder in folders:
        for _ in range(50):
            with contextlib.suppress(FileNotFoundError):
                try:
                    folder.rmdir()
                except OSError:
                    time.sleep(0.01)
                    continue
            break


def sweep() -> None:
    """Removes what graders left that were killed. Raises: OSError where there are no groups."""
    for parent, _ in _parents(Limits()):
        for folder in parent.glob(f"{PREFIX}*"):
            grader = folder.name.removeprefix(PREFIX).partition("-")[0]
            if not os.path.exists(f"/proc/{grader}"):
                with contextlib.suppress(OSError):  # another run was quicker
                    folder.rmdir()


def _parents(limits: Limits) -> list[tuple[Path, dict[str, str]]]:
    """Where groups can be made, with the files to write in each."""
    memory, tasks = str(limits.memory), str(limits.processes)
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path.lstrip("/")
    if (_MOUNT / "cgroup.controllers").is_file():
        # A group with processes in it cannot have limited groups below, but beside it.
        parent = _MOUNT / os.path.dirname(own.get("", ""))
        enabled = (parent / "cgroup.subtree_control").read_text().split()
        if "memory" not in enabled:
            raise OSError(f"the memory controller is not enabled in {parent}")
        settings = {"memory.max": memory, "memory.oom.group": "1"}
        if (parent / "memory.swap.max").exists():
            settings["memory.swap.max"] = "0"
        if "pids" in enabled:
            settings["pids.max"] = tasks
        return [(parent, settings)]
    if "memory" not in own:
        raise OSError("there is no memory controller")
    groups = [(_MOUNT / "memory" / own["memory"], {"memory.limit_in_bytes": memory})]
    if "pids" in own and (_MOUNT / "pids").is_dir():
        groups.append((_MOUNT / "pids" / own["pids"], {"pids.max": tasks}))
    return groups
