"""People: their list, their page, and the dated steps that move them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from organization import log_ins, services
from organization.access import Action
from organization.admin.personal_page import may_open, personal_page
from organization.admin.steps import take_step, writable
from organization.admin.tables import TablesMixin
from organization.forms import (
    EffectiveConfirmForm,
    EffectiveImportForm,
    EmployeeForm,
    JoinedForm,
    LeaveForm,
    TransferForm,
)
from organization.models import Department, Employee, Transfer, User
from organization.resources import EmployeeResource
from organization.role_forms import EndForm, OpenLogInForm
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ReadOnlyInline,
    ScopedAdmin,
    ScopedAutocompleteFilter,
    action,
    display,
)


class EmployedFilter(DropdownFilter):
    """People of today, people who have left, people who have yet to come."""

    title = _("employment")
    parameter_name = "employed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the three groups."""
        return [("now", _("Employed")), ("left", _("Left")), ("coming", _("Not yet joined"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the people of the chosen group."""
        today = localdate()
        conditions = {
            "now": Q(joined_on__lte=today) & (Q(left_on=None) | Q(left_on__gte=today)),
            "left": Q(left_on__lt=today),
            "coming": Q(joined_on__gt=today),
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


class TransferInline(ReadOnlyInline):
    """Where a person has belonged, and will belong."""

    model = Transfer
    fields = ("effective_on", "department", "position")
    readonly_fields = fields
    ordering = ("-effective_on",)
    hide_title = True
    verbose_name_plural = _("departments by date")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        """Return the person's transfers with what they name."""
        return super().get_queryset(request).select_related("department", "position")


@admin.register(Employee)
class EmployeeAdmin(TablesMixin, ScopedAdmin):
    """People."""

    form = EmployeeForm
    resource_classes = (EmployeeResource,)
    import_form_class = EffectiveImportForm
    confirm_form_class = EffectiveConfirmForm
    list_display = (
        "number",
        "name",
        "department",
        "position",
        "supervisor_name",
        "joined_on",
        "employed",
    )
    list_display_links = ("number", "name")
    list_filter = (
        DepartmentFilter,
        "position",
        ("supervisor", ScopedAutocompleteFilter),
        EmployedFilter,
    )
    list_select_related = ("department", "position", "supervisor")
    search_fields = ("number", "name")
    search_help_text = _("Number or name")
    ordering = ("number",)
    autocomplete_fields = ("supervisor",)
    inlines = (TransferInline,)
    actions_detail = (
        "transfer_page",
        "withdraw_page",
        "leave_page",
        "joined_page",
        "log_in_page",
        "personal_page",
    )

    def get_fields(self, request: HttpRequest, obj: Employee | None = None) -> list[str]:
        """Return the fields; log-ins are given by administrators only."""
        fields = [*EmployeeForm.Meta.fields]
        if not request.user.is_superuser:
            fields.remove("user")
        return fields

    def get_readonly_fields(self, request: HttpRequest, obj: Employee | None = None) -> list[str]:
        """Return the dated facts, which change by steps, once the person is there."""
        return ["department", "position", "joined_on", "left_on"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Hire only into departments where this person may configure."""
        if db_field.name == "department":
            kwargs["queryset"] = Department.objects.visible_to(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody is deleted; people leave, and their days stay."""
        return False

    def save_model(self, request: HttpRequest, obj: Employee, form: Any, change: bool) -> None:
        """Hire or edit through the service."""
        said: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        for field in ("number", "name", "supervisor"):
            said[field] = getattr(obj, field)
        said["user"] = obj.user
        if change:
            services.edit_employee(employee_id=obj.pk, **said)
            return
        made = services.hire(
            department=obj.department,
            position=obj.position,
            joined_on=obj.joined_on,
            left_on=obj.left_on,
            **said,
        )
        obj.pk = made.pk

    @display(description=_("direct supervisor"), ordering="supervisor__name")
    def supervisor_name(self, person: Employee) -> str:
        """Return the supervisor's name."""
        return person.supervisor.name if person.supervisor else ""

    @display(
        description=_("status"),
        label={"left": "danger", "coming": "info"},
    )
    def employed(self, person: Employee) -> tuple[str, Any] | str:
        """Mark the people who are not there today."""
        today = localdate()
        if person.left_on and person.left_on < today:
            return "left", _("left %(day)s") % {"day": person.left_on}
        if person.joined_on > today:
            return "coming", _("from %(day)s") % {"day": person.joined_on}
        return ""

    @action(description=_("Transfer"), url_path="transfer", icon="move_up", permissions=["change"])
    def transfer_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Move a person to another department from a date on."""
        person = writable(self, request, object_id)
        initial = {"position": person.position_id, "effective_on": localdate()}
        return take_step(
            self,
            request,
            person,
            TransferForm(request.POST or None, user=request.user, initial=initial),
            title=_("Transfer"),
            explains=_("%(person)s belongs to %(department)s.")
            % {"person": person, "department": person.department},
            service=lambda row, values: services.transfer(
                employee_id=row.pk, actor=request.user, now=timezone.now(), **values
            ),
            done=_("The transfer is written down."),
        )

    @action(
        description=_("Withdraw transfer"),
        url_path="withdraw-transfer",
        icon="undo",
        permissions=["change"],
    )
    def withdraw_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take the last transfer of a person back, after saying which."""
        person = writable(self, request, object_id)
        last = services.last_transfer(person)
        if last is None:
            messages.info(request, _("%(person)s was never transferred.") % {"person": person})
            return HttpResponseRedirect(
                reverse("admin:organization_employee_change", args=[person.pk])
            )
        return take_step(
            self,
            request,
            person,
            EndForm(request.POST if request.method == "POST" else None),
            title=_("Withdraw transfer"),
            explains=_(
                "%(person)s belongs to %(department)s from %(day)s on. Without this transfer the "
                "days since belong to the department before, and are judged again."
            )
            % {"person": person, "department": last.department, "day": last.effective_on},
            service=lambda row, _values: services.withdraw_transfer(
                employee_id=row.pk, actor=request.user, now=timezone.now()
            ),
            done=_("The transfer is taken back."),
        )

    @action(description=_("Last day"), url_path="leave", icon="logout", permissions=["change"])
    def leave_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Set or take back the last day of a person."""
        person = writable(self, request, object_id)
        return take_step(
            self,
            request,
            person,
            LeaveForm(request.POST or None, user=request.user, initial={"left_on": person.left_on}),
            title=_("Last day"),
            explains=_("%(person)s joined on %(day)s.")
            % {"person": person, "day": person.joined_on},
            service=lambda row, values: services.leave(
                employee_id=row.pk, actor=request.user, now=timezone.now(), **values
            ),
            done=_("The last day is written down."),
        )

    @action(
        description=_("Correct first day"),
        url_path="joined",
        icon="edit_calendar",
        permissions=["change"],
    )
    def joined_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Correct the day a person joined."""
        person = writable(self, request, object_id)
        return take_step(
            self,
            request,
            person,
            JoinedForm(
                request.POST or None, user=request.user, initial={"joined_on": person.joined_on}
            ),
            title=_("Correct first day"),
            service=lambda row, values: services.change_joined(
                employee_id=row.pk, actor=request.user, now=timezone.now(), **values
            ),
            done=_("The first day is corrected."),
        )

    @action(description=_("Log-in"), url_path="log-in", icon="key", permissions=["grant"])
    @method_decorator(never_cache)
    def log_in_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to what a person's log-in can see, or open one for whoever has none."""
        person = self.get_object(request, str(object_id))
        if person is None or not self.has_grant_permission(request, person.pk):
            raise Http404
        if person.user_id is not None:
            return HttpResponseRedirect(
                reverse("admin:organization_user_rights_page", args=[person.user_id])
            )
        made: list[Any] = []
        answer = take_step(
            self,
            request,
            person,
            OpenLogInForm(request.POST or None, initial={"username": person.number.lower()}),
            title=_("Open a log-in"),
            explains=_(
                "%(person)s sees their own days by it, and nothing else until a role is assigned. "
                "The first password is shown on the next page, once."
            )
            % {"person": person},
            service=lambda row, values: made.extend(
                log_ins.open_for(
                    employee_id=row.pk, actor=request.user, now=timezone.now(), **values
                )
            ),
            done=_("The log-in is open."),
        )
        if made:
            user, password = made
            return self.admin_site._registry[User].tell_first_password(request, user, password)
        return answer

    @action(
        description=_("Personal data"),
        url_path="personal",
        icon="privacy_tip",
        permissions=["personal"],
    )
    @method_decorator(never_cache)
    def personal_page(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Show what is kept about a person; give a copy of it; erase it."""
        return personal_page(self, request, object_id)

    def has_personal_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever may take a copy of this person's data, or erase it."""
        return object_id is not None and may_open(request.user, object_id)

    def has_grant_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever assigns roles where the person belongs."""
        return self._may(request, Action.GRANT, object_id)
