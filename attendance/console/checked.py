"""What became of a punch whose proof was checked, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from attendance.evidence.reasons import Effect
from attendance.evidence.verdict import anomalies_of
from attendance.models import Punch, PunchCheck, PunchDecision
from attendance.reason_words import effect_label, sentence
from attendance.wording import ANOMALIES

STATES: Final[Mapping[str, str | Promise]] = {
    "accepted": PunchCheck.Outcome.ACCEPTED.label,
    "held": PunchCheck.Outcome.HELD.label,
    "awaited": PunchCheck.Outcome.AWAITED.label,
    "refused": PunchDecision.Verdict.REFUSED.label,
}


class Told(NamedTuple):
    """A reason: what it does, as a code and in a word, and its sentence."""

    effect: str
    label: str
    sentence: str


class Checked(NamedTuple):
    """The latest check of a punch: its reasons, the decisive ones first, and their classes."""

    told: list[Told]
    anomalies: list[str]

    @property
    def telling(self) -> list[Told]:
        """Return the reasons but for those that only prove."""
        return [one for one in self.told if one.effect != Effect.PROOF]


def state_of(punch: Punch) -> str:
    """Return what became of a punch: a name of STATES. Checks and decisions may be prefetched."""
    if not punch.is_held:
        return "accepted"
    decided = max(punch.decisions.all(), key=lambda one: one.pk, default=None)
    if decided is not None:
        return str(decided.verdict)
    return "awaited" if is_awaited(punch) else "held"


def is_awaited(punch: Punch) -> bool:
    """Say whether nothing but its second proof is lacking, which may still come."""
    check = latest_check(punch)
    return check is not None and check.outcome == PunchCheck.Outcome.AWAITED


def read_checked(punch: Punch) -> Checked | None:
    """Return the latest check in words; None for a punch that somebody vouched for."""
    check = latest_check(punch)
    if check is None:
        return None
    zone = ZoneInfo(punch.zone)
    told = [
        Told(str(one.get("effect", "")), effect_label(one), sentence(one, zone=zone))
        for one in check.reasons
    ]
    classes = anomalies_of(str(one.get("code", "")) for one in check.reasons)
    return Checked(told, [str(ANOMALIES[one]) for one in classes])


def latest_check(punch: Punch) -> PunchCheck | None:
    """Return the check that counts; None where somebody vouched. Checks may be prefetched."""
    return max(punch.checks.all(), key=lambda one: one.pk, default=None)
