"""Programs come in by a token, and by nothing that only looks like one (P-24, A-13, A-16, A-19)."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from config.doorbook.inventory import routes
from organization import accounts, tokens
from organization.models import ApiToken, AuditEntry, User
from tests.cast import NOW
from tests.codes import enrol

# Every route of the interface that there is, with something in the place of what varies.
ROUTES = sorted(
    {re.sub(r"<[^>]*>", "1", route) for route, _view in routes() if route.startswith("/api/")}
)


def ask(header, route="/api/v1/employees/", method="get"):
    client = APIClient()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    return getattr(client, method)(route)


def issue(user, **facts):
    return tokens.issue(user, name="payroll", actor=None, now=facts.pop("now", NOW), **facts)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Token",
        "Token ",
        "Token null",
        "Token undefined",
        "Token a b",
        "Token \x00",
        "Token é",
        "Bearer null",
        "Basic YWxpY2U6YSBsb25nIHdvcmQ=",
        "null",
        "Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
    ],
)
def test_no_empty_null_or_unknown_token_opens_any_route(db, route, header):
    """P-24, on every route of the interface."""
    assert len(ROUTES) > 8
    for method in ("get", "post"):
        answer = ask(header, route, method)

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Token")


@pytest.mark.parametrize("route", ROUTES)
def test_no_expired_or_revoked_token_and_none_of_a_switched_off_log_in_opens_any_route(cast, route):
    """P-24 and A-16: shut out from the next request on."""
    now = timezone.now()
    _old, expired = issue(cast.hr, now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    gone, revoked = issue(cast.hr)
    tokens.revoke(gone.pk, actor=cast.superuser, now=now)
    _theirs, switched_off = issue(cast.other_hr)
    User.objects.filter(pk=cast.other_hr.pk).update(is_active=False)

    said = {ask(f"Token {key}", route).content for key in (expired, revoked, switched_off)}
    status = {ask(f"Token {key}", route).status_code for key in (expired, revoked, switched_off)}

    assert status == {401}
    assert len(said) == 1


def test_a_token_opens_what_its_log_in_may_see(cast):
    _token, key = issue(cast.hr, expires_at=timezone.now() + timedelta(days=1))

    assert ask(f"Token {key}").status_code == 200


def test_a15_a_key_from_when_people_had_keys_does_not_go_past_their_second_factor(cast, settings):
    supervisor, employee = cast.bob.user, cast.alice.user
    keys = {user: issue(user)[1] for user in (supervisor, employee)}
    assert ask(f"Token {keys[supervisor]}").status_code == 200

    settings.SECOND_FACTOR = "required"
    assert ask(f"Token {keys[supervisor]}").status_code == 401
    assert ask(f"Token {keys[employee]}").status_code == 200

    enrol(employee, NOW)
    assert ask(f"Token {keys[employee]}").status_code == 401


def test_the_key_is_random_and_nobody_who_reads_the_table_can_use_it(cast):
    """A-19: 256 bits from `secrets`; kept as a digest."""
    made = [issue(cast.hr) for _ in range(3)]

    assert len({key for _token, key in made}) == 3
    for token, key in made:
        assert len(key.removeprefix(tokens.MARK)) >= 43
        assert key not in str(ApiToken.objects.filter(pk=token.pk).values().get())
        assert ask(f"Token {token.digest}").status_code == 401
        assert ask(f"Token {token.prefix}").status_code == 401


def test_who_is_there_costs_one_query(cast):
    token, key = issue(cast.hr)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = tokens.find(key, now=timezone.now())

    assert found.user == cast.hr
    assert len(asked) == 1


def test_use_is_noted_once_in_some_minutes(cast):
    token, key = issue(cast.hr)

    tokens.note_use(tokens.find(key, now=NOW), now=NOW)
    tokens.note_use(tokens.find(key, now=NOW), now=NOW + timedelta(minutes=4))
    token.refresh_from_db()
    assert token.last_used_at == NOW

    tokens.note_use(tokens.find(key, now=NOW), now=NOW + timedelta(minutes=6))
    token.refresh_from_db()
    assert token.last_used_at == NOW + timedelta(minutes=6)


def test_issuing_and_revoking_stand_in_the_audit_log_without_the_key(cast):
    """A-27."""
    token, key = tokens.issue(cast.hr, name="gate", actor=cast.superuser, now=NOW)
    tokens.revoke(token.pk, actor=cast.superuser, now=NOW)
    tokens.revoke(token.pk, actor=cast.superuser, now=NOW)

    rows = AuditEntry.objects.filter(thing_type="organization.apitoken").order_by("pk")

    assert [row.verb for row in rows] == ["token.issued", "token.revoked"]
    assert {row.facts["log_in"] for row in rows} == {"n_hr"}
    assert key not in str(list(rows.values()))


def test_all_tokens_of_a_log_in_are_revoked_together(cast):
    mine = [issue(cast.hr)[1] for _ in range(2)]
    _other, others = issue(cast.other_hr)

    assert tokens.revoke_all(cast.hr, actor=None, now=NOW) == 2

    assert [ask(f"Token {key}").status_code for key in mine] == [401, 401]
    assert ask(f"Token {others}").status_code == 200


def test_a_token_says_what_it_is_for_and_cannot_have_expired_already(cast):
    with pytest.raises(ValidationError):
        tokens.issue(cast.hr, name="", actor=None, now=NOW)
    with pytest.raises(ValidationError):
        issue(cast.hr, expires_at=NOW - timedelta(days=1))
    with pytest.raises(IntegrityError):
        ApiToken.objects.create(user=cast.hr, name="x", digest="x", created_at=NOW, expires_at=NOW)


@pytest.fixture
def program(db):
    return User.objects.create(username="payroll", is_program=True, password="!")


def test_the_command_prints_a_key_that_works(program):
    said = StringIO()

    call_command("issue_token", "payroll", name="payroll", stdout=said)

    assert ask(f"Token {said.getvalue().strip()}").status_code == 200
    assert ApiToken.objects.get().expires_at > timezone.now() + timedelta(days=364)


def test_new_tokens_are_for_programs(cast, program):
    """A-13: a key alone would be a door past a person's second factor."""
    with pytest.raises(accounts.TokensForPrograms):
        accounts.issue_token(cast.hr, name="x", actor=cast.superuser, now=NOW)
    with pytest.raises(CommandError, match="n_hr is the log-in of a person"):
        call_command("issue_token", "n_hr", name="payroll")

    assert accounts.issue_token(program, name="x", actor=cast.superuser, now=NOW)


