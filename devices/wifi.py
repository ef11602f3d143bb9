"""What people do with access points, Wi-Fi controllers and the addresses of phones."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from devices.bssid import bssid_problem, normalise_bssid
from devices.models import AccessPoint, PhoneAddress, WifiController
from organization import audit
from organization.errors import DomainError
from organization.models import Department, Employee, User
from organization.sealed_fields import digests_of, opened, sealed
from organization.services import told
from organization.units import units_of

SECRET_SIGNS: Final = (16, 128)
ACCESS_POINTS_AT_MOST: Final = 20_000
ADDRESSES_AT_MOST: Final = 5
_SIGNS_SHOWN: Final = 40
_POINT: Final = ("name", "department", "is_active")
_CONTROLLER: Final = ("name", "department", "network", "is_active")
_PLACE: Final = ("latitude", "longitude", "radius_metres")


class KnownPhone(NamedTuple):
    """Whose phone it is; `unconfirmed_since` is since when only they say so, None if HR does."""

    employee_id: int
    unconfirmed_since: datetime | None


class BadSecret(DomainError):
    """Too short to keep anybody out, or of signs that a controller cannot be given."""

    code = "bad_secret"
    message = _(
        "A shared secret has %(least)d to %(most)d signs: letters, digits and signs of a keyboard, "
        "without blanks."
    )


class BadPhoneAddress(DomainError):
    """What was written is no address of a phone."""

    code = "bad_phone_address"
    message = _("%(address)s is no address of a phone; write one like 8c:a6:df:c8:f7:4b.")


class PlaceholderAddress(BadPhoneAddress):
    """A phone says this where it may not tell, so it would be everybody's."""

    message = _(
        "%(address)s is what a phone says when it may not tell its address; many phones say it. "
        "Look it up in the phone's settings, at the company's Wi-Fi."
    )


class AddressToMany(BadPhoneAddress):
    """Sent to, and never from."""

    message = _("%(address)s is an address to many, and that of no phone.")


class AddressTaken(DomainError):
    """An address names one person."""

    code = "address_taken"
    message = _("This phone address belongs to somebody already.")


class TooManyAddresses(DomainError):
    """Nobody carries so many phones."""

    code = "too_many_addresses"
    message = _("At most %(most)d phone addresses can be kept for one person.")


# Access points ------------------------------------------------------------------------------------


def unit_paths(department_paths: Iterable[str]) -> dict[str, str]:
    """Return the path of the business unit of each department, by the department's path.

    `/` where there is none: outside of all units the whole group is one. One query.
    """
    units = units_of(department_paths)
    return {path: unit.path if unit is not None else "/" for path, unit in units.items()}


def access_points_for(department_path: str) -> list[AccessPoint]:
    """Return the access points in use of the business unit that a department lies in."""
    unit = unit_paths([department_path])[department_path]
    points = AccessPoint.objects.filter(is_active=True, department__path__startswith=unit)
    return list(points[:ACCESS_POINTS_AT_MOST])


@transaction.atomic
def save_access_point(point: AccessPoint, *, actor: User | None, now: datetime) -> AccessPoint:
    """Add an access point, or write what differs. Raises ValidationError."""
    before = AccessPoint.objects.filter(pk=point.pk).first() if point.pk else None
    point.full_clean()
    point.save()
    audit.record(
        actor=actor,
        verb="access_point.edited" if before else "access_point.added",
        thing=point,
        department=point.department,
        now=now,
        **({"before": _told_point(before)} if before else {}),
        after=_told_point(point),
    )
    return point


def _told_point(point: AccessPoint) -> dict[str, Any]:
    """Return what the log tells: not where it stands."""
    has_place = all(getattr(point, field) is not None for field in _PLACE)
    return {**told(point, _POINT), "has_place": has_place}


# Controllers --------------------------------------------------------------------------------------


def make_secret() -> str:
    """Return a shared secret that nobody guesses, of signs that every controller takes."""
    return secrets.token_hex(16)


@transaction.atomic
def add_controller(
    *,
    name: str,
    department: Department,
    network: str,
    secret: str,
    is_active: bool = True,
    actor: User | None,
    now: datetime,
) -> WifiController:
    """Let a Wi-Fi controller be heard, by its address and secret.

    Raises BadSecret and ValidationError.
    """
    controller = WifiController(
        name=name, department=department, network=network, is_active=is_active
    )
    controller.sealed_secret = _sealed_secret(controller, secret)
    controller.full_clean()
    controller.network = str(ip_network(network))
    controller.save()
    audit.record(
        actor=actor,
        verb="wifi_controller.added",
        thing=controller,
        department=department,
        now=now,
        after=told(controller, _CONTROLLER),
    )
    return controller


