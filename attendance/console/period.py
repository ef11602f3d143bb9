"""The period that is counted and paid: a month, or from a day of one month into the next."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Final, NamedTuple

from django.db.models import Q

from attendance.models import RuleVersion
from organization.models import Department

_DAY: Final = timedelta(days=1)


class Period(NamedTuple):
    """The span that is paid, named by the month in which it ends; both dates inclusive."""

    year: int
    month: int
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Return the dates of the period."""
        return [self.first + n * _DAY for n in range((self.last - self.first).days + 1)]

    @property
    def text(self) -> str:
        """Return the period as an address spells it."""
        return f"{self.year:04}-{self.month:02}"


def period_of(year: int, month: int, starts_on_day: int = 1) -> Period:
    """Return the period that ends in a month: the month itself, or from a day of the one before.

    Raises ValueError for a month or a year that there is not.
    """
    if not 2000 <= year <= 2100:
        raise ValueError(f"year {year} lies outside 2000 to 2100")
    if starts_on_day == 1:
        first = date(year, month, 1)
        return Period(year, month, first, date(year, month, calendar.monthrange(year, month)[1]))
    last = date(year, month, starts_on_day) - _DAY
    before = date(year, month, 1) - _DAY
    return Period(year, month, before.replace(day=starts_on_day), last)


def read_period(text: str, today: date, starts_on_day: int) -> Period:
    """Return the period that an address names ("2026-03"), or else the one of today."""
    year, _dash, month = text.partition("-")
    if year.isdecimal() and month.isdecimal() and len(text) <= 7:
        try:
            return period_of(int(year), int(month), starts_on_day)
        except ValueError:
            pass
    current = period_of(today.year, today.month, starts_on_day)
    if today > current.last:
        following = current.last + _DAY
        after = date(following.year, following.month, 1) + timedelta(days=32)
        return period_of(after.year, after.month, starts_on_day)
    return current


def neighbours(period: Period) -> tuple[str, str]:
    """Return the month before and the month after, as addresses spell them."""
    first = date(period.year, period.month, 1)
    before, after = first - _DAY, first + timedelta(days=32)
    return f"{before:%Y-%m}", f"{after:%Y-%m}"


def period_start(department: Department | None, on: date) -> int:
    """Return the day on which the period of a department's rule starts; 1 without a rule."""
    keys = department.lineage() if department else ()
    versions = RuleVersion.objects.filter(
        Q(rule__department__in=keys) | Q(rule__department__isnull=True),
        rule__position__isnull=True,
        published_at__isnull=False,
        valid_from__lte=on,
    ).values_list("rule__department", "valid_from", "period_starts_on_day")
    nearest = max(
        versions,
        key=lambda row: (keys.index(row[0]) if row[0] in keys else -1, row[1]),
        default=None,
    )
    return nearest[2] if nearest else 1
