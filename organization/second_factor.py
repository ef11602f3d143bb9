"""The second step of a log-in: codes from a phone (TOTP, RFC 6238), and recovery codes.

A code is good for the thirty seconds of its step by the server's clock, and opens once: the step
that was used is kept in the database, so no second process takes it again. The code of the step
before is told to have run out; it opens nothing, and does not count as wrong.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization import audit, sessions
from organization.access import Action, granted_paths
from organization.errors import DomainError
from organization.models import RecoveryCode, SecondFactor, User
from organization.sealed_fields import opened, sealed

STEP: Final = 30
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
# Whoever gets here knows the password. So many wrong codes in a row, from wherever they come, and
# the factor rests: a million codes are not to be tried out.
WRONG_AT_MOST: Final = 10
RESTS_FOR: Final = timedelta(minutes=15)


class Verdict(Enum):
    """What became of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    RUN_OUT = "run out"
    RESTING = "resting"


class AlreadyEnrolled(DomainError):
    """A second factor is in use and must be taken off before another one can be set up."""

    code = "already_enrolled"
    message = _("A second factor is already in use.")


def is_administrative(user: User) -> bool:
    """Say whether a log-in reaches anybody's rows but its own: it holds a grant, or everything."""
    return any(granted_paths(user, action) != () for action in Action)


def is_required(user: User) -> bool:
    """Say whether `user` may do nothing without a second factor."""
    return settings.SECOND_FACTOR == "required" and is_administrative(user)


def is_enrolled(user: User) -> bool:
    """Say whether the log-in of `user` asks for a code."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def is_asked(user: User) -> bool:
    """Say whether nobody gets past the log-in of `user` without a code."""
    return is_required(user) or is_enrolled(user)


# Setting it up ----------------------------------------------------------------------------------


@transaction.atomic
def begin(user: User) -> SecondFactor:
    """Make the secret that the phone is to learn; nothing asks for codes before `confirm`."""
    _refuse_enrolled(user)
    secret = sealed(
        SecondFactor, "sealed_secret", base64.b32encode(secrets.token_bytes(20)), user_id=user.pk
    )
    factor, _made = SecondFactor.objects.update_or_create(
        user=user, defaults={"sealed_secret": secret, "last_step": 0, "failed_count": 0}
    )
    return factor


def pending(user: User) -> SecondFactor | None:
    """Return what `begin` made, while it waits for its first code."""
    return SecondFactor.objects.filter(user=user, confirmed_at=None).first()


def secret_of(factor: SecondFactor) -> str:
    """Return the secret as it is typed into a phone that cannot read the picture."""
    return opened(factor, "sealed_secret").decode()


def address_of(factor: SecondFactor) -> str:
    """Return the otpauth:// address that the phone reads."""
    return _totp(factor).get_provisioning_uri(factor.user.get_username(), "Kaoqin 考勤")


@transaction.atomic
def confirm(user: User, code: str, *, but: str | None, now: datetime) -> list[str]:
    """Put the factor into use with its first code; return the recovery codes, told once.

    Other sessions than the one with the cookie `but` end: they came in without it. An empty list
    means that the code was not right.
    """
    factor = pending(user)
    if factor is None or _take(factor, code, now) is not Verdict.RIGHT:
        return []
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=now)
    ended = sessions.end_sessions(user, but=but)
    audit.record(
        actor=user, verb="second_factor.enrolled", thing=user, now=now, sessions_ended=ended
    )
    return _new_recovery_codes(user)


def _refuse_enrolled(user: User) -> None:
    if is_enrolled(user):
        raise AlreadyEnrolled


# Using it ---------------------------------------------------------------------------------------


def check(user: User, code: str, *, now: datetime) -> Verdict:
    """Say whether `code` opens the log-in now, and use it up: from the phone, or of recovery."""
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if factor is None:
        return Verdict.WRONG
    mine = SecondFactor.objects.filter(pk=factor.pk)
    # Counted as wrong before it is looked at, in one statement: however many codes come at one
    # moment, no more of them are tried than may be.
    rested = Q(failed_at=None) | Q(failed_at__lte=now - RESTS_FOR)
    free = mine.filter(Q(failed_count__lt=WRONG_AT_MOST) | rested)
    if not free.update(failed_count=F("failed_count") + 1, failed_at=now):
        return Verdict.RESTING
    verdict = _take(factor, code, now)
    if verdict is Verdict.WRONG and _take_recovery_code(user, code, now):
        verdict = Verdict.RIGHT
    if verdict is Verdict.RIGHT:
        mine.update(failed_count=0)
    elif verdict is Verdict.RUN_OUT:
        mine.filter(failed_count__gt=0).update(
            failed_count=F("failed_count") - 1, failed_at=factor.failed_at
        )
    return verdict


def _take(factor: SecondFactor, code: str, now: datetime) -> Verdict:
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        return Verdict.WRONG
    second = int(now.timestamp())
    if _fits(factor, digits, second):
        # One statement takes the step: of two requests with one code, one finds it taken.
        step = second // STEP
        free = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
        return Verdict.RIGHT if free.update(last_step=step) else Verdict.RUN_OUT
    return Verdict.RUN_OUT if _fits(factor, digits, second - STEP) else Verdict.WRONG


def _fits(factor: SecondFactor, digits: str, second: int) -> bool:
    try:
        _totp(factor).verify(digits.encode(), second)
    except InvalidToken:
        return False
    return True


def _totp(factor: SecondFactor) -> TOTP:
    # What every authenticator speaks: others than SHA-1 are read by few.
    return TOTP(base64.b32decode(secret_of(factor)), DIGITS, SHA1(), STEP)  # noqa: S303


# Recovery codes ---------------------------------------------------------------------------------


@transaction.atomic
def renew_recovery_codes(user: User, *, now: datetime) -> list[str]:
    """Replace the recovery codes by new ones and return them, told once."""
    made = _new_recovery_codes(user)
    audit.record(actor=user, verb="second_factor.codes_renewed", thing=user, now=now)
    return made


def codes_left(user: User) -> int:
    """Return how many recovery codes have not been used."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _new_recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    # 26 signs of base 32: 130 random bits, so that a plain digest can be kept of them.
    made = [base64.b32encode(secrets.token_bytes(17)).decode()[:26] for _n in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in made)
    return ["-".join(code[at : at + 6] for at in range(0, 26, 6)).lower() for code in made]


def _take_recovery_code(user: User, code: str, now: datetime) -> bool:
    kept = RecoveryCode.objects.filter(user=user, digest=_digest(code), used_at=None)
    if not kept.update(used_at=now):
        return False
    audit.record(
        actor=user, verb="second_factor.code_spent", thing=user, now=now, left=codes_left(user)
    )
    return True


def _digest(code: str) -> str:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


# Taking it off ----------------------------------------------------------------------------------


@transaction.atomic
def reset(user: User, *, actor: User | None, now: datetime, but: str | None = None) -> bool:
    """Take the second factor off a log-in, and end its sessions; say whether there was one.

    Where it is required, the next log-in sets up another one before anything else.
    """
    had = SecondFactor.objects.filter(user=user).delete()[0]
    RecoveryCode.objects.filter(user=user).delete()
    if had:
        ended = sessions.end_sessions(user, but=but)
        audit.record(
            actor=actor,
            verb="second_factor.reset",
            thing=user,
            department=audit.home_of_log_in(user),
            now=now,
            sessions_ended=ended,
        )
    return bool(had)
