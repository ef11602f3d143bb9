"""HR asks in the console for somebody who has no log-in, and decides nothing of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from approvals import services
from approvals.models import Request
from approvals.tests.office import DAY, NOW, at, punch
from organization.errors import NotFound
from organization.models import Department, Employee, User
from organization.services import transfer
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
ASK = "/admin/approvals/request/ask/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def browser(user: User | None) -> Client:
    assert user is not None
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def day_of(person: Employee, day: date = DAY) -> str:
    return f"/admin/attendance/attendanceday/day/{person.pk}/{day}/"


def move(person: Employee, to: Department, on: date) -> None:
    transfer(
        employee_id=person.pk, department=to, position=None, effective_on=on, actor=None, now=NOW
    )


def make_up(**other: Any) -> dict[str, Any]:
    return {
        "work_date": DAY, "slot": "out", "corrected_at": "2026-09-01T18:05",
        "reason": "The gate was broken", **other,
    }  # fmt: skip


def test_hr_asks_for_a_make_up_of_somebody_without_a_log_in_from_their_day(office: Cast):
    Employee.objects.filter(pk=office.alice.pk).update(user=None)
    punch(office.alice, "8:58")
    hr = browser(office.hr)
    way = f"{ASK}{office.alice.pk}/make-up/?day={DAY}&slot=out"
    assert way.replace("&", "&amp;") in hr.get(day_of(office.alice)).content.decode()

    form = hr.get(way).content.decode()
    assert "Alice" in form
    assert "Was there at" in form
    assert 'value="2026-09-01T18:00"' in form
    answer = hr.post(way, make_up())

    request = Request.objects.get()
    assert answer["Location"] == f"/admin/approvals/request/{request.pk}/change/"
    assert (request.employee, request.submitted_by) == (office.alice, office.hr)
    assert request.corrected_at == at("18:05")


def test_whoever_asked_for_somebody_decides_nothing_of_it_and_the_supervisor_does(office: Cast):
    browser(office.hr).post(f"{ASK}{office.alice.pk}/make-up/", make_up())
    request = Request.objects.get()
    act = f"/admin/approvals/request/{request.pk}/act/"

    browser(office.hr).post(act, {"act": "approve", "step": "1"})
    request.refresh_from_db()
    assert request.status == "waiting"

    browser(office.bob.user).post(act, {"act": "approve", "step": "1"})
    request.refresh_from_db()
    assert request.status == "approved"


def test_hr_asks_for_leave_of_somebody_from_their_day(office: Cast):
    hr = browser(office.hr)
    way = f"{ASK}{office.alice.pk}/absence/?day={DAY}"
    assert way in hr.get(day_of(office.alice)).content.decode()
    assert 'value="2026-09-01"' in hr.get(way).content.decode()

    hr.post(way, {"kind": "leave", "leave_type": "sick", "unit": "day", "first": DAY, "last": DAY,
                  "reason": "In hospital"})  # fmt: skip

    request = Request.objects.get()
    assert (request.kind, request.employee, request.submitted_by) == (
        "leave", office.alice, office.hr,
    )  # fmt: skip


def test_what_is_refused_is_said_above_the_form(office: Cast):
    answer = browser(office.hr).post(
        f"{ASK}{office.alice.pk}/make-up/", make_up(corrected_at="2026-09-01T03:00")
    )

    assert answer.status_code == 200
    assert "kq-notice is-bad" in answer.content.decode()
    assert not Request.objects.exists()


@pytest.mark.parametrize("kind", ["make-up", "absence"])
def test_nobody_asks_for_somebody_whom_they_do_not_configure(office: Cast, kind: str):
    where = f"{ASK}{office.alice.pk}/{kind}/"
    for user in (office.other_hr, office.bob.user, office.carol.user):
        assert browser(user).get(f"{where}?day={DAY}").status_code == 404
        assert browser(user).post(f"{where}?day={DAY}", make_up()).status_code == 404
    assert browser(office.hr).get(f"{ASK}999999/{kind}/").status_code == 404
    assert ASK not in browser(office.bob.user).get(day_of(office.alice)).content.decode()
    assert not Request.objects.exists()


def test_hr_asks_about_themselves_on_their_own_pages(office: Cast):
    Employee.objects.filter(pk=office.alice.pk).update(user=office.hr)

    answer = browser(office.hr).get(f"{ASK}{office.alice.pk}/make-up/?day={DAY}")

    assert answer["Location"] == f"/me/requests/make-up/?day={DAY}"
    assert ASK not in browser(office.hr).get(day_of(office.alice)).content.decode()


def test_hr_of_the_department_of_that_day_asks(office: Cast):
    """Alice moved since: her day belongs to where she was."""
    move(office.alice, office.other_department, DAY + timedelta(days=1))
    where = f"{ASK}{office.alice.pk}/make-up/"

    assert browser(office.hr).get(f"{where}?day={DAY}").status_code == 200
    assert browser(office.other_hr).get(f"{where}?day={DAY}").status_code == 404
    assert browser(office.hr).get(where).status_code == 404


# --- a stretch of time over a transfer -----------------------------------------------------------

BEFORE = DAY - timedelta(days=1)


def days(first: date, last: date) -> dict[str, Any]:
    return {"unit": "day", "first": first, "last": last}


def hours(first: date, last: date) -> dict[str, Any]:
    """From nine on the first date until six on the last."""
    return {"unit": "hour", "first": first, "last": last, "starts": "09:00", "ends": "18:00"}


@pytest.mark.parametrize("span", [days, hours])
def test_nobody_asks_for_dates_on_which_a_person_belongs_elsewhere(office: Cast, span: Any):
    move(office.alice, office.other_department, DAY)
    until = DAY + timedelta(days=10)
    said = {"kind": "leave", "leave_type": "annual", "reason": "Home"}
    way = f"{ASK}{office.alice.pk}/absence/"

    for user, day in ((office.hr, BEFORE), (office.other_hr, DAY)):
        where = f"{way}?day={day}"
        answer = browser(user).post(where, said | span(BEFORE, until))
        assert "There is no employee 00101 (2026-08-31 – 2026-09-11) here." in (
            answer.content.decode()
        )
        assert not Request.objects.exists()

    browser(office.hr).post(f"{way}?day={BEFORE}", said | span(BEFORE, BEFORE))
    browser(office.other_hr).post(f"{way}?day={DAY}", said | span(DAY, until))
    asked = Request.objects.order_by("work_date").values_list("submitted_by", "department")
    assert list(asked) == [
        (office.hr.pk, office.department.pk),
        (office.other_hr.pk, office.other_department.pk),
    ]


@pytest.mark.parametrize("span", [{"first": str(BEFORE), "last": "2026-09-11"},
                                  {"starts_at": f"{BEFORE}T09:00:00+08:00",
                                   "ends_at": "2026-09-11T18:00:00+08:00"}])  # fmt: skip
def test_a_program_asks_for_no_dates_on_which_a_person_belongs_elsewhere(office: Cast, span: Any):
    move(office.alice, office.other_department, DAY)
    said = {"kind": "leave", "leave_type": "annual", "reason": "Home", "employee": "00101"} | span

    for user, status in ((office.hr, 404), (office.other_hr, 404), (office.superuser, 201)):
        answer = browser(user).post("/api/v1/approval/flow/", said, content_type="application/json")
        assert answer.status_code == status
    assert Request.objects.get().submitted_by == office.superuser


def test_a_stay_elsewhere_in_the_middle_of_a_leave_is_not_passed_over(office: Cast):
    move(office.alice, office.other_department, DAY)
    move(office.alice, office.department, DAY + timedelta(days=2))
    facts: dict[str, Any] = {
        "employee": office.alice, "kind": "leave", "leave_type": "annual", "reason": "Home",
        "now": NOW, "first": BEFORE, "last": DAY + timedelta(days=3),
    }  # fmt: skip

    with pytest.raises(NotFound):
        services.submit_days(actor=office.hr, **facts)

    assert services.submit_days(actor=office.alice.user, **facts).status == "waiting"


def test_a_move_within_what_one_configures_hinders_no_leave(office: Cast):
    move(office.alice, office.unit, DAY)

    made = services.submit_days(
        employee=office.alice, kind="leave", leave_type="annual", reason="Home", actor=office.hr,
        now=NOW, first=BEFORE, last=DAY,
    )  # fmt: skip

    assert made.department == office.department


def test_hours_that_end_at_midnight_reach_into_no_other_unit(office: Cast):
    move(office.alice, office.other_department, DAY)
    facts: dict[str, Any] = {
        "employee": office.alice, "kind": "outing", "reason": "Customer", "actor": office.hr,
        "now": NOW, "starts_at": at("14:00", BEFORE),
    }  # fmt: skip

    with pytest.raises(NotFound):
        services.submit_hours(ends_at=at("24:01", BEFORE), **facts)

    assert services.submit_hours(ends_at=at("24:00", BEFORE), **facts).work_date == BEFORE
