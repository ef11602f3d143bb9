"""What becomes of a request: approved, rejected, withdrawn, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from approvals import flow, notices
from approvals.content import digest_of
from approvals.errors import (
    AlreadySaid,
    ContentChanged,
    CountsAgain,
    CountsAlready,
    IllegalMove,
    NotYourDecision,
    OpenedByItself,
    ReasonMissing,
    SelfDecision,
)
from approvals.flow import Status, Verdict, Vote
from approvals.models import Decider, Request, Step
from approvals.services import effects, steps
from approvals.services.standing import may_decide, names_of, stands_in_for, visible
from approvals.services.submitting import content_of
from attendance.models import Punch
from attendance.services.authority import Authority
from attendance.services.checking import lock_person
from organization import audit
from organization.errors import NotFound
from organization.models import User

REASON_AT_MOST: Final = 200


@transaction.atomic
def approve(
    *, request_id: int, actor: User, now: datetime, reason: str = "", index: int | None = None
) -> Request:
    """Say yes at the step that is open; with the last one, what was asked for takes effect.

    The effect is part of the decision: neither is there without the other. `index` is the step
    that the actor has seen: a second press is none at the next step. Raises NotFound,
    SelfDecision, NotYourDecision, IllegalMove, AlreadySaid, and what the facts refuse.
    """
    request = _lock(request_id, actor, now)
    step, decider = _turn_of(request, actor, Status.APPROVED, index, now)
    if digest_of(content_of(request)) != request.digest:
        raise ContentChanged(request=request.pk)
    reason = _said(reason)
    came_to = _say(step, decider, Verdict.APPROVED, actor, now)
    if came_to is None:
        _tell("request.step_approved", request, actor, now, step=step.index, reason=reason)
        return request
    if steps.open_next(request, now=now):
        _tell("request.step_approved", request, actor, now, step=step.index, reason=reason)
        return request
    effects.take(request, actor=actor, authority=Authority(decider.user), reason=reason, now=now)
    _settle(request, Status.APPROVED, actor, reason, now)
    _tell("request.approved", request, actor, now, reason=reason, instead_of=_whom(decider, actor))
    return request


@transaction.atomic
def reject(
    *, request_id: int, actor: User, now: datetime, reason: str, index: int | None = None
) -> Request:
    """Say no, and why, at the step that is open. One no is enough; `index` as in `approve`.

    Raises NotFound, SelfDecision, NotYourDecision, IllegalMove, AlreadySaid, ReasonMissing.
    """
    request = _lock(request_id, actor, now)
    step, decider = _turn_of(request, actor, Status.REJECTED, index, now)
    reason = _said(reason, is_needed=True)
    _say(step, decider, Verdict.REJECTED, actor, now)
    effects.refuse(request, actor=actor, authority=Authority(decider.user), reason=reason, now=now)
    _settle(request, Status.REJECTED, actor, reason, now)
    _tell("request.rejected", request, actor, now, reason=reason, instead_of=_whom(decider, actor))
    return request


@transaction.atomic
def withdraw(*, request_id: int, actor: User, now: datetime) -> Request:
    """Take one's own request back before it is decided.

    Raises NotFound for those of others, OpenedByItself, IllegalMove.
    """
    asked = Request.objects.filter(Q(employee__user=actor.pk) | Q(submitted_by=actor.pk))
    request = _locked(request_id, asked)
    if request.submitted_by_id is None:
        raise OpenedByItself(request=request.pk)
    _check_move(request, Status.WITHDRAWN)
    _settle(request, Status.WITHDRAWN, actor, "", now)
    _tell("request.withdrawn", request, actor, now)
    return request


@transaction.atomic
def revoke(*, request_id: int, actor: User, now: datetime, reason: str) -> Request:
    """Take an approval back; what it did is undone, and its days are judged again.

    Whoever may decide in the department may, but about themselves. Raises NotFound,
    SelfDecision, IllegalMove, ReasonMissing.
    """
    request = _locked(request_id, Request.objects.visible_to(actor))
    _refuse_self(request, actor)
    if not may_decide(actor, request.department):
        raise NotFound(what=Request._meta.verbose_name, key=request_id)
    _check_move(request, Status.REVOKED)
    reason = _said(reason, is_needed=True)
    effects.undo(request, actor=actor, authority=Authority(actor), reason=reason, now=now)
    _settle(request, Status.REVOKED, actor, reason, now)
    _tell("request.revoked", request, actor, now, reason=reason)
    return request


@transaction.atomic
def follow_revoked(
    *, column: str, key: int, actor: User | None, now: datetime, reason: str = ""
) -> None:
    """Take back the request whose effect somebody revokes by its own page, with what it takes up.

    `column` names the effect, `key` is its row. Whether they may, and whether the reason is fit, is
    asked by whoever revokes it.
    """
    # One that is too long is refused after this, with all that was done.
    reason = reason[:REASON_AT_MOST]
    rows = Request.objects.filter(status=Status.APPROVED, **{column: key})
    for request in rows.select_related("employee", "department").select_for_update(of=("self",)):
        _settle(request, Status.REVOKED, actor, reason, now)
        _tell("request.revoked", request, actor, now, by=column, reason=reason)


@transaction.atomic
def end_waiting(*, punch: Punch, actor: User | None, reason: str, now: datetime) -> None:
    """End what waits about a punch that has come to count: there is nothing left to decide.

    The actor, who lets it count, has decided about the punch and settles no request; they are told
    nothing. Whoever lets it count has locked the person.
    """
    rows = Request.objects.waiting().filter(punch=punch).order_by("pk")
    for request in rows.select_related("employee", "department").select_for_update(of=("self",)):
        _settle(request, Status.WITHDRAWN, None, reason, now, done_by=actor)
        _tell("request.settled", request, None, now, reason=reason)


def _locked(request_id: int, rows: QuerySet[Request]) -> Request:
    rows = rows.filter(pk=request_id)
    # The other proof locks the person first, and then the request that it ends.
    for person in rows.filter(punch__isnull=False).values_list("employee", flat=True)[:1]:
        lock_person(person)
    found = (
        rows.select_related("employee__supervisor", "department", "punch__employee", "submitted_by")
        .select_for_update(of=("self",))
        .first()
    )
    if found is None:
        raise NotFound(what=Request._meta.verbose_name, key=request_id)
    return found


def _lock(request_id: int, actor: User, now: datetime) -> Request:
    """Return a request, locked: permission, lock and state are one read."""
    request = _locked(request_id, Request.objects.filter(visible(actor, now)))
    _refuse_self(request, actor)
    return request


def _refuse_self(request: Request, actor: User) -> None:
    if actor.pk in {request.employee.user_id, request.submitted_by_id}:
        raise SelfDecision(department=str(request.department))


def _check_move(request: Request, new: Status) -> None:
    if flow.can_become(Status(request.status), new):
        return
    refusal = IllegalMove
    if request.is_overtaken:
        refusal = CountsAgain if request.kind == Request.Kind.APPEAL else CountsAlready
    raise refusal(old=request.status, new=new.value)


def _turn_of(
    request: Request, actor: User, new: Status, index: int | None, now: datetime
) -> tuple[Step, Decider]:
    """Return the open step and the row by which the actor speaks: theirs, or one they stand for."""
    _check_move(request, new)
    step = steps.open_step(request)
    if step is None:
        raise IllegalMove(old=request.status, new=new.value)
    if index is not None and index != step.index:
        raise AlreadySaid(step=index)
    rows = list(step.deciders.select_related("user"))
    users = stands_in_for(actor, now)
    own = sorted(
        (row for row in rows if row.user_id in users), key=lambda row: row.user_id != actor.pk
    )
    able = [row for row in own if row.user.is_active and may_decide(row.user, request.department)]
    if not able:
        names = names_of(row.user_id for row in rows)
        raise NotYourDecision(
            department=str(request.department), deciders=", ".join(names.values()) or "–"
        )
    silent = [row for row in able if not row.verdict]
    # Where all must agree, nobody is two of them: a double press speaks for no one else.
    if not silent or any(row.decided_by_id == actor.pk for row in rows):
        raise AlreadySaid(step=step.index)
    return step, silent[0]


def _say(
    step: Step, decider: Decider, verdict: Verdict, actor: User, now: datetime
) -> Verdict | None:
    """Write down a vote; close the step with what it has come to, if it has."""
    decider.verdict, decider.decided_by, decider.decided_at = verdict.value, actor, now
    decider.save(update_fields=["verdict", "decided_by", "decided_at"])
    votes = [
        Vote(Verdict(row.verdict) if row.verdict else None, row.is_above)
        for row in step.deciders.all()
    ]
    came_to = flow.outcome(flow.Mode(step.mode), votes)
    if came_to is not None:
        step.verdict, step.closed_at = came_to.value, now
        step.save(update_fields=["verdict", "closed_at"])
    return came_to


def _settle(
    request: Request,
    status: Status,
    actor: User | None,
    reason: str,
    now: datetime,
    *,
    done_by: User | None = None,
) -> None:
    request.status, request.settled_at = status.value, now
    request.settled_by, request.settled_reason = actor, reason
    request.save(update_fields=["status", "settled_at", "settled_by", "settled_reason"])
    steps.close(request, now=now)
    notices.request_settled(request, actor=actor or done_by, now=now)


def _said(reason: str, *, is_needed: bool = False) -> str:
    said = " ".join(reason.split())
    if len(said) > REASON_AT_MOST or (is_needed and not said):
        raise ReasonMissing
    return said


def _whom(decider: Decider, actor: User) -> str:
    """Return the log-in in whose place the actor spoke."""
    return decider.user.get_username() if decider.user_id != actor.pk else ""


def _tell(verb: str, request: Request, actor: User | None, now: datetime, **facts: object) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=request,
        department=request.department,
        now=now,
        kind=request.kind,
        work_date=str(request.work_date),
        digest=request.digest,
        **{name: value for name, value in facts.items() if value != ""},
    )
