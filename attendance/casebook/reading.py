"""What the case files write, read into the engine's own values."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from attendance.engine import LONG_AFTER, Mark, Minute, Span
from attendance.planning import minute_of, second_of
from scheduling.pattern import (
    DAY,
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
    WallSpan,
)

Json = Mapping[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)


class UnknownField(Exception):
    """A case leans on a field that does not exist here."""


COMMON: Final = {
    "id", "kind", "tier", "title", "source", "expect", "alternates", "rationale", "confidence",
    "policy", "oracle_checked", "timezone",
}  # fmt: skip
FACTS: Final = {"punches", "leaves", "outings", "overtime_requests", "as_of"}
PERIOD: Final = {
    "from", "to", "workweek", "calendar_source", "joined_on", "left_on", "exempt", "rule_versions",
    "unit_history", "worked_rounding", "weekly_limit_min", "forgive",
}  # fmt: skip
_SHIFT: Final = {
    "type", "segments", "break", "late_grace_min", "early_grace_min", "severe_late_after_min",
    "absent_late_after_min", "absent_late_days", "absent_early_after_min", "absent_early_days",
    "half_day_below_worked_min", "absent_below_worked_min", "absent_by_segment", "flexible", "free",
    "punch_window", "lone_punch", "overtime", "late_leave_late_arrive", "worked_rounding", "name",
    "id", "day_offset",
}  # fmt: skip


def only(found: Json, known: set[str]) -> None:
    """Refuse keys that say something nobody here listens to."""
    for key, value in found.items():
        if key not in known and value not in (None, [], {}, False):
            raise UnknownField(key)


def read_pattern(shift: Json) -> ShiftPattern:
    """Return the pattern of a shift as the case files write it. Raise UnknownField."""
    only(shift, _SHIFT)
    segments = _segments(shift.get("segments") or [])
    window = shift.get("punch_window") or {}
    rounding = shift.get("worked_rounding") or {}
    return ShiftPattern(
        kind=choice(Kind, shift.get("type") or "fixed"),
        segments=segments,
        breaks=tuple(_break(rest, segments) for rest in shift.get("break") or []),
        late_grace=shift.get("late_grace_min") or 0,
        early_grace=shift.get("early_grace_min") or 0,
        severe_late_after=shift.get("severe_late_after_min"),
        absent_late_after=shift.get("absent_late_after_min"),
        absent_late_days=_or(shift.get("absent_late_days"), 0.5),
        absent_early_after=shift.get("absent_early_after_min"),
        absent_early_days=_or(shift.get("absent_early_days"), 0.5),
        half_day_below=shift.get("half_day_below_worked_min"),
        absent_below=shift.get("absent_below_worked_min"),
        absent_by_segment=bool(shift.get("absent_by_segment")),
        window_before=window.get("before_min") or 0,
        window_after=window.get("after_min") or 0,
        lone_punch=choice(LonePunch, shift.get("lone_punch") or "nearer_half"),
        flexible=_flexible(shift.get("flexible")),
        free=_free(shift.get("free")),
        overtime=_overtime(shift.get("overtime")),
        late_arrivals=tuple(
            LateArrival(left_from=tier["left_at_or_after_min"], arrive_by=wall(tier["arrive_by"]))
            for tier in shift.get("late_leave_late_arrive") or []
        ),
        worked_unit=rounding.get("unit_min", 1),
        worked_rounding=choice(RoundingMode, rounding.get("mode", "floor")),
    )


def choice(choices: type[Choice], value: str) -> Choice:
    """Return a word as one of the choices. Raise UnknownField if it is none."""
    try:
        return choices(value)
    except ValueError:
        raise UnknownField(f"{choices.__name__} {value!r}") from None


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def wall(text: str | int) -> int:
    """Return wall minutes of "09:30"; "30:00" is on the next day, and a number is itself."""
    if isinstance(text, int):
        return text
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _segments(found: Sequence[Json]) -> tuple[WallSpan, ...]:
    read: list[WallSpan] = []
    for segment in found:
        only(segment, {"start", "end", "next_day_end", "start_day_offset"})
        start, end = wall(segment["start"]), wall(segment["end"])
        later = segment.get("start_day_offset")
        if later is None:
            # Said only of its end: a segment after midnight begins there too.
            later = int(bool(segment.get("next_day_end") and read and start < read[-1][1]))
        start += later * DAY
        if segment.get("next_day_end") and end < DAY:
            end += DAY
        read.append((start, end))
    return tuple(read)


def _break(found: Json, segments: Sequence[WallSpan]) -> WallSpan:
    """Return a break; where its day is not said, it is the day on which there is work to pause."""
    only(found, {"start", "end", "next_day"})
    start, end = wall(found["start"]), wall(found["end"])
    length = end - start if end > start else end + DAY - start
    start += DAY * bool(found.get("next_day"))
    if end == start:
        return (start, end)
    for candidate in (start, start + DAY, start - DAY):
        if any(begin <= candidate and candidate + length <= stop for begin, stop in segments):
            return (candidate, candidate + length)
    return (start, start + length)


def _flexible(found: Json | None) -> Flexible | None:
    if not found:
        return None
    only(found, {"mode", "late_max_min", "early_max_min", "core_start", "core_end",
                  "required_min", "day_boundary"})  # fmt: skip
    return Flexible(
        mode=choice(FlexMode, found.get("mode", "shift")),
        early_max=found.get("early_max_min") or 0,
        late_max=found.get("late_max_min") or 0,
        core_start=wall(found["core_start"]) if found.get("core_start") else None,
        core_end=wall(found["core_end"]) if found.get("core_end") else None,
        required=found.get("required_min"),
        day_boundary=wall(found.get("day_boundary") or 0),
    )


def _free(found: Json | None) -> Free | None:
    if not found:
        return None
    only(found, {"day_boundary", "pairing", "required_min"})
    return Free(
        day_boundary=wall(found.get("day_boundary") or 0),
        pairing=choice(PairingMode, found.get("pairing") or "first_last"),
        required=found.get("required_min"),
    )


def _overtime(found: Json | None) -> Overtime | None:
    if not found:
        return None
    only(found, {"mode", "workday", "restday", "holiday"})
    return Overtime(
        mode=choice(OvertimeMode, found.get("mode", "punch")),
        workday=_terms(found.get("workday")),
        restday=_terms(found.get("restday")),
        holiday=_terms(found.get("holiday")),
    )


def _terms(found: Json | None) -> OvertimeTerms | None:
    if found is None:
        return None
    only(found, {"start_after_min", "min_min", "max_min", "unit_min", "rounding",
                  "count_before_shift", "rest"})  # fmt: skip
    rest = found.get("rest") or {}
    return OvertimeTerms(
        start_after=found.get("start_after_min") or 0,
        min=found.get("min_min") or 0,
        max=found.get("max_min"),
        unit=found.get("unit_min") or 1,
        rounding=choice(RoundingMode, found.get("rounding") or "floor"),
        count_before_shift=bool(found.get("count_before_shift")),
        rest=_rest_spans(rest),
        rest_tiers=_rest_tiers(rest),
    )


def _rest_spans(rest: Json) -> tuple[WallSpan, ...]:
    spans = []
    for found in rest.get("intervals") or []:
        start, end = wall(found["start"]), wall(found["end"])
        start += DAY * bool(found.get("next_day"))
        spans.append((start, end + DAY if end <= start else end))
    return tuple(spans)


def _rest_tiers(rest: Json) -> tuple[tuple[int, int], ...]:
    """Return rests that depend on the length of the overtime: from so long on, so much."""
    lists = [value for key, value in rest.items() if key not in ("type", "intervals") and value]
    tiers = []
    for found in lists[0] if lists and isinstance(lists[0], list) else []:
        deducted = next((k for k in found if "rest" in k or "deduct" in k), None)
        reached = next((k for k in found if k != deducted), None)
        if deducted is None or reached is None:
            raise UnknownField("rest")
        tiers.append((int(found[reached]), int(found[deducted])))
    if rest.get("type") not in (None, "none", "fixed") and not tiers:
        raise UnknownField(f"rest.type {rest['type']}")
    return tuple(tiers)


def read_moment(text: str) -> datetime:
    """Return a moment; its offset says which one, nothing else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no offset")
    return moment


def read_marks(body: Json) -> list[Mark]:
    """Return the punches of a case; the id of each is its place in the file."""
    marks = []
    for index, punch in enumerate(body.get("punches") or []):
        only(punch, {"at", "method", "direction"})
        marks.append(Mark(second_of(read_moment(punch["at"])), punch.get("direction"), index))
    return marks


def read_spans(found: Sequence[Json] | None) -> tuple[Span, ...]:
    """Return the approved among leaves, outings or overtime requests."""
    return tuple(
        Span(
            minute_of(read_moment(span["start"])),
            minute_of(read_moment(span["end"])),
            span.get("type", ""),
        )
        for span in found or []
        if span.get("status", "approved") == "approved"
    )


def read_as_of(body: Json) -> Minute:
    """Return the moment of judging; by default long after."""
    return minute_of(read_moment(body["as_of"])) if body.get("as_of") else LONG_AFTER


def is_employed(rules: Json, day: date) -> bool:
    """Say whether a date lies between joining and leaving, both inclusive."""
    joined, left = rules.get("joined_on"), rules.get("left_on")
    return not (
        (joined and day < date.fromisoformat(joined)) or (left and day > date.fromisoformat(left))
    )
