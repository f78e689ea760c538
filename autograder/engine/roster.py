"""Students' ids: from a roster, or made from what an export calls them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from autograder.course import CourseError
from autograder.engine.exports import Owner

MAX_ID = 60  # characters, of 4 bytes each at most; a folder's name has 255
# What Canvas calls the columns of the gradebook that it exports, and Moodle those of its.
PLATFORM_COLUMNS = {
    "student": "name", "id": "canvas_id", "sis login id": "student_id",
    "email address": "email", "id number": "id_number",
}  # fmt: skip


class NoId(Exception):
    """A student has no id; the message is one line that says why."""


def safe_id(text: str) -> str:
    """Text as a student's id, which is a folder's name: letters, digits and `_ . @ + -`."""
    text = re.sub(r"[^\w.@+-]+", "_", unicodedata.normalize("NFKC", text))
    return text.lstrip("_.@+-")[:MAX_ID].rstrip("_.")


def folded(student: str) -> str:
    """What no two ids may share: there are file systems that take such names for the same."""
    return unicodedata.normalize("NFKC", student).casefold()


class Roster:
    """Ids of students by what the platforms call them."""

    def __init__(self, path: Path) -> None:
        """Reads a CSV file with `student_id` and any of `canvas_id`, `moodle_id`, `name`, `email`.

        The gradebook that Canvas exports is such a file, with the login id for the student's id.
        `rows` has a dict for each student, by the columns' names in lower case; `headings` has
        the columns' names as they stand in the file.

        Raises: CourseError for another file, or an id that cannot be a folder's name.
        """
        self._path = path
        self.rows: list[dict[str, str]] = []
        self._ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        try:
            text = path.read_text(encoding="utf-8-sig")
            delimiter = max(",;\t", key=text.partition("\n")[0].count)
            table = list(csv.reader(io.StringIO(text), delimiter=delimiter))
        except (OSError, ValueError, csv.Error) as error:
            raise CourseError(f"{path} cannot be read as a table in UTF-8: {error}") from None
        self.headings = [title.strip() for title in table[0]] if table else []
        titles = [title.lower() for title in self.headings]
        own = "student_id" in titles
        titles = [t if own and t == "sis login id" else PLATFORM_COLUMNS.get(t, t) for t in titles]
        if "student_id" not in titles:
            raise CourseError(f"{path} has no column student_id, and is no gradebook of Canvas.")
        for line, values in enumerate(table[1:], 2):
            row = dict(zip(titles, (v.strip() for v in values), strict=False))
            student = unicodedata.normalize("NFKC", row.get("student_id", ""))
            if student != safe_id(student):
                raise CourseError(
                    f"{path}, line {line}: {student!r} cannot be a student's id; expected letters, "
                    f"digits and _ . @ + -, {MAX_ID} at most."
                )
            if not student:
                continue
            self.rows.append(row | {"student_id": student})
            for key in _keys(row):
                self._ids[key].add(student)

    def find(self, owner: Owner) -> str:
        """The id of whom an export calls this.

        Raises: NoId for one who is not in the roster, or not in it alone.
        """
        number = folded(owner.name) if owner.platform == "tree" else owner.number
        for key in ((f"{owner.platform} id", number), (owner.platform, plain(owner.name))):
            match sorted(self._ids.get(key, ())):
                case [student]:
                    return student
                case [first, second, *_]:
                    raise NoId(f"{owner.name} can be {first} or {second} in {self._path.name}")
        who = f"{owner.name} ({owner.number})" if owner.number else owner.name
        raise NoId(f"{who} is not in {self._path.name}")


def _keys(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What a row's student can be called, by platform."""
    words = re.findall(r"\w+", row.get("name", ""))
    # "Doe, Jane", "Jane Doe" and Canvas's "doejane" are one name, begun in different places.
    names = {plain("".join(words[n:] + words[:n])) for n in range(len(words))}
    for platform in ("canvas", "moodle"):
        # A number is surer than a name: where there is one, another's like name finds nothing.
        if number := re.search("[0-9]+", row.get(f"{platform}_id", "")):
            yield f"{platform} id", number[0]
        else:
            yield from ((platform, name) for name in names)
    yield from (("tree", name) for name in names)
    yield from (
        ("tree id", folded(row[title])) for title in ("student_id", "email") if row.get(title)
    )


def plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", folded(name))


def name_students(
    owners: Collection[Owner], roster: Roster | None, there: Iterable[str]
) -> tuple[dict[Owner, str], dict[Owner, str]]:
    """An id for each owner, and the reason for each who gets none.

    Without a roster the id is `doejane_123` for Canvas (its user id stays the same), the full name
    for Moodle (its number does not; it is added where two have one name), and the folder's name in
    a tree. Two who would have the same id, or ids that differ in case alone, get none.

    there: ids that are in use.
    """
    ids: dict[Owner, str] = {}
    refused: dict[Owner, str] = {}
    names = Counter(folded(safe_id(owner.name)) for owner in owners if owner.platform == "moodle")
    for owner in owners:
        try:
            if roster is not None:
                ids[owner] = roster.find(owner)
                continue
            name = safe_id(owner.name)
            numbered = owner.platform == "canvas" or names[folded(name)] > 1
            student = safe_id(f"{name[:40]}_{owner.number}") if numbered else name
            if not student:
                raise NoId("no letter or digit in the student's name")
            ids[owner] = student
        except NoId as error:
            refused[owner] = str(error)
    same: dict[str, list[Owner]] = defaultdict(list)
    for owner, student in ids.items():
        same[folded(student)].append(owner)
    known = {folded(student): student for student in there}
    for key, all_of_one in same.items():
        student = ids[all_of_one[0]]
        if len(all_of_one) > 1:
            who = " and ".join(
                sorted(f"{o.place or o.name} {o.number}".strip() for o in all_of_one)
            )
            why = f"{who} would both be {student}; a roster can tell them apart"
        elif known.get(key, student) != student:
            why = f"{student} and {known[key]}, who is there, differ in case alone"
        else:
            continue
        for owner in all_of_one:
            refused[owner] = why
            del ids[owner]
    return ids, refused
