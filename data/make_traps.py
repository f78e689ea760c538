"""Write `glove.traps.4d.txt`: a table in the format of GloVe in which most lines are a hazard.

    python data/make_traps.py

Each hazard is one that published files have, or that editing them leaves behind. `LINES` says for
each what a right reader makes of it; `README.md` shows the same as a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common import HERE, write

DIM = 4


@dataclass
class Line:
    token: str  # what a right reader finds; None of its characters may be lost
    numbers: str
    hazard: str
    whole: bool = True  # False: the line does not end in DIM numbers and must be refused


LINES = [
    Line("the", "0.1 -0.2 0.3 -0.4", "none: an ordinary line, and no header before it"),
    Line(",", "0.11 0.12 0.13 0.14", "punctuation is a token; a comma is no separator"),
    Line('"', "0.21 0.22 0.23 0.24", "a quote: CSV readers swallow all up to the next one"),
    Line(". . .", "0.31 0.32 0.33 0.34", "spaces inside the token (840B has this one)"),
    Line("at name@domain.com", "0.41 0.42 0.43 0.44", "spaces inside the token (840B)"),
    Line("form 10", "0.51 0.52 0.53 0.54", "spaces, and the last word of the token is a number"),
    Line("1.5", "0.61 0.62 0.63 0.64", "the token itself reads as a number"),
    Line("nan", "0.71 0.72 0.73 0.74", "the token reads as a missing value (pandas drops it)"),
    Line("no\u00a0break", "0.81 0.82 0.83 0.84", "a no-break space: split() cuts there"),
    Line("next\u0085line", "0.91 0.92 0.93 0.94", "U+0085: splitlines() and split() cut there"),
    Line("line\u2028end", "1.01 1.02 1.03 1.04", "U+2028: splitlines() and split() cut there"),
    Line("form\x0cfeed", "1.11 1.12 1.13 1.14", "a form feed: splitlines() and split() cut there"),
    Line("#hash", "1.21 1.22 1.23 1.24", "np.loadtxt takes the line for a comment"),
    Line("caf\u00e9", "1.31 1.32 1.33 1.34", "two bytes for one letter: not ASCII, not Latin-1"),
    Line("cafe\u0301", "1.41 1.42 1.43 1.44", "looks like the line before, is another token"),
    Line("\U0001f600", "1.51 1.52 1.53 1.54", "a character outside the basic plane"),
    Line("<unk>", "1.61 1.62 1.63 1.64", "the unknown token: an ordinary row, anywhere"),
    Line("the", "9.1 9.2 9.3 9.4", "a repeated token: the first one counts, the row stays"),
    Line("tiny", "-1.2e-05 3e-06 0 -0.0", "exponents and whole numbers among the values"),
    Line("wide", "12.25 -100.5 0.000123456789 7", "many digits before or after the point"),
    Line("windows", "1.71 1.72 1.73 1.74\r", "a carriage return before the newline"),
    Line("short", "1.81 1.82 1.83", "a wrong count: one number too few", whole=False),
    Line("broken", "1.91 1.92 oops 1.94", "a field that is no number", whole=False),
    Line("last", "2.01 2.02 2.03 2.04", "no newline at the end of the file"),
]


def main(folder: Path = HERE) -> None:
    text = "\n".join(f"{line.token} {line.numbers}" for line in LINES)
    write(f"glove.traps.{DIM}d.txt", text, folder)


if __name__ == "__main__":
    main()
