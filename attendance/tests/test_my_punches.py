"""A person's own punches: how each was made, what it came to and why, and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from attendance.models import Punch, PunchCheck, PunchDecision
from organization.models import Employee
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]

URL = "/me/punches/"
AT = datetime(2026, 3, 2, 1, 7, tzinfo=UTC)


def punched(employee: Employee, number: int = 0, **facts: Any) -> Punch:
    at = AT + timedelta(hours=number)
    return Punch.objects.create(
        employee=employee,
        department=employee.department,
        punched_at=at,
        received_at=at,
        zone="Asia/Shanghai",
        natural_key=f"test:{employee.pk}:{number}",
        **{"method": "location", "source": "phone", **facts},
    )


def checked(punch: Punch, outcome: str, *reasons: dict[str, Any]) -> None:
    PunchCheck.objects.create(
        punch=punch, outcome=outcome, reasons=list(reasons), checked_at=punch.punched_at
    )


def why(code: str, effect: str, **seen: Any) -> dict[str, Any]:
    return {"code": code, "effect": effect, "seen": seen, "right": {}}


def read(client: Client, employee: Employee, url: str = URL) -> str:
    assert employee.user is not None
    client.force_login(employee.user)
    return client.get(url).content.decode()


def test_my_punches_say_what_each_came_to_and_why(client: Client, cast: Cast) -> None:
    counts = punched(cast.alice, 0)
    inside = {"fence": "Office", "metres_to_edge": 40, "accuracy_metres": 12}
    checked(
        counts,
        "accepted",
        why("phone_unverified", "flag"),
        why("inside_fence", "proof", **inside),
    )
    held = punched(cast.alice, 1, is_held=True)
    checked(held, "held", why("outside_fence", "hold", fence="Office", metres_to_edge=120))

    page = read(client, cast.alice)

    assert "09:07" in page
    assert "Counts" in page
    assert "Inside Office" in page
    assert "honest" not in page
    assert "Waits for a decision" in page
    assert "120\N{NO-BREAK SPACE}m outside of Office" in page


def test_the_last_decision_stands_above_the_check(client: Client, cast: Cast) -> None:
    held = punched(cast.alice, is_held=True)
    checked(held, "held", why("outside_fence", "hold", fence="Office", metres_to_edge=120))
    for verdict in ("accepted", "refused"):
        PunchDecision.objects.create(
            punch=held, verdict=verdict, reason="Not on site.", decided_at=AT
        )

    page = read(client, cast.alice)

    assert "Does not count" in page
    assert "Not on site." in page


def test_nobody_reads_the_punches_of_others_not_even_whoever_decides(
    client: Client, cast: Cast
) -> None:
    punched(cast.alice)

    for other in (cast.bob, cast.carol):
        assert "There is no punch of yours yet." in read(client, other)
    client.force_login(cast.superuser)
    assert "This log-in belongs to no employee" in client.get(URL).content.decode()
    client.logout()
    assert client.get(URL)["Location"].startswith("/login/")


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "9" * 30])
def test_a_year_of_punches_is_paged_and_any_number_is_a_page(
    client: Client,
    cast: Cast,
    number: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for hour in range(90):
        checked(punched(cast.alice, hour), "accepted")
    read(client, cast.alice)

    with django_assert_max_num_queries(12):
        text = client.get(f"{URL}?page={number}").content.decode()

    assert text.count("<time") <= 40
    assert " / 3" in text
