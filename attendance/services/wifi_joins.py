"""Who joined the company's Wi-Fi punches by it, if they have switched that on.

Of a join that becomes no punch nothing stays that says whose it was: neither of guests nor of
people whose switch is off. A join that tells of somebody's arrival becomes one punch. Leaving waits
a while, for phones roam and fall asleep; who does not come back has left, and the last leaving
counts.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from attendance.engine import Mark, Minute, PlanKind, assign
from attendance.joining import SETTLES, Silent, arrival, departure
from attendance.loading import NEIGHBOURS, Facts, load_facts, read_marks
from attendance.models import AutoPunch
from attendance.services.making import make_automatic
from devices.joins import Said, what_was_said
from devices.models import WifiJoin
from devices.wifi import KnownPhone, phones_by_address, unit_paths
from organization.encryption import CannotUnseal
from organization.errors import DomainError
from organization.models import Employee

_log: Final = logging.getLogger(__name__)
_DAY: Final = timedelta(days=1)
_STUCK_AT_MOST: Final = 1000
State = WifiJoin.State


class TakenIn(NamedTuple):
    """How many joins were looked at, and what became of them; the rest waits.

    `stuck` are those that nobody could judge, a rule of theirs cannot be read say.
    """

    joins: int = 0
    punches: int = 0
    ignored: int = 0
    stuck: int = 0


class _Sign(NamedTuple):
    """A join with what it says, opened.

    `unconfirmed_since` is when the person entered the phone's address themselves, where nothing
    else says whose phone it is.
    """

    row: WifiJoin
    said: Said
    unconfirmed_since: datetime | None = None

    @property
    def second(self) -> int:
        return int(self.row.happened_at.timestamp())


def take_in_joins(*, now: datetime, chunk: int = 100, at_most: int = 20_000) -> TakenIn:
    """Turn joins that wait into punches, or into nothing; leavings wait until they are certain.

    A chunk is a transaction, and small: whoever joined cannot punch with a phone until it ends.
    """
    total = TakenIn()
    stuck: set[int] = set()
    while total.joins < at_most and len(stuck) < _STUCK_AT_MOST:
        done = _take_in_chunk(chunk, stuck, now)
        total = TakenIn(*map(sum, zip(total, done, strict=True)))
        if not done.punches + done.ignored + done.stuck:
            break
    return total


@transaction.atomic
def _take_in_chunk(chunk: int, stuck: set[int], now: datetime) -> TakenIn:
    """Take in some joins but those that are stuck, and add to these the ones that are now."""
    rows = [
        *_waiting(WifiJoin.Kind.START, stuck, chunk),
        *_waiting(WifiJoin.Kind.STOP, stuck, 10 * chunk),
    ]
    if not rows:
        return TakenIn()
    became: dict[str, list[int]] = defaultdict(list)
    before = len(stuck)
    signs = []
    for row in rows:
        try:
            signs.append(_Sign(row, what_was_said(row)))
        except CannotUnseal as problem:
            _log.error("Wi-Fi join %s cannot be opened: %s.", row.pk, problem)
            became["unreadable"].append(row.pk)
    signs.sort(key=lambda sign: (sign.row.happened_at, sign.row.pk))
    taken = _take_in_people(_by_person(signs, became), became, stuck, now)
    for reason, keys in became.items():
        WifiJoin.objects.filter(pk__in=keys).update(state=State.IGNORED, reason=reason, said=None)
    ignored = sum(map(len, became.values()))
    return TakenIn(len(rows), taken, ignored, len(stuck) - before)


def _waiting(kind: str, stuck: Collection[int], at_most: int) -> QuerySet[WifiJoin]:
    can_skip = connection.features.has_select_for_update_skip_locked
    return (
        WifiJoin.objects.waiting()
        .filter(kind=kind)
        .exclude(pk__in=stuck)
        .select_for_update(of=("self",) if can_skip else (), skip_locked=can_skip)
        .select_related("controller__department")
        .order_by("pk")[:at_most]
    )


# Who it is ----------------------------------------------------------------------------------------


def _by_person(signs: Iterable[_Sign], became: dict[str, list[int]]) -> dict[int, list[_Sign]]:
    """Return the signs of those who punch by themselves, by person; tell of the others."""
    signs = list(signs)
    found = _who_is(signs)
    on = set(
        AutoPunch.objects.filter(
            is_on=True, employee__in={phone.employee_id for phone in found.values()}
        ).values_list("employee_id", flat=True)
    )
    by_person: defaultdict[int, list[_Sign]] = defaultdict(list)
    for sign in signs:
        phone = found.get(sign.row.pk)
        if phone is None:
            became["nobody"].append(sign.row.pk)
        elif phone.employee_id not in on:
            became["switched_off"].append(sign.row.pk)
        else:
            own = sign._replace(unconfirmed_since=phone.unconfirmed_since)
            by_person[phone.employee_id].append(own)
    return dict(by_person)


def _who_is(signs: Sequence[_Sign]) -> dict[int, KnownPhone]:
    """Return whose phones joined, by the key of the join: those that are one person's for certain.

    The user name is an employee number or the name of a log-in, if in a realm then in ours; the
    phone's address is one that somebody has registered. Both speak inside the business unit of
    the controller only, and where they name two people, it is neither, but for an address that
    somebody has entered for themselves: against a user name of somebody else it says nothing, or
    whoever enters a colleague's address would end the colleague's punches.
    """
    units = unit_paths({sign.row.controller.department.path for sign in signs})
    names = {sign.row.pk: user_names(sign.said.user_name) for sign in signs}
    said = {name for own in names.values() for name in own}
    by_name: defaultdict[str, set[int]] = defaultdict(set)
    paths: dict[int, str] = {}
    people = Employee.objects.annotate(log_in=Lower("user__username"), small=Lower("number"))
    rows = people.filter(Q(log_in__in=said) | Q(small__in=said)) if said else people.none()
    for key, log_in, number, path in rows.values_list("pk", "log_in", "small", "department__path"):
        paths[key] = path
        for name in {log_in, number} - {None}:
            by_name[name].add(key)
    phones = phones_by_address({sign.said.station for sign in signs} - {""})
    paths |= dict(
        Employee.objects.filter(
            pk__in={phone.employee_id for phone in phones.values()} - paths.keys()
        ).values_list("pk", "department__path")
    )
    found = {}
    for sign in signs:
        unit = units[sign.row.controller.department.path]
        named = {key for name in names[sign.row.pk] for key in by_name[name]}
        phone = phones.get(sign.said.station)
        is_doubted = phone is not None and phone.unconfirmed_since is not None
        keys = set(named)
        if phone is not None and not (is_doubted and named - {phone.employee_id}):
            keys.add(phone.employee_id)
        near = {key for key in keys if paths[key].startswith(unit)}
        if len(near) == 1:
            key = near.pop()
            since = phone.unconfirmed_since if phone is not None and key not in named else None
            found[sign.row.pk] = KnownPhone(key, since)
    return found


def user_names(text: str) -> frozenset[str]:
    """Return what a user name of the Wi-Fi may be to us, in small letters.

    As a whole it is a name. In one of the company's own realms (WIFI_REALMS) it is one without the
    realm too: `10001@corp.example` and `CORP\\10001` are `10001` where both are named. In any other
    realm somebody else gives the names away.
    """
    whole = text.strip().lower()
    domain, _slash, rest = whole.rpartition("\\")
    bare, _at, realm = rest.partition("@")
    own = {one.lower() for one in settings.WIFI_REALMS}
    is_ours = {domain, realm} - {""} <= own
    return frozenset((whole, bare) if is_ours else (whole,)) - {""}


# What it means ------------------------------------------------------------------------------------


def _take_in_people(
    people: Mapping[int, Sequence[_Sign]],
    became: dict[str, list[int]],
    stuck: set[int],
    now: datetime,
) -> int:
    """Make the punches of people's joins, the oldest first; return how many."""
    if not people:
        return 0
    moments = [sign.row.happened_at for own in people.values() for sign in own]
    first, last = min(moments).astimezone(UTC).date(), max(moments).astimezone(UTC).date()
    facts = load_facts(list(people), first, last)
    employees = Employee.objects.select_related("department").in_bulk(list(people))
    # In one order everywhere, so that no two who lock people wait for each other.
    return sum(
        _take_in_person(employees[key], own, _Days(key, facts, first, last), became, stuck, now)
        for key, own in sorted(people.items())
    )


