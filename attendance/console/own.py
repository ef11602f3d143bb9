"""A person's own month and own day: nothing here reads anybody else's rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from attendance.console.month import Period, neighbours, period_of
from attendance.console.status_style import STYLES, StatusStyle
from attendance.models import AttendanceDay
from attendance.wording import duration_text
from organization.models import Employee, User
from organization.services import zone_names
from scheduling.models import RosterEntry


class OwnDay(NamedTuple):
    """A square of the calendar; `style` is None while nothing is known of the day."""

    day: date
    style: StatusStyle | None
    planned: str
    detail: str
    is_today: bool
    is_trouble: bool


class OwnMonth(NamedTuple):
    """A calendar month of the person: weeks from Monday, None outside the month."""

    employee: Employee
    period: Period
    weeks: list[list[OwnDay | None]]
    before: str
    after: str
    worked: str
    late_count: int
    missing_count: int
    absent_days: float

    @property
    def week_heads(self) -> list[date]:
        """Return a Monday to a Sunday, whose names head the columns."""
        monday = self.period.first - timedelta(days=self.period.first.weekday())
        return [monday + timedelta(days=n) for n in range(7)]

    @property
    def trouble(self) -> list[OwnDay]:
        """Return the days to look at, the latest first."""
        found = [one for week in self.weeks for one in week if one is not None and one.is_trouble]
        return found[::-1]


def own_employee(user: User) -> Employee | None:
    """Return the person whose log-in this is; None for log-ins of nobody."""
    return Employee.objects.select_related("department").filter(user=user).first()


def today_of(employee: Employee, *, now: datetime) -> date:
    """Return the date at the person's site."""
    return now.astimezone(ZoneInfo(zone_names()[employee.department_id])).date()


def read_month(text: str, today: date) -> Period:
    """Return the calendar month that an address names ("2026-03"), or else today's."""
    year, _dash, month = text.partition("-")
    if len(text) == 7 and year.isdecimal() and month.isdecimal():
        try:
            return period_of(int(year), int(month))
        except ValueError:
            pass
    return period_of(today.year, today.month)


def read_own_month(user: User, employee: Employee, period: Period, today: date) -> OwnMonth:
    """Return the month of a person's own days. Two queries."""
    span = {"work_date__gte": period.first, "work_date__lte": period.last}
    own = AttendanceDay.objects.visible_to(user).filter(employee=employee, **span)
    rows = {row.work_date: row for row in own.select_related("shift").defer("notes", "findings")}
    entries = RosterEntry.objects.visible_to(user).filter(employee=employee, **span)
    planned = dict(entries.values_list("work_date", "shift__code"))
    squares: list[OwnDay | None] = [None] * period.first.weekday()
    squares += [_square(day, rows.get(day), planned, today) for day in period.days]
    squares += [None] * (-len(squares) % 7)
    before, after = neighbours(period)
    return OwnMonth(
        employee,
        period,
        [squares[n : n + 7] for n in range(0, len(squares), 7)],
        before,
        after,
        duration_text(sum(row.worked_minutes for row in rows.values())),
        sum(1 for row in rows.values() if row.late_minutes),
        sum(1 for row in rows.values() if row.missing),
        float(sum(row.absent_days for row in rows.values())),
    )


def _square(
    day: date, row: AttendanceDay | None, planned: dict[date, str | None], today: date
) -> OwnDay:
    code = (planned[day] or "·") if day in planned else ""
    if row is None:
        return OwnDay(day, None, code, "", day == today, is_trouble=False)
    style = STYLES[row.status]
    return OwnDay(
        day,
        style,
        row.shift.code if row.shift else code,
        str(style.label),
        day == today,
        row.has_trouble,
    )
