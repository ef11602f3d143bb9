"""What became of a punch whose proof was checked, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext

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
    decided = latest_decision(punch)
    if decided is not None:
        return str(decided.verdict)
    if not punch.is_held:
        return "accepted"
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


def latest_decision(punch: Punch) -> PunchDecision | None:
    """Return the decision that counts; None where nobody decided.

    They may be prefetched; a punch that was read `with_verdict`, and has none, asks for none.
    """
    if getattr(punch, "last_verdict", None) == "":
        return None
    return max(punch.decisions.all(), key=lambda one: one.pk, default=None)


def refusal_of(decision: PunchDecision | None) -> str:
    """Return by whom and why a punch does not count; empty for one that was not refused."""
    if decision is None or decision.verdict != PunchDecision.Verdict.REFUSED:
        return ""
    facts = {"name": decider_name(decision), "reason": decision.reason}
    if decision.reason:
        return gettext("Refused by %(name)s: %(reason)s") % facts
    return gettext("Refused by %(name)s") % facts


def decider_name(decision: PunchDecision) -> str:
    """Return the name of whoever decided, – where nobody did. Read them with `decisions`."""
    user = decision.decided_by
    if user is None:
        return "–"
    person = getattr(user, "employee", None)
    return person.name if person is not None else user.get_username()


def decisions() -> Prefetch[Any]:
    """Return what reads the decisions of many punches, with who made them, by one query."""
    rows = PunchDecision.objects.select_related("decided_by__employee").order_by("pk")
    return Prefetch("decisions", rows)


def latest_check(punch: Punch) -> PunchCheck | None:
    """Return the check that counts; None where somebody vouched. Checks may be prefetched."""
    return max(punch.checks.all(), key=lambda one: one.pk, default=None)
