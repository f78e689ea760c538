"""`load_glove` against hostile files, a hostile server and a hostile file system."""

import hashlib
import http.server
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from pathlib import Path

import glove
import make_traps
import numpy as np
import pytest
from common import HERE
from glove import GloVeError, load_glove

TRAPS = HERE / "glove.traps.4d.txt"


def text_of(rows: int, dim: int, seed: int = 0) -> str:
    """A table as GloVe prints it, five significant digits, `the` first."""
    values = np.random.default_rng(seed).normal(0, 0.4, (rows, dim)).tolist()
    names = ["the", *(f"w{i}" for i in range(1, rows))]
    rows_of_text = zip(names, values, strict=True)
    return "".join(f"{name} {' '.join(f'{x:.5g}' for x in row)}\n" for name, row in rows_of_text)


def slowly(text: str, dim: int) -> np.ndarray:
    """The specification: line by line, `float` for each number."""
    lines = [line.rsplit(" ", dim) for line in text.rstrip("\n").split("\n")]
    return np.array([[float(x) for x in line[1:]] for line in lines], dtype=np.float32)


def load_text(text: str | bytes, dim: int, folder: Path) -> glove.GloVe:
    path = folder / f"table.{dim}d.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_glove(path, dim, cache=folder / "cache")


def one_line(error) -> str:
    """The message; every error must be one line that says what to do after a semicolon."""
    message = str(error.value)
    assert "\n" not in message and ";" in message
    return message


# ── the text ──────────────────────────────────────────────────────────────────────────────────


def test_values_are_bit_for_bit_those_of_float(tmp_path, monkeypatch):
    monkeypatch.setattr(glove, "BLOCK", 1000)  # many blocks, cut in the middle of lines
    text = text_of(500, 7)
    assert (load_text(text, 7, tmp_path).vectors == slowly(text, 7)).all()


SPELLINGS = """
0.1 -0.1 0.12345678 -9.99999999 0.123456789 1.0 5 -5 12.5 -0.0 -0 1e-05 -1.5E+3 .5 5. +0.25
0.000012 123456.789 0.1234567890123456789 1e-46 -.0 00.5
"""
NO_NUMBERS = "nan inf -inf 1_000 0x10 1.2.3 1,5 -- 0.1a 0./5 0.:5 - . é"


@pytest.mark.parametrize("number", SPELLINGS.split())
def test_every_spelling_of_a_number_is_what_float_says(number, tmp_path):
    table = load_text(f"a 0.5 {number} 0.25\nb {number} 1 {number}\n", 3, tmp_path)
    expected = slowly(f"a 0.5 {number} 0.25\nb {number} 1 {number}\n", 3)
    assert table.vectors.tobytes() == expected.tobytes()  # tells -0.0 from 0.0


@pytest.mark.parametrize("field", NO_NUMBERS.split())
def test_what_is_no_finite_number_is_refused(field, tmp_path):
    with pytest.warns(UserWarning, match="line 2 'bad"):
        table = load_text(f"a 0.1 0.2\nbad 0.3 {field}\nb 0.5 0.6\n", 2, tmp_path)
    assert table.itos == ["a", "b"]


def test_every_trap_is_survived(tmp_path):
    with pytest.warns(UserWarning, match=r"left out 2 .*'short .* has 3; .*'broken"):
        table = load_glove(TRAPS, 4, cache=tmp_path)
    whole = [line for line in make_traps.LINES if line.whole]
    assert table.itos == [line.token for line in whole]
    expected = np.array([[float(x) for x in line.numbers.split(" ")] for line in whole])
    assert (table.vectors == expected.astype(np.float32)).all()
    assert all(table.itos[table.stoi[line.token]] == line.token for line in whole)
    assert table.stoi["the"] == 0, "the first of a repeated token counts"
    assert len(table.stoi) == len(whole) - 1


# ("form 10" alone could as well be the token "form" and a dim one larger.)
ALONE = [line for line in make_traps.LINES if line.whole and line.token != "form 10"]


