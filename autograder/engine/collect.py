"""`autograder collect`: out of a learning platform's archive into `submitted`, for grading.

The archive is hostile data, as submissions are. What is written is `<student>/<lab>/<lab>.ipynb`
of a safe id and a lab of the course, never a name from the archive.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from autograder.course import Course, CourseError
from autograder.engine import archive as zips
from autograder.engine.archive import BadArchive, BadMember
from autograder.engine.exports import Filed, Owner, filed
from autograder.engine.intake import MAX_BYTES, MAX_FILES, BadSubmission, opened, parse
from autograder.engine.lab import ReleasedLab
from autograder.engine.placing import made, put
from autograder.engine.roster import Roster, name_students

MAX_ZIP = 50_000_000  # bytes of one student's zip in the archive
MAX_STUDENT = 100_000_000  # bytes of all that is read of one student


@dataclass(frozen=True)
class Line:
    """What became of one file of the archive.

    what: taken, replaced (the earlier file was put aside), unchanged or skipped; note: why.
    """

    student: str
    lab: str
    what: str
    file: str
    note: str = ""


@dataclass(frozen=True)
class Member:
    """A file of the archive that may hold a notebook, and what its name tells."""

    info: ZipInfo
    name: str
    filed: Filed


@dataclass(frozen=True)
class Candidate:
    """A notebook for a lab. sure: its own cells say which lab it is."""

    name: str
    data: bytes
    sure: bool
    late: bool


def collect(
    course: Course, path: Path, lab: str | None = None, roster: Path | None = None
) -> list[Line]:
    """Takes the newest notebook of each student and lab; says of each file what became of it.

    lab: no other lab is taken, and what cannot be told is taken for it.

    Raises: CourseError when the archive or the roster cannot be read, or a file not be written.
    """
    labs = {
        name: set(ReleasedLab.load(course, name).graded_cells)
        for name in course.labs()
        if name == lab or course.reference_notebook(name).is_file()
    }
    known = None if roster is None else Roster(roster)
    submitted = course.submitted_directory
    try:
        file = path.open("rb")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        with file, zips.open_archive(file) as archive:
            members, lines = _members(archive, labs)
            with opened(made(submitted)) as handle:
                there = [name for name in os.listdir(handle) if not name.startswith(".")]
                ids, refused = name_students(members, known, there)
                for owner, files in members.items():
                    if owner in refused:
                        lines += [Line("", "", "skipped", f.name, refused[owner]) for f in files]
                        continue
                    found, skipped = _choose(archive, files, labs, lab)
                    lines += [Line(ids[owner], "", "skipped", *each) for each in skipped]
                    for name, one in found.items():
                        what, note = put(handle, ids[owner], name, one.data)
                        notes = ["handed in late"] * one.late + [note] * bool(note)
                        lines.append(Line(ids[owner], name, what, one.name, "; ".join(notes)))
    except BadArchive as bad:
        raise CourseError(f"{path} cannot be read as a zip archive: {bad}.") from None
    except BadSubmission as bad:
        raise CourseError(f"{submitted} cannot be used: {bad}") from None
    return sorted(lines, key=lambda line: (line.student, line.lab, line.what, line.file))


def _members(
    archive: ZipFile, labs: Collection[str]
) -> tuple[dict[Owner, list[Member]], list[Line]]:
    """The files of each student that may hold a notebook, and a line on each other one."""
    members, lines, wanted = defaultdict(list), [], []
    for info in archive.infolist():
        name, why = zips.name_of(info), _unwanted(info, (".ipynb", ".zip"))
        if why:
            lines.append(Line("", "", "skipped", name, why))
        elif not info.is_dir():
            wanted.append((info, name))
    columns = zip(*(name.split("/")[:-1] for _, name in wanted), strict=False)
    shared = len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
    for info, name in wanted:
        if told := filed(name, shared, labs):
            members[told.owner].append(Member(info, name, told))
        else:
            lines.append(Line("", "", "skipped", name, "no telling whose it is"))
    return members, lines


def _unwanted(info: ZipInfo, suffixes: tuple[str, ...]) -> str:
    """Why a member is passed over unread, or nothing."""
    if info.is_dir():
        return ""
    if why := zips.refuse(info):
        return why
    name = zips.name_of(info)
    if any(part.startswith(".") or part == "__MACOSX" for part in name.split("/")):
        return "a hidden file"
    return "" if name.lower().endswith(suffixes) else "not a notebook"


class _Allowance:
    """What may still be read of one student's files."""

    def __init__(self) -> None:
        self._left = MAX_STUDENT

    def read(self, archive: ZipFile, info: ZipInfo, limit: int) -> bytes:
        if self._left < info.file_size <= limit:
            raise BadMember(f"more than {MAX_STUDENT:,} bytes of one student's")
        data = zips.read_member(archive, info, limit)
        self._left -= len(data)
        return data

    def notebooks(
        self, archive: ZipFile, info: ZipInfo, name: str
    ) -> Iterator[tuple[str, bytes | BadMember]]:
        """A notebook, or those in a student's zip, from old to new; or why they are not read."""
        try:
            if name.lower().endswith(".ipynb"):
                yield name, self.read(archive, info, MAX_BYTES)
                return
            data = self.read(archive, info, MAX_ZIP)
            with zips.open_archive(BytesIO(data), MAX_FILES) as inner:
                infos = inner.infolist()
                why_not = {info: _unwanted(info, (".ipynb",)) for info in infos}
                for why, number in Counter(filter(None, why_not.values())).items():
                    yield name, BadMember(f"{number} in it: {why}")
                for each in sorted(infos, key=_age):
                    if not each.is_dir() and not why_not[each]:
                        yield from self.notebooks(inner, each, f"{name}/{zips.name_of(each)}")
        except (BadMember, BadArchive) as bad:
            yield name, BadMember(str(bad))


