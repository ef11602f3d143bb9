"""Whoever is punched by their phone's Wi-Fi says themselves which phone that is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from time_machine import travel

from attendance.evidence.demands import Demands
from attendance.tests.test_making import demand
from devices import wifi
from organization.models import AuditEntry, Employee
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

NOW = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
MINE = "8C-A6-DF-C8-F7-4B"
OTHER = "8c:a6:df:c8:f7:50"
PRIVATE = "da:a1:19:00:00:01"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        # What was asked within this hour by another test is not counted.
        caches["counts"].clear()
        yield
        caches["counts"].clear()


@pytest.fixture
def client(cast: Cast) -> Client:
    """Alice's browser; her rule punches by itself on the company's Wi-Fi."""
    demand(cast, Demands(methods=frozenset({"wifi"}), allows_automatic_wifi=True))
    return browser_of(cast.alice)


def browser_of(employee: Employee) -> Client:
    browser = Client()
    assert employee.user is not None
    browser.force_login(employee.user)
    return browser


def say(client: Client, address: object, **more: object) -> Any:
    body = {"address": address, **more}
    return client.post("/punch/phone/address/", body, "application/json")


def remove(client: Client, key: object) -> Any:
    return client.post("/punch/phone/address/remove/", {"id": key}, "application/json")


def shown(answer: Any) -> list[tuple[str, bool]]:
    rows = answer.json()["automatic"]["addresses"]
    return [(one["shown"], one["is_private"]) for one in rows]


def owner_of(address: str) -> int | None:
    known = wifi.phones_by_address([address]).get(address)
    return known.employee_id if known is not None else None


def deeds() -> list[str]:
    entries = AuditEntry.objects.filter(verb__startswith="phone_address.").order_by("pk")
    return list(entries.values_list("verb", flat=True))


def test_an_address_in_any_spelling_is_kept_as_one_and_shown_by_half(
    cast: Cast, client: Client
) -> None:
    first, again = say(client, f" {MINE} "), say(client, MINE.replace("-", ":").lower())

    assert shown(first) == shown(again) == [("··:··:··:c8:f7:4b", False)]
    assert owner_of("8c:a6:df:c8:f7:4b") == cast.alice.pk
    assert "8c:a6" not in client.get("/punch/state/").text
    entry = AuditEntry.objects.get(verb="phone_address.added")
    assert (entry.actor, entry.thing_id) == (cast.alice.user, str(cast.alice.pk))
    assert "c8:f7" not in str(entry.facts)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("my phone", "is no address of a phone"),
        ("8ca6dfc8f74b", "is no address of a phone"),
        ("02:00:00:00:00:00", "may not tell"),
        ("FF:FF:FF:FF:FF:FF", "may not tell"),
        ("01:00:5e:00:00:01", "address to many"),
    ],
)
def test_what_is_no_address_of_a_phone_is_refused_with_the_reason(
    cast: Cast, client: Client, address: str, why: str
) -> None:
    answer = say(client, address)

    assert (answer.status_code, answer.json()["code"]) == (409, "bad_phone_address")
    assert why in answer.json()["message"]
    assert not cast.alice.phone_addresses.exists()


def test_an_address_that_the_phone_made_up_is_kept_and_marked(cast: Cast, client: Client) -> None:
    assert shown(say(client, PRIVATE)) == [("··:··:··:00:00:01", True)]


def test_s17_the_page_says_from_when_on_an_own_address_punches(cast: Cast, client: Client) -> None:
    """S-17."""

    def until() -> str | None:
        said = browser_of(cast.alice).get("/punch/state/").json()["automatic"]["addresses"]
        return said[0]["cooling_until"]

    say(client, MINE)
    assert until() == (NOW + timedelta(hours=24)).isoformat()
    with travel(NOW + timedelta(hours=24), tick=False):
        assert until() is None

    wifi.add_phone_address(employee=cast.alice, address=MINE, actor=cast.hr, now=NOW)
    assert until() is None
    assert deeds() == ["phone_address.added", "phone_address.confirmed"]
    say(client, MINE)
    assert until() is None


def test_nobody_confirms_the_address_that_they_entered_themselves(
    cast: Cast, client: Client
) -> None:
    """Whoever configures addresses has a phone of their own, too."""
    say(client, MINE)

    wifi.add_phone_address(employee=cast.alice, address=MINE, actor=cast.alice.user, now=NOW)
    wifi.add_phone_address(employee=cast.alice, address=OTHER, actor=cast.alice.user, now=NOW)

    assert [row.is_unconfirmed for row in cast.alice.phone_addresses.all()] == [True, True]


def test_an_address_that_somebody_has_is_refused_without_saying_whose(
    cast: Cast, client: Client
) -> None:
    wifi.add_phone_address(employee=cast.carol, address=MINE, actor=None, now=NOW)

    answer = say(client, MINE)

    assert (answer.status_code, answer.json()["code"]) == (409, "address_taken")
    assert not {"Carol", "00201"} & set(answer.text.split())
    assert answer.json()["facts"] == {}
    assert not cast.alice.phone_addresses.exists()


def test_a_change_keeps_the_new_address_and_frees_the_old_one(cast: Cast, client: Client) -> None:
    say(client, MINE)
    old = cast.alice.phone_addresses.get()

    answer = say(client, OTHER, instead_of=old.pk)

    assert shown(answer) == [("··:··:··:c8:f7:50", False)]
    assert owner_of("8c:a6:df:c8:f7:4b") is None
    assert deeds() == ["phone_address.added", "phone_address.removed", "phone_address.added"]


def test_a_change_that_is_refused_keeps_the_old_address(cast: Cast, client: Client) -> None:
    wifi.add_phone_address(employee=cast.carol, address=OTHER, actor=None, now=NOW)
    say(client, MINE)
    old = cast.alice.phone_addresses.get()

    answer = say(client, OTHER, instead_of=old.pk)

    assert answer.json()["code"] == "address_taken"
    assert cast.alice.phone_addresses.get() == old
    assert "phone_address.removed" not in deeds()


def test_a_change_to_what_is_there_already_changes_nothing(cast: Cast, client: Client) -> None:
    say(client, MINE)
    old = cast.alice.phone_addresses.get()

    assert say(client, MINE, instead_of=old.pk).status_code == 200
    assert cast.alice.phone_addresses.get() == old
    assert deeds() == ["phone_address.added"]


def test_an_own_address_is_removed_and_nobody_elses(cast: Cast, client: Client) -> None:
    say(client, MINE)
    mine = cast.alice.phone_addresses.get()
    theirs = wifi.add_phone_address(employee=cast.bob, address=OTHER, actor=None, now=NOW)

    assert remove(client, theirs.pk).status_code == 404
    assert say(client, PRIVATE, instead_of=theirs.pk).status_code == 404
    assert shown(remove(client, mine.pk)) == []
    assert remove(client, mine.pk).status_code == 404
    assert cast.bob.phone_addresses.get() == theirs
    assert owner_of("8c:a6:df:c8:f7:4b") is None


def test_s17_whoever_changes_phones_a_fourth_time_in_a_month_asks_hr(
    cast: Cast, client: Client
) -> None:
    """S-17: as with phones that are bound, two changes a month are believed."""
    for number in range(3):
        old = cast.alice.phone_addresses.values_list("pk", flat=True).first()
        assert say(client, f"8c:a6:df:c8:f7:1{number}", instead_of=old).status_code == 200
    last = cast.alice.phone_addresses.get()

    refused = say(client, MINE, instead_of=last.pk)

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_changes")
    assert cast.alice.phone_addresses.get() == last
    wifi.add_phone_address(employee=cast.alice, address=OTHER, actor=cast.hr, now=NOW)
    with travel(NOW + timedelta(days=30), tick=False):
        later = browser_of(cast.alice)
        assert say(later, MINE, instead_of=last.pk).status_code == 200


def test_where_no_rule_punches_by_itself_no_address_is_kept_and_an_old_one_goes(
    cast: Cast,
) -> None:
    browser = browser_of(cast.bob)
    demand(cast, Demands(methods=frozenset({"location"})))
    old = wifi.add_phone_address(employee=cast.bob, address=OTHER, actor=None, now=NOW)

    refused = say(browser, MINE)

    assert (refused.status_code, refused.json()["code"]) == (409, "no_automatic_punch")
    assert shown(remove(browser, old.pk)) == []


@pytest.mark.parametrize(
    "body", [{}, {"address": 7}, {"address": " "}, {"address": MINE, "instead_of": "x"}], ids=str
)
def test_what_says_nothing_is_named(cast: Cast, client: Client, body: dict[str, Any]) -> None:
    answer = client.post("/punch/phone/address/", body, "application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert remove(client, True).status_code == 400


def test_nobody_goes_through_the_addresses_of_a_company(cast: Cast, client: Client) -> None:
    """A-12: whether an address is taken may be asked twenty times an hour."""
    tried = [say(client, f"01:00:5e:00:00:{n:02x}").status_code for n in range(21)]

    assert tried == [409] * 20 + [429]
