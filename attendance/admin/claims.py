"""Offline claims, and the flights that they hang on: looked at here, written by their services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from attendance.models import Flight, OfflineClaim
from organization.access import Action
from organization.scoped_admin import ReadOnlyAdmin, display


@admin.register(OfflineClaim)
class OfflineClaimAdmin(ReadOnlyAdmin):
    """Punches that people declared by a flight, and what became of them."""

    list_display = ("employee", "flight_number", "departs_on", "claimed_at", "stands", "due_at")
    list_filter = ("state",)
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name", "flight_number")
    date_hierarchy = None
    fields = (
        "employee", "department", "flight_number", "departs_on", "leg", "claimed_at",
        "declared_at", "state", "due_at", "proven_at", "punch",
    )  # fmt: skip

    @display(
        description=_("State"),
        label={
            "declared": "info", "proven": "warning", "punched": "success", "lapsed": "danger",
            "cancelled": "default",
        },
    )  # fmt: skip
    def stands(self, row: OfflineClaim) -> tuple[str, str]:
        """Return the state, for its colour, and in words."""
        return row.state, row.get_state_display()


@admin.register(Flight)
class FlightAdmin(ReadOnlyAdmin):
    """Flights, as a file or the configured source told them; of no department's."""

    list_display = (
        "number", "departs_on", "scheduled_departure_at", "actual_departure_at",
        "scheduled_arrival_at", "actual_arrival_at", "source",
    )  # fmt: skip
    search_fields = ("number",)

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
