from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from attendance.evidence.demands import Demands, TwoProofs
from attendance.models import AttendanceDay, AttendanceRule, RuleVersion, WaitingDay
from attendance.services.days import judge_all, take_in_changes, wake_range
from attendance.services.rule_trial import Trial, try_rule
from attendance.services.rules import (
    RuleText,
    VersionIsInForce,
    VersionIsPublished,
    add_rule,
    discard_version,
    draft_rule,
    publish_rule,
    read_columns,
    rename_rule,
    text_of,
)
from organization.errors import NotAllowed, NotFound
from organization.models import AuditEntry, Change
from scheduling.pattern import Overtime, OvertimeTerms, ShiftPattern
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from scheduling.tests.company import NOW, Company, found_company

pytestmark = pytest.mark.django_db

JANUARY = date(2026, 1, 1)
LATER = datetime(2026, 3, 7, 1, tzinfo=UTC)  # the Saturday of that week
MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
ROSTER_ONLY = RuleText(shift_source="roster_only")
OVERTIME = Overtime(restday=OvertimeTerms(unit=30, rest=((720, 780),)), holiday=OvertimeTerms())


@pytest.fixture
def company() -> Company:
    return found_company()


@pytest.fixture
def judged(company: Company) -> Company:
    """alice works nine to six and was absent all week; the week is judged."""
    shift = add_shift(
        code="A",
        name="Day",
        pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=JANUARY,
        now=NOW,
    )
    assign_shift(department=company.line, shift=shift, starts_on=JANUARY, now=NOW)
    Change.objects.all().delete()
    wake_range(starts_on=MONDAY, ends_on=FRIDAY, cause="ordered", now=LATER)
    judge_all(now=LATER)
    return company


def rule(company: Company, **under) -> AttendanceRule:
    return add_rule(name="rule", now=NOW, **(under or {"department": company.works}))


def draft(row: AttendanceRule, valid_from=MONDAY, text=ROSTER_ONLY, actor=None) -> RuleVersion:
    return draft_rule(rule_id=row.pk, valid_from=valid_from, text=text, actor=actor, now=LATER)


def statuses() -> list[str]:
    found = AttendanceDay.objects.filter(employee__name="alice").order_by("work_date")
    return list(found.values_list("status", flat=True))


def news():
    found = Change.objects.filter(reason=Change.Reason.RULE).order_by("pk")
    return [
        (c.starts_on, c.ends_on, c.employee_ids, c.department and c.department.code) for c in found
    ]


def test_a_draft_judges_nobody(judged: Company) -> None:
    draft(rule(judged), actor=judged.bob)

    assert news() == []
    assert take_in_changes(now=LATER) == 0
    entry = AuditEntry.objects.get(verb="rule.drafted")
    assert (entry.actor, entry.department) == (judged.bob, judged.works)
    assert entry.facts["after"]["shift_source"] == "roster_only"


def test_a_trial_says_what_would_change_and_writes_nothing(judged: Company) -> None:
    version = draft(rule(judged))

    trial = try_rule(version_id=version.pk, now=LATER)

    assert trial == Trial(days=5, tried=5, changed=5, moves={("absent", "rest"): 5})
    assert statuses() == ["absent"] * 5
    assert not WaitingDay.objects.exists()


def test_a_trial_that_changes_nothing_says_so(judged: Company) -> None:
    version = draft(rule(judged), text=RuleText(make_up_per_month=9))

    trial = try_rule(version_id=version.pk, now=LATER)

    assert trial == Trial(days=5, tried=5, changed=0, moves={})


def test_publishing_lets_the_days_from_its_date_be_judged_again(judged: Company) -> None:
    version = draft(rule(judged), valid_from=date(2026, 3, 4))

    published = publish_rule(version_id=version.pk, actor=judged.bob, now=LATER)
    take_in_changes(now=LATER)
    judge_all(now=LATER)

    assert published.published_at == LATER
    assert news() == [(date(2026, 3, 4), None, None, "W")]
    assert AuditEntry.objects.get(verb="rule.published").actor == judged.bob
    by_day = AttendanceDay.objects.filter(
        employee=judged.alice, work_date__range=(MONDAY, FRIDAY)
    ).order_by("work_date")
    assert [day.status for day in by_day] == ["absent", "absent", "rest", "rest", "rest"]


def test_publishing_twice_changes_nothing(company: Company) -> None:
    version = draft(rule(company))
    publish_rule(version_id=version.pk, now=NOW)

    again = publish_rule(version_id=version.pk, now=LATER)

    assert again.published_at == NOW
    assert len(news()) == 1


def test_what_is_published_is_not_edited(company: Company) -> None:
    row = rule(company)
    publish_rule(version_id=draft(row).pk, now=NOW)

    with pytest.raises(VersionIsPublished, match="2026-03-02 is published"):
        draft(row, text=RuleText())


def test_a_draft_of_the_same_date_is_replaced(company: Company) -> None:
    row = rule(company)
    draft(row)

    draft(row, text=RuleText(merge_minutes=2, overtime=OVERTIME))

    assert [text_of(v) for v in row.versions.all()] == [
        RuleText(merge_minutes=2, overtime=OVERTIME)
    ]


def test_an_earlier_version_speaks_up_to_the_next_one(company: Company) -> None:
    row = rule(company)
    publish_rule(version_id=draft(row, valid_from=date(2026, 4, 1)).pk, now=NOW)

    publish_rule(version_id=draft(row, valid_from=MONDAY).pk, now=NOW)

    assert news()[-1] == (MONDAY, date(2026, 3, 31), None, "W")


