from dataclasses import fields, replace
from datetime import date

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from attendance.demand_words import tell_demands
from attendance.evidence.demands import Demands, TwoProofs
from attendance.models import AttendanceRule, RuleVersion
from attendance.rule_form import VersionForm, version_initial
from attendance.rule_words import tell_rule, who
from attendance.services.rules import RuleText, add_rule, draft_rule, publish_rule, text_of
from organization.models import User
from scheduling.pattern import Overtime, OvertimeMode, OvertimeTerms, RoundingMode
from scheduling.tests.company import NOW, Company, found_company
from scheduling.tests.posted import boxes_of, posted

pytestmark = pytest.mark.django_db

LIST = "/admin/attendance/attendancerule/"
MONDAY = date(2026, 3, 2)
FULL = RuleText(
    is_punching_required=False,
    period_starts_on_day=26,
    shift_source="assignment_only",
    merge_minutes=0,
    make_up_per_month=0,
    make_up_days_back=7,
    make_up_cutoff_day=3,
    overtime=Overtime(
        mode=OvertimeMode.APPLY_AND_PUNCH,
        restday=OvertimeTerms(
            start_after=5,
            min=60,
            max=480,
            unit=30,
            rounding=RoundingMode.CEIL,
            rest=((720, 780),),
            rest_tiers=((480, 60),),
        ),
        holiday=OvertimeTerms(),
    ),
    demands=Demands(
        methods=frozenset(("location", "qr")),
        is_photo_demanded=True,
        is_place_demanded_with_code=True,
        is_attestation_demanded=True,
        phone_effect="flag",
        suspicion_effect="flag",
        fallback=frozenset(("wifi",)),
        second_check=TwoProofs("location", "face", 20),
        instead_of_face="card",
        reports_position=True,
        allows_offline=False,
        max_accuracy_metres=100,
        weak_gps_minutes=10,
        shared_phone_minutes=5,
        cooling_hours=48,
        phone_changes=1,
        phone_changes_days=60,
        max_speed_kmh=300,
        identical_days=5,
        wifi_far_metres=500,
        clock_error_minutes=1,
    ),
)


@pytest.fixture
def company() -> Company:
    return found_company()


def rule(company: Company, name: str = "works", **under) -> AttendanceRule:
    return add_rule(name=name, now=NOW, **(under or {"department": company.works}))


def published(row: AttendanceRule, text: RuleText, valid_from: date = MONDAY) -> RuleVersion:
    version = draft_rule(rule_id=row.pk, valid_from=valid_from, text=text, now=NOW)
    return publish_rule(version_id=version.pk, now=NOW)


def page_of(client: Client, user: User, address: str):
    client.force_login(user)
    return client.get(address)


def test_a_version_shown_and_saved_unchanged_is_equal() -> None:
    shown = VersionForm(initial={**version_initial(FULL), "valid_from": MONDAY})

    saved = VersionForm(posted(shown))

    assert saved.is_valid(), saved.errors
    assert saved.text == FULL


def test_a_clerk_adds_a_rule_writes_a_version_tries_and_publishes_it(
    client: Client, company: Company
) -> None:
    data = boxes_of(page_of(client, company.bob, f"{LIST}add/").content.decode())
    added = client.post(f"{LIST}add/", data | {"name": "Works", "department": company.works.pk})
    row = AttendanceRule.objects.get()
    assert added.url == f"{LIST}{row.pk}/draft/"

    written = boxes_of(client.get(added.url).content.decode())
    drafted = client.post(added.url, written | {"valid_from": "2026-03-02", "merge_minutes": "2"})
    version = RuleVersion.objects.get()
    assert drafted.url == f"{LIST}version/{version.pk}/"
    assert text_of(version) == RuleText(merge_minutes=2)

    assertContains(client.get(drafted.url), "No day that has been judged is touched.")
    client.post(f"{drafted.url}publish/")
    version.refresh_from_db()
    assert version.published_at is not None


def test_a_new_version_begins_with_what_the_newest_says(client: Client, company: Company) -> None:
    row = rule(company)
    published(row, FULL)

    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())
    client.post(f"{LIST}{row.pk}/draft/", data | {"valid_from": "2999-01-01"})

    assert text_of(row.versions.get(published_at=None)) == FULL


def test_the_preview_tells_or_refuses(client: Client, company: Company) -> None:
    row = rule(company)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())
    address = f"{LIST}{row.pk}/preview/"

    sound = client.post(address, data | {"period_starts_on_day": "26"})
    odd = client.post(address, data | {"overtime__restday": "on", "overtime__restday__unit": "0"})

    assertContains(sound, "The period runs from day 26 to day 25 of the next month.")
    assertContains(
        odd, "Overtime on rest days, in steps of: 0 is too small; write 1 minute or more."
    )


