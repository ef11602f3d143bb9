"""One person, one rule and one claim that is in order; tests change what they are about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from attendance.evidence.claims import Claim, Integrity, Position
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.evidence.networks import AccessPoint
from attendance.evidence.phones import Binding
from attendance.evidence.policy import EvidencePolicy, History
from attendance.evidence.screens import Screen
from attendance.evidence.verdict import Verdict, verify

SHANGHAI = timezone(timedelta(hours=8))
DAY = date(2026, 9, 1)
AT = datetime(2026, 9, 1, 8, 58, tzinfo=SHANGHAI)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OFFICE = Fence("office", Circle(31.2304, 121.4737, 200))
BEIJING = (39.9042, 116.4074)
BSSID = "00:0a:0b:00:11:22"
SCREEN = Screen("hall-1", b"0123456789abcdef", unit="BU-1", place=OFFICE)
POLICY = EvidencePolicy(
    methods=frozenset(("location", "wifi", "qr", "fingerprint")),
    fences=(OFFICE,),
    access_points=(AccessPoint(BSSID, "Office"),),
    screens=(SCREEN,),
)
HISTORY = History(unit="BU-1", bindings=(Binding("phone-1", LONG_AGO),))
HERE = Position(31.2304, 121.4737, 20, "wgs84")
HONEST = Integrity(is_mock=False, is_attested=True)
BY_PLACE = Claim(HERE, method="location", phone="phone-1", integrity=HONEST)
# Made without a network, by a page that had one since it was opened.
KEPT = BY_PLACE._replace(is_offline=True, not_before=AT, is_clock_watched=True)
BY_WIFI = Claim(None, BSSID, method="wifi", ssid="Office", phone="phone-1")


def by_code(code: str, **more: Any) -> Claim:
    """Return a claim by a scanned code."""
    return Claim(method="qr", code=code, phone="phone-1", integrity=HONEST, **more)


def judge(
    claim: Any = BY_PLACE,
    policy: Any = POLICY,
    history: Any = HISTORY,
    *,
    at: Any = AT,
    now: Any = None,
    **changes: Any,
) -> Verdict:
    """Return the verdict; further names are fields of the rule."""
    if changes:
        policy = replace(policy, **changes)
    return verify(policy, claim, history, at=at, day=DAY, now=at if now is None else now)


def told(verdict: Verdict) -> tuple[str, set[str]]:
    """Return the outcome, and the codes of what is not a proof."""
    return str(verdict.outcome), {str(one.code) for one in verdict.reasons if one.effect != "proof"}
