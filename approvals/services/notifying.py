"""Telling people: a row each in the transaction of the event, and a way out for who wants mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from approvals.models import (
    GroupMessage,
    GroupRobot,
    Notification,
    NotificationSetting,
    Request,
    Sending,
)
from approvals.models.notifications import WAITING, Kind
from organization.models import User
from organization.services import zone_names

Pace = NotificationSetting.Pace
# Of no use to whoever reads it the next morning.
CANNOT_WAIT: Final = frozenset((Kind.BOARDING_PASS, Kind.MISSING_PUNCH))
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class News:
    """What one log-in is told. `subject` makes it the same news when it is told again."""

    recipient: int
    kind: Kind
    subject: str
    request_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, str, str]:
        """Return what is told once."""
        return self.recipient, self.kind.value, self.subject


@transaction.atomic
def tell(news: Iterable[News], *, now: datetime) -> None:
    """Write down what people are told; telling it again changes nothing.

    Programs and log-ins that are closed are told nothing. Five queries for each 500.
    """
    for chunk in _chunks(news):
        users = _readers({one.recipient for one in chunk})
        told = [one for one in chunk if one.recipient in users]
        Notification.objects.bulk_create(
            [
                Notification(
                    recipient_id=one.recipient,
                    kind=one.kind.value,
                    subject=one.subject,
                    request_id=one.request_id,
                    facts=dict(one.facts),
                    created_at=now,
                )
                for one in told
            ],
            ignore_conflicts=True,
        )
        _send_later(told, users, now)


def tell_groups(kind: Kind, request: Request, subject: str, *, now: datetime) -> None:
    """Write down what the groups of a request's department, and of those above, are told."""
    rows = GroupRobot.objects.filter(department__in=request.department.lineage(), is_active=True)
    GroupMessage.objects.bulk_create(
        [
            GroupMessage(
                robot=robot, kind=kind.value, subject=subject, request=request, created_at=now,
                due_at=now,
            )
            for robot in rows
            if kind.value in robot.kinds
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def mark_read(*, user: User, notification_id: int | None = None, now: datetime) -> int:
    """Mark one of one's own notifications, or all of them, as read; return how many were not."""
    rows = Notification.objects.of(user).unread()
    if notification_id is not None:
        rows = rows.filter(pk=notification_id)
    return rows.update(read_at=now)


def close_waiting(*, request_id: int, now: datetime) -> None:
    """Mark as read what waits for a decision that somebody has taken; nobody is mailed of it."""
    kinds = [kind.value for kind in WAITING]
    rows = Notification.objects.filter(request=request_id, kind__in=kinds)
    rows.unread().update(read_at=now)


def unread_of(user: User) -> int:
    """Return how much nobody has opened; at most 100, which is more than a page shows."""
    rows = Notification.objects.of(user).unread().order_by()
    return rows.values("pk")[:100].count()


def setting_of(user: User) -> NotificationSetting:
    """Return how somebody wants to be told; the defaults where they never said."""
    found = NotificationSetting.objects.filter(user=user.pk).first()
    return found or NotificationSetting(user=user)


@transaction.atomic
def set_setting(
    *, user: User, mail: str, mail_hour: int, punch_minutes: int, now: datetime
) -> NotificationSetting:
    """Keep how somebody wants to be told; what waits already follows. Raises ValidationError."""
    row = setting_of(user)
    row.mail, row.mail_hour, row.punch_minutes = mail, mail_hour, punch_minutes
    row.full_clean()
    row.save()
    waiting = Sending.objects.filter(notification__recipient=user.pk, closed_at=None)
    if row.mail == Pace.OFF:
        waiting.update(closed_at=now, problem="off")
    else:
        waiting.filter(tries=0).update(due_at=_due_at(row, zone_of(user, zone_names()), now))
    return row


def _chunks(news: Iterable[News]) -> Iterator[list[News]]:
    rows = iter(news)
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _readers(keys: set[int]) -> dict[int, User]:
    rows = User.objects.filter(pk__in=keys, is_active=True, is_program=False)
    return rows.select_related("notification_setting", "employee").in_bulk()


def _send_later(told: list[News], users: Mapping[int, User], now: datetime) -> None:
    if not settings.SENDS_MAIL:
        return
    zones: dict[int, str] | None = None
    due: dict[tuple[int, str, str], datetime] = {}
    for one in told:
        user = users[one.recipient]
        setting = getattr(user, "notification_setting", None) or NotificationSetting(user=user)
        is_daily = setting.mail == Pace.DAILY
        if not user.email or setting.mail == Pace.OFF or (is_daily and one.kind in CANNOT_WAIT):
            continue
        if is_daily and zones is None:
            zones = zone_names()
        due[one.key] = _due_at(setting, zone_of(user, zones or {}), now)
    if not due:
        return
    wanted = Q(
        recipient__in={key[0] for key in due},
        kind__in={key[1] for key in due},
        subject__in={key[2] for key in due},
    )
    rows = Notification.objects.filter(wanted, sendings=None)
    Sending.objects.bulk_create(
        [
            Sending(notification=row, channel=Sending.Channel.MAIL, due_at=due[key])
            for row in rows
            if (key := (row.recipient_id, row.kind, row.subject)) in due
        ],
        ignore_conflicts=True,
    )


def _due_at(setting: NotificationSetting, zone: ZoneInfo, now: datetime) -> datetime:
    """Return when a mail may go: now, or at the person's next hour by the clock of their site."""
    if setting.mail != Pace.DAILY:
        return now
    local = now.astimezone(zone)
    hour = local.replace(hour=setting.mail_hour, minute=0, second=0, microsecond=0)
    return hour if hour > local else hour + timedelta(days=1)


def zone_of(user: User, zones: Mapping[int, str]) -> ZoneInfo:
    """Return the zone of a person's department, as `zone_names` has them; else the house's."""
    person = getattr(user, "employee", None)
    home = zones.get(person.department_id) if person is not None else None
    return ZoneInfo(home or settings.TIME_ZONE)
