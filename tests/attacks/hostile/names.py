"""Names and links: what a folder of submissions can hold instead of plain folders and files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.attacks.hostile.metadata import refused
from tests.attacks.hostile.notebooks import Hostile, Outside, Told

FAMILY = "names and links"


def _neighbour(outside: Outside) -> Path:
    return Path(outside.course, "submitted", "n1-right", outside.lab)


def _folder_is_a_link(folder: Path, data: bytes, outside: Outside) -> None:
    (folder / outside.lab).symlink_to(_neighbour(outside), target_is_directory=True)


def _links_to(target: str) -> object:
    def write(folder: Path, data: bytes, outside: Outside) -> None:
        lab = outside.lab
        (folder / lab).mkdir()
        (folder / lab / f"{lab}.ipynb").symlink_to(
            target.format(lab=lab, course=outside.course, neighbour=_neighbour(outside))
        )

    return write


def _pipe(folder: Path, data: bytes, outside: Outside) -> None:
    (folder / outside.lab).mkdir()
    os.mkfifo(folder / outside.lab / f"{outside.lab}.ipynb")


def _socket(folder: Path, data: bytes, outside: Outside) -> None:
    (folder / outside.lab).mkdir()
    here = os.getcwd()
    os.chdir(folder / outside.lab)  # a socket's path may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(f"{outside.lab}.ipynb")
    finally:
        os.chdir(here)


def _other_name(folder: Path, data: bytes, outside: Outside) -> None:
    (folder / outside.lab).mkdir()
    elsewhere = Path(outside.foreign, "elsewhere.ipynb")
    elsewhere.write_bytes(data)
    os.link(elsewhere, folder / outside.lab / f"{outside.lab}.ipynb")


def _company(folder: Path, data: bytes, outside: Outside) -> None:
    """The notebook, among what a careless grader would read, run, or copy."""
    lab = folder / outside.lab
    lab.mkdir()
    (lab / f"{outside.lab}.ipynb").write_bytes(data)
    for name in ("sitecustomize.py", "conftest.py", "numpy.py", "torch.py", ".env", "data",
                 "nbgrader_config.py", "jupyter_config.py", f"{outside.lab}.ipynb.new"):  # fmt: skip
        (lab / name).write_text("raise SystemExit('planted')")
    (lab / "up").symlink_to("../../..")
    (lab / "loop").symlink_to("loop")
    (lab / "other.ipynb").symlink_to(_neighbour(outside) / f"{outside.lab}.ipynb")
    os.mkfifo(lab / "pipe.ipynb")


NAMES = [
    Hostile("the lab's folder is a link", FAMILY, "Hands in a link to another student's folder.",
            write=_folder_is_a_link, told=refused("is not a folder")),
    Hostile("a link to another's notebook", FAMILY, "Hands in a link to another student's notebook.",
            write=_links_to("{neighbour}/{lab}.ipynb"), told=refused("cannot be read: a link")),
    Hostile("a link to the solution", FAMILY, "Hands in a link to the reference notebook.",
            write=_links_to("../../../solutions/{lab}/{lab}.ipynb"),
            told=refused("cannot be read: a link")),
    Hostile("a link to a secret", FAMILY, "Hands in a link to a file that the tables might quote.",
            write=_links_to("{course}/secret"), told=refused("cannot be read: a link")),
    Hostile("a link to a device", FAMILY, "Hands in a link to a device that never ends.",
            write=_links_to("/dev/zero"), told=refused("cannot be read: a link")),
    Hostile("a pipe", FAMILY, "Hands in a pipe, for the grader to wait at.", write=_pipe,
            told=refused("is a pipe or a device")),
    Hostile("a socket", FAMILY, "Hands in a socket.", write=_socket, told=refused("cannot be read")),
    Hostile("another name of a file", FAMILY, "Hands in a file that lies elsewhere, too.",
            write=_other_name, told=Told(note="has another name elsewhere")),
    Hostile("files beside the notebook", FAMILY, "Hands in modules, settings and links that a grader "
            "might load.", write=_company, told=Told(note="also found")),
    Hostile("a name with a new line", FAMILY, "Has a name that breaks lines and moves the cursor.",
            student="new\nline\r\t\x1b[2J\x07"),
    Hostile("a name that is a formula", FAMILY, "Has a name that a spreadsheet computes.",
            student="=cmd|' ⁄C calc'!A0"),
    Hostile("a name that is another formula", FAMILY, "Has a name that a spreadsheet computes.",
            student="@SUM(1+1)*cmd"),
    Hostile("a name written backwards", FAMILY, "Has a name that turns the text around it.",
            student="\u202eadmin\u2066\u200b\ufeff"),
    Hostile("a long name", FAMILY, "Has a name as long as names can be.", student="x" * 250,
            told=refused("at most 128")),
    Hostile("a name that looks like a path", FAMILY, "Has a name that means another folder.",
            student="x..⁄..⁄...%2f~root$(id)`id`;id"),
    Hostile("a name for the database", FAMILY, "Has a name that ends a statement of SQL.",
            student="'); DROP TABLE student;-- \"\\"),
    Hostile("a name for a page", FAMILY, "Has a name that is a script in a page.",
            student="<script>alert(1)<⁄script>&quot;' onerror=alert(1)"),
]  # fmt: skip
