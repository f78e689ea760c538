# %% [markdown]
# # Lab 2 · One table, many models: the Keras Embedding layer
# {{colab}}
#
# **In an hour you will know what Keras's `Embedding` layer is made of, and for any two models you
# will be able to say whether they learn into one table or into two.**
#
# You will be able to
#
# - **build** an `Embedding` layer around a table of your own,
# - **read** a shape with `None` in it, and say which arrays may be fed there,
# - **wire** a layer into functional and Sequential models,
# - **prove** that two models share a table, rather than hold two equal ones,
# - **write** the layer yourself, in four lines.
#
# *You need:* Lab 1, and Keras 3.4 or later on TensorFlow (Colab has it); a CPU is enough.
# *Time:* about 60 minutes. *Points:* 22, of which 3 are for a written answer.

# %% given=true
import hashlib
import logging
import os
import warnings

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

stderr_copy = os.dup(2)  # TensorFlow greets on stderr while it loads: let it greet nobody
with open(os.devnull, "w") as nowhere:
    os.dup2(nowhere.fileno(), 2)
    try:
        import keras
    finally:
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
logging.getLogger("tensorflow").setLevel(logging.ERROR)

import numpy as np
import matplotlib.pyplot as plt

plt.rcParams.update(
    {"figure.dpi": 110, "font.size": 11, "axes.spines.top": False, "axes.spines.right": False}
)
# five colours that are safe for colour-blind readers
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## 1 · A table moves into a layer
#
# In Lab 1 an embedding was an array that you indexed yourself. A model wants the same array as a
# *layer*: something with weights that an optimiser can find and change. The table stays the tiny
# one, 10 ids with 4 numbers each, so that every answer can be checked by eye: row `i` begins
# with 4 times `i`.

# %% given=true
vocab_size = 10
embedding_size = 4
embedding_matrix = np.arange(vocab_size * embedding_size, dtype="float32")
embedding_matrix = embedding_matrix.reshape(vocab_size, embedding_size)  # (vocab, dim)

# %%
print(embedding_matrix)

# %% [markdown]
# Here is a fresh layer for a table of that size. **Predict:** how many numbers does it hold at
# this moment?

# %%
fresh = keras.layers.Embedding(input_dim=vocab_size, output_dim=embedding_size)
print("built:", fresh.built)
print("weights:", fresh.get_weights())

# %% [markdown]
# None at all. A Keras layer makes its weights late, in a method called `build`, which normally
# runs when the layer meets its first input. Most layers must wait, since their weights depend on
# the width of that input. An embedding has no reason to wait (vocabulary and dimension are in
# its constructor), so you may call `build` yourself.
#
# **Predict:** what will be in the table after `build`: zeros, or something else?

# %%
fresh.build()
table = fresh.get_weights()[0]
print("built:", fresh.built, " table:", table.shape)
print("every number within ±0.05:", bool(np.abs(table).max() <= 0.05))

# %% [markdown]
# Small random numbers, as in any layer before training: `"uniform"` draws them between −0.05 and
# 0.05. Training would now shape them into something useful. You already have a table, so you want
# *your* numbers in there instead.

# %% [markdown]
# ### Exercise 1 · make_embedding
# ●●○○○ · 2 points · 6 minutes
#
# **Goal:** a built `Embedding` layer that holds a copy of the table you give it.
#
# <details><summary>Keras says that the layer expects 0 weights, and I gave it 1</summary>
#
# Look at what <code>get_weights()</code> returned above for the fresh layer, and at what changed
# that.
# </details>
# <details><summary>Keras says that a shape of the weights is incompatible with mine</summary>
#
# Which of the two sizes is the number of rows? Print <code>matrix.shape</code> and say aloud what
# <code>input_dim</code> counts. It is not the length of an input.
# </details>
# <details><summary>My layer answers with tiny numbers that I never wrote</summary>
#
# They are the random initial weights. Something has to carry your matrix into the layer.
# </details>


# %% exercise="make_embedding"
def make_embedding(matrix, name="my_embedding"):
    """A Keras embedding layer that holds a copy of `matrix`.

    Args:
        matrix: float array `(vocab, dim)`, one row for each id; it is not changed.
        name: the layer's name.
    Returns:
        a built, trainable `keras.layers.Embedding` whose table equals `matrix` (as float32).
    """
    ### BEGIN SOLUTION
    vocab, dim = matrix.shape
    layer = keras.layers.Embedding(input_dim=vocab, output_dim=dim, name=name)
    layer.build()
    layer.set_weights([matrix])
    return layer
    ### END SOLUTION


# %% check="make_embedding" points=1
import __main__ as student

probe_matrix = np.array([[0.5, -1.0], [2.0, 3.5], [-4.0, 0.25]], dtype="float32")  # (3, 2)
probe_before = probe_matrix.copy()
try:
    probe_layer = make_embedding(probe_matrix)
except ValueError as error:
    probe_hints = {
        "expecting 0": "The layer is not built yet, so it has no weights to set.",
        "compatible": "input_dim is the number of rows (the vocabulary, here 3), and output_dim the "
        "length of a row (2), not the other way round.",
    }
    probe_hint = " ".join(hint for sign, hint in probe_hints.items() if sign in str(error))
    raise AssertionError(
        f"make_embedding(matrix) with a (3, 2) matrix stopped with a ValueError. {probe_hint} "
        f"Keras said: {str(error)[:300]}"
    ) from None
assert isinstance(probe_layer, keras.layers.Embedding), (
    "make_embedding should return a keras.layers.Embedding; it returned "
    f"{probe_layer.__class__.__name__}."
)
assert len(probe_layer.get_weights()) == 1, (
    f"The layer should hold one table; get_weights() gives {len(probe_layer.get_weights())} "
    "arrays. The layer is not built: Keras makes the table in build(), and not before."
)
probe_table = np.asarray(probe_layer.get_weights()[0])
assert probe_table.shape == (3, 2), (
    f"For a (3, 2) matrix the layer's table should be (3, 2); it is {probe_table.shape}. "
    "input_dim is the number of ids (rows), output_dim the length of one row. (A (10, 4) table "
    "comes from the global names of this notebook; use the sizes of the argument.)"
)
assert np.array_equal(probe_matrix, probe_before), (
    "make_embedding changed the matrix that it was given; it should only read it."
)
assert np.allclose(probe_table, probe_matrix), "The layer's table is not your matrix" + (
    ": it still holds Keras's random initial weights, all within ±0.05."
    if np.abs(probe_table).max() <= 0.05
    else f". Expected\n{probe_matrix}\nand the layer holds\n{probe_table}"
)
assert len(probe_layer.trainable_weights) == 1, (
    "The table should stay trainable; this layer is frozen (trainable=False), so no optimiser "
    "can tune it."
)
assert probe_layer.name == "my_embedding", (
    f'Without a name the layer should be called "my_embedding"; it is called "{probe_layer.name}".'
)

# %% check="make_embedding" points=1
import __main__ as student

probe_matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype="float32")  # (vocab=2, dim=3)
try:
    probe_layer = make_embedding(probe_matrix, name="colours")
except ValueError as error:
    raise AssertionError(
        "make_embedding stopped with a ValueError for a (2, 3) matrix: is input_dim the number "
        f"of rows? Keras said: {str(error)[:300]}"
    ) from None
assert isinstance(probe_layer, keras.layers.Layer), (
    f"make_embedding should return a layer; it returned {probe_layer.__class__.__name__}."
)
assert probe_layer.name == "colours", (
    f'make_embedding(matrix, name="colours") made a layer called "{probe_layer.name}": '
    "pass the name on."
)
probe_answer = np.asarray(probe_layer(np.array([[1], [0], [1]])))  # (batch=3, length=1, dim=3)
assert probe_answer.shape == (3, 1, 3), (
    f"Ids of shape (3, 1) should come back as (3, 1, 3); they came back as {probe_answer.shape}."
)
assert np.allclose(probe_answer[:, 0], [[4, 5, 6], [1, 2, 3], [4, 5, 6]]), (
    f"Ids 1, 0, 1 should give rows 1, 0, 1 of the matrix; the layer gave\n{probe_answer[:, 0]}"
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
probe_matrix = probe_rng.normal(
    size=(int(probe_rng.integers(7, 30)), int(probe_rng.integers(2, 6)))
)
probe_before = probe_matrix.copy()
probe_layer = make_embedding(probe_matrix)
probe_other = make_embedding(probe_matrix)
assert np.array_equal(probe_matrix, probe_before), (
    "make_embedding changed the matrix that it was given; it should only read it."
)
assert len(probe_layer.get_weights()) == 1, "The layer is not built: it holds no table yet."
probe_table = np.asarray(probe_layer.get_weights()[0])
assert probe_table.shape == probe_before.shape and np.allclose(
    probe_table, probe_before, atol=1e-6
), (
    "With another matrix the layer does not hold that matrix. Does your function use its "
    "argument, or the global embedding_matrix?"
)
probe_matrix[:] = 7.0
assert np.allclose(np.asarray(probe_layer.get_weights()[0]), probe_before, atol=1e-6), (
    "After the matrix was overwritten the layer answers differently: it should hold a copy."
)
probe_layer.set_weights([np.ones(probe_before.shape, dtype="float32")])
assert np.allclose(np.asarray(probe_other.get_weights()[0]), probe_before, atol=1e-6), (
    "Two calls of make_embedding should give two layers, each with its own table; yours share one."
)
### END HIDDEN TESTS

# %% [markdown]
# Your layer, asked for ids 3, 0 and 9. **Predict** the three rows, then run.

# %%
layer = make_embedding(embedding_matrix)
print(layer(np.array([3, 0, 9])).numpy())  # (3,) → (3, 4)

# %% [markdown]
# Rows 3, 0 and 9: twelve, zero and thirty-six lead them. Nothing was computed; three rows were
# copied out.
#
# ### If you come from an older tutorial
#
# Much of what is written about this layer is older than Keras 3 (which is also what `tf.keras`
# has been since TensorFlow 2.16). Two of its arguments have had an eventful life:
#
# | older code says | Keras 3.0, 3.1 | Keras 3.2 | Keras 3.3 and later |
# |---|---|---|---|
# | `Embedding(…, input_length=1)` | error | deprecation warning | deprecation warning |
# | `Embedding(…, weights=[matrix])` | error | error | works again |
#
# `input_length` used to announce how many ids one example has, so that a `Flatten` behind the
# layer knew its size. Today that number stands where it belongs, in the model's `Input`. The next
# cell is the only one in this lab that passes it, to hear what Keras says.

# %%
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    keras.layers.Embedding(vocab_size, embedding_size, input_length=1)
print(heard[0].message)

# %% [markdown]
# "Just remove it" is good advice. In the same spirit: `Dense(32, input_shape=(784,))` and
# `Dense(32, input_dim=784)`, which always meant the same, now draw a warning; put a
# `keras.Input(shape=(784,))` in front instead.

# %% [markdown]
# ## 2 · What the layer does: build once, gather often
#
# It helps to read a layer's source. Leave out the options, and `Embedding` has two methods:
#
# - **`build`** asks `add_weight` for *one* matrix of shape `(input_dim, output_dim)`. `add_weight`
#   draws initial numbers, wraps them in a variable, and puts that variable on the list that
#   optimisers read.
# - **`call`** turns the ids into integers if they are not (`ops.cast(inputs, "int32")`), and picks
#   rows: `ops.take(self.embeddings, inputs, axis=0)`. Older versions write `K.gather` for the same
#   thing.
#
# That is all. There is no one-hot vector, no product, no bias, and no activation. The picture
# below is the whole of `call`.


# %% given=true
def draw_table(ax, values, lit=None, title="", ylabel="id"):
    """Draw a 2-D array as a grid of numbers; `lit` maps a row to its colour."""
    values, lit = np.asarray(values), lit or {}
    rows, columns = values.shape
    for row in range(rows):
        colour = lit.get(row, "white")
        ax.add_patch(plt.Rectangle((-0.5, row - 0.5), columns, 1, color=colour, alpha=0.45, lw=0))
        for column in range(columns):
            ax.text(column, row, f"{values[row, column]:g}", ha="center", va="center", fontsize=9)
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=GREY, lw=0.8)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlim=(-0.53, columns - 0.47), ylim=(rows - 0.47, -0.53), xticks=range(columns))
    ax.set_aspect(0.42)
    ax.set(yticks=range(rows), title=title, xlabel="dimension", ylabel=ylabel)


