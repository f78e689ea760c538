# %% [markdown]
# # Lab 4 · Embeddings in PyTorch
# {{colab}}
#
# **You will take `nn.Embedding` apart until nothing of it is left but a table, a lookup and a
# gradient that knows which rows it belongs to.**
#
# You will be able to
#
# - *read* an embedding layer as a parameter of shape `(vocab, dim)`, and prove that a lookup is a
#   one-hot product;
# - *turn* tokens into ids that mean the same tomorrow, with a place for words never seen before;
# - *cut* a text into next-token batches;
# - *predict* which rows of the table a training step moves, and which optimisers move more;
# - *load* a pretrained table without freezing it, or sharing it, by accident.
#
# *You need:* Lab 1, Python and a little PyTorch (tensors, `.backward()`). Nothing has to be
# installed or downloaded; a CPU is enough.
# *Time:* about 55 minutes. *Points:* 18, of which 3 are for a written answer.

# %% given=true
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

plt.rcParams.update(
    {"figure.dpi": 110, "font.size": 11, "axes.spines.top": False, "axes.spines.right": False}
)
# five colours that are safe for colour-blind readers
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"

LETTERS = ["a", "b", "c", "d", "e", "f"]
SENTENCE = "it was the best of times it was the worst of times"

# %% [markdown]
# ## 1 · Six letters, six rows
#
# A network eats numbers. A letter, a word, a product or a home state is not a number: it is one
# choice out of a fixed list, the **vocabulary**. So the first thing that happens to a token is
# that it becomes its place in the list, its **id**.

# %%
LETTERS.index("c")

# %%
torch.tensor([LETTERS.index("c")])              # a batch of one id   (1,)

# %% [markdown]
# An embedding layer holds one row of numbers for every id. You say how many rows there are
# (`num_embeddings`, the height) and how long each is (`embedding_dim`, the width). A new table is
# filled with draws from a normal distribution, so a fixed seed gives a fixed table.
#
# Each letter in turn goes through the layer below. **Predict**: what shape will each answer have?

# %%
torch.manual_seed(0)
embedding = nn.Embedding(num_embeddings=len(LETTERS), embedding_dim=2)

for letter in LETTERS:
    token = torch.tensor([LETTERS.index(letter)])
    print(embedding(token).detach())

# %% [markdown]
# One id went in, one row of two numbers came out: `(1,)` became `(1, 2)`. Nothing was computed on
# the way. The twelve numbers you have just seen *are* the layer:

# %%
for parameter in embedding.parameters():
    print(parameter)
    print(parameter.shape)                      # (vocab, dim)

# %% [markdown]
# The layer has a single parameter, of shape `(6, 2)`, and it is the table. `requires_grad=True`
# says the rest: an optimiser may change these numbers. An embedding is a *learnable lookup table*.
# The rows begin as noise; if training goes well, tokens that are used alike end up with rows that
# are alike (you will watch that happen in Lab 8).
#
# Now a picture. The table is on the left. A word written with the six letters is a list of ids,
# and each id lifts a copy of its row out of the table.

# %%
def draw_rows(ax, rows, left, top, names, lit):
    """Draw `rows` as a coloured grid; the row numbers in `lit` get full colour. NaN is "no row"."""
    colours = plt.get_cmap("PuOr")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            missing = np.isnan(value)
            ax.add_patch(plt.Rectangle(
                (left + c, top + r), 1, 1, edgecolor=RED if missing else "white", linewidth=2,
                facecolor="none" if missing else colours(0.5 + value / 5),
                hatch="////" if missing else None, alpha=1 if r in lit else 0.3))
            ink = "dimgrey" if r not in lit else "white" if abs(value) > 1.5 else "black"
            ax.text(left + c + 0.5, top + r + 0.5, "?" if missing else f"{value:.2f}",
                    ha="center", va="center", fontsize=9, color=ink)
        ax.text(left - 0.12, top + r + 0.5, names[r], ha="right", va="center", fontsize=10,
                color="black" if r in lit else "dimgrey")


def draw_lookup(word):
    """Draw the lookup of each letter of `word` (at most eight) in the six-row table."""
    word = word[:8]
    ids = [LETTERS.index(letter) if letter in LETTERS else None for letter in word]
    table = embedding.weight.detach().numpy()                          # (6, 2)
    output = [[np.nan, np.nan] if i is None else table[i] for i in ids]   # (length, 2)
    top = (len(LETTERS) - len(word)) / 2

    fig, ax = plt.subplots(figsize=(7.5, 4))
    names = [f"{letter}   id {i}" for i, letter in enumerate(LETTERS)]
    draw_rows(ax, table, 0, 0, names, lit=set(ids))
    draw_rows(ax, output, 5.5, top, list(word), lit=range(len(word)))
    for position, i in enumerate(ids):
        if i is not None:
            ax.plot([2.05, 5.1], [i + 0.5, top + position + 0.5], color=BLUE, linewidth=1.5)
        else:
            ax.text(5.0, top + position + 0.5, "no such row", ha="right", va="center", color=RED)
    lowest = min(0, top)
    ax.text(1, lowest - 0.35, "table (6, 2)", ha="center")
    ax.text(6.5, lowest - 0.35, f"output ({len(word)}, 2)", ha="center")
    ax.set(xlim=(-1.3, 7.7), ylim=(max(6, 6 - top) + 0.1, lowest - 0.9), aspect="auto")
    ax.set_axis_off()
    plt.show()

# %% [markdown]
# Turn the knob: type words over the alphabet `abcdef` (*cafe*, *decade*, *added*). Then type one
# with another letter in it, say *cage*. Which problem appears that we shall have to solve?

# %% unstable=true
from ipywidgets import Text, interact

_ = interact(draw_lookup, word=Text("face", continuous_update=False, description="word"))

# %% [markdown]
# Where widgets do not run, here are two of these words.

# %%
draw_lookup("decade")

# %% [markdown]
# *Figure: on the left the six-row table, on the right the output for the word "decade", six rows of
# two numbers. A line joins each output row with the table row it is a copy of. Rows d and e are
# used twice, so two lines leave each of them; rows b and f are used by nobody and stay pale.
# Purple is positive, orange negative.*

# %%
draw_lookup("cage")

# %% [markdown]
# *Figure: the same table with the word "cage". Lines join the output rows c, a and e with the table.
# The third row of the output, g, is hatched in red and says "no such row".*
#
# Three things to keep. The **output has as many rows as there are ids**, however few rows the table
# has. A **repeated id** is looked up again, and nothing is shared between its copies. And `g` has
# **no row**: a lookup has no answer for what is not in the vocabulary.

# %% [markdown]
# ### Any shape of ids
#
# A bigger table now: 5,000 rows of 5 numbers. The ids are single numbers first (tensors without any
# axis), then a batch of two examples with three ids each. **Predict** all the shapes before you run
# the cell: `()` becomes …, and `(2, 3)` becomes …

# %%
torch.manual_seed(0)
big = nn.Embedding(num_embeddings=5_000, embedding_dim=5)

for index in [0, 3435, 988]:
    print(index, big(torch.tensor(index)).shape)

batch = torch.tensor([[0, 3435, 988],
                      [3840, 8, 2123]])          # (batch, length)
print(tuple(batch.shape), "->", tuple(big(batch).shape))

# %% [markdown]
# The rule has no exceptions: **whatever shape the ids have, the output has one axis more, at the
# end, of size `dim`**. A batch `m × n` becomes `m × n × d`.
#
# What if an id is not the number of a row? You may remember from Lab 1 that NumPy counts negative
# ids from the end and says nothing. Which of these three will PyTorch accept?

# %%
for bad in [torch.tensor(6), torch.tensor(-1), torch.tensor(1.5)]:
    try:
        embedding(bad)
    except Exception as error:
        print(f"{bad.item():4}  {type(error).__name__}")
        print("     ", str(error).split(";")[0])

# %% [markdown]
# None of them. Ids are whole numbers from 0 to `num_embeddings - 1`, of dtype `int64` ("Long") or
# `int32` ("Int"). On a GPU the same mistake arrives late and garbled, as a "device-side assert":
# when you see one, run the batch on the CPU and read the message there.

# %% [markdown]
# ## 2 · A product in disguise
#
# Some books say that an embedding layer multiplies a one-hot vector with a weight matrix. You have
# just seen that it does not. But the two *agree*, and seeing how is worth a minute, because
# the product tells you what the gradient must be.
#
# The one-hot vector of `a` is `[1, 0, 0, 0, 0, 0]`. Written as a column, `(6, 1)`, it can be
# multiplied from the left with the transposed table, `(2, 6)`:

# %%
onehot_a = torch.tensor([[1., 0., 0., 0., 0., 0.]])       # (1, vocab)
(embedding.weight.T @ onehot_a.T).T                       # ((2, 6) @ (6, 1)).T = (1, 2)

