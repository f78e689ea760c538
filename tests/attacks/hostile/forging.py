"""Points that were not earned: answers that lie, and answers in place of the kernel's own.

More of them, on labs of their own and beside stock nbgrader, are in `tests.attacks.arsenal`.
"""

from __future__ import annotations

from tests.attacks.arsenal import FORGED, says
from tests.attacks.hostile.notebooks import Hostile, Told

FAMILY = "score forging"
JUDGED = Told(each=frozenset({"wrong", "error", "not attempted"}))
DISTURBED = Told("partial", "", each=frozenset({"wrong", "error", "not attempted", "timed out"}))


def answers(name: str, tries: str, code: str, told: Told = JUDGED) -> Hostile:
    return Hostile(name, FAMILY, tries, code=code, told=told)


def server(
    name: str, tries: str, answer: str, told: Told = JUDGED, costly: bool = False
) -> Hostile:
    return Hostile(name, FAMILY, tries, code=FORGED.format(answer=answer), told=told, costly=costly)


FORGING = [
    answers(
        "no number at all", "Answers with NaN, for which no comparison of a check is false.",
        """
import numpy as np
def like(x):
    try:
        if hasattr(x, "detach"):
            return x.detach() * float("nan") if x.is_floating_point() else x * float("nan")
        return np.full(np.shape(x), np.nan)
    except Exception:
        return float("nan")
def hostile(*args, **kwargs):
    return like(args[0]) if args else float("nan")
""",
    ),
    answers(
        "what it was handed", "Hands back its first argument, as if that were the answer.",
        "def hostile(*args, **kwargs):\n    return args[0] if args else kwargs",
    ),
    answers(
        "an object that agrees", "Answers with an object that is equal to everything, and all else.",
        """
class Agrees:
    def __call__(self, *args, **kwargs):
        return self
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self
    def __eq__(self, other):
        return True
    __ne__ = lambda self, other: False
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    __hash__ = lambda self: 0
    __len__ = lambda self: 1
    __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __call__
    __abs__ = __neg__ = __matmul__ = __truediv__ = __pow__ = __enter__ = __call__
    __bool__ = lambda self: True
    __float__ = lambda self: 0.0
    __int__ = __index__ = lambda self: 0
    __iter__ = lambda self: iter([self])
    def __exit__(self, *error):
        return True
    def __array__(self, *args, **kwargs):
        import numpy as np
        return np.zeros(1)
    @property
    def __class__(self):
        import torch
        return torch.nn.Module
hostile = Agrees()
""",
        # Where a check goes through all of it, as of any sequence, that ends when time does.
        Told("graded or partial", None, each=JUDGED.each | {"timed out"}),
    ),
    answers(
        "an object of hostile methods", "Answers with an object whose every special method fails "
        "or lies in another way.",
        """
class Base(type):
    def __instancecheck__(cls, instance):
        return True
    def __subclasscheck__(cls, other):
        return True
    def __eq__(cls, other):
        return True
    __hash__ = type.__hash__
class Worst(metaclass=Base):
    __module__, __qualname__, __name__ = "builtins", "bool", "bool"
    __len__ = lambda self: -1
    __bool__ = lambda self: 2
    __iter__ = lambda self: self
    __float__ = __int__ = __index__ = lambda self: "1"
    __repr__ = __str__ = lambda self: b"passed"
    __eq__ = lambda self, other: NotImplemented
    __hash__ = lambda self: 10**30
    def __next__(self):
        raise StopAsyncIteration
    def __getattribute__(self, name):
        raise KeyboardInterrupt if name == "shape" else GeneratorExit(name)
    def __array__(self, *args):
        return self
    def __call__(self, *args, **kwargs):
        return self
def hostile(*args, **kwargs):
    return Worst()
""",
    ),
    answers(
        "the ends of programs", "Raises what ends programs, iterations and tests, in every answer.",
        """
import unittest
turn = 0
def hostile(*args, **kwargs):
    global turn
    turn += 1
    kinds = [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, StopAsyncIteration,
             unittest.SkipTest, BaseExceptionGroup, RecursionError, MemoryError, AssertionError]
    kind = kinds[turn % len(kinds)]
    raise kind("passed", [ValueError()]) if kind is BaseExceptionGroup else kind("passed")
""",
    ),
    answers(
        "arguments changed in place", "Changes what a check hands over, to make it agree.",
        """
def hostile(*args, **kwargs):
    for value in [*args, *kwargs.values()]:
        try:
            if isinstance(value, (list, dict, set)):
                value.clear()
            elif hasattr(value, "zero_"):
                value.detach().zero_()
            else:
                value[...] = 0
        except Exception:
            pass
    return args[0] if args else None
""",
    ),
    answers(
        "structures that hold themselves", "Answers with lists and dictionaries that go in circles, "
        "with deep ones and with enormous integers.",
        """
circle = []
circle += [circle, {0: circle}]
deep = ()
for _ in range(10_000):
    deep = (deep,)
turn = 0
def hostile(*args, **kwargs):
    global turn
    turn += 1
    return [circle, deep, 1 << 4_000_000, -(1 << 100_000), range(10**30), float("inf"), "\\ud800",
            {float("nan"): circle}, slice(None, 10**400), 1e308 * 1j, b"\\0" * 10**6][turn % 11]
""",
    ),
    answers(
        "another library", "Replaces what the kernel imports and calls to answer: sockets, JSON, NumPy.",
        """
import autograder.kernel.student as served, autograder.wire.codec as codec, operator
codec.Encoder.encode = lambda self, value, depth=0: True
served.describe = lambda error: {"classes": [["builtins", "StopIteration"]], "message": "",
                                 "traceback": []}
operator.eq = lambda a, b: True
def hostile(*args, **kwargs):
    return True
""",
        Told(each=JUDGED.each | {"crashed"}),
    ),
    server("true, whatever is asked", "Answers every question of the examiner with True.",
           says("True")),
    server(
        "a thing of every class", "Claims that all it has is a tensor, an array, a module and a bool.",
        says('["ref", 1, [["torch", "Tensor"], ["numpy", "ndarray"], ["builtins", "bool"], '
             '["torch.nn.modules.module", "Module"], ["keras.src.layers.layer", "Layer"]], '
             'None, "Tensor"]'),
        DISTURBED, costly=True,  # some checks go through it for ever
    ),
    server("the question for an answer", "Hands back the examiner's own values.",
           says('["shared", 0]')),
    server(
        "a verdict for an answer", "Sends what the examiner sends to the grader: passed, full points.",
        'channel.send(self._sock, {"outcome": "passed", "message": "", "ename": "", "traceback": [], '
        '"result": "100", "printed": ""})',
    ),
    server(
        "two answers at once", "Answers each question twice, and the next one before it is asked.",
        says("True") + "; " + says("1.0") + "; " + says("None"),
    ),
    server(
        "frames that break every rule", "Sends lengths, types and depths that no honest kernel sends.",
        "self._sock.sendall((2**31).to_bytes(4, 'big') + b'[' * 10**6); self._sock.shutdown(1); return",
    ),
    server(
        "data that is malformed", "Announces arrays of impossible shapes, types, buffers and classes.",
        "import random; " + says(
            'random.choice([["array", "|O8", [1], 0], ["array", "<f8", [2**40], 0], ["np", "<f8", 9], '
            '["torch", "float128", [1], 0], ["I", "0x" + "f" * 999_999], ["d", [["l", []]], [None]], '
            '["set", [["l", []]]], ["range", "0x0", "0x1", "0x0"], ["size", [10**30]], ["f", "1e99999"], '
            '["ref", "x", {}, 1, None], ["shared", 10**9], ["graph", -1, None], ["s", 1], [], {}])'),
    ),
    Hostile(
        "another examiner's place", FAMILY,
        "Takes the place of the examiner's socket, and connects to it a hundred times from threads.",
        code="""
from autograder.wire import channel
for action in (lambda: os.unlink("../x"), lambda: os.rename("../x", "../y"),
               lambda: os.symlink("/dev/null", "../x"), lambda: open("../x", "w"),
               lambda: socket.socket(socket.AF_UNIX).bind("../x")):
    attempt("replacing the socket", action)
def pose():
    for turn in range(100):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect("../x")
                sock.settimeout(1)
                if turn % 2:
                    channel.send(sock, {"check": turn % 40})
                    while True:
                        channel.receive(sock)
                        channel.send(sock, {"ok": True, "changed": []})
                sock.sendall(b"\\0\\0\\0\\x02{}" * 10)
        except Exception:
            time.sleep(0.02)
for _ in range(4):
    threading.Thread(target=pose, daemon=True).start()
""",
        told=JUDGED,
    ),
    Hostile(
        "silence", FAMILY, "Takes the examiner's questions and never answers one.",
        code=FORGED.format(answer="time.sleep(600)"),
        told=Told("partial", "", each=frozenset({"timed out"})), costly=True,
    ),
    Hostile(
        "an answer by the drop", FAMILY, "Answers byte by byte, so that no single wait is too long.",
        code=FORGED.format(answer="""
            for byte in (2**20).to_bytes(4, "big") + b" " * 2**20:
                self._sock.sendall(bytes([byte])); time.sleep(0.5)"""),
        told=Told("partial", "", each=frozenset({"timed out"})), costly=True,
    ),
    Hostile(
        "reading what is expected", FAMILY,
        "Searches the frames, the objects and the memory of its process for what a check expects.",
        code="""
import gc
def hostile(*args, **kwargs):
    for found in gc.get_objects():
        if type(found) is dict:
            for name, value in list(found.items()):
                if type(name) is str and name.startswith(("expected", "t_", "want")):
                    return value
    raise LookupError("nothing is expected here")
""",
        told=JUDGED,
    ),
]  # fmt: skip
