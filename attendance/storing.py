"""DayResult → rows: verdicts are written in bulk, and only where they changed.

On PostgreSQL a chunk goes by COPY into a temporary table and from there by one statement that
takes the waiting rows away, keeps the earlier results and upserts the new ones. On SQLite,
where one writer writes at a time, `executemany` does the same in one transaction. A result
whose waiting row has moved on meanwhile is not stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from attendance.engine import DayResult, OvertimeClass, Status
from attendance.ledger import Moved, note_differences, share
from attendance.loading import Loaded, as_date
from attendance.planning import moment_of

COLUMNS: Final = (
    "employee_id",
    "work_date",
    "department_id",
    "shift_id",
    "day_type",
    "status",
    "late_minutes",
    "early_minutes",
    "worked_minutes",
    "required_minutes",
    "shortage_minutes",
    "leave_minutes",
    "outing_minutes",
    "overtime_workday_minutes",
    "overtime_rest_minutes",
    "overtime_holiday_minutes",
    "absent_days",
    "missing",
    "first_in_at",
    "last_out_at",
    "has_trouble",
    "is_provisional",
    "findings",
    "notes",
    "closes_at",
    "digest",
    "judged_at",
)
# What HISTORY keeps of an earlier result: the numbers that people are paid by.
_NUMBERS: Final = (
    "late_minutes",
    "early_minutes",
    "worked_minutes",
    "leave_minutes",
    "overtime_workday_minutes",
    "overtime_rest_minutes",
    "overtime_holiday_minutes",
    "missing",
)
_TROUBLE: Final = frozenset(
    {
        Status.LATE,
        Status.SEVERE_LATE,
        Status.ABSENT_LATE,
        Status.EARLY,
        Status.ABSENT_EARLY,
        Status.LATE_EARLY,
        Status.MISSING,
        Status.HALF_DAY,
        Status.ABSENT,
        Status.SHORT_HOURS,
        Status.REVIEW,
    }
)
_UNPLANNED: Final = "unplanned"
_dump: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


class Waiting(NamedTuple):
    """A row of the queue as it was read: whose day, of which version, and what was stored."""

    employee_id: int
    work_date: date
    facts_version: int
    is_forced: bool
    cause: str
    digest: int | None


class Judged(NamedTuple):
    """A verdict beside the queue row it answers.

    `values` are in the order of COLUMNS, and empty where the day was judged on these very facts
    before.
    """

    waiting: Waiting
    values: tuple[Any, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether there may be anything to write."""
        return bool(self.values)


@lru_cache(maxsize=65_536)
def _moment(minute: int) -> str:
    """Return a moment as both databases read it: UTC, in SQLite without a zone."""
    return moment_of(minute).strftime("%Y-%m-%d %H:%M:%S")  # type: ignore[arg-type]


def encode(
    waiting: Waiting, loaded: Loaded, result: DayResult, digest: int, judged_at: str
) -> Judged:
    """Return a verdict as a row, beside the digest of the facts that it was judged on."""
    first_in, last_out = "", ""
    for slot in result.slots:
        if slot.name[0] == "i":
            first_in = first_in or _moment(slot.at)
        else:
            last_out = _moment(slot.at)
    workday = rest = holiday = 0
    if result.overtime:
        if result.overtime_class is OvertimeClass.WORKDAY:
            workday = result.overtime
        elif result.overtime_class is OvertimeClass.RESTDAY:
            rest = result.overtime
        else:
            holiday = result.overtime
    planned = loaded.planned
    closes = ""
    if result.status is Status.PENDING and planned.plan is not None:
        closes = _moment(planned.plan.closes + 1)
    return Judged(
        waiting,
        (
            loaded.employee_id,
            loaded.work_date.isoformat(),
            loaded.department_id,
            planned.shift_id,
            _UNPLANNED if planned.is_unplanned else planned.day_type.value,
            result.status.value,
            result.late,
            result.early,
            result.worked,
            result.required,
            result.shortage,
            result.leave,
            result.outing,
            workday,
            rest,
            holiday,
            result.absent_days,
            ",".join(result.missing),
            first_in or None,
            last_out or None,
            # Late is late, whatever the rest of the day brings.
            result.status in _TROUBLE or (result.status is Status.PENDING and result.late > 0),
            planned.is_provisional,
            _dump(result.findings) if result.findings else "[]",
            _dump(result.notes),
            closes or None,
            digest,
            judged_at,
        ),
    )


