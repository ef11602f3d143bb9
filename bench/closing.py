"""Closing a month: the closing itself, its check and files, and judging beside closed periods.

The limit of the closing is to copy the same rows into a table like it, and nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from attendance.closingsheet import as_csv, as_workbook, checksum_of
from attendance.models import Adjustment, AttendanceDay, PeriodClosing
from attendance.services import days, periods
from bench._company import DAYS, FIRST, NOW, hire_crowd, punch_month, scratch_database
from organization.models import Department

LAST = FIRST + timedelta(days=DAYS - 1)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the lines for the configured database."""
    people = int(os.environ.get("BENCH_PEOPLE", "10000"))
    with scratch_database():
        keys = hire_crowd(people)
        punch_month(keys)
        _judge()
        yield _one_day("judge one waiting day, nothing closed", keys[0])
        forced = _timed(_judge)
        yield from _close(people)
        yield _one_day("judge one waiting day of a closed month", keys[1])
        yield {
            "what": "judge a month again by force, closed over open",
            "ratio": round(_timed(_judge) / forced, 2),
            "adjustments": Adjustment.objects.count(),
        }


def _close(people: int) -> Iterator[dict[str, Any]]:
    root = Department.objects.get(code="G")
    period = periods.open_period(
        department=root, starts_on=FIRST, ends_on=LAST, actor=None, now=NOW
    )
    checks = _timed(lambda: periods.order_closing(period_id=period.pk, actor=None, now=NOW))
    limit = _timed(_copy)
    closing: list[PeriodClosing] = []

    def close() -> None:
        closing.append(periods.finish_closing(period_id=period.pk, now=NOW))  # type: ignore[arg-type]

    seconds = _timed(close)
    made = closing[0]
    yield {
        "what": "close a month",
        "database": connection.vendor,
        "people": people,
        "days": made.days,
        "seconds": round(seconds, 2),
        "limit": round(limit, 2),
        "ratio": round(seconds / limit, 2),
        "checks_seconds": round(checks, 2),
    }
    lines: list[int] = []
    yield {
        "what": "check a closing, and give its files",
        "verify_seconds": round(_timed(lambda: checksum_of(made)), 2),
        "csv_seconds": round(_timed(lambda: lines.append(sum(map(len, as_csv(made))))), 2),
        "csv_mb": round(lines[0] / 1_000_000, 1),
        "xlsx_seconds": round(_timed(lambda: lines.append(len(as_workbook(made)))), 2),
    }


def _copy() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        names = [
            str(column.column)
            for column in AttendanceDay._meta.concrete_fields
            if column.column not in {"id", "notes", "findings"}
        ]
        cursor.execute(
            "CREATE TEMPORARY TABLE frozen AS SELECT "
            f"{', '.join(names)} FROM attendance_attendanceday"
        )
        cursor.execute("DROP TABLE frozen")


def _judge() -> None:
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="bench", now=NOW, is_forced=True)
    days.judge_all(now=NOW)


def _one_day(what: str, person: int) -> dict[str, Any]:
    times = []
    for n in range(60):
        day = FIRST + timedelta(days=n % DAYS)
        days.wake([(person, day)], cause="bench", now=NOW, is_forced=True)
        began = time.perf_counter()
        days.judge_range(first_employee=person, last_employee=person, now=NOW)
        times.append(time.perf_counter() - began)
    return {"what": what, "median_ms": round(sorted(times)[30] * 1000, 1)}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
