"""A missed punch in a browser: reminded, asked for, approved once, explained, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from approvals.models import Request
from approvals.tasks import remind_people
from approvals.tests.office import DAY, at, open_office, punch
from attendance.models import AttendanceDay, Correction
from attendance.tasks import judge_waiting_days, open_days
from organization.models import AuditEntry
from tests.cast import Cast

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

PHONE: Final = {"width": 360, "height": 780}
DESK: Final = {"width": 1440, "height": 900}
NEXT_MORNING: Final = "34:00"
TWO_POSTS: Final = """async ([address, said]) => {
  const body = new URLSearchParams(said);
  const posts = [1, 2].map(() => fetch(address, { method: "POST", body }));
  return (await Promise.all(posts)).map((answer) => answer.status);
}"""


@dataclass
class Town:
    """The cast at work, the clock that everybody looks at, and the browsers they hold."""

    cast: Cast
    open: Callable[..., Page]
    locale: str
    clock: dict[str, datetime]
    trouble: list[str] = field(default_factory=list)

    def set_clock(self, wall: str) -> None:
        self.clock["now"] = at(wall)

    def say(self, words: str, **facts: object) -> str:
        """Return a sentence of the product in the language of the browsers."""
        with translation.override("zh-hans" if self.locale == "zh-CN" else "en"):
            return gettext(words) % facts


@pytest.fixture(params=["en-GB", "zh-CN"])
def town(
    request: pytest.FixtureRequest,
    cast: Cast,
    browser: Browser,
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Town]:
    contexts: list[BrowserContext] = []
    clock: dict[str, datetime] = {"now": at("8:00")}
    for place in ("django.utils.timezone.now", "axes.handlers.proxy.now"):
        monkeypatch.setattr(place, lambda: clock["now"])

    def open_browser(name: str, viewport: dict[str, int] = PHONE) -> Page:
        """Open a browser in which somebody has logged in."""
        context = browser.new_context(
            **{
                **browser_context_args,
                "viewport": viewport,
                "locale": request.param,
                "base_url": live_server.url,
            }
        )
        contexts.append(context)
        context.on("weberror", lambda error: made.trouble.append(str(error.error)))
        page = context.new_page()
        page.goto("/login/?next=/me/")
        page.fill("#id_username", name)
        page.fill("#id_password", "a long word")
        page.press("#id_password", "Enter")
        page.wait_for_selector(".me-top")
        return page

    open_office(cast)
    made = Town(cast, open_browser, request.param, clock)
    yield made
    for context in contexts:
        context.close()
    assert made.trouble == []


def judge() -> None:
    """Ring the bells that open and judge days, as the worker does."""
    open_days()
    judge_waiting_days()


def miss_a_punch(town: Town) -> None:
    """Let Alice come at 8:55 and leave without a punch; the day is judged as it goes on."""
    punch(town.cast.alice, "8:55")
    for wall in ("9:00", "18:10"):
        town.set_clock(wall)
        judge()
    remind_people()


def wait_until_morning(town: Town) -> None:
    """Let the night pass: the windows of the day close, and so do the sessions of the evening."""
    town.set_clock(NEXT_MORNING)
    judge()


def ask(town: Town, alice: Page) -> Request:
    """Let Alice follow what she was told to the day, and ask there for what is missing."""
    alice.goto("/me/notifications/")
    told = town.say(
        "Your shift ended at %(time)s on %(day)s, and you have not punched out yet",
        time="18:00", day="2026年9月1日" if town.locale == "zh-CN" else "2026-09-01",
    )  # fmt: skip
    alice.get_by_role("button", name=told).click()
    expect(alice).to_have_url(re.compile(f"/me/{DAY}/$"))
    expect(alice.locator(".kq-day-head")).to_contain_text(town.say("Missing punch"))
    alice.locator(".me-offers a[href*='make-up'][href*='slot=out']").click()
    expect(alice.locator("#id_corrected_at")).to_have_value("2026-09-01T18:00")
    alice.fill("#id_reason", "忘记打卡")
    alice.locator(".ap-yes").click()
    expect(alice.locator(".ap-state")).to_have_text(town.say("Waiting for a decision"))
    return Request.objects.get()


def post(page: Page, address: str, **said: str) -> int:
    """Post as the page's own form would; return the status of what comes back."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.post(
        address, form={"csrfmiddlewaretoken": token, **said}, headers={"Referer": page.url}
    )
    return answer.status


