"""Access points: their addresses (BSSID) as one spelling, and those that prove nothing.

A BSSID is public and a hotspot can copy it; a network's name (SSID) anybody can choose. So an
address supports a claim, a name alone never does. The bits are those of IEEE 802 (first octet: 1 =
sent to many, 2 = chosen by whoever runs the device). What phones say without permission: Android's
`WifiInfo.getBSSID`, 02:00:00:00:00:00.
"""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final, NamedTuple

from attendance.evidence.fences import Fence

_OCTETS: Final = re.compile(r"[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4})")
_DOTTED: Final = re.compile(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}")
_PLACEHOLDERS: Final = frozenset(("00:00:00:00:00:00", "02:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"))
_TO_MANY: Final = 0b01
_CHOSEN: Final = 0b10


class AccessPoint(NamedTuple):
    """An access point of a site. Without a name, any name will do; `place` is where it stands."""

    bssid: str
    ssid: str | None = None
    place: Fence | None = None


class Match(StrEnum):
    """What a network that a phone names is to us."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    MISMATCH = "mismatch"
    NAME_ONLY = "name_only"
    UNREAD = "unread"


def normalise_bssid(text: object) -> str | None:
    """Return an address as aa:bb:cc:00:11:22, or None for what is no address.

    Hyphens, Cisco's dotted groups of four, capitals and lost leading zeros (iOS) are the same
    address. Twelve digits without a sign between them are refused: they may be anything.
    """
    if not isinstance(text, str):
        return None
    text = text.strip().lower()
    if _DOTTED.fullmatch(text):
        digits = text.replace(".", "")
        return ":".join(digits[n : n + 2] for n in range(0, 12, 2))
    if _OCTETS.fullmatch(text):
        return ":".join(octet.zfill(2) for octet in text.replace("-", ":").split(":"))
    return None


def bssid_problem(text: object) -> str | None:
    """Return why an address cannot stand for an access point, or None.

    `bssid_invalid`, `bssid_placeholder`, `bssid_multicast` or `bssid_local`.
    """
    address = normalise_bssid(text)
    if address is None:
        return "bssid_invalid"
    if address in _PLACEHOLDERS:
        return "bssid_placeholder"
    first = int(address[:2], 16)
    if first & _TO_MANY:
        return "bssid_multicast"
    return "bssid_local" if first & _CHOSEN else None


def normalise_ssid(name: object) -> str | None:
    """Return a network's name without the quotes that Android puts around it; None for none."""
    if not isinstance(name, str):
        return None
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return None if name in ("", "<unknown ssid>") else name


def match(
    bssid: object, ssid: object, points: Collection[AccessPoint]
) -> tuple[Match, AccessPoint | None]:
    """Say what a network is to us, and which access point it is.

    An access point with an address that proves nothing matches nobody, even if it is configured.
    """
    address, name = normalise_bssid(bssid), normalise_ssid(ssid)
    if address is None or bssid_problem(address) == "bssid_placeholder":
        return (Match.NAME_ONLY if name else Match.UNREAD), None
    if bssid_problem(address) is None:
        same = [point for point in points if normalise_bssid(point.bssid) == address]
        for point in same:
            if name is None or point.ssid is None or point.ssid == name:
                return Match.KNOWN, point
        if same:
            return Match.MISMATCH, same[0]
    if name is not None and any(point.ssid == name for point in points):
        return Match.MISMATCH, None
    return Match.UNKNOWN, None
