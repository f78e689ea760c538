"""What a kernel prints, on its way to the client."""

from __future__ import annotations

from ipykernel import iostream


class OutStream(iostream.OutStream):
    """Waits for the thread that sends only when there is something to send.

    A kernel flushes both of its streams twice around every cell, and most cells print nothing.
    """

    def flush(self) -> None:
        if self._buffers:
            super().flush()
