"""A screen on the wall in a real browser: what stands on its picture is what a camera reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import zxingcpp
from django.core.cache import caches
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from attendance.evidence.screens import CodeState, read_code
from attendance.services.screens import code_in, screens_of
from devices import pairings, screens
from devices.models import QrScreen
from tests.cast import NOW, Cast, play

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]
TELEVISION = {"width": 1920, "height": 1080}
TABLET = {"width": 768, "height": 1024}
PHONE = {"width": 390, "height": 844}
STEP = 15
SOON = 1000 * (STEP + 10)


@pytest.fixture
def company() -> Cast:
    caches["counts"].clear()
    return play()


@pytest.fixture
def trouble() -> list[str]:
    """What the browser complained about, and what it asked other hosts for."""
    return []


@pytest.fixture
def wall(
    request: pytest.FixtureRequest,
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    company: Cast,
    trouble: list[str],
) -> Iterator[Page]:
    """A page of nobody, at the size and in the language of the parameter."""
    size, locale = getattr(request, "param", (TELEVISION, "en-GB"))
    context = browser.new_context(**{**browser_context_args, "viewport": size, "locale": locale})
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda asked: _note_strangers(asked.url, live_server.url, trouble))
    yield page
    context.close()


def _note_strangers(url: str, home: str, trouble: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        trouble.append(f"asked for {url}")


def hung(page: Page, live_server: LiveServer, company: Cast) -> QrScreen:
    """Bind the browser by typing the code, as somebody at the wall does; return the screen."""
    screen = screens.add_screen(
        name="Head office, entrance", department=company.unit, actor=None, now=NOW
    )
    _screen, code = pairings.begin_pairing(screen_id=screen.pk, actor=None, now=timezone.now())
    page.goto(f"{live_server.url}/screen/")
    page.fill("#id_code", code.lower())
    page.press("#id_code", "Enter")
    page.wait_for_url(f"**/screen/{screen.key}/")
    page.wait_for_selector("body[data-state=shown]", timeout=SOON)
    return screen


def seen(page: Page) -> str:
    """Return what a camera reads from a picture of the page; nothing where there is no code."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    return found[0].text if found else ""


def worth(text: str) -> CodeState:
    code = code_in(text)
    return read_code(code, screens_of(code), timezone.now()).state


@pytest.mark.parametrize(
    "wall",
    [(TELEVISION, "zh-CN"), (TABLET, "en-GB"), (PHONE, "en-GB")],
    ids=["television", "tablet", "phone"],
    indirect=True,
)
def test_a_camera_reads_a_code_that_counts(
    wall: Page, live_server: LiveServer, company: Cast, trouble: list[str]
) -> None:
    """S-08: and nothing of it lies outside the screen."""
    hung(wall, live_server, company)

    text = seen(wall)

    assert text.startswith(f"{live_server.url}/punch/?code=kq1.")
    assert worth(text) is CodeState.VALID
    assert wall.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = wall.locator("#code").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= wall.viewport_size["height"]
    assert trouble == []


def test_the_code_changes_with_its_step_and_goes_when_the_screen_is_revoked(
    wall: Page, live_server: LiveServer, company: Cast, trouble: list[str]
) -> None:
    """S-12."""
    screen = hung(wall, live_server, company)
    first, drawn = seen(wall), wall.get_attribute("#code path", "d")

    wall.wait_for_function(
        "drawn => document.querySelector('#code path').getAttribute('d') !== drawn",
        arg=drawn,
        timeout=SOON,
    )

    assert wall.get_attribute("body", "data-state") == "shown"
    second = seen(wall)
    assert second != first
    assert worth(second) is CodeState.VALID

    screens.revoke(screen_id=screen.pk, actor=None, now=timezone.now())
    assert worth(second) is CodeState.REVOKED
    wall.wait_for_selector("body[data-state=revoked]", timeout=SOON)
    assert wall.get_by_text("This screen was revoked").is_visible()
    assert seen(wall) == ""
    assert trouble == []


def test_without_a_network_no_stale_code_is_shown_and_it_comes_back_by_itself(
    wall: Page, live_server: LiveServer, company: Cast
) -> None:
    hung(wall, live_server, company)

    wall.context.set_offline(True)
    wall.wait_for_selector("body[data-state=offline]", timeout=2 * SOON)

    assert wall.get_by_text("No connection").is_visible()
    assert seen(wall) == ""
    wall.context.set_offline(False)
    wall.wait_for_selector("body[data-state=shown]", timeout=SOON)
    assert worth(seen(wall)) is CodeState.VALID


def test_a_browser_that_is_not_paired_any_more_says_so(
    wall: Page, live_server: LiveServer, company: Cast
) -> None:
    screen = hung(wall, live_server, company)

    pairings.unpair(screen_id=screen.pk, actor=None, now=timezone.now())

    wall.wait_for_selector("body[data-state=gone]", timeout=SOON)
    assert seen(wall) == ""
    wall.get_by_text("Pair it again").click()
    wall.wait_for_selector("#id_code")


def test_a_sheet_is_read_from_paper(
    wall: Page, live_server: LiveServer, company: Cast, client: Any
) -> None:
    sheet = screens.add_screen(
        name="Gate", department=company.unit, kind="printed", actor=None, now=NOW
    )
    client.force_login(company.hr)
    cookie = client.cookies["sessionid"].value
    wall.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    wall.emulate_media(media="print")
    wall.goto(f"{live_server.url}/admin/devices/qrscreen/{sheet.pk}/sheet/")

    assert not wall.locator("#print").is_visible()
    assert worth(seen(wall)) is CodeState.PRINTED