# %%
ids = np.array([[3], [3], [0], [9]])  # (batch=4, length=1)
colour_of = {3: ORANGE, 0: GREEN, 9: BLUE}
figure, (left, middle, right) = plt.subplots(
    1, 3, figsize=(9, 4.2), width_ratios=[1, 4, 4], layout="constrained"
)
lit_rows = {position: colour_of[i] for position, i in enumerate(ids[:, 0])}
draw_table(left, ids, lit_rows, "ids (4, 1)", ylabel="position in the batch")
left.set_xlabel("step")
draw_table(middle, embedding_matrix.round(1), colour_of, "table (10, 4)")
draw_table(
    right, embedding_matrix[ids[:, 0]], lit_rows, "answer (4, 1, 4)", ylabel="position in the batch"
)
plt.show()

# %% [markdown]
# *Figure: on the left a batch of four examples with one id each: 3, 3, 0 and 9. In the middle the
# table of ten rows, with rows 3 (orange), 0 (green) and 9 (blue) lit up. On the right the answer:
# the orange row twice, then the green, then the blue. The seven white rows were never read.*
#
# `call` is so short that it checks very little. **Predict** what it makes of the ids 1.9 and −1
# before you run the next cell.

# %%
layer = make_embedding(embedding_matrix)
print("id 1.9:", layer(np.array([1.9])).numpy()[0])
print("id -1: ", layer(np.array([-1])).numpy()[0])

# %% [markdown]
# The cast cuts 1.9 down to 1, and −1 counts from the end, as in NumPy. Neither is a promise: what
# an id outside the table gives depends on the version, on the backend and on the device. For id 10,
# TensorFlow stops with an error on a CPU and quietly answers zeros on a GPU; JAX answers NaN. In
# Keras 2, −1 fared like 10. Nobody checks ids for you, so check them where they are made.
#
# ### A function named one_hot that is not one-hot
#
# Where do ids come from? Older tutorials make them from text with a Keras utility called
# `one_hot(text, n)`. The name misleads: it returns no vectors but a *list of ids*, one for each
# word, and finds them by **hashing**. (Keras 3 has dropped it from its own interface; `tf.keras`
# still carries it, marked as deprecated.) Its rule fits in a line, written here with a hash that
# is the same on every machine:


# %%
def hashed_ids(text, n):
    """An id from 1 to n - 1 for each word: a hash modulo n - 1, plus one."""
    return [int(hashlib.md5(word.encode()).hexdigest(), 16) % (n - 1) + 1 for word in text.split()]


sentence = "the cat sat on the mat near the dog"
for word, word_id in zip(sentence.split(), hashed_ids(sentence, n=6)):
    print(f"{word:5} {word_id}")

# %% [markdown]
# `the` is 5 each time, which is right. But `cat` and `sat` are both 3, and `on` and `near` are both
# 2: they would have to share a row of the table, whatever training wants. That is the price of
# hashing, and sometimes a fair one (Lab 5 works it out). There is a second trap: by default the
# utility used Python's own `hash`, which is salted, so that the ids are different ones each time
# Python starts. A table trained in one run means nothing in the next.

# %% [markdown]
# ## 3 · Shapes, and what None means
#
# A model has to know what it will be fed. `keras.Input` takes the shape of **one example, as a
# tuple, without the batch axis**. Keras puts the batch axis in front by itself, and since nobody
# knows yet how many examples will come at once, it writes `None` there: "any size".

# %%
print(keras.Input(shape=(20,)).shape)  # 20 numbers
print(keras.Input(shape=(28, 28, 1)).shape)  # a grey picture: rows, columns, one channel
print(keras.Input(shape=(None,)).shape)  # as many ids as there happen to be

# %% [markdown]
# Why `(20,)` with that lonely comma? In Python `(20)` is just the number 20 in brackets; the comma
# makes it a tuple. **Predict:** will Keras forgive `shape=20`?

# %%
try:
    keras.Input(shape=20)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# And why three numbers for a picture that has two sides? Because the convolution layers want an
# axis of channels, and a grey picture has one channel. Nothing obliges *you* to that shape: fed to
# `Dense` layers, the same picture may come as `(784,)`, a plain row of 28 · 28 numbers. There each
# example is one row of a matrix, the layer is one product, and which pixel was whose neighbour
# makes no difference; a convolution needs to know, so it keeps the grid.
#
# What an embedding does to shapes takes one line: it **adds an axis at the end**.
#
# | you write | Keras reports | you feed, for example | the embedding (`dim = 4`) answers |
# |---|---|---|---|
# | `Input(shape=(1,))` | `(None, 1)` | `(4, 1)` | `(4, 1, 4)` |
# | `Input(shape=(20,))` | `(None, 20)` | `(32, 20)` | `(32, 20, 4)` |
# | `Input(shape=(None,))` | `(None, None)` | `(2, 7)` or `(5, 3)` | `(2, 7, 4)` or `(5, 3, 4)` |
# | `Input(shape=(28, 28, 1))` | `(None, 28, 28, 1)` | `(8, 28, 28, 1)` | pictures are not ids |

# %% [markdown]
# ### Exercise 2 · fits
# ●○○○○ · 1 point · 4 minutes
#
# **Goal:** say whether an array of shape `actual` may be fed where Keras reports the shape
# `reported`.
#
# <details><summary>I say yes to an array that has an axis too many</summary>
#
# <code>zip</code> stops at the end of the shorter tuple and says nothing about what is left over.
# </details>
# <details><summary>I say no as soon as there is a None</summary>
#
# <code>None == 5</code> is false, yet an axis marked <code>None</code> takes 5 gladly.
# </details>


# %% exercise="fits"
def fits(reported, actual):
    """May an array of shape `actual` be fed where Keras reports the shape `reported`?

    The strict rule: as many axes, and the same size along each axis whose size is fixed.

    Args:
        reported: tuple of ints and None, batch axis included, such as `(None, 28, 28, 1)`.
        actual: tuple of ints, the shape of an array, such as `(8, 28, 28, 1)`.
    Returns:
        True or False.
    """
    ### BEGIN SOLUTION
    if len(reported) != len(actual):
        return False
    return all(wanted is None or wanted == size for wanted, size in zip(reported, actual))
    ### END SOLUTION


