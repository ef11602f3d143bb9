"""Overtime: from what it counts, what proves it, and how it is rounded (C11, C12)."""

from collections.abc import Iterable
from typing import Final

from attendance.engine.draft import Draft, rounded
from attendance.engine.spans import common, length, union, without
from attendance.engine.values import (
    DayType,
    Minute,
    OvertimeMode,
    OvertimePlan,
    Status,
    Stretch,
)

_EARNING: Final = {
    DayType.REST: Status.REST_OVERTIME,
    DayType.HOLIDAY: Status.HOLIDAY_OVERTIME,
}
_RESTING: Final = {DayType.REST: Status.REST, DayType.HOLIDAY: Status.HOLIDAY}


def count_workday_overtime(draft: Draft) -> None:
    """Count what lies outside the shift: after it, and before it where the terms say so.

    The whole stretch from first start to last end is the shift's: the gap at noon earns nothing.
    """
    terms = draft.plan.overtime
    if terms is None or not draft.segments:
        return
    start, end = draft.segments[0][0], draft.segments[-1][1]
    if terms.mode is OvertimeMode.APPLY_ONLY:
        _credit(draft, terms, without(_approved(draft), [(start, end)]))
        return
    first, last = draft.duties[0], draft.duties[-1]
    approved = terms.mode is OvertimeMode.APPLY_AND_PUNCH
    # An approval for the hours before the shift is the explicit word that C11 asks for.
    before = terms.count_before_shift or approved
    present: list[Stretch] = []
    if before and first.arrived is not None and first.finishes is not None:
        present.append((first.arrived, min(start, first.finishes)))
    counts_from = end + terms.start_after
    if last.left is not None and last.left > counts_from and last.begins is not None:
        present.append((Minute(max(counts_from, last.begins)), last.left))
    if not present:
        return
    present = union(present)
    if approved:
        present = common(present, _approved(draft))
    _credit(draft, terms, present)


def count_excess(draft: Draft, total: int, present: list[Stretch]) -> None:
    """Count the hours beyond the amount that the day asks for, where only the amount matters."""
    terms = draft.plan.overtime
    if terms is None or not draft.plan.required:
        return
    if terms.mode is OvertimeMode.APPLY_ONLY:
        _credit(draft, terms, _approved(draft))
        return
    excess = max(0, total - draft.plan.required - terms.start_after)
    if terms.mode is OvertimeMode.APPLY_AND_PUNCH:
        excess = min(excess, length(common(present, _approved(draft))))
    _earn(draft, terms, excess)


def settle_day_off(draft: Draft) -> bool:
    """Settle a rest day or holiday: first to last less rest is overtime, and nothing is due."""
    day_type = draft.day.day_type
    terms = draft.plan.overtime
    if terms is not None:
        approved = _approved(draft)
        present = _presence_on_day_off(draft)
        if terms.mode is OvertimeMode.APPLY_ONLY:
            present = approved
        elif terms.mode is OvertimeMode.APPLY_AND_PUNCH:
            present = common(present, approved)
        _credit(draft, terms, present)
    draft.status = (_EARNING if draft.overtime else _RESTING)[day_type]
    if not draft.overtime:
        draft.note("day_off", {"kind": day_type.value})
    return True


def _presence_on_day_off(draft: Draft) -> list[Stretch]:
    first = last = None
    if len(draft.records) > 1:
        first, last = draft.records[0].first // 60, draft.records[-1].last // 60
    elif draft.records:
        first = last = draft.records[0].first // 60
    for slot, at, _ in sorted(draft.day.corrections, key=lambda made: made.id):
        if slot.startswith("in"):
            first, last = at, at if last is None else last
        else:
            first, last = at if first is None else first, at
    return union([(first, last)]) if first is not None and last is not None else []  # type: ignore[list-item]


def _approved(draft: Draft) -> list[Stretch]:
    return union((span[0], span[1]) for span in draft.day.overtime)


def _credit(draft: Draft, terms: OvertimePlan, counted: Iterable[Stretch]) -> None:
    """Earn stretches of overtime, less the fixed rests that lie in them."""
    stretches = list(counted)
    if not stretches:
        return
    gross = length(stretches)
    minutes = length(without(stretches, terms.rests)) if terms.rests else gross
    _earn(draft, terms, minutes, gross)


def _earn(draft: Draft, terms: OvertimePlan, minutes: int, gross: int | None = None) -> None:
    """Earn minutes: below the minimum nothing, never above the maximum, then rounded."""
    gross = minutes if gross is None else gross
    for reached, rest in terms.rest_tiers:
        if minutes >= reached:
            minutes = max(0, minutes - rest)
            break
    if minutes <= 0:
        return
    if minutes < terms.minimum:
        draft.note("overtime_below_minimum", {"minutes": minutes, "minimum": terms.minimum})
        return
    counted = minutes
    if terms.maximum is not None and counted > terms.maximum:
        counted = terms.maximum
    counted = rounded(counted, terms.unit, terms.rounding)
    if counted:
        draft.overtime = counted
        draft.overtime_class = terms.kind
    facts = {
        "kind": terms.kind.value,
        "minutes": counted,
        "gross": gross,
        "rest": gross - minutes,
        "unit": terms.unit,
    }
    draft.note("overtime", facts)