def read_waiting(
    *, first_employee: int, last_employee: int, after: tuple[int, date] | None, limit: int
) -> list[Waiting]:
    """Return up to `limit` waiting days of a range of people, in order, beyond `after`.

    Days that failed too often are left out; an administrator sees them on the page of waiting
    work.
    """
    since = after or (first_employee, date.min)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.employee_id, w.work_date, w.facts_version, w.is_forced, w.cause, d.digest "
            "FROM attendance_waitingday w LEFT JOIN attendance_attendanceday d "
            "ON d.employee_id = w.employee_id AND d.work_date = w.work_date "
            "WHERE w.employee_id BETWEEN %s AND %s AND w.failed_count < %s "
            "AND (w.employee_id, w.work_date) > (%s, %s) "
            "ORDER BY w.employee_id, w.work_date LIMIT %s",
            [first_employee, last_employee, FAILS_AT_MOST, *since, limit],
        )
        return [
            Waiting(person, as_date(day), version, bool(forced), cause, digest)
            for person, day, version, forced, cause, digest in cursor.fetchall()
        ]


FAILS_AT_MOST: Final = 5


def _rule_book() -> bytes:
    """Return a digest of the source that judges: another release judges the same facts anew."""
    here = Path(__file__).parent
    digest = blake2b(digest_size=8)
    for file in (*sorted((here / "engine").glob("*.py")), here / "planning.py", Path(__file__)):
        digest.update(file.read_bytes())
    return digest.digest()


_RULE_BOOK: Final = _rule_book()


def digest_of(loaded: Loaded, plan_mark: str) -> int:
    """Return a digest of all that the verdict hangs on, or 0 for a day that is still open.

    `plan_mark` stands for the plan (see PlanBook.mark). A day whose digest is the stored one
    need not be judged again.
    """
    day, plan = loaded.day, loaded.planned.plan
    if plan is not None and day.as_of <= plan.closes:
        return 0
    # Plain tuples write themselves several times faster than named ones.
    marks = [tuple(mark) for mark in day.marks]
    text = repr((plan_mark, loaded.department_id, marks, day[4:11], day[12:]))
    return int.from_bytes(
        blake2b(text.encode(), digest_size=8, key=_RULE_BOOK).digest(), "big", signed=True
    )


def store(judged: Sequence[Judged]) -> int:
    """Write verdicts and take their waiting rows away; return how many rows were written.

    Verdicts that say what is stored already only free the queue. Verdicts whose facts moved on
    are dropped: their days still wait.
    """
    if not judged:
        return 0
    with transaction.atomic(savepoint=False):
        if any(one.is_news for one in judged):
            share()
        taken = _take([one.waiting for one in judged])
        news = [one for one in judged if one.is_news and one.waiting in taken]
        if news:
            is_copied = connection.vendor == "postgresql" and len(news) > COPY_FROM
            (_copy if is_copied else _execute_many)(news)
            note_differences(map(_moved, news), at=news[0].values[-1])
        return len(news)


def _moved(one: Judged) -> Moved:
    waiting = one.waiting
    return Moved(waiting.employee_id, waiting.work_date, one.values[2], waiting.cause)


# Below this a temporary table costs more than it saves.
COPY_FROM: Final = 50


def _array(values: Iterable[object]) -> str:
    """Return numbers or dates as PostgreSQL writes an array: cheaper than adapting each."""
    return f"{{{','.join(map(str, values))}}}"


