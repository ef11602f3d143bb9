from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from attendance.models import Correction, Punch, PunchDecision, WaitingDay
from attendance.services.absences import OwnRecord
from attendance.services.corrections import (
    CorrectedAlready,
    NotHeld,
    RevokedAlready,
    TooFarFromItsDay,
    UnknownSlot,
    decide_held_punch,
    record_correction,
    revoke_correction,
)
from attendance.services.keeping import NewPunch, record_punch
from organization import services as people
from organization.errors import NotFound
from tests.cast import Cast, appoint, cast  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 2, 1, 0, tzinfo=UTC)
DAY = date(2026, 9, 1)
AT = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def alice():
    office = people.add_department(
        name="Office", code="O", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    return people.hire(
        number="1001", name="Alice", department=office, joined_on=date(2026, 1, 5), now=NOW
    )


def correct(employee, **other):
    facts = {"work_date": DAY, "slot": "in", "corrected_at": AT, "reason": "Forgot"} | other
    return record_correction(employee=employee, actor=None, now=NOW, **facts)


def is_waiting(employee):
    return WaitingDay.objects.filter(employee=employee, work_date=DAY).exists()


def hold(employee):
    second = int(AT.timestamp())
    kept = record_punch(
        NewPunch(employee.pk, employee.department_id, second, "Asia/Shanghai", "location",
                 "phone", "phone:1", is_held=True),
        now=NOW,
    )  # fmt: skip
    WaitingDay.objects.all().delete()
    return Punch.objects.get(pk=kept.punch_id)


def test_a_correction_makes_its_day_wait(alice):
    correct(alice)

    assert is_waiting(alice)


def test_a_revoked_correction_makes_its_day_wait_and_its_slot_free(alice):
    first = correct(alice)
    WaitingDay.objects.all().delete()

    revoke_correction(correction_id=first.pk, actor=None, now=NOW)
    assert is_waiting(alice)
    second = correct(alice)

    assert Correction.objects.get(revoked_at=None) == second
    with pytest.raises(RevokedAlready):
        revoke_correction(correction_id=first.pk, actor=None, now=NOW)


def test_a_slot_has_one_correction_in_force(alice):
    correct(alice)

    with pytest.raises(CorrectedAlready, match="in of 2026-09-01"):
        correct(alice)
    assert Correction.objects.count() == 1


@pytest.mark.parametrize(
    ("odd", "refusal"),
    [
        ({"slot": "noon"}, UnknownSlot),
        ({"slot": "in0"}, UnknownSlot),
        ({"corrected_at": datetime(2026, 9, 9, tzinfo=UTC)}, TooFarFromItsDay),
        ({"reason": ""}, ValidationError),
    ],
)
def test_an_odd_correction_is_refused(alice, odd, refusal):
    with pytest.raises(refusal):
        correct(alice, **odd)
    assert not Correction.objects.exists()
    assert not is_waiting(alice)


def test_a_verdict_on_a_held_punch_makes_its_day_wait_and_leaves_the_punch(alice):
    punch = hold(alice)
    before = Punch.objects.values().get()

    decide_held_punch(punch=punch, verdict="accepted", reason="Seen", actor=None, now=NOW)

    assert is_waiting(alice)
    assert Punch.objects.values().get() == before
    assert punch.decisions.get().verdict == "accepted"


def test_only_a_held_punch_gets_a_verdict_and_only_a_known_one(alice):
    punch = hold(alice)
    with pytest.raises(ValidationError):
        decide_held_punch(punch=punch, verdict="perhaps", reason="", actor=None, now=NOW)
    punch.is_held = False
    with pytest.raises(NotHeld):
        decide_held_punch(punch=punch, verdict="accepted", reason="", actor=None, now=NOW)
    assert not punch.decisions.exists()


def about_alice(cast: Cast, actor):  # noqa: F811
    """Return the three deeds about Alice that `actor` might do, and how many rows they leave."""
    correction = correct(cast.alice)
    punch = hold(cast.alice)
    return (
        lambda: record_correction(
            employee=cast.alice, work_date=DAY, slot="out", corrected_at=AT, reason="Forgot",
            actor=actor, now=NOW,
        ),
        lambda: decide_held_punch(
            punch=punch, verdict="accepted", reason="Seen", actor=actor, now=NOW
        ),
        lambda: revoke_correction(correction_id=correction.pk, actor=actor, now=NOW),
    )  # fmt: skip


def kept() -> tuple[int, int, int]:
    corrections = Correction.objects.all()
    revoked = corrections.exclude(revoked_at=None).count()
    return corrections.count(), revoked, PunchDecision.objects.count()


def test_whoever_decides_there_corrects_decides_and_revokes(cast: Cast):  # noqa: F811
    for deed in about_alice(cast, cast.bob.user):
        deed()

    assert kept() == (2, 1, 1)


def test_whoever_decides_elsewhere_finds_nobody_to_decide_about(cast: Cast):  # noqa: F811
    for deed in about_alice(cast, cast.carol.user):
        with pytest.raises(NotFound):
            deed()

    assert kept() == (1, 0, 0)


def test_nobody_corrects_decides_or_revokes_what_is_their_own(cast: Cast):  # noqa: F811
    appoint(cast.alice.user, "department_supervisor", cast.department)

    for deed in about_alice(cast, cast.alice.user):
        with pytest.raises(OwnRecord):
            deed()

    assert kept() == (1, 0, 0)
