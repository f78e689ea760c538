# %% [markdown]
# # Lab 5 · Bags
# {{colab}}
#
# **A customer has bought three things, or two, or none: you turn any number of ids into one vector,
# in one call.**
#
# You will be able to
#
# - *pack* bags of uneven size into flat values with offsets, and unpack them again,
# - *write* the sum over bags yourself, so that gradients still reach the table,
# - *choose* between sum, mean, max and weighted sum, and say what each does to an empty bag,
# - *measure* what one fused call saves over looking up and then reducing, in time and in memory,
# - *hash* a catalogue of any size into a table of your size, and predict what the collisions cost.
#
# *You need:* Labs 1 and 4 (a table, ids, `nn.Embedding`, a gradient), PyTorch and matplotlib.
# *Time:* about 60 minutes. *Points:* 22, of which 3 are for a written answer.

# %% given=true
import itertools
import os
import time
import zlib

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
torch.set_printoptions(precision=4, sci_mode=False, linewidth=100)

# %% [markdown]
# ## 1 · Many ids, one vector
#
# In Lab 4 a batch of ids with shape `(batch, length)` came out of `nn.Embedding` as
# `(batch, length, dim)`: one row of the table for each id. A model that describes a *customer* by
# three purchases does not want three vectors. It wants one. So the next step is nearly always a
# **reduction** over the middle axis: add the rows up, or average them, or keep the largest number
# in each column.
#
# A group of ids that becomes one vector is called a **bag**, because like a shopping bag it has
# contents and no order.
#
# We start with the table in which every number tells you where it stands: row `r` begins with
# `4 * r`.

# %% given=true
table = torch.arange(40.0).reshape(10, 4)  # (vocabulary 10, dim 4)

# %%
table

# %% [markdown]
# Two bags of three ids each. The second bag holds id 7 twice.
#
# **Predict** the first number of each bag's sum before you run the next cell. The rows begin with
# `4 * id`.

# %%
ids = torch.tensor([[1, 4, 6], [7, 2, 7]])  # (batch 2, length 3)

rows = nn.Embedding.from_pretrained(table)(ids)  # (batch 2, length 3, dim 4)
print("looked up:", tuple(rows.shape))
print("reduced:  ", tuple(rows.sum(dim=1).shape))
rows.sum(dim=1)  # (batch 2, dim 4)

# %% [markdown]
# `4 * (1 + 4 + 6) = 44` and `4 * (7 + 2 + 7) = 64`. A repeated id is added as often as it occurs:
# buying a thing twice counts twice.
#
# `nn.EmbeddingBag` does both steps in one call. Given a 2-D batch, it takes every row of ids as a
# bag.

# %%
nn.EmbeddingBag.from_pretrained(table, mode="sum")(ids)  # (batch 2, dim 4), and nothing in between

# %% [markdown]
# The same numbers. What has gone is the block in the middle of the next picture.

# %%
BAG_COLOURS = [BLUE, ORANGE, GREEN, RED, "#CC79A7", GREY]


def square(ax, x, y, text, colour=None):
    """One unit square with its upper left corner at (x, y)."""
    ax.add_patch(plt.Rectangle((x, y), 1, 1, facecolor=colour or "white", alpha=0.45, linewidth=0))
    ax.add_patch(plt.Rectangle((x, y), 1, 1, fill=False, edgecolor="#666666", linewidth=0.8))
    ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=10)


def draw_grid(ax, numbers, colours, left=0.0, top=0.0, names=()):
    """Numbers as a grid of squares; `colours` has one colour (or None) for each row."""
    for r, line in enumerate(numbers.tolist()):
        for c, number in enumerate(line):
            square(ax, left + c, top + r, f"{number:g}", colours[r])
    for r, name in enumerate(names):
        ax.text(left - 0.25, top + r + 0.5, str(name), ha="right", va="center", color="#444444")


# %%
ARROW = {"arrowstyle": "->", "color": "#444444"}
lit = {1: BLUE, 4: BLUE, 6: BLUE, 7: ORANGE, 2: ORANGE}

fig, ax = plt.subplots(figsize=(8.6, 4.4))
draw_grid(ax, table, [lit.get(r) for r in range(10)], names=range(10))
draw_grid(ax, rows[0], [BLUE] * 3, left=7.5, top=1.2, names=[1, 4, 6])
draw_grid(ax, rows[1], [ORANGE] * 3, left=7.5, top=5.8, names=[7, 2, 7])
draw_grid(ax, rows[:1].sum(dim=1), [BLUE], left=15, top=2.2)
draw_grid(ax, rows[1:].sum(dim=1), [ORANGE], left=15, top=6.8)
for y in (2.7, 7.3):
    ax.annotate("", xy=(6.7, y), xytext=(4.2, 5.0), arrowprops=ARROW)
    ax.annotate("", xy=(14.8, y), xytext=(11.9, y), arrowprops=ARROW)
    ax.text(13.3, y - 0.25, "sum", ha="center")
ax.add_patch(plt.Rectangle((6.75, 0.8), 5.0, 8.4, fill=False, linestyle="--", edgecolor="#444444"))
ax.text(2, -0.4, "table\n(10, 4)", ha="center")
ax.text(9.3, -0.4, "rows lifted out\n(2, 3, 4)", ha="center")
ax.text(17, -0.4, "one vector a bag\n(2, 4)", ha="center")
ax.text(9.3, 9.4, "EmbeddingBag never stores this block", ha="center", va="top", fontsize=9)
ax.set(xlim=(-1.2, 19.5), ylim=(10.4, -2.1))
ax.axis("off")
plt.show()

# %% [markdown]
# *Figure:* the ten-row table on the left, with rows 1, 4 and 6 lit in blue and rows 2 and 7 in
# orange. In the middle, inside a dashed frame, the lifted rows: three blue ones, and three orange
# ones of which row 7 appears twice. On the right one blue vector (44, 47, 50, 53) and one orange
# vector (64, 67, 70, 73).
#
# ### A table of a real shop's size
#
# A shop has 100,000 products, and some upstream model has already learned 8 numbers for each. Two
# customers bought three products each. (For eleven of the rows we know the numbers to four
# decimals; the rest of the table is filled at random.)

# %% given=true
torch.manual_seed(0)
products = torch.rand(100_000, 8)  # (products, dim)
products[[39091, 72705, 31948, 65162, 31528]] = torch.tensor(
    [
        [0.3683, 0.0027, 0.2053, 0.2611, 0.9904, 0.2372, 0.4524, 0.8966],
        [0.6351, 0.1236, 0.1456, 0.4281, 0.3921, 0.0811, 0.7195, 0.9048],
        [0.3984, 0.5188, 0.7603, 0.0374, 0.8143, 0.3342, 0.2345, 0.0059],
        [0.3247, 0.1131, 0.2974, 0.2839, 0.4851, 0.7985, 0.4210, 0.8215],
        [0.4340, 0.3442, 0.1957, 0.5510, 0.9181, 0.1466, 0.6244, 0.2238],
    ]
)
products[[4445, 5576, 251, 8747, 8236, 880]] = torch.tensor(
    [
        [0.8331, 0.7415, 0.4044, 0.3748, 0.8785, 0.6459, 0.0478, 0.6405],
        [0.5124, 0.3451, 0.7072, 0.7841, 0.6407, 0.1628, 0.7097, 0.6242],
        [0.3455, 0.6196, 0.0983, 0.4827, 0.4779, 0.3397, 0.1890, 0.9614],
        [0.9107, 0.8435, 0.9811, 0.5535, 0.9616, 0.1972, 0.9600, 0.9077],
        [0.9844, 0.5585, 0.5481, 0.8700, 0.7604, 0.0689, 0.0379, 0.7440],
        [0.2010, 0.2330, 0.0684, 0.6042, 0.3434, 0.3394, 0.6218, 0.7564],
    ]
)

# %%
purchased = torch.tensor([[39091, 72705, 31948], [65162, 31528, 39091]])  # (customers, products)
product_bag = nn.EmbeddingBag.from_pretrained(products, mode="sum")
purchased_vectors = product_bag(purchased)  # (customers 2, dim 8)

by_row = torch.stack(
    (
        products[39091] + products[72705] + products[31948],
        products[65162] + products[31528] + products[39091],
    )
)
in_two_steps = products[purchased].sum(dim=1)
print("row by row, the same:    ", torch.allclose(by_row, purchased_vectors))
print("lookup and sum, the same:", torch.allclose(in_two_steps, purchased_vectors))
purchased_vectors

# %% [markdown]
# Read the first column: `0.3683 + 0.6351 + 0.3984 = 1.4018`. Product 39091 stands in both bags and
# is counted in each.
#
# ## 2 · Bags of different size: values and offsets
#
# Nobody buys exactly three things a month. Here are three customers' histories, as product names
# and as ids:
#
# | purchase history | ids |
# |---|---|
# | `uxm3` `a12o` `8u2x` | 4445, 5576, 251 |
# | `eri8` `wi3r` | 8747, 8236 |
# | `w29k` | 880 |
#
# This does not fit in a rectangular tensor. There are two ways out. You can **pad** the short rows,
# which we come back to in section 4. Or you can write all ids into one long line and note where
# each bag **begins**:
#
# ```
# values  = [4445, 5576, 251, 8747, 8236, 880]      (ids,)   all bags, end to end
# offsets = [0, 3, 5]                               (bags,)  where each bag begins
# ```
#
# A bag ends where the next one begins, and the last bag ends where `values` ends, so ends need not
# be stored. The name *offset* means "this many steps from the beginning of `values`": an offset is
# a position, not a length.
#
# **Predict:** with the same six values, what would `offsets = [0, 3, 3]` mean?


# %%
def draw_bags(ax, values, offsets, title):
    """Flat values as a line of squares coloured by bag, and an arrow at each offset."""
    ends = [*offsets[1:], len(values)]
    lines = [0] * len(offsets)  # how low a note stands, so that it runs into no other
    for b in reversed(range(len(offsets))):
        reach = 3 if offsets.count(offsets[b]) > 1 else 2  # squares
        near = [n for n in range(b, len(offsets)) if 0 < offsets[n] - offsets[b] < reach]
        lines[b] = offsets[:b].count(offsets[b]) + max((lines[n] + 1 for n in near), default=0)
    for b, (begin, end) in enumerate(zip(offsets, ends, strict=True)):
        colour = BAG_COLOURS[b % len(BAG_COLOURS)]
        for i in range(begin, end):
            square(ax, i, 0, str(values[i]), colour)
        depth = 0.55 + 0.42 * lines[b]
        arrow = {"arrowstyle": "->", "color": colour, "lw": 2}
        ax.annotate("", xy=(begin, 0), xytext=(begin, -depth), arrowprops=arrow, zorder=9 - b)
        note = f"  bag {b} begins at {begin}" + (", empty" if begin == end else "")
        ax.text(begin, -depth, note, ha="left", va="center", fontsize=9)
    for i in range(len(values) + 1):
        ax.text(i, 1.12, str(i), ha="center", va="bottom", fontsize=8, color="#666666")
    ax.set(xlim=(-0.3, len(values) + 1.9), ylim=(-1.25, 1.5))
    ax.set_title(title, loc="left", fontsize=10, pad=8)
    ax.axis("off")


