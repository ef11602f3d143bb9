"""What a page posts about a request → one service. For the phone and for the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals import services
from approvals.cards import find
from approvals.errors import ReasonMissing
from approvals.models import Decider, Request
from approvals.services.standing import may_decide, stands_in_for
from organization.errors import DomainError, NotFound
from organization.models import User

DONE: Final[Mapping[str, str | Promise]] = {
    "approve": _("Approved."),
    "reject": _("Rejected."),
    "withdraw": _("Withdrawn."),
    "revoke": _("Taken back; its days are judged again."),
}


class NothingToDo(DomainError):
    """A page posts what is to be done."""

    code = "nothing_to_do"
    message = _("Choose what to do: approve, reject, withdraw or take back.")


def act(user: User, request_id: int, said: Mapping[str, str], *, now: datetime) -> str | Promise:
    """Do what was posted; return what to say. Raises NotFound for whoever only reads, DomainError.

    `act` is one of DONE, `reason` goes with it, `step` is the step that the page has shown.
    """
    require_actor(user, request_id, now=now)
    word, reason = said.get("act", ""), said.get("reason", "")
    step = said.get("step", "")
    index = int(step) if step.isascii() and step.isdecimal() and len(step) < 5 else None
    if word == "approve":
        done = services.approve(
            request_id=request_id, actor=user, reason=reason, index=index, now=now
        )
        if done.status == Request.Status.WAITING:
            return _("Approved; it goes on to the next step.")
    elif word == "reject":
        services.reject(request_id=request_id, actor=user, reason=reason, index=index, now=now)
    elif word == "withdraw":
        services.withdraw(request_id=request_id, actor=user, now=now)
    elif word == "revoke":
        services.revoke(request_id=request_id, actor=user, reason=reason, now=now)
    else:
        raise NothingToDo
    return DONE[word]


def require_actor(user: User, request_id: int, *, now: datetime) -> None:
    """Raise NotFound for whoever may not read a request, or only reads it."""
    request = find(user, request_id, now=now)
    if not _may_act(user, request, now):
        raise NotFound(what=Request._meta.verbose_name, key=request_id)


def act_on_many(
    user: User, keys: list[int], said: Mapping[str, str], *, now: datetime
) -> tuple[int, dict[int, str]]:
    """Approve or reject several, each for itself; return how many, and each refusal by its key.

    A refusal is a sentence that names its request. Raises ReasonMissing before any is decided.
    """
    word, done = said.get("act", ""), 0
    refused: dict[int, str] = {}
    if word == "reject" and not said.get("reason", "").strip():
        raise ReasonMissing
    for key in keys:
        name = str(key)
        try:
            name = str(find(user, key, now=now))
            act(user, key, {**said, "step": said.get(f"step-{key}", "")}, now=now)
        except DomainError as refusal:
            refused[key] = f"{name}: {refusal}"
        else:
            done += 1
    return done, refused


def _may_act(user: User, request: Request, now: datetime) -> bool:
    """Say whether somebody is more than a reader: who asks, is asked, or may decide there."""
    if user.pk in {request.employee.user_id, request.submitted_by_id}:
        return True
    if may_decide(user, request.department):
        return True
    asked = Decider.objects.filter(step__request=request, user__in=stands_in_for(user, now))
    return asked.exists()
