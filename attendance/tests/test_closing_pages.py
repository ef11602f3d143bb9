"""The pages of periods: what they show to whom, and what their buttons do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    PeriodClosing,
    Reopening,
)
from attendance.services import corrections, days
from attendance.services.closing_checks import ToClose
from attendance.tests.test_closing import AFTER, close, csv_of, judge
from attendance.tests.test_judging import punch
from attendance.tests.test_periods import MIDDLE, colleague, north, town
from organization.models import AuditEntry, User
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
__all__ = ["colleague", "north", "town"]

PERIODS = "/admin/attendance/attendanceperiod/"
CLOSINGS = "/admin/attendance/periodclosing/"


def page_of(period: AttendancePeriod) -> str:
    return f"{PERIODS}{period.pk}/change/"


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_hr_opens_a_month_by_the_rule_and_closes_it(town: Cast) -> None:
    judge()
    client = logged_in(town.hr)
    said = {"department": town.unit.pk, "month": "2026-03", "starts_on": "", "ends_on": ""}

    answer = client.post(f"{PERIODS}add/", said)

    period = AttendancePeriod.objects.get()
    assert answer["Location"] == page_of(period)
    assert (period.starts_on, period.ends_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert "Close the period" in text(client.get(page_of(period)))

    asked = text(client.get(f"{PERIODS}{period.pk}/close/"))
    assert "Close the period now" in asked
    assert not PeriodClosing.objects.exists()
    shown = text(client.post(f"{PERIODS}{period.pk}/close/", follow=True))

    closing = PeriodClosing.objects.get()
    assert closing.closed_by == town.hr
    assert closing.checksum[:12] in shown
    assert "Close the period" not in shown


def test_what_is_open_is_listed_leads_to_its_rows_and_is_typed_in(
    north: AttendancePeriod, town: Cast
) -> None:
    AttendanceDay.objects.filter(work_date=MIDDLE).update(is_provisional=True)
    client = logged_in(town.hr)
    shown = text(client.get(page_of(north)))
    link = f"/admin/attendance/attendanceday/?to_close=provisional-{north.pk}"
    assert link in shown
    rows = client.get(link).context["cl"].result_list
    assert {(row.employee, row.work_date) for row in rows} == {
        (town.alice, MIDDLE), (town.bob, MIDDLE),
    }  # fmt: skip
    asked = text(client.get(f"{PERIODS}{north.pk}/close/"))
    assert link in asked
    assert 'name="seen-provisional" value="2"' in asked

    refused = text(client.post(f"{PERIODS}{north.pk}/close/", {"typed": "N"}, follow=True))
    assert "Look again" in refused
    client.post(f"{PERIODS}{north.pk}/close/", {"typed": "N", "seen-provisional": "2"})

    assert PeriodClosing.objects.get().confirmed["counts"] == {"provisional": 2}


@pytest.mark.parametrize("asked", ["provisional-99999999", "nonsense", "waiting-x", "-", ""])
def test_a_check_that_is_none_finds_nothing(
    north: AttendancePeriod, town: Cast, asked: str
) -> None:
    answer = logged_in(town.hr).get("/admin/attendance/attendanceday/", {"to_close": asked})

    assert answer.status_code == 200
    assert not answer.context["cl"].result_list


def test_p22_nobody_of_another_unit_finds_a_period_its_closing_or_its_files(
    north: AttendancePeriod, town: Cast
) -> None:
    closing = close(north)
    asked = Reopening.objects.create(
        closing=closing, asked_by=town.hr, asked_at=AFTER, reason="wrong"
    )
    looks = (
        page_of(north),
        *(f"{PERIODS}{north.pk}/{step}/" for step in ("progress", "close")),
        f"{PERIODS}reopening/{asked.pk}/",
        f"{CLOSINGS}{closing.pk}/change/",
    )
    acts = (
        *(f"{PERIODS}{north.pk}/{step}/" for step in ("close", "reopen", "remove")),
        f"{PERIODS}reopening/{asked.pk}/",
        *(f"{CLOSINGS}{closing.pk}/{step}/" for step in ("verify", "export")),
    )
    for stranger in (town.other_hr, town.carol.user, town.bob.user):
        client = logged_in(stranger)
        assert {client.get(where).status_code for where in looks} == {404}
        assert {client.post(where).status_code for where in acts} == {404}
        assert "North" not in text(client.get(PERIODS))
    north.refresh_from_db()
    assert north.state == "closed"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a27_a_file_is_taken_by_whoever_may_export_and_written_down(
    north: AttendancePeriod, town: Cast, kind: str
) -> None:
    closing = close(north)
    where = f"{CLOSINGS}{closing.pk}/export/"
    client = logged_in(town.hr)

    first, second = (client.post(where, {"format": kind}) for _turn in range(2))

    files = [one.getvalue() for one in (first, second)]
    assert files[0] == files[1]
    assert kind == "xlsx" or files[0] == csv_of(closing)
    assert first["Content-Disposition"] == (
        f'attachment; filename="closing-N-20260301-20260331-1.{kind}"'
    )
    entry = AuditEntry.objects.filter(verb="closing.exported").latest("pk")
    assert (entry.actor, entry.facts["checksum"]) == (town.hr, closing.checksum)


def test_the_button_checks_the_days(north: AttendancePeriod, town: Cast) -> None:
    closing = close(north)

    said = text(logged_in(town.hr).post(f"{CLOSINGS}{closing.pk}/verify/", follow=True))

    assert "the checksum is right" in said


def test_a_period_and_a_reopening_are_looked_at_before_one_press_does_anything(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    hr, other = logged_in(town.hr), logged_in(colleague)
    assert '<form method="post"' not in checks_of(text(hr.get(page_of(north))))
    asked = text(hr.get(f"{PERIODS}{north.pk}/close/"))
    numbers = ToClose(north).days()
    for number in (numbers.count(), numbers.values("employee").distinct().count()):
        assert f"<dd>{number}</dd>" in asked
    north.refresh_from_db()
    assert north.state == "open"
    closing = close(north)
    hr.post(f"{PERIODS}{north.pk}/reopen/", {"reason": "a wrong rule"})
    where = f"{PERIODS}reopening/{Reopening.objects.get().pk}/"

    assert where in text(other.get(page_of(north)))
    assert 'value="granted"' not in text(other.get(page_of(north)))
    shown = text(other.get(where))
    assert 'value="granted"' in shown
    assert "a wrong rule" in shown
    assert f"<dd>{closing.days}</dd>" in shown
    assert 'value="granted"' not in text(hr.get(where))
    north.refresh_from_db()
    assert north.state == "closed"


def checks_of(page: str) -> str:
    """Return the part of a period's page that is about its closing."""
    start = page.index('id="checks"')
    return page[start : page.index("</section>", start)]


