"""What a pattern says, in sentences for people, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from scheduling.pattern import (
    DAY,
    FlexMode,
    Kind,
    LonePunch,
    Overtime,
    OvertimeMode,
    OvertimeTerms,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    WallSpan,
)
from scheduling.timeline import is_by_amount, punch_window

Words = str | Promise

KINDS: Final[Mapping[Kind, Words]] = {
    Kind.FIXED: gettext_lazy("Fixed hours"),
    Kind.FLEXIBLE: gettext_lazy("Flexible hours"),
    Kind.FREE: gettext_lazy("Free hours"),
}
FLEX_MODES: Final[Mapping[FlexMode, Words]] = {
    FlexMode.SHIFT: gettext_lazy("The whole shift moves"),
    FlexMode.CORE: gettext_lazy("Core time, and hours a day"),
    FlexMode.DAILY_HOURS: gettext_lazy("Only the hours a day count"),
}
PAIRINGS: Final[Mapping[PairingMode, Words]] = {
    PairingMode.FIRST_LAST: gettext_lazy("From the first punch to the last"),
    PairingMode.ALTERNATING: gettext_lazy("In, out, in, out by turns"),
    PairingMode.TYPED_PAIRS: gettext_lazy("By the direction that the punch states"),
}
LONE_PUNCHES: Final[Mapping[LonePunch, Words]] = {
    LonePunch.NEARER_HALF: gettext_lazy("The nearer end of the working time"),
    LonePunch.IN_UNTIL_END: gettext_lazy("Arrival until the end, then departure"),
}
OVERTIME_MODES: Final[Mapping[OvertimeMode, Words]] = {
    OvertimeMode.PUNCH: gettext_lazy("Punches alone"),
    OvertimeMode.APPLY_AND_PUNCH: gettext_lazy("Approval, as far as punches confirm it"),
    OvertimeMode.APPLY_ONLY: gettext_lazy("Approval alone"),
}
ROUNDINGS: Final[Mapping[RoundingMode, Words]] = {
    RoundingMode.FLOOR: gettext_lazy("down"),
    RoundingMode.NEAREST: gettext_lazy("to the nearest"),
    RoundingMode.CEIL: gettext_lazy("up"),
}
OVERTIME_CLASSES: Final[Mapping[str, Words]] = {
    "workday": gettext_lazy("Working days"),
    "restday": gettext_lazy("Rest days"),
    "holiday": gettext_lazy("Holidays"),
}


def clock(minute: int) -> str:
    """Return a wall minute as HH:MM; hours go on past 24: 1800 is 30:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def wall(minute: int) -> str:
    """Return a wall minute as people say it: 1800 is 06:00 the next day."""
    time = clock(minute % DAY)
    days = minute // DAY
    if days == 0:
        return time
    if days == 1:
        return _("%(time)s the next day") % {"time": time}
    if days == -1:
        return _("%(time)s the day before") % {"time": time}
    return clock(minute)


def wall_span(span: WallSpan) -> str:
    """Return a stretch as people say it: 22:00 to 06:00 the next day."""
    start, end = span
    if start // DAY == end // DAY and start >= DAY:
        return _("%(start)s to %(end)s the next day") % {
            "start": clock(start % DAY),
            "end": clock(end % DAY),
        }
    return _("%(start)s to %(end)s") % {"start": wall(start), "end": wall(end)}


