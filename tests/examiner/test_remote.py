"""A check means the same whether the student's objects are here or in another process.

Checks in `SAME` are written once and run both ways; what only holds through the examiner, such as
what it refuses, follows below.
"""

from __future__ import annotations

import copy
import marshal
import pickle
import socket
import threading
from typing import Any

import pytest

from autograder.examiner.remote import Session
from autograder.kernel import student
from autograder.wire.codec import WireError
from autograder.wire.sharing import MANY
from tests.examiner.sides import Run, against, module_of, plainly, remotely

FUNCTIONS = '''
from contextlib import contextmanager

def lookup(table, ids):
    """Rows of a table."""
    return table[np.asarray(ids)]

def scale(x, by=2.0, *, plus=0):
    return x * by + plus

def boom(kind):
    raise {"value": ValueError, "key": KeyError, "zero": ZeroDivisionError}[kind]("of " + kind)

class Broken(ValueError):
    pass

class Own(Exception):
    pass

def broken():
    raise Broken("it broke")

def own():
    raise Own("mine")

def missing():
    return {}["gone"]

def count(n):
    for i in range(n):
        yield i * np.ones(2)

@contextmanager
def opened(log):
    log.append("open")
    yield len(log)
    log.append("closed")

class Vector:
    kind = "row"

    def __init__(self, *values):
        self.values = list(values)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, i):
        return self.values[i]

    def __setitem__(self, i, value):
        self.values[i] = value

    def __delitem__(self, i):
        del self.values[i]

    def __contains__(self, value):
        return value in self.values

    def __iter__(self):
        return iter(self.values)

    def __eq__(self, other):
        return isinstance(other, Vector) and self.values == other.values

    def __hash__(self):
        return 0

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.values, other.values)))

    def __lt__(self, other):
        return self.values < other.values

    def __neg__(self):
        return Vector(*(-v for v in self.values))

    def __abs__(self):
        return sum(v * v for v in self.values) ** 0.5

    def __float__(self):
        return float(self.values[0])

    def __repr__(self):
        return f"Vector{tuple(self.values)}"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.values.append("left")
        return True

class Longer(Vector):
    @property
    def size(self):
        return len(self.values)

    def fails(self):
        raise RuntimeError("inside")

v = Vector(3.0, 4.0)
longer = Longer(1.0)
vectors = [v, longer, v]
state = {"count": 0}

def fill(x):
    x[...] = 7

def push(items):
    items.append(len(items))
    return items

def keep(x):
    global kept
    kept = x

def stub():
    raise NotImplementedError("do it")

def leave():
    raise SystemExit(3)

def interrupt():
    raise KeyboardInterrupt

def stop():
    raise StopIteration

def late():
    raise TimeoutError("too late")

class Mute(Exception):
    def __str__(self):
        raise ValueError("no text")

def mute():
    raise Mute
'''

TORCH = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(5, 3)
        self.out = nn.Linear(3, 5, bias=False)
        self.out.weight = self.e.weight
        self.free = nn.Linear(3, 2)

    def forward(self, x):
        return self.e(x).sum(1)

torch.manual_seed(0)
net = Net()

def bag(weight, ids):
    return weight[ids].sum(0)

def loss(weight):
    return (net.e.weight * weight).sum()

def step(model, x):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    value = model(x).pow(2).sum()
    value.backward()
    optimizer.step()
    return value.item()
