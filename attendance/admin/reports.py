"""Where field staff reported themselves: a list of when, and a person's day on a map."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance.console.day import read_date
from attendance.fence_maps import map_data, point_on_map
from attendance.models import Geofence, PositionReport
from attendance.services import whereabouts
from attendance.services.whereabouts import REPORTS_SHOWN, Spot
from organization.errors import DomainError, NotFound
from organization.scoped_admin import DepartmentFilter, PeriodFilter, ReadOnlyAdmin, display
from organization.services import zone_names

FENCES_SHOWN: Final = 200


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def track_page(request: HttpRequest, employee_id: int, work_date: str) -> HttpResponse:
    """Show how often somebody reported on a date; a POST opens where, and that is written down."""
    user: Any = request.user
    day = read_date(work_date)
    if day is None:
        raise Http404
    try:
        found = whereabouts.find_reports(employee_id, day, actor=user)
    except NotFound as refusal:
        raise Http404 from refusal
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": str(found.employee),
        "opts": PositionReport._meta,
        "found": found,
        "most": REPORTS_SHOWN,
        "before_url": _address(employee_id, found.before),
        "after_url": _address(employee_id, found.after),
        "reason": "",
    }
    if request.method == "POST":
        reason = context["reason"] = request.POST.get("reason", "")
        try:
            spots = whereabouts.view_reports(found, actor=user, reason=reason, now=timezone.now())
        except DomainError as refusal:
            context["problem"] = str(refusal)
        else:
            fences = Geofence.objects.visible_to(user).filter(retired_at=None)[:FENCES_SHOWN]
            context["spots"] = spots
            context["map"] = map_data(fences, track=[_on_map(spot) for spot in spots])
    return render(request, "admin/attendance/positionreport/day.html", context)


def _on_map(spot: Spot) -> dict[str, Any]:
    latitude, longitude = point_on_map((spot.latitude, spot.longitude))
    return {
        "latitude": latitude,
        "longitude": longitude,
        "accuracy": spot.accuracy_metres,
        "label": f"{spot.at:%H:%M}",
    }


def _address(employee_id: int, day: date | None) -> str | None:
    if day is None:
        return None
    return reverse("admin:attendance_positionreport_day", args=[employee_id, day.isoformat()])


class _Reports(ChangeList):
    """A page of reports that knows what its rows ask for, read once for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        """Give each row the zone of its wall; remember which of them lead to a day that opens."""
        super().get_results(request)
        user: Any = request.user
        rows = self.result_list = list(self.result_list)
        self._opening = whereabouts.openable(rows, actor=user)
        zones = zone_names()
        for row in rows:
            row.zone = ZoneInfo(zones[row.employee.department_id])

    def url_for_result(self, result: Any) -> str:
        """Return where a row leads; to those for whom its day does not open, nowhere."""
        if result.pk not in self._opening:
            raise NoReverseMatch
        return super().url_for_result(result)


@admin.register(PositionReport)
class PositionReportAdmin(ReadOnlyAdmin):
    """Who reported when, the latest first. Where is behind a button: looks are written down."""

    empty_text = _("Field staff whose rule asks for it report where they are, while on duty.")
    list_display = ("employee", "wall_time", "department", "keep_until")
    list_filter = (("reported_at", PeriodFilter), DepartmentFilter)
    list_select_related = ("employee", "department")
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    # As the primary key: a page of a large table must not sort all of it.
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("employee", "department", "reported_at", "keep_until")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave what is sealed where it lies."""
        return super().get_queryset(request).defer("sealed")

    @display(description=_("reported"))
    def wall_time(self, report: Any) -> str:
        """Return the time that stood on the wall of the person's department."""
        return f"{report.reported_at.astimezone(report.zone):%Y-%m-%d %H:%M:%S}"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that reads once a page what each row asks for."""
        return _Reports

    def get_urls(self) -> list[URLPattern]:
        """Put the page of a day before the page of the row."""
        page = self.admin_site.admin_view(track_page)
        name = "attendance_positionreport_day"
        way = "day/<int:employee_id>/<str:work_date>/"
        return [path(way, page, name=name), *super().get_urls()]

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the day of the report."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return redirect(_address(row.employee_id, whereabouts.date_of(row)) or "")
