"""One form for whatever the interface for programs refuses, whoever refuses it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from guardian.shortcuts import assign_perm
from rest_framework.test import APIClient

from organization import tokens
from organization.models import User
from tests.cast import Cast

WHERE = "/api/v1/punches"


@pytest.fixture
def program(cast: Cast) -> APIClient:
    clock = User.objects.create_user("clock", is_program=True)
    assign_perm("organization.record", clock, cast.unit)
    _token, key = tokens.issue(clock, name="clock", actor=None, now=datetime.now(UTC))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ('{"punches":' + "[" * 100_000 + "]" * 100_000 + "}", "json", 400, "parse_error"),
        ('{"employee":', "json", 400, "parse_error"),
        ("<punch/>", "xml", 415, "unsupported_media_type"),
        (" " * (10 * 1024 * 1024 + 1), "json", 413, "too_large"),
    ],
    ids=["nested without end", "cut in the middle", "XML", "too large"],
)
def test_a_body_that_cannot_be_read_is_refused_in_the_one_form(
    program: APIClient, body: str, kind: str, status: int, code: str
) -> None:
    answer = program.generic("POST", WHERE, body, content_type=f"application/{kind}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "facts"}


def test_other_refusals_have_the_same_form(program: APIClient) -> None:
    nobody = APIClient()
    odd_key: Any = {"HTTP_IDEMPOTENCY_KEY": "k" * 201}
    answers = {
        "not_authenticated": nobody.get(WHERE),
        "authentication_failed": nobody.get(WHERE, headers={"authorization": "Token no"}),
        "method_not_allowed": program.delete(WHERE),
        "invalid": program.post(WHERE, {}, format="json", **odd_key),
        "not_found": program.get("/api/v1/nothing"),
    }

    for code, answer in answers.items():
        assert set(answer.json()) == {"code", "message", "facts"}, code
        assert answer.json()["code"] == code
    assert "Idempotency-Key" in answers["invalid"].json()["facts"]["fields"]
