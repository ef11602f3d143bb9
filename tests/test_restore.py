"""A backup that is restored tells the same days, and judging them anew changes none."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.db import connection

from attendance.models import AttendanceDay, Punch
from attendance.services import days
from attendance.tests.test_judging import punch
from conftest import ROOT, database_url
from organization.models import AuditEntry, Employee
from tests.test_worker import a_company_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "sqlite" and shutil.which("pg_dump") is None,
        reason="pg_dump is not installed",
    ),
]
FIELDS: Final = "employee__number work_date status late_minutes worked_minutes digest".split()
TELL: Final = f"""
import json
from attendance.models import AttendanceDay, Punch, WaitingDay
from organization.models import AuditEntry
rows = AttendanceDay.objects.order_by("employee__number", "work_date").values_list(*{FIELDS})
print("TOLD" + json.dumps([list(map(str, row)) for row in rows]))
print("TOLD" + json.dumps([Punch.objects.count(), WaitingDay.objects.count()]))
try:
    Punch.objects.update(method="face")
except Exception as refusal:
    print("TOLD" + json.dumps(str(refusal).splitlines()[0]))
"""


def manage(url: str, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={
            **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url,
            "VAR_DIR": str(folder), "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "SEAL_KEYS": ",".join(settings.SEAL_KEYS),
        },
    )  # fmt: skip
    return done.stdout


def told(url: str, folder: Path) -> list[object]:
    said = manage(url, folder, "shell", "--command", TELL)
    return [json.loads(line[4:]) for line in said.splitlines() if line.startswith("TOLD")]


@pytest.fixture
def restored(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """A company is judged, backed up as docs/operations.md says, and restored elsewhere."""
    a_company_of(5)
    for person in Employee.objects.order_by("number")[:4]:
        for n in range(0, 20, 3):
            punch(person, date(2026, 3, 2) + timedelta(days=n), f"9:{5 * int(person.number):02}")
            punch(person, date(2026, 3, 2) + timedelta(days=n), "18:02")
    days.wake_range(
        starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), cause="ordered",
        now=datetime(2026, 4, 15, tzinfo=UTC),
    )  # fmt: skip
    days.judge_all(now=datetime(2026, 4, 15, tzinfo=UTC))
    if connection.vendor == "sqlite":
        copy = tmp_path / "backup.sqlite3"
        with sqlite3.connect(str(connection.settings_dict["NAME"])) as there:
            there.execute(f"VACUUM INTO '{copy}'")
        yield f"sqlite:///{copy}"
        return
    url, name = database_url(), f"{connection.settings_dict['NAME']}_restored"
    other = f"{url.rpartition('/')[0]}/{name}"
    dump = tmp_path / "kaoqin.dump"
    server = f"{url.rpartition('/')[0]}/postgres"
    run("pg_dump", "--format=custom", f"--file={dump}", url)
    run("psql", server, "-c", f'CREATE DATABASE "{name}"')
    try:
        run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={other}", str(dump))
        yield other
    finally:
        run("psql", server, "-c", f'DROP DATABASE "{name}" WITH (FORCE)')


def run(*words: str) -> None:
    subprocess.run(
        [shutil.which(words[0]) or words[0], *words[1:]], check=True, capture_output=True
    )


def test_r12_a_restored_backup_tells_the_same_days(restored: str, tmp_path: Path) -> None:
    """R-12, F-28: the days, the punches, and the triggers that guard them."""
    rows = AttendanceDay.objects.order_by("employee__number", "work_date").values_list(*FIELDS)
    here = [list(map(str, row)) for row in rows]
    assert {row[2] for row in here} >= {"normal", "late", "absent"}
    assert AuditEntry.objects.exists()

    manage(restored, tmp_path, "migrate", "--verbosity", "0")
    before, (punches, waiting), refusal = told(restored, tmp_path)
    manage(restored, tmp_path, "recompute", "--from", "2026-03-01", "--to", "2026-03-31")
    after, _counts, _refusal = told(restored, tmp_path)

    assert before == here
    assert (punches, waiting) == (Punch.objects.count(), 0)
    assert "never changed" in str(refusal)
    assert after == here
