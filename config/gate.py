"""Between the log-in and the house: sessions end in time, and no step of coming in is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from organization import second_factor, sessions
from organization.models import User

PASSWORD: Final = "account-password"  # noqa: S105  (the name of a page)
FACTOR: Final = "account-factor"
# Set with the session when the second step was taken.
FACTOR_AT: Final = "factor_at"
# What whoever has a step to take may still ask for, besides the page of that step.
_OPEN: Final = frozenset(("logout", "set_language", "healthz", "readyz"))


class Gate:
    """Middleware behind the one that says who asks.

    Somebody with a one-time password, or without the second factor that their rights ask for,
    finds one page open: the one that mends it. Everything else leads there, or is a 401.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """End what has lasted too long; keep alive what is in use."""
        now = timezone.now()
        if SESSION_KEY in request.session and request.user.is_authenticated:
            if sessions.is_over(request, now=now):
                logout(request)
            else:
                sessions.note_use(request, now=now)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Stand in the way of whoever has a step of the log-in to take."""
        user = request.user
        if SESSION_KEY not in request.session or not user.is_authenticated:
            return None
        step = missing_step(request, user)
        here = request.resolver_match.url_name if request.resolver_match else None
        if step is None or here == step or here in _OPEN:
            return None
        if request.path_info.startswith("/api/"):
            message = _("The log-in is not complete. Open the page of the program and complete it.")
            answer = JsonResponse(
                {"code": "log_in_incomplete", "message": message, "facts": {}}, status=401
            )
            answer["WWW-Authenticate"] = "Token"
            return answer
        asked = request.get_full_path() if request.method == "GET" else "/"
        return redirect(f"{reverse(step)}?{urlencode({'next': asked}, safe='/')}")


def missing_step(request: HttpRequest, user: User) -> str | None:
    """Return the page of the step that a log-in still lacks: a password of its own, or a factor."""
    if user.one_time_until is not None:
        return PASSWORD
    if FACTOR_AT not in request.session and second_factor.is_required(user):
        return FACTOR
    return None
