"""Punches arrive while several judges judge: nothing is lost, nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from attendance.models import AttendanceDay, WaitingDay
from attendance.services import days
from attendance.tests.test_judging import LONG_AFTER, MONDAY, Company, company, punch
from organization import services as people
from organization.models import Change, Employee

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
__all__ = ["company"]

CLOCKS = ("8:55", "9:20", "12:01", "13:02", "17:40", "18:03")


def at_once(*works: Callable[[], None]) -> list[BaseException]:
    """Run each work in a thread with a connection of its own; return what they raised."""
    barrier, raised = Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return raised


def verdicts() -> list[tuple[object, ...]]:
    fields = ("employee__number", "work_date", "status", "late_minutes", "worked_minutes")
    return sorted(AttendanceDay.objects.values_list(*fields), key=str)


def test_punches_and_judges_at_once_end_as_if_one_after_the_other(company: Company) -> None:
    """R-6, F-11, F-12: with real connections that meet."""
    staff = [company.alice] + [
        people.hire(
            number=f"11{n}",
            name=f"Person {n}",
            department=company.office,
            joined_on=date(2026, 1, 5),
            now=LONG_AFTER,
        )
        for n in range(4)
    ]
    Change.objects.update(handled_at=LONG_AFTER)

    def come(who: list[Employee], clocks: tuple[str, ...]) -> Callable[[], None]:
        def work() -> None:
            for n in range(5):
                for clock in clocks:
                    # Whoever reports a batch locks its people in the batch's order.
                    with transaction.atomic():
                        for one in who:
                            punch(one, MONDAY + timedelta(days=n), clock)

        return work

    def judge() -> None:
        for _ring in range(25):
            days.judge_all(now=LONG_AFTER, chunk=7)

    raised = at_once(come(staff, CLOCKS[::2]), come(staff, CLOCKS[1::2]), judge, judge)

    assert raised == []
    days.judge_all(now=LONG_AFTER)
    assert not WaitingDay.objects.exists()
    live = verdicts()
    days.wake_range(
        starts_on=MONDAY,
        ends_on=MONDAY + timedelta(days=4),
        cause="ordered",
        now=LONG_AFTER,
        is_forced=True,
    )
    days.judge_all(now=LONG_AFTER + timedelta(hours=1))
    assert live == verdicts()
    assert sum(1 for row in live if row[2] == "normal") == 25


def test_two_judges_of_one_day_store_it_once(company: Company) -> None:
    """F-11."""
    punch(company.alice, MONDAY, "9:00")

    def judge() -> None:
        days.judge_all(now=datetime(2026, 4, 1, tzinfo=LONG_AFTER.tzinfo))

    assert at_once(judge, judge, judge) == []
    assert AttendanceDay.objects.filter(work_date=MONDAY).count() == 1
    assert not WaitingDay.objects.exists()
