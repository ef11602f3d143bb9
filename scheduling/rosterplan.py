"""A roster sheet meets the people, the shifts and the roster that is there.

`RosterPlan` reads a sheet for somebody who keeps rosters and walks through what would change, some
hundred people at a time: the preview counts the walk, the confirmation writes it. People on whom
the actor may not act do not exist for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from organization.access import Action, granted_paths
from organization.models import Employee, Transfer, User
from scheduling.models import Shift, ShiftCode, ShiftVersion
from scheduling.pattern import DAY
from scheduling.rostersheet import (
    CellError,
    CodeCount,
    Line,
    Matching,
    Person,
    Problem,
    Reading,
    is_rest,
    match_people,
    read_sheets,
)
from scheduling.workbook import read_workbook

Meaning = int | None
"""A shift's key, or None for rest."""

SHORTEST_REST: Final = 11 * 60
MOST_DAYS_IN_A_ROW: Final = 6
_UNKNOWN: Final = -1
_PEOPLE_AT_ONCE: Final = 200
_SAMPLES: Final = 30
# Rest hours and days in a row look beyond the first and the last date of a sheet.
_AROUND: Final = timedelta(days=MOST_DAYS_IN_A_ROW + 1)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose on the way: kept with the upload, so nothing is asked twice.

    `codes` maps a code to a shift's key, or None for rest; `people` what the sheet wrote about a
    person to an employee's key.
    """

    month: date | None = None
    empty_clears: bool = False
    codes: Mapping[str, Meaning] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "month": self.month.isoformat() if self.month else None,
            "empty_clears": self.empty_clears,
            "codes": dict(self.codes),
            "people": dict(self.people),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote; what is missing was not chosen."""
        month = stored.get("month")
        return cls(
            month=date.fromisoformat(month) if month else None,
            empty_clears=bool(stored.get("empty_clears")),
            codes=stored.get("codes") or {},
            people=stored.get("people") or {},
        )


class CellChange(NamedTuple):
    """One cell of the roster that would change: what is there, and what comes."""

    employee_id: int
    work_date: date
    had_entry: bool
    before: Meaning
    has_entry: bool
    after: Meaning


class Concern(StrEnum):
    """What somebody should look at before confirming; nothing here stops an import."""

    OVERLAP = "overlap"
    WINDOWS_OVERLAP = "windows_overlap"
    SHORT_REST = "short_rest"
    LONG_RUN = "long_run"
    BEFORE_JOINING = "before_joining"
    AFTER_LEAVING = "after_leaving"
    OTHER_NAME = "other_name"


CONCERNS: Final = {
    Concern.OVERLAP: _("shifts overlap the day before"),
    Concern.WINDOWS_OVERLAP: _("punch windows overlap those of the day before"),
    Concern.SHORT_REST: _("less than 11 hours of rest before the shift"),
    Concern.LONG_RUN: _("more than 6 working days in a row"),
    Concern.BEFORE_JOINING: _("days before the person joined"),
    Concern.AFTER_LEAVING: _("days after the person left"),
    Concern.OTHER_NAME: _("the number belongs to somebody with another name"),
}


@dataclass(frozen=True, slots=True)
class Warned:
    """One concern about one person: the date it begins, and a detail such as hours of rest."""

    concern: Concern
    who: str
    work_date: date | None
    detail: str


@dataclass(slots=True)
class Preview:
    """What an import would do: counts, samples, and all that cannot be taken as it is."""

    starts_on: date | None = None
    ends_on: date | None = None
    people: int = 0
    new: int = 0
    changed: int = 0
    cleared: int = 0
    unchanged: int = 0
    samples: list[tuple[str, CellChange]] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    unknown_codes: list[CodeCount] = field(default_factory=list)
    unknown_people: list[CellError] = field(default_factory=list)
    concerns: Counter[Concern] = field(default_factory=Counter)
    warnings: list[Warned] = field(default_factory=list)
    skipped_sheets: list[str] = field(default_factory=list)
    left_out: int = 0
    # Stands for every cell that would change, and for what it was before
    digest: str = ""
    needs_month: bool = False

    @property
    def to_write(self) -> int:
        """Return how many cells of the roster a confirmation changes."""
        return self.new + self.changed + self.cleared


