"""Punches come in from programs and terminals: who it was, where they belong, whether it can be."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.engine import Minute, PlanKind
from attendance.evidence.claims import Claim
from attendance.loading import Dialect, as_date, inputs, load_facts, rows
from attendance.models import Punch
from attendance.services.checking import record_vouched
from attendance.services.evidence import keep_claims
from attendance.services.keeping import Kept, NewPunch
from devices.models import Credential, Terminal, TerminalLine
from devices.wifi import unit_paths
from organization.access import Action, granted_paths
from organization.models import User
from organization.services import zone_names

# Clocks drift by minutes; nobody reports a punch that happened more than a payroll year ago.
AHEAD_AT_MOST: Final = timedelta(minutes=5)
BACK_AT_MOST: Final = timedelta(days=400)
_DAY: Final = timedelta(days=1)


class Refusal(NamedTuple):
    """Why a reported punch is not kept: a stable code, the field, its value, a sentence."""

    code: str
    field: str
    value: str
    message: str | Promise


class Reported(NamedTuple):
    """What a program says: this employee was seen at this moment. `key` is its own name for it."""

    number: str
    punched_at: datetime
    method: str
    direction: str = ""
    key: str = ""
    evidence: Claim | None = None


class Person(NamedTuple):
    """An employee with where they belonged from which date on, the oldest first."""

    id: int
    number: str
    joined_on: date
    left_on: date | None
    path: str
    placements: tuple[tuple[date, int], ...]

    def department_on(self, day: date) -> int:
        """Return the department of a date; before the hiring, where they began."""
        found = self.placements[0][1]
        for since, department in self.placements:
            if since > day:
                break
            found = department
        return found

    def is_employed_on(self, day: date) -> bool:
        """Say whether the day is theirs; the first and the last day count."""
        return self.joined_on <= day and (self.left_on is None or day <= self.left_on)


# --- what programs report --------------------------------------------------------------------


@transaction.atomic
def report_punches(
    reports: Sequence[Reported],
    *,
    actor: User,
    now: datetime,
    ahead_at_most: timedelta = AHEAD_AT_MOST,
    back_at_most: timedelta = BACK_AT_MOST,
) -> list[Kept | Refusal]:
    """Keep what a program reports; return one answer a report, in order. One never spoils another.

    The actor needs Action.RECORD on the person's department; whoever lies outside does not exist.
    Moments more than `ahead_at_most` from now, or `back_at_most` ago, and moments at which the
    person is not employed are refused.
    """
    people = people_by_number({report.number for report in reports}, actor)
    zones = zone_names()
    oldest, latest = now - back_at_most, now + ahead_at_most
    answers: list[Kept | Refusal | None] = []
    punches: list[NewPunch] = []
    for report in reports:
        checked = _check(report, people.get(report.number), zones, oldest, latest, actor)
        if isinstance(checked, NewPunch):
            punches.append(checked)
            answers.append(None)
        else:
            answers.append(checked)
    kept = iter(_keep_named(punches, actor, now))
    told = [next(kept) if answer is None else answer for answer in answers]
    keep_claims(
        (
            (answer.punch_id, report.evidence)
            for report, answer in zip(reports, told, strict=True)
            if isinstance(answer, Kept) and answer.is_new and report.evidence is not None
        ),
        now=now,
    )
    return told


def _check(
    report: Reported,
    person: Person | None,
    zones: Mapping[int, str],
    oldest: datetime,
    latest: datetime,
    actor: User,
) -> NewPunch | Refusal:
    if person is None:
        return Refusal(
            "unknown_employee", "employee", report.number,
            _("There is no employee with this number here."),
        )  # fmt: skip
    at = report.punched_at
    if at > latest:
        return Refusal(
            "future_time", "at", at.isoformat(),
            _("The punch lies in the future. Check the clock that reported it."),
        )  # fmt: skip
    if at < oldest:
        return Refusal(
            "implausible_time", "at", at.isoformat(),
            _("The punch is too long ago. Check the clock that reported it."),
        )  # fmt: skip
    second = int(at.timestamp())
    department, zone = place(person, second, zones)
    if not was_employed(person.id, person, second, zone):
        return Refusal(
            "not_employed", "at", at.isoformat(),
            _("The person was not employed at that moment."),
        )  # fmt: skip
    if report.key:
        natural_key = f"api:{actor.pk}:{report.key}"
    else:
        natural_key = f"seen:{person.id}:{second}:{report.method}"
    return NewPunch(
        person.id,
        department,
        second,
        zone,
        report.method,
        Punch.Source.API,
        natural_key,
        report.direction,
    )


def _keep_named(
    punches: Sequence[NewPunch], actor: User, now: datetime
) -> Iterator[Kept | Refusal]:
    """Keep punches; refuse those whose program has used the same key for another punch."""
    kept = record_vouched(punches, now=now)
    prefix = f"api:{actor.pk}:"
    doubtful = {
        answer.punch_id
        for punch, answer in zip(punches, kept, strict=True)
        if not answer.is_new and punch.natural_key.startswith(prefix)
    }
    told = {
        row[0]: row[1:]
        for row in Punch.objects.filter(pk__in=doubtful).values_list(
            "pk", "employee_id", "punched_at", "method", "direction"
        )
    } if doubtful else {}  # fmt: skip
    for punch, answer in zip(punches, kept, strict=True):
        before = told.get(answer.punch_id)
        at = datetime.fromtimestamp(punch.second, UTC)
        if (
            before is None
            or answer.is_new
            or before == (punch.employee_id, at, punch.method, punch.direction)
        ):
            yield answer
        else:
            yield Refusal(
                "key_reused", "key", punch.natural_key.removeprefix(prefix),
                _("This key names another punch already. Give every punch a key of its own."),
            )  # fmt: skip


# --- who, where, when ------------------------------------------------------------------------


def people_by_number(numbers: Collection[str], actor: User) -> dict[str, Person]:
    """Return the employees with these numbers on whom `actor` may report punches. One query."""
    paths = granted_paths(actor, Action.RECORD)
    speak = Dialect()
    found = _read_people(speak.among("e.number"), [speak.listed(sorted(numbers))])
    return {
        person.number: person
        for person in found
        if paths is None or any(person.path.startswith(path) for path in paths)
    }


def _read_people(condition: str, params: Sequence[Any]) -> Iterator[Person]:
    """Yield the people (alias `e`) who meet a condition, with their placements. One query."""
    found = rows(
        "SELECT e.id, e.number, e.joined_on, e.left_on, d.path, e.department_id, "
        "t.effective_on, t.department_id FROM organization_employee e "
        "JOIN organization_department d ON d.id = e.department_id "
        "LEFT JOIN organization_transfer t ON t.employee_id = e.id "
        f"WHERE {condition} ORDER BY e.id, t.effective_on",
        params,
    )
    for key, group in groupby(found, key=itemgetter(0)):
        own = list(group)
        _key, number, joined_on, left_on, path, department, *_transfer = own[0]
        joined_on = as_date(joined_on)
        yield Person(
            key,
            number,
            joined_on,
            as_date(left_on) if left_on is not None else None,
            path,
            tuple((as_date(row[6]), row[7]) for row in own if row[6] is not None)
            or ((joined_on, department),),
        )


class Placed(Protocol):
    """Somebody of whom it is known where they belonged, and when they were employed."""

    @property
    def joined_on(self) -> date:
        """Return the first day."""

    @property
    def left_on(self) -> date | None:
        """Return the last day; None while there is none."""

    def department_on(self, day: date) -> int:
        """Return the department of a date."""

    def is_employed_on(self, day: date) -> bool:
        """Say whether the day is theirs."""


def place(person: Placed, second: int, zones: Mapping[int, str]) -> tuple[int, str]:
    """Return the department of a person at a moment, and its zone."""
    there = zones[person.department_on(_wall_date(second, "UTC"))]
    department = person.department_on(_wall_date(second, there))
    return department, zones[department]


def was_employed(employee_id: int, person: Placed, second: int, zone: str) -> bool:
    """Say whether a punch of this moment may count for the person.

    The last night ends on the date after the last day, and the first may begin on the date
    before the first: there the window of the shift decides.
    """
    day = _wall_date(second, zone)
    if person.is_employed_on(day):
        return True
    if person.left_on is not None and day - _DAY == person.left_on:
        return _is_in_window(employee_id, person.left_on, second)
    return day + _DAY == person.joined_on and _is_in_window(employee_id, person.joined_on, second)


def _is_in_window(employee_id: int, day: date, second: int) -> bool:
    minute = Minute(second // 60)
    (loaded,) = inputs(load_facts([employee_id], day, day), employee_id, [day], minute)
    plan = loaded.planned.plan
    return (
        plan is not None and plan.kind is not PlanKind.OFF and plan.opens <= minute <= plan.closes
    )


@lru_cache(maxsize=4096)
def _wall_date(second: int, zone: str) -> date:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).date()


# --- what terminals say ----------------------------------------------------------------------

State = TerminalLine.State
Pin = tuple[int, str]

# The ways to verify. 0 lets the terminal choose, and 2 is a PIN on new ones and a card on old ones.
METHODS: Final[Mapping[str, str]] = {
    "1": Punch.Method.FINGERPRINT,
    "3": Punch.Method.PASSWORD,
    "4": Punch.Method.CARD,
    "15": Punch.Method.FACE,
}
# In, out, out for a break, back from it, in and out for overtime; 255 is no key at all.
DIRECTIONS: Final[Mapping[str, str]] = {
    "0": Punch.Direction.IN,
    "1": Punch.Direction.OUT,
    "2": Punch.Direction.OUT,
    "3": Punch.Direction.IN,
    "4": Punch.Direction.IN,
    "5": Punch.Direction.OUT,
}


class TakenIn(NamedTuple):
    """How many lines were looked at, and what became of them. `new` punches are among `taken`."""

    lines: int = 0
    taken: int = 0
    new: int = 0
    unknown: int = 0
    quarantined: int = 0


def take_in_lines(*, now: datetime, chunk: int = 2_000, at_most: int = 50_000) -> TakenIn:
    """Turn waiting lines into punches, a chunk in a transaction; return what became of them.

    A line of somebody unknown waits until its PIN is known. One that cannot be placed is
    quarantined: `no_such_time` where the clocks were put forward over it, `not_employed` where
    it is no longer, or not yet, the person's time.
    """
    total = TakenIn()
    while total.lines < at_most:
        done = _take_in_chunk(min(chunk, at_most - total.lines), now)
        total = TakenIn(*map(sum, zip(total, done, strict=True)))
        if done.lines == 0:
            break
    return total


@transaction.atomic
def _take_in_chunk(chunk: int, now: datetime) -> TakenIn:
    can_skip = connection.features.has_select_for_update_skip_locked
    lines = list(
        TerminalLine.objects.waiting()
        .select_for_update(of=("self",) if can_skip else (), skip_locked=can_skip)
        .select_related("terminal")
        .order_by("pk")[:chunk]
    )
    if not lines:
        return TakenIn()
    people = who_is({(line.terminal_id, line.pin) for line in lines})
    zones = zone_names()
    becomes: dict[tuple[str, str], list[int]] = defaultdict(list)
    punches = []
    for line in lines:
        read = _read_line(line, people.get((line.terminal_id, line.pin)), zones)
        if isinstance(read, NewPunch):
            punches.append(read)
            becomes[State.TAKEN, ""].append(line.pk)
        else:
            becomes[read].append(line.pk)
    kept = record_vouched(punches, now=now)
    for (state, problem), keys in becomes.items():
        TerminalLine.objects.filter(pk__in=keys).update(state=state, problem=problem)
    unknown = len(becomes[State.UNKNOWN_PERSON, ""])
    return TakenIn(
        len(lines),
        len(punches),
        sum(answer.is_new for answer in kept),
        unknown,
        len(lines) - len(punches) - unknown,
    )


def _read_line(
    line: TerminalLine, person: Person | None, zones: Mapping[int, str]
) -> NewPunch | tuple[str, str]:
    """Return the punch that a line means, or the state and problem that it gets."""
    if person is None:
        return State.UNKNOWN_PERSON, ""
    second = instant(line.wall_time, line.zone)
    if second is None:
        return State.QUARANTINED, "no_such_time"
    # Somebody who punches at a site abroad is still planned, and paid, by the clock at home.
    department, home_zone = place(person, second, zones)
    if not was_employed(person.id, person, second, home_zone):
        return State.QUARANTINED, "not_employed"
    return NewPunch(
        employee_id=person.id,
        department_id=department,
        second=second,
        zone=line.zone,
        method=METHODS.get(line.verify, Punch.Method.TERMINAL),
        source=Punch.Source.USB_LOG if line.upload_id else Punch.Source.TERMINAL,
        natural_key=f"clock:{person.id}:{second}",
        direction=_direction(line),
        terminal_id=line.terminal_id,
        home_zone=home_zone,
    )


def _direction(line: TerminalLine) -> str:
    setting = line.terminal.direction
    if setting == Terminal.Direction.STATED:
        return DIRECTIONS.get(line.status, "")
    return "" if setting == Terminal.Direction.NONE else setting


@lru_cache(maxsize=4096)
def instant(wall_time: str, zone: str) -> int | None:
    """Return the second since the epoch of a wall time in a zone.

    Of a time that comes twice, the first; None for one that clocks put forward have left out.
    """
    wall = datetime.fromisoformat(wall_time)
    moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        return None
    return int(moment.timestamp())


def who_is(pins: Collection[Pin]) -> dict[Pin, Person]:
    """Return the people behind (terminal id, PIN); unknown ones are left out. Four queries.

    The terminal's own credential decides, then one for every terminal, then the employee number:
    as it is written, else without leading zeros, if that is one person. Numbers speak only inside
    the terminal's business unit, and there they come before another unit's credential: no unit
    says who punches at the terminals of another.
    """
    terminals = {terminal for terminal, _pin in pins}
    said = {pin for _terminal, pin in pins}
    bare_pins = {pin.lstrip("0") for pin in said}
    credentials = {
        (terminal, value): employee
        for terminal, value, employee in Credential.objects.filter(
            Q(terminal__isnull=True) | Q(terminal__in=terminals),
            kind=Credential.Kind.PIN,
            value__in=said,
        ).values_list("terminal_id", "value", "employee_id")
    }
    speak = Dialect()
    found = {
        person.id: person
        for person in _read_people(
            " OR ".join((speak.among("e.id"), speak.among("ltrim(e.number, '0')"))),
            [speak.listed(sorted(set(credentials.values()))), speak.listed(sorted(bare_pins))],
        )
    }
    by_bare: dict[str, list[Person]] = defaultdict(list)
    for person in found.values():
        by_bare[person.number.lstrip("0")].append(person)
    units = _units_of(terminals)
    people = {}
    for terminal, pin in pins:
        own = credentials.get((terminal, pin))
        anywhere = credentials.get((None, pin))
        unit = units[terminal]
        near = [person for person in by_bare[pin.lstrip("0")] if person.path.startswith(unit)]
        exact = [person for person in near if person.number == pin] or near
        if own is not None:
            people[terminal, pin] = found[own]
        elif anywhere is not None and found[anywhere].path.startswith(unit):
            people[terminal, pin] = found[anywhere]
        elif len(exact) == 1:
            people[terminal, pin] = exact[0]
        elif anywhere is not None and not exact:
            people[terminal, pin] = found[anywhere]
    return people


def _units_of(terminals: Collection[int]) -> dict[int, str]:
    """Return the tree path of each terminal's business unit; `/` where there is none."""
    rows = Terminal.objects.filter(pk__in=terminals).values_list("pk", "department__path")
    paths = dict(rows)
    units = unit_paths(paths.values())
    return {terminal: units[path] for terminal, path in paths.items()}


def release_known_people(*, at_most: int = 500) -> int:
    """Let lines wait again whose PIN has become known; return how many.

    It looks at some of the unknown PINs at a time, from a random one on, so that each has its turn.
    """
    unknown = TerminalLine.objects.filter(state=State.UNKNOWN_PERSON)
    pairs = unknown.order_by("pin").values_list("terminal_id", "pin").distinct()
    start = str(secrets.randbelow(10**6))
    pins = set(pairs.filter(pin__gte=start)[:at_most])
    pins |= set(pairs[: at_most - len(pins)])
    known: dict[int, list[str]] = defaultdict(list)
    for terminal, pin in who_is(pins) if pins else ():
        known[terminal].append(pin)
    return sum(
        unknown.filter(terminal=terminal, pin__in=own).update(state=State.WAITING)
        for terminal, own in known.items()
    )
