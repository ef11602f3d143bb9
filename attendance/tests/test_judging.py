from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from attendance import storing
from attendance.models import AttendanceDay, DayHistory, Punch, WaitingDay
from attendance.services import days
from organization import services as people
from organization.models import Change, Department, Employee
from scheduling.models import (
    CalendarDay,
    CalendarYear,
    RosterEntry,
    Shift,
    ShiftAssignment,
    ShiftVersion,
)
from scheduling.pattern import LateArrival, ShiftPattern
from scheduling.services.assignments import assign_shift

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)
LONG_AFTER = datetime(2026, 3, 31, 12, tzinfo=UTC)
OFFICE = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)
NIGHT = ShiftPattern(segments=((1320, 1800),), late_grace=10)


@dataclass
class Company:
    root: Department
    office: Department
    alice: Employee
    day_shift: Shift
    night_shift: Shift


def make_shift(code: str, pattern: ShiftPattern) -> Shift:
    shift = Shift.objects.create(code=code, name=code)
    start, end = pattern.segments[0][0], pattern.segments[-1][1]
    ShiftVersion.objects.create(
        shift=shift,
        valid_from=date(2026, 1, 1),
        pattern=pattern.to_json(),
        opens_minute=start - pattern.window_before,
        closes_minute=end + pattern.window_after,
    )
    return shift


@pytest.fixture
def company() -> Company:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    root = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=now
    )
    office = people.add_department(name="Office", code="O", parent=root, now=now)
    alice = people.hire(
        number="1001", name="Alice", department=office, joined_on=date(2026, 1, 5), now=now
    )
    day_shift, night_shift = make_shift("D", OFFICE), make_shift("N", NIGHT)
    ShiftAssignment.objects.create(
        department=root, shift=day_shift, starts_on=date(2026, 1, 1), weekdays="12345"
    )
    CalendarYear.objects.create(year=2026, state="announced")
    Change.objects.update(handled_at=now)
    return Company(root, office, alice, day_shift, night_shift)


def punch(employee: Employee, day: date, clock: str, *, held: bool = False) -> Punch:
    hours, minutes = (int(part) for part in clock.split(":"))
    moment = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(
        hours=hours, minutes=minutes
    )
    made = Punch.objects.create(
        employee=employee,
        department=employee.department,
        punched_at=moment,
        received_at=moment,
        zone="Asia/Shanghai",
        method="terminal",
        source="api",
        natural_key=f"{employee.pk}:{moment.timestamp()}",
        is_held=held,
    )
    seen = (employee.pk, int(moment.timestamp()), "Asia/Shanghai")
    days.wake_for_punches([seen], now=moment)
    return made


def judged(employee: Employee, day: date, *, now: datetime = LONG_AFTER) -> AttendanceDay:
    days.judge_all(now=now)
    return AttendanceDay.objects.get(employee=employee, work_date=day)


def test_a_punch_makes_its_day_wait_and_judging_frees_it(company: Company) -> None:
    punch(company.alice, MONDAY, "8:55")
    punch(company.alice, MONDAY, "18:05")

    day = judged(company.alice, MONDAY)

    assert (day.status, day.worked_minutes, day.shift) == ("normal", 480, company.day_shift)
    assert day.department == company.office
    assert not WaitingDay.objects.exists()


def test_lateness_is_stored_with_its_reasons(company: Company) -> None:
    punch(company.alice, MONDAY, "9:13")
    punch(company.alice, MONDAY, "18:00")

    day = judged(company.alice, MONDAY)

    assert (day.status, day.late_minutes, day.has_trouble) == ("late", 13, True)
    assert day.first_in_at == datetime(2026, 3, 2, 1, 13, tzinfo=UTC)
    assert [note[0] for note in day.notes]


def test_a_rostered_night_belongs_to_its_evening(company: Company) -> None:
    RosterEntry.objects.create(employee=company.alice, work_date=MONDAY, shift=company.night_shift)
    RosterEntry.objects.create(employee=company.alice, work_date=TUESDAY, shift=None)
    punch(company.alice, MONDAY, "30:02")
    punch(company.alice, MONDAY, "21:55")

    day = judged(company.alice, MONDAY)

    assert (day.status, day.worked_minutes) == ("normal", 480)
    assert AttendanceDay.objects.get(employee=company.alice, work_date=TUESDAY).status == "rest"


def test_a_verdict_whose_facts_moved_on_is_not_stored(company: Company) -> None:
    punch(company.alice, MONDAY, "9:00")
    waiting = storing.read_waiting(
        first_employee=0, last_employee=company.alice.pk, after=None, limit=100
    )
    punch(company.alice, MONDAY, "18:00")

    days.judge(waiting, now=LONG_AFTER)

    assert not AttendanceDay.objects.filter(work_date=MONDAY).exists()
    assert WaitingDay.objects.filter(work_date=MONDAY).exists()


