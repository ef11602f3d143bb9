"""What the audit log learns (A-27): who came from where, what was refused, what left as a file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from organization import audit, refusals, services
from organization.circumstances import Circumstances, current, within
from organization.models import AuditEntry
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_new_minute() -> None:
    refusals.forget()


def entries(verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb=verb).order_by("pk"))


def page(model: str, name: str, *args: Any) -> str:
    return reverse(f"admin:{model}_{name}", args=args)


# How it came --------------------------------------------------------------------------------------


def test_a27_an_entry_says_by_which_way_it_came(client: Client, cast: Cast) -> None:
    client.force_login(cast.superuser)
    person = {"number": "00777", "name": "Dora", "joined_on": "2026-03-02"}
    rows = {"transfers-TOTAL_FORMS": 0, "transfers-INITIAL_FORMS": 0}
    data = {**person, **rows, "department": cast.department.pk}

    answer = client.post(page("organization_employee", "add"), data, REMOTE_ADDR="203.0.113.9")

    assert answer.status_code == 302
    (entry,) = AuditEntry.objects.filter(verb="employee.hired", thing_name__startswith="00777")
    assert (entry.channel, entry.address, entry.actor) == ("console", "203.0.113.9", cast.superuser)
    assert len(entry.request_id) == 32


def test_a_task_and_a_command_say_their_names(cast: Cast) -> None:
    with within(
        Circumstances("task", request_id="7", through=lambda: "attendance.tasks.open_days")
    ):
        by_task = audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW)
    by_command = audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW)

    assert (by_task.channel, by_task.through) == ("task", "attendance.tasks.open_days")
    assert by_command.channel == "command"
    assert current().channel == "command"


def test_a27_moments_are_utc(cast: Cast) -> None:
    entry = audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW)

    assert AuditEntry.objects.get(pk=entry.pk).at.tzinfo is UTC


# What is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evil", ["a\nb", "a\r\nb", "a\x0bb", "a\u2028b", "a\x00b", "a\x1b[2Jb", "a\u202eb"]
)
def test_a27_nobody_forges_a_line_of_the_log(cast: Cast, evil: str) -> None:
    cast.alice.name = evil
    with within(Circumstances("api", through=lambda: evil)):
        audit.record(
            actor=None, verb="looked", thing=cast.alice, now=NOW, before={"name": evil}, list=[evil]
        )

    (entry,) = entries("looked")
    for text in (
        entry.thing_name,
        entry.through,
        entry.facts["before"]["name"],
        entry.facts["list"][0],
    ):
        assert text.isprintable()
        assert text.replace("[2J", "").replace(" ", "").endswith("ab")


@pytest.mark.parametrize(
    "facts",
    [
        {"latitude": 31.2},
        {"before": {"bssid": "00:11"}},
        {"seen": [{"photo": "x"}]},
        {"password": "x"},
    ],
)
def test_a27_the_log_holds_no_position_nothing_biometric_and_no_secret(
    cast: Cast, facts: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="the audit log does not hold"):
        audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW, **facts)


@pytest.mark.parametrize("sql", ["UPDATE {} SET verb = 'x'", "DELETE FROM {}"])
def test_a27_no_entry_is_changed_or_taken_away(cast: Cast, sql: str) -> None:
    audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format("organization_auditentry"))

    assert len(entries("looked")) == 1


def test_an_edit_tells_what_was_before_and_what_is_now(cast: Cast) -> None:
    services.edit_employee(
        employee_id=cast.alice.pk, number="00101", name="Alicia", supervisor=None,
        user=cast.alice.user, actor=cast.hr, now=NOW,
    )  # fmt: skip

    (entry,) = entries("employee.edited")
    assert entry.facts == {
        "before": {"name": "Alice", "supervisor": "00102 Bob"},
        "after": {"name": "Alicia", "supervisor": None},
    }


# Refusals -----------------------------------------------------------------------------------------


def test_a27_a_row_of_another_unit_that_was_asked_for_is_written_down(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.hr)

    there = client.get(page("organization_employee", "change", cast.carol.pk))
    nowhere = client.get(page("organization_employee", "change", 999_999))

    assert (there.status_code, nowhere.status_code) == (404, 404)
    first, second = entries("access.refused")
    assert first.actor == second.actor == cast.hr
    assert first.facts["asked_for"] == f"organization.employee {cast.carol.pk}"
    assert (first.facts["exists"], second.facts["exists"]) == (True, False)
    assert (first.department, second.department) == (cast.other_department, None)


def test_a27_programs_that_ask_for_foreign_rows_are_written_down(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.hr)

    assert client.get(f"/api/v1/employees/{cast.carol.pk}/").status_code == 404

    (entry,) = entries("access.refused")
    assert (entry.channel, entry.facts["exists"]) == ("api", True)


def test_a27_programs_without_a_token_are_written_down(client: Client) -> None:
    assert client.get("/api/v1/employees/", REMOTE_ADDR="198.51.100.7").status_code in (401, 403)

    (entry,) = entries("access.refused")
    assert (entry.actor, entry.address, entry.channel) == (None, "198.51.100.7", "api")


def test_a27_whoever_is_shown_a_forbidden_page_is_written_down(client: Client, cast: Cast) -> None:
    client.force_login(cast.hr)

    assert client.get(page("organization_seal", "changelist")).status_code == 403

    (entry,) = entries("access.refused")
    assert (entry.actor, entry.facts["status"]) == (cast.hr, 403)


def test_whoever_knocks_again_and_again_fills_no_disk(client: Client) -> None:
    for _turn in range(40):
        client.get("/api/v1/employees/", REMOTE_ADDR="198.51.100.7")
    written = len(entries("access.refused"))

    # The door goes on to count, and tells once the minute is over.
    later = datetime.now(UTC) + timedelta(minutes=2)
    refusals.note(actor=None, address="198.51.100.8", door="/", now=later)

    assert written <= 2 * refusals.AT_MOST
    told = entries("access.refused_often")
    assert written + sum(entry.facts["times"] for entry in told) == 40


def test_many_addresses_fill_no_disk_either() -> None:
    for number in range(1_000):
        refusals.note(actor=None, address=f"10.0.{number // 250}.{number % 250}", door="/", now=NOW)

    assert AuditEntry.objects.count() <= refusals.ALL_AT_MOST
    refusals.note(actor=None, address="10.9.9.9", door="/", now=NOW + timedelta(minutes=1))
    assert AuditEntry.objects.count() <= refusals.ALL_AT_MOST + refusals.TOLD_APART + 2


def test_refusals_do_not_repeat_what_was_typed(client: Client, cast: Cast) -> None:
    client.force_login(cast.hr)

    client.get(page("organization_employee", "change", cast.carol.pk) + "?secret=31.2345")

    (entry,) = entries("access.refused")
    assert "31.2345" not in f"{entry.thing_name} {entry.facts}"


# What leaves --------------------------------------------------------------------------------------


def test_a27_an_export_of_people_is_written_down(client: Client, cast: Cast) -> None:
    client.force_login(cast.hr)
    address = page("organization_employee", "export") + "?q=Alice"
    names = ("number", "name", "department", "position", "supervisor", "joined_on", "left_on")
    chosen = {f"employeeresource_{name}": "on" for name in names}

    answer = client.post(address, {"format": "1", "resource": "", **chosen})

    assert answer.status_code == 200
    (entry,) = entries("rows.exported")
    assert (entry.actor, entry.department, entry.thing_type) == (
        cast.hr, cast.unit, "organization.employee",
    )  # fmt: skip
    assert entry.facts == {"rows": 1, "format": "csv", "filter": {"q": "Alice"}}


def test_a27_an_export_of_rosters_is_written_down(client: Client, cast: Cast) -> None:
    client.force_login(cast.hr)

    answer = client.post(page("scheduling_rosterentry", "export"), {"month": "2026-03"})

    assert answer.status_code == 200
    (entry,) = entries("rows.exported")
    assert entry.facts["filter"]["month"] == "2026-03"


def test_a_foreign_person_has_no_entries_of_mine(cast: Cast) -> None:
    services.edit_employee(
        employee_id=cast.carol.pk, number="00201", name="Karol", supervisor=None,
        user=cast.carol.user, actor=cast.other_hr, now=NOW,
    )  # fmt: skip

    assert "employee.edited" in set(audit.entries_about(cast.carol).values_list("verb", flat=True))
    assert not audit.entries_about(cast.alice).filter(actor=cast.other_hr).exists()
