from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate

from attendance.console import period
from attendance.models import AttendanceDay, AttendanceRule, RuleVersion, WaitingDay
from attendance.tests.test_judging import OFFICE, make_shift
from organization import services as people
from organization.models import Employee, User
from scheduling.models import RosterEntry, Shift, ShiftAssignment
from tests.cast import NOW, Cast, cast

pytestmark = pytest.mark.django_db
__all__ = ["cast"]

MONDAY = date(2026, 3, 2)
MONTH = "admin:attendance_month"


def day(who: Employee, work_date: date = MONDAY, status: str = "late", **numbers) -> AttendanceDay:
    return AttendanceDay.objects.create(
        employee=who,
        work_date=work_date,
        department=who.department,
        status=status,
        has_trouble=status not in {"normal", "rest", "pending"},
        judged_at=datetime(2026, 3, 3, tzinfo=UTC),
        **numbers,
    )


def shown(client: Client, user: User, **query: str) -> str:
    client.force_login(user)
    answer = client.get(reverse(MONTH), {"month": "2026-03", **query})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_cell_shows_the_sign_and_leads_to_the_day(client: Client, cast: Cast) -> None:
    day(cast.alice, late_minutes=13, worked_minutes=467)

    page = shown(client, cast.bob.user)

    address = reverse(
        "admin:attendance_attendanceday_day", args=(cast.alice.pk, MONDAY.isoformat())
    )
    assert f'<a href="{address}" class="kq-warn" title="03-02 Late · +13′">L</a>' in page
    assert "1 × <small>13′</small>" in page
    assert "7:47" in page


@pytest.mark.parametrize(("language", "monday"), [("en", "Mo"), ("zh-hans", "一")])
def test_a_column_names_its_weekday_in_the_room_it_has(
    client: Client, cast: Cast, language: str, monday: str
) -> None:
    client.force_login(cast.bob.user)

    page = client.get(
        reverse(MONTH), {"month": "2026-03"}, headers={"accept-language": language}
    ).content.decode()

    assert f"<span>2</span><small>{monday}</small>" in page


def test_the_legend_leaves_the_consoles_style_sheets_alone(client: Client, cast: Cast) -> None:
    page = shown(client, cast.bob.user)

    assert "dist/console.css" in page
    assert "StatusStyle" not in page


def test_a_day_to_come_shows_the_rostered_shift(client: Client, cast: Cast) -> None:
    shift = Shift.objects.create(code="NIGHT", name="Night")
    RosterEntry.objects.create(employee=cast.alice, work_date=MONDAY, shift=shift)

    assert 'class="is-planned" title="03-02 NIGHT">NIGHT</a>' in shown(client, cast.bob.user)


def test_a_day_to_come_shows_the_assigned_shift(client: Client, cast: Cast) -> None:
    day_shift = make_shift("DAY", OFFICE)
    for department in (cast.department, cast.other_department):
        ShiftAssignment.objects.create(
            department=department, shift=day_shift, starts_on=MONDAY, weekdays="1234567"
        )
    client.force_login(cast.bob.user)

    page = client.get(reverse(MONTH), {"month": f"{localdate() + timedelta(days=40):%Y-%m}"})

    text = page.content.decode()
    # Alice and Bob on every day of the month; Carol's department is not his.
    days = page.context["period"].days
    assert text.count(">DAY</a>") == 2 * len(days)
    assert "Carol" not in text


def test_a_month_to_come_costs_the_same_however_many_people(
    client: Client, cast: Cast, django_assert_max_num_queries
) -> None:
    ShiftAssignment.objects.create(
        department=cast.group, shift=make_shift("DAY", OFFICE), starts_on=MONDAY, weekdays="12345"
    )
    client.force_login(cast.superuser)

    with django_assert_max_num_queries(32):
        client.get(reverse(MONTH), {"month": f"{localdate() + timedelta(days=40):%Y-%m}"})


def test_carol_sees_nobody_of_another_department(client: Client, cast: Cast) -> None:
    day(cast.alice)
    day(cast.carol)

    page = shown(client, cast.carol.user)

    assert "Carol" in page
    assert "Alice" not in page
    assert "Weaving" not in page


@pytest.mark.parametrize("query", [{"q": "Alice"}, {"q": "00101"}, {"trouble": "1"}])
def test_no_filter_opens_another_department_to_carol(
    client: Client, cast: Cast, query: dict[str, str]
) -> None:
    day(cast.alice)

    assert f"/day/{cast.alice.pk}/" not in shown(client, cast.carol.user, **query)


def test_the_department_of_others_is_not_found(client: Client, cast: Cast) -> None:
    client.force_login(cast.carol.user)

    answer = client.get(reverse(MONTH), {"department": cast.department.pk})

    assert answer.status_code == 404


def test_the_old_unit_keeps_the_days_of_whoever_left_it(client: Client, cast: Cast) -> None:
    day(cast.alice, MONDAY, late_minutes=13)
    people.transfer(
        employee_id=cast.alice.pk,
        department=cast.other_department,
        position=None,
        effective_on=MONDAY + timedelta(days=1),
        actor=None,
        now=datetime(2026, 4, 1, tzinfo=UTC),
    )
    cast.alice.refresh_from_db()
    day(cast.alice, MONDAY + timedelta(days=1), "absent")

    old, new = shown(client, cast.hr), shown(client, cast.other_hr)

    assert "03-02 Late" in old
    assert "03-03 Absent" not in old
    assert "03-03 Absent" in new
    assert "03-02 Late" not in new


