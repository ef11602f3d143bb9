"""Taking away facts whose time is over: by order of their owner only, never by a bell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from organization import audit, retention
from organization.seals.making import remove_rows
from organization.seals.tables import sealed_tables

_AT_ONCE: Final = 10_000


def classes_of_facts() -> list[str]:
    """Return the classes of the retention table that no bell deletes."""
    return [key for key in retention.classes() if any(True for _kept in _facts(key))]


def forget(key: str, *, reason: str, now: datetime) -> dict[str, int]:
    """Delete the facts of a class that are past their date and not held; return how many.

    Each step writes a line of the audit log, and seals which rows it takes of a table that is
    sealed. Rows that another row still stands on wait for that one.
    """
    # A class names what is stood on first.
    return {kept.model._meta.label_lower: _forget(kept, reason, now) for kept in _facts(key)}


def _facts(key: str) -> Iterator[retention.Kept]:
    return (kept for kept in reversed(retention.classes().get(key, [])) if kept.facts)


def _forget(kept: retention.Kept, reason: str, now: datetime) -> int:
    label, total = kept.model._meta.label_lower, 0
    while keys := list(
        _unreferenced(kept.is_due(now).exclude(kept.held()))
        .order_by("pk")
        .values_list("pk", flat=True)[:_AT_ONCE]
    ):
        with transaction.atomic():
            count = _remove(kept, keys, reason, now)
            audit.record(
                actor=None,
                verb="seals.rows_removed",
                thing=audit.Thing(label, str(kept.model._meta.verbose_name_plural)),
                now=now,
                rows=count,
                reason=reason,
            )
        total += count
    return total


def _remove(kept: retention.Kept, keys: list[int], reason: str, now: datetime) -> int:
    label = kept.model._meta.label_lower
    if label in sealed_tables():
        return remove_rows(label, keys, reason=reason, now=now)
    # Whom a hold has come to keep meanwhile stays; the next look does not find them.
    gone = kept.model._base_manager.filter(pk__in=keys).exclude(kept.held())
    return gone.delete()[1].get(kept.model._meta.label, 0)


def _unreferenced(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    for relation in rows.model._meta.related_objects:
        others = relation.related_model._base_manager
        rows = rows.filter(~Exists(others.filter(**{relation.field.attname: OuterRef("pk")})))
    return rows
