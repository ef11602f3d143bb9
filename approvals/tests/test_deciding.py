from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from approvals import services
from approvals.closing import WAITING_REQUESTS
from approvals.content import CONTENT
from approvals.errors import (
    AlreadySaid,
    ContentChanged,
    IllegalMove,
    NotYourDecision,
    OpenedByItself,
    ReasonMissing,
    SelfDecision,
)
from approvals.matrix import Asked
from approvals.models import Allowance, ApprovalRule, ApprovalRuleStep, Decider, Request
from approvals.services import steps
from approvals.services.standing import visible, who_decides
from approvals.services.submitting import content_of
from approvals.tests.office import DAY, NOW, approve, ask, at, punch, reject, result
from attendance.models import (
    Absence,
    AttendancePeriod,
    Correction,
    OvertimeApproval,
    Punch,
    WaitingDay,
)
from attendance.services import periods
from attendance.services.absences import revoke_absence, revoke_overtime
from attendance.services.closing_checks import ToClose
from attendance.services.corrections import (
    CorrectedAlready,
    record_correction,
    revoke_correction,
)
from attendance.signals import punch_was_held
from organization import roles
from organization.errors import NotFound
from organization.models import AuditEntry, Role, User
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def rule(*ways: str, **conditions) -> ApprovalRule:
    made = ApprovalRule.objects.create(name="Own", **conditions)
    for index, way in enumerate(ways, start=1):
        ApprovalRuleStep.objects.create(rule=made, index=index, way=way)
    return made


def test_whoever_decides_elsewhere_finds_no_request(office: Cast):
    request = ask(office.alice)

    for stranger in (office.carol.user, office.other_hr):
        for deed in (
            lambda who: approve(request, who),
            lambda who: reject(request, who),
            lambda who: services.withdraw(request_id=request.pk, actor=who, now=NOW),
            lambda who: services.revoke(request_id=request.pk, actor=who, reason="No", now=NOW),
        ):
            with pytest.raises(NotFound):
                deed(stranger)
        assert not Request.objects.filter(visible(stranger, NOW)).exists()
    assert Request.objects.get().status == "waiting"


def test_whoever_sees_it_and_was_not_asked_does_not_decide(office: Cast):
    request = ask(office.alice)

    with pytest.raises(NotYourDecision, match="Bob"):
        approve(request, office.hr)
    with pytest.raises(NotYourDecision):
        approve(request, office.superuser)


def test_whoever_lost_the_right_to_decide_does_not_decide_what_they_were_asked(office: Cast):
    request = ask(office.alice)
    for held in office.bob.user.assignments.all():
        roles.end(assignment_id=held.pk, actor=None, now=NOW)

    with pytest.raises((NotYourDecision, NotFound)):
        approve(request, User.objects.get(pk=office.bob.user.pk))


def test_a_rejection_needs_a_reason_and_says_it(office: Cast):
    request = ask(office.alice)
    for silence in ("", "  \n "):
        with pytest.raises(ReasonMissing):
            reject(request, office.bob, silence)

    done = reject(request, office.bob, "Ask the\ngate")

    assert (done.status, done.settled_reason) == ("rejected", "Ask the gate")
    assert done.settled_by == office.bob.user


def test_withdrawn_is_for_whoever_asked_and_only_while_it_waits(office: Cast):
    request = ask(office.alice)

    services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)

    with pytest.raises(IllegalMove):
        approve(request, office.bob)
    with pytest.raises(IllegalMove):
        services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)
    assert ask(office.alice).status == "waiting"


def test_what_is_taken_back_undoes_itself_and_its_day_is_judged_again(office: Cast):
    punch(office.alice, "8:58")
    request = approve(ask(office.alice), office.bob)
    assert result(office.alice).status == "normal"
    WaitingDay.objects.all().delete()

    services.revoke(request_id=request.pk, actor=office.bob.user, reason="Was away", now=NOW)

    assert result(office.alice).status == "missing"
    assert WaitingDay.objects.filter(employee=office.alice, work_date=DAY).exists()
    assert Correction.objects.get().revoked_by == office.bob.user
    assert ask(office.alice).status == "waiting"


def test_nobody_takes_back_what_is_their_own(office: Cast):
    request = approve(ask(office.bob), office.hr)

    with pytest.raises(SelfDecision):
        services.revoke(request_id=request.pk, actor=office.bob.user, reason="Me", now=NOW)


