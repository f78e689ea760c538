# %% [markdown]
# # Lab 1 · Lookup and one-hot
# {{colab}}
#
# **An embedding is a table of numbers that can be tuned. There are two ways to read a row of it;
# by the end of this lab you will have built both, counted what each costs, timed them, and
# settled an argument that people who use embeddings every day still have.**
#
# You will be able to
#
# - **look up** the rows of a table for one id, a list, or a batch of any shape;
# - **encode** ids as one-hot vectors, and say what that representation promises;
# - **show** that a product with one-hot vectors gives the same rows as a lookup;
# - **count and measure** what the two routes cost;
# - **derive** the gradient of the table, the thing that makes an embedding learn.
#
# *You need:* Python, NumPy arrays and their shapes, the product of two matrices. No deep-learning
# framework yet. *Time:* about 45 minutes. *Points:* 18, of which 3 are for a written answer.

# %% given=true
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")    # one core: section 5 compares times

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

plt.rcParams.update({"figure.dpi": 110, "font.size": 11,
                     "axes.spines.top": False, "axes.spines.right": False})
# five colours that are safe for colour-blind readers
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"

# %% [markdown]
# ## 1 · A table of tunable numbers
#
# A network computes with numbers, and a word is not a number. So every word gets an **id**, its
# place in a list that we call the **vocabulary**. An id is a name, not an amount: *sat* is 2 and
# *a* is 4 below, yet *a* is in no sense twice *sat*. Feeding ids to a network as if they were
# quantities would claim exactly that.
#
# An **embedding** gives each id a row of numbers of its own. The rows stand in one table of shape
# `(vocab, dim)`, and training is free to change every number in it. Real tables have thousands of
# rows; ours has ten, filled with 0, 1, 2, … so that you can tell each row at a glance.

# %% given=true
vocabulary = ["the", "cat", "sat", "on", "a", "mat", "and", "then", "it", "slept"]

vocab_size = 10
embedding_size = 4
embedding_matrix = np.arange(vocab_size * embedding_size, dtype="float32")
embedding_matrix = embedding_matrix.reshape(vocab_size, embedding_size)   # (vocab, dim)

# %%
print(embedding_matrix)

# %% [markdown]
# A picture is easier to read than brackets. `draw_table` is all that this lab draws tables with:
# a grid of numbers, in which the rows you name are lit up in orange.


# %% given=true
def draw_table(axes, table, lit=(), title="", names=None, top=None):
    """Draw `table`, shape (rows, columns), as a grid; the rows in `lit` are orange, others blue.

    The larger a number, the stronger its colour; `top` is the number with the strongest.
    """
    table = np.atleast_2d(table)
    rows, columns = table.shape
    lit = np.isin(np.arange(rows), lit)                                # (rows,)
    strength = table / (max(table.max(), 1) if top is None else top)   # (rows, columns)
    colours = np.empty((rows, columns, 4))                             # red, green, blue, opacity
    colours[..., :3] = np.where(lit[:, None, None], to_rgb(ORANGE), to_rgb(BLUE))
    colours[..., 3] = np.where(lit[:, None], 0.35 + 0.5 * strength, 0.06 + 0.4 * strength)
    axes.imshow(colours)
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color="white", linewidth=2)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color="white", linewidth=2)
    for row, column in np.ndindex(rows, columns):
        axes.text(column, row, f"{table[row, column]:g}", ha="center", va="center", fontsize=9)
    axes.set_yticks(range(rows), range(rows) if names is None else names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11)


# %% [markdown]
# *Figure:* the ten by four table as a grid, one row for each word of the vocabulary, in a blue that
# deepens as the numbers grow. Row 3, which belongs to the word "on", is lit up in orange: 12, 13,
# 14, 15.

# %%
figure, axes = plt.subplots(figsize=(4.4, 4.2))
row_names = [f"{word}  {number}" for number, word in enumerate(vocabulary)]
draw_table(axes, embedding_matrix, lit=[3], names=row_names, title="row 3 lit up")
axes.set_xlabel("dim = 4 numbers for each word")
axes.set_ylabel("vocab = 10 words")
plt.show()

# %% [markdown]
# In NumPy, reading that row is ordinary indexing.

# %%
print(embedding_matrix[3])   # (dim,)

# %% [markdown]
# A list of ids works as well, and so does an array of ids. **Predict** before you run: what is
# the shape of the first result? Of the second? And why has the second one axis more?

# %%
print(embedding_matrix[[3, 3, 0, 9]].shape)             # ids of shape (4,)
print(embedding_matrix[[[3], [3], [0], [9]]].shape)     # ids of shape (4, 1)

# %% [markdown]
# The rule is worth learning by heart: **every id is replaced by its row**, so the shape of the
# result is the shape of the ids with one axis, `dim`, put at the end. Four ids give `(4, 4)`; a
# batch of four sentences of one word each gives `(4, 1, 4)`, that is `(batch, length, dim)`.
#
# Now a trap. Our vocabulary has ids 0 to 9. **Predict** what an id of -1 does, for instance after
# a subtraction that went one too far.

# %%
print(embedding_matrix[-1])

# %% [markdown]
# No complaint: NumPy counts from the end, and a bug upstream has quietly become the word *slept*.
# The opposite end is guarded (`embedding_matrix[10]` raises an `IndexError`), this one is not.
# Fractions are a trap too: a library that converts what it is given turns id 2.7 into 2 without a
# word (the Keras layer does). A lookup that you trust refuses ids that name no row.

# %% [markdown]
# ### Exercise 1 · lookup
# ●○○○○ · 3 points · 6 minutes
#
# Return the rows named by `ids`, whatever the shape of `ids`, and refuse an id that names no row.
#
# <details><summary>A negative id comes back with a row</summary>
#
# NumPy's indexing will not object for you. Compare the ids with the two ends of the range before
# you index. For a whole array, `np.any(condition)` says whether the condition holds anywhere.
# </details>
#
# <details><summary>It works for one id, but a list fails in my comparison</summary>
#
# A Python list cannot be compared with a number. `np.asarray(ids)` turns a number, a list or an array into an array,
# and leaves arrays as they are.
# </details>
#
# <details><summary>Id 2.7 gives me a row</summary>
#
# Somewhere the ids are forced to be integers. Leave them as they are and let NumPy's indexing
# judge, or look at `ids.dtype`: `np.issubdtype(ids.dtype, np.integer)`.
# </details>
#
# <details><summary>ValueError: zero-size array to reduction operation minimum</summary>
#
# An empty batch has no smallest id. A comparison inside `np.any` has no such problem.
# </details>


# %% exercise="lookup"
def lookup(table, ids):
    """Rows of `table` named by `ids`.

    Args:
        table: float array, shape (vocab, dim). It is not changed.
        ids: an int, a list (of lists), or an integer array of any shape, even an empty one.

    Returns:
        Array of shape ids.shape + (dim,); a single id gives (dim,).

    Raises:
        IndexError: an id is outside 0 … vocab - 1, or is not a whole number.
    """
    ### BEGIN SOLUTION
    ids = np.asarray(ids)
    outside = (ids < 0) | (ids >= len(table))
    if np.any(outside):
        raise IndexError(f"ids must be in 0 … {len(table) - 1}, found {ids[outside][0]}")
    return table[ids]
    ### END SOLUTION


