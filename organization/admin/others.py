"""Positions, log-ins and the audit log."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from organization.access import Action
from organization.audit_words import WORDS
from organization.models import AuditEntry, Position, User
from organization.scoped_admin import (
    DepartmentFilter,
    ReadOnlyAdmin,
    ScopedAdmin,
    ThemedPasswordChangeForm,
    ThemedUserChangeForm,
    ThemedUserCreationForm,
    UnfoldAdminSelectWidget,
    display,
)


@admin.register(Position)
class PositionAdmin(ScopedAdmin):
    """Positions serve the whole group: everybody reads them, administrators write them."""

    is_common = True
    list_display = ("code", "name")
    search_fields = ("code", "name")


@admin.register(User)
class LogInAdmin(UserAdmin, ScopedAdmin):
    """Log-ins, for administrators. What they may do stands on the page of each department."""

    form = ThemedUserChangeForm
    add_form = ThemedUserCreationForm
    change_password_form = ThemedPasswordChangeForm
    list_display = ("username", "person", "language", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    list_select_related = ("employee",)
    search_fields = ("username", "employee__name", "employee__number")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "language", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("History"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2")}),)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the languages that there are."""
        if db_field.name == "language":
            choices = [("", _("The browser's language")), *settings.LANGUAGES]
            kwargs["widget"] = UnfoldAdminSelectWidget(choices=choices)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Open the console to every new log-in; what it shows is decided by grants."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    @display(description=_("employee"))
    def person(self, user: User) -> str:
        """Return whose log-in it is."""
        return str(getattr(user, "employee", None) or "")

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; a log-in that is no longer needed is switched off."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, when: for whoever configures, in the departments where they do."""

    see_action = Action.RULE
    list_display = ("at", "actor", "did_what", "thing_name", "department")
    list_display_links = ("at",)
    list_filter = (DepartmentFilter,)
    list_select_related = ("actor", "department")
    search_fields = ("thing_name", "verb", "actor__username")
    search_help_text = _("Thing, verb or log-in")
    fields = ("at", "actor", "did_what", "thing_name", "department", "details")
    readonly_fields = fields

    @display(description=_("did what"), ordering="verb")
    def did_what(self, entry: AuditEntry) -> str:
        """Return the verb in words."""
        return str(WORDS.get(entry.verb, entry.verb))

    @display(description=_("facts"))
    def details(self, entry: AuditEntry) -> str:
        """Return the facts, laid out."""
        text = json.dumps(entry.facts, ensure_ascii=False, indent=2)
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)