"""

SAME = {
    # Plain functions and data.
    "a function gives what it computes": "assert np.array_equal(lookup(E, [1, 2]), E[1:3])",
    "its result is an ordinary array": """
        got = lookup(E, 3)
        assert type(got) is np.ndarray and got.dtype == E.dtype and got.shape == (4,)
    """,
    "keyword arguments arrive by name": "assert scale(3, plus=1, by=4) == 13",
    "a function has its name, its text and its code": """
        import inspect
        assert inspect.isfunction(lookup) and callable(lookup)
        assert lookup.__name__ == "lookup" and lookup.__doc__ == "Rows of a table."
        assert lookup.__code__.co_argcount == 2 and scale.__defaults__ == (2.0,)
    """,
    "an array changed in place is changed": "x = np.zeros(3); fill(x); assert x.sum() == 21",
    "a list changed in place is the same list": """
        items = []
        assert push(items) is items and push(items) == [0, 1]
    """,
    "an object that was kept stays the same object": """
        import __main__ as student
        x = np.zeros(2)
        keep(x)
        x[0] = 5
        assert student.kept is x and student.kept[0] == 5
        student.kept[1] = 6
        assert x.tolist() == [5, 6]
    """,
    "names of the student can be read and set": """
        import __main__ as student
        assert student.state == {"count": 0}
        student.extra = [1, 2]
        assert student.extra == [1, 2] and hasattr(student, "lookup")
        assert not hasattr(student, "nothing") and getattr(student, "nothing", 5) == 5
    """,
    "modules are reached through the student": """
        import __main__ as student
        assert student.np.sum([1, 2]) == 3 and student.np.__name__ == "numpy"
    """,
    # Classes and their objects.
    "an object has attributes, items and a length": """
        assert v.kind == "row" and v.values == [3.0, 4.0]
        assert len(v) == 2 and v[1] == 4.0 and 3.0 in v and 9.0 not in v
    """,
    "items can be set and deleted": """
        import __main__ as student
        w = student.Vector(1, 2)
        w[0] = 5
        del w[1]
        assert w.values == [5]
        w.values = [8]
        assert len(w) == 1 and list(w) == [8]
    """,
    "an object iterates, unpacks and is summed": """
        a, b = v
        assert [a, b] == list(v) == [3.0, 4.0] and sum(v) == 7.0 and max(v) == 4.0
    """,
    "isinstance and issubclass know the student's classes": """
        import __main__ as student
        assert isinstance(v, student.Vector) and not isinstance(v, student.Longer)
        assert isinstance(longer, (int, student.Vector)) and not isinstance(3, student.Vector)
        assert issubclass(student.Longer, student.Vector)
        assert not issubclass(student.Vector, student.Longer)
        assert isinstance(student.Vector, type) and isinstance(longer, object)
    """,
    "identity holds wherever an object is met": """
        import __main__ as student
        assert v is v and vectors[0] is v and vectors[2] is v and vectors[1] is not v
        assert student.v is v and v in vectors and longer in vectors
    """,
    "two of the student's objects are compared by their own class": """
        import __main__ as student
        assert v == student.Vector(3.0, 4.0) and v != longer and v is not student.Vector(3.0, 4.0)
        assert longer < v
    """,
    "two of the student's objects are added by their own class": """
        assert (v + v).values == [6.0, 8.0] and (-v).values == [-3.0, -4.0]
        assert abs(v) == 5.0 and float(v) == 3.0
    """,
    "text of an object is its own": "assert repr(v) == str(v) == f'{v}' == 'Vector(3.0, 4.0)'",
    "an object is made by calling its class": """
        import __main__ as student
        w = student.Longer(1, 2, 3)
        assert w.size == 3 and type(w.values) is list
    """,
    "objects can be put in sets and dicts": "assert len({v, longer, v}) == 2 and {v: 1}[v] == 1",
    "an attribute that is not there is an AttributeError": """
        assert not hasattr(v, "nothing") and getattr(v, "nothing", None) is None
        try:
            v.nothing
        except AttributeError as error:
            assert "nothing" in str(error)
        else:
            raise AssertionError("no error")
    """,
    # Generators and context managers.
    "a generator gives what it yields": """
        assert [float(x[0]) for x in count(3)] == [0, 1, 2]
        g = count(1)
        assert iter(g) is g and next(g).shape == (2,) and next(g, None) is None
        try:
            next(g)
        except StopIteration:
            pass
        else:
            raise AssertionError("it goes on")
    """,
    "a generator is one": """
        import inspect, types
        assert inspect.isfunction(count)
        assert isinstance(count(1), types.GeneratorType)
    """,
    "a context manager is entered and left": """
        log = []
        with opened(log) as n:
            assert n == 1 and log == ["open"]
        assert log == ["open", "closed"]
    """,
    # Errors.
    "builtin errors can be caught by their class": """
        for kind, cls in [("value", ValueError), ("key", KeyError), ("zero", ArithmeticError)]:
            try:
                boom(kind)
            except cls as error:
                assert kind in str(error)
            else:
                raise AssertionError("no error")
    """,
    "a KeyError has the text that Python gives it": """
        try:
            missing()
        except KeyError as error:
            assert str(error) == "'gone'"
        else:
            raise AssertionError("no error")
    """,
    "an error of the student's own class is caught by its builtin base": """
        try:
            broken()
        except ValueError as error:
            assert str(error) == "it broke" and type(error).__name__ == "Broken"
        else:
            raise AssertionError("no error")
    """,
    "numpy and unittest can expect an error": """
        import unittest
        np.testing.assert_raises(ValueError, boom, "value")
        with unittest.TestCase().assertRaisesRegex(ZeroDivisionError, "of zero"):
            boom("zero")
    """,
    "StopIteration in a function ends no loop of the check": """
        try:
            assert [stop() for _ in range(2)] is None
        except (StopIteration, RuntimeError, Exception):
            pass
        else:
            raise AssertionError("no error")
    """,
}  # fmt: skip

SAME_TORCH = {
    "a module is a module and so are its parts": """
        import __main__ as student
        assert isinstance(net, nn.Module) and isinstance(net, student.Net)
        assert isinstance(net.e, nn.Embedding) and not isinstance(net.e, nn.Linear)
        assert issubclass(student.Net, nn.Module) and not issubclass(student.Net, nn.Linear)
    """,
    "a parameter is a parameter and a tensor": """
        w = net.e.weight
        assert isinstance(w, nn.Parameter) and isinstance(w, torch.Tensor) and torch.is_tensor(w)
        assert not isinstance(w, (int, nn.Module)) and isinstance(w, (int, nn.Parameter))
    """,
    "unittest, too, sees a parameter": """
        import unittest
        unittest.TestCase().assertIsInstance(net.e.weight, nn.Parameter)
    """,
    "tied weights are identical": """
        assert net.e.weight is net.e.weight and net.out.weight is net.e.weight
        assert net.free.weight is not net.e.weight
    """,
    "shapes, sizes and dtypes of parameters": """
        assert net.e.weight.shape == (5, 3) and net.e.weight.dtype == torch.float32
        assert type(net.e.weight.shape) is torch.Size and net.e.weight.requires_grad
        assert [tuple(p.shape) for p in net.parameters()] == [(5, 3), (2, 3), (2,)]
        assert sum(p.numel() for p in net.parameters()) == 23
    """,
    "values of parameters": """
        w = net.e.weight
        assert np.array_equal(np.asarray(w.detach()), w.detach().numpy())
        assert torch.equal(w, w.detach()) and torch.allclose(w, w.detach() + 1e-9)
        assert torch.allclose(torch.sum(w, dim=0), w.detach().sum(dim=0))
    """,
    "calculating with a parameter": """
        w, plain = net.e.weight, net.e.weight.detach()
        assert torch.equal(w * 2, plain * 2) and torch.equal(1 - w, 1 - plain)
        assert torch.equal(w - plain, torch.zeros(5, 3)) and ((w - plain).abs() < 1e-9).all()
        assert torch.equal(plain @ w[0], plain @ plain[0])
    """,
    "state_dict has names and tensors": """
        state = net.state_dict()
        assert list(state) == ["e.weight", "out.weight", "free.weight", "free.bias"]
        assert torch.equal(state["e.weight"], net.e.weight.detach())
        assert [name for name, _ in net.named_parameters()] == [
            "e.weight", "free.weight", "free.bias"]
    """,
    "weights can be loaded and copied": """
        state = {name: torch.zeros_like(value) for name, value in net.state_dict().items()}
        net.load_state_dict(state)
        assert float(net.e.weight.detach().abs().sum()) == 0
        with torch.no_grad():
            net.e.weight.copy_(torch.arange(15.0).reshape(5, 3))
        assert net(torch.tensor([[1, 2]])).tolist() == [[9.0, 11.0, 13.0]]
    """,
    "gradients reach the check's own leaves": """
        w = torch.ones(5, 3, requires_grad=True)
        bag(w, torch.tensor([0, 0, 2])).sum().backward()
        assert w.grad[:, 0].tolist() == [2, 0, 1, 0, 0]
        bag(w * 2, torch.tensor([1])).sum().backward()
        assert w.grad[1].tolist() == [2, 2, 2]
    """,
    "gradients reach the student's parameters": """
        net.zero_grad()
        out = net(torch.tensor([[1, 1]]))
        assert out.requires_grad
        out.sum().backward()
        assert net.e.weight.grad[1].tolist() == [2, 2, 2] and net.e.weight.grad[0].sum() == 0
    """,
    "gradients reach both at once": """
        net.zero_grad()
        w = torch.full((5, 3), 2.0, requires_grad=True)
        (loss(w) * 3).backward()
        assert torch.allclose(net.e.weight.grad, torch.full((5, 3), 6.0))
        assert torch.allclose(w.grad, 3 * net.e.weight.detach())
    """,
    "gradients flow through torch functions on a parameter": """
        net.zero_grad()
        torch.sum(net.e.weight * 2).backward()
        assert torch.equal(net.e.weight.grad, torch.full((5, 3), 2.0))
    """,
    "a training step changes the weights": """
        before = net.e.weight.detach().clone()
        first, second = (step(net, torch.tensor([[1, 2]])) for _ in range(2))
        assert second < first and not torch.equal(before, net.e.weight)
        assert torch.equal(before[0], net.e.weight[0])
    """,
    "modes and hooks of a module are the student's": """
        assert net.training
        net.eval()
        assert not net.training and not net.e.training
        net.train()
    """,
    "a layer is made on the student's side": """
        import __main__ as student
        layer = student.nn.Embedding(4, 2, padding_idx=0)
        assert isinstance(layer, nn.Embedding) and layer.padding_idx == 0
        assert layer(torch.tensor([0])).tolist() == [[0.0, 0.0]]
    """,
    "a parameter is not taken for something else": """
        assert net.e.weight is not None and not isinstance(net.e.weight, np.ndarray)
        assert net.e.padding_idx is None
    """,
}  # fmt: skip

SAME_KERAS = {
    "layers and models are what they are": """
        assert isinstance(model, keras.Model) and isinstance(shared, keras.layers.Embedding)
        assert isinstance(shared, keras.layers.Layer) and not isinstance(shared, keras.Model)
        assert isinstance(model.inputs[0], keras.KerasTensor)
        assert shared in model.layers and model.layers[0] is not shared
        assert [type(n) for n in [len(model.layers), model.count_params()]] == [int, int]
    """,
    "shapes of a model": """
        assert model.output_shape == (None, 2) and model.inputs[0].shape == (None, 3)
        assert model.count_params() == 10 * 2
    """,
    "one layer is shared, and so are its variables": """
        assert model.get_layer("shared") is shared
        assert len(model.trainable_variables) == 1
        assert model.trainable_variables[0] is shared.embeddings
        assert other.get_layer("shared").embeddings is shared.embeddings
    """,
    "weights are read and written": """
        (w,) = shared.get_weights()
        assert type(w) is np.ndarray and w.shape == (10, 2)
        shared.set_weights([np.ones((10, 2), "float32")])
        assert np.asarray(shared.embeddings).sum() == 20
        assert model.predict(np.zeros((1, 3), "int32"), verbose=0).tolist() == [[3.0, 3.0]]
        assert other.predict(np.zeros((1, 3), "int32"), verbose=0).tolist() == [[3.0, 3.0]]
    """,
    "a call gives a tensor": """
        got = model(np.zeros((2, 3), "int32"))
        assert tf.is_tensor(got) and got.shape == (2, 2) and got.dtype == tf.float32
        assert tf.is_tensor(shared(tf.constant([1, 2])))
    """,
    "TensorFlow and NumPy take a variable": """
        table = shared.embeddings
        values = table.numpy()
        assert np.allclose(table, values) and np.allclose(tf.convert_to_tensor(table), values)
        assert float(tf.reduce_sum(tf.abs(table - values))) == 0
        assert np.allclose(tf.gather(table, [1, 2]), values[1:3])
    """,
    "a functional model is built on the student's side": """
        import __main__ as student
        inputs = student.keras.Input((4,), dtype="int32")
        built = student.keras.Model(inputs, student.build(inputs))
        assert isinstance(built, keras.Model) and built.output_shape == (None, 2)
        assert shared in built.layers
        assert built.predict(np.zeros((2, 4), "int32"), verbose=0).shape == (2, 2)
    """,
    "fit trains": """
        model.compile(optimizer="sgd", loss="mse")
        before = shared.get_weights()[0].copy()
        history = model.fit(np.ones((4, 3), "int32"), np.ones((4, 2)), epochs=2, verbose=0)
        losses = history.history["loss"]
        assert len(losses) == 2 and losses[1] < losses[0]
        assert not np.array_equal(before, shared.get_weights()[0])
    """,
}  # fmt: skip

KERAS = """
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

