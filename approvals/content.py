"""What a request says, as one number: whatever is approved is what was submitted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final


class Kind(StrEnum):
    """What is asked for."""

    MAKE_UP = "make_up"
    HELD_PUNCH = "held_punch"
    APPEAL = "appeal"
    LEAVE = "leave"
    OUTING = "outing"
    TRIP = "trip"
    OVERTIME = "overtime"


ABSENCES: Final = frozenset((Kind.LEAVE, Kind.OUTING, Kind.TRIP))
# Those that a request can be about; calendars know no others.
YEARS: Final = range(2000, 2101)
# Days are kept finer than they are told: a third and two thirds are one. Each part is at most half
# of the last place off, and a million of them still sum up to the right cent.
PLACES: Final = 8
_FINEST: Final = Decimal(1).scaleb(-PLACES)
_CENT: Final = Decimal("0.01")
# The columns that say what is asked: fixed when it is submitted, and under the digest.
CONTENT: Final = (
    "kind",
    "employee_id",
    "department_id",
    "work_date",
    "slot",
    "corrected_at",
    "punch_id",
    "anomaly",
    "starts_at",
    "ends_at",
    "unit",
    "leave_type",
    "amount_days",
    "reason",
    "submitted_by_id",
    "submitted_at",
    "photo_digest",
    "days_next_year",
)
# Said only where there is something to say.
_ADDED: Final = frozenset(("photo_digest", "days_next_year"))


def as_amount(days: Fraction) -> Decimal:
    """Return exact days as they are kept, to eight places."""
    return (Decimal(days.numerator) / days.denominator).quantize(_FINEST, ROUND_HALF_UP)


def in_cents(days: Decimal) -> Decimal:
    """Return days, or a sum of them, as they are told: rounded once, at the end."""
    return days.quantize(_FINEST, ROUND_HALF_UP).quantize(_CENT, ROUND_HALF_UP)


def digest_of(values: Mapping[str, Any]) -> str:
    """Return the digest of what a request says, of its columns by name."""
    # An amount is the same however many zeros it is written with.
    said = {
        **values,
        "amount_days": _as_said(values["amount_days"]),
        "days_next_year": _as_said(values["days_next_year"]),
    }
    told = [[name, _plain(said[name])] for name in CONTENT if name not in _ADDED or said[name]]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()


def _as_said(days: Any) -> Decimal:
    # Two places where they say all: so it was written before there were more.
    finest = Decimal(days).quantize(_FINEST)
    cents = finest.quantize(_CENT)
    return cents if cents == finest else finest


def _plain(value: Any) -> Any:
    # A moment is the same in whichever zone it is read.
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, int):
        return value
    return str(value)
