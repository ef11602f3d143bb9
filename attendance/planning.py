"""From wall minutes to moments: what a shift means on one date in one zone. Pure, and cached.

The site's zone decides dates and wall times (C19). Plans are shared: ten thousand people on one
shift have one plan for a date.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance.engine.values import (
    DayType,
    Minute,
    OvertimeClass,
    OvertimeMode,
    OvertimePlan,
    Pairing,
    PlanKind,
    Rounding,
    ShiftPlan,
    Stretch,
)
from scheduling.pattern import (
    DAY,
    Flexible,
    FlexMode,
    Kind,
    LonePunch,
    Overtime,
    ShiftPattern,
    WallSpan,
)

NONEXISTENT: Final = "nonexistent_local_time"
# A month of a large company: some hundred shifts on some dozen dates in a few zones.
PLANS_KEPT: Final = 65_536
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OVERTIME_OF: Final = {
    DayType.REST: OvertimeClass.RESTDAY,
    DayType.HOLIDAY: OvertimeClass.HOLIDAY,
}


def minute_of(moment: datetime) -> Minute:
    """Return an aware moment as whole minutes since the epoch, floored (C1)."""
    return Minute((moment - _EPOCH) // timedelta(minutes=1))


def second_of(moment: datetime) -> int:
    """Return an aware moment as whole seconds since the epoch, floored."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def moment_of(minute: Minute) -> datetime:
    """Return whole minutes since the epoch as an aware moment, UTC."""
    return _EPOCH + timedelta(minutes=minute)


def wall_moment(
    work_date: date, wall_minute: int, zone: ZoneInfo, *, last: bool = False
) -> tuple[Minute, bool]:
    """Return the moment at a wall minute of a date, and whether that wall time exists there.

    In a repeated hour the first occurrence is meant, with `last` the second (C18). For a wall
    time that does not exist the moment is where the clock would have shown it, had it not moved.
    """
    days, minutes = divmod(wall_minute, DAY)
    hours, minutes = divmod(minutes, 60)
    wall = datetime.combine(
        work_date + timedelta(days=days), time(hours, minutes, fold=int(last)), zone
    )
    moment = wall.astimezone(UTC)
    exists = moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
    if not exists and last:
        moment = wall.replace(fold=0).astimezone(UTC)
    return minute_of(moment), exists


@lru_cache(maxsize=PLANS_KEPT)
def lay_out(pattern: ShiftPattern, work_date: date, zone: ZoneInfo) -> ShiftPlan:
    """Return what a shift expects on a date, in moments.

    A wall time of a segment, break or core that does not exist on that date is not guessed: the
    plan then carries the problem `nonexistent_local_time` (C18).
    """
    clock = _Clock(work_date, zone)
    kind = _kind_of(pattern)
    segments = () if kind is PlanKind.AMOUNT else clock.spans(pattern.segments)
    breaks = clock.spans(pattern.breaks)
    flexible = pattern.flexible if pattern.kind == Kind.FLEXIBLE else None
    core = None
    if kind is PlanKind.CORE and flexible is not None:
        core = clock.span(flexible.core_start or 0, flexible.core_end or 0)
    problem = "" if clock.sound else NONEXISTENT
    opens, closes = _window(pattern, kind, segments, clock)
    shifts = kind is PlanKind.SEGMENTS and flexible is not None
    return ShiftPlan(
        kind=kind,
        work_date=work_date,
        opens=opens,
        closes=closes,
        segments=segments,
        breaks=breaks,
        required=_required(pattern, segments, breaks),
        late_grace=pattern.late_grace,
        early_grace=pattern.early_grace,
        severe_late_after=pattern.severe_late_after,
        absent_late_after=pattern.absent_late_after,
        absent_late_days=pattern.absent_late_days,
        absent_early_after=pattern.absent_early_after,
        absent_early_days=pattern.absent_early_days,
        half_day_below=pattern.half_day_below,
        absent_below=pattern.absent_below,
        absent_by_segment=pattern.absent_by_segment,
        lone_in_until_end=pattern.lone_punch == LonePunch.IN_UNTIL_END,
        early_flex=flexible.early_max if shifts and flexible else 0,
        late_flex=flexible.late_max if shifts and flexible else 0,
        core=core,
        pairing=Pairing(pattern.free.pairing) if pattern.free else Pairing.FIRST_LAST,
        late_arrivals=_late_arrivals(pattern, clock),
        overtime=_overtime(pattern.overtime, OvertimeClass.WORKDAY, clock),
        worked_unit=pattern.worked_unit,
        worked_rounding=Rounding(pattern.worked_rounding),
        problem=problem,
    )


@lru_cache(maxsize=PLANS_KEPT)
def lay_out_day_off(
    overtime: Overtime | None,
    day_type: DayType,
    work_date: date,
    zone: ZoneInfo,
    pattern: ShiftPattern | None = None,
) -> ShiftPlan | None:
    """Return the plan of a rest day or holiday, or None where its overtime earns nothing.

    Its window is the date itself, and the punch window of the shift that would have been worked
    if there is one: overtime in a rest night ends the next morning. `assign` lets every shift
    take its punches first.
    """
    clock = _Clock(work_date, zone)
    terms = _overtime(overtime, _OVERTIME_OF[day_type], clock)
    if terms is None:
        return None
    opens, closes = clock.day(0)
    segments: tuple[Stretch, ...] = ()
    if pattern is not None and pattern.segments:
        segments = clock.spans(pattern.segments)
        opens = min(opens, Minute(segments[0][0] - pattern.window_before))
        closes = max(closes, Minute(segments[-1][1] + pattern.window_after))
    return ShiftPlan(
        kind=PlanKind.OFF,
        work_date=work_date,
        opens=opens,
        closes=closes,
        segments=segments,
        overtime=terms,
    )


