"""What one submission may use, and the limits that the system itself keeps."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    seconds: wall time of one cell or check; total: of the whole notebook. cpu: processor seconds
    of one cell for each second of `seconds` (threads and processes add up). memory, disk, file
    (one file), output (all that one cell prints and shows), total_output (all cells): bytes.
    processes: with threads, at one time. files: open at one time in one process. outputs: of one
    cell.
    """

    seconds: float = 60
    total: float = 600
    cpu: float = 4
    memory: int = 6 * 2**30
    disk: int = 512 * 2**20
    file: int = 256 * 2**20
    processes: int = 512
    files: int = 1024
    output: int = 4 * 2**20
    total_output: int = 16 * 2**20
    outputs: int = 1000


def set_limits(limits: Limits, tasks_there: int = 0) -> None:
    """Sets the limits that hold for each process by itself, for good.

    tasks_there: processes and threads that count against the same limit already.
    """
    # Memory is not among them: TensorFlow reserves far more address space than it uses.
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_NPROC, limits.processes + tasks_there),
        (resource.RLIMIT_CPU, int(limits.total * limits.cpu)),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 8 * 2**20),
    ):
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, most))
