"""What a phone signed: one claim as JSON text, read strictly, refused by field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from typing import Any, Final, NamedTuple

from attendance.evidence.claims import Claim, Integrity, Position, Problem, read_position
from attendance.evidence.policy import LOCATION, MANUAL, QR, WIFI

BYTES_AT_MOST: Final = 8 * 1024
ADDRESS_AT_MOST: Final = 200
COUNTER_AT_MOST: Final = 2**53 - 1
_METHODS: Final = (LOCATION, WIFI, QR, MANUAL)
_TEXTS: Final = {"bssid": 40, "ssid": 64, "code": 500, "address": ADDRESS_AT_MOST}
_FIELDS: Final = frozenset(
    ("v", "phone", "counter", "instead_of", "at", "sent_at", "method", "position", "is_mock",
     "offline", "photo_sha256", "server_at", "since_server_ms", *_TEXTS)
)  # fmt: skip
# A page that is open for longer than a month says nothing of when a kept punch was made.
_SINCE_AT_MOST: Final = 31 * 86_400_000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Said(NamedTuple):
    """What a phone says of one punch.

    `at` is when the button was pressed and `sent_at` when it was sent, both by the phone's clock;
    `photo_sha256` is the digest of the picture that goes with it; `instead_of` the number under
    which the same punch was sent before, if no answer came. `server_at` is what the server's
    clock said when the phone last heard from it, and `since_server` how long that was ago by the
    phone's stopwatch, which nobody sets; None where it has not run since then, as the page was
    opened anew.
    """

    phone: str
    counter: int
    at: datetime
    sent_at: datetime | None
    method: str
    position: Position | None = None
    is_mock: bool | None = None
    bssid: str | None = None
    ssid: str | None = None
    code: str | None = None
    address: str | None = None
    is_offline: bool = False
    photo_sha256: str | None = None
    instead_of: int | None = None
    server_at: datetime | None = None
    since_server: timedelta | None = None

    @property
    def number(self) -> int:
        """Return the number that the phone took when the button was pressed."""
        return min(self.counter, self.instead_of or self.counter)

    @property
    def not_before(self) -> datetime | None:
        """Return a moment that had passed when the button was pressed; None where none is known."""
        if self.server_at is None:
            return None
        return self.server_at + (self.since_server or timedelta())

    def claim(
        self,
        *,
        photo_digest: str | None,
        failing_since: datetime | None,
        phone_clock: datetime | None,
        is_position_declined: bool = False,
    ) -> Claim:
        """Return the claim to judge, with what the server knows of it."""
        return Claim(
            position=self.position,
            bssid=self.bssid,
            method=self.method,
            ssid=self.ssid,
            code=self.code,
            photo_digest=photo_digest,
            phone=self.phone,
            address=self.address,
            failing_since=failing_since,
            integrity=None if self.is_mock is None else Integrity(self.is_mock),
            is_offline=self.is_offline,
            phone_clock=phone_clock,
            number=self.number,
            pressed_at=self.at,
            not_before=self.not_before,
            is_clock_watched=self.server_at is not None and self.since_server is not None,
            is_position_declined=is_position_declined,
        )


def read_said(content: bytes) -> Said | Problem:
    """Return what these bytes say, or the first field that is wrong. Raises nothing."""
    if len(content) > BYTES_AT_MOST:
        return Problem("claim", "too_large")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return Problem("claim", "not_json")
    if not isinstance(value, Mapping):
        return Problem("claim", "not_an_object")
    if unknown := sorted(str(name) for name in value if name not in _FIELDS):
        return Problem(unknown[0][:40], "unknown_field")
    return _wrong(value) or _read(value)


def read_moment(value: Any) -> datetime | None:
    """Return a moment with its offset; None for what is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None:
        return None
    # At the ends of time no other zone can say it.
    return moment if MINYEAR < moment.year < MAXYEAR else None


def _wrong(value: Mapping[str, Any]) -> Problem | None:
    if value.get("v") != 1:
        return Problem("v", "unknown_version")
    phone = value.get("phone")
    if not isinstance(phone, str) or not _KEY.fullmatch(phone):
        return Problem("phone", "invalid")
    for name in ("counter", "instead_of"):
        number = value.get(name)
        if number is None and name == "instead_of":
            continue
        if isinstance(number, bool) or not isinstance(number, int):
            return Problem(name, "invalid")
        if not 1 <= number <= COUNTER_AT_MOST:
            return Problem(name, "out_of_range")
    if value.get("method") not in _METHODS:
        return Problem("method", "unknown_method")
    for name in ("is_mock", "offline"):
        if value.get(name) is not None and not isinstance(value[name], bool):
            return Problem(name, "invalid")
    for name, most in _TEXTS.items():
        text = value.get(name)
        if text is not None and not (isinstance(text, str) and len(text) <= most):
            return Problem(name, "invalid")
        if text is not None and not text.isprintable():
            return Problem(name, "not_printable")
    since = value.get("since_server_ms")
    if since is not None:
        if isinstance(since, bool) or not isinstance(since, int):
            return Problem("since_server_ms", "invalid")
        if not 0 <= since <= _SINCE_AT_MOST:
            return Problem("since_server_ms", "out_of_range")
    digest = value.get("photo_sha256")
    if digest is not None and not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        return Problem("photo_sha256", "invalid")
    return None


def _read(value: Mapping[str, Any]) -> Said | Problem:
    at = read_moment(value.get("at"))
    if at is None:
        return Problem("at", "naive_time")
    moments: dict[str, datetime | None] = {"sent_at": None, "server_at": None}
    for name in moments:
        if value.get(name) is not None:
            moments[name] = read_moment(value[name])
            if moments[name] is None:
                return Problem(name, "naive_time")
    position = None
    if value.get("position") is not None:
        read = read_position(value["position"])
        if isinstance(read, Problem):
            return read
        position = read
    since = value.get("since_server_ms")
    return Said(
        phone=value["phone"],
        counter=value["counter"],
        at=at,
        sent_at=moments["sent_at"],
        method=value["method"],
        position=position,
        is_mock=value.get("is_mock"),
        bssid=value.get("bssid"),
        ssid=value.get("ssid"),
        code=value.get("code"),
        address=value.get("address"),
        is_offline=value.get("offline") is True,
        photo_sha256=value.get("photo_sha256"),
        instead_of=value.get("instead_of"),
        server_at=moments["server_at"],
        since_server=None if since is None else timedelta(milliseconds=since),
    )
