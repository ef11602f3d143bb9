"""In which business unit a department lies: asked of many at once, by their tree paths."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from organization.models import Department


class Unit(NamedTuple):
    """A business unit: its tree path, and its code."""

    path: str
    code: str


def units_of(paths: Iterable[str]) -> dict[str, Unit | None]:
    """Return the nearest business unit at or above each of these tree paths, by the path.

    None where no unit stands above: what holds there depends on what is asked, so the caller says
    it. One query, of the departments on these paths only; none for no paths.
    """
    ways = {path: way_to(path) for path in paths}
    above = {step for way in ways.values() for step in way}
    if not above:
        return dict.fromkeys(ways)
    rows = Department.objects.filter(is_unit=True, path__in=above).values_list("path", "code")
    units = {path: Unit(path, code) for path, code in rows}
    return {
        path: next((units[step] for step in reversed(way) if step in units), None)
        for path, way in ways.items()
    }


def unit_of(path: str) -> Unit | None:
    """Return the nearest business unit at or above a tree path, or None. One query."""
    return units_of([path])[path]


def way_to(path: str) -> list[str]:
    """Return the paths of the departments above a path, the topmost first, and the path itself."""
    steps = (f"{step}/" for step in path.strip("/").split("/") if step)
    return list(accumulate(steps, initial="/"))[1:]
