"""The doors: the console, the interface for programs, and two questions of whoever watches."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from attendance.api import PunchesView
from config import api, doors, health
from organization.api import DepartmentViewSet, EmployeeViewSet
from scheduling.api import AssignmentViewSet, ShiftViewSet

# Registered here and not in config/api.py: views ask the settings for their pages, which are there.
api.router.register("departments", DepartmentViewSet, "department")
api.router.register("employees", EmployeeViewSet, "employee")
api.router.register("shifts", ShiftViewSet, "shift")
api.router.register("shift-assignments", AssignmentViewSet, "shift-assignment")

urlpatterns = [
    path("", doors.home, name="home"),
    path("login/", doors.log_in, name="login"),
    path("logout/", doors.log_out, name="logout"),
    path("admin/", admin.site.urls),
    path("me/", include("attendance.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    # With and without the slash: a redirect would lose what was posted.
    re_path("^api/v1/punches/?$", PunchesView.as_view(), name="punches"),
    path("api/v1/", include(api.router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
