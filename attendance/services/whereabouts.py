"""Looking at where field staff reported themselves: a person's day, opened, and each look told."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance.evidence.claims import Position
from attendance.evidence.datums import to_wgs84
from attendance.models import PositionReport
from attendance.services.evidence import Unreadable, may_look, reason_to_look
from organization import audit
from organization.encryption import CannotUnseal
from organization.errors import NotFound
from organization.models import Employee, User
from organization.sealed_fields import opened
from organization.services import zone_names

_log: Final = logging.getLogger(__name__)
# A report a minute, from the beginning of a long day to its end.
REPORTS_SHOWN: Final = 1_000
_DAY: Final = timedelta(days=1)


class ReportedDay(NamedTuple):
    """A date of a person in the zone of their department, its reports still sealed, in order.

    `is_cut` says that there are more than REPORTS_SHOWN; `before` and `after` are the nearest dates
    with reports that the same person may look at.
    """

    employee: Employee
    day: date
    zone: ZoneInfo
    reports: Sequence[PositionReport]
    is_cut: bool
    is_own: bool
    before: date | None
    after: date | None


class Spot(NamedTuple):
    """Where somebody said they were: on WGS-84, accuracy in metres; `at` is on their wall."""

    at: datetime
    latitude: float
    longitude: float
    accuracy_metres: float | None


def date_of(report: PositionReport) -> date:
    """Return the date of a report in the zone of the person's department."""
    zone = ZoneInfo(zone_names()[report.employee.department_id])
    return report.reported_at.astimezone(zone).date()


def find_reports(employee_id: int, day: date, *, actor: User) -> ReportedDay:
    """Return a date of somebody, unopened: one's own, or by AUDIT or DECIDE where they were then.

    At most REPORTS_SHOWN rows, the first of the date. Raises NotFound for anybody else, as for a
    person that there is not.
    """
    person = Employee.objects.select_related("department").filter(pk=employee_id).first()
    if person is None:
        raise NotFound(what=str(Employee._meta.verbose_name), key=employee_id)
    every = PositionReport.objects.filter(employee=person)
    mine = every.filter(may_look(every, actor, "employee__user"))
    zone = ZoneInfo(zone_names()[person.department_id])
    since, until = (datetime.combine(one, time(), tzinfo=zone) for one in (day, day + _DAY))
    within = mine.filter(reported_at__gte=since, reported_at__lt=until)
    reports = list(within.select_related("department").order_by("reported_at")[: REPORTS_SHOWN + 1])
    people = Employee.objects.filter(pk=person.pk)
    if not reports and not people.filter(may_look(people, actor, "user")).exists():
        raise NotFound(what=str(Employee._meta.verbose_name), key=employee_id)
    earlier = mine.filter(reported_at__lt=since).order_by("-reported_at")
    later = mine.filter(reported_at__gte=until).order_by("reported_at")
    near = (one.values_list("reported_at", flat=True).first() for one in (earlier, later))
    before, after = (at.astimezone(zone).date() if at is not None else None for at in near)
    return ReportedDay(
        person,
        day,
        zone,
        reports[:REPORTS_SHOWN],
        len(reports) > REPORTS_SHOWN,
        person.user_id == actor.pk,
        before,
        after,
    )


def openable(reports: Collection[PositionReport], *, actor: User) -> set[int]:
    """Return the keys of those of these reports whose day opens for `actor`. One query."""
    these = PositionReport.objects.filter(pk__in=[row.pk for row in reports])
    found = these.filter(may_look(these, actor, "employee__user"))
    return set(found.values_list("pk", flat=True))


def view_reports(found: ReportedDay, *, actor: User, reason: str, now: datetime) -> list[Spot]:
    """Return where somebody was on a date, opened, after writing down who looks and why.

    The line stays, also where nothing can be opened. One's own needs no reason, and is not told.
    Raises ReasonMissing, Unreadable.
    """
    reason = reason_to_look(reason, is_own=found.is_own)
    if not found.is_own:
        department = found.reports[0].department if found.reports else found.employee.department
        audit.record(
            actor=actor,
            verb="evidence.track_viewed",
            thing=found.employee,
            department=department,
            now=now,
            work_date=found.day.isoformat(),
            reports=len(found.reports),
            reason=reason,
        )
    try:
        return [_spot(row, found.zone) for row in found.reports]
    except CannotUnseal as problem:
        _log.error("Reports of person %s cannot be opened: %s.", found.employee.pk, problem)
        raise Unreadable from problem


def _spot(row: PositionReport, zone: ZoneInfo) -> Spot:
    said = Position(**json.loads(opened(row, "sealed")))
    latitude, longitude = to_wgs84(said.latitude, said.longitude, said.datum)
    return Spot(row.reported_at.astimezone(zone), latitude, longitude, said.accuracy_metres)
