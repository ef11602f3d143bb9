from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services
from approvals.cards import SHOWN
from approvals.models import Allowance, Request
from approvals.tests.office import DAY, NOW, approve, ask, at, punch, reject
from attendance.models import Correction
from attendance.services import days, periods
from attendance.services.closing_checks import ToClose, look
from organization.models import Department, User
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
INBOX, MINE = "/me/inbox/", "/me/requests/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def browser(user, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def page_of(request: Request) -> str:
    return reverse("approvals:request", args=[request.pk])


def text(client: Client, where: str, **options) -> str:
    return client.get(where, **options).content.decode()


def test_a_supervisor_sees_what_approving_changes_and_approves_with_one_press(office: Cast):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    bob = browser(office.bob.user)

    said = text(bob, INBOX)
    assert "Alice" in said
    assert "Out-punch at 18:00" in said
    assert said.index("Missing punch") < said.index("Normal")
    assert "worked 0 min → 8 h" in said
    assert "1 of 3 used in the period" in said

    for _press in range(2):
        answer = bob.post(page_of(request), {"act": "approve", "step": "1"}, follow=True)
        assert answer.status_code == 200
    assert "already" in answer.content.decode()
    assert Correction.objects.count() == 1
    assert "Nothing waits for you" in text(bob, INBOX)


def test_the_same_in_chinese(office: Cast):
    request = ask(office.alice)

    said = text(browser(office.bob.user, "zh-hans"), INBOX)

    assert '<html lang="zh-hans">' in said
    assert f'action="{page_of(request)}"' in said


def test_a_rejection_without_a_reason_is_refused_and_with_one_is_told_to_whoever_asked(
    office: Cast,
):
    request = ask(office.alice)
    bob = browser(office.bob.user)

    assert "Say why" in bob.post(page_of(request), {"act": "reject"}, follow=True).content.decode()
    bob.post(page_of(request), {"act": "reject", "reason": "The gate saw nobody"})

    assert "The gate saw nobody" in text(browser(office.alice.user), page_of(request))


def test_another_departments_supervisor_finds_nothing(office: Cast):
    request = ask(office.alice)
    carol = browser(office.carol.user)

    assert carol.get(page_of(request)).status_code == 404
    assert carol.post(page_of(request), {"act": "approve"}).status_code == 404
    assert "Alice" not in text(carol, INBOX)
    assert Request.objects.get().status == "waiting"


def test_whoever_only_reads_does_nothing(office: Cast):
    reader = User.objects.create_user("reader")
    appoint(reader, "auditor", office.unit)
    request = ask(office.alice)

    assert browser(reader).get(page_of(request)).status_code == 200
    assert browser(reader).post(page_of(request), {"act": "approve"}).status_code == 404


def test_a_missing_slot_of_a_day_leads_to_a_form_that_is_filled_in(office: Cast):
    punch(office.alice, "8:58")
    alice = browser(office.alice.user)
    way = f"{MINE}make-up/?day={DAY}&amp;slot=out"
    assert way in text(alice, f"/me/{DAY}/")

    form = text(alice, way.replace("&amp;", "&"))
    assert 'value="2026-09-01T18:00"' in form
    answer = alice.post(
        f"{MINE}make-up/",
        {"work_date": DAY, "slot": "out", "corrected_at": "2026-09-01T18:05", "reason": "Forgot"},
    )

    request = Request.objects.get()
    assert answer["Location"] == page_of(request)
    assert (request.corrected_at, request.submitted_by) == (at("18:05"), office.alice.user)
    assert "Waiting for a decision" in text(alice, MINE)


def test_where_a_day_has_nothing_to_choose_another_day_is_offered(office: Cast):
    punch(office.alice, "8:58")
    punch(office.alice, "18:02")
    alice = browser(office.alice.user)
    saturday = DAY + timedelta(days=4)

    nothing = text(alice, f"{MINE}appeal/?day={DAY}")
    rest = text(alice, f"{MINE}appeal/?day={saturday}")

    for said in (nothing, rest):
        assert "Nothing was found on this day that could be disputed." in said
        assert 'name="day"' in said
        assert 'name="slot"' not in said


