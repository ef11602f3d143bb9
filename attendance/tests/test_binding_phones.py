"""A phone is bound to whoever holds it, and holds the key that it names (S-17)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import travel

from attendance.tests.phone import Phone
from devices.phones import CHALLENGE_SAYS, Proof
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

NOW = datetime(2026, 9, 3, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def client(cast: Cast) -> Client:
    """Alice's browser."""
    browser = Client()
    assert cast.alice.user is not None
    browser.force_login(cast.alice.user)
    return browser


def binding(phone: Phone, proof: Proof | None = None, **more: Any) -> dict[str, Any]:
    """Return what the page posts to bind a phone."""
    proven = proof._asdict() if proof is not None else {}
    return {"key": phone.jwk, "name": "Pixel\n8", **proven, **more}


def challenge_for(phone: Phone, client: Client) -> str:
    answer = client.get("/punch/phone/challenge/", {"phone": phone.key})
    return str(answer.json()["challenge"])


def test_a_phone_that_signs_its_challenge_is_bound_once_and_can_be_given_up(
    cast: Cast, client: Client
) -> None:
    phone = Phone()
    body = binding(phone, phone.answer(challenge_for(phone, client)))
    first = client.post("/punch/phone/", body, "application/json")
    again = client.post("/punch/phone/", body, "application/json")
    released = client.post("/punch/phone/release/", {"phone": phone.key}, "application/json")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["phone"] == phone.key
    assert cast.alice.phones.count() == 1
    assert released.status_code == 200
    assert cast.alice.phones.get().released_at == NOW


def test_s17_whoever_posts_a_public_key_without_its_private_one_binds_nothing(
    cast: Cast, client: Client
) -> None:
    theirs, mine = Phone(), Phone()
    challenge = challenge_for(theirs, client)
    shown = {
        "nothing": None,
        "a signature of another key": mine.answer(challenge),
        "no signature": Proof(challenge, ""),
        "no base64url": Proof(challenge, "ä"),
        "the challenge, without the words before it": Proof(
            challenge, theirs.sign(challenge.encode())
        ),
    }

    for what, proof in shown.items():
        answer = client.post("/punch/phone/", binding(theirs, proof), "application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "key_not_proven"), what
    assert not cast.alice.phones.exists()


def test_s17_a_challenge_is_good_for_one_person_one_key_and_five_minutes(
    cast: Cast, client: Client
) -> None:
    phone, other = Phone(), Phone()
    proof = phone.prove(cast.alice, now=NOW - timedelta(minutes=5))
    until, _dot, seal = proof.challenge.partition(".")
    wrong = {
        "another person's": phone.prove(cast.bob, now=NOW),
        "another key's": phone.answer(challenge_for(other, client)),
        "a second too old": phone.prove(cast.alice, now=NOW - timedelta(minutes=5, seconds=1)),
        "prolonged": phone.answer(f"{int(until) + 60}.{seal}"),
        "made up": phone.answer("9999999999.00"),
        "no number": phone.answer(f"soon.{seal}"),
        "digits of another script": phone.answer(f"١.{seal}"),
    }

    for what, shown in wrong.items():
        answer = client.post("/punch/phone/", binding(phone, shown), "application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "challenge_stale"), what
    assert not cast.alice.phones.exists()
    last = client.post("/punch/phone/", binding(phone, proof), "application/json")
    assert last.status_code == 201


def test_s17_what_a_phone_signs_to_be_bound_is_no_punch(cast: Cast, client: Client) -> None:
    """The server chooses the challenge, and the phone says of it what no claim can say."""
    phone = Phone()
    phone.bind(cast.alice, now=NOW)
    said = f"{CHALLENGE_SAYS}{challenge_for(phone, client)}"

    assert phone.post(client, said.encode()).status_code == 400


@pytest.mark.parametrize(
    "key",
    [None, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, "text"],
    ids=str,
)
def test_what_is_no_key_binds_no_phone(cast: Cast, client: Client, key: object) -> None:
    answer = client.post("/punch/phone/", {"key": key, "name": "x"}, "application/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "bad_key")
    assert not cast.alice.phones.exists()
