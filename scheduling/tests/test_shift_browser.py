"""The form of a shift and the days of a rotation in a real browser: what only a script can do."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from organization.models import User
from scheduling.models import Rotation, Shift
from scheduling.pattern import Overtime, OvertimeTerms, ShiftPattern

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def console(
    browser: Browser, browser_context_args: dict[str, Any], live_server: LiveServer
) -> Iterator[Page]:
    User.objects.create_superuser("chief", password="a long enough password")
    context = browser.new_context(**browser_context_args, base_url=live_server.url)
    page = context.new_page()
    page.goto("/admin/login/")
    page.fill("#id_username", "chief")
    page.fill("#id_password", "a long enough password")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    yield page
    context.close()


def test_the_drawing_and_the_sentence_follow_the_typing(console: Page) -> None:
    console.goto("/admin/scheduling/shift/add/")
    headline = console.locator(".kq-headline")
    expect(headline).to_contain_text("Works 09:00 to 18:00")

    console.fill("[name=segments_0]", "22:00")
    console.fill("[name=segments_1]", "06:00")
    expect(console.locator(".kq-problems")).to_contain_text("Break, row 1")
    expect(console.locator(".kq-stale")).to_have_count(1)
    console.click("text=Breaks >> xpath=.. >> [data-row-remove]")

    expect(headline).to_have_text("Works 22:00 to 06:00 the next day: 8\u00a0h.")
    expect(console.locator(".kq-stale")).to_have_count(0)
    expect(console.locator("svg .tl-midnight")).to_have_count(1)


def test_rows_and_folds_come_as_they_are_needed_and_are_saved(console: Page) -> None:
    console.goto("/admin/scheduling/shift/add/")
    expect(console.locator("[name=flexible__mode]")).to_be_hidden()
    console.fill("[name=code]", "S")
    console.fill("[name=name]", "Split")
    console.fill("[name=segments_1]", "12:00")
    console.click("text=Working time >> xpath=.. >> [data-row-add]")
    console.locator("[name=segments_0]").nth(1).fill("13:00")
    console.locator("[name=segments_1]").nth(1).fill("18:00")
    console.click("text=Breaks >> xpath=.. >> [data-row-remove]")
    console.click("summary:has-text('Overtime')")
    expect(console.locator("[name=overtime__workday__unit]")).to_be_hidden()
    console.check("[name=overtime__workday]")
    console.fill("[name=overtime__workday__unit]", "30")

    console.click("button[name=_save]")
    console.wait_for_url("**/admin/scheduling/shift/")

    assert Shift.objects.get().versions.get().read() == ShiftPattern(
        segments=((540, 720), (780, 1080)),
        overtime=Overtime(workday=OvertimeTerms(unit=30)),
    )


def test_alternating_weeks_have_fourteen_named_days(console: Page) -> None:
    console.goto("/admin/scheduling/shift/add/")
    console.fill("[name=code]", "A")
    console.fill("[name=name]", "Day")
    console.click("button[name=_save]")
    console.wait_for_url("**/admin/scheduling/shift/")
    console.goto("/admin/scheduling/rotation/add/")
    days = console.locator("[data-turn-day]")
    expect(days).to_have_count(7)

    console.click("text=Alternating weeks")
    expect(days).to_have_count(14)
    expect(days.nth(7)).to_have_text("Mon")
    for index in range(5):
        console.locator("[name=turns]").nth(index).select_option(label="A Day")
    expect(console.locator(".kq-weeks b")).to_have_count(10)
    console.fill("[name=name]", "weeks")
    console.click("button[name=_save]")
    console.wait_for_url("**/admin/scheduling/rotation/")

    assert Rotation.objects.get().turns.filter(shift__isnull=False).count() == 5
