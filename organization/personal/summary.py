"""What a page says of one person's data: which tables, how many rows, how long, who looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils.functional import Promise

from organization.audit import entries_about
from organization.audit_words import words_of
from organization.models import Employee
from organization.personal.copies import how_long
from organization.personal.datamap import SORT_WORDS, Sort, about_people

LOOKS_AT_MOST = 20
_LOOKS = (
    Q(verb__startswith="evidence.")
    | Q(verb__startswith="personal.")
    | Q(verb="request.photo_viewed")
)


class Table(NamedTuple):
    """A table with rows about the person, and how long they are kept."""

    title: str
    rows: int
    kept: str


class Group(NamedTuple):
    """The tables of one sort."""

    title: str | Promise
    tables: list[Table]


class Look(NamedTuple):
    """Somebody looked at what is more than a result, or took it along, or erased it."""

    at: datetime
    who: str
    did: str
    reason: str


def groups(employee: Employee) -> list[Group]:
    """Return what is kept about a person, by sort; one count for each table."""
    found: dict[Sort, list[Table]] = {}
    for about in about_people():
        rows = about.of(employee).count()
        if rows:
            found.setdefault(about.sort, []).append(Table(about.title, rows, how_long(about)))
    return [Group(SORT_WORDS[sort], tables) for sort, tables in found.items()]


def looks(employee: Employee) -> Iterator[Look]:
    """Yield who looked at evidence or a photo, took a copy or erased, the latest first."""
    rows = entries_about(employee).filter(_LOOKS).select_related("actor").order_by("-pk")
    for row in rows[:LOOKS_AT_MOST]:
        who = row.actor.get_username() if row.actor is not None else "–"
        yield Look(row.at, who, words_of(row.verb), str(row.facts.get("reason", "")))