# %% [markdown]
# The first row of the table, as promised; the transposition at the end turned the column back into
# a row. `(Aᵀ Bᵀ)ᵀ` is `B A`, so the three transpositions cancel if the vector stands on the left.
#
# `grad_fn` in that output is the sign that autograd was watching: a loss computed from this row
# sends its gradient through the product, back into the table.
#
# What does the disguise cost? A word from a vocabulary of 2,000, given 50 dimensions, needs 50
# numbers from the table. Its one-hot vector is 2,000 numbers long, 1,999 of them zero, and the
# product does 100,000 multiplications in order to copy 50 numbers. Lab 1 measured this.

# %% [markdown]
# ### Exercise 1 · onehot_lookup
# ●●○○○ · 3 points · 8 minutes
#
# Write the lookup as a product of a one-hot tensor with the table, for ids of any shape, so that
# the gradient reaches the table.
#
# <details><summary>"expected m1 and m2 to have the same dtype"</summary>
#
# Print the dtype of what `F.one_hot` returns, and that of the table. A product wants both alike;
# you decide which of the two should give way.
# </details>
# <details><summary>My one-hot tensor has too few columns for the product</summary>
#
# `F.one_hot` guesses the number of classes from the ids it is shown. It cannot know how tall your
# table is unless you tell it.
# </details>
# <details><summary>"element 0 of tensors does not require grad"</summary>
#
# Somewhere between the table and your result, autograd was shut out. `.detach()`, `.data`,
# `.numpy()`, `torch.no_grad()` and `torch.tensor(...)` each do that.
# </details>

# %% exercise="onehot_lookup"
def onehot_lookup(embedding, ids):
    """Rows of `embedding`'s table, fetched by a one-hot product instead of a lookup.

    The route is the exercise: make a dense one-hot tensor (`F.one_hot`) and multiply it with
    `embedding.weight`. Calling the layer or indexing its weight gives the same numbers, but
    does not count here.

    Args:
        embedding: an `nn.Embedding` with a float32 table of shape (vocab, dim).
        ids: int64 tensor of any shape (also a single id, also empty), values 0 … vocab-1.

    Returns:
        float32 tensor of shape `ids.shape + (dim,)`, through which the gradient reaches
        `embedding.weight`.
    """
    ### BEGIN SOLUTION
    onehot = F.one_hot(ids, num_classes=embedding.num_embeddings)    # ids.shape + (vocab,), int64
    return onehot.to(embedding.weight.dtype) @ embedding.weight      # ids.shape + (dim,)
    ### END SOLUTION

# %% check="onehot_lookup" points=1
import __main__ as student

t_table = torch.arange(12, dtype=torch.float32).reshape(6, 2)
t_layer = student.torch.nn.Embedding.from_pretrained(t_table.clone(), freeze=False)
t_ids = torch.tensor([2, 0, 2])
try:
    got = onehot_lookup(t_layer, t_ids)
except RuntimeError as error:
    if isinstance(error, NotImplementedError):
        raise
    hint = "For int64 ids of shape (3,) no error should come."
    if "dtype" in str(error):
        hint = (
            "Is the one-hot tensor still of an integer dtype? F.one_hot returns int64, and a"
            " product wants both factors of one dtype."
        )
    elif "shape" in str(error):
        hint = (
            "Either the one-hot tensor lacks columns, one for each row of the table, or the"
            " table is transposed: one-hot stands on the left, (…, vocab) @ (vocab, dim)."
        )
    raise AssertionError(f"The product failed with: {error}. {hint}") from None
