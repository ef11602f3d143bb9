"""Many hands at the same moment: one claim stays one punch, two people stay two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from attendance.evidence.demands import Demands
from attendance.evidence.screens import code_at
from attendance.models import Punch, PunchCheck
from attendance.services.checking import record_vouched
from attendance.services.keeping import NewPunch
from attendance.services.screens import evidence_screen
from attendance.tests.phone import Phone
from attendance.tests.test_making import agree, demand, draw_office, told
from devices import screens
from organization.models import Employee
from tests.cast import Cast, play

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def ready(methods: set[str]) -> Cast:
    cast = play()
    told()
    demand(cast, Demands(methods=frozenset(methods)))
    draw_office(cast)
    return cast


def carried_by(employee: Employee) -> tuple[Phone, Client]:
    agree(employee)
    phone, client = Phone(), Client()
    phone.bind(employee, now=timezone.now() - timedelta(days=30))
    assert employee.user is not None
    client.force_login(employee.user)
    return phone, client


def all_at_once(posts: list[Any]) -> list[int]:
    """Send everything at the same time; return the states of the answers."""

    def send(post: Any) -> int:
        try:
            return int(post().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(posts)) as pool:
        return sorted(pool.map(send, posts))


def copy_of(client: Client) -> Client:
    """Return another window of the same browser: a test client is not made for threads."""
    other = Client()
    other.cookies = client.cookies
    return other


def test_in25_fifty_hands_with_one_claim_make_one_punch() -> None:
    """IN-25, R-1."""
    cast = ready({"location"})
    phone, client = carried_by(cast.alice)
    said = phone.say()
    posts = [partial(phone.post, copy_of(client), said) for _n in range(THREADS)]

    states = all_at_once(posts)

    assert Punch.objects.count() == PunchCheck.objects.count() == 1
    assert states == [200] * (THREADS - 1) + [201]


def test_in02_the_same_second_of_two_people_is_two_punches() -> None:
    """IN-02, with one code on one screen."""
    cast = ready({"qr"})
    now = timezone.now()
    screen = screens.add_screen(name="Door", department=cast.unit, actor=None, now=now)
    code = code_at(evidence_screen(screen), now)
    posts = []
    for person in (cast.alice, cast.bob):
        phone, client = carried_by(person)
        posts += [
            partial(phone.post, copy_of(client), phone.say(method="qr", code=code, position=None))
            for _n in range(5)
        ]

    states = all_at_once(posts)

    assert Punch.objects.count() == 2
    assert states == [200] * 8 + [201] * 2


@pytest.mark.needs_postgres
def test_f11_a_phone_and_a_terminal_of_one_person_do_not_block_each_other() -> None:
    """F-11: what a terminal reports stands in an open transaction while the phone punches."""
    cast = ready({"location"})
    phone, client = carried_by(cast.alice)
    second = int(timezone.now().timestamp())
    seen = NewPunch(
        employee_id=cast.alice.pk,
        department_id=cast.department.pk,
        second=second,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.TERMINAL,
        natural_key=f"clock:{cast.alice.pk}:{second}",
    )

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            record_vouched([seen], now=timezone.now())
            punching = pool.submit(all_at_once, [partial(phone.post, client, phone.say())])
            # Long enough for the phone to hold what it locks, and to wait for the terminal's row.
            wait([punching], timeout=2)
        states = punching.result(timeout=30)

    assert states == [201]
    assert set(Punch.objects.values_list("source", flat=True)) == {
        Punch.Source.PHONE,
        Punch.Source.TERMINAL,
    }
