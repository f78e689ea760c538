"""What a score depends on besides the course: this package, the libraries that labs compute with,
and those that run their cells. Two machines that agree in this give the same scores.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder

LIBRARIES = ("numpy", "torch", "tensorflow", "keras", "matplotlib", "ipython", "ipykernel",
             "nbclient")  # fmt: skip


@cache
def fingerprint() -> dict[str, str]:
    """Versions by name: of this package (a digest of its source), of Python, of the libraries."""
    package = Path(autograder.__file__).parent
    source = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        text = path.read_bytes()
        source.update(f"{path.relative_to(package)} {len(text)}\n".encode() + text)
    python = "{}.{}".format(*sys.version_info)
    libraries = {name: _version(name) for name in LIBRARIES}
    return {"autograder": source.hexdigest()[:12], "Python": python, **libraries}


def _version(name: str) -> str:
    """A library's version without its build: 2.13.0+cpu and 2.13.0+cu130 compute the same."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "none"


def differences(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """What is different there, in words; nothing where all is the same."""
    return ", ".join(
        f"{name} {theirs.get(name, 'none')} instead of {value}"
        for name, value in ours.items()
        if theirs.get(name) != value
    )
