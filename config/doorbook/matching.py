"""The book held against the doors there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from config.doorbook.book import BOOK, Line
from config.doorbook.inventory import Door, find_doors


class Listed(NamedTuple):
    """A door and its line."""

    door: Door
    line: Line


class Check(NamedTuple):
    """The doors with their lines, and what is wrong: each mistake as a sentence."""

    listed: list[Listed]
    mistakes: list[str]


def check(book: Iterable[Line] = BOOK, doors: Iterable[Door] | None = None) -> Check:
    """Match every door with exactly one line, and every name of a line with a door."""
    doors = find_doors() if doors is None else list(doors)
    listed: list[Listed] = []
    mistakes: list[str] = []
    used: set[tuple[int, str]] = set()
    lines = list(book)
    for door in doors:
        found = [
            (number, name)
            for number, line in enumerate(lines)
            if line.kind is door.kind
            for name in line.names
            if _fits(name, door.name)
        ]
        # A name without a * is meant; one with it stands for what nobody named.
        found = [one for one in found if "*" not in one[1]] or found
        used.update(found)
        if not found:
            mistakes.append(f"{door.kind} {door.name}: no line of the book names it.")
        elif len(found) > 1:
            titles = ", ".join(lines[number].title for number, _name in found)
            mistakes.append(f"{door.kind} {door.name}: several lines name it: {titles}.")
        else:
            listed.append(Listed(door, lines[found[0][0]]))
    mistakes += [
        f"{line.kind} {name}: the line “{line.title}” names a door that there is not."
        for number, line in enumerate(lines)
        for name in line.names
        if (number, name) not in used
    ]
    return Check(listed, mistakes)


def _fits(name: str, door: str) -> bool:
    return re.fullmatch(re.escape(name).replace(r"\*", "[^<>]*"), door) is not None
