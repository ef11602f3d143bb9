"""A person's own month and day: what they say, and that they show nobody else's."""

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.timezone import localdate

from attendance.models import AttendanceRule, RuleVersion
from attendance.tests.test_day_page import (
    address,
    company,
    judged,
    punch,
    read,
    worked_a_night,
)
from scheduling.models import RosterEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
__all__ = ["company"]

MINE = "/me/2026-03-02/"
MARCH = "/me/?month=2026-03"


def test_my_month_shows_my_days_and_no_others(client: Client, company: Cast) -> None:
    worked_a_night(company)
    judged(company)
    url = "/me/?month=2026-03"

    assert "Late" in read(client, company.alice.user, url).split("What the signs mean")[0]
    others = read(client, company.bob.user, url).split("What the signs mean")[0]
    assert "Nothing to look at in this month." in others
    assert "Alice" not in others


def test_my_day_tells_me_why(client: Client, company: Cast) -> None:
    worked_a_night(company)
    judged(company)

    page = read(client, company.alice.user, MINE)

    assert "10 minutes late" in page
    assert "Judge now" not in page


@pytest.mark.parametrize(("language", "month"), [("en", "March 2026"), ("zh-hans", "2026年3月")])
def test_my_month_speaks_the_language_of_its_reader(
    client: Client, company: Cast, language: str, month: str
) -> None:
    assert month in read(client, company.alice.user, "/me/?month=2026-03", language)


@pytest.mark.parametrize("month", ["abc", "2026-13", "-1", "9999-01", "²026-03"])
def test_an_impossible_month_is_taken_for_this_month(
    client: Client, company: Cast, month: str
) -> None:
    here = read(client, company.alice.user, "/me/").split("<main>")[1]

    assert read(client, company.alice.user, f"/me/?month={month}").split("<main>")[1] == here


def test_a_log_in_of_nobody_reads_why_there_is_nothing(client: Client, company: Cast) -> None:
    assert "This log-in belongs to no employee" in read(client, company.superuser, "/me/")
    assert client.get(MINE).status_code == 404


@pytest.mark.parametrize("url", ["/me/", MINE])
def test_nobody_reads_days_without_a_log_in(client: Client, company: Cast, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_my_month_says_what_is_expected_today(client: Client, company: Cast) -> None:
    page = read(client, company.alice.user, "/me/")

    assert "<b>Guard, night</b> <span>22:00–30:00</span>" in page


def test_a_rostered_day_off_is_expected_as_one(client: Client, company: Cast) -> None:
    RosterEntry.objects.create(employee=company.alice, work_date=localdate(), shift=None)

    assert "<b>Rest day</b>" in read(client, company.alice.user, "/me/")


def test_a_day_to_come_shows_the_assigned_shift(client: Client, company: Cast) -> None:
    day = localdate() + timedelta(days=40)

    page = read(client, company.alice.user, f"/me/?month={day:%Y-%m}")

    assert page.count("<small>N</small>") >= 28
    assert "<h2>Today</h2>" not in page


def test_whose_log_in_is_not_staff_reads_their_day(client: Client, company: Cast) -> None:
    user = company.alice.user
    assert user is not None
    user.is_staff = False
    user.save()

    assert "No punches on this day." in read(client, user, MINE)
    assert client.get(address(company)).status_code == 302


def test_my_day_shows_no_punch_of_others(client: Client, company: Cast) -> None:
    worked_a_night(company)

    assert "22:10" not in read(client, company.bob.user, MINE)


@pytest.mark.parametrize("url", ["/me/", MARCH, MINE])
def test_my_pages_cost_the_same_however_many_days_are_judged(
    client: Client, company: Cast, url: str, django_assert_max_num_queries: object
) -> None:
    for minute in range(20):
        punch(company, datetime.fromisoformat(f"2026-03-02T14:{minute:02}:00+00:00"))
    judged(company)
    client.force_login(company.alice.user)

    with django_assert_max_num_queries(25):  # type: ignore[operator]
        assert client.get(url).status_code == 200


def test_my_month_is_the_period_that_is_paid(client: Client, company: Cast) -> None:
    rule = AttendanceRule.objects.create(name="Paid from the 26th", department=company.unit)
    RuleVersion.objects.create(
        rule=rule, valid_from=date(2026, 1, 1), period_starts_on_day=26, published_at=timezone.now()
    )

    page = read(client, company.alice.user, MARCH)

    assert "March 2026" in page
    assert "02-26 – 03-25" in page
    assert "/me/2026-02-26/" in page
    assert "/me/2026-03-26/" not in page
