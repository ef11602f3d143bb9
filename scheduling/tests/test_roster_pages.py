from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm

from organization.models import Department, Employee, User
from organization.services import add_department, hire
from scheduling.models import RosterBatch, RosterEntry, RosterUpload, Shift, ShiftCode
from scheduling.pattern import ShiftPattern
from scheduling.rosterexport import export_month, template
from scheduling.services import add_shift, rosters
from scheduling.tasks import write_ordered_rosters
from scheduling.workbook import Table, read_workbook, write_workbook

pytestmark = pytest.mark.django_db

SAMPLE = Path(__file__).resolve().parents[3] / "shared/samples/roster_matrix_2026-04.xlsx"
NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
APRIL = date(2026, 4, 1)


@pytest.fixture
def north() -> Department:
    group = add_department(name="Group", code="G", parent=None, now=NOW)
    north = add_department(name="North", code="N", parent=group, now=NOW)
    add_department(name="South", code="S", parent=group, now=NOW)
    for code, span in (("A", (480, 960)), ("N", (1320, 1800))):
        pattern = ShiftPattern(segments=(span,))
        add_shift(code=code, name=code, pattern=pattern, valid_from=APRIL, now=NOW)
    return north


@pytest.fixture
def bob(north: Department) -> Employee:
    return hire(number="001", name="Bob", department=north, joined_on=date(2026, 1, 1), now=NOW)


@pytest.fixture
def hr(north: Department) -> User:
    user = User.objects.create_user("north_hr", is_staff=True)
    for action in ("see", "rule", "export"):
        assign_perm(f"organization.{action}", user, north)
    return user


@pytest.fixture
def desk(hr: User) -> Client:
    client = Client()
    client.force_login(hr)
    return client


def page(name: str, *args: int) -> str:
    return reverse(f"admin:scheduling_{name}", args=args)


def sheet(*rows: list[str]) -> bytes:
    days = [APRIL, date(2026, 4, 2)]
    return write_workbook([Table("April", ["Number", "Name", *days], rows)])


