"""The form of a rotation: a row of days, each with a shift or rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from scheduling.models import Rotation, Shift
from scheduling.rotation import turn_on
from scheduling.services.rotations import first_day, turns_of

WEEKS_SHOWN: Final = 4


class TurnsWidget(forms.Widget):
    """One choice a day, any number of days."""

    template_name = "scheduling/turns.html"
    shifts: Sequence[Shift] = ()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        """Return the choices in order; an empty one is rest."""
        found = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [str(value) for value in found]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the days and the shifts to choose from."""
        context = super().get_context(name, value, attrs)
        context["turns"] = [str(choice) for choice in value or []]
        context["shifts"] = [(str(shift.pk), shift) for shift in self.shifts]
        return context


class TurnsField(forms.Field):
    """The turns of a rotation, as shifts; None is rest."""

    widget = TurnsWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.shifts: dict[str, Shift] = {}

    def offer(self, shifts: QuerySet[Shift]) -> None:
        """Let these shifts be chosen."""
        self.shifts = {str(shift.pk): shift for shift in shifts}
        self.widget.shifts = list(self.shifts.values())

    def prepare_value(self, value: Any) -> Any:
        """Return the keys of the shifts."""
        return [v if isinstance(v, str) else (v.pk if v is not None else "") for v in value or []]

    def clean(self, value: Any) -> list[Shift | None]:
        """Return the shifts. Raises ValidationError naming the day whose shift is not there."""
        found: list[Shift | None] = []
        for number, key in enumerate(value or [], start=1):
            if key and key not in self.shifts:
                raise ValidationError(
                    _("Day %(day)d: there is no such shift here."), params={"day": number}
                )
            found.append(self.shifts[key] if key else None)
        if not found:
            raise ValidationError(_("Give it at least one day."))
        if not any(found):
            raise ValidationError(_("Every day is rest; choose a shift for at least one."))
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the keys."""
        return [str(v) for v in self.prepare_value(initial)] != [str(v) for v in data or []]


class RotationForm(forms.ModelForm):
    """A rotation and its turns."""

    turns = TurnsField(label=_("Days"))
    valid_from = forms.DateField(
        label=_("Valid from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("From this date it runs like this; days before keep what they had."),
    )

    class Meta:
        model = Rotation
        fields = ("name", "kind", "department", "anchored_on", "follows_calendar")
        widgets = {
            "kind": forms.RadioSelect,
            "anchored_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    today: date
    shifts: QuerySet[Shift]

    def __init__(self, *args: Any, **options: Any) -> None:
        initial = options.setdefault("initial", {})
        rotation = options.get("instance")
        offered = self.shifts.filter(is_active=True)
        if rotation is not None and rotation.pk:
            held = turns_of(rotation)
            initial["turns"] = held
            initial.setdefault("valid_from", self.today + timedelta(days=1))
            keys = [shift.pk for shift in held if shift is not None]
            offered = offered | self.shifts.filter(pk__in=keys)
        else:
            initial.setdefault("kind", Rotation.Kind.WEEKLY)
            initial.setdefault("turns", [None] * 7)
            initial.setdefault("anchored_on", first_day(Rotation.Kind.WEEKLY, self.today))
        super().__init__(*args, **options)
        turns = self.fields["turns"]
        if isinstance(turns, TurnsField):
            turns.offer(offered.distinct().order_by("code"))

    def clean(self) -> dict[str, Any]:
        """Hold the number of days that the kind has."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and not said.get("valid_from"):
            self.add_error("valid_from", _("Say from which date, such as 2026-03-01."))
        due = {Rotation.Kind.WEEKLY: 7, Rotation.Kind.BIWEEKLY: 14}.get(said.get("kind", ""))
        turns = said.get("turns")
        if due and turns is not None and len(turns) != due:
            self.add_error(
                "turns",
                _("This kind has %(due)d days, not %(count)d.") % {"due": due, "count": len(turns)},
            )
        return said


class Shown(NamedTuple):
    """One day of the preview."""

    day: date
    shift: Shift | None
    is_today: bool


def weeks_ahead(
    kind: str, anchored_on: date, turns: Sequence[Shift | None], today: date
) -> list[list[Shown]]:
    """Return this week and the three after it, Monday first, as the turns fall."""
    anchor = first_day(kind, anchored_on)
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=n) for n in range(7 * WEEKS_SHOWN)]
    shown = [Shown(day, turn_on(turns, anchor, day), day == today) for day in days]
    return [shown[n : n + 7] for n in range(0, len(shown), 7)]
