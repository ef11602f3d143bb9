"""A day shift for the cast, and what a test does about it in one line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from approvals import services
from approvals.models import Request
from attendance.engine import DayResult
from attendance.models import Punch
from attendance.services import days
from attendance.services import rules as terms
from organization.models import Change, Employee
from scheduling.models import CalendarYear
from scheduling.pattern import ShiftPattern
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from tests.cast import Cast

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 9, 1)
NOW = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)
OFFICE = ShiftPattern(
    segments=((540, 1080),),
    breaks=((720, 780),),
    late_grace=10,
    window_before=180,
    window_after=360,
)


def open_office(cast: Cast) -> None:
    """Let everybody in the group work from 9 to 6 on weekdays, with a break at noon."""
    shift = add_shift(
        code="DAY", name="Day", department=cast.group, pattern=OFFICE,
        valid_from=date(2026, 1, 1), actor=None, now=NOW,
    )  # fmt: skip
    assign_shift(
        department=cast.group, shift=shift, starts_on=date(2026, 1, 1), weekdays="12345",
        actor=None, now=NOW,
    )  # fmt: skip
    CalendarYear.objects.get_or_create(year=2026, defaults={"state": "announced"})
    Change.objects.update(handled_at=NOW)


def at(clock: str, day: date = DAY) -> datetime:
    """Return a moment of the wall clock; 30:00 is 06:00 on the next day."""
    hours, minutes = (int(part) for part in clock.split(":"))
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return midnight + timedelta(hours=hours, minutes=minutes)


def punch(person: Employee, clock: str, day: date = DAY, *, is_held: bool = False) -> Punch:
    moment = at(clock, day)
    return Punch.objects.create(
        employee=person, department=person.department, punched_at=moment, received_at=moment,
        zone="Asia/Shanghai", method=Punch.Method.LOCATION, source=Punch.Source.PHONE,
        natural_key=f"{person.pk}:{moment.isoformat()}", is_held=is_held,
    )  # fmt: skip


def result(person: Employee, day: date = DAY, now: datetime = NOW) -> DayResult:
    return days.explain_day(employee_id=person.pk, work_date=day, now=now)[1]


def ask(person: Employee, **other: Any) -> Request:
    """Let somebody ask that they left at six on the day."""
    facts: dict[str, Any] = {
        "employee": person, "work_date": DAY, "slot": "out", "corrected_at": at("18:00"),
        "reason": "Forgot", "actor": person.user, "now": NOW,
    } | other  # fmt: skip
    return services.submit_make_up(**facts)


def approve(request: Request, by: Employee | Any, **other: Any) -> Request:
    user = by.user if isinstance(by, Employee) else by
    return services.approve(request_id=request.pk, actor=user, now=NOW, **other)


def reject(request: Request, by: Employee | Any, reason: str = "No") -> Request:
    user = by.user if isinstance(by, Employee) else by
    return services.reject(request_id=request.pk, actor=user, reason=reason, now=NOW)


def publish(cast: Cast, **text: Any) -> None:
    """Put a rule of their own in force for the department of the cast."""
    rule = terms.add_rule(name="Own", department=cast.department, actor=None, now=NOW)
    version = terms.draft_rule(
        rule_id=rule.pk, valid_from=date(2026, 1, 1), text=terms.RuleText(**text), actor=None,
        now=NOW,
    )  # fmt: skip
    terms.publish_rule(version_id=version.pk, actor=None, now=NOW)
