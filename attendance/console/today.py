"""The front page: what needs a person today. Every number is bounded and scoped."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Count, Min, QuerySet

from attendance.console.awaited import missing_now
from attendance.console.last_imports import LastImport, last_imports
from attendance.console.status_style import STYLES, Status, StatusStyle
from attendance.models import AttendanceDay, WaitingDay
from attendance.storing import FAILS_AT_MOST
from devices.models import TerminalLine
from organization.access import Action, granted_paths
from organization.models import Change, Employee, User
from scheduling.models import CalendarYear

AT_MOST: Final = 1000
SHOWN: Final = 12
_DAY: Final = timedelta(days=1)


class Amount(NamedTuple):
    """A number of rows that was counted no further than it must be."""

    number: int

    def __str__(self) -> str:
        """Return the number, or "1,000+"."""
        return f"{AT_MOST:,}+" if self.number >= AT_MOST else f"{self.number:,}"

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return self.number > 0


class Kind(NamedTuple):
    """How many days of one status a date has."""

    style: StatusStyle
    number: int


class Trouble(NamedTuple):
    """A date's trouble: by kind, worst first, and the first people.

    `is_judged`: whether any day of the date has a result that says so.
    """

    day: date
    kinds: list[Kind]
    days: list[AttendanceDay]
    is_judged: bool

    @property
    def total(self) -> int:
        """Return how many days have trouble."""
        return sum(kind.number for kind in self.kinds)


class Work(NamedTuple):
    """What waits to be judged, for people who answer for it."""

    waiting: Amount
    since: datetime | None
    failed: Amount
    changes: Amount


class Missing(NamedTuple):
    """Who should be there now and is not: how many, and the first of them."""

    number: Amount
    days: list[AttendanceDay]


class Today(NamedTuple):
    """Everything on the front page. `sees`: whether other people's days are there for them."""

    sees: bool
    missing: Missing | None
    dates: list[Trouble]
    work: Work | None
    lines_waiting: Amount
    lines_unknown: Amount
    provisional_years: list[int]
    imports: list[LastImport]


def read_today(user: User, today: date, *, now: datetime) -> Today:
    """Return the front page of a person. Some thirty queries, however large the company.

    Whoever sees nobody's days (a reader of totals, an employee) has none of it.
    """
    if granted_paths(user, Action.SEE) == ():
        return Today(False, None, [], None, Amount(0), Amount(0), [], [])
    mine = AttendanceDay.objects.visible_to(user)
    lines = TerminalLine.objects.visible_to(user)
    return Today(
        True,
        _missing(user, today, now),
        [_trouble(mine, day) for day in (today, today - _DAY)],
        _work(user),
        _amount(lines.filter(state=TerminalLine.State.WAITING)),
        _amount(lines.filter(state=TerminalLine.State.UNKNOWN_PERSON)),
        _provisional_years(today),
        last_imports(user),
    )


def _missing(user: User, today: date, now: datetime) -> Missing:
    rows = missing_now(user, today, now=now)
    number = _amount(rows)
    shown = rows.select_related("employee", "department", "shift").order_by("employee_id")
    return Missing(number, list(shown[:SHOWN]) if number else [])


def _trouble(mine: QuerySet[Any], day: date) -> Trouble:
    rows = mine.filter(work_date=day, has_trouble=True)
    kinds: Counter[str] = Counter()
    for status, count in rows.order_by().values_list("status").annotate(count=Count("pk")):
        # A day that is still open has one trouble that no later punch mends.
        kinds[Status.LATE if status == Status.PENDING else status] += count
    found = kinds.most_common()
    return Trouble(
        day,
        [Kind(STYLES[status], count) for status, count in found],
        list(rows.select_related("employee", "department").order_by("employee_id")[:SHOWN])
        if found
        else [],
        bool(found) or mine.filter(work_date=day).exclude(status=Status.PENDING).exists(),
    )


def _work(user: User) -> Work | None:
    """Return the waiting work of the people whom this person may configure; None for nobody's."""
    paths = granted_paths(user, Action.RULE)
    if paths == ():
        return None
    rows = WaitingDay.objects.all()
    if paths is not None:
        people = Employee.objects.visible_to(user, Action.RULE)
        rows = rows.filter(employee__in=people.values("pk"))
    changes = Change.objects.filter(handled_at=None)
    return Work(
        _amount(rows.filter(failed_count__lt=FAILS_AT_MOST)),
        rows.aggregate(since=Min("since"))["since"],
        _amount(rows.filter(failed_count__gt=0)),
        # News of the group names departments and people of everybody.
        _amount(changes) if paths is None else Amount(0),
    )


def _amount(rows: QuerySet[Any]) -> Amount:
    return Amount(rows.order_by().values("pk")[:AT_MOST].count())


def _provisional_years(today: date) -> list[int]:
    """Return the years whose calendar should be announced and is not: the next from November."""
    asked = [today.year, *([today.year + 1] if today.month >= 11 else [])]
    announced = CalendarYear.objects.filter(
        year__in=asked, state=CalendarYear.State.ANNOUNCED
    ).values_list("year", flat=True)
    return [year for year in asked if year not in set(announced)]
