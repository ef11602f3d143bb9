"""The forms of the pages about terminals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from devices.models import Terminal
from organization.access import Action
from organization.models import Employee, User


class LogForm(forms.Form):
    """A log file and the terminal that wrote it."""

    terminal = forms.ModelChoiceField(Terminal.objects.none(), label=_("Terminal"))
    file = forms.FileField(
        label=_("Log file"),
        help_text=_("1_attlog.dat or like it, from the terminal's USB stick; up to 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".dat,.txt,.log"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = Terminal.objects.visible_to(user, Action.RULE).filter(is_active=True)
        self.fields["terminal"].queryset = usable  # type: ignore[attr-defined]


class LinkForm(forms.Form):
    """Whose PIN it is."""

    pin = forms.CharField(max_length=64, widget=forms.HiddenInput)
    number = forms.CharField(
        label=_("Employee number"),
        max_length=40,
        error_messages={"required": _("Give the number of the employee whose PIN this is.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = Employee.objects.visible_to(user, Action.RULE)

    def clean_number(self) -> Employee:
        """Return the employee with that number among those whom this person may configure."""
        number = self.cleaned_data["number"].strip()
        employee = self._people.filter(number=number).first()
        if employee is None:
            raise ValidationError(
                _("There is no employee with the number %(number)s here."),
                params={"number": number},
            )
        return employee
