import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from attendance.engine import DayType, PlanKind
from attendance.planning import (
    NONEXISTENT,
    WeekPattern,
    lay_out,
    lay_out_day_off,
    minute_of,
    moment_of,
    resolve_day,
)
from scheduling.pattern import Flexible, Free, Kind, Overtime, OvertimeTerms, ShiftPattern
from scheduling.timeline import punch_window

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
TUESDAY, SATURDAY = date(2026, 9, 1), date(2026, 9, 5)
OFFICE = ShiftPattern(segments=((540, 1080),), window_before=180, window_after=360)
NIGHT = ShiftPattern(segments=((1320, 1800),), window_before=120, window_after=240)
FIVE_DAYS = WeekPattern((frozenset({1, 2, 3, 4, 5}),))
EARNING = Overtime(restday=OvertimeTerms())


def at(text, zone=SHANGHAI):
    return minute_of(datetime.fromisoformat(text).replace(tzinfo=zone))


def test_a_plan_is_shared_by_all_who_work_the_shift():
    assert lay_out(OFFICE, TUESDAY, SHANGHAI) is lay_out(OFFICE, TUESDAY, SHANGHAI)


MOVING = ShiftPattern(
    kind=Kind.FLEXIBLE, segments=((540, 1080),), flexible=Flexible(early_max=60, late_max=180),
    window_before=60, window_after=120,
)  # fmt: skip


@pytest.mark.parametrize("pattern", [OFFICE, NIGHT, MOVING], ids=["fixed", "night", "moving"])
def test_the_window_that_a_shift_tells_is_the_one_that_counts(pattern):
    plan, midnight = lay_out(pattern, TUESDAY, SHANGHAI), at("2026-09-01T00:00")

    opens, closes = punch_window(pattern)

    assert (plan.opens, plan.closes) == (midnight + opens, midnight + closes)


def test_a_night_ends_on_the_next_date():
    plan = lay_out(NIGHT, TUESDAY, SHANGHAI)

    assert plan.segments == ((at("2026-09-01T22:00"), at("2026-09-02T06:00")),)
    assert (plan.opens, plan.closes) == (at("2026-09-01T20:00"), at("2026-09-02T10:00"))


def test_a_night_into_spring_is_an_hour_shorter():
    plan = lay_out(NIGHT, date(2026, 3, 28), BERLIN)

    assert plan.required == 420


def test_a_start_that_does_not_exist_is_a_problem_of_that_date_only():
    early = ShiftPattern(segments=((150, 600),))

    assert lay_out(early, date(2026, 3, 29), BERLIN).problem == NONEXISTENT
    assert lay_out(early, date(2026, 3, 30), BERLIN).problem == ""


def test_a_free_day_runs_from_boundary_to_boundary():
    free = ShiftPattern(kind=Kind.FREE, free=Free(day_boundary=300))

    plan = lay_out(free, TUESDAY, SHANGHAI)

    assert plan.kind is PlanKind.AMOUNT
    assert (plan.opens, plan.closes) == (at("2026-09-01T05:00"), at("2026-09-02T04:59"))


def test_a_day_off_without_overtime_has_no_plan():
    assert lay_out_day_off(None, DayType.REST, SATURDAY, SHANGHAI, OFFICE) is None
    assert lay_out_day_off(EARNING, DayType.HOLIDAY, SATURDAY, SHANGHAI, OFFICE) is None


def test_a_day_off_takes_punches_all_day_and_in_the_night_that_would_have_been():
    plan = lay_out_day_off(EARNING, DayType.REST, SATURDAY, SHANGHAI, NIGHT)

    assert plan is not None
    assert (plan.opens, plan.closes) == (at("2026-09-05T00:00"), at("2026-09-06T10:00"))


def test_moments_before_the_epoch_are_floored_too():
    moment = datetime.fromisoformat("1969-12-31T23:58:30+00:00")

    assert minute_of(moment) == -2
    assert moment_of(minute_of(moment)) == moment.replace(second=0)


@pytest.mark.parametrize(
    ("day", "statutory", "special", "rostered", "expected"),
    [
        (TUESDAY, {}, {}, None, DayType.WORKDAY),
        (SATURDAY, {}, {}, None, DayType.REST),
        (SATURDAY, {SATURDAY: DayType.MAKEUP_WORKDAY}, {}, None, DayType.MAKEUP_WORKDAY),
        (TUESDAY, {TUESDAY: DayType.HOLIDAY}, {}, None, DayType.HOLIDAY),
        (
            TUESDAY,
            {TUESDAY: DayType.HOLIDAY},
            {TUESDAY: DayType.SPECIAL_WORKDAY},
            None,
            DayType.SPECIAL_WORKDAY,
        ),
        (
            SATURDAY,
            {SATURDAY: DayType.MAKEUP_WORKDAY},
            {SATURDAY: DayType.REST},
            None,
            DayType.REST,
        ),
        (TUESDAY, {TUESDAY: DayType.HOLIDAY}, {}, DayType.WORKDAY, DayType.WORKDAY),
        (TUESDAY, {TUESDAY: DayType.HOLIDAY}, {}, DayType.REST, DayType.HOLIDAY),
        (TUESDAY, {}, {}, DayType.REST, DayType.REST),
        (
            SATURDAY,
            {SATURDAY: DayType.MAKEUP_WORKDAY},
            {},
            DayType.WORKDAY,
            DayType.MAKEUP_WORKDAY,
        ),
    ],
)
def test_roster_outranks_special_days_outrank_the_law_outranks_the_week(
    day, statutory, special, rostered, expected
):
    resolved = resolve_day(
        day, week=FIVE_DAYS, statutory=statutory, special=special, rostered=rostered
    )

    assert resolved is expected


def test_weeks_that_take_turns_count_from_the_anchor():
    big_and_small = WeekPattern(
        (frozenset({1, 2, 3, 4, 5, 6}), frozenset({1, 2, 3, 4, 5})), anchor=date(2026, 9, 2)
    )

    saturdays = [date(2026, 8, 29), date(2026, 9, 5), date(2026, 9, 12), date(2026, 9, 19)]

    assert [big_and_small.is_working(day) for day in saturdays] == [False, True, False, True]


def test_weeks_that_take_turns_without_an_anchor_are_refused():
    weeks = WeekPattern((frozenset({1}), frozenset({2})))

    with pytest.raises(ValueError, match="anchor"):
        weeks.is_working(TUESDAY)


@pytest.mark.parametrize("server", ["Pacific/Honolulu", "Asia/Shanghai", "Europe/Berlin"])
def test_the_zone_of_the_server_changes_nothing(server, monkeypatch):
    monkeypatch.setenv("TZ", server)
    time.tzset()
    lay_out.cache_clear()

    plan = lay_out(NIGHT, date(2026, 3, 28), BERLIN)

    assert plan.segments == ((at("2026-03-28T22:00", BERLIN), at("2026-03-29T06:00", BERLIN)),)
    assert plan.required == 420


@pytest.fixture(autouse=True)
def _server_zone():
    yield
    time.tzset()