# %% check="lookup" points=1
tiny = np.arange(40, dtype=np.float32).reshape(10, 4)
got = lookup(tiny, 3)
assert isinstance(got, np.ndarray), (
    f"lookup(table, 3) should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (4,), (
    f"lookup(table, 3) asks for one row of a (10, 4) table: expected shape (4,), got {got.shape}. "
    "One id has no axis of its own, so the only axis left is dim.")
assert np.array_equal(got, [12, 13, 14, 15]), (
    f"lookup(table, 3) should be row 3, [12, 13, 14, 15] (counting from 0); it is {got}.")
got = lookup(tiny, [3, 0, 9])
assert isinstance(got, np.ndarray), (
    f"lookup(table, [3, 0, 9]) should return one NumPy array; it returned {type(got).__name__}.")
assert got.shape == (3, 4), (
    f"Three ids on a table with dim 4: expected shape (3, 4), got {got.shape}. "
    "Every id is replaced by its row, so dim comes last.")
assert np.array_equal(got, [[12, 13, 14, 15], [0, 1, 2, 3], [36, 37, 38, 39]]), (
    f"lookup(table, [3, 0, 9]) should be rows 3, 0, 9 in the order asked for; it is\n{got}")

# %% check="lookup" points=2
tiny = np.arange(40, dtype=np.float32).reshape(10, 4)
got = lookup(tiny, [[3, 3], [0, 9]])
assert isinstance(got, np.ndarray), (
    "lookup(table, [[3, 3], [0, 9]]) should return a NumPy array; it returned "
    f"{type(got).__name__}.")
assert got.shape == (2, 2, 4), (
    f"ids of shape (2, 2): expected shape (2, 2, 4), got {got.shape}. Keep the axes of the batch: "
    "flattening the ids loses which sentence each word came from.")
for bad in (-1, [0, -1], [[3], [-10]], 10, [2, 10], 2.7):
    try:
        got = lookup(tiny, bad)
    except (IndexError, TypeError, ValueError) as error:
        assert isinstance(error, IndexError) or bad == 2.7, (
            f"lookup(table, {bad}) should raise an IndexError; it raised "
            f"{type(error).__name__}: {error}")
    else:
        assert bad != 2.7, (
            f"lookup(table, 2.7) should raise an IndexError; it returned {got}. A fractional id "
            "names no row: was it truncated by a conversion to int?")
        assert np.min(bad) >= 0, (
            f"lookup(table, {bad}) should raise an IndexError; it returned an array. Negative "
            "ids wrap around in NumPy: table[-1] is the last row. Refuse ids below 0.")
        raise AssertionError(
            f"lookup(table, {bad}) should raise an IndexError: the last row of a (10, 4) table "
            "is row 9. Refuse ids from vocab upwards; clipping or wrapping them hides a bug.")
### BEGIN HIDDEN TESTS
got = lookup(2 * tiny, 3)
assert not np.array_equal(got, tiny[3]), (
    "Asked for row 3 of another table, twice the usual one, lookup returned a row of "
    "embedding_matrix. Read the argument `table`, not the notebook's own table.")
for shape in [(), (1,), (7,), (2, 3), (4, 1), (2, 3, 2), (0,), (0, 5)]:
    rng = np.random.default_rng()
    vocab, dim = int(rng.integers(3, 30)), int(rng.integers(1, 9))
    some_table = rng.integers(-99, 99, size=(vocab, dim)).astype(np.float32)
    some_ids = np.array(rng.integers(vocab, size=shape))
    table_before, ids_before = some_table.copy(), some_ids.copy()
    want = np.zeros(shape + (dim,), dtype=np.float32)
    for place in np.ndindex(shape):
        want[place] = some_table[some_ids[place]]
    try:
        got = lookup(some_table, some_ids)
    except ValueError as error:
        assert some_ids.size, (
            f"An empty batch, ids of shape {shape}, should give shape {want.shape}; it raised "
            f"{error}. An empty array has no smallest and no largest id: use comparisons with "
            "np.any.")
        raise
    assert isinstance(got, np.ndarray), (
        f"ids of shape {shape}: expected a NumPy array, got {type(got).__name__}.")
    assert got.shape == want.shape, (
        f"ids of shape {shape} on a {some_table.shape} table: expected {want.shape}, got "
        f"{got.shape}. The result has the axes of the ids, then dim.")
    assert np.array_equal(got, want), (
        f"ids of shape {shape} on a {some_table.shape} table: the rows are not those the ids name.")
    assert np.array_equal(some_table, table_before), (
        "lookup changed the table it was given. A lookup only reads; write into a new array.")
    assert np.array_equal(some_ids, ids_before), "lookup changed the ids it was given: use a copy."
got = lookup(tiny, [9, 0, 9, 9])
assert np.array_equal(got, tiny[[9, 0, 9, 9]]), (
    "The first row, and the last row three times: repeated ids should give repeated rows.")
### END HIDDEN TESTS

# %% [markdown]
# A sentence, then, is a list of ids, and its embedding a stack of rows. Look at the two rows for
# *the* in the result: same word, same row, wherever it stands. And the id that was wrong is
# refused.

# %%
sentence = "the cat sat on the mat".split()
sentence_ids = [vocabulary.index(word) for word in sentence]
print(sentence_ids)
print(lookup(embedding_matrix, sentence_ids))   # (length, dim)

# %%
try:
    lookup(embedding_matrix, -1)
except IndexError:
    print("id -1: refused")

# %% [markdown]
# ## 2 · One-hot: ids as vectors
#
# There is another way to turn a name into numbers, older than embeddings: a vector as long as the
# vocabulary, all zeros but for a single 1 at the place of the id. It is called **one-hot**.
#
# What does it promise? **Predict**: how far apart are the one-hot vectors of *cat* (1) and *sat*
# (2)? And those of *cat* (1) and *slept* (9)?

# %%
corners = np.eye(10)          # row i is the one-hot vector of id i: (vocab, vocab)
print(np.linalg.norm(corners[1] - corners[2]))
print(np.linalg.norm(corners[1] - corners[9]))

# %% [markdown]
# The same distance, √2, for every pair: no word is nearer to one word than to another. That is
# honest (an id is only a name) and also all that one-hot will ever say. It cannot express that
# *cat* is more like *dog* than like *slept*; a row of an embedding table can, once it has been
# trained.
#
# `np.eye` is good for a look, but notice what it does: it builds `vocab × vocab` numbers, of
# which you keep a few rows. Keep that in mind until section 5.

# %% [markdown]
# ### Exercise 2 · onehot_encode
# ●●○○○ · 3 points · 8 minutes
#
# Encode one label, or a whole batch of them, as one-hot vectors of length `dim`.
#
# <details><summary>Everything is right but the dtype</summary>
#
# NumPy makes float64 unless you say otherwise. `np.eye`, `np.zeros` and the array method `astype`
# all take a dtype.
# </details>
#
# <details><summary>With a list of labels I get one vector with several ones</summary>
#
# `vector[labels] = 1` writes all the ones into the same vector. You need one vector for each
# label: how many axes does the result have, and how would you bring `labels` to a shape that can
# be compared with `np.arange(dim)` along a new last axis?
# </details>
#
# <details><summary>A label outside the range gives only zeros, or a 1 in a strange place</summary>
#
# No part of NumPy refuses it for you here. Test the range first, as in Exercise 1.
# </details>


