"""The demo company comes to an empty database only, and goes without a trace."""

import io
from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from approvals.models import Request
from attendance.models import Punch
from attendance.services.days import judge_all
from config import demo
from organization import services
from organization.models import AuditEntry, Employee, User
from organization.seals.checking import check
from organization.seals.making import seal_new_rows
from scheduling.models import CalendarDay

NOW = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)
ASKED = ("kind", "work_date", "slot", "corrected_at", "starts_at", "reason", "status")


def load(now=NOW):
    demo.load(now=now, password="four plain words", say=str)


def everything():
    """Return how many rows there are of each kind."""
    kinds = (model for model in apps.get_models() if not model._meta.proxy)
    return {model._meta.label: model._base_manager.count() for model in kinds}


@pytest.fixture
def loaded(db):
    load()


def test_the_same_day_gives_the_same_company_and_its_facts_are_guarded_again(db):
    def told():
        return (
            list(Employee.objects.values_list("number", "name", "joined_on")),
            list(Punch.objects.order_by("pk").values_list("employee__number", "punched_at")),
            list(Request.objects.order_by("pk").values_list("employee__number", *ASKED)),
        )

    load()
    first = told()
    demo.remove(now=NOW, say=str)
    load()

    assert told() == first
    assert check().findings == []
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Punch.objects.update(is_held=False)


# On 6 December the latest missing punch is of November, for which nobody may ask any more.
@pytest.mark.parametrize(("month", "day"), [(1, 1), (10, 1), (12, 6), (12, 31)])
def test_it_loads_on_any_day_of_the_year(db, month, day):
    load(now=datetime(2026, month, day, 2, 0, tzinfo=UTC))

    assert Employee.objects.count() == 300
    assert set(Request.objects.values_list("status", flat=True)) == {
        "waiting",
        "approved",
        "rejected",
    }


def test_log_ins_work_with_the_password_that_is_printed(db, client, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "four plain words")
    out = io.StringIO()

    call_command("demo", stdout=out)

    assert "Password of all of them: four plain words" in out.getvalue()
    for login in demo.LOGINS:
        assert login.username in out.getvalue()
        words = {"username": login.username, "password": "four plain words"}
        opened = client.post("/login/", words).status_code
        assert opened == (200 if login.is_program else 302)
        client.post("/logout/")


def test_without_a_password_in_the_environment_it_makes_one(db, monkeypatch):
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    out = io.StringIO()

    call_command("demo", stdout=out)

    said = out.getvalue().rsplit("all of them: ", 1)[1].splitlines()[0]
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

    assert seal_new_rows(now=NOW)
    assert check().findings == []
    left = {label: count for label, count in everything().items() if count}
    # The calendar of the state is true for everybody, and the log says what was done.
    assert left.keys() - {"auth.Permission", "contenttypes.ContentType"} == {
        "attendance.Notice",
        "organization.AuditEntry",
        "organization.Change",
        "organization.Role",
        "organization.Seal",
        "organization.SealWatch",
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
