"""Moving is giving: what is moved comes under whoever holds roles where it goes.

Nobody takes by a move what nobody gave them, and nobody gives by it what they could not assign.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from organization.access import Action, granted_paths
from organization.errors import NotAllowed, NotFound
from organization.models import Department, RoleAssignment, User
from organization.role_errors import GainsByMove, GivesByMove


def check_transfer(actor: User | None, source: Department, target: Department) -> None:
    """Raise what forbids `actor` to let a person go from one department to another.

    It takes RULE at both ends, and gives the actor nothing that they may not do where the person
    comes from. Others gain, which is what a transfer is for: NotFound, GainsByMove.
    """
    if actor is None:
        return
    for end in (source, target):
        if not may_configure(actor, end):
            raise NotFound(what=Department._meta.verbose_name, key=end.code)
    _refuse_gain(actor, source, source, target)


def check_move(actor: User | None, department: Department, target: Department | None) -> None:
    """Raise what forbids `actor` to hang a department under `target`; None is the root.

    It takes RULE where the department hangs and where it goes. The actor gains nothing there, and
    nobody else gains what the actor could not assign: NotAllowed, GainsByMove, GivesByMove.
    """
    if actor is None:
        return
    # A request may have read its rights before another move that this one has waited for.
    actor.__dict__.pop("_granted_paths", None)
    for end in (department.parent, target):
        if end is None and not actor.is_superuser:
            raise NotAllowed(department=str(department))
        if end is not None and not may_configure(actor, end):
            raise NotAllowed(department=str(end))
    if target is None or actor.is_superuser:
        return
    _refuse_gain(actor, department, department, target)
    gained = {action for _user, action in _gained_by_others(department, target)}
    if gained and not all(_may(actor, action, department) for action in {Action.GRANT, *gained}):
        raise GivesByMove(department=str(department), actions=_told(gained))


def may_configure(actor: User, department: Department) -> bool:
    """Say whether `actor` may configure in a department."""
    return _may(actor, Action.RULE, department)


def _may(actor: User, action: Action, department: Department) -> bool:
    paths = granted_paths(actor, action)
    return paths is None or department.path.startswith(paths)


def _refuse_gain(actor: User, what: Department, source: Department, target: Department) -> None:
    gained = {one for one in Action if _may(actor, one, target) and not _may(actor, one, source)}
    if gained:
        raise GainsByMove(department=str(what), actions=_told(gained))


def _gained_by_others(department: Department, target: Department) -> set[tuple[int, Action]]:
    """Return which log-ins may do what in `department` under `target` and not where it hangs."""
    return _held_at(target) - _held_at(department)


def _held_at(department: Department) -> set[tuple[int, Action]]:
    keys = department.lineage()
    held = RoleAssignment.objects.in_force().filter(Q(department__in=keys) | Q(department=None))
    return {
        (row.user_id, action)
        for row in held.select_related("role")
        for action in row.role.allowed
    }  # fmt: skip


def _told(actions: Iterable[Action]) -> str:
    return " · ".join(str(action.label) for action in Action if action in set(actions))