# %% check="fits" points=1
probe_answer = fits((None, 20), (32, 20))
assert isinstance(probe_answer, (bool, np.bool_)), (
    f"fits should return True or False; it returned {probe_answer!r}."
)
assert probe_answer, (
    "fits((None, 20), (32, 20)) should be True: None stands for any size, 32 included."
)
assert fits((None, None, 4), (2, 7, 4)), (
    "fits((None, None, 4), (2, 7, 4)) should be True: None takes any size, on every axis where "
    "it stands."
)
assert not fits((None, 20), (32, 21)), (
    "fits((None, 20), (32, 21)) should be False: the last axis is fixed at 20."
)
assert not fits((None, 20), (20,)), (
    "fits((None, 20), (20,)) should be False: one example alone has no batch axis, so the number "
    "of axes differs."
)
assert not fits((None, 20), (32, 20, 1)), (
    "fits((None, 20), (32, 20, 1)) should be False: there is an axis too many. zip() does not "
    "notice."
)
### BEGIN HIDDEN TESTS
assert fits((None, 28, 28, 1), (8, 28, 28, 1)), "A batch of 8 grey pictures fits (None, 28, 28, 1)."
assert not fits((None, 28, 28, 1), (8, 28, 28)), (
    "(8, 28, 28) does not fit (None, 28, 28, 1): the axis of channels is missing, an axis too few."
)
assert fits((None, 5), (0, 5)), (
    "An empty batch, (0, 5), fits (None, 5) as well: None means any size, also 0."
)
assert not fits((None, 5), (5, 0)), (
    "(5, 0) does not fit (None, 5): the last axis is fixed at 5, and 0 is not 5."
)
assert not fits((4, 1), (3, 1)), (
    "Without a None the batch size is fixed too: (3, 1) does not fit (4, 1)."
)
assert not fits((None, 2, 3), (9, 3, 2)), (
    "(9, 3, 2) does not fit (None, 2, 3): the order of the axes counts."
)
probe_rng = np.random.default_rng()
for _ in range(20):
    probe_actual = tuple(
        int(size) for size in probe_rng.integers(1, 9, size=int(probe_rng.integers(1, 5)))
    )
    probe_reported = tuple(None if probe_rng.random() < 0.5 else size for size in probe_actual)
    assert fits(probe_reported, probe_actual), (
        f"fits({probe_reported}, {probe_actual}) should be True: every fixed size agrees, None "
        "takes any size."
    )
    probe_longer = probe_actual[:-1] + (probe_actual[-1] + 1,)
    assert not fits(probe_reported[:-1] + (probe_actual[-1],), probe_longer), (
        f"fits({probe_reported[:-1] + (probe_actual[-1],)}, {probe_longer}) should be False: the "
        "last axis differs."
    )
### END HIDDEN TESTS

# %%
for actual in [(32, 20), (1, 20), (20,), (32, 20, 1)]:
    print(f"{str(actual):12} into (None, 20): {fits((None, 20), actual)}")

# %% [markdown]
# One example needs its batch axis too: `(1, 20)`, not `(20,)`. (Keras itself is a shade more
# lenient than the rule: it adds or drops a last axis of size 1. You will see it once below.)
#
# ### The dtype that nobody asks about
#
# `Input` has a second setting, which tutorials leave out. **Predict:** a model has
# `keras.Input(shape=(1,))` and no dtype. It gets the id 16 777 217. Which row does it look up?

# %%
big_id = np.array([[16_777_217]])  # 2 to the 24, plus 1
for dtype in (None, "int32"):
    inputs = keras.Input(shape=(1,), dtype=dtype)
    seen = keras.Model(inputs, keras.ops.cast(inputs, "int32"))(big_id)
    print(f"Input(dtype={dtype!r}) is {inputs.dtype}: the layer sees id", int(seen[0, 0]))

# %% [markdown]
# Inputs are float32 unless you say otherwise, and float32 counts exactly only up to 2²⁴. Beyond
# it, neighbouring ids begin to share rows, without any error. Write `dtype="int32"` for ids, and
# the trap is gone.

# %% [markdown]
# ## 4 · A functional model
#
# In the *functional* way of building, you begin with an `Input`, call layers on it as if it were
# data, and name the two ends: `keras.Model(inputs, outputs)`. Nothing runs yet. The calls only
# note down which layer follows which, and what shape is between them.

# %%
inputs = keras.Input(shape=(3,), name="numbers")
outputs = keras.layers.Rescaling(scale=10.0)(inputs)  # a layer without weights: times ten
tenfold = keras.Model(inputs, outputs)
answer = tenfold.predict(np.array([[1.0, 2.0, 3.0]]), verbose=0)
print(tenfold.input_shape, "→", tenfold.output_shape)
print(answer)

# %% [markdown]
# ### Exercise 3 · lookup_model
# ●●○○○ · 2 points · 6 minutes
#
# **Goal:** a functional model around the layer that you are given: ids in, rows out.
#
# <details>
# <summary>What I return has no <code>output_shape</code>; it is called a KerasTensor</summary>
#
# Calling a layer on an <code>Input</code> gives a symbolic tensor. What turns two such ends into
# something with <code>predict</code>?
# </details>
# <details><summary>My input shape is (None, 1, 1), or (1, 1)</summary>
#
# <code>shape</code> is the shape of <em>one</em> example. The batch axis comes by itself.
# </details>
# <details><summary>My model answers with small random numbers</summary>
#
# Did you call the layer in the argument, or a new one?
# </details>


# %% exercise="lookup_model"
def lookup_model(layer, length=1):
    """A functional model that looks ids up in `layer`.

    Args:
        layer: a built `keras.layers.Embedding` with a table `(vocab, dim)`; used, not copied.
        length: how many ids one example has; None for any number.
    Returns:
        a `keras.Model` from ids `(None, length)` to rows `(None, length, dim)`, whose input is
        named "input".
    """
    ### BEGIN SOLUTION
    inputs = keras.Input(shape=(length,), dtype="int32", name="input")
    return keras.Model(inputs, layer(inputs), name="model")
    ### END SOLUTION


# %% check="lookup_model" points=1
import __main__ as student

probe_layer = student.keras.layers.Embedding(6, 3)
probe_layer.build()
probe_layer.set_weights([np.arange(18, dtype="float32").reshape(6, 3)])
probe_model = lookup_model(probe_layer)
assert isinstance(probe_model, keras.Model), (
    f"lookup_model should return a keras.Model; it returned {probe_model.__class__.__name__}. The "
    "outcome of layer(inputs) is only one end of the model."
)
assert tuple(getattr(probe_model, "input_shape", None) or ()) == (None, 1), (
    f"The input shape should be (None, 1); it is {getattr(probe_model, 'input_shape', None)}. "
    "shape= describes one example, without the batch axis."
)
assert tuple(getattr(probe_model, "output_shape", None) or ()) == (None, 1, 3), (
    "With a (6, 3) table the output shape should be (None, 1, 3); it is "
    f"{getattr(probe_model, 'output_shape', None)}. The embedding adds an axis at the end, and "
    "nothing takes one away here."
)
probe_answer = np.asarray(probe_model(np.array([[5], [0]])))
assert np.allclose(probe_answer[:, 0], [[15, 16, 17], [0, 1, 2]]), (
    "Ids 5 and 0 should give rows 5 and 0 of the layer's table; the model "
    f"gave\n{probe_answer[:, 0]}\nDoes the model use the layer that it was given, or a new layer "
    "with random weights?"
)
assert probe_model.inputs[0].name == "input", (
    f'The input should be named "input"; its name is "{probe_model.inputs[0].name}". '
    "keras.Input takes a name."
)

# %% check="lookup_model" points=1
import __main__ as student

