from django.utils import translation
from hypothesis import given, settings

from scheduling.pattern import (
    Flexible,
    FlexMode,
    Free,
    Kind,
    LateArrival,
    LonePunch,
    Overtime,
    OvertimeTerms,
    PairingMode,
    ShiftPattern,
)
from scheduling.shift_words import short_hours, tell, wall, wall_span
from scheduling.tests.patterns import sound_patterns
from scheduling.timeline import draw


def said(pattern: ShiftPattern) -> list[str]:
    """Return the sentences with plain spaces."""
    return [sentence.replace("\u00a0", " ") for sentence in tell(pattern)]


def test_a_plain_day_is_told_from_its_hours_to_its_overtime() -> None:
    pattern = ShiftPattern(
        segments=((540, 1080),),
        breaks=((720, 780),),
        late_grace=10,
        early_grace=1,
        severe_late_after=30,
        absent_late_after=90,
        absent_early_after=60,
        absent_early_days=1.0,
        half_day_below=240,
        absent_below=120,
        absent_by_segment=True,
        lone_punch=LonePunch.IN_UNTIL_END,
        overtime=Overtime(workday=OvertimeTerms(start_after=30, min=60, count_before_shift=True)),
        worked_unit=15,
    )

    assert said(pattern) == [
        "Works 09:00 to 18:00 with a break 12:00 to 13:00: 8 h.",
        "Up to 10 minutes late is still on time; after that, the full distance counts.",
        "More than 30 min late is severely late.",
        "More than 1 h 30 min late counts as 0.5 day absent.",
        "Leaving up to 1 minute early is still on time.",
        "Leaving more than 1 h early counts as 1 day absent.",
        "Working less than 4 h is half a day.",
        "Working less than 2 h is a day absent.",
        "A working time without punches is absent by its share of the day.",
        "Punches count from 07:00 until 22:00.",
        "A single punch is an arrival before the end of the shift, a departure after it.",
        "Overtime on working days: from 30 min after the end, and before the start, at least 1 h.",
        "Overtime is proven by punches.",
        "Worked time counts in steps of 15 min, rounded down.",
    ]


def test_a_night_is_told_with_its_next_day() -> None:
    assert said(ShiftPattern(segments=((1320, 1800),), breaks=((1560, 1590),)))[0] == (
        "Works 22:00 to 06:00 the next day with a break 02:00 to 02:30 the next day: 7 h 30 min."
    )


def test_hours_that_move_are_told() -> None:
    pattern = ShiftPattern(
        kind=Kind.FLEXIBLE,
        segments=((540, 1080),),
        flexible=Flexible(early_max=30, late_max=60),
        late_arrivals=(LateArrival(left_from=1320, arrive_by=630),),
    )

    assert said(pattern) == [
        "Works 09:00 to 18:00: 9 h.",
        "Start and end move together: up to 30 min earlier or 1 h later; "
        "whoever comes later still is late.",
        "Punches count from 07:00 until 22:00.",
        "Whoever left at 22:00 or later the evening before starts at 10:30.",
    ]


def test_a_core_is_told() -> None:
    flexible = Flexible(mode=FlexMode.CORE, core_start=600, core_end=960, required=480)

    assert said(ShiftPattern(kind=Kind.FLEXIBLE, segments=((480, 1200),), flexible=flexible))[
        1
    ] == ("Late and early count against the core time 10:00 to 16:00; 8 h are owed.")


def test_hours_without_a_plan_are_told() -> None:
    free = ShiftPattern(
        kind=Kind.FREE, free=Free(day_boundary=240, pairing=PairingMode.ALTERNATING, required=480)
    )
    amount = ShiftPattern(
        kind=Kind.FLEXIBLE, flexible=Flexible(mode=FlexMode.DAILY_HOURS, required=420)
    )

    assert said(free) == [
        "No fixed hours; 8 h a day are owed.",
        "A day runs from 04:00 to 04:00 the next day.",
        "Punches are in and out by turns; the time between in and out counts.",
    ]
    assert said(amount) == [
        "No fixed hours; 7 h a day are owed.",
        "A day runs from midnight to midnight.",
    ]


def test_wall_times_say_their_day() -> None:
    assert [wall(-30), wall(0), wall(1440), wall(1800)] == [
        "23:30 the day before",
        "00:00",
        "00:00 the next day",
        "06:00 the next day",
    ]
    assert wall_span((1500, 1560)) == "01:00 to 02:00 the next day"


def test_a_night_is_drawn_across_its_midnight() -> None:
    line = draw(ShiftPattern(segments=((1320, 1800),), breaks=((1560, 1590),), late_grace=5))

    assert [(bar.kind, bar.start, bar.end) for bar in line.bars] == [
        ("work", 1320, 1800),
        ("break", 1560, 1590),
        ("grace", 1320, 1325),
    ]
    assert (line.window.start, line.window.end) == (1200, 2040)
    assert [tick.minute for tick in line.ticks if tick.is_midnight] == [1440]


@settings(max_examples=60)
@given(sound_patterns())
def test_every_sound_pattern_can_be_told_and_drawn(pattern) -> None:
    line = draw(pattern)

    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert all(tell(pattern))
            assert short_hours(pattern)
    for bar in (line.window, *line.bars):
        assert -0.01 <= bar.left <= bar.left + bar.width <= 100.01
    assert 1 <= len(line.ticks) <= 10
