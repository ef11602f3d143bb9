"""Screens at their doors: the browser on the wall, the console, what evidence makes of a row."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.evidence.claims import Position
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.evidence.screens import CodeState, code_at, read_code
from attendance.evidence.tests.desk import HISTORY, by_code, judge, told
from attendance.services.screens import (
    address_at,
    code_in,
    evidence_screen,
    screens_of,
    shown_at,
    unit_code,
)
from devices import pairings, screens
from devices.models import QrScreen
from organization.models import AuditEntry, Department
from tests.cast import NOW, Cast
from tests.group import Group
from tests.walking import go, to_look_at, walkers

pytestmark = pytest.mark.django_db
# The first second of a step of 15 s.
AT = datetime(2026, 9, 1, 0, 58, tzinfo=UTC)
ORIGIN = "https://kaoqin.example.com"
COOKIE = "screen"


@pytest.fixture(autouse=True)
def _nobody_has_tried() -> None:
    caches["counts"].clear()


def added(cast: Cast, **said: Any) -> QrScreen:
    values = {"name": "Entrance", "department": cast.department, "actor": cast.hr, "now": NOW}
    return screens.add_screen(**values | said)


def begun(screen: QrScreen) -> str:
    return pairings.begin_pairing(screen_id=screen.pk, actor=None, now=timezone.now())[1]


def on_the_wall(screen: QrScreen) -> Client:
    """Return a browser that was bound to the screen by typing its code."""
    browser = Client()
    answer = browser.post("/screen/", {"code": begun(screen)})
    assert answer["Location"] == f"/screen/{screen.key}/"
    return browser


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(screen: QrScreen, name: str) -> str:
    return reverse(f"admin:devices_qrscreen_{name}", args=[screen.pk])


def verbs() -> list[str]:
    rows = AuditEntry.objects.filter(verb__startswith="screen.").order_by("pk")
    return [row.verb for row in rows]


# What evidence makes of a row -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(0, CodeState.VALID, id="IN-29"),
        pytest.param(29, CodeState.VALID, id="IN-30"),
        pytest.param(30, CodeState.EXPIRED, id="IN-31"),
        pytest.param(31, CodeState.EXPIRED, id="IN-32"),
    ],
)
@pytest.mark.parametrize("step", [15, 30])
def test_s_08_a_code_of_a_screen_lives_thirty_seconds(
    cast: Cast, step: int, age: int, expected: CodeState
) -> None:
    """S-08, S-11, A-15: whatever its step, by the server's clock."""
    screen = added(cast, step_seconds=step)
    code = code_at(evidence_screen(screen), AT)

    assert read_code(code, screens_of(code), AT + timedelta(seconds=age)).state is expected


def test_in_33_a_screen_with_a_place_holds_who_scans_far_from_it(cast: Cast) -> None:
    """IN-33."""
    row = added(cast, latitude=31.2304, longitude=121.4737, radius_metres=200)
    screen = evidence_screen(row)
    claim = by_code(code_at(screen, AT))
    history = replace(HISTORY, unit=unit_code(cast.alice.department.path))
    about = {
        "history": history,
        "at": AT,
        "screens": (screen,),
        "is_place_demanded_with_code": True,
    }

    near = judge(claim._replace(position=Position(31.2304, 121.4737, 20, "wgs84")), **about)
    far = judge(claim._replace(position=Position(31.35, 121.4737, 20, "wgs84")), **about)

    assert screen.place == Fence("Entrance", Circle(31.2304, 121.4737, 200))
    assert told(near) == ("accepted", set())
    assert told(far) == ("held", {"outside_fence"})


def test_in_34_a_screen_belongs_to_its_unit_and_one_of_the_group_to_all(cast: Cast) -> None:
    """IN-34, S-09."""
    codes = {}
    for name, department in (("own", cast.unit), ("group", cast.group)):
        screen = evidence_screen(added(cast, department=department))
        claim = by_code(code_at(screen, AT))
        for person in (cast.alice, cast.carol):
            history = replace(HISTORY, unit=unit_code(person.department.path))
            verdict = judge(claim, history=history, at=AT, screens=(screen,))
            codes[name, person.name] = told(verdict)

    assert codes == {
        ("own", "Alice"): ("accepted", set()),
        ("own", "Carol"): ("refused", {"unit_mismatch"}),
        ("group", "Alice"): ("accepted", set()),
        ("group", "Carol"): ("accepted", set()),
    }