class CodeBook:
    """What codes mean to whom: chosen on the way, else remembered or a shift's own, else rest.

    Of the meanings that reach a person's department the nearest one counts. Two queries.
    """

    def __init__(self, chosen: Mapping[str, Meaning]) -> None:
        self.chosen = chosen
        # code -> (path, meaning); "" is the path of what the whole group shares.
        self.meanings: dict[str, list[tuple[str, Meaning]]] = {}
        shifts = Shift.objects.filter(is_active=True)
        for code, path, key in shifts.values_list("code", "department__path", "pk"):
            self._add(code, path, key)
        remembered = ShiftCode.objects.exclude(shift__is_active=False)
        for code, path, key in remembered.values_list("code", "department__path", "shift_id"):
            self._add(code, path, key)

    def _add(self, code: str, path: str | None, meaning: Meaning) -> None:
        for spelling in {code, code.casefold()}:
            self.meanings.setdefault(spelling, []).append((path or "", meaning))

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and (code in self.chosen or code in self.meanings)

    def meaning(self, code: str, path: str) -> Meaning:
        """Return what `code` means in the department at `path`; _UNKNOWN if nothing."""
        if code in self.chosen:
            return self.chosen[code]
        for spelling in (code, code.casefold()):
            near = [
                (len(at), number, meaning)
                for number, (at, meaning) in enumerate(self.meanings.get(spelling, ()))
                if path.startswith(at)
            ]
            if near:
                return max(near)[2]
        return None if is_rest(code) else _UNKNOWN


class Employed(NamedTuple):
    """Somebody whose roster may be imported, with the tree path of today's department.

    `placements` are (since, path), the oldest first, of somebody who moved; else there are none.
    """

    key: int
    number: str
    name: str
    path: str
    joined_on: date
    left_on: date | None
    placements: tuple[tuple[date, str], ...] = ()

    @property
    def who(self) -> str:
        return f"{self.number} {self.name}"

    def path_on(self, day: date) -> str:
        """Return the tree path of the department of a date; before the first, where they began."""
        found = self.placements[0][1] if self.placements else self.path
        for since, path in self.placements:
            if since > day:
                break
            found = path
        return found


def people_of(
    actor: User | None, action: Action = Action.RULE, where: Q | None = None
) -> list[Employed]:
    """Return the people whose rosters `actor` keeps or kept; without an actor, everybody.

    Two queries. On which dates they are the actor's, `Reach` says.
    """
    rows = Employee.objects.filter(where or Q()).order_by("pk")
    if actor is not None:
        rows = rows.visible_once(actor, action)
    moved = _placements_of_the_moved()
    fields = ("pk", "number", "name", "department__path", "joined_on", "left_on")
    shared: dict[Any, Any] = {}
    found = []
    for key, number, name, *common in rows.values_list(*fields).iterator():
        # Many share a department and a date: each is kept once.
        path, joined, left = (shared.setdefault(value, value) for value in common)
        moves = tuple(moved.get(key, ()))
        found.append(Employed(key, number, name, path, joined, left, moves))
    return found


def _placements_of_the_moved() -> dict[int, list[tuple[date, str]]]:
    """Return where people belonged since when, of those who have ever moved. One query."""
    twice = Transfer.objects.values("employee").annotate(n=Count("pk")).filter(n__gt=1)
    rows = Transfer.objects.filter(employee__in=twice.values("employee")).order_by("effective_on")
    found: dict[int, list[tuple[date, str]]] = {}
    for key, since, path in rows.values_list("employee", "effective_on", "department__path"):
        found.setdefault(key, []).append((since, path))
    return found


class Reach:
    """On which dates whose roster is the actor's, by the department of the date."""

    def __init__(self, actor: User | None, action: Action = Action.RULE) -> None:
        self.paths = granted_paths(actor, action) if actor is not None else None

    def holds(self, person: Employed, day: date) -> bool:
        """Say whether the roster of `person` on `day` is the actor's."""
        return self.paths is None or person.path_on(day).startswith(self.paths)


