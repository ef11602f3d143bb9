"""A shift as a drawing: bars on a line of wall minutes. Facts only; the template draws. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from scheduling.pattern import DAY, FlexMode, Kind, ShiftPattern, WallSpan

_MARGIN: Final = 30
_FEWEST_MINUTES: Final = 720
_TICK_STEPS: Final = (120, 180, 240, 360, 480, 720)
_MOST_TICKS: Final = 8


class Bar(NamedTuple):
    """A stretch of the drawing; `left` and `width` are percent of its whole width."""

    kind: str
    left: float
    width: float
    start: int
    end: int

    @property
    def x(self) -> str:
        """Return the left edge as SVG wants it."""
        return f"{self.left:.2f}%"

    @property
    def w(self) -> str:
        """Return the width as SVG wants it."""
        return f"{self.width:.2f}%"

    @property
    def right(self) -> str:
        """Return the right edge as SVG wants it."""
        return f"{self.left + self.width:.2f}%"

    @property
    def middle(self) -> str:
        """Return the middle as SVG wants it."""
        return f"{self.left + self.width / 2:.2f}%"


class Tick(NamedTuple):
    """A moment under the line; `days` counts the midnights since the work date began."""

    x: str
    minute: int
    days: int
    is_midnight: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """What there is to draw: the punch window, then bars from back to front, then ticks."""

    window: Bar
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]

    def of(self, kind: str) -> tuple[Bar, ...]:
        """Return the bars of one kind."""
        return tuple(bar for bar in self.bars if bar.kind == kind)

    @property
    def work(self) -> tuple[Bar, ...]:
        """Return the working times."""
        return self.of("work")


def punch_window(pattern: ShiftPattern) -> WallSpan:
    """Return the wall minutes between which any punch of the shift may come (C9, C17).

    Flexible hours do not move it: it is drawn and told as the engine takes it.
    """
    part = pattern.free if pattern.kind == Kind.FREE else pattern.flexible
    boundary = part.day_boundary if part is not None else 0
    day = (boundary, boundary + DAY)
    flexible = pattern.flexible if pattern.kind == Kind.FLEXIBLE else None
    if is_by_amount(pattern) or not pattern.segments:
        return day
    opens = pattern.segments[0][0] - pattern.window_before
    closes = pattern.segments[-1][1] + pattern.window_after
    if flexible is not None and flexible.mode == FlexMode.CORE:
        return min(opens, day[0]), max(closes, day[1])
    return opens, closes


def is_by_amount(pattern: ShiftPattern) -> bool:
    """Say whether only the amount of work counts, whenever it is done."""
    flexible = pattern.flexible if pattern.kind == Kind.FLEXIBLE else None
    by_day = flexible is not None and flexible.mode == FlexMode.DAILY_HOURS
    return pattern.kind == Kind.FREE or by_day


def draw(pattern: ShiftPattern, bounds: WallSpan | None = None) -> Timeline:
    """Return the drawing of a sound pattern: between two wall minutes, or as wide as it needs."""
    window = punch_window(pattern)
    spans = list(_spans(pattern))
    first, last = bounds or _bounds(window, spans)
    whole = last - first

    def bar(kind: str, start: int, end: int) -> Bar:
        left, width = 100 * (start - first) / whole, 100 * (end - start) / whole
        return Bar(kind, round(left, 2), round(width, 2), start, end)

    step = next((s for s in _TICK_STEPS if whole / s <= _MOST_TICKS), _TICK_STEPS[-1])
    ticks = tuple(
        Tick(f"{100 * (at - first) / whole:.2f}%", at, at // DAY, at % DAY == 0)
        for at in range(-(-first // step) * step, last + 1, step)
    )
    return Timeline(bar("window", *window), tuple(bar(*span) for span in spans), ticks)


def _bounds(window: WallSpan, spans: Sequence[tuple[str, int, int]]) -> WallSpan:
    first = min([window[0], *(start for _kind, start, _end in spans)]) - _MARGIN
    last = max([window[1], *(end for _kind, _start, end in spans)]) + _MARGIN
    spare = max(0, _FEWEST_MINUTES - (last - first)) // 2
    return first - spare, last + spare


def _spans(pattern: ShiftPattern) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, start, end) of what is drawn, from back to front."""
    flexible = pattern.flexible if pattern.kind == Kind.FLEXIBLE else None
    segments = () if is_by_amount(pattern) else pattern.segments
    if segments and flexible is not None and flexible.mode == FlexMode.SHIFT:
        first, last = segments[0][0], segments[-1][1]
        if flexible.early_max:
            yield "flex", first - flexible.early_max, first
        if flexible.late_max:
            yield "flex", last, last + flexible.late_max
    for start, end in segments:
        yield "work", start, end
    for start, end in pattern.breaks:
        yield "break", start, end
    if flexible is not None and flexible.mode == FlexMode.CORE:
        opens, closes = flexible.core_start, flexible.core_end
        if opens is not None and closes is not None:
            yield "core", opens, closes
    if segments and pattern.late_grace:
        yield "grace", segments[0][0], segments[0][0] + pattern.late_grace
    overtime = pattern.overtime.workday if pattern.overtime is not None else None
    if segments and overtime is not None:
        begins = segments[-1][1] + overtime.start_after
        ends = punch_window(pattern)[1]
        if overtime.max is not None:
            ends = min(ends, begins + overtime.max)
        if begins < ends:
            yield "overtime", begins, ends
