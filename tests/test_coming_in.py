"""Coming in: in how many steps, how often one may fail, and when what was opened ends."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from config.doorbook.inventory import routes
from organization import accounts, roles, second_factor, services, sessions, tokens
from organization.access import Action
from organization.models import AuditEntry, Employee, OpenSession, SecondFactor, User
from organization.tasks import shut_what_ended
from tests.cast import Cast
from tests.codes import code_at, enrol, phone_of

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
WORD = "a long word"
NEW = "correct horse battery staple"


class Clock:
    """The time of the server, which a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    # axes has taken hold of its own name for it.
    for place in ("django.utils.timezone.now", "axes.handlers.proxy.now"):
        monkeypatch.setattr(place, lambda: made.now)
    return made


def step_one(client: Client, name: str, password: str = WORD, **more: str):
    return client.post("/login/", {"username": name, "password": password, **more})


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def verbs(**about) -> list[str]:
    return list(AuditEntry.objects.filter(**about).order_by("pk").values_list("verb", flat=True))


# --- the second step ---------------------------------------------------------------------------


def addresses() -> list[str]:
    """Return every address of the product, with something in the place of what varies."""
    return sorted({re.sub(r"<[^>]*>", "1", route) for route, _pattern in routes()})


# The app that is installed on a phone, and the browser on a wall, come without a log-in.
OPEN_TO_ALL = re.compile(
    r"^/(login/(code/)?|logout/|i18n/setlang/|healthz|readyz|static/.*"
    r"|punch/manifest\.webmanifest|punch/shell/|sw\.js|screen/.*)$"
)


def test_with_step_one_alone_no_page_opens(cast: Cast, clock: Clock) -> None:
    """P-05, A-15: on every address that there is, by GET and by POST."""
    enrol(cast.superuser, NOW)
    client = Client()
    assert step_one(client, "boss")["Location"] == "/login/code/"
    closed = [address for address in addresses() if not OPEN_TO_ALL.match(address)]
    assert len(closed) > 100

    for address in closed:
        for ask in (client.get, client.post):
            answer = ask(address)

            said = f"{ask.__name__} {address}: {answer.status_code}"
            assert answer.status_code in (301, 302, 401, 404, 405), said
            if answer.status_code == 302:
                assert "/login/" in answer["Location"] or answer["Location"] == "/account/password/"
            if answer.status_code == 301:
                assert answer["Location"].startswith(address)


def test_without_the_factor_that_is_required_one_page_is_open(
    cast: Cast, clock: Clock, settings
) -> None:
    """P-05: whoever has to set it up first sees nothing else, in the console and by the API."""
    settings.SECOND_FACTOR = "required"
    client = Client()
    step_one(client, "n_hr")
    closed = [
        address
        for address in addresses()
        if not OPEN_TO_ALL.match(address) and address != "/account/second-factor/"
    ]

    for address in closed:
        for ask in (client.get, client.post):
            answer = ask(address)

            said = f"{ask.__name__} {address}: {answer.status_code}"
            if address.startswith("/api/"):
                assert answer.status_code in (401, 404, 405), said
            else:
                assert answer.status_code in (301, 302, 404), said
                if answer.status_code == 302:
                    assert answer["Location"].startswith("/account/second-factor/?next="), said
    assert client.get("/account/second-factor/").status_code == 200


def test_the_code_completes_the_log_in_and_leads_where_one_was_going(
    cast: Cast, clock: Clock
) -> None:
    enrol(cast.hr, NOW)
    client = Client()
    step_one(client, "n_hr", next="/admin/organization/employee/")
    before = client.session.session_key
    assert not is_in(client)

    answer = client.post("/login/code/", {"code": code_at(phone_of(cast.hr), NOW)})

    assert answer["Location"] == "/admin/organization/employee/"
    assert is_in(client)
    assert client.session.session_key != before


