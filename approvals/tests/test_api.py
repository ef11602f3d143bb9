from __future__ import annotations

import pytest
from django.test import Client

from approvals.models import Request
from approvals.tests.office import DAY, NOW, ask, at, punch, result
from attendance.models import Correction
from organization import tokens
from organization.models import User
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
FLOW = "/api/v1/approval/flow/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the doors ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def program(user) -> Client:
    _token, key = tokens.issue(user, name="test", actor=user, now=NOW)
    return Client(headers={"authorization": f"Token {key}"})


def send(user, where: str, **body):
    answer = program(user).post(where, body, "application/json")
    return answer.status_code, answer.json()


MAKE_UP = {"kind": "make_up", "work_date": str(DAY), "slot": "out",
           "at": "2026-09-01T18:00:00+08:00", "reason": "Gate"}  # fmt: skip


def test_a_make_up_is_started_and_decided(office: Cast):
    punch(office.alice, "8:58")

    status, made = send(office.alice.user, FLOW, **MAKE_UP)
    assert (status, made["status"], made["employee"]) == (201, "waiting", "00101")
    assert [step["deciders"] for step in made["steps"]] == [["bob"]]

    status, done = send(office.bob.user, f"{FLOW}{made['id']}/", decision="approve")
    assert (status, done["status"], done["digest"]) == (200, "approved", made["digest"])
    assert result(office.alice).status == "normal"

    status, again = send(office.bob.user, f"{FLOW}{made['id']}/", decision="approve")
    assert (status, again["code"]) == (409, "illegal_move")
    assert Correction.objects.count() == 1


def test_p08_fields_that_come_with_an_approval_change_nothing(office: Cast):
    """P-08."""
    request = ask(office.alice)
    odd = {"slot": "in", "employee": "00102", "at": "2026-09-01T09:00:00+08:00", "days": 9,
           "corrected_at": "2026-09-01T09:00:00+08:00", "status": "rejected"}  # fmt: skip

    status, done = send(office.bob.user, f"{FLOW}{request.pk}/", decision="approve", **odd)

    assert (status, done["digest"]) == (200, request.digest)
    made = Correction.objects.get()
    assert (made.slot, made.corrected_at, made.employee) == ("out", at("18:00"), office.alice)


def test_sq_10_self_approval_is_forbidden(office: Cast):
    request = ask(office.bob)

    status, said = send(office.bob.user, f"{FLOW}{request.pk}/", decision="approve")

    assert (status, said["code"]) == (403, "self_decision")


def test_another_departments_supervisor_finds_nothing(office: Cast):
    request = ask(office.alice)
    carol = program(office.carol.user)

    assert carol.get(f"{FLOW}{request.pk}/").status_code == 404
    assert send(office.carol.user, f"{FLOW}{request.pk}/", decision="approve")[0] == 404
    assert send(office.carol.user, FLOW, **MAKE_UP, employee="00101")[0] == 404
    assert [row["id"] for row in carol.get(FLOW).json()["results"]] == []


def test_the_list_is_narrowed_down(office: Cast):
    mine, theirs = ask(office.alice), ask(office.bob)
    bob = program(office.bob.user)

    def keys(query: str) -> set[int]:
        return {row["id"] for row in bob.get(f"{FLOW}{query}").json()["results"]}

    assert keys("") == {mine.pk, theirs.pk}
    assert keys("?waits_for_me=1") == keys("?waits_for_me=true") == {mine.pk}
    assert keys("?waits_for_me=0") == keys("?waits_for_me=false") == {mine.pk, theirs.pk}
    assert keys("?employee=00102&status=waiting") == {theirs.pk}
    assert keys("?status=approved") == set()
    assert bob.get(f"{FLOW}?status=odd").status_code == 400
    odd = bob.get(f"{FLOW}?waits_for_me=perhaps")
    assert (odd.status_code, "waits_for_me" in str(odd.json())) == (400, True)


@pytest.mark.parametrize(("odd", "code"), [
    ({"at": "2026-09-03T18:00:00+08:00"}, "future"),
    ({"slot": "in9"}, "unknown_slot"),
    ({"slot": "noon"}, "invalid"),
    ({"kind": "held_punch"}, "invalid"),
    ({"at": None}, "invalid"),
    ({"reason": ""}, "invalid"),
    ({"kind": "leave"}, "invalid"),
    ({"kind": "leave", "leave_type": "annual", "first": "2026-09-05", "last": "2026-09-06"},
     "nothing_owed"),
    ({"work_date": "9999-12-31"}, "invalid"),
    ({"at": "0001-01-01T00:00:00Z"}, "invalid"),
    ({"kind": "trip", "first": "0001-01-01", "last": "0001-01-01"}, "invalid"),
    ({"kind": "trip", "starts_at": "9999-12-31T22:00:00Z", "ends_at": "9999-12-31T23:00:00Z"},
     "invalid"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_its_code(office: Cast, odd, code):
    status, said = send(office.alice.user, FLOW, **MAKE_UP | odd)

    assert said["code"] == code
    assert status in (400, 409)
    assert not Request.objects.exists()


def test_hr_starts_one_for_somebody_and_leave_takes_its_days(office: Cast):
    status, made = send(
        office.hr, FLOW, kind="leave", leave_type="annual", first=str(DAY), last=str(DAY),
        until_noon=True, reason="Called", employee="00101",
    )  # fmt: skip

    assert (status, made["amount_days"], made["employee"]) == (201, "0.50", "00101")


def test_whoever_decides_nothing_and_is_nobody_starts_nothing(office: Cast):
    assert send(User.objects.create_user("nobody"), FLOW, **MAKE_UP)[0] == 403


def test_what_is_posted_is_not_lost_without_the_slash(office: Cast):
    request = ask(office.alice)

    status, _body = send(office.bob.user, f"{FLOW}{request.pk}", decision="approve")

    request.refresh_from_db()
    assert (status, request.status) == (200, "approved")


@pytest.mark.parametrize(("said", "field"), [
    ({"at": "2026-09-01T18:00:00"}, "at"),
    ({"kind": "leave", "leave_type": "sick", "first": "2026-09-01", "last": "2026-09-01",
      "starts_at": "2026-09-01T09:00:00+08:00", "ends_at": "2026-09-01T10:00:00+08:00"}, "first"),
])  # fmt: skip
def test_what_can_be_meant_in_two_ways_is_refused_at_its_field(
    office: Cast, said: dict[str, str], field: str
):
    status, body = send(office.alice.user, FLOW, **{**MAKE_UP, **said})

    assert (status, field in str(body)) == (400, True)
    assert not Request.objects.exists()
