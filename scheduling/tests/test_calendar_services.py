from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm
from time_machine import travel

from organization.errors import NotAllowed, NotFound
from organization.models import Change, Department, User
from organization.services import add_department
from scheduling.holidays import Kind, Reading, StatutoryDay, from_package, read_calendar
from scheduling.models import CalendarDay, CalendarSource, CalendarYear
from scheduling.services import calendar
from scheduling.services.calendar import CalendarRefused, NotACompanyDay
from scheduling.tasks import sync_calendars

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
NEW_YEAR = date(2026, 1, 1)
CHRISTMAS = date(2026, 12, 25)


@pytest.fixture
def north() -> Department:
    group = add_department(name="Group", code="G", parent=None, now=NOW)
    north = add_department(name="North", code="N", parent=group, now=NOW)
    Change.objects.all().delete()
    return north


def news() -> list[tuple[str, str]]:
    return [(str(c.starts_on), str(c.ends_on)) for c in Change.objects.filter(reason="calendar")]


def states() -> dict[int, str]:
    return dict(CalendarYear.objects.values_list("year", "state"))


def apply(reading: Reading) -> None:
    calendar.apply_calendar(source=calendar.builtin_source(), reading=reading, actor=None, now=NOW)


def test_the_nightly_round_fills_the_years_that_are_announced() -> None:
    problems = calendar.sync_calendars(now=NOW)

    assert set(problems.values()) == {""}
    assert states() == {2025: "announced", 2026: "announced", 2027: "provisional"}
    assert CalendarDay.objects.filter(day__year=2026).count() == 39
    assert CalendarDay.objects.get(day=date(2026, 10, 10)).kind == "makeup_workday"
    assert not CalendarDay.objects.filter(day__year=2027).exists()
    assert calendar.provisional_years([2026, 2027]) == [2027]
    assert news() == [("2025-01-01", "2025-12-31"), ("2026-01-01", "2026-12-31")]


def test_a_second_round_changes_nothing_and_tells_nobody() -> None:
    calendar.sync_calendars(now=NOW)
    Change.objects.all().delete()

    sync_calendars()

    assert news() == []


def test_only_the_days_that_changed_are_judged_again() -> None:
    apply(from_package(2026))
    Change.objects.all().delete()
    days = [day for day in from_package(2026).years[2026] if day.day != NEW_YEAR]
    days += [
        StatutoryDay(date(2026, 9, 3), Kind.HOLIDAY, "x"),
        StatutoryDay(date(2026, 9, 4), Kind.IN_LIEU, "x"),
    ]

    [change] = calendar.preview_calendar(Reading({2026: tuple(days)}))
    apply(Reading({2026: tuple(days)}))

    assert [row.day for row in change.changes] == [
        NEW_YEAR,
        date(2026, 9, 3),
        date(2026, 9, 4),
    ]
    assert news() == [("2026-01-01", "2026-01-01"), ("2026-09-03", "2026-09-04")]
    assert not CalendarDay.objects.filter(day=NEW_YEAR).exists()


@pytest.mark.parametrize(
    "content",
    [
        b'{"year": 2026, "days": []}',
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    ],
)
def test_an_empty_list_never_turns_holidays_into_workdays(content: bytes) -> None:
    """A-28, F-30."""
    apply(from_package(2026))

    apply(read_calendar(content, "2026"))

    assert states()[2026] == "announced"
    assert CalendarDay.objects.filter(day__year=2026).count() == 39


def test_garbage_is_refused_whole() -> None:
    apply(from_package(2026))
    days = [{"date": "2026-05-01", "isOffDay": True}, {"date": "nonsense", "isOffDay": True}]
    reading = read_calendar(json.dumps({"year": 2026, "days": days}).encode(), "2026.json")

    with pytest.raises(CalendarRefused, match=r"days\[1\].*nonsense.*Write the date"):
        apply(reading)

    assert CalendarDay.objects.filter(day__year=2026).count() == 39


def test_a_source_that_cannot_be_asked_keeps_its_problem_and_harms_no_other() -> None:
    """A-28: the last good calendar holds."""
    inside = CalendarSource.objects.create(
        name="Inside", kind=CalendarSource.Kind.JSON, url="https://127.0.0.1/{year}.json"
    )

    problems = calendar.sync_calendars(now=NOW)

    assert "private network" in problems["Inside"]
    inside.refresh_from_db()
    assert "private network" in inside.last_problem
    assert states()[2026] == "announced"


def test_a_year_is_left_to_the_source_that_announced_it() -> None:
    file = CalendarSource.objects.create(name="Ours", kind=CalendarSource.Kind.FILE)
    ours = Reading({2026: (StatutoryDay(CHRISTMAS, Kind.HOLIDAY, "Christmas"),)})
    calendar.apply_calendar(source=file, reading=ours, actor=None, now=NOW)

    calendar.sync_calendars(now=NOW)

    assert list(CalendarDay.objects.filter(day__year=2026).values_list("name", flat=True)) == [
        "Christmas"
    ]


def test_a_notice_may_tell_the_last_days_of_the_year_before() -> None:
    apply(from_package(2026))
    notice = Reading(
        {
            2027: (
                StatutoryDay(date(2026, 12, 31), Kind.IN_LIEU, "元旦"),
                StatutoryDay(date(2027, 1, 1), Kind.HOLIDAY, "元旦"),
            )
        }
    )

    apply(notice)

    assert CalendarDay.objects.filter(day__year=2026).count() == 40
    assert states()[2027] == "announced"
    assert ("2026-12-31", "2027-12-31") in news()


