"""Addresses of access points (BSSID): one spelling, and those that can stand for none.

The bits are those of IEEE 802 (first octet: 1 = sent to many, 2 = chosen by whoever runs the
device). What phones say without permission: Android's `WifiInfo.getBSSID`, 02:00:00:00:00:00. Pure:
the standard library only, so that evidence is judged by the very same words.
"""

import re
from typing import Final

_OCTETS: Final = re.compile(r"[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4})")
_DOTTED: Final = re.compile(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}")
_PLACEHOLDERS: Final = frozenset(("00:00:00:00:00:00", "02:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"))
_TO_MANY: Final = 0b01
_CHOSEN: Final = 0b10


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
