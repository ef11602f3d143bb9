"""What a person is asked to agree to, on a page that needs no phone's app."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from attendance.console import own
from attendance.evidence.demands import Demands
from attendance.evidence.policy import LOCATION
from attendance.models import Consent, Purpose
from attendance.services import consents
from attendance.services.checking import demands_at
from organization.errors import NotFound
from organization.models import Employee, User


class AskedOfMe(NamedTuple):
    """A notice in force, and since when the person agrees to it or to an older version (UTC)."""

    purpose: Purpose
    version: int
    title: str
    text: str
    given_at: datetime | None
    given_version: int | None

    @property
    def is_given(self) -> bool:
        """Say whether the person agrees to what is in force."""
        return self.given_version == self.version


def read_own_consents(employee: Employee, language: str, *, now: datetime) -> list[AskedOfMe]:
    """Return the notices that the person's rule asks about today, and those they agreed to."""
    held = {
        row.purpose: row for row in Consent.objects.filter(employee=employee, withdrawn_at=None)
    }
    demands = demands_at(employee.pk, own.today_of(employee, now=now))
    found = []
    for purpose in Purpose:
        consent = held.get(purpose.value)
        if consent is None and not _is_asked(purpose, demands):
            continue
        notice = consents.notice_for(purpose, language)
        if notice is not None:
            since, version = (consent.given_at, consent.version) if consent else (None, None)
            found.append(
                AskedOfMe(purpose, notice.version, notice.title, notice.text, since, version)
            )
    return found


def change_own_consent(
    employee: Employee, said: Mapping[str, str], language: str, *, actor: User, now: datetime
) -> None:
    """Agree to a notice (`act=agree`, with the `version` that was read) or no longer (`withdraw`).

    Raises NotFound for what nobody asks, and NoticeIsOld.
    """
    purpose, version = said.get("purpose", ""), said.get("version", "")
    if purpose not in Purpose.values:
        raise NotFound(what=Consent._meta.verbose_name, key=purpose)
    if said.get("act") == "withdraw":
        consents.withdraw(employee=employee, purpose=purpose, actor=actor, now=now)
        return
    read = int(version) if version.isdecimal() and len(version) < 10 else 0
    consents.give(
        employee=employee, purpose=purpose, version=read, language=language, actor=actor, now=now
    )


def _is_asked(purpose: Purpose, demands: Demands) -> bool:
    if purpose is Purpose.REPORTS:
        return demands.reports_position
    return LOCATION in demands.methods or demands.is_place_demanded_with_code
