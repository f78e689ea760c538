"""Runs prepared notebooks on this machine, where the template may be killed under them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.engine.execute import Execution, Machine, Run, execute
from autograder.engine.lab import ReleasedLab
from autograder.kernel.provisioner import unfit_for
from autograder.kernel.template import CORE, TEMPLATE
from autograder.sandbox.confine import Layers
from autograder.sandbox.limits import Limits

TEMPLATES = 3  # that may die under one submission before it is given up


def this_machine(
    data: Path,
    limits: Limits,
    confine: Callable[[], Layers] | None,
    say: Callable[[str], None],
    cores: Iterable[int] = (),
) -> Machine:
    """What runs notebooks here.

    confine: gives the layers of the sandbox, once there is anything to run; None for no sandbox.
    say: called with what the instructor should know of the run.
    cores: one for each that runs at once; without any, the system gives each what is free.
    """
    free = list(cores)

    async def start() -> Run:
        layers = None if confine is None else confine()
        await asyncio.to_thread(TEMPLATE.start)
        unfit = TEMPLATE.unfit or (layers and unfit_for(layers))
        if unfit:
            say(f"kernels start cold, which takes longer: {unfit}")

        async def run(notebook: NotebookNode, lab: ReleasedLab) -> Execution:
            core = free.pop() if free else None
            token = CORE.set(core)
            try:
                return await run_here(notebook, lab, data, limits, layers, say)
            finally:
                CORE.reset(token)
                if core is not None:
                    free.append(core)

        return run

    return Machine(limits, confine is not None, start)


async def run_here(
    notebook: NotebookNode,
    lab: ReleasedLab,
    data: Path,
    limits: Limits,
    layers: Layers | None,
    say: Callable[[str], None],
) -> Execution:
    """Runs a submission, and runs it again when the template died: no submission's fault.

    Raises: whatever the last run raises.
    """
    for _ in range(TEMPLATES - 1):
        template = TEMPLATE.pid()
        try:
            execution = await execute(deepcopy(notebook), lab, data, limits, layers)
        except Exception:
            # Whatever it was, it may come of the template's end; if not, the next run raises it.
            if TEMPLATE.pid() == template:
                raise
        else:
            if TEMPLATE.pid() == template:
                return execution
        say("the process that kernels are forked from was killed; what ran is run again")
    return await execute(notebook, lab, data, limits, layers)
