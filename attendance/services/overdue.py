"""Whose shift began or ended a while ago without a punch. Rows → slots; a fixed number of queries.

Most minutes no shift begins or ends, and then nobody is looked at: the plans of one person of each
shift and department say which of them does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from attendance.engine import Minute, PlanKind, ShiftPlan
from attendance.loading import inputs, load_facts
from attendance.models import Absence, AttendanceDay, Punch, WaitingDay
from attendance.planning import minute_of, moment_of

# After that nobody is reminded any more: the moment to punch is long over.
LATEST: Final = timedelta(minutes=90)
_DAY: Final = timedelta(days=1)
_GROUPS: Final = 500


class Overdue(NamedTuple):
    """Somebody with a log-in owes a punch since `due_at`. `slot` is "in" or "out"."""

    user_id: int
    employee_id: int
    department_id: int
    work_date: date
    slot: str
    due_at: datetime


class _Edge(NamedTuple):
    """The beginning or the end of a shift on a date; punches count for it from `since` on."""

    shift_id: int
    work_date: date
    slot: str
    due_at: datetime
    since: datetime


def overdue_slots(*, now: datetime, least: timedelta) -> Iterator[Overdue]:
    """Yield who has owed a punch for `least` at least, and for LATEST at most.

    The beginning counts with its flexible part. Whoever punched, also where it is held, whoever is
    away meanwhile with leave, an outing or a trip, and whoever's day waits to be judged owes none;
    free hours and rest days owe nobody's.
    """
    for edge, departments in _edges(now, least).items():
        yield from _people(edge, departments, now)


def _open_days(now: datetime) -> QuerySet[Any]:
    today = now.date()
    return AttendanceDay.objects.filter(
        status=AttendanceDay.Status.PENDING,
        work_date__gte=today - _DAY,
        work_date__lte=today + _DAY,
        closes_at__gt=now,
        shift__isnull=False,
    )


def _edges(now: datetime, least: timedelta) -> dict[_Edge, list[int]]:
    """Return the beginnings and ends of shifts that are due, each with its departments."""
    groups = list(
        _open_days(now)
        .order_by()
        .values_list("shift_id", "department_id", "work_date")
        .annotate(somebody=Min("employee_id"))
    )
    found: defaultdict[_Edge, list[int]] = defaultdict(list)
    for start in range(0, len(groups), _GROUPS):
        chunk = groups[start : start + _GROUPS]
        dates = sorted({day for _shift, _department, day, _person in chunk})
        facts = load_facts(sorted({person for *_rest, person in chunk}), dates[0], dates[-1])
        for shift, department, day, person in chunk:
            (loaded,) = inputs(facts, person, [day], minute_of(now))
            plan = loaded.planned.plan
            # The plan may have moved on since the day was stored; then it waits to be judged.
            if plan is None or loaded.planned.shift_id != shift:
                continue
            for edge in _edges_of(plan, shift, day):
                if least <= now - edge.due_at <= LATEST:
                    found[edge].append(department)
    return found


def _edges_of(plan: ShiftPlan, shift_id: int, day: date) -> Iterator[_Edge]:
    if plan.kind in (PlanKind.OFF, PlanKind.AMOUNT) or not plan.segments:
        return
    begins, ends = plan.starts + plan.late_flex, plan.ends + plan.late_flex
    opens, last_begins = moment_of(Minute(plan.opens)), moment_of(Minute(plan.segments[-1][0]))
    yield _Edge(shift_id, day, "in", moment_of(Minute(begins)), opens)
    yield _Edge(shift_id, day, "out", moment_of(Minute(ends)), last_begins)


def _people(edge: _Edge, departments: list[int], now: datetime) -> Iterator[Overdue]:
    days = _open_days(now).filter(
        shift=edge.shift_id, work_date=edge.work_date, department__in=departments,
        employee__user__is_active=True, employee__user__is_program=False,
    )  # fmt: skip
    about = {"employee": OuterRef("employee")}
    near = Punch.objects.filter(**about, punched_at__gte=edge.since, punched_at__lte=now)
    punches = near.not_refused()
    if edge.slot == "in":
        days = days.filter(~Exists(punches), first_in_at__isnull=True)
    else:
        # Whoever never came owes their leaving to nobody. A punch after the last way in may be the
        # way in itself, so that the engine's word counts, and nothing else.
        days = days.filter(
            ~Exists(WaitingDay.objects.filter(**about, work_date=OuterRef("work_date"))),
            Q(last_out_at__isnull=True) | Q(last_out_at__lte=edge.since),
            first_in_at__isnull=False,
        ).exclude(Exists(punches.filter(punched_at__gt=edge.due_at)))
    away = Absence.objects.filter(
        **about, revoked_at=None, starts_at__lte=now, ends_at__gte=edge.due_at
    )
    rows = days.exclude(Exists(away)).values_list("employee__user", "employee", "department")
    for user, employee, department in rows.iterator(chunk_size=2_000):
        yield Overdue(user, employee, department, edge.work_date, edge.slot, edge.due_at)