history_ids = [4445, 5576, 251, 8747, 8236, 880]
fig, axes = plt.subplots(2, 1, figsize=(8.6, 3.8))
draw_bags(axes[0], history_ids, [0, 3, 5], "offsets = [0, 3, 5]")
draw_bags(axes[1], history_ids, [0, 3, 3], "offsets = [0, 3, 3]")
fig.tight_layout()
plt.show()

# %% [markdown]
# *Figure:* the six values as a line of squares with positions 0 to 6 above them, twice. With
# offsets 0, 3, 5 the first three squares are blue, the next two orange, the last green, and an
# arrow marks where each colour begins. With offsets 0, 3, 3 the middle bag's arrow and the last
# bag's arrow point at the same place: the middle bag is empty, the last one holds three ids.
#
# Two equal offsets in a row make an **empty bag**: a customer who bought nothing this month.
# Nothing else is needed to write one down.

# %%
values = torch.tensor(history_ids)  # (ids 6,)
offsets = torch.tensor([0, 3, 5])  # (bags 3,)
history_vectors = product_bag(values, offsets)  # (bags 3, dim 8)
history_vectors

# %% [markdown]
# The first number is `0.8331 + 0.5124 + 0.3455 = 1.6910`, and the last bag, which holds a single
# id, is row 880 itself.
#
# These eleven rows and their sums were printed elsewhere, by somebody who had all the digits. Do
# our sums of *rounded* rows agree with the sums that were rounded last?

# %%
printed_even = torch.tensor(
    [
        [1.4017, 0.6451, 1.1112, 0.7266, 2.1968, 0.6525, 1.4064, 1.8073],
        [1.1270, 0.4600, 0.6984, 1.0960, 2.3936, 1.1823, 1.4978, 1.9419],
    ]
)
printed_uneven = torch.tensor(
    [
        [1.6910, 1.7062, 1.2100, 1.6415, 1.9971, 1.1485, 0.9465, 2.2262],
        [1.8951, 1.4019, 1.5293, 1.4235, 1.7220, 0.2661, 0.9979, 1.6517],
        [0.2010, 0.2330, 0.0684, 0.6042, 0.3434, 0.3394, 0.6218, 0.7564],
    ]
)
print(f"largest difference, even bags:   {(purchased_vectors - printed_even).abs().max():.4f}")
print(f"largest difference, uneven bags: {(history_vectors - printed_uneven).abs().max():.4f}")

# %% [markdown]
# To one unit of the last digit, and rounding would excuse more: three numbers that were each
# rounded by up to half a unit can be off by one and a half together.
#
# Now move the beginnings yourself. Where does the middle bag become empty? What does its vector
# look like then? And what happens when you push `second` beyond `third`?

# %% unstable=true
from ipywidgets import IntSlider, interact


def show_offsets(second, third):
    if second > third:
        print(f"offsets = [0, {second}, {third}] go backwards: bag 1 would end before it begins.")
        return
    fig, ax = plt.subplots(figsize=(8.6, 1.9))
    draw_bags(ax, [1, 4, 6, 7, 2, 7], [0, second, third], f"offsets = [0, {second}, {third}]")
    plt.show()
    bag_of_six = nn.EmbeddingBag.from_pretrained(table, mode="sum")
    print(bag_of_six(torch.tensor([1, 4, 6, 7, 2, 7]), torch.tensor([0, second, third])))


second, third = IntSlider(value=3, min=0, max=6), IntSlider(value=5, min=0, max=6)
control = interact(show_offsets, second=second, third=third)

# %% [markdown]
# Where widgets do not run, here are three positions of the same two sliders.

# %%
fig, axes = plt.subplots(3, 1, figsize=(8.6, 5.6))
for ax, positions in zip(axes, ([0, 3, 5], [0, 0, 5], [0, 6, 6]), strict=True):
    draw_bags(ax, [1, 4, 6, 7, 2, 7], positions, f"offsets = {positions}")
fig.tight_layout()
plt.show()

# %% [markdown]
# *Figure:* the six ids 1, 4, 6, 7, 2, 7 under three sets of offsets. With 0, 3, 5 the bags hold
# three, two and one id. With 0, 0, 5 the first bag is empty. With 0, 6, 6 the first bag holds
# everything, and the second and third begin at the end of the line and are empty.
#
# ### Exercise 1 · flatten_bags
# ●●○○○ · 3 points · 8 minutes
#
# Pack a list of bags into values and offsets, the way `EmbeddingBag` wants them.
#
# <details><summary>PyTorch says that offsets[0] has to be 0</summary>
#
# Print your offsets for the three histories next to `[0, 3, 5]`. Do you hold sizes, or positions?
# And do you note the position before or after the bag has been appended?
# </details>
# <details><summary>I get one more bag than I put in</summary>
#
# How many numbers stand in `offsets`? It has one for each bag. The place where the last bag ends
# belongs to no bag.
# </details>
# <details><summary>It works, except when all bags are empty: then the dtype is wrong</summary>
#
# What is the dtype of `torch.tensor([])`? PyTorch has no number to guess it from, so you have to
# say it.
# </details>


# %% exercise="flatten_bags"
def flatten_bags(bags):
    """Bags of ids, packed as flat values with offsets.

    Args:
        bags: list of lists of ints. A bag may be empty, and so may the list.
    Returns:
        `(values, offsets)`, two int64 tensors: `values`, shape `(ids,)`, holds the ids of all bags
        end to end; `offsets`, shape `(bags,)`, holds the position in `values` where each begins.
    `bags` is left as it was.
    """
    ### BEGIN SOLUTION
    ids = [i for bag in bags for i in bag]
    sizes = [len(bag) for bag in bags]
    begins = list(itertools.accumulate(sizes, initial=0))[:-1]
    return torch.tensor(ids, dtype=torch.int64), torch.tensor(begins, dtype=torch.int64)
    ### END SOLUTION


# %% check="flatten_bags" points=1
got = flatten_bags([[4445, 5576, 251], [8747, 8236], [880]])
assert isinstance(got, (tuple, list)) and len(got) == 2, (
    f"flatten_bags should return two things, (values, offsets); it returned {type(got).__name__}."
)
got_values, got_offsets = got
for part, name in ((got_values, "values"), (got_offsets, "offsets")):
    assert isinstance(part, torch.Tensor), (
        f"{name} should be a torch.Tensor; it is a {type(part).__name__}."
    )
    assert part.dtype == torch.int64, f"{name} should have dtype torch.int64; it has {part.dtype}."
    assert part.ndim == 1, f"{name} should have one axis; its shape is {tuple(part.shape)}."
assert got_values.tolist() == [4445, 5576, 251, 8747, 8236, 880], (
    "values should hold the ids of all bags end to end, [4445, 5576, 251, 8747, 8236, 880]; it "
    f"holds {got_values.tolist()}."
)
assert got_offsets.tolist() != [3, 2, 1], (
    "offsets [3, 2, 1] are the lengths of the bags. An offset is where a bag begins: [0, 3, 5] "
    "for these three."
)
assert got_offsets.tolist() != [3, 5, 6], (
    "offsets [3, 5, 6] are where the bags end. The first offset is 0, because the first bag "
    "begins at position 0."
)
assert got_offsets.tolist() != [0, 3, 5, 6], (
    "There are four offsets for three bags: the closing one, 6, is one too many. EmbeddingBag "
    "would see a fourth, empty bag."
)
assert got_offsets.tolist() == [0, 3, 5], (
    "Three bags of 3, 2 and 1 ids begin at positions [0, 3, 5]; your offsets are "
    f"{got_offsets.tolist()}."
)


# %% check="flatten_bags" points=2
def look_at(bags_in):
    """Compares flatten_bags with a loop that could not be simpler."""
    before = [list(one) for one in bags_in]
    want_values, want_offsets = [], []
    for one in before:
        want_offsets.append(len(want_values))
        want_values = want_values + one
    got_values, got_offsets = flatten_bags(bags_in)
    assert bags_in == before, (
        f"flatten_bags changed the bags it was given: {before} became {bags_in}. Build new lists."
    )
    for part, name in ((got_values, "values"), (got_offsets, "offsets")):
        assert isinstance(part, torch.Tensor), (
            f"{name} should be a torch.Tensor; it is a {type(part).__name__}."
        )
        assert part.dtype == torch.int64, (
            f"For the bags {before}, {name} has dtype {part.dtype}, not torch.int64. "
            "torch.tensor([]) is float32 unless told."
        )
        assert part.ndim == 1, (
            f"For the bags {before}, {name} should have one axis; its shape is {tuple(part.shape)}."
        )
    assert got_values.tolist() == want_values, (
        f"For the bags {before}, values should be {want_values}; they are {got_values.tolist()}."
    )
    assert len(got_offsets) >= len(before), (
        f"{len(before)} bags gave {len(got_offsets)} offsets for {before}. An empty bag is a bag "
        "too: it must keep its offset, or every customer after it gets a neighbour's vector."
    )
    assert len(got_offsets) <= len(before), (
        f"{len(before)} bags gave {len(got_offsets)} offsets for {before}. There is one offset for "
        "each bag and no closing one."
    )
    assert got_offsets.tolist() == want_offsets, (
        f"The bags {before} begin at {want_offsets}; your offsets are {got_offsets.tolist()}."
    )


look_at([[5], [6, 7]])
look_at([[1, 2], [], [3]])  # an empty bag in the middle
### BEGIN HIDDEN TESTS
look_at([[], [4, 4, 4], [], [], [0], []])
look_at([[8, 9]])
look_at([[], []])
look_at([])
dice = np.random.default_rng()
for _ in range(10):
    look_at(
        [dice.integers(0, 1000, size=int(size)).tolist() for size in dice.integers(0, 5, size=8)]
    )
### END HIDDEN TESTS

# %% [markdown]
# The three histories again, this time packed by you, with a fourth customer who bought nothing:

# %%
my_values, my_offsets = flatten_bags([[4445, 5576, 251], [8747, 8236], [880], []])
print("values ", my_values.tolist())
print("offsets", my_offsets.tolist())
product_bag(my_values, my_offsets)  # (bags 4, dim 8)

