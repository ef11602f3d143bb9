"""Two layouts of roster sheets become lines and cell errors. Pure: no database, no Excel.

The month matrix has one row per person and one column per date; the list has one row per person
and date. A bad cell becomes an error that names it, and never spoils the rest: every filled cell
of the table ends as a code or as exactly one error.

Codes stay text here, because what they mean is the caller's knowledge; people stay what the sheet
wrote, until `match_people` finds them.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal

from django.utils.translation import gettext_lazy as _

from scheduling.workbook import Cell, Sheet, cell_name

LONGEST_CODE: Final = 40
# What sheets write for a day without work; a shift with such a code, or a mapping, wins.
REST_WORDS: Final = frozenset(
    ("休", "休息", "公休", "轮休", "例休", "周休", "休班", "休日", "off", "rest", "day off", "0")
)


class Problem(StrEnum):
    """What can be wrong with a cell."""

    NO_TABLE = "no_table"
    MONTH_NEEDED = "month_needed"
    BAD_DATE = "bad_date"
    DATE_TWICE = "date_twice"
    NO_DATE_ABOVE = "no_date_above"
    NO_PERSON = "no_person"
    NOT_A_CODE = "not_a_code"
    FORMULA_FAILED = "formula_failed"
    TWO_SHIFTS = "two_shifts"
    UNKNOWN_PERSON = "unknown_person"
    NAME_NOT_UNIQUE = "name_not_unique"
    ENTRY_TWICE = "entry_twice"
    ELSEWHERE = "elsewhere"


WORDING: Final = {
    Problem.NO_TABLE: _(
        "No roster was found. Write the dates in one row above the shifts, or the headings "
        "number, name, date and shift above a list."
    ),
    Problem.MONTH_NEEDED: _("The dates name days only. Choose the month they belong to."),
    Problem.BAD_DATE: _("This is not a date of the calendar. Write it like 2026-04-01."),
    Problem.DATE_TWICE: _("This date stands in two columns. Keep one of them."),
    Problem.NO_DATE_ABOVE: _("There is no date above this cell. Write one, or empty the column."),
    Problem.NO_PERSON: _("There is no person in this row. Write the number or the name."),
    Problem.NOT_A_CODE: _(
        "This is a date, a time or a fraction. Write the code of a shift, as text."
    ),
    Problem.FORMULA_FAILED: _("This formula failed. Write the code of the shift instead."),
    Problem.TWO_SHIFTS: _(
        "One person has one shift per date. Make a shift with two segments and write its code."
    ),
    Problem.UNKNOWN_PERSON: _("There is no such person among those whose rosters you keep."),
    Problem.NAME_NOT_UNIQUE: _("Several people have this name. Write the employee number."),
    Problem.ENTRY_TWICE: _("This person has another shift on this date at %(other)s. Keep one."),
    Problem.ELSEWHERE: _(
        "On %(day)s this person belongs to a department whose roster you do not keep. "
        "Empty the cell; whoever keeps that roster fills it in."
    ),
}


@dataclass(frozen=True, slots=True)
class CellError:
    """One thing wrong in one cell: where, what it says, and what would be right."""

    sheet: str
    cell: str
    value: str
    problem: Problem
    facts: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Say what would be right."""
        return str(WORDING[self.problem]) % self.facts


@dataclass(slots=True)
class Line:
    """What a sheet says about one person; the sequences run side by side, one item a date.

    An empty code is an empty cell; None stands for a cell that became an error. `row` and `column`
    (from 0) are the person's cell.
    """

    sheet: str
    number: str
    name: str
    row: int
    column: int
    dates: Sequence[date]
    codes: Sequence[str | None]
    rows: Sequence[int]
    columns: Sequence[int]

    @property
    def who(self) -> str:
        """Return the person as the sheet wrote them."""
        return " ".join(part for part in (self.number, self.name) if part)

    def cell(self, index: int) -> str:
        """Return the name of the cell that holds the code at `index`."""
        return cell_name(self.rows[index], self.columns[index])


