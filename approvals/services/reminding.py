"""Reminding people of what is theirs to do: missing punches, boarding passes that are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import transaction

from approvals import notices
from approvals.models import Notification, NotificationSetting
from approvals.models.notifications import Kind
from attendance.services.claims import take_reminders
from attendance.services.overdue import LATEST, Overdue, overdue_slots
from organization.services import zone_names

_USUAL: Final = timedelta(minutes=NotificationSetting._meta.get_field("punch_minutes").default)
_CHUNK: Final = 2_000


def remind(*, now: datetime) -> None:
    """Remind whoever owes a punch or a boarding pass, once each. Safe to ring twice, or late."""
    with transaction.atomic():
        # Taken and told together, or neither.
        notices.boarding_pass_due(take_reminders(now=now), now=now)
    remind_of_punches(now=now)


def remind_of_punches(*, now: datetime) -> int:
    """Tell whoever owes a punch for as long as they chose; return how many slots."""
    slots = overdue_slots(now=now, least=timedelta(minutes=1))
    zones: dict[int, str] = {}
    count = 0
    for chunk in _chunks(slots):
        due = _not_told(_due(chunk, now), now)
        if due:
            zones = zones or zone_names()
            notices.punches_missing(due, zones, now=now)
        count += len(due)
    return count


def _chunks(slots: Iterator[Overdue]) -> Iterator[list[Overdue]]:
    while chunk := list(islice(slots, _CHUNK)):
        yield chunk


def _due(slots: list[Overdue], now: datetime) -> list[Overdue]:
    """Return those who want to be reminded, and whose minutes are over."""
    users = {slot.user_id for slot in slots}
    chosen = NotificationSetting.objects.filter(user__in=users)
    wants = {
        user: timedelta(minutes=minutes) if minutes else None
        for user, minutes in chosen.values_list("user", "punch_minutes")
    }
    found = []
    for slot in slots:
        after = wants.get(slot.user_id, _USUAL)
        if after is not None and now - slot.due_at >= after:
            found.append(slot)
    return found


def _not_told(slots: Iterable[Overdue], now: datetime) -> list[Overdue]:
    """Return those who were not told already: a minute later they would all be there again."""
    kept = list(slots)
    if not kept:
        return []
    told = Notification.objects.filter(
        kind=Kind.MISSING_PUNCH, created_at__gte=now - LATEST - timedelta(hours=1),
        recipient__in={slot.user_id for slot in kept},
    )  # fmt: skip
    subjects = set(told.values_list("subject", flat=True))
    return [slot for slot in kept if notices.slot_subject(slot) not in subjects]