def test_a_wrong_code_lets_nobody_in_and_is_counted(cast: Cast, clock: Clock) -> None:
    """A-07, A-15: five wrong codes and the door is shut, for right ones too."""
    enrol(cast.hr, NOW)
    right = code_at(phone_of(cast.hr), NOW)
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    client = Client()
    step_one(client, "n_hr")

    statuses = [client.post("/login/code/", {"code": wrong}).status_code for _ in range(5)]
    last = client.post("/login/code/", {"code": right})

    assert statuses == [200, 200, 200, 200, 429]
    assert (last.status_code, last["Retry-After"]) == (429, "900")
    assert not is_in(client)


def test_the_first_step_is_forgotten_after_ten_minutes_and_with_a_new_password(
    cast: Cast, clock: Clock
) -> None:
    enrol(cast.hr, NOW)
    client, other = Client(), Client()
    step_one(client, "n_hr")
    step_one(other, "n_hr")

    cast.hr.set_password(NEW)
    cast.hr.save()
    assert client.get("/login/code/")["Location"] == "/login/"

    cast.hr.set_password(WORD)
    cast.hr.save()
    again = Client()
    step_one(again, "n_hr")
    clock.forward(minutes=10)
    assert again.get("/login/code/")["Location"] == "/login/"


def test_the_page_of_the_code_opens_to_nobody_without_step_one(client: Client, cast: Cast) -> None:
    enrol(cast.hr, NOW)

    for ask in (client.get, client.post):
        assert ask("/login/code/")["Location"] == "/login/"


def test_setting_it_up_on_the_own_page(cast: Cast, clock: Clock, settings) -> None:
    settings.SECOND_FACTOR = "required"
    client, elsewhere = Client(), Client()
    step_one(client, "n_hr", next="/admin/organization/employee/")
    step_one(elsewhere, "n_hr")
    page = client.get("/admin/organization/employee/")["Location"]
    assert page == "/account/second-factor/?next=/admin/organization/employee/"

    assert 'id="secret"' not in client.get(page).content.decode()
    client.post(page, {"act": "begin"})
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', client.get(page).content.decode())[1]
    told = client.post(page, {"act": "confirm", "code": code_at(secret, NOW)}).content.decode()

    assert len(re.findall(r"<code>[a-z2-7-]{26,}</code>", told)) == 10
    assert 'href="/admin/organization/employee/"' in told
    assert client.get("/admin/organization/employee/").status_code == 200
    assert not is_in(elsewhere)
    assert secret not in client.get(page).content.decode()


def test_only_a_code_takes_it_off_or_renews_the_recovery_codes(cast: Cast, clock: Clock) -> None:
    client = Client()
    enrol(cast.hr, NOW)
    step_one(client, "n_hr")
    client.post("/login/code/", {"code": code_at(phone_of(cast.hr), NOW)})
    page = "/account/second-factor/"

    for act in ("reset", "renew", "begin", "confirm", ""):
        client.post(page, {"act": act, "code": "000000"})
    assert second_factor.is_enrolled(cast.hr)

    clock.forward(seconds=30)
    client.post(page, {"act": "reset", "code": code_at(phone_of(cast.hr), clock.now)})
    assert not second_factor.is_enrolled(cast.hr)


def test_whoever_finds_an_open_browser_sets_no_factor_up(cast: Cast, clock: Clock) -> None:
    """A-16 (ASVS 7.5.1): some minutes after the log-in, the password is asked for again."""
    client = Client()
    step_one(client, "alice")
    page = "/account/second-factor/"
    clock.forward(minutes=11)

    client.post(page, {"act": "begin"})
    client.post(page, {"act": "begin", "password": "wrong"})
    assert not SecondFactor.objects.exists()

    client.post(page, {"act": "begin", "password": WORD})
    assert SecondFactor.objects.get().user == cast.alice.user


def test_failures_keep_nothing_that_was_typed_but_the_name(cast: Cast, clock: Clock) -> None:
    """A-22: neither a password, nor the one that was to come, nor a code."""
    enrol(cast.hr, NOW)
    client, open_browser = Client(), Client()
    step_one(client, "n_hr", "almost my password")
    step_one(client, "n_hr")
    client.post("/login/code/?next=/secret-place/", {"code": "987650"})
    step_one(open_browser, "alice")
    open_browser.post(
        "/account/password/",
        {"old_password": "nearly right", "new_password1": NEW, "new_password2": NEW},
    )

    kept = str(list(AccessAttempt.objects.values()) + list(AuditEntry.objects.values()))

    assert AccessAttempt.objects.count() >= 2
    for typed in ("almost my password", "987650", "nearly right", NEW, "secret-place"):
        assert typed not in kept


