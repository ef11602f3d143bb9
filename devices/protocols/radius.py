"""RADIUS accounting: a datagram of a Wi-Fi controller → who joined which access point, or left it.

RFC 2865 (section 3: packets, section 5: attributes), RFC 2866 (accounting), RFC 2869 (5.3:
Event-Timestamp, 5.14: Message-Authenticator), RFC 3580 (3.20, 3.21: what Wi-Fi stations and access
points are called). Bytes come from anybody: whatever is wrong with them is a `Problem`, never an
exception. MD5 is the protocol's; what it proves is that the sender knows the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

REQUEST: Final = 4
RESPONSE: Final = 5
HEAD: Final = 20
LONGEST: Final = 4096
_ZEROS: Final = bytes(16)
_SIGNATURE: Final = 18  # an attribute of two octets, and the digest of sixteen

# How long a controller may have tried to deliver, and how far its clock may be off.
LATE_AT_MOST: Final = timedelta(hours=24)
CLOCK_OFF_AT_MOST: Final = timedelta(minutes=15)


class Name(IntEnum):
    """The attributes that are read."""

    USER_NAME = 1
    NAS_IP_ADDRESS = 4
    CALLED_STATION = 30
    CALLING_STATION = 31
    NAS_IDENTIFIER = 32
    STATUS = 40
    DELAY = 41
    SESSION = 44
    EVENT_TIMESTAMP = 55
    MESSAGE_AUTHENTICATOR = 80


class Kind(StrEnum):
    """What a controller tells of: a session began, goes on, has ended, or something else."""

    START = "start"
    STOP = "stop"
    UPDATE = "update"
    OTHER = "other"


class Problem(StrEnum):
    """Why a datagram is not answered."""

    SHORT = "short"
    LONG = "long"
    LENGTH = "length"
    CODE = "code"
    ATTRIBUTES = "attributes"
    SECRET = "secret"  # noqa: S105  (the name of a problem)
    STATUS = "status"
    SESSION = "session"


class Accounting(NamedTuple):
    """A request that its sender has signed. Addresses are aa:bb:cc:00:11:22, or None.

    `happened` is the controller's own time of the event and `delay` the seconds for which it has
    tried to tell it; `network` is the name (SSID), as far as it was said.
    """

    identifier: int
    authenticator: bytes
    kind: Kind
    session: str
    user_name: str = ""
    station: str | None = None
    bssid: str | None = None
    network: str = ""
    controller: str = ""
    happened: int | None = None
    delay: int = 0


_KINDS: Final = {1: Kind.START, 2: Kind.STOP, 3: Kind.UPDATE}
_INTEGERS: Final = (Name.STATUS, Name.DELAY, Name.EVENT_TIMESTAMP)


# Reading ------------------------------------------------------------------------------------------


def read(datagram: bytes, secret: bytes) -> Accounting | Problem:
    """Return what a datagram says, once its authenticator proves that the sender has the secret."""
    packet = _whole(datagram)
    if isinstance(packet, Problem):
        return packet
    attributes = list(_attributes(packet))
    if sum(len(value) + 2 for _name, _at, value in attributes) != len(packet) - HEAD:
        return Problem.ATTRIBUTES
    if not _is_signed(packet, attributes, secret):
        return Problem.SECRET
    # Of an attribute that comes twice, the first counts.
    said = {name: value for name, _at, value in reversed(attributes)}
    return _translate(packet, said)


def _whole(datagram: bytes) -> bytes | Problem:
    """Return the packet of a datagram. What follows its length is padding (RFC 2865, section 3)."""
    if len(datagram) < HEAD:
        return Problem.SHORT
    length = int.from_bytes(datagram[2:4])
    if length > LONGEST:
        return Problem.LONG
    if not HEAD <= length <= len(datagram):
        return Problem.LENGTH
    if datagram[0] != REQUEST:
        return Problem.CODE
    return datagram[:length]


def _attributes(packet: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield name, place and value of the attributes, up to the first that does not fit."""
    at = HEAD
    while at + 2 <= len(packet):
        name, length = packet[at], packet[at + 1]
        if length < 2 or at + length > len(packet):
            return
        yield name, at, packet[at + 2 : at + length]
        at += length


def _is_signed(packet: bytes, attributes: list[tuple[int, int, bytes]], secret: bytes) -> bool:
    if not hmac.compare_digest(_digest(packet[:4], _ZEROS, packet[HEAD:], secret), packet[4:HEAD]):
        return False
    for name, at, value in attributes:
        if name != Name.MESSAGE_AUTHENTICATOR:
            continue
        # Reckoned with zeros in the place of both digests, as RFC 5176 (section 3.5) says it.
        blank = packet[:4] + _ZEROS + packet[HEAD : at + 2] + _ZEROS + packet[at + _SIGNATURE :]
        if len(value) != 16 or not hmac.compare_digest(hmac.digest(secret, blank, "md5"), value):
            return False
    return True


