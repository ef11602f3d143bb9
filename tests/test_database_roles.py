"""A-20, S-23: the role of web server and worker cannot change what is never changed."""

import os
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from attendance.services.keeping import NewPunch, record_punch
from config.celery import BELLS, app
from organization.database_grants import guarded_tables
from organization.models import AuditEntry
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db]

AT = int(NOW.timestamp()) - 3600
ROLE = f"kaoqin_app_{os.getpid()}"


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def app_role(cast: Cast) -> Iterator[Cast]:
    """Everything from here on is done by the role of web server and worker."""
    run(f"CREATE ROLE {ROLE}")
    call_command("database_grants", ROLE, "--apply", verbosity=0)
    run(f"SET ROLE {ROLE}")
    yield cast
    run("RESET ROLE")


def test_a20_every_table_of_facts_is_guarded(app_role: Cast) -> None:
    assert guarded_tables(connection) >= {
        "attendance_dayhistory",
        "attendance_punch",
        "attendance_punchdecision",
        "organization_auditentry",
        "organization_seal",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET id = id",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TRIGGER {0}_is_never_changed ON {0}",
        "DROP TABLE {} CASCADE",
    ],
    ids=lambda statement: statement.split(" {")[0],
)
def test_a20_the_role_changes_no_fact(app_role: Cast, statement: str) -> None:
    for table in sorted(guarded_tables(connection)):
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
            transaction.atomic(),
        ):
            run(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (id int)",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM django_migrations",
        "SET session_replication_role = replica",
        "COPY organization_user TO PROGRAM 'cat'",
    ],
)
def test_a20_the_role_makes_nothing_of_its_own(app_role: Cast, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be superuser"),
        transaction.atomic(),
    ):
        run(statement)


def test_a20_the_role_serves_people(app_role: Cast, client: Client) -> None:
    entered = client.post("/login/", {"username": "boss", "password": "a long word"})
    pages = ["/admin/", "/admin/organization/employee/", "/admin/attendance/punch/", "/me/"]
    seen = {address: client.get(address).status_code for address in pages}
    kept = record_punch(
        NewPunch(
            app_role.alice.pk, app_role.department.pk, AT, "Asia/Shanghai", "card", "api", "seen"
        ),
        now=NOW,
    )

    assert entered.status_code == 302
    assert set(seen.values()) == {200}
    assert kept.is_new
    assert AuditEntry.objects.filter(actor=app_role.superuser).exists()


@pytest.mark.parametrize("bell", [bell.task for bell in BELLS])
def test_a20_the_role_hears_every_bell(app_role: Cast, bell: str) -> None:
    app.loader.import_default_modules()

    app.tasks[bell].apply(throw=True)


def test_a20_the_grants_are_not_given_to_the_owner_or_to_nobody() -> None:
    with pytest.raises(CommandError, match="owns the tables"):
        call_command("database_grants", connection.settings_dict["USER"])
    with pytest.raises(CommandError, match="There is no role nobody_at_all"):
        call_command("database_grants", "nobody_at_all", "--apply")
