"""The pages of rotations: a row of days, and the next four weeks beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from organization.access import Action
from organization.scoped_admin import ScopedAdmin, display
from scheduling.admin.shifts import department_box
from scheduling.models import Rotation, Shift
from scheduling.rotation_form import RotationForm, weeks_ahead
from scheduling.services import rotations as services
from scheduling.services.shifts import days_changed, scopes_of_assignments


@admin.register(Rotation)
class RotationAdmin(ScopedAdmin):
    """Rotations of the departments one sees, and those of the whole group."""

    form = RotationForm
    list_display = ("name", "kind", "owner", "drawn", "follows_calendar")
    list_filter = ("kind", "department")
    search_fields = ("name",)
    list_select_related = ("department",)
    actions = None
    change_form_template = "admin/scheduling/rotation/change_form.html"

    class Media:
        css = {"all": ("scheduling/rules.css",)}
        js = (forms.Script("scheduling/shift_form.js", defer=True),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rotation]:
        return super().get_queryset(request).prefetch_related("turns__shift")

    @display(description=_("Department"), ordering="department__path")
    def owner(self, rotation: Rotation) -> str:
        return str(rotation.department or _("The whole group"))

    @display(description=_("Days"))
    def drawn(self, rotation: Rotation) -> str:
        turns = [turn.shift for turn in rotation.turns.all()][:28]
        return format_html(
            '<span class="kq-strip">{}</span>',
            format_html_join(
                "",
                '<i style="background:{}" title="{}"></i>',
                ((s.color if s else "", s or _("Rest")) for s in turns),
            ),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.today = localdate()
        form.shifts = Shift.objects.visible_to(request.user, Action.SEE)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self._may_write(request, obj):
            return [(None, {"fields": ("name", "kind", "department")})]
        fields = ["name", "kind", "anchored_on", "follows_calendar", "turns", "valid_from"]
        return [(None, {"fields": fields if obj else [*fields, "department"]})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "department":
            return department_box(request)
        return super().formfield_for_dbfield(db_field, request, **options)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rotation = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"may_write": self._may_write(request, rotation)}
        context["preview_url"] = (
            reverse("admin:scheduling_rotation_preview_of", args=[rotation.pk])
            if rotation
            else reverse("admin:scheduling_rotation_preview")
        )
        if rotation is not None:
            context |= picture_of_rotation(rotation)
        return super().changeform_view(
            request, object_id, form_url, context | (extra_context or {})
        )

    def save_model(self, request: HttpRequest, obj: Rotation, form: Any, change: bool) -> None:
        said = form.cleaned_data
        asked: dict[str, Any] = {
            "name": said["name"],
            "kind": said["kind"],
            "anchored_on": said["anchored_on"],
            "follows_calendar": said["follows_calendar"],
            "turns": said["turns"],
            "actor": request.user,
            "now": timezone.now(),
        }
        if change:
            valid_from = said["valid_from"]
            saved = services.change_rotation(rotation_id=obj.pk, valid_from=valid_from, **asked)
        else:
            saved = services.add_rotation(department=said["department"], **asked)
        obj.pk, obj._state.adding = saved.pk, False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: days were judged by it. End its assignments instead."""
        return False

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        own = [
            path("preview/", view, name="scheduling_rotation_preview"),
            path("<int:rotation_id>/preview/", view, name="scheduling_rotation_preview_of"),
        ]
        return own + super().get_urls()

    def preview(self, request: HttpRequest, rotation_id: int | None = None) -> HttpResponse:
        """Answer with the next four weeks of a form half made."""
        rotation = None
        if rotation_id is not None:
            rotation = get_object_or_404(self.rows_for(request, Action.RULE), pk=rotation_id)
        if not self._may_write(request, rotation):
            return HttpResponse(status=404)
        form = self.get_form(request, rotation)(request.POST, instance=rotation)
        form.is_valid()
        said = form.cleaned_data
        wrong = {name: errors for name, errors in form.errors.items() if name != "name"}
        context: dict[str, Any] = {"problems": [e for errors in wrong.values() for e in errors]}
        if not wrong and said.get("turns"):
            context |= _picture(said["kind"], said["anchored_on"], said["turns"])
            if rotation is not None and form.has_changed():
                context |= self._consequences(rotation, said["valid_from"])
        return render(request, "admin/scheduling/rotation/preview.html", context)

    @staticmethod
    def _consequences(rotation: Rotation, valid_from: date) -> dict[str, Any]:
        scopes = scopes_of_assignments(rotation.assignments.select_related("department"))
        days = days_changed(scopes, starts_on=valid_from, ends_on=None, today=localdate())
        return {"days_again": days, "valid_from": valid_from}

    def _may_write(self, request: HttpRequest, rotation: Rotation | None) -> bool:
        if rotation is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, rotation)


def picture_of_rotation(rotation: Rotation) -> dict[str, Any]:
    """Return the next four weeks of a rotation, for its pages."""
    turns = services.turns_of(rotation)
    return _picture(rotation.kind, rotation.anchored_on, turns) if turns else {}


def _picture(kind: str, anchored_on: date, turns: list[Shift | None]) -> dict[str, Any]:
    """Return the next four weeks, and how much work and rest they hold."""
    weeks = weeks_ahead(kind, anchored_on, turns, localdate())
    worked = sum(1 for week in weeks for shown in week if shown.shift is not None)
    said = ngettext(
        "%(worked)d working day in four weeks.", "%(worked)d working days in four weeks.", worked
    )
    return {"weeks": weeks, "balance": said % {"worked": worked}}
