from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rotation import alternating, is_first_week, monday_of, turn_index, turn_on

# 2026-03-02 is a Monday.
MONDAY = date(2026, 3, 2)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("after", "turn"),
    [(0, "early"), (1, "early"), (2, "night"), (3, "rest"), (4, "early"), (-1, "rest")],
)
def test_a_pattern_repeats_in_both_directions(after: int, turn: str) -> None:
    pattern = ("early", "early", "night", "rest")

    assert turn_on(pattern, MONDAY, MONDAY + timedelta(days=after)) == turn


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 3, 7), True),
        (date(2026, 3, 14), False),
        (date(2026, 3, 21), True),
        (date(2026, 2, 28), False),
        (date(2026, 3, 8), False),
    ],
)
def test_alternating_weeks_work_every_second_saturday(day: date, works: bool) -> None:
    pattern = alternating([True] * 6 + [False], [True] * 5 + [False] * 2)

    assert turn_on(pattern, MONDAY, day) is works
    assert is_first_week(MONDAY, day) == ((monday_of(day) - MONDAY).days % 14 < 7)


@given(st.integers(1, 366), days, days)
def test_a_turn_comes_again_after_its_pattern(length: int, anchor: date, day: date) -> None:
    turn = turn_index(length, anchor, day)

    assert 0 <= turn < length
    assert turn_index(length, anchor + timedelta(days=length), day) == turn
    assert turn_index(length, day, day) == 0


def test_odd_patterns_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        turn_index(0, MONDAY, MONDAY)
    with pytest.raises(ValueError, match="seven days"):
        alternating([1] * 6, [1] * 7)
