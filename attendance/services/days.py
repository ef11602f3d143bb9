"""Making days wait, judging them, and asking about one of them now."""

from __future__ import annotations

import gc
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils.translation import gettext_lazy as _

from attendance.engine import DayResult, Minute, evaluate_day
from attendance.loading import Dialect, Facts, Loaded, as_date, inputs, load_facts
from attendance.models import AttendanceDay, Punch, WaitingDay
from attendance.planning import minute_of, second_of
from attendance.storing import (
    FAILS_AT_MOST,
    Judged,
    Waiting,
    digest_of,
    encode,
    mark_failed,
    read_waiting,
    stamp,
    store,
)
from organization.models import Change, Department, Employee
from organization.services import zone_names
from scheduling.models import RosterEntry, ShiftAssignment

logger = logging.getLogger(__name__)

CHUNK: Final = 3_000
# Days are opened and woken up to tomorrow: an early shift's punch may come before midnight.
HORIZON: Final = timedelta(days=1)
_DAY: Final = timedelta(days=1)
# No punch belongs to a date further from the one on which it was made: a shift may last into the
# second day after its date, and clocks elsewhere may be a date ahead.
REACH: Final = timedelta(days=3)


# What made a day wait: the keys stand in WaitingDay.cause and DayHistory.cause.
CAUSES: Final = {
    **dict(Change.Reason.choices),
    "punch": _("New punch"),
    "decision": _("Decision on a punch"),
    "correction": _("Correction"),
    "absence": _("Absence"),
    "overtime": _("Overtime approval"),
    "opened": _("Day began"),
    "window": _("Punch window closed"),
    "day_before": _("Day before changed"),
}


# --- making days wait ------------------------------------------------------------------------


def wake(
    days: Iterable[tuple[int, date]], *, cause: str, now: datetime, is_forced: bool = False
) -> int:
    """Make employee-days wait; return how many. Call it in the transaction of the new fact.

    A day that waits already gets a new version, so that a verdict on its older facts is
    dropped. `is_forced` writes the verdict even where nothing changed.
    """
    # Everybody takes the rows in one order, so that two writers never wait for each other.
    keys = sorted(set(days))
    if not keys:
        return 0
    tail = (
        "ON CONFLICT (employee_id, work_date) DO UPDATE SET "
        "facts_version = excluded.facts_version, cause = excluded.cause, "
        "is_forced = (attendance_waitingday.is_forced OR excluded.is_forced), "
        "failed_count = 0, problem = ''"
    )
    head = (
        "INSERT INTO attendance_waitingday "
        "(employee_id, work_date, facts_version, cause, is_forced, since, failed_count, problem) "
    )
    versions = [secrets.randbits(62) for _key in keys]
    since = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"{head} SELECT e, d, v, %s, %s, %s, 0, '' "
                f"FROM unnest(%s::bigint[], %s::date[], %s::bigint[]) AS k(e, d, v) {tail}",
                [
                    cause,
                    is_forced,
                    since,
                    [key[0] for key in keys],
                    [key[1] for key in keys],
                    versions,
                ],
            )
        else:
            cursor.executemany(
                f"{head} VALUES (%s, %s, %s, %s, %s, %s, 0, '') {tail}",
                [
                    (person, day, version, cause, is_forced, since)
                    for (person, day), version in zip(keys, versions, strict=True)
                ],
            )
    return len(keys)


