from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from approvals import services
from approvals.errors import (
    AfterItsShift,
    AllowanceSpent,
    AskedAlready,
    BeforeItsShift,
    InTheFuture,
    NoSuchFinding,
    NothingOwed,
    QuotaSpent,
    TooLate,
)
from approvals.models import Allowance, Request
from approvals.services.limits import days_taken, taken_of
from approvals.tests.office import DAY, NOW, approve, ask, at, publish, punch, reject, result
from attendance.models import Punch
from attendance.services.absences import ImplausibleSpan
from attendance.services.corrections import CorrectedAlready, TooFarFromItsDay, UnknownSlot
from attendance.signals import punch_was_held
from organization import roles
from organization.errors import NotFound
from scheduling.models import CalendarYear
from scheduling.pattern import Flexible, ShiftPattern
from scheduling.pattern import Kind as PatternKind
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
FRIDAY, MONDAY = date(2026, 9, 4), date(2026, 9, 7)


def about(cast: Cast, **other):
    return {"employee": cast.alice, "actor": cast.alice.user, "now": NOW, "reason": "So"} | other


def leave(cast: Cast, first=DAY, last=DAY, **other) -> Request:
    facts = {"kind": "leave", "leave_type": "annual"} | other
    return services.submit_days(first=first, last=last, **about(cast, **facts))


def test_only_the_person_or_whoever_configures_there_asks(office: Cast):
    for stranger in (office.bob.user, office.carol.user, office.other_hr):
        with pytest.raises(NotFound):
            ask(office.alice, actor=stranger)
    assert ask(office.alice, actor=office.hr).submitted_by == office.hr


def test_a_slot_is_asked_for_once(office: Cast):
    first = ask(office.alice)
    with pytest.raises(AskedAlready):
        ask(office.alice)

    reject(first, office.bob)
    approve(ask(office.alice), office.bob)
    with pytest.raises((AskedAlready, CorrectedAlready)):
        ask(office.alice)


@pytest.mark.parametrize("slot", ["noon", "in2", "out0", ""])
def test_a_slot_that_the_day_has_not_is_none(office: Cast, slot: str):
    with pytest.raises(UnknownSlot):
        ask(office.alice, slot=slot)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_request_says_why(office: Cast, reason: str):
    with pytest.raises(ValidationError):
        ask(office.alice, reason=reason)
    assert not Request.objects.exists()


def test_the_rule_says_how_many_how_far_back_and_until_when(office: Cast):
    publish(office, make_up_per_month=1, make_up_days_back=3, make_up_cutoff_day=5)
    ask(office.alice, now=datetime(2026, 9, 4, 10, tzinfo=UTC))
    with pytest.raises(QuotaSpent) as spent:
        ask(office.alice, slot="in", now=datetime(2026, 9, 4, 10, tzinfo=UTC))
    assert spent.value.facts == {"limit": 1, "first": "2026-09-01", "last": "2026-09-30"}

    with pytest.raises(TooLate) as late:
        ask(office.bob, now=datetime(2026, 9, 5, 10, tzinfo=UTC))
    assert late.value.facts["last_on"] == "2026-09-04"


def test_the_last_day_to_ask_lies_in_the_month_after_the_period(office: Cast):
    publish(office, make_up_cutoff_day=5, period_starts_on_day=26, make_up_days_back=90)

    ask(office.alice, now=datetime(2026, 10, 5, 10, tzinfo=UTC))
    with pytest.raises(TooLate):
        ask(office.bob, now=datetime(2026, 10, 6, 10, tzinfo=UTC))


def test_the_share_is_that_of_the_period_that_is_paid(office: Cast):
    publish(office, make_up_per_month=1, period_starts_on_day=26)
    last, first = date(2026, 9, 25), date(2026, 9, 28)
    now = datetime(2026, 9, 30, tzinfo=UTC)

    for day in (last, first):
        ask(office.alice, work_date=day, corrected_at=at("18:00", day), now=now)

    assert Request.objects.count() == 2


def test_what_was_rejected_or_withdrawn_takes_no_share(office: Cast):
    publish(office, make_up_per_month=1)
    reject(ask(office.alice), office.bob)
    taken = ask(office.alice, slot="in", corrected_at=at("9:00"))
    services.withdraw(request_id=taken.pk, actor=office.alice.user, now=NOW)

    assert ask(office.alice).status == "waiting"


def test_a_day_of_leave_is_its_shift_and_half_a_day_ends_at_the_break(office: Cast):
    whole, morning = leave(office), leave(office, FRIDAY, FRIDAY, until_noon=True)

    assert (whole.starts_at, whole.ends_at, whole.amount_days) == (at("9:00"), at("18:00"), 1)
    assert morning.ends_at == at("12:00", FRIDAY)
    assert float(morning.amount_days) == 0.5


def test_an_afternoon_until_a_morning_over_a_weekend_is_one_day(office: Cast):
    request = leave(office, FRIDAY, MONDAY, from_noon=True, until_noon=True)

    assert request.starts_at == at("13:00", FRIDAY)
    assert request.ends_at == at("12:00", MONDAY)
    assert float(request.amount_days) == 1


