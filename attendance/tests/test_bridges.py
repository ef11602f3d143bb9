"""WeCom's kit is opened for pages of this host, with a ticket that stays on the server."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from attendance.services import bridges
from organization.errors import NotFound
from tests.cast import Cast

pytestmark = pytest.mark.django_db

PAGE = "https://kaoqin.example.com/punch/"
HOST = "kaoqin.example.com"


class WeCom:
    """Stands for WeCom's server: says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.says = {
            "/cgi-bin/gettoken": {"errcode": 0, "access_token": "T", "expires_in": 7200},
            "/cgi-bin/get_jsapi_ticket": {"errcode": 0, "ticket": "J", "expires_in": 7200},
        }


@pytest.fixture
def wecom(settings: Any) -> Iterator[WeCom]:
    """A corporation of WeCom's, whose server answers on this machine."""
    far = WeCom()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            far.asked.append((parts.path, parse_qs(parts.query)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(far.says[parts.path]).encode())

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.WECOM_CORP_ID, settings.WECOM_SECRET = "ww1", "the secret"
    settings.WECOM_AGENT_ID = "1000002"
    settings.WECOM_API_URL = f"http://127.0.0.1:{server.server_port}"
    cache.clear()
    yield far
    server.shutdown()
    server.server_close()
    cache.clear()


def test_an_address_is_signed_as_the_published_example_is() -> None:
    """The example of WeChat's document on the signature of its kit, which WeCom's shares."""
    assert (
        bridges.signature(
            ticket="sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-"
            "HhTdfl2fzFy1AOcHKP7qg",
            nonce="Wm3WZYTPz0wzccnW",
            timestamp=1414587457,
            url="http://mp.weixin.qq.com?params=value",
        )
        == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    )


def test_a_page_of_this_host_is_signed_without_what_stands_behind_the_hash(wecom: WeCom) -> None:
    said = bridges.sign(f"{PAGE}?code=1#top", host=HOST)

    assert said["corp_id"] == "ww1"
    assert said["signature"] == bridges.signature(
        ticket="J", nonce=said["nonce"], timestamp=said["timestamp"], url=f"{PAGE}?code=1"
    )
    assert "the secret" not in str(said)


def test_wecom_is_asked_once_until_its_ticket_runs_out(wecom: WeCom) -> None:
    for _time in range(3):
        bridges.sign(PAGE, host=HOST)

    assert [path for path, _query in wecom.asked] == [
        "/cgi-bin/gettoken",
        "/cgi-bin/get_jsapi_ticket",
    ]
    assert wecom.asked[0][1] == {"corpid": ["ww1"], "corpsecret": ["the secret"]}
    assert wecom.asked[1][1] == {"access_token": ["T"]}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/punch/",
        "https://kaoqin.example.com.evil.example/",
        "https://kaoqin.example.com@evil.example/",
        "javascript://kaoqin.example.com/",
        "kaoqin.example.com",
        "",
    ],
)
def test_no_page_of_another_host_is_signed(wecom: WeCom, url: str) -> None:
    with pytest.raises(bridges.ForeignAddress):
        bridges.sign(url, host=HOST)

    assert wecom.asked == []


def test_a_refusal_of_wecoms_is_not_asked_for_again_at_once(wecom: WeCom) -> None:
    wecom.says["/cgi-bin/gettoken"] = {"errcode": 40013, "errmsg": "invalid corpid"}

    for _time in range(2):
        with pytest.raises(bridges.BridgeSilent) as refusal:
            bridges.sign(PAGE, host=HOST)
        assert str(refusal.value) == "WeCom gave no ticket: errcode 40013"

    assert len(wecom.asked) == 1


def test_a_silent_wecom_is_named_without_the_secret(wecom: WeCom, settings: Any) -> None:
    settings.WECOM_API_URL = "http://127.0.0.1:9"

    with pytest.raises(bridges.BridgeSilent) as refusal:
        bridges.sign(PAGE, host=HOST)

    assert "secret" not in str(refusal.value)


def test_without_a_corporation_there_is_no_bridge(settings: Any) -> None:
    settings.WECOM_CORP_ID = ""

    with pytest.raises(NotFound):
        bridges.sign(PAGE, host=HOST)


def test_the_page_asks_for_its_own_address(client: Client, cast: Cast, wecom: WeCom) -> None:
    def ask(url: str) -> tuple[int, dict[str, object]]:
        answer = client.post(
            "/punch/bridge/", {"url": url}, "application/json", headers={"host": "127.0.0.1"}
        )
        return answer.status_code, answer.json()

    assert client.post("/punch/bridge/").status_code == 302
    client.force_login(cast.alice.user)

    assert ask("http://127.0.0.1/punch/")[0] == 200
    assert ask(PAGE)[0] == 400
    wecom.says["/cgi-bin/get_jsapi_ticket"] = {"errcode": 45009}
    cache.clear()
    assert ask("http://127.0.0.1/punch/")[0] == 503


def test_where_wecom_is_not_configured_the_page_is_told_so(client: Client, cast: Cast) -> None:
    client.force_login(cast.alice.user)

    answer = client.post("/punch/bridge/", {"url": "http://testserver/punch/"}, "application/json")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
