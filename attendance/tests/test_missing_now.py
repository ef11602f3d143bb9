from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from guardian.shortcuts import assign_perm

from attendance.console.awaited import missing_now
from attendance.models import Absence
from attendance.services import days
from attendance.tests.test_judging import (
    MONDAY,
    NIGHT,
    SHANGHAI,
    TUESDAY,
    Company,
    company,
    make_shift,
    punch,
)
from organization import services as people
from organization.models import User
from scheduling.models import RosterEntry

pytestmark = pytest.mark.django_db
__all__ = ["company"]


@pytest.fixture
def leader(company: Company) -> User:
    user = User.objects.create_user("leader", is_staff=True)
    assign_perm("see", user, company.office)
    return user


def clock(text: str) -> datetime:
    hours, minutes = (int(part) for part in text.split(":"))
    midnight = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=SHANGHAI)
    return midnight + timedelta(hours=hours, minutes=minutes)


def missing(user: User, company: Company, at: str) -> list[str]:
    now = clock(at)
    days.wake_range(starts_on=MONDAY, ends_on=TUESDAY, cause="ordered", now=now)
    days.judge_all(now=now)
    return [day.employee.name for day in missing_now(user, now.date(), now=now)]


@pytest.mark.parametrize(
    ("at", "expected"),
    [("8:59", []), ("9:10", []), ("9:11", ["Alice"]), ("17:00", ["Alice"])],
)
def test_somebody_is_missing_once_the_grace_is_over(
    company: Company, leader: User, at: str, expected: list[str]
) -> None:
    assert missing(leader, company, at) == expected


@pytest.mark.parametrize("is_held", [False, True])
def test_whoever_was_seen_is_not_missing(company: Company, leader: User, is_held: bool) -> None:
    punch(company.alice, MONDAY, "8:55", held=is_held)

    assert missing(leader, company, "9:30") == []


def test_whoever_is_on_leave_is_not_missing_until_it_ends(company: Company, leader: User) -> None:
    Absence.objects.create(
        employee=company.alice,
        kind=Absence.Kind.LEAVE,
        starts_at=clock("9:00"),
        ends_at=clock("12:00"),
        approved_at=clock("8:00"),
    )

    assert missing(leader, company, "10:00") == []
    assert missing(leader, company, "14:00") == ["Alice"]


def test_a_night_is_awaited_in_the_evening_and_past_midnight(
    company: Company, leader: User
) -> None:
    RosterEntry.objects.create(
        employee=company.alice, work_date=MONDAY, shift=make_shift("NIGHT2", NIGHT)
    )

    assert missing(leader, company, "9:30") == []
    assert missing(leader, company, "22:11") == ["Alice"]
    assert missing(leader, company, "25:00") == ["Alice"]


def test_nobody_is_awaited_on_a_day_off(company: Company, leader: User) -> None:
    RosterEntry.objects.create(employee=company.alice, work_date=MONDAY)

    assert missing(leader, company, "10:00") == []


def test_the_missing_of_another_department_are_not_told(company: Company, leader: User) -> None:
    yard = people.add_department(
        name="Yard", code="Y", parent=company.root, now=clock("0:00") - timedelta(days=40)
    )
    people.hire(
        number="1002",
        name="Carol",
        department=yard,
        joined_on=MONDAY - timedelta(days=30),
        now=clock("0:00") - timedelta(days=40),
    )
    stranger = User.objects.create_user("stranger", is_staff=True)
    assign_perm("summarise", stranger, company.root)

    assert missing(leader, company, "10:00") == ["Alice"]
    assert missing(stranger, company, "10:00") == []
