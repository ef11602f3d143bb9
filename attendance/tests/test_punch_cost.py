"""What a punch of a phone and its page cost, and that what is not read would say nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import travel

from attendance.evidence.demands import Demands
from attendance.evidence.said import Said, read_said
from attendance.models import Punch, PunchCheck
from attendance.services import places, rules
from attendance.services.checking import rules_on
from attendance.services.making import make_punch, situation_of
from attendance.services.places import fences_under
from attendance.tests.phone import SHANGHAI, Phone
from attendance.tests.test_making import NOW, agree, demand, draw_office, told
from organization import services as people
from organization.models import Department, Employee
from scheduling.models import ShiftAssignment
from scheduling.pattern import ShiftPattern
from scheduling.services.shifts import add_shift
from tests.cast import NOW as HIRED
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

# With the SAVEPOINT that stands in a test for BEGIN, and its RELEASE.
A_PUNCH: int = 20
# The page's state, with log-in, plan, day so far, rule, places, notice and phone.
A_STATE: int = 22


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Alice's phone; her rule wants a position near the office, and she has a shift."""
    told()
    demand(cast, Demands(methods=frozenset({"location"}), are_phones_checked=True))
    draw_office(cast)
    agree(cast.alice)
    shift = add_shift(
        code="D", name="Day", pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=date(2026, 1, 1), now=HIRED,
    )  # fmt: skip
    ShiftAssignment.objects.create(
        department=cast.department, shift=shift, starts_on=date(2026, 1, 1)
    )
    made = Phone()
    made.bind(cast.alice, now=NOW - timedelta(days=30))
    return made


@pytest.fixture
def client(cast: Cast) -> Client:
    browser = Client()
    assert cast.alice.user is not None
    browser.force_login(cast.alice.user)
    return browser


def moved(n: int) -> dict[str, Any]:
    """Return a position some centimetres away from the others."""
    return {**SHANGHAI, "latitude": SHANGHAI["latitude"] + n / 10**6}


def read(content: bytes) -> Said:
    said = read_said(content)
    assert isinstance(said, Said)
    return said


def test_a_plain_punch_is_checked_and_kept_in_twenty_queries(cast: Cast, phone: Phone) -> None:
    content = phone.say()

    with CaptureQueriesContext(connection) as asked:
        made = make_punch(
            cast.alice, read(content), content=content, signature=phone.sign(content), now=NOW
        )

    assert made.check is not None
    assert (made.is_new, made.check.outcome) == (True, PunchCheck.Outcome.ACCEPTED)
    assert len(asked) <= A_PUNCH, "\n".join(one["sql"] for one in asked)


def test_the_page_and_the_answer_to_a_punch_cost_the_same_after_many_punches(
    cast: Cast, phone: Phone, client: Client
) -> None:
    costs = set()
    for n in range(12):
        # Within the minutes after which the use of a session is noted.
        with travel(NOW + timedelta(seconds=20 * n), tick=False):
            content = phone.say(position=moved(n))
            with CaptureQueriesContext(connection) as answer:
                assert phone.post(client, content).status_code == 201
            with CaptureQueriesContext(connection) as state:
                client.get("/punch/state/", {"phone": phone.key})
            costs.add((len(answer), len(state)))

    ((answers, states),) = costs
    assert states <= A_STATE, "\n".join(one["sql"] for one in state)
    # The log-in is asked for once.
    assert answers <= A_PUNCH + A_STATE, "\n".join(one["sql"] for one in answer)


def test_what_a_punch_answers_is_what_the_database_holds(cast: Cast, phone: Phone) -> None:
    content = phone.say()

    made = make_punch(
        cast.alice, read(content), content=content, signature=phone.sign(content), now=NOW
    )

    row, check = Punch.objects.get(), PunchCheck.objects.get()
    assert made.check is not None
    for mine, kept in ((made.punch, row), (made.check, check)):
        names = [field.attname for field in kept._meta.concrete_fields]
        assert {n: getattr(mine, n) for n in names} == {n: getattr(kept, n) for n in names}


def test_where_phones_are_not_checked_a_new_one_counts_at_once(
    cast: Cast, phone: Phone, client: Client
) -> None:
    newest = rules.draft_rule(
        rule_id=rules.add_rule(name="Dyers", department=cast.department, position=cast.clerk,
                               now=HIRED).pk,
        valid_from=date(2026, 1, 1), now=HIRED,
        text=rules.RuleText(
            demands=Demands(methods=frozenset({"location"}), are_phones_checked=False)
        ),
    )  # fmt: skip
    rules.publish_rule(version_id=newest.pk, now=HIRED)
    new = Phone()
    new.bind(cast.alice, now=NOW - timedelta(hours=1))

    assert new.post(client, new.say()).json()["outcome"] == "accepted"


