"""Employees and departments for other programs: read only, behind the same door as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, viewsets

from organization.models import Department, Employee
from organization.services import zone_names


class DepartmentSerializer(serializers.ModelSerializer[Department]):
    """A department; `timezone` is the one that holds there, inherited or its own."""

    parent = serializers.SlugRelatedField(slug_field="code", read_only=True)
    head = serializers.SlugRelatedField(slug_field="number", read_only=True)
    timezone = serializers.SerializerMethodField()

    class Meta:
        model = Department
        fields = ("id", "code", "name", "parent", "is_unit", "timezone", "head")

    def get_timezone(self, row: Department) -> str:
        """Return the IANA name of the zone."""
        return str(self.context["zones"][row.pk])


class EmployeeSerializer(serializers.ModelSerializer[Employee]):
    """A person, named by number; departments and positions are named by code."""

    department = serializers.SlugRelatedField(slug_field="code", read_only=True)
    position = serializers.SlugRelatedField(slug_field="code", read_only=True)
    supervisor = serializers.SlugRelatedField(slug_field="number", read_only=True)

    class Meta:
        model = Employee
        fields = (
            "id",
            "number",
            "name",
            "department",
            "position",
            "supervisor",
            "joined_on",
            "left_on",
        )


class DepartmentViewSet(viewsets.ReadOnlyModelViewSet[Department]):
    """The departments that the caller may see."""

    queryset = Department.objects.none()
    serializer_class = DepartmentSerializer

    def get_queryset(self) -> QuerySet[Department]:
        """Return the departments that the caller may see."""
        rows = Department.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        return rows.select_related("parent", "head")

    def get_serializer_context(self) -> dict[str, Any]:
        """Add the zones, read once for the page."""
        return {**super().get_serializer_context(), "zones": zone_names()}


class EmployeeViewSet(viewsets.ReadOnlyModelViewSet[Employee]):
    """The people whom the caller may see; `?number=` and `?department=` (a code) narrow it."""

    queryset = Employee.objects.none()
    serializer_class = EmployeeSerializer

    def get_queryset(self) -> QuerySet[Employee]:
        """Return the people whom the caller may see."""
        rows = Employee.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        asked = self.request.query_params
        if number := asked.get("number"):
            rows = rows.filter(number=number)
        if code := asked.get("department"):
            paths = Department.objects.filter(code=code).values_list("path", flat=True)[:1]
            rows = rows.filter(department__path__startswith=paths)
        return rows.select_related("department", "position", "supervisor")
