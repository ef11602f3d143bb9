"""Who holds which role where: given, taken away, and told.

Assignments are the truth. What guardian keeps, and who is an administrator, is derived from them
in the transaction that changes them, so a change acts on the next request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import count
from typing import Any

from django.apps import apps as registry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from organization import audit, tokens
from organization.access import Action
from organization.errors import NotFound
from organization.models import Department, Role, RoleAssignment, User
from organization.role_deriving import derive
from organization.role_errors import (
    AlreadyHeld,
    BeyondOwnRights,
    BuiltInRole,
    LastAdministrator,
    NotForThem,
    ToOneself,
    WrongPlace,
)
from organization.role_scope import may_hand_out, receivers_for
from organization.role_words import BUILT_IN


def lay_built_in(apps: Any = registry, **_signal: Any) -> None:
    """Write the built-in roles as this release knows them. Django runs it after every `migrate`."""
    if "role" not in apps.all_models["organization"]:
        return
    for key, (name, actions, _sentence, is_for_programs) in BUILT_IN.items():
        Role.objects.update_or_create(
            key=key,
            defaults={
                "name": name,
                "actions": [action.value for action in actions],
                "is_for_programs": is_for_programs,
                "is_builtin": True,
            },
        )
    derive(RoleAssignment.objects.in_force().values_list("user", flat=True))


@transaction.atomic
def assign(
    *,
    user: User,
    role: Role,
    department: Department | None,
    actor: User | None,
    now: datetime,
) -> RoleAssignment:
    """Let `user` hold `role` on `department` and all below it.

    Raises WrongPlace, BeyondOwnRights, NotForThem, ToOneself, AlreadyHeld, and NotFound for a
    log-in that is not the actor's to give to.
    """
    check_assignable(user=user, role=role, department=department, actor=actor)
    return _give(user, role, department, actor, now)


def check_assignable(
    *, user: User, role: Role, department: Department | None, actor: User | None
) -> None:
    """Raise what `assign` would refuse; it asks again when it locks."""
    _check_givable(user, role, department, actor)
    if actor is not None and actor.pk == user.pk:
        raise ToOneself()
    if actor is not None and not receivers_for(actor).filter(pk=user.pk).exists():
        raise NotFound(what=User._meta.verbose_name, key=user.pk)
    _check_not_held(user, role, department)


@transaction.atomic
def begin_with(
    *, user: User, role: Role, department: Department, actor: User | None, now: datetime
) -> RoleAssignment:
    """Give a program its first role, which is what makes it somebody's to manage.

    Raises WrongPlace, NotForThem, BeyondOwnRights, and ValueError for a log-in that held a role.
    """
    _check_givable(user, role, department, actor)
    if not user.is_program or user.assignments.exists():
        raise ValueError(f"{user} is no new program")
    return _give(user, role, department, actor, now)


def _check_givable(
    user: User, role: Role, department: Department | None, actor: User | None
) -> None:
    if role.is_everywhere != (department is None):
        raise WrongPlace(role=str(role), is_everywhere=role.is_everywhere)
    if not may_hand_out(actor, role, department):
        raise BeyondOwnRights(role=str(role), department=str(department or ""))
    if user.is_program != role.is_for_programs:
        raise NotForThem(role=str(role), user=user.get_username())


def _check_not_held(user: User, role: Role, department: Department | None) -> None:
    held = RoleAssignment.objects.in_force().filter(user=user, role=role, department=department)
    if held.exists():
        raise AlreadyHeld(role=str(role), user=user.get_username())


def _give(
    user: User, role: Role, department: Department | None, actor: User | None, now: datetime
) -> RoleAssignment:
    # Two clerks who press the same button: the row of the log-in is where they meet.
    User.objects.select_for_update().get(pk=user.pk)
    _check_not_held(user, role, department)
    made = RoleAssignment.objects.create(
        user=user, role=role, department=department, since=now, granted_by=actor
    )
    _tell("role.assigned", made, actor, now)
    derive({user.pk})
    _forget(user)
    return made


@transaction.atomic
def end(*, assignment_id: int, actor: User | None, now: datetime) -> RoleAssignment:
    """Take a role away again. To end it twice changes nothing.

    Raises BeyondOwnRights, or LastAdministrator for the last one who can come in.
    """
    found = (
        RoleAssignment.objects.select_related("role", "department", "user")
        .select_for_update(of=("self",))
        .get(pk=assignment_id)
    )
    if found.ended_at is not None:
        return found
    if not may_hand_out(actor, found.role, found.department):
        raise BeyondOwnRights(role=str(found.role), department=str(found.department or ""))
    if found.role.is_everywhere:
        check_another_administrator(found.user)
    found.ended_at, found.ended_by = now, actor
    found.save(update_fields=["ended_at", "ended_by"])
    _tell("role.ended", found, actor, now)
    derive({found.user_id})
    _forget(found.user)
    return found


def check_another_administrator(user: User) -> None:
    """Raise LastAdministrator when nobody but `user` could administer the group.

    Call it inside the transaction that takes `user` away; two of them wait for each other.
    """
    others = User.objects.select_for_update().filter(is_superuser=True).order_by("pk")
    if not any(other.is_active for other in others if other.pk != user.pk):
        raise LastAdministrator(user=user.get_username())


@transaction.atomic
def add_role(
    *,
    key: str,
    name: str,
    actions: Collection[Action],
    is_for_programs: bool = False,
    actor: User | None,
    now: datetime,
) -> Role:
    """Make a role of one's own. Raises BeyondOwnRights for all but administrators.

    Raises ValidationError for a key that is taken or actions that are none.
    """
    _check_administrator(actor, name)
    role = Role(
        key=key, name=name, is_for_programs=is_for_programs, actions=[a.value for a in actions]
    )
    role.full_clean()
    role.save()
    audit.record(actor=actor, verb="role.added", thing=role, now=now, actions=_words(role.allowed))
    return role


@transaction.atomic
def change_role(
    *, role_id: int, name: str, actions: Collection[Action], actor: User | None, now: datetime
) -> int:
    """Let a role of one's own allow other things; return how many log-ins hold it.

    Raises BuiltInRole, BeyondOwnRights, ValidationError.
    """
    role = Role.objects.select_for_update().get(pk=role_id)
    _check_administrator(actor, name)
    if role.is_builtin:
        raise BuiltInRole(role=str(role))
    before = role.allowed
    role.name, role.actions = name, [action.value for action in actions]
    role.full_clean()
    role.save()
    holders = set(
        RoleAssignment.objects.in_force().filter(role=role).values_list("user", flat=True)
    )
    derive(holders)
    audit.record(
        actor=actor,
        verb="role.changed",
        thing=role,
        now=now,
        before=_words(before),
        after=_words(role.allowed),
        holders=len(holders),
        **_keys_in_use(holders, now),
    )
    return len(holders)


def assignments_on(department: Department) -> list[RoleAssignment]:
    """Return what is held on a department: its own first, then from above. Two queries."""
    keys = department.lineage()
    held = (
        RoleAssignment.objects.in_force()
        .filter(Q(department__in=keys) | Q(department=None))
        .select_related("user__employee", "role", "department", "granted_by")
    )
    return sorted(
        held,
        key=lambda row: (-(row.department.depth if row.department else -1), row.user.username),
    )


def held_by(user: User) -> QuerySet[RoleAssignment]:
    """Return the roles that somebody holds now."""
    held: QuerySet[RoleAssignment] = RoleAssignment.objects.in_force().filter(user=user)
    return held.select_related("role", "department", "granted_by").order_by("department__path")


def _forget(user: User) -> None:
    """Let this very object know what it may do now, and not only the next one that is read."""
    user.__dict__.pop("_granted_paths", None)
    user.refresh_from_db(fields=["is_superuser", "is_staff"])


def _check_administrator(actor: User | None, name: str) -> None:
    if actor is not None and not (actor.is_active and actor.is_superuser):
        raise BeyondOwnRights(role=name, department="")


def holders_of(role: Role) -> int:
    """Return how many log-ins hold a role now."""
    held = RoleAssignment.objects.in_force().filter(role=role)
    return held.values("user").distinct().count()


def free_key(name: str) -> str:
    """Return a key for a role of one's own that no other role has."""
    begin = slugify(name)[:32] or "role"
    taken = set(Role.objects.filter(key__startswith=begin).values_list("key", flat=True))
    return next(key for n in count(1) if (key := f"{begin}-{n}" if n > 1 else begin) not in taken)


def _tell(verb: str, row: RoleAssignment, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=row.user,
        department=row.department,
        now=now,
        role=row.role.key,
        actions=_words(row.role.allowed),
        on=str(row.department or ""),
        **(_keys_in_use({row.user_id}, now) if verb == "role.assigned" else {}),
    )


def _keys_in_use(user_ids: Collection[int], now: datetime) -> dict[str, Any]:
    """Return how many keys open more, or other things, by this; nothing where there are none."""
    count = tokens.in_use(user_ids, now=now)
    return {"keys_in_use": count} if count else {}


def _words(actions: Iterable[Action]) -> list[str]:
    return [action.value for action in actions]
