"""The doors: the console, the interface for programs, and two questions of whoever watches."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from approvals.api import FlowRequestView, FlowView
from attendance import punch_page, screen_views
from attendance.api import PunchesView
from attendance.punch_api import LocationView
from config import account, api, doors, health
from organization.api import DepartmentViewSet, EmployeeViewSet
from reports import views as reports
from reports.api import TotalsView
from scheduling.api import AssignmentViewSet, ShiftViewSet

# Registered here and not in config/api.py: views ask the settings for their pages, which are there.
api.router.register("departments", DepartmentViewSet, "department")
api.router.register("employees", EmployeeViewSet, "employee")
api.router.register("shifts", ShiftViewSet, "shift")
api.router.register("shift-assignments", AssignmentViewSet, "shift-assignment")

urlpatterns = [
    path("", doors.home, name="home"),
    path("login/", doors.log_in, name="login"),
    path("login/code/", doors.code, name="login-code"),
    path("logout/", doors.log_out, name="logout"),
    path("account/", account.account, name="account"),
    path("account/password/", account.Password.as_view(), name="account-password"),
    path("account/second-factor/", account.Factor.as_view(), name="account-factor"),
    path("account/language/", account.language, name="account-language"),
    path("account/sessions/end/", account.end_sessions, name="account-sessions"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="account-token"),
    # The console's own doors lead to the one door that there is.
    path("admin/login/", doors.console_log_in),
    path("admin/logout/", doors.log_out),
    path("admin/password_change/", doors.console_password),
    path("admin/totals/", admin.site.admin_view(reports.page), name="totals"),
    path("admin/totals/export/", admin.site.admin_view(reports.export), name="totals-export"),
    # The theme brings a search of its own, which no page shows.
    path("admin/search/", admin.site.admin_view(doors.nowhere)),
    path("admin/", admin.site.urls),
    # Before the days of a person, whose address is any word.
    path("me/", include("approvals.urls")),
    path("me/", include("attendance.urls")),
    path("punch/", punch_page.page, name="punch"),
    path("punch/shell/", punch_page.shell, name="punch-shell"),
    path("punch/manifest.webmanifest", punch_page.manifest, name="punch-manifest"),
    path("punch/bridge/", punch_page.bridge, name="punch-bridge"),
    # From the root, so that it may serve every page.
    path("sw.js", punch_page.worker, name="punch-worker"),
    path("punch/", include("attendance.punch_urls")),
    path("screen/", screen_views.pairing, name="screen-pairing"),
    path("screen/<slug:key>/", screen_views.wall, name="screen"),
    path("screen/<slug:key>/code/", screen_views.wall_code, name="screen-code"),
    path("i18n/", include("django.conf.urls.i18n")),
    # With and without the slash: a redirect would lose what was posted.
    re_path("^api/v1/punches/?$", PunchesView.as_view(), name="punches"),
    re_path("^api/v1/user/location/?$", LocationView.as_view(), name="user-location"),
    re_path("^api/v1/approval/flow/?$", FlowView.as_view(), name="approval-flow"),
    re_path(
        "^api/v1/approval/flow/(?P<request_id>[0-9]{1,18})/?$",
        FlowRequestView.as_view(),
        name="approval",
    ),
    re_path("^api/v1/totals/?$", TotalsView.as_view(), name="totals-api"),
    path("api/v1/", include(api.router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html"),
        name="api-docs",
    ),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.permission_denied"
handler404 = "config.error_pages.page_not_found"
handler500 = "config.error_pages.server_error"