def _take_in_person(
    employee: Employee,
    signs: Sequence[_Sign],
    days: _Days,
    became: dict[str, list[int]],
    stuck: set[int],
    now: datetime,
) -> int:
    back = _came_back(signs)
    became["came_back"] += back
    taken = 0
    for sign in signs:
        row = sign.row
        if row.pk in back:
            continue
        key = days.key_of(sign)
        if isinstance(key, Silent):
            became[key].append(row.pk)
        elif row.kind == WifiJoin.Kind.STOP and now - row.happened_at < SETTLES:
            continue
        elif (reason := _make(employee, sign, key, now)) is None:
            stuck.add(row.pk)
        elif reason:
            became[reason].append(row.pk)
        else:
            days.saw(sign)
            row.state, row.employee = State.TAKEN, employee
            row.save(update_fields=["state", "employee"])
            taken += 1
    return taken


def _came_back(signs: Sequence[_Sign]) -> list[int]:
    """Return the keys of the leavings after which the same person soon joined again."""
    back = []
    stops: list[_Sign] = []
    for sign in signs:
        if sign.row.kind == WifiJoin.Kind.STOP:
            stops.append(sign)
            continue
        since = sign.row.happened_at - SETTLES
        back += [stop.row.pk for stop in stops if stop.row.happened_at > since]
        stops = []
    return back