@pytest.mark.parametrize("line", ALONE, ids=lambda line: line.hazard)
def test_each_trap_is_survived_alone_and_without_its_newline(line, tmp_path):
    table = load_text(f"{line.token} {line.numbers}", 4, tmp_path)
    assert table.itos == [line.token] and table.vectors.shape == (1, 4)


@pytest.mark.parametrize(
    "line", [x for x in make_traps.LINES if not x.whole], ids=lambda x: x.token
)
def test_a_file_of_nothing_but_a_broken_line_is_an_error_that_names_it(line, tmp_path):
    with pytest.raises(GloVeError) as error:
        load_text(f"{line.token} {line.numbers}\n", 4, tmp_path)
    assert line.token in one_line(error) and "expected dim=4" in str(error.value)


@pytest.mark.parametrize("block", [1, 7, 64, 10_000])
def test_where_blocks_are_cut_does_not_matter(block, tmp_path, monkeypatch):
    monkeypatch.setattr(glove, "BLOCK", block)
    with pytest.warns(UserWarning):
        table = load_glove(TRAPS, 4, cache=tmp_path)
    assert len(table.vectors) == 22 and table.stoi["last"] == 21


@pytest.mark.filterwarnings("ignore:table")
def test_random_bytes_never_crash_the_parser(tmp_path):
    rng = np.random.default_rng(1)
    pieces = [b" ", b"\n", b".", b"-", b"0", b"7", b"1.5", b"a", b"\xff", b"\xc2\x85", b"e", b"\r"]
    for _ in range(300):
        noise = b"".join(pieces[i] for i in rng.integers(0, len(pieces), 40))
        raw = b"a 1.0 2.0\n" * 60 + noise
        table = load_text(raw, 2, tmp_path)
        assert len(table.itos) == len(table.vectors) >= 60
        assert np.isfinite(table.vectors).all()


@pytest.mark.parametrize("dim", [1, 3, 5, 400])
def test_a_wrong_dim_is_named_with_the_right_one(dim, tmp_path):
    with pytest.raises(GloVeError) as error:
        load_text(text_of(30, 4), dim, tmp_path)
    assert "found 4 numbers" in one_line(error) and "pass dim=4" in str(error.value)


@pytest.mark.parametrize("dim", [0, -1, 2.5, "50", True, None])
def test_a_dim_that_is_no_positive_integer_is_refused(dim, tmp_path):
    with pytest.raises(GloVeError, match="positive int"):
        load_glove(TRAPS, dim, cache=tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00" * 5000, b"hello world\n"])
def test_a_file_without_vectors_is_an_error(content, tmp_path):
    with pytest.raises(GloVeError) as error:
        load_text(content, 4, tmp_path)
    assert "found 0 numbers" in one_line(error)


def test_a_word2vec_header_is_left_out_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="line 1 '30 4' has 1"):
        assert load_text("30 4\n" + text_of(30, 4), 4, tmp_path).stoi["the"] == 0


def test_a_token_that_is_not_utf8_is_found_by_the_text_that_itos_shows(tmp_path):
    table = load_text(b"a 1 2\n\xff\xfe 3 4\n", 2, tmp_path)
    assert table.stoi[table.itos[1]] == 1


def test_a_missing_file_says_which_names_there_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="6B"):
        load_glove(tmp_path / "none.txt", 4, cache=tmp_path)


# ── the result ────────────────────────────────────────────────────────────────────────────────


def test_stoi_is_a_mapping(tmp_path):
    table = load_text(text_of(300, 3), 3, tmp_path)
    assert dict(table.stoi) == {token: i for i, token in enumerate(table.itos)}
    assert len(table.stoi) == 300
    assert "the" in table.stoi and "nope" not in table.stoi and 5 not in table.stoi
    assert "the\nw1" not in table.stoi and "" not in table.stoi
    assert table.stoi.get("nope", -1) == -1
    with pytest.raises(KeyError, match="nope"):
        table.stoi["nope"]


