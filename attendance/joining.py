"""What it means for a shift that somebody's phone joins the company's Wi-Fi, or leaves it. Pure.

Joining is an arrival where nothing else has told of one yet, up to the middle of what is due: later
it says nothing of the morning. Leaving is a departure from the end of what is due on. Phones roam
from one access point to the next and fall asleep, so neither is believed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from attendance.engine import Minute, Pairing, PlanKind, ShiftPlan, Span

# Who is back within this time had not left.
SETTLES: Final = timedelta(minutes=15)


class Silent(StrEnum):
    """Why a join is no punch."""

    OUTSIDE_WINDOW = "outside_window"
    ALREADY_THERE = "already_there"
    AFTER_MIDDLE = "after_middle"
    BEFORE_END = "before_end"
    ADDRESS_COOLING = "address_cooling"


class Due(NamedTuple):
    """A stretch in which somebody is due, and until when a moment belongs to it."""

    start: Minute
    end: Minute
    until: float


def arrival(
    plan: ShiftPlan, at: Minute, seen: Sequence[Minute], away: Sequence[Span] = ()
) -> int | Silent:
    """Return the number of the stretch that joining at `at` begins, or why it begins none.

    `seen` are the moments of this shift at which the person has punched, `away` their leave and
    outings.
    """
    if plan.kind is PlanKind.AMOUNT:
        return Silent.ALREADY_THERE if seen else 0
    dues = _dues(plan, away)
    number = _number(dues, at)
    if number is None:
        return Silent.OUTSIDE_WINDOW
    due = dues[number]
    if 2 * at > due.start + due.end:
        return Silent.AFTER_MIDDLE
    if any(_number(dues, moment) == number for moment in seen):
        return Silent.ALREADY_THERE
    return number


def departure(
    plan: ShiftPlan, at: Minute, seen: Sequence[Minute], away: Sequence[Span] = ()
) -> int | Silent:
    """Return the number of the stretch that leaving at `at` ends, or why it ends none."""
    if plan.kind is PlanKind.AMOUNT:
        # Pairs of punches are somebody's own to make: each one changes what all others mean.
        if plan.pairing is not Pairing.FIRST_LAST or not seen:
            return Silent.BEFORE_END
        return 0 if at - min(seen) >= max(plan.required, 1) else Silent.BEFORE_END
    dues = _dues(plan, away)
    number = _number(dues, at)
    if number is None:
        return Silent.OUTSIDE_WINDOW
    # Who may come earlier by so much may leave earlier by so much.
    flex = plan.early_flex if number == len(dues) - 1 else 0
    return number if at >= dues[number].end - flex else Silent.BEFORE_END


def _dues(plan: ShiftPlan, away: Sequence[Span]) -> list[Due]:
    """Return what is due of a shift, less what leave and outings cover at either end."""
    stretches = [plan.core] if plan.kind is PlanKind.CORE and plan.core else [*plan.segments]
    middles = [(one[1] + other[0]) / 2 for one, other in pairwise(stretches)]
    dues = []
    for (start, end), until in zip(stretches, [*middles, float("inf")], strict=True):
        for span in sorted(away):
            if span.start <= start < span.end:
                start = span.end
        for span in sorted(away, reverse=True):
            if span.start < end <= span.end:
                end = span.start
        dues.append(Due(start, max(start, end), until))
    return dues


def _number(dues: Sequence[Due], at: Minute) -> int | None:
    return next((number for number, due in enumerate(dues) if at < due.until), None)
