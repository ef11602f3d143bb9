"""Closed days and what has become known since, in SQL: a period may hold 300,000 days.

What a closed period paid for a day is its ClosedDay, or the `after` of the latest adjustment to
it. What it would pay is the AttendanceDay, as long as the day belongs to a department that the
period closes. Where the two differ, another adjustment is added.

Nothing is missed between them: whoever stores verdicts holds the ledger together with others,
and whoever closes a period holds it alone while it looks once more at what it has frozen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from attendance.loading import Dialect, as_date, load_sites, rows
from attendance.models.periods import FIGURES, TEXTS
from attendance.planbook import Site

_DAY: Final = timedelta(days=1)
# Keys of PostgreSQL's advisory locks. Nobody else in this database uses any of this class.
_LEDGER: Final = (0x6B71, 1)
_PERIODS: Final = (0x6B71, 2)


class Place(NamedTuple):
    """A department that a period closes, and between which dates (inclusive)."""

    department_id: int
    first: date
    last: date


Trees = tuple[dict[int, Site], list[tuple[date, dict[int, Site]]]]


class Moved(NamedTuple):
    """A day that was judged anew: of whom, where it belongs now, and why."""

    employee_id: int
    work_date: date
    department_id: int
    cause: str


# --- who holds what --------------------------------------------------------------------------


def share() -> None:
    """Hold the ledger together with others until the transaction ends.

    Call it before any row is locked. SQLite has one writer, who holds everything alone.
    """
    _hold("pg_advisory_xact_lock_shared", _LEDGER)


def hold_alone() -> None:
    """Wait until nobody stores verdicts, and hold the ledger alone until the transaction ends."""
    _hold("pg_advisory_xact_lock", _LEDGER)


def hold_periods() -> None:
    """Let nobody else open, close or reopen a period until the transaction ends."""
    _hold("pg_advisory_xact_lock", _PERIODS)


def _hold(function: str, key: tuple[int, int]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", key)


# --- what a period closes --------------------------------------------------------------------


def places_of(
    department_id: int, first: date, last: date, trees: Trees | None = None
) -> list[Place]:
    """Return the departments that lie under one between two dates, by the tree of each date.

    `trees` is what `load_sites` said of the first date, or of one before, where many ask.
    """
    today, former = trees if trees is not None else load_sites(first)
    found: list[Place] = []
    begins = first
    for until, sites in (*former, (date.max, today)):
        ends = min(until - _DAY, last)
        if begins <= ends:
            found += (
                Place(key, begins, ends)
                for key, site in sites.items()
                if department_id in site.ancestors
            )
        begins = max(begins, until)
    return found


def _closed_places(first: date, last: date) -> dict[int, list[tuple[date, date, int]]]:
    """Return by department the stretches of closed periods, with the closing in force."""
    closed = [
        (closing, department, as_date(starts_on), as_date(ends_on))
        for closing, department, starts_on, ends_on in rows(
            "SELECT closing_id, department_id, starts_on, ends_on "
            "FROM attendance_attendanceperiod "
            "WHERE state = 'closed' AND ends_on >= %s AND starts_on <= %s",
            [first, last],
        )
    ]
    found: defaultdict[int, list[tuple[date, date, int]]] = defaultdict(list)
    trees = load_sites(min(row[2] for row in closed)) if closed else None
    for closing, department, starts_on, ends_on in closed:
        for place in places_of(department, starts_on, ends_on, trees):
            found[place.department_id].append((place.first, place.last, closing))
    return found


def _listed(speak: Dialect, places: Sequence[Place]) -> tuple[str, list[Any]]:
    """Return places as a table p(department_id, first, last), and its parameters."""
    if speak.is_postgresql:
        return (
            "unnest(%s::bigint[], %s::date[], %s::date[]) AS p(department_id, first, last)",
            [list(column) for column in zip(*places, strict=True)] if places else [[], [], []],
        )
    return (
        "(SELECT value ->> 0 AS department_id, value ->> 1 AS first, value ->> 2 AS last "
        "FROM json_each(%s)) AS p",
        [json.dumps([(key, str(first), str(last)) for key, first, last in places])],
    )


_THERE: Final = "p.department_id = a.department_id AND a.work_date BETWEEN p.first AND p.last"


# --- closing ---------------------------------------------------------------------------------

_FIGURES: Final = ", ".join(FIGURES)


def freeze(*, closing_id: int, number: int, places: Sequence[Place], now: datetime) -> int:
    """Copy what is to be paid into closed days, by number and date; return how many."""
    speak = Dialect()
    table, params = _listed(speak, places)
    binary = '"C"' if speak.is_postgresql else "BINARY"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO attendance_closedday (closing_id, employee_id, work_date, department_id, "
            f"closing_number, number, name, {_FIGURES}, digest, closed_at) "
            "SELECT %s, a.employee_id, a.work_date, a.department_id, %s, e.number, e.name, "
            f"{', '.join(f'a.{figure}' for figure in FIGURES)}, a.digest, %s "
            f"FROM attendance_attendanceday a JOIN {table} ON {_THERE} "
            "JOIN organization_employee e ON e.id = a.employee_id "
            f"ORDER BY e.number COLLATE {binary}, a.work_date",
            [closing_id, number, connection.ops.adapt_datetimefield_value(now), *params],
        )
        return int(cursor.rowcount)


def take_over(*, closing_id: int, places: Sequence[Place], first: date, now: datetime) -> int:
    """Let a closing take over what waits for it from earlier periods; return how many.

    These are the adjustments of its departments to days of closings in force, unless another
    closing in force has them.
    """
    speak = Dialect()
    departments = sorted({place.department_id for place in places})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO attendance_takenadjustment "
            "(closing_id, adjustment_id, number, name, taken_at) "
            "SELECT %s, j.id, e.number, e.name, %s FROM attendance_adjustment j "
            "JOIN attendance_attendanceperiod q ON q.closing_id = j.closing_id "
            "JOIN organization_employee e ON e.id = j.employee_id "
            f"WHERE q.ends_on < %s AND {speak.among('j.department_id')} AND NOT EXISTS ("
            "SELECT 1 FROM attendance_takenadjustment t "
            "JOIN attendance_attendanceperiod z ON z.closing_id = t.closing_id "
            "WHERE t.adjustment_id = j.id) "
            "ORDER BY j.id",
            [
                closing_id,
                connection.ops.adapt_datetimefield_value(now),
                first,
                speak.listed(departments),
            ],
        )
        return int(cursor.rowcount)


# --- what has become known since -------------------------------------------------------------


def note_differences(moved: Iterable[Moved], *, at: Any) -> int:
    """Add adjustments where days that were judged anew are no longer as they were paid.

    Call it in the transaction that stored the verdicts, which shares the ledger. One query where
    no closed period holds any of the dates.
    """
    keys = list(moved)
    if not keys:
        return 0
    dates = [key.work_date for key in keys]
    places = _closed_places(min(dates), max(dates))
    if not places:
        return 0
    here = [_closing_at(places, key) for key in keys]
    if connection.vendor == "postgresql":
        news = (
            "SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::varchar[]) "
            "AS n(employee_id, work_date, here, cause)"
        )
        params: list[Any] = [
            [key.employee_id for key in keys],
            dates,
            here,
            [key.cause for key in keys],
        ]
    else:
        news = (
            "SELECT value ->> 0 AS employee_id, value ->> 1 AS work_date, value ->> 2 AS here, "
            "value ->> 3 AS cause FROM json_each(%s)"
        )
        listed = zip(keys, here, strict=True)
        params = [json.dumps([(k.employee_id, str(k.work_date), h, k.cause) for k, h in listed])]
    # The closings that the day belongs to, or that once paid it.
    concerned = f"""
        n AS ({news}),
        k AS (
            SELECT employee_id, work_date, here AS closing_id, here, cause
            FROM n WHERE here IS NOT NULL
            UNION SELECT n.employee_id, n.work_date, c.closing_id, n.here, n.cause FROM n
            JOIN attendance_closedday c
            ON c.employee_id = n.employee_id AND c.work_date = n.work_date
            JOIN attendance_attendanceperiod q ON q.closing_id = c.closing_id
            UNION SELECT n.employee_id, n.work_date, j.closing_id, n.here, n.cause FROM n
            JOIN attendance_adjustment j
            ON j.employee_id = n.employee_id AND j.work_date = n.work_date
            JOIN attendance_attendanceperiod q ON q.closing_id = j.closing_id
        )"""
    days = "attendance_attendanceday a ON k.here = k.closing_id"
    return _add(concerned, days, [*params, at])


def _closing_at(places: dict[int, list[tuple[date, date, int]]], key: Moved) -> int | None:
    return next(
        (
            closing
            for first, last, closing in places.get(key.department_id, ())
            if first <= key.work_date <= last
        ),
        None,
    )


def note_all_differences(
    *, closing_id: int, places: Sequence[Place], cause: str, now: datetime
) -> int:
    """Add adjustments wherever a closed period is no longer as it was paid; return how many."""
    table, params = _listed(Dialect(), places)
    concerned = f"""
        here AS (SELECT a.* FROM attendance_attendanceday a JOIN {table} ON {_THERE}),
        k AS (
            SELECT u.employee_id, u.work_date, u.closing_id, CAST(%s AS varchar(20)) AS cause
            FROM (
                SELECT employee_id, work_date, closing_id
                FROM attendance_closedday WHERE closing_id = %s
                UNION SELECT employee_id, work_date, closing_id
                FROM attendance_adjustment WHERE closing_id = %s
                UNION SELECT employee_id, work_date, CAST(%s AS bigint) FROM here
            ) AS u
        )"""
    params += [cause, closing_id, closing_id, closing_id]
    return _add(
        concerned, "here a ON 1 = 1", [*params, connection.ops.adapt_datetimefield_value(now)]
    )


def _numbers_of(row: str, is_postgresql: bool) -> str:
    """Return SQL for the figures of a row as JSON, alike for alike rows."""
    build = "jsonb_build_object" if is_postgresql else "json_object"
    days = (
        f"CAST(CAST({row}.absent_days AS numeric(4, 2)) AS text)"
        if is_postgresql
        else f"printf('%%.2f', {row}.absent_days)"
    )
    pairs = (
        f"'{figure}', {days if figure == 'absent_days' else f'{row}.{figure}'}"
        for figure in FIGURES
    )
    return f"{build}({', '.join(pairs)})"


NOTHING: Final = {
    figure: "0.00" if figure == "absent_days" else "" if figure in TEXTS else 0
    for figure in FIGURES
}


def _add(concerned: str, days: str, params: Sequence[Any]) -> int:
    is_postgresql = connection.vendor == "postgresql"
    nothing = json.dumps(NOTHING, separators=(",", ":"))
    none = f"CAST('{nothing}' AS jsonb)" if is_postgresql else f"'{nothing}'"
    paid = f"CASE WHEN c.id IS NULL THEN {none} ELSE {_numbers_of('c', is_postgresql)} END"
    true = f"CASE WHEN a.id IS NULL THEN {none} ELSE {_numbers_of('a', is_postgresql)} END"
    ours = ", ".join(f"c.{figure}" for figure in FIGURES)
    theirs = ", ".join(f"a.{figure}" for figure in FIGURES)
    differs = f"({ours}) {'IS DISTINCT FROM' if is_postgresql else 'IS NOT'} ({theirs})"
    with connection.cursor() as cursor:
        cursor.execute(
            # SQLite wants an insert's WITH before the SELECT, PostgreSQL takes it there as well.
            "INSERT INTO attendance_adjustment (closing_id, employee_id, work_date, "
            '"department_id", version, "before", "after", cause, found_at) '
            f"WITH {concerned} "
            "SELECT k.closing_id, k.employee_id, k.work_date, "
            "COALESCE(a.department_id, l.department_id, c.department_id), "
            f"COALESCE(l.version, 1) + 1, COALESCE(l.after, {paid}), {true}, k.cause, %s "
            "FROM k LEFT JOIN attendance_closedday c ON c.employee_id = k.employee_id "
            "AND c.work_date = k.work_date AND c.closing_id = k.closing_id "
            "LEFT JOIN attendance_adjustment l ON l.employee_id = k.employee_id "
            "AND l.work_date = k.work_date AND l.closing_id = k.closing_id "
            "AND l.version = (SELECT MAX(m.version) FROM attendance_adjustment m "
            "WHERE m.employee_id = k.employee_id AND m.work_date = k.work_date "
            "AND m.closing_id = k.closing_id) "
            f"LEFT JOIN {days} AND a.employee_id = k.employee_id AND a.work_date = k.work_date "
            f"WHERE CASE WHEN l.id IS NULL THEN {differs} ELSE l.after <> {true} END "
            "ORDER BY k.employee_id, k.work_date, k.closing_id",
            params,
        )
        return int(cursor.rowcount)
