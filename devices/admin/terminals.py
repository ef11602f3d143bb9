"""The pages of terminals: what they are, what they said, and whom they mean."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from devices import services
from devices.forms import LinkForm, LogForm
from devices.models import Credential, Terminal, TerminalLine, TerminalUpload
from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.models import Employee
from organization.scoped_admin import (
    DepartmentFilter,
    ReadOnlyAdmin,
    ScopedAdmin,
    action,
    display,
)
from organization.services import told

SHOWN: Final = 50
_STYLES: Final = ("scheduling/rules.css", "scheduling/rosters.css")
State = TerminalLine.State

PROBLEMS: Final = {
    "impossible_time": _("There is no such date or time."),
    "implausible_time": _("So long ago the terminal's clock must have been reset."),
    "future_time": _("The terminal's clock was ahead."),
    "no_such_time": _("Clocks were put forward over this time."),
    "not_employed": _("The person was not employed then."),
}


class TerminalDepartmentFilter(DepartmentFilter):
    """The department of the terminal, with all below it."""

    path_lookup = "terminal__department__path"


@admin.register(Terminal)
class TerminalAdmin(ScopedAdmin):
    """Terminals, each in the department where it hangs."""

    list_display = ("name", "department", "direction", "is_active", "last_seen_at", "unknown")
    list_filter = (DepartmentFilter, "is_active")
    list_select_related = ("department",)
    search_fields = ("name", "serial")
    fields = ("name", "serial", "department", "timezone", "direction", "is_active")
    actions = None
    actions_list = ("upload_page", "lines_page")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Terminal]:
        """Return the terminals, and whether somebody unknown waits at them."""
        waiting = TerminalLine.objects.filter(terminal=OuterRef("pk"), state=State.UNKNOWN_PERSON)
        return super().get_queryset(request).annotate(has_unknown=Exists(waiting))

    @display(description=_("unknown people"), label={"yes": "warning", "no": "success"})
    def unknown(self, terminal: Any) -> tuple[str, Any]:
        """Say whether lines wait for somebody to say whose they are."""
        return ("yes", _("Waiting")) if terminal.has_unknown else ("no", _("None"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Hang terminals only where this person may configure."""
        if db_field.name == "department":
            kwargs["queryset"] = departments_for(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: what it said remains. A terminal is taken out of use."""
        return False

    def save_model(self, request: HttpRequest, obj: Terminal, form: Any, change: bool) -> None:
        """Register a new one through the service; write down what was changed on a known one."""
        if not change:
            made = services.register_terminal(
                name=obj.name,
                department=obj.department,
                serial=obj.serial,
                timezone=obj.timezone,
                direction=obj.direction,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
            obj.pk = made.pk
        elif form.changed_data:
            before = told(Terminal.objects.get(pk=obj.pk), form.changed_data)
            obj.save(update_fields=form.changed_data)
            audit.record(
                actor=request.user,  # type: ignore[arg-type]
                verb="terminal.edited",
                thing=obj,
                department=obj.department,
                now=timezone.now(),
                before=before,
                after=told(obj, form.changed_data),
            )

    @action(description=_("Upload a log file"), url_path="upload-log", permissions=["upload"])
    def upload_page(self, request: HttpRequest) -> HttpResponse:
        """Go to the page for log files."""
        return redirect("admin:devices_terminalupload_upload")

    @action(description=_("What they said"), url_path="said")
    def lines_page(self, request: HttpRequest) -> HttpResponse:
        """Go to the list of lines."""
        return redirect("admin:devices_terminalline_changelist")

    def has_upload_permission(self, request: HttpRequest) -> bool:
        """Whoever may configure somewhere may bring the log of a terminal there."""
        return self._may_somewhere(request, Action.RULE)


@admin.register(TerminalUpload)
class TerminalUploadAdmin(ReadOnlyAdmin):
    """Log files, and what became of them."""

    empty_text = _("Bring in the log file of a terminal that is not connected.")
    list_display = (
        "file_name", "terminal", "uploaded_at", "line_count", "new_count", "repeated_count",
        "quarantined_count", "damaged_count", "uploaded_by",
    )  # fmt: skip
    list_filter = (TerminalDepartmentFilter, "terminal")
    list_select_related = ("terminal", "uploaded_by")
    search_fields = ("file_name",)
    actions_list = ("upload_page",)

    class Media:
        css = {"all": _STYLES}

    def get_urls(self) -> list[Any]:
        """Add the page for a new file, and the answer to whose PIN it is."""
        wrap = self.admin_site.admin_view
        own = [
            path("upload/", wrap(self.upload), name="devices_terminalupload_upload"),
            path(
                "<int:upload_id>/link/",
                wrap(require_POST(self.link)),
                name="devices_terminalupload_link",
            ),
        ]
        return own + super().get_urls()

    @action(description=_("Upload a log file"), url_path="go-upload", permissions=["upload"])
    def upload_page(self, request: HttpRequest) -> HttpResponse:
        """Go to the page for log files."""
        return redirect("admin:devices_terminalupload_upload")

    def has_upload_permission(self, request: HttpRequest) -> bool:
        """Whoever may configure somewhere may bring the log of a terminal there."""
        return self._may_somewhere(request, Action.RULE)

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take a log file in."""
        if not self.has_upload_permission(request):
            raise Http404
        form = LogForm(
            request.POST or None,
            request.FILES or None,
            user=request.user,
            initial={"terminal": request.GET.get("terminal")},
        )
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                upload = services.keep_log(
                    terminal=form.cleaned_data["terminal"],
                    file_name=file.name,
                    content=file.read(services.LOG_AT_MOST + 1),
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except DomainError as refusal:
                form.add_error("file", str(refusal))
            else:
                return redirect("admin:devices_terminalupload_change", upload.pk)
        context = self._context(request, title=_("Upload a log file"), form=form)
        return render(request, "admin/devices/terminalupload/upload.html", context)

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what became of a file, and ask whose the unknown PINs are."""
        upload = self._find(request, object_id)
        lines = upload.lines
        unknown = (
            lines.filter(state=State.UNKNOWN_PERSON)
            .order_by("pin")
            .values("pin")
            .annotate(count=Count("pk"), first=Min("wall_time"), last=Max("wall_time"))
        )
        quarantined = lines.filter(state=State.QUARANTINED).order_by("line_number")
        counts = dict(lines.order_by().values_list("state").annotate(Count("pk")))
        context = self._context(
            request,
            title=upload.file_name,
            upload=upload,
            waiting=counts.get(State.WAITING, 0),
            taken=counts.get(State.TAKEN, 0),
            unknown_lines=counts.get(State.UNKNOWN_PERSON, 0),
            unknown=unknown[:SHOWN],
            unknown_people=lines.filter(state=State.UNKNOWN_PERSON)
            .values("pin")
            .order_by()
            .distinct()
            .count(),
            quarantined=[
                {"line": line, "problem": PROBLEMS.get(line.problem, line.problem)}
                for line in quarantined[:SHOWN]
            ],
            damage=upload.damage[:SHOWN],
            shown=SHOWN,
            may_link=self._may_rule(request, upload),
        )
        return render(request, "admin/devices/terminalupload/change_form.html", context)

    def link(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Say whose PIN it is at this terminal."""
        upload = self._find(request, str(upload_id))
        if not self._may_rule(request, upload):
            raise Http404
        form = LinkForm(request.POST, user=request.user)
        if form.is_valid():
            pin, employee = form.cleaned_data["pin"], form.cleaned_data["number"]
            try:
                services.link_pin(
                    pin=pin,
                    terminal=upload.terminal,
                    employee=employee,
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except DomainError as refusal:
                messages.error(request, str(refusal))
            else:
                said = _("PIN %(pin)s is %(employee)s. The lines are taken in within seconds.")
                messages.success(request, said % {"pin": pin, "employee": employee})
        else:
            for problems in form.errors.values():
                messages.error(request, " ".join(map(str, problems)))
        return redirect("admin:devices_terminalupload_change", upload.pk)

    def _find(self, request: HttpRequest, key: str) -> TerminalUpload:
        if not self.has_view_permission(request):
            raise Http404
        rows = self.get_queryset(request).select_related("terminal", "uploaded_by")
        return get_object_or_404(rows, pk=key if key.isdecimal() else 0)

    def _may_rule(self, request: HttpRequest, upload: TerminalUpload) -> bool:
        return self.rows_for(request, Action.RULE).filter(pk=upload.pk).exists()

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "list_url": reverse("admin:devices_terminalupload_changelist"),
            "lines_url": reverse("admin:devices_terminalline_changelist"),
            **more,
        }


@admin.register(TerminalLine)
class TerminalLineAdmin(ReadOnlyAdmin):
    """Every line, raw. What cannot be placed yet can be tried again."""

    empty_text = _("What terminals say stands here word for word.")
    list_display = ("pin", "wall_time", "zone", "terminal", "what_became", "received_at")
    list_filter = ("state", TerminalDepartmentFilter, "terminal")
    list_select_related = ("terminal",)
    search_fields = ("pin__exact",)
    search_help_text = _("PIN")
    ordering = ("-pk",)
    fields = (
        "terminal", "upload", "line_number", "raw", "pin", "wall_time", "zone", "verify",
        "status", "received_at", "state", "said_problem",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("try_again",)

    @display(
        description=_("state"),
        label={
            State.WAITING: "info", State.TAKEN: "success",
            State.UNKNOWN_PERSON: "warning", State.QUARANTINED: "danger",
        },
    )  # fmt: skip
    def what_became(self, line: TerminalLine) -> tuple[str, Any]:
        """Return the state of the line."""
        return line.state, line.get_state_display()

    @display(description=_("problem"))
    def said_problem(self, line: TerminalLine) -> Any:
        """Return the problem in words."""
        return PROBLEMS.get(line.problem, line.problem)

    def has_try_permission(self, request: HttpRequest) -> bool:
        """Whoever may configure somewhere; the rows are narrowed down in the action."""
        return self._may_somewhere(request, Action.RULE)

    @admin.action(description=_("Try again"), permissions=["try"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[TerminalLine]) -> None:
        """Let unknown people and people who were not employed be looked up again."""
        mine = self.rows_for(request, Action.RULE).filter(pk__in=queryset.values("pk"))
        count = services.try_again(mine)
        text = ngettext("%(count)d line waits again.", "%(count)d lines wait again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Credential)
class CredentialAdmin(ScopedAdmin):
    """What terminals call people, where it is not their number."""

    list_display = ("value", "employee", "terminal")
    list_select_related = ("employee", "terminal")
    search_fields = ("value", "employee__number", "employee__name")
    fields = ("value", "employee", "terminal")
    autocomplete_fields = ("employee",)
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: a PIN is taken from one person and given to the next."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Link only people and terminals that this person may configure."""
        model: Any = {"employee": Employee, "terminal": Terminal}[db_field.name]
        kwargs["queryset"] = model.objects.visible_to(request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Credential, form: Any, change: bool) -> None:
        """Link through the service, which lets lines that waited go on."""
        made = services.link_pin(
            pin=obj.value,
            terminal=obj.terminal,
            employee=obj.employee,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Credential) -> None:
        """Take it away through the service, which writes it down."""
        services.unlink_pin(
            credential=obj,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
