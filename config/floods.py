"""How often somebody may take tables away as files: each one reads a lot."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from organization.addresses import counted_address
from organization.throttles import count


class Exports:
    """Middleware behind the gate: so many exports for one log-in, so many for one address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Ask whoever exports too often to wait."""
        if not _is_export(request) or not request.user.is_authenticated:
            return None
        own = count("export", request.user.pk, settings.EXPORT_RATE)
        wait = max(own, count("export-at", counted_address(request), settings.EXPORT_ADDRESS_RATE))
        return too_often(request, wait) if wait else None


def _is_export(request: HttpRequest) -> bool:
    """Say whether this is one of the doors through which tables leave."""
    if request.path_info.endswith("/export/"):
        return True
    if request.method == "POST" and request.path_info.endswith(("/personal/", "/me/data/")):
        return request.POST.get("act") == "copy"
    match = request.resolver_match
    is_list = match is not None and (match.url_name or "").endswith("_changelist")
    chosen = request.POST.get("action", "") if is_list and request.method == "POST" else ""
    return chosen.startswith("export")


def too_often(request: HttpRequest, wait: int) -> HttpResponse:
    """Answer that one has to wait, and for how long."""
    minutes = math.ceil(wait / 60)
    said = ngettext(
        "Too many exports. Try again in %(count)d minute.",
        "Too many exports. Try again in %(count)d minutes.",
        minutes,
    ) % {"count": minutes}
    answer = render(request, "account/locked_out.html", {"said": said, "is_own": True}, status=429)
    answer["Retry-After"] = str(wait)
    return answer
