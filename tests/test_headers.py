"""What production tells the browser, on every kind of page (A-08, A-10, A-21, A-22)."""

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django.fixtures import Settings

from config import urls
from config.headers import FEATURES, Headers
from config.logs import OneLine
from organization.circumstances import Circumstances, within
from organization.models import AuditEntry, User
from tests.cast import Cast
from tests.test_production import ROOT, start

pytestmark = pytest.mark.django_db

HOST: Final = "kaoqin.example.com"
# What settings.py makes of a sound environment, and what the answers of a process hang on.
ASKED: Final = re.compile(
    r"^(DEBUG|ALLOWED_HOSTS|PROXIES|X_FRAME_OPTIONS|SECURE_|SESSION_COOKIE|CSRF_|LANGUAGE_COOKIE)"
)
STRICT: Final = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
}
CONSOLE: Final = STRICT - {"script-src 'self'"} | {
    "script-src 'self' 'unsafe-eval'",
    "style-src-attr 'unsafe-inline'",
}
ALWAYS: Final = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store, private",
}


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("SELECT secret FROM /srv/kaoqin")


# This module is the root of the addresses where a test wants something to be broken.
urlpatterns = [path("broken/", broken), path("api/broken/", broken), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture(scope="module")
def made_in_production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    program = (
        "import json, config.settings as s;"
        "print(json.dumps(vars(s), default=lambda value: value.__class__.__name__))"
    )
    answer = start(tmp_path_factory.mktemp("production"), "-c", program)
    assert answer.returncode == 0, answer.stderr
    return {name: value for name, value in json.loads(answer.stdout).items() if ASKED.match(name)}


@pytest.fixture
def production(settings: Settings, made_in_production: dict[str, Any]) -> None:
    for name, value in made_in_production.items():
        setattr(settings, name, tuple(value) if name == "SECURE_PROXY_SSL_HEADER" else value)
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def visitor(production: None) -> Client:
    """Somebody who comes through our proxy, which ends TLS."""
    return Client(
        headers={"host": HOST, "x-forwarded-proto": "https"}, raise_request_exception=False
    )


@pytest.fixture
def chief(visitor: Client, admin_user: User) -> Client:
    visitor.force_login(admin_user)
    return visitor


def policy(answer: Any) -> set[str]:
    return set(answer["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize(
    ("address", "status", "expected"),
    [
        ("/login/", 200, STRICT),
        ("/nowhere/", 404, STRICT),
        ("/broken/", 500, STRICT),
        ("/admin/nowhere/", 302, CONSOLE),
        ("/api/v1/departments/", 401, STRICT),
        ("/api/v1/nowhere/", 404, STRICT),
        ("/api/broken/", 500, STRICT),
        ("/healthz", 200, STRICT),
    ],
)
def test_a08_every_answer_to_a_stranger_carries_the_headers(
    visitor: Client, address: str, status: int, expected: set[str]
) -> None:
    answer = visitor.get(address)

    assert answer.status_code == status
    assert {name: answer.get(name) for name in ALWAYS} == ALWAYS
    assert policy(answer) == expected
    assert "camera=()" in answer["Permissions-Policy"]


def test_a08_a_page_has_the_features_that_it_says_it_needs_and_no_others() -> None:
    page = HttpResponse(headers={"Permissions-Policy": "fullscreen=(self), camera=(self)"})

    answer = Headers(lambda _request: page)(RequestFactory().get("/"))

    said = answer["Permissions-Policy"].split(", ")
    assert {"fullscreen=(self)", "camera=(self)", "geolocation=()"} <= set(said)
    assert len(said) == len(FEATURES)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/admin/organization/employee/", CONSOLE),
        ("/admin/organization/employee/export/", CONSOLE),
        ("/admin/jsi18n/", CONSOLE),
        ("/admin/scheduling/rosterentry/template/?month=2026-03", CONSOLE),
        ("/api/v1/departments/", STRICT),
        ("/api/schema/", STRICT),
        ("/api/docs/", STRICT),
    ],
)
def test_a08_every_answer_behind_a_log_in_carries_the_headers(
    chief: Client, cast: Cast, address: str, expected: set[str]
) -> None:
    answer = chief.get(address)

    assert answer.status_code == 200
    assert {name: answer.get(name) for name in ALWAYS} == ALWAYS
    assert policy(answer) == expected


