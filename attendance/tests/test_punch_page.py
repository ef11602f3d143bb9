"""The punch page: who finds it, and that what browsers keep of it is nobody's."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.staticfiles import finders
from django.test import Client

from attendance import punch_page
from attendance.punch_words import WORDS
from tests.cast import Cast

pytestmark = pytest.mark.django_db

SCRIPTS = Path(site.BASE_DIR) / "frontend" / "src" / "punch"
FIRST_LOAD_AT_MOST = 200_000


def test_an_employee_finds_the_page_with_a_token_and_no_rows(client: Client, cast: Cast) -> None:
    client.force_login(cast.alice.user)

    page = client.get("/punch/").content.decode()

    assert re.search(r'<meta name="csrf" content="\w{64}">', page)
    assert "Alice" not in page


def test_a_log_in_of_nobody_reads_why_there_is_nothing_to_punch(client: Client, cast: Cast) -> None:
    client.force_login(cast.superuser)

    assert "This log-in belongs to no employee" in client.get("/punch/").content.decode()


def test_whoever_is_not_logged_in_comes_back_with_the_code_they_scanned(
    client: Client, cast: Cast
) -> None:
    answer = client.get("/punch/?code=KQ1.abc")

    assert answer["Location"] == "/login/?next=/punch/%3Fcode%3DKQ1.abc"
    answer = client.post(
        answer["Location"],
        {"username": "alice", "password": "a long word", "next": "/punch/?code=KQ1.abc"},
    )
    assert answer["Location"] == "/punch/?code=KQ1.abc"


def test_the_page_may_ask_for_camera_and_position_and_nothing_else(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.alice.user)
    answer = client.get("/punch/")

    assert answer["Permissions-Policy"].startswith("camera=(self), geolocation=(self), ")
    assert "microphone=()" in answer["Permissions-Policy"]
    policy = dict(
        part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; ") if " " in part
    )
    assert policy["script-src"].split() == ["'self'", "'wasm-unsafe-eval'"]
    assert policy["connect-src"] == "'self'"
    elsewhere = client.get("/me/")["Content-Security-Policy"]
    assert "wasm" not in elsewhere


def test_the_shell_that_browsers_keep_names_nobody(client: Client, cast: Cast) -> None:
    client.force_login(cast.alice.user)

    answer = client.get("/punch/shell/")
    shell = answer.content.decode()

    assert 'name="csrf"' not in shell
    assert "csrfmiddlewaretoken" not in shell
    assert "Alice" not in shell
    assert "00101" not in shell
    assert not answer.cookies
    client.logout()
    assert client.get("/punch/shell/").content.decode() == shell


def test_the_service_worker_comes_from_the_root_and_knows_only_the_shell(client: Client) -> None:
    answer = client.get("/sw.js")
    said = json.loads(re.match(r"self\.kaoqin = (\{.*\});\n", answer.content.decode())[1])

    assert answer["Service-Worker-Allowed"] == "/"
    assert answer["Content-Type"].startswith("text/javascript")
    assert said["shell"] == "/punch/shell/"
    assert all(address.startswith("/static/") for address in said["files"])


def test_another_language_and_another_release_are_another_service_worker(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(language: str) -> str:
        answer = client.get("/sw.js", headers={"accept-language": language})
        return json.loads(answer.content.decode().split(" = ")[1].split(";\n")[0])["version"]

    english = version("en")

    assert version("en") == english
    assert version("zh-hans") != english
    monkeypatch.setattr(punch_page, "FILES", punch_page.FILES[1:])
    assert version("en") != english


def test_the_manifest_lets_the_page_be_installed(client: Client) -> None:
    answer = client.get("/punch/manifest.webmanifest")
    said = answer.json()

    assert answer["Content-Type"] == "application/manifest+json"
    assert (said["start_url"], said["display"]) == ("/punch/", "standalone")
    assert {(icon["purpose"], icon["sizes"]) for icon in said["icons"]} == {
        ("any", "192x192"),
        ("any", "512x512"),
        ("maskable", "512x512"),
    }
    for icon in said["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))


def test_the_script_of_the_first_load_is_small() -> None:
    names = ["dist/punch/main.js", "attendance/theme.js"]

    assert sum(Path(finders.find(name)).stat().st_size for name in names) < FIRST_LOAD_AT_MOST


def test_every_sentence_of_the_scripts_comes_with_the_page_and_none_comes_for_nothing() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS.rglob("*.js"))
    said = set(re.findall(r'"([a-z_]+)"', code))
    built = set(re.findall(r"`([a-z]+_)\$\{", code)) | set(
        re.findall(r"`\$\{\w+\}(_[a-z]+)`", code)
    )
    asked = set(re.findall(r'say\(\s*"([a-z_]+)"', code)) | set(re.findall(r'word: "(\w+)"', code))

    assert asked <= set(WORDS)
    unused = {
        name
        for name in WORDS
        if name not in said
        and not any(name.startswith(part) or name.endswith(part) for part in built)
    }
    assert unused == set()
