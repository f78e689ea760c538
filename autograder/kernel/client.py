"""A notebook client whose kernel is reached over private sockets in the file system."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from traitlets import Int
from traitlets.config import Config

from autograder.sandbox.leftovers import own_folder
from autograder.wire import channel

COLD = "python3"
QUEUED = 100  # messages that wait to be read, before the kernel has to wait or loses some


@dataclass
class _Kept:
    """What was kept of one cell's output, and whether more came."""

    bytes: int = 0
    count: int = 0
    cut: bool = False


class CappedClient(NotebookClient):
    """Drops what a kernel sends beyond a cap while it arrives, and says so in the cell.

    One request may have the kernel run all cells (`autograder.kernel.student.serve`). Each is
    expected first, by its position, and then has the outputs that name it.
    """

    output_bytes = Int(help="of one cell, about; 0: no cap")
    output_count = Int(help="messages with output of one cell")
    total_bytes = Int(help="of all cells")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expected: dict[int, tuple[NotebookNode, asyncio.Future]] = {}
        self._kept: dict[int, _Kept] = {}
        self._total = 0

    async def async_execute_cell(
        self, cell: NotebookNode, cell_index: int, *args: Any, **kwargs: Any
    ) -> NotebookNode:
        self._kept = {}
        await super().async_execute_cell(cell, cell_index, *args, **kwargs)
        if cell.cell_type == "code":
            # How a kernel cuts its output into messages depends on the clock.
            cell.outputs = joined(cell.outputs)
        return cell

    async def follow(self, source: str) -> str:
        """Has the kernel run what serves all cells, and reads what each of them shows.

        Returns: with what error that has ended, if it has.
        Raises: what reading a message raises that no honest kernel sends.
        """
        request = self.kc.execute(source, store_history=False)
        error = ""
        while True:
            msg = await self.kc.iopub_channel.get_msg(timeout=None)
            if msg["parent_header"].get("msg_id") != request:
                continue
            number, content = msg["parent_header"].get(channel.NUMBER), msg["content"]
            if number in self._expected:
                try:
                    self.process_message(msg, self._expected[number][0], number)
                except CellExecutionComplete:
                    self.nothing_more(number)
            elif number is None and msg["msg_type"] == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif number is None and content.get("execution_state") == "idle":
                return error

    def expect(self, cell: NotebookNode, cell_index: int) -> asyncio.Future:
        """Gives a cell the outputs that name its position, up to the last one.

        What is returned is done when that has come: a status says so, or `nothing_more` is called.
        """
        self.nb.cells[cell_index] = cell
        self._kept.pop(cell_index, None)
        self.clear_before_next_output = False
        cell.outputs = []
        done = asyncio.get_running_loop().create_future()
        self._expected[cell_index] = cell, done
        return done

    def nothing_more(self, cell_index: int) -> None:
        """Takes it that a cell has all its outputs."""
        if cell_index in self._expected:
            self._expected.pop(cell_index)[1].set_result(None)

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        try:
            return self._process_within_caps(msg, cell, cell_index)
        finally:
            if msg["msg_type"].startswith("comm_"):
                # An output widget makes nbclient send on the socket on which it waits for the
                # reply, behind asyncio's back; a reply that came meanwhile would be noticed at
                # the cell's time-out only. Asking for the events makes pyzmq look again.
                self.kc.shell_channel.socket.get(zmq.EVENTS)

    def _process_within_caps(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] == "status" or not self.output_bytes:
            return super().process_message(msg, cell, cell_index)
        size = _size(msg["content"]) + sum(len(buffer) for buffer in msg.get("buffers", ()))
        kept = self._kept.setdefault(cell_index, _Kept())
        kept.bytes += size
        kept.count += msg["msg_type"] != "execute_input"
        if (
            kept.bytes <= self.output_bytes
            and kept.count <= self.output_count
            and self._total + size <= self.total_bytes
        ):
            self._total += size
            return super().process_message(msg, cell, cell_index)
        if not kept.cut:
            kept.cut = True
            text = "\n[The output goes on; the rest was not kept.]\n"
            cell.outputs.append(new_output("stream", name="stdout", text=text))
        return None


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs with all that was printed on each stream in one, as nbclient's `coalesce_streams`
    has it.

    Takes time in proportion to their length; nbclient's takes minutes for a line of a million
    characters, in which nobody else is served.
    """
    made: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    pieces: dict[str, list[str]] = {}
    for output in outputs:
        name = output.name if output.output_type == "stream" else None
        if name in streams:
            pieces[name].append(output.text)
            continue
        made.append(output)
        if name is not None:
            streams[name], pieces[name] = output, [output.text]
    for name, output in streams.items():
        lines = "".join(pieces[name]).split("\n")
        # What a carriage return goes back over is not seen.
        output.text = "\n".join(line[line.rfind("\r", 0, -1) + 1 :] for line in lines)
    for n in range(1, len(made)):
        if made[n].get("name") == "stdout" and made[n - 1].get("name") == "stderr":
            made[n - 1 : n + 1] = made[n], made[n - 1]  # which comes first depends on the clock
    return made


def _size(value: Any) -> int:
    """About how many bytes a part of a message takes."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_size(key) + _size(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_size, value)) + len(value)
    return 8


@contextmanager
def notebook_client(
    nb: NotebookNode, directory: Path, timeout: int | None, kernel_name: str = COLD, **options: Any
) -> Iterator[CappedClient]:
    """An nbclient `NotebookClient` for `nb`, its kernel working in `directory`.

    The kernel listens on sockets in a directory of its own that only this user can enter, not
    on TCP ports that every process of the machine can reach. timeout: seconds for one cell,
    or None.
    """
    with own_folder("kernel-") as private:
        # The path is set, and short, because jupyter_client would put the sockets of a kernel
        # without a connection file into the current directory, which kernel and client do not
        # share; and a socket's path may be 107 bytes long.
        connection = {"transport": "ipc", "connection_file": f"{private}/k.json"}
        yield CappedClient(
            nb,
            timeout=timeout,
            allow_errors=True,
            record_timing=False,
            kernel_name=kernel_name,
            resources={"metadata": {"path": str(directory)}},
            config=Config({"KernelManager": connection}),
            **options,
        )


def cap_queue(context: zmq.Context) -> None:
    """Lets few messages wait on sockets made from now on: each takes memory, however small."""
    context.setsockopt(zmq.RCVHWM, QUEUED)
