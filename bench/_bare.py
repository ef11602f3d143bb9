"""A bare view of the framework with one INSERT: no log-in, no checks, no zones, no waiting days."""

from typing import Any, Final

from django.db import connection
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

TABLE: Final = (
    "CREATE TABLE bench_bare (id {key}, employee_id bigint, department_id bigint, "
    "punched_at varchar(32), received_at varchar(32), zone varchar(64), method varchar(12), "
    "natural_key varchar(160) UNIQUE)"
)
_INSERT: Final = (
    "INSERT INTO bench_bare (employee_id, department_id, punched_at, received_at, zone, method, "
    "natural_key) VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


class BareView(APIView):
    """Insert what is posted."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def post(self, request: Any) -> Response:
        """Insert one row, or as many as there are."""
        data = request.data
        rows = data.get("punches", [data])
        values = [
            (1, 1, row["at"], row["at"], "Asia/Shanghai", row["method"],
             f"{row['employee']}:{row['at']}")
            for row in rows
        ]  # fmt: skip
        with connection.cursor() as cursor:
            if len(values) == 1:
                cursor.execute(_INSERT, values[0])
            else:
                cursor.executemany(_INSERT, values)
        return Response({"created": len(values)}, 201)


urlpatterns = [path("api/v1/punches", BareView.as_view())]