def _make(employee: Employee, sign: _Sign, key: str, now: datetime) -> str | None:
    """Make the punch of a join: "", or why there is none; None where nobody can judge it now."""
    try:
        with transaction.atomic():
            made = make_automatic(
                employee,
                at=sign.row.happened_at,
                bssid=sign.said.bssid,
                ssid=sign.said.network or None,
                received_at=sign.row.received_at,
                natural_key=key,
                unconfirmed_since=sign.unconfirmed_since,
                now=now,
            )
    except DomainError as refusal:
        _log.warning("Wi-Fi join %s became no punch: %s.", sign.row.pk, refusal.code)
        return "not_allowed"
    except Exception as problem:
        # Whatever it was: the others are not to wait for it, and it waits to be judged later.
        _log.error("Wi-Fi join %s cannot be judged and waits: %r.", sign.row.pk, problem)
        return None
    if made is None:
        return "not_allowed"
    return made if isinstance(made, Silent) else ""


class _Days:
    """The shifts of a person around some joins, and the punches that were made in them."""

    def __init__(self, employee_id: int, facts: Facts, first: date, last: date) -> None:
        self._id = employee_id
        person = facts.people[employee_id]
        roster = facts.roster.get(employee_id, {})
        days = (first + n * _DAY for n in range(-NEIGHBOURS, (last - first).days + NEIGHBOURS + 1))
        planned = (
            facts.book.planned(employee_id, person.placed_on(day), day, roster.get(day))
            for day in days
            if person.is_employed_on(day)
        )
        self._plans = [one.plan for one in planned if one.plan is not None]
        self._away = [span for _kind, span in facts.absences.get(employee_id, ())]
        self._marks, _held = read_marks(facts.punches.get(employee_id, ()))

    def key_of(self, sign: _Sign) -> str | Silent:
        """Return the natural key of the punch that a join is, or why it is none.

        There is one key for each arrival of a date: however many joins tell of it, they make one.
        """
        own = Mark(sign.second)
        shared, _left = assign(self._plans, [*self._marks, own])
        plan, marks = next(
            (
                (plan, marks)
                for plan, marks in zip(self._plans, shared, strict=True)
                if own in marks
            ),
            (None, ()),
        )
        if plan is None or plan.kind is PlanKind.OFF or plan.problem:
            return Silent.OUTSIDE_WINDOW
        seen = [Minute(mark.at // 60) for mark in marks if mark is not own]
        at = Minute(sign.second // 60)
        is_stop = sign.row.kind == WifiJoin.Kind.STOP
        number = (departure if is_stop else arrival)(plan, at, seen, self._away)
        if isinstance(number, Silent):
            return number
        word = f"out:{sign.second}" if is_stop else f"in{number + 1}"
        return f"join:{self._id}:{plan.work_date}:{word}"

    def saw(self, sign: _Sign) -> None:
        """Remember a punch that was made."""
        self._marks.append(Mark(sign.second))
