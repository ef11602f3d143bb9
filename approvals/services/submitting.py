"""What people ask for: one function a kind. What is asked stays as it was asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CheckConstraint, Exists, OuterRef, Q, QuerySet
from django.utils.timezone import localdate

from approvals.content import CONTENT, Kind, digest_of
from approvals.errors import (
    AfterItsShift,
    AskedAlready,
    BeforeItsShift,
    InTheFuture,
    NoSuchFinding,
    NothingOwed,
    NotPlannedYet,
    PhotoMissing,
)
from approvals.matrix import Asked
from approvals.models import Request
from approvals.services import limits, photos, spans, steps
from approvals.services.standing import who_decides
from attendance.engine import Anomaly
from attendance.loading import Loaded
from attendance.models import Correction, Punch
from attendance.planning import minute_of, moment_of
from attendance.services.absences import check_overtime_span
from attendance.services.corrections import (
    CorrectedAlready,
    TooFarFromItsDay,
    UnknownSlot,
    check_reach,
)
from attendance.services.days import REACH, belongings_of, explain_day, local_date, zones_of
from attendance.services.periods import require_open
from organization import audit
from organization.access import Action
from organization.errors import NotFound
from organization.models import Employee, Transfer, User
from organization.services import department_on

_MINUTE: Final = timedelta(minutes=1)


@transaction.atomic
def submit_make_up(
    *,
    employee: Employee,
    work_date: date,
    slot: str,
    corrected_at: datetime,
    reason: str,
    photo: bytes | None = None,
    actor: User | None,
    now: datetime,
) -> Request:
    """Ask that a moment stand in for a punch that is missing or wrong.

    The actor is the person, or configures there. `photo` is a file as it came. Raises NotFound,
    InTheFuture, BeforeItsShift, AfterItsShift, TooFarFromItsDay, TooLate, UnknownSlot, KindRefused,
    PhotoMissing, PhotoRefused, TooManyPhotos, CorrectedAlready, PeriodClosed, AskedAlready,
    QuotaSpent and ValidationError.
    """
    _meet(employee, actor, work_date)
    corrected_at = corrected_at.replace(second=0, microsecond=0)
    if corrected_at > now:
        raise InTheFuture(corrected_at=_on_the_wall(employee, corrected_at))
    today = today_of(employee, now)
    loaded, result = explain_day(employee_id=employee.pk, work_date=work_date, now=now)
    _refuse_slot(loaded, slot)
    _check_reach(employee, corrected_at, work_date)
    _refuse_outside_its_window(loaded, corrected_at, today)
    terms = limits.limits_of(loaded)
    limits.refuse_too_late(terms, work_date, today)
    limits.refuse_kind(terms, result, slot)
    if terms.is_photo_needed and photo is None:
        raise PhotoMissing
    clean, photo_digest = (
        photos.read_photo(employee, photo, now=now) if photo is not None else (None, "")
    )
    count = limits.take_share(employee, terms)
    request = _keep(
        Request(
            kind=Kind.MAKE_UP.value,
            employee=employee,
            work_date=work_date,
            slot=slot,
            corrected_at=corrected_at,
            period_starts_on=terms.period.first,
            reason=reason,
            photo_digest=photo_digest,
        ),
        Asked(Kind.MAKE_UP, "", nth=count, anomaly=Anomaly.MISSING),
        actor=actor,
        now=now,
    )
    if clean is not None:
        photos.keep_photo(request, clean, now=now)
    return request


@transaction.atomic
def submit_appeal(
    *,
    employee: Employee,
    work_date: date,
    slot: str = "",
    punch: Punch | None = None,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Request:
    """Dispute what was found: at a slot, which shall count as on time, or of a refused punch.

    A missing punch is nothing to dispute; a make-up is asked for it. A punch is disputed on the
    date that takes it; the one on which it was made means that one.
    Raises NotFound, TooLate, NoSuchFinding, CorrectedAlready, PeriodClosed, AskedAlready and
    ValidationError.
    """
    if punch is not None:
        work_date = _date_taking(punch, work_date)
    _meet(employee, actor, work_date)
    loaded, result = explain_day(employee_id=employee.pk, work_date=work_date, now=now)
    limits.refuse_too_late(limits.limits_of(loaded), work_date, today_of(employee, now))
    if punch is not None:
        anomaly, planned = _refused_punch(loaded, punch), None
    else:
        # What is missing is asked as a make-up, of which there are so many.
        found = [
            one
            for one in result.findings
            if slot and one.slot == slot and one.anomaly is not Anomaly.MISSING
        ]
        planned = planned_at(loaded, slot)
        if not found or planned is None:
            raise NoSuchFinding(work_date=str(work_date))
        anomaly = found[0].anomaly.value
        _refuse_slot(loaded, slot)
    return _keep(
        Request(
            kind=Kind.APPEAL.value,
            employee=employee,
            work_date=work_date,
            slot=slot if punch is None else "",
            corrected_at=planned,
            punch=punch,
            anomaly=anomaly,
            reason=reason,
        ),
        Asked(
            Kind.APPEAL,
            "",
            nth=limits.count_of(employee, Kind.APPEAL, work_date),
            anomaly=anomaly,
        ),
        actor=actor,
        now=now,
    )


@transaction.atomic
def submit_days(
    *,
    employee: Employee,
    kind: str,
    first: date,
    last: date,
    from_noon: bool = False,
    until_noon: bool = False,
    leave_type: str = "",
    reason: str,
    actor: User | None,
    now: datetime,
) -> Request:
    """Ask for leave, an outing or a trip in days and half days.

    `from_noon` leaves out the first half of the first day, `until_noon` the second of the last.
    Raises NotFound, NothingOwed, ImplausibleSpan, PeriodClosed, AskedAlready, AllowanceSpent and
    ValidationError.
    """
    _meet(employee, actor, first, last)
    if last < first:
        raise NothingOwed(first=str(first), last=str(last))
    stretch = spans.of_days(employee, first, last, from_noon=from_noon, until_noon=until_noon)
    return _keep_absence(employee, kind, stretch, Request.Unit.DAY, leave_type, reason, actor, now)


@transaction.atomic
def submit_hours(
    *,
    employee: Employee,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    leave_type: str = "",
    reason: str,
    actor: User | None,
    now: datetime,
) -> Request:
    """Ask for leave, an outing or a trip from a moment to another.

    Raises NotFound, NothingOwed, NotPlannedYet, ImplausibleSpan, PeriodClosed, AskedAlready,
    AllowanceSpent and ValidationError.
    """
    zone = ZoneInfo(zones_of([employee.pk])[employee.pk])
    day = starts_at.astimezone(zone).date()
    # What ends at midnight takes nothing of the date that begins then.
    _meet(employee, actor, day, (ends_at - timedelta.resolution).astimezone(zone).date())
    if ends_at <= starts_at:
        raise _nothing_owed(employee, starts_at, ends_at)
    stretch = spans.of_hours(employee, starts_at, ends_at, day=day)
    if stretch.first < day:
        _meet(employee, actor, stretch.first, day)
    if kind == Kind.LEAVE and not stretch.days:
        raise _nothing_owed(employee, starts_at, ends_at)
    if kind == Kind.LEAVE and stretch.runs_past_plans:
        raise NotPlannedYet
    return _keep_absence(employee, kind, stretch, Request.Unit.HOUR, leave_type, reason, actor, now)


@transaction.atomic
def submit_overtime(
    *,
    employee: Employee,
    work_date: date,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Request:
    """Ask for overtime, before or after it was worked.

    Raises NotFound, NothingOwed, ImplausibleSpan, PeriodClosed, AskedAlready and ValidationError.
    """
    _meet(employee, actor, work_date)
    if ends_at <= starts_at:
        raise _nothing_owed(employee, starts_at, ends_at)
    check_overtime_span(employee, work_date, starts_at, ends_at)
    _refuse_overlap(employee, Kind.OVERTIME, starts_at, ends_at)
    return _keep(
        Request(
            kind=Kind.OVERTIME.value,
            employee=employee,
            work_date=work_date,
            starts_at=starts_at,
            ends_at=ends_at,
            unit=Request.Unit.HOUR,
            reason=reason,
        ),
        Asked(
            Kind.OVERTIME,
            "",
            minutes=(ends_at - starts_at) // _MINUTE,
            nth=limits.count_of(employee, Kind.OVERTIME, work_date),
        ),
        actor=actor,
        now=now,
    )


@transaction.atomic
def open_held(*, punch: Punch, anomaly: str, now: datetime) -> Request:
    """Open the request that a held punch waits for. One that is open already stays as it is.

    Nobody asks: it is opened in the transaction that keeps the punch, whoever has no supervisor.
    """
    there = Request.objects.filter(kind=Kind.HELD_PUNCH.value, punch=punch).first()
    if there is not None:
        return there
    work_date = punch.punched_at.astimezone(ZoneInfo(punch.zone)).date()
    return _keep(
        Request(
            kind=Kind.HELD_PUNCH.value,
            employee=punch.employee,
            work_date=work_date,
            punch=punch,
            anomaly=anomaly,
        ),
        Asked(
            Kind.HELD_PUNCH,
            "",
            nth=limits.count_of(punch.employee, Kind.HELD_PUNCH, work_date),
            anomaly=anomaly,
        ),
        actor=None,
        now=now,
        is_reasoned=False,
    )


def refused_on(loaded: Loaded) -> list[Punch]:
    """Return the refused punches of a day, oldest first, but those that an appeal is about."""
    day = datetime.combine(loaded.work_date, time(), UTC)
    near = Punch.objects.refused().filter(
        employee=loaded.employee_id, punched_at__gte=day - REACH, punched_at__lt=day + 2 * REACH
    )
    appeals = Request.objects.in_force().filter(kind=Kind.APPEAL.value, punch=OuterRef("pk"))
    punches = list(near.exclude(Exists(appeals)).order_by("punched_at", "pk"))
    found = belongings_of(punches)
    return [punch for punch in punches if found[punch.pk].work_date == loaded.work_date]


def planned_at(loaded: Loaded, slot: str) -> datetime | None:
    """Return when a slot was due; None where nothing was."""
    plan = loaded.planned.plan
    if plan is None or not plan.segments or slot not in limits.slots_of(loaded):
        return None
    side = slot.rstrip("0123456789")
    number = int(slot[len(side) :] or (1 if side == "in" else len(plan.segments)))
    return moment_of(plan.segments[number - 1][0 if side == "in" else 1])


# --- what all of them share --------------------------------------------------------------------


def configures(user: User, employee: Employee, on: date) -> bool:
    """Say whether somebody may ask for a person, whom they configure on a date."""
    return Employee.objects.visible_on(on, user, Action.RULE).filter(pk=employee.pk).exists()


def _meet(employee: Employee, actor: User | None, on: date, until: date | None = None) -> None:
    """Refuse whoever asks for somebody whom they may not configure. None is a command.

    With `until`, on every date from `on` to it: who moves meanwhile belongs to others from then on.
    The person's row is locked: what overlaps is looked for among what is kept.
    """
    people = Employee.objects.select_for_update(of=("self",), no_key=True).filter(pk=employee.pk)
    if actor is not None and employee.user_id != actor.pk:
        people = people.filter(pk__in=Employee.objects.visible_on(on, actor, Action.RULE))
        if until is not None:
            moves = Transfer.objects.filter(effective_on__gt=on, effective_on__lte=until)
            theirs = Transfer.objects.visible_to(actor, Action.RULE)
            elsewhere = moves.filter(employee=OuterRef("pk")).exclude(pk__in=theirs.values("pk"))
            people = people.filter(~Exists(elsewhere))
    if not people.exists():
        dates = f" ({on} – {until})" if until is not None and until > on else ""
        raise NotFound(what=Employee._meta.verbose_name, key=f"{employee.number}{dates}")


def _refuse_slot(loaded: Loaded, slot: str) -> None:
    if slot not in limits.slots_of(loaded):
        raise UnknownSlot(slot=slot)
    day = loaded.work_date
    corrected = Correction.objects.filter(
        employee=loaded.employee_id, work_date=day, slot=slot, revoked_at=None
    )
    if corrected.exists():
        raise CorrectedAlready(slot=slot, work_date=str(day))


def _nothing_owed(employee: Employee, starts_at: datetime, ends_at: datetime) -> NothingOwed:
    return NothingOwed(
        first=_on_the_wall(employee, starts_at), last=_on_the_wall(employee, ends_at)
    )


def _check_reach(employee: Employee, corrected_at: datetime, work_date: date) -> None:
    """Raise TooFarFromItsDay, with the moment as the clock on the wall shows it."""
    try:
        check_reach(corrected_at, work_date)
    except TooFarFromItsDay as refusal:
        at = _on_the_wall(employee, corrected_at)
        raise TooFarFromItsDay(corrected_at=at, work_date=str(work_date)) from refusal


def _on_the_wall(employee: Employee, moment: datetime) -> str:
    """Return a moment as the clock on the wall of the person's site shows it."""
    zone = ZoneInfo(zones_of([employee.pk])[employee.pk])
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _refuse_outside_its_window(loaded: Loaded, corrected_at: datetime, today: date) -> None:
    """Raise InTheFuture for a date to come, and for a moment at which no punch counts for it.

    That is BeforeItsShift or AfterItsShift: what a punch could not earn, no request earns. Where
    hours are flexible, whoever came late may have left after the window had closed on them.
    """
    if loaded.work_date > today:
        raise InTheFuture(corrected_at=str(loaded.work_date))
    plan = loaded.planned.plan
    if plan is None:
        return
    if minute_of(corrected_at) < plan.opens - plan.early_flex:
        raise BeforeItsShift(work_date=str(loaded.work_date))
    if minute_of(corrected_at) > plan.closes + plan.late_flex:
        raise AfterItsShift(work_date=str(loaded.work_date))