@transaction.atomic
def edit_controller(
    controller: WifiController, *, actor: User | None, now: datetime
) -> WifiController:
    """Write what differs of a controller, but for its secret. Raises ValidationError."""
    before = WifiController.objects.select_for_update().get(pk=controller.pk)
    controller.full_clean()
    controller.network = str(ip_network(controller.network))
    controller.save(update_fields=_CONTROLLER)
    audit.record(
        actor=actor,
        verb="wifi_controller.edited",
        thing=controller,
        department=controller.department,
        now=now,
        before=told(before, _CONTROLLER),
        after=told(controller, _CONTROLLER),
    )
    return controller


@transaction.atomic
def change_secret(
    controller: WifiController, *, secret: str, actor: User | None, now: datetime
) -> None:
    """Give a controller another secret; what is signed with the old one is not heard any more.

    Raises BadSecret.
    """
    controller.sealed_secret = _sealed_secret(controller, secret)
    controller.save(update_fields=["sealed_secret"])
    audit.record(
        actor=actor,
        verb="wifi_controller.secret_changed",
        thing=controller,
        department=controller.department,
        now=now,
    )


def secret_of(controller: WifiController) -> bytes:
    """Return the shared secret of a controller. Raises encryption.CannotUnseal."""
    return opened(controller, "sealed_secret")


def _sealed_secret(controller: WifiController, secret: str) -> bytes:
    least, most = SECRET_SIGNS
    is_typed = secret.isascii() and secret.isprintable() and " " not in secret
    if not (least <= len(secret) <= most and is_typed):
        raise BadSecret(least=least, most=most)
    return sealed(WifiController, "sealed_secret", secret.encode(), key=controller.key)


# Addresses of phones ------------------------------------------------------------------------------


def read_phone_address(address: str) -> str:
    """Return the address of a phone as aa:bb:cc:00:11:22.

    Raises BadPhoneAddress, with the reason: no address, a placeholder, or one to many.
    """
    read = normalise_bssid(address)
    problem = bssid_problem(read)
    said = audit.plain(address)[:_SIGNS_SHOWN]
    if problem == "bssid_placeholder":
        raise PlaceholderAddress(address=said)
    if problem == "bssid_multicast":
        raise AddressToMany(address=said)
    if read is None:
        raise BadPhoneAddress(address=said)
    return read


def is_private(address: str) -> bool:
    """Say whether a phone has made an address up for one network, and may make up another."""
    return bssid_problem(address) == "bssid_local"


@transaction.atomic
def add_phone_address(
    *, employee: Employee, address: str, actor: User | None, now: datetime
) -> PhoneAddress:
    """Say by which address a person's phone joins the Wi-Fi.

    The address that a phone makes up for one network is as good as its own: it stays the same
    there. What people enter for themselves is unconfirmed, whatever else they may do here, until
    somebody else enters it once more. Raises BadPhoneAddress, AddressTaken and TooManyAddresses.
    """
    content = read_phone_address(address).encode()
    Employee.objects.select_for_update(no_key=True).get(pk=employee.pk)
    found = digests_of(PhoneAddress, "sealed_address", content)
    is_own_word = actor is not None and actor.pk == employee.user_id
    rows = PhoneAddress.objects.select_for_update(of=("self",))
    known = rows.filter(digest__in=found).first()
    if known is not None and known.employee_id == employee.pk:
        if known.is_unconfirmed and not is_own_word:
            known.is_unconfirmed = False
            known.save(update_fields=["is_unconfirmed"])
            _record_address("phone_address.confirmed", known, actor, now)
        return known
    if known is not None:
        raise AddressTaken
    if employee.phone_addresses.count() >= ADDRESSES_AT_MOST:
        raise TooManyAddresses(most=ADDRESSES_AT_MOST)
    row = PhoneAddress(
        employee=employee,
        digest=found[0],
        sealed_address=sealed(PhoneAddress, "sealed_address", content, employee_id=employee.pk),
        added_at=now,
        is_unconfirmed=is_own_word,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as race:
        raise AddressTaken from race
    _record_address("phone_address.added", row, actor, now)
    return row


@transaction.atomic
def remove_phone_address(row: PhoneAddress, *, actor: User | None, now: datetime) -> None:
    """Forget an address of a phone. What became a punch stays one."""
    _record_address("phone_address.removed", row, actor, now)
    row.delete()


def _record_address(verb: str, row: PhoneAddress, actor: User | None, now: datetime) -> None:
    employee = row.employee
    audit.record(actor=actor, verb=verb, thing=employee, department=employee.department, now=now)


def phones_by_address(addresses: Collection[str]) -> Mapping[str, KnownPhone]:
    """Return whose phones these are, by address. One query."""
    asked = {
        digest: address
        for address in addresses
        for digest in digests_of(PhoneAddress, "sealed_address", address.encode())
    }
    rows = PhoneAddress.objects.filter(digest__in=asked).values_list(
        "digest", "employee_id", "is_unconfirmed", "added_at"
    )
    return {
        asked[digest]: KnownPhone(employee_id, added_at if is_unconfirmed else None)
        for digest, employee_id, is_unconfirmed, added_at in rows
    }
