"""Case files: scenarios with the right answer beside them, read into the engine's own values.

A case that leans on a rule field nobody implements is an `UnknownField`: an optional case is then
skipped, any other has failed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance.engine import (
    LONG_AFTER,
    DayInput,
    DayResult,
    DayType,
    Mark,
    Minute,
    Rounding,
    ShiftPlan,
    Span,
    Status,
    assign,
    evaluate_day,
)
from attendance.evidence.geometry import point_problem, polygon_problem, radius_problem
from attendance.planning import (
    WeekPattern,
    lay_out,
    lay_out_day_off,
    minute_of,
    resolve_day,
    second_of,
)
from attendance.summary import JudgedDay, PeriodTerms, Totals, summarise
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
    problems,
    shift_problems,
    timezone_problem,
)
from scheduling.statutory import statutory_days

Json = Mapping[str, Any]
EVERY_WEEKDAY: Final = (1, 2, 3, 4, 5)
OPTIONAL: Final = "optional"


class UnknownKind(Exception):
    """A case file of a kind that nobody here can judge."""


class UnknownField(Exception):
    """A case leans on a field that does not exist here."""


class Case(NamedTuple):
    """One scenario: what happened, and the right answer."""

    id: str
    kind: str
    tier: str
    body: Json

    @property
    def expect(self) -> Json:
        """The keys of the answer that matter, and their values."""
        return self.body["expect"]


class Miss(NamedTuple):
    """A key of the answer that came out otherwise."""

    key: str
    expected: object
    got: object


def read_cases(path: Path) -> list[Case]:
    """Return the scenarios of a file. Raise UnknownKind if it is of a kind not known here."""
    book = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(book, dict) or not isinstance(book.get("scenarios"), list):
        raise UnknownKind("no list of scenarios")
    kind = book.get("kind", "")
    cases = [
        Case(body["id"], body.get("kind", kind), body.get("tier", "core"), body)
        for body in book["scenarios"]
    ]
    for case in cases:
        if case.kind not in ANSWERS:
            raise UnknownKind(f"kind {case.kind!r}")
    return cases


def misses(case: Case) -> list[Miss]:
    """Return where the answer differs from the expected one. Raise UnknownField (see above)."""
    return list(_differences(case.expect, ANSWERS[case.kind](case.body), ""))


def _differences(expected: object, got: object, path: str) -> Iterator[Miss]:
    """Yield the leaves of `expected` that `got` does not match."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in got:
                raise UnknownField(where)
            yield from _differences(value, got[key], where)
    elif path == "days" and isinstance(expected, list) and isinstance(got, list):
        for index, (row, told) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(row, told, f"{path}.{index}")
    elif isinstance(got, Codes):
        if expected not in got:
            yield Miss(path, expected, ", ".join(got) or None)
    elif expected != got:
        yield Miss(path, expected, got)


class Codes(tuple[str, ...]):
    """Every error a configuration has; a case names one of them."""

    __slots__ = ()


# --- a day -----------------------------------------------------------------------------------


def _answer_day(body: Json) -> Json:
    _only(body, {*_COMMON, "date", "shift", "calendar", *_FACTS, "day_rules", "previous_day_out"})
    zone = ZoneInfo(body["timezone"])
    day = date.fromisoformat(body["date"])
    day_type = DayType((body.get("calendar") or {}).get(body["date"], "workday"))
    pattern = read_pattern(body["shift"])
    plan = _plan(pattern, day, day_type, zone)
    (marks,), left = assign([plan], _marks(body)) if plan else ([()], _marks(body))
    previous = body.get("previous_day_out")
    given = _day_input(body, day, day_type, plan, marks)._replace(
        previous_out=minute_of(_moment(previous)) if previous else None, ignored=len(left)
    )
    return _told(evaluate_day(given))


def _plan(pattern: ShiftPattern, day: date, day_type: DayType, zone: ZoneInfo) -> ShiftPlan | None:
    if day_type.is_working:
        return lay_out(pattern, day, zone)
    return lay_out_day_off(pattern.overtime, day_type, day, zone, pattern)