def test_judging_again_without_new_facts_writes_nothing(company: Company) -> None:
    punch(company.alice, MONDAY, "9:00")
    before = judged(company.alice, MONDAY)
    days.wake([(company.alice.pk, MONDAY)], cause="punch", now=LONG_AFTER)

    after = judged(company.alice, MONDAY, now=LONG_AFTER + timedelta(hours=1))

    assert after.judged_at == before.judged_at
    assert not WaitingDay.objects.exists()


def test_a_changed_result_keeps_the_earlier_one(company: Company) -> None:
    punch(company.alice, MONDAY, "9:00")
    assert judged(company.alice, MONDAY).status == "missing"

    punch(company.alice, MONDAY, "18:00")
    day = judged(company.alice, MONDAY)

    assert day.status == "normal"
    assert [(row.status, row.facts["missing"], row.cause) for row in day.history.all()] == [
        ("missing", "out", "punch")
    ]


def test_a_day_is_pending_until_its_window_has_closed(company: Company) -> None:
    at_noon = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
    punch(company.alice, MONDAY, "8:58")
    day = judged(company.alice, MONDAY, now=at_noon)
    assert (day.status, day.closes_at) == ("pending", datetime(2026, 3, 2, 14, 1, tzinfo=UTC))

    one_minute_early = datetime(2026, 3, 2, 22, 0, 30, tzinfo=SHANGHAI)
    assert days.close_windows(now=one_minute_early) == 0
    on_time = datetime(2026, 3, 2, 22, 1, tzinfo=SHANGHAI)
    assert days.close_windows(now=on_time) == 1

    assert judged(company.alice, MONDAY, now=on_time).status == "missing"


def test_days_open_when_they_begin_in_their_zone(company: Company) -> None:
    before_midnight_there = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
    days.open_days(now=before_midnight_there, days_back=0)
    assert set(WaitingDay.objects.values_list("work_date", flat=True)) == {MONDAY}

    days.open_days(now=before_midnight_there + timedelta(minutes=1), days_back=0)
    assert set(WaitingDay.objects.values_list("work_date", flat=True)) == {MONDAY, TUESDAY}
    assert days.open_days(now=before_midnight_there, days_back=0) == 0


def test_a_joiner_owes_nothing_before_and_a_leaver_nothing_after(company: Company) -> None:
    people.leave(employee_id=company.alice.pk, left_on=MONDAY, actor=None, now=LONG_AFTER)
    days.take_in_changes(now=LONG_AFTER)
    days.wake([(company.alice.pk, TUESDAY)], cause="ordered", now=LONG_AFTER)

    assert judged(company.alice, MONDAY).status == "absent"
    assert judged(company.alice, TUESDAY).status == "not_required"


def test_a_day_belongs_to_the_department_of_its_date(company: Company) -> None:
    shop = people.add_department(name="Shop", code="S", parent=company.root, now=LONG_AFTER)
    people.transfer(
        employee_id=company.alice.pk,
        department=shop,
        position=None,
        effective_on=TUESDAY,
        actor=None,
        now=LONG_AFTER,
    )
    days.take_in_changes(now=LONG_AFTER)

    assert judged(company.alice, MONDAY).department == company.office
    assert judged(company.alice, TUESDAY).department == shop


def test_a_newly_announced_holiday_excuses_the_absence(company: Company) -> None:
    days.wake([(company.alice.pk, MONDAY)], cause="opened", now=LONG_AFTER)
    assert judged(company.alice, MONDAY).status == "absent"

    CalendarDay.objects.create(day=MONDAY, kind="holiday", name="Founding day")
    people.announce(Change.Reason.CALENDAR, starts_on=MONDAY, ends_on=MONDAY)
    days.take_in_changes(now=LONG_AFTER)

    day = judged(company.alice, MONDAY)
    assert (day.status, day.absent_days) == ("holiday", 0)
    assert DayHistory.objects.get(day=day).cause == "calendar"


def test_a_year_without_announcement_is_provisional(company: Company) -> None:
    CalendarYear.objects.all().delete()
    punch(company.alice, MONDAY, "9:00")

    assert judged(company.alice, MONDAY).is_provisional


def test_a_held_punch_counts_for_nothing_until_accepted(company: Company) -> None:
    """A-28, P-09: what waits for somebody is not taken for valid."""
    punch(company.alice, MONDAY, "9:00")
    held = punch(company.alice, MONDAY, "18:00", held=True)
    assert judged(company.alice, MONDAY).status == "missing"

    held.decisions.create(verdict="accepted", decided_at=LONG_AFTER)
    days.wake([(company.alice.pk, MONDAY)], cause="decision", now=LONG_AFTER)

    assert judged(company.alice, MONDAY).status == "normal"


