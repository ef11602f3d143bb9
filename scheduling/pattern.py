"""What a shift asks of a day, in wall minutes, and what can be wrong with it.

Minutes count from 00:00 of the work date, 0…2880: 1800 ("30:00") is 06:00 on the next day, so a
night, a 24-hour shift and a plain day are told in the same way. Nothing here knows a date, a zone
or the database. The form, the API, the importer and `run_cases` share these validators.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self
from zoneinfo import available_timezones

DAY: Final = 1440
LAST_MINUTE: Final = 2 * DAY
LONGEST_SHIFT: Final = DAY
LARGEST_FLEX: Final = 360

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


class Code(StrEnum):
    """What can be wrong with a configuration. The codes are stable; sentences are made elsewhere."""

    SHIFT_OVERLAP = "shift_overlap"
    SEGMENTS_OVERLAP = "segments_overlap"
    SEGMENTS_UNORDERED = "segments_unordered"
    SEGMENTS_MISSING = "segments_missing"
    END_BEFORE_START = "end_before_start"
    BREAK_OUTSIDE_SEGMENT = "break_outside_segment"
    BREAKS_OVERLAP = "breaks_overlap"
    SHIFT_TOO_LONG = "shift_too_long"
    NEGATIVE_MINUTES = "negative_minutes"
    NOT_MINUTES = "not_minutes"
    TIERS_NOT_NESTED = "tiers_not_nested"
    DAYS_OUT_OF_RANGE = "days_out_of_range"
    GRACE_AND_FLEX = "grace_and_flex"
    FLEX_TOO_LARGE = "flex_too_large"
    FLEX_MISSING = "flex_missing"
    CORE_OUTSIDE_SEGMENT = "core_outside_segment"
    UNIT_TOO_SMALL = "unit_too_small"
    UNKNOWN_CHOICE = "unknown_choice"
    UNKNOWN_TIMEZONE = "unknown_timezone"


class Problem(NamedTuple):
    """One thing wrong: a stable code, the path of the field, and the facts for a sentence."""

    code: Code
    field: str
    facts: Mapping[str, object]


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
        return _to_json(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the pattern that `to_json` wrote. Raise ValueError naming a field it never wrote."""
        return _from_json(cls, stored, "")


# --- what is wrong ---------------------------------------------------------------------------


def problems(pattern: ShiftPattern) -> list[Problem]:
    """Return all that is wrong with a pattern, gravest first; an empty list means it is sound.

    Odd values (a text where minutes belong, a negative grace) are reported, never raised.
    """
    found = list(_unreadable(pattern))
    if found:
        return found
    found += _wrong_minutes(pattern)
    found += _wrong_segments(pattern)
    found += _wrong_breaks(pattern)
    found += _wrong_tiers(pattern)
    found += _wrong_flex(pattern)
    found += _wrong_overtime(pattern)
    return found


def overlap(
    one: Sequence[WallSpan], other: Sequence[WallSpan], *, days_apart: int = 0
) -> WallSpan | None:
    """Return the first wall minutes two shifts share, or None; touching ends share nothing.

    `days_apart` is the other's work date less the first's. The result counts from the first's
    work date.
    """
    shift = days_apart * DAY
    shared = [
        (max(start, begin + shift), min(end, stop + shift))
        for start, end in one
        for begin, stop in other
    ]
    return min((span for span in shared if span[0] < span[1]), default=None)


def shift_problems(*shifts: tuple[int, Sequence[WallSpan]]) -> list[Problem]:
    """Return the overlaps among shifts of one employee, each given as (day offset, segments)."""
    found = []
    for index, (day, segments) in enumerate(shifts):
        for other_index in range(index + 1, len(shifts)):
            other_day, other = shifts[other_index]
            shared = overlap(segments, other, days_apart=other_day - day)
            if shared:
                facts = {"start": shared[0], "end": shared[1], "first": index}
                found.append(Problem(Code.SHIFT_OVERLAP, f"shifts.{other_index}", facts))
    return found


def rest_between(
    earlier: ShiftPattern, earlier_date: date, later: ShiftPattern, later_date: date
) -> int | None:
    """Return the wall minutes from one shift's end to the next one's start.

    Negative when they overlap; None when one of them has no hours of its own.
    """
    if not (earlier.segments and later.segments):
        return None
    apart = (later_date - earlier_date).days * DAY
    return apart + later.segments[0][0] - earlier.segments[-1][1]


def timezone_problem(name: object) -> Problem | None:
    """Return what is wrong with the name of a time zone, or None if it is an IANA name."""
    if isinstance(name, str) and name != "localtime" and name in available_timezones():
        return None
    return Problem(Code.UNKNOWN_TIMEZONE, "timezone", {"value": name})


