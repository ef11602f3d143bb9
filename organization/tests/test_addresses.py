"""A-10: nobody chooses the address that throttles, lock-outs and the audit log go by."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from organization.addresses import client_address


@pytest.mark.parametrize(
    ("proxies", "connected", "forwarded", "address"),
    [
        (0, "203.0.113.9", None, "203.0.113.9"),
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1,198.51.100.2 ,203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "203.0.113.9", None, "203.0.113.9"),
        (1, "203.0.113.9", "198.51.100.1, not an address", "203.0.113.9"),
        (1, "203.0.113.9", "198.51.100.1, 198.51.100.2\r\nforged: line", "203.0.113.9"),
        (1, "10.0.0.1", "203.0.113.9:51234", "203.0.113.9"),
        (1, "10.0.0.1", "[2001:DB8::9]:51234", "2001:db8::9"),
        (0, "2001:0db8:0::0009", None, "2001:db8::9"),
        (0, "::ffff:203.0.113.9", None, "203.0.113.9"),
        (0, "", None, ""),
        (1, "", "203.0.113.9", "203.0.113.9"),
    ],
    ids=[
        "nobody stands before it",
        "nobody stands before it, and a header claims so",
        "one proxy",
        "one proxy, and a first entry of the sender's",
        "one proxy, and several of the sender's",
        "two proxies",
        "round the outer one of two proxies",
        "round the only proxy",
        "an entry that is no address",
        "an entry that would forge a line",
        "a proxy that adds the port",
        "a proxy that adds the port, in the newer form",
        "written another way",
        "an old address in the newer form",
        "a local socket",
        "a local socket behind a proxy",
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(
    settings: Settings,
    proxies: int,
    connected: str,
    forwarded: str | None,
    address: str,
) -> None:
    settings.PROXIES = proxies
    headers = {"HTTP_X_REAL_IP": "198.51.100.7", "HTTP_CLIENT_IP": "198.51.100.8"}
    if forwarded is not None:
        headers["HTTP_X_FORWARDED_FOR"] = forwarded
    request = RequestFactory().get("/", REMOTE_ADDR=connected, **headers)

    assert client_address(request) == address
