"""The console's sidebar, in the order of work. A page that nobody registered is left out."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy


class Link(NamedTuple):
    """A line of the sidebar: its words, its icon, its page (a URL name below `admin:`)."""

    title: str | Promise
    icon: str
    page: str
    # "app.model" whose page decides who sees the line; empty for pages that everybody has.
    model: str = ""


class Group(NamedTuple):
    """Lines that belong together, under a title."""

    title: str | Promise
    links: tuple[Link, ...]


SIDEBAR: Final = (
    Group(
        _("Work"),
        (
            Link(_("Today"), "today", "index"),
            Link(
                _("Month"),
                "calendar_month",
                "attendance_attendanceday_month",
                "attendance.attendanceday",
            ),
            Link(
                _("Days"),
                "event_available",
                "attendance_attendanceday_changelist",
                "attendance.attendanceday",
            ),
            Link(_("Punches"), "touch_app", "attendance_punch_changelist", "attendance.punch"),
        ),
    ),
    Group(
        _("People"),
        (
            Link(
                _("Employees"),
                "badge",
                "organization_employee_changelist",
                "organization.employee",
            ),
            Link(
                _("Departments"),
                "account_tree",
                "organization_department_changelist",
                "organization.department",
            ),
            Link(
                _("Positions"),
                "work",
                "organization_position_changelist",
                "organization.position",
            ),
        ),
    ),
    Group(
        _("What is expected"),
        (
            Link(
                _("Rosters"),
                "grid_on",
                "scheduling_rosterentry_changelist",
                "scheduling.rosterentry",
            ),
            Link(_("Shifts"), "schedule", "scheduling_shift_changelist", "scheduling.shift"),
            Link(
                _("Rotations"),
                "autorenew",
                "scheduling_rotation_changelist",
                "scheduling.rotation",
            ),
            Link(
                _("Calendar"),
                "event",
                "scheduling_calendarday_changelist",
                "scheduling.calendarday",
            ),
            Link(
                _("Rules"),
                "rule",
                "attendance_attendancerule_changelist",
                "attendance.attendancerule",
            ),
        ),
    ),
    Group(
        _("Administration"),
        (
            Link(_("Terminals"), "sensors", "devices_terminal_changelist", "devices.terminal"),
            Link(_("Users"), "person", "organization_user_changelist", "organization.user"),
            Link(
                _("Audit log"),
                "history",
                "organization_auditentry_changelist",
                "organization.auditentry",
            ),
        ),
    ),
)


# Pages that libraries bring and that would mislead: rights hang on departments, not on groups, and
# a list of tokens would show what opens the interface for programs.
TAKEN_DOWN: Final = (PermissionGroup, TokenProxy)


def open_console() -> None:
    """Name the front page and take down the pages that libraries bring along."""
    admin.site.index_title = _("Today")
    for model in TAKEN_DOWN:
        if admin.site.is_registered(model):
            admin.site.unregister(model)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar of the person who asks: the lines whose pages they may open."""
    groups = (
        {"title": group.title, "separator": True, "items": list(_lines(group, request))}
        for group in SIDEBAR
    )
    return [group for group in groups if group["items"]]


def _lines(group: Group, request: HttpRequest) -> Iterator[dict[str, Any]]:
    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    for link in group.links:
        page = pages.get(link.model)
        if link.model and (page is None or not page.has_view_permission(request)):
            continue
        try:
            address = reverse(f"admin:{link.page}")
        except NoReverseMatch:
            continue
        yield {"title": link.title, "icon": link.icon, "link": address}


def favicon(request: HttpRequest) -> str:
    """Return the address of the mark in the browser's tab."""
    return static("kaoqin/favicon.svg")


def own_style(request: HttpRequest) -> str:
    """Return the address of the sheet that `make` builds from frontend/src."""
    return static("dist/console.css")
