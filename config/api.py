"""The root of the interface for programs: its router, its pages, and how a refusal is answered."""

from collections.abc import Mapping
from typing import Any, Final

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


router = DefaultRouter()
