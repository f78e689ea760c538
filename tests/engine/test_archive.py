"""Whatever a zip file claims, reading it costs little, and ends in bytes or in one line."""

from __future__ import annotations

import random
import stat
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile, ZipInfo

import pytest

from autograder.engine import archive
from autograder.engine.archive import BadArchive, BadMember, name_of, open_archive, read_member

TEXT = b"some text that is long enough to be worth its own header " * 10


def packed(*names: str, compression: int = zipfile.ZIP_DEFLATED, text: bytes = TEXT) -> bytes:
    """A zip file, as bytes, whose members all have one text."""
    file = BytesIO()
    with ZipFile(file, "w", compression) as made:
        for name in names:
            made.writestr(name, text)
    return file.getvalue()


def packed_as(change: Callable[[ZipInfo], None], text: bytes = TEXT) -> bytes:
    """A zip file with one member whose header was changed before it was written."""
    file = BytesIO()
    with ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        info = ZipInfo("lab.ipynb")
        info.compress_type = zipfile.ZIP_DEFLATED
        change(info)
        made.writestr(info, text)
    return file.getvalue()


def claiming(data: bytes, **fields: int) -> bytes:
    """A zip file with one member, both of whose headers claim something else of it."""
    at = {"flags": (6, 8, "H"), "method": (8, 10, "H"), "size": (22, 24, "L")}
    made = bytearray(data)
    central = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        local_at, central_at, form = at[name]
        struct.pack_into(f"<{form}", made, local_at, value)
        struct.pack_into(f"<{form}", made, central + central_at, value)
    return bytes(made)


def contents(data: bytes, limit: int = 1_000_000) -> list[bytes]:
    with open_archive(BytesIO(data)) as opened:
        return [read_member(opened, info, limit) for info in opened.infolist()]


def refused(data: bytes, limit: int = 1_000_000) -> str:
    with pytest.raises(BadMember) as bad:
        contents(data, limit)
    return str(bad.value)


def refused_whole(data: bytes) -> str:
    with pytest.raises(BadArchive) as bad:
        open_archive(BytesIO(data))
    message = str(bad.value)
    assert message and message.isprintable() and len(message) < 100
    return message


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_plain_archive_is_read(compression: int) -> None:
    assert contents(packed("a.ipynb", "b/c.ipynb", compression=compression)) == [TEXT, TEXT]


def test_an_empty_archive_has_nothing_in_it() -> None:
    assert contents(packed()) == []


def test_a_name_in_utf8_is_read_whether_or_not_the_archive_says_so() -> None:
    said = packed("josé_李.ipynb")
    unsaid = claiming(said, flags=0)
    latin = claiming(packed("jos\u00e9.ipynb"), flags=0).replace("é".encode(), b"\x82x")
    for data, name in ((said, "josé_李.ipynb"), (unsaid, "josé_李.ipynb"), (latin, "joséx.ipynb")):
        with open_archive(BytesIO(data)) as opened:
            (info,) = opened.infolist()
            assert name_of(info) == name
            assert read_member(opened, info, 1_000) == TEXT


# Archives that are refused as a whole ------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"Rar!\x1a\x07\x00 no zip", packed("a")[:-30], packed("a")[:40],
     packed("a").replace(b"PK\x01\x02", b"PK\x01\x03")],
    ids=["empty", "a start", "rar", "cut off", "cut short", "damaged directory"],
)  # fmt: skip
def test_what_is_no_whole_zip_file_is_told(data: bytes) -> None:
    refused_whole(data)


def test_too_many_members_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadArchive, match="it has 4 members; the limit is 3"):
        open_archive(BytesIO(packed("a", "b", "c", "d")), most=3)