def _take(rows: Sequence[Waiting]) -> set[Waiting]:
    """Take away the waiting rows that are still as they were read, and return those.

    On PostgreSQL they are locked in the order in which facts lock them, so that a judge and a
    punch never wait for each other.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "WITH locked AS MATERIALIZED (SELECT w.id FROM attendance_waitingday w "
                "JOIN unnest(%s::bigint[], %s::date[], %s::bigint[]) AS j(e, d, v) "
                "ON w.employee_id = j.e AND w.work_date = j.d AND w.facts_version = j.v "
                "ORDER BY w.employee_id, w.work_date FOR UPDATE OF w) "
                "DELETE FROM attendance_waitingday w USING locked WHERE w.id = locked.id "
                "RETURNING w.employee_id, w.work_date, w.facts_version",
                [
                    _array(row.employee_id for row in rows),
                    _array(row.work_date for row in rows),
                    _array(row.facts_version for row in rows),
                ],
            )
        else:
            cursor.execute(
                "DELETE FROM attendance_waitingday "
                "WHERE facts_version IN (SELECT value FROM json_each(%s)) "
                "AND employee_id BETWEEN %s AND %s "
                "RETURNING employee_id, work_date, facts_version",
                [
                    json.dumps([row.facts_version for row in rows]),
                    rows[0].employee_id,
                    rows[-1].employee_id,
                ],
            )
        found = {(person, as_date(day), version) for person, day, version in cursor.fetchall()}
    return {row for row in rows if row[:3] in found}


_LIST: Final = ", ".join(COLUMNS)
_UPDATES: Final = ", ".join(f"{c} = excluded.{c}" for c in COLUMNS[2:])
# What makes an earlier result worth keeping: a result that was still open is none.
_DECISIVE: Final = ("status", *_NUMBERS, "absent_days")


def _differs(stored: str, fresh: str, columns: Sequence[str], is_postgresql: bool) -> str:
    """Return SQL for two rows, named by prefixes, differing in any of these columns."""
    ours = ", ".join(f"{stored}.{column}" for column in columns)
    theirs = ", ".join(f"{fresh}.{column}" for column in columns)
    return f"({ours}) {'IS DISTINCT FROM' if is_postgresql else 'IS NOT'} ({theirs})"


# The digest stands first: it settles most comparisons. The time of judging is no news.
_COMPARED: Final = ("digest", *(c for c in COLUMNS[2:] if c not in {"digest", "judged_at"}))


def _upsert_tail(is_postgresql: bool) -> str:
    """Return how an upsert leaves alone what is stored already."""
    differs = _differs("attendance_attendanceday", "excluded", _COMPARED, is_postgresql)
    return f"ON CONFLICT (employee_id, work_date) DO UPDATE SET {_UPDATES} WHERE {differs}"


def _json_of_numbers(is_postgresql: bool) -> str:
    build = "jsonb_build_object" if is_postgresql else "json_object"
    pairs = ", ".join(f"'{name}', d.{name}" for name in _NUMBERS)
    text = "d.absent_days::text" if is_postgresql else "CAST(d.absent_days AS TEXT)"
    return f"{build}({pairs}, 'absent_days', {text})"


_KEEP_HISTORY: Final = f"""
INSERT INTO attendance_dayhistory (day_id, status, facts, judged_at, replaced_at, cause)
SELECT d.id, d.status, {_json_of_numbers(True)}, d.judged_at, j.judged_at, j.cause
FROM judged j JOIN attendance_attendanceday d USING (employee_id, work_date)
WHERE d.status <> 'pending' AND {_differs("d", "j", _DECISIVE, True)}
"""
_UPSERT: Final = f"""
INSERT INTO attendance_attendanceday ({_LIST})
SELECT {_LIST} FROM judged {_upsert_tail(True)}
"""


def _copy(news: Sequence[Judged]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS judged ("
            "employee_id bigint, work_date date, department_id bigint, shift_id bigint, "
            "day_type varchar, status varchar, late_minutes integer, early_minutes integer, "
            "worked_minutes integer, required_minutes integer, shortage_minutes integer, "
            "leave_minutes integer, outing_minutes integer, overtime_workday_minutes integer, "
            "overtime_rest_minutes integer, overtime_holiday_minutes integer, "
            "absent_days numeric(4, 2), missing varchar, first_in_at timestamptz, "
            "last_out_at timestamptz, has_trouble boolean, is_provisional boolean, "
            "findings jsonb, notes jsonb, closes_at timestamptz, digest bigint, "
            "judged_at timestamptz, cause varchar"
            ") ON COMMIT DELETE ROWS"
        )
        # Of an earlier chunk, where a caller's transaction holds several.
        cursor.execute("DELETE FROM judged")
        with cursor.copy(f"COPY judged ({_LIST}, cause) FROM STDIN") as copy:
            copy.write("".join(map(_line, news)))
        # Without it the planner may read all the days there are to find a few thousand.
        cursor.execute("ANALYZE judged")
        if any(one.waiting.digest is not None for one in news):
            cursor.execute(_KEEP_HISTORY)
        cursor.execute(_UPSERT)


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(one: Judged) -> str:
    """Return a verdict as a line of COPY's text format."""
    v = one.values
    shift = "\\N" if v[3] is None else v[3]
    first_in = "\\N" if v[18] is None else v[18]
    last_out = "\\N" if v[19] is None else v[19]
    closes = "\\N" if v[24] is None else v[24]
    # Only the two JSON columns may hold a backslash; JSON text holds no raw tab or line break.
    findings = v[22].replace("\\", "\\\\") if "\\" in v[22] else v[22]
    notes = v[23].replace("\\", "\\\\") if "\\" in v[23] else v[23]
    return (
        f"{v[0]}\t{v[1]}\t{v[2]}\t{shift}\t{v[4]}\t{v[5]}\t{v[6]}\t{v[7]}\t{v[8]}\t{v[9]}\t"
        f"{v[10]}\t{v[11]}\t{v[12]}\t{v[13]}\t{v[14]}\t{v[15]}\t{v[16]}\t{v[17]}\t{first_in}\t"
        f"{last_out}\t{v[20]}\t{v[21]}\t{findings}\t{notes}\t{closes}\t{v[25]}\t{v[26]}\t"
        f"{one.waiting.cause.translate(_ESCAPES)}\n"
    )


