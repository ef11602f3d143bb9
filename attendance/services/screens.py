"""Screens as evidence knows them: whose codes they are, and which screen a scanned text is of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.evidence.screens import Screen, code_at, key_in
from devices.models import QrScreen
from devices.screens import screen_of_key, secret_of
from organization.units import unit_of

# From the beginning of its step. With the shortest step there is as long again to scan it.
LIFE_SECONDS: Final = 30
# What a screen shows is the address of the page for punching, with the code in it.
PUNCH_PAGE: Final = "/punch/"
AHEAD: Final = timedelta(seconds=5)
_TEXT_AT_MOST: Final = 500


def unit_code(path: str) -> str | None:
    """Return the code of the business unit in which a tree path lies; None where there is none.

    A person's and a screen's are compared: a screen that lies in no unit serves the whole group.
    """
    unit = unit_of(path)
    return unit.code if unit is not None else None


def evidence_screen(row: QrScreen) -> Screen:
    """Return a screen as evidence judges it. Raises CannotUnseal, and ValueError for none."""
    place = None
    if row.latitude is not None and row.longitude is not None and row.radius_metres is not None:
        place = Fence(row.name, Circle(row.latitude, row.longitude, row.radius_metres))
    return Screen(
        key=row.key,
        secret=secret_of(row),
        unit=unit_code(row.department.path),
        place=place,
        step=row.step_seconds,
        life=LIFE_SECONDS,
        is_printed=row.is_printed,
        revoked_at=row.revoked_at,
    )


def code_in(text: str) -> str:
    """Return the code in what somebody scanned: the address that a screen shows, or a bare code."""
    text = text.strip()
    if len(text) > _TEXT_AT_MOST or "code=" not in text:
        return text
    try:
        found = parse_qs(urlsplit(text).query).get("code")
    except ValueError:
        return text
    return found[0] if found else text


def screens_of(code: str) -> tuple[Screen, ...]:
    """Return the screen that a code says it is of, to be judged with it; () for an unknown one."""
    key = key_in(code)
    row = screen_of_key(key) if key is not None else None
    return () if row is None else (evidence_screen(row),)


def address_at(screen: Screen, now: datetime, *, origin: str) -> str:
    """Return what a screen shows at a moment: any scanner opens the page for punching with it."""
    return f"{origin}{PUNCH_PAGE}?code={code_at(screen, now)}"


class Shown(NamedTuple):
    """What a screen shows, from when until when."""

    begins_at: datetime
    ends_at: datetime
    address: str


def shown_at(screen: Screen, now: datetime, *, origin: str) -> list[Shown]:
    """Return what a screen shows now; near the end of its step, also what it shows next.

    So a slow network leaves no gap, and nobody is given a code more than some seconds ahead.
    """
    step = timedelta(seconds=screen.step)
    begins = datetime.fromtimestamp(now.timestamp() // screen.step * screen.step, UTC)
    moments = [begins]
    if begins + step - now <= AHEAD:
        moments.append(begins + step)
    return [Shown(at, at + step, address_at(screen, at, origin=origin)) for at in moments]