shared = keras.layers.Embedding(10, 2, name="shared")

def build(inputs):
    return keras.ops.sum(shared(inputs), axis=1)

def made():
    inputs = keras.Input((3,), dtype="int32")
    return keras.Model(inputs, build(inputs))

model, other = made(), made()
"""


@pytest.mark.parametrize("check", SAME.values(), ids=SAME.keys())
def test_a_check_on_functions_and_objects_means_the_same_both_ways(run: Run, check: str) -> None:
    verdict = run(FUNCTIONS, check)
    assert verdict.outcome == "passed", "\n".join(verdict.traceback)


@pytest.mark.parametrize("check", SAME_TORCH.values(), ids=SAME_TORCH.keys())
def test_a_check_on_torch_means_the_same_both_ways(run: Run, check: str) -> None:
    verdict = run(TORCH, check)
    assert verdict.outcome == "passed", "\n".join(verdict.traceback)


@pytest.mark.parametrize("check", SAME_KERAS.values(), ids=SAME_KERAS.keys())
def test_a_check_on_keras_means_the_same_both_ways(run: Run, check: str) -> None:
    verdict = run(KERAS, check, given="import keras\nimport tensorflow as tf")
    assert verdict.outcome == "passed", "\n".join(verdict.traceback)


@pytest.mark.parametrize(
    "check, outcome, message",
    [
        ("assert scale(1) == 3, 'scale(1) should be 3'", "wrong", "scale(1) should be 3"),
        ("assert v == 3", "wrong", ""),
        ("assert v.values == [1]", "wrong", ""),
        ("stub()", "not attempted", "do it"),
        ("missing()", "error", "'gone'"),
        ("own()", "error", "mine"),
        ("leave()", "error", "3"),
        ("late()", "error", "too late"),
        ("scale()", "error", "missing 1 required positional argument"),
        ("v.nothing", "error", "no attribute 'nothing'"),
        ("nowhere(1)", "error", "name 'nowhere' is not defined"),
        ("longer.fails()", "error", "inside"),
        ("v()", "error", "not callable"),
        ("lookup(E, 99)", "error", "out of bounds"),
    ],
)
def test_a_failing_check_fails_with_the_same_words_both_ways(
    run: Run, check: str, outcome: str, message: str
) -> None:
    verdict = run(FUNCTIONS, check)
    assert (verdict.outcome, message in verdict.message) == (outcome, True), verdict


def passes(source: str, check: str, **options: Any) -> None:
    verdict = remotely(source, check, **options)
    assert verdict.outcome == "passed", "\n".join(verdict.traceback)


def fails(source: str, check: str, outcome: str, *words: str, **options: Any) -> None:
    verdict = remotely(source, check, **options)
    assert verdict.outcome == outcome, verdict
    for word in words:
        assert word in verdict.message, verdict.message


# What is refused, and what to write instead. -----------------------------------------------------


@pytest.mark.parametrize(
    "made",
    ["lambda: 1", "type('Mine', (), {})", "type('Mine', (), {})()", "nn.Linear(2, 2)", "np.sum",
     "(i for i in [1])", "np.array([object()])", "open('/dev/null')", "[1, lambda: 1]",
     "{'f': print.__call__}", "torch.ones(2).to_sparse()"],
)  # fmt: skip
def test_what_a_check_made_itself_cannot_be_handed_over(made: str) -> None:
    fails(FUNCTIONS, f"scale({made})", "error", "only plain data", "import __main__ as student")


def test_classes_of_the_libraries_can_be_handed_over() -> None:
    passes("def name(kind):\n    return kind.__name__",
           "assert [name(c) for c in (int, np.ndarray, nn.Embedding)] == "
           "['int', 'ndarray', 'Embedding']")  # fmt: skip


TABLE = """
kept = []

