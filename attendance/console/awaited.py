"""Who is missing now: the shift has begun, the grace is over, and nobody has seen them yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from attendance.engine import Minute, PlanKind
from attendance.loading import inputs, load_facts
from attendance.models import Absence, AttendanceDay, Punch
from attendance.planning import minute_of, moment_of
from organization.models import User

# Different shifts of different departments that are open at one time; a group has some dozens.
_SHIFTS_AT_MOST: Final = 500
_DAY: Final = timedelta(days=1)


class _Begun(NamedTuple):
    """A shift of a date that has begun: whom it concerns, and since when punches count for it."""

    shift_id: int
    work_date: date
    opens_at: datetime


def missing_now(user: User, today: date, *, now: datetime) -> QuerySet[Any]:
    """Return the days of people whom this user sees and who should be there and are not.

    The shift's own start counts, with its flexible part and its grace; free hours await nobody.
    Whoever has punched (even where the punch is held, unless it was refused), or is away with leave
    now, is not missing.
    A dozen queries, however many people there are.
    """
    open_days = AttendanceDay.objects.visible_to(user).filter(
        status=AttendanceDay.Status.PENDING,
        work_date__gte=today - _DAY,
        work_date__lte=today + _DAY,
        closes_at__gt=now,
        first_in_at__isnull=True,
        shift__isnull=False,
    )
    wanted = Q(pk__in=[])
    for begun, departments in _begun(open_days, now).items():
        near = Punch.objects.filter(employee=OuterRef("employee"), punched_at__gte=begun.opens_at)
        seen = near.not_refused()
        wanted |= Q(
            ~Exists(seen),
            shift=begun.shift_id,
            work_date=begun.work_date,
            department__in=departments,
        )
    away = Absence.objects.filter(
        employee=OuterRef("employee"), revoked_at=None, starts_at__lte=now, ends_at__gt=now
    )
    return open_days.filter(wanted).exclude(Exists(away))


def _begun(open_days: QuerySet[Any], now: datetime) -> Mapping[_Begun, list[int]]:
    """Return the shifts that have begun, each with the departments where it has."""
    groups = (
        open_days.order_by()
        .values_list("shift_id", "department_id", "work_date")
        .annotate(somebody=Min("employee_id"))[:_SHIFTS_AT_MOST]
    )
    found: defaultdict[_Begun, list[int]] = defaultdict(list)
    for begun, department in _asked(list(groups), now):
        found[begun].append(department)
    return found


def _asked(groups: list[tuple[int, int, date, int]], now: datetime) -> Iterator[tuple[_Begun, int]]:
    """Yield the groups that should be there, by asking for the plan of one person of each."""
    if not groups:
        return
    dates = sorted({day for _shift, _department, day, _person in groups})
    facts = load_facts(sorted({person for *_rest, person in groups}), dates[0], dates[-1])
    for shift, department, day, person in groups:
        (loaded,) = inputs(facts, person, [day], minute_of(now))
        plan = loaded.planned.plan
        # The plan may have moved on since the day was stored; then it waits to be judged.
        if plan is None or plan.kind in (PlanKind.OFF, PlanKind.AMOUNT) or not plan.segments:
            continue
        if loaded.planned.shift_id != shift:
            continue
        if minute_of(now) > plan.starts + plan.late_flex + plan.late_grace:
            yield _Begun(shift, day, moment_of(Minute(plan.opens))), department