_MINUTES: Final = (
    "late_grace",
    "early_grace",
    "severe_late_after",
    "absent_late_after",
    "absent_early_after",
    "half_day_below",
    "absent_below",
    "window_before",
    "window_after",
    "worked_unit",
)
_FLEX_MINUTES: Final = (
    "early_max",
    "late_max",
    "core_start",
    "core_end",
    "required",
    "day_boundary",
)
_MAY_BE_NONE: Final = frozenset(
    {
        "severe_late_after",
        "absent_late_after",
        "absent_early_after",
        "half_day_below",
        "absent_below",
        "core_start",
        "core_end",
        "required",
        "max",
    }
)
_FREE_MINUTES: Final = ("day_boundary", "required")
_TERMS_MINUTES: Final = ("start_after", "min", "max", "unit")
_CHOICES: Final = {
    "kind": Kind,
    "lone_punch": LonePunch,
    "worked_rounding": RoundingMode,
    "flexible.mode": FlexMode,
    "free.pairing": PairingMode,
    "overtime.mode": OvertimeMode,
    "overtime.workday.rounding": RoundingMode,
    "overtime.restday.rounding": RoundingMode,
    "overtime.holiday.rounding": RoundingMode,
}


def _minute_fields(pattern: ShiftPattern) -> Iterator[tuple[str, object]]:
    """Yield every field that holds minutes, with its path."""
    for name in _MINUTES:
        yield name, getattr(pattern, name)
    for index, span in enumerate(pattern.segments):
        yield from ((f"segments.{index}.{end}", span[n]) for n, end in enumerate(("start", "end")))
    for index, span in enumerate(pattern.breaks):
        yield from ((f"breaks.{index}.{end}", span[n]) for n, end in enumerate(("start", "end")))
    if pattern.flexible is not None:
        for name in _FLEX_MINUTES:
            yield f"flexible.{name}", getattr(pattern.flexible, name)
    if pattern.free is not None:
        for name in _FREE_MINUTES:
            yield f"free.{name}", getattr(pattern.free, name)
    for index, tier in enumerate(pattern.late_arrivals):
        yield f"late_arrivals.{index}.left_from", tier.left_from
        yield f"late_arrivals.{index}.arrive_by", tier.arrive_by
    for path, terms in _overtime_terms(pattern):
        for name in _TERMS_MINUTES:
            yield f"{path}.{name}", getattr(terms, name)
        for name in ("rest", "rest_tiers"):
            for index, pair in enumerate(getattr(terms, name)):
                yield f"{path}.{name}.{index}.0", pair[0]
                yield f"{path}.{name}.{index}.1", pair[1]


def _overtime_terms(pattern: ShiftPattern) -> Iterator[tuple[str, OvertimeTerms]]:
    if pattern.overtime is not None:
        for name in ("workday", "restday", "holiday"):
            terms = getattr(pattern.overtime, name)
            if terms is not None:
                yield f"overtime.{name}", terms


def _unreadable(pattern: ShiftPattern) -> Iterator[Problem]:
    """Yield the fields whose values cannot be read at all; nothing else is asked of them."""
    for name in ("segments", "breaks"):
        for index, span in enumerate(getattr(pattern, name)):
            if len(span) != 2:
                yield Problem(Code.NOT_MINUTES, f"{name}.{index}", {"value": repr(span)})
                return
    for path, value in _minute_fields(pattern):
        if value is None and path.rpartition(".")[2] in _MAY_BE_NONE:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(Code.NOT_MINUTES, path, {"value": value})
    for path, choices in _CHOICES.items():
        value: Any = pattern
        for name in path.split("."):
            value = getattr(value, name, None)
        if value is not None and value not in list(choices):
            facts = {"value": value, "allowed": [choice.value for choice in choices]}
            yield Problem(Code.UNKNOWN_CHOICE, path, facts)


def _wrong_minutes(pattern: ShiftPattern) -> Iterator[Problem]:
    for path, value in _minute_fields(pattern):
        if isinstance(value, int) and value < 0:
            yield Problem(Code.NEGATIVE_MINUTES, path, {"value": value})
    for name in ("absent_late_days", "absent_early_days"):
        days = getattr(pattern, name)
        if not isinstance(days, int | float) or not 0 <= days <= 1:
            yield Problem(Code.DAYS_OUT_OF_RANGE, name, {"value": days})
    if pattern.worked_unit < 1:
        yield Problem(Code.UNIT_TOO_SMALL, "worked_unit", {"value": pattern.worked_unit})


