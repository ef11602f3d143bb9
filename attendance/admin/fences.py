"""The pages of geofences: a list, a form with a map, files in and out, a search for addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from attendance.evidence.datums import Datum
from attendance.fence_form import DATUMS, FenceForm, FileForm, ShapeForm
from attendance.fence_maps import drawn, map_data, point_on_map
from attendance.fence_words import feature_sentence, size_of, told, warning
from attendance.geocoding import LONGEST_QUERY, Service, find_places, read_degrees
from attendance.models import AttendanceRule, Geofence, GeofencePerson
from attendance.services import places
from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.models import Employee
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ManyByKey,
    ScopedAdmin,
    SelectManyByKey,
    display,
)
from organization.throttles import count
from scheduling.admin.shifts import department_box
from scheduling.pattern_fields import DepartmentField

OTHERS_SHOWN: Final = 200
_ERRORS_SHOWN: Final = 100
_HERE: Final = "admin/attendance/geofence"


class InUseFilter(DropdownFilter):
    """Fences in use, or retired ones."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two states."""
        return [("used", _("In use")), ("retired", _("Retired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Geofence]) -> QuerySet[Geofence]:
        """Return the fences of the chosen state."""
        if self.value() in {"used", "retired"}:
            return queryset.filter(retired_at__isnull=self.value() == "used")
        return queryset


@admin.register(Geofence)
class GeofenceAdmin(ScopedAdmin):
    """Fences of the departments one sees, and those of the departments above them."""

    form = FenceForm
    list_display = ("name", "shape_drawn", "size", "keeper", "used_by", "given_to", "state")
    list_filter = (DepartmentFilter, "kind", InUseFilter)
    search_fields = ("name",)
    list_select_related = ("department",)
    actions = None
    change_form_template = f"{_HERE}/change_form.html"
    change_list_template = f"{_HERE}/change_list.html"
    empty_text = _("Draw where people may punch, and let a rule use it.")

    class Media:
        css = {"all": ("scheduling/rules.css", "scheduling/rosters.css", "dist/fences.css")}
        js = (forms.Script("dist/fences.js", defer=True),)

    # --- the list -------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Geofence]:
        rules = AttendanceRule.objects.visible_to(request.user)
        given = GeofencePerson.objects.visible_to(request.user).filter(fence=OuterRef("pk"))
        counted = given.order_by().values("fence").annotate(n=Count("pk")).values("n")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("rules", rules, to_attr="seen_rules"))
            .annotate(seen_people=Coalesce(Subquery(counted), 0))
        )

    @display(description=_("Kind"), ordering="kind", label=True)
    def shape_drawn(self, fence: Geofence) -> Any:
        return fence.get_kind_display()

    @display(description=_("Size"))
    def size(self, fence: Geofence) -> str:
        return size_of(fence.shape)

    @display(description=_("Department"), ordering="department__path")
    def keeper(self, fence: Geofence) -> str:
        return str(fence.department)

    @display(description=_("Rules"))
    def used_by(self, fence: Any) -> str:
        names = [rule.name for rule in fence.seen_rules]
        more = f" +{len(names) - 3}" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more if names else "–"

    @display(description=_("People"))
    def given_to(self, fence: Any) -> str:
        return str(fence.seen_people or "–")

    @display(
        description=_("State"),
        label={"used": "success", "idle": "warning", "retired": "default"},
    )
    def state(self, fence: Any) -> tuple[str, Any]:
        if fence.retired_at is not None:
            return "retired", _("Retired")
        if fence.seen_rules or fence.seen_people:
            return "used", _("In use")
        return "idle", _("Used by nobody yet")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {
            "may_import": self.has_add_permission(request),
            "may_export": departments_for(request.user, Action.EXPORT).exists(),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    # --- the form -------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        # The other boxes belong to no column: the service writes them.
        return [(None, {"fields": ("name",) if obj else ("name", "department")})]

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Return the form with those rules and people that this person may configure."""

        def many(field: str, rows: Any, said: Any) -> ManyByKey:
            column = Geofence._meta.get_field(field)
            return ManyByKey(
                rows.visible_to(request.user, Action.RULE),
                required=False,
                widget=SelectManyByKey(column, self.admin_site),
                label=said,
                help_text=column.help_text,
            )

        form = super().get_form(request, obj, **options)
        chosen = {
            "rules": many("rules", AttendanceRule.objects.all(), _("Rules")),
            "people": many("people", Employee.objects.all(), _("People")),
        }
        return type("GeofenceForm", (form,), chosen)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "department":
            return department_box(request, help_text=db_field.help_text, is_demanded=True)
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the rule that the way here names, and with the department of that rule."""
        key = request.GET.get("rules", "")
        if not (key.isascii() and key.isdecimal() and len(key) < 19):
            return {}
        rows = AttendanceRule.objects.visible_to(request.user, Action.RULE)
        rule = rows.filter(pk=key).first()
        return {"rules": [rule], "department": rule.department_id} if rule else {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        fence = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {
            "may_write": self._may_write(request, fence),
            "map": map_data(
                self._others(request, fence), shape=drawn(fence.shape) if fence else {}
            ),
            "preview_url": reverse("admin:attendance_geofence_preview"),
            "search_url": reverse("admin:attendance_geofence_search"),
            "has_geocoder": settings.GEOCODER != "none",
        }
        if fence is not None:
            context |= {
                "told": told(fence.shape),
                "warning": warning(fence.shape),
                "seen_rules": fence.seen_rules,
                "seen_people": self._seen_people(request, fence),
                "kept_rules": self._kept_rules(request, fence),
                "retire_url": reverse("admin:attendance_geofence_retire", args=[fence.pk]),
            }
        return super().changeform_view(
            request, object_id, form_url, context | (extra_context or {})
        )

    def save_model(self, request: HttpRequest, obj: Geofence, form: Any, change: bool) -> None:
        text = places.Text(
            name=obj.name,
            shape=form.shape,
            rules=form.keys_of("rules"),
            people=form.keys_of("people"),
        )
        acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if change:
            places.change_fence(fence_id=obj.pk, text=text, **acting)
            return
        made = places.add_fence(department=obj.department, text=text, **acting)
        obj.pk, obj._state.adding = made.pk, False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service has written who may punch there."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: punches were judged by it. It is retired."""
        return False

    def _may_write(self, request: HttpRequest, fence: Geofence | None) -> bool:
        if fence is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, fence)

    def _others(self, request: HttpRequest, fence: Geofence | None) -> QuerySet[Geofence]:
        """Return the fences around, to be shown faintly."""
        rows = Geofence.objects.visible_to(request.user).filter(retired_at=None)
        return rows.exclude(pk=fence.pk if fence else None)[:OTHERS_SHOWN]

    @staticmethod
    def _seen_people(request: HttpRequest, fence: Geofence) -> QuerySet[Employee]:
        given = GeofencePerson.objects.visible_to(request.user).filter(fence=fence)
        return Employee.objects.filter(pk__in=given.values("employee"))

    @staticmethod
    def _kept_rules(request: HttpRequest, fence: Any) -> list[AttendanceRule]:
        """Return the rules that use it and that this person may see, but not configure."""
        own = AttendanceRule.objects.visible_to(request.user, Action.RULE)
        mine = set(own.filter(fences=fence).values_list("pk", flat=True))
        return [rule for rule in fence.seen_rules if rule.pk not in mine]

    # --- beside the form ------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def door(step: str, view: Any, *methods: Any, way: str = "") -> Any:
            for method in methods:
                view = method(view)
            address = f"{way}{step}/"
            return path(
                address, self.admin_site.admin_view(view), name=f"attendance_geofence_{step}"
            )

        own = [
            door("preview", self.preview, require_POST),
            door("search", self.search, require_GET),
            door("import", self.bring_in),
            door("export", self.export, require_POST),
            door("retire", self.retire, require_POST, way="<int:fence_id>/"),
        ]
        return own + super().get_urls()

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer with what a form half typed draws, and what is wrong with it."""
        if not self.has_add_permission(request):
            raise Http404
        form = ShapeForm(request.POST)
        form.is_valid()
        shape = form.shape
        context = {
            "told": told(shape) if shape is not None else "",
            "warning": warning(shape) if shape is not None else "",
            "problems": [said for errors in form.errors.values() for said in errors],
        }
        return JsonResponse(
            {
                "shape": drawn(shape) if shape is not None else None,
                "says": render_to_string(f"{_HERE}/says.html", context, request),
            }
        )

    def search(self, request: HttpRequest) -> HttpResponse:
        """Answer with the places of an address, or of degrees, as the map shows them."""
        if not self.has_add_permission(request):
            raise Http404
        asked = request.GET.get("q", "").strip()[:LONGEST_QUERY]
        datum = request.GET.get("datum", "")
        degrees = read_degrees(asked, datum if datum in dict(DATUMS) else Datum.WGS84)
        found, message = ([degrees] if degrees is not None else []), ""
        if asked and degrees is None:
            if wait := count("geocoder", request.user.pk, settings.GEOCODER_RATE):
                said = _("Too many searches. Try again in %(seconds)d seconds.")
                return JsonResponse({"places": [], "message": said % {"seconds": wait}}, status=429)
            try:
                found = find_places(asked, service=_service())
            except DomainError as refusal:
                message = str(refusal)
            else:
                message = "" if found else str(_("Nothing was found. Write it otherwise."))
        told_places = []
        for place in found:
            latitude, longitude = point_on_map(place.point)
            told_places.append({"label": place.label, "latitude": latitude, "longitude": longitude})
        return JsonResponse({"places": told_places, "message": message})

    def retire(self, request: HttpRequest, fence_id: int) -> HttpResponse:
        """Take the fence out of use, or into use again."""
        fence = get_object_or_404(self.rows_for(request, Action.RULE), pk=fence_id)
        act: Any = places.revive_fence if fence.retired_at else places.retire_fence
        try:
            fence = act(fence_id=fence.pk, actor=request.user, now=timezone.now())
        except ValidationError as refusal:
            for said in refusal.messages:
                self.message_user(request, said, messages.ERROR)
        else:
            said = _("%(fence)s is retired.") if fence.retired_at else _("%(fence)s is in use.")
            self.message_user(request, said % {"fence": fence}, messages.SUCCESS)
        return redirect("admin:attendance_geofence_change", fence_id)

    # --- files ----------------------------------------------------------------------------

    def export(self, request: HttpRequest) -> HttpResponse:
        """Give the fences in use as GeoJSON."""
        if not departments_for(request.user, Action.EXPORT).exists():
            raise Http404
        content = places.export_fences(actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        answer = HttpResponse(content, content_type="application/geo+json")
        answer["Content-Disposition"] = 'attachment; filename="geofences.geojson"'
        return answer

    def bring_in(self, request: HttpRequest) -> HttpResponse:
        """Take a file of fences: show what it draws, and write all of it or nothing."""
        if not self.has_add_permission(request):
            raise Http404
        form = FileForm(request.POST or None, request.FILES or None)
        form.fields["department"] = DepartmentField(
            departments_for(request.user, Action.RULE),
            label=_("Department"),
            help_text=Geofence._meta.get_field("department").help_text,
        )
        preview = None
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            file: dict[str, Any] = {
                "content": said["content"], "department": said["department"],
                "datum": said["datum"], "actor": request.user,
            }  # fmt: skip
            try:
                if "confirm" in request.POST:
                    made = places.import_geojson(**file, now=timezone.now())
                    return self._brought_in(request, len(made))
                preview = places.preview_geojson(**file)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        shown = [drawn(one.shape, one.name) for one in preview.drawn] if preview else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "title": _("Import geofences"),
            "form": form,
            "preview": preview,
            "rows": [(one, told(one.shape), warning(one.shape)) for one in preview.drawn]
            if preview
            else [],
            "problems": [feature_sentence(one) for one in preview.wrong[:_ERRORS_SHOWN]]
            if preview
            else [],
            "map": map_data(shape={}, drawn=shown),
            "list_url": reverse("admin:attendance_geofence_changelist"),
        }
        return render(request, f"{_HERE}/import.html", context)

    def _brought_in(self, request: HttpRequest, made: int) -> HttpResponse:
        said = ngettext("%(count)d geofence was taken.", "%(count)d geofences were taken.", made)
        self.message_user(request, said % {"count": made}, messages.SUCCESS)
        return redirect("admin:attendance_geofence_changelist")


def fences_of_rule(request: HttpRequest, rule: AttendanceRule) -> dict[str, Any]:
    """Return what the page of a rule shows of its fences."""
    rows = Geofence.objects.visible_to(request.user).filter(rules=rule, retired_at=None)
    found: Sequence[Geofence] = list(rows.select_related("department")[:OTHERS_SHOWN])
    add = reverse("admin:attendance_geofence_add")
    return {
        "fences": [
            {
                "fence": fence,
                "told": told(fence.shape),
                "url": reverse("admin:attendance_geofence_change", args=[fence.pk]),
            }
            for fence in found
        ],
        "fence_map": map_data(shape={}, drawn=[drawn(one.shape, one.name) for one in found]),
        "add_fence_url": f"{add}?rules={rule.pk}",
    }


def _service() -> Service:
    return Service(
        name=settings.GEOCODER,
        datum=settings.GEOCODER_DATUM,
        key=settings.GEOCODER_KEY,
        domain=settings.GEOCODER_DOMAIN,
    )
