"""What days of leave cover and cost where the roster of the next month is not made yet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from approvals import services
from approvals.errors import AllowanceSpent, NothingOwed, NotPlannedYet
from approvals.models import Allowance, Request
from approvals.tests.office import NOW, OFFICE, at
from organization.models import Change
from scheduling.models import CalendarDay, CalendarYear
from scheduling.pattern import ShiftPattern
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
LAST_PLANNED = date(2026, 9, 30)  # a Wednesday


@pytest.fixture
def planned(cast: Cast) -> Cast:
    """From nine to six until the end of September; nobody knows about October."""
    shift = add_shift(
        code="DAY", name="Day", department=cast.group, pattern=OFFICE,
        valid_from=date(2026, 1, 1), actor=None, now=NOW,
    )  # fmt: skip
    assign_shift(
        department=cast.group, shift=shift, starts_on=date(2026, 1, 1), ends_on=LAST_PLANNED,
        weekdays="12345", actor=None, now=NOW,
    )  # fmt: skip
    CalendarYear.objects.get_or_create(year=2026, defaults={"state": "announced"})
    Change.objects.update(handled_at=NOW)
    return cast


def leave(cast: Cast, first: date, last: date, **other: Any) -> Request:
    facts: dict[str, Any] = {
        "kind": "leave", "leave_type": "annual", "reason": "Home", "actor": cast.alice.user,
    } | other  # fmt: skip
    return services.submit_days(employee=cast.alice, first=first, last=last, now=NOW, **facts)


def test_a_leave_lasts_until_the_date_that_was_asked_for_though_no_roster_is_made(planned: Cast):
    until = date(2026, 10, 14)

    asked = leave(planned, date(2026, 9, 28), until)

    assert (asked.starts_at, asked.ends_at) == (at("9:00", date(2026, 9, 28)), at("24:00", until))
    # Three planned ones, and ten from Monday to Friday.
    assert asked.amount_days == Decimal("13.0")


def test_a_leave_of_dates_that_nobody_planned_costs_no_weekend(planned: Cast):
    friday = date(2026, 10, 16)

    asked = leave(planned, friday, friday + timedelta(days=3), from_noon=True, until_noon=True)

    monday = friday + timedelta(days=3)
    assert (asked.starts_at, asked.ends_at) == (at("12:00", friday), at("12:00", monday))
    assert asked.amount_days == Decimal("1.0")


def test_a_planned_weekend_is_not_covered_and_one_that_is_not_planned_is_no_leave(planned: Cast):
    friday = date(2026, 9, 25)
    assert leave(planned, friday, friday + timedelta(days=2)).ends_at == at("18:00", friday)
    for saturday in (date(2026, 9, 19), date(2026, 10, 17)):
        with pytest.raises(NothingOwed):
            leave(planned, saturday, saturday + timedelta(days=1))


def hours(cast: Cast, starts_at: datetime, ends_at: datetime, **other: Any) -> Request:
    facts: dict[str, Any] = {
        "kind": "leave", "leave_type": "annual", "reason": "Home", "actor": cast.alice.user,
    } | other  # fmt: skip
    return services.submit_hours(
        employee=cast.alice, starts_at=starts_at, ends_at=ends_at, now=NOW, **facts
    )


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        ("9:00", "13:00", "0.5"),
        # Nobody knows its breaks: more than eight hours are one day.
        ("9:00", "18:00", "1"),
        ("0:00", "24:00", "1"),
    ],
)
def test_hours_that_nobody_planned_are_parts_of_a_day_of_eight(
    planned: Cast, starts: str, ends: str, days: str
):
    monday = date(2026, 10, 12)
    asked = hours(planned, at(starts, monday), at(ends, monday))

    assert (asked.amount_days, asked.work_date) == (Decimal(days), monday)


@pytest.mark.parametrize(
    ("day", "starts", "ends"),
    [
        (LAST_PLANNED, "12:00", "34:00"),
        (date(2026, 10, 12), "13:00", "34:00"),
        (date(2026, 10, 11), "20:00", "34:00"),
        (date(2026, 10, 16), "17:00", "34:00"),
    ],
    ids=["from a planned date", "over a night", "from a Sunday", "to a Saturday"],
)
def test_hours_past_a_date_that_nobody_planned_are_asked_for_by_the_date(
    planned: Cast, day: date, starts: str, ends: str
):
    """Their evening and night would cost as much as work."""
    with pytest.raises(NotPlannedYet):
        hours(planned, at(starts, day), at(ends, day))
    assert hours(planned, at(starts, day), at(ends, day), kind="outing", leave_type="")


def test_hours_of_several_planned_dates_cost_their_work_alone(planned: Cast):
    before = LAST_PLANNED - timedelta(days=1)

    asked = hours(planned, at("13:00", before), at("34:00", before))

    assert asked.amount_days == Decimal("0.75")


def test_hours_that_nobody_planned_take_of_the_allowance(planned: Cast):
    Allowance.objects.create(employee=planned.alice, leave_type="annual", year=2026, days=0.5)
    monday = date(2026, 10, 12)
    hours(planned, at("9:00", monday), at("13:00", monday))

    with pytest.raises(AllowanceSpent):
        hours(planned, at("13:00", monday), at("14:00", monday))
    with pytest.raises(AllowanceSpent) as spent:
        hours(planned, at("13:00", monday), at("13:02", monday))
    assert (spent.value.facts["left"], spent.value.facts["asked"]) == ("0", "0.0042")


def test_of_dates_that_nobody_planned_the_calendar_says_which_are_worked(planned: Cast):
    tuesday, wednesday, saturday = date(2026, 10, 13), date(2026, 10, 14), date(2026, 10, 17)
    for day, kind in ((tuesday, "holiday"), (wednesday, "in_lieu"), (saturday, "makeup_workday")):
        CalendarDay.objects.update_or_create(day=day, department=None, defaults={"kind": kind})
    for day in (tuesday, wednesday):
        with pytest.raises(NothingOwed):
            hours(planned, at("9:00", day), at("18:00", day))
        with pytest.raises(NothingOwed):
            leave(planned, day, day)

    morning = hours(planned, at("9:00", saturday), at("11:00", saturday))
    assert morning.amount_days == Decimal("0.25")
    sunday = saturday + timedelta(days=1)
    assert leave(planned, tuesday, sunday, kind="trip", leave_type="").amount_days == 3


def test_hours_of_a_weekend_that_nobody_planned_are_no_leave(planned: Cast):
    saturday = date(2026, 10, 17)
    with pytest.raises(NothingOwed):
        hours(planned, at("9:00", saturday), at("18:00", saturday))


def test_hours_of_the_last_planned_night_are_not_reckoned_again_on_the_date_after(planned: Cast):
    night = add_shift(
        code="N", name="Night", department=planned.group, valid_from=date(2026, 1, 1), actor=None,
        now=NOW, pattern=ShiftPattern(segments=((1320, 1800),)),
    )  # fmt: skip
    assign_shift(
        employee=planned.alice, shift=night, starts_on=date(2026, 9, 1), ends_on=LAST_PLANNED,
        actor=None, now=NOW,
    )  # fmt: skip
    morning = LAST_PLANNED + timedelta(days=1)

    asked = hours(planned, at("0:00", morning), at("6:00", morning))

    assert (asked.amount_days, asked.work_date) == (Decimal("0.75"), LAST_PLANNED)
