"""The template: one process that has imported everything, from which kernels are forked.

The standard library's forkserver does the forking. Nothing is ever computed in the template: a
library that has computed holds threads and locks which a forked child cannot use.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from multiprocessing import (
    context,
    forkserver,
    popen_forkserver,
    reduction,
    resource_tracker,
    spawn,
    util,
)
from multiprocessing.connection import Connection, wait
from typing import Any
from weakref import WeakSet

from autograder.kernel.place import PASSED_ON
from autograder.sandbox.libc import PR_SET_PDEATHSIG, prctl

PRELOAD = "autograder.kernel.preload"
STARTUP_SECONDS = 120  # importing everything on a slow disk
PROBE_SECONDS = 30
STARTS = 3  # that may be ended from outside
WITHOUT_TEMPLATE = 255  # multiprocessing's exit code of a process whose forkserver has ended
# What the template is told of the grader's environment. A process forked from it can read all of
# it in /proc/self/environ, whatever becomes of `os.environ`.
TOLD = (*PASSED_ON, "HOME", "TMPDIR", "MPLCONFIGDIR", "PYTHONHOME", "PYTHONPATH",
        "CUDA_VISIBLE_DEVICES")  # fmt: skip


class _Popen(popen_forkserver.Popen):
    """Starts a child without running the parent's main script in it.

    The standard launch hands the child the path of `__main__` to import, so that pickled objects
    find their classes. Nothing of ours lives there, and whatever script uses a warm kernel (a
    test runner, nbconvert) must not be run again in every kernel. Its arguments stay here too:
    they may name what student code need not know.
    """

    def _launch(self, process_obj: Any) -> None:
        preparation = spawn.get_preparation_data(process_obj._name)
        for key in ("init_main_from_path", "init_main_from_name", "sys_argv"):
            preparation.pop(key, None)
        buffer = io.BytesIO()
        context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, buffer)
            reduction.dump(process_obj, buffer)
        finally:
            context.set_spawning_popen(None)
        self.sentinel, write_end = forkserver.connect_to_new_process(self._fds)
        parent_end = os.dup(write_end)
        self.finalizer = util.Finalize(self, util.close_fds, (parent_end, self.sentinel))
        with open(write_end, "wb", closefd=True) as file:
            file.write(buffer.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


# That what is forked in this context runs on; None: on those that the caller runs on.
CORE: ContextVar[int | None] = ContextVar("core", default=None)
_STARTED: WeakSet[_Process] = WeakSet()


class _Process(context.ForkServerProcess):
    def start(self) -> None:
        """Starts it without an entry in multiprocessing's book of children.

        A Dask worker is a daemonic process, which may have none. And whoever makes an entry looks
        after all the others, in any thread, while how a process ended can be read only once.
        """
        self._popen = _Popen(self)
        self._sentinel = self._popen.sentinel
        _STARTED.add(self)


class Forked:
    """A forked process, with the methods of `subprocess.Popen` that Jupyter's manager uses."""

    stdin = stdout = stderr = None

    def __init__(self, process: _Process) -> None:
        self._process = process
        self.pid: int = process.pid

    @property
    def sentinel(self) -> int:
        """A descriptor that becomes readable when the process has ended."""
        return self._process.sentinel

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        # Its whole group: what it started ends with it. Just forked, it has none of its own yet.
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                if self.poll() is None:
                    return send(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _end_all() -> None:
    """Ends every forked process."""
    for process in list(_STARTED):
        Forked(process).kill()


class Template:
    """The forkserver, started at first use and checked before anything else is forked.

    `unfit` is a sentence that says why nothing can be forked from it, or None.
    """

    def __init__(self) -> None:
        self.unfit: str | None = None
        self._started = False
        self._lock = threading.RLock()

    def start(self) -> None:
        """Imports everything, and makes sure that a child can compute. Takes seconds, once."""
        with self._lock:
            if not self._started:
                # Before their folders go: a run that is stopped may leave some.
                util.Finalize(None, _end_all, exitpriority=10)
                for _ in range(STARTS):
                    try:
                        self.unfit = self._unfit()
                        break
                    except (EOFError, ConnectionError):
                        self.unfit = "the template was ended while it started"
                self._started = True

    def _unfit(self) -> str | None:
        if not sys.platform.startswith("linux"):
            return f"forking after TensorFlow and torch is not safe on {sys.platform}"
        multiprocessing.get_context("forkserver").set_forkserver_preload([PRELOAD])
        receiver, sender = multiprocessing.Pipe(duplex=False)
        with receiver, sender:
            process = self._fork(_probe, sender)
            sender.close()
            if not receiver.poll(STARTUP_SECONDS):
                process.kill()
                return f"a forked process did nothing for {STARTUP_SECONDS} seconds"
            try:
                fit = receiver.recv()
                if fit is None and receiver.poll(PROBE_SECONDS):
                    fit = receiver.recv()
                elif fit is None:
                    fit = f"a forked process could not compute within {PROBE_SECONDS} seconds"
            except EOFError:
                if process.wait(PROBE_SECONDS) == WITHOUT_TEMPLATE:
                    raise
                fit = "a forked process died in its first computation"
        process.kill()
        return fit or None

    def _fork(self, target: Callable[..., None], *args: Any) -> Forked:
        parent = self._running()
        core = CORE.get()
        cores = os.sched_getaffinity(0) if core is None else {core}
        process = _Process(target=_child, args=(target, args, cores, parent))
        process.daemon = False
        process.start()
        return Forked(process)

    def fork(self, target: Callable[..., None], *args: Any) -> Forked:
        """Runs `target(*args)` in a process forked from the template.

        Sockets and connections among the arguments are handed over.

        Raises: RuntimeError when the template is unfit; ask `unfit` first.
        """
        self.start()
        if self.unfit:
            raise RuntimeError(self.unfit)
        return self._fork(target, *args)

    def pid(self) -> int | None:
        """The template's process, a new one where it has died; None where there is none to fork.

        When it dies, everything forked from it ends with it.
        """
        return self._running() if self._started and not self.unfit else None

    def _running(self) -> int | None:
        if not sys.platform.startswith("linux"):
            return None
        server = forkserver._forkserver
        with self._lock:
            if server._forkserver_alive_fd is not None:
                if not _hung_up(server._forkserver_alive_fd):
                    return server._forkserver_pid
                server._stop()
            resource_tracker.ensure_running()  # which would let interrupts in again
            with _environment_of(TOLD), _no_interrupts():
                server.ensure_running()
            return server._forkserver_pid


def _hung_up(descriptor: int) -> bool:
    """Whether nobody reads from a pipe any longer."""
    pipe = select.poll()
    pipe.register(descriptor, select.POLLERR)
    return bool(pipe.poll(0))


@contextlib.contextmanager
def _environment_of(names: tuple[str, ...]) -> Iterator[None]:
    """Leaves this process these variables alone, for a moment: multiprocessing hands on all."""
    whole = dict(os.environ)
    for name in whole.keys() - set(names):
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(whole)


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """What is started meanwhile, and what is forked from that, is not told of an interrupt.

    Ctrl-C reaches the whole group of the terminal; the grader alone decides what it ends.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child(target: Callable[..., None], args: tuple, cores: set[int], parent: int) -> None:
    """What every forked process does first. cores: those that it runs on. parent: the template."""
    with contextlib.suppress(OSError):  # a container may have lost them meanwhile
        os.sched_setaffinity(0, cores)
    own_group()
    _end_with(parent)
    detach()
    _reseed()
    target(*args)


def own_group() -> None:
    """Gives a forked process a group of its own, in which it can be ended and interrupted."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # forgets one that waits: it was for the grader
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)