class RosterPlan:
    """A sheet, read for one actor with the choices made so far.

    Raises UnreadableWorkbook and WorkbookTooLarge when it is made.
    """

    def __init__(
        self, *, content: bytes, file_name: str, choices: Choices, actor: User | None
    ) -> None:
        self.choices = choices
        self.book = CodeBook(choices.codes)
        self.reading: Reading = read_sheets(
            read_workbook(content, file_name),
            month=choices.month,
            known_codes=self.book,
            file_name=file_name,
            keep_empty_lines=choices.empty_clears,
        )
        self.people = {person.key: person for person in people_of(actor)}
        self.reach = Reach(actor)
        self.matching: Matching = match_people(
            self.reading.lines,
            [Person(p.key, p.number, p.name) for p in self.people.values()],
            choices.people,
        )
        self.lines: dict[int, list[Line]] = {}
        for line, key in zip(self.reading.lines, self.matching.keys, strict=True):
            if key is not None:
                self.lines.setdefault(key, []).append(line)
        dates = {day for line in self.reading.lines for day in line.dates}
        self.starts_on = min(dates, default=None)
        self.ends_on = max(dates, default=None)
        self.cells = sum(len(line.codes) for line in self.reading.lines)
        self._meanings: dict[tuple[str, str], Meaning] = {}
        # Filled by a walk.
        self.twice: list[CellError] = []
        self.elsewhere: list[CellError] = []
        self.unknown: dict[str, CodeCount] = {}
        self.unchanged = 0
        self.digest = blake2b(digest_size=16)

    @property
    def department_paths(self) -> set[str]:
        """Return the tree paths of the people in the sheet, on its first and its last date."""
        days = [day for day in (self.starts_on, self.ends_on) if day is not None]
        return {self.people[key].path_on(day) for key in self.lines for day in days}

    def unmatched(self) -> list[tuple[Line, CellError]]:
        """Return the lines that say something about nobody known, each with its error."""
        lines = (
            line
            for line, key in zip(self.reading.lines, self.matching.keys, strict=True)
            if key is None
        )
        pairs = zip(lines, self.matching.errors, strict=True)
        return [(line, error) for line, error in pairs if any(line.codes)]

    def walk(self, observer: _Observer | None = None) -> Iterator[tuple[int, list[CellChange]]]:
        """Yield how many cells are done, and what would change, by person and date.

        One query for some hundred people. Errors that only a walk finds are collected on the way.
        """
        self.twice, self.elsewhere, self.unknown, self.unchanged = [], [], {}, 0
        self.digest = blake2b(digest_size=16)
        if self.starts_on is None or self.ends_on is None:
            return
        first, last = self.starts_on, self.ends_on
        if observer is not None:
            first, last = first - _AROUND, last + _AROUND
        keys = sorted(self.lines)
        done = 0
        for start in range(0, len(keys), _PEOPLE_AT_ONCE):
            some = keys[start : start + _PEOPLE_AT_ONCE]
            there = load_entries(some, first, last)
            changes: list[CellChange] = []
            for key in some:
                before = there.get(key, {})
                own = self._changes_of(key, before)
                done += sum(len(line.codes) for line in self.lines[key])
                changes += own
                if observer is not None and own:
                    observer.look_at(self.people[key], before, own)
            self.digest.update(repr([tuple(change) for change in changes]).encode())
            yield done, changes

    def _changes_of(self, key: int, before: Mapping[date, Meaning]) -> list[CellChange]:
        changes: list[CellChange] = []
        for day, meaning in self._targets(key).items():
            had = day in before
            was = before.get(day)
            if meaning == _UNKNOWN:
                if had:
                    changes.append(CellChange(key, day, True, was, False, None))
            elif not had or was != meaning:
                changes.append(CellChange(key, day, had, was, True, meaning))
            else:
                self.unchanged += 1
        changes.sort(key=_by_date)
        return changes

    def _targets(self, key: int) -> dict[date, Meaning]:
        """Return what the sheet wants for each date; _UNKNOWN clears it."""
        person = self.people[key]
        targets: dict[date, Meaning] = {}
        origins: dict[date, tuple[Line, int]] = {}
        lines = self.lines[key]
        clears = self.choices.empty_clears
        for line in lines:
            for index, code in enumerate(line.codes):
                day = line.dates[index]
                if not self.reach.holds(person, day):
                    if code:
                        self._note_elsewhere(line, index, code)
                    continue
                if not code:
                    if clears and code is not None:
                        targets.setdefault(day, _UNKNOWN)
                    continue
                meaning = self._meaning(code, person.path_on(day))
                if meaning == _UNKNOWN:
                    self._note_unknown(line, index, code)
                    if day not in origins:
                        targets.pop(day, None)
                    continue
                if day in origins:
                    if targets[day] != meaning:
                        self._note_twice(line, index, code, origins[day])
                    continue
                targets[day] = meaning
                origins[day] = (line, index)
        return targets

    def _meaning(self, code: str, path: str) -> Meaning:
        try:
            return self._meanings[code, path]
        except KeyError:
            meaning = self._meanings[code, path] = self.book.meaning(code, path)
            return meaning

    def _is_strange(self, code: str) -> bool:
        return not (code in self.book or code.casefold() in self.book or is_rest(code))

    def _note_unknown(self, line: Line, index: int, code: str) -> None:
        known = self.unknown.get(code)
        if known is None:
            known = CodeCount(code, 0, line.sheet, line.cell(index))
        self.unknown[code] = CodeCount(code, known.count + 1, known.sheet, known.cell)

    def _note_twice(self, line: Line, index: int, code: str, first: tuple[Line, int]) -> None:
        other = f"{first[0].sheet} {first[0].cell(first[1])}"
        self.twice.append(
            CellError(line.sheet, line.cell(index), code, Problem.ENTRY_TWICE, {"other": other})
        )

    def _note_elsewhere(self, line: Line, index: int, code: str) -> None:
        facts = {"day": line.dates[index].isoformat()}
        self.elsewhere.append(
            CellError(line.sheet, line.cell(index), code, Problem.ELSEWHERE, facts)
        )

    def preview(self) -> Preview:
        """Return what a confirmation would do, and what it would leave out. Writes nothing."""
        preview = Preview(
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            people=len(self.lines),
            skipped_sheets=self.reading.skipped,
            needs_month=self.reading.needs_month,
        )
        observer = _Observer(preview, self.starts_on, self.ends_on)
        for line, person in self.matching.renamed:
            observer.warn(Concern.OTHER_NAME, line.who, None, f"{person.number} {person.name}")
        for _done, changes in self.walk(observer):
            for change in changes:
                if not change.had_entry:
                    preview.new += 1
                elif change.has_entry:
                    preview.changed += 1
                else:
                    preview.cleared += 1
            room = _SAMPLES - len(preview.samples)
            preview.samples += [(self.people[c.employee_id].who, c) for c in changes[:room]]
        preview.unchanged = self.unchanged
        preview.digest = self.digest.hexdigest()
        preview.errors = self.reading.errors + self.twice + self.elsewhere
        unmatched = self.unmatched()
        met = sum(code.count for code in self.unknown.values())
        # What nobody's sheet could mean is asked at once, even where the person is not known yet.
        for line, _error in unmatched:
            for index, code in enumerate(line.codes):
                if code and self._is_strange(code):
                    self._note_unknown(line, index, code)
        preview.unknown_codes = sorted(self.unknown.values(), key=lambda code: -code.count)
        preview.unknown_people = [error for _line, error in unmatched]
        preview.left_out = (
            len(preview.errors)
            + met
            + sum(sum(map(bool, line.codes)) for line, _error in unmatched)
        )
        return preview