probe_layer = student.keras.layers.Embedding(6, 3)
probe_layer.build()
probe_model = lookup_model(probe_layer, 4)
assert tuple(getattr(probe_model, "input_shape", None) or ()) == (None, 4), (
    "lookup_model(layer, 4) should take (None, 4); it takes "
    f"{getattr(probe_model, 'input_shape', None)}. length is the number of ids in one example."
)
probe_layer.set_weights([np.arange(18, dtype="float32").reshape(6, 3)])  # after the model was made
probe_ids = np.array([[5, 0, 0, 1], [2, 5, 3, 4]])
probe_answer = np.asarray(probe_model(probe_ids))  # (2, 4, 3)
assert probe_answer.shape == (2, 4, 3), (
    f"Ids (2, 4) should come back as (2, 4, 3); they came back as {probe_answer.shape}."
)
assert np.allclose(probe_answer, np.arange(18).reshape(6, 3)[probe_ids]), (
    "After layer.set_weights(…) the model still gives other rows: it does not look into the "
    "layer it was given, but into a copy or a new layer."
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
for probe_length in (1, int(probe_rng.integers(2, 6)), None):
    probe_vocab, probe_dim = int(probe_rng.integers(5, 20)), int(probe_rng.integers(2, 6))
    probe_table = probe_rng.normal(size=(probe_vocab, probe_dim)).astype("float32")
    probe_layer = student.keras.layers.Embedding(probe_vocab, probe_dim)
    probe_layer.build()
    probe_model = lookup_model(probe_layer, probe_length)
    probe_layer.set_weights([probe_table])
    assert tuple(getattr(probe_model, "output_shape", None) or ()) == (
        None,
        probe_length,
        probe_dim,
    ), (
        f"With length={probe_length} and dim={probe_dim} the output shape should be "
        f"{(None, probe_length, probe_dim)}; it is {getattr(probe_model, 'output_shape', None)}."
    )
    assert any(weight is probe_layer.embeddings for weight in probe_model.weights), (
        "The model should hold the layer's own table; it holds a copy or a new layer."
    )
    assert probe_model.count_params() == probe_vocab * probe_dim, (
        f"The model should have {probe_vocab * probe_dim} parameters, those of the table; it has "
        f"{probe_model.count_params()}."
    )
    for probe_batch in (1, 3, 0):
        probe_ids = probe_rng.integers(0, probe_vocab, size=(probe_batch, probe_length or 4))
        probe_ids[:1] = probe_vocab - 1
        probe_answer = np.asarray(probe_model(probe_ids))
        assert probe_answer.shape == probe_ids.shape + (probe_dim,), (
            f"A batch of {probe_batch} should come back as {probe_ids.shape + (probe_dim,)}; it "
            f"came back as {probe_answer.shape}."
        )
        assert np.allclose(probe_answer, probe_table[probe_ids], atol=1e-6), (
            f"For ids {probe_ids.tolist()} the model does not give those rows of the layer's table."
        )
### END HIDDEN TESTS

# %% [markdown]
# Your model around the small table. Say the output shape first, axis by axis:
# `(batch, length, dim)`.

# %%
model = lookup_model(make_embedding(embedding_matrix))
print(model.output_shape)

# %% [markdown]
# `None` for a batch of any size, 1 for one id in each example, 4 for the row. The table travels
# with the model, as its only weight:

# %%
model = lookup_model(make_embedding(embedding_matrix))
print(model.get_weights())

# %% [markdown]
# `summary` lists the layers with what each of them has to learn. **Predict** the number behind
# `my_embedding`.

# %%
model = lookup_model(make_embedding(embedding_matrix))
model.summary(line_length=64, print_fn=print)  # as plain text, in one piece

# %% [markdown]
# 10 rows of 4 numbers are 40 parameters; the input has none. Now feed it: one id, then a batch.
# Look at the brackets before you run. How many will open the answer for `[[3]]`?

# %%
model = lookup_model(make_embedding(embedding_matrix))
print(model.predict(np.array([[3]]), verbose=0))  # (1, 1) → (1, 1, 4)

# %%
model = lookup_model(make_embedding(embedding_matrix))
print(model.predict(np.array([[3], [3], [0], [9]]), verbose=0))  # (4, 1) → (4, 1, 4)

# %% [markdown]
# Three brackets: batch, length, dim. The same id gives the same row, wherever it stands in the
# batch. And with `length=None` one model takes examples of any length, as long as they are equally
# long within one batch:

# %%
reader = lookup_model(make_embedding(embedding_matrix), length=None)
one_long = reader.predict(np.array([[1, 2, 3, 4, 5, 6, 7]]), verbose=0)
three_short = reader.predict(np.array([[1, 2], [3, 4], [5, 6]]), verbose=0)
print(reader.output_shape, "gave", one_long.shape, "and", three_short.shape)

# %% [markdown]
# ## 5 · Flatten: the axis nobody needs
#
# With one id in each example, the middle axis of `(4, 1, 4)` says nothing. `Flatten` keeps the
# batch axis and lays all the others end to end.

# %%
print(keras.layers.Flatten()(np.zeros((5, 1, 4))).shape)  # 1 · 4
print(keras.layers.Flatten()(np.zeros((5, 28, 28))).shape)  # 28 · 28

# %% [markdown]
# ### Exercise 4 · flat_model
# ●●○○○ · 2 points · 5 minutes
#
# **Goal:** a model that takes one id in each example and answers with plain rows, `(None, dim)`,
# from the layer that you are given.
#
# <details><summary>It works for one example, and fails or answers nonsense for two</summary>
#
# Somewhere you wrote down the size of the batch. Compare with what <code>Flatten</code> leaves
# open.
# </details>
# <details><summary>My output is still (None, 1, 4)</summary>
#
# Is the flattening layer called on something, and is that outcome the model's output?
# </details>


# %% exercise="flat_model"
def flat_model(layer):
    """A model that gives one row of `layer` for one id, without the axis of length.

    Args:
        layer: a built `keras.layers.Embedding` with a table `(vocab, dim)`; used, not copied.
    Returns:
        a `keras.Model` from ids `(None, 1)` to rows `(None, dim)`.
    """
    ### BEGIN SOLUTION
    inputs = keras.Input(shape=(1,), dtype="int32", name="input")
    rows = layer(inputs)  # (None, 1, dim)
    return keras.Model(inputs, keras.layers.Flatten(name="flatten")(rows), name="model2")
    ### END SOLUTION


# %% check="flat_model" points=2
import __main__ as student

probe_layer = student.keras.layers.Embedding(6, 3)
probe_layer.build()
probe_layer.set_weights([np.arange(18, dtype="float32").reshape(6, 3)])
probe_model = flat_model(probe_layer)
assert isinstance(probe_model, keras.Model), (
    f"flat_model should return a keras.Model; it returned {probe_model.__class__.__name__}."
)
try:
    probe_answer = np.asarray(probe_model(np.array([[5]])))
except Exception as error:
    raise AssertionError(
        f"The model fails on a single id, [[5]], with a {error.__class__.__name__}. Is a size "
        "written down in it that belongs to another table? This one has rows of 3 numbers. Read "
        f"sizes off the layer, or leave them to Flatten. Keras said: {str(error)[:300]}"
    ) from None
assert probe_answer.shape == (1, 3), (
    f"One id, (1, 1), should give (1, 3): no axis of length; it gave {probe_answer.shape}."
)
try:
    probe_answer = np.asarray(probe_model(np.array([[5], [0], [5]])))
except Exception as error:
    raise AssertionError(
        "flat_model works for a batch of one and fails for a batch of three: a fixed batch size "
        "is written into it. Leave the batch axis open, as Flatten does. "
        f"({error.__class__.__name__})"
    ) from None
assert probe_answer.shape == (3, 3), (
    f"Three ids, (3, 1), should give (3, 3), one row each; they gave {probe_answer.shape}. The "
    "batch axis must stay open: is a fixed batch size written into the model, or the batch "
    "flattened away?"
)
assert np.allclose(probe_answer, [[15, 16, 17], [0, 1, 2], [15, 16, 17]]), (
    "Ids 5, 0, 5 should give rows 5, 0, 5 of the layer's table; the model "
    f"gave\n{probe_answer}\nIs it a new layer, with random weights, instead of the shared one?"
)
probe_layer.set_weights([np.full((6, 3), -2.0, dtype="float32")])
assert np.allclose(np.asarray(probe_model(np.array([[1]]))), -2.0), (
    "After layer.set_weights(…) the model still answers with the old rows: it holds a new layer "
    "with a copy of the table instead of the shared one."
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
probe_vocab, probe_dim = int(probe_rng.integers(7, 20)), int(probe_rng.integers(4, 7))
probe_table = probe_rng.normal(size=(probe_vocab, probe_dim)).astype("float32")
probe_layer = student.keras.layers.Embedding(probe_vocab, probe_dim)
probe_layer.build()
probe_model = flat_model(probe_layer)
for probe_batch in (1, 5, 0, 2):
    probe_ids = probe_rng.integers(0, probe_vocab, size=(probe_batch, 1))
    probe_ids[:1] = probe_vocab - 1
    probe_layer.set_weights([probe_table])
    probe_answer = np.asarray(probe_model(probe_ids))
    assert probe_answer.shape == (probe_batch, probe_dim), (
        f"Ids {probe_ids.shape} should give {(probe_batch, probe_dim)}; they gave "
        f"{probe_answer.shape}. The batch axis must stay open."
    )
    assert np.allclose(probe_answer, probe_table[probe_ids[:, 0]], atol=1e-6), (
        f"For ids {probe_ids[:, 0].tolist()} the model does not give those rows of the shared "
        "layer."
    )
assert any(weight is probe_layer.embeddings for weight in probe_model.weights), (
    "The model should hold the shared layer's own variable; it holds a new layer."
)
probe_model.set_weights([np.ones((probe_vocab, probe_dim), dtype="float32")])
assert np.allclose(np.asarray(probe_layer.get_weights()[0]), 1.0), (
    "model.set_weights(ones) did not reach the layer that was passed in: they should share one "
    "table."
)
### END HIDDEN TESTS

# %%
model2 = flat_model(make_embedding(embedding_matrix))
answer = model2.predict(np.array([3]), verbose=0)  # a 1-D batch: (1,) → (1, 4)
print(model2.output_shape)
print(answer)

# %% [markdown]
# Here is the leniency from above: the model wants `(None, 1)`, got `(1,)`, and Keras added the
# missing axis of size 1 at the end. Handy here; do not count on it elsewhere.
#
# ### Exercise 5 · model2_parameters
# ●○○○○ · 1 point · 2 minutes
#
# **Goal:** how many trainable parameters has `model2`, the flat model around the 10 × 4 table?
# Work it out on paper first. The cell after the check shows whether you were right.
#
# <details><summary>I am not sure what Flatten adds</summary>
#
# What would it have to learn?
# </details>

# %% exercise="model2_parameters"
model2_parameters = None  # an int
### BEGIN SOLUTION
model2_parameters = vocab_size * embedding_size
### END SOLUTION

# %% check="model2_parameters" points=1
if model2_parameters is None:
    raise NotImplementedError("This exercise is not done yet: put your number in place of None.")
assert isinstance(model2_parameters, (int, np.integer)) and not isinstance(
    model2_parameters, bool
), f"model2_parameters should be an int; it is {model2_parameters!r}."
assert model2_parameters > 0, f"model2 has something to learn; your number is {model2_parameters}."
### BEGIN HIDDEN TESTS
probe_reasons = {
    80: "80 counts the table twice, once for each model; the question is about model2 alone.",
    44: "44 gives Flatten a bias, or the embedding one: neither has any.",
    36: "36 leaves a row out: ids 0 to 9 are ten rows.",
    10: "10 counts the rows, that is, the vocabulary; each row holds 4 numbers.",
    4: "4 is one row; the table has 10 of them, and every number in it is a parameter.",
    1: "1 is the number of weight arrays; the question asks for the numbers in it.",
    160: "160 counts bytes: four for each float32 parameter.",
}
assert model2_parameters == embedding_matrix.size, probe_reasons.get(
    int(model2_parameters),
    f"{model2_parameters} is not the number. Every entry of the table is a parameter, and nothing "
    "else in model2 is; compare with model2.summary().",
)
### END HIDDEN TESTS

# %%
model2 = flat_model(make_embedding(embedding_matrix))
model2.summary(line_length=64, print_fn=print)

# %% [markdown]
# The table is all there is to learn; `Flatten` only changes how numbers are arranged. Compare your
# number with the line "Trainable params".

# %% [markdown]
# ## 6 · Two models, one table
#
# So far each model came with a layer of its own. Now give **one** layer to two models. Here is
# the picture to keep in mind.


# %%
from matplotlib.colors import ListedColormap


def sketch(ax, title, tables, arrows):
    """Two models as boxes, tables as small grids, arrows from model to table."""
    ax.set(xlim=(-2.3, 2.3), ylim=(-1.5, 2.5), aspect="equal", title=title)
    ax.axis("off")
    for x, name, colour in ((-1.3, "model", BLUE), (1.3, "model2", GREEN)):
        frame = {"boxstyle": "round,pad=0.7", "facecolor": colour, "alpha": 0.3}
        ax.text(x, 2, name, ha="center", va="center", bbox=frame)
    grid = np.zeros((5, 4))
    grid[2] = 1
    for x, label in tables.items():
        columns, rows = x + np.linspace(-0.7, 0.7, 5), np.linspace(-0.7, 0.7, 6)
        ax.pcolormesh(columns, rows, grid, cmap=ListedColormap(["white", ORANGE]), edgecolors=GREY)
        ax.text(x, -0.9, label, ha="center", va="top")
    for start, end in arrows:
        way = {"arrowstyle": "-|>", "color": "black", "lw": 1.5}
        ax.annotate("", xy=(end, 0.8), xytext=(start, 1.6), arrowprops=way)


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
sketch(left, "one layer, shared", {0: "one table: 40 parameters"}, [(-1.1, -0.4), (1.1, 0.4)])
sketch(
    right, "two layers, copied", {-1.3: "40 parameters", 1.3: "40 more"}, [(-1.3, -1.3), (1.3, 1.3)]
)
plt.show()

# %% [markdown]
# *Figure: on the left, boxes named model and model2 with an arrow each to one and the same table of
# 40 parameters. On the right each box has an arrow to a table of its own; the tables show the same
# numbers, but there are 80 parameters, and a change to one is not seen in the other.*
#
# On the first day the two situations answer alike. **Predict:** `model2` gets a table full of ones.
# What does `model`, which nobody touched, answer for id 3?

# %%
layer = make_embedding(embedding_matrix)
model, model2 = lookup_model(layer), flat_model(layer)
model2.set_weights([np.ones(shape=(vocab_size, embedding_size))])
answer2 = model2.predict(np.array([[3]]), verbose=0)
answer = model.predict(np.array([[3]]), verbose=0)
print("model2:", answer2)
print("model: ", answer)

# %% [markdown]
# Ones. There was never a table "of `model`" and one "of `model2`": both point at the variable
# inside `layer`, and `set_weights` wrote into that. Training does the same: a step taken through
# one model moves the other.

# %% [markdown]
# ### Exercise 6 · sequential_model
# ●●○○○ · 2 points · 4 minutes
#
# **Goal:** a third model, `model3`, that does what `flat_model` does and shares the same layer, but
# is built as a `keras.Sequential`: a list of layers, each fed by the one before.
#
# Tip: let the list begin with a `keras.Input`. Without it a Sequential model waits for its first
# batch and takes its shapes from that, batch size included.
#
# <details>
# <summary>My model answers right at first, and not any more once the layer is changed</summary>
#
# Then the layer's numbers were copied. The list takes layer objects: which object did you put
# there?
# </details>
# <details><summary>My output has three axes</summary>
#
# Only the last layer's answer comes out. What did <code>model2</code> have behind the embedding?
# </details>


# %% exercise="sequential_model"
def sequential_model(layer):
    """`flat_model` once more, as a Sequential model that shares `layer`.

    Args:
        layer: a built `keras.layers.Embedding` with a table `(vocab, dim)`; used, not copied.
    Returns:
        a `keras.Sequential` from ids `(batch, 1)` to rows `(batch, dim)`.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [keras.Input(shape=(1,), dtype="int32"), layer, keras.layers.Flatten(name="flatten")],
        name="model3",
    )
    ### END SOLUTION


# %% check="sequential_model" points=2
import __main__ as student

probe_layer = student.keras.layers.Embedding(6, 3)
probe_layer.build()
probe_layer.set_weights([np.arange(18, dtype="float32").reshape(6, 3)])
probe_model = sequential_model(probe_layer)
assert isinstance(probe_model, keras.Sequential), (
    "sequential_model should return a keras.Sequential; it returned "
    f"{probe_model.__class__.__name__}."
)
probe_answer = np.asarray(probe_model(np.array([[5], [0], [5]])))
assert probe_answer.shape == (3, 3), (
    f"Three ids, (3, 1), should give (3, 3), one row each; they gave {probe_answer.shape}. The "
    "axis of length has to go: what did model2 do behind the embedding?"
)
assert np.allclose(probe_answer, [[15, 16, 17], [0, 1, 2], [15, 16, 17]]), (
    "Ids 5, 0, 5 should give rows 5, 0, 5 of the layer's table; the model "
    f"gave\n{probe_answer}\nA new Embedding has a random table: put the layer itself in the list."
)
probe_layer.set_weights([np.full((6, 3), -2.0, dtype="float32")])
assert np.allclose(np.asarray(probe_model(np.array([[1], [2]]))), -2.0), (
    "The layer was changed and model3 still answers with the old rows: it copied the weights "
    "into a layer of its own. Sharing means to put the same layer object in the list."
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
probe_vocab, probe_dim = int(probe_rng.integers(7, 20)), int(probe_rng.integers(4, 7))
probe_table = probe_rng.normal(size=(probe_vocab, probe_dim)).astype("float32")
probe_layer = student.keras.layers.Embedding(probe_vocab, probe_dim)
probe_layer.build()
probe_model = sequential_model(probe_layer)
probe_layer.set_weights([probe_table])
for probe_batch in (1, 4, 2):
    probe_ids = probe_rng.integers(0, probe_vocab, size=(probe_batch, 1))
    probe_ids[0] = probe_vocab - 1
    probe_answer = np.asarray(probe_model(probe_ids))
    assert probe_answer.shape == (probe_batch, probe_dim), (
        f"Ids {probe_ids.shape} should give {(probe_batch, probe_dim)}; they gave "
        f"{probe_answer.shape}. The batch axis must stay open."
    )
    assert np.allclose(probe_answer, probe_table[probe_ids[:, 0]], atol=1e-6), (
        f"For ids {probe_ids[:, 0].tolist()} the model does not give those rows of the shared "
        "layer: does it use the layer in its argument, or another one?"
    )
assert any(weight is probe_layer.embeddings for weight in probe_model.weights), (
    "model3 should hold the shared layer's own variable; it holds another one, a copy."
)
probe_model.set_weights([np.ones((probe_vocab, probe_dim), dtype="float32")])
assert np.allclose(np.asarray(probe_layer.get_weights()[0]), 1.0), (
    "model3.set_weights(ones) did not reach the layer that was passed in: they should share one "
    "table."
)
### END HIDDEN TESTS

# %%
layer = make_embedding(embedding_matrix)
model, model2, model3 = lookup_model(layer), flat_model(layer), sequential_model(layer)
model2.set_weights([np.ones(shape=(vocab_size, embedding_size))])
for each in (model, model2, model3):
    print(each(np.array([[3]])).numpy())

# %% [markdown]
# Three models, written in two ways (Lab 3 adds a third, subclassing), and one table between them.
#
# Now the other direction. Somebody hands you two finished models. Do they share? Equal answers
# prove nothing, as the picture showed; nor do equal names. **Predict** the four lines:

# %%
first = keras.layers.Embedding(vocab_size, embedding_size, name="my_embedding")
second = keras.layers.Embedding(vocab_size, embedding_size, name="my_embedding")
first.build()
second.build()
second.set_weights(first.get_weights())
print("equal numbers: ", np.array_equal(first.get_weights()[0], second.get_weights()[0]))
print("equal names:   ", first.weights[0].name == second.weights[0].name)
print("equal paths:   ", first.weights[0].path == second.weights[0].path)
print("same variable: ", first.weights[0] is second.weights[0])

# %% [markdown]
# Two tables, alike to the last digit and the last letter. Only the question "is this *the same
# object*?" tells them apart.

# %% [markdown]
# ### Exercise 7 · share_a_table
# ●●●○○ · 3 points · 8 minutes
#
# **Goal:** find out whether two models hold the same variable.
#
# <details><summary>Keras or NumPy complains that the truth value of an array is ambiguous</summary>
#
# On variables, <code>==</code> compares number by number, and <code>in</code> uses
# <code>==</code>. You want to compare something else than their numbers.
# </details>
# <details>
# <summary>I find the table in simple models, and miss it behind a Dense layer</summary>
#
# Does your code look at every variable of both models, or only at the first?
# </details>
# <details><summary>I miss a table that is frozen</summary>
#
# There are several lists of variables on a model. Which of them leaves frozen ones out?
# </details>


# %% exercise="share_a_table"
def share_a_table(a, b):
    """Do two models hold the same variable?

    Args:
        a, b: Keras models, whatever their kind; neither is changed.
    Returns:
        True when at least one weight of `a` is, as an object, a weight of `b` as well, whether
        trainable or frozen and wherever it stands; otherwise False.
    """
    ### BEGIN SOLUTION
    weights_of_a = {id(weight) for weight in a.weights}
    return any(id(weight) in weights_of_a for weight in b.weights)
    ### END SOLUTION


# %% check="share_a_table" points=3
import __main__ as student


def probe_build(*layers):
    """A functional model on the student's side: one id in, then the layers."""
    probe_input = student.keras.Input(shape=(1,))
    probe_output = probe_input
    for probe_step in layers:
        probe_output = probe_step(probe_output)
    return student.keras.Model(probe_input, probe_output)


def probe_embedding(name, value):
    probe_new = student.keras.layers.Embedding(5, 2, name=name)
    probe_new.build()
    probe_new.set_weights([np.full((5, 2), value, dtype="float32")])
    return probe_new


probe_table = probe_embedding("table", 1.0)
probe_a = probe_build(probe_table)
probe_b = probe_build(probe_table, student.keras.layers.Flatten())
probe_answer = share_a_table(probe_a, probe_b)
assert isinstance(probe_answer, (bool, np.bool_)), (
    f"share_a_table should return True or False; it returned {probe_answer.__class__.__name__}."
)
assert probe_answer, (
    "Two models built around one layer object share its table, but share_a_table says False."
)
assert not share_a_table(probe_a, probe_build(probe_embedding("other", 1.0))), (
    "Two tables with equal values are still two tables, and share_a_table takes them for one: "
    "compare the variables themselves, not their values."
)
assert not share_a_table(probe_a, probe_build(probe_embedding("table", 2.0))), (
    "Two layers may bear the same name and be two layers all the same; share_a_table takes them "
    "for one: names (and paths) do not identify a variable."
)
### BEGIN HIDDEN TESTS
assert not share_a_table(probe_a, probe_build(probe_embedding("table", 1.0))), (
    "Equal values and an equal name, yet two variables: share_a_table should say False."
)
assert share_a_table(probe_a, probe_a), "A model shares every table with itself."
probe_head = student.keras.layers.Dense(1)
probe_c = probe_build(probe_head, probe_table)  # the shared table is not the first weight
assert share_a_table(probe_a, probe_c) and share_a_table(probe_c, probe_a), (
    "The shared table is not the first weight of one of the models, and share_a_table misses it: "
    "look at every variable of both, in either order."
)
probe_d = probe_build(probe_embedding("d", 1.0), student.keras.layers.Dense(3))
assert not share_a_table(probe_c, probe_d), (
    "These two models share nothing, but share_a_table says True."
)
probe_table.trainable = False
assert share_a_table(probe_a, probe_b), (
    "The shared table is frozen now, but still shared; share_a_table says False. "
    "trainable_weights leaves frozen variables out."
)
probe_table.trainable = True
probe_e = student.keras.Sequential()
probe_e.add(student.keras.Input(shape=(1,)))
probe_e.add(probe_table)
probe_f = student.keras.Sequential()
probe_f.add(student.keras.Input(shape=(1,)))
probe_f.add(probe_embedding("table", 1.0))
assert share_a_table(probe_e, probe_a), (
    "A Sequential and a functional model around one layer share its table."
)
assert not share_a_table(probe_e, probe_f), "Two Sequential models with a layer each share nothing."
probe_nested = probe_build(probe_a, student.keras.layers.Flatten())
assert share_a_table(probe_nested, probe_e), (
    "A model inside a model brings its variables along: look at the weights of the whole model, "
    "not only at its direct layers."
)
probe_empty = probe_build(student.keras.layers.Flatten())
assert not share_a_table(probe_empty, probe_a), "A model without weights shares none."
assert not share_a_table(probe_empty, probe_empty), (
    "A model without weights shares none, not even with itself."
)
probe_table.set_weights([np.arange(10, dtype="float32").reshape(5, 2)])
share_a_table(probe_a, probe_b)
share_a_table(probe_a, probe_f)
assert np.array_equal(np.asarray(probe_table.get_weights()[0]), np.arange(10).reshape(5, 2)), (
    "share_a_table changed the weights of a model that it was asked about; it should only look."
)
assert np.array_equal(np.asarray(probe_f.get_weights()[0]), np.ones((5, 2))), (
    "share_a_table changed the weights of a model that it was asked about; it should only look."
)
### END HIDDEN TESTS

# %% [markdown]
# A word about copies that look like sharing. **Predict** both lines: `clone_model` rebuilds a model
# layer by layer.

# %%
model2 = flat_model(make_embedding(embedding_matrix))
twin = keras.models.clone_model(model2)
twin.set_weights(model2.get_weights())
print("equal answers:", np.array_equal(model2(np.array([[3]])), twin(np.array([[3]]))))
print("share a table:", share_a_table(model2, twin))

# %% [markdown]
# Cloning, saving and loading, `set_weights(get_weights())`: all of them copy. Only handing over the
# same layer object shares.
#
# ### Turn the knob
#
# Choose whether `model` and `model2` were given one layer or two, and write a number into row 3
# *through `model2` only*. Watch the table of `model`.


# %%
def draw_sharing(shared=True, value=50):
    """Write `value` into row 3 through model2, and draw what both models hold."""
    layer = make_embedding(embedding_matrix)
    model = lookup_model(layer)
    model2 = flat_model(layer if shared else make_embedding(embedding_matrix))
    table = model2.get_weights()[0]
    table[3] = value
    model2.set_weights([table])
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.4), layout="constrained")
    for ax, name, each in zip(axes, ("model", "model2"), (model, model2)):
        seen = each.get_weights()[0]
        changed = not np.array_equal(seen[3], embedding_matrix[3])
        draw_table(
            ax,
            seen,
            {3: RED if changed else ORANGE},
            f"what {name} sees\n(row 3 {'changed' if changed else 'as it was'})",
        )
    figure.suptitle("one layer for both" if shared else "a layer each")
    plt.show()


