"""The console in a real browser: it needs no other host, and every line of the sidebar opens."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from organization.models import User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

PASSWORD = "a long enough password"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def trouble() -> list[str]:
    """What the browser complained about, and what it asked other hosts for."""
    return []


@pytest.fixture
def console(
    request: pytest.FixtureRequest,
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    trouble: list[str],
) -> Iterator[Page]:
    """A page of somebody who has logged in, at the size and in the language of the parameter."""
    size, locale = request.param
    User.objects.create_superuser("chief", "chief@example.com", PASSWORD)
    context = browser.new_context(**{**browser_context_args, "viewport": size, "locale": locale})
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda line: trouble.append(line.text) if line.type == "error" else None)
    page.on("request", lambda asked: _note_strangers(asked.url, live_server.url, trouble))
    page.goto(f"{live_server.url}/")
    page.fill("#id_username", "chief")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    yield page
    context.close()


def _note_strangers(url: str, home: str, trouble: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        trouble.append(f"asked for {url}")


@pytest.mark.parametrize(
    "console",
    [(DESK, "zh-CN"), (PHONE, "en-GB")],
    ids=["at the desk in Chinese", "on the phone in English"],
    indirect=True,
)
def test_every_line_of_the_sidebar_opens(console: Page, trouble: list[str]) -> None:
    links = console.locator("#nav-sidebar a[href*='/admin/']")
    addresses = sorted({links.nth(n).get_attribute("href") or "" for n in range(links.count())})
    assert addresses

    for address in addresses:
        answer = console.goto(f"{console.url.split('/admin/')[0]}{address}")

        assert answer is not None
        assert (address, answer.status) == (address, 200)
        wide = console.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert (address, wide <= 0) == (address, True), "the page scrolls sideways"

    assert trouble == []


@pytest.mark.parametrize("console", [(DESK, "en-GB")], ids=["at the desk"], indirect=True)
def test_the_language_is_switched_in_the_console(console: Page) -> None:
    form = console.locator("form[action='/i18n/setlang/']").filter(has_text="简体中文")

    form.evaluate("form => form.submit()")
    console.wait_for_selector("html[lang='zh-hans']")

    assert console.locator("html").get_attribute("lang") == "zh-hans"
