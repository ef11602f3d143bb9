"""A hold that somebody is told of is in force: nothing of the person is erased after it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import connection, transaction
from django.utils import timezone

from organization import holds
from organization.models import LegalHold
from organization.personal.erasing import erase
from tests.cast import play

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]


def test_a_hold_that_is_placed_while_somebody_erases_waits_for_the_end() -> None:
    cast = play()

    def place() -> None:
        try:
            holds.place(
                employee=cast.alice, department=None, reason="a lawsuit", actor=cast.superuser,
                now=timezone.now(),
            )  # fmt: skip
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            erase(cast.alice.pk, reason="asked on paper", actor=cast.superuser, now=timezone.now())
            placing = pool.submit(place)
            done, _waiting = wait([placing], timeout=1.5)
            assert not done
            assert not LegalHold.objects.exists()
        placing.result(timeout=30)

    assert LegalHold.objects.count() == 1
