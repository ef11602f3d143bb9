"""What a phone or a program says to prove a punch: read strictly, refused by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Final, NamedTuple

from attendance.evidence.geometry import point_problem
from attendance.evidence.networks import bssid_problem, normalise_bssid

DATUMS: Final = ("wgs84", "gcj02")
# A position of no use: the phone knows the continent.
ACCURACY_AT_MOST: Final = 100_000
_FIELDS: Final = frozenset(("position", "bssid"))
_POSITION_FIELDS: Final = frozenset(("latitude", "longitude", "accuracy_metres", "datum"))


class Position(NamedTuple):
    """A point in degrees; `datum` says of which map, `accuracy_metres` how wide it may be off."""

    latitude: float
    longitude: float
    accuracy_metres: float | None
    datum: str


class Integrity(NamedTuple):
    """What a phone says of itself. Without an attestation, that it is honest is only its word."""

    is_mock: bool | None = None
    is_attested: bool = False


class Claim(NamedTuple):
    """What somebody shows to prove a punch; None was not said.

    `method` is a word of Punch.Method, `phone` the key of the phone, `failing_since` when
    positioning first failed without a fix since (see timing.failing_since), `phone_clock` what an
    offline phone's clock said when it sent the punch. `number` is the phone's own, which only
    rises, `pressed_at` when the button was pressed by the phone's clock, and `not_before` a moment
    that had certainly passed by then. `is_clock_watched` says that the phone's stopwatch has run
    since the server named its time; without it `not_before` may be of any day.
    `is_position_declined` says that the person has not agreed to be located; it and
    `is_from_terminal` are set by the edge, never by a phone.
    """

    position: Position | None = None
    bssid: str | None = None
    method: str = ""
    ssid: str | None = None
    code: str | None = None
    photo_digest: str | None = None
    phone: str | None = None
    address: str | None = None
    failing_since: datetime | None = None
    integrity: Integrity | None = None
    is_offline: bool = False
    phone_clock: datetime | None = None
    number: int | None = None
    pressed_at: datetime | None = None
    not_before: datetime | None = None
    is_clock_watched: bool = False
    is_position_declined: bool = False
    is_from_terminal: bool = False


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
    position = read_position(value["position"]) if "position" in value else None
    if isinstance(position, Problem):
        return position
    bssid = _read_bssid(value["bssid"]) if "bssid" in value else None
    if isinstance(bssid, Problem):
        return bssid
    return Claim(position, bssid)


def read_position(value: Any) -> Position | Problem:
    """Return the position that a request means, or the first field of it that is wrong."""
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
    text = normalise_bssid(value)
    # A multicast or locally chosen address proves nothing, and is kept: somebody may have to look.
    if text is None or bssid_problem(text) == "bssid_placeholder":
        return Problem("evidence.bssid", "bssid_invalid")
    return text
