"""How many days of which leave people have in a year: set one by one, or by the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from approvals.models import Allowance
from organization import audit
from organization.models import User


@transaction.atomic
def set_allowances(rows: Sequence[Allowance], *, actor: User, now: datetime) -> None:
    """Write allowances, new ones and those with other days, and an entry of the log for each.

    However many rows, the number of queries is that of a few; give it some hundreds at once. Each
    row carries its person, and that one the department. Raises IntegrityError for a new one of a
    person, kind and year that somebody else has added meanwhile.
    """
    new = [row for row in rows if row.pk is None]
    known = [row for row in rows if row.pk is not None]
    if known:
        # In the order in which leave that is asked for queues up at them.
        waited = Allowance.objects.select_for_update().filter(pk__in=[row.pk for row in known])
        list(waited.order_by("year", "pk").values_list("pk"))
        Allowance.objects.bulk_update(known, ["days"])
    Allowance.objects.bulk_create(new)
    audit.record_each(
        actor=actor,
        verb="allowance.set",
        told=[(row, row.employee.department, {"after": {"days": str(row.days)}}) for row in rows],
        now=now,
    )
