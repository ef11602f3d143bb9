"""The month grid: people × days of a period, read with a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.core.paginator import Page
from django.db.models import Exists, F, OuterRef, Q
from django.utils.formats import date_format
from django.utils.timezone import localdate

from attendance.console.expected import expected_codes
from attendance.console.period import Period
from attendance.console.status_style import STYLES, StatusStyle
from attendance.models import AttendanceDay
from organization.access import Action, departments_for
from organization.models import Department, Employee, User
from organization.scoped_admin import BoundedPaginator
from scheduling.models import CalendarDay, RosterEntry

PEOPLE_ON_A_PAGE: Final = 50
_DAY: Final = timedelta(days=1)
_OFF: Final = (CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.IN_LIEU, CalendarDay.Kind.DAY_OFF)


class Head(NamedTuple):
    """A column of the grid."""

    day: date
    is_off: bool
    name: str

    @property
    def weekday(self) -> str:
        """Return the weekday in at most two letters, which is what a column has room for."""
        # Chinese sets apart its weekdays (周一 or 星期一 …) by the last character alone.
        return date_format(self.day, "D").lstrip("星期周")[:2]


class Cell(NamedTuple):
    """One employee-day: a stored result, or the roster's word on a day to come."""

    day: date
    style: StatusStyle | None
    detail: str
    planned: str
    is_off: bool


class Row(NamedTuple):
    """A person's line, and what it adds up to (minutes and days)."""

    employee: Employee
    cells: list[Cell]
    worked: int
    late_count: int
    late_minutes: int
    missing_count: int
    absent_days: Any
    overtime: int

    @property
    def worked_text(self) -> str:
        """Return the hours worked as a clock spells them."""
        return _hours(self.worked)

    @property
    def overtime_text(self) -> str:
        """Return the overtime as a clock spells it."""
        return _hours(self.overtime)


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}" if minutes else ""


class Grid(NamedTuple):
    """The page: columns, lines, and the page of people they come from."""

    period: Period
    heads: list[Head]
    rows: list[Row]
    page: Page[Employee]


def read_grid(
    user: User,
    period: Period,
    *,
    department: Department | None,
    search: str,
    only_trouble: bool,
    page: str,
    now: datetime,
) -> Grid:
    """Return a page of the grid. A dozen queries, however many people there are.

    People are listed if this user may see a day of theirs in the period, or may see them today;
    only the days that the user may see are shown, so that a unit keeps the days of those who
    have left it and nothing of their days elsewhere.
    """
    visible = AttendanceDay.objects.visible_to(user).filter(
        work_date__gte=period.first, work_date__lte=period.last
    )
    if department is not None:
        visible = visible.filter(department__path__startswith=department.path)
    theirs = visible.filter(employee=OuterRef("pk"))
    if only_trouble:
        people = Employee.objects.filter(Exists(theirs.filter(has_trouble=True)))
    else:
        now_there = Employee.objects.visible_to(user)
        if department is not None:
            now_there = now_there.filter(department__path__startswith=department.path)
        people = Employee.objects.filter(
            Q(Exists(theirs)) | Q(pk__in=now_there.values("pk")),
            Q(left_on__isnull=True) | Q(left_on__gte=period.first),
            joined_on__lte=period.last,
        )
    if search:
        people = people.filter(Q(number__startswith=search) | Q(name__icontains=search))
    people = people.select_related("department").order_by("number")
    paged = BoundedPaginator(people, PEOPLE_ON_A_PAGE).get_page(page)
    shown = list(paged.object_list)
    heads = _heads(period, department)
    return Grid(period, heads, _rows(shown, visible, heads, user, now), paged)


def _heads(period: Period, department: Department | None) -> list[Head]:
    keys = department.lineage() if department else ()
    known = CalendarDay.objects.filter(day__gte=period.first, day__lte=period.last).filter(
        Q(department__isnull=True) | Q(department__in=keys)
    )
    # The nearest department's word is the last one said, over what everybody shares.
    nearest_last = F("department__path").asc(nulls_first=True)
    marked = {row.day: row for row in known.order_by(nearest_last)}
    heads = []
    for day in period.days:
        row = marked.get(day)
        is_off = day.isoweekday() > 5 if row is None else row.kind in _OFF
        name = (row.name or row.get_kind_display()) if row else ""
        heads.append(Head(day, is_off, str(name)))
    return heads


def _rows(
    people: Sequence[Employee], visible: Any, heads: Sequence[Head], user: User, now: datetime
) -> list[Row]:
    keys = [person.pk for person in people]
    days: defaultdict[int, dict[date, AttendanceDay]] = defaultdict(dict)
    stored = visible.filter(employee__in=keys).select_related("shift").defer("notes", "findings")
    for one in stored:
        days[one.employee_id][one.work_date] = one
    planned: defaultdict[int, dict[date, str]] = defaultdict(dict)
    to_come = [head.day for head in heads if head.day >= localdate(now)]
    for person, day, code in expected_codes(user, people, to_come, now=now):
        planned[person][day] = code
    entries = RosterEntry.objects.visible_to(user).filter(
        employee__in=keys, work_date__gte=heads[0].day, work_date__lte=heads[-1].day
    )
    for person, day, code in entries.values_list("employee_id", "work_date", "shift__code"):
        planned[person][day] = code or "·"
    return [_row(person, heads, days[person.pk], planned[person.pk]) for person in people]


def _row(
    person: Employee,
    heads: Sequence[Head],
    days: dict[date, AttendanceDay],
    planned: dict[date, str],
) -> Row:
    cells = []
    for head in heads:
        one = days.get(head.day)
        style = STYLES[one.status] if one else None
        if one is None or one.status == AttendanceDay.Status.PENDING:
            code = planned.get(head.day) or (one.shift.code if one and one.shift else "")
        else:
            code = ""
        cells.append(Cell(head.day, style, _detail(one) if one else "", code, head.is_off))
    own = days.values()
    return Row(
        person,
        cells,
        sum(one.worked_minutes for one in own),
        sum(1 for one in own if one.late_minutes),
        sum(one.late_minutes for one in own),
        sum(one.missing_punches for one in own),
        sum(one.absent_days for one in own),
        sum(
            one.overtime_workday_minutes + one.overtime_rest_minutes + one.overtime_holiday_minutes
            for one in own
        ),
    )


def _detail(one: AttendanceDay) -> str:
    """Return what a cell says when it is pointed at."""
    parts = [str(STYLES[one.status].label)]
    if one.shift:
        parts.append(one.shift.code)
    if one.late_minutes:
        parts.append(f"+{one.late_minutes}′")
    if one.early_minutes:
        parts.append(f"−{one.early_minutes}′")
    return " · ".join(parts)


class Choice(NamedTuple):
    """A department to choose, indented as it stands in the tree."""

    key: int
    name: str


def departments_to_choose(user: User) -> list[Department]:
    """Return the departments that this person may see, in the order of the tree."""
    return sorted(departments_for(user, Action.SEE), key=Department.lineage)


def choices(departments: Sequence[Department]) -> list[Choice]:
    """Return departments as a list to choose from."""
    top = min((one.depth for one in departments), default=0)
    return [Choice(one.pk, "\u2003" * (one.depth - top) + one.name) for one in departments]
