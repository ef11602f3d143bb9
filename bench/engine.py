"""How many employee-days the engine judges in a second, on one core, notes included.

Two models of a month: one segment with a break (two punches), and two segments (four punches);
2 % of the punches are missing, grace and overtime apply. Beside the engine runs a careful bare
evaluator of the same rules: integers in, integers out, no notes, no leave, nothing explained. It
is the limit for plain Python, and both must come to the same sums.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from attendance.engine import DayInput, DayType, Mark, ShiftPlan, evaluate_day
from attendance.planning import lay_out
from scheduling.pattern import Overtime, OvertimeTerms, ShiftPattern

PEOPLE, DAYS, ROUNDS = 500, 31, 5
OVERTIME = Overtime(workday=OvertimeTerms(start_after=30, min=30, max=240, unit=30))
PATTERNS = {
    "one_segment": ShiftPattern(
        segments=((540, 1080),), breaks=((720, 780),), late_grace=10, overtime=OVERTIME
    ),
    "two_segments": ShiftPattern(
        segments=((540, 720), (810, 1080)), late_grace=10, overtime=OVERTIME
    ),
}
Sums = tuple[int, int, int, int, int]


def month(pattern: ShiftPattern) -> list[DayInput]:
    """Return a month of days, punched more or less as the pattern asks."""
    chance = random.Random(20260901)  # noqa: S311
    zone, first = ZoneInfo("Asia/Shanghai"), date(2026, 9, 1)
    plans = [lay_out(pattern, first + timedelta(days=n), zone) for n in range(DAYS)]
    slots = [edge for segment in pattern.segments for edge in segment]
    return [_day(plan, slots, chance) for _ in range(PEOPLE) for plan in plans]


def _day(plan: ShiftPlan, slots: list[int], chance: random.Random) -> DayInput:
    midnight = (plan.segments[0][0] - slots[0]) * 60
    marks: list[Mark] = []
    for index, slot in enumerate(slots):
        if chance.random() < 0.02:
            continue
        minutes = chance.randint(-20, 12) if index % 2 == 0 else chance.randint(-1, 22)
        if index == len(slots) - 1 and chance.random() < 0.2:
            minutes += chance.randint(30, 180)
        second = midnight + (slot + minutes) * 60 + chance.randrange(60)
        marks.append(Mark(second, None, len(marks) + 1))
    return DayInput(plan.work_date, DayType.WORKDAY, plan, tuple(marks))


def engine(days: list[DayInput]) -> Sums:
    """Judge the days with the engine and add up what it says."""
    late = early = worked = overtime = missing = 0
    for day in days:
        result = evaluate_day(day)
        late += result.late
        early += result.early
        worked += result.worked
        overtime += result.overtime
        missing += len(result.missing)
    return late, early, worked, overtime, missing


def bare(days: list[DayInput]) -> Sums:
    """Judge the days by the rules they need and nothing else: the limit."""
    late = early = worked = overtime = missing = 0
    for day in days:
        plan = day.plan
        assert plan is not None
        assert plan.overtime is not None
        segments, breaks, terms = plan.segments, plan.breaks, plan.overtime
        grace, gap, last = plan.late_grace, day.merge_seconds, len(segments) - 1
        zones: list[list[int]] = [[] for _ in segments]
        zone, anchor, ends = 0, -gap - 1, segments[-1][1]
        opens, closes = plan.opens * 60, plan.closes * 60 + 59
        for mark in day.marks:
            at = mark[0]
            if not opens <= at <= closes:
                continue
            if at - anchor <= gap:
                zones[zone][-1] = at
                continue
            anchor = at
            while zone < last and 2 * (at // 60) >= segments[zone][1] + segments[zone + 1][0]:
                zone += 1
            zones[zone] += (at, at)
        for index, (start, end) in enumerate(segments):
            own = zones[index]
            if not own:
                missing += 2
                continue
            come, gone = own[0] // 60, own[-1] // 60
            if len(own) == 2:
                missing += 1
                if 2 * come <= start + end:
                    late += come - start if come - start > grace else 0
                else:
                    early += end - gone if gone < end else 0
                continue
            late += come - start if come - start > grace else 0
            early += end - gone if gone < end else 0
            low, high = max(start, come), min(end, gone)
            if low < high:
                worked += high - low
                for begin, stop in breaks:
                    if begin < high and stop > low:
                        worked -= min(stop, high) - max(begin, low)
            if index == last:
                extra = gone - ends - terms.start_after
                if extra >= terms.minimum and extra > 0:
                    extra = min(extra, terms.maximum or extra)
                    overtime += extra // terms.unit * terms.unit
    return late, early, worked, overtime, missing


def best(judge: Callable[[list[DayInput]], Sums], days: list[DayInput]) -> float:
    """Return the days a second of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        judge(days)
        times.append(perf_counter() - started)
    return len(days) / min(times)


def measure() -> Iterator[dict[str, object]]:
    """Yield a line for each model of a month."""
    for name, pattern in PATTERNS.items():
        days = month(pattern)
        assert engine(days) == bare(days), f"the evaluators disagree about {name}"
        value, limit = best(engine, days), best(bare, days)
        yield {
            "what": f"one core, with notes, {name}",
            "unit": "employee-days/s",
            "value": round(value),
            "target": 100_000,
            "limit": round(limit),
            "ratio": round(limit / value, 2),
        }
