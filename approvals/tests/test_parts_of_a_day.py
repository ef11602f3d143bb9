"""Parts of a day sum up to the day, however it is cut."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import services
from approvals.content import as_amount, digest_of, in_cents
from approvals.errors import AllowanceSpent
from approvals.models import Allowance, Request
from approvals.services.limits import days_taken
from approvals.services.submitting import content_of
from approvals.tests.office import DAY, NOW, approve, at
from tests.cast import Cast

# Reckoned while two places were all that was kept.
OF_TWO_PLACES = "eb566828cd00811b3a4c09d2401633c3365f9d266bd1db2033b56237a6dd480e"
WEEK = [date(2026, 9, day) for day in range(7, 12)]


@st.composite
def cut_days(draw: st.DrawFn) -> list[Fraction]:
    """Draw a day of so many minutes, cut anywhere."""
    minutes = draw(st.integers(1, 24 * 60))
    cuts = draw(st.sets(st.integers(0, minutes), max_size=60)) | {0, minutes}
    edges = sorted(cuts)
    return [Fraction(b - a, minutes) for a, b in pairwise(edges)]


@given(st.lists(cut_days(), min_size=1, max_size=20))
def test_parts_of_days_sum_up_to_the_days(days: list[list[Fraction]]) -> None:
    kept = [as_amount(part) for day in days for part in day]

    assert in_cents(sum(kept, Decimal(0))) == len(days)


@given(st.lists(st.fractions(0, 1, max_denominator=1440), max_size=50))
def test_a_sum_of_parts_is_no_cent_off(parts: list[Fraction]) -> None:
    told = in_cents(sum((as_amount(part) for part in parts), Decimal(0)))

    assert abs(Fraction(told) - sum(parts, Fraction(0))) < Fraction(51, 10_000)


def hours(cast: Cast, day: date, starts: str, ends: str) -> Request:
    return services.submit_hours(
        employee=cast.alice, kind="leave", leave_type="annual", starts_at=at(starts, day),
        ends_at=at(ends, day), reason="Home", actor=cast.alice.user, now=NOW,
    )  # fmt: skip


def allow(cast: Cast, days: float) -> None:
    Allowance.objects.create(employee=cast.alice, leave_type="annual", year=2026, days=days)


@pytest.mark.django_db
@pytest.mark.usefixtures("standing_cast")
@pytest.mark.parametrize("day_by_day", [True, False])
def test_three_thirds_of_a_day_cost_a_day_of_an_allowance(office: Cast, day_by_day: bool):
    allow(office, 1)
    thirds = [("9:00", "11:40"), ("11:40", "15:20"), ("15:20", "18:00")]
    days = WEEK[:3] if day_by_day else [DAY] * 3

    for day, (starts, ends) in zip(days, thirds, strict=True):
        assert in_cents(hours(office, day, starts, ends).amount_days) == Decimal("0.33")

    assert in_cents(days_taken(office.alice, "annual", 2026)) == 1
    with pytest.raises(AllowanceSpent) as spent:
        hours(office, WEEK[4], "9:00", "9:01")
    assert spent.value.facts["left"] == "0"


@pytest.mark.django_db
@pytest.mark.usefixtures("standing_cast")
def test_six_sixths_are_no_more_than_a_day_and_the_last_minute_counts(office: Cast):
    allow(office, 1)
    for day in WEEK:
        hours(office, day, "9:00", "10:20")
    with pytest.raises(AllowanceSpent):
        hours(office, DAY, "9:00", "10:21")

    hours(office, DAY, "9:00", "10:20")

    assert in_cents(days_taken(office.alice, "annual", 2026)) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("standing_cast")
def test_a_part_of_a_day_is_approved_as_it_was_submitted(office: Cast):
    """The digest is of all places that are kept, wherever the row was read."""
    third = hours(office, DAY, "9:00", "11:40")

    assert digest_of(content_of(Request.objects.get(pk=third.pk))) == third.digest
    assert approve(third, office.bob).status == "approved"


def test_an_amount_of_two_places_has_the_digest_that_it_always_had() -> None:
    said = dict.fromkeys(
        ("kind", "employee_id", "department_id", "work_date", "slot", "corrected_at", "punch_id",
         "anomaly", "starts_at", "ends_at", "unit", "leave_type", "reason", "submitted_by_id",
         "submitted_at", "photo_digest"), ""
    )  # fmt: skip

    for days in ("0.33", "0.33000000"):
        assert digest_of({**said, "amount_days": days, "days_next_year": 0}) == OF_TWO_PLACES
    finer = digest_of({**said, "amount_days": "0.33333333", "days_next_year": 0})
    assert finer != OF_TWO_PLACES
