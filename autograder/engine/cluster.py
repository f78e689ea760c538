"""Grades on the workers of a Dask cluster that is there already.

What goes to a worker is bytes, and so is what comes back; see `unit`. Dask decides who runs what
and runs it again when a worker is lost. Here it is decided who may run anything at all: each worker
is asked first what it is, and one with other versions than ours, or without a sandbox, is told to
the instructor and left alone. A unit is never sent to a worker that was not asked: where its
function cannot be imported, Dask's worker ends, and takes with it whatever else runs there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError
from math import inf
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future
from distributed.scheduler import KilledWorker
from nbformat.notebooknode import NotebookNode

from autograder.course import CourseError
from autograder.engine import worker
from autograder.engine.execute import Execution, Machine, NotRun, Run
from autograder.engine.fingerprint import fingerprint
from autograder.engine.lab import ReleasedLab
from autograder.engine.unit import MAX_RESULT, BadResult, Unit, pack_folder, read_result, unpack
from autograder.sandbox.limits import Limits

CONNECT_SECONDS = 10
LOOK_SECONDS = 2  # how long a look at the cluster's workers counts
PATIENCE = 60  # seconds for a fit worker to come back when only unfit ones are left
TRIES = 4  # of one submission, when the cluster changes under it
ASK_SECONDS = 120  # for a worker to import this package from a slow disk, and say what it is
RESUME = "What was graded before is kept; mend this and grade again."


@contextlib.asynccontextmanager
async def connected(
    address: str, data: Path, limits: Limits, confined: bool, say: Callable[[str], None]
) -> AsyncIterator[Cluster]:
    """The cluster of the scheduler at an address, given the folder `data`, to grade on.

    confined: whether workers without a sandbox are refused. say: called with what the instructor
    should know of the cluster.

    Raises: CourseError when there is no scheduler, or none that can hand on our work.
    """
    cluster = Cluster(address, limits, confined, say)
    try:
        await cluster.connect(pack_folder(data))
        yield cluster
    finally:
        await cluster.close()


class Cluster:
    """A connection to a Dask scheduler, and what is known of its workers.

    machine: what runs notebooks on the workers.
    """

    def __init__(
        self, address: str, limits: Limits, confined: bool, say: Callable[[str], None]
    ) -> None:
        self.machine = Machine(limits, confined, self._start)
        self._address = address
        self._say = say
        self._client: Client | None = None
        self._folder: Future | None = None
        self._fit: set[str] = set()
        self._unfit: set[str] = set()
        self._asked: dict[str, asyncio.Task] = {}
        self._threads: dict[str, int] = {}  # of all workers there are now
        self._looked = -inf
        self._looking = asyncio.Lock()
        self._told_to_wait = False
        self._sandboxes: set[str] = set()

    async def connect(self, folder: bytes) -> None:
        """Finds the scheduler and hands it the packed `data` folder.

        Raises: CourseError when there is no scheduler, or none that can hand on our work.
        """
        self._client = Client(
            self._address,
            asynchronous=True,
            set_as_default=False,
            name="autograder",
            timeout=CONNECT_SECONDS,
            deserializers=["dask", "msgpack"],  # a result that is a pickle is not read
        )
        try:
            # Its own timeout does not see to something that listens there and is no scheduler.
            await asyncio.wait_for(self._client, 2 * CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            why = f": {error}" if str(error) else ""
            raise CourseError(f"no Dask scheduler answers at {self._address!r}{why}.") from None
        try:
            # It reads what it hands on, so it must be able to import this.
            await self._client.run_on_scheduler(worker.refusal, fingerprint())
        except Exception as error:
            raise CourseError(
                f"the scheduler at {self._address!r} cannot hand on our work ({error}); it needs "
                "this package, as its workers do."
            ) from None
        # A task like others, so that Dask makes it anew where the worker that has it is lost, and
        # hands it on from worker to worker. Every Python has `bytes`.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
            self._folder = self._client.submit(bytes, folder)

    async def close(self) -> None:
        for task in self._asked.values():
            task.cancel()
        if self._client is not None:
            await self._client.close()

    async def threads(self) -> int:
        """How many threads the fit workers have; waits until there is one.

        Raises: CourseError when no worker fits.
        """
        await self._workers()
        await asyncio.wait(self._asked.values())
        return sum((await self._workers()).values())

    def describe(self) -> str:
        """The sandboxes that results came out of, in words."""
        return " | ".join(sorted(self._sandboxes))

    async def _start(self) -> Run:
        """Each worker makes itself ready at its first unit."""
        return self.run

    async def run(self, notebook: NotebookNode, lab: ReleasedLab) -> Execution:
        """Runs a prepared notebook on some worker that fits.

        Raises: NotRun when workers could not run it; CourseError when nothing can be run any more.
        """
        limits, confined = self.machine.limits, self.machine.confined
        unit = Unit(lab, notebook, limits, confined, fingerprint()).pack()
        for _ in range(TRIES):
            told = await self._answer(unit)
            match told:
                case None:
                    continue
                case {"refused": str(why), "worker": str(address)}:
                    self._refuse(address, why)
                case {"failed": str(why)}:
                    raise NotRun(f"a worker failed: {why}")
                case _:
                    try:
                        execution = read_result(told, notebook)
                    except BadResult as bad:
                        raise NotRun(f"a worker sent something that is no result: {bad}") from None
                    self._sandboxes.add(told["sandbox"])
                    return execution
        raise NotRun(f"no worker has run it in {TRIES} tries")

    async def _answer(self, unit: bytes) -> Any:
        """What a worker says to a unit; None when it must be asked again, elsewhere."""
        workers = list(await self._workers())
        future = self._client.submit(
            worker.run_unit, unit, self._folder, workers=workers, pure=False
        )
        waiting = asyncio.create_task(_result(future))
        try:
            while not (await asyncio.wait({waiting}, timeout=LOOK_SECONDS))[0]:
                if not (await self._workers()).keys() & set(workers):
                    return None  # Dask would wait for just these to come back
            answer = self._outcome(waiting)
        finally:
            waiting.cancel()
            future.release()
        if type(answer) is bytes and len(answer) <= MAX_RESULT:
            with contextlib.suppress(ValueError, RecursionError):
                return unpack(answer)
        return answer

    def _outcome(self, waiting: asyncio.Task) -> Any:
        """What Dask made of a unit."""
        try:
            return waiting.result()
        except CancelledError:
            raise CourseError(
                f"the cluster at {self._address} was shut down or restarted. {RESUME}"
            ) from None
        except KilledWorker as killed:
            raise NotRun(
                f"{killed.allowed_failures + 1} workers died while they ran it, the last of them "
                f"{killed.last_worker.address}"
            ) from None
        except Exception as error:  # Dask's own; `run_unit` raises nothing
            raise NotRun(
                f"nothing could be had from the cluster: {type(error).__name__}: {error}"
            ) from None

    async def _workers(self) -> dict[str, int]:
        """Threads of each worker that fits, by its address; waits until there is one.

        Raises: CourseError when there are workers, and none of them fits.
        """
        started = time.monotonic()
        while True:
            await self._look()
            there = {each: n for each, n in self._threads.items() if each in self._fit}
            if there:
                self._told_to_wait = False
                return there
            asked = [task for task in self._asked.values() if not task.done()]
            # Where some worker has fitted, it may only be about to start anew.
            patience = PATIENCE if self._fit else 0
            if self._unfit & self._threads.keys() and not asked:
                if time.monotonic() - started >= patience:
                    raise CourseError(
                        f"no worker of the cluster at {self._address} can grade here. {RESUME}"
                    )
            elif not self._threads and not self._told_to_wait:
                self._told_to_wait = True
                self._say(f"the cluster at {self._address} has no workers; waiting for some")
            await asyncio.wait([*asked, asyncio.create_task(asyncio.sleep(LOOK_SECONDS))],
                               return_when="FIRST_COMPLETED")  # fmt: skip

    async def _look(self) -> None:
        """Finds out which workers there are, and begins to ask the new ones what they are."""
        async with self._looking:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            try:
                self._threads = await self._client.nthreads()
            except OSError:
                raise CourseError(
                    f"the cluster at {self._address} does not answer any more. {RESUME}"
                ) from None
            for address in self._threads.keys() - self._asked.keys():
                self._asked[address] = asyncio.create_task(self._ask(address))
            self._looked = time.monotonic()

    async def _ask(self, address: str) -> None:
        """Asks a worker what it is, and notes whether it fits."""
        asking = self._client.run(
            worker.refusal, fingerprint(), workers=[address], on_error="return"
        )
        try:
            why = (await asyncio.wait_for(asking, ASK_SECONDS)).get(address)
        except Exception as error:  # each is told, but for those of a worker that is gone
            why = error
        match why:
            case "":
                self._fit.add(address)
            case str():
                self._refuse(address, why)
            case None | OSError():  # gone, or busy: it is asked again if it is there
                del self._asked[address]
            case _:
                self._refuse(address, f"it cannot run this autograder ({why})")

    def _refuse(self, address: str, why: str) -> None:
        """Leaves a worker alone from now on."""
        if address not in self._unfit:
            self._unfit.add(address)
            self._fit.discard(address)
            self._say(f"{address} is not used: {why}")


async def _result(future: Future) -> Any:
    return await future
