"""Punches are kept while other parts fail: a killed server, no broker, a check that breaks.

R-3, F-06, P-09 and A-28 of the security notes.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from guardian.shortcuts import assign_perm

from attendance.models import IdempotentAnswer, Punch, WaitingDay
from attendance.services import days
from conftest import ROOT, database_url
from organization import services as people
from organization import tokens
from organization.models import Employee, User

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@contextmanager
def web_server(folder: Path, **environment: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """Run the web server on the test's database; yield its port, and how to kill it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=ROOT,
        env={
            **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PORT": str(port),
            "DATABASE_URL": database_url(), "VAR_DIR": str(folder), "WEB_WORKERS": "1",
            "SECRET_KEY": settings.SECRET_KEY, "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "SEAL_KEYS": ",".join(settings.SEAL_KEYS), **environment,
        },
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip

    def kill() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    try:
        wait_until(lambda: status_of(port, "/healthz") == 200)
        yield port, kill
    finally:
        kill()


def wait_until(fact: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.02)


def status_of(port: int, where: str) -> int:
    try:
        return ask(port, "GET", where)[0]
    except OSError:
        return 0


def ask(port: int, method: str, where: str, key: str = "", body: Any = None) -> tuple[int, Any]:
    connection = send(port, method, where, key, body)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text


def send(port: int, method: str, where: str, key: str, body: Any) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "night-1"}
    if key:
        headers["Authorization"] = f"Token {key}"
    connection.request(method, where, json.dumps(body) if body else None, headers)
    return connection


@pytest.fixture
def alice(transactional_db: None) -> Employee:
    now = timezone.now()
    office = people.add_department(name="Office", code="O", parent=None, now=now)
    return people.hire(
        number="1001", name="Alice", department=office, joined_on=timezone.localdate(), now=now
    )


@pytest.fixture
def key(alice: Employee) -> str:
    gate = User.objects.create_user("gate", is_program=True)
    assign_perm("organization.record", gate, alice.department)
    return tokens.issue(gate, name="gate", actor=None, now=timezone.now())[1]


def test_r3_a_server_killed_before_it_was_heard_has_kept_one_punch(
    alice: Employee, key: str, tmp_path: Path
) -> None:
    """R-3, F-08: the retry hears what was stored, from another process."""
    at = timezone.now().isoformat()
    punch = {"punches": [{"employee": "1001", "at": at, "method": "card"}]}
    with web_server(tmp_path) as (port, kill):
        connection = send(port, "POST", "/api/v1/punches", key, punch)
        wait_until(Punch.objects.exists)
        kill()
        connection.close()
    [kept] = Punch.objects.all()
    answers = list(IdempotentAnswer.objects.values_list("status", flat=True))

    with web_server(tmp_path) as (port, _kill):
        status, told = ask(port, "POST", "/api/v1/punches", key, punch)
        again = ask(port, "POST", "/api/v1/punches", key, punch)

    # The punch and the answer are one transaction: there is no time between them.
    assert answers == [201]
    assert (status, told["created"], told["results"][0]["id"]) == (201, 1, kept.pk)
    assert again == (status, told)
    assert Punch.objects.count() == 1
    assert WaitingDay.objects.filter(employee=alice).exists()


def test_a28_without_a_broker_punches_are_kept_and_wait(
    alice: Employee, key: str, tmp_path: Path
) -> None:
    """A-28, P-09, F-06: nothing of record waits for Redis, and nobody is told that all is well."""
    punch = {"employee": "1001", "at": timezone.now().isoformat(), "method": "card"}
    with web_server(tmp_path, REDIS_URL=NOBODY_LISTENS) as (port, _kill):
        status, _told = ask(port, "POST", "/api/v1/punches", key, punch)
        ready = ask(port, "GET", "/readyz")
        lives = ask(port, "GET", "/healthz")

    assert status == 201
    assert Punch.objects.get().employee == alice
    assert (ready[0], ready[1]["broker"]) == (503, "unreachable")
    assert lives[0] == 200
    waiting = WaitingDay.objects.filter(employee=alice)
    assert waiting.exists()
    days.take_in_changes(now=timezone.now())
    assert days.judge_all(now=timezone.now()) > 0
