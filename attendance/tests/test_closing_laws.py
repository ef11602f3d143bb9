"""Whatever becomes known after a closing: what was paid and all adjustments are today's truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from attendance.ledger import NOTHING
from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    ClosedDay,
    Correction,
    PeriodClosing,
    WaitingDay,
)
from attendance.models.periods import FIGURES, TEXTS
from attendance.services import absences, corrections, days, periods
from attendance.tests.test_closing import AFTER, FIRST, LAST, close, judge, opened
from attendance.tests.test_judging import SHANGHAI, punch
from attendance.tests.test_periods import town
from attendance.tests.test_race import at_once
from organization import services as people
from organization.errors import DomainError
from organization.models import Employee
from scheduling.models import CalendarDay
from scheduling.services import calendar, rosters
from tests.cast import Cast

__all__ = ["town"]

DAY = timedelta(days=1)
Account = dict[tuple[int, int, date], dict[str, object]]


def paid() -> Account:
    """Return by closing, person and date what closings in force paid, with all adjustments."""
    found: Account = {}
    for row in ClosedDay.objects.in_force():
        figures = {figure: getattr(row, figure) for figure in FIGURES}
        found[row.closing_id, row.employee_id, row.work_date] = figures
    for one in Adjustment.objects.in_force().order_by("version"):
        key = one.closing_id, one.employee_id, one.work_date
        sums = found.setdefault(key, dict(NOTHING))
        for figure in FIGURES:
            sums[figure] = (
                one.after[figure]
                if figure in TEXTS
                else Decimal(sums[figure]) + one.difference(figure)
            )
    return _plain(found)


def owed() -> Account:
    """Return by closing, person and date what closings in force would pay today."""
    found: Account = {}
    for period in AttendancePeriod.objects.filter(state="closed").select_related("department"):
        rows = AttendanceDay.objects.filter(
            department__path__startswith=period.department.path,
            work_date__gte=period.starts_on,
            work_date__lte=period.ends_on,
        )
        for row in rows:
            figures = {figure: getattr(row, figure) for figure in FIGURES}
            found[period.closing_id, row.employee_id, row.work_date] = figures
    return _plain(found)


def _plain(found: Account) -> Account:
    """Leave out what is nothing, and make numbers alike."""
    plain = {
        key: {f: v if f in TEXTS else Decimal(v) for f, v in figures.items()}
        for key, figures in found.items()
    }
    return {key: figures for key, figures in plain.items() if any(figures.values())}


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def deeds(town: Cast, luck: random.Random) -> list[Callable[[], object]]:
    """Return what may become known: about a random person, on a random date."""
    person: Employee = luck.choice((town.alice, town.bob, town.carol))
    day = FIRST + luck.randrange(31) * DAY
    saying = {"actor": None, "now": AFTER}
    late = {**saying, "as_adjustment": "late"}
    absence = Absence.objects.filter(revoked_at=None).order_by("pk").last()
    correction = Correction.objects.filter(revoked_at=None).order_by("pk").last()
    return [
        lambda: punch(person, day, f"{luck.randrange(8, 20)}:{luck.randrange(60):02}"),
        lambda: absences.add_absence(
            employee=person, kind="leave", starts_at=at(day, luck.randrange(8, 15)),
            ends_at=at(day, 18), reason="", **late,
        ),
        lambda: absence and absences.revoke_absence(absence_id=absence.pk, **late),
        lambda: corrections.record_correction(
            employee=person, work_date=day, slot=luck.choice(("in", "out")), reason="seen",
            corrected_at=at(day, luck.randrange(8, 19)), **late,
        ),
        lambda: correction
        and corrections.revoke_correction(correction_id=correction.pk, **late),
        lambda: rosters.set_entry(employee_id=person.pk, work_date=day, shift=None, **saying),
        lambda: calendar.set_company_day(
            day=day, kind=CalendarDay.Kind.DAY_OFF, name="off", department=town.unit, **saying
        ),
        lambda: people.transfer(
            employee_id=person.pk, position=None, effective_on=day,
            department=luck.choice((town.department, town.other_department)), **saying,
        ),
        lambda: people.withdraw_transfer(employee_id=person.pk, **saying),
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_closed_days_and_adjustments_are_the_truth_of_today(town: Cast, seed: int) -> None:
    luck = random.Random(seed)  # noqa: S311
    judge()
    for unit in (town.unit, town.other_unit):
        close(opened(unit))
    assert paid() == owed()

    done = 0
    for _turn in range(25):
        try:
            luck.choice(deeds(town, luck))()
            done += 1
        except (DomainError, ValidationError):
            continue
        days.take_in_changes(now=AFTER)
        days.judge_all(now=AFTER)
        assert paid() == owed()

    assert done > 5
    assert Adjustment.objects.exists()
    before = Adjustment.objects.count()
    days.wake_range(starts_on=FIRST, ends_on=LAST, cause="ordered", now=AFTER, is_forced=True)
    days.judge_all(now=AFTER)
    assert Adjustment.objects.count() == before


# --- at the same moment ----------------------------------------------------------------------


@pytest.fixture
def ordered(town: Cast) -> AttendancePeriod:
    judge()
    period = opened(town.unit)
    return periods.order_closing(period_id=period.pk, actor=None, now=AFTER)


def paused(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Let a closing wait after it has frozen the days; return what says so, and what ends it."""
    frozen, go_on = Event(), Event()
    reckon = periods.totals_of

    def wait(closing: PeriodClosing) -> dict[str, object]:
        frozen.set()
        assert go_on.wait(60)
        return reckon(closing)

    monkeypatch.setattr(periods, "totals_of", wait)
    return frozen, go_on


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_r8_a_punch_that_is_judged_while_its_period_is_closed_becomes_an_adjustment(
    town: Cast, ordered: AttendancePeriod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8: the day was frozen before, and its verdict was stored before the closing was there."""
    frozen, go_on = paused(monkeypatch)

    def close_it() -> None:
        assert periods.finish_closing(period_id=ordered.pk, now=AFTER) is not None

    def come() -> None:
        assert frozen.wait(60)
        punch(town.alice, date(2026, 3, 2), "8:57")
        days.judge_all(now=AFTER)
        assert not Adjustment.objects.exists()
        go_on.set()

    assert at_once(close_it, come) == []

    [late] = Adjustment.objects.pending()
    assert (late.work_date, late.cause) == (date(2026, 3, 2), "closing")
    assert paid() == owed()


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_r8_a_closing_waits_for_verdicts_that_are_on_their_way(
    town: Cast, ordered: AttendancePeriod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8: a verdict was compared before the closing was there, and is committed after."""
    frozen, go_on = paused(monkeypatch)
    reckoned = Event()

    def close_it() -> None:
        assert periods.finish_closing(period_id=ordered.pk, now=AFTER) is not None
        reckoned.set()

    def come() -> None:
        assert frozen.wait(60)
        punch(town.alice, date(2026, 3, 2), "8:57")
        with transaction.atomic():
            days.judge_all(now=AFTER)
            go_on.set()
            assert not reckoned.wait(2)

    assert at_once(close_it, come) == []

    assert reckoned.is_set()
    assert [one.cause for one in Adjustment.objects.pending()] == ["closing"]
    assert paid() == owed()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a26_closings_punches_and_judges_at_once_lose_nothing(
    town: Cast, ordered: AttendancePeriod
) -> None:
    """A-26, R-8: with real connections that meet."""

    def come(who: Employee, clock: str) -> Callable[[], None]:
        def work() -> None:
            for n in range(20):
                punch(who, date(2026, 3, 2) + n * DAY, clock)

        return work

    def judge_on() -> None:
        for _ring in range(15):
            days.judge_all(now=AFTER, chunk=5)

    def close_it() -> None:
        periods.finish_closing(period_id=ordered.pk, now=AFTER)

    raised = at_once(
        come(town.alice, "8:57"), come(town.bob, "18:01"), judge_on, judge_on, close_it, close_it
    )

    assert raised == []
    days.judge_all(now=AFTER)
    assert not WaitingDay.objects.exists()
    assert PeriodClosing.objects.count() <= 1
    if not PeriodClosing.objects.exists():
        # The punches were there first, and hindered it.
        ordered.refresh_from_db()
        assert ordered.state == "open"
        close(ordered)
    assert paid() == owed()


@pytest.mark.django_db(transaction=True)
def test_a06_a26_two_who_grant_at_once_reopen_once(town: Cast) -> None:
    """A-06, A-26."""
    judge()
    period = opened(town.unit)
    close(period)
    asked = periods.ask_reopening(
        period_id=period.pk, reason="a wrong rule", actor=town.hr, now=AFTER
    )

    def grant() -> None:
        periods.decide_reopening(
            reopening_id=asked.pk, verdict="granted", actor=town.superuser, now=AFTER
        )

    raised = at_once(grant, grant)

    assert [type(error) for error in raised] == [periods.WrongState]
    period.refresh_from_db()
    assert period.state == "reopened"
