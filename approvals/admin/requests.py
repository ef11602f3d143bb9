"""Requests in the console: the inbox of whoever decides, the list of all, the page of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from approvals import acting, cards, views
from approvals.models import Request
from approvals.services.standing import visible
from approvals.services.submitting import configures, today_of
from attendance.admin.filters import ToCloseFilter
from attendance.console.day import read_date
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.models import Employee
from organization.scoped_admin import DepartmentFilter, ReadOnlyAdmin, display

KEYS_AT_MOST = cards.SHOWN
_COLORS = {
    "waiting": "warning",
    "approved": "success",
    "rejected": "danger",
    "withdrawn": "default",
    "revoked": "danger",
}


@admin.register(Request)
class RequestAdmin(ReadOnlyAdmin):
    """What people have asked for; it is decided in the inbox and on its own page."""

    empty_text = _("People ask on their own pages; a held punch opens its request by itself.")
    list_display = ("employee", "kind", "work_date", "state", "submitted_at", "settled_by")
    list_filter = ("status", "kind", DepartmentFilter, "work_date", ToCloseFilter)
    list_select_related = ("employee", "settled_by")
    search_fields = ("employee__number", "employee__name")
    search_help_text = _("Number or name")
    # As the primary key: a page of a large table must not sort all of it.
    ordering = ("-pk",)
    sortable_by = ()

    @display(description=_("status"), label=_COLORS)
    def state(self, row: Request) -> tuple[str, str]:
        """Return the status as a mark."""
        return row.status, row.get_status_display()

    def get_urls(self) -> list[Any]:
        """Put the inbox, and what is done on the page of a request, before the pages of rows."""
        view = self.admin_site.admin_view
        own = [
            path(
                "inbox/",
                view(require_http_methods(["GET", "HEAD", "POST"])(self.inbox)),
                name="approvals_inbox",
            ),
            path(
                "<int:request_id>/act/",
                view(require_POST(self.act)),
                name="approvals_request_act",
            ),
            path(
                "ask/<int:employee_id>/make-up/",
                view(self.ask_make_up),
                name="approvals_request_ask_make_up",
            ),
            path(
                "ask/<int:employee_id>/absence/",
                view(self.ask_absence),
                name="approvals_request_ask_absence",
            ),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a request: what it changes, who decides, and what the reader may do."""
        if request.method not in ("GET", "HEAD"):
            raise Http404
        user, now = request.user, timezone.now()
        key = int(object_id) if object_id.isdecimal() and len(object_id) < 18 else 0
        # As in the inbox: whoever stands in for somebody reads what they are asked.
        rows = Request.objects.filter(visible(user, now), pk=key)  # type: ignore[arg-type]
        found = cards.read_cards(rows, user, now=now)
        if not found:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": str(found[0].request),
            "opts": self.opts,
            "card": found[0],
            "may_see_day": departments_for(user, Action.SEE)
            .filter(pk=found[0].request.department_id)
            .exists(),
        }
        return render(request, "admin/approvals/request/page.html", context)

    def act(self, request: HttpRequest, request_id: int) -> HttpResponse:
        """Do what the page of a request posts."""
        back = reverse("admin:approvals_request_change", args=[request_id])
        try:
            said = acting.act(request.user, request_id, request.POST.dict(), now=timezone.now())
        except NotFound as refusal:
            raise Http404 from refusal
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, str(said))
        return redirect(back)

    def ask_make_up(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Ask for a make-up punch of somebody else."""
        return _ask(request, employee_id, views.ask_make_up, "approvals:ask-make-up")

    def ask_absence(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """Ask for leave, an outing or a trip of somebody else."""
        return _ask(request, employee_id, views.ask_absence, "approvals:ask-absence")

    def inbox(self, request: HttpRequest) -> HttpResponse:
        """Show what waits for the reader; decide the chosen ones, each refusal by name."""
        user, now = request.user, timezone.now()
        if request.method == "POST":
            refused = self._decide_chosen(request)
            if not refused:
                return redirect(request.get_full_path())
        else:
            refused = set()
        rows = _narrowed(cards.inbox(user, now=now), request)
        here = cards.place(request.GET)
        shown = cards.read_cards(cards.following(rows, here), user, now=now)
        asked = {name: request.GET.get(name, "") for name in ("kind", "q", "day")}
        context = {
            **self.admin_site.each_context(request),
            "title": _("To decide"),
            # The crumb of the theme: with `opts` it would name the list of all requests.
            "content_title": _("To decide"),
            "cards": shown,
            "has_closed": any(card.closed_days for card in shown),
            # Of those that were asked for: what stands beside the sidebar counts all.
            "number": rows.order_by()[: cards.COUNTED_TO].count(),
            "after": "after" in here,
            "further": cards.last_if_more(rows, shown),
            "same": urlencode({name: value for name, value in asked.items() if value}),
            "kinds": Request.Kind.choices,
            # What was refused stays chosen, with the reason that was written, for another try.
            "chosen": refused,
            "reason": request.POST.get("reason", "") if refused else "",
            "asked": asked,
        }
        return render(request, "admin/approvals/request/inbox.html", context)

    def _decide_chosen(self, request: HttpRequest) -> set[int]:
        """Decide the chosen requests, say what became of them; return those that were refused."""
        written = request.POST.getlist("chosen")[:KEYS_AT_MOST]
        keys = [int(key) for key in written if key.isascii() and key.isdecimal() and len(key) < 18]
        try:
            done, refused = acting.act_on_many(
                request.user, keys, request.POST.dict(), now=timezone.now()
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return set(keys)
        for sentence in refused.values():
            messages.error(request, sentence)
        if done:
            text = ngettext("%(count)d request decided.", "%(count)d requests decided.", done)
            messages.success(request, text % {"count": done})
        return set(refused)


def _ask(
    request: HttpRequest, employee_id: int, ask: Callable[..., HttpResponse], own: str
) -> HttpResponse:
    """Show a form about somebody whom the reader configures on that day. Raises Http404.

    About oneself one asks on one's own page, of which `own` is the name.
    """
    user: Any = request.user
    employee = Employee.objects.select_related("department").filter(pk=employee_id).first()
    if employee is None:
        raise Http404
    day = read_date(request.POST.get("work_date") or request.GET.get("day", ""))
    if not configures(user, employee, day or today_of(employee, timezone.now())):
        raise Http404
    if employee.user_id == user.pk:
        return redirect(f"{reverse(own)}?{request.GET.urlencode()}")
    frame = {
        **admin.site.each_context(request),
        "opts": Request._meta,
        "frame": "admin/approvals/request/ask.html",
        "person": employee,
    }
    return ask(request, behalf=views.Behalf(employee, "admin:approvals_request_change", frame))


def _narrowed(rows: QuerySet[Request], request: HttpRequest) -> QuerySet[Request]:
    """Return the rows that the filters of the inbox ask for."""
    kind, written = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:100]
    if kind in Request.Kind.values:
        rows = rows.filter(kind=kind)
    if written and "\x00" not in written:
        rows = rows.filter(employee__name__contains=written) | rows.filter(employee__number=written)
    if (day := read_date(request.GET.get("day", ""))) is not None:
        rows = rows.filter(work_date=day)
    return rows
