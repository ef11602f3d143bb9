import json

import pytest
from django.test import Client

from organization.models import User


@pytest.mark.django_db
def test_the_front_door_asks_who_is_there(client: Client) -> None:
    answer = client.get("/", follow=True)

    assert answer.redirect_chain == [("/login/", 302)]
    assert answer.status_code == 200


def test_a_living_process_says_so_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_ready_process_reaches_its_database_and_its_broker(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        200,
        {"database": "ok", "broker": "ok", "seals": "ok"},
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "title"), [("zh-CN,zh;q=0.9", "登录"), ("en-GB", "Log in"), ("fr", "Log in")]
)
def test_the_console_speaks_the_browsers_language(client: Client, asked: str, title: str) -> None:
    page = client.get(
        "/admin/login/", headers={"accept-language": asked}, follow=True
    ).content.decode()

    assert title in page


@pytest.mark.django_db
def test_a_chosen_language_wins_over_the_browsers(client: Client) -> None:
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/login/"})

    page = client.get("/login/", headers={"accept-language": "en"}).content.decode()

    assert "登录" in page


@pytest.mark.django_db
def test_nobody_reads_the_schema_without_a_log_in(client: Client) -> None:
    assert client.get("/api/schema/").status_code in (401, 403)


@pytest.mark.django_db
def test_the_schema_can_be_drawn(admin_client: Client) -> None:
    answer = admin_client.get("/api/schema/", headers={"accept": "application/json"})

    assert json.loads(answer.content)["info"]["title"] == "Kaoqin"


@pytest.mark.django_db
def test_pages_bring_nothing_from_other_hosts(admin_client: Client) -> None:
    for address in ("/admin/", "/api/docs/"):
        page = admin_client.get(address).content.decode()

        assert 'src="http' not in page
        assert 'rel="stylesheet" href="http' not in page


@pytest.mark.django_db
def test_the_language_kept_with_the_log_in_wins_over_the_browsers(
    admin_client: Client, admin_user: User
) -> None:
    User.objects.filter(pk=admin_user.pk).update(language="zh-hans")

    page = admin_client.get("/admin/", headers={"accept-language": "en"}).content.decode()

    assert '<html lang="zh-hans"' in page
