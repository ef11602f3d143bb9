"""How a browser on the wall becomes a screen, and is known again.

Somebody who may configure begins a pairing and is shown a code once; the browser into which it is
typed within ten minutes is bound. The first three signs of the code find the pairing, so that wrong
ones are counted where they belong; the others prove it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from devices.models import QrScreen
from devices.screens import SECRET_BYTES, lock, write_record
from organization.errors import DomainError
from organization.models import User

PAIRING_LASTS: Final = timedelta(minutes=10)
WRONG_AT_MOST: Final = 5
# Without those that look alike: 0 and O, 1, I and L, U and V, 5 and S, 2 and Z, 8 and B.
SIGNS: Final = "34679ACDEFGHJKMNPQRTWXY"
_NAME, _LENGTH = 3, 8


class WrongCode(DomainError):
    """A code that pairs nothing: mistyped, run out, used, void. One answer for all of them."""

    code = "wrong_pairing_code"
    message = _("This code is not right, or it has run out.")


class ScreenPrinted(DomainError):
    """Paper has no browser."""

    code = "screen_printed"
    message = _("%(screen)s is a printed sheet, which is not paired.")


def screen_of_browser(key: str, token: str) -> QrScreen | None:
    """Return the screen with this key if the browser with this token is the one that shows it."""
    if not token:
        return None
    rows = QrScreen.objects.select_related("department")
    return rows.filter(key=key, token_digest=digest_of(token)).first()


def screen_shown_by(token: str) -> QrScreen | None:
    """Return the screen that the browser with this token shows, if it shows one."""
    return QrScreen.objects.filter(token_digest=digest_of(token)).first() if token else None


def digest_of(token: str) -> str:
    """Return what is kept of the token of a browser."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def begin_pairing(*, screen_id: int, actor: User | None, now: datetime) -> tuple[QrScreen, str]:
    """Let a browser be bound within ten minutes; return the code for it, which is told once.

    An earlier code is void. The browser that shows the screen goes on until another is bound.
    Raises ScreenRevoked, ScreenPrinted.
    """
    while True:
        code = "".join(secrets.choice(SIGNS) for _sign in range(_LENGTH))
        try:
            return _begin_pairing(screen_id, code, actor, now), f"{code[:4]}-{code[4:]}"
        except IntegrityError:
            # Another pairing has a code that begins alike, once in some thousand.
            if not QrScreen.objects.filter(pairing_name=code[:_NAME]).exists():
                raise


@transaction.atomic
def _begin_pairing(screen_id: int, code: str, actor: User | None, now: datetime) -> QrScreen:
    screen = lock(screen_id)
    if screen.is_printed:
        raise ScreenPrinted(screen=screen.name)
    screen.pairing_name = code[:_NAME]
    screen.pairing_digest = _digest_of_code(screen, code)
    screen.pairing_until = now + PAIRING_LASTS
    screen.pairing_tries = 0
    screen.save(update_fields=list(QrScreen.PAIRING))
    write_record(screen, "screen.pairing_begun", actor, now, until=screen.pairing_until.isoformat())
    return screen


def pair(*, code: str, now: datetime) -> tuple[QrScreen, str]:
    """Bind the browser that says this code; return its screen, and the token that it keeps.

    A code binds one browser, whichever comes first; five wrong ones make it void. Raises WrongCode.
    """
    bound = _try(read_code(code), now)
    if bound is None:
        raise WrongCode
    return bound


def read_code(text: str) -> str:
    """Return a code as it was told, however somebody typed it: small letters, blanks, hyphens."""
    return "".join(sign for sign in text[:40].upper() if sign.isalnum())


@transaction.atomic
def _try(code: str, now: datetime) -> tuple[QrScreen, str] | None:
    """Bind or count, and return rather than raise: a count that is undone would count nothing."""
    if len(code) != _LENGTH:
        return None
    rows = QrScreen.objects.select_for_update().in_use()
    screen = rows.filter(pairing_name=code[:_NAME], pairing_until__gt=now).first()
    if screen is None:
        return None
    if not constant_time_compare(screen.pairing_digest, _digest_of_code(screen, code)):
        _count_wrong(screen, now)
        return None
    token = secrets.token_urlsafe(SECRET_BYTES)
    screen.token_digest = digest_of(token)
    screen.paired_at, screen.last_seen_at = now, now
    screen.forget_pairing()
    screen.save(update_fields=["token_digest", "paired_at", "last_seen_at", *QrScreen.PAIRING])
    write_record(screen, "screen.paired", None, now)
    return screen, token


def _count_wrong(screen: QrScreen, now: datetime) -> None:
    screen.pairing_tries += 1
    if screen.pairing_tries >= WRONG_AT_MOST:
        screen.forget_pairing()
        write_record(screen, "screen.pairing_void", None, now, wrong=WRONG_AT_MOST)
    screen.save(update_fields=list(QrScreen.PAIRING))


@transaction.atomic
def unpair(*, screen_id: int, actor: User | None, now: datetime) -> QrScreen:
    """Take the screen from its browser, and a code that waits out of use."""
    screen = QrScreen.objects.select_for_update().get(pk=screen_id)
    if screen.token_digest or screen.pairing_digest:
        screen.token_digest, screen.paired_at = "", None
        screen.forget_pairing()
        screen.save(update_fields=["token_digest", "paired_at", *QrScreen.PAIRING])
        write_record(screen, "screen.unpaired", actor, now)
    return screen


def _digest_of_code(screen: QrScreen, code: str) -> str:
    """Return the digest, under a key: all codes of eight signs could be tried on a plain one."""
    return salted_hmac(f"devices.screens.{screen.key}", code, algorithm="sha256").hexdigest()
