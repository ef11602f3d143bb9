"""Access points: what a network that a phone names is to us.

A BSSID is public and a hotspot can copy it; a network's name (SSID) anybody can choose. So an
address supports a claim, a name alone never does.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from attendance.evidence.fences import Fence
from devices.bssid import bssid_problem, normalise_bssid

__all__ = [
    "AccessPoint",
    "Match",
    "bssid_problem",
    "match",
    "normalise_bssid",
    "normalise_ssid",
]


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
