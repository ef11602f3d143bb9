"""One line per decision, in the transaction that made it."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from organization.models import AuditEntry, Department, User


def record(
    *,
    actor: User | None,
    verb: str,
    thing: models.Model,
    now: datetime,
    department: Department | None = None,
    **facts: object,
) -> AuditEntry:
    """Write down that `actor` did `verb` to `thing`. `facts` must be JSON values.

    Line breaks in names are taken out, so that nobody can forge a line of the log.
    """
    return AuditEntry.objects.create(
        at=now,
        actor=actor,
        verb=verb,
        thing_type=thing._meta.label_lower,
        thing_id=str(thing.pk or ""),
        thing_name=" ".join(str(thing).split())[:200],
        department=department,
        facts=facts,
    )