class _Clock:
    """The wall of one date in one zone; remembers whether it was asked for a missing time."""

    def __init__(self, work_date: date, zone: ZoneInfo) -> None:
        self.work_date = work_date
        self.zone = zone
        self.sound = True

    def span(self, start: int, end: int) -> Stretch:
        begin, starts = wall_moment(self.work_date, start, self.zone)
        stop, ends = wall_moment(self.work_date, end, self.zone, last=True)
        self.sound = self.sound and starts and ends
        return begin, stop

    def spans(self, walls: Collection[WallSpan]) -> tuple[Stretch, ...]:
        return tuple(self.span(start, end) for start, end in walls)

    def at(self, wall_minute: int, days: int = 0) -> Minute:
        return wall_moment(self.work_date + timedelta(days=days), wall_minute, self.zone)[0]

    def day(self, boundary: int) -> Stretch:
        """Return the first and last minute of the day from boundary to boundary (C17)."""
        return self.at(boundary), Minute(self.at(boundary, days=1) - 1)


def _kind_of(pattern: ShiftPattern) -> PlanKind:
    if pattern.kind == Kind.FREE:
        return PlanKind.AMOUNT
    if pattern.kind == Kind.FLEXIBLE and pattern.flexible is not None:
        if pattern.flexible.mode == FlexMode.DAILY_HOURS:
            return PlanKind.AMOUNT
        if pattern.flexible.mode == FlexMode.CORE:
            return PlanKind.CORE
    return PlanKind.SEGMENTS


def _boundary(pattern: ShiftPattern) -> int:
    part = pattern.free if pattern.kind == Kind.FREE else pattern.flexible
    return part.day_boundary if part is not None else 0


def _window(
    pattern: ShiftPattern, kind: PlanKind, segments: tuple[Stretch, ...], clock: _Clock
) -> Stretch:
    """Return the first and last minute at which a punch may belong to the date (C9, C17)."""
    if kind is PlanKind.AMOUNT or not segments:
        return clock.day(_boundary(pattern))
    opens = Minute(segments[0][0] - pattern.window_before)
    closes = Minute(segments[-1][1] + pattern.window_after)
    if kind is PlanKind.CORE:
        # With a core the hours of the band are counted, not guarded: whoever comes before it
        # opens has still come.
        first, last = clock.day(_boundary(pattern))
        return min(first, opens), max(last, closes)
    return opens, closes


def _required(
    pattern: ShiftPattern, segments: tuple[Stretch, ...], breaks: tuple[Stretch, ...]
) -> int:
    """Return the net minutes owed: as stated where hours are flexible, else as planned."""
    if pattern.kind == Kind.FREE:
        return (pattern.free.required if pattern.free else None) or 0
    net = sum(end - start for start, end in segments) - sum(end - start for start, end in breaks)
    if pattern.kind == Kind.FLEXIBLE and isinstance(pattern.flexible, Flexible):
        stated = pattern.flexible.required
        if stated is not None and pattern.flexible.mode != FlexMode.SHIFT:
            return stated
    return net


def _late_arrivals(pattern: ShiftPattern, clock: _Clock) -> tuple[tuple[Minute, Minute], ...]:
    tiers = sorted(pattern.late_arrivals, key=lambda tier: tier.left_from, reverse=True)
    return tuple((clock.at(tier.left_from, days=-1), clock.at(tier.arrive_by)) for tier in tiers)


def _overtime(overtime: Overtime | None, kind: OvertimeClass, clock: _Clock) -> OvertimePlan | None:
    terms = getattr(overtime, kind.value) if overtime is not None else None
    if overtime is None or terms is None:
        return None
    return OvertimePlan(
        kind=kind,
        mode=OvertimeMode(overtime.mode),
        start_after=terms.start_after,
        minimum=terms.min,
        maximum=terms.max,
        unit=terms.unit,
        rounding=Rounding(terms.rounding),
        count_before_shift=terms.count_before_shift,
        rests=tuple((clock.at(start), clock.at(end)) for start, end in terms.rest),
        rest_tiers=tuple(sorted(terms.rest_tiers, reverse=True)),
    )


# --- which kind of day -----------------------------------------------------------------------


class WeekPattern(NamedTuple):
    """The weekly pattern of a group: weeks of ISO weekdays, taking turns from an anchor date.

    One week repeats every week; two alternate (大小周): the week of `anchor` is the first.
    """

    weeks: tuple[frozenset[int], ...]
    anchor: date | None = None

    def is_working(self, day: date) -> bool:
        """Say whether the pattern alone makes a date a working day."""
        turn = 0
        if len(self.weeks) > 1:
            if self.anchor is None:
                raise ValueError("anchor: weeks that take turns count from a date")
            turn = (_monday(day) - _monday(self.anchor)).days // 7 % len(self.weeks)
        return day.isoweekday() in self.weeks[turn]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def resolve_day(
    day: date,
    *,
    week: WeekPattern,
    statutory: Mapping[date, DayType],
    special: Mapping[date, DayType],
    rostered: DayType | None = None,
) -> DayType:
    """Return what a date is for an employee (C13).

    A roster entry outranks explicit special workdays and days off, these outrank the statutory
    calendar (holidays and moved working days), and that outranks the weekly pattern. `rostered`
    is WORKDAY for an entry with a shift, REST for an entry that says rest, None without entry.
    """
    if rostered is not None:
        # Rest on a holiday is still the holiday; a shift on a moved working day is that day.
        named = special.get(day) or statutory.get(day)
        if named is not None and named.is_working == rostered.is_working:
            return named
        return rostered
    return (
        special.get(day)
        or statutory.get(day)
        or (DayType.WORKDAY if week.is_working(day) else DayType.REST)
    )
