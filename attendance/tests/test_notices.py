"""What people are told before they agree (L-02, L-03): in every language, and never edited."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from attendance.first_notices import FIRST
from attendance.models import Consent, Notice, Purpose
from attendance.services import notices
from attendance.services.notices import NoticeIsUnfinished, Words
from organization.errors import NotAllowed, NotFound
from organization.models import AuditEntry
from scheduling.tests.company import NOW, Company, found_company
from scheduling.tests.posted import boxes_of

pytestmark = pytest.mark.django_db

LIST = "/admin/attendance/notice/"
CONSENTS = "/admin/attendance/consent/"
LATER = datetime(2026, 3, 7, 1, tzinfo=UTC)
BOTH = {"en": Words("Positions", "Why, and how long."), "zh-hans": Words("位置", "目的与期限。")}


@pytest.fixture
def company() -> Company:
    return found_company()


def agree(company: Company, version: int = 1, withdrawn: bool = False) -> Consent:
    return Consent.objects.create(
        employee=company.alice,
        purpose="location",
        version=version,
        language="en",
        given_at=NOW,
        withdrawn_at=NOW + timedelta(days=1) if withdrawn else None,
    )


def stored(version: int, purpose: str = "location") -> dict[str, tuple[str, str]]:
    rows = Notice.objects.filter(purpose=purpose, version=version)
    return {row.language: (row.title, row.text) for row in rows}


def test_every_purpose_has_a_first_notice_in_every_language() -> None:
    assert set(FIRST) == set(Purpose)
    for purpose, words in FIRST.items():
        assert set(words) == {code for code, _name in settings.LANGUAGES}
        assert stored(1, purpose) == words
    assert not Notice.objects.filter(published_at=None).exists()


@pytest.mark.parametrize("purpose", Purpose)
def test_l_02_a_notice_names_its_basis_and_that_the_rule_has_a_version(purpose: Purpose) -> None:
    english, chinese = (FIRST[purpose][language][1] for language in ("en", "zh-hans"))

    assert "Basis: your separate consent" in english
    assert "rule" in english
    assert "version" in english
    assert "依据：您的单独同意" in chinese
    assert "规则" in chinese
    assert "版本" in chinese


def test_laying_the_first_notices_again_changes_nothing() -> None:
    before = list(Notice.objects.values_list())

    notices.lay_first()

    assert list(Notice.objects.values_list()) == before


def test_l_03_a_published_notice_asks_everybody_and_the_earlier_one_stays(
    company: Company,
) -> None:
    version = notices.draft_notice(purpose="location", words=BOTH, actor=company.root, now=LATER)

    published = notices.publish_notice(purpose="location", actor=company.root, now=LATER)

    assert version == published == 2
    assert stored(2) == {language: tuple(words) for language, words in BOTH.items()}
    assert stored(1) == FIRST[Purpose.LOCATION]
    row = Notice.objects.filter(version=2).first()
    assert row is not None
    assert (row.published_at, row.published_by) == (LATER, company.root)
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", "facts__version")
    assert list(verbs)[-2:] == [("notice.drafted", 2), ("notice.published", 2)]


def test_a_draft_is_written_over_and_asks_nobody(company: Company) -> None:
    for _time in range(2):
        notices.draft_notice(purpose="location", words={"en": Words("A")}, now=NOW)

    assert stored(2) == {"en": ("A", ""), "zh-hans": ("", "")}
    assert not Notice.objects.filter(version=2, published_at__isnull=False).exists()


def test_what_lacks_a_language_is_not_published() -> None:
    notices.draft_notice(
        purpose="location", words={"en": BOTH["en"], "zh-hans": Words("位置", " ")}, now=NOW
    )

    with pytest.raises(NoticeIsUnfinished, match="简体中文"):
        notices.publish_notice(purpose="location", now=NOW)

    assert not Notice.objects.filter(version=2, published_at__isnull=False).exists()


def test_a_draft_is_taken_away_and_a_published_notice_is_not() -> None:
    notices.draft_notice(purpose="location", words=BOTH, now=NOW)

    notices.discard_draft(purpose="location", now=NOW)

    assert stored(2) == {}
    with pytest.raises(NotFound):
        notices.discard_draft(purpose="location", now=NOW)
    with pytest.raises(NotFound):
        notices.publish_notice(purpose="location", now=NOW)
    assert stored(1) == FIRST[Purpose.LOCATION]


def test_only_administrators_write_what_the_whole_group_is_told(company: Company) -> None:
    bob = {"actor": company.bob, "now": NOW}

    with pytest.raises(NotAllowed):
        notices.draft_notice(purpose="location", words=BOTH, **bob)
    for act in (notices.publish_notice, notices.discard_draft):
        with pytest.raises(NotAllowed):
            act(purpose="location", **bob)
    with pytest.raises(NotFound):
        notices.draft_notice(purpose="anything", words=BOTH, actor=company.root, now=NOW)


# --- pages -----------------------------------------------------------------------------------


def test_an_administrator_writes_a_version_keeps_it_and_publishes_it(
    client: Client, company: Company
) -> None:
    agree(company)
    client.force_login(company.root)
    page = client.get(f"{LIST}location/draft/")
    assertContains(page, "1 person who has agreed is asked once more")
    data = boxes_of(page.content.decode()) | {"en-title": "Where you punch"}
    texts = {f"{one}-text": FIRST[Purpose.LOCATION][one][1] for one in ("en", "zh-hans")}

    kept = client.post(f"{LIST}location/draft/", data | texts)
    assert kept.url == LIST
    assertContains(client.get(LIST), "Go on with the draft")
    published = client.post(f"{LIST}location/draft/", data | texts | {"publish": ""})

    assert published.url == LIST
    assert stored(2)["en"][0] == "Where you punch"
    told = client.get(LIST)
    assertContains(told, "1 person agreed to an earlier version only, and is asked again.")
    assertContains(told, "0 people have agreed.")
    assertContains(told, "Version 1, from")


def test_publishing_what_lacks_a_language_leads_back_to_the_form(
    client: Client, company: Company
) -> None:
    client.force_login(company.root)
    data = {"en-title": "A", "en-text": "B", "zh-hans-title": "", "zh-hans-text": "", "publish": ""}

    answer = client.post(f"{LIST}location/draft/", data, follow=True)

    assert answer.redirect_chain[-1][0] == f"{LIST}location/draft/"
    assertContains(answer, "Write title and text in every language first; missing: 简体中文.")
    assertContains(answer, 'value="A"')


def test_a_version_is_read_in_every_language_by_whoever_works_here(
    client: Client, company: Company
) -> None:
    row = Notice.objects.get(purpose="location", language="zh-hans")
    client.force_login(company.carol)

    answer = client.get(f"{LIST}{row.pk}/change/")

    assertContains(answer, "Your position when you punch")
    assertContains(answer, "打卡时的位置信息")
    assertNotContains(answer, "<textarea")
    assertNotContains(client.get(LIST), "New version")
    assert client.get(f"{LIST}999999/change/").status_code == 404
    assert client.get(f"{LIST}location/draft/").status_code == 403
    assert client.post(f"{LIST}location/publish/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/change/", {"title": "x"}).status_code == 403
    assert stored(1) == FIRST[Purpose.LOCATION]


def test_an_unknown_purpose_is_not_found(client: Client, company: Company) -> None:
    client.force_login(company.root)

    assert client.get(f"{LIST}anything/draft/").status_code == 404
    assert client.post(f"{LIST}anything/discard/").status_code == 404


def test_consents_are_counted_and_listed_to_whoever_sees_the_people(
    client: Client, company: Company
) -> None:
    agree(company)
    client.force_login(company.carol)
    assertContains(client.get(LIST), "0 people have agreed.")
    assertNotContains(client.get(CONSENTS), "alice")

    client.force_login(company.bob)

    assertContains(client.get(LIST), "1 person has agreed.")
    assertContains(client.get(CONSENTS), "alice")
    assertContains(client.get(f"{CONSENTS}?held=yes"), "alice")
    assertNotContains(client.get(f"{CONSENTS}?held=no"), "alice")


def test_nobody_gives_or_withdraws_a_consent_for_somebody(client: Client, company: Company) -> None:
    consent = agree(company)
    client.force_login(company.root)

    assert client.get(f"{CONSENTS}add/").status_code == 403
    assertNotContains(client.get(f"{CONSENTS}{consent.pk}/change/"), 'name="_save"')
    assert client.post(f"{CONSENTS}{consent.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_page_of_notices_costs_the_same_however_many_versions(
    client: Client, company: Company, django_assert_max_num_queries
) -> None:
    for _time in range(12):
        notices.draft_notice(purpose="location", words=BOTH, now=NOW)
        notices.publish_notice(purpose="location", now=NOW)
    client.force_login(company.root)

    with django_assert_max_num_queries(14):
        answer = client.get(LIST)

    assert len(answer.context["purposes"][0].earlier) == 12