def test_leaving_late_moves_tomorrows_start_even_when_the_punch_comes_afterwards(
    company: Company,
) -> None:
    pattern = ShiftPattern(
        segments=((540, 1080),),
        breaks=((720, 780),),
        window_after=420,
        late_arrivals=(LateArrival(left_from=1320, arrive_by=630),),
    )
    late_shift = make_shift("L", pattern)
    for day in (MONDAY, TUESDAY):
        RosterEntry.objects.create(employee=company.alice, work_date=day, shift=late_shift)
    punch(company.alice, MONDAY, "9:00")
    punch(company.alice, TUESDAY, "10:20")
    punch(company.alice, TUESDAY, "18:00")
    assert judged(company.alice, TUESDAY).status == "late"

    punch(company.alice, MONDAY, "22:30")
    days.judge_all(now=LONG_AFTER)

    assert judged(company.alice, TUESDAY).status == "normal"


def test_a_poisoned_shift_stops_nobody_else(company: Company) -> None:
    """A-28, P-09: a check that fails leaves its day waiting with its problem, and no result."""
    bob = people.hire(
        number="1002",
        name="Bob",
        department=company.office,
        joined_on=date(2026, 1, 5),
        now=LONG_AFTER,
    )
    Change.objects.update(handled_at=LONG_AFTER)
    RosterEntry.objects.create(employee=company.alice, work_date=MONDAY, shift=company.night_shift)
    company.night_shift.versions.update(pattern={"segments": "unreadable"})
    days.wake([(company.alice.pk, MONDAY), (bob.pk, MONDAY)], cause="opened", now=LONG_AFTER)

    for _ring in range(6):
        days.judge_all(now=LONG_AFTER)

    assert AttendanceDay.objects.get(employee=bob, work_date=MONDAY).status == "absent"
    left = WaitingDay.objects.get()
    assert (left.employee, left.failed_count) == (company.alice, 5)
    assert left.problem
    assert not AttendanceDay.objects.filter(employee=company.alice, work_date=MONDAY).exists()


def test_a_poisoned_day_whose_window_has_closed_is_given_up_too(company: Company) -> None:
    evening = datetime(2026, 3, 2, 20, tzinfo=SHANGHAI)
    punch(company.alice, MONDAY, "8:58")
    days.judge_all(now=evening)
    assert AttendanceDay.objects.get(work_date=MONDAY).closes_at is not None
    company.day_shift.versions.update(pattern={"segments": "unreadable"})

    for _ring in range(storing.FAILS_AT_MOST + 2):
        days.close_windows(now=LONG_AFTER)
        days.judge_all(now=LONG_AFTER)

    left = WaitingDay.objects.get(work_date=MONDAY)
    assert left.failed_count == storing.FAILS_AT_MOST


def test_one_waiting_day_costs_a_dozen_queries(
    company: Company, django_assert_max_num_queries
) -> None:
    punch(company.alice, MONDAY, "9:00")
    WaitingDay.objects.exclude(work_date=MONDAY).delete()

    with django_assert_max_num_queries(14):
        days.judge_range(
            first_employee=company.alice.pk, last_employee=company.alice.pk, now=LONG_AFTER
        )


def test_a_chunk_of_a_hundred_days_costs_no_more_queries_than_one(
    company: Company, django_assert_max_num_queries
) -> None:
    crowd = [
        people.hire(
            number=f"2{n:03}",
            name=f"Person {n}",
            department=company.office,
            joined_on=date(2026, 1, 5),
            now=LONG_AFTER,
        )
        for n in range(10)
    ]
    days.wake(
        ((who.pk, MONDAY + timedelta(days=n)) for who in crowd for n in range(10)),
        cause="opened",
        now=LONG_AFTER,
    )

    # One more on PostgreSQL, where judging waits for a closing at a lock of its own.
    with django_assert_max_num_queries(17):
        days.judge_range(first_employee=crowd[0].pk, last_employee=crowd[-1].pk, now=LONG_AFTER)

    assert AttendanceDay.objects.count() == 100


def test_recompute_writes_even_what_its_digest_says_is_the_same(company: Company) -> None:
    punch(company.alice, MONDAY, "9:00")
    day = judged(company.alice, MONDAY)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE attendance_attendanceday SET status = 'normal' WHERE id = %s",
            [day.pk],
        )

    days.wake_range(
        starts_on=MONDAY, ends_on=MONDAY, cause="ordered", now=timezone.now(), is_forced=True
    )

    assert judged(company.alice, MONDAY).status == "missing"


# --- days that are over keep the tree of their date ------------------------------------------