# Rules, zones and places ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        # The first of September begins there.
        pytest.param("Pacific/Kiritimati", 31 * 24 - 15, 31 * 24 - 13, id="14 hours ahead"),
        pytest.param("Pacific/Pago_Pago", 31 * 24 + 10, 31 * 24 + 12, id="11 hours behind"),
    ],
)
def test_the_rule_of_the_date_on_site_counts_in_the_outermost_zones(
    cast: Cast, zone: str, before: int, after: int
) -> None:
    Department.objects.filter(pk=cast.department.pk).update(timezone=zone)
    rule = rules.add_rule(name="Weavers", department=cast.department, now=HIRED)
    for valid_from, minutes in ((date(2026, 1, 1), 7), (date(2026, 9, 1), 8)):
        version = rules.draft_rule(
            rule_id=rule.pk, valid_from=valid_from, now=HIRED,
            text=rules.RuleText(demands=Demands(clock_error_minutes=minutes)),
        )  # fmt: skip
        rules.publish_rule(version_id=version.pk, now=HIRED)
    august = datetime(2026, 8, 1, tzinfo=UTC)

    found = [situation_of(cast.alice, august + timedelta(hours=n)) for n in (before, after)]

    assert [one.rule.demands.clock_error_minutes for one in found] == [7, 8]
    assert [one.day for one in found] == [date(2026, 8, 31), date(2026, 9, 1)]
    assert {(one.zone, one.path) for one in found} == {(zone, cast.department.path)}


def test_a_day_before_a_department_moved_is_under_the_rule_that_was_above_it_then(
    cast: Cast,
) -> None:
    for place, minutes in ((cast.unit, 7), (cast.other_unit, 8)):
        rule = rules.add_rule(name=place.name, department=place, now=HIRED)
        version = rules.draft_rule(
            rule_id=rule.pk, valid_from=date(2026, 1, 1), now=HIRED,
            text=rules.RuleText(demands=Demands(clock_error_minutes=minutes)),
        )  # fmt: skip
        rules.publish_rule(version_id=version.pk, now=HIRED)
    people.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW
    )

    found = [situation_of(cast.alice, NOW - timedelta(days=n)) for n in (1, 0)]

    assert [one.rule.demands.clock_error_minutes for one in found] == [7, 8]
    # Networks and screens are those of where it hangs today.
    assert {one.path for one in found} == {f"{cast.other_unit.path}{cast.department.pk}/"}


def test_the_rules_of_many_people_cost_no_more_than_one_persons(cast: Cast) -> None:
    for place in (cast.department, cast.other_department, None):
        rule = rules.add_rule(name=str(place), department=place, now=HIRED)
        version = rules.draft_rule(
            rule_id=rule.pk, valid_from=date(2026, 1, 1), text=rules.RuleText(), now=HIRED
        )
        rules.publish_rule(version_id=version.pk, now=HIRED)
    everybody = list(Employee.objects.values_list("pk", flat=True))

    with CaptureQueriesContext(connection) as one:
        own = rules_on([cast.alice.pk], NOW.date())
    with CaptureQueriesContext(connection) as many:
        found = rules_on(everybody, NOW.date())

    assert len(one) == len(many) == 3
    assert found[cast.alice.pk] == own[cast.alice.pk]
    assert found[cast.carol.pk].version_id not in {0, found[cast.alice.pk].version_id}


def test_a_fence_that_is_a_persons_and_a_rules_is_one(cast: Cast) -> None:
    rule = rules.add_rule(name="Weavers", department=cast.department, now=HIRED)
    version = rules.draft_rule(
        rule_id=rule.pk, valid_from=date(2026, 1, 1), text=rules.RuleText(), now=HIRED
    )
    draw_office(cast)
    office = cast.alice.fences.get()
    office.rules.set([rule])
    yard = places.add_fence(
        department=cast.unit, now=HIRED,
        text=places.Text(name="Yard", shape=office.shape, people=[cast.bob.pk]),
    )  # fmt: skip

    found = fences_under({cast.alice.pk: version.pk, cast.bob.pk: version.pk, cast.carol.pk: 0})

    assert {key: [one.key for one in fences] for key, fences in found.items()} == {
        cast.alice.pk: ["Office"],
        cast.bob.pk: ["Office", "Yard"],
        cast.carol.pk: [],
    }
    places.retire_fence(fence_id=yard.pk, now=HIRED)
    assert [one.key for one in fences_under({cast.bob.pk: 0})[cast.bob.pk]] == []
