"""The pages of punches: seen by whoever may, changed by nobody."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from guardian.shortcuts import assign_perm

from attendance.models import Punch
from attendance.services.punching import NewPunch, record_punches, take_in_lines
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
