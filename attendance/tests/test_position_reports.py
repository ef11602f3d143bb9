"""Where field staff are is taken only of who was told, while on duty, and kept sealed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import travel

from attendance.evidence.demands import Demands
from attendance.models import Absence, Notice, PositionReport
from attendance.services import consents, whereabouts
from attendance.tests.phone import SHANGHAI
from attendance.tests.test_making import demand
from organization import retention, roles, services
from organization.access import Action
from organization.models import AuditEntry, Department, Employee, Role, User
from scheduling.pattern import ShiftPattern
from scheduling.services import add_shift, assignments
from tests.cast import NOW as HIRED
from tests.cast import Cast, appoint
from tests.walking import read

pytestmark = pytest.mark.usefixtures("standing_cast")

# 10:00 in Shanghai, on a Tuesday.
NOW = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 8, 31, 16, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def alice(cast: Cast) -> Employee:
    """Alice works 09:00 to 18:00 in the field, and has agreed to be seen."""
    demand(cast, Demands(reports_position=True))
    shift = add_shift(
        code="D", name="Day", department=None, pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=HIRED.date(), now=HIRED,
    )  # fmt: skip
    assignments.assign_shift(
        employee=cast.alice, shift=shift, starts_on=HIRED.date(), weekdays="1234567", now=HIRED
    )
    agree(cast.alice)
    return cast.alice


def agree(employee: Employee) -> None:
    if consents.version_in_force("reports") is None:
        Notice.objects.create(
            purpose="reports", version=1, language="en", title="In the field", text="Why.",
            published_at=HIRED,
        )  # fmt: skip
    version = consents.version_in_force("reports")
    assert version is not None
    assert employee.user is not None
    consents.give(
        employee=employee, purpose="reports", version=version, language="en",
        actor=employee.user, now=HIRED,
    )  # fmt: skip


def report(employee: Employee, /, **said: Any) -> Any:
    client = Client()
    assert employee.user is not None
    client.force_login(employee.user)
    return client.post("/api/v1/user/location", {**SHANGHAI, **said}, "application/json")


def test_a_report_on_duty_is_kept_sealed_and_once(alice: Employee) -> None:
    first = report(alice, at=NOW.isoformat())
    again = report(alice, at=NOW.isoformat())

    assert (first.status_code, again.status_code) == (201, 200)
    row = PositionReport.objects.get()
    assert row.department == alice.department
    assert b"31.2304" not in bytes(row.sealed)


@pytest.mark.parametrize(
    ("minute", "is_kept"),
    [
        pytest.param(8 * 60 + 44, False, id="16 minutes before the shift"),
        pytest.param(8 * 60 + 45, True, id="15 minutes before the shift"),
        pytest.param(18 * 60 + 15, True, id="15 minutes after the shift"),
        pytest.param(18 * 60 + 16, False, id="16 minutes after the shift"),
        pytest.param(22 * 60 + 10, False, id="in the evening"),
    ],
)
def test_l01_outside_duty_hours_nothing_is_kept(
    alice: Employee, minute: int, is_kept: bool
) -> None:
    """L-01."""
    with travel(MIDNIGHT + timedelta(minutes=minute), tick=False):
        answer = report(alice)

    assert answer.status_code == (201 if is_kept else 409)
    assert PositionReport.objects.exists() == is_kept
    if not is_kept:
        assert answer.json()["code"] == "off_duty"


def test_l01_on_leave_nothing_is_kept(cast: Cast, alice: Employee) -> None:
    """L-01."""
    Absence.objects.create(
        employee=alice, kind="leave", starts_at=MIDNIGHT, ends_at=MIDNIGHT + timedelta(days=1),
        approved_at=HIRED,
    )  # fmt: skip

    assert report(alice).json()["code"] == "off_duty"
    assert not PositionReport.objects.exists()


def test_l03_withdrawing_the_consent_ends_reports_at_once(alice: Employee) -> None:
    """L-03."""
    assert alice.user is not None
    consents.withdraw(employee=alice, purpose="reports", actor=alice.user, now=NOW)

    assert report(alice).json()["code"] == "consent_missing"
    assert not PositionReport.objects.exists()


def test_nobody_reports_whom_the_rule_does_not_ask(cast: Cast, alice: Employee) -> None:
    del alice
    agree(cast.carol)

    assert report(cast.carol).json()["code"] == "reports_not_asked"
    assert not PositionReport.objects.exists()


@pytest.mark.parametrize("hours", [-2, 1])
def test_a_track_of_the_past_or_the_future_is_refused(alice: Employee, hours: int) -> None:
    answer = report(alice, at=(NOW + timedelta(hours=hours)).isoformat())

    assert answer.json()["code"] == "odd_moment"
    assert not PositionReport.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"latitude": 91}, {"datum": "mars"}, {"employee": "00201"}, {"at": "2026-09-01T10:00:00"}],
    ids=lambda said: next(iter(said)),
)
def test_a_report_that_says_nothing_names_its_field(alice: Employee, wrong: dict[str, Any]) -> None:
    answer = report(alice, **wrong)

    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["message"]
    assert not PositionReport.objects.exists()


# Looking ------------------------------------------------------------------------------------------

LIST = "/admin/attendance/positionreport/"
REASON = {"reason": "Complaint 7"}


def day_of(employee: Employee, day: str = "2026-09-01") -> str:
    return f"{LIST}day/{employee.pk}/{day}/"


def browser_of(user: User | None) -> Client:
    client = Client()
    assert user is not None
    client.force_login(user)
    return client


def told() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb="evidence.track_viewed"))


@pytest.fixture
def reported(alice: Employee) -> Employee:
    """Alice has told twice where she is, at 09:00 on the map of WGS-84 and at 10:00 on GCJ-02."""
    earlier = NOW - timedelta(hours=1)
    there = {"latitude": 31.228456, "longitude": 121.478224, "datum": "gcj02"}
    with travel(earlier, tick=False):
        report(alice, at=earlier.isoformat())
    report(alice, at=NOW.isoformat(), **there, accuracy_metres=None)
    return alice


def test_l08_the_list_tells_when_somebody_reported_and_never_where(
    cast: Cast, reported: Employee
) -> None:
    """L-08."""
    page = browser_of(cast.hr).get(LIST)

    assert [line in page.text for line in ("2026-09-01 09:00:00", "2026-09-01 10:00:00")] == [
        True, True,
    ]  # fmt: skip
    assert "31.2304" not in page.text
    assert told() == []


def test_l08_a_day_is_opened_by_a_button_and_every_look_of_others_is_told(
    cast: Cast, reported: Employee
) -> None:
    """L-08, A-09, A-27."""
    desk = browser_of(cast.hr)
    before = desk.get(day_of(reported))
    assert (before.status_code, "31.23040" in before.text, told()) == (200, False, [])

    after = desk.post(day_of(reported), REASON)

    assert "31.23040" in after.text
    assert "no-store" in after["Cache-Control"]
    (entry,) = told()
    assert (entry.actor, entry.thing_id) == (cast.hr, str(reported.pk))
    assert entry.facts == {"work_date": "2026-09-01", "reports": 2, "reason": "Complaint 7"}


def test_positions_of_either_map_are_shown_on_one_in_the_order_of_their_moments(
    cast: Cast, reported: Employee
) -> None:
    page = browser_of(cast.hr).post(day_of(reported), REASON)

    spots = page.context["spots"]
    assert [f"{spot.at:%H:%M}" for spot in spots] == ["09:00", "10:00"]
    assert [(round(spot.latitude, 3), round(spot.longitude, 3)) for spot in spots] == [
        (31.230, 121.474), (31.230, 121.474),
    ]  # fmt: skip
    track = json.loads(page.context["map"])["track"]
    assert [spot["accuracy"] for spot in track] == [20.0, None]


def test_others_say_why_they_look_at_a_day_or_see_nothing(cast: Cast, reported: Employee) -> None:
    page = browser_of(cast.hr).post(day_of(reported), {"reason": " x "})

    assert "Say why you look" in page.text
    assert "31.23040" not in page.text
    assert told() == []


def test_l08_who_may_look_at_a_day(cast: Cast, reported: Employee) -> None:
    """L-08: AUDIT or DECIDE where somebody was then; nobody else finds it."""
    for reader in (cast.hr, cast.bob.user, cast.superuser):
        assert browser_of(reader).post(day_of(reported), REASON).status_code == 200
    for stranger in (cast.other_hr, cast.carol.user):
        desk = browser_of(stranger)
        assert desk.post(day_of(reported), REASON).status_code == 404
        assert desk.get(day_of(reported)).status_code == 404
    assert len(told()) == 3


def let_see(user: User, department: Department) -> None:
    """Let somebody see what is there, and nothing else."""
    role = Role.objects.create(key="reader", name="Reader", actions=[Action.SEE.value])
    roles.assign(user=user, role=role, department=department, actor=None, now=NOW)


def test_l08_whoever_sees_days_and_no_more_finds_the_list_and_no_day(
    cast: Cast, reported: Employee
) -> None:
    """L-08: to see somebody's days is not enough for a track of their movements."""
    reader = User.objects.create_user("reader", password="a long word", is_staff=True)
    let_see(reader, cast.unit)
    desk = browser_of(reader)
    row = PositionReport.objects.get(reported_at=NOW)

    page = desk.get(LIST)

    assert page.status_code == 200
    assert "2026-09-01 10:00:00" in page.text
    assert f"{LIST}{row.pk}/change/" not in page.text
    assert desk.get(day_of(reported)).status_code == 404
    assert desk.post(day_of(reported), REASON).status_code == 404
    assert told() == []


