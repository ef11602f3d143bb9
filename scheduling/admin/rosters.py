"""The pages of rosters: who works what on which date, and the imports they came from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.filters import SimpleListFilter
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.models import Employee
from organization.scoped_admin import ReadOnlyAdmin, ScopedAdmin, display
from scheduling.admin.roster_import import RosterImport, next_month
from scheduling.models import RosterBatch, RosterChange, RosterEntry, Shift, ShiftCode
from scheduling.services import rosters


class WhenFilter(SimpleListFilter):
    """This month, the next, or only days to come."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("this", _("This month")), ("next", _("Next month")), ("coming", _("From today"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        today = localdate()
        following = next_month(today)
        if self.value() == "this":
            return queryset.filter(work_date__gte=today.replace(day=1), work_date__lt=following)
        if self.value() == "next":
            return queryset.filter(work_date__gte=following, work_date__lt=next_month(following))
        return queryset.filter(work_date__gte=today) if self.value() == "coming" else queryset


@admin.register(RosterEntry)
class RosterEntryAdmin(RosterImport, ScopedAdmin):
    """Roster entries of the people one sees; sheets come in and go out here."""

    change_list_template = "admin/scheduling/rosterentry/change_list.html"
    list_display = ("employee", "work_date", "what", "origin")
    list_filter = (WhenFilter, "shift", "employee__department")
    search_fields = ("employee__number", "employee__name")
    list_select_related = ("employee", "shift", "batch")
    # As the index, or a page of a large table would sort all of it.
    ordering = ("-work_date", "-employee_id")
    fields = ("employee", "work_date", "shift")
    autocomplete_fields = ("employee",)
    date_hierarchy = None
    actions = None

    class Media:
        css = {"all": ("scheduling/rules.css", "scheduling/rosters.css")}

    @display(description=_("Shift"), ordering="shift__code")
    def what(self, entry: RosterEntry) -> str:
        if entry.shift is None:
            return format_html('<span class="kq-name">{}</span>', _("Rest"))
        dot = format_html('<span class="kq-dot" style="background:{}"></span>', entry.shift.color)
        return format_html('<span class="kq-name">{}{}</span>', dot, entry.shift)

    @display(description=_("Came from"))
    def origin(self, entry: RosterEntry) -> str:
        return entry.batch.title if entry.batch else "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("employee", "work_date") if obj else ()

    def save_model(self, request: HttpRequest, obj: RosterEntry, form: Any, change: bool) -> None:
        """Set the entry through the service, which lets the day be judged again."""
        saved = rosters.set_entry(
            employee_id=obj.employee_id,
            work_date=obj.work_date,
            shift=obj.shift,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: RosterEntry) -> None:
        """Clear the entry through the service."""
        rosters.clear_entry(entry_id=obj.pk, actor=request.user, now=timezone.now())  # type: ignore[arg-type]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Add the doors for sheets, each for whoever may open it."""
        doors = {
            "may_import": departments_for(request.user, Action.RULE).exists(),
            "may_export": departments_for(request.user, Action.EXPORT).exists(),
            "months": [localdate().replace(day=1), next_month(localdate())],
        }
        return super().changelist_view(request, {**doors, **(extra_context or {})})


@admin.register(RosterBatch)
class RosterBatchAdmin(ReadOnlyAdmin):
    """Confirmed imports, and the way back."""

    empty_text = _("Rosters that came in from Excel stand here, and can be undone.")
    list_display = ("title", "dates", "new_count", "changed_count", "cleared_count", "by", "state")
    list_select_related = ("confirmed_by", "undone_by")
    search_fields = ("title",)

    class Media:
        css = {"all": ("scheduling/rules.css", "scheduling/rosters.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[RosterBatch]:
        """Return the batches that concern people whose rosters one keeps."""
        return rosters.batches_of(request.user, Action.RULE).select_related("confirmed_by")  # type: ignore[arg-type]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow whoever keeps rosters; the queryset decides which batches."""
        return self._may_somewhere(request, Action.RULE) and (
            obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()
        )

    @display(description=_("Dates"), ordering="starts_on")
    def dates(self, batch: RosterBatch) -> str:
        return f"{batch.starts_on} – {batch.ends_on}"

    @display(description=_("Confirmed"), ordering="confirmed_at")
    def by(self, batch: RosterBatch) -> str:
        at = timezone.localtime(batch.confirmed_at)
        return f"{batch.confirmed_by or _('console')} · {at:%Y-%m-%d %H:%M}"

    @display(description=_("State"), label={"undone": "warning", "done": "success"})
    def state(self, batch: RosterBatch) -> tuple[str, Any]:
        return ("undone", _("Undone")) if batch.undone_at else ("done", _("In the roster"))

    def get_urls(self) -> list[Any]:
        undo = self.admin_site.admin_view(require_POST(self.undo))
        own = [path("<int:batch_id>/undo/", undo, name="scheduling_rosterbatch_undo")]
        return own + super().get_urls()

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what a batch did, and offer the way back."""
        if not self.has_view_permission(request):
            raise Http404
        key = object_id if object_id.isdecimal() else 0
        batch = get_object_or_404(self.get_queryset(request), pk=key)
        cells = (
            RosterChange.objects.filter(batch=batch, employee__in=self._theirs(request))
            .select_related("employee", "shift_before", "shift_after")
            .order_by("pk")[:30]
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": batch.title,
            "batch": batch,
            "cells": cells,
            "undo_url": reverse("admin:scheduling_rosterbatch_undo", args=[batch.pk]),
            "roster_url": reverse("admin:scheduling_rosterentry_changelist"),
        }
        return render(request, "admin/scheduling/rosterbatch/change_form.html", context)

    def _theirs(self, request: HttpRequest) -> Any:
        return Employee.objects.visible_to(request.user, Action.RULE)

    def undo(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """Give the roster back what it was before the batch."""
        get_object_or_404(self.get_queryset(request), pk=batch_id)
        try:
            rosters.undo_batch(batch_id=batch_id, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The roster is as it was before."), messages.SUCCESS)
        return redirect("admin:scheduling_rosterbatch_change", batch_id)


class ShiftCodeForm(forms.ModelForm):
    """A code, whose sheets use it, and what it means there."""

    class Meta:
        model = ShiftCode
        fields = ("code", "department", "shift")


@admin.register(ShiftCode)
class ShiftCodeAdmin(ScopedAdmin):
    """What codes in sheets mean: mapped once on an import, looked up ever after."""

    form = ShiftCodeForm
    actions = ("delete_selected",)
    list_display = ("code", "meaning", "owner")
    list_select_related = ("shift", "department")
    search_fields = ("code",)
    list_filter = ("department",)

    @display(description=_("Means"), ordering="shift__code")
    def meaning(self, code: ShiftCode) -> str:
        return str(code.shift or _("Rest"))

    @display(description=_("Whose sheets"), ordering="department__path")
    def owner(self, code: ShiftCode) -> str:
        return str(code.department or _("Everybody's"))

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let only administrators write what a code means to everybody."""
        form = super().get_form(request, obj, **kwargs)
        if "department" in form.base_fields:
            box = form.base_fields["department"]
            box.queryset = departments_for(request.user, Action.RULE)
            box.required = not request.user.is_superuser
        if "shift" in form.base_fields:
            form.base_fields["shift"].queryset = Shift.objects.visible_to(request.user).filter(
                is_active=True
            )
        return form
