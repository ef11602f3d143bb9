"""Leave allowances as Excel and CSV files: in, out, and back unchanged."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Allowance
from approvals.services.allowances import set_allowances
from organization.models import AuditEntry, Employee
from organization.services import hire
from tests.cast import NOW, Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
PAGE = "/admin/approvals/allowance/"
FORMATS = {"xlsx": "0", "csv": "1"}
HEADINGS = ["number", "name", "year", "leave_type", "days"]
OUT_OF_REACH = "There is no {} here that you may change."


def browser(user: Any, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.fixture
def hr(cast: Cast) -> Client:
    return browser(cast.hr)


def upload(client: Client, *rows: list[Any], kind: str = "xlsx", headings: Any = HEADINGS) -> Any:
    content = tablib.Dataset(*rows, headers=headings).export(kind)
    content = content if isinstance(content, bytes) else content.encode("utf-8-sig")
    file = SimpleUploadedFile(f"leave.{kind}", content)
    return client.post(
        f"{PAGE}import/", {"import_file": file, "format": FORMATS[kind], "resource": "0"}
    )


def confirm(client: Client, preview: Any) -> Any:
    assert "confirm_form" in preview.context, errors(preview)
    form = preview.context["confirm_form"].initial
    return client.post(f"{PAGE}process_import/", form, follow=True)


def errors(preview: Any) -> dict[int, dict[str, list[str]]]:
    result = preview.context["result"]
    assert not result.base_errors
    return {
        row.number: {field: list(said) for field, said in row.error_dict.items()}
        for row in result.invalid_rows
    }


def take_out(client: Client, kind: str = "xlsx") -> tablib.Dataset:
    answer = client.post(f"{PAGE}export/", {"format": FORMATS[kind], "resource": "0"})
    assert answer.status_code == 200
    if kind == "csv":
        return tablib.import_set(answer.content.decode("utf-8-sig"), format="csv")
    return tablib.import_set(io.BytesIO(answer.content), format="xlsx")


def grant(person: Employee, days: str = "5", leave_type: str = "annual") -> Allowance:
    return Allowance.objects.create(employee=person, leave_type=leave_type, year=2026, days=days)


def granted() -> set[tuple[Any, ...]]:
    rows = Allowance.objects.values_list("employee__number", "year", "leave_type", "days")
    return set(rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_sheet_adds_allowances_and_changes_those_that_are_there_once_it_is_confirmed(
    cast: Cast, hr: Client, kind: str
) -> None:
    grant(cast.alice)

    preview = upload(
        hr,
        ["00101", "whoever", 2026, "annual", 7.5],
        ["00101", "", "2026", "Sick leave", "12"],
        ["00102", "", "2027年", "年假", "10.0"],
        kind=kind,
    )
    before = granted()
    confirm(hr, preview)

    assert before == {("00101", 2026, "annual", Decimal(5))}
    assert granted() == {
        ("00101", 2026, "annual", Decimal("7.5")),
        ("00101", 2026, "sick", Decimal(12)),
        ("00102", 2027, "annual", Decimal(10)),
    }
    assert Employee.objects.get(pk=cast.alice.pk).name == "Alice"
    log = AuditEntry.objects.filter(verb="allowance.set")
    assert {(one.actor, one.department, one.facts["after"]["days"]) for one in log} == {
        (cast.hr, cast.department, days) for days in ("7.5", "12", "10.0")
    }
    assert {one.thing_id for one in log} == {str(row.pk) for row in Allowance.objects.all()}
    assert AuditEntry.objects.get(verb="rows.imported").facts["rows"] == {"new": 2, "update": 1}


def test_chinese_headings_are_read(cast: Cast, hr: Client) -> None:
    headings = ["工号", "年度", "假期类型", "天数"]

    confirm(hr, upload(hr, ["00101", 2026, "annual", 5], headings=headings))

    assert granted() == {("00101", 2026, "annual", Decimal(5))}


def test_a_number_out_of_reach_is_told_as_one_that_nobody_has_and_nothing_is_written(
    cast: Cast, hr: Client
) -> None:
    hire(
        number="00110", name="Hope", department=cast.department, joined_on=date(2025, 1, 1),
        user=cast.hr, now=NOW,
    )  # fmt: skip
    grant(cast.carol)
    outside = ["00201", "99999", "00110"]

    preview = upload(
        hr,
        ["00101", "", 2026, "annual", 5],
        *([number, "", 2026, "annual", 50] for number in outside),
    )

    assert errors(preview) == {
        place: {"number": [OUT_OF_REACH.format(number)]}
        for place, number in enumerate(outside, start=3)
    }
    assert "confirm_form" not in preview.context
    assert granted() == {("00201", 2026, "annual", Decimal(5))}


@pytest.mark.parametrize("when", ["before", "after the preview"])
def test_whoever_leaves_ones_reach_keeps_a_whole_sheet_out(cast: Cast, when: str) -> None:
    client = browser(cast.hr)
    preview = upload(
        client, ["00101", "", 2026, "annual", 5], ["00102", "", 2026, "annual", 5]
    )  # fmt: skip
    Employee.objects.filter(number="00102").update(department=cast.other_department)

    if when == "before":
        preview = upload(client, ["00102", "", 2026, "annual", 5])
        assert errors(preview) == {2: {"number": [OUT_OF_REACH.format("00102")]}}
    else:
        said = confirm(client, preview).content.decode()
        assert "Nothing was imported" in said
    assert not Allowance.objects.exists()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("number", "", "must not be empty"),
        ("year", "", "must not be empty"),
        ("year", "26", "26 is not a year; write one from 2000 to 2100"),
        ("year", "1999", "1999 is not a year"),
        ("year", "next", "next is not a year"),
        ("leave_type", "", "must not be empty"),
        ("leave_type", "holiday", "holiday is not a kind of leave; write one of: Annual leave"),
        ("days", "", "must not be empty"),
        ("days", "-1", "-1 is not a number of days; write 0 to 366"),
        ("days", "366.5", "366.5 is not a number of days"),
        ("days", "7.25", "7.25 is not a number of days"),
        ("days", "1e2", "1e2 is not a number of days"),
        ("days", "NaN", "NaN is not a number of days"),
        ("days", "five", "five is not a number of days"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column_with_what_would_be_right(
    hr: Client, column: str, value: str, says: str
) -> None:
    good = dict(zip(HEADINGS, ["00101", "", "2026", "annual", "5"], strict=True))
    bad = {**good, "leave_type": "sick", column: value}

    found = errors(upload(hr, list(good.values()), list(bad.values())))

    assert list(found) == [3]
    assert list(found[3]) == [column]
    assert says in found[3][column][0]
    assert not Allowance.objects.exists()


def test_every_bad_cell_of_a_row_is_named(hr: Client) -> None:
    found = errors(upload(hr, ["99999", "", "x", "y", "z"]))

    assert set(found[2]) == {"number", "year", "leave_type", "days"}


def test_a_person_kind_and_year_that_stand_twice_are_refused(hr: Client) -> None:
    found = errors(
        upload(hr, ["00101", "", 2026, "annual", 5], ["00101", "", 2026, "Annual leave", 6])
    )

    assert found == {
        3: {"number": ["00101 has this kind of leave and year twice in the sheet."]}
    }  # fmt: skip


def test_a_missing_heading_is_named(hr: Client) -> None:
    preview = upload(hr, ["00101", 2026, 5], headings=["number", "year", "days"])

    said = [str(error.error) for error in preview.context["result"].base_errors]
    assert said == ["The first row must hold these headings: leave_type (假期类型)."]


def test_what_a_formula_added_up_is_read_to_a_tenth(hr: Client) -> None:
    confirm(hr, upload(hr, ["00101", "", 2026, "annual", 0.1 + 0.2]))

    assert granted() == {("00101", 2026, "annual", Decimal("0.3"))}


def test_one_that_somebody_else_added_meanwhile_keeps_a_whole_sheet_out(
    cast: Cast, hr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = upload(hr, ["00102", "", 2026, "annual", 9], ["00101", "", 2026, "annual", 9])

    def beside(rows: Any, **said: Any) -> None:
        Allowance.objects.create(
            employee=cast.alice, leave_type="annual", year=2026, days=5
        )  # fmt: skip
        set_allowances(rows, **said)

    monkeypatch.setattr("approvals.resources.set_allowances", beside)

    assert "Nothing was imported" in confirm(hr, preview).content.decode()
    assert not Allowance.objects.filter(days=9).exists()
    assert not AuditEntry.objects.filter(verb__in=("allowance.set", "rows.imported")).exists()


def test_an_export_holds_what_one_may_export_and_its_entry_says_how_many(
    cast: Cast, hr: Client
) -> None:
    grant(cast.alice, "7.5")
    grant(cast.bob, "10", "sick")
    grant(cast.carol)

    assert {tuple(row) for row in take_out(hr)} == {
        ("00101", "Alice", "2026", "Annual leave", "7.5"),
        ("00102", "Bob", "2026", "Sick leave", "10"),
    }
    assert AuditEntry.objects.get(verb="rows.exported").facts["rows"] == 2


def test_whoever_may_only_see_neither_exports_nor_imports(cast: Cast) -> None:
    grant(cast.alice)
    client = browser(cast.alice.user)

    for door in ("import", "export"):
        assert client.get(f"{PAGE}{door}/").status_code in (302, 403, 404)
    answer = client.post(f"{PAGE}export/", {"format": "1", "resource": "0"})
    assert b"00101" not in answer.content
    assert upload(client, ["00101", "", 2026, "annual", 50]).status_code in (302, 403, 404)
    assert granted() == {("00101", 2026, "annual", Decimal(5))}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_export_imports_back_and_changes_nothing(cast: Cast, kind: str, language: str) -> None:
    for person, leave_type in ((cast.alice, "annual"), (cast.alice, "in_lieu"), (cast.bob, "sick")):
        grant(person, "7.5", leave_type)
    client = browser(cast.hr, language)
    taken = take_out(client, kind)

    preview = upload(client, *taken, kind=kind, headings=taken.headers)

    assert errors(preview) == {}
    totals = preview.context["result"].totals
    assert (totals["skip"], totals["new"], totals["update"]) == (3, 0, 0)


def test_forty_rows_cost_no_more_queries_than_ten(cast: Cast) -> None:
    appoint(cast.bob.user, "unit_hr", cast.unit)
    for n in range(50):
        person = hire(
            number=f"01{n:03}", name=f"P{n}", department=cast.department,
            joined_on=date(2025, 1, 1), now=NOW,
        )  # fmt: skip
        if n % 2:
            grant(person)
    client = browser(cast.hr)

    def cost(first: int, last: int) -> tuple[int, int, int]:
        rows = [[f"01{n:03}", "", 2026, "annual", 9] for n in range(first, last)]
        asked = []
        with CaptureQueriesContext(connection) as one:
            preview = upload(client, *rows)
        asked.append(len(one))
        with CaptureQueriesContext(connection) as one:
            confirm(client, preview)
        asked.append(len(one))
        with CaptureQueriesContext(connection) as one:
            assert len(take_out(client)) >= last - first
        asked.append(len(one))
        return asked[0], asked[1], asked[2]

    cost(48, 50)
    few, many = cost(0, 10), cost(8, 48)

    assert many == few
    assert Allowance.objects.filter(days=9).count() == 50