def test_what_nobody_asked_for_nobody_withdraws(office: Cast):
    made = punch(office.alice, "8:58", is_held=True)
    for _again in range(2):
        punch_was_held.send(sender=Punch, punch=made, anomalies=["wifi", "device"], now=NOW)
    request = Request.objects.get()
    assert (request.kind, request.anomaly, request.submitted_by) == ("held_punch", "wifi", None)

    with pytest.raises(OpenedByItself):
        services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)


def test_an_approval_whose_effect_is_refused_is_none(office: Cast):
    request = ask(office.alice)
    record_correction(
        employee=office.alice, work_date=DAY, slot="out", corrected_at=at("17:00"),
        reason="HR knew", actor=None, now=NOW,
    )  # fmt: skip

    with pytest.raises(CorrectedAlready):
        approve(request, office.bob)

    request.refresh_from_db()
    assert request.status == "waiting"
    assert not Decider.objects.exclude(verdict="").exists()
    assert not AuditEntry.objects.filter(verb="request.approved").exists()


def test_p08_what_was_submitted_stays_as_it_was(office: Cast):
    """P-08: nothing that comes with an approval, nor whoever writes into the table, changes it."""
    request = ask(office.alice)
    odd = {
        "slot": "in", "corrected_at": at("17:00"), "employee_id": office.bob.pk,
        "work_date": DAY + timedelta(days=1), "reason": "Other", "digest": "0" * 64,
        "amount_days": 3, "submitted_by_id": office.bob.user.pk,
    }  # fmt: skip
    assert set(odd) - {"digest"} <= set(CONTENT)

    for column, value in odd.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            Request.objects.filter(pk=request.pk).update(**{column: value})


def test_p08_a_request_that_does_not_say_what_was_submitted_is_not_approved(office: Cast):
    request = ask(office.alice)
    said = content_of(request)
    wrong = Request(**said | {"reason": "Other"}, digest=request.digest, status="waiting",
                    period_starts_on=request.period_starts_on)  # fmt: skip
    request.steps.all().delete()
    Request.objects.all().delete()
    wrong.save()
    chain = who_decides(office.alice, office.department, Asked("make_up", "/"))[2]
    steps.lay(wrong, chain, now=NOW)

    with pytest.raises(ContentChanged):
        approve(wrong, office.bob)


def test_two_steps_are_decided_one_after_the_other(office: Cast):
    rule("supervisor", "unit_hr")
    request = ask(office.alice)
    with pytest.raises(NotYourDecision):
        approve(request, office.hr)

    assert approve(request, office.bob).status == "waiting"
    with pytest.raises(NotYourDecision):
        approve(request, office.bob)
    assert not Correction.objects.exists()

    assert approve(request, office.hr).status == "approved"
    assert Correction.objects.get().decided_by == office.hr


def test_a_second_press_at_a_step_is_none_at_the_next(office: Cast):
    """A-06: nobody skips or repeats a step."""
    made = rule("supervisor", "unit_hr")
    ApprovalRuleStep.objects.create(rule=made, index=3, way="supervisor")
    request = ask(office.alice)
    approve(request, office.bob, index=1)

    for _press in range(2):
        with pytest.raises(AlreadySaid):
            approve(request, office.hr, index=1)
    assert approve(request, office.hr, index=2).status == "waiting"
    assert [step.verdict for step in request.steps.all()] == ["approved", "approved", ""]


def test_all_of_a_step_must_agree_and_one_speaks_once(office: Cast):
    appoint(office.carol.user, "department_supervisor", office.department)
    made = ApprovalRule.objects.create(name="Both")
    ApprovalRuleStep.objects.create(
        rule=made, way="role", mode="all", role=Role.objects.get(key="department_supervisor")
    )
    request = ask(office.alice)

    assert approve(request, office.bob).status == "waiting"
    with pytest.raises(AlreadySaid):
        approve(request, office.bob)
    assert approve(request, office.carol).status == "approved"


def test_whoever_enters_it_for_somebody_does_not_decide_it(office: Cast):
    request = ask(office.bob, actor=office.hr)

    assert [row.user for row in request.steps.get().deciders.all()] == [office.superuser]
    with pytest.raises(SelfDecision):
        approve(request, office.hr)


def test_each_kind_has_its_effect_and_undoes_it(office: Cast):
    about = {"employee": office.alice, "actor": office.alice.user, "now": NOW, "reason": "So"}
    trip = services.submit_days(kind="trip", first=DAY, last=DAY, **about)
    extra = services.submit_overtime(
        work_date=DAY, starts_at=at("18:00"), ends_at=at("20:00"), **about
    )

    for request in (trip, extra):
        approve(request, office.bob)
    assert Absence.objects.get(revoked_at=None).approved_by == office.bob.user
    assert OvertimeApproval.objects.get(revoked_at=None).work_date == DAY

    for request in (trip, extra):
        services.revoke(request_id=request.pk, actor=office.bob.user, reason="No", now=NOW)
    assert not Absence.objects.filter(revoked_at=None).exists()
    assert not OvertimeApproval.objects.filter(revoked_at=None).exists()


