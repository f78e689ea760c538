"""Runs a prepared notebook: the student's cells in a kernel, the checks in the examiner.

The only judgement that leaves this module is the examiner's. What the kernel says, prints or
returns becomes outputs to look at, never a verdict.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook, new_output

from autograder.engine.lab import ReleasedLab, grade_id, kind_of
from autograder.engine.needed import needed_cells
from autograder.engine.together import together
from autograder.examiner.checks import ERROR, LOST, NOT_ATTEMPTED, PASSED, WRONG, Verdict
from autograder.examiner.client import ExaminerClient, ExaminerFailed
from autograder.kernel.client import cap_queue, joined, notebook_client
from autograder.kernel.line import Line
from autograder.kernel.place import environment, private_place
from autograder.kernel.relay import Relay
from autograder.kernel.template import TEMPLATE
from autograder.sandbox.confine import EXAMINER, Layers, Sandbox
from autograder.sandbox.layers import control_groups
from autograder.sandbox.limits import Limits
from autograder.sandbox.watch import Excess, Watch
from autograder.wire import channel

WARM = "warm"  # and cold, by the same name, where nothing can be forked safely
TIMED_OUT, CRASHED, OUT_OF_MEMORY = "timed out", "crashed", "out of memory"
OUTCOMES = {PASSED, WRONG, NOT_ATTEMPTED, ERROR, TIMED_OUT, CRASHED, OUT_OF_MEMORY}
START_SECONDS = 60  # for a cold kernel on a slow disk
WATCH_SECONDS = 0.1
GRACE = 5  # seconds for one process to notice what happened to another
ENDING = 1  # seconds from when a kernel hangs up to when it must have ended
SERVE = "await __import__('autograder.kernel.student', fromlist=['serve']).serve({!r}, {!r})"


@dataclass
class Execution:
    """A prepared notebook with its outputs, and how each check ended, by grade id."""

    notebook: NotebookNode
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


# Runs a prepared notebook of a lab, wherever that may be.
Run = Callable[[NotebookNode, ReleasedLab], Awaitable[Execution]]


@dataclass(frozen=True)
class Machine:
    """What a class is graded on: this machine, or a cluster.

    limits: of each submission there. confined: whether each has a sandbox. start: makes it ready,
    once there is anything to run.
    """

    limits: Limits
    confined: bool
    start: Callable[[], Awaitable[Run]]


class NotRun(Exception):
    """A submission that could not be run, for no fault of its own; the message is one line."""


class SandboxRefused(Exception):
    """The sandbox could not be entered, though it could when the run began."""


class KernelLost(Exception):
    """The student's kernel is gone; `outcome` says how."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


async def execute(
    nb: NotebookNode, lab: ReleasedLab, data: Path, limits: Limits, layers: Layers | None
) -> Execution:
    """Runs a prepared notebook and returns it with outputs and verdicts.

    layers: those of the sandbox; None for no sandbox at all.

    Whatever the submission does costs it, at most, the checks that could not be run.
    """
    started = time.monotonic()
    data = data.resolve()
    with private_place(data) as place:
        run = _Run(nb, lab, place, data, limits, layers, started + limits.total)
        try:
            await run.start()
            await run.all_cells()
        finally:
            await run.stop()
    run.result.seconds = time.monotonic() - started
    return run.result


