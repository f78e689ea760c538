"""Measure what the data can do: the numbers that `README.md` states.

    python data/score.py

The analogy score of the vectors, by section; for the customers the AUC of the true probability
(no model can be expected to do better) and of a logistic regression on the dense numbers alone.
"""

from __future__ import annotations

import sys

import numpy as np
from common import HERE
from glove import load_glove
from make_customers import make_customers

TRAINING_ROWS = 6_000  # the other customers are held out


def analogy_scores(stoi, vectors: np.ndarray, questions: str) -> dict[str, tuple[int, int]]:
    """Right answers and questions by section: nearest by cosine to b - a + c, those left out."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores, section = {}, ""
    for line in questions.splitlines():
        if line.startswith(":"):
            section = line[2:]
            scores[section] = (0, 0)
            continue
        a, b, c, d = (stoi[word] for word in line.split(" "))
        near = unit @ (unit[b] - unit[a] + unit[c])
        near[[a, b, c]] = -np.inf
        right, asked = scores[section]
        scores[section] = right + int(near.argmax() == d), asked + 1
    return scores


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """The share of pairs (a 1, a 0) in which the 1 has the higher score; ties count half."""
    ones, zeros = np.sort(score[label == 1]), np.sort(score[label == 0])
    below = np.searchsorted(zeros, ones, "left") + np.searchsorted(zeros, ones, "right")
    return float(below.sum() / (2 * len(ones) * len(zeros)))


def customer_scores() -> dict[str, float]:
    """AUC on the held-out customers."""
    customers, p, label = (np.array(column) for column in zip(*make_customers(), strict=True))
    p, label = p.astype(float), label.astype(int)
    dense = np.array([[c.avg_amt, c.avg_n, c.n_days] for c in customers])
    train, held = slice(0, TRAINING_ROWS), slice(TRAINING_ROWS, None)
    x = (dense - dense[train].mean(0)) / dense[train].std(0)
    x = np.column_stack([x, np.ones(len(x))])
    w = np.zeros(4)
    for _ in range(20):  # Newton's method
        q = 1 / (1 + np.exp(-x[train] @ w))
        hessian = (x[train].T * (q * (1 - q))) @ x[train]
        w += np.linalg.solve(hessian, x[train].T @ (label[train] - q))
    return {
        "true probability": auc(p[held], label[held]),
        "dense logistic regression": auc((x @ w)[held], label[held]),
    }


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else HERE / "glove.toy.50d.txt"
    glove = load_glove(path, 50)
    questions = (HERE / "analogies.txt").read_text(encoding="utf-8")
    scores = analogy_scores(glove.stoi, glove.vectors, questions)
    right, asked = (sum(column) for column in zip(*scores.values(), strict=True))
    for section, (right_here, asked_here) in {**scores, "all": (right, asked)}.items():
        print(f"{section:26} {right_here:4} / {asked_here:4} {right_here / asked_here:7.1%}")
    for name, value in customer_scores().items():
        print(f"AUC, {name:26} {value:.3f}")


if __name__ == "__main__":
    main()
