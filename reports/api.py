"""Totals for other programs: the lines of the page, behind the same door."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.timezone import localdate
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.columns import numbers_of
from reports.period import OddPeriod, read_span
from reports.totals import Kind, Line, chosen, read_totals


class LineSerializer(serializers.Serializer):
    """A line of totals. Where fewer than five people hide it, every number is null.

    With `leaves_out`, no total holds some days of people, for the same reason.
    """

    kind = serializers.ChoiceField([kind.value for kind in Kind])
    department = serializers.CharField(source="department.code")
    name = serializers.CharField(source="department.name")
    level = serializers.IntegerField(source="depth")
    is_hidden = serializers.BooleanField()
    leaves_out = serializers.BooleanField()
    people = serializers.IntegerField(allow_null=True)
    due_days = serializers.IntegerField(allow_null=True)
    worked_days = serializers.FloatField(allow_null=True)
    attendance_rate = serializers.FloatField(allow_null=True)
    late_count = serializers.IntegerField(allow_null=True)
    late_minutes = serializers.IntegerField(allow_null=True)
    early_count = serializers.IntegerField(allow_null=True)
    early_minutes = serializers.IntegerField(allow_null=True)
    missing_punches = serializers.IntegerField(allow_null=True)
    absent_days = serializers.FloatField(allow_null=True)
    leave_days = serializers.FloatField(allow_null=True)
    overtime_minutes = serializers.IntegerField(allow_null=True)


class TotalsSerializer(serializers.Serializer):
    """The totals of a period, of a department and of what it falls into."""

    first = serializers.DateField()
    last = serializers.DateField()
    counted_until = serializers.DateField()
    department = serializers.CharField(allow_null=True)
    is_waiting = serializers.BooleanField()
    total = LineSerializer(allow_null=True)
    lines = LineSerializer(many=True)


def _parameter(name: str, kind: Any, says: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=says, **more)


class TotalsView(APIView):
    """Totals of days by department, without anybody's details."""

    @extend_schema(
        parameters=[
            _parameter("department", OpenApiTypes.STR, "Code; empty: the topmost."),
            _parameter("month", OpenApiTypes.STR, "2026-03: the period that ends in that month."),
            _parameter("first", OpenApiTypes.DATE, "With `last`, instead of a month."),
            _parameter("last", OpenApiTypes.DATE, "Inclusive, at most 366 days from `first`."),
            _parameter("levels", OpenApiTypes.STR, "How deep.", enum=["one", "all"]),
        ],
        responses=TotalsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the totals that the caller may see; null where fewer than five people are."""
        asked = request.query_params.dict()
        if asked.get("levels", "one") not in {"one", "all"}:
            raise ValidationError({"levels": [f"{asked['levels'][:20]}: write one or all."]})
        department = chosen(request.user, asked.get("department", ""))
        try:
            span = read_span(asked, department, localdate())
        except OddPeriod as odd:
            raise ValidationError({str(odd.facts["field"]): [str(odd)]}) from odd
        totals = read_totals(
            request.user,
            span,
            department=department,
            all_levels=asked.get("levels") == "all",
            today=localdate(),
            now=timezone.now(),
        )
        return Response(
            {
                "first": span.first,
                "last": span.last,
                "counted_until": totals.until,
                "department": totals.department.code if totals.department else None,
                "is_waiting": totals.is_waiting,
                "total": _told(totals.total) if totals.total else None,
                "lines": [_told(line) for line in totals.lines],
            }
        )


def _told(line: Line) -> dict[str, Any]:
    numbers = {
        key: number if number is None or isinstance(number, int) else float(number)
        for key, number in numbers_of(line).items()
    }
    return {
        "kind": line.kind.value,
        "department": line.department.code,
        "name": line.department.name,
        "level": line.depth,
        "is_hidden": line.is_hidden,
        "leaves_out": line.leaves_out,
        **numbers,
    }
