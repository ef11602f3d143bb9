"""The steps that judge a day by its shift: each does one thing and leaves a note of it.

A step returns True when it has settled the day, and nothing when the next step should go on.
"""

from typing import Final

from attendance.engine.draft import Draft, rounded
from attendance.engine.overtime import count_workday_overtime
from attendance.engine.spans import common, length, union, without
from attendance.engine.values import Anomaly, DayType, Fact, Minute, PlanKind, Status, Stretch

OFF_DAYS: Final = (DayType.REST, DayType.HOLIDAY)


# --- is anything owed ------------------------------------------------------------------------


def settle_unowed(draft: Draft) -> bool | None:
    """Settle the days on which nothing is owed: by this employee, or by anybody without a shift."""
    day = draft.day
    if day.employed and not day.exempt and day.plan is not None:
        if (day.plan.kind is PlanKind.OFF) is day.day_type.is_working:
            raise ValueError(f"plan: {day.plan.kind} does not fit a {day.day_type}")
        return None
    if not day.employed:
        draft.status = Status.NOT_REQUIRED
        draft.note("not_employed", {})
    elif day.exempt:
        draft.status = Status.NOT_REQUIRED
        draft.note("exempt", {})
    elif day.day_type in OFF_DAYS:
        draft.status = Status.REST if day.day_type is DayType.REST else Status.HOLIDAY
        draft.note("day_off", {"kind": day.day_type.value})
    else:
        draft.status = Status.NOT_REQUIRED
        draft.note("no_shift", {})
    draft.ignored += len(day.marks)
    return True


def settle_unclear(draft: Draft) -> bool | None:
    """Settle the days that cannot be judged without a guess; a person has to look (C18)."""
    if not draft.plan.problem:
        return None
    draft.status = Status.REVIEW
    draft.reason = draft.plan.problem
    draft.note("review", {"reason": draft.plan.problem})
    return True


# --- late, early, missing --------------------------------------------------------------------


def flex_shift(draft: Draft) -> None:
    """Move both ends of a flexible shift by the arrival, within its limits (C16).

    An end that leave or an outing has fixed does not move, and then nobody gains by coming before
    the start.
    """
    plan = draft.plan
    if not (plan.early_flex or plan.late_flex) or not draft.duties:
        return
    first, last = draft.duties[0], draft.duties[-1]
    fixed_start = first.start_is_excused or first.index != 0
    fixed_end = last.end_is_excused or last.out_waived or last.index != len(plan.segments) - 1
    if first.arrived is not None and not first.in_waived:
        earliest = 0 if fixed_start or fixed_end else -plan.early_flex
        moved = max(earliest, min(plan.late_flex, first.arrived - first.due_from))
        first.due_from = Minute(first.due_from + moved)
        facts = {"minutes": moved, "early_max": plan.early_flex, "late_max": plan.late_flex}
        if moved:
            draft.note("shift_moved", facts)
    else:
        # Nobody knows when the shift began, so the earliest end is the one that binds.
        moved = 0 if first.in_waived or fixed_end else -plan.early_flex
    segments = list(plan.segments)
    if first.index == 0 and first.arrived is not None and not fixed_start:
        segments[0] = (first.due_from, max(first.due_from, segments[0][1]))
    if not fixed_end:
        last.due_until = Minute(last.due_until + moved)
        if first.arrived is not None:
            segments[-1] = (segments[-1][0], max(segments[-1][0], last.due_until))
        for start, end in draft.excused:
            if start < last.due_until <= end:
                last.due_until = start
    draft.segments = tuple(segments)


def judge_arrivals(draft: Draft) -> None:
    """Find lateness: arriving up to start + grace, in whole minutes, is on time (C1, C2, C4)."""
    plan = draft.plan
    grace = plan.late_grace
    for duty in draft.duties:
        if duty.arrival is None:
            continue
        name, at, punch, _ = duty.arrival
        late = at - duty.due_from
        if duty.in_waived or duty.is_only_hours:
            continue
        facts: dict[str, Fact] = {"slot": name, "start": duty.due_from, "at": at, "grace": grace}
        if late <= grace:
            draft.note("on_time", facts)
            continue
        facts["minutes"] = late
        draft.note("late", facts)
        draft.find(Anomaly.TIME, name, late, punch)
        draft.late += late
        if plan.absent_late_after is not None and late > plan.absent_late_after:
            draft.absent_late = True
            draft.note(
                "absent_late",
                {"minutes": late, "after": plan.absent_late_after, "days": plan.absent_late_days},
            )
        elif plan.severe_late_after is not None and late > plan.severe_late_after:
            draft.severe = True
            draft.note("severe_late", {"minutes": late, "after": plan.severe_late_after})