def _wrong_segments(pattern: ShiftPattern) -> Iterator[Problem]:
    segments = pattern.segments
    for index, (start, end) in enumerate(segments):
        if end <= start:
            facts = {"start": start, "end": end}
            yield Problem(Code.END_BEFORE_START, f"segments.{index}.end", facts)
    for (index, one), (later, other) in pairwise(sorted(enumerate(segments), key=lambda s: s[1])):
        if other[0] < one[1]:
            facts = {"start": other[0], "end": min(one[1], other[1]), "first": index}
            yield Problem(Code.SEGMENTS_OVERLAP, f"segments.{later}", facts)
    for index, (one, other) in enumerate(pairwise(segments)):
        if other[0] < one[0]:
            facts = {"start": other[0], "previous": one[0]}
            yield Problem(Code.SEGMENTS_UNORDERED, f"segments.{index + 1}.start", facts)
    if segments:
        first = min(start for start, _ in segments)
        last = max(end for _, end in segments)
        if last - first > LONGEST_SHIFT or last > LAST_MINUTE:
            facts = {"minutes": last - first, "most": LONGEST_SHIFT}
            yield Problem(Code.SHIFT_TOO_LONG, "segments", facts)
    elif not _needs_no_segments(pattern):
        yield Problem(Code.SEGMENTS_MISSING, "segments", {})


def _needs_no_segments(pattern: ShiftPattern) -> bool:
    amount_only = pattern.flexible is not None and pattern.flexible.mode == FlexMode.DAILY_HOURS
    return pattern.kind == Kind.FREE or (pattern.kind == Kind.FLEXIBLE and amount_only)


def _wrong_breaks(pattern: ShiftPattern) -> Iterator[Problem]:
    for index, (start, end) in enumerate(pattern.breaks):
        facts = {"start": start, "end": end}
        if end <= start:
            yield Problem(Code.END_BEFORE_START, f"breaks.{index}.end", facts)
        elif pattern.segments and not any(
            begin <= start and end <= stop for begin, stop in pattern.segments
        ):
            yield Problem(Code.BREAK_OUTSIDE_SEGMENT, f"breaks.{index}", facts)
    for (index, one), (later, other) in pairwise(
        sorted(enumerate(pattern.breaks), key=lambda s: s[1])
    ):
        if other[0] < one[1]:
            facts = {"start": other[0], "end": min(one[1], other[1]), "first": index}
            yield Problem(Code.BREAKS_OVERLAP, f"breaks.{later}", facts)


def _wrong_tiers(pattern: ShiftPattern) -> Iterator[Problem]:
    ladders = (
        ("late_grace", "severe_late_after", "absent_late_after"),
        ("early_grace", "absent_early_after"),
        ("absent_below", "half_day_below"),
    )
    for ladder in ladders:
        steps = [(n, getattr(pattern, n)) for n in ladder if getattr(pattern, n) is not None]
        for (lower, least), (name, value) in pairwise(steps):
            if value < least:
                facts = {"value": value, "lower": lower, "least": least}
                yield Problem(Code.TIERS_NOT_NESTED, name, facts)
    arrivals = sorted(pattern.late_arrivals, key=lambda tier: tier.left_from)
    for one, other in pairwise(arrivals):
        if other.arrive_by < one.arrive_by or other.left_from == one.left_from:
            facts = {"value": other.arrive_by, "lower": "arrive_by", "least": one.arrive_by}
            yield Problem(Code.TIERS_NOT_NESTED, "late_arrivals", facts)


def _wrong_flex(pattern: ShiftPattern) -> Iterator[Problem]:
    flexible = pattern.flexible
    if flexible is None:
        if pattern.kind == Kind.FLEXIBLE:
            yield Problem(Code.FLEX_MISSING, "flexible", {})
        return
    for name in ("early_max", "late_max"):
        value = getattr(flexible, name)
        if value > LARGEST_FLEX:
            facts = {"value": value, "most": LARGEST_FLEX}
            yield Problem(Code.FLEX_TOO_LARGE, f"flexible.{name}", facts)
    if flexible.mode == FlexMode.SHIFT and (pattern.late_grace or pattern.early_grace):
        name = "late_grace" if pattern.late_grace else "early_grace"
        yield Problem(Code.GRACE_AND_FLEX, name, {"value": getattr(pattern, name)})
    if flexible.mode == FlexMode.CORE:
        yield from _wrong_core(pattern, flexible)
    if flexible.mode == FlexMode.DAILY_HOURS and not flexible.required:
        yield Problem(Code.FLEX_MISSING, "flexible.required", {})


