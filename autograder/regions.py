"""Solution and hidden-test regions inside a cell, delimited as nbgrader delimits them."""

from __future__ import annotations

SOLUTION = ("BEGIN SOLUTION", "END SOLUTION")
HIDDEN = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


def regions(source: str, markers: tuple[str, str]) -> list[str]:
    """The texts between each pair of markers.

    Raises: ValueError for a region that is nested, unclosed or unopened.
    """
    begin, end = markers
    found: list[str] = []
    inside: list[str] | None = None
    for line in source.splitlines():
        if begin in line:
            if inside is not None:
                raise ValueError(f"{begin} inside a region that is still open")
            inside = []
        elif end in line:
            if inside is None:
                raise ValueError(f"{end} without {begin}")
            found.append("\n".join(inside))
            inside = None
        elif inside is not None:
            inside.append(line)
    if inside is not None:
        raise ValueError(f"{begin} without {end}")
    return found


def lines_within(source: str, markers: tuple[str, str]) -> set[int]:
    """Numbers of the lines in regions, markers included, the first line of the source being 1."""
    begin, end = markers
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or begin in line
        if inside:
            found.add(number)
        inside = inside and end not in line
    return found


def without(source: str, markers: tuple[str, str], stub: str = "") -> str:
    """The source with each region replaced by `stub`, indented like the region's first marker."""
    begin, end = markers
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        if begin in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + text for text in stub.splitlines()]
        elif end in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)
