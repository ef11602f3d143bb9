"""The rule book: which steps judge a day, in which order."""

from collections.abc import Callable
from typing import Final

from attendance.engine import duties, hours, records, slots, steps
from attendance.engine.draft import Draft
from attendance.engine.overtime import settle_day_off
from attendance.engine.values import DayInput, DayResult, PlanKind

Step = Callable[[Draft], bool | None]

# The order is the rule book: read it from top to bottom. A step that returns True ends it.
BY_SHIFT: Final[tuple[Step, ...]] = (
    steps.settle_unclear,
    records.merge_repeats,
    duties.find_duties,
    slots.fill_slots,
    steps.flex_shift,
    steps.judge_arrivals,
    steps.find_missing,
    steps.judge_departures,
    steps.count_worked,
    steps.count_overtime,
    steps.conclude,
    steps.round_worked,
)
BY_CORE: Final[tuple[Step, ...]] = (
    steps.settle_unclear,
    records.merge_repeats,
    duties.find_duties,
    slots.fill_slots,
    steps.judge_arrivals,
    steps.find_missing,
    steps.judge_departures,
    steps.count_worked,
    steps.await_hours,
    steps.count_overtime,
    steps.conclude,
    steps.round_worked,
)
BY_HOURS: Final[tuple[Step, ...]] = (
    steps.settle_unclear,
    records.merge_repeats,
    hours.hear_absences,
    hours.pair_punches,
    hours.count_hours,
    hours.conclude_hours,
    steps.round_worked,
)
DAY_OFF: Final[tuple[Step, ...]] = (
    records.merge_repeats,
    settle_day_off,
)
STEPS: Final = {
    PlanKind.SEGMENTS: BY_SHIFT,
    PlanKind.CORE: BY_CORE,
    PlanKind.AMOUNT: BY_HOURS,
    PlanKind.OFF: DAY_OFF,
}


def evaluate_day(day: DayInput) -> DayResult:
    """Judge one employee-day. The same input always gives the same result.

    Raise ValueError if the plan does not fit the kind of day: a day off has a plan of its own.
    """
    draft = Draft(day)
    if not steps.settle_unowed(draft):
        for step in STEPS[draft.plan.kind]:
            if step(draft):
                break
    return draft.result()
