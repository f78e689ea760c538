"""The notebook client: caps on what a kernel sends, and no reply lost beside a widget."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from hypothesis import given, strategies
from nbclient.client import _RGX_CARRIAGERETURN
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.kernel.client import CappedClient, joined, notebook_client

LINE = "x" * 100


def message(kind: str, **content: Any) -> dict[str, Any]:
    """As the client has it from a kernel."""
    return {"msg_type": kind, "header": {"msg_type": kind}, "parent_header": {"msg_id": "1"},
            "content": content}  # fmt: skip


def printed(text: str) -> dict[str, Any]:
    return message("stream", name="stdout", text=text)


@pytest.fixture
def client() -> CappedClient:
    cells = [new_code_cell("", id=f"c{n}") for n in range(4)]
    made = CappedClient(new_notebook(cells=cells), output_bytes=1000, output_count=50,
                        total_bytes=2000)  # fmt: skip
    made.clear_before_next_output = False  # as nbclient does when a cell starts
    return made


def text_of(client: CappedClient, n: int) -> str:
    return "".join(output.text for output in client.nb.cells[n].outputs)


def test_what_a_cell_prints_is_kept_up_to_the_cap_and_the_rest_is_told(
    client: CappedClient,
) -> None:
    for _ in range(30):
        client.process_message(printed(LINE), client.nb.cells[0], 0)
    text = text_of(client, 0)
    assert text.count(LINE) <= 10
    assert text.count("the rest was not kept") == 1


def test_the_next_cell_has_room_again(client: CappedClient) -> None:
    for n in (0, 1):
        for _ in range(5):
            client.process_message(printed(LINE), client.nb.cells[n], n)
    assert text_of(client, 1) == 5 * LINE


def test_all_cells_together_have_a_cap(client: CappedClient) -> None:
    for n in range(4):
        for _ in range(9):
            client.process_message(printed(LINE), client.nb.cells[n], n)
    assert sum(text_of(client, n).count(LINE) for n in range(4)) <= 20
    assert "the rest was not kept" in text_of(client, 3)


def test_many_small_outputs_count_too(client: CappedClient) -> None:
    cell = client.nb.cells[0]
    for n in range(200):
        shown = message("display_data", data={"text/plain": str(n)}, metadata={})
        client.process_message(shown, cell, 0)
    assert len(cell.outputs) <= 51


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


@given(strategies.lists(strategies.text("ab\r\n", max_size=8)))
def test_what_was_printed_is_joined_as_nbclient_would(texts: list[str]) -> None:
    outputs = joined([stream(text) for text in texts])
    expected = [_RGX_CARRIAGERETURN.sub("", "".join(texts))] if texts else []
    assert [output.text for output in outputs] == expected


def test_outputs_keep_their_order_but_stdout_comes_before_stderr_beside_it() -> None:
    shown = new_output("display_data", {"text/plain": "1"})
    outputs = joined([stream("e", "stderr"), stream("o"), shown, stream("e", "stderr"), shown])
    assert outputs == [stream("o"), stream("ee", "stderr"), shown, shown]


def test_a_line_of_millions_of_characters_is_joined_before_the_hour_is_over() -> None:
    (output,) = joined([stream("x" * 2**22), stream("\r" * 2**20 + "y")])
    assert output.text == "y"


def test_a_message_of_a_widget_makes_the_client_look_for_replies_again(
    client: CappedClient,
) -> None:
    """nbclient sends behind asyncio's back then; see `process_message`."""
    asked = []
    socket = SimpleNamespace(get=asked.append)
    client.kc = SimpleNamespace(shell_channel=SimpleNamespace(socket=socket))
    client.process_message(message("comm_msg", comm_id="none", data={}), client.nb.cells[0], 0)
    assert asked == [zmq.EVENTS]


def test_widgets_work_cell_after_cell(tmp_path: Path) -> None:
    """Without the look for replies about one cell in twenty waits for its time-out."""
    source = "from ipywidgets import interact\ninteract(lambda x: print(x), x=(0, 10));"
    nb = new_notebook(cells=[new_code_cell(source, id=f"c{n}") for n in range(60)])
    with notebook_client(nb, tmp_path, 60, kernel_name="warm") as client:
        client.execute()
    for cell in nb.cells:
        assert cell.outputs
        assert all(output.output_type == "display_data" for output in cell.outputs)