def test_a_version_of_a_published_date_is_refused_at_the_date(
    client: Client, company: Company
) -> None:
    row = rule(company)
    published(row, RuleText())
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())

    answer = client.post(f"{LIST}{row.pk}/draft/", data | {"valid_from": "2026-03-02"})

    assert answer.context["form"].errors["valid_from"] == [
        "The version from 2026-03-02 is published; draft a new one from another date."
    ]


def test_the_rule_page_tells_its_versions_the_newest_first(
    client: Client, company: Company
) -> None:
    row = rule(company)
    published(row, RuleText())
    draft_rule(rule_id=row.pk, valid_from=date(2999, 1, 1), text=FULL, now=NOW)

    answer = page_of(client, company.bob, f"{LIST}{row.pk}/change/")

    told = answer.context["history"]
    assert [(v["dates"], v["is_draft"], v["is_current"]) for v in told] == [
        ("From 2999-01-01", True, False),
        ("From 2026-03-02", False, True),
    ]
    assert told[0]["sentences"] == tell_rule(FULL)


def test_every_knob_of_a_rule_is_told() -> None:
    assert tell_rule(FULL) == [
        "Nobody under this rule has to punch; no anomaly is ever raised.",
        "Shifts come from assignments alone; rosters are ignored.",
        "People punch with their phone: Location or QR code.",
        "Two proofs are wanted, at most 20\u00a0min apart: Location and Face.",
        "Who does not give their face shows this instead: Card.",
        "None of the two proofs, and so held each time: QR code.",
        "A photo of the scene is asked for.",
        "A QR code counts only together with the place.",
        "A phone that nobody vouches for is held.",
        "When positioning has failed for 10\u00a0min: Wi-Fi.",
        "An unusual phone is noted.",
        "A new phone counts after 48\u00a0h.",
        "The phone may be changed 1 time in 60 days.",
        "A suspicious movement is noted.",
        "Without a network nobody can punch.",
        "Field staff report where they are while on duty; they must have been told.",
        "A position may be off by 100 m.",
        "Two people on one phone within 5 min are unusual.",
        "More than 300 km/h between two punches is suspicious.",
        "The same position to the last digit on 5 dates is suspicious.",
        "More than 500 m away from its Wi-Fi, a phone is held.",
        "A phone's clock may be off by 1 min.",
        "The period runs from day 26 to day 25 of the next month.",
        "Every punch stands for itself.",
        "No make-up requests.",
        "On days without a shift:",
        "Overtime on rest days: from the first punch to the last, at least 1\u00a0h, "
        "at most 8\u00a0h, in steps of 30\u00a0min, rounded up, without 12:00 to 13:00, "
        "1\u00a0h less from 8\u00a0h on.",
        "Overtime on holidays: from the first punch to the last.",
        "Overtime counts where it was approved and punches confirm it.",
    ]


def test_it_is_told_who_is_under_a_rule(company: Company) -> None:
    assert [
        who(rule(company, "a", department=company.works)),
        who(rule(company, "b", position=company.guard)),
        who(rule(company, "c", department=company.works, position=company.guard)),
        who(add_rule(name="d", now=NOW)),
    ] == [
        "Works and all below",
        "Guard in the whole group",
        "Guard in Works and below",
        "Everybody in the group",
    ]


def test_carol_reads_the_groups_rule_and_changes_none(client: Client, company: Company) -> None:
    shared = add_rule(name="all", now=NOW)
    foreign = rule(company)
    published(shared, RuleText())
    version = draft_rule(rule_id=foreign.pk, valid_from=MONDAY, text=FULL, now=NOW)

    listed = page_of(client, company.carol, LIST)
    read = client.get(f"{LIST}{shared.pk}/change/")

    assert list(listed.context["cl"].result_list) == [shared]
    assertContains(read, "The period is the calendar month.")
    assertNotContains(read, "New version")
    for address in (
        f"{LIST}{shared.pk}/draft/",
        f"{LIST}{foreign.pk}/draft/",
        f"{LIST}version/{version.pk}/",
    ):
        assert client.get(address).status_code == 404
    for address in (
        f"{LIST}{foreign.pk}/preview/",
        f"{LIST}version/{version.pk}/publish/",
        f"{LIST}version/{version.pk}/discard/",
    ):
        assert client.post(address).status_code == 404
    assert RuleVersion.objects.get(pk=version.pk).published_at is None


def test_carol_is_offered_her_own_departments_only(client: Client, company: Company) -> None:
    answer = page_of(client, company.carol, f"{LIST}add/")

    assert list(answer.context["adminform"].form.fields["department"].queryset) == [company.shop]


