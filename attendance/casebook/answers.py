"""The engine's and the validators' answers, in the words of the case files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from attendance.casebook.reading import (
    COMMON,
    FACTS,
    PERIOD,
    Json,
    UnknownField,
    choice,
    is_employed,
    only,
    read_as_of,
    read_marks,
    read_moment,
    read_pattern,
    read_spans,
    wall,
)
from attendance.engine import (
    DayInput,
    DayResult,
    DayType,
    Mark,
    Minute,
    Rounding,
    ShiftPlan,
    Status,
    assign,
    evaluate_day,
)
from attendance.evidence.geometry import point_problem, polygon_problem, radius_problem
from attendance.planning import WeekPattern, lay_out, lay_out_day_off, minute_of, resolve_day
from attendance.summary import JudgedDay, PeriodTerms, Totals, summarise
from scheduling.pattern import DAY, WallSpan, problems, shift_problems, timezone_problem
from scheduling.statutory import statutory_days

EVERY_WEEKDAY: Final = (1, 2, 3, 4, 5)
_NO_WEEK: Final = WeekPattern((frozenset(),))


class Codes(tuple[str, ...]):
    """Every error a configuration has; a case names one of them."""

    __slots__ = ()


def _answer_day(body: Json) -> Json:
    only(body, {*COMMON, "date", "shift", "calendar", *FACTS, "day_rules", "previous_day_out"})
    zone = ZoneInfo(body["timezone"])
    day = date.fromisoformat(body["date"])
    day_type = DayType((body.get("calendar") or {}).get(body["date"], "workday"))
    plan = _plan(body.get("shift"), day, day_type, zone)
    (marks,), left = assign([plan], read_marks(body)) if plan else ([()], read_marks(body))
    previous = body.get("previous_day_out")
    given = _day_input(body, day, day_type, plan, marks)._replace(
        previous_out=minute_of(read_moment(previous)) if previous else None, ignored=len(left)
    )
    return _told(evaluate_day(given))


def _plan(shift: Json | None, day: date, day_type: DayType, zone: ZoneInfo) -> ShiftPlan | None:
    if not shift:
        return None
    pattern = read_pattern(shift)
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
    rules = body.get("day_rules") or {}
    only(rules, {"exempt", "joined_on", "left_on"})
    rules = rules or body
    return DayInput(
        day,
        day_type,
        plan,
        marks=marks,
        leaves=read_spans(body.get("leaves")),
        outings=read_spans(body.get("outings")),
        overtime=read_spans(body.get("overtime_requests")),
        exempt=bool(rules.get("exempt")),
        employed=is_employed(rules, day),
        as_of=read_as_of(body),
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
    only(body, {*COMMON, "shifts", "schedule", "calendar", *FACTS, "day_rules"})
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
    taken, left = assign([plan for _, plan in planned], read_marks(body))
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
    only(body, {*COMMON, *FACTS, *PERIOD, "shift", "calendar", "day_rules"})
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
        plan = _plan(_shift_on(body, day), day, day_type, zone)
        employed = is_employed(body.get("day_rules") or body, day)
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
        only(forgive, {"times_per_period", "up_to_min"})
        terms = terms._replace(
            forgive_times=forgive["times_per_period"], forgive_up_to=forgive["up_to_min"]
        )
    rounding = body.get("worked_rounding")
    if rounding and rounding.get("scope") == "period":
        terms = terms._replace(
            worked_unit=rounding["unit_min"],
            worked_rounding=choice(Rounding, rounding.get("mode", "floor")),
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


def _answer_config(body: Json) -> Json:
    only(body, {*COMMON, "config"})
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
    start, end = wall(shift["start"]), wall(shift["end"])
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


ANSWERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "day": _answer_day,
    "window": _answer_window,
    "period": _answer_period,
    "config": _answer_config,
}
