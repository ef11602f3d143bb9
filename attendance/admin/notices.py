"""The pages of notices and consents: what people are told, and who agreed to it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from attendance.console.notices import Asked, read_notices, read_version
from attendance.models import Consent, Notice
from attendance.notice_form import NoticeForm, notice_initial
from attendance.services import notices as services
from organization.errors import DomainError
from organization.scoped_admin import DepartmentFilter, DropdownFilter, ReadOnlyAdmin, display


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Notices serve the whole group: whoever works in the console reads them.

    Administrators write them. A published version is never edited; a new one asks everybody.
    """

    is_common = True
    change_list_template = "admin/attendance/notice/notices.html"

    class Media:
        css = {"all": ("scheduling/rules.css",)}

    def get_urls(self) -> list[URLPattern]:
        """Put the steps of a version before the page of a row."""
        view = self.admin_site.admin_view
        own = [
            path("<slug:purpose>/draft/", view(self.draft), name="attendance_notice_draft"),
            path(
                "<slug:purpose>/publish/",
                view(require_POST(self.publish)),
                name="attendance_notice_publish",
            ),
            path(
                "<slug:purpose>/discard/",
                view(require_POST(self.discard)),
                name="attendance_notice_discard",
            ),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what is asked for each purpose, and how many agreed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self._context(
            request, title=_("Notices"), purposes=self._asked(request), is_uncounted=True
        )
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a version in every language."""
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404
        if request.method == "POST" or not self.has_view_permission(request, notice):
            raise PermissionDenied
        version = read_version(notice, request.user)  # type: ignore[arg-type]
        context = self._context(
            request, title=notice.get_purpose_display(), version=version, original=notice
        )
        return render(request, "admin/attendance/notice/version.html", context)

    def draft(self, request: HttpRequest, purpose: str) -> HttpResponse:
        """Write the next version, beginning with the draft there is or with what is in force."""
        asked = self._of(request, purpose)
        begin = asked.draft or asked.current
        form = NoticeForm(request.POST or None, initial=notice_initial(begin.rows) if begin else {})
        if request.method == "POST" and form.is_valid():
            services.draft_notice(purpose=purpose, words=form.words, **self._acting(request))
            if "publish" not in request.POST:
                self.message_user(request, _("The draft is kept."), messages.SUCCESS)
                return redirect("admin:attendance_notice_changelist")
            return self.publish(request, purpose)
        context = self._context(
            request,
            title=_("New version: %(purpose)s") % {"purpose": asked.purpose.label},
            asked=asked,
            form=form,
        )
        return render(request, "admin/attendance/notice/draft.html", context)

    def publish(self, request: HttpRequest, purpose: str) -> HttpResponse:
        """Put the draft in force."""
        self._of(request, purpose)
        try:
            services.publish_notice(purpose=purpose, **self._acting(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:attendance_notice_draft", purpose)
        self.message_user(request, _("Published. Everybody is asked again."), messages.SUCCESS)
        return redirect("admin:attendance_notice_changelist")

    def discard(self, request: HttpRequest, purpose: str) -> HttpResponse:
        """Take the draft away."""
        self._of(request, purpose)
        try:
            services.discard_draft(purpose=purpose, **self._acting(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The draft is taken away."), messages.SUCCESS)
        return redirect("admin:attendance_notice_changelist")

    def _of(self, request: HttpRequest, purpose: str) -> Asked:
        """Return what is asked for a purpose, to whoever may write it."""
        if not request.user.is_superuser:
            raise PermissionDenied
        found = next((one for one in self._asked(request) if one.purpose == purpose), None)
        if found is None:
            raise Http404
        return found

    @staticmethod
    def _asked(request: HttpRequest) -> list[Asked]:
        return read_notices(request.user)  # type: ignore[arg-type]

    @staticmethod
    def _acting(request: HttpRequest) -> dict[str, Any]:
        return {"actor": request.user, "now": timezone.now()}

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "may_write": request.user.is_superuser,
            "list_url": reverse("admin:attendance_notice_changelist"),
            "consents_url": reverse("admin:attendance_consent_changelist"),
            **more,
        }


class InForceFilter(DropdownFilter):
    """Consents that hold, or that were withdrawn."""

    title = _("in force")
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the two answers."""
        return [("yes", _("In force")), ("no", _("Withdrawn"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the consents of that answer."""
        if self.value() in {"yes", "no"}:
            return queryset.filter(withdrawn_at__isnull=self.value() == "yes")
        return queryset


class PersonsDepartmentFilter(DepartmentFilter):
    """The department of the person, with all below."""

    path_lookup = "employee__department__path"


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """Who agreed to what, when. Only the person gives and withdraws a consent."""

    empty_text = _("Employees agree on the page where they punch.")
    list_display = ("employee", "what", "version", "language", "given_at", "withdrawn_at", "state")
    list_filter = (PersonsDepartmentFilter, "purpose", InForceFilter)
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("employee", "purpose", "version", "language", "given_at", "withdrawn_at")

    @display(description=_("purpose"))
    def what(self, consent: Consent) -> str:
        """Return the purpose in words."""
        return consent.get_purpose_display()

    @display(description=_("state"), label={"held": "success", "ended": "warning"})
    def state(self, consent: Consent) -> tuple[str, Any]:
        """Say whether it holds."""
        if consent.withdrawn_at is None:
            return "held", _("In force")
        return "ended", _("Withdrawn")
