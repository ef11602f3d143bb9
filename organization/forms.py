"""The forms of the pages about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from import_export.forms import ConfirmImportForm

from organization import services
from organization.access import Action
from organization.errors import CircularChain
from organization.models import Department, Employee, Position, User
from organization.scoped_admin import (
    ThemedImportForm,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
)


class DepartmentChoice(forms.ModelChoiceField):
    """A choice among departments, drawn as the tree."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", Department.objects.none())
        kwargs.setdefault("widget", UnfoldAdminSelectWidget)
        super().__init__(**kwargs)

    def label_from_instance(self, obj: Department) -> str:
        """Return the name, indented by its depth."""
        return "\u2003" * obj.depth + f"{obj.name} ({obj.code})"


class EmployeeForm(forms.ModelForm):
    """A person. Where they belong, and when they came and went, are steps of their own."""

    class Meta:
        model = Employee
        fields = (
            "number",
            "name",
            "department",
            "position",
            "supervisor",
            "joined_on",
            "left_on",
            "user",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.supervisor_id
        if "supervisor" in self.fields and own:
            # The supervisor may belong elsewhere; what is so already may stay so.
            field = self.fields["supervisor"]
            field.queryset |= Employee.objects.filter(pk=own)

    def clean_supervisor(self) -> Employee | None:
        """Refuse a circle of supervisors."""
        supervisor: Employee | None = self.cleaned_data["supervisor"]
        if supervisor is not None and self.instance.pk:
            try:
                services.check_chain(self.instance, supervisor)
            except CircularChain as refusal:
                raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        return supervisor


class DepartmentForm(forms.ModelForm):
    """A department. Moving it and changing its zone are steps of their own."""

    class Meta:
        model = Department
        fields = ("name", "code", "parent", "is_unit", "timezone", "head")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.head_id
        if "head" in self.fields and own:
            field = self.fields["head"]
            field.queryset |= Employee.objects.filter(pk=own)


class _Step(forms.Form):
    """A step whose choices are told apart by person."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for field in self.fields.values():
            field.label = capfirst(field.label)

    def departments(self) -> QuerySet[Department]:
        """Return the departments where this person may configure."""
        return Department.objects.visible_to(self.user, Action.RULE).order_by("path")


class TransferForm(_Step):
    """Where to, and from which date on."""

    department = DepartmentChoice(label=_("to department"))
    position = forms.ModelChoiceField(
        label=_("position"),
        queryset=Position.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    effective_on = forms.DateField(
        label=_("effective on"),
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("The first day there. Earlier days stay with the department before."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = self.departments()


class LeaveForm(_Step):
    """The last day of a person."""

    left_on = forms.DateField(
        label=_("last day"),
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("The last day that counts. Empty: the person stays."),
    )


class JoinedForm(_Step):
    """The first day of a person."""

    joined_on = forms.DateField(label=_("first day"), widget=UnfoldAdminSingleDateWidget)


class MoveForm(_Step):
    """Under which department another one hangs."""

    parent = DepartmentChoice(label=_("belongs to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = self.departments()
        # Only who may configure the whole group makes a department stand alone.
        self.fields["parent"].required = not self.user.is_superuser


class ZoneForm(_Step):
    """The zone of a department, and from when on its days are read in it."""

    timezone = Department._meta.get_field("timezone").formfield()
    starts_on = forms.DateField(
        label=_("from"),
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("Days from this date on are judged again."),
    )


class EffectiveImportForm(ThemedImportForm):
    """An upload of employees: changed departments are transfers, and those have a date."""

    effective_on = forms.DateField(
        label=_("Transfers take effect on"),
        initial=localdate,
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("Whoever is in another department in the sheet belongs there from this date."),
    )

    class Media:
        # The calendar of the date asks for it; pages of imports do not bring it by themselves.
        js = ("admin/js/core.js",)


class EffectiveConfirmForm(ConfirmImportForm):
    """The confirmation of such an upload, with the date that was previewed."""

    effective_on = forms.DateField(widget=forms.HiddenInput)