def _second_unit(company: Company) -> Department:
    unit = people.add_department(name="Guards", code="GU", parent=company.root, now=LONG_AFTER)
    ShiftAssignment.objects.create(
        department=unit,
        shift=company.night_shift,
        starts_on=date(2026, 1, 1),
        weekdays="1234567",
    )
    return unit


def test_moving_a_department_changes_no_day_before_the_move(company: Company) -> None:
    unit = _second_unit(company)
    punch(company.alice, MONDAY, "8:58")
    punch(company.alice, MONDAY, "18:02")
    assert judged(company.alice, MONDAY).status == "normal"

    people.move_department(
        department_id=company.office.pk,
        parent=unit,
        actor=None,
        now=datetime(2026, 3, 10, 2, tzinfo=UTC),
    )
    for day in (MONDAY, date(2026, 3, 10)):
        days.wake([(company.alice.pk, day)], cause="ordered", now=LONG_AFTER, is_forced=True)

    assert judged(company.alice, MONDAY).shift == company.day_shift
    assert judged(company.alice, date(2026, 3, 10)).shift == company.night_shift


def test_a_zone_holds_from_its_date_on_and_a_second_one_as_well(company: Company) -> None:
    """09:00 in Shanghai is 10:00 in Tokyo: there it is an hour late."""
    for day in (MONDAY, TUESDAY, date(2026, 3, 4)):
        punch(company.alice, day, "9:00")
        punch(company.alice, day, "18:00")

    for zone, day in (("Asia/Tokyo", TUESDAY), ("Asia/Shanghai", date(2026, 3, 4))):
        people.change_timezone(
            department_id=company.office.pk, timezone=zone, starts_on=day, actor=None,
            now=LONG_AFTER,
        )  # fmt: skip
    days.take_in_changes(now=LONG_AFTER)

    assert judged(company.alice, MONDAY).late_minutes == 0
    assert judged(company.alice, TUESDAY).late_minutes == 60
    assert judged(company.alice, date(2026, 3, 4)).late_minutes == 0


def test_a_zone_said_for_earlier_days_reaches_up_to_today(company: Company) -> None:
    for starts_on in (TUESDAY, MONDAY):
        people.change_timezone(
            department_id=company.office.pk, timezone="Asia/Tokyo", starts_on=starts_on,
            actor=None, now=LONG_AFTER,
        )  # fmt: skip
    book = days.load_facts([company.alice.pk], date(2026, 2, 26), TUESDAY).book

    zones = [
        str(book.zone_of(company.office.pk, day)) for day in (date(2026, 3, 1), MONDAY, TUESDAY)
    ]
    assert zones == ["Asia/Shanghai", "Asia/Tokyo", "Asia/Tokyo"]


def test_what_changes_in_a_former_parent_wakes_the_days_spent_below_it(company: Company) -> None:
    unit = _second_unit(company)
    former = people.add_department(name="Old", code="OLD", parent=company.root, now=LONG_AFTER)
    for parent in (former, unit):
        people.move_department(
            department_id=company.office.pk,
            parent=parent,
            actor=None,
            now=datetime(2026, 3, 10 if parent is unit else 1, 2, tzinfo=UTC),
        )
    WaitingDay.objects.all().delete()

    woken = days.wake_range(
        starts_on=MONDAY, ends_on=MONDAY, cause="ordered", now=LONG_AFTER, department=former
    )

    assert woken == 1


def test_people_hired_years_ago_bring_no_backlog_of_days_that_nobody_kept(
    company: Company,
) -> None:
    WaitingDay.objects.all().delete()
    Change.objects.all().delete()
    veteran = people.hire(
        number="900", name="Veteran", department=company.office, joined_on=date(2015, 1, 1),
        now=LONG_AFTER,
    )  # fmt: skip
    planned_since = ShiftAssignment.objects.order_by("starts_on").first()

    days.take_in_changes(now=LONG_AFTER)

    waiting = WaitingDay.objects.filter(employee=veteran).order_by("work_date")
    first = planned_since.starts_on if planned_since else date(2026, 3, 30)
    assert waiting.exists()
    assert waiting[0].work_date == first


def test_a_plan_for_earlier_dates_wakes_them_however_old(company: Company) -> None:
    people.hire(
        number="900", name="Veteran", department=company.office, joined_on=date(2015, 1, 1),
        now=LONG_AFTER,
    )  # fmt: skip
    days.take_in_changes(now=LONG_AFTER)

    assign_shift(
        department=company.office, shift=company.day_shift, starts_on=date(2025, 6, 2),
        ends_on=date(2025, 6, 6), now=LONG_AFTER, actor=None,
    )  # fmt: skip
    days.take_in_changes(now=LONG_AFTER)

    assert WaitingDay.objects.filter(work_date=date(2025, 6, 3)).exists()