def test_a06_two_people_reopen_on_the_page(
    north: AttendancePeriod, town: Cast, colleague: User
) -> None:
    close(north)
    one, other = logged_in(town.hr), logged_in(colleague)
    one.post(f"{PERIODS}{north.pk}/reopen/", {"reason": "a wrong rule"})
    asked = Reopening.objects.get()
    assert "Waits for somebody else" in text(one.get(page_of(north)))
    alone = one.post(f"{PERIODS}reopening/{asked.pk}/", {"verdict": "granted"}, follow=True)
    assert "somebody else must decide" in text(alone)
    assert "a wrong rule" in text(other.get(page_of(north)))

    other.post(f"{PERIODS}reopening/{asked.pk}/", {"verdict": "granted"})

    north.refresh_from_db()
    assert north.state == "reopened"


def test_adjustments_are_listed_with_what_differs(north: AttendancePeriod, town: Cast) -> None:
    close(north)
    punch(town.alice, MIDDLE, "9:00")
    days.judge_all(now=AFTER)
    adjustment = Adjustment.objects.get()
    lists = {"period": north.pk}, {"is": "pending"}, {"in": town.department.pk}

    for asked in lists:
        shown = text(logged_in(town.hr).get("/admin/attendance/adjustment/", asked))
        assert "Status: Absent → Missing punch" in shown
    where = f"/admin/attendance/adjustment/{adjustment.pk}/change/"
    page = text(logged_in(town.hr).get(where))
    assert "Waits for the next closing" in page
    assert "pending" not in page
    assert "+00:00" not in page
    assert logged_in(town.other_hr).get(where).status_code == 404


