"""Who may do what on a department: read, given and taken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from organization import audit
from organization.access import Action
from organization.models import Department, User


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do on a department, and the department that it was given on."""

    user: User
    department: Department
    actions: tuple[Action, ...]


def grants_on(department: Department) -> list[Grant]:
    """Return the grants that hold on a department: its own, then those from above. Two queries."""
    keys = [int(key) for key in department.path.strip("/").split("/")]
    above = {str(row.pk): row for row in Department.objects.filter(pk__in=keys)}
    rows = (
        UserObjectPermission.objects.filter(
            content_type=ContentType.objects.get_for_model(Department), object_pk__in=above
        )
        .select_related("user", "permission")
        .order_by("user__username")
    )
    held: dict[tuple[str, User], list[str]] = {}
    for row in rows:
        held.setdefault((row.object_pk, row.user), []).append(row.permission.codename)
    grants = [
        Grant(user, above[key], tuple(action for action in Action if action in names))
        for (key, user), names in held.items()
    ]
    return sorted(grants, key=lambda grant: -grant.department.depth)


@transaction.atomic
def set_grants(
    *,
    user: User,
    department: Department,
    actions: Collection[Action],
    actor: User | None,
    now: datetime,
) -> None:
    """Let somebody do exactly these actions on a department and all below; none takes all away."""
    for action in Action:
        change = assign_perm if action in actions else remove_perm
        change(action.value, user, department)
    audit.record(
        actor=actor,
        verb="grants.set",
        thing=user,
        department=department,
        now=now,
        actions=[action.value for action in Action if action in actions],
    )
