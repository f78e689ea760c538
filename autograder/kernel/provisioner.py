"""Lets any Jupyter client use a warm kernel: a provisioner that forks instead of starting anew.

The kernelspec `warm` names it, so `jupyter execute --kernel_name warm`, nbclient, nbval or
papermill get a warm kernel by that name. The template lives as long as the client's process.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from autograder.kernel.template import TEMPLATE, Forked, ended


class WarmProvisioner(LocalProvisioner):
    """Launches kernels as forks of the template; cold, and saying so, where that is not safe."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        await asyncio.to_thread(TEMPLATE.start)
        if TEMPLATE.unfit:
            self.log.warning("Starting a cold kernel: %s.", TEMPLATE.unfit)
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = kwargs.get("cwd") or os.getcwd()
        self.process = TEMPLATE.fork(
            run_kernel,
            str(self.parent.connection_file),
            str(self.cwd),
            dict(kwargs.get("env") or os.environ),
        )
        self.pid = self.pgid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        if isinstance(self.process, Forked):
            await ended(self.process)
        return await super().wait()


def run_kernel(connection_file: str, directory: str, environment: dict[str, str]) -> None:
    """An ordinary ipykernel, in a process that has imported everything already."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    home = pathlib.Path(connection_file).parent / "ipython"  # a profile of its own, no history
    os.environ["IPYTHONDIR"] = str(home)

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(
        [
            "-f",
            connection_file,
            "--HistoryManager.enabled=False",
            "--IPKernelApp.parent_handle=0",
        ]
    )
    app.start()
