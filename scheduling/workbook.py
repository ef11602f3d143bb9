"""Spreadsheet bytes in, cells out, and back. The only file that knows Excel.

Reading takes `.xlsx`, `.xls`, `.ods` and `.csv`, recognised by content and not by name. A file
comes from a stranger: its size is checked before it is unpacked, and the corners of its tables
before memory is taken for them, because a reader fills the whole rectangle between two cells.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import xlsxwriter
from django.utils.translation import gettext_lazy as _
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from organization.cells import escape, unescape
from organization.errors import DomainError

Cell = str | int | float | bool | date | datetime | time | timedelta

LARGEST_FILE: Final = 20 * 1024 * 1024
LARGEST_UNPACKED: Final = 200 * 1024 * 1024
# 10,000 people with a month of dates need 330,000 cells; a list of the same needs 1,240,000.
MOST_CELLS: Final = 2_000_000
MOST_SHEETS: Final = 50

_CHUNK: Final = 1 << 17


class UnreadableWorkbook(DomainError):
    """The bytes are not a spreadsheet that can be read."""

    code = "unreadable_workbook"
    message = _("%(file)s cannot be read: %(why)s")


class WorkbookTooLarge(DomainError):
    """The spreadsheet is larger than what is taken in one piece."""

    code = "workbook_too_large"
    message = _("%(file)s is too large: %(why)s")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: `rows[r][c]` as in the file, from A1 on; an empty cell is an empty text."""

    name: str
    rows: Sequence[Sequence[Cell]]


