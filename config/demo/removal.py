"""Taking the demo company away, with everything that hangs on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermission, UserObjectPermission

from config.demo.loading import LOADED
from organization.append_only import lifted
from organization.errors import DomainError
from organization.models import AuditEntry, Department, Employee
from organization.seals.making import record_removal
from organization.seals.tables import sealed_tables

REMOVED = "demo.removed"
# SQLite takes a limited number of parameters.
AT_ONCE: Final = 500

Marked = defaultdict[type[models.Model], set[Any]]


class NothingToRemove(DomainError):
    """The demo company was never loaded here, or is gone already."""

    code = "no_demo_company"
    message = _("This database holds no demo company.")


class RealPeople(DomainError):
    """Somebody was hired who is not the demo's."""

    code = "real_people"
    message = _("Nothing was removed: %(people)s were not loaded by the demo.")


@transaction.atomic
def remove(*, now: datetime, say: Callable[[str], None]) -> int:
    """Take away the demo company and whatever refers to it; return how many rows.

    Raises NothingToRemove, and RealPeople where somebody else works in this database.
    """
    marks = list(AuditEntry.objects.filter(verb=LOADED))
    if not marks:
        raise NothingToRemove
    marked: Marked = defaultdict(set)
    for mark in marks:
        marked[AuditEntry].add(mark.pk)
        for label, keys in mark.facts.items():
            marked[apps.get_model(label)].update(keys)
    _refuse_real_people(marked[Employee])
    _follow_keys(marked)
    _mark_their_history(marked)
    # The tables that refuse changes are named by their migrations, which a command has not read.
    MigrationLoader(None)
    count = 0
    # Before the triggers are lifted: whoever seals holds the chain first, and then reads tables.
    for model, keys in marked.items():
        if model._meta.label_lower in sealed_tables():
            record_removal(model._meta.label_lower, list(keys), reason=REMOVED, now=now)
    with lifted(connection):
        _forget_grants(marked[Department])
        _let_go(marked)
        for model, keys in marked.items():
            for some in _some(keys):
                rows = model._base_manager.filter(pk__in=some)
                count += rows._raw_delete(rows.db)
        # PostgreSQL lays no trigger on a table whose keys it has yet to check.
        connection.check_constraints()
    AuditEntry.objects.create(at=now, verb=REMOVED, thing_type="demo", facts={"rows": count})
    say(f"{count:,} rows of {len(marked)} kinds were removed")
    return count


def _refuse_real_people(own: set[Any]) -> None:
    others = [
        str(person)
        for person in Employee.objects.only("number", "name").iterator()
        if person.pk not in own
    ]
    if others:
        named = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
        raise RealPeople(people=named)


def _follow_keys(marked: Marked) -> None:
    """Mark every row that cannot stand without a marked one, however far away."""
    news = dict(marked)
    while news:
        found: Marked = defaultdict(set)
        for field in _references():
            keys = news.get(field.remote_field.model)
            if not keys or field.remote_field.on_delete is models.SET_NULL:
                continue
            for some in _some(keys):
                rows = field.model._base_manager.filter(**{f"{field.attname}__in": some})
                found[field.model].update(rows.values_list("pk", flat=True))
        news = {model: keys - marked[model] for model, keys in found.items()}
        news = {model: keys for model, keys in news.items() if keys}
        for model, keys in news.items():
            marked[model] |= keys


def _mark_their_history(marked: Marked) -> None:
    """Mark the audit entries about marked rows; those name their thing by words, not by key."""
    for entry in AuditEntry.objects.only("pk", "thing_type", "thing_id").iterator():
        try:
            model = apps.get_model(entry.thing_type)
            key = model._meta.pk.to_python(entry.thing_id)
        except (LookupError, ValueError, ValidationError):
            continue
        if key in marked.get(model, ()):
            marked[AuditEntry].add(entry.pk)


def _let_go(marked: Marked) -> None:
    """Empty the references of rows that stay."""
    for field in _references():
        if field.remote_field.on_delete is models.SET_NULL:
            for some in _some(marked.get(field.remote_field.model, set())):
                rows = field.model._base_manager.filter(**{f"{field.attname}__in": some})
                rows.update(**{field.attname: None})


def _references() -> Iterator[models.ForeignKey[Any, Any]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                yield field


def _forget_grants(departments: set[Any]) -> None:
    """Take grants on these departments from whoever holds them; guardian keeps keys as text."""
    kind = ContentType.objects.get_for_model(Department)
    for model in (UserObjectPermission, GroupObjectPermission):
        for some in _some(departments):
            keys = [str(key) for key in some]
            model.objects.filter(content_type=kind, object_pk__in=keys).delete()


def _some(keys: set[Any]) -> Iterator[list[Any]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