def test_vectors_are_contiguous_float32_that_torch_takes_without_a_copy(tmp_path, recwarn):
    torch = pytest.importorskip("torch")
    table = load_text(text_of(20, 6), 6, tmp_path)
    assert table.vectors.dtype == np.float32 and table.vectors.flags.c_contiguous
    assert torch.from_numpy(table.vectors).shape == (20, 6)
    assert not recwarn.list


def test_writing_to_the_vectors_never_reaches_the_cache(tmp_path):
    text = text_of(20, 6)
    load_text(text, 6, tmp_path).vectors[:] = 0
    path = tmp_path / "table.6d.txt"
    assert load_glove(path, 6, cache=tmp_path / "cache").vectors.any()


# ── the cache ─────────────────────────────────────────────────────────────────────────────────


def no_parsing(monkeypatch):
    def fail(*_):
        raise AssertionError("the text was read although there is a cache")

    monkeypatch.setattr(glove, "parse", fail)


def test_the_second_load_does_not_read_the_text(tmp_path, monkeypatch):
    first = load_text(text_of(50, 5), 5, tmp_path)
    no_parsing(monkeypatch)
    second = load_glove(tmp_path / "table.5d.txt", 5, cache=tmp_path / "cache")
    assert (second.vectors == first.vectors).all() and second.itos == first.itos


def test_a_file_that_changed_is_read_again(tmp_path):
    load_text(text_of(50, 5), 5, tmp_path)
    assert len(load_text(text_of(51, 5), 5, tmp_path).vectors) == 51


def test_files_of_one_name_in_two_folders_have_two_caches(tmp_path):
    for folder, seed in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "t.txt"
        path.write_text(text_of(9, 3, seed))
        os.utime(path, ns=(10**18, 10**18))
        expected = slowly(text_of(9, 3, seed), 3)
        assert (load_glove(path, 3, cache=tmp_path).vectors == expected).all()


@pytest.mark.parametrize("name", ["vectors", "letters", "ends", "rows", "starts"])
@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "rubbish"])
def test_a_damaged_cache_is_made_again(name, damage, tmp_path):
    text = text_of(50, 5)
    load_text(text, 5, tmp_path)
    (file,) = (tmp_path / "cache").glob(f"*/{name}.npy")
    raw = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes({"cut": raw[:-3], "empty": b"", "rubbish": b"\x80" * 500}[damage])
    again = load_glove(tmp_path / "table.5d.txt", 5, cache=tmp_path / "cache")
    assert (again.vectors == slowly(text, 5)).all() and again.stoi["w7"] == 7


