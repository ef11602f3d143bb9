import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from config.backoffice import SIDEBAR, navigation
from organization.models import User

MODELS = {link.model for group in SIDEBAR for link in group.links if link.model}


@pytest.fixture
def chief() -> User:
    return User.objects.create_superuser("chief", "chief@example.com", "password")


def lines_of(user: User) -> list[str]:
    request = RequestFactory().get(reverse("admin:index"))
    request.user = user
    return [str(line["title"]) for group in navigation(request) for line in group["items"]]


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
def test_a_person_without_grants_sees_the_front_page_only() -> None:
    nobody = User.objects.create_user("nobody", password="password", is_staff=True)

    assert lines_of(nobody) == ["Today"]
