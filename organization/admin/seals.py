"""The seals: is everything that was only added as it was? For administrators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from organization.access import Action
from organization.models import Seal
from organization.scoped_admin import ReadOnlyAdmin, display
from organization.seals.status import status
from organization.seals.words import table_name


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    """The chain, the newest link first, below what the watch over it says."""

    empty_text = _("The worker seals new rows every minute.")
    list_display = ("id", "moment", "kind", "what", "count", "reason")
    list_filter = ("kind",)
    ordering = ("-id",)
    sortable_by = ()
    list_before_template = "organization/seals_status.html"
    fields = (
        "id", "moment", "kind", "what", "low", "high", "count", "reason", "key_id", "previous",
        "digest",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seal]:
        """Return the seals without what they hold."""
        return super().get_queryset(request).defer("members")

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the chain below how it stands."""
        told = {"seals": status()} if self.has_view_permission(request) else {}
        return super().changelist_view(request, {**(extra_context or {}), **told})

    @display(description=_("sealed"))
    def moment(self, seal: Seal) -> str:
        """Return when it was made, by the clock of the console."""
        return f"{localtime(seal.sealed_at):%Y-%m-%d %H:%M:%S}"

    @display(description=_("rows of"))
    def what(self, seal: Seal) -> str:
        """Return what people call the rows."""
        return table_name(seal.table)
