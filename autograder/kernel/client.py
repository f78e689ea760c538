"""A notebook client whose kernel is reached over private sockets in the file system."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbformat.notebooknode import NotebookNode
from traitlets.config import Config

COLD = "python3"


@contextmanager
def notebook_client(
    nb: NotebookNode, directory: Path, timeout: int, kernel_name: str = COLD, **options: Any
) -> Iterator[NotebookClient]:
    """An nbclient `NotebookClient` for `nb`, its kernel working in `directory`.

    The kernel listens on sockets in a directory of its own that only this user can enter, not
    on TCP ports that every process of the machine can reach. timeout: seconds for one cell.
    """
    with tempfile.TemporaryDirectory(prefix="kernel-") as private:
        # The path is set, and short, because jupyter_client would put the sockets of a kernel
        # without a connection file into the current directory, which kernel and client do not
        # share; and a socket's path may be 107 bytes long.
        connection = {"transport": "ipc", "connection_file": f"{private}/k.json"}
        yield NotebookClient(
            nb,
            timeout=timeout,
            allow_errors=True,
            record_timing=False,
            # How a kernel cuts its output into messages depends on the clock.
            coalesce_streams=True,
            kernel_name=kernel_name,
            resources={"metadata": {"path": str(directory)}},
            config=Config({"KernelManager": connection}),
            **options,
        )
