"""What is wrong with a pattern, in words: one sentence for each code of `pattern.Code`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scheduling.pattern import Code, Problem
from scheduling.shift_words import clock, duration

Words = str | Promise

FIELDS: Final[Mapping[str, Words]] = {
    "kind": _("Kind"),
    "segments": _("Working time"),
    "breaks": _("Break"),
    "late_grace": _("Late: grace"),
    "early_grace": _("Leaving early: grace"),
    "severe_late_after": _("Severely late after"),
    "absent_late_after": _("Absent when late by more than"),
    "absent_late_days": _("Absence for lateness"),
    "absent_early_after": _("Absent when leaving early by more than"),
    "absent_early_days": _("Absence for leaving early"),
    "half_day_below": _("Half a day when worked less than"),
    "absent_below": _("Absent when worked less than"),
    "absent_by_segment": _("Each working time counts on its own"),
    "window_before": _("Punches count before the start"),
    "window_after": _("Punches count after the end"),
    "lone_punch": _("A single punch"),
    "flexible": _("Flexible hours"),
    "flexible.mode": _("What is flexible"),
    "flexible.early_max": _("May start earlier by"),
    "flexible.late_max": _("May start later by"),
    "flexible.core_start": _("Core time starts"),
    "flexible.core_end": _("Core time ends"),
    "flexible.required": _("Hours owed a day"),
    "flexible.day_boundary": _("A day begins at"),
    "free.pairing": _("How punches make hours"),
    "free.required": _("Hours owed a day"),
    "free.day_boundary": _("A day begins at"),
    "late_arrivals": _("Late leave, late arrival"),
    "late_arrivals.left_from": _("Left at or after"),
    "late_arrivals.arrive_by": _("Start the next day at"),
    "worked_unit": _("Worked time in steps of"),
    "worked_rounding": _("Worked time is rounded"),
    "overtime": _("Overtime"),
    "overtime.mode": _("What proves overtime"),
    "overtime.workday": _("Overtime on working days"),
    "overtime.restday": _("Overtime on rest days"),
    "overtime.holiday": _("Overtime on holidays"),
    "start_after": _("counts after"),
    "min": _("at least"),
    "max": _("at most"),
    "unit": _("in steps of"),
    "rounding": _("rounded"),
    "count_before_shift": _("also before the shift"),
    "rest": _("rest not counted"),
    "rest_tiers": _("deduction"),
    "timezone": _("Time zone"),
}
"""What the form calls each knob. Overtime terms are named once for the three classes of day."""

_ENDS: Final[Mapping[str, Words]] = {"start": _("start"), "end": _("end")}

SENTENCES: Final[Mapping[Code, Words]] = {
    Code.SHIFT_OVERLAP: _("%(field)s: it overlaps another shift from %(start)s to %(end)s."),
    Code.SEGMENTS_OVERLAP: _(
        "%(field)s: it overlaps row %(row)s from %(start)s to %(end)s. Start it later."
    ),
    Code.SEGMENTS_UNORDERED: _(
        "%(field)s: %(start)s comes before the row above, which starts at %(previous)s. "
        "Write the rows in order; the next day's 06:00 is 30:00."
    ),
    Code.SEGMENTS_MISSING: _("%(field)s: write at least one row, such as 09:00 to 18:00."),
    Code.END_BEFORE_START: _(
        "%(field)s: the end %(end)s must come after the start %(start)s; "
        "an end on the next day is written as 30:00 (06:00)."
    ),
    Code.BREAK_OUTSIDE_SEGMENT: _(
        "%(field)s: %(start)s to %(end)s must lie inside one working time; "
        "after midnight write 26:00 for 02:00."
    ),
    Code.BREAKS_OVERLAP: _(
        "%(field)s: it overlaps row %(row)s from %(start)s to %(end)s. Start it later."
    ),
    Code.SHIFT_TOO_LONG: _(
        "%(field)s: %(minutes)s from the first start to the last end; at most %(most)s, "
        "and not past the end of the next day."
    ),
    Code.NEGATIVE_MINUTES: _("%(field)s: %(value)s is below zero; write 0 or more."),
    Code.NOT_MINUTES: _("%(field)s: “%(value)s” is not a whole number of minutes."),
    Code.TIERS_NOT_NESTED: _(
        "%(field)s: %(value)s must not be less than “%(lower)s”, which is %(least)s."
    ),
    Code.DAYS_OUT_OF_RANGE: _("%(field)s: %(value)s is not between 0 and 1 day."),
    Code.GRACE_AND_FLEX: _(
        "%(field)s: a shift that moves as a whole has no grace; write 0 instead of %(value)s, "
        "or let it start later."
    ),
    Code.FLEX_TOO_LARGE: _("%(field)s: %(value)s minutes are too many; at most %(most)s."),
    Code.FLEX_MISSING: _("%(field)s: this kind of flexible hours needs it."),
    Code.CORE_OUTSIDE_SEGMENT: _(
        "%(field)s: the core %(start)s to %(end)s must lie inside the working time."
    ),
    Code.UNIT_TOO_SMALL: _("%(field)s: %(value)s is too small; write 1 minute or more."),
    Code.UNKNOWN_CHOICE: _("%(field)s: “%(value)s” is none of %(allowed)s."),
    Code.UNKNOWN_TIMEZONE: _("%(field)s: “%(value)s” is not an IANA name, such as Asia/Shanghai."),
}

_WALL_FACTS: Final = frozenset({"start", "end", "previous"})


def field_name(path: str) -> str:
    """Return what people call the field at a path: “segments.1.end” is Working time, row 2, end."""
    if path in FIELDS:
        return str(FIELDS[path])
    parts = path.split(".")
    found = next(n for n in range(len(parts), -1, -1) if ".".join(parts[:n]) in FIELDS or not n)
    words = [str(FIELDS[".".join(parts[:found])])] if found else []
    for part in parts[found:]:
        if part.isdigit():
            words.append(str(_("row %(row)d")) % {"row": int(part) + 1})
        else:
            words.append(str(FIELDS.get(part) or _ENDS.get(part, part)))
    return ", ".join(words)


def sentence(problem: Problem) -> str:
    """Return what is wrong, in the reader's language: the field, the value, what would be right."""
    said: dict[str, object] = {"field": field_name(problem.field)}
    for name, value in problem.facts.items():
        if name in _WALL_FACTS and isinstance(value, int):
            said[name] = clock(value)
        elif name == "first" and isinstance(value, int):
            said["row"] = value + 1
        elif problem.code is Code.SHIFT_TOO_LONG and isinstance(value, int):
            said[name] = duration(value)
        elif name == "lower":
            said[name] = field_name(str(value))
        elif name == "allowed" and isinstance(value, list):
            said[name] = ", ".join(value)
        else:
            said[name] = value
    if problem.code is Code.TIERS_NOT_NESTED and problem.field == "late_arrivals":
        said |= {name: clock(int(str(said[name]))) for name in ("value", "least")}
        said["lower"] = str(FIELDS["late_arrivals.arrive_by"])
    return str(SENTENCES[problem.code]) % said
