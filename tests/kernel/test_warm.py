"""A warm kernel is an ordinary kernel that is there at once."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.kernel import preload, template
from autograder.kernel.client import notebook_client
from autograder.kernel.place import TENSORFLOW, environment, private_place
from autograder.kernel.provisioner import WarmProvisioner
from autograder.kernel.template import TEMPLATE, Forked, Template


@pytest.fixture(autouse=True)
def fit() -> None:
    TEMPLATE.start()
    if TEMPLATE.unfit:
        pytest.skip(f"no warm kernels here: {TEMPLATE.unfit}")


def run(*sources: str, kernel_name: str = "warm") -> list[list[NotebookNode]]:
    """The outputs of cells that ran in a kernel chosen by its name, as any client does it."""
    nb = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(nb, kernel_name=kernel_name, timeout=120, allow_errors=True).execute()
    return [cell.outputs for cell in nb.cells]


def text(outputs: list[NotebookNode]) -> str:
    return "".join(
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    )


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_nbclient_gets_a_warm_kernel_by_its_name() -> None:
    printed, value, figure, failed, after, preloaded = run(
        "print('hello')",
        "x = 6 * 7\nx",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "def f():\n    return 1 / 0\nf()",
        "import torch, tensorflow as tf\nfloat(torch.ones(3).sum()) + float(tf.ones(()))",
        "import os; os.getpid(), os.getppid()",
    )
    assert text(printed) == "hello\n" and text(value) == "42"
    assert [o.output_type for o in figure if "image/png" in o.get("data", {})] == ["display_data"]
    (error,) = failed
    assert (error.output_type, error.ename) == ("error", "ZeroDivisionError")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    assert "return 1 / 0" in plain and "in f()" in plain
    assert text(after) == "4.0"
    assert text(preloaded)


def test_a_kernel_need_not_ask_every_module_for_its_file_to_show_an_error() -> None:
    (known,) = run(
        "import inspect, ipykernel.zmqshell as last\nlast.__file__ in inspect.modulesbyfile"
    )
    assert text(known) == "True"


def test_jupyter_execute_gets_a_warm_kernel_by_its_name(tmp_path: Path) -> None:
    nb = new_notebook(
        cells=[
            new_code_cell("import sys\nready = {'torch', 'tensorflow'} <= set(sys.modules)"),
            new_code_cell("print(ready, __name__)"),
            new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1]);"),
        ]
    )  # fmt: skip
    path = tmp_path / "a.ipynb"
    nbformat.write(nb, path)
    beside = os.path.dirname(sys.executable)
    done = subprocess.run(
        [f"{beside}/jupyter", "execute", "--kernel_name", "warm", "--inplace", str(path)],
        env={**os.environ, "PATH": os.pathsep.join([beside, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(path, as_version=4).cells
    assert text(cells[1].outputs) == "True __main__\n"
    assert any("image/png" in output.get("data", {}) for output in cells[2].outputs)


def test_random_numbers_differ_between_kernels_and_can_be_seeded() -> None:
    draw = (
        "import random, numpy as np, torch\n"
        "print(random.random(), np.random.rand(), torch.rand(1).item())\n"
        "np.random.seed(0); print(np.random.rand())"
    )
    first, second = (text(run(draw)[0]).split() for _ in range(2))
    assert first[0] != second[0] and first[1] != second[1]
    assert first[2] != second[2]
    assert first[3] == second[3]


def test_tensorflow_computes_as_elsewhere_and_makes_no_function_of_an_operation() -> None:
    source = """
import hashlib, keras, numpy as np, tensorflow as tf
keras.utils.set_random_seed(7)
model = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(30, 8),
                          keras.layers.Dropout(0.2), keras.layers.LSTM(6), keras.layers.Dense(1)])
