"""S-23, SQ-09: nobody changes a punch, the super administrator least, through any door there is."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from attendance.models import Punch
from attendance.services.days import judge_all
from organization.seals.checking import check
from organization.seals.making import seal_new_rows
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def punch(cast: Cast) -> Punch:
    found = Punch.objects.create(
        employee=cast.alice,
        department=cast.department,
        punched_at=NOW,
        received_at=NOW,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        natural_key="seen",
        is_held=True,
    )
    seal_new_rows(now=NOW + timedelta(minutes=1))
    return found


def table() -> str:
    """Return a digest of every punch there is."""
    rows = repr(list(Punch.objects.order_by("pk").values_list()))
    return hashlib.sha256(rows.encode()).hexdigest()


def console_doors(key: int) -> Iterator[str]:
    """Yield every address of the console that is about punches."""
    page = admin.site._registry[Punch]
    for pattern in page.get_urls():
        route = str(pattern.pattern).replace("<path:object_id>", str(key))
        if "<" not in route:
            yield f"/admin/attendance/punch/{route}"


FORM = {
    "punched_at_0": "2026-03-02", "punched_at_1": "23:00:00", "punched_at": "2026-03-02 23:00:00",
    "method": "face", "zone": "UTC", "is_held": "", "natural_key": "forged", "post": "yes",
    "_save": "1", "action": "delete_selected", "select_across": "1",
    "decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0",
}  # fmt: skip


def test_s_23_no_page_of_the_console_changes_a_punch(
    client: Client, cast: Cast, punch: Punch
) -> None:
    """S-23, SQ-09."""
    client.force_login(cast.superuser)
    before = table()
    doors = sorted(console_doors(punch.pk))

    for door in doors:
        for data in (FORM, {**FORM, "_selected_action": punch.pk}):
            client.post(door, data)
            client.get(door)

    assert len(doors) >= 5
    assert table() == before
    assert check().findings == []


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_s_23_no_method_of_the_api_changes_a_punch(cast: Cast, punch: Punch, method: str) -> None:
    client = APIClient()
    client.force_authenticate(cast.superuser)
    before = table()

    for address in ("/api/v1/punches", "/api/v1/punches/", f"/api/v1/punches/{punch.pk}/"):
        status = getattr(client, method)(address, {"method": "face"}).status_code
        assert status in (403, 404, 405), address

    assert table() == before


def test_s_23_no_address_of_the_api_names_one_punch() -> None:
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]

    assert [route for route in routes if "punches/" in route and "<" in route] == []


def test_s_23_punches_are_not_imported_by_the_console() -> None:
    """P-28: no generic import can write any field of a punch."""
    page = admin.site._registry[Punch]

    assert not hasattr(page, "import_action")
    assert not page.actions


@pytest.mark.parametrize(
    "attempt",
    [
        lambda punch: Punch.objects.filter(pk=punch.pk).update(method="face"),
        lambda punch: Punch.objects.filter(pk=punch.pk).delete(),
        lambda punch: punch.delete(),
        lambda punch: Punch(pk=punch.pk, **_values(punch)).save(),
        lambda punch: Punch.objects.bulk_update([_moved(punch)], ["punched_at"]),
        lambda punch: Punch.objects.bulk_create(
            [Punch(**_values(punch), method="face")],
            update_conflicts=True, unique_fields=["natural_key"], update_fields=["method"],
        ),
        lambda punch: Punch.objects.update_or_create(
            natural_key="seen", defaults={"method": "face"}
        ),
        lambda punch: _sql("UPDATE attendance_punch SET is_held = %s", False),
        lambda punch: _sql("DELETE FROM attendance_punch"),
    ],
)  # fmt: skip
def test_s_23_the_database_refuses_whatever_our_code_might_try(punch: Punch, attempt: Any) -> None:
    before = table()

    with pytest.raises(DatabaseError), transaction.atomic():
        attempt(punch)

    assert table() == before


def _values(punch: Punch) -> dict[str, Any]:
    names = "employee_id department_id punched_at received_at zone source natural_key".split()
    return {name: getattr(punch, name) for name in names}


def _moved(punch: Punch) -> Punch:
    punch.punched_at += timedelta(hours=1)
    return punch


def _sql(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def test_s_23_no_command_that_we_ship_changes_a_punch(
    cast: Cast, punch: Punch, tmp_path: Path
) -> None:
    before = table()
    log = tmp_path / "attlog.dat"
    log.write_text("00101\t2026-03-02 12:00:00\t1\t0\t1\t0\n", encoding="ascii")

    call_command("recompute", "--from", "2026-03-01", "--to", "2026-03-03")
    with pytest.raises(CommandError):
        call_command("demo", "--remove")
    with pytest.raises(CommandError):
        call_command("import_attlog", str(log))
    judge_all(now=NOW)

    assert table() == before
    assert check().findings == []


def test_s_23_deleting_what_a_punch_hangs_on_is_refused(cast: Cast, punch: Punch) -> None:
    for label in ("organization.employee", "organization.department"):
        row = {"employee": cast.alice, "department": cast.department}[label.split(".")[1]]
        with pytest.raises(Exception, match=r"(?i)protected|cannot delete|refuse|never"):
            apps.get_model(label)._base_manager.get(pk=row.pk).delete()

    assert Punch.objects.filter(pk=punch.pk).exists()
