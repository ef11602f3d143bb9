"""Codes on screens: an HMAC over the screen and the time step, good for some seconds at one place.

Like RFC 6238 (codes from a secret and the time), with the screen inside what is signed and 128 bits
of the digest kept, the half that RFC 2104 asks for at least. Only the server's clock counts. A
printed code carries no time: whoever has a picture of it has it for ever, so it needs other
evidence beside it.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from attendance.evidence.fences import Fence

SMALLEST_SECRET: Final = 16
SHORTEST_STEP, LONGEST_STEP = 15, 30
_PRINTED: Final = "p"
_CODE: Final = re.compile(r"kq1\.([A-Za-z0-9-]{1,64})\.(p|\d{1,12})\.([A-Za-z0-9_-]{22})", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_KEPT: Final = 16


@dataclass(frozen=True)
class Screen:
    """A screen that shows codes, or a printed sheet. Raise ValueError for one that cannot.

    `secret` holds 128 bits at least, and nothing prints it. A code is shown for `step` seconds and
    good for `life` seconds from the beginning of its step: [0, life).
    """

    key: str
    secret: bytes = field(repr=False)
    unit: str | None = None
    place: Fence | None = None
    step: int = 30
    life: int = 30
    is_printed: bool = False
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a key that cannot stand in a code, a short secret and steps out of range."""
        if not _KEY.fullmatch(self.key):
            raise ValueError("key: 1 to 64 letters, digits and hyphens")
        if not isinstance(self.secret, bytes) or len(self.secret) < SMALLEST_SECRET:
            raise ValueError("secret: at least 16 bytes")
        if not SHORTEST_STEP <= self.step <= LONGEST_STEP:
            raise ValueError("step: 15 to 30 seconds")
        if not self.step <= self.life <= 2 * LONGEST_STEP:
            raise ValueError("life: at least a step, and at most 60 seconds")


class CodeState(StrEnum):
    """What a scanned text is worth."""

    VALID = "valid"
    PRINTED = "printed"
    INVALID = "invalid"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    REVOKED = "revoked"


class Scanned(NamedTuple):
    """A scanned text: its worth, of which screen, since how many seconds it is shown."""

    state: CodeState
    screen: Screen | None = None
    age: int = 0
    step: str = ""


def code_at(screen: Screen, now: datetime) -> str:
    """Return what a screen shows at a moment. Raise ValueError for a moment without an offset."""
    step = _PRINTED if screen.is_printed else str(_second(now) // screen.step)
    return f"kq1.{screen.key}.{step}.{_signature(screen, step)}"


def read_code(text: object, screens: tuple[Screen, ...], now: datetime) -> Scanned:
    """Say what a scanned text is worth at a moment of the server's clock.

    An unknown screen and a forged code are one answer: whoever tries learns nothing.
    """
    found = _CODE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return Scanned(CodeState.INVALID)
    key, step, signature = found.groups()
    screen = next((one for one in screens if one.key == key), None)
    if screen is None or (step == _PRINTED) != screen.is_printed:
        return Scanned(CodeState.INVALID)
    if not hmac.compare_digest(signature, _signature(screen, step)):
        return Scanned(CodeState.INVALID)
    if screen.revoked_at is not None and screen.revoked_at <= now:
        return Scanned(CodeState.REVOKED, screen, step=step)
    if screen.is_printed:
        return Scanned(CodeState.PRINTED, screen, step=step)
    age = _second(now) - int(step) * screen.step
    if age < 0:
        return Scanned(CodeState.NOT_YET, screen, age, step)
    state = CodeState.VALID if age < screen.life else CodeState.EXPIRED
    return Scanned(state, screen, age, step)


def key_in(text: object) -> str | None:
    """Return the key of the screen that a code says it is of, for whoever looks screens up."""
    found = _CODE.fullmatch(text) if isinstance(text, str) else None
    return found[1] if found else None


def use_key(scanned: Scanned, person: str) -> str:
    """Return under what the store keeps that this person used this code. ValueError if unread."""
    if scanned.screen is None or not scanned.step:
        raise ValueError("not a code")
    return f"{scanned.screen.key}.{scanned.step}.{person}"


def _signature(screen: Screen, step: str) -> str:
    said = f"kaoqin-screen|1|{screen.key}|{screen.step}|{step}".encode()
    digest = hmac.new(screen.secret, said, sha256).digest()
    return urlsafe_b64encode(digest[:_KEPT]).rstrip(b"=").decode()


def _second(now: datetime) -> int:
    if now.tzinfo is None:
        raise ValueError("a moment without an offset")
    return int(now.timestamp() // 1)