def detach() -> None:
    """Cuts the calling process off from the grader's terminal."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _end_with(template: int) -> None:
    """Ends this process when the template ends, and lets the template end when the grader does.

    The template waits for the other end of a pipe to be closed, which the grader holds. It is
    given to each child as well, for forks of a child's own, of which there are none here: a killed
    grader would leave all of them behind.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != template:  # it ended before this was said
        os._exit(WITHOUT_TEMPLATE)
    os.close(forkserver._forkserver._forkserver_alive_fd)
    forkserver._forkserver._forkserver_alive_fd = None


def _reseed() -> None:
    """Fresh random state: without it every child would draw the template's numbers."""
    import random

    import numpy as np
    import torch

    random.seed()
    np.random.seed()
    torch.default_generator.seed()  # `torch.seed` asks every kind of accelerator as well


def _probe(sender: Connection) -> None:
    """Tells, from a forked child, whether the template was fit to be forked.

    Sends None when everything is imported, then an empty string when computing works too; a
    sentence when it does not.
    """
    from autograder.kernel import preload

    reasons = []
    if preload.THREADS > 1:
        reasons.append(f"the template runs {preload.THREADS} Python threads")
    if any("nvidia" in _target(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")):
        reasons.append("the template holds a CUDA context")
    if reasons:
        sender.send("; ".join(reasons))
        return
    sender.send(None)
    import tensorflow as tf
    import torch

    a = torch.ones(64, 64)
    b = tf.ones((64, 64))
    right = float((a @ a).sum()) == 64.0**3 and float(tf.reduce_sum(b @ b)) == 64.0**3
    sender.send("" if right else "a forked process computes wrongly")


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


async def readable(descriptor: int) -> None:
    """Waits until there is something to read, or the other end is gone, without polling."""
    import asyncio

    loop = asyncio.get_running_loop()
    there = loop.create_future()
    loop.add_reader(descriptor, lambda: there.done() or there.set_result(None))
    try:
        if not wait([descriptor], 0):
            await there
    finally:
        loop.remove_reader(descriptor)


async def ended(process: Forked) -> None:
    """Waits until a forked process has ended."""
    await readable(process.sentinel)


TEMPLATE = Template()
