from datetime import date

from attendance.engine import OvertimeClass, Rounding, Status
from attendance.summary import JudgedDay, PeriodTerms, summarise

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def test_days_that_are_not_owed_are_not_scheduled():
    days = [
        JudgedDay(MONDAY, Status.NORMAL, worked=480, required=480),
        JudgedDay(TUESDAY, Status.REST),
        JudgedDay(WEDNESDAY, Status.NOT_REQUIRED),
        JudgedDay(date(2026, 3, 5), Status.HOLIDAY),
    ]

    totals = summarise(days)

    assert (totals.scheduled_days, totals.normal_days, totals.rest_days) == (1, 1, 1)
    assert (totals.holiday_days, totals.worked_minutes) == (1, 480)


def test_half_a_day_of_leave_is_half_a_day():
    days = [
        JudgedDay(MONDAY, Status.NORMAL, leave=180, worked=300, required=480),
        JudgedDay(TUESDAY, Status.ON_LEAVE, leave=480, required=480),
        JudgedDay(WEDNESDAY, Status.NORMAL, leave=60, worked=420, required=480),
    ]

    totals = summarise(days)

    assert (totals.leave_days, totals.leave_minutes) == (1.5, 720)


def test_the_first_small_latenesses_are_forgiven_in_the_order_of_dates():
    days = [
        JudgedDay(WEDNESDAY, Status.LATE, late=8),
        JudgedDay(MONDAY, Status.LATE, late=11),
        JudgedDay(TUESDAY, Status.LATE, late=9),
    ]

    totals = summarise(days, PeriodTerms(forgive_times=1, forgive_up_to=10))

    assert (totals.late_count, totals.late_minutes, totals.forgiven_count) == (2, 19, 1)


def test_each_unit_sees_its_own_days():
    days = [
        JudgedDay(MONDAY, Status.ABSENT, absent_days=1.0, unit="north"),
        JudgedDay(TUESDAY, Status.NORMAL, unit="south"),
    ]

    totals = summarise(days)

    assert totals.absent_days == 1.0
    assert {unit: part.scheduled_days for unit, part in totals.by_unit.items()} == {
        "north": 1,
        "south": 1,
    }


def test_overtime_is_told_apart_by_the_kind_of_day():
    days = [
        JudgedDay(MONDAY, Status.NORMAL, overtime=30, overtime_class=OvertimeClass.WORKDAY),
        JudgedDay(TUESDAY, Status.REST_OVERTIME, overtime=60, overtime_class=OvertimeClass.RESTDAY),
        JudgedDay(
            WEDNESDAY, Status.HOLIDAY_OVERTIME, overtime=90, overtime_class=OvertimeClass.HOLIDAY
        ),
    ]

    totals = summarise(days)

    assert totals.overtime_minutes == 180
    assert totals.workday_overtime_minutes == 30
    assert totals.restday_overtime_minutes == 60
    assert totals.holiday_overtime_minutes == 90


def test_a_week_beyond_its_limit_is_weekly_overtime():
    days = [
        JudgedDay(date(2026, 3, 1), Status.NORMAL, worked=700),
        JudgedDay(MONDAY, Status.NORMAL, worked=700),
    ]

    totals = summarise(days, PeriodTerms(weekly_limit=600))

    assert totals.weekly_overtime_minutes == 200


def test_the_sum_is_rounded_once():
    days = [JudgedDay(MONDAY, Status.NORMAL, worked=464)] * 3

    totals = summarise(days, PeriodTerms(worked_unit=15, worked_rounding=Rounding.NEAREST))

    assert totals.worked_minutes == 1395