def _date_taking(punch: Punch, said: date) -> date:
    """Return the date that takes a punch, by which an appeal about it is judged and kept.

    The date on which it was made means the same one: a night is not disputed a day longer for
    naming its morning. Raises NoSuchFinding for any other.
    """
    taken_by = belongings_of([punch])[punch.pk].work_date
    if said not in (taken_by, local_date(punch)):
        raise NoSuchFinding(work_date=str(said))
    return taken_by


def _refused_punch(loaded: Loaded, punch: Punch) -> str:
    """Return what a refused punch of the person was held for. Raises NoSuchFinding."""
    is_refused = Punch.objects.refused().filter(pk=punch.pk, employee=loaded.employee_id).exists()
    if not is_refused:
        raise NoSuchFinding(work_date=str(loaded.work_date))
    held = Request.objects.filter(kind=Kind.HELD_PUNCH.value, punch=punch).first()
    return held.anomaly if held is not None else ""


def _refuse_overlap(employee: Employee, kind: str, starts_at: datetime, ends_at: datetime) -> None:
    there = Request.objects.in_force().filter(
        employee=employee, kind=kind, starts_at__lt=ends_at, ends_at__gt=starts_at
    )
    _refuse_beside(there)


def _refuse_beside(there: QuerySet[Request]) -> None:
    """Raise AskedAlready where a request is in force already, and say which."""
    other = there.order_by("pk").first()
    if other is not None:
        raise _asked_already(other)


