"""How much one log-in, one address and one guesser may ask (A-07)."""

from datetime import UTC, datetime

import pytest
from django.core.cache import caches
from rest_framework.test import APIClient

from organization import throttles, tokens
from organization.api import EmployeeViewSet

NOW = datetime(2026, 3, 2, 4, 0, 15, tzinfo=UTC)
URL = "/api/v1/employees/"


@pytest.fixture(autouse=True)
def limits(monkeypatch, settings):
    caches["counts"].clear()
    monkeypatch.setattr(throttles.time, "time", NOW.timestamp)
    monkeypatch.setattr(
        EmployeeViewSet, "throttle_classes", [throttles.ByLogIn, throttles.ByAddress]
    )
    settings.API_RATE, settings.API_ADDRESS_RATE, settings.TOKEN_RATE = "3/min", "5/min", "2/min"
    yield
    caches["counts"].clear()


def client_of(user, address="10.0.0.1"):
    _token, key = tokens.issue(user, name="gate", actor=None, now=NOW)
    return APIClient(HTTP_AUTHORIZATION=f"Token {key}", REMOTE_ADDR=address)


def ask(client, times):
    return [client.get(URL).status_code for _ in range(times)]


def test_a_log_in_that_asks_too_much_waits_wherever_it_asks_from(cast):
    first, second = client_of(cast.hr), client_of(cast.hr, "10.0.0.2")

    assert ask(first, 2) + ask(second, 2) == [200, 200, 200, 429]
    assert first.get(URL)["Retry-After"] == "45"
    assert ask(client_of(cast.other_hr, "10.0.0.3"), 1) == [200]


def test_an_address_that_asks_too_much_waits_whoever_asks(cast):
    one, other = client_of(cast.hr), client_of(cast.other_hr)

    assert ask(one, 3) + ask(other, 3) == [200, 200, 200, 200, 200, 429]
    assert ask(client_of(cast.superuser, "10.0.0.9"), 1) == [200]


def test_the_next_minute_begins_anew(cast, monkeypatch):
    client = client_of(cast.hr)
    ask(client, 4)

    monkeypatch.setattr(throttles.time, "time", lambda: NOW.timestamp() + 45)

    assert ask(client, 1) == [200]


def test_guessing_keys_is_answered_429_and_right_keys_are_not_held_up(cast):
    guesser = APIClient(HTTP_AUTHORIZATION="Token kq_guess", REMOTE_ADDR="10.0.0.1")

    answers = [guesser.get(URL) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    assert answers[-1]["Retry-After"] == "45"
    assert ask(client_of(cast.hr), 1) == [200]
    elsewhere = APIClient(HTTP_AUTHORIZATION="Token kq_guess", REMOTE_ADDR="10.0.0.2")
    assert ask(elsewhere, 1) == [401]


@pytest.mark.parametrize("rate", ["", "0/min", "10", "10/day", "-1/s", "many/min"])
def test_an_odd_rate_is_named(rate):
    with pytest.raises(ValueError, match="6000/min"):
        throttles.rate_of(rate)


def test_whoever_takes_tables_away_too_often_waits(client, cast, settings):
    """A-07: by every door of exports, for the log-in and for the address."""
    settings.EXPORT_RATE, settings.EXPORT_ADDRESS_RATE = "2/min", "3/min"
    client.force_login(cast.hr)
    doors = ("/admin/organization/employee/export/", "/admin/scheduling/rosterentry/export/")

    ask = (client.get, client.post)
    statuses = [ask[turn % 2](doors[turn % 2]).status_code for turn in range(3)]
    by_action = client.post("/admin/organization/auditentry/", {"action": "export_csv"})

    assert statuses == [200, 200, 429]
    assert (by_action.status_code, by_action["Retry-After"]) == (429, "45")
    client.force_login(cast.other_hr)
    assert client.get(doors[0]).status_code == 429
    assert client.get(doors[0], REMOTE_ADDR="10.0.0.7").status_code == 200