def test_whoever_has_no_rights_over_others_may_do_without(
    cast: Cast, clock: Clock, settings
) -> None:
    settings.SECOND_FACTOR = "required"
    client = Client()
    step_one(client, "alice")

    assert client.get("/me/").status_code == 200


def test_a_right_that_is_given_asks_for_the_factor_with_the_next_request(
    cast: Cast, clock: Clock, settings
) -> None:
    settings.SECOND_FACTOR = "required"
    client = Client()
    step_one(client, "alice")
    assert client.get("/me/").status_code == 200

    User.objects.filter(pk=cast.alice.user.pk).update(is_superuser=True)

    assert client.get("/me/")["Location"] == "/account/second-factor/?next=/me/"


# --- failing -----------------------------------------------------------------------------------


def fail(client: Client, name: str, times: int, address: str = "10.0.0.1"):
    for _again in range(times):
        answer = client.post(
            "/login/", {"username": name, "password": "wrong"}, REMOTE_ADDR=address
        )
    return answer


def bare(page: bytes, name: str) -> str:
    """Return a page without what differs from request to request, and without the typed name."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page.decode())
    return re.sub(r'nonce="[^"]*"', "", text).replace(name, "NAME")


def test_five_failures_lock_a_name_out_at_one_address(client: Client, cast: Cast) -> None:
    """A-07, A-13: 429 with Retry-After, and the right password does not open."""
    answer = fail(client, "alice", 5)
    right = client.post("/login/", {"username": "alice", "password": WORD}, REMOTE_ADDR="10.0.0.1")

    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert (right.status_code, right["Retry-After"]) == (429, "900")
    elsewhere = {"username": "alice", "password": WORD}
    assert client.post("/login/", elsewhere, REMOTE_ADDR="10.0.0.2").status_code == 302


def test_a_name_that_exists_and_one_that_does_not_are_answered_alike(cast: Cast) -> None:
    """A-14, P-23: the same text, code and headers, from the first failure to the lock-out."""
    User.objects.filter(username="carol").update(is_active=False)
    programs = User.objects.create_user("payroll")
    assert not programs.has_usable_password()
    names = ("alice", "nobody-here", "carol", "payroll")

    said = {
        name: [
            (answer.status_code, bare(answer.content, name), sorted(answer.headers))
            for answer in (fail(Client(), name, 1, f"10.1.0.{number}") for _ in range(6))
        ]
        for number, name in enumerate(names)
    }

    assert [status for status, _page, _headers in said["alice"]] == [200] * 4 + [429] * 2
    assert said["alice"] == said["nobody-here"] == said["carol"] == said["payroll"]


class CountingHasher(Argon2PasswordHasher):
    """Argon2, small, that counts how often it works."""

    memory_cost, time_cost, parallelism = 64, 1, 1
    worked: list[str] = []

    def encode(self, password: str, salt: str) -> str:
        self.worked.append(password)
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        self.worked.append(password)
        return super().verify(password, encoded)


@pytest.mark.parametrize("name", ["alice", "nobody-here", "carol", "payroll"])
def test_every_name_costs_one_hash(cast: Cast, settings, name: str) -> None:
    """A-14, P-23: what takes the time of a log-in is done once, whoever is named."""
    settings.PASSWORD_HASHERS = ["tests.test_coming_in.CountingHasher"]
    for user in (cast.alice.user, cast.carol.user):
        user.set_password(WORD)
        user.is_active = user.username == "alice"
        user.save()
    User.objects.create_user("payroll")
    CountingHasher.worked.clear()

    step_one(Client(), name, "wrong")

    assert CountingHasher.worked == ["wrong"] or len(CountingHasher.worked) == 1


def test_an_office_behind_one_address_is_not_locked_out_by_one_person(cast: Cast) -> None:
    """A-07: the address has a limit of its own, which a success does not reset."""
    client = Client()
    fail(client, "alice", 5)
    bob = {"username": "bob", "password": WORD}
    assert client.post("/login/", bob, REMOTE_ADDR="10.0.0.1").status_code == 302

    for number in range(9):
        fail(Client(), f"guess{number}", 5)

    hr = {"username": "n_hr", "password": WORD}
    assert Client().post("/login/", hr, REMOTE_ADDR="10.0.0.1").status_code == 429
    assert Client().post("/login/", hr, REMOTE_ADDR="10.0.0.2").status_code == 302


def open_at(name: str, address: str) -> int:
    """Return what the right password is answered from an address."""
    words = {"username": name, "password": WORD}
    return Client().post("/login/", words, REMOTE_ADDR=address).status_code


def fail_from_everywhere(name: str, *, times: int = 100) -> None:
    for number in range(times // 4):
        fail(Client(), name, 4, f"10.9.{number // 250}.{number % 250}")


def test_nobody_is_shut_out_from_where_they_have_come_in_before(cast: Cast, clock: Clock) -> None:
    """A-07: a hundred failures elsewhere lock the name there, and not at its owner's desk."""
    assert open_at("alice", "10.0.0.1") == 302

    fail_from_everywhere("alice")

    assert open_at("alice", "10.0.0.2") == 429
    assert open_at("alice", "10.0.0.1") == 302