def _age(info: ZipInfo) -> tuple:
    """Grows from old to new, as far as an archive tells: by time, then by the number in a name."""
    stem = os.path.splitext(zips.name_of(info))[0]
    parts = re.split("([0-9]+)", stem)
    return info.date_time, [int(part) if n % 2 else part for n, part in enumerate(parts)]


def _choose(
    archive: ZipFile, files: list[Member], labs: dict[str, set[str]], asked: str | None
) -> tuple[dict[str, Candidate], list[tuple[str, str]]]:
    """A student's newest notebook of each lab, and name and reason of each file not taken.

    A notebook whose cells are a lab's goes before a newer file that only its name gives to it.
    """
    chosen: dict[str, Candidate] = {}
    skipped, passed = [], []
    allowance = _Allowance()
    for member in sorted(files, key=lambda m: (m.filed.order, _age(m.info))):
        for name, data in allowance.notebooks(archive, member.info, member.name):
            try:
                if isinstance(data, BadMember):
                    raise data
                lab, sure = _lab_of(data, name, labs, asked)
            except BadMember as bad:
                skipped.append((name, str(bad)))
                continue
            one = Candidate(name, data, sure, member.filed.late)
            other = chosen.setdefault(lab, one)
            if other is not one:
                better, worse = (one, other) if sure or not other.sure else (other, one)
                chosen[lab] = better
                passed.append((lab, worse.name))
    skipped += [(name, f"{chosen[lab].name} was taken instead") for lab, name in passed]
    return chosen, skipped


def _lab_of(
    data: bytes, name: str, labs: dict[str, set[str]], asked: str | None
) -> tuple[str, bool]:
    """The lab whose cells a notebook has, else the one asked for, else the one in its name.

    Returns: the lab, and whether the cells say so.
    Raises: BadMember when it is another lab's than the one asked for, or cannot be told.
    """
    try:
        found = {str(cell["nbgrader"].get("grade_id")) for cell in parse(data)}
    except BadSubmission:
        found = set()  # damaged: grading says how
    shared = {lab: len(found & ids) for lab, ids in labs.items()}
    most = max(shared.values(), default=0)
    likely = [lab for lab in labs if most and shared[lab] == most]
    if asked:
        if likely and asked not in likely:
            raise BadMember(f"a notebook of {likely[0]}, not of {asked}")
        return asked, asked in likely
    if len(likely) == 1:
        return likely[0], True
    named = [lab for lab in labs if lab.lower() in name.lower()]
    if len(named) == 1:
        return named[0], False
    raise BadMember("no telling which lab's it is; say it: autograder collect ARCHIVE LAB")
