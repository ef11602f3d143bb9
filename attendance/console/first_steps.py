"""What an empty installation needs first, in the order in which one thing rests on another."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.models import AttendanceRule
from organization.access import Action, granted_paths
from organization.models import Department, Employee, User
from scheduling.models import Shift


class Step(NamedTuple):
    """A thing to set up: where, why, and whether there is any."""

    name: str | Promise
    why: str | Promise
    address: str
    is_done: bool = False


def first_steps(user: User) -> list[Step]:
    """Return the steps while nobody works here; none for readers who may not configure."""
    if granted_paths(user, Action.RULE) == () or Employee.objects.exists():
        return []
    return [
        Step(
            _("Departments"),
            _("The tree, with business units and their time zones."),
            reverse("admin:organization_department_changelist"),
            Department.objects.exists(),
        ),
        Step(
            _("People"),
            _("One by one, or from a sheet."),
            reverse("admin:organization_employee_changelist"),
        ),
        Step(
            _("Shifts"),
            _("When people are expected, and how exactly."),
            reverse("admin:scheduling_shift_changelist"),
            Shift.objects.exists(),
        ),
        Step(
            _("Rules"),
            _("For whom which terms hold, and how they may punch."),
            reverse("admin:attendance_attendancerule_changelist"),
            AttendanceRule.objects.exists(),
        ),
        Step(
            _("Roster"),
            _("Who works which shift on which date."),
            reverse("admin:scheduling_rosterentry_changelist"),
        ),
        Step(
            _("Punches"),
            _("From terminals, phones or other programs; days are judged as they come."),
            reverse("admin:devices_terminal_changelist"),
        ),
    ]