def test_where_somebody_comes_in_a_name_has_a_limit_as_well(cast: Cast, clock: Clock) -> None:
    for number in range(26):
        assert open_at("alice", f"10.9.0.{number}") == 302
    fail_from_everywhere("alice")

    assert open_at("alice", "10.9.0.25") == 429


def test_an_address_is_known_for_some_months(cast: Cast, clock: Clock) -> None:
    assert open_at("alice", "10.0.0.1") == 302
    clock.forward(days=91)
    fail_from_everywhere("alice")

    assert open_at("alice", "10.0.0.1") == 429


def test_whoever_has_a_network_of_ipv6_has_one_address(cast: Cast) -> None:
    """A-07: one home has 2**64 of them."""
    for number in range(5):
        fail(Client(), "alice", 1, f"2001:db8:1:2:{number}::1")

    assert open_at("alice", "2001:db8:1:2:ffff::9") == 429
    assert open_at("alice", "2001:db8:1:3::1") == 302
    call_command("unlock", "2001:db8:1:2:abcd::1")
    assert open_at("alice", "2001:db8:1:2:ffff::9") == 302


def test_the_console_has_no_door_of_its_own(client: Client, cast: Cast) -> None:
    """A-13: all doors are as strong, for there is one."""
    answer = client.post(
        "/admin/login/?next=/admin/organization/employee/", {"username": "boss", "password": WORD}
    )

    assert answer["Location"] == "/login/?next=/admin/organization/employee/"
    assert not is_in(client)
    assert client.get("/admin/login/?next=https://example.org")["Location"].endswith("next=/admin/")


def test_a_lock_out_ends_by_itself_and_can_be_lifted(cast: Cast, clock: Clock) -> None:
    fail(Client(), "alice", 5)
    fail(Client(), "bob", 5)

    call_command("unlock", "alice")
    lifted = {"username": "alice", "password": WORD}
    assert Client().post("/login/", lifted, REMOTE_ADDR="10.0.0.1").status_code == 302

    waits = {"username": "bob", "password": WORD}
    assert Client().post("/login/", waits, REMOTE_ADDR="10.0.0.1").status_code == 429
    clock.forward(minutes=16)
    assert Client().post("/login/", waits, REMOTE_ADDR="10.0.0.1").status_code == 302


