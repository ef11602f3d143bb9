"""The page of the audit log: who reads what, what is found, what goes along."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm

from organization import audit, services
from organization.access import Action
from organization.models import AuditEntry, Role, User
from scheduling.pattern import ShiftPattern
from scheduling.services.shifts import add_shift, change_shift
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]

LIST = "admin:organization_auditentry_changelist"


@pytest.fixture
def log(cast: Cast) -> dict[str, AuditEntry]:
    def entry(who: User, thing: Any, department: Any, **facts: Any) -> AuditEntry:
        return audit.record(
            actor=who, verb="employee.edited", thing=thing, department=department, now=NOW, **facts
        )

    for user, unit in ((cast.hr, cast.unit), (cast.other_hr, cast.other_unit)):
        assign_perm(Action.AUDIT.value, user, unit)
    change = {"before": {"name": "a"}, "after": {"name": "b"}}
    return {
        "own": entry(cast.hr, cast.alice, cast.department, **change),
        "foreign": entry(cast.other_hr, cast.carol, cast.other_department),
        "nowhere": entry(cast.superuser, cast.superuser, None),
    }  # fmt: skip


def shown(client: Client, **asked: Any) -> set[int]:
    answer = client.get(reverse(LIST), asked)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_a_reader_finds_the_log_of_their_departments_only(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    client.force_login(cast.hr)

    found = shown(client)

    assert log["own"].pk in found
    assert not found & {log["foreign"].pk, log["nowhere"].pk}


def test_a_reader_of_the_whole_group_finds_entries_of_no_department(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    auditor = User.objects.create_user("auditor", password="a long word", is_staff=True)
    assign_perm(Action.AUDIT.value, auditor, cast.group)
    client.force_login(auditor)

    assert shown(client) >= {entry.pk for entry in log.values()}


def test_whoever_may_configure_and_not_audit_reads_no_log(client: Client, cast: Cast) -> None:
    bob = cast.bob.user
    for action in (Action.SEE, Action.RULE):
        assign_perm(action.value, bob, cast.department)
    client.force_login(bob)

    assert client.get(reverse(LIST)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"q": "00101"}, True),
        ({"q": "Alice"}, True),
        ({"q": "ali"}, True),
        ({"q": "n_hr"}, True),
        ({"q": "Carol"}, False),
        ({"q": "nobody"}, False),
        ({"q": "%"}, False),
        ({"q": "'; DROP TABLE organization_auditentry; --"}, False),
        ({"deed": "people"}, True),
        ({"deed": "rules"}, False),
        ({"deed": "nonsense"}, False),
        ({"kind": "organization.employee"}, True),
        ({"kind": "scheduling.shift"}, False),
        ({"at_from": "2026-03-02", "at_to": "2026-03-02"}, True),
        ({"at_from": "2026-03-03"}, False),
        ({"at_to": "2026-03-01"}, False),
        ({"at_from": "garbage"}, False),
        ({"channel__exact": "command"}, True),
        ({"channel__exact": "api"}, False),
    ],
)
def test_what_is_looked_for_is_found(
    client: Client, cast: Cast, log: dict[str, AuditEntry], asked: dict[str, str], is_found: bool
) -> None:
    client.force_login(cast.hr)

    assert (log["own"].pk in shown(client, **asked)) is is_found


def test_everything_about_a_thing_and_by_a_person(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    client.force_login(cast.superuser)
    own = log["own"]

    about = shown(client, thing_type=own.thing_type, thing_id=own.thing_id)
    by = shown(client, actor=cast.hr.pk)

    assert own.pk in about & by
    assert log["foreign"].pk not in about | by
    text = client.get(
        reverse("admin:organization_auditentry_change", args=[own.pk])
    ).content.decode()
    assert f"thing_type=organization.employee&amp;thing_id={cast.alice.pk}" in text


def test_a_page_tells_in_words_what_was_before(client: Client, cast: Cast) -> None:
    pattern = ShiftPattern(segments=((540, 1080),), late_grace=5)
    shift = add_shift(
        code="D", name="Day", department=cast.unit, pattern=pattern, valid_from=NOW.date(), now=NOW
    )
    change_shift(
        shift_id=shift.pk, pattern=ShiftPattern(segments=((540, 1080),), late_grace=12),
        valid_from=NOW.date(), now=NOW,
    )  # fmt: skip
    entry = AuditEntry.objects.get(verb="shift.changed")
    client.force_login(cast.superuser)

    text = client.get(
        reverse("admin:organization_auditentry_change", args=[entry.pk])
    ).content.decode()

    assert "Up to 5 minutes" in text or "5 minutes" in text
    assert "12 minutes" in text
    assert "late_grace" not in text


def test_a_thing_is_a_link_only_where_it_may_be_opened(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    about_carol = audit.record(
        actor=cast.hr, verb="employee.edited", thing=cast.carol, department=cast.department, now=NOW
    )
    client.force_login(cast.hr)

    def links(entry: AuditEntry) -> str:
        return client.get(
            reverse("admin:organization_auditentry_change", args=[entry.pk])
        ).content.decode()

    assert reverse("admin:organization_employee_change", args=[cast.alice.pk]) in links(log["own"])
    assert reverse("admin:organization_employee_change", args=[cast.carol.pk]) not in links(
        about_carol
    )


def export(client: Client, action: str, *keys: int) -> Any:
    return client.post(reverse(LIST), {"action": action, "_selected_action": list(keys)})


def test_the_log_goes_along_as_csv_and_that_is_written_down(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    client.force_login(cast.hr)

    answer = export(client, "export_csv", *(entry.pk for entry in log.values()))

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[6] for row in rows[1:]] == ["00101 Alice"]
    written = AuditEntry.objects.get(verb="rows.exported")
    assert (written.actor, written.facts["rows"], written.facts["format"]) == (cast.hr, 1, "csv")


def test_a_workbook_of_the_log_is_one(
    client: Client, cast: Cast, log: dict[str, AuditEntry]
) -> None:
    client.force_login(cast.superuser)

    answer = export(client, "export_workbook", log["own"].pk)

    assert answer.content[:2] == b"PK"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_a02_no_cell_of_an_exported_log_is_a_formula(
    client: Client, cast: Cast, log: dict[str, AuditEntry], name: str
) -> None:
    entry = audit.record(
        actor=cast.hr, verb="looked", thing=audit.Thing("door", name), now=NOW,
        department=cast.department,
    )  # fmt: skip
    client.force_login(cast.hr)

    answer = export(client, "export_csv", entry.pk)

    (row,) = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))[
        1:
    ]
    assert row[6] == f"'{name}"


def test_whoever_may_read_and_not_export_takes_nothing_along(client: Client, cast: Cast) -> None:
    auditor = User.objects.create_user("auditor", password="a long word", is_staff=True)
    assign_perm(Action.AUDIT.value, auditor, cast.group)
    entry = audit.record(actor=None, verb="looked", thing=cast.alice, now=NOW)
    client.force_login(auditor)

    answer = export(client, "export_csv", entry.pk)

    assert not getattr(answer, "streaming", False)
    assert not AuditEntry.objects.filter(verb="rows.exported").exists()


def test_the_list_asks_the_database_a_few_times_only(
    client: Client, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        audit.record(
            actor=cast.hr, verb="looked", thing=cast.alice, department=cast.department, now=NOW,
            turn=number,
        )  # fmt: skip
    client.force_login(cast.superuser)

    with django_assert_max_num_queries(14):
        client.get(reverse(LIST), {"q": "Alice"})


def test_hired_people_are_told_by_their_values(cast: Cast) -> None:
    services.hire(
        number="00900", name="Eve", department=cast.department, joined_on=NOW.date(), now=NOW
    )

    entry = AuditEntry.objects.get(verb="employee.hired", thing_name="00900 Eve")
    assert entry.facts["after"]["department"] == "Weaving"


@pytest.mark.parametrize("name", ["user", "role", "department", "employee"])
def test_the_history_of_a_row_is_its_part_of_the_log(client: Client, cast: Cast, name: str) -> None:
    """Services write there; the console's own history would be empty."""
    row = {
        "user": cast.alice.user,
        "role": Role.objects.get(key="unit_hr"),
        "department": cast.department,
        "employee": cast.alice,
    }[name]
    audit.record(actor=None, verb="log_in.edited", thing=row, now=NOW)
    client.force_login(cast.superuser)

    answer = client.get(reverse(f"admin:organization_{name}_history", args=[row.pk]), follow=True)

    shown = answer.context["cl"].queryset
    assert {(one.thing_type, one.thing_id) for one in shown} == {
        (f"organization.{name}", str(row.pk))
    }


def test_the_history_of_a_row_of_another_unit_does_not_exist(client: Client, cast: Cast) -> None:
    client.force_login(cast.hr)
    address = reverse("admin:organization_employee_history", args=[cast.carol.pk])

    assert client.get(address).status_code == 404
