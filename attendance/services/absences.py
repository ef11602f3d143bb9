"""Leave, outings, trips and overtime that somebody approved, recorded and revoked."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attendance.models import Absence, OvertimeApproval
from attendance.services.authority import Authority
from attendance.services.days import wake, wake_range, zones_of
from attendance.services.periods import why_adjusted
from attendance.signals import fact_is_revoked
from organization import audit
from organization.access import Action
from organization.errors import DomainError, NotAllowed, NotFound
from organization.models import Employee, User
from organization.services import department_on

_DAY = timedelta(days=1)


# Overtime begins at most a day before its work date's end, and a shift lasts into the next one.
_OVERTIME_REACH = timedelta(days=2)
_OVERTIME_AT_MOST = timedelta(hours=24)
_ABSENCE_AT_MOST = timedelta(days=366)
# Calendars reach no further, and clocks elsewhere may be a day ahead or behind.
_YEARS = range(2000, 2101)


class OwnRecord(NotAllowed):
    """Nobody decides what they are paid for themselves."""

    code = "own_record"
    message = _("This is your own record; somebody else must enter or revoke it.")


class ImplausibleSpan(DomainError):
    """A span that no day, or no leave, can have: most often a mistyped year."""

    code = "implausible_span"
    message = _("%(starts_at)s – %(ends_at)s: %(expected)s")


class Overlap(DomainError):
    """The same hours have been recorded already."""

    code = "overlap"
    message = _("%(employee)s has %(thing)s at that time already. Revoke that first.")


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
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> Absence:
    """Record an approved absence; its days are judged again.

    The actor needs Action.RULE on the person, who is somebody else, or rests on the right of
    another. Days that have been paid need a reason `as_adjustment`. Raises NotFound, OwnRecord,
    ImplausibleSpan, PeriodClosed, Overlap and ValidationError.
    """
    check_absence_span(starts_at, ends_at)
    _meet(employee, actor, starts_at, authority)
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
    why = why_adjusted(absence.employee, _dates_of(absence), as_adjustment)
    _refuse_overlap(Absence.objects.filter(kind=kind), absence)
    absence.save()
    _follow(absence, "absence.added", actor, now, **why)
    return absence


def check_years(starts_at: datetime, ends_at: datetime) -> None:
    """Raise ImplausibleSpan for moments of years that no calendar knows."""
    if starts_at.year not in _YEARS or ends_at.year not in _YEARS:
        raise ImplausibleSpan(
            starts_at=starts_at.date().isoformat(),
            ends_at=ends_at.date().isoformat(),
            expected=_("Give a date between 2000 and 2100."),
        )


def check_absence_span(starts_at: datetime, ends_at: datetime) -> None:
    """Raise ImplausibleSpan for an absence that lasts too long to be meant, or of no such year."""
    check_years(starts_at, ends_at)
    if ends_at - starts_at > _ABSENCE_AT_MOST:
        raise ImplausibleSpan(
            starts_at=f"{starts_at:%Y-%m-%d}",
            ends_at=f"{ends_at:%Y-%m-%d}",
            expected=_("An absence lasts at most a year; record a longer one in parts."),
        )


@transaction.atomic
def revoke_absence(
    *,
    absence_id: int,
    actor: User | None,
    now: datetime,
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> Absence:
    """Take an absence back; its days are judged as if it had not been.

    Raises AlreadyRevoked, NotFound, OwnRecord and PeriodClosed.
    """
    if authority is None:
        fact_is_revoked.send(sender=Absence, key=absence_id, actor=actor, now=now)
    absence = Absence.objects.select_for_update().get(pk=absence_id)
    _meet(absence.employee, actor, absence.starts_at, authority)
    if absence.revoked_at is not None:
        raise AlreadyRevoked(thing=str(absence))
    why = why_adjusted(absence.employee, _dates_of(absence), as_adjustment)
    absence.revoked_at = now
    absence.save(update_fields=["revoked_at"])
    _follow(absence, "absence.revoked", actor, now, **why)
    return absence


def _meet(
    employee: Employee,
    actor: User | None,
    on: datetime | date,
    authority: Authority | None = None,
) -> None:
    """Lock the person's row, and refuse whoever may not decide about them then.

    The department of the date decides, of a span that of its first one. None is a command.
    """
    people = Employee.objects.all()
    if actor is not None:
        day = timezone.localtime(on).date() if isinstance(on, datetime) else on
        user, act = authority or Authority(actor, Action.RULE)
        people = Employee.objects.visible_on(day, user, act)
    if not people.select_for_update(of=("self",), no_key=True).filter(pk=employee.pk).exists():
        raise NotFound(what=Employee._meta.verbose_name, key=employee.number)
    refuse_own(employee, actor, authority)


def refuse_own(employee: Employee, actor: User | None, authority: Authority | None) -> None:
    """Raise OwnRecord where somebody decides, or lets decide, about themselves."""
    users = {user.pk for user in (actor, authority and authority.user) if user is not None}
    if employee.user_id in users:
        raise OwnRecord(department=str(employee.department))


def _dates_of(absence: Absence) -> list[date]:
    """Return the dates on which an absence lies, at the person's site."""
    zone = ZoneInfo(zones_of([absence.employee_id])[absence.employee_id])
    first = absence.starts_at.astimezone(zone).date()
    last = (absence.ends_at.astimezone(zone) - timedelta.resolution).date()
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _refuse_overlap(
    rows: QuerySet[Absence] | QuerySet[OvertimeApproval], new: Absence | OvertimeApproval
) -> None:
    there = rows.filter(
        employee=new.employee,
        revoked_at=None,
        starts_at__lt=new.ends_at,
        ends_at__gt=new.starts_at,
    ).first()
    if there is not None:
        raise Overlap(employee=str(new.employee), thing=str(there._meta.verbose_name))