def test_an_administrator_sees_lock_outs_and_lifts_them(client: Client, cast: Cast) -> None:
    fail(Client(), "alice", 5)
    client.force_login(cast.superuser)
    page = "/admin/axes/accessattempt/"
    row = client.get(page).context["cl"].queryset.get()

    client.post(page, {"action": "lift", "_selected_action": [row.pk]})

    words = {"username": "alice", "password": WORD}
    assert Client().post("/login/", words, REMOTE_ADDR="10.0.0.1").status_code == 302
    assert "log_in.unlocked" in verbs(actor=cast.superuser)


def test_the_log_tells_who_came_in_who_failed_and_who_went_out(client: Client, cast: Cast) -> None:
    """A-27: and never what was typed where a name was asked for."""
    fail(client, "alice", 5)
    fail(client, "alice", 2)
    fail(client, "my secret password", 1)
    step_one(client, "bob")
    client.post("/logout/")

    about_alice = verbs(thing_type="organization.user", thing_id=str(cast.alice.user.pk))
    assert about_alice.count("log_in.failed") in (4, 5)
    assert about_alice.count("log_in.locked_out") == 1
    assert verbs(actor=cast.bob.user) == ["log_in.opened", "log_in.closed"]
    everything = str(list(AuditEntry.objects.values()))
    assert "my secret password" not in everything
    assert WORD not in everything


# --- sessions ----------------------------------------------------------------------------------


def test_a_session_gets_a_new_key_with_the_log_in_and_dies_with_the_log_out(cast: Cast) -> None:
    """A-16: on the server, whatever the browser keeps."""
    client = Client()
    client.get("/login/")
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before

    step_one(client, "alice")
    opened = client.cookies["sessionid"].value
    assert opened != before
    assert is_in(client)

    client.post("/logout/")
    thief = Client()
    thief.cookies["sessionid"] = opened
    assert not is_in(thief)


def test_the_table_of_sessions_opens_nothing(cast: Cast) -> None:
    client = Client()
    step_one(client, "alice")
    kept = OpenSession.objects.get(user=cast.alice.user).session_key

    thief = Client()
    thief.cookies["sessionid"] = kept

    assert is_in(client)
    assert not is_in(thief)
    assert kept == sessions.digest_of(client.cookies["sessionid"].value)


def test_a_session_ends_two_hours_after_its_last_use(cast: Cast, clock: Clock) -> None:
    """A-16: the idle limit."""
    client = Client()
    step_one(client, "alice")

    for _again in range(3):
        clock.forward(minutes=115)
        assert is_in(client)
    clock.forward(minutes=121)

    assert not is_in(client)


def test_a_session_ends_twelve_hours_after_the_log_in_however_busy(
    cast: Cast, clock: Clock
) -> None:
    """A-16: the absolute limit."""
    client = Client()
    step_one(client, "alice")

    for _again in range(11):
        clock.forward(hours=1)
        assert is_in(client)
    clock.forward(hours=1)

    assert not is_in(client)


def test_looking_around_writes_the_session_once_in_some_minutes(cast: Cast, clock: Clock) -> None:
    client = Client()
    step_one(client, "alice")
    row = OpenSession.objects.get(user=cast.alice.user)

    clock.forward(minutes=4)
    is_in(client)
    assert OpenSession.objects.get(pk=row.pk).seen_at == row.seen_at

    clock.forward(minutes=2)
    is_in(client)
    assert OpenSession.objects.get(pk=row.pk).seen_at == clock.now


def opened(user: User, password: str = WORD) -> tuple[Client, str]:
    """Return a browser and a token that are in."""
    client = Client()
    step_one(client, user.username, password)
    _token, key = tokens.issue(user, name="gate", actor=None, now=timezone.now())
    assert is_in(client)
    assert token_opens(key)
    return client, key


def token_opens(key: str) -> bool:
    answer = Client().get("/api/v1/employees/", headers={"authorization": f"Token {key}"})
    return answer.status_code == 200


def test_a_new_password_ends_what_the_old_one_opened_and_keeps_the_own_browser(
    cast: Cast,
) -> None:
    """A-16, P-11: sessions and API tokens, at once."""
    client, key = opened(cast.hr)
    elsewhere, _key = opened(cast.hr)

    answer = client.post(
        "/account/password/", {"old_password": WORD, "new_password1": NEW, "new_password2": NEW}
    )

    assert answer["Location"] == "/account/"
    assert is_in(client)
    assert not is_in(elsewhere)
    assert not token_opens(key)
    assert step_one(Client(), "n_hr").status_code == 200
    assert step_one(Client(), "n_hr", NEW).status_code == 302


