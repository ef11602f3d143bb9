"""Legal holds: what somebody may sue about is neither deleted by date nor erased on request."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for, ever_within
from organization.errors import DomainError, NotAllowed, NotFound
from organization.models import Department, Employee, HeldPerson, LegalHold, User


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

    Raises NotAllowed where the actor may not both configure and read the log, ValidationError for
    a person and a department, or neither.
    """
    hold = LegalHold(
        employee=employee, department=department, reason=reason, since=now, placed_by=actor
    )
    hold.full_clean()
    owner = employee.department if employee is not None else department
    there = departments_for(actor, Action.RULE) & departments_for(actor, Action.AUDIT)
    if owner is None or not there.filter(pk=owner.pk).exists():
        raise NotAllowed(department=str(owner))
    hold.save()
    if department is not None:
        # A move of the department at this moment waits for the hold, or the hold for the move.
        path = Department.objects.values_list("path", flat=True).get(pk=department.pk)
        _write_down(hold, Employee.objects.filter(ever_within((path,))))
    _tell("hold.placed", hold, actor, now)
    return hold


@transaction.atomic
def lift(*, hold_id: int, actor: User, now: datetime) -> LegalHold:
    """Let a hold end; what is past its date goes with the next round.

    It takes what placing takes: the rights to configure there, and to read the log. Raises
    NotFound, AlreadyLifted.
    """
    holds = LegalHold.objects.visible_to(actor, Action.RULE) & LegalHold.objects.visible_to(
        actor, Action.AUDIT
    )
    hold = holds.select_for_update(of=("self",)).filter(pk=hold_id).first()
    if hold is None:
        raise NotFound(what=str(LegalHold._meta.verbose_name), key=hold_id)
    if hold.lifted_at is not None:
        raise AlreadyLifted
    hold.lifted_at, hold.lifted_by = now, actor
    hold.save(update_fields=["lifted_at", "lifted_by"])
    hold.people.all().delete()
    _tell("hold.lifted", hold, actor, now)
    return hold


def keep_people(people: models.QuerySet[Employee]) -> None:
    """Write down who of `people` is held by a department, before what says so is edited.

    Call it in the transaction that moves a department or changes a transfer, before the change.
    """
    for hold in LegalHold.objects.in_force().on_departments():
        _write_down(hold, people.filter(ever_within((hold.department.path,))))


def _write_down(hold: LegalHold, people: models.QuerySet[Employee]) -> None:
    keys = people.exclude(pk__in=hold.people.values("employee")).values_list("pk", flat=True)
    HeldPerson.objects.bulk_create(
        (HeldPerson(hold=hold, employee_id=key) for key in keys),
        ignore_conflicts=True,
        batch_size=1000,
    )


def held_people() -> models.QuerySet[Employee]:
    """Return the people who are held: by name, or because they are or ever were in a department.

    Whoever was there since the hold was placed stays held, whatever the tree and the transfers say.
    """
    holds = LegalHold.objects.in_force()
    held = (
        Q(pk__in=holds.filter(employee__isnull=False).values("employee"))
        | Q(pk__in=HeldPerson.objects.filter(hold__lifted_at=None).values("employee"))
    )  # fmt: skip
    paths = tuple(holds.on_departments().values_list("department__path", flat=True))
    return Employee.objects.filter(held | ever_within(paths) if paths else held)


def refuse_held(employee: Employee) -> None:
    """Raise Held where a hold keeps the data of `employee`."""
    if held_people().filter(pk=employee.pk).exists():
        raise Held(employee=str(employee), since=f"{_held_since(employee):%Y-%m-%d}")


def _held_since(employee: Employee) -> datetime:
    """Return the day of the first hold on this person; holds on others are told to nobody here."""
    return min(
        hold.since
        for hold in LegalHold.objects.in_force().select_related("department")
        if hold.employee_id == employee.pk or _is_kept_by(hold, employee)
    )


def _is_kept_by(hold: LegalHold, employee: Employee) -> bool:
    if hold.department is None:
        return False
    there = Employee.objects.filter(ever_within((hold.department.path,)), pk=employee.pk)
    return hold.people.filter(employee=employee).exists() or there.exists()


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
