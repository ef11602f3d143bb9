"""The span of days that totals are asked for: a month of pay, or any dates up to a year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from attendance.console.period import neighbours, period_start, read_period
from attendance.models import AttendanceDay
from organization.errors import DomainError
from organization.models import Department

DAYS_AT_MOST: Final = 366
_DAY: Final = timedelta(days=1)


class OddPeriod(DomainError):
    """What was asked for is no span of days."""

    code = "odd_period"
    message = _("%(field)s is %(value)s: %(why)s")


class Span(NamedTuple):
    """Days from `first` to `last`, both inclusive; `month` is empty for dates chosen freely."""

    first: date
    last: date
    month: str = ""
    before: str = ""
    after: str = ""


def read_span(asked: Mapping[str, str], department: Department | None, today: date) -> Span:
    """Return the span that an address names: `first` and `last`, or `month`, or else today's month.

    A month is the period of pay of the department's rule. Raises OddPeriod.
    """
    if asked.get("first") or asked.get("last"):
        first, last = (_date(asked, field) for field in ("first", "last"))
        if last < first:
            raise OddPeriod(field="last", value=last, why=_("it lies before the first day."))
        if (last - first).days >= DAYS_AT_MOST:
            raise OddPeriod(field="last", value=last, why=_("a period has at most 366 days."))
        return Span(first, last)
    text = asked.get("month", "")
    period = read_period(text, today, period_start(department, today))
    if text and text != period.text:
        raise OddPeriod(field="month", value=text[:20], why=_("write a month such as 2026-03."))
    return Span(period.first, period.last, period.text, *neighbours(period))


def _date(asked: Mapping[str, str], field: str) -> date:
    text = asked.get(field, "")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text or not 2000 <= found.year <= 2100:
        raise OddPeriod(
            field=field, value=text[:20] or "—", why=_("write a date such as 2026-03-01.")
        )
    return found


def counted_until(last: date, *, today: date, now: datetime) -> date:
    """Return the last day of a period that is over for everybody.

    A day under way would show who has come so far: an early shift of three, a minute's change.
    """
    still_open = AttendanceDay.objects.filter(closes_at__gt=now).aggregate(day=Min("work_date"))
    return min(day - _DAY for day in (last + _DAY, today, still_open["day"]) if day)