def judge_departures(draft: Draft) -> None:
    """Find early leaving, the mirror image of lateness (C3, C4)."""
    plan = draft.plan
    grace = plan.early_grace
    for duty in draft.duties:
        if duty.departure is None:
            continue
        name, at, punch, _ = duty.departure
        early = duty.due_until - at
        if duty.out_waived or duty.is_only_hours:
            continue
        facts: dict[str, Fact] = {"slot": name, "end": duty.due_until, "at": at, "grace": grace}
        if early <= grace:
            draft.note("stayed", facts)
            continue
        facts["minutes"] = early
        draft.note("early", facts)
        draft.find(Anomaly.TIME, name, early, punch)
        draft.early += early
        if plan.absent_early_after is not None and early > plan.absent_early_after:
            draft.absent_early = True
            draft.note(
                "absent_early",
                {
                    "minutes": early,
                    "after": plan.absent_early_after,
                    "days": plan.absent_early_days,
                },
            )


def find_missing(draft: Draft) -> bool | None:
    """Find the due slots that nothing filled; while the window is open the day only waits (C20)."""
    missing = draft.missing
    for duty in draft.duties:
        if duty.arrived is None and not duty.in_waived:
            missing.append(duty.in_name)
        if duty.left is None and not duty.out_waived:
            missing.append(duty.out_name)
    plan, as_of = draft.plan, draft.day.as_of
    if as_of <= plan.closes and (missing or _still_running(draft, as_of)):
        return settle_pending(draft)
    for name in missing:
        draft.note("missing", {"slot": name, "closes": plan.closes})
        draft.find(Anomaly.MISSING, name)
    return None


def _still_running(draft: Draft, as_of: Minute) -> bool:
    """Say whether the last departure came before an end that is still ahead."""
    if not draft.duties:
        return False
    last = draft.duties[-1]
    return last.left is not None and last.left < last.due_until and as_of < last.due_until


def settle_pending(draft: Draft) -> bool:
    """Settle a day for now: what is not there yet can still come, and nothing is credited yet."""
    draft.missing.clear()
    draft.worked = draft.outing = draft.shortage = 0
    draft.status = Status.PENDING
    draft.note("pending", {"closes": draft.plan.closes})
    return True


# --- what was worked -------------------------------------------------------------------------


def count_worked(draft: Draft) -> None:
    """Count presence in the schedule, less breaks, less leave, and outings with it (C6, C15)."""
    if draft.leaves or draft.outings or draft.plan.kind is PlanKind.CORE:
        _count_worked_around_absences(draft)
    else:
        worked = 0
        breaks = draft.plan.breaks
        for duty in draft.duties:
            if duty.arrived is None or duty.left is None:
                continue
            start, end = draft.segments[duty.index]
            low = start if start > duty.arrived else duty.arrived
            high = end if end < duty.left else duty.left
            if low >= high:
                continue
            worked += high - low
            for begin, stop in breaks:
                if begin < high and stop > low:
                    worked -= (stop if stop < high else high) - (begin if begin > low else low)
        draft.worked = worked
    settle_balance(draft)


def _count_worked_around_absences(draft: Draft) -> None:
    plan, segments = draft.plan, draft.segments
    present: list[Stretch] = []
    for duty in draft.duties:
        begins, finishes = duty.begins, duty.finishes
        if begins is None or finishes is None:
            continue
        own = segments if plan.kind is PlanKind.CORE else segments[duty.index : duty.index + 1]
        present += common(own, [(begins, finishes)])
    outside = common(draft.outings, segments)
    lost = [*plan.breaks, *draft.leaves]
    draft.outing = length(without(outside, lost))
    worked = length(without(union([*present, *outside]), lost))
    if plan.kind is PlanKind.CORE and draft.outing:
        # A trip lasts all day, the band too; no more of it counts than the day asks for.
        draft.outing = min(draft.outing, draft.required)
        worked = max(length(without(present, lost)), min(worked, draft.required))
    draft.worked = worked


