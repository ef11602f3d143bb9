"""A made-up company of any size, loaded as fast as the database takes it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from organization import services
from organization.models import Change, Department
from scheduling.models import CalendarYear, Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import ShiftPattern

FIRST = date(2026, 3, 1)
DAYS = 31
NOW = datetime(2026, 4, 20, tzinfo=UTC)
OFFICE = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)
SPLIT = ShiftPattern(
    segments=((540, 720), (810, 1080)), late_grace=10, window_before=120, window_after=240
)
NIGHT = ShiftPattern(segments=((1320, 1800),), late_grace=10)


@contextmanager
def scratch_database() -> Iterator[None]:
    """Work on a new database beside the configured one, and drop it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        original = settings.DATABASES["default"]["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)


def fill(table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Write plain rows: by COPY on PostgreSQL, by executemany on SQLite."""
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({places})",
                rows,  # type: ignore[arg-type]  # an iterator will do
            )


def hire_crowd(people: int, first_number: int = 0) -> list[int]:
    """Add people to twenty departments of one group; return their keys."""
    if not Department.objects.exists():
        root = services.add_department(
            name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
        )
        for n in range(20):
            services.add_department(name=f"Department {n}", code=f"D{n}", parent=root, now=NOW)
        shifts = [_shift(code, pattern) for code, pattern in _SHIFTS]
        ShiftAssignment.objects.create(department=root, shift=shifts[1], starts_on=FIRST)
        CalendarYear.objects.create(year=2026, state="announced")
    departments = list(
        Department.objects.exclude(code="G").order_by("pk").values_list("pk", flat=True)
    )
    numbers = range(first_number, first_number + people)
    joined = date(2025, 1, 1)
    fill(
        "organization_employee",
        ("number", "name", "department_id", "joined_on"),
        ((f"{n:06}", f"Person {n}", departments[n % 20], joined) for n in numbers),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organization_transfer (employee_id, effective_on, department_id) "
            "SELECT id, joined_on, department_id FROM organization_employee e WHERE NOT EXISTS "
            "(SELECT 1 FROM organization_transfer t WHERE t.employee_id = e.id)"
        )
        cursor.execute(
            "SELECT id FROM organization_employee WHERE number BETWEEN %s AND %s ORDER BY id",
            [f"{numbers[0]:06}", f"{numbers[-1]:06}"],
        )
        keys = [row[0] for row in cursor.fetchall()]
    Change.objects.filter(handled_at=None).update(handled_at=NOW)
    return keys


_SHIFTS = (("D", OFFICE), ("S", SPLIT), ("N", NIGHT))


def _shift(code: str, pattern: ShiftPattern) -> Shift:
    shift = Shift.objects.create(code=code, name=code)
    ShiftVersion.objects.create(
        shift=shift,
        valid_from=date(2025, 1, 1),
        pattern=pattern.to_json(),
        opens_minute=pattern.segments[0][0] - pattern.window_before,
        closes_minute=pattern.segments[-1][1] + pattern.window_after,
    )
    return shift


def punch_month(keys: Sequence[int], seed: int = 1) -> int:
    """Give these people a month of punches, four on most working days; return how many.

    Two in a hundred are missing; half of the people are rostered, every tenth of them at night.
    """
    luck = random.Random(seed)  # noqa: S311
    shifts = dict(Shift.objects.values_list("code", "pk"))
    fill(
        "scheduling_rosterentry",
        ("employee_id", "work_date", "shift_id"),
        (
            (key, FIRST + timedelta(days=n), _rostered(key, n, shifts))
            for key in keys[::2]
            for n in range(DAYS)
        ),
    )
    department = Department.objects.get(code="D0").pk
    count = 0

    def punches() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(hours=8)
        for index, key in enumerate(keys):
            at_night = index % 2 == 0 and index % 20 == 0
            for n in range(DAYS):
                if index % 2 and (FIRST + timedelta(days=n)).isoweekday() > 5:
                    continue
                for minute in (1310, 1805) if at_night else (530, 722, 800, 1085):
                    if luck.random() < 0.02:
                        continue
                    at = midnight + timedelta(
                        days=n, minutes=minute + luck.randint(-9, 20), seconds=luck.randint(0, 59)
                    )
                    count += 1
                    moment = at.strftime("%Y-%m-%d %H:%M:%S")
                    if connection.vendor == "postgresql":
                        moment += "+00"
                    yield (
                        key,
                        department,
                        moment,
                        moment,
                        "Asia/Shanghai",
                        "terminal",
                        "terminal",
                        "",
                        False,
                        f"bench:{seed}:{key}:{n}:{minute}",
                    )

    fill(
        "attendance_punch",
        (
            "employee_id",
            "department_id",
            "punched_at",
            "received_at",
            "zone",
            "method",
            "source",
            "direction",
            "is_held",
            "natural_key",
        ),
        punches(),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return count


def _rostered(key: int, n: int, shifts: dict[str, int]) -> int | None:
    if key % 20 == 1:
        return shifts["N"]
    return None if (key + n) % 7 in (0, 1) else shifts["S"]
