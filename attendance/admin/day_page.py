"""The page of one day: plan, punches, verdict and why; and the button that judges it again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from attendance.console.day import DayPage, read_date, read_day
from attendance.console.own_links import offers_for
from attendance.models import AttendanceDay
from attendance.services import days
from organization.errors import NotFound


@require_http_methods(["GET", "HEAD", "POST"])
def day_page(request: HttpRequest, employee_id: int, work_date: str) -> HttpResponse:
    """Show a day; a POST judges it again. A day that may not be seen is not found."""
    day = read_date(work_date)
    if day is None:
        raise Http404
    now = timezone.now()
    try:
        page = read_day(request.user, employee_id, day, now=now)  # type: ignore[arg-type]
    except NotFound as refusal:
        raise Http404 from refusal
    if request.method == "POST":
        return _judge(request, page)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": page.employee.name,
        "opts": AttendanceDay._meta,
        "page": page,
        "month": f"{page.work_date:%Y-%m}",
        "offers": offers_for(request.user, page, now),  # type: ignore[arg-type]
    }
    return render(request, "admin/attendance/attendanceday/day.html", context)


def _judge(request: HttpRequest, page: DayPage) -> HttpResponse:
    if not page.may_judge:
        raise Http404
    person = page.employee.pk
    if days.judge_now(employee_id=person, work_date=page.work_date, now=timezone.now()):
        messages.success(request, _("The day has been judged on all that is known now."))
    else:
        messages.warning(request, _("New facts came in between; the worker judges the day soon."))
    return redirect(
        reverse("admin:attendance_attendanceday_day", args=(person, page.work_date.isoformat()))
    )
