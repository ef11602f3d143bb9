"""Who is reminded of a punch: once a slot, when it helps, and never on leave or at rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals import notice_words
from approvals.models import Notification, NotificationSetting, Sending
from approvals.services.reminding import remind as remind_all
from approvals.services.reminding import remind_of_punches
from approvals.tests.office import DAY, at, punch
from attendance.models import Absence, OfflineClaim, OvertimeApproval
from attendance.services import days
from organization.models import Employee, User
from scheduling.models import RosterEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def remind(clock: str, day: Any = DAY) -> list[str]:
    """Judge everybody at a moment and remind; return who has been told of which slot so far."""
    now = at(clock, day)
    days.wake_range(starts_on=day, ends_on=day, cause="ordered", now=now)
    days.judge_all(now=now)
    remind_of_punches(now=now)
    rows = Notification.objects.filter(kind="missing_punch").select_related("recipient")
    return sorted(f"{row.recipient.username} {row.facts['slot']}" for row in rows)


@pytest.fixture
def alone(office: Cast) -> Cast:
    """The cast at work, where only Alice has a log-in that is open."""
    User.objects.exclude(pk=office.alice.user_id).update(is_active=False)
    return office


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("8:59", []), ("9:09", []), ("9:10", ["alice in"]), ("10:30", ["alice in"]), ("10:31", [])],
)
def test_whoever_has_not_come_is_reminded_for_a_while(
    alone: Cast, clock: str, expected: list[str]
) -> None:
    assert remind(clock) == expected


def test_nobody_is_reminded_twice_of_a_slot(alone: Cast) -> None:
    assert [remind(clock) for clock in ("9:10", "9:11", "9:40")] == [["alice in"]] * 3
    assert Notification.objects.count() == 1


@pytest.mark.parametrize("is_held", [False, True])
def test_whoever_was_seen_is_not_reminded(alone: Cast, is_held: bool) -> None:
    punch(alone.alice, "8:55", is_held=is_held)

    assert remind("9:20") == []


def test_whoever_has_not_punched_out_is_reminded_at_the_end(alone: Cast) -> None:
    punch(alone.alice, "8:55")

    assert remind("18:09") == []
    assert remind("18:10") == ["alice out"]


@pytest.mark.parametrize("clock", ["18:02", "17:30"])
def test_whoever_has_left_is_not_reminded(alone: Cast, clock: str) -> None:
    punch(alone.alice, "8:55")
    punch(alone.alice, clock)

    assert remind("18:20") == []


def test_a_punch_that_waits_to_be_judged_speaks_for_its_person(alone: Cast) -> None:
    punch(alone.alice, "8:55")
    remind("18:05")
    punch(alone.alice, "18:06")

    remind_of_punches(now=at("18:15"))

    assert not Notification.objects.exists()


@pytest.mark.parametrize(("starts", "ends"), [("9:00", "12:00"), ("0:00", "24:00")])
def test_nobody_on_leave_is_reminded(alone: Cast, starts: str, ends: str) -> None:
    Absence.objects.create(
        employee=alone.alice, kind=Absence.Kind.LEAVE, starts_at=at(starts), ends_at=at(ends),
        approved_at=at("8:00"),
    )  # fmt: skip

    assert remind("9:15") == []


def test_nobody_at_rest_is_reminded(alone: Cast) -> None:
    RosterEntry.objects.create(employee=alone.alice, work_date=DAY, shift=None)
    OvertimeApproval.objects.create(
        employee=alone.alice, work_date=DAY, starts_at=at("9:00"), ends_at=at("12:00"),
        approved_at=at("8:00"),
    )  # fmt: skip

    assert remind("9:15") == []
    assert remind("9:15", DAY + timedelta(days=4)) == []


@pytest.mark.parametrize(("minutes", "clock"), [(0, "9:30"), (20, "9:19")])
def test_everybody_chooses_after_how_many_minutes(alone: Cast, minutes: int, clock: str) -> None:
    NotificationSetting.objects.create(user=alone.alice.user, punch_minutes=minutes)

    assert remind(clock) == []
    if minutes:
        assert remind("9:20") == ["alice in"]


def test_a_reminder_says_when_and_not_where(alone: Cast) -> None:
    remind("9:10")
    row = Notification.objects.get()

    (told,) = notice_words.read([row], row.recipient, now=at("9:10"))

    assert told.text == "Your shift began at 09:00 on 2026-09-01, and you have not punched in yet"
    assert told.address == "/punch/"


def test_a_reminder_leads_to_the_day_once_it_is_too_late_to_punch(alone: Cast) -> None:
    remind("9:10")
    row = Notification.objects.get()

    (told,) = notice_words.read([row], row.recipient, now=at("10:41"))

    assert told.address == "/me/2026-09-01/"


def test_many_people_cost_as_many_queries_as_one(
    office: Cast, django_assert_max_num_queries: Any, settings: Any
) -> None:
    settings.SENDS_MAIL = True
    Employee.objects.bulk_create(
        Employee(
            number=f"9{n:04}", name=f"P{n}", department=office.department,
            joined_on=DAY - timedelta(days=400),
            user=User.objects.create(username=f"p{n}", email=f"p{n}@example.com"),
        )
        for n in range(60)
    )  # fmt: skip
    now = at("9:10")
    days.wake_range(starts_on=DAY, ends_on=DAY, cause="ordered", now=now)
    days.judge_all(now=now)

    with django_assert_max_num_queries(40):
        remind_of_punches(now=now)

    assert (Notification.objects.count(), Sending.objects.count()) == (63, 60)


def test_a_boarding_pass_that_is_due_is_told_once(alone: Cast) -> None:
    OfflineClaim.objects.create(
        employee=alone.alice, department=alone.department, flight_number="MU5101",
        departs_on=DAY, leg="arrival", claimed_at=at("10:00"), zone="Asia/Shanghai",
        declared_at=at("7:00"), due_at=at("14:00"),
    )  # fmt: skip

    for clock in ("12:59", "13:00", "13:10"):
        remind_all(now=at(clock))

    row = Notification.objects.get(kind="boarding_pass")
    (told,) = notice_words.read([row], row.recipient, now=at("13:10"))
    assert told.text == "Hand in your boarding pass for 2026-09-01 by 14:00"
    assert "MU5101" not in str(row.facts)