def _day_input(
    body: Json,
    day: date,
    day_type: DayType,
    plan: ShiftPlan | None,
    marks: tuple[Mark, ...],
) -> DayInput:
    rules = body.get("day_rules") or body
    return DayInput(
        day,
        day_type,
        plan,
        marks=marks,
        leaves=_approved(body.get("leaves")),
        outings=_approved(body.get("outings")),
        overtime=_approved(body.get("overtime_requests")),
        exempt=bool(rules.get("exempt")),
        employed=_is_employed(rules, day),
        as_of=_as_of(body),
    )


def _told(result: DayResult) -> dict[str, Any]:
    """Return a verdict in the words of the case files."""
    return {
        "status": result.status.value,
        "late_min": result.late,
        "early_min": result.early,
        "worked_min": result.worked,
        "overtime_min": result.overtime,
        "overtime_class": result.overtime_class.value if result.overtime_class else None,
        "absent_days": result.absent_days,
        "missing": list(result.missing),
        "record_count": len(result.records),
        "ignored": result.ignored,
        "leave_min": result.leave,
        "outing_min": result.outing,
        "required_min": result.required,
        "shortage_min": result.shortage,
        "reason": result.reason,
    }


# --- several shifts and dates ----------------------------------------------------------------


def _answer_window(body: Json) -> Json:
    _only(body, {*_COMMON, "shifts", "schedule", "calendar", *_FACTS, "day_rules"})
    zone = ZoneInfo(body["timezone"])
    patterns = {name: read_pattern(shift) for name, shift in body["shifts"].items()}
    overtime = next((p.overtime for p in patterns.values() if p.overtime), None)
    calendar, schedule = body.get("calendar") or {}, body["schedule"]
    days: list[tuple[date, str | None, DayType, ShiftPlan | None]] = []
    for text in sorted({*calendar, *schedule}):
        day, day_type = date.fromisoformat(text), DayType(calendar.get(text, "workday"))
        for name in schedule.get(text, []):
            rostered = resolve_day(
                day, week=_NO_WEEK, statutory={}, special={day: day_type}, rostered=DayType.WORKDAY
            )
            days.append((day, name, rostered, lay_out(patterns[name], day, zone)))
        if not schedule.get(text):
            off = None if day_type.is_working else lay_out_day_off(overtime, day_type, day, zone)
            days.append((day, None, day_type, off))
    results, left = _evaluate(body, [(day, kind, plan) for day, _, kind, plan in days])
    told = [
        {"date": day.isoformat(), "shift": name, **_told(result)}
        for (day, name, _, _), result in zip(days, results, strict=True)
    ]
    wanted = body["expect"].get("days", [])
    return {
        "unassigned": sorted(mark.id for mark in left),
        "days": [_find_day(told, row) for row in wanted],
    }


def _find_day(told: list[dict[str, Any]], wanted: Json) -> dict[str, Any]:
    for index, row in enumerate(told):
        if row["date"] == wanted["date"] and row["shift"] == wanted.get("shift"):
            return told.pop(index)
    return dict.fromkeys(("date", "shift", *_told(DayResult(Status.REVIEW))))


def _evaluate(
    body: Json, days: Sequence[tuple[date, DayType, ShiftPlan | None]]
) -> tuple[list[DayResult], list[Mark]]:
    """Return the verdicts on one employee's days, in order, and the punches of none of them."""
    planned = [(n, plan) for n, (_, _, plan) in enumerate(days) if plan is not None]
    taken, left = assign([plan for _, plan in planned], _marks(body))
    marks = {n: own for (n, _), own in zip(planned, taken, strict=True)}
    results: list[DayResult] = []
    previous: tuple[date, Minute | None] | None = None
    for index, (day, day_type, plan) in enumerate(days):
        given = _day_input(body, day, day_type, plan, marks.get(index, ()))
        if previous and day - previous[0] <= timedelta(days=1):
            given = given._replace(previous_out=previous[1])
        results.append(evaluate_day(given))
        previous = (day, results[-1].real_out)
    return results, left


