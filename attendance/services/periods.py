"""Opening, closing and reopening the periods that are paid, and asking whether one is closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from attendance import ledger
from attendance.closingsheet import LAYOUT, checksum_of, totals_of
from attendance.loading import load_sites
from attendance.models import (
    Adjustment,
    AttendancePeriod,
    ClosedDay,
    PeriodClosing,
    Reopening,
    TakenAdjustment,
)
from attendance.services.closing_checks import Found, ToClose, look
from organization import audit
from organization.access import Action, departments_for
from organization.errors import DateOutOfOrder, DomainError, NotFound
from organization.models import Department, Employee, Transfer, User
from organization.progress import progress_of
from organization.services import zone_names

_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=92)
# Calendars reach no further; the page of a period looks at the days around it.
_YEARS: Final = range(2000, 2101)
_State = AttendancePeriod.State


class PeriodClosed(DomainError):
    """What would change a day that has been paid."""

    code = "period_closed"
    message = _(
        "%(work_date)s lies in a closed period: %(period)s. Say why it is an adjustment, or have "
        "the period reopened."
    )


class PeriodsOverlap(DomainError):
    """A day of a department would be closed twice."""

    code = "periods_overlap"
    message = _("%(period)s closes some of these days already.")


class ImplausiblePeriod(DomainError):
    """A period that nobody is paid by: most often a mistyped year."""

    code = "implausible_period"
    message = _("A period lasts at most %(days)d days.")


class NotOver(DomainError):
    """A period can be closed from the day after its last one."""

    code = "not_over"
    message = _("The period lasts until %(ends_on)s.")


class NotReadyToClose(DomainError):
    """Something hinders a closing, whoever confirms what."""

    code = "not_ready_to_close"
    message = _("It cannot be closed yet. %(found)s")


class NotConfirmed(DomainError):
    """What is still open was not confirmed, or is more by now than was confirmed."""

    code = "not_confirmed"
    message = _("Look again, and confirm what is still open. %(found)s")


class WrongState(DomainError):
    """The period is not, or no longer, in a state for this."""

    code = "wrong_state"
    message = _("%(period)s: %(state)s.")


class LaterPeriodClosed(DomainError):
    """Periods are reopened in the reverse order: a later one has taken over their adjustments."""

    code = "later_period_closed"
    message = _("%(period)s is closed already; reopen that one first.")


class AskedAlready(DomainError):
    """Somebody has asked for it, and nobody has decided yet."""

    code = "asked_already"
    message = _("Somebody has asked to reopen %(period)s already.")


class SecondPersonNeeded(DomainError):
    """A lock on wages is lifted by two people."""

    code = "second_person_needed"
    message = _("You asked for it yourself; somebody else must decide.")


class ReasonMissing(DomainError):
    """What is asked without a reason cannot be decided."""

    code = "reason_missing"
    message = _("Write a reason.")


# --- is it closed? ---------------------------------------------------------------------------


def require_open(*, employee: Employee, dates: Iterable[date], as_adjustment: str = "") -> bool:
    """Refuse to decide about days that have been paid; return whether one of them has been.

    With a reason in `as_adjustment` it is allowed, and becomes an adjustment of the next period:
    the caller writes the reason down. A period that is being closed counts as closed. Raises
    PeriodClosed.
    """
    closed = closed_dates(employee, dates)
    if closed and not as_adjustment.strip():
        day, period = min(closed.items())
        raise PeriodClosed(employee=str(employee), work_date=str(day), period=str(period))
    return bool(closed)


def why_adjusted(employee: Employee, dates: Iterable[date], as_adjustment: str) -> dict[str, str]:
    """Return what the log says of a decision about days that have been paid: nothing, or why.

    Raises PeriodClosed, as `require_open` does.
    """
    if require_open(employee=employee, dates=dates, as_adjustment=as_adjustment):
        return {"as_adjustment": as_adjustment.strip()}
    return {}


def is_closed(employee: Employee, day: date) -> bool:
    """Say whether a day of a person has been paid, or is about to be."""
    return bool(closed_dates(employee, [day]))


def is_any_closed(first: date, last: date) -> bool:
    """Say whether any period with one of these dates is closed, of whomever. One query."""
    rows = AttendancePeriod.objects.filter(
        state__in=(_State.CLOSED, _State.CLOSING), starts_on__lte=last, ends_on__gte=first
    )
    return rows.exists()


def closed_dates(employee: Employee, dates: Iterable[date]) -> dict[date, AttendancePeriod]:
    """Return which of these dates are closed for a person, each with its period.

    One query where no period with any of the dates is closed.
    """
    return closed_among({employee: set(dates)}).get(employee.pk, {})


def closed_among(
    asked: Mapping[Employee, Collection[date]],
) -> dict[int, dict[date, AttendancePeriod]]:
    """Return which dates of these people are closed, by the key of the person, with the period.

    As many queries for many people as for one.
    """
    days = sorted({day for dates in asked.values() for day in dates})
    if not days:
        return {}
    near = AttendancePeriod.objects.filter(
        state__in=(_State.CLOSED, _State.CLOSING), starts_on__lte=days[-1], ends_on__gte=days[0]
    )
    periods = {
        period.pk: period
        for period in near.select_related("department")
        if any(period.starts_on <= day <= period.ends_on for day in days)
    }
    if not periods:
        return {}
    by_key = {employee.pk: employee for employee in asked}
    found: defaultdict[int, dict[date, AttendancePeriod]] = defaultdict(dict)
    paid = ClosedDay.objects.in_force().filter(employee__in=by_key, work_date__in=days)
    for person, day, key in paid.values_list("employee_id", "work_date", "closing__period"):
        if key in periods and day in asked[by_key[person]]:
            found[person][day] = periods[key]
    moves: defaultdict[int, list[tuple[date, int]]] = defaultdict(list)
    transfers = Transfer.objects.filter(employee__in=by_key).order_by("-effective_on")
    for person, on, department in transfers.values_list("employee", "effective_on", "department"):
        moves[person].append((on, department))
    trees = load_sites(min(period.starts_on for period in periods.values()))
    for period in periods.values():
        closes: defaultdict[int, list[ledger.Place]] = defaultdict(list)
        for place in ledger.places_of(
            period.department_id, period.starts_on, period.ends_on, trees
        ):
            closes[place.department_id].append(place)
        for person, employee in by_key.items():
            for day in asked[employee]:
                there = next(
                    (key for on, key in moves[person] if on <= day), employee.department_id
                )
                if any(place.first <= day <= place.last for place in closes[there]):
                    found[person].setdefault(day, period)
    return dict(found)


# --- opening ---------------------------------------------------------------------------------


@transaction.atomic
def open_period(
    *, department: Department, starts_on: date, ends_on: date, actor: User | None, now: datetime
) -> AttendancePeriod:
    """Name a span that a department, with all below it, will be closed and paid by.

    The actor needs Action.RULE on the department. Raises NotFound, DateOutOfOrder,
    ImplausiblePeriod and PeriodsOverlap.
    """
    _require_department(department, actor)
    if ends_on < starts_on:
        raise DateOutOfOrder(field="ends_on", value=str(ends_on), expected=f"≥ {starts_on}")
    for field, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day.year not in _YEARS:
            raise DateOutOfOrder(field=field, value=str(day), expected="2000-01-01 – 2100-12-31")
    if ends_on - starts_on >= _LONGEST:
        raise ImplausiblePeriod(days=_LONGEST.days)
    ledger.hold_periods()
    _refuse_overlap(department, starts_on, ends_on)
    period = AttendancePeriod.objects.create(
        department=department, starts_on=starts_on, ends_on=ends_on
    )
    _record(period, "period.opened", actor, now)
    return period


def _require_department(department: Department, actor: User | None) -> None:
    if actor is None or departments_for(actor, Action.RULE).filter(pk=department.pk).exists():
        return
    raise NotFound(what=Department._meta.verbose_name, key=department.code)


def _refuse_overlap(department: Department, first: date, last: date) -> None:
    near = AttendancePeriod.objects.filter(starts_on__lte=last, ends_on__gte=first)
    others = list(near.select_related("department"))
    if not others:
        return
    mine = ledger.places_of(department.pk, first, last)
    for other in others:
        theirs: dict[int, list[ledger.Place]] = {}
        for place in ledger.places_of(other.department_id, other.starts_on, other.ends_on):
            theirs.setdefault(place.department_id, []).append(place)
        if any(
            place.first <= there.last and there.first <= place.last
            for place in mine
            for there in theirs.get(place.department_id, ())
        ):
            raise PeriodsOverlap(period=str(other))


@transaction.atomic
def remove_period(*, period_id: int, actor: User | None, now: datetime) -> None:
    """Take a period away that was never closed. Raises NotFound and WrongState."""
    ledger.hold_periods()
    period = find_period(period_id, actor, Action.RULE)
    if period.state != _State.OPEN or period.closings.exists():
        raise WrongState(period=str(period), state=period.get_state_display())
    _record(period, "period.removed", actor, now)
    period.delete()


def find_period(period_id: int, actor: User | None, action: Action) -> AttendancePeriod:
    """Return a period on which the actor may do something. Raises NotFound."""
    rows = AttendancePeriod.objects.select_related("department", "closing")
    if actor is not None:
        rows = rows.visible_to(actor, action)
    period = rows.filter(pk=period_id).first()
    if period is None:
        raise NotFound(what=AttendancePeriod._meta.verbose_name, key=period_id)
    return period


# --- closing ---------------------------------------------------------------------------------


@transaction.atomic
def order_closing(
    *,
    period_id: int,
    typed: str = "",
    seen: Mapping[str, int] | None = None,
    actor: User | None,
    now: datetime,
) -> AttendancePeriod:
    """Order a period to be closed by a worker; until it is, nobody decides about its days.

    What is still open without hindering must be confirmed: `typed` is the code of the department,
    `seen` what the actor saw of each check. Both stay with the closing. The actor needs
    Action.RULE. Raises NotFound, WrongState, NotOver, NotReadyToClose and NotConfirmed.
    """
    ledger.hold_periods()
    period = find_period(period_id, actor, Action.RULE)
    if not period.is_open:
        raise WrongState(period=str(period), state=period.get_state_display())
    to_close = ToClose(period)
    found = look(to_close)
    counts = {one.check.key: one.number for one in found if not one.check.is_hard and one.number}
    _refuse_early(period, now)
    _refuse_hindered(found)
    if counts:
        confirmed = {key: count for key, count in (seen or {}).items() if key in counts}
        _refuse_unconfirmed(found, confirmed)
        if typed.strip() != period.department.code:
            raise NotConfirmed(found=_told(found, hard=False))
    period.state = _State.CLOSING
    period.ordered_by, period.ordered_at = actor, now
    period.confirmed = {"counts": counts, "typed": typed.strip() if counts else ""}
    period.total, period.progress, period.problem = to_close.days().count(), 0, ""
    period.save()
    _record(period, "period.closing_ordered", actor, now, confirmed=counts)
    return period


def _refuse_early(period: AttendancePeriod, now: datetime) -> None:
    zone = ZoneInfo(zone_names()[period.department_id])
    if now.astimezone(zone).date() <= period.ends_on:
        raise NotOver(ends_on=str(period.ends_on))


def _refuse_hindered(found: Iterable[Found]) -> None:
    hindering = [one for one in found if one.check.is_hard and one.number]
    if hindering:
        raise NotReadyToClose(found=_told(hindering, hard=True))


def _refuse_unconfirmed(found: Iterable[Found], confirmed: Mapping[str, int]) -> None:
    more = [
        one
        for one in found
        if not one.check.is_hard and one.number > confirmed.get(one.check.key, 0)
    ]
    if more:
        raise NotConfirmed(found=_told(more, hard=False))


def _told(found: Iterable[Found], *, hard: bool) -> str:
    return "; ".join(
        f"{one.check.title}: {one.number}"
        for one in found
        if one.check.is_hard is hard and one.number
    )


def ordered_periods() -> list[int]:
    """Return the keys of the periods that are ordered to be closed, the oldest order first."""
    ordered = AttendancePeriod.objects.filter(state=_State.CLOSING).order_by("ordered_at", "pk")
    return list(ordered.values_list("pk", flat=True))


def finish_closing(*, period_id: int, now: datetime) -> PeriodClosing | None:
    """Close a period that was ordered to be closed; None if it is not, or cannot be any more.

    All of it in one transaction: days are frozen, earlier adjustments taken over, the checksum
    reckoned. Then nobody stores a verdict while the frozen days are compared once more, so that
    what came in meanwhile is an adjustment, and nothing is lost. A refusal stays on the period.
    """
    report = progress_of(AttendancePeriod, period_id)
    try:
        with transaction.atomic():
            return _close(period_id, now, report)
    except DomainError as refusal:
        fail_closing(period_id=period_id, problem=str(refusal))
    return None


def _close(period_id: int, now: datetime, report: Any) -> PeriodClosing | None:
    ledger.hold_periods()
    period = AttendancePeriod.objects.select_related("department", "ordered_by").get(pk=period_id)
    if period.state != _State.CLOSING:
        return None
    actor = period.ordered_by
    if actor is not None and not departments_for(actor, Action.RULE).filter(
        pk=period.department_id
    ):
        raise NotFound(what=AttendancePeriod._meta.verbose_name, key=period.pk)
    to_close = ToClose(period)
    found = look(to_close)
    _refuse_hindered(found)
    _refuse_unconfirmed(found, period.confirmed.get("counts", {}))
    before = period.closings.order_by("-number").first()
    closing = PeriodClosing(
        pk=_next_key(),
        period=period,
        number=before.number + 1 if before else 1,
        previous=before,
        department=period.department,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        closed_by=actor,
        closed_at=now,
        layout=LAYOUT,
        confirmed=period.confirmed,
    )
    closing.days = ledger.freeze(
        closing_id=closing.pk, number=closing.number, places=to_close.places, now=now
    )
    closing.adjustments = ledger.take_over(
        closing_id=closing.pk, places=to_close.places, first=period.starts_on, now=now
    )
    closing.names = _names(closing, to_close.departments)
    closing.totals = totals_of(closing)
    closing.people = closing.totals["people"]
    closing.checksum = checksum_of(closing, report)
    closing.save(force_insert=True)
    AttendancePeriod.objects.filter(pk=period.pk).update(
        state=_State.CLOSED, closing=closing, progress=closing.days, problem=""
    )
    ledger.hold_alone()
    late = ledger.note_all_differences(
        closing_id=closing.pk, places=to_close.places, cause="closing", now=now
    )
    _record(
        period,
        "period.closed",
        actor,
        now,
        number=closing.number,
        days=closing.days,
        people=closing.people,
        adjustments=closing.adjustments,
        came_late=late,
        checksum=closing.checksum,
        confirmed=closing.confirmed.get("counts", {}),
    )
    return closing


def _next_key() -> int:
    """Return the key of the closing to come: its days, which name it, are written before it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('attendance_periodclosing', 'id'))"
            )
            return int(cursor.fetchone()[0])
    # One writer writes at a time, and no closing is ever taken away.
    return (PeriodClosing.objects.aggregate(last=Max("pk"))["last"] or 0) + 1


