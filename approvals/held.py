"""What a card says of a punch that is decided: how it was made, why it is held, what proves it.

Reasons name metres and fences, never places; where somebody was is opened on the page of the
evidence, which writes down who looks and why.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from django.db.models import prefetch_related_objects
from django.urls import reverse

from approvals.models import Request
from attendance.console.checked import Told, read_checked
from attendance.evidence.reasons import Effect
from attendance.models import Punch, PunchEvidence
from attendance.services.evidence import may_look
from organization.models import User

_AGAINST: Final = (Effect.HOLD, Effect.REFUSE)


class HeldPunch(NamedTuple):
    """How a punch was made, why it is held, and the kinds of evidence that are kept with it.

    `evidence` is the address where they are opened, empty for whoever may not.
    """

    method: str
    told: list[Told]
    kept: str
    evidence: str


def read_held(requests: Sequence[Request], user: User) -> dict[int, HeldPunch]:
    """Return what is said of the punches of some requests, by request. No more queries for many."""
    about = [(request, request.punch) for request in requests if request.punch is not None]
    if not about:
        return {}
    punches = [punch for _request, punch in about]
    prefetch_related_objects(punches, "checks")
    kept: dict[int, list[str]] = {}
    rows = PunchEvidence.objects.filter(punch__in=punches).order_by("pk")
    for punch_id, kind in rows.values_list("punch", "kind"):
        kept.setdefault(punch_id, []).append(str(PunchEvidence.Kind(kind).label))
    opened = _opened_to(user, kept)
    found = {}
    for request, punch in about:
        is_own = request.employee.user_id == user.pk
        page = reverse("admin:attendance_punch_evidence", args=[punch.pk])
        found[request.pk] = HeldPunch(
            punch.get_method_display(),
            _told(punch, is_own=is_own),
            ", ".join(kept.get(punch.pk, ())),
            page if punch.pk in opened and not is_own else "",
        )
    return found


def _told(punch: Punch, *, is_own: bool) -> list[Told]:
    """Return why a punch is held; what is only noted is for whoever decides."""
    checked = read_checked(punch)
    if checked is None:
        return []
    return [one for one in checked.telling if not is_own or one.effect in _AGAINST]


def _opened_to(user: User, keys: Collection[int]) -> set[int]:
    """Return of which of some punches somebody may open the evidence, by a page of the console."""
    if not keys or not user.is_staff:
        return set()
    punches = Punch.objects.filter(pk__in=list(keys))
    allowed = may_look(punches, user, "employee__user")
    return set(punches.filter(allowed).values_list("pk", flat=True))