def _follow(absence: Absence, verb: str, actor: User | None, now: datetime, **why: str) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=absence,
        department=department_on(absence.employee, timezone.localtime(absence.starts_at).date()),
        now=now,
        kind=absence.kind,
        starts_at=absence.starts_at.isoformat(),
        ends_at=absence.ends_at.isoformat(),
        **why,
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
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> OvertimeApproval:
    """Record overtime approved for one work date; the day is judged again.

    The actor needs Action.RULE on the person, who is somebody else, or rests on the right of
    another. A day that has been paid needs a reason `as_adjustment`. Raises NotFound, OwnRecord,
    ImplausibleSpan, PeriodClosed, Overlap and ValidationError.
    """
    check_overtime_span(employee, work_date, starts_at, ends_at)
    _meet(employee, actor, work_date, authority)
    approval = OvertimeApproval(
        employee=employee,
        work_date=work_date,
        starts_at=starts_at,
        ends_at=ends_at,
        approved_by=actor,
        approved_at=now,
    )
    approval.full_clean()
    why = why_adjusted(employee, [work_date], as_adjustment)
    _refuse_overlap(OvertimeApproval.objects.all(), approval)
    approval.save()
    _follow_overtime(approval, "overtime.approved", actor, now, **why)
    return approval


def check_overtime_span(
    employee: Employee, work_date: date, starts_at: datetime, ends_at: datetime
) -> None:
    """Raise ImplausibleSpan for overtime that cannot belong to its work date."""
    check_years(starts_at, ends_at)
    zone = ZoneInfo(zones_of([employee.pk])[employee.pk])
    midnight = datetime.combine(work_date, time(), zone)
    if (
        work_date.year not in _YEARS
        or starts_at < midnight - _DAY
        or ends_at > midnight + _OVERTIME_REACH
        or ends_at - starts_at > _OVERTIME_AT_MOST
    ):
        raise ImplausibleSpan(
            starts_at=f"{starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
            ends_at=f"{ends_at.astimezone(zone):%Y-%m-%d %H:%M}",
            expected=_("Overtime lasts at most 24 hours and lies around its work date."),
        )


@transaction.atomic
def revoke_overtime(
    *,
    approval_id: int,
    actor: User | None,
    now: datetime,
    authority: Authority | None = None,
    as_adjustment: str = "",
) -> OvertimeApproval:
    """Take an approval of overtime back.

    Raises AlreadyRevoked, NotFound, OwnRecord and PeriodClosed.
    """
    if authority is None:
        fact_is_revoked.send(sender=OvertimeApproval, key=approval_id, actor=actor, now=now)
    approval = OvertimeApproval.objects.select_for_update().get(pk=approval_id)
    _meet(approval.employee, actor, approval.work_date, authority)
    if approval.revoked_at is not None:
        raise AlreadyRevoked(thing=str(approval))
    why = why_adjusted(approval.employee, [approval.work_date], as_adjustment)
    approval.revoked_at = now
    approval.save(update_fields=["revoked_at"])
    _follow_overtime(approval, "overtime.revoked", actor, now, **why)
    return approval


def _follow_overtime(
    approval: OvertimeApproval, verb: str, actor: User | None, now: datetime, **why: str
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=approval,
        department=department_on(approval.employee, approval.work_date),
        now=now,
        work_date=str(approval.work_date),
        **why,
    )
    wake([(approval.employee_id, approval.work_date)], cause="overtime", now=now)
