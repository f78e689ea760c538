"""Answers that try to earn points without being right.

Each is put into one small lab. What the answers compute is wrong everywhere: `lookup` gives None,
`total` gives -1, `mean` gives None; whatever a submission with an attack earns above nothing, the
attack has earned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell

from tests.conftest import TOY

LAB = (
    TOY
    + '''
# %% exercise="mean"
def mean(values):
    """Mean of `values`."""
    ### BEGIN SOLUTION
    return float(np.mean(values))
    ### END SOLUTION

# %% check="mean" points=1
np.testing.assert_allclose(mean([1.0, 2.0]), 1.5)

# %% check="mean" points=1
import unittest

unittest.TestCase().assertEqual(mean([4.0]), 4.0)

# %% check="mean" points=1
value = mean([1.0])
assert isinstance(value, float), "not a float"
assert len(str(value)) == 3 and all(v == 1.0 for v in [value]), "the mean of 1.0 is 1.0"

# %% check="mean" points=1
for got, expected in zip(map(mean, [[1.0], [2.0]]), [1.0, 2.0]):
    assert got == expected, "the mean of one value is that value"
'''
)
TENSORS = '''\
# %% [markdown]
# # Tensors
# {{colab}}

# %% given=true
import torch

# %% exercise="double"
def double(x):
    """Twice `x`."""
    ### BEGIN SOLUTION
    return x * 2
    ### END SOLUTION

# %% check="double" points=2
torch.testing.assert_close(double(torch.ones(2)), torch.full((2,), 2.0))
'''

LOOKUP = """
def lookup(table, ids):
    return None
"""
TOTAL = """
def total(values):
    return -1.0
"""
MEAN = """
def mean(values):
    return None
"""
HONEST = {
    "lookup": "def lookup(table, ids):\n    return table[np.asarray(ids)]",
    "total": "def total(values):\n    return float(np.sum(values))",
    "mean": "def mean(values):\n    return float(np.mean(values))",
    "double": "def double(x):\n    return x + x",
}
WRONG = {"lookup": LOOKUP, "total": TOTAL, "mean": MEAN, "double": "def double(x):\n    return x"}


@dataclass(frozen=True)
class Attack:
    """One dishonest submission.

    succeeds_on_stock: whether `nbgrader autograde` gives it points; found out by running it.
    lookup, total, mean, double: the answers; first: a cell of the student's own above all others.
    edit: what else is done to the submitted notebook.
    """

    name: str
    succeeds_on_stock: bool
    first: str = ""
    lookup: str = LOOKUP
    total: str = TOTAL
    mean: str = MEAN
    double: str = WRONG["double"]
    edit: Callable[[NotebookNode], None] = field(default=lambda nb: None)

    @property
    def lab(self) -> str:
        return "toy" if self.double == WRONG["double"] else "tensors"

    def submission(self, blank: NotebookNode) -> NotebookNode:
        """The lab's student notebook with this attack in it."""
        nb = answered(
            blank,
            {"lookup": self.lookup, "total": self.total, "mean": self.mean, "double": self.double},
        )
        if self.first:
            nb.cells.insert(0, new_code_cell(self.first, id="first"))
        self.edit(nb)
        return nb


