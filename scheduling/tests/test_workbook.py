import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from scheduling.workbook import (
    MOST_CELLS,
    Sheet,
    Table,
    UnreadableWorkbook,
    WorkbookTooLarge,
    cell_name,
    escape,
    read_workbook,
    unescape,
    write_workbook,
)


def rows_of(content: bytes, name: str = "book.xlsx") -> list[list[object]]:
    [sheet] = read_workbook(content, name)
    return [list(row) for row in sheet.rows]


def excel(**cells: object) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet()
        for name, value in cells.items():
            sheet.write(name, value)
    return target.getvalue()


def archive(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in members.items():
            book.writestr(name.replace("__", "/") + ".xml", text)
    return target.getvalue()


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [(0, 0, "A1"), (6, 2, "C7"), (0, 25, "Z1"), (0, 26, "AA1"), (9, 702, "AAA10")],
)
def test_cells_are_called_as_people_call_them(row: int, column: int, name: str) -> None:
    assert cell_name(row, column) == name


def test_cells_keep_their_place_and_their_kind() -> None:
    content = excel(C3="007", D3=7, E3=7.5, C4=True, D5="=1+1")

    assert rows_of(content) == [
        ["", "", "", "", ""],
        ["", "", "", "", ""],
        ["", "", "007", 7, 7.5],
        ["", "", True, "", ""],
        ["", "", "", 0, ""],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_in_the_encodings_that_offices_write(encoding: str, delimiter: str) -> None:
    lines = [["工号", "姓名", "班次"], ["007", "张三", "早"]]
    content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)

    assert rows_of(content, "list.csv") == lines


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"PK\x03\x04 and then nothing of use", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and then nothing", "damaged"),
        (b"\x00\x01\x02\x03", "neither a spreadsheet nor text"),
        (b"\xff\xff\xff\xff\xff", "neither a spreadsheet nor text"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableWorkbook, match=words):
        read_workbook(content, "roster.xls")


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(WorkbookTooLarge, match="20 MB"):
        read_workbook(b"x" * (20 * 1024 * 1024 + 1), "roster.csv")


def test_an_archive_that_unpacks_into_too_much_is_refused_unopened() -> None:
    bomb = archive(xl__worksheets__sheet1="0" * (201 * 1024 * 1024))

    assert len(bomb) < 1024 * 1024
    with pytest.raises(WorkbookTooLarge, match="unpacks"):
        read_workbook(bomb, "roster.xlsx")


@pytest.mark.parametrize(
    "text",
    [
        '<c r="A1"><v>1</v></c><c s="1" r="XFD1048576"><v>1</v></c>',
        "<x:c t='n' r = 'XFD1048576'><x:v>1</x:v></x:c>",
        '<row r="1048576"><c r="XFD1048576"/></row>',
    ],
)
def test_two_cells_far_apart_take_no_memory(text: str) -> None:
    with pytest.raises(WorkbookTooLarge, match=str(MOST_CELLS)):
        read_workbook(archive(xl__worksheets__sheet1=text), "roster.xlsx")


def test_repeated_cells_of_open_documents_take_no_memory() -> None:
    text = (
        '<table:table-row table:number-rows-repeated="1048575"><table:table-cell/>'
        '</table:table-row><table:table-row><table:table-cell office:value-type="string" '
        'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
        "</table:table-row>"
    )

    with pytest.raises(WorkbookTooLarge, match=str(MOST_CELLS)):
        read_workbook(archive(content=text), "roster.ods")


def test_empty_rows_at_the_end_of_open_documents_are_free() -> None:
    text = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p>'
        "</table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )

    with pytest.raises(UnreadableWorkbook):
        read_workbook(archive(content=text), "roster.ods")


def test_open_documents_are_read() -> None:
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    text = (
        f"<office:document-content {namespaces}><office:body><office:spreadsheet>"
        '<table:table table:name="April"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>Name</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2026-04-01"/>'
        '</table:table-row><table:table-row><table:table-cell office:value-type="string">'
        '<text:p>Bob</text:p></table:table-cell><table:table-cell office:value-type="float" '
        'office:value="7"/></table:table-row></table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", text)

    assert rows_of(target.getvalue(), "april.ods") == [["Name", date(2026, 4, 1)], ["Bob", 7]]


def test_hidden_sheets_are_left_out() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        book.add_worksheet("seen").write("A1", "x")
        book.add_worksheet("unseen").hide()

    assert read_workbook(target.getvalue(), "b.xlsx") == [Sheet("seen", [["x"]])]


def test_what_is_written_keeps_zeros_and_dates_and_runs_no_formula() -> None:
    table = Table(
        "R", ["Number", date(2026, 4, 1)], [["007", "=HYPERLINK(1)"], ["+1", "-"]], intro=["@note"]
    )

    content = write_workbook([table])

    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    assert rows_of(content) == [
        ["@note", ""],
        ["Number", date(2026, 4, 1)],
        ["007", "=HYPERLINK(1)"],
        ["+1", "-"],
    ]


@given(st.text(st.sampled_from("'=+-@\t\rA")))
def test_escaping_is_undone_exactly(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not escape(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_dates_of_excel_are_dates() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd"}) as book:
        book.add_worksheet().write("A1", datetime(2026, 4, 1))  # noqa: DTZ001

    assert rows_of(target.getvalue()) == [[date(2026, 4, 1)]]