def test_s_12_a_code_of_a_revoked_screen_is_refused_at_once(cast: Cast) -> None:
    screen = added(cast)
    code = code_at(evidence_screen(screen), AT)

    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=AT)

    assert read_code(code, screens_of(code), AT).state is CodeState.REVOKED


def test_a_code_of_the_old_secret_is_a_forgery(cast: Cast) -> None:
    screen = added(cast)
    code = code_at(evidence_screen(screen), AT)

    screens.rotate_secret(screen_id=screen.pk, actor=cast.hr, now=AT)

    assert read_code(code, screens_of(code), AT).state is CodeState.INVALID


def test_a_sheet_has_a_code_that_stays(cast: Cast) -> None:
    screen = evidence_screen(added(cast, kind="printed"))
    code = code_at(screen, AT)

    scanned = read_code(code, screens_of(code), AT + timedelta(days=300))

    assert scanned.state is CodeState.PRINTED


def test_the_unit_is_the_nearest_one_above(cast: Cast) -> None:
    inner = Department.objects.get(pk=cast.department.pk)
    Department.objects.filter(pk=inner.pk).update(is_unit=True)

    assert unit_code(cast.group.path) is None
    assert unit_code(cast.unit.path) == "N"
    assert unit_code(inner.path) == "N-W"
    assert unit_code(cast.other_department.path) == "S"


def test_a_code_is_taken_out_of_what_was_scanned(cast: Cast) -> None:
    screen = evidence_screen(added(cast))
    code = code_at(screen, AT)

    assert code_in(address_at(screen, AT, origin=ORIGIN)) == code
    assert code_in(f" {code}\n") == code
    for text in ("", "https://[x?code=", f"https://a.b/?code={'x' * 600}", "WIFI:S:x;;", "?code="):
        assert screens_of(code_in(text)) == ()


def test_a_screen_is_told_its_next_code_some_seconds_ahead_and_no_sooner(cast: Cast) -> None:
    screen = evidence_screen(added(cast))

    early = shown_at(screen, AT + timedelta(seconds=9, milliseconds=999), origin=ORIGIN)
    late = shown_at(screen, AT + timedelta(seconds=10), origin=ORIGIN)

    assert [one.begins_at for one in early] == [AT]
    assert [one.begins_at for one in late] == [AT, AT + timedelta(seconds=15)]
    for one in late:
        code = code_in(one.address)
        assert one.ends_at - one.begins_at == timedelta(seconds=15)
        assert read_code(code, (screen,), one.begins_at).state is CodeState.VALID
        assert parse_qs(urlsplit(one.address).query) == {"code": [code]}


# On the wall ------------------------------------------------------------------------------------


def test_a_browser_is_bound_by_typing_the_code(cast: Cast) -> None:
    screen = added(cast)

    browser = on_the_wall(screen)

    cookie = browser.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert int(cookie["max-age"]) > 300 * 24 * 60 * 60
    wall = browser.get(f"/screen/{screen.key}/")
    assert "Entrance" in wall.content.decode()
    assert browser.get("/screen/")["Location"] == f"/screen/{screen.key}/"
    assert wall.cookies[COOKIE].value == cookie.value
    assert {"screen-wake-lock=(self)", "camera=()"} <= set(wall["Permissions-Policy"].split(", "))


def test_the_wall_is_told_codes_that_count_and_nothing_keeps_them(cast: Cast) -> None:
    screen = added(cast)
    browser = on_the_wall(screen)
    QrScreen.objects.update(last_seen_at=None)

    answer = browser.get(f"/screen/{screen.key}/code/")

    said = answer.json()
    assert "no-store" in answer["Cache-Control"]
    assert said["state"] == "shown"
    assert said["codes"][0]["begins"] <= said["now"] < said["codes"][0]["ends"]
    assert re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", said["codes"][0]["path"])
    assert QrScreen.objects.get().last_seen_at is not None


def test_without_the_cookie_there_is_no_screen(cast: Cast) -> None:
    screen, other = added(cast), added(cast)
    stranger, wrong, console = Client(), on_the_wall(other), logged_in(cast.superuser)
    forged = Client()
    forged.cookies[COOKIE] = pairings.digest_of("x")

    for browser in (stranger, wrong, console, forged):
        for address in (f"/screen/{screen.key}/", f"/screen/{screen.key}/code/",
                        "/screen/nowhere/", "/screen/nowhere/code/"):  # fmt: skip
            assert browser.get(address).status_code == 404
    assert wrong.get(f"/screen/{other.key}/").status_code == 200


