from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from attendance.console.today import Today, read_today
from attendance.tests.test_month_page import day, waiting
from devices.models import Terminal, TerminalLine
from organization.models import Change, Department, User
from scheduling.models import CalendarYear
from tests.cast import NOW, Cast, appoint, cast

pytestmark = pytest.mark.django_db
__all__ = ["cast"]


def page(client: Client, user) -> str:
    client.force_login(user)
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 200
    return answer.content.decode()


def board(user, today=None, now=None) -> Today:
    return read_today(user, today or localdate(), now=now or timezone.now())


def test_trouble_of_today_and_yesterday_is_named(client: Client, cast: Cast) -> None:
    day(cast.alice, localdate(), late_minutes=13)
    day(cast.bob, localdate() - timedelta(days=1), "missing")

    text = page(client, cast.hr)

    assert "13 min late" in text
    assert "Missing punch" in text


def test_carol_reads_nothing_of_others(client: Client, cast: Cast) -> None:
    day(cast.alice, localdate(), late_minutes=13)
    waiting(cast.alice)

    text = page(client, cast.carol.user)

    assert "Alice" not in text
    assert "13 min late" not in text
    assert "Days waiting" not in text


def test_a_supervisor_without_trouble_is_told_so(client: Client, cast: Cast) -> None:
    assert "Nothing is wrong so far." in page(client, cast.bob.user)


def test_a_late_arrival_counts_while_the_day_is_still_open(cast: Cast) -> None:
    one = day(cast.alice, localdate(), "pending", late_minutes=13)
    type(one).objects.filter(pk=one.pk).update(has_trouble=True)

    today = board(cast.hr).dates[0]

    assert [(str(kind.style.label), kind.number) for kind in today.kinds] == [("Late", 1)]


def test_waiting_work_is_counted_for_those_one_configures(cast: Cast) -> None:
    waiting(cast.alice)
    waiting(cast.carol, failed_count=5)
    Change.objects.update(handled_at=NOW)
    Change.objects.create(reason="rule", starts_on=localdate())

    of_hr = board(cast.hr).work
    of_all = board(cast.superuser).work

    assert of_hr is not None
    assert of_all is not None
    assert (of_hr.waiting.number, of_hr.failed.number, of_hr.changes.number) == (1, 0, 0)
    assert (of_all.waiting.number, of_all.failed.number, of_all.changes.number) == (1, 1, 1)


def test_lines_of_unknown_people_are_counted(cast: Cast) -> None:
    gate = Terminal.objects.create(name="Gate", department=cast.department)
    TerminalLine.objects.create(
        terminal=gate,
        raw="x",
        pin="77",
        wall_time="2026-03-02 09:00:00",
        zone="Asia/Shanghai",
        received_at=NOW,
        state="unknown_person",
    )

    assert board(cast.hr).lines_unknown.number == 1
    assert board(cast.other_hr).lines_unknown.number == 0


def test_from_november_on_the_next_year_should_be_announced(cast: Cast) -> None:
    CalendarYear.objects.create(year=2026, state="announced")
    october, november = localdate().replace(2026, 10, 31), localdate().replace(2026, 11, 1)

    assert board(cast.hr, october).provisional_years == []
    assert board(cast.hr, november).provisional_years == [2027]


def test_the_front_page_costs_the_same_however_many_people(
    client: Client, cast: Cast, django_assert_max_num_queries
) -> None:
    for who in (cast.alice, cast.bob):
        day(who, localdate(), late_minutes=13)
        day(who, localdate() - timedelta(days=1))
    page(client, cast.hr)

    with django_assert_max_num_queries(40):
        client.get(reverse("admin:index"))


def test_an_empty_installation_says_what_to_do_first(client: Client) -> None:
    boss = User.objects.create_superuser("boss", password="a long word")
    assert "First steps" in page(client, boss)

    Department.objects.create(name="Group", code="G", path="/1/")
    text = page(client, boss)

    assert text.count("there are some") == 1
    order = ["department", "employee", "shift", "attendancerule", "rosterentry", "terminal"]
    panel = text[text.index("kq-steps") :]
    found = [panel.index(f"/{name}/") for name in order]
    assert found == sorted(found)


def test_the_first_steps_are_gone_once_there_are_people(client: Client, cast: Cast) -> None:
    assert "First steps" not in page(client, cast.superuser)


def test_whoever_configures_nothing_is_told_no_first_steps(client: Client) -> None:
    group = Department.objects.create(name="Group", code="G", path="/1/")
    auditor = User.objects.create_user("auditor")
    appoint(auditor, "auditor", group)

    assert "First steps" not in page(client, auditor)
