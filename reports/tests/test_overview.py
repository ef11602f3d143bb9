"""The front page of people who hold no details (§7.4): totals, and no way that is closed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate
from guardian.shortcuts import assign_perm

from organization.access import Action
from organization.models import Department, Employee, User
from reports.tests.test_totals import days, department, people, reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Department:
    """Two units with days of yesterday, and one small department."""
    group = department("G")
    yesterday = localdate() - timedelta(days=1)
    for code, number in (("N", 6), ("S", 7), ("TINY", 3)):
        days(
            people(department(code, group), number),
            on=yesterday,
            status="late",
            late_minutes=9,
            has_trouble=True,
        )
    return group


def front(client: Client, user: User) -> str:
    client.force_login(user)
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_reader_of_totals_is_met_with_totals(client: Client, group: Department) -> None:
    text = front(client, reader(group))

    for words in ("Room G", "Room N", "13 people", "Fewer than 5 people", "All totals"):
        assert words in text
    for name in Employee.objects.values_list("name", flat=True):
        assert name not in text


@pytest.mark.parametrize("actions", [(Action.SUMMARISE,), (Action.SEE, Action.SUMMARISE), ()])
def test_no_way_from_the_front_page_is_closed(
    client: Client, group: Department, actions: tuple[Action, ...]
) -> None:
    user = User.objects.create_user("somebody", is_staff=True)
    for action in actions:
        assign_perm(action.value, user, group)

    ways = set(re.findall(r'href="(/(?:admin|me)/[^"#]*)"', front(client, user)))

    assert ways
    for way in ways:
        assert client.get(way.replace("&amp;", "&")).status_code == 200, way


def test_whoever_sees_everything_they_sum_up_is_met_with_days(
    client: Client, group: Department
) -> None:
    text = front(client, reader(group, Action.SEE, Action.SUMMARISE))

    assert "All totals" not in text
    assert "Yesterday" in text


def test_whoever_reads_totals_beyond_what_they_see_is_met_with_both(
    client: Client, group: Department
) -> None:
    user = reader(group)
    assign_perm("see", user, Department.objects.get(code="N"))

    text = front(client, user)

    assert "All totals" in text
    assert "Person N 1" in text
    assert "Person S" not in text


def test_whoever_holds_nothing_is_led_to_their_own_days(client: Client, group: Department) -> None:
    text = front(client, User.objects.create_user("nobody", is_staff=True))

    assert "Nothing here needs you." in text
    assert "Terminal lines" not in text


def test_a_director_comes_in_by_the_console(client: Client, group: Department) -> None:
    client.force_login(reader(group))

    assert client.get("/").headers["Location"] == reverse("admin:index")