def test_only_people_with_trouble_leaves_out_the_others(client: Client, cast: Cast) -> None:
    day(cast.alice, status="normal")
    day(cast.bob)

    page = shown(client, cast.hr, trouble="1")

    assert "00102" in page
    assert "00101" not in page


def test_the_grid_costs_the_same_for_fifty_people(
    client: Client, cast: Cast, django_assert_max_num_queries
) -> None:
    crowd = Employee.objects.bulk_create(
        Employee(
            number=f"9{n:04}",
            name=f"Person {n}",
            department=cast.department,
            joined_on=date(2025, 1, 1),
        )
        for n in range(50)
    )
    AttendanceDay.objects.bulk_create(
        AttendanceDay(
            employee=who,
            work_date=date(2026, 3, 1) + timedelta(days=n),
            department=cast.department,
            status="normal",
            judged_at=NOW,
        )
        for who in crowd
        for n in range(31)
    )
    client.force_login(cast.hr)
    client.get(reverse(MONTH), {"month": "2026-03"})

    with django_assert_max_num_queries(15):
        client.get(reverse(MONTH), {"month": "2026-03"})


@pytest.mark.parametrize(
    "query",
    [
        {"month": "abc"},
        {"month": "2026-13"},
        {"month": "0000-00"},
        {"month": "٢٠٢٦-03"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "999999999999"},
        {"q": "%_'\"\\"},
        {"q": "x" * 10_000},
    ],
)
def test_odd_addresses_show_a_month_all_the_same(
    client: Client, cast: Cast, query: dict[str, str]
) -> None:
    client.force_login(cast.hr)

    assert client.get(reverse(MONTH), query).status_code == 200


@pytest.mark.parametrize("key", ["x", "999999", "1'", "-1"])
def test_an_odd_department_is_not_found(client: Client, cast: Cast, key: str) -> None:
    client.force_login(cast.superuser)

    assert client.get(reverse(MONTH), {"department": key}).status_code == 404


def test_a_name_cannot_bring_markup_along(client: Client, cast: Cast) -> None:
    Employee.objects.filter(pk=cast.alice.pk).update(name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in shown(client, cast.hr)


def test_a_period_may_start_on_the_twenty_sixth() -> None:
    found = period.period_of(2026, 3, 26)

    assert (found.first, found.last) == (date(2026, 2, 26), date(2026, 3, 25))
    assert len(found.days) == 28


def test_the_twenty_sixth_belongs_to_the_next_period() -> None:
    assert period.read_period("", date(2026, 3, 26), 26).text == "2026-04"
    assert period.read_period("", date(2026, 3, 25), 26).text == "2026-03"
    assert period.read_period("", date(2026, 12, 26), 26).text == "2027-01"


def test_the_nearest_rule_says_when_the_period_starts(cast: Cast) -> None:
    for department, start in ((None, 1), (cast.unit, 26), (cast.other_unit, 16)):
        rule = AttendanceRule.objects.create(name=f"R{start}", department=department)
        RuleVersion.objects.create(
            rule=rule, valid_from=date(2026, 1, 1), period_starts_on_day=start, published_at=NOW
        )

    assert period.period_start(cast.department, MONDAY) == 26
    assert period.period_start(cast.other_department, MONDAY) == 16
    assert period.period_start(cast.group, MONDAY) == 1


def test_the_list_of_days_shows_the_last_week_and_costs_a_few_queries(
    client: Client, cast: Cast, django_assert_max_num_queries
) -> None:
    today = localdate()
    day(cast.alice, today, late_minutes=13)
    day(cast.carol, today)
    day(cast.alice, today - timedelta(days=40), "absent")
    client.force_login(cast.hr)
    address = reverse("admin:attendance_attendanceday_changelist")
    client.get(address)

    with django_assert_max_num_queries(15):
        page = client.get(address).content.decode()

    assert page.count("00101 Alice") == 1
    assert "Carol" not in page


def test_a_row_of_the_list_leads_to_the_day(client: Client, cast: Cast) -> None:
    row = day(cast.alice)
    client.force_login(cast.hr)

    answer = client.get(reverse("admin:attendance_attendanceday_change", args=(row.pk,)))

    assert answer.url.endswith(f"/day/{cast.alice.pk}/2026-03-02/")
    client.force_login(cast.other_hr)
    assert (
        client.get(reverse("admin:attendance_attendanceday_change", args=(row.pk,))).status_code
        == 404
    )


def waiting(who: Employee, **more) -> WaitingDay:
    return WaitingDay.objects.create(
        employee=who, work_date=MONDAY, facts_version=1, cause="punch", since=NOW, **more
    )


def test_waiting_work_is_shown_to_whoever_configures_those_people(
    client: Client, cast: Cast
) -> None:
    waiting(cast.alice, failed_count=5, problem="ValueError: odd")
    waiting(cast.carol)
    address = reverse("admin:attendance_waitingday_changelist")

    client.force_login(cast.hr)
    page = client.get(address).content.decode()
    assert "Alice" in page
    assert "ValueError: odd" in page
    assert "Carol" not in page

    client.force_login(cast.bob.user)
    assert client.get(address).status_code == 403


def test_a_failed_day_can_be_tried_again(client: Client, cast: Cast) -> None:
    row = waiting(cast.alice, failed_count=5, problem="ValueError: odd")
    client.force_login(cast.superuser)

    client.post(
        reverse("admin:attendance_waitingday_changelist"),
        {"action": "try_again", "_selected_action": [row.pk]},
    )

    row.refresh_from_db()
    assert (row.failed_count, row.problem) == (0, "")