# %% [markdown]
# Four rows for four customers; the last is all zeros, because a sum of nothing is zero. Its offset,
# 6, is one place beyond the last value, and that is allowed: it is where an empty last bag begins.
#
# ### What PyTorch refuses, and what it does not
#
# Offsets are a small language, and it pays to know which mistakes in it are caught for you.
# **Predict** for each line: error or answer?


# %%
def attempt(begins):
    bag_of_three = nn.EmbeddingBag.from_pretrained(table, mode="sum")
    try:
        answer = bag_of_three(torch.tensor([1, 4, 6]), torch.tensor(begins))
        print(f"{begins!s:10} answer, {len(answer)} bags, first column {answer[:, 0].tolist()}")
    except (RuntimeError, ValueError) as error:
        print(f"{begins!s:10} {type(error).__name__}: {str(error).split(', i.e.')[0]}")


attempt([0, 2])  # two bags: right
attempt([2, 1])  # the lengths
attempt([0, 4])  # beyond the end
attempt([0, 2, 3])  # a closing offset

# %% [markdown]
# Only the first and the last offset are looked at. Lengths are caught because they hardly ever
# begin with 0. A closing offset is *not* caught: it adds a bag of zeros, and everything after this
# layer has one row too many. (Some libraries do store the closing offset. For their data there is
# `EmbeddingBag(..., include_last_offset=True)`.)
#
# Nobody looks whether offsets go backwards in the middle, as in `[0, 2, 1]`, and what comes of it
# differs. In the version this was written with (2.13, on CPU) the sum of a float32 table stops, with
# a message that does not mention offsets ("Expected i < index_size"). With float64, or with
# `mode="max"`, you get an answer, with ids in bags where they do not belong.
#
# ### Exercise 2 · split_bags
# ●●○○○ · 2 points · 6 minutes
#
# Unpack values and offsets into the list of bags they came from.
#
# <details><summary>My last bag is missing</summary>
#
# Each bag but the last ends at the next offset. Where does the last one end?
# </details>
# <details><summary>I get tensors, or lists of tensors</summary>
#
# A tensor has a method that turns it into plain Python numbers.
# </details>


# %% exercise="split_bags"
def split_bags(values, offsets):
    """The inverse of `flatten_bags`.

    Args:
        values: int64 tensor `(ids,)`, the ids of all bags end to end.
        offsets: int64 tensor `(bags,)`, where each bag begins; the first is 0, they never decrease.
    Returns:
        list of lists of Python ints, one list for each bag, empty bags included.
    """
    ### BEGIN SOLUTION
    begins = offsets.tolist()
    ends = [*begins[1:], len(values)]
    return [values[begin:end].tolist() for begin, end in zip(begins, ends)]
    ### END SOLUTION


# %% check="split_bags" points=1
got = split_bags(torch.tensor([4445, 5576, 251, 8747, 8236, 880]), torch.tensor([0, 3, 5]))
assert isinstance(got, list), (
    f"split_bags should return a list; it returned a {type(got).__name__}."
)
assert all(isinstance(one, list) for one in got), (
    f"Each bag should be a plain list; the first is a {type(got[0]).__name__}. A tensor turns into "
    "a list with .tolist()."
)
assert all(type(i) is int for one in got for i in one), (
    "The bags should hold Python ints; there is something else in them, such as a tensor with one "
    "number in it."
)
assert len(got) != 2, (
    f"Three offsets, but two bags came back: {got}. The last bag is lost: it ends where values "
    "ends."
)
assert got == [[4445, 5576, 251], [8747, 8236], [880]], (
    f"Expected [[4445, 5576, 251], [8747, 8236], [880]]; got {got}. Bag b begins at offsets[b] and "
    "ends where the next begins."
)


# %% check="split_bags" points=1
def look_at_split(bags_out):
    """Packs `bags_out` in the plainest way and expects it back."""
    flat, begins = [], []
    for one in bags_out:
        begins.append(len(flat))
        flat = flat + one
    flat_in, begins_in = (
        torch.tensor(flat, dtype=torch.int64),
        torch.tensor(begins, dtype=torch.int64),
    )
    got = split_bags(flat_in, begins_in)
    assert flat_in.tolist() == flat and begins_in.tolist() == begins, (
        "split_bags changed the tensors it was given."
    )
    assert isinstance(got, list), (
        f"split_bags should return a list; it returned a {type(got).__name__}."
    )
    assert len(got) >= len(bags_out), (
        f"values {flat} with offsets {begins} are {len(bags_out)} bags; {len(got)} came back. Two "
        "equal offsets are an empty bag, and the last bag ends where values ends: neither may be "
        "dropped."
    )
    assert got == bags_out, (
        f"values {flat} with offsets {begins} are the bags {bags_out}; got {got}."
    )


look_at_split([[1, 2], [3]])
look_at_split([[1], [], [2, 3]])
### BEGIN HIDDEN TESTS
look_at_split([[], [4, 4, 4], [], [], [0], []])
look_at_split([[7, 8, 9]])
look_at_split([[], []])
look_at_split([])
dice = np.random.default_rng()
for _ in range(10):
    look_at_split(
        [dice.integers(0, 1000, size=int(size)).tolist() for size in dice.integers(0, 5, size=8)]
    )
### END HIDDEN TESTS

# %% [markdown]
# A round trip should change nothing, empty bags included:

# %%
there = flatten_bags([[], [3, 1], [], [2]])
print([part.tolist() for part in there])
print(split_bags(*there))

# %% [markdown]
# ## 3 · The sum, by hand
#
# To trust a fused call you should have written the unfused one. And there is a second reason:
# `EmbeddingBag` takes float tables only, while the operation means something for whole numbers too.
# Take the *identity* as a table, so that row `i` is the one-hot vector of id `i`. The sum of a bag
# is then a row of **counts**: the bag of words of the old search engines.
#
# **Predict** what `EmbeddingBag` says to an integer table.

# %%
identity = torch.eye(5, dtype=torch.int64)  # (vocabulary 5, dim 5)
try:
    F.embedding_bag(torch.tensor([1, 4, 4, 0]), identity, torch.tensor([0, 3]), mode="sum")
except RuntimeError as error:
    print(str(error).split(";")[0].replace(": ", ":\n    "))

# %% [markdown]
# Your own function will have no such limit. What it must have is a **gradient**: a table learns
# from the bags only if the way from the table to the result is made of PyTorch operations all
# along. The gradient of a sum is the simplest there is. Whatever arrives at a bag is handed on,
# unchanged, to every row in that bag:

# %%
weight = table.clone().requires_grad_()
pooled = F.embedding_bag(
    torch.tensor([1, 4, 4, 7]), weight, torch.tensor([0, 3, 3]), mode="sum"
)  # (bags 3, dim 4)
pooled.sum().backward()
print("row:     ", *range(10))
print("gradient:", *[int(g) for g in weight.grad[:, 0]])

# %% [markdown]
# Row 4 was in the first bag twice and gets 2; the empty bag in the middle sends nothing to anybody.
#
# ### Exercise 3 · bag_sum_by_hand
# ●●●○○ · 4 points · 12 minutes
#
# Compute the sum of each bag without `EmbeddingBag` or `embedding_bag`, so that the gradient
# reaches the table.
#
# You may use a loop: speed is not the point here.
#
# <details><summary>I have one row too few</summary>
#
# As many rows as offsets. The last bag has no next offset to end at.
# </details>
# <details><summary>My rows grow and grow, and the last one holds the sum of everything</summary>
#
# You have running totals. What you want is how much was added *between* two beginnings.
# </details>
# <details><summary>It says that element 0 of tensors does not require grad</summary>
#
# Somewhere on the way you left PyTorch: `.tolist()`, `.item()`, `.detach()`, NumPy, or
# `torch.tensor(...)` around something that was a tensor already. Positions may be plain numbers.
# Rows of the table may not.
# </details>
# <details><summary>It works for floats, but the sums of an integer table fail</summary>
#
# A tensor you make yourself is float32 unless you give it the dtype of `weight`.
# </details>


# %% exercise="bag_sum_by_hand"
def bag_sum_by_hand(weight, values, offsets):
    """Sum of the table's rows in each bag, without EmbeddingBag.

    Args:
        weight: the table, tensor `(vocab, dim)` of any number type; it may require a gradient.
        values: int64 tensor `(ids,)`.
        offsets: int64 tensor `(bags,)`, where each bag begins; at least one bag.
    Returns:
        tensor `(bags, dim)` with the dtype of `weight`; an empty bag is a row of zeros. A backward
        pass through the result reaches `weight`. The arguments are left as they were.
    """
    ### BEGIN SOLUTION
    positions = torch.arange(len(values))
    # (ids,): which bag each value is in
    bag_of = torch.searchsorted(offsets, positions, right=True) - 1
    zeros = torch.zeros(len(offsets), weight.shape[1], dtype=weight.dtype)
    return zeros.index_add(0, bag_of, weight[values])
    ### END SOLUTION


# %% check="bag_sum_by_hand" points=1
tiny = torch.arange(40.0).reshape(10, 4)
got = bag_sum_by_hand(tiny, torch.tensor([1, 2, 3, 5, 9]), torch.tensor([0, 3]))
assert isinstance(got, torch.Tensor), (
    f"bag_sum_by_hand should return a torch.Tensor; it returned a {type(got).__name__}."
)
assert tuple(got.shape) != (1, 4), (
    "One row for two bags: the last bag is lost. It ends where values ends."
)
assert tuple(got.shape) != (5, 4), (
    "One row for each id came back, (5, 4). The rows of a bag still have to be added up."
)
assert tuple(got.shape) == (2, 4), (
    f"Two bags and dim 4 make a result of shape (2, 4); yours has {tuple(got.shape)}."
)
want = torch.tensor([[24.0, 27, 30, 33], [56, 58, 60, 62]])
assert not torch.equal(got[1], want[0] + want[1]), (
    "The second row holds the first bag too: these are cumulative sums. Take the difference "
    "between one beginning and the next."
)
assert not torch.allclose(got.double(), want.double() / torch.tensor([[3.0], [2.0]])), (
    "These are the means of the bags. The sum is asked for."
)
assert torch.allclose(got.double(), want.double()), f"Expected\n{want}\nbut got\n{got}"