# --- a period --------------------------------------------------------------------------------


def _answer_period(body: Json) -> Json:
    _only(body, {*_COMMON, *_FACTS, *_PERIOD, "shift", "calendar", "day_rules"})
    zone = ZoneInfo(body["timezone"])
    first, last = date.fromisoformat(body["from"]), date.fromisoformat(body["to"])
    week = WeekPattern((frozenset(body.get("workweek") or EVERY_WEEKDAY),))
    # The neighbours are laid out too, so that their punches stay theirs.
    dates = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
    statutory = _statutory(body.get("calendar_source"), {day.year for day in dates})
    special = {
        date.fromisoformat(day): DayType(kind) for day, kind in (body.get("calendar") or {}).items()
    }
    days = []
    for day in dates:
        day_type = resolve_day(day, week=week, statutory=statutory, special=special)
        plan = _plan(read_pattern(_shift_on(body, day)), day, day_type, zone)
        employed = _is_employed(body.get("day_rules") or body, day)
        days.append((day, day_type, plan if employed else None))
    results, _ = _evaluate(body, days)
    judged = [
        JudgedDay.of(day, result, _unit_on(body, day))
        for (day, _, _), result in zip(days, results, strict=True)
        if first <= day <= last
    ]
    return _told_totals(summarise(judged, _period_terms(body)))


def _shift_on(body: Json, day: date) -> dict[str, Any]:
    """Return the shift as the rule version valid on a date has it."""
    shift = dict(body["shift"])
    for version in sorted(body.get("rule_versions") or [], key=lambda v: v["effective_from"]):
        if date.fromisoformat(version["effective_from"]) <= day:
            changes = {key: value for key, value in version.items() if key != "effective_from"}
            shift |= changes.pop("shift", {})
            shift |= changes
    if body.get("worked_rounding") and body["worked_rounding"].get("scope", "day") == "day":
        shift["worked_rounding"] = body["worked_rounding"]
    return shift


def _unit_on(body: Json, day: date) -> str:
    unit = ""
    for stay in sorted(body.get("unit_history") or [], key=lambda stay: stay["from"]):
        if date.fromisoformat(stay["from"]) <= day:
            unit = stay["unit"]
    return unit


def _period_terms(body: Json) -> PeriodTerms:
    terms = PeriodTerms(weekly_limit=body.get("weekly_limit_min"))
    forgive = body.get("forgive")
    if forgive:
        _only(forgive, {"times_per_period", "up_to_min"})
        terms = terms._replace(
            forgive_times=forgive["times_per_period"], forgive_up_to=forgive["up_to_min"]
        )
    rounding = body.get("worked_rounding")
    if rounding and rounding.get("scope") == "period":
        terms = terms._replace(
            worked_unit=rounding["unit_min"], worked_rounding=Rounding(rounding["mode"])
        )
    return terms


def _statutory(source: str | None, years: Iterable[int]) -> dict[date, DayType]:
    if not source:
        return {}
    country, _, year = source.partition("-")
    if country != "CN" or not year.isdigit():
        raise UnknownField(f"calendar_source {source}")
    days: dict[date, DayType] = {}
    for known in {int(year), *years}:
        days |= {day: DayType(kind.value) for day, kind in (statutory_days(known) or {}).items()}
    return days


def _told_totals(totals: Totals) -> dict[str, Any]:
    told = _told_plain(totals)
    units = {unit: _told_plain(part) for unit, part in totals.by_unit.items()}
    for key in list(told):
        told[f"{key}_by_unit"] = {unit: part[key] for unit, part in units.items()}
    return told


def _told_plain(totals: Totals) -> dict[str, Any]:
    names = (name for name in Totals.__slots__ if name != "by_unit")
    return {name.replace("_minutes", "_min"): getattr(totals, name) for name in names}


# --- a configuration -------------------------------------------------------------------------


