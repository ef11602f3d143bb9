"""What somebody can see and do, in words and numbers: as it is, and as it would be with a role."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.timezone import localdate

from organization.access import Action, departments_for, granted_paths
from organization.models import Department, Employee, Role, User
from organization.role_words import ACTION_WORDS
from organization.units import way_to

# A page of a tree; whoever has more departments looks into one of them.
AT_MOST = 200
_EVERYWHERE = "/"

Paths = dict[Action, tuple[str, ...]]


class Ability(NamedTuple):
    """One thing that somebody can do: where, to how many, and how many more that is than now."""

    action: Action
    words: str | Promise
    departments: int
    people: int
    departments_more: int
    people_more: int

    @property
    def is_new(self) -> bool:
        """Whether it could be done nowhere before."""
        return self.departments > 0 and self.departments == self.departments_more


class Place(NamedTuple):
    """A department of the tree, with what somebody can do there."""

    department: Department
    depth: int
    actions: tuple[Action, ...]
    gained: tuple[Action, ...]
    people: int
    # The same as in the department above, so that it need not be said again.
    is_as_above: bool


class Rights(NamedTuple):
    """What somebody can do. `left_out` counts the departments beyond the end of the list."""

    abilities: list[Ability]
    places: list[Place]
    left_out: int

    @property
    def gained(self) -> list[Ability]:
        """What is more than now."""
        return [one for one in self.abilities if one.departments_more]


def rights_of(
    user: User,
    *,
    viewer: User,
    role: Role | None = None,
    department: Department | None = None,
    today: date | None = None,
) -> Rights:
    """Return what `user` can do, and would with `role` on `department` besides.

    Only departments where `viewer` assigns roles are told of; of oneself, all. A handful of
    queries, however many departments and people there are.
    """
    now = _paths_of(user)
    then = _with(now, role, department)
    rows = _departments(user, viewer, then)
    people = _people(today or localdate())
    abilities = [_ability(action, rows, people, now, then) for action in Action]
    places = _places(rows, people, now, then)
    return Rights(
        [one for one in abilities if one.departments],
        places[:AT_MOST],
        max(len(places) - AT_MOST, 0),
    )


def _paths_of(user: User) -> Paths:
    found: Paths = {}
    for action in Action:
        paths = granted_paths(user, action)
        found[action] = (_EVERYWHERE,) if paths is None else paths
    return found


def _with(paths: Paths, role: Role | None, department: Department | None) -> Paths:
    if role is None:
        return paths
    more = (department.path if department else _EVERYWHERE,)
    return {
        action: (*held, *more) if action in role.allowed else held for action, held in paths.items()
    }


def _departments(user: User, viewer: User, paths: Paths) -> list[Department]:
    reach = tuple(sorted({path for held in paths.values() for path in held}))
    if not reach:
        return []
    told = user.pk == viewer.pk
    rows = Department.objects.all() if told else departments_for(viewer, Action.GRANT)
    return [row for row in rows.order_by("path") if row.path.startswith(reach)]


def _people(today: date) -> dict[str, int]:
    """Return how many are employed in each department and all below it, by path. One query."""
    direct = (
        Employee.objects.employed_on(today)
        .order_by()
        .values_list("department__path")
        .annotate(number=Count("pk"))
    )
    whole: dict[str, int] = {}
    for path, number in direct:
        for above in way_to(path):
            whole[above] = whole.get(above, 0) + number
    return whole


def _ability(
    action: Action, rows: list[Department], people: dict[str, int], now: Paths, then: Paths
) -> Ability:
    before, after = ([row for row in rows if row.path.startswith(p[action])] for p in (now, then))
    people_after = _people_in(after, people)
    return Ability(
        action,
        ACTION_WORDS[action],
        len(after),
        people_after,
        len(after) - len(before),
        people_after - _people_in(before, people),
    )


def _people_in(rows: list[Department], people: dict[str, int]) -> int:
    """Return how many people these departments, in the order of the tree, hold together."""
    count, last = 0, "-"
    for row in rows:
        if not row.path.startswith(last):
            last = row.path
            count += people.get(row.path, 0)
    return count


def _places(rows: list[Department], people: dict[str, int], now: Paths, then: Paths) -> list[Place]:
    top = min((row.depth for row in rows), default=0)
    said: dict[str, tuple[Action, ...]] = {}
    places: list[Place] = []
    for row in rows:
        actions = tuple(action for action in Action if row.path.startswith(then[action]))
        gained = tuple(act for act in actions if not row.path.startswith(now[act]))
        said[row.path] = actions
        above = ("", *way_to(row.path))[-2]
        places.append(
            Place(
                row,
                row.depth - top,
                actions,
                gained,
                people.get(row.path, 0),
                said.get(above) == actions,
            )
        )
    return places
