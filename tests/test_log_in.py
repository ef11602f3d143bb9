import pytest
from django.test import Client

from organization.models import User
from tests.cast import Cast

pytestmark = pytest.mark.django_db

WORDS = {"username": "alice", "password": "a long word"}


@pytest.fixture
def alice(cast: Cast) -> User:
    user = cast.alice.user
    assert user is not None
    user.is_staff = False
    user.save()
    return user


def test_whoever_only_punches_comes_in_to_their_own_month(client: Client, alice: User) -> None:
    answer = client.post("/login/", WORDS, follow=True)

    assert answer.redirect_chain == [("/", 302), ("/me/", 302)]
    assert answer.status_code == 200


def test_whoever_sees_only_their_own_rows_comes_in_to_them(client: Client, cast: Cast) -> None:
    answer = client.post("/login/", WORDS, follow=True)

    assert answer.redirect_chain == [("/", 302), ("/me/", 302)]


def test_whoever_works_in_the_console_comes_in_there(client: Client, cast: Cast) -> None:
    answer = client.post("/login/", {**WORDS, "username": "bob"}, follow=True)

    assert answer.redirect_chain == [("/", 302), ("/admin/", 302)]


def test_the_log_in_leads_to_the_page_that_was_asked_for(client: Client, alice: User) -> None:
    asked = client.get("/me/2026-03-02/")
    page = client.get(asked["Location"]).content.decode()

    answer = client.post("/login/", {**WORDS, "next": "/me/2026-03-02/"})

    assert 'name="next" value="/me/2026-03-02/"' in page
    assert answer["Location"] == "/me/2026-03-02/"


def test_the_log_in_leads_to_no_other_site(client: Client, alice: User) -> None:
    answer = client.post("/login/", {**WORDS, "next": "https://example.org/"})

    assert answer["Location"] == "/"


@pytest.mark.parametrize("username", ["alice", "no such person"])
def test_a_refusal_does_not_say_whether_the_name_is_known(
    client: Client, alice: User, username: str
) -> None:
    page = client.post("/login/", {"username": username, "password": "wrong"}).content.decode()

    assert "Please enter a correct username and password." in page
    assert 'value="wrong"' not in page


def test_what_was_typed_cannot_carry_markup(client: Client, alice: User) -> None:
    page = client.post("/login/", {"username": '"><script>', "password": "x"}).content.decode()

    assert "<script>&" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


def test_whoever_only_punches_can_log_out(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/logout/")

    assert answer["Location"] == "/login/"
    assert client.get("/me/")["Location"] == "/login/?next=/me/"


def test_a_person_on_the_own_page_finds_the_console_only_with_business_there(
    client: Client, alice: User, cast: Cast
) -> None:
    client.force_login(alice)
    assert 'href="/admin/"' not in client.get("/me/").content.decode()

    client.force_login(cast.superuser)
    assert 'href="/admin/"' in client.get("/me/").content.decode()


def test_the_console_leads_to_the_own_month(client: Client, cast: Cast) -> None:
    client.force_login(cast.superuser)

    assert 'href="/me/"' in client.get("/admin/").content.decode()


@pytest.mark.parametrize(("asked", "title"), [("en", "Log in"), ("zh-CN", "登录")])
def test_the_log_in_speaks_the_browsers_language(client: Client, asked: str, title: str) -> None:
    page = client.get("/login/", headers={"accept-language": asked}).content.decode()

    assert f"<h1>{title}</h1>" in page
