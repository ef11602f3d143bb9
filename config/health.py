"""Two questions of whoever watches the service: does it live, and can it work?"""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from config.celery import app
from organization.seals import watching


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that this process lives, and ask nobody else: a broken database restarts nothing."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database and the broker answer, and 503 with their names otherwise.

    `seals` says whether the watch over them found something; it does not change the status.
    """
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    told = {name: "ok" if fine else "unreachable" for name, fine in parts.items()}
    # A warning: with a broken seal everything works, and somebody must look.
    if parts["database"]:
        told["seals"] = "broken" if watching.problem() else "ok"
    return JsonResponse(told, status=200 if all(parts.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_connect_timeout": 2}
    with app.connection_for_write(transport_options=options) as broker:
        try:
            broker.ensure_connection(max_retries=1, timeout=2)
        except (OperationalError, OSError):
            return False
    return True