# %% check="bag_sum_by_hand" points=1
def look_at_sum(weight_in, ids_in, begins_in, about):
    """Compares bag_sum_by_hand with two loops."""
    want = torch.zeros(len(begins_in), weight_in.shape[1], dtype=weight_in.dtype)
    for b, begin in enumerate(begins_in):
        end = begins_in[b + 1] if b + 1 < len(begins_in) else len(ids_in)
        for i in ids_in[begin:end]:
            want[b] += weight_in[i]
    before = weight_in.clone()
    args = torch.tensor(ids_in, dtype=torch.int64), torch.tensor(begins_in, dtype=torch.int64)
    got = bag_sum_by_hand(weight_in, *args)
    assert torch.equal(weight_in, before), (
        "bag_sum_by_hand changed the table it was given. Write into a tensor of your own."
    )
    assert args[0].tolist() == ids_in and args[1].tolist() == begins_in, (
        "bag_sum_by_hand changed values or offsets."
    )
    assert isinstance(got, torch.Tensor), (
        f"The result should be a torch.Tensor; it is a {type(got).__name__}."
    )
    assert tuple(got.shape) == tuple(want.shape), (
        f"{about}: offsets {begins_in} over {len(ids_in)} values are {len(begins_in)} bags, so the "
        f"shape should be {tuple(want.shape)}; it is {tuple(got.shape)}. An empty bag keeps its "
        "row, and the last bag ends where values ends."
    )
    assert got.dtype == want.dtype, (
        f"{about}: the table is {want.dtype}, so the sums should be too; they are {got.dtype}."
    )
    assert not torch.isnan(got.double()).any(), (
        f"{about}: there is a NaN in the result. An empty bag is a row of zeros."
    )
    for b, (mine, theirs) in enumerate(zip(got, want)):
        assert torch.allclose(mine.double(), theirs.double(), atol=1e-3), (
            f"{about}: values {ids_in}, offsets {begins_in}: bag {b} should be "
            f"{[round(x, 3) for x in theirs.tolist()]}; it is "
            f"{[round(x, 3) for x in mine.tolist()]}."
            + (" That bag is empty: zeros." if not theirs.any() else "")
        )


look_at_sum(
    torch.arange(40.0).reshape(10, 4), [1, 4, 4, 7], [0, 3, 3], "A repeated id and an empty bag"
)
### BEGIN HIDDEN TESTS
look_at_sum(
    torch.arange(40.0).reshape(10, 4) + 1,
    [9, 0, 9],
    [0, 0, 2, 2, 3],
    "Empty bags at the front, between and at the end",
)
look_at_sum(torch.randn(3, 2), [], [0, 0], "Nothing but empty bags")
look_at_sum(torch.randn(6, 1), [5], [0], "One bag with one id")
look_at_sum(torch.randn(7, 3, dtype=torch.float64), [6, 6, 1], [0, 1], "A float64 table")
try:
    look_at_sum(torch.eye(5, dtype=torch.int64), [1, 4, 4, 0], [0, 3], "An integer table")
except AssertionError:
    raise
except Exception as error:
    raise AssertionError(
        f"An integer table (the identity, for counting) fails with {type(error).__name__}: "
        f"{str(error)[:120]}. EmbeddingBag takes float tables only; adding rows up by hand works "
        "for all."
    ) from None
dice = np.random.default_rng()
for _ in range(5):
    count = int(dice.integers(1, 30))
    cuts = sorted(dice.integers(0, count + 1, size=5).tolist())
    look_at_sum(
        torch.randn(20, 3), dice.integers(0, 20, size=count).tolist(), [0, *cuts], "Random bags"
    )
### END HIDDEN TESTS

# %% check="bag_sum_by_hand" points=2
learning = torch.randn(6, 2, requires_grad=True)
got = bag_sum_by_hand(learning, torch.tensor([1, 4, 4, 0]), torch.tensor([0, 3, 3]))
assert tuple(got.shape) == (3, 2), (
    f"Three bags and dim 2 make a result of shape (3, 2); yours has {tuple(got.shape)}."
)
assert got.requires_grad, (
    "The result has no gradient: the graph is broken between the table and the result. .tolist(), "
    ".item(), .detach(), NumPy, torch.tensor(...) around a row, and a new nn.Parameter all cut it."
)
got.sum().backward()
assert learning.grad is not None, (
    "The backward pass does not reach weight: the graph is broken on the way, for instance by a "
    "copy of the table with a gradient of its own."
)
assert torch.allclose(
    learning.grad, torch.tensor([1.0, 1, 0, 0, 2, 0]).reshape(6, 1).expand(6, 2)
), (
    "Bags [1, 4, 4], [], [0] with a gradient of ones: rows 0 and 1 should get 1, row 4, which was "
    f"used twice, 2, the others 0. Yours: {learning.grad[:, 0].tolist()}"
)
### BEGIN HIDDEN TESTS
dice = np.random.default_rng()
for _ in range(3):
    learning = torch.randn(8, 3, requires_grad=True)
    ids_in, begins_in = dice.integers(0, 8, size=12).tolist(), [0, 2, 2, 7]
    upstream = torch.randn(4, 3)
    got = bag_sum_by_hand(learning, torch.tensor(ids_in), torch.tensor(begins_in))
    (got * upstream).sum().backward()
    want = torch.zeros(8, 3)
    for b, (begin, end) in enumerate(((0, 2), (2, 2), (2, 7), (7, 12))):
        for i in ids_in[begin:end]:
            want[i] += upstream[b]
    assert learning.grad is not None and torch.allclose(learning.grad, want, atol=1e-4), (
        "The gradient of the table is wrong: each row should get the upstream gradient of every "
        "bag it is in, as often as it is in it."
    )
### END HIDDEN TESTS

# %% [markdown]
# Counts from your function, with the identity as a table. Who bought how many of which?

# %%
bag_sum_by_hand(
    torch.eye(5, dtype=torch.int64), torch.tensor([1, 4, 4, 0]), torch.tensor([0, 3, 3])
)  # (bags 3, products 5)

# %% [markdown]
# The bag `[1, 4, 4]` became `0 1 0 0 2`: one of product 1, two of product 4. From this row you can
# rebuild the bag, but not the order of purchase. That is what "bag" means, and it is the price of
# the whole idea.
#
# Call the matrix of counts `C`, with one row for each bag. Then the sum over bags is `C @ W` for
# any table `W`: once more a lookup that *is* a matrix product and is not computed as one.
#
# ## 4 · Sum, mean or max
#
# A sum grows with the bag: a customer who bought fifty things gets a long vector. Where the
# *amount* carries meaning, that is right. Where only the *taste* does, divide by the size of the
# bag (**mean**), or keep the largest number of each column (**max**: "did anything in this bag have
# much of this?").
#
# **Predict** the three answers for the bags `[1, 2, 6]`, `[]` and `[5]`. The interesting one is the
# empty bag: a mean divides by zero there, and a maximum has nothing to choose from.

# %%
three_bags = torch.tensor([1, 2, 6, 5]), torch.tensor([0, 3, 3])  # values, offsets
for mode in ("sum", "mean", "max"):
    pooled = F.embedding_bag(three_bags[0], table, three_bags[1], mode=mode)  # (bags 3, dim 4)
    print(f"{mode:5}", *[f"{row.tolist()!s:26}" for row in pooled])

# %% [markdown]
# Zeros for the empty bag, in every mode: no NaN, no minus infinity. Convenient, and a thing to
# know: after `max`, an empty bag cannot be told from a bag whose largest numbers are all 0, and in
# a table full of negative numbers it would be the largest of all. And a bag with one id is that row
# in all three modes.
#
# The modes differ most in how they *teach* the table. Three bags, `[1, 4, 4]`, `[]` and `[5]`; each
# bag receives a gradient of ones. The table is chosen so that row 4 is largest in columns 0 and 2,
# row 1 in columns 1 and 3. Who gets what?

# %%
mixed = table[:6] * torch.tensor([1.0, -1, 1, -1])  # (6, 4): columns 1 and 3 fall from row to row
three_bags = torch.tensor([1, 4, 4, 5]), torch.tensor([0, 3, 3])  # values, offsets
fig, axes = plt.subplots(1, 3, figsize=(8.6, 3.6))
for ax, mode in zip(axes, ("sum", "mean", "max"), strict=True):
    weight = mixed.clone().requires_grad_()
    F.embedding_bag(three_bags[0], weight, three_bags[1], mode=mode).sum().backward()
    ax.imshow(weight.grad, cmap="Blues", vmin=0, vmax=3.5, aspect="auto")
    for (r, c), number in np.ndenumerate(weight.grad.numpy()):
        ax.text(c, r, f"{number:.2g}", ha="center", va="center", color="black" if number else GREY)
    ax.set(title=mode, xlabel="column of the table", xticks=range(4), yticks=range(6))
axes[0].set_ylabel("row of the table")
fig.tight_layout()
plt.show()

# %% [markdown]
# *Figure:* three grids of six rows by four columns, the gradient of the table under sum, mean and
# max. Sum: row 1 gets 1, row 4 gets 2, row 5 gets 1 in every column. Mean: row 1 gets 0.33, row 4
# gets 0.67, row 5 gets 1. Max: row 4 gets 1 in columns 0 and 2 only, row 1 gets 1 in columns 1 and
# 3 only, row 5 gets 1 everywhere.
#
# Under **sum**, every purchase counts alike. Under **mean**, a purchase in a large bag teaches
# less. Under **max**, each column teaches only the row that won it, and losers learn nothing,
# however close they came. A repeated id wins once, not twice.
#
# ### Exercise 4 · make_bag
# ●●○○○ · 3 points · 6 minutes
#
# Build a frozen `EmbeddingBag` on a given table, and refuse a mode that does not exist when the
# layer is *made*.
#
# <details><summary>My sums come out too small</summary>
#
# By how much? If the factor is the size of the bag, look up what `EmbeddingBag` does when it is not
# told a mode.
# </details>
# <details><summary>The check says a wrong mode gets through, but PyTorch does refuse it</summary>
#
# When does PyTorch raise it: as you build the layer, or as you first call it?
# </details>


# %% exercise="make_bag"
def make_bag(weight, mode):
    """A frozen EmbeddingBag over a given table.

    Args:
        weight: float tensor `(vocab, dim)`.
        mode: "sum", "mean" or "max".
    Returns:
        `nn.EmbeddingBag` whose table holds the numbers of `weight` and is not trained.
    Raises:
        ValueError: for any other mode, at once.
    """
    ### BEGIN SOLUTION
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f'mode is {mode!r}; it should be "sum", "mean" or "max"')
    return nn.EmbeddingBag.from_pretrained(weight, freeze=True, mode=mode)
    ### END SOLUTION


