"""How a method proves that somebody was there: one function a method."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from attendance.evidence import networks, screens, timing
from attendance.evidence.claims import Position
from attendance.evidence.datums import Datum, to_wgs84
from attendance.evidence.fences import (
    Fence,
    Standing,
    accuracy_problem,
    find_best,
    is_null_island,
)
from attendance.evidence.geometry import Degrees, point_problem
from attendance.evidence.networks import AccessPoint, Match
from attendance.evidence.policy import LOCATION, MANUAL, QR, TERMINAL_METHODS, WIFI, Matter
from attendance.evidence.reasons import Code, Effect, Reason, Scalar, reason
from attendance.evidence.screens import CodeState, Scanned

PROOFS: Final = {
    LOCATION: Code.INSIDE_FENCE,
    WIFI: Code.WIFI_KNOWN,
    QR: Code.QR_VALID,
    **dict.fromkeys(TERMINAL_METHODS, Code.TERMINAL_SAW),
}
# What leaves a question open, and is no contradiction.
_OPEN: Final = frozenset(
    (
        Code.UNSURE_OF_FENCE,
        Code.ACCURACY_TOO_COARSE,
        Code.ACCURACY_UNKNOWN,
        Code.NO_FENCES,
    )
)
_UNREADABLE: Final = {
    "bssid_placeholder": Code.BSSID_PLACEHOLDER,
    "bssid_multicast": Code.BSSID_MULTICAST,
    "bssid_local": Code.BSSID_LOCAL,
}
_SPOILT: Final = {
    CodeState.INVALID: Code.QR_INVALID,
    CodeState.EXPIRED: Code.QR_EXPIRED,
    CodeState.NOT_YET: Code.QR_NOT_YET,
    CodeState.REVOKED: Code.SCREEN_REVOKED,
}


def check_method(matter: Matter) -> Iterator[Reason]:
    """The rule names the methods.

    Its fallback opens when positioning has failed for a while, and at once for whoever has not
    agreed to be located: who may decline must have another way.
    """
    policy, claim = matter.policy, matter.claim
    if claim.method in policy.methods:
        return
    allowed = {"methods": ", ".join(sorted(policy.methods))}
    if LOCATION not in policy.methods or claim.method not in policy.fallback:
        seen = {"method": claim.method}
        yield reason(Effect.REFUSE, Code.METHOD_NOT_ALLOWED, seen, allowed)
        return
    if claim.is_position_declined:
        yield reason(Effect.FLAG, Code.POSITION_DECLINED, {"method": claim.method})
        return
    since, wait = claim.failing_since, policy.numbers.weak_gps
    failing = 0.0 if since is None else (matter.now - since).total_seconds()
    facts = {"failing_seconds": failing}, {"from_seconds": wait.total_seconds()}
    if timing.may_fall_back(since, matter.now, wait):
        yield reason(Effect.FLAG, Code.WEAK_GPS, *facts)
    else:
        yield reason(Effect.REFUSE, Code.WEAK_GPS_NOT_YET, *facts)


def check_proof(matter: Matter) -> Iterator[Reason]:
    """Hand the claim to its method."""
    claim = matter.claim
    if claim.method == LOCATION:
        yield from _by_position(claim.position, matter.policy.fences, matter)
    elif claim.method == WIFI:
        yield from _by_network(matter)
    elif claim.method == QR:
        yield from _by_code(matter)
    elif claim.method == MANUAL:
        yield from _by_address(claim.address)
    elif claim.method in TERMINAL_METHODS and claim.is_from_terminal:
        yield reason(Effect.PROOF, Code.TERMINAL_SAW, {"method": claim.method})
    else:
        right = {"source": "terminal"}
        yield reason(Effect.HOLD, Code.METHOD_UNPROVEN, {"method": claim.method}, right)


def readable_point(position: Position) -> Degrees | None:
    """Return a position on WGS-84, or None if its numbers or its datum say nothing."""
    is_place = point_problem(position.latitude, position.longitude) is None
    if not is_place or position.datum not in tuple(Datum):
        return None
    return to_wgs84(position.latitude, position.longitude, position.datum)


def _by_position(
    position: Position | None, fences: Sequence[Fence], matter: Matter
) -> Iterator[Reason]:
    if position is None:
        yield reason(Effect.HOLD, Code.POSITION_MISSING, {}, {"position": "with its accuracy"})
        return
    point = readable_point(position)
    if point is None:
        right = {"latitude": "-90 to 90", "longitude": "-180 to 180", "datum": ", ".join(Datum)}
        yield reason(Effect.REFUSE, Code.POSITION_INVALID, {"datum": position.datum}, right)
        return
    if is_null_island(point):
        yield reason(Effect.FLAG, Code.NULL_ISLAND)
    if position.accuracy_metres is None:
        most = matter.policy.numbers.max_accuracy
        yield reason(Effect.HOLD, Code.ACCURACY_UNKNOWN, {}, {"most_metres": most})
        return
    yield from _against(point, position.accuracy_metres, fences, matter)


def _against(
    point: Degrees, accuracy: float, fences: Sequence[Fence], matter: Matter
) -> Iterator[Reason]:
    most = matter.policy.numbers.max_accuracy
    seen: dict[str, Scalar] = {"accuracy_metres": accuracy}
    if accuracy_problem(accuracy):
        yield reason(Effect.REFUSE, Code.ACCURACY_INVALID, seen, {"least_metres": 0})
        return
    if not fences:
        yield reason(Effect.HOLD, Code.NO_FENCES)
        return
    found = find_best(point, accuracy, fences)
    facts: tuple[dict[str, Scalar], dict[str, Scalar]]
    facts = {**seen, "metres_to_edge": abs(found.margin)}, {"fence": found.fence}
    # Written so that a limit that is no number lets nothing pass.
    is_fine = accuracy <= most
    if not is_fine:
        yield reason(Effect.HOLD, Code.ACCURACY_TOO_COARSE, seen, {"most_metres": most})
    if found.standing is Standing.OUTSIDE:
        yield reason(Effect.HOLD, Code.OUTSIDE_FENCE, *facts)
    elif found.standing is Standing.UNSURE:
        yield reason(Effect.HOLD, Code.UNSURE_OF_FENCE, *facts)
    elif is_fine:
        yield reason(Effect.PROOF, Code.INSIDE_FENCE, *facts)


def _by_network(matter: Matter) -> Iterator[Reason]:
    claim, points = matter.claim, matter.policy.access_points
    problem = None if claim.bssid is None else networks.bssid_problem(claim.bssid)
    if problem == "bssid_invalid":
        yield reason(Effect.REFUSE, Code.BSSID_INVALID, {}, {"bssid": "aa:bb:cc:00:11:22"})
        return
    if problem is not None:
        # A placeholder is what every phone without permission says; asking again helps.
        effect = Effect.REFUSE if problem == "bssid_placeholder" else Effect.HOLD
        yield reason(effect, _UNREADABLE[problem], {}, {"bssid": "of an access point"})
    match, point = networks.match(claim.bssid, claim.ssid, points)
    # The name and the address of somebody's home network say where they live.
    address, name = networks.normalise_bssid(claim.bssid), networks.normalise_ssid(claim.ssid)
    is_ours = name is not None and any(point.ssid == name for point in points)
    seen: dict[str, Scalar] = {
        "bssid_ends": address[-5:] if address and (point or is_ours) else None,
        "ssid": name if is_ours else None,
    }
    right: dict[str, Scalar] = {"access_points": len(points)}
    if match is Match.KNOWN and point is not None:
        yield reason(Effect.PROOF, Code.WIFI_KNOWN, seen)
        yield from _far_from_site(point, matter)
    elif match is Match.MISMATCH:
        yield reason(Effect.HOLD, Code.WIFI_MISMATCH, seen, right)
    elif match is Match.NAME_ONLY:
        yield reason(Effect.HOLD, Code.WIFI_NAME_ONLY, seen, {"bssid": "of an access point"})
    elif match is Match.UNREAD:
        yield reason(Effect.HOLD, Code.WIFI_UNREAD, seen, {"bssid": "of an access point"})
    else:
        yield reason(Effect.HOLD, Code.WIFI_UNKNOWN, seen, right)


def _far_from_site(access_point: AccessPoint, matter: Matter) -> Iterator[Reason]:
    """A copied address gives itself away by a good position that is far from where it belongs."""
    position, numbers = matter.claim.position, matter.policy.numbers
    fences = (access_point.place,) if access_point.place else matter.policy.fences
    if position is None or not fences:
        return
    point, accuracy = readable_point(position), position.accuracy_metres
    if point is None or accuracy is None or accuracy_problem(accuracy):
        yield from _by_position(position, fences, matter)
        return
    if accuracy > numbers.wifi_far_accuracy:
        return
    away = -find_best(point, accuracy, fences).margin
    if not away <= numbers.wifi_far:
        facts = {"metres_away": away}, {"most_metres": numbers.wifi_far}
        yield reason(Effect.HOLD, Code.WIFI_FAR_FROM_SITE, *facts)


def _by_code(matter: Matter) -> Iterator[Reason]:
    claim, policy = matter.claim, matter.policy
    if claim.code is None:
        yield reason(Effect.REFUSE, Code.QR_MISSING, {}, {"code": "of a screen"})
        return
    scanned = screens.read_code(claim.code, policy.screens, matter.now)
    if scanned.state in _SPOILT or scanned.screen is None:
        yield _spoilt(scanned, matter)
        return
    screen = scanned.screen
    if claim.is_offline and scanned.state is CodeState.VALID:
        yield from _of_its_moment(scanned, matter)
    yield from _of_own_unit(screen.unit, matter.history.unit)
    fences = (screen.place,) if screen.place else policy.fences
    beside = list(_beside_code(fences, matter))
    yield from beside
    if scanned.state is CodeState.PRINTED:
        match, _ = networks.match(claim.bssid, claim.ssid, policy.access_points)
        is_there = match is Match.KNOWN or any(one.code is Code.INSIDE_FENCE for one in beside)
        effect = Effect.FLAG if is_there else Effect.HOLD
        yield reason(effect, Code.QR_PRINTED, {"screen": screen.key}, {"beside": "place or Wi-Fi"})
    yield reason(Effect.PROOF, Code.QR_VALID, {"screen": screen.key, "age_seconds": scanned.age})


def _spoilt(scanned: Scanned, matter: Matter) -> Reason:
    life = 0 if scanned.screen is None else scanned.screen.life
    facts = {"age_seconds": scanned.age}, {"below_seconds": life}
    effect = Effect.REFUSE
    if scanned.state is CodeState.EXPIRED and matter.claim.is_offline:
        # When it was scanned only the phone knows: a person may believe it, no machine.
        then = screens.read_code(matter.claim.code, matter.policy.screens, matter.at)
        effect = Effect.HOLD if then.state is CodeState.VALID else Effect.REFUSE
    return reason(effect, _SPOILT.get(scanned.state, Code.QR_INVALID), *facts)


def _of_its_moment(scanned: Scanned, matter: Matter) -> Iterator[Reason]:
    """A living code says when it was scanned; no kept punch is older than its code."""
    older = matter.now - timedelta(seconds=scanned.age) - matter.at
    if not older <= matter.policy.numbers.clock_error:
        yield reason(Effect.HOLD, Code.QR_NOT_YET, {"age_seconds": -older.total_seconds()})


def _of_own_unit(unit: str | None, own: str | None) -> Iterator[Reason]:
    if unit is not None and unit != own:
        effect = Effect.HOLD if own is None else Effect.REFUSE
        yield reason(effect, Code.UNIT_MISMATCH, {"unit": "another"}, {"unit": own})


def _beside_code(fences: Sequence[Fence], matter: Matter) -> Iterator[Reason]:
    """A code travels as a picture; where the rule asks, or a position is there, it is looked at."""
    is_demanded, position = matter.policy.is_place_demanded_with_code, matter.claim.position
    if position is None and not is_demanded:
        return
    for one in _by_position(position, fences, matter):
        is_open = one.code in _OPEN and not is_demanded
        yield one._replace(effect=Effect.FLAG) if is_open else one


def _by_address(address: str | None) -> Iterator[Reason]:
    words = address.split() if address else []
    if not words:
        yield reason(Effect.REFUSE, Code.ADDRESS_MISSING, {}, {"address": "typed"})
        return
    yield reason(Effect.HOLD, Code.ADDRESS_TYPED, {"signs": len(" ".join(words))})
