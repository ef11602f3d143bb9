"""A request that still waits when its days are paid: approved with a reason, as an adjustment."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from approvals import services
from approvals.models import Request
from approvals.tests.office import DAY, approve, ask, at, punch
from attendance.models import Adjustment, AttendancePeriod, ClosedDay, Correction, PunchDecision
from attendance.services import days, periods
from attendance.services.closing_checks import ToClose, look
from attendance.services.periods import PeriodClosed
from attendance.signals import punch_was_held
from organization.models import AuditEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
LATER = datetime(2026, 10, 3, 2, 0, tzinfo=UTC)


def close(cast: Cast) -> None:
    """Judge September, and close it with whatever still waits."""
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=LATER)
    days.judge_all(now=LATER)
    period = periods.open_period(
        department=cast.unit, starts_on=FIRST, ends_on=LAST, actor=None, now=LATER
    )
    seen = {one.check.key: one.number for one in look(ToClose(period))}
    assert seen["requests"] == 1
    periods.order_closing(
        period_id=period.pk, typed=period.department.code, seen=seen, actor=None, now=LATER
    )
    assert periods.finish_closing(period_id=period.pk, now=LATER) is not None


def decide(request: Request, by, **said: str) -> Request:
    return services.approve(request_id=request.pk, actor=by.user, now=LATER, **said)


def test_without_a_reason_it_waits_on_and_nothing_moves(office: Cast):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    close(office)

    with pytest.raises(PeriodClosed):
        decide(request, office.bob)

    request.refresh_from_db()
    assert request.status == "waiting"
    assert not request.steps.get().deciders.exclude(verdict="").exists()
    assert not Correction.objects.exists()


def test_with_a_reason_what_was_paid_stays_and_the_difference_waits(office: Cast):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    close(office)

    decide(request, office.bob, reason="Seen at the loom")
    days.judge_all(now=LATER)

    paid = ClosedDay.objects.get(employee=office.alice, work_date=DAY)
    assert (paid.status, paid.missing) == ("missing", "out")
    (found,) = Adjustment.objects.filter(employee=office.alice)
    assert (found.work_date, found.after["status"]) == (DAY, "normal")
    line = AuditEntry.objects.get(verb="correction.recorded")
    assert "Seen at the loom" in str(line.facts)


def test_a_held_punch_of_a_paid_day_is_accepted_as_an_adjustment(office: Cast):
    punch(office.alice, "8:58")
    held = punch(office.alice, "18:02", is_held=True)
    punch_was_held.send(sender=type(held), punch=held, anomalies=["location"], now=LATER)
    request = Request.objects.get()
    close(office)

    with pytest.raises(PeriodClosed):
        decide(request, office.bob)
    assert not PunchDecision.objects.exists()
    decide(request, office.bob, reason="She stood at the gate")
    days.judge_all(now=LATER)

    assert Adjustment.objects.get().after["status"] == "normal"


def test_leave_over_a_paid_day_is_approved_as_an_adjustment(office: Cast):
    request = services.submit_days(
        employee=office.alice, kind="leave", leave_type="sick", first=DAY, last=DAY,
        reason="Ill", actor=office.alice.user, now=at("20:00"),
    )  # fmt: skip
    close(office)

    decide(request, office.bob, reason="The certificate came late")
    days.judge_all(now=LATER)

    assert Adjustment.objects.get().after["status"] == "on_leave"


def test_taking_back_what_is_paid_is_an_adjustment_too(office: Cast):
    """Its reason is written down in any case."""
    punch(office.alice, "8:58")
    request = ask(office.alice)
    approve(request, office.bob)
    other = ask(office.alice, slot="in", corrected_at=at("9:00"))
    close(office)

    services.revoke(request_id=request.pk, actor=office.bob.user, now=LATER, reason="Wrong day")
    days.judge_all(now=LATER)

    assert ClosedDay.objects.get(employee=office.alice, work_date=DAY).status == "normal"
    assert Adjustment.objects.get().after["status"] == "missing"
    assert other.status == "waiting"


def test_the_card_says_that_the_day_is_closed(office: Cast, monkeypatch: pytest.MonkeyPatch):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    client = Client()
    client.force_login(office.bob.user)
    assert "becomes an adjustment" not in client.get("/me/inbox/").content.decode()

    close(office)

    assert "becomes an adjustment" in client.get("/me/inbox/").content.decode()
    where = f"/me/requests/{request.pk}/"
    said = client.post(where, {"act": "approve", "step": "1"}, follow=True).content.decode()
    assert "lies in a closed period" in said
    client.post(where, {"act": "approve", "step": "1", "reason": "Seen"})
    request.refresh_from_db()
    assert request.status == "approved"
    assert AttendancePeriod.objects.get().state == "closed"


def test_only_whoever_may_decide_reads_what_deciding_needs(
    office: Cast, monkeypatch: pytest.MonkeyPatch
):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    close(office)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    told = {}
    for person in (office.alice, office.bob):
        client = Client()
        client.force_login(person.user)
        told[person.name] = client.get(f"/me/requests/{request.pk}/").content.decode()

    assert "Approving needs a reason" in told["Bob"]
    assert "Approving needs a reason" not in told["Alice"]
    # What becomes of it is told to both.
    assert all("becomes an adjustment of the next period" in said for said in told.values())


def test_the_card_names_a_stretch_of_closed_days_by_its_ends_and_asks_for_the_reason(
    office: Cast, monkeypatch: pytest.MonkeyPatch
):
    services.submit_days(
        employee=office.alice, kind="leave", leave_type="sick", first=date(2026, 9, 3),
        last=date(2026, 9, 8), reason="Ill", actor=office.alice.user, now=at("20:00"),
    )  # fmt: skip
    close(office)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    client = Client()
    client.force_login(office.bob.user)

    phone = client.get("/me/inbox/").content.decode()
    console = client.get("/admin/approvals/request/inbox/").content.decode()

    for page in (phone, console):
        assert "2026-09-03 – 2026-09-08: closed." in page
    assert 'required placeholder="needed, as days are closed"' in phone
    assert "Reason: to reject, and for closed days" in console
    assert "needed to reject" not in phone + console
