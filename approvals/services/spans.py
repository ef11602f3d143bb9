"""Days and half days of leave as moments, and how many days a stretch takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from approvals.content import as_amount
from approvals.errors import NothingOwed
from attendance.engine import LONG_AFTER, DayType, Minute, PlanKind, ShiftPlan
from attendance.loading import Facts, Loaded, inputs, load_facts
from attendance.planning import minute_of, moment_of, wall_moment
from attendance.services.absences import check_absence_span
from organization.models import Employee

_DAY: Final = timedelta(days=1)
# A day of a date that nobody has planned: eight hours, as the law has it where no shift says.
STANDARD_DAY: Final = 480


class Stretch(NamedTuple):
    """From when to when, how many days of work that is, and on which work date it begins.

    `days_next_year` are those of `days` whose work date lies in a later year than the first.
    `runs_past_plans` says that hours go on beyond a date that nobody has planned: nobody knows
    which of them are hours of work, and all of them are counted.
    """

    starts_at: datetime
    ends_at: datetime
    days: Decimal
    first: date
    days_next_year: Decimal = Decimal(0)
    runs_past_plans: bool = False


def of_days(
    employee: Employee, first: date, last: date, *, from_noon: bool, until_noon: bool
) -> Stretch:
    """Return whole and half days as the plans of their dates lay them out.

    `from_noon` leaves out the first half of the first date, `until_noon` the second of the last.
    Dates that nobody has planned yet, of a roster to come, are covered from midnight to midnight,
    and cost a day from Monday to Friday, or as the calendar says. Raises NothingOwed where that is
    no time of work, ImplausibleSpan.
    """
    check_absence_span(_midnight(first), _midnight(last))
    starts: list[Minute] = []
    ends: list[Minute] = []
    costs_by_date: dict[date, Fraction] = {}
    facts = load_facts([employee.pk], first, last)
    for one in _days_of(facts, employee, first, last):
        halves = _halves(one)
        costs = True
        if one.planned.is_unplanned and one.day.employed:
            halves = _blank_halves(one, facts.book.zone_of(one.department_id, one.work_date))
            costs = _costs_unplanned(one, facts)
        if halves and one.work_date == first and from_noon:
            halves.pop(0)
        if halves and one.work_date == last and until_noon:
            halves.pop()
        if halves:
            starts.append(halves[0][0])
            ends.append(halves[-1][1])
            costs_by_date[one.work_date] = Fraction(len(halves), 2) * costs
    if not sum(costs_by_date.values()):
        raise NothingOwed(first=str(first), last=str(last))
    return _stretch(moment_of(starts[0]), moment_of(ends[-1]), costs_by_date, first)


def of_hours(employee: Employee, starts_at: datetime, ends_at: datetime, *, day: date) -> Stretch:
    """Return a stretch of hours, and which part of its days' work it takes.

    It begins on `day` where it takes no work; hours after midnight may belong to the day before.
    Of a date that nobody has planned yet they are parts of a STANDARD_DAY, at whatever hour and at
    most all of it, where a whole day would cost one.
    """
    check_absence_span(starts_at, ends_at)
    a, b = minute_of(starts_at), minute_of(ends_at)
    # A shift may have begun the evening before, in any zone.
    first, last = starts_at.date() - 2 * _DAY, ends_at.date() + _DAY
    facts = load_facts([employee.pk], first, last)
    days = list(_days_of(facts, employee, first, last))
    plans = {one.work_date: plan for one in days if (plan := _owed(one)) is not None}
    costs_by_date: dict[date, Fraction] = {}
    runs_past_plans = False
    for one in days:
        plan = plans.get(one.work_date)
        if plan is not None:
            taken, of = _common(plan.segments, a, b) - _common(plan.breaks, a, b), plan.required
        elif one.planned.is_unplanned and one.day.employed and _costs_unplanned(one, facts):
            zone = facts.book.zone_of(one.department_id, one.work_date)
            taken, of = _unplanned_minutes(one, zone, plans.values(), a, b), STANDARD_DAY
            (starts, _noon), (_, ends) = _blank_halves(one, zone)
            runs_past_plans |= taken > 0 and (a < starts or ends < b)
        else:
            continue
        if taken > 0 and of:
            costs_by_date[one.work_date] = Fraction(min(taken, of), of)
    stretch = _stretch(starts_at, ends_at, costs_by_date, day)
    return stretch._replace(runs_past_plans=runs_past_plans)


def _stretch(
    starts_at: datetime, ends_at: datetime, costs_by_date: dict[date, Fraction], first: date
) -> Stretch:
    """Put a stretch together; it begins on the first date that it costs, else on `first`."""
    first = min((day for day, cost in costs_by_date.items() if cost), default=first)
    later = sum((cost for day, cost in costs_by_date.items() if day.year > first.year), Fraction(0))
    days = sum(costs_by_date.values(), Fraction(0))
    return Stretch(starts_at, ends_at, as_amount(days), first, as_amount(later))


def _days_of(facts: Facts, employee: Employee, first: date, last: date) -> Iterable[Loaded]:
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    return inputs(facts, employee.pk, days, LONG_AFTER)


def _owed(one: Loaded) -> ShiftPlan | None:
    plan = one.planned.plan
    if plan is None or plan.kind is PlanKind.OFF or not one.day.employed:
        return None
    return plan if one.planned.day_type.is_working else None


def _halves(one: Loaded) -> list[tuple[Minute, Minute]]:
    """Return the two halves of a working day, parted by its longest break; none of a day off."""
    plan = _owed(one)
    if plan is None:
        return []
    if len(plan.segments) > 1:
        return [(plan.starts, plan.segments[0][1]), (plan.segments[1][0], plan.ends)]
    middle = Minute((plan.starts + plan.ends) // 2)
    gap = max(plan.breaks, key=lambda gap: gap[1] - gap[0], default=(middle, middle))
    return [(plan.starts, gap[0]), (gap[1], plan.ends)]


def _costs_unplanned(one: Loaded, facts: Facts) -> bool:
    """Say whether leave on a date that nobody has planned costs anything: the calendar has it."""
    named: DayType | None = facts.book.named_on(one.department_id, one.work_date)
    return one.work_date.weekday() < 5 if named is None else named.is_working


def _unplanned_minutes(
    one: Loaded, zone: ZoneInfo, plans: Iterable[ShiftPlan], a: Minute, b: Minute
) -> int:
    """Return the minutes from `a` to `b` on a date that belong to no shift of another date."""
    (starts, _noon), (_, ends) = _blank_halves(one, zone)
    a, b = max(a, starts), min(b, ends)
    return max(b - a, 0) - _common([(plan.starts, plan.ends) for plan in plans], a, b)


def _blank_halves(one: Loaded, zone: ZoneInfo) -> list[tuple[Minute, Minute]]:
    """Return the halves of a date by the clock of its site, parted at noon."""
    edges = [wall_moment(one.work_date, hour * 60, zone)[0] for hour in (0, 12, 24)]
    return [(edges[0], edges[1]), (edges[1], edges[2])]


def _common(stretches: Iterable[tuple[Minute, Minute]], a: Minute, b: Minute) -> int:
    return sum(max(min(end, b) - max(start, a), 0) for start, end in stretches)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
