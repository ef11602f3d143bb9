"""What the engine is given and what it returns: plain values, whole minutes, no language.

A moment is a whole number of minutes since the epoch; a duration is a whole number of minutes.
Only punches carry seconds, because repeats are merged by the second (C1, C8). Values that are
made once per employee-day are named tuples: they are cheap, and they cannot be changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Literal, NamedTuple, NewType, get_args

Minute = NewType("Minute", int)
"""A moment: whole minutes since the epoch, UTC."""

Direction = Literal["in", "out"]
Stretch = tuple[Minute, Minute]
"""From a moment up to, but not including, another."""

LONG_AFTER: Final = Minute(2**40)
"""An `as_of` at which every window has closed."""


class DayType(StrEnum):
    """What a date is for one employee, once calendar and roster have been heard (C13)."""

    WORKDAY = "workday"
    MAKEUP_WORKDAY = "makeup_workday"
    SPECIAL_WORKDAY = "special_workday"
    REST = "rest"
    HOLIDAY = "holiday"

    @property
    def is_working(self) -> bool:
        """Whether a shift is owed on such a day."""
        return self not in (DayType.REST, DayType.HOLIDAY)


class Status(StrEnum):
    """The one leading word about a day."""

    NORMAL = "normal"
    LATE = "late"
    SEVERE_LATE = "severe_late"
    ABSENT_LATE = "absent_late"
    EARLY = "early"
    ABSENT_EARLY = "absent_early"
    LATE_EARLY = "late_early"
    MISSING = "missing"
    HALF_DAY = "half_day"
    ABSENT = "absent"
    SHORT_HOURS = "short_hours"
    ON_LEAVE = "on_leave"
    ON_OUTING = "on_outing"
    REST = "rest"
    REST_OVERTIME = "rest_overtime"
    HOLIDAY = "holiday"
    HOLIDAY_OVERTIME = "holiday_overtime"
    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    REVIEW = "review"


class Anomaly(StrEnum):
    """The eight kinds of trouble. The engine finds three; the other five come with evidence."""

    WEAK_GPS = "weak_gps"
    OUT_OF_FENCE = "out_of_fence"
    DUPLICATE = "duplicate"
    TIME = "time"
    MISSING = "missing"
    WIFI = "wifi"
    DEVICE = "device"
    SECOND_CHECK = "second_check"


class PlanKind(StrEnum):
    """How a day is judged: by its segments, by an amount of hours, or not at all."""

    SEGMENTS = "segments"
    CORE = "core"
    AMOUNT = "amount"
    OFF = "off"


class Pairing(StrEnum):
    """How the punches of a day without segments make up hours."""

    FIRST_LAST = "first_last"
    ALTERNATING = "alternating"
    TYPED_PAIRS = "typed_pairs"


class OvertimeClass(StrEnum):
    """Whose overtime it is: a working day's, a rest day's or a holiday's."""

    WORKDAY = "workday"
    RESTDAY = "restday"
    HOLIDAY = "holiday"


class OvertimeMode(StrEnum):
    """What proves overtime: presence, approved presence, or the approval alone."""

    PUNCH = "punch"
    APPLY_AND_PUNCH = "apply_and_punch"
    APPLY_ONLY = "apply_only"


class Rounding(StrEnum):
    """Which multiple of the unit an amount of minutes becomes."""

    FLOOR = "floor"
    NEAREST = "nearest"
    CEIL = "ceil"


@dataclass(frozen=True, slots=True, kw_only=True)
class OvertimePlan:
    """The terms of overtime on one date: minutes, and rests as moments of that date."""

    kind: OvertimeClass
    mode: OvertimeMode = OvertimeMode.PUNCH
    start_after: int = 0
    minimum: int = 0
    maximum: int | None = None
    unit: int = 1
    rounding: Rounding = Rounding.FLOOR
    count_before_shift: bool = False
    rests: tuple[Stretch, ...] = ()
    # (overtime from this many minutes on, minutes of rest then deducted), longest first
    rest_tiers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPlan:
    """What was expected on one date, in moments. Shared by everybody who works that shift.

    `opens` and `closes` bound the punch window, both inclusive at whole minutes (C9). `problem`
    is a code when the date cannot be judged, such as a local time that does not exist (C18).
    """

    kind: PlanKind
    work_date: date
    opens: Minute
    closes: Minute
    segments: tuple[Stretch, ...] = ()
    breaks: tuple[Stretch, ...] = ()
    required: int = 0
    late_grace: int = 0
    early_grace: int = 0
    severe_late_after: int | None = None
    absent_late_after: int | None = None
    absent_late_days: float = 0.5
    absent_early_after: int | None = None
    absent_early_days: float = 0.5
    half_day_below: int | None = None
    absent_below: int | None = None
    absent_by_segment: bool = False
    lone_in_until_end: bool = False
    early_flex: int = 0
    late_flex: int = 0
    core: Stretch | None = None
    pairing: Pairing = Pairing.FIRST_LAST
    # (left yesterday at or after this moment, today's start becomes this), latest first (C16)
    late_arrivals: tuple[tuple[Minute, Minute], ...] = ()
    overtime: OvertimePlan | None = None
    worked_unit: int = 1
    worked_rounding: Rounding = Rounding.FLOOR
    problem: str = ""

    @property
    def starts(self) -> Minute:
        """The moment at which the shift itself begins."""
        return self.segments[0][0] if self.segments else self.opens

    @property
    def ends(self) -> Minute:
        """The moment after which the shift itself is over."""
        return self.segments[-1][1] if self.segments else self.closes


