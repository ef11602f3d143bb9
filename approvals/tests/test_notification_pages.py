"""The list of notifications and how one is told: one's own rows, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import Notification, NotificationSetting
from approvals.models.notifications import Kind
from approvals.services.notifying import News, tell
from approvals.tests.office import NOW, ask
from organization.models import Employee
from tests.cast import Cast

pytestmark = pytest.mark.django_db
LIST, SETTINGS = "/me/notifications/", "/me/notifications/settings/"


def client_of(person: Employee) -> Client:
    client = Client()
    assert person.user is not None
    client.force_login(person.user)
    return client


def test_the_bell_counts_what_nobody_has_opened(office: Cast) -> None:
    ask(office.alice)
    client = client_of(office.bob)

    before = client.get(LIST).content.decode()
    client.post(LIST)
    after = client.get(LIST).content.decode()

    assert "Alice asks" in before
    assert 'me-heard">Notifications</span> <b class="me-number">1</b>' in before
    assert 'me-heard">Notifications</span></a>' in after


def test_a_press_opens_the_request_and_marks_it_as_read(office: Cast) -> None:
    request = ask(office.alice)
    row = Notification.objects.get()

    answer = client_of(office.bob).post(LIST, {"notification": row.pk})

    row.refresh_from_db()
    assert answer.headers["Location"] == f"/me/requests/{request.pk}/"
    assert row.read_at is not None


@pytest.mark.parametrize("key", ["", "x", "9" * 30, "-1"])
def test_nobody_opens_what_others_were_told(office: Cast, key: str) -> None:
    ask(office.alice)
    row = Notification.objects.get()

    client = client_of(office.carol)
    answer = client.post(LIST, {"notification": key or row.pk})

    assert answer.status_code == 404
    assert "Alice" not in client.get(LIST).content.decode()
    assert Notification.objects.get().read_at is None


def test_the_list_has_pages_and_costs_the_same_for_many(
    office: Cast, django_assert_max_num_queries
) -> None:
    request = ask(office.alice)
    tell(
        [News(office.bob.user_id, Kind.ASKED, f"x:{n}", request.pk) for n in range(70)],
        now=NOW + timedelta(hours=1),
    )
    client = client_of(office.bob)

    with django_assert_max_num_queries(25):
        first = client.get(LIST)

    assert first.content.decode().count("Alice asks") == 30
    assert len(first.context["told"]) == 30
    second = client.get(LIST, {"before": first.context["before"]})
    assert len(second.context["told"]) == 30


def test_how_one_is_told_is_kept(office: Cast) -> None:
    client = client_of(office.bob)

    client.post(SETTINGS, {"mail": "daily", "mail_hour": "18", "punch_minutes": "0"})
    wrong = client.post(SETTINGS, {"mail": "daily", "mail_hour": "24", "punch_minutes": "0"})

    kept = NotificationSetting.objects.get()
    assert (kept.user, kept.mail, kept.mail_hour) == (office.bob.user, "daily", 18)
    assert wrong.status_code == 200


def test_a_stranger_is_asked_to_log_in() -> None:
    assert Client().get(LIST).headers["Location"].startswith("/login/")
