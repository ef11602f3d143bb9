"""Periods: what is still open, closing, what was closed, adjustments, reopening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)
from kombu.exceptions import OperationalError

from attendance.closingsheet import as_csv, as_workbook, checksum_of
from attendance.console.closing import change_lines, reasons_given, totals_lines
from attendance.console.period import period_of, period_start
from attendance.models import Adjustment, AttendancePeriod, PeriodClosing, Reopening
from attendance.services import periods
from attendance.services.closing_checks import ToClose, look
from attendance.services.days import CAUSES
from attendance.tasks import close_ordered_periods
from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ReadOnlyAdmin,
    ScopedAdmin,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    display,
)

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# So many days are closed while the page waits; more are left to a worker.
CLOSED_AT_ONCE: Final = 3_000
_HERE: Final = "admin/attendance/attendanceperiod"
_SHOWN: Final = 20
_SHEETS: Final = ("attendance/status.css", "scheduling/rules.css", "scheduling/rosters.css")
_SHOW_OR_ACT: Final = require_http_methods(["GET", "HEAD", "POST"])
State = AttendancePeriod.State


class PeriodForm(forms.ModelForm):
    """A department and a month; the rule of the department says on which day a period begins."""

    month = forms.CharField(
        label=_("Month"),
        required=False,
        help_text=_("The month in which it ends, such as 2026-03. The rule says how it begins."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "month", "placeholder": "2026-03"}),
    )
    starts_on = forms.DateField(
        label=_("Or from"), required=False, widget=UnfoldAdminSingleDateWidget
    )
    ends_on = forms.DateField(label=_("to"), required=False, widget=UnfoldAdminSingleDateWidget)

    class Meta:
        model = AttendancePeriod
        fields = ("department", "starts_on", "ends_on")

    def clean(self) -> dict[str, Any]:
        """Find the dates: those that are given, or those of the month."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if not (first and last):
            first, last = self._month(cleaned)
        # Both stay with the row, which is not validated before it has its dates.
        cleaned["starts_on"], cleaned["ends_on"] = first, last
        return cleaned

    def _month(self, cleaned: dict[str, Any]) -> tuple[date, date]:
        department = cleaned.get("department")
        try:
            end = date.fromisoformat(f"{cleaned.get('month') or ''}-28")
            begins = period_start(department, end)
            span = period_of(end.year, end.month, begins)
        except ValueError as odd:
            raise ValidationError(
                {"month": _("Write the month like 2026-04, or two dates.")}
            ) from odd
        return span.first, span.last


