"""Employees and departments for other programs."""

import pytest
from rest_framework.test import APIClient

from organization import services, tokens
from tests.cast import NOW

pytestmark = pytest.mark.usefixtures("standing_cast")


def client_of(user):
    client = APIClient()
    _token, key = tokens.issue(user, name="payroll", actor=None, now=NOW)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def test_a_program_reads_the_people_whom_its_log_in_may_see(cast):
    answer = client_of(cast.hr).get("/api/v1/employees/").json()

    assert [row["number"] for row in answer["results"]] == ["00101", "00102"]
    alice = next(row for row in answer["results"] if row["number"] == "00101")
    assert alice == {
        "id": cast.alice.pk,
        "number": "00101",
        "name": "Alice",
        "department": "N-W",
        "position": "CLERK",
        "supervisor": "00102",
        "joined_on": "2025-01-01",
        "left_on": None,
    }


def test_a_program_reads_departments_with_the_zone_that_holds_there(cast):
    services.change_timezone(
        department_id=cast.unit.pk,
        timezone="Asia/Tokyo",
        starts_on=NOW.date(),
        actor=None,
        now=NOW,
    )

    rows = client_of(cast.hr).get("/api/v1/departments/").json()["results"]

    assert {row["code"]: (row["parent"], row["timezone"]) for row in rows} == {
        "N": ("G", "Asia/Tokyo"),
        "N-W": ("N", "Asia/Tokyo"),
    }


@pytest.mark.parametrize("thing", ["employees", "departments"])
def test_what_belongs_to_others_is_not_found(cast, thing):
    key = cast.carol.pk if thing == "employees" else cast.other_department.pk

    assert client_of(cast.hr).get(f"/api/v1/{thing}/{key}/").status_code == 404
    assert client_of(cast.other_hr).get(f"/api/v1/{thing}/{key}/").status_code == 200


def test_people_are_narrowed_by_number_and_by_department_with_all_below(cast):
    client = client_of(cast.superuser)

    by_number = client.get("/api/v1/employees/?number=00201").json()["results"]
    by_department = client.get("/api/v1/employees/?department=N").json()["results"]

    assert [row["name"] for row in by_number] == ["Carol"]
    assert {row["name"] for row in by_department} == {"Alice", "Bob"}
    assert client.get("/api/v1/employees/?department=none").json()["results"] == []


def test_nothing_is_written_through_this_interface(cast):
    client = client_of(cast.superuser)

    assert client.post("/api/v1/employees/", {}).status_code == 405
    assert client.delete(f"/api/v1/employees/{cast.alice.pk}/").status_code == 405


def test_without_a_token_nothing_is_read(cast):
    assert APIClient().get("/api/v1/employees/").status_code == 401


def test_pages_follow_each_other_and_cost_the_same(cast, django_assert_max_num_queries):
    for number in range(30):
        services.hire(
            number=f"2{number:04}",
            name="Worker",
            department=cast.department,
            joined_on=NOW.date(),
            now=NOW,
        )
    client = client_of(cast.hr)

    seen, address = [], "/api/v1/employees/?page_size=10"
    while address:
        # One of them is for a person's key, of which there are some from earlier releases.
        with django_assert_max_num_queries(5):
            page = client.get(address).json()
        seen += [row["number"] for row in page["results"]]
        address = page["next"]

    assert len(seen) == len(set(seen)) == 32
