"""Punches are kept once and never changed, whoever asks and however often."""

import json
import threading
from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import ProtectedError
from guardian.shortcuts import assign_perm
from rest_framework.test import APIClient

from attendance.models import Punch
from attendance.services.keeping import NewPunch, record_punch, record_punches
from organization import services as people
from organization import tokens
from organization.models import User

NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
SECOND = int(datetime(2026, 9, 1, 0, 58, 3, tzinfo=UTC).timestamp())


def hire():
    office = people.add_department(
        name="Office", code="O", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    return people.hire(
        number="1001", name="Alice", department=office, joined_on=date(2026, 1, 5), now=NOW
    )


def seen(employee, second=SECOND, key=""):
    return NewPunch(
        employee.pk,
        employee.department_id,
        second,
        "Asia/Shanghai",
        "card",
        "api",
        key or f"seen:{employee.pk}:{second}:card",
    )


@pytest.mark.django_db
def test_a_punch_reads_back_as_it_was_told():
    employee = hire()

    kept = record_punch(seen(employee), now=NOW)

    punch = Punch.objects.get(pk=kept.punch_id)
    assert kept.is_new
    assert punch.punched_at == datetime(2026, 9, 1, 0, 58, 3, tzinfo=UTC)
    assert punch.received_at == NOW
    assert (punch.terminal, punch.is_held, punch.direction) == (None, False, "")


@pytest.mark.django_db
def test_of_equal_facts_in_one_batch_the_first_is_new():
    employee = hire()

    answers = record_punches([seen(employee), seen(employee, SECOND + 1), seen(employee)], now=NOW)

    assert [answer.is_new for answer in answers] == [True, True, False]
    assert answers[0].punch_id == answers[2].punch_id


CHANGES = {
    "UPDATE": "UPDATE attendance_punch SET method = 'face'",
    "DELETE": "DELETE FROM attendance_punch",
}
if connection.vendor == "sqlite":
    _REST = ", ".join(f.column for f in Punch._meta.local_fields if not f.primary_key)
    _REPLACE = f"INSERT OR REPLACE INTO attendance_punch (id, {_REST}) SELECT id"
    CHANGES["REPLACE by key"] = f"{_REPLACE}, {_REST} FROM attendance_punch"
    CHANGES["REPLACE by fact"] = f"{_REPLACE} + 1, {_REST} FROM attendance_punch"


@pytest.mark.django_db
@pytest.mark.parametrize("sql", CHANGES.values(), ids=CHANGES)
def test_the_database_refuses_to_change_a_punch(sql):
    record_punch(seen(hire()), now=NOW)

    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Punch.objects.get().method == "card"


@pytest.mark.django_db
@pytest.mark.needs_postgres
def test_the_database_refuses_to_empty_the_punches():
    record_punch(seen(hire()), now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            cursor.execute("TRUNCATE attendance_punch CASCADE")
    assert Punch.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda punch: punch.save(), id="save"),
        pytest.param(lambda punch: punch.delete(), id="delete"),
        pytest.param(lambda punch: Punch.objects.all().delete(), id="delete all"),
        pytest.param(lambda punch: Punch.objects.update(method="face"), id="update"),
        pytest.param(
            lambda punch: Punch.objects.bulk_update([punch], ["method"]), id="bulk_update"
        ),
        pytest.param(lambda punch: Punch.objects.all()._raw_delete("default"), id="raw delete"),
    ],
)
def test_no_model_method_changes_a_punch(change):
    record_punch(seen(hire()), now=NOW)
    punch = Punch.objects.get()
    punch.method = "face"

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        change(punch)
    assert Punch.objects.get().method == "card"


@pytest.mark.django_db
def test_a_person_with_punches_cannot_be_deleted():
    employee = hire()
    record_punch(seen(employee), now=NOW)

    with pytest.raises(ProtectedError):
        employee.delete()
    assert Punch.objects.count() == 1


def test_nothing_cascades_into_punches():
    rules = {
        field.name: field.remote_field.on_delete.__name__
        for field in apps.get_model("attendance", "Punch")._meta.fields
        if field.is_relation
    }

    assert set(rules.values()) == {"PROTECT"}


@pytest.mark.django_db(transaction=True)
def test_in_25_twenty_parallel_requests_with_one_key_make_one_punch():
    """R-1, A-26: on connections of their own, with a barrier."""
    alice = hire()
    clock = User.objects.create_user("clock", is_program=True)
    assign_perm("organization.record", clock, alice.department)
    _token, key = tokens.issue(clock, name="gate", actor=None, now=datetime.now(UTC))
    now = datetime.now(UTC).isoformat()
    start = threading.Barrier(20)
    answers = []

    def ask():
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
        start.wait()
        try:
            answer = client.post(
                "/api/v1/punches",
                {"employee": "1001", "at": now, "method": "face", "key": "k-2"},
                headers={"Idempotency-Key": "k-2"},
            )
            answers.append((answer.status_code, json.dumps(answer.json(), sort_keys=True)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Punch.objects.count() == 1
    told = {answer for answer in answers if answer[0] != 409}
    assert len(answers) == 20
    assert len(told) == 1
    assert all("in_flight" in body for status, body in answers if status == 409)
