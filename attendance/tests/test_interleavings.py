"""In whatever order two sessions take turns, a day ends as if it had been judged anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import combinations

import pytest

from attendance import storing
from attendance.models import AttendanceDay, WaitingDay
from attendance.services import absences, corrections, days
from attendance.tests.test_judging import LONG_AFTER, MONDAY, SHANGHAI, Company, company, punch

pytestmark = pytest.mark.django_db
__all__ = ["company"]

Step = Callable[[], None]
FACTS = ("in", "revoke", "correct", "out")
TURNS = ("read", "store", "read", "store")


def orders() -> Iterator[tuple[str, ...]]:
    """Yield every order of the steps of two sessions in which each keeps its own."""
    length = len(FACTS) + len(TURNS)
    for places in combinations(range(length), len(TURNS)):
        facts, turns = iter(FACTS), iter(TURNS)
        yield tuple(next(turns) if n in places else next(facts) for n in range(length))


def told() -> list[tuple[object, ...]]:
    fields = ("work_date", "status", "late_minutes", "worked_minutes", "digest", "findings")
    return list(AttendanceDay.objects.order_by("work_date").values_list(*fields))


@pytest.mark.parametrize("order", tuple(orders()), ids=" ".join)
def test_r6_a_day_ends_as_if_it_had_been_judged_anew(
    company: Company, order: tuple[str, ...]
) -> None:
    """R-6, F-12: a punch, a leave that is revoked and a correction, beside somebody who judges.

    Each step is a transaction: between the reading of what waits and the storing of the verdict
    another session may commit anything.
    """
    leave = absences.add_absence(
        employee=company.alice, kind="leave", reason="",
        starts_at=datetime(2026, 3, 2, 9, tzinfo=SHANGHAI),
        ends_at=datetime(2026, 3, 2, 18, tzinfo=SHANGHAI), actor=None, now=LONG_AFTER,
    )  # fmt: skip
    days.judge_all(now=LONG_AFTER)
    days.wake([(company.alice.pk, MONDAY)], cause="ordered", now=LONG_AFTER, is_forced=True)
    read: list[storing.Waiting] = []

    def look() -> None:
        read[:] = storing.read_waiting(
            first_employee=0, last_employee=company.alice.pk, after=None, limit=100
        )

    def store() -> None:
        if read:
            days.judge(list(read), now=LONG_AFTER)

    def correct() -> None:
        corrections.record_correction(
            employee=company.alice, work_date=MONDAY, slot="in", reason="gate was open",
            corrected_at=datetime(2026, 3, 2, 8, 59, tzinfo=SHANGHAI), actor=None, now=LONG_AFTER,
        )  # fmt: skip

    steps: dict[str, Step] = {
        "in": lambda: punch(company.alice, MONDAY, "9:20") and None,
        "out": lambda: punch(company.alice, MONDAY, "18:01") and None,
        "revoke": lambda: (
            absences.revoke_absence(absence_id=leave.pk, actor=None, now=LONG_AFTER) and None
        ),
        "correct": correct,
        "read": look,
        "store": store,
    }
    for step in order:
        steps[step]()

    days.judge_all(now=LONG_AFTER)

    assert not WaitingDay.objects.exists()
    live = told()
    monday = AttendanceDay.objects.get(work_date=MONDAY)
    assert (monday.status, monday.late_minutes, monday.worked_minutes) == ("normal", 0, 480)
    days.wake_range(
        starts_on=live[0][0], ends_on=live[-1][0], cause="ordered", now=LONG_AFTER, is_forced=True
    )
    days.judge_all(now=LONG_AFTER)
    assert told() == live
