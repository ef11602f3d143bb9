"""What the rule of a date says about make-ups, and what is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, NamedTuple

from django.db.models import DecimalField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from approvals.content import PLACES, in_cents
from approvals.errors import AllowanceSpent, KindRefused, QuotaSpent, TooLate
from approvals.models import Allowance, MakeUpPeriod, Request
from attendance.console.period import Period, period_of, read_period
from attendance.engine import Anomaly, DayResult, PlanKind
from attendance.loading import Loaded
from attendance.models import RuleVersion
from attendance.services.rules import RuleText, text_of
from organization.models import Employee

# What a make-up may repair; the rule has a switch for each.
KINDS: Final = ("missing", "late", "early", "other")
_DAY: Final = timedelta(days=1)
_DAYS: Final = DecimalField(max_digits=8 + PLACES, decimal_places=PLACES)
# Coarser than what parts of a day are off by, finer than a minute of any day.
_FINER_THAN_A_MINUTE: Final = Decimal("0.0001")


class Limits(NamedTuple):
    """How many make-ups a period, until when one may be asked for a date, for what, with what.

    `kinds` are what a make-up may repair, of `missing`, `late`, `early` and `other`.
    """

    per_period: int
    last_on: date
    period: Period
    kinds: frozenset[str]
    is_photo_needed: bool


def limits_of(loaded: Loaded) -> Limits:
    """Return what the rule says that a day is judged by. One query."""
    version = RuleVersion.objects.filter(pk=loaded.planned.terms.version_id).first()
    text = text_of(version) if version is not None else RuleText()
    day = loaded.work_date
    period = read_period("", day, text.period_starts_on_day)
    # The period ends in a month; the cut-off lies in the one after.
    after = date(period.last.year, period.last.month, 1) + timedelta(days=32)
    cutoff = after.replace(day=text.make_up_cutoff_day)
    return Limits(
        text.make_up_per_month,
        min(day + text.make_up_days_back * _DAY, cutoff),
        period,
        frozenset(kind for kind in KINDS if getattr(text, f"make_up_for_{kind}")),
        text.make_up_needs_photo,
    )


def kind_of(result: DayResult, slot: str) -> str:
    """Return what a make-up of a slot would repair: one of KINDS."""
    if slot in result.missing:
        return "missing"
    if any(found.anomaly is Anomaly.TIME and found.slot == slot for found in result.findings):
        return "late" if slot.startswith("in") else "early"
    return "other"


def refuse_kind(limits: Limits, result: DayResult, slot: str) -> None:
    """Raise KindRefused for what the rule of the date lets no make-up repair."""
    kind = kind_of(result, slot)
    if kind not in limits.kinds:
        raise KindRefused(kind=kind)


def refuse_too_late(limits: Limits, work_date: date, today: date) -> None:
    """Raise TooLate once the rule's time for a date is over; `today` is that of the site."""
    if today > limits.last_on:
        raise TooLate(work_date=str(work_date), last_on=str(limits.last_on))


def make_ups_in(employee: Employee, period: Period) -> int:
    """Return how many make-ups a person has asked for in a period, waiting and approved."""
    rows = Request.objects.in_force().filter(
        employee=employee,
        kind=Request.Kind.MAKE_UP,
        work_date__gte=period.first,
        work_date__lte=period.last,
    )
    return rows.count()


def take_share(employee: Employee, limits: Limits) -> int:
    """Return which make-up of the period the next one is. Raises QuotaSpent.

    Call it in the transaction that keeps the request: whoever asks beside it waits here.
    """
    first = limits.period.first
    MakeUpPeriod.objects.get_or_create(employee=employee, starts_on=first)
    MakeUpPeriod.objects.select_for_update().get(employee=employee, starts_on=first)
    used = make_ups_in(employee, limits.period)
    if used >= limits.per_period:
        raise QuotaSpent(limit=limits.per_period, first=str(first), last=str(limits.period.last))
    return used + 1


