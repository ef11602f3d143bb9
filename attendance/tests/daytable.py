"""Reads the tables of days: lines that HR can read and add to.

    what happens | shift | facts | expected

A shift is its segments and words with values (`grace 10`, `break 12:00-13:00`). Facts are punches
(`08:55`, `in@12:31`), `leave`, `outing` and `overtime` spans, `fix-out@18:00` for a make-up, and
what kind of day it is. 30:00 is 06:00 on the next day. Expected is the status, then numbers; late,
early, overtime, leave, absent and missing that are not named must be none.
"""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from attendance.engine import (
    Correction,
    DayInput,
    DayResult,
    DayType,
    Mark,
    Span,
    assign,
    evaluate_day,
)
from attendance.planning import lay_out, lay_out_day_off, wall_moment
from scheduling.pattern import (
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
    ShiftPattern,
)

CASES = Path(__file__).parent / "cases"
SILENT = {"late": 0, "early": 0, "overtime": 0, "leave": 0, "absent": 0, "missing": ""}
SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def rows():
    """Return the lines of all tables as (theme, title, shift, facts, expected)."""
    for path in sorted(CASES.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield (path.stem, *(cell.strip() for cell in line.split("|")))


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def span(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    return minutes(start), minutes(end)


def read_shift(text: str) -> ShiftPattern:
    """Return the pattern of a shift cell."""
    pattern = ShiftPattern(window_before=180, window_after=360)
    terms: dict[str, object] = {}
    mode = OvertimeMode.PUNCH
    words = iter(text.split())
    for word in words:
        if SPAN.fullmatch(word):
            pattern = replace(pattern, segments=(*pattern.segments, span(word)))
            continue
        if word == "by-segment":
            pattern = replace(pattern, absent_by_segment=True)
            continue
        if word == "lone-in-until-end":
            pattern = replace(pattern, lone_punch=LonePunch.IN_UNTIL_END)
            continue
        if word == "before-too":
            terms["count_before_shift"] = True
            continue
        value = next(words)
        if word == "break":
            pattern = replace(pattern, breaks=(*pattern.breaks, span(value)))
        elif word == "window":
            before, after = map(int, value.split("/"))
            pattern = replace(pattern, window_before=before, window_after=after)
        elif word == "flex":
            early, late = map(int, value.split("/"))
            flexible = Flexible(early_max=early, late_max=late)
            pattern = replace(pattern, kind=Kind.FLEXIBLE, flexible=flexible)
        elif word == "core":
            start, end = span(value)
            flexible = Flexible(mode=FlexMode.CORE, core_start=start, core_end=end, required=480)
            pattern = replace(pattern, kind=Kind.FLEXIBLE, flexible=flexible)
        elif word == "hours":
            flexible = Flexible(mode=FlexMode.DAILY_HOURS, required=int(value))
            pattern = replace(pattern, kind=Kind.FLEXIBLE, flexible=flexible)
        elif word == "free":
            pairing, _, boundary = value.partition("@")
            free = Free(day_boundary=minutes(boundary), pairing=PairingMode(pairing))
            pattern = replace(pattern, kind=Kind.FREE, free=free)
        elif word == "later":
            left, _, arrive = value.partition(">")
            tier = LateArrival(left_from=minutes(left), arrive_by=minutes(arrive))
            pattern = replace(pattern, late_arrivals=(*pattern.late_arrivals, tier))
        elif word == "mode":
            mode = OvertimeMode(value)
        elif word == "overtime":
            names = ("start_after", "min", "max", "unit")
            terms |= zip(names, map(int, value.split("/")), strict=True)
        elif word == "rest":
            terms["rest"] = (span(value),)
        else:
            number = float(value) if word.endswith("days") else int(value)
            pattern = replace(pattern, **{word.replace("-", "_"): number})
    if terms:
        each = OvertimeTerms(**terms)  # type: ignore[arg-type]
        overtime = Overtime(mode=mode, workday=each, restday=each, holiday=each)
        pattern = replace(pattern, overtime=overtime)
    return pattern


def read_facts(pattern: ShiftPattern, text: str) -> DayInput:
    """Return the day of a facts cell."""
    zone, day, day_type = ZoneInfo("Asia/Shanghai"), date(2026, 9, 1), DayType.WORKDAY
    marks, corrections = [], []
    spans: dict[str, list[Span]] = {"leave": [], "outing": [], "overtime": []}
    given: dict[str, object] = {}

    def moment(wall: str, days: int = 0, *, last: bool = False):
        return wall_moment(day + timedelta(days=days), minutes(wall), zone, last=last)[0]

    words = iter(text.split())
    for word in words:
        stated, _, clock = word.rpartition("@")
        if word == "zone":
            zone = ZoneInfo(next(words))
        elif word == "date":
            day = date.fromisoformat(next(words))
        elif word in list(DayType):
            day_type = DayType(word)
        elif word in spans:
            start, _, end = next(words).partition("-")
            spans[word].append(Span(moment(start), moment(end)))
        elif word == "now":
            given["as_of"] = moment(next(words))
        elif word == "left":
            given["previous_out"] = moment(next(words), days=-1)
        elif stated.startswith("fix-"):
            slot = stated.removeprefix("fix-")
            corrections.append(Correction(slot, moment(clock), len(corrections) + 1))
        else:
            direction = stated if stated in ("in", "out") else None
            at = moment(clock[:5], last=stated == "second") * 60 + int(clock[6:] or 0)
            marks.append(Mark(at, direction, len(marks) + 1))
    plan = (
        lay_out(pattern, day, zone)
        if day_type.is_working
        else lay_out_day_off(pattern.overtime, day_type, day, zone, pattern)
    )
    own, left = assign([plan], marks) if plan else ([()], marks)
    return DayInput(
        day,
        day_type,
        plan,
        marks=own[0],
        corrections=tuple(corrections),
        leaves=tuple(spans["leave"]),
        outings=tuple(spans["outing"]),
        overtime=tuple(spans["overtime"]),
        ignored=len(left),
        **given,
    )


def judge(shift: str, facts: str) -> DayResult:
    """Return the verdict on a line."""
    return evaluate_day(read_facts(read_shift(shift), facts))


def told(result: DayResult, names) -> dict[str, object]:
    """Return the named numbers of a verdict, as the tables write them."""
    said = {
        "status": result.status.value,
        "late": result.late,
        "early": result.early,
        "worked": result.worked,
        "overtime": result.overtime,
        "leave": result.leave,
        "absent": result.absent_days,
        "missing": ",".join(result.missing),
        "shortage": result.shortage,
        "ignored": result.ignored,
        "records": len(result.records),
    }
    return {name: said[name] for name in names}


def read_expected(text: str) -> dict[str, object]:
    """Return what a line expects, with what it need not say."""
    status, *words = text.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    numbers = {name: value if name == "missing" else float(value) for name, value in pairs}
    return {**SILENT, "status": status, **numbers}
