"""Reads a zip archive as hostile data: nothing is unpacked, members are read one by one.

The standard library reads the format; the limits and the refusals are here.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

MAX_MEMBERS = 10_000
MAX_DIRECTORY = 4_000_000  # bytes of the table of contents
MAX_NAME = 1_000  # characters of a member's whole name
MAX_RATIO = 200  # a notebook shrinks to a tenth, at the very best to a hundredth
SMALL = 1_000_000  # bytes below which no ratio does harm

# What zipfile raises for damaged archives and members, besides its own error.
DAMAGED = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    OSError,
)


class BadArchive(Exception):
    """An archive that cannot be read at all; the message is one line."""


class BadMember(Exception):
    """A member that is not read; the message is one line."""


class _Reader(io.BufferedReader):
    """A file that zipfile cannot be made to swallow whole.

    It takes in the table of contents in one go, of the size that the archive claims, and makes
    an object of some 700 bytes for each 46.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise BadZipFile(f"its table of contents has more than {MAX_DIRECTORY:,} bytes")
        return super().read(size)


def open_archive(file: BinaryIO, most: int = MAX_MEMBERS) -> ZipFile:
    """The archive in a file, its table of contents checked as a whole.

    Raises: BadArchive for what is no zip file, has too many members, or members that share bytes.
    """
    try:
        archive = ZipFile(_Reader(file))
    except DAMAGED as error:
        reason = str(error).partition("\n")[0][:80] or type(error).__name__
        raise BadArchive(reason[:1].lower() + reason[1:]) from None
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if len(infos) > most:
        raise BadArchive(f"it has {len(infos):,} members; the limit is {most:,}")
    for info, following in pairwise(infos):
        # Members that share bytes are how a small file becomes petabytes. 30 bytes is the least
        # that the member's own header takes.
        if info.header_offset + 30 + info.compress_size > following.header_offset:
            raise BadArchive("its members overlap, as only made-up archives do")
    return archive


def name_of(info: ZipInfo) -> str:
    """A member's name. Many programs write UTF-8 without saying so, as the format asks."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def refuse(info: ZipInfo) -> str:
    """Why a member must not be read, or nothing."""
    name = name_of(info)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if len(name) > MAX_NAME:
        return f"its name has {len(name):,} characters; the limit is {MAX_NAME:,}"
    if "\0" in name or "\\" in name:
        return "its name has a NUL or a backslash in it"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "its name is an absolute path"
    if {"", ".", ".."} & set(name.split("/")):
        return "its name is not a plain path"
    if kind not in (0, stat.S_IFREG):
        return "a link" if kind == stat.S_IFLNK else "neither a file nor a folder"
    if info.flag_bits & 0x1:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed in an unusual way; expected deflate"
    return ""


def read_member(archive: ZipFile, info: ZipInfo, limit: int) -> bytes:
    """A member's bytes, at most `limit`.

    Raises: BadMember when it is refused, too large, or damaged.
    """
    if why := refuse(info):
        raise BadMember(why)
    if info.file_size > limit:
        raise BadMember(f"{info.file_size:,} bytes; the limit is {limit:,}")
    if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
        raise BadMember(f"it unpacks to more than {MAX_RATIO} times its size, as bombs do")
    try:
        with archive.open(info) as member:
            # zipfile stops at the size that is declared, and compares the checksum there.
            data = member.read(info.file_size + 1)
    except DAMAGED:
        raise BadMember("damaged") from None
    if len(data) != info.file_size:
        raise BadMember(f"damaged: {len(data):,} bytes where {info.file_size:,} are declared")
    return data
