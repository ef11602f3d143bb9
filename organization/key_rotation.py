"""Sealing anew what an older key has sealed: in small steps, beside running writers, resumable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.functions import Substr

from organization import audit
from organization.encryption import MARK_LENGTH, CannotUnseal, current_mark, seal, unseal
from organization.sealed_fields import SealedColumn, digests_of, sealed_columns

CHUNK = 100


@dataclass
class Rotation:
    """What became of one sealed column."""

    column: str
    resealed: int = 0
    # Rows that no longer were as they had been read: a writer or a second rotation was faster.
    overtaken: int = 0
    unreadable: list[tuple[Any, str]] = field(default_factory=list)
    left: int = 0


def rotate(*, now: datetime, chunk: int = CHUNK) -> list[Rotation]:
    """Seal every value anew that the first of FIELD_KEYS has not sealed; return one tally a column.

    Each row is its own step, compared and swapped, so it may be killed and run again, and writers
    need not wait. A value that no key opens stays as it is and is named.
    """
    done = []
    for column in sealed_columns():
        tally = Rotation(_name(column))
        for row in _older(column, chunk):
            _reseal(column, row, tally)
        tally.left = left(column)
        done.append(tally)
    audit.record(
        actor=None,
        verb="keys.rotated",
        thing=audit.Thing("keys", "FIELD_KEYS"),
        now=now,
        resealed={tally.column: tally.resealed for tally in done},
        left={tally.column: tally.left for tally in done},
    )
    return done


def check() -> list[Rotation]:
    """Return one tally a column of what the first of FIELD_KEYS has not sealed; nothing changes."""
    return [Rotation(_name(column), left=left(column)) for column in sealed_columns()]


def left(column: SealedColumn) -> int:
    """Return how many values of a column the first of FIELD_KEYS has not sealed."""
    return _not_current(column).count()


def _not_current(column: SealedColumn) -> models.QuerySet[Any]:
    head = Substr(column.field.name, 1, MARK_LENGTH, output_field=models.BinaryField())
    rows = column.model._base_manager.annotate(_head=head)
    return rows.exclude(**{f"{column.field.name}__isnull": True}).exclude(_head=current_mark())


def _older(column: SealedColumn, chunk: int) -> Iterator[dict[str, Any]]:
    names = ("pk", column.field.name, *column.field.bound_to)
    rows = _not_current(column).order_by("pk")
    some = list(rows.values(*names)[:chunk])
    while some:
        yield from some
        some = list(rows.filter(pk__gt=some[-1]["pk"]).values(*names)[:chunk])


def _reseal(column: SealedColumn, row: dict[str, Any], tally: Rotation) -> None:
    name = column.field.name
    was, context = bytes(row[name]), column.field.context(row)
    try:
        content = unseal(was, context)
    except CannotUnseal as problem:
        tally.unreadable.append((row["pk"], str(problem)))
        return
    same = column.model._base_manager.filter(**{"pk": row["pk"], name: was})
    anew: dict[str, Any] = {name: seal(content, context)}
    if column.field.looked_up_by:
        anew[column.field.looked_up_by] = digests_of(column.model, name, content)[0]
    if same.update(**anew):
        tally.resealed += 1
    else:
        tally.overtaken += 1


def _name(column: SealedColumn) -> str:
    return f"{column.model._meta.label}.{column.field.name}"