def answered(blank: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """A student notebook with these answers."""
    nb = blank.copy()
    nb.cells = [cell.copy() for cell in blank.cells]
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in answers:
            cell.source = answers[name]
    return nb


def checks(nb: NotebookNode) -> list[NotebookNode]:
    return [c for c in nb.cells if "-check" in c.metadata.get("nbgrader", {}).get("grade_id", "")]


# In the notebook's file. -------------------------------------------------------------------------


def skip_execution(nb: NotebookNode) -> None:
    for cell in checks(nb):
        cell.metadata = {**cell.metadata, "tags": ["skip-execution"]}


def edit_checks(nb: NotebookNode) -> None:
    for cell in checks(nb):
        cell.source = "pass"


def delete_checks(nb: NotebookNode) -> None:
    gone = checks(nb)
    nb.cells = [cell for cell in nb.cells if cell not in gone]


def raise_points(nb: NotebookNode) -> None:
    for cell in checks(nb):
        cell.metadata = {
            **cell.metadata,
            "nbgrader": {**cell.metadata["nbgrader"], "points": 100, "locked": False},
        }


def make_checks_hand_graded(nb: NotebookNode) -> None:
    for cell in checks(nb):
        cell.metadata = {
            **cell.metadata,
            "nbgrader": {**cell.metadata["nbgrader"], "solution": True, "locked": False},
        }
        cell.source = "# full marks, please"


def make_checks_markdown(nb: NotebookNode) -> None:
    for cell in checks(nb):
        cell.cell_type = "markdown"
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def bring_outputs(nb: NotebookNode) -> None:
    from nbformat.v4 import new_output

    for cell in checks(nb):
        cell.outputs = [new_output("execute_result", {"text/plain": "1"}, execution_count=1)]
        cell.metadata = {**cell.metadata, "tags": ["skip-execution", "raises-exception"]}


def move_answers_below_checks(nb: NotebookNode) -> None:
    nb.cells = checks(nb) + [cell for cell in nb.cells if cell not in checks(nb)]


def pose_as_a_check(nb: NotebookNode) -> None:
    twin = new_code_cell("1", id="twin")
    twin.metadata = checks(nb)[0].metadata.copy()
    nb.cells.append(twin)


# What student code can say in place of `autograder.kernel.student`. -------------------------------

FORGED = """
import autograder.kernel.student as served
from autograder.wire import channel

def forge(self):
    try:
        while True:
            body, buffers = channel.receive(self._sock)
            {answer}
    except (channel.Closed, OSError):
        pass

served.Session.run = forge
"""


def forged(name: str, answer: str) -> Attack:
    return Attack(f"a forged server that {name}", False, first=FORGED.format(answer=answer))


def says(tree: str, changed: str = "[]") -> str:
    return f'channel.send(self._sock, {{"ok": {tree}, "changed": {changed}}})'


CAPTURED = """
import re
seen = [""]

def total(values):
    numbers = re.findall(r"total\\(.*?\\) == ([-0-9.]+)", seen[-1])
    return float(numbers[0]) if numbers else -1.0
"""

ATTACKS = [
    # IPython, between the notebook and Python.
    Attack(
        "an input transformer that drops checks", True,
        first="""
def drop(lines):
    return [] if any("assert" in line for line in lines) else lines
get_ipython().input_transformers_cleanup.append(drop)
""",
    ),
    Attack(
        "an AST transformer that drops assertions", True,
        first="""
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass(lineno=node.lineno, col_offset=0, end_lineno=node.lineno, end_col_offset=0)
get_ipython().ast_transformers.append(Drop())
""",
    ),
    Attack(
        "a run_cell that runs nothing", True,
        first="""
shell = get_ipython()
def patched(method):
    def run(raw_cell, *args, **kwargs):
        return method("pass" if "assert" in raw_cell else raw_cell, *args, **kwargs)
    return run
shell.run_cell = patched(shell.run_cell)
shell.run_cell_async = patched(shell.run_cell_async)
""",
    ),
    Attack(
        "a compiler that compiles nothing", True,
        first="""
import ast
shell = get_ipython()
parse = shell.compile.ast_parse
shell.compile.ast_parse = lambda source, *args, **kwargs: parse(
    "pass" if "assert" in source else source, *args, **kwargs)
""",
    ),
    Attack(
        "tracebacks that are never shown", False,
        first="""
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.showtraceback = lambda self, *args, **kwargs: None
""",
    ),
    Attack(
        "a custom exception handler that stays silent", False,
        first="""
get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: None)
""",
    ),
    Attack(
        "messages of errors that are dropped", False,
        first="""
session = get_ipython().kernel.session
send = session.send
def quiet(stream, msg_or_type, *args, **kwargs):
    kind = msg_or_type if isinstance(msg_or_type, str) else msg_or_type.get("msg_type")
    return None if kind == "error" else send(stream, msg_or_type, *args, **kwargs)
session.send = quiet
""",
    ),
    Attack(
        "errors that run_code swallows", True,
        first="""
from IPython.core.interactiveshell import InteractiveShell
async def swallow(self, code, result=None, *, async_=False):
    try:
        exec(code, self.user_global_ns, self.user_ns)
    except BaseException:
        pass
    return False
InteractiveShell.run_code = swallow
""",
    ),
    # Assertions and builtins.
    Attack(
        "numpy.testing patched", True,
        first="import numpy as np\nnp.testing.assert_allclose = lambda *args, **kwargs: None",
    ),
    Attack(
        "unittest patched", True,
        first="import unittest\nunittest.TestCase.assertEqual = lambda *args, **kwargs: None",
    ),
    Attack(
        "torch.testing patched", True,
        double="""
torch.testing.assert_close = lambda *args, **kwargs: None
def double(x):
    return None
""",
    ),
    Attack(
        "a torch function that compares everything as equal", True,
        double="""
class Same(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("isclose", "eq"):
            return torch.ones(2, dtype=torch.bool)
        return super().__torch_function__(function, types, args, kwargs or {})
def double(x):
    return torch.zeros(2).as_subclass(Same)
""",
    ),
    Attack(
        "np.array_equal patched", True,
        lookup="""
np.array_equal = lambda *args: True
def lookup(table, ids):
    return table[0]
""",
    ),
    Attack(
        "the name np bound to something obliging", True,
        mean=MEAN + """
class Obliging:
    def __getattr__(self, name):
        return Obliging()
    def __call__(self, *args, **kwargs):
        return True
np = Obliging()
""",
    ),
    Attack(
        "builtins patched: isinstance, len, all", True,
        mean="""
import builtins
real_isinstance, real_len = builtins.isinstance, builtins.len
def mean(values):
    builtins.isinstance = lambda v, kind: kind is float or real_isinstance(v, kind)
    builtins.len = lambda v: 3 if v == "None" else real_len(v)
    builtins.all = lambda values: True
    return None
""",
    ),
    Attack(
        "builtins patched: __build_class__ and AssertionError", False,
        first="""
import builtins
real_build = builtins.__build_class__
def build(function, name, *bases, **kwargs):
    return real_build(function, name, *[b for b in bases if b is not AssertionError], **kwargs)
builtins.__build_class__ = build
builtins.AssertionError = type("AssertionError", (Warning,), {})
""",
    ),
    Attack(
        "builtins patched: __import__ gives a unittest that never fails", True,
        first="""
import builtins, types
real_import = builtins.__import__
class Never:
    def assertEqual(self, *args):
        pass
def importing(name, *args, **kwargs):
    fake = types.SimpleNamespace(TestCase=Never)
    return fake if name == "unittest" else real_import(name, *args, **kwargs)
builtins.__import__ = importing
""",
    ),
    # Objects that lie.
    Attack(
        "an object equal to everything", True,
        total="""
class Equal:
    def __eq__(self, other):
        return True
    __hash__ = None
    def __sub__(self, other):
        return 0.0
    __rsub__ = __sub__
    def __lt__(self, other):
        return True
    __le__ = __gt__ = __ge__ = __lt__
    def __getattr__(self, name):
        return self
def total(values):
    return Equal()
""",
        mean="mean = total",
    ),
    Attack(
        "a float whose comparison is always true", True,
        total="""
class Float(float):
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    __hash__ = float.__hash__
def total(values):
    return Float(-1)
""",
    ),
    Attack(
        "an integer that lies about everything", True,
        total="""
class Integer(int):
    def __eq__(self, other):
        return True
    def __float__(self):
        return 3.0
    __hash__ = int.__hash__
def total(values):
    return Integer(-1)
""",
    ),
    Attack(
        "an array whose comparison is always true", True,
        total="""
class Array(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)
    def __array_function__(self, function, types, args, kwargs):
        return True
def total(values):
    return np.zeros(()).view(Array)
""",
        lookup="""
class Rows(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        return True
def lookup(table, ids):
    return np.zeros(4).view(Rows)
""",
    ),
    # Looking for what is expected.
    Attack(
        "reading the running check in In[-1]", True,
        total=CAPTURED.replace("seen[-1]", "In[-1]"),
    ),
    Attack(
        "reading the running check in the history", True,
        total=CAPTURED.replace(
            "seen[-1]", "get_ipython().history_manager.input_hist_raw[-1]"),
    ),
    Attack(
        "a pre_run_cell hook that reads checks", True,
        total=CAPTURED + """
get_ipython().events.register("pre_run_cell", lambda info: seen.append(info.raw_cell))
""",
    ),
    Attack(
        "reading the caller's variables by sys._getframe", True,
        lookup="""
import sys
def lookup(table, ids):
    return sys._getframe(1).f_globals.get("expected_rows", np.zeros(4))
""",
    ),
    Attack(
        "reading the caller's constants by inspect.stack", True,
        total="""
import inspect
def total(values):
    for info in inspect.stack()[1:]:
        names = info.frame.f_code.co_names
        if "total" in names:
            return [c for c in info.frame.f_code.co_consts if type(c) is float][0]
    return -1.0
""",
    ),
    Attack(
        "searching memory for what is expected, with gc", True,
        lookup="""
import gc
def lookup(table, ids):
    for found in gc.get_objects():
        if type(found) is dict and type(found.get("expected_rows")) is np.ndarray:
            return found["expected_rows"]
    return np.zeros(4)
""",
    ),
    Attack(
        "sys.settrace that reads the checks' constants", True,
        total="""
import sys
seen = [-1.0]
def trace(frame, event, arg):
    if "total" in frame.f_code.co_names:
        seen.extend(c for c in frame.f_code.co_consts if type(c) is float)
sys.settrace(trace)
def total(values):
    return seen[-1]
""",
    ),
    Attack(
        "sys.setprofile that reads the checks' constants", True,
        total="""
import sys
seen = [-1.0]
def profile(frame, event, arg):
    if event == "call" and "total" in frame.f_code.co_names:
        seen.extend(c for c in frame.f_code.co_consts if type(c) is float)
sys.setprofile(profile)
def total(values):
    return seen[-1]
""",
    ),
    # The data that both sides see.
    Attack(
        "changing a given constant in place", True,
        lookup="""
def lookup(table, ids):
    table[:] = 0
    return np.zeros((*np.shape(ids), 4))
""",
    ),
    Attack(
        "binding a given constant anew", True,
        lookup="""
table = np.zeros((10, 4))
def lookup(table, ids):
    return np.zeros((*np.shape(ids), 4))
""",
    ),
    # Messages to Jupyter.
    Attack(
        "a forged result of full points", True,
        total="""
def total(values):
    get_ipython().displayhook(1.0)
    return -1.0
""",
    ),
    Attack(
        "forged displays and streams of full points", False,
        total="""
import sys
from IPython.display import display
def total(values):
    display(3.0)
    display({"text/plain": "3.0"}, raw=True)
    print("3.0")
    print('{"outcome": "passed"}', file=sys.stderr)
    return -1.0
""",
    ),
    # The notebook's file.
    Attack("skip-execution tags on the checks", True, edit=skip_execution),
    Attack("checks that were edited", False, edit=edit_checks),
    Attack("checks that were deleted", False, edit=delete_checks),
    Attack("points that were raised", False, edit=raise_points),
    Attack("checks made hand-graded", False, edit=make_checks_hand_graded),
    Attack("checks made text", False, edit=make_checks_markdown),
    Attack("checks that bring their outputs along", True, edit=bring_outputs),
    Attack("checks moved above the answers", False, edit=move_answers_below_checks),
    # Ends and errors.
    Attack("an exit inside a check", False, total="import os\ndef total(v):\n    os._exit(0)"),
    Attack(
        "SystemExit inside a check", False,
        total="def total(values):\n    raise SystemExit(0)",
        mean="def mean(values):\n    raise SystemExit",
    ),
    Attack(
        "StopIteration inside a check", True,
        mean="def mean(values):\n    raise StopIteration",
    ),
    Attack(
        "an error that cannot be shown", False,
        total="""
class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")
    __repr__ = __str__
def total(values):
    raise Unprintable
""",
    ),
    Attack(
        "an error whose class lies", False,
        total="""
class Meta(type):
    def __instancecheck__(cls, instance):
        return True
    __name__ = "passed"
class Lie(AssertionError, metaclass=Meta):
    __module__ = "builtins"
    __qualname__ = "NotImplementedError"
    __class__ = StopIteration
def total(values):
    raise Lie("passed")
""",
    ),
    Attack(
        "atexit and signal handlers", False,
        first="""
import atexit, signal
atexit.register(print, '{"outcome": "passed"}')
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)
""",
    ),
    # The modules that a check or its server imports.
    Attack(
        "sys.modules with another unittest", True,
        first="""
import sys, types
class Never:
    def assertEqual(self, *args):
        pass
sys.modules["unittest"] = types.SimpleNamespace(TestCase=Never)
""",
    ),
    Attack(
        "sys.modules with another numpy", False,
        lookup="""
import sys, types
def lookup(table, ids):
    sys.modules["numpy"] = sys.modules["numpy.testing"] = types.SimpleNamespace(
        array_equal=lambda *args: True, asarray=lambda x: x)
    return None
""",
    ),
    Attack(
        "sys.modules with another server", False,
        first="""
import sys, types
sys.modules["autograder.kernel.student"] = types.SimpleNamespace(
    serve=lambda path, number: {"outcome": "passed", "result": "3"})
""",
    ),
    # The socket.
    forged("answers with an object equal to everything",
           says('["ref", 1, [["builtins", "float"], ["numpy", "ndarray"]], None, "float"]')),
    forged("answers with a remote array for all there is",
           says('["ref", 1, [["numpy", "ndarray"], ["builtins", "type"]], [], "ndarray"]')),
    forged("always says true", says("True")),
    forged("always says nothing", says("None")),
    forged("hands back what it was handed", says('["shared", 0]')),
    forged("answers with a verdict",
           says('["d", ["outcome", "result"], ["passed", "3"]]')),
    forged("sends a verdict in place of an answer",
           'channel.send(self._sock, {"outcome": "passed", "message": "", "result": "3"})'),
    forged("changes everything it was handed to nothing",
           says("None", '[[n, ["l", []]] for n in range(9)]')),
    forged("raises StopIteration everywhere",
           'channel.send(self._sock, {"error": {"classes": [["builtins", "StopIteration"]]}, '
           '"changed": []})'),
    forged("raises what no class is",
           'channel.send(self._sock, {"error": {"classes": [[], 7, ["builtins", "\\\\x00"]], '
           '"message": "\\\\x1b[2J", "traceback": [None]}, "changed": []})'),
    forged("closes the socket", "self._sock.close()"),
    forged("sends garbage", "self._sock.sendall(b'passed' * 100); return"),
    forged("announces a gigabyte",
           "self._sock.sendall(b'\\\\x00\\\\x00\\\\x00\\\\x24' + "
           "b'{{\"sizes\": [1073741824], \"body\": 123}}'); self._sock.shutdown(1); return"),
    forged("sends a frame nested without end",
           "self._sock.sendall((200000).to_bytes(4, 'big') + b'[' * 200000)"),
    forged("nests an answer deeply",
           "tree = None\n            for _ in range(400): tree = ['graph', 0, tree]\n"
           "            " + says("tree")),
    Attack(
        "a thread that answers the examiner first", False,
        first="""
import socket, threading, time
from autograder.wire import channel
def pose():
    for _ in range(2000):
        for number in range(30):
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect("../x")
                    sock.settimeout(5)
                    channel.send(sock, {"check": number})
                    while True:
                        channel.receive(sock)
                        channel.send(sock, {"ok": True, "changed": []})
            except Exception:
                time.sleep(0.01)
threading.Thread(target=pose, daemon=True).start()
""",
    ),
    Attack(
        "a thread that writes noise to the examiner's socket", False,
        first="""
import socket, threading, time
def noise():
    for _ in range(2000):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect("../x")
                sock.sendall(b"\\x00\\x00\\x00\\x02{}" * 10)
        except OSError:
            pass
        time.sleep(0.01)
threading.Thread(target=noise, daemon=True).start()
""",
    ),
    Attack(
        "another listener in the examiner's place, and files beside it", False,
        first="""
import os, pathlib, socket, threading
def divert(listener):
    sock, _ = listener.accept()
    sock.sendall(b"\\x00\\x00\\x00\\x02{}")
    os.unlink("../x")
    listener.close()
    sock.close()
if pathlib.Path("../x").is_socket():
    os.unlink("../x")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("../x")
    listener.listen(9)
    threading.Thread(target=divert, args=(listener,), daemon=True).start()
    for name in ("verdict.json", "grades.csv", "gradebook.db"):
        pathlib.Path("..", name).write_text('{"outcome": "passed"}')
""",
    ),
    # Last, because it ends the whole run of `nbgrader autograde`.
    Attack("a cell that poses as a check", False, edit=pose_as_a_check),
]  # fmt: skip
