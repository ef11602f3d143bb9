"""What was before a claim: the person's phones, positions and photos, as evidence wants to know."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Q, When, Window
from django.db.models.expressions import OrderBy
from django.db.models.functions import RowNumber, TruncDate

from attendance.evidence.checks import readable_point
from attendance.evidence.claims import Position
from attendance.evidence.phones import Binding, Fix, Numbered, Use
from attendance.evidence.policy import EvidencePolicy, History, Numbers
from attendance.evidence.said import Said
from attendance.models import Punch, PunchCheck, PunchEvidence
from attendance.services.checking import earlier_of
from attendance.services.screens import unit_code
from devices.models import Phone
from organization.encryption import CannotUnseal
from organization.models import Employee
from organization.sealed_fields import opened

_log: Final = logging.getLogger(__name__)
_DAY: Final = timedelta(days=1)
# As many dates with a position as the rule says may have holidays and leave between them.
_DATES_BETWEEN: Final = timedelta(days=25)
_USES_AT_MOST: Final = 50
# As far back as a punch may have been kept on a phone.
_NUMBERS_BACK: Final = timedelta(days=31)


class ShownBefore(NamedTuple):
    """Who has shown a photo before: the other people, and with how many punches the same person."""

    others: frozenset[str] = frozenset()
    own: int = 0


class Read(NamedTuple):
    """The history, and whether all of it could be read."""

    history: History
    is_whole: bool


def read_history(
    employee: Employee,
    path: str,
    said: Said,
    policy: EvidencePolicy,
    *,
    at: datetime,
    zone: str,
    photo_digest: str | None,
) -> Read:
    """Return what is known of a person before a claim, and matters for it. Seven queries at most.

    `path` is the tree path of the department in which they are; its unit matters for a code.
    """
    fixes: tuple[Fix, ...] = ()
    is_whole = True
    shown = shown_before(employee, photo_digest)
    uses, numbered = _of_phone(employee, said, at, policy.numbers)
    if said.position is not None:
        fixes, is_whole = _fixes(employee, at, said.position, policy, zone)
    history = History(
        unit=unit_code(path) if policy.screens else None,
        bindings=tuple(_bindings(employee)) if policy.are_phones_checked else (),
        phone_uses=uses,
        numbered=numbered,
        fixes=fixes,
        punches=earlier_of(employee.pk, at, policy),
        photo_owners=shown.others,
        own_photos=shown.own,
    )
    return Read(history, is_whole)


def _bindings(employee: Employee) -> list[Binding]:
    rows = Phone.objects.filter(employee=employee).order_by("bound_at")
    # Punches are kept by the second: one in the second of the binding was made after it.
    return [
        Binding(key, bound_at.replace(microsecond=0), released_at)
        for key, bound_at, released_at in rows.values_list("key", "bound_at", "released_at")
    ]


def _of_phone(
    employee: Employee, said: Said, at: datetime, numbers: Numbers
) -> tuple[tuple[Use, ...], tuple[Numbered, ...]]:
    """Return what speaks against a phone: other people's punches, and its own out of order.

    One query for both. Of its own only those that contradict the claim are read, by whomever they
    were made: the numbers are the phone's.
    """
    within, error = numbers.shared_within, numbers.clock_error
    theirs = Q(punch__punched_at__gte=at - within, punch__punched_at__lte=at + within) & ~Q(
        punch__employee=employee.pk
    )
    later = Q(number__lt=said.number, punch__punched_at__gt=at + error)
    earlier = Q(number__gt=said.number, punch__punched_at__lt=at - error)
    checks = PunchCheck.objects.filter(
        theirs | later | earlier, phone__key=said.phone, checked_at__gte=at - _NUMBERS_BACK
    )
    rows = list(
        checks.order_by("-pk").values_list("punch__employee", "punch__punched_at", "number")[
            :_USES_AT_MOST
        ]
    )
    uses = (Use(str(person), moment) for person, moment, _no in rows if person != employee.pk)
    numbered = (Numbered(number, moment) for _who, moment, number in rows if number is not None)
    return tuple(uses), tuple(numbered)


def _fixes(
    employee: Employee, at: datetime, here: Position, policy: EvidencePolicy, zone: str
) -> tuple[tuple[Fix, ...], bool]:
    """Return the positions that a claim is held against, and whether all of them could be opened.

    Those next to the moment, and of each date before it the first and the last, back to the first
    date on which the person was elsewhere. However many positions somebody leaves behind, one query
    reads two a date, and few of them are opened.
    """
    dates = policy.numbers.identical_days
    is_later = Case(When(punch__punched_at__gt=at, then=1), default=0)
    day = TruncDate("punch__punched_at", tzinfo=ZoneInfo(zone))
    near = PunchEvidence.objects.filter(
        kind=PunchEvidence.Kind.POSITION,
        punch__employee=employee.pk,
        punch__punched_at__gte=at - (_DATES_BETWEEN + 2 * dates * _DAY),
    ).annotate(is_later=is_later, day=day)
    ends = near.annotate(
        from_first=_rank(F("punch__punched_at").asc()),
        from_last=_rank(F("punch__punched_at").desc()),
    ).filter(Q(from_first=1) | Q(from_last=1))
    rows = list(ends.select_related("punch").order_by("punch__punched_at", "pk"))
    after = [row for row in rows if row.punch.punched_at > at][:1]
    before = [row for row in reversed(rows) if row.punch.punched_at <= at]
    point, days = readable_point(here), set[date]()
    found, is_whole = [], True
    for row in (*after, *before):
        try:
            fix = _fix(row)
        except CannotUnseal as problem:
            _log.error("The position of punch %s cannot be opened: %s.", row.punch_id, problem)
            is_whole = False
            continue
        if fix is not None:
            found.append(fix)
        if row in after:
            continue
        days.add(_day_of(row.punch))
        if fix is None or fix.point != point or len(days) > dates:
            break
    return tuple(found), is_whole


def _rank(order: OrderBy) -> Window:
    return Window(RowNumber(), partition_by=[F("is_later"), F("day")], order_by=order)


def _fix(row: PunchEvidence) -> Fix | None:
    """Return a position as evidence wants it; None for one that is none. Raises CannotUnseal."""
    position = Position(**json.loads(opened(row, "sealed")))
    point, punch = readable_point(position), row.punch
    if point is None:
        return None
    return Fix(punch.punched_at, _day_of(punch), point, position.accuracy_metres or 0)


def _day_of(punch: Punch) -> date:
    return punch.punched_at.astimezone(ZoneInfo(punch.zone)).date()


def shown_before(
    employee: Employee, digest: str | None, *, apart_from: Q | None = None
) -> ShownBefore:
    """Return who has shown this photo, with another punch. One query.

    `apart_from` are the person's own punches that it may prove as well.
    """
    if digest is None:
        return ShownBefore()
    rows = PunchEvidence.objects.filter(digest=digest, kind=PunchEvidence.Kind.PHOTO)
    if apart_from is not None:
        rows = rows.exclude(apart_from, punch__employee=employee.pk)
    found = list(rows.values_list("punch__employee", flat=True)[:_USES_AT_MOST])
    return ShownBefore(
        frozenset(str(person) for person in found if person != employee.pk),
        found.count(employee.pk),
    )
