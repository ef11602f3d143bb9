from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from attendance.models import AttendanceDay
from attendance.services import absences, days
from attendance.tests.test_judging import (
    LONG_AFTER,
    MONDAY,
    SHANGHAI,
    Company,
    company,
    judged,
    punch,
)
from organization.models import AuditEntry

pytestmark = pytest.mark.django_db
__all__ = ["company"]


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def absent(company: Company, kind: str, day: date, start: int, end: int):
    return absences.add_absence(
        employee=company.alice,
        kind=kind,
        starts_at=at(day, start),
        ends_at=at(day, end),
        reason="",
        actor=None,
        now=LONG_AFTER,
    )


def test_a_day_of_leave_replaces_the_absence_and_revoking_brings_it_back(
    company: Company,
) -> None:
    days.wake([(company.alice.pk, MONDAY)], cause="opened", now=LONG_AFTER)
    assert judged(company.alice, MONDAY).status == "absent"

    leave = absent(company, "leave", MONDAY, 9, 18)
    day = judged(company.alice, MONDAY)
    assert (day.status, day.leave_minutes, day.absent_days) == ("on_leave", 480, 0)
    assert [code for code, _facts in day.notes] == ["leave", "leave_covers_day"]

    absences.revoke_absence(absence_id=leave.pk, actor=None, now=LONG_AFTER)
    assert judged(company.alice, MONDAY).status == "absent"
    with pytest.raises(absences.AlreadyRevoked):
        absences.revoke_absence(absence_id=leave.pk, actor=None, now=LONG_AFTER)


def test_an_outing_waives_the_punch_it_covers(company: Company) -> None:
    punch(company.alice, MONDAY, "8:58")
    absent(company, "outing", MONDAY, 14, 18)

    day = judged(company.alice, MONDAY)

    assert (day.status, day.worked_minutes) == ("normal", 480)


def test_an_absence_ends_after_it_starts(company: Company) -> None:
    with pytest.raises(ValidationError, match="ends before it starts"):
        absent(company, "leave", MONDAY, 18, 9)


def test_who_recorded_an_absence_is_written_down(company: Company) -> None:
    absent(company, "trip", MONDAY, 9, 18)

    entry = AuditEntry.objects.get(verb="absence.added")
    assert (entry.facts["kind"], entry.department) == ("trip", company.office)


def test_overtime_approved_for_a_date_makes_it_wait(company: Company) -> None:
    approval = absences.approve_overtime(
        employee=company.alice,
        work_date=MONDAY,
        starts_at=at(MONDAY, 18),
        ends_at=at(MONDAY, 20),
        actor=None,
        now=LONG_AFTER,
    )
    assert judged(company.alice, MONDAY).status == "absent"

    absences.revoke_overtime(approval_id=approval.pk, actor=None, now=LONG_AFTER)
    with pytest.raises(absences.AlreadyRevoked):
        absences.revoke_overtime(approval_id=approval.pk, actor=None, now=LONG_AFTER)


def test_a_trip_over_a_weekend_wakes_every_day_it_touches(company: Company) -> None:
    absences.add_absence(
        employee=company.alice,
        kind="trip",
        starts_at=at(MONDAY, 0),
        ends_at=at(MONDAY + timedelta(days=7), 0),
        reason="",
        actor=None,
        now=LONG_AFTER,
    )
    days.judge_all(now=LONG_AFTER)

    stored = AttendanceDay.objects.filter(work_date__range=(MONDAY, MONDAY + timedelta(days=6)))
    assert [day.status for day in stored.order_by("work_date")] == ["on_outing"] * 5 + ["rest"] * 2
