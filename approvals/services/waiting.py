"""What is done about requests that nobody decides: remind, go up, ask the successor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Prefetch

from approvals import notices
from approvals.flow import Status
from approvals.models import Decider, Request, Step
from approvals.services import steps
from approvals.services.standing import may_decide
from organization import audit
from organization.models import User

AT_ONCE: Final = 500


def look_after(*, now: datetime) -> int:
    """Ask successors, remind, and go up, wherever it is due; return how many steps were touched.

    Safe to ring twice, or late: what was done is written on the step.
    """
    count = 0
    for step in _due(now):
        with transaction.atomic():
            count += _look_after(step.pk, step.request_id, now)
    return count


def _due(now: datetime) -> list[Step]:
    """Return the open steps that need something: a few queries for each 500, and one a decider."""
    known: dict[int, User] = {}
    due: list[Step] = []
    last = 0
    while True:
        rows = list(
            Step.objects.filter(opened_at__isnull=False, closed_at=None, pk__gt=last)
            .select_related("request__department")
            .prefetch_related(Prefetch("deciders", Decider.objects.select_related("user")))
            .order_by("pk")[:AT_ONCE]
        )
        due += [step for step in rows if _needs(step, known, now)]
        if len(rows) < AT_ONCE:
            return due
        last = rows[-1].pk


def _needs(step: Step, known: dict[int, User], now: datetime) -> bool:
    silent = [row for row in step.deciders.all() if not row.verdict]
    for row in silent:
        # Rights are read once a log-in, and kept with its object.
        row.user = known.setdefault(row.user_id, row.user)
    return (
        not silent
        or any(not _is_able(row, step.request) for row in silent)
        or (step.reminded_at is None and _is_over(step, step.remind_hours, now))
        or (step.escalated_at is None and _is_over(step, step.escalate_hours, now))
    )


def _look_after(step_id: int, request_id: int, now: datetime) -> bool:
    # As whoever decides: the request first, then its step.
    request = (
        Request.objects.select_for_update(of=("self",))
        .select_related("employee__supervisor", "department", "submitted_by")
        .get(pk=request_id)
    )
    step = steps.open_step(request)
    if step is None or step.pk != step_id or request.status != Status.WAITING:
        return False
    touched = _ask_successors(request, step, now)
    touched |= _remind(request, step, now)
    touched |= _escalate(request, step, now)
    return touched


def _ask_successors(request: Request, step: Step, now: datetime) -> bool:
    """Ask anew where a step waits for nobody, or for somebody who may not decide any more."""
    silent = list(step.deciders.filter(verdict="").select_related("user"))
    if silent and all(_is_able(row, request) for row in silent):
        return False
    before = sorted(row.user_id for row in silent)
    steps.ask_anew(request, step, now=now)
    after = sorted(step.deciders.filter(verdict="").values_list("user", flat=True))
    # Whoever is left has agreed, and whose word is missing has gone: it goes up for theirs.
    is_stuck = not after and step.deciders.exists()
    if is_stuck and (found := steps.ask_above(request, step)):
        _note_gone_up(request, step, found, now)
        return True
    return before != after


def _is_able(row: Decider, request: Request) -> bool:
    user: User = row.user
    return user.is_active and may_decide(user, request.department)


def _remind(request: Request, step: Step, now: datetime) -> bool:
    if step.reminded_at is not None or not _is_over(step, step.remind_hours, now):
        return False
    step.reminded_at = now
    step.save(update_fields=["reminded_at"])
    notices.step_reminded(request, step, now=now)
    return True


def _escalate(request: Request, step: Step, now: datetime) -> bool:
    if step.escalated_at is not None or not _is_over(step, step.escalate_hours, now):
        return False
    escalate(request, step, now=now)
    return True


def escalate(request: Request, step: Step, *, now: datetime) -> None:
    """Ask whoever stands above those who are silent; their word counts for all."""
    _note_gone_up(request, step, steps.ask_above(request, step), now)


def _note_gone_up(request: Request, step: Step, found: Sequence[int], now: datetime) -> None:
    step.escalated_at = now
    step.save(update_fields=["escalated_at"])
    notices.step_escalated(request, step, found, now=now)
    audit.record(
        actor=None,
        verb="request.escalated",
        thing=request,
        department=request.department,
        now=now,
        step=step.index,
        asked=len(found),
    )


def _is_over(step: Step, hours: int, now: datetime) -> bool:
    if not hours or step.opened_at is None:
        return False
    return step.opened_at + timedelta(hours=hours) <= now