WRITER = """
import sys, time
sys.path.insert(0, sys.argv[1])
import glove, numpy as np
save, saved = np.save, []
def slow_save(path, array):
    save(path, array)
    saved.append(path)
    if len(saved) == int(sys.argv[4]):
        print("now", flush=True)
        time.sleep(60)
np.save = slow_save
glove.load_glove(sys.argv[2], 5, cache=sys.argv[3])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
@pytest.mark.parametrize("files_written", [1, 3, 5])
def test_a_killed_writer_leaves_no_half_cache(files_written, tmp_path):
    text = text_of(50, 5)
    path = tmp_path / "t.txt"
    path.write_text(text)
    cache = tmp_path / "cache"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, HERE, path, cache, str(files_written)],
        stdout=subprocess.PIPE,
    )
    assert writer.stdout.readline() == b"now\n"
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert [p.name[:7] for p in cache.iterdir()] == [".draft-"], "nothing under the final name"
    assert (load_glove(path, 5, cache=cache).vectors == slowly(text, 5)).all()


def test_what_a_killed_writer_left_is_swept_away_a_day_later(tmp_path):
    old = tmp_path / "cache" / ".draft-old"
    old.mkdir(parents=True)
    os.utime(old, (time.time() - 90_000,) * 2)
    load_text(text_of(9, 3), 3, tmp_path)
    assert not old.exists()


def test_two_writers_at_once_both_get_the_table(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(text_of(2000, 8))
    tables = []
    threads = [
        threading.Thread(target=lambda: tables.append(load_glove(path, 8, cache=tmp_path / "c")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tables) == 4 and all(table.stoi["w1999"] == 1999 for table in tables)
    assert len(list((tmp_path / "c").iterdir())) == 1


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path):
    (tmp_path / "t.txt").write_text(text_of(20, 4))
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="cannot be written .*GLOVE_CACHE"):
        table = load_glove(tmp_path / "t.txt", 4, cache=tmp_path / "file")
    assert table.stoi["w3"] == 3


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_cache_folder_costs_a_warning_only(tmp_path):
    (tmp_path / "t.txt").write_text(text_of(20, 4))
    (tmp_path / "cache").mkdir(mode=0o500)
    with pytest.warns(UserWarning, match="cannot be written"):
        load_glove(tmp_path / "t.txt", 4, cache=tmp_path / "cache")


def test_a_cache_folder_that_refuses_new_entries_costs_a_warning_only(tmp_path, monkeypatch):
    """The same for root, who is never refused."""

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "t.txt").write_text(text_of(20, 4))
    monkeypatch.setattr(glove.tempfile, "mkdtemp", refuse)
    with pytest.warns(UserWarning, match=r"cannot be written \(Permission denied\)"):
        assert load_glove(tmp_path / "t.txt", 4, cache=tmp_path / "c").stoi["w3"] == 3


def test_a_cache_that_was_made_is_read_from_a_folder_that_refuses_new_entries(
    tmp_path, monkeypatch, recwarn
):
    load_text(text_of(20, 4), 4, tmp_path)
    no_parsing(monkeypatch)
    monkeypatch.setattr(glove.tempfile, "mkdtemp", None)
    assert load_glove(tmp_path / "table.4d.txt", 4, cache=tmp_path / "cache").stoi["w3"] == 3
    assert not recwarn.list


def test_a_full_disk_costs_a_warning_only(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "t.txt").write_text(text_of(20, 4))
    monkeypatch.setattr(np, "save", full)
    with pytest.warns(UserWarning, match="No space left"):
        assert load_glove(tmp_path / "t.txt", 4, cache=tmp_path / "c").stoi["w3"] == 3
    assert list((tmp_path / "c").iterdir()) == []


# ── the download ──────────────────────────────────────────────────────────────────────────────

DIM, ROWS = 50, 400


class Server(http.server.ThreadingHTTPServer):
    """Serves `body` at any path; `tricks` holds one for each coming request, then it is honest."""

    daemon_threads = True

    def __init__(self, body: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.tricks: list[str] = []
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/glove.6B.zip"

    def handle_error(self, *_):
        pass  # clients that hang up are what we test


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server, body = self.server, self.server.body
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        trick = server.tricks.pop(0) if server.tricks else ""
        if trick.isdigit():
            self.send_error(int(trick))
            return
        start = int(asked[6:-1]) if asked and trick != "ignores range" else 0
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        rest = body[start:]
        if asked and trick != "ignores range":
            self.send_response(206)
            shown = start + 1 if trick == "wrong range" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        length = len(rest) + {"says more": 1000, "says less": -1000}.get(trick, 0)
        if trick != "no length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if trick in ("truncates", "resets", "stalls", "wrong range"):
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)
        self.wfile.flush()
        if trick == "stalls":
            time.sleep(2)
        if trick == "resets":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()


def zipped(members: dict[str, str]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return raw.getvalue()


@pytest.fixture
def server(monkeypatch):
    body = zipped({f"glove.6B.{d}d.txt": text_of(ROWS, d) for d in (50, 100)})
    server = Server(body)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    small = glove.Archive(
        url=server.url,
        sha256=hashlib.sha256(body).hexdigest(),
        member="glove.6B.{dim}d.txt",
        dims=(50, 100, 200),
        rows=ROWS,
        known={"the": 0, "w7": 7},
    )
    monkeypatch.setitem(glove.ARCHIVES, "6B", small)
    monkeypatch.setattr(glove, "PAUSE", 0.01)
    monkeypatch.setattr(glove, "TIMEOUT", 0.5)
    monkeypatch.setattr(glove, "BLOCK", 1 << 14)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def get(cache, dim=DIM, **kwargs):
    return load_glove("6B", dim, cache=cache, **kwargs)


def is_right(table, dim=DIM) -> bool:
    return (table.vectors == slowly(text_of(ROWS, dim), dim)).all() and table.stoi["w9"] == 9


def test_an_honest_server_is_asked_once_for_all_dims(server, cache, monkeypatch):
    assert is_right(get(cache)) and is_right(get(cache, 100), 100)
    no_parsing(monkeypatch)
    assert is_right(get(cache))
    assert server.ranges == [None]


def test_another_address_can_be_given(server, cache):
    elsewhere = server.url.replace("glove.6B.zip", "mirror/copy.zip?key=1")
    assert is_right(get(cache, url=elsewhere))
    assert (cache / "copy.zip").exists()


@pytest.mark.parametrize("trick", ["truncates", "resets", "stalls", "says more"])
def test_a_broken_download_goes_on_where_it_broke_off(trick, server, cache):
    server.tricks = [trick]
    assert is_right(get(cache))
    assert server.ranges[0] is None and server.ranges[1].startswith("bytes=")
    assert server.ranges[1] != "bytes=0-"


def test_what_came_before_the_call_failed_is_used_by_the_next_call(server, cache):
    server.tricks = ["truncates", "500", "503", "500", "500"]
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert "call again" in one_line(error) and "500" in str(error.value)
    assert (cache / "glove.6B.zip.part").stat().st_size == len(server.body) // 2
    assert is_right(get(cache))
    assert server.ranges[-1] == f"bytes={len(server.body) // 2}-"


def test_a_server_that_ignores_ranges_sends_everything_anew(server, cache):
    server.tricks = ["truncates", "ignores range"]
    assert is_right(get(cache))


def test_a_wrong_range_is_not_appended(server, cache):
    server.tricks = ["truncates", "wrong range"]
    assert is_right(get(cache))


def test_a_download_that_was_whole_but_not_renamed_is_taken(server, cache):
    cache.mkdir()
    (cache / "glove.6B.zip.part").write_bytes(server.body)
    assert is_right(get(cache))


def test_a_part_that_is_longer_than_the_file_is_started_anew(server, cache):
    cache.mkdir()
    (cache / "glove.6B.zip.part").write_bytes(b"x" * (len(server.body) + 5))
    assert is_right(get(cache))


def test_a_server_that_says_less_than_it_has_is_found_out_and_nothing_kept(server, cache):
    server.tricks = ["says less"]
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert "SHA-256" in one_line(error)
    assert list(cache.iterdir()) == []


def test_a_length_that_is_never_reached_gives_up_and_says_how_far_it_came(server, cache):
    server.tricks = ["says more", "500", "500", "500", "500"]
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert f"{len(server.body):,} bytes are kept" in one_line(error)


def test_no_length_at_all_is_no_problem(server, cache):
    server.tricks = ["no length"]
    assert is_right(get(cache))


def test_a_wrong_checksum_is_an_error_that_shows_both_and_removes_the_file(server, cache):
    good = server.body
    server.body = good[:100] + bytes([good[100] ^ 1]) + good[101:]
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert hashlib.sha256(good).hexdigest() in one_line(error)
    assert hashlib.sha256(server.body).hexdigest() in str(error.value)
    assert list(cache.iterdir()) == []
    server.body = good
    assert is_right(get(cache))


def test_without_the_checksum_a_flipped_bit_is_still_found_by_the_archive(server, cache):
    good = server.body
    server.body = good[:5000] + bytes([good[5000] ^ 1]) + good[5001:]
    with pytest.raises(GloVeError) as error:
        get(cache, check_sha256=False)
    assert "damaged archive" in one_line(error)
    assert not list(cache.glob("*.cache"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (text_of(ROWS - 1, DIM), "found 399 rows, expected 400"),
        (text_of(ROWS, DIM).replace("w7 ", "w8 ", 1), "'w7' is row None, expected 7"),
        (text_of(ROWS, 40), "found 40 numbers"),
    ],
)
def test_a_reissued_archive_with_other_rows_is_refused(text, says, server, cache):
    server.body = zipped({"glove.6B.50d.txt": text})
    with pytest.raises(GloVeError) as error:
        get(cache, check_sha256=False)
    assert says in one_line(error)
    assert not list(cache.glob("*.cache"))


def test_an_archive_without_the_member_lists_what_it_has(server, cache):
    with pytest.raises(GloVeError) as error:
        get(cache, 200)
    assert "glove.6B.100d.txt" in one_line(error) and "expected one glove.6B.200d.txt" in str(
        error.value
    )


def test_a_server_that_disappears_is_one_clear_line(server, cache):
    server.shutdown()
    server.server_close()
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert "refused" in one_line(error) and "5 connections" in str(error.value)


def test_a_page_that_is_gone_is_not_asked_for_again(server, cache):
    server.tricks = ["404"] * 5
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert "404" in one_line(error) and len(server.ranges) == 1


def test_a_cache_that_cannot_hold_the_download_is_said_before_downloading(server, cache):
    cache.write_text("a file in the way")
    with pytest.raises(GloVeError) as error:
        get(cache)
    assert "cannot be written" in one_line(error) and server.ranges == []


@pytest.mark.parametrize("place", [".", "data", ".vector_cache"])
@pytest.mark.parametrize("kind", ["text", "zip"])
def test_a_local_file_is_found_before_anything_is_downloaded(place, kind, server, cache):
    Path(place).mkdir(exist_ok=True)
    if kind == "text":
        Path(place, "glove.6B.50d.txt").write_text(text_of(ROWS, DIM))
    else:
        Path(place, "glove.6B.zip").write_bytes(server.body)
    assert is_right(get(cache))
    assert server.ranges == []


def test_a_zip_can_be_given_by_its_path(server, cache, tmp_path):
    (tmp_path / "mine.zip").write_bytes(server.body)
    assert is_right(load_glove(tmp_path / "mine.zip", DIM, cache=cache))


def test_a_cut_zip_given_by_its_path_is_one_clear_line(server, cache, tmp_path):
    (tmp_path / "mine.zip").write_bytes(server.body[:-100])
    with pytest.raises(GloVeError) as error:
        load_glove(tmp_path / "mine.zip", DIM, cache=cache)
    assert "damaged archive" in one_line(error)


def test_progress_is_shown_in_few_plain_lines_and_can_be_silenced(
    server, cache, capsys, monkeypatch
):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    server.tricks = ["truncates"]
    get(cache)
    shown = capsys.readouterr().err
    assert "MB/s" in shown and "\r" not in shown and shown.count("\n") <= 25
    (cache / "glove.6B.zip").unlink()
    get(cache, 100, progress=False)
    assert capsys.readouterr().err == ""


def test_progress_in_a_notebook_redraws_one_line(server, cache, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    get(cache)
    shown = capsys.readouterr().err
    assert shown.startswith("\r") and shown.endswith("left \n") and shown.count("\n") == 1


def test_a_dim_the_archive_has_not_is_refused_without_a_download(server, cache):
    with pytest.raises(GloVeError, match=r"pass one of \(50, 100, 200\)"):
        get(cache, 75)
    assert server.ranges == []


def test_tls_is_left_alone(server, cache, monkeypatch):
    """No context, no opener: what the system trusts is what counts."""
    asked = []
    real = urllib.request.urlopen

    def spy(request, **options):
        asked.append(options)
        return real(request, **options)

    monkeypatch.setattr(urllib.request, "urlopen", spy)
    get(cache)
    assert asked == [{"timeout": 0.5}]
    assert "ssl" not in vars(glove)


def test_the_published_archive_is_the_one_of_the_seed():
    published = glove.ARCHIVES["6B"]
    assert published.url.startswith("https://") and len(published.sha256) == 64
    assert published.rows == 400_000 and published.dims == (50, 100, 200, 300)
    assert published.known.items() >= {"the": 0, "i": 41, "was": 15, "very": 191}.items()
    assert published.known.items() >= {"happy": 1751, "with": 17, "good": 219}.items()
    assert published.known.items() >= {"quality": 1506, "but": 34, "bad": 978}.items()
