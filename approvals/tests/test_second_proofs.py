"""A held punch whose other proof comes after all waits for nobody, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.test import Client
from time_machine import travel

from approvals import cards, services
from approvals.closing import WAITING_REQUESTS
from approvals.errors import IllegalMove
from approvals.models import Notification, Request
from approvals.tests.office import DAY
from attendance.evidence.demands import Demands
from attendance.models import Punch as PunchRow
from attendance.models import PunchCheck
from attendance.services import checking, periods
from attendance.services.closing_checks import ToClose
from attendance.tests.phone import Phone
from attendance.tests.test_making import (
    FAR,
    NOW,
    agree,
    counts,
    demand,
    demand_two,
    draw_office,
    told,
    touch,
)
from organization.models import AuditEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
FINGER = NOW + timedelta(minutes=5)
LATER = NOW + timedelta(hours=1)
AFTER_ALL = NOW + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def phone(office: Cast) -> Phone:
    """Alice's phone; her rule wants her to be at the office and to put her finger on a terminal."""
    told()
    demand(office, Demands(methods=frozenset({"location"})))
    demand_two(office)
    draw_office(office)
    agree(office.alice)
    made = Phone()
    made.bind(office.alice, now=NOW - timedelta(days=30))
    return made


def punch_by(phone: Phone, cast: Cast, **said: object) -> PunchRow:
    """Let Alice punch with her phone."""
    client = Client()
    client.force_login(cast.alice.user)
    assert phone.post(client, phone.say(**said)).status_code == 201
    return PunchRow.objects.get(method="location")


def finger() -> PunchRow:
    return PunchRow.objects.get(method="fingerprint")


def request_of(punch: PunchRow) -> Request:
    return Request.objects.get(punch=punch)


def test_a_second_proof_that_comes_after_all_ends_the_request_that_waited(
    office: Cast, phone: Phone
):
    first = punch_by(phone, office)
    checking.settle_second_checks(now=LATER)
    request = request_of(first)
    assert list(cards.inbox(office.bob.user, now=LATER)) == [request]

    touch(office, FINGER, now=AFTER_ALL)

    request.refresh_from_db()
    assert counts(first)
    assert (request.status, request.settled_at, request.settled_by) == (
        "withdrawn",
        AFTER_ALL,
        None,
    )
    assert str(request.get_status_display()) == "Counts since both proofs are there"
    assert not request.steps.filter(closed_at=None).exists()
    assert not cards.inbox(office.bob.user, now=AFTER_ALL).exists()
    assert not Notification.objects.filter(request=request).unread().exists()
    line = AuditEntry.objects.get(verb="request.settled")
    assert (line.actor, line.thing_id) == (None, str(request.pk))


def test_what_counts_since_its_second_proof_came_hinders_no_closing(office: Cast, phone: Phone):
    punch_by(phone, office)
    checking.settle_second_checks(now=LATER)
    period = periods.open_period(
        department=office.unit, starts_on=DAY, ends_on=date(2026, 9, 30), actor=None, now=NOW
    )
    assert WAITING_REQUESTS.rows(ToClose(period)).count() == 1

    touch(office, FINGER, now=AFTER_ALL)

    assert WAITING_REQUESTS.rows(ToClose(period)).count() == 0


def test_nobody_decides_about_a_held_punch_whose_second_proof_has_come(office: Cast, phone: Phone):
    first = punch_by(phone, office)
    checking.settle_second_checks(now=LATER)
    touch(office, FINGER, now=AFTER_ALL)
    said = {
        "request_id": request_of(first).pk, "actor": office.bob.user, "now": AFTER_ALL,
        "reason": "Was not here",
    }  # fmt: skip

    for deed in (services.approve, services.reject, services.revoke):
        with pytest.raises(IllegalMove, match="Both proofs are there"):
            deed(**said)

    assert counts(first)
    assert first.decisions.count() == 1


def test_whoever_reads_it_is_told_that_the_second_proof_came(
    office: Cast, phone: Phone, client: Client
):
    first = punch_by(phone, office)
    checking.settle_second_checks(now=LATER)
    touch(office, FINGER, now=AFTER_ALL)
    client.force_login(office.bob.user)

    own = client.get(f"/me/requests/{request_of(first).pk}/").content.decode()

    assert "Counts since both proofs are there" in own
    assert "Withdrawn" not in own


@pytest.mark.parametrize("is_after", [False, True], ids=["accepted, then the finger", "after it"])
def test_a_finger_counts_as_soon_as_somebody_has_accepted_the_first_proof(
    office: Cast, phone: Phone, is_after: bool
):
    """In either order; its own request, where it has one, ends with it."""
    first = punch_by(phone, office, position=FAR)
    if is_after:
        touch(office, FINGER, now=FINGER)
        checking.settle_second_checks(now=LATER)
        assert request_of(finger()).status == "waiting"

    services.approve(request_id=request_of(first).pk, actor=office.bob.user, now=LATER)
    if not is_after:
        touch(office, FINGER, now=AFTER_ALL)

    assert counts(first)
    assert counts(finger())
    assert request_of(first).status == "approved"
    ended = Request.objects.filter(punch=finger()).values_list("status", "settled_by")
    assert list(ended) == ([("withdrawn", None)] if is_after else [])
    assert not Request.objects.waiting().exists()


def test_a_finger_that_is_still_in_time_counts_with_the_first_proof_that_is_accepted(
    office: Cast, phone: Phone
):
    first = punch_by(phone, office, position=FAR)
    touch(office, FINGER, now=FINGER)
    soon = FINGER + timedelta(minutes=1)

    services.approve(request_id=request_of(first).pk, actor=office.bob.user, now=soon)

    assert counts(finger())
    assert checking.settle_second_checks(now=LATER) == 0
    assert not Request.objects.filter(punch=finger()).exists()


def test_a_finger_beside_a_first_proof_that_is_refused_waits_on(office: Cast, phone: Phone):
    first = punch_by(phone, office, position=FAR)
    touch(office, FINGER, now=FINGER)
    checking.settle_second_checks(now=LATER)

    services.reject(
        request_id=request_of(first).pk, actor=office.bob.user, now=LATER, reason="At home"
    )

    assert not counts(finger())
    assert request_of(finger()).status == "waiting"


def test_a_second_proof_settles_nothing_that_is_held_for_something_else(office: Cast, phone: Phone):
    first = punch_by(phone, office, position=FAR)
    touch(office, FINGER, now=FINGER)
    checking.settle_second_checks(now=LATER)

    services.approve(request_id=request_of(finger()).pk, actor=office.bob.user, now=LATER)

    assert not counts(first)
    assert request_of(first).status == "waiting"


def test_a_rule_that_nobody_can_read_holds_up_no_decision(office: Cast, phone: Phone):
    first = punch_by(phone, office, position=FAR)
    touch(office, FINGER, now=FINGER)
    version = PunchCheck.objects.filter(punch=finger()).get().rule_version
    version.demands = {**version.demands, "lets_everything_pass": True}
    version.save(update_fields=["demands"])

    services.approve(request_id=request_of(first).pk, actor=office.bob.user, now=LATER)

    assert counts(first)
    assert not counts(finger())