def wake_for_punches(
    seen: Iterable[tuple[int, int, str]], *, now: datetime, cause: str = "punch"
) -> int:
    """Make the days wait to which these punches may belong; return how many.

    `seen` holds (employee id, second since the epoch, IANA zone in which the person's days are
    planned). Which day takes a punch is the engine's business; here it is enough that no
    candidate is missed: every date whose punch window, of whatever shift there is, could hold it.
    """
    opens, closes = _reach()
    days = {
        (person, day)
        for person, second, zone in seen
        for day in _candidates(second // 60, zone, opens, closes)
    }
    return wake(days, cause=cause, now=now)


def _reach() -> tuple[int, int]:
    """Return how early and how late, in wall minutes of its date, any day takes punches."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MIN(opens_minute), MAX(closes_minute) FROM scheduling_shiftversion")
        opens, closes = cursor.fetchone()
    return min(opens or 0, 0), max(closes or 0, 1440)


# Clocks move by at most a few hours; windows are wall minutes.
_CLOCK_CHANGE: Final = 180


@lru_cache(maxsize=65_536)
def _candidates(minute: int, zone: str, opens: int, closes: int) -> tuple[date, ...]:
    wall = datetime.fromtimestamp(minute * 60, ZoneInfo(zone))
    since_midnight = wall.hour * 60 + wall.minute
    found = []
    for back in range(-2, 4):
        at = since_midnight + back * 1440
        if opens - _CLOCK_CHANGE <= at <= closes + _CLOCK_CHANGE:
            found.append(wall.date() - back * _DAY)
    return tuple(found)


def wake_range(
    *,
    starts_on: date,
    ends_on: date,
    cause: str,
    now: datetime,
    employee_ids: Sequence[int] | None = None,
    department: Department | None = None,
    is_forced: bool = False,
) -> int:
    """Make all days of these people between two dates (inclusive) wait; return how many.

    `employee_ids` None means everybody who is, or ever was, in `department` or below; both
    None means everybody. Days outside a person's employment wait only where a result stands.
    """
    if ends_on < starts_on:
        return 0
    speak = Dialect()
    if speak.is_postgresql:
        dates = "SELECT d::date AS day FROM generate_series(%s::date, %s::date, '1 day') AS d"
        version = "(random() * 4611686018427387904)::bigint"
    else:
        dates = (
            "WITH RECURSIVE days(day) AS (SELECT %s UNION ALL "
            "SELECT date(day, '+1 day') FROM days WHERE day < %s) SELECT day FROM days"
        )
        version = "(abs(random()) / 2)"
    since = connection.ops.adapt_datetimefield_value(now)
    scope, params = "", []
    if employee_ids is not None:
        scope = f" AND {speak.among('e.id')}"
        params.append(speak.listed(employee_ids))
    elif department is not None:
        scope = (
            " AND EXISTS (SELECT 1 FROM organization_transfer t "
            "JOIN organization_department p ON p.id = t.department_id "
            "WHERE t.employee_id = e.id AND (p.path LIKE %s OR EXISTS "
            # A department that has moved since hung below this one on some of the days.
            "(SELECT 1 FROM organization_formerdepartment f "
            "JOIN organization_department m ON m.id = f.department_id "
            "JOIN organization_department o ON o.id = f.parent_id "
            "WHERE p.path LIKE m.path || '%%' AND o.path LIKE %s)))"
        )
        params += [f"{department.path}%"] * 2
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO attendance_waitingday "
            "(employee_id, work_date, facts_version, cause, is_forced, since, failed_count, "
            f"problem) SELECT e.id, k.day, {version}, %s, %s, %s, 0, '' "
            f"FROM organization_employee e CROSS JOIN ({dates}) AS k "
            "WHERE ((e.joined_on <= k.day AND (e.left_on IS NULL OR e.left_on >= k.day)) "
            "OR EXISTS (SELECT 1 FROM attendance_attendanceday a "
            f"WHERE a.employee_id = e.id AND a.work_date = k.day)){scope} "
            "ORDER BY e.id, k.day "
            "ON CONFLICT (employee_id, work_date) DO UPDATE SET "
            "facts_version = excluded.facts_version, cause = excluded.cause, "
            "is_forced = (attendance_waitingday.is_forced OR excluded.is_forced), "
            "failed_count = 0, problem = ''",
            [cause, is_forced, since, starts_on, ends_on, *params],
        )
        return int(cursor.rowcount)


def take_in_changes(*, now: datetime, limit: int = 100) -> int:
    """Make the days wait that the rooms below left news about; return how many.

    A change of one date moves its neighbours too: where windows overlap, the earlier day
    decides what is left for the later. Days to come need no waking; they are opened in time.
    """
    count = 0
    can_skip = connection.features.has_select_for_update_skip_locked
    for _turn in range(limit):
        with transaction.atomic():
            change = (
                Change.objects.select_for_update(skip_locked=can_skip)
                .filter(handled_at=None)
                .order_by("pk")
                .first()
            )
            if change is None:
                break
            last = _latest_today(now) + HORIZON
            first = change.starts_on - 2 * _DAY
            if change.reason == Change.Reason.PERSON:
                first = max(first, kept_since(now=now))
            count += wake_range(
                starts_on=first,
                ends_on=min(change.ends_on + 2 * _DAY, last) if change.ends_on else last,
                cause=change.reason,
                now=now,
                employee_ids=change.employee_ids,
                department=change.department,
            )
            change.handled_at = now
            change.save(update_fields=["handled_at"])
    return count


def kept_since(*, now: datetime) -> date:
    """Return the first date for which anything is known here: a plan, or a day's result.

    Whoever brings in people that were hired years ago has not kept their attendance here since
    then. News of plans and punches wake their own days, however old.
    """
    known = (
        ShiftAssignment.objects.aggregate(first=Min("starts_on"))["first"],
        RosterEntry.objects.aggregate(first=Min("work_date"))["first"],
        AttendanceDay.objects.aggregate(first=Min("work_date"))["first"],
    )
    return min((day for day in known if day is not None), default=_latest_today(now) - _DAY)


def _latest_today(now: datetime) -> date:
    """Return the date in the zone that is furthest ahead among the sites."""
    zones = set(zone_names().values())
    return max((now.astimezone(ZoneInfo(zone)).date() for zone in zones), default=now.date())


def open_days(*, now: datetime, days_back: int = 1) -> int:
    """Make days wait that have begun in their site's zone and have no result; return how many."""
    by_zone: dict[str, list[int]] = {}
    for department, zone in zone_names().items():
        by_zone.setdefault(zone, []).append(department)
    speak = Dialect()
    count = 0
    for zone, departments in sorted(by_zone.items()):
        today = now.astimezone(ZoneInfo(zone)).date()
        for back in range(days_back, -1, -1):
            day = today - back * _DAY
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT e.id FROM organization_employee e "
                    "LEFT JOIN attendance_attendanceday a "
                    "ON a.employee_id = e.id AND a.work_date = %s "
                    "LEFT JOIN attendance_waitingday w "
                    "ON w.employee_id = e.id AND w.work_date = %s "
                    f"WHERE {speak.among('e.department_id')} AND a.id IS NULL AND w.id IS NULL "
                    "AND e.joined_on <= %s AND (e.left_on IS NULL OR e.left_on >= %s)",
                    [day, day, speak.listed(departments), day, day],
                )
                missing = [row[0] for row in cursor.fetchall()]
            count += wake(((person, day) for person in missing), cause="opened", now=now)
    return count


