"""What becomes of punches and facts opens requests, ends them, takes them back, and is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.dispatch import receiver

from approvals import notices
from approvals.models import Request
from approvals.services.deciding import end_waiting, follow_revoked
from approvals.services.submitting import open_held
from attendance.engine import Anomaly
from attendance.models import Absence, Correction, OvertimeApproval, Punch, PunchDecision
from attendance.signals import (
    fact_is_revoked,
    punch_came_to_count,
    punch_was_held,
    punch_was_taken_out,
)
from organization.models import User

_KNOWN = frozenset(Anomaly)
_COLUMN_OF = {
    Absence: "absence",
    Correction: "correction",
    OvertimeApproval: "overtime",
    PunchDecision: "decision",
}


@receiver(punch_was_held, sender=Punch, dispatch_uid="approvals.open_for_held_punch")
def open_for_held_punch(
    punch: Punch, anomalies: Iterable[str], now: datetime, **_rest: Any
) -> None:
    """Let whoever decides about the person decide about the punch."""
    named = [str(anomaly) for anomaly in anomalies if anomaly in _KNOWN]
    open_held(punch=punch, anomaly=named[0] if named else "", now=now)


@receiver(punch_came_to_count, sender=Punch, dispatch_uid="approvals.end_for_counting_punch")
def end_for_counting_punch(
    punch: Punch, now: datetime, actor: User | None = None, reason: str = "", **_rest: Any
) -> None:
    """Let nobody wait for, or take, a decision about a punch that has come to count."""
    end_waiting(punch=punch, actor=actor, reason=reason, now=now)


@receiver(punch_was_taken_out, sender=Punch, dispatch_uid="approvals.tell_of_punch_taken_out")
def tell_of_punch_taken_out(
    punch: Punch,
    decision: PunchDecision,
    before: PunchDecision | None,
    now: datetime,
    **_rest: Any,
) -> None:
    """Tell whose punch it is, unless the request that it counted by has told them."""
    if before is None or not Request.objects.filter(decision=before).exists():
        notices.punch_taken_out(punch, decision, now=now)


@receiver(fact_is_revoked, dispatch_uid="approvals.follow_revoked_fact")
def follow_revoked_fact(
    sender: type[Model],
    key: int,
    actor: User | None,
    now: datetime,
    reason: str = "",
    **_rest: Any,
) -> None:
    """Let the request that a fact came of be taken back with it."""
    follow_revoked(column=_COLUMN_OF[sender], key=key, actor=actor, now=now, reason=reason)
