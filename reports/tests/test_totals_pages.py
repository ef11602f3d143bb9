"""The doors of totals: page, files, interface. One dataset, no person (§7.4, A-01, A-02)."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import remove_perm
from rest_framework.test import APIClient

from attendance.models import AttendanceDay, Punch
from organization.access import Action
from organization.models import AuditEntry, Department, Employee, User
from reports.columns import COLUMNS
from reports.tests.test_totals import DAY, MONDAY, NOW, days, department, people, reader
from scheduling.workbook import read_workbook

pytestmark = pytest.mark.django_db

MARCH = {"month": "2026-03"}


@pytest.fixture
def group() -> Department:
    """Two units in the open, and two small ones that are told together."""
    group = department("G")
    for code, number in (("N", 6), ("S", 7), ("TINY", 3), ("NEXT", 4)):
        whose = people(department(code, group), number)
        days(whose)
        days(whose[:2], on=MONDAY + DAY, status="late", late_minutes=11)
        days(whose[2:], on=MONDAY + DAY)
    return group


@pytest.fixture
def director(group: Department) -> User:
    return reader(group)


def page(client: Client, user: User, **query: str) -> Any:
    client.force_login(user)
    return client.get(reverse("totals"), {**MARCH, **query})


def exported(client: Client, user: User, **asked: str) -> Any:
    client.force_login(user)
    return client.post(reverse("totals-export"), {**MARCH, **asked})


def as_rows(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def told(user: User, **query: str) -> Any:
    client = APIClient()
    client.force_authenticate(User.objects.get(pk=user.pk))
    return client.get(reverse("totals-api"), {**MARCH, **query})


def test_the_director_reads_totals_of_units(client: Client, director: User) -> None:
    answer = page(client, director)
    text = answer.content.decode()

    assert answer.status_code == 200
    for words in ("Room N", "Room S", "Room TINY", "Fewer than 5 people", "together"):
        assert words in text
    assert answer["Cache-Control"].count("no-store") == 1


def test_page_files_and_interface_say_the_same(client: Client, director: User) -> None:
    """P23: one dataset, many faces; nothing hidden in one is told by another."""
    context = page(client, director).context
    by_page = [
        [row.name, *(cell.words for cell in row.cells)]
        for row in (context["whole"], *context["rows"])
    ]
    by_csv = as_rows(exported(client, director, format="csv"))[1:]
    (sheet,) = read_workbook(exported(client, director, format="xlsx").content, "t.xlsx")
    by_sheet = [list(row) for row in sheet.rows[2:]]
    body = told(director).json()
    by_api = [[line[c.key] for c in COLUMNS] for line in (body["total"], *body["lines"])]

    def plain(cells: list[Any]) -> list[str]:
        return [
            "" if c in (None, "", "–") else f"{float(str(c).replace(',', '')):g}" for c in cells
        ]

    width = 3 + len(COLUMNS)
    assert [row[1] for row in by_csv] == [row[0] for row in by_page]
    assert [plain(row[3:width]) for row in by_csv] == [plain(row[1:]) for row in by_page]
    assert [plain(row[3:width]) for row in by_sheet] == [plain(row[1:]) for row in by_page]
    assert [plain(row) for row in by_api] == [plain(row[1:]) for row in by_page]
    assert [line["is_hidden"] for line in body["lines"]] == [False, False, True, True, False]


def test_no_door_of_totals_names_a_person(client: Client, director: User) -> None:
    """§7.4: no name, no number, no moment of a punch, through any format."""
    texts = [
        page(client, director).content,
        page(client, director, department="N").content,
        b"".join(exported(client, director, format="csv", levels="all").streaming_content),
        json.dumps(told(director, levels="all").json()).encode(),
    ]
    names = [*Employee.objects.values_list("name", flat=True)]
    names += Employee.objects.values_list("number", flat=True)

    for text in texts:
        for name in names:
            assert name not in text.decode()
        assert not re.search(r"\b\d\d:\d\d\b", text.decode().split('id="content-main"')[-1])


def test_the_director_opens_nobodys_page(client: Client, director: User) -> None:
    """§7.4: from totals nothing leads to a person; a person's page is not found."""
    someone = Employee.objects.order_by("pk")[0]
    day = AttendanceDay.objects.get(employee=someone, work_date=MONDAY)
    punch = Punch.objects.create(
        employee=someone,
        department=someone.department,
        punched_at=NOW,
        received_at=NOW,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        natural_key="x",
    )
    client.force_login(director)

    addresses = [
        reverse("admin:attendance_attendanceday_day", args=(someone.pk, MONDAY.isoformat())),
        reverse("admin:attendance_attendanceday_change", args=(day.pk,)),
        reverse("admin:attendance_punch_change", args=(punch.pk,)),
        reverse("admin:organization_employee_change", args=(someone.pk,)),
        reverse("admin:attendance_attendanceday_changelist"),
        reverse("admin:attendance_punch_changelist"),
        reverse("admin:organization_employee_changelist"),
    ]
    assert {client.get(address).status_code for address in addresses} <= {403, 404}
    for kind in ("employees", "punches"):
        answer = client.get(f"/api/v1/{kind}/", headers={"accept": "application/json"})
        assert answer.status_code == 200
        assert answer.json()["results"] == []