def _names(closing: PeriodClosing, departments: Iterable[int]) -> dict[str, list[str]]:
    """Return what the closing's files call departments, and who closed it."""
    theirs = TakenAdjustment.objects.filter(closing=closing.pk)
    keys = {*departments, *theirs.values_list("adjustment__department", flat=True)}
    rows = Department.objects.filter(pk__in=keys).order_by("path")
    by_whom = closing.closed_by.get_username() if closing.closed_by is not None else ""
    head = [closing.department.code, closing.department.name, by_whom]
    return {"closing": head} | {str(row.pk): [row.code, row.name] for row in rows}


def fail_closing(*, period_id: int, problem: str) -> None:
    """Give a period back to whoever wanted to close it, with what went wrong."""
    for state, was_closed in ((_State.REOPENED, False), (_State.OPEN, True)):
        AttendancePeriod.objects.filter(
            pk=period_id, state=_State.CLOSING, closings__isnull=was_closed
        ).update(state=state, problem=problem)


# --- reopening -------------------------------------------------------------------------------


@transaction.atomic
def ask_reopening(*, period_id: int, reason: str, actor: User, now: datetime) -> Reopening:
    """Ask that a closed period be opened again; somebody else decides.

    The actor needs Action.RULE. Raises NotFound, WrongState, ReasonMissing, LaterPeriodClosed and
    AskedAlready.
    """
    ledger.hold_periods()
    period = find_period(period_id, actor, Action.RULE)
    if period.state != _State.CLOSED or period.closing is None:
        raise WrongState(period=str(period), state=period.get_state_display())
    if not reason.strip():
        raise ReasonMissing
    _refuse_out_of_order(period)
    if period.closing.reopenings.filter(verdict="").exists():
        raise AskedAlready(period=str(period))
    asked = Reopening(closing=period.closing, asked_by=actor, asked_at=now, reason=reason.strip())
    asked.full_clean(exclude=["decided_by", "decided_at", "verdict"])
    asked.save()
    _record(period, "period.reopening_asked", actor, now, reason=asked.reason)
    return asked