@admin.register(AttendancePeriod)
class AttendancePeriodAdmin(ScopedAdmin):
    """What is closed together and when; each period has a page that leads through its closing."""

    empty_text = _("Open a period for the department that is closed and paid together.")
    form = PeriodForm
    list_display = ("span", "department", "progress_told", "closed_when")
    list_display_links = ("span",)
    list_filter = (DepartmentFilter, "state")
    list_select_related = ("department", "closing__closed_by")
    ordering = ("-starts_on", "department__path")
    sortable_by = ()

    class Media:
        css = {"all": _SHEETS}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for what names a period."""
        return [(None, {"fields": ("department", "month", "starts_on", "ends_on")})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the departments that this person may close, units first in the tree's order."""
        if db_field.name == "department":
            kwargs["queryset"] = departments_for(request.user, Action.RULE).order_by("path")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the month that has just ended."""
        before = localdate().replace(day=1) - timedelta(days=1)
        return {**super().get_changeform_initial_data(request), "month": f"{before:%Y-%m}"}

    def save_model(
        self, request: HttpRequest, obj: AttendancePeriod, form: Any, change: bool
    ) -> None:
        """Open it through the service."""
        made = periods.open_period(
            department=obj.department,
            starts_on=obj.starts_on,
            ends_on=obj.ends_on,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk, obj._state.adding = made.pk, False

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """Go on to its page."""
        return redirect("admin:attendance_attendanceperiod_change", obj.pk)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody edits a period; it is closed, or taken away while it never was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody, by the page of deletion."""
        return False

    @display(description=_("period"), ordering="starts_on")
    def span(self, row: AttendancePeriod) -> str:
        """Say from when to when."""
        return f"{row.starts_on} – {row.ends_on}"

    @display(
        description=_("state"),
        label={"open": "info", "closing": "warning", "closed": "success", "reopened": "warning"},
    )
    def progress_told(self, row: AttendancePeriod) -> tuple[str, Any]:
        """Say where it stands."""
        return row.state, row.get_state_display()

    @display(description=_("closed"))
    def closed_when(self, row: AttendancePeriod) -> str:
        """Say when, by whom and for the how-many-th time it was closed."""
        if row.closing is None:
            return ""
        at = timezone.localtime(row.closing.closed_at)
        return f"{at:%Y-%m-%d %H:%M} · {row.closing.closed_by or '–'} · #{row.closing.number}"

    # --- the page of a period ---------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """Add the steps."""

        def step(where: str, name: str, view: Callable[..., Any], methods: Any) -> Any:
            return path(
                where,
                self.admin_site.admin_view(methods(view)),
                name=f"attendance_period_{name}",
            )

        return [
            step("<int:period_id>/close/", "close", self.close, _SHOW_OR_ACT),
            step("<int:period_id>/progress/", "progress", self.progress, require_GET),
            step("<int:period_id>/reopen/", "reopen", self.reopen, require_POST),
            step("<int:period_id>/remove/", "remove", self.remove, require_POST),
            step("reopening/<int:reopening_id>/", "decide", self.decide, _SHOW_OR_ACT),
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
        """Show where a period stands, and what can be done."""
        period = self.get_object(request, object_id)
        if period is None:
            raise Http404
        context = {
            **self._facts(request, period),
            "closings": period.closings.select_related("closed_by").order_by("-number"),
            "adjustments": self._adjustments(request, period),
            "reopenings": _reopenings(period),
            "asked_by_me": _asked_by(period, request.user),
            **_done(period),
        }
        return render(request, f"{_HERE}/period.html", context)

    def _facts(self, request: HttpRequest, period: AttendancePeriod) -> dict[str, Any]:
        """Return what is shown of a period before it is closed: its days, and what is open."""
        may_close = self._may(request, Action.RULE, period)
        to_close = ToClose(period)
        found = look(to_close) if period.is_open else []
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": str(period),
            "period": period,
            "may_close": may_close,
            "is_over": localdate() > period.ends_on,
            "found": [
                {"one": one, "link": one.check.link(period) if may_close else ""} for one in found
            ],
            "is_hindered": any(one.check.is_hard and one.number for one in found),
            "is_to_confirm": any(not one.check.is_hard and one.number for one in found),
            "days": to_close.days().count() if period.is_open else period.total,
            "waits": periods.waits_for(period) if period.is_open else 0,
        }

    @staticmethod
    def _adjustments(request: HttpRequest, period: AttendancePeriod) -> int:
        rows = Adjustment.objects.visible_to(request.user)
        return rows.filter(closing__period=period).count()

    def close(self, request: HttpRequest, period_id: int) -> HttpResponse:
        """Show what would be closed; ordered, a small one is closed at once, a large one later."""
        if request.method != "POST":
            return self._ask_to_close(request, period_id)
        seen = {
            key.removeprefix("seen-"): int(value)
            for key, value in request.POST.items()
            if key.startswith("seen-") and value.isdecimal() and len(value) < 10
        }

        def act() -> None:
            ordered = periods.order_closing(
                period_id=period_id,
                typed=request.POST.get("typed", ""),
                seen=seen,
                **_acting(request),
            )
            if ordered.total <= CLOSED_AT_ONCE:
                periods.finish_closing(period_id=period_id, now=timezone.now())
                return
            try:
                close_ordered_periods.delay()
            except OperationalError:
                # Without a broker nobody hears the bell; it rings again by itself every minute.
                messages.warning(request, _("The closing is queued, and begins within minutes."))

        return self._step(request, period_id, act)

    def _ask_to_close(self, request: HttpRequest, period_id: int) -> HttpResponse:
        period = self._ruled(request, period_id)
        days = ToClose(period).days()
        context = {
            **self._facts(request, period),
            "people": days.values("employee").distinct().count(),
            "back": _page_of(period_id),
        }
        return render(request, f"{_HERE}/close.html", context)

    def _ruled(self, request: HttpRequest, period_id: int) -> AttendancePeriod:
        """Return a period that the reader may close. Raises Http404."""
        period = self.get_object(request, str(period_id))
        if period is None or not self._may(request, Action.RULE, period):
            raise Http404
        return period

    def progress(self, request: HttpRequest, period_id: int) -> HttpResponse:
        """Answer how far the closing is; when it is over, where to go."""
        period = self.get_object(request, str(period_id))
        if period is None:
            raise Http404
        if period.state != State.CLOSING:
            return HttpResponse(headers={"HX-Redirect": _page_of(period_id)})
        return render(request, f"{_HERE}/progress.html", {"period": period, **_done(period)})

    def reopen(self, request: HttpRequest, period_id: int) -> HttpResponse:
        """Ask that somebody else reopens it."""

        def act() -> str:
            periods.ask_reopening(
                period_id=period_id, reason=request.POST.get("reason", ""), **_acting(request)
            )
            return str(_("Asked. Somebody else decides."))

        return self._step(request, period_id, act)

    def decide(self, request: HttpRequest, reopening_id: int) -> HttpResponse:
        """Show what would be reopened; grant or refuse what somebody else has asked for."""
        rows = Reopening.objects.select_related("closing__closed_by", "asked_by", "decided_by")
        asked = rows.filter(pk=reopening_id).first()
        if asked is None:
            raise Http404
        if request.method != "POST":
            return self._ask_to_decide(request, asked)
        verdict = (
            Reopening.Verdict.GRANTED
            if request.POST.get("verdict") == Reopening.Verdict.GRANTED
            else Reopening.Verdict.REFUSED
        )

        def act() -> None:
            periods.decide_reopening(reopening_id=reopening_id, verdict=verdict, **_acting(request))

        return self._step(request, asked.closing.period_id, act)

    def _ask_to_decide(self, request: HttpRequest, asked: Reopening) -> HttpResponse:
        period = self._ruled(request, asked.closing.period_id)
        is_open = not asked.verdict and period.closing_id == asked.closing_id
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": str(period),
            "period": period,
            "asked": asked,
            "may_decide": is_open and asked.asked_by_id != request.user.pk,
            "back": _page_of(period.pk),
        }
        return render(request, f"{_HERE}/reopening.html", context)

    def remove(self, request: HttpRequest, period_id: int) -> HttpResponse:
        """Take a period away that was never closed."""

        def act() -> str:
            periods.remove_period(period_id=period_id, **_acting(request))
            return str(_("The period is taken away."))

        answer = self._step(request, period_id, act)
        if AttendancePeriod.objects.filter(pk=period_id).exists():
            return answer
        return redirect("admin:attendance_attendanceperiod_changelist")

    def _step(
        self, request: HttpRequest, period_id: int, act: Callable[[], str | None]
    ) -> HttpResponse:
        """Take a step, and lead back to the page with what came of it."""
        try:
            said = act()
        except NotFound as missing:
            raise Http404 from missing
        except DomainError as refusal:
            messages.error(request, str(refusal))
        except ValidationError as refusal:
            messages.error(request, "; ".join(refusal.messages))
        else:
            if said:
                messages.success(request, said)
        return redirect(_page_of(period_id))