# %% exercise="onehot_encode"
def onehot_encode(dim, labels):
    """One-hot vectors of `labels`.

    Args:
        dim: int, the length of each vector (for words: the size of the vocabulary).
        labels: an int, a list (of lists), or an integer array of any shape. It is not changed.

    Returns:
        float32 array of shape labels.shape + (dim,): a 1 at the place of the label, 0 elsewhere.

    Raises:
        IndexError: a label is outside 0 … dim - 1.
    """
    ### BEGIN SOLUTION
    labels = np.asarray(labels)
    outside = (labels < 0) | (labels >= dim)
    if np.any(outside):
        raise IndexError(f"labels must be in 0 … {dim - 1}, found {labels[outside][0]}")
    return (labels[..., None] == np.arange(dim)).astype(np.float32)
    ### END SOLUTION


# %% check="onehot_encode" points=1
got = onehot_encode(4, 2)
assert isinstance(got, np.ndarray), (
    f"onehot_encode(4, 2) should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (4,), (
    f"onehot_encode(4, 2) is one vector: expected shape (4,), got {got.shape}. Its length is "
    "the argument `dim`, whatever the notebook's own vocab_size is.")
assert np.array_equal(got, [0, 0, 1, 0]), (
    f"onehot_encode(4, 2) should be [0, 0, 1, 0]: a 1 at place 2, counting from 0. It is {got}.")
assert got.dtype == np.float32, (
    f"onehot_encode should return float32; it returned {got.dtype}. NumPy makes float64 unless "
    "told otherwise: twice the memory, and a product with a float32 table is converted first.")

# %% check="onehot_encode" points=2
got = onehot_encode(4, [2, 0, 2])
assert isinstance(got, np.ndarray), (
    f"onehot_encode(4, [2, 0, 2]) should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (3, 4), (
    "onehot_encode(4, [2, 0, 2]) should have one vector for each label: expected shape (3, 4), "
    f"got {got.shape}. If the ones of all labels landed in a single vector, it works for "
    "scalars only.")
assert np.array_equal(got, [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]), (
    f"onehot_encode(4, [2, 0, 2]) should have its ones at places 2, 0, 2; it is\n{got}")
for bad in (-1, [2, -1], [[0], [-4]], 4, [3, 4]):
    try:
        got = onehot_encode(4, bad)
    except IndexError:
        pass
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"onehot_encode(4, {bad}) should raise an IndexError; it raised "
            f"{type(error).__name__}: {error}") from error
    else:
        assert np.min(bad) >= 0, (
            f"onehot_encode(4, {bad}) should raise an IndexError. Negative labels wrap around "
            "in NumPy: place -1 is the last one. Refuse labels below 0.")
        raise AssertionError(
            f"onehot_encode(4, {bad}) should raise an IndexError: the places are 0 to 3. Refuse "
            "labels from dim upwards; a vector of zeros stands for no label at all.")
### BEGIN HIDDEN TESTS
for shape in [(), (1,), (6,), (2, 3), (3, 1), (2, 2, 3), (0,), (0, 2)]:
    rng = np.random.default_rng()
    length = int(rng.integers(11, 25))
    some_labels = np.array(rng.integers(length, size=shape))
    labels_before = some_labels.copy()
    want = np.zeros(shape + (length,), dtype=np.float32)
    for place in np.ndindex(shape):
        want[place][some_labels[place]] = 1
    try:
        got = onehot_encode(length, some_labels)
    except ValueError as error:
        assert some_labels.size, (
            f"An empty batch, labels of shape {shape}, should give shape {want.shape}; it "
            f"raised {error}. An empty array has no smallest and no largest label: use "
            "comparisons with np.any.")
        raise
    assert isinstance(got, np.ndarray), (
        f"labels of shape {shape}: expected a NumPy array, got {type(got).__name__}.")
    assert got.shape == want.shape, (
        f"labels of shape {shape}, dim {length}: expected {want.shape}, got {got.shape}. "
        "The result has the axes of the labels, then dim.")
    assert np.array_equal(got, want), (
        f"labels of shape {shape}, dim {length}: the ones are not where the labels say.")
    assert np.array_equal(some_labels, labels_before), (
        "onehot_encode changed the labels it was given. Work on a copy.")
assert np.array_equal(onehot_encode(1, [0, 0]), [[1], [1]]), (
    "With dim 1 the only label is 0 and its vector is [1].")
### END HIDDEN TESTS

# %%
print(onehot_encode(vocab_size, 3))

# %% [markdown]
# Ten numbers to say what the single number 3 said. Hold on to that ratio, too.

# %% [markdown]
# ## 3 · The same row, the long way
#
# Multiply a one-hot vector with the table, and write out what the product means:
#
#     v @ E  =  v[0] · row 0  +  v[1] · row 1  +  …  +  v[9] · row 9
#            =     0 · row 0  +  0 · row 1  +  0 · row 2  +  1 · row 3  +  0 · row 4  +  …
#
# Ten rows are scaled and added, and nine of them were multiplied by zero. What is left is row 3.
# Here is the sum, step by step.

# %%
running_sum = np.zeros(embedding_size)
for weight, row in zip(corners[3], embedding_matrix):
    running_sum = running_sum + weight * row
print(running_sum)

# %% [markdown]
# ### Exercise 3 · lookup_by_matmul
# ●●○○○ · 3 points · 6 minutes
#
# Give the rows named by `ids` once more, this time through `onehot_encode` and a matrix product.
#
# <details><summary>matmul: Input operand 1 has a mismatch in its core dimension</summary>
#
# Write the two shapes next to each other. In a product, the last axis of the left factor must be
# as long as the first axis of the table, and it disappears. Which axis should disappear here?
# </details>
#
# <details><summary>My numbers are a column of the table</summary>
#
# The factors are in the other order, or one is transposed. A square table hides this: the shapes
# fit although the meaning does not.
# </details>
#
# <details><summary>dim is the first axis of my result, not the last</summary>
#
# The axes that the left factor keeps come first in a product. Put the factor whose axes should
# come first on the left.
# </details>


# %% exercise="lookup_by_matmul"
def lookup_by_matmul(table, ids):
    """Rows of `table` named by `ids`, as the product of one-hot vectors and the table.

    A real product: all `vocab` rows take part, each multiplied by 0 or 1.

    Args:
        table: float array, shape (vocab, dim). It is not changed.
        ids: an int, a list (of lists), or an integer array of any shape.

    Returns:
        Float array of shape ids.shape + (dim,).

    Raises:
        IndexError: an id is outside 0 … vocab - 1 (onehot_encode sees to that).
    """
    ### BEGIN SOLUTION
    one_hot = onehot_encode(len(table), ids)   # ids.shape + (vocab,)
    return one_hot @ table                     # ids.shape + (dim,)
    ### END SOLUTION


