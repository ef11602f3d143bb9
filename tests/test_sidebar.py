from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse

from approvals.tests.office import NOW, approve, ask, at, open_office
from config import backoffice
from config.backoffice import SIDEBAR, navigation
from organization.access import Action, granted_paths
from organization.models import User
from tests.cast import Cast

MODELS = {link.model for group in SIDEBAR for link in group.links if link.model}


@pytest.fixture
def chief() -> User:
    return User.objects.create_superuser("chief", "chief@example.com", "password")


def lines_of(user: User) -> list[str]:
    return [str(line["title"]) for line in sidebar_of(user)]


def sidebar_of(user: User | None) -> list[dict[str, Any]]:
    request = RequestFactory().get(reverse("admin:index"))
    # Rights are read once a log-in object; each page begins with a new one.
    request.user = User.objects.get(pk=user.pk) if user else AnonymousUser()
    return [line for group in navigation(request) for line in group["items"]]


def badges_of(user: User | None) -> list[tuple[str, str]]:
    return [(str(line["title"]), line["badge"]) for line in sidebar_of(user) if "badge" in line]


@pytest.mark.django_db
def test_every_page_on_the_front_page_has_a_line(chief: User) -> None:
    request = RequestFactory().get(reverse("admin:index"))
    request.user = chief
    shown = {
        f"{app['app_label']}.{model['object_name'].lower()}"
        for app in admin.site.get_app_list(request)
        for model in app["models"]
    }

    assert shown <= MODELS


@pytest.mark.django_db
def test_every_line_leads_somewhere(chief: User) -> None:
    written = [str(link.title) for group in SIDEBAR for link in group.links]

    assert lines_of(chief) == written


@pytest.mark.django_db
def test_a_person_without_grants_sees_the_front_page_and_what_they_were_told() -> None:
    nobody = User.objects.create_user("nobody", password="password", is_staff=True)

    assert lines_of(nobody) == ["Today", "Notifications"]


def test_the_inbox_says_how_many_requests_wait_for_the_reader(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_office(cast)
    assert badges_of(cast.bob.user) == []

    first = ask(cast.alice)
    ask(cast.alice, slot="in", corrected_at=at("09:00"))
    assert badges_of(cast.bob.user) == [("To decide", "2")]
    assert badges_of(cast.carol.user) == badges_of(cast.superuser) == badges_of(None) == []

    approve(first, cast.bob)
    assert badges_of(cast.bob.user) == [("To decide", "1")]

    monkeypatch.setattr(backoffice, "COUNTED_TO", 0)
    assert badges_of(cast.bob.user) == [("To decide", "0+")]


def test_the_number_beside_the_inbox_costs_a_page_one_query(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    open_office(cast)
    for slot, clock in (("in", "9:00"), ("out", "18:00")):
        ask(cast.alice, slot=slot, corrected_at=at(clock))
    # A page reads the rights of its reader once, for everything that it shows.
    assert granted_paths(cast.bob.user, Action.DECIDE)

    with django_assert_num_queries(1):
        assert backoffice.to_decide(cast.bob.user, NOW) == 2
