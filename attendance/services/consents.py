"""What people agreed to: asked anew by each version of a notice, withdrawn as easily as given."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from attendance.models import AutoPunch, Consent, Notice
from organization import audit
from organization.errors import DomainError
from organization.models import Employee, User

_FALLBACK: Final = settings.LANGUAGE_CODE


class NoticeIsOld(DomainError):
    """Somebody agrees to what is no longer asked."""

    code = "notice_is_old"
    message = _("This notice has a newer version. Read that one first.")


def version_in_force(purpose: str) -> int | None:
    """Return the version of a notice that people are asked to agree to; None if there is none."""
    return _newest(purpose).first()


def _newest(purpose: str) -> QuerySet[Notice, int]:
    """Return the version in force as a query of one row at most, to be a part of others."""
    published = Notice.objects.filter(purpose=purpose, published_at__isnull=False)
    return published.order_by("-version").values_list("version", flat=True)[:1]


def notice_for(purpose: str, language: str) -> Notice | None:
    """Return the notice in force, in a language, or else in the installation's."""
    rows = Notice.objects.filter(
        purpose=purpose, version=Subquery(_newest(purpose)), published_at__isnull=False
    )
    found = {row.language: row for row in rows}
    return found.get(language) or found.get(_FALLBACK) or next(iter(found.values()), None)


def has_consent(employee: Employee, purpose: str) -> bool:
    """Say whether somebody has agreed to the notice in force, and not withdrawn it."""
    held = Consent.objects.filter(employee=employee, purpose=purpose, withdrawn_at=None)
    return held.filter(version=Subquery(_newest(purpose))).exists()


@transaction.atomic
def give(
    *, employee: Employee, purpose: str, version: int, language: str, actor: User, now: datetime
) -> Consent:
    """Keep that somebody agrees to a version, in the language they read. Raises NoticeIsOld.

    Agreeing twice changes nothing; agreeing to a newer version ends the older consent.
    """
    Employee.objects.select_for_update(no_key=True).get(pk=employee.pk)
    if version != version_in_force(purpose):
        raise NoticeIsOld(purpose=purpose, version=version)
    held = Consent.objects.filter(employee=employee, purpose=purpose, withdrawn_at=None).first()
    if held is not None and held.version == version:
        return held
    if held is not None:
        _end(held, now)
    consent = Consent.objects.create(
        employee=employee, purpose=purpose, version=version, language=language, given_at=now
    )
    _record("consent.given", consent, actor, now)
    return consent


@transaction.atomic
def withdraw(*, employee: Employee, purpose: str, actor: User, now: datetime) -> bool:
    """End somebody's consent at once; return whether there was one."""
    held = Consent.objects.select_for_update().filter(
        employee=employee, purpose=purpose, withdrawn_at=None
    )
    consent = held.first()
    if consent is None:
        return False
    _end(consent, now)
    _record("consent.withdrawn", consent, actor, now)
    return True


@transaction.atomic
def switch_automatic(*, employee: Employee, is_on: bool, actor: User, now: datetime) -> AutoPunch:
    """Let somebody punch by itself on the company's Wi-Fi, or no longer."""
    row, is_new = AutoPunch.objects.select_for_update().get_or_create(
        employee=employee, defaults={"is_on": is_on, "changed_at": now}
    )
    if not is_new and row.is_on == is_on:
        return row
    row.is_on, row.changed_at = is_on, now
    row.save(update_fields=["is_on", "changed_at"])
    audit.record(
        actor=actor,
        verb="automatic.switched_on" if is_on else "automatic.switched_off",
        thing=employee,
        department=employee.department,
        now=now,
    )
    return row


def is_automatic(employee_id: int) -> bool:
    """Say whether somebody has switched automatic punches on."""
    return AutoPunch.objects.filter(employee=employee_id, is_on=True).exists()


def _end(consent: Consent, now: datetime) -> None:
    consent.withdrawn_at = now
    consent.save(update_fields=["withdrawn_at"])


def _record(verb: str, consent: Consent, actor: User, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=consent.employee,
        department=consent.employee.department,
        now=now,
        purpose=consent.purpose,
        version=consent.version,
    )
