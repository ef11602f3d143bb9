"""Five business units under one roof, each with everybody and everything: what must stay apart.

Every text that belongs to a unit carries the unit's word, and every text about a part of it the
words `<unit>-<part>`: a leak through any door is found by reading what came out.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Notice
from config.doorbook.rules import Who
from organization import roles, services, tokens
from organization.models import Department, Employee, Position, Role, User
from scheduling.services import calendar
from tests.group_rows import fill_department, fill_person, fill_unit
from tests.standing import standing

# No page, file or library speaks of any of these.
WORDS: Final = ("quillon", "vexmoor", "brimwick", "tarnholt", "zanthor")
HEADQUARTERS: Final = "summitry"
JOINED: Final = date(2025, 1, 1)


Rows = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """A business unit: two departments, its people, its programs, and a row of every model.

    `rows` maps a part ("unit", "loom", "dye", "ann", "cole", "dora") to its rows by model label;
    `keys` maps a program ("client", "source") to its token.
    """

    word: str
    unit: Department
    people: dict[str, Employee]
    users: dict[str, User]
    keys: dict[str, str]
    # What is a person's own, whoever they are: their log-in, themselves, a token.
    mine: dict[str, Rows]
    rows: dict[str, Rows]


@dataclass(frozen=True)
class Group:
    """The five units, and those who stand above them."""

    root: Department
    units: tuple[Unit, ...]
    super_administrator: User
    director: User
    position: Position
    # The rows of headquarters: those about the director first, the common ones last.
    rows: tuple[Rows, ...]
    mine: Rows


class Actor(NamedTuple):
    """Somebody at a door: what is theirs, what is not, and the words they must not read."""

    who: Who
    name: str
    user: User | None
    forbidden: tuple[str, ...]
    own: tuple[Rows, ...] = ()
    foreign: tuple[Rows, ...] = ()
    key: str = ""

    def client(self) -> Client:
        """Return a browser, or a program with its token, that came in as this actor."""
        if self.key:
            return Client(headers={"authorization": f"Token {self.key}"})
        client = Client()
        if self.user is not None:
            client.force_login(self.user)
        return client

    def words_read(self, text: str) -> list[str]:
        """Return the words in `text` that this actor must not read."""
        return [word for word in self.forbidden if word in text.lower()]


def actors_of(group: Group, unit: Unit) -> tuple[Actor, ...]:
    """Return everybody there is around one unit, each with what they must not read."""
    word = unit.word
    next_unit = group.units[(group.units.index(unit) + 1) % len(group.units)]
    there = tuple(next_unit.rows[part] for part in ("ann", "loom", "unit"))
    here = tuple(unit.rows[part] for part in ("ann", "loom", "unit"))
    near = tuple(unit.rows[part] for part in ("dora", "dye"))
    others = tuple(other for other in WORDS if other != word)
    outside = (*others, f"{word}-dye", f"{word}-dora")
    alone = (*outside, f"{word}-cole", f"{word}-zoe")
    everyone = tuple(f"{other}-{part}" for other in WORDS for part in PEOPLE)
    users, keys, mine = unit.users, unit.keys, unit.mine
    common = group.rows[-1]
    return (
        Actor(Who.SUPER_ADMINISTRATOR, "super", group.super_administrator, (),
              (group.mine, *here, common)),
        Actor(Who.GROUP_HR_DIRECTOR, "director", group.director, everyone, group.rows, there),
        Actor(Who.UNIT_HR, f"{word} hr", users["hugh"], others,
              (mine["hugh"], *here, common), there),
        Actor(Who.DEPARTMENT_SUPERVISOR, f"{word} supervisor", users["sue"], outside,
              (mine["sue"], *here[:2], common), (*near, *there)),
        Actor(Who.AUDITOR, f"{word} auditor", users["zoe"], others,
              (mine["zoe"], *here, common), there),
        Actor(Who.EMPLOYEE, f"{word} employee", users["ann"], alone, here[:1],
              (unit.rows["cole"], *near, *there)),
        Actor(Who.INTEGRATION_CLIENT, f"{word} client", users["client"], others, here, there,
              keys["client"]),
        Actor(Who.PUNCH_SOURCE, f"{word} source", users["source"], WORDS, here, there,
              keys["source"]),
        Actor(Who.NOBODY, "nobody", None, WORDS, (), here),
    )  # fmt: skip


# HR, the supervisor of the loom, the auditor; Ann and Cole work at the loom, Dora in the dye house.
PEOPLE: Final = ("hugh", "sue", "zoe", "ann", "cole", "dora")
PROGRAMS: Final = ("client", "source")


def build() -> Group:
    """Write the company into the database and return it."""
    now = timezone.now()
    position = Position.objects.create(code="HAND", name="Hand")
    root = services.add_department(name="The group", code="ROOT", parent=None, now=now)
    office = services.add_department(
        name=HEADQUARTERS, code=HEADQUARTERS.upper(), parent=root, is_unit=True, now=now
    )
    desk = services.add_department(
        name=f"{HEADQUARTERS} desk", code=f"{HEADQUARTERS.upper()}-DESK", parent=office, now=now
    )
    superuser = User.objects.create_superuser(f"{HEADQUARTERS}-super")
    director = log_in(f"{HEADQUARTERS}-director")
    head = hire(f"{HEADQUARTERS}-director", desk, None, director)
    appoint(director, Who.GROUP_HR_DIRECTOR, root)
    boss = hire(superuser.username, desk, None, superuser)
    owned = fill_unit(office, HEADQUARTERS, superuser)
    placed = fill_department(desk, f"{HEADQUARTERS}-desk", owned["scheduling.shift"], superuser)
    about = fill_person(head, f"{HEADQUARTERS}-director", owned, placed, superuser)
    units = tuple(_unit(word, root, superuser) for word in WORDS)
    common: Rows = {
        "organization.position": position,
        "attendance.notice": Notice.objects.get(purpose="location", language="en"),
        "scheduling.calendarsource": calendar.builtin_source(),
    }
    rows = (about, placed, owned, common)
    return Group(root, units, superuser, director, position, rows, own_things(boss))


def log_in(name: str, *, is_program: bool = False) -> User:
    """Return a new log-in of a person or a program, without any right."""
    return User.objects.create_user(name, is_program=is_program)


def hire(name: str, department: Department, boss: Employee | None, user: User | None) -> Employee:
    """Return a new person with a number, named alike."""
    return services.hire(
        number=name.upper(),
        name=name.title(),
        department=department,
        supervisor=boss,
        joined_on=JOINED,
        user=user,
        now=timezone.now(),
    )


def own_things(person: Employee) -> Rows:
    """Return what everybody with a log-in has: it, themselves, and a token."""
    user = person.user
    token, _key = tokens.issue(user, name=user.username, actor=user, now=timezone.now())
    return {
        "organization.employee": person,
        "organization.user": user,
        "organization.apitoken": token,
    }


def appoint(user: User, who: Who, department: Department) -> None:
    """Give `user` a role on a department, as the assignment page does."""
    roles.assign(
        user=user,
        role=Role.objects.get(key=who.name.lower()),
        department=department,
        actor=None,
        now=timezone.now(),
    )


def _unit(word: str, root: Department, superuser: User) -> Unit:
    now = timezone.now()
    unit = services.add_department(
        name=word.title(), code=word.upper(), parent=root, is_unit=True, now=now
    )
    loom, dye = (
        services.add_department(
            name=f"{word}-{part}".title(), code=f"{word}-{part}".upper(), parent=unit, now=now
        )
        for part in ("loom", "dye")
    )
    users = {part: log_in(f"{word}-{part}") for part in PEOPLE}
    users |= {part: log_in(f"{word}-{part}", is_program=True) for part in PROGRAMS}
    homes = {"hugh": unit, "zoe": unit, "dora": dye}
    people: dict[str, Employee] = {}
    for part in PEOPLE:
        boss = people["sue"] if part in ("ann", "cole") else None
        people[part] = hire(f"{word}-{part}", homes.get(part, loom), boss, users[part])
    appoint(users["hugh"], Who.UNIT_HR, unit)
    appoint(users["sue"], Who.DEPARTMENT_SUPERVISOR, loom)
    appoint(users["zoe"], Who.AUDITOR, unit)
    appoint(users["client"], Who.INTEGRATION_CLIENT, unit)
    appoint(users["source"], Who.PUNCH_SOURCE, unit)
    keys = {
        part: tokens.issue(users[part], name=f"{word}-{part}", actor=superuser, now=now)[1]
        for part in PROGRAMS
    }
    hr = users["hugh"]
    rows = {"unit": fill_unit(unit, word, hr)}
    shift = rows["unit"]["scheduling.shift"]
    for part, department in (("loom", loom), ("dye", dye)):
        rows[part] = fill_department(department, f"{word}-{part}", shift, hr)
    for part, home in (("ann", "loom"), ("cole", "loom"), ("dora", "dye")):
        rows[part] = fill_person(people[part], f"{word}-{part}", rows["unit"], rows[home], hr)
    mine = {part: own_things(people[part]) for part in ("hugh", "sue", "zoe")}
    return Unit(word, unit, people, users, keys, mine, rows)


@pytest.fixture(scope="module")
def standing_units(django_db_setup: None, django_db_blocker: Any) -> Iterator[Group]:
    """The company of five units, written once for a file; see `tests.standing`."""
    with standing(build, django_db_blocker) as company:
        yield company


@pytest.fixture
def five_units(request: pytest.FixtureRequest, db: None) -> Group:
    """The company of five units."""
    if "standing_units" in request.fixturenames:
        return deepcopy(request.getfixturevalue("standing_units"))
    return build()
