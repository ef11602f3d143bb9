"""Leave, outings, trips and overtime that somebody approved, recorded and revoked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from attendance.models import Absence, OvertimeApproval
from attendance.services.days import wake, wake_range, zones_of
from organization import audit
from organization.errors import DomainError
from organization.models import Employee, User

_DAY = timedelta(days=1)


class AlreadyRevoked(DomainError):
    """What is revoked cannot be revoked again."""

    code = "already_revoked"
    message = _("%(thing)s has been revoked already.")


@transaction.atomic
def add_absence(
    *,
    employee: Employee,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Absence:
    """Record an approved absence; its days are judged again. Raises ValidationError."""
    absence = Absence(
        employee=employee,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        approved_by=actor,
        approved_at=now,
    )
    absence.full_clean()
    absence.save()
    _follow(absence, "absence.added", actor, now)
    return absence


@transaction.atomic
def revoke_absence(*, absence_id: int, actor: User | None, now: datetime) -> Absence:
    """Take an absence back; its days are judged as if it had not been. Raises AlreadyRevoked."""
    absence = Absence.objects.select_for_update().get(pk=absence_id)
    if absence.revoked_at is not None:
        raise AlreadyRevoked(thing=str(absence))
    absence.revoked_at = now
    absence.save(update_fields=["revoked_at"])
    _follow(absence, "absence.revoked", actor, now)
    return absence


def _follow(absence: Absence, verb: str, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=absence,
        department=absence.employee.department,
        now=now,
        kind=absence.kind,
        starts_at=absence.starts_at.isoformat(),
        ends_at=absence.ends_at.isoformat(),
    )
    zone = ZoneInfo(zones_of([absence.employee_id])[absence.employee_id])
    # A night that began two dates earlier may still be covered.
    wake_range(
        starts_on=absence.starts_at.astimezone(zone).date() - 2 * _DAY,
        ends_on=min(absence.ends_at.astimezone(zone).date(), now.astimezone(zone).date()) + _DAY,
        cause="absence",
        now=now,
        employee_ids=[absence.employee_id],
    )


@transaction.atomic
def approve_overtime(
    *,
    employee: Employee,
    work_date: date,
    starts_at: datetime,
    ends_at: datetime,
    actor: User | None,
    now: datetime,
) -> OvertimeApproval:
    """Record overtime approved for one work date; the day is judged again."""
    approval = OvertimeApproval(
        employee=employee,
        work_date=work_date,
        starts_at=starts_at,
        ends_at=ends_at,
        approved_by=actor,
        approved_at=now,
    )
    approval.full_clean()
    approval.save()
    _follow_overtime(approval, "overtime.approved", actor, now)
    return approval


@transaction.atomic
def revoke_overtime(*, approval_id: int, actor: User | None, now: datetime) -> OvertimeApproval:
    """Take an approval of overtime back. Raises AlreadyRevoked."""
    approval = OvertimeApproval.objects.select_for_update().get(pk=approval_id)
    if approval.revoked_at is not None:
        raise AlreadyRevoked(thing=str(approval))
    approval.revoked_at = now
    approval.save(update_fields=["revoked_at"])
    _follow_overtime(approval, "overtime.revoked", actor, now)
    return approval


def _follow_overtime(
    approval: OvertimeApproval, verb: str, actor: User | None, now: datetime
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=approval,
        department=approval.employee.department,
        now=now,
        work_date=str(approval.work_date),
    )
    wake([(approval.employee_id, approval.work_date)], cause="overtime", now=now)
