import json
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from guardian.shortcuts import assign_perm
from rest_framework.test import APIClient

from attendance.models import Punch, WaitingDay
from organization import services as people
from organization import tokens
from organization.models import User

pytestmark = pytest.mark.django_db
Company = namedtuple("Company", "client hr other_hr alice bob office")
URL = "/api/v1/punches"
NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
AT = "2026-09-01T08:58:00+08:00"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def company():
    root = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    office = people.add_department(name="Office", code="O", parent=root, now=NOW)
    shop = people.add_department(name="Shop", code="S", parent=root, now=NOW)
    joined = date(2026, 1, 5)
    alice = people.hire(number="1001", name="Alice", department=office, joined_on=joined, now=NOW)
    bob = people.hire(number="2001", name="Bob", department=shop, joined_on=joined, now=NOW)
    hr = User.objects.create_user("hr")
    other_hr = User.objects.create_user("other_hr")
    for user, department in ((hr, office), (other_hr, shop)):
        for action in ("see", "record"):
            assign_perm(f"organization.{action}", user, department)
    return Company(client_of(hr), hr, other_hr, alice, bob, office)


def client_of(user):
    client = APIClient()
    _token, key = tokens.issue(user, name="gate", actor=None, now=NOW)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def bridge_of_the_group(company):
    bridge = User.objects.create_user("bridge", is_program=True)
    assign_perm("organization.record", bridge, company.office.parent)
    return bridge


def report(**other):
    return {"employee": "1001", "at": AT, "method": "face"} | other


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_reported_punch_is_kept_with_both_times_and_makes_its_day_wait(company, url):
    answer = company.client.post(url, report(direction="in"))

    assert answer.status_code == 201
    punch = Punch.objects.get()
    assert answer.json() == {"index": 0, "id": punch.pk, "created": True}
    assert punch.punched_at == datetime(2026, 9, 1, 0, 58, tzinfo=UTC)
    assert punch.received_at == NOW
    assert (punch.zone, punch.method, punch.source) == ("Asia/Shanghai", "face", "api")
    assert (punch.direction, punch.department, punch.employee) == (
        "in",
        company.office,
        company.alice,
    )
    assert WaitingDay.objects.filter(employee=company.alice, work_date=date(2026, 9, 1)).exists()


def test_the_same_punch_reported_again_stays_one_and_wakes_nothing(company):
    """P-28."""
    first = company.client.post(URL, report()).json()
    WaitingDay.objects.all().delete()

    again = company.client.post(URL, report(at="2026-09-01T00:58:00Z"))

    assert again.status_code == 200
    assert again.json() == {"index": 0, "id": first["id"], "created": False}
    assert Punch.objects.count() == 1
    assert not WaitingDay.objects.exists()


def test_one_bad_row_never_spoils_a_batch(company):
    rows = [
        report(),
        report(employee="9999"),
        report(at="2026-09-01T08:58:00"),
        report(at="2026-13-45T99:99:99+08:00"),
        report(at=7),
        report(method="smell"),
        report(employee=["1001"]),
        report(employee="10\x0001"),
        "1001",
        report(direction="up"),
        report(surplus=1),
        report(at="2026-09-01T08:59:00+08:00"),
    ]

    answer = company.client.post(URL, {"punches": rows})

    body = answer.json()
    assert answer.status_code == 201
    assert (body["created"], body["repeated"], body["refused"]) == (2, 0, 10)
    told = [(row["index"], row.get("error", {}).get("code")) for row in body["results"]]
    assert told == [
        (0, None),
        (1, "unknown_employee"),
        (2, "naive_time"),
        (3, "invalid"),
        (4, "invalid"),
        (5, "invalid"),
        (6, "invalid"),
        (7, "invalid"),
        (8, "invalid"),
        (9, "invalid"),
        (10, "unknown_field"),
        (11, None),
    ]
    assert body["results"][5]["error"]["field"] == "method"
    assert "fingerprint" in body["results"][5]["error"]["message"]
    assert Punch.objects.count() == 2


def test_two_equal_rows_of_one_batch_are_one_punch(company):
    body = company.client.post(URL, [report(), report()]).json()

    assert (body["created"], body["repeated"]) == (1, 1)
    assert body["results"][0]["id"] == body["results"][1]["id"]


