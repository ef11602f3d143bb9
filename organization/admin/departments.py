"""Departments: the tree, a page for each, and who may do what there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import (
    CharField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from organization import roles, services
from organization.access import Action
from organization.admin.role_rows import held_rows
from organization.admin.steps import take_step, writable
from organization.admin.tables import TablesMixin
from organization.forms import DepartmentForm, MoveForm, ZoneForm
from organization.models import Department, Employee
from organization.resources import DepartmentResource
from organization.scoped_admin import ScopedAdmin, action, display


def with_zone(rows: QuerySet[Department]) -> QuerySet[Department]:
    """Annotate `zone`: the department's own, or that of the nearest one above that has one."""
    above = (
        Department.objects.exclude(timezone="")
        .annotate(asked=ExpressionWrapper(OuterRef("path"), output_field=CharField()))
        .filter(asked__startswith=F("path"))
        .order_by(Length("path").desc())
    )
    return rows.annotate(zone=Subquery(above.values("timezone")[:1]))


def with_people(rows: QuerySet[Department]) -> QuerySet[Department]:
    """Annotate `people`: how many are employed today in the department and all below it."""
    today = localdate()
    below = (
        Employee.objects.filter(department__path__startswith=OuterRef("path"))
        .employed_on(today)
        .order_by()
        # Count would group by the path of the row outside; the bare function counts them all.
        .annotate(count=Func(F("pk"), function="COUNT", output_field=IntegerField()))
    )
    return rows.annotate(people=Subquery(below.values("count")))


@admin.register(Department)
class DepartmentAdmin(TablesMixin, ScopedAdmin):
    """The tree."""

    form = DepartmentForm
    resource_classes = (DepartmentResource,)
    list_display = ("tree", "code", "unit", "zone_name", "head", "people_count")
    list_display_links = ("tree",)
    list_filter = ("is_unit",)
    list_select_related = ("head",)
    search_fields = ("name", "code")
    search_help_text = _("Name or code")
    ordering = ("path",)
    list_per_page = 200
    sortable_by = ()
    autocomplete_fields = ("head",)
    actions_detail = ("move_page", "zone_page", "access_page")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Department]:
        """Return the departments with their zone and their number of people."""
        return with_people(with_zone(super().get_queryset(request)))

    def get_readonly_fields(self, request: HttpRequest, obj: Department | None = None) -> list[str]:
        """Return what changes by steps of its own."""
        return ["parent", "timezone"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Add only below departments that this person may configure."""
        if db_field.name == "parent":
            kwargs["queryset"] = Department.objects.visible_to(request.user, Action.RULE)
            kwargs["required"] = not request.user.is_superuser
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; days of the past belong to departments of the past."""
        return False

    def save_model(self, request: HttpRequest, obj: Department, form: Any, change: bool) -> None:
        """Add or edit through the service."""
        said: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        for field in ("name", "code", "is_unit"):
            said[field] = getattr(obj, field)
        if change:
            services.edit_department(department_id=obj.pk, head=obj.head, **said)
            return
        made = services.add_department(
            parent=obj.parent, timezone=obj.timezone, head=obj.head, **said
        )
        obj.pk, obj.path = made.pk, made.path

    @display(description=_("name"))
    def tree(self, row: Department) -> str:
        """Return the name, indented."""
        return format_html(
            '<span style="padding-inline-start: {}rem">{}</span>', row.depth * 1.5, row.name
        )

    @display(description=_("business unit"), label={"unit": "info"})
    def unit(self, row: Department) -> tuple[str, Any] | str:
        """Mark business units."""
        return ("unit", _("business unit")) if row.is_unit else ""

    @display(description=_("time zone"))
    def zone_name(self, row: Any) -> str:
        """Return the zone that holds here; one's own stands out."""
        if row.timezone:
            return row.timezone
        return format_html(
            '<span class="text-base-400 dark:text-base-500">{}</span>',
            row.zone or settings.TIME_ZONE,
        )

    @display(description=_("people"))
    def people_count(self, row: Any) -> str:
        """Return how many people are there, with the way to them."""
        address = reverse("admin:organization_employee_changelist")
        return format_html('<a href="{}?in={}&employed=now">{}</a>', address, row.pk, row.people)

    @action(description=_("Move"), url_path="move", icon="move_up", permissions=["change"])
    def move_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Hang a department, with all below it, under another."""
        department = writable(self, request, object_id)
        return take_step(
            self,
            request,
            department,
            MoveForm(
                request.POST or None, user=request.user, initial={"parent": department.parent_id}
            ),
            title=_("Move"),
            explains=_(
                "%(department)s moves with all below it; its days from today on are judged again."
            )
            % {"department": department},
            service=lambda row, values: services.move_department(
                department_id=row.pk, actor=request.user, now=timezone.now(), **values
            ),
            done=_("The department has moved."),
        )

    @action(
        description=_("Change time zone"),
        url_path="zone",
        icon="public",
        permissions=["change"],
    )
    def zone_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Set the zone in which the days of a department are read."""
        department = writable(self, request, object_id)
        initial = {"timezone": department.timezone, "starts_on": localdate()}
        return take_step(
            self,
            request,
            department,
            ZoneForm(request.POST or None, user=request.user, initial=initial),
            title=_("Change time zone"),
            service=lambda row, values: services.change_timezone(
                department_id=row.pk, actor=request.user, now=timezone.now(), **values
            ),
            done=_("The time zone is changed."),
        )

    @action(
        description=_("Who may do what here"), url_path="access", icon="key", permissions=["grant"]
    )
    def access_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show who holds which role on a department: given here, and given above."""
        department = self.get_object(request, str(object_id))
        if department is None or not self.has_grant_permission(request, department.pk):
            raise Http404
        held = roles.assignments_on(department)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": department,
            "title": _("Who may do what here"),
            "held": held_rows(held, reader=request.user, here=department),
            "assign": "{}?department={}".format(
                reverse("admin:organization_roleassignment_add"), department.pk
            ),
            "back": reverse("admin:organization_department_change", args=[department.pk]),
        }
        return TemplateResponse(request, "organization/access.html", context)

    def has_grant_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever assigns roles on the department; without one, whoever does so somewhere."""
        return self._may(request, Action.GRANT, object_id)
