"""What is looked at before a period is closed: each check counts rows and leads to them.

An app above adds its own with `register_check`, when it is ready.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.ledger import Place, places_of
from attendance.models import AttendanceDay, AttendancePeriod, Punch, PunchDecision, WaitingDay
from devices.models import TerminalLine
from organization.access import ever_within, path_on, within
from organization.models import Change, Employee

_DAY: Final = timedelta(days=1)
# The parameter that narrows a list down to what a check counts: "<check>-<period>".
PARAMETER: Final = "to_close"


@dataclass(frozen=True)
class ToClose:
    """A period that somebody wants to close, and which departments it closes on which dates."""

    period: AttendancePeriod

    @cached_property
    def places(self) -> list[Place]:
        """Return the departments by the tree of each date."""
        period = self.period
        return places_of(period.department_id, period.starts_on, period.ends_on)

    @cached_property
    def departments(self) -> list[int]:
        """Return the keys of all departments that are closed on some date."""
        return sorted({place.department_id for place in self.places})

    def there(self, date_lookup: str = "work_date", department: str = "department") -> Q:
        """Return the condition that a row with a department and a date is closed with it."""
        stretches: defaultdict[tuple[date, date], list[int]] = defaultdict(list)
        for place in self.places:
            stretches[place.first, place.last].append(place.department_id)
        conditions = (
            Q(
                **{
                    f"{department}__in": keys,
                    f"{date_lookup}__gte": first,
                    f"{date_lookup}__lte": last,
                }
            )
            for (first, last), keys in stretches.items()
        )
        return reduce(or_, conditions, Q(pk__in=[]))

    def has(self, day: date, department_id: int) -> bool:
        """Say whether a date of a department is closed with it."""
        return any(
            place.department_id == department_id and place.first <= day <= place.last
            for place in self.places
        )

    def days(self) -> QuerySet[AttendanceDay]:
        """Return the results that would be frozen."""
        return AttendanceDay.objects.filter(self.there()).order_by()

    def has_day(self, employee: str = "employee", work_date: str = "work_date") -> Exists:
        """Return the condition that a row about a person and a date is about one of its days."""
        mine = {"employee": OuterRef(employee), "work_date": OuterRef(work_date)}
        return Exists(self.days().filter(**mine))

    def between(self) -> tuple[datetime, datetime]:
        """Return the moments between which the period lies, by the server's clock."""
        first, last = self.period.starts_on, self.period.ends_on + _DAY
        begin, end = (timezone.make_aware(datetime.combine(day, time())) for day in (first, last))
        return begin, end


Rows = Callable[[ToClose], QuerySet[Any]]


class Check(NamedTuple):
    """A kind of rows that speak against closing.

    `is_hard` ones hinder it; the others are counted, and confirmed by whoever closes. `page` is
    the name of a list; with `is_narrowed` it is asked for these rows alone, see PARAMETER.
    """

    key: str
    title: str | Promise
    is_hard: bool
    rows: Rows
    page: str = ""
    is_narrowed: bool = True
    query: str = ""

    def link(self, period: AttendancePeriod) -> str:
        """Return the address of the rows; empty where no list shows them."""
        if not self.page:
            return ""
        asked = f"?{PARAMETER}={self.key}-{period.pk}" if self.is_narrowed else self.query
        return reverse(self.page) + asked


class Found(NamedTuple):
    """What a check has found."""

    check: Check
    number: int


_checks: dict[str, Check] = {}


def register_check(check: Check) -> None:
    """Let a check be made before any period is closed. A key stands once."""
    _checks[check.key] = check


def checks() -> Sequence[Check]:
    """Return the checks, those that hinder first."""
    return sorted(_checks.values(), key=lambda check: not check.is_hard)


def find_check(key: str) -> Check | None:
    """Return the check of a key."""
    return _checks.get(key)


def look(to_close: ToClose) -> list[Found]:
    """Return what each check finds, also where that is nothing."""
    return [Found(check, check.rows(to_close).count()) for check in checks()]


