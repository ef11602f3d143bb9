"""Rows sealed and checked a second, beside reading the same rows and digesting them once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from attendance.models import Punch
from bench._company import hire_crowd, scratch_database
from organization.models import Employee, Seal
from organization.seals.checking import check
from organization.seals.making import seal_new_rows

ROWS: Final = 200_000
PEOPLE: Final = 100
_AT_ONCE: Final = 5_000


def measure() -> Iterator[Mapping[str, Any]]:
    """Yield one line: sealing and checking, and what a seal weighs a row."""
    connection.settings_dict["TEST"]["MIGRATE"] = False
    with scratch_database():
        hire_crowd(PEOPLE)
        _fill()
        now = datetime.now(UTC)
        began = time.perf_counter()
        made = seal_new_rows(now=now, seconds=3600)
        sealed = time.perf_counter()
        report = check()
        checked = time.perf_counter()
        limit = _limit()
        count = sum(seal.count for seal in made)
        assert count == report.rows >= ROWS
        assert not report.findings
        weight = sum(len(members) for members in Seal.objects.values_list("members", flat=True))
        rate = report.rows / (checked - sealed)
        yield {
            "what": "punches sealed and checked",
            "database": connection.vendor,
            "rows": count,
            "sealed_per_second": round(count / (sealed - began)),
            "checked_per_second": round(rate),
            "bytes_a_row": round(weight / count, 1),
            "limit": round(limit),
            "ratio": round(rate / limit, 2),
        }


def _limit() -> float:
    """Return how many rows a second can be read, written as JSON and digested, by plain means."""
    began = time.perf_counter()
    last = count = 0
    while True:
        rows = Punch.objects.filter(pk__gt=last).order_by("pk").values_list()[:_AT_ONCE]
        found = list(rows)
        for row in found:
            hashlib.sha256(json.dumps(row, default=str).encode()).digest()
        count += len(found)
        if len(found) < _AT_ONCE:
            return count / (time.perf_counter() - began)
        last = found[-1][0]


def _fill() -> None:
    first = datetime.now(UTC) - timedelta(days=30)
    people = list(Employee.objects.values_list("pk", "department_id"))
    for start in range(0, ROWS, _AT_ONCE):
        Punch.objects.bulk_create(
            Punch(
                employee_id=people[number % len(people)][0],
                department_id=people[number % len(people)][1],
                punched_at=first + timedelta(seconds=number),
                received_at=first + timedelta(seconds=number + 2),
                zone="Asia/Shanghai",
                method=Punch.Method.FACE,
                source=Punch.Source.TERMINAL,
                natural_key=f"clock:{number % len(people)}:{number}",
            )
            for number in range(start, start + _AT_ONCE)
        )
