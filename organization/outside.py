"""The one way out to addresses that somebody typed in: https, and only to the public internet.

Nothing inside the network is ever asked. A host is connected by the very address that was checked,
so no second look-up differs, and a redirect is an answer like any other: whoever follows it has its
target checked as well.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TIMEOUT: Final = 10.0
LARGEST_FETCHED: Final = 2 * 1024 * 1024
_MOST_REDIRECTS: Final = 3


class _Told(Exception):
    """Something with a reason that people read."""

    def __init__(self, why: str | Promise) -> None:
        super().__init__(why)
        self.why = why


class AddressRefused(_Told):
    """The address may not be asked."""


class AddressSilent(_Told):
    """The address gave no usable answer. The reason repeats nothing of the address."""


class Answer(NamedTuple):
    """What an address answered."""

    status: int
    location: str
    content: bytes


def ask(
    url: str,
    *,
    largest: int,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return what an https address answers, at most `largest` bytes and one more.

    Raises AddressRefused and AddressSilent.
    """
    host, port, target = parts_of(url)
    connection = PinnedConnection(host, port, public_address(host, port))
    try:
        connection.request(
            method, target, body, {"Accept": "*/*", "User-Agent": "kaoqin", **(headers or {})}
        )
        response = connection.getresponse()
        location = response.headers.get("Location", "")
        content = response.read(largest + 1) if response.status == 200 else b""
        return Answer(response.status, location, content)
    except (OSError, http.client.HTTPException) as error:
        raise AddressSilent(" ".join(str(error).split())[:60] or type(error).__name__) from error
    finally:
        connection.close()


def fetch(url: str) -> bytes:
    """Return what an https address holds, at most 2 MB, wherever it leads on to.

    Every hop is checked as the first. Raises AddressRefused and AddressSilent.
    """
    for _hop in range(_MOST_REDIRECTS + 1):
        answer = ask(url, largest=LARGEST_FETCHED)
        if answer.status in (301, 302, 303, 307, 308):
            url = urljoin(url, answer.location)
            continue
        if answer.status != 200:
            raise AddressSilent(f"HTTP {answer.status}")
        if len(answer.content) > LARGEST_FETCHED:
            raise AddressSilent(_("the answer is larger than 2 MB."))
        return answer.content
    raise AddressSilent(_("it redirects too often."))


def parts_of(url: str) -> tuple[str, int, str]:
    """Return host, port and path of an https address. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise AddressRefused(_("it is not an address.")) from error
    if parts.scheme != "https" or not parts.hostname:
        raise AddressRefused(_("write an address that begins with https://."))
    if parts.username or parts.password:
        raise AddressRefused(_("write it without a user and a password."))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if re.search(r"[\s\x00-\x1f\x7f]", target) or not target.isascii():
        raise AddressRefused(_("it is not an address."))
    return parts.hostname, port, target


def public_address(host: str, port: int) -> str:
    """Return an IP address of `host`, if all it has lie on the public internet.

    Raises AddressRefused for private, local and reserved ones, AddressSilent for unknown hosts.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressSilent(_("its host is not known.")) from error
    addresses = [str(entry[4][0]).split("%")[0] for entry in found]
    for address in addresses:
        ip = ipaddress.ip_address(address)
        inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
        if not (ip.is_global and inner.is_global) or ip.is_multicast:
            raise AddressRefused(_("its host lies in a private network."))
    return addresses[0]


class PinnedConnection(http.client.HTTPSConnection):
    """Speaks TLS with a host at an address that was checked."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT, context=self._tls)
        self._address = address

    def connect(self) -> None:
        """Open the connection to the checked address."""
        plain = socket.create_connection((self._address, self.port), TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
