"""A pattern and a date give a turn. Pure.

A rotation repeats from its anchor in both directions. A weekly pattern has seven turns, alternating
weeks (大小周) have fourteen; both are anchored on a Monday, so that turn 0 is a Monday.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

T = TypeVar("T")


def turn_index(length: int, anchored_on: date, day: date) -> int:
    """Return which turn (from 0) of a pattern of `length` days falls on `day`.

    Days before the anchor count backwards. Raises ValueError for a pattern without days.
    """
    if length < 1:
        raise ValueError("a pattern has at least one day")
    return (day - anchored_on).days % length


def turn_on(pattern: Sequence[T], anchored_on: date, day: date) -> T:
    """Return whose turn it is on `day` in a pattern that repeats from `anchored_on`."""
    return pattern[turn_index(len(pattern), anchored_on, day)]


def monday_of(day: date) -> date:
    """Return the Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def alternating(first_week: Sequence[T], second_week: Sequence[T]) -> tuple[T, ...]:
    """Return the fourteen turns of two weeks that alternate. Raises ValueError for odd weeks."""
    if len(first_week) != 7 or len(second_week) != 7:
        raise ValueError("a week has seven days")
    return (*first_week, *second_week)


def is_first_week(anchored_on: date, day: date) -> bool:
    """Say whether `day` lies in the first of two alternating weeks, anchored on a Monday."""
    return turn_index(14, monday_of(anchored_on), day) < 7
