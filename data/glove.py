"""GloVe vectors from a text file, a cache or the web: what torchtext's retired `GloVe` did.

    >>> glove = load_glove("6B", 100)                    # finds, or downloads once (862 MB)
    >>> glove = load_glove("data/glove.toy.50d.txt", 50)     # any file in the format
    >>> glove.stoi["the"], glove.itos[0], glove.vectors.shape
    (0, 'the', (400000, 100))

The format (Pennington, Socher and Manning, 2014) is a line for each token: the token, then `dim`
numbers, all separated by one space; no header. A token may itself contain spaces, quotes, a
no-break space or U+0085, so only the **last** `dim` spaces of a line separate numbers, and only
the byte "\\n" ends a line.

How a first load is fast with NumPy alone: a block of about a million bytes is parsed at once.
The separators are found with one comparison; the fields are then not looped over, but gathered
eight characters at a time into 64-bit integers, whose eight digits three multiplications turn
into one number. A field that is not of the plain form `-0.12345` goes through `float()`, so the
result is always the float32 that `float()` gives. Later loads map a binary cache into memory.

This module needs the standard library and NumPy only. It must never weaken TLS, and never leave
a half-written file where a later call would take it for a whole one.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

BLOCK = 1 << 20  # bytes parsed at once: large enough for NumPy, small enough for the CPU's cache
TRIES = 5  # connections made for one download before giving up
TIMEOUT = 30.0  # seconds without a byte after which a connection counts as dead
PAUSE = 1.0  # seconds before the second connection; doubles each time


@dataclass(frozen=True)
class Archive:
    """A published zip of GloVe files, and what is known about it."""

    url: str
    sha256: str | None  # of the whole zip
    member: str  # name inside the zip, with {dim}
    dims: tuple[int, ...]
    rows: int
    known: dict[str, int]  # token → row


ARCHIVES = {
    "6B": Archive(
        url="https://nlp.stanford.edu/data/glove.6B.zip",
        # Stanford prints none; this is the one that Keras' examples, Embeddings.jl and others pin.
        sha256="617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
        member="glove.6B.{dim}d.txt",
        dims=(50, 100, 200, 300),
        rows=400_000,
        known={
            "the": 0, "was": 15, "with": 17, "but": 34, "i": 41, "very": 191,
            "good": 219, "bad": 978, "quality": 1506, "happy": 1751,
        },
    )
}  # fmt: skip


class GloVeError(ValueError):
    """A file, an archive or a download is not what it should be; the message says what to do."""


# ── the result ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, repr=False)
class GloVe:
    """A table of word vectors.

    Attributes:
        vectors: float32 `(rows, dim)`, contiguous. Mapped from the cache copy-on-write: writing
            to it changes this process's copy only. `torch.from_numpy(glove.vectors)` is free.
        itos: list of `rows` tokens, made when first asked for.
        stoi: mapping token → row, the first one where a token is repeated.

    The other four arrays are the index that the cache keeps (see `make_index`).
    """

    vectors: np.ndarray
    letters: np.ndarray
    ends: np.ndarray
    rows: np.ndarray
    starts: np.ndarray

    @cached_property
    def itos(self) -> list[str]:
        return _text(self.letters.tobytes()).split("\n")[:-1]

    @cached_property
    def stoi(self) -> Vocabulary:
        return Vocabulary(self)

    def __repr__(self) -> str:
        return "GloVe({} rows of {})".format(*self.vectors.shape)


class Vocabulary(Mapping):
    """token → row, answered from the mapped index (about 2 µs), without building a dict.

    `dict(zip(...))` of 400,000 tokens would take longer than all the rest of a cached load.
    """

    def __init__(self, glove: GloVe):
        self._glove = glove
        # A memoryview gives one number ten times faster than an array does.
        self._letters, self._ends = memoryview(glove.letters), memoryview(glove.ends)
        self._rows, self._starts = memoryview(glove.rows), memoryview(glove.starts)

    def __getitem__(self, token: str) -> int:
        key = token.encode("utf-8", "surrogateescape") + b"\n"
        bucket = zlib.crc32(key) & (len(self._starts) - 2)
        for row in self._rows[self._starts[bucket] : self._starts[bucket + 1]]:
            end = self._ends[row]
            begin = self._ends[row - 1] if row else 0
            if self._letters[begin:end] == key:
                return row
        raise KeyError(token)

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and self.get(token) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._glove.itos))

    def __len__(self) -> int:
        return len(set(self._glove.itos))


def make_index(tokens: list[bytes]) -> dict[str, np.ndarray]:
    """The arrays that a cache keeps beside the vectors, so that tokens are found without a dict.

    Returns:
        letters: uint8, every token followed by a newline (no token can contain one).
        ends: int64 `(rows,)`, where in `letters` each token ends, newline included.
        rows: int32 `(rows,)`, all rows, dealt into buckets by the CRC-32 of the token; within a
            bucket in order, so the first occurrence of a repeated token is met first.
        starts: int32 `(buckets + 1,)`, where each bucket begins in `rows`; buckets is 2**k.
    """
    keys = [token + b"\n" for token in tokens]
    buckets = 1 << len(keys).bit_length()
    bucket = np.array([zlib.crc32(key) for key in keys], dtype=np.uint32) & np.uint32(buckets - 1)
    counts = np.bincount(bucket, minlength=buckets)
    return {
        "letters": np.frombuffer(b"".join(keys), dtype=np.uint8),
        "ends": np.cumsum([len(key) for key in keys], dtype=np.int64),
        "rows": np.argsort(bucket, kind="stable").astype(np.int32),
        "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
    }


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


# ── reading the text ──────────────────────────────────────────────────────────────────────────


def parse(stream: BinaryIO, dim: int, name: str = "file") -> tuple[list[bytes], np.ndarray]:
    """Read a whole GloVe text: tokens and float32 `(rows, dim)`.

    A line that does not end in `dim` finite numbers is left out, and a warning names it.

    Raises:
        GloVeError: most of the first lines have another number of numbers than `dim`.
    """
    tokens: list[bytes] = []
    tables: list[np.ndarray] = []
    lost: list[str] = []
    lines = 0
    blocks = _blocks(stream)
    first = next(blocks, b"")
    _check_dim(first, dim, name)
    for names, table, count, bad in _in_parallel(_parse_block, chain([first], blocks), dim):
        tokens += names
        tables.append(table)
        lost += [f"line {lines + i + 1} {token!r} has {width}" for i, token, width in bad]
        lines += count
    if lost:
        more = f"; and {len(lost) - 3} more" if len(lost) > 3 else ""
        warnings.warn(
            f"{name}: left out {len(lost)} line(s) that do not end in {dim} finite numbers: "
            + "; ".join(lost[:3]) + more, stacklevel=4,
        )  # fmt: skip
    return tokens, np.concatenate(tables)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines; add the newline that the last one may lack."""
    rest = b""
    while chunk := stream.read(BLOCK):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
        rest = chunk[cut:] if cut else rest + chunk
    if rest:
        yield rest + b"\n"


