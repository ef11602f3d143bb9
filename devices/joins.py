"""What Wi-Fi controllers say, from the datagram to the row that waits.

A datagram is answered only once what it says is kept, or is nothing to keep; the controller sends
again what is not answered. Nothing is kept of access points that are in no list: whoever joins them
is not at work here.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from devices.models import AccessPoint, WifiController, WifiJoin
from devices.protocols import radius
from devices.protocols.radius import Accounting, Kind, Problem
from devices.wifi import secret_of, unit_paths
from organization.encryption import CannotUnseal
from organization.sealed_fields import opened, sealed

_log: Final = logging.getLogger(__name__)
_SEEN_EVERY: Final = timedelta(minutes=1)
# Begins the key of what a controller told without saying when it happened.
TIMELESS: Final = "~"
_KEY_AT_MOST: Final = 64
_KINDS: Final = {Kind.START: WifiJoin.Kind.START, Kind.STOP: WifiJoin.Kind.STOP}


class Heard(StrEnum):
    """What became of a datagram. The first five are answered: there is nothing to send again."""

    KEPT = "kept"
    REPEATED = "repeated"
    NOTHING = "nothing to keep"
    UNKNOWN_BSSID = "unknown access point"
    CLOCK = "clock of the controller is wrong"
    UNKNOWN_SENDER = "unknown sender"
    WRONG_SECRET = "wrong secret"  # noqa: S105  (what became of it)
    MALFORMED = "malformed"


class Said(NamedTuple):
    """Whose phone joined which access point, as its controller said it."""

    user_name: str
    station: str
    bssid: str
    network: str
    session: str


class Speaker(NamedTuple):
    """A controller that is heard, opened for some seconds: from where, and by which secret."""

    controller: WifiController
    network: IPv4Network | IPv6Network
    secret: bytes
    unit: str


def speakers() -> list[Speaker]:
    """Return the controllers in use, those of the narrowest networks first."""
    found = []
    rows = list(WifiController.objects.filter(is_active=True).select_related("department"))
    units = unit_paths(one.department.path for one in rows)
    for one in rows:
        try:
            secret = secret_of(one)
        except CannotUnseal as problem:
            # The others go on.
            _log.error("%s: its secret cannot be opened, give it anew: %s.", one.name, problem)
            continue
        found.append(Speaker(one, ip_network(one.network), secret, units[one.department.path]))
    return sorted(found, key=lambda speaker: -speaker.network.prefixlen)


def hear(
    datagram: bytes, *, sender: str, speakers: Iterable[Speaker], now: datetime
) -> tuple[bytes | None, Heard]:
    """Keep what a datagram says, and return the answer to it, or None, and what became of it.

    `sender` is the address it came from. The row is committed when this returns.
    """
    source = ip_address(sender)
    source = getattr(source, "ipv4_mapped", None) or source
    near = [speaker for speaker in speakers if source in speaker.network]
    if not near:
        return None, Heard.UNKNOWN_SENDER
    problem = Problem.SECRET
    for speaker in near:
        request = radius.read(datagram, speaker.secret)
        if isinstance(request, Accounting):
            heard = _keep(request, speaker, now)
            return radius.answer(request, speaker.secret), heard
        problem = request
    return None, Heard.WRONG_SECRET if problem is Problem.SECRET else Heard.MALFORMED


def _keep(request: Accounting, speaker: Speaker, now: datetime) -> Heard:
    with transaction.atomic():
        _mark_seen(speaker.controller, now)
        kind = _KINDS.get(request.kind)
        if kind is None or request.bssid is None:
            return Heard.NOTHING
        if not _is_ours(request.bssid, speaker):
            _mark_unknown(speaker.controller, request.bssid, now)
            return Heard.UNKNOWN_BSSID
        happened_at = radius.moment(request, now)
        if happened_at is None:
            return Heard.CLOCK
        key = _key(request, kind)
        row = WifiJoin(
            controller=speaker.controller,
            key=key,
            kind=kind,
            happened_at=happened_at,
            received_at=now,
            said=_sealed(request, request.bssid, speaker.controller.pk, key),
        )
        known = WifiJoin.objects.filter(controller=speaker.controller, key=key)
        if known.exists():
            return Heard.REPEATED
        # A second server may be faster; the row is kept once in either case.
        WifiJoin.objects.bulk_create([row], ignore_conflicts=True)
        return Heard.KEPT


def _key(request: Accounting, kind: str) -> str:
    """Return what makes a repeat the same: session, kind, and when, as its controller said it.

    Where it said no time, nothing tells a recording that is sent on another day from a new join:
    the same session of the same phone is the same event then, for as long as its row is kept.
    """
    if request.happened is not None:
        said = "\0".join((request.session, kind, str(request.happened)))
        return hashlib.sha256(said.encode()).hexdigest()
    whose = (request.session, kind, request.user_name, request.station or "", request.bssid or "")
    digest = salted_hmac("devices.join", "\0".join(whose), algorithm="sha256").hexdigest()
    return f"{TIMELESS}{digest}"[:_KEY_AT_MOST]


def _sealed(request: Accounting, bssid: str, controller_id: int, key: str) -> bytes:
    said = Said(request.user_name, request.station or "", bssid, request.network, request.session)
    content = json.dumps(said, ensure_ascii=False).encode()
    return sealed(WifiJoin, "said", content, controller_id=controller_id, key=key)


def what_was_said(join: WifiJoin) -> Said:
    """Return what a controller said, opened. Raises encryption.CannotUnseal."""
    return Said(*json.loads(opened(join, "said")))


def _is_ours(bssid: str, speaker: Speaker) -> bool:
    points = AccessPoint.objects.filter(bssid=bssid, is_active=True)
    return points.filter(department__path__startswith=speaker.unit).exists()


def _mark_seen(controller: WifiController, now: datetime) -> None:
    _mark(controller, last_seen_at=now)


def _mark_unknown(controller: WifiController, bssid: str, now: datetime) -> None:
    """Keep the address that nobody has entered, for whoever sets the controller up."""
    _mark(controller, unknown_at=now, unknown_bssid=bssid)


def _mark(controller: WifiController, **values: Any) -> None:
    """Write at most once a minute what a controller says all the time."""
    column = next(iter(values))
    stale = Q(**{f"{column}__lt": values[column] - _SEEN_EVERY}) | Q(**{column: None})
    WifiController.objects.filter(stale, pk=controller.pk).update(**values)