def settle_balance(draft: Draft) -> None:
    """Hold worked and leave against what was required."""
    draft.shortage = max(0, draft.required - draft.worked - draft.leave)
    facts = {"minutes": draft.worked, "required": draft.required, "shortage": draft.shortage}
    draft.note("worked", facts)


def await_hours(draft: Draft) -> bool | None:
    """Let a day whose hours are still short wait while its window is open (C20)."""
    if draft.shortage and draft.day.as_of <= draft.plan.closes:
        return settle_pending(draft)
    return None


def count_overtime(draft: Draft) -> None:
    """Count the working day's overtime (C11)."""
    if draft.plan.overtime is not None:
        count_workday_overtime(draft)


# --- the leading word ------------------------------------------------------------------------


def conclude(draft: Draft) -> None:
    """Choose the leading status and the penalty in days; the worse word wins (C4, C5)."""
    if draft.missing:
        _conclude_missing(draft)
    elif draft.outings and all(duty.in_waived and duty.out_waived for duty in draft.duties):
        draft.status = Status.ON_OUTING
    else:
        conclude_worked(draft)


def _conclude_missing(draft: Draft) -> None:
    empty = [
        duty
        for duty in draft.duties
        if duty.arrived is None and duty.left is None and not duty.in_waived and not duty.out_waived
    ]
    if len(empty) == len(draft.duties):
        draft.status = Status.ABSENT
        # Half a day's leave leaves half a day to be absent.
        draft.absent_days = 0.5 if 4 * draft.leave > draft.required else 1.0
        draft.note("absent", {"days": draft.absent_days})
        return
    draft.status = Status.MISSING
    if draft.plan.absent_by_segment and empty:
        draft.absent_days = round(len(empty) / len(draft.plan.segments), 2)
        if len(draft.missing) == 2 * len(empty):
            draft.status = Status.HALF_DAY
        draft.note("absent_segments", {"count": len(empty), "days": draft.absent_days})


def conclude_worked(draft: Draft) -> None:
    plan = draft.plan
    credited = draft.worked + draft.leave
    if draft.absent_late:
        draft.absent_days += plan.absent_late_days
    if draft.absent_early:
        draft.absent_days += plan.absent_early_days
    draft.absent_days = min(1.0, draft.absent_days)
    if plan.absent_below is not None and credited < plan.absent_below:
        draft.status = Status.ABSENT
        draft.absent_days = 1.0
        draft.note("absent_below", {"minutes": credited, "below": plan.absent_below})
    elif plan.half_day_below is not None and credited < plan.half_day_below:
        draft.status = Status.HALF_DAY
        draft.absent_days = max(0.5, draft.absent_days)
        draft.note("half_day_below", {"minutes": credited, "below": plan.half_day_below})
    elif draft.absent_late:
        draft.status = Status.ABSENT_LATE
    elif draft.absent_early:
        draft.status = Status.ABSENT_EARLY
    elif draft.severe:
        draft.status = Status.SEVERE_LATE
    elif draft.late:
        draft.status = Status.LATE_EARLY if draft.early else Status.LATE
    elif draft.early:
        draft.status = Status.EARLY
    elif draft.shortage and plan.kind is not PlanKind.SEGMENTS:
        draft.status = Status.SHORT_HOURS
        draft.note("short_hours", {"required": draft.required, "shortage": draft.shortage})
    else:
        draft.status = Status.NORMAL


def round_worked(draft: Draft) -> None:
    """Round what was worked, where the rule counts in units. Every verdict came before."""
    unit = draft.plan.worked_unit
    if unit > 1:
        exact = draft.worked
        draft.worked = rounded(exact, unit, draft.plan.worked_rounding)
        draft.note("rounded", {"minutes": draft.worked, "exact": exact, "unit": unit})
