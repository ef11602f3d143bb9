"""The form of a shift: every knob of a pattern as a box, and boxes as a pattern again.

A field is named after its path in the pattern, with __ for the dots; so what is wrong with a
pattern is shown at the box that says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from scheduling.models import Shift, ShiftVersion
from scheduling.overtime_form import box_of, overtime_fields, overtime_initial, overtime_of
from scheduling.pattern import (
    DAY,
    Flexible,
    FlexMode,
    Free,
    Kind,
    LateArrival,
    LonePunch,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    WallSpan,
    problems,
)
from scheduling.pattern_fields import (
    ClockField,
    DaysField,
    MinutesField,
    RowsField,
    choices_of,
    wall_rows,
)
from scheduling.problem_words import sentence
from scheduling.services.shifts import days_of_change, version_on
from scheduling.shift_words import FLEX_MODES, KINDS, LONE_PUNCHES, PAIRINGS, ROUNDINGS

# Names that a box and a knob share, told by one word each.
_SAME: Final = (
    "late_grace",
    "early_grace",
    "severe_late_after",
    "absent_late_after",
    "absent_late_days",
    "absent_early_after",
    "absent_early_days",
    "half_day_below",
    "absent_below",
    "absent_by_segment",
    "window_before",
    "window_after",
    "worked_unit",
)
# What each kind of flexible hours looks at; the rest of the boxes is not read.
_FLEX_PARTS: Final[Mapping[FlexMode, tuple[str, ...]]] = {
    FlexMode.SHIFT: ("early_max", "late_max"),
    FlexMode.CORE: ("core_start", "core_end", "required", "day_boundary"),
    FlexMode.DAILY_HOURS: ("required", "day_boundary"),
}
_FREE_PARTS: Final = ("day_boundary", "pairing", "required")


class PatternForm(forms.Form):
    """The knobs of a pattern. After `is_valid`, `pattern` is a sound one."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=choices_of(KINDS),
        initial=Kind.FIXED.value,
        widget=forms.RadioSelect,
    )
    segments = wall_rows(
        _("Working time"),
        help_text=_("An end before its start is on the next day: 22:00 to 06:00 becomes 30:00."),
    )
    breaks = wall_rows(_("Breaks"), help_text=_("Always deducted, even if worked through."))
    late_grace = MinutesField(
        label=_("Late: grace"),
        empty=0,
        initial=0,
        help_text=_("This many minutes late is still on time."),
    )
    early_grace = MinutesField(
        label=_("Leaving early: grace"),
        empty=0,
        initial=0,
        help_text=_("This many minutes early is still fine."),
    )

    flexible__mode = forms.ChoiceField(
        label=_("What is flexible"),
        choices=choices_of(FLEX_MODES),
        initial=FlexMode.SHIFT.value,
        required=False,
    )
    flexible__early_max = MinutesField(label=_("May start earlier by"), empty=0, initial=0)
    flexible__late_max = MinutesField(label=_("May start later by"), empty=0, initial=0)
    flexible__core_start = ClockField(label=_("Core time starts"))
    flexible__core_end = ClockField(label=_("Core time ends"))
    flexible__required = MinutesField(
        label=_("Minutes owed a day"), help_text=_("480 is 8 hours. Empty: the working time.")
    )
    flexible__day_boundary = ClockField(
        label=_("A day begins at"), empty=0, initial=0, help_text=_("Punches count until then.")
    )
    free__required = MinutesField(
        label=_("Minutes owed a day"), help_text=_("480 is 8 hours. Empty: no amount is owed.")
    )
    free__pairing = forms.ChoiceField(
        label=_("How punches make hours"),
        choices=choices_of(PAIRINGS),
        initial=PairingMode.FIRST_LAST.value,
        required=False,
    )
    free__day_boundary = ClockField(
        label=_("A day begins at"), empty=0, initial=0, help_text=_("Punches count until then.")
    )

    severe_late_after = MinutesField(label=_("Severely late after"))
    absent_late_after = MinutesField(label=_("Absent when late by more than"))
    absent_late_days = DaysField(label=_("Absence for lateness"), initial=0.5)
    absent_early_after = MinutesField(label=_("Absent when leaving early by more than"))
    absent_early_days = DaysField(label=_("Absence for leaving early"), initial=0.5)
    half_day_below = MinutesField(label=_("Half a day when worked less than"))
    absent_below = MinutesField(label=_("Absent when worked less than"))
    absent_by_segment = forms.BooleanField(
        label=_("Each working time is absent on its own"),
        required=False,
        help_text=_("Without punches it counts by its share of the day."),
    )

    window_before = MinutesField(label=_("Punches count before the start"), empty=120, initial=120)
    window_after = MinutesField(label=_("Punches count after the end"), empty=240, initial=240)
    lone_punch = forms.ChoiceField(
        label=_("A single punch is"),
        choices=choices_of(LONE_PUNCHES),
        initial=LonePunch.NEARER_HALF.value,
        required=False,
    )
    worked_unit = MinutesField(label=_("Worked time in steps of"), empty=1, initial=1)
    worked_rounding = forms.ChoiceField(
        label=_("Worked time is rounded"),
        choices=choices_of(ROUNDINGS),
        initial=RoundingMode.FLOOR.value,
        required=False,
    )

    late_arrivals = RowsField(
        [ClockField(), ClockField()],
        [_("left at or after"), _("next day's start")],
        label=_("Late leave, late arrival"),
        help_text=_(
            "Whoever leaves at 22:00 or later may start at 10:30: the last row reached counts."
        ),
    )

    # A form collects its fields from the body of its class; these are told once for three classes.
    locals().update(overtime_fields())

    pattern: ShiftPattern | None = None

    def clean(self) -> dict[str, Any]:
        """Put the boxes together, and show what is wrong with the whole at the box that says it."""
        said = super().clean() or self.cleaned_data
        if self.errors:
            return said
        pattern = pattern_of(said)
        for problem in problems(pattern):
            box = box_of(self.fields, problem.field)
            self.add_error(box, ValidationError(sentence(problem), code=problem.code))
        if not self.errors:
            self.pattern = pattern
        return said