def _answer_config(body: Json) -> Json:
    _only(body, {*_COMMON, "config"})
    config = body["config"]
    check = config["check"]
    if check not in _CHECKS:
        raise UnknownField(f"config.check {check}")
    codes = Codes(_CHECKS[check](config))
    return {"valid": not codes, "error": codes}


def _check_shift(config: Json) -> list[str]:
    return [problem.code.value for problem in problems(read_pattern(config["shift"]))]


def _check_overlap(config: Json) -> list[str]:
    """Two shifts may not share a minute; that their punch windows overlap is C9's daily bread."""
    shifts = [(shift.get("day_offset", 0), _overlap_segments(shift)) for shift in config["shifts"]]
    return [problem.code.value for problem in shift_problems(*shifts)]


def _overlap_segments(shift: Json) -> tuple[WallSpan, ...]:
    if "segments" in shift:
        return read_pattern(shift).segments
    start, end = _wall(shift["start"]), _wall(shift["end"])
    return ((start, end + DAY if end <= start else end),)


def _check_radius(config: Json) -> list[str]:
    return _codes(radius_problem(config["radius_m"]))


def _check_polygon(config: Json) -> list[str]:
    return _codes(polygon_problem(config["points"]))


def _check_point(config: Json) -> list[str]:
    point = config.get("point", config)
    if isinstance(point, Mapping):
        point = (point.get("lat"), point.get("lng", point.get("lon")))
    return _codes(point_problem(*point))


def _check_timezone(config: Json) -> list[str]:
    problem = timezone_problem(config["timezone"])
    return [problem.code.value] if problem else []


def _codes(problem: str | None) -> list[str]:
    return [problem] if problem else []


_CHECKS: Final[Mapping[str, Callable[[Json], list[str]]]] = {
    "shift": _check_shift,
    "overlap": _check_overlap,
    "window_overlap": _check_overlap,
    "fence_radius": _check_radius,
    "polygon": _check_polygon,
    "point": _check_point,
    "timezone": _check_timezone,
}


# --- reading ---------------------------------------------------------------------------------

