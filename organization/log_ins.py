"""Opening log-ins: for a person, and for a program, by whoever assigns roles where they belong."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from organization import accounts, audit, roles
from organization.access import Action
from organization.errors import NotFound
from organization.models import Department, Employee, Role, User
from organization.role_errors import HasLeft, HasLogIn, NotForThem


@transaction.atomic
def open_for(*, employee_id: int, username: str, actor: User, now: datetime) -> tuple[User, str]:
    """Give a person a log-in; return it with its one-time password, which is told once.

    The actor needs Action.GRANT on the person's department. Raises NotFound, HasLogIn, HasLeft,
    and ValidationError for a name that is taken or odd.
    """
    people = Employee.objects.visible_to(actor, Action.GRANT)
    person = people.select_for_update(of=("self",), no_key=True).filter(pk=employee_id).first()
    if person is None:
        raise NotFound(what=Employee._meta.verbose_name, key=employee_id)
    if person.user_id is not None:
        raise HasLogIn(employee=str(person))
    if person.left_on is not None and person.left_on < localdate(now):
        raise HasLeft(employee=str(person), left_on=person.left_on)
    user = _new(username)
    person.user = user
    person.save(update_fields=["user"])
    _tell(user, person.department, actor, now, employee=str(person))
    return user, accounts.give_one_time_password(user, actor=actor, now=now)


@transaction.atomic
def open_program(
    *, username: str, role: Role, department: Department, actor: User, now: datetime
) -> User:
    """Give a program a log-in that holds `role` on `department`. It comes in by tokens only.

    Raises NotForThem for a role of people, BeyondOwnRights, WrongPlace, and ValidationError for a
    name that is taken or odd.
    """
    if not role.is_for_programs:
        raise NotForThem(role=str(role), user=username)
    user = _new(username, is_program=True)
    _tell(user, department, actor, now)
    roles.begin_with(user=user, role=role, department=department, actor=actor, now=now)
    return user


def _new(username: str, *, is_program: bool = False) -> User:
    user = User(username=username, is_program=is_program)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    return user


def _tell(user: User, department: Department, actor: User, now: datetime, **facts: object) -> None:
    audit.record(
        actor=actor,
        verb="log_in.added",
        thing=user,
        department=department,
        now=now,
        is_program=user.is_program,
        **facts,
    )