def _by_date(change: CellChange) -> date:
    return change.work_date


def load_entries(
    employee_ids: Sequence[int], first: date, last: date
) -> dict[int, dict[date, Meaning]]:
    """Return the roster of some people from `first` to `last`, both inclusive. One query."""
    if not employee_ids:
        return {}
    marks = ", ".join(["%s"] * len(employee_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT employee_id, work_date, shift_id FROM scheduling_rosterentry "  # noqa: S608
            f"WHERE employee_id IN ({marks}) AND work_date BETWEEN %s AND %s",
            [*employee_ids, first, last],
        )
        entries: dict[int, dict[date, Meaning]] = {}
        for key, day, shift in cursor.fetchall():
            # SQLite gives text.
            day = date.fromisoformat(day) if isinstance(day, str) else day
            entries.setdefault(key, {})[day] = shift
    return entries


class _Hours(NamedTuple):
    """When a version of a shift begins and ends, in minutes of its work date; None: no hours."""

    starts: int | None
    ends: int | None
    opens: int
    closes: int


class _Observer:
    """Looks at what people would work, and notes what somebody should know."""

    def __init__(self, preview: Preview, starts_on: date | None, ends_on: date | None) -> None:
        self.preview = preview
        self.starts_on = starts_on
        self.ends_on = ends_on
        self.versions: dict[int, tuple[list[date], list[_Hours]]] = {}
        rows = ShiftVersion.objects.order_by("shift_id", "valid_from")
        for version in rows.iterator():
            dates, hours = self.versions.setdefault(version.shift_id, ([], []))
            segments = version.read().segments
            dates.append(version.valid_from)
            hours.append(
                _Hours(
                    segments[0][0] if segments else None,
                    segments[-1][1] if segments else None,
                    version.opens_minute,
                    version.closes_minute,
                )
            )
        self.pairs: dict[tuple[_Hours, _Hours], tuple[Concern, int] | None] = {}

    def warn(self, concern: Concern, who: str, day: date | None, detail: str = "") -> None:
        self.preview.concerns[concern] += 1
        if self.preview.concerns[concern] <= _SAMPLES:
            self.preview.warnings.append(Warned(concern, who, day, detail))

    def look_at(
        self, person: Employed, before: Mapping[date, Meaning], changes: Sequence[CellChange]
    ) -> None:
        """Note the concerns about one person whose roster changes."""
        after = dict(before)
        for change in changes:
            if change.has_entry:
                after[change.work_date] = change.after
            else:
                after.pop(change.work_date, None)
        worked = sorted(day for day, shift in after.items() if shift is not None)
        if not worked:
            return
        self._employment(person, worked)
        touched = {change.work_date for change in changes}
        self._runs(person, worked, touched)
        for earlier, later in pairwise(worked):
            if (later - earlier).days == 1 and (earlier in touched or later in touched):
                self._rest(person, after, earlier, later)

    def _employment(self, person: Employed, worked: Sequence[date]) -> None:
        early = [day for day in worked if day < person.joined_on and self._inside(day)]
        if early:
            self.warn(Concern.BEFORE_JOINING, person.who, early[0], str(person.joined_on))
        if person.left_on and worked[-1] > person.left_on:
            late = [day for day in worked if day > person.left_on and self._inside(day)]
            if late:
                self.warn(Concern.AFTER_LEAVING, person.who, late[0], str(person.left_on))

    def _inside(self, day: date) -> bool:
        return bool(self.starts_on and self.ends_on and self.starts_on <= day <= self.ends_on)

    def _runs(self, person: Employed, worked: Sequence[date], touched: set[date]) -> None:
        run: list[date] = []
        for day in [*worked, date.max]:
            if run and (day - run[-1]).days != 1:
                if len(run) > MOST_DAYS_IN_A_ROW and not touched.isdisjoint(run):
                    self.warn(Concern.LONG_RUN, person.who, run[0], str(len(run)))
                run = []
            run.append(day)

    def _rest(
        self, person: Employed, after: Mapping[date, Meaning], earlier: date, later: date
    ) -> None:
        one, two = self._hours(after[earlier], earlier), self._hours(after[later], later)
        if one is None or two is None:
            return
        if (one, two) not in self.pairs:
            self.pairs[one, two] = _rest_concern(one, two)
        found = self.pairs[one, two]
        if found:
            concern, minutes = found
            detail = f"{minutes // 60}:{minutes % 60:02}" if concern is Concern.SHORT_REST else ""
            self.warn(concern, person.who, later, detail)

    def _hours(self, shift: Meaning, day: date) -> _Hours | None:
        dates, hours = self.versions.get(shift or 0, ((), ()))
        # The first version also speaks for the days before it.
        return hours[max(bisect_right(dates, day) - 1, 0)] if hours else None


def _rest_concern(one: _Hours, two: _Hours) -> tuple[Concern, int] | None:
    """Return what is wrong between two shifts on days that follow each other."""
    if one.ends is not None and two.starts is not None:
        rest = DAY + two.starts - one.ends
        if rest < 0:
            return Concern.OVERLAP, rest
        if rest < SHORTEST_REST:
            return Concern.SHORT_REST, rest
    if one.closes > DAY + two.opens:
        return Concern.WINDOWS_OVERLAP, 0
    return None
