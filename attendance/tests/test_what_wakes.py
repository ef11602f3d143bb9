"""A change of an old fact wakes the days it concerns and no others; what comes late is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest

from attendance.models import AttendanceDay, Punch, WaitingDay
from attendance.services import absences, corrections, days, rules
from attendance.services.punching import take_in_lines
from attendance.tests.test_judging import LONG_AFTER, SHANGHAI, Company, company, judged, punch
from devices.services import keep_log, link_pin, register_terminal
from organization import services as people
from organization.models import Department, Employee
from scheduling.models import CalendarDay
from scheduling.pattern import ShiftPattern
from scheduling.services import assignments, calendar, rosters, shifts

pytestmark = pytest.mark.django_db
__all__ = ["company"]

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 31)
DAY = date(2026, 3, 11)
LATER = ShiftPattern(segments=((600, 1140),), breaks=((720, 780),), late_grace=10)


class Town(NamedTuple):
    """The company, with a second person in the office and a third in a shop."""

    company: Company
    ann: Employee
    bob: Employee
    shop: Department
    held: Punch


@pytest.fixture
def town(company: Company) -> Town:
    """Everybody's March is judged, and nothing waits."""
    shop = people.add_department(name="Shop", code="S", parent=company.root, now=LONG_AFTER)
    ann, bob = (
        people.hire(number=number, name=number, department=room, joined_on=FIRST, now=LONG_AFTER)
        for number, room in (("1002", company.office), ("2001", shop))
    )
    for person in (company.alice, ann, bob):
        for clock in ("8:55", "18:05"):
            punch(person, DAY, clock)
    held = punch(company.alice, DAY, "20:00", held=True)
    days.take_in_changes(now=LONG_AFTER)
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=LONG_AFTER)
    days.judge_all(now=LONG_AFTER)
    assert not WaitingDay.objects.exists()
    return Town(company, ann, bob, shop, held)


