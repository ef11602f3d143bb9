"""The pages of punches: seen by whoever may, changed by nobody."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from guardian.shortcuts import assign_perm

from attendance.models import AwaitedCheck, Punch, PunchCheck, PunchDecision
from attendance.services.keeping import NewPunch, record_punches
from attendance.services.punching import take_in_lines
from devices.services import keep_log, register_terminal
from organization import services as people
from organization.models import User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
LIST = reverse("admin:attendance_punch_changelist")


@pytest.fixture
def office():
    root = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    office = people.add_department(name="Office", code="O", parent=root, now=NOW)
    alice = people.hire(
        number="1001", name="Alice", department=office, joined_on=date(2026, 1, 5), now=NOW
    )
    gate = register_terminal(name="Gate", department=office, actor=None, now=NOW)
    line = b"     1001\t2026-09-01 08:58:03\t1\t0\t15\t0\n"
    keep_log(terminal=gate, file_name="a", content=line, actor=None, now=NOW)
    take_in_lines(now=NOW)
    assert Punch.objects.get().employee == alice
    return office


def user(name, department, *actions):
    made = User.objects.create_user(name, is_staff=True)
    for action in actions:
        assign_perm(f"organization.{action}", made, department)
    return made


def page_of(punch):
    return reverse("admin:attendance_punch_change", args=[punch.pk])


def test_a_punch_is_shown_with_its_wall_time_and_the_line_that_said_so(office, client):
    client.force_login(user("hr", office, "see"))

    page = client.get(page_of(Punch.objects.get())).content.decode()

    assert "2026-09-01 08:58:03" in page
    assert "1001\t2026-09-01 08:58:03\t1\t0\t15\t0" in page
    assert "1001" in client.get(LIST).content.decode()


def test_a_punch_does_not_exist_for_another_department(office, client):
    other = people.add_department(name="Shop", code="S", parent=office.parent, now=NOW)
    client.force_login(user("other", other, "see", "rule"))

    assert client.get(page_of(Punch.objects.get())).status_code == 404
    assert "08:58" not in client.get(LIST).content.decode()


def test_not_even_an_administrator_adds_changes_or_deletes_a_punch(office, client):
    client.force_login(User.objects.create_superuser("admin"))
    punch = Punch.objects.get()
    before = Punch.objects.values().get()

    answers = [
        client.get(reverse("admin:attendance_punch_add")),
        client.post(reverse("admin:attendance_punch_add"), {"employee": punch.employee_id}),
        client.post(page_of(punch), {"method": "card", "_save": "1"}),
        client.post(reverse("admin:attendance_punch_delete", args=[punch.pk]), {"post": "yes"}),
    ]
    swept = client.post(
        LIST, {"action": "delete_selected", "_selected_action": [punch.pk], "post": "yes"}
    )

    assert {answer.status_code for answer in answers} == {403}
    assert swept.status_code in (200, 302, 403)
    assert Punch.objects.values().get() == before


def test_the_list_costs_the_same_queries_however_long(
    office, client, django_assert_max_num_queries
):
    alice = Punch.objects.get().employee
    second = int(NOW.timestamp()) - 9000
    record_punches(
        [
            NewPunch(alice.pk, office.pk, second + n, "Asia/Shanghai", "card", "api", f"seen:{n}")
            for n in range(60)
        ],
        now=NOW,
    )
    client.force_login(user("hr", office, "see"))

    for asked in ({}, {"q": "Alice"}, {"when": "month"}, {"method__exact": "card"}):
        with django_assert_max_num_queries(15):
            assert client.get(LIST, asked).status_code == 200


# --- punches whose proof was checked ---------------------------------------------------------

OUTSIDE = {
    "code": "outside_fence", "effect": "hold",
    "seen": {"metres_to_edge": 120.0, "accuracy_metres": 20.0}, "right": {"fence": "Head office"},
}  # fmt: skip
UNVERIFIED = {
    "code": "phone_unverified", "effect": "flag",
    "seen": {"attested": False}, "right": {"attested": True},
}  # fmt: skip
INSIDE = {
    "code": "inside_fence", "effect": "proof",
    "seen": {"metres_to_edge": 80.0, "accuracy_metres": 20.0}, "right": {"fence": "Head office"},
}  # fmt: skip
AWAITED = {
    "code": "second_check_awaited", "effect": "hold", "seen": {},
    "right": {
        "method": "fingerprint", "within_seconds": 900.0, "until": "2026-09-01T01:17:00+00:00",
    },
}  # fmt: skip


def checked(*reasons, minute=0, outcome="held", verdict=""):
    alice = Punch.objects.order_by("pk")[0].employee
    at = NOW + timedelta(minutes=minute)
    punch = Punch.objects.create(
        employee=alice, department=alice.department, punched_at=at, received_at=at,
        zone="Asia/Shanghai", method="location", source="phone", is_held=outcome != "accepted",
        natural_key=f"phone:{minute}",
    )  # fmt: skip
    PunchCheck.objects.create(punch=punch, outcome=outcome, reasons=list(reasons), checked_at=at)
    if outcome == "awaited":
        AwaitedCheck.objects.create(punch=punch, employee=alice, due_at=at + timedelta(minutes=15))
    if verdict:
        PunchDecision.objects.create(punch=punch, verdict=verdict, decided_at=at)
    return punch


def words(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ")


def test_a_held_punch_says_why_and_to_which_class_it_belongs(office, client):
    punch = checked(OUTSIDE, UNVERIFIED)
    client.force_login(user("hr", office, "see"))

    page = words(client.get(page_of(punch)))

    assert "<b>Held</b> 120 m outside of Head office." in page
    assert "<b>Noted</b> That the phone is honest is only its own word." in page
    assert "Out of fence" in page


def test_a_reason_of_another_release_does_not_break_the_page(office, client):
    punch = checked({"code": "from_tomorrow", "effect": "hold"}, {})
    client.force_login(user("hr", office, "see"))

    assert "Something else was noticed: from_tomorrow." in words(client.get(page_of(punch)))


@pytest.mark.parametrize(
    ("state", "found"),
    [("held", 1), ("awaited", 2), ("accepted", 3), ("refused", 4), ("anything", 0)],
)
def test_held_punches_are_found_by_what_became_of_them(office, client, state, found):
    made = [
        checked(UNVERIFIED, INSIDE, minute=0, outcome="accepted"),
        checked(OUTSIDE, minute=1),
        checked(AWAITED, INSIDE, minute=2, outcome="awaited"),
        checked(OUTSIDE, minute=3, verdict="accepted"),
        checked(OUTSIDE, minute=4, verdict="refused"),
    ]
    client.force_login(user("hr", office, "see"))

    rows = client.get(f"{LIST}?state={state}").context["cl"].result_list

    expected = [made[found].pk] if found else [*(one.pk for one in reversed(made)), rows[5].pk]
    assert [row.pk for row in rows] == expected


def test_the_day_tells_why_a_punch_is_held_to_the_person_and_to_hr(office, client):
    punch = checked(OUTSIDE, UNVERIFIED)
    checked(AWAITED, INSIDE, minute=2, outcome="awaited")
    login = User.objects.create_user("alice")
    punch.employee.user = login
    punch.employee.save(update_fields=["user"])
    for reader, address in (
        (
            user("hr", office, "see"),
            f"/admin/attendance/attendanceday/day/{punch.employee_id}/2026-09-01/",
        ),
        (login, "/me/2026-09-01/"),
    ):
        client.force_login(reader)

        page = words(client.get(address))

        assert "120 m outside of Head office." in page
        assert "Waits for its second proof" in page
        assert "Waits for the second proof until 09:17: Fingerprint." in page
        assert "from its edge" not in page, "what only proves is left out"


def test_the_list_costs_the_same_however_many_were_checked(
    office, client, django_assert_max_num_queries
):
    for minute in range(20):
        checked(OUTSIDE, minute=minute, verdict="accepted")
    client.force_login(user("hr", office, "see"))

    with django_assert_max_num_queries(16):
        client.get(LIST)
