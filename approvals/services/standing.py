"""Rows → what the matrix is told: who asks, who stands above them, who may decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.matrix import Asked, Holder, Office, Row, Standing, Step, chain, choose
from approvals.models import ApprovalRule, Decider, Delegation, Request
from organization import audit
from organization.access import Action, granted_paths, granted_paths_of, within
from organization.models import Department, Employee, RoleAssignment, User
from organization.units import unit_of, units_of


def standing_of(
    employee: Employee,
    department: Department,
    *,
    submitted_by: User | None = None,
    named: Iterable[int | None] = (),
) -> Standing:
    """Return where a person stands who belongs to `department`. Five queries.

    `named` are log-ins that the steps name: what is said of them has their names.
    """
    offices = _above(department)
    held = (
        RoleAssignment.objects.in_force()
        .filter(department__in=[office.pk for office in offices])
        .filter(user__is_active=True, user__is_program=False)
        .select_related("role")
        .order_by("pk")
    )
    holders: dict[int, list[Holder]] = {}
    for row in held:
        if Action.DECIDE in row.role.allowed:
            holders.setdefault(row.department_id, []).append(Holder(row.user_id, row.role.key))
    administrators = tuple(
        User.objects.filter(is_superuser=True, is_active=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    supervisor = employee.supervisor.user_id if employee.supervisor is not None else None
    heads = [office.head.user_id if office.head is not None else None for office in offices]
    users = {holder.user for rows in holders.values() for holder in rows} | set(administrators)
    users |= {key for key in (supervisor, *heads, *named) if key is not None}
    asking = {employee.user_id, submitted_by.pk if submitted_by is not None else None}
    return Standing(
        frozenset(key for key in asking if key is not None),
        supervisor,
        tuple(
            Office(office.name, head, tuple(holders.get(office.pk, ())))
            for office, head in zip(offices, heads, strict=True)
        ),
        administrators,
        names_of(users),
    )


def _above(department: Department) -> list[Department]:
    """Return a department and those above it, the nearest first."""
    rows = Department.objects.filter(pk__in=department.lineage()).select_related("head")
    return sorted(rows, key=lambda row: -row.depth)


def names_of(users: Iterable[int]) -> Mapping[int, str]:
    """Return what the people behind log-ins are called. One query."""
    rows = User.objects.filter(pk__in=set(users)).values_list("pk", "employee__name", "username")
    return {key: name or username for key, name, username in rows}


def rows_for(department: Department) -> list[Row]:
    """Return the rows of the matrix that may speak for a department. Two queries."""
    rules = (
        ApprovalRule.objects.filter(
            Q(department=None) | Q(department__in=department.lineage()), is_active=True
        )
        .select_related("department")
        .prefetch_related("steps__role")
    )
    return [rule.row() for rule in rules]


def who_decides(
    employee: Employee, department: Department, asked: Asked, *, submitted_by: User | None = None
) -> tuple[Row, Standing, tuple[Step, ...]]:
    """Return the row that speaks for a request, where its person stands, and its deciders."""
    row = choose(rows_for(department), asked)
    named = [spec.person for spec in row.steps]
    standing = standing_of(employee, department, submitted_by=submitted_by, named=named)
    return row, standing, chain(row, standing)


def stands_in_for(user: User, now: datetime) -> set[int]:
    """Return the log-ins whose decisions somebody may take: their own, and those handed to them.

    Whoever has moved to another business unit meanwhile stands in for nobody whom they left.
    """
    return {user.pk, *(giver.pk for giver in _givers(user, now))}


def rights_of(user: User, now: datetime) -> dict[int, tuple[str, ...] | None]:
    """Return by whose rights somebody may decide, as `granted_paths`: by log-in, their own first.

    Asked whenever somebody reads or decides. As many queries for one giver as for twenty.
    """
    return {
        user.pk: granted_paths(user, Action.DECIDE),
        **granted_paths_of(_givers(user, now), Action.DECIDE),
    }


def deciding_by(rights: Mapping[int, tuple[str, ...] | None]) -> Q:
    """Return the condition for the deciders by whose right a request may be decided today."""
    found = Q(pk__in=[])
    for key, paths in rights.items():
        found |= _where(key, paths)
    return found


def maybe_deciding(user: User, now: datetime) -> tuple[Q, Q]:
    """Return the conditions for the deciders of one's own right, and for those and maybe some more.

    For a count that every page asks: whom somebody stands in for is a part of its query.
    """
    own = _where(user.pk, granted_paths(user, Action.DECIDE))
    users = User.objects.order_by().filter(pk=user.pk).values("pk").union(_given_to(user, now))
    return own, Q(user__in=users) & (~Q(user=user.pk) | own)


def _where(user_id: int, paths: tuple[str, ...] | None) -> Q:
    there = Q() if paths is None else within(paths, "step__request__department__path")
    return Q(user=user_id) & there


def _given_to(user: User, now: datetime) -> QuerySet[Any, Any]:
    given = Delegation.objects.in_force(now).filter(deputy=user.pk, giver__is_active=True)
    return given.order_by().values("giver")


def _givers(deputy: User, now: datetime) -> list[User]:
    """Return those whom somebody stands in for now, by the rule of `deputies_for`. Four queries."""
    given = User.objects.filter(pk__in=_given_to(deputy, now)).order_by("pk")
    givers = list(given.select_related("employee__department"))
    if not givers or not deputy.is_active or deputy.is_program:
        return []
    person = getattr(deputy, "employee", None)
    path = person.department.path if person is not None else ""
    homes = audit.homes_of_log_ins(givers)
    units = units_of(home.path for home in homes.values())

    def shares_a_unit(giver: User) -> bool:
        home = homes.get(giver.pk)
        if home is None:
            return giver.is_superuser
        unit = units[home.path]
        return path.startswith(unit.path if unit is not None else home.path)

    return [giver for giver in givers if shares_a_unit(giver)]


def may_stand_in(deputy: User, giver: User) -> bool:
    """Say whether somebody is one of those who may stand in for another, today."""
    return deputies_for(giver).filter(pk=deputy.pk).exists()


def deputies_for(giver: User) -> QuerySet[User]:
    """Return who may stand in for somebody: people of the same business unit, with a log-in."""
    rows = User.objects.filter(is_active=True, is_program=False).exclude(pk=giver.pk)
    home = audit.home_of_log_in(giver)
    if home is None:
        return rows if giver.is_superuser else rows.none()
    # Outside of all units nobody is of the same one: who belongs to the own department remains.
    unit = unit_of(home.path)
    within_path = unit.path if unit is not None else home.path
    return rows.filter(employee__department__path__startswith=within_path)


def may_decide(user: User, department: Department) -> bool:
    """Say whether somebody may decide in a department today."""
    paths = granted_paths(user, Action.DECIDE)
    return paths is None or department.path.startswith(paths or ("-",))


def visible(actor: User, now: datetime) -> Q:
    """Return the condition for the requests that somebody may read.

    One's own, those of the departments that they see, and those that they, or whom they stand in
    for, were asked about and may still decide about: with the right the requests are gone as well.
    """
    mine = Request.objects.visible_to(actor).values("pk")
    asked = Decider.objects.filter(
        deciding_by(rights_of(actor, now)), step__opened_at__isnull=False
    )
    entered = Q(submitted_by=actor.pk)
    return Q(pk__in=mine) | Q(pk__in=asked.values("step__request")) | entered
