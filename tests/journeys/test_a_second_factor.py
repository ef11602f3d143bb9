"""A person sets up a second factor in a browser, and comes in with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from organization.models import User
from tests.codes import code_at

pytestmark = [
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

PASSWORD = "four plain words here"
NOW = datetime(2026, 3, 2, 4, 0, 7, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 4, 0, 37, tzinfo=UTC)


def open_page(browser: Browser, width: int, locale: str) -> Page:
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def log_in(page: Page, home: str) -> None:
    page.goto(f"{home}/admin/organization/user/")
    page.fill("#id_username", "chief")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")


@pytest.mark.parametrize(("width", "locale"), [(1440, "en-GB"), (390, "zh-CN")])
def test_set_up_on_the_phone_then_asked_for_then_replaced_by_a_recovery_code(
    browser: Browser, live_server: LiveServer, monkeypatch, settings, width: int, locale: str
) -> None:
    """A-15, P-05."""
    settings.SECOND_FACTOR = "required"
    clock = {"now": NOW}
    for place in ("django.utils.timezone.now", "axes.handlers.proxy.now"):
        monkeypatch.setattr(place, lambda: clock["now"])
    User.objects.create_superuser("chief", password=PASSWORD)
    home = live_server.url

    desk = open_page(browser, width, locale)
    log_in(desk, home)
    desk.click("button[value=begin]")
    square = desk.locator("svg.me-qr path")
    assert (square.bounding_box() or {})["width"] > 120
    secret = desk.inner_text("#secret")
    desk.fill("#id_code", code_at(secret, NOW))
    desk.press("#id_code", "Enter")
    codes = desk.locator(".me-codes code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    desk.click("main a.kq-day-button")
    expect(desk).to_have_url(f"{home}/admin/organization/user/")

    clock["now"] = LATER
    again = open_page(browser, width, locale)
    log_in(again, home)
    expect(again).to_have_url(f"{home}/login/code/")
    again.fill("#id_code", code_at(secret, NOW))
    again.press("#id_code", "Enter")
    expect(again.get_by_role("alert")).to_be_visible()
    again.fill("#id_code", code_at(secret, LATER))
    again.press("#id_code", "Enter")
    expect(again).to_have_url(f"{home}/admin/organization/user/")

    without_phone = open_page(browser, width, locale)
    log_in(without_phone, home)
    without_phone.fill("#id_code", recovery)
    without_phone.press("#id_code", "Enter")
    expect(without_phone).to_have_url(re.compile("/admin/organization/user/$"))
    without_phone.goto(f"{home}/account/")
    assert timezone.now() == LATER
    assert without_phone.locator(".me-rows li").count() == 3
    wide = without_phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
