"""The demo company: loaded into an empty database only, and taken away without a trace."""

import io
from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from attendance.models import Absence, AttendanceDay, Correction, Punch, WaitingDay
from attendance.services.days import judge_all
from config import demo
from organization import services
from organization.access import Action, departments_for
from organization.models import AuditEntry, Change, Department, Employee, Transfer, User
from scheduling.models import CalendarDay, RosterEntry, Shift, ShiftVersion

# A Monday in March: last month holds the Spring Festival with its moved working days.
NOW = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)


def load(now=NOW):
    said = []
    demo.load(now=now, password="four plain words", say=said.append)
    return said


def everything():
    """Return how many rows there are of each kind."""
    kinds = (model for model in apps.get_models() if not model._meta.proxy)
    return {model._meta.label: model._base_manager.count() for model in kinds}


@pytest.fixture
def loaded(db):
    load()


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


def test_the_same_day_gives_the_same_company(db):
    def told():
        return (
            list(Employee.objects.values_list("number", "name", "joined_on")),
            list(Punch.objects.order_by("pk").values_list("employee__number", "punched_at")),
        )

    load()
    first = told()
    demo.remove(now=NOW, say=str)
    load()

    assert told() == first


@pytest.mark.parametrize("day", [1, 28])
@pytest.mark.parametrize("month", [1, 5, 10, 12])
def test_it_loads_on_any_day_of_the_year(db, month, day):
    load(now=datetime(2026, month, day, 2, 0, tzinfo=UTC))

    assert Employee.objects.count() == 300


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


def test_log_ins_work_with_the_password_that_is_printed(db, client, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "four plain words")
    out = io.StringIO()

    call_command("demo", stdout=out)

    assert "Password of all of them: four plain words" in out.getvalue()
    for login in demo.LOGINS:
        assert login.username in out.getvalue()
        assert client.login(username=login.username, password="four plain words")


def test_without_a_password_in_the_environment_it_makes_one(db, monkeypatch):
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    out = io.StringIO()

    call_command("demo", stdout=out)

    said = out.getvalue().rsplit("all of them: ", 1)[1].strip()
    assert len(said) >= 12
    assert User.objects.get(username="admin").check_password(said)


def hire_somebody_real():
    room = services.add_department(name="Real", code="REAL", parent=None, now=NOW)
    return services.hire(
        number="1", name="Real Person", department=room, joined_on=date(2026, 1, 1), now=NOW
    )


def test_it_never_comes_to_people_who_are_there_already(db):
    hire_somebody_real()
    before = everything()

    with pytest.raises(CommandError, match="holds employees already"):
        call_command("demo")

    assert everything() == before


def test_it_is_not_loaded_twice(loaded):
    with pytest.raises(CommandError, match="holds employees already"):
        call_command("demo")


def test_it_takes_nobodys_log_in(db):
    User.objects.create_superuser("admin", password="their own")

    with pytest.raises(CommandError, match="admin"):
        call_command("demo")


def test_it_goes_away_with_everything_that_hangs_on_it(loaded):
    judge_all(now=NOW)
    admin = User.objects.get(username="admin")
    person = Employee.objects.get(number="10010")
    services.transfer(
        employee_id=person.pk,
        department=person.department.parent,
        position=None,
        effective_on=date(2026, 3, 1),
        actor=admin,
        now=NOW,
    )

    call_command("demo", "--remove", stdout=io.StringIO())

    left = {label: count for label, count in everything().items() if count}
    # The calendar of the state is true for everybody, and the log says what was done.
    assert left.keys() - {"auth.Permission", "contenttypes.ContentType"} == {
        "organization.AuditEntry",
        "organization.Change",
        "scheduling.CalendarDay",
        "scheduling.CalendarSource",
        "scheduling.CalendarYear",
    }
    assert not CalendarDay.objects.filter(kind__in=CalendarDay.COMPANY_KINDS).exists()
    assert set(AuditEntry.objects.values_list("verb", flat=True)) <= {
        "calendar.applied",
        "demo.removed",
    }


def test_what_was_there_before_stays(db):
    real = User.objects.create_superuser("root", password="their own")
    load()

    demo.remove(now=NOW, say=str)

    assert list(User.objects.all()) == [real]


def test_it_stays_where_real_people_have_joined_it(loaded):
    hire_somebody_real()
    before = everything()

    with pytest.raises(CommandError, match="1 Real Person"):
        call_command("demo", "--remove")

    assert everything() == before


def test_there_is_nothing_to_remove_where_nothing_was_loaded(db):
    with pytest.raises(CommandError, match="holds no demo company"):
        call_command("demo", "--remove")


def test_facts_refuse_to_be_changed_again_after_the_removal(loaded):
    demo.remove(now=NOW, say=str)
    load()

    with pytest.raises(Exception, match="never changed"):
        Punch.objects.update(is_held=False)


def test_shifts_are_sound_and_have_one_version(loaded):
    assert ShiftVersion.objects.count() == Shift.objects.count() == 8
