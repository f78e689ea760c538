"""The files in `data/`: made again to the byte, small, and as useful as their cards say."""

import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import make_corpus
import make_customers
import make_traps
import numpy as np
import pytest
import score
import train_glove
from common import HERE, Random, write
from glove import load_glove

MADE = {
    "make_corpus": ["corpus.txt", "analogies.txt"],
    "train_glove": ["glove.toy.50d.txt"],
    "make_traps": ["glove.traps.4d.txt"],
    "make_customers": ["customers.csv", "states.csv"],
}


@pytest.mark.parametrize("script", MADE)
def test_each_script_makes_its_files_again_to_the_byte(script, tmp_path):
    {
        "make_corpus": make_corpus,
        "train_glove": train_glove,
        "make_traps": make_traps,
        "make_customers": make_customers,
    }[script].main(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(MADE[script])
    for name in MADE[script]:
        assert (tmp_path / name).read_bytes() == (HERE / name).read_bytes(), (
            f"{name} differs from what {script}.py makes; run `make data`"
        )


def test_training_does_not_depend_on_the_order_of_the_sums():
    """The products are exact, so a product summed in another order is equal to the last bit."""
    rng = np.random.default_rng(0)
    a = train_glove.rounded(rng.normal(size=(40, 300)), train_glove.ERROR_BITS)
    b = train_glove.rounded(rng.normal(size=(300, 30)), train_glove.FACTOR_BITS)
    order = rng.permutation(300)
    bits = train_glove.ERROR_BITS + train_glove.FACTOR_BITS
    one = train_glove.exact_product(a, b, bits)
    other = train_glove.exact_product(a[:, order].copy(), b[order].copy(), bits)
    assert (one == other).all()


def test_a_product_that_would_have_to_round_is_refused():
    big = np.full((2, 2), 2.0**20)
    with pytest.raises(ArithmeticError, match="bits"):
        train_glove.exact_product(big, big, 36)


def test_a_script_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, HERE / "make_traps.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write("a.txt", "old", tmp_path)

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("common.os.replace", fail)
    with pytest.raises(OSError, match="no space"):
        write("a.txt", "new", tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_the_generator_gives_the_published_numbers_of_splitmix64():
    r = Random(1234567)
    assert [r.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_all_of_data_stays_below_three_megabytes():
    files = [p for p in HERE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_every_file_has_a_card():
    cards = (HERE / "README.md").read_text(encoding="utf-8")
    for name in [name for names in MADE.values() for name in names] + ["glove.py"]:
        assert re.search(rf"^## .*`{re.escape(name)}`", cards, re.MULTILINE), f"no card for {name}"


def test_the_numbers_in_the_cards_are_true(toy):
    cards = (HERE / "README.md").read_text(encoding="utf-8")
    for name in [name for names in MADE.values() for name in names]:
        assert f"{(HERE / name).stat().st_size:,}" in cards, f"the size of {name} changed"
    words = (HERE / "corpus.txt").read_text(encoding="ascii").split()
    assert f"{len(set(words))} different words" in cards and f"{len(words):,} words" in cards
    scores = score.analogy_scores(
        toy.stoi, toy.vectors, (HERE / "analogies.txt").read_text(encoding="ascii")
    )
    for section, (right, asked) in scores.items():
        assert f"| {section.replace('-', ' ')} | {right} | {asked} |" in cards
    for value in score.customer_scores().values():
        assert f"| {value:.3f} |" in cards


# ── corpus and vectors ────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return load_glove(HERE / "glove.toy.50d.txt", 50, cache=tmp_path_factory.mktemp("cache"))


def test_the_corpus_has_tens_of_thousands_of_plain_sentences():
    text = (HERE / "corpus.txt").read_bytes().decode("ascii")
    lines = text.split("\n")
    assert lines.pop() == ""
    assert 20_000 <= len(lines) <= 50_000
    assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", line) for line in lines)
    assert min(Counter(text.split()).values()) >= 20, "a word is too rare to be learned"


def test_both_reviews_of_the_seed_can_be_encoded(toy):
    for review in ("i was very happy with", "very good quality but bad"):
        assert all(word in toy.stoi for word in review.split())


def test_the_vectors_have_the_format_and_the_order_of_the_real_files(toy):
    raw = (HERE / "glove.toy.50d.txt").read_bytes()
    assert raw.endswith(b"\n") and b"\r" not in raw
    assert all(len(line.split(b" ")) == 51 for line in raw.split(b"\n")[:-1])
    frequency = Counter((HERE / "corpus.txt").read_text(encoding="ascii").split())
    counts = [frequency[token] for token in toy.itos]
    assert counts == sorted(counts, reverse=True) and toy.itos[0] == "the"
    assert len(toy.stoi) == len(frequency)


def test_analogies_come_out_in_every_section(toy):
    questions = (HERE / "analogies.txt").read_text(encoding="ascii")
    scores = score.analogy_scores(toy.stoi, toy.vectors, questions)
    assert len(scores) == 6
    for section, (right, asked) in scores.items():
        assert asked >= 100 and right / asked >= 0.9, (section, right, asked)


@pytest.mark.parametrize(
    ("word", "neighbours"),
    [
        ("king", {"emperor", "prince", "throne", "palace"}),
        ("puppy", {"kitten"}),
        ("good", {"great", "excellent", "superb", "perfect", "brilliant"}),
        ("bad", {"terrible", "awful", "dreadful", "useless", "horrible", "flimsy"}),
        ("monday", {"tuesday", "sunday", "friday"}),
        ("apple", {"plum", "lemon", "pear", "peach", "banana"}),
        ("norway", {"sweden", "norwegian", "finland", "fjords"}),
        ("happy", {"pleased", "delighted", "satisfied", "thrilled", "impressed"}),
    ],
)
def test_neighbours_are_of_the_same_kind(toy, word, neighbours):
    unit = toy.vectors / np.linalg.norm(toy.vectors, axis=1, keepdims=True)
    near = [toy.itos[i] for i in np.argsort(-(unit @ unit[toy.stoi[word]]))[1:9]]
    assert neighbours & set(near), near


# ── traps ─────────────────────────────────────────────────────────────────────────────────────


def test_the_line_that_naive_code_reads_is_not_the_line_that_is_there():
    """Each hazard really is one: some common way of reading loses or changes something."""
    text = (HERE / "glove.traps.4d.txt").read_bytes().decode()
    assert text.splitlines() != text.split("\n")
    assert not text.endswith("\n")
    assert any(len(line.split()) != 5 for line in text.split("\n"))
    assert sum(not line.whole for line in make_traps.LINES) == 2


# ── customers ─────────────────────────────────────────────────────────────────────────────────


def test_customers_are_rows_of_the_columns_the_lab_reads():
    with open(HERE / "customers.csv", encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == make_customers.CUSTOMERS
    assert list(rows[0]) == make_customers.HEADER.split(",")
    sizes = Counter(len(row["purchased"].split()) for row in rows)
    assert sizes[0] > 0 and len(sizes) > 5, "purchases are uneven, some are empty"
    assert {row["state"] for row in rows} == set(make_customers.REGION_OF)
    assert len(make_customers.REGION_OF) == 50
    assert max(len(row["review"].split()) for row in rows) == 5
    assert {row["bought_again"] for row in rows} == {"0", "1"}
    assert any("q2x8" in row["purchased"].split() for row in rows)


def test_words_of_the_reviews_are_words_of_the_vectors(toy):
    with open(HERE / "customers.csv", encoding="ascii", newline="") as file:
        words = {word for row in csv.DictReader(file) for word in row["review"].split()}
    assert all(word in toy.stoi for word in words)


def test_the_hidden_structure_is_worth_finding():
    found = score.customer_scores()
    assert found["dense logistic regression"] < 0.68
    assert found["true probability"] > 0.86


def test_neither_states_nor_products_tell_much_alone():
    """The effect is in the product of both, so a model without an interaction must miss it."""
    made = make_customers.make_customers()
    label = np.array([y for *_, y in made])
    region = np.array([make_customers.REGION_OF[c.state] for c, *_ in made])
    for name in make_customers.REGIONS:
        assert abs(label[region == name].mean() - label.mean()) < 0.05
    kind = np.array([c.kinds[0] if c.kinds else -1 for c, *_ in made])
    by_both = [
        label[(region == name) & (kind == k)].mean()
        for name in make_customers.REGIONS
        for k in range(4)
    ]
    assert max(by_both) - min(by_both) > 0.35


def test_the_path_of_this_checkout_is_in_no_file():
    here = str(Path(HERE).parent)
    assert all(here not in p.read_text("utf-8") for p in HERE.iterdir() if p.is_file())
