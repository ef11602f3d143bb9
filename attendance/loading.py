"""Rows → DayInput: the one translator.

A chunk of employee-days is loaded by a constant number of plain queries, without model
objects: a month of a large company has over a million punches. What differs between
PostgreSQL and SQLite (moments, lists as parameters) stands in `Dialect`.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from attendance.engine import (
    Correction,
    DayInput,
    DayType,
    Mark,
    Minute,
    PlanKind,
    Span,
    assign,
    evaluate_day,
)
from attendance.planbook import (
    Assigned,
    Cycle,
    Placement,
    PlanBook,
    Planned,
    Rostered,
    Site,
    Terms,
    read_overtime,
)

# A shift may last into the second day after its date (2880 minutes and a window), and the
# neighbours' windows decide too: so many days around a date are planned with it.
NEIGHBOURS: Final = 2
_DAY: Final = timedelta(days=1)
_STATUTORY: Final = {
    "holiday": DayType.HOLIDAY,
    # A day off in lieu is paid as a rest day, not as a public holiday.
    "in_lieu": DayType.REST,
    "makeup_workday": DayType.MAKEUP_WORKDAY,
}
_COMPANY: Final = {"day_off": DayType.REST, "special_workday": DayType.SPECIAL_WORKDAY}
# (department or None, position or None) → the versions of the rule for them, oldest first
_Rules = dict[tuple[int | None, int | None], list[tuple[date, Terms]]]


class Dialect:
    """The few words in which the two databases differ."""

    def __init__(self) -> None:
        self.is_postgresql = connection.vendor == "postgresql"

    def epoch(self, column: str) -> str:
        """Return SQL for a moment as whole seconds since the epoch, floored."""
        if self.is_postgresql:
            return f"floor(extract(epoch from {column}))::bigint"
        return f"CAST(strftime('%%s', {column}) AS INTEGER)"

    def among(self, column: str) -> str:
        """Return SQL for `column` being in a list given as one parameter (see `listed`)."""
        if self.is_postgresql:
            return f"{column} = ANY(%s)"
        return f"{column} IN (SELECT value FROM json_each(%s))"

    def listed(self, keys: Sequence[int] | Sequence[str]) -> Any:
        """Return a list of keys as one parameter."""
        return list(keys) if self.is_postgresql else json.dumps(list(keys))

    def text(self, column: str) -> str:
        """Return SQL for a JSON column as text."""
        return f"{column}::text" if self.is_postgresql else column


@lru_cache(maxsize=65_536)
def _day(value: str) -> date:
    return date.fromisoformat(value)


def as_date(value: Any) -> date:
    """Return a date column's value as a date: SQLite keeps text."""
    return value if isinstance(value, date) else _day(value)


