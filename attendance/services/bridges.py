"""What the app around the punch page asks of us: a signature that opens WeCom's kit for a page.

The ticket that it is made with comes from WeCom and stays on the server until it runs out.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from organization.errors import DomainError, NotFound

_TIMEOUT: Final = 8.0
_LARGEST_ANSWER: Final = 64 * 1024
# A ticket that runs out while a page is being signed is worth nothing.
_SPARE_SECONDS: Final = 120
# WeCom limits how often it is asked, so a refusal is not asked for again at once.
_REST_SECONDS: Final = 30
_LOOPBACK: Final = frozenset(("127.0.0.1", "localhost"))


class ForeignAddress(DomainError):
    """Somebody wants a page of another host signed."""

    code = "foreign_address"
    message = _("Only addresses of this host are signed.")


class BridgeSilent(DomainError):
    """WeCom gave no ticket."""

    code = "bridge_silent"
    message = _("WeCom gave no ticket: %(why)s")


def is_configured() -> bool:
    """Say whether this installation belongs to a corporation of WeCom's."""
    return bool(settings.WECOM_CORP_ID and settings.WECOM_SECRET)


def sign(url: str, *, host: str) -> dict[str, Any]:
    """Return what WeCom's kit wants for a page of this host.

    Raises NotFound where WeCom is not configured, ForeignAddress and BridgeSilent.
    """
    if not is_configured():
        raise NotFound(what="bridge", key="WeCom")
    address = url.partition("#")[0]
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or parts.netloc.lower() != host.lower():
        raise ForeignAddress
    nonce, timestamp = secrets.token_urlsafe(12), int(time.time())
    return {
        "corp_id": settings.WECOM_CORP_ID,
        "agent_id": settings.WECOM_AGENT_ID,
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": signature(ticket=_ticket(), nonce=nonce, timestamp=timestamp, url=address),
    }


def signature(*, ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """Return the signature of a page's address as WeCom and WeChat reckon it."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _ticket() -> str:
    token = _kept("token", "/cgi-bin/gettoken", "access_token", {
        "corpid": settings.WECOM_CORP_ID,
        "corpsecret": settings.WECOM_SECRET,
    })  # fmt: skip
    return _kept("ticket", "/cgi-bin/get_jsapi_ticket", "ticket", {"access_token": token})


def _kept(name: str, path: str, field: str, query: dict[str, str]) -> str:
    """Return what WeCom gives for a while; it is asked again when that while is over."""
    key = f"wecom:{settings.WECOM_CORP_ID}:{name}"
    if kept := cache.get(key):
        return kept
    if why := cache.get(f"{key}:silent"):
        raise BridgeSilent(why=why)
    try:
        said = _ask(path, query)
    except BridgeSilent as refusal:
        cache.set(f"{key}:silent", refusal.facts["why"], _REST_SECONDS)
        raise
    value, lasts = said.get(field), said.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(lasts, int):
        raise BridgeSilent(why=_("its answer cannot be read."))
    cache.set(key, value, max(lasts - _SPARE_SECONDS, 1))
    return value


def _ask(path: str, query: dict[str, str]) -> dict[str, Any]:
    base = urlsplit(settings.WECOM_API_URL)
    kind = http.client.HTTPSConnection
    if base.scheme == "http" and base.hostname in _LOOPBACK:
        kind = http.client.HTTPConnection  # type: ignore[assignment]  # a relay on this machine
    connection = kind(base.hostname or "", base.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{base.path.rstrip('/')}{path}?{urlencode(query)}")
        answer = connection.getresponse()
        said = json.loads(answer.read(_LARGEST_ANSWER))
    except (OSError, http.client.HTTPException, ValueError) as error:
        # The address holds the secret, so the error is named by its kind alone.
        raise BridgeSilent(why=type(error).__name__) from None
    finally:
        connection.close()
    if not isinstance(said, dict) or said.get("errcode", 0) != 0:
        code = said.get("errcode") if isinstance(said, dict) else answer.status
        raise BridgeSilent(why=f"errcode {code}")
    return said
