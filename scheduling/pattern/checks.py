"""What can be wrong with a shift. The form, the API, the importer and `run_cases` share this."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import available_timezones

from scheduling.pattern.values import (
    Flexible,
    FlexMode,
    Kind,
    LonePunch,
    OvertimeMode,
    OvertimeTerms,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    WallSpan,
)

DAY: Final = 1440
LAST_MINUTE: Final = 2 * DAY
LONGEST_SHIFT: Final = DAY
LARGEST_FLEX: Final = 360


class Code(StrEnum):
    """What can be wrong with a configuration. The codes stay; sentences are made elsewhere."""

    SHIFT_OVERLAP = "shift_overlap"
    SEGMENTS_OVERLAP = "segments_overlap"
    SEGMENTS_UNORDERED = "segments_unordered"
    SEGMENTS_MISSING = "segments_missing"
    END_BEFORE_START = "end_before_start"
    BREAK_OUTSIDE_SEGMENT = "break_outside_segment"
    BREAKS_OVERLAP = "breaks_overlap"
    SHIFT_TOO_LONG = "shift_too_long"
    NEGATIVE_MINUTES = "negative_minutes"
    NOT_MINUTES = "not_minutes"
    TIERS_NOT_NESTED = "tiers_not_nested"
    DAYS_OUT_OF_RANGE = "days_out_of_range"
    GRACE_AND_FLEX = "grace_and_flex"
    FLEX_TOO_LARGE = "flex_too_large"
    FLEX_MISSING = "flex_missing"
    CORE_OUTSIDE_SEGMENT = "core_outside_segment"
    UNIT_TOO_SMALL = "unit_too_small"
    UNKNOWN_CHOICE = "unknown_choice"
    UNKNOWN_TIMEZONE = "unknown_timezone"


class Problem(NamedTuple):
    """One thing wrong: a stable code, the path of the field, and the facts for a sentence."""

    code: Code
    field: str
    facts: Mapping[str, object]


def problems(pattern: ShiftPattern) -> list[Problem]:
    """Return all that is wrong with a pattern, gravest first; an empty list means it is sound.

    Odd values (a text where minutes belong, a negative grace) are reported, never raised.
    """
    found = list(_unreadable(pattern))
    if found:
        return found
    found += _wrong_minutes(pattern)
    found += _wrong_segments(pattern)
    found += _wrong_breaks(pattern)
    found += _wrong_tiers(pattern)
    found += _wrong_flex(pattern)
    found += _wrong_overtime(pattern)
    return found


def overlap(
    one: Sequence[WallSpan], other: Sequence[WallSpan], *, days_apart: int = 0
) -> WallSpan | None:
    """Return the first wall minutes two shifts share, or None; touching ends share nothing.

    `days_apart` is the other's work date less the first's. The result counts from the first's
    work date.
    """
    shift = days_apart * DAY
    shared = [
        (max(start, begin + shift), min(end, stop + shift))
        for start, end in one
        for begin, stop in other
    ]
    return min((span for span in shared if span[0] < span[1]), default=None)


def shift_problems(*shifts: tuple[int, Sequence[WallSpan]]) -> list[Problem]:
    """Return the overlaps among shifts of one employee, each given as (day offset, segments)."""
    found = []
    for index, (day, segments) in enumerate(shifts):
        for other_index in range(index + 1, len(shifts)):
            other_day, other = shifts[other_index]
            shared = overlap(segments, other, days_apart=other_day - day)
            if shared:
                facts = {"start": shared[0], "end": shared[1], "first": index}
                found.append(Problem(Code.SHIFT_OVERLAP, f"shifts.{other_index}", facts))
    return found


def rest_between(
    earlier: ShiftPattern, earlier_date: date, later: ShiftPattern, later_date: date
) -> int | None:
    """Return the wall minutes from one shift's end to the next one's start.

    Negative when they overlap; None when one of them has no hours of its own.
    """
    if not (earlier.segments and later.segments):
        return None
    apart = (later_date - earlier_date).days * DAY
    return apart + later.segments[0][0] - earlier.segments[-1][1]


def timezone_problem(name: object) -> Problem | None:
    """Return what is wrong with the name of a time zone, or None if it is an IANA name."""
    if isinstance(name, str) and name != "localtime" and name in available_timezones():
        return None
    return Problem(Code.UNKNOWN_TIMEZONE, "timezone", {"value": name})


_MINUTES: Final = (
    "late_grace",
    "early_grace",
    "severe_late_after",
    "absent_late_after",
    "absent_early_after",
    "half_day_below",
    "absent_below",
    "window_before",
    "window_after",
    "worked_unit",
)
_FLEX_MINUTES: Final = (
    "early_max",
    "late_max",
    "core_start",
    "core_end",
    "required",
    "day_boundary",
)
_MAY_BE_NONE: Final = frozenset(
    {
        "severe_late_after",
        "absent_late_after",
        "absent_early_after",
        "half_day_below",
        "absent_below",
        "core_start",
        "core_end",
        "required",
        "max",
    }
)
_FREE_MINUTES: Final = ("day_boundary", "required")
_TERMS_MINUTES: Final = ("start_after", "min", "max", "unit")
_CHOICES: Final = {
    "kind": Kind,
    "lone_punch": LonePunch,
    "worked_rounding": RoundingMode,
    "flexible.mode": FlexMode,
    "free.pairing": PairingMode,
    "overtime.mode": OvertimeMode,
    "overtime.workday.rounding": RoundingMode,
    "overtime.restday.rounding": RoundingMode,
    "overtime.holiday.rounding": RoundingMode,
}


def _minute_fields(pattern: ShiftPattern) -> Iterator[tuple[str, object]]:
    """Yield every field that holds minutes, with its path."""
    for name in _MINUTES:
        yield name, getattr(pattern, name)
    for index, span in enumerate(pattern.segments):
        yield from ((f"segments.{index}.{end}", span[n]) for n, end in enumerate(("start", "end")))
    for index, span in enumerate(pattern.breaks):
        yield from ((f"breaks.{index}.{end}", span[n]) for n, end in enumerate(("start", "end")))
    if pattern.flexible is not None:
        for name in _FLEX_MINUTES:
            yield f"flexible.{name}", getattr(pattern.flexible, name)
    if pattern.free is not None:
        for name in _FREE_MINUTES:
            yield f"free.{name}", getattr(pattern.free, name)
    for index, tier in enumerate(pattern.late_arrivals):
        yield f"late_arrivals.{index}.left_from", tier.left_from
        yield f"late_arrivals.{index}.arrive_by", tier.arrive_by
    for path, terms in _overtime_terms(pattern):
        for name in _TERMS_MINUTES:
            yield f"{path}.{name}", getattr(terms, name)
        for name in ("rest", "rest_tiers"):
            for index, pair in enumerate(getattr(terms, name)):
                yield f"{path}.{name}.{index}.0", pair[0]
                yield f"{path}.{name}.{index}.1", pair[1]


def _overtime_terms(pattern: ShiftPattern) -> Iterator[tuple[str, OvertimeTerms]]:
    if pattern.overtime is not None:
        for name in ("workday", "restday", "holiday"):
            terms = getattr(pattern.overtime, name)
            if terms is not None:
                yield f"overtime.{name}", terms


def _unreadable(pattern: ShiftPattern) -> Iterator[Problem]:
    """Yield the fields whose values cannot be read at all; nothing else is asked of them."""
    for name in ("segments", "breaks"):
        for index, span in enumerate(getattr(pattern, name)):
            if len(span) != 2:
                yield Problem(Code.NOT_MINUTES, f"{name}.{index}", {"value": repr(span)})
                return
    for path, value in _minute_fields(pattern):
        if value is None and path.rpartition(".")[2] in _MAY_BE_NONE:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(Code.NOT_MINUTES, path, {"value": value})
    for path, choices in _CHOICES.items():
        chosen: Any = pattern
        for name in path.split("."):
            chosen = getattr(chosen, name, None)
        if chosen is not None and chosen not in list(choices):
            facts = {"value": chosen, "allowed": [choice.value for choice in choices]}
            yield Problem(Code.UNKNOWN_CHOICE, path, facts)


def _wrong_minutes(pattern: ShiftPattern) -> Iterator[Problem]:
    for path, value in _minute_fields(pattern):
        if isinstance(value, int) and value < 0:
            yield Problem(Code.NEGATIVE_MINUTES, path, {"value": value})
    for name in ("absent_late_days", "absent_early_days"):
        days = getattr(pattern, name)
        if not isinstance(days, int | float) or not 0 <= days <= 1:
            yield Problem(Code.DAYS_OUT_OF_RANGE, name, {"value": days})
    if pattern.worked_unit < 1:
        yield Problem(Code.UNIT_TOO_SMALL, "worked_unit", {"value": pattern.worked_unit})


def _wrong_segments(pattern: ShiftPattern) -> Iterator[Problem]:
    segments = pattern.segments
    for index, (start, end) in enumerate(segments):
        if end <= start:
            facts = {"start": start, "end": end}
            yield Problem(Code.END_BEFORE_START, f"segments.{index}.end", facts)
    for (index, one), (later, other) in pairwise(sorted(enumerate(segments), key=lambda s: s[1])):
        if other[0] < one[1]:
            facts = {"start": other[0], "end": min(one[1], other[1]), "first": index}
            yield Problem(Code.SEGMENTS_OVERLAP, f"segments.{later}", facts)
    for index, (one, other) in enumerate(pairwise(segments)):
        if other[0] < one[0]:
            facts = {"start": other[0], "previous": one[0]}
            yield Problem(Code.SEGMENTS_UNORDERED, f"segments.{index + 1}.start", facts)
    if segments:
        first = min(start for start, _ in segments)
        last = max(end for _, end in segments)
        if last - first > LONGEST_SHIFT or last > LAST_MINUTE:
            facts = {"minutes": last - first, "most": LONGEST_SHIFT}
            yield Problem(Code.SHIFT_TOO_LONG, "segments", facts)
    elif not _needs_no_segments(pattern):
        yield Problem(Code.SEGMENTS_MISSING, "segments", {})


def _needs_no_segments(pattern: ShiftPattern) -> bool:
    amount_only = pattern.flexible is not None and pattern.flexible.mode == FlexMode.DAILY_HOURS
    return pattern.kind == Kind.FREE or (pattern.kind == Kind.FLEXIBLE and amount_only)


def _wrong_breaks(pattern: ShiftPattern) -> Iterator[Problem]:
    for index, (start, end) in enumerate(pattern.breaks):
        facts = {"start": start, "end": end}
        if end <= start:
            yield Problem(Code.END_BEFORE_START, f"breaks.{index}.end", facts)
        elif pattern.segments and not any(
            begin <= start and end <= stop for begin, stop in pattern.segments
        ):
            yield Problem(Code.BREAK_OUTSIDE_SEGMENT, f"breaks.{index}", facts)
    for (index, one), (later, other) in pairwise(
        sorted(enumerate(pattern.breaks), key=lambda s: s[1])
    ):
        if other[0] < one[1]:
            facts = {"start": other[0], "end": min(one[1], other[1]), "first": index}
            yield Problem(Code.BREAKS_OVERLAP, f"breaks.{later}", facts)


def _wrong_tiers(pattern: ShiftPattern) -> Iterator[Problem]:
    ladders = (
        ("late_grace", "severe_late_after", "absent_late_after"),
        ("early_grace", "absent_early_after"),
        ("absent_below", "half_day_below"),
    )
    for ladder in ladders:
        steps = [(n, getattr(pattern, n)) for n in ladder if getattr(pattern, n) is not None]
        for (lower, least), (name, value) in pairwise(steps):
            if value < least:
                facts = {"value": value, "lower": lower, "least": least}
                yield Problem(Code.TIERS_NOT_NESTED, name, facts)
    arrivals = sorted(pattern.late_arrivals, key=lambda tier: tier.left_from)
    for one, other in pairwise(arrivals):
        if other.arrive_by < one.arrive_by or other.left_from == one.left_from:
            facts = {"value": other.arrive_by, "lower": "arrive_by", "least": one.arrive_by}
            yield Problem(Code.TIERS_NOT_NESTED, "late_arrivals", facts)


def _wrong_flex(pattern: ShiftPattern) -> Iterator[Problem]:
    flexible = pattern.flexible
    if flexible is None:
        if pattern.kind == Kind.FLEXIBLE:
            yield Problem(Code.FLEX_MISSING, "flexible", {})
        return
    for name in ("early_max", "late_max"):
        value = getattr(flexible, name)
        if value > LARGEST_FLEX:
            facts = {"value": value, "most": LARGEST_FLEX}
            yield Problem(Code.FLEX_TOO_LARGE, f"flexible.{name}", facts)
    if flexible.mode == FlexMode.SHIFT and (pattern.late_grace or pattern.early_grace):
        name = "late_grace" if pattern.late_grace else "early_grace"
        yield Problem(Code.GRACE_AND_FLEX, name, {"value": getattr(pattern, name)})
    if flexible.mode == FlexMode.CORE:
        yield from _wrong_core(pattern, flexible)
    if flexible.mode == FlexMode.DAILY_HOURS and not flexible.required:
        yield Problem(Code.FLEX_MISSING, "flexible.required", {})


def _wrong_core(pattern: ShiftPattern, flexible: Flexible) -> Iterator[Problem]:
    start, end = flexible.core_start, flexible.core_end
    if start is None or end is None:
        yield Problem(Code.FLEX_MISSING, "flexible.core_start", {})
    elif end <= start:
        facts = {"start": start, "end": end}
        yield Problem(Code.END_BEFORE_START, "flexible.core_end", facts)
    elif pattern.segments and not (
        pattern.segments[0][0] <= start and end <= pattern.segments[-1][1]
    ):
        facts = {"start": start, "end": end}
        yield Problem(Code.CORE_OUTSIDE_SEGMENT, "flexible.core_start", facts)


def _wrong_overtime(pattern: ShiftPattern) -> Iterator[Problem]:
    for path, terms in _overtime_terms(pattern):
        if terms.unit < 1:
            yield Problem(Code.UNIT_TOO_SMALL, f"{path}.unit", {"value": terms.unit})
        if terms.max is not None and terms.max < terms.min:
            facts = {"value": terms.max, "lower": f"{path}.min", "least": terms.min}
            yield Problem(Code.TIERS_NOT_NESTED, f"{path}.max", facts)
        for index, (start, end) in enumerate(terms.rest):
            if end <= start:
                facts = {"start": start, "end": end}
                yield Problem(Code.END_BEFORE_START, f"{path}.rest.{index}", facts)
