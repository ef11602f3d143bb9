"""Whoever made a punch that was refused appeals: from the day, and over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals import cards, services
from approvals.closing import WAITING_REQUESTS
from approvals.errors import IllegalMove
from approvals.models import Notification, Request
from approvals.tests.office import DAY, NOW, approve, at, publish, punch, reject, result
from approvals.tests.test_closed_days import (
    FIRST,
    LAST,
    LATER,
    NIGHT,
    OCTOBER,
    hold,
    work,
)
from approvals.tests.test_my_pages import browser, page_of, text
from approvals.tests.test_stories import held
from attendance.models import Punch
from attendance.services import periods
from attendance.services.closing_checks import ToClose
from attendance.services.corrections import invalidate_punch, reinstate_punch
from attendance.services.days import belongings_of
from organization.errors import NotFound
from organization.models import AuditEntry
from organization.services import transfer
from scheduling.models import ShiftAssignment
from scheduling.services.assignments import withdraw_assignment
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
APPEAL = "/me/requests/appeal/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def early(office: Cast) -> Punch:
    """The first of three punches of Alice that count."""
    first, *_others = [punch(office.alice, clock) for clock in ("8:58", "9:01", "18:00")]
    return first


def invalidate(made: Punch, by: Any) -> None:
    user = getattr(by, "user", by)
    invalidate_punch(punch=made, reason="fraud confirmed", actor=user, now=NOW)


def appeal(office: Cast, made: Punch, **other: Any) -> Request:
    return services.submit_appeal(
        **{
            "employee": office.alice, "work_date": DAY, "punch": made, "reason": "It was me",
            "actor": office.alice.user, "now": NOW,
        } | other
    )  # fmt: skip


def reinstate(made: Punch, by: Any) -> None:
    user = getattr(by, "user", by)
    reinstate_punch(punch=made, reason="mistaken", actor=user, now=NOW)


@pytest.fixture
def refused(office: Cast) -> Punch:
    """A held punch of Alice that Bob has refused; she left in time."""
    request = held(office.alice)
    punch(office.alice, "18:00")
    reject(request, office.bob, "Nobody saw her")
    assert request.punch is not None
    assert result(office.alice).missing == ("in",)
    return request.punch


def test_ones_own_day_offers_an_appeal_beside_a_refused_punch_and_approved_it_counts(
    office: Cast, refused: Punch
):
    alice = browser(office.alice.user)
    way = f"{APPEAL}?day={DAY}&amp;slot=punch-{refused.pk}"
    day = text(alice, f"/me/{DAY}/")
    assert way in day
    assert "Appeal: refused punch at 08:58" in day
    assert f"/me/{DAY}/" in text(alice, "/me/punches/")
    form = text(alice, way.replace("&amp;", "&"))
    assert f'<option value="punch-{refused.pk}" selected>Refused punch at 08:58</option>' in form

    answer = alice.post(
        APPEAL, {"work_date": DAY, "slot": f"punch-{refused.pk}", "reason": "I was there"}
    )

    request = Request.objects.get(kind="appeal")
    assert answer["Location"] == page_of(request)
    assert (request.punch, request.slot, request.anomaly) == (refused, "", "out_of_fence")
    assert "The refused punch at 08:58 shall count" in text(alice, page_of(request))
    assert way not in text(alice, f"/me/{DAY}/")
    bob = browser(office.bob.user)
    assert "The refused punch at 08:58 shall count" in text(bob, "/me/inbox/")
    bob.post(page_of(request), {"act": "approve"})

    request.refresh_from_db()
    assert request.status == "approved"
    assert (result(office.alice).status.value, result(office.alice).worked) == ("normal", 480)


def test_an_appeal_against_a_punch_that_was_taken_out_lets_it_count_again(
    office: Cast, early: Punch
):
    invalidate(early, office.bob)
    alice = browser(office.alice.user)
    alice.post(APPEAL, {"work_date": DAY, "slot": f"punch-{early.pk}", "reason": "It was me"})
    request = Request.objects.get()

    approve(request, office.bob)
    assert result(office.alice).worked == 480

    services.revoke(request_id=request.pk, actor=office.bob.user, reason="It was not", now=NOW)
    assert result(office.alice).worked == 479


def test_an_approved_appeal_is_taken_back_when_its_punch_is_taken_out_and_may_be_asked_again(
    office: Cast, early: Punch
):
    for _round in range(2):
        invalidate(early, office.bob)
        request = services.submit_appeal(
            employee=office.alice, work_date=DAY, punch=early, reason="So",
            actor=office.alice.user, now=NOW,
        )  # fmt: skip
        approve(request, office.bob)

    assert sorted(Request.objects.values_list("status", flat=True)) == ["approved", "revoked"]


def post(user: Any, **said: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(
        "/api/v1/approval/flow/", {"kind": "appeal", "reason": "I was there"} | said,
        content_type="application/json",
    )  # fmt: skip


def test_a_program_appeals_against_a_refused_punch_and_approved_it_counts(
    office: Cast, refused: Punch
):
    answer = post(office.alice.user, punch=refused.pk)

    assert answer.status_code == 201
    told = answer.json()
    assert (told["punch"], told["slot"], told["work_date"]) == (refused.pk, "", str(DAY))
    client = Client()
    client.force_login(office.bob.user)
    decided = client.post(
        f"/api/v1/approval/flow/{told['id']}/", {"decision": "approve"},
        content_type="application/json",
    )  # fmt: skip
    assert decided.json()["status"] == "approved"
    assert result(office.alice).worked == 480


def test_a_program_appeals_once_and_only_against_ones_own_refused_punch(
    office: Cast, refused: Punch
):
    counts = punch(office.alice, "9:01")
    theirs = punch(office.carol, "8:58")
    invalidate(theirs, office.other_hr)
    alice = office.alice.user

    for said, status in (
        ({"punch": counts.pk}, 400),
        ({"punch": theirs.pk}, 404),
        ({"punch": 2**62}, 404),
        ({"punch": 2**64}, 400),
        ({"punch": "first"}, 400),
        ({"punch": refused.pk, "slot": "in", "work_date": str(DAY)}, 400),
        ({"punch": refused.pk, "kind": "overtime"}, 400),
        ({"slot": "in"}, 400),
        ({"punch": refused.pk, "work_date": "2026-08-20"}, 409),
    ):
        answer = post(alice, **said)
        assert answer.status_code == status, (said, answer.json())
    assert not Request.objects.filter(kind="appeal").exists()

    assert post(alice, punch=refused.pk).status_code == 201
    assert post(alice, punch=refused.pk).json()["code"] == "asked_already"


def test_hr_appeals_for_somebody_whom_it_configures_and_for_nobody_else(
    office: Cast, refused: Punch
):
    said = {"punch": refused.pk, "employee": office.alice.number}

    assert post(office.other_hr, **said).status_code == 404
    assert post(office.hr, **said).status_code == 201


def test_an_appeal_about_a_night_is_of_the_date_that_takes_the_punch_and_closed_with_it(
    office: Cast,
):
    work(office.alice, NIGHT)
    made = hold(office.alice, "6:02", OCTOBER)
    reject(made, office.bob)
    assert made.punch is not None
    way = f"{APPEAL}?day={LAST}&amp;slot=punch-{made.punch.pk}"
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: LATER)
        alice = browser(office.alice.user)
        assert way in text(alice, f"/me/{LAST}/")
        assert way not in text(alice, f"/me/{OCTOBER}/")
        assert f"/me/{LAST}/" in text(alice, "/me/punches/")
        assert post(office.alice.user, punch=made.punch.pk).json()["work_date"] == str(LAST)
    own = Request.objects.get(kind="appeal")
    services.withdraw(request_id=own.pk, actor=office.alice.user, now=LATER)

    # Asked on the date that the wall showed, it is kept under the one that takes the punch.
    other = services.submit_appeal(
        employee=office.alice, work_date=OCTOBER, punch=made.punch, reason="So",
        actor=office.alice.user, now=LATER,
    )  # fmt: skip
    assert other.work_date == LAST
    period = periods.open_period(
        department=office.unit, starts_on=FIRST, ends_on=LAST, actor=None, now=LATER
    )
    assert list(WAITING_REQUESTS.rows(ToClose(period))) == [other]


@pytest.fixture
def of_a_night(office: Cast, monkeypatch: pytest.MonkeyPatch) -> Punch:
    """A refused punch of 06:02 on 1 October, which ends Alice's night of 30 September."""
    work(office.alice, NIGHT)
    request = hold(office.alice, "6:02", OCTOBER)
    reject(request, office.bob)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    assert request.punch is not None
    return request.punch


