"""Which totals may be shown so that none is of fewer than five people. Pure.

Totals over a tree can be subtracted from each other: a department less all of its shown parts is
what the hidden ones have together, and one period less another is what the days between have. So
the question is not which totals are small, but what all shown totals, taken together, give away.

The answer here is settled day by day, before any period is asked for. On each day the tree falls
into *cells* of at least five people. The small parts of a department are one cell together; where
even together they are fewer than five, their day is left out of every total, that of the whole
company included. What is shown of a period is always whole cells of each of its days. Whatever can
be worked out from such totals, over whichever periods, is again a sum of whole cells, and each of
them has five people or more.

People whose single days the reader may see anyway hide nobody: they are not counted here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

AT_LEAST: Final = 5
Day = TypeVar("Day", bound=Hashable)


class Part(NamedTuple):
    """A part of a department: another one with all below it, or the people directly in it."""

    key: int
    is_direct: bool = False


class Tree:
    """Departments in the order of the tree, parents before children."""

    def __init__(self, parents: Mapping[int, int | None]) -> None:
        """Take the parent of each department; None at the top, which may have many."""
        self.parents: Final = dict(parents)
        self.tops: Final = [key for key, parent in parents.items() if parent is None]
        self.children: Final[dict[int, list[int]]] = {key: [] for key in parents}
        self.below: Final[dict[int, set[int]]] = {key: {key} for key in parents}
        for key, parent in parents.items():
            if parent is not None:
                self.children[parent].append(key)
        for key, parent in reversed(self.parents.items()):
            if parent is not None:
                self.below[parent] |= self.below[key]

    def parts_of(self, key: int) -> list[Part]:
        """Return what a department falls into: the people directly in it, and those below."""
        return [Part(key, is_direct=True), *(Part(child) for child in self.children[key])]

    def departments_in(self, part: Part) -> set[int]:
        """Return the departments whose people a part is."""
        return {part.key} if part.is_direct else self.below[part.key]

    def sums(self, direct: Mapping[int, int]) -> dict[int, int]:
        """Return the numbers of each department with all below it."""
        whole = {key: direct.get(key, 0) for key in self.parents}
        for key, parent in reversed(self.parents.items()):
            if parent is not None:
                whole[parent] += whole[key]
        return whole


class Cover(NamedTuple, Generic[Day]):
    """What may be shown of a period.

    `opened` are the departments with a total of their own. `merged` holds, of each of them, the
    parts that are shown in one line only. `left_out` holds the days of departments (of the people
    directly in them) that no total may hold.
    """

    opened: frozenset[int]
    merged: Mapping[int, frozenset[Part]]
    left_out: Mapping[int, frozenset[Day]]


def cover(tree: Tree, days: Mapping[Day, Mapping[int, int]], least: int = AT_LEAST) -> Cover[Day]:
    """Return what may be shown of a period.

    `days` holds, of each day, how many people to protect stand directly in each department.
    """
    # Most days of a month have the same people as the day before.
    alike: defaultdict[frozenset[tuple[int, int]], set[Day]] = defaultdict(set)
    for day, direct in days.items():
        alike[frozenset(direct.items())].add(day)
    merged: defaultdict[int, set[Part]] = defaultdict(set)
    left_out: defaultdict[int, set[Day]] = defaultdict(set)
    for people, on in alike.items():
        together, alone = _cells_of_a_day(tree, dict(people), least)
        for key, parts in together.items():
            merged[key] |= parts
        for part in alone:
            for key in tree.departments_in(part):
                left_out[key] |= on
    opened = list(tree.tops)
    for key in opened:
        opened += [child for child in tree.children[key] if Part(child) not in merged[key]]
    return Cover(
        frozenset(opened),
        {key: frozenset(merged[key]) for key in opened if merged[key]},
        {key: frozenset(on) for key, on in left_out.items()},
    )


def _cells_of_a_day(
    tree: Tree, direct: Mapping[int, int], least: int
) -> tuple[dict[int, set[Part]], set[Part]]:
    """Return the small parts that are a cell together, by department, and those left out."""
    whole = tree.sums(direct)
    together: dict[int, set[Part]] = {}
    alone = {Part(key) for key in tree.tops if 0 < whole[key] < least}
    opened = [key for key in tree.tops if whole[key] >= least]
    for key in opened:
        sizes = {
            part: direct.get(key, 0) if part.is_direct else whole[part.key]
            for part in tree.parts_of(key)
        }
        few = {part for part, size in sizes.items() if 0 < size < least}
        if sum(sizes[part] for part in few) >= least:
            together[key] = few
        else:
            alone |= few
        opened += [child for child in tree.children[key] if sizes[Part(child)] >= least]
    return together, alone