def test_half_a_day_of_leave_and_the_other_half_worked_is_a_normal_day(office: Cast):
    punch(office.alice, "13:00")
    punch(office.alice, "18:00")

    approve(leave(office, until_noon=True), office.bob)

    found = result(office.alice)
    assert (found.status.value, found.leave, found.worked) == ("normal", 180, 300)


@pytest.mark.parametrize(
    "span",
    [
        {"first": date(2026, 9, 5), "last": date(2026, 9, 6)},
        {"first": FRIDAY, "last": DAY},
        {"first": DAY, "last": DAY, "from_noon": True, "until_noon": True},
    ],
)
def test_leave_without_working_time_is_none(office: Cast, span):
    with pytest.raises(NothingOwed):
        leave(office, **span)


def test_leave_of_more_than_a_year_is_a_typing_mistake(office: Cast):
    with pytest.raises(ImplausibleSpan):
        leave(office, DAY, date(2062, 9, 1))


def test_leave_names_its_kind_and_nothing_else_does(office: Cast):
    for odd in ({"leave_type": ""}, {"leave_type": "sabbatical"}):
        with pytest.raises((ValidationError, AskedAlready)):
            leave(office, **odd)
    with pytest.raises(ValidationError):
        leave(office, kind="holiday")


def test_the_same_hours_are_asked_for_once(office: Cast):
    leave(office)
    with pytest.raises(AskedAlready):
        leave(office, until_noon=True)
    assert leave(office, kind="outing", leave_type="").kind == "outing"


def test_hours_of_leave_are_a_part_of_their_day(office: Cast):
    request = services.submit_hours(
        kind="leave", leave_type="annual", starts_at=at("10:00"), ends_at=at("14:00"),
        **about(office),
    )  # fmt: skip

    assert request.amount_days == Decimal("0.375")


def test_an_allowance_limits_its_kind_and_its_year(office: Cast):
    Allowance.objects.create(employee=office.alice, leave_type="annual", year=2026, days=1.5)
    leave(office)
    with pytest.raises(AllowanceSpent) as spent:
        leave(office, FRIDAY, FRIDAY)
    assert (spent.value.facts["left"], spent.value.facts["asked"]) == ("0.5", "1")

    leave(office, FRIDAY, FRIDAY, until_noon=True)
    leave(office, MONDAY, MONDAY, leave_type="sick")
    leave(office, date(2027, 1, 4), date(2027, 1, 4))


def test_an_appeal_is_against_something_that_was_found(office: Cast):
    punch(office.alice, "9:40")
    punch(office.alice, "18:00")
    with pytest.raises(NoSuchFinding):
        services.submit_appeal(work_date=DAY, slot="out", **about(office))

    appeal = services.submit_appeal(work_date=DAY, slot="in", **about(office))
    assert (appeal.anomaly, appeal.corrected_at) == ("time", at("9:00"))
    approve(appeal, office.bob)

    assert result(office.alice).status == "normal"


def test_an_appeal_against_a_refused_punch_lets_it_count(office: Cast):
    made = punch(office.alice, "8:58", is_held=True)
    punch(office.alice, "18:00")
    punch_was_held.send(sender=Punch, punch=made, anomalies=["device"], now=NOW)
    with pytest.raises(NoSuchFinding):
        services.submit_appeal(work_date=DAY, punch=made, **about(office))
    reject(Request.objects.get(), office.bob)

    approve(services.submit_appeal(work_date=DAY, punch=made, **about(office)), office.bob)

    assert result(office.alice).status == "normal"


def test_nobody_appeals_for_another_persons_punch(office: Cast):
    theirs = punch(office.bob, "8:58", is_held=True)
    punch_was_held.send(sender=Punch, punch=theirs, anomalies=[], now=NOW)
    reject(Request.objects.get(), office.hr)

    with pytest.raises(NoSuchFinding):
        services.submit_appeal(work_date=DAY, punch=theirs, **about(office))


def test_overtime_lies_around_its_day(office: Cast):
    for starts, ends in ((at("20:00"), at("18:00")), (at("18:00"), at("60:00"))):
        with pytest.raises((NothingOwed, ImplausibleSpan)):
            services.submit_overtime(work_date=DAY, starts_at=starts, ends_at=ends, **about(office))


def test_a_held_punch_of_somebody_whom_nobody_decides_about_still_opens_its_request(office: Cast):
    for held in office.hr.assignments.all():
        roles.end(assignment_id=held.pk, actor=None, now=NOW)
    made = punch(office.bob, "8:58", is_held=True)

    punch_was_held.send(sender=Punch, punch=made, anomalies=["out_of_fence"], now=NOW)

    step = Request.objects.get().steps.get()
    assert [row.user for row in step.deciders.all()] == [office.superuser]
    assert [code for code, _name, _where in step.reasons][-1] == "administrator"


