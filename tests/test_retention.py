"""Each class of data goes on its day and not before; what is held stays; each run leaves a proof.

L-04, L-12 and R-5 of the security notes.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError

from attendance.evidence.claims import Position
from attendance.models import IdempotentAnswer, Punch, PunchEvidence
from attendance.services.evidence import keep_evidence
from organization import holds, retention, retention_periods, services
from organization.errors import NotAllowed, NotFound
from organization.models import LegalHold, RetentionRun
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLACE = Position(31.2304, 121.4737, 12.0, "wgs84")


def punch(person, number=0):
    at = NOW + timedelta(minutes=number)
    return Punch.objects.create(
        employee=person, department=person.department, punched_at=at, received_at=at,
        zone="Asia/Shanghai", method="location", source="phone",
        natural_key=f"{person.pk} {number}",
    )  # fmt: skip


def kinds():
    return sorted(PunchEvidence.objects.values_list("kind", flat=True))


def tally(run, key):
    return run.tallies.get(kept_class=key)


@pytest.fixture
def kept(cast: Cast) -> Punch:
    made = punch(cast.alice)
    keep_evidence(
        made, now=NOW, position=PLACE, bssid="3c:84:6a:12:34:56", integrity={"rooted": False}
    )
    return made


def test_each_class_vanishes_on_its_day_and_not_before(kept: Punch) -> None:
    """L-04."""
    retention.run(now=NOW + 90 * DAY - timedelta(hours=5))
    assert kinds() == ["integrity", "network", "position"]

    run = retention.run(now=NOW + 90 * DAY)

    assert kinds() == []
    assert tally(run, "position").deleted == 1
    assert Punch.objects.filter(pk=kept.pk).exists()


def test_a_second_run_finds_nothing_and_says_so(kept: Punch) -> None:
    """R-5."""
    later = NOW + 100 * DAY
    first, second = retention.run(now=later), retention.run(now=later)

    assert sum(first.tallies.values_list("deleted", flat=True)) >= 3
    assert sum(second.tallies.values_list("deleted", flat=True)) == 0
    assert first.ended_at is not None
    assert second.ended_at is not None


def test_a_killed_run_has_counted_what_went_and_the_next_takes_the_rest(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-5: the proof is written with each step, in its transaction."""
    for number in range(5):
        keep_evidence(punch(cast.alice, number), now=NOW, position=PLACE)
    step, steps = retention._step, []

    def killed_at_the_third(kept, tally, now, chunk):
        if kept.key == "position":
            steps.append(kept.key)
            if len(steps) == 3:
                raise KeyboardInterrupt
        return step(kept, tally, now, chunk)

    monkeypatch.setattr(retention, "_step", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        retention.run(now=NOW + 100 * DAY, chunk=2)
    monkeypatch.undo()
    killed = RetentionRun.objects.get()
    rest = retention.run(now=NOW + 100 * DAY, chunk=2)

    assert killed.ended_at is None
    assert tally(killed, "position").deleted == 4
    assert tally(rest, "position").deleted == 1
    assert tally(killed, "position").digest != tally(rest, "position").digest


def test_facts_of_wages_are_counted_and_never_deleted(kept: Punch) -> None:
    """L-12: results, decisions and punches stay; the proof says how many are past their date."""
    run = retention.run(now=NOW + 1200 * DAY)

    assert tally(run, "punches").waiting == 1
    assert tally(run, "punches").deleted == 0
    assert tally(run, "punches").oldest_left == kept.received_at
    assert Punch.objects.filter(pk=kept.pk).exists()


def test_a_hold_on_a_person_keeps_theirs_and_nobody_elses(cast: Cast, kept: Punch) -> None:
    keep_evidence(punch(cast.carol, 7), now=NOW, position=PLACE)
    holds.place(employee=cast.alice, department=None, reason="Case 1", actor=cast.hr, now=NOW)

    run = retention.run(now=NOW + 100 * DAY)

    assert tally(run, "position").held_back == 1
    assert set(PunchEvidence.objects.values_list("punch__employee", flat=True)) == {cast.alice.pk}


def test_a_hold_on_a_department_keeps_those_who_were_ever_there(cast: Cast, kept: Punch) -> None:
    services.transfer(
        employee_id=cast.alice.pk,
        department=cast.other_department,
        position=None,
        effective_on=(NOW + DAY).date(),
        actor=None,
        now=NOW + DAY,
    )
    holds.place(employee=None, department=cast.unit, reason="Case 2", actor=cast.hr, now=NOW)
    retention.run(now=NOW + 100 * DAY)
    assert len(kinds()) == 3

    holds.lift(hold_id=LegalHold.objects.get().pk, actor=cast.hr, now=NOW + 101 * DAY)
    retention.run(now=NOW + 102 * DAY)
    assert kinds() == []


def test_nobody_holds_or_lifts_beyond_their_scope(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        holds.place(employee=cast.carol, department=None, reason="x", actor=cast.hr, now=NOW)
    with pytest.raises(ValidationError):
        holds.place(employee=None, department=None, reason="x", actor=cast.superuser, now=NOW)
    hold = holds.place(
        employee=cast.carol, department=None, reason="x", actor=cast.superuser, now=NOW
    )
    with pytest.raises(NotFound):
        holds.lift(hold_id=hold.pk, actor=cast.hr, now=NOW)
    holds.lift(hold_id=hold.pk, actor=cast.other_hr, now=NOW)
    with pytest.raises(holds.AlreadyLifted):
        holds.lift(hold_id=hold.pk, actor=cast.other_hr, now=NOW)


def test_a_hold_names_a_person_or_a_department_in_the_database_too(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        LegalHold.objects.create(employee=cast.alice, department=cast.unit, reason="x", since=NOW)


def test_saved_answers_go_after_a_week(cast: Cast) -> None:
    IdempotentAnswer.objects.create(
        user=cast.hr, key="k", request_sha256="0" * 64, status=201, body={}, created_at=NOW
    )
    retention.run(now=NOW + 6 * DAY)
    assert IdempotentAnswer.objects.count() == 1

    retention.run(now=NOW + 7 * DAY + timedelta(seconds=1))
    assert IdempotentAnswer.objects.count() == 0


@pytest.mark.parametrize(
    "said", ["results=730", "position=91", "audit=365", "photos=3", "position", "position=-1"]
)
def test_periods_outside_their_bounds_stop_the_start(said: str) -> None:
    """L-12: results and decisions are kept two years at least, places ninety days at most."""
    with pytest.raises(ImproperlyConfigured, match="RETENTION_DAYS"):
        retention_periods.read(said)


def test_periods_inside_their_bounds_are_taken() -> None:
    days = retention_periods.read("position=30, results = 1500")

    assert (days["position"], days["results"], days["photo"]) == (30, 1500, 180)


def test_every_class_of_the_table_has_rows() -> None:
    assert set(retention.classes()) == set(retention_periods.PERIODS)