# %% unstable=true
from ipywidgets import IntSlider, ToggleButtons, interact

flat_model(make_embedding(embedding_matrix))  # Exercises 1 and 4 have to be done first
knob = interact(
    draw_sharing,
    shared=ToggleButtons(
        options=[("one layer for both", True), ("a layer each", False)], description="given"
    ),
    value=IntSlider(value=50, min=0, max=99, description="row 3", continuous_update=False),
)

# %% [markdown]
# The same without a knob, first shared, then copied:

# %%
draw_sharing(shared=True, value=50)
draw_sharing(shared=False, value=50)

# %% [markdown]
# *Figure: two pairs of tables. In the first pair both models were given one layer, and row 3 reads
# 50 in both tables, though it was written through `model2` only. In the second pair each model has
# a layer of its own: row 3 reads 50 in `model2` and still 12, 13, 14, 15 in `model`.*

# %% [markdown]
# ## 7 · The dense layer in disguise
#
# You will read that an embedding layer is "a one-hot encoder and a fully connected layer". As a
# statement about *what comes out* that is exact, and you can build the proof: a `Dense` layer which
# answers one-hot rows with embedding rows.

# %% [markdown]
# ### Exercise 8 · as_dense
# ●●●○○ · 2 points · 7 minutes
#
# **Goal:** a `Dense` layer that maps the one-hot row of id `i` to row `i` of the matrix, and has
# nothing to learn besides.
#
# <details><summary>The layer has more parameters than the matrix has numbers</summary>
#
# A dense layer computes <code>activation(x @ kernel + bias)</code>. Which of the three did an
# embedding have?
# </details>
# <details><summary>My negative numbers come out as zeros</summary>
#
# Something bends the answer after the product.
# </details>
# <details><summary>Keras complains about the shape of my kernel or of my input</summary>
#
# <code>x @ kernel</code> with <code>x</code> of shape <code>(n, vocab)</code>, and the answer
# <code>(n, dim)</code>: what is left for the kernel? A dense layer also has to be built, with
# the shape that it will be fed.
# </details>


