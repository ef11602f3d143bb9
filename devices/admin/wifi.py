"""The pages of the company's Wi-Fi: access points, controllers, and whose phone an address is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from devices import wifi
from devices.forms import ControllerForm, PhoneAddressForm, SecretForm
from devices.models import AccessPoint, PhoneAddress, WifiController, WifiJoin
from devices.resources import AccessPointResource
from organization.access import Action, departments_for
from organization.admin.steps import take_step, writable
from organization.admin.tables import TablesMixin
from organization.encryption import CannotUnseal
from organization.models import Employee
from organization.scoped_admin import (
    DepartmentFilter,
    ScopedAdmin,
    action,
    display,
)
from organization.sealed_fields import opened

REASONS = {
    "nobody": _("of nobody here, or of more than one"),
    "switched_off": _("automatic punches are off"),
    "address_cooling": _("the person entered the phone's address a short while ago"),
    "not_allowed": _("the rule has no automatic Wi-Fi punch, or the network is another"),
    "outside_window": _("outside the punch window"),
    "already_there": _("the person had punched already"),
    "after_middle": _("joined after the middle of the shift"),
    "before_end": _("left before the end of the shift"),
    "came_back": _("joined again within a quarter of an hour"),
    "unreadable": _("it cannot be opened"),
}


class _Configured(ScopedAdmin):
    """A page whose rows hang in a department, where this person may configure."""

    actions = None

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only departments where this person may configure."""
        if db_field.name == "department":
            kwargs["queryset"] = departments_for(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: it is taken out of use."""
        return False


@admin.register(AccessPoint)
class AccessPointAdmin(TablesMixin, _Configured):
    """Access points, each in the department where it hangs."""

    empty_text = _("Add the access points of your Wi-Fi, or import them as a table.")
    resource_classes = (AccessPointResource,)
    list_display = ("name", "bssid", "ssid", "department", "is_active")
    list_display_links = ("name", "bssid")
    list_filter = (DepartmentFilter, "is_active", "ssid")
    list_select_related = ("department",)
    search_fields = ("name", "bssid", "ssid")
    search_help_text = _("Name, address or network")
    fields = (
        "name", "department", "bssid", "ssid", "latitude", "longitude", "radius_metres",
        "is_active",
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: AccessPoint, form: Any, change: bool) -> None:
        """Write it through the service."""
        wifi.save_access_point(obj, actor=request.user, now=timezone.now())  # type: ignore[arg-type]


@admin.register(WifiController)
class WifiControllerAdmin(_Configured):
    """Wi-Fi controllers. A secret goes in and never comes out."""

    form = ControllerForm
    empty_text = _("Add the controller that tells who joins the Wi-Fi.")
    list_display = ("name", "department", "network", "is_active", "last_seen_at")
    list_filter = (DepartmentFilter, "is_active")
    list_select_related = ("department",)
    search_fields = ("name", "network")
    actions_detail = ("secret_page",)

    def get_fields(self, request: HttpRequest, obj: WifiController | None = None) -> list[str]:
        """Ask for the secret of a new one; tell what a known one has said."""
        own = ["name", "department", "network", "is_active"]
        if obj is None:
            return [*own, "secret"]
        return [*own, "last_seen_at", "unknown_bssid", "unknown_at", "of_today"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: WifiController | None = None
    ) -> list[str]:
        """Return what it has said."""
        return ["last_seen_at", "unknown_bssid", "unknown_at", "of_today"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: WifiController, form: Any, change: bool
    ) -> None:
        """Write it through the service, with a secret of its own if none is given."""
        said: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if change:
            wifi.edit_controller(obj, **said)
            return
        given = form.cleaned_data["secret"]
        secret = given or wifi.make_secret()
        made = wifi.add_controller(
            name=obj.name,
            department=obj.department,
            network=obj.network,
            is_active=obj.is_active,
            secret=secret,
            **said,
        )
        obj.pk = made.pk
        if not given:
            request.__dict__["_made_secret"] = secret

    @method_decorator(never_cache)
    def response_add(
        self, request: HttpRequest, obj: WifiController, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show a secret that was made, once."""
        if (secret := request.__dict__.get("_made_secret")) is not None:
            return self._tell(request, obj, secret)
        return super().response_add(request, obj, post_url_continue)

    @action(description=_("New secret"), url_path="secret", icon="key", permissions=["change"])
    @method_decorator(never_cache)
    def secret_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Give a controller another secret; the old one is heard no more."""
        controller = writable(self, request, object_id)
        made = wifi.make_secret()
        told: list[str] = []

        def change(row: WifiController, values: dict[str, Any]) -> None:
            wifi.change_secret(
                row,
                secret=values["secret"] or made,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
            if not values["secret"]:
                told.append(made)

        answer = take_step(
            self,
            request,
            controller,
            SecretForm(request.POST if request.method == "POST" else None),
            title=_("New secret"),
            explains=_(
                "What the controller signs with the old secret is not heard any more, some seconds "
                "from now on."
            ),
            service=change,
            done=_("The secret is changed."),
        )
        return self._tell(request, controller, told[0]) if told else answer

    def _tell(self, request: HttpRequest, controller: WifiController, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": controller,
            "title": controller.name,
            "told": secret,
            "back": reverse("admin:devices_wificontroller_change", args=[controller.pk]),
        }
        return TemplateResponse(request, "admin/devices/wificontroller/secret.html", context)

    @display(description=_("what became of the last day's joins"))
    def of_today(self, controller: WifiController) -> Any:
        """Count what the controller said within a day, by what became of it; nobody is named."""
        since = timezone.now() - timedelta(days=1)
        counts = (
            controller.joins.filter(received_at__gt=since)
            .order_by("state", "reason")
            .values_list("state", "reason")
            .annotate(count=Count("pk"))
        )
        words = dict(WifiJoin.State.choices)
        lines = [
            (REASONS.get(reason) or words.get(state, state), count)
            for state, reason, count in counts
        ]
        return format_html_join("; ", "{}: {}", lines) if lines else "-"


@admin.register(PhoneAddress)
class PhoneAddressAdmin(ScopedAdmin):
    """By which address a phone joins the Wi-Fi: needed where Wi-Fi knows no user names."""

    form = PhoneAddressForm
    empty_text = _("Where people log in to the Wi-Fi by name, nothing is needed here.")
    list_display = ("employee", "shown", "added_at", "entered_by")
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name")
    autocomplete_fields = ("employee",)
    actions = None

    def get_fields(self, request: HttpRequest, obj: PhoneAddress | None = None) -> list[str]:
        """Return what is asked of a new one, and what is shown of a known one."""
        if obj is None:
            return ["employee", "address"]
        return ["employee", "shown", "added_at", "entered_by"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: PhoneAddress | None = None
    ) -> list[str]:
        """Return what is shown of a known one."""
        return ["employee", "shown", "added_at", "entered_by"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: an address is taken from one person and given to the next."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only people whom this person may configure."""
        if db_field.name == "employee":
            kwargs["queryset"] = Employee.objects.visible_to(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("address"))
    def shown(self, row: PhoneAddress) -> Any:
        """Return the end of the address: enough to tell one's own, too little to copy it."""
        try:
            return f"··:··:··:{opened(row, 'sealed_address').decode()[9:]}"
        except CannotUnseal:
            return _("cannot be opened")

    @display(description=_("entered by"))
    def entered_by(self, row: PhoneAddress) -> Any:
        """Say whose word it is: what people enter themselves waits, and yields to a user name."""
        return _("the person") if row.is_unconfirmed else _("HR")

    def save_model(self, request: HttpRequest, obj: PhoneAddress, form: Any, change: bool) -> None:
        """Add it through the service; one that the person has entered is confirmed by that."""
        made = wifi.add_phone_address(
            employee=obj.employee,
            address=form.cleaned_data["address"],
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: PhoneAddress) -> None:
        """Take it away through the service, which writes it down."""
        wifi.remove_phone_address(obj, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