def test_the_list_of_rules_costs_the_same_however_long(
    client: Client, company: Company, django_assert_max_num_queries
) -> None:
    from organization.services import add_department

    for number in range(30):
        department = add_department(name=f"D{number}", code=f"D{number}", parent=None, now=NOW)
        published(rule(company, str(number), department=department), RuleText())
    client.force_login(company.root)

    with django_assert_max_num_queries(14):
        answer = client.get(LIST)

    assert len(answer.context["cl"].result_list) == 30


EVERY_WAY = Demands(
    methods=frozenset(("location", "wifi", "qr")),
    second_check=TwoProofs("location", "face"),
    instead_of_face="card",
    takes_claims=True,
)


@pytest.mark.parametrize("name", [field.name for field in fields(Demands)])
def test_whatever_changes_in_what_a_rule_demands_is_told(name: str) -> None:
    """The audit log is read in these sentences: a change that they hide would be hidden."""
    now = getattr(EVERY_WAY, name)
    other = {
        "methods": frozenset(("location",)),
        "fallback": frozenset(),
        "second_check": None,
        "instead_of_face": "password",
        "phone_effect": "flag",
        "suspicion_effect": "flag",
    }.get(name, not now if isinstance(now, bool) else 7)

    assert tell_demands(replace(EVERY_WAY, **{name: other})) != tell_demands(EVERY_WAY)


def test_a_rule_says_that_nobody_punches_with_a_phone() -> None:
    assert tell_demands(Demands()) == ["Nobody under this rule punches with a phone."]


def test_a_rule_of_location_and_fingerprint_reads_as_people_say_it() -> None:
    demands = Demands(
        methods=frozenset(("location",)), second_check=TwoProofs("location", "fingerprint")
    )

    assert tell_demands(demands) == [
        "People punch with their phone: Location.",
        "Two proofs are wanted, at most 15\u00a0min apart: Location and Fingerprint.",
        "When positioning has failed for 15\u00a0min: Wi-Fi or an address written by hand (held).",
        "An unusual phone is held until a person decides.",
        "A new phone counts after 24\u00a0h.",
        "The phone may be changed 2 times in 30 days.",
        "A suspicious movement is held until a person decides.",
    ]


def test_a_clerk_says_how_people_punch(client: Client, company: Company) -> None:
    row = rule(company)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())
    said = {
        "demands__methods__location": "on",
        "demands__second_check": "on",
        "demands__second_check__first": "location",
        "demands__second_check__second": "fingerprint",
        "demands__reports_position": "on",
    }

    client.post(f"{LIST}{row.pk}/draft/", data | said)

    assert text_of(row.versions.get()).demands == Demands(
        methods=frozenset(("location",)),
        second_check=TwoProofs("location", "fingerprint", 15),
        reports_position=True,
    )


@pytest.mark.parametrize(
    ("said", "box", "sentence"),
    [
        (
            {"demands__cooling_hours": "1000"},
            "demands__cooling_hours",
            "A new phone counts after: write 0 to 720.",
        ),
        (
            {"demands__max_accuracy_metres": ""},
            "demands__max_accuracy_metres",
            "A position may be off by: write a whole number.",
        ),
        (
            {"demands__max_speed_kmh": "fast"},
            "demands__max_speed_kmh",
            "Enter a whole number.",
        ),
        (
            {"demands__second_check": "on", "demands__second_check__first": "card"},
            "demands__second_check__second",
            "Second proof: choose among those that are offered.",
        ),
        (
            {
                "demands__second_check": "on",
                "demands__second_check__first": "location",
                "demands__second_check__second": "card",
            },
            "demands__second_check__first",
            "First proof: nobody may punch like that here. Tick it among the ways to punch, "
            "or choose another.",
        ),
        (
            {
                "demands__second_check": "on",
                "demands__second_check__first": "card",
                "demands__second_check__second": "face",
            },
            "demands__instead_of_face",
            "Instead of the face: nobody has to give their face. Choose what they show instead.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_box(
    client: Client, company: Company, said: dict[str, str], box: str, sentence: str
) -> None:
    """A-05, L-07."""
    row = rule(company)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())

    answer = client.post(f"{LIST}{row.pk}/draft/", data | said)
    preview = client.post(f"{LIST}{row.pk}/preview/", data | said)

    assert answer.context["form"].errors == {box: [sentence]}
    assertContains(preview, sentence)
    assert not row.versions.exists()


def test_what_is_wrong_behind_more_numbers_is_not_hidden(client: Client, company: Company) -> None:
    row = rule(company)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/draft/").content.decode())

    answer = client.post(f"{LIST}{row.pk}/draft/", data | {"demands__identical_days": "1"})

    assertContains(answer, 'data-when="phone=on" open')
