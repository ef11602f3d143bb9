"""The steps for days on which only the amount counts: free hours, and flexible daily hours."""

from attendance.engine.draft import Draft, Duty
from attendance.engine.overtime import count_excess
from attendance.engine.slots import fill
from attendance.engine.spans import common, length, union, without
from attendance.engine.steps import conclude_worked, settle_balance, settle_pending
from attendance.engine.values import (
    Anomaly,
    Direction,
    Minute,
    Pairing,
    Record,
    Status,
    Stretch,
)


def hear_absences(draft: Draft) -> bool | None:
    """Count approved leave up to the required amount; leave as long as the day settles it."""
    plan, day = draft.plan, draft.day
    whole = [(plan.opens, Minute(plan.closes + 1))]
    draft.required = plan.required
    draft.outings = common(union((span[0], span[1]) for span in day.outings), whole)
    draft.leaves = common(union((span[0], span[1]) for span in day.leaves), whole)
    if not draft.leaves:
        return None
    draft.leave = min(length(without(draft.leaves, plan.breaks)), plan.required)
    draft.note("leave", {"minutes": draft.leave})
    # Without an amount there is nothing to hold the leave against: it excuses an empty day.
    came = draft.records or day.corrections or draft.outings
    if draft.leave >= plan.required if plan.required else not came:
        draft.status = Status.ON_LEAVE
        draft.note("leave_covers_day", {})
        return True
    return None


def pair_punches(draft: Draft) -> None:
    """Make stretches of presence out of the records, as the rule pairs them."""
    if draft.plan.pairing is Pairing.FIRST_LAST:
        _pair_first_and_last(draft)
        return
    records = _with_corrections(draft)
    choose = _alternating if draft.plan.pairing is Pairing.ALTERNATING else _typed
    pairs = choose(records)
    several = len(pairs) > 1
    for index, (come, gone) in enumerate(pairs):
        duty = Duty(index, str(index + 1) if several else "", draft.plan.opens, draft.plan.closes)
        if come is not None:
            duty.arrive(Minute(come.first // 60), come.ids[0])
        if gone is not None:
            duty.leave(Minute(gone.last // 60), gone.ids[-1])
        draft.duties.append(duty)
        draft.missing += ["in"] if come is None else []
        draft.missing += ["out"] if gone is None else []


def _pair_first_and_last(draft: Draft) -> None:
    """Fill one in and one out; an outing before or after the only punch is the other end."""
    closes = Minute(draft.plan.closes + 1)
    duty = Duty(0, "", draft.plan.opens, closes)
    duty.lone_from = closes
    draft.duties.append(duty)
    fill(draft, duty, draft.records)
    for slot, at, correction in sorted(draft.day.corrections, key=lambda made: made.id):
        (duty.arrive if slot.startswith("in") else duty.leave)(at, None, correction)
        draft.note("corrected", {"slot": slot, "at": at})
    if draft.outings and (duty.arrived is not None or duty.left is not None):
        first, last = draft.outings[0][0], draft.outings[-1][1]
        seen = duty.arrived if duty.left is None else duty.left
        if duty.left is None and seen is not None and last > seen:
            duty.out_waived, duty.due_until = True, last
        elif duty.left is None and seen is not None:
            # The outing came first, so the only punch is the departure.
            duty.leave(seen, duty.arrival.punch if duty.arrival else None)
            duty.arrived, duty.arrival = None, None
        if duty.arrived is None and seen is not None and first < seen:
            duty.in_waived, duty.due_from = True, first
    if duty.begins is None and (draft.records or draft.day.corrections):
        draft.missing.append("in")
    if duty.finishes is None and (draft.records or draft.day.corrections):
        draft.missing.append("out")


def _with_corrections(draft: Draft) -> list[Record]:
    records = list(draft.records)
    for slot, at, _ in sorted(draft.day.corrections, key=lambda made: made.id):
        stated: Direction = "in" if slot.startswith("in") else "out"
        records.append(Record(at * 60, at * 60, stated, (0,)))
        draft.note("corrected", {"slot": slot, "at": at})
    return sorted(records, key=lambda record: (record.first, record.direction or ""))


def _alternating(records: list[Record]) -> list[tuple[Record | None, Record | None]]:
    odd: list[Record | None] = [None] if len(records) % 2 else []
    turns = [*records, *odd]
    return list(zip(turns[::2], turns[1::2], strict=True))


def _typed(records: list[Record]) -> list[tuple[Record | None, Record | None]]:
    """Pair every in with the next out; a repeated in or an out without in is noise."""
    pairs: list[tuple[Record | None, Record | None]] = []
    open_in: Record | None = None
    for record in records:
        arrives = record.direction == "in" or (record.direction is None and open_in is None)
        if arrives:
            open_in = open_in or record
        elif open_in is not None:
            pairs.append((open_in, record))
            open_in = None
    if open_in is not None:
        pairs.append((open_in, None))
    if not pairs and records:
        pairs.append((None, records[-1]))
    return pairs


def count_hours(draft: Draft) -> bool | None:
    """Count presence and outings, less breaks and leave; while the day runs, a short one waits."""
    plan, day = draft.plan, draft.day
    present: list[Stretch] = []
    for duty in draft.duties:
        if duty.arrival is not None:
            draft.slots.append(duty.arrival)
        if duty.departure is not None:
            draft.slots.append(duty.departure)
        if duty.begins is not None and duty.finishes is not None:
            present.append((duty.begins, duty.finishes))
    lost = [*plan.breaks, *draft.leaves]
    present = without(union([*present, *draft.outings]), lost)
    total = length(present)
    draft.outing = length(without(draft.outings, lost))
    # No amount asked for, no limit to what counts.
    draft.worked = min(total, plan.required) if plan.required else total
    settle_balance(draft)
    nothing = not draft.slots and not draft.outings
    if day.as_of <= plan.closes and (nothing or draft.missing or draft.shortage):
        return settle_pending(draft)
    if not nothing and not draft.missing:
        count_excess(draft, total, present)
    return None


def conclude_hours(draft: Draft) -> None:
    """Choose the leading status of a day of hours (C5, C16, C17)."""
    if not draft.slots and not draft.outings:
        draft.missing[:] = ["in", "out"]
        draft.status = Status.ABSENT
        draft.absent_days = 0.5 if 4 * draft.leave > draft.required > 0 else 1.0
        draft.note("absent", {"days": draft.absent_days})
    elif draft.missing:
        draft.status = Status.MISSING
    elif not draft.slots and not draft.shortage:
        draft.status = Status.ON_OUTING
    else:
        conclude_worked(draft)
    for name in draft.missing:
        draft.note("missing", {"slot": name, "closes": draft.plan.closes})
        draft.find(Anomaly.MISSING, name)
