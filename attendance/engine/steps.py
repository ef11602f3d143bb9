"""The steps that judge a day by its shift: each does one thing and leaves a note of it.

A step returns True when it has settled the day, and nothing when the next step should go on.
"""

from typing import Final

from attendance.engine.draft import Draft, Duty, rounded
from attendance.engine.overtime import count_workday_overtime
from attendance.engine.spans import common, length, union, without
from attendance.engine.values import (
    Anomaly,
    DayType,
    Direction,
    Mark,
    Minute,
    PlanKind,
    Record,
    Status,
    Stretch,
)

_new: Final = tuple.__new__  # see draft.py
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


# --- from punches to records -----------------------------------------------------------------


def merge_repeats(draft: Draft) -> None:
    """Merge what was tapped several times into one record (C8), inside the punch window (C9).

    A record is anchored at its first punch and takes in every later one up to the gap; opposite
    stated directions never merge.
    """
    day = draft.day
    if day.held:
        draft.note("held", {"count": day.held})
    marks = _in_order(day.marks)
    if marks and (marks[0][0] // 60 < draft.plan.opens or marks[-1][0] // 60 > draft.plan.closes):
        marks = _inside_window(draft, marks)
    if draft.ignored:
        facts = {"count": draft.ignored, "opens": draft.plan.opens, "closes": draft.plan.closes}
        draft.note("outside_window", facts)
    records = draft.records
    gap = day.merge_seconds
    anchor = -gap - 1
    for at, direction, punch in marks:
        if at - anchor > gap or not _joined(records, gap, at, direction, punch):
            anchor = at
            records.append(_new(Record, (at, at, direction, (punch,))))
    if len(records) < len(marks):
        for record in records:
            if len(record.ids) > 1:
                facts = {"count": len(record.ids), "at": record.first // 60}
                draft.note("merged", {**facts, "until": record.last // 60})
                draft.find(Anomaly.DUPLICATE, "", 0, record.ids[0])


def _joined(
    records: list[Record], gap: int, at: int, direction: Direction | None, punch: int
) -> bool:
    """Let the latest record that may take in a punch do so, and say whether there was one."""
    for index in range(len(records) - 1, -1, -1):
        first, _, stated, punches = records[index]
        if at - first > gap:
            return False
        if stated is None or direction is None or stated == direction:
            records[index] = Record(first, at, stated or direction, (*punches, punch))
            return True
    return False


def _in_order(marks: tuple[Mark, ...]) -> tuple[Mark, ...] | list[Mark]:
    """Return the marks as they happened, whatever the order in which they arrived."""
    previous = -1
    for mark in marks:
        if mark[0] <= previous:
            return sorted(marks, key=lambda m: (m[0], m[1] or "", m[2]))
        previous = mark[0]
    return marks


def _inside_window(draft: Draft, marks: tuple[Mark, ...] | list[Mark]) -> list[Mark]:
    opens, closes = draft.plan.opens, draft.plan.closes
    inside = [mark for mark in marks if opens <= mark[0] // 60 <= closes]
    draft.ignored += len(marks) - len(inside)
    return inside


# --- what is due -----------------------------------------------------------------------------


def find_duties(draft: Draft) -> bool | None:
    """Find the stretches that punches must open and close, once leave and outings are heard."""
    plan, day = draft.plan, draft.day
    draft.segments = plan.segments
    draft.required = plan.required
    if plan.kind is PlanKind.CORE:
        first, last = plan.core or plan.segments[0]
        draft.duties = [Duty(0, "", first, last)]
    elif len(plan.segments) == 1:
        draft.duties = [Duty(0, "", *plan.segments[0])]
    else:
        draft.duties = [
            Duty(index, str(index + 1), start, end)
            for index, (start, end) in enumerate(plan.segments)
        ]
    if plan.late_arrivals and day.previous_out is not None:
        _move_start(draft, day.previous_out)
    if day.leaves:
        settled = _hear_leave(draft)
        if settled:
            return True
    if day.outings:
        _hear_outings(draft)
    return None


def _move_start(draft: Draft, previous_out: Minute) -> None:
    """Replace the start after a late evening: the highest tier reached counts (C16)."""
    for left_from, starts in draft.plan.late_arrivals:
        if previous_out >= left_from:
            break
    else:
        return
    if starts <= draft.duties[0].start or starts >= draft.duties[-1].end:
        return
    draft.note("start_moved", {"left": previous_out, "start": starts})
    draft.duties = [duty for duty in draft.duties if duty.end > starts]
    first = draft.duties[0]
    spared = common(draft.plan.segments, [(draft.plan.segments[0][0], starts)])
    if draft.plan.kind is PlanKind.SEGMENTS:
        draft.required -= length(without(spared, draft.plan.breaks))
    if first.start < starts:
        first.due_from = first.lone_from = starts


def _hear_leave(draft: Draft) -> bool | None:
    """Move the ends that leave covers (C14); a day that leave covers whole is settled."""
    plan = draft.plan
    draft.leaves = union((span[0], span[1]) for span in draft.day.leaves)
    counted = length(without(common(draft.leaves, plan.segments), plan.breaks))
    if not counted:
        return None
    draft.leave = min(counted, draft.required)
    draft.note("leave", {"minutes": draft.leave})
    # Who is on leave up to a break need not come for the break.
    touched = [
        rest
        for rest in plan.breaks
        if any(start <= rest[1] and rest[0] <= end for start, end in draft.leaves)
    ]
    draft.excused = union([*draft.leaves, *touched])
    if plan.kind is PlanKind.CORE:
        return _hear_leave_in_core(draft)
    due = []
    for duty in draft.duties:
        _excuse_ends(draft, duty)
        if duty.due_from < duty.due_until:
            due.append(duty)
    draft.duties = due
    if due:
        return None
    return _settle_leave(draft)


def _excuse_ends(draft: Draft, duty: Duty) -> None:
    for start, end in draft.excused:
        if start <= duty.due_from < end:
            duty.due_from = duty.lone_from = Minute(end)
            duty.start_is_excused = True
            draft.note("start_excused", {"slot": duty.in_name, "start": end})
        if start < duty.due_until <= end:
            duty.due_until = duty.lone_until = Minute(start)
            duty.end_is_excused = True
            draft.note("end_excused", {"slot": duty.out_name, "end": start})
            break


def _hear_leave_in_core(draft: Draft) -> bool | None:
    """With a core, hours count: leave settles the day only when it is as long as the day."""
    if draft.leave >= draft.required:
        return _settle_leave(draft)
    duty = draft.duties[0]
    _excuse_ends(draft, duty)
    if duty.due_from >= duty.due_until:
        # The whole core is excused; hours are still owed, but nobody can be late for them.
        duty.due_from, duty.due_until = draft.segments[-1][1], draft.segments[0][0]
        duty.lone_from, duty.lone_until = draft.segments[0][0], draft.segments[-1][1]
    return None


def _settle_leave(draft: Draft) -> bool:
    draft.status = Status.ON_LEAVE
    draft.note("leave_covers_day", {})
    return True


def _hear_outings(draft: Draft) -> None:
    """Waive the slots that an approved outing covers (C15)."""
    draft.outings = union((span[0], span[1]) for span in draft.day.outings)
    for duty in draft.duties:
        for start, end in draft.outings:
            if start <= duty.due_from < end:
                duty.in_waived = True
                duty.lone_from = min(end, duty.due_until)
                draft.note("waived", {"slot": duty.in_name, "from": start, "until": end})
            if start < duty.due_until <= end:
                duty.out_waived = True
                duty.lone_until = max(start, duty.due_from)
                draft.note("waived", {"slot": duty.out_name, "from": start, "until": end})


# --- which punch fills which slot ------------------------------------------------------------


def fill_slots(draft: Draft) -> None:
    """Give each slot its record: first in, last out, between the middles of the gaps (C10)."""
    duties, records = draft.duties, draft.records
    if len(duties) == 1:
        fill(draft, duties[0], records)
    else:
        zones = _divide(duties, records)
        for duty, own in zip(duties, zones, strict=True):
            fill(draft, duty, own)
    if draft.day.corrections:
        _apply_corrections(draft)
    for duty in duties:
        if duty.arrival is not None:
            draft.slots.append(duty.arrival)
        if duty.departure is not None:
            draft.slots.append(duty.departure)


def _divide(duties: list[Duty], records: list[Record]) -> list[list[Record]]:
    """Share the records among the duties. The middle of a gap belongs to the later one."""
    zones: list[list[Record]] = [[] for _ in duties]
    last = len(duties) - 1
    zone = 0
    for record in records:
        at = record[0] // 60
        while zone < last and 2 * at >= duties[zone].due_until + duties[zone + 1].due_from:
            zone += 1
        own = zone
        if record[2] == "in" and zone < last and at >= duties[zone].due_until:
            own = zone + 1
        elif record[2] == "out" and zone and at <= duties[zone].due_from:
            own = zone - 1
        zones[own].append(record)
    return zones


def fill(draft: Draft, duty: Duty, records: list[Record]) -> None:
    """Fill the two slots of a duty: one record fills one slot, a stated direction is believed."""
    if not records:
        return
    if len(records) > 1:
        first, last = records[0], records[-1]
        if first[2] != "out" and last[2] != "in":
            duty.arrive(first[0] // 60, first[3][0])  # type: ignore[arg-type]
            duty.leave(last[1] // 60, last[3][-1])  # type: ignore[arg-type]
            return
    come = next((n for n, record in enumerate(records) if record[2] != "out"), None)
    gone = None
    for index in range(len(records) - 1, -1, -1):
        if records[index][2] != "in":
            gone = index
            break
    if come is not None and gone is not None and gone <= come:
        lone = records[come]
        if lone[2] == "in" or (lone[2] is None and _opens_the_duty(draft, duty, lone[0] // 60)):
            gone = None
        else:
            come, gone = None, come
    if come is not None:
        duty.arrive(records[come][0] // 60, records[come][3][0])  # type: ignore[arg-type]
    if gone is not None:
        duty.leave(records[gone][1] // 60, records[gone][3][-1])  # type: ignore[arg-type]


def _opens_the_duty(draft: Draft, duty: Duty, at: int) -> bool:
    """Say whether a lone punch is the arrival: at or before the middle of what is due (C10)."""
    if draft.plan.lone_in_until_end:
        return at < duty.due_until
    return 2 * at <= duty.lone_from + duty.lone_until


def _apply_corrections(draft: Draft) -> None:
    """Let approved make-ups outrank the raw punches of their slots. Both stay visible."""
    several = len(draft.segments) > 1 and draft.plan.kind is not PlanKind.CORE
    for slot, at, correction in sorted(draft.day.corrections, key=lambda made: made.id):
        side = slot.rstrip("0123456789")
        number = slot[len(side) :]
        if several and not number:
            number = "1" if side == "in" else str(len(draft.segments))
        for duty in draft.duties:
            if several and str(duty.index + 1) != number:
                continue
            if side == "in":
                duty.arrive(at, None, correction)
            else:
                duty.leave(at, None, correction)
            draft.note("corrected", {"slot": slot, "at": at})
            break
        else:
            draft.note("correction_idle", {"slot": slot, "at": at})


# --- late, early, missing --------------------------------------------------------------------


def flex_shift(draft: Draft) -> None:
    """Move both ends of a flexible shift by the arrival, within its limits (C16).

    An end that leave has fixed does not move, and then nobody gains by coming before the start.
    """
    plan = draft.plan
    if not (plan.early_flex or plan.late_flex) or not draft.duties:
        return
    first, last = draft.duties[0], draft.duties[-1]
    fixed_start = first.start_is_excused or first.index != 0
    fixed_end = last.end_is_excused or last.index != len(plan.segments) - 1
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
        if duty.in_waived:
            continue
        facts = {"slot": name, "start": duty.due_from, "at": at, "grace": grace}
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
        if duty.out_waived:
            continue
        facts = {"slot": name, "end": duty.due_until, "at": at, "grace": grace}
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
    """Settle a day for now: whatever is not there yet can still come."""
    draft.missing.clear()
    draft.status = Status.PENDING
    draft.note("pending", {"closes": draft.plan.closes})
    return True


# --- what was worked -------------------------------------------------------------------------


def count_worked(draft: Draft) -> None:
    """Count presence inside the schedule, less breaks, less leave, and outings with it (C6, C15)."""
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
        draft.shortage = 0
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
