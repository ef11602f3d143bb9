"""Two business units: alice works in one, bob leads it, carol configures the other."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from guardian.shortcuts import assign_perm

from organization.access import Action
from organization.models import Department, Employee, Position, User
from organization.services import add_department, hire

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
TODAY = date(2026, 3, 2)


class Company(NamedTuple):
    group: Department
    works: Department
    line: Department
    shop: Department
    guard: Position
    alice: Employee
    dora: Employee
    bob: User
    carol: User
    root: User


def found_company() -> Company:
    """Found a company with two units, four departments and two employees."""
    group = add_department(name="Group", code="G", parent=None, now=NOW)
    works = add_department(name="Works", code="W", parent=group, is_unit=True, now=NOW)
    line = add_department(name="Line", code="WL", parent=works, now=NOW)
    shop = add_department(name="Shop", code="S", parent=group, is_unit=True, now=NOW)
    guard = Position.objects.create(code="guard", name="Guard")
    alice = hire(number="1", name="alice", department=line, joined_on=date(2026, 1, 5), now=NOW)
    dora = hire(
        number="2",
        name="dora",
        department=shop,
        position=guard,
        joined_on=date(2026, 2, 2),
        now=NOW,
    )
    bob, carol = configurer("bob", works), configurer("carol", shop)
    root = User.objects.create_superuser("root", password="x")
    return Company(group, works, line, shop, guard, alice, dora, bob, carol, root)


def configurer(name: str, department: Department) -> User:
    """Return somebody who may see and configure a department."""
    user = User.objects.create_user(name, password="x", is_staff=True)
    for action in (Action.SEE, Action.RULE):
        assign_perm(f"organization.{action.value}", user, department)
    return user