@pytest.mark.parametrize("dates", [(None, OCTOBER), (OCTOBER, None), (OCTOBER, LAST)])
def test_a_second_appeal_about_a_punch_is_refused_whatever_date_it_names(
    office: Cast, of_a_night: Punch, dates: tuple[Any, Any]
):
    first, second = [
        post(office.alice.user, punch=of_a_night.pk, **({"work_date": str(day)} if day else {}))
        for day in dates
    ]

    assert (first.status_code, first.json()["work_date"]) == (201, str(LAST))
    assert (second.status_code, second.json()["code"]) == (409, "asked_already")


def test_an_appeal_kept_under_another_date_refuses_a_second_one_too(
    office: Cast, of_a_night: Punch
):
    """Plans change: a punch may be of another date than when the first appeal was asked."""
    post(office.alice.user, punch=of_a_night.pk)
    own = ShiftAssignment.objects.get(employee=office.alice)
    withdraw_assignment(assignment_id=own.pk, now=LATER)
    assert belongings_of([of_a_night])[of_a_night.pk].work_date == OCTOBER

    answer = post(office.alice.user, punch=of_a_night.pk)

    assert (answer.status_code, answer.json()["code"]) == (409, "asked_already")


def test_the_time_to_appeal_about_a_punch_is_that_of_the_date_that_takes_it(
    office: Cast, of_a_night: Punch, monkeypatch: pytest.MonkeyPatch
):
    publish(office, make_up_days_back=2, make_up_cutoff_day=28)
    alice = office.alice.user

    for day in (None, OCTOBER, LAST):
        answer = post(alice, punch=of_a_night.pk, **({"work_date": str(day)} if day else {}))
        assert (answer.status_code, answer.json()["code"]) == (409, "too_late"), day
    elsewhere = post(alice, punch=of_a_night.pk, work_date="2026-10-02")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "no_such_finding")
    page = {"slot": f"punch-{of_a_night.pk}", "reason": "So"}
    for day in (OCTOBER, LAST):
        assert browser(alice).post(APPEAL, page | {"work_date": day}).status_code == 200
    assert not Request.objects.filter(kind="appeal").exists()

    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER - timedelta(days=1))
    assert post(alice, punch=of_a_night.pk, work_date=str(OCTOBER)).status_code == 201


