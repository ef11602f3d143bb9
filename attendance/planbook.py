"""What was expected of whom on which date: assignments, rotations, rosters, calendars, rules.

A `PlanBook` is filled once (a constant number of queries, see loading.py) and then answers
from memory. People of one department and position share their answers, so a month of ten
thousand people asks few different questions. It is pure: rows come in as plain values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance.engine import DayType, ShiftPlan
from attendance.planning import WeekPattern, lay_out, lay_out_day_off, resolve_day
from scheduling.pattern import Overtime, ShiftPattern

ALWAYS: Final = date.min
_WORKING: Final = WeekPattern((frozenset(range(1, 8)),))
_RESTING: Final = WeekPattern((frozenset(),))


class Site(NamedTuple):
    """A department as planning sees it: the way up the tree (itself first), and its zone."""

    ancestors: tuple[int, ...]
    zone: ZoneInfo

    @property
    def path(self) -> str:
        """Return its tree path, as Department.path has it."""
        return "".join(f"/{key}" for key in reversed(self.ancestors)) + "/"


class Placement(NamedTuple):
    """Where a person belongs on a date."""

    department_id: int
    position_id: int | None


class Cycle(NamedTuple):
    """A rotation: its turns (a shift, or None for rest) count from `anchored_on`."""

    anchored_on: date
    follows_calendar: bool
    turns: tuple[int | None, ...]

    def turn_on(self, day: date) -> int | None:
        """Return whose turn it is."""
        return self.turns[(day - self.anchored_on).days % len(self.turns)]

    def working_turn_near(self, day: date) -> int | None:
        """Return the shift of a moved working day: of that week, else of the whole rotation."""
        monday = day - timedelta(days=day.weekday())
        week = (self.turn_on(monday + timedelta(days=n)) for n in range(7))
        return next((s for s in (*week, *self.turns) if s is not None), None)


class Assigned(NamedTuple):
    """A shift assignment: for whom, what, from when to when (inclusive)."""

    id: int
    department_id: int | None
    position_id: int | None
    employee_id: int | None
    shift_id: int | None
    weekdays: str
    rotation_id: int | None
    starts_on: date
    ends_on: date | None

    def covers(self, day: date) -> bool:
        """Say whether the assignment is in force on a date."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class ShiftSource(StrEnum):
    """Where a rule lets shifts come from; the values of RuleVersion.ShiftSource."""

    ROSTER_FIRST = "roster_first"
    ROSTER_ONLY = "roster_only"
    ASSIGNMENT_ONLY = "assignment_only"


class Terms(NamedTuple):
    """What the rule in force says about judging a day."""

    version_id: int = 0
    requires_punch: bool = True
    shift_source: str = ShiftSource.ROSTER_FIRST
    merge_seconds: int = 300
    overtime: Overtime | None = None


DEFAULT_TERMS: Final = Terms()


class Rostered(NamedTuple):
    """A roster entry: a shift, or None for rest."""

    shift_id: int | None


class Planned(NamedTuple):
    """The answer: what kind of day, which shift, which plan, under which terms.

    `shift_id` is the shift owed (None on days off). `is_unplanned` says that nobody has
    assigned or rostered anything; `is_provisional` that the calendar of the year is not
    announced and the answer may change.
    """

    day_type: DayType
    shift_id: int | None
    plan: ShiftPlan | None
    terms: Terms
    is_provisional: bool = False
    is_unplanned: bool = False


@lru_cache(maxsize=4096)
def read_pattern(text: str) -> ShiftPattern:
    """Return the pattern stored as JSON text; equal texts are read once."""
    import json

    return ShiftPattern.from_json(json.loads(text))


@lru_cache(maxsize=1024)
def read_overtime(text: str) -> Overtime | None:
    """Return the overtime terms of a rule, stored as the `overtime` part of a pattern."""
    import json

    stored = json.loads(text)
    return ShiftPattern.from_json({"overtime": stored}).overtime if stored else None


