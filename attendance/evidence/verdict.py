"""The door of the room: a claim is accepted, held for a person to decide, or refused.

It never fails open. A claim is accepted only if its method was proven and nothing speaks against
it; what cannot be checked is held, and so is a claim whose check broke.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from attendance.engine.values import Anomaly
from attendance.evidence import checks, suspicions
from attendance.evidence.claims import Claim
from attendance.evidence.policy import EvidencePolicy, History, Matter
from attendance.evidence.reasons import Code, Effect, Reason, in_order, reason


class Outcome(StrEnum):
    """What becomes of a claim."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


_CHECKS: Final[tuple[Callable[[Matter], Iterator[Reason]], ...]] = (
    checks.check_method,
    checks.check_proof,
    suspicions.check_phone,
    suspicions.check_integrity,
    suspicions.check_movement,
    suspicions.check_photo,
    suspicions.check_second,
    suspicions.check_clock,
    suspicions.check_order,
)
_ANOMALIES: Final = {
    Code.WEAK_GPS: Anomaly.WEAK_GPS,
    Code.WEAK_GPS_NOT_YET: Anomaly.WEAK_GPS,
    Code.OUTSIDE_FENCE: Anomaly.OUT_OF_FENCE,
    Code.UNSURE_OF_FENCE: Anomaly.OUT_OF_FENCE,
    Code.WIFI_UNKNOWN: Anomaly.WIFI,
    Code.WIFI_MISMATCH: Anomaly.WIFI,
    Code.WIFI_NAME_ONLY: Anomaly.WIFI,
    Code.WIFI_FAR_FROM_SITE: Anomaly.WIFI,
    Code.BSSID_MULTICAST: Anomaly.WIFI,
    Code.BSSID_LOCAL: Anomaly.WIFI,
    Code.PHONE_UNKNOWN: Anomaly.DEVICE,
    Code.PHONE_UNFAMILIAR: Anomaly.DEVICE,
    Code.PHONE_COOLING: Anomaly.DEVICE,
    Code.PHONE_CHANGED_OFTEN: Anomaly.DEVICE,
    Code.PHONE_SHARED: Anomaly.DEVICE,
    Code.SECOND_CHECK_LATE: Anomaly.SECOND_CHECK,
    Code.SECOND_CHECK_MISSING: Anomaly.SECOND_CHECK,
}


def anomalies_of(codes: Iterable[str]) -> tuple[Anomaly, ...]:
    """Return which of the eight classes the codes of reasons belong to, in their order."""
    found = (_ANOMALIES.get(one) for one in codes)  # type: ignore[call-overload]
    return tuple(dict.fromkeys(one for one in found if one is not None))


class Verdict(NamedTuple):
    """What becomes of a claim, and every reason, the decisive ones first."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """Return which of the eight classes the reasons belong to, in their order."""
        return anomalies_of(one.code for one in self.reasons)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON knows it."""
        return {
            "outcome": str(self.outcome),
            "reasons": [one.as_dict() for one in self.reasons],
        }


def verify(
    policy: EvidencePolicy,
    claim: Claim,
    history: History,
    *,
    at: datetime,
    day: date,
    now: datetime,
) -> Verdict:
    """Judge a claim by a rule and by what was before. Raises nothing, whatever it is given.

    `at` is when the punch was made, `day` the date of that moment on site, and `now` the moment of
    judging by the server's clock. The same claim may be judged again later: a second check that was
    awaited has then come, or is missing.
    """
    matter = Matter(policy, claim, history, at, day, now)
    found = [one for check in _CHECKS for one in _run(check, matter)]
    if not _is_proven(found, claim):
        found.extend(_unless_told(found))
    return Verdict(_outcome(found), in_order(found))


def _run(check: Callable[[Matter], Iterator[Reason]], matter: Matter) -> list[Reason]:
    try:
        return list(check(matter))
    except Exception as error:
        # Whatever it was: nobody looked, so somebody has to.
        seen = {"check": check.__name__, "error": type(error).__name__}
        return [reason(Effect.HOLD, Code.CHECK_FAILED, seen)]


def _is_proven(found: Iterable[Reason], claim: object) -> bool:
    if not isinstance(claim, Claim) or not isinstance(claim.method, str):
        return False
    wanted = checks.PROOFS.get(claim.method)
    return any(one.effect is Effect.PROOF and one.code is wanted for one in found)


def _unless_told(found: list[Reason]) -> list[Reason]:
    """Return a reason for an unproven claim to wait, unless it has one already."""
    if any(one.effect in (Effect.HOLD, Effect.REFUSE) for one in found):
        return []
    return [
        reason(Effect.HOLD, Code.NOTHING_PROVEN, {}, {"methods": ", ".join(sorted(checks.PROOFS))})
    ]


def _outcome(found: Iterable[Reason]) -> Outcome:
    effects = {one.effect for one in found}
    if Effect.REFUSE in effects:
        return Outcome.REFUSED
    return Outcome.HELD if Effect.HOLD in effects else Outcome.ACCEPTED