def test_a_password_changed_on_the_command_line_ends_the_same(cast: Cast, monkeypatch) -> None:
    """A-16: whichever way it is changed."""
    client, key = opened(cast.hr)
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW)

    call_command("changepassword", "n_hr", verbosity=0)

    assert not is_in(client)
    assert not token_opens(key)


def test_whoever_finds_an_open_browser_does_not_change_the_password(cast: Cast) -> None:
    client, _key = opened(cast.hr)
    said = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}

    statuses = [client.post("/account/password/", said).status_code for _ in range(6)]

    assert statuses == [200] * 4 + [429] * 2
    cast.hr.refresh_from_db()
    assert cast.hr.check_password(WORD)


def test_switching_a_log_in_off_ends_what_it_opened_for_good(client: Client, cast: Cast) -> None:
    """A-16, P-11 (CVE-2025-66289): and switching it on again brings nothing back."""
    browser, key = opened(cast.hr)
    client.force_login(cast.superuser)
    page = f"/admin/organization/user/{cast.hr.pk}/change/"
    form = client.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, False, [])}
    inlines = {
        f"{inline.formset.prefix}-{part}": "0"
        for inline in client.get(page).context["inline_admin_formsets"]
        for part in ("TOTAL_FORMS", "INITIAL_FORMS")
    }

    client.post(page, {k: v for k, v in values.items() if k != "is_active"} | inlines)
    assert not User.objects.get(pk=cast.hr.pk).is_active
    assert not is_in(browser)
    assert not token_opens(key)
    assert step_one(Client(), "n_hr").status_code == 200

    client.post(page, {**values, "is_active": "on"} | inlines)
    assert User.objects.get(pk=cast.hr.pk).is_active
    assert not is_in(browser)
    assert not token_opens(key)
    assert step_one(Client(), "n_hr").status_code == 302


def test_whoever_left_is_out_the_day_after(cast: Cast, clock: Clock) -> None:
    """A-16: by itself, and at once where the last day has passed already."""
    browser, key = opened(cast.alice.user)
    leave = {"employee_id": cast.alice.pk, "actor": cast.hr}

    services.leave(left_on=NOW.date(), now=clock.now, **leave)
    shut_what_ended()
    assert is_in(browser)

    clock.forward(days=2)
    again = Client()
    step_one(again, "alice")
    shut_what_ended()
    shut_what_ended()
    assert not is_in(again)
    assert not token_opens(key)
    about = {"thing_type": "organization.user", "thing_id": str(cast.alice.user.pk)}
    assert verbs(**about).count("log_in.switched_off") == 1

    other, _key = opened(cast.bob.user)
    services.leave(employee_id=cast.bob.pk, left_on=NOW.date(), actor=cast.hr, now=clock.now)
    assert not is_in(other)


def test_people_see_where_they_are_logged_in_and_log_out_everywhere_else(cast: Cast) -> None:
    client, elsewhere = Client(), Client()
    step_one(client, "alice")
    step_one(elsewhere, "alice")
    assert len(client.get("/account/").context["sessions"]) == 2

    client.post("/account/sessions/end/")

    assert is_in(client)
    assert not is_in(elsewhere)


def test_nobody_revokes_another_ones_token(client: Client, cast: Cast) -> None:
    """P-04, P-11."""
    token, key = tokens.issue(cast.other_hr, name="gate", actor=None, now=timezone.now())
    step_one(client, "n_hr")

    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert token_opens(key)


# --- passwords ---------------------------------------------------------------------------------


