"""What people do to assignments: let somebody work a shift from a date, and end that."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from organization import audit
from organization.access import Action
from organization.errors import DateOutOfOrder, NotFound
from organization.models import Change, Department, Employee, Position, User
from organization.services import announce, told
from scheduling.errors import AssignmentsOverlap, ShiftOutOfReach
from scheduling.models import Rotation, Shift, ShiftAssignment
from scheduling.services.shifts import require_rule, scopes_of_assignments

_DAY = timedelta(days=1)
WORKING_WEEK = "12345"


@transaction.atomic
def assign_shift(
    *,
    department: Department | None = None,
    position: Position | None = None,
    employee: Employee | None = None,
    shift: Shift | None = None,
    rotation: Rotation | None = None,
    weekdays: str = WORKING_WEEK,
    starts_on: date,
    ends_on: date | None = None,
    actor: User | None = None,
    now: datetime,
) -> ShiftAssignment:
    """Let a department, a position, both at once, or a person work a shift or a rotation.

    `weekdays` (a shift only) are ISO digits; `ends_on` is inclusive, None is until further
    notice. Raises ValidationError by field, AssignmentsOverlap where the same target has
    another assignment in these dates, ShiftOutOfReach for a shift of another department, and
    NotAllowed.
    """
    require_rule(actor, employee.department if employee is not None else department)
    assignment = ShiftAssignment(
        department=department,
        position=position,
        employee=employee,
        shift=shift,
        rotation=rotation,
        weekdays=weekdays if shift is not None else WORKING_WEEK,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    _lock_target(assignment)
    check_assignment(assignment)
    assignment.save()
    _announce(assignment, starts_on, ends_on)
    _record(assignment, "assignment.added", actor, now, after=_told(assignment))
    return assignment


@transaction.atomic
def end_assignment(
    *, assignment_id: int, ends_on: date | None, actor: User | None = None, now: datetime
) -> ShiftAssignment:
    """Let an assignment end on a date (inclusive; None: go on without end).

    Raises DateOutOfOrder before its start, AssignmentsOverlap, NotFound.
    """
    assignment = _lock(assignment_id, actor)
    if ends_on is not None and ends_on < assignment.starts_on:
        raise DateOutOfOrder(field="ends_on", value=ends_on, expected=f"≥ {assignment.starts_on}")
    was = _told(assignment)
    before, assignment.ends_on = assignment.ends_on, ends_on
    if before == ends_on:
        return assignment
    _check_overlap(assignment)
    assignment.save(update_fields=["ends_on"])
    first = min(day for day in (before, ends_on) if day is not None) + _DAY
    last = None if before is None or ends_on is None else max(before, ends_on)
    _announce(assignment, first, last)
    _record(assignment, "assignment.ended", actor, now, before=was, after=_told(assignment))
    return assignment


@transaction.atomic
def withdraw_assignment(*, assignment_id: int, actor: User | None = None, now: datetime) -> None:
    """Take an assignment away as if it had never been. Raises NotFound."""
    assignment = _lock(assignment_id, actor)
    _announce(assignment, assignment.starts_on, assignment.ends_on)
    _record(assignment, "assignment.withdrawn", actor, now, before=_told(assignment))
    assignment.delete()


def check_assignment(assignment: ShiftAssignment) -> None:
    """Raise what `assign_shift` would raise: ValidationError, ShiftOutOfReach or overlap."""
    assignment.full_clean()
    _check_reach(assignment)
    _check_overlap(assignment)


def people_of(assignment: ShiftAssignment, day: date) -> int:
    """Return how many people an assignment speaks to on a date, by where they belong today.

    Narrower assignments may win for some of them.
    """
    people = Employee.objects.employed_on(day)
    if assignment.employee_id is not None:
        return people.filter(pk=assignment.employee_id).count()
    if assignment.department is not None:
        people = people.filter(department__path__startswith=assignment.department.path)
    if assignment.position_id is not None:
        people = people.filter(position=assignment.position_id)
    return people.count()


def _lock(assignment_id: int, actor: User | None) -> ShiftAssignment:
    rows = ShiftAssignment.objects.select_for_update(of=("self",)).select_related(
        "department", "position", "employee__department", "shift", "rotation"
    )
    if actor is not None:
        rows = rows.visible_to(actor, Action.RULE)
    assignment = rows.filter(pk=assignment_id).first()
    if assignment is None:
        raise NotFound(what=ShiftAssignment._meta.verbose_name, key=assignment_id)
    return assignment


def _lock_target(assignment: ShiftAssignment) -> None:
    """Hold the target, so that two people cannot both find its dates free."""
    for row in (assignment.employee, assignment.department, assignment.position):
        if row is not None:
            type(row)._default_manager.select_for_update().get(pk=row.pk)
            return


def _check_overlap(assignment: ShiftAssignment) -> None:
    same = ShiftAssignment.objects.filter(
        department=assignment.department_id,
        position=assignment.position_id,
        employee=assignment.employee_id,
    ).exclude(pk=assignment.pk)
    same = same.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=assignment.starts_on))
    if assignment.ends_on is not None:
        same = same.filter(starts_on__lte=assignment.ends_on)
    other = same.select_related("department", "position", "employee", "shift", "rotation").first()
    if other is not None:
        raise AssignmentsOverlap(
            who=target_name(other),
            what=str(other.shift or other.rotation),
            dates=dates_told(other),
            day=assignment.starts_on,
        )


def _check_reach(assignment: ShiftAssignment) -> None:
    """Refuse a shift or rotation of one department for people of another."""
    what = assignment.shift or assignment.rotation
    owner = what.department if what is not None else None
    if owner is None:
        return
    employee = assignment.employee
    target = employee.department if employee is not None else assignment.department
    if target is None or not target.path.startswith(owner.path):
        raise ShiftOutOfReach(
            what=str(what),
            owner=owner.name,
            department=target.name if target else str(assignment.position),
        )


def target_name(assignment: ShiftAssignment) -> str:
    """Return for whom an assignment is."""
    if assignment.employee is not None:
        return str(assignment.employee)
    return " · ".join(str(x) for x in (assignment.department, assignment.position) if x)


def dates_told(assignment: ShiftAssignment) -> str:
    """Return from when to when an assignment is in force."""
    facts = {"first": assignment.starts_on, "last": assignment.ends_on}
    if assignment.ends_on is None:
        return _("from %(first)s on") % facts
    return _("from %(first)s to %(last)s") % facts


def _announce(assignment: ShiftAssignment, starts_on: date, ends_on: date | None) -> None:
    for scope in scopes_of_assignments([assignment]):
        announce(
            Change.Reason.ASSIGNMENT,
            starts_on=starts_on,
            ends_on=ends_on,
            employee_ids=scope.employee_ids,
            department=scope.department,
        )


def _record(
    assignment: ShiftAssignment, verb: str, actor: User | None, now: datetime, **facts: object
) -> None:
    employee = assignment.employee
    audit.record(
        actor=actor,
        verb=verb,
        thing=assignment,
        department=employee.department if employee is not None else assignment.department,
        now=now,
        **facts,
    )


def _told(assignment: ShiftAssignment) -> dict[str, Any]:
    names = "department position employee shift rotation weekdays starts_on ends_on"
    return told(assignment, names.split())
