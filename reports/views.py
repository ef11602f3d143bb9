"""The page of totals, and the same as a file. Who opens it is settled by reports.totals."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.contrib import admin
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from organization import audit
from organization.errors import NotFound
from organization.models import Department
from reports.columns import sorted_lines
from reports.period import OddPeriod, Span, read_span
from reports.totals import Totals, chosen, read_totals
from reports.totalsheet import as_csv, as_workbook, rows
from reports.totalspage import heads, shown

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the totals of a period: a department, and what it falls into."""
    asked = request.GET
    department = _department(request, asked)
    today = localdate()
    problem = ""
    try:
        span = read_span(_plain(asked), department, today)
    except OddPeriod as refusal:
        problem, span = str(refusal), read_span({}, department, today)
    totals = _read(request, span, department, today)
    order = asked.get("order", "")
    return render(
        request,
        "admin/reports/totals.html",
        {
            **admin.site.each_context(request),
            "title": _("Totals"),
            "totals": totals,
            "span": totals.span,
            "whole": shown(totals.total) if totals.total else None,
            "rows": [shown(line) for line in sorted_lines(totals.lines, order)],
            "heads": heads(order),
            "problem": problem,
            "choices": _indented(totals),
            "is_custom": not totals.span.month,
        },
        status=400 if problem else 200,
    )


@never_cache
@require_POST
@transaction.atomic
def export(request: HttpRequest) -> HttpResponseBase:
    """Give the page's lines as a file, and write down who took them."""
    asked = request.POST
    department = _department(request, asked)
    today = localdate()
    try:
        span = read_span(_plain(asked), department, today)
    except OddPeriod as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain; charset=utf-8")
    is_sheet = asked.get("format") == "xlsx"
    all_levels = asked.get("levels") == "all"
    totals = _read(request, span, department, today, all_levels=all_levels)
    audit.record(
        actor=request.user,  # type: ignore[arg-type]
        verb="totals.exported",
        thing=totals.department or audit.Thing("reports.totals", str(_("Totals"))),
        department=totals.department,
        now=timezone.now(),
        rows=sum(1 for _row in rows(totals)),
        format="xlsx" if is_sheet else "csv",
        filter={
            "first": span.first.isoformat(),
            "last": span.last.isoformat(),
            "levels": "all" if all_levels else "one",
        },
    )
    name = f"totals-{span.first:%Y%m%d}-{span.last:%Y%m%d}"
    if is_sheet:
        return _attached(HttpResponse(as_workbook(totals), content_type=_XLSX), f"{name}.xlsx")
    stream = StreamingHttpResponse(as_csv(totals), content_type="text/csv; charset=utf-8")
    return _attached(stream, f"{name}.csv")


def _department(request: HttpRequest, asked: QueryDict) -> Department | None:
    try:
        return chosen(request.user, asked.get("department", ""))  # type: ignore[arg-type]
    except NotFound as missing:
        raise Http404 from missing


def _read(
    request: HttpRequest,
    span: Span,
    department: Department | None,
    today: date,
    *,
    all_levels: bool = False,
) -> Totals:
    try:
        return read_totals(
            request.user,  # type: ignore[arg-type]
            span,
            department=department,
            all_levels=all_levels,
            today=today,
            now=timezone.now(),
        )
    except NotFound as missing:
        raise Http404 from missing


def _plain(asked: QueryDict) -> dict[str, str]:
    """Return one value of each field of the period; a form sends those it hides as well."""
    fields = ("first", "last") if asked.get("by") == "dates" else ("month",)
    return {field: asked.get(field, "") for field in fields}


def _indented(totals: Totals) -> list[dict[str, Any]]:
    """Return the departments to choose from, indented as they stand in the tree."""
    top = min((row.depth for row in totals.choices), default=0)
    here = totals.department.pk if totals.department else None
    return [
        {
            "code": row.code,
            "name": "\u2003" * (row.depth - top) + row.name,
            "is_chosen": row.pk == here,
        }
        for row in totals.choices
    ]


def _attached(response: Any, name: str) -> Any:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
