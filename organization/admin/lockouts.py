"""Failed log-ins that still count: who is locked out, and a button that lets them try again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from organization import lockout
from organization.access import Action
from organization.scoped_admin import ReadOnlyAdmin, display

# The library names its table in English only. These words are shown; its migrations know nothing of
# them.
AccessAttempt._meta.verbose_name = _("failed log-in")
AccessAttempt._meta.verbose_name_plural = _("failed log-ins")
apps.get_app_config("axes").verbose_name = _("Organization")


@admin.register(AccessAttempt)
class FailedLogInAdmin(ReadOnlyAdmin):
    """What was tried and failed in the last minutes, for super administrators."""

    empty_text = _("Nobody has failed to log in.")
    actions = ("lift",)
    list_display = ("at", "name", "address", "count", "state")
    list_display_links = None
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    fields = ("at", "name", "address", "count", "state")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessAttempt]:
        """Return what still counts."""
        kept = lockout.attempts(now=timezone.now()).values("pk")
        return super().get_queryset(request).filter(pk__in=kept)

    @display(description=_("last"), ordering="attempt_time")
    def at(self, attempt: AccessAttempt) -> datetime:
        """Return when it failed last."""
        return attempt.attempt_time

    @display(description=_("user name"), ordering="username")
    def name(self, attempt: AccessAttempt) -> str:
        """Return the name that was typed."""
        return attempt.username or ""

    @display(description=_("address"), ordering="ip_address")
    def address(self, attempt: AccessAttempt) -> str:
        """Return where it came from: of IPv6 the network, which is counted as one."""
        address = attempt.ip_address or ""
        return f"{address}/64" if ":" in address else address

    @display(description=_("failures"), ordering="failures_since_start")
    def count(self, attempt: AccessAttempt) -> int:
        """Return how often it failed."""
        return attempt.failures_since_start

    @display(description=_("state"), label={"locked": "danger", "counted": "info"})
    def state(self, attempt: AccessAttempt) -> tuple[str, str | Promise]:
        """Say whether these failures alone lock this name out at this address."""
        if attempt.failures_since_start >= lockout.LIMITS[0]:
            return "locked", _("locked out")
        return "counted", _("counted")

    @admin.action(description=_("Let them try again"), permissions=["view"])
    def lift(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Forget the chosen failures."""
        user: Any = request.user
        count = lockout.lift(queryset, actor=user, now=timezone.now())
        text = ngettext(
            "%(count)d log-in may be tried again.", "%(count)d log-ins may be tried again.", count
        )
        messages.success(request, text % {"count": count})

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
