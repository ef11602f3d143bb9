"""Sessions that are found by their log-in, end after a while, and cannot be taken from the table.

The engine that settings.SESSION_ENGINE names. The cookie holds a random key, the table its digest.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from organization.addresses import client_address
from organization.models import OpenSession, User

_BEGAN: Final = "began"
_SEEN: Final = "seen"
_ADDRESS: Final = "address"
_BROWSER: Final = "browser"
# To know that somebody is at work, minutes are enough; each request would be a write.
_NOTED_EVERY: Final = timedelta(minutes=5)
_FRESH: Final = timedelta(minutes=10)


def digest_of(session_key: str) -> str:
    """Return what is kept of a cookie."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(DatabaseStore):
    """Django's sessions in OpenSession. Reading and writing from async code is not provided."""

    @classmethod
    def get_model_class(cls) -> type[OpenSession]:
        """Return the table."""
        return OpenSession

    def exists(self, session_key: str) -> bool:
        """Say whether a key is taken."""
        return OpenSession.objects.filter(session_key=digest_of(session_key)).exists()

    def _get_session_from_db(self) -> OpenSession | None:
        row = OpenSession.objects.filter(
            session_key=digest_of(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if row is None:
            self._session_key = None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> OpenSession:
        """Return the row, not yet saved, with the columns by which it is found and shown."""
        began = data.get(_BEGAN)
        return OpenSession(
            session_key=digest_of(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            began_at=datetime.fromtimestamp(began, UTC) if began else None,
            seen_at=timezone.now(),
            address=data.get(_ADDRESS, ""),
            browser=data.get(_BROWSER, ""),
        )

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session; it opens nothing from now on."""
        key = session_key or self.session_key
        if key is not None:
            OpenSession.objects.filter(session_key=digest_of(key)).delete()


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Let the clocks of a session start, and remember where it was opened."""
    request.session[_BEGAN] = request.session[_SEEN] = int(now.timestamp())
    request.session[_ADDRESS] = client_address(request)
    request.session[_BROWSER] = browser_of(request.META.get("HTTP_USER_AGENT", ""))


def browser_of(agent: str) -> str:
    """Return what people call the browser and the machine that name themselves like this.

    The first sign that is found counts: most browsers name those that they descend from as well.
    """
    found = [next((name for sign, name in names if sign in agent), "") for names in _NAMES]
    return " · ".join(name for name in found if name) or agent[:60]


_NAMES: Final = (
    (
        ("wxwork/", "WeCom"), ("MicroMessenger/", "WeChat"), ("DingTalk", "DingTalk"),
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("OPR/", "Opera"), ("HuaweiBrowser/", "Huawei"),
        ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ),
    (
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"),
        ("Windows", "Windows"), ("Macintosh", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
    ),
)  # fmt: skip


def is_over(request: HttpRequest, *, now: datetime) -> bool:
    """Say whether the session of a log-in has lasted as long as any may, however busy it is."""
    began = request.session.get(_BEGAN)
    return began is None or now.timestamp() - began >= settings.SESSION_AT_MOST.total_seconds()


def is_fresh(request: HttpRequest, *, now: datetime) -> bool:
    """Say whether the person has only just shown who they are."""
    return now.timestamp() - request.session.get(_BEGAN, 0) < _FRESH.total_seconds()


def note_use(request: HttpRequest, *, now: datetime) -> None:
    """Let the session live on; it ends SESSION_COOKIE_AGE after the last use that was noted."""
    if now.timestamp() - request.session.get(_SEEN, 0) >= _NOTED_EVERY.total_seconds():
        request.session[_SEEN] = int(now.timestamp())


def open_sessions(user: User, *, now: datetime) -> QuerySet[OpenSession]:
    """Return where a log-in is in use, the latest first."""
    return OpenSession.objects.filter(user=user, expire_date__gt=now)


def end_sessions(user: User, *, but: str | None = None) -> int:
    """End the sessions of a log-in, except the one with the cookie `but`; return how many."""
    rows = OpenSession.objects.filter(user=user)
    if but is not None:
        rows = rows.exclude(session_key=digest_of(but))
    return rows.delete()[0]


def sweep(*, now: datetime) -> None:
    """Forget sessions that have run out; they open nothing anyway."""
    OpenSession.objects.filter(expire_date__lte=now).delete()