@pytest.mark.parametrize("door", ["totals", "totals-api"])
def test_without_the_right_to_totals_the_page_is_not_found(
    client: Client, group: Department, door: str
) -> None:
    client.force_login(reader(group, Action.SEE, Action.EXPORT))

    assert client.get(reverse(door)).status_code == 404


def test_the_unit_of_others_is_not_found(client: Client, group: Department) -> None:
    user = reader(Department.objects.get(code="N"))

    for code in ("S", "G", "nowhere", "'; --", "N" * 10_000):
        assert page(client, user, department=code).status_code == 404
        assert exported(client, user, department=code).status_code == 404
        assert told(user, department=code).status_code == 404
    assert "Room S" not in page(client, user).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"month": "'"},
        {"month": "2026-13"},
        {"by": "dates", "first": "%", "last": "\\"},
        {"by": "dates", "first": "2026-03-02", "last": "2026-03-01"},
    ],
)
def test_an_odd_period_is_named_and_nothing_breaks(
    client: Client, director: User, query: dict[str, str]
) -> None:
    """A-01: odd values of the filters are refused in words."""
    answer = page(client, director, **query)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert exported(client, director, **query).status_code == 400


@pytest.mark.parametrize("order", ["employee__name", "'", "-", "--people", "people;drop", "\\"])
def test_only_columns_sort(client: Client, director: User, order: str) -> None:
    """A-01: an order that is no column changes nothing."""
    plain = [row.name for row in page(client, director).context["rows"]]

    assert [row.name for row in page(client, director, order=order).context["rows"]] == plain


def test_lines_sort_by_their_numbers_and_hidden_ones_stay_last(
    client: Client, director: User
) -> None:
    def names(order: str) -> list[str]:
        rows = page(client, director, order=order).context["rows"]
        return [row.line.department.code for row in rows]

    assert names("-people") == ["S", "N", "TINY", "NEXT", "G"]
    assert names("people") == ["N", "S", "TINY", "NEXT", "G"]


def test_an_export_is_written_down(client: Client, director: User) -> None:
    """A-27: who took totals away, how many lines, of what."""
    exported(client, director, format="csv", levels="all")

    entry = AuditEntry.objects.get(verb="totals.exported")
    assert (entry.actor, entry.department.code) == (director, "G")  # type: ignore[union-attr]
    assert entry.facts == {
        "rows": 6,
        "format": "csv",
        "filter": {"first": "2026-03-01", "last": "2026-03-31", "levels": "all"},
    }


def test_looking_writes_nothing_and_an_export_needs_a_form(client: Client, director: User) -> None:
    """A-09: no GET changes anything; an export comes from our own form."""
    page(client, director)

    assert client.get(reverse("totals-export")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(director)
    assert strict.post(reverse("totals-export"), MARCH).status_code == 403
    assert not AuditEntry.objects.filter(verb="totals.exported").exists()


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_no_name_becomes_a_formula(client: Client, director: User, name: str) -> None:
    """A-02: CSV and .xlsx alike."""
    Department.objects.filter(code="N").update(name=name)

    rows = as_rows(exported(client, director, format="csv"))

    assert rows[2][1] == f"'{name}"
    content = exported(client, director, format="xlsx").content
    assert f"'{name}".strip() in _raw_texts(content)


def _raw_texts(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    return sheet.replace("_x000D_", "\r").replace("&amp;", "&")


def test_a_name_is_shown_as_text(client: Client, director: User) -> None:
    """P-03: what people typed does not run."""
    Department.objects.filter(code="N").update(name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in page(client, director).content.decode()


def test_an_empty_month_says_so(client: Client, director: User) -> None:
    text = page(client, director, month="2025-01").content.decode()

    assert "Nothing to add up" in text


def test_nobody_reads_totals_without_logging_in(client: Client, group: Department) -> None:
    assert client.get(reverse("totals")).status_code == 302
    assert client.post(reverse("totals-export")).status_code == 302
    assert client.get(reverse("totals-api")).status_code in (401, 403)


def test_the_sidebar_leads_to_totals_whoever_holds_them(
    client: Client, director: User, group: Department
) -> None:
    line = f'href="{reverse("totals")}"'
    assert line in page(client, director).content.decode()

    client.force_login(reader(group, Action.SEE))

    assert line not in client.get(reverse("admin:index")).content.decode()


def test_a_grant_taken_back_closes_the_page_at_once(client: Client, director: User) -> None:
    """A-17: on the next request."""
    assert page(client, director).status_code == 200
    remove_perm("summarise", director, Department.objects.get(code="G"))

    assert page(client, director).status_code == 404


def test_the_page_costs_the_same_however_many_departments(
    client: Client, director: User, group: Department, django_assert_max_num_queries: Any
) -> None:
    for n in range(15):
        days(people(department(f"U{n}", group), 6))
    client.force_login(director)

    with django_assert_max_num_queries(25):
        assert client.get(reverse("totals"), MARCH).status_code == 200
