"""Who came in, who was turned away, who went out: what Django tells by signals, written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from organization import audit, sessions
from organization.models import User

# What was typed where a name was asked for may be a password: unknown names are not written down.
_UNKNOWN: Final = audit.Thing("organization.user", "")


def connect() -> None:
    """Listen to the log-in. To call it again changes nothing."""
    user_logged_in.connect(_came_in, dispatch_uid="audit.came_in")
    user_logged_out.connect(_went_out, dispatch_uid="audit.went_out")
    user_login_failed.connect(_failed, dispatch_uid="audit.failed")
    user_locked_out.connect(_locked_out, dispatch_uid="audit.locked_out")


def _came_in(sender: object, request: HttpRequest, user: User, **other: object) -> None:
    now = timezone.now()
    sessions.begin(request, now=now)
    audit.record(actor=user, verb="log_in.opened", thing=user, now=now)


def _went_out(sender: object, request: HttpRequest, user: User | None, **other: object) -> None:
    if user is not None:
        audit.record(actor=user, verb="log_in.closed", thing=user, now=timezone.now())


def _failed(
    sender: object,
    credentials: Mapping[str, Any],
    request: HttpRequest | None = None,
    **other: object,
) -> None:
    # Whoever is locked out already is told so, and adds no lines to the log.
    if not getattr(request, "axes_locked_out", False):
        _about(credentials.get("username"), "log_in.failed")


def _locked_out(sender: object, request: HttpRequest, username: str, **other: object) -> None:
    # axes speaks up with every try; only the one that filled the count has failures of its own.
    if getattr(request, "axes_failures_since_start", None) is not None:
        _about(username, "log_in.locked_out")


def _about(username: object, verb: str) -> None:
    user = User.objects.filter(username=username).first() if isinstance(username, str) else None
    audit.record(actor=None, verb=verb, thing=user or _UNKNOWN, now=timezone.now())