def test_a_company_day_concerns_its_department_alone(north: Department) -> None:
    hr = User.objects.create_user("hr")
    assign_perm("organization.rule", hr, north)

    row = calendar.set_company_day(
        day=CHRISTMAS,
        kind=CalendarDay.Kind.DAY_OFF,
        name="Christmas",
        department=north,
        actor=hr,
        now=NOW,
    )

    [change] = Change.objects.all()
    assert (change.department, change.starts_on, change.ends_on) == (north, CHRISTMAS, CHRISTMAS)
    calendar.remove_company_day(day_id=row.pk, actor=hr, now=NOW)
    assert Change.objects.count() == 2
    assert not CalendarDay.objects.exists()


def test_company_days_are_set_where_one_configures_and_only_there(north: Department) -> None:
    south = add_department(name="South", code="S", parent=None, now=NOW)
    hr = User.objects.create_user("hr")
    assign_perm("organization.rule", hr, north)

    def day_off(department: Department | None) -> None:
        calendar.set_company_day(
            day=CHRISTMAS,
            kind=CalendarDay.Kind.DAY_OFF,
            name="",
            department=department,
            actor=hr,
            now=NOW,
        )

    with pytest.raises(NotFound):
        day_off(south)
    with pytest.raises(NotAllowed):
        day_off(None)
    day_off(north)
    with pytest.raises(ValidationError, match="already has a company day"):
        day_off(north)


def test_statutory_days_are_not_edited_by_hand() -> None:
    apply(from_package(2026))
    row = CalendarDay.objects.get(day=NEW_YEAR)

    with pytest.raises(NotACompanyDay):
        calendar.remove_company_day(day_id=row.pk, actor=None, now=NOW)
    with pytest.raises(NotACompanyDay):
        calendar.set_company_day(
            day=CHRISTMAS,
            kind=CalendarDay.Kind.HOLIDAY,
            name="",
            department=None,
            actor=None,
            now=NOW,
        )


# Pages --------------------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def page(name: str, *args: int) -> str:
    return reverse(f"admin:scheduling_calendarday_{name}", args=args)


def test_what_was_seen_is_what_is_applied(desk: Client) -> None:
    source = calendar.builtin_source()

    with travel(NOW):
        shown = desk.post(page("ask", source.pk))
        assert not CalendarDay.objects.exists()
        answer = desk.post(page("apply"), {"seen": shown.context["seen"]}, follow=True)

    assert "The calendar is applied" in answer.content.decode()
    assert CalendarDay.objects.filter(day=date(2025, 10, 1)).exists()


def test_a_preview_cannot_be_forged(desk: Client) -> None:
    answer = desk.post(page("apply"), {"seen": "nonsense"}, follow=True)

    assert "look again" in answer.content.decode()
    assert not CalendarDay.objects.exists()


def test_a_file_is_looked_at_before_it_is_applied(desk: Client) -> None:
    good = SimpleUploadedFile("days.csv", b"date,kind,name\n2027-01-01,off,New Year\n")
    bad = SimpleUploadedFile("days.csv", b"date,kind,name\n2027-01-99,off,New Year\n")

    refused = desk.post(page("sync"), {"file": bad}).content.decode()
    shown = desk.post(page("sync"), {"file": good})
    desk.post(page("apply"), {"seen": shown.context["seen"]})

    assert "CSV A2 2027-01-99" in refused
    assert states() == {2027: "announced"}
    assert CalendarDay.objects.get().source.name == "days.csv"


def test_a_source_that_stays_silent_says_so_on_the_page(desk: Client) -> None:
    source = CalendarSource.objects.create(
        name="Inside", kind=CalendarSource.Kind.ICS, url="https://localhost/x.ics"
    )

    answer = desk.post(page("ask", source.pk), follow=True)

    assert "private network" in answer.content.decode()


def test_company_days_are_set_on_the_page_and_statutory_ones_are_not(desk: Client) -> None:
    apply(from_package(2026))
    statutory = CalendarDay.objects.get(day=NEW_YEAR)

    desk.post(page("add"), {"day": "2026-12-25", "kind": "day_off", "name": "C", "department": ""})
    desk.post(page("change", statutory.pk), {"day": "2026-01-02", "kind": "day_off"})
    desk.post(page("delete", statutory.pk), {"post": "yes"})

    assert CalendarDay.objects.get(day=CHRISTMAS).kind == "day_off"
    assert CalendarDay.objects.get(pk=statutory.pk).day == NEW_YEAR


def test_the_calendar_says_which_year_is_provisional(desk: Client) -> None:
    shown = desk.get(page("changelist")).content.decode()

    assert "the statutory calendar is not announced yet" in shown


def test_statutory_days_are_applied_by_administrators_only(north: Department) -> None:
    hr = User.objects.create_user("hr", is_staff=True)
    assign_perm("organization.rule", hr, north)
    assign_perm("organization.see", hr, north)
    client = Client()
    client.force_login(hr)

    assert client.get(page("changelist")).status_code == 200
    assert client.get(page("sync")).status_code == 404
    assert client.post(page("apply"), {"seen": ""}).status_code == 404


@pytest.mark.needs_samples
def test_the_shared_samples_are_taken_through_the_page(desk: Client) -> None:
    folder = Path(__file__).resolve().parents[3] / "shared/samples/holidays"
    for name in ("holiday-cn-2026.ics", "holiday-cn-2027.json"):
        file = SimpleUploadedFile(name, (folder / name).read_bytes())
        shown = desk.post(page("sync"), {"file": file})
        desk.post(page("apply"), {"seen": shown.context["seen"]})

    assert states() == {2026: "announced", 2027: "provisional"}
    assert CalendarDay.objects.count() == 39