def test_an_absence_in_a_closed_period_needs_a_reason_on_the_form(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    client = logged_in(town.hr)
    said = {
        "employee": town.alice.pk, "kind": "leave", "reason": "ill",
        "starts_at_0": str(MIDDLE), "starts_at_1": "09:00",
        "ends_at_0": str(MIDDLE), "ends_at_1": "18:00",
    }  # fmt: skip

    refused = text(client.post("/admin/attendance/absence/add/", said))
    assert "lies in a closed period" in refused
    client.post("/admin/attendance/absence/add/", {**said, "as_adjustment": "the note was late"})

    days.judge_all(now=AFTER)
    adjustment = Adjustment.objects.get()
    page = text(client.get(f"/admin/attendance/adjustment/{adjustment.pk}/change/"))
    assert f"{town.hr}: the note was late" in page

    absence = Absence.objects.get()
    revoke = {"action": "revoke", "_selected_action": [absence.pk]}
    where = "/admin/attendance/absence/"
    assert "lies in a closed period" in text(client.post(where, revoke, follow=True))
    client.post(where, {**revoke, "as_adjustment": "it was another day"})
    absence.refresh_from_db()
    assert absence.revoked_at is not None


def test_an_adjustment_tells_the_reasons_of_its_own_day(
    north: AttendancePeriod, town: Cast
) -> None:
    paid = {day: punch(town.alice, day, "9:00") for day in (MIDDLE, MIDDLE + timedelta(days=1))}
    judge()
    close(north)
    for day, one in paid.items():
        corrections.invalidate_punch(
            punch=one, reason="fraud", actor=town.hr, now=AFTER, as_adjustment=f"found on {day}"
        )
    days.judge_all(now=AFTER)

    for day in paid:
        adjustment = Adjustment.objects.get(work_date=day)
        where = f"/admin/attendance/adjustment/{adjustment.pk}/change/"
        page = text(logged_in(town.hr).get(where))
        assert [other for other in paid if f"found on {other}" in page] == [day]


def test_people_see_that_their_month_is_closed_and_what_a_day_was_paid_as(
    north: AttendancePeriod, town: Cast
) -> None:
    close(north)
    punch(town.alice, MIDDLE, "9:00")
    days.judge_all(now=AFTER)
    client = logged_in(town.alice.user)

    assert "Closed for pay on" in text(client.get("/me/?month=2026-03"))
    assert "Closed for pay on" not in text(client.get("/me/?month=2026-04"))
    day = text(client.get(f"/me/{MIDDLE}/"))
    assert "as: Absent" in day
    assert "comes with the next period" in day
    assert "as: Absent" in text(
        logged_in(town.hr).get(
            reverse("admin:attendance_attendanceday_day", args=(town.alice.pk, str(MIDDLE)))
        )
    )


def test_the_pages_are_read_with_a_constant_number_of_queries(
    north: AttendancePeriod, town: Cast, django_assert_max_num_queries: Any
) -> None:
    client = logged_in(town.hr)
    with django_assert_max_num_queries(45):
        client.get(page_of(north))
    close(north)
    with django_assert_max_num_queries(30):
        client.get(PERIODS)


def test_the_page_speaks_chinese_too(north: AttendancePeriod, town: Cast) -> None:
    with translation.override("zh-hans"):
        answer = logged_in(town.hr).get(page_of(north), headers={"accept-language": "zh-hans"})

    assert answer.status_code == 200