def test_a_request_leads_back_to_where_its_reader_comes_from(office: Cast):
    request = ask(office.alice)

    assert f'href="{MINE}">‹' in text(browser(office.alice.user), page_of(request))
    assert f'href="{INBOX}">‹' in text(browser(office.bob.user), page_of(request))


def test_of_a_day_to_come_nothing_is_said_to_change_nothing(office: Cast):
    day = DAY + timedelta(days=2)
    services.submit_overtime(
        employee=office.alice, work_date=day, starts_at=at("18:00", day), ends_at=at("20:00", day),
        reason="So", actor=office.alice.user, now=NOW,
    )  # fmt: skip

    said = text(browser(office.bob.user), INBOX)

    assert "the day is still to come" in said
    assert "changes nothing" not in said


def test_what_is_refused_stands_above_what_was_written(office: Cast):
    alice = browser(office.alice.user)
    said = {"work_date": DAY, "slot": "out", "corrected_at": "2026-09-03T18:05", "reason": "Why"}

    answer = alice.post(f"{MINE}make-up/", said)

    assert "has not come yet" in answer.content.decode()
    assert "Why" in answer.content.decode()
    assert not Request.objects.exists()


def test_half_a_day_of_leave_an_hour_of_outing_and_overtime_are_asked_for(office: Cast):
    alice = browser(office.alice.user)
    days = {"kind": "leave", "leave_type": "annual", "first": DAY, "last": DAY,
            "until_noon": "on", "reason": "So"}  # fmt: skip
    hours = {"kind": "outing", "first": DAY, "last": DAY, "starts": "14:00", "ends": "15:00",
             "reason": "So"}  # fmt: skip
    late = {"work_date": DAY, "starts": "22:00", "ends": "01:00", "reason": "So"}

    for where, said in (("absence", days), ("absence", hours), ("overtime", late)):
        assert alice.post(f"{MINE}{where}/", said).status_code == 302, where

    assert list(Request.objects.order_by("pk").values_list("kind", "starts_at", "ends_at")) == [
        ("leave", at("9:00"), at("12:00")),
        ("outing", at("14:00"), at("15:00")),
        ("overtime", at("22:00"), at("25:00")),
    ]


@pytest.mark.parametrize("odd", [
    {"kind": "leave"}, {"starts": "10:00"}, {"kind": "sabbatical"}, {"first": "soon"},
    {"first": "0001-01-01", "last": "9999-12-31"}, {"reason": "x" * 201},
])  # fmt: skip
def test_odd_forms_are_shown_again(office: Cast, odd):
    said = {"kind": "trip", "first": DAY, "last": DAY, "reason": "So"} | odd

    answer = browser(office.alice.user).post(f"{MINE}absence/", said)

    assert answer.status_code == 200
    assert not Request.objects.exists()


@pytest.mark.parametrize("odd", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("where", ["make-up", "absence", "overtime"])
def test_a_date_that_no_calendar_reaches_is_refused_at_its_box(office: Cast, where: str, odd: str):
    said = {"kind": "trip", "first": odd, "last": odd, "work_date": odd, "slot": "in",
            "corrected_at": f"{DAY}T09:00", "starts": "09:00", "ends": "10:00",
            "reason": "So"}  # fmt: skip

    answer = browser(office.alice.user).post(f"{MINE}{where}/?day={DAY}", said)

    assert "Give a date between 2000 and 2100." in answer.content.decode()
    assert not Request.objects.exists()


def test_whoever_asked_withdraws(office: Cast):
    request = ask(office.alice)

    browser(office.alice.user).post(page_of(request), {"act": "withdraw"})

    request.refresh_from_db()
    assert request.status == "withdrawn"


def test_an_appeal_is_offered_where_something_was_found(office: Cast):
    punch(office.alice, "9:40")
    punch(office.alice, "18:00")
    alice = browser(office.alice.user)
    assert f"{MINE}appeal/?day={DAY}&amp;slot=in" in text(alice, f"/me/{DAY}/")

    alice.post(f"{MINE}appeal/", {"work_date": DAY, "slot": "in", "reason": "Fire drill"})

    assert Request.objects.get().kind == "appeal"
    assert "shall count as on time" in text(browser(office.bob.user), INBOX)


def test_a_withdrawn_request_does_not_count_none(office: Cast):
    request = services.submit_overtime(
        employee=office.alice, work_date=DAY, starts_at=at("19:00"), ends_at=at("20:00"),
        reason="So", actor=office.alice.user, now=NOW,
    )  # fmt: skip
    alice = browser(office.alice.user)
    assert "1 this month" in text(alice, page_of(request))

    services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)

    said = text(alice, page_of(request))
    assert "this month" not in said
    assert "<li></li>" not in said


