"""A small file system in a mount namespace of its own, which runs can be started in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class NoSpace(Exception):
    """This system lets us make no namespace, or mount nothing in it."""


class Space:
    """A mount namespace in which a command was run, for as long as the context lasts.

    command: shell; the mounts that it makes are seen in the namespace alone.
    """

    def __init__(self, command: str) -> None:
        root = os.geteuid() == 0
        self._holder = subprocess.Popen(
            ["unshare", "--mount", *([] if root else ["--map-root-user"]),
             "sh", "-c", f"{command} && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._holder.stdout.readline() != "ready\n":
            self._holder.stdin.close()
            raise NoSpace(self._holder.stderr.read().strip())
        user = [] if root else ["--user", "--preserve-credentials"]
        # What makes a command run inside.
        self.enter = ("nsenter", f"--target={self._holder.pid}", "--mount", *user,
                      f"--wd={os.getcwd()}", "--")  # fmt: skip

    def __enter__(self) -> Space:
        return self

    def __exit__(self, *error: object) -> None:
        self._holder.communicate("")

    def seen(self, path: Path) -> Path:
        """A path of the namespace, from outside."""
        return Path(f"/proc/{self._holder.pid}/root") / path.relative_to("/")
