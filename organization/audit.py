"""One line per decision, in the transaction that made it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import models
from django.db.models import Q

from organization.access import Action, granted_paths
from organization.circumstances import current
from organization.models import AuditEntry, Department, Employee, RoleAssignment, User

# What the log must never hold, however deep in the facts: it lives longer than these may.
FORBIDDEN: Final = frozenset(
    "accuracy bssid bssids fingerprint lat latitude lng lon longitude password photo position_fix "
    "secret ssid template token".split()
)


class Thing(NamedTuple):
    """What an entry is about where that is no row: a list, a page, a door."""

    kind: str
    name: str
    key: str = ""


def record(
    *,
    actor: User | None,
    verb: str,
    thing: models.Model | Thing,
    now: datetime,
    department: Department | None = None,
    **facts: object,
) -> AuditEntry:
    """Write down that `actor` did `verb` to `thing`. `facts` must be JSON values.

    A change is told as `before` and `after`. Line breaks and signs that steer a terminal are taken
    out, so that nobody can forge a line of the log. Raises ValueError for facts that name a
    position, something biometric or a secret.
    """
    entry = _entry(actor, verb, thing, now, department, facts)
    entry.save(force_insert=True)
    return entry


def record_each(
    *,
    actor: User | None,
    verb: str,
    told: Iterable[tuple[models.Model, Department | None, Mapping[str, object]]],
    now: datetime,
) -> None:
    """Write down that `actor` did `verb` to many rows: an entry each, as `record` would.

    `told` is each row, its department and the facts. One query for every 500. Raises ValueError.
    """
    entries = [_entry(actor, verb, row, now, home, facts) for row, home, facts in told]
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def _entry(
    actor: User | None,
    verb: str,
    thing: models.Model | Thing,
    now: datetime,
    department: Department | None,
    facts: Mapping[str, object],
) -> AuditEntry:
    _refuse_forbidden(facts)
    about = thing if isinstance(thing, Thing) else _about(thing)
    how = current()
    return AuditEntry(
        at=now,
        actor=actor,
        verb=verb,
        thing_type=about.kind,
        thing_id=about.key[:60],
        thing_name=plain(about.name)[:200],
        department=department,
        facts=_plain_facts(facts),
        channel=how.channel,
        through=plain(how.through())[:80],
        address=how.address[:45],
        request_id=how.request_id[:36],
    )


def record_export(
    *,
    actor: User,
    model: type[models.Model],
    rows: int,
    form: str,
    filters: Mapping[str, object],
    now: datetime,
    department: Department | None = None,
) -> AuditEntry:
    """Write down that `rows` rows left as a file: in which form, and what was asked for."""
    return record(
        actor=actor,
        verb="rows.exported",
        thing=Thing(model._meta.label_lower, str(model._meta.verbose_name_plural)),
        department=department or home_of(actor, Action.EXPORT),
        now=now,
        rows=rows,
        format=form,
        filter={key: str(value)[:200] for key, value in filters.items()},
    )


def home_of(actor: User, action: Action) -> Department | None:
    """Return the one department where somebody may do `action`; None where that is not one."""
    paths = granted_paths(actor, action)
    if paths is None or len(paths) != 1:
        return None
    return Department.objects.filter(path=paths[0]).first()


def home_of_log_in(user: User) -> Department | None:
    """Return where a log-in belongs: its person's department, or that of a program's first role."""
    return homes_of_log_ins([user]).get(user.pk)


def homes_of_log_ins(users: Iterable[User]) -> dict[int, Department]:
    """Return where log-ins belong, by key; those that belong nowhere are left out.

    One query for all that are nobody's; the people of the others are best read with them.
    """
    homes: dict[int, Department] = {}
    nobodys = []
    for user in users:
        person = getattr(user, "employee", None)
        if person is not None:
            homes[user.pk] = person.department
        else:
            nobodys.append(user.pk)
    if nobodys:
        held = RoleAssignment.objects.filter(
            user__in=nobodys, ended_at=None, department__isnull=False
        )
        for row in held.select_related("department").order_by("pk"):
            homes.setdefault(row.user_id, row.department)
    return homes


def entries_about(employee: Employee) -> models.QuerySet[AuditEntry]:
    """Return what was written down about a person: as a thing, and as somebody looked at.

    Services that show or move one person's data name the person as the thing.
    """
    about = Q(thing_type="organization.employee", thing_id=str(employee.pk))
    if employee.user_id is not None:
        about |= Q(thing_type="organization.user", thing_id=str(employee.user_id))
    return AuditEntry.objects.filter(about)


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts of two mappings of JSON values in which they differ."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def plain(text: str) -> str:
    """Return text as one line, without signs that steer a terminal or the way of writing."""
    kept = "".join(" " if unicodedata.category(sign) in _STEERING else sign for sign in text)
    return " ".join(kept.split())


# Control signs, line and paragraph ends, unpaired surrogates, and signs such as "write backwards".
_STEERING: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def _about(row: models.Model) -> Thing:
    return Thing(row._meta.label_lower, str(row), str(row.pk or ""))


def _plain_facts(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): _plain_facts(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_facts(one) for one in value]
    return value


def _refuse_forbidden(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if str(key).lower() in FORBIDDEN:
                raise ValueError(f"the audit log does not hold {key!r}")
            _refuse_forbidden(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _refuse_forbidden(one)
