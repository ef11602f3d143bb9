"""The erasure of one person's data: what proves punches goes, what people are paid by stays.

Article 47 of the Personal Information Protection Law: data is erased when its purpose is achieved
or consent is withdrawn; what another law asks to be kept is kept, and used for nothing else. Wage
records are kept for two years at least (Interim Provisions on Wage Payment, article 6).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import models, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.holds import refuse_held
from organization.models import AuditEntry, Employee, User
from organization.personal.copies import how_long, is_wholly_within, kept_for
from organization.personal.datamap import About, Erased, about_people

REASON_AT_MOST: Final = 200
_CHUNK: Final = 500


class ReasonMissing(DomainError):
    """Nobody erases without saying why."""

    code = "reason_missing"
    message = _("Say who asked for the erasure, and why, in 3 to 200 signs.")


class Line(NamedTuple):
    """A table of the map: how many rows stay or go. `until` is when the last of them is past."""

    about: About
    rows: int
    why: str | Promise = ""


class Preview(NamedTuple):
    """What an erasure deletes, and what stays with the reason."""

    goes: list[Line]
    stays: list[Line]

    @property
    def rows(self) -> int:
        """Return how many rows would go."""
        return sum(line.rows for line in self.goes)


def employee_for_erasure(employee_id: int, *, actor: User) -> Employee:
    """Return whose data `actor` may erase: by RULE and AUDIT wherever they were; never one's own.

    Raises NotFound for any other person.
    """
    there = departments_for(actor, Action.RULE) & departments_for(actor, Action.AUDIT)
    rows = Employee.objects.select_related("department", "user")
    found = rows.filter(pk=employee_id, department__in=there).first()
    if found is None or found.user_id == actor.pk or not is_wholly_within(found, there):
        raise NotFound(what=str(Employee._meta.verbose_name), key=employee_id)
    return found


def preview(employee: Employee, *, now: datetime) -> Preview:
    """Return what `erase` would delete at `now`, and what would stay."""
    goes, stays = [], []
    for about in about_people():
        count = about.of(employee).count()
        if not count:
            continue
        if _goes(about, employee, now):
            goes.append(Line(about, count))
        else:
            stays.append(Line(about, count, _why_it_stays(about)))
    return Preview(goes, stays)


@transaction.atomic
def erase(employee_id: int, *, reason: str, actor: User, now: datetime) -> dict[str, int]:
    """Delete what a person may have erased; return how many rows of each table went.

    The proof is an entry of the audit log, which is sealed: who, why, how many rows of which
    table, and a digest of their keys. A second erasure finds nothing and writes nothing.
    Raises NotFound, ReasonMissing, and holds.Held while a legal hold is in force.
    """
    employee = employee_for_erasure(employee_id, actor=actor)
    # Two who erase, or one who erases while a hold is placed, meet at the row of the person. Its
    # key as well: whoever places a hold only names the person, and waits as they commit.
    Employee.objects.select_for_update().get(pk=employee.pk)
    refuse_held(employee)
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= REASON_AT_MOST:
        raise ReasonMissing
    gone: dict[str, int] = {}
    digest = hashlib.sha256()
    for about in about_people():
        if _goes(about, employee, now):
            count = _delete(about, employee, digest)
            if count:
                gone[about.label] = count
    if gone:
        audit.record(
            actor=actor,
            verb="personal.erased",
            thing=employee,
            department=employee.department,
            now=now,
            reason=reason,
            tables=gone,
            digest=digest.hexdigest(),
        )
    return gone


def proofs(employee: Employee) -> models.QuerySet[AuditEntry]:
    """Return the proofs of earlier erasures, the latest first."""
    return audit.entries_about(employee).filter(verb="personal.erased").order_by("-pk")


def _goes(about: About, employee: Employee, now: datetime) -> bool:
    if about.erased is Erased.LEAVERS:
        today = timezone.localtime(now).date()
        return employee.left_on is not None and employee.left_on < today - timedelta(days=1)
    return about.erased is Erased.ALWAYS


def _why_it_stays(about: About) -> str | Promise:
    if about.erased is Erased.LEAVERS:
        return _("in use until the person has left")
    if kept_for(about) is None:
        return _("names whose results the others are; stays as long as they do")
    return _("wages are reckoned from it, or it shows how; kept for %(term)s") % {
        "term": how_long(about)
    }


def _delete(about: About, employee: Employee, digest: Any) -> int:
    """Delete the rows in chunks, in the order of their keys; return how many."""
    count = 0
    model = about.model
    while keys := list(about.of(employee).values_list("pk", flat=True)[:_CHUNK]):
        model._base_manager.filter(pk__in=keys).delete()
        digest.update("\n".join([model._meta.label_lower, *map(str, keys), ""]).encode())
        count += len(keys)
    return count
