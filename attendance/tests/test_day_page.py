"""The page of a day: what it says, and to whom."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from attendance.models import AttendanceDay, Punch, WaitingDay
from attendance.services import days
from organization import services as people
from organization.models import User
from scheduling.models import CalendarYear, RosterEntry, Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import Overtime, OvertimeTerms, ShiftPattern
from tests.cast import Cast, cast  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]

DAY = date(2026, 3, 2)
LATER = datetime(2026, 3, 10, tzinfo=UTC)
NIGHT = ShiftPattern(
    segments=((1320, 1800),), late_grace=5, overtime=Overtime(restday=OvertimeTerms())
)


@pytest.fixture
def company(cast: Cast) -> Cast:  # noqa: F811
    shift = Shift.objects.create(code="N", name="Guard, night")
    ShiftVersion.objects.create(
        shift=shift,
        valid_from=date(2026, 1, 1),
        pattern=NIGHT.to_json(),
        opens_minute=1320 - NIGHT.window_before,
        closes_minute=1800 + NIGHT.window_after,
    )
    for department in (cast.department, cast.other_department):
        ShiftAssignment.objects.create(
            shift=shift, department=department, starts_on=date(2026, 1, 1), weekdays="1234567"
        )
    return cast


def punch(company: Cast, moment: datetime, *, is_held: bool = False) -> Punch:
    return Punch.objects.create(
        employee=company.alice,
        department=company.department,
        punched_at=moment,
        received_at=moment,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        is_held=is_held,
        natural_key=f"{moment.isoformat()} {is_held}",
    )


def worked_a_night(company: Cast) -> None:
    """Write 22:10 and 30:02 (06:02 on the next day) of Shanghai."""
    punch(company, datetime(2026, 3, 2, 14, 10, tzinfo=UTC))
    punch(company, datetime(2026, 3, 2, 22, 2, tzinfo=UTC))


def judged(company: Cast) -> AttendanceDay:
    days.judge_now(employee_id=company.alice.pk, work_date=DAY, now=LATER)
    return AttendanceDay.objects.get(employee=company.alice, work_date=DAY)


def address(company: Cast, text: str = "2026-03-02") -> str:
    return f"/admin/attendance/attendanceday/day/{company.alice.pk}/{text}/"


def read(client: Client, user: User | None, url: str, language: str = "en") -> str:
    assert user is not None
    client.force_login(user)
    answer = client.get(url, headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_night_is_one_day_with_its_end_past_24_and_its_why(client: Client, company: Cast) -> None:
    worked_a_night(company)
    assert judged(company).status == "late"

    page = read(client, company.hr, address(company))

    assert "30:02" in page
    assert "Start 22:00, punch 22:10, grace 5 → 10 minutes late." in page
    assert "Guard, night" in page
    assert "Asia/Shanghai" in page


def test_a_day_without_a_result_shows_what_its_facts_say_now(client: Client, company: Cast) -> None:
    worked_a_night(company)

    page = read(client, company.hr, address(company))

    assert "No result is stored for this day yet" in page
    assert "10 minutes late" in page
    assert not AttendanceDay.objects.exists()


def test_a_punch_after_midnight_names_the_day_it_belongs_to(client: Client, company: Cast) -> None:
    worked_a_night(company)

    page = read(client, company.hr, address(company, "2026-03-03"))

    assert "Belongs to 2026-03-02" in page


def test_a_held_punch_is_kept_and_said_to_wait(client: Client, company: Cast) -> None:
    punch(company, datetime(2026, 3, 2, 14, 0, tzinfo=UTC), is_held=True)

    assert "Held: counts once it is accepted" in read(client, company.hr, address(company))


def test_a_waiting_day_says_which_facts_arrived(client: Client, company: Cast) -> None:
    worked_a_night(company)
    judged(company)
    days.wake([(company.alice.pk, DAY)], cause="punch", now=LATER)

    assert "New facts arrived (New punch" in read(client, company.hr, address(company))


def test_history_says_what_an_earlier_result_said_otherwise(client: Client, company: Cast) -> None:
    judged(company)
    worked_a_night(company)
    judged(company)

    page = read(client, company.hr, address(company))

    assert "Absent <s>1 d</s> → 0 d" in page
    assert "Replaced" in page


@pytest.mark.parametrize("reader", ["alice", "bob", "hr", "superuser"])
def test_the_day_is_open_to_the_person_and_to_those_above(
    client: Client, company: Cast, reader: str
) -> None:
    someone = getattr(company, reader)

    assert "Alice" in read(client, getattr(someone, "user", someone), address(company))


@pytest.mark.parametrize("reader", ["carol", "other_hr"])
@pytest.mark.parametrize("is_judged", [True, False])
def test_the_day_is_not_found_by_the_other_unit(
    client: Client, company: Cast, reader: str, is_judged: bool
) -> None:
    if is_judged:
        judged(company)
    someone = getattr(company, reader)
    client.force_login(getattr(someone, "user", someone))

    assert client.get(address(company)).status_code == 404
    assert client.post(address(company)).status_code == 404


def test_whoever_configures_may_judge_now(client: Client, company: Cast) -> None:
    worked_a_night(company)
    client.force_login(company.hr)

    answer = client.post(address(company))

    assert (answer.status_code, answer["Location"]) == (302, address(company))
    assert AttendanceDay.objects.get(employee=company.alice, work_date=DAY).status == "late"
    assert not WaitingDay.objects.filter(employee=company.alice, work_date=DAY).exists()


def test_whoever_only_sees_may_not_judge(client: Client, company: Cast) -> None:
    client.force_login(company.bob.user)

    assert client.post(address(company)).status_code == 404
    assert not AttendanceDay.objects.exists()


@pytest.mark.parametrize(
    "text", ["x", "20260302", "2026-W10-1", "2026-02-30", "0001-01-01", "9999-12-31"]
)
def test_an_impossible_date_is_not_found(client: Client, company: Cast, text: str) -> None:
    client.force_login(company.superuser)

    assert client.get(address(company, text)).status_code == 404
    client.force_login(company.alice.user)
    assert client.get(f"/me/{text}/").status_code == 404


def test_a_name_cannot_carry_markup(client: Client, company: Cast) -> None:
    company.alice.name = "<script>alert(1)</script>"
    company.alice.save()

    page = read(client, company.hr, address(company)) + read(client, company.alice.user, "/me/")

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_many_punches_cost_no_more_queries(
    client: Client, company: Cast, django_assert_max_num_queries: object
) -> None:
    for minute in range(40):
        punch(company, datetime(2026, 3, 2, 14, minute, tzinfo=UTC), is_held=minute % 2 == 0)
    judged(company)
    client.force_login(company.hr)

    with django_assert_max_num_queries(23):  # type: ignore[operator]
        client.get(address(company))


def test_a_day_off_draws_no_working_time_and_its_punches_count(
    client: Client, company: Cast
) -> None:
    RosterEntry.objects.create(employee=company.alice, work_date=DAY, shift=None)
    worked_a_night(company)

    page = read(client, company.hr, address(company))

    assert "Overtime on a rest day" in page
    assert "Counts towards the hours of the day" in page
    assert "dl-work" not in page


def test_a_day_that_nobody_planned_says_so(client: Client, company: Cast) -> None:
    ShiftAssignment.objects.all().delete()

    page = read(client, company.hr, address(company))

    assert "No shift is assigned or rostered for this person on this day." in page


def test_a_year_that_is_not_announced_is_provisional(client: Client, company: Cast) -> None:
    page = read(client, company.hr, address(company))

    assert "Provisional: the calendar of that year is not announced." in page
    CalendarYear.objects.create(year=2026, state="announced")
    assert "Provisional" not in read(client, company.hr, address(company))


def test_the_page_speaks_the_language_of_its_reader(client: Client, company: Cast) -> None:
    assert "2026年3月2日" in read(client, company.hr, address(company), "zh-hans")


def test_a_day_stays_with_the_unit_of_its_date_after_a_transfer(
    client: Client, company: Cast
) -> None:
    worked_a_night(company)
    judged(company)
    people.transfer(
        employee_id=company.alice.pk,
        department=company.other_department,
        position=None,
        effective_on=date(2026, 3, 5),
        actor=None,
        now=LATER,
    )

    assert "30:02" in read(client, company.hr, address(company))
    client.force_login(company.other_hr)
    assert client.get(address(company)).status_code == 404
    assert "Dyeing" in read(client, company.other_hr, address(company, "2026-03-06"))
    client.force_login(company.hr)
    assert client.get(address(company, "2026-03-06")).status_code == 404


def test_neighbouring_days_and_the_month_are_one_step_away(client: Client, company: Cast) -> None:
    page = read(client, company.hr, address(company))

    assert f'href="{address(company, "2026-03-01")}"' in page
    assert f'href="{address(company, "2026-03-03")}"' in page
    assert "?month=2026-03&amp;q=00101" in page


def test_the_button_is_shown_to_whoever_may_press_it(client: Client, company: Cast) -> None:
    assert "Judge now" in read(client, company.hr, address(company))
    assert "Judge now" not in read(client, company.bob.user, address(company))


def test_a_repeat_counts_as_one_with_the_first(client: Client, company: Cast) -> None:
    punch(company, datetime(2026, 3, 2, 14, 0, tzinfo=UTC))
    punch(company, datetime(2026, 3, 2, 14, 1, tzinfo=UTC))

    page = read(client, company.hr, address(company))

    assert page.count("Repeat: counts as one with 22:00") == 1