def _asked_already(other: Request) -> AskedAlready:
    return AskedAlready(kind=other.kind, work_date=str(other.work_date), status=str(other.status))


def _keep_absence(
    employee: Employee,
    kind: str,
    stretch: spans.Stretch,
    unit: Request.Unit,
    leave_type: str,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Request:
    _refuse_overlap(employee, kind, stretch.starts_at, stretch.ends_at)
    if kind == Kind.LEAVE:
        year = stretch.first.year
        asked = {year: stretch.days - stretch.days_next_year, year + 1: stretch.days_next_year}
        limits.take_days(employee, leave_type, asked)
    return _keep(
        Request(
            kind=kind,
            employee=employee,
            work_date=stretch.first,
            starts_at=stretch.starts_at,
            ends_at=stretch.ends_at,
            unit=unit,
            leave_type=leave_type,
            amount_days=stretch.days,
            days_next_year=stretch.days_next_year,
            reason=reason,
        ),
        Asked(
            kind,
            "",
            days=float(stretch.days),
            minutes=(stretch.ends_at - stretch.starts_at) // _MINUTE,
            nth=limits.count_of(employee, kind, stretch.first),
        ),
        actor=actor,
        now=now,
    )


def _keep(
    request: Request,
    asked: Asked,
    *,
    actor: User | None,
    now: datetime,
    is_reasoned: bool = True,
) -> Request:
    """Fix what a request says, find out who decides it, and open its first step."""
    request.department = department_on(request.employee, request.work_date)
    request.submitted_by, request.submitted_at = actor, now
    request.reason = " ".join(request.reason.split())
    row, _standing, chain = who_decides(
        request.employee,
        request.department,
        asked._replace(path=request.department.path),
        submitted_by=actor,
    )
    request.rule_name = row.name
    request.digest = digest_of(content_of(request))
    if is_reasoned:
        _refuse_without_reason(request)
        require_open(employee=request.employee, dates=dates_of(request))
    request.full_clean(exclude=["submitted_by"], validate_constraints=False)
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError as error:
        same = (
            # The plan may have changed, and with it the date that takes the punch.
            Q(punch=request.punch_id)
            if request.punch_id
            else Q(employee=request.employee, work_date=request.work_date, slot=request.slot)
        )
        _refuse_beside(Request.objects.in_force().filter(same, kind=request.kind))
        _refuse_broken(request)
        # It was there a moment ago.
        raise _asked_already(request) from error
    steps.lay(request, chain, now=now)
    audit.record(
        actor=actor,
        verb="request.submitted",
        thing=request,
        department=request.department,
        now=now,
        kind=request.kind,
        work_date=str(request.work_date),
        slot=request.slot,
        digest=request.digest,
    )
    return request


def dates_of(request: Request, zone: ZoneInfo | None = None) -> list[date]:
    """Return the dates that a request would change, at the person's site, in its `zone` if known.

    An appeal about a punch is kept under the date that took it; another may since.
    """
    if request.punch is not None:
        taken_by = belongings_of([request.punch])[request.punch.pk].work_date
        return sorted({request.work_date, taken_by})
    if request.starts_at is None or request.ends_at is None or request.kind == Kind.OVERTIME:
        return [request.work_date]
    zone = zone or ZoneInfo(zones_of([request.employee_id])[request.employee_id])
    last = (request.ends_at - timedelta.resolution).astimezone(zone).date()
    days = (last - request.work_date).days
    return [request.work_date + timedelta(days=n) for n in range(max(days, 0) + 1)]


def _refuse_without_reason(request: Request) -> None:
    """Raise ValidationError, by field, for a request that gives no reason."""
    if not request.reason:
        field = Request._meta.get_field("reason")
        raise ValidationError({"reason": field.error_messages["blank"]})


def _refuse_broken(request: Request) -> None:
    """Raise ValidationError for what its table refuses of a request, whichever others there are."""
    for constraint in Request._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            constraint.validate(Request, request)


def content_of(request: Request) -> dict[str, Any]:
    """Return what a request says, by column."""
    return {name: getattr(request, name) for name in CONTENT}


def today_of(employee: Employee, now: datetime) -> date:
    """Return the date at the person's site."""
    return localdate(now, ZoneInfo(zones_of([employee.pk])[employee.pk]))
