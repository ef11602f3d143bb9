"""Employees and departments as Excel and CSV files: in, out, and back unchanged."""

import io
import os
from datetime import date

import pytest
import tablib
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from organization import services
from organization.models import Change, Department, Employee, Transfer
from tests.cast import NOW

pytestmark = pytest.mark.usefixtures("standing_cast")

EMPLOYEES = "/admin/organization/employee/"
DEPARTMENTS = "/admin/organization/department/"
FORMATS = {"xlsx": "0", "csv": "1"}
HEADINGS = ["工号", "姓名", "部门", "职位", "直属主管", "入职日期", "离职日期"]


@pytest.fixture
def hr(client, cast):
    client.force_login(cast.hr)
    return client


def sheet(*rows, headings=HEADINGS):
    return tablib.Dataset(*rows, headers=headings)


def upload(client, page, dataset, kind="xlsx", **said):
    content = dataset.export(kind)
    content = content if isinstance(content, bytes) else content.encode("utf-8-sig")
    file = SimpleUploadedFile(f"people.{kind}", content)
    said = {"effective_on": "2026-03-02", **said} if page == EMPLOYEES else said
    return client.post(
        f"{page}import/",
        {"import_file": file, "format": FORMATS[kind], "resource": "0", **said},
    )


def confirm(client, page, preview):
    form = preview.context["confirm_form"]
    return client.post(f"{page}process_import/", form.initial)


def bring_in(client, page, dataset, kind="xlsx", **said):
    preview = upload(client, page, dataset, kind, **said)
    assert "confirm_form" in preview.context, errors(preview)
    return confirm(client, page, preview)


def errors(preview):
    result = preview.context["result"]
    rows = {
        row.number: {field: list(said) for field, said in row.error_dict.items()}
        for row in result.invalid_rows
    }
    return rows, [str(error.error) for error in result.base_errors]


def take_out(client, page, kind="xlsx", query=""):
    answer = client.post(f"{page}export/{query}", {"format": FORMATS[kind], "resource": "0"})
    assert answer.status_code == 200
    if kind == "csv":
        return tablib.import_set(answer.content.decode("utf-8-sig"), format="csv")
    return tablib.import_set(io.BytesIO(answer.content), format="xlsx")


def test_new_people_come_in_with_chinese_headings(hr, cast):
    preview = upload(
        hr, EMPLOYEES, sheet(["00103", "张伟", "N-W", "CLERK", "00102", "2026-03-02", ""])
    )
    assert not Employee.objects.filter(number="00103").exists()

    confirm(hr, EMPLOYEES, preview)

    person = Employee.objects.get(number="00103")
    assert (person.name, person.department, person.position, person.supervisor) == (
        "张伟",
        cast.department,
        cast.clerk,
        cast.bob,
    )
    assert person.joined_on == date(2026, 3, 2)
    assert person.transfers.get().effective_on == date(2026, 3, 2)
    assert Change.objects.latest("pk").employee_ids == [person.pk]


@pytest.mark.parametrize("kind", FORMATS)
def test_people_come_in_with_english_headings_and_real_dates(hr, cast, kind):
    rows = ["00103", "Dora", "Weaving", "Clerk", "Bob", date(2026, 3, 2), ""]

    bring_in(
        hr,
        EMPLOYEES,
        sheet(
            rows,
            headings=[
                "Number",
                "name",
                "Department",
                "position",
                "Direct supervisor",
                "joined_on",
                "left_on",
            ],
        ),
        kind,
    )

    person = Employee.objects.get(number="00103")
    assert (person.department, person.supervisor, person.joined_on) == (
        cast.department,
        cast.bob,
        date(2026, 3, 2),
    )


def test_a_number_that_the_spreadsheet_made_a_number_is_read_as_digits(hr):
    bring_in(hr, EMPLOYEES, sheet([10103, "Dora", "N-W", "", "", "2026-03-02", ""]))

    assert Employee.objects.filter(number="10103").exists()


def test_a_supervisor_may_stand_below_the_people_they_lead(hr):
    bring_in(
        hr,
        EMPLOYEES,
        sheet(
            ["00103", "Dora", "N-W", "", "00104", "2026-03-02", ""],
            ["00104", "Emil", "N-W", "", "", "2026-03-02", ""],
        ),
    )

    assert Employee.objects.get(number="00103").supervisor.number == "00104"


def test_another_department_in_the_sheet_is_a_transfer_from_the_date_that_was_asked(hr, cast):
    bring_in(
        hr,
        EMPLOYEES,
        sheet(["00101", "N"], headings=["工号", "部门"]),
        effective_on="2026-02-01",
    )

    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.unit
    assert [row.effective_on for row in cast.alice.transfers.all()] == [
        date(2025, 1, 1),
        date(2026, 2, 1),
    ]


def test_transfers_take_effect_today_unless_another_date_is_asked(hr):
    before = localdate()

    page = hr.get(f"{EMPLOYEES}import/")

    assert before <= page.context["form"]["effective_on"].value() <= localdate()


