"""The forms on a roster's way in: the sheet, what its codes and its names mean, new people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.models import Department, Employee, Position
from scheduling.models import Shift
from scheduling.pattern_fields import read_clock
from scheduling.rosterplan import Choices, Preview
from scheduling.rostersheet import Problem

REST: Final = "rest"
NEW: Final = "new"
PEOPLE_SHOWN: Final = 50
CODES_SHOWN: Final = 50


class MonthField(forms.CharField):
    """A month, as browsers send it: 2026-04."""

    widget = forms.TextInput(attrs={"type": "month", "placeholder": "2026-04"})

    def clean(self, value: Any) -> date | None:
        """Return the first day of the month."""
        written = str(super().clean(value) or "").strip()
        if not written:
            return None
        try:
            return date.fromisoformat(f"{written}-01")
        except ValueError as error:
            raise ValidationError(_("Write the month like 2026-04.")) from error


class UploadForm(forms.Form):
    """The sheet."""

    file = forms.FileField(
        label=_("Sheet"),
        help_text=_(".xlsx, .xls, .ods or .csv; up to 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv"}),
    )
    month = MonthField(
        label=_("Month"),
        required=False,
        help_text=_("Only if the sheet names days without a month."),
    )
    empty_clears = forms.BooleanField(
        label=_("Empty cells clear the roster"),
        required=False,
        help_text=_("Otherwise an empty cell leaves the date as it is."),
    )


class MonthForm(forms.Form):
    """Which month, and what empty cells say."""

    month = MonthField(label=_("Month"), required=False)
    empty_clears = forms.BooleanField(label=_("Empty cells clear the roster"), required=False)

    def chosen(self, choices: Choices) -> Choices:
        """Return the choices with what was chosen here."""
        return replace(
            choices,
            month=self.cleaned_data["month"] or choices.month,
            empty_clears=self.cleaned_data["empty_clears"],
        )


@dataclass(frozen=True, slots=True)
class NewShift:
    """A shift that a code should become: wall minutes."""

    code: str
    start: int
    end: int


class CodesForm(forms.Form):
    """What each unknown code means: a shift, rest, or a new shift with two times."""

    def __init__(self, data: Any, *, preview: Preview, shifts: QuerySet[Shift]) -> None:
        super().__init__(data)
        self.codes = preview.unknown_codes[:CODES_SHOWN]
        known = [(str(shift.pk), str(shift)) for shift in shifts]
        choices = [
            ("", _("Leave these cells out")),
            (REST, _("Rest")),
            *([(_("Shifts"), known)] if known else []),
            (NEW, _("Make a new shift …")),
        ]
        for number, _code in enumerate(self.codes):
            self.fields[f"meaning-{number}"] = forms.ChoiceField(choices=choices, required=False)
            for part, hint in (("start", "08:00"), ("end", "17:00")):
                self.fields[f"{part}-{number}"] = forms.CharField(
                    required=False,
                    max_length=5,
                    widget=forms.TextInput(attrs={"placeholder": hint}),
                )

    def clean(self) -> dict[str, Any]:
        """Read the times of new shifts; 30:00 is 06:00 on the next day."""
        cleaned: dict[str, Any] = super().clean() or {}
        for number, _code in enumerate(self.codes):
            if cleaned.get(f"meaning-{number}") != NEW:
                continue
            for part in ("start", "end"):
                try:
                    cleaned[f"{part}-{number}"] = read_clock(cleaned.get(f"{part}-{number}") or "")
                except ValidationError as wrong:
                    self.add_error(f"{part}-{number}", wrong)
        return cleaned

    def rows(self) -> list[dict[str, Any]]:
        """Return each code with its boxes."""
        return [
            {
                "code": code,
                "meaning": self[f"meaning-{number}"],
                "start": self[f"start-{number}"],
                "end": self[f"end-{number}"],
            }
            for number, code in enumerate(self.codes)
        ]

    def meanings(self) -> dict[str, int | None]:
        """Return code → shift key or None for rest, for the codes that got a meaning."""
        said = {
            code.code: self.cleaned_data.get(f"meaning-{number}")
            for number, code in enumerate(self.codes)
        }
        return {
            code: None if meaning == REST else int(meaning)
            for code, meaning in said.items()
            if meaning and meaning != NEW
        }

    def new_shifts(self) -> list[NewShift]:
        """Return the shifts to make."""
        return [
            NewShift(
                code.code,
                self.cleaned_data[f"start-{number}"],
                self.cleaned_data[f"end-{number}"],
            )
            for number, code in enumerate(self.codes)
            if self.cleaned_data.get(f"meaning-{number}") == NEW
        ]


class PeopleForm(forms.Form):
    """Who each name is that nobody knows: an employee number."""

    def __init__(self, data: Any, *, preview: Preview, people: QuerySet[Employee]) -> None:
        super().__init__(data)
        self.people = people
        self.unknown = preview.unknown_people[:PEOPLE_SHOWN]
        for number, error in enumerate(self.unknown):
            self.fields[f"person-{number}"] = forms.CharField(
                required=False,
                max_length=150,
                widget=forms.TextInput(
                    attrs={"list": f"like-{number}", "placeholder": _("employee number")}
                ),
            )
            self.fields[f"person-{number}"].label = error.value

    def clean(self) -> dict[str, Any]:
        """Find the people. What was picked from a list is a number and a name."""
        cleaned: dict[str, Any] = super().clean() or {}
        written = {
            field: str(value).split()[0] for field, value in cleaned.items() if str(value).strip()
        }
        found = {
            person.number: person for person in self.people.filter(number__in=written.values())
        }
        for field, number in written.items():
            if number in found:
                cleaned[field] = found[number]
            else:
                self.add_error(field, _("There is nobody with this number."))
        return cleaned

    def rows(self) -> list[dict[str, Any]]:
        """Return each unknown person with a box."""
        return [
            {"error": error, "box": self[f"person-{number}"], "list": f"like-{number}"}
            for number, error in enumerate(self.unknown)
        ]

    def chosen(self) -> Mapping[str, int]:
        """Return what the sheet wrote → employee key."""
        return {
            error.value: self.cleaned_data[f"person-{number}"].pk
            for number, error in enumerate(self.unknown)
            if isinstance(self.cleaned_data.get(f"person-{number}"), Employee)
        }


class HireForm(forms.Form):
    """Where everybody belongs who is in the sheet and nowhere else."""

    department = forms.ModelChoiceField(Department.objects.none(), label=_("Department"))
    position = forms.ModelChoiceField(Position.objects.all(), label=_("Position"), required=False)
    joined_on = forms.DateField(
        label=_("Joined on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    prefix = forms.CharField(
        label=_("Numbers begin with"),
        max_length=20,
        initial="R",
        help_text=_("Whoever has no number in the sheet gets the next free one, such as R001."),
    )

    def __init__(self, data: Any, *, departments: QuerySet[Department], initial: Any) -> None:
        super().__init__(data, initial=initial)
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]


def may_be_hired(errors: Sequence[Any]) -> int:
    """Return how many unknown people are unknown, rather than one of several."""
    return len({error.value for error in errors if error.problem is Problem.UNKNOWN_PERSON})
