"""L-04, L-12: facts go once their time is over, by order, with an explained gap and no alarm."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from attendance.models import (
    Absence,
    AttendanceDay,
    Correction,
    DayHistory,
    OvertimeApproval,
    Punch,
    PunchDecision,
)
from organization import audit, holds
from organization.models import AuditEntry, Employee, LegalHold, Seal
from organization.seals.checking import check
from organization.seals.making import seal_new_rows
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def punches(cast: Cast) -> list[Punch]:
    """Two punches of long ago, of which one has a verdict of yesterday, and one of yesterday."""
    now = timezone.now()
    long_ago, yesterday = now - timedelta(days=4000), now - timedelta(days=1)
    found = [_punch(cast, at) for at in (long_ago, long_ago + timedelta(hours=1), yesterday)]
    PunchDecision.objects.create(punch=found[1], verdict="accepted", decided_at=yesterday)
    seal_new_rows(now=now)
    return found


def _punch(cast: Cast, at: datetime) -> Punch:
    return Punch.objects.create(
        employee=cast.alice,
        department=cast.department,
        punched_at=at,
        received_at=at,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        natural_key=at.isoformat(),
    )


def test_what_is_past_its_date_goes_and_the_gap_is_explained(punches: list[Punch]) -> None:
    call_command("forget_facts", "--class", "punches", "--reason", "ordered by the works council")

    left = set(Punch.objects.values_list("pk", flat=True))
    # The second one waits: somebody decided on it yesterday.
    assert left == {punches[1].pk, punches[2].pk}
    assert check().findings == []
    assert Seal.objects.get(kind="removal").reason == "ordered by the works council"
    assert AuditEntry.objects.get(verb="seals.rows_removed").facts["rows"] == 1


def test_nothing_goes_without_a_reason(punches: list[Punch]) -> None:
    with pytest.raises(CommandError, match="--reason is empty"):
        call_command("forget_facts", "--class", "punches", "--reason", " ")

    assert Punch.objects.count() == 3


def test_punches_are_guarded_again_afterwards(punches: list[Punch]) -> None:
    call_command("forget_facts", "--class", "punches", "--reason", "over")

    with pytest.raises(Exception, match="never changed"):
        _rename(punches[2])


def _rename(punch: Punch) -> Any:
    return Punch.objects.filter(pk=punch.pk).update(method="face")


def test_results_and_decisions_go_as_well_once_they_are_past(cast: Cast) -> None:
    """L-04: what has a term has a way to go by it."""
    past, lately = timezone.now() - timedelta(days=4000), timezone.now() - timedelta(days=1)
    for at in (past, lately):
        _facts_of(cast.alice, at)

    for key in ("results", "decisions"):
        call_command("forget_facts", "--class", key, "--reason", "over")

    for model in (AttendanceDay, DayHistory, Correction, Absence, OvertimeApproval):
        assert model.objects.count() == 1, model
    assert check().findings == []
    told = AuditEntry.objects.filter(verb="seals.rows_removed").values_list("thing_type", flat=True)
    assert set(told) == {
        "attendance.attendanceday", "attendance.dayhistory", "attendance.correction",
        "attendance.absence", "attendance.overtimeapproval",
    }  # fmt: skip


def test_results_and_decisions_of_whom_is_held_stay(cast: Cast) -> None:
    """L-04."""
    now = timezone.now()
    for person in (cast.alice, cast.carol):
        _facts_of(person, now - timedelta(days=4000))
    holds.place(employee=cast.alice, department=None, reason="Case", actor=cast.superuser, now=now)

    for key in ("results", "decisions"):
        call_command("forget_facts", "--class", key, "--reason", "over")

    assert set(AttendanceDay.objects.values_list("employee", flat=True)) == {cast.alice.pk}
    for model in (Correction, Absence, OvertimeApproval):
        assert model.objects.get().employee == cast.alice


def test_what_was_written_down_about_whom_is_held_stays(cast: Cast) -> None:
    """L-04: the log is evidence of a dispute like the rest."""
    now = timezone.now()
    long_ago = now - timedelta(days=4000)
    about = {
        name: audit.record(actor=actor, verb="employee.edited", thing=thing, now=long_ago).pk
        for name, actor, thing in (
            ("the person", cast.superuser, cast.alice),
            ("the log-in", cast.superuser, cast.alice.user),
            ("what they did", cast.alice.user, cast.carol),
            ("another", cast.superuser, cast.carol),
        )
    }
    where = audit.record(
        actor=cast.superuser, verb="rule.added", thing=audit.Thing("a", "b"), now=long_ago,
        department=cast.other_department,
    )  # fmt: skip
    holds.place(employee=cast.alice, department=None, reason="Case", actor=cast.superuser, now=now)
    holds.place(
        employee=None, department=cast.other_department, reason="Case", actor=cast.superuser,
        now=now,
    )  # fmt: skip
    hold = holds.lift(hold_id=LegalHold.objects.latest("pk").pk, actor=cast.superuser, now=now)
    assert hold.department == cast.other_department

    call_command("forget_facts", "--class", "audit", "--reason", "over")

    left = set(AuditEntry.objects.filter(at=long_ago).values_list("pk", flat=True))
    assert left == {about["the person"], about["the log-in"], about["what they did"]}
    assert where.pk not in left


def _facts_of(person: Employee, at: datetime) -> None:
    day = AttendanceDay.objects.create(
        employee=person, work_date=at.date(), department=person.department, status="late",
        judged_at=at,
    )  # fmt: skip
    DayHistory.objects.create(day=day, status="normal", facts={}, judged_at=at, replaced_at=at)
    span = {"starts_at": at, "ends_at": at + timedelta(hours=1)}
    Correction.objects.create(
        employee=person, work_date=at.date(), slot="in", corrected_at=at, decided_at=at
    )
    Absence.objects.create(employee=person, kind="leave", approved_at=at, **span)
    OvertimeApproval.objects.create(employee=person, work_date=at.date(), approved_at=at, **span)
