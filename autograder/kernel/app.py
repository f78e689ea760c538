"""A kernel's application: ipykernel's, without what takes time and is of no use here."""

from __future__ import annotations

import logging
from typing import Any

from ipykernel import iostream
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config


class OutStream(iostream.OutStream):
    """Waits for the thread that sends only when there is something to send.

    A kernel flushes both of its streams twice around every cell, and most cells print nothing.
    """

    def flush(self) -> None:
        if self._buffers:
            super().flush()


class KernelApp(IPKernelApp):
    """Has no command line and no files of configuration: to look for both takes milliseconds."""

    def __init__(self, **kwargs: Any) -> None:
        own = {
            "HistoryManager": {"enabled": False},
            "IPKernelApp": {"outstream_class": f"{__name__}.OutStream", "parent_handle": 0},
        }
        super().__init__(config=Config(own), **kwargs)

    def _log_default(self) -> Any:
        # Its handler drops what is below a warning, but only once the record has been made.
        log = super()._log_default()
        log.setLevel(logging.WARNING)
        return log

    def parse_command_line(self, argv: Any = None) -> None:
        pass

    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        pass
