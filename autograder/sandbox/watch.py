"""Keeps an eye on what a kernel uses in sum, where no limit of the system does."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from autograder.sandbox import processes
from autograder.sandbox.limits import Limits

LOOKS_FOR_DISK = 10  # every how many looks the files are counted: it takes longer
MAX_FILES = 20_000


class Excess(Exception):
    """A limit was passed; what: "memory", "processes", "cpu" or "disk"."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


class Watch:
    """The use of a kernel by its process id.

    written: folders whose files count; what a kernel writes into a file system of its own is not
    seen here, and limited there.
    """

    def __init__(self, pid: int, limits: Limits, written: list[Path]) -> None:
        self._pid = pid
        self._limits = limits
        self._written = written
        self._looks = 0
        self._cpu = self._cpu_before = 0.0

    def new_cell(self) -> None:
        """The next cell starts: processor time counts from here."""
        self._cpu_before = self._cpu

    def look(self) -> None:
        """Raises: Excess when a limit is passed."""
        limits = self._limits
        pids = [self._pid, *processes.descendants(self._pid)]
        used = processes.usage(pids)
        if used.memory > limits.memory and processes.own_memory(pids) > limits.memory:
            raise Excess("memory", f"the kernel used over {limits.memory / 2**30:g} GiB")
        if used.tasks > limits.processes:
            raise Excess("processes", f"over {limits.processes} processes and threads at one time")
        self._cpu = max(self._cpu, used.cpu)
        most = limits.cpu * limits.seconds
        if self._cpu - self._cpu_before > most:
            raise Excess("cpu", f"the cell used over {most:g} seconds of processor time")
        self._looks += 1
        if self._looks % LOOKS_FOR_DISK == 0:
            self._look_at_files(pids)

    def _look_at_files(self, pids: list[int]) -> None:
        files = 0
        try:
            size = sum(processes.unlinked(pids, {os.stat(f).st_dev for f in self._written}))
        except PermissionError:
            raise Excess("disk", "a process hid which files it has open") from None
        folders = list(self._written)
        while folders:
            try:
                for entry in list(os.scandir(folders.pop())):
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry))
                    else:
                        with contextlib.suppress(FileNotFoundError):
                            size += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError as error:  # it is gone, or nobody's business
                if error.errno == errno.ENAMETOOLONG:
                    raise Excess("disk", "folders too deep in each other to be counted") from None
            if files > MAX_FILES:
                raise Excess("disk", f"the submission made over {MAX_FILES:,} files")
        if size > self._limits.disk:
            most = self._limits.disk / 2**20
            raise Excess("disk", f"the submission wrote over {most:g} MiB")
