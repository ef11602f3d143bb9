"""The form of an assignment: for whom, what, on which days, from when."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organization.errors import DomainError
from organization.models import Department, Employee, Position
from scheduling.models import Rotation, Shift, ShiftAssignment
from scheduling.pattern_fields import DepartmentField
from scheduling.services.assignments import check_assignment

WEEKDAYS: Final = (
    ("1", _("Mon")),
    ("2", _("Tue")),
    ("3", _("Wed")),
    ("4", _("Thu")),
    ("5", _("Fri")),
    ("6", _("Sat")),
    ("7", _("Sun")),
)
TARGETS: Final = (
    ("department", _("A department")),
    ("position", _("A position")),
    ("employee", _("One person")),
)
PLANS: Final = (("shift", _("A shift")), ("rotation", _("A rotation")))


class EmployeeField(forms.CharField):
    """A person, by number, else by a name that only one person has."""

    people: QuerySet[Employee]

    def clean(self, value: Any) -> Employee | None:
        """Return the person. Raises ValidationError that says what was written."""
        written = str(super().clean(value) or "").strip()
        if not written:
            return None
        found = people_called(written, self.people)
        if len(found) == 1:
            return found[0]
        if not found:
            raise self.refusal_of_nobody(written)
        raise ValidationError(
            _("Several people are called “%(value)s”; write one of the numbers %(numbers)s."),
            params={"value": written, "numbers": ", ".join(p.number for p in found)},
        )

    def refusal_of_nobody(self, written: str) -> ValidationError:
        """Return what is said where none of the people is called what was written."""
        return ValidationError(
            _("There is nobody “%(value)s” here; write an employee number, or a full name."),
            params={"value": written},
        )


def people_called(written: str, people: QuerySet[Employee]) -> list[Employee]:
    """Return who has the number that `written` begins with, else those of that name: three at most.

    `written` is not empty.
    """
    found = people.filter(number=written.split()[0]).first()
    return [found] if found is not None else list(people.filter(name=written)[:3])


class AssignmentForm(forms.Form):
    """What `assign_shift` wants, asked one after the other."""

    target = forms.ChoiceField(
        label=_("For whom"), choices=TARGETS, initial="department", widget=forms.RadioSelect
    )
    department = DepartmentField(
        Department.objects.none(),
        required=False,
        label=_("Department"),
        help_text=_("With all below it."),
    )
    position = forms.ModelChoiceField(
        Position.objects.none(),
        required=False,
        label=_("Position"),
        help_text=_("In the department chosen, or, without one, in the whole group."),
    )
    employee = EmployeeField(
        required=False, label=_("Employee"), help_text=_("Number, or full name.")
    )
    plan = forms.ChoiceField(
        label=_("Works"), choices=PLANS, initial="shift", widget=forms.RadioSelect
    )
    shift = forms.ModelChoiceField(Shift.objects.none(), required=False, label=_("Shift"))
    rotation = forms.ModelChoiceField(Rotation.objects.none(), required=False, label=_("Rotation"))
    weekdays = forms.MultipleChoiceField(
        label=_("On"),
        choices=WEEKDAYS,
        initial=["1", "2", "3", "4", "5"],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    starts_on = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Inclusive; empty: until further notice."),
    )

    assignment: ShiftAssignment | None = None

    def __init__(
        self,
        *args: Any,
        departments: QuerySet[Department],
        people: QuerySet[Employee],
        shifts: QuerySet[Shift],
        rotations: QuerySet[Rotation],
        may_omit_department: bool,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        boxes: dict[str, Any] = self.fields
        boxes["department"].queryset = departments
        boxes["position"].queryset = Position.objects.all()
        boxes["shift"].queryset = shifts.filter(is_active=True)
        boxes["rotation"].queryset = rotations
        boxes["employee"].people = people
        self.may_omit_department = may_omit_department

    def clean(self) -> dict[str, Any]:
        """Put the assignment together; say at which box something is lacking or wrong."""
        said = super().clean() or self.cleaned_data
        for name in self._due(said):
            if name not in self.errors and not said.get(name):
                self.add_error(name, _("Choose one."))
        if self.errors:
            return said
        assignment = ShiftAssignment(**self.asked())
        try:
            check_assignment(assignment)
        except DomainError as refusal:
            box = "starts_on" if refusal.code == "assignments_overlap" else said["plan"]
            self.add_error(box, ValidationError(str(refusal), code=refusal.code))
        except ValidationError as error:
            self.add_error(None, ValidationError(error.messages))
        else:
            self.assignment = assignment
        return said

    def asked(self) -> dict[str, Any]:
        """Return the arguments of `assign_shift` but for who and when."""
        said = self.cleaned_data
        target, plan = said["target"], said["plan"]
        return {
            "department": said["department"] if target != "employee" else None,
            "position": said["position"] if target == "position" else None,
            "employee": said["employee"] if target == "employee" else None,
            "shift": said["shift"] if plan == "shift" else None,
            "rotation": said["rotation"] if plan == "rotation" else None,
            "weekdays": "".join(sorted(said["weekdays"])) if plan == "shift" else "12345",
            "starts_on": said["starts_on"],
            "ends_on": said["ends_on"],
        }

    def _due(self, said: dict[str, Any]) -> list[str]:
        due = [str(said.get("target") or "target"), str(said.get("plan") or "plan")]
        if due[0] == "position" and not self.may_omit_department:
            due.append("department")
        if said.get("plan") == "shift":
            due.append("weekdays")
        return due


class EndForm(forms.Form):
    """When an assignment ends."""

    ends_on = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Inclusive; empty: until further notice."),
    )


def default_start(today: date) -> date:
    """Return the first of the next month: what most assignments begin on."""
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)