def test_time_passes_between_asking_and_the_month_after(office: Cast):
    """Waiting requests of last month take nothing of this one."""
    publish(office, make_up_per_month=1, make_up_days_back=90, make_up_cutoff_day=28)
    august = date(2026, 8, 31)
    ask(office.alice, work_date=august, corrected_at=at("18:00", august))

    assert ask(office.alice, now=NOW + timedelta(hours=1)).status == "waiting"


# --- what belongs to which date and year ---------------------------------------------------------


def test_what_is_missing_is_no_matter_of_appeal(office: Cast):
    """Else an appeal would go past the number of make-ups."""
    punch(office.alice, "8:58")

    with pytest.raises(NoSuchFinding):
        services.submit_appeal(work_date=DAY, slot="out", **about(office))


def test_a_make_up_is_not_for_a_date_to_come(office: Cast):
    """Though the moment has passed: tomorrow's shift opens tomorrow."""
    now = at("19:00")
    with pytest.raises(InTheFuture):
        ask(
            office.alice,
            work_date=DAY + timedelta(days=1),
            slot="in",
            corrected_at=at("18:30"),
            now=now,
        )


def test_a_make_up_before_its_shift_opens_is_none(office: Cast):
    with pytest.raises(BeforeItsShift):
        ask(office.alice, slot="in", corrected_at=at("5:30"))
    with pytest.raises(TooFarFromItsDay):
        ask(
            office.alice,
            corrected_at=at("18:00", DAY + timedelta(days=9)),
            now=at("12:00", DAY + timedelta(days=20)),
        )
    assert ask(office.alice, slot="in", corrected_at=at("6:00")).status == "waiting"


def test_a_make_up_after_its_window_has_closed_is_none(office: Cast):
    """The window of 9:00 to 18:00 ends at midnight: a punch of the next day would earn nothing."""
    later = at("12:00", DAY + timedelta(days=1))

    with pytest.raises(AfterItsShift):
        ask(office.alice, corrected_at=at("9:30", DAY + timedelta(days=1)), now=later)

    assert ask(office.alice, corrected_at=at("23:59"), now=later).status == "waiting"


def test_whoever_came_late_by_flexible_hours_asks_for_the_end_that_they_owed(office: Cast):
    """From 12:00 to 21:00, of hours that move by three and a window that closes two after 18:00."""
    shift = add_shift(
        code="FLEX", name="Moving", department=office.department, valid_from=date(2026, 1, 1),
        now=NOW,
        pattern=ShiftPattern(
            kind=PatternKind.FLEXIBLE, segments=((540, 1080),), window_before=60, window_after=120,
            flexible=Flexible(early_max=60, late_max=180),
        ),
    )  # fmt: skip
    assign_shift(employee=office.alice, shift=shift, starts_on=date(2026, 1, 1),
                 weekdays="1234567", now=NOW)  # fmt: skip
    punch(office.alice, "12:00")

    with pytest.raises(AfterItsShift):
        ask(office.alice, corrected_at=at("23:01"), now=at("12:00", DAY + timedelta(days=1)))
    approve(ask(office.alice, corrected_at=at("21:00")), office.bob)

    found = result(office.alice)
    assert (found.status.value, found.worked) == ("normal", 540)


def test_leave_over_new_year_takes_each_year_its_own_days(office: Cast):
    """Thursday 31 December to Friday 8 January: one day of the old year, six of the new."""
    CalendarYear.objects.get_or_create(year=2027, defaults={"state": "announced"})
    for year, left in ((2026, 1), (2027, 6)):
        Allowance.objects.create(employee=office.alice, leave_type="annual", year=year, days=left)

    request = leave(office, date(2026, 12, 31), date(2027, 1, 8))

    assert (request.amount_days, request.days_next_year) == (7, 6)
    assert [days_taken(office.alice, "annual", year) for year in (2026, 2027)] == [1, 6]
    for day in (date(2026, 12, 30), date(2027, 1, 11)):
        with pytest.raises(AllowanceSpent) as spent:
            leave(office, day, day)
        assert (spent.value.facts["year"], spent.value.facts["left"]) == (day.year, "0")
    used = Allowance.objects.annotate(used=taken_of()).order_by("year")
    assert [row.used for row in used] == [1, 6]


def test_hours_after_midnight_belong_to_the_evening_of_their_shift(office: Cast):
    night = add_shift(
        code="N", name="Night", department=office.group, valid_from=date(2026, 1, 1), actor=None,
        now=NOW, pattern=ShiftPattern(segments=((1320, 1800),)),
    )  # fmt: skip
    assign_shift(
        employee=office.alice, shift=night, starts_on=date(2026, 8, 1), actor=None, now=NOW
    )

    request = services.submit_hours(
        kind="leave", leave_type="sick", starts_at=at("0:00"), ends_at=at("6:00"), **about(office)
    )

    assert request.work_date == date(2026, 8, 31)
    assert request.amount_days == Decimal("0.75")