def cell_name(row: int, column: int) -> str:
    """Return how people call a cell; both are counted from 0, so (6, 2) is C7."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def read_workbook(content: bytes, file_name: str) -> list[Sheet]:
    """Return the visible sheets of a file, with typed cells.

    Numbers are `int` where they are whole; a formula without a stored value is empty; what the
    writer below escaped is itself again. Raises UnreadableWorkbook and WorkbookTooLarge.
    """
    if len(content) > LARGEST_FILE:
        raise _too_large(
            file_name, _("files up to %(limit)d MB are taken."), limit=LARGEST_FILE // 1024 // 1024
        )
    if content.startswith(b"PK\x03\x04"):
        _check_archive(content, file_name)
        return _read_binary(content, file_name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return _read_binary(content, file_name)
    return [_read_text(content, file_name)]


def _unreadable(file_name: str, why: object) -> UnreadableWorkbook:
    return UnreadableWorkbook(file=file_name, why=str(why))


def _too_large(file_name: str, why: object, **facts: object) -> WorkbookTooLarge:
    return WorkbookTooLarge(file=file_name, why=str(why) % facts)


# Excel and OpenDocument --------------------------------------------------------------------------


def _read_binary(content: bytes, file_name: str) -> list[Sheet]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            visible = [
                meta.name
                for meta in book.sheets_metadata
                if meta.visible == SheetVisibleEnum.Visible
            ]
            if len(visible) > MOST_SHEETS:
                raise _too_large(
                    file_name, _("at most %(limit)d sheets are taken."), limit=MOST_SHEETS
                )
            sheets = []
            room = MOST_CELLS
            for name in visible:
                table = book.get_sheet_by_name(name)
                room -= table.total_height * table.total_width
                if room < 0:
                    raise _too_many_cells(file_name)
                sheets.append(Sheet(name, _plain_rows(table)))
            return sheets
    except PasswordError as error:
        raise _unreadable(
            file_name, _("it is protected by a password; save it without one.")
        ) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(
            file_name, _("it is damaged, or not a spreadsheet; save it again as .xlsx.")
        ) from error


def _too_many_cells(file_name: str) -> WorkbookTooLarge:
    return _too_large(
        file_name,
        _(
            "its table reaches over more than %(limit)d cells. Delete empty rows and columns "
            "that only carry a format, or split the file."
        ),
        limit=MOST_CELLS,
    )


def _plain_rows(table: CalamineSheet) -> list[list[Cell]]:
    """Return the rows from A1 on, whole numbers whole, and each text kept only once.

    A month of 10,000 people repeats a handful of codes 310,000 times.
    """
    if table.start is None:
        return []
    texts: dict[str, Cell] = {}
    margin: list[Cell] = [""] * table.start[1]
    rows: list[list[Cell]] = []
    # The rows above the first filled one come as empty rows, the columns before it not at all.
    for row in table.iter_rows():
        for column, value in enumerate(row):
            if type(value) is str:
                row[column] = texts.setdefault(value, value)
            elif type(value) is float and value.is_integer() and abs(value) < 1e15:
                row[column] = int(value)
        rows.append(margin + row)
    escaped = {text for text in texts if text[:1] == "'"}
    if escaped:
        rows = [
            [unescape(value) if value in escaped else value for value in row]  # type: ignore[arg-type]
            for row in rows
        ]
    return rows


def _check_archive(content: bytes, file_name: str) -> None:
    """Refuse an archive that would unpack into too much, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > 2_000 or sum(m.file_size for m in members) > LARGEST_UNPACKED:
                raise _too_large(file_name, _("it unpacks into too much."))
            room = MOST_CELLS
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename, re.IGNORECASE):
                    room -= _excel_area(archive, member)
                elif member.filename == "content.xml":
                    room -= _opendocument_area(archive, member)
                if room < 0:
                    raise _too_many_cells(file_name)
    # An unpacked size that lies ends as a bad checksum, after no more bytes than it promised.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable(
            file_name, _("it is damaged, or not a spreadsheet; save it again as .xlsx.")
        ) from error
    except ValueError as error:
        raise _unreadable(file_name, _("its tables are written in an unusual way.")) from error


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the member in pieces that end between two tags."""
    rest = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            whole, mark, tail = (rest + chunk).rpartition(b">")
            if not mark and len(tail) > 32 * _CHUNK:
                raise ValueError("a tag without an end")
            yield whole + mark
            rest = tail
    yield rest


# A tag in UTF-16 would pass the patterns below unseen.
_ODD_ENCODINGS: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_EXCEL_TAG: Final = re.compile(
    rb"<(?:\w+:)?(?:(row)|c)(?=[\s/>])(?:[^>]*?\sr\s*=\s*[\"']([A-Za-z]{0,3})(\d{1,8})[\"'])?"
)


def _excel_area(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return how many cells the rectangle around a sheet's cells has, or more."""
    last_row = last_column = rows = unnamed = 0
    first = True
    columns: dict[bytes, int] = {}
    for piece in _pieces(archive, member):
        if first and piece.startswith(_ODD_ENCODINGS):
            raise ValueError("not UTF-8")
        first = False
        for is_row, letters, number in _EXCEL_TAG.findall(piece):
            if is_row:
                rows += 1
            elif not number:
                unnamed += 1
            else:
                column = columns.get(letters)
                if column is None:
                    column = columns[letters] = _column_number(letters)
                if column > last_column:
                    last_column = column
                if (row := int(number)) > last_row:
                    last_row = row
    if unnamed:
        # Cells without a name stand beside each other; a row holds no more than all of them.
        last_column += unnamed // max(rows, 1) + 1
    return max(last_row, rows if unnamed else 0) * last_column


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


_ODS_TAG: Final = re.compile(
    rb"<(table:table-row|table:(?:covered-)?table-cell|text:p)(?=[\s/>])([^>]*)>"
)
_ODS_REPEAT: Final = re.compile(rb"number-(?:rows|columns)-repeated\s*=\s*[\"'](\d{1,8})[\"']")


