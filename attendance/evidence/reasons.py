"""Why a claim came out as it did: codes with facts. The sentences are made at the edge."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import isfinite
from typing import Any, Final, NamedTuple

Scalar = str | int | float | bool | None
_LONGEST: Final = 64
Facts = tuple[tuple[str, Scalar], ...]


class Effect(StrEnum):
    """What a reason does to the claim. The worst of them decides."""

    REFUSE = "refuse"
    HOLD = "hold"
    FLAG = "flag"
    PROOF = "proof"


_ORDER: Final = {effect: place for place, effect in enumerate(Effect)}


class Code(StrEnum):
    """Every reason there is."""

    # What proves that somebody was there.
    INSIDE_FENCE = "inside_fence"
    WIFI_KNOWN = "wifi_known"
    QR_VALID = "qr_valid"
    TERMINAL_SAW = "terminal_saw"
    SECOND_CHECK_DONE = "second_check_done"
    BOARDING_PASS = "boarding_pass"  # noqa: S105  (the name of a reason)
    # What was asked for.
    METHOD_NOT_ALLOWED = "method_not_allowed"
    METHOD_UNPROVEN = "method_unproven"
    CHECK_FAILED = "check_failed"
    NOTHING_PROVEN = "nothing_proven"
    # Places.
    POSITION_MISSING = "position_missing"
    POSITION_INVALID = "position_invalid"
    ACCURACY_UNKNOWN = "accuracy_unknown"
    ACCURACY_INVALID = "accuracy_invalid"
    ACCURACY_TOO_COARSE = "accuracy_too_coarse"
    NULL_ISLAND = "null_island"
    NO_FENCES = "no_fences"
    OUTSIDE_FENCE = "outside_fence"
    UNSURE_OF_FENCE = "unsure_of_fence"
    # Wi-Fi.
    WIFI_UNREAD = "wifi_unread"
    WIFI_NAME_ONLY = "wifi_name_only"
    WIFI_UNKNOWN = "wifi_unknown"
    WIFI_MISMATCH = "wifi_mismatch"
    WIFI_FAR_FROM_SITE = "wifi_far_from_site"
    BSSID_INVALID = "bssid_invalid"
    BSSID_PLACEHOLDER = "bssid_placeholder"
    BSSID_MULTICAST = "bssid_multicast"
    BSSID_LOCAL = "bssid_local"
    # QR codes.
    QR_MISSING = "qr_missing"
    QR_INVALID = "qr_invalid"
    QR_EXPIRED = "qr_expired"
    QR_NOT_YET = "qr_not_yet"
    QR_PRINTED = "qr_printed"
    SCREEN_REVOKED = "screen_revoked"
    UNIT_MISMATCH = "unit_mismatch"
    # Weak GPS.
    WEAK_GPS = "weak_gps"
    WEAK_GPS_NOT_YET = "weak_gps_not_yet"
    POSITION_DECLINED = "position_declined"
    ADDRESS_MISSING = "address_missing"
    ADDRESS_TYPED = "address_typed"
    # Phones and people.
    PHONE_UNKNOWN = "phone_unknown"
    PHONE_UNFAMILIAR = "phone_unfamiliar"
    PHONE_COOLING = "phone_cooling"
    PHONE_CHANGED_OFTEN = "phone_changed_often"
    PHONE_SHARED = "phone_shared"
    MOCK_LOCATION = "mock_location"
    PHONE_UNVERIFIED = "phone_unverified"
    IMPOSSIBLE_SPEED = "impossible_speed"
    IDENTICAL_POSITIONS = "identical_positions"
    PHOTO_MISSING = "photo_missing"
    PHOTO_SEEN_BEFORE = "photo_seen_before"
    # Time.
    SECOND_CHECK_AWAITED = "second_check_awaited"
    SECOND_CHECK_LATE = "dual_gap"
    SECOND_CHECK_MISSING = "dual_missing"
    OFFLINE = "offline"
    CLOCK_UNKNOWN = "clock_unknown"
    CLOCK_MISMATCH = "clock_mismatch"
    CLOCK_UNCHECKED = "clock_unchecked"
    CLOCK_SET_BACK = "clock_set_back"
    TIMES_OUT_OF_ORDER = "times_out_of_order"
    FUTURE_TIME = "future_time"
    # Claims by a flight.
    BOARDING_PASS_LATE = "boarding_pass_late"  # noqa: S105
    FLIGHT_UNKNOWN = "flight_unknown"


class Reason(NamedTuple):
    """One reason: what was seen, and what would have been right. Metres, seconds, ISO moments.

    It names distances, never places: whoever may read a reason may not read where somebody was.
    """

    code: Code
    effect: Effect
    seen: Facts = ()
    right: Facts = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the reason as JSON knows it."""
        return {
            "code": str(self.code),
            "effect": str(self.effect),
            "seen": dict(self.seen),
            "right": dict(self.right),
        }


def read_reason(written: Mapping[str, Any]) -> Reason:
    """Return what `Reason.as_dict` wrote. Raises ValueError or KeyError for anything else."""
    return Reason(
        Code(written["code"]),
        Effect(written["effect"]),
        *(tuple(sorted(written[name].items())) for name in ("seen", "right")),
    )


def reason(
    effect: Effect,
    code: Code,
    seen: Mapping[str, Scalar] | None = None,
    right: Mapping[str, Scalar] | None = None,
) -> Reason:
    """Return a reason with its facts in order, fractions to a tenth."""
    return Reason(code, effect, _facts(seen or {}), _facts(right or {}))


def _facts(found: Mapping[str, Scalar]) -> Facts:
    return tuple((name, _plain(value)) for name, value in sorted(found.items()))


def _plain(value: object) -> Scalar:
    """Return a value that JSON knows, whatever a phone sent in its place."""
    if isinstance(value, float):
        return round(value, 1) if isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int):
        return value
    return value[:_LONGEST] if isinstance(value, str) else type(value).__name__


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return reasons, each once, the decisive ones first; the order never depends on chance."""
    return tuple(sorted(set(reasons), key=lambda one: (_ORDER[one.effect], one.code, repr(one))))
