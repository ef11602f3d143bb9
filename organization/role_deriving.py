"""What follows from assignments: guardian's rows on departments, and who is an administrator."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from guardian.models import UserObjectPermission

from organization.access import Action
from organization.models import Department, RoleAssignment, User

_AT_ONCE = 500


def derive(user_ids: Iterable[int]) -> None:
    """Make guardian's rows on departments, and who is an administrator, what assignments say.

    Set-based, and one at a time for each log-in: a handful of queries for each 500 of them, and
    writes for what differs only.
    """
    keys = sorted(set(user_ids))
    for start in range(0, len(keys), _AT_ONCE):
        _derive(keys[start : start + _AT_ONCE])


@transaction.atomic
def _derive(user_ids: list[int]) -> None:
    # Whoever gives and whoever ends, of one person at one moment, meet at the row of the log-in:
    # the second one reads what the first one has left.
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids)
    list(rows.order_by("pk").values_list("pk", flat=True))
    kind = ContentType.objects.get_for_model(Department)
    permissions = _permissions(kind)
    wanted: set[tuple[int, str, int]] = set()
    administrators: set[int] = set()
    holders: set[int] = set()
    held = RoleAssignment.objects.in_force().about(user_ids).select_related("role")
    for row in held:
        if row.role.is_everywhere:
            administrators.add(row.user_id)
        else:
            wanted |= {
                (row.user_id, str(row.department_id), permissions[action])
                for action in row.role.allowed
            }
        if not row.role.is_for_programs:
            holders.add(row.user_id)
    there: dict[tuple[int, str, int], int] = {
        (user, key, permission): pk
        for pk, user, key, permission in UserObjectPermission.objects.filter(
            content_type=kind, user__in=user_ids, permission__in=permissions.values()
        ).values_list("pk", "user", "object_pk", "permission")
    }
    surplus = [pk for found, pk in there.items() if found not in wanted]
    UserObjectPermission.objects.filter(pk__in=surplus).delete()
    UserObjectPermission.objects.bulk_create(
        [
            UserObjectPermission(
                user_id=user, object_pk=key, permission_id=permission, content_type=kind
            )
            for user, key, permission in sorted(wanted - there.keys())
        ],
        ignore_conflicts=True,
    )
    users = User.objects.filter(pk__in=user_ids)
    users.filter(is_superuser=True).exclude(pk__in=administrators).update(is_superuser=False)
    users.filter(pk__in=administrators, is_superuser=False).update(is_superuser=True)
    users.filter(pk__in=holders, is_staff=False).update(is_staff=True)
    users.filter(is_staff=True).exclude(pk__in=holders).update(is_staff=False)


def _permissions(kind: ContentType) -> dict[Action, int]:
    names = [action.value for action in Action]
    rows = Permission.objects.filter(content_type=kind, codename__in=names)
    found = {row.codename: row.pk for row in rows}
    return {action: found[action.value] for action in Action}