@pytest.mark.parametrize(
    ("under", "people", "department"),
    [
        ({}, None, None),
        ({"position": "guard"}, ["dora"], None),
        ({"position": "guard", "department": "works"}, [], None),
        ({"department": "line"}, None, "WL"),
    ],
    ids=["everybody", "a position", "a position in a department", "a department"],
)
def test_the_news_reaches_those_who_are_under_the_rule(
    company: Company, under, people, department
) -> None:
    chosen = {name: getattr(company, value) for name, value in under.items()}
    row = add_rule(name="rule", now=NOW, **chosen)

    publish_rule(version_id=draft(row).pk, now=NOW)

    keys = None if people is None else [getattr(company, name).pk for name in people]
    assert news() == [(MONDAY, None, keys, department)]


def test_a_version_to_come_is_taken_back_but_not_one_in_force(company: Company) -> None:
    row = rule(company)
    to_come = publish_rule(version_id=draft(row, valid_from=date(2026, 4, 1)).pk, now=NOW)
    in_force = publish_rule(version_id=draft(row).pk, now=NOW)

    discard_version(version_id=to_come.pk, now=NOW)

    assert list(row.versions.all()) == [in_force]
    with pytest.raises(VersionIsInForce):
        discard_version(version_id=in_force.pk, now=NOW)


def test_there_is_one_rule_for_the_same_people(company: Company) -> None:
    rule(company)
    add_rule(name="all", now=NOW)

    with pytest.raises(ValidationError, match="There is a rule for this department"):
        rule(company)
    with pytest.raises(ValidationError, match="There is a rule for the whole group already"):
        add_rule(name="again", now=NOW)


def test_overtime_that_makes_no_sense_is_refused_by_field(company: Company) -> None:
    """A-05."""
    odd = RuleText(overtime=Overtime(restday=OvertimeTerms(min=60, max=30)))

    with pytest.raises(ValidationError) as refused:
        draft(rule(company), text=odd)

    assert refused.value.message_dict == {
        "overtime.restday.max": [
            "Overtime on rest days, at most: 30 must not be less than "
            "“Overtime on rest days, at least”, which is 60."
        ]
    }
    assert not RuleVersion.objects.exists()


@pytest.mark.parametrize("text", [RuleText(period_starts_on_day=29), RuleText(merge_minutes=61)])
def test_what_the_database_would_refuse_is_refused_with_a_sentence(
    company: Company, text: RuleText
) -> None:
    """A-05."""
    with pytest.raises(ValidationError):
        draft(rule(company), text=text)


def test_carol_configures_no_rule_of_another_unit(company: Company) -> None:
    row = rule(company)
    version = draft(row)
    carol = {"actor": company.carol, "now": NOW}

    with pytest.raises(NotAllowed):
        add_rule(name="x", department=company.line, **carol)
    with pytest.raises(NotAllowed):
        add_rule(name="x", **carol)
    with pytest.raises(NotFound):
        rename_rule(rule_id=row.pk, name="x", **carol)
    with pytest.raises(NotFound):
        draft(row, actor=company.carol)
    for act in (try_rule, publish_rule, discard_version):
        with pytest.raises(NotFound):
            act(version_id=version.pk, **carol)
    assert RuleVersion.objects.get().published_at is None


def test_what_a_rule_demands_of_a_punch_is_kept_word_for_word(company: Company) -> None:
    demands = Demands(
        methods=frozenset(("location", "qr")),
        second_check=TwoProofs("location", "fingerprint", 15),
        cooling_hours=48,
    )

    version = draft(rule(company), text=RuleText(demands=demands))

    version.refresh_from_db()
    assert text_of(version).demands == demands
    entry = AuditEntry.objects.get(verb="rule.drafted")
    assert entry.facts["after"]["demands"]["methods"] == ["location", "qr"]


def test_a_rule_that_demands_nothing_of_a_phone_stores_nothing(company: Company) -> None:
    version = draft(rule(company), text=RuleText())

    assert version.demands is None
    assert text_of(version).demands == Demands()


def test_l_07_a_rule_with_the_face_as_the_only_way_is_not_saved(company: Company) -> None:
    face_only = Demands(second_check=TwoProofs("fingerprint", "face"))

    with pytest.raises(ValidationError) as refused:
        draft(rule(company), text=RuleText(demands=face_only))

    assert refused.value.message_dict == {
        "demands.instead_of_face": [
            "Instead of the face: nobody has to give their face. Choose what they show instead."
        ]
    }
    assert not RuleVersion.objects.exists()


@pytest.mark.parametrize(
    ("demands", "sentence"),
    [
        (
            Demands(max_accuracy_metres=5),
            "A position may be off by: write 10 to 1000.",
        ),
        (
            Demands(methods=frozenset(("smell",))),
            "Ways to punch with a phone: choose among those that are offered.",
        ),
    ],
)
def test_a_05_what_a_rule_may_not_demand_is_refused_by_field(
    company: Company, demands: Demands, sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        draft(rule(company), text=RuleText(demands=demands))

    assert [said for found in refused.value.message_dict.values() for said in found] == [sentence]


def test_an_entry_of_before_rules_spoke_of_phones_is_still_read() -> None:
    written = {name: value for name, value in RuleText().columns().items() if name != "demands"}

    assert read_columns(written) == RuleText()
