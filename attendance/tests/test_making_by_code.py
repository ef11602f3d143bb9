"""Codes of screens: living ones are good once for each person, printed ones need more beside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import travel

from attendance.evidence.demands import Demands
from attendance.evidence.screens import code_at
from attendance.models import Punch
from attendance.services.screens import address_at, evidence_screen
from attendance.tests.phone import SHANGHAI, Phone
from attendance.tests.test_making import NOW, agree, demand, draw_office, holds, told
from devices import screens
from devices.models import QrScreen
from organization.models import Employee
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

HOME = {**SHANGHAI, "latitude": 31.3418}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Alice's phone; her rule lets her punch by a code."""
    told()
    demand(cast, Demands(methods=frozenset({"qr"})))
    draw_office(cast)
    return carried_by(cast.alice)


@pytest.fixture
def screen(cast: Cast) -> QrScreen:
    """The screen at the office's door."""
    return screens.add_screen(
        name="Door", department=cast.unit, latitude=31.2304, longitude=121.4737,
        radius_metres=200, actor=None, now=NOW,
    )  # fmt: skip


def carried_by(employee: Employee) -> Phone:
    agree(employee)
    phone = Phone()
    phone.bind(employee, now=NOW - timedelta(days=30))
    return phone


def browser_of(employee: Employee) -> Client:
    assert employee.user is not None
    client = Client()
    client.force_login(employee.user)
    return client


def scan(phone: Phone, client: Client, code: str, **said: Any) -> Any:
    return phone.post(client, phone.say(**{"position": None, **said}, method="qr", code=code))


@pytest.mark.parametrize(
    ("age", "is_taken"),
    [
        pytest.param(0, True, id="IN-29"),
        pytest.param(29, True, id="IN-30"),
        pytest.param(30, False, id="IN-31"),
        pytest.param(31, False, id="IN-32"),
    ],
)
def test_s08_a_code_is_good_for_its_30_seconds(
    cast: Cast, phone: Phone, screen: QrScreen, age: int, is_taken: bool
) -> None:
    """S-08, S-11, IN-29 to IN-32: by the server's clock, whatever the phone says."""
    code = code_at(evidence_screen(screen), NOW)

    with travel(NOW + timedelta(seconds=age), tick=False):
        answer = scan(phone, browser_of(cast.alice), code, at=NOW.isoformat())

    if is_taken:
        assert (answer.status_code, answer.json()["outcome"]) == (201, "accepted")
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "qr_expired")
    assert Punch.objects.count() == is_taken


@pytest.mark.parametrize(
    ("ago", "why"),
    [(timedelta(hours=2), {"qr_not_yet"}), (timedelta(seconds=120), set())],
    ids=["long before the code was shown", "as far as the phone's clock may be off"],
)
def test_nobody_who_scans_at_eleven_was_there_at_nine(
    cast: Cast, phone: Phone, screen: QrScreen, ago: timedelta, why: set[str]
) -> None:
    """A code that is alive when it arrives was not scanned hours ago, whatever a phone says."""
    code = code_at(evidence_screen(screen), NOW)
    at, now = (NOW - ago).isoformat(), (NOW + timedelta(seconds=10))

    with travel(now, tick=False):
        answer = scan(
            phone, browser_of(cast.alice), code,
            at=at, sent_at=now.isoformat(), offline=True,
        )  # fmt: skip

    assert holds(answer) == why


def test_in33_a_forwarded_picture_of_a_code_is_held_by_where_it_is_used(
    cast: Cast, phone: Phone, screen: QrScreen
) -> None:
    """IN-33: 12 km from the display."""
    code = code_at(evidence_screen(screen), NOW)

    answer = scan(phone, browser_of(cast.alice), code, position=HOME)

    assert holds(answer) == {"outside_fence"}


def test_in34_a_code_of_another_unit_is_refused(cast: Cast, phone: Phone) -> None:
    """IN-34, S-09."""
    other = screens.add_screen(name="Far", department=cast.other_unit, actor=None, now=NOW)
    code = code_at(evidence_screen(other), NOW)

    answer = scan(phone, browser_of(cast.alice), code)

    assert (answer.status_code, answer.json()["code"]) == (422, "unit_mismatch")
    assert not Punch.objects.exists()


def test_s10_the_same_code_again_is_the_same_punch_for_one_person_only(
    cast: Cast, phone: Phone, screen: QrScreen
) -> None:
    """S-10: also from another phone of hers; for Bob the code is his own punch."""
    code = code_at(evidence_screen(screen), NOW)
    alice, bob = browser_of(cast.alice), browser_of(cast.bob)
    second, bobs = Phone(), carried_by(cast.bob)
    second.bind(cast.alice, now=NOW - timedelta(days=29))
    first = scan(phone, alice, code)
    again = scan(phone, alice, code)
    elsewhere = scan(second, alice, code)
    his = scan(bobs, bob, code)

    assert [one.status_code for one in (first, again, elsewhere, his)] == [201, 200, 200, 201]
    assert first.json()["id"] == again.json()["id"] == elsewhere.json()["id"]
    assert Punch.objects.count() == 2


def test_s12_a_revoked_screen_is_refused_at_once(
    cast: Cast, phone: Phone, screen: QrScreen
) -> None:
    """S-12."""
    code = code_at(evidence_screen(screen), NOW)
    screens.revoke(screen_id=screen.pk, actor=None, now=NOW)

    answer = scan(phone, browser_of(cast.alice), code)

    assert (answer.status_code, answer.json()["code"]) == (422, "screen_revoked")


def test_a_printed_code_counts_only_beside_a_place_and_more_than_once(
    cast: Cast, phone: Phone
) -> None:
    sheet = screens.add_screen(
        name="Sheet", department=cast.unit, kind="printed", actor=None, now=NOW
    )
    code = code_at(evidence_screen(sheet), NOW)
    client = browser_of(cast.alice)
    alone = scan(phone, client, code)
    there = scan(phone, client, code, position=SHANGHAI)

    assert holds(alone) == {"qr_printed"}
    assert (there.status_code, there.json()["outcome"]) == (201, "accepted")
    assert Punch.objects.count() == 2


def test_what_any_scanner_reads_is_the_same_code(
    cast: Cast, phone: Phone, screen: QrScreen
) -> None:
    address = address_at(evidence_screen(screen), NOW, origin="https://kaoqin.example")

    answer = scan(phone, browser_of(cast.alice), address)

    assert (answer.status_code, answer.json()["outcome"]) == (201, "accepted")


def test_a_forged_code_and_one_of_no_screen_are_one_answer(
    cast: Cast, phone: Phone, screen: QrScreen
) -> None:
    code = code_at(evidence_screen(screen), NOW)
    forged = code[:-1] + ("A" if code[-1] != "A" else "B")
    unknown = code.replace(screen.key, "nowhere")
    client = browser_of(cast.alice)

    answers = [scan(phone, client, text).json()["code"] for text in (forged, unknown, "x", "")]

    assert set(answers) == {"qr_invalid"}
