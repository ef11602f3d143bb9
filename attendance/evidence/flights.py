"""Punches that a flight stands for: which moment one means, and whether its proof came in time.

Somebody who passes the security of an airport cannot use a phone. They say beforehand when they
punch and by which flight; a delay of the flight moves the punch by as much. A boarding pass proves
it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from attendance.evidence.timing import is_in_time

# An airline's two or three signs, one to four digits, perhaps a letter (IATA SSIM, chapter 2).
_NUMBER: Final = re.compile(r"([A-Z0-9]{2}[A-Z]?)0*([0-9]{1,4})([A-Z]?)", re.ASCII)


class Leg(StrEnum):
    """Which end of the flight a punch hangs on."""

    DEPARTURE = "departure"
    ARRIVAL = "arrival"


class Flight(NamedTuple):
    """What is known of a flight; None is not known (yet)."""

    scheduled_departure: datetime | None = None
    actual_departure: datetime | None = None
    scheduled_arrival: datetime | None = None
    actual_arrival: datetime | None = None


class Proof(StrEnum):
    """How the proof of a claim stands."""

    AWAITED = "awaited"
    IN_TIME = "in_time"
    LATE = "late"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


def flight_number(text: object) -> str | None:
    """Return a flight number as MU5101, or None for what is none."""
    if not isinstance(text, str):
        return None
    found = _NUMBER.fullmatch("".join(text.split()).replace("-", "").upper())
    if found is None or not any(sign.isalpha() for sign in found[1]):
        return None
    return f"{found[1]}{found[2]}{found[3]}"


def corrected(claimed_at: datetime, leg: Leg, flight: Flight) -> datetime | None:
    """Return when the punch was, moved by the delay of the flight; None while that is not known.

    A flight that was early moves it forward.
    """
    if leg is Leg.DEPARTURE:
        scheduled, actual = flight.scheduled_departure, flight.actual_departure
    else:
        scheduled, actual = flight.scheduled_arrival, flight.actual_arrival
    if scheduled is None or actual is None:
        return None
    return claimed_at + (actual - scheduled)


def proof_of(
    handed_in_at: datetime | None, flight: Flight, now: datetime, within: timedelta
) -> Proof:
    """Return how the proof stands: it is due `within` after the actual arrival, inclusive."""
    arrival = flight.actual_arrival
    if arrival is None:
        return Proof.UNKNOWN
    if handed_in_at is not None:
        return Proof.IN_TIME if is_in_time(arrival, handed_in_at, within) else Proof.LATE
    return Proof.AWAITED if is_in_time(arrival, now, within) else Proof.LAPSED