def test_a_last_day_in_the_sheet_is_written_by_the_service(hr, cast):
    bring_in(hr, EMPLOYEES, sheet(["00101", "2026-03-31"], headings=["工号", "离职日期"]))

    cast.alice.refresh_from_db()
    assert cast.alice.left_on == date(2026, 3, 31)
    assert Change.objects.latest("pk").starts_on == date(2026, 3, 31)


def test_columns_that_the_sheet_lacks_stay_as_they_are(hr, cast):
    bring_in(hr, EMPLOYEES, sheet(["00101", "Alicia"], headings=["number", "name"]))

    cast.alice.refresh_from_db()
    assert (cast.alice.name, cast.alice.supervisor) == ("Alicia", cast.bob)


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (["00103", "Dora", "Weeving", "", "", "2026-03-02", ""], "department", "N-W"),
        (["00103", "Dora", "N-W", "Pilot", "", "2026-03-02", ""], "position", "Pilot"),
        (["00103", "Dora", "N-W", "", "99999", "2026-03-02", ""], "supervisor", "99999"),
        (["00103", "Dora", "N-W", "", "", "2nd of May", ""], "joined_on", "2026-01-31"),
        (["00103", "Dora", "N-W", "", "", "", ""], "joined_on", "empty"),
        (["00103", "", "N-W", "", "", "2026-03-02", ""], "name", "empty"),
        (["", "Dora", "N-W", "", "", "2026-03-02", ""], "number", "Write"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column_with_what_would_be_right(hr, row, field, says):
    good = ["00104", "Emil", "N-W", "", "", "2026-03-02", ""]
    preview = upload(hr, EMPLOYEES, sheet(good, row))

    rows, _base = errors(preview)
    assert list(rows) == [3]
    assert says in rows[3][field][0]
    assert "confirm_form" not in preview.context
    assert Employee.objects.count() == 3


def test_what_a_service_refuses_is_an_error_of_its_row(hr):
    preview = upload(hr, EMPLOYEES, sheet(["00101", "2024-12-31"], headings=["工号", "离职日期"]))

    rows, _base = errors(preview)
    assert "2024-12-31" in rows[2]["left_on"][0]


def test_a_preview_speaks_the_language_of_the_page(hr):
    hr.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    preview = upload(hr, EMPLOYEES, sheet(["00101", "none"], headings=["number", "department"]))

    assert preview.context["result"].diff_headers == HEADINGS
    rows, _base = errors(preview)
    assert list(rows[2]) == ["部门"]


def test_a_circle_of_supervisors_in_a_sheet_is_refused(hr, cast):
    preview = upload(
        hr,
        EMPLOYEES,
        sheet(
            ["00103", "Dora", "N-W", "00104", "2026-03-02"],
            ["00104", "Emil", "N-W", "00103", "2026-03-02"],
            headings=["number", "name", "department", "supervisor", "joined_on"],
        ),
    )

    _rows, base = errors(preview)
    assert base[0].startswith("Row 2: ")
    assert "confirm_form" not in preview.context


def test_a_sheet_without_numbers_is_told_which_heading_is_missing(hr):
    preview = upload(hr, EMPLOYEES, sheet(["Dora"], headings=["姓名"]))

    _rows, base = errors(preview)
    assert "工号" in base[0]


def test_people_of_another_unit_are_not_found(hr, cast):
    """P-28: the key of a row hits nobody else's person."""
    preview = upload(hr, EMPLOYEES, sheet(["00201", "Karla"], headings=["number", "name"]))

    rows, _base = errors(preview)
    assert "There is no 00201 here" in rows[2]["number"][0]
    cast.carol.refresh_from_db()
    assert cast.carol.name == "Carol"


def test_nobody_is_imported_into_another_unit(hr):
    preview = upload(hr, EMPLOYEES, sheet(["00103", "Dora", "S-D", "", "", "2026-03-02", ""]))

    rows, _base = errors(preview)
    assert "S-D is not known here" in rows[2]["department"][0]


def test_suggestions_name_nothing_of_another_unit(hr):
    preview = upload(hr, EMPLOYEES, sheet(["00103", "Dora", "Dyein", "", "", "2026-03-02", ""]))

    rows, _base = errors(preview)
    assert "Dyeing" not in str(rows)
    assert "S-D" not in str(rows)


def test_a_supervisor_cannot_import(client, cast):
    client.force_login(cast.bob.user)

    assert client.get(f"{EMPLOYEES}import/").status_code == 403
    assert client.get(f"{EMPLOYEES}export/").status_code == 403


def test_an_export_holds_the_people_that_may_be_exported_and_keeps_leading_zeros(hr):
    data = take_out(hr, EMPLOYEES)

    assert data["number"] == ["00101", "00102"]


def test_an_export_carries_the_headings_of_the_language(hr):
    hr.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"

    assert take_out(hr, EMPLOYEES).headers == HEADINGS


def test_an_export_follows_the_filters_of_the_list(hr, cast):
    services.leave(employee_id=cast.bob.pk, left_on=date(2025, 6, 1), actor=None, now=NOW)

    assert take_out(hr, EMPLOYEES, query="?employed=now")["number"] == ["00101"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_name_that_is_a_formula_stays_text(hr, cast, kind):
    Employee.objects.filter(pk=cast.alice.pk).update(name='=HYPERLINK("http://evil")')

    names = take_out(hr, EMPLOYEES, kind)["name"]

    assert not any(name.startswith(("=", "+", "-", "@")) for name in names)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("page", [EMPLOYEES, DEPARTMENTS])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_export_imports_back_and_changes_nothing(hr, cast, page, kind, language):
    # Bob reports to somebody outside the unit, and the unit hangs below the group.
    Employee.objects.filter(pk=cast.bob.pk).update(supervisor=cast.carol)
    Department.objects.filter(pk=cast.department.pk).update(head=cast.carol)
    hr.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    before = Transfer.objects.count(), Change.objects.count()

    preview = upload(hr, page, take_out(hr, page, kind), kind)
    result = preview.context["result"]

    assert not errors(preview)[0]
    assert (result.totals["new"], result.totals["update"], result.totals["skip"]) == (0, 0, 2)
    assert (Transfer.objects.count(), Change.objects.count()) == before


def test_departments_come_in_below_ones_own(hr, cast):
    bring_in(
        hr,
        DEPARTMENTS,
        sheet(
            ["N-S", "纺纱", "N", "", "Asia/Tokyo", "00102"],
            ["N-S-1", "一组", "N-S", "", "", ""],
            headings=["代码", "名称", "上级部门", "业务单元", "时区", "负责人"],
        ),
    )

    spinning = Department.objects.get(code="N-S")
    assert (spinning.parent, spinning.timezone, spinning.head) == (
        cast.unit,
        "Asia/Tokyo",
        cast.bob,
    )
    assert Department.objects.get(code="N-S-1").parent == spinning


def test_a_department_moves_and_changes_its_name_and_zone_by_a_sheet(client, cast):
    client.force_login(cast.superuser)

    bring_in(
        client,
        DEPARTMENTS,
        sheet(
            ["N-W", "Weavers", "S", "Asia/Tokyo"], headings=["code", "name", "parent", "timezone"]
        ),
    )

    cast.department.refresh_from_db()
    assert (cast.department.name, cast.department.parent, cast.department.timezone) == (
        "Weavers",
        cast.other_unit,
        "Asia/Tokyo",
    )
    assert cast.department.path.startswith(cast.other_unit.path)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["N-S", "Spinning", "S", "", ""], "parent"),
        (["N-S", "Spinning", "", "", ""], "parent"),
        (["S-D", "Mine", "N", "", ""], "code"),
        (["N-S", "Spinning", "N", "maybe", ""], "is_unit"),
    ],
)
def test_departments_of_others_stay_theirs(hr, row, field):
    """P-28."""
    headings = ["code", "name", "parent", "is_unit", "timezone"]
    preview = upload(hr, DEPARTMENTS, sheet(row, headings=headings))

    rows, _base = errors(preview)
    assert field in rows[2]


