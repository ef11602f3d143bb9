"""A person's own punches: how each was made, what it came to, and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from attendance.console.checked import decisions, latest_decision, refusal_of
from attendance.evidence.reasons import Effect
from attendance.models import Punch, PunchCheck, PunchDecision
from attendance.reason_words import sentences
from attendance.services.days import belongings_of
from organization.models import Employee, User

PUNCHES_A_PAGE: Final = 40


class Outcome(NamedTuple):
    """What a punch came to: a sign, words, and how they look."""

    symbol: str
    label: str | Promise
    css_class: str


_LOOKS: Final = {
    "accepted": Outcome("✓", pgettext_lazy("punch", "Counts"), "kq-good"),
    "held": Outcome("◔", _("Waits for a decision"), "kq-warn"),
    "awaited": Outcome("…", PunchCheck.Outcome.AWAITED.label, "kq-away"),
    "refused": Outcome("✕", pgettext_lazy("punch", "Does not count"), "kq-bad"),
}


class OwnPunch(NamedTuple):
    """A punch on the wall's clock. `decision` is the last word of whoever decided, if one has.

    `refusal` says by whom and why it does not count, and `work_date` which day would take it; empty
    for any other.
    """

    punch: Punch
    at: datetime
    outcome: Outcome
    reasons: list[str]
    decision: PunchDecision | None
    refusal: str
    work_date: date | None


class OwnPunches(NamedTuple):
    """A page of punches, the latest first."""

    page: Page[Punch]
    punches: list[OwnPunch]


def read_own_punches(user: User, employee: Employee, number: str) -> OwnPunches:
    """Return a page of a person's own punches. A constant number of queries."""
    own = Punch.objects.visible_to(user).filter(employee=employee).select_related("terminal")
    newest = own.prefetch_related("checks", decisions()).order_by("-punched_at", "-pk")
    page = Paginator(newest, PUNCHES_A_PAGE).get_page(number)
    refused = [punch for punch in page if refusal_of(latest_decision(punch))]
    days = {key: one.work_date for key, one in belongings_of(refused).items()}
    return OwnPunches(page, [_told(punch, days.get(punch.pk)) for punch in page])


def _told(punch: Punch, work_date: date | None) -> OwnPunch:
    zone = ZoneInfo(punch.zone)
    check = max(punch.checks.all(), key=lambda one: one.pk, default=None)
    decision = latest_decision(punch)
    return OwnPunch(
        punch,
        punch.punched_at.astimezone(zone),
        _LOOKS[_outcome(punch, check, decision)],
        sentences(_telling(check), zone=zone) if check is not None else [],
        decision,
        refusal_of(decision),
        work_date,
    )


def _telling(check: PunchCheck) -> list[dict[str, Any]]:
    """Return why a punch is held, or what proves it; what is only noted is for who decides."""
    held = [one for one in check.reasons if one["effect"] in (Effect.HOLD, Effect.REFUSE)]
    return held or [one for one in check.reasons if one["effect"] == Effect.PROOF]


def _outcome(punch: Punch, check: PunchCheck | None, decision: PunchDecision | None) -> str:
    if decision is not None:
        return decision.verdict
    if check is not None:
        return check.outcome
    return "held" if punch.is_held else "accepted"
