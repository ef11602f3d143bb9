"""Who is told what, about requests and about people. Every sentence is in notice_words.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from approvals.flow import Status
from approvals.models import Delegation, Notification, Request, Step
from approvals.models.notifications import Kind
from approvals.services.notifying import News, close_waiting, tell, tell_groups, zone_of
from approvals.services.standing import names_of
from attendance.models import OfflineClaim, Punch, PunchDecision
from attendance.services.claims import local
from attendance.services.days import belongings_of
from attendance.services.overdue import Overdue
from organization.models import User
from organization.services import zone_names

_DELEGATION: Final = "delegation:"
_AT_ONCE: Final = 500


def step_opened(request: Request, step: Step, *, now: datetime) -> None:
    """Tell whom a step asks that it waits for them, and who stands in for them."""
    kind = Kind.HELD if request.kind == Request.Kind.HELD_PUNCH else Kind.ASKED
    _tell_deciders(kind, request, step, _silent(step), now)


def step_reminded(request: Request, step: Step, *, now: datetime) -> None:
    """Tell those who are silent that it still waits."""
    _tell_deciders(Kind.REMINDED, request, step, _silent(step), now)


def step_escalated(
    request: Request, step: Step, asked_above: Iterable[int], *, now: datetime
) -> None:
    """Tell whoever stands above the silent."""
    _tell_deciders(Kind.ESCALATED, request, step, set(asked_above), now)


def deputy_begins(delegation: Delegation, waiting: int, *, now: datetime) -> None:
    """Tell a deputy, once and in one sentence, how much waits already where they stand in.

    The end is told by the clock of the deputy's department.
    """
    ends = delegation.ends_at.astimezone(zone_of(delegation.deputy, zone_names()))
    facts = {
        "name": names_of([delegation.giver_id])[delegation.giver_id],
        "count": waiting,
        "until": ends.date().isoformat(),
        "time": f"{ends:%H:%M}",
    }
    subject = _delegation_subject(delegation)
    tell([News(delegation.deputy_id, Kind.STANDS_IN, subject, facts=facts)], now=now)


def deputy_ends(delegation: Delegation, *, now: datetime) -> None:
    """Let what a deputy was told when they began be over; nobody is mailed of it."""
    rows = Notification.objects.filter(
        recipient=delegation.deputy_id,
        kind=Kind.STANDS_IN,
        subject=_delegation_subject(delegation),
    )
    rows.unread().update(read_at=now)


def deputies_end(*, now: datetime) -> int:
    """Let what deputies were told be over where their time is; return of how many. Two queries.

    At most 500 at once: the next bell goes on.
    """
    over = Delegation.objects.filter(deputy=OuterRef("recipient"), ends_at__lte=now).annotate(
        subject=Concat(Value(_DELEGATION), Cast("pk", CharField()))
    )
    told = Notification.objects.filter(kind=Kind.STANDS_IN).unread()
    due = told.filter(Exists(over.filter(subject=OuterRef("subject")))).order_by("pk")
    keys = list(due.values_list("pk", flat=True)[:_AT_ONCE])
    return told.filter(pk__in=keys).update(read_at=now) if keys else 0


def _delegation_subject(delegation: Delegation) -> str:
    return f"{_DELEGATION}{delegation.pk}"


def steps_passed(request: Request, *, now: datetime) -> None:
    """Let whoever was asked so far, and said nothing, know of it as of something that is over."""
    close_waiting(request_id=request.pk, now=now)


def request_settled(request: Request, *, actor: User | None, now: datetime) -> None:
    """Tell whose request it is what became of it, unless they did it; nobody waits any more.

    Nobody asked for the request of a held punch: that it ended by itself is no news.
    """
    close_waiting(request_id=request.pk, now=now)
    is_answered = request.is_overtaken and request.kind == Request.Kind.APPEAL
    if request.status == Status.WITHDRAWN and not is_answered:
        return
    kind = Kind.REVOKED if request.status == Status.REVOKED else Kind.DECIDED
    whose = {request.employee.user_id, request.submitted_by_id}
    whose -= {actor.pk if actor is not None else None}
    subject = f"request:{request.pk}"
    news = [News(user, kind, subject, request.pk) for user in whose if user is not None]
    tell(news, now=now)
    tell_groups(kind, request, subject, now=now)


def punch_taken_out(punch: Punch, decision: PunchDecision, *, now: datetime) -> None:
    """Tell whose punch it is that it counts no more; by whom and why is read where it stands."""
    user = punch.employee.user_id
    if user is None:
        return
    work_date = belongings_of([punch])[punch.pk].work_date
    wall = punch.punched_at.astimezone(ZoneInfo(punch.zone))
    facts = {
        "decision": decision.pk,
        "day": work_date.isoformat(),
        "date": wall.date().isoformat(),
        "time": f"{wall:%H:%M}",
    }
    tell([News(user, Kind.TAKEN_OUT, f"decision:{decision.pk}", facts=facts)], now=now)


def boarding_pass_due(claims: Iterable[OfflineClaim], *, now: datetime) -> None:
    """Tell whose claims they are that the boarding pass is awaited; no flight and no place."""
    tell(
        [
            News(
                claim.employee.user_id,
                Kind.BOARDING_PASS,
                f"claim:{claim.pk}",
                facts=_moment(claim.due_at or now, local(claim.claimed_at, claim.zone).date(),
                              ZoneInfo(claim.zone)),
            )
            for claim in claims
            if claim.employee.user_id is not None
        ],
        now=now,
    )  # fmt: skip


def punches_missing(slots: Iterable[Overdue], zones: Mapping[int, str], *, now: datetime) -> None:
    """Tell people that a punch of theirs is missing; once for each slot."""
    tell(
        (
            News(
                one.user_id,
                Kind.MISSING_PUNCH,
                slot_subject(one),
                facts=_moment(one.due_at, one.work_date, ZoneInfo(zones[one.department_id]))
                | {"slot": one.slot},
            )
            for one in slots
        ),
        now=now,
    )


def slot_subject(slot: Overdue) -> str:
    """Return what makes a reminder of a slot the same one."""
    return f"slot:{slot.employee_id}:{slot.work_date}:{slot.slot}"


def _moment(at: datetime, day: date, zone: ZoneInfo) -> dict[str, str]:
    return {"day": day.isoformat(), "time": f"{at.astimezone(zone):%H:%M}"}


def _silent(step: Step) -> set[int]:
    return set(step.deciders.filter(verdict="").values_list("user", flat=True))


def _tell_deciders(
    kind: Kind, request: Request, step: Step, users: set[int], now: datetime
) -> None:
    deputies = Delegation.objects.in_force(now).filter(giver__in=users)
    users = users | set(deputies.values_list("deputy", flat=True))
    users -= {request.employee.user_id, request.submitted_by_id}
    subject = f"step:{step.pk}"
    tell([News(user, kind, subject, request.pk) for user in sorted(users)], now=now)
    tell_groups(kind, request, subject, now=now)
