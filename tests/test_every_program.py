"""What programs hear: no token, odd tokens, others' rows, fields that are not theirs to set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Punch
from organization import tokens
from organization.models import ApiToken
from tests.group import Group
from tests.walking import ROOMS_OF_API, address, snapshot, to_act_at, to_look_at, walkers

pytestmark = pytest.mark.usefixtures("standing_units")

FIELDS = {
    "/api/v1/departments/": {"id", "code", "name", "parent", "is_unit", "timezone", "head"},
    "/api/v1/employees/": {
        "id", "number", "name", "department", "position", "supervisor", "joined_on", "left_on",
    },
    "/api/v1/shifts/": {"id", "code", "name", "department", "color", "is_active", "versions"},
    "/api/v1/shift-assignments/": {
        "id", "department", "position", "employee", "shift", "rotation", "weekdays", "starts_on",
        "ends_on",
    },
    "/api/v1/punches/": {
        "id", "employee", "department", "punched_at", "received_at", "zone", "method", "source",
        "direction", "is_held", "verdict",
    },
}  # fmt: skip
ODD = (
    "1e309", "NaN", "Infinity", "true", "null", "[]", "{}", '["a"]', "31.2", "-1",
    '"\\u0000"', '"x"', '{"at": 1}',
)  # fmt: skip
AT = "2026-03-02T09:00:00+08:00"


def operations() -> list[tuple[str, str]]:
    rows = [*to_look_at(), *to_act_at()]
    return sorted(
        (row.door.name.split()[0], address(row, (), key=1) or "")
        for row in rows
        if " /api/" in row.door.name
    )


def ask(method: str, where: str, **headers: str) -> int:
    client = Client(headers=headers)
    return client.generic(method, where, b"{}", content_type="application/json").status_code


def test_p24_no_empty_odd_expired_revoked_or_foreign_token_opens_anything(five_units: Group):
    unit = five_units.units[0]
    token = ApiToken.objects.get(user=unit.users["client"])
    now = timezone.now()
    old, expired = tokens.issue(
        unit.users["client"], name="old", actor=None, now=now - timedelta(days=2),
        expires_at=now - timedelta(days=1),
    )  # fmt: skip
    gone, revoked = tokens.issue(unit.users["client"], name="gone", actor=None, now=now)
    tokens.revoke(gone.pk, actor=None, now=now)
    headers: list[dict[str, str]] = [
        {},
        *({"authorization": f"Token {key}"} for key in (
            "", "null", "undefined", "None", "0", "*", "a b", token.digest, token.prefix, expired,
            revoked, unit.keys["client"].upper(), unit.keys["client"] + "x", "\u00e9" * 40)),
        *({"authorization": value} for value in ("Token", "Bearer null", "Basic Og==",
                                                 f"Bearer {unit.keys['client']}")),
    ]  # fmt: skip

    answers = {
        (method, where, str(header)): ask(method, where, **header)
        for method, where in operations()
        for header in headers
    }

    assert {key: status for key, status in answers.items() if status != 401} == {}
    assert old.pk != gone.pk


def test_p24_a_token_says_nothing_in_the_console(five_units: Group):
    key = five_units.units[0].keys["client"]

    answer = Client(headers={"authorization": f"Token {key}"}).get("/admin/")

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")


def test_7_8_whoever_reads_a_list_opens_its_rows_and_no_others(five_units: Group):
    for actor, client in walkers(five_units):
        if actor.user is None:
            continue
        for room in ROOMS_OF_API:
            where = f"/api/v1/{room}/"
            page = client.get(f"{where}?page_size=1000").json()
            listed = {row["id"] for row in page["results"]}
            parts = [part for unit in five_units.units for part in unit.rows.values()]
            name = ROOMS_OF_API[room]
            [model] = {part[name]._meta.model for part in parts if name in part}
            there = {
                key
                for key in model._base_manager.values_list("pk", flat=True)
                if client.get(f"{where}{key}/").status_code == 200
            }
            assert page["next"] is None
            assert listed == there, f"{actor.name} {room}"


def test_a25_each_list_tells_exactly_its_fields_whoever_asks(five_units: Group):
    for actor, client in walkers(five_units):
        if actor.user is None:
            continue
        for where, fields in FIELDS.items():
            for row in client.get(where).json()["results"]:
                assert set(row) == fields, f"{actor.name} {where}"


NOT_ASKED_FOR = (
    "id is_held source department received_at zone natural_key status approved_by effective_at "
    "unit employee_id terminal"
).split()


def test_a25_a17_what_is_not_asked_for_cannot_be_set(five_units: Group):
    unit = five_units.units[0]
    client = Client(headers={"authorization": f"Token {unit.keys['source']}"})
    report: dict[str, Any] = {"employee": unit.people["ann"].number, "at": AT, "method": "card"}

    for name in NOT_ASKED_FOR:
        answer = client.post("/api/v1/punches/", {**report, name: 1}, "application/json")

        assert answer.status_code == 400, name
        assert answer.json()["error"]["code"] == "unknown_field", name
    assert not Punch.objects.filter(source=Punch.Source.API).exists()


def test_a25_odd_values_are_refused_and_nothing_is_kept(five_units: Group):
    unit = five_units.units[0]
    client = Client(headers={"authorization": f"Token {unit.keys['source']}"})
    client.get("/api/v1/")
    before = snapshot()
    number = unit.people["ann"].number

    for odd in ODD:
        for body in (
            odd,
            f'{{"employee": {odd}, "at": "{AT}", "method": "card"}}',
            f'{{"employee": "{number}", "at": {odd}, "method": "card"}}',
            f'{{"employee": "{number}", "at": "{AT}", "method": {odd}}}',
            f'{{"employee": "{number}", "at": "{AT}", "method": "card", "key": {odd}, "x": 1}}',
            f'{{"punches": {odd}}}',
        ):
            answer = client.post("/api/v1/punches/", body, "application/json")
            if answer.status_code == 200:  # a list is a batch, and each of its rows is answered
                assert answer.json()["refused"] == 1, body
            else:
                assert answer.status_code in (400, 404), body

    assert snapshot() == before


def test_p04_a_person_of_another_unit_reads_as_one_who_does_not_exist(five_units: Group):
    here, there = five_units.units[0], five_units.units[1]
    client = Client(headers={"authorization": f"Token {here.keys['source']}"})

    foreign, unknown = (
        client.post(
            "/api/v1/punches/",
            {"employee": number, "at": AT, "method": "card"},
            "application/json",
        )
        for number in (there.people["ann"].number, "nobody-at-all")
    )

    assert foreign.status_code == unknown.status_code == 404
    told, hidden = (answer.json()["error"] for answer in (foreign, unknown))
    assert {**told, "value": ""} == {**hidden, "value": ""}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "TRACE"])
def test_a10_p04_nothing_is_changed_by_methods_that_are_not_there(five_units: Group, method: str):
    walking = walkers(five_units)
    before = snapshot()
    for actor, client in walking:
        for where in FIELDS:
            for address_ in (where, f"{where}1/"):
                if method == "POST" and address_ == "/api/v1/punches/":
                    continue
                answer = client.generic(method, address_, b"{}", content_type="application/json")
                expected = (401, 404, 405) if actor.user is None else (404, 405)
                assert answer.status_code in expected, f"{actor.name} {method} {address_}"
    assert before == snapshot()
