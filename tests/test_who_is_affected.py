"""L-11: given a stolen table and a time, who is to be told, and which columns it held."""

import csv
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from attendance.models import Absence, Correction
from organization.models import AuditEntry
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


def told(table: str, since: str = "2026-03-01", until: str = "2026-03-31") -> tuple[Any, str]:
    said, note = StringIO(), StringIO()
    call_command(
        "who_is_affected",
        table=table,
        since=date.fromisoformat(since),
        until=date.fromisoformat(until),
        stdout=said,
        stderr=note,
    )
    return list(csv.reader(StringIO(said.getvalue())))[1:], note.getvalue()


def test_l_11_the_people_of_a_stolen_table_are_listed(cast: Cast) -> None:
    for person in (cast.alice, cast.carol):
        Correction.objects.create(
            employee=person, work_date=NOW.date(), slot="in", corrected_at=NOW, reason="x",
            decided_at=NOW,
        )  # fmt: skip

    people, note = told("attendance_correction")
    nobody, _note = told("attendance.correction", "2026-04-01", "2026-04-30")

    assert people == [["00101", "Alice", "Weaving", "1"], ["00201", "Carol", "Dyeing", "1"]]
    assert "columns: id, employee_id" in note
    assert nobody == []
    assert AuditEntry.objects.filter(verb="personal.affected_listed").count() == 2


def test_l_11_a_table_of_people_concerns_everybody_in_it(cast: Cast) -> None:
    people, _note = told("organization_employee")

    assert [row[0] for row in people] == ["00101", "00102", "00201"]


def test_l_11_people_are_found_two_steps_away(cast: Cast) -> None:
    Absence.objects.create(
        employee=cast.bob, kind="leave", starts_at=NOW, ends_at=NOW.replace(hour=9), approved_at=NOW
    )

    assert told("attendance_absence")[0] == [["00102", "Bob", "Weaving", "1"]]


@pytest.mark.parametrize("table", ["nothing", "scheduling_shift"])
def test_l_11_a_table_without_people_is_refused_by_name(cast: Cast, table: str) -> None:
    with pytest.raises(CommandError, match=table):
        told(table)