# %% check="lookup_by_matmul" points=1
square = np.arange(9, dtype=np.float32).reshape(3, 3)
try:
    got = lookup_by_matmul(square, 1)
except (ValueError, IndexError) as error:
    raise AssertionError(
        "With a (3, 3) table and id 1 the shapes of your product do not fit. The one-hot "
        "vector, (3,), is as long as the table has rows: take vocab from the argument "
        "`table`.") from error
assert isinstance(got, np.ndarray), (
    f"lookup_by_matmul(table, 1) should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (3,), f"One id on a table with dim 3: expected shape (3,), got {got.shape}."
assert not np.array_equal(got, [1, 4, 7]), (
    "lookup_by_matmul(arange(9).reshape(3, 3), 1) gave [1, 4, 7]. That is column 1, not row 1: the "
    "product is transposed. Which factor stands on the left?")
assert np.array_equal(got, [3, 4, 5]), (
    f"Row 1 of arange(9).reshape(3, 3) is [3, 4, 5]; you got {got}.")
got = lookup_by_matmul(square, [2, 0])
assert isinstance(got, np.ndarray), (
    "lookup_by_matmul(table, [2, 0]) should return a NumPy array; it returned "
    f"{type(got).__name__}.")
assert got.shape == (2, 3), (
    f"Two ids on a table with dim 3: expected shape (2, 3), got {got.shape}. The axes are in "
    "the wrong order if dim is not the last one.")
assert np.array_equal(got, [[6, 7, 8], [0, 1, 2]]), f"Rows 2 and 0 were asked for; you got\n{got}"

# %% check="lookup_by_matmul" points=2
tiny = np.arange(40, dtype=np.float32).reshape(10, 4)
try:
    got = lookup_by_matmul(tiny, [[3, 3], [0, 9]])
except ValueError as error:
    raise AssertionError(
        "With a (10, 4) table and ids of shape (2, 2) the shapes of your product do not fit. "
        "The one-hot vectors, (2, 2, 10), stand left of the table, (10, 4); neither is "
        "transposed.") from error
assert isinstance(got, np.ndarray), (
    f"lookup_by_matmul should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (2, 2, 4), (
    f"ids of shape (2, 2) on a (10, 4) table: expected (2, 2, 4), got {got.shape}. The axes of "
    "the ids come first, in their order, and dim is the last axis.")
assert not np.array_equal(got, tiny[[[3, 0], [3, 9]]]), (
    "The axes of the batch are exchanged: the second word of sentence 0 has become the first "
    "word of sentence 1. On an array with three axes, .T reverses all three.")
assert np.array_equal(got, tiny[[[3, 3], [0, 9]]]), (
    f"Rows 3, 3 and 0, 9 were asked for; you got\n{got}")
### BEGIN HIDDEN TESTS
for shape in [(), (1,), (5,), (2, 3), (3, 2, 2), (0,), (0, 2)]:
    rng = np.random.default_rng()
    vocab, dim = int(rng.integers(11, 30)), int(rng.integers(5, 9))
    some_table = rng.integers(-99, 99, size=(vocab, dim)).astype(np.float32)
    some_ids = np.array(rng.integers(vocab, size=shape))
    table_before, ids_before = some_table.copy(), some_ids.copy()
    want = np.zeros(shape + (dim,), dtype=np.float32)
    for place in np.ndindex(shape):
        want[place] = some_table[some_ids[place]]
    try:
        got = lookup_by_matmul(some_table, some_ids)
    except (ValueError, IndexError) as error:
        raise AssertionError(
            f"A {some_table.shape} table and ids of shape {shape} failed with "
            f"{type(error).__name__} ({error}). Take vocab from the argument: it is the number "
            "of rows of `table`.") from error
    assert isinstance(got, np.ndarray), (
        f"ids of shape {shape}: expected a NumPy array, got {type(got).__name__}.")
    assert got.shape == want.shape, (
        f"ids of shape {shape} on a {some_table.shape} table: expected {want.shape}, got "
        f"{got.shape}. The axes of the ids come first and dim is the last axis.")
    assert np.allclose(got, want), (
        f"ids of shape {shape} on a {some_table.shape} table: these are not the rows the ids name.")
    assert np.array_equal(some_table, table_before), (
        "lookup_by_matmul changed the table it was given. Only read it; write into a new array.")
    assert np.array_equal(some_ids, ids_before), "lookup_by_matmul changed the ids it was given."
poisoned = tiny.copy()
poisoned[7] = np.nan                      # in a product, 0 * nan is nan; a lookup never meets row 7
want = np.eye(10, dtype=np.float32)[[3]] @ poisoned
assert np.isnan(lookup_by_matmul(poisoned, [3])).any() or not np.isnan(want).any(), (
    "Row 7 of a table was nan, and asking for row 3 gave clean numbers: row 7 took no part. "
    "That is a lookup, not a product. Multiply the one-hot vectors with the whole table.")
### END HIDDEN TESTS

# %% [markdown]
# *Figure:* three grids side by side. Left, the one-hot vectors of ids 3, 3, 0 and 9, four rows of
# ten numbers with a single 1 in each. Middle, the table with rows 0, 3 and 9 lit up in orange.
# Right, the product: rows 3, 3, 0 and 9 of the table, in that order.

# %%
batch_ids = [3, 3, 0, 9]
product = lookup_by_matmul(embedding_matrix, batch_ids)
one_hot = onehot_encode(vocab_size, batch_ids)
figure, axes = plt.subplots(1, 3, figsize=(9.5, 4.4), width_ratios=[10, 4, 4])
draw_table(axes[0], one_hot, names=batch_ids, title="one-hot  (4, 10)")
draw_table(axes[1], embedding_matrix, lit=batch_ids, title="@  table  (10, 4)")
draw_table(axes[2], product, lit=range(4), names=batch_ids, title="=  rows  (4, 4)", top=39)
axes[0].set(xticks=range(vocab_size), xlabel="place in the vector", ylabel="id")
figure.tight_layout()
plt.show()

# %% [markdown]
# Follow one 1 from the left: its column number picks the row in the middle that appears on the
# right. One example proves little, so compare the two routes on a thousand random ids and random
# numbers.

# %%
rng = np.random.default_rng(0)
random_table = rng.standard_normal((500, 16)).astype(np.float32)
random_ids = rng.integers(500, size=1000)
by_lookup = lookup(random_table, random_ids)                 # (1000, 16)
by_product = lookup_by_matmul(random_table, random_ids)      # (1000, 16)
print(np.array_equal(by_lookup, by_product))

# %% [markdown]
# Not *close*: equal, to the last bit, since adding zeros rounds nothing. Are they then the same
# function? Nearly. **Predict** what each line below prints. Row 7 is spoilt; row 3 is asked for.

# %%
spoilt = embedding_matrix.copy()
spoilt[7] = np.nan
print(lookup(spoilt, 3))
print(lookup_by_matmul(spoilt, 3))

# %% [markdown]
# A lookup never sees row 7. The product multiplies it by zero, and `0 * nan` is `nan`: every row
# takes part, even the nine that do not matter. For a table of finite numbers the two are the same
# function; here you saw the *work* of the longer route come to light.

# %% [markdown]
# ## 4 · An argument, settled by counting
#
# Ask in public what an embedding layer does, and you get two answers. One says it is *a simple
# matrix multiplication*, and that for speed the ids are stored as a one-hot matrix. The other
# says there is *no matrix multiplication at all*: the layer makes a weight matrix and indexes it,
# and is useful exactly because it avoids the product. Both sides agree on the result. So the
# argument is about cost, and cost can be counted.
#
# The product of an `(n, vocab)` matrix and a `(vocab, dim)` matrix computes `n × dim` numbers,
# each a sum along the vocabulary. Multiplying two numbers and adding the result to a running sum
# is the unit to count in, one **multiply-add**.

# %% [markdown]
# ### Exercise 4 · matmul_cost
# ●○○○○ · 2 points · 5 minutes
#
# Count the multiply-adds of the one-hot route for `n` ids, and the bytes its one-hot matrix takes
# up.
#
# <details><summary>My first number is twice what is expected</summary>
#
# You may have counted a multiplication and an addition as two operations. The unit here is the
# pair.
# </details>
#
# <details><summary>My second number is a power of two too large or too small</summary>
#
# How many bits has a float32? How many bits has a byte?
# </details>


# %% exercise="matmul_cost"
def matmul_cost(n, vocab, dim):
    """What it costs to look up `n` ids by a product of float32 one-hot vectors and a table.

    Args:
        n: number of ids in the batch.
        vocab: number of rows of the table.
        dim: number of columns of the table.

    Returns:
        (multiply_adds, onehot_bytes): two ints. A multiplication and the addition that follows
        it count as one; onehot_bytes is what the (n, vocab) float32 one-hot matrix takes up.
    """
    ### BEGIN SOLUTION
    multiply_adds = n * vocab * dim
    onehot_bytes = n * vocab * 4
    return multiply_adds, onehot_bytes
    ### END SOLUTION


# %% check="matmul_cost" points=1
got = matmul_cost(2, 10, 3)
assert isinstance(got, (tuple, list)), (
    "matmul_cost should return a pair (multiply_adds, onehot_bytes); it returned "
    f"{type(got).__name__}.")
assert len(got) == 2, f"matmul_cost should return two numbers; it returned {len(got)}."
assert tuple(got) != (80, 60), (
    "matmul_cost(2, 10, 3) gave (80, 60): the two numbers are swapped. Multiply-adds come first.")
assert got[0] != 120, (
    "matmul_cost(2, 10, 3) counts 120 multiply-adds, twice too many: a multiplication and the "
    "addition that follows it are one multiply-add.")
assert got[0] != 30, (
    "matmul_cost(2, 10, 3) counts 30 multiply-adds: enough for one id. Where is n, the number "
    "of ids?")
assert got[0] == 60, (
    "matmul_cost(2, 10, 3) should count 60 multiply-adds: 2 × 3 results, each a sum of 10 "
    f"products. It counts {got[0]}.")
### BEGIN HIDDEN TESTS
for n, vocab, dim in [(1, 1, 1), (7, 11, 13), (64, 400_000, 100), (17, 5, 29)]:
    got = matmul_cost(n, vocab, dim)
    assert got[0] == n * vocab * dim, (
        f"matmul_cost({n}, {vocab}, {dim}) should count {n * vocab * dim} multiply-adds; it counts "
        f"{got[0]}. The numbers have to follow from all three arguments.")
### END HIDDEN TESTS

# %% check="matmul_cost" points=1
got = matmul_cost(2, 10, 3)
assert isinstance(got, (tuple, list)) and len(got) == 2, (
    f"matmul_cost should return a pair (multiply_adds, onehot_bytes); it returned {got!r}.")
assert got[1] != 640, (
    "matmul_cost(2, 10, 3) gives 640 for onehot_bytes: those are bits. A byte has 8 bits, so a "
    "float32 takes 4 bytes.")
assert got[1] != 160, (
    "matmul_cost(2, 10, 3) gives 160 for onehot_bytes, 8 for each number: that is float64. A "
    "float32 takes 4 bytes.")
assert got[1] != 20, (
    "matmul_cost(2, 10, 3) gives 20 for onehot_bytes: that is how many numbers the matrix has. "
    "How many bytes does each float32 take?")
assert got[1] != 120, (
    "matmul_cost(2, 10, 3) gives 120 for onehot_bytes: that is the size of the table, (10, 3). "
    "Both routes need the table; the one-hot matrix, (2, 10), comes on top.")
assert got[1] != 40, (
    "matmul_cost(2, 10, 3) gives 40 for onehot_bytes: one vector of 10 numbers. Where is n, "
    "the number of ids?")
assert got[1] == 80, (
    f"matmul_cost(2, 10, 3) should give 80 bytes: 2 × 10 numbers of 4 bytes. It gives {got[1]}.")
### BEGIN HIDDEN TESTS
for n, vocab, dim in [(1, 1, 1), (7, 11, 13), (64, 400_000, 100), (17, 5, 29)]:
    got = matmul_cost(n, vocab, dim)
    assert got[1] == n * vocab * 4, (
        f"matmul_cost({n}, {vocab}, {dim}) should give {n * vocab * 4} bytes; it gives "
        f"{got[1]}. The numbers have to follow from n and vocab; the one-hot matrix does not "
        "know dim.")
### END HIDDEN TESTS

# %% [markdown]
# And the lookup? No multiplication, no addition: it copies `n × dim` numbers, and its input is
# `n` ids of 8 bytes. Here are both for three vocabularies you will meet again: our ten words, a
# small vocabulary of 2,000, and the 400,000 words of the GloVe tables of Lab 7. The batch is a
# short page, 256 words.

# %%
print("   vocab  dim |  lookup copies     ids |  multiply-adds     one-hot vectors")
for vocab, dim in [(10, 4), (2_000, 50), (400_000, 100)]:
    multiply_adds, onehot_bytes = matmul_cost(256, vocab, dim)
    print(f"{vocab:8,} {dim:4} | {256 * dim:14,} {256 * 8:5,} B |", end=" ")
    print(f"{multiply_adds:14,} {onehot_bytes:17,} B")

# %% [markdown]
# Read the last line: ten billion multiply-adds and 400 megabytes of zeros, to copy
# 25,600 numbers that were there already. "For speed" cannot be the reason to store ids as one-hot
# vectors.
#
# Now turn the knob. Before you do, **predict**: when the vocabulary doubles, which of the four
# bars grow, and which stay?


# %%
def draw_cost(vocab, n=16, dim=64):
    """One-hot vectors of n ids, and what the two routes cost with a vocabulary of this size."""
    multiply_adds, onehot_bytes = matmul_cost(n, vocab, dim)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3), layout="constrained")

    hot = np.random.default_rng(0).integers(vocab, size=n)
    left.scatter(hot, np.arange(n), marker="s", s=14, color=ORANGE, zorder=2)
    left.set(facecolor="#e8eef4", xlim=(-0.5, vocab - 0.5), ylim=(n - 0.5, -0.5))
    left.set(xlabel="place in the vector", ylabel="word of the batch", yticks=[0, 5, 10, 15])
    left.set_title(f"one-hot matrix: 1 number in {vocab:,} is not 0", fontsize=11)
    left.ticklabel_format(style="plain")
    left.locator_params(axis="x", nbins=4)

    names = ["ids: bytes", "lookup: numbers copied", "one-hot: bytes", "product: multiply-adds"]
    counts = [n * 8, n * dim, onehot_bytes, multiply_adds]
    right.barh(names, counts, color=[BLUE, BLUE, ORANGE, ORANGE])
    for name, count in zip(names, counts):
        right.text(count * 1.4, name, f"{count:,}", va="center", fontsize=10)
    right.set(xscale="log", xlim=(10, 1e11), xlabel="count (log scale)")
    right.set_title(f"{n} ids, vocab {vocab:,}, dim {dim}", fontsize=11)
    plt.show()


