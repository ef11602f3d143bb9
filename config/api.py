"""The root of the interface for programs: its router, its pages, and how a refusal is answered."""

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import exception_handler

from organization.errors import DomainError, NotAllowed, NotFound

# A refusal that is not named here is a conflict with what already is.
STATUS: Final[Mapping[type[DomainError], int]] = {NotFound: 404, NotAllowed: 403}


def answer(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn a refusal into its answer; everything else stays the framework's business."""
    if isinstance(exc, DomainError):
        status = STATUS.get(type(exc), 409)
        return Response({"code": exc.code, "message": str(exc), "facts": exc.facts}, status)
    return exception_handler(exc, dict(context))


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
