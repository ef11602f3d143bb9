"""A person's own month and own day: nothing here reads anybody else's rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from attendance.console.closing import closed_in
from attendance.console.period import Period, neighbours, period_start, read_period
from attendance.console.status_style import STYLES, StatusStyle
from attendance.engine import PlanKind
from attendance.loading import Loaded, inputs, load_facts
from attendance.models import AttendanceDay
from attendance.planning import minute_of
from attendance.wording import DAY_TYPES, duration_text, time_text
from organization.models import Employee, User
from organization.services import zone_names
from scheduling.models import Shift


class OwnDay(NamedTuple):
    """A square of the calendar; `style` is None while nothing is known of the day."""

    day: date
    style: StatusStyle | None
    planned: str
    detail: str
    is_today: bool
    is_trouble: bool


class OwnPlan(NamedTuple):
    """What is expected of the person today: a shift and its times, or the kind of day."""

    name: str
    times: list[str]


class OwnMonth(NamedTuple):
    """A period of the person, mostly a month: weeks from Monday, None outside the period.

    `today` is what is expected today, None in the other months.
    """

    employee: Employee
    period: Period
    today: OwnPlan | None
    weeks: list[list[OwnDay | None]]
    before: str
    after: str
    worked: str
    late_count: int
    missing_count: int
    absent_days: float
    # When its days were closed for pay; None while it is open.
    closed_at: datetime | None

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


def read_month(text: str, employee: Employee, today: date) -> Period:
    """Return the period that an address names ("2026-03"), or else today's.

    It is the one that the rule of the person's department counts and pays.
    """
    return read_period(text, today, period_start(employee.department, today))


def read_own_month(
    user: User, employee: Employee, period: Period, today: date, *, now: datetime
) -> OwnMonth:
    """Return the period of a person's own days: results, and plans where there is none yet.

    A constant number of queries; two where every day has its result.
    """
    span = {"work_date__gte": period.first, "work_date__lte": period.last}
    own = AttendanceDay.objects.visible_to(user).filter(employee=employee, **span)
    rows = {row.work_date: row for row in own.select_related("shift").defer("notes", "findings")}
    open_days = [day for day in period.days if day not in rows or day == today]
    plans = _plans(employee, open_days, now)
    squares: list[OwnDay | None] = [None] * period.first.weekday()
    squares += [_square(day, rows.get(day), plans.get(day), today) for day in period.days]
    squares += [None] * (-len(squares) % 7)
    before, after = neighbours(period)
    return OwnMonth(
        employee,
        period,
        _today(plans[today]) if today in plans else None,
        [squares[n : n + 7] for n in range(0, len(squares), 7)],
        before,
        after,
        duration_text(sum(row.worked_minutes for row in rows.values())),
        sum(1 for row in rows.values() if row.late_minutes),
        sum(row.missing_punches for row in rows.values()),
        float(sum(row.absent_days for row in rows.values())),
        closed_in(employee.pk, period.first, period.last),
    )


class _Expected(NamedTuple):
    """What the plans say of a date: the shift owed, if one is, and the zone of its site."""

    loaded: Loaded
    shift: Shift | None
    zone: ZoneInfo

    @property
    def code(self) -> str:
        """Return the shift's code, a dot for a day off, nothing where nobody planned."""
        if self.shift is not None:
            return self.shift.code
        is_known = self.loaded.day.employed and not self.loaded.planned.is_unplanned
        return "·" if is_known else ""


def _plans(employee: Employee, open_days: list[date], now: datetime) -> dict[date, _Expected]:
    """Return what is expected on dates of one person. Nine queries, none for no dates."""
    if not open_days:
        return {}
    facts = load_facts([employee.pk], open_days[0], open_days[-1])
    found = list(inputs(facts, employee.pk, open_days, minute_of(now)))
    shifts = Shift.objects.in_bulk({one.planned.shift_id for one in found} - {None})
    return {
        one.work_date: _Expected(
            one,
            shifts.get(one.planned.shift_id),
            facts.book.zone_of(one.department_id, one.work_date),
        )
        for one in found
    }


def _today(expected: _Expected) -> OwnPlan:
    planned, day = expected.loaded.planned, expected.loaded.work_date
    if expected.shift is None:
        return OwnPlan(str(DAY_TYPES[planned.day_type]), [])
    segments = planned.plan.segments if planned.plan is not None else ()
    if planned.plan is not None and planned.plan.kind is PlanKind.AMOUNT:
        return OwnPlan(expected.shift.name, [duration_text(planned.plan.required)])
    return OwnPlan(
        expected.shift.name,
        [
            "–".join(time_text(at, work_date=day, zone=expected.zone) for at in segment)
            for segment in segments
        ],
    )


def _square(
    day: date, row: AttendanceDay | None, expected: _Expected | None, today: date
) -> OwnDay:
    if row is None:
        code = expected.code if expected is not None else ""
        return OwnDay(day, None, code, "", day == today, is_trouble=False)
    style = STYLES[row.status]
    code = row.shift.code if row.shift else ""
    return OwnDay(day, style, code, str(style.label), day == today, row.has_trouble)