class ShiftForm(PatternForm, forms.ModelForm):
    """A shift and the pattern it has from a date on."""

    valid_from = forms.DateField(
        label=_("Valid from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Days before keep what they had."),
    )
    judge_again = forms.BooleanField(label=_("Yes, judge these days again"), required=False)

    class Meta:
        model = Shift
        fields = ("code", "name", "color", "department")
        widgets = {"color": forms.TextInput(attrs={"type": "color"})}

    today: date
    days_again = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        initial = options.setdefault("initial", {})
        shift = options.get("instance")
        if shift is not None and shift.pk:
            self.versions = list(shift.versions.order_by("valid_from"))
        else:
            self.versions = []
        if self.versions:
            newest = self.versions[-1]
            initial |= pattern_initial(newest.read())
            tomorrow = self.today + timedelta(days=1)
            initial.setdefault("valid_from", max(newest.valid_from, tomorrow))
        else:
            initial |= pattern_initial(ShiftPattern(segments=((540, 1080),), breaks=((720, 780),)))
            initial.setdefault("valid_from", self.today.replace(day=1))
        super().__init__(*args, **options)

    def clean(self) -> dict[str, Any]:
        """Ask for a word of consent where days of the past would be judged again."""
        said = super().clean()
        valid_from = said.get("valid_from")
        if self.pattern is None or valid_from is None or not self.says_news(valid_from):
            return said
        self.days_again = days_of_change(
            shift_id=self.instance.pk, valid_from=valid_from, today=self.today
        )
        if self.days_again and not said.get("judge_again"):
            self.add_error("judge_again", _("Tick this if you mean it, or choose a later date."))
        return said

    def says_news(self, valid_from: date) -> bool:
        """Say whether the pattern differs from what the shift says on that date."""
        if not self.versions:
            return False
        current = version_on(self.versions, valid_from)
        return current is None or current.read() != self.pattern

    def replaced(self, valid_from: date) -> ShiftVersion | None:
        """Return the version that a new one from that date would take the place of."""
        return next((v for v in self.versions if v.valid_from == valid_from), None)


