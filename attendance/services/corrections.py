"""What stands beside punches: decided moments, and verdicts on held punches."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from attendance.models import Correction, Punch, PunchDecision
from attendance.services.absences import refuse_own
from attendance.services.authority import Authority
from attendance.services.checking import lock_person, look_beside
from attendance.services.days import (
    belongings_of,
    dates_around,
    local_date,
    wake,
    wake_for_punches,
)
from attendance.services.periods import ReasonMissing, is_any_closed, why_adjusted
from attendance.signals import fact_is_revoked, punch_came_to_count, punch_was_taken_out
from organization import audit
from organization.access import departments_for
from organization.errors import DomainError, NotFound
from organization.models import Employee, User
from organization.services import department_on, zone_names

_SLOT: Final = re.compile(r"(in|out)([1-9][0-9]?)?")
# A shift may last into the second day after its date; its first punch may come the evening before.
_REACH: Final = timedelta(days=3)
# What the log says of a punch that nobody held.
_VERBS: Final = {"refused": "punch.invalidated", "accepted": "punch.reinstated"}


class UnknownSlot(DomainError):
    """A name that no slot has."""

    code = "unknown_slot"
    message = _("There is no slot %(slot)s. Slots are in and out, or in1, out1, in2, out2 …")


class TooFarFromItsDay(DomainError):
    """A moment that cannot belong to its work date."""

    code = "too_far_from_its_day"
    message = _("%(corrected_at)s cannot belong to %(work_date)s.")


class CorrectedAlready(DomainError):
    """A slot has one correction in force."""

    code = "corrected_already"
    message = _("The slot %(slot)s of %(work_date)s has been corrected already. Revoke that first.")


class RevokedAlready(DomainError):
    """What is revoked cannot be revoked again."""

    code = "revoked_already"
    message = _("The correction has been revoked already.")


class NotHeld(DomainError):
    """Only a held punch waits for a verdict, or one that was refused later."""

    code = "not_held"
    message = _("The punch %(punch)s is not held; it counts as it is.")


class DoesNotCount(DomainError):
    """What does not count cannot be taken out of the count."""

    code = "does_not_count"
    message = _("The punch %(punch)s does not count as it is.")


class NotInvalidated(DomainError):
    """Only what has counted, and was refused since, counts again without a request."""

    code = "not_invalidated"
    message = _("The punch %(punch)s has not counted before, or it counts as it is.")


@transaction.atomic
def record_correction(
    *,
    employee: Employee,
    work_date: date,
    slot: str,
    corrected_at: datetime,
    reason: str,
    actor: User | None,
    now: datetime,
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> Correction:
    """Let a decided moment stand in for a slot's punches; the day is judged again.

    `slot` is `in` or `out`, with a number where a shift has several segments. The actor needs
    Action.DECIDE on the person on that date, who is somebody else, or rests on the right of
    another. A day that has been paid needs a reason `as_adjustment`. Raises NotFound, OwnRecord,
    PeriodClosed, UnknownSlot, TooFarFromItsDay, CorrectedAlready and ValidationError.
    """
    _meet(employee, actor, work_date, authority)
    why = why_adjusted(employee, [work_date], as_adjustment)
    if not _SLOT.fullmatch(slot):
        raise UnknownSlot(slot=slot)
    check_reach(corrected_at, work_date)
    correction = Correction(
        employee=employee,
        work_date=work_date,
        slot=slot,
        corrected_at=corrected_at,
        reason=reason,
        decided_by=actor,
        decided_at=now,
    )
    correction.full_clean(exclude=["decided_by"], validate_constraints=False)
    try:
        with transaction.atomic():
            correction.save()
    except IntegrityError as error:
        raise CorrectedAlready(slot=slot, work_date=str(work_date)) from error
    _follow(correction, "correction.recorded", actor, now, **why)
    return correction


def check_reach(corrected_at: datetime, work_date: date) -> None:
    """Raise TooFarFromItsDay for a moment that cannot belong to a work date."""
    midnight = datetime(work_date.year, work_date.month, work_date.day, tzinfo=UTC)
    if abs(corrected_at - midnight) > _REACH:
        raise TooFarFromItsDay(corrected_at=corrected_at.isoformat(), work_date=str(work_date))


@transaction.atomic
def revoke_correction(
    *,
    correction_id: int,
    actor: User | None,
    now: datetime,
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> Correction:
    """Take a correction back; its slot is its punches again.

    The actor is whoever could have recorded it. Raises NotFound, OwnRecord, PeriodClosed and
    RevokedAlready.
    """
    if authority is None:
        fact_is_revoked.send(sender=Correction, key=correction_id, actor=actor, now=now)
    correction = Correction.objects.select_for_update().get(pk=correction_id)
    _meet(correction.employee, actor, correction.work_date, authority)
    why = why_adjusted(correction.employee, [correction.work_date], as_adjustment)
    if correction.revoked_at is not None:
        raise RevokedAlready(correction=correction.pk)
    correction.revoked_at, correction.revoked_by = now, actor
    correction.save(update_fields=["revoked_at", "revoked_by"])
    _follow(correction, "correction.revoked", actor, now, **why)
    return correction


def _meet(
    employee: Employee, actor: User | None, on: date, authority: Authority | None = None
) -> None:
    """Refuse whoever may not decide about a person's date. None is a command."""
    if actor is None:
        return
    user, act = authority or Authority(actor)
    if not Employee.objects.visible_on(on, user, act).filter(pk=employee.pk).exists():
        raise NotFound(what=Employee._meta.verbose_name, key=employee.number)
    refuse_own(employee, actor, authority)


