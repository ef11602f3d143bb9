"""What the people of one department ask for, so that its supervisor finds an inbox to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from approvals import services
from approvals.models import Request
from approvals.services.limits import limits_of
from attendance.engine import Anomaly, ShiftPlan, Status, evaluate_day
from attendance.evidence.reasons import Code, Effect, reason
from attendance.loading import Facts, Loaded, inputs, load_facts
from attendance.models import Punch, PunchCheck
from attendance.planning import minute_of, moment_of
from config.demo.people import People
from organization.models import Employee, User

ROOM: Final = "BU2-ASM"
_DAY: Final = timedelta(days=1)
_LOOKS_BACK: Final = 20
_LOOKS_AHEAD: Final = 24


class Missed(NamedTuple):
    """A day on which somebody left one punch out; `due_at` is when it was expected."""

    person: Employee
    day: date
    slot: str
    due_at: datetime


class Askers:
    """The people of the department: what they missed, and when they work next."""

    def __init__(self, people: People, *, today: date, now: datetime) -> None:
        room = people.departments[ROOM]
        by_name = {user.username: user for user in people.users}
        self.supervisor, self.hr = by_name["supervisor"], by_name["bu2_hr"]
        self._now, self._today = now, today
        since = today - _LOOKS_BACK * _DAY
        staff = [
            person
            for person in people.employees
            if person.department_id == room.pk
            and person.left_on is None
            and person.joined_on < since
            and person.user_id != self.supervisor.pk
        ]
        self.employee = next(one for one in staff if one.user_id == by_name["employee"].pk)
        self.others = [person for person in staff if person is not self.employee]
        self._users = {user.pk: user for user in people.users}
        self._past = [since + n * _DAY for n in range(_LOOKS_BACK)]
        self._coming = [today + n * _DAY for n in range(2, _LOOKS_AHEAD)]
        keys = [person.pk for person in staff]
        self._facts: Facts = load_facts(keys, since, self._coming[-1])

    def user_of(self, person: Employee) -> User:
        """Return who asks for somebody: they themselves, or their HR where they have no log-in."""
        return self._users[person.user_id] if person.user_id else self.hr

    def missed(self) -> list[Missed]:
        """Return the days with one missing punch, the latest first, one of each person.

        Those for which the rule's time to ask is over are left out.
        """
        found: dict[int, Missed] = {}
        for person in (self.employee, *self.others):
            for one in self._read(person, self._past):
                result = evaluate_day(one.day)
                plan = _worked_plan(one)
                if plan is None or result.status is not Status.MISSING or len(result.missing) > 1:
                    continue
                if limits_of(one).last_on < self._today:
                    continue
                slot = result.missing[0]
                due = plan.segments[0][0] if slot == "in" else plan.segments[-1][1]
                found[person.pk] = Missed(person, one.work_date, slot, moment_of(due))
        return sorted(found.values(), key=lambda one: (one.day, one.person.number), reverse=True)

    def shifts(self, person: Employee) -> Iterator[tuple[date, datetime]]:
        """Yield the dates on which somebody works next, and when their shift ends."""
        for one in self._read(person, self._coming):
            if (plan := _worked_plan(one)) is not None:
                yield one.work_date, moment_of(plan.segments[-1][1])

    def _read(self, person: Employee, days: list[date]) -> Iterator[Loaded]:
        return inputs(self._facts, person.pk, days, minute_of(self._now))


def _worked_plan(one: Loaded) -> ShiftPlan | None:
    plan = one.planned.plan
    if plan is None or not plan.segments or not one.planned.day_type.is_working:
        return None
    return plan


def write_requests(
    people: People, *, today: date, now: datetime, say: Callable[[str], None]
) -> None:
    """Write requests that wait for the supervisor, and some that were decided, up to `now`."""
    askers = Askers(people, today=today, now=now)
    # Within the last hours: nothing waits so long yet that it goes up, and seals believe it.
    clock = iter(now - timedelta(minutes=minutes) for minutes in range(110, 0, -8))
    _write_missed(askers, clock)
    _write_plans(askers, clock)
    rows = Request.objects.all()
    say(f"{rows.count()} requests, {rows.waiting().count()} of them wait for a decision")


def _write_missed(askers: Askers, clock: Iterator[datetime]) -> None:
    """Write make-ups of what was missed, and a punch that was held because it came from outside."""
    missed = iter(askers.missed())
    for one in islice(missed, 2):
        _make_up(askers, one, next(clock))
    for one in islice(missed, 1):
        _held(one, next(clock))
    for one in islice(missed, 1):
        _approve(askers, _make_up(askers, one, next(clock)), next(clock))
    for one in islice(missed, 1):
        asked = _make_up(askers, one, next(clock))
        _reject(askers, asked, "门禁记录显示当时已离厂，请核对时间", next(clock))


def _make_up(askers: Askers, one: Missed, now: datetime) -> Request:
    return services.submit_make_up(
        employee=one.person, work_date=one.day, slot=one.slot, corrected_at=one.due_at,
        reason="忘记打卡", actor=askers.user_of(one.person), now=now,
    )  # fmt: skip


def _held(one: Missed, now: datetime) -> None:
    """Let somebody punch by phone where no fence is, at the time of the punch that is missing."""
    at = one.due_at - timedelta(minutes=4) if one.slot == "in" else one.due_at
    punch = Punch.objects.create(
        employee=one.person,
        department=one.person.department,
        punched_at=at,
        received_at=at + timedelta(seconds=2),
        zone="Asia/Shanghai",
        method=Punch.Method.LOCATION,
        source=Punch.Source.DEMO,
        is_held=True,
        natural_key=f"demo/{one.person.pk}/{at.timestamp():.0f}",
    )
    seen, right = {"metres_to_edge": 150.0}, {"fence": f"{one.person.department.name}大门"}
    why = reason(Effect.HOLD, Code.OUTSIDE_FENCE, seen, right)
    PunchCheck.objects.create(
        punch=punch,
        outcome=PunchCheck.Outcome.HELD,
        reasons=[why.as_dict()],
        checked_at=punch.received_at,
    )
    services.open_held(punch=punch, anomaly=Anomaly.OUT_OF_FENCE.value, now=now)


def _write_plans(askers: Askers, clock: Iterator[datetime]) -> None:
    """Write leave, overtime and an outing of the days to come."""
    me, (first, second, third) = askers.employee, askers.others[:3]
    mine = [day for day, _ends in islice(askers.shifts(me), 6)]
    _approve(
        askers,
        _leave(askers, me, mine[0], "personal", "上午去办理居住证", next(clock), until_noon=True),
        next(clock),
    )
    _leave(askers, me, mine[-1], "annual", "回老家看望父母", next(clock))
    day, ends_at = next(askers.shifts(first))
    services.submit_overtime(
        employee=first, work_date=day, starts_at=ends_at, ends_at=ends_at + timedelta(hours=2),
        reason="赶订单，产线加班", actor=askers.user_of(first), now=next(clock),
    )  # fmt: skip
    day, ends_at = next(askers.shifts(second))
    services.submit_hours(
        employee=second, kind=Request.Kind.OUTING, starts_at=ends_at - timedelta(hours=4),
        ends_at=ends_at - timedelta(hours=1), reason="去供应商处验货",
        actor=askers.user_of(second), now=next(clock),
    )  # fmt: skip
    day, _ends = next(askers.shifts(third))
    asked = _leave(askers, third, day, "annual", "外出旅游", next(clock))
    _reject(askers, asked, "当天总装线交付，人手不足，请改期", next(clock))


def _leave(
    askers: Askers,
    person: Employee,
    day: date,
    leave_type: str,
    reason: str,
    now: datetime,
    **halves: Any,
) -> Request:
    return services.submit_days(
        employee=person, kind=Request.Kind.LEAVE, first=day, last=day, leave_type=leave_type,
        reason=reason, actor=askers.user_of(person), now=now, **halves,
    )  # fmt: skip


def _approve(askers: Askers, request: Request, now: datetime) -> None:
    services.approve(request_id=request.pk, actor=askers.supervisor, now=now)


def _reject(askers: Askers, request: Request, reason: str, now: datetime) -> None:
    services.reject(request_id=request.pk, actor=askers.supervisor, reason=reason, now=now)