# %% exercise="as_dense"
def as_dense(matrix):
    """A dense layer that answers one-hot rows with the rows of `matrix`.

    Args:
        matrix: float array `(vocab, dim)`; it is not changed.
    Returns:
        a built `keras.layers.Dense` from one-hot rows `(n, vocab)` to rows `(n, dim)`, without
        bias and without activation: `vocab * dim` parameters.
    """
    ### BEGIN SOLUTION
    vocab, dim = matrix.shape
    dense = keras.layers.Dense(dim, use_bias=False)
    dense.build((None, vocab))
    dense.set_weights([matrix])
    return dense
    ### END SOLUTION


# %% check="as_dense" points=2
probe_matrix = np.array([[0.5, -1.0], [2.0, 3.5], [-4.0, 0.25]], dtype="float32")  # (3, 2)
probe_before = probe_matrix.copy()
probe_kernel = (
    "For one-hot rows (n, 3) and answers (n, 2) the kernel has the shape (3, 2), that of the "
    "matrix: is yours transposed, or made for the global embedding_matrix?"
)
try:
    probe_dense = as_dense(probe_matrix)
except ValueError as error:
    probe_hints = {
        "expecting 0": "The layer is not built yet, so it has no weights to set.",
        "expecting 2": "It wants two arrays, a kernel and a bias: the bias was left on.",
        "compatible": probe_kernel,
    }
    probe_hint = " ".join(hint for sign, hint in probe_hints.items() if sign in str(error))
    raise AssertionError(
        f"as_dense stopped with a ValueError. {probe_hint} Keras said: {str(error)[:300]}"
    ) from None
assert np.array_equal(probe_matrix, probe_before), "as_dense changed the matrix that it was given."
assert isinstance(probe_dense, keras.layers.Layer), (
    f"as_dense should return a Dense layer; it returned {probe_dense.__class__.__name__}."
)
try:
    probe_answer = np.asarray(probe_dense(np.eye(3, dtype="float32")))  # (3, 3) → (3, 2)
except Exception as error:
    raise AssertionError(
        f"The layer could not take the one-hot rows (3, 3) ({error.__class__.__name__}). "
        f"{probe_kernel}"
    ) from None
assert probe_answer.shape == (3, 2), (
    f"Three one-hot rows, (3, 3), should give (3, 2); they gave {probe_answer.shape}. "
    f"{probe_kernel}"
)
probe_double = np.asarray(probe_dense(2 * np.eye(3, dtype="float32")))
assert np.allclose(probe_double - probe_answer, probe_answer, atol=1e-5), (
    "Twice the input should give twice the answer, but something bends it: an activation, or a "
    f"bias that is not zero. The one-hot rows gave\n{probe_answer}\nand twice the one-hot "
    f"rows\n{probe_double}"
)
assert np.allclose(probe_answer, probe_matrix) or not np.allclose(
    probe_answer, np.maximum(probe_matrix, 0)
), (
    "The negative numbers of the matrix come out as zeros: an activation was left on. "
    f"Expected\n{probe_matrix}\nand the layer gave\n{probe_answer}"
)
assert np.allclose(probe_answer, probe_matrix), (
    f"The one-hot row of id i should give row i of the matrix. Expected\n{probe_matrix}\nand the "
    f"layer gave\n{probe_answer}\nDoes the kernel hold the matrix, or its random initial numbers?"
)
probe_count = sum(np.size(weight) for weight in probe_dense.get_weights())
assert probe_count == 6, (
    f"The layer should have 6 parameters, as many as the matrix; it has {probe_count}. A bias was "
    "left on: it begins at zero, so the answers agree today, but training would move it."
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
# a square matrix, into which a transposed kernel fits as well
probe_matrix = probe_rng.normal(size=(5, 5)).astype("float32")
probe_before = probe_matrix.copy()
probe_dense = as_dense(probe_matrix)
assert np.array_equal(probe_matrix, probe_before), "as_dense changed the matrix that it was given."
probe_answer = np.asarray(probe_dense(np.eye(5, dtype="float32")))
assert probe_answer.shape == (5, 5), (
    f"Five one-hot rows should give (5, 5); they gave {probe_answer.shape}."
)
assert not np.allclose(probe_answer, probe_before.T, atol=1e-5), (
    "The layer answers with the columns of the matrix: the kernel is transposed."
)
assert np.allclose(probe_answer, probe_before, atol=1e-5), (
    "With another matrix the layer does not give that matrix's rows: does as_dense use its "
    "argument?"
)
probe_matrix = probe_rng.normal(size=(int(probe_rng.integers(7, 20)), 3))  # float64
probe_before = probe_matrix.copy()
probe_dense = as_dense(probe_matrix)
probe_matrix[:] = 0.0
probe_ids = probe_rng.integers(0, len(probe_before), size=8)
probe_ids[:2] = len(probe_before) - 1
probe_answer = np.asarray(probe_dense(np.eye(len(probe_before), dtype="float32")[probe_ids]))
assert np.allclose(probe_answer, probe_before[probe_ids], atol=1e-5), (
    f"For the one-hot rows of ids {probe_ids.tolist()} the layer does not give those rows of the "
    "matrix."
)
assert len(probe_dense.trainable_weights) == 1, (
    "The kernel should stay trainable, as the table of an embedding is."
)
### END HIDDEN TESTS

# %% [markdown]
# Same answers. Do the two also *learn* alike? One step of gradient descent through each, towards
# zero, on the same three examples:


# %%
def one_step(model, x):
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.5), loss="mse", run_eagerly=True)
    model.train_on_batch(x, np.zeros((3, embedding_size)))
    return model.get_weights()[0]