def test_hr_appeals_about_a_night_only_where_the_person_belonged_that_night(
    office: Cast, of_a_night: Punch
):
    transfer(
        employee_id=office.alice.pk, department=office.other_department, position=None,
        effective_on=OCTOBER, actor=None, now=LATER,
    )  # fmt: skip
    facts: dict[str, Any] = {"employee": office.alice, "punch": of_a_night, "reason": "So"}

    for day in (OCTOBER, LAST):
        with pytest.raises(NotFound):
            services.submit_appeal(work_date=day, actor=office.other_hr, now=LATER, **facts)

    made = services.submit_appeal(work_date=OCTOBER, actor=office.hr, now=LATER, **facts)
    assert (made.work_date, made.department) == (LAST, office.department)


def test_an_appeal_ends_as_soon_as_its_punch_counts_again(office: Cast, early: Punch):
    invalidate(early, office.bob)
    request = appeal(office, early)
    period = periods.open_period(
        department=office.unit, starts_on=FIRST, ends_on=LAST, actor=None, now=NOW
    )
    assert WAITING_REQUESTS.rows(ToClose(period)).count() == 1

    reinstate(early, office.hr)

    request.refresh_from_db()
    assert (request.status, request.settled_by, request.settled_reason) == (
        "withdrawn", None, "mistaken",
    )  # fmt: skip
    assert not request.steps.filter(closed_at=None).exists()
    assert not cards.inbox(office.bob.user, now=NOW).exists()
    assert WAITING_REQUESTS.rows(ToClose(period)).count() == 0
    assert not Notification.objects.of(office.bob.user).unread().exists()
    line = AuditEntry.objects.get(verb="request.settled")
    assert (line.actor, line.thing_id) == (None, str(request.pk))
    assert line.facts["reason"] == "mistaken"


