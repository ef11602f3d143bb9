"""Pages about requests in a real browser: on a small phone, and where people are written."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from approvals import services
from approvals.tests.office import DAY, NOW, at, open_office
from tests.cast import Cast, appoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

PHONE: Final = {"width": 360, "height": 780}
HOUR: Final = timedelta(hours=1)
FORM: Final = "/me/requests/absence/"


def log_in(context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.goto("/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", "a long word")
    page.press("#id_password", "Enter")
    page.wait_for_selector(".me-top, #nav-sidebar", state="attached")
    return page


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(
    request: pytest.FixtureRequest,
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    cast: Cast,
) -> Iterator[Page]:
    """A phone in English of somebody who asks and decides, and has both to do."""
    appoint(cast.alice.user, "department_supervisor", cast.department)
    cast.alice.user.set_password("a long word")
    cast.alice.user.save()
    open_office(cast)
    for clock in ("19:00", "20:00"):
        services.submit_overtime(
            employee=cast.bob, work_date=DAY, starts_at=at(clock), ends_at=at(clock) + HOUR,
            reason="So", actor=cast.bob.user, now=NOW,
        )  # fmt: skip
    context = browser.new_context(
        **{**browser_context_args, "viewport": PHONE, "locale": "en-GB"},
        base_url=live_server.url,
        java_script_enabled=request.param,
    )
    yield log_in(context, cast.alice.user.username)
    context.close()


def test_the_hours_are_shown_only_where_hours_are_asked_for(phone: Page) -> None:
    phone.goto(FORM)
    hours, noon = phone.locator("[name=starts]"), phone.locator("[name=from_noon]")
    expect(hours).to_be_hidden()
    expect(noon).to_be_visible()

    phone.check("[name=unit][value=hour]")
    expect(hours).to_be_visible()
    expect(noon).to_be_hidden()

    # What is wrong stays in sight until it is mended.
    phone.fill("[name=starts]", "09:00")
    phone.fill("[name=ends]", "10:00")
    phone.fill("[name=reason]", "So")
    phone.check("[name=unit][value=day]")
    expect(hours).to_be_hidden()
    phone.click("[type=submit].ap-yes")
    expect(hours).to_be_visible()
    expect(phone.locator("[name=ends]")).to_be_visible()


def test_the_header_takes_two_lines_at_most(phone: Page) -> None:
    phone.goto(FORM)
    expect(phone.locator(".me-top .me-number").first).to_have_text("2")

    parts = phone.locator(".me-top > *")
    boxes = [parts.nth(n).bounding_box() for n in range(parts.count())]
    tops = {round(box["y"] + box["height"] / 2) for box in boxes if box is not None}

    assert len(tops) <= 2, tops
    for word in ("Punch", "My requests", "To decide", "My log-in", "Log out"):
        expect(phone.locator(".me-top").get_by_text(word)).to_be_visible()
    wide = phone.locator("body").bounding_box()
    assert wide is not None
    assert wide["width"] <= PHONE["width"]


def test_somebody_who_is_written_is_offered(
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    cast: Cast,
) -> None:
    context = browser.new_context(**browser_context_args, base_url=live_server.url)
    page = log_in(context, "boss")

    for where, box in (("approvalrule/who/", "employee"), ("delegation/add/", "giver")):
        page.goto(f"/admin/approvals/{where}")
        page.locator(f"#id_{box}").press_sequentially("Ali")
        page.wait_for_selector(f"#id_{box}-people option", state="attached")
        offered = page.locator(f"#id_{box}-people option").evaluate_all(
            "all => all.map(o => o.value)"
        )
        assert offered == ["00101 Alice"]
    context.close()
