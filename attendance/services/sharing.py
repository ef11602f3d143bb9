"""One phone in the hands of several people: whoever came second is judged, the others are told of.

The first of them punched when nothing spoke against it, and what counts stays as it was judged:
their punch gets a flag that changes no outcome and wakes no day, and the audit log a line for each.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, transaction

from attendance.evidence.reasons import Code, Effect, in_order, read_reason, reason
from attendance.models import Punch, PunchCheck
from attendance.services.checking import lock_person
from organization import audit

_AT_MOST: Final = 50
_log: Final = logging.getLogger(__name__)


def is_shared(check: PunchCheck) -> bool:
    """Say whether a check found that others use the phone."""
    return any(one["code"] == Code.PHONE_SHARED for one in check.reasons)


def flag_sharers(check: PunchCheck, *, now: datetime) -> int:
    """Flag what others punched with the phone of a check around it; return how many punches.

    Raises nothing: the punch that was made stays made.
    """
    punch = check.punch
    found = next(one for one in check.reasons if one["code"] == Code.PHONE_SHARED)
    span = timedelta(seconds=found["right"]["within_seconds"])
    if check.phone is None:
        return 0
    near = PunchCheck.objects.filter(
        phone__key=check.phone.key,
        punch__punched_at__gte=punch.punched_at - span,
        punch__punched_at__lte=punch.punched_at + span,
    ).exclude(punch__employee=punch.employee_id)
    keys = sorted(set(near.values_list("punch", flat=True)[:_AT_MOST]))
    theirs = Punch.objects.filter(pk__in=keys).select_related("employee__department", "department")
    flagged = sum(_flag_safely(one, span, now) for one in theirs.order_by("pk"))
    if flagged:
        _tell(punch, now)
    return flagged


def _flag_safely(punch: Punch, span: timedelta, now: datetime) -> bool:
    try:
        return _flag(punch, span, now)
    except (DatabaseError, KeyError, TypeError, ValueError) as problem:
        # What cannot be read or written there must not undo the punch that was made here.
        _log.error("Punch %s cannot be flagged for its shared phone: %r.", punch.pk, problem)
        return False


@transaction.atomic
def _flag(punch: Punch, span: timedelta, now: datetime) -> bool:
    """Add a flag to the latest check of a punch, once; its outcome stays what it is."""
    lock_person(punch.employee_id)
    last = punch.checks.order_by("-pk").first()
    if last is None or is_shared(last):
        return False
    shared = reason(
        Effect.FLAG,
        Code.PHONE_SHARED,
        {"others": 1},
        {"others": 0, "within_seconds": span.total_seconds()},
    )
    reasons = in_order([*(read_reason(one) for one in last.reasons), shared])
    PunchCheck.objects.create(
        punch=punch,
        outcome=last.outcome,
        reasons=[one.as_dict() for one in reasons],
        rule_version_id=last.rule_version_id,
        phone_id=last.phone_id,
        number=last.number,
        claim_digest=last.claim_digest,
        checked_at=now,
    )
    _tell(punch, now)
    return True


def _tell(punch: Punch, now: datetime) -> None:
    audit.record(
        actor=None,
        verb="phone.shared",
        thing=punch.employee,
        department=punch.department,
        now=now,
        punch=punch.pk,
    )
