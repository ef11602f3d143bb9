"""What a phone or a program says to prove a punch: read strictly, refused by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, NamedTuple

from attendance.evidence.geometry import point_problem

DATUMS: Final = ("wgs84", "gcj02")
# A position of no use: the phone knows the continent.
ACCURACY_AT_MOST: Final = 100_000
_BSSID: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
# What phones say when they may not say it.
_NO_BSSID: Final = frozenset(("00:00:00:00:00:00", "02:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"))
_FIELDS: Final = frozenset(("position", "bssid"))
_POSITION_FIELDS: Final = frozenset(("latitude", "longitude", "accuracy_metres", "datum"))


class Position(NamedTuple):
    """A point in degrees; `datum` says of which map, `accuracy_metres` how wide it may be off."""

    latitude: float
    longitude: float
    accuracy_metres: float | None
    datum: str


class Claim(NamedTuple):
    """What is to be kept as evidence of a punch; None was not said."""

    position: Position | None = None
    bssid: str | None = None


class Problem(NamedTuple):
    """A field that is wrong, and how; what stood in it is not repeated: it may be a place."""

    field: str
    code: str


def read_claim(value: Any) -> Claim | Problem:
    """Return the evidence that a request means, or the first field that is wrong."""
    if not isinstance(value, Mapping):
        return Problem("evidence", "not_an_object")
    if unknown := sorted(str(name) for name in value if name not in _FIELDS):
        return Problem(f"evidence.{unknown[0][:40]}", "unknown_field")
    position = _read_position(value["position"]) if "position" in value else None
    if isinstance(position, Problem):
        return position
    bssid = _read_bssid(value["bssid"]) if "bssid" in value else None
    if isinstance(bssid, Problem):
        return bssid
    return Claim(position, bssid)


def _read_position(value: Any) -> Position | Problem:
    here = "evidence.position"
    if not isinstance(value, Mapping):
        return Problem(here, "not_an_object")
    if unknown := sorted(str(name) for name in value if name not in _POSITION_FIELDS):
        return Problem(f"{here}.{unknown[0][:40]}", "unknown_field")
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if wrong := point_problem(latitude, longitude):
        field = "latitude" if wrong == "lat_out_of_range" else "longitude"
        return Problem(f"{here}.{field}", wrong)
    accuracy = value.get("accuracy_metres")
    if accuracy is not None and not _is_accuracy(accuracy):
        return Problem(f"{here}.accuracy_metres", "accuracy_out_of_range")
    if value.get("datum") not in DATUMS:
        return Problem(f"{here}.datum", "unknown_datum")
    return Position(
        float(latitude),  # type: ignore[arg-type]
        float(longitude),  # type: ignore[arg-type]
        None if accuracy is None else float(accuracy),
        str(value["datum"]),
    )


def _is_accuracy(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return False
    return bool(0 <= value <= ACCURACY_AT_MOST)


def _read_bssid(value: Any) -> str | Problem:
    text = value.lower().replace("-", ":") if isinstance(value, str) else ""
    if not _BSSID.fullmatch(text) or text in _NO_BSSID:
        return Problem("evidence.bssid", "bssid_invalid")
    return text
