"""Punches and corrections, to look at. Nobody adds, changes or deletes a punch here."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from attendance.admin.absences import ReasonActionForm
from attendance.admin.evidence_page import evidence_page
from attendance.admin.filters import ToCloseFilter
from attendance.console.checked import STATES, read_checked, state_of
from attendance.models import Correction, Punch, PunchCheck, PunchDecision, PunchEvidence
from attendance.services import corrections
from attendance.wording import slot_label
from devices.models import Credential, TerminalLine
from organization.access import Action
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    display,
)

PIN_AT_MOST: int = 14
STATE_LABELS = {"accepted": "success", "held": "warning", "awaited": "info", "refused": "danger"}


class PunchedFilter(DropdownFilter):
    """When it happened, in the server's zone."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return spans, the latest first."""
        return [
            ("today", _("Today")),
            ("yesterday", _("Yesterday")),
            ("week", _("The last 7 days")),
            ("month", _("This month")),
            ("before", _("Last month")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the punches of the span."""
        today = localdate()
        tomorrow, month = today + timedelta(days=1), today.replace(day=1)
        before = (month - timedelta(days=1)).replace(day=1)
        spans = {
            "today": (today, tomorrow),
            "yesterday": (today - timedelta(days=1), today),
            "week": (today - timedelta(days=6), tomorrow),
            "month": (month, tomorrow),
            "before": (before, month),
        }
        span = spans.get(self.value() or "")
        if span is None:
            return queryset
        since, until = (timezone.make_aware(datetime.combine(day, time())) for day in span)
        return queryset.filter(punched_at__gte=since, punched_at__lt=until)


class StateFilter(DropdownFilter):
    """What became of held punches: those that wait for a person first."""

    title = _("held punches")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states of a punch that was held."""
        return [
            ("held", _("Waiting for a decision")),
            ("awaited", PunchCheck.Outcome.AWAITED.label),
            ("accepted", _("Held, and accepted")),
            ("refused", _("Held, and refused")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the held punches of that state."""
        state = self.value()
        if state not in STATES:
            return queryset
        latest = PunchDecision.objects.filter(punch=OuterRef("pk")).order_by("-pk")
        held = queryset.filter(is_held=True).alias(decided=Subquery(latest.values("verdict")[:1]))
        if state in PunchDecision.Verdict.values:
            return held.filter(decided=state)
        return held.filter(decided=None, awaited_check__isnull=state == "held")


class CheckInline(ReadOnlyInline):
    """Each time that its proof was checked; the latest counts."""

    model = PunchCheck
    fields = ("outcome", "rule_version", "checked_at")
    readonly_fields = fields


class DecisionInline(ReadOnlyInline):
    """Verdicts on a held punch; the latest counts."""

    model = PunchDecision
    fields = ("verdict", "reason", "decided_by", "decided_at")
    readonly_fields = fields


@admin.register(Punch)
class PunchAdmin(ReadOnlyAdmin):
    """Who was seen when, as it was told, the latest told first."""

    empty_text = _("Punches come from terminals, their log files and the API.")
    list_display = ("employee", "wall_time", "how", "direction", "source", "terminal", "state")
    list_filter = (
        PunchedFilter,
        DepartmentFilter,
        "method",
        "source",
        StateFilter,
        ToCloseFilter,
    )
    list_select_related = ("employee", "terminal")
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    # As the primary key: a page of a large table must not sort all of it.
    ordering = ("-pk",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("employee", "department", "wall_time", "method", "direction")}),
        (_("Moments"), {"fields": ("punched_at", "zone", "received_at")}),
        (_("Origin"), {"fields": ("source", "terminal", "said", "natural_key", "is_held")}),
        (_("Evidence"), {"fields": ("state", "anomalies", "why", "proof")}),
    )
    readonly_fields = ("wall_time", "said", "state", "anomalies", "why", "proof")
    inlines = (CheckInline, DecisionInline)

    @display(description=_("wall time"))
    def wall_time(self, punch: Punch) -> str:
        """Return the time that stood on the wall where it happened."""
        return f"{punch.punched_at.astimezone(ZoneInfo(punch.zone)):%Y-%m-%d %H:%M:%S}"

    @display(description=_("method"))
    def how(self, punch: Punch) -> str:
        """Return the method in words."""
        return punch.get_method_display()

    @display(description=_("what became of it"), label=STATE_LABELS)
    def state(self, punch: Punch) -> tuple[str, Any]:
        """Say whether it counts, waits, or was refused."""
        state = state_of(punch)
        return state, STATES[state]

    @display(description=_("anomalies"))
    def anomalies(self, punch: Punch) -> str:
        """Return which of the eight classes of trouble its reasons belong to."""
        checked = read_checked(punch)
        return " · ".join(checked.anomalies) if checked and checked.anomalies else "–"

    @display(description=_("why"))
    def why(self, punch: Punch) -> str:
        """Return the reasons of the latest check in words, the decisive ones first."""
        checked = read_checked(punch)
        if checked is None:
            return "–"
        told = ((one.label, one.sentence) for one in checked.told)
        return format_html_join("", "<p><b>{}</b> {}</p>", told) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Punch]:
        """Return the punches with what became of them."""
        return super().get_queryset(request).prefetch_related("checks", "decisions")

    def get_urls(self) -> list[URLPattern]:
        """Put the page of the evidence before the page of the row."""
        page = self.admin_site.admin_view(evidence_page)
        name = "attendance_punch_evidence"
        return [path("<int:punch_id>/evidence/", page, name=name), *super().get_urls()]

    @display(description=_("kept"))
    def proof(self, punch: Punch) -> str:
        """Return which kinds of evidence are kept, and the way to them."""
        kinds = PunchEvidence.objects.filter(punch=punch).values_list("kind", flat=True)
        if not kinds:
            return "–"
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:attendance_punch_evidence", args=[punch.pk]),
            ", ".join(str(PunchEvidence.Kind(kind).label) for kind in kinds),
        )

    @display(description=_("as received"))
    def said(self, punch: Punch) -> str:
        """Return the lines of its terminal that said so."""
        if punch.terminal_id is None:
            return "–"
        number = punch.employee.number
        pins = set(
            Credential.objects.filter(employee=punch.employee_id).values_list("value", flat=True)
        )
        # A terminal may say a number with fewer or more zeros before it.
        bare = number.lstrip("0")
        pins |= {number, *(bare.zfill(width) for width in range(PIN_AT_MOST + 1))}
        lines = TerminalLine.objects.filter(
            Q(state=TerminalLine.State.TAKEN),
            terminal=punch.terminal_id,
            pin__in=pins,
            wall_time=self.wall_time(punch),
        )
        return " | ".join(lines.values_list("raw", flat=True)[:5]) or "–"


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """Decided moments that stand in for punches; they can be revoked."""

    empty_text = _("A correction is recorded on the page of a day.")
    list_display = (
        "employee",
        "work_date",
        "slot_name",
        "corrected_at",
        "reason",
        "decided_by",
        "valid",
    )
    list_select_related = ("employee", "decided_by")
    search_fields = ("employee__number", "employee__name")
    actions = ("revoke",)
    action_form = ReasonActionForm

    @display(description=_("slot"), ordering="slot")
    def slot_name(self, correction: Correction) -> str:
        """Say which punch it stands in for."""
        return slot_label(correction.slot)

    @display(description=_("in force"), boolean=True)
    def valid(self, correction: Correction) -> bool:
        """Say whether it counts."""
        return correction.revoked_at is None

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever decides somewhere; the rows are narrowed down in the action."""
        return self._may_somewhere(request, Action.DECIDE)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Correction]) -> None:
        """Take the chosen corrections back."""
        now = timezone.now()
        self.apply_each(
            request,
            self.rows_for(request, Action.DECIDE).filter(pk__in=queryset.values("pk")),
            lambda row: corrections.revoke_correction(
                correction_id=row.pk,
                actor=request.user,  # type: ignore[arg-type]
                now=now,
                as_adjustment=request.POST.get("as_adjustment", "")[:200],
            ),
        )
