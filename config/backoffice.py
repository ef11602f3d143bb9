"""The console's sidebar, in the order of work. A page that nobody registered is left out."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import Group as PermissionGroup
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.cards import waiting_for
from organization.access import Action, granted_paths
from organization.models import User
from organization.seals import watching

COUNTED_TO: Final = 99


def to_decide(user: User | AnonymousUser, now: datetime) -> int:
    """Return how many requests wait for somebody: one query, and no further than is shown."""
    return waiting_for(user, now=now, at_most=COUNTED_TO + 1) if isinstance(user, User) else 0


class Link(NamedTuple):
    """A line of the sidebar.

    It is there for whoever may see the list of `model`, and for whoever may `act` somewhere;
    with neither, for everybody.
    """

    title: str | Promise
    icon: str
    model: str = ""
    # The name of an address; empty: the list of the model.
    page: str = ""
    act: Action | None = None
    # What waits there for whoever reads; every page of the console asks, so it has to be cheap.
    waits: Callable[[User | AnonymousUser, datetime], int] | None = None


class Group(NamedTuple):
    """Lines that belong together, under a title."""

    title: str | Promise
    links: tuple[Link, ...]


SIDEBAR: Final = (
    Group(
        _("Work"),
        (
            Link(_("Today"), "today", page="admin:index"),
            Link(
                pgettext_lazy("page", "Month"),
                "calendar_month",
                "attendance.attendanceday",
                "admin:attendance_month",
            ),
            Link(
                _("To decide"),
                "inbox",
                "approvals.request",
                "admin:approvals_inbox",
                waits=to_decide,
            ),
            Link(_("Requests"), "assignment", "approvals.request"),
            Link(_("Notifications"), "notifications", page="approvals:notifications"),
            Link(pgettext_lazy("page", "Days"), "event_available", "attendance.attendanceday"),
            Link(_("Punches"), "touch_app", "attendance.punch"),
            Link(_("Position reports"), "share_location", "attendance.positionreport"),
            Link(_("Corrections"), "edit_calendar", "attendance.correction"),
            Link(_("Absences"), "beach_access", "attendance.absence"),
            Link(_("Offline claims"), "flight_takeoff", "attendance.offlineclaim"),
            Link(_("Approved overtime"), "more_time", "attendance.overtimeapproval"),
            Link(_("Deputies"), "supervisor_account", "approvals.delegation"),
            Link(_("Totals"), "functions", page="totals", act=Action.SUMMARISE),
            Link(_("Periods"), "lock_clock", "attendance.attendanceperiod"),
            Link(_("Closings"), "inventory_2", "attendance.periodclosing"),
            Link(_("Adjustments"), "difference", "attendance.adjustment"),
        ),
    ),
    Group(
        _("People"),
        (
            Link(_("Employees"), "badge", "organization.employee"),
            Link(_("Departments"), "account_tree", "organization.department"),
            Link(_("Positions"), "work", "organization.position"),
        ),
    ),
    Group(
        _("What is expected"),
        (
            Link(_("Rosters"), "grid_on", "scheduling.rosterentry"),
            Link(_("Roster imports"), "upload_file", "scheduling.rosterbatch"),
            Link(_("Shift codes"), "key", "scheduling.shiftcode"),
            Link(_("Shifts"), "schedule", "scheduling.shift"),
            Link(_("Rotations"), "autorenew", "scheduling.rotation"),
            Link(_("Assignments"), "assignment_ind", "scheduling.shiftassignment"),
            Link(_("Calendar"), "event", "scheduling.calendarday"),
            Link(_("Calendar sources"), "cloud_download", "scheduling.calendarsource"),
            Link(_("Rules"), "rule", "attendance.attendancerule"),
            Link(_("Geofences"), "fence", "attendance.geofence"),
            Link(_("Notices"), "campaign", "attendance.notice"),
            Link(_("Consents"), "how_to_reg", "attendance.consent"),
            Link(_("Approval matrix"), "account_tree", "approvals.approvalrule"),
            Link(_("Group robots"), "smart_toy", "approvals.grouprobot"),
            Link(_("Leave allowances"), "event_seat", "approvals.allowance"),
        ),
    ),
    Group(
        _("Administration"),
        (
            Link(_("Waiting work"), "hourglass_empty", "attendance.waitingday"),
            Link(_("Terminals"), "sensors", "devices.terminal"),
            Link(_("Log uploads"), "upload", "devices.terminalupload"),
            Link(_("Terminal lines"), "list_alt", "devices.terminalline"),
            Link(_("Credentials"), "fingerprint", "devices.credential"),
            Link(_("Access points"), "wifi", "devices.accesspoint"),
            Link(_("Wi-Fi controllers"), "router", "devices.wificontroller"),
            Link(_("Phone addresses"), "smartphone", "devices.phoneaddress"),
            Link(_("QR screens"), "qr_code_2", "devices.qrscreen"),
            Link(_("Who may do what"), "admin_panel_settings", "organization.roleassignment"),
            Link(_("Roles"), "verified_user", "organization.role"),
            Link(_("Log-ins"), "person", "organization.user"),
            Link(_("Flights"), "flight", "attendance.flight"),
            Link(_("Failed log-ins"), "lock_person", "axes.accessattempt"),
            Link(_("Audit log"), "history", "organization.auditentry"),
            Link(_("Legal holds"), "gavel", "organization.legalhold"),
            Link(_("Retention"), "auto_delete", "organization.retentionrun"),
            Link(_("Seals"), "verified_user", "organization.seal"),
        ),
    ),
)


# A page that a library brings and that would mislead: rights hang on departments, not on groups.
TAKEN_DOWN: Final = (PermissionGroup,)


def open_console() -> None:
    """Name the front page and take down the pages that libraries bring along."""
    admin.site.index_title = _("Today")
    # Rows go by a service of their own. A page where they may go in bulk names the action.
    admin.site.disable_action("delete_selected")
    for model in TAKEN_DOWN:
        if admin.site.is_registered(model):
            admin.site.unregister(model)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar of the person who asks: the lines whose pages they may open."""
    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    groups: list[dict[str, Any]] = [
        {"title": group.title, "separator": True, "items": list(_lines(group, pages, request))}
        for group in SIDEBAR
    ]
    shown = [group for group in groups if group["items"]]
    # The month lies below the days: only the line that names most of the address is the one.
    here = max(
        (line["link"] for group in shown for line in group["items"]),
        key=lambda link: len(link) if request.path.startswith(link) else 0,
        default="",
    )
    for group in shown:
        for line in group["items"]:
            line["active"] = line["link"] == here and request.path.startswith(here)
    for group in shown[:1]:
        group["separator"] = False
    return shown


