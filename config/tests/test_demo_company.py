"""The demo company, looked at: it is loaded once and every test sees it whole."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from approvals.cards import inbox, read_cards
from approvals.models import Notification, Request
from attendance.models import Absence, AttendanceDay, Correction, Punch, WaitingDay
from attendance.services.days import judge_all
from config import demo
from organization.access import Action, departments_for
from organization.models import Change, Department, Employee, Transfer, User
from scheduling.models import CalendarDay, RosterEntry, Shift, ShiftVersion

# A Monday in March: last month holds the Spring Festival with its moved working days.
NOW = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def company(django_db_setup, django_db_blocker):
    """Load the company once; each test's own transaction lies inside this one."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load(now=NOW, password="four plain words", say=str)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def loaded(company, db):
    """The company, as it was loaded."""


def test_it_is_a_group_of_five_units_with_three_departments_and_300_people(loaded):
    units = Department.objects.filter(is_unit=True)

    assert [unit.children.count() for unit in units] == [3] * 5
    assert Employee.objects.count() == 300
    assert not Employee.objects.filter(position=None).exists()
    assert Employee.objects.filter(supervisor=None).count() == 1


def test_every_department_has_a_head_who_works_there(loaded):
    for department in Department.objects.select_related("head__department"):
        assert department.head.department == department


def test_two_months_of_rosters_and_punches_wait_to_be_judged(loaded):
    rosters = RosterEntry.objects.order_by("work_date")
    assert (rosters.first().work_date, rosters.last().work_date) == (
        date(2026, 2, 1),
        date(2026, 3, 31),
    )
    assert Punch.objects.order_by("punched_at").first().punched_at.date() <= date(2026, 2, 1)
    assert not Punch.objects.filter(punched_at__gt=NOW).exists()
    assert Punch.objects.filter(is_held=True).exists()
    assert Absence.objects.filter(kind=Absence.Kind.OUTING).exists()
    assert Correction.objects.exists()
    assert Transfer.objects.count() == 303
    assert WaitingDay.objects.count() > 12_000
    assert not Change.objects.filter(handled_at=None).exists()


def test_once_judged_it_shows_what_there_is_to_see(loaded):
    judge_all(now=NOW)

    seen = set(AttendanceDay.objects.values_list("status", flat=True))

    assert seen >= {
        "normal",
        "late",
        "severe_late",
        "early",
        "missing",
        "absent",
        "on_leave",
        "rest",
        "rest_overtime",
        "holiday",
        "not_required",
        "pending",
    }
    nights = AttendanceDay.objects.filter(shift__code="N", status="normal")
    assert nights.exists()
    moved = CalendarDay.objects.filter(kind=CalendarDay.Kind.SPECIAL_WORKDAY).get()
    assert AttendanceDay.objects.filter(
        work_date=moved.day, department__code="BU1-ADMIN", day_type="special_workday"
    ).exists()


def test_every_punch_belongs_to_the_department_of_its_date(loaded):
    moved = Transfer.objects.order_by("-effective_on").filter(
        employee__transfers__effective_on__lt=date(2026, 2, 1), effective_on__gte=date(2026, 2, 1)
    )
    row = moved.first()
    before = row.employee.transfers.first().department

    places = set(
        Punch.objects.filter(employee=row.employee).values_list("department_id", flat=True)
    )

    assert places == {before.pk, row.department_id}


def test_each_log_in_may_do_what_its_line_says(loaded):
    def may(username, action):
        user = User.objects.get(username=username)
        return set(departments_for(user, action).values_list("code", flat=True))

    assert User.objects.get(username="admin").is_superuser
    assert len(may("group_hr", Action.SUMMARISE)) == 21
    assert may("bu3_hr", Action.RULE) == {"BU3", "BU3-GATE", "BU3-PATROL", "BU3-CTRL"}
    assert may("supervisor", Action.DECIDE) == {"BU2-ASM"}
    assert may("supervisor", Action.RULE) == set()
    assert may("employee", Action.SEE) == set()
    assert User.objects.get(username="supervisor").employee.heads.get().code == "BU2-ASM"


def test_the_supervisor_finds_an_inbox_and_what_was_decided(loaded):
    supervisor = User.objects.get(username="supervisor")

    cards = read_cards(inbox(supervisor, now=NOW), supervisor, now=NOW)

    assert {card.request.kind for card in cards} >= {"make_up", "held_punch", "leave", "overtime"}
    assert all(card.turn for card in cards)
    missed = [card for card in cards if card.request.kind in ("make_up", "held_punch")]
    assert {change.before.label for card in missed for change in card.changes} == {"Missing punch"}
    assert all(change.is_changed for card in missed for change in card.changes)
    decided = Request.objects.exclude(status="waiting")
    assert set(decided.values_list("status", flat=True)) == {"approved", "rejected"}
    assert not decided.filter(status="rejected", settled_reason="").exists()
    assert Notification.objects.of(supervisor).unread().count() == len(cards)


def test_the_employee_has_requests_in_every_state(loaded):
    mine = Request.objects.filter(employee__user__username="employee")

    assert set(mine.values_list("status", flat=True)) == {"waiting", "approved"}
    assert set(mine.values_list("submitted_by__username", flat=True)) == {"employee"}


def test_it_is_not_loaded_twice(loaded):
    with pytest.raises(CommandError, match="holds employees already"):
        call_command("demo")


def test_shifts_are_sound_and_have_one_version(loaded):
    assert ShiftVersion.objects.count() == Shift.objects.count() == 8
