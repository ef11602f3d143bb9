"""The forms of the pages about what can see people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from devices.models import PhoneAddress, Terminal, WifiController
from devices.wifi import SECRET_SIGNS
from organization.access import Action
from organization.models import Employee, User
from organization.scoped_admin import UnfoldAdminTextInputWidget


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


class SecretForm(forms.Form):
    """A shared secret, which is given and never shown again."""

    secret = forms.CharField(
        label=_("shared secret"),
        required=False,
        max_length=SECRET_SIGNS[1],
        strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "At least 16 signs, the same as at the controller. Empty: one is made, and shown once."
        ),
    )


class ControllerForm(SecretForm, forms.ModelForm):
    """A Wi-Fi controller, and the secret of a new one."""

    class Meta:
        model = WifiController
        fields = ("name", "department", "network", "is_active")


class PhoneAddressForm(forms.ModelForm):
    """By which address a person's phone joins the Wi-Fi."""

    address = forms.CharField(
        label=_("address (MAC)"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "In the phone's settings, at the company's network: Wi-Fi address, such as "
            "8c:a6:df:c8:f7:4b. A private address will do, as long as it is fixed for this network."
        ),
    )

    class Meta:
        model = PhoneAddress
        fields = ("employee",)