def _lines(
    group: Group, pages: dict[str, admin.ModelAdmin], request: HttpRequest
) -> Iterator[dict[str, Any]]:
    for link in group.links:
        page = pages.get(link.model)
        if link.model and (page is None or not page.has_view_permission(request)):
            continue
        if link.act is not None and granted_paths(request.user, link.act) == ():
            continue
        try:
            address = reverse(link.page or f"admin:{_list_of(link.model)}")
        except NoReverseMatch:
            continue
        line: dict[str, Any] = {"title": link.title, "icon": link.icon, "link": address}
        if link.waits is not None and (number := link.waits(request.user, timezone.now())):
            line["badge"] = str(number) if number <= COUNTED_TO else f"{COUNTED_TO}+"
            line["badge_variant"] = "primary"
        yield line


def _list_of(model: str) -> str:
    return f"{model.replace('.', '_')}_changelist"


def alarm(request: HttpRequest) -> list[Any] | None:
    """Return the mark beside the title, for administrators, while the seals are broken."""
    user = request.user
    if not (user.is_authenticated and user.is_superuser) or watching.problem() is None:
        return None
    return [_("Seals broken"), "danger"]


def favicon(request: HttpRequest) -> str:
    """Return the address of the mark in the browser's tab."""
    return static("kaoqin/favicon.svg")


def own_style(request: HttpRequest) -> str:
    """Return the address of the sheet that `make` builds from frontend/src."""
    return static("dist/console.css")


def own_script(request: HttpRequest) -> str:
    """Return the address of the script that holds the theme's tools to our policy of content."""
    return static("kaoqin/tools.js")


def no_colors(request: HttpRequest) -> dict[str, str]:
    """Return nothing: a style that stands in the page would be refused by the browser."""
    return {}
