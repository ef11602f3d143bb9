"""What only a real worker process can show."""

from datetime import UTC, date, datetime

import pytest

from attendance.models import AttendanceDay, WaitingDay
from attendance.services import days
from conftest import LiveWorker
from organization import services as people
from organization.models import Change, Department, Employee, Transfer
from scheduling.models import Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import ShiftPattern

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
BELL = "attendance.tasks.judge_waiting_days"


def a_company_of(count: int) -> None:
    office = people.add_department(name="Office", code="O", parent=None, now=FOUNDED)
    pattern = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)
    shift = Shift.objects.create(code="D", name="Day")
    ShiftVersion.objects.create(
        shift=shift,
        valid_from=date(2026, 1, 1),
        pattern=pattern.to_json(),
        opens_minute=540 - pattern.window_before,
        closes_minute=1080 + pattern.window_after,
    )
    ShiftAssignment.objects.create(
        department=office, shift=shift, starts_on=date(2026, 1, 1), weekdays="12345"
    )
    hire(office, count)
    Change.objects.update(handled_at=FOUNDED)


def hire(department: Department, count: int) -> None:
    joined = date(2026, 1, 1)
    staff = Employee.objects.bulk_create(
        Employee(number=f"{n:05}", name=f"No. {n}", department=department, joined_on=joined)
        for n in range(count)
    )
    Transfer.objects.bulk_create(
        Transfer(employee=one, department=department, effective_on=joined) for one in staff
    )


def let_march_wait() -> int:
    return days.wake_range(
        starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), cause="ordered", now=FOUNDED
    )


def verdicts() -> list[tuple[object, ...]]:
    fields = ("employee__number", "work_date", "status", "required_minutes", "digest", "findings")
    return sorted(AttendanceDay.objects.values_list(*fields), key=lambda row: (row[0], row[1]))


def test_a_bell_makes_the_worker_judge_what_waits(live_worker: LiveWorker) -> None:
    a_company_of(3)
    waiting = let_march_wait()

    live_worker.ring(BELL)
    live_worker.wait_until(lambda: not WaitingDay.objects.exists())

    assert AttendanceDay.objects.count() == waiting == 3 * 31


def test_a_worker_killed_in_the_middle_of_a_month_leaves_no_lost_and_no_wrong_day(
    live_worker: LiveWorker,
) -> None:
    """R-11, F-01, F-02: in chunks; `python -m bench judging` measures 10 000 people."""
    a_company_of(500)
    waiting = let_march_wait()
    live_worker.ring(BELL)
    live_worker.wait_until(AttendanceDay.objects.exists)

    live_worker.kill()
    left = WaitingDay.objects.count()
    live_worker.start()
    live_worker.ring(BELL)
    live_worker.wait_until(lambda: not WaitingDay.objects.exists())

    assert 0 < left < waiting
    assert AttendanceDay.objects.count() == waiting == 500 * 31
    after_the_kill = verdicts()
    let_march_wait()
    days.judge_all(now=datetime(2026, 4, 15, tzinfo=UTC))
    assert after_the_kill == verdicts()
