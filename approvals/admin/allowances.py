"""How many days of which leave people have in a year."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals.content import in_cents
from approvals.models import Allowance
from approvals.resources import AllowanceResource
from approvals.services.allowances import set_allowances
from approvals.services.limits import taken_of
from organization.access import Action
from organization.admin.tables import TablesMixin
from organization.models import Employee
from organization.scoped_admin import ScopedAdmin, display


@admin.register(Allowance)
class AllowanceAdmin(TablesMixin, ScopedAdmin):
    """Allowances of the people one sees, and one's own."""

    empty_text = _("Without an allowance nothing limits a kind of leave.")
    resource_classes = (AllowanceResource,)
    list_display = ("employee", "leave_type", "year", "days", "taken")
    list_filter = ("year", "leave_type")
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name")
    autocomplete_fields = ("employee",)
    fields = ("employee", "leave_type", "year", "days")
    list_per_page = 20
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allowance]:
        """Add what of each is used: a page asks once."""
        return super().get_queryset(request).annotate(used=taken_of())

    @display(description=_("taken or asked for"))
    def taken(self, row: Any) -> str:
        """Return what of it is used."""
        return f"{in_cents(row.used).normalize():f}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: an allowance of no days says more than none."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever configures the person, who is somebody else."""
        is_own = obj is not None and obj.employee.user_id == request.user.pk
        return super().has_change_permission(request, obj) and not is_own

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer whom the reader configures, but for themselves: days of leave are paid."""
        if db_field.name == "employee":
            others = Employee.objects.visible_to(request.user, Action.RULE)
            kwargs["queryset"] = others.exclude(user=request.user.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whose it is, of what and when, stays."""
        return ("employee", "leave_type", "year") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Allowance, form: Any, change: bool) -> None:
        """Write it through the service."""
        set_allowances([obj], actor=request.user, now=timezone.now())  # type: ignore[arg-type]
