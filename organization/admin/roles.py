"""Who may do what: the list of roles that are held, the giving of one, its end; and the roles."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from organization import roles, tokens
from organization.access import Action
from organization.admin.steps import take_step
from organization.errors import DomainError
from organization.models import Role, RoleAssignment
from organization.role_forms import AssignForm, EndForm, RoleForm, name_of
from organization.role_telling import rights_of
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    ReadOnlyAdmin,
    ScopedAdmin,
    action,
    display,
)

LINK = "text-primary-600 dark:text-primary-500"


class StateFilter(DropdownFilter):
    """Roles that are held now, and roles that were."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two groups."""
        return [("now", _("In force")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the chosen group."""
        groups = {"now": Q(ended_at=None), "ended": Q(ended_at__isnull=False)}
        return queryset.filter(groups.get(self.value() or "", Q()))


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnlyAdmin):
    """Who may do what: a line is a role that somebody holds, or held, on a department."""

    see_action = Action.GRANT
    list_display = ("who", "role", "place", "since", "giver", "state")
    list_filter = ("role", DepartmentFilter, StateFilter)
    list_select_related = ("user__employee__department", "role", "department", "granted_by")
    search_fields = (
        "user__username",
        "user__employee__name",
        "user__employee__number",
        "department__name",
        "department__code",
    )
    search_help_text = _("Log-in, person or department")
    ordering = (F("ended_at").desc(nulls_first=True), "-since")
    sortable_by = ()
    fields = ("who", "role", "allows", "place", "since", "giver", "ended_at", "ended_by")
    readonly_fields = fields
    actions_detail = ("see_page", "end_page")

    def has_grant_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever assigns roles there."""
        return self._may(request, Action.GRANT, object_id)

    @display(description=_("name"))
    def who(self, row: RoleAssignment) -> str:
        """Return whose role it is, with the way to what that person can see."""
        address = reverse("admin:organization_user_rights_page", args=[row.user_id])
        return format_html('<a class="{}" href="{}">{}</a>', LINK, address, name_of(row.user))

    @display(description=_("department"))
    def place(self, row: RoleAssignment) -> str:
        """Return where it holds."""
        return str(row.department or _("the whole group"))

    @display(description=_("allows"))
    def allows(self, row: RoleAssignment) -> str:
        """Return what it allows, in words."""
        return row.role.sentence

    @display(description=_("granted by"))
    def giver(self, row: RoleAssignment) -> str:
        """Return who gave it."""
        return row.granted_by.get_username() if row.granted_by else ""

    @display(
        description=_("state"),
        label={"now": "success", "ended": "default", "off": "warning", "elsewhere": "warning"},
    )
    def state(self, row: RoleAssignment) -> tuple[str, Any]:
        """Return whether it holds, and what a clerk should look at."""
        if row.ended_at is not None:
            day = timezone.localtime(row.ended_at).date()
            return "ended", _("ended %(day)s") % {"day": day}
        if not row.user.is_active:
            return "off", _("log-in switched off")
        person = getattr(row.user, "employee", None)
        if person and row.department and not _is_near(person.department, row.department):
            return "elsewhere", _("belongs elsewhere")
        return "now", _("in force")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever assigns roles somewhere."""
        return self._may_somewhere(request, Action.GRANT)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Give somebody a role, after showing what they will be able to do by it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AssignForm(request.POST or None, actor=request.user, initial=_asked(request))
        preview = None
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            if request.POST.get("act") == "assign":
                try:
                    made = roles.assign(actor=request.user, now=timezone.now(), **said)
                except DomainError as refusal:
                    form.refuse(refusal)
                else:
                    text = _("%(who)s is now %(role)s: %(place)s.")
                    messages.success(
                        request,
                        text % {"who": made.user, "role": made.role, "place": self.place(made)},
                    )
                    return HttpResponseRedirect(self._list())
            else:
                preview = rights_of(
                    said["user"],
                    viewer=request.user,
                    role=said["role"],
                    department=said["department"],
                )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Assign a role"),
            "form": form,
            "back": self._list(),
            "media": self.media + form.media,
            "rights": preview,
            "said": form.cleaned_data if preview else None,
            "keys_in_use": _keys_in_use(form) if preview else 0,
            "again": _again(form) if preview else "",
        }
        return TemplateResponse(request, "organization/assign.html", context)

    @action(
        description=_("What can this person see?"),
        url_path="see",
        icon="visibility",
        permissions=["view"],
    )
    def see_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to what the holder can see."""
        row = self._row(request, object_id)
        return HttpResponseRedirect(
            reverse("admin:organization_user_rights_page", args=[row.user_id])
        )

    @action(
        description=_("End this role"), url_path="end", icon="person_remove", permissions=["grant"]
    )
    def end_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take a role away, after asking."""
        row = self._row(request, object_id)
        if row.ended_at is not None:
            messages.info(request, _("This role has ended already."))
            return HttpResponseRedirect(
                reverse("admin:organization_roleassignment_change", args=[row.pk])
            )
        return take_step(
            self,
            request,
            row,
            EndForm(request.POST if request.method == "POST" else None),
            title=_("End this role"),
            explains=_(
                "%(who)s will no longer be %(role)s on %(place)s, from the next click on. "
                "The line stays in the list as ended."
            )
            % {"who": name_of(row.user), "role": row.role, "place": self.place(row)},
            service=lambda one, _values: roles.end(
                assignment_id=one.pk, actor=request.user, now=timezone.now()
            ),
            done=_("The role has ended."),
        )

    def _row(self, request: HttpRequest, object_id: Any) -> RoleAssignment:
        row = self.get_object(request, str(object_id))
        if row is None or not self.has_grant_permission(request, row.pk):
            raise Http404
        return row

    @staticmethod
    def _list() -> str:
        return reverse("admin:organization_roleassignment_changelist")


@admin.register(Role)
class RoleAdmin(ScopedAdmin):
    """The roles that there are. Administrators add some of their own; built-in ones are fixed."""

    form = RoleForm
    list_display = ("called", "allows", "holders", "kind")
    list_display_links = ("called",)
    ordering = ("-is_builtin", "pk")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        """Return the roles with how many hold them where this person assigns roles."""
        seen = RoleAssignment.objects.visible_to(request.user, Action.GRANT).in_force()
        held = Count("assignments__user", Q(assignments__in=seen), distinct=True)
        return super().get_queryset(request).annotate(held=held)

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        """Return the form for a role of one's own, and words for a built-in one."""
        if obj is None:
            return ["name", "actions", "is_for_programs"]
        if self.has_change_permission(request, obj):
            # The form asks once more where somebody holds the role, and only there.
            asks = ["confirm"] if roles.holders_of(obj) else []
            return ["name", "actions", *asks, "for_whom"]
        return ["called", "allows", "actions_list_words", "for_whom"]

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        """Return what is told and not asked."""
        return ["called", "allows", "actions_list_words", "for_whom"]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; lines of the past name roles of the past."""
        return False

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        if act is self.see_action:
            return self._may_somewhere(request, Action.GRANT)
        if not (request.user.is_active and request.user.is_superuser):
            return False
        return pk is None or Role.objects.filter(pk=pk, is_builtin=False).exists()

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        """Add or change through the service."""
        said: dict[str, Any] = {
            "name": obj.name,
            "actions": [Action(value) for value in obj.actions],
            "actor": request.user,
            "now": timezone.now(),
        }
        if change:
            roles.change_role(role_id=obj.pk, **said)
            return
        made = roles.add_role(
            key=roles.free_key(obj.name), is_for_programs=obj.is_for_programs, **said
        )
        obj.pk = made.pk

    @display(description=_("name"))
    def called(self, role: Role) -> str:
        """Return the name, in the reader's language."""
        return str(role)

    @display(description=_("allows"))
    def allows(self, role: Role) -> str:
        """Return what it allows, in a sentence."""
        return format_html('<span class="whitespace-normal">{}</span>', role.sentence)

    @display(description=_("in single"))
    def actions_list_words(self, role: Role) -> str:
        """Return what it allows, thing by thing."""
        return " · ".join(str(one.label) for one in role.allowed)

    @display(description=_("held by"))
    def holders(self, role: Any) -> str:
        """Return how many hold it, with the way to them."""
        address = reverse("admin:organization_roleassignment_changelist")
        query = f"?role__id__exact={role.pk}&state=now"
        return format_html('<a class="{}" href="{}{}">{}</a>', LINK, address, query, role.held)

    @display(description=_("for whom"))
    def for_whom(self, role: Role) -> str:
        """Return whether people or programs hold it."""
        return str(_("for programs") if role.is_for_programs else _("for people"))

    @display(description=_("kind"), label={"builtin": "info", "own": "default"})
    def kind(self, role: Role) -> tuple[str, Any]:
        """Tell built-in roles from others."""
        return ("builtin", _("built in")) if role.is_builtin else ("own", _("of our own"))


def _is_near(home: Any, place: Any) -> bool:
    """Say whether somebody belongs to a department, to one below it or to one above it."""
    return bool(home.path.startswith(place.path) or place.path.startswith(home.path))


def _keys_in_use(form: AssignForm) -> int:
    """Return how many tokens will open what the role allows; people have none."""
    user = form.cleaned_data["user"]
    return tokens.in_use({user.pk}, now=timezone.now()) if user.is_program else 0


def _again(form: AssignForm) -> str:
    """Return the way back to the form, filled in as it was."""
    said = {name: row.pk for name, row in form.cleaned_data.items() if row is not None}
    return f"{reverse('admin:organization_roleassignment_add')}?{urlencode(said)}"


def _asked(request: HttpRequest) -> dict[str, int]:
    """Return what the address fills in; keys that are none fill in nothing."""
    return {
        name: int(value)
        for name in ("user", "department", "role")
        if (value := request.GET.get(name, "")).isdecimal() and len(value) < 19
    }
