"""What a shift asks of a day, as values in wall minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from scheduling.pattern import stored

WallSpan = tuple[int, int]
"""From a wall minute up to, but not including, another."""


class Kind(StrEnum):
    FIXED = "fixed"
    FLEXIBLE = "flexible"
    FREE = "free"


class FlexMode(StrEnum):
    """What may move: the whole shift, all but a core, or everything but the amount."""

    SHIFT = "shift"
    CORE = "core"
    DAILY_HOURS = "daily_hours"


class LonePunch(StrEnum):
    """Which slot a single punch fills (C10)."""

    NEARER_HALF = "nearer_half"
    IN_UNTIL_END = "in_until_end"


class PairingMode(StrEnum):
    """How the punches of a free day make up hours."""

    FIRST_LAST = "first_last"
    ALTERNATING = "alternating"
    TYPED_PAIRS = "typed_pairs"


class OvertimeMode(StrEnum):
    """What proves overtime: presence, approved presence, or the approval alone (C11)."""

    PUNCH = "punch"
    APPLY_AND_PUNCH = "apply_and_punch"
    APPLY_ONLY = "apply_only"


class RoundingMode(StrEnum):
    FLOOR = "floor"
    NEAREST = "nearest"
    CEIL = "ceil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexible:
    """What is flexible. Core times and the boundary are wall minutes; `required` is net minutes.

    `required` None means the net minutes of the segments. `day_boundary` matters to `daily_hours`,
    and to `core` as the day in which punches are looked for.
    """

    mode: FlexMode = FlexMode.SHIFT
    early_max: int = 0
    late_max: int = 0
    core_start: int | None = None
    core_end: int | None = None
    required: int | None = None
    day_boundary: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """Free hours: a day runs from boundary to boundary; `required` None asks for no amount."""

    day_boundary: int = 0
    pairing: PairingMode = PairingMode.FIRST_LAST
    required: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OvertimeTerms:
    """The terms of one class of overtime, in minutes (C11).

    `rest` are wall spans never counted; each of `rest_tiers` deducts its second number of minutes
    from overtime that reaches its first; the longest tier reached counts.
    """

    start_after: int = 0
    min: int = 0
    max: int | None = None
    unit: int = 1
    rounding: RoundingMode = RoundingMode.FLOOR
    count_before_shift: bool = False
    rest: tuple[WallSpan, ...] = ()
    rest_tiers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtime:
    """Overtime of each class of day; a class that is None earns nothing."""

    mode: OvertimeMode = OvertimeMode.PUNCH
    workday: OvertimeTerms | None = None
    restday: OvertimeTerms | None = None
    holiday: OvertimeTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateArrival:
    """Leaving at `left_from` or later (a wall minute of yesterday) moves today's start."""

    left_from: int
    arrive_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPattern:
    """Everything a shift says about a day. Equal patterns are interchangeable."""

    kind: Kind = Kind.FIXED
    segments: tuple[WallSpan, ...] = ()
    breaks: tuple[WallSpan, ...] = ()
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
    window_before: int = 120
    window_after: int = 240
    lone_punch: LonePunch = LonePunch.NEARER_HALF
    flexible: Flexible | None = None
    free: Free | None = None
    overtime: Overtime | None = None
    late_arrivals: tuple[LateArrival, ...] = ()
    worked_unit: int = 1
    worked_rounding: RoundingMode = RoundingMode.FLOOR
    # Plans are shared through a cache keyed by the pattern; hashing it anew each time would cost
    # more than judging the day.
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        said = tuple(getattr(self, f.name) for f in fields(self) if f.compare)
        try:
            hashed = hash(said)
        except TypeError:  # an odd value; `problems` will name it
            hashed = 0
        object.__setattr__(self, "_hash", hashed)

    def __hash__(self) -> int:
        return self._hash

    @property
    def net_minutes(self) -> int:
        """Return the wall minutes of work a day owes: segments less breaks."""
        return sum(end - start for start, end in self.segments) - sum(
            end - start for start, end in self.breaks
        )

    def to_json(self) -> dict[str, Any]:
        """Return the pattern as plain JSON values, without what merely repeats a default."""
        return stored.write(self)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Return the pattern that `to_json` wrote. Raise ValueError naming a field it did not."""
        return stored.read(cls, written)
