"""A person's copy of their data: one JSON with everything, and a table for each kind of thing.

Articles 45 and 47 of the Personal Information Protection Law of the People's Republic of China:
whoever keeps data of a person gives them a copy, and in a form that another system can read.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any, Final

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from organization import audit, retention
from organization.access import Action, departments_for
from organization.cells import escape
from organization.encryption import CannotUnseal
from organization.errors import NotFound
from organization.models import Department, Employee, User
from organization.personal.datamap import About, about_people

_CHUNK: Final = 1_000
UNREADABLE: Final = "cannot be opened: its key is missing"


def employee_for_copy(employee_id: int, *, actor: User, or_own: bool = False) -> Employee:
    """Return whose copy `actor` may take: by EXPORT and AUDIT wherever they were, or one's own.

    A copy holds opened evidence, so it takes both. Raises NotFound for any other person.
    """
    rows = Employee.objects.select_related("department", "user")
    found = rows.filter(pk=employee_id).first()
    if found is not None and actor.is_active:
        if or_own and found.user_id == actor.pk:
            return found
        there = departments_for(actor, Action.EXPORT) & departments_for(actor, Action.AUDIT)
        if is_wholly_within(found, there):
            return found
    raise NotFound(what=str(Employee._meta.verbose_name), key=employee_id)


def is_wholly_within(employee: Employee, there: models.QuerySet[Department]) -> bool:
    """Say whether a person belongs to these departments, and never belonged to another one.

    What is kept tells of every date; whoever has a person today has not had them always.
    """
    if not there.filter(pk=employee.department_id).exists():
        return False
    return not employee.transfers.exclude(department__in=there).exists()


@transaction.atomic
def write_copy(employee_id: int, target: IO[bytes], *, actor: User, now: datetime) -> str:
    """Write the copy as a ZIP into `target`, and write down who took it; return its file name.

    Rows are read and written in chunks. What cannot be opened says so in its place.
    Raises NotFound, as `employee_for_copy`.
    """
    employee = employee_for_copy(employee_id, actor=actor, or_own=True)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("person.json", "w", force_zip64=True) as file:
            _write_json(employee, file, counts, now)
        for about in about_people():
            if counts[about.label]:
                with archive.open(f"tables/{about.label}.csv", "w", force_zip64=True) as file:
                    _write_csv(about, employee, file)
        for name, content in _files(employee):
            archive.writestr(name, content)
    audit.record(
        actor=actor,
        verb="personal.exported",
        thing=employee,
        department=employee.department,
        now=now,
        rows=sum(counts.values()),
        tables={label: count for label, count in counts.items() if count},
    )
    return f"personal-data-{employee.number}-{now:%Y%m%d}.zip"


def kept_for(about: About) -> tuple[int, int] | None:
    """Return the fewest and the most days that rows of this table are kept; None for no term."""
    terms = [
        settings.RETENTION_DAYS[key]
        for key, kept in retention.classes().items()
        if any(one.model is about.model for one in kept)
    ]
    return (min(terms), max(terms)) if any(terms) else None


def how_long(about: About) -> str:
    """Return that in words, such as "1096 days" or "90–180 days"."""
    terms = kept_for(about)
    if terms is None:
        return str(about.kept)
    days = str(terms[0]) if terms[0] == terms[1] else f"{terms[0]}–{terms[1]}"
    return str(_("%(days)s days") % {"days": days})


def records(about: About, employee: Employee) -> Iterator[dict[str, Any]]:
    """Yield the rows about a person as plain values; photos as the name of their file."""
    rows = about.of(employee).select_related(*_named(about))
    for row in rows.iterator(chunk_size=_CHUNK):
        yield {name: _plain(about, row, name) for name in about.told}


def _named(about: About) -> Iterator[str]:
    """Yield the relations that a row is told by, and the person whom their words begin with."""
    for name in about.told:
        column = about.model._meta.get_field(name)
        if isinstance(column.related_model, type):
            yield name
            if any(one.name == "employee" for one in column.related_model._meta.fields):
                yield f"{name}__employee"


def _plain(about: About, row: Any, name: str) -> Any:
    if name in about.reads:
        value = _read(about, row, name)
        return _file_name(row) if isinstance(value, bytes) else value
    value = getattr(row, name)
    if isinstance(value, models.Model):
        return value.get_username() if isinstance(value, User) else str(value)
    return value.isoformat() if isinstance(value, datetime | date) else value


def _read(about: About, row: Any, name: str) -> Any:
    try:
        return about.reads[name](row)
    except CannotUnseal:
        return UNREADABLE


def _files(employee: Employee) -> Iterator[tuple[str, bytes]]:
    for about in about_people():
        for name in about.reads:
            for row in about.of(employee).iterator(chunk_size=20):
                value = _read(about, row, name)
                if isinstance(value, bytes):
                    yield _file_name(row), value


def _file_name(row: models.Model) -> str:
    return f"photos/{row.pk}.jpg"


def _write_json(employee: Employee, file: IO[bytes], counts: dict[str, int], now: datetime) -> None:
    """Write everything, table by table, without holding more than a row."""
    text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
    head = {"format": "kaoqin-personal-data-1", "person": str(employee), "made_at": now.isoformat()}
    text.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "tables": {')
    for number, about in enumerate(about_people()):
        entry = {
            "title": about.title,
            "sort": about.sort.value,
            "kept_days": kept_for(about),
        }
        text.write(",\n" if number else "\n")
        told = json.dumps(entry, ensure_ascii=False)[:-1]
        text.write(f'{json.dumps(about.label)}: {told}, "rows": [')
        counts[about.label] = 0
        for row in records(about, employee):
            text.write(",\n" if counts[about.label] else "\n")
            text.write(json.dumps(row, ensure_ascii=False, default=str))
            counts[about.label] += 1
        text.write("]}")
    text.write("\n}}\n")
    text.detach()


def _write_csv(about: About, employee: Employee, file: IO[bytes]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(about.told)
    for row in records(about, employee):
        writer.writerow([_cell(value) for value in row.values()])
    text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return escape(json.dumps(value, ensure_ascii=False, default=str))
    return escape(value) if isinstance(value, str) else value