@dataclass(slots=True)
class Reading:
    """All that was read: the lines, the errors, and the sheets that hold no roster."""

    lines: list[Line] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    layouts: dict[str, Literal["matrix", "list"]] = field(default_factory=dict)

    @property
    def needs_month(self) -> bool:
        """Say whether a sheet names days without a month."""
        return any(error.problem is Problem.MONTH_NEEDED for error in self.errors)


@dataclass(frozen=True, slots=True)
class CodeCount:
    """A code, how often it stands in the sheets, and the first cell that has it."""

    code: str
    count: int
    sheet: str
    cell: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a line may be about."""

    key: int
    number: str
    name: str


# Text as people mean it ---------------------------------------------------------------------------


def tidy(value: Cell) -> str:
    """Return a cell as text, full-width forms narrowed, without needless blanks."""
    if type(value) is str:
        if value.isascii() and value.isalnum():
            return value
        return " ".join(unicodedata.normalize("NFKC", value).split())
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()
    return str(value)


def name_key(value: str) -> str:
    """Return what makes two spellings of a name or number the same: no blanks, no case."""
    return "".join(unicodedata.normalize("NFKC", value).split()).casefold()


def is_rest(code: str) -> bool:
    """Say whether a code means a day without work."""
    return code.casefold() in REST_WORDS


# Dates as people write them -----------------------------------------------------------------------

_FULL: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)\s*[日号]?")
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})(?!\d)")
_MONTH_DAY: Final = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)\s*[日号]?")
_DAY: Final = re.compile(r"(\d{1,2})(?!\d)\s*[日号]?")
_MONTH: Final = re.compile(
    r"(?<!\d)(20\d{2})(?:\s*[-/.年_]\s*(?=\d)|(?=\d\d(?!\d)))(1[0-2]|0?[1-9])(?!\d)"
)
# What may follow a date in its cell: a weekday, in brackets or not.
_WEEKDAY: Final = re.compile(
    r"\(?(?:(?:周|星期|礼拜)?[一二三四五六日天]"
    r"|(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:day|nesday|rsday|sday|urday)?\.?)\)?",
    re.IGNORECASE,
)
_FIRST_SERIAL: Final = 36526  # 2000-01-01
_LAST_SERIAL: Final = 73050  # 2099-12-31


@dataclass(frozen=True, slots=True)
class _Day:
    """A date as written: the year, or the month as well, may be left to the sheet."""

    year: int | None
    month: int | None
    day: int

    def on(self, month: date | None) -> date | None:
        """Return the date, completed from the first day of a month; None if there is no such."""
        if self.month is None and month is None:
            return None
        year = self.year or (month.year if month else None)
        if year is None:
            return None
        if self.month and not self.year and month:
            # December in a January sheet is last December, and the other way round.
            year += (month.month - self.month > 6) - (self.month - month.month > 6)
        try:
            return date(year, self.month or month.month, self.day)  # type: ignore[union-attr]
        except ValueError:
            return None


def _read_day(value: Cell) -> _Day | None:
    """Return the date a cell names, as far as it names one."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return _Day(value.year, value.month, value.day)
    if type(value) is int:
        if 1 <= value <= 31:
            return _Day(None, None, value)
        if _FIRST_SERIAL <= value <= _LAST_SERIAL:
            return _read_day(date(1899, 12, 30) + timedelta(days=value))
        value = str(value)
    if type(value) is not str:
        return None
    text = tidy(value)
    if not text[:1].isdigit() or len(text) > 30:
        return None
    for pattern in (_FULL, _COMPACT, _MONTH_DAY, _DAY):
        found = pattern.match(text)
        if found:
            rest = text[found.end() :].strip()
            if rest and not _WEEKDAY.fullmatch(rest) and not re.fullmatch(r"0?0:00(:00)?", rest):
                continue
            parts = [int(part) for part in found.groups()]
            year, month, day = [None, None, *parts][-3:]
            return _Day(year, month, day) if day and day <= 31 else None
    return None


