"""How the seals stand, for a page: what is sealed, what waits, what was checked, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from organization.seals import watching
from organization.seals.making import unsealed
from organization.seals.models import Seal, SealWatch
from organization.seals.tables import sealed_tables
from organization.seals.words import sentence, table_name

COUNTS_AT_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table: until when it is sealed, and how many rows wait; at most COUNTS_AT_MOST."""

    name: str
    sealed_at: datetime | None
    waiting: int

    @property
    def is_more(self) -> bool:
        """Say whether more rows wait than were counted."""
        return self.waiting >= COUNTS_AT_MOST


def status() -> Mapping[str, Any]:
    """Return how the seals stand: `head`, `tables`, `checked_at`, `problem`, `problem_since`."""
    watch = SealWatch.objects.filter(table=watching.WHOLE_CHAIN).first()
    problem = watch.problem if watch is not None else None
    return {
        "head": Seal.objects.order_by("-pk").defer("members").first(),
        "tables": [_of(label) for label in sealed_tables()],
        "checked_at": watch.round_ended_at if watch is not None else None,
        "problem": sentence(watching.finding_of(problem)) if problem else "",
        "problem_since": watch.problem_since if watch is not None else None,
    }


def _of(label: str) -> TableStatus:
    table = sealed_tables()[label]
    last = Seal.objects.filter(table=label, kind=Seal.Kind.ROWS).order_by("-pk")
    return TableStatus(
        table_name(label),
        last.values_list("sealed_at", flat=True).first(),
        unsealed(table).order_by().values("pk")[:COUNTS_AT_MOST].count(),
    )
