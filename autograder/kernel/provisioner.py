"""Lets any Jupyter client use a warm kernel: a provisioner that forks instead of starting anew.

The kernelspec `warm` names it, so `jupyter execute --kernel_name warm`, nbclient, nbval or
papermill get a warm kernel by that name. The template lives as long as the client's process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import types
from typing import Any, ClassVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from autograder.kernel.template import TEMPLATE, Forked, detach, ended
from autograder.sandbox.confine import Layers, Sandbox, confined


class WarmProvisioner(LocalProvisioner):
    """Launches kernels as forks of the template; cold, and saying so, where that is not safe.

    `launch_kernel(..., sandbox=Sandbox(...))` confines the kernel, warm or cold. With `graded=True`
    its one client is the grader (`KernelApp`).
    """

    _sandbox: Sandbox | None = None

    async def launch_kernel(
        self,
        cmd: list[str],
        sandbox: Sandbox | None = None,
        graded: bool = False,
        **kwargs: Any,
    ) -> KernelConnectionInfo:
        await asyncio.to_thread(TEMPLATE.start)
        self._sandbox = sandbox
        unfit = TEMPLATE.unfit or (sandbox and unfit_for(sandbox.layers))
        if unfit:
            self.log.warning("Starting a cold kernel: %s.", unfit)
            if sandbox is not None:
                told = json.dumps(sandbox.as_dict())
                cmd = [sys.executable, "-m", __name__, str(self.parent.connection_file), told]
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = kwargs.get("cwd") or os.getcwd()
        # In a thread: it takes some ten milliseconds, in which others have messages to read.
        forking = asyncio.create_task(
            asyncio.to_thread(
                TEMPLATE.fork,
                run_kernel,
                str(self.parent.connection_file),
                str(self.cwd),
                dict(kwargs.get("env") or os.environ),
                sandbox,
                graded,
            )
        )
        try:
            await asyncio.shield(forking)
        finally:  # whoever is stopped meanwhile has a process to end
            self.process = await forking
            self.pid = self.pgid = self.process.pid
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        if self._sandbox is not None and signum in (signal.SIGKILL, signal.SIGTERM):
            # The process that we know is the monitor: it ends everything inside, then itself.
            if self.process is not None and self.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(self.pid, signal.SIGTERM)
            return
        await super().send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self._sandbox is not None:
            await self.send_signal(signal.SIGKILL)
        else:
            await super().kill(restart)

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def wait(self) -> int | None:
        if isinstance(self.process, Forked):
            await ended(self.process)
        return await super().wait()


def unfit_for(layers: Layers) -> str | None:
    """Why a kernel in such a sandbox must not be forked from the template, or None.

    The template takes orders on a socket with a secret name, and what is forked from it carries
    that name somewhere in its memory.
    """
    if layers.namespaces or os.geteuid() == 0:  # in neither case could it open that socket
        return None
    return "without a file system of its own it could reach the template"


def run_kernel(
    connection_file: str,
    directory: str,
    environment: dict[str, str],
    sandbox: Sandbox | None,
    graded: bool,
) -> None:
    """An ipykernel, in a process that has imported everything already."""
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # the template may know the grader's, which does not exist in there
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")

    _without_list_of_modules()

    def run() -> None:
        os.chdir(directory)
        from autograder.kernel.app import KernelApp

        app = KernelApp.instance()
        app.connection_file = connection_file
        app.graded = graded
        app.initialize()
        vars(app.shell).pop("_sys_modules_keys", None)  # empty now; `%reset` would believe it
        app.start()

    if sandbox is not None:
        _without_network()
        confined(sandbox, run)
    else:
        home = pathlib.Path(connection_file).parent / "ipython"  # its own profile, no history
        os.environ["IPYTHONDIR"] = str(home)
        run()


class _Sys:
    """The module `sys` as it is, but for the list of modules."""

    modules: ClassVar[dict[str, types.ModuleType]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def _without_list_of_modules() -> None:
    """Keeps two lookers from going through all modules: ipykernel for a debugger, which there is
    none of, and IPython for `%reset --aggressive`, which says then that it cannot.

    What a forked process touches is copied: it took a third of what a kernel's start takes.
    """
    from ipykernel import ipkernel
    from IPython.core import shellapp

    ipkernel.sys = shellapp.sys = _Sys()


def _without_network() -> None:
    """Keeps the kernel from opening a TCP port for the output of processes that it forks.

    Where it cannot, ipykernel warns and goes on, but libzmq crashes where even making the socket
    is refused.
    """
    from ipykernel.iostream import IOPubThread

    def no_pipe(thread: IOPubThread) -> None:
        thread._pipe_flag = False

    IOPubThread._setup_pipe_in = no_pipe


if __name__ == "__main__":
    detach()
    told = Sandbox.from_dict(json.loads(sys.argv[2]))
    run_kernel(sys.argv[1], os.getcwd(), dict(os.environ), told, graded=True)