def _opendocument_area(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return how many cells the rectangles around the filled cells have, or more."""
    area = row = column = repeat_row = repeat = widest = 0
    first = True
    for piece in _pieces(archive, member):
        if first and piece.startswith(_ODD_ENCODINGS):
            raise ValueError("not UTF-8")
        first = False
        for tag, attributes in _ODS_TAG.findall(piece):
            found = _ODS_REPEAT.search(attributes)
            times = int(found[1]) if found else 1
            if tag == b"table:table-row":
                row, column, repeat, repeat_row = row + repeat_row, 0, 0, times
            elif tag != b"text:p":
                column, repeat = column + repeat, times
                if b"value-type" not in attributes:
                    continue
            if tag == b"text:p" or b"value-type" in attributes:
                widest = max(widest, column + repeat)
                area = max(area, (row + repeat_row) * widest)
    return area


# Text --------------------------------------------------------------------------------------------

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(content: bytes, file_name: str) -> str:
    """Return the text of UTF-8, UTF-16 with its mark, or GB18030. Raises UnreadableWorkbook."""
    encodings = next(([name] for mark, name in _BOMS if content.startswith(mark)), None)
    for encoding in encodings or ["utf-8", "gb18030"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unreadable(
        file_name, _("it is neither a spreadsheet nor text; save it as .xlsx, or as CSV in UTF-8.")
    )


def _read_text(content: bytes, file_name: str) -> Sheet:
    text = decode(content, file_name)
    if re.match(r"\s*<(!doctype|html|\?xml|table|meta)", text[:200], re.IGNORECASE):
        raise _unreadable(
            file_name,
            _("it is a web page under the name of a spreadsheet; open it and save it as .xlsx."),
        )
    rows: list[list[Cell]] = []
    room = MOST_CELLS
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            room -= len(row)
            if room < 0:
                raise _too_many_cells(file_name)
            rows.append([unescape(value) for value in row])
    except csv.Error as error:
        raise _unreadable(file_name, _("it is not a table of text.")) from error
    return Sheet("CSV", rows)


def _delimiter(text: str) -> str:
    """Return what parts the cells: of comma, semicolon and tab the most frequent one."""
    head = "\n".join(text.splitlines()[:10])
    return max(",;\t", key=head.count)


# Writing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet to write: headings (the first `frozen` columns stay in sight), and rows of cells.

    `intro` rows stand above the headings. Texts stay texts, with their leading zeros.
    """

    name: str
    headings: Sequence[str | date]
    rows: Iterable[Sequence[str | int | float | date]]
    widths: Sequence[float] = ()
    frozen: int = 0
    intro: Sequence[str] = ()
    marked: frozenset[int] = frozenset()


def write_workbook(tables: Iterable[Table], *, created: datetime | None = None) -> bytes:
    """Return an .xlsx file. Rows are written as they come, so memory stays flat.

    `Table.marked` names columns (from 0) with a shaded heading, such as weekends. With `created`
    the same tables give the same bytes at any time.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    if created is not None:
        book.set_properties({"created": created})
    plain = {"bold": True, "bg_color": "#EEF2FF", "border": 1, "border_color": "#C7D2FE"}
    heading, marked = book.add_format(plain), book.add_format({**plain, "bg_color": "#FDE68A"})
    headings = [
        (look, book.add_format({**fields, "num_format": "yyyy-mm-dd"}))
        for look, fields in ((heading, plain), (marked, {**plain, "bg_color": "#FDE68A"}))
    ]
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    note = book.add_format({"font_color": "#64748B", "italic": True})
    for table in tables:
        sheet = book.add_worksheet(table.name[:31])
        for column, width in enumerate(table.widths):
            sheet.set_column(column, column, width, text)
        for number, line in enumerate(table.intro):
            sheet.write_string(number, 0, escape(line), note)
        top = len(table.intro)
        for column, value in enumerate(table.headings):
            look, look_dated = headings[column in table.marked]
            if isinstance(value, date):
                sheet.write_datetime(top, column, value, look_dated)
            else:
                sheet.write_string(top, column, escape(value), look)
        sheet.freeze_panes(top + 1, table.frozen)
        for number, row in enumerate(table.rows, top + 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    if cell:
                        sheet.write_string(number, column, escape(cell), text)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, dated)
                else:
                    sheet.write_number(number, column, cell)
    book.close()
    return target.getvalue()