def keep(rows):
    kept.append(rows)
    return rows[-1]

def spoil():
    kept[0][3]["words"].append("spoilt")
    del kept[0][50:]

def seen():
    return len(kept[0]), kept[0][3]["words"], kept[0][4]["of"]
"""


def test_a_large_table_is_the_same_for_student_code_and_check(run: Run) -> None:
    check = """
    rows = [{"n": n, "words": [f"w{n}"], "of": {"x": [n]}} for n in range(500)]
    third, last = rows[3]["words"], rows[-1]
    assert keep(rows) is last
    spoil()
    assert len(rows) == 50 and third == ["w3", "spoilt"] and rows[3]["words"] is third
    rows[4]["of"]["x"].append("mine")
    assert seen() == (50, ["w3", "spoilt"], {"x": [4, "mine"]})
    assert seen()[1] is third
    """
    verdict = run(TABLE, check)
    assert verdict.outcome == "passed", "\n".join(verdict.traceback)


def test_after_a_refused_argument_the_numbers_of_shared_values_are_still_right() -> None:
    passes(
        FUNCTIONS,
        """
        bad = [lambda: 1]
        for _ in range(3):
            try:
                scale(bad)
            except Exception:
                pass
        x, y = np.zeros(2), np.zeros(3)
        fill(y)
        assert x.tolist() == [0, 0] and y.tolist() == [7, 7, 7]
        """,
    )


@pytest.mark.parametrize(
    "check, word",
    [
        ("assert v", "truth"), ("assert not v", "truth"), ("v and 1", "truth"),
        ("import copy; copy.copy(v)", "copied"), ("import copy; copy.deepcopy([v])", "copied"),
        ("import pickle; pickle.dumps(v)", "copied"),
    ],
)  # fmt: skip
def test_truth_copies_and_pickles_of_a_reference_are_refused(check: str, word: str) -> None:
    fails(FUNCTIONS, check, "error", word)


def test_an_object_of_another_check_must_be_fetched_again() -> None:
    verdict = remotely(
        FUNCTIONS, "old.append(v)", "import __main__ as s; s.keep(old[0])", given="old = []"
    )
    assert verdict.outcome == "error" and "another check" in verdict.message


def test_a_constant_that_the_course_gives_cannot_be_changed_in_place() -> None:
    for change in ("fill(E)", "fill(E[2:3])", "fill(E.T)", "push(names)", "push(options['a'])",
                   "fill(weights)", "fill(weights[0])", "fill(weights.numpy())"):  # fmt: skip
        fails(FUNCTIONS, f"{change}", "error", "in place",
              given="names = ['a']\noptions = {'a': []}\nweights = torch.ones(3, 2)")  # fmt: skip
    passes(FUNCTIONS, "x = E.copy(); fill(x); assert x.sum() == 280 and E.sum() == 780")


# Nothing a student's object claims is believed. --------------------------------------------------

LIARS = """
class Liar:
    def _yes(self, *args):
        return True
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _yes
    __hash__ = None
    def __ne__(self, other):
        return False
    def _nothing(self, *args):
        seen.extend(args)
        return 0.0
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __truediv__ = __pow__ = _nothing
    __matmul__ = __mod__ = __floordiv__ = _nothing
    def __getattr__(self, name):
        return self