def _in_parallel(function, items: Iterator, *args) -> Iterator:
    """`map` in as many threads as there are cores (NumPy lets them run), a few items ahead."""
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future] = deque()
        for item in items:
            ahead.append(pool.submit(function, item, *args))
            if len(ahead) > workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _check_dim(block: bytes, dim: int, name: str) -> None:
    """Of the first lines most must end in `dim` numbers: `rsplit` alone would accept more."""
    lines = block.split(b"\n", 100)[:-1]
    widths = Counter(_numbers_at_end(line) for line in lines)
    width = widths.most_common(1)[0][0] if widths else 0
    if width != dim:
        advice = f"pass dim={width}" if width else "is this a text file of vectors?"
        start = _text(lines[0][:30]) if lines else ""
        raise GloVeError(
            f"{name}: found {width} numbers on a line (the first begins {start!r}), expected "
            f"dim={dim}; {advice}"
        )


def _numbers_at_end(line: bytes) -> int:
    fields = line.split(b" ")[1:]
    for count, field in enumerate(reversed(fields)):
        if math.isnan(_number(field)):
            return count
    return len(fields)


def _number(field: bytes) -> float:
    """The finite float that `field` spells, or NaN (also for "nan", "inf" and "1_000")."""
    try:
        value = math.nan if b"_" in field or not field else float(field)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


_POWERS = 10.0 ** np.arange(9)
_SIGNS = np.array([1.0, -1.0])
_ONES = 0x0101010101010101  # times c: the byte c in all eight places


