"""The day while it is judged: what the steps have found so far."""

from collections.abc import Mapping, Sequence
from typing import Final

from attendance.engine.values import (
    Anomaly,
    DayInput,
    DayResult,
    Fact,
    Finding,
    Minute,
    Note,
    NoteCode,
    OvertimeClass,
    Record,
    Rounding,
    ShiftPlan,
    Slot,
    Status,
    Stretch,
)

# What a named tuple's own constructor does in the end, without the call in between. Three to eight
# of them are made for every employee-day.
_new: Final = tuple.__new__


class Duty:
    """One stretch that must be opened and closed by punches, with what fills its two slots.

    `start` and `end` are the scheduled ends, `due_from` and `due_until` those in effect once
    leave and a moved start are heard. A slot that an outing covers is waived: not due, not late.
    """

    # Defaults stand on the class: most days change few of them, and making a duty stays cheap.
    start_is_excused = end_is_excused = False
    in_waived = out_waived = False
    is_only_hours = False
    arrived: Minute | None = None
    left: Minute | None = None
    arrival: Slot | None = None
    departure: Slot | None = None

    def __init__(self, index: int, number: str, start: Minute, end: Minute) -> None:
        self.index = index
        self.in_name = "in" + number
        self.out_name = "out" + number
        self.start = self.due_from = self.lone_from = start
        self.end = self.due_until = self.lone_until = end

    def arrive(self, at: Minute, punch: int | None, correction: int | None = None) -> None:
        """Fill the slot of arrival."""
        self.arrived = at
        self.arrival = _new(Slot, (self.in_name, at, punch, correction))

    def leave(self, at: Minute, punch: int | None, correction: int | None = None) -> None:
        """Fill the slot of departure."""
        self.left = at
        self.departure = _new(Slot, (self.out_name, at, punch, correction))

    @property
    def begins(self) -> Minute | None:
        """From when presence counts: the arrival, or the due start if that was waived."""
        if self.arrived is None and self.in_waived:
            return self.due_from
        return self.arrived

    @property
    def finishes(self) -> Minute | None:
        """Until when presence counts: the departure, or the due end if that was waived."""
        if self.left is None and self.out_waived:
            return self.due_until
        return self.left


class Draft:
    """The day while it is judged. Steps change it; nobody else sees it."""

    status: Status | None = None
    reason = ""
    leaves: Sequence[Stretch] = ()
    excused: Sequence[Stretch] = ()
    outings: Sequence[Stretch] = ()
    segments: tuple[Stretch, ...] = ()
    late = early = worked = leave = outing = required = shortage = overtime = 0
    overtime_class: OvertimeClass | None = None
    absent_days = 0.0
    severe = absent_late = absent_early = False

    def __init__(self, day: DayInput) -> None:
        self.day = day
        # Only `settle_unowed` sees a day without a plan, and it settles it.
        self.plan: ShiftPlan = day.plan  # type: ignore[assignment]
        self.ignored = day.ignored
        self.notes: list[Note] = []
        self.findings: list[Finding] = []
        self.records: list[Record] = []
        self.duties: list[Duty] = []
        self.slots: list[Slot] = []
        self.missing: list[str] = []

    def note(self, code: NoteCode, facts: Mapping[str, Fact]) -> None:
        """Leave a note of a step."""
        self.notes.append(_new(Note, (code, facts)))

    def find(self, anomaly: Anomaly, slot: str, minutes: int = 0, punch: int | None = None) -> None:
        """Record one thing wrong."""
        self.findings.append(Finding(anomaly, slot, minutes, punch))

    def result(self) -> DayResult:
        """Return the verdict that the steps have come to."""
        real_out = None
        for slot in reversed(self.slots):
            if slot[2] is not None and slot[0][0] == "o":
                real_out = slot[1]
                break
        told = (
            self.status or Status.NORMAL,
            self.late,
            self.early,
            self.worked,
            self.absent_days,
            self.leave,
            self.outing,
            self.overtime,
            self.overtime_class,
            self.required,
            self.shortage,
            tuple(self.missing),
            tuple(self.slots),
            tuple(self.records),
            self.ignored,
            real_out,
            self.reason,
            tuple(self.findings),
            tuple(self.notes),
        )
        return _new(DayResult, told)


def rounded(minutes: int, unit: int, how: Rounding) -> int:
    """Return minutes as a multiple of the unit."""
    if unit <= 1:
        return minutes
    if how is Rounding.CEIL:
        return -(-minutes // unit) * unit
    if how is Rounding.NEAREST:
        return (2 * minutes + unit) // (2 * unit) * unit
    return minutes // unit * unit
