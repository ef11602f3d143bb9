"""What approving would change: the engine asked with the hypothetical fact, nothing stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from approvals.content import ABSENCES, Kind
from approvals.models import Request
from attendance.engine import Correction, DayResult, Span, evaluate_day
from attendance.loading import Facts, Loaded, inputs, load_facts
from attendance.planning import minute_of
from attendance.services.days import dates_around

_DAY: Final = timedelta(days=1)
DAYS_AT_MOST: Final = 31
_NEAR: Final = timedelta(days=31)
# The newest of all: of two corrections for one slot the later counts.
_NEWEST: Final = 2**62


class Ahead(NamedTuple):
    """A date as it is, and as it would be."""

    day: date
    before: DayResult
    after: DayResult

    @property
    def is_changed(self) -> bool:
        """Say whether anything would be otherwise."""
        return self.before._replace(notes=()) != self.after._replace(notes=())


class Outlook(NamedTuple):
    """What the day of a request looks like now, and what approving would change.

    `days` are its dates that would change, and always the first. `taken_by` is the date that takes
    the punch that it is about, where it is about one.
    """

    loaded: Loaded
    result: DayResult
    zone: ZoneInfo
    days: tuple[Ahead, ...]
    taken_by: date | None


def look_ahead(requests: Sequence[Request], *, now: datetime) -> dict[int, Outlook]:
    """Return the outlook of each request by its key.

    As many queries for twenty as for one, where they are about the same weeks. What lies far away
    is read by itself: one leave of next year must not read a year of everybody's punches.
    """
    dates = {request.pk: _dates(request) for request in requests}
    found: dict[int, Outlook] = {}
    for near in _near_each_other(requests, dates):
        facts = load_facts(
            sorted({request.employee_id for request in near}),
            min(dates[request.pk][0] for request in near),
            max(dates[request.pk][-1] for request in near),
        )
        found |= {request.pk: _outlook(facts, request, dates[request.pk], now) for request in near}
    return found


def _near_each_other(
    requests: Sequence[Request], dates: Mapping[int, Sequence[date]]
) -> list[list[Request]]:
    """Return the requests in groups between whose dates lie no more than some weeks."""
    groups: list[list[Request]] = []
    last = date.min
    for request in sorted(requests, key=lambda one: dates[one.pk][0]):
        if not groups or dates[request.pk][0] - last > _NEAR:
            groups.append([])
        groups[-1].append(request)
        last = max(last, dates[request.pk][-1])
    return groups


def _dates(request: Request) -> list[date]:
    """Return the dates that a request may change, in order, a bounded number."""
    first = request.work_date
    if Kind(request.kind) in ABSENCES and request.ends_at is not None:
        # A night belongs to its evening, and the last moment lies in some zone.
        last = min(request.ends_at.date(), first + DAYS_AT_MOST * _DAY)
        return [first + n * _DAY for n in range(-1, max((last - first).days, 0) + 1)]
    if request.punch_id is not None:
        return dates_around(first)
    return [first]


def _outlook(facts: Facts, request: Request, days: Sequence[date], now: datetime) -> Outlook:
    as_of = minute_of(now)
    person = request.employee_id
    before = {one.work_date: one for one in inputs(facts, person, days, as_of)}
    after = list(inputs(with_fact(facts, request), person, days, as_of))
    ahead = [
        Ahead(one.work_date, evaluate_day(before[one.work_date].day), evaluate_day(one.day))
        for one in after
    ]
    changed = [one for one in ahead if one.is_changed]
    home = changed[0].day if changed else request.work_date
    shown = changed or [one for one in ahead if one.day == request.work_date]
    loaded = before[home]
    return Outlook(
        loaded,
        next(one.before for one in ahead if one.day == home),
        facts.book.zone_of(loaded.department_id, home),
        tuple(shown),
        _taken_by(request, after),
    )


def _taken_by(request: Request, after: Iterable[Loaded]) -> date | None:
    """Return the date that takes the punch of a request; its own date where none does."""
    if request.punch_id is None:
        return None
    marked = (
        one.work_date for one in after if request.punch_id in {mark.id for mark in one.day.marks}
    )
    return next(marked, request.work_date)


def with_fact(facts: Facts, request: Request) -> Facts:
    """Return the facts as they would be, were the request approved."""
    person, day, kind = request.employee_id, request.work_date, Kind(request.kind)
    if request.punch_id is not None:
        rows = [
            (*row[:4], "accepted") if row[3] == request.punch_id else row
            for row in facts.punches.get(person, ())
        ]
        return facts._replace(punches={**facts.punches, person: rows})
    if request.corrected_at is not None:
        made = Correction(request.slot, minute_of(request.corrected_at), _NEWEST)
        corrections = _added(facts.corrections.get(person, {}), day, [made])
        return facts._replace(corrections={**facts.corrections, person: corrections})
    if request.starts_at is None or request.ends_at is None:
        return facts
    span = Span(minute_of(request.starts_at), minute_of(request.ends_at), request.kind, _NEWEST)
    if kind is Kind.OVERTIME:
        overtime = _added(facts.overtime.get(person, {}), day, [span])
        return facts._replace(overtime={**facts.overtime, person: overtime})
    absences = [*facts.absences.get(person, ()), (request.kind, span)]
    return facts._replace(absences={**facts.absences, person: absences})


_T = TypeVar("_T")


def _added(rows: Mapping[date, list[_T]], day: date, new: Iterable[_T]) -> dict[date, list[_T]]:
    return {**rows, day: [*rows.get(day, []), *new]}