class _Run:
    """One submission on its way through a kernel and an examiner."""

    def __init__(
        self,
        nb: NotebookNode,
        lab: ReleasedLab,
        place: Path,
        data: Path,
        limits: Limits,
        layers: Layers | None,
        deadline: float,
    ) -> None:
        self.result = Execution(nb)
        self._lab = lab
        self._place = place
        self._data = data
        self._limits = limits
        self._layers = layers
        self._deadline = deadline
        self._needed: set[int] = set()
        self._done: list[int] = []  # cells to replay when the kernel must be started anew
        self._kernel: _Kernel | None = None
        self._examiner: ExaminerClient | None = None
        self._given: list[tuple[str, str]] = []
        self._asking: asyncio.Task | None = None  # the examiner, that asks for one
        self._slots: dict[int, NotebookNode] = {}  # with what student code prints in each check

    async def start(self) -> None:
        await together(self._start_kernel(), self._start_examiner(), self._find_needed())

    async def _find_needed(self) -> None:
        self._needed = await asyncio.to_thread(needed_cells, self.result.notebook, self._lab)

    async def stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            # A run that is stopped says nothing of what its last check ended with.
            await asyncio.gather(self._asking, return_exceptions=True)
        ending = []
        if self._kernel is not None:
            ending.append(self._kernel.stop())
        if self._examiner is not None:
            ending.append(asyncio.to_thread(self._examiner.close))
        await together(*ending)

    async def _start_kernel(self) -> None:
        if self._kernel is not None:
            await self._kernel.stop()
        self._kernel = _Kernel(
            self.result.notebook, self._place, self._data, self._limits, self._layers
        )
        await self._kernel.start()

    async def _start_examiner(self) -> None:
        if self._examiner is not None:
            self._examiner.close()
        self._examiner = ExaminerClient(
            self._place / EXAMINER, self._data.parent, self._limits.memory
        )
        await self._examiner.start(warm=not TEMPLATE.unfit)
        for name, source in self._given:
            await self._examiner.given(name, source)

    async def all_cells(self) -> None:
        cells = self.result.notebook.cells
        for n, cell in enumerate(cells):
            if cell.cell_type != "code":
                continue
            kind = kind_of(cell)
            if self._kernel.serving.done():  # it ended with nothing to do
                await self._replay()
            if kind == "check":
                self.result.verdicts[grade_id(cell)] = await self._check(n)
                continue
            if kind == "given":
                self._given.append((grade_id(cell), cell.source))
                await self._examiner.given(grade_id(cell), cell.source)
            if n in self._needed:
                await self._student_cell(n)
        for n, cell in enumerate(cells):
            if kind_of(cell) == "check":
                verdict = self.result.verdicts[grade_id(cell)]
                cell.outputs = [*self._printed(n), *verdict_outputs(verdict)]

    def _seconds_left(self) -> float:
        """For the next cell; raises when the whole submission has had its time."""
        left = min(self._limits.seconds, self._deadline - time.monotonic())
        if left <= 0:
            raise KernelLost(
                TIMED_OUT, f"the notebook ran for longer than {self._limits.total:g} seconds"
            )
        return left

    async def _student_cell(self, n: int) -> None:
        """Runs one cell; a cell that costs the kernel is left out of the replay."""
        cell = self.result.notebook.cells[n]
        try:
            await self._kernel.run(n, cell, self._seconds_left())
            self._done.append(n)
        except KernelLost as lost:
            cell.outputs = [*cell.outputs, _error_output(lost.outcome, str(lost))]
            self.result.notes.append(f"cell {cell.id}: {lost}")
            await self._replay()

    async def _replay(self) -> None:
        """A new kernel in the state that the old one had, but for cells that end kernels."""
        await self._start_kernel()
        for n in list(self._done):
            copy = _cell(self.result.notebook.cells[n].source)
            try:
                await self._kernel.run(n, copy, self._seconds_left())
            except KernelLost:
                self._done.remove(n)
                await self._start_kernel()

    async def _check(self, n: int) -> Verdict:
        cell = self.result.notebook.cells[n]
        name = grade_id(cell)
        try:
            seconds = self._seconds_left()
        except KernelLost as lost:
            return Verdict(lost.outcome, str(lost), lost.outcome)
        kernel = self._kernel
        slot = self._slots[n] = _cell("")
        over = kernel.answer(n, slot)
        asking = self._asking = asyncio.create_task(self._examiner.check(name, cell.source, n))
        wait = {asking, over, kernel.serving}
        await asyncio.wait(wait, timeout=seconds, return_when="FIRST_COMPLETED")
        if over.done() or kernel.serving.done():  # all end together, or it did not answer at all
            await asyncio.wait({asking}, timeout=GRACE)
            if not asking.done():
                self._examiner.give_up(n)
        elif not asking.done():
            late = KernelLost(TIMED_OUT, f"the check took longer than {seconds:g} seconds")
            await kernel.kill(late)
        await asyncio.wait({asking}, timeout=GRACE)
        if asking.done():
            verdict = await asking
        else:  # the check itself hangs, whatever became of the kernel
            verdict = Verdict(LOST)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self._start_examiner()
        why = KernelLost(ERROR, "the student's kernel did not answer")
        try:
            await kernel.until(over, GRACE, "the kernel did not come back to itself")
        except KernelLost as lost:
            why = lost
            # A kernel that has seen anything of a check gets no second one: it could wait for
            # easier numbers.
            await self._replay()
        if verdict.outcome == LOST:
            verdict = Verdict(why.outcome, str(why), why.outcome, [f"{why.outcome}: {why}"])
        most = cell.metadata.nbgrader.points
        if verdict.result is not None and float(verdict.result) > most:
            too_much = f"the check gives {verdict.result} points where there are {most:g}"
            verdict = Verdict(ERROR, too_much, "ValueError", [f"ValueError: {too_much}"])
        return verdict

    def _printed(self, n: int) -> list[NotebookNode]:
        """What was printed or drawn in a check: nothing else from the student's side, which could
        look like the check's own result."""
        slot = self._slots.get(n)
        return [
            _as_stdout(output)
            for output in joined(slot.outputs if slot else [])
            if output.output_type in ("stream", "display_data")
        ]


