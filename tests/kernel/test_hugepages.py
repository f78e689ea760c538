"""The template's memory is in huge pages; where a system has none, it is as it was."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from autograder.kernel import hugepages
from autograder.kernel.template import TEMPLATE
from autograder.sandbox import libc

MIB = 2**20


def in_huge_pages(pid: int) -> float:
    """MiB of a process's own memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages:")) / 1024


@pytest.fixture
def written() -> mmap.mmap:
    """Some private memory, written to; the test is skipped where it cannot be in huge pages."""
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell of huge pages")
    memory = mmap.mmap(-1, 64 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[:] = b"x" * len(memory)
    before = in_huge_pages(os.getpid())
    hugepages.collapse()
    if in_huge_pages(os.getpid()) < before + 32:
        memory.close()
        pytest.skip("this system moves no memory into huge pages when asked to")
    return memory


def test_memory_holds_what_it_held(written: mmap.mmap) -> None:
    assert written[:] == b"x" * len(written)


@pytest.mark.usefixtures("written")
def test_the_template_is_in_huge_pages() -> None:
    TEMPLATE.start()
    if TEMPLATE.unfit:
        pytest.skip(f"no warm kernels here: {TEMPLATE.unfit}")
    assert in_huge_pages(TEMPLATE.pid()) > 100


def test_a_system_without_them_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*call: object) -> None:
        asked.append(call)
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(libc, "call", refuse)
    hugepages.collapse()
    assert asked
