"""The facts of an entry as a table for people: what it was, what it is now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from organization.models import AuditEntry

Teller = Callable[[Mapping[str, Any]], Sequence[str]]

_tellers: dict[str, Teller] = {}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")

LABELS: Final[Mapping[str, str | Promise]] = {
    "actions": gettext_lazy("may"),
    "address": gettext_lazy("address"),
    "asked_for": gettext_lazy("asked for"),
    "cleared": gettext_lazy("cleared"),
    "changed": gettext_lazy("changed"),
    "days": gettext_lazy("days"),
    "door": gettext_lazy("door"),
    "ends_on": gettext_lazy("to"),
    "exists": gettext_lazy("exists"),
    "fence": gettext_lazy("geofence"),
    "file": gettext_lazy("file"),
    "filter": gettext_lazy("filter"),
    "format": gettext_lazy("format"),
    "lines": gettext_lazy("lines"),
    "method": gettext_lazy("method"),
    "new": gettext_lazy("new"),
    "number": gettext_lazy("number"),
    "outline": gettext_lazy("where it lies"),
    "reason": gettext_lazy("reason"),
    "rows": gettext_lazy("rows"),
    "starts_on": gettext_lazy("from"),
    "status": gettext_lazy("answer"),
    "table": gettext_lazy("table"),
    "times": gettext_lazy("times"),
    "to": pgettext_lazy("where somebody goes", "to"),
    "turns": gettext_lazy("turns"),
    "valid_from": gettext_lazy("valid from"),
    "who": gettext_lazy("who"),
    "years": gettext_lazy("years"),
}


class Line(NamedTuple):
    """One line of the table. A fact that was no change has nothing before."""

    label: str
    before: str
    after: str


def register_teller(verb: str, teller: Teller) -> None:
    """Let an app say in sentences what the `before` and `after` of its verb hold."""
    _tellers[verb] = teller


def has_change(entry: AuditEntry) -> bool:
    """Say whether an entry tells what was before and what is now."""
    return "before" in entry.facts or "after" in entry.facts


def lines(entry: AuditEntry) -> list[Line]:
    """Return the facts of an entry, the change first."""
    return [*_changed(entry), *_said(entry)]


def _changed(entry: AuditEntry) -> Iterator[Line]:
    if not has_change(entry):
        return
    before, after = entry.facts.get("before"), entry.facts.get("after")
    if (teller := _tellers.get(entry.verb)) is not None:
        told = [list(teller(one)) if isinstance(one, Mapping) else [] for one in (before, after)]
        gone = [one for one in told[0] if one not in told[1]]
        new = [one for one in told[1] if one not in told[0]]
        yield Line(_("what it says"), "\n".join(gone), "\n".join(new))
        return
    if not isinstance(before, Mapping) and not isinstance(after, Mapping):
        yield Line(_("value"), _word(before), _word(after))
        return
    old, new_values = _flat(before or {}), _flat(after or {})
    for path in dict.fromkeys((*old, *new_values)):
        if old.get(path) != new_values.get(path):
            field = _field(entry.thing_type, path)
            yield Line(
                _label(field, path), _word(old.get(path), field), _word(new_values.get(path), field)
            )


def _said(entry: AuditEntry) -> Iterator[Line]:
    for path, value in _flat(entry.facts).items():
        if path.split(".")[0] not in {"before", "after"}:
            field = _field(entry.thing_type, path)
            yield Line(_label(field, path), "", _word(value, field))


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return nested facts as one level, the way to each joined by dots."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, one in value.items():
            found |= _flat(one, f"{path}.{key}" if path else str(key))
        return found
    return {path: value} if path else {}


def _field(label: str, path: str) -> models.Field[Any, Any] | None:
    try:
        model = apps.get_model(label)
        found = model._meta.get_field(path.removesuffix("_id"))
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    return found if isinstance(found, models.Field) else None


def _label(field: models.Field[Any, Any] | None, path: str) -> str:
    if field is not None:
        return str(field.verbose_name)
    return " › ".join(str(LABELS.get(part, part.replace("_", " "))) for part in path.split("."))


def _word(value: Any, field: models.Field[Any, Any] | None = None) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_word(one) for one in value) or "–"
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    if value in choices:
        return str(choices[value])
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        if moment.tzinfo is not None:
            return f"{localtime(moment):%Y-%m-%d %H:%M:%S}"
    return str(value)
