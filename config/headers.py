"""What every answer tells the browser: whose scripts run, what may be asked, what may be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

CONSOLE: Final = "/admin/"
API: Final = "/api/"
PAGE_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
API_METHODS: Final = (*PAGE_METHODS, "PUT", "PATCH", "DELETE")

# Nothing comes from anywhere but here, and nothing that stands in a page is a script.
POLICY: Final[dict[str, list[str]]] = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
    "object-src": [NONE],
}
# The theme's Alpine turns attributes of its own into functions and widths, and a shift has a colour
# of its own. Scripts and sheets that stand in a page stay refused.
IN_THE_CONSOLE: Final = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src-attr": [UNSAFE_INLINE],
}

# Features of the browser. A page that needs some says so by the same header (`camera=(self)`); what
# it does not need is switched off, so that nobody who breaks in has it.
FEATURES: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip


class ContentPolicy(CSPMiddleware):
    """The strict policy everywhere, loosened by what the console's theme cannot do without."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the policy of this page."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(CONSOLE):
            parts.replace = {**IN_THE_CONSOLE, **_tiles(), **(parts.replace or {})}
        return parts


def _tiles() -> dict[str, list[str]]:
    """Return what lets the maps of the console show tiles: pictures of that one host."""
    if not settings.MAP_TILES_URL:
        return {}
    parts = urlsplit(settings.MAP_TILES_URL)
    return {"img-src": [*POLICY["img-src"], f"{parts.scheme}://{parts.netloc}"]}


class Headers:
    """Middleware, outermost: what is not a static file is kept by nobody, nor shared."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers. What a view says about caching holds for static files only."""
        response = self.get_response(request)
        response["Permissions-Policy"] = _permissions(response.get("Permissions-Policy", ""))
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if not request.path_info.startswith(settings.STATIC_URL) or response.status_code >= 400:
            response["Cache-Control"] = "no-store, private"
        return response


def _permissions(needed: str) -> str:
    """Return what a page says it needs, and everything else switched off."""
    own = [one.strip() for one in needed.split(",") if one.strip()]
    names = {one.partition("=")[0] for one in own}
    return ", ".join(own + [f"{feature}=()" for feature in FEATURES if feature not in names])


class KnownMethods:
    """Middleware: what no page and no part of the API knows is no other name for GET.

    Neither is an address with a sign that nothing is named with.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 405 to a method that this part of the site does not know.

        Raises BadRequest for an address with a NUL.
        """
        known = API_METHODS if request.path_info.startswith(API) else PAGE_METHODS
        if request.method not in known:
            return HttpResponseNotAllowed(known)
        # No text of PostgreSQL holds a NUL, so no address needs one; each filter, search and key
        # of each page would otherwise have to say so for itself.
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL in the address")
        return self.get_response(request)