# %% check="make_bag" points=1
tiny = torch.arange(40.0).reshape(10, 4)
for asked, first in (("sum", 36.0), ("mean", 12.0), ("max", 24.0)):
    made = make_bag(tiny, asked)
    assert isinstance(made, torch.nn.EmbeddingBag), (
        f"make_bag(table, '{asked}') should return an nn.EmbeddingBag; it returned a "
        f"{type(made).__name__}."
    )
    assert tuple(made.weight.shape) == (10, 4), (
        "The layer's table should have the shape of weight, (10, 4); it has "
        f"{tuple(made.weight.shape)}."
    )
    assert torch.equal(made.weight.detach(), tiny), (
        "The layer does not hold the numbers of weight. A new EmbeddingBag(vocab, dim) starts "
        "with random numbers."
    )
    assert made.mode == asked, (
        f"make_bag(table, '{asked}') made a layer of mode '{made.mode}'. EmbeddingBag means 'mean' "
        "unless you hand the mode on."
    )
    got = made(torch.tensor([1, 2, 6]), torch.tensor([0])).detach()
    assert float(got[0, 0]) == first, (
        f"The {asked} of rows 1, 2, 6 begins with {first:g}; the layer says {float(got[0, 0]):g}."
    )

# %% check="make_bag" points=1
rows_in = torch.randn(9, 3)
kept = rows_in.clone()
flat_in, begins_in = torch.tensor([8, 0, 0, 5, 3, 8]), torch.tensor([0, 2, 2, 5])
for asked in ("sum", "mean", "max"):
    made = make_bag(rows_in, asked)
    assert isinstance(made, torch.nn.EmbeddingBag) and tuple(made.weight.shape) == (9, 3), (
        f"make_bag(weight, '{asked}') should return an nn.EmbeddingBag with a table of shape (9, "
        "3), like weight's."
    )
    assert not made.weight.requires_grad, (
        f"The table of make_bag(weight, '{asked}') would be trained: weight.requires_grad is True. "
        "It should be frozen."
    )
    ### BEGIN HIDDEN TESTS
    got = made(flat_in, begins_in)
    for b, (begin, end) in enumerate(((0, 2), (2, 2), (2, 5), (5, 6))):
        inside = kept[flat_in[begin:end]]
        if end == begin:
            want = torch.zeros(3)
        else:
            want = {"sum": inside.sum(0), "mean": inside.mean(0), "max": inside.amax(0)}[asked]
        assert torch.allclose(got[b], want, atol=1e-5), (
            f"Mode {asked}: the bag {flat_in[begin:end].tolist()} should give "
            f"{[round(x, 3) for x in want.tolist()]}; it gave "
            f"{[round(x, 3) for x in got[b].tolist()]}."
        )
    block = made(torch.tensor([[1, 2], [3, 3]]))
    assert tuple(block.shape) == (2, 3), (
        f"A 2-D batch of two bags should give shape (2, 3); it gave {tuple(block.shape)}."
    )
    for b, pair in enumerate(([1, 2], [3, 3])):
        inside = kept[pair]
        want = {"sum": inside.sum(0), "mean": inside.mean(0), "max": inside.amax(0)}[asked]
        assert torch.allclose(block[b], want, atol=1e-5), (
            f"Mode {asked}: the 2-D bag {pair} comes out wrong."
        )
    ### END HIDDEN TESTS
assert torch.equal(rows_in, kept), "make_bag changed the table it was given."

# %% check="make_bag" points=1
made = make_bag(torch.zeros(4, 2), "sum")  # a mode that exists
for nonsense in ("median", "total", "min"):
    try:
        make_bag(torch.zeros(4, 2), nonsense)
    except ValueError:
        pass
    except Exception as error:
        raise AssertionError(
            f"make_bag(weight, '{nonsense}') raised {type(error).__name__}; a ValueError was "
            "expected."
        ) from None
    else:
        raise AssertionError(
            f"make_bag(weight, '{nonsense}') gave back a layer. PyTorch looks at the mode only "
            "when the layer is called; make_bag should raise ValueError at once."
        )

# %% [markdown]
# Your layer on the three histories and the empty one, under each mode (first four of the eight
# columns):

# %%
history_offsets = torch.tensor([0, 3, 5, 6])  # (bags 4,)
for mode in ("sum", "mean", "max"):
    print(mode)
    print(make_bag(products, mode)(values, history_offsets)[:, :4])  # (bags 4, 4 of 8)

# %% [markdown]
# In the third line of each block (the bag with one id) nothing changes from mode to mode. In the
# first line, the sum is three times the mean.
#
# ### The other way: padding
#
# Instead of offsets you can fill the short bags with an id that means "nothing". The layer must
# know which id that is.
#
# **Predict:** row 0 of this table is all zeros. Id 0 pads the bags. Is `padding_idx=0` needed for
# the sum? For the mean? For the max, when the other rows are negative?

# %%
signed = -table.clone()  # row 0 is zeros, all other rows are negative
padded = torch.tensor([[1, 2, 6], [5, 0, 0], [0, 0, 0]])  # (bags 3, length 3); 0 pads
for mode in ("sum", "mean", "max"):
    plain = nn.EmbeddingBag.from_pretrained(signed, mode=mode)(padded)
    told = nn.EmbeddingBag.from_pretrained(signed, mode=mode, padding_idx=0)(padded)
    columns = [" ".join(f"{x + 0.0:7.2f}" for x in out[:, 0].tolist()) for out in (plain, told)]
    print(f"{mode:5} first column, not told: {columns[0]}   told padding_idx=0: {columns[1]}")

# %% [markdown]
# For the sum a row of zeros is enough, as long as it *stays* zero: without `padding_idx` the
# padding row is trained like any other. The mean of `[5, 0, 0]` is wrong without it (a third of row
# 5), because the padding is counted. The max is wrong too: the zeros of the padding win against
# everything negative. With `padding_idx` the padding is not there: not in the reduction, not in the
# size of the bag, not in the gradient.
#
# ## 5 · A weight for each id
#
# Sum and mean treat all ids of a bag alike. Often you know better: a purchase of last week says
# more than one of last year, a rare word more than a common one. So give each *id* a number, and
# add up `weight × row`:
#
# ```
# values   = [1, 2, 6,   5]      (ids,)
# weights  = [1, 1, 0.5, 2]      (ids,)   one for each id, not for each bag
# offsets  = [0,         3]      (bags,)
# ```
#
# PyTorch calls these *per-sample weights*, where "sample" is an id in a bag, and has them for one
# mode. Let it tell you which:

# %%
recent = torch.tensor([1.0, 1.0, 0.5, 2.0])  # (ids 4,)
try:
    F.embedding_bag(
        torch.tensor([1, 2, 6, 5]), table, torch.tensor([0, 3]), per_sample_weights=recent
    )
except NotImplementedError as error:
    print(*str(error).split(". ")[:2], sep=".\n")

# %% [markdown]
# Nothing in the call says `mean`. That is the default again.
#
# If the weights come from another part of the model, they must learn too. Attention is exactly
# this: a weighted sum whose weights are computed. So the gradient has to arrive in two places.
#
# ### Exercise 5 · weighted_bag
# ●●●○○ · 3 points · 8 minutes
#
# Compute the weighted sum of each bag, so that gradients reach the table *and* the weights.
# `EmbeddingBag` and `F.embedding_bag` are allowed.
#
# <details><summary>per_sample_weights must have the same shape as the input</summary>
#
# There is one weight for each id in `values`. How many do you pass?
# </details>
# <details><summary>My table gets no gradient</summary>
#
# `from_pretrained` makes a new parameter from the numbers of your table, and freezes it. The
# functional form, `F.embedding_bag`, takes the tensor itself. Look at the order of its first two
# arguments.
# </details>


# %% exercise="weighted_bag"
def weighted_bag(weight, values, offsets, weights):
    """Weighted sum of the table's rows in each bag.

    Args:
        weight: the table, float tensor `(vocab, dim)`; it may require a gradient.
        values: int64 tensor `(ids,)`.
        offsets: int64 tensor `(bags,)`, where each bag begins; at least one bag.
        weights: tensor `(ids,)` with the dtype of `weight`, one factor for each id; it may require
            a gradient.
    Returns:
        tensor `(bags, dim)`: for each bag, the sum of `weights[i] * weight[values[i]]`; an empty
        bag is a row of zeros. A backward pass reaches `weight` and `weights`. The arguments are
        left as they were.
    """
    ### BEGIN SOLUTION
    return F.embedding_bag(values, weight, offsets, mode="sum", per_sample_weights=weights)
    ### END SOLUTION


# %% check="weighted_bag" points=1
tiny = torch.arange(40.0).reshape(10, 4)
try:
    got = weighted_bag(
        tiny, torch.tensor([1, 2, 6]), torch.tensor([0, 2]), torch.tensor([1.0, 0.5, 2.0])
    )
except NotImplementedError as error:
    if "per_sample_weights" not in str(error):
        raise
    raise AssertionError(
        "PyTorch refuses weights in this mode: per_sample_weights go with mode='sum' only, and "
        "'mean' is the default when no mode is given."
    ) from None
assert isinstance(got, torch.Tensor), (
    f"weighted_bag should return a torch.Tensor; it returned a {type(got).__name__}."
)
assert tuple(got.shape) == (2, 4), (
    f"Two bags and dim 4 make a result of shape (2, 4); yours has {tuple(got.shape)}."
)
got = got.detach().float()
want = torch.tensor([[8.0, 9.5, 11, 12.5], [48, 50, 52, 54]])  # 1 * row 1 + 0.5 * row 2;  2 * row 6
bag_sums = torch.tensor([[12.0, 14, 16, 18], [24, 25, 26, 27]])
assert not torch.allclose(got, bag_sums), "These are plain sums: the weights have not been used."
assert not torch.allclose(got, want / torch.tensor([[2.0], [1.0]])), (
    "These are weighted sums divided by the size of the bag. The sum is asked for, not the mean."
)
assert not torch.allclose(got, bag_sums * torch.tensor([[1.0], [0.5]])), (
    "You gave one weight to each bag (the first to bag 0, the second to bag 1). There is one "
    "weight for each id in values."
)
assert not torch.allclose(got, want / torch.tensor([[1.5], [2.0]])), (
    "These are weighted sums divided by the sum of the weights, a weighted mean. The weighted sum "
    "is asked for."
)
assert torch.allclose(got, want), f"Expected\n{want}\nbut got\n{got}"