assert isinstance(got, torch.Tensor), (
    f"onehot_lookup should return a tensor; it returned {type(got).__name__}."
)
assert tuple(got.shape) == (3, 2), (
    "Three ids and a table of 2 columns should give the shape (3, 2); yours is"
    f" {tuple(got.shape)}. Is the product the wrong way round, or transposed?"
)
assert got.dtype == torch.float32, (
    f"The table is float32, so the result should be torch.float32; yours is {got.dtype}."
)
assert torch.equal(got.detach(), t_table[t_ids]), (
    f"Ids [2, 0, 2] should fetch\n{t_table[t_ids]}\nand not\n{got.detach()}"
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_table = torch.tensor(t_rng.integers(-99, 99, size=(4, 4)), dtype=torch.float32)
t_layer = student.torch.nn.Embedding.from_pretrained(t_table.clone(), freeze=False)
t_ids = torch.tensor([1, 3, 0, 3])
got = onehot_lookup(t_layer, t_ids).detach()
t_columns = torch.stack([t_table[:, i] for i in t_ids.tolist()])
if not torch.equal(t_columns, t_table[t_ids]):
    assert not torch.equal(got, t_columns), (
        "With a square table, 4 × 4, your function returned columns: the table is transposed in"
        " your product. With one-hot on the left, (…, vocab) @ (vocab, dim), it needs no"
        " transposition."
    )
assert torch.equal(got, t_table[t_ids]), (
    f"For a random 4 × 4 table and ids {t_ids.tolist()}, expected\n{t_table[t_ids]}\nbut got\n{got}"
)
for t_shape in [(2, 3), (), (0,), (2, 1, 2)]:
    t_ids = torch.tensor(t_rng.integers(0, 4, size=t_shape), dtype=torch.int64)
    got = onehot_lookup(t_layer, t_ids)
    assert tuple(got.shape) == t_shape + (4,), (
        f"Ids of shape {t_shape} should give {t_shape + (4,)}: the shape of the ids, and dim at"
        f" the end. Yours is {tuple(got.shape)}."
    )
    assert torch.equal(got.detach(), t_table[t_ids]), (
        f"For ids {t_ids.tolist()} the rows are not those of the table."
    )
### END HIDDEN TESTS

# %% check="onehot_lookup" points=2
# The gradient must reach the table, and the rows must come out of a product.
import __main__ as student

t_table = torch.arange(12, dtype=torch.float32).reshape(6, 2)
t_layer = student.torch.nn.Embedding.from_pretrained(t_table.clone(), freeze=False)
got = onehot_lookup(t_layer, torch.tensor([4, 1, 4]))
assert isinstance(got, torch.Tensor), (
    f"onehot_lookup should return a tensor; it returned {type(got).__name__}."
)
assert tuple(got.shape) == (3, 2), (
    f"Three ids and a table of 2 columns should give the shape (3, 2); yours is {tuple(got.shape)}."
)
assert got.requires_grad, (
    "The gradient cannot reach the table: your result is cut off from autograd (requires_grad"
    " is False). Is there a .detach(), .data, .numpy() or torch.no_grad() on the way?"
)
got.sum().backward()
t_grad = t_layer.weight.grad
assert t_grad is not None, (
    "After .backward() the table has no gradient. Use embedding.weight itself in the product,"
    " not a detached copy of it."
)
t_want = torch.tensor([[0.0], [1], [0], [0], [2], [0]]).expand(6, 2)
assert torch.equal(t_grad, t_want), (
    "Ids [4, 1, 4]: the gradient of the sum should be 1 in row 1, 2 in row 4, 0 elsewhere;"
    f" yours is\n{t_grad}"
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_table = torch.tensor(t_rng.normal(size=(9, 3)), dtype=torch.float32)
t_layer = student.torch.nn.Embedding.from_pretrained(t_table.clone(), freeze=False)
t_ids = torch.tensor(t_rng.integers(0, 9, size=(4, 5)))
t_upstream = torch.tensor(t_rng.normal(size=(4, 5, 3)), dtype=torch.float32)
got = onehot_lookup(t_layer, t_ids)
assert tuple(got.shape) == (4, 5, 3), (
    "Ids of shape (4, 5) and a table of 3 columns should give (4, 5, 3); yours is"
    f" {tuple(got.shape)}."
)
(got * t_upstream).sum().backward()
t_want = torch.zeros(9, 3)
for i, u in zip(t_ids.flatten().tolist(), t_upstream.reshape(-1, 3)):
    t_want[i] += u
assert torch.allclose(t_layer.weight.grad, t_want, atol=1e-5), (
    "For a random batch of shape (4, 5) the gradient in the table is wrong: each row should"
    " receive the sum of what came back to its copies."
)
t_table = torch.ones(5, 2)
t_table[4] = float("inf")
t_layer = student.torch.nn.Embedding.from_pretrained(t_table)
got = onehot_lookup(t_layer, torch.tensor([0, 1]))
assert torch.isnan(got).all(), (
    "These rows were looked up, not multiplied out. In a product every row of the table takes"
    " part: with a row of infinities, 0 · inf = NaN must show in each answer, and in yours it"
    " does not. Build the one-hot tensor and multiply."
)
### END HIDDEN TESTS

# %% [markdown]
# Let both routes read the same sentence of letters and compare. Then give the table one broken row,
# number 5, of infinities, and ask both for row 0. **Predict**: do they still agree?

# %%
letters = torch.tensor([[3, 4, 2], [0, 3, 4]])                   # "dec", "ade"   (2, 3)
print(torch.equal(onehot_lookup(embedding, letters), embedding(letters)))

broken = nn.Embedding.from_pretrained(torch.tensor([[1., 2.]] * 5 + [[float("inf")] * 2]))
print("lookup ", broken(torch.tensor(0)))
print("product", onehot_lookup(broken, torch.tensor(0)))

# %% [markdown]
# On healthy numbers the two functions are equal to the last bit, because every other term of the
# sum is zero times something. But zero times infinity is "not a number". The product touches all
# rows, so one broken row spoils every answer; the lookup touches only the row it was asked for.
# *Same function, different work* has consequences beyond speed.

# %% [markdown]
# ## 3 · From tokens to ids
#
# The letters had their alphabet. Words do not: their vocabulary has to be collected from the
# training text. That text is tidied and cut first, `row.strip().lower().split(" ")` or better; what
# comes out are the **tokens**.
#
# Now number them. The obvious way is to put all the tokens in a `set`, which drops repetitions, and
# to count through it. Run the next cell; then choose *Kernel → Restart*, run it again (with the
# first code cell of this notebook before it) and compare.

# %% unstable=true
{token: index for index, token in enumerate(set(SENTENCE.split()))}

# %% [markdown]
# Probably another mapping each time. Python mixes a random number into the hash of every string,
# anew in each process, and the order of a set follows the hashes. Why is that a disaster? A table
# outlives the process that trained it. Say these are the mappings of two such runs:

# %%
monday = {"was": 0, "best": 1, "times": 2, "it": 3, "the": 4, "worst": 5, "of": 6}
tuesday = {"best": 0, "the": 1, "it": 2, "of": 3, "times": 4, "was": 5, "worst": 6}

word_of = {index: word for word, index in monday.items()}
for word in ["best", "worst", "times"]:
    trained_as = word_of[tuesday[word]]
    print(f'on Tuesday the row for "{word}" is the one that Monday trained as "{trained_as}"')

# %% [markdown]
# No error, no warning, and every shape is right. The model has simply been told that words mean
# other words. So a vocabulary is numbered in an order that depends on the text alone, such as the
# order of first appearance, and it is saved together with the table.
#
# And the letter `g`? One row is set aside for everything not in the vocabulary, under the name
# `<unk>`. It takes id 0 here, and the words begin at 1.

# %% [markdown]
# ### Exercise 2 · build_vocab
# ●○○○○ · 2 points · 7 minutes
#
# Number the distinct tokens in order of first appearance, after `<unk>`, which is 0.
#
# <details><summary>My ids have gaps</summary>
#
# Do you number every token, or only those that are new? When a token is new, how many ids have been
# given out so far?
# </details>
# <details><summary>The check that passes <code>&lt;unk&gt;</code> among the tokens fails</summary>
#
# Corpora that somebody else has prepared often contain the unknown token already. It should keep
# the id it has.
# </details>

# %% exercise="build_vocab"
def build_vocab(tokens, unk="<unk>"):
    """Give every distinct token an id.

    Args:
        tokens: list of str, with repetitions; it is not changed.
        unk: the token that stands for all tokens outside the vocabulary.

    Returns:
        dict from token to id: `unk` is 0, the other tokens are 1, 2, 3, … in order of first
        appearance, without gaps. Without tokens: `{unk: 0}`.
    """
    ### BEGIN SOLUTION
    vocab = {unk: 0}
    for token in tokens:
        if token not in vocab:
            vocab[token] = len(vocab)
    return vocab
    ### END SOLUTION

# %% check="build_vocab" points=1
t_tokens = SENTENCE.split()
got = build_vocab(t_tokens)
assert isinstance(got, dict), (
    f"build_vocab should return a dict from token to id; it returned {type(got).__name__}."
)
assert "<unk>" in got and got["<unk>"] == 0, (
    f'"<unk>" should have id 0; yours has {got.get("<unk>", "no entry")}. A vocabulary that'
    " starts at 0 with the first word leaves no row for words it has never seen."
)
assert len(got) == 8, (
    'The sentence has 7 distinct words, so the vocabulary has 8 entries with "<unk>"; yours'
    f" has {len(got)}: {got}"
)
assert sorted(got.values()) == list(range(8)), (
    f"Eight entries should have the ids 0 to 7, each once; yours are {sorted(got.values())}."
    " Does a repeated token use up a new id?"
)
t_want = {"<unk>": 0, "it": 1, "was": 2, "the": 3, "best": 4, "of": 5, "times": 6, "worst": 7}
t_words = sorted(got, key=got.get)[1:]
assert t_words != sorted(t_words), (
    "The words are numbered in alphabetical order; the order of first appearance was asked"
    f" for: {t_want}"
)
assert got == t_want, (
    "The ids do not follow the order of first appearance. Was the vocabulary built from a set?"
    f" Its order is another one in each run. Expected {t_want}, got {got}"
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_pool = [f"w{i}" for i in t_rng.permutation(60)]
t_tokens = [t_pool[i] for i in t_rng.integers(0, 60, size=150)]
t_kept = list(t_tokens)
got = build_vocab(t_tokens)
t_want = {"<unk>": 0}
for t_token in t_kept:
    t_want.setdefault(t_token, len(t_want))
assert got == t_want, (
    "On 150 random tokens the ids do not follow the order of first appearance: for"
    f" {t_kept[:6]} … expected the ids {[t_want[t] for t in t_kept[:6]]}, got"
    f" {[got.get(t) for t in t_kept[:6]]}."
)
assert t_tokens == t_kept, (
    "The list of tokens was changed by your function. Work on a copy: the caller still needs"
    " the text."
)
### END HIDDEN TESTS

# %% check="build_vocab" points=1
# No tokens at all, another name for the unknown token, and one call after the other.
got = build_vocab([])
assert got == {"<unk>": 0}, f'Without tokens the vocabulary is {{"<unk>": 0}}; got {got}'
### BEGIN HIDDEN TESTS
got = build_vocab(["b", "a", "b"], unk="[UNK]")
assert got == {"[UNK]": 0, "b": 1, "a": 2}, (
    f'With unk="[UNK]" the vocabulary of b, a, b is {{"[UNK]": 0, "b": 1, "a": 2}}; got {got}.'
    ' Is the name "<unk>" written into your function instead of the argument unk? Or did'
    " tokens of an earlier call stay behind?"
)
got = build_vocab(["x", "<unk>", "y", "x"])
assert got == {"<unk>": 0, "x": 1, "y": 2}, (
    'When the text itself contains "<unk>", it keeps the id 0 and uses no other: expected'
    f' {{"<unk>": 0, "x": 1, "y": 2}}, got {got}'
)
got = build_vocab(["only"])
assert got == {"<unk>": 0, "only": 1}, (
    f'One token: expected {{"<unk>": 0, "only": 1}}, got {got}'
)
### END HIDDEN TESTS

# %%
build_vocab(SENTENCE.split())

# %% [markdown]
# Seven distinct words among twelve, eight rows with `<unk>`. Run it as often as you like: `best`
# stays 4. Now the vocabulary is used, on text that may hold words it has never seen.

# %% [markdown]
# ### Exercise 3 · encode
# ●○○○○ · 2 points · 5 minutes
#
# Turn a list of tokens into a tensor of ids; what is not in the vocabulary becomes `<unk>`.
#
# <details><summary>KeyError</summary>
#
# Square brackets insist that the key is there. Dictionaries have a method for asking with a
# fallback.
# </details>
# <details><summary>An empty list gives me float32</summary>
#
# `torch.tensor` infers the dtype from the numbers it finds. In an empty list there are none.
# </details>

# %% exercise="encode"
def encode(tokens, vocab):
    """Ids of `tokens`.

    Args:
        tokens: list of str; may be empty.
        vocab: dict from token to id as `build_vocab` makes it, with an entry "<unk>"; not changed.

    Returns:
        int64 tensor of shape (len(tokens),); tokens outside the vocabulary have the id of "<unk>".
    """
    ### BEGIN SOLUTION
    return torch.tensor([vocab.get(token, vocab["<unk>"]) for token in tokens], dtype=torch.int64)
    ### END SOLUTION

# %% check="encode" points=1
t_vocab = {"<unk>": 0, "it": 1, "was": 2, "the": 3, "best": 4}
got = encode(["the", "best", "it", "the"], t_vocab)
assert isinstance(got, torch.Tensor), (
    f"encode should return a tensor; it returned {type(got).__name__}."
)
assert got.dtype == torch.int64, (
    f"Ids should be torch.int64, PyTorch's own integer type for ids; yours are {got.dtype}."
)
assert got.tolist() == [3, 4, 1, 3], (
    f"['the', 'best', 'it', 'the'] should become [3, 4, 1, 3]; got {got.tolist()}"
)
try:
    got = encode(["it", "was", "dull"], t_vocab)
except KeyError as error:
    raise AssertionError(
        f"KeyError: {error}. A token that is not in the vocabulary should become the id of"
        ' "<unk>" instead of an error.'
    ) from None
assert tuple(got.shape) == (3,), (
    f"Three tokens should give three ids, also when one is unknown; got {got.tolist()}. Leaving"
    " unknown tokens out moves all the later words."
)
assert got.tolist() == [1, 2, 0], (
    '"dull" is not in the vocabulary, so ["it", "was", "dull"] should become [1, 2, 0], with'
    f' the id of "<unk>"; got {got.tolist()}'
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_vocab = {"<unk>": 0, **{f"w{i}": n for n, i in enumerate(t_rng.permutation(40).tolist(), 1)}}
t_tokens = [f"w{i}" for i in t_rng.integers(0, 60, size=50)] + ["w39", "w59"]
got = encode(t_tokens, t_vocab)
t_want = [t_vocab[t] if t in t_vocab else 0 for t in t_tokens]
assert got.tolist() == t_want, (
    f"On 52 random tokens, some of them unknown, the ids differ: for {t_tokens[-4:]} expected"
    f" {t_want[-4:]}, got {got.tolist()[-4:]}."
)
### END HIDDEN TESTS

# %% check="encode" points=1
# Nothing to encode, only unknown tokens, and a vocabulary that must stay as it is.
t_vocab = {"<unk>": 0, "it": 1, "was": 2}
got = encode([], t_vocab)
assert isinstance(got, torch.Tensor), (
    f"encode should return a tensor, also for an empty list; it returned {type(got).__name__}."
)
assert tuple(got.shape) == (0,), (
    f"No tokens, no ids: expected the shape (0,), got {tuple(got.shape)}."
)
assert got.dtype == torch.int64, (
    f"An empty list should give an empty int64 tensor; yours is {got.dtype}. torch.tensor([])"
    " is float32 unless it is told the dtype, and an embedding refuses float ids."
)
### BEGIN HIDDEN TESTS
t_kept = dict(t_vocab)
got = encode(["no", "nay", "no", "it"], t_vocab)
assert t_vocab == t_kept, (
    f"The vocabulary grew while encoding: {t_vocab}. New ids have no row in a table that has"
    " been built already."
)
assert got.tolist() == [0, 0, 0, 1], (
    'Unknown tokens should all become 0, the id of "<unk>": expected [0, 0, 0, 1], got'
    f" {got.tolist()}"
)
got = encode(["x", "z"], {"<unk>": 0, "z": 1})
assert got.tolist() == [0, 1], (
    f"Another vocabulary, another answer: expected [0, 1], got {got.tolist()}. Use the"
    " vocabulary that is passed, not one from elsewhere."
)
### END HIDDEN TESTS

# %% [markdown]
# A sentence with two words that the vocabulary lacks. Which ids will they get, and what does the
# model lose by it?

# %%
encode("it was the dullest of afternoons".split(), build_vocab(SENTENCE.split()))

# %% [markdown]
# `dullest` and `afternoons` are the same row 0 now: the model cannot tell them apart. That is the
# price of a closed vocabulary. Whether you encode the whole text beforehand or batch by batch makes
# no difference, as long as it is the same vocabulary each time.
#
# For a shop whose catalogue has millions of products and grows every
# day, the price is too high; Lab 5 hashes tokens into a fixed number of rows instead.

# %% [markdown]
# ### Which features need a table?
#
# Words are only one customer of this machinery. A shop may know of each buyer:
#
# | feature | kind | example | tensor | goes to |
# |---|---|---|---|---|
# | amount, visits, days since | dense | `10.23, 3, 2` | float `(m, 3)` | the network |
# | last three products | sparse | `q2x8, 9juk, 90u7` | int `(m, 3)` | table of products |
# | home state | categorical | `WA` | int `(m, 1)` | table of states |
# | five words of a review | text | `I was very happy with` | int `(m, 5)` | table of words |
#
# Amounts can be added and compared, so they are used as they are. The number of a product can not:
# product 72705 is not "nearly twice" product 39091. Ids need a table, and **each feature has its
# own**, since state 4 and word 4 have nothing to do with each other. Its height is the size of
# that feature's vocabulary.
#
# So a batch of such buyers is not one float tensor, as in the networks you know, but four tensors:
# the dense numbers, and ids for each table. Here are the ids of two buyers; predict the three
# output shapes.

# %%
purchased = torch.tensor([[39091, 72705, 31948], [65162, 31528, 39091]])      # (m, 3)
state = torch.tensor([[46], [4]])                                             # (m, 1)
review = torch.tensor([[41, 15, 191, 1751, 17], [191, 219, 1506, 34, 978]])   # (m, 5)

tables = {"purchased": nn.Embedding(100_000, 8), "state": nn.Embedding(50, 4),
          "review": nn.Embedding(2_000, 16)}
for name, ids in [("purchased", purchased), ("state", state), ("review", review)]:
    print(f"{name:10} {tuple(ids.shape)} -> {tuple(tables[name](ids).shape)}")

# %% [markdown]
# Always the shape of the ids and one axis more. Lab 6 builds and trains the whole model.

# %% [markdown]
# ## 4 · Next-token batches
#
# A language model learns from text alone: at each position it has to say which token comes next.
# So the targets are the text itself, moved by one. Here is a batch of two rows of five words, as a
# tutorial gives it for our sentence. Read it closely. Something in it is worth a raised eyebrow.

# %%
words = SENTENCE.split()
starts = [0, 4]
print("inputs ", [words[s:s + 5] for s in starts])
print("targets", [words[s + 1:s + 6] for s in starts])

# %% [markdown]
# In each row the target of a word is its right-hand neighbour: that is how it should be. But the
# second row begins at word 4, `of`, where the first row *ended*: the rows overlap by one word, and
# the example "`of` is followed by `times`" is in the batch twice. A model trained on it gives some
# words double weight for no reason but where the cuts fell.
#
# Cut the rows side by side instead, `0 … 4`, `5 … 9`, and each neighbourhood counts once. What is
# left at the end and does not fill a row is dropped. Mind the very last word: it can be a target,
# but what would *its* target be?

# %% [markdown]
# ### Exercise 4 · next_token_pairs
# ●●●○○ · 3 points · 10 minutes
#
# Cut a long sequence of ids into rows of `seq_len` inputs, side by side, with the targets that
# belong to them.
#
# <details><summary>"shape is invalid for input of size …"</summary>
#
# A reshape needs exactly `rows * seq_len` ids. Work out `rows` first (on paper, for 12 ids and
# `seq_len` 5), and cut before you reshape.
# </details>
# <details><summary>The last target is the first word of the text</summary>
#
# `torch.roll` moves what falls off the end back to the beginning. The last id has no successor;
# which of the two tensors may not contain it?
# </details>
# <details><summary>The last target of each row is the first word of the same row</summary>
#
# Shift the long sequence, then cut. The target of a row's last word stands in the next row.
# </details>

# %% exercise="next_token_pairs"
def next_token_pairs(ids, seq_len):
    """Rows of inputs and, for every position, the id that follows it in the text.

    Args:
        ids: int64 tensor of shape (n,).
        seq_len: length of a row, at least 1.

    Returns:
        (inputs, targets): two int64 tensors of shape (rows, seq_len). The inputs are cut from the
        beginning of `ids`, side by side, without overlap; `targets[r, j]` is the id that follows
        `inputs[r, j]` in `ids`. As many full rows as have all their targets; the rest is dropped.
        Too short a text gives two tensors of shape (0, seq_len).
    """
    ### BEGIN SOLUTION
    rows = max(len(ids) - 1, 0) // seq_len                  # the last id has no successor
    used = rows * seq_len
    return ids[:used].reshape(rows, seq_len), ids[1:used + 1].reshape(rows, seq_len)
    ### END SOLUTION

# %% check="next_token_pairs" points=1
t_ids = torch.arange(10, 22)
got = next_token_pairs(t_ids, 5)
assert isinstance(got, (tuple, list)) and len(got) == 2, (
    "next_token_pairs should return two tensors, (inputs, targets); it returned"
    f" {type(got).__name__}."
)
got_inputs, got_targets = got
assert isinstance(got_inputs, torch.Tensor) and isinstance(got_targets, torch.Tensor), (
    f"Both should be tensors; got {type(got_inputs).__name__} and {type(got_targets).__name__}."
)
assert tuple(got_inputs.shape) == tuple(got_targets.shape), (
    f"Every input has a target, so both have one shape; yours are {tuple(got_inputs.shape)} and"
    f" {tuple(got_targets.shape)}."
)
assert tuple(got_inputs.shape) == (2, 5), (
    f"12 ids in rows of 5 give the shape (2, 5); yours is {tuple(got_inputs.shape)}."
)
assert got_inputs.dtype == torch.int64, f"Ids should stay int64; yours are {got_inputs.dtype}."
assert got_inputs.tolist() != [[10, 11, 12, 13, 14], [14, 15, 16, 17, 18]], (
    "Your rows overlap by one id. Cut them side by side: the second row begins at id 15."
)
assert got_inputs.tolist() != (got_targets + 1).tolist(), (
    "Targets and inputs are the wrong way round: yours point backwards, each target being the"
    " id before its input. Return (inputs, targets), the targets one later."
)
assert got_inputs.tolist() == [[10, 11, 12, 13, 14], [15, 16, 17, 18, 19]], (
    f"The inputs should be 10 … 14 and 15 … 19; got {got_inputs.tolist()}"
)
assert not torch.equal(got_targets, got_inputs), (
    "The targets equal the inputs: they are not shifted. The target of a position is the id"
    " that comes next."
)
assert got_targets[:, -1].tolist() != got_inputs[:, 0].tolist(), (
    "The last target of each row is the first id of the same row: the shift was made within"
    f" the rows. Shift the text, then cut it. Got {got_targets.tolist()}"
)
assert got_targets.tolist() == [[11, 12, 13, 14, 15], [16, 17, 18, 19, 20]], (
    "The targets should be 11 … 15 and 16 … 20, each the successor of its input; got"
    f" {got_targets.tolist()}"
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_ids = torch.tensor(t_rng.integers(0, 1000, size=38))
t_kept = t_ids.clone()
got_inputs, got_targets = next_token_pairs(t_ids, 7)
t_want_inputs = [[int(t_kept[r * 7 + j]) for j in range(7)] for r in range(5)]
t_want_targets = [[int(t_kept[r * 7 + j + 1]) for j in range(7)] for r in range(5)]
assert got_inputs.tolist() == t_want_inputs, (
    "On 38 random ids in rows of 7 the inputs are not the first 35 ids, cut side by side."
)
assert got_targets.tolist() == t_want_targets, (
    "On 38 random ids in rows of 7 the targets are not the successors of the inputs."
)
assert torch.equal(t_ids, t_kept), (
    "The ids that were passed in have been changed. Leave the argument alone."
)
### END HIDDEN TESTS

# %% check="next_token_pairs" points=2
# How many rows? Lengths around the edge.
try:
    got_inputs, got_targets = next_token_pairs(torch.arange(10), 5)
except NotImplementedError:
    raise
except Exception as error:
    raise AssertionError(
        f"10 ids in rows of 5 raised {type(error).__name__}: {error}. The inputs would fill two"
        " rows, but the last id has no successor: off by one at the end. Only one row has all"
        " its targets."
    ) from None
assert len(got_inputs) != 2, (
    "10 ids in rows of 5 fill two rows of inputs, but the last id has no successor, so the"
    " second row lacks a target and is dropped: off by one at the end. Your last target is"
    f" {got_targets.tolist()[-1][-1]}."
)
assert (got_inputs.tolist(), got_targets.tolist()) == ([[0, 1, 2, 3, 4]], [[1, 2, 3, 4, 5]]), (
    f"10 ids in rows of 5: one row, 0 … 4, with targets 1 … 5; got {got_inputs.tolist()} and"
    f" {got_targets.tolist()}"
)
got_inputs, got_targets = next_token_pairs(torch.arange(11), 5)
assert len(got_inputs) == 2, (
    "11 ids in rows of 5 are just enough for 2 rows, since the second row's last target is the"
    f" last id; you have {len(got_inputs)}: off by one at the end."
)
### BEGIN HIDDEN TESTS
for t_n in range(0, 16):
    for t_length in (1, 2, 3, 7):
        t_ids = torch.arange(100, 100 + t_n)
        try:
            got_inputs, got_targets = next_token_pairs(t_ids, t_length)
        except Exception as error:
            raise AssertionError(
                f"{t_n} ids in rows of {t_length} raised {type(error).__name__}: {error}. When"
                f" the text is too short, the result is two tensors of shape (0, {t_length})."
            ) from None
        t_rows = len([s for s in range(0, t_n, t_length) if s + t_length < t_n])
        for t_name, t_got in (("inputs", got_inputs), ("targets", got_targets)):
            assert tuple(t_got.shape) == (t_rows, t_length), (
                f"{t_n} ids in rows of {t_length}: the {t_name} should have the shape"
                f" ({t_rows}, {t_length}); yours have {tuple(t_got.shape)}. Off by one at the"
                " end, or an empty result without its second axis?"
            )
            assert t_got.dtype == torch.int64, (
                f"{t_n} ids in rows of {t_length}: the {t_name} should stay int64, also when"
                f" there are none; yours are {t_got.dtype}."
            )
        assert torch.equal(got_targets, got_inputs + 1), (
            f"{t_n} ids in rows of {t_length}: a target is not the successor of its input."
        )
        assert got_inputs.flatten().tolist() == list(range(100, 100 + t_rows * t_length)), (
            f"{t_n} ids in rows of {t_length}: the inputs are not the beginning of the text,"
            " cut side by side."
        )
### END HIDDEN TESTS

# %% [markdown]
# The whole way now, from the sentence to a batch of vectors, and back to words to check by eye.

# %%
word_of = {index: word for word, index in build_vocab(words).items()}
inputs, targets = next_token_pairs(encode(words, build_vocab(words)), 5)
for row_in, row_out in zip(inputs.tolist(), targets.tolist()):
    print("  in ", [word_of[i] for i in row_in])
    print("  out", [word_of[i] for i in row_out])
print(tuple(inputs.shape), "->", tuple(nn.Embedding(8, 3)(inputs).shape))     # (m, n) -> (m, n, d)

# %% [markdown]
# Twelve words, eleven neighbourhoods, ten of them in the batch: the last one, "`of`, then `times`",
# is the tail that was dropped. In a language model the whole input is a matrix of ids, so the embedding
# can simply be the first layer, and one table is enough.

# %% [markdown]
# ## 5 · Which rows does a training step move?
#
# The product form has told you the gradient: a row of the table receives what came back to its
# copies in the output, added up; a row without a copy receives zero. Take the 10 × 4 table of
# whole numbers, the ids `[1, 3, 3]`, and the sum of the output as loss. **Predict** the gradient:
# how many of its ten rows are not zero, and what is in them?

# %%
table = torch.arange(40, dtype=torch.float32).reshape(10, 4)        # (vocab, dim)
layer = nn.Embedding.from_pretrained(table.clone(), freeze=False)

layer(torch.tensor([1, 3, 3])).sum().backward()
print(layer.weight.grad)

# %% [markdown]
# Two rows. Row 3 was used twice and has twice the gradient; the other eight are zero. Gradient
# descent subtracts `lr` times this from the table.

# %% [markdown]
# ### Exercise 5 · sgd_step
# ●●●○○ · 3 points · 10 minutes
#
# Make one step of plain gradient descent by hand, given the gradient that came back to the output
# ("upstream").
#
# <details><summary>A row that is used twice has moved only once</summary>
#
# `new[ids] -= step` reads all the rows, subtracts, and writes all the results back; the second
# write to a row replaces the first. Look for an operation that accumulates, or do the copies one
# after the other.
# </details>
# <details><summary>The check says that my input has changed</summary>
#
# `new = weight` gives the table a second name. It does not make a second table.
# </details>
# <details><summary>It works for a list of ids, not for a batch</summary>
#
# A batch `(m, n)` with upstream `(m, n, dim)` says the same as `m * n` ids with as many rows of
# upstream.
# </details>

# %% exercise="sgd_step"
def sgd_step(weight, ids, upstream, lr):
    """The table after one step of gradient descent.

    Args:
        weight: float32 tensor (vocab, dim), the table; it is not changed.
        ids: int64 tensor of any shape (also empty), the rows that were looked up.
        upstream: float32 tensor of shape `ids.shape + (dim,)`, the gradient of the loss with
            respect to the looked-up rows; it is not changed.
        lr: learning rate, a float.

    Returns:
        a new tensor (vocab, dim): weight - lr * gradient. A row used more than once moves by
        the sum of its contributions; a row that was not used keeps its numbers exactly.
    """
    ### BEGIN SOLUTION
    flat = upstream.reshape(-1, weight.shape[1])              # (n, dim)
    return weight.index_add(0, ids.reshape(-1), flat, alpha=-lr)
    ### END SOLUTION

# %% check="sgd_step" points=1
t_weight = torch.arange(12, dtype=torch.float32).reshape(4, 3)
t_kept = t_weight.clone()
t_ids, t_upstream = torch.tensor([1, 3]), torch.tensor([[2.0, 0, 4], [8, 8, 8]])
got = sgd_step(t_weight, t_ids, t_upstream, 0.5)
assert isinstance(got, torch.Tensor), (
    f"sgd_step should return a tensor, the new table; it returned {type(got).__name__}."
)
assert tuple(got.shape) == (4, 3), (
    f"The new table has the shape of the old one, (4, 3); yours is {tuple(got.shape)}."
)
assert torch.equal(t_weight, t_kept), (
    "The table that was passed in has changed: the step was made in-place. Return a new table"
    " and leave the input as it was."
)
got = got.detach()
t_want = torch.tensor([[0.0, 1, 2], [2, 4, 3], [6, 7, 8], [5, 6, 7]])
assert not torch.allclose(got, 2 * t_kept - t_want), (
    "Wrong sign: your step goes up the hill. Gradient descent subtracts lr times the gradient."
)
assert torch.allclose(got[[0, 2]], t_kept[[0, 2]]), (
    f"Rows 0 and 2 were not looked up and should not move; yours are\n{got[[0, 2]]}"
)
assert torch.allclose(got, t_want), (
    f"Expected\n{t_want}\ngot\n{got}\nRow 1 should move by -0.5 * [2, 0, 4]."
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_weight = torch.tensor(t_rng.normal(size=(12, 5)), dtype=torch.float32)
t_kept = t_weight.clone()
t_ids = torch.tensor(t_rng.permutation(12)[:6])
t_upstream = torch.tensor(t_rng.normal(size=(6, 5)), dtype=torch.float32)
t_kept_upstream = t_upstream.clone()
got = sgd_step(t_weight, t_ids, t_upstream, 0.3).detach()
assert tuple(got.shape) == (12, 5), (
    "On a random table of shape (12, 5) the new table should have that shape; yours is"
    f" {tuple(got.shape)}."
)
t_want = t_kept.clone()
for i, u in zip(t_ids.tolist(), t_kept_upstream):
    t_want[i] -= 0.3 * u
assert torch.allclose(got, t_want, atol=1e-5), (
    "On a random table with six different ids the new table is wrong: each used row should move"
    " by -lr times its upstream."
)
assert torch.equal(t_weight, t_kept), (
    "The table that was passed in has changed: the step was made in-place."
)
assert torch.equal(t_upstream, t_kept_upstream), (
    "The upstream gradient that was passed in has been changed. Leave the arguments alone."
)
### END HIDDEN TESTS

# %% check="sgd_step" points=2
# Rows used more than once, batches, and rows nobody asked for.
t_weight = torch.zeros(4, 2)
got = sgd_step(t_weight, torch.tensor([1, 3, 3]), torch.ones(3, 2), 1.0)
assert isinstance(got, torch.Tensor) and tuple(got.shape) == (4, 2), (
    "sgd_step should return the new table, a tensor of shape (4, 2)."
)
got = got.detach()
assert not torch.allclose(got[3], got[1]), (
    "Row 3 was used twice and should move twice as far as row 1; yours moved by"
    f" {got[3].tolist()}: a duplicate was lost (or averaged). Contributions to one row add up."
)
assert torch.allclose(got, torch.tensor([[0.0], [-1], [0], [-2]]).expand(4, 2)), (
    "Ids [1, 3, 3] with upstream ones and lr 1: row 1 should be -1, row 3 -2, the others 0;"
    f" got\n{got}"
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
for t_shape in [(20,), (3, 4), (2, 3, 2), (), (1,), (0,)]:
    t_weight = torch.tensor(t_rng.normal(size=(7, 3)), dtype=torch.float32)
    t_kept = t_weight.clone()
    t_ids = torch.tensor(t_rng.integers(0, 6, size=t_shape), dtype=torch.int64)
    t_upstream = torch.tensor(t_rng.normal(size=t_shape + (3,)), dtype=torch.float32)
    try:
        got = sgd_step(t_weight, t_ids, t_upstream, 0.25).detach()
    except Exception as error:
        raise AssertionError(
            f"Ids of shape {t_shape} with upstream of shape {t_shape + (3,)} raised"
            f" {type(error).__name__}: {error}. Ids may have any shape: a batch is a list of"
            " ids that somebody has folded."
        ) from None
    t_want = t_kept.clone()
    for i, u in zip(t_ids.reshape(-1).tolist(), t_upstream.reshape(-1, 3)):
        t_want[i] -= 0.25 * u
    assert tuple(got.shape) == (7, 3), (
        f"Ids of shape {t_shape}: the new table should have the shape (7, 3); yours is"
        f" {tuple(got.shape)}."
    )
    assert torch.equal(t_weight, t_kept), (
        f"Ids of shape {t_shape}: the table that was passed in has changed, in-place."
    )
    t_unused = [r for r in range(7) if r not in t_ids.reshape(-1).tolist()]
    assert torch.equal(got[t_unused], t_kept[t_unused]), (
        f"Ids of shape {t_shape}: rows {t_unused} were not looked up, and yet they moved."
    )
    assert torch.allclose(got, t_want, atol=1e-5), (
        f"Ids {t_ids.tolist()}: the new table is wrong. Are contributions to one row added up?"
    )
### END HIDDEN TESTS

# %% [markdown]
# Your function on a batch with padding: three sentences of different length, filled with zeros to
# a rectangle. The upstream gradient is one everywhere, the learning rate 0.1. Look for the row that
# moves furthest.

# %%
def draw_change(before, after, title):
    """Heat map of what was added to each number of a table (vocab, dim)."""
    change = (after - before).detach().numpy()
    fig, ax = plt.subplots(figsize=(5.5, 4))
    picture = ax.imshow(change, cmap="PuOr", vmin=-0.5, vmax=0.5, aspect="auto")
    for (r, c), value in np.ndenumerate(change):
        ax.text(c, r, f"{value:.1f}" if abs(value) > 1e-6 else "·", ha="center", va="center",
                color="white" if abs(value) > 0.35 else "black")
    ax.set(xlabel="dimension", ylabel="row of the table (id)", title=title,
           xticks=range(change.shape[1]), yticks=range(change.shape[0]))
    fig.colorbar(picture, label="change in one step")
    plt.show()


padded = torch.tensor([[3, 1, 9], [3, 0, 0], [7, 3, 0]])            # (3, 3), 0 is padding
after = sgd_step(table, padded, torch.ones(3, 3, 4), lr=0.1)
draw_change(table, after, "ids 3 1 9 / 3 0 0 / 7 3 0")

# %% [markdown]
# *Figure: a 10 × 4 grid of the changes made by one step. Rows 1, 7 and 9 moved by −0.1, rows 3 and
# 0 by −0.3, and the other five not at all.*
#
# Row 3 has earned its three steps: it is a word that occurs three times. Row 0 moved just as far,
# and it is no word. In real batches padding is often the most frequent "token" of all, so the model
# learns a great deal about nothing.
#
# ### `padding_idx`
#
# `nn.Embedding(..., padding_idx=0)` shields that row: zeros at the start, and a gradient of zero
# ever after.

# %%
torch.manual_seed(0)
shielded = nn.Embedding(10, 4, padding_idx=0)
print(shielded.weight[0].detach())

shielded(padded).sum().backward()
print(shielded.weight.grad[:, 0])          # first column of the gradient, one number for each row

# %% [markdown]
# The gradient of row 0 is 0 now, while row 3 has its 3. Two limits to know. Padding rows are
# zeros, yet a *mean* over the sentence still divides by the padded length (Lab 3 counts only the
# real words). And `from_pretrained(matrix, padding_idx=0)` does not clear the row; it only stops
# training it:

# %%
print(nn.Embedding.from_pretrained(table + 1, padding_idx=0).weight[0])

# %% [markdown]
# ### Sparse gradients
#
# Six ids from a table of 100,000 products move at most six rows. **Predict**: how many numbers does
# PyTorch write down as the gradient? And how many with `sparse=True`, where only the rows in use
# are listed?

# %%
for sparse in [False, True]:
    products = nn.Embedding(100_000, 8, sparse=sparse)
    products(purchased).sum().backward()
    gradient = products.weight.grad
    if sparse:
        size = gradient._indices().nbytes + gradient._values().nbytes
        print(f"sparse gradient {size:>9,} bytes, {gradient._nnz()} rows listed,",
              f"{gradient.coalesce()._nnz()} after adding up duplicates")
    else:
        print(f"dense gradient  {gradient.nbytes:>9,} bytes")

# %% [markdown]
# 800,000 numbers of 4 bytes each, zeros but for five rows, against 48 numbers and the six ids they
# belong to, 8 bytes each: 240 bytes. (Product 39091 is in the batch twice, so six rows become five
# when duplicates are added up.) Not every optimiser can work with the sparse form:

# %%
try:
    torch.optim.Adam(products.parameters()).step()
except RuntimeError as error:
    print(error)

# %% [markdown]
# ### Optimisers with a memory
#
# Plain gradient descent moves the rows of the batch and no others. Six steps on the 10 × 4 table
# follow, with these batches: `[1, 3, 3]`, `[5]`, `[5, 6]`, `[5]`, `[1]`, `[5]`. Ids 0, 2, 4, 7, 8
# and 9 never occur. The function below records how far each row moves in each step.

# %%
BATCHES = [[1, 3, 3], [5], [5, 6], [5], [1], [5]]


def motion(make_optimiser, sparse=False):
    """How far each row moves in each step: (10 rows, 6 steps)."""
    layer = nn.Embedding.from_pretrained(table.clone(), freeze=False, sparse=sparse)
    optimiser = make_optimiser(layer.parameters())
    moved = []
    for ids in BATCHES:
        before = layer.weight.detach().clone()
        optimiser.zero_grad()
        layer(torch.tensor(ids)).sum().backward()
        optimiser.step()
        moved.append((layer.weight.detach() - before).abs().amax(dim=1))
    return torch.stack(moved, dim=1).numpy()


def draw_motion(ax, moved, title):
    """Rows down, steps across; a cell is framed when its row was in that step's batch."""
    picture = ax.imshow(moved, cmap="Blues", vmin=0, vmax=0.3, aspect="auto")
    for step, ids in enumerate(BATCHES):
        for i in set(ids):
            ax.add_patch(plt.Rectangle((step - 0.45, i - 0.45), 0.9, 0.9, fill=False,
                                       edgecolor=ORANGE, linewidth=2.5))
    ax.set(title=title, xlabel="step", xticks=range(6), xticklabels=range(1, 7), yticks=range(10))
    ax.title.set_fontsize(11)
    return picture

# %% [markdown]
# Turn the knob from 0 upwards. What happens to row 3 after the first step, the only one that had it
# in its batch? Does row 0 ever move? Then add a little weight decay.

# %% unstable=true
from ipywidgets import FloatSlider, interact


def momentum_knob(momentum, weight_decay):
    def knobs(parameters):
        return torch.optim.SGD(parameters, lr=0.1, momentum=momentum, weight_decay=weight_decay)

    fig, ax = plt.subplots(figsize=(6, 4))
    title = f"SGD, momentum {momentum:.2f}, decay {weight_decay:.3f}"
    picture = draw_motion(ax, motion(knobs), title)
    ax.set_ylabel("row of the table (id)")
    fig.colorbar(picture, label="distance moved")
    plt.show()


_ = interact(
    momentum_knob,
    momentum=FloatSlider(value=0.5, min=0, max=0.95, step=0.05, description="momentum"),
    weight_decay=FloatSlider(value=0, min=0, max=0.02, step=0.005, readout_format=".3f",
                             description="decay"))

# %% [markdown]
# The same six steps with four optimisers side by side, all without decay.

# %%
histories = {
    "SGD": motion(lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum 0.9": motion(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": motion(lambda p: torch.optim.Adam(p, lr=0.1)),
    "SparseAdam": motion(lambda p: torch.optim.SparseAdam(p, lr=0.1), sparse=True),
}
fig, axes = plt.subplots(1, 4, figsize=(10, 3.8), sharey=True, layout="constrained")
for ax, (name, moved) in zip(axes, histories.items()):
    picture = draw_motion(ax, moved, name)
axes[0].set_ylabel("row of the table (id)")
fig.colorbar(picture, ax=axes, label="distance moved")
plt.show()

# %% [markdown]
# *Figure: four grids, ten rows by six steps; darker means moved further, and an orange frame marks
# the rows of that step's batch. For SGD and SparseAdam only framed cells are coloured. For
# momentum and Adam the colour trails on to the right of a frame and fades. Rows 0, 2, 4, 7, 8 and
# 9 are white in all four.*
#
# Read row 3 from left to right. It was looked up once, in step 1, and with momentum or Adam it is
# still moving in step 6. You can see something else: in step 1, SGD moved row 3 twice as far as row
# 1, Adam equally far. Adam divides by the size of the gradient, so the first time it sees a row it
# hardly matters how often the row was used.
#
# And the knob for weight decay? It pulls every number of the table towards zero in each step, so
# it moves rows that no batch has ever had.

# %% [markdown] question="momentum-rows" points=3
# **Question (3 points).** In the second panel, row 3 moves in steps 2 to 6 although no batch had
# it. Why does an optimiser with momentum change rows that were not looked up? Write down the
# update for one such row, say which rows stay still all the same, and name one remedy together
# with what it changes besides.
#
# ### BEGIN SOLUTION
# **Rubric.** One point each:
#
# 1. *The mechanism, with the update.* Momentum keeps a velocity of the same shape as the table:
#    `v = mu * v + g`, then `w = w - lr * v`. For a row that is not in the batch the gradient `g`
#    is zero, but its velocity is not, if it was looked up before: it becomes `mu * v`, and the row
#    moves by `lr * mu * v`, then `lr * mu² * v`, and so on. (With Adam: the first moment decays in
#    the same way and is divided by the root of the second.) An answer that says only "momentum
#    remembers" without the update earns half.
# 2. *Which rows stay still.* Rows that have never been looked up: their velocity has been zero all
#    along. (Not true with weight decay, which pulls at all rows in each step; mentioning that is a
#    bonus, not required. `padding_idx` rows stay still too.)
# 3. *A remedy and its price.* For example `sparse=True` with `SparseAdam`: moments and rows are
#    updated only when the row is in the batch. Price: it is another algorithm; the moments of rare
#    rows are stale (they do not decay in between), and there is no weight decay. Or plain SGD
#    without momentum: slower or less steady training. Or: leave it, because in expectation the
#    coasting is part of momentum. Claims that `sparse=True` alone suffices lose this point: SGD
#    with momentum keeps its velocity for sparse gradients too.
#
# **Model answer.** The optimiser holds a velocity for every number of the table. After step 1, row
# 3 has `v = g`. In step 2 its gradient is 0, so `v = 0.9 * g`, and `w` moves by `-lr * 0.9 * g`;
# in step `k` by `-lr * 0.9^(k-1) * g`. Rows 0, 2, 4, 7, 8, 9 have never had a gradient, so their
# velocity is zero and they stay. SparseAdam with a sparse layer touches only rows of the batch; a
# rare row then resumes with an old, undecayed moment when it comes up again.
# ### END SOLUTION

# %% [markdown]
# ## 6 · A table that somebody else has trained
#
# Often the embeddings come from another model, and yours only reads them.
# `nn.Embedding.from_pretrained` makes a layer out of a matrix. Here are 100,000 products with 8
# numbers each, random ones in place of trained ones, and the purchases of our two buyers.

# %%
torch.manual_seed(0)
pretrained = torch.rand(100_000, 8)
purchased_embeddings = nn.Embedding.from_pretrained(pretrained)
print(purchased_embeddings)

vectors = purchased_embeddings(purchased)           # (2, 3) -> (2, 3, 8)
print(vectors)

# %% [markdown]
# The first and the last row are alike, for both are product 39091. Do not take my word for the
# rest: fetch the rows from the matrix yourself, one by one, stack them, and compare; then go
# through the ids row by row.

# %%
expected = torch.stack([torch.stack([pretrained[int(i)] for i in row]) for row in purchased])
print(tuple(expected.shape), torch.equal(expected, vectors))

for i in purchased.unique().tolist():
    print(i, torch.equal(pretrained[i], purchased_embeddings(torch.tensor(i))))

# %% [markdown]
# The layer is right. Now three questions about it. May an optimiser change it? Are its numbers a
# copy of the matrix? And what does the layer answer for product 39091 after the *matrix* has been
# overwritten? **Predict**, then run.

# %%
print("trainable       ", purchased_embeddings.weight.requires_grad)
print("same memory     ", purchased_embeddings.weight.data_ptr() == pretrained.data_ptr())
pretrained[39091] = 0.0
print("product 39091   ", purchased_embeddings(torch.tensor(39091)))

# %% [markdown]
# Frozen, and not a copy: **layer and matrix are the same 3.2 million bytes**. Both defaults have
# good reasons (a pretrained table is often only read, and a copy of a large one is costly), and
# both bite:
#
# - Forget `freeze=False`, and the table does not learn. Nothing complains; the loss even falls,
#   because the rest of the network learns.
# - Fine-tune without copying, and the matrix that you meant to compare with is fine-tuned too.
#
# So write yourself a version in which nothing is left to a default.

# %% [markdown]
# ### Exercise 6 · from_matrix
# ●●○○○ · 2 points · 6 minutes
#
# Make an embedding layer from a matrix: with a copy of the numbers, trainable or frozen as the
# caller says.
#
# <details><summary>"a leaf Variable that requires grad is being used in an in-place …"</summary>
#
# Autograd guards parameters against being overwritten behind its back. Writing initial values is
# one of the few legitimate reasons to do that; `torch.no_grad()` is how you say so.
# </details>
# <details><summary>My layer changes when the matrix changes</summary>
#
# `.detach()`, `.view()`, `nn.Parameter(...)` and `from_pretrained` all keep the memory. What makes
# new memory?
# </details>

# %% exercise="from_matrix"
def from_matrix(matrix, trainable):
    """An embedding layer that holds a copy of `matrix`.

    Args:
        matrix: float32 tensor (vocab, dim); it is not changed, and later changes to it do not
            reach the layer.
        trainable: bool; True if gradients should reach the table, False if it is frozen.

    Returns:
        an `nn.Embedding` with `vocab` rows of `dim` numbers.
    """
    ### BEGIN SOLUTION
    return nn.Embedding.from_pretrained(matrix.clone(), freeze=not trainable)
    ### END SOLUTION

# %% check="from_matrix" points=1
t_matrix = torch.arange(12, dtype=torch.float32).reshape(4, 3)
t_layer = from_matrix(t_matrix, True)
assert isinstance(t_layer, torch.nn.Embedding), (
    f"from_matrix should return an nn.Embedding layer; it returned {type(t_layer).__name__}."
)
assert tuple(t_layer.weight.shape) == (4, 3), (
    "A matrix (4, 3) makes a table of 4 rows and 3 columns; yours is"
    f" {tuple(t_layer.weight.shape)}. Are the two sizes swapped?"
)
assert torch.equal(t_layer.weight.detach(), torch.arange(12, dtype=torch.float32).reshape(4, 3)), (
    "The layer does not hold the numbers of the matrix. Are they still the random initial"
    f" ones? Its table is\n{t_layer.weight.detach()}"
)
assert t_layer.weight.requires_grad, (
    "The layer is frozen although it should train. freeze=True is the default of from_pretrained."
)
t_layer = from_matrix(t_matrix, False)
assert not t_layer.weight.requires_grad, (
    "With trainable=False the table should be frozen (requires_grad False); yours would train."
)
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_matrix = torch.tensor(t_rng.normal(size=(9, 2)), dtype=torch.float32)
t_kept = t_matrix.clone()
t_layer = from_matrix(t_matrix, True)
t_ids = torch.tensor([[8, 0, 8], [3, 3, 1]])
assert tuple(t_layer.weight.shape) == (9, 2), (
    "A random 9 × 2 matrix should make a table of shape (9, 2); yours is"
    f" {tuple(t_layer.weight.shape)}. A layer of an earlier call?"
)
t_out = t_layer(t_ids)
assert torch.equal(t_out.detach(), t_kept[t_ids]), (
    "The layer does not hold the numbers of the matrix: for a random 9 × 2 matrix it answers"
    " other rows."
)
t_out.sum().backward()
t_grad = t_layer.weight.grad
assert t_grad is not None, "The layer is frozen: after .backward() its table has no gradient."
assert t_grad[:, 0].tolist() == [1, 1, 0, 2, 0, 0, 0, 0, 2], (
    "After looking up [[8, 0, 8], [3, 3, 1]] the gradient of the sum should count each row's"
    f" uses; yours has {t_grad[:, 0].tolist()} in its first column."
)
### END HIDDEN TESTS

# %% check="from_matrix" points=1
# A copy: what happens to the matrix afterwards is no business of the layer.
t_matrix = torch.arange(12, dtype=torch.float32).reshape(4, 3)
t_kept = t_matrix.clone()
t_layers = [from_matrix(t_matrix, True), from_matrix(t_matrix, False)]
assert isinstance(t_layers[0], torch.nn.Embedding), (
    f"from_matrix should return an nn.Embedding layer; it returned {type(t_layers[0]).__name__}."
)
assert tuple(t_layers[0].weight.shape) == (4, 3), (
    f"A matrix (4, 3) makes a table of that shape; yours is {tuple(t_layers[0].weight.shape)}."
)
assert torch.equal(t_matrix, t_kept), "The matrix that was passed in has been changed."
t_matrix.fill_(-1.0)
for t_layer, t_name in zip(t_layers, ("trainable", "frozen")):
    got = t_layer(torch.arange(4)).detach()
    assert not torch.equal(got, t_matrix), (
        f"The {t_name} layer shares its storage with the matrix: when the matrix was"
        " overwritten, so was the layer. from_pretrained and nn.Parameter do not copy."
    )
    assert torch.equal(got, t_kept), (
        f"After the matrix was overwritten, the {t_name} layer should still answer the old"
        f" rows\n{t_kept}\nand not\n{got}"
    )
### BEGIN HIDDEN TESTS
t_rng = np.random.default_rng()
t_matrix = torch.tensor(t_rng.normal(size=(1, 5)), dtype=torch.float32)
t_kept = t_matrix.clone()
t_first = from_matrix(t_matrix, False)
t_matrix.mul_(2.0)
t_second = from_matrix(t_matrix, True)
assert torch.equal(t_first(torch.tensor([0, 0])).detach(), t_kept.expand(2, 5)), (
    "A table of one row shares its storage with the matrix, or holds other numbers."
)
assert torch.equal(t_second(torch.tensor(0)).detach(), 2 * t_kept[0]), (
    "A second layer made from the changed matrix should hold the changed numbers: from_matrix"
    " must look at the matrix it is given."
)
assert not t_first.weight.requires_grad and t_second.weight.requires_grad, (
    "trainable belongs to each layer by itself: the first was frozen, the second was not."
)
### END HIDDEN TESTS

# %% [markdown]
# The test of a fine-tuned table: train the layer for one step and look whether the matrix is still
# what it was.

# %%
tuned = from_matrix(table, trainable=True)
tuned(torch.tensor([1, 3, 3])).sum().backward()
torch.optim.SGD(tuned.parameters(), lr=0.1).step()
print("layer ", tuned.weight[3].detach())
print("matrix", table[3])

# %% [markdown]
# The layer has moved by twice 0.1, the matrix has not. In Lab 7 the matrix is a table of English
# words that somebody else has trained.

# %% [markdown]
# ## 7 · The smallest language model
#
# Everything of this lab together: a vocabulary, next-token pairs, and a table that *is* the model.
# Row `i` holds one number for each word of the vocabulary, and the larger the number, the likelier
# that word comes after word `i`. It starts at zero, so at first each of the 8 words is equally
# likely, and the loss is ln 8 = 2.079.
#
# **Predict** two things: what will the row of `the` say? And that of `<unk>`?

# %%
def train_bigrams(inputs, targets, steps):
    """Train an (8, 8) table of next-word scores; returns the table of probabilities."""
    model = from_matrix(torch.zeros(8, 8), trainable=True)
    optimiser = torch.optim.SGD(model.parameters(), lr=5.0)
    for step in range(steps + 1):
        scores = model(inputs)                                           # (rows, seq_len, 8)
        loss = F.cross_entropy(scores.flatten(0, 1), targets.flatten())
        if step in (0, 10, 100, steps):
            print(f"step {step:4}   loss {loss.item():.3f}")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.weight.detach().softmax(dim=1)


vocab = build_vocab(words)
probabilities = train_bigrams(*next_token_pairs(encode(words, vocab), 5), steps=400)

fig, ax = plt.subplots(figsize=(6, 4.8))
picture = ax.imshow(probabilities, cmap="Blues", vmin=0, vmax=1)
for (r, c), value in np.ndenumerate(probabilities.numpy()):
    ax.text(c, r, f"{value:.2f}", ha="center", va="center", fontsize=9,
            color="white" if value > 0.6 else "black")
ax.set_xticks(range(8), vocab, rotation=45)
ax.set_yticks(range(8), vocab)
ax.set(xlabel="next word", ylabel="word (row of the table)")
fig.colorbar(picture, label="probability")
plt.show()

# %% [markdown]
# *Figure: an 8 × 8 grid of probabilities, a row for each word. Most rows have one dark cell: "it"
# is followed by "was", "of" by "times". The row of "the" is split evenly between "best" and
# "worst". The row of `<unk>` is 0.12 everywhere (an eighth).*
#
# `the` cannot do better than half and half: the text itself is undecided there, and two such
# positions out of ten keep the loss above 0.2 · ln 2 = 0.139, however long you train. And `<unk>`
# was never looked up, so no step has moved it. **A row that is not in the data learns nothing**:
# which is why some of the rare words of a training text are deliberately replaced by `<unk>`.

# %% [markdown]
# ## What you learned
#
# - `nn.Embedding(vocab, dim)` is one parameter of shape `(vocab, dim)`; ids of any shape come back
#   with one more axis, at the end.
# - A lookup equals a one-hot product, to the last bit, as long as all the numbers are finite; it
#   touches one row where the product touches all.
# - A vocabulary has a fixed order and a place for the unknown, and is saved with its table.
# - Next-token targets are the text moved by one, cut without overlap.
# - The gradient reaches the rows of the batch, duplicates added up; `padding_idx` shields a row,
#   `sparse=True` lists only the rows in use, and momentum keeps rows moving that are not in the
#   batch.
# - `from_pretrained` freezes and shares memory unless you say otherwise.
#
# ## Further reading
#
# - [What is nn.Embedding exactly
#   doing?](https://discuss.pytorch.org/t/what-is-nn-embedding-exactly-doing/12521) and [How does
#   nn.Embedding work?](https://discuss.pytorch.org/t/how-does-nn-embedding-work/88518), two
#   threads in the PyTorch forum.
# - The reference of
#   [`torch.nn.Embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html)
#   and of
#   [`torch.optim.SparseAdam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html).
#
# ## Open challenge (no points)
#
# The language model of section 7 has a table of 8 × 8 numbers. Build one with a table of 8 × 2
# instead: score every next word by the inner product of its row with the row of the current word,
# so that the *same* table is used on the way in and on the way out. Which of the eight rows can it
# still get right, and what would a second table change? (In language models, sharing the table in
# this way is called "weight tying".)
