"""The form of a rule's version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from attendance.demand_form import MORE, demand_fields, demand_initial, demands_of
from attendance.models import RuleVersion
from attendance.services.rules import RuleText, check_demands, check_overtime
from scheduling.overtime_form import (
    ClassBoxes,
    box_of,
    class_boxes,
    overtime_fields,
    overtime_initial,
    overtime_of,
)

CLASSES: Final = ("restday", "holiday")
_PLAIN: Final = tuple(name for name in RuleText.__slots__ if name not in ("overtime", "demands"))


class VersionForm(forms.Form):
    """What a rule says from a date on. After `is_valid`, `text` is sound."""

    valid_from = forms.DateField(
        label=_("Valid from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Days before keep what they had."),
    )
    is_punching_required = forms.BooleanField(
        label=_("Punching required"),
        required=False,
        initial=True,
        help_text=_("Switch off for people who need not punch; no anomaly is ever raised."),
    )
    shift_source = forms.ChoiceField(
        label=_("Shifts come from"), choices=RuleVersion.ShiftSource.choices
    )
    merge_minutes = forms.IntegerField(
        label=_("Merge repeats within"),
        min_value=0,
        max_value=60,
        initial=5,
        help_text=_("0 merges nothing."),
    )
    period_starts_on_day = forms.IntegerField(
        label=_("Period starts on day"),
        min_value=1,
        max_value=28,
        initial=1,
        help_text=_("1 is the calendar month; 26 means 26th to 25th."),
    )
    make_up_per_month = forms.IntegerField(
        label=_("Make-up requests a month"), min_value=0, max_value=100, initial=3
    )
    make_up_days_back = forms.IntegerField(
        label=_("How far back"), min_value=0, max_value=366, initial=30
    )
    make_up_cutoff_day = forms.IntegerField(
        label=_("Until day … of the next month"), min_value=1, max_value=28, initial=5
    )
    make_up_for_missing = forms.BooleanField(
        label=_("For a missing punch"), required=False, initial=True
    )
    make_up_for_late = forms.BooleanField(label=_("For coming late"), required=False, initial=True)
    make_up_for_early = forms.BooleanField(
        label=_("For leaving early"), required=False, initial=True
    )
    make_up_for_other = forms.BooleanField(
        label=_("For anything else"),
        required=False,
        initial=True,
        help_text=_("A punch that is there and in time, but wrong."),
    )
    make_up_needs_photo = forms.BooleanField(
        label=_("A photo is needed"),
        required=False,
        help_text=_("Of whatever shows that the person was there."),
    )
    # A form collects its fields from the body of its class; these are told once for all classes.
    locals().update(overtime_fields(CLASSES))
    locals().update(demand_fields())

    text: RuleText | None = None

    @property
    def overtime_boxes(self) -> list[ClassBoxes]:
        """Return the boxes of overtime, for the page."""
        return class_boxes(self)

    @property
    def is_number_wrong(self) -> bool:
        """Say whether a box behind "More numbers" was refused."""
        return any(name in self.errors for name in MORE)

    def clean(self) -> dict[str, Any]:
        """Put the text together, and show what is wrong at the box that says it."""
        said = super().clean() or self.cleaned_data
        if self.errors:
            return said
        overtime, demands = overtime_of(said, CLASSES), demands_of(said)
        self._check(check_overtime, overtime)
        self._check(check_demands, demands)
        if not self.errors:
            plain = {name: said[name] for name in _PLAIN}
            self.text = RuleText(**plain, overtime=overtime, demands=demands)
        return said

    def _check(self, check: Callable[[Any], None], said: object) -> None:
        try:
            check(said)
        except ValidationError as refused:
            for path, errors in refused.error_dict.items():
                self.add_error(box_of(self.fields, path), ValidationError(errors))


def version_initial(text: RuleText) -> dict[str, Any]:
    """Return what the boxes show for a version."""
    shown = {name: getattr(text, name) for name in _PLAIN}
    return shown | overtime_initial(text.overtime, CLASSES) | demand_initial(text.demands)