# %% check="weighted_bag" points=1
def look_at_weighted(weight_in, ids_in, begins_in, factors):
    """Compares weighted_bag with two loops."""
    want = torch.zeros(len(begins_in), weight_in.shape[1], dtype=weight_in.dtype)
    for b, begin in enumerate(begins_in):
        end = begins_in[b + 1] if b + 1 < len(begins_in) else len(ids_in)
        for i in range(begin, end):
            want[b] += factors[i] * weight_in[ids_in[i]]
    kept = weight_in.clone(), factors.clone()
    args = torch.tensor(ids_in, dtype=torch.int64), torch.tensor(begins_in, dtype=torch.int64)
    got = weighted_bag(weight_in, *args, factors)
    assert torch.equal(weight_in, kept[0]), "weighted_bag changed the table it was given."
    assert torch.equal(factors, kept[1]), "weighted_bag changed the weights it was given."
    assert args[0].tolist() == ids_in and args[1].tolist() == begins_in, (
        "weighted_bag changed values or offsets."
    )
    assert tuple(got.shape) == tuple(want.shape), (
        f"offsets {begins_in} are {len(begins_in)} bags, so the shape should be "
        f"{tuple(want.shape)}; it is {tuple(got.shape)}."
    )
    for b, (mine, theirs) in enumerate(zip(got, want)):
        assert torch.allclose(mine.double(), theirs.double(), atol=1e-3), (
            f"values {ids_in}, offsets {begins_in}, weights "
            f"{[round(w, 2) for w in factors.tolist()]}: bag {b} should be "
            f"{[round(x, 3) for x in theirs.tolist()]}; it is "
            f"{[round(x, 3) for x in mine.tolist()]}. Each occurrence of an id has a weight of its "
            "own."
        )


look_at_weighted(
    torch.arange(20.0).reshape(5, 4), [3, 3, 1], [0, 2, 2], torch.tensor([1.0, -1.0, 2.0])
)
### BEGIN HIDDEN TESTS
look_at_weighted(torch.randn(3, 2), [], [0, 0], torch.zeros(0))
look_at_weighted(torch.randn(3, 2), [2], [0], torch.tensor([0.0]))
look_at_weighted(
    torch.randn(7, 3, dtype=torch.float64), [6, 6, 1], [0, 1], torch.rand(3, dtype=torch.float64)
)
dice = np.random.default_rng()
for _ in range(5):
    count = int(dice.integers(1, 20))
    cuts = sorted(dice.integers(0, count + 1, size=4).tolist())
    look_at_weighted(
        torch.randn(12, 3),
        dice.integers(0, 12, size=count).tolist(),
        [0, *cuts],
        torch.randn(count),
    )
### END HIDDEN TESTS

# %% check="weighted_bag" points=1
learning = torch.tensor([[1.0, 2], [3, 4], [5, 6]], requires_grad=True)
factors = torch.tensor([0.5, 2.0, 1.0], requires_grad=True)
got = weighted_bag(learning, torch.tensor([2, 0, 2]), torch.tensor([0, 1]), factors)
assert got.requires_grad, (
    "The result has no gradient: the graph is broken between the table and the result."
)
got.sum().backward()
assert learning.grad is not None, (
    "The gradient does not reach the table. from_pretrained makes a parameter of its own; "
    "F.embedding_bag takes the tensor itself."
)
assert torch.allclose(learning.grad, torch.tensor([[2.0, 2], [0, 0], [1.5, 1.5]])), (
    "With a gradient of ones, each row gets the sum of the weights it was used with: 2, 0 and 0.5 "
    f"+ 1. Yours: {learning.grad[:, 0].tolist()}"
)
assert factors.grad is not None, (
    "The gradient does not reach the weights: they were detached or copied on the way."
)
assert torch.allclose(factors.grad, torch.tensor([11.0, 3, 11])), (
    "With a gradient of ones, each weight gets the sum of its row: 11, 3, 11. Yours: "
    f"{factors.grad.tolist()}"
)

# %% [markdown]
# With the right weights your function is other functions too. Weights of one over the size of the
# bag give the mean:

# %%
bag_ids, bag_begins = torch.tensor([1, 2, 6, 5]), torch.tensor([0, 3])
print(weighted_bag(table, bag_ids, bag_begins, torch.tensor([1 / 3, 1 / 3, 1 / 3, 1.0])))
print(F.embedding_bag(bag_ids, table, bag_begins, mode="mean"))

# %% [markdown]
# So a missing mode costs nothing: a weighted mean is a weighted sum whose weights you scaled first.
# That is also how you give *padding* the weight 0 when a bag must stay rectangular.
#
# ## 6 · One call or two? Measure it
#
# PyTorch's manual calls `EmbeddingBag` "much more time and memory efficient" than the chain of a
# lookup and a sum. Before you believe it, **predict** by counting. A batch of `B` bags of `L` ids
# each, `dim` numbers a row, 4 bytes a number:
#
# | | read | written | memory beside the result |
# |---|---|---|---|
# | lookup, then sum | `2·B·L·dim`: the rows, then the block | `B·L·dim + B·dim` | `4·B·L·dim` bytes |
# | one fused call | `B·L·dim`: the rows | `B·dim` | nearly none |
#
# (Numbers, of 4 bytes each, in the first two columns.) The arithmetic is the same, `B·L·dim`
# additions. What differs is the traffic to memory: three trips against one. So expect the extra
# memory to grow in proportion to `L` in one case and to stay level in the other, and expect a
# factor of about three in time or better, since a block that is too large for the processor's cache
# has to be fetched from main memory again.
#
# **How memory is measured.** On a CPU we ask PyTorch's own allocator, through its profiler: every
# block handed out and given back during the call, in order; the highest running total is the peak,
# result included. On a GPU the allocator keeps that number itself. The table and the ids exist
# before and are not counted. Time is the best of several runs after one to warm up, on one CPU
# thread; best, because everything else that a computer does can only make a run slower.


# %%
def peak_bytes(call, device):
    """The most memory that `call()` held at once, as counted by PyTorch's allocator: int, bytes."""
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = call()  # noqa: F841  (held, so that it counts)
        return torch.cuda.max_memory_allocated() - before
    loud, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # some builds of the profiler chat on the error stream
    try:
        with torch.profiler.profile(
            activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
        ) as profiler:
            result = call()  # noqa: F841
    finally:
        os.dup2(loud, 2)
        os.close(loud)
        os.close(null)
    events = [
        event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    events.sort(key=lambda event: event.start_ns())
    return max(itertools.accumulate(event.nbytes() for event in events))


def best_seconds(call, device):
    """Shortest run of `call()` after one to warm up: 5 runs, or up to 100 if they are short."""
    seconds = []
    while len(seconds) < 6 or (sum(seconds) < 0.01 and len(seconds) < 100):
        begin = time.perf_counter()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:])


# %% [markdown]
# We measure each route twice: forward only, as when a trained model answers, and forward with
# backward, as in training, where the gradient of the whole table (20,000 × 64, so 4.9 MiB) has to
# be written whichever way the sum was made.

# %%
BAGS, DIM, VOCAB, LENGTHS = 512, 64, 20_000, [1, 2, 4, 8, 16, 32, 64, 128]


def routes(weight, ids):
    """Four calls that do the same work in two ways, without and with a backward pass."""

    def two_steps():
        return F.embedding(ids, weight).sum(dim=1)

    def fused():
        return F.embedding_bag(ids, weight, mode="sum")

    def train(forward):
        return lambda: torch.autograd.grad(forward().sum(), weight)

    return {
        "lookup, then sum": two_steps,
        "fused": fused,
        "lookup, then sum, with backward": train(two_steps),
        "fused, with backward": train(fused),
    }