ids = np.array([3, 3, 7])
dense = as_dense(embedding_matrix)
after_lookup = one_step(flat_model(make_embedding(embedding_matrix)), ids[:, None])
after_product = one_step(
    keras.Sequential([keras.Input((vocab_size,)), dense]), np.eye(vocab_size)[ids]
)
print("tables agree after the step:", np.allclose(after_lookup, after_product))
print("rows that moved:", np.flatnonzero((after_lookup != embedding_matrix).any(axis=1)))
print("row 3:", after_lookup[3].round(2), " row 7:", after_lookup[7].round(2))

# %% [markdown]
# They learn alike: only the rows that were looked up moved, and row 3, which occurs twice, moved by
# a larger share of its way to zero than row 7.
#
# So is it *the same thing*? Put a spanner in the works. Row 7 of a table gets damaged (NaN, "not a
# number"), and both layers are asked for row **3**. **Predict** what each will answer.

# %%
damaged = embedding_matrix.copy()
damaged[7] = np.nan
print("lookup: ", make_embedding(damaged)(np.array([3])).numpy())
print("product:", as_dense(damaged)(np.eye(vocab_size, dtype="float32")[[3]]).numpy())

# %% [markdown]
# The lookup never came near row 7. The product multiplied it by zero, and zero times NaN is NaN.
# That one cell settles a quarrel which you will find in public: "an embedding is a simple matrix
# multiplication" against "there is no matrix multiplication". As functions of healthy numbers the
# two are equal; as computations they are not, and the layer is the second. It exists *because* it
# spares the product.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.4), layout="constrained")
draw_table(left, damaged, {3: ORANGE}, "lookup of id 3\nreads 4 numbers")
draw_table(
    right,
    damaged,
    {row: ORANGE if row == 3 else BLUE for row in range(vocab_size)},
    "one-hot product for id 3\nreads all 40, 36 of them times zero",
)
plt.show()

# %% [markdown]
# *Figure: the damaged table twice, its row 7 all "nan". On the left, where row 3 is looked up,
# only row 3 is lit. On the right, for the one-hot product, row 3 is lit in orange and all the
# other rows, the damaged one among them, in blue: every number is read, and multiplied by one or
# by zero.*

# %% [markdown]
# ## 8 · Write the layer yourself
#
# You know the parts: `build` makes one matrix, `call` gathers. A layer of your own needs nothing
# else. For the form, here is a layer with a single weight that multiplies whatever it gets:


# %%
class Volume(keras.layers.Layer):
    """Multiply everything by one learned number."""

    def build(self, input_shape):  # runs once, before the first call
        self.gain = self.add_weight(shape=(), initializer="ones", name="gain")

    def call(self, inputs):  # runs each time
        return inputs * self.gain


volume = Volume()
print(volume(np.array([1.0, 2.0])).numpy(), "with", volume.count_params(), "parameter")

# %% [markdown]
# ### Exercise 9 · TinyEmbedding
# ●●●●○ · 4 points · 12 minutes
#
# **Goal:** an embedding layer of your own: `add_weight` in `build`, a gather in `call`. The
# constructor is there already.
#
# A true gather reads the rows that were asked for and no others; the checks can tell (you have just
# seen how).
#
# <details>
# <summary>Keras says: cannot add new elements of state to a layer that is already built</summary>
#
# You make the weight at the wrong moment. Which method runs before the first call?
# </details>
# <details>
# <summary>It works on arrays, but fails in a model: "Value for attr 'Tindices' of float"</summary>
#
# An <code>Input</code> without dtype is float32, and rows cannot be numbered in floats. Section 2
# tells what Keras's own layer does first.
# </details>
# <details><summary>The layer has 0 parameters</summary>
#
# An array, or a variable made behind Keras's back, is invisible to it. <code>add_weight</code>
# is what puts a variable on the list.
# </details>
# <details><summary>My layer answers NaN for a healthy row</summary>
#
# See the damaged row at the end of Section 7: which of the two routes is yours?
# </details>


# %% exercise="TinyEmbedding"
class TinyEmbedding(keras.layers.Layer):
    """An embedding layer with a table of `vocab` rows, `dim` numbers each.

    `build` adds one trainable weight `(vocab, dim)`, randomly initialised.
    `call` takes ids of any shape, integer or float32 (as they come out of an `Input` without
    dtype), and returns the rows, `ids.shape + (dim,)`, reading no other rows.
    """

    def __init__(self, vocab, dim):
        super().__init__()
        self.vocab = vocab
        self.dim = dim

    def build(self, input_shape):
        ### BEGIN SOLUTION
        self.table = self.add_weight(
            shape=(self.vocab, self.dim), initializer="uniform", name="table"
        )
        ### END SOLUTION

    def call(self, ids):
        ### BEGIN SOLUTION
        return keras.ops.take(self.table, keras.ops.cast(ids, "int32"), axis=0)
        ### END SOLUTION


# %% check="TinyEmbedding" points=2
import __main__ as student

probe_layer = TinyEmbedding(5, 3)
assert isinstance(probe_layer, keras.layers.Layer), (
    f"TinyEmbedding(5, 3) should be a keras.layers.Layer; it is {probe_layer.__class__.__name__}."
)
try:
    probe_answer = np.asarray(probe_layer(np.array([[1, 2]])))  # (1, 2) → (1, 2, 3)
except NotImplementedError:
    raise
except Exception as error:
    probe_hints = {
        "already built": "The weight is created in call: create it in build, with self.add_weight.",
        "Tindices": "A gather wants integers: cast the ids to int32 first.",
    }
    probe_hint = " ".join(hint for sign, hint in probe_hints.items() if sign in str(error))
    raise AssertionError(
        f"TinyEmbedding(5, 3) fails on the ids [[1, 2]] with a {error.__class__.__name__}. "
        f"{probe_hint} Keras said: {str(error)[:400]}"
    ) from None
probe_weights = list(probe_layer.get_weights())
assert len(probe_weights) == 1, (
    f"The layer should have one weight; Keras knows of {len(probe_weights)}. Only self.add_weight "
    "(in build) makes a weight that Keras counts, saves and trains."
)
assert np.asarray(probe_weights[0]).shape == (5, 3), (
    "The weight of TinyEmbedding(5, 3) should be (vocab, dim) = (5, 3); it is "
    f"{np.asarray(probe_weights[0]).shape}."
)
assert probe_answer.shape == (1, 2, 3), (
    f"Ids of shape (1, 2) should give (1, 2, 3) with dim=3; they gave {probe_answer.shape}."
)
probe_table = np.arange(15, dtype="float32").reshape(5, 3)
probe_layer.set_weights([probe_table])
probe_answer = np.asarray(probe_layer(np.array([[1, 4]])))
assert np.allclose(probe_answer, probe_table[[[1, 4]]]), (
    f"Ids 1 and 4 should give [3, 4, 5] and [12, 13, 14]; they gave\n{probe_answer}"
)
probe_damaged = probe_table.copy()
probe_damaged[2] = np.nan
probe_layer.set_weights([probe_damaged])
assert np.allclose(np.asarray(probe_layer(np.array([1, 4]))), probe_table[[1, 4]]), (
    "Row 2 is NaN, ids 1 and 4 were asked for, and NaN came back: your layer multiplies with "
    "one-hot rows, and so reads the whole table. A gather reads the rows that were asked for and "
    "no others."
)
### BEGIN HIDDEN TESTS
probe_rng = np.random.default_rng()
for probe_shape in ((4,), (2, 3), (2, 1, 3), (0, 2)):
    probe_vocab, probe_dim = int(probe_rng.integers(6, 20)), int(probe_rng.integers(2, 6))
    probe_layer = TinyEmbedding(probe_vocab, probe_dim)
    probe_ids = probe_rng.integers(0, probe_vocab, size=probe_shape)
    probe_ids[:1] = probe_vocab - 1  # the last id, and repeated
    assert np.asarray(probe_layer(probe_ids)).shape == probe_shape + (probe_dim,), (
        f"Ids of shape {probe_shape} should give {probe_shape + (probe_dim,)}; they gave "
        f"{np.asarray(probe_layer(probe_ids)).shape}."
    )
    probe_table = probe_rng.normal(size=(probe_vocab, probe_dim)).astype("float32")
    probe_layer.set_weights([probe_table])
    assert np.allclose(np.asarray(probe_layer(probe_ids)), probe_table[probe_ids], atol=1e-6), (
        f"For the ids {probe_ids.tolist()} the layer does not give those rows of its table."
    )
    try:
        probe_answer = np.asarray(probe_layer(probe_ids.astype("float32")))
    except Exception as error:
        raise AssertionError(
            f"The same ids as float32 are refused ({error.__class__.__name__}): cast them to int32 "
            "before the gather. An Input without dtype is float32."
        ) from None
    assert np.allclose(probe_answer, probe_table[probe_ids], atol=1e-6), (
        "The same ids as float32 give other rows: cast them to int32 before the gather."
    )
