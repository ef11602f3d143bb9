"""The root of the interface for programs: its router, its pages, and how a refusal is answered."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.exceptions import ErrorDetail
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import exception_handler

from organization.errors import DomainError, NotAllowed, NotFound

# A refusal that is not named here is a conflict with what already is.
STATUS: Final[Mapping[type[DomainError], int]] = {NotFound: 404, NotAllowed: 403}


def answer(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn a refusal into its answer: `code`, `message` and `facts`, whoever refused.

    None for a fault of ours, which is answered as everywhere.
    """
    if isinstance(exc, DomainError):
        status = next((code for kind, code in STATUS.items() if isinstance(exc, kind)), 409)
        return Response({"code": exc.code, "message": str(exc), "facts": exc.facts}, status)
    if isinstance(exc, RequestDataTooBig):
        return Response(_too_large(), 413)
    response = exception_handler(exc, dict(context))
    if response is not None:
        response.data = _told(response.data)
    return response


def _told(said: Any) -> dict[str, Any]:
    """Return what the framework refused in the form of every refusal."""
    detail = said.get("detail") if isinstance(said, Mapping) else None
    if isinstance(detail, ErrorDetail):
        return {"code": detail.code, "message": str(detail), "facts": {}}
    fields = said if isinstance(said, Mapping) else {"": said}
    sentences = [
        f"{name}: {_first(told)}" if name else _first(told) for name, told in fields.items()
    ]
    return {"code": "invalid", "message": " ".join(sentences), "facts": {"fields": fields}}


def _first(told: Any) -> str:
    while isinstance(told, Mapping | list):
        told = next(iter(told.values() if isinstance(told, Mapping) else told), "")
    return str(told)


def _too_large() -> dict[str, Any]:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return {
        "code": "too_large",
        "message": _("A request holds at most %(most)d bytes; send it in parts.") % {"most": most},
        "facts": {"most_bytes": most},
    }


class ByCursor(CursorPagination):
    """Pages that cost the same however far down one reads, and never count the whole table."""

    ordering = "-pk"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class TokenScheme(OpenApiAuthenticationExtension):
    """Tells the schema how a program says who it is."""

    target_class = "organization.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the header and the word before the key."""
        return build_bearer_security_scheme_object("Authorization", "Token")


router = DefaultRouter()
# One address for one thing: another spelling would be another door.
router.include_format_suffixes = False
