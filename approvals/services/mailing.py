"""Mails: what is due for a person goes out as one. A server that is down loses nothing."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import connection as database
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from approvals import notice_words
from approvals.models import Sending
from organization.models import User

_log: Final = logging.getLogger(__name__)
PEOPLE_AT_ONCE: Final = 1_000
LINES_AT_MOST: Final = 50
# A round ends before the next bells pile up; what is left is theirs.
_ROUND_SECONDS: Final = 120.0
# Longer than any mail takes: who took it and never came back was killed.
LEASE: Final = timedelta(minutes=15)
# The server took the connection and not the mail: eight tries, and three days at least.
TRIES: Final = 8
_ALONE_AFTER: Final = 3
GIVEN_UP_AFTER: Final = timedelta(days=3)


def send_due(*, now: datetime) -> int:
    """Send what is due; return how many notifications went out.

    Where the server cannot be reached all of it waits, and counts as no try. What it refuses is
    tried again with growing pauses, so that one bad mail holds up nobody else's. Each mail has an
    identity made of what it tells: one that went out twice, as its server died while it answered,
    is one to a mail program.
    """
    if not settings.SENDS_MAIL:
        return 0
    people = _people(now)
    if not people:
        return 0
    server: Any = get_connection()
    if not _reach(server):
        return 0
    count, began = 0, time.monotonic()
    try:
        for key in people:
            if time.monotonic() - began > _ROUND_SECONDS:
                break
            sent = _send_to(key, server, now)
            if sent is None and not _reach(server):
                break
            count += sent or 0
    finally:
        server.close()
    return count


def pause_after(tries: int) -> timedelta:
    """Return how long a way out rests after so many failures: a minute, two, four … an hour."""
    return timedelta(minutes=min(2 ** max(tries - 1, 0), 60))


def short(problem: object) -> str:
    """Return what to keep of an error: its kind and beginning, on one line."""
    said = notice_words.one_line(f"{type(problem).__name__}: {problem}")
    return said[:200]


def _people(now: datetime) -> list[int]:
    rows = Sending.objects.filter(closed_at=None, due_at__lte=now, channel=Sending.Channel.MAIL)
    keys = rows.order_by("due_at").values_list("notification__recipient", flat=True)
    return list(dict.fromkeys(keys[: PEOPLE_AT_ONCE * 10]))[:PEOPLE_AT_ONCE]


def _reach(server: Any) -> bool:
    """Open the way to the server anew; what it says when it is down is anybody's."""
    try:
        server.close()
        server.open()
    except Exception as problem:
        _log.warning("Mail waits: the server cannot be reached (%s).", short(problem))
        return False
    return True


def _send_to(user_id: int, server: Any, now: datetime) -> int | None:
    """Send one person what is due; return how much, None where the server did not take it."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return 0
    rows = _take(user_id, now)
    rows = _without_what_is_over(user, rows, now)
    if not rows:
        return 0
    try:
        message = _message(user, rows, server, now)
        message.send()
    except Exception as problem:
        _log.warning("A mail to log-in %s was not sent (%s).", user_id, short(problem))
        _postpone(rows, problem, now)
        return None
    keys = [row.pk for row in rows]
    Sending.objects.filter(pk__in=keys).update(sent_at=now, closed_at=now, problem="")
    return len(rows)


@transaction.atomic
def _take(user_id: int, now: datetime) -> list[Sending]:
    """Return what is due for a person, taken: no other bell sends it meanwhile."""
    can_skip = database.features.has_select_for_update_skip_locked
    rows = Sending.objects.filter(
        notification__recipient=user_id, channel=Sending.Channel.MAIL, closed_at=None,
        due_at__lte=now,
    ).select_related("notification").order_by("pk")  # fmt: skip
    locked = rows.select_for_update(of=("self",) if can_skip else (), skip_locked=can_skip)
    due = list(locked[:LINES_AT_MOST])
    # What was refused again and again goes alone: it may be what the others are refused for.
    taken = [row for row in due if row.tries < _ALONE_AFTER] or due[:1]
    for row in taken:
        row.tries, row.due_at = row.tries + 1, now + LEASE
    Sending.objects.bulk_update(taken, ["tries", "due_at"])
    return taken


def _without_what_is_over(user: User, rows: list[Sending], now: datetime) -> list[Sending]:
    """Close what somebody has read or decided meanwhile, and all of a log-in that is closed."""
    over = [row for row in rows if row.notification.read_at is not None or not user.is_active]
    _close(over, "over", now)
    left = [row for row in rows if row not in over]
    try:
        validate_email(user.email)
    except ValidationError:
        _close(left, "no address", now)
        return []
    return left


def _close(rows: Iterable[Sending], why: str, now: datetime) -> None:
    keys = [row.pk for row in rows]
    Sending.objects.filter(pk__in=keys).update(closed_at=now, problem=why)


def _postpone(rows: list[Sending], problem: Exception, now: datetime) -> None:
    for row in rows:
        row.problem, row.due_at = short(problem), now + pause_after(row.tries)
        is_old = now - row.notification.created_at > GIVEN_UP_AFTER
        if row.tries >= TRIES and is_old:
            row.closed_at = now
    Sending.objects.bulk_update(rows, ["problem", "due_at", "closed_at"])


def _message(user: User, rows: list[Sending], server: Any, now: datetime) -> EmailMessage:
    """Return the mail, in the reader's language: one subject, a line each, plain text."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        told = notice_words.read([row.notification for row in rows], user, now=now)
        if len(told) == 1:
            subject = told[0].text
        else:
            subject = ngettext("%(count)d notification", "%(count)d notifications", len(told))
            subject %= {"count": len(told)}
        lines = [_line(one) for one in told]
        foot = [gettext("You can choose in Kaoqin how you are told.")]
        if settings.SITE_URL:
            foot.append(settings.SITE_URL + reverse("approvals:notification-settings"))
        body = "\n\n".join([*lines, "--\n" + "\n".join(foot)]) + "\n"
        return EmailMessage(
            subject=f"{gettext('Kaoqin')}: {subject}",
            body=body,
            to=[user.email],
            headers={"Message-ID": _identity(rows), "Auto-Submitted": "auto-generated"},
            connection=server,
        )


def _line(one: notice_words.Told) -> str:
    if not (settings.SITE_URL and one.address):
        return one.text
    return f"{one.text}\n{settings.SITE_URL}{one.address}"


def _identity(rows: list[Sending]) -> str:
    keys = ",".join(str(row.pk) for row in rows)
    digest = hashlib.sha256(f"{settings.SECRET_KEY}|mail|{keys}".encode()).hexdigest()[:32]
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{digest}@{domain}>"