def _parse_block(
    block: bytes, dim: int
) -> tuple[list[bytes], np.ndarray, int, list[tuple[int, str, int]]]:
    """Parse whole lines.

    Returns:
        tokens, float32 `(len(tokens), dim)`, the number of lines seen, and for each line left out
        its place, its beginning and how many numbers it ends in.
    """
    padded = np.frombuffer(block + bytes(8), dtype=np.uint8)
    chars = padded[: len(block)]
    separators = np.flatnonzero((chars == ord(" ")) | (chars == ord("\n")))
    newlines = np.flatnonzero(chars[separators] == ord("\n"))  # as positions in `separators`
    line_begins = np.append(0, separators[newlines] + 1)
    enough = np.diff(newlines, prepend=-1) > dim  # at least `dim` spaces on the line
    # Column j of `edges` is the separator before number j; column `dim` is the newline.
    edges = separators[newlines[enough][:, None] + np.arange(-dim, 1)]  # (lines, dim + 1)
    values, plain = _parse_fields(padded, edges[:, :-1] + 1, edges[:, 1:])
    for i, j in np.argwhere(~plain).tolist():
        values[i, j] = _number(block[edges[i, j] + 1 : edges[i, j + 1]])
    whole = enough.copy()
    whole[enough] = ~np.isnan(values).any(axis=1) if not plain.all() else True
    bad = []
    for i in np.flatnonzero(~whole).tolist():
        line = block[line_begins[i] : line_begins[i + 1] - 1]
        bad.append((i, _text(line[:30]), _numbers_at_end(line)))
    kept = whole[enough]
    spans = zip(line_begins[:-1][whole].tolist(), edges[kept, 0].tolist(), strict=True)
    tokens = [block[begin:end] for begin, end in spans]
    table = (values if kept.all() else values[kept]).astype(np.float32)
    return tokens, table, len(newlines), bad


