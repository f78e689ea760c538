"""Train `glove.toy.50d.txt` on `corpus.txt`: our own implementation of GloVe.

    python data/train_glove.py

The objective (Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation",
2014, equation 8) is weighted least squares on the logarithm of co-occurrence,

    J = sum over i, j of f(X_ij) (w_i . u_j + b_i + c_j - log X_ij)^2,   f(x) = min(1, x/x_max)^0.75

where X_ij counts how often word j stands within `WINDOW` words of word i in one sentence, each
meeting weighted by one over the distance. Minimised with AdaGrad; the published vector is w + u.
Unlike the original, which draws one (i, j) at a time, every step here uses the whole matrix: with
a vocabulary this small that is two matrix products.

Why the result is the same to the byte on every machine
- Co-occurrence is counted in integers: 1/d is kept as LCM/d, with LCM = lcm(1 … WINDOW).
- Logarithms come from `decimal`, which rounds correctly; `math.log` and `np.log` need not.
- Powers are products and square roots: x^0.75 = sqrt(x sqrt(x)). IEEE 754 fixes + - * / sqrt.
- The only sums are matrix products, whose order differs between BLAS libraries, thread counts
  and processors. So before each product both factors are rounded to multiples of 2^-FACTOR_BITS
  or 2^-ERROR_BITS, few enough bits that every partial sum is exact in float64 (`exact_product`
  checks it): then the order cannot matter, with or without fused multiply-add.
- Random numbers are SplitMix64's, from `common`.
"""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
from common import HERE, Random, write

SEED = 6
DIM = 50
WINDOW = 8
X_MAX = 20
UNSEEN = 0.1  # a pair that never met counts as a tenth of a meeting, and every pair gets as much
RATE = 0.2
STEPS = 400
FACTOR_BITS = 18  # vectors are used in products as multiples of 2**-18
ERROR_BITS = 16  # and errors as multiples of 2**-16
DIGITS = 4  # after the point, in the file
LCM = math.lcm(*range(1, WINDOW + 1))


def count(sentences: list[list[str]]) -> tuple[list[str], np.ndarray]:
    """The vocabulary, most frequent first (ties by first appearance), and co-occurrence.

    Returns:
        words, and int64 `(V, V)` symmetric: LCM times the weighted count.
    """
    frequency = Counter(word for sentence in sentences for word in sentence)
    words = [word for word, _ in frequency.most_common()]  # stable: ties in order of appearance
    stoi = {word: i for i, word in enumerate(words)}
    together: Counter[tuple[int, int]] = Counter()
    for sentence in sentences:
        ids = [stoi[word] for word in sentence]
        for i, center in enumerate(ids):
            for distance, context in enumerate(ids[i + 1 : i + 1 + WINDOW], start=1):
                together[center, context] += LCM // distance
                together[context, center] += LCM // distance
    counts = np.zeros((len(words), len(words)), dtype=np.int64)
    for (i, j), n in together.items():
        counts[i, j] = n
    return words, counts


def logarithms(counts: np.ndarray) -> np.ndarray:
    """log(counts / LCM), correctly rounded; 0 where the count is 0."""
    values, where = np.unique(counts, return_inverse=True)
    with localcontext() as context:
        context.prec = 25
        shift = Decimal(LCM).ln()
        logs = [float(Decimal(int(n)).ln() - shift) if n else 0.0 for n in values]
    return np.array(logs)[where].reshape(counts.shape)


def rounded(x: np.ndarray, bits: int) -> np.ndarray:
    return np.rint(x * 2.0**bits) * 2.0**-bits


def exact_product(a: np.ndarray, b: np.ndarray, bits: int) -> np.ndarray:
    """a @ b for multiples of 2**-bits (the sum of both factors' bits), refusing to round."""
    bound = a.shape[1] * np.abs(a).max() * np.abs(b).max() * 2.0**bits
    if not bound < 2**53:
        raise ArithmeticError(f"a product may need {math.log2(bound):.1f} bits, float64 has 53")
    return a @ b


def train(counts: np.ndarray, dim: int = DIM, steps: int = STEPS) -> np.ndarray:
    """Minimise J with AdaGrad.

    Args:
        counts: int64 `(V, V)`, see `count`.

    Returns:
        float64 `(V, dim)`: the sum of word vectors and context vectors.
    """
    r = Random(SEED)
    size = len(counts)
    counts = counts + int(UNSEEN * LCM)
    share = np.minimum(counts / (LCM * X_MAX), 1.0)
    weight = np.sqrt(share * np.sqrt(share))
    logs = logarithms(counts)
    # Two tables, each with two more columns: its own bias beside a 1, and a 1 beside the other's
    # bias, so that one product holds all four terms.
    start = np.array([r.unit() - 0.5 for _ in range(2 * size * (dim + 2))])
    words, contexts = start.reshape(2, size, dim + 2) / dim
    words[:, dim + 1] = contexts[:, dim] = 1.0
    squares = [np.ones_like(words), np.ones_like(contexts)]
    for _ in range(steps):
        w, u = rounded(words, FACTOR_BITS), rounded(contexts, FACTOR_BITS)
        error = weight * (exact_product(w, u.T, 2 * FACTOR_BITS) - logs)
        error = rounded(error, ERROR_BITS)
        slopes = [
            exact_product(error, u, ERROR_BITS + FACTOR_BITS),
            exact_product(error.T, w, ERROR_BITS + FACTOR_BITS),
        ]
        slopes[0][:, dim + 1] = slopes[1][:, dim] = 0.0  # the ones stay
        for table, slope, square in zip((words, contexts), slopes, squares, strict=True):
            square += slope * slope
            table -= RATE * slope / np.sqrt(square)
    return (words + contexts)[:, :dim]


def main(folder: Path = HERE, corpus: Path = HERE / "corpus.txt") -> None:
    sentences = [line.split(" ") for line in corpus.read_text(encoding="utf-8").splitlines()]
    words, counts = count(sentences)
    vectors = train(counts)
    lines = (
        " ".join([word, *(f"{x:.{DIGITS}f}" for x in vector)]) + "\n"
        for word, vector in zip(words, vectors.tolist(), strict=True)
    )
    write(f"glove.toy.{DIM}d.txt", "".join(lines), folder)


if __name__ == "__main__":
    main()
