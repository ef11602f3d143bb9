"""The stories of people's days, each under its id, told through the services."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals import services
from approvals.errors import IllegalMove, InTheFuture, QuotaSpent, SelfDecision
from approvals.models import Request
from approvals.tests.office import DAY, NOW, approve, ask, at, publish, punch, reject, result
from attendance.evidence.demands import Demands
from attendance.evidence.said import Said, read_said
from attendance.models import AttendanceDay, Correction, DayHistory, Punch, PunchDecision
from attendance.services import days
from attendance.services.corrections import invalidate_punch
from attendance.services.making import make_punch
from attendance.signals import punch_was_held
from attendance.tests.phone import Phone
from attendance.tests.test_making import agree, draw_office
from attendance.tests.test_making import told as publish_notice
from organization.services import change_timezone
from scheduling.holidays import Kind, Reading, StatutoryDay
from scheduling.services import calendar
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def told(person, day=DAY):
    found = result(person, day)
    return found.status.value, found.late, found.missing, found.worked, found.absent_days


def judged(person, day=DAY, now=NOW) -> AttendanceDay:
    """Let the day wait, judge it, and return what is stored."""
    days.wake([(person.pk, day)], cause="ordered", now=now)
    return follow(person, day, now)


def follow(person, day=DAY, now=NOW) -> AttendanceDay:
    """Judge what waits by itself, and return what is stored."""
    days.take_in_changes(now=now)
    days.judge_all(now=now)
    return AttendanceDay.objects.get(employee=person, work_date=day)


def stored(row: AttendanceDay):
    return (
        row.status, row.late_minutes, row.missing, row.worked_minutes, float(row.absent_days),
    )  # fmt: skip


MISSING_OUT = ("missing", 0, ("out",), 0, 0)
NORMAL = ("normal", 0, (), 480, 0)


def held(person, clock="8:58") -> Request:
    made = punch(person, clock, is_held=True)
    punch_was_held.send(sender=Punch, punch=made, anomalies=["out_of_fence"], now=NOW)
    return Request.objects.get(punch=made)


def test_sq_01_a_make_up_repairs_a_missing_out(office: Cast):
    punch(office.alice, "8:58")
    assert told(office.alice) == MISSING_OUT

    request = ask(office.alice)
    assert told(office.alice) == MISSING_OUT

    before = list(Punch.objects.values())
    approve(request, office.bob)

    assert told(office.alice) == NORMAL
    assert list(Punch.objects.values()) == before


def test_sq_02_a_rejected_make_up_changes_nothing(office: Cast):
    punch(office.alice, "8:58")

    reject(ask(office.alice), office.bob)

    assert told(office.alice) == MISSING_OUT
    assert not Correction.objects.exists()


def test_sq_03_a_correction_supersedes_a_late_punch(office: Cast):
    punch(office.alice, "9:40")
    punch(office.alice, "18:00")
    assert told(office.alice) == ("late", 40, (), 440, 0)

    approve(ask(office.alice, slot="in", corrected_at=at("8:58")), office.bob)

    assert told(office.alice) == NORMAL
    assert Punch.objects.count() == 2


def test_sq_04_leave_is_approved_after_the_day_was_absent_and_then_taken_back(office: Cast):
    absent = ("absent", 0, ("in", "out"), 0, 1.0)
    assert told(office.alice) == absent

    request = services.submit_hours(
        employee=office.alice, kind="leave", leave_type="sick", reason="Ill",
        starts_at=at("9:00"), ends_at=at("18:00"), actor=office.alice.user, now=NOW,
    )  # fmt: skip
    approve(request, office.bob)
    on_leave = result(office.alice)
    assert (on_leave.status.value, on_leave.leave, on_leave.absent_days) == ("on_leave", 480, 0)

    services.revoke(request_id=request.pk, actor=office.bob.user, reason="Was there", now=NOW)

    assert told(office.alice) == absent
    request.refresh_from_db()
    assert request.status == "revoked"


def test_sq_05_outside_the_fence_the_supervisor_confirms(office: Cast):
    request = held(office.alice)
    punch(office.alice, "18:00")
    assert told(office.alice) == ("missing", 0, ("in",), 0, 0)
    assert [row.user for row in request.steps.get().deciders.all()] == [office.bob.user]

    approve(request, office.bob)

    assert told(office.alice) == NORMAL


def test_sq_06_outside_the_fence_the_supervisor_refuses(office: Cast):
    request = held(office.alice)
    punch(office.alice, "18:00")

    reject(request, office.bob)

    assert told(office.alice) == ("missing", 0, ("in",), 0, 0)
    assert Punch.objects.count() == 2
    assert PunchDecision.objects.get().verdict == "refused"


def test_sq_07_what_a_phone_sends_late_opens_a_final_day_again(office: Cast):
    publish(office, demands=Demands(methods=frozenset({"location"})))
    publish_notice()
    draw_office(office)
    agree(office.alice)
    phone = Phone()
    phone.bind(office.alice, now=at("8:00"))
    punch(office.alice, "18:00")
    row = judged(office.alice, now=at("26:00"))
    assert stored(row) == ("missing", 0, "in", 0, 0)
    assert row.closes_at is None

    content = phone.say(at=at("8:57").isoformat(), sent_at=None, offline=True)
    said, sent = read_said(content), at("32:00")
    assert isinstance(said, Said)
    make_punch(
        office.alice, said, content=content, signature=phone.sign(content), sent_at=sent, now=sent
    )
    late = Punch.objects.get(punched_at=at("8:57"))
    assert (late.received_at, late.is_held) == (sent, False)

    assert stored(follow(office.alice, now=sent)) == ("normal", 0, "", 480, 0)
    earlier = DayHistory.objects.get(day=row)
    assert (earlier.status, earlier.facts["missing"]) == ("missing", "in")


def test_sq_10_nobody_approves_their_own_make_up(office: Cast):
    punch(office.bob, "8:58")
    request = ask(office.bob)

    with pytest.raises(SelfDecision):
        approve(request, office.bob)

    assert told(office.bob) == MISSING_OUT
    assert [row.user for row in request.steps.get().deciders.all()] == [office.hr]


def test_sq_11_approving_twice_counts_once(office: Cast):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    approve(request, office.bob)

    with pytest.raises(IllegalMove):
        approve(request, office.bob)

    assert told(office.alice) == NORMAL
    assert Correction.objects.count() == 1


def test_sq_12_the_fourth_make_up_in_a_month_of_three_is_refused(office: Cast):
    punch(office.alice, "8:58", date(2026, 9, 7))
    late = NOW + timedelta(days=6)
    spent = [
        ask(office.alice, work_date=day, corrected_at=at("18:00", day), now=late)
        for day in (DAY, date(2026, 9, 2), date(2026, 9, 3))
    ]
    approve(spent[0], office.bob)

    with pytest.raises(QuotaSpent):
        ask(office.alice, work_date=date(2026, 9, 7), corrected_at=at("18:00", date(2026, 9, 7)),
            now=late)  # fmt: skip

    assert Request.objects.count() == 3
    found = result(office.alice, date(2026, 9, 7), late + timedelta(days=1))
    assert (found.status.value, found.missing) == ("missing", ("out",))


def test_sq_13_a_make_up_is_not_for_the_future(office: Cast):
    with pytest.raises(InTheFuture):
        ask(office.alice, slot="in", corrected_at=at("9:00"), now=at("8:00"))

    assert not Request.objects.exists()


def test_sq_14_a_calendar_that_is_corrected_finds_its_days(office: Cast):
    def announce(*dates: date) -> None:
        found = tuple(StatutoryDay(day, Kind.HOLIDAY, "Feast") for day in dates)
        calendar.apply_calendar(
            source=calendar.builtin_source(), reading=Reading({DAY.year: found}), actor=None,
            now=NOW,
        )  # fmt: skip

    new_year = date(DAY.year, 1, 1)
    absent = ("absent", 0, "in,out", 0, 1.0)
    announce(new_year)
    assert stored(judged(office.alice)) == absent

    announce(new_year, DAY)
    row = follow(office.alice)
    assert stored(row) == ("holiday", 0, "", 0, 0)

    announce(new_year)
    assert stored(follow(office.alice)) == absent
    assert [one.status for one in row.history.order_by("pk")] == ["absent", "holiday"]


def test_sq_15_judging_twice_leaves_one_row_and_nothing_new(office: Cast):
    punch(office.alice, "9:11")
    punch(office.alice, "18:00")
    first = judged(office.alice)
    assert stored(first) == ("late", 11, "", 469, 0)

    for _again in range(2):
        days.judge_now(employee_id=office.alice.pk, work_date=DAY, now=NOW)
        assert stored(judged(office.alice)) == ("late", 11, "", 469, 0)

    again = AttendanceDay.objects.get(employee=office.alice, work_date=DAY)
    assert (again.pk, again.digest) == (first.pk, first.digest)
    assert not DayHistory.objects.exists()


def test_sq_16_past_days_keep_the_zone_that_was_valid_on_them(office: Cast):
    punch(office.alice, "8:58")
    punch(office.alice, "18:00")
    assert stored(judged(office.alice)) == ("normal", 0, "", 480, 0)

    change_timezone(
        department_id=office.department.pk, timezone="Europe/Berlin",
        starts_on=date(2026, 10, 1), actor=None, now=NOW,
    )  # fmt: skip
    days.judge_now(employee_id=office.alice.pk, work_date=DAY, now=NOW)

    assert stored(follow(office.alice)) == ("normal", 0, "", 480, 0)
    assert not DayHistory.objects.exists()
    # From then on nine o'clock is nine in Berlin.
    later = date(2026, 10, 12)
    punch(office.alice, "14:58", later)
    punch(office.alice, "24:00", later)
    found = judged(office.alice, later, at("36:00", later))
    assert stored(found) == ("normal", 0, "", 480, 0)


def test_sq_17_a_merged_duplicate_is_invalidated_and_the_other_one_anchors_the_day(office: Cast):
    first, *_others = [punch(office.alice, clock) for clock in ("8:58", "9:01", "18:00")]
    before = list(Punch.objects.order_by("pk").values())
    assert stored(judged(office.alice)) == ("normal", 0, "", 480, 0)
    assert len(result(office.alice).records) == 2

    invalidate_punch(punch=first, reason="fraud confirmed", actor=office.bob.user, now=NOW)

    row = follow(office.alice)
    assert stored(row) == ("normal", 0, "", 479, 0)
    assert row.first_in_at == at("9:01")
    assert len(result(office.alice).records) == 2
    assert list(Punch.objects.order_by("pk").values()) == before
    said = PunchDecision.objects.get()
    assert (said.punch, said.verdict, said.reason) == (first, "refused", "fraud confirmed")
    assert row.history.get().facts["worked_minutes"] == 480


def test_sq_18_leave_of_an_hour_excuses_the_lateness_and_the_stored_day_follows(office: Cast):
    punch(office.alice, "9:11")
    punch(office.alice, "18:00")
    days.wake([(office.alice.pk, DAY)], cause="ordered", now=NOW)
    days.judge_all(now=NOW)
    row = AttendanceDay.objects.get(employee=office.alice, work_date=DAY)
    assert (row.status, row.late_minutes, row.worked_minutes) == ("late", 11, 469)

    request = services.submit_hours(
        employee=office.alice, kind="leave", leave_type="personal", reason="Bank",
        starts_at=at("9:00"), ends_at=at("10:00"), actor=office.alice.user, now=NOW,
    )  # fmt: skip
    approve(request, office.bob)
    days.judge_all(now=NOW)

    row.refresh_from_db()
    assert (row.status, row.worked_minutes, row.leave_minutes) == ("normal", 420, 60)
