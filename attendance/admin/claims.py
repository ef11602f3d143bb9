"""Offline claims, and the flights that they hang on: looked at here, written by their services."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from attendance.models import Flight, OfflineClaim
from attendance.services.claims import BadFlights, take_flights
from organization.access import Action
from organization.scoped_admin import ReadOnlyAdmin, display

_HERE: Final = "admin/attendance/flight"
_FILE_AT_MOST: Final = 4 * 1024 * 1024
_PROBLEMS_SHOWN: Final = 100


class FlightsForm(forms.Form):
    """A file of flights on its way in."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or JSON in UTF-8, a row a flight; up to 10,000 flights, 4 MB."),
        error_messages={"required": _("Choose a file.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.json,text/csv,application/json"}),
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > _FILE_AT_MOST:
            raise ValidationError(_("Choose a file of at most 4 MB."))
        return file


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

    class Media:
        css = {"all": ("scheduling/rules.css", "scheduling/rosters.css")}

    change_list_template = f"{_HERE}/change_list.html"
    empty_text = _("Import a file of flights, or let the configured source tell them.")

    def get_urls(self) -> list[Any]:
        """Put the file's way in before the pages of rows."""
        door = self.admin_site.admin_view
        bring_in = require_http_methods(["GET", "HEAD", "POST"])(self.bring_in)
        return [
            path("import/", door(bring_in), name="attendance_flight_import"),
            *super().get_urls(),
        ]

    def bring_in(self, request: HttpRequest) -> HttpResponse:
        """Take a file of flights as a whole, or say which of its rows are wrong."""
        if not self.has_view_permission(request):
            raise Http404
        form = FlightsForm(request.POST or None, request.FILES or None)
        problems: list[dict[str, Any]] = []
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                taken = take_flights(
                    file.read(),
                    source=file.name,
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except BadFlights as refusal:
                problems = list(refusal.facts.get("problems", ()))[:_PROBLEMS_SHOWN]
                if not problems:
                    form.add_error("file", str(refusal))
            else:
                said = ngettext(
                    "%(count)d flight was taken.", "%(count)d flights were taken.", taken
                )
                self.message_user(request, said % {"count": taken}, messages.SUCCESS)
                return redirect("admin:attendance_flight_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": _("Import flights"),
            "form": form,
            "problems": problems,
            "list_url": reverse("admin:attendance_flight_changelist"),
        }
        return render(request, f"{_HERE}/import.html", context)