class Left(NamedTuple):
    """What is left of a year's days of a kind of leave; waiting requests take theirs."""

    leave: str
    year: int
    days: float
    left: float


def left_of(employee: Employee, year: int) -> list[Left]:
    """Return what is left of each kind of leave that has an allowance in a year. One query."""
    rows = Allowance.objects.filter(employee=employee, year=year).annotate(used=taken_of())
    return [
        Left(
            str(Request.LeaveType(row.leave_type).label),
            year,
            float(row.days),
            float(in_cents(row.days - row.used)),
        )
        for row in rows.order_by("leave_type")
    ]


def take_days(employee: Employee, leave_type: str, days_by_year: Mapping[int, Decimal]) -> None:
    """Raise AllowanceSpent where a year's days of a kind of leave do not last.

    Call it in the transaction that keeps the request: whoever asks beside it waits here.
    """
    allowances = (
        Allowance.objects.select_for_update()
        .filter(employee=employee, leave_type=leave_type, year__in=days_by_year)
        .order_by("year")
    )
    for allowance in allowances:
        asked = days_by_year[allowance.year]
        left = allowance.days - days_taken(employee, leave_type, allowance.year)
        if asked and (asked - left).quantize(_FINER_THAN_A_MINUTE) > 0:
            told, told_asked = in_cents(left), in_cents(asked)
            if told >= told_asked:
                # Rounded alike, the sentence would deny itself.
                told = left.quantize(_FINER_THAN_A_MINUTE, ROUND_FLOOR)
                told_asked = asked.quantize(_FINER_THAN_A_MINUTE, ROUND_CEILING)
            raise AllowanceSpent(
                left=f"{float(told):g}",
                leave=str(Request.LeaveType(leave_type).label),
                year=allowance.year,
                asked=f"{float(told_asked):g}",
            )


def days_taken(employee: Employee, leave_type: str, year: int) -> Decimal:
    """Return the days of a kind of leave that are taken or asked for in a year with an allowance.

    A query of its own: beside the lock it would not see what the one before has just kept.
    """
    rows = Allowance.objects.filter(employee=employee, leave_type=leave_type, year=year)
    taken: Decimal = rows.annotate(used=taken_of()).values_list("used", flat=True).get()
    return taken


def taken_of() -> Combinable:
    """Return what is taken or asked for of an Allowance, as an expression beside it.

    As exact as it is kept; whoever tells it rounds.
    """
    rows = Request.objects.in_force().filter(
        employee=OuterRef("employee"), leave_type=OuterRef("leave_type")
    )

    def total(years: QuerySet[Request], what: Combinable) -> Combinable:
        summed = years.order_by().values("employee").annotate(total=Sum(what)).values("total")
        return Coalesce(Subquery(summed, output_field=_DAYS), Value(Decimal(0), _DAYS))

    here = rows.filter(work_date__year=OuterRef("year"))
    before = rows.filter(work_date__year=OuterRef("year") - 1)
    return total(here, F("amount_days") - F("days_next_year")) + total(before, F("days_next_year"))


def count_of(employee: Employee, kind: str, day: date) -> int:
    """Return which request of a kind in its calendar month the next one is."""
    month = period_of(day.year, day.month)
    rows = Request.objects.in_force().filter(
        employee=employee, kind=kind, work_date__gte=month.first, work_date__lte=month.last
    )
    return rows.count() + 1


def slots_of(loaded: Loaded) -> tuple[str, ...]:
    """Return the slots that a day has, in the order of the day; none where nothing is planned."""
    plan = loaded.planned.plan
    if plan is None or not loaded.day.employed:
        return ()
    if plan.kind is PlanKind.SEGMENTS and len(plan.segments) > 1:
        numbers = range(1, len(plan.segments) + 1)
        return tuple(f"{side}{n}" for n in numbers for side in ("in", "out"))
    return ("in", "out")
