"""A period is closed: what was paid stays, what becomes known later is an adjustment."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F, Model

from attendance.closingsheet import as_csv, as_workbook, checksum_of
from attendance.models import (
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    ClosedDay,
    PeriodClosing,
    TakenAdjustment,
)
from attendance.models.periods import FIGURES, TEXTS
from attendance.services import corrections, days, periods
from attendance.services.closing_checks import ToClose, look
from attendance.tests.test_judging import MONDAY, SHANGHAI, Company, company, punch
from organization.models import Department, Employee

pytestmark = pytest.mark.django_db
__all__ = ["company"]

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
AFTER = datetime(2026, 4, 10, 4, tzinfo=SHANGHAI)
NEXT = datetime(2026, 5, 10, 4, tzinfo=SHANGHAI)


def judge(first: date = FIRST, last: date = LAST, now: datetime = AFTER) -> None:
    days.take_in_changes(now=now)
    days.wake_range(starts_on=first, ends_on=last, cause="ordered", now=now)
    days.judge_all(now=now)


def opened(
    department: Department, first: date = FIRST, last: date = LAST, now: datetime = AFTER
) -> AttendancePeriod:
    return periods.open_period(
        department=department, starts_on=first, ends_on=last, actor=None, now=now
    )


def close(period: AttendancePeriod, now: datetime = AFTER) -> PeriodClosing:
    """Close a period with whatever is still open confirmed."""
    days.take_in_changes(now=now)
    days.judge_all(now=now)
    seen = {one.check.key: one.number for one in look(ToClose(period))}
    periods.order_closing(
        period_id=period.pk, typed=period.department.code, seen=seen, actor=None, now=now
    )
    closing = periods.finish_closing(period_id=period.pk, now=now)
    period.refresh_from_db()
    assert closing is not None, period.problem
    return closing


@pytest.fixture
def march(company: Company) -> AttendancePeriod:
    """The office's March, judged: Alice came to nothing but one evening."""
    punch(company.alice, MONDAY, "18:00")
    judge()
    return opened(company.office)


def paid(employee: Employee, day: date) -> dict[str, object]:
    """Return what the closing in force paid for a day, with all adjustments to it."""
    sums: dict[str, object] = dict.fromkeys(FIGURES, 0)
    for row in ClosedDay.objects.in_force().filter(employee=employee, work_date=day):
        for figure in FIGURES:
            value = getattr(row, figure)
            sums[figure] = value if figure in TEXTS else Decimal(sums[figure]) + value
    found = Adjustment.objects.in_force().filter(employee=employee, work_date=day)
    for one in found.order_by("closing", "version"):
        for figure in FIGURES:
            sums[figure] = (
                one.after[figure] if figure in TEXTS else sums[figure] + one.difference(figure)
            )
    return sums


def truth(employee: Employee, day: date) -> dict[str, object]:
    row = AttendanceDay.objects.get(employee=employee, work_date=day)
    return {figure: getattr(row, figure) for figure in FIGURES}


def test_sq08_evidence_for_a_locked_period_leaves_what_was_paid_and_waits_as_an_adjustment(
    company: Company, march: AttendancePeriod
) -> None:
    """SQ-08, R-8."""
    close(march)

    punch(company.alice, MONDAY, "8:57")
    days.judge_all(now=AFTER)

    published = ClosedDay.objects.get(employee=company.alice, work_date=MONDAY)
    assert (published.status, published.missing) == ("missing", "in")
    [pending] = Adjustment.objects.pending()
    assert (pending.employee, pending.work_date, pending.version) == (company.alice, MONDAY, 2)
    assert (pending.before["status"], pending.after["status"]) == ("missing", "normal")
    assert (pending.before["worked_minutes"], pending.after["worked_minutes"]) == (0, 480)
    assert pending.cause == "punch"
    assert truth(company.alice, MONDAY)["status"] == "normal"


def test_a_recompute_that_finds_the_same_adds_nothing(
    company: Company, march: AttendancePeriod
) -> None:
    close(march)
    judge()
    assert not Adjustment.objects.exists()
    punch(company.alice, MONDAY, "8:57")
    days.judge_all(now=AFTER)

    for _turn in range(2):
        days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=AFTER, is_forced=True)
        days.judge_all(now=AFTER)

    assert Adjustment.objects.count() == 1


def test_a_difference_that_goes_away_is_offset_and_not_deleted(
    company: Company, march: AttendancePeriod
) -> None:
    close(march)
    made = corrections.record_correction(
        employee=company.alice, work_date=MONDAY, slot="in", reason="gate was open",
        corrected_at=datetime(2026, 3, 2, 8, 58, tzinfo=SHANGHAI), actor=None, now=AFTER,
        as_adjustment="the gate's own list",
    )  # fmt: skip
    days.judge_all(now=AFTER)
    corrections.revoke_correction(
        correction_id=made.pk, actor=None, now=AFTER, as_adjustment="it was another gate"
    )
    days.judge_all(now=AFTER)

    there, back = Adjustment.objects.order_by("version")
    assert (there.version, back.version) == (2, 3)
    assert (there.after, there.before) == (back.before, back.after)
    assert paid(company.alice, MONDAY) == truth(company.alice, MONDAY)


def csv_of(closing: PeriodClosing) -> bytes:
    return "".join(as_csv(PeriodClosing.objects.get(pk=closing.pk))).encode()


def test_r9_a_second_export_holds_the_difference_and_the_first_can_be_repeated(
    company: Company, march: AttendancePeriod
) -> None:
    """R-9."""
    first = close(march)
    file, book = csv_of(first), as_workbook(first)

    punch(company.alice, MONDAY, "8:57")
    judge(date(2026, 4, 1), date(2026, 4, 30), NEXT)
    Employee.objects.filter(pk=company.alice.pk).update(name="Alice Renamed", number="9")
    Department.objects.filter(pk=company.office.pk).update(name="Bureau")
    april = close(opened(company.office, date(2026, 4, 1), date(2026, 4, 30), NEXT), NEXT)

    second = csv_of(april).decode()
    [line] = [line for line in second.splitlines() if line.startswith("adjustment")]
    assert line.split(",")[:8] == [
        "adjustment", "9", "Alice Renamed", "O", "Bureau", "2026-03-02", "2", "normal",
    ]  # fmt: skip
    assert ",480," in line
    assert april.adjustments == 1
    assert csv_of(first) == file
    assert as_workbook(PeriodClosing.objects.get(pk=first.pk)) == book
    assert not Adjustment.objects.pending().exists()


def test_the_last_line_of_a_file_is_the_checksum_of_what_stands_before_it(
    march: AttendancePeriod,
) -> None:
    closing = close(march)

    *lines, last = csv_of(closing).decode().splitlines(keepends=True)

    told = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert last == f"checksum,{told}\r\n"
    assert (closing.checksum, checksum_of(closing)) == (told, told)
    assert (len(lines), closing.days, closing.people) == (32, 31, 1)


@pytest.mark.parametrize("model", [PeriodClosing, ClosedDay, Adjustment, TakenAdjustment])
def test_what_was_closed_is_never_changed(
    company: Company, march: AttendancePeriod, model: type[Model]
) -> None:
    close(march)
    punch(company.alice, MONDAY, "8:57")
    judge(date(2026, 4, 1), date(2026, 4, 30), NEXT)
    close(opened(company.office, date(2026, 4, 1), date(2026, 4, 30), NEXT), NEXT)
    rows = model._base_manager.all()
    assert rows.exists()

    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(closing=F("closing")) if model is not PeriodClosing else rows.update(days=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows._raw_delete(rows.db)
