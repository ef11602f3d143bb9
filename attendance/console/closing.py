"""What a closing and its adjustments say to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    ClosedDay,
    Correction,
    OvertimeApproval,
    Punch,
)
from attendance.models.periods import FIGURES, TEXTS
from attendance.services.days import belongings_of, dates_around, zones_of
from attendance.wording import DAY_TYPES, duration_text, slot_label
from organization.models import AuditEntry

_DAY: Final = timedelta(days=1)

_FIGURES: Final[Mapping[str, str | Promise]] = {
    "status": _("Status"),
    "day_type": _("Kind of day"),
    "late_minutes": _("Late"),
    "early_minutes": _("Left early"),
    "worked_minutes": _("Worked"),
    "required_minutes": _("Required"),
    "shortage_minutes": _("Short"),
    "leave_minutes": _("Leave"),
    "outing_minutes": _("Outing"),
    "overtime_workday_minutes": _("Overtime on a working day"),
    "overtime_rest_minutes": _("Overtime on a rest day"),
    "overtime_holiday_minutes": _("Overtime on a holiday"),
    "absent_days": _("Days absent"),
    "missing": _("Missing"),
}
_COUNTS: Final[Mapping[str, str | Promise]] = {
    "people": pgettext_lazy("number", "People"),
    "days": _("Days"),
    "late_count": _("Late (times)"),
    "early_count": _("Left early (times)"),
}


class Line(NamedTuple):
    """A number with its name."""

    name: str
    words: str


def totals_lines(totals: Mapping[str, Any]) -> list[Line]:
    """Return the totals of a closing in words, in the order of its columns."""
    counts = [Line(str(name), _number(totals[key])) for key, name in _COUNTS.items()]
    return counts + [
        Line(str(_FIGURES[figure]), _said(figure, totals[figure]))
        for figure in FIGURES
        if figure not in TEXTS
    ]


def change_lines(row: Adjustment) -> Iterator[str]:
    """Yield what an adjustment changes: each figure before and after."""
    for figure in FIGURES:
        before, after = row.before[figure], row.after[figure]
        if before != after:
            said = f"{_said(figure, before)} → {_said(figure, after)}"
            yield f"{_FIGURES[figure]}: {said}"


def reasons_given(row: Adjustment) -> list[str]:
    """Return why somebody decided about the day though it was paid, the latest first.

    Each as "who: why". What came by itself, as a log that was late, has nobody who gave a reason.
    """
    person, day = row.employee_id, row.work_date
    begins = datetime.combine(day, time.min, ZoneInfo(zones_of([person])[person]))
    facts: list[QuerySet[Any]] = [
        Correction.objects.filter(employee=person, work_date=day),
        OvertimeApproval.objects.filter(employee=person, work_date=day),
        Absence.objects.filter(employee=person, starts_at__lt=begins + _DAY, ends_at__gt=begins),
    ]
    about = Q(thing_type=Punch._meta.label_lower, thing_id__in=_decided_punches(person, day))
    for found in facts:
        keys = [str(key) for key in found.order_by("-pk").values_list("pk", flat=True)[:20]]
        about |= Q(thing_type=found.model._meta.label_lower, thing_id__in=keys)
    said = AuditEntry.objects.filter(about, facts__as_adjustment__isnull=False)
    return [
        f"{one.actor or '–'}: {one.facts['as_adjustment']}"
        for one in said.select_related("actor").order_by("-pk")[:_CHANGES_AT_MOST]
    ]


def _decided_punches(person: int, day: date) -> list[str]:
    """Return the keys of the punches of a date that somebody has decided about."""
    dates = dates_around(day)
    near = Punch.objects.filter(
        employee=person,
        punched_at__gte=datetime.combine(dates[0], time.min, UTC) - _DAY,
        punched_at__lt=datetime.combine(dates[-1], time.min, UTC) + 2 * _DAY,
        decisions__isnull=False,
    )
    punches = list(near.distinct().order_by("-pk")[:_CHANGES_AT_MOST])
    taken = belongings_of(punches)
    return [str(one.pk) for one in punches if taken[one.pk].work_date == day]


class Change(NamedTuple):
    """An adjustment in words."""

    found_at: datetime
    words: str
    is_taken: bool


class Paid(NamedTuple):
    """That a day has been paid, as what, and what has become known since."""

    closed_at: datetime | None
    status: str
    changes: list[Change]


def paid_of(employee_id: int, work_date: date) -> Paid | None:
    """Return what was paid for a day; None where its period is open. Two queries."""
    about = {"employee": employee_id, "work_date": work_date}
    # A transfer that was entered late may have let two periods pay it, and one take it back.
    rows = ClosedDay.objects.in_force().filter(**about).order_by("-pk")
    closed = rows.only("closed_at", "status").first()
    found = Adjustment.objects.in_force().filter(**about).with_state().order_by("pk")
    changes = [
        Change(one.found_at, "; ".join(change_lines(one)), one.is_taken)
        for one in found[:_CHANGES_AT_MOST]
    ]
    if closed is None and not changes:
        return None
    status = closed.get_status_display() if closed is not None else "–"
    return Paid(closed.closed_at if closed else None, status, changes)


def closed_in(employee_id: int, first: date, last: date) -> datetime | None:
    """Return when the days of a person between two dates were closed; None: none of them is."""
    rows = ClosedDay.objects.in_force().filter(
        employee=employee_id, work_date__gte=first, work_date__lte=last
    )
    return rows.order_by("-closed_at").values_list("closed_at", flat=True).first()


_CHANGES_AT_MOST: Final = 20


def _number(value: Decimal | int) -> str:
    return str(number_format(value, force_grouping=True))


def _said(figure: str, value: Any) -> str:
    if figure == "status":
        return str(dict(AttendanceDay.Status.choices).get(value, "–"))
    if figure == "day_type":
        return next((str(words) for kind, words in DAY_TYPES.items() if kind.value == value), "–")
    if figure == "missing":
        return ", ".join(slot_label(slot) for slot in value.split(",") if slot) or "–"
    if figure == "absent_days":
        return _number(Decimal(value).normalize() if Decimal(value) else 0)
    return duration_text(int(value))
