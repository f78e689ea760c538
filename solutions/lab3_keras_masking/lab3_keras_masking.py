# %% [markdown]
# # Lab 3 · Padding, masks, and ids on a grid
# {{colab}}
#
# **Real sentences differ in length and real ids do not always stand in a line: here you learn to
# tell a Keras model which steps to ignore, and where in a model ids may stand at all.**
#
# You will be able to
#
# - **pad** ragged sentences into one rectangular batch, and say why row 0 has to be given away,
# - **average** only what is really there,
# - **follow** a mask through a model, layer by layer, and spot the place where it gets lost,
# - **write** a layer of your own that honours a mask,
# - **put** categories on a 3-D grid in front of a convolution without inventing "grassy stairs".
#
# *You need:* Lab 1 (an embedding is a table, a lookup picks rows) and Lab 2 (Keras layers and
# models, and why the first axis of a shape prints as `None`).
# *Time:* about 60 minutes. *Points:* 18, of which 3 are for a written answer.

# %% given=true
import inspect
import logging
import os
import re
import textwrap
import warnings

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # everything here is small: stay on the CPU

stderr_copy = os.dup(2)  # TensorFlow greets on stderr while it loads: let it greet nobody
with open(os.devnull, "w") as nowhere:
    os.dup2(nowhere.fileno(), 2)
    try:
        import keras
    finally:
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
logging.getLogger("tensorflow").setLevel(logging.ERROR)

import matplotlib.pyplot as plt
import numpy as np

plt.rcParams.update(
    {"figure.dpi": 110, "font.size": 11, "axes.spines.top": False, "axes.spines.right": False}
)
# five colours that are safe for colour-blind readers
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"

TABLE = np.arange(40, dtype="float32").reshape(10, 4)  # (vocab, dim): row k begins with 4 * k

# %% [markdown]
# Three small helpers. `mask_of` looks up the mask that Keras has tied to a tensor, if there is one;
# `listen` runs something and hands back the warnings as text instead of letting them spill over
# the page; `said` shortens an error.


# %% given=true
def mask_of(tensor):
    """The mask that travels with a tensor, as a NumPy array, or None."""
    mask = getattr(tensor, "_keras_mask", None)
    return None if mask is None else np.asarray(mask)


