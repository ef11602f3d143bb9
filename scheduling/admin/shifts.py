"""The pages of shifts: a list that draws them, a form that says what it means while one types."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.scoped_admin import ScopedAdmin, display
from scheduling.models import Shift, ShiftVersion
from scheduling.overtime_form import class_boxes
from scheduling.pattern import ShiftPattern
from scheduling.pattern_fields import DepartmentField
from scheduling.services import shifts as services
from scheduling.shift_form import PatternForm, ShiftForm
from scheduling.shift_words import short_hours, tell
from scheduling.timeline import draw

_FOLDED = {
    "lateness": (
        "severe_late_after",
        "absent_late_after",
        "absent_late_days",
        "absent_early_after",
        "absent_early_days",
        "half_day_below",
        "absent_below",
        "absent_by_segment",
    ),
    "punches": ("window_before", "window_after", "lone_punch", "worked_unit", "worked_rounding"),
    "late_arrivals": ("late_arrivals",),
    "overtime": (),
}


# One scale for the whole list, so that its lines can be compared: a day and the morning after.
LIST_BOUNDS = (0, 36 * 60)


def picture_of(pattern: ShiftPattern, color: str) -> dict[str, Any]:
    """Return what the pages show of a sound pattern."""
    return {"line": draw(pattern), "sentences": tell(pattern), "color": color}


def department_box(
    request: HttpRequest, help_text: Any = None, *, is_demanded: bool = False
) -> DepartmentField:
    """Return the choice of an owner: departments that this person may configure.

    Whoever may everything chooses the whole group by choosing none, unless one `is_demanded`.
    """
    is_everywhere = bool(request.user.is_superuser)
    nothing = "---------" if is_demanded else _("The whole group")
    return DepartmentField(
        departments_for(request.user, Action.RULE),
        required=is_demanded or not is_everywhere,
        label=_("Department"),
        empty_label=nothing if is_everywhere else None,
        help_text=help_text or _("Who may use it, with all below."),
    )


@admin.register(Shift)
class ShiftAdmin(ScopedAdmin):
    """Shifts of the departments one sees, and those of the whole group."""

    form = ShiftForm
    list_display = ("title", "hours", "drawn", "owner", "in_use")
    list_display_links = ("title",)
    list_filter = ("department", "is_active")
    search_fields = ("code", "name")
    list_select_related = ("department",)
    actions = None
    change_form_template = "admin/scheduling/shift/change_form.html"

    class Media:
        css = {"all": ("scheduling/rules.css",)}
        js = (forms.Script("scheduling/shift_form.js", defer=True),)

    # --- the list -------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shift]:
        versions = ShiftVersion.objects.order_by("valid_from")
        return (
            super().get_queryset(request).prefetch_related(Prefetch("versions", queryset=versions))
        )

    @display(description=_("Shift"), ordering="code")
    def title(self, shift: Shift) -> str:
        return format_html(
            '<span class="kq-name"><i class="kq-dot" style="background:{}"></i>{} {}</span>',
            shift.color,
            shift.code,
            shift.name,
        )

    @display(description=_("Hours"))
    def hours(self, shift: Shift) -> str:
        version = services.version_on(list(shift.versions.all()), localdate())
        return short_hours(version.read()) if version is not None else "–"

    @display(description=_("Drawn"))
    def drawn(self, shift: Shift) -> str:
        version = services.version_on(list(shift.versions.all()), localdate())
        if version is None:
            return "–"
        pattern = version.read()
        context = {
            "line": draw(pattern, bounds=LIST_BOUNDS),
            "color": shift.color,
            "summary": short_hours(pattern),
            "small": True,
        }
        drawing = render_to_string("admin/scheduling/shift/timeline.html", context)
        return format_html('<div class="kq-cell-line">{}</div>', drawing)

    @display(description=_("Department"), ordering="department__path")
    def owner(self, shift: Shift) -> str:
        return str(shift.department or _("The whole group"))

    @display(description=_("In use"), boolean=True, ordering="is_active")
    def in_use(self, shift: Shift) -> bool:
        return shift.is_active

    # --- the form -------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.today = localdate()
        form.overtime_boxes = property(class_boxes)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self._may_write(request, obj):
            return [(None, {"fields": ("code", "name", "color", "department")})]
        fields = [name for name in ShiftForm.base_fields if obj is None or name != "department"]
        return [(None, {"fields": fields})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name != "department":
            return super().formfield_for_dbfield(db_field, request, **options)
        return department_box(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        shift = self.get_object(request, object_id) if object_id else None
        context = {
            "may_write": self._may_write(request, shift),
            "preview_url": self._preview_url(shift),
            "history": self._history(shift) if shift else [],
            **self._first_picture(shift),
        }
        if shift is not None:
            context["retire_url"] = reverse("admin:scheduling_shift_retire", args=[shift.pk])
        return super().changeform_view(
            request, object_id, form_url, context | (extra_context or {})
        )

    def render_change_form(self, request: HttpRequest, context: Any, **options: Any) -> Any:
        form = context["adminform"].form
        if isinstance(form, ShiftForm):
            context["open"] = self._open(form)
            if form.is_bound:
                context |= _answer(form, form.data.get("color", ""))
                context["days_again"] = form.days_again
                context["valid_from"] = form.cleaned_data.get("valid_from")
                context["judge_again"] = form.cleaned_data.get("judge_again")
                context["consent_errors"] = form.errors.get("judge_again", "")
        return super().render_change_form(request, context, **options)

    def save_model(self, request: HttpRequest, obj: Shift, form: Any, change: bool) -> None:
        who: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        named: dict[str, Any] = {"code": obj.code, "name": obj.name, "color": obj.color}
        dated = {"pattern": form.pattern, "valid_from": form.cleaned_data["valid_from"]}
        if change:
            services.rename_shift(shift_id=obj.pk, **named, **who)
            services.change_shift(shift_id=obj.pk, **dated, **who)
        else:
            shift = services.add_shift(department=obj.department, **named, **dated, **who)
            obj.pk, obj._state.adding = shift.pk, False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: days were judged by it. It is retired."""
        return False

    # --- beside the form ------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        own = [
            path("preview/", self._door(self.preview), name="scheduling_shift_preview"),
            path(
                "<int:shift_id>/preview/",
                self._door(self.preview),
                name="scheduling_shift_preview_of",
            ),
            path("<int:shift_id>/retire/", self._door(self.retire), name="scheduling_shift_retire"),
        ]
        return own + super().get_urls()

    def _door(self, view: Any) -> Any:
        return self.admin_site.admin_view(require_POST(view))

    def preview(self, request: HttpRequest, shift_id: int | None = None) -> HttpResponse:
        """Answer with the drawing, the sentences and the problems of a form half typed."""
        shift = (
            get_object_or_404(self.rows_for(request, Action.RULE), pk=shift_id)
            if shift_id
            else None
        )
        if not self._may_write(request, shift):
            return HttpResponse(status=404)
        form = PatternForm(request.POST)
        context = _answer(form, request.POST.get("color", ""))
        valid_from = _date_of(request.POST.get("valid_from", ""))
        if form.pattern is not None and shift is not None and valid_from is not None:
            current = services.version_on(list(shift.versions.order_by("valid_from")), valid_from)
            if current is None or current.read() != form.pattern:
                context["valid_from"] = valid_from
                context["judge_again"] = "judge_again" in request.POST
                context["days_again"] = services.days_of_change(
                    shift_id=shift.pk, valid_from=valid_from, today=localdate()
                )
        return render(request, "admin/scheduling/shift/preview.html", context)

    def retire(self, request: HttpRequest, shift_id: int) -> HttpResponse:
        """Take the shift out of use, or into use again."""
        shift = get_object_or_404(self.rows_for(request, Action.RULE), pk=shift_id)
        act: Any = services.retire_shift if shift.is_active else services.revive_shift
        try:
            shift = act(shift_id=shift.pk, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            said = (
                _("%(shift)s is in use again.") if shift.is_active else _("%(shift)s is retired.")
            )
            self.message_user(request, said % {"shift": shift}, messages.SUCCESS)
        return redirect("admin:scheduling_shift_change", shift_id)

    def _may_write(self, request: HttpRequest, shift: Shift | None) -> bool:
        if shift is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, shift)

    @staticmethod
    def _preview_url(shift: Shift | None) -> str:
        if shift is None:
            return reverse("admin:scheduling_shift_preview")
        return reverse("admin:scheduling_shift_preview_of", args=[shift.pk])

    @staticmethod
    def _first_picture(shift: Shift | None) -> dict[str, Any]:
        if shift is None:
            default = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),))
            return {"picture": picture_of(default, Shift._meta.get_field("color").default)}
        newest = max(shift.versions.all(), key=lambda v: v.valid_from, default=None)
        return {"picture": picture_of(newest.read(), shift.color)} if newest else {}

    @staticmethod
    def _history(shift: Shift) -> list[dict[str, Any]]:
        versions = list(shift.versions.all())
        current = services.version_on(versions, localdate())
        ends: Iterable[date | None] = [*(v.valid_from for v in versions[1:]), None]
        told = [
            {
                "dates": _dates(version.valid_from, until),
                "is_current": version is current,
                "is_future": version.valid_from > localdate(),
                "picture": picture_of(version.read(), shift.color),
            }
            for version, until in zip(versions, ends, strict=True)
        ]
        return told[::-1]

    @staticmethod
    def _open(form: ShiftForm) -> dict[str, bool]:
        """Say which folded parts are open: those where something is wrong."""
        wrong = set(form.errors)
        return {
            part: bool(wrong & set(names))
            or (part == "overtime" and any(name.startswith("overtime") for name in wrong))
            for part, names in _FOLDED.items()
        }


def _answer(form: PatternForm, color: str) -> dict[str, Any]:
    """Return the drawing of a posted form, or what is wrong with it."""
    form.is_valid()
    if form.pattern is not None:
        sound_color = color if len(color) == 7 and color.startswith("#") else "#2563eb"
        return {"picture": picture_of(form.pattern, sound_color), "problems": []}
    return {
        "picture": None,
        "problems": [said for errors in form.errors.values() for said in errors],
    }


def _date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _dates(first: date, until: date | None) -> str:
    if until is None:
        return str(_("From %(day)s")) % {"day": first}
    return str(_("%(day)s until %(until)s")) % {"day": first, "until": until}
