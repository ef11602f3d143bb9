from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from guardian.shortcuts import assign_perm

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
from organization import services
from organization.errors import NotFound
from organization.models import AuditEntry, Employee, User

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


# --- who may, and what is plausible ----------------------------------------------------------


@pytest.fixture
def hr(company: Company) -> User:
    """HR of the office, who works in the office herself."""
    user = User.objects.create_user("hr")
    for action in ("see", "rule"):
        assign_perm(f"organization.{action}", user, company.office)
    services.hire(
        number="1002",
        name="Hilda",
        department=company.office,
        joined_on=date(2026, 1, 5),
        user=user,
        now=LONG_AFTER,
    )
    return user


def overtime(employee: Employee, *, start: datetime, hours: int, actor: User | None):
    return absences.approve_overtime(
        employee=employee,
        work_date=MONDAY,
        starts_at=start,
        ends_at=start + timedelta(hours=hours),
        actor=actor,
        now=LONG_AFTER,
    )


def test_who_may_only_look_decides_nothing(company: Company) -> None:
    """P-22"""
    viewer = User.objects.create_user("viewer")
    assign_perm("organization.see", viewer, company.office)
    there = absent(company, "leave", MONDAY, 9, 18)

    with pytest.raises(NotFound):
        overtime(company.alice, start=at(MONDAY, 18), hours=2, actor=viewer)
    with pytest.raises(NotFound):
        absences.revoke_absence(absence_id=there.pk, actor=viewer, now=LONG_AFTER)

    there.refresh_from_db()
    assert there.revoked_at is None


def test_nobody_decides_about_themselves(company: Company, hr: User) -> None:
    """P-06"""
    with pytest.raises(absences.OwnRecord):
        overtime(hr.employee, start=at(MONDAY, 18), hours=2, actor=hr)
    own = overtime(hr.employee, start=at(MONDAY, 18), hours=2, actor=None)
    with pytest.raises(absences.OwnRecord):
        absences.revoke_overtime(approval_id=own.pk, actor=hr, now=LONG_AFTER)

    assert overtime(company.alice, start=at(MONDAY, 18), hours=2, actor=hr).pk


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2020, 1, 1, 9, tzinfo=SHANGHAI), 60_000),
        (at(MONDAY, 9) - timedelta(days=2), 3),
        (at(MONDAY, 9) + timedelta(days=2), 3),
        (at(MONDAY, 9), 25),
    ],
)
def test_overtime_lies_around_its_work_date(company: Company, start: datetime, hours: int) -> None:
    with pytest.raises(absences.ImplausibleSpan, match="at most 24 hours"):
        overtime(company.alice, start=start, hours=hours, actor=None)


def test_a_leave_of_years_is_a_mistyped_year(company: Company) -> None:
    with pytest.raises(absences.ImplausibleSpan, match="at most a year"):
        absences.add_absence(
            employee=company.alice,
            kind="leave",
            starts_at=at(MONDAY, 9),
            ends_at=at(MONDAY, 9) + timedelta(days=2000),
            reason="",
            actor=None,
            now=LONG_AFTER,
        )


def test_the_same_hours_are_recorded_once(company: Company) -> None:
    overtime(company.alice, start=at(MONDAY, 18), hours=2, actor=None)
    absent(company, "leave", MONDAY, 9, 12)

    with pytest.raises(absences.Overlap):
        overtime(company.alice, start=at(MONDAY, 19), hours=2, actor=None)
    with pytest.raises(absences.Overlap):
        absent(company, "leave", MONDAY, 11, 14)
    assert overtime(company.alice, start=at(MONDAY, 20), hours=2, actor=None).pk