# %% unstable=true
from ipywidgets import IntSlider, interact

matmul_cost(1, 1, 1)  # Exercise 4 has to be done first
power = IntSlider(6, min=3, max=18, description="vocab = 2 **", continuous_update=False)
power.style.description_width = "initial"


@interact(power=power)
def knob(power):
    draw_cost(2**power)

# %% [markdown]
# *Figure:* the same picture for a vocabulary of 4,096, for readers without the slider. On the
# left, sixteen orange dots lost in a wide empty field: the ones of sixteen one-hot vectors. On
# the right, four bars on a log scale: 128 bytes of ids, 1,024 numbers copied by the lookup,
# 262,144 bytes of one-hot vectors, 4,194,304 multiply-adds of the product.

# %%
draw_cost(4096)

# %% [markdown]
# The orange bars, the product's, double with the vocabulary. The blue ones do not move: **the
# price of a lookup does not depend on the size of the table.** That is why tables with millions
# of rows are practical.

# %% [markdown]
# ## 5 · Measuring
#
# A count is a promise; a clock may disagree, since one processor instruction can do many
# multiply-adds at once, and a lookup has to wait for memory. So measure both of *your* functions,
# on the same ids, for vocabularies from 16 to 8,192 rows.
#
# **Predict** the picture on axes that are both logarithmic. Time proportional to the vocabulary
# would be a straight line with slope 1, time independent of it a flat line. Which is which? And
# why might the product be flat, too, at the left end?
#
# *Figure:* time per call against vocabulary size, both axes logarithmic. The lookup, in blue, is
# flat at some microseconds. The product, in orange, starts almost flat, a little above it, and then
# bends into a straight rise along a dashed grey line, the prediction: the multiply-adds you
# counted, times what one of them takes on this computer.

