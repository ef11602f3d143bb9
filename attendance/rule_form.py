"""The form of a rule's version."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from attendance.models import RuleVersion
from attendance.services.rules import RuleText, check_overtime
from scheduling.overtime_form import (
    ClassBoxes,
    box_of,
    class_boxes,
    overtime_fields,
    overtime_initial,
    overtime_of,
)

CLASSES: Final = ("restday", "holiday")
_PLAIN: Final = tuple(name for name in RuleText.__slots__ if name != "overtime")


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
    # A form collects its fields from the body of its class; these are told once for all classes.
    locals().update(overtime_fields(CLASSES))

    text: RuleText | None = None

    @property
    def overtime_boxes(self) -> list[ClassBoxes]:
        """Return the boxes of overtime, for the page."""
        return class_boxes(self)

    def clean(self) -> dict[str, Any]:
        """Put the text together, and show what is wrong at the box that says it."""
        said = super().clean() or self.cleaned_data
        if self.errors:
            return said
        overtime = overtime_of(said, CLASSES)
        try:
            check_overtime(overtime)
        except ValidationError as refused:
            for path, errors in refused.error_dict.items():
                self.add_error(box_of(self.fields, path), ValidationError(errors))
        else:
            self.text = RuleText(**{name: said[name] for name in _PLAIN}, overtime=overtime)
        return said


def version_initial(text: RuleText) -> dict[str, Any]:
    """Return what the boxes show for a version."""
    shown = {name: getattr(text, name) for name in _PLAIN}
    return shown | overtime_initial(text.overtime, CLASSES)
