"""What a person is asked is agreed to and withdrawn in a browser as well."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from attendance.evidence.demands import Demands
from attendance.models import Consent, Notice
from attendance.services import consents
from attendance.tests.test_making import demand
from organization.models import AuditEntry, Employee
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

PAGE = "/me/data/"


def publish_newer(text: str) -> None:
    for language in ("en", "zh-hans"):
        Notice.objects.create(
            purpose="reports", version=in_force("reports") + 1, language=language, title="Field",
            text=text, published_at=timezone.now(),
        )  # fmt: skip


def in_force(purpose: str) -> int:
    return Notice.objects.filter(purpose=purpose, language="en").latest("version").version


def browser(person: Employee) -> Client:
    client = Client()
    assert person.user is not None
    client.force_login(person.user)
    return client


def say(person: Employee, act: str, purpose: str = "reports") -> int:
    said = {"act": act, "purpose": purpose, "version": in_force(purpose)}
    return browser(person).post(PAGE, said).status_code


def held(person: Employee) -> list[int]:
    rows = Consent.objects.filter(employee=person, withdrawn_at=None)
    return list(rows.values_list("version", flat=True))


@pytest.fixture
def asked(cast: Cast) -> Employee:
    """Alice's rule asks for positions in the field."""
    demand(cast, Demands(reports_position=True))
    return cast.alice


def test_who_is_asked_reads_the_notice_and_agrees(asked: Employee) -> None:
    before = browser(asked).get(PAGE)
    status = say(asked, "agree")
    after = browser(asked).get(PAGE)

    assert Notice.objects.get(purpose="reports", language="en").title in before.text
    assert "You have not agreed" in before.text
    assert status == 302
    assert "You have agreed since" in after.text
    assert consents.has_consent(asked, "reports")


def test_agreeing_is_withdrawn_as_easily_and_both_are_written_down(asked: Employee) -> None:
    say(asked, "agree")

    say(asked, "withdraw")

    verbs = AuditEntry.objects.filter(verb__startswith="consent.").order_by("pk")
    assert held(asked) == []
    assert list(verbs.values_list("verb", flat=True)) == ["consent.given", "consent.withdrawn"]


def test_an_older_version_is_not_agreed_to(asked: Employee) -> None:
    read = in_force("reports")
    publish_newer("Also on Sundays.")

    client = browser(asked)
    client.post(PAGE, {"act": "agree", "purpose": "reports", "version": read})
    page = client.get(PAGE)

    assert held(asked) == []
    assert "This notice has a newer version" in page.text


def test_who_agreed_to_an_older_version_is_asked_anew_and_can_withdraw(asked: Employee) -> None:
    say(asked, "agree")
    publish_newer("Also on Sundays.")

    page = browser(asked).get(PAGE)
    say(asked, "withdraw")

    assert "needs your word anew" in page.text
    assert "Also on Sundays." in page.text
    assert held(asked) == []


def test_nobody_is_asked_what_their_rule_does_not_take(cast: Cast) -> None:
    demand(cast, Demands())

    page = browser(cast.alice).get(PAGE)

    assert "What you agree to" not in page.text


def test_what_was_agreed_to_stays_in_sight_when_the_rule_asks_no_more(cast: Cast) -> None:
    demand(cast, Demands())
    say(cast.alice, "agree", "location")

    page = browser(cast.alice).get(PAGE)

    assert "You have agreed since" in page.text
    assert 'value="withdraw"' in page.text


@pytest.mark.parametrize(("purpose", "status"), [("", 404), ("face", 404), ("location", 302)])
def test_careless_words_keep_nothing(asked: Employee, purpose: str, status: int) -> None:
    said = {"act": "agree", "purpose": purpose, "version": "9" * 30}
    assert browser(asked).post(PAGE, said).status_code == status
    assert held(asked) == []
