"""What a decided request does to facts, and how that is undone.

Where a day has been paid since it was asked, the decider's reason says why it is an adjustment of
the next period; without one the decision is refused, and the request waits on.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from approvals.content import ABSENCES, Kind
from approvals.models import Request
from attendance.models import PunchDecision
from attendance.services import absences, corrections
from attendance.services.authority import Authority
from organization.models import User

_COLUMNS = ["correction", "absence", "overtime", "decision"]


def take(
    request: Request, *, actor: User, authority: Authority, reason: str, now: datetime
) -> None:
    """Let what was asked for count; its days are judged again. Raises what the facts refuse."""
    kind = Kind(request.kind)
    if kind in ABSENCES:
        request.absence = absences.add_absence(
            employee=request.employee,
            kind=request.kind,
            starts_at=request.starts_at,  # type: ignore[arg-type]
            ends_at=request.ends_at,  # type: ignore[arg-type]
            reason=request.reason,
            actor=actor,
            now=now,
            authority=authority,
            as_adjustment=reason,
        )
    elif kind is Kind.OVERTIME:
        request.overtime = absences.approve_overtime(
            employee=request.employee,
            work_date=request.work_date,
            starts_at=request.starts_at,  # type: ignore[arg-type]
            ends_at=request.ends_at,  # type: ignore[arg-type]
            actor=actor,
            now=now,
            authority=authority,
            as_adjustment=reason,
        )
    elif request.punch is not None:
        _say(request, PunchDecision.Verdict.ACCEPTED, actor, authority, reason, now)
    else:
        request.correction = corrections.record_correction(
            employee=request.employee,
            work_date=request.work_date,
            slot=request.slot,
            corrected_at=request.corrected_at,  # type: ignore[arg-type]
            reason=request.reason,
            actor=actor,
            now=now,
            authority=authority,
            as_adjustment=reason,
        )
    request.save(update_fields=_COLUMNS)


def refuse(
    request: Request, *, actor: User, authority: Authority, reason: str, now: datetime
) -> None:
    """Let a held punch that was refused say so; nothing else comes of a rejection."""
    if Kind(request.kind) is Kind.HELD_PUNCH:
        _say(request, PunchDecision.Verdict.REFUSED, actor, authority, reason, now)
        request.save(update_fields=_COLUMNS)


def undo(
    request: Request, *, actor: User, authority: Authority, reason: str, now: datetime
) -> None:
    """Take back what an approved request did; what was taken back elsewhere stays so."""
    with suppress(absences.AlreadyRevoked, corrections.RevokedAlready):
        if request.absence_id is not None:
            absences.revoke_absence(
                absence_id=request.absence_id,
                actor=actor,
                now=now,
                authority=authority,
                as_adjustment=reason,
            )
        elif request.overtime_id is not None:
            absences.revoke_overtime(
                approval_id=request.overtime_id,
                actor=actor,
                now=now,
                authority=authority,
                as_adjustment=reason,
            )
        elif request.correction_id is not None:
            corrections.revoke_correction(
                correction_id=request.correction_id,
                actor=actor,
                now=now,
                authority=authority,
                as_adjustment=reason,
            )
        else:
            _say(request, PunchDecision.Verdict.REFUSED, actor, authority, reason, now)
            request.save(update_fields=_COLUMNS)


def _say(
    request: Request,
    verdict: PunchDecision.Verdict,
    actor: User,
    authority: Authority,
    reason: str,
    now: datetime,
) -> None:
    if request.punch is None:
        raise ValueError(f"{request} is about no punch")
    request.decision = corrections.decide_held_punch(
        punch=request.punch,
        verdict=verdict,
        reason=reason,
        actor=actor,
        now=now,
        authority=authority,
        as_adjustment=reason,
    )