@pytest.mark.parametrize("zone", ["Tokyo", "UTC+8", "../etc/localtime", "Asia/Nowhere"])
def test_a05_a_zone_that_the_page_refuses_is_refused_in_a_sheet(client, cast, zone):
    """A-05: one rule, by the page, by a sheet and by the service."""
    client.force_login(cast.superuser)
    step = f"{DEPARTMENTS}{cast.department.pk}/zone/"

    page = client.post(step, {"timezone": zone, "starts_on": "2026-03-02"})
    rows, _base = errors(
        upload(client, DEPARTMENTS, sheet(["N-W", zone], headings=["code", "timezone"]))
    )

    assert "IANA" in page.content.decode()
    assert "IANA" in rows[2]["timezone"][0]
    with pytest.raises(ValidationError, match="IANA"):
        services.change_timezone(
            department_id=cast.department.pk, timezone=zone, starts_on=NOW.date(), actor=None,
            now=NOW,
        )  # fmt: skip


def test_an_upload_waits_in_a_folder_of_ours_and_goes_after_a_day(hr, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    rows = sheet(("00900", "New One", "N-W", "", "", "2026-01-01", ""))
    upload(hr, EMPLOYEES, rows)
    [waiting] = (tmp_path / "imports").iterdir()
    assert waiting.stat().st_mode & 0o077 == 0

    long_ago = waiting.stat().st_mtime - 2 * 24 * 3600
    os.utime(waiting, (long_ago, long_ago))
    upload(hr, EMPLOYEES, rows)

    assert waiting not in (tmp_path / "imports").iterdir()