model.compile("adam", "mse")
ids = np.random.randint(0, 30, (64, 4))
model.fit(ids, ids.mean(axis=1), epochs=2, verbose=0)
table = tf.Variable(tf.random.normal((20, 5)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.dropout(tf.gather(table, [1, 2, 2]), 0.5) ** 2)
slices = tape.gradient(loss, table)
for value in [*model.get_weights(), model(ids), table, loss, slices.values, slices.indices]:
    print(hashlib.sha256(np.asarray(value).tobytes()).hexdigest())
"""
    wrong = "try:\n    tf.gather([1.0], [5])\nexcept Exception as error:\n    print(error)"
    here, message = run(source, wrong)
    threads = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    env = {**os.environ, **TENSORFLOW, **dict.fromkeys(threads, "1")}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert text(here) == done.stdout and len(done.stdout.split()) == 11
    assert text(message).startswith("indices[0] = 5 is not in [0, 1)")


def test_a_kernel_has_a_home_and_an_ipython_directory_of_its_own_and_no_history() -> None:
    source = """
import os, pathlib
shell = get_ipython()
print(os.environ["HOME"], os.getcwd(), os.environ.get("SECRET"), shell.ipython_dir, sep="\\n")
print(shell.history_manager.enabled, list(pathlib.Path(shell.ipython_dir).rglob("history*")))
"""

    async def one() -> list[str]:
        with private_place(Path("nowhere")) as place:
            nb = new_notebook(cells=[new_code_cell("import os"), new_code_cell(source)])
            with notebook_client(nb, place / "work", 60, kernel_name="warm") as client:
                await client.async_execute(env=environment(place))
            lines = text(nb.cells[1].outputs).splitlines()
            assert lines[:3] == [str(place / "home"), str(place / "work"), "None"]
            assert not list(place.rglob("history*"))
            return lines[3:]

    os.environ["SECRET"] = "of the grader"
    try:
        first, second = asyncio.run(one()), asyncio.run(one())
    finally:
        del os.environ["SECRET"]
    assert first[0] != second[0] and str(Path.home()) not in first[0]
    assert first[1] == second[1] == "False []"


def test_a_kernel_says_that_it_cannot_forget_modules_and_keeps_them() -> None:
    asked, after = run("%reset -f --aggressive", "import sys; print('torch' in sys.modules)")
    assert "Cannot restore" in text(asked)
    assert text(after) == "True\n"


def test_two_kernels_run_at_once_and_do_not_meet() -> None:
    async def one(n: int) -> str:
        nb = new_notebook(
            cells=[new_code_cell(f"n = {n}"), new_code_cell("import os\nprint(n, os.getpid())")]
        )
        await NotebookClient(nb, kernel_name="warm", timeout=120).async_execute()
        return text(nb.cells[1].outputs)

    async def both() -> list[str]:
        return await asyncio.gather(*(one(n) for n in range(3)))

    got = [line.split() for line in asyncio.run(both())]
    assert [n for n, _ in got] == ["0", "1", "2"]
    assert len({pid for _, pid in got}) == 3
    assert not any(alive(int(pid)) for _, pid in got)


def test_a_killed_kernel_leaves_no_process_and_says_so_to_its_client() -> None:
    nb = new_notebook(
        cells=[
            new_code_cell(
                "import os, subprocess\n"
                "child = subprocess.Popen(['sleep', '600'])\nprint(os.getpid(), child.pid)"
            ),
            new_code_cell("import time\ntime.sleep(600)"),
        ]
    )

    async def killed() -> list[int]:
        client = NotebookClient(nb, kernel_name="warm", timeout=120)
        async with client.async_setup_kernel():
            await client.async_execute_cell(nb.cells[0], 0)
            pids = [int(pid) for pid in text(nb.cells[0].outputs).split()]
            assert client.km.provisioner.pid == pids[0] and all(map(alive, pids))
            running = asyncio.create_task(client.async_execute_cell(nb.cells[1], 1))
            await asyncio.sleep(0.2)
            await client.km.signal_kernel(signal.SIGKILL)
            with pytest.raises(DeadKernelError):
                await running
            return pids

    assert not any(map(alive, asyncio.run(killed())))


def test_a_kernel_that_is_given_up_while_it_is_forked_can_be_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fork, forking, go_on = TEMPLATE.fork, threading.Event(), threading.Event()

    def slowly(*args: object) -> Forked:
        forking.set()
        go_on.wait()
        return fork(*args)

    monkeypatch.setattr(TEMPLATE, "fork", slowly)

    async def given_up() -> None:
        client = NotebookClient(new_notebook(), kernel_name="warm")
        manager = client.create_kernel_manager()
        starting = asyncio.create_task(client.async_start_new_kernel())
        await asyncio.to_thread(forking.wait)
        starting.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert manager.has_kernel and alive(manager.provisioner.pid)
        await manager.signal_kernel(signal.SIGKILL)
        await manager.provisioner.wait()

    asyncio.run(given_up())


def test_an_exit_in_the_code_is_a_dead_kernel_not_a_dead_template() -> None:
    with pytest.raises(DeadKernelError):
        run("import os\nos._exit(3)")
    assert text(run("print('still here')")[0]) == "still here\n"


def test_a_kernel_is_interrupted_like_any_other() -> None:
    nb = new_notebook(cells=[new_code_cell("print('on')\nimport time\ntime.sleep(600)"),
                             new_code_cell("1")])  # fmt: skip

    async def interrupted() -> None:
        client = NotebookClient(nb, kernel_name="warm", timeout=120, allow_errors=True)
        async with client.async_setup_kernel():
            running = asyncio.create_task(client.async_execute_cell(nb.cells[0], 0))
            while not nb.cells[0].outputs:
                await asyncio.sleep(0.05)
            await client.km.interrupt_kernel()
            await running
            await client.async_execute_cell(nb.cells[1], 1)

    asyncio.run(interrupted())
    assert nb.cells[0].outputs[-1].ename == "KeyboardInterrupt"
    assert text(nb.cells[1].outputs) == "1"


def test_ctrl_c_at_a_terminal_reaches_no_process_on_its_way_to_a_kernel() -> None:
    status = Path(f"/proc/{TEMPLATE.pid()}/status").read_text()
    blocked = int(re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE)[1], 16)
    assert blocked >> (signal.SIGINT - 1) & 1, "what is forked from it inherits the mask"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # as one that is forked from the template, with a Ctrl-C on its way
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(BaseException):
            template.own_group()
            os.write(write, b"goes on")
        os._exit(0)
    os.close(write)
    with open(read) as said:
        assert said.read() == "goes on"
    os.waitpid(child, 0)


# Ends. -------------------------------------------------------------------------------------------


def test_a_process_can_be_ended_from_the_moment_it_is_forked() -> None:
    for _ in range(20):
        process = TEMPLATE.fork(time.sleep, 600)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL


def test_what_was_forked_ends_with_the_template_and_there_is_a_new_one() -> None:
    process = TEMPLATE.fork(time.sleep, 600)
    before = TEMPLATE.pid()
    assert TEMPLATE.pid() == before
    os.kill(before, signal.SIGKILL)
    assert process.wait(30) == template.WITHOUT_TEMPLATE
    deadline = time.monotonic() + 30
    while alive(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert TEMPLATE.pid() != before
    assert text(run("print('here')")[0]) == "here\n"


def test_what_was_forked_ends_where_the_template_ended_before_it_could_ask_to() -> None:
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            template._end_with(os.getpid())  # whose child it is not, any longer
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == template.WITHOUT_TEMPLATE


@pytest.mark.parametrize("times", [1, template.STARTS])
def test_a_template_that_is_ended_while_it_starts_is_started_again(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, ended = Template(), []

    def unfit() -> None:
        if len(ended) < times:
            ended.append(True)
            raise EOFError

    monkeypatch.setattr(fresh, "_unfit", unfit)
    fresh.start()
    assert len(ended) == times
    assert bool(fresh.unfit) == (times == template.STARTS)


# Where the template is not fit. ------------------------------------------------------------------


def test_an_unfit_template_gives_cold_kernels_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(TEMPLATE, "unfit", "the template holds a CUDA context")
    said = []
    monkeypatch.setattr(
        "autograder.kernel.provisioner.WarmProvisioner.log",
        SimpleNamespace(warning=lambda *args: said.append(args[0] % args[1:]),
                        debug=lambda *args: None, info=lambda *args: None,
                        error=lambda *args: None),
    )  # fmt: skip
    (outputs,) = run("import sys\nprint('torch' in sys.modules)")
    assert text(outputs) == "False\n"
    assert said == ["Starting a cold kernel: the template holds a CUDA context."]


def test_other_systems_are_unfit_without_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object) -> None:
        raise AssertionError("something was forked")

    for platform in ("darwin", "win32"):
        fresh = Template()
        monkeypatch.setattr(template.sys, "platform", platform)
        monkeypatch.setattr(fresh, "_fork", never)
        fresh.start()
        assert platform in fresh.unfit
        with pytest.raises(RuntimeError, match=platform):
            fresh.fork(print)


class Sent(list):
    send = list.append


def test_the_probe_refuses_a_template_with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preload, "THREADS", 3)
    sent = Sent()
    template._probe(sent)
    assert sent == ["the template runs 3 Python threads"]


def test_the_probe_refuses_a_template_with_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "_target", lambda link: "/dev/nvidia0")
    sent = Sent()
    template._probe(sent)
    assert len(sent) == 1 and "CUDA" in sent[0]


def test_the_probe_tells_when_computing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preload, "THREADS", 1)
    sent = Sent()
    template._probe(sent)
    assert sent == [None, ""]


@pytest.mark.parametrize(
    "probe, reason",
    [
        (lambda sender: sender.send("the template runs 2 Python threads"), "2 Python threads"),
        (lambda sender: None, "did nothing"),
        (lambda sender: sender.close(), "died"),
        (lambda sender: (sender.send(None), sender.close()), "died"),
        (lambda sender: sender.send(None), "could not compute"),
    ],
    ids=["threads", "nothing", "death", "death in computing", "no result"],
)
def test_whatever_the_probe_meets_is_a_reason_and_never_a_hang(
    probe: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, ended, held = Template(), [], []

    def fork(target: object, sender: object) -> SimpleNamespace:
        held.append(os.dup(sender.fileno()))  # the child's end, which stays open while it lives
        from multiprocessing.connection import Connection

        child = Connection(held.pop(), readable=False)
        held.append(child)
        threading.Thread(target=probe, args=(child,)).start()
        return SimpleNamespace(kill=lambda: ended.append(True), wait=lambda seconds: -9)

    monkeypatch.setattr(fresh, "_fork", fork)
    monkeypatch.setattr(template, "STARTUP_SECONDS", 1)
    monkeypatch.setattr(template, "PROBE_SECONDS", 0.5)
    fresh.start()
    assert reason in fresh.unfit and ended == [True]


def test_a_monitor_that_ends_before_the_signal_arrives_is_no_error() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    provisioner = WarmProvisioner()
    provisioner._sandbox = SimpleNamespace()
    provisioner.process = SimpleNamespace(poll=lambda: None)  # what it said a moment before
    provisioner.pid = gone.pid
    asyncio.run(provisioner.send_signal(signal.SIGKILL))


@pytest.mark.parametrize("there", [True, False], ids=["a core", "a core that is gone"])
def test_what_is_forked_runs_on_the_core_that_was_chosen_where_there_is_one(there: bool) -> None:
    cores = os.sched_getaffinity(0)
    core = max(cores) if there else 1000
    receiver, sender = multiprocessing.Pipe(duplex=False)
    token = template.CORE.set(core)
    try:
        process = TEMPLATE.fork(tell_cores, sender)
    finally:
        template.CORE.reset(token)
    assert receiver.poll(60)
    assert receiver.recv() == ({core} if there else cores)
    process.kill()
    process.wait()


def tell_cores(sender: Connection) -> None:
    """Runs in a forked process."""
    sender.send(os.sched_getaffinity(0))
