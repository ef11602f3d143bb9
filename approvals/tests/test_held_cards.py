"""A card of a held punch says what is decided: how it was made, why it is held, what proves it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services
from approvals.cards import SHOWN
from approvals.models import Request
from approvals.tests.office import DAY, NOW, approve, at, punch, reject
from attendance.evidence.reasons import Code, Effect, reason
from attendance.models import Punch, PunchCheck, PunchEvidence
from organization.models import Employee, User
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
INBOX, CONSOLE = "/me/inbox/", "/admin/approvals/request/inbox/"
OUTSIDE = "150 m outside of Gate."


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def held(person: Employee, clock: str = "12:38", *, days_ago: int = 0) -> Request:
    """Let somebody punch outside of the gate; a position and a photo are kept with it."""
    day = DAY - timedelta(days=days_ago)
    made = punch(person, clock, day, is_held=True)
    seen, right = {"metres_to_edge": 150.0}, {"fence": "Gate"}
    reasons = [
        reason(Effect.HOLD, Code.OUTSIDE_FENCE, seen, right),
        reason(Effect.FLAG, Code.PHONE_UNVERIFIED),
        reason(Effect.PROOF, Code.QR_VALID),
    ]
    PunchCheck.objects.create(
        punch=made, outcome="held", reasons=[one.as_dict() for one in reasons],
        checked_at=made.received_at,
    )  # fmt: skip
    for kind in ("position", "photo"):
        PunchEvidence.objects.create(
            punch=made, kind=kind, sealed=b"31.2304", kept_at=NOW, keep_until=NOW.date()
        )
    return services.open_held(punch=made, anomaly="out_of_fence", now=at("13:00", day))


def text(user: User | None, where: str, language: str = "en") -> str:
    assert user is not None
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    answer = client.get(where)
    assert answer.status_code == 200, where
    return answer.content.decode().replace("\u00a0", " ")


def page_of(request: Request) -> str:
    return reverse("approvals:request", args=[request.pk])


def evidence_of(request: Request) -> str:
    return reverse("admin:attendance_punch_evidence", args=[request.punch_id])


def test_a_card_says_why_the_punch_is_held_and_how_it_was_made(office: Cast):
    request = held(office.alice)
    console = reverse("admin:approvals_request_change", args=[request.pk])

    for where in (INBOX, CONSOLE, page_of(request), console):
        said = text(office.bob.user, where)
        assert OUTSIDE in said, where
        assert str(Punch.Method.LOCATION.label) in said
        assert "only its own word" in said
        # What only proves is nothing to decide about.
        assert "A valid QR code" not in said


def test_the_punch_that_is_decided_is_drawn_at_its_time(office: Cast):
    request = held(office.alice)

    said = text(office.bob.user, INBOX)
    assert "dl-sign dl-asked" in said
    assert ">12:38</text>" in said
    assert "To be decided" in said

    approve(request, office.bob)
    assert "dl-asked" not in text(office.bob.user, page_of(request))


def test_a_punch_that_was_refused_is_drawn_as_one_that_does_not_count(office: Cast):
    request = held(office.alice)
    reject(request, office.bob)

    said = text(office.bob.user, page_of(request))

    assert "dl-asked" not in said
    assert "dl-sign dl-ignored" in said


def test_what_proves_it_is_named_and_opened_where_each_look_is_written_down(office: Cast):
    request = held(office.alice)

    for where in (INBOX, CONSOLE, page_of(request)):
        said = text(office.bob.user, where)
        assert f'href="{evidence_of(request)}"' in said, where
        assert "Position, Photo" in said
        assert "31.2304" not in said
    assert Client().get(evidence_of(request)).status_code == 302


def test_whoever_may_not_open_what_proves_it_is_told_that_it_is_there(office: Cast):
    request = held(office.alice)
    User.objects.filter(pk=office.bob.user.pk).update(is_staff=False)

    said = text(User.objects.get(pk=office.bob.user.pk), page_of(request))

    assert evidence_of(request) not in said
    assert "Position, Photo" in said
    assert "in the console" in said


def test_whose_punch_it_is_reads_what_it_is_held_for_and_not_what_was_only_noted(office: Cast):
    request = held(office.alice)

    said = text(office.alice.user, page_of(request))

    assert OUTSIDE in said
    assert "only its own word" not in said
    assert evidence_of(request) not in said


def test_a_card_says_which_punch_of_the_day_it_would_become(office: Cast):
    punch(office.alice, "18:02")
    held(office.alice, "8:59")

    assert "in-punch – → 08:59" in text(office.bob.user, INBOX)


def test_many_held_punches_are_read_with_as_many_queries_as_two(office: Cast):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            text(office.bob.user, INBOX)
        return len(asked)

    for days_ago in range(2):
        held(office.alice, days_ago=days_ago)
    cost()
    few = cost()
    # One less than a page: behind a full one it is asked whether more follow.
    for days_ago in range(2, SHOWN - 1):
        held(office.alice, days_ago=days_ago)

    assert cost() == few