# %% unstable=true
def microseconds(function, *arguments):
    """Shortest of five timed calls (fewer if they are slow): the one that was least disturbed."""
    times = []
    while len(times) < 5 and sum(times) < 20_000:
        start = time.perf_counter()
        function(*arguments)
        times.append(1e6 * (time.perf_counter() - start))
    return min(times)


n, dim = 64, 64
sizes = 2 ** np.arange(4, 14)                                # vocabularies of 16 to 8,192 rows
lookup_times, product_times = [], []
for vocab in sizes:
    rng = np.random.default_rng(0)
    timed_table = rng.standard_normal((vocab, dim), dtype=np.float32)
    timed_ids = rng.integers(vocab, size=n)
    lookup_times.append(microseconds(lookup, timed_table, timed_ids))
    if max(product_times, default=0) < 20_000:               # once it is slow, leave it alone
        product_times.append(microseconds(lookup_by_matmul, timed_table, timed_ids))

product_sizes = sizes[: len(product_times)]
counted = np.array([matmul_cost(n, int(vocab), dim)[0] for vocab in product_sizes])
predicted = counted * np.median((product_times / counted)[-3:])   # slope 1, at your height
slope = np.polyfit(np.log(product_sizes[-3:]), np.log(product_times[-3:]), 1)[0]

figure, axes = plt.subplots(figsize=(7.5, 4.2))
axes.loglog(product_sizes, predicted, "--", color=GREY, label="predicted: slope 1")
axes.loglog(product_sizes, product_times, "s-", color=ORANGE, label="lookup_by_matmul")
axes.loglog(sizes, lookup_times, "o-", color=BLUE, label="lookup")
axes.set(xlabel="vocabulary size (rows of the table)", ylabel="microseconds per call")
axes.set_title(f"{n} ids, dim {dim}", fontsize=11)
axes.legend(frameon=False)
plt.show()
ratio = product_times[-1] / lookup_times[len(product_times) - 1]
print(f"slope of the product at the right end: {slope:.1f}")
print(f"with {product_sizes[-1]:,} rows the lookup is {ratio:,.0f} times as fast")

# %% [markdown]
# How to read your picture:
#
# - At the left end both lines are nearly flat: the tables are so small that the time goes into
#   *calling* NumPy, not into arithmetic. With a few rows, the product costs a few microseconds more.
# - Further right the product follows the dashed line. The slope comes out somewhere near 1; a
#   little more or less is the work of caches, and of whatever else your computer was doing.
# - If your orange line climbs far more steeply, with slope 2 or beyond, and stops early, look into
#   your `onehot_encode`: it builds a whole identity, `vocab × vocab` numbers, to keep a few rows of
#   it. You have just found by measuring what no check of values could have told you.
#
# **The verdict.** Is an embedding layer a matrix multiplication? As a *function*: yes; the two
# agree to the last bit. As a *computation*: no; the Keras layer's `call` is one gather (`take`)
# from its weight matrix and PyTorch's is an index too, and that is the whole point of them. "The
# ids are stored as a one-hot matrix for speed" has it backwards. And still the other route has
# its uses: the published code of BERT multiplies one-hot vectors for a table with two rows, with
# the comment that this is always faster for a small vocabulary. That is the left end of your
# picture, where the two come closest; on the chips that BERT was trained on, built for products,
# they may change places.

# %% [markdown]
# ## 6 · What training sees: the gradient of the table
#
# *Tunable* means that training nudges the numbers, and a nudge needs a gradient. Suppose a loss
# has told each looked-up row which way to move: one **upstream** gradient for each id, in an
# array of shape `ids.shape + (dim,)`. Which way should the *table* move?
#
# Take the product's word for it. If `rows = X @ E` with one-hot rows in `X`, then the gradient
# with respect to `E` is `X.T @ upstream`. Row *i* of that is the sum of the upstream gradients at
# all the places where id *i* was used. Rows that nobody asked for get zeros.
#
# So you may choose: the product again, or a route that never makes a one-hot vector. In a
# sentence, some words come twice. **Predict**: with ids 3, 3, 0, 9 and an upstream gradient of
# ones everywhere, what is in row 3 of the table's gradient?

