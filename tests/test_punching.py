"""The punch page in a real browser, of the size of a phone: what employees do every morning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from attendance.evidence.demands import Demands
from attendance.evidence.geometry import Circle
from attendance.models import Notice, PositioningFailure, Punch
from attendance.services import places, rules
from attendance.services.screens import address_at, evidence_screen
from devices import screens
from devices.models import AccessPoint
from tests.cast import NOW, Cast
from tests.fake_camera import arguments, film

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

PHONE: Final = {"width": 360, "height": 780}
OFFICE: Final = {"latitude": 31.2304, "longitude": 121.4737, "accuracy": 12}
AWAY: Final = {"latitude": 31.2400, "longitude": 121.4737, "accuracy": 12}
FIRST_LOAD_AT_MOST: Final = 200_000
OLD_CHALLENGE: Final = {"challenge": f"1700000000.{'0' * 64}"}
CONTROLLED: Final = """() => navigator.serviceWorker.controller || new Promise((go) => {
  navigator.serviceWorker.addEventListener("controllerchange", () => go(true));
})"""


@pytest.fixture
def trouble() -> list[str]:
    """What the browser complained about, and what it asked other hosts for."""
    return []


@pytest.fixture
def site(cast: Cast) -> Cast:
    """The small company: whoever weaves punches by position, at the office."""
    publish_notice(99)
    demand(cast, Demands(methods=frozenset({"location", "qr"})))
    places.add_fence(
        department=cast.unit,
        text=places.Text(
            name="Office",
            shape=Circle(OFFICE["latitude"], OFFICE["longitude"], 200),
            people=[cast.alice.pk, cast.bob.pk],
        ),
        now=NOW,
    )
    return cast


def publish_notice(version: int) -> None:
    for language in ("en", "zh-hans"):
        Notice.objects.create(
            purpose="location",
            version=version,
            language=language,
            title="Positions",
            text="Why, and for how long.",
            published_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


def demand(cast: Cast, demands: Demands) -> None:
    rule = rules.add_rule(name="Weavers", department=cast.department, now=NOW)
    version = rules.draft_rule(
        rule_id=rule.pk,
        valid_from=date(2026, 1, 1),
        text=rules.RuleText(demands=demands),
        now=NOW,
    )
    rules.publish_rule(version_id=version.pk, now=NOW)


@pytest.fixture
def open_phone(
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    trouble: list[str],
) -> Iterator[Callable[..., BrowserContext]]:
    """Open a phone: a browser of its own, which knows where it is."""
    phones = []

    def make(of: Browser = browser, **more: Any) -> BrowserContext:
        settings = {
            **browser_context_args,
            "viewport": PHONE,
            "has_touch": True,
            "permissions": ["geolocation", "camera"],
            "geolocation": OFFICE,
            "base_url": live_server.url,
            **more,
        }
        context = of.new_context(**settings)
        context.on("weberror", lambda error: trouble.append(str(error.error)))
        context.on("console", lambda line: _note(line, trouble))
        context.on("request", lambda asked: _note_strangers(asked.url, live_server.url, trouble))
        phones.append(context)
        return context

    yield make
    for context in phones:
        context.close()


def _note(line: Any, trouble: list[str]) -> None:
    # Networks that are switched off and sessions that end are what some of these are about.
    if line.type == "error" and not re.search("ERR_INTERNET_DISCONNECTED|status of 401", line.text):
        trouble.append(line.text)


def _note_strangers(url: str, home: str, trouble: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        trouble.append(f"asked for {url}")


def log_in(phone: BrowserContext, name: str = "alice", address: str = "/punch/") -> Page:
    page = phone.pages[0] if phone.pages else phone.new_page()
    page.goto(address)
    page.fill("#id_username", name)
    page.fill("#id_password", "a long word")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#who:not(:text('Kaoqin'))")
    return page


def set_up(phone: BrowserContext, name: str = "alice") -> Page:
    """Log in, bind the phone, agree to the notice."""
    page = log_in(phone, name)
    press(page, "Set up this phone")
    page.click("#ask-yes")
    press(page, "Allow location")
    page.click("#agree")
    expect(page.locator("#place")).to_contain_text("Office")
    return page


def press(page: Page, words: str) -> None:
    """Press the button once it says `words`."""
    button = page.get_by_role("button", name=words, exact=True)
    expect(button).to_be_enabled()
    button.click()


def punch(page: Page) -> None:
    button = page.locator("#big[data-act=punch]")
    expect(button).to_be_enabled()
    button.click()


def result(page: Page) -> Any:
    return page.locator("#result")


def waits_for_worker(page: Page) -> None:
    page.evaluate(f"async () => {{ await ({CONTROLLED})(); }}")


# Where -------------------------------------------------------------------------------------------


def test_somebody_at_the_office_sets_up_the_phone_agrees_and_punches(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    page = set_up(open_phone())

    expect(page.locator("#place")).to_contain_text("At Office")
    punch(page)

    expect(result(page).locator(".is-accepted")).to_be_visible()
    expect(page.locator("#done li").first).to_contain_text("Location")
    kept = Punch.objects.get()
    assert (kept.employee, kept.method, kept.is_held) == (site.alice, "location", False)
    assert trouble == []


def test_somebody_elsewhere_is_told_before_and_after_that_a_person_will_look(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    phone = open_phone(geolocation=AWAY)
    page = set_up(phone)

    expect(page.locator("#place")).to_contain_text("867 m to Office")
    expect(page.locator("#place")).to_contain_text("your supervisor looks at it")
    punch(page)

    expect(result(page)).to_contain_text("nothing is lost")
    expect(result(page)).to_contain_text("outside of Office")
    assert Punch.objects.get().is_held
    assert trouble == []


def test_nobody_is_located_who_has_not_agreed_and_whoever_agreed_withdraws_as_easily(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    page = log_in(open_phone())
    press(page, "Set up this phone")
    page.click("#ask-yes")
    press(page, "Allow location")
    expect(page.locator("#consent-text")).to_have_text("Why, and for how long.")
    page.click("#decline")

    expect(page.locator("#sketch")).to_be_hidden()
    expect(page.locator("#place")).to_contain_text("only if you agree")
    expect(page.get_by_role("radio", name="Address")).to_be_attached()
    assert not site.alice.consents.exists()

    press(page, "Allow location")
    page.click("#agree")
    expect(page.locator("#sketch")).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Withdraw").click()

    expect(page.locator("#sketch")).to_be_hidden()
    expect(page.get_by_role("button", name="Allow location")).to_be_enabled()
    assert site.alice.consents.get().withdrawn_at is not None
    assert trouble == []


def test_where_no_position_is_found_the_page_counts_down_to_another_way(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    phone = open_phone()
    page = set_up(phone)
    phone.set_geolocation(None)
    page.reload()
    expect(page.locator("#place")).to_contain_text("No position has been found since")
    expect(page.locator("#place")).to_contain_text(re.compile(r"In 1[45]:\d\d you can punch"))
    expect(page.get_by_role("radio", name="Address")).not_to_be_attached()

    PositioningFailure.objects.update(since=datetime.now(UTC) - timedelta(minutes=16))
    page.reload()
    page.locator("#methods label", has_text="Address").click()
    page.fill("#address", "Dock 3, in the basement")
    punch(page)

    expect(result(page)).to_contain_text("nothing is lost")
    kept = Punch.objects.get()
    assert (kept.method, kept.is_held) == ("manual", True)
    assert trouble == []


BRIDGE: Final = """window.KaoqinBridge = {
  getWifi: async () => JSON.stringify({ bssid: "8C:A6:DF:C8:F7:4B", ssid: "Weavers" }),
};"""


def test_inside_an_app_that_knows_the_wifi_one_punches_by_it_and_in_a_browser_reads_why_not(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    site.department.rules.all().delete()
    demand(site, Demands(methods=frozenset({"wifi"})))
    AccessPoint.objects.create(department=site.unit, name="Hall", bssid="8c:a6:df:c8:f7:4b")
    page = log_in(open_phone())
    press(page, "Set up this phone")
    page.click("#ask-yes")
    expect(page.locator("#place")).to_contain_text("A browser cannot read")
    expect(page.locator("#big")).to_be_disabled()

    phone = open_phone()
    phone.add_init_script(BRIDGE)
    page = log_in(phone, "bob")
    press(page, "Set up this phone")
    page.click("#ask-yes")
    punch(page)

    expect(result(page).locator(".is-accepted")).to_be_visible()
    assert Punch.objects.get().method == "wifi"
    assert trouble == []


def test_a_phone_is_released_and_can_be_set_up_again(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    page = set_up(open_phone())
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Release this phone").click()
    page.click("#ask-yes")

    expect(page.get_by_role("button", name="Set up this phone")).to_be_enabled()
    assert site.alice.phones.get().released_at is not None
    press(page, "Set up this phone")
    page.click("#ask-yes")
    expect(page.locator("#big[data-act=punch]")).to_be_enabled()
    assert site.alice.phones.filter(released_at=None).count() == 1
    assert trouble == []


def test_whoever_takes_too_long_to_set_up_a_phone_is_told_and_tries_again(
    site: Cast, open_phone: Callable[..., BrowserContext]
) -> None:
    phone = open_phone()
    page = log_in(phone)
    page.route("**/punch/phone/challenge/**", lambda route: route.fulfill(json=OLD_CHALLENGE))
    press(page, "Set up this phone")
    page.click("#ask-yes")

    expect(page.locator("#note-trouble")).to_contain_text("took too long")
    assert not site.alice.phones.exists()
    page.unroute("**/punch/phone/challenge/**")
    press(page, "Set up this phone")
    page.click("#ask-yes")
    expect(page.get_by_role("button", name="Allow location")).to_be_enabled()
    assert site.alice.phones.count() == 1


def test_somebody_says_by_which_address_the_wifi_knows_the_phone_changes_and_removes_it(
    cast: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    demand(cast, Demands(methods=frozenset({"wifi"}), allows_automatic_wifi=True))
    page = log_in(open_phone())
    page.get_by_role("button", name="Enter the address of your phone").click()
    page.get_by_label("Address", exact=True).fill("02:00:00:00:00:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("may not tell its address")
    page.get_by_label("Address", exact=True).fill("DA-A1-19-00-00-01")
    page.keyboard.press("Enter")

    rows = page.locator("#macs li")
    expect(rows).to_contain_text(["··:··:··:00:00:01"])
    expect(rows).to_contain_text(["A private address"])
    page.get_by_role("button", name="Change ··:··:··:00:00:01").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_label("Address", exact=True).fill("8c:a6:df:c8:f7:4b")
    page.keyboard.press("Enter")
    expect(rows).to_contain_text(["··:··:··:c8:f7:4b"])
    expect(rows).not_to_contain_text(["A private address"])
    assert cast.alice.phone_addresses.count() == 1

    page.get_by_role("button", name="Remove ··:··:··:c8:f7:4b").click()
    page.click("#ask-yes")
    expect(rows).to_have_count(0)
    expect(page.get_by_role("button", name="Enter the address of your phone")).to_be_visible()
    assert not cast.alice.phone_addresses.exists()
    assert [line for line in trouble if "status of 409" not in line] == []


# Photos and codes --------------------------------------------------------------------------------


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    """The film that the fake camera plays."""
    file = tmp_path / "camera.mjpeg"
    film(file)
    return file


@pytest.fixture
def filming(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], reel: Path
) -> Iterator[Browser]:
    """A browser whose camera plays `reel`."""
    launch = browser_type_launch_args
    browser = browser_type.launch(**{**launch, "args": [*launch["args"], *arguments(reel)]})
    yield browser
    browser.close()


def test_where_the_rule_asks_for_a_photo_one_is_taken_looked_at_and_sent(
    site: Cast,
    filming: Browser,
    open_phone: Callable[..., BrowserContext],
    trouble: list[str],
) -> None:
    rules.publish_rule(
        version_id=rules.draft_rule(
            rule_id=site.department.rules.get().pk,
            valid_from=date(2026, 2, 1),
            text=rules.RuleText(
                demands=Demands(methods=frozenset({"location"}), is_photo_demanded=True)
            ),
            now=NOW,
        ).pk,
        now=NOW,
    )
    page = set_up(open_phone(filming))

    press(page, "Take a photo")
    press(page, "Take the photo")
    expect(page.locator("#preview")).to_be_visible()
    press(page, "Take another")
    press(page, "Take the photo")
    punch(page)

    expect(result(page).locator(".is-accepted")).to_be_visible()
    assert Punch.objects.get().evidence.filter(kind="photo").exists()
    expect(page.locator("#shot")).to_be_hidden()
    assert trouble == []


def code_of_a_screen(site: Cast, home: str) -> str:
    """Return what a screen on the wall of the unit shows now."""
    row = screens.add_screen(name="Gate", department=site.unit, actor=None, now=NOW)
    return address_at(evidence_screen(row), datetime.now(UTC), origin=home)


def test_a_code_on_a_screen_is_filmed_read_confirmed_and_counts(
    site: Cast,
    filming: Browser,
    reel: Path,
    open_phone: Callable[..., BrowserContext],
    live_server: LiveServer,
    trouble: list[str],
) -> None:
    page = set_up(open_phone(filming))
    page.locator("#methods label", has_text="QR code").click()
    film(reel, code_of_a_screen(site, live_server.url))

    press(page, "Scan the code")
    expect(page.locator("#ask-title")).to_have_text("The code was read")
    assert not Punch.objects.exists()
    page.click("#ask-yes")

    expect(result(page).locator(".is-accepted")).to_be_visible()
    assert Punch.objects.get().method == "qr"
    assert trouble == []


def test_a_code_that_another_scanner_read_outlives_the_log_in_and_not_the_address(
    site: Cast,
    open_phone: Callable[..., BrowserContext],
    live_server: LiveServer,
    trouble: list[str],
) -> None:
    phone = open_phone()
    set_up(phone)
    phone.clear_cookies()
    address = code_of_a_screen(site, live_server.url)

    page = log_in(phone, address=address)

    assert page.url == f"{live_server.url}/punch/"
    expect(page.locator("#ask")).to_be_visible()
    assert not Punch.objects.exists()
    page.click("#ask-yes")
    expect(result(page).locator(".is-accepted")).to_be_visible()
    assert Punch.objects.get().method == "qr"
    assert trouble == []


# Without a network -------------------------------------------------------------------------------


def test_a_punch_without_a_network_is_sent_once_when_it_is_back(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    phone = open_phone()
    page = set_up(phone)
    waits_for_worker(page)
    phone.set_offline(True)
    punch(page)

    expect(result(page)).to_contain_text("kept on this phone")
    expect(page.locator("#kept li")).to_have_count(1)
    assert not Punch.objects.exists()
    phone.set_offline(False)

    expect(page.locator("#kept-card")).to_be_hidden()
    expect(page.locator("#done li").first).to_contain_text("made without a network")
    page.reload()
    expect(page.locator("#done li").first).to_contain_text("Location")
    assert not Punch.objects.get().is_held
    assert trouble == []


def test_the_page_opens_without_a_network_and_keeps_what_was_punched_until_a_log_in(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    phone = open_phone()
    page = set_up(phone)
    waits_for_worker(page)
    phone.set_offline(True)
    page.goto("/punch/")
    expect(page.locator("#who")).to_have_text("Alice")
    expect(page.locator("#place")).to_contain_text("At Office")
    expect(page.locator("#note-offline")).to_contain_text("your supervisor looks at it")
    punch(page)
    expect(page.locator("#kept li")).to_have_count(1)
    expect(result(page)).to_contain_text("nobody can check the phone's clock")
    page.reload()
    expect(page.locator("#kept li")).to_have_count(1)
    pressed_by = datetime.now(UTC)

    # The session ends meanwhile.
    phone.clear_cookies()
    phone.set_offline(False)
    expect(page.locator("#note-log-in")).to_be_visible()
    expect(page.locator("#kept li")).to_have_count(1)
    page.locator("#note-log-in button").click()
    page.wait_for_selector("#id_username")
    log_in(phone)

    expect(page.locator("#kept-card")).to_be_hidden()
    kept = Punch.objects.get()
    assert kept.employee == site.alice
    assert kept.punched_at <= pressed_by <= kept.received_at
    # Nobody saw which time the phone's clock showed meanwhile.
    assert kept.is_held
    assert "clock_unchecked" in {one["code"] for one in kept.checks.get().reasons}
    assert trouble == []


def test_another_person_on_the_phone_does_not_send_what_was_kept(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    phone = open_phone()
    page = set_up(phone)
    waits_for_worker(page)
    phone.set_offline(True)
    punch(page)
    expect(page.locator("#kept li")).to_have_count(1)
    phone.clear_cookies()
    phone.set_offline(False)
    expect(page.locator("#note-log-in")).to_be_visible()

    log_in(phone, "bob")

    expect(page.locator("#who")).to_have_text("Bob")
    expect(page.locator("#kept")).to_contain_text("somebody else")
    expect(page.locator("#kept")).not_to_contain_text("Alice")
    assert not Punch.objects.exists()

    phone.clear_cookies()
    log_in(phone, "alice")
    expect(page.locator("#kept-card")).to_be_hidden()
    assert Punch.objects.get().employee == site.alice
    assert trouble == []


def test_a_punch_whose_answer_was_lost_on_the_way_counts_once(
    site: Cast, open_phone: Callable[..., BrowserContext]
) -> None:
    phone = open_phone(service_workers="block")
    page = set_up(phone)
    lost = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/punch/make/", lose)
    punch(page)
    expect(result(page)).to_contain_text("kept on this phone", timeout=20_000)
    assert lost == [201, 200]
    page.unroute("**/punch/make/")
    page.reload()

    expect(page.locator("#done li").first).to_contain_text("Location")
    expect(page.locator("#kept-card")).to_be_hidden()
    assert Punch.objects.count() == 1


# The page itself ---------------------------------------------------------------------------------

NAMELESS: Final = """() => [...document.querySelectorAll("button, a, input, [role=switch]")]
  .filter((one) => one.offsetParent && one.type !== "hidden")
  .filter((one) => !one.labels?.length && !one.textContent.trim()
    && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby"))
  .map((one) => one.outerHTML)"""
TWICE: Final = """() => [...document.querySelectorAll("[id]")].map((one) => one.id)
  .filter((id, n, all) => all.indexOf(id) !== n)"""
SMALL: Final = """() => [...document.querySelectorAll("main :is(button, a, label), header button")]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 28)
  .map((one) => one.outerHTML)"""
CACHED: Final = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      found.push([new URL(request.url).pathname, await answer.text()]);
    }
  }
  return found;
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_page_is_small_named_and_reached_by_keyboard(
    site: Cast,
    open_phone: Callable[..., BrowserContext],
    trouble: list[str],
    locale: str,
) -> None:
    phone = open_phone(locale=locale, service_workers="block")
    scripts: dict[str, int] = {}
    phone.on(
        "response",
        lambda answer: (
            scripts.update({answer.url: len(answer.body())})
            if answer.request.resource_type == "script"
            else None
        ),
    )
    page = log_in(phone)
    page.wait_for_load_state("networkidle")

    assert 0 < sum(scripts.values()) < FIRST_LOAD_AT_MOST
    assert not any("scan" in url or "wasm" in url for url in scripts)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(TWICE) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert "%(" not in page.inner_text("body")
    reached = []
    for _press in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(style) == "solid" or page.evaluate(
            "document.activeElement === document.body || document.activeElement.type === 'radio'"
        )
    assert "open-menu" in reached
    assert "big" in reached
    page.locator("#big").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "big"
    assert trouble == []


def test_the_browsers_caches_hold_the_shell_and_nothing_of_anybody(
    site: Cast, open_phone: Callable[..., BrowserContext], trouble: list[str]
) -> None:
    page = set_up(open_phone())
    waits_for_worker(page)
    page.reload()
    punch(page)
    expect(result(page).locator(".is-accepted")).to_be_visible()

    cached = page.evaluate(CACHED)

    assert "/punch/shell/" in {path for path, _text in cached}
    assert all(path == "/punch/shell/" or path.startswith("/static/") for path, _text in cached)
    assert not any(word in text for _path, text in cached for word in ("Alice", "00101", "Office"))
    assert trouble == []