def rows(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one query and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# --- the book of plans -----------------------------------------------------------------------


def load_planbook(employee_ids: Sequence[int], first: date, last: date) -> PlanBook:
    """Return the plans of these people between two dates. Five queries, however many people."""
    speak = Dialect()
    sites, former_sites = load_sites(first)
    book = PlanBook(
        sites=sites,
        former_sites=former_sites,
        patterns=_load_patterns(speak),
        cycles={},
        rules=_load_rules(speak),
        **_load_calendar(first, last),
    )
    assigned, book.cycles = _load_assignments(speak, employee_ids)
    book.assign(assigned)
    return book


def load_terms(employee_ids: Sequence[int], on: date) -> dict[int, Terms]:
    """Return what the rule that each of these people is under says on a date. Three queries.

    Who is not known is left out.
    """
    ruled = load_ruled(load_posted(employee_ids, on), on)
    return {key: one.terms for key, one in ruled.items()}


class Posted(NamedTuple):
    """People by key, and the trees in which they are placed; see `load_sites`."""

    people: Mapping[int, Person]
    sites: Mapping[int, Site]
    former_sites: Sequence[tuple[date, Mapping[int, Site]]]


class Ruled(NamedTuple):
    """What a rule says about judging somebody's day, and as JSON text what it demands of punches.

    `demands` is None where it says nothing of them.
    """

    terms: Terms
    demands: str | None


def load_posted(employee_ids: Sequence[int], first: date) -> Posted:
    """Return where these people are placed, on any date since `first`. Two queries."""
    sites, former_sites = load_sites(first)
    return Posted(_load_people(Dialect(), sorted(employee_ids)), sites, former_sites)


def load_ruled(posted: Posted, on: date) -> dict[int, Ruled]:
    """Return what the rule that each of these people is under says on a date. One query.

    It reads the rules above them, not those of the whole installation. `on` is no earlier than the
    date since which the people were read.
    """
    people, sites, former_sites = posted
    book = PlanBook(
        sites=sites,
        former_sites=former_sites,
        patterns={},
        cycles={},
        rules={},
        statutory={},
        company={},
        announced_years=frozenset(),
    )
    places = {key: person.placed_on(on) for key, person in people.items()}
    there = {place.department_id for place in places.values()}
    above = {key for department in there for key in book.site_on(department, on).ancestors}
    book.rules, demands = _load_rules_above(Dialect(), sorted(above))
    found = {key: book.terms_on(place, on) for key, place in places.items()}
    return {key: Ruled(terms, demands.get(terms.version_id)) for key, terms in found.items()}


def load_sites(first: date) -> tuple[dict[int, Site], list[tuple[date, dict[int, Site]]]]:
    """Return the tree of today, and the trees before each date since `first` that changed it."""
    found = rows(
        "SELECT id, parent_id, timezone, NULL FROM organization_department "
        "UNION ALL SELECT department_id, parent_id, timezone, valid_until "
        "FROM organization_formerdepartment WHERE valid_until > %s",
        [first],
    )
    stood: dict[int, tuple[int | None, str]] = {}
    changes: defaultdict[date, dict[int, tuple[int | None, str]]] = defaultdict(dict)
    for key, parent, own, until in found:
        if until is None:
            stood[key] = (parent, own)
        else:
            changes[as_date(until)][key] = (parent, own)
    sites = _sites_of(stood)
    former = []
    # From today backwards: what stood before a date stood until the next change before it.
    for until in sorted(changes, reverse=True):
        stood |= changes[until]
        former.append((until, _sites_of(stood)))
    return sites, former[::-1]


def _sites_of(stood: Mapping[int, tuple[int | None, str]]) -> dict[int, Site]:
    """Return each department's way up the tree, and its zone, of (parent, own zone)."""
    sites: dict[int, Site] = {}
    for key in stood:
        upwards = []
        zone = ""
        above: int | None = key
        while above is not None:
            upwards.append(above)
            above, own = stood[above]
            zone = zone or own
        sites[key] = Site(tuple(upwards), ZoneInfo(zone or settings.TIME_ZONE))
    return sites


def _load_patterns(speak: Dialect) -> dict[int, list[tuple[date, str]]]:
    patterns: defaultdict[int, list[tuple[date, str]]] = defaultdict(list)
    found = rows(
        f"SELECT shift_id, valid_from, {speak.text('pattern')} FROM scheduling_shiftversion "
        "ORDER BY shift_id, valid_from"
    )
    for shift, valid_from, text in found:
        patterns[shift].append((as_date(valid_from), text))
    return patterns


def _load_rules(speak: Dialect) -> _Rules:
    return _rules_of(rows(f"{_rules_sql(speak)} {_RULES_ORDER}"))


def _load_rules_above(
    speak: Dialect, departments: Sequence[int]
) -> tuple[_Rules, dict[int, str | None]]:
    """Return the rules of these departments and of the whole group, and what each demands."""
    found = rows(
        f"{_rules_sql(speak, ', ' + speak.text('v.demands'))} "
        f"AND (r.department_id IS NULL OR {speak.among('r.department_id')}) {_RULES_ORDER}",
        [speak.listed(departments)],
    )
    return _rules_of(found), {row[3]: row[-1] for row in found}


_RULES_ORDER: Final = "ORDER BY v.valid_from, v.id"


def _rules_sql(speak: Dialect, more: str = "") -> str:
    return (
        "SELECT r.department_id, r.position_id, v.valid_from, v.id, v.is_punching_required, "
        f"v.shift_source, v.merge_minutes, {speak.text('v.overtime')}{more} "
        "FROM attendance_ruleversion v JOIN attendance_attendancerule r ON r.id = v.rule_id "
        "WHERE v.published_at IS NOT NULL"
    )


def _rules_of(found: Sequence[tuple[Any, ...]]) -> _Rules:
    rules: defaultdict[tuple[int | None, int | None], list[tuple[date, Terms]]] = defaultdict(list)
    for department, position, valid_from, key, required, source, merge, overtime, *_more in found:
        terms = Terms(
            key, bool(required), source, merge * 60, read_overtime(overtime) if overtime else None
        )
        rules[department, position].append((as_date(valid_from), terms))
    return rules


def _load_calendar(first: date, last: date) -> dict[str, Any]:
    statutory: dict[date, DayType] = {}
    company: defaultdict[date, dict[int | None, DayType]] = defaultdict(dict)
    announced: set[int] = set()
    found = rows(
        "SELECT kind, day, department_id, NULL FROM scheduling_calendarday "
        "WHERE day BETWEEN %s AND %s "
        "UNION ALL SELECT 'year', NULL, NULL, year FROM scheduling_calendaryear "
        "WHERE state = 'announced'",
        [first, last],
    )
    for kind, day, department, year in found:
        if kind == "year":
            announced.add(year)
        elif kind in _STATUTORY:
            statutory[as_date(day)] = _STATUTORY[kind]
        else:
            company[as_date(day)][department] = _COMPANY[kind]
    return {
        "statutory": statutory,
        "company": company,
        "announced_years": frozenset(announced),
    }


def _load_assignments(
    speak: Dialect, employee_ids: Sequence[int]
) -> tuple[list[Assigned], dict[int, Cycle]]:
    found = rows(
        "SELECT a.id, a.department_id, a.position_id, a.employee_id, a.shift_id, a.weekdays, "
        "a.rotation_id, a.starts_on, a.ends_on, NULL, NULL, NULL, NULL "
        "FROM scheduling_shiftassignment a "
        f"WHERE a.employee_id IS NULL OR {speak.among('a.employee_id')} "
        "UNION ALL SELECT NULL, NULL, NULL, NULL, t.shift_id, NULL, r.id, NULL, NULL, "
        'r.anchored_on, r.follows_calendar, t."index", 1 '
        "FROM scheduling_rotation r JOIN scheduling_rotationturn t ON t.rotation_id = r.id",
        [speak.listed(employee_ids)],
    )
    assigned: list[Assigned] = []
    turns: defaultdict[int, dict[int, int | None]] = defaultdict(dict)
    heads: dict[int, tuple[date, bool]] = {}
    for row in found:
        if row[12] is None:
            starts_on, ends_on = as_date(row[7]), as_date(row[8]) if row[8] else None
            assigned.append(Assigned._make((*row[:7], starts_on, ends_on)))
        else:
            turns[row[6]][row[11]] = row[4]
            heads[row[6]] = (as_date(row[9]), bool(row[10]))
    cycles = {
        key: Cycle(*heads[key], tuple(turns[key].get(n) for n in range(max(turns[key]) + 1)))
        for key in heads
    }
    # A rotation that nobody has given a turn yet says nothing.
    return [a for a in assigned if a.rotation_id is None or a.rotation_id in cycles], cycles


# --- people and their facts ------------------------------------------------------------------


class Person(NamedTuple):
    """A person's dates; `moves` are (effective on, placement), oldest first."""

    joined_on: date
    left_on: date | None
    dates: tuple[date, ...]
    placements: tuple[Placement, ...]

    def placed_on(self, day: date) -> Placement:
        """Return where the person belonged on a date; before the hiring, where they began."""
        if len(self.placements) == 1:
            return self.placements[0]
        return self.placements[max(bisect_right(self.dates, day) - 1, 0)]

    def department_on(self, day: date) -> int:
        """Return the department of a date."""
        return self.placed_on(day).department_id

    def is_employed_on(self, day: date) -> bool:
        """Say whether the day is theirs; the first and the last day count."""
        return self.joined_on <= day and (self.left_on is None or day <= self.left_on)


class Loaded(NamedTuple):
    """One employee-day, ready to be judged, with what is stored beside the verdict."""

    employee_id: int
    work_date: date
    department_id: int
    planned: Planned
    day: DayInput
    # Whether tomorrow's start hangs on today's leaving (C16)
    is_awaited: bool = False


class Facts(NamedTuple):
    """What was loaded about some people over some dates."""

    people: Mapping[int, Person]
    book: PlanBook
    roster: Mapping[int, Mapping[date, Rostered]]
    punches: Mapping[int, Sequence[tuple[Any, ...]]]
    corrections: Mapping[int, Mapping[date, list[Correction]]]
    overtime: Mapping[int, Mapping[date, list[Span]]]
    absences: Mapping[int, Sequence[tuple[str, Span]]]


def load_facts(employee_ids: Sequence[int], first: date, last: date) -> Facts:
    """Return all facts about these people from `first` to `last`, and the days around.

    Eight queries. The caller reads the waiting rows, and with them the versions of the facts,
    before this: a fact that arrives in between moves the version and the result is dropped.
    """
    speak = Dialect()
    first, last = first - NEIGHBOURS * _DAY, last + NEIGHBOURS * _DAY
    keys = sorted(employee_ids)
    people = _load_people(speak, keys)
    roster, corrections, overtime, absences = _load_dated(speak, keys, first, last)
    return Facts(
        people,
        load_planbook(keys, first, last),
        roster,
        _load_punches(speak, keys, first, last),
        corrections,
        overtime,
        absences,
    )


def _load_people(speak: Dialect, keys: Sequence[int]) -> dict[int, Person]:
    found = rows(
        "SELECT e.id, e.joined_on, e.left_on, e.department_id, e.position_id, "
        "t.effective_on, t.department_id, t.position_id "
        "FROM organization_employee e "
        "LEFT JOIN organization_transfer t ON t.employee_id = e.id "
        f"WHERE {speak.among('e.id')} ORDER BY e.id, t.effective_on",
        [speak.listed(keys)],
    )
    people: dict[int, Person] = {}
    for key, group in groupby(found, key=itemgetter(0)):
        moves = list(group)
        head = moves[0]
        dated = [m for m in moves if m[5] is not None]
        people[key] = Person(
            as_date(head[1]),
            as_date(head[2]) if head[2] else None,
            tuple(as_date(m[5]) for m in dated) or (as_date(head[1]),),
            tuple(Placement(m[6], m[7]) for m in dated) or (Placement(head[3], head[4]),),
        )
    return people


def _load_dated(
    speak: Dialect, keys: Sequence[int], first: date, last: date
) -> tuple[
    dict[int, dict[date, Rostered]],
    dict[int, dict[date, list[Correction]]],
    dict[int, dict[date, list[Span]]],
    dict[int, list[tuple[str, Span]]],
]:
    listed = speak.listed(keys)
    epoch = speak.epoch
    found = rows(
        # The first branch tells PostgreSQL the types of what it leaves empty.
        "SELECT 'roster', employee_id, work_date, shift_id, CAST(NULL AS bigint), "
        "CAST(NULL AS bigint), '', id "
        f"FROM scheduling_rosterentry WHERE {speak.among('employee_id')} "
        "AND work_date BETWEEN %s AND %s "
        f"UNION ALL SELECT 'correction', employee_id, work_date, NULL, {epoch('corrected_at')}, "
        f"NULL, slot, id FROM attendance_correction WHERE {speak.among('employee_id')} "
        "AND work_date BETWEEN %s AND %s AND revoked_at IS NULL "
        f"UNION ALL SELECT 'overtime', employee_id, work_date, NULL, {epoch('starts_at')}, "
        f"{epoch('ends_at')}, '', id FROM attendance_overtimeapproval "
        f"WHERE {speak.among('employee_id')} AND work_date BETWEEN %s AND %s "
        "AND revoked_at IS NULL "
        f"UNION ALL SELECT 'absence', employee_id, NULL, NULL, {epoch('starts_at')}, "
        f"{epoch('ends_at')}, kind, id FROM attendance_absence "
        f"WHERE {speak.among('employee_id')} AND starts_at < %s AND ends_at > %s "
        "AND revoked_at IS NULL",
        [
            *(listed, first, last),
            *(listed, first, last),
            *(listed, first, last),
            *(listed, last + 2 * _DAY, first - _DAY),
        ],
    )
    roster: defaultdict[int, dict[date, Rostered]] = defaultdict(dict)
    corrections: dict[int, dict[date, list[Correction]]] = {}
    overtime: dict[int, dict[date, list[Span]]] = {}
    absences: dict[int, list[tuple[str, Span]]] = {}
    entry_of: dict[int | None, Rostered] = {}
    for what, person, day, shift, start, end, word, key in found:
        if what == "roster":
            entry = entry_of.get(shift)
            if entry is None:
                entry = entry_of[shift] = Rostered(shift)
            roster[person][as_date(day)] = entry
        elif what == "correction":
            made = Correction(word, Minute(start // 60), key)
            corrections.setdefault(person, {}).setdefault(as_date(day), []).append(made)
        else:
            span = Span(Minute(start // 60), Minute(end // 60), word, key)
            if what == "overtime":
                overtime.setdefault(person, {}).setdefault(as_date(day), []).append(span)
            else:
                absences.setdefault(person, []).append((word, span))
    return roster, corrections, overtime, absences


def _load_punches(
    speak: Dialect, keys: Sequence[int], first: date, last: date
) -> dict[int, list[tuple[Any, ...]]]:
    """Return (employee, epoch second, direction, id, verdict) of the punches of these dates."""
    found = rows(
        f"SELECT p.employee_id, {speak.epoch('p.punched_at')}, p.direction, p.id, "
        # What counted at once may have been refused since.
        "COALESCE((SELECT d.verdict FROM attendance_punchdecision d WHERE d.punch_id = p.id "
        "ORDER BY d.id DESC LIMIT 1), CASE WHEN p.is_held THEN 'held' END) "
        f"FROM attendance_punch p WHERE {speak.among('p.employee_id')} "
        "AND p.punched_at >= %s AND p.punched_at < %s ORDER BY p.employee_id, p.punched_at, p.id",
        # A date in any zone lies within a day of the same date in UTC.
        [speak.listed(keys), first - _DAY, last + 2 * _DAY],
    )
    return {key: list(group) for key, group in groupby(found, key=itemgetter(0))}


# --- translation -----------------------------------------------------------------------------


def inputs(facts: Facts, employee_id: int, days: Sequence[date], as_of: Minute) -> Iterator[Loaded]:
    """Yield these days of one person (in order, each once), ready to be judged."""
    person = facts.people[employee_id]
    roster = facts.roster.get(employee_id, {})
    ask = facts.book.planned
    planned = {
        day: ask(employee_id, person.placed_on(day), day, roster.get(day))
        for day in _around(tuple(days))
        if person.is_employed_on(day)
    }
    with_plan = [day for day, answer in planned.items() if answer.plan is not None]
    marks, held = read_marks(facts.punches.get(employee_id, ()))
    plans = [planned[day].plan for day in with_plan]
    shared, left = assign(plans, marks)  # type: ignore[arg-type]
    marks_of = dict(zip(with_plan, shared, strict=True))
    for day in days:
        yield _load_one(facts, employee_id, person, planned, marks_of, left, held, day, as_of)


@lru_cache(maxsize=256)
def _around(days: tuple[date, ...]) -> tuple[date, ...]:
    """Return these dates and their neighbours, in order. A chunk asks the same of everybody."""
    reach = range(-NEIGHBOURS, NEIGHBOURS + 1)
    return tuple(sorted({day + n * _DAY for day in days for n in reach}))


def read_marks(punches: Sequence[tuple[Any, ...]]) -> tuple[list[Mark], list[int]]:
    """Return the punches that count, and the minutes of those that are held."""
    marks: list[Mark] = []
    held: list[int] = []
    for _person, second, direction, key, verdict in punches:
        if verdict is None or verdict == "accepted":
            marks.append(Mark(second, direction or None, key))
        elif verdict == "held":
            held.append(second // 60)
    return marks, held


def _load_one(
    facts: Facts,
    employee_id: int,
    person: Person,
    planned: Mapping[date, Planned],
    marks_of: Mapping[date, tuple[Mark, ...]],
    left: Sequence[Mark],
    held: Sequence[int],
    day: date,
    as_of: Minute,
) -> Loaded:
    placement = person.placed_on(day)
    answer = planned.get(day)
    if answer is None:
        answer = facts.book.planned(employee_id, placement, day)
        given = DayInput(day, answer.day_type, None, employed=False, as_of=as_of)
        return Loaded(employee_id, day, placement.department_id, answer, given)
    plan = answer.plan
    # Punches in no window are the day's of their own date, as far as anybody is told of them.
    ignored = 0
    if left:
        zone = facts.book.zone_of(placement.department_id, day)
        start, end = _date_bounds(day, zone)
        ignored = sum(1 for mark in left if start <= mark.at < end)
    previous_out = None
    if plan is not None and plan.late_arrivals:
        before = planned.get(day - _DAY)
        if before is not None and before.plan is not None:
            yesterday = _input(facts, employee_id, day - _DAY, before, marks_of, as_of)
            previous_out = evaluate_day(yesterday).real_out
    given = _input(facts, employee_id, day, answer, marks_of, as_of)
    if previous_out is not None or ignored or held:
        waiting = (
            sum(1 for minute in held if plan.opens <= minute <= plan.closes)
            if plan is not None and held
            else 0
        )
        given = given._replace(previous_out=previous_out, ignored=ignored, held=waiting)
    after = planned.get(day + _DAY)
    is_awaited = after is not None and after.plan is not None and bool(after.plan.late_arrivals)
    return Loaded(employee_id, day, placement.department_id, answer, given, is_awaited)


def _input(
    facts: Facts,
    employee_id: int,
    day: date,
    answer: Planned,
    marks_of: Mapping[date, tuple[Mark, ...]],
    as_of: Minute,
) -> DayInput:
    plan, terms = answer.plan, answer.terms
    leaves: list[Span] = []
    outings: list[Span] = []
    absences = facts.absences.get(employee_id)
    if absences and plan is not None and plan.kind is not PlanKind.OFF:
        for kind, span in absences:
            if span.start <= plan.closes and span.end >= plan.opens:
                (leaves if kind == "leave" else outings).append(span)
    corrections = facts.corrections.get(employee_id)
    overtime = facts.overtime.get(employee_id)
    return DayInput(
        day,
        answer.day_type,
        plan,
        marks_of.get(day, ()),
        tuple(corrections.get(day, ())) if corrections else (),
        tuple(leaves),
        tuple(outings),
        tuple(overtime.get(day, ())) if overtime else (),
        not terms.requires_punch,
        True,
        None,
        as_of,
        terms.merge_seconds,
    )


@lru_cache(maxsize=8192)
def _date_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first second of a date in a zone, and of the next date."""
    from datetime import datetime, time

    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + _DAY, time(), zone)
    return int(start.timestamp()), int(end.timestamp())