def test_somebody_elses_employee_reads_like_one_that_does_not_exist(company):
    theirs = company.client.post(URL, report(employee="2001"))
    nobody = company.client.post(URL, report(employee="9999"))

    assert theirs.status_code == nobody.status_code == 404
    assert theirs.json()["error"]["message"] == nobody.json()["error"]["message"]
    assert not Punch.objects.exists()


def test_whoever_may_only_look_reports_nothing(company):
    viewer = User.objects.create_user("viewer")
    assign_perm("organization.see", viewer, company.office)

    answer = client_of(viewer).post(URL, report())

    assert answer.status_code == 404
    assert not Punch.objects.exists()


def test_s_23_not_even_a_super_administrator_brings_in_a_punch(company):
    answer = client_of(User.objects.create_superuser("admin")).post(URL, report())

    assert answer.status_code == 404
    assert not Punch.objects.exists()


def test_nobody_reports_without_a_log_in():
    assert APIClient().post(URL, report()).status_code == 401
    assert not Punch.objects.exists()


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        pytest.param("2026-09-02T09:00:00+08:00", 400, "future_time", id="IN-05 a day ahead"),
        pytest.param("2026-09-01T09:04:00+08:00", 201, None, id="IN-06 four minutes ahead"),
        pytest.param("2026-09-01T09:05:00+08:00", 201, None, id="five minutes ahead"),
        pytest.param("2026-09-01T09:05:01+08:00", 400, "future_time", id="more than five"),
        pytest.param("2000-01-01T00:03:11+08:00", 400, "implausible_time", id="IN-04 reset clock"),
        pytest.param("0001-01-01T00:00:00+14:00", 400, "implausible_time", id="the first moment"),
        pytest.param("9999-12-31T23:59:59-12:00", 400, "future_time", id="the last moment"),
        pytest.param("2026-09-01T08:58:00", 400, "naive_time", id="IN-40 without an offset"),
    ],
)
def test_only_plausible_moments_are_kept(company, at, status, code):
    answer = company.client.post(URL, report(at=at))

    assert answer.status_code == status
    assert answer.json().get("error", {}).get("code") == code
    assert Punch.objects.exists() is (code is None)


@pytest.mark.parametrize(
    ("at", "status"),
    [
        pytest.param("2026-08-31T18:00:00+08:00", 201, id="on the last day"),
        pytest.param("2026-09-01T08:58:00+08:00", 400, id="IN-39 the morning after"),
    ],
)
def test_a_leavers_punch_is_refused(company, at, status):
    people.leave(employee_id=company.alice.pk, left_on=date(2026, 8, 31), actor=None, now=NOW)

    assert company.client.post(URL, report(at=at)).status_code == status


def test_a_punch_belongs_to_the_department_of_its_date(company):
    shop = company.bob.department
    people.transfer(
        employee_id=company.alice.pk, department=shop, position=None,
        effective_on=date(2026, 9, 1), actor=None, now=NOW,
    )  # fmt: skip
    rows = [report(at="2026-08-31T23:59:00+08:00"), report(at="2026-09-01T00:01:00+08:00")]

    client_of(company.other_hr).post(URL, rows)

    found = Punch.objects.order_by("punched_at").values_list("department__code", flat=True)
    assert list(found) == ["O", "S"]


# --- keys ------------------------------------------------------------------------------------


def test_in_23_a_retry_with_the_same_client_id_hears_the_same_answer(company):
    first = company.client.post(URL, report(key="k-1"), headers={"Idempotency-Key": "k-1"})
    again = company.client.post(URL, report(key="k-1"), headers={"Idempotency-Key": "k-1"})

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert Punch.objects.count() == 1