def _digest(*parts: bytes) -> bytes:
    return hashlib.md5(b"".join(parts), usedforsecurity=False).digest()


def _translate(packet: bytes, said: dict[int, bytes]) -> Accounting | Problem:
    if any(len(said[name]) != 4 for name in _INTEGERS if name in said):
        return Problem.ATTRIBUTES
    if Name.STATUS not in said:
        return Problem.STATUS
    kind = _KINDS.get(int.from_bytes(said[Name.STATUS]), Kind.OTHER)
    session = _text(said, Name.SESSION)
    if not session and kind is not Kind.OTHER:
        return Problem.SESSION
    bssid, network = called(_text(said, Name.CALLED_STATION))
    happened = said.get(Name.EVENT_TIMESTAMP)
    return Accounting(
        identifier=packet[1],
        authenticator=packet[4:HEAD],
        kind=kind,
        session=session,
        user_name=_text(said, Name.USER_NAME),
        station=called(_text(said, Name.CALLING_STATION))[0],
        bssid=bssid,
        network=network,
        controller=_text(said, Name.NAS_IDENTIFIER) or _ip(said.get(Name.NAS_IP_ADDRESS)),
        happened=None if happened is None else int.from_bytes(happened),
        delay=int.from_bytes(said.get(Name.DELAY, b"")),
    )


def _text(said: dict[int, bytes], name: Name) -> str:
    """Return text without what no database keeps; some controllers end it with a NUL."""
    return said.get(name, b"").decode("utf-8", errors="replace").replace("\0", "").strip()


def _ip(value: bytes | None) -> str:
    return ".".join(map(str, value)) if value is not None and len(value) == 4 else ""


_DIGITS: Final = r"[0-9A-Fa-f]"
_CALLED: Final = re.compile(
    rf"(?P<address>{_DIGITS}{{2}}(?P<sign>[:-])(?:{_DIGITS}{{2}}(?P=sign)){{4}}{_DIGITS}{{2}}"
    rf"|{_DIGITS}{{4}}(?P<dot>[.:-]){_DIGITS}{{4}}(?P=dot){_DIGITS}{{4}}"
    rf"|{_DIGITS}{{6}}[:-]{_DIGITS}{{6}}"
    rf"|{_DIGITS}{{12}})"
    r"(?::(?P<network>.*))?",
    re.DOTALL,
)


def called(text: str) -> tuple[str | None, str]:
    """Return address and network's name of a Called-Station-Id, or of a Calling-Station-Id.

    RFC 3580 writes 00-10-A4-23-19-C0:AP1; makers write colons, groups of four or six digits, or no
    sign at all. What begins otherwise, such as an access point's own name, is no address.
    """
    found = _CALLED.fullmatch(text)
    if found is None:
        return None, ""
    digits = re.sub(r"[.:-]", "", found["address"]).lower()
    return ":".join(digits[n : n + 2] for n in range(0, 12, 2)), found["network"] or ""


def moment(request: Accounting, received_at: datetime) -> datetime | None:
    """Return when it happened, or None where the controller's clock cannot be believed.

    Without a time of its own, it happened when it was received, less the delay. With one, the two
    have to agree within a quarter of an hour, else an old datagram could be sent once more.
    """
    if request.delay > LATE_AT_MOST.total_seconds():
        return None
    told = received_at - timedelta(seconds=request.delay)
    if request.happened is None:
        return told
    happened = datetime.fromtimestamp(request.happened, UTC)
    if abs(happened - told) > CLOCK_OFF_AT_MOST:
        return None
    return min(happened, received_at)


# Writing ------------------------------------------------------------------------------------------


def answer(request: Accounting, secret: bytes) -> bytes:
    """Return the Accounting-Response that tells the controller to send this request no more."""
    head = bytes((RESPONSE, request.identifier)) + HEAD.to_bytes(2)
    return head + _digest(head, request.authenticator, secret)


def ask(identifier: int, attributes: list[tuple[int, bytes]], secret: bytes) -> bytes:
    """Return a signed Accounting-Request, as a controller sends it. For trials and tests."""
    body = b"".join(bytes((name, len(value) + 2)) + value for name, value in attributes)
    head = bytes((REQUEST, identifier)) + (HEAD + len(body)).to_bytes(2)
    return head + _digest(head, _ZEROS, body, secret) + body