def test_a_table_of_contents_of_many_megabytes_is_not_read() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    directory = entry * (archive.MAX_DIRECTORY // len(entry) + 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    assert "its table of contents has more than 4,000,000 bytes" in refused_whole(directory + end)


def test_members_that_share_their_bytes_are_told() -> None:
    file = BytesIO()
    with ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("a.ipynb", "b.ipynb", "c.ipynb"):
            made.writestr(name, TEXT)
        for info in made.filelist:  # each name stands for the one body
            info.header_offset = 0
    assert "its members overlap" in refused_whole(file.getvalue())


def test_a_member_within_another_is_told() -> None:
    inner = packed("inner.ipynb")
    file = BytesIO()
    with ZipFile(file, "w") as made:
        made.writestr("outer.ipynb", inner)
        offset = file.getvalue().index(b"inner.ipynb") - 30
        with ZipFile(BytesIO(inner)) as other:
            (info,) = other.infolist()
        info.header_offset = offset
        made.filelist.append(info)
    assert "its members overlap" in refused_whole(file.getvalue())


# Members that are refused ------------------------------------------------------------------------

NAMES = {
    "../up.ipynb": "its name is not a plain path",
    "a/../../up.ipynb": "its name is not a plain path",
    "a//b.ipynb": "its name is not a plain path",
    "./a.ipynb": "its name is not a plain path",
    "/etc/a.ipynb": "its name is an absolute path",
    "C:/a.ipynb": "its name is an absolute path",
    "c:a.ipynb": "its name is an absolute path",
    "..\\up.ipynb": "its name has a NUL or a backslash in it",
    "a" * 1_001: "its name has 1,001 characters; the limit is 1,000",
}


@pytest.mark.parametrize(("name", "words"), NAMES.items(), ids=lambda text: text[:30])
def test_a_name_that_is_no_plain_path_is_told(name: str, words: str) -> None:
    assert refused(packed(name)) == words


def test_a_name_with_a_nul_is_told() -> None:
    assert refused(packed("a.ipynb?.txt").replace(b"?", b"\0")) == (
        "its name has a NUL or a backslash in it"
    )


@pytest.mark.parametrize(
    ("mode", "words"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "neither a file nor a folder"),
     (stat.S_IFCHR, "neither a file nor a folder"), (stat.S_IFSOCK, "neither a file nor a folder")],
)  # fmt: skip
def test_what_is_no_file_is_told(mode: int, words: str) -> None:
    def change(info: ZipInfo) -> None:
        info.external_attr = (mode | 0o777) << 16

    assert refused(packed_as(change, b"/etc/passwd")) == words


def test_a_file_with_its_rights_is_read() -> None:
    def change(info: ZipInfo) -> None:
        info.external_attr = (stat.S_IFREG | 0o4755) << 16

    assert contents(packed_as(change)) == [TEXT]


def test_an_encrypted_member_is_told() -> None:
    assert refused(claiming(packed("a.ipynb"), flags=1)) == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_told(method: int) -> None:
    assert "expected deflate" in refused(packed("a.ipynb", compression=method))
    assert "expected deflate" in refused(claiming(packed("a.ipynb"), method=97))


def test_a_large_member_is_told_and_not_read() -> None:
    assert refused(packed("a.ipynb"), 100) == "570 bytes; the limit is 100"
    assert refused(claiming(packed("a.ipynb"), size=2**32 - 2)) == (
        "4,294,967,294 bytes; the limit is 1,000,000"
    )


def test_a_bomb_is_told() -> None:
    zeros = packed("a.ipynb", text=bytes(2_000_000))
    assert len(zeros) < 4_000
    assert refused(zeros, 10_000_000) == "it unpacks to more than 200 times its size, as bombs do"


def test_a_small_text_of_one_letter_is_no_bomb() -> None:
    assert contents(packed("a.ipynb", text=b"x" * 900_000)) == [b"x" * 900_000]


@pytest.mark.parametrize("size", [0, 1, len(TEXT) - 1, len(TEXT) + 1, 900_000])
def test_a_member_of_another_size_than_declared_is_told(size: int) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert "damaged" in refused(claiming(packed("a", compression=compression), size=size))


def test_a_member_with_a_wrong_checksum_is_told() -> None:
    data = packed("a.ipynb", compression=zipfile.ZIP_STORED)
    assert refused(data.replace(b"long enough", b"short enuff")) == "damaged"


def test_a_member_whose_two_names_differ_is_told() -> None:
    assert refused(packed("a.ipynb").replace(b"a.ipynb", b"b.ipynb", 1)) == "damaged"


def test_damaged_archives_end_in_bytes_or_in_one_line() -> None:
    chance = random.Random(0)
    wholes = [packed("doe_1_2_lab.ipynb", "josé/lab.ipynb", compression=c)
              for c in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]  # fmt: skip
    ends = {"read": 0, "refused": 0}
    for _ in range(1_000):
        data = bytearray(chance.choice(wholes))
        for _ in range(chance.choice((1, 2, 8))):
            first = len(data) - 180 if chance.random() < 0.7 else 0  # where the claims stand
            data[chance.randrange(first, len(data))] = chance.randrange(256)
        try:
            assert all(len(text) <= 1_000 for text in contents(bytes(data), 1_000))
            ends["read"] += 1
        except (BadArchive, BadMember):
            ends["refused"] += 1
    assert min(ends.values()) > 50, ends
