"""Days: the list, the month, the page of one day, and the days that wait."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_safe

from attendance.admin.day_page import day_page
from attendance.admin.filters import FailedFilter, ToCloseFilter, TroubleFilter, WorkDateFilter
from attendance.console import month, period
from attendance.console.status_style import STYLES
from attendance.models import AttendanceDay, WaitingDay
from attendance.services import days
from attendance.wording import duration_text, slot_label
from organization.access import Action
from organization.models import Department, Employee
from organization.scoped_admin import DepartmentFilter, ReadOnlyAdmin, display, scoped


@admin.register(AttendanceDay)
class AttendanceDayAdmin(ReadOnlyAdmin):
    """Days to look at, one below the other."""

    empty_text = _("Days stand here once they are judged.")
    list_display = (
        "person",
        "work_date",
        "department",
        "state",
        "late",
        "early",
        "worked",
        "lacks",
    )
    list_display_links = None
    list_filter = (WorkDateFilter, TroubleFilter, DepartmentFilter, "status", ToCloseFilter)
    list_select_related = ("employee", "department", "shift")
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    ordering = ("-work_date", "employee_id")

    class Media:
        css = {"all": ("attendance/status.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what the list does not show."""
        return super().get_queryset(request).defer("notes", "findings")

    def get_urls(self) -> list[Any]:
        """Add the month and the page of one day."""
        door = self.admin_site.admin_view
        return [
            path("month/", door(require_GET(self.month)), name="attendance_month"),
            path(
                "day/<int:employee_id>/<str:work_date>/",
                door(day_page),
                name="attendance_attendanceday_day",
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the page of the day, which says why."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return redirect(_address(row))

    def month(self, request: HttpRequest) -> HttpResponse:
        """Show people × days of a period."""
        if not self.has_view_permission(request):
            raise Http404
        chosen = month.departments_to_choose(request.user)  # type: ignore[arg-type]
        department = _chosen(chosen, request.GET.get("department", ""))
        today = localdate()
        span = period.read_period(
            request.GET.get("month", ""), today, period.period_start(department, today)
        )
        grid = month.read_grid(
            request.user,  # type: ignore[arg-type]
            span,
            department=department,
            search=request.GET.get("q", "").replace("\0", "").strip()[:100],
            only_trouble=request.GET.get("trouble") == "1",
            page=request.GET.get("page", "1"),
            now=timezone.now(),
        )
        before, after = period.neighbours(span)
        return render(
            request,
            "admin/attendance/attendanceday/month.html",
            {
                **self.admin_site.each_context(request),
                "title": pgettext_lazy("page", "Month"),
                "grid": grid,
                "period": span,
                "before": before,
                "after": after,
                "today": today,
                "departments": month.choices(chosen),
                "department": department,
                "legend": list(STYLES.values()),
            },
        )

    @display(description=_("employee"), ordering="employee")
    def person(self, row: AttendanceDay) -> str:
        """Name the person, and lead to the day."""
        return format_html('<a href="{}" class="kq-link">{}</a>', _address(row), row.employee)

    @display(description=_("status"), ordering="status")
    def state(self, row: AttendanceDay) -> str:
        """Show the leading word."""
        style = STYLES[row.status]
        return format_html(
            '<span class="kq-status {}"><b aria-hidden="true">{}</b> {}</span>',
            style.css_class,
            style.symbol,
            style.label,
        )

    @display(description=_("late (min)"), ordering="late_minutes")
    def late(self, row: AttendanceDay) -> str:
        """Show the minutes, if there are any."""
        return str(row.late_minutes or "")

    @display(description=_("early (min)"), ordering="early_minutes")
    def early(self, row: AttendanceDay) -> str:
        """Show the minutes, if there are any."""
        return str(row.early_minutes or "")

    @display(description=_("worked"), ordering="worked_minutes")
    def worked(self, row: AttendanceDay) -> str:
        """Show hours and minutes."""
        return duration_text(row.worked_minutes) if row.worked_minutes else ""

    @display(description=_("missing"))
    def lacks(self, row: AttendanceDay) -> str:
        """Name the slots that nothing filled."""
        return ", ".join(str(slot_label(slot)) for slot in row.missing.split(",") if slot)


def _address(row: AttendanceDay) -> str:
    return reverse(
        "admin:attendance_attendanceday_day", args=(row.employee_id, row.work_date.isoformat())
    )


def _chosen(departments: list[Department], key: str) -> Department | None:
    """Return the department that an address names; a foreign one is not there."""
    if not key:
        return None
    found = next((one for one in departments if str(one.pk) == key), None)
    if found is None:
        raise Http404
    return found


@admin.register(WaitingDay)
class WaitingDayAdmin(ReadOnlyAdmin):
    """The queue: days whose facts have moved on, and what hinders the ones that failed."""

    empty_text = _("Every day is judged; none waits.")
    see_action = Action.RULE
    list_display = ("employee", "work_date", "why", "since", "failed_count", "problem")
    list_display_links = None
    list_filter = (FailedFilter, ToCloseFilter)
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name")
    ordering = ("employee_id", "work_date")
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the days of the people whom this person may configure."""
        people = scoped(Employee.objects.all(), request.user, Action.RULE)
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(employee__in=people)

    @display(description=_("cause"), ordering="cause")
    def why(self, row: WaitingDay) -> str:
        """Say what made it wait."""
        return str(days.CAUSES.get(row.cause, row.cause))

    @admin.action(description=_("Try again now"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[WaitingDay]) -> None:
        """Let the worker judge the chosen days again."""
        keys = list(queryset.values_list("employee_id", "work_date")[:1000])
        count = days.wake(keys, cause="ordered", now=timezone.now())
        self.message_user(request, _("%(count)d days wait to be judged.") % {"count": count})