@dataclass(slots=True)
class PlanBook:
    """Everything that planning needs to know about some people over some dates."""

    sites: Mapping[int, Site]
    # (first day that is otherwise, the tree before it), the earliest first; mostly there is none
    former_sites: Sequence[tuple[date, Mapping[int, Site]]]
    # shift → (valid from, pattern as JSON text), oldest first. Read when asked for, so that an
    # unreadable pattern stops only the days that need it.
    patterns: Mapping[int, list[tuple[date, str]]]
    cycles: Mapping[int, Cycle]
    # (department or None, position or None) → rule versions (valid from, terms), oldest first
    rules: Mapping[tuple[int | None, int | None], list[tuple[date, Terms]]]
    statutory: Mapping[date, DayType]
    # date → department (None: everybody) → what the company made of it
    company: Mapping[date, Mapping[int | None, DayType]]
    announced_years: frozenset[int]
    _personal: dict[int, list[Assigned]] = field(default_factory=dict)
    _shared: dict[tuple[int | None, int | None], list[Assigned]] = field(default_factory=dict)
    _answers: dict[tuple[Placement, date, Rostered | None], Planned] = field(default_factory=dict)

    _marks: dict[int, tuple[Planned, str]] = field(default_factory=dict)

    def assign(self, rows: Iterable[Assigned]) -> None:
        """Take in the assignments, the ones that started last first."""
        personal: defaultdict[int, list[Assigned]] = defaultdict(list)
        shared: defaultdict[tuple[int | None, int | None], list[Assigned]] = defaultdict(list)
        for row in sorted(rows, key=lambda r: (r.starts_on, r.id), reverse=True):
            if row.employee_id is not None:
                personal[row.employee_id].append(row)
            else:
                shared[row.department_id, row.position_id].append(row)
        self._personal, self._shared = dict(personal), dict(shared)

    # --- the question ---------------------------------------------------------------------

    def planned(
        self,
        employee_id: int,
        placement: Placement,
        day: date,
        rostered: Rostered | None = None,
    ) -> Planned:
        """Return what is expected of a person, placed there, on a date (C13)."""
        own = self._personal.get(employee_id)
        if own is not None:
            return self._plan(placement, day, rostered, own)
        key = (placement, day, rostered)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._plan(placement, day, rostered, None)
        return answer

    def mark(self, planned: Planned) -> str:
        """Return a text that stands for an answer: the same for equal answers, in any process."""
        found = self._marks.get(id(planned))
        # The answer is kept beside its mark, so that its id is not given to another one.
        if found is None:
            digest = blake2b(repr(planned).encode(), digest_size=8).hexdigest()
            found = self._marks[id(planned)] = (planned, digest)
        return found[1]

    def terms_on(self, placement: Placement, day: date) -> Terms:
        """Return what the narrowest rule over a place says on a date."""
        site = self.site_on(placement.department_id, day)
        return self._terms(site, placement.position_id, day)

    def site_on(self, department_id: int, day: date) -> Site:
        """Return where a department hung on a date, and its zone then."""
        for until, sites in self.former_sites:
            if day < until:
                return sites[department_id]
        return self.sites[department_id]

    def zone_of(self, department_id: int, day: date) -> ZoneInfo:
        """Return the zone of a department on a date."""
        return self.site_on(department_id, day).zone

    def named_on(self, department_id: int, day: date) -> DayType | None:
        """Return what the calendars call a date there, the company's first; None: nothing."""
        special = self._special(self.site_on(department_id, day), day)
        return special.get(day) or self.statutory.get(day)

    def _plan(
        self,
        placement: Placement,
        day: date,
        rostered: Rostered | None,
        own: list[Assigned] | None,
    ) -> Planned:
        site = self.site_on(placement.department_id, day)
        terms = self._terms(site, placement.position_id, day)
        assigned = self._assignment(site, placement.position_id, day, own)
        source = terms.shift_source
        if source == ShiftSource.ASSIGNMENT_ONLY:
            rostered = None
        elif source == ShiftSource.ROSTER_ONLY and rostered is None:
            rostered = Rostered(None)
        turn, nominal, follows = self._turn(assigned, day)
        if rostered is None and not follows:
            rostered = Rostered(turn)
        if rostered is not None:
            turn, nominal = rostered.shift_id, rostered.shift_id or nominal
        day_type = resolve_day(
            day,
            week=_WORKING if turn is not None else _RESTING,
            statutory=self.statutory,
            special=self._special(site, day),
            rostered=None
            if rostered is None
            else (DayType.WORKDAY if rostered.shift_id is not None else DayType.REST),
        )
        provisional = rostered is None and day.year not in self.announced_years
        unplanned = rostered is None and assigned is None
        shift_id = (turn if turn is not None else nominal) if day_type.is_working else None
        pattern = self._pattern(shift_id if shift_id is not None else nominal, day)
        if shift_id is not None and pattern is not None:
            plan: ShiftPlan | None = lay_out(pattern, day, site.zone)
        else:
            # A working day without a shift cannot be owed: nothing is planned.
            if day_type.is_working:
                day_type = DayType.REST
            overtime = (pattern.overtime if pattern else None) or terms.overtime
            plan = lay_out_day_off(overtime, day_type, day, site.zone, pattern)
            shift_id = None
        return Planned(day_type, shift_id, plan, terms, provisional, unplanned)

    def _pattern(self, shift_id: int | None, day: date) -> ShiftPattern | None:
        """Return what a shift said on a date; before its first version, what that one says."""
        if shift_id is None:
            return None
        versions = self.patterns.get(shift_id)
        if not versions:
            return None
        found = versions[0][1]
        for valid_from, pattern in versions:
            if valid_from > day:
                break
            found = pattern
        return read_pattern(found)

    def _turn(self, assigned: Assigned | None, day: date) -> tuple[int | None, int | None, bool]:
        """Return the shift of the weekly pattern, the shift of a moved day, and whether the
        calendar may overrule them."""
        if assigned is None:
            return None, None, True
        if assigned.rotation_id is not None:
            cycle = self.cycles[assigned.rotation_id]
            turn = cycle.turn_on(day)
            if not cycle.follows_calendar:
                return turn, turn, False
            return turn, turn if turn is not None else cycle.working_turn_near(day), True
        works = str(day.isoweekday()) in assigned.weekdays
        return assigned.shift_id if works else None, assigned.shift_id, True

    def _assignment(
        self, site: Site, position_id: int | None, day: date, own: list[Assigned] | None
    ) -> Assigned | None:
        """Return the narrowest assignment in force: see ShiftAssignment."""
        found = _in_force(own, day)
        for department_id in site.ancestors if position_id is not None else ():
            found = found or _in_force(self._shared.get((department_id, position_id)), day)
        for department_id in site.ancestors:
            found = found or _in_force(self._shared.get((department_id, None)), day)
        if position_id is not None:
            found = found or _in_force(self._shared.get((None, position_id)), day)
        return found

    def _terms(self, site: Site, position_id: int | None, day: date) -> Terms:
        """Return the narrowest rule's version of that date."""
        for key in (
            *((department_id, position_id) for department_id in site.ancestors),
            *((department_id, None) for department_id in site.ancestors),
            (None, position_id),
            (None, None),
        ):
            found = None
            for valid_from, terms in self.rules.get(key, ()):
                if valid_from > day:
                    break
                found = terms
            if found is not None:
                return found
        return DEFAULT_TERMS

    def _special(self, site: Site, day: date) -> Mapping[date, DayType]:
        """Return the company's word on a date, of the nearest department that has one."""
        said = self.company.get(day)
        if not said:
            return {}
        for department_id in (*site.ancestors, None):
            if department_id in said:
                return {day: said[department_id]}
        return {}


def _in_force(rows: list[Assigned] | None, day: date) -> Assigned | None:
    return next((row for row in rows or () if row.covers(day)), None)
