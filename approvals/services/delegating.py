"""Who stands in for whom, from when until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from approvals import notices
from approvals.errors import CannotStandIn, OwnDecider
from approvals.models import Delegation, Request
from approvals.services.standing import deciding_by, may_decide, may_stand_in
from attendance.services.absences import ImplausibleSpan, check_years
from organization import audit
from organization.access import Action, granted_paths
from organization.errors import NotFound
from organization.models import User

_AT_MOST: Final = timedelta(days=366)


@transaction.atomic
def delegate(
    *,
    giver: User,
    deputy: User,
    starts_at: datetime,
    ends_at: datetime,
    actor: User,
    now: datetime,
) -> Delegation:
    """Let somebody decide in `giver`'s place for a period: what waits, and what comes.

    The actor is the giver, or configures where the giver belongs and wherever the giver decides:
    nobody hands out more than lies below them, nor chooses who decides about themselves. Raises
    NotFound, OwnDecider, CannotStandIn, ImplausibleSpan and ValidationError.
    """
    check_years(starts_at, ends_at)
    if not givers_for(actor).filter(pk=giver.pk).exists() or not _is_below(giver, actor):
        raise NotFound(what=User._meta.verbose_name, key=giver.pk)
    if actor.pk != giver.pk and _is_decided_about_by(actor, giver):
        raise OwnDecider(giver=giver.get_username())
    if not may_stand_in(deputy, giver):
        raise CannotStandIn(deputy=deputy.get_username())
    if ends_at - starts_at > _AT_MOST:
        raise ImplausibleSpan(
            starts_at=f"{starts_at:%Y-%m-%d}",
            ends_at=f"{ends_at:%Y-%m-%d}",
            expected=_("Somebody stands in for a year at most."),
        )
    made = Delegation(
        giver=giver,
        deputy=deputy,
        department=audit.home_of_log_in(giver),
        starts_at=starts_at,
        ends_at=ends_at,
        given_at=now,
    )
    made.full_clean()
    made.save()
    _tell("delegation.given", made, actor, now)
    if made.starts_at <= now:
        _begin(made, now)
    return made


def tell_deputies(*, now: datetime) -> int:
    """Tell the deputies whose time has begun since how much waits already; return how many began.

    What was told to those whose time is over meanwhile is over as well. Safe to ring twice, or
    late: it is written on the delegation.
    """
    notices.deputies_end(now=now)
    due = Delegation.objects.in_force(now).filter(told_at=None).order_by("pk")
    count = 0
    for key in due.values_list("pk", flat=True):
        with transaction.atomic():
            row = due.filter(pk=key).select_for_update(of=("self",)).first()
            if row is not None:
                _begin(row, now)
                count += 1
    return count


def _begin(delegation: Delegation, now: datetime) -> None:
    """Tell the deputy what waits, if anything does that they were not told of themselves."""
    giver, deputy = delegation.giver, delegation.deputy
    if giver.is_active and may_stand_in(deputy, giver):
        rights = {giver.pk: granted_paths(giver, Action.DECIDE)}
        waiting = (
            Request.objects.asking(deciding_by(rights))
            .exclude(pk__in=Request.objects.asking(Q(user=deputy.pk)).order_by().values("pk"))
            .exclude(employee__user=deputy.pk)
            .exclude(submitted_by=deputy.pk)
            .count()
        )
        if waiting:
            notices.deputy_begins(delegation, waiting, now=now)
    delegation.told_at = now
    delegation.save(update_fields=["told_at"])


@transaction.atomic
def end_delegation(*, delegation_id: int, actor: User, now: datetime) -> Delegation:
    """Let a delegation end now; to end it twice changes nothing. Raises NotFound."""
    found = (
        Delegation.objects.visible_to(actor)
        .filter(pk=delegation_id)
        .select_for_update(of=("self",))
        .first()
    )
    if found is None or not givers_for(actor).filter(pk=found.giver_id).exists():
        raise NotFound(what=Delegation._meta.verbose_name, key=delegation_id)
    if found.ended_at is None:
        found.ended_at = now
        found.save(update_fields=["ended_at"])
        notices.deputy_ends(found, now=now)
        _tell("delegation.ended", found, actor, now)
    return found


def givers_for(actor: User) -> QuerySet[User]:
    """Return for whom somebody may name a deputy: themselves, and those whom they configure."""
    rows = User.objects.filter(is_active=True, is_program=False)
    paths = granted_paths(actor, Action.RULE)
    if paths is None:
        return rows
    below = rows.none()
    for path in paths:
        below |= rows.filter(employee__department__path__startswith=path)
    own = rows.filter(pk=actor.pk) if granted_paths(actor, Action.DECIDE) else rows.none()
    return below | own


def _is_below(giver: User, actor: User) -> bool:
    """Say whether all that somebody decides about lies where the actor configures, or is theirs."""
    paths = granted_paths(actor, Action.RULE)
    if giver.pk == actor.pk or paths is None:
        return True
    decided = granted_paths(giver, Action.DECIDE)
    return decided is not None and all(path.startswith(paths or ("-",)) for path in decided)


def _is_decided_about_by(actor: User, giver: User) -> bool:
    home = audit.home_of_log_in(actor)
    return home is not None and may_decide(giver, home)


def _tell(verb: str, row: Delegation, actor: User, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=row,
        department=row.department,
        now=now,
        deputy=row.deputy.get_username(),
        starts_at=row.starts_at.isoformat(),
        ends_at=row.ends_at.isoformat(),
    )
