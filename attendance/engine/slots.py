"""Which punch fills which slot (C10)."""

from itertools import pairwise
from typing import Final

from attendance.engine.draft import Draft, Duty
from attendance.engine.values import Minute, PlanKind, Record, Slot

_new: Final = tuple.__new__  # see draft.py


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
    # Twice the middle of each gap, so that half a minute is a whole number too.
    middles = [one.due_until + other.due_from for one, other in pairwise(duties)]
    last, zone = len(middles), 0
    for record in records:
        at = record[0] // 60
        while zone < last and 2 * at >= middles[zone]:
            zone += 1
        own = zone
        if record[2] is not None:
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
    first, last = records[0], records[-1]
    if first is not last and first[2] != "out" and last[2] != "in":
        # What arrive() and leave() do, spelled out: nearly every slot is filled here, and even
        # calling a NewType costs.
        duty.arrived = arrived = first[0] // 60  # type: ignore[assignment]
        duty.left = left = last[1] // 60  # type: ignore[assignment]
        duty.arrival = _new(Slot, (duty.in_name, arrived, first[3][0], None))
        duty.departure = _new(Slot, (duty.out_name, left, last[3][-1], None))
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
        duty.arrive(Minute(records[come][0] // 60), records[come][3][0])
    if gone is not None:
        duty.leave(Minute(records[gone][1] // 60), records[gone][3][-1])


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
