"""A person's own pages: my month, my day, and why. They read nobody else's rows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from attendance.console import own, own_links
from attendance.console.day import read_date, read_day
from attendance.console.own_consents import change_own_consent, read_own_consents
from attendance.console.own_punches import read_own_punches
from attendance.console.status_style import STYLES
from attendance.services.consents import NoticeIsOld
from organization.errors import NotFound
from organization.personal.answers import copy_as_answer
from organization.personal.summary import groups, looks


@require_safe
@login_required
def my_month(request: HttpRequest) -> HttpResponse:
    """Show the calendar month of whoever asks; a log-in of nobody reads why it is empty."""
    user: Any = request.user
    employee = own.own_employee(user)
    if employee is None:
        return render(request, "attendance/me_nobody.html")
    now = timezone.now()
    today = own.today_of(employee, now=now)
    period = own.read_month(request.GET.get("month", ""), employee, today)
    context = {
        "mine": own.read_own_month(user, employee, period, today, now=now),
        "legend": list(STYLES.values()),
        "offers": own_links.claim_links(employee, now),
    }
    return render(request, "attendance/me.html", context)


@require_safe
@login_required
def my_day(request: HttpRequest, work_date: str) -> HttpResponse:
    """Show one day of whoever asks, with the reasons of its result."""
    user: Any = request.user
    employee = own.own_employee(user)
    day = read_date(work_date)
    if employee is None or day is None:
        raise Http404
    now = timezone.now()
    try:
        page = read_day(user, employee.pk, day, now=now)
    except NotFound as refusal:
        raise Http404 from refusal
    offers = own_links.offers_on(page, now) + own_links.claim_links_on(page, now)
    context = {"page": page, "offers": offers}
    return render(request, "attendance/me_day.html", context)


@require_safe
@login_required
def my_punches(request: HttpRequest) -> HttpResponse:
    """Show the punches of whoever asks, with what each came to and why."""
    user: Any = request.user
    employee = own.own_employee(user)
    if employee is None:
        return render(request, "attendance/me_nobody.html")
    mine = read_own_punches(user, employee, request.GET.get("page", ""))
    return render(request, "attendance/me_punches.html", {"mine": mine})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_data(request: HttpRequest) -> HttpResponseBase:
    """Show what is kept about whoever asks, who looked at it, and what they agreed to.

    A copy is given, and what they are asked agreed to or withdrawn.
    """
    user: Any = request.user
    employee = own.own_employee(user)
    if employee is None:
        if request.method == "POST":
            raise Http404
        return render(request, "attendance/me_nobody.html")
    now, language = timezone.now(), get_language() or ""
    act = request.POST.get("act")
    # Only what says that it is a copy is counted as an export, so nothing else may get one.
    if act == "copy":
        return copy_as_answer(employee.pk, actor=user, now=now)
    if act in ("agree", "withdraw"):
        try:
            change_own_consent(employee, request.POST, language, actor=user, now=now)
        except NotFound as refusal:
            raise Http404 from refusal
        except NoticeIsOld as refusal:
            messages.error(request, str(refusal))
        return redirect("attendance:my-data")
    context = {
        "groups": groups(employee),
        "looks": list(looks(employee)),
        "employee": employee,
        "asked": read_own_consents(employee, language, now=now),
    }
    return render(request, "attendance/me_data.html", context)