def test_a08_cookies_belong_to_this_host_over_tls_and_no_script_reads_them(
    visitor: Client, django_user_model: type[User]
) -> None:
    django_user_model.objects.create_user("somebody", password="a long password")
    visitor.get("/login/")
    visitor.post("/login/", {"username": "somebody", "password": "a long password"})
    visitor.post("/i18n/setlang/", {"language": "zh-hans"})
    names = sorted(name for name in visitor.cookies if visitor.cookies[name].value)

    assert names == ["__Host-csrftoken", "__Host-language", "__Host-sessionid"]
    for name in names:
        cookie = visitor.cookies[name]
        kept = {key: cookie[key] for key in ("secure", "httponly", "samesite", "path", "domain")}
        assert kept == {
            "secure": True,
            "httponly": True,
            "samesite": "Lax",
            "path": "/",
            "domain": "",
        }


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"https://{HOST}"])
@pytest.mark.parametrize("address", ["/login/", "/api/v1/departments/"])
def test_a08_no_other_site_is_invited(visitor: Client, address: str, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}

    for answer in (visitor.get(address, headers=asked), visitor.options(address, headers=asked)):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_what_comes_without_tls_is_sent_to_it(production: None) -> None:
    answer = Client(headers={"host": HOST}).get("/login/?next=/me/")

    assert (answer.status_code, answer["Location"]) == (301, f"https://{HOST}/login/?next=/me/")
    assert answer["Cache-Control"] == "no-store, private"


# What a sender claims ---------------------------------------------------------------------------

CLAIMS: Final = {
    "x-forwarded-for": "198.51.100.1",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "444",
    "x-real-ip": "198.51.100.2",
    "forwarded": "for=198.51.100.3;host=evil.example;proto=https",
}


def test_a10_no_header_claims_tls_where_no_proxy_stands(
    production: None, settings: Settings
) -> None:
    settings.PROXIES, settings.SECURE_PROXY_SSL_HEADER = 0, None

    answer = Client(headers={"host": HOST, **CLAIMS}).get("/login/")

    assert (answer.status_code, answer["Location"]) == (301, f"https://{HOST}/login/")


def test_a10_no_header_names_another_host(visitor: Client) -> None:
    plain = Client(headers={"host": HOST, **CLAIMS})

    assert plain.get("/")["Location"] == "/login/"
    assert "evil.example" not in plain.get("/login/").content.decode()
    assert Client(headers={"host": "evil.example"}).get("/login/").status_code == 400


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "198.51.100.1")])
def test_a10_the_audit_log_keeps_the_address_that_our_proxies_saw(
    production: None, settings: Settings, cast: Cast, proxies: int, address: str
) -> None:
    settings.PROXIES = proxies
    client = Client(headers={"host": HOST, **CLAIMS}, SERVER_PORT="443")
    client.force_login(cast.alice.user)

    answer = client.get("/admin/organization/employee/999999/change/", secure=True)

    assert answer.status_code in (302, 403, 404)
    assert AuditEntry.objects.latest("pk").address == address


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO"])
@pytest.mark.parametrize("address", ["/login/", "/admin/", "/api/v1/departments/", "/healthz"])
def test_a10_a_method_nobody_knows_is_405(chief: Client, method: str, address: str) -> None:
    assert chief.generic(method, address).status_code == 405


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a10_pages_know_only_what_forms_send(chief: Client, method: str) -> None:
    assert chief.generic(method, "/admin/organization/employee/").status_code == 405


