"""Log-ins of programs, and the last one who could let anybody in."""

from datetime import date, timedelta

import pytest
from django.test import Client

from organization import accounts, tokens
from organization.accounts import NoPasswordForPrograms
from organization.models import Employee, User
from organization.role_errors import LastAdministrator
from tests.cast import NOW, Cast, appoint

pytestmark = pytest.mark.django_db

WORD = "correct horse battery staple"


@pytest.fixture
def program(cast: Cast) -> User:
    """A program of the northern unit that somebody gave a password behind the services' back."""
    made = User.objects.create_user("payroll", password=WORD, is_program=True)
    appoint(made, "integration_client", cast.unit)
    return made


def test_a_program_does_not_come_in_by_a_password(client: Client, program: User) -> None:
    answer = client.post("/login/", {"username": "payroll", "password": WORD})

    assert answer.status_code == 200
    assert client.get("/account/")["Location"].startswith("/login/")


def test_a_session_of_a_program_opens_nothing(client: Client, program: User) -> None:
    client.force_login(program, backend="organization.passwords.PasswordBackend")

    for page in ("/account/", "/me/", "/admin/", "/api/v1/employees/"):
        assert client.get(page).status_code in (302, 401), page


def test_a_program_comes_in_by_its_token(client: Client, program: User, cast: Cast) -> None:
    _token, key = tokens.issue(program, name="nightly", actor=cast.superuser, now=NOW)

    answer = client.get("/api/v1/employees/", headers={"authorization": f"Token {key}"})

    assert {row["number"] for row in answer.json()["results"]} == {"00101", "00102"}


def test_nobody_gives_a_program_a_password(program: User, cast: Cast) -> None:
    with pytest.raises(NoPasswordForPrograms):
        accounts.give_one_time_password(program, actor=cast.superuser, now=NOW)

    program.refresh_from_db()
    assert program.check_password(WORD)


def test_a_program_has_no_console_whatever_role_it_holds(program: User) -> None:
    program.refresh_from_db()
    assert not program.is_staff


def test_the_last_super_administrator_is_not_switched_off(cast: Cast) -> None:
    with pytest.raises(LastAdministrator):
        accounts.switch_off(cast.superuser, actor=cast.superuser, now=NOW)
    cast.superuser.refresh_from_db()
    assert cast.superuser.is_active

    second = User.objects.create_superuser("second", password=WORD)
    accounts.switch_off(cast.superuser, actor=second, now=NOW)

    assert not User.objects.get(pk=cast.superuser.pk).is_active


def test_the_last_super_administrator_who_left_stays_until_there_is_another(cast: Cast) -> None:
    Employee.objects.filter(pk=cast.alice.pk).update(user=cast.superuser, left_on=date(2026, 2, 1))

    assert accounts.switch_off_leavers(now=NOW) == 0
    assert User.objects.get(pk=cast.superuser.pk).is_active

    User.objects.create_superuser("second", password=WORD)
    assert accounts.switch_off_leavers(now=NOW + timedelta(days=1)) == 1
    assert not User.objects.get(pk=cast.superuser.pk).is_active
