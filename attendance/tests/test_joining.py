from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.engine import Minute, Pairing, PlanKind, ShiftPlan, Span
from attendance.joining import Silent, arrival, departure


def at(text):
    hours, minutes = text.split(":")
    return Minute(60 * int(hours) + int(minutes))


def stretch(text):
    start, end = text.split("-")
    return at(start), at(end)


def plan(*segments, window="05:00-29:00", **more):
    opens, closes = stretch(window)
    kind = more.pop("kind", PlanKind.SEGMENTS)
    return ShiftPlan(
        kind=kind, work_date=date(1970, 1, 1), opens=opens, closes=closes,
        segments=tuple(map(stretch, segments)), **more,
    )  # fmt: skip


DAY = plan("09:00-18:00")
TWO = plan("09:00-12:00", "13:00-18:00")
CORE = plan("07:00-20:00", kind=PlanKind.CORE, core=stretch("10:00-16:00"))
FREE = plan(kind=PlanKind.AMOUNT, required=480)
NIGHT = plan("22:00-30:00", window="17:00-35:00")


@pytest.mark.parametrize(
    ("shift", "moment", "seen", "expected"),
    [
        (DAY, "08:55", (), 0),
        (DAY, "13:30", (), 0),
        (DAY, "13:31", (), Silent.AFTER_MIDDLE),
        (DAY, "17:59", (), Silent.AFTER_MIDDLE),
        (DAY, "09:40", ("08:55",), Silent.ALREADY_THERE),
        (TWO, "08:55", (), 0),
        (TWO, "12:29", ("08:55",), Silent.AFTER_MIDDLE),
        (TWO, "12:30", ("08:55",), 1),
        (TWO, "12:58", ("08:55", "12:05"), 1),
        (TWO, "13:20", ("08:55", "12:05", "12:58"), Silent.ALREADY_THERE),
        (CORE, "13:00", (), 0),
        (CORE, "13:01", (), Silent.AFTER_MIDDLE),
        (FREE, "15:00", (), 0),
        (FREE, "15:00", ("08:00",), Silent.ALREADY_THERE),
        (NIGHT, "21:50", (), 0),
        (NIGHT, "26:01", (), Silent.AFTER_MIDDLE),
    ],
)
def test_the_first_join_up_to_the_middle_is_the_arrival(shift, moment, seen, expected):
    assert arrival(shift, at(moment), [at(one) for one in seen]) == expected


@pytest.mark.parametrize(
    ("shift", "moment", "seen", "expected"),
    [
        (DAY, "12:00", ("08:55",), Silent.BEFORE_END),
        (DAY, "17:59", ("08:55",), Silent.BEFORE_END),
        (DAY, "18:00", ("08:55",), 0),
        (DAY, "21:10", ("08:55", "18:20"), 0),
        (DAY, "18:10", (), 0),
        (replace(DAY, early_flex=30), "17:30", (), 0),
        (TWO, "12:05", ("08:55",), 0),
        (TWO, "12:45", ("08:55",), Silent.BEFORE_END),
        (TWO, "18:01", (), 1),
        (CORE, "15:59", (), Silent.BEFORE_END),
        (CORE, "16:00", (), 0),
        (FREE, "15:59", ("08:00",), Silent.BEFORE_END),
        (FREE, "16:00", ("08:00",), 0),
        (FREE, "20:00", (), Silent.BEFORE_END),
        (replace(FREE, pairing=Pairing.ALTERNATING), "20:00", ("08:00",), Silent.BEFORE_END),
        (NIGHT, "30:05", ("21:50",), 0),
    ],
)
def test_leaving_counts_from_the_end_on(shift, moment, seen, expected):
    assert departure(shift, at(moment), [at(one) for one in seen]) == expected


def test_leave_in_the_morning_moves_the_middle():
    leave = [Span(at("08:00"), at("13:00"), "leave")]

    assert arrival(DAY, at("14:00"), [], leave) == 0
    assert arrival(DAY, at("15:31"), [], leave) is Silent.AFTER_MIDDLE


def test_leave_in_the_afternoon_moves_the_end():
    leave = [Span(at("13:00"), at("18:00"), "leave")]

    assert departure(DAY, at("12:59"), [], leave) is Silent.BEFORE_END
    assert departure(DAY, at("13:02"), [], leave) == 0


minutes = st.integers(300, 1740)


@given(st.sampled_from((DAY, TWO, CORE, FREE)), st.lists(minutes, max_size=30))
def test_however_often_a_phone_joins_each_stretch_has_one_arrival(shift, moments):
    seen: list[Minute] = []
    arrivals = []
    for moment in sorted(moments):
        found = arrival(shift, Minute(moment), seen)
        if not isinstance(found, Silent):
            arrivals.append(found)
            seen.append(Minute(moment))

    assert len(arrivals) == len(set(arrivals)) <= max(1, len(shift.segments))
