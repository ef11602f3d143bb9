"""Log-ins: whose they are, whether they are on, what they can see, and new ones for programs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, F, Prefetch, QuerySet, Value, When
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from organization import log_ins, roles
from organization.access import Action
from organization.admin.role_rows import held_rows
from organization.admin.tokens import LogInDoors, NewLogInForm, TokenForm
from organization.errors import DomainError
from organization.models import RoleAssignment, User
from organization.role_forms import LogInForm, ProgramForm, name_of
from organization.role_scope import log_ins_for, receivers_for
from organization.role_telling import rights_of
from organization.scoped_admin import (
    ScopedAdmin,
    UnfoldAdminSelectWidget,
    action,
    display,
)


@admin.register(User)
class LogInAdmin(LogInDoors, UserAdmin, ScopedAdmin):
    """Log-ins, for whoever assigns roles where they belong. What they may do is given as roles."""

    form = LogInForm
    add_form = NewLogInForm
    list_display = ("username", "person", "roles_held", "language", "is_active", "last_login")
    list_filter = ("is_active", "is_program")
    list_select_related = ("employee",)
    search_fields = ("username", "employee__name", "employee__number")
    search_help_text = _("Log-in, name or number")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "person", "language", "email")}),
        (_("Access"), {"fields": ("is_active", "roles_held", "is_program")}),
        (_("History"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username",)}),)
    actions_list = ("program_page",)
    actions_detail = ("rights_page", "doors_page")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the log-ins that this person may look at, with the roles that they know of."""
        held = RoleAssignment.objects.visible_to(request.user, Action.GRANT).in_force()
        seen = Prefetch(
            "assignments", held.select_related("role", "department").order_by("pk"), to_attr="held"
        )
        rows = super().get_queryset(request)
        if not request.user.is_superuser:
            rows = rows.filter(pk__in=receivers_for(request.user).values("pk"))
        return rows.prefetch_related(seen)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Return what is looked for, each with whose it is, so that one can choose by name."""
        named = Case(
            When(employee=None, then=F("username")),
            default=Concat("username", Value(" · "), "employee__number", Value(" "),
                           "employee__name"),
        )  # fmt: skip
        return super().get_search_results(request, queryset.annotate(named=named), search_term)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Return what is told and not asked; only administrators rename a log-in."""
        told = ["person", "roles_held", "is_program", "last_login", "date_joined"]
        return told if request.user.is_superuser else ["username", *told]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the languages that there are."""
        if db_field.name == "language":
            choices = [("", _("The browser's language")), *settings.LANGUAGES]
            kwargs["widget"] = UnfoldAdminSelectWidget(choices=choices)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("employee"))
    def person(self, user: User) -> str:
        """Return whose log-in it is."""
        return str(getattr(user, "employee", None) or "")

    @display(description=_("roles"))
    def roles_held(self, user: Any) -> str:
        """Return which roles it holds, and where."""
        rows = getattr(user, "held", ())
        lines = ((row.role, row.department or _("the whole group")) for row in rows)
        return format_html_join("", '<div class="whitespace-nowrap">{} · {}</div>', lines) or "–"

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        user = request.user
        if not user.is_active or not self._may_somewhere(request, Action.GRANT):
            return False
        if user.is_superuser or pk is None:
            return True
        rows = receivers_for(user) if act is self.see_action else log_ins_for(user)
        return rows.filter(pk=pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Log-ins of nobody are made by administrators; those of people, on the person's page."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; a log-in that is no longer needed is switched off."""
        return False

    def has_grant_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever assigns roles somewhere."""
        return self._may_somewhere(request, Action.GRANT)

    @action(
        description=_("What can this person see?"),
        url_path="rights",
        icon="visibility",
        permissions=["view"],
    )
    def rights_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what a log-in can see and do: in words, in numbers, and where."""
        user = self.get_object(request, str(object_id))
        if user is None or not self.has_view_permission(request, user):
            raise Http404
        reader: Any = request.user
        is_whole = reader.is_superuser or reader.pk == user.pk
        held = roles.held_by(user)
        if not is_whole:
            held = held.filter(pk__in=RoleAssignment.objects.visible_to(reader, Action.GRANT))
        person = getattr(user, "employee", None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": user,
            "name": name_of(user),
            "title": _("What can this person see?"),
            "rights": rights_of(user, viewer=reader),
            "is_whole": is_whole,
            "held": held_rows(held.select_related("user__employee"), reader=reader),
            "assign": f"{reverse('admin:organization_roleassignment_add')}?user={user.pk}",
            "back": reverse("admin:organization_user_change", args=[user.pk]),
            "employee_page": person
            and reverse("admin:organization_employee_change", args=[person.pk]),
        }
        return TemplateResponse(request, "organization/rights.html", context)

    @action(
        description=_("Add a program"),
        url_path="program",
        icon="smart_toy",
        permissions=["grant"],
    )
    def program_page(self, request: HttpRequest) -> HttpResponse:
        """Open a log-in for a program, with its first role; its tokens are issued next."""
        if not self.has_grant_permission(request):
            raise PermissionDenied
        actor: Any = request.user
        form = ProgramForm(request.POST or None, actor=actor)
        if request.method == "POST" and form.is_valid():
            try:
                made = log_ins.open_program(actor=actor, now=timezone.now(), **form.cleaned_data)
            except DomainError as refusal:
                form.add_error("department", str(refusal))
            except ValidationError as refusal:
                form.add_error("username", refusal.messages)
            else:
                messages.success(request, _("The program has a log-in. Issue its token now."))
                return HttpResponseRedirect(
                    reverse("admin:organization_user_doors_page", args=[made.pk])
                )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Add a program"),
            "form": form,
            "back": reverse("admin:organization_user_changelist"),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "organization/program.html", context)

    def tell_first_password(self, request: HttpRequest, user: User, password: str) -> HttpResponse:
        """Show the one-time password of a new log-in, once."""
        told = {"told": password, "told_kind": "password", "until": user.one_time_until}
        return self._show_doors(request, user, TokenForm(), told)