def read_month(value: Cell) -> date | None:
    """Return the first day of the month that a cell, a sheet's name or a file's name tells."""
    if isinstance(value, date):
        return date(value.year, value.month, 1)
    if type(value) is int and _FIRST_SERIAL <= value <= _LAST_SERIAL:
        return (date(1899, 12, 30) + timedelta(days=value)).replace(day=1)
    found = _MONTH.search(tidy(value)) if type(value) is str else None
    return date(int(found[1]), int(found[2]), 1) if found else None


# Headings -----------------------------------------------------------------------------------------

_NUMBER, _NAME, _DATE, _SHIFT, _OTHER = "number", "name", "date", "shift", "other"
_HEADING_WORDS: Final = {
    _NUMBER: (
        "工号 员工号 员工编号 人员编号 编号 职工号 职工编号 考勤号 考勤号码 number no no. id "
        "employeenumber employeeno employeeno. employeeid staffid staffno staffno."
    ),
    _NAME: "姓名 名字 员工 员工姓名 人员 人员姓名 name employee employeename staff",
    _DATE: "日期 考勤日期 排班日期 归属日 date workdate day",
    _SHIFT: "班次 班别 班次代码 班次编号 班次名称 排班 shift shiftcode code",
    _OTHER: (
        "部门 岗位 职位 班组 组别 单位 序号 备注 星期 职务 车间 department position team unit note "
        "notes remark weekday seq group"
    ),
}
_HEADINGS: Final = {word: kind for kind, words in _HEADING_WORDS.items() for word in words.split()}
_HEADER_ROWS: Final = 30


def _heading(value: Cell) -> str | None:
    return _HEADINGS.get(name_key(value)) if type(value) is str and len(value) < 30 else None


# Reading ------------------------------------------------------------------------------------------


def read_sheets(
    sheets: Iterable[Sheet],
    *,
    month: date | None = None,
    known_codes: Container[str] = (),
    file_name: str = "",
    keep_empty_lines: bool = False,
) -> Reading:
    """Return what the sheets say and what is wrong with them, cell by cell. Never raises.

    `month` (its first day) completes dates that name days only; without it the sheet's corner, its
    name and the file's name are asked. `known_codes` are taken as they are, even if they look
    like two shifts. A line without any code is left out, unless `keep_empty_lines`.
    """
    reading = Reading()
    for sheet in sheets:
        _SheetReader(sheet, reading, month, known_codes, file_name, keep_empty_lines).read()
    if not reading.lines and not reading.errors and reading.skipped:
        name = reading.skipped.pop(0)
        reading.errors.append(CellError(name, "A1", "", Problem.NO_TABLE))
    return reading


