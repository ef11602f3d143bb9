"""A request that still waits when its days are paid: approved with a reason, as an adjustment."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from approvals import cards, services
from approvals.closing import WAITING_REQUESTS
from approvals.models import Request
from approvals.tests.office import DAY, NOW, OFFICE, approve, ask, at, punch, reject
from attendance.models import Adjustment, AttendancePeriod, ClosedDay, Correction, PunchDecision
from attendance.services import days, periods
from attendance.services.closing_checks import ToClose, look
from attendance.services.periods import PeriodClosed
from attendance.signals import punch_was_held
from organization.models import AuditEntry, Change, Employee
from scheduling.pattern import ShiftPattern
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
LATER = datetime(2026, 10, 3, 2, 0, tzinfo=UTC)


def close(cast: Cast, *, waiting: int = 1) -> None:
    """Judge September, and close it with whatever still waits."""
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=LATER)
    days.judge_all(now=LATER)
    period = periods.open_period(
        department=cast.unit, starts_on=FIRST, ends_on=LAST, actor=None, now=LATER
    )
    seen = {one.check.key: one.number for one in look(ToClose(period))}
    assert seen["requests"] == waiting
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


# Punches beside midnight --------------------------------------------------------------------------

NIGHT = ShiftPattern(segments=((1320, 1800),), window_before=120, window_after=240)
EARLY = ShiftPattern(segments=((30, 510),), window_before=120, window_after=240)
OCTOBER = date(2026, 10, 1)


def work(person: Employee, pattern: ShiftPattern) -> None:
    """Let somebody work this shift, whatever the others work."""
    shift = add_shift(
        code="OWN", name="Own", department=person.department, pattern=pattern,
        valid_from=date(2026, 1, 1), actor=None, now=NOW,
    )  # fmt: skip
    assign_shift(
        employee=person, shift=shift, starts_on=date(2026, 1, 1), weekdays="1234567", actor=None,
        now=NOW,
    )  # fmt: skip
    Change.objects.update(handled_at=NOW)


def hold(person: Employee, clock: str, day: date) -> Request:
    held = punch(person, clock, day, is_held=True)
    punch_was_held.send(sender=type(held), punch=held, anomalies=["location"], now=LATER)
    return Request.objects.get(punch=held)


def card_of(request: Request, reader: Employee) -> cards.Card:
    rows = Request.objects.filter(pk=request.pk)
    return cards.read_cards(rows, reader.user, now=LATER)[0]


def test_a_held_punch_of_a_night_is_of_the_date_on_which_the_night_began(office: Cast):
    """What leaves in the morning of the 1st is of the 30th, which has been paid."""
    work(office.alice, NIGHT)
    punch(office.alice, "21:55", LAST)
    request = hold(office.alice, "6:02", OCTOBER)
    close(office)

    assert card_of(request, office.bob).closed_days == "2026-09-30"
    with pytest.raises(PeriodClosed, match="2026-09-30"):
        decide(request, office.bob)
    decide(request, office.bob, reason="She stood at the gate")
    days.judge_all(now=LATER)

    found = Adjustment.objects.get(employee=office.alice)
    assert (found.work_date, found.after["status"]) == (LAST, "normal")
    line = AuditEntry.objects.get(verb="punch.accepted")
    assert line.facts["as_adjustment"] == "She stood at the gate"


@pytest.mark.parametrize(
    ("pattern", "clock", "day"),
    [
        pytest.param(OFFICE, "9:07", OCTOBER, id="in the morning of the next period"),
        pytest.param(NIGHT, "21:57", OCTOBER, id="as a night of the next period begins"),
        pytest.param(EARLY, "23:50", LAST, id="before the midnight at which its shift begins"),
    ],
)
def test_a_held_punch_that_no_paid_day_takes_needs_no_reason(
    office: Cast, pattern: ShiftPattern, clock: str, day: date
):
    work(office.alice, pattern)
    request = hold(office.alice, clock, day)
    close(office, waiting=int(day == LAST))

    assert card_of(request, office.bob).closed_days == ""
    assert decide(request, office.bob).status == "approved"
    days.judge_all(now=LATER)

    assert not Adjustment.objects.exists()


def test_a_held_punch_of_a_night_is_counted_where_the_night_is_closed_and_nowhere_else(
    office: Cast,
):
    work(office.alice, NIGHT)
    request = hold(office.alice, "6:02", OCTOBER)

    counted = [
        list(WAITING_REQUESTS.rows(ToClose(opened)))
        for opened in (
            periods.open_period(
                department=unit, starts_on=FIRST, ends_on=LAST, actor=None, now=LATER
            )
            for unit in (office.unit, office.other_unit)
        )
    ]

    assert counted == [[request], []]


def test_an_appeal_about_a_refused_punch_of_a_paid_night_is_refused(office: Cast):
    work(office.alice, NIGHT)
    punch(office.alice, "21:55", LAST)
    request = hold(office.alice, "6:02", OCTOBER)
    reject(request, office.bob)
    close(office, waiting=0)

    with pytest.raises(PeriodClosed, match="2026-09-30"):
        services.submit_appeal(
            employee=office.alice, work_date=OCTOBER, punch=request.punch, reason="I was there",
            actor=office.alice.user, now=LATER,
        )  # fmt: skip
