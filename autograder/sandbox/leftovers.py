"""Removes folders that a submission could write to, whatever it left in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A new folder for temporary files, which only this user can enter; gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield made
    finally:
        remove(made)


def remove(folder: Path) -> None:
    """Removes a folder with all that is in it, as far as this user may. Nothing must be at work
    in it any longer."""
    with contextlib.suppress(RecursionError):  # before Python 3.13
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        # Folders without permissions, or more of them in each other than `rmtree` can follow.
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], stderr=subprocess.DEVNULL, check=False)
