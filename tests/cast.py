"""Alice works, Bob leads her department, Carol belongs elsewhere: a small company for tests."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from organization import roles, services
from organization.models import Department, Employee, Position, Role, User
from tests.standing import standing

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """A group with two business units. Carol and her HR belong to the other one."""

    group: Department
    unit: Department
    department: Department
    other_unit: Department
    other_department: Department
    clerk: Position
    alice: Employee
    bob: Employee
    carol: Employee
    hr: User
    other_hr: User
    superuser: User


def play() -> Cast:
    """Write the cast into the database and return it."""
    group = services.add_department(name="Group", code="G", parent=None, now=NOW)
    units = [
        services.add_department(name=name, code=code, parent=group, is_unit=True, now=NOW)
        for name, code in (("North", "N"), ("South", "S"))
    ]
    rooms = [
        services.add_department(name=name, code=code, parent=unit, now=NOW)
        for (name, code), unit in zip((("Weaving", "N-W"), ("Dyeing", "S-D")), units, strict=True)
    ]
    clerk = Position.objects.create(code="CLERK", name="Clerk")
    bob = _person("00102", "Bob", rooms[0], None, clerk)
    alice = _person("00101", "Alice", rooms[0], bob, clerk)
    carol = _person("00201", "Carol", rooms[1], None, clerk)
    for person, room in ((bob, rooms[0]), (carol, rooms[1])):
        appoint(person.user, "department_supervisor", room)
    hr, other_hr = (_login(f"{unit.code.lower()}_hr") for unit in units)
    for user, unit in ((hr, units[0]), (other_hr, units[1])):
        appoint(user, "unit_hr", unit)
    boss = User.objects.create_superuser("boss", password="a long word")
    return Cast(
        group=group,
        unit=units[0],
        department=rooms[0],
        other_unit=units[1],
        other_department=rooms[1],
        clerk=clerk,
        alice=alice,
        bob=bob,
        carol=carol,
        hr=hr,
        other_hr=other_hr,
        superuser=boss,
    )


def appoint(user: User | None, key: str, department: Department | None) -> None:
    """Give somebody a built-in role, as whoever installs the product does."""
    assert user is not None
    role = Role.objects.get(key=key)
    roles.assign(user=user, role=role, department=department, actor=None, now=NOW)


def _login(username: str) -> User:
    return User.objects.create_user(username, password="a long word", is_staff=True)


def _person(
    number: str, name: str, department: Department, supervisor: Employee | None, clerk: Position
) -> Employee:
    return services.hire(
        number=number,
        name=name,
        department=department,
        position=clerk,
        supervisor=supervisor,
        joined_on=date(2025, 1, 1),
        user=_login(name.lower()),
        now=NOW,
    )


@pytest.fixture(scope="module")
def standing_cast(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The small company, written once for a file; see `tests.standing`."""
    with standing(play, django_db_blocker) as company:
        yield company


@pytest.fixture
def cast(request: pytest.FixtureRequest, db: None) -> Cast:
    """The small company."""
    if "standing_cast" in request.fixturenames:
        return deepcopy(request.getfixturevalue("standing_cast"))
    return play()