def close_windows(*, now: datetime, limit: int = 50_000) -> int:
    """Make pending days wait whose punch window has closed (C20); return how many.

    A day that waits already is left alone: to wake it again would forget how often it failed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.employee_id, a.work_date FROM attendance_attendanceday a "
            "WHERE a.closes_at <= %s AND NOT EXISTS (SELECT 1 FROM attendance_waitingday w "
            "WHERE w.employee_id = a.employee_id AND w.work_date = a.work_date) "
            "ORDER BY a.closes_at LIMIT %s",
            [connection.ops.adapt_datetimefield_value(now), limit],
        )
        found = cursor.fetchall()
    return wake(((person, as_date(day)) for person, day in found), cause="window", now=now)


# --- judging ---------------------------------------------------------------------------------


def waiting_ranges(chunk: int = CHUNK) -> list[tuple[int, int]]:
    """Return ranges of employee ids (inclusive), each with about `chunk` waiting days."""
    people = (
        WaitingDay.objects.filter(failed_count__lt=FAILS_AT_MOST)
        .values_list("employee_id")
        .annotate(days=Count("pk"))
        .order_by("employee_id")
    )
    ranges: list[tuple[int, int]] = []
    first, days = None, 0
    last = None
    for person, count in people.iterator():
        if first is not None and days + count > chunk:
            ranges.append((first, last or first))
            first, days = None, 0
        first = person if first is None else first
        last, days = person, days + count
    if first is not None:
        ranges.append((first, last or first))
    return ranges


def judge_range(
    *, first_employee: int, last_employee: int, now: datetime, chunk: int = CHUNK
) -> int:
    """Judge what waits of a range of people; return how many days were judged.

    Safe to run twice, late, or beside its twin: a day is stored by whoever still finds its
    waiting row as it was read.
    """
    count = 0
    after: tuple[int, date] | None = None
    while True:
        waiting = read_waiting(
            first_employee=first_employee, last_employee=last_employee, after=after, limit=chunk
        )
        if not waiting:
            return count
        count += judge(waiting, now=now)
        after = (waiting[-1].employee_id, waiting[-1].work_date)
        if len(waiting) < chunk:
            return count


def judge(waiting: Sequence[Waiting], *, now: datetime) -> int:
    """Judge a chunk of waiting days and store the verdicts; return how many were judged."""
    # A chunk is some hundred thousand small values that all live until it is stored: looking
    # through them for cycles takes longer than judging them. A chunk is bounded.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        return _judge_chunk(waiting, now)
    finally:
        if was_collecting:
            gc.enable()


def _judge_chunk(waiting: Sequence[Waiting], now: datetime) -> int:
    days = [row.work_date for row in waiting]
    keys = sorted({row.employee_id for row in waiting})
    facts = load_facts(keys, min(days), max(days))
    as_of = minute_of(now)
    at = stamp(now)
    judged: list[Judged] = []
    awaited: list[tuple[int, date]] = []
    for person, group in groupby(waiting, key=attrgetter("employee_id")):
        own = list(group)
        try:
            judged += _judge_person(facts, person, own, as_of, at, awaited)
        except Exception as error:  # one poisoned row must not stop the queue; it is shown
            logger.exception("The days of employee %s could not be judged.", person)
            mark_failed(own, f"{type(error).__name__}: {error}"[:500])
    # Tomorrow is judged from today's facts and not from today's verdict, so it may be woken first;
    # together with the storing it would take rows crosswise to whoever brings punches.
    if awaited:
        last = _latest_today(now) + HORIZON
        with transaction.atomic():
            wake((key for key in awaited if key[1] <= last), cause="day_before", now=now)
    store(judged)
    return len(judged)


def _judge_person(
    facts: Facts,
    person: int,
    waiting: Sequence[Waiting],
    as_of: Minute,
    at: str,
    awaited: list[tuple[int, date]],
) -> list[Judged]:
    judged = []
    own_days = {row.work_date for row in waiting}
    loaded = inputs(facts, person, [row.work_date for row in waiting], as_of)
    for row, one in zip(waiting, loaded, strict=True):
        digest = digest_of(one, facts.book.mark(one.planned))
        if digest and digest == row.digest and not row.is_forced:
            judged.append(Judged(row))
            continue
        verdict = encode(row, one, evaluate_day(one.day), digest, at)
        judged.append(verdict)
        tomorrow = row.work_date + _DAY
        if one.is_awaited and tomorrow not in own_days:
            awaited.append((person, tomorrow))
    return judged


def judge_all(*, now: datetime, chunk: int = CHUNK) -> int:
    """Judge everything that waits, here and now; return how many days. For commands and tests."""
    return sum(
        judge_range(first_employee=first, last_employee=last, now=now, chunk=chunk)
        for first, last in waiting_ranges(chunk)
    )


def judge_now(*, employee_id: int, work_date: date, now: datetime) -> int:
    """Judge one day at once and store the verdict; return 1, or 0 if it was overtaken."""
    wake([(employee_id, work_date)], cause=Change.Reason.ORDERED, now=now, is_forced=True)
    waiting = [
        row
        for row in read_waiting(
            first_employee=employee_id,
            last_employee=employee_id,
            after=(employee_id, work_date - _DAY),
            limit=1,
        )
        if row.work_date == work_date
    ]
    return judge(waiting, now=now) if waiting else 0


def explain_day(*, employee_id: int, work_date: date, now: datetime) -> tuple[Loaded, DayResult]:
    """Return what was expected and what the engine says now, without storing anything."""
    facts = load_facts([employee_id], work_date, work_date)
    (loaded,) = inputs(facts, employee_id, [work_date], minute_of(now))
    return loaded, evaluate_day(loaded.day)


class Belonging(NamedTuple):
    """The work date of a punch, and the department that the person belonged to on it."""

    work_date: date
    department_id: int


def dates_around(day: date) -> list[date]:
    """Return the dates, in order, to which a punch may belong that is made on one."""
    return [day + n * _DAY for n in range(-REACH.days, REACH.days)]


def belongings_of(punches: Iterable[Punch]) -> dict[int, Belonging]:
    """Return for each punch, by its key, which date takes it, or would take it if it counted.

    A punch in no window is of the date on which it was made. Eight queries, however many punches.
    """
    made_on = {punch: local_date(punch) for punch in punches}
    if not made_on:
        return {}
    facts = load_facts(
        sorted({punch.employee_id for punch in made_on}),
        dates_around(min(made_on.values()))[0],
        dates_around(max(made_on.values()))[-1],
    )
    return {punch.pk: _belonging(facts, punch, day) for punch, day in made_on.items()}


def _belonging(facts: Facts, punch: Punch, made_on: date) -> Belonging:
    person = punch.employee_id
    # Windows alone say which date takes a punch, and not what else is in them.
    alone = (person, second_of(punch.punched_at), punch.direction, punch.pk, "accepted")
    facts = facts._replace(punches={person: [alone]})
    for one in inputs(facts, person, dates_around(made_on), minute_of(punch.punched_at)):
        if any(mark.id == punch.pk for mark in one.day.marks):
            return Belonging(one.work_date, one.department_id)
    return Belonging(made_on, facts.people[person].department_on(made_on))


def local_date(punch: Punch) -> date:
    """Return the date that the wall shows where a punch is made."""
    return punch.punched_at.astimezone(ZoneInfo(punch.zone)).date()


def affected_days(
    *,
    starts_on: date,
    ends_on: date,
    employee_ids: Sequence[int] | None = None,
    department: Department | None = None,
) -> int:
    """Return how many stored results a change between two dates would judge again."""
    rows = AttendanceDay.objects.filter(work_date__gte=starts_on, work_date__lte=ends_on)
    if employee_ids is not None:
        rows = rows.filter(employee_id__in=employee_ids)
    elif department is not None:
        rows = rows.filter(department__path__startswith=department.path)
    return rows.count()


def zones_of(employee_ids: Iterable[int]) -> Mapping[int, str]:
    """Return the IANA zone of each of these people's departments of today. Two queries."""
    zones = zone_names()
    people = Employee.objects.filter(pk__in=list(employee_ids))
    return {pk: zones[department] for pk, department in people.values_list("pk", "department_id")}