def test_in_24_the_same_client_id_for_another_punch_is_refused(company):
    """R-2."""
    company.client.post(URL, report(key="k-1"))

    answer = company.client.post(URL, report(key="k-1", at="2026-09-01T08:30:00+08:00"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "key_reused"
    assert Punch.objects.get().punched_at == datetime(2026, 9, 1, 0, 58, tzinfo=UTC)


def test_an_idempotency_key_belongs_to_one_body(company):
    """R-2."""
    headers = {"Idempotency-Key": "k-1"}
    company.client.post(URL, report(), headers=headers)

    answer = company.client.post(URL, report(method="card"), headers=headers)

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_mismatch"
    assert Punch.objects.get().method == "face"


def test_a_key_is_told_apart_from_the_same_key_of_somebody_else(company):
    headers = {"Idempotency-Key": "k-1"}

    first = company.client.post(URL, report(key="k"), headers=headers)
    second = client_of(company.other_hr).post(
        URL, report(employee="2001", key="k"), headers=headers
    )

    assert first.status_code == second.status_code == 201
    assert Punch.objects.count() == 2


def test_a_refusal_is_not_kept_with_its_key_because_it_may_be_mended(company):
    headers = {"Idempotency-Key": "k-2"}
    assert company.client.post(URL, report(employee="77"), headers=headers).status_code == 404
    people.hire(
        number="77", name="New", department=company.office, joined_on=date(2026, 1, 5), now=NOW
    )

    assert company.client.post(URL, report(employee="77"), headers=headers).status_code == 201


@pytest.mark.parametrize("field", ["direction", "key"])
def test_a_zero_is_something_that_was_said(company, field):
    answer = company.client.post(URL, report(**{field: 0}))

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_in_02_two_people_in_the_same_second_are_two_punches(company):
    everywhere = bridge_of_the_group(company)

    body = client_of(everywhere).post(URL, [report(), report(employee="2001")]).json()

    assert body["created"] == 2


# --- cost ------------------------------------------------------------------------------------


def test_a_request_costs_the_same_few_queries_for_one_punch_and_a_thousand(company):
    company.client.post(URL, report())
    batch = [report(at=(NOW - timedelta(seconds=n + 200)).isoformat()) for n in range(1000)]

    with CaptureQueriesContext(connection) as single:
        assert company.client.post(URL, report(method="card")).status_code == 201
    with CaptureQueriesContext(connection) as many:
        assert company.client.post(URL, batch).json()["created"] == 1000

    asked = [q["sql"] for q in single if "SAVEPOINT" not in q["sql"]]
    assert len(asked) <= 9, "\n".join(asked)
    assert len([q for q in many if "INSERT INTO attendance_waitingday" not in q["sql"]]) <= len(
        single
    )


# --- reading ---------------------------------------------------------------------------------


def test_punches_are_read_by_whoever_sees_the_person(company):
    admin = client_of(User.objects.create_superuser("admin"))
    bridge = client_of(bridge_of_the_group(company))
    bridge.post(URL, [report(), report(employee="2001", at="2026-08-31T08:00:00+08:00")])

    def read(client, **asked):
        answer = client.get(URL, asked)
        assert answer.status_code == 200
        return [row["employee"] for row in answer.json()["results"]]

    assert sorted(read(admin)) == ["1001", "2001"]
    assert read(company.client) == ["1001"]
    assert read(admin, employee="2001") == ["2001"]
    assert read(admin, **{"from": "2026-09-01T00:00:00+08:00"}) == ["1001"]
    assert read(admin, to="2026-09-01T00:00:00+08:00") == ["2001"]
    assert read(client_of(User.objects.create_user("stranger"))) == []


@pytest.mark.parametrize("asked", [{"from": "yesterday"}, {"to": "2026-09-01T00:00:00"}])
def test_an_odd_filter_is_refused_by_name(company, asked):
    answer = company.client.get(URL, asked)

    assert answer.status_code == 400
    assert list(answer.json()["facts"]["fields"]) == list(asked)


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_no_program_changes_a_punch(company, verb):
    made = company.client.post(URL, report()).json()

    for url in (URL, f"{URL}/{made['id']}"):
        assert getattr(company.client, verb)(url, report()).status_code in (404, 405)
    assert Punch.objects.get().method == "face"


@pytest.mark.parametrize("body", [[], {}, {"punches": []}, {"punches": {}}, 7, None])
def test_a_body_without_punches_is_refused(company, body):
    answer = company.client.post(URL, json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert not Punch.objects.exists()
