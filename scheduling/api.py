"""Shifts and who works them, for programs to read."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.viewsets import ReadOnlyModelViewSet

from scheduling.models import Shift, ShiftAssignment, ShiftVersion


class ShiftVersionSerializer(serializers.ModelSerializer[ShiftVersion]):
    """What a shift says from a date on; times are minutes from 00:00 of the work date."""

    class Meta:
        model = ShiftVersion
        fields = ("valid_from", "pattern", "opens_minute", "closes_minute")


class ShiftSerializer(serializers.ModelSerializer[Shift]):
    """A shift with all its versions, the oldest first."""

    department = serializers.SlugRelatedField("code", read_only=True)  # type: ignore[var-annotated]
    versions = ShiftVersionSerializer(many=True, read_only=True)

    class Meta:
        model = Shift
        fields = ("id", "code", "name", "department", "color", "is_active", "versions")


class AssignmentSerializer(serializers.ModelSerializer[ShiftAssignment]):
    """From a date on, a department (code), a position (code) or a person (number) works this."""

    department = serializers.SlugRelatedField("code", read_only=True)  # type: ignore[var-annotated]
    position = serializers.SlugRelatedField("code", read_only=True)  # type: ignore[var-annotated]
    employee = serializers.SlugRelatedField("number", read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = ShiftAssignment
        fields = (
            "id",
            "department",
            "position",
            "employee",
            "shift",
            "rotation",
            "weekdays",
            "starts_on",
            "ends_on",
        )


class ShiftViewSet(ReadOnlyModelViewSet[Shift]):
    """The shifts that the caller may see."""

    serializer_class = ShiftSerializer
    queryset = Shift.objects.none()

    def get_queryset(self) -> QuerySet[Shift]:
        """Return the visible shifts; `code` narrows them down."""
        rows = Shift.objects.visible_to(self.request.user)
        code = self.request.query_params.get("code")
        if code:
            rows = rows.filter(code=code)
        return rows.select_related("department").prefetch_related("versions")

    @extend_schema(parameters=[OpenApiParameter("code", str)])
    def list(self, request: Any, *args: Any, **options: Any) -> Any:
        """List shifts."""
        return super().list(request, *args, **options)


class AssignmentViewSet(ReadOnlyModelViewSet[ShiftAssignment]):
    """The assignments that the caller may see."""

    serializer_class = AssignmentSerializer
    queryset = ShiftAssignment.objects.none()

    def get_queryset(self) -> QuerySet[ShiftAssignment]:
        """Return the visible assignments; `on` keeps those in force on a date."""
        rows = ShiftAssignment.objects.visible_to(self.request.user)
        on = self.request.query_params.get("on")
        if on:
            day = _date(on)
            rows = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)
        return rows.select_related("department", "position", "employee")

    @extend_schema(parameters=[OpenApiParameter("on", date)])
    def list(self, request: Any, *args: Any, **options: Any) -> Any:
        """List assignments."""
        return super().list(request, *args, **options)


def _date(text: str) -> date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise ValidationError(
            {"on": [_("“%(value)s” is not a date like 2026-03-01.") % {"value": text}]}
        )
    return day