def test_the_cookie_of_a_screen_opens_nothing_else(cast: Cast) -> None:
    browser, stranger = on_the_wall(added(cast)), Client()

    for listed in to_look_at():
        where = listed.door.name.split(" ")[-1]
        if "<" in where or where == "/screen/":
            continue
        assert go(browser, "GET", where).status == go(stranger, "GET", where).status, where


def test_a_revoked_screen_says_so_and_has_no_code(cast: Cast) -> None:
    screen = added(cast)
    browser = on_the_wall(screen)

    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=timezone.now())

    said = browser.get(f"/screen/{screen.key}/code/").json()
    assert (said["state"], said["codes"]) == ("revoked", [])
    assert "This screen was revoked" in browser.get(f"/screen/{screen.key}/").content.decode()


def test_an_unpaired_browser_is_asked_for_a_code_again(cast: Cast) -> None:
    screen = added(cast)
    browser = on_the_wall(screen)

    pairings.unpair(screen_id=screen.pk, actor=cast.hr, now=timezone.now())

    assert browser.get(f"/screen/{screen.key}/code/").status_code == 404
    assert 'name="code"' in browser.get("/screen/").content.decode()


def test_whoever_guesses_learns_nothing_and_waits(cast: Cast, settings: Any) -> None:
    """A-07."""
    settings.PAIRING_RATE = "10/h"  # a minute may end between two tries
    code = begun(added(cast))
    browser = Client()

    answers = [browser.post("/screen/", {"code": f"AAAA-AA{n:02}"}) for n in range(11)]

    assert {answer.status_code for answer in answers[:10]} == {200}
    assert (
        len({re.sub(r'value="\w{64}"', "", answer.content.decode()) for answer in answers[:10]})
        == 1
    )
    assert answers[10].status_code == 429
    assert int(answers[10]["Retry-After"]) <= 3600
    assert browser.post("/screen/", {"code": code}).status_code == 429
    assert COOKIE not in browser.cookies


def test_a09_a_code_is_not_taken_from_another_site(cast: Cast) -> None:
    screen = added(cast)

    answer = Client(enforce_csrf_checks=True).post("/screen/", {"code": begun(screen)})

    assert answer.status_code == 403
    assert not QrScreen.objects.get().is_paired