# --- boxes to pattern and back ---------------------------------------------------------------


def pattern_initial(pattern: ShiftPattern) -> dict[str, Any]:
    """Return what the boxes show for a pattern."""
    shown: dict[str, Any] = {name: getattr(pattern, name) for name in _SAME}
    shown |= {
        "kind": str(pattern.kind),
        "segments": pattern.segments,
        "breaks": pattern.breaks,
        "lone_punch": str(pattern.lone_punch),
        "worked_rounding": str(pattern.worked_rounding),
        "late_arrivals": tuple((t.left_from, t.arrive_by) for t in pattern.late_arrivals),
    }
    if pattern.flexible is not None:
        mode = FlexMode(pattern.flexible.mode)
        shown["flexible__mode"] = str(mode)
        for part in _FLEX_PARTS[mode]:
            shown[f"flexible__{part}"] = getattr(pattern.flexible, part)
    if pattern.free is not None:
        for part in _FREE_PARTS:
            shown[f"free__{part}"] = getattr(pattern.free, part)
    return shown | overtime_initial(pattern.overtime)


def pattern_of(said: Mapping[str, Any]) -> ShiftPattern:
    """Return the pattern that cleaned boxes say. Boxes of other kinds of hours are not read."""
    kind = Kind(said["kind"])
    flexible = _flexible_of(said) if kind is Kind.FLEXIBLE else None
    by_amount = flexible is not None and flexible.mode is FlexMode.DAILY_HOURS
    segments = () if kind is Kind.FREE or by_amount else next_day(said["segments"])
    return ShiftPattern(
        kind=kind,
        segments=segments,
        breaks=_inside(next_day(said["breaks"]), segments),
        lone_punch=LonePunch(said["lone_punch"] or LonePunch.NEARER_HALF),
        worked_rounding=RoundingMode(said["worked_rounding"] or RoundingMode.FLOOR),
        flexible=flexible,
        free=_free_of(said) if kind is Kind.FREE else None,
        overtime=overtime_of(said),
        late_arrivals=tuple(
            LateArrival(left_from=left, arrive_by=start) for left, start in said["late_arrivals"]
        ),
        **{name: said[name] for name in _SAME},
    )


def _flexible_of(said: Mapping[str, Any]) -> Flexible:
    mode = FlexMode(said["flexible__mode"] or FlexMode.SHIFT)
    return Flexible(mode=mode, **{part: said[f"flexible__{part}"] for part in _FLEX_PARTS[mode]})


def _free_of(said: Mapping[str, Any]) -> Free:
    return Free(
        day_boundary=said["free__day_boundary"],
        pairing=PairingMode(said["free__pairing"] or PairingMode.FIRST_LAST),
        required=said["free__required"],
    )


def next_day(rows: tuple[WallSpan, ...]) -> tuple[WallSpan, ...]:
    """Return rows with the next day's times past 24:00, as a clerk who writes 22:00–06:00 means.

    Once a row has crossed midnight, earlier times in the rows below it are the next day's too.
    """
    found: list[WallSpan] = []
    for start, end in rows:
        if found and found[-1][1] > DAY and start < found[-1][0] and start + DAY >= found[-1][1]:
            start, end = start + DAY, end + DAY
        found.append((start, end + DAY if end <= start < DAY else end))
    return tuple(found)


def _inside(breaks: tuple[WallSpan, ...], segments: tuple[WallSpan, ...]) -> tuple[WallSpan, ...]:
    """Return breaks, those of the small hours moved into a night's working time."""

    def fits(start: int, end: int) -> bool:
        return any(begin <= start and end <= stop for begin, stop in segments)

    return tuple(
        (start + DAY, end + DAY)
        if not fits(start, end) and fits(start + DAY, end + DAY)
        else (start, end)
        for start, end in breaks
    )
