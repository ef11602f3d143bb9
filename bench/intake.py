"""Punches over HTTP, one a request and a hundred, beside a bare view on the same server.

Both run under gunicorn as it is served, and are asked by the same eight connections. Intake has
somebody logged in by token who configures the department; the bare view asks nobody.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from guardian.shortcuts import assign_perm

from attendance.models import Punch
from bench._bare import TABLE
from bench._company import hire_crowd, scratch_database
from organization import tokens
from organization.models import Department

PEOPLE: Final = 1_000
HISTORY: Final = 1_000_000
BATCH: Final = 100
CONNECTIONS: Final = 8
SECONDS: Final = 3.0
ROUNDS: Final = 3
_turns = count()


def measure() -> Iterator[Mapping[str, Any]]:
    """Yield requests per second, single and in batches, without history and with a million rows."""
    # The tables without their history.
    connection.settings_dict["TEST"]["MIGRATE"] = False
    with scratch_database():
        hire_crowd(PEOPLE)
        token = _log_in()
        with connection.cursor() as cursor:
            is_postgresql = connection.vendor == "postgresql"
            key = "bigserial PRIMARY KEY" if is_postgresql else "integer PRIMARY KEY"
            cursor.execute(TABLE.format(key=key))
        for history in (0, HISTORY):
            if history:
                fill_history(history, PEOPLE)
            with _server("config.settings") as ours, _server("bench._bare_settings") as bare:
                for size in (1, BATCH):
                    yield _compare(size, history, ours, bare, token)


def _compare(size: int, history: int, ours: int, bare: int, token: str) -> dict[str, Any]:
    """Return one line; the two servers take turns, and the median round counts."""
    for port in (ours, bare):
        _ask(port, token, size, seconds=0.5)
    mine, limit = [], []
    for _round in range(ROUNDS):
        limit.append(_ask(bare, token, size)[0])
        mine.append(_ask(ours, token, size)[0])
    middle = _ask(ours, token, size, seconds=1.0)[1]
    rate, bound = statistics.median(mine), statistics.median(limit)
    return {
        "what": "one punch a request" if size == 1 else f"{size} punches a request",
        "database": connection.vendor,
        "history": history,
        "requests_per_second": round(rate, 1),
        "punches_per_second": round(rate * size),
        "median_ms": round(middle * 1000, 1),
        "limit": round(bound, 1),
        "ratio": round(rate / bound, 2),
    }


def _log_in() -> str:
    user = get_user_model().objects.create_user("integration")
    assign_perm("organization.record", user, Department.objects.get(code="G"))
    return tokens.issue(user, name="bench", actor=None, now=timezone.now())[1]


def fill_history(rows: int, people: int) -> None:
    """Give a crowd of so many people, and nobody else, punches of the months before."""
    first = datetime.now(UTC) - timedelta(days=390)
    values = (
        "SELECT e.id, e.department_id, {at}, {at}, 'Asia/Shanghai', 'terminal', 'terminal', '', "
        "{no}, 'bench:' || n FROM (SELECT id, department_id, row_number() OVER (ORDER BY id) AS r "
        "FROM organization_employee) e JOIN ({numbers}) s ON s.n % {people} + 1 = e.r"
    )
    if connection.vendor == "postgresql":
        at, no = f"timestamptz '{first.isoformat()}' + n * interval '8 seconds'", "false"
        numbers = f"SELECT generate_series(1, {rows}) AS n"
    else:
        at, no = f"datetime('{first:%Y-%m-%d %H:%M:%S}', '+' || n * 8 || ' seconds')", "0"
        numbers = (
            "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k "
            f"WHERE n < {rows}) SELECT n FROM k"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO attendance_punch (employee_id, department_id, punched_at, received_at, "
            "zone, method, source, direction, is_held, natural_key) "
            + values.format(at=at, no=no, numbers=numbers, people=people)
        )
        cursor.execute("ANALYZE")
    assert Punch.objects.count() >= rows


# --- the servers -----------------------------------------------------------------------------


@contextmanager
def _server(module: str) -> Iterator[int]:
    """Serve with these settings on a free port; yield the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--log-level", "warning",
         "--bind", f"127.0.0.1:{port}", "--max-requests", "0", "config.wsgi"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": module,
            "DATABASE_URL": _database_url(),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "API_RATE": "1000000/s",
            "LOG_LEVEL": "WARNING",
        },
    )  # fmt: skip
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _database_url() -> str:
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    password = f":{quote(config['PASSWORD'], safe='')}" if config["PASSWORD"] else ""
    user = f"{quote(config['USER'], safe='')}{password}@" if config["USER"] else ""
    port = f":{config['PORT']}" if config["PORT"] else ""
    return f"postgresql://{user}{config['HOST']}{port}/{quote(config['NAME'], safe='')}"


# --- the client ------------------------------------------------------------------------------


def _ask(port: int, token: str, size: int, seconds: float = SECONDS) -> tuple[float, float]:
    """Post new punches over eight connections; return requests per second and the median time."""
    times: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_post, args=(port, token, size, until, own)) for own in times
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [one for own in times for one in own]
    assert took
    return len(took) / (time.perf_counter() - began), statistics.median(took)


def _post(port: int, token: str, size: int, until: float, times: list[float]) -> None:
    to = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    last = datetime.now(UTC)
    while (began := time.perf_counter()) < until:
        rows = []
        for _row in range(size):
            turn = next(_turns)
            at = last - timedelta(seconds=turn // PEOPLE * 61 + turn % 60)
            rows.append({"employee": f"{turn % PEOPLE:06}", "at": at.isoformat(), "method": "face"})
        body = json.dumps({"punches": rows} if size > 1 else rows[0])
        to.request("POST", "/api/v1/punches", body, headers)
        answer = to.getresponse()
        said = json.loads(answer.read())
        assert answer.status == 201, said
        assert size == 1 or said["created"] == size, said
        times.append(time.perf_counter() - began)
    to.close()
