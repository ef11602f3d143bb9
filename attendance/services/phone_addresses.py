"""By which address somebody's own phone joins the Wi-Fi, as they say it themselves.

Where the Wi-Fi knows no user names, this is whose phone it is: whoever says somebody else's address
would be punched by that person's phone. So an address is one person's, few can be said in a month,
each stands in the audit log, and punches nobody before it has cooled down, as a newly bound phone
does (S-17), unless HR confirms it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from attendance.evidence.demands import Demands
from devices import wifi
from devices.models import PhoneAddress
from organization import audit
from organization.encryption import CannotUnseal
from organization.errors import DomainError, NotFound
from organization.models import Employee, User
from organization.sealed_fields import opened

# The first one, and as many changes as a phone may have before punches from it are doubted.
SAID_AT_MOST: Final = 3
SAID_WITHIN: Final = timedelta(days=30)
_HIDDEN: Final = "··:··:··:"


class NoAutomaticPunch(DomainError):
    """What nothing would be done with is not kept."""

    code = "no_automatic_punch"
    message = _("Your rule knows no automatic Wi-Fi punch. Nothing was kept.")


class TooManyChanges(DomainError):
    """Somebody tries addresses, or lends their phone around."""

    code = "too_many_changes"
    message = _(
        "You have entered an address %(most)d times within %(days)d days. Ask HR to enter this one."
    )


class OwnAddress(NamedTuple):
    """An address of one's own phone: its second half, enough to tell it, too little to copy it.

    `is_private` says that the phone made it up for one network, and may make up another;
    `cooling_until` from when on it punches by itself, or None where it does already.
    """

    id: int
    shown: str
    is_private: bool
    cooling_until: datetime | None


def cools_until(said_at: datetime, demands: Demands) -> datetime:
    """Return from when on an address punches by itself that the person themselves said."""
    return said_at + timedelta(hours=demands.cooling_hours)


def own_addresses(employee: Employee, demands: Demands, *, now: datetime) -> list[OwnAddress]:
    """Return the addresses of somebody's phones, the latest first. One query."""
    return [_told(row, demands, now) for row in employee.phone_addresses.all()]


def _address(row: PhoneAddress) -> str | None:
    try:
        return opened(row, "sealed_address").decode()
    except CannotUnseal:
        return None


def _told(row: PhoneAddress, demands: Demands, now: datetime) -> OwnAddress:
    until = cools_until(row.added_at, demands) if row.is_unconfirmed else now
    waits = until if now < until else None
    address = _address(row)
    if address is None:
        return OwnAddress(row.pk, "–", False, waits)
    return OwnAddress(row.pk, f"{_HIDDEN}{address[9:]}", wifi.is_private(address), waits)


@transaction.atomic
def say_own_address(
    *,
    employee: Employee,
    address: str,
    instead_of: int | None,
    demands: Demands,
    actor: User,
    now: datetime,
) -> PhoneAddress:
    """Keep an address that somebody says of their own phone, instead of another one if they say so.

    Saying one's own once more changes nothing. Raises NoAutomaticPunch, BadPhoneAddress,
    AddressTaken, TooManyAddresses, TooManyChanges, and NotFound for `instead_of`.
    """
    if not demands.punches_by_wifi_itself:
        raise NoAutomaticPunch
    read = wifi.read_phone_address(address)
    # Two tabs of one phone meet here, before anything is counted.
    Employee.objects.select_for_update(no_key=True).get(pk=employee.pk)
    own = list(employee.phone_addresses.all())
    same = next((row for row in own if _address(row) == read), None)
    if same is not None and instead_of in (None, same.pk):
        return same
    if instead_of is not None:
        forget_own_address(employee=employee, address_id=instead_of, actor=actor, now=now)
    if same is not None:
        return same
    row = wifi.add_phone_address(employee=employee, address=read, actor=actor, now=now)
    if _said_lately(employee, actor, now) > SAID_AT_MOST:
        raise TooManyChanges(most=SAID_AT_MOST, days=SAID_WITHIN.days)
    return row


def _said_lately(employee: Employee, actor: User, now: datetime) -> int:
    """Count what the person has entered themselves, this one among it; HR may enter more."""
    entries = audit.entries_about(employee).filter(verb="phone_address.added", actor=actor)
    return entries.filter(at__gt=now - SAID_WITHIN).count()


@transaction.atomic
def forget_own_address(*, employee: Employee, address_id: int, actor: User, now: datetime) -> None:
    """Take away an address of one's own phone. Raises NotFound for any other."""
    row = employee.phone_addresses.filter(pk=address_id).select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound(what=PhoneAddress._meta.verbose_name, key=address_id)
    wifi.remove_phone_address(row, actor=actor, now=now)
