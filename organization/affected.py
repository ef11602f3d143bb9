"""Whom a stolen table concerns: the people whose rows it holds, for the notice of a breach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models import Count

from organization.models import Employee

# Which column says when a row arose, the first that there is.
MOMENTS: Final = (
    "received_at", "kept_at", "at", "judged_at", "replaced_at", "decided_at", "approved_at",
    "punched_at", "work_date", "effective_on", "created_at", "starts_at", "uploaded_at",
    "last_seen_at",
)  # fmt: skip
_STEPS: Final = 3


class Affected(NamedTuple):
    """Somebody concerned, and by how many rows."""

    number: str
    name: str
    department: str
    rows: int


class NotAboutPeople(Exception):
    """The table leads to nobody."""


def model_of(table: str) -> type[models.Model] | None:
    """Return the model of a database table, or of a label such as attendance.punch."""
    for model in apps.get_models(include_auto_created=True):
        if table.lower() in {model._meta.db_table, model._meta.label_lower}:
            return model
    return None


def affected(model: type[models.Model], *, since: datetime, until: datetime) -> Iterator[Affected]:
    """Yield the people whose rows arose between two moments (`until` is excluded), by number.

    A table whose rows stand without a moment, such as people themselves, concerns everybody in it.
    Raises NotAboutPeople.
    """
    way, moment = way_to_people(model), moment_of(model)
    if way is None:
        raise NotAboutPeople(model._meta.db_table)
    path = f"{way}__" if way else ""
    rows = model._base_manager.filter(**{f"{path}number__isnull": False})
    if moment is not None:
        is_moment = isinstance(model._meta.get_field(moment), models.DateTimeField)
        first, last = (since, until) if is_moment else (since.date(), until.date())
        rows = rows.filter(**{f"{moment}__gte": first, f"{moment}__lt": last})
    told = (f"{path}number", f"{path}name", f"{path}department__name")
    rows = rows.order_by().values_list(*told).annotate(rows=Count("pk")).order_by(told[0])
    for row in rows.iterator():
        yield Affected(*row)


def moment_of(model: type[models.Model]) -> str | None:
    """Return the column that says when a row arose."""
    names = {field.name for field in model._meta.concrete_fields}
    return next((name for name in MOMENTS if name in names), None)


def way_to_people(model: type[models.Model]) -> str | None:
    """Return the lookup from a row to the employee it is about; empty for an employee."""
    ways: list[tuple[type[models.Model], tuple[str, ...]]] = [(model, ())]
    for _step in range(_STEPS + 1):
        for there, way in ways:
            if there is Employee:
                return "__".join(way)
        ways = [
            (target, (*way, name)) for there, way in ways for name, target in _references(there)
        ]
    return None


def _references(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    """Yield the rows that one row names, and the person to whom a log-in belongs."""
    for field in model._meta.get_fields():
        is_forward = isinstance(field, models.ForeignKey)
        is_own = field.one_to_one and field.auto_created
        # Who heads a department is not whom its rows are about.
        if (is_forward or is_own) and field.name not in {"head", "supervisor", "department"}:
            yield field.name, field.related_model


def columns(model: type[models.Model]) -> list[str]:
    """Return the columns that were in the table."""
    return [str(field.column) for field in model._meta.concrete_fields]