# --- our own ---------------------------------------------------------------------------------


def _waiting(to_close: ToClose) -> QuerySet[Any]:
    period = to_close.period
    path = (period.department.path,)
    rows = WaitingDay.objects.filter(
        work_date__gte=period.starts_on, work_date__lte=period.ends_on
    ).alias(path_then=path_on("employee", OuterRef("work_date")))
    people = Employee.objects.filter(ever_within(path))
    placed = Q(employee__in=people.values("pk")) & within(path, "path_then")
    return rows.filter(placed | Q(to_close.has_day())).order_by()


def _news(to_close: ToClose) -> QuerySet[Any]:
    """News that nobody has taken in yet: of days that will wait in a moment."""
    period = to_close.period
    return Change.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=period.starts_on - 2 * _DAY),
        handled_at=None,
        starts_on__lte=period.ends_on + 2 * _DAY,
    ).order_by()


def _held(to_close: ToClose) -> QuerySet[Any]:
    begin, end = to_close.between()
    undecided = ~Exists(PunchDecision.objects.filter(punch=OuterRef("pk")))
    rows = Punch.objects.filter(
        undecided,
        is_held=True,
        department__in=to_close.departments,
        punched_at__gte=begin,
        punched_at__lt=end + _DAY / 2,
    )
    return rows.order_by()


def _lines(to_close: ToClose, *states: str) -> QuerySet[Any]:
    begin, end = to_close.between()
    rows = TerminalLine.objects.filter(
        terminal__department__in=to_close.departments,
        state__in=states,
        received_at__gte=begin,
        received_at__lt=end + _DAY,
    )
    return rows.order_by()


def _without_result(to_close: ToClose) -> QuerySet[Any]:
    """People who belong there today, and of whom the period knows no day."""
    period = to_close.period
    spanned = {"work_date__gte": period.starts_on, "work_date__lte": period.ends_on}
    rows = Employee.objects.filter(
        Q(left_on__isnull=True) | Q(left_on__gte=period.starts_on),
        ~Exists(AttendanceDay.objects.filter(employee=OuterRef("pk"), **spanned)),
        department__in=to_close.departments,
        joined_on__lte=period.ends_on,
    )
    return rows.order_by()


_Status = AttendanceDay.Status
_State = TerminalLine.State
_DAYS: Final = "admin:attendance_attendanceday_changelist"
_LINES: Final = "admin:devices_terminalline_changelist"

for _check in (
    Check(
        "waiting",
        _("Days that wait to be judged"),
        True,
        _waiting,
        "admin:attendance_waitingday_changelist",
    ),
    Check("news", _("Changes of plans that are not taken in yet"), True, _news),
    Check(
        "pending",
        _("Days whose punch window is still open"),
        True,
        lambda to_close: to_close.days().filter(status=_Status.PENDING),
        _DAYS,
    ),
    Check(
        "lines",
        _("Terminal lines that are not taken in yet"),
        True,
        lambda to_close: _lines(to_close, _State.WAITING),
        _LINES,
        False,
        f"?state__exact={_State.WAITING}",
    ),
    Check(
        "held",
        _("Held punches that nobody decided"),
        False,
        _held,
        "admin:attendance_punch_changelist",
    ),
    Check(
        "quarantined",
        _("Terminal lines in quarantine"),
        False,
        lambda to_close: _lines(to_close, _State.QUARANTINED),
        _LINES,
        False,
        f"?state__exact={_State.QUARANTINED}",
    ),
    Check(
        "unknown",
        _("Terminal lines of unknown people"),
        False,
        lambda to_close: _lines(to_close, _State.UNKNOWN_PERSON),
        _LINES,
        False,
        f"?state__exact={_State.UNKNOWN_PERSON}",
    ),
    Check(
        "provisional",
        _("Days by a calendar that is not announced"),
        False,
        lambda to_close: to_close.days().filter(is_provisional=True),
        _DAYS,
    ),
    Check("empty", _("People without any result"), False, _without_result),
):
    register_check(_check)
