"""What approving would change is read of the dates it is about, and of no others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.models import Request
from approvals.services import preview
from approvals.tests.office import DAY, NOW, ask, at, punch
from attendance.loading import Facts, load_facts
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def test_a_leave_far_away_reads_no_year_of_everybodys_days(
    office: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    punch(office.alice, "8:58")
    near, far = ask(office.alice), DAY + timedelta(days=400)
    services.submit_hours(
        employee=office.bob, kind="leave", leave_type="sick", reason="Operation",
        starts_at=at("9:00", far), ends_at=at("18:00", far), actor=office.bob.user, now=NOW,
    )  # fmt: skip
    read: list[tuple[int, timedelta]] = []

    def noted(people: list[int], first: date, last: date) -> Facts:
        read.append((len(people), last - first))
        return load_facts(people, first, last)

    monkeypatch.setattr(preview, "load_facts", noted)

    found = preview.look_ahead(list(Request.objects.order_by("pk")), now=NOW)

    assert [count for count, _span in read] == [1, 1]
    assert max(span for _count, span in read) <= timedelta(days=2)
    (changed,) = found[near.pk].days
    assert (changed.before.missing, changed.after.missing) == (("out",), ())


def cost(*requests: Request) -> int:
    with CaptureQueriesContext(connection) as asked:
        preview.look_ahead(requests, now=NOW)
    return len(asked)


def test_what_is_about_the_same_weeks_is_read_together(office: Cast) -> None:
    day = DAY + timedelta(days=3)
    first = ask(office.alice)
    second = ask(
        office.bob, work_date=day, corrected_at=at("18:00", day), now=NOW + timedelta(days=6)
    )

    assert cost(first) == cost(first, second)
