"""Boxes in which a person is written: the console offers whom the reader may see."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.urls import reverse

# The searched choice of a person that the console has already: it answers with the reader's own.
_CHOICE = {"app_label": "approvals", "model_name": "allowance", "field_name": "employee"}


def offer_people(form: forms.Form, *names: str) -> None:
    """Let boxes of a form offer people while somebody writes; what they take stays as it was."""
    address = f"{reverse('admin:autocomplete')}?{urlencode(_CHOICE)}"
    for name in names:
        form.fields[name].widget.attrs |= {"data-people": address, "autocomplete": "off"}