def _acting(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.user, "now": timezone.now()}


def _page_of(period_id: int) -> str:
    return reverse("admin:attendance_attendanceperiod_change", args=[period_id])


def _done(period: AttendancePeriod) -> dict[str, int]:
    percent = 100 * period.progress // period.total if period.total else 0
    return {"percent": min(percent, 100)}


def _reopenings(period: AttendancePeriod) -> QuerySet[Reopening]:
    rows = Reopening.objects.filter(closing__period=period)
    return rows.select_related("closing", "asked_by", "decided_by")[:_SHOWN]


def _asked_by(period: AttendancePeriod, user: Any) -> bool:
    return Reopening.objects.filter(closing__period=period, verdict="", asked_by=user.pk).exists()


@admin.register(PeriodClosing)
class PeriodClosingAdmin(ReadOnlyAdmin):
    """What was closed: its totals, its checksum, and its files, which are the same for ever."""

    empty_text = _("Closings stand here once a period is closed.")
    list_display = ("span", "department", "number", "closed_at", "closed_by", "days", "in_force")
    list_display_links = ("span",)
    list_filter = (DepartmentFilter,)
    list_select_related = ("department", "closed_by", "period")
    ordering = ("-pk",)
    sortable_by = ()

    class Media:
        css = {"all": _SHEETS}

    @display(description=_("period"))
    def span(self, closing: PeriodClosing) -> str:
        """Say from when to when."""
        return f"{closing.starts_on} – {closing.ends_on}"

    @display(description=_("in force"), boolean=True)
    def in_force(self, closing: PeriodClosing) -> bool:
        """Say whether the period is closed by it now."""
        return closing.is_in_force

    def get_urls(self) -> list[Any]:
        """Add the check and the files."""
        door = self.admin_site.admin_view
        return [
            path(
                "<int:closing_id>/verify/",
                door(require_POST(self.verify)),
                name="attendance_closing_verify",
            ),
            path(
                "<int:closing_id>/export/",
                door(require_POST(self.export)),
                name="attendance_closing_export",
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
        """Show a closing."""
        closing = self.get_object(request, object_id)
        if closing is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": str(closing),
            "closing": closing,
            "totals": totals_lines(closing.totals),
            "may_export": self._may(request, Action.EXPORT, closing),
        }
        return render(request, f"{_HERE}/closing.html", context)

    def verify(self, request: HttpRequest, closing_id: int) -> HttpResponse:
        """Reckon the checksum anew."""
        closing = self._find(request, closing_id, Action.SEE)
        found = checksum_of(closing)
        if found == closing.checksum:
            messages.success(request, _("The days are as they were closed: the checksum is right."))
        else:
            messages.error(
                request,
                _("The days are not as they were closed: their checksum is %(found)s now.")
                % {"found": found},
            )
        return redirect("admin:attendance_periodclosing_change", closing_id)

    @method_decorator(never_cache)
    def export(self, request: HttpRequest, closing_id: int) -> HttpResponseBase:
        """Give the closing as a file, and write down who took it."""
        closing = self._find(request, closing_id, Action.EXPORT)
        is_sheet = request.POST.get("format") == "xlsx"
        with transaction.atomic():
            audit.record(
                actor=request.user,  # type: ignore[arg-type]
                verb="closing.exported",
                thing=closing,
                department=closing.department,
                now=timezone.now(),
                rows=closing.days + closing.adjustments,
                format="xlsx" if is_sheet else "csv",
                checksum=closing.checksum,
            )
        name = (
            f"closing-{closing.department.code}-{closing.starts_on:%Y%m%d}-"
            f"{closing.ends_on:%Y%m%d}-{closing.number}"
        )
        safe = "".join(sign if sign.isascii() and sign.isprintable() else "_" for sign in name)
        safe = safe.replace('"', "_").replace("/", "_").replace("\\", "_")
        answer: HttpResponseBase
        if is_sheet:
            answer = HttpResponse(as_workbook(closing), content_type=XLSX)
        else:
            answer = StreamingHttpResponse(as_csv(closing), content_type="text/csv; charset=utf-8")
        kind = "xlsx" if is_sheet else "csv"
        answer["Content-Disposition"] = f'attachment; filename="{safe}.{kind}"'
        return answer

    def _find(self, request: HttpRequest, closing_id: int, act: Action) -> PeriodClosing:
        rows = PeriodClosing.objects.visible_to(request.user, act).select_related("department")
        closing = rows.filter(pk=closing_id).first()
        if closing is None:
            raise Http404
        return closing


class StateFilter(DropdownFilter):
    """Whether an adjustment waits for the next closing."""

    title = _("state")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two answers."""
        return [("pending", _("Waits for the next closing")), ("taken", _("Taken over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the adjustments of that answer."""
        asked = self.value()
        if asked == "pending":
            return queryset.pending()
        return queryset.taken() if asked == "taken" else queryset


class ClosedPeriodFilter(DropdownFilter):
    """The period that a day was paid in, the latest first."""

    title = _("period")
    parameter_name = "period"
    AT_MOST: Final = 60

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the periods that this person may see."""
        rows = AttendancePeriod.objects.visible_to(request.user)
        shown = rows.filter(closings__isnull=False).distinct().select_related("department")
        return [(str(row.pk), str(row)) for row in shown[: self.AT_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the adjustments to days of that period; nothing for an unknown one."""
        key = self.value()
        if not key:
            return queryset
        if key not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(closing__period=int(key))


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Days that are otherwise than they were paid, and by how much."""

    empty_text = _("What becomes known about closed days stands here.")
    list_display = ("employee", "work_date", "department", "changes", "why", "found", "waits")
    list_display_links = ("work_date",)
    list_filter = (StateFilter, ClosedPeriodFilter, DepartmentFilter)
    list_select_related = ("employee", "department", "closing__in_force_for")
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    ordering = ("-pk",)
    sortable_by = ()
    fields = (
        "employee", "work_date", "department", "closing", "version", "changes", "why", "said",
        "found", "waits", "day",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("paid as → would be"))
    def changes(self, row: Adjustment) -> Any:
        """Tell what differs."""
        return "; ".join(change_lines(row))

    @display(description=_("cause"))
    def why(self, row: Adjustment) -> str:
        """Say what made the day be judged anew."""
        return str(CAUSES.get(row.cause, row.cause))

    @display(description=_("reasons given"))
    def said(self, row: Adjustment) -> str:
        """Say why people decided about the day though it was paid."""
        return "\n".join(reasons_given(row)) or "–"

    @display(description=_("found"), ordering="found_at")
    def found(self, row: Adjustment) -> datetime:
        """Say when it became known."""
        return row.found_at

    @display(description=_("state"), label={"pending": "warning", "taken": "success"})
    def waits(self, row: Adjustment) -> tuple[str, Any]:
        """Say whether it waits for the next closing, or where it went."""
        if row.is_taken:
            return "taken", _("Taken over")
        if row.is_settled:
            return "settled", _("Settled by closing again")
        return "pending", _("Waits for the next closing")

    @display(description=_("day"))
    def day(self, row: Adjustment) -> str:
        """Lead to the day, which says why it is as it is."""
        where = reverse(
            "admin:attendance_attendanceday_day",
            args=(row.employee_id, row.work_date.isoformat()),
        )
        return format_html('<a href="{}" class="kq-link">{}</a>', where, _("To the day"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Tell with each row where it went."""
        return super().get_queryset(request).with_state()