def listen(function, *arguments):
    """Call `function(*arguments)`; return its result and the texts of the warnings it gave."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = function(*arguments)
    return result, [str(warning.message) for warning in heard]


def said(error):
    """What an error says, in one line without terminal colours, cut after 300 characters."""
    return re.sub(r"\x1b\[\d+m|\s+", " ", str(error)).strip()[:300]


# %% [markdown]
# ## 1 · A rectangle for ragged sentences
#
# Three sentences, already turned into ids by a vocabulary. They have three, one and six words.

# %% given=true
WORDS = "· the cat sat on mat yes dogs bark loudly".split()  # WORDS[0] stands for padding
SENTENCES = [[7, 8, 9], [6], [1, 2, 3, 4, 1, 5]]

# %%
for sentence in SENTENCES:
    print(sentence, " ".join(WORDS[i] for i in sentence))

# %% [markdown]
# A tensor is a rectangle: every row of a batch has the same number of columns. **Before you run
# the next cell:** what does NumPy say when it is asked to make an array out of these three lists?

# %%
try:
    np.array(SENTENCES)
except ValueError as error:
    print("ValueError:", str(error).split(". ")[0])

# %% [markdown]
# So the short rows have to be filled up. The filler must be an id too, since it goes to the same
# lookup. The convention is to keep **id 0** back for it: no word ever gets the number 0, and real
# ids begin at 1. A table for nine words then has **ten rows**.

# %% [markdown]
# ### Exercise 1 · pad_ids
# ●○○○○ · 2 points · 8 minutes
#
# Turn ragged lists of ids into one integer rectangle: fill with zeros *after* the words, cut what
# is too long at the *end*, and refuse ids that would be mistaken for padding.
#
# <details><summary>My words stand at the right edge and the zeros come first</summary>
#
# That is what `keras.utils.pad_sequences` does when it is not told otherwise: its defaults are
# the *pre* ones, for filling and for cutting alike. Both can be set.
# </details>
#
# <details><summary>could not broadcast input array from shape (6,) into shape (4,)</summary>
#
# A row of four places cannot take six ids. What is the longest piece of a sentence that fits?
# And how many places does a *short* sentence fill?
# </details>
#
# <details><summary>My array holds floats</summary>
#
# `np.zeros` makes floats unless it is given a `dtype`. A row number is a whole number.
# </details>


# %% exercise="pad_ids"
def pad_ids(sequences, length):
    """A rectangular batch from sentences of different length.

    Args:
        sequences: list of n lists of int ids, each id >= 1; a list may be empty.
        length: int >= 1, the number of columns wanted.
    Returns: int array `(n, length)`: zeros after the ids; what is longer is cut at the end.
    Raises: ValueError for an id below 1, because 0 means padding.
    """
    ### BEGIN SOLUTION
    batch = np.zeros((len(sequences), length), dtype="int64")
    for row, sequence in zip(batch, sequences, strict=True):
        if any(i < 1 for i in sequence):
            raise ValueError(f"ids must be 1 or more, 0 is padding; found {min(sequence)}.")
        kept = sequence[:length]
        row[: len(kept)] = kept
    return batch
    ### END SOLUTION


# %% check="pad_ids" points=1
padded = pad_ids([[3, 1, 2], [4], [5, 6, 7, 8, 9]], 4)
assert isinstance(padded, np.ndarray), (
    f"pad_ids should return a NumPy array; it returned {type(padded).__name__}."
)
assert np.issubdtype(padded.dtype, np.integer), (
    f"Ids are row numbers, so the array should hold integers; its dtype is {padded.dtype}."
)
assert padded.shape == (3, 4), (
    f"Three sentences and length 4 make a batch of shape (3, 4); yours has {padded.shape}."
)
assert padded[1].tolist() != [0, 0, 0, 4], (
    "The sentence [4] became [0, 0, 0, 4]: you pad in front. The zeros belong after the words."
)
assert padded[2].tolist() != [6, 7, 8, 9], (
    "Of [5, 6, 7, 8, 9] you kept the last four ids: you cut at the front. Cut at the end."
)
for wanted_row, padded_row in zip(
    [[3, 1, 2, 0], [4, 0, 0, 0], [5, 6, 7, 8]], padded.tolist(), strict=True
):
    assert padded_row == wanted_row, f"Expected the row {wanted_row}, got {padded_row}."
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for batch_size, columns in [(1, 1), (5, 3), (4, 7), (0, 3)]:
    ragged = [dice.integers(1, 1000, dice.integers(0, 9)).tolist() for _ in range(batch_size)]
    before_call = [list(sequence) for sequence in ragged]
    padded = pad_ids(ragged, columns)
    assert ragged == before_call, (
        "pad_ids changed the lists it was given. They belong to the caller: build a new array."
    )
    assert np.shape(padded) == (batch_size, columns), (
        f"{batch_size} sentences and length {columns} should give shape ({batch_size}, "
        f"{columns}); you gave {np.shape(padded)}. Does the width depend on the longest sentence?"
    )
    for sequence, padded_row in zip(ragged, padded.tolist(), strict=True):
        wanted_row = [sequence[c] if c < len(sequence) else 0 for c in range(columns)]
        assert padded_row == wanted_row, (
            f"pad_ids([{sequence}], {columns}) should hold {wanted_row}; it holds {padded_row}."
        )
### END HIDDEN TESTS

# %% check="pad_ids" points=1
assert np.shape(pad_ids([[1, 2], [2]], 3)) == (2, 3), (
    "pad_ids([[1, 2], [2]], 3) should have shape (2, 3)."
)
for bad_id in (0, -1):
    try:
        pad_ids([[1, bad_id, 2]], 3)
    except ValueError:
        pass
    except Exception as error:
        raise AssertionError(
            f"pad_ids([[1, {bad_id}, 2]], 3) should raise a ValueError; it raised "
            f"{type(error).__name__}."
        ) from None
    else:
        raise AssertionError(
            "The id 0 was taken as a real word, though it means padding: raise a ValueError."
            if bad_id == 0
            else "A negative id was let through: -1 is no row either; raise a ValueError."
        )
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for position in range(6):
    ragged = [dice.integers(1, 50, 6).tolist() for _ in range(3)]
    pad_ids(ragged, 6)  # nothing wrong here, so nothing may be raised
    ragged[dice.integers(3)][position] = 0
    try:
        pad_ids(ragged, 6)
    except ValueError:
        continue
    raise AssertionError(
        f"{ragged} holds a 0, yet no ValueError came: look at every id of every sentence."
    )
### END HIDDEN TESTS

# %%
ids = pad_ids(SENTENCES, 6)
print(ids)  # (batch, length)

# %% [markdown]
# `draw_batch` draws such a rectangle: a cell is blue where there is a word, grey and hatched where
# there is padding.


# %% given=true
def draw_batch(ax, mask, labels, title):
    """Draw a batch; mask: bool `(batch, length)`, or None for "no mask known", crossed out."""
    rows, columns = np.shape(labels)
    known = mask is not None
    for r, c in np.ndindex(rows, columns):
        real = not known or mask[r, c]
        face = BLUE if known and real else "#DDDDDD"
        hatch = None if real else "////"
        ax.add_patch(plt.Rectangle((c, r), 1, 1, fc=face, ec="white", lw=2, hatch=hatch))
        ink = "white" if face == BLUE else "#333333"
        ax.text(c + 0.5, r + 0.5, labels[r][c], ha="center", va="center", color=ink)
    if not known:
        ax.plot([0, columns], [0, rows], [0, columns], [rows, 0], color=RED, linewidth=3)
    ax.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[], aspect="equal")
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)


# %%
ids = pad_ids(SENTENCES, 6)
fig, ax = plt.subplots(figsize=(6, 2.6))
names = [[f"{WORDS[i]}\n{i}" for i in row] for row in ids]
draw_batch(ax, ids != 0, names, "three sentences, one batch of shape (3, 6)")
plt.show()

# %% [markdown]
# *Figure: a grid of three rows and six columns. Ten blue cells hold words with their ids; the
# other eight, to the right of the short sentences, are hatched grey and hold the id 0.*
#
# Keras has this function too: `keras.utils.pad_sequences` (older notebooks know it as
# `keras.preprocessing.sequence.pad_sequences`, an alias that still works). **Predict** the first
# row that it makes with its defaults, before you run it.

# %%
print(keras.utils.pad_sequences(SENTENCES, maxlen=4))
print(keras.utils.pad_sequences(SENTENCES, maxlen=4, padding="post", truncating="post"))

# %% [markdown]
# The default fills in front and cuts in front: of "the cat sat on the mat" it keeps "sat on the
# mat". Once masks are used, zeros on the left do no more harm than zeros on the right; what matters
# is that training and use do the same, and that you know which end of a long sentence was cut.
#
# ## 2 · What padding does to an average
#
# The simplest vector for a whole sentence is the mean of its word vectors. Look up the padded
# batch in the 10 × 4 table and average over the steps. **Predict:** "yes" is id 6, and row 6 of
# the table is `[24, 25, 26, 27]`. What will its mean be, after padding to six steps?

# %%
padded_yes = np.array([6, 0, 0, 0, 0, 0])
print("row 6           ", TABLE[6])
print("mean of 6 steps ", TABLE[padded_yes].mean(axis=0))

# %% [markdown]
# Five of the six vectors are row 0, the padding's row, and padding is not a word. The same sentence
# gets another vector each time its neighbours in the batch are longer or shorter:

# %%
lengths = np.arange(1, 25)
plain = [TABLE[[6] + [0] * (n - 1)].mean(axis=0)[0] for n in lengths]
fig, ax = plt.subplots(figsize=(6.5, 3))
ax.plot(lengths, plain, "o-", color=RED, markersize=4, label="mean over all steps")
ax.axhline(TABLE[6, 0], color=BLUE, linewidth=2, label="mean over the real step")
ax.axhline(TABLE[0, 0], color=GREY, linestyle=":", label="padding row")
ax.set(xlabel="padded length (steps)", ylabel="first component", ylim=(-1, 27))
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# *Figure: the first component of the sentence vector of "yes" against the padded length. The mean
# over all steps falls from 24 towards 0, the padding row's value, as zeros are added; the mean over
# the one real step stays at 24.*
#
# The remedy is a **mask**: one truth value for each step of the batch, `True` where there is a
# word. That is Keras's convention, `True` = use this step. (PyTorch's `key_padding_mask` means the
# opposite: read the manual each time.)

# %% [markdown]
# ### Exercise 2 · masked_mean
# ●●○○○ · 2 points · 6 minutes
#
# Average each sentence over the steps its mask allows; a sentence with no such step gets zeros.
#
# <details><summary>operands could not be broadcast together with shapes (2,3,4) (2,3)</summary>
#
# NumPy lines shapes up from the right, so it compares dim 4 with length 3. Give the mask a third
# axis of size one: `mask[..., None]` has shape `(batch, length, 1)`.
# </details>
#
# <details><summary>The values are too small for short sentences</summary>
#
# You have taken the padding out of the sum. Is it still in the number you divide by?
# </details>
#
# <details><summary>invalid value encountered in divide</summary>
#
# 0 / 0 is NaN, and one NaN spoils every sum it enters. What may you divide 0 by to get 0?
# </details>


# %% exercise="masked_mean"
def masked_mean(vectors, mask):
    """The mean over the unmasked steps.

    Args:
        vectors: float array `(batch, length, dim)`.
        mask: bool array `(batch, length)`; True: this step counts.
    Returns: float array `(batch, dim)`; zeros where a sentence has no step that counts.
    """
    ### BEGIN SOLUTION
    weights = mask[..., None].astype(vectors.dtype)  # (batch, length, 1)
    total = (vectors * weights).sum(axis=1)  # (batch, dim)
    count = weights.sum(axis=1)  # (batch, 1)
    return total / np.maximum(count, 1)
    ### END SOLUTION


# %% check="masked_mean" points=1
steps = np.arange(24.0).reshape(2, 3, 4)
counts = np.array([[True, True, False], [True, False, False]])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    averaged = np.asarray(masked_mean(steps, counts))
assert averaged.dtype.kind == "f", f"masked_mean should return floats; yours are {averaged.dtype}."
assert averaged.shape == (2, 4), (
    "vectors (2, 3, 4) should give means of shape (2, 4), one per sentence; yours: "
    f"{averaged.shape}."
)
right_mean = np.array([[2.0, 3, 4, 5], [12, 13, 14, 15]])
for wrong_mean, reason in [
    (steps.mean(axis=1), "that is the mean of all steps: the mask is not used"),
    (
        (steps * counts[..., None]).sum(axis=1) / 3,
        "you divide by the length, padding included: divide by the number of True in the mask",
    ),
    (
        np.array([[8.0, 9, 10, 11], [18, 19, 20, 21]]),
        "those are the masked steps: the mask is inverted; True means that the step counts",
    ),
]:
    assert averaged.shape != wrong_mean.shape or not np.allclose(averaged, wrong_mean), (
        f"Expected\n{right_mean}\ngot\n{averaged}\n({reason})."
    )
assert np.allclose(averaged, right_mean), f"Expected\n{right_mean}\ngot\n{averaged}"
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for shape in [(1, 1, 1), (3, 5, 2), (6, 2, 7), (0, 4, 3)]:
    for dtype in ("float64", "float32"):
        steps = dice.normal(size=shape).astype(dtype)
        counts = dice.random(shape[:2]) < 0.5
        counts[:, 0] = True  # each sentence has one step at least
        counts = np.take_along_axis(
            counts, dice.permuted(np.tile(np.arange(shape[1]), (shape[0], 1)), axis=1), 1
        )
        kept_steps, kept_counts = steps.copy(), counts.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            averaged = np.asarray(masked_mean(steps, counts))
        assert np.array_equal(steps, kept_steps) and np.array_equal(counts, kept_counts), (
            "masked_mean changed the arrays it was given: work on new ones."
        )
        assert averaged.shape == (shape[0], shape[2]), (
            f"vectors of shape {shape} should give ({shape[0]}, {shape[2]}); you gave "
            f"{averaged.shape}."
        )
        right_mean = np.zeros((shape[0], shape[2]))
        for b in range(shape[0]):
            kept = [steps[b, step] for step in range(shape[1]) if counts[b, step]]
            right_mean[b] = sum(kept) / len(kept)
        assert np.allclose(averaged, right_mean, atol=1e-5), (
            f"On random vectors of shape {shape} the means are off by "
            f"{np.abs(averaged - right_mean).max():.3g}. The True steps need not come first."
        )
### END HIDDEN TESTS

# %% check="masked_mean" points=1
steps = np.arange(24.0).reshape(2, 3, 4)
counts = np.array([[False, False, False], [False, True, True]])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    averaged = np.asarray(masked_mean(steps, counts))
assert averaged.shape == (2, 4), f"Expected shape (2, 4), got {averaged.shape}."
assert not np.isnan(averaged).any(), (
    "A sentence whose steps are all masked gave NaN (0 / 0); it should give zeros."
)
assert np.allclose(averaged[0], 0), f"All steps masked: expected zeros, got {averaged[0]}."
assert np.allclose(averaged[1], [18, 19, 20, 21]), (
    f"The other sentence of that batch should still have the mean [18 19 20 21]; got {averaged[1]}."
)
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
steps = dice.normal(size=(8, 4, 3)) + 5
counts = np.ones((8, 4), dtype=bool)
emptied = dice.permutation(8)[:3]
counts[emptied] = False
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    averaged = np.asarray(masked_mean(steps, counts))
assert averaged.shape == (8, 3), f"vectors (8, 4, 3) should give (8, 3); you gave {averaged.shape}."
right_mean = steps.mean(axis=1)
right_mean[emptied] = 0
assert np.allclose(averaged, right_mean, atol=1e-5), (
    "In a batch where some sentences are all masked, those should be zeros and the others means."
)
### END HIDDEN TESTS

# %%
for length in (6, 12, 24):
    ids = pad_ids(SENTENCES, length)
    print(f"padded to {length:2d}:", masked_mean(TABLE[ids], ids != 0)[:, 0])

# %% [markdown]
# The same three numbers, however long the padding. That is the property worth having, and the
# rest of the lab is about getting it inside a model without carrying `ids != 0` about by hand.
#
# ## 3 · Two layers that make a mask
#
# `Embedding(..., mask_zero=True)` does its lookup as before and, beside it, computes
# `ids != 0`. Ask for the mask with `compute_mask`; Keras also ties it to the tensor that comes out.

# %%
embedding = keras.layers.Embedding(10, 4, mask_zero=True)
embedding.build()
embedding.set_weights([TABLE])
batch = np.array([[6, 0, 0], [7, 8, 9]])  # (batch, length)
vectors = embedding(batch)  # (batch, length, dim)
print(embedding.compute_mask(batch).numpy())
print("tied to the output:", mask_of(vectors) is not None)
print("vector at a masked step:", vectors[0, 2].numpy())

# %% [markdown]
# Read the last line twice. The vector at a masked step is *not* zeroed: it is row 0, as always. A
# mask is a note that says "ignore this", and it helps only where somebody reads it.
#
# Because 0 is taken, the table for a vocabulary of `vocab` words needs `vocab + 1` rows.
#
# The second layer that makes a mask is for sequences that are numbers already: `Masking` looks
# for steps in which **all** features equal a value you name. **Predict:** six steps of one feature
# each, 0 to 5, and the mask value 5. What is the mask, and what comes out?

# %%
steps_of_one = np.arange(6).reshape((1, 6, 1))  # (batch, length, features)
masked = keras.layers.Masking(mask_value=5)(steps_of_one)
print(mask_of(masked))
print(masked.numpy().ravel())

# %% [markdown]
# The last step is masked, and *this* layer also overwrites it with 0, which `Embedding` does not.
# With two features, a step in which only one of them equals 5 stays: "all equal" is the rule.

# %%
pairs = np.array([[[5, 5], [5, 1], [2, 3]]])  # (1, 3, 2)
print(mask_of(keras.layers.Masking(mask_value=5)(pairs)))

# %% [markdown]
# ## 4 · How a mask travels, and where it gets lost
#
# In a functional or Sequential model nobody hands the mask on: each layer finds it on the tensor
# it receives. What a layer then does is one of three things.
#
# | the layer | what it does with a mask | because |
# |---|---|---|
# | **passes** it on | leaves it on its output | each step's result depends on that step alone |
# | **uses** it | its `call` has an argument `mask` | it mixes steps, without the masked ones |
# | **loses** it | warns, and the output has none | nobody taught it what the mask would mean now |
#
# `supports_masking` tells the first two from the third. **Predict** the row of `Flatten`, and that
# of the two pooling layers, before you run this.

# %%
layers = [
    keras.layers.Dense(4),
    keras.layers.Dropout(0.5),
    keras.layers.LayerNormalization(),
    keras.layers.LSTM(4),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.GlobalMaxPooling1D(),
    keras.layers.Conv1D(4, 3),
    keras.layers.Flatten(),
]
print(f"{'layer':24}supports_masking   reads mask")
for layer in layers:
    reads = "mask" in inspect.signature(layer.call).parameters
    print(f"{type(layer).__name__:24}{layer.supports_masking!s:19}{reads}")

# %% [markdown]
# `GlobalAveragePooling1D` leaves the padding out; `GlobalMaxPooling1D` does not, and a padding row
# with a large entry wins the maximum. The manual's page on `Masking` says that where a layer
# without support receives a mask, "an exception will be raised". Here is what really happens:

# %%
flattened, heard = listen(keras.layers.Flatten(), vectors)
print("shape", tuple(flattened.shape), "· mask:", mask_of(flattened))
print(textwrap.fill("Flatten " + heard[0].split("(of type Flatten) ")[1], 80))

# %% [markdown]
# A warning, easily missed among others, and the model runs on with the padding counted in. Now
# watch the mask on its way through two stacks of layers. Every panel is the mask found on that
# layer's output.

# %%
keras.utils.set_random_seed(0)
batch = np.array([[7, 8, 9, 0, 0, 0], [6, 0, 0, 0, 0, 0], [1, 2, 3, 4, 1, 5]])
norm = keras.layers.LayerNormalization()
stacks = [
    [norm, keras.layers.LSTM(4, return_sequences=True)],
    [norm, keras.layers.Conv1D(4, 3, padding="same")],
]
doing = {"LayerNormalization": "passes", "LSTM": "uses, passes", "Conv1D": "loses it"}
fig, axes = plt.subplots(2, 4, figsize=(9, 3.4))
for stack, row in zip(stacks, axes, strict=True):
    x = embedding(batch)
    draw_batch(row[0], mask_of(x), batch, "Embedding\nmakes it")
    for layer, ax in zip(stack, row[1:3], strict=True):
        x, _ = listen(layer, x)
        name = type(layer).__name__
        draw_batch(ax, mask_of(x), batch, f"{name}\n{doing[name]}")
    found = mask_of(x) is not None
    row[3].set(xlim=(0, 6), ylim=(3, 0), aspect="equal")  # as high as the grids beside it
    row[3].axis("off")
    row[3].set_title(
        "GlobalAveragePooling1D\n" + ("uses it up" if found else "has none to use"), fontsize=10
    )
    verdict = "padding\nleft out" if found else "padding\ncounted in"
    row[3].text(
        0.5,
        0.5,
        verdict,
        color=GREEN if found else RED,
        weight="bold",
        ha="center",
        va="center",
        transform=row[3].transAxes,
    )
fig.tight_layout()
plt.show()

# %% [markdown]
# *Figure: the ids of the batch as a grid, once for each layer. In the upper row the hatched padding
# cells stay marked through Embedding, LayerNormalization and LSTM, and the average pooling leaves
# them out. In the lower row a Conv1D stands in the LSTM's place: from there the grid is grey and
# crossed out, there is no mask, and the pooling counts the padding in.*
#
# After the pooling there is no mask either, and rightly so: the axis it spoke about is gone.
#
# How bad is it? Choose what stands between the embedding and the average, and append zeros to the
# sentence "dogs bark loudly". The two groups of bars ought to be equal. Which choices make them
# drift apart, and which of *those* gave no warning?

# %%
keras.utils.set_random_seed(1)
BETWEEN = {
    "nothing": lambda x: x,
    "Dense": keras.layers.Dense(4),
    "LayerNormalization": keras.layers.LayerNormalization(),
    "LSTM": keras.layers.LSTM(4, return_sequences=True),
    "Conv1D": keras.layers.Conv1D(4, 3, padding="same"),
    "UpSampling1D": keras.layers.UpSampling1D(2),
    "x * 2": lambda x: x * 2,
    "keras.ops.tanh": keras.ops.tanh,
}


def encode_through(between, zeros):
    """The vector (dim,) of "dogs bark loudly" with zeros appended, and the warnings heard."""
    ids = np.array([[7, 8, 9] + [0] * zeros])
    x, heard = listen(BETWEEN[between], embedding(ids))
    return keras.layers.GlobalAveragePooling1D()(x).numpy()[0], heard


def show_drift(between, zeros):
    before, _ = encode_through(between, 0)
    after, heard = encode_through(between, zeros)
    fig, ax = plt.subplots(figsize=(6, 2.6))
    ax.bar(np.arange(4) - 0.18, before, 0.34, color=BLUE, label="without padding")
    ax.bar(np.arange(4) + 0.18, after, 0.34, color=ORANGE, label=f"{zeros} zeros appended")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(
        xticks=range(4),
        xlabel="component",
        ylabel="value",
        title=f"{between}: {'a warning' if heard else 'no warning'}",
    )
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()


# %% unstable=true
from ipywidgets import interact

knobs = interact(show_drift, between=list(BETWEEN), zeros=(0, 12))

# %% [markdown]
# All the choices at once, with eight zeros:

# %%
fig, ax = plt.subplots(figsize=(7, 3.2))
for y, name in enumerate(BETWEEN):
    (before, _), (after, heard) = encode_through(name, 0), encode_through(name, 8)
    moved = np.linalg.norm(after - before) / np.linalg.norm(before)
    ax.barh(y, moved, color=RED if moved > 1e-4 else BLUE)
    verdict = "unchanged" if moved < 1e-4 else "warned" if heard else "no warning"
    ax.text(moved + 0.01, y, verdict, va="center", fontsize=9)
ax.set(
    yticks=range(len(BETWEEN)),
    yticklabels=BETWEEN,
    xlim=(0, 1.1),
    xlabel="change of the sentence vector (relative) after 8 zeros",
)
ax.invert_yaxis()
plt.show()

# %% [markdown]
# *Figure: how far the vector of "dogs bark loudly" moves when eight zeros are appended, as a share
# of its size without them. With nothing in between, with Dense, LayerNormalization or LSTM: not at
# all. With Conv1D or UpSampling1D: far, and with a warning. With a multiplication by 2 or with
# `keras.ops.tanh`: far, and without one.*
#
# The quiet ones are the dangerous ones. `x * 2` is no layer: nobody copies the note from the old
# tensor to the new one, and nobody warns.
#
# Sequential models behave the same way, since they are the same layers in a row:

# %%
model = keras.Sequential([embedding, keras.layers.GlobalAveragePooling1D()])
alone = model.predict(np.array([[6]]), verbose=0)[0]  # (dim,)
padded_to_four = model.predict(np.array([[6, 0, 0, 0]]), verbose=0)[0]
print("alone:         ", alone)
print("padded to four:", padded_to_four)

# %% [markdown]
# ### Exercise 3 · sentence_encoder
# ●●○○○ · 3 points · 8 minutes
#
# Build a model that turns padded sentences into one vector each, and gives the same vector for a
# sentence however much padding follows it. How it sums the words up is your choice.
#
# <details><summary>Only some ids work: indices[0,0] = 6 is not in [0, 6)</summary>
#
# Words are 1 to `vocab`, and there is the padding besides. How many rows is that?
# </details>
#
# <details><summary>My output has three axes, or dim times as many columns</summary>
#
# Something has to bring `(batch, length, dim)` to `(batch, dim)`, by combining the steps, not by
# laying them end to end.
# </details>
#
# <details><summary>The model insists on one length</summary>
#
# In a shape, an axis whose size is not fixed is written `None`, also in `keras.Input`.
# </details>
#
# <details><summary>Padding still changes the answer</summary>
#
# Two things are needed: a layer that makes the mask, and after it only layers that pass it on or
# use it. The table above tells you which do.
# </details>


# %% exercise="sentence_encoder"
def sentence_encoder(vocab, dim):
    """A Keras model that turns padded sentences into vectors.

    Args:
        vocab: int, number of words; their ids are 1 ... vocab, and 0 is padding.
        dim: int, size of a vector.
    Returns: a keras model, int ids `(batch, length)` -> float `(batch, dim)`, for any length;
        zeros after a sentence do not change its vector, before or after training.
    """
    ### BEGIN SOLUTION
    ids = keras.Input(shape=(None,), dtype="int32")
    vectors = keras.layers.Embedding(vocab + 1, dim, mask_zero=True)(ids)  # (batch, length, dim)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(vectors))
    ### END SOLUTION


# %% check="sentence_encoder" points=2
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    encoder = sentence_encoder(6, 4)
assert isinstance(encoder, keras.Model), (
    f"sentence_encoder should return a Keras model; it returned {type(encoder).__name__}."
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    encoded = np.asarray(encoder(np.array([[3, 1, 2], [4, 5, 5]])))
assert encoded.shape == (2, 4), (
    "Two sentences and dim 4 should give (2, 4), one vector per sentence; you gave "
    f"{encoded.shape}. If the steps are laid end to end (Flatten), or still an axis of their "
    "own, combine them instead."
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        lengthened = np.asarray(encoder(np.array([[3, 1, 2, 0, 0, 0, 0]])))
    except Exception as error:
        raise AssertionError(
            f"The model took sentences of 3 steps but not of 7 ({type(error).__name__}): its "
            "length is fixed. It should take any."
        ) from None
assert lengthened.shape == (1, 4), (
    f"A sentence of 7 steps gave shape {lengthened.shape} instead of (1, 4): combine the steps."
)
assert np.allclose(encoded[0], lengthened[0], atol=1e-6), (
    "Four zeros after a sentence changed its vector by "
    f"{np.abs(encoded[0] - lengthened[0]).max():.2g}: the padding is counted in. Does the "
    "embedding make a mask (mask_zero=True), and does each layer after it pass the mask on or "
    "use it?"
)
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    encoder = sentence_encoder(20, 3)
    ragged = [dice.permutation(np.arange(1, 19))[: 2 + n].tolist() for n in range(4)]
    rectangle = np.array([sequence + [0] * (9 - len(sequence)) for sequence in ragged])

    def worst_difference():
        alone = np.concatenate([np.asarray(encoder(np.array([sequence]))) for sequence in ragged])
        return np.abs(np.asarray(encoder(rectangle)) - alone).max()

    together = np.asarray(encoder(rectangle))
    assert together.shape == (4, 3), (
        f"Four sentences, dim 3: expected (4, 3), got {together.shape}."
    )
    assert worst_difference() < 1e-5, (
        "Sentences of different length in one batch got other vectors than each of them alone: "
        "padding is counted in (is there a mask, mask_zero=True, and is it used?)."
    )
    for position in (0, -1):
        changed = list(ragged[2])
        changed[position] = 19
        moved = np.abs(
            np.asarray(encoder(np.array([changed]))) - np.asarray(encoder(np.array([ragged[2]])))
        )
        assert moved.max() > 1e-7, (
            f"Another {'first' if position == 0 else 'last'} word left the vector as it was: "
            "every word of the sentence should count."
        )
    encoder.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    encoder.train_on_batch(rectangle, np.full((4, 3), 30.0))
    assert worst_difference() < 1e-5, (
        "Padding makes no difference at first, but it does after a training step: the padding's "
        "row is trained along, so starting it at zero is not enough. Mask it (mask_zero=True)."
    )
### END HIDDEN TESTS

# %% check="sentence_encoder" points=1
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    encoder = sentence_encoder(6, 4)
    np.asarray(encoder(np.array([[1]])))
    try:
        last_word = np.asarray(encoder(np.array([[6]])))
    except Exception as error:
        raise AssertionError(
            f"With vocab=6 the word 6 has no row ({type(error).__name__}). The words are 1 ... 6 "
            "and the padding is 0: the table needs vocab + 1 rows."
        ) from None
    assert np.isfinite(last_word).all() and np.abs(last_word).max() > 0, (
        f"The last word's vector is {last_word}: has it a row? The table needs vocab + 1 rows."
    )
### BEGIN HIDDEN TESTS
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for vocab_size, width in [(1, 2), (13, 5)]:
        encoder = sentence_encoder(vocab_size, width)
        try:
            single = np.asarray(encoder(np.arange(1, vocab_size + 1)[:, None]))
        except Exception as error:
            raise AssertionError(
                f"With vocab={vocab_size} not every word from 1 to {vocab_size} has a row "
                f"({type(error).__name__}): the table needs vocab + 1 rows."
            ) from None
        assert single.shape == (vocab_size, width), (
            f"{vocab_size} sentences, dim {width}: expected ({vocab_size}, {width}), got "
            f"{single.shape}."
        )
        assert len(np.unique(single, axis=0)) == vocab_size, (
            "Different words should have different vectors: does each id have its own row?"
        )
        encoder.compile(optimizer="sgd", loss="mse", run_eagerly=True)
        encoder.train_on_batch(np.array([[vocab_size]]), np.full((1, width), 30.0))
        trained = np.asarray(encoder(np.array([[vocab_size]])))
        assert np.abs(trained - single[-1]).max() > 1e-4, (
            "A training step did not move the word's vector: the table is frozen."
        )
### END HIDDEN TESTS

# %%
encoder = sentence_encoder(9, 4)
short = encoder(pad_ids(SENTENCES, 6)).numpy()  # (batch, dim)
long = encoder(pad_ids(SENTENCES, 24)).numpy()
print(short.shape, "the same with much padding:", np.allclose(short, long, atol=1e-6))

# %% [markdown]
# One case is left open by most ready-made layers: a sentence with no word at all.
# `GlobalAveragePooling1D` divides by the number of real steps, and your `masked_mean` knows
# better than it does:

# %%
print(keras.layers.GlobalAveragePooling1D()(embedding(np.array([[0, 0, 0]]))).numpy())
print(masked_mean(embedding(np.array([[0, 0, 0]])).numpy(), np.zeros((1, 3), dtype=bool)))

# %% [markdown]
# ## 5 · Row 0 is trained like any other
#
# Nothing in the table marks row 0 as special. Without a mask, padding takes part in the
# forward pass, so gradients come back to its row, from every padded step of every sentence. Here is
# one step of gradient descent on our batch, without and with a mask.
# **Predict:** which row moves farthest in the first case?


# %%
def row_changes(mask_zero):
    """How one training step changes the table: (vocab, dim)."""
    layer = keras.layers.Embedding(10, 4, mask_zero=mask_zero)
    layer.build()
    layer.set_weights([TABLE / 40])
    model = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D()])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse", run_eagerly=True)
    model.train_on_batch(batch, np.ones((3, 4)))
    return layer.get_weights()[0] - TABLE / 40


changes = {mask_zero: np.abs(row_changes(mask_zero)) for mask_zero in (False, True)}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.6), sharey=True, layout="constrained")
for ax, (mask_zero, change) in zip(axes, changes.items(), strict=True):
    image = ax.imshow(change, cmap="viridis", vmin=0, vmax=changes[False].max(), aspect="auto")
    ax.set(
        title=f"mask_zero={mask_zero}",
        xlabel="component",
        xticks=range(4),
        yticks=range(10),
        yticklabels=[f"{i} {w}" for i, w in enumerate(WORDS)],
    )
axes[0].set_ylabel("row of the table")
fig.colorbar(image, ax=axes, label="how far the number moved")
plt.show()
print(
    f"row 0 moved by {changes[False][0].max():.3f} without a mask and by "
    f"{changes[True][0].max()} with one"
)

# %% [markdown]
# *Figure: two tables of ten rows and four columns, coloured by how far one step moved each number.
# Without a mask, row 0 is by far the brightest and the others hardly moved. With a mask, row 0 is
# dark, and the brightest is row 6, "yes", which is a whole sentence by itself; then comes row 1,
# "the", which occurs twice.*
#
# Eight of the eighteen steps are padding, so the most trained "word" of the batch is the one that
# is no word. With the mask its gradient is exactly 0: row 0 keeps its random beginning for ever,
# and nobody ever reads it.
#
# ## 6 · Layers of your own
#
# The manual says that inside a subclass "masks aren't automatically propagated", while answers in
# forums say that everything goes downstream by itself. Both have seen something true. First, a
# layer that leaves the length of a sentence alone:


# %%
class Double(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


doubled, heard = listen(Double(), vectors)
print("mask:", mask_of(doubled), "· warnings:", len(heard))

# %% [markdown]
# Keras cannot know whether the old mask still fits the output, so it drops it, and says so. If it
# does fit, promise it with one line: `supports_masking = True`. The layer's `compute_mask` then
# hands the mask over as it is.


# %%
class CarefulDouble(Double):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True


doubled, heard = listen(CarefulDouble(), vectors)
print(mask_of(doubled))
print("warnings:", len(heard))

# %% [markdown]
# Second, a layer with layers *inside*: an embedding, then an LSTM. Three ways to write its `call`.
# **Predict** which of them keep the vector of "dogs bark loudly" the same when zeros follow.


# %%
class Inside(keras.layers.Layer):
    def __init__(self, how, **kwargs):
        super().__init__(**kwargs)
        self.how = how
        self.embedding = keras.layers.Embedding(10, 16, mask_zero=True)
        self.lstm = keras.layers.LSTM(32)

    def call(self, ids):
        x = self.embedding(ids)  # (batch, length, 16)
        if self.how == "layer to layer":
            return self.lstm(x)
        if self.how == "with a product in between":
            return self.lstm(x * 4)
        return self.lstm(x * 4, mask=self.embedding.compute_mask(ids))  # (batch, 32)


verdicts = []
for how in ("layer to layer", "with a product in between", "mask passed by hand"):
    keras.utils.set_random_seed(2)
    layer = Inside(how)
    change = np.abs(layer(np.array([[7, 8, 9]])) - layer(np.array([[7, 8, 9, 0, 0, 0]]))).max()
    verdicts.append(f"{how:28}{'the same vector' if change < 1e-4 else 'ANOTHER vector'}")
print("\n".join(verdicts))

# %% [markdown]
# From layer to layer the note stays on the tensor, also inside a subclass; that is what the forum
# saw. One ordinary operation, and it is gone without a word; that is what the manual warns of. So
# inside your own layers ask for the mask (`compute_mask`), and pass it by hand (`mask=`).
#
# Third, a layer that *uses* a mask. If its `call` has an argument called `mask`, Keras fills it in
# from the tensor that comes in, or with `None` if that carries none.

# %% [markdown]
# ### Exercise 4 · MaskedSum
# ●●●○○ · 3 points · 8 minutes
#
# Write a layer that adds up the steps its mask allows, and all of them when it is given no mask.
#
# <details><summary>Something was expected to be a float tensor but is a bool tensor</summary>
#
# Some operations, `keras.ops.matmul` among them, do not mix floats and truth values.
# `keras.ops.cast` makes numbers of them; `keras.ops.where` needs none.
# </details>
#
# <details><summary>Incompatible shapes: [2,3,4] vs. [2,3]</summary>
#
# The same as with `masked_mean`: the mask lacks the axis of the components.
# `keras.ops.expand_dims` puts it there.
# </details>
#
# <details><summary>It works on its own but not in a model: NumPy and symbolic tensors</summary>
#
# When a model is built or compiled, `call` runs with placeholders that hold no numbers yet. NumPy
# cannot work on those; `keras.ops` can.
# </details>
#
# <details><summary>'NoneType' object is not subscriptable; None cannot be converted</summary>
#
# Without a mask, `mask` is `None`. What is the sum then?
# </details>


# %% exercise="masked_sum"
class MaskedSum(keras.layers.Layer):
    """Sum over the steps that the mask allows.

    call(inputs, mask=None):
        inputs: float tensor `(batch, length, dim)`.
        mask: bool tensor `(batch, length)`, True: this step counts; None: all of them do.
    Returns: float tensor `(batch, dim)`.

    Works on arrays and inside a model alike.
    """

    def call(self, inputs, mask=None):
        ### BEGIN SOLUTION
        if mask is not None:
            inputs = inputs * keras.ops.cast(mask, inputs.dtype)[..., None]
        return keras.ops.sum(inputs, axis=1)
        ### END SOLUTION

    def compute_mask(self, inputs, mask=None):
        return None  # the axis that the mask spoke about is gone


# %% check="masked_sum" points=2
import __main__ as student

steps = np.arange(24, dtype="float32").reshape(2, 3, 4)
counts = np.array([[True, True, False], [True, False, False]])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    summed = MaskedSum()(steps, mask=counts)
assert summed is not None, "MaskedSum returned None: is there a `return` at the end of `call`?"
summed = np.asarray(summed)
assert summed.shape == (2, 4), (
    f"inputs (2, 3, 4) should give sums of shape (2, 4); yours: {summed.shape}. Sum over axis 1, "
    "the steps."
)
right_sum = np.array([[4.0, 6, 8, 10], [12, 13, 14, 15]])
for wrong_sum, reason in [
    (steps.sum(axis=1), "that is the sum of all steps: the layer ignores the mask it is given"),
    (
        np.array([[8.0, 9, 10, 11], [36, 38, 40, 42]]),
        "those are the masked steps: the mask is inverted; True means that the step counts",
    ),
    (np.array([[2.0, 3, 4, 5], [12, 13, 14, 15]]), "that is the mean, and the sum is asked for"),
]:
    assert not np.allclose(summed, wrong_sum), f"Expected\n{right_sum}\ngot\n{summed}\n({reason})."
assert np.allclose(summed, right_sum), f"Expected\n{right_sum}\ngot\n{summed}"
embedded = student.keras.layers.Embedding(10, 3, mask_zero=True)
chain = student.keras.Sequential()
chain.add(embedded)
chain.add(MaskedSum())
padded = np.array([[1, 2, 0, 0], [3, 3, 9, 4], [0, 0, 0, 0]])
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        summed = np.asarray(chain.predict_on_batch(padded))
except Exception as error:
    raise AssertionError(
        "MaskedSum works on arrays but not inside a compiled model, where tensors hold no "
        f"numbers yet ({type(error).__name__}). Use keras.ops in `call` instead of NumPy, "
        "`.numpy()` or `if` on values."
    ) from None
rows = np.asarray(embedded.get_weights()[0])
right_sum = np.array([rows[1] + rows[2], rows[3] * 2 + rows[9] + rows[4], rows[0] * 0])
assert summed.shape == (3, 3), (
    f"After an embedding of shape (3, 4, 3) the sums should have shape (3, 3); yours: {summed.shape}."
)
assert np.allclose(summed, right_sum, atol=1e-5), (
    "After Embedding(mask_zero=True), in a model, the layer ignores the mask: the padding is in "
    "the sum."
)
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for shape in [(1, 1, 1), (4, 6, 3), (2, 9, 5)]:
    steps = dice.normal(size=shape).astype("float32")
    counts = dice.random(shape[:2]) < 0.5
    counts[-1] = False  # one sentence without a single step that counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        summed = np.asarray(MaskedSum()(steps, mask=counts))
    right_sum = np.array(
        [
            sum((v for v, on in zip(s, m, strict=True) if on), np.zeros(shape[2]))
            for s, m in zip(steps, counts, strict=True)
        ]
    )
    assert summed.shape == right_sum.shape, (
        f"inputs {shape} should give {right_sum.shape}; you gave {summed.shape}."
    )
    assert np.allclose(summed, right_sum, atol=1e-4), (
        f"On random inputs of shape {shape} the sums are off by "
        f"{np.abs(summed - right_sum).max():.3g}; the last sentence was all masked (its sum is "
        "0), and the True steps need not come first."
    )
### END HIDDEN TESTS

# %% check="masked_sum" points=1
import __main__ as student

steps = np.arange(24, dtype="float32").reshape(2, 3, 4)
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        summed = MaskedSum()(steps)
except NotImplementedError:
    raise
except Exception as error:
    raise AssertionError(
        f"Without a mask the layer fails ({type(error).__name__}): `mask` is None then, and all "
        "steps count."
    ) from None
assert summed is not None, "Without a mask MaskedSum returned None; it should sum all steps."
summed = np.asarray(summed)
assert summed.shape == (2, 4), f"Expected sums of shape (2, 4), got {summed.shape}."
assert np.allclose(summed, steps.sum(axis=1)), (
    f"Without a mask all steps count: expected\n{steps.sum(axis=1)}\ngot\n{summed}"
)
### BEGIN HIDDEN TESTS
embedded = student.keras.layers.Embedding(10, 3)  # makes no mask
chain = student.keras.Sequential()
chain.add(embedded)
chain.add(MaskedSum())
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    summed = np.asarray(chain(np.array([[1, 2, 0, 0], [3, 3, 9, 4]])))
rows = np.asarray(embedded.get_weights()[0])
assert np.allclose(summed, rows[[[1, 2, 0, 0], [3, 3, 9, 4]]].sum(axis=1), atol=1e-5), (
    "After an embedding without mask_zero nothing is masked: the sum should run over all steps, "
    "id 0 among them."
)
### END HIDDEN TESTS

# %%
model = keras.Sequential([embedding, MaskedSum()])
without_padding = model(np.array([[7, 8, 9]])).numpy()[0]  # (dim,)
with_padding = model(np.array([[7, 8, 9, 0, 0, 0, 0, 0]])).numpy()[0]
print("no zeros:  ", without_padding)
print("five zeros:", with_padding)

# %% [markdown]
# Rows 7, 8 and 9 begin with 28, 32 and 36: together 96, padding or not. Nobody passed a mask in
# that cell. Why was there no warning? A layer that has a `compute_mask` of its own counts as
# supporting masks. This one answers "no mask from here on", which is not the same as having none
# by accident.
#
# ## 7 · Must an embedding be the first layer?
#
# The Keras manual long said that an `Embedding` "can only be used as the first layer in a model",
# and people asked why they could not flatten their input first. You can:


# %%
def shape_after(shape, flatten):
    ids = keras.Input(shape=shape, dtype="int32")
    x = keras.layers.Flatten()(ids) if flatten else ids
    return x.shape, keras.layers.Embedding(1000, 100)(x).shape


print("ids       flatten   the lookup gets    and gives")
for shape in ((30,), (30, 2)):
    for flatten in (False, True):
        got, gives = shape_after(shape, flatten)
        print(f"{shape!s:10}{flatten!s:10}{got!s:19}{gives}")

# %% [markdown]
# The embedding is not the first layer in two of these lines, and Keras does not mind.
#
# - A sentence of 30 ids is flat already: `Flatten` does nothing at all.
# - Thirty *pairs* of ids become sixty ids in a row. It runs, and it throws away which two belonged
#   together. There is no need for it either: a lookup adds one axis to ids of **any** shape.
#
# (The forum's code said `Input(shape=(30))`. Those parentheses make no tuple; Keras 3 refuses the
# plain number 30. Write `(30,)`.)
#
# What, then, can *not* stand before an embedding? Something with weights. **Predict:** the next
# model runs. Which of the two layers can learn?

# %%
import tensorflow as tf

keras.utils.set_random_seed(0)
dense = keras.layers.Dense(3)
late_embedding = keras.layers.Embedding(10, 4)
with tf.GradientTape() as tape:
    numbers = dense(np.array([[1.0, 2.0]]))  # (1, 3) floats
    loss = keras.ops.sum(late_embedding(keras.ops.clip(numbers, 0, 9)))
gradient_of_dense, gradient_of_table = tape.gradient(
    loss, [dense.kernel.value, late_embedding.embeddings.value]
)
print("gradient of the table:", type(gradient_of_table).__name__)
print("gradient of the dense kernel:", gradient_of_dense)
print(
    "1.0 and 1.9 look up the same row:",
    np.array_equal(late_embedding(np.array([1.0])), late_embedding(np.array([1.9]))),
)

# %% [markdown]
# The embedding cut each float down to a whole number without a word and looked up its row. A row
# number cannot be nudged: between row 1 and row 2 there is nothing to differentiate, so the dense
# layer gets no gradient (`None`) and never learns. The table does: its gradient lists the rows used
# (that is what `IndexedSlices` is), and the rows are ordinary numbers.
#
# So the rule is a half-truth. An embedding stands **where the ids are**; ids usually are what comes
# in; and after it there are continuous vectors that need no second lookup. Reshaping or picking ids
# beforehand is fine. Computing them with weights is not.
#
# ### What the other layers want
#
# An embedding takes ids of any shape. Most layers are choosier. All shapes leave out the batch
# axis, which Keras prints as `None`, and all of them are tuples.
#
# | layer | one input looks like | `Input(shape=…)` |
# |---|---|---|
# | `Dense` | features | `(20,)`, `(784,)` |
# | `LSTM`, `GRU` | steps, features | `(30, 8)` |
# | `Conv2D` | height, width, channels | `(28, 28, 1)` for grey pictures |
# | `Conv3D` | depth, height, width, channels | `(8, 8, 8, 4)` |
# | `Embedding` | any, of ids | `(30,)`, `(30, 2)`, `(8, 8, 8)` |
#
# That is why pictures are flattened *before a dense layer*: 28 × 28 pixels become 784 features in a
# row, and a set of 200,000 pictures goes from `(200000, 28, 28)` to `(200000, 784)`, so that the
# layer is one matrix product, `(batch, 784) @ (784, units)`. Which pixels were neighbours can no
# longer be seen; a dense layer makes no use of that anyway, a convolution does. **Predict** the
# shape in the first line.

# %%
picture = keras.Input(shape=(28, 28))
for name, x in [("as it is ", picture), ("flattened", keras.layers.Flatten()(picture))]:
    layer = keras.layers.Dense(32)
    print(name, x.shape, "->", layer(x).shape, f"with {layer.count_params():,} parameters")

# %% [markdown]
# Unflattened, `Dense` sees 28 rows of 28 features and treats each row of pixels on its own. (Older
# tutorials write `Dense(32, input_shape=(784,))` or `input_dim=784`. Keras 3 still takes both,
# warns, and asks for an `Input` instead.)
#
# ## 8 · Ids in space
#
# A model is to learn about rooms made of blocks. A block's value is a *material*: 0 air, 1 grass,
# 2 stairs, 3 water. The numbers are names.

# %% given=true
MATERIALS = ["air", "grass", "stairs", "water"]
COLOURS = ["#F0F0F0", GREEN, ORANGE, BLUE]


def small_world():
    """A plot of land with a pond and a staircase: int ids (depth, height, width) = (6, 5, 6)."""
    world = np.zeros((6, 5, 6), dtype="int64")
    world[:, 0] = 1  # the ground
    world[1:4, 0, 0:2] = 3  # the pond
    for step in range(3):
        world[2:4, step + 1, 3 + step] = 2
        world[2:4, 1 : step + 1, 3 + step] = 1  # grass below the stairs
    return world


def draw_slice(ax, plane, title):
    """One slice of ids (height, width), each block with its id; height goes up."""
    for (y, x), block in np.ndenumerate(plane):
        ax.add_patch(plt.Rectangle((x, y), 1, 1, fc=COLOURS[block], ec="white"))
        ink = "white" if block in (1, 3) else "black"
        ax.text(x + 0.5, y + 0.5, block, ha="center", va="center", color=ink)
    ax.set(xlim=(0, plane.shape[1]), ylim=(0, plane.shape[0]), xticks=[], yticks=[])
    ax.set(xlabel="width", ylabel="height", aspect="equal", title=title)


# %% [markdown]
# What happens if those ids go into a convolution as they are? It forms weighted sums of neighbours.
# **Predict** what an average over two blocks makes of grass beside water, and of two stairs.

# %%
for pair in ([1, 2], [1, 3], [2, 2]):
    print(" + ".join(MATERIALS[i] for i in pair), "-> average", np.mean(pair))

# %% [markdown]
# Grass beside stairs is 1.5, a material that does not exist. Worse, grass beside water is 2, which
# *does* exist: to this filter a shore is a staircase. Had the materials been numbered in another
# order, the filter would see other ghosts. A category must not arrive as a quantity.
#
# The first way out is Lab 1's: one channel for each material, 1 where it is present and 0
# elsewhere. The shape grows by one axis at the end, `(depth, height, width, materials)`, which is
# just the channel axis that `Conv3D` wants.

# %% [markdown]
# ### Exercise 5 · onehot_volume
# ●●○○○ · 2 points · 6 minutes
#
# Give every block a one-hot vector along a new last axis, for a grid of any shape.
#
# <details><summary>An axis of length 1 has disappeared</summary>
#
# `keras.utils.to_categorical` takes a last axis of length 1 for a column of labels and drops it.
# What shape should the result have, whatever the function did?
# </details>
#
# <details><summary>The materials come first, not last</summary>
#
# If you compare the grid with each material in turn, you stack the answers yourself: on which axis?
# </details>
#
# <details><summary>-1 gives the channel of the last material, or none at all</summary>
#
# Negative indices count from the end; `keras.ops.one_hot` makes zeros of whatever it does not know.
# Neither complains, so you have to.
# </details>


# %% exercise="onehot_volume"
def onehot_volume(grid, materials):
    """One channel per material.

    Args:
        grid: int array of any shape, ids 0 ... materials-1.
        materials: int, number of materials.
    Returns: float array `grid.shape + (materials,)` of zeros and ones (float32 or float64).
    Raises: IndexError for an id outside 0 ... materials-1, or one that is no integer:
        1.5 is not a material.
    """
    ### BEGIN SOLUTION
    grid = np.asarray(grid)
    if not np.issubdtype(grid.dtype, np.integer):
        raise IndexError(f"materials are numbered with integers; the grid holds {grid.dtype}.")
    if grid.size and (grid.min() < 0 or grid.max() >= materials):
        raise IndexError(f"ids must be 0 to {materials - 1}; found {grid.min()} to {grid.max()}.")
    return np.eye(materials, dtype="float32")[grid]
    ### END SOLUTION


# %% check="onehot_volume" points=1
volume = np.array([[[0, 2], [1, 0]], [[2, 2], [0, 1]]])  # (2, 2, 2)
kept_volume = volume.copy()
channels = np.asarray(onehot_volume(volume, 3))
assert np.array_equal(volume, kept_volume), (
    "onehot_volume changed the grid it was given: work on a copy."
)
assert channels.dtype.kind == "f", (
    f"The channels should be floats, as Conv3D wants them; yours are {channels.dtype}."
)
assert channels.shape != (3, 2, 2, 2), (
    "The materials are the first axis, (3, 2, 2, 2); Keras wants channels last: (2, 2, 2, 3)."
)
assert channels.shape == (2, 2, 2, 3), (
    "A grid of shape (2, 2, 2) and 3 materials should give (2, 2, 2, 3); you gave "
    f"{channels.shape}. Does the grid keep its axes, and do the materials come last?"
)
assert channels[0, 0, 1].tolist() == [0, 0, 1], (
    f"Block [0, 0, 1] is material 2, so its channels are [0, 0, 1]; yours: {channels[0, 0, 1]}."
)
assert (channels.argmax(axis=-1) == volume).all() and (channels.sum(axis=-1) == 1).all(), (
    "Each block should have a 1 in the channel of its material, and 0 in all others."
)
thin = np.asarray(onehot_volume(np.array([[[1]], [[0]]]), 3))  # (2, 1, 1)
assert thin.shape != (2, 1, 3), (
    "A grid of shape (2, 1, 1) should give (2, 1, 1, 3); you gave (2, 1, 3). An axis of length "
    "1 is an axis too; to_categorical drops it."
)
assert thin.shape == (2, 1, 1, 3), (
    f"A grid of shape (2, 1, 1) and 3 materials should give (2, 1, 1, 3); you gave {thin.shape}. "
    "A material that does not occur in this grid has a channel all the same."
)
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for shape, kinds, dtype in [
    ((4, 3, 2), 5, "int64"),
    ((7,), 2, "int32"),
    ((3, 2, 5, 4), 9, "uint8"),
    ((0, 2, 2), 3, "int64"),
    ((3, 3, 3), 200, "uint8"),
    ((2, 3, 1), 1, "int8"),
]:
    volume = dice.integers(0, kinds, shape).astype(dtype)
    if volume.size:
        volume.flat[-1] = kinds - 1
    kept_volume = volume.copy()
    channels = np.asarray(onehot_volume(volume, kinds))
    assert np.array_equal(volume, kept_volume), "onehot_volume changed the grid it was given."
    assert channels.shape == shape + (kinds,), (
        f"A {dtype} grid of shape {shape} and {kinds} materials should give {shape + (kinds,)}; "
        f"you gave {channels.shape}."
    )
    right_channels = np.zeros(shape + (kinds,))
    for place in np.ndindex(shape):
        right_channels[place + (int(volume[place]),)] = 1
    assert np.array_equal(channels, right_channels), (
        f"Wrong channels for a random {dtype} grid of shape {shape} with {kinds} materials."
    )
### END HIDDEN TESTS

# %% check="onehot_volume" points=1
assert np.shape(onehot_volume(np.array([[[0, 2]]]), 3)) == (1, 1, 2, 3), (
    "A grid of shape (1, 1, 2) and 3 materials should give (1, 1, 2, 3)."
)
for bad_block, reason in [
    (3, "3 is too large: with 3 materials the ids are 0, 1 and 2"),
    (-1, "negative ids wrap around, or leave a block with no material at all"),
    (1.5, "1.5 is not a material: do not round it, refuse it"),
]:
    try:
        onehot_volume(np.array([[[0, bad_block]]]), 3)
    except IndexError:
        pass
    except Exception as error:
        raise AssertionError(
            f"A block {bad_block} should raise an IndexError; it raised {type(error).__name__}."
        ) from None
    else:
        raise AssertionError(f"A block {bad_block} was accepted ({reason}): raise an IndexError.")
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for bad_block in (5, 6, 100, -1, -5, -6):
    volume = dice.integers(0, 5, (2, 3, 4))
    volume.flat[0] = 4
    assert np.shape(onehot_volume(volume, 5)) == (2, 3, 4, 5), "A sound grid should be accepted."
    volume.flat[dice.integers(1, 24)] = bad_block
    try:
        onehot_volume(volume, 5)
    except IndexError:
        continue
    raise AssertionError(
        f"With 5 materials, a block {bad_block} somewhere in the grid should raise an IndexError "
        "(too large, or negative ids that wrap around)."
    )
### END HIDDEN TESTS

# %% [markdown]
# How does that compare with an embedding? Give an embedding of four materials the identity matrix
# for its table. **Predict** what it makes of a grid.

# %%
world = small_world()
identity = keras.layers.Embedding(4, 4, trainable=False)
identity.build()
identity.set_weights([np.eye(4)])
print("channels:", identity(world).shape)
print("the same as one-hot:", np.array_equal(identity(world), onehot_volume(world, 4)))

# %% [markdown]
# Looking up rows of the identity *is* one-hot encoding, done inside the model and only when it is
# needed (`keras.utils.to_categorical` does it beforehand, for the whole data set). So the second
# way out is close by: let the table be smaller, `materials × dim`, and let it learn. Then there are
# `dim` channels, however many materials there are. Choose a slice of the world and compare what a
# convolution gets to see.

# %%
WORLD = small_world()  # (depth, height, width)
MATERIAL_TABLE = np.array(
    [[0.0, -1.0], [0.9, 0.2], [-0.3, 0.8], [-0.9, 0.1]]
)  # (materials, dim), made up


def show_slice(depth):
    plane = WORLD[depth]  # (height, width)
    fig, axes = plt.subplots(
        1, 7, figsize=(10, 2), width_ratios=[1.6, 1, 1, 1, 1, 1, 1], layout="constrained"
    )
    draw_slice(axes[0], plane, f"ids at depth {depth}")
    for material in range(4):
        axes[1 + material].imshow(plane == material, cmap="Greys", vmin=0, vmax=1.4, origin="lower")
        axes[1 + material].set_title(f"one-hot\n{MATERIALS[material]}", fontsize=10)
    for channel in range(2):
        image = axes[5 + channel].imshow(
            MATERIAL_TABLE[plane][..., channel], cmap="PuOr", vmin=-1, vmax=1, origin="lower"
        )
        axes[5 + channel].set_title(f"embedding\nchannel {channel}", fontsize=10)
    for ax in axes[1:]:
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(True)
    fig.colorbar(image, ax=axes[5:], label="value", shrink=0.7, ticks=[-1, 0, 1])
    plt.show()


# %% unstable=true
knob = interact(show_slice, depth=(0, 5))

# %% [markdown]
# The slice at depth 2, without a knob:

# %%
show_slice(2)

# %% [markdown]
# *Figure: one upright slice of the world at depth 2, six blocks wide and five high. Left, the ids
# in colour: grass below with a pond at the left end, and stairs climbing to the right on grass.
# Then four black and white pictures, one per material, each dark where that material is. Right, two
# embedding channels, where every material has its own pair of shades.*
#
# Four materials and two channels save little. Count for a world of 64 × 64 × 64 blocks and 500
# materials, in float32:

# %%
blocks = 64**3
print(f"one-hot, 500 channels:  {blocks * 500 * 4 / 2**20:6.0f} MiB for one world")
print(
    f"embedding, 8 channels:  {blocks * 8 * 4 / 2**20:6.0f} MiB, and a table of {500 * 8:,} numbers"
)

# %% [markdown]
# ### Exercise 6 · voxel_classifier
# ●●●○○ · 3 points · 10 minutes
#
# Build a model that takes a grid of ids, embeds each block, runs a 3-D convolution over the result
# and gives a score for each class.
#
# <details><summary>expected min_ndim=5, found ndim=4</summary>
#
# `Conv3D` wants batch, depth, height, width *and channels*. Who makes the channels here, and does
# it come before the convolution?
# </details>
#
# <details><summary>Kernel shape must have the same length as input</summary>
#
# Now there is an axis too many. Did you add a channel axis to the ids as well? The embedding adds
# its own.
# </details>
#
# <details><summary>My output still has the axes of the grid</summary>
#
# The same step as for sentences, in space: something must bring `(batch, depth, height, width,
# filters)` to `(batch, features)`. `Flatten` is all right here, since `shape` is fixed; pooling is,
# too.
# </details>
#
# <details><summary>No gradients provided for any variable</summary>
#
# A step from score to class (`argmax`, rounding) has no slope. Leave it out: the class is picked
# after training, by whoever reads the scores.
# </details>


# %% exercise="voxel_classifier"
def voxel_classifier(materials, dim, shape, classes):
    """A Keras model for grids of materials: embedding -> Conv3D -> class scores.

    Args:
        materials: int, number of materials, ids 0 ... materials-1 (there is no padding).
        dim: int, channels of the embedding.
        shape: tuple of three ints, (depth, height, width), each 3 or more.
        classes: int.
    Returns: a keras model, int grids `(batch, *shape)` -> float scores `(batch, classes)`
        (logits or probabilities), trainable from end to end.
    """
    ### BEGIN SOLUTION
    grid = keras.Input(shape=shape, dtype="int32")
    x = keras.layers.Embedding(materials, dim)(grid)  # (batch, depth, height, width, dim)
    x = keras.layers.Conv3D(8, 3, padding="same", activation="relu")(x)
    x = keras.layers.GlobalMaxPooling3D()(x)  # (batch, 8): has the pattern been seen anywhere?
    return keras.Model(grid, keras.layers.Dense(classes)(x))
    ### END SOLUTION


# %% check="voxel_classifier" points=2
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier = voxel_classifier(7, 5, (4, 4, 4), 2)
except ValueError as error:
    likely = "Is an axis missing, or is there one too many?"
    if "ndim=4" in str(error):
        likely = "The channel axis is missing: it is the embedding that makes it."
    elif "same length" in str(error):
        likely = (
            "There is one axis too many: the ids need none for channels, the embedding makes it."
        )
    raise AssertionError(
        "voxel_classifier(7, 5, (4, 4, 4), 2) could not be built. Conv3D takes (batch, depth, "
        f"height, width, channels). {likely} Keras says: {said(error)}"
    ) from None
assert isinstance(classifier, keras.Model), (
    f"voxel_classifier should return a Keras model; it returned {type(classifier).__name__}."
)
dice = np.random.default_rng()
worlds = dice.integers(0, 7, (3, 4, 4, 4))
try:
    scores = np.asarray(classifier(worlds))
except Exception as error:
    raise AssertionError(
        "The model does not take int grids of shape (batch, 4, 4, 4): no channel axis, it is "
        f"the embedding that makes one. Keras says: {said(error)}"
    ) from None
assert scores.shape == (3, 2), (
    f"Three grids and two classes should give scores of shape (3, 2); you gave {scores.shape}."
)
weight_shapes = [tuple(variable.shape) for variable in classifier.weights]
kernels = [size for size in weight_shapes if len(size) == 5]
assert kernels, (
    "No 3-D convolution found: its kernel has five axes; the weights have the shapes "
    f"{weight_shapes}."
)
tables = []
for variable in classifier.weights:
    if len(variable.shape) == 2 and variable.shape[0] in (7, 8) and variable.shape[1] == 5:
        tables.append(variable)
assert tables, (
    "The model has no table of shape (materials, dim) = (7, 5): the ids go in as quantities, so "
    "that a block between 1 and 2 would mean something. Embed them first. Its weights: "
    f"{weight_shapes}."
)
assert any(size[3] == 5 for size in kernels), (
    f"The convolution should see dim = 5 channels; its kernel {kernels[0]} sees {kernels[0][3]}. "
    "Does it run over the embedded blocks, or over the ids as quantities?"
)
### BEGIN HIDDEN TESTS
renamed = dice.permutation(7)
differs_by_place = False
for _ in range(4):
    rows = dice.normal(size=tuple(tables[0].shape)).astype("float32")
    tables[0].assign(rows)
    scores = np.asarray(classifier(worlds))
    shuffled = dice.permuted(worlds.reshape(3, -1), axis=1).reshape(worlds.shape)
    differs_by_place |= not np.allclose(
        scores, np.asarray(classifier(shuffled)), atol=1e-4, rtol=1e-3
    )
    moved_rows = rows.copy()
    moved_rows[renamed] = rows[:7]
    tables[0].assign(moved_rows)
    assert np.allclose(np.asarray(classifier(renamed[worlds])), scores, atol=1e-3, rtol=1e-3), (
        "Numbering the materials in another order, with the rows of the table moved along, "
        "changed the scores. Ids are names: besides the lookup they also go in as quantities."
    )
assert differs_by_place, (
    "Shuffling the blocks of a world left its scores as they were: the convolution has no "
    "neighbours to look at. Is its kernel larger than 1, and does the pooling come after it?"
)
for materials_count, width, sides, kinds in [(3, 2, (3, 4, 5), 4), (9, 1, (5, 3, 3), 1)]:
    try:
        classifier = voxel_classifier(materials_count, width, sides, kinds)
        scores = np.asarray(classifier(np.full((2, *sides), materials_count - 1)))
    except Exception as error:
        raise AssertionError(
            f"voxel_classifier({materials_count}, {width}, {sides}, {kinds}) does not work on a "
            f"grid full of material {materials_count - 1}: are all four arguments used? Keras "
            f"says: {said(error)}"
        ) from None
    assert scores.shape == (2, kinds), (
        f"Grids of shape {sides} and {kinds} classes should give (2, {kinds}); you gave "
        f"{scores.shape}."
    )
### END HIDDEN TESTS

# %% check="voxel_classifier" points=1
try:
    classifier = voxel_classifier(6, 5, (3, 4, 3), 2)
    classifier(np.zeros((1, 3, 4, 3), dtype="int64"))
except NotImplementedError:
    raise
except Exception as error:
    raise AssertionError(
        "The model cannot be built, or does not take int grids (batch, 3, 4, 3): is an axis "
        f"missing or one too many? Keras says: {said(error)}"
    ) from None
weights_before = [np.array(weight) for weight in classifier.get_weights()]
worlds = np.random.default_rng().integers(0, 5, (8, 3, 4, 3))  # material 5 never occurs
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.compile(optimizer="adam", loss="mse", run_eagerly=True)
        classifier.train_on_batch(worlds, np.tile([3.0, -2.0], (8, 1)))
except NotImplementedError:
    raise
except Exception as error:
    raise AssertionError(
        f"The model could not be trained ({type(error).__name__}: {said(error)}). Each step from "
        "ids to scores must be differentiable: no argmax, no rounding."
    ) from None
moved_tables, moved_kernels = [], []
for weight, after_step in zip(weights_before, classifier.get_weights(), strict=True):
    change = np.abs(np.array(after_step) - weight)
    if change.ndim == 5:
        moved_kernels.append(change)
    elif change.ndim == 2 and len(change) in (6, 7) and change.shape[1] == 5:
        moved_tables.append(change)
assert moved_tables, "There is no table of shape (materials, dim) = (6, 5) to train: embed the ids."
assert moved_tables[0].max() > 0, (
    "A training step left the table as it was: it is frozen, or its result is not differentiable."
)
### BEGIN HIDDEN TESTS
assert moved_kernels and max(change.max() for change in moved_kernels) > 0, (
    "A training step left the convolution's kernel as it was: is it frozen?"
)
assert moved_tables[0][5].max() == 0, "Material 5 does not occur in the batch, yet its row moved."
### END HIDDEN TESTS

# %% [markdown]
# Now let it learn something. The rooms below are 4 × 4 × 4 blocks at random; a room is *dangerous*
# when stairs (2) stand on water (3) anywhere. No material decides that by itself, and no count
# does: a filter has to find one right above the other.


# %%
def random_rooms(count, rng):
    """Rooms (count, 4, 4, 4) and whether stairs stand on water anywhere (count,)."""
    rooms = rng.choice(4, size=(count, 4, 4, 4), p=[0.5, 0.26, 0.12, 0.12])
    dangerous = ((rooms[:, :, 1:] == 2) & (rooms[:, :, :-1] == 3)).any(axis=(1, 2, 3))
    return rooms, dangerous.astype("int64")


rooms, dangerous = random_rooms(1000, np.random.default_rng(0))
new_rooms, new_dangerous = random_rooms(500, np.random.default_rng(1))
print(f"share of dangerous rooms: {new_dangerous.mean():.0%}")

# %%
keras.utils.set_random_seed(3)
classifier = voxel_classifier(materials=4, dim=3, shape=(4, 4, 4), classes=2)
classifier.compile(
    optimizer=keras.optimizers.Adam(0.02),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
before = classifier.evaluate(new_rooms, new_dangerous, batch_size=500, verbose=0)[1]
classifier.fit(rooms, dangerous, epochs=10, batch_size=50, verbose=0)
after = classifier.evaluate(new_rooms, new_dangerous, batch_size=500, verbose=0)[1]
print(f"right on rooms never seen: {before:.0%} before training, {after:.0%} after")

# %% [markdown]
# Read the result against the share of dangerous rooms: whoever always gives the more frequent
# answer is right that often. (The demonstration takes the scores for logits. If your model ends in
# a softmax or a sigmoid, they are probabilities: set `from_logits=False`.) The scores stay
# continuous to the end, since a step from score to class has no slope to learn from; `argmax` comes
# afterwards, when somebody wants an answer.
#
# ## 9 · Your turn to explain

# %% [markdown] question="padding-is-a-word" points=3
# **Question.** A colleague numbers the vocabulary from 0, so that row 0 is "the", the most frequent
# word, and pads with zeros all the same. Describe what goes wrong (a) with `mask_zero=True`, (b)
# without it; say how you would notice; and give the remedy. Six sentences will do.
#
# ### BEGIN SOLUTION
# One point each:
#
# - **With the mask**: every real "the" is masked too. It vanishes from the means and sums, an LSTM
#   skips it, and its row is never trained. "the cat" and "cat" get the same vector, and a sentence
#   made of "the" alone looks empty.
# - **Without the mask**: padding looks like a run of "the". Short sentences drift towards that row,
#   the more the longer the padding, so a vector depends on the batch; and the row is trained by all
#   the padding, which makes "the" a mixture of a word and of nothing.
# - **Noticing and remedy**: no error and no warning comes in either case. One test reveals it:
#   encode a sentence with and without extra zeros, and with and without "the". Remedy: give the
#   words the ids 1 to vocab (an id for unknown words among them), make the table `vocab + 1` rows,
#   refuse id 0 when padding. Padding with another reserved id and a mask computed by hand is as
#   good.
#
# *Model answer.* With the mask on, each "the" is treated as padding: left out of every mean and
# never trained, so "the cat" equals "cat". With it off, each padded step counts as a "the", so
# short sentences are pulled towards that row by an amount that depends on the batch, and the row
# itself is trained on padding. Nothing warns. I would compare the vectors of "cat", "cat 0 0 0" and
# "the cat". The remedy is to shift all word ids up by one, keep row 0 for padding alone, and make
# the table one row larger.
# ### END SOLUTION

# %% [markdown]
# ## What you learned
#
# - Padding makes ragged sentences rectangular; it costs one id (0), one row of the table, and,
#   unmasked, a share of every average and of every gradient.
# - A mask is a note tied to a tensor: `True` means *use this step*. `Embedding(mask_zero=True)` and
#   `Masking` write it; recurrent layers and `GlobalAveragePooling1D` read it; `Dense`, `Dropout`
#   and normalisation hand it on; `Flatten`, `Conv1D` and `GlobalMaxPooling1D` lose it with a
#   warning, and plain operations lose it without one.
# - In your own layers: `supports_masking` to hand a mask on, a `mask` argument to use it,
#   `compute_mask` to say what the mask becomes, and `mask=` by hand to the layers inside.
# - An embedding stands where the ids are. Ids can be reshaped and picked, not computed by something
#   that must learn.
# - A category is no quantity, in a sentence or in space: one-hot channels or an embedding before
#   `Conv3D`.
#
# ## Further reading
#
# - Keras, [Understanding masking and
#   padding](https://keras.io/guides/understanding_masking_and_padding/): the manual's own chapter;
#   and the pages of [Embedding](https://keras.io/api/layers/core_layers/embedding/) and
#   [Masking](https://keras.io/api/layers/core_layers/masking/).
# - TensorFlow,
#   [tf.keras.layers.Embedding](https://www.tensorflow.org/api_docs/python/tf/keras/layers/Embedding).
# - [What are word embeddings?](https://machinelearningmastery.com/what-are-word-embeddings/) and
#   [How to use word embedding layers with
#   Keras](https://machinelearningmastery.com/use-word-embedding-layers-deep-learning-keras/): two
#   tutorials that forum answers cite; the second predates Keras 3.
# - [Embedding method](https://www.sciencedirect.com/topics/computer-science/embedding-method),
#   excerpts from books.
# - [keras-team/keras, issue 7370](https://github.com/keras-team/keras/issues/7370),
#   cited in the forum for activations that are steps, which have no slope to train by.
# - F. Chollet, *Deep Learning with Python*: the layer as a dictionary from ids to vectors.
#
# ## An open challenge, without points
#
# A `Conv1D` with `padding="same"` mixes each word with its neighbours, so the last word of a
# sentence sees the padding. Write a layer `MaskedConv1D` that zeroes the masked steps before the
# convolution and hands the mask on after it. Is a sentence's vector now the same however much
# padding follows? Then try to get the same with a stride of 2: what must `compute_mask` return?
