"""HR asks in the console for somebody who has no log-in, and decides nothing of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.models import Request
from approvals.tests.office import DAY, NOW, at, punch
from organization.models import Employee, User
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
    transfer(
        employee_id=office.alice.pk, department=office.other_department, position=None,
        effective_on=DAY + timedelta(days=1), actor=None, now=NOW,
    )  # fmt: skip
    where = f"{ASK}{office.alice.pk}/make-up/"

    assert browser(office.hr).get(f"{where}?day={DAY}").status_code == 200
    assert browser(office.other_hr).get(f"{where}?day={DAY}").status_code == 404
    assert browser(office.hr).get(where).status_code == 404
