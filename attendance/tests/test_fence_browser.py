"""Fences drawn by mouse in a real browser, and then used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from attendance.evidence.claims import Claim, Position
from attendance.evidence.geometry import Circle
from attendance.evidence.policy import EvidencePolicy, History
from attendance.evidence.verdict import Outcome, verify
from attendance.models import AttendanceRule, Geofence, PositionReport
from attendance.services import places, rules
from attendance.services.places import Text, fences_for
from organization.sealed_fields import sealed
from tests.cast import NOW, Cast, play

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ADD = "/admin/attendance/geofence/add/"


@pytest.fixture
def company() -> Cast:
    return play()


@pytest.fixture
def rule(company: Cast) -> AttendanceRule:
    made = rules.add_rule(name="Weaving rule", department=company.department, now=NOW)
    version = rules.draft_rule(
        rule_id=made.pk, valid_from=date(2026, 1, 1), text=rules.RuleText(), now=NOW
    )
    rules.publish_rule(version_id=version.pk, now=NOW)
    return made


@pytest.fixture
def trouble() -> list[str]:
    """What the browser complained about, and what it asked other hosts for."""
    return []


@pytest.fixture
def console(
    request: pytest.FixtureRequest,
    company: Cast,
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    trouble: list[str],
) -> Iterator[Page]:
    """A page of the unit's HR, in English at a desk unless the parameter says otherwise."""
    size, locale = getattr(request, "param", ((1440, 900), "en-GB"))
    options = {**browser_context_args, "base_url": live_server.url, "locale": locale}
    options["viewport"] = {"width": size[0], "height": size[1]}
    context = browser.new_context(**options)
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda line: trouble.append(line.text) if line.type == "error" else None)
    page.on("request", lambda asked: _note_strangers(asked.url, live_server.url, trouble))
    page.goto("/admin/login/")
    page.fill("#id_username", "n_hr")
    page.fill("#id_password", "a long word")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    yield page
    context.close()