def test_a_card_says_how_many_make_ups_are_used_and_not_which_one_it_is(office: Cast):
    first = ask(office.alice)
    ask(office.alice, slot="in", corrected_at=at("9:00"))
    assert text(browser(office.bob.user), INBOX).count("2 of 3 used in the period") == 2

    reject(first, office.bob)

    assert "1 of 3 used in the period" in text(browser(office.bob.user), page_of(first))


def test_a_form_says_how_many_make_ups_of_the_period_are_left(office: Cast):
    alice = browser(office.alice.user)
    ask(office.alice)

    said = text(alice, f"{MINE}make-up/?day={DAY}")

    assert "2 of 3 make-ups are left from 2026-09-01 to 2026-09-30." in said


def test_a_form_says_what_is_left_of_leave_that_has_an_allowance(office: Cast):
    Allowance.objects.create(employee=office.alice, leave_type="annual", year=2026, days=5)
    Allowance.objects.create(employee=office.alice, leave_type="in_lieu", year=2025, days=2)
    Allowance.objects.create(employee=office.bob, leave_type="marriage", year=2026, days=3)
    services.submit_days(
        employee=office.alice, kind="leave", leave_type="annual", first=DAY, last=DAY,
        until_noon=True, reason="So", actor=office.alice.user, now=NOW,
    )  # fmt: skip

    said = text(browser(office.alice.user), f"{MINE}absence/?day={DAY}")

    assert "Annual leave: 4.5 of 5 days are left in 2026." in said
    assert said.count("days are left in") == 1


def test_what_was_asked_already_is_named_with_what_became_of_it(office: Cast):
    alice = browser(office.alice.user)
    made = services.submit_days(
        employee=office.alice, kind="leave", leave_type="annual", first=DAY, last=DAY,
        reason="So", actor=office.alice.user, now=NOW,
    )  # fmt: skip
    ask(office.alice)
    again = {"kind": "leave", "leave_type": "sick", "first": DAY, "last": DAY, "reason": "So"}
    slot = {"work_date": DAY, "slot": "out", "corrected_at": f"{DAY}T18:00", "reason": "So"}

    waits = alice.post(f"{MINE}absence/", again).content.decode()
    beside = alice.post(f"{MINE}make-up/", slot).content.decode()
    approve(made, office.bob)
    counts = alice.post(f"{MINE}absence/", again).content.decode()

    assert "Leave of 2026-09-01 has been asked for already; withdraw it or wait" in waits
    assert "Make-up punch of 2026-09-01 has been asked for already" in beside
    assert "Leave of 2026-09-01 is approved already" in counts
    assert "withdraw" not in counts


@pytest.mark.parametrize(("odd", "box", "why"), [
    ({"last": DAY - timedelta(days=1)}, "last", "It ends before it starts."),
    ({"unit": "hour", "starts": "15:00", "ends": "14:00"}, "ends", "The end must lie after"),
    ({"unit": "hour", "starts": "15:00", "ends": "15:00"}, "ends", "The end must lie after"),
])  # fmt: skip
def test_an_end_before_the_beginning_is_refused_at_its_box(office: Cast, odd, box, why):
    said = {"kind": "outing", "unit": "day", "first": DAY, "last": DAY, "reason": "So"} | odd

    answer = browser(office.alice.user).post(f"{MINE}absence/", said)

    assert why in str(answer.context["form"].errors[box])