def test_a_key_is_told_once_on_the_page_of_its_log_in(client, cast, program):
    page = f"/admin/organization/user/{program.pk}/doors/"
    client.force_login(cast.superuser)

    told = client.post(page, {"act": "issue", "name": "every night", "days": "90"})
    key = told.context["told"]
    token = ApiToken.objects.get(user=program)

    assert "no-store" in told["Cache-Control"]
    assert ask(f"Token {key}").status_code == 200
    assert token.expires_at - token.created_at == timedelta(days=90)
    assert token.created_by == cast.superuser
    again = client.get(page).content.decode()
    assert token.prefix in again
    assert key not in again

    client.post(page, {"act": "revoke", "token": token.pk})
    assert ask(f"Token {key}").status_code == 401


def test_the_page_revokes_no_token_of_another_log_in(client, cast, program):
    token, key = issue(cast.hr)
    client.force_login(cast.superuser)

    for wrong in (str(token.pk), "x", "", "-1"):
        page = f"/admin/organization/user/{program.pk}/doors/"
        assert client.post(page, {"act": "revoke", "token": wrong}).status_code == 404
    assert ask(f"Token {key}").status_code == 200


def test_the_command_names_what_is_wrong(program):
    with pytest.raises(CommandError, match="nobody"):
        call_command("issue_token", "nobody", name="payroll")
    with pytest.raises(CommandError, match="--days is 0"):
        call_command("issue_token", "payroll", name="payroll", days=0)


def test_what_is_done_to_a_log_in_stands_in_the_log_of_its_department(cast) -> None:
    """A-27: whoever reads the log of a unit sees the keys that were given out in it."""
    accounts.give_one_time_password(cast.alice.user, actor=cast.hr, now=NOW)
    tokens.issue(cast.alice.user, name="gate", actor=None, now=NOW)

    for verb in ("log_in.one_time_key_given", "token.issued"):
        assert AuditEntry.objects.get(verb=verb).department == cast.department


def test_another_word_before_the_key_is_told_how_to_say_it(db, client) -> None:
    answer = client.get("/api/v1/punches", headers={"authorization": "Bearer abc"})

    assert answer.status_code == 401
    assert "Authorization: Token" in answer.json()["message"]