# %% [markdown]
# ### Exercise 5 · table_gradient
# ●●●○○ · 4 points · 10 minutes
#
# Send the upstream gradient of each looked-up row back to the row of the table that it came from.
#
# <details><summary>A word that comes twice has only one of its two contributions</summary>
#
# `grad[ids] += x` reads all rows, adds, and then writes all rows; the second write to the same
# row replaces the first. A loop over the ids does not have this problem, neither does a matrix
# product, and NumPy's ufuncs have a method made for it (look at the documentation of
# `np.ufunc.at`).
# </details>
#
# <details><summary>It works for a list of ids, but not for a batch of sentences</summary>
#
# The table does not care which sentence a word stood in. Bring ids to shape `(count,)` and
# upstream to `(count, dim)` first.
# </details>
#
# <details><summary>An empty batch, or a single id, fails with a reshape error</summary>
#
# `reshape(-1, …)` must be able to work out the one length you left open; with no elements at all,
# it cannot. State the lengths: the last axis of upstream is `dim`, and `ids.size` counts the ids.
# </details>


# %% exercise="table_gradient"
def table_gradient(vocab, ids, upstream):
    """Gradient of the table, given the gradient of the rows that were looked up.

    Args:
        vocab: int, number of rows of the table.
        ids: an int, a list (of lists), or an integer array of any shape, all in 0 … vocab - 1.
        upstream: float array, shape ids.shape + (dim,). Neither it nor ids is changed.

    Returns:
        Float array, shape (vocab, dim): row i is the sum of upstream wherever i was used.
    """
    ### BEGIN SOLUTION
    ids = np.asarray(ids)
    dim = upstream.shape[-1]
    gradient = np.zeros((vocab, dim), dtype=upstream.dtype)
    np.add.at(gradient, ids.reshape(ids.size), upstream.reshape(ids.size, dim))
    return gradient
    ### END SOLUTION


# %% check="table_gradient" points=2
pushes = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
try:
    got = table_gradient(5, [4, 0, 2], pushes)
except (ValueError, IndexError, TypeError) as error:
    raise AssertionError(
        f"vocab 5, ids [4, 0, 2], upstream of shape (3, 2) failed with {type(error).__name__} "
        f"({error}). Take the number of rows from `vocab` and dim from `upstream`.") from error
assert isinstance(got, np.ndarray), (
    f"table_gradient should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (5, 2), (
    f"A table of 5 rows and upstream of shape (3, 2): expected shape (5, 2), got {got.shape}. "
    "The gradient has the shape of the table, rows that were not used included.")
assert np.allclose(got, [[10, 20], [0, 0], [100, 200], [0, 0], [1, 2]]), (
    "ids 4, 0, 2 should fill rows 4, 0, 2 of the gradient and leave zeros elsewhere; you "
    f"got\n{got}")
got = table_gradient(5, [3, 0, 3], pushes)
assert not np.allclose(got[3], [100, 200]), (
    "Id 3 was used twice, and row 3 of the gradient has the last contribution alone. "
    "Duplicates are lost: grad[ids] += x (or = x) writes each row once. Both contributions "
    "should add up.")
assert not np.allclose(got[3], [1, 2]), (
    "Id 3 was used twice, and row 3 of the gradient has the first contribution alone. "
    "Duplicates are lost. Both contributions should add up.")
assert not np.allclose(got[3], [50.5, 101]), (
    "Id 3 was used twice, and row 3 of the gradient has the mean of the contributions. They "
    "add up: each use of a row pushes it.")
assert np.allclose(got, [[10, 20], [0, 0], [0, 0], [101, 202], [0, 0]]), (
    "ids 3, 0, 3: row 3 should be [101, 202] (first and last contribution), row 0 [10, 20]; "
    f"you got\n{got}")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
for count in (1, 4, 40):
    vocab, dim = int(rng.integers(11, 16)), int(rng.integers(5, 8))
    some_ids, pushes = rng.integers(vocab, size=count), rng.standard_normal((count, dim))
    want = np.zeros((vocab, dim))
    for place, row in enumerate(some_ids):
        want[row] += pushes[place]
    got = table_gradient(vocab, some_ids, pushes)
    assert isinstance(got, np.ndarray), (
        f"{count} ids: expected a NumPy array, got {type(got).__name__}.")
    assert got.shape == want.shape, (
        f"{count} ids, vocab {vocab}, dim {dim}: expected {want.shape}, got {got.shape}. Take "
        "the number of rows from the argument `vocab` and dim from `upstream`, not from the "
        "notebook's own table.")
    assert np.allclose(got, want, atol=1e-4), (
        f"{count} ids, vocab {vocab}, dim {dim}: the gradient is not the sum of upstream over "
        "the places where each row was used.")
### END HIDDEN TESTS

# %% check="table_gradient" points=2
batch = np.array([[0, 2], [2, 2]])
pushes = np.arange(1.0, 9.0).reshape(2, 2, 2)        # (batch, length, dim)
try:
    got = table_gradient(3, batch, pushes)
except (ValueError, IndexError, TypeError) as error:
    raise AssertionError(
        "A batch, ids of shape (2, 2) with upstream of shape (2, 2, 2), failed with "
        f"{type(error).__name__} ({error}). Bring ids to (4,) and upstream to (4, 2) "
        "first.") from error
assert isinstance(got, np.ndarray), (
    f"table_gradient should return a NumPy array; it returned {type(got).__name__}.")
assert got.shape == (3, 2), (
    "A table of 3 rows, a batch of ids of shape (2, 2), upstream of shape (2, 2, 2): expected "
    f"(3, 2), got {got.shape}. The gradient has the shape of the table, whatever the shape of "
    "the batch.")
assert np.allclose(got, [[1, 2], [0, 0], [15, 18]]), (
    "In a batch [[0, 2], [2, 2]] id 2 was used three times: row 2 should be [3+5+7, 4+6+8] = "
    f"[15, 18], row 0 [1, 2]; you got\n{got}")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
for shape in [(), (1,), (30,), (4, 5), (6, 1), (2, 3, 4), (0,), (0, 3)]:
    vocab, dim = int(rng.integers(2, 6)), int(rng.integers(1, 5))
    some_ids = np.array(rng.integers(vocab, size=shape))
    pushes = rng.standard_normal(shape + (dim,))
    ids_before, pushes_before = some_ids.copy(), pushes.copy()
    want = np.zeros((vocab, dim))
    for place in np.ndindex(shape):
        want[some_ids[place]] += pushes[place]
    try:
        got = table_gradient(vocab, some_ids, pushes)
    except (ValueError, IndexError, TypeError) as error:
        raise AssertionError(
            f"ids of shape {shape} with upstream of shape {pushes.shape} failed with "
            f"{type(error).__name__}: {error}") from error
    assert isinstance(got, np.ndarray) and got.shape == want.shape, (
        f"ids of shape {shape}, vocab {vocab}, dim {dim}: expected an array of shape "
        f"{want.shape}, got {got.shape if isinstance(got, np.ndarray) else type(got).__name__}.")
    assert np.allclose(got, want, atol=1e-4), (
        f"ids of shape {shape}, vocab {vocab}: the gradient is not the sum of upstream over the "
        "places where each row was used.")
    assert np.array_equal(pushes, pushes_before), (
        "table_gradient changed the upstream array it was given; other layers still need it.")
    assert np.array_equal(some_ids, ids_before), "table_gradient changed the ids it was given."