# What goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/broken/", "/api/broken/"])
def test_a21_a_fault_of_ours_shows_a_reference_and_nothing_of_the_insides(
    visitor: Client, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[str] = []
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("{levelname}{reference}: {message}", style="{"))
    handler.emit = lambda record: kept.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger("django.request").addHandler(handler)

    answer = visitor.get(address)

    logging.getLogger("django.request").removeHandler(handler)
    body = answer.content.decode()
    reference = re.search(r"[0-9a-f]{32}", body)
    assert answer.status_code == 500
    assert reference is not None
    assert f"ERROR [{reference[0]}]: Internal Server Error: {address}" in kept[0]
    for inside in ("Traceback", "RuntimeError", "SELECT", "/srv", str(ROOT), "django"):
        assert inside not in body


@pytest.mark.parametrize(
    ("address", "language", "words"),
    [
        ("/nowhere/", "en", "Nothing is here"),
        ("/broken/", "en", "Something went wrong"),
    ],
)
def test_a21_what_goes_wrong_is_said_in_words(
    visitor: Client, address: str, language: str, words: str
) -> None:
    page = visitor.get(address, headers={"accept-language": language}).content.decode()

    assert f"<h1>{words}</h1>" in page
    assert f'lang="{language}"' in page


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [("/api/v1/nowhere/", 404, "not_found"), ("/api/broken/", 500, "server_error")],
)
def test_a21_programs_get_a_code_where_people_get_a_page(
    visitor: Client, address: str, status: int, code: str
) -> None:
    answer = visitor.get(address)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "facts"}


def test_a09_a_form_from_elsewhere_is_told_so_and_changes_nothing(production: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": HOST, "x-forwarded-proto": "https"})

    answer = client.post("/login/", {"username": "somebody", "password": "x"})

    assert answer.status_code == 403
    assert "<h1>This form is too old</h1>" in answer.content.decode()


@pytest.mark.parametrize("address", ["/api/schema/", "/api/docs/", "/api/v1/"])
def test_a21_the_schema_and_its_page_ask_for_a_log_in(visitor: Client, address: str) -> None:
    assert visitor.get(address).status_code in (401, 403)


# The log ----------------------------------------------------------------------------------------


def line(message: str, *arguments: object, error: Callable[[], None] | None = None) -> str:
    record = logging.LogRecord("kaoqin", logging.INFO, "f", 1, message, arguments, None)
    if error is not None:
        try:
            error()
        except RuntimeError:
            record.exc_info = sys.exc_info()
    return OneLine("{levelname} {name}{reference}: {message}", style="{").format(record)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a\r\n2026 INFO audit: forged", r"a\r\n2026 INFO audit: forged"),
        ("a\x1b[2K\x00b", r"a\x1b[2K\x00b"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("考勤\tok", "考勤\tok"),
    ],
)
def test_a27_what_somebody_typed_stays_inside_its_line(said: str, written: str) -> None:
    assert line("%s", said) == f"INFO kaoqin: {written}"


def test_a27_the_text_of_an_error_begins_no_line() -> None:
    def fail() -> None:
        raise RuntimeError("x\n2026-03-02 INFO audit: forged\x1b")

    first, *rest = line("failed", error=fail).split("\n")

    assert first == "INFO kaoqin: failed"
    assert rest
    assert all(row.startswith("  | ") for row in rest)
    assert rest[-1] == r"  | 2026-03-02 INFO audit: forged\x1b"


def test_whoever_knocks_with_another_name_fills_one_line_of_the_log(
    visitor: Client,
) -> None:
    kept: list[str] = []
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("{message}", style="{"))
    handler.emit = lambda record: kept.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger("django.security").addHandler(handler)

    visitor.get("/login/", headers={"host": "evil.example"})

    logging.getLogger("django.security").removeHandler(handler)
    assert len(kept) == 1
    assert "\n" not in kept[0]
    assert "evil.example" in kept[0]


def test_a_line_carries_the_reference_of_its_request() -> None:
    with within(Circumstances("console", request_id="abc")):
        assert line("seen") == "INFO kaoqin [abc]: seen"
