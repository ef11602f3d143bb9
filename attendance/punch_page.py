"""The page that employees punch on: an app for phones, whose shell works without a network.

What it shows comes from the endpoints of `attendance.punch_views`. Its shell, its manifest and its
service worker are the same for everybody, so that nothing personal lies in a browser's caches.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from attendance.console import own
from attendance.console.own_links import claim_links
from attendance.punch_words import words
from attendance.services import bridges
from organization.errors import NotFound

PAGE: Final = "attendance/punch.html"
WORKER: Final = "dist/punch/sw.js"
# What the page needs at once. What it fetches later is kept when it was fetched.
FILES: Final = (
    "kaoqin/favicon.svg",
    "attendance/status.css",
    "attendance/punch.css",
    "attendance/theme.js",
    "dist/punch/main.js",
)
ICONS: Final = (
    ("any", 192),
    ("any", 512),
    ("maskable", 512),
)
# The reader of codes is WebAssembly where the browser has none of its own.
_POLICY: Final = {"script-src": [WASM_UNSAFE_EVAL], "manifest-src": [SELF]}
_REFUSALS: Final = {NotFound: 404, bridges.ForeignAddress: 400, bridges.BridgeSilent: 503}
_FEATURES: Final = "camera=(self), geolocation=(self)"


@require_safe
@csp_update(_POLICY)
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Show the page to an employee; a log-in of nobody reads why there is nothing to punch."""
    user: Any = request.user
    person = own.own_employee(user)
    if person is None:
        return render(request, "attendance/me_nobody.html")
    more = claim_links(person, timezone.now())
    context = {"words": words(), "person": person, "more": more}
    return _with_features(render(request, PAGE, context))


@require_safe
@csp_update(_POLICY)
def shell(request: HttpRequest) -> HttpResponse:
    """Return the page without a person, for the time without a network."""
    return _with_features(render(request, PAGE, {"words": words()}))


def _with_features(answer: HttpResponse) -> HttpResponse:
    answer["Permissions-Policy"] = _FEATURES
    return answer


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Say under which name, with which icons and where the installed page opens."""
    said = {
        "id": reverse("punch"),
        "name": str(_("Kaoqin")),
        "short_name": str(_("Kaoqin")),
        "description": str(_("Punch in and out, and see why each day is what it is.")),
        "lang": get_language(),
        "start_url": reverse("punch"),
        "scope": "/",
        "display": "standalone",
        "orientation": "portrait",
        "theme_color": "#0f766e",
        "background_color": "#f1f5f9",
        "icons": [
            {
                "src": static(f"attendance/icons/{purpose}-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for purpose, size in ICONS
        ],
        "shortcuts": [
            {"name": pgettext("page", "Punch"), "url": reverse("punch")},
            {"name": str(_("My month")), "url": reverse("attendance:my-month")},
        ],
    }
    return JsonResponse(said, content_type="application/manifest+json")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker of this release, and of the reader's language.

    The browser takes another one as soon as a byte of it differs.
    """
    empty = render_to_string(PAGE, {"words": words()}, request)
    said = {
        "version": hashlib.sha256(f"{_digest()}{empty}".encode()).hexdigest()[:16],
        "shell": reverse("punch-shell"),
        "files": [static(name) for name in FILES],
        "folder": settings.STATIC_URL,
    }
    script = f"self.kaoqin = {json.dumps(said)};\n{_read(WORKER).decode()}"
    answer = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    answer["Service-Worker-Allowed"] = "/"
    return answer


@require_POST
@login_required
def bridge(request: HttpRequest) -> JsonResponse:
    """Sign an address of this host for the kit of WeCom, whose app shows it."""
    try:
        url = str(json.loads(request.body)["url"])
    except (ValueError, TypeError, KeyError) as error:
        raise BadRequest("an address is to be signed") from error
    try:
        return JsonResponse(bridges.sign(url, host=request.get_host()))
    except (NotFound, bridges.ForeignAddress, bridges.BridgeSilent) as refusal:
        said = {"code": refusal.code, "message": str(refusal), "facts": {}}
        return JsonResponse(said, status=_REFUSALS[type(refusal)])


def _digest() -> str:
    return _digest_of_release() if settings.PRODUCTION else _digest_now()


def _digest_now() -> str:
    return hashlib.sha256(b"".join(_read(name) for name in (*FILES, WORKER))).hexdigest()


_digest_of_release: Final = cache(_digest_now)


def _read(name: str) -> bytes:
    """Return a static file, from where it lies or where it was collected."""
    found = finders.find(name) or staticfiles_storage.path(name)
    try:
        return Path(str(found)).read_bytes()
    except FileNotFoundError as error:
        raise Http404 from error
