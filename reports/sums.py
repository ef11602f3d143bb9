"""What the database adds up, department by department."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Least, Length, Replace

from attendance.models import AttendanceDay
from attendance.summary import UNSCHEDULED

_Status = AttendanceDay.Status


class Figures(NamedTuple):
    """What the days of a group add up to. Days may be halves; minutes are whole."""

    people: int = 0
    due_days: int = 0
    worked_days: Decimal = Decimal(0)
    late_count: int = 0
    late_minutes: int = 0
    early_count: int = 0
    early_minutes: int = 0
    missing_punches: int = 0
    absent_days: Decimal = Decimal(0)
    leave_days: Decimal = Decimal(0)
    overtime_minutes: int = 0
    provisional_days: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Return the days worked in percent of the days due; None where none was due."""
        if not self.due_days:
            return None
        return round(100 * self.worked_days / self.due_days, 1)

    @property
    def is_empty(self) -> bool:
        """Say whether nobody had a day."""
        return not self.people


_DAYS: Final = DecimalField(max_digits=12, decimal_places=2)
_IS_DUE: Final = ~Q(status__in=[status.value for status in UNSCHEDULED])
# As attendance.summary counts leave: a whole day, half a one, or none worth counting.
_ALL_LEAVE: Final = Q(status=_Status.ON_LEAVE)
_HALF_LEAVE: Final = ~_ALL_LEAVE & Q(
    leave_minutes__gt=F("required_minutes") / Value(4.0), required_minutes__gt=0
)
_LEAVE: Final = Case(
    When(_ALL_LEAVE, then=Value(Decimal(1))),
    When(_HALF_LEAVE, then=Value(Decimal("0.5"))),
    default=Value(Decimal(0)),
    output_field=_DAYS,
)
# Absence may reach into a day of leave; a day is lost once.
_LOST: Final = Least(Value(Decimal(1), output_field=_DAYS), F("absent_days") + _LEAVE)
# The slots that nothing filled, parted by commas.
_SLOTS: Final = Length("missing") - Length(Replace("missing", Value(","), Value(""))) + Value(1)
_SUMS: Final[Mapping[str, Any]] = {
    "due": Count("pk", filter=_IS_DUE),
    # Most days have nothing of these, and are not worked through for them.
    "lost": Sum(_LOST, filter=_IS_DUE & (Q(absent_days__gt=0) | _ALL_LEAVE | _HALF_LEAVE)),
    "late": Count("pk", filter=Q(late_minutes__gt=0)),
    "late_sum": Sum("late_minutes"),
    "early": Count("pk", filter=Q(early_minutes__gt=0)),
    "early_sum": Sum("early_minutes"),
    # A day without any punch is absent, and lacks none.
    "lacking": Sum(_SLOTS, filter=~Q(missing="") & ~Q(status=_Status.ABSENT)),
    "absent": Sum("absent_days", filter=Q(absent_days__gt=0)),
    "leaves": Count("pk", filter=_ALL_LEAVE),
    "half_leaves": Count("pk", filter=_HALF_LEAVE),
    "overtime": Sum(
        F("overtime_workday_minutes") + F("overtime_rest_minutes") + F("overtime_holiday_minutes")
    ),
    "provisional": Count("pk", filter=Q(is_provisional=True)),
}


def people_by_day(days: QuerySet[Any], but: int | None) -> Iterator[tuple[date, int, int]]:
    """Yield (day, department, people), without the employee `but`. One query."""
    others = days.exclude(employee=but) if but is not None else days
    counted = others.values_list("work_date", "department_id").annotate(number=Count("pk"))
    yield from counted.iterator()


def sums(days: QuerySet[Any]) -> dict[int, Figures]:
    """Return what the people directly in each department add up to, uncounted. One query."""
    found = days.values("department_id").annotate(**_SUMS)
    return {row["department_id"]: _figures(row) for row in found}


def _figures(row: Mapping[str, Any]) -> Figures:
    return Figures(
        due_days=row["due"],
        worked_days=row["due"] - _exact(row["lost"]),
        late_count=row["late"],
        late_minutes=row["late_sum"],
        early_count=row["early"],
        early_minutes=row["early_sum"],
        missing_punches=row["lacking"] or 0,
        absent_days=_exact(row["absent"]),
        leave_days=row["leaves"] + row["half_leaves"] * Decimal("0.5"),
        overtime_minutes=row["overtime"],
        provisional_days=row["provisional"],
    )


def _exact(number: Decimal | None) -> Decimal:
    """Return a sum of hundredths as such: SQLite adds decimals up as floats."""
    return round(number, 2) if number else Decimal(0)


def places(days: QuerySet[Any]) -> dict[int, set[int]]:
    """Return who had days directly in each department. One query, a row for each person there.

    To let the database count different people of each department takes it longer.
    """
    found: defaultdict[int, set[int]] = defaultdict(set)
    for key, person in days.values_list("department_id", "employee_id").distinct():
        found[key].add(person)
    return dict(found)
