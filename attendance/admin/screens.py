"""QR screens: where they hang, which browser shows them, and their codes here and on paper.

The pages stand here and not with the other things that see people, as the codes are made here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance.screen_views import code_of, page_of
from attendance.services.screens import address_at, evidence_screen
from devices import pairings, screens
from devices.models import QrScreen
from organization.access import Action, departments_for
from organization.admin.steps import writable
from organization.errors import DomainError
from organization.pictures import picture_of
from organization.scoped_admin import DepartmentFilter, DropdownFilter, ScopedAdmin, action, display

State = QrScreen.State
COLOURS = {
    State.SHOWN: "success",
    State.PRINTED: "info",
    State.AWAITED: "info",
    State.SILENT: "warning",
    State.UNPAIRED: "warning",
    State.REVOKED: "danger",
}


class UseFilter(DropdownFilter):
    """Whether the codes still count."""

    title = _("in use")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two answers."""
        return [("yes", _("In use")), ("no", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the screens of the answer."""
        known = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if known is None else queryset.filter(revoked_at__isnull=known)


@admin.register(QrScreen)
class QrScreenAdmin(ScopedAdmin):
    """Screens and sheets, each in the department where it hangs."""

    empty_text = _("Add a screen, and pair it with the browser of a television or a tablet.")
    list_display = ("name", "department", "kind", "standing", "last_seen_at")
    list_filter = (DepartmentFilter, "kind", UseFilter)
    list_select_related = ("department",)
    search_fields = ("name", "key")
    fields = (
        "name", "department", "kind", "step_seconds", "latitude", "longitude", "radius_metres",
    )  # fmt: skip
    actions = None
    actions_detail: ClassVar = ("show_page", "sheet_page", "pairing_page")

    @display(description=_("state"), label=COLOURS)
    def standing(self, screen: QrScreen) -> tuple[str, Any]:
        """Say how the screen stands."""
        state = screen.state(timezone.now())
        return state, state.label

    @display(description=_("state"))
    def state_of(self, screen: QrScreen) -> str:
        """Say the same where there is no room for a colour."""
        return screen.state(timezone.now()).label

    def get_fields(self, request: HttpRequest, obj: QrScreen | None = None) -> list[str]:
        """Return the form; of a known screen, also how it stands."""
        told = ["state_of", "key", "paired_at", "last_seen_at"] if obj else []
        return [*self.fields, *told]

    def get_readonly_fields(self, request: HttpRequest, obj: QrScreen | None = None) -> list[str]:
        """Return what is not typed: the kind once it hangs, and everything once it is revoked."""
        if obj is None:
            return []
        told = ["kind", "state_of", "key", "paired_at", "last_seen_at"]
        return [*self.fields, *told] if obj.revoked_at is not None else told

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Hang screens only where this person may configure."""
        if db_field.name == "department":
            kwargs["queryset"] = departments_for(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: punches name it. A screen is revoked."""
        return False

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to show a screen, to print a sheet, and neither once it is revoked."""
        screen: QrScreen | None = self.get_object(request, str(object_id))
        hidden = {"show_page", "sheet_page"}
        if screen is not None and screen.revoked_at is None:
            hidden.remove("sheet_page" if screen.is_printed else "show_page")
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if one.method.original_function_name not in hidden]

    def save_model(self, request: HttpRequest, obj: QrScreen, form: Any, change: bool) -> None:
        """Add or edit through the service."""
        said: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if change:
            changes = {field: form.cleaned_data[field] for field in form.changed_data}
            screens.edit_screen(screen_id=obj.pk, changes=changes, **said)
            return
        obj.pk = screens.add_screen(**{name: getattr(obj, name) for name in self.fields}, **said).pk

    def response_add(
        self, request: HttpRequest, obj: QrScreen, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Lead to what comes next: a browser for a screen, a printer for a sheet."""
        page = "sheet_page" if obj.is_printed else "pairing_page"
        return HttpResponseRedirect(reverse(f"admin:devices_qrscreen_{page}", args=[obj.pk]))

    def get_urls(self) -> list[Any]:
        """Add what the page that shows a screen asks for."""
        code = self.admin_site.admin_view(require_safe(self.code))
        return [
            path("<int:screen_id>/code/", code, name="devices_qrscreen_code"),
            *super().get_urls(),
        ]

    # A screen, here ---------------------------------------------------------------------------

    @action(description=_("Show here"), url_path="show", icon="qr_code_2", permissions=["change"])
    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def show_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show a screen's code on this very device; that is written down."""
        screen = writable(self, request, object_id)
        if screen.is_printed or screen.revoked_at is not None:
            return self._back(request, screen, _("Only a screen in use can be shown."))
        screens.note_shown(screen, actor=request.user, now=timezone.now())
        return page_of(
            request,
            screen,
            code_url=reverse("admin:devices_qrscreen_code", args=[screen.pk]),
            back=self._way_to(screen),
        )

    @method_decorator(never_cache)
    def code(self, request: HttpRequest, screen_id: int) -> HttpResponse:
        """Answer what a screen shows now, to whoever may configure it; that is written down."""
        screen = writable(self, request, screen_id)
        if screen.is_printed:
            raise Http404
        now = timezone.now()
        if screen.revoked_at is None:
            screens.note_shown(screen, actor=request.user, now=now)
        return code_of(request, screen, now=now)

    # A sheet ----------------------------------------------------------------------------------

    @action(description=_("Print"), url_path="sheet", icon="print", permissions=["change"])
    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def sheet_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show a sheet as it is printed; that is written down."""
        screen = writable(self, request, object_id)
        if not screen.is_printed or screen.revoked_at is not None:
            return self._back(request, screen, _("Only a sheet in use can be printed."))
        now = timezone.now()
        screens.note_printed(screen, actor=request.user, now=now)
        origin = request.build_absolute_uri("/").rstrip("/")
        side, drawing = picture_of(address_at(evidence_screen(screen), now, origin=origin))
        context = {"screen": screen, "side": side, "path": drawing, "back": self._way_to(screen)}
        return TemplateResponse(request, "attendance/screen_sheet.html", context)

    # Its browser, its secret, its end ---------------------------------------------------------

    @action(
        description=_("Pairing and secret"),
        url_path="pairing",
        icon="link",
        permissions=["change"],
    )
    @method_decorator(never_cache)
    def pairing_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show which browser shows a screen, and do what a button says."""
        screen = writable(self, request, object_id)
        code = None
        if request.method == "POST":
            act = self._acts().get(request.POST.get("act", ""))
            if act is None:
                raise PermissionDenied
            try:
                code = act(request, screen)
            except DomainError as refusal:
                messages.error(request, str(refusal))
            if code is None:
                return HttpResponseRedirect(request.path)
            screen.refresh_from_db()
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": screen,
            "title": _("Pairing and secret"),
            "back": self._way_to(screen),
            "state": screen.state(now),
            "is_awaited": screen.is_awaited(now),
            "code": code,
            "address": request.build_absolute_uri(reverse("screen-pairing")),
        }
        return TemplateResponse(request, "admin/devices/qrscreen/pairing.html", context)

    def _acts(self) -> dict[str, Callable[[HttpRequest, QrScreen], str | None]]:
        return {
            "begin": self._begin,
            "unpair": self._unpair,
            "rotate": self._rotate,
            "revoke": self._revoke,
        }

    def _begin(self, request: HttpRequest, screen: QrScreen) -> str:
        _screen, code = pairings.begin_pairing(
            screen_id=screen.pk, actor=request.user, now=timezone.now()
        )
        return code

    def _unpair(self, request: HttpRequest, screen: QrScreen) -> None:
        pairings.unpair(screen_id=screen.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("No browser shows this screen any more."))

    def _rotate(self, request: HttpRequest, screen: QrScreen) -> None:
        screens.rotate_secret(screen_id=screen.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The screen has another secret; earlier codes do not count."))

    def _revoke(self, request: HttpRequest, screen: QrScreen) -> None:
        screens.revoke(screen_id=screen.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The screen was revoked; none of its codes counts any more."))

    def _back(self, request: HttpRequest, screen: QrScreen, why: Any) -> HttpResponse:
        messages.error(request, why)
        return HttpResponseRedirect(self._way_to(screen))

    def _way_to(self, screen: QrScreen) -> str:
        return reverse("admin:devices_qrscreen_change", args=[screen.pk])