def duration(minutes: int) -> str:
    """Return minutes as people say them: 45 min, 8 h, 7 h 30 min."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        said = _("%(minutes)d min") % {"minutes": rest}
    elif not rest:
        said = _("%(hours)d h") % {"hours": hours}
    else:
        said = _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    return said.replace(" ", "\u00a0")  # a number and its unit stay on one line


def listed(words: Iterable[str]) -> str:
    """Return words one after the other, parted as the language parts them."""
    return pgettext("between the things of a list", ", ").join(words)


def headline(pattern: ShiftPattern) -> str:
    """Return the hours of a sound pattern in one sentence."""
    if pattern.kind == Kind.FREE or is_by_amount(pattern):
        part = pattern.free if pattern.kind == Kind.FREE else pattern.flexible
        if part is None or part.required is None:
            return _("No fixed hours; no amount is owed.")
        return _("No fixed hours; %(amount)s a day are owed.") % {"amount": duration(part.required)}
    facts = {
        "spans": listed(wall_span(span) for span in pattern.segments),
        "net": duration(pattern.net_minutes),
    }
    if pattern.breaks:
        facts["breaks"] = listed(wall_span(span) for span in pattern.breaks)
        return _("Works %(spans)s with a break %(breaks)s: %(net)s.") % facts
    return _("Works %(spans)s: %(net)s.") % facts


def tell(pattern: ShiftPattern) -> list[str]:
    """Return what a sound pattern says, the hours first, one sentence each."""
    return [
        headline(pattern),
        *_tell_flexible(pattern),
        *_tell_late(pattern),
        *_tell_early(pattern),
        *_tell_thresholds(pattern),
        *_tell_punches(pattern),
        *_tell_late_arrivals(pattern),
        *tell_overtime(pattern.overtime),
        *_tell_rounding(pattern),
    ]


def tell_stored(stored: Mapping[str, Any]) -> list[str]:
    """Return what a stored pattern says."""
    return tell(ShiftPattern.from_json(dict(stored)))


def short_hours(pattern: ShiftPattern) -> str:
    """Return the hours for a list: 09:00–12:00, 13:00–18:00."""
    if is_by_amount(pattern):
        part = pattern.free if pattern.kind == Kind.FREE else pattern.flexible
        owed = part.required if part is not None else None
        return duration(owed) if owed else str(KINDS[Kind(pattern.kind)])
    return ", ".join(f"{clock(start)}–{clock(end)}" for start, end in pattern.segments)


def _tell_flexible(pattern: ShiftPattern) -> Iterator[str]:
    if pattern.kind == Kind.FREE:
        free = pattern.free
        pairing = free.pairing if free is not None else PairingMode.FIRST_LAST
        yield _tell_day(free.day_boundary if free is not None else 0)
        yield {
            PairingMode.FIRST_LAST: _("The time from the first punch to the last counts."),
            PairingMode.ALTERNATING: _(
                "Punches are in and out by turns; the time between in and out counts."
            ),
            PairingMode.TYPED_PAIRS: _(
                "Punches state in or out; the time between in and out counts."
            ),
        }[PairingMode(pairing)]
        return
    flexible = pattern.flexible if pattern.kind == Kind.FLEXIBLE else None
    if flexible is None:
        return
    if flexible.mode == FlexMode.SHIFT:
        yield _(
            "Start and end move together: up to %(early)s earlier or %(late)s later; "
            "whoever comes later still is late."
        ) % {"early": duration(flexible.early_max), "late": duration(flexible.late_max)}
    elif flexible.mode == FlexMode.CORE:
        core = (flexible.core_start or 0, flexible.core_end or 0)
        owed = flexible.required if flexible.required is not None else pattern.net_minutes
        yield _("Late and early count against the core time %(core)s; %(amount)s are owed.") % {
            "core": wall_span(core),
            "amount": duration(owed),
        }
    else:
        yield _tell_day(flexible.day_boundary)


def _tell_day(boundary: int) -> str:
    if not boundary:
        return _("A day runs from midnight to midnight.")
    return _("A day runs from %(start)s to %(end)s.") % {
        "start": wall(boundary),
        "end": wall(boundary + DAY),
    }


def _tell_late(pattern: ShiftPattern) -> Iterator[str]:
    if is_by_amount(pattern):
        return
    moves = pattern.kind == Kind.FLEXIBLE and pattern.flexible is not None
    if pattern.late_grace:
        yield ngettext(
            "Up to %(grace)d minute late is still on time; after that, the full distance counts.",
            "Up to %(grace)d minutes late is still on time; after that, the full distance counts.",
            pattern.late_grace,
        ) % {"grace": pattern.late_grace}
    elif not (moves and pattern.flexible and pattern.flexible.mode == FlexMode.SHIFT):
        yield _("Late from the first minute on.")
    if pattern.severe_late_after is not None:
        yield _("More than %(minutes)s late is severely late.") % {
            "minutes": duration(pattern.severe_late_after)
        }
    if pattern.absent_late_after is not None:
        yield _("More than %(minutes)s late counts as %(days)s day absent.") % {
            "minutes": duration(pattern.absent_late_after),
            "days": _number(pattern.absent_late_days),
        }


def _tell_early(pattern: ShiftPattern) -> Iterator[str]:
    if is_by_amount(pattern):
        return
    if pattern.early_grace:
        yield ngettext(
            "Leaving up to %(grace)d minute early is still on time.",
            "Leaving up to %(grace)d minutes early is still on time.",
            pattern.early_grace,
        ) % {"grace": pattern.early_grace}
    if pattern.absent_early_after is not None:
        yield _("Leaving more than %(minutes)s early counts as %(days)s day absent.") % {
            "minutes": duration(pattern.absent_early_after),
            "days": _number(pattern.absent_early_days),
        }


def _tell_thresholds(pattern: ShiftPattern) -> Iterator[str]:
    if pattern.half_day_below is not None:
        yield _("Working less than %(minutes)s is half a day.") % {
            "minutes": duration(pattern.half_day_below)
        }
    if pattern.absent_below is not None:
        yield _("Working less than %(minutes)s is a day absent.") % {
            "minutes": duration(pattern.absent_below)
        }
    if pattern.absent_by_segment:
        yield _("A working time without punches is absent by its share of the day.")


def _tell_punches(pattern: ShiftPattern) -> Iterator[str]:
    if is_by_amount(pattern):
        return
    opens, closes = punch_window(pattern)
    yield _("Punches count from %(opens)s until %(closes)s.") % {
        "opens": wall(opens),
        "closes": wall(closes),
    }
    if pattern.lone_punch == LonePunch.IN_UNTIL_END:
        yield _("A single punch is an arrival before the end of the shift, a departure after it.")


def _tell_late_arrivals(pattern: ShiftPattern) -> Iterator[str]:
    for tier in pattern.late_arrivals:
        yield _("Whoever left at %(left)s or later the evening before starts at %(start)s.") % {
            "left": clock(tier.left_from),
            "start": wall(tier.arrive_by),
        }


def tell_overtime(overtime: Overtime | None) -> Iterator[str]:
    """Yield what counts as overtime, one sentence for each class of day that earns any."""
    if overtime is None:
        return
    earned = [(name, getattr(overtime, name)) for name in OVERTIME_CLASSES]
    for name, terms in earned:
        if terms is not None:
            yield _tell_terms(name, terms)
    if any(terms is not None for _name, terms in earned):
        yield {
            OvertimeMode.PUNCH: _("Overtime is proven by punches."),
            OvertimeMode.APPLY_AND_PUNCH: _(
                "Overtime counts where it was approved and punches confirm it."
            ),
            OvertimeMode.APPLY_ONLY: _("Overtime counts as it was approved."),
        }[OvertimeMode(overtime.mode)]


def _tell_terms(name: str, terms: OvertimeTerms) -> str:
    if name == "workday":
        after = duration(terms.start_after)
        words = [
            _("from %(after)s after the end") % {"after": after}
            if terms.start_after
            else _("from the end on")
        ]
        if terms.count_before_shift:
            words.append(_("and before the start"))
    else:
        words = [_("from the first punch to the last")]
    if terms.min:
        words.append(_("at least %(minutes)s") % {"minutes": duration(terms.min)})
    if terms.max is not None:
        words.append(_("at most %(minutes)s") % {"minutes": duration(terms.max)})
    if terms.unit > 1:
        words.append(
            _("in steps of %(unit)s, rounded %(rounding)s")
            % {"unit": duration(terms.unit), "rounding": ROUNDINGS[RoundingMode(terms.rounding)]}
        )
    if terms.rest:
        words.append(_("without %(rest)s") % {"rest": listed(wall_span(s) for s in terms.rest)})
    for reached, less in terms.rest_tiers:
        words.append(
            _("%(less)s less from %(reached)s on")
            % {"less": duration(less), "reached": duration(reached)}
        )
    sentence = {
        "workday": _("Overtime on working days: %(terms)s."),
        "restday": _("Overtime on rest days: %(terms)s."),
        "holiday": _("Overtime on holidays: %(terms)s."),
    }[name]
    return sentence % {"terms": listed(words)}


def _tell_rounding(pattern: ShiftPattern) -> Iterator[str]:
    if pattern.worked_unit > 1:
        yield _("Worked time counts in steps of %(unit)s, rounded %(rounding)s.") % {
            "unit": duration(pattern.worked_unit),
            "rounding": ROUNDINGS[RoundingMode(pattern.worked_rounding)],
        }


def _number(value: float) -> str:
    return f"{value:g}"
