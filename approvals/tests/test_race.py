"""Several people press at the same moment: one wins, the others hear why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from approvals import services
from approvals.errors import AskedAlready, IllegalMove, QuotaSpent
from approvals.models import Allowance, ApprovalRule, ApprovalRuleStep, Notification, Request
from approvals.services import mailing, reminding
from approvals.tests.office import DAY, NOW, ask, at, open_office, publish, punch
from attendance.evidence.demands import Demands, TwoProofs
from attendance.models import Correction, Punch
from attendance.services import checking, corrections, days
from attendance.services.keeping import NewPunch
from organization.errors import DomainError
from organization.models import Role, User
from tests.cast import Cast, appoint, play

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def office(transactional_db: None) -> Cast:
    cast = play()
    open_office(cast)
    appoint(cast.carol.user, "department_supervisor", cast.department)
    return cast


def at_once(*works: Callable[[], object]) -> list[DomainError]:
    """Run each work in a thread with a connection of its own; return how they were refused."""
    barrier, refused, broken = Barrier(len(works)), [], []

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except DomainError as refusal:
            refused.append(refusal)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert broken == []
    return refused


def press(deed: Callable[..., Request], request: Request, user: User | None) -> partial[Request]:
    return partial(deed, request_id=request.pk, actor=user, now=NOW)


def test_f13_of_two_deciders_who_press_at_once_one_decides(office: Cast):
    """F-13."""
    either = ApprovalRule.objects.create(name="Either")
    ApprovalRuleStep.objects.create(
        rule=either, way="role", role=Role.objects.get(key="department_supervisor")
    )
    for day in (DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)):
        request = ask(
            office.alice, work_date=day, corrected_at=at("18:00", day), now=NOW + timedelta(days=3)
        )

        refused = at_once(
            press(services.approve, request, office.bob.user),
            press(services.approve, request, office.carol.user),
        )

        assert [type(one) for one in refused] == [IllegalMove]
        assert Correction.objects.filter(work_date=day).count() == 1


def test_f13_approved_or_withdrawn_and_never_both(office: Cast):
    """F-13."""
    for slot, clock in (("in", "9:00"), ("out", "18:00")):
        request = ask(office.alice, slot=slot, corrected_at=at(clock))

        refused = at_once(
            press(services.approve, request, office.bob.user),
            press(services.withdraw, request, office.alice.user),
        )

        request.refresh_from_db()
        assert [type(one) for one in refused] == [IllegalMove]
        made = Correction.objects.filter(slot=slot).exists()
        assert (request.status, made) in {("approved", True), ("withdrawn", False)}


def test_a06_ten_at_once_never_exceed_the_share(office: Cast):
    """A-06, F-13: three a month, ten slots, ten connections."""
    days = [date(2026, 9, n) for n in (1, 2, 3, 4, 7, 8, 9, 10, 11, 14)]
    late = NOW + timedelta(days=20)

    refused = at_once(
        *(
            lambda day=day: ask(
                office.alice, work_date=day, corrected_at=at("18:00", day), now=late
            )
            for day in days
        )
    )

    assert [type(one) for one in refused] == [QuotaSpent] * 7
    assert Request.objects.in_force().count() == 3


def test_a_slot_that_ten_ask_for_at_once_is_asked_for_once(office: Cast):
    refused = at_once(*(lambda: ask(office.alice) for _press in range(5)))

    assert Request.objects.count() == 1
    assert {type(one) for one in refused} <= {AskedAlready, QuotaSpent}


def test_leave_that_several_take_at_once_stays_within_the_allowance(office: Cast):
    Allowance.objects.create(employee=office.alice, leave_type="annual", year=2026, days=2)

    at_once(
        *(
            lambda day=day: services.submit_days(
                employee=office.alice, kind="leave", leave_type="annual", first=day, last=day,
                reason="So", actor=office.alice.user, now=NOW,
            )
            for day in (date(2026, 9, n) for n in (7, 8, 9, 10, 11))
        )
    )  # fmt: skip

    assert Request.objects.in_force().count() == 2


def test_two_bells_at_once_send_one_mail_and_remind_once(office: Cast, settings: Any):
    settings.SENDS_MAIL = True
    User.objects.update(email="somebody@example.com")
    for day in (1, 4, 5):
        ask(office.alice, work_date=DAY - timedelta(days=day),
            corrected_at=at("18:00", DAY - timedelta(days=day)))  # fmt: skip
    mail.outbox = []

    at_once(*[partial(mailing.send_due, now=NOW)] * 3)

    assert [message.subject for message in mail.outbox] == ["Kaoqin: 3 notifications"]

    now = at("9:15")
    days.wake_range(starts_on=DAY, ends_on=DAY, cause="ordered", now=now)
    days.judge_all(now=now)
    at_once(*[partial(reminding.remind, now=now)] * 3)
    reminded = Notification.objects.filter(kind="missing_punch")
    assert sorted(reminded.values_list("recipient__username", flat=True)) == [
        "alice", "bob", "carol"
    ]  # fmt: skip


def show(cast: Cast, method: str, moment: datetime, *, now: datetime) -> None:
    """Let a terminal say how Alice showed at it who she is."""
    second = int(moment.timestamp())
    seen = NewPunch(
        employee_id=cast.alice.pk, department_id=cast.department.pk, second=second,
        zone="Asia/Shanghai", method=method, source="terminal", natural_key=f"{method}:{second}",
    )  # fmt: skip
    checking.record_vouched([seen], now=now)


def test_whoever_decides_as_the_second_proof_comes_and_the_proof_let_each_other_pass(office: Cast):
    """One after the other, in either order: the request ends once, and both proofs count."""
    publish(office, demands=Demands(second_check=TwoProofs("card", "fingerprint", 15)))
    for turn in range(6):
        moment = at("8:50", DAY - timedelta(days=turn))
        show(office, "card", moment, now=moment)
        assert checking.settle_second_checks(now=NOW) == 1
        request = Request.objects.waiting().get()

        refused = at_once(
            press(services.approve, request, office.bob.user),
            partial(show, office, "fingerprint", moment + timedelta(minutes=5), now=NOW),
        )

        assert len(refused) == (Request.objects.get(pk=request.pk).status == "withdrawn")
        assert not Request.objects.waiting().exists()
        assert all(
            not row.is_held or row.decisions.get().verdict == "accepted"
            for row in Punch.objects.all()
        )


def test_a_bell_that_holds_a_first_proof_as_the_second_comes_leaves_nothing_waiting(office: Cast):
    publish(office, demands=Demands(second_check=TwoProofs("card", "fingerprint", 15)))
    for turn in range(6):
        moment = at("8:50", DAY - timedelta(days=turn))
        show(office, "card", moment, now=moment)

        at_once(
            partial(checking.settle_second_checks, now=NOW),
            partial(show, office, "fingerprint", moment + timedelta(minutes=5), now=NOW),
        )

        assert not Request.objects.waiting().exists()
        first = Punch.objects.get(method="card", punched_at=moment)
        assert first.decisions.get().verdict == "accepted"


@pytest.mark.parametrize("deed", ["approve", "reject"])
def test_whoever_decides_an_appeal_as_its_punch_counts_again_and_who_lets_it_are_one_after_another(
    office: Cast, deed: str
):
    """In either order the punch counts, by as many decisions as there are."""
    for turn in range(6):
        day = DAY - timedelta(days=turn)
        made = punch(office.alice, "8:58", day)
        said = {"punch": made, "actor": office.bob.user, "now": NOW}
        corrections.invalidate_punch(reason="fraud", **said)
        request = services.submit_appeal(
            employee=office.alice, work_date=day, punch=made, reason="So",
            actor=office.alice.user, now=NOW,
        )  # fmt: skip

        refused = at_once(
            partial(getattr(services, deed), request_id=request.pk, actor=office.bob.user, now=NOW,
                    reason="So"),
            partial(corrections.reinstate_punch, reason="mistaken", **said),
        )  # fmt: skip

        request.refresh_from_db()
        assert request.status != "waiting"
        # A rejected appeal changes nothing: the punch counts again after it.
        assert len(refused) == (0 if request.status == "rejected" else 1)
        verdicts = [one.verdict for one in made.decisions.order_by("pk")]
        assert verdicts == ["refused", "accepted"]


def test_an_appeal_that_is_asked_for_as_its_punch_counts_again_does_not_wait(office: Cast):
    for turn in range(6):
        day = DAY - timedelta(days=turn)
        made = punch(office.alice, "8:58", day)
        said = {"punch": made, "actor": office.bob.user, "now": NOW}
        corrections.invalidate_punch(reason="fraud", **said)

        at_once(
            partial(
                services.submit_appeal, employee=office.alice, work_date=day, punch=made,
                reason="So", actor=office.alice.user, now=NOW,
            ),
            partial(corrections.reinstate_punch, reason="mistaken", **said),
        )  # fmt: skip

        assert not Request.objects.waiting().exists()