def test_every_decision_is_written_down_once(office: Cast):
    approve(ask(office.alice), office.bob)

    verbs = AuditEntry.objects.filter(thing_type="approvals.request").order_by("pk")
    assert list(verbs.values_list("verb", "actor__username")) == [
        ("request.submitted", "alice"), ("request.approved", "bob"),
    ]  # fmt: skip


def test_what_lies_in_a_closed_period_is_neither_asked_nor_approved(office: Cast):
    request = ask(office.alice)
    period = periods.open_period(
        department=office.unit, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30),
        actor=None, now=NOW,
    )  # fmt: skip
    assert list(WAITING_REQUESTS.rows(ToClose(period))) == [request]
    AttendancePeriod.objects.filter(pk=period.pk).update(state=AttendancePeriod.State.CLOSING)

    with pytest.raises(periods.PeriodClosed):
        approve(request, office.bob)
    with pytest.raises(periods.PeriodClosed):
        ask(office.alice, slot="in", corrected_at=at("9:00"))
    with pytest.raises(periods.PeriodClosed):
        services.submit_days(
            employee=office.alice, kind="trip", first=date(2026, 8, 31), last=DAY, reason="So",
            actor=office.alice.user, now=NOW,
        )  # fmt: skip

    assert list(Request.objects.values_list("status", flat=True)) == ["waiting"]
    made = punch(office.alice, "8:58", is_held=True)
    punch_was_held.send(sender=Punch, punch=made, anomalies=[], now=NOW)
    held = Request.objects.get(punch=made)
    with pytest.raises(periods.PeriodClosed):
        approve(held, office.bob)
    assert reject(held, office.bob).status == "rejected"


def test_what_reaches_into_a_period_is_counted_before_it_is_closed(office: Cast):
    about = {"employee": office.alice, "reason": "So", "actor": office.alice.user, "now": NOW}
    days = {"first": date(2026, 8, 31), "last": DAY, **about}
    leave = services.submit_days(kind="leave", leave_type="annual", **days)
    services.submit_days(kind="trip", **days | {"last": date(2026, 8, 31)})
    september = {"starts_on": DAY, "ends_on": date(2026, 9, 30), "actor": None, "now": NOW}

    theirs = periods.open_period(department=office.unit, **september)
    others = periods.open_period(department=office.other_unit, **september)

    assert list(WAITING_REQUESTS.rows(ToClose(theirs))) == [leave]
    assert not WAITING_REQUESTS.rows(ToClose(others)).exists()


def test_whoever_may_not_decide_there_any_more_does_not_read_what_they_decided(office: Cast):
    request = approve(ask(office.alice), office.bob)
    for held in office.bob.user.assignments.all():
        roles.end(assignment_id=held.pk, actor=None, now=NOW)

    former = User.objects.get(pk=office.bob.user.pk)
    assert not Request.objects.filter(visible(former, NOW)).exists()
    with pytest.raises(NotFound):
        services.revoke(request_id=request.pk, actor=former, reason="No", now=NOW)


def test_a_fact_that_is_revoked_by_its_own_page_takes_its_request_back(office: Cast):
    Allowance.objects.create(employee=office.alice, leave_type="annual", year=2026, days=1)
    about = {"employee": office.alice, "reason": "So", "actor": office.alice.user, "now": NOW}
    leave = {"kind": "leave", "leave_type": "annual", "first": DAY, "last": DAY, **about}
    more = {"work_date": DAY, "starts_at": at("19:00"), "ends_at": at("20:00"), **about}
    facts = [
        (approve(services.submit_days(**leave), office.bob), revoke_absence, "absence"),
        (approve(services.submit_overtime(**more), office.bob), revoke_overtime, "overtime"),
        (approve(ask(office.alice), office.bob), revoke_correction, "correction"),
    ]

    for request, revoke, name in facts:
        key = {"overtime": "approval"}.get(name, name) + "_id"
        revoke(**{key: getattr(request, f"{name}_id"), "actor": office.hr, "now": NOW})
        request.refresh_from_db()
        assert (request.status, request.settled_by) == ("revoked", office.hr)

    # The day of leave, the hours and the slot can be asked for again.
    again = services.submit_days(**leave), services.submit_overtime(**more), ask(office.alice)
    assert {request.status for request in again} == {"waiting"}
