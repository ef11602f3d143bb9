"""What is said when an answer cannot be given: a page to people, a code to programs.

Nothing here asks the database, a session or the host's name: any of them may be what is broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organization.circumstances import current

API: Final = "/api/"


@dataclass(frozen=True, slots=True)
class Saying:
    """An HTTP status, its stable code, and what people read."""

    status: int
    code: str
    title: str | Promise
    sentence: str | Promise


BAD: Final = Saying(
    400, "bad_request", _("This could not be read"), _("The address or the form is not complete.")
)
FORBIDDEN: Final = Saying(403, "not_allowed", _("Not allowed"), _("You may not do this."))
UNSAFE: Final = Saying(
    403,
    "csrf_failed",
    _("This form is too old"),
    _("Nothing was changed. Go back, load the page again and send the form once more."),
)
MISSING: Final = Saying(
    404, "not_found", _("Nothing is here"), _("There is no such page, or it is not yours to see.")
)
BROKEN: Final = Saying(
    500,
    "server_error",
    _("Something went wrong"),
    _("The fault is ours. It has been written down; try again in a while."),
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what could not be read, without saying why: that would help only who tries things."""
    return _say(request, BAD)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who may not."""
    return _say(request, FORBIDDEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that does not come from a page of ours, or from one that is too old."""
    return _say(request, UNSAFE)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address where nothing is, or nothing for this person."""
    return _say(request, MISSING)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours, with the reference under which the log has it."""
    return _say(request, BROKEN)


def _say(request: HttpRequest, saying: Saying) -> HttpResponse:
    reference = current().request_id if saying is BROKEN else ""
    if request.path_info.startswith(API):
        facts = {"reference": reference} if reference else {}
        body = {"code": saying.code, "message": str(saying.sentence), "facts": facts}
        return JsonResponse(body, status=saying.status)
    context = {"saying": saying, "reference": reference}
    return HttpResponse(render_to_string("error.html", context), status=saying.status)
