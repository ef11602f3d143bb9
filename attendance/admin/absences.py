"""Approved absences and overtime: recorded, revoked, never edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attendance.models import Absence, OvertimeApproval
from attendance.services import absences
from organization.scoped_admin import (
    ScopedAdmin,
    ThemedActionForm,
    UnfoldAdminTextInputWidget,
    display,
)

_BECAUSE = _("As an adjustment, because")


class RecordForm(forms.ModelForm):
    """What is recorded, and why it is where its days have been paid."""

    as_adjustment = forms.CharField(
        label=_BECAUSE,
        help_text=_("Only for days of a closed period; the difference comes with the next one."),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )


class ReasonActionForm(ThemedActionForm):
    """An action on days that may have been paid."""

    as_adjustment = forms.CharField(
        label="",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": _("In a closed period: why"), "aria-label": _BECAUSE}
        ),
    )


class _RecordedOnce(ScopedAdmin):
    """A row that is added and revoked by services, and otherwise only read."""

    autocomplete_fields = ("employee",)
    list_select_related = ("employee", "approved_by")
    search_fields = ("employee__number", "employee__name")
    actions = ("revoke",)
    form = RecordForm
    action_form = ReasonActionForm

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody edits what was approved; it is revoked and recorded anew."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; it is revoked."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may record may revoke."""
        return self.has_add_permission(request)

    @display(description=_("in force"), boolean=True)
    def in_force(self, row: Any) -> bool:
        """Say whether it counts."""
        return row.revoked_at is None


@admin.register(Absence)
class AbsenceAdmin(_RecordedOnce):
    """Leave, outings and trips."""

    list_display = ("employee", "kind", "starts_at", "ends_at", "reason", "in_force")
    list_filter = ("kind",)
    fields = ("employee", "kind", "starts_at", "ends_at", "reason", "as_adjustment")

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        """Record it through the service, which lets the days be judged again."""
        made = absences.add_absence(
            employee=obj.employee,
            kind=obj.kind,
            starts_at=obj.starts_at,
            ends_at=obj.ends_at,
            reason=obj.reason,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            as_adjustment=form.cleaned_data.get("as_adjustment", ""),
        )
        obj.pk = made.pk

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        """Take the chosen absences back."""
        now = timezone.now()
        self.apply_each(
            request,
            queryset,
            lambda row: absences.revoke_absence(
                absence_id=row.pk,
                actor=request.user,  # type: ignore[arg-type]
                now=now,
                as_adjustment=request.POST.get("as_adjustment", "")[:200],
            ),
        )


@admin.register(OvertimeApproval)
class OvertimeApprovalAdmin(_RecordedOnce):
    """Overtime approved for a work date."""

    list_display = ("employee", "work_date", "starts_at", "ends_at", "in_force")
    fields = ("employee", "work_date", "starts_at", "ends_at", "as_adjustment")

    def save_model(
        self, request: HttpRequest, obj: OvertimeApproval, form: Any, change: bool
    ) -> None:
        """Record it through the service, which lets the day be judged again."""
        made = absences.approve_overtime(
            employee=obj.employee,
            work_date=obj.work_date,
            starts_at=obj.starts_at,
            ends_at=obj.ends_at,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            as_adjustment=form.cleaned_data.get("as_adjustment", ""),
        )
        obj.pk = made.pk

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[OvertimeApproval]) -> None:
        """Take the chosen approvals back."""
        now = timezone.now()
        self.apply_each(
            request,
            queryset,
            lambda row: absences.revoke_overtime(
                approval_id=row.pk,
                actor=request.user,  # type: ignore[arg-type]
                now=now,
                as_adjustment=request.POST.get("as_adjustment", "")[:200],
            ),
        )