def count_codes(lines: Iterable[Line]) -> dict[str, CodeCount]:
    """Return each code once, with its count and its first cell, the frequent ones first."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[Line, int]] = {}
    for line in lines:
        for index, code in enumerate(line.codes):
            if code:
                counts[code] += 1
                if code not in first:
                    first[code] = (line, index)
    return {
        code: CodeCount(code, count, first[code][0].sheet, first[code][0].cell(first[code][1]))
        for code, count in counts.most_common()
    }


class _SheetReader:
    """Reads one sheet into a Reading."""

    def __init__(
        self,
        sheet: Sheet,
        reading: Reading,
        month: date | None,
        known_codes: Container[str],
        file_name: str,
        keep_empty_lines: bool,
    ) -> None:
        self.sheet = sheet
        self.reading = reading
        self.known = known_codes
        self.month = month
        self.file_name = file_name
        self.keep_empty_lines = keep_empty_lines
        # A sheet repeats few codes very often: each spelling is judged once.
        self.judged: dict[str, str | Problem] = {}

    def _told_month(self, header: int) -> date | None:
        """Return the month told at or above the row of headings, or by a name."""
        for row in self.sheet.rows[: header + 1]:
            for value in row:
                if value != "" and (found := read_month(value)):
                    return found
        return read_month(self.sheet.name) or read_month(self.file_name)

    def error(self, row: int, column: int, value: Cell, problem: Problem) -> None:
        self.reading.errors.append(
            CellError(self.sheet.name, cell_name(row, column), tidy(value)[:60], problem)
        )

    def read(self) -> None:
        if self._read_list() or self._read_matrix():
            return
        if any(value != "" for row in self.sheet.rows for value in row):
            self.reading.skipped.append(self.sheet.name)

    # One row per person and date

    def _read_list(self) -> bool:
        for number, row in enumerate(self.sheet.rows[:_HEADER_ROWS]):
            columns: dict[str, int] = {}
            for column, value in enumerate(row):
                kind = _heading(value)
                if kind and kind != _OTHER:
                    columns.setdefault(kind, column)
            if _DATE in columns and _SHIFT in columns and (_NUMBER in columns or _NAME in columns):
                self.reading.layouts[self.sheet.name] = "list"
                self.month = self.month or self._told_month(number)
                self._read_list_rows(number + 1, columns)
                return True
        return False

    def _read_list_rows(self, top: int, columns: Mapping[str, int]) -> None:
        lines: dict[tuple[str, str], Line] = {}
        dates: dict[tuple[type, Cell], _Day | None] = {}
        day_column, code_column = columns[_DATE], columns[_SHIFT]
        for number, row in enumerate(self.sheet.rows[top:], top):
            code = self._code(number, code_column, row)
            if not code:
                continue
            value = _at(row, day_column)
            key = (type(value), value)
            if key not in dates:
                dates[key] = _read_day(value)
            written = dates[key]
            day = written.on(self.month) if written else None
            if day is None:
                lacks_month = written is not None and self.month is None and not written.year
                problem = Problem.MONTH_NEEDED if lacks_month else Problem.BAD_DATE
                self.error(number, day_column, value, problem)
                continue
            who = (self._person(row, columns.get(_NUMBER)), self._person(row, columns.get(_NAME)))
            if not any(who):
                self.error(number, code_column, code, Problem.NO_PERSON)
                continue
            line = lines.get(who)
            if line is None:
                column = columns[_NUMBER] if who[0] else columns[_NAME]
                line = lines[who] = Line(
                    self.sheet.name, *who, number, column, [], [], [], _Same(code_column)
                )
            line.dates.append(day)  # type: ignore[attr-defined]
            line.codes.append(code)  # type: ignore[attr-defined]
            line.rows.append(number)  # type: ignore[attr-defined]
        self.reading.lines.extend(lines.values())

    # One column per date

    def _read_matrix(self) -> bool:
        header = self._date_header()
        if header is None:
            return False
        self.reading.layouts[self.sheet.name] = "matrix"
        row_number, written = header
        self.month = self.month or self._told_month(row_number)
        days = self._days(written)
        if days is None:
            first = min(written)
            self.error(row_number, first, self.sheet.rows[row_number][first], Problem.MONTH_NEEDED)
            return True
        used = self._check_columns(row_number, written, days)
        self._read_matrix_rows(row_number + 1, self._person_columns(row_number, written), used)
        return True

    def _date_header(self) -> tuple[int, dict[int, _Day]] | None:
        """Return the row of dates, and each column's date as written.

        It is the first row with a run of dates; a single date is enough if it names its year and
        a heading for the person stands in the same row.
        """
        for number, row in enumerate(self.sheet.rows[:_HEADER_ROWS]):
            written = {
                column: day
                for column, value in enumerate(row)
                if value != "" and (day := _read_day(value))
            }
            if self._is_date_header(row, written):
                return number, self._without_numbering(row, written)
        return None

    @staticmethod
    def _is_date_header(row: Sequence[Cell], written: Mapping[int, _Day]) -> bool:
        if not written:
            return False
        has_heading = any(_heading(value) in (_NUMBER, _NAME) for value in row)
        if sum(1 for day in written.values() if day.year) >= (1 if has_heading else 2):
            return True
        if sum(1 for day in written.values() if day.month) >= (1 if has_heading else 3):
            return True
        # Bare numbers are days only where they count up.
        days = [day.day for day in written.values()]
        steps = sum(1 for a, b in pairwise(days) if b == a + 1)
        return steps >= (0 if has_heading else 4) and steps >= len(days) - 2

    @staticmethod
    def _without_numbering(row: Sequence[Cell], written: dict[int, _Day]) -> dict[int, _Day]:
        """Leave out totals: bare numbers beside dates that name their month."""
        if any(day.month for day in written.values()):
            return {column: day for column, day in written.items() if day.month}
        return written

    def _days(self, written: Mapping[int, _Day]) -> dict[int, date | None] | None:
        """Return each column's date, None where there is no such date; None if no month is told."""
        if self.month is None and not all(day.year for day in written.values()):
            years = [day.year for day in written.values() if day.year]
            if not years or any(not day.month for day in written.values()):
                return None
            self.month = date(years[0], 1, 1)
        if any(day.month for day in written.values()) or self.month is None:
            return {column: day.on(self.month) for column, day in written.items()}
        # 26 … 31 1 … 25: the first part lies in the month before.
        columns = list(written)
        turn = next(
            (
                after
                for before, after in pairwise(columns)
                if written[after].day < written[before].day
            ),
            None,
        )
        before = (self.month - timedelta(days=1)).replace(day=1)
        return {
            column: day.on(before if turn is not None and column < turn else self.month)
            for column, day in written.items()
        }

    def _check_columns(
        self, row: int, written: Mapping[int, _Day], days: Mapping[int, date | None]
    ) -> dict[int, date | Problem]:
        """Return what to do with each column from the first to the last date.

        A heading that is wrong is one error, and its column is left out; an empty column is fine.
        """
        filled = self._filled_columns(row + 1)
        first, last = min(written), max(written)
        used: dict[int, date | Problem] = {}
        seen: set[date] = set()
        for column in range(first, last + 1):
            if column not in written:
                if column in filled:
                    used[column] = Problem.NO_DATE_ABOVE
                continue
            day = days[column]
            if day is not None and day not in seen:
                seen.add(day)
                used[column] = day
            elif column in filled:
                problem = Problem.BAD_DATE if day is None else Problem.DATE_TWICE
                self.error(row, column, self.sheet.rows[row][column], problem)
        return used

    def _filled_columns(self, top: int) -> set[int]:
        return {
            column
            for row in self.sheet.rows[top:]
            for column, value in enumerate(row)
            if value != ""
        }

    def _person_columns(self, row: int, written: Mapping[int, _Day]) -> dict[str, int]:
        """Return the columns of the number and of the name."""
        found: dict[str, int] = {}
        for number in range(max(0, row - 2), min(len(self.sheet.rows), row + 3)):
            for column, value in enumerate(self.sheet.rows[number]):
                kind = _heading(value)
                if kind in (_NUMBER, _NAME) and column not in written:
                    found.setdefault(kind, column)
        found = found or self._guessed_person_columns(row, min(written))
        if len(found) == 2 and self._is_numbering(row, found):
            del found[_NUMBER]
        return found

    def _is_numbering(self, row: int, found: Mapping[str, int]) -> bool:
        """Say whether the numbers only count the names: 1, 2, 3 … is nobody's employee number."""
        named = [
            tidy(_at(cells, found[_NUMBER]))
            for cells in self.sheet.rows[row + 1 :]
            if (name := _at(cells, found[_NAME])) != "" and not _heading(name)
        ]
        counted = [number for number in named if number]
        return len(counted) > 1 and counted == [str(n + 1) for n in range(len(counted))]

    def _guessed_person_columns(self, row: int, first_date: int) -> dict[str, int]:
        """Without headings, look before the dates: digits are numbers, letters are names."""
        digits: dict[int, int] = {}
        words: dict[int, int] = {}
        for cells in self.sheet.rows[row + 1 : row + 60]:
            for column in range(min(first_date, len(cells))):
                text = tidy(cells[column])
                if text and not _heading(text) and not _WEEKDAY.fullmatch(text):
                    counts = digits if any(c.isdigit() for c in text) and text.isascii() else words
                    counts[column] = counts.get(column, 0) + 1
        found: dict[str, int] = {}
        if words:
            found[_NAME] = max(words, key=lambda column: (words[column], column))
        numbers = {c: n for c, n in digits.items() if c != found.get(_NAME)}
        if numbers:
            found[_NUMBER] = max(numbers, key=lambda column: (numbers[column], column))
        return found or {_NAME: max(0, first_date - 1)}

    def _read_matrix_rows(
        self, top: int, people: Mapping[str, int], used: Mapping[int, date | Problem]
    ) -> None:
        columns = tuple(used)
        dates = {column: day for column, day in used.items() if isinstance(day, date)}
        line_columns, line_dates = tuple(dates), tuple(dates.values())
        for number, row in enumerate(self.sheet.rows[top:], top):
            filled = [column for column in columns if _at(row, column) != ""]
            if not filled and not self.keep_empty_lines:
                continue
            if self._is_heading_row(row, people, filled):
                continue
            who = (self._person(row, people.get(_NUMBER)), self._person(row, people.get(_NAME)))
            if not any(who):
                self._refuse_row(number, row, filled, used)
                continue
            for column in filled:
                if used[column] is Problem.NO_DATE_ABOVE and _has_text(row[column]):
                    self.error(number, column, row[column], Problem.NO_DATE_ABOVE)
            column = people[_NUMBER] if who[0] else people[_NAME]
            codes = [self._code(number, column, row) for column in line_columns]
            if any(codes) or self.keep_empty_lines:
                self.reading.lines.append(
                    Line(
                        self.sheet.name,
                        *who,
                        number,
                        column,
                        line_dates,
                        codes,
                        _Same(number),
                        line_columns,
                    )
                )

    def _refuse_row(
        self, number: int, row: Sequence[Cell], filled: Sequence[int], used: Mapping[int, object]
    ) -> None:
        for column in filled:
            if _has_text(row[column]):
                problem = used[column]
                self.error(
                    number,
                    column,
                    row[column],
                    problem if isinstance(problem, Problem) else Problem.NO_PERSON,
                )

    @staticmethod
    def _is_heading_row(
        row: Sequence[Cell], people: Mapping[str, int], filled: Sequence[int]
    ) -> bool:
        """Say whether a row below the dates still belongs to the head: headings, or weekdays."""
        person = [_at(row, column) for column in people.values()]
        if any(value != "" and not _heading(value) for value in person):
            return all(_heading(value) == _OTHER for value in person if value != "")
        return all(_WEEKDAY.fullmatch(tidy(row[column])) for column in filled)

    # Cells

    @staticmethod
    def _person(row: Sequence[Cell], column: int | None) -> str:
        return tidy(_at(row, column)) if column is not None else ""

    def _code(self, number: int, column: int, row: Sequence[Cell]) -> str | None:
        """Return the code in a cell, nothing for an empty one, None for one that is an error."""
        value = row[column] if column < len(row) else ""
        if type(value) is str:
            if not value:
                return ""
            judged = self.judged.get(value)
            if judged is None:
                judged = self.judged[value] = self._judge(tidy(value))
        elif type(value) is int:
            judged = str(value)
        else:
            judged = Problem.NOT_A_CODE
        if isinstance(judged, Problem):
            self.error(number, column, value, judged)
            return None
        return judged

    def _judge(self, code: str) -> str | Problem:
        if code in self.known or is_rest(code):
            return code
        if re.fullmatch(r"#(REF|N/A|NAME\?|VALUE|DIV/0|NUM|NULL)!?", code):
            return Problem.FORMULA_FAILED
        if len(code) > LONGEST_CODE:
            return Problem.NOT_A_CODE
        parts = [part.strip() for part in re.split(r"[+&、,;/|]", code)]
        if len(parts) > 1 and all(parts):
            certain = re.search(r"[+&、]", code)
            if certain or all(part in self.known or is_rest(part) for part in parts):
                return Problem.TWO_SHIFTS
        return code


