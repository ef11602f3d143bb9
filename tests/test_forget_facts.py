"""L-04, L-12: facts go once their time is over, by order, with an explained gap and no alarm."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from attendance.models import Punch, PunchDecision
from organization.models import AuditEntry, Seal
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