def test_the_list_leads_only_to_days_that_open(cast: Cast, reported: Employee) -> None:
    """L-08: an auditor's and one's own, and nobody's whom somebody merely sees."""
    auditor = User.objects.create_user("auditor", password="a long word", is_staff=True)
    appoint(auditor, "auditor", cast.unit)
    row = PositionReport.objects.get(reported_at=NOW)
    own = PositionReport.objects.create(
        employee=cast.carol, department=cast.other_department, reported_at=NOW, sealed=b"\x00" * 80,
        kept_at=NOW, keep_until=NOW.date() + timedelta(days=90),
    )  # fmt: skip
    assert cast.carol.user is not None
    let_see(cast.carol.user, cast.unit)

    assert f"{LIST}{row.pk}/change/" in browser_of(auditor).get(LIST).text
    page = browser_of(cast.carol.user).get(LIST).text
    assert f"{LIST}{own.pk}/change/" in page
    assert f"{LIST}{row.pk}/change/" not in page
    assert "00101" in page


def test_a_page_of_the_list_is_read_in_fifteen_queries(
    cast: Cast, reported: Employee, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    """However many rows it shows."""
    first = PositionReport.objects.get(reported_at=NOW)
    for minute in range(1, 29):
        first.pk, first.reported_at = None, NOW + timedelta(minutes=minute)
        first.save(force_insert=True)
    desk = browser_of(cast.hr)
    desk.get(LIST)

    with django_assert_max_num_queries(15):
        page = desk.get(LIST)

    assert page.text.count("2026-09-01 10:") == 29


def test_p22_past_reports_belong_to_the_department_of_their_day(
    cast: Cast, reported: Employee
) -> None:
    """P-22: a new supervisor finds the person, and nothing of what was before."""
    services.transfer(
        employee_id=reported.pk, department=cast.other_department, position=None,
        effective_on=NOW.date(), actor=None, now=NOW,
    )  # fmt: skip

    later = browser_of(cast.carol.user).post(day_of(reported), REASON)
    former = browser_of(cast.bob.user).post(day_of(reported), REASON)

    assert later.context["found"].reports == []
    assert len(former.context["spots"]) == 2


def test_a_look_at_ones_own_day_is_nobodys_business(cast: Cast, alice: Employee) -> None:
    rota = alice.shift_assignments.get()
    assignments.assign_shift(
        employee=cast.bob, shift=rota.shift, starts_on=HIRED.date(), weekdays="1234567", now=HIRED
    )
    agree(cast.bob)
    report(cast.bob, at=NOW.isoformat())

    page = browser_of(cast.bob.user).post(day_of(cast.bob), {})

    assert len(page.context["spots"]) == 1
    assert told() == []


def test_a_day_shows_a_bounded_number_and_says_so(
    cast: Cast, reported: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "REPORTS_SHOWN", 1)

    page = browser_of(cast.hr).post(day_of(reported), REASON)

    assert [f"{spot.at:%H:%M}" for spot in page.context["spots"]] == ["09:00"]
    assert page.context["found"].is_cut


def test_a_day_leads_to_the_nearest_days_with_reports(cast: Cast, reported: Employee) -> None:
    desk = browser_of(cast.hr)

    after, before = (
        desk.get(day_of(reported, "2026-09-09")),
        desk.get(day_of(reported, "2026-08-09")),
    )

    assert after.context["before_url"] == day_of(reported)
    assert before.context["after_url"] == day_of(reported)
    assert desk.get(day_of(reported, "tomorrow")).status_code == 404


def test_a_report_leads_to_its_day_on_the_wall_of_the_department(
    cast: Cast, reported: Employee
) -> None:
    row = PositionReport.objects.get(reported_at=NOW)

    answer = browser_of(cast.hr).get(f"{LIST}{row.pk}/change/")

    assert answer["Location"] == day_of(reported)


def test_l08_a_look_at_what_cannot_be_opened_is_told_too(cast: Cast, reported: Employee) -> None:
    """L-08: who could break a row would otherwise look at the others unseen."""
    PositionReport.objects.filter(reported_at=NOW).update(sealed=b"\x00" * 80)

    page = browser_of(cast.hr).post(day_of(reported), REASON)

    assert "cannot be opened" in page.text
    assert "31.23040" not in page.text
    assert len(told()) == 1


def test_l04_what_retention_has_removed_is_on_no_page(cast: Cast, reported: Employee) -> None:
    """L-04."""
    retention.run(now=NOW + timedelta(days=91))

    page = browser_of(cast.hr).get(day_of(reported))

    assert not PositionReport.objects.exists()
    assert "its time is over" in page.text


def test_l10_the_person_finds_who_looked_and_where_they_were_among_their_own_data(
    cast: Cast, reported: Employee
) -> None:
    """L-10."""
    browser_of(cast.hr).post(day_of(reported), REASON)

    mine = browser_of(reported.user)
    page = mine.get("/me/data/")
    copy = mine.post("/me/data/", {"act": "copy"})

    assert "looked at reported positions" in page.text
    assert "Complaint 7" in page.text
    assert "31.2304" in read(copy)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"latitude": 91}, "between -90 and 90"),
    ({"datum": "mars"}, "gcj02, wgs84"),
    ({"accuracy_metres": -1}, "from 0 to 100000"),
    ({"colour": "red"}, "no such field"),
])  # fmt: skip
def test_what_is_wrong_with_a_position_is_said_in_words(
    alice: Employee, wrong: dict[str, Any], words: str
) -> None:
    answer = report(alice, at=NOW.isoformat(), **wrong)

    assert (answer.status_code, words in answer.text) == (400, True)
    assert not PositionReport.objects.exists()