class _Same(Sequence[int]):
    """A sequence that says the same number at every place: the row or column of a whole line."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def __getitem__(self, index: object) -> int:  # type: ignore[override]
        return self.value

    def __len__(self) -> int:
        return 1


def _at(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else ""


def _has_text(value: Cell) -> bool:
    return type(value) is not str or not value.isspace()


# People -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Matching:
    """Which line is about whom: `keys` has one person's key, or None, for each line."""

    keys: list[int | None] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    # Lines whose number belongs to somebody with another name: (line, the person).
    renamed: list[tuple[Line, Person]] = field(default_factory=list)


# Comparing a name with ten thousand others takes tens of milliseconds.
_MOST_SUGGESTIONS: Final = 50


def match_people(
    lines: Sequence[Line], people: Sequence[Person], chosen: Mapping[str, int] | None = None
) -> Matching:
    """Find each line's person: as chosen, by number, else by unique name.

    `chosen` maps `Line.who` to a person's key. A number that lost its leading zeros to Excel is
    found if only one person's fits. Who is not found gets up to three suggestions.
    """
    directory = _Directory(people)
    matching = Matching()
    by_key = {person.key: person for person in people}
    for line in lines:
        key = (chosen or {}).get(line.who)
        if key is not None and key in by_key:
            matching.keys.append(key)
            continue
        found = directory.find(line.number, line.name)
        if isinstance(found, Person):
            matching.keys.append(found.key)
            if line.number and line.name and name_key(line.name) != name_key(found.name):
                matching.renamed.append((line, found))
            continue
        matching.keys.append(None)
        wants_help = found is Problem.UNKNOWN_PERSON and len(matching.errors) < _MOST_SUGGESTIONS
        matching.errors.append(
            CellError(
                line.sheet,
                cell_name(line.row, line.column),
                line.who[:60],
                found,
                suggestions=directory.like(line.name) if wants_help else (),
            )
        )
    return matching


