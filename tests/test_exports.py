"""Every table that leaves: no cell is a formula, and its rows are those of the list.

A-02, P-21, P-26 and P-27 of the security notes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from approvals.models import Allowance
from attendance.models import AttendanceDay, PeriodClosing, WaitingDay
from attendance.services import days, periods
from config.doorbook.inventory import Kind
from config.doorbook.matching import check
from devices.models import AccessPoint
from organization import audit, services
from organization.access import Action
from organization.models import AuditEntry, Change, Department, Employee, User
from scheduling.models import Shift
from scheduling.pattern import ShiftPattern
from scheduling.services import rosters
from scheduling.services.shifts import add_shift
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db

# What a spreadsheet takes for a formula, or skips before one.
SIGNS: Final = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1")
BEGINS: Final = ("=", "+", "-", "@", "\t", "\r", "\0")
MONTH: Final = "2026-03"
EMPLOYEES: Final = "/admin/organization/employee/"
DEPARTMENTS: Final = "/admin/organization/department/"
LOG: Final = "/admin/organization/auditentry/"
ROSTER: Final = "/admin/scheduling/rosterentry/"
POINTS: Final = "/admin/devices/accesspoint/"
ALLOWANCES: Final = "/admin/approvals/allowance/"
CLOSINGS: Final = "/admin/attendance/periodclosing/"


def library(page: str, kind: str) -> Callable[[Client], Any]:
    return lambda client: client.post(f"{page}export/", {"format": kind, "resource": "0"})


def action(name: str) -> Callable[[Client], Any]:
    keys = AuditEntry.objects.values_list("pk", flat=True)
    return lambda client: client.post(LOG, {"action": name, "_selected_action": list(keys)})


def totals(kind: str) -> Callable[[Client], Any]:
    asked = {"month": MONTH, "format": kind, "levels": "all"}
    return lambda client: client.post(reverse("totals-export"), asked)


def roster(door: str) -> Callable[[Client], Any]:
    ask = "post" if door == "export" else "get"
    return lambda client: getattr(client, ask)(f"{ROSTER}{door}/", {"month": MONTH})


def closed_period() -> PeriodClosing:
    """Close a day of everybody there is, with one that is adjusted afterwards, and a day more."""
    if (there := PeriodClosing.objects.first()) is not None:
        return there
    group, now = Department.objects.get(parent=None), timezone.now()
    first, last = date(2026, 3, 2), date(2026, 3, 3)
    for person in Employee.objects.all():
        for day in (first, last):
            AttendanceDay.objects.create(
                employee=person, work_date=day, department=person.department, judged_at=now,
                status=AttendanceDay.Status.ABSENT, missing="in,out",
            )  # fmt: skip
    Change.objects.update(handled_at=now)
    WaitingDay.objects.all().delete()
    for day in (first, last):
        period = periods.open_period(
            department=group, starts_on=day, ends_on=day, actor=None, now=now
        )
        periods.order_closing(period_id=period.pk, actor=None, now=now)
        periods.finish_closing(period_id=period.pk, now=now)
        days.wake_range(starts_on=first, ends_on=first, cause="ordered", now=now)
        days.judge_all(now=now)
    return PeriodClosing.objects.first()


def closing(kind: str) -> Callable[[Client], Any]:
    def take(client: Client) -> Any:
        return client.post(f"{CLOSINGS}{closed_period().pk}/export/", {"format": kind})

    return take


# By the door's name in the book; each gives one file or more.
EXPORTS: Final[dict[str, tuple[Callable[[Client], Any], ...]]] = {
    f"{EMPLOYEES}export/": (library(EMPLOYEES, "0"), library(EMPLOYEES, "1")),
    f"{DEPARTMENTS}export/": (library(DEPARTMENTS, "0"), library(DEPARTMENTS, "1")),
    f"{POINTS}export/": (library(POINTS, "0"), library(POINTS, "1")),
    f"{ALLOWANCES}export/": (library(ALLOWANCES, "0"), library(ALLOWANCES, "1")),
    f"{ROSTER}export/": (roster("export"),),
    f"{ROSTER}template/": (roster("template"),),
    "/admin/totals/export/": (totals("csv"), totals("xlsx")),
    f"{CLOSINGS}<closing_id>/export/": (closing("csv"), closing("xlsx")),
    "organization.auditentry: export_csv": (action("export_csv"),),
    "organization.auditentry: export_workbook": (action("export_workbook"),),
}


# What no spreadsheet opens: fences are GeoJSON.
NO_TABLES: Final = {"/admin/attendance/geofence/export/"}


def content_of(answer: Any) -> bytes:
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def cells(content: bytes) -> Iterator[str]:
    """Yield every text of a CSV file or a workbook; a formula in a workbook is a failure."""
    if content[:2] != b"PK":
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            yield from row
        return
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            if re.match(r"xl/(sharedStrings|worksheets/.+)\.xml$", name):
                for node in ElementTree.fromstring(book.read(name)).iter():  # noqa: S314
                    assert not node.tag.endswith("}f"), f"a formula: {node.text}"
                    if node.tag.endswith("}t"):
                        yield (node.text or "").replace("_x000D_", "\r")


@pytest.fixture
def risky(cast: Cast) -> Cast:
    """A company in which whatever can be named begins with a sign, and goes into a file."""
    staff = [cast.alice, cast.bob] + [
        services.hire(
            number=f"0011{n}", name="x", department=cast.department, joined_on=date(2025, 1, 1),
            now=NOW,
        )
        for n in range(5)
    ]  # fmt: skip
    for person, sign in zip(staff, SIGNS, strict=True):
        Employee.objects.filter(pk=person.pk).update(name=sign)
    Employee.objects.filter(pk=cast.alice.pk).update(number="=9")
    Employee.objects.filter(pk=cast.bob.pk).update(number="+9")
    Department.objects.filter(pk=cast.department.pk).update(name="=1+1", code="@N")
    Department.objects.filter(pk=cast.unit.pk).update(name="-2", code="-2")
    shift = add_shift(
        code="D", name="Day", department=None, valid_from=date(2026, 1, 1),
        pattern=ShiftPattern(segments=((540, 1080),)), actor=None, now=NOW,
    )  # fmt: skip
    Shift.objects.filter(pk=shift.pk).update(code="=D", name="+Day")
    rosters.set_entry(
        employee_id=cast.alice.pk, work_date=date(2026, 3, 2), shift=shift,
        actor=None, now=NOW,
    )  # fmt: skip
    AccessPoint.objects.create(
        department=cast.department, name="=1+1", ssid="+1", bssid="00:11:22:33:44:55"
    )
    Allowance.objects.create(employee=cast.alice, leave_type="annual", year=2026, days=5)
    for sign in SIGNS:
        audit.record(
            actor=None, verb=sign, thing=audit.Thing("door", sign), department=cast.department,
            now=NOW, before={"name": sign}, after={"names": [sign, sign]},
        )  # fmt: skip
    return cast


def test_every_door_of_exports_is_tried() -> None:
    doors = {
        row.door.name
        for row in check().listed
        if row.door.kind in (Kind.PAGE, Kind.ACTION) and "export" in row.door.name
    }

    assert doors - NO_TABLES == set(EXPORTS) - {f"{ROSTER}template/"}


@pytest.mark.parametrize("door", EXPORTS)
def test_a02_p21_no_cell_of_any_export_is_a_formula(risky: Cast, client: Client, door: str) -> None:
    """A-02, and P-21: cells put together of several words (totals, facts of the log) as well."""
    client.force_login(risky.superuser)
    exports = EXPORTS[door]
    if "auditentry" in door:
        exports = (action(door.rpartition(" ")[2]),)

    for export in exports:
        found = list(cells(content_of(export(client))))

        assert [cell for cell in found if cell.startswith(BEGINS)] == []
        assert any(cell.startswith("'") for cell in found), "nothing risky was exported"


@pytest.mark.parametrize("kind", ["0", "1"])
def test_a02_what_was_escaped_comes_back_as_it_was(risky: Cast, client: Client, kind: str) -> None:
    client.force_login(risky.superuser)
    # Blanks around a name go when it is read; no form keeps them either.
    Employee.objects.filter(name__in=("\tx", "\rx")).update(name="-3")
    before = sorted(Employee.objects.values_list("number", "name"))
    file = io.BytesIO(content_of(library(EMPLOYEES, kind)(client)))
    file.name = "people.xlsx" if kind == "0" else "people.csv"

    preview = client.post(
        f"{EMPLOYEES}import/",
        {"import_file": file, "format": kind, "resource": "0", "effective_on": "2026-03-02"},
    )

    result = preview.context["result"]
    assert not result.has_errors()
    assert [row.errors for row in result.invalid_rows] == []
    assert [(r.import_type, r.diff) for r in result.rows if r.import_type != "skip"] == []
    assert sorted(Employee.objects.values_list("number", "name")) == before


# The rows of the list ----------------------------------------------------------------------------


@pytest.fixture
def supervisor(cast: Cast) -> User:
    """Bob leads Weaving and may take its tables along."""
    user = cast.bob.user
    assert user is not None
    for verb in (Action.SEE, Action.EXPORT, Action.AUDIT):
        assign_perm(verb.value, user, cast.department)
    services.hire(
        number="00300", name="Gone", department=cast.department, joined_on=date(2025, 1, 1), now=NOW
    )
    gone = Employee.objects.get(number="00300")
    services.leave(employee_id=gone.pk, left_on=date(2025, 6, 1), actor=None, now=NOW)
    return user


def listed(client: Client, page: str, query: str) -> list[str]:
    answer = client.get(f"{page}?{query}")
    assert answer.status_code == 200
    rows = answer.context["cl"].queryset
    return sorted(rows.values_list("number" if "employee" in page else "code", flat=True))


def first_column(content: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    return sorted(row[0] for row in rows[1:])


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("employed=now", 2), ("employed=left", 1), ("q=ali", 1), ("q=carol", 0),
     ("in={foreign}", 0), ("in={own}&employed=now", 2), ("department__id__exact={foreign}", 0),
     ("p=0&all=", 3), ("_to_field=id&o=-2", 3)],
)  # fmt: skip
def test_p27_an_exported_list_holds_the_rows_of_the_list(
    cast: Cast, supervisor: User, client: Client, query: str, count: int
) -> None:
    """P-27: the button of the page, with its filters, for somebody who sees one department."""
    client.force_login(supervisor)
    asked = query.format(own=cast.department.pk, foreign=cast.other_department.pk)
    answer = client.get(f"{EMPLOYEES}?{asked}", follow=True)
    shown = sorted(row.number for row in answer.context["cl"].queryset)

    answer = client.post(f"{EMPLOYEES}export/?{asked}", {"format": "1", "resource": "0"})

    assert len(shown) == count
    assert first_column(content_of(answer)) == shown
    written = AuditEntry.objects.filter(verb="rows.exported").latest("pk")
    assert (written.actor, written.facts["rows"]) == (supervisor, count)


NASTY: Final = ("'\"\\%_", "\0", "²", "9" * 40, "x" * 10_000, "[]{{7*7}}__class__", "\\u0000")


@pytest.mark.parametrize("page", [EMPLOYEES, DEPARTMENTS])
def test_a01_p14_odd_signs_in_the_filters_of_an_export_widen_nothing(
    cast: Cast, supervisor: User, client: Client, page: str
) -> None:
    """A-01, P-27: the filters of the list, what no list knows, and the form itself."""
    client.force_login(supervisor)
    key = "number" if page == EMPLOYEES else "code"
    names = ("q", "o", "in", "employed", "p", "_to_field", "nobody__knows", "department__code",
             "user__password__startswith", "_connector", "supervisor__id__exact")  # fmt: skip
    tried = 0
    for name in names:
        for value in NASTY:
            where = f"{page}export/?{urlencode({name: value})}"
            answer = client.post(where, {"format": "1", "resource": "0"})
            assert answer.status_code in (200, 302, 400), where
            if answer.status_code == 200 and "attachment" in answer.get("Content-Disposition", ""):
                tried += 1
                rows = first_column(content_of(answer))
                own = Employee if page == EMPLOYEES else Department
                may = set(
                    own.objects.visible_to(supervisor, Action.EXPORT).values_list(key, flat=True)
                )
                assert set(rows) <= may, where
    for value in NASTY:
        answer = client.post(f"{page}export/", {"format": value, "resource": value})
        assert answer.status_code in (200, 400)
        assert "attachment" not in answer.get("Content-Disposition", "")
    assert tried > 10


def test_p27_programs_read_the_rows_of_the_list(
    cast: Cast, supervisor: User, client: Client
) -> None:
    """P-27: the interface, with and without its filters."""
    client.force_login(supervisor)
    shown = listed(client, EMPLOYEES, "")

    def read(query: str) -> list[str]:
        return sorted(row["number"] for row in client.get(query).json()["results"])

    assert shown == ["00101", "00102", "00300"]
    assert read("/api/v1/employees/") == shown
    assert read("/api/v1/employees/?number=00101") == ["00101"]
    for foreign in (f"department={cast.other_department.pk}", "number=00201"):
        answer = client.get(f"/api/v1/employees/?{foreign}")
        assert answer.status_code in (400, 404) or answer.json()["results"] == []


def test_p27_an_action_takes_the_chosen_rows_of_the_list_and_no_others(
    cast: Cast, supervisor: User, client: Client
) -> None:
    """P-27: chosen by hand, chosen by a forged form, and "all of the list" under a filter."""
    client.force_login(supervisor)
    own, other = (
        audit.record(
            actor=cast.hr, verb=verb, thing=cast.alice, department=cast.department, now=NOW
        )
        for verb in ("employee.edited", "rule.published")
    )
    foreign = audit.record(
        actor=cast.hr, verb="employee.edited", thing=cast.carol, department=cast.other_department,
        now=NOW,
    )  # fmt: skip

    def take(query: str, **asked: Any) -> list[list[str]]:
        answer = client.post(f"{LOG}{query}", {"action": "export_csv", **asked})
        return list(csv.reader(io.StringIO(content_of(answer).decode("utf-8-sig"))))[1:]

    chosen = take("", _selected_action=[own.pk, foreign.pk])
    shown = client.get(f"{LOG}?deed=rules").context["cl"].queryset
    across = take("?deed=rules", _selected_action=[own.pk, other.pk], select_across="1")

    assert [(row[2], row[6]) for row in chosen] == [("employee.edited", "00101 Alice")]
    assert [row[2] for row in across] == [entry.verb for entry in shown] == ["rule.published"]


def test_p27_an_exported_roster_holds_the_people_of_the_department(
    cast: Cast, supervisor: User, client: Client
) -> None:
    """P-27: those who are employed in the month, of the departments one may export."""
    client.force_login(supervisor)
    own, foreign = cast.department.pk, cast.other_department.pk

    everything = list(cells(content_of(client.post(f"{ROSTER}export/", {"month": MONTH}))))
    narrowed = list(
        cells(content_of(client.post(f"{ROSTER}export/", {"month": MONTH, "department": own})))
    )
    refused = client.post(f"{ROSTER}export/", {"month": MONTH, "department": foreign})

    for found in (everything, narrowed):
        assert {"00101", "00102"} <= set(found)
        assert not {"00201", "Carol", "00300"} & set(found)
    assert refused.status_code == 404


def test_p27_exported_totals_are_the_lines_of_the_page(cast: Cast, client: Client) -> None:
    """P-27: for whoever reads the totals of one unit."""
    assign_perm(Action.SUMMARISE.value, cast.hr, cast.unit)
    client.force_login(cast.hr)
    page = client.get(reverse("totals"), {"month": MONTH})

    answer = client.post(reverse("totals-export"), {"month": MONTH, "format": "csv"})

    rows = list(csv.reader(io.StringIO(content_of(answer).decode("utf-8-sig"))))[1:]
    shown = [row[0].department.code for row in page.context["rows"]]
    assert [row[0] for row in rows[1:]] == shown
    assert not [row for row in rows if row[0].startswith("S")]


def test_p27_no_format_is_a_page(client: Client, cast: Cast) -> None:
    """P-27: HTML is not among the formats, whatever number is asked for."""
    client.force_login(cast.hr)
    for kind in ("2", "3", "html", "-1"):
        answer = client.post(f"{EMPLOYEES}export/", {"format": kind, "resource": "0"})

        assert "attachment" not in answer.get("Content-Disposition", "")