def test_a_new_log_in_has_a_random_password_that_opens_one_page_once(
    client: Client, cast: Cast, clock: Clock
) -> None:
    """A-13, P-18, A-19: no default account, no password that two people know for long."""
    client.force_login(cast.superuser)
    told = client.post("/admin/organization/user/add/", {"username": "dora"}).context["told"]
    dora = Client()

    assert len(told) == 19
    assert step_one(dora, "dora", told).status_code == 302
    for address in ("/", "/me/", "/admin/", "/account/"):
        assert dora.get(address)["Location"].startswith("/account/password/")
    assert dora.get("/api/v1/employees/").status_code == 401

    dora.post("/account/password/", {"new_password1": NEW, "new_password2": NEW})
    assert is_in(dora)
    assert step_one(Client(), "dora", told).status_code == 200


def test_a_one_time_password_ends_after_three_days(cast: Cast, clock: Clock) -> None:
    """A-13: and is refused with the words for a wrong one."""
    password = accounts.give_one_time_password(cast.hr, actor=cast.superuser, now=clock.now)
    client = Client()
    step_one(client, "n_hr", password)
    assert client.get("/account/password/").status_code == 200

    clock.forward(days=3)

    assert client.get("/account/password/")["Location"].startswith("/login/")
    wrong, late = step_one(Client(), "n_hr", "wrong"), step_one(Client(), "n_hr", password)
    assert bare(wrong.content, "n_hr") == bare(late.content, "n_hr")


def test_a_forgotten_password_is_replaced_for_its_owner_alone(client: Client, cast: Cast) -> None:
    """P-11: what is handed out belongs to one log-in and opens no other."""
    client.force_login(cast.superuser)
    browser, key = opened(cast.hr)
    page = client.get(f"/admin/organization/user/{cast.hr.pk}/password/")["Location"]

    told = client.post(page, {"act": "password"}).context["told"]

    assert not is_in(browser)
    assert not token_opens(key)
    assert step_one(Client(), "n_hr").status_code == 200
    assert step_one(Client(), "s_hr", told).status_code == 200
    assert step_one(Client(), "n_hr", told).status_code == 302
    assert told not in str(list(AuditEntry.objects.values()))
    assert told not in client.get(page).content.decode()


def test_a_one_time_password_can_be_read_out(cast: Cast) -> None:
    told = {accounts.give_one_time_password(cast.hr, actor=None, now=NOW) for _n in range(5)}

    assert len(told) == 5
    assert all(re.fullmatch(r"([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}", word) for word in told)


def test_p22_whoever_may_only_assign_roles_takes_over_no_log_in(cast: Cast) -> None:
    """By the password of a plain employee one would be that person, and see their days."""
    only = roles.add_role(key="g", name="G", actions=[Action.GRANT], actor=None, now=NOW)
    granter = User.objects.create_user("granter")
    roles.assign(user=granter, role=only, department=cast.unit, actor=None, now=NOW)
    client = Client()
    client.force_login(granter)
    page = f"/admin/organization/user/{cast.alice.user.pk}/doors/"

    answer = client.post(page, {"act": "password"}, follow=True)

    assert "It takes the rights to assign roles and to configure" in answer.content.decode()
    cast.alice.user.refresh_from_db()
    assert cast.alice.user.check_password(WORD)
    Employee.objects.filter(pk=cast.alice.pk).update(user=None)
    client.post(f"/admin/organization/employee/{cast.alice.pk}/log-in/", {"username": "alice2"})
    assert not User.objects.filter(username="alice2").exists()


def test_people_are_told_who_gave_out_their_one_time_passwords(client: Client, cast: Cast) -> None:
    """P-22: also the one that somebody else came in by before."""
    alice = cast.alice.user
    accounts.give_one_time_password(alice, actor=cast.hr, now=timezone.now())
    word = accounts.give_one_time_password(alice, actor=cast.superuser, now=timezone.now())
    step_one(client, "alice", word)

    said = client.get("/account/password/").content.decode()

    assert "given out by n_hr" in said
    assert "given out by boss" in said
    client.post("/account/password/", {"new_password1": NEW, "new_password2": NEW})
    assert "given out" not in client.get("/account/password/").content.decode()