_COMMON: Final = {
    "id", "kind", "tier", "title", "source", "expect", "alternates", "rationale", "confidence",
    "policy", "oracle_checked", "timezone",
}  # fmt: skip
_FACTS: Final = {"punches", "leaves", "outings", "overtime_requests", "as_of"}
_PERIOD: Final = {
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
_NO_WEEK: Final = WeekPattern((frozenset(),))


def _only(found: Json, known: set[str]) -> None:
    """Refuse keys that say something nobody here listens to."""
    for key, value in found.items():
        if key not in known and value not in (None, [], {}, False):
            raise UnknownField(key)


def read_pattern(shift: Json) -> ShiftPattern:
    """Return the pattern of a shift as the case files write it. Raise UnknownField."""
    _only(shift, _SHIFT)
    segments = _segments(shift.get("segments") or [])
    window = shift.get("punch_window") or {}
    rounding = shift.get("worked_rounding") or {}
    return ShiftPattern(
        kind=Kind(shift["type"]),
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
        lone_punch=LonePunch(shift.get("lone_punch") or "nearer_half"),
        flexible=_flexible(shift.get("flexible")),
        free=_free(shift.get("free")),
        overtime=_overtime(shift.get("overtime")),
        late_arrivals=tuple(
            LateArrival(
                left_from=tier["left_at_or_after_min"], arrive_by=_wall(tier["arrive_by"])
            )
            for tier in shift.get("late_leave_late_arrive") or []
        ),
        worked_unit=rounding.get("unit_min", 1),
        worked_rounding=RoundingMode(rounding.get("mode", "floor")),
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _wall(text: str | int) -> int:
    """Return wall minutes of "09:30"; "30:00" is on the next day, and a number is itself."""
    if isinstance(text, int):
        return text
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _segments(found: Sequence[Json]) -> tuple[WallSpan, ...]:
    read: list[WallSpan] = []
    for segment in found:
        _only(segment, {"start", "end", "next_day_end", "start_day_offset"})
        start, end = _wall(segment["start"]), _wall(segment["end"])
        later = segment.get("start_day_offset")
        if later is None:
            # Said only of its end: a segment after midnight begins there too.
            later = int(bool(segment.get("next_day_end") and read and start < read[-1][1]))
        start += later * DAY
        if segment.get("next_day_end") and end < DAY + (end == DAY):
            end += DAY
        read.append((start, end))
    return tuple(read)


def _break(found: Json, segments: Sequence[WallSpan]) -> WallSpan:
    """Return a break; where its day is not said, it is the day on which there is work to pause."""
    _only(found, {"start", "end", "next_day"})
    start, end = _wall(found["start"]), _wall(found["end"])
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
    _only(found, {"mode", "late_max_min", "early_max_min", "core_start", "core_end",
                  "required_min", "day_boundary"})  # fmt: skip
    return Flexible(
        mode=FlexMode(found.get("mode", "shift")),
        early_max=found.get("early_max_min") or 0,
        late_max=found.get("late_max_min") or 0,
        core_start=_wall(found["core_start"]) if found.get("core_start") else None,
        core_end=_wall(found["core_end"]) if found.get("core_end") else None,
        required=found.get("required_min"),
        day_boundary=_wall(found.get("day_boundary") or 0),
    )


def _free(found: Json | None) -> Free | None:
    if not found:
        return None
    _only(found, {"day_boundary", "pairing", "required_min"})
    return Free(
        day_boundary=_wall(found.get("day_boundary") or 0),
        pairing=PairingMode(found.get("pairing") or "first_last"),
        required=found.get("required_min"),
    )


def _overtime(found: Json | None) -> Overtime | None:
    if not found:
        return None
    _only(found, {"mode", "workday", "restday", "holiday"})
    return Overtime(
        mode=OvertimeMode(found.get("mode", "punch")),
        workday=_terms(found.get("workday")),
        restday=_terms(found.get("restday")),
        holiday=_terms(found.get("holiday")),
    )


def _terms(found: Json | None) -> OvertimeTerms | None:
    if found is None:
        return None
    _only(found, {"start_after_min", "min_min", "max_min", "unit_min", "rounding",
                  "count_before_shift", "rest"})  # fmt: skip
    rest = found.get("rest") or {}
    return OvertimeTerms(
        start_after=found.get("start_after_min") or 0,
        min=found.get("min_min") or 0,
        max=found.get("max_min"),
        unit=found.get("unit_min") or 1,
        rounding=RoundingMode(found.get("rounding") or "floor"),
        count_before_shift=bool(found.get("count_before_shift")),
        rest=_rest_spans(rest),
        rest_tiers=_rest_tiers(rest),
    )


def _rest_spans(rest: Json) -> tuple[WallSpan, ...]:
    spans = []
    for found in rest.get("intervals") or []:
        start, end = _wall(found["start"]), _wall(found["end"])
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


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no offset")
    return moment


def _marks(body: Json) -> list[Mark]:
    marks = []
    for index, punch in enumerate(body.get("punches") or []):
        _only(punch, {"at", "method", "direction"})
        marks.append(Mark(second_of(_moment(punch["at"])), punch.get("direction"), index))
    return marks


def _approved(found: Sequence[Json] | None) -> tuple[Span, ...]:
    return tuple(
        Span(
            minute_of(_moment(span["start"])),
            minute_of(_moment(span["end"])),
            span.get("type", ""),
        )
        for span in found or []
        if span.get("status", "approved") == "approved"
    )


def _as_of(body: Json) -> Minute:
    return minute_of(_moment(body["as_of"])) if body.get("as_of") else LONG_AFTER


def _is_employed(rules: Json, day: date) -> bool:
    joined, left = rules.get("joined_on"), rules.get("left_on")
    return not (
        (joined and day < date.fromisoformat(joined)) or (left and day > date.fromisoformat(left))
    )


ANSWERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "day": _answer_day,
    "window": _answer_window,
    "period": _answer_period,
    "config": _answer_config,
}
