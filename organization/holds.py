"""Legal holds: what somebody may sue about is neither deleted by date nor erased on request."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for, within
from organization.errors import DomainError, NotAllowed, NotFound
from organization.models import Department, Employee, LegalHold, Transfer, User


class Held(DomainError):
    """A legal hold is in force."""

    code = "held"
    message = _("Nothing of %(employee)s can be erased: a legal hold is in force since %(since)s.")


class AlreadyLifted(DomainError):
    """What is lifted cannot be lifted again."""

    code = "already_lifted"
    message = _("This hold has been lifted already.")


@transaction.atomic
def place(
    *,
    employee: Employee | None,
    department: Department | None,
    reason: str,
    actor: User,
    now: datetime,
) -> LegalHold:
    """Keep everything of a person, or of a department's people, until the hold is lifted.

    Raises NotAllowed where the actor may not configure, ValidationError for both or neither.
    """
    hold = LegalHold(
        employee=employee, department=department, reason=reason, since=now, placed_by=actor
    )
    hold.full_clean()
    owner = employee.department if employee is not None else department
    if owner is None or not departments_for(actor, Action.RULE).filter(pk=owner.pk).exists():
        raise NotAllowed(department=str(owner))
    hold.save()
    _tell("hold.placed", hold, actor, now)
    return hold


@transaction.atomic
def lift(*, hold_id: int, actor: User, now: datetime) -> LegalHold:
    """Let a hold end; what is past its date goes with the next round. Raises AlreadyLifted."""
    holds = LegalHold.objects.visible_to(actor, Action.RULE)
    hold = holds.select_for_update(of=("self",)).filter(pk=hold_id).first()
    if hold is None:
        raise NotFound(what=str(LegalHold._meta.verbose_name), key=hold_id)
    if hold.lifted_at is not None:
        raise AlreadyLifted
    hold.lifted_at, hold.lifted_by = now, actor
    hold.save(update_fields=["lifted_at", "lifted_by"])
    _tell("hold.lifted", hold, actor, now)
    return hold


def held_people() -> models.QuerySet[Employee]:
    """Return the people who are held: by name, or by where they are or have ever been."""
    holds = LegalHold.objects.in_force()
    paths = tuple(holds.filter(department__isnull=False).values_list("department__path", flat=True))
    by_name = Q(pk__in=holds.filter(employee__isnull=False).values("employee"))
    if not paths:
        return Employee.objects.filter(by_name)
    transfers = models.Exists(
        Transfer.objects.filter(within(paths, "department__path"), employee=models.OuterRef("pk"))
    )
    return Employee.objects.filter(by_name | within(paths, "department__path") | transfers)


def refuse_held(employee: Employee) -> None:
    """Raise Held where a hold keeps the data of `employee`."""
    if held_people().filter(pk=employee.pk).exists():
        raise Held(employee=str(employee), since=f"{_held_since(employee):%Y-%m-%d}")


def _held_since(employee: Employee) -> datetime:
    """Return the day of the first hold on this person; holds on others are told to nobody here."""
    homes = [employee.department.path]
    homes += Transfer.objects.filter(employee=employee).values_list("department__path", flat=True)
    return min(
        hold.since
        for hold in LegalHold.objects.in_force().select_related("department")
        if hold.employee_id == employee.pk
        or (hold.department and any(path.startswith(hold.department.path) for path in homes))
    )


def _tell(verb: str, hold: LegalHold, actor: User, now: datetime) -> None:
    thing: models.Model = hold.employee or hold.department  # type: ignore[assignment]
    where = hold.employee.department if hold.employee else hold.department
    audit.record(
        actor=actor,
        verb=verb,
        thing=thing,
        department=where,
        now=now,
        hold=hold.pk,
        reason=hold.reason,
    )