### END HIDDEN TESTS

# %% [markdown]
# *Figure:* two grids for ids 3, 3, 0, 9 and an upstream gradient of ones. Left, what `grad[ids]
# += ones` leaves behind: ones in rows 0, 3 and 9. Right, the result of `table_gradient`: ones in
# rows 0 and 9, twos in row 3. All other rows are zero in both.

# %%
ones = np.ones((len(batch_ids), embedding_size))
gradient = table_gradient(vocab_size, batch_ids, ones)
careless = np.zeros((vocab_size, embedding_size))
careless[batch_ids] += ones
figure, axes = plt.subplots(1, 2, figsize=(4.8, 4.2), layout="constrained")
draw_table(axes[0], careless, lit=batch_ids, title="grad[ids] += ones", top=2)
draw_table(axes[1], gradient, lit=batch_ids, title="table_gradient", top=2)
axes[0].set_ylabel("row of the table")
plt.show()

# %% [markdown]
# The careless version has lost one of the two uses of row 3, without an error. Frequent words are
# the ones that come twice in a batch, so frequent words would learn too slowly: a bug that shows
# only in the quality of the result.
#
# Trust, but verify. A gradient says by how much the loss changes when a number changes, and that
# can be tried out: nudge each of the forty numbers by one, and see what a loss does.

# %%
slopes = np.arange(16.0).reshape(4, 4)      # one upstream number for each number looked up


def loss(table):
    return (table[batch_ids] * slopes).sum()


nudged = np.zeros((vocab_size, embedding_size))
for place in np.ndindex(vocab_size, embedding_size):
    table = embedding_matrix.copy()
    table[place] += 1
    nudged[place] = loss(table) - loss(embedding_matrix)
print(np.array_equal(nudged, table_gradient(vocab_size, batch_ids, slopes)))

# %% [markdown]
# One step of training, last of all. The loss is half the sum of the squares of the rows we looked
# up, so it wants them at zero, and the upstream gradient is the rows themselves. The step size is
# 0.1. **Predict**: by which factor does row 3 shrink, by which row 9, by which row 5?

# %%
used = [3, 3, 9]
trained = embedding_matrix - 0.1 * table_gradient(vocab_size, used, embedding_matrix[used])
for row in (3, 9, 5):
    print(f"row {row}: now", np.round(trained[row] / embedding_matrix[row], 3), "of what it was")

# %% [markdown]
# Used twice, pushed twice: 0.8. Used once: 0.9. Not used: not a number of it has moved. An
# embedding learns about the words it meets and about no others, a fact that returns in Labs 3, 4
# and 8.

# %% [markdown]
# ## 7 · In your own words

# %% [markdown] question="dense-or-table" points=3
# ### Question · dense or table?
# 3 points · 8 minutes · read by a person
#
# In what sense is an embedding layer a dense layer on one-hot input, and in what sense is it not?
# Write five to eight sentences. Use at least one number that you counted or measured in this lab,
# and say something about what the two layers accept as input or what training does to them.
#
# ### BEGIN SOLUTION
# **Rubric, one point each.**
#
# 1. *The same function.* A dense layer without bias and without activation, applied to one-hot
#    vectors, gives exactly the rows of its weight matrix; the parameters, `vocab × dim` of them,
#    and their gradients are the same. (No point for "they are similar"; bias or activation need
#    not be named if "the same weight matrix" is.)
# 2. *Not the same computation.* The product costs `n × vocab × dim` multiply-adds and an `n ×
#    vocab` one-hot matrix; the lookup copies `n × dim` numbers and does not depend on vocab. At
#    least one number, right in its order of magnitude: 400 MB of one-hot vectors for 256 words of
#    400,000, a slope near 1 against a flat line, a measured ratio.
# 3. *Not the same interface, or another consequence that is right.* The embedding accepts ids
#    alone: no mixtures such as 0.5 and 0.5, no id of 1.5, and no gradient flows into its input,
#    whereas a dense layer takes any real vector. Or: the gradient touches only the rows in the
#    batch and can be stored sparsely. Or: a nan in an unused row spoils the product and leaves
#    the lookup alone.
#
# **A model answer.** As functions they are the same: a dense layer without bias or activation,
# fed with one-hot vectors, returns the rows of its weight matrix, which is what the embedding
# returns, and both have `vocab × dim` parameters. The gradient is the same too, since `X.T @
# upstream` adds up, for each row, the places where it was used. As computations they are far
# apart: for 256 words out of 400,000 with 100 numbers each, the product needs 10,240,000,000
# multiply-adds and 410 MB for the one-hot matrix, while the lookup copies 25,600 numbers; in my
# measurement the product's time grew in proportion to the vocabulary and the lookup's did not
# grow. They differ also in what they accept: a dense layer can be given half of one word and half
# of another, an embedding only whole ids, and nothing can be differentiated with respect to an
# id. That is why an embedding sits where the ids are.
# ### END SOLUTION

# %% [markdown]
# ## What you learned
#
# - An embedding is a table, `(vocab, dim)`; looking up replaces each id by its row, so the result
#   has the shape of the ids plus one axis.
# - An id is a name. Ids that name no row should be refused: negative ones wrap around in silence.
# - A one-hot vector times the table is the same row, by way of every other row.
# - The product costs `n × vocab × dim` multiply-adds, the lookup none; measured, one line climbs
#   with the vocabulary and the other is flat.
# - The gradient of a table is a sum over uses: words used twice get both pushes, unused rows get
#   none.
#
# ## Further reading
#
# - The layer itself: [Keras `Embedding`](https://keras.io/api/layers/core_layers/embedding/) and
#   [TensorFlow's page on
#   it](https://www.tensorflow.org/api_docs/python/tf/keras/layers/Embedding); [PyTorch
#   `nn.Embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html).
# - The same question asked by PyTorch users: [What is nn.Embedding exactly
#   doing?](https://discuss.pytorch.org/t/what-is-nn-embedding-exactly-doing/12521)
# - A tutorial that many cite: [How to use word embedding layers with
#   Keras](https://machinelearningmastery.com/use-word-embedding-layers-deep-learning-keras/). Its
#   `one_hot` is a hashing function and has nothing to do with Exercise 2; Lab 2 says more.
# - The product in the wild: `embedding_postprocessor` in [BERT's
#   modeling.py](https://github.com/google-research/bert/blob/master/modeling.py).
# - NumPy on [indexing with arrays](https://numpy.org/doc/stable/user/basics.indexing.html) and on
#   [`ufunc.at`](https://numpy.org/doc/stable/reference/generated/numpy.ufunc.at.html).
#
# ## An open challenge (no points)
#
# A lookup chooses one row. The product does not have to: a row of weights such as `[0, 0.7, 0.3,
# 0, …]` asks for 70% of one word and 30% of another, and it has a derivative with respect to the
# weights, which an id has not. Write `soft_lookup(table, weights)` and the gradient of its
# weights. Then set yourself a target, say 0.25 of row 1 plus 0.75 of row 8, start from equal
# weights, and let gradient descent find the mixture. You will have built the core of what
# attention does.