def _wrong_core(pattern: ShiftPattern, flexible: Flexible) -> Iterator[Problem]:
    start, end = flexible.core_start, flexible.core_end
    if start is None or end is None:
        yield Problem(Code.FLEX_MISSING, "flexible.core_start", {})
    elif end <= start:
        facts = {"start": start, "end": end}
        yield Problem(Code.END_BEFORE_START, "flexible.core_end", facts)
    elif pattern.segments and not (
        pattern.segments[0][0] <= start and end <= pattern.segments[-1][1]
    ):
        facts = {"start": start, "end": end}
        yield Problem(Code.CORE_OUTSIDE_SEGMENT, "flexible.core_start", facts)


def _wrong_overtime(pattern: ShiftPattern) -> Iterator[Problem]:
    for path, terms in _overtime_terms(pattern):
        if terms.unit < 1:
            yield Problem(Code.UNIT_TOO_SMALL, f"{path}.unit", {"value": terms.unit})
        if terms.max is not None and terms.max < terms.min:
            facts = {"value": terms.max, "lower": f"{path}.min", "least": terms.min}
            yield Problem(Code.TIERS_NOT_NESTED, f"{path}.max", facts)
        for index, (start, end) in enumerate(terms.rest):
            if end <= start:
                facts = {"start": start, "end": end}
                yield Problem(Code.END_BEFORE_START, f"{path}.rest.{index}", facts)


# --- to and from JSON ------------------------------------------------------------------------

_NESTED: Final[dict[str, type]] = {
    "flexible": Flexible,
    "free": Free,
    "overtime": Overtime,
    "workday": OvertimeTerms,
    "restday": OvertimeTerms,
    "holiday": OvertimeTerms,
}
_PAIRS: Final = frozenset({"segments", "breaks", "rest", "rest_tiers"})
_WORDS: Final[dict[tuple[type, str], type[StrEnum]]] = {
    (ShiftPattern, "kind"): Kind,
    (ShiftPattern, "lone_punch"): LonePunch,
    (ShiftPattern, "worked_rounding"): RoundingMode,
    (Flexible, "mode"): FlexMode,
    (Free, "pairing"): PairingMode,
    (Overtime, "mode"): OvertimeMode,
    (OvertimeTerms, "rounding"): RoundingMode,
}
_FLAGS: Final = frozenset({"absent_by_segment", "count_before_shift"})
_FRACTIONS: Final = frozenset({"absent_late_days", "absent_early_days"})


def _to_json(value: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for part in fields(value):
        said = getattr(value, part.name)
        if not part.init or said == part.default:
            continue
        if part.name in _NESTED:
            written[part.name] = _to_json(said)
        elif part.name in _PAIRS:
            written[part.name] = [list(pair) for pair in said]
        elif part.name == "late_arrivals":
            written[part.name] = [_to_json(tier) for tier in said]
        else:
            written[part.name] = said.value if isinstance(said, StrEnum) else said
    return written


def _from_json(cls: type, stored: Any, path: str) -> Any:
    if not isinstance(stored, Mapping):
        raise ValueError(f"{path or 'pattern'}: {stored!r} is not an object")
    known = {part.name: part for part in fields(cls) if part.init}
    for name in stored:
        if name not in known:
            raise ValueError(f"{path}{name}: no such field")
    for name, part in known.items():
        if part.default is MISSING and name not in stored:
            raise ValueError(f"{path}{name}: is lacking")
    said = {name: _read(cls, name, value, f"{path}{name}") for name, value in stored.items()}
    return cls(**said)


def _read(cls: type, name: str, value: Any, path: str) -> Any:
    if name in _NESTED:
        return None if value is None else _from_json(_NESTED[name], value, f"{path}.")
    if name in _PAIRS:
        return tuple(_read_pair(pair, f"{path}.{index}") for index, pair in _items(value, path))
    if name == "late_arrivals":
        return tuple(
            _from_json(LateArrival, tier, f"{path}.{index}.")
            for index, tier in _items(value, path)
        )
    if (cls, name) in _WORDS:
        choices = _WORDS[cls, name]
        if value not in list(choices):
            allowed = ", ".join(choices)
            raise ValueError(f"{path}: {value!r} is none of {allowed}")
        return choices(value)
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise ValueError(f"{path}: {value!r} is neither true nor false")
        return value
    if name in _FRACTIONS and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    optional = next(part for part in fields(cls) if part.name == name).default is None
    if value is None and optional:
        return None
    return _read_minutes(value, path)


def _items(value: Any, path: str) -> Iterator[tuple[int, Any]]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{path}: {value!r} is not a list")
    return iter(enumerate(value))


def _read_pair(value: Any, path: str) -> WallSpan:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"{path}: {value!r} is not a pair of minutes")
    return (_read_minutes(value[0], f"{path}.0"), _read_minutes(value[1], f"{path}.1"))


def _read_minutes(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{path}: {value!r} is not a whole number of minutes")
    return value