probe_layer, probe_other = TinyEmbedding(4, 2), TinyEmbedding(4, 2)
probe_layer(np.array([0]))
probe_other(np.array([0]))
probe_other.set_weights([np.zeros((4, 2), dtype="float32")])
probe_layer.set_weights([np.ones((4, 2), dtype="float32")])
assert np.allclose(np.asarray(probe_other(np.array([3]))), 0.0), (
    "Two TinyEmbedding layers should have a table each; yours share one."
)
### END HIDDEN TESTS

# %% check="TinyEmbedding" points=2
import __main__ as student

probe_layer = TinyEmbedding(6, 2)
probe_input = student.keras.Input(shape=(2,))  # float32, as Input is by default
try:
    probe_model = student.keras.Model(probe_input, probe_layer(probe_input))
    probe_answer = np.asarray(probe_model(np.array([[5, 0]])))
except NotImplementedError:
    raise
except Exception as error:
    raise AssertionError(
        f"TinyEmbedding fails in a functional model with a {error.__class__.__name__}. Two usual "
        "reasons: the ids of an Input without dtype arrive as float32, so cast them to int32 "
        f"first; and the weight belongs in build, not in call. Keras said: {str(error)[:400]}"
    ) from None
assert tuple(probe_model.output_shape) == (None, 2, 2), (
    "On an input (None, 2) with dim=2 the output shape should be (None, 2, 2); it is "
    f"{probe_model.output_shape}."
)
assert probe_model.count_params() == 12, (
    "A model with TinyEmbedding(6, 2) should show 6 · 2 = 12 parameters; it shows "
    f"{probe_model.count_params()}."
)
assert len(probe_layer.trainable_weights) == 1, (
    "The table is not trainable: Keras lists no trainable weight for the layer, so no optimiser "
    "will touch it."
)
probe_model.compile(
    optimizer=student.keras.optimizers.SGD(learning_rate=0.5), loss="mse", run_eagerly=True
)
probe_before = np.asarray(probe_model.get_weights()[0]).copy()
probe_ids = np.array([[1, 1], [4, 0]])
probe_targets = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], dtype="float32")  # (2, 2, 2)
try:
    probe_model.train_on_batch(probe_ids, probe_targets)
except ValueError as error:
    raise AssertionError(
        "The model with TinyEmbedding could not take a training step: no gradient reaches the "
        f"table. Keras said: {str(error)[:300]}"
    ) from None
probe_after = np.asarray(probe_model.get_weights()[0])
assert not np.allclose(probe_after, probe_before), (
    "One training step changed nothing: the table does not train."
)
assert np.allclose(probe_after[[2, 3, 5]], probe_before[[2, 3, 5]]), (
    "Rows 2, 3 and 5 were not looked up, and moved all the same in a step of plain gradient "
    "descent."
)
probe_gradient = np.zeros_like(probe_before)
for probe_id, probe_target in zip(probe_ids.ravel(), probe_targets.reshape(-1, 2)):
    probe_gradient[probe_id] += 2 * (probe_before[probe_id] - probe_target) / probe_targets.size
assert np.allclose(probe_after, probe_before - 0.5 * probe_gradient, atol=1e-4), (
    "The table moved, but not as the gradient of the loss says (row 1 occurs twice and gets both "
    f"contributions). Expected\n{probe_before - 0.5 * probe_gradient}\nand it became\n{probe_after}"
)

# %% [markdown]
# Watch it learn. Eight ids, two numbers each; the targets of ids 0 to 6 lie on a circle.
# **Predict** where the row of id 7 ends up, which no example ever mentions.

# %%
keras.utils.set_random_seed(0)
tiny = TinyEmbedding(8, 2)
tiny(np.arange(8))  # the first call builds the table
circle = keras.Sequential([keras.Input(shape=(1,), dtype="int32"), tiny, keras.layers.Flatten()])
circle.compile(optimizer=keras.optimizers.SGD(learning_rate=3.0), loss="mse")

angles = 2 * np.pi * np.arange(7) / 7
targets = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # (7, 2)
start = tiny.get_weights()[0].copy()
for step in range(25):
    circle.train_on_batch(np.arange(7)[:, None], targets)  # id 7 is in no batch
end = tiny.get_weights()[0]

figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for i in range(8):
    ax.plot(*zip(start[i], end[i]), color=GREY, lw=1)
ax.scatter(*start.T, color=GREY, marker="s", label="before", zorder=3)
ax.scatter(*end.T, color=BLUE, s=60, label="after", zorder=3)
for i in range(8):
    away = 14 if end[i, 0] > 0 else -14  # beside the dot, outwards, where no line runs
    ax.annotate(
        str(i), end[i], xytext=(away, 0), textcoords="offset points", ha="center", va="center"
    )
ax.set(
    xlabel="dimension 0",
    ylabel="dimension 1",
    title="the 8 rows of TinyEmbedding, by id",
    aspect="equal",
    xlim=(-1.3, 1.3),
    ylim=(-1.3, 1.3),
)
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# *Figure: before training all eight rows, small grey squares, sit together near the middle. After
# it the rows of ids 0 to 6, blue dots joined to their squares by thin lines, stand evenly on a
# circle. The row of id 7 has not left the middle.*
#
# A row that is never looked up is never told anything. Remember that when a rare word has a strange
# neighbour: it may simply still be where chance put it.

# %% [markdown]
# ## 9 · In your own words

# %% [markdown] question="shared-weights" points=3
# **Question.** In Section 6, `model2.set_weights(ones)` made every model that shares the layer
# answer ones. Describe one situation in which you want that, and one in which it is a bug; and
# say how you would notice the bug, and mend it.
#
# ### BEGIN SOLUTION
# **Rubric** (3 points)
# - 1 point: a situation where sharing is wanted, with the reason that one thing should be learned
#   from several places (two inputs that take ids of the same vocabulary, such as query and
#   document, or both sentences of a pair; several tasks trained on one table; one model for
#   training and another that only reads vectors out of it; fewer parameters).
# - 1 point: a situation where it is a bug, with the mechanism: the models hold the same variable,
#   so writing to or training one silently changes the other (a "frozen baseline" that moves along
#   while its rival is fine-tuned; an experiment repeated in a loop with one layer made outside of
#   it, so that each run starts from the last one's weights; two vocabularies whose ids mean
#   different things fed into one table; setting `trainable = False` for one model and thereby
#   freezing the layer in the others).
# - 1 point: how to notice and mend it: compare the variables by identity (not by value or name),
#   or change one and look at the other; then give each model a layer of its own and copy the
#   numbers with `set_weights(get_weights())`, or `clone_model` followed by that.
#
# **Model answer.** A model that compares two sentences should read both with one table: "cat"
# ought to mean the same on both sides, and each side then teaches the other; half the parameters,
# twice the evidence for each row. It is a bug when I keep a model as a baseline and fine-tune a
# second one built around the same layer: the baseline gets better too, and the comparison is
# worthless. I would notice because the baseline's answers change although nobody trained it, and
# make sure with `share_a_table`. The cure is a new layer for the second model which gets a copy
# of the numbers once, `new.set_weights(old.get_weights())`.
# ### END SOLUTION

# %% [markdown]
# ## What you learned
#
# - `Embedding` is one weight matrix, made in `build`, and a gather in `call`. There is no
#   product, no bias and no activation.
# - A layer has no weights before it is built; `set_weights` copies numbers in.
# - Shapes are given as tuples for one example; Keras puts the batch axis in front and writes
#   `None` for "any size". The embedding adds an axis at the end: `(batch, length)` → `(batch,
#   length, dim)`.
# - `Flatten` keeps the batch axis, lays the rest end to end, and has nothing to learn.
# - Models share a table exactly when they were given the same layer object. Equal values and equal
#   names prove nothing.
# - A `Dense` layer without bias or activation on one-hot rows gives the same answers and learns the
#   same steps, by reading the whole table each time.
# - Ids are not checked for you, an `Input` is float32 unless told otherwise, and rows that are
#   never looked up never move.
#
# ## Further reading
#
# - Keras: [Embedding layer](https://keras.io/api/layers/core_layers/embedding/), [the functional
#   API](https://keras.io/guides/functional_api/), [the Sequential
#   model](https://keras.io/guides/sequential_model/), [making new layers and models by
#   subclassing](https://keras.io/guides/making_new_layers_and_models_via_subclassing/). (Older
#   texts link to <https://keras.io/getting-started/functional-api-guide/> and
#   <https://keras.io/getting-started/sequential-model-guide/>.)
# - TensorFlow's page on the layer:
#   <https://www.tensorflow.org/api_docs/python/tf/keras/layers/Embedding>
# - François Chollet, *Deep Learning with Python*: the layer as "a dictionary that maps integer
#   indices to dense vectors".
# - Jason Brownlee, [How to use word embedding layers for deep learning with
#   Keras](https://machinelearningmastery.com/use-word-embedding-layers-deep-learning-keras/): a
#   good exercise in reading older code, with `one_hot`, `input_length` and `weights=` in it. By
#   the same author: <https://machinelearningmastery.com/what-are-word-embeddings/>
#
# ## Open challenge (no points)
#
# A language model reads ids and has to answer with a score for each word of the vocabulary. Many
# tie the two ends together: the table that reads is also the matrix that scores. Build it: ids
# `(None, 1)` → row → `Dense` with `tanh` → scores `(None, vocab)`, where the scores are products
# with *all rows of the same table*. How many parameters do you save, and which rows does a
# training step move now? (Hint: `keras.ops.matmul`, `keras.ops.transpose`, and a small layer that
# is given the embedding layer in its constructor.)