def test_another_name_or_mail_address_of_a_log_in_stands_in_the_log(
    client: Client, cast: Cast
) -> None:
    """A-27: a renamed log-in would otherwise have another one's past."""
    alice = cast.alice.user
    client.force_login(cast.superuser)
    page = f"/admin/organization/user/{alice.pk}/change/"

    client.post(page, {"username": "mallory", "email": "m@example.org", "is_active": "on"})

    entry = AuditEntry.objects.get(verb="log_in.edited")
    assert entry.facts == {
        "before": {"username": "alice", "email": ""},
        "after": {"username": "mallory", "email": "m@example.org"},
    }
    assert (entry.actor, entry.department) == (cast.superuser, cast.department)


def test_nobody_opens_a_log_in_that_may_do_more_than_they_may(cast: Cast) -> None:
    for target in (cast.superuser, cast.other_hr):
        with pytest.raises(accounts.BeyondOwnRights):
            accounts.give_one_time_password(target, actor=cast.hr, now=NOW)
        target.is_program = True
        with pytest.raises(accounts.BeyondOwnRights):
            accounts.issue_token(target, name="x", actor=cast.hr, now=NOW)

    assert accounts.give_one_time_password(cast.alice.user, actor=cast.hr, now=NOW)


@pytest.mark.parametrize(
    "easy",
    [
        "short words",
        "password1234",
        "qwertyuiop123",
        "bob bob bob bob",
        "kaoqin123456",
        "Kaoqin-North-1",
        "South2026!!",
        "North00102Bob",
        "考勤考勤考勤考勤1234",
    ],
)
def test_passwords_that_everybody_would_try_are_refused(cast: Cast, easy: str) -> None:
    """A-13: short, known, of the names that stand around, of one's own name and number."""
    client = Client()
    step_one(client, "bob")

    client.post(
        "/account/password/", {"old_password": WORD, "new_password1": easy, "new_password2": easy}
    )

    cast.bob.user.refresh_from_db()
    assert cast.bob.user.check_password(WORD)


@pytest.mark.parametrize(
    "good",
    [
        "four plain words here",
        "二十四节气惊蛰谷雨立夏小满",
        "kaoqin opens at the eighth bell",
        "x" + " y" * 60,
    ],
)
def test_passwords_are_not_asked_for_signs_and_digits(cast: Cast, good: str) -> None:
    """A-13 (ASVS 6.2.5): any composition, up to any length, with blanks."""
    client = Client()
    step_one(client, "bob")

    client.post(
        "/account/password/", {"old_password": WORD, "new_password1": good, "new_password2": good}
    )

    cast.bob.user.refresh_from_db()
    assert cast.bob.user.check_password(good)


def test_passwords_are_kept_by_argon2_and_old_ones_are_kept_anew(cast: Cast, settings) -> None:
    """A-13 (ASVS 11.4.2): as production keeps them."""
    from config.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    cast.hr.set_password(WORD)
    cast.hr.save()
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS

    assert step_one(Client(), "n_hr").status_code == 302

    cast.hr.refresh_from_db()
    assert cast.hr.password.startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_installation_has_no_log_in_that_nobody_made(db: None) -> None:
    """A-13, P-18, P-19."""
    assert not User.objects.exists()


def test_the_commands_that_help_are_told_who(cast: Cast, capsys: pytest.CaptureFixture) -> None:
    call_command("one_time_password", "boss")

    password = capsys.readouterr().out.strip()
    client = Client()
    step_one(client, "boss", password)
    assert client.get("/admin/")["Location"].startswith("/account/password/")


def test_a_lost_phone_is_helped_by_a_super_administrator_alone(client: Client, cast: Cast) -> None:
    enrol(cast.bob.user, NOW)
    page = f"/admin/organization/user/{cast.bob.user.pk}/doors/"
    client.force_login(cast.hr)
    client.post(page, {"act": "factor"})
    assert second_factor.is_enrolled(cast.bob.user)

    client.force_login(cast.superuser)
    client.post(page, {"act": "factor"})

    assert not SecondFactor.objects.filter(user=cast.bob.user).exists()
    assert "second_factor.reset" in verbs(actor=cast.superuser)