def test_the_cookie_is_kept_to_this_host_over_tls(cast: Cast, settings: Any) -> None:
    """A-08."""
    settings.SESSION_COOKIE_SECURE = True
    settings.SCREEN_COOKIE_NAME = "__Host-screen"
    browser = Client()

    browser.post("/screen/", {"code": begun(added(cast))})

    cookie = browser.cookies["__Host-screen"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


@pytest.mark.parametrize(("asked", "spoken"), [("zh-CN", "zh-hans"), ("en-GB", "en")])
def test_the_wall_speaks_the_browsers_language(cast: Cast, asked: str, spoken: str) -> None:
    screen = added(cast)
    browser = on_the_wall(screen)

    for address in ("/screen/", f"/screen/{screen.key}/"):
        shown = browser.get(address, headers={"accept-language": asked}, follow=True)
        assert f'<html lang="{spoken}"' in shown.content.decode()


# In the console ---------------------------------------------------------------------------------


def test_a_screen_is_added_only_where_one_may_configure(cast: Cast) -> None:
    client = logged_in(cast.hr)
    add = reverse("admin:devices_qrscreen_add")
    said = {"name": "Gate", "kind": "dynamic", "step_seconds": 15}

    client.post(add, said | {"department": cast.other_department.pk})
    assert not QrScreen.objects.exists()
    answer = client.post(add, said | {"department": cast.department.pk})

    screen = QrScreen.objects.get()
    assert (screen.department, screen.name) == (cast.department, "Gate")
    assert answer["Location"] == page(screen, "pairing_page")
    assert verbs() == ["screen.added"]


def test_a_form_that_cannot_be_says_what_is_wrong(cast: Cast) -> None:
    said = {"name": "Gate", "kind": "dynamic", "department": cast.department.pk}
    add, client = reverse("admin:devices_qrscreen_add"), logged_in(cast.hr)

    step = client.post(add, said | {"step_seconds": 14}).content.decode()
    place = client.post(add, said | {"step_seconds": 15, "latitude": "31"}).content.decode()

    assert "A code is shown for 15 to 30 seconds." in step
    assert "A place is a latitude, a longitude and a radius." in place
    assert not QrScreen.objects.exists()


def test_a_screen_is_changed_on_its_page_and_that_is_told(cast: Cast) -> None:
    screen = added(cast)

    logged_in(cast.hr).post(
        page(screen, "change"),
        {"name": "Gate", "department": cast.department.pk, "step_seconds": 20},
    )

    screen.refresh_from_db()
    assert (screen.name, screen.step_seconds, screen.kind) == ("Gate", 20, "dynamic")
    form = logged_in(cast.hr).get(page(screen, "change")).content.decode()
    assert "Not paired" in form
    assert "QrScreen.State" not in form
    assert verbs() == ["screen.added", "screen.edited"]


def test_the_code_of_a_pairing_is_told_once(cast: Cast) -> None:
    screen, client = added(cast), logged_in(cast.hr)

    told_once = client.post(page(screen, "pairing_page"), {"act": "begin"}).content.decode()
    again = client.get(page(screen, "pairing_page")).content.decode()

    code = re.search(r'<code id="told">([\w-]+)</code>', told_once)
    assert code is not None
    assert "http://testserver/screen/" in told_once
    assert code[1] not in again
    assert "Waits for its browser" in again
    Client().post("/screen/", {"code": code[1]})
    assert QrScreen.objects.get().is_paired


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        ("unpair", "screen.unpaired"),
        ("rotate", "screen.secret_rotated"),
        ("revoke", "screen.revoked"),
    ],
)
def test_a_button_does_what_it_says(cast: Cast, act: str, verb: str) -> None:
    screen = added(cast)
    on_the_wall(screen)

    answer = logged_in(cast.hr).post(page(screen, "pairing_page"), {"act": act}, follow=True)

    assert answer.status_code == 200
    assert verbs()[-1] == verb


def test_what_is_no_button_does_nothing(cast: Cast) -> None:
    screen = added(cast)

    answer = logged_in(cast.hr).post(page(screen, "pairing_page"), {"act": "erase"})

    assert answer.status_code == 404
    assert verbs() == ["screen.added"]


def test_a_screen_can_be_shown_in_the_console_and_that_is_told_once_an_hour(cast: Cast) -> None:
    screen, client = added(cast), logged_in(cast.hr)

    shown = client.get(page(screen, "show_page"))
    codes = [client.get(page(screen, "code")) for _turn in range(3)]

    assert f'data-code-url="{page(screen, "code")}"' in shown.content.decode()
    assert [code.json()["state"] for code in codes] == ["shown"] * 3
    assert "no-store" in codes[0]["Cache-Control"]
    assert verbs() == ["screen.added", "screen.shown"]
    assert AuditEntry.objects.get(verb="screen.shown").actor == cast.hr
    # Somebody who asks for codes without the page is written down all the same.
    logged_in(cast.superuser).get(page(screen, "code"))
    assert verbs()[-1] == "screen.shown"
    assert AuditEntry.objects.filter(verb="screen.shown").count() == 2


def test_a_sheet_is_printed_and_called_the_weaker_option(cast: Cast) -> None:
    sheet, client = added(cast, kind="printed"), logged_in(cast.hr)

    printed = client.get(page(sheet, "sheet_page")).content.decode()

    assert "The weaker option." in printed
    assert "Entrance" in printed
    assert re.search(r'<path d="(M\d+ \d+h\d+v1h-\d+z)+"', printed)
    assert verbs() == ["screen.added", "screen.printed"]


def test_a_sheet_is_not_shown_and_a_screen_not_printed(cast: Cast) -> None:
    screen, sheet, client = added(cast), added(cast, kind="printed"), logged_in(cast.hr)
    gone = added(cast)
    screens.revoke(screen_id=gone.pk, actor=cast.hr, now=NOW)

    for row, name in ((screen, "sheet_page"), (sheet, "show_page"), (gone, "show_page")):
        assert client.get(page(row, name))["Location"] == page(row, "change")
    assert client.get(page(sheet, "code")).status_code == 404
    assert client.get(page(gone, "code")).json()["codes"] == []
    assert not {"screen.shown", "screen.printed"} & set(verbs())


