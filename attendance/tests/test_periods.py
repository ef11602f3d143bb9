"""Who opens, closes and reopens which period, what hinders it, and whose days are in it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from attendance.models import (
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    ClosedDay,
    Correction,
    PeriodClosing,
    Reopening,
    WaitingDay,
)
from attendance.services import absences, corrections, days, periods
from attendance.services.closing_checks import Check, ToClose, _checks, look, register_check
from attendance.tests.test_closing import AFTER, FIRST, LAST, NEXT, close, csv_of, judge, opened
from organization import services as people
from organization.append_only import lifted
from organization.errors import DateOutOfOrder, NotFound
from organization.models import AuditEntry, Change, Employee, User
from organization.seals.checking import check
from organization.seals.making import seal_new_rows
from scheduling.models import CalendarYear, Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import ShiftPattern
from tests.cast import NOW, Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]

MIDDLE = date(2026, 3, 16)
DAY = timedelta(days=1)
OFFICE = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)


@pytest.fixture
def town(cast: Cast) -> Cast:
    """Two units on one shift; nobody ever punched."""
    shift = Shift.objects.create(code="D", name="Day")
    ShiftVersion.objects.create(
        shift=shift, valid_from=date(2026, 1, 1), pattern=OFFICE.to_json(),
        opens_minute=540 - OFFICE.window_before, closes_minute=1080 + OFFICE.window_after,
    )  # fmt: skip
    ShiftAssignment.objects.create(
        department=cast.group, shift=shift, starts_on=date(2026, 1, 1), weekdays="12345"
    )
    CalendarYear.objects.create(year=2026, state="announced")
    Change.objects.update(handled_at=NOW)
    return cast


@pytest.fixture
def north(town: Cast) -> AttendancePeriod:
    """The North's March, judged and open."""
    judge()
    return opened(town.unit)


@pytest.fixture
def colleague(town: Cast) -> User:
    """Another one of HR in the North."""
    user = User.objects.create_user("n_hr_2")
    appoint(user, "unit_hr", town.unit)
    return user


def order(period: AttendancePeriod, actor: User | None, **said: object) -> AttendancePeriod:
    return periods.order_closing(period_id=period.pk, actor=actor, now=AFTER, **said)


def moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=NOW.tzinfo)


# --- opening ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "first", "last"),
    [
        ("department", FIRST, LAST),
        ("group", LAST, LAST + 20 * DAY),
        ("unit", FIRST - 3 * DAY, FIRST),
    ],
)
def test_no_day_of_anybody_lies_in_two_periods(
    north: AttendancePeriod, town: Cast, where: str, first: date, last: date
) -> None:
    with pytest.raises(periods.PeriodsOverlap):
        opened(getattr(town, where), first, last)


def test_units_and_spans_beside_each_other_do_not_overlap(
    north: AttendancePeriod, town: Cast
) -> None:
    opened(town.other_unit)
    opened(town.unit, LAST + DAY, LAST + 30 * DAY)