def send(desk: Client, content: bytes, name: str = "april.xlsx") -> str:
    file = SimpleUploadedFile(name, content)
    answer = desk.post(page("rosterentry_import"), {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_sheet_goes_from_upload_to_roster_and_back(desk: Client, bob: Employee) -> None:
    look = send(desk, sheet(["001", "Bob", "A", "N"]))
    assert "Import 2 cells" in desk.get(look).content.decode()
    assert not RosterEntry.objects.exists()

    answer = desk.post(f"{look}confirm/", follow=True)

    assert "The roster is imported." in answer.content.decode()
    assert RosterEntry.objects.count() == 2
    batch = RosterBatch.objects.get()
    answer = desk.post(page("rosterbatch_undo", batch.pk), follow=True)
    assert "The roster is as it was before." in answer.content.decode()
    assert not RosterEntry.objects.exists()


@pytest.mark.needs_samples
def test_the_real_sheet_goes_in_though_its_people_and_codes_are_new(
    desk: Client, north: Department
) -> None:
    look = send(desk, SAMPLE.read_bytes(), SAMPLE.name)
    shown = desk.get(look).content.decode()
    assert "36 people who were not found" in shown

    hired = desk.post(
        f"{look}hire/",
        {"department": north.pk, "joined_on": "2026-04-01", "prefix": "R", "position": ""},
        follow=True,
    ).content.decode()
    assert "36 people were added." in hired
    # The page tells the frequent codes first: B2, B1, A1, A2.
    codes = {f"meaning-{n}": "new" for n in range(4)}
    times = {f"start-{n}": f"{8 + n}:00" for n in range(4)} | {
        f"end-{n}": f"{17 + n}:00" for n in range(4)
    }
    mapped = desk.post(f"{look}codes/", {**codes, **times}, follow=True).content.decode()
    assert "Import 1080 cells" in mapped
    desk.post(f"{look}confirm/")

    assert RosterEntry.objects.count() == 1080
    assert RosterEntry.objects.filter(shift=None).count() == 385
    assert set(Shift.objects.filter(department=north).values_list("code", flat=True)) == {
        "A1",
        "A2",
        "B1",
        "B2",
    }
    assert Employee.objects.filter(number="R036").exists()


def test_codes_and_people_are_mapped_on_the_page(desk: Client, bob: Employee) -> None:
    look = send(desk, sheet(["", "Bobby", "早", "x"]))

    desk.post(f"{look}people/", {"person-0": "001 Bob"})
    early = Shift.objects.get(code="A")
    desk.post(f"{look}codes/", {"meaning-0": early.pk, "meaning-1": "rest"})
    desk.post(f"{look}confirm/")

    assert list(RosterEntry.objects.values_list("shift__code", flat=True)) == ["A", None]
    assert ShiftCode.objects.count() == 2


def test_wrong_answers_are_told_beside_their_boxes(desk: Client, bob: Employee) -> None:
    look = send(desk, sheet(["", "Bobby", "早", "A"], ["001", "", "早", ""]))

    people = desk.post(f"{look}people/", {"person-0": "999"}).content.decode()
    codes = desk.post(f"{look}codes/", {"meaning-0": "new", "start-0": "late"}).content.decode()

    assert "There is nobody with this number." in people
    assert "is no time" in codes
    assert RosterUpload.objects.get().choices["people"] == {}


def test_days_without_a_month_ask_for_it(desk: Client, bob: Employee) -> None:
    content = "工号,1,2\n001,A,N\n".encode()
    look = send(desk, content, "list.csv")
    assert "Choose the month" in desk.get(look).content.decode()

    desk.post(f"{look}month/", {"month": "2026-04"})
    desk.post(f"{look}confirm/")

    assert [entry.work_date.isoformat() for entry in RosterEntry.objects.all()] == [
        "2026-04-01",
        "2026-04-02",
    ]


def test_what_is_no_sheet_is_refused_on_the_form(desk: Client) -> None:
    file = SimpleUploadedFile("x.xlsx", b"<html>no</html>")

    answer = desk.post(page("rosterentry_import"), {"file": file})

    assert "web page under the name of a spreadsheet" in answer.content.decode()
    assert not RosterUpload.objects.exists()


def test_a_large_sheet_is_ordered_and_its_progress_is_shown(
    desk: Client, bob: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "WRITTEN_AT_ONCE", 0)
    look = send(desk, sheet(["001", "Bob", "A", "N"]))

    ordered = desk.post(f"{look}confirm/", follow=True).content.decode()
    waiting = desk.get(f"{look}progress/")
    write_ordered_rosters()
    over = desk.get(f"{look}progress/")

    assert "Waiting for a worker" in ordered
    assert waiting.status_code == 200
    assert over["HX-Redirect"] == look
    assert desk.get(look)["Location"] == page("rosterbatch_change", RosterBatch.objects.get().pk)


def test_carol_finds_no_page_of_norths_import(desk: Client, bob: Employee) -> None:
    look = send(desk, sheet(["001", "Bob", "A", "N"]))
    desk.post(f"{look}confirm/")
    batch = RosterBatch.objects.get()
    carol = User.objects.create_user("carol", is_staff=True)
    assign_perm("organization.rule", carol, Department.objects.get(code="S"))
    elsewhere = Client()
    elsewhere.force_login(carol)
    nobody = Client()
    nobody.force_login(User.objects.create_user("nobody", is_staff=True))

    assert elsewhere.get(look).status_code == 404
    assert elsewhere.post(f"{look}confirm/").status_code == 404
    assert elsewhere.get(page("rosterbatch_change", batch.pk)).status_code == 404
    assert elsewhere.post(page("rosterbatch_undo", batch.pk)).status_code == 404
    north = Department.objects.get(code="N").pk
    assert elsewhere.get(f"{page('rosterentry_template')}?department={north}").status_code == 404
    assert nobody.get(page("rosterentry_import")).status_code == 404
    assert nobody.post(page("rosterentry_export")).status_code == 404


def test_an_exported_month_imports_back_unchanged(desk: Client, bob: Employee, hr: User) -> None:
    look = send(desk, sheet(["001", "Bob", "A", "休"]))
    desk.post(f"{look}confirm/")

    answer = desk.post(page("rosterentry_export"), {"month": "2026-04"})
    again = send(desk, answer.content, "export.xlsx")

    shown = desk.get(again).content.decode()
    assert "The roster says all this already." in shown
    preview = rosters.preview_roster(RosterUpload.objects.latest("pk"), hr)
    assert (preview.unchanged, preview.to_write, preview.left_out) == (2, 0, 0)


def test_the_form_to_fill_in_names_the_people_and_is_read_back(hr: User, bob: Employee) -> None:
    hire(
        number="X",
        name="Gone",
        department=bob.department,
        joined_on=APRIL,
        left_on=APRIL,
        now=NOW,
    )

    content = template(month=date(2026, 5, 1), actor=hr, department=None)

    roster, codes = read_workbook(content, "template.xlsx")
    assert list(roster.rows[0][:3]) == ["Number", "Name", date(2026, 5, 1)]
    assert [list(row[:2]) for row in roster.rows[1:]] == [["001", "Bob"]]
    assert [row[0] for row in codes.rows[1:]] == ["OFF, 休", "A", "N"]
    assert export_month(month=date(2026, 5, 1), actor=hr, department=None)


def test_single_entries_are_set_and_cleared_by_hand(desk: Client, bob: Employee) -> None:
    early = Shift.objects.get(code="A")
    desk.post(
        page("rosterentry_add"),
        {"employee": bob.pk, "work_date": "2026-04-01", "shift": early.pk},
    )
    entry = RosterEntry.objects.get()
    desk.post(page("rosterentry_change", entry.pk), {"shift": ""})
    entry.refresh_from_db()
    assert entry.shift is None

    desk.post(page("rosterentry_delete", entry.pk), {"post": "yes"})

    assert not RosterEntry.objects.exists()


@pytest.mark.parametrize("name", ["rosterentry", "rosterbatch", "shiftcode"])
def test_the_lists_open_with_few_queries(
    desk: Client,
    bob: Employee,
    name: str,
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    days = [date(2026, 4, n) for n in range(1, 31)]
    RosterEntry.objects.bulk_create(RosterEntry(employee=bob, work_date=day) for day in days)
    desk.get(page(f"{name}_changelist"))

    with django_assert_max_num_queries(25):
        assert desk.get(page(f"{name}_changelist")).status_code == 200


# The console --------------------------------------------------------------------------------------


def command(tmp_path: Path, content: bytes, *words: str) -> tuple[str, str]:
    file = tmp_path / "april.xlsx"
    file.write_bytes(content)
    out, err = StringIO(), StringIO()
    call_command("import_roster", str(file), *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_says_what_would_change_and_writes_nothing(
    bob: Employee, tmp_path: Path
) -> None:
    content = sheet(["001", "Bob", "早", "A+N"], ["", "Bobo", "A", ""])

    out, err = command(tmp_path, content, "--dry-run")

    assert "1 people, 2026-04-01 to 2026-04-02: 0 new" in out
    assert "April D2: 'A+N': One person has one shift per date." in err
    assert "April B3: Bobo: There is no such person" in err
    assert "write --map 早=SHIFT" in err
    assert not RosterUpload.objects.exists()


def test_the_command_imports_what_it_can(bob: Employee, tmp_path: Path) -> None:
    content = sheet(["001", "Bob", "早", "x"])

    out, _err = command(tmp_path, content, "--map", "早=A", "--map", "x=OFF")

    assert "2 new, 0 changed, 0 cleared" in out
    assert list(RosterEntry.objects.values_list("shift__code", flat=True)) == ["A", None]
    assert RosterBatch.objects.get().confirmed_by is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--map", "早"], "CODE=SHIFT"),
        (["--map", "早=Z"], "no shift has the code Z"),
        (["--month", "April"], "like 2026-04"),
        (["--user", "ghost"], "no such log-in"),
        ([], "would change nothing"),
    ],
)
def test_the_command_refuses_odd_words(
    bob: Employee, tmp_path: Path, words: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        command(tmp_path, sheet(["001", "Bob", "z", ""]), *words)


def test_the_command_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_roster", str(tmp_path / "none.xlsx"))
