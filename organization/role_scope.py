"""How far somebody reaches who assigns roles: which roles, where, and whose log-ins."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from organization.access import Action, departments_for, granted_paths, within
from organization.models import Department, Role, RoleAssignment, User


def may_hand_out(actor: User | None, role: Role, department: Department | None) -> bool:
    """Say whether `actor` may give or end this role here: only what they hold themselves.

    None stands for whoever runs commands on the machine itself.
    """
    if actor is None or (actor.is_active and actor.is_superuser):
        return True
    if department is None:
        return False
    return all(
        department.path.startswith(granted_paths(actor, action) or ("-",))
        for action in {Action.GRANT, *role.allowed}
    )


def roles_for(actor: User) -> list[Role]:
    """Return the roles that `actor` may hand out somewhere, built-in ones first. One query."""
    rows = Role.objects.all()
    if actor.is_superuser:
        return list(rows)
    return [role for role in rows if departments_to_hand_out(actor, role).exists()]


def departments_to_hand_out(actor: User, role: Role) -> QuerySet[Department]:
    """Return the departments where `actor` may give or end `role`."""
    found: QuerySet[Department] = departments_for(actor, Action.GRANT)
    if role.is_everywhere:
        return found.none()
    if not actor.is_superuser:
        for action in role.allowed:
            found = found & departments_for(actor, action)
    return found


def log_ins_for(actor: User) -> QuerySet[User]:
    """Return the log-ins that `actor` may manage.

    Those of people in the departments where they assign roles, and of programs that hold a role
    there; never one that holds anything beyond these departments. Administrators: all.
    """
    if not actor.is_active:
        return User.objects.none()
    if actor.is_superuser:
        return User.objects.all()
    paths = granted_paths(actor, Action.GRANT) or ()
    inside = RoleAssignment.objects.in_force().filter(within(paths, "department__path"))
    beyond = RoleAssignment.objects.in_force().exclude(pk__in=inside.values("pk"))
    return User.objects.filter(
        within(paths, "employee__department__path")
        | Q(is_program=True, pk__in=inside.values("user")),
        is_superuser=False,
    ).exclude(pk__in=beyond.values("user"))


def receivers_for(actor: User) -> QuerySet[User]:
    """Return the log-ins that `actor` may look at, and give roles to.

    Unlike those of `log_ins_for`, they may hold something elsewhere: whoever gives a role on a
    department of theirs gives nothing away there.
    """
    if not actor.is_active:
        return User.objects.none()
    if actor.is_superuser:
        return User.objects.all()
    paths = granted_paths(actor, Action.GRANT) or ()
    inside = RoleAssignment.objects.in_force().filter(within(paths, "department__path"))
    return User.objects.filter(
        within(paths, "employee__department__path") | Q(pk__in=inside.values("user"))
    )