def decided_once(request: Request) -> None:
    assert Correction.objects.count() == 1
    assert AuditEntry.objects.filter(verb="request.approved").count() == 1
    assert request.steps.get().deciders.get().decided_at is not None


def test_a_missed_punch_is_reminded_of_asked_for_approved_and_explained(town: Town) -> None:
    miss_a_punch(town)
    expect(town.open("alice").locator(".me-top .me-number")).to_have_text("1")
    wait_until_morning(town)
    alice = town.open("alice")
    request = ask(town, alice)

    bob = town.open("bob")
    bob.get_by_role("link", name=town.say("To decide")).click()
    card = bob.locator(".ap-card")
    expect(card).to_contain_text("Alice")
    before, after = card.locator(".ap-change .kq-status").all_inner_texts()
    assert town.say("Missing punch") in before
    assert town.say("Normal") in after
    card.get_by_role("button", name=town.say("Approve")).dblclick()
    expect(bob.locator(".ap-messages")).to_have_text(town.say("Approved."))
    expect(bob.locator(".kq-calm")).to_have_text(town.say("Nothing waits for you."))
    decided_once(request)

    judge()
    assert AttendanceDay.objects.get(employee=town.cast.alice, work_date=DAY).status == "normal"
    alice.goto(f"/me/{DAY}/")
    expect(alice.locator(".kq-day-head")).to_contain_text(town.say("Normal"))
    expect(alice.locator("main")).to_contain_text(
        town.say("An approved make-up fills the %(slot)s at %(at)s.",
                 slot=town.say("out-punch"), at="18:00")
    )  # fmt: skip
    alice.goto("/me/notifications/")
    expect(alice.locator(".ap-told .is-new")).to_contain_text(town.say("Approved"))


def test_the_inbox_of_the_console_decides_once_however_often_it_is_pressed(town: Town) -> None:
    miss_a_punch(town)
    wait_until_morning(town)
    request = ask(town, town.open("alice"))

    bob = town.open("bob", DESK)
    bob.goto("/admin/approvals/request/inbox/")
    waiting = bob.locator("#nav-sidebar a[href$='/inbox/']")
    expect(waiting).to_contain_text("1")
    expect(bob.locator(".ap-change")).to_contain_text(town.say("Missing punch"))
    expect(bob.locator(".ap-change")).to_contain_text(town.say("Normal"))
    bob.locator("[data-card] input[type=checkbox]").check()
    bob.get_by_role("button", name=town.say("Approve")).dblclick()
    expect(bob.locator("#content-main .kq-calm")).to_have_text(town.say("Nothing waits for you."))
    expect(waiting).not_to_contain_text("1")

    decided_once(request)


def test_two_presses_at_once_decide_once(town: Town) -> None:
    """A page without its script sends both."""
    miss_a_punch(town)
    wait_until_morning(town)
    request = ask(town, town.open("alice"))
    bob = town.open("bob")
    bob.goto("/me/inbox/")
    form = bob.locator("form.ap-decide")
    said = {
        name: form.locator(f"[name={name}]").input_value()
        for name in ("csrfmiddlewaretoken", "step")
    }

    answers = bob.evaluate(TWO_POSTS, [form.get_attribute("action"), {**said, "act": "approve"}])

    assert answers == [200, 200]
    decided_once(request)


def test_another_department_finds_nothing_and_whoever_asks_does_not_decide(town: Town) -> None:
    miss_a_punch(town)
    wait_until_morning(town)
    alice = town.open("alice")
    request = ask(town, alice)

    carol = town.open("carol")
    for page, act in (
        (f"/me/requests/{request.pk}/", f"/me/requests/{request.pk}/"),
        (f"/admin/approvals/request/{request.pk}/change/",
         f"/admin/approvals/request/{request.pk}/act/"),
    ):  # fmt: skip
        carol.goto("/me/inbox/")
        expect(carol.locator(".kq-calm")).to_have_text(town.say("Nothing waits for you."))
        assert post(carol, act, act="approve", step="1") == 404
        answer = carol.goto(page)
        assert answer is not None
        assert answer.status == 404

    alice.goto(f"/me/requests/{request.pk}/")
    alice.locator("details.kq-sure > summary").click()
    expect(alice.locator("button[value=withdraw]")).to_be_visible()
    expect(alice.locator("button[value=approve], button[value=reject]")).to_have_count(0)
    assert post(alice, alice.url, act="approve", step="1") == 200
    alice.goto(f"/me/requests/{request.pk}/")
    request.refresh_from_db()
    assert request.status == "waiting"
    assert not Correction.objects.exists()