def test_whose_appeal_it_is_reads_that_the_punch_counts_again_and_why(office: Cast, early: Punch):
    invalidate(early, office.bob)
    request = appeal(office, early)
    reinstate(early, office.bob)
    alice = browser(office.alice.user)

    page, bell = text(alice, page_of(request)), text(alice, "/me/notifications/")

    assert "Settled, as the punch counts again" in page
    assert ": mistaken" in page
    assert "Withdrawn" not in page
    assert "Appeal, 2026-09-01: Settled, as the punch counts again" in bell


def test_whoever_lets_the_punch_of_an_appeal_count_again_is_not_told_of_it(
    office: Cast, early: Punch
):
    invalidate(early, office.bob)
    request = appeal(office, early, actor=office.hr)
    reinstate(early, office.hr)

    told = Notification.objects.filter(request=request, kind="decided")
    assert [row.recipient for row in told] == [office.alice.user]


def test_nobody_decides_about_an_appeal_whose_punch_counts_again(office: Cast, early: Punch):
    invalidate(early, office.bob)
    request = appeal(office, early)
    reinstate(early, office.bob)
    said = {"request_id": request.pk, "now": NOW}
    decided = said | {"actor": office.bob.user, "reason": "It was not"}

    for deed, facts in (
        (services.approve, decided),
        (services.reject, decided),
        (services.revoke, decided),
        (services.withdraw, said | {"actor": office.alice.user}),
    ):
        with pytest.raises(IllegalMove, match="The punch counts again"):
            deed(**facts)

    assert [one.verdict for one in early.decisions.order_by("pk")] == ["refused", "accepted"]
    assert result(office.alice).worked == 480


def test_an_appeal_that_its_asker_withdrew_is_called_withdrawn(office: Cast, early: Punch):
    invalidate(early, office.bob)
    request = appeal(office, early)
    services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)
    reinstate(early, office.bob)

    request.refresh_from_db()
    assert str(request.get_status_display()) == "Withdrawn"
    with pytest.raises(IllegalMove, match="cannot become"):
        approve(request, office.bob)


def test_an_appeal_against_another_punch_waits_on(office: Cast, early: Punch):
    other = Punch.objects.get(employee=office.alice, punched_at=at("9:01"))
    for made in (early, other):
        invalidate(made, office.bob)
    request = appeal(office, other)

    reinstate(early, office.bob)

    assert list(Request.objects.waiting()) == [request]


def test_a_punch_that_counts_again_and_is_taken_out_once_more_may_be_appealed_again(
    office: Cast, early: Punch
):
    invalidate(early, office.bob)
    appeal(office, early)
    reinstate(early, office.bob)
    invalidate(early, office.bob)

    approve(appeal(office, early), office.bob)

    assert result(office.alice).worked == 480