class Claim(Liar):
    __array_priority__ = 1e9
    __array_ufunc__ = lambda self, *args, **kwargs: 0.0
    __array_function__ = lambda self, *args, **kwargs: True
    __array_interface__ = {"shape": (4,), "typestr": "<f8", "data": (64, False), "version": 3}
    __array_struct__ = 64
    __cuda_array_interface__ = __array_interface__
    __dlpack__ = __dlpack_device__ = lambda self, *args, **kwargs: 64
    __buffer__ = lambda self, flags: memoryview(b"12345678")
    __torch_function__ = classmethod(lambda cls, *args, **kwargs: True)
    __tf_tensor__ = lambda self, *args, **kwargs: True
    __instancecheck__ = __subclasscheck__ = lambda self, other: True
    __class__ = float
    __index__ = lambda self: 64

class Real(float):
    def __eq__(self, other):
        return True
    __hash__ = float.__hash__

seen = []
liar, claim, real = Liar(), Claim(), Real(-1)
"""


@pytest.mark.parametrize("name", ["liar", "claim", "real"])
@pytest.mark.parametrize(
    "comparison",
    [
        "{x} == 3.0", "3.0 == {x}", "not ({x} != 3.0)", "not (3.0 != {x})", "[{x}] == [3.0]",
        "(3.0,) == ({x},)", "{x} in [3.0]", "3.0 in [{x}]", "np.array_equal({x}, E)",
        "np.allclose({x}, 3.0)", "np.all(E == {x})", "np.all({x} == E)", "{x} is True",
        "{x} == None", "{x} == 'text'", "abs({x} - 3.0) < 1e-9", "abs(3.0 - {x}) < 1e-9",
        "({x} - E).sum() == 0", "{x} > 2.0", "2.0 < {x}", "{x} >= 2.0 and {x} <= 4.0",
        "max({x}, 2.0) is not 2.0 and min(2.0, {x}) == 2.0 and {x} > 1", "{x} * 1 == 3.0",
        "np.isclose({x}, 3.0)", "np.abs({x} - 3.0) < 1", "{x} ** 2 == 9", "round({x}) == 3",
        "__import__('math').isclose({x}, 3.0)", "bool({x} == torch.tensor(3.0))",
        "torch.allclose({x}, torch.tensor(3.0))", "torch.equal({x}, torch.tensor(3.0))",
        "torch.is_tensor({x})", "bool(torch.as_tensor({x}) == 3.0)",
        "__import__('unittest').TestCase().assertEqual({x}, 3.0) is None",
        "__import__('unittest').TestCase().assertAlmostEqual({x}, 3.0) is None",
        "np.testing.assert_equal({x}, 3.0) is None",
        "np.testing.assert_allclose({x}, 3.0) is None",
        "np.testing.assert_array_equal({x}, E) is None",
        "torch.testing.assert_close({x}, torch.tensor(3.0)) is None",
        "sorted([{x}, 3.0])[0] is 3.0 and {x} > 3.0",
    ],
)  # fmt: skip
def test_a_comparison_with_the_checks_own_data_is_never_the_students(
    comparison: str, name: str
) -> None:
    check = f"import __main__ as student\nx = student.{name}\nassert {comparison.format(x='x')}"
    assert remotely(LIARS, check).outcome in ("wrong", "error")


def test_what_a_check_expects_is_not_told_to_the_object_that_is_compared() -> None:
    module = module_of(LIARS)
    for operation in ("liar - 3.0", "3.0 - liar", "liar == 3.0", "liar < 3.0", "liar @ E",
                      "E - claim", "claim - E", "liar % 2", "2.0 ** liar"):  # fmt: skip
        remotely(module, operation)
    assert module.seen == []


def test_calculating_with_an_object_without_numbers_says_what_to_write() -> None:
    fails(LIARS, "liar - 3.0", "error", "plain number", "import __main__ as student")


def test_the_memory_that_a_student_names_is_never_read() -> None:
    for reader in ("np.asarray(claim)", "np.array([claim])", "torch.as_tensor(claim)",
                   "torch.from_dlpack(claim)", "memoryview(claim)", "bytes(claim)",
                   "torch.tensor([claim])", "np.frombuffer(claim)", "np.from_dlpack(claim)",
                   "__import__('tensorflow').constant(claim)"):  # fmt: skip
        verdict = remotely(LIARS, f"got = {reader}; print(got)")
        assert verdict.outcome in ("error", "passed", "wrong"), reader
        if verdict.outcome == "passed":  # an array with the reference in it, or what is of no use
            assert "Reference" in verdict.printed or "object" in verdict.printed, verdict.printed


TENSOR_CLAIM = [["torch.nn.parameter", "Parameter"], ["torch", "Tensor"]]


@pytest.mark.parametrize(
    "check",
    ["t.data = got", "t.grad = got", "torch.tensor(got)", "torch.as_tensor(got)", "t[got]",
     "t[0] = got", "torch.stack([got, got])", "torch.autograd.backward([got])",
     "nn.Linear(1, 1).weight = got", "t + got", "got + t",
     "torch.testing.assert_close(got, t)", "torch.nn.functional.mse_loss(got, t)"],
)  # fmt: skip
def test_what_claims_to_be_a_tensor_is_never_taken_for_the_memory_of_one(check: str) -> None:
    def answer(body: dict) -> dict:
        tree = ["ref", 1, TENSOR_CLAIM, None, "Parameter"]
        return {"ok": tree, "changed": []}

    verdict = against(answer, f"t = torch.ones(2)\ngot = liar()\n{check}")
    assert verdict.outcome == "error", verdict


@pytest.mark.parametrize(
    "answer",
    [
        "passed", True, [], {}, {"ok": None}, {"ok": None, "changed": [], "error": {}},
        {"changed": []}, {"ok": ["ref"], "changed": []}, {"ok": ["ref", "1", [], None, "x"],
        "changed": []}, {"ok": ["ref", 1, "x", None, "x"], "changed": []},
        {"ok": ["ref", 1, [[1, 2]], None, "x"], "changed": []},
        {"ok": ["ref", 1, [["builtins", "int"]] * 201, None, "x"], "changed": []},
        {"ok": ["ref", 1, [], 5, "x"], "changed": []}, {"ok": ["main"], "changed": []},
        {"ok": ["ref", 1, [], None, 5], "changed": []}, {"ok": ["shared", 5], "changed": []},
        {"ok": ["shared", -1], "changed": []}, {"ok": ["new", ["l", []], False], "changed": []},
        {"ok": ["class", "os", "system"], "changed": []}, {"ok": ["graph", 0, None], "changed": []},
        {"ok": ["graph", 0, ["torch", "int8", [0], 0]], "changed": []},
        {"ok": None, "changed": None}, {"ok": None, "changed": [[0, ["l", []]]]},
        {"error": None, "changed": []}, {"error": {"classes": 5}, "changed": []},
        {"error": {"classes": [[]]}, "changed": []}, {"error": {"classes": [5]}, "changed": []},
        {"error": {"classes": [["builtins", "\x00"]]}, "changed": []},
        {"error": {"classes": [["builtins", "ValueError"]] * 300}, "changed": []},
        {"error": {"classes": [["builtins", "\ud800"]], "message": "\ud800"}, "changed": []},
        {"error": {"message": 5}, "changed": []}, {"error": {"traceback": "x"}, "changed": []},
        {"error": {"classes": [["builtins", "SystemExit"]]}, "changed": []},
        {"error": {"classes": [["builtins", "AssertionError"]]}, "changed": []},
        {"error": {"classes": [["torch", "Tensor"]], "traceback": [None, [], 5]}, "changed": []},
        {"error": {"classes": [["builtins", "UnicodeDecodeError"]]}, "changed": []},
    ],
    ids=lambda answer: repr(answer)[:70].encode("ascii", "backslashreplace").decode(),
)  # fmt: skip
def test_a_malformed_answer_fails_the_check_and_only_the_check(answer: Any) -> None:
    from autograder.wire import channel

    def reply(body: dict) -> Any:
        return (answer, [b""]) if isinstance(answer, dict) else (answer,)

    verdict = against(reply, "lookup(E, 3)")
    assert verdict.outcome == "error", verdict
    "\n".join([verdict.ename, verdict.message, *verdict.traceback]).encode()
    assert channel.MAX_HEADER


@pytest.mark.parametrize(
    "answer",
    [{"ok": ["whole", 0], "changed": []}, {"ok": ["l", [["whole", 0]]], "changed": []},
     {"ok": None, "changed": [[0, ["whole", 0]]]}],
    ids=repr,
)  # fmt: skip
def test_what_a_kernel_takes_whole_the_examiner_never_takes_from_it(answer: dict) -> None:
    """Its bytes can be made to crash the process that reads them."""
    table = marshal.dumps([[n] for n in range(MANY)])
    function = {"ok": ["ref", 1, [["builtins", "function"]], None, "function"], "changed": []}

    def reply(body: dict) -> tuple:
        return (answer, [table]) if body["do"][0] == "call" else (function, [])

    verdict = against(reply, "lookup([1], 3)")
    assert verdict.outcome == "error" and "'whole'" in verdict.message, verdict


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x00", b"\x00\x00\x00\x02{}", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01[",
     b"\x00\x00\x00\x00", (200_000).to_bytes(4, "big") + b"[" * 200_000],
    ids=lambda sent: repr(sent)[:30],
)  # fmt: skip
def test_noise_in_place_of_an_answer_fails_the_check_and_only_the_check(sent: bytes) -> None:
    verdict = against(lambda body: sent, "lookup(E, 3)")
    assert verdict.outcome in ("error", "lost"), verdict


def test_an_error_that_student_code_raised_is_never_the_checks_own_assertion() -> None:
    fails("def f():\n    assert False, 'mine'", "f()", "error", "mine")


@pytest.mark.parametrize("name", ["leave", "interrupt", "mute", "own"])
def test_whatever_student_code_raises_is_an_error_of_that_code(name: str) -> None:
    verdict = remotely(FUNCTIONS, f"{name}()")
    assert verdict.outcome == "error"
    assert verdict.ename in ("SystemExit", "KeyboardInterrupt", "Mute", "Own")


def test_a_check_can_catch_every_error_of_student_code_and_go_on() -> None:
    passes(
        FUNCTIONS,
        """
        for f in (leave, interrupt, mute, own, missing, stub, stop, late):
            try:
                f()
            except Exception as error:
                str(error)
            else:
                raise AssertionError("no error")
        assert scale(1) == 2.0
        """,
    )


@pytest.mark.parametrize(
    "loop",
    ["list(map(f, [1, 2]))", "[*map(f, [1])]", "dict(zip(map(f, 'ab'), 'ab'))",
     "[f(x) for x in [1]]", "all(f(x) == 1 for x in [1])", "tuple(f(x) for x in [1])",
     "list(zip(count(3), map(f, [1])))", "sum(map(f, [1]))", "next(map(f, [1]), None)"],
)  # fmt: skip
def test_stop_iteration_in_student_code_cannot_cut_a_loop_of_the_check_short(loop: str) -> None:
    fails(FUNCTIONS, loop.replace("f", "stop") if "f(" in loop else loop.replace("(f,", "(stop,"),
          "error")  # fmt: skip


def test_the_students_own_errors_show_the_students_own_lines() -> None:
    verdict = remotely(FUNCTIONS, "x = 1\nlonger.fails()")
    text = "\n".join(verdict.traceback)
    assert text.index("RuntimeError: inside") < text.index("Check check-1, line 2")
    assert "in fails" in text and "autograder" not in text


def test_references_cannot_be_copied_pickled_or_taken_apart_from_outside() -> None:
    kept: list = []
    near = module_of(FUNCTIONS)
    verdict = remotely(near, "out.append(v)", given="out = []")
    assert verdict.outcome == "passed"
    from autograder.examiner.remote import CheckError, Reference

    reference = Reference(None, ["ref", 1], [], None, "thing")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(CheckError):
            attempt(reference)
    assert dir(reference) == kept


def test_the_same_check_has_the_same_verdict_on_right_and_on_wrong_answers_both_ways() -> None:
    check = """
    got = lookup(E, [[1, 2], [3, 3]])
    assert got.shape == (2, 2, 4), f"expected shape (2, 2, 4), got {got.shape}"
    assert np.array_equal(got[1, 0], E[3]), "row 3 is not where it should be"
    """
    answers = [
        "return table[np.asarray(ids)]", "return table[3]", "return None", "return table.tolist()",
        "raise NotImplementedError", "return np.zeros((2, 2, 4))", "return ids", "1 / 0",
        "return torch.tensor(table)[torch.tensor(ids)]", "yield 1", "return lambda: 1",
    ]  # fmt: skip
    for answer in answers:
        source = f"def lookup(table, ids):\n    {answer}"
        ours, theirs = remotely(source, check), plainly(source, check)
        assert ours.outcome == theirs.outcome, (answer, ours, theirs)


def test_wire_errors_say_that_the_students_side_is_at_fault() -> None:
    verdict = against(lambda body: {"ok": ["unknown"], "changed": []}, "lookup(E, 3)")
    assert verdict.ename == WireError.__name__ and "the student's side" in verdict.message


def test_what_a_call_passes_by_name_is_not_kept_equal_on_both_sides() -> None:
    """A dict of arguments for each call would be compared at each message of the check."""
    near, far = socket.socketpair()
    there = student.Session(far)
    there._main = module_of(FUNCTIONS)
    thread = threading.Thread(target=there.run, daemon=True)
    thread.start()
    with near, far:
        session = Session(near)
        assert session.main.scale(3.0) == 6.0
        assert session.main.scale(3.0, by=1.0, plus=2) == 5.0
        assert len(session._shared) == 0
        near.shutdown(socket.SHUT_RDWR)
    thread.join(60)