class _Directory:
    """Finds people by what sheets write about them."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.by_number: dict[str, Person] = {}
        # A list only where several share a name or, without leading zeros, a number.
        self.by_bare_number: dict[str, Person | list[Person]] = {}
        self.by_name: dict[str, Person | list[Person]] = {}
        for person in people:
            number = name_key(person.number)
            self.by_number[number] = person
            if number.isdecimal():
                _put(self.by_bare_number, number.lstrip("0"), person)
            _put(self.by_name, name_key(person.name), person)

    def find(self, number: str, name: str) -> Person | Problem:
        """Return the person; a number decides, a name only without one."""
        # A column without a heading may hold either.
        written = name_key(number or name)
        if person := self.by_number.get(written):
            return person
        bare = self.by_bare_number.get(written.lstrip("0")) if written.isdecimal() else None
        if isinstance(bare, Person):
            return bare
        if number:
            return Problem.UNKNOWN_PERSON
        named = self.by_name.get(written)
        if isinstance(named, Person):
            return named
        return Problem.NAME_NOT_UNIQUE if named else Problem.UNKNOWN_PERSON

    def like(self, name: str) -> tuple[str, ...]:
        """Return up to three people whose names are spelt alike, as number and name."""
        close = get_close_matches(name_key(name), self.by_name, n=3, cutoff=0.6) if name else []
        people = [person for key in close for person in _listed(self.by_name[key])]
        return tuple(f"{person.number} {person.name}" for person in people[:3])


def _put(found: dict[str, Person | list[Person]], key: str, person: Person) -> None:
    there = found.get(key)
    found[key] = person if there is None else [*_listed(there), person]


def _listed(found: Person | list[Person]) -> list[Person]:
    return [found] if isinstance(found, Person) else found


def days_in_month(month: date) -> list[date]:
    """Return the dates of a month, given by any of its days."""
    return [
        date(month.year, month.month, day)
        for day in range(1, monthrange(month.year, month.month)[1] + 1)
    ]
