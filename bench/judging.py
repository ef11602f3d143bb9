"""Judging a month end to end: all rows rewritten, nothing changed, one day, and its growth.

The limit on PostgreSQL is what performance-minded SQL could do if the verdicts fell from the
sky: the same rows, encoded already, by COPY into a temporary table and one upsert.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import storing
from attendance.models import AttendanceDay, WaitingDay
from attendance.services import days
from bench._company import DAYS, FIRST, NOW, hire_crowd, punch_month, scratch_database

WORKERS = 2
LAST = FIRST + timedelta(days=DAYS - 1)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the lines for the configured database, then for SQLite where that is another one."""
    people = int(os.environ.get("BENCH_PEOPLE", "10000"))
    with scratch_database():
        yield from _measure(people)
    if connection.vendor != "sqlite":
        child = {**os.environ, "DATABASE_URL": ""}
        subprocess.run([sys.executable, "-m", "bench", "--one", "judging"], env=child, check=True)


def _measure(people: int) -> Iterator[dict[str, Any]]:
    database = connection.vendor
    tenth = max(people // 10, 1)
    few = hire_crowd(tenth)
    punch_month(few, seed=1)
    seconds_few = _judge("few", WORKERS)
    many = hire_crowd(people - tenth, first_number=tenth)
    punches = punch_month(many, seed=2)
    _judge("many", WORKERS)
    count = AttendanceDay.objects.count()

    _forget()
    rewritten = _judge("all rows", WORKERS)
    line: dict[str, Any] = {
        "what": "judge a month, all rows rewritten",
        "database": database,
        "employee_days": count,
        "punches": punches,
        "processes": WORKERS,
        "seconds": round(rewritten, 2),
        "days_per_second": round(count / rewritten),
    }
    unchanged = _judge("nothing changed", WORKERS)
    same: dict[str, Any] = {
        "what": "judge a month, nothing changed",
        "database": database,
        "employee_days": count,
        "processes": WORKERS,
        "seconds": round(unchanged, 2),
        "days_per_second": round(count / unchanged),
    }
    if database == "postgresql":
        all_limit, same_limit = _limits()
        line |= {"limit": round(all_limit, 2), "ratio": round(rewritten / all_limit, 2)}
        same |= {"limit": round(same_limit, 2), "ratio": round(unchanged / same_limit, 2)}
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    yield line | {"worker_peak_mb": round(children / 1024)}
    yield same
    one_process = _judge("nothing changed", 1)
    yield {
        "what": "judge a month, nothing changed, one process",
        "database": database,
        "seconds": round(one_process, 2),
        "days_per_second": round(count / one_process),
    }
    per_day_few, per_day_many = seconds_few / (tenth * DAYS), rewritten / count
    yield {
        "what": "growth: cost of a day among all people over among a tenth of them",
        "database": database,
        "people": [tenth, people],
        "ratio": round(per_day_many / per_day_few, 2),
    }
    yield _one_day(database)


def _forget() -> None:
    """Make every stored verdict differ, so that each is written again."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE attendance_attendanceday SET digest = digest / 2 + 1")
        cursor.execute("VACUUM ANALYZE attendance_attendanceday" if _is_pg() else "ANALYZE")


def _is_pg() -> bool:
    return connection.vendor == "postgresql"


def _judge(label: str, processes: int) -> float:
    """Make the whole month wait, then time its judging. Waking is a fact's cost, not timed."""
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="bench", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE attendance_waitingday")
    ranges = days.waiting_ranges()
    began = time.perf_counter()
    connection.close()
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        done = sum(pool.map(_work, ranges))
    seconds = time.perf_counter() - began
    left = WaitingDay.objects.count()
    if left or not done:
        raise RuntimeError(f"{label}: {done} days judged, {left} still wait")
    return seconds


def _work(between: tuple[int, int]) -> int:
    return days.judge_range(first_employee=between[0], last_employee=between[1], now=NOW)


def _limits() -> tuple[float, float]:
    """Return seconds for writing the same rows anew, and for finding that none has changed."""
    names = ", ".join(storing.COLUMNS)
    with connection.cursor() as cursor:
        buffer = io.BytesIO()
        with cursor.copy(
            f"COPY (SELECT {names} FROM attendance_attendanceday "
            "ORDER BY employee_id, work_date) TO STDOUT"
        ) as copy:
            for part in copy:
                buffer.write(part)
    text = buffer.getvalue()
    updates = ", ".join(f"{c} = excluded.{c}" for c in storing.COLUMNS[2:])
    distinct = (
        " WHERE ("
        + ", ".join(f"t.{c}" for c in storing.COLUMNS[2:])
        + ") IS DISTINCT FROM ("
        + ", ".join(f"excluded.{c}" for c in storing.COLUMNS[2:])
        + ")"
    )

    def write(tail: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT "
                f"{names} FROM attendance_attendanceday LIMIT 0"
            )
            with cursor.copy(f"COPY fresh ({names}) FROM STDIN") as copy:
                copy.write(text)
            cursor.execute(
                f"INSERT INTO attendance_attendanceday AS t ({names}) SELECT {names} "
                "FROM fresh ON CONFLICT (employee_id, work_date) DO UPDATE "
                f"SET {updates}{tail}"
            )
            cursor.execute("COMMIT")

    return _timed(lambda: write("")), _timed(lambda: write(distinct))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _one_day(database: str) -> dict[str, Any]:
    person = AttendanceDay.objects.values_list("employee_id", flat=True).earliest("employee_id")
    times = []
    for n in range(60):
        days.wake([(person, FIRST + timedelta(days=n % DAYS))], cause="bench", now=NOW)
        began = time.perf_counter()
        days.judge_range(first_employee=person, last_employee=person, now=NOW)
        times.append(time.perf_counter() - began)
    days.wake([(person, FIRST)], cause="bench", now=NOW, is_forced=True)
    with CaptureQueriesContext(connection) as queries:
        days.judge_range(first_employee=person, last_employee=person, now=NOW)
    return {
        "what": "judge one waiting day",
        "database": database,
        "median_ms": round(statistics.median(times) * 1000, 1),
        "queries": sum(1 for q in queries if q["sql"] not in {"BEGIN", "COMMIT"}),
    }
