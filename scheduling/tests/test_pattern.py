from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.pattern import (
    Code,
    Flexible,
    FlexMode,
    Free,
    Kind,
    LateArrival,
    LonePunch,
    Overtime,
    OvertimeMode,
    OvertimeTerms,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    overlap,
    problems,
    rest_between,
    shift_problems,
    timezone_problem,
)

OFFICE = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)
SPLIT = ShiftPattern(segments=((540, 720), (810, 1080)))
NIGHT = ShiftPattern(segments=((1320, 1800),))
FLEX = ShiftPattern(kind=Kind.FLEXIBLE, segments=((540, 1080),), flexible=Flexible(late_max=60))


def changed(pattern, **changes):
    return [(problem.code, problem.field) for problem in problems(replace(pattern, **changes))]


@pytest.mark.parametrize("pattern", [OFFICE, SPLIT, NIGHT, FLEX])
def test_a_sound_pattern_has_no_problem(pattern):
    assert problems(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "changes", "expected"),
    [
        (OFFICE, {"segments": ((540, 540),)}, (Code.END_BEFORE_START, "segments.0.end")),
        (OFFICE, {"segments": ()}, (Code.SEGMENTS_MISSING, "segments")),
        (OFFICE, {"late_grace": -1}, (Code.NEGATIVE_MINUTES, "late_grace")),
        (OFFICE, {"window_after": -5}, (Code.NEGATIVE_MINUTES, "window_after")),
        (OFFICE, {"breaks": ((700, 700),)}, (Code.END_BEFORE_START, "breaks.0.end")),
        (OFFICE, {"breaks": ((500, 560),)}, (Code.BREAK_OUTSIDE_SEGMENT, "breaks.0")),
        (OFFICE, {"breaks": ((720, 780), (760, 800))}, (Code.BREAKS_OVERLAP, "breaks.1")),
        (OFFICE, {"severe_late_after": 5}, (Code.TIERS_NOT_NESTED, "severe_late_after")),
        (OFFICE, {"absent_late_after": 9}, (Code.TIERS_NOT_NESTED, "absent_late_after")),
        (
            OFFICE,
            {"half_day_below": 60, "absent_below": 120},
            (Code.TIERS_NOT_NESTED, "half_day_below"),
        ),
        (OFFICE, {"absent_late_days": 1.5}, (Code.DAYS_OUT_OF_RANGE, "absent_late_days")),
        (OFFICE, {"worked_unit": 0}, (Code.UNIT_TOO_SMALL, "worked_unit")),
        (OFFICE, {"lone_punch": "guess"}, (Code.UNKNOWN_CHOICE, "lone_punch")),
        (OFFICE, {"late_grace": "10"}, (Code.NOT_MINUTES, "late_grace")),
        (OFFICE, {"late_grace": None}, (Code.NOT_MINUTES, "late_grace")),
        (OFFICE, {"segments": ((540,),)}, (Code.NOT_MINUTES, "segments.0")),
        (SPLIT, {"segments": ((540, 730), (720, 1080))}, (Code.SEGMENTS_OVERLAP, "segments.1")),
        (
            SPLIT,
            {"segments": ((810, 1080), (540, 720))},
            (Code.SEGMENTS_UNORDERED, "segments.1.start"),
        ),
        (NIGHT, {"segments": ((540, 1981),)}, (Code.SHIFT_TOO_LONG, "segments")),
        (NIGHT, {"segments": ((2000, 2881),)}, (Code.SHIFT_TOO_LONG, "segments")),
        (FLEX, {"late_grace": 10}, (Code.GRACE_AND_FLEX, "late_grace")),
        (FLEX, {"early_grace": 10}, (Code.GRACE_AND_FLEX, "early_grace")),
        (FLEX, {"flexible": None}, (Code.FLEX_MISSING, "flexible")),
        (FLEX, {"flexible": Flexible(late_max=361)}, (Code.FLEX_TOO_LARGE, "flexible.late_max")),
        (FLEX, {"flexible": Flexible(early_max=361)}, (Code.FLEX_TOO_LARGE, "flexible.early_max")),
        (
            FLEX,
            {"flexible": Flexible(mode=FlexMode.CORE)},
            (Code.FLEX_MISSING, "flexible.core_start"),
        ),
        (
            FLEX,
            {"flexible": Flexible(mode=FlexMode.CORE, core_start=600, core_end=600)},
            (Code.END_BEFORE_START, "flexible.core_end"),
        ),
        (
            FLEX,
            {"flexible": Flexible(mode=FlexMode.CORE, core_start=500, core_end=900)},
            (Code.CORE_OUTSIDE_SEGMENT, "flexible.core_start"),
        ),
        (
            FLEX,
            {"flexible": Flexible(mode=FlexMode.DAILY_HOURS), "segments": ()},
            (Code.FLEX_MISSING, "flexible.required"),
        ),
        (
            OFFICE,
            {"overtime": Overtime(workday=OvertimeTerms(unit=0))},
            (Code.UNIT_TOO_SMALL, "overtime.workday.unit"),
        ),
        (
            OFFICE,
            {"overtime": Overtime(holiday=OvertimeTerms(min=60, max=30))},
            (Code.TIERS_NOT_NESTED, "overtime.holiday.max"),
        ),
        (
            OFFICE,
            {"overtime": Overtime(restday=OvertimeTerms(rest=((780, 720),)))},
            (Code.END_BEFORE_START, "overtime.restday.rest.0"),
        ),
        (
            OFFICE,
            {
                "late_arrivals": (
                    LateArrival(left_from=1200, arrive_by=600),
                    LateArrival(left_from=1320, arrive_by=570),
                )
            },
            (Code.TIERS_NOT_NESTED, "late_arrivals"),
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_field(pattern, changes, expected):
    """A-05: the one set of rules that every door asks."""
    assert expected in changed(pattern, **changes)


def test_equal_tiers_are_nested():
    tiers = {"late_grace": 10, "severe_late_after": 10, "absent_late_after": 10}

    assert changed(OFFICE, **tiers) == []


def test_a_24_hour_shift_is_not_too_long():
    assert changed(NIGHT, segments=((540, 1980),)) == []


def test_free_hours_need_no_segments():
    assert problems(ShiftPattern(kind=Kind.FREE, free=Free(day_boundary=300))) == []


def test_touching_shifts_do_not_overlap():
    assert overlap(((1320, 1800),), ((360, 840),), days_apart=1) is None


def test_shifts_that_share_minutes_are_named():
    found = shift_problems((0, ((1320, 1801),)), (1, ((360, 840),)))

    assert [(problem.code, problem.field) for problem in found] == [
        (Code.SHIFT_OVERLAP, "shifts.1")
    ]
    assert found[0].facts == {"start": 1800, "end": 1801, "first": 0}


def test_rest_runs_from_one_end_to_the_next_start():
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)

    assert rest_between(OFFICE, monday, OFFICE, tuesday) == 15 * 60
    assert rest_between(NIGHT, monday, OFFICE, tuesday) == 3 * 60
    assert rest_between(NIGHT, monday, ShiftPattern(kind=Kind.FREE, free=Free()), tuesday) is None


@pytest.mark.parametrize("name", ["Asia/Beijing", "", None, "../UTC", "localtime", 8])
def test_only_iana_names_are_time_zones(name):
    """A-05."""
    problem = timezone_problem(name)

    assert problem is not None
    assert problem.code == Code.UNKNOWN_TIMEZONE


def test_asia_shanghai_is_a_time_zone():
    assert timezone_problem("Asia/Shanghai") is None


minutes = st.integers(-100, 3000)
spans = st.lists(st.tuples(minutes, minutes), max_size=3).map(tuple)
maybe = st.none() | minutes
terms = st.none() | st.builds(
    OvertimeTerms,
    start_after=minutes,
    min=minutes,
    max=maybe,
    unit=minutes,
    rounding=st.sampled_from(RoundingMode),
    count_before_shift=st.booleans(),
    rest=spans,
    rest_tiers=spans,
)
patterns = st.builds(
    ShiftPattern,
    kind=st.sampled_from(Kind),
    segments=spans,
    breaks=spans,
    late_grace=minutes,
    severe_late_after=maybe,
    absent_late_after=maybe,
    absent_late_days=st.sampled_from([0.0, 0.5, 1.0]),
    absent_by_segment=st.booleans(),
    lone_punch=st.sampled_from(LonePunch),
    flexible=st.none()
    | st.builds(
        Flexible,
        mode=st.sampled_from(FlexMode),
        late_max=minutes,
        core_start=maybe,
        core_end=maybe,
        required=maybe,
    ),
    free=st.none() | st.builds(Free, day_boundary=minutes, pairing=st.sampled_from(PairingMode)),
    overtime=st.none()
    | st.builds(
        Overtime, mode=st.sampled_from(OvertimeMode), workday=terms, restday=terms, holiday=terms
    ),
    late_arrivals=st.lists(
        st.builds(LateArrival, left_from=minutes, arrive_by=minutes), max_size=2
    ).map(tuple),
    worked_unit=minutes,
)


@given(patterns)
def test_a_stored_pattern_reads_back_unchanged(pattern):
    read = ShiftPattern.from_json(pattern.to_json())

    assert read == pattern
    assert hash(read) == hash(pattern)


@given(patterns)
def test_the_validators_never_stumble(pattern):
    assert all(isinstance(problem.code, Code) for problem in problems(pattern))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"lunch": 1}, "lunch: no such field"),
        ({"late_grace": "10"}, "late_grace: '10' is not of type int"),
        ({"late_grace": True}, "late_grace: True is not of type int"),
        ({"kind": "odd"}, "kind: 'odd' is none of fixed, flexible, free"),
        ({"segments": 5}, "segments: 5 is not a list"),
        ({"segments": [[1]]}, r"segments\.0: \[1\] does not have 2 parts"),
        ({"flexible": []}, r"flexible: \[\] is not an object"),
        ({"overtime": {"workday": {"rest": [["a", 2]]}}}, r"overtime\.workday\.rest\.0\.0: 'a'"),
        ({"late_arrivals": [{"left_from": 1200}]}, r"late_arrivals\.0\.arrive_by: is lacking"),
    ],
)
def test_a_damaged_pattern_is_refused_by_the_name_of_its_field(written, message):
    with pytest.raises(ValueError, match=message):
        ShiftPattern.from_json(written)