def _refuse_out_of_order(period: AttendancePeriod) -> None:
    """Refuse to reopen what a later closing in force stands on."""
    took = TakenAdjustment.objects.filter(
        adjustment__closing=period.closing, closing__in_force_for__isnull=False
    ).select_related("closing__period__department")
    later = took.first()
    if later is not None:
        raise LaterPeriodClosed(period=str(later.closing.period))


@transaction.atomic
def decide_reopening(
    *, reopening_id: int, verdict: str, actor: User, now: datetime
) -> AttendancePeriod:
    """Grant or refuse what somebody else has asked for. What was frozen before stays.

    The actor needs Action.RULE. Raises NotFound, WrongState, SecondPersonNeeded and
    LaterPeriodClosed.
    """
    ledger.hold_periods()
    asked = Reopening.objects.select_related("closing").filter(pk=reopening_id).first()
    if asked is None:
        raise NotFound(what=Reopening._meta.verbose_name, key=reopening_id)
    period = find_period(asked.closing.period_id, actor, Action.RULE)
    if asked.asked_by_id == actor.pk:
        raise SecondPersonNeeded
    if asked.verdict or period.closing_id != asked.closing_id:
        raise WrongState(period=str(period), state=period.get_state_display())
    asked.verdict, asked.decided_by, asked.decided_at = verdict, actor, now
    asked.full_clean()
    granted = verdict == Reopening.Verdict.GRANTED
    if granted:
        _refuse_out_of_order(period)
    asked.save()
    if granted:
        period.state, period.closing = _State.REOPENED, None
        period.save(update_fields=["state", "closing"])
    _record(
        period,
        "period.reopened" if granted else "period.reopening_refused",
        actor,
        now,
        reason=asked.reason,
        asked_by=asked.asked_by.get_username(),
        number=asked.closing.number,
    )
    return period


# --- looking ---------------------------------------------------------------------------------


def waits_for(period: AttendancePeriod) -> int:
    """Return how many adjustments the closing of a period would take over."""
    departments = ToClose(period).departments
    rows = Adjustment.objects.pending().filter(
        Q(closing__ends_on__lt=period.starts_on), department__in=departments
    )
    return rows.count()


def _record(
    period: AttendancePeriod, verb: str, actor: User | None, now: datetime, **facts: object
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=period,
        department=period.department,
        now=now,
        first=str(period.starts_on),
        last=str(period.ends_on),
        **facts,
    )