def _follow(
    correction: Correction, verb: str, actor: User | None, now: datetime, **why: str
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=correction,
        department=department_on(correction.employee, correction.work_date),
        now=now,
        slot=correction.slot,
        corrected_at=correction.corrected_at.isoformat(),
        reason=correction.reason,
        **why,
    )
    day = correction.work_date
    # A shift may start later where the day before ended late.
    wake(
        [(correction.employee_id, day), (correction.employee_id, day + timedelta(days=1))],
        cause="correction",
        now=now,
    )


@transaction.atomic
def decide_held_punch(
    *,
    punch: Punch,
    verdict: str,
    reason: str,
    actor: User | None,
    now: datetime,
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> PunchDecision:
    """Accept or refuse a held punch, or one that was refused later; the latest verdict counts.

    The punches beside it, for which it may be the second proof, are looked at again.
    The actor needs Action.DECIDE on the department of the punch, which is somebody else's. To
    refuse what never counted changes no day, so a day that has been paid asks no reason for it.
    Raises NotFound, OwnRecord, NotHeld, PeriodClosed and ValidationError.
    """
    _meet_punch(punch, actor, authority)
    if not punch.is_held and not punch.decisions.exists():
        raise NotHeld(punch=punch.pk)
    return _decide(punch, verdict, reason, actor, now, as_adjustment)


@transaction.atomic
def invalidate_punch(
    *, punch: Punch, reason: str, actor: User | None, now: datetime, as_adjustment: str = ""
) -> PunchDecision:
    """Let a punch that counts not count any more, and say why; the punch itself stays.

    A request that had let it count is taken back with it, and the person hears of it. The actor is
    whoever could decide about it, had it been held. Raises NotFound, OwnRecord, ReasonMissing,
    DoesNotCount, PeriodClosed and ValidationError.
    """
    _meet_punch(punch, actor, None)
    reason = " ".join(reason.split())
    if not reason:
        raise ReasonMissing
    latest = _latest_at_rest(punch)
    if not _counts(punch, latest):
        raise DoesNotCount(punch=punch.pk)
    if latest is not None:
        fact_is_revoked.send(
            sender=PunchDecision, key=latest.pk, actor=actor, now=now, reason=reason
        )
    decision = _decide(punch, PunchDecision.Verdict.REFUSED, reason, actor, now, as_adjustment)
    punch_was_taken_out.send(sender=Punch, punch=punch, decision=decision, before=latest, now=now)
    return decision


@transaction.atomic
def reinstate_punch(
    *, punch: Punch, reason: str, actor: User | None, now: datetime, as_adjustment: str = ""
) -> PunchDecision:
    """Let a punch count again that had counted before it was refused.

    A held punch that nobody has accepted yet is left to its request, and to an appeal. An appeal
    that waits for one that counted has got what it asks for, and ends. The actor is as in
    `invalidate_punch`. Raises NotFound, OwnRecord, NotInvalidated, PeriodClosed and
    ValidationError.
    """
    _meet_punch(punch, actor, None)
    latest = _latest_at_rest(punch)
    if _counts(punch, latest) or not has_counted(punch):
        raise NotInvalidated(punch=punch.pk)
    reason = " ".join(reason.split())
    decision = _decide(punch, PunchDecision.Verdict.ACCEPTED, reason, actor, now, as_adjustment)
    punch_came_to_count.send(sender=Punch, punch=punch, actor=actor, reason=reason, now=now)
    return decision


def has_counted(punch: Punch) -> bool:
    """Say whether a punch counts, or did before it was refused. Decisions may be prefetched."""
    accepted = PunchDecision.Verdict.ACCEPTED
    return not punch.is_held or any(one.verdict == accepted for one in punch.decisions.all())


def _latest_at_rest(punch: Punch) -> PunchDecision | None:
    """Return the latest verdict. Two who decide about one person's punches go one by one."""
    lock_person(punch.employee_id)
    return punch.decisions.order_by("-pk").first()


def _counts(punch: Punch, latest: PunchDecision | None) -> bool:
    if latest is None:
        return not punch.is_held
    return latest.verdict == PunchDecision.Verdict.ACCEPTED


def _meet_punch(punch: Punch, actor: User | None, authority: Authority | None) -> None:
    """Refuse whoever may not decide about a punch. None is a command."""
    if actor is None:
        return
    user, act = authority or Authority(actor)
    if not departments_for(user, act).filter(pk=punch.department_id).exists():
        raise NotFound(what=Punch._meta.verbose_name, key=punch.pk)
    refuse_own(punch.employee, actor, authority)


def _decide(
    punch: Punch,
    verdict: str,
    reason: str,
    actor: User | None,
    now: datetime,
    as_adjustment: str,
) -> PunchDecision:
    latest = _latest_at_rest(punch)
    changes = _counts(punch, latest) or verdict != PunchDecision.Verdict.REFUSED
    why = why_adjusted(punch.employee, _paid_dates(punch) if changes else [], as_adjustment)
    decision = PunchDecision(
        punch=punch, verdict=verdict, reason=reason, decided_by=actor, decided_at=now
    )
    decision.full_clean(exclude=["decided_by"])
    decision.save()
    audit.record(
        actor=actor,
        verb=f"punch.{verdict}" if punch.is_held else _VERBS[verdict],
        thing=punch,
        department=punch.department,
        now=now,
        reason=reason,
        **why,
    )
    wake_for_punches(
        [
            (
                punch.employee_id,
                int(punch.punched_at.timestamp()),
                zone_names()[punch.department_id],
            )
        ],
        now=now,
        cause="decision",
    )
    look_beside(punch, now=now)
    return decision


def _paid_dates(punch: Punch) -> list[date]:
    """Return the date that a punch belongs to; nothing where no date near it has been paid."""
    around = dates_around(local_date(punch))
    if not is_any_closed(around[0], around[-1]):
        return []
    return [belongings_of([punch])[punch.pk].work_date]
