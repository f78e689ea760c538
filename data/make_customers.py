"""Write `customers.csv`, the customers of a shop that does not exist, and `states.csv`.

    python data/make_customers.py

Whether a customer buys again is drawn from a probability that is known here, so that what a model
learns can be held against the truth (see `probability`):

- the three dense numbers have a plain effect: more and larger purchases good, a long pause bad;
- every product belongs to one of four hidden kinds, every state to one of four hidden regions;
  each region likes two neighbouring kinds and dislikes the other two, so neither column says much
  alone and their *product* says most: a model needs both tables and an interaction;
- the review's words are praise or complaint.

A learned two-dimensional state table must therefore show the regions as the corners of a square.
No real person or shop is behind any of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from common import HERE, Random, write
from make_corpus import ASPECTS, BAD, CROSS, GOOD, PLEASED, PRODUCTS, VERY

SEED = 8
CUSTOMERS = 8_000
CATALOGUE = 240  # products; the first ones sell far more often than the last

# Regions of the United States Census Bureau, each with the direction of its taste.
REGIONS = {
    "northeast": "CT ME MA NH RI VT NJ NY PA",
    "midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "south": "DE FL GA MD NC SC VA WV AL KY MS TN AR LA OK TX",
    "west": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}
TASTE = {"northeast": (1, 1), "midwest": (-1, 1), "south": (-1, -1), "west": (1, -1)}
KINDS = [(1, 0), (0, 1), (-1, 0), (0, -1)]
REGION_OF = {state: region for region, states in REGIONS.items() for state in states.split()}

HEADER = "avg_amt,avg_n,n_days,purchased,state,review,bought_again"


@dataclass
class Customer:
    avg_amt: float  # monthly average amount, dollars
    avg_n: float  # monthly average number of transactions
    n_days: int  # since the last transaction
    kinds: list[int]  # hidden: the kind of each purchase
    purchased: list[str]  # product codes, oldest first; may be empty
    state: str
    mood: int  # hidden: 1 praise, -1 complaint, 0 neither
    review: list[str]  # the first words, five at most; may be empty


def probability(c: Customer) -> float:
    """The true probability that the customer buys again.

    The S-curve is x / sqrt(1 + x²), not the logistic function: only operations that IEEE 754
    fixes, so that every machine draws the same labels.
    """
    x = 0.012 * (c.avg_amt - 32) + 0.12 * (c.avg_n - 5) - 0.02 * (c.n_days - 20) + 0.6 * c.mood
    if c.kinds:
        taste = TASTE[REGION_OF[c.state]]
        liking = sum(taste[0] * KINDS[k][0] + taste[1] * KINDS[k][1] for k in c.kinds)
        x += 1.1 * liking / len(c.kinds)
    return 0.5 + 0.5 * x / math.sqrt(1 + x * x)


def catalogue(r: Random) -> list[tuple[str, int]]:
    """Product codes of four characters (the seed's `q2x8` first), each with its hidden kind."""
    codes = dict.fromkeys(["q2x8", "9juk", "90u7", "89i2", "a8p0"])
    while len(codes) < CATALOGUE:
        code = "".join(r.pick("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(4))
        if not code.isdigit() and not code.isalpha():  # neither a number nor, by accident, a word
            codes[code] = None
    return [(code, r.below(len(KINDS))) for code in codes]


def write_review(r: Random) -> tuple[int, list[str]]:
    mood = r.pick([1, 1, -1, -1, 0])
    good, bad, aspect, item = r.pick(GOOD), r.pick(BAD), r.pick(ASPECTS), r.pick(PRODUCTS)[0]
    very = r.pick(VERY)
    if mood == 0:
        text = r.pick(["", f"the {item}", f"this is a {item}", f"{very} {good} {aspect} but {bad}"])
    else:
        word, feeling = (good, r.pick(PLEASED)) if mood == 1 else (bad, r.pick(CROSS))
        text = r.pick(
            [
                f"i was {very} {feeling} with the {item}",
                f"{very} {word} {aspect}",
                f"{word} {item}",
                f"i am {feeling} with this {item}",
                f"the {aspect} was {word}",
                f"a {word} {item} with {word} {aspect}",
            ]
        )
    return mood, text.split()[:5]


def make_customers() -> list[tuple[Customer, float, int]]:
    """Each customer, the true probability, and the label drawn from it."""
    r = Random(SEED)
    products = catalogue(r)
    by_kind = [[code for code, kind in products if kind == k] for k in range(len(KINDS))]
    made = []
    for _ in range(CUSTOMERS):
        favourite = r.below(len(KINDS))
        kinds, codes = [], []
        for _ in range(r.pick([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8])):
            kind = favourite if r.below(10) < 8 else r.below(len(KINDS))
            kinds.append(kind)
            codes.append(by_kind[kind][int(len(by_kind[kind]) * r.unit() ** 2)])
        mood, review = write_review(r)
        customer = Customer(
            avg_amt=round(8 + 6 * (2 + r.normal()) ** 2, 2),
            avg_n=round(0.2 + (2 + 0.8 * r.normal()) ** 2, 1),
            n_days=int(60 * r.unit() ** 2),
            kinds=kinds,
            purchased=codes,
            state=r.pick(sorted(REGION_OF)),
            mood=mood,
            review=review,
        )
        p = probability(customer)
        made.append((customer, p, int(r.unit() < p)))
    return made


def main(folder: Path = HERE) -> None:
    lines = [HEADER]
    for c, _, label in make_customers():
        purchased, review = " ".join(c.purchased), " ".join(c.review)
        numbers = f"{c.avg_amt:.2f},{c.avg_n:.1f},{c.n_days}"
        lines.append(f"{numbers},{purchased},{c.state},{review},{label}")
    write("customers.csv", "\n".join(lines) + "\n", folder)
    states = [f"{state},{region}" for state, region in sorted(REGION_OF.items())]
    write("states.csv", "\n".join(["state,region", *states]) + "\n", folder)


if __name__ == "__main__":
    main()