def _execute_many(news: Sequence[Judged]) -> None:
    is_postgresql = connection.vendor == "postgresql"
    places = ", ".join(["%s"] * len(COLUMNS))
    replaced = [one for one in news if one.waiting.digest is not None]
    decisive = [COLUMNS.index(column) for column in _DECISIVE]
    marks = ", ".join(["%s"] * len(decisive))
    stored = ", ".join(f"d.{column}" for column in _DECISIVE)
    with connection.cursor() as cursor:
        if replaced:
            cursor.executemany(
                "INSERT INTO attendance_dayhistory "
                "(day_id, status, facts, judged_at, replaced_at, cause) "
                f"SELECT d.id, d.status, {_json_of_numbers(is_postgresql)}, d.judged_at, %s, %s "
                "FROM attendance_attendanceday d WHERE d.employee_id = %s AND d.work_date = %s "
                f"AND d.status <> 'pending' AND NOT (({stored}) = ({marks}))",
                [
                    (
                        one.values[-1],
                        one.waiting.cause,
                        one.waiting.employee_id,
                        one.waiting.work_date,
                        *(one.values[n] for n in decisive),
                    )
                    for one in replaced
                ],
            )
        cursor.executemany(
            f"INSERT INTO attendance_attendanceday ({_LIST}) VALUES ({places}) "
            + _upsert_tail(is_postgresql),
            [one.values for one in news],
        )


def mark_failed(rows: Iterable[Waiting], problem: str) -> None:
    """Note that these days could not be judged; after a few failures they are left alone."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE attendance_waitingday SET failed_count = failed_count + 1, problem = %s "
            "WHERE employee_id = %s AND work_date = %s AND facts_version = %s",
            [(problem, row.employee_id, row.work_date, row.facts_version) for row in rows],
        )


def stamp(now: datetime) -> str:
    """Return the time of judging as both databases store it."""
    return now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
