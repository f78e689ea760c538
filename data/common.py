"""What the scripts that make `data/` share: a random generator and a safe way to write a file.

Neither may ever depend on a library's version: the files are reproducible to the byte.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
T = TypeVar("T")


class Random:
    """SplitMix64 (Steele, Lea and Flood, 2014): integers only, the same on every machine.

    Python's and NumPy's generators are stable too, but what they build on them (`choice`,
    `shuffle`, `normal`) may change from version to version.
    """

    def __init__(self, seed: int):
        self.state = seed

    def bits(self) -> int:
        """64 random bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1 (the bias of n / 2**64 does not matter here)."""
        return self.bits() % n

    def unit(self) -> float:
        """A multiple of 2**-53 in [0, 1)."""
        return (self.bits() >> 11) / 2**53

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def normal(self) -> float:
        """Mean 0, variance 1, by the sum of twelve uniform numbers: no logarithm, no cosine."""
        return sum(self.below(2**32) for _ in range(12)) / 2**32 - 6.0


def write(name: str, content: str | bytes, folder: Path = HERE) -> Path:
    """Write a file whole or not at all, UTF-8, with the line ends that `content` has."""
    raw = content.encode() if isinstance(content, str) else content
    handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    try:
        with open(handle, "wb") as file:
            file.write(raw)
        os.chmod(draft, 0o644)  # mkstemp makes it private
        os.replace(draft, folder / name)
    except BaseException:
        os.unlink(draft)
        raise
    print(f"{name}: {len(raw):,} bytes")
    return folder / name
