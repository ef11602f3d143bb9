"""What is due: the shift, less what leave excuses and outings waive (C14, C15, C16)."""

from attendance.engine.draft import Draft, Duty
from attendance.engine.spans import common, length, union, without
from attendance.engine.values import Minute, PlanKind, Status


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
    reached = (
        starts for left_from, starts in draft.plan.late_arrivals if previous_out >= left_from
    )
    starts = next(reached, None)
    if starts is None or starts <= draft.duties[0].start or starts >= draft.duties[-1].end:
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
        if start < duty.due_until <= end:
            duty.due_until = duty.lone_until = Minute(start)
            duty.end_is_excused = True
            break
    if duty.due_from >= duty.due_until:
        # Nothing of it is left to be due, so there is no other time to name.
        return
    if duty.start_is_excused:
        draft.note("start_excused", {"slot": duty.in_name, "start": duty.due_from})
    if duty.end_is_excused:
        draft.note("end_excused", {"slot": duty.out_name, "end": duty.due_until})


def _hear_leave_in_core(draft: Draft) -> bool | None:
    """With a core, hours count: leave settles the day only when it is as long as the day."""
    if draft.leave >= draft.required:
        return _settle_leave(draft)
    duty = draft.duties[0]
    _excuse_ends(draft, duty)
    if duty.due_from >= duty.due_until:
        # The whole core is excused; hours are still owed, but nobody can be late for them.
        duty.is_only_hours = True
        duty.due_from = duty.lone_from = draft.segments[0][0]
        duty.due_until = duty.lone_until = draft.segments[-1][1]
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
