"""The pages on the wall, below /screen/: a browser is bound by a code, and shows one screen.

Its cookie opens the code of that screen and nothing else. Without it there is no screen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from attendance.services.screens import evidence_screen, shown_at
from devices import pairings, screens
from devices.models import QrScreen
from organization.addresses import client_address
from organization.errors import DomainError
from organization.pictures import picture_of
from organization.services import zone_names
from organization.throttles import count

# Browsers keep a cookie for 400 days at most; the page loads itself anew every day.
_COOKIE_SECONDS: Final = 400 * 24 * 60 * 60
# What the page on the wall needs of the browser.
_FEATURES: Final = "fullscreen=(self), screen-wake-lock=(self)"


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pairing(request: HttpRequest) -> HttpResponse:
    """Ask for the code of a pairing; a browser that is bound goes to its screen."""
    if request.method == "POST":
        return _pair(request)
    screen = pairings.screen_shown_by(_token(request))
    if screen is not None:
        return redirect("screen", key=screen.key)
    return render(request, "attendance/screen_pairing.html")


@never_cache
@require_safe
def wall(request: HttpRequest, key: str) -> HttpResponse:
    """Show the page that fetches the codes of this browser's screen, and renew its cookie."""
    screen = _own_screen(request, key)
    answer = page_of(request, screen, code_url=f"{request.path}code/")
    _bind(answer, _token(request))
    return answer


@never_cache
@require_safe
def wall_code(request: HttpRequest, key: str) -> HttpResponse:
    """Answer what this browser's screen shows now."""
    screen = _own_screen(request, key)
    now = timezone.now()
    screens.note_seen(screen, now=now)
    return code_of(request, screen, now=now)


def page_of(
    request: HttpRequest, screen: QrScreen, *, code_url: str, back: str = ""
) -> HttpResponse:
    """Return the page of a screen, which asks `code_url` for what it shows."""
    context: dict[str, Any] = {
        "screen": screen,
        "zone": zone_names()[screen.department_id],
        "code_url": code_url,
        "back": back,
    }
    answer = render(request, "attendance/screen.html", context)
    answer["Permissions-Policy"] = _FEATURES
    return answer


def code_of(request: HttpRequest, row: QrScreen, *, now: datetime) -> JsonResponse:
    """Return what a screen shows, drawn, with the moments by the server's clock."""
    answer: dict[str, Any] = {"state": "revoked", "now": _milliseconds(now), "codes": []}
    if row.revoked_at is None:
        origin = request.build_absolute_uri("/").rstrip("/")
        answer["state"] = "shown"
        for shown in shown_at(evidence_screen(row), now, origin=origin):
            side, path = picture_of(shown.address)
            begins, ends = _milliseconds(shown.begins_at), _milliseconds(shown.ends_at)
            answer["codes"].append({"begins": begins, "ends": ends, "side": side, "path": path})
    return JsonResponse(answer)


def _pair(request: HttpRequest) -> HttpResponse:
    wait = count("pairing", client_address(request), settings.PAIRING_RATE)
    if wait:
        said = _("Too many tries. Wait a minute.")
        answer = render(request, "attendance/screen_pairing.html", {"said": said}, status=429)
        answer["Retry-After"] = str(wait)
        return answer
    try:
        screen, token = pairings.pair(code=request.POST.get("code", ""), now=timezone.now())
    except DomainError as refusal:
        return render(request, "attendance/screen_pairing.html", {"said": str(refusal)})
    answer = redirect("screen", key=screen.key)
    _bind(answer, token)
    return answer


def _own_screen(request: HttpRequest, key: str) -> QrScreen:
    screen = pairings.screen_of_browser(key, _token(request))
    if screen is None:
        raise Http404
    return screen


def _token(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.SCREEN_COOKIE_NAME, "")


def _bind(answer: HttpResponse, token: str) -> None:
    answer.set_cookie(
        settings.SCREEN_COOKIE_NAME,
        token,
        max_age=_COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