def test_a_page_offers_what_there_is_to_do_with_it(cast: Cast) -> None:
    client = logged_in(cast.hr)
    gone = added(cast)
    screens.revoke(screen_id=gone.pk, actor=cast.hr, now=NOW)
    offered = {
        (added(cast), True, False),
        (added(cast, kind="printed"), False, True),
        (gone, False, False),
    }

    for screen, is_shown, is_printed in offered:
        form = client.get(page(screen, "change")).content.decode()
        assert (page(screen, "show_page") in form) is is_shown
        assert (page(screen, "sheet_page") in form) is is_printed
        assert page(screen, "pairing_page") in form


@pytest.mark.parametrize("name", ["show_page", "sheet_page", "code", "pairing_page"])
def test_p04_nobody_shows_prints_or_pairs_what_they_may_not_configure(
    cast: Cast, name: str
) -> None:
    screen = added(cast, kind="printed" if name == "sheet_page" else "dynamic")
    before = verbs()

    for user in (cast.other_hr, cast.bob.user, cast.alice.user):
        client = logged_in(user)
        assert client.get(page(screen, name)).status_code == 404
        for act in ("begin", "unpair", "rotate", "revoke"):
            assert client.post(page(screen, name), {"act": act}).status_code in (404, 405)
    assert verbs() == before


def test_a_revoked_screen_is_not_changed(cast: Cast) -> None:
    screen, client = added(cast), logged_in(cast.hr)
    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=NOW)

    client.post(page(screen, "change"), {"name": "Other", "department": cast.department.pk})
    client.post(page(screen, "pairing_page"), {"act": "begin"})

    screen.refresh_from_db()
    assert (screen.name, screen.pairing_digest) == ("Entrance", "")


def test_a_list_costs_the_same_queries_however_long(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        added(cast, name=f"Screen {n}")
    client = logged_in(cast.hr)

    with django_assert_max_num_queries(20):
        listed = client.get(reverse("admin:devices_qrscreen_changelist"))

    assert listed.content.decode().count("Not paired") == 30


def test_the_list_says_how_each_screen_stands(cast: Cast) -> None:
    shown, silent = added(cast, name="One"), added(cast, name="Two")
    for screen in (shown, silent):
        on_the_wall(screen)
    QrScreen.objects.filter(pk=silent.pk).update(last_seen_at=timezone.now() - timedelta(minutes=3))
    added(cast, name="Three", kind="printed")
    screens.revoke(screen_id=added(cast, name="Four").pk, actor=None, now=NOW)

    listed = logged_in(cast.hr).get(reverse("admin:devices_qrscreen_changelist")).content.decode()

    for word in ("Shown", "Silent", "Printed", "Revoked"):
        assert word in listed


# Nowhere ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_s_12_a19_no_answer_of_any_door_holds_a_secret_or_a_digest(five_units: Group) -> None:
    """A-19, S-12: pages, the API, exports and the log, as whoever reads most, and as unit HR."""
    unit = five_units.units[0]
    screen = unit.rows["loom"]["devices.qrscreen"]
    _screen, token = pairings.pair(code=begun(screen), now=timezone.now())
    screen.refresh_from_db()
    code = begun(screen)
    screen.refresh_from_db()
    secret = screens.secret_of(screen)
    hidden = [secret.hex(), repr(secret)[2:-1], token, screen.token_digest, screen.pairing_digest,
              code, code.replace("-", ""), repr(bytes(screen.secret))[2:-1]]  # fmt: skip
    told_in, asked = [], 0

    readers = ("SUPER_ADMINISTRATOR", "UNIT_HR", "INTEGRATION_CLIENT")
    for actor, client in walkers(five_units):
        if actor.who.name not in readers:
            continue
        for listed in to_look_at():
            for row in ({}, unit.rows["loom"]):
                where = _address(listed.door.name, row)
                if where is None:
                    continue
                asked += 1
                text = go(client, "GET", where).text
                told_in += [(actor.name, where) for word in hidden if word in text]

    assert asked > 200
    assert told_in == []


def _address(door: str, row: dict[str, Any]) -> str | None:
    where = door.split(" ")[-1]
    if "<" not in where:
        return None if row else where
    if not row or "/devices/qrscreen/" not in where:
        return None
    return re.sub(r"<\w+>", str(row["devices.qrscreen"].pk), where)