def _note_strangers(url: str, home: str, trouble: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        trouble.append(f"asked for {url}")


def begin(page: Page, company: Cast, name: str) -> Any:
    """Open an empty form at the office; return a function from metres on screen to the mouse."""
    page.goto(ADD)
    page.wait_for_selector("[data-fence-editor][data-ready]")
    page.fill("[name=name]", name)
    page.select_option("[name=department]", str(company.unit.pk))
    page.fill("[data-fence-query]", "31.2304, 121.4737")
    page.click("[data-fence-find]")
    expect(page.locator("[name=latitude]")).to_have_value("31.2304")
    box = page.locator("[data-fence-map]").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return lambda east, south: (middle[0] + east, middle[1] + south)


def draw(page: Page, tool: str, *corners: tuple[float, float]) -> None:
    """Take a tool of the map and click the corners; a click on the first one closes a ring."""
    page.click(f".leaflet-pm-icon-{tool}")
    closing = () if tool == "circle" else corners[:1]
    for corner in (*corners, *closing):
        page.mouse.move(*corner, steps=3)
        page.mouse.click(*corner)


def stands(company: Cast, latitude: float, longitude: float) -> Outcome:
    """Return how a punch of Alice at a place comes out."""
    fences = fences_for([company.alice.pk], on=DAY)[company.alice.pk]
    policy = EvidencePolicy(frozenset({"location"}), fences, are_phones_checked=False)
    claim = Claim(Position(latitude, longitude, 5, "wgs84"), method="location")
    return verify(policy, claim, History(), at=AT, day=DAY, now=AT).outcome


def test_an_area_drawn_by_mouse_is_where_people_may_punch(
    console: Page, company: Cast, rule: AttendanceRule, trouble: list[str]
) -> None:
    at = begin(console, company, "Yard")
    draw(console, "polygon", at(-150, -120), at(150, -120), at(150, 120), at(-150, 120))
    expect(console.locator("[name=kind][value=area]")).to_be_checked()
    expect(console.locator("[data-fence-says]")).to_contain_text("Area with 4 corners")

    draw(console, "cut", at(60, -60), at(120, -60), at(120, 60), at(60, 60))
    expect(console.locator("[data-fence-says]")).to_contain_text("1 hole")
    console.click("button[name=_save]")
    console.wait_for_url("**/admin/attendance/geofence/")

    fence = Geofence.objects.get()
    assert [len(ring) for ring in fence.rings] == [5, 5]
    assert stands(company, 31.2304, 121.4737) is not Outcome.ACCEPTED
    fence.rules.add(rule)
    assert stands(company, 31.2304, 121.4737) is Outcome.ACCEPTED
    (west, north), *_rest = fence.rings[0]
    assert stands(company, north + 0.001, west) is Outcome.HELD
    hole = fence.rings[1]
    middle = [sum(corner[n] for corner in hole[:4]) / 4 for n in (1, 0)]
    assert stands(company, *middle) is Outcome.HELD
    assert trouble == []


def test_a_circle_is_drawn_dragged_and_typed(
    console: Page, company: Cast, trouble: list[str]
) -> None:
    at = begin(console, company, "Gate")
    expect(console.locator("[data-fence-says]")).to_contain_text("Circle of 200 m")
    draw(console, "circle", at(0, 0), at(60, 0))
    expect(console.locator("[data-fence-says]")).not_to_contain_text("200 m")

    console.click(".leaflet-pm-icon-drag")
    console.mouse.move(*at(0, 0))
    console.mouse.down()
    console.mouse.move(*at(0, -100), steps=5)
    console.mouse.up()
    expect(console.locator("[name=latitude]")).not_to_have_value("31.2304")
    console.fill("[name=radius_metres]", "60")
    expect(console.locator("[data-fence-says]")).to_contain_text("Below 100 m")
    console.click("button[name=_save]")
    console.wait_for_url("**/admin/attendance/geofence/")

    fence = Geofence.objects.get()
    assert fence.radius_metres == 60
    assert fence.latitude > 31.2304
    assert trouble == []


@pytest.mark.parametrize(
    "console",
    [((1440, 900), "zh-CN"), ((390, 844), "zh-CN")],
    ids=["at the desk", "on the phone"],
    indirect=True,
)
def test_the_pages_speak_chinese_and_ask_nobody_else(
    console: Page, company: Cast, rule: AttendanceRule, trouble: list[str]
) -> None:
    text = Text(name="总部", shape=Circle(31.2304, 121.4737, 300), rules=[rule.pk])
    fence = places.add_fence(department=company.unit, text=text, now=NOW)
    for address in (
        "/admin/attendance/geofence/",
        f"/admin/attendance/geofence/{fence.pk}/change/",
        f"/admin/attendance/attendancerule/{rule.pk}/change/",
        "/admin/attendance/geofence/import/",
        ADD,
    ):
        console.goto(address)
        console.wait_for_load_state("networkidle")
        wide = console.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert (address, wide <= 0) == (address, True), "the page scrolls sideways"
        assert console.locator("html").get_attribute("lang") == "zh-hans"

    assert trouble == []


def test_on_chinese_tiles_shapes_are_moved_for_the_eye_and_back(
    console: Page, company: Cast, settings: Settings, trouble: list[str]
) -> None:
    settings.MAP_TILES_DATUM = "gcj02"
    console.goto(ADD)
    console.wait_for_selector("[data-fence-editor][data-ready]")
    console.fill("[name=name]", "Gate")
    console.select_option("[name=department]", str(company.unit.pk))
    console.fill("[data-fence-query]", "31.2304, 121.4737")
    console.click("[data-fence-find]")

    expect(console.locator("[name=datum]")).to_have_value("gcj02")
    expect(console.locator("[name=latitude]")).to_have_value("31.2284577")
    console.click("button[name=_save]")
    console.wait_for_url("**/admin/attendance/geofence/")

    fence = Geofence.objects.get()
    assert (fence.latitude, fence.longitude) == pytest.approx((31.2304, 121.4737), abs=1e-6)
    assert trouble == []


def keep_report(company: Cast, minute: int, latitude: float, longitude: float) -> None:
    """Keep a report of Alice as the interface for programs does."""
    at = AT + timedelta(minutes=minute)
    position = Position(latitude, longitude, 25.0, "wgs84")
    whole = {"employee_id": company.alice.pk, "reported_at": at}
    PositionReport.objects.create(
        **whole,
        department=company.department,
        sealed=sealed(PositionReport, "sealed", json.dumps(position._asdict()).encode(), **whole),
        kept_at=at,
        keep_until=DAY + timedelta(days=90),
    )


@pytest.mark.parametrize(
    "console",
    [((1440, 900), "en-GB"), ((360, 780), "en-GB"), ((1440, 900), "zh-CN"), ((360, 780), "zh-CN")],
    ids=["at the desk", "on the phone", "at the desk in Chinese", "on the phone in Chinese"],
    indirect=True,
)
def test_a_day_in_the_field_is_drawn_in_its_order_without_asking_anybody_else(
    console: Page, company: Cast, trouble: list[str]
) -> None:
    text = Text(name="Depot", shape=Circle(31.2304, 121.4737, 300))
    places.add_fence(department=company.unit, text=text, now=NOW)
    for minute, north, east in ((0, 0, 0), (35, 0.004, 0.006), (90, 0.009, 0.004), (200, 0, 0.01)):
        keep_report(company, minute, 31.2304 + north, 121.4737 + east)
    address = f"/admin/attendance/positionreport/day/{company.alice.pk}/{DAY}/"
    for page in ("/admin/attendance/positionreport/", address):
        console.goto(page)
        console.wait_for_load_state("networkidle")
        wide = console.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert (page, wide <= 0) == (page, True), "the page scrolls sideways"
    expect(console.locator("[data-fence-view]")).to_have_count(0)
    console.fill("[name=reason]", "Complaint 7")
    console.click("#content-main form button[type=submit]")

    times = console.locator(".kq-track-time")
    expect(times).to_have_text(["09:00", "12:20"])
    expect(console.locator(".kq-fence-name")).to_have_text("Depot")
    expect(console.locator(".kq-track tbody tr")).to_have_count(4)
    wide = console.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page scrolls sideways"
    assert trouble == []
