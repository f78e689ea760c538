"""A kernel's application: ipykernel's, without what takes time and is of no use here."""

from __future__ import annotations

import threading
import zlib
from functools import lru_cache
from typing import Any

import zmq
from ipykernel import iostream
from ipykernel.compiler import get_tmp_directory
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config


class OutStream(iostream.OutStream):
    """Waits for the thread that sends only when there is something to send.

    A kernel flushes both of its streams twice around every cell, and most cells print nothing.
    """

    def flush(self) -> None:
        if self._buffers:
            super().flush()


class NoSubshells:
    """In the place of the thread that serves subshells, where there are none.

    ipykernel asks it all the same, before a cell with an `await` of its own, which thread is the
    main one; without an answer the cell never ends.
    """

    parent_thread = property(lambda self: threading.main_thread())

    def __bool__(self) -> bool:
        return False


class GradedKernel(IPythonKernel):
    """Says only what the grader listens to, of each request its outputs, its reply and its end."""

    _execute_sleep = 0.0  # for outputs to arrive; this client goes on when it has heard of the end
    _supports_kernel_subshells = False

    def _publish_status(self, status: str, *args: Any, **kwargs: Any) -> None:
        if status != "busy":
            super()._publish_status(status, *args, **kwargs)

    def _publish_execute_input(self, *args: Any) -> None:
        pass


class KernelApp(IPKernelApp):
    """Has no command line and no files of configuration: to look for both takes milliseconds.

    graded: its one client is the grader, which asks for no heartbeat and no subshells.
    """

    graded = False

    def __init__(self, **kwargs: Any) -> None:
        own = {
            "HistoryManager": {"enabled": False},
            "IPKernelApp": {
                "outstream_class": f"{__name__}.OutStream",
                "parent_handle": 0,
                # Its handler drops what is below a warning, but only once the record is made.
                "logging_config": {"loggers": {type(self).__name__: {"level": "WARNING"}}},
            },
        }
        super().__init__(config=Config(own), **kwargs)

    def parse_command_line(self, argv: Any = None) -> None:
        pass

    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        pass

    def init_heartbeat(self) -> None:
        if not self.graded:
            super().init_heartbeat()

    def init_control(self, context: zmq.Context) -> None:
        super().init_control(context)
        if self.graded:
            self.shell_channel_thread = NoSubshells()

    def init_kernel(self) -> None:
        if self.graded:
            self.kernel_class = GradedKernel
        super().init_kernel()
        if self.graded:
            shell = self.kernel.shell
            # What `!` and `%pip` use otherwise wants a terminal, which the sandbox does not have;
            # it would cost the cell all that comes after them.
            shell.system = shell.system_raw
            # `exit()` would end the kernel a tenth of a second later, in whatever cell that is.
            shell.ask_exit = lambda: None
            # Both take a millisecond of Python for every cell, and the first is asked for twice.
            shell.transform_cell = lru_cache(maxsize=1)(shell.transform_cell)
            shell.compile.get_code_name = _code_name


def _code_name(source: str, *_: Any) -> str:
    """A cell's file, as tracebacks know it: named by what is in it, as ipykernel names it."""
    number = zlib.crc32(source.encode("utf-8", "surrogatepass"))
    return f"{get_tmp_directory()}/{number}.py"
