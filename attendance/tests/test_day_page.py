"""The page of a day and the person's own pages: what they say, and to whom."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from attendance.models import AttendanceDay, Punch, WaitingDay
from attendance.services import days
from organization.models import User
from scheduling.models import Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import ShiftPattern
from tests.cast import Cast, cast  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
LATER = datetime(2026, 3, 10, tzinfo=UTC)
NIGHT = ShiftPattern(segments=((1320, 1800),), late_grace=5)
MINE = "/me/2026-03-02/"


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

    assert "Belongs to 03/02/2026" in page


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
    "text", ["x", "20260302", "2026-W10-1", "2026-02-30", "0001-01-01", "9999-12-31", "%00"]
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

    with django_assert_max_num_queries(30):  # type: ignore[operator]
        client.get(address(company))


def test_my_month_shows_my_days_and_no_others(client: Client, company: Cast) -> None:
    worked_a_night(company)
    judged(company)
    url = "/me/?month=2026-03"

    assert "Late" in read(client, company.alice.user, url).split("What the signs mean")[0]
    others = read(client, company.bob.user, url).split("What the signs mean")[0]
    assert "Nothing to look at in this month." in others
    assert "Alice" not in others


def test_my_day_tells_me_why(client: Client, company: Cast) -> None:
    worked_a_night(company)
    judged(company)

    page = read(client, company.alice.user, MINE)

    assert "10 minutes late" in page
    assert "Judge now" not in page


@pytest.mark.parametrize(("language", "month"), [("en", "March 2026"), ("zh-hans", "2026年3月")])
def test_my_month_speaks_the_language_of_its_reader(
    client: Client, company: Cast, language: str, month: str
) -> None:
    assert month in read(client, company.alice.user, "/me/?month=2026-03", language)


@pytest.mark.parametrize("month", ["abc", "2026-13", "-1", "9999-01", "2026-3", "%00", "²026-03"])
def test_an_impossible_month_is_taken_for_this_month(
    client: Client, company: Cast, month: str
) -> None:
    here = read(client, company.alice.user, "/me/").split("<main>")[1]

    assert read(client, company.alice.user, f"/me/?month={month}").split("<main>")[1] == here


def test_a_log_in_of_nobody_reads_why_there_is_nothing(client: Client, company: Cast) -> None:
    assert "This log-in belongs to no employee" in read(client, company.superuser, "/me/")
    assert client.get(MINE).status_code == 404


@pytest.mark.parametrize("url", ["/me/", MINE])
def test_nobody_reads_days_without_a_log_in(client: Client, company: Cast, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")
