"""File systems that are small or read-only, for runs alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.runs import Start, as_a_command


class Space:
    """A mount namespace of its own, for as long as the context lasts; skips where there is none.

    command: shell; the mounts that it makes are there for what is started inside alone.
    """

    def __init__(self, command: str) -> None:
        root = os.geteuid() == 0
        self._holder = subprocess.Popen(
            ["unshare", "--mount", *([] if root else ["--map-root-user"]),
             "sh", "-c", f"{command} && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._holder.stdout.readline() != "ready\n":
            _, error = self._holder.communicate("")
            pytest.skip(f"nothing can be mounted in a namespace of our own here: {error.strip()}")
        user = [] if root else ["--user", "--preserve-credentials"]
        enter = ("nsenter", f"--target={self._holder.pid}", "--mount", *user,
                 f"--wd={os.getcwd()}", "--")  # fmt: skip
        self.start = partial(as_a_command, before=enter)

    def __enter__(self) -> Space:
        return self

    def __exit__(self, *error: object) -> None:
        self._holder.communicate("")

    def seen(self, path: Path) -> Path:
        """A path of the namespace, from outside."""
        return Path(f"/proc/{self._holder.pid}/root") / path.relative_to("/")


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[Start]:
    """What starts a run that cannot write to a file or folder."""
    if os.geteuid() == 0:  # whom no permission binds
        with Space(f"mount --bind {path} {path} && mount -o remount,bind,ro {path}") as space:
            yield space.start
    else:
        path.chmod(0o555)
        yield as_a_command
        path.chmod(0o755)
