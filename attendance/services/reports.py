"""Where field staff are while on duty: taken only of who was told, and only then.

Law: personal information is handled for a clear purpose and in the smallest scope (Personal
Information Protection Law, article 6); a track of movements is sensitive and takes a consent of its
own (articles 28 and 29).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from attendance.engine import DayInput, PlanKind, ShiftPlan
from attendance.evidence.claims import Position
from attendance.loading import inputs, load_facts
from attendance.models import PositionReport, Purpose
from attendance.planning import minute_of
from attendance.services import consents
from attendance.services.making import ConsentMissing, situation_of
from organization.errors import DomainError
from organization.models import Employee
from organization.sealed_fields import sealed

# Who is on the way to the first customer is on duty.
MARGIN_MINUTES: Final = 15
OLD_AT_MOST: Final = timedelta(hours=1)
AHEAD_AT_MOST: Final = timedelta(minutes=5)
_DAY: Final = timedelta(days=1)


class NotAsked(DomainError):
    """The rule asks nobody in this place to report positions."""

    code = "reports_not_asked"
    message = _("Your rule does not ask you to report where you are. Nothing was kept.")


class OffDuty(DomainError):
    """Outside duty hours, on leave or on a day off, nobody's position is taken."""

    code = "off_duty"
    message = _("You are not on duty at that moment. Nothing was kept.")


class OddMoment(DomainError):
    """A report is about now; older ones make a track of the past."""

    code = "odd_moment"
    message = _("A position is reported when it is taken, at most an hour later. Nothing was kept.")


class Reported(NamedTuple):
    """The report, and whether this request brought it."""

    report: PositionReport
    is_new: bool


def report_position(
    employee: Employee, position: Position, *, at: datetime, now: datetime
) -> Reported:
    """Keep where somebody is while on duty, sealed; telling it again changes nothing.

    Raises OddMoment, NotEmployed, NotAsked, ConsentMissing and OffDuty; then nothing is kept.
    """
    if not -AHEAD_AT_MOST <= now - at <= OLD_AT_MOST:
        raise OddMoment
    at = at.astimezone(UTC).replace(microsecond=0)
    where = situation_of(employee, at)
    if not where.rule.demands.reports_position:
        raise NotAsked
    if not consents.has_consent(employee, Purpose.REPORTS):
        raise ConsentMissing
    if not is_on_duty(employee, at, where.zone):
        raise OffDuty
    content = json.dumps(position._asdict(), allow_nan=False).encode()
    report = PositionReport(
        employee=employee,
        department_id=where.department_id,
        reported_at=at,
        sealed=sealed(PositionReport, "sealed", content, employee_id=employee.pk, reported_at=at),
        kept_at=now,
        keep_until=(now + timedelta(days=settings.RETENTION_DAYS["position"])).date(),
    )
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        return Reported(PositionReport.objects.get(employee=employee, reported_at=at), False)
    return Reported(report, True)


def is_on_duty(employee: Employee, at: datetime, zone: str) -> bool:
    """Say whether a moment lies in the hours of a shift of the person, and in no leave."""
    day = at.astimezone(ZoneInfo(zone)).date()
    dates = [day - _DAY, day, day + _DAY]
    facts = load_facts([employee.pk], dates[0], dates[-1])
    loaded = inputs(facts, employee.pk, dates, minute_of(at))
    return any(_is_at_work(one.day, minute_of(at)) for one in loaded)


def _is_at_work(day: DayInput, minute: int) -> bool:
    plan = day.plan
    if plan is None or plan.kind is PlanKind.OFF:
        return False
    first, last = _hours(plan)
    if not first - MARGIN_MINUTES <= minute <= last + MARGIN_MINUTES:
        return False
    return not any(span.start <= minute < span.end for span in day.leaves)


def _hours(plan: ShiftPlan) -> tuple[int, int]:
    """Return the hours of a shift, moved by what flexible hours allow; else its window."""
    if not plan.segments:
        return plan.opens, plan.closes
    ends = max(end for _start, end in plan.segments)
    return plan.starts - plan.early_flex, ends + plan.late_flex
