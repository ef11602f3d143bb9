"""The boxes of overtime: in a shift for its own days, in a rule for days without a shift."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from scheduling.pattern import Overtime, OvertimeMode, OvertimeTerms, RoundingMode
from scheduling.pattern_fields import MinutesField, RowsField, choices_of, wall_rows
from scheduling.shift_words import OVERTIME_CLASSES, OVERTIME_MODES, ROUNDINGS

_PLAIN: Final = ("start_after", "min", "max", "unit", "rounding", "count_before_shift")
_ROWS: Final = ("rest", "rest_tiers")


def overtime_fields(classes: Iterable[str] = tuple(OVERTIME_CLASSES)) -> dict[str, forms.Field]:
    """Return the fields, named by their path in a pattern with __ for dots."""
    found: dict[str, forms.Field] = {
        "overtime__mode": forms.ChoiceField(
            label=_("What proves overtime"),
            choices=choices_of(OVERTIME_MODES),
            required=False,
            initial=OvertimeMode.PUNCH.value,
        )
    }
    for name in classes:
        path = f"overtime__{name}"
        title: Any = OVERTIME_CLASSES[name]
        found[path] = forms.BooleanField(label=title, required=False)
        found |= {f"{path}__{part}": field for part, field in _terms_fields(name).items()}
    return found


def _terms_fields(name: str) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {
        "start_after": MinutesField(
            label=_("Counts after"),
            empty=0,
            initial=0,
            help_text=_("Minutes after the end of the shift."),
        ),
        "min": MinutesField(
            label=_("At least"), empty=0, initial=0, help_text=_("Less than this counts as none.")
        ),
        "max": MinutesField(label=_("At most"), help_text=_("Empty: without limit.")),
        "unit": MinutesField(label=_("In steps of"), empty=1, initial=1),
        "rounding": forms.ChoiceField(
            label=_("Rounded"),
            choices=choices_of(ROUNDINGS),
            required=False,
            initial=RoundingMode.FLOOR.value,
        ),
        "count_before_shift": forms.BooleanField(
            label=_("Time before the shift counts as well"), required=False
        ),
        "rest": wall_rows(_("Rest that never counts")),
        "rest_tiers": RowsField(
            [MinutesField(), MinutesField()],
            [_("from (minutes)"), _("deduct (minutes)")],
            label=_("Deductions"),
            help_text=_("Overtime that reaches the first number loses the second."),
        ),
    }
    return fields


def overtime_initial(
    overtime: Overtime | None, classes: Iterable[str] = tuple(OVERTIME_CLASSES)
) -> dict[str, Any]:
    """Return what the boxes show for stored terms."""
    shown: dict[str, Any] = {}
    if overtime is None:
        return shown
    shown["overtime__mode"] = str(overtime.mode)
    for name in classes:
        terms = getattr(overtime, name)
        shown[f"overtime__{name}"] = terms is not None
        if terms is not None:
            for part in (*_PLAIN, *_ROWS):
                shown[f"overtime__{name}__{part}"] = getattr(terms, part)
    return shown


def overtime_of(
    said: Mapping[str, Any], classes: Iterable[str] = tuple(OVERTIME_CLASSES)
) -> Overtime | None:
    """Return the terms that cleaned boxes say, or None where no class of day earns any."""
    earned = {
        name: _terms_of(said, f"overtime__{name}")
        for name in classes
        if said.get(f"overtime__{name}")
    }
    if not earned:
        return None
    return Overtime(mode=OvertimeMode(said.get("overtime__mode") or "punch"), **earned)


def _terms_of(said: Mapping[str, Any], path: str) -> OvertimeTerms:
    return OvertimeTerms(
        start_after=said[f"{path}__start_after"],
        min=said[f"{path}__min"],
        max=said[f"{path}__max"],
        unit=said[f"{path}__unit"],
        rounding=RoundingMode(said[f"{path}__rounding"] or "floor"),
        count_before_shift=said[f"{path}__count_before_shift"],
        rest=said[f"{path}__rest"],
        rest_tiers=said[f"{path}__rest_tiers"],
    )


class ClassBoxes(NamedTuple):
    """The boxes of one class of day: the switch, those for this class, those it has no use for."""

    switch: forms.BoundField
    plain: list[forms.BoundField]
    rows: list[forms.BoundField]
    unused: list[forms.BoundField]

    @property
    def has_errors(self) -> bool:
        """Say whether any of the boxes was refused."""
        return any(box.errors for box in (self.switch, *self.plain, *self.rows))


def class_boxes(form: forms.Form) -> list[ClassBoxes]:
    """Return the overtime boxes of a form, class by class, for its page."""
    found = []
    for name in OVERTIME_CLASSES:
        path = f"overtime__{name}"
        if path not in form.fields:
            continue
        # A day without a shift has no end to count from, and nothing before it.
        unused = () if name == "workday" else ("start_after", "count_before_shift")
        found.append(
            ClassBoxes(
                form[path],
                [form[f"{path}__{part}"] for part in _PLAIN if part not in unused],
                [form[f"{path}__{part}"] for part in _ROWS],
                [form[f"{path}__{part}"] for part in unused],
            )
        )
    return found


def box_of(boxes: Collection[str], path: str) -> str | None:
    """Return the name of the box that says the part of a pattern at a path."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        name = "__".join(parts[:count])
        if name in boxes:
            return name
    return "flexible__mode" if parts[0] == "flexible" else None