def test_the_database_itself_refuses_a_day_that_is_closed_twice(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    row = ClosedDay.objects.first()
    other = AttendancePeriod.objects.create(
        department=town.department, starts_on=FIRST, ends_on=LAST
    )
    closing = PeriodClosing.objects.get()
    closing.pk, closing.period, closing.department = None, other, town.department
    closing.save(force_insert=True)
    row.pk, row.closing = None, closing

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_span_that_nobody_is_paid_by_is_refused(town: Cast) -> None:
    with pytest.raises(DateOutOfOrder):
        opened(town.unit, LAST, FIRST)
    with pytest.raises(periods.ImplausiblePeriod):
        opened(town.unit, FIRST, FIRST + 100 * DAY)


def test_a_unit_opens_closes_and_sees_its_own_periods_only(
    north: AttendancePeriod, town: Cast
) -> None:
    with pytest.raises(NotFound):
        periods.open_period(
            department=town.unit, starts_on=LAST + DAY, ends_on=LAST + 9 * DAY,
            actor=town.other_hr, now=AFTER,
        )  # fmt: skip
    with pytest.raises(NotFound):
        order(north, town.other_hr)
    # A supervisor of one department does not close the unit, nor see its period.
    with pytest.raises(NotFound):
        order(north, town.bob.user)
    for stranger in (town.other_hr, town.bob.user, town.carol.user):
        assert not AttendancePeriod.objects.visible_to(stranger).exists()
    closing = close(north)
    assert list(PeriodClosing.objects.visible_to(town.hr)) == [closing]
    assert not PeriodClosing.objects.visible_to(town.other_hr).exists()
    assert {row.number for row in ClosedDay.objects.all()} == {"00101", "00102"}


def test_a_period_that_was_never_closed_can_be_taken_away(
    north: AttendancePeriod, town: Cast
) -> None:
    periods.remove_period(period_id=north.pk, actor=town.hr, now=AFTER)
    assert not AttendancePeriod.objects.exists()

    again = opened(town.unit)
    close(again)
    with pytest.raises(periods.WrongState):
        periods.remove_period(period_id=again.pk, actor=town.hr, now=AFTER)


# --- what hinders ----------------------------------------------------------------------------


def test_a_period_is_closed_from_the_day_after_its_last_one(
    north: AttendancePeriod, town: Cast
) -> None:
    with pytest.raises(periods.NotOver):
        periods.order_closing(period_id=north.pk, actor=town.hr, now=moment(LAST, 12))


@pytest.mark.parametrize("what", ["waiting", "pending", "news"])
def test_what_may_still_change_hinders_a_closing_whoever_confirms_it(
    north: AttendancePeriod, town: Cast, what: str
) -> None:
    if what == "waiting":
        days.wake([(town.alice.pk, MIDDLE)], cause="ordered", now=AFTER)
    elif what == "news":
        Change.objects.create(reason="rule", department=town.unit, starts_on=MIDDLE)
    else:
        AttendanceDay.objects.filter(work_date=MIDDLE).update(status="pending")

    with pytest.raises(periods.NotReadyToClose):
        order(north, town.hr, typed="N", seen={what: 9})
    north.refresh_from_db()
    assert north.state == "open"


def test_days_of_another_unit_hinder_nobody(north: AttendancePeriod, town: Cast) -> None:
    days.wake([(town.carol.pk, MIDDLE)], cause="ordered", now=AFTER)

    assert [one.number for one in look(ToClose(north)) if one.check.is_hard] == [0] * 4
    order(north, town.hr)


def test_what_is_still_open_is_confirmed_by_typing_and_kept(
    north: AttendancePeriod, town: Cast
) -> None:
    AttendanceDay.objects.filter(work_date=MIDDLE).update(is_provisional=True)
    both = {"provisional": 2}
    for said in (
        {},
        {"typed": "N"},
        {"seen": both},
        {"typed": "S", "seen": both},
        {"typed": "N", "seen": {"provisional": 1}},
    ):
        with pytest.raises(periods.NotConfirmed):
            order(north, town.hr, **said)

    order(north, town.hr, typed="N", seen=both)
    closing = periods.finish_closing(period_id=north.pk, now=AFTER)

    assert closing.confirmed == {"counts": {"provisional": 2}, "typed": "N"}
    assert closing.closed_by == town.hr
    entry = AuditEntry.objects.get(verb="period.closed")
    assert entry.facts["confirmed"] == {"provisional": 2}
    assert entry.facts["checksum"] == closing.checksum


def test_what_became_more_than_was_confirmed_gives_the_order_back(
    north: AttendancePeriod, town: Cast
) -> None:
    order(north, town.hr)
    AttendanceDay.objects.filter(work_date=MIDDLE).update(is_provisional=True)

    assert periods.finish_closing(period_id=north.pk, now=AFTER) is None

    north.refresh_from_db()
    assert north.state == "open"
    assert "2" in north.problem
    assert not ClosedDay.objects.exists()


def test_an_app_above_adds_its_own_check(north: AttendancePeriod, town: Cast) -> None:
    def corrections_there(to_close: ToClose) -> object:
        return Correction.objects.filter(to_close.has_day())

    register_check(Check("mine", "Mine", True, corrections_there))
    try:
        for person in (town.alice, town.carol):
            corrections.record_correction(
                employee=person, work_date=MIDDLE, slot="in", reason="seen",
                corrected_at=moment(MIDDLE, 1), actor=None, now=AFTER,
            )  # fmt: skip
        days.judge_all(now=AFTER)

        assert {one.check.key: one.number for one in look(ToClose(north))}["mine"] == 1
        with pytest.raises(periods.NotReadyToClose):
            order(north, town.hr)
    finally:
        del _checks["mine"]


# --- decisions about days that have been paid ------------------------------------------------


def decisions(town: Cast, **more: str) -> list[object]:
    about = {"employee": town.alice, "actor": None, "now": AFTER, **more}
    return [
        lambda: corrections.record_correction(
            work_date=MIDDLE, slot="in", corrected_at=moment(MIDDLE, 1), reason="seen", **about
        ),
        lambda: absences.add_absence(
            kind="leave", starts_at=moment(MIDDLE - 40 * DAY, 1), ends_at=moment(MIDDLE, 9),
            reason="ill", **about,
        ),
        lambda: absences.approve_overtime(
            work_date=MIDDLE, starts_at=moment(MIDDLE, 10), ends_at=moment(MIDDLE, 12), **about
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(3))
def test_nobody_decides_about_paid_days_but_as_an_adjustment_with_a_reason(
    north: AttendancePeriod, town: Cast, number: int
) -> None:
    close(north)
    with pytest.raises(periods.PeriodClosed) as refused:
        decisions(town)[number]()
    assert str(north) in str(refused.value)
    with pytest.raises(periods.PeriodClosed):
        decisions(town, as_adjustment="  ")[number]()

    decisions(town, as_adjustment="found in the drawer")[number]()

    last = AuditEntry.objects.order_by("pk").last()
    assert last.facts["as_adjustment"] == "found in the drawer"


def test_while_a_period_is_being_closed_nobody_decides_about_its_days(
    north: AttendancePeriod, town: Cast
) -> None:
    order(north, town.hr)

    assert periods.is_closed(town.alice, MIDDLE)
    assert not periods.is_closed(town.carol, MIDDLE)
    assert not periods.is_closed(town.alice, LAST + DAY)


def test_an_absence_up_to_midnight_does_not_touch_the_next_date(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    first = datetime(2026, 4, 1, tzinfo=days.ZoneInfo("Asia/Shanghai"))
    absences.add_absence(
        employee=town.alice, kind="leave", starts_at=first, ends_at=first + DAY, reason="ill",
        actor=None, now=AFTER,
    )  # fmt: skip


# --- whose days ------------------------------------------------------------------------------


def move(town: Cast, on: date) -> None:
    people.transfer(
        employee_id=town.alice.pk, department=town.other_department, position=None,
        effective_on=on, actor=None, now=AFTER,
    )  # fmt: skip


def test_pe17_days_are_closed_by_the_department_of_their_date(town: Cast) -> None:
    move(town, MIDDLE)
    judge()

    close(opened(town.unit))
    close(opened(town.other_unit))

    own = ClosedDay.objects.filter(employee=town.alice).order_by("work_date")
    units = [row.closing.department for row in own]
    assert units == [town.unit] * 15 + [town.other_unit] * 16
    assert periods.is_closed(town.alice, MIDDLE - DAY)


def sums(where: object, employee: Employee, day: date) -> int:
    """Return what a unit has paid, or will, of a day: the minutes that were short."""
    rows = ClosedDay.objects.in_force().filter(
        closing__department=where, employee=employee, work_date=day
    )
    found = Adjustment.objects.in_force().filter(
        closing__department=where, employee=employee, work_date=day
    )
    paid = sum(row.required_minutes for row in rows)
    return paid + int(sum(one.difference("required_minutes") for one in found))


def test_a_transfer_that_is_entered_late_moves_the_days_from_one_account_to_the_other(
    town: Cast,
) -> None:
    judge()
    for unit in (town.unit, town.other_unit):
        close(opened(unit))
    assert (sums(town.unit, town.alice, MIDDLE), sums(town.other_unit, town.alice, MIDDLE)) == (
        480, 0,
    )  # fmt: skip

    move(town, MIDDLE)
    days.take_in_changes(now=AFTER)
    days.judge_all(now=AFTER)

    assert (sums(town.unit, town.alice, MIDDLE), sums(town.other_unit, town.alice, MIDDLE)) == (
        0, 480,
    )  # fmt: skip
    assert sums(town.unit, town.alice, MIDDLE - DAY) == 0  # a Sunday
    assert sums(town.unit, town.alice, MIDDLE - 3 * DAY) == 480
    seen = Adjustment.objects.visible_to(town.other_hr)
    assert {one.department for one in seen} == {town.other_department}

    people.withdraw_transfer(employee_id=town.alice.pk, actor=None, now=AFTER)
    days.take_in_changes(now=AFTER)
    days.judge_all(now=AFTER)
    assert (sums(town.unit, town.alice, MIDDLE), sums(town.other_unit, town.alice, MIDDLE)) == (
        480, 0,
    )  # fmt: skip


def test_somebody_who_is_hired_late_into_a_closed_period_is_an_adjustment(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    dan = people.hire(
        number="00103", name="Dan", department=town.department, joined_on=MIDDLE, now=AFTER
    )
    days.take_in_changes(now=AFTER)
    days.judge_all(now=AFTER)

    first = Adjustment.objects.get(employee=dan, work_date=MIDDLE)
    assert (first.before["status"], first.after["status"]) == ("", "absent")

    judge(date(2026, 4, 1), date(2026, 4, 30), NEXT)
    april = csv_of(close(opened(town.unit, date(2026, 4, 1), date(2026, 4, 30)), NEXT)).decode()
    assert sum(line.startswith("adjustment,00103,Dan") for line in april.splitlines()) == 16


def test_a_department_that_moved_is_closed_by_the_unit_of_the_date(
    town: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge()
    people.move_department(
        department_id=town.department.pk, parent=town.other_unit, actor=None,
        now=moment(MIDDLE, 4),
    )  # fmt: skip
    days.take_in_changes(now=AFTER)
    judge()

    close(opened(town.unit))
    close(opened(town.other_unit))

    own = ClosedDay.objects.filter(employee=town.alice).order_by("work_date")
    units = [row.closing.department.code for row in own]
    assert units == ["N"] * 15 + ["S"] * 16


def test_a_period_from_the_26th_to_the_25th_is_closed_like_a_month(town: Cast) -> None:
    first, last = date(2026, 2, 26), date(2026, 3, 25)
    judge(first, last)

    closing = close(opened(town.unit, first, last))

    assert closing.days == 2 * 28
    assert periods.is_closed(town.alice, last)
    assert not periods.is_closed(town.alice, last + DAY)
    opened(town.unit, date(2026, 3, 26), date(2026, 4, 25))


# --- reopening -------------------------------------------------------------------------------


def ask(period: AttendancePeriod, actor: User, reason: str = "a wrong rule") -> Reopening:
    return periods.ask_reopening(period_id=period.pk, reason=reason, actor=actor, now=AFTER)


def grant(asked: Reopening, actor: User, verdict: str = "granted") -> AttendancePeriod:
    return periods.decide_reopening(reopening_id=asked.pk, verdict=verdict, actor=actor, now=AFTER)


def test_a06_a_lock_is_lifted_by_two_people(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    """A-06: not by one, be it a super administrator, and not by somebody of another unit."""
    close(north)
    with pytest.raises(periods.ReasonMissing):
        ask(north, town.hr, "  ")
    with pytest.raises(NotFound):
        ask(north, town.other_hr)
    asked = ask(north, town.hr)
    with pytest.raises(periods.AskedAlready):
        ask(north, colleague)
    with pytest.raises(periods.SecondPersonNeeded):
        grant(asked, town.hr)
    with pytest.raises(NotFound):
        grant(asked, town.other_hr)
    with pytest.raises(NotFound):
        grant(asked, town.bob.user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reopening.objects.filter(pk=asked.pk).update(decided_by=town.hr, verdict="granted")
    north.refresh_from_db()
    assert north.state == "closed"

    grant(asked, colleague)

    north.refresh_from_db()
    assert (north.state, north.closing) == ("reopened", None)
    told = AuditEntry.objects.get(verb="period.reopened")
    assert (told.actor, told.facts["asked_by"], told.facts["reason"]) == (
        colleague, "n_hr", "a wrong rule",
    )  # fmt: skip
    assert AuditEntry.objects.filter(verb="period.reopening_asked", actor=town.hr).exists()


def test_a06_a_super_administrator_does_not_lift_it_alone(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    asked = ask(north, town.superuser)

    with pytest.raises(periods.SecondPersonNeeded):
        grant(asked, town.superuser)


def test_what_is_refused_stays_closed_and_is_decided_once(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    close(north)
    asked = ask(north, town.hr)
    grant(asked, colleague, "refused")
    with pytest.raises(periods.WrongState):
        grant(asked, colleague)
    north.refresh_from_db()
    assert north.state == "closed"
    assert ask(north, colleague).verdict == ""


def test_a_reopened_period_is_decided_about_and_closed_again_under_the_next_number(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    first = close(north)
    file = csv_of(first)
    for decide in decisions(town, as_adjustment="late")[:1]:
        decide()
    days.judge_all(now=AFTER)
    assert Adjustment.objects.pending().exists()
    grant(ask(north, town.hr), colleague)
    assert not Adjustment.objects.pending().exists()
    decisions(town)[2]()

    second = close(north)

    assert (second.number, second.previous) == (2, first)
    assert csv_of(first) == file
    assert csv_of(second) != file
    assert not Adjustment.objects.pending().exists()
    assert not AttendancePeriod.objects.filter(closing=first).exists()


def test_what_a_later_closing_took_over_is_reopened_after_that_one(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    close(north)
    decisions(town, as_adjustment="late")[0]()
    days.judge_all(now=AFTER)
    judge(date(2026, 4, 1), date(2026, 4, 30), NEXT)
    april = opened(town.unit, date(2026, 4, 1), date(2026, 4, 30))
    assert close(april, NEXT).adjustments == 1
    with pytest.raises(periods.LaterPeriodClosed):
        ask(north, town.hr)

    grant(ask(april, town.hr), colleague)
    assert Adjustment.objects.pending().count() == 1
    grant(ask(north, town.hr), colleague)
    close(north, NEXT)

    # March is right by itself now, so April takes nothing over any more.
    assert close(april, NEXT).adjustments == 0


# --- proofs ----------------------------------------------------------------------------------


def test_the_command_names_the_first_closing_that_differs(
    north: AttendancePeriod, town: Cast
) -> None:
    closing = close(north)
    said = StringIO()
    call_command("verify_closings", stdout=said)
    assert "1 closings were checked; nothing was changed." in said.getvalue()
    seal_new_rows(now=AFTER)

    with lifted():
        ClosedDay.objects.filter(employee=town.alice, work_date=MIDDLE).update(late_minutes=1)

    with pytest.raises(CommandError, match=f"Closing {closing.pk}, .* is not as it was closed"):
        call_command("verify_closings")
    [finding] = check(label="attendance.closedday").findings
    altered = ClosedDay.objects.get(employee=town.alice, work_date=MIDDLE)
    assert finding.key == altered.pk


def test_the_task_closes_what_is_ordered_and_nothing_twice(
    north: AttendancePeriod, town: Cast
) -> None:
    from attendance.tasks import close_ordered_periods

    order(north, town.hr)

    assert close_ordered_periods.apply().get() == 1
    assert close_ordered_periods.apply().get() == 0
    assert PeriodClosing.objects.count() == 1
    assert not WaitingDay.objects.exists()


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_no_period_absence_or_overtime_is_of_a_year_that_no_calendar_reaches(
    town: Cast, day: date
) -> None:
    span = {"starts_at": moment(day, 9), "ends_at": moment(day, 18)}
    about = {"employee": town.alice, "actor": town.hr, "now": AFTER, **span}

    with pytest.raises(DateOutOfOrder):
        periods.open_period(
            department=town.unit, starts_on=day, ends_on=day, actor=town.hr, now=AFTER
        )
    with pytest.raises(absences.ImplausibleSpan):
        absences.add_absence(kind="leave", reason="ill", **about)
    with pytest.raises(absences.ImplausibleSpan):
        absences.approve_overtime(work_date=day, **about)