def at(hour: int, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def absence(kind: str) -> Callable[[Town], object]:
    return lambda town: absences.add_absence(
        employee=town.company.alice, kind=kind, starts_at=at(9), ends_at=at(18), reason="",
        actor=None, now=LONG_AFTER,
    )  # fmt: skip


def publish(town: Town) -> None:
    rule = rules.add_rule(name="rule", department=town.company.office, now=LONG_AFTER)
    version = rules.draft_rule(
        rule_id=rule.pk, valid_from=DAY, text=rules.RuleText(shift_source="roster_only"),
        actor=None, now=LONG_AFTER,
    )  # fmt: skip
    rules.publish_rule(version_id=version.pk, now=LONG_AFTER)


ALICE, OFFICE, SHOP = ("1001",), ("1001", "1002"), ("2001",)
# What changes; whose days; the first and the last one it concerns. None: up to today.
CHANGES: dict[str, tuple[Callable[[Town], object], tuple[str, ...], date, date | None]] = {
    "punch": (lambda town: punch(town.company.alice, DAY, "9:30"), ALICE, DAY, DAY),
    "verdict": (
        lambda town: corrections.decide_held_punch(
            punch=town.held, verdict="accepted", reason="seen", actor=None, now=LONG_AFTER
        ),
        ALICE, DAY, DAY,
    ),
    "make-up": (
        lambda town: corrections.record_correction(
            employee=town.company.alice, work_date=DAY, slot="in", corrected_at=at(10),
            reason="x", actor=None, now=LONG_AFTER,
        ),
        ALICE, DAY, DAY,
    ),
    "leave": (absence("leave"), ALICE, DAY, DAY),
    "outing": (absence("outing"), ALICE, DAY, DAY),
    "overtime": (
        lambda town: absences.approve_overtime(
            employee=town.company.alice, work_date=DAY, starts_at=at(18), ends_at=at(20),
            actor=None, now=LONG_AFTER,
        ),
        ALICE, DAY, DAY,
    ),
    "shift": (
        lambda town: shifts.change_shift(
            shift_id=town.company.day_shift.pk, pattern=LATER, valid_from=DAY, now=LONG_AFTER
        ),
        (*OFFICE, *SHOP), DAY, None,
    ),
    "assignment": (
        lambda town: assignments.assign_shift(
            department=town.company.office, shift=town.company.night_shift, starts_on=DAY,
            ends_on=DAY, now=LONG_AFTER,
        ),
        OFFICE, DAY, DAY,
    ),
    "roster": (
        lambda town: rosters.set_entry(
            employee_id=town.company.alice.pk, work_date=DAY, shift=town.company.night_shift,
            actor=None, now=LONG_AFTER,
        ),
        ALICE, DAY, DAY,
    ),
    "calendar": (
        lambda town: calendar.set_company_day(
            day=DAY, kind=CalendarDay.Kind.DAY_OFF, name="Founding day",
            department=town.company.office, actor=None, now=LONG_AFTER,
        ),
        OFFICE, DAY, DAY,
    ),
    "rule version": (publish, OFFICE, DAY, None),
    "zone": (
        lambda town: people.change_timezone(
            department_id=town.company.office.pk, timezone="Asia/Tokyo", starts_on=DAY,
            actor=None, now=LONG_AFTER,
        ),
        OFFICE, DAY, None,
    ),
    "unit of a person": (
        lambda town: people.transfer(
            employee_id=town.company.alice.pk, department=town.shop, position=None,
            effective_on=DAY, actor=None, now=LONG_AFTER,
        ),
        ALICE, DAY, None,
    ),
    "parent of a department": (
        lambda town: people.move_department(
            department_id=town.company.office.pk, parent=town.shop, actor=None, now=LONG_AFTER
        ),
        OFFICE, LAST, None,
    ),
    "last day": (
        lambda town: people.leave(
            employee_id=town.company.alice.pk, left_on=DAY, actor=None, now=LONG_AFTER
        ),
        ALICE, DAY, None,
    ),
}  # fmt: skip


def results() -> list[tuple[object, ...]]:
    fields = ("employee__number", "work_date", "status", "department", "shift", "late_minutes",
              "worked_minutes", "leave_minutes", "findings")  # fmt: skip
    return sorted(AttendanceDay.objects.values_list(*fields), key=str)


@pytest.mark.parametrize("kind", CHANGES)
def test_r7_a_change_wakes_the_days_it_concerns_and_no_others(town: Town, kind: str) -> None:
    """R-7: and once they are judged, judging everything anew changes nothing."""
    change, who, first, last = CHANGES[kind]
    change(town)
    days.take_in_changes(now=LONG_AFTER)

    woken = set(WaitingDay.objects.values_list("employee__number", "work_date"))

    span = ((last or LAST) - first).days + 1
    concerned = {(number, first + timedelta(days=n)) for number in who for n in range(span)}
    # Where windows overlap, the two days before and after share punches with this one.
    around = {(number, day + timedelta(days=n)) for number, day in concerned for n in range(-2, 3)}
    assert concerned <= woken <= around
    days.judge_all(now=LONG_AFTER)
    live = results()
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=LONG_AFTER, is_forced=True)
    days.judge_all(now=LONG_AFTER)
    assert results() == live


def test_r10_a_terminal_that_was_silent_for_36_hours_turns_absences_into_results(
    company: Company,
) -> None:
    """R-10: and nothing of a day that is over is lost for having come late."""
    gate = register_terminal(name="Gate", department=company.office, actor=None, now=LONG_AFTER)
    link_pin(pin="7", terminal=gate, employee=company.alice, actor=None, now=LONG_AFTER)
    monday, tuesday = FIRST, FIRST + timedelta(days=1)
    back = at(20, tuesday) + timedelta(hours=12)
    days.take_in_changes(now=back)
    days.wake([(company.alice.pk, day) for day in (monday, tuesday)], cause="opened", now=back)
    assert judged(company.alice, monday, now=back).status == "absent"
    assert judged(company.alice, tuesday, now=back).status == "absent"

    lines = "".join(
        f"        7\t2026-03-0{day} {clock}\t1\t0\t1\t0\n"
        for day in (2, 3)
        for clock in ("08:58:00", "18:03:00")
    )
    keep_log(terminal=gate, file_name="1_attlog.dat", content=lines.encode(), actor=None, now=back)
    take_in_lines(now=back)

    for day in (monday, tuesday):
        row = judged(company.alice, day, now=back)
        assert (row.status, row.absent_days, row.worked_minutes) == ("normal", 0, 480)
        assert [(past.status, past.cause) for past in row.history.all()] == [("absent", "punch")]
