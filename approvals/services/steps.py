"""The steps of a request: laid down with it, opened one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from approvals import matrix, notices
from approvals.models import Decider, Request, Step
from approvals.services.standing import standing_of


def lay(request: Request, steps: Iterable[matrix.Step], *, now: datetime) -> None:
    """Write down the chain of a new request, and open its first step."""
    for index, step in enumerate(steps, start=1):
        spec = step.spec
        row = Step.objects.create(
            request=request,
            index=index,
            way=spec.way.value,
            levels=spec.levels,
            role_key=spec.role,
            person_id=spec.person,
            mode=spec.mode.value,
            remind_hours=spec.remind_hours,
            escalate_hours=spec.escalate_hours,
            reasons=_told(step.reasons),
            opened_at=now if index == 1 else None,
        )
        _ask(row, step.deciders)
        if row.opened_at is not None:
            notices.step_opened(request, row, now=now)


def open_step(request: Request) -> Step | None:
    """Return the step that a request waits at, locked; None once it is settled."""
    return (
        Step.objects.select_for_update()
        .filter(request=request, opened_at__isnull=False, closed_at=None)
        .first()
    )


def open_next(request: Request, *, now: datetime) -> bool:
    """Open the next step, asking whoever holds what it takes now; False where there is none.

    Whoever was asked at the steps before is waited for no more.
    """
    step = request.steps.filter(opened_at=None, closed_at=None).order_by("index").first()
    if step is None:
        return False
    notices.steps_passed(request, now=now)
    step.opened_at = now
    step.save(update_fields=["opened_at"])
    ask_anew(request, step, now=now)
    return True


def ask_anew(request: Request, step: Step, *, now: datetime) -> None:
    """Let a step ask whoever stands for it now. Who has spoken, and who was asked above, stays."""
    standing = standing_of(
        request.employee,
        request.department,
        submitted_by=request.submitted_by,
        named=[step.person_id],
    )
    found = matrix.resolve(step.spec, standing)
    silent = step.deciders.filter(verdict="", is_above=False)
    silent.exclude(user__in=found.deciders).delete()
    _ask(step, found.deciders)
    above = step.deciders.filter(verdict="", is_above=True)
    above.exclude(user__in=standing.able - standing.askers).delete()
    step.reasons = _told(found.reasons)
    step.save(update_fields=["reasons"])
    notices.step_opened(request, step, now=now)


def ask_above(request: Request, step: Step) -> tuple[int, ...]:
    """Ask whoever stands above those who are silent; return whom."""
    standing = standing_of(request.employee, request.department, submitted_by=request.submitted_by)
    asked = set(step.deciders.values_list("user", flat=True))
    found, reason = matrix.above(standing, asked)
    Decider.objects.bulk_create([Decider(step=step, user_id=user, is_above=True) for user in found])
    if reason is not None:
        step.reasons = [*step.reasons, *_told([reason])]
        step.save(update_fields=["reasons"])
    return found


def close(request: Request, *, now: datetime) -> None:
    """Close what is left of a request that is settled."""
    request.steps.filter(closed_at=None).update(closed_at=now)


def _ask(step: Step, users: Iterable[int]) -> None:
    known = set(step.deciders.values_list("user", flat=True))
    Decider.objects.bulk_create(
        [Decider(step=step, user_id=user) for user in users if user not in known]
    )


def _told(reasons: Iterable[matrix.Reason]) -> list[list[str]]:
    return [list(reason) for reason in reasons]
