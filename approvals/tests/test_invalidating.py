"""A punch that counts is taken out of the count, and counts again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from approvals import services
from approvals.models import Notification, Request
from approvals.tests.office import DAY, NOW, approve, at, punch, reject, result
from approvals.tests.test_closed_days import LATER, close
from approvals.tests.test_my_pages import browser, page_of, text
from approvals.tests.test_notifying import told
from approvals.tests.test_stories import held
from attendance.console.awaited import missing_now
from attendance.models import AttendanceDay, Punch, PunchDecision, WaitingDay
from attendance.services import days
from attendance.services.absences import OwnRecord
from attendance.services.corrections import (
    DoesNotCount,
    NotHeld,
    NotInvalidated,
    decide_held_punch,
    invalidate_punch,
    reinstate_punch,
)
from attendance.services.overdue import overdue_slots
from attendance.services.periods import PeriodClosed, ReasonMissing
from organization.errors import NotFound
from organization.models import AuditEntry, Employee
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
WHY = "fraud confirmed"
SOON = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def early(office: Cast) -> Punch:
    """The first of three punches of Alice that count."""
    first, *_others = [punch(office.alice, clock) for clock in ("8:58", "9:01", "18:00")]
    return first


def invalidate(made: Punch, by: Any, reason: str = WHY, **more: Any) -> PunchDecision:
    return invalidate_punch(punch=made, reason=reason, actor=by.user, now=NOW, **more)


def reinstate(made: Punch, by: Any, reason: str = "mistaken", **more: Any) -> PunchDecision:
    return reinstate_punch(punch=made, reason=reason, actor=by.user, now=NOW, **more)


def door(made: Punch, step: str) -> str:
    return reverse("admin:attendance_punch_change", args=[made.pk]).replace("change/", f"{step}/")


# --- the services ------------------------------------------------------------------------------


def test_whoever_decides_there_takes_a_punch_out_of_the_count_and_lets_it_count_again(
    office: Cast, early: Punch
):
    invalidate(early, office.bob)
    assert WaitingDay.objects.filter(employee=office.alice, work_date=DAY, cause="decision")
    assert result(office.alice).worked == 479

    reinstate(early, office.bob)
    assert result(office.alice).worked == 480

    assert [one.verdict for one in early.decisions.order_by("pk")] == ["refused", "accepted"]
    told = AuditEntry.objects.filter(thing_id=str(early.pk), verb__startswith="punch.")
    assert list(told.order_by("pk").values_list("verb", flat=True)) == [
        "punch.invalidated", "punch.reinstated",
    ]  # fmt: skip
    assert told.get(verb="punch.invalidated").facts["reason"] == WHY


def test_whoever_decides_elsewhere_finds_no_punch_to_decide_about(office: Cast, early: Punch):
    with pytest.raises(NotFound):
        invalidate(early, office.carol)

    assert not PunchDecision.objects.exists()


def test_nobody_takes_their_own_punch_out_of_the_count_or_lets_it_count_again(office: Cast):
    own = punch(office.bob, "8:58")
    with pytest.raises(OwnRecord):
        invalidate(own, office.bob)

    invalidate_punch(punch=own, reason=WHY, actor=office.hr, now=NOW)
    with pytest.raises(OwnRecord):
        reinstate(own, office.bob)

    assert own.decisions.count() == 1


def test_a_punch_is_taken_out_of_the_count_for_a_reason(office: Cast, early: Punch):
    with pytest.raises(ReasonMissing):
        invalidate(early, office.bob, "  ")

    assert not PunchDecision.objects.exists()


def test_what_does_not_count_is_not_taken_out_and_what_counts_does_not_count_again(
    office: Cast, early: Punch
):
    with pytest.raises(NotInvalidated):
        reinstate(early, office.bob)
    invalidate(early, office.bob)
    with pytest.raises(DoesNotCount):
        invalidate(early, office.bob)
    reinstate(early, office.bob)
    with pytest.raises(NotInvalidated):
        reinstate(early, office.bob)


def test_a_held_punch_that_never_counted_is_left_to_its_request(office: Cast):
    request = held(office.alice)
    made = request.punch
    assert made is not None
    with pytest.raises(DoesNotCount):
        invalidate(made, office.bob)
    with pytest.raises(NotInvalidated):
        reinstate(made, office.bob)

    reject(request, office.bob)
    with pytest.raises(NotInvalidated):
        reinstate(made, office.bob)


def test_an_accepted_punch_that_is_taken_out_takes_its_request_back_with_it(office: Cast):
    request = held(office.alice)
    punch(office.alice, "18:00")
    approve(request, office.bob)
    assert request.punch is not None

    invalidate(request.punch, office.bob)

    request.refresh_from_db()
    assert request.status == "revoked"
    assert result(office.alice).missing == ("in",)

    reinstate(request.punch, office.bob)
    assert result(office.alice).worked == 480


def test_a_punch_that_nobody_has_refused_gets_no_other_verdict(office: Cast, early: Punch):
    with pytest.raises(NotHeld):
        decide_held_punch(punch=early, verdict="refused", reason="", actor=office.bob.user, now=NOW)


def test_a_punch_of_a_paid_day_is_decided_about_with_a_reason_for_the_adjustment(
    office: Cast, early: Punch
):
    services.submit_overtime(
        employee=office.alice, work_date=DAY, starts_at=at("19:00"), ends_at=at("20:00"),
        reason="So", actor=office.alice.user, now=NOW,
    )  # fmt: skip
    close(office)
    with pytest.raises(PeriodClosed):
        invalidate(early, office.bob)

    invalidate(early, office.bob, as_adjustment=WHY)
    days.judge_all(now=LATER)

    assert AttendanceDay.objects.get(employee=office.alice, work_date=DAY).worked_minutes == 479
    facts = AuditEntry.objects.get(verb="punch.invalidated").facts
    assert facts["as_adjustment"] == WHY


def test_whoever_has_only_a_refused_punch_is_missing_and_is_reminded(office: Cast):
    now = at("9:30")
    made = punch(office.alice, "8:58")
    days.wake([(office.alice.pk, DAY)], cause="ordered", now=now)
    days.judge_all(now=now)

    def is_missing() -> tuple[bool, bool]:
        absent = missing_now(office.bob.user, DAY, now=now).filter(employee=office.alice)
        reminded = {one.employee_id for one in overdue_slots(now=now, least=SOON)}
        return absent.exists(), office.alice.pk in reminded

    assert is_missing() == (False, False)
    invalidate_punch(punch=made, reason=WHY, actor=office.bob.user, now=now)
    days.judge_all(now=now)

    assert is_missing() == (True, True)


# --- who is told ---------------------------------------------------------------------------------


def test_whose_punch_is_taken_out_of_the_count_is_told_which_by_whom_and_why(
    office: Cast, early: Punch
):
    invalidate(early, office.bob)

    assert told(office.alice.user) == [
        "Your punch of 2026-09-01, 08:58 does not count any more. Refused by Bob: fraud confirmed"
    ]
    assert Notification.objects.count() == 1
    assert WHY not in str(Notification.objects.get().facts)
    bell = text(browser(office.alice.user), "/me/notifications/")
    assert "08:58 does not count any more" in bell


def test_what_is_told_of_a_punch_taken_out_leads_to_its_day(office: Cast):
    """At midnight it may be the day before."""
    punch(office.alice, "9:00")
    night = punch(office.alice, "24:00")

    invalidate(night, office.bob)

    row = Notification.objects.get()
    answer = browser(office.alice.user).post("/me/notifications/", {"notification": row.pk})
    assert answer["Location"] == f"/me/{DAY}/"
    assert told(office.alice.user)[0].startswith("Your punch of 2026-09-02, 00:00 does not")


def test_a_punch_that_is_taken_out_twice_is_told_twice(office: Cast, early: Punch):
    invalidate(early, office.bob, "first")
    reinstate(early, office.bob)
    invalidate(early, office.bob, "second")

    assert [line.rpartition(": ")[2] for line in told(office.alice.user)] == ["second", "first"]


def test_who_has_no_log_in_is_told_nothing_of_their_punch(office: Cast, early: Punch):
    Employee.objects.filter(pk=office.alice.pk).update(user=None)
    early.refresh_from_db()

    invalidate(early, office.bob)

    assert not Notification.objects.exists()


def test_who_refused_a_punch_and_why_is_read_by_nobody_else(office: Cast, early: Punch):
    invalidate(early, office.bob)
    Notification.objects.update(recipient=office.carol.user)

    assert told(office.carol.user) == ["Your punch of 2026-09-01, 08:58 does not count any more."]


def test_an_accepted_punch_that_is_taken_out_says_why_with_its_request_and_is_told_once(
    office: Cast,
):
    request = held(office.alice)
    approve(request, office.bob)
    assert request.punch is not None
    Notification.objects.all().delete()

    invalidate(request.punch, office.bob)

    request.refresh_from_db()
    assert (request.status, request.settled_reason) == ("revoked", WHY)
    assert f": {WHY}" in text(browser(office.alice.user), page_of(request))
    assert AuditEntry.objects.get(verb="request.revoked").facts["reason"] == WHY
    assert told(office.alice.user) == ["Taken back: Held punch, 2026-09-01"]

    # It counts again without a request, so that nothing else tells of it.
    reinstate(request.punch, office.bob)
    invalidate(request.punch, office.bob)
    assert [row.kind for row in Notification.objects.order_by("pk")] == ["revoked", "taken_out"]


def test_a_reason_that_is_too_long_takes_nothing_out_of_the_count(office: Cast):
    request = held(office.alice)
    approve(request, office.bob)
    assert request.punch is not None

    with pytest.raises(ValidationError):
        invalidate(request.punch, office.bob, "x" * 201)

    assert Request.objects.get().status == "approved"
    assert request.punch.decisions.count() == 1


# --- the pages -----------------------------------------------------------------------------------


def test_the_page_of_a_punch_takes_it_out_of_the_count_and_says_which_day_changes(
    office: Cast, early: Punch
):
    bob = browser(office.bob.user)
    page = reverse("admin:attendance_punch_change", args=[early.pk])
    assert door(early, "invalidate") in text(bob, page)
    assert door(early, "reinstate") not in text(bob, page)
    asked = text(bob, door(early, "invalidate"))
    assert "2026-09-01 08:58:00" in asked
    assert "worked 8 h" in asked
    assert "worked 7 h 59 min" in asked

    empty = bob.post(door(early, "invalidate"), {"reason": ""})
    assert empty.status_code == 200
    assert not early.decisions.exists()
    answer = bob.post(door(early, "invalidate"), {"reason": WHY})

    assert answer["Location"] == page
    assert early.decisions.get().decided_by == office.bob.user
    assert door(early, "reinstate") in text(bob, page)
    assert door(early, "invalidate") not in text(bob, page)
    assert "worked 7 h 59 min" in text(bob, door(early, "reinstate"))
    bob.post(door(early, "reinstate"), {"reason": "mistaken"})
    assert result(office.alice).worked == 480


def test_a_punch_that_decides_nothing_changes_no_day(office: Cast, early: Punch):
    spare = punch(office.alice, "12:30")

    assert "No day changes by it." in text(browser(office.bob.user), door(spare, "invalidate"))


@pytest.mark.parametrize("step", ["invalidate", "reinstate"])
def test_the_door_is_not_there_for_others_for_readers_and_for_ones_own(
    office: Cast, early: Punch, step: str
):
    appoint(office.alice.user, "department_supervisor", office.department)
    reader = office.other_hr
    appoint(reader, "auditor", office.unit)

    for user in (office.carol.user, reader, office.alice.user):
        client = browser(user)
        assert client.get(door(early, step)).status_code == 404
        assert client.post(door(early, step), {"reason": WHY}).status_code == 404
    seen = text(browser(reader), reverse("admin:attendance_punch_change", args=[early.pk]))
    assert door(early, step) not in seen
    assert not PunchDecision.objects.exists()


def test_what_a_service_refuses_stands_on_the_page(office: Cast, early: Punch):
    answer = browser(office.bob.user).post(door(early, "reinstate"), {"reason": "So"})

    assert "it counts as it is" in answer.content.decode()


def test_everybody_reads_that_it_does_not_count_by_whom_and_why(office: Cast, early: Punch):
    invalidate(early, office.bob)
    alice, bob = browser(office.alice.user), browser(office.bob.user)
    day = reverse("admin:attendance_attendanceday_day", args=[office.alice.pk, DAY.isoformat()])

    for client, where in ((alice, f"/me/{DAY}/"), (bob, day), (alice, "/me/punches/")):
        said = text(client, where)
        assert f"Refused by Bob: {WHY}" in said, where
        assert "oes not count" in said, where
    listed = reverse("admin:attendance_punch_changelist")
    assert "08:58:00" in text(bob, listed, data={"state": "refused"})
    assert "09:01:00" not in text(bob, listed, data={"state": "refused"})


def test_the_page_for_punching_shows_it_as_refused(
    office: Cast, early: Punch, monkeypatch: pytest.MonkeyPatch
):
    invalidate(early, office.bob)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at("20:00"))

    done = browser(office.alice.user).get("/punch/state/").json()["done"]

    told = [(one["outcome"], one["outcome_label"], one["sentence"]) for one in done]
    assert told[0] == ("refused", "Refused", "08:58 · Refused: does not count")
    assert [outcome for outcome, *_rest in told] == ["refused", "accepted", "accepted"]


def test_programs_read_that_somebody_has_refused_it(office: Cast, early: Punch):
    invalidate(early, office.bob)
    client = Client()
    client.force_login(office.alice.user)

    rows = client.get("/api/v1/punches").json()["results"]

    assert {row["id"] for row in rows if row["verdict"] == "refused"} == {early.pk}
    assert {row["verdict"] for row in rows if row["id"] != early.pk} == {""}
