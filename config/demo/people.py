"""The people of the demo company: who works where, for whom, since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count, cycle
from random import Random

from django.contrib.auth.hashers import make_password

from config.demo.company import (
    COMPANY,
    FIRST_NUMBER,
    GIVEN_NAMES,
    LOGINS,
    POSITIONS,
    ROOT_CODE,
    ROOT_NAME,
    SURNAMES,
    Unit,
)
from organization import services
from organization.models import (
    Department,
    Employee,
    Position,
    Role,
    RoleAssignment,
    Transfer,
    User,
)
from organization.role_deriving import derive

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class People:
    """What was written: departments and positions by code, people in the order of numbers."""

    departments: Mapping[str, Department]
    positions: Mapping[str, Position]
    employees: list[Employee]
    transfers: list[Transfer]
    users: list[User]

    def of(self, department: str) -> list[Employee]:
        """Return the people who began in a department."""
        key = self.departments[department].pk
        began = {row.employee_id: row.department_id for row in reversed(self.transfers)}
        return [person for person in self.employees if began[person.pk] == key]


def write_people(*, first_day: date, today: date, password: str, now: datetime) -> People:
    """Write the tree, the positions, the people, their log-ins and grants."""
    rng = Random("people")  # noqa: S311  (a company, not a secret)
    departments = _write_departments(now)
    positions = _write_positions()
    employees = list(_employees(rng, departments, positions, first_day, today))
    Employee.objects.bulk_create(employees)
    _write_chain_of_command(employees, departments, positions)
    transfers = _write_transfers(employees, departments, positions, first_day)
    users = _write_logins(employees, departments, positions, password)
    _write_roles(users, departments, now)
    return People(departments, positions, employees, transfers, users)


def _write_departments(now: datetime) -> dict[str, Department]:
    root = services.add_department(name=ROOT_NAME, code=ROOT_CODE, parent=None, now=now)
    found = {ROOT_CODE: root}
    # Siblings stand in the order of their making, so the units come first.
    for unit in COMPANY:
        found[unit.code] = services.add_department(
            name=unit.name, code=unit.code, parent=root, is_unit=True, now=now
        )
    for unit in COMPANY:
        for room in unit.rooms:
            found[room.code] = services.add_department(
                name=room.name,
                code=room.code,
                parent=found[unit.code],
                timezone=room.timezone,
                now=now,
            )
    return found


def _write_positions() -> dict[str, Position]:
    rows = [Position(code=code, name=name) for code, name in POSITIONS.items()]
    Position.objects.bulk_create(rows)
    return {row.code: row for row in rows}


def _posts() -> Iterator[tuple[str, str]]:
    """Yield (department, position) of every post, the heads first."""
    yield ROOT_CODE, "GM"
    yield ROOT_CODE, "HR"
    for unit in COMPANY:
        yield from _posts_of(unit)


def _posts_of(unit: Unit) -> Iterator[tuple[str, str]]:
    yield unit.code, "DIR"
    yield unit.code, "HR"
    for room in unit.rooms:
        yield room.code, room.head
        staff = cycle(room.staff)
        for _place in range(room.size - 1):
            yield room.code, next(staff)


def _employees(
    rng: Random,
    departments: Mapping[str, Department],
    positions: Mapping[str, Position],
    first_day: date,
    today: date,
) -> Iterator[Employee]:
    numbers = count(FIRST_NUMBER)
    # A few people come and go in the months that are shown, the rest has been here for long.
    for index, (department, position) in enumerate(_posts()):
        joined = first_day - timedelta(days=rng.randint(60, 3000))
        left = None
        if position in ("OPER", "SALES", "ENG", "GUARD") and index % 29 == 5:
            joined = first_day + timedelta(days=rng.randint(3, max(4, (today - first_day).days)))
        elif position in ("OPER", "SALES", "ENG", "GUARD") and index % 37 == 9:
            left = first_day + timedelta(days=rng.randint(10, max(11, (today - first_day).days)))
        yield Employee(
            number=str(next(numbers)),
            name=rng.choice(SURNAMES) + rng.choice(GIVEN_NAMES),
            department=departments[department],
            position=positions[position],
            joined_on=joined,
            left_on=left,
        )


def _write_chain_of_command(
    employees: list[Employee],
    departments: Mapping[str, Department],
    positions: Mapping[str, Position],
) -> None:
    """Let everybody report to the head of the department, and heads to the one above."""
    heads: dict[int, Employee] = {}
    for person in employees:
        heads.setdefault(person.department_id, person)
    by_key = {row.pk: row for row in departments.values()}
    for person in employees:
        chief = heads[person.department_id]
        if chief is person:
            above = by_key[person.department_id].parent_id
            person.supervisor = heads[above] if above else None
        else:
            person.supervisor = chief
    Employee.objects.bulk_update(employees, ["supervisor"])
    for key, head in heads.items():
        by_key[key].head = head
    Department.objects.bulk_update(by_key.values(), ["head"])


def _write_transfers(
    employees: list[Employee],
    departments: Mapping[str, Department],
    positions: Mapping[str, Position],
    first_day: date,
) -> list[Transfer]:
    """Write the hirings, and three moves in the middle of the first month."""
    rows = [
        Transfer(
            employee=person,
            effective_on=person.joined_on,
            department_id=person.department_id,
            position_id=person.position_id,
        )
        for person in employees
    ]
    moves = (
        ("BU2-MACH", "OPER", "BU2-ASM", "OPER"),
        ("BU3-PATROL", "GUARD", "BU3-GATE", "GUARD"),
        ("BU5-HARD", "ENG", "BU5-SOFT", "ENG"),
    )
    for after, (source, post, target, new_post) in enumerate(moves):
        person = next(
            p
            for p in reversed(employees)
            if p.department_id == departments[source].pk
            and p.position_id == positions[post].pk
            and p.joined_on < first_day
            and p.left_on is None
        )
        person.department, person.position = departments[target], positions[new_post]
        person.supervisor = departments[target].head
        person.save(update_fields=["department", "position", "supervisor"])
        rows.append(
            Transfer(
                employee=person,
                effective_on=first_day + (14 + 2 * after) * _DAY,
                department=person.department,
                position=person.position,
            )
        )
    Transfer.objects.bulk_create(rows)
    return rows


def _write_logins(
    employees: list[Employee],
    departments: Mapping[str, Department],
    positions: Mapping[str, Position],
    password: str,
) -> list[User]:
    # One password for all is printed anyway; hashing it once keeps the start quick.
    hashed = make_password(password)
    users = [
        User(
            username=login.username,
            password=make_password(None) if login.is_program else hashed,
            email=f"{login.username}@example.com",
            is_program=login.is_program,
        )
        for login in LOGINS
    ]
    User.objects.bulk_create(users)
    for login, user in zip(LOGINS, users, strict=True):
        if login.person is not None:
            department, position = login.person
            person = next(
                p
                for p in employees
                if p.department_id == departments[department].pk
                and p.position_id == positions[position].pk
                and p.left_on is None
                and p.user_id is None
            )
            person.user = user
            person.save(update_fields=["user"])
    return users


def _write_roles(users: list[User], departments: Mapping[str, Department], now: datetime) -> None:
    by_key = {role.key: role for role in Role.objects.all()}
    RoleAssignment.objects.bulk_create(
        RoleAssignment(
            user=user,
            role=by_key[key],
            department=departments[code] if code else None,
            since=now,
        )
        for login, user in zip(LOGINS, users, strict=True)
        for key, code in login.roles
    )
    derive(user.pk for user in users)