def _parse_fields(
    chars: np.ndarray, begins: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the form `-?d.d{1,8}`, all at once.

    Args:
        chars: uint8, with 8 spare bytes at the end.
        begins, ends: positions in `chars`, any shape; all of these fields are parsed.

    Returns:
        float64 values, and a bool array that tells which fields had the form; the other values
        mean nothing. Up to nine digits are exact in float64 and so is the power of ten, so one
        division rounds once: the same value as `float(text)`.
    """
    negative = (chars[begins] == ord("-")).view(np.int8)
    first = begins + negative
    whole = chars[first] - np.uint8(ord("0"))  # digit before the point; wraps if it is none
    decimals = ends - first - 2
    plain = (whole < 10) & (chars[first + 1] == ord(".")) & (decimals >= 1) & (decimals <= 8)
    # Eight bytes from any position, as one little-endian number: the first digit is the lowest.
    # (Positions past the end belong to fields that are not plain; clip them into the array.)
    words = np.ndarray(len(chars) - 7, dtype="<u8", buffer=chars, strides=(1,))
    digits = words[np.minimum(first + 2, len(words) - 1)] ^ np.uint64(ord("0") * _ONES)
    # Push out what follows the number; the zeros that come in are leading zeros.
    digits <<= (8 * (8 - decimals)).astype(np.uint64)
    # Every byte must now be 0 … 9: adding 0x76 carries anything above into the top bit.
    plain &= ((digits + np.uint64(0x76 * _ONES)) | digits) & np.uint64(0x80 * _ONES) == 0
    # Neighbours become pairs, pairs become fours, fours become the number.
    digits = (digits * np.uint64(10) + (digits >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    digits = (digits * np.uint64(100) + (digits >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    digits = (digits * np.uint64(10000) + (digits >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    power = _POWERS.take(decimals, mode="clip")
    return (digits + whole * power) / (power * _SIGNS[negative]), plain


# ── the cache ─────────────────────────────────────────────────────────────────────────────────


def default_cache() -> Path:
    """$GLOVE_CACHE, or `embedding-labs` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GLOVE_CACHE") or Path(home) / "embedding-labs")


def _read_cache(folder: Path) -> GloVe | None:
    """The table in `folder`, or None where there is none, or a damaged one."""
    try:
        arrays = {f.name: np.load(folder / f"{f.name}.npy", mmap_mode="c") for f in fields(GloVe)}
    except (OSError, ValueError, EOFError):  # missing, or shorter than its header says
        return None
    table = GloVe(**{name: np.asarray(array) for name, array in arrays.items()})
    return table if len(table.vectors) == len(table.ends) == len(table.rows) else None


def _write_cache(folder: Path, table: GloVe) -> GloVe:
    """Write all arrays into a new folder beside `folder`, then rename it: all or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for old in folder.parent.glob(".draft-*"):  # left by a process that was killed
            if time.time() - old.stat().st_mtime > 86_400:
                shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    except OSError as error:
        warnings.warn(
            f"the cache {folder.parent} cannot be written ({error.strerror}): the table is loaded, "
            "but the next load will be slow again; set GLOVE_CACHE to a folder of yours",
            stacklevel=3,
        )
        return table
    try:
        for field in fields(GloVe):
            np.save(draft / f"{field.name}.npy", getattr(table, field.name))
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or we would not be writing
        draft.rename(folder)
    except OSError as error:  # disk full; or another process was quicker, which is as good
        if not folder.exists():
            warnings.warn(f"cannot write the cache {folder}: {error}", stacklevel=3)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _read_cache(folder) or table


# ── the download ──────────────────────────────────────────────────────────────────────────────


def download(url: str, target: Path, sha256: str | None, progress: bool = True) -> Path:
    """Fetch `url` to `target`, going on where an earlier attempt broke off.

    Two processes that fetch the same file at once may spoil it; the checksum finds that out.

    Raises:
        GloVeError: after `TRIES` connections without the whole file (what came is kept for the
            next call), or when the file is whole but its checksum is wrong (it is removed).
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
    except OSError as error:
        raise GloVeError(
            f"{part} cannot be written ({error.strerror}), expected a folder for the download; "
            "set GLOVE_CACHE or pass cache="
        ) from error
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            problem = _fetch_rest(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise GloVeError(
                    f"{url}: the server answered {error.code} {error.reason}, expected the file; "
                    "check the address, or download it by hand and pass its path"
                ) from error
            problem = f"the server answered {error.code} {error.reason}"
        except (OSError, HTTPException) as error:  # no route, refused, reset, timed out, TLS
            problem = str(getattr(error, "reason", "") or error or type(error).__name__)
        if problem is None:
            break
    else:
        raise GloVeError(
            f"{url}: not complete after {TRIES} connections ({problem}); {part.stat().st_size:,} "
            f"bytes are kept in {part}; call again to go on from there, or download it by hand "
            "and pass its path"
        )
    with open(part, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 and found != sha256:
        part.unlink()
        raise GloVeError(
            f"{url}: what came has SHA-256 {found}, expected {sha256}; it was removed: call again, "
            "or pass url= of another server, or check_sha256=False if the archive was reissued"
        )
    os.replace(part, target)
    return target


def _fetch_rest(url: str, part: Path, progress: bool) -> str | None:
    """One connection: append what is missing to `part`. None when whole, or what went wrong."""
    have = part.stat().st_size
    request = urllib.request.Request(url, headers={"User-Agent": "embedding-labs"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # default, verifying TLS
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        # Nothing beyond what we have. "bytes */<total>" tells whether that is everything.
        if error.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
            return None
        part.write_bytes(b"")
        return f"the {have:,} bytes of an earlier download do not fit this file; starting anew"
    with answer:
        if answer.status != 206:  # the server sends the whole file, whatever we asked for
            have = 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            return f"asked for bytes from {have}, got {answer.headers.get('Content-Range')!r}"
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        bar = _Progress(part.stem, have, total) if progress and total else None
        with open(part, "r+b" if have else "wb") as file:
            file.seek(have)
            while chunk := answer.read(BLOCK):
                file.write(chunk)
                have += len(chunk)
                if bar:
                    bar.show(have)
    if total is not None and have < total:
        return f"the connection ended at {have:,} of {total:,} bytes"
    return None


class _Progress:
    """One line on stderr: redrawn on a terminal or in a notebook, else ten times."""

    def __init__(self, name: str, have: int, total: int):
        self.name, self.first, self.total = name, have, total
        self.live = sys.stderr.isatty() or "ipykernel" in sys.modules
        self.began, self.next = time.monotonic(), 0.0

    def show(self, have: int) -> None:
        seconds = time.monotonic() - self.began
        now, step = (seconds, 0.2) if self.live else (have / self.total, 0.1)
        if now < self.next and have < self.total:
            return
        self.next = now + step
        speed = (have - self.first) / max(seconds, 1e-3)
        minutes, rest = divmod(int((self.total - have) / max(speed, 1.0)), 60)
        bar = "#" * (20 * have // self.total)
        text = f"{self.name} [{bar:<20}] {have / 1e6:,.0f} of {self.total / 1e6:,.0f} MB, "
        text += f"{speed / 1e6:.1f} MB/s, {minutes}:{rest:02} left "
        done = have == self.total or not self.live
        print("\r" * self.live + text, end="\n" if done else "", file=sys.stderr, flush=True)


# ── the one function to call ──────────────────────────────────────────────────────────────────


def load_glove(
    name_or_path: str | os.PathLike,
    dim: int,
    *,
    cache: str | os.PathLike | None = None,
    url: str | None = None,
    check_sha256: bool = True,
    progress: bool = True,
) -> GloVe:
    """Load GloVe vectors: from the cache, a local file, or a download.

    Lines that do not end in `dim` finite numbers are left out, and the first load warns of them.

    Args:
        name_or_path: `"6B"`, or the path of a text file or a zip with one. For `"6B"` the text or
            the zip is looked for in the cache, `.`, `data` and torchtext's `.vector_cache`, and
            downloaded into the cache if it is in none (862 MB; the zip is kept for other `dim`s).
        dim: numbers on each line; for `"6B"` one of 50, 100, 200, 300.
        cache: folder for downloads and binary caches; see `default_cache`.
        url: another address of the archive.
        check_sha256: whether the downloaded archive must have the known checksum. (Its CRC, the
            row count and known rows are always checked.)
        progress: show a bar while downloading.

    Raises:
        GloVeError: unknown name, wrong `dim`, damaged or wrong file, failed download.
        FileNotFoundError: there is no such path.
    """
    if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)) or dim < 1:
        raise GloVeError(
            f"dim is {dim!r}, expected a positive int; pass how many numbers a line has"
        )
    cache = Path(cache) if cache else default_cache()
    archive = ARCHIVES.get(str(name_or_path))
    if archive is None:
        path = Path(name_or_path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such file, and no name of a published archive "
                f"({', '.join(ARCHIVES)}); check the path"
            )
        # A file that changes gets another cache.
        stat, where = path.stat(), zlib.crc32(os.fsencode(path.resolve()))
        folder = cache / f"{path.name}.{dim}.{where:08x}.{stat.st_size:x}.{stat.st_mtime_ns:x}"
        return _read_cache(folder) or _write_cache(folder, _read_source(path, f"*{dim}d.txt", dim))

    if dim not in archive.dims:
        raise GloVeError(f"{name_or_path} has no dim={dim}; pass one of {archive.dims}")
    member = archive.member.format(dim=dim)
    folder = cache / f"{member}.cache"
    if table := _read_cache(folder):
        return table
    url = url or archive.url
    zip_name = Path(urllib.parse.urlsplit(url).path).name
    places = [cache, Path("."), Path("data"), Path(".vector_cache")]
    local = [place / name for name in (member, zip_name) for place in places]
    path = next((path for path in local if path.is_file()), None)
    if path is None:
        sha256 = archive.sha256 if check_sha256 else None
        path = download(url, cache / zip_name, sha256, progress)
    table = _read_source(path, member, dim)
    _verify(table, archive, path)
    return _write_cache(folder, table)


def _read_source(path: Path, member: str, dim: int) -> GloVe:
    """Parse a text file, or the one member of a zip that matches, without unpacking the rest."""
    try:
        if not zipfile.is_zipfile(path):
            if path.suffix == ".zip":
                raise zipfile.BadZipFile("not a zip file, or its end is missing")
            with open(path, "rb") as stream:
                tokens, vectors = parse(stream, dim, path.name)
        else:
            with zipfile.ZipFile(path) as archive:
                names = [n for n in archive.namelist() if Path(n).match(member)]
                if len(names) != 1:
                    raise GloVeError(
                        f"{path}: found {archive.namelist()}, expected one {member}; pass a zip "
                        "that has it, or the text file itself"
                    )
                with archive.open(names[0]) as stream:  # checks the CRC at the end
                    tokens, vectors = parse(stream, dim, names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise GloVeError(f"{path}: damaged archive ({error}); delete it and call again") from error
    return GloVe(vectors, **make_index(tokens))


def _verify(table: GloVe, archive: Archive, path: Path) -> None:
    """The row count and the rows of known tokens must be the published ones."""
    if len(table.vectors) != archive.rows:
        raise GloVeError(
            f"{path}: found {len(table.vectors):,} rows, expected {archive.rows:,}; it is cut "
            "short or another file: delete it and call again"
        )
    for token, row in archive.known.items():
        if table.stoi.get(token) != row:
            raise GloVeError(
                f"{path}: {token!r} is row {table.stoi.get(token)}, expected {row}; it is not the "
                "published file: delete it and call again"
            )
