"""The sidebar filters of days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.contrib.admin.filters import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from attendance.models import AttendancePeriod
from attendance.services.closing_checks import PARAMETER, Check, ToClose, find_check

_DAY: Final = timedelta(days=1)


def spans(today: date) -> dict[str, tuple[date, date]]:
    """Return the spans that can be chosen: first and last date, inclusive."""
    first = today.replace(day=1)
    last_month = (first - _DAY).replace(day=1)
    return {
        "today": (today, today),
        "yesterday": (today - _DAY, today - _DAY),
        "week": (today - 6 * _DAY, today),
        "month": (first, today),
        "last_month": (last_month, first - _DAY),
    }


class WorkDateFilter(SimpleListFilter):
    """A span of work dates. Without a choice the last seven days: nobody reads a whole table."""

    title = _("work date")
    parameter_name = "when"
    default = "week"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the spans with their words."""
        return [
            ("today", _("Today")),
            ("yesterday", _("Yesterday")),
            ("week", _("Last 7 days")),
            ("month", _("This month")),
            ("last_month", _("Last month")),
        ]

    def choices(self, changelist: Any) -> Any:
        """Yield the spans; there is no “all”."""
        for value, words in self.lookup_choices:
            yield {
                "selected": (self.value() or self.default) == str(value),
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": words,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the days of the span; those of a check of a closing, whenever they were."""
        if PARAMETER in request.GET and self.value() is None:
            return queryset
        known = spans(localdate())
        first, last = known.get(self.value() or self.default, known[self.default])
        return queryset.filter(work_date__gte=first, work_date__lte=last)


class TroubleFilter(SimpleListFilter):
    """Only the days on which something is wrong."""

    title = _("trouble")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two answers."""
        return [("yes", _("With trouble")), ("no", _("Without trouble"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the days of that answer."""
        if self.value() in {"yes", "no"}:
            return queryset.filter(has_trouble=self.value() == "yes")
        return queryset


class FailedFilter(SimpleListFilter):
    """Waiting days that could not be judged."""

    title = _("failures")
    parameter_name = "failed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one answer that is asked for."""
        return [("yes", _("With failures"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the days that failed."""
        return queryset.filter(failed_count__gt=0) if self.value() == "yes" else queryset


class ToCloseFilter(SimpleListFilter):
    """What a check found before a period is closed: see services.closing_checks."""

    title = _("speaks against closing")
    parameter_name = PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return what the address names, if this person may see the period."""
        self._found = _found(request)
        if self._found is None:
            # An address that names no check is answered with nothing, and not with everything.
            asked = request.GET.get(PARAMETER)
            return [] if asked is None else [(asked[:40], "–")]
        check, period = self._found
        return [(f"{check.key}-{period.pk}", f"{check.title} · {period}")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what the check counts; nothing for an unknown one."""
        if self.value() is None:
            return queryset
        if self._found is None:
            return queryset.none()
        check, period = self._found
        rows = check.rows(ToClose(period))
        if rows.model is not queryset.model:
            return queryset.none()
        return queryset.filter(pk__in=rows.values("pk"))


def _found(request: HttpRequest) -> tuple[Check, AttendancePeriod] | None:
    key, _dash, number = request.GET.get(PARAMETER, "").partition("-")
    check = find_check(key)
    if check is None or not (number.isdecimal() and len(number) < 19):
        return None
    rows = AttendancePeriod.objects.visible_to(request.user).select_related("department")
    period = rows.filter(pk=int(number)).first()
    return None if period is None else (check, period)
