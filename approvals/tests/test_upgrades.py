"""What becomes of rows as a release is installed, and as one goes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError

from approvals import services
from approvals.models import Delegation, Notification, Request
from approvals.tests.office import DAY, NOW, approve, ask, at
from tests.cast import Cast

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WEEK = timedelta(weeks=1)
OF_TWO_PLACES = "0004"


@pytest.fixture(autouse=True)
def _whole() -> Iterator[None]:
    """Leave every table as the newest release has it."""
    yield
    call_command("migrate", verbosity=0)


def go(migration: str) -> None:
    call_command("migrate", "approvals", migration, verbosity=0)


def test_whoever_stands_in_already_is_not_told_by_the_upgrade(
    office: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(office.alice)
    long_ago, given_late, to_come = (
        Delegation.objects.create(
            giver=office.bob.user, deputy=office.alice.user, given_at=given, starts_at=starts,
            ends_at=NOW + 3 * WEEK,
        )
        for given, starts in (
            (NOW - 4 * WEEK, NOW - 3 * WEEK),
            (NOW - WEEK, NOW - 2 * WEEK),
            (NOW - WEEK, NOW + WEEK),
        )
    )  # fmt: skip
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)

    go("0006")
    go("0007")

    told = dict(Delegation.objects.values_list("pk", "told_at"))
    assert told == {long_ago.pk: NOW - 3 * WEEK, given_late.pk: NOW - WEEK, to_come.pk: None}
    assert services.tell_deputies(now=NOW) == 0
    assert not Notification.objects.filter(kind="stands_in").exists()
    assert services.tell_deputies(now=NOW + WEEK) == 1


def hours(cast: Cast, starts: str, ends: str) -> Request:
    return services.submit_hours(
        employee=cast.alice, kind="leave", leave_type="annual", starts_at=at(starts, DAY),
        ends_at=at(ends, DAY), reason="Home", actor=cast.alice.user, now=NOW,
    )  # fmt: skip


def columns() -> dict[int, Decimal]:
    """Return the days of each request, whatever the newest release makes of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, amount_days FROM approvals_request")
        return {key: round(Decimal(str(days)), 8) for key, days in cursor.fetchall()}


def test_nobody_goes_back_while_a_request_waits_whose_days_would_be_rounded(office: Cast) -> None:
    third, half = hours(office, "9:00", "11:40"), hours(office, "14:00", "18:00")
    before = columns()

    with pytest.raises(IrreversibleError, match=rf"^1 requests wait .*: {third.pk}$"):
        go(OF_TWO_PLACES)

    assert columns() == before
    assert before[third.pk] == Decimal("0.33333333")
    go("0005")
    call_command("migrate", verbosity=0)
    for request in (third, half):
        assert approve(request, office.bob).status == "approved"


def test_what_is_decided_or_of_two_places_goes_back_and_forth(office: Cast) -> None:
    third, half = hours(office, "9:00", "11:40"), hours(office, "14:00", "18:00")
    approve(third, office.bob)

    go(OF_TWO_PLACES)
    call_command("migrate", verbosity=0)

    assert approve(half, office.bob).status == "approved"
    third.refresh_from_db()
    assert third.status == "approved"
    assert third.amount_days in (Decimal("0.33"), Decimal("0.33333333"))
