"""Totals of days over departments: what a period adds up to, without anybody's details.

Sums are made by the database, one line a department, and added up the tree here. The department
of a day is the one that the person belonged to on that day. What must stay hidden so that no
group of fewer than five people can be worked out is reports.suppression's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.db.models import Q, QuerySet

from attendance.models import AttendanceDay, WaitingDay
from organization.access import Action, departments_for, granted_paths, within
from organization.errors import NotFound
from organization.models import Department, Employee, User
from reports.period import Span, counted_until
from reports.sums import Figures, people_by_day, places, sums
from reports.suppression import AT_LEAST, Part, Tree, cover

WAITING_AT_MOST: Final = 1000
_DAY: Final = timedelta(days=1)
_Status = AttendanceDay.Status


class Kind(StrEnum):
    """What a line is about."""

    DEPARTMENT = "department"
    DIRECT = "direct"  # the people who belong to the department itself
    TOGETHER = "together"  # all those that are hidden one by one


class Line(NamedTuple):
    """A line of totals: of a department with all below it, or of what Kind says.

    `figures` is None where fewer than five people hide them. `leaves_out` says that days of people
    are in no total, as on those days they were fewer than five; how many would tell about them.
    """

    kind: Kind
    department: Department
    depth: int
    figures: Figures | None = None
    leaves_out: bool = False
    # Whether the line falls into others.
    leads_on: bool = False

    @property
    def is_hidden(self) -> bool:
        """Say whether fewer than five people hide the figures."""
        return self.figures is None


class Totals(NamedTuple):
    """The totals of a period: of a department and of what it falls into.

    `department` is None, and so is `total`, for readers with several departments that have none
    above them in common. `choices` are the departments with a page. `is_waiting` says that days
    wait to be judged: of five people or more, or of people whose days the reader sees.
    """

    span: Span
    until: date
    department: Department | None
    above: list[Department]
    total: Line | None
    lines: list[Line]
    is_waiting: bool
    choices: list[Department]


def read_totals(
    user: User,
    span: Span,
    *,
    department: Department | None,
    all_levels: bool = False,
    today: date,
    now: datetime,
) -> Totals:
    """Return the totals that `user` may see. Ten queries, however many departments there are.

    Raises NotFound for a department whose totals this user may not see, and for somebody who may
    see none at all.
    """
    scope = _Scope(user)
    if not scope.departments and granted_paths(user, Action.SUMMARISE) == ():
        raise NotFound(what=Department._meta.verbose_name, key="")
    if department is not None and department.pk not in scope.departments:
        raise NotFound(what=Department._meta.verbose_name, key=department.code)
    if department is None and len(scope.tree.tops) == 1:
        department = scope.departments[scope.tree.tops[0]]
    until = counted_until(span.last, today=today, now=now)
    book = _Book(scope, span.first, until)
    tops = scope.tree.tops if department is None else [department.pk]
    return Totals(
        span,
        until,
        department,
        scope.above(department),
        book.line(tops[0], 0) if department is not None else None,
        list(book.lines(department.pk if department else None, all_levels=all_levels)),
        _is_waiting(scope, tops, span.first, until),
        [row for row in scope.departments.values() if row.pk in book.opened],
    )


def chosen(user: User, code: str) -> Department | None:
    """Return the department of a code, if this user may see its totals; None for no code."""
    if not code:
        return None
    # PostgreSQL takes no NUL for a text.
    rows = departments_for(user, Action.SUMMARISE)
    found = rows.filter(code=code).first() if "\0" not in code else None
    if found is None:
        raise NotFound(what=Department._meta.verbose_name, key=code)
    return found


class _Scope:
    """The departments whose totals a user may see, and those of them seen day by day."""

    def __init__(self, user: User) -> None:
        self.user = user
        # As text, the path of a tenth department comes before that of the ninth.
        rows = sorted(departments_for(user, Action.SUMMARISE), key=Department.lineage)
        self.departments: dict[int, Department] = {row.pk: row for row in rows}
        self.tree = Tree(
            {
                row.pk: row.parent_id if row.parent_id in self.departments else None
                for row in self.departments.values()
            }
        )
        paths = granted_paths(user, Action.SEE)
        self.seen = {
            key
            for key, row in self.departments.items()
            if paths is None or row.path.startswith(tuple(paths))
        }

    def above(self, department: Department | None) -> list[Department]:
        """Return the departments above one, from the top."""
        found: list[Department] = []
        key = self.tree.parents[department.pk] if department else None
        while key is not None:
            found.insert(0, self.departments[key])
            key = self.tree.parents[key]
        return found

    def days(self, first: date, last: date) -> QuerySet[Any]:
        """Return the judged days whose totals this user may see.

        Whoever owes nothing by rule adds nothing, and must not make a group look larger.
        """
        return (
            AttendanceDay.objects.visible_to(self.user, Action.SUMMARISE)
            .filter(work_date__gte=first, work_date__lte=last)
            .exclude(status__in=(_Status.PENDING, _Status.NOT_REQUIRED))
            .order_by()
        )


class _Book:
    """The sums of a period, and what of them may be shown."""

    def __init__(self, scope: _Scope, first: date, last: date) -> None:
        self.scope = scope
        self.tree = scope.tree
        days = scope.days(first, last)
        self._people = self._to_protect(days)
        self._cover = cover(self.tree, self._people)
        self.opened = self._cover.opened | scope.seen
        self._left_out = {
            key: on for key, on in self._cover.left_out.items() if key not in scope.seen
        }
        days = days.exclude(_on(self._left_out))
        self._direct = sums(days)
        self._places = places(days)

    def _to_protect(self, days: QuerySet[Any]) -> Mapping[date, Mapping[int, int]]:
        """Return how many people of each department and day hide each other.

        Whose days the reader sees one by one, the reader among them, hides nobody.
        """
        people: defaultdict[date, dict[int, int]] = defaultdict(dict)
        if len(self.scope.seen) == len(self.tree.parents):
            return people
        own = Employee.objects.filter(user=self.scope.user).values_list("pk", flat=True).first()
        for day, key, number in people_by_day(days, own):
            if key not in self.scope.seen:
                people[day][key] = number
        return people

    def figures(self, keys: set[int]) -> Figures:
        """Return what the people of these departments add up to."""
        found = [self._direct[key] for key in keys if key in self._direct]
        if not found:
            return Figures()
        # Whoever was in two of them is one person.
        there: set[int] = set()
        there.update(*(self._places[key] for key in keys if key in self._places))
        added = Figures._make(sum(column) for column in zip(*found, strict=True))
        return added._replace(people=len(there))

    def _lacking(self, keys: set[int]) -> bool:
        return any(
            self._people[day].get(key, 0) for key in keys for day in self._left_out.get(key, ())
        )

    def _line(self, kind: Kind, row: Department, depth: int, keys: set[int]) -> Line:
        figures, lacking = self.figures(keys), self._lacking(keys)
        if lacking and figures.is_empty:
            return Line(kind, row, depth, leaves_out=True)
        leads_on = kind is Kind.DEPARTMENT and bool(self.tree.children[row.pk])
        return Line(kind, row, depth, figures, lacking, leads_on)

    def line(self, key: int, depth: int) -> Line:
        """Return the line of a department with all below it."""
        row = self.scope.departments[key]
        if key not in self.opened:
            return Line(Kind.DEPARTMENT, row, depth)
        return self._line(Kind.DEPARTMENT, row, depth, self.tree.below[key])

    def lines(self, key: int | None, *, all_levels: bool, depth: int = 0) -> Iterator[Line]:
        """Yield what a department falls into; what is shown together comes last."""
        if key is None:
            for top in self.tree.tops:
                yield from self._with_all_below(top, depth, all_levels=all_levels)
            return
        if key not in self.opened or not self.tree.children[key]:
            return
        row = self.scope.departments[key]
        merged = self._cover.merged.get(key, frozenset())
        if Part(key, is_direct=True) in merged:
            yield Line(Kind.DIRECT, row, depth)
        elif key in self._direct or self._lacking({key}):
            yield self._line(Kind.DIRECT, row, depth, {key})
        for child in self.tree.children[key]:
            yield from self._with_all_below(child, depth, all_levels=all_levels)
        if merged:
            keys = {one for part in merged for one in self.tree.departments_in(part)}
            yield self._line(Kind.TOGETHER, row, depth, keys)

    def _with_all_below(self, key: int, depth: int, *, all_levels: bool) -> Iterator[Line]:
        line = self.line(key, depth)
        yield line
        if all_levels and not line.is_hidden:
            yield from self.lines(key, all_levels=True, depth=depth + 1)


def _on(days: Mapping[int, Iterable[date]]) -> Q:
    """Return the condition that a row is one of these days of these departments."""
    alike: defaultdict[frozenset[date], list[int]] = defaultdict(list)
    for key, on in days.items():
        alike[frozenset(on)].append(key)
    found = Q(pk__in=[])
    for dates, keys in alike.items():
        for first, last in _runs(sorted(dates)):
            found |= Q(department__in=keys, work_date__gte=first, work_date__lte=last)
    return found


def _runs(dates: Iterable[date]) -> list[tuple[date, date]]:
    """Return dates, which are in order, as first and last of each unbroken run."""
    runs: list[tuple[date, date]] = []
    for day in dates:
        if runs and day == runs[-1][1] + _DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _is_waiting(scope: _Scope, tops: Iterable[int], first: date, last: date) -> bool:
    """Say whether days wait to be judged, of enough people to be told. One query."""
    paths = tuple(scope.departments[key].path for key in tops)
    people = Employee.objects.filter(within(paths, "department__path"))
    rows = WaitingDay.objects.filter(
        employee__in=people, work_date__gte=first, work_date__lte=last
    ).order_by()
    found = rows.values_list("employee", "employee__department").distinct()[:WAITING_AT_MOST]
    homes = [home for _person, home in found]
    return len(homes) >= AT_LEAST or not scope.seen.isdisjoint(homes)