@pytest.mark.parametrize("when", ["2026-09-03T18:05", "2026-08-25T18:05"])
def test_a_moment_is_told_as_the_clock_on_the_wall_shows_it(office: Cast, when: str):
    said = {"work_date": DAY, "slot": "out", "corrected_at": when, "reason": "Why"}

    told = browser(office.alice.user).post(f"{MINE}make-up/?day={DAY}", said).content.decode()

    assert f"{when.replace('T', ' ')} " in told
    assert "+08:00" not in told


def test_hours_and_days_are_never_taken_for_each_other(office: Cast):
    alice = browser(office.alice.user)
    said = {"kind": "outing", "first": DAY, "last": DAY, "reason": "So"}
    hours = {"starts": "14:00", "ends": "15:00"}

    for odd, why in (
        ({"unit": "day"} | hours, "Leave the hours empty, or choose hours above."),
        ({"unit": "hour"}, "Give both hours."),
        ({"unit": "hour", "ends": "15:00"}, "Give both hours."),
        ({"unit": "week"} | hours, "Select a valid choice"),
    ):
        answer = alice.post(f"{MINE}absence/", said | odd)
        assert why in answer.content.decode(), odd
    assert not Request.objects.exists()

    alice.post(f"{MINE}absence/", said | {"unit": "day"})
    alice.post(f"{MINE}absence/", said | hours | {"unit": "hour", "first": "2026-09-02",
                                                 "last": "2026-09-02"})  # fmt: skip
    assert list(Request.objects.order_by("pk").values_list("unit", flat=True)) == ["day", "hour"]


def test_a_day_of_a_change_is_written_as_chinese_writes_it(office: Cast):
    services.submit_days(
        employee=office.alice, kind="trip", first=DAY, last=DAY + timedelta(days=1), reason="So",
        actor=office.alice.user, now=NOW,
    )  # fmt: skip

    said = text(browser(office.bob.user, "zh-hans"), INBOX)

    assert "<small>9月2日</small>" in said
    assert "09月" not in said


def test_what_was_asked_stays_among_ones_own_whatever_became_of_it(office: Cast):
    reject(ask(office.alice), office.bob)

    assert "Rejected" in text(browser(office.alice.user), MINE)
    assert "nothing yet" in text(browser(office.bob.user), MINE)


def test_twenty_cards_cost_no_more_queries_than_a_few(office: Cast, django_assert_max_num_queries):
    bob = browser(office.bob.user)
    bob.get(INBOX)
    for n in range(SHOWN + 2):
        day = DAY - timedelta(days=n)
        services.submit_overtime(
            employee=office.alice, work_date=day, starts_at=at("19:00", day),
            ends_at=at("20:00", day), reason="So", actor=office.alice.user, now=NOW,
        )  # fmt: skip

    with django_assert_max_num_queries(35):
        said = text(bob, INBOX)

    assert said.count('class="kq-panel ap-card"') == SHOWN


def overtime(office: Cast, count: int) -> list[Request]:
    return [
        services.submit_overtime(
            employee=office.alice, work_date=day, starts_at=at("19:00", day),
            ends_at=at("20:00", day), reason="So", actor=office.alice.user, now=NOW,
        )
        for day in (DAY - timedelta(days=n) for n in range(count))
    ]  # fmt: skip


@pytest.mark.parametrize("where", [INBOX, "/admin/approvals/request/inbox/"])
def test_what_waits_past_the_first_cards_is_reached_without_deciding_those(office: Cast, where):
    asked = overtime(office, SHOWN + 2)
    bob = browser(office.bob.user)
    (way,) = re.findall('href="([^"]+)" rel="next"', text(bob, where))

    said = text(bob, f"{where}{unescape(way)}")

    assert [one.pk for one in asked if f'"r{one.pk}"' in said] == [one.pk for one in asked[-2:]]
    assert 'rel="next"' not in said
    assert 'rel="first"' in said
    assert f"<small>{SHOWN + 2}</small>" in said or f"{SHOWN + 2} requests wait" in said


