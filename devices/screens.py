"""What people do with QR screens; how a browser becomes one stands in devices/pairings.py."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from devices.models import QrScreen
from organization import audit
from organization.errors import DomainError
from organization.models import AuditEntry, Department, User
from organization.sealed_fields import opened, sealed
from organization.services import told

SECRET_BYTES: Final = 32
_KEY_SIGNS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
# Its state is asked for by the minute; each code that is fetched would be a write.
_NOTED_EVERY: Final = timedelta(seconds=30)
_TOLD: Final = ("name", "department", "kind", "step_seconds")
_PLACE: Final = ("latitude", "longitude", "radius_metres")


class ScreenRevoked(DomainError):
    """A screen that was revoked stays so."""

    code = "screen_revoked"
    message = _("%(screen)s was revoked. Add another one in its place.")


def screen_of_key(key: str) -> QrScreen | None:
    """Return the screen with this public key, revoked or not."""
    return QrScreen.objects.select_related("department").filter(key=key).first()


def secret_of(screen: QrScreen) -> bytes:
    """Return the secret, for making and checking codes. Raises CannotUnseal."""
    return opened(screen, "secret")


# Adding and changing ----------------------------------------------------------------------------


@transaction.atomic
def add_screen(
    *,
    name: str,
    department: Department,
    kind: str = QrScreen.Kind.DYNAMIC,
    step_seconds: int = 15,
    latitude: float | None = None,
    longitude: float | None = None,
    radius_metres: int | None = None,
    actor: User | None,
    now: datetime,
) -> QrScreen:
    """Add a screen, or a sheet, with a key and a secret of its own. Raises ValidationError."""
    key = "".join(secrets.choice(_KEY_SIGNS) for _sign in range(20))
    screen = QrScreen(
        name=name,
        department=department,
        key=key,
        secret=_new_secret(key),
        kind=kind,
        step_seconds=step_seconds,
        latitude=latitude,
        longitude=longitude,
        radius_metres=radius_metres,
        added_at=now,
    )
    screen.full_clean()
    screen.save()
    write_record(screen, "screen.added", actor, now, after=_told(screen))
    return screen


@transaction.atomic
def edit_screen(
    *, screen_id: int, changes: dict[str, Any], actor: User | None, now: datetime
) -> QrScreen:
    """Change name, department, seconds or place. Raises ValidationError, ScreenRevoked.

    The kind stays: a secret that hung on a wall as paper is not to be trusted on a screen.
    """
    allowed = {*_TOLD, *_PLACE} - {"kind"}
    if unknown := changes.keys() - allowed:
        raise ValueError(f"not a column to change: {sorted(unknown)}")
    screen = lock(screen_id)
    before, place = _told(screen), _place(screen)
    for field, value in changes.items():
        setattr(screen, field, value)
    screen.full_clean()
    screen.save(update_fields=list(changes))
    old, new = audit.difference(before, _told(screen))
    if place != _place(screen):
        # The log lives longer than a place may: it says that it moved, not where.
        old, new = old | {"place": "…"}, new | {"place": "…" if _place(screen)[0] else None}
    if new:
        write_record(screen, "screen.edited", actor, now, before=old, after=new)
    return screen


@transaction.atomic
def rotate_secret(*, screen_id: int, actor: User | None, now: datetime) -> QrScreen:
    """Give a screen another secret: codes of the old one are forgeries from now on.

    A screen goes on showing; a sheet must be printed anew.
    """
    screen = lock(screen_id)
    screen.secret = _new_secret(screen.key)
    screen.save(update_fields=["secret"])
    write_record(screen, "screen.secret_rotated", actor, now)
    return screen


@transaction.atomic
def revoke(*, screen_id: int, actor: User | None, now: datetime) -> QrScreen:
    """Let no code of a screen count from now on (S-12). To revoke it again changes nothing.

    Its browser stays known, so that it can say so on the wall.
    """
    screen = QrScreen.objects.select_for_update().get(pk=screen_id)
    if screen.revoked_at is None:
        screen.revoked_at = now
        screen.forget_pairing()
        screen.save(update_fields=["revoked_at", *QrScreen.PAIRING])
        write_record(screen, "screen.revoked", actor, now)
    return screen


def note_shown(screen: QrScreen, *, actor: User, now: datetime) -> None:
    """Write down that somebody has a screen's code shown in the console: once an hour."""
    entries = AuditEntry.objects.filter(
        actor=actor,
        verb="screen.shown",
        thing_type=QrScreen._meta.label_lower,
        thing_id=str(screen.pk),
        at__gt=now - timedelta(hours=1),
    )
    if not entries.exists():
        write_record(screen, "screen.shown", actor, now)


def note_printed(screen: QrScreen, *, actor: User, now: datetime) -> None:
    """Write down that somebody opened a sheet to print it: who has it has the code for ever."""
    write_record(screen, "screen.printed", actor, now)


def note_seen(screen: QrScreen, *, now: datetime) -> None:
    """Remember that the browser of a screen asked for a code, to within half a minute."""
    long_ago = now - _NOTED_EVERY
    if screen.last_seen_at is None or screen.last_seen_at <= long_ago:
        QrScreen.objects.filter(pk=screen.pk).update(last_seen_at=now)


def lock(screen_id: int) -> QrScreen:
    """Return a screen to be changed, locked. Raises ScreenRevoked."""
    screen = QrScreen.objects.select_for_update().get(pk=screen_id)
    if screen.revoked_at is not None:
        raise ScreenRevoked(screen=screen.name)
    return screen


def _new_secret(key: str) -> bytes:
    return sealed(QrScreen, "secret", secrets.token_bytes(SECRET_BYTES), key=key)


def _told(screen: QrScreen) -> dict[str, Any]:
    return told(screen, _TOLD)


def _place(screen: QrScreen) -> tuple[Any, ...]:
    return tuple(getattr(screen, field) for field in _PLACE)


def write_record(
    screen: QrScreen, verb: str, actor: User | None, now: datetime, **facts: object
) -> None:
    """Write down a deed on a screen, in its department."""
    audit.record(
        actor=actor, verb=verb, thing=screen, department=screen.department, now=now, **facts
    )
