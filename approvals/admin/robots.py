"""Robots of chat groups in the console. An address goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from approvals.models import GroupRobot
from approvals.models.robots import TELLABLE, waiting_kinds
from approvals.services import groups
from organization.access import Action, departments_for
from organization.admin.steps import take_step, writable
from organization.scoped_admin import (
    DepartmentFilter,
    ScopedAdmin,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
    action,
    display,
)


class AddressForm(forms.Form):
    """Where a robot listens, which is given and never shown again."""

    address = forms.CharField(
        label=_("address"),
        max_length=groups.ADDRESS_AT_MOST,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The webhook address that the system shows when a robot is added to a group."),
    )
    secret = forms.CharField(
        label=_("secret"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Of DingTalk and Feishu, where the robot wants signatures."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.label = capfirst(str(field.label))


class RobotForm(AddressForm, forms.ModelForm):
    """A robot, and the address of a new one."""

    kinds = forms.MultipleChoiceField(
        label=_("the group is told"),
        choices=[(kind.value, kind.label) for kind in TELLABLE],
        initial=waiting_kinds,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Who, what kind of request and which day; no places and no reasons."),
    )

    class Meta:
        model = GroupRobot
        fields = ("name", "department", "system", "kinds", "language", "is_active")


@admin.register(GroupRobot)
class GroupRobotAdmin(ScopedAdmin):
    """Robots of chat groups, each in the department of whose requests it tells."""

    form = RobotForm
    empty_text = _("Add the robot of a WeCom, DingTalk or Feishu group that decides together.")
    list_display = ("name", "department", "system", "state", "told_at")
    list_filter = (DepartmentFilter, "system", "is_active")
    list_select_related = ("department",)
    search_fields = ("name",)
    actions = None
    actions_detail = ("address_page", "try_page")

    def get_fields(self, request: HttpRequest, obj: GroupRobot | None = None) -> list[str]:
        """Ask for the address of a new one; tell how a known one fares."""
        own = ["name", "department", "system", "kinds", "language", "is_active"]
        if obj is None:
            return [*own, "address", "secret"]
        return [*own, "told_at", "failures", "problem", "switched_off_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: GroupRobot | None = None) -> list[str]:
        """Return how it fares."""
        return ["told_at", "failures", "problem", "switched_off_at"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only departments where this person may configure."""
        if db_field.name == "department":
            kwargs["queryset"] = departments_for(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: it is taken out of use."""
        return False

    def save_model(self, request: HttpRequest, obj: GroupRobot, form: Any, change: bool) -> None:
        """Write it through the service."""
        said: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if change:
            groups.edit_robot(obj, **said)
            return
        given = {name: form.cleaned_data[name] for name in ("address", "secret")}
        groups.add_robot(obj, **given, **said)

    @action(description=_("New address"), url_path="address", icon="key", permissions=["change"])
    @method_decorator(never_cache)
    def address_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Give a robot another address and secret."""
        robot = writable(self, request, object_id)
        return take_step(
            self,
            request,
            robot,
            AddressForm(request.POST if request.method == "POST" else None),
            title=_("New address"),
            explains=_("The old address and the old secret are forgotten."),
            service=lambda row, values: groups.change_address(
                row,
                **values,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            ),
            done=_("The address is changed."),
        )

    @action(description=_("Try it"), url_path="try", icon="send", permissions=["change"])
    def try_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Say a sentence in the group, after it was confirmed."""
        robot = writable(self, request, object_id)
        return take_step(
            self,
            request,
            robot,
            forms.Form(request.POST if request.method == "POST" else None),
            title=_("Try it"),
            explains=_("One sentence without any name is said in the group."),
            service=lambda row, _values: groups.try_robot(
                row,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            ),
            done=_("The robot took the message; look at the group."),
        )

    @display(
        description=_("state"),
        label={"on": "success", "trouble": "warning", "off": "default", "dead": "danger"},
    )
    def state(self, row: GroupRobot) -> tuple[str, Any]:
        """Say how it fares."""
        if row.switched_off_at is not None and not row.is_active:
            return "dead", _("Switched itself off")
        if not row.is_active:
            return "off", _("Not in use")
        return ("trouble", _("Does not answer")) if row.failures else ("on", _("In use"))
