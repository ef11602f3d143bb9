"""Since when a phone has found no position, as it said minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from attendance.models import PositioningFailure
from organization.models import Employee

# The page says it each minute. Whoever was silent for longer begins anew: the mission's 15 minutes
# are of continuous failure.
SILENT_AT_MOST: Final = timedelta(minutes=5)


@transaction.atomic
def note_failure(employee: Employee, *, now: datetime) -> datetime:
    """Keep that positioning fails now; return since when it has without a break."""
    row, is_new = PositioningFailure.objects.select_for_update().get_or_create(
        employee=employee, defaults={"since": now, "last_at": now}
    )
    if not is_new:
        if not _is_fresh(row, now):
            row.since = now
        row.last_at = max(row.last_at, now)
        row.save(update_fields=["since", "last_at"])
    return row.since


def note_fix(employee: Employee) -> None:
    """Keep that positioning works."""
    PositioningFailure.objects.filter(employee=employee).delete()


def failing_since(employee: Employee, *, now: datetime) -> datetime | None:
    """Return since when positioning has failed without a break; None if it has not."""
    return since(failure_of(employee), now=now)


def failure_of(employee: Employee) -> PositioningFailure | None:
    """Return what a person's phone has said of failing, if anything."""
    return PositioningFailure.objects.filter(employee=employee).first()


def since(failure: PositioningFailure | None, *, now: datetime) -> datetime | None:
    """Return since when positioning fails by what was said; None if it does not any more."""
    return failure.since if failure is not None and _is_fresh(failure, now) else None


def _is_fresh(row: PositioningFailure, now: datetime) -> bool:
    return now - row.last_at <= SILENT_AT_MOST