class _Kernel:
    """One student kernel, and what is done to keep it within its limits."""

    def __init__(
        self, nb: NotebookNode, place: Path, data: Path, limits: Limits, layers: Layers | None
    ) -> None:
        self._place = place
        self._limits = limits
        self._killed: KernelLost | None = None
        self._stack = contextlib.ExitStack()
        # The client looks outputs up by a cell's position; the last one is the request for all.
        self._nb = new_notebook()  # validated as it is: an earlier kernel may have sent anything
        self._nb.cells = [*nb.cells, _cell("")]
        self._client = self._stack.enter_context(
            notebook_client(
                self._nb,
                place / "work",
                None,  # each cell has a limit of its own
                kernel_name=WARM,
                output_bytes=limits.output,
                output_count=limits.outputs,
                total_bytes=limits.total_output,
            )
        )
        self._relay = Relay(16 * limits.output, self._excess)
        self._sandbox: Sandbox | None = None
        if layers is not None:
            sockets = Path(self._client.config.KernelManager.connection_file).parent
            groups = self._stack.enter_context(control_groups(layers, limits))
            self._sandbox = Sandbox(place, sockets, data, limits, layers, groups)
        self.serving: asyncio.Task | None = None  # done, with KernelLost, when the kernel is lost
        self._line = Line()
        self._watching: asyncio.Task | None = None
        self._watch: Watch | None = None

    async def start(self) -> None:
        client = self._client
        client.km = client.create_kernel_manager()
        cap_queue(client.km.context)
        confined = {} if self._sandbox is None else {"sandbox": self._sandbox}
        await client.async_start_new_kernel(env=environment(self._place), graded=True, **confined)
        client.km._close_control_socket()  # a kernel is ended by signals; nothing is sent there
        client.kc = client.km.client(ip=await self._relayed())
        client.kc.start_channels(stdin=False, hb=False, control=False)
        client.kc.allow_stdin = False
        await asyncio.wait_for(self._ready(), START_SECONDS)
        written = [self._place]
        if self._sandbox is not None:
            written.append(self._sandbox.sockets)
        self._watch = Watch(client.km.provisioner.pid, self._limits, written)
        self._watching = asyncio.create_task(self._keep_watch())
        await asyncio.wait_for(self._listen(), START_SECONDS)

    async def _listen(self) -> None:
        """Has the kernel listen to what it is asked from now on."""
        orders = f"{self._client.km.ip}-orders"
        self.serving = asyncio.create_task(self._serve(orders))
        while self._line.transport is None:
            if self.serving.done():
                self.serving.result()
            try:
                loop = asyncio.get_running_loop()
                await loop.create_unix_connection(lambda: self._line, orders)
            except OSError:  # not yet
                await asyncio.sleep(0.002)

    async def _relayed(self) -> str:
        """Opens a relay to the sockets of the kernel; returns what its own are called."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-"))
        manager = self._client.km
        for port in (manager.shell_port, manager.iopub_port):
            await self._relay.open(f"{folder}/k-{port}", f"{manager.ip}-{port}")
        return f"{folder}/k"

    async def _ready(self) -> None:
        """Waits until the kernel answers and its outputs arrive.

        `wait_for_ready` of the client does the same, then listens for a fifth of a second for
        outputs to throw away; outputs of no cell are ignored here in any case.
        """
        channels = self._client.kc
        while True:
            channels.kernel_info()
            with contextlib.suppress(queue.Empty):
                await channels.get_shell_msg(timeout=1)
                await channels.get_iopub_msg(timeout=0.2)
                return
            if not await self._client.km.is_alive():
                if self._sandbox is not None and (reason := self._sandbox.refusal()):
                    raise SandboxRefused(reason)
                raise KernelLost(CRASHED, "the kernel died before it was ready")

    async def stop(self) -> None:
        for task in (self._watching, self.serving):
            if task is not None:
                task.cancel()
        if self.serving is not None:
            await asyncio.wait({self.serving})
            if not self.serving.cancelled():
                self.serving.exception()  # nobody is interested any more
        if self._line.transport is not None:
            self._line.transport.abort()
        manager, channels = self._client.km, self._client.kc
        if manager is not None and manager.has_kernel:
            await self.kill()
            await manager.provisioner.wait()
            await manager.cleanup_resources()
        if channels is not None:
            channels.stop_channels()
        await self._relay.close()
        self._stack.close()
        if self._watching is not None:
            await asyncio.wait({self._watching})
            if not self._watching.cancelled():
                self._watching.result()  # raises what ended the watch: it was to watch to the end

    async def kill(self, why: KernelLost | None = None) -> None:
        """Ends the kernel; `why` is what all that is waited for raises then."""
        self._killed = self._killed or why
        if self._client.km is not None and self._client.km.has_kernel:
            await self._client.km.signal_kernel(signal.SIGKILL)

    async def run(self, n: int, cell: NotebookNode, seconds: float) -> None:
        """Runs a cell at a position; an error in it is an output.

        Raises: KernelLost when the kernel did not survive it, or had to be ended.
        """
        if not cell.source.strip():
            return
        seconds = max(1, round(seconds))
        done = self._ask(n, cell, {"source": cell.source})
        try:
            await self.until(done, seconds, f"the cell ran for longer than {seconds} seconds")
        finally:
            # How a kernel cuts its output into messages depends on the clock.
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [str(line) for line in output.traceback]

    def answer(self, n: int, slot: NotebookNode) -> asyncio.Future:
        """Has the kernel answer the check at a position, until what is returned is done.

        slot: a cell, for what is printed meanwhile.
        """
        return self._ask(n, slot, {})

    def _ask(self, n: int, cell: NotebookNode, order: dict) -> asyncio.Future:
        """Gives an order; what is returned is done when all of it has been done and shown."""
        # What has a limit for each cell counts from here.
        self._watch.new_cell()
        self._relay.reset()
        last = self._client.expect(cell, n)
        done = asyncio.get_running_loop().create_future()

        def heard(shown: bool, count: int) -> None:
            cell.execution_count = count
            if not shown:
                self._client.nothing_more(n)
            last.add_done_callback(lambda _: done.set_result(None))

        self._line.ask({channel.NUMBER: n, **order}, heard)
        return done

    async def until(self, done: asyncio.Future, seconds: float, late: str) -> None:
        """Waits until the kernel has done what it was asked to; ends it when that is too long.

        Raises: KernelLost when the kernel is gone, with `late` for the message when it was late.
        """
        if self._killed is None:
            both = {done, self.serving}
            await asyncio.wait(both, timeout=seconds, return_when="FIRST_COMPLETED")
            if done.done():
                return
            if self.serving.done():
                self.serving.result()
            await self.kill(KernelLost(TIMED_OUT, late))
        raise self._killed

    async def _serve(self, orders: str) -> None:
        """Has the kernel do all that is asked of it, in one request.

        Raises: KernelLost when it does no more, for whatever reason.
        """
        source = SERVE.format(orders, str(self._place / EXAMINER))
        reading = asyncio.create_task(self._client.follow(source))
        try:
            while await self._client.km.is_alive():
                if reading.done():
                    lost = KernelLost(CRASHED, _ended(reading))
                    break
                if self._line.lost_at < time.monotonic() - ENDING:
                    lost = KernelLost(CRASHED, "the kernel stopped listening")
                    break
                await asyncio.wait({reading}, timeout=WATCH_SECONDS)
            else:
                raise self._killed or self._died()
            await self.kill(lost)
            raise self._killed
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _died(self) -> KernelLost:
        code = getattr(getattr(self._client.km.provisioner, "process", None), "returncode", None)
        if code == -signal.SIGKILL:
            return KernelLost(OUT_OF_MEMORY, "the system ended the kernel, most likely because "
                              "the machine ran out of memory")  # fmt: skip
        return KernelLost(CRASHED, "the kernel died (a crash, or an exit in the code)")

    def _excess(self, why: str) -> None:
        self._ending = asyncio.create_task(self.kill(KernelLost(CRASHED, why)))

    async def _keep_watch(self) -> None:
        while True:
            try:
                self._watch.look()
            except Excess as excess:
                outcome = {"memory": OUT_OF_MEMORY, "cpu": TIMED_OUT}.get(excess.what, CRASHED)
                await self.kill(KernelLost(outcome, str(excess)))
                return
            await asyncio.sleep(WATCH_SECONDS)


def _ended(reading: asyncio.Task) -> str:
    """Why nothing more is read from a kernel that is there."""
    if error := reading.exception():
        return f"the kernel sent something unreadable ({type(error).__name__}: {error})"
    if error := reading.result():
        return f"the kernel stopped listening ({error})"
    return "the kernel stopped listening"


def verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    """A verdict as the outputs that a cell has in Jupyter; nbgrader reads the score from them."""
    outputs = []
    if verdict.printed:
        outputs.append(new_output("stream", name="stdout", text=verdict.printed))
    if verdict.outcome != PASSED:
        outputs.append(_error_output(verdict.ename or verdict.outcome, verdict.message,
                                     verdict.traceback))  # fmt: skip
    elif verdict.result is not None:
        outputs.append(new_output("execute_result", {"text/plain": verdict.result}))
    return outputs


def _error_output(ename: str, message: str, lines: list[str] | None = None) -> NotebookNode:
    return new_output("error", ename=ename, evalue=message,
                      traceback=lines or [f"{ename}: {message}"])  # fmt: skip


def _cell(source: str) -> NotebookNode:
    """A code cell for a kernel to run. nbformat's own constructor validates it every time."""
    return NotebookNode(
        cell_type="code", source=source, metadata=NotebookNode(), execution_count=None, outputs=[]
    )


def _as_stdout(output: NotebookNode) -> NotebookNode:
    """Warnings on stderr never cost points, and nbgrader takes points for any stderr."""
    if output.output_type == "stream":
        output.name = "stdout"
    return output


__all__ = ["ExaminerFailed", "Execution", "Limits", "NotRun", "Run", "execute", "verdict_outputs"]