def test_the_cards_are_narrowed_to_a_kind_and_go_on_within_it(office: Cast):
    make_up = ask(office.alice)
    asked = overtime(office, SHOWN + 1)
    bob = browser(office.bob.user)

    narrow = text(bob, f"{INBOX}?kind=make_up")
    (way,) = re.findall('href="([^"]+)" rel="next"', text(bob, f"{INBOX}?kind=overtime"))
    further = text(bob, f"{INBOX}{unescape(way)}")

    assert f'"r{make_up.pk}"' in narrow
    assert narrow.count('class="kq-panel ap-card"') == 1
    assert f'"r{asked[-1].pk}"' in further
    assert further.count('class="kq-panel ap-card"') == 1
    for odd in ("kind=none&after=x", "after=" + "9" * 40, "after=-1"):
        assert f'"r{make_up.pk}"' in text(bob, f"{INBOX}?{odd}"), odd


def test_whoever_decides_on_a_further_page_comes_back_to_it(office: Cast):
    asked = overtime(office, SHOWN + 2)
    bob = browser(office.bob.user)
    here = {"kind": "overtime", "after": str(asked[SHOWN - 1].pk)}
    said = text(bob, f"{INBOX}?kind=overtime&after={here['after']}")
    assert f'name="after" value="{here["after"]}"' in said

    for posted, back in (
        (here, f"{INBOX}?kind=overtime&after={here['after']}"),
        ({"kind": "//example.org", "after": "\r\nx"}, INBOX),
    ):
        answer = bob.post(page_of(asked.pop()), {"act": "approve", **posted})
        assert answer["Location"] == back


def test_leaves_cost_no_more_queries_however_many_and_whoever_has_closed_a_month(office: Cast):
    close_september(office.other_unit)
    costs = []
    # Working days of two weeks.
    for n in (7, 8, 9, 10, 13, 14):
        day = DAY + timedelta(days=n)
        services.submit_hours(
            employee=office.alice, kind="leave", leave_type="sick", reason="Ill",
            starts_at=at("9:00", day), ends_at=at("10:00", day), actor=office.alice.user, now=NOW,
        )  # fmt: skip
        bob = browser(office.bob.user)
        bob.get(INBOX)
        with CaptureQueriesContext(connection) as asked:
            bob.get(INBOX)
        costs.append(len(asked))

    # The first row of a kind may ask for what the next ones share.
    assert len(set(costs[1:])) == 1, costs


def close_september(department: Department) -> None:
    """Let the month of a department be paid, so that a closed period lies among the dates."""
    after = datetime(2026, 10, 5, tzinfo=UTC)
    days.wake_range(starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30), cause="ordered",
                    now=after)  # fmt: skip
    days.judge_all(now=after)
    period = periods.open_period(
        department=department, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30), actor=None,
        now=after,
    )  # fmt: skip
    seen = {one.check.key: one.number for one in look(ToClose(period))}
    periods.order_closing(
        period_id=period.pk, typed=department.code, seen=seen, actor=None, now=after
    )
    assert periods.finish_closing(period_id=period.pk, now=after) is not None


def test_to_withdraw_a_request_is_not_said_as_to_withdraw_a_consent(office: Cast):
    request = ask(office.alice)
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(office.alice.user)

    page = client.get(f"/me/requests/{request.pk}/").content.decode()

    assert 'value="withdraw"' in page
    assert "撤回同意" not in page


def test_withdrawing_asks_first_without_a_script(office: Cast):
    request = ask(office.alice)

    page = text(browser(office.alice.user), page_of(request))

    asked = page[page.index("<details") : page.index("</details>")]
    assert 'value="withdraw"' in asked
    assert page.count('value="withdraw"') == 1


def test_whoever_asked_reads_who_may_take_an_approval_back(office: Cast):
    request = ask(office.alice)
    assert "who approved it" not in text(browser(office.alice.user), page_of(request))
    approve(request, office.bob)

    assert "Ask Bob, who approved it" in text(browser(office.alice.user), page_of(request))
    assert "who approved it" not in text(browser(office.bob.user), page_of(request))
