"""What people do with their phones: bind one, give it up; and whether a phone signed something.

A phone that is to be bound shows first that the private key is on it: it signs a challenge of the
server. Or whoever learns somebody's public key could bind it, and that phone's punches would be
doubted as those of a phone which two people share.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from devices.models import Phone
from organization import audit
from organization.access import Action
from organization.errors import DomainError, NotFound
from organization.models import Employee, User

# Whoever needs more at the same time is not one person.
BOUND_AT_MOST: Final = 5
_NAME_AT_MOST: Final = 100
# Somebody presses a button, and the phone answers: minutes are for slow networks.
CHALLENGE_LIVES: Final = timedelta(minutes=5)
# What a phone signs of a challenge begins with this, so that it is never what a punch is.
CHALLENGE_SAYS: Final = "kaoqin phone "
# P-256: 32 bytes a coordinate, and a half of a signature (RFC 7518, 3.4 and 6.2.1).
_HALF: Final = 32


class BadKey(DomainError):
    """The key is none that a phone of ours makes."""

    code = "bad_key"
    message = _("This is no public key of the curve P-256, as a JSON Web Key (RFC 7517).")


class TooManyPhones(DomainError):
    """Somebody binds phones without end."""

    code = "too_many_phones"
    message = _("At most %(most)d phones can be bound at a time. Release one that you do not use.")


class StaleChallenge(DomainError):
    """The challenge is too old, or was given to somebody else or for another key."""

    code = "challenge_stale"
    message = _("Setting up this phone took too long. Nothing was set up; try again.")


class KeyNotProven(DomainError):
    """Whoever asks has shown a public key, and not that the private one is theirs."""

    code = "key_not_proven"
    message = _(
        "This phone has not shown that the key is its own. Load the page again and set the phone "
        "up once more."
    )


class Proof(NamedTuple):
    """A challenge, and what the phone signed of it: base64url, as it signs punches."""

    challenge: str
    signature: str


def read_key(value: object) -> dict[str, str]:
    """Return the four members of a public P-256 key (JWK) that its thumbprint is made of.

    Raises BadKey; a private key is refused as well: it has no business here.
    """
    if not isinstance(value, Mapping) or "d" in value:
        raise BadKey
    if value.get("kty") != "EC" or value.get("crv") != "P-256":
        raise BadKey
    key = {"crv": "P-256", "kty": "EC", "x": str(value.get("x")), "y": str(value.get("y"))}
    try:
        _public(key)
    except ValueError as error:
        raise BadKey from error
    return key


def thumbprint(key: Mapping[str, str]) -> str:
    """Return the base64url of the SHA-256 of a key, by RFC 7638: 43 signs."""
    members = {name: key[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def is_signed(phone: Phone, content: bytes, signature: str) -> bool:
    """Say whether a phone signed these bytes: ECDSA with SHA-256, r and s side by side."""
    return _is_signed_by(phone.public_key, content, signature)


def _is_signed_by(key: Mapping[str, str], content: bytes, signature: str) -> bool:
    try:
        raw = _decoded(signature)
        halves = (int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))
        if len(raw) != 2 * _HALF:
            return False
        _public(key).verify(encode_dss_signature(*halves), content, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(key: Mapping[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (_decoded(key[name]) for name in ("x", "y"))
    if len(x) != _HALF or len(y) != _HALF:
        raise ValueError("a coordinate has 32 bytes")
    numbers = (int.from_bytes(x, "big"), int.from_bytes(y, "big"))
    return ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def give_challenge(*, employee: Employee, key: str, actor: User, now: datetime) -> str:
    """Return what a phone signs before it is bound: good for this person, log-in and key, for now.

    `key` is the thumbprint. Nothing is kept: the server knows its own word again by its seal.
    """
    until = int((now + CHALLENGE_LIVES).timestamp())
    return f"{until}.{_seal_of_challenge(until, employee, key, actor)}"


def _seal_of_challenge(until: int, employee: Employee, key: str, actor: User) -> str:
    whose = f"{until}:{actor.pk}:{employee.pk}:{key}"
    return salted_hmac("devices.phones.challenge", whose, algorithm="sha256").hexdigest()


def _check_proof(
    proof: Proof, employee: Employee, key: Mapping[str, str], actor: User, now: datetime
) -> None:
    if not proof.challenge or not proof.signature:
        raise KeyNotProven
    until, _dot, seal = proof.challenge.partition(".")
    # Twelve digits outlive every calendar; more would be no number that is worth reading.
    if not (until.isascii() and until.isdigit() and len(until) <= 12):
        raise StaleChallenge
    expected = _seal_of_challenge(int(until), employee, thumbprint(key), actor)
    if not constant_time_compare(seal, expected) or now.timestamp() > int(until):
        raise StaleChallenge
    if not _is_signed_by(key, f"{CHALLENGE_SAYS}{proof.challenge}".encode(), proof.signature):
        raise KeyNotProven


@transaction.atomic
def bind_phone(
    *, employee: Employee, key: object, proof: Proof, name: str, actor: User, now: datetime
) -> Phone:
    """Bind the phone that asks to the person who holds it; one that is bound already is returned.

    Raises BadKey, KeyNotProven, StaleChallenge, TooManyPhones.
    """
    public = read_key(key)
    _check_proof(proof, employee, public, actor, now)
    print_ = thumbprint(public)
    # Two tabs of one phone meet here.
    Employee.objects.select_for_update(no_key=True).get(pk=employee.pk)
    bound = Phone.objects.filter(employee=employee, released_at=None)
    known = bound.filter(key=print_).first()
    if known is not None:
        return known
    if bound.count() >= BOUND_AT_MOST:
        raise TooManyPhones(most=BOUND_AT_MOST)
    phone = Phone.objects.create(
        employee=employee,
        key=print_,
        public_key=public,
        name=audit.plain(name)[:_NAME_AT_MOST],
        bound_at=now,
    )
    _record("phone.bound", phone, actor, now)
    return phone


@transaction.atomic
def release_phone(*, phone_id: int, actor: User, now: datetime) -> Phone:
    """Give up a phone: one's own, or one of a person whose punches the actor decides about.

    Raises NotFound for any other. Giving up twice changes nothing.
    """
    phones = Phone.objects.select_for_update(of=("self",)).select_related("employee__department")
    phone = phones.filter(pk=phone_id).first()
    is_theirs = phone is not None and (
        phone.employee.user_id == actor.pk
        or Phone.objects.visible_to(actor, Action.DECIDE).filter(pk=phone_id).exists()
    )
    if phone is None or not is_theirs:
        raise NotFound(what=Phone._meta.verbose_name, key=phone_id)
    if phone.released_at is None:
        phone.released_at = now
        phone.save(update_fields=["released_at"])
        _record("phone.released", phone, actor, now)
    return phone


def bound_phone(employee: Employee, key: str) -> Phone | None:
    """Return the binding of a person to a phone, if it stands."""
    return Phone.objects.filter(employee=employee, key=key, released_at=None).first()


def note_counter(phone: Phone, counter: int) -> None:
    """Keep the highest number that a phone has sent."""
    Phone.objects.filter(pk=phone.pk, counter__lt=counter).update(counter=counter)


def _record(verb: str, phone: Phone, actor: User, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=phone.employee,
        department=phone.employee.department,
        now=now,
        phone=phone.name,
    )