class Mark(NamedTuple):
    """A punch that counts: `at` in seconds since the epoch, and what it says about itself."""

    at: int
    direction: Direction | None = None
    id: int = 0


class Correction(NamedTuple):
    """An approved make-up: for its slot it outranks the raw punches. `at` is a moment.

    `slot` is "in" or "out", with the number of the segment where a shift has several ("in2").
    Of two corrections for one slot the one with the higher id counts.
    """

    slot: str
    at: Minute
    id: int = 0


class Span(NamedTuple):
    """An approved stretch of leave, outing or overtime; `kind` is the leave type or the like."""

    start: Minute
    end: Minute
    kind: str = ""
    id: int = 0


class DayInput(NamedTuple):
    """Everything the verdict on one employee-day may depend on, and nothing else.

    Only what counts is given: accepted punches that belong to this date, approved corrections,
    leaves, outings and overtime (an overtime span belongs to the one date it was approved for).
    `plan` is None where nothing is planned and nothing can be earned. `held` and `ignored` are
    numbers of punches that do not count, so that a note can say so. `previous_out` is the last
    real out-punch of the day before. `as_of` is the moment of judging (C20).
    """

    work_date: date
    day_type: DayType
    plan: ShiftPlan | None
    marks: tuple[Mark, ...] = ()
    corrections: tuple[Correction, ...] = ()
    leaves: tuple[Span, ...] = ()
    outings: tuple[Span, ...] = ()
    overtime: tuple[Span, ...] = ()
    exempt: bool = False
    employed: bool = True
    previous_out: Minute | None = None
    as_of: Minute = LONG_AFTER
    merge_seconds: int = 300
    held: int = 0
    ignored: int = 0


class Record(NamedTuple):
    """Punches that were merged into one: seconds of the first and last, and the punches' ids."""

    first: int
    last: int
    direction: Direction | None
    ids: tuple[int, ...]


class Slot(NamedTuple):
    """A slot that was filled: `punch` is the id of the punch, or `correction` of the make-up."""

    name: str
    at: Minute
    punch: int | None = None
    correction: int | None = None


class Finding(NamedTuple):
    """One thing wrong: its kind, the slot and punch it concerns, and its minutes."""

    anomaly: Anomaly
    slot: str = ""
    minutes: int = 0
    punch: int | None = None


Fact = int | float | str
NoteCode = Literal[
    "absent",
    "absent_below",
    "absent_early",
    "absent_late",
    "absent_segments",
    "corrected",
    "correction_idle",
    "day_off",
    "early",
    "end_excused",
    "exempt",
    "half_day_below",
    "held",
    "late",
    "leave",
    "leave_covers_day",
    "merged",
    "missing",
    "no_shift",
    "not_employed",
    "on_time",
    "outside_window",
    "overtime",
    "overtime_below_minimum",
    "pending",
    "review",
    "rounded",
    "severe_late",
    "shift_moved",
    "short_hours",
    "start_excused",
    "start_moved",
    "stayed",
    "waived",
    "worked",
]
NOTE_CODES: Final[tuple[NoteCode, ...]] = get_args(NoteCode)
"""Every code a note can have; wording.py has a sentence for each."""


class Note(NamedTuple):
    """One step that led to the verdict: a code and its facts. Moments are epoch minutes."""

    code: NoteCode
    facts: Mapping[str, Fact]


class DayResult(NamedTuple):
    """The verdict on one employee-day, with its reasons. Durations are whole minutes."""

    status: Status
    late: int = 0
    early: int = 0
    worked: int = 0
    absent_days: float = 0.0
    leave: int = 0
    outing: int = 0
    overtime: int = 0
    overtime_class: OvertimeClass | None = None
    required: int = 0
    shortage: int = 0
    missing: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    records: tuple[Record, ...] = ()
    ignored: int = 0
    # The last real out-punch, for tomorrow's late-leave-late-arrive
    real_out: Minute | None = None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
