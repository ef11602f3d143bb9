"""Case files: scenarios with the right answer beside them, read into the engine's own values.

A case that leans on a rule field nobody implements is an `UnknownField`: an optional case is then
skipped, any other has failed.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from attendance.casebook.answers import ANSWERS, Codes
from attendance.casebook.places import PLACES, Near, NearPoint
from attendance.casebook.reading import Json, UnknownField

OPTIONAL: Final = "optional"
STORIES: Final = frozenset({"ingest", "sequence"})
"""Kinds whose scenarios need a database: tests of the suite that bear their ids tell them."""
_EVERY_ANSWER: Final = {**ANSWERS, **PLACES}
__all__ = [
    "OPTIONAL",
    "STORIES",
    "Case",
    "Miss",
    "UnknownField",
    "UnknownKind",
    "misses",
    "read_cases",
]


class UnknownKind(Exception):
    """A case file of a kind that nobody here can judge."""


class Case(NamedTuple):
    """One scenario: what happened, and the right answer."""

    id: str
    kind: str
    tier: str
    body: Json

    @property
    def expect(self) -> Json:
        """The keys of the answer that matter, and their values."""
        return self.body["expect"]


class Miss(NamedTuple):
    """A key of the answer that came out otherwise."""

    key: str
    expected: object
    got: object


def read_cases(path: Path) -> list[Case]:
    """Return the scenarios of a file. Raise UnknownKind if it is of a kind not known here."""
    book = json.loads(path.read_text(encoding="utf-8"))
    # The file about places calls its scenarios cases, and each says its own kind.
    scenarios = book.get("scenarios", book.get("cases") or None) if isinstance(book, dict) else None
    if not isinstance(scenarios, list):
        raise UnknownKind("without scenarios")
    kind = book.get("kind", "")
    cases = [
        Case(body["id"], body.get("kind", kind), body.get("tier", "core"), body)
        for body in scenarios
    ]
    for case in cases:
        if case.kind not in _EVERY_ANSWER and case.kind not in STORIES:
            raise UnknownKind(repr(case.kind))
    return cases


def misses(case: Case) -> list[Miss]:
    """Return where the answer differs from the expected one. Raise UnknownField (see above).

    Stories have no answer here: nobody asks for theirs.
    """
    return list(_differences(case.expect, _EVERY_ANSWER[case.kind](case.body), ""))


def _differences(expected: object, got: object, path: str) -> Iterator[Miss]:
    """Yield the leaves of `expected` that `got` does not match."""
    if isinstance(got, Near | NearPoint):
        if not got.meets(expected):
            yield Miss(path, expected, got)
        return
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in got:
                raise UnknownField(where)
            yield from _differences(value, got[key], where)
    elif path == "days" and isinstance(expected, list) and isinstance(got, list):
        for index, (row, told) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(row, told, f"{path}.{index}")
    elif isinstance(got, Codes):
        if expected not in got:
            yield Miss(path, expected, ", ".join(got) or None)
    elif expected != got:
        yield Miss(path, expected, got)
