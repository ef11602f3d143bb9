"""What the days of a period add up to. Pure: days in, totals out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from attendance.engine.draft import rounded
from attendance.engine.values import DayResult, OvertimeClass, Rounding, Status

DAYS_OFF: Final = frozenset(
    {Status.REST, Status.REST_OVERTIME, Status.HOLIDAY, Status.HOLIDAY_OVERTIME}
)
UNSCHEDULED: Final = DAYS_OFF | {Status.NOT_REQUIRED}


class JudgedDay(NamedTuple):
    """A day as a period counts it: what `DayResult` says, and whose day it was."""

    work_date: date
    status: Status
    late: int = 0
    early: int = 0
    worked: int = 0
    leave: int = 0
    outing: int = 0
    required: int = 0
    shortage: int = 0
    absent_days: float = 0.0
    overtime: int = 0
    overtime_class: OvertimeClass | None = None
    missing: int = 0
    unit: str = ""

    @classmethod
    def of(cls, work_date: date, result: DayResult, unit: str = "") -> "JudgedDay":
        """Return what a period needs of a verdict; `unit` is the unit the day belongs to."""
        return cls(
            work_date,
            result.status,
            result.late,
            result.early,
            result.worked,
            result.leave,
            result.outing,
            result.required,
            result.shortage,
            result.absent_days,
            result.overtime,
            result.overtime_class,
            len(result.missing),
            unit,
        )


class PeriodTerms(NamedTuple):
    """What a rule says about a period as a whole.

    The first `forgive_times` late days of up to `forgive_up_to` minutes are not counted, in the
    order of their dates. Beyond `weekly_limit` worked minutes of an ISO week is weekly overtime.
    `worked_unit` rounds the sum of worked minutes.
    """

    forgive_times: int = 0
    forgive_up_to: int = 0
    weekly_limit: int | None = None
    worked_unit: int = 1
    worked_rounding: Rounding = Rounding.FLOOR


PLAIN: Final = PeriodTerms()


@dataclass(slots=True, kw_only=True)
class Totals:
    """The totals of a period. Days may be halves; minutes are whole."""

    scheduled_days: int = 0
    normal_days: int = 0
    rest_days: int = 0
    holiday_days: int = 0
    pending_days: int = 0
    review_days: int = 0
    absent_days: float = 0.0
    leave_days: float = 0.0
    outing_days: float = 0.0
    late_count: int = 0
    late_minutes: int = 0
    severe_late_count: int = 0
    forgiven_count: int = 0
    early_count: int = 0
    early_minutes: int = 0
    missing_count: int = 0
    required_minutes: int = 0
    worked_minutes: int = 0
    leave_minutes: int = 0
    outing_minutes: int = 0
    shortage_minutes: int = 0
    overtime_minutes: int = 0
    workday_overtime_minutes: int = 0
    restday_overtime_minutes: int = 0
    holiday_overtime_minutes: int = 0
    weekly_overtime_minutes: int = 0
    by_unit: dict[str, "Totals"] = field(default_factory=dict)


def summarise(days: Iterable[JudgedDay], terms: PeriodTerms = PLAIN) -> Totals:
    """Return one employee's totals, and apart for each unit the days belonged to."""
    ordered = sorted(days, key=lambda day: day.work_date)
    forgiven = _forgiven(ordered, terms)
    totals = Totals()
    units: defaultdict[str, Totals] = defaultdict(Totals)
    for day in ordered:
        spared = day.work_date in forgiven
        _add(totals, day, spared=spared)
        if day.unit:
            _add(units[day.unit], day, spared=spared)
    totals.by_unit = dict(units)
    for part in (totals, *units.values()):
        part.worked_minutes = rounded(part.worked_minutes, terms.worked_unit, terms.worked_rounding)
    if terms.weekly_limit is not None:
        weeks = _worked_by_week(ordered)
        totals.weekly_overtime_minutes = sum(
            max(0, minutes - terms.weekly_limit) for minutes in weeks.values()
        )
    return totals


def _forgiven(days: list[JudgedDay], terms: PeriodTerms) -> set[date]:
    small = [day.work_date for day in days if 0 < day.late <= terms.forgive_up_to]
    return set(small[: terms.forgive_times])


def _worked_by_week(days: list[JudgedDay]) -> Mapping[tuple[int, int], int]:
    weeks: defaultdict[tuple[int, int], int] = defaultdict(int)
    for day in days:
        year, week, _ = day.work_date.isocalendar()
        weeks[year, week] += day.worked
    return weeks


def _add(totals: Totals, day: JudgedDay, *, spared: bool) -> None:
    status = day.status
    if status not in UNSCHEDULED:
        totals.scheduled_days += 1
        totals.required_minutes += day.required
    totals.normal_days += status is Status.NORMAL
    totals.rest_days += status in (Status.REST, Status.REST_OVERTIME)
    totals.holiday_days += status in (Status.HOLIDAY, Status.HOLIDAY_OVERTIME)
    totals.pending_days += status is Status.PENDING
    totals.review_days += status is Status.REVIEW
    totals.absent_days += day.absent_days
    totals.leave_days += _share(day, day.leave, whole=status is Status.ON_LEAVE)
    totals.outing_days += _share(day, day.outing, whole=status is Status.ON_OUTING)
    if spared:
        totals.forgiven_count += 1
    elif day.late:
        totals.late_count += 1
        totals.late_minutes += day.late
    totals.severe_late_count += status is Status.SEVERE_LATE
    totals.early_count += day.early > 0
    totals.early_minutes += day.early
    totals.missing_count += day.missing if status is not Status.ABSENT else 0
    totals.worked_minutes += day.worked
    totals.leave_minutes += day.leave
    totals.outing_minutes += day.outing
    totals.shortage_minutes += day.shortage
    totals.overtime_minutes += day.overtime
    if day.overtime_class is OvertimeClass.RESTDAY:
        totals.restday_overtime_minutes += day.overtime
    elif day.overtime_class is OvertimeClass.HOLIDAY:
        totals.holiday_overtime_minutes += day.overtime
    else:
        totals.workday_overtime_minutes += day.overtime


def _share(day: JudgedDay, minutes: int, *, whole: bool) -> float:
    """Return minutes of leave or outing in days: a whole one, a half, or none worth counting."""
    if whole:
        return 1.0
    return 0.5 if 4 * minutes > day.required > 0 else 0.0
