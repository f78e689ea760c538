"""How fast `load_glove` is beside gensim's reader and pyarrow's CSV reader, in one run.

    python tests/bench/loader.py [--rows 400000] [--dim 100] [--rounds 5] [--skip-gensim]

Needs the extra `bench` (gensim, pyarrow). A table of the size of glove.6B.100d is drawn and printed
as GloVe prints it (five significant digits, 347 MB). Then, in turn and from the page cache:

- first load: `load_glove` with no cache; it parses, indexes the tokens and writes the cache;
- pyarrow: `pyarrow.csv.read_csv` alone, which leaves 101 columns, no matrix and no vocabulary
  (and would break on tokens with spaces); and the same followed by what makes the two results
  comparable, one float32 matrix and a dict;
- gensim: `KeyedVectors.load_word2vec_format(no_header=True)`, once, it is slow;
- later load: `load_glove` from the cache, one token looked up and its row read.

The bars are those of the project: a first load at least 10 times faster than gensim, at most 1.3
times pyarrow's bare reader (medians of the rounds), later loads under 50 ms. Exit code 1 if missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data"))
from glove import load_glove


def write_table(path: Path, rows: int, dim: int) -> None:
    """`rows` tokens w0, w1 … with `dim` normal numbers, as GloVe prints them."""
    rng = np.random.default_rng(0)
    line = "w%d " + " ".join(["%.5g"] * dim) + "\n"
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for start in range(0, rows, 10_000):
            block = rng.normal(0, 0.4, (min(10_000, rows - start), dim)).tolist()
            file.writelines(line % (start + i, *row) for i, row in enumerate(block))


def with_pyarrow(path: Path):
    from pyarrow import csv

    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(autogenerate_column_names=True),
        parse_options=csv.ParseOptions(delimiter=" ", quote_char=False),
    )


def with_pyarrow_whole(path: Path) -> tuple[dict[str, int], np.ndarray]:
    table = with_pyarrow(path)
    vectors = np.empty((table.num_rows, table.num_columns - 1), dtype=np.float32)
    for j in range(vectors.shape[1]):
        vectors[:, j] = table.column(j + 1).to_numpy()
    return {token: i for i, token in enumerate(table.column(0).to_pylist())}, vectors


def with_gensim(path: Path):
    from gensim.models import KeyedVectors

    return KeyedVectors.load_word2vec_format(str(path), no_header=True)


def seconds(work: Callable, *args) -> tuple[float, object]:
    start = time.perf_counter()
    result = work(*args)
    return time.perf_counter() - start, result


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=400_000)
    options.add_argument("--dim", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--skip-gensim", action="store_true")
    o = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder, f"bench.{o.dim}d.txt"), Path(folder, "cache")
        write_table(path, o.rows, o.dim)
        print(f"{o.rows:,} x {o.dim}, {path.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores")

        def first() -> np.ndarray:
            return load_glove(path, o.dim, cache=cache).vectors

        def later() -> tuple[int, np.ndarray]:
            glove = load_glove(path, o.dim, cache=cache)
            return glove.stoi[f"w{o.rows - 1}"], glove.vectors[o.rows - 1].copy()

        took: dict[str, list[float]] = {
            "first": [],
            "later": [],
            "pyarrow": [],
            "pyarrow whole": [],
        }
        with_pyarrow(path)  # imports, and the file into the page cache
        for _ in range(o.rounds):
            shutil.rmtree(cache, ignore_errors=True)
            took["first"].append(seconds(first)[0])
            took["later"].append(seconds(later)[0])
            took["pyarrow"].append(seconds(with_pyarrow, path)[0])
            spent, (stoi, vectors) = seconds(with_pyarrow_whole, path)
            took["pyarrow whole"].append(spent)
        assert (first() == vectors).all() and later()[0] == stoi[f"w{o.rows - 1}"]
        if not o.skip_gensim:
            spent, model = seconds(with_gensim, path)
            took["gensim"] = [spent]
            assert (model.vectors == vectors).all()

    middle = {name: statistics.median(times) for name, times in took.items()}
    for name, times in took.items():
        print(f"{name:14} median {middle[name]:8.4f} s   best {min(times):8.4f} s")
    bars = [("first / pyarrow", middle["first"] / middle["pyarrow"], "<=", 1.3)]
    bars += [("first / pyarrow whole", middle["first"] / middle["pyarrow whole"], "<=", 1.3)]
    bars += [("later, ms", 1000 * middle["later"], "<=", 50.0)]
    if "gensim" in middle:
        bars += [("gensim / first", middle["gensim"] / middle["first"], ">=", 10.0)]
    missed = 0
    for name, value, sign, bar in bars:
        met = value <= bar if sign == "<=" else value >= bar
        missed += not met
        print(f"{name:22} {value:8.2f}   bar {sign} {bar:g}   {'met' if met else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
