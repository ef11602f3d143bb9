"""What the audit log learns from requests: how they came, and what they were refused."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import DatabaseError, models
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from django.utils import timezone

from config.routes import readable
from organization import refusals
from organization.addresses import client_address
from organization.circumstances import Circumstances, within
from organization.models import AuditEntry, Department

logger = logging.getLogger(__name__)

_REFUSED: Final = frozenset((401, 403, 429))
_DEPARTMENT_FIELDS: Final = ("department", "employee__department")


class Trail:
    """Middleware: entries carry how the request came, and refusals are written down."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request within its circumstances."""
        with within(_circumstances(request)):
            response = self.get_response(request)
            if response.status_code in _REFUSED or _may_be_foreign(request, response):
                _write_down(request, response)
        return response


def _circumstances(request: HttpRequest) -> Circumstances:
    is_api = request.path_info.startswith("/api/")
    channel = AuditEntry.Channel.API if is_api else AuditEntry.Channel.CONSOLE
    return Circumstances(
        channel.value, client_address(request), uuid.uuid4().hex, partial(_token_name, request)
    )


def _token_name(request: HttpRequest) -> str:
    """Return the name of the token that the request came with; nothing for a session."""
    return str(getattr(getattr(request, "auth", None), "name", ""))


# Refusals ---------------------------------------------------------------------------------------


def _may_be_foreign(request: HttpRequest, response: HttpResponse) -> bool:
    """Say whether somebody who is logged in asked for a row, or a page, and was sent away."""
    if response.status_code == 404:
        return _is_known(request) and _key(request.resolver_match) is not None
    # The console sends whoever has no business there to its own log-in.
    is_sent_away = response.status_code == 302 and "/login/?" in response.get("Location", "")
    return is_sent_away and _is_known(request)


def _is_known(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated


def _write_down(request: HttpRequest, response: HttpResponse) -> None:
    """Write one line; what cannot be written is logged, and the refusal stands as it is."""
    match = request.resolver_match
    facts: dict[str, Any] = {"method": str(request.method), "status": response.status_code}
    department = None
    if response.status_code == 404:
        # Asked for rows that exist and rows that do not, so that both answers take as long.
        facts["asked_for"], facts["exists"], department = _what_was_asked_for(match)
    try:
        refusals.note(
            actor=request.user if _is_known(request) else None,  # type: ignore[arg-type]
            address=client_address(request),
            door=readable(match.route) if match is not None else "",
            department=department,
            now=timezone.now(),
            **facts,
        )
    except DatabaseError:
        logger.exception("A refusal could not be written down.")


def _key(match: ResolverMatch | None) -> str | None:
    """Return the key of the row that an address names, if it names one."""
    if match is None:
        return None
    key = match.kwargs.get("object_id", match.kwargs.get("pk"))
    return str(key) if key is not None else None


def _what_was_asked_for(match: ResolverMatch | None) -> tuple[str, bool, Department | None]:
    """Return the row that an address names, whether it exists, and to whom it belongs."""
    model, key = _model(match), _key(match)
    if model is None or key is None:
        return "", False, None
    try:
        row = model._base_manager.filter(pk=key).first()
    except (ValueError, ValidationError, OverflowError):
        row = None
    return f"{model._meta.label_lower} {key[:40]}", row is not None, _owner(row)


def _model(match: ResolverMatch | None) -> type[models.Model] | None:
    """Return whose rows a page of the console or a part of the API shows."""
    if match is None:
        return None
    queryset = getattr(getattr(match.func, "cls", None), "queryset", None)
    if queryset is not None:
        return queryset.model
    words = match.route.split("/")
    for model in admin.site._registry:
        if words[1:3] == [model._meta.app_label, model._meta.model_name]:
            return model
    return None


def _owner(row: models.Model | None) -> Department | None:
    if row is None or isinstance(row, Department):
        return row
    for lookup in _DEPARTMENT_FIELDS:
        found: Any = row
        for part in lookup.split("__"):
            found = getattr(found, part, None)
        if isinstance(found, Department):
            return found
    return None