def measure(device):
    """`{route: [(seconds, bytes) for each length]}`, with one CPU thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads would wait for each other whenever the machine is busy
    weight = torch.rand(VOCAB, DIM, device=device, requires_grad=True)
    found = {}
    for length in LENGTHS:
        ids = torch.randint(0, VOCAB, (BAGS, length), device=device)
        for name, call in routes(weight, ids).items():
            with torch.set_grad_enabled("backward" in name):
                numbers = best_seconds(call, device), peak_bytes(call, device)
            found.setdefault(name, []).append(numbers)
    torch.set_num_threads(threads)
    return found


# %% unstable=true
devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
LOOKS = {
    "lookup, then sum": (RED, "-", "o"),
    "fused": (BLUE, "-", "s"),
    "lookup, then sum, with backward": (ORANGE, "--", "o"),
    "fused, with backward": (GREEN, "--", "s"),
}
fig, axes = plt.subplots(len(devices), 2, figsize=(8.8, 3.9 * len(devices) + 0.6), squeeze=False)
for (left, right), device in zip(axes, devices, strict=True):
    found = measure(device)
    for name, numbers in found.items():
        colour, line, marker = LOOKS[name]
        seconds, peak = np.array(numbers).T
        look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4}
        left.plot(LENGTHS, seconds * 1e3, label=name, **look)
        right.plot(LENGTHS, peak / 2**20, **look)
    left.set(ylabel="milliseconds, best run", title=f"time ({device})")
    right.set(ylabel="MiB", title=f"peak memory of the call ({device})")
    for ax in (left, right):
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="ids in each bag",
            xticks=LENGTHS,
            xticklabels=LENGTHS,
        )
        ax.minorticks_off()
    (slow, much), (quick, little) = found["lookup, then sum"][-1], found["fused"][-1]
    print(
        f"{device}, {LENGTHS[-1]} ids a bag, forward: {slow * 1e3:.2f} ms and {much / 2**20:.2f} "
        f"MiB in two steps, {quick * 1e3:.2f} ms and {little / 2**20:.2f} MiB fused"
    )
fig.legend(
    *axes[0, 0].get_legend_handles_labels(), loc="lower center", ncol=2, fontsize=9, frameon=False
)
fig.tight_layout(rect=(0, 0.6 / fig.get_figheight(), 1, 1))
plt.show()

# %% [markdown]
# *Figure:* time (left) and peak memory (right) against the number of ids in a bag, both axes
# logarithmic. In memory, the line of lookup-then-sum climbs in proportion to the bag, while the
# fused line is level. With the backward pass both begin at the size of the table's gradient, 5 MiB;
# the fused line hardly leaves it, the other does as the block outgrows the gradient. In time, the
# fused forward line runs below the other and the gap widens. With the backward pass the two lines
# lie on each other up to about 32 ids and part after that.
#
# What the author's machine said (two cores, no GPU; yours will differ in time, hardly in memory).
# Each pair is *lookup, then sum* → *fused*:
#
# | ids a bag | forward, ms | forward, MiB | with backward, ms | with backward, MiB |
# |---|---|---|---|---|
# | 1 | 0.01 → 0.01 | 0.25 → 0.14 | 0.13 → 0.13 | 5.0 → 5.0 |
# | 8 | 0.05 → 0.02 | 1.1 → 0.14 | 0.39 → 0.36 | 5.9 → 5.1 |
# | 32 | 0.15 → 0.05 | 4.1 → 0.14 | 1.6 → 1.6 | 8.9 → 5.5 |
# | 128 | 1.2 → 0.17 | 16.1 → 0.14 | 7.0 → 3.3 | 20.9 → 7.0 |
#
# Three things to read off.
#
# - **Memory** is as counted: `4·512·128·64` bytes are 16 MiB, and the fused call does without them.
#   We did not trust the profiler alone. A fresh process that makes only the one call grew by 16.1
#   MiB for the two steps and by 0.1 MiB for the fused call, as the operating system counts
#   (`resource.getrusage`).
# - **Time, forward**: little to gain for a bag of one id, two to three times quicker at 8 and 32
#   ids, and about seven times at 128, where the block has outgrown the cache and memory of that size must often be
#   asked for from the system anew, page by page.
# - **Training** is another story. Writing the gradient of the table dominates, in both routes, and
#   up to 32 ids a bag the fused call is *no quicker*. What it saves is memory, and the longer the
#   bag the more. (Against the cost of the gradient itself there is `sparse=True`, from Lab 4. It
#   does not go with `mode="max"`.)
#
# So "more time and memory efficient" is true, and has conditions: *memory nearly always; time when
# you only go forward, or when bags are long*.
#
# ## 7 · More products than rows: the hashing trick
#
# Until now somebody had handed out the ids. The usual way is a vocabulary: every distinct token
# gets the next free number. For the words of a language that works. For a shop it works badly: the
# catalogue has millions of products, so the table has millions of rows; and tomorrow there are new
# ones, which have no number and no row until the vocabulary is built and the table is trained
# again.
#
# The **hashing trick** does without a vocabulary. Choose how many rows you can afford, say
# `buckets`, and *compute* the id from the token's letters: `hash(token) % buckets`. Any token has
# an id, also one that did not exist yesterday.
#
# Which hash? Python has one built in. Run this cell, restart the kernel, run it again:

# %% unstable=true
print("q2x8 →", hash("q2x8") % 1000)

# %% [markdown]
# It prints another number in every process. Python salts the hash of strings, on purpose, so that
# nobody can send a web server keys that all collide. For an embedding this is a disaster of the
# quiet kind: the model that was trained yesterday looks every product up in somebody else's row
# today, and no error is raised.
#
# What we need is a function of the token's bytes and of nothing else. CRC-32, the checksum of zip
# files and network packets, is such a function: quick, in the standard library (`zlib.crc32`), the
# same on every machine and in every language. It takes *bytes*, so the text must be encoded first;
# everybody has to agree on the encoding too, and that is UTF-8.

# %%
print("café".encode("utf-8"), "café".encode("latin-1"))
print(zlib.crc32("café".encode("utf-8")), zlib.crc32("café".encode("latin-1")))

# %% [markdown]
# ### Exercise 6 · hash_bucket
# ●○○○○ · 2 points · 4 minutes
#
# Compute a token's bucket so that it is the same in every process, on every machine.
#
# <details><summary>My answer passes today and fails tomorrow</summary>
#
# Python's `hash` of a string begins with a random number for each process.
# </details>
# <details><summary>TypeError: a bytes-like object is required, not 'str'</summary>
#
# A checksum is computed from bytes. A string has a method that turns it into bytes.
# </details>


# %% exercise="hash_bucket"
def hash_bucket(token, buckets):
    """The row of a hashed table that belongs to a token.

    Args:
        token: str, any text.
        buckets: int, number of rows of the table, at least 1.
    Returns:
        int in `0 … buckets - 1`: the CRC-32 of the token's UTF-8 bytes, modulo `buckets`.
    """
    ### BEGIN SOLUTION
    return zlib.crc32(token.encode("utf-8")) % buckets
    ### END SOLUTION


# %% check="hash_bucket" points=1
got = hash_bucket("q2x8", 1000)
assert isinstance(got, int) and not isinstance(got, bool), (
    f"hash_bucket should return an int; it returned a {type(got).__name__}."
)
assert 0 <= got < 1000, f"hash_bucket('q2x8', 1000) should be in 0 … 999; it is {got}."
assert got != zlib.crc32(b"q2x8") & 999, (
    f"hash_bucket('q2x8', 1000) should be 171; it is {got}. A mask, & (buckets - 1), is a modulo "
    "only when buckets is a power of two."
)
assert hash_bucket("9juk", 1000) == 18 and got == 171, (
    f"hash_bucket('q2x8', 1000) should be 171 and hash_bucket('9juk', 1000) 18; they are {got} and "
    f"{hash_bucket('9juk', 1000)}. Python's hash() differs from run to run; the CRC-32 of the "
    "UTF-8 bytes does not."
)

# %% check="hash_bucket" points=1
dice = np.random.default_rng()
letters = list("0123456789abcdefghijklmnopqrstuvwxyz")
plain_tokens = ["90u7", "", "a long product name"]
plain_tokens += ["".join(dice.choice(letters, size=4)) for _ in range(20)]
for token in plain_tokens:
    for count in (1, 7, 1000, 100_000):
        want = zlib.crc32(token.encode("utf-8")) % count
        got = hash_bucket(token, count)
        assert isinstance(got, int), (
            f"hash_bucket should return an int; it returned a {type(got).__name__}."
        )
        assert got == want, (
            f"hash_bucket({token!r}, {count}) should be {want}; it is {got}. The bucket is the "
            "CRC-32 of the token as it stands, modulo the number of buckets."
        )
### BEGIN HIDDEN TESTS
for token in ("Q2X8", " q2x8 "):
    assert hash_bucket(token, 9973) == zlib.crc32(token.encode("utf-8")) % 9973, (
        f"hash_bucket({token!r}, 9973) is wrong: the token is hashed as it stands, capitals and "
        "spaces included."
    )
for token in ("café", "Œuvre", "čaj", "Ωmega"):
    want = zlib.crc32(token.encode("utf-8")) % 9973
    try:
        got = hash_bucket(token, 9973)
    except Exception as error:
        raise AssertionError(
            f"hash_bucket({token!r}, 9973) raised {type(error).__name__}. Encode as UTF-8, which "
            "has bytes for every character."
        ) from None
    assert got == want, (
        f"hash_bucket({token!r}, 9973) should be {want}; it is {got}. Encode as UTF-8: in another "
        "encoding the bytes differ, and so does the checksum."
    )
### END HIDDEN TESTS

# %% [markdown]
# Two rows of purchases, from names to ids without any vocabulary, and a product that was invented a
# minute ago:

# %%
for purchase in (["q2x8", "9juk", "90u7"], ["89i2", "a8p0", "q2x8"], ["brand-new"]):
    print(purchase, "→", [hash_bucket(token, 100_000) for token in purchase])

# %% [markdown]
# `q2x8` has the same id in both rows, as it must. The new product has an id too. It is some row of
# the table, and that row was trained, if at all, for somebody else.
#
# ### What can go wrong: collisions
#
# Two tokens in one bucket share a row. The model sees one product where there are two. How often
# does that happen?
#
# **Predict:** 2,000 products, and a generous table of 16,384 rows, eight for each product. How many
# products will land in a row that another one has taken already: none, a handful, a hundred?
#
# Drop the tokens in one after another and count those that land in a taken bucket. Of `n` tokens in
# `m` buckets,
#
# - a given bucket stays empty with probability `(1 - 1/m)^n`,
# - so on average `m (1 - (1 - 1/m)^n)` buckets are occupied,
# - and every token that did not occupy a new bucket has collided: `n - m (1 - (1 - 1/m)^n)` of
#   them.
#
# ### Exercise 7 · expected_collisions
# ●●○○○ · 2 points · 5 minutes
#
# Compute how many of `tokens` distinct tokens are expected to share a bucket with an earlier one.
#
# <details><summary>My number is between 0 and 1</summary>
#
# That is a probability (of at least one collision, perhaps). A *number of tokens* is asked for.
# </details>
# <details><summary>I get about twice the expected number when collisions are few</summary>
#
# When two tokens meet, how many of them met an *earlier* one?
# </details>


# %% exercise="expected_collisions"
def expected_collisions(tokens, buckets):
    """Expected number of tokens that share a bucket with an earlier one (buckets drawn evenly).

    Args:
        tokens: int, how many distinct tokens there are, at least 0.
        buckets: int, number of buckets, at least 1.
    Returns:
        float: n - m (1 - (1 - 1/m)^n) for n tokens in m buckets.
    """
    ### BEGIN SOLUTION
    return tokens - buckets * (1 - (1 - 1 / buckets) ** tokens)
    ### END SOLUTION


# %% check="expected_collisions" points=1
try:
    got = expected_collisions(2, 2)
except TypeError as error:
    raise AssertionError(
        f"expected_collisions(2, 2) raised a TypeError: {error}. tokens is an int, the number of "
        "distinct tokens, not a list of them."
    ) from None
assert isinstance(got, (int, float, np.floating, np.integer)), (
    f"expected_collisions should return a number; it returned a {type(got).__name__}."
)
assert abs(got - 1.5) > 1e-6, (
    "Two tokens, two buckets: 1.5 is the expected number of occupied buckets. The tokens that did "
    "not occupy a new one are asked for: 0.5."
)
assert abs(got - 1.0) > 1e-6, (
    "Two tokens, two buckets: 1.0 counts both tokens of a pair; only one of them met an earlier "
    "one: 0.5."
)
assert abs(got - 0.5) < 1e-6, (
    "Two tokens, two buckets: the second meets the first every other time, so 0.5 are expected; "
    f"got {float(got):g}."
)
got = float(expected_collisions(23, 365))
assert abs(got - 0.5073) > 1e-3, (
    "0.507 is the probability that any two of 23 people share a birthday. The expected number of "
    "tokens is asked for: 0.680."
)
assert abs(got - 253 / 365) > 1e-3, (
    "0.693 is the expected number of pairs, n(n-1)/2m. Three tokens in one bucket are three "
    "pairs, but only two of them met an earlier one: 0.680."
)
assert abs(got - 0.6796) < 1e-3, f"23 tokens in 365 buckets: 0.680 expected; got {got:.4f}."


# %% check="expected_collisions" points=1
def met_earlier(n, m):
    """By another way: token k (from 0) misses all k earlier ones with probability (1 - 1/m)^k."""
    return sum(1 - (1 - 1 / m) ** k for k in range(n))


for n, m in ((3, 2), (10, 10)):
    got = float(expected_collisions(n, m))
    assert abs(got - met_earlier(n, m)) < 1e-5, (
        f"{n} tokens in {m} buckets: {met_earlier(n, m):.4f} expected; got {got:.4f}. Do not "
        "round: it is an average."
    )
### BEGIN HIDDEN TESTS
for n, m in ((0, 5), (1, 7), (5, 1), (0, 1), (1000, 3), (1000, 100_000)):
    got = float(expected_collisions(n, m))
    assert abs(got - met_earlier(n, m)) < 1e-4, (
        f"{n} tokens in {m} buckets: {met_earlier(n, m):.4f} expected; got {got:.4f}."
    )
dice = np.random.default_rng()
for _ in range(10):
    n, m = int(dice.integers(2, 1000)), int(dice.integers(2, 3000))
    got = float(expected_collisions(n, m))
    assert abs(got - met_earlier(n, m)) < 1e-4, (
        f"{n} tokens in {m} buckets: {met_earlier(n, m):.4f} expected; got {got:.4f}."
    )
### END HIDDEN TESTS

# %% [markdown]
# Theory is cheap. We invent 2,000 product names in the style of `q2x8`, hash them into tables of
# many sizes, and count.

# %%
letters_and_digits = list("0123456789abcdefghijklmnopqrstuvwxyz")
shop = np.random.default_rng(5)
drawn = ["".join(shop.choice(letters_and_digits, size=4)) for _ in range(2100)]
names = list(dict.fromkeys(drawn))[:2000]  # each name once
checksums = np.array([zlib.crc32(name.encode("utf-8")) for name in names])  # (tokens 2000,)
sizes = [2**k for k in range(7, 18)]
measured = [len(names) - len(np.unique(checksums % m)) for m in sizes]
theory = [expected_collisions(len(names), m) for m in sizes]
for m, seen, expected in zip(sizes, measured, theory, strict=True):
    print(f"{m:7,} buckets: {seen:5,} of 2,000 collided, {expected:8.1f} expected")

# %%
smooth = np.unique(np.geomspace(sizes[0], sizes[-1], 60).astype(int))
smooth_theory = [expected_collisions(len(names), int(m)) for m in smooth]

fig, ax = plt.subplots(figsize=(7.4, 4.2))
ax.plot(smooth, smooth_theory, color=BLUE, label="theory")
ax.plot(sizes, measured, "o", color=ORANGE, label="measured, CRC-32")
ax.axvline(len(names), color=GREY, linestyle=":", label="as many buckets as tokens")
ax.set(
    xscale="log",
    yscale="log",
    xlabel="buckets",
    ylabel="tokens that met an earlier one",
    title="2,000 product names in a hashed table",
)
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# *Figure:* number of collided tokens against number of buckets, both axes logarithmic, for 2,000
# tokens. The measured points lie on the theoretical line: nearly flat at about 2,000 while buckets
# are few, 736 where there are as many buckets as tokens, and beyond that falling in proportion to
# one over the number of buckets, to about 15 (13 measured) at 131,072.
#
# With eight rows for each product there are still more than a hundred collisions (112 here, 117
# expected). Making the table ten times larger makes them ten times rarer; they never quite go.
# CRC-32 was not made for this job, and still it spreads these names as evenly as theory asks.
#
# How are the tokens distributed over the buckets? For each token, count the others in its bucket.


# %%
def draw_company(ax, buckets):
    """The 2,000 tokens by how many others share their bucket; 7 stands for 7 or more."""
    bucket_of = checksums % buckets  # (tokens,)
    others = np.bincount(bucket_of)[bucket_of] - 1  # (tokens,)
    counts = np.bincount(np.minimum(others, 7), minlength=8)
    ax.bar(range(8), counts, color=[BLUE] + [ORANGE] * 7)
    ax.set(title=f"{buckets:,} buckets", xlabel="others in the bucket", ylim=(0, 2100))
    ax.set_xticks(range(8), [*range(7), "7+"])
    ax.text(0.97, 0.88, f"{counts[0]:,} alone", transform=ax.transAxes, ha="right", color=BLUE)


# %% [markdown]
# Turn the knob and watch how many live alone. How many buckets does it take for nine in ten?

# %% unstable=true
def show_company(log2_buckets):
    fig, ax = plt.subplots(figsize=(7, 2.8))
    draw_company(ax, 2**log2_buckets)
    ax.set_ylabel("tokens")
    plt.show()


log2_buckets = IntSlider(value=11, min=9, max=17, description="log₂ buckets")
control = interact(show_company, log2_buckets=log2_buckets)

# %% [markdown]
# Three positions of the knob:

# %%
fig, axes = plt.subplots(1, 3, figsize=(8.8, 3.0), sharey=True)
for ax, buckets in zip(axes, (1024, 2048, 16384), strict=True):
    draw_company(ax, buckets)
axes[0].set_ylabel("tokens")
fig.tight_layout()
plt.show()

# %% [markdown]
# *Figure:* three bar charts of the 2,000 tokens by how many others share their bucket. With 1,024
# buckets few tokens are alone and most share with one to three others. With 2,048 buckets more than
# a third are alone. With 16,384 buckets nearly nine in ten are alone, and the rest nearly all share
# with one other.
#
# ### What a collision costs
#
# Suppose each product has a true value (how much customers like it, say), and the table has one
# column. The best number that a shared row can hold is the *mean* of the values of the tokens in
# it, so what is lost is how they differ from each other. Let us fit the best hashed table for 2,000
# random values, and ask what share of their variance it can no longer tell.

# %%
true_value = torch.from_numpy(np.random.default_rng(6).normal(size=len(names)))  # (tokens,)
lost = []
for m in sizes:
    bucket_of = torch.from_numpy(checksums % m)  # (tokens,)
    size = torch.bincount(bucket_of, minlength=m).clamp(min=1)  # (buckets,)
    total = torch.zeros(m, dtype=torch.float64).index_add_(0, bucket_of, true_value)  # (buckets,)
    best_row = total / size  # (buckets,): the mean of the values in each bucket
    lost.append(float(((true_value - best_row[bucket_of]) ** 2).mean() / true_value.var()))

collided = np.array(measured) / len(names)
roominess = np.array(sizes) / len(names)
fig, ax = plt.subplots(figsize=(7.4, 4.0))
ax.plot(roominess, 100 * collided, color=BLUE, label="tokens that met an earlier one")
ax.plot(roominess, 100 * np.array(lost), "o", color=ORANGE, label="variance lost")
ax.set(xscale="log", xlabel="buckets for each token", ylabel="per cent")
ax.set_title("What a hashed table can no longer tell")
ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# *Figure:* per cent of variance lost, as points, and per cent of tokens that collided, as a line,
# against buckets for each token on a logarithmic axis. The points lie close to the line: both are
# above 90 per cent at 0.06 buckets a token, a little under 40 at one, under 3 at sixteen.
#
# The two agree (up to the luck of 2,000 random values), and not by chance: a bucket with `k`
# unrelated tokens keeps one number instead of `k`, so it loses `k - 1` of them, which is exactly
# its number of collisions. **Each collision costs one token's worth of knowledge.** Your
# `expected_collisions` therefore prices a table before anything is trained.
#
# Real shops fare better than this worst case, since few products make most of the sales, and a
# popular one that shares its row with three that nobody buys hardly notices. Two things hashing
# never gives back: from a bucket you cannot tell which token it was, and a new product begins with
# a neighbour's vector instead of an honest "unknown". Lab 6 puts this into a model and watches the
# score.
#
# ## 8 · The question

# %% [markdown] question="offsets-or-padding" points=3
# **Question (3 points).** Uneven bags can be stored as flat values with offsets, or as a padded rectangle with
# a padding id. When would you choose which? Name at least one situation for each, and for each say
# what would go wrong, or be wasted, with the other. A few sentences are enough.
#
# ### BEGIN SOLUTION
# **Rubric (3 points).**
# - 1 point: a situation for *offsets* with a reason. Bag sizes vary much or are unbounded (purchase
#   histories: most have two ids, one has two thousand): the rectangle is as wide as the longest
#   bag, so memory and work go to padding, or long bags are cut; no id has to be given up for
#   padding; empty bags are natural.
# - 1 point: a situation for *padding* with a reason. Order or position matters (convolution,
#   recurrent net, attention: one vector for each id is wanted, not one for each bag); sizes are
#   nearly equal or capped (first five words of a review); hardware or a framework wants fixed
#   shapes (compilers, Keras models, slicing a batch or shuffling rows is simple indexing).
# - 1 point: what goes wrong with the other: padding counted in a mean or winning a max, or trained,
#   unless a mask or `padding_idx` is used; with offsets, rows cannot be indexed or shuffled without
#   rebuilding, a closing offset adds a bag without an error, `EmbeddingBag` gives no vectors for
#   single ids.
#
# **Model answer.** For purchase histories that feed a sum I take offsets: the sizes differ by a
# factor of a hundred, so a rectangle would be nearly all padding, and a customer without purchases
# is just two equal offsets. For the first five words of a review that go through an attention layer
# I pad: I need a vector for each position, at most five of them, and a rectangle is easy to slice,
# shuffle and compile. With padding I must not forget the mask, or the padding enters every mean;
# with offsets I could not hand the single word vectors on at all.
# ### END SOLUTION

# %% [markdown]
# ## What you learned
#
# - A bag is a group of ids without order; `EmbeddingBag` looks up and reduces in one call.
# - Uneven bags are flat values with offsets. Offsets are beginnings: the first is 0, there is one
#   for each bag, two equal ones make an empty bag, and an empty bag is zeros in every mode.
# - The default mode is `mean`. Sum teaches every row alike, mean teaches rows in large bags less,
#   max teaches the winners only.
# - Weights belong to ids, go with `sum`, and can be learned.
# - The fused call saves the block `(batch, length, dim)`: memory nearly always, time above all for
#   long bags. It does not save the gradient of the table.
# - Hashing replaces a vocabulary by a fixed number of rows. Use a hash that is the same everywhere.
#   Each collision costs one token's worth of what the table could know.
#
# ## Further reading
#
# - PyTorch, [EmbeddingBag](https://pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html):
#   all options, and when it equals an `Embedding` followed by a reduction.
# - PyTorch forum, [What is nn.Embedding exactly
#   doing?](https://discuss.pytorch.org/t/what-is-nn-embedding-exactly-doing/12521) and [How does
#   nn.Embedding work?](https://discuss.pytorch.org/t/how-does-nn-embedding-work/88518): the lookup
#   under the bag.
# - Python, [zlib.crc32](https://docs.python.org/3/library/zlib.html#zlib.crc32) and
#   [PYTHONHASHSEED](https://docs.python.org/3/using/cmdline.html#envvar-PYTHONHASHSEED): why one
#   hash is stable and the other not.
# - Weinberger and others, [Feature Hashing for Large Scale Multitask
#   Learning](https://arxiv.org/abs/0902.2206), 2009: the paper of the hashing trick, with a *sign*
#   hash that lets collisions cancel on average.
#
# ## A challenge without points
#
# Give each token *two* rows, in buckets from two different hashes, and as its vector the **sum of
# both rows**, which is a bag of two ids. Two tokens are now confused only if *both* buckets agree.
# Fit such a table to `true_value` with the same total number of rows (half for each hash) and plot
# the variance lost next to the points above. Where does it win, and where, honestly, does it not?
# And what changes if a few products make most of the sales?
#
# A warning about the second hash: CRC-32 of the token with a letter put in front looks different
# and, for tokens of one length, is not. Compare the two checksums with `^` for a few names and see.
# A hash from `hashlib` will do.
