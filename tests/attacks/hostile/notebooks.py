"""What a hostile submission is, and how one is made out of a lab's released notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbformat.notebooknode import from_dict

from autograder.engine.lab import kind_of
from autograder.examiner.names import bound_names

SUCCEEDED = "SUCCEEDED:"  # what an attack prints where it noticed that it got through
SECRET = "secret-[0-9a-f]{32}"


@dataclass(frozen=True)
class Outside:
    """What an attacker could know of the machine: everything but the secrets.

    me: the submission's own name, to leave wherever it gets out to. mark: a word that the run's
    processes carry. foreign: a folder that everybody may write to, with a file `secret`. canary: a
    process that must not notice anything. The others are addresses of listeners.
    """

    me: str
    mark: str
    lab: str
    course: str
    home: str
    temporary: str
    foreign: str
    site: str
    canary: int
    tcp: int
    udp: int
    abstract: str
    unix: str
    datagram: str


@dataclass(frozen=True)
class Told:
    """What the instructor reads.

    status: of the submission; "graded or partial" where labs differ. note: words of the note; nothing for an empty one, None for any.
    each: outcomes that checks have, but for those that were not attempted.
    """

    status: str = "graded"
    note: str | None = ""
    each: frozenset[str] = frozenset({"not attempted"})


DIED = Told("partial", "cell own-1: the kernel died")


@dataclass(frozen=True)
class Hostile:
    """One hostile submission.

    tries: what it is after, in a sentence. code: a cell of its own above all others, or, where it
    binds `hostile`, also the answer to every exercise. demo: code for a demonstration of the
    course's, in place of its own. last: a cell of its own below all others. edit: what else is done
    to the notebook. write: puts it in a student's folder where an ordinary file is not what is
    handed in; returns nothing. student: the name of the student's folder.

    only_first: `hostile` answers one exercise only. costly: runs into limits, which are small for
    it, and not in every lab.
    """

    name: str
    family: str
    tries: str
    code: str = ""
    demo: str = ""
    last: str = ""
    edit: Callable[[dict[str, Any]], dict[str, Any] | str | None] = field(default=lambda nb: None)
    write: Callable[[Path, bytes, Outside], None] | None = None
    student: str = ""
    told: Told = Told()
    only_first: bool = False
    costly: bool = False

    def notebook(self, released: dict[str, Any], outside: Outside) -> bytes:
        """The file that is handed in, made of a lab's released notebook as a JSON object."""
        nb = deepcopy(released)
        # What no check needs takes most of the time. A student may delete it.
        demo = cells_of(nb, "demo")[0]
        nb["cells"] = [
            cell for cell in nb["cells"]
            if _kind(cell) not in ("demo", "markdown") or (cell is demo and self.demo)
        ]  # fmt: skip
        demo["source"] = _with_prelude(self.demo, outside)
        if "hostile" in _bound(self.code):
            for cell in cells_of(nb, "exercise")[: 1 if self.only_first else None]:
                names = sorted(_bound("".join(cell["source"])))
                cell["source"] = "\n".join(f"{name} = hostile" for name in names)
        if self.code:
            nb["cells"].insert(0, own_cell(_with_prelude(self.code, outside)))
        if self.last:
            nb["cells"].append(own_cell(_with_prelude(self.last, outside)))
        edited = self.edit(nb)
        text = edited if isinstance(edited, str) else json.dumps(edited or nb)
        return text.encode("utf-8", "surrogatepass")


def own_cell(source: str) -> dict[str, Any]:
    """A code cell that a student adds."""
    return {"cell_type": "code", "id": f"own{abs(hash(source)) % 10**8}", "metadata": {},
            "execution_count": None, "outputs": [], "source": source}  # fmt: skip


def cells_of(nb: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    """The course's cells of some kinds, in a notebook as a JSON object."""
    return [cell for cell in nb["cells"] if _kind(cell) in kinds]


def _kind(cell: dict[str, Any]) -> str:
    return kind_of(from_dict({"cell_type": cell["cell_type"], "metadata": cell["metadata"]}))


def _bound(source: str) -> set[str]:
    return set(bound_names(source)) if source else set()


# What every attack has at hand.
PRELUDE = '''\
import ctypes, json, os, pathlib, re, signal, socket, subprocess, sys, threading, time
OUT = {outside!r}
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(15, OUT["mark"].encode())
os.environ["HOSTILE"] = OUT["mark"]

def call(function, *args):
    """A function of the C library; OSError where it fails."""
    if getattr(libc, function)(*args) == -1:
        raise OSError(ctypes.get_errno(), function)

def attempt(what, action, *args):
    try:
        got = action(*args)
    except BaseException as error:
        print("failed:", what, type(error).__name__)
    else:
        print("{succeeded}", what, repr(got)[:200])

def loot(*places):
    """Prints every secret in files or bytes."""
    for place in places:
        try:
            data = place if isinstance(place, bytes) else pathlib.Path(place).read_bytes()
        except BaseException as error:
            print("failed:", place, type(error).__name__)
        else:
            print("read:", str(place)[:200], set(re.findall(rb"{secret}", data)))

'''


def _with_prelude(code: str, outside: Outside) -> str:
    prelude = PRELUDE.format(outside=asdict(outside), succeeded=SUCCEEDED, secret=SECRET)
    return prelude + code.strip() + "\n"
