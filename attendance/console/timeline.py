"""A day as a drawing: plan, breaks, window, punches, make-ups and absences on one line of hours.

Positions are percents of the width, so that one drawing serves a desk and a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance import wording
from attendance.engine import DayResult, Minute, PlanKind, ShiftPlan
from attendance.loading import Loaded
from attendance.planning import minute_of, moment_of

# Labels nearer than this share of the width stand on two levels.
_LABEL_WIDTH: Final = 13.0
_MARGIN: Final = 30
# Half of an hour's label on the narrowest phone, of a hundred.
_EDGE: Final = 6


class Seen(NamedTuple):
    """A punch to draw: what became of it, and its wall time."""

    at: datetime
    kind: str
    wall: str


class Bar(NamedTuple):
    """A stretch: segment, break, core, leave or outing."""

    kind: str
    x: str
    width: str
    words: str


class Sign(NamedTuple):
    """A moment: a punch or a make-up. `level` is the line of its label, -1 for none."""

    kind: str
    x: str
    words: str
    level: int


class Tick(NamedTuple):
    """An hour below the line; `anchor` keeps what is written near an edge within a phone."""

    x: str
    words: str
    is_midnight: bool
    anchor: str


class Drawing(NamedTuple):
    """What is drawn, back to front."""

    window: Bar | None
    bars: list[Bar]
    signs: list[Sign]
    ticks: list[Tick]
    now_x: str
    summary: str


class _Scale:
    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, max(last, first + 60)

    def x(self, minute: int) -> float:
        share = (minute - self.first) / (self.last - self.first) * 100
        return min(max(share, 0.0), 100.0)

    def bar(self, kind: str, start: int, end: int, words: str) -> Bar:
        left, right = self.x(start), self.x(end)
        return Bar(kind, _percent(left), _percent(max(right - left, 0.3)), words)


def _percent(share: float) -> str:
    # Never by the reader's language: a comma would break the drawing.
    return f"{share:.2f}%"


def draw(
    loaded: Loaded, result: DayResult, punches: Sequence[Seen], zone: ZoneInfo, now: Minute
) -> Drawing:
    """Return the drawing of a day; `now` is drawn if the day is under way."""
    plan = loaded.planned.plan
    day = loaded.work_date
    scale = _scale(loaded, result, punches, zone)

    def wall(minute: int) -> str:
        return wording.time_text(Minute(minute), work_date=day, zone=zone)

    def span(start: int, end: int) -> str:
        return f"{wall(start)}–{wall(end)}"

    window = None
    bars: list[Bar] = []
    if plan is not None:
        window = scale.bar("window", plan.opens, plan.closes, span(plan.opens, plan.closes))
        # On a day off the segments only say where overtime is looked for: nothing is due.
        if plan.kind is not PlanKind.OFF:
            bars += [scale.bar("work", a, b, span(a, b)) for a, b in plan.segments]
            if plan.core:
                bars.append(scale.bar("core", *plan.core, span(*plan.core)))
            bars += [scale.bar("break", a, b, span(a, b)) for a, b in plan.breaks]
    for kind, stretches in (("leave", loaded.day.leaves), ("outing", loaded.day.outings)):
        bars += [scale.bar(kind, one.start, one.end, span(one.start, one.end)) for one in stretches]
    return Drawing(
        window=window,
        bars=bars,
        signs=_signs(loaded, punches, scale, wall),
        ticks=list(_ticks(scale, zone, wall)),
        now_x=_percent(scale.x(now)) if scale.first < now < scale.last else "",
        summary=_summary(plan, punches, span),
    )


def _scale(loaded: Loaded, result: DayResult, punches: Sequence[Seen], zone: ZoneInfo) -> _Scale:
    """Return the span to draw: the plan and what happened, with room on both sides."""
    moments = [minute_of(seen.at) for seen in punches] + [slot.at for slot in result.slots]
    plan = loaded.planned.plan
    if plan is not None and plan.segments:
        moments += [plan.opens, plan.closes]
    else:
        midnight = minute_of(datetime.combine(loaded.work_date, datetime.min.time(), zone))
        moments += [Minute(midnight), Minute(midnight + 1440)]
    return _Scale(min(moments) - _MARGIN, max(moments) + _MARGIN)


def _signs(
    loaded: Loaded, punches: Sequence[Seen], scale: _Scale, wall: Callable[[int], str]
) -> list[Sign]:
    moments = [(int(minute_of(seen.at)), seen.kind, seen.wall) for seen in punches]
    moments += [(one.at, "corrected", wall(one.at)) for one in loaded.day.corrections]
    signs, taken = [], [-100.0, -100.0]
    for minute, kind, words in sorted(moments):
        x = scale.x(minute)
        level = -1
        if kind in {"used", "corrected", "asked"}:
            level = next((n for n, end in enumerate(taken) if x - end >= _LABEL_WIDTH), -1)
            if level >= 0:
                taken[level] = x
        signs.append(Sign(kind, _percent(x), words, level))
    return signs


def _ticks(scale: _Scale, zone: ZoneInfo, wall: Callable[[int], str]) -> Iterator[Tick]:
    """Yield the hours that are written below the line, every second one to every sixth."""
    span = (scale.last - scale.first) / 60
    step = next((step for step in (2, 3, 4) if span / step <= 7), 6)
    hour = scale.first - scale.first % 60
    while hour <= scale.last:
        local = moment_of(Minute(hour)).astimezone(zone)
        # Zones that lie half an hour aside have their hours there.
        if local.minute:
            hour += 60 - local.minute
            continue
        x = scale.x(hour)
        if local.hour % step == 0 and hour >= scale.first and 3 <= x <= 97:
            anchor = "start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle"
            yield Tick(_percent(x), wall(hour), local.hour == 0, anchor)
        hour += 60


def _summary(
    plan: ShiftPlan | None, punches: Sequence[Seen], span: Callable[[int, int], str]
) -> str:
    """Return the drawing in words, for whoever cannot see it."""
    parts = [span(*segment) for segment in plan.segments] if plan is not None else []
    parts += [seen.wall for seen in punches]
    return ", ".join(parts)
