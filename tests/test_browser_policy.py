"""The policy of content in a real browser: it refuses what it should, and nothing that we use."""

from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.cast import Cast

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

LISTEN: Final = """
window.refusals = 0;
document.addEventListener("securitypolicyviolation", (refused) => {
  window.refusals += 1;
  console.error(`refused: ${refused.effectiveDirective} ${refused.blockedURI}`);
});
"""


@pytest.fixture
def trouble() -> list[str]:
    """What the browser refused or complained about, and what it asked other hosts for."""
    return []


@pytest.fixture
def page(
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    cast: Cast,
    trouble: list[str],
) -> Any:
    """A page of the superuser, who has just come in through the log-in."""
    context = browser.new_context(
        **{**browser_context_args, "viewport": {"width": 1440, "height": 900}},
        base_url=live_server.url,
    )
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    page.on("console", lambda line: _note(page, line, trouble))
    page.on("request", lambda asked: _note_strangers(asked.url, live_server.url, trouble))
    page.goto("/login/")
    page.fill("#id_username", "boss")
    page.fill("#id_password", "a long word")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    yield page
    context.close()


def _note(page: Page, line: Any, trouble: list[str]) -> None:
    if line.type in {"error", "warning"}:
        trouble.append(f"{page.url}: {line.text}")


def _note_strangers(url: str, home: str, trouble: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        trouble.append(f"asked for {url}")


def test_a08_the_console_works_under_the_policy(page: Page, trouble: list[str], cast: Cast) -> None:
    # The sidebar folds away, and light turns dark.
    page.locator("[x-on\\:click^='sidebarDesktopOpen']").click()
    expect(page.locator("#nav-sidebar")).not_to_be_in_viewport()
    page.evaluate("localStorage.setItem('sidebarDesktopOpen', '1')")
    page.goto("/admin/organization/employee/")
    page.locator("#nav-sidebar [x-on\\:click*='openUserLinks']").first.click()
    page.locator("[x-on\\:click=\"switchTheme('dark')\"]").click()
    expect(page.locator("html")).to_have_class("dark")

    # A filter opens, and a list is filtered by a search.
    page.goto("/admin/organization/employee/?q=Carol")
    page.locator("[x-on\\:click*='filterOpen = true']").first.click()
    expect(page.locator("#changelist-filter")).to_be_visible()

    # Somebody is found while typing; a date and a time are chosen from their little windows.
    page.goto("/admin/attendance/absence/add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill("Ali")
    page.locator(".select2-results__option", has_text="Alice").click()
    expect(page.locator("#id_employee option:checked")).to_contain_text("Alice")
    page.locator("#calendarlink0").click()
    page.locator("#calendarin0 td a").nth(9).click()
    page.locator("#clocklink0").click()
    page.locator("#clockbox0 li a").nth(1).click()
    assert page.input_value("#id_starts_at_0").endswith("10")
    assert page.input_value("#id_starts_at_1")

    for address in (
        "/admin/organization/employee/import/",
        "/admin/organization/employee/export/",
        "/admin/scheduling/shift/add/",
        "/admin/scheduling/rosterentry/import/",
        "/admin/attendance/attendancerule/add/",
        "/admin/attendance/attendanceday/month/",
        "/me/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")

    assert trouble == []


def test_a08_the_pages_of_the_api_work_under_the_policy(page: Page, trouble: list[str]) -> None:
    page.goto("/api/docs/")
    page.locator(".opblock-summary").first.click()
    page.locator("button.try-out__btn").first.click()
    page.locator("button.execute").first.click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200"
    )

    assert trouble == []


@pytest.mark.parametrize("address", ["/admin/", "/me/"])
def test_a08_what_somebody_slips_into_a_page_does_not_run(
    page: Page, trouble: list[str], address: str
) -> None:
    page.goto(address)
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.text = "window.stolen = true";
          document.body.append(script);
          document.body.insertAdjacentHTML(
            "beforeend", "<img src='/static/nothing.png' onerror='window.stolen = true'>");
          const foreign = document.createElement("script");
          foreign.src = "https://evil.example/steal.js";
          document.body.append(foreign);
        }"""
    )
    page.wait_for_function("window.refusals >= 3")

    assert page.evaluate("window.stolen") is None
    refused = {line.split(": ", 2)[-1] for line in trouble if "refused: " in line}
    assert refused == {
        "script-src-elem inline",
        "script-src-attr inline",
        "script-src-elem https://evil.example/steal.js",
    }
