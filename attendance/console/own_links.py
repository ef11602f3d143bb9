"""What rooms above add to pages: ways at the top of one's own, and what can be asked on a day.

They say it when they are ready; these pages know nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.console.day import DayPage
from attendance.console.own import today_of
from attendance.models import OfflineClaim
from attendance.services.checking import demands_at
from attendance.services.claims import AHEAD_AT_MOST, PROOF_AT_MOST
from organization.models import Employee, User


class OwnLink(NamedTuple):
    """A way to a page; `number` says how much waits there, 0 for nothing.

    `icon` "bell" shows a bell; the title is then read out and not shown.
    """

    title: str | Promise
    address: str
    number: int = 0
    icon: str = ""


Ways = Callable[[User, datetime], list[OwnLink]]
Offers = Callable[[DayPage, datetime], list[OwnLink]]
OffersFor = Callable[[User, DayPage, datetime], list[OwnLink]]
_ways: list[Ways] = []
_offers: list[Offers] = []
_offers_for: list[OffersFor] = []


def register(*, ways: Ways, offers: Offers, offers_for: OffersFor) -> None:
    """Let a room add its ways, and what it offers on a day: to the person, and to others."""
    if ways not in _ways:
        _ways.append(ways)
        _offers.append(offers)
        _offers_for.append(offers_for)


def ways_of(user: User, now: datetime) -> list[OwnLink]:
    """Return the ways at the top of a person's own pages."""
    return [link for ways in _ways for link in ways(user, now)]


def offers_on(page: DayPage, now: datetime) -> list[OwnLink]:
    """Return what a person can ask for on a day of theirs."""
    return [link for offers in _offers for link in offers(page, now)]


def offers_for(user: User, page: DayPage, now: datetime) -> list[OwnLink]:
    """Return what somebody can ask for on the day of somebody else."""
    return [link for offers in _offers_for for link in offers(user, page, now)]


def claim_links(employee: Employee, now: datetime) -> list[OwnLink]:
    """Return the way to one's offline claims; none where the rule takes none.

    Whoever declared something under the rule before may still have to prove it.
    """
    unproven = OfflineClaim.objects.open().filter(
        employee=employee, claimed_at__gte=now - PROOF_AT_MOST
    )
    if demands_at(employee.pk, today_of(employee, now=now)).takes_claims or unproven.exists():
        return [OwnLink(_("Punches by a flight"), reverse("attendance:my-claims"))]
    return []


def claim_links_on(page: DayPage, now: datetime) -> list[OwnLink]:
    """Return the same for a day of theirs: only where a punch can be declared or still proven."""
    today = now.astimezone(page.zone).date()
    if today - PROOF_AT_MOST <= page.work_date <= today + AHEAD_AT_MOST:
        return claim_links(page.employee, now)
    return []
