"""Punches and corrections, to look at. Nobody adds, changes or deletes a punch here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.admin.absences import ReasonActionForm
from attendance.admin.evidence_page import evidence_page
from attendance.admin.filters import ToCloseFilter
from attendance.console.checked import STATES, read_checked, state_of
from attendance.console.outlook import days_ahead
from attendance.models import Correction, Punch, PunchCheck, PunchDecision, PunchEvidence
from attendance.services import corrections
from attendance.services.periods import closed_dates
from attendance.wording import slot_label
from devices.models import Credential, TerminalLine
from organization.access import Action
from organization.admin.steps import take_step
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    UnfoldAdminTextInputWidget,
    action,
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
    """What became of punches that were held, or refused: those that wait for a person first."""

    title = _("held punches")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states of a punch that does not, or did not, count at once."""
        return [
            ("held", _("Waiting for a decision")),
            ("awaited", PunchCheck.Outcome.AWAITED.label),
            ("accepted", _("Held, and accepted")),
            ("refused", PunchDecision.Verdict.REFUSED.label),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the punches of that state; what is refused need not have been held."""
        state = self.value()
        if state not in STATES:
            return queryset
        if state == "refused":
            return queryset.refused()
        latest = PunchDecision.objects.filter(punch=OuterRef("pk")).order_by("-pk")
        held = queryset.filter(is_held=True).alias(decided=Subquery(latest.values("verdict")[:1]))
        if state == "accepted":
            return held.filter(decided=state)
        return held.filter(decided=None, awaited_check__isnull=state == "held")


class CheckInline(ReadOnlyInline):
    """Each time that its proof was checked; the latest counts."""

    model = PunchCheck
    fields = ("outcome", "rule_version", "checked_at")
    readonly_fields = fields


class DecisionInline(ReadOnlyInline):
    """Verdicts on a punch; the latest counts."""

    model = PunchDecision
    fields = ("verdict", "reason", "decided_by", "decided_at")
    readonly_fields = fields


class VerdictForm(forms.Form):
    """Why a punch does not count any more, or counts again."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The person reads it. In a closed period it says why the day is adjusted."),
    )


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
    actions_detail: ClassVar = ("invalidate_page", "reinstate_page")

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

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever decides where the punch belongs; nobody about their own."""
        if object_id is None:
            return self._may_somewhere(request, Action.DECIDE)
        if not self._may(request, Action.DECIDE, object_id):
            return False
        return not Punch.objects.filter(pk=object_id, employee__user=request.user.pk).exists()

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to take a punch out of the count, or to let it count again."""
        punch: Punch | None = self.get_object(request, str(object_id))
        offered = {"accepted": "invalidate_page", "refused": "reinstate_page"}
        name = offered.get(state_of(punch)) if punch is not None else None
        if punch is None or not corrections.has_counted(punch):
            return []
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.method.original_function_name == name]

    @action(
        description=_("Do not count this punch"),
        url_path="invalidate",
        icon="block",
        permissions=["decide"],
    )
    def invalidate_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take a punch out of the count, after saying which day changes."""
        return self._decide(
            request,
            object_id,
            title=_("Do not count this punch"),
            explains=_("The punch of %(person)s, %(at)s, stays as it is and does not count."),
            counts=False,
            service=corrections.invalidate_punch,
            done=_("The punch does not count any more; its day is judged again."),
        )

    @action(
        description=_("Count it again"),
        url_path="reinstate",
        icon="undo",
        permissions=["decide"],
    )
    def reinstate_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Let a punch count again that was taken out of the count."""
        return self._decide(
            request,
            object_id,
            title=_("Count it again"),
            explains=_("The punch of %(person)s, %(at)s, counts again."),
            counts=True,
            service=corrections.reinstate_punch,
            done=_("The punch counts again; its day is judged again."),
        )

    def _decide(
        self,
        request: HttpRequest,
        object_id: int,
        *,
        title: Any,
        explains: Any,
        counts: bool,
        service: Callable[..., object],
        done: Any,
    ) -> HttpResponse:
        punch: Punch | None = self.get_object(request, str(object_id))
        if punch is None or not self.has_decide_permission(request, object_id):
            raise Http404
        now = timezone.now()
        ahead = days_ahead(punch, counts=counts, now=now)
        said = [str(explains) % {"person": punch.employee.name, "at": self.wall_time(punch)}]
        said += [one.words for one in ahead] or [gettext("No day changes by it.")]
        if closed_dates(punch.employee, [one.day for one in ahead]):
            said.append(gettext("It has been paid: the difference comes with the next period."))
        return take_step(
            self,
            request,
            punch,
            VerdictForm(request.POST if request.method == "POST" else None),
            title=title,
            explains=" ".join(said),
            service=lambda row, values: service(
                punch=row,
                reason=values["reason"],
                actor=request.user,
                now=now,
                as_adjustment=values["reason"],
            ),
            done=done,
        )

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
