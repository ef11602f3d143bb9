"""A month of 10,000 people from the sheet into the roster, beside the bare reading and COPY.

The limit reads the same file with calamine and copies the same rows into a table without
constraints; on SQLite it inserts them with `executemany`. The preview is made in this process, as
the console makes it, and the confirmation in one of its own, as a worker does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO
from itertools import cycle, islice
from typing import Any, Final
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.db import connection
from python_calamine import CalamineWorkbook

from bench._company import DAYS, FIRST, NOW, fill, hire_crowd, scratch_database
from scheduling.models import RosterBatch, RosterEntry
from scheduling.services import rosters
from scheduling.workbook import Table, write_workbook

PEOPLE: Final = 10_000
_ROUND: Final = ("D", "D", "S", "S", "N", "休", "休")


def _sheet(shifted_by: int = 0) -> bytes:
    dates = [FIRST + timedelta(days=day) for day in range(DAYS)]
    return write_workbook(
        [
            Table(
                "Roster",
                ["Number", "Name", *dates],
                (
                    [
                        f"{n:06}",
                        f"Person {n}",
                        *islice(cycle(_ROUND), shifted_by, shifted_by + DAYS),
                    ]
                    for n in range(PEOPLE)
                ),
            )
        ]
    )


def _limit(content: bytes) -> float:
    """Return the seconds of reading the file and of copying its rows, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_roster (employee_id bigint, work_date date, shift_id bigint)"
        )
    began = time.perf_counter()
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    head, *rows = book.get_sheet_by_index(0).to_python()
    keys = {"D": 1, "S": 2, "N": 3, "休": None}
    fill(
        "bench_roster",
        ("employee_id", "work_date", "shift_id"),
        (
            (number, _text(day), keys[str(code)])
            for number, row in enumerate(rows)
            for day, code in zip(head[2:], row[2:], strict=True)
        ),
    )
    seconds = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_roster")
    return seconds


def _text(day: Any) -> Any:
    return day.isoformat() if connection.vendor == "sqlite" and isinstance(day, date) else day


_WORKER: Final = """
import django, resource, sys
django.setup()
from django.utils import timezone
from scheduling.services import rosters
assert rosters.finish_confirmation(upload_id=int(sys.argv[1]), now=timezone.now())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def _confirm(upload_id: int) -> int:
    """Write an ordered upload in a process of its own, as a worker does; return its peak in MB."""
    child = subprocess.run(
        [sys.executable, "-c", _WORKER, str(upload_id)],
        env={**os.environ, "DATABASE_URL": _address()},
        capture_output=True,
        check=True,
        text=True,
    )
    return int(child.stdout.split()[-1])


def _address() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    secret = f":{quote(known['PASSWORD'])}" if known["PASSWORD"] else ""
    host = f"{known['HOST']}:{known['PORT']}" if known["PORT"] else known["HOST"]
    return f"postgresql://{known['USER']}{secret}@{host}/{known['NAME']}"


def _import(what: str, content: bytes, actor: Any) -> Mapping[str, Any]:
    times = [time.perf_counter()]
    upload = rosters.keep_upload(file_name="roster.xlsx", content=content, actor=actor)
    times.append(time.perf_counter())
    preview = rosters.preview_roster(upload, actor)
    times.append(time.perf_counter())
    worker = 0
    if preview.to_write:
        rosters.start_confirmation(upload_id=upload.pk, actor=actor)
        worker = _confirm(upload.pk)
    times.append(time.perf_counter())
    assert preview.to_write + preview.unchanged == PEOPLE * DAYS
    assert RosterEntry.objects.count() == PEOPLE * DAYS
    seconds = times[-1] - times[0]
    return {
        "what": what,
        "vendor": connection.vendor,
        "cells": PEOPLE * DAYS,
        "written": preview.to_write,
        "warnings": sum(preview.concerns.values()),
        "upload": round(times[1] - times[0], 2),
        "preview": round(times[2] - times[1], 2),
        "confirmation": round(times[3] - times[2], 2),
        "seconds": round(seconds, 2),
        "worker_peak_mb": worker,
    }


def measure() -> Iterator[Mapping[str, Any]]:
    """Yield: a month of new cells, the same sheet again, every cell changed, and the way back."""
    # The tables without their history: a worker that imports has not run migrations.
    connection.settings_dict["TEST"]["MIGRATE"] = False
    with scratch_database():
        hire_crowd(PEOPLE)
        actor = get_user_model().objects.create_superuser("bench")
        content = _sheet()
        first = _import("a month, all new", content, actor)
        limit = _limit(content)
        yield {**first, "limit": round(limit, 2), "ratio": round(first["seconds"] / limit, 2)}
        yield _import("the same sheet again", content, actor)
        yield _import("a month, all changed but equal neighbours", _sheet(1), actor)
        began = time.perf_counter()
        last = RosterBatch.objects.latest("pk")
        rosters.undo_batch(batch_id=last.pk, actor=actor, now=NOW)
        seconds = time.perf_counter() - began
        yield {"what": "undo", "vendor": connection.vendor, "seconds": round(seconds, 2)}
