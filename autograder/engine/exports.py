"""How learning platforms name the files of an export, and whose each file is.

Read from the platforms' own sources. **Canvas** (`lib/content_zipper.rb`) writes one flat folder:
`<sortable name>_<user id>_<file id>_<file name>`, the name in lower case without spaces and signs,
`_LATE` after it when late, `anon_<code>` for name and user id where grading is anonymous; a file
that is handed in again arrives as `lab-1.ipynb`, `lab-2.ipynb`. **Moodle** (`mod/assign`, class
`downloader`) writes folders `<full name>_<participant>_assignsubmission_file`, in older versions
with `_` at the end, or, by choice, flat files with all that before their own name. Any other
archive is taken for a tree: `<student>/<lab>/<file>` or `<student>/<file>`.

A folder around all of it, as unpacking and packing again makes one, does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

# The first numbers count: students choose the file's name, and may put numbers there too.
CANVAS = re.compile(
    r"(?:(?P<late_anon>late_)?(?P<anon>anon_[a-z0-9]+)|(?P<name>.*?)_(?P<late>late_)?(?P<user>[0-9]+))"
    r"_(?P<file>[0-9]+)_.+",
    re.IGNORECASE | re.DOTALL,
)
MOODLE = re.compile(
    r"(?P<name>[^_]+)(?:_(?P<number>[0-9]+))?_assignsubmission_[a-z]+(?:_.*)?", re.DOTALL
)


@dataclass(frozen=True)
class Owner:
    """Whose a file is, in the export's own words.

    platform: canvas, moodle or tree. number: Canvas's user id, which stays; Moodle's participant
    number, which is another one in each assignment; or empty. place: the folders above a tree's
    file, down to the student's.
    """

    platform: str
    name: str
    number: str = ""
    place: str = ""


@dataclass(frozen=True)
class Filed:
    """What a member's name tells. order: grows with each upload in Canvas; 0 elsewhere."""

    owner: Owner
    order: int = 0
    late: bool = False


def filed(name: str, shared: int, labs: Collection[str]) -> Filed | None:
    """What a member's name tells, or None where it does not tell whose it is.

    Deeper folders are the students' own: nothing there may say that a file is someone else's.

    shared: how many leading folders all files of the archive have in common.
    """
    *folders, file = name.split("/")
    for part in name.split("/")[: shared + 1]:
        if match := MOODLE.fullmatch(part):
            return Filed(Owner("moodle", match["name"], match["number"] or ""))
    if len(folders) == shared and (match := CANVAS.fullmatch(file)):
        owner = Owner("canvas", match["anon"] or match["name"], match["user"] or "")
        return Filed(owner, int(match["file"]), bool(match["late"] or match["late_anon"]))
    # Where all files are one student's, the student's folder is one that they share.
    top = shared
    while top and (top == len(folders) or folders[top] in labs):
        top -= 1
    match folders[top:]:
        case [student] | [student, _] if student not in labs and set(folders[top + 1 :]) <= set(
            labs
        ):
            return Filed(Owner("tree", student, place="/".join(folders[: top + 1])))
    return None
