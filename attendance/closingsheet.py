"""A closing as a file: the same bytes for ever, whoever asks and in whatever language.

The table holds the days of the closing, then what it took over from earlier periods as
differences: to sum it up is to know what to pay. Its last line is the SHA-256 of everything
before it, which is the checksum of the closing. Words stand here and not in the translations: a
sentence that is improved must not change a file of two years ago. Another layout is another
number; old closings keep theirs.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from attendance.models import ClosedDay, PeriodClosing, TakenAdjustment
from attendance.models.periods import FIGURES, TEXTS
from organization.cells import escape
from scheduling.workbook import Table, write_workbook

LAYOUT: Final = 1
_BOM: Final = "\ufeff"
_AT_ONCE: Final = 5_000
# More than this takes a web server too long: a workbook of them is made by nobody.
DAYS_IN_A_WORKBOOK: Final = 65_000

NUMBERS: Final = tuple(figure for figure in FIGURES if figure not in TEXTS)
_WORDS: Final[Mapping[str, str]] = {
    "kind": "类别",
    "number": "工号",
    "name": "姓名",
    "department_code": "部门编号",
    "department": "部门",
    "work_date": "归属日",
    "version": "版本",
    "status": "结果",
    "day_type": "日期类型",
    "late_minutes": "迟到分钟",
    "early_minutes": "早退分钟",
    "worked_minutes": "实际工时分钟",
    "required_minutes": "应出勤分钟",
    "shortage_minutes": "工时不足分钟",
    "leave_minutes": "请假分钟",
    "outing_minutes": "外出分钟",
    "overtime_workday_minutes": "工作日加班分钟",
    "overtime_rest_minutes": "休息日加班分钟",
    "overtime_holiday_minutes": "节假日加班分钟",
    "absent_days": "旷工天数",
    "missing": "缺卡",
    "cause": "原因",
    "days": "天数",
    "adjustments": "调整",
}
_COLUMNS: Final = (
    "kind",
    "number",
    "name",
    "department_code",
    "department",
    "work_date",
    "version",
    *FIGURES,
    "cause",
)
_PEOPLE_COLUMNS: Final = ("number", "name", "days", "adjustments", *NUMBERS)

Cell = str | int | float


def _heading(columns: Iterable[str]) -> list[str]:
    return [f"{column} {_WORDS[column]}" for column in columns]


class _Echo:
    """Gives back what the CSV writer writes, so that it can be sent on line by line."""

    def write(self, text: str) -> str:
        return text


# --- the table of days -----------------------------------------------------------------------


def day_rows(closing: PeriodClosing) -> Iterator[list[Cell]]:
    """Yield the lines of the table: days by number and date, then what was taken over."""
    names: Mapping[str, list[str]] = closing.names
    frozen = ClosedDay.objects.filter(closing=closing.pk).order_by("pk")
    days = frozen.values_list("number", "name", "department_id", "work_date", *FIGURES)
    absent = FIGURES.index("absent_days")
    for number, name, department, work_date, *figures in days.iterator(_AT_ONCE):
        figures[absent] = _spelt(figures[absent])
        yield ["day", number, name, *names[str(department)], str(work_date), 1, *figures, ""]
    for taken in _taken(closing).iterator(_AT_ONCE):
        adjustment = taken.adjustment
        changes = [
            adjustment.after[figure]
            if figure in TEXTS
            else _spelt(adjustment.difference(figure))
            if figure == "absent_days"
            else int(adjustment.difference(figure))
            for figure in FIGURES
        ]
        yield [
            "adjustment",
            taken.number,
            taken.name,
            *names[str(adjustment.department_id)],
            str(adjustment.work_date),
            adjustment.version,
            *changes,
            adjustment.cause,
        ]


def _spelt(days: Decimal) -> str:
    """Return days as a number of two places, the same from every database."""
    return f"{Decimal(days):.2f}"


def _taken(closing: PeriodClosing) -> QuerySet[TakenAdjustment]:
    rows = TakenAdjustment.objects.filter(closing=closing.pk)
    return rows.select_related("adjustment").order_by("pk")


def csv_lines(closing: PeriodClosing) -> Iterator[str]:
    """Yield the table line by line, without the checksum; no cell is taken for a formula."""
    writer = csv.writer(_Echo())
    # Spreadsheets take a file without the mark for the language of the machine.
    yield _BOM + writer.writerow(_heading(_COLUMNS))
    for row in day_rows(closing):
        # What is not typed in by anybody begins with no sign; a difference may be negative.
        row[1:5] = [escape(str(cell)) for cell in row[1:5]]
        yield writer.writerow(row)


def as_csv(closing: PeriodClosing) -> Iterator[str]:
    """Yield the whole file, with its checksum as the last line."""
    yield from csv_lines(closing)
    yield f"checksum,{closing.checksum}\r\n"


def checksum_of(closing: PeriodClosing, report: Callable[[int], None] = lambda done: None) -> str:
    """Return the SHA-256 of the table as it stands now. `report` hears how many lines are done."""
    digest = hashlib.sha256()
    done = 0
    lines: list[str] = []
    for line in csv_lines(closing):
        lines.append(line)
        if len(lines) == _AT_ONCE:
            digest.update("".join(lines).encode())
            done += len(lines)
            report(done)
            lines.clear()
    digest.update("".join(lines).encode())
    return digest.hexdigest()


# --- totals ----------------------------------------------------------------------------------


class Person(NamedTuple):
    """What a closing adds up to for one person: numbers in the order of NUMBERS."""

    number: str
    name: str
    days: int
    adjustments: int
    numbers: tuple[Decimal, ...]


def people_of(closing: PeriodClosing) -> list[Person]:
    """Return the totals of each person, days and what was taken over, by number."""
    summed = (
        ClosedDay.objects.filter(closing=closing.pk)
        .order_by()
        .values_list("number", "name")
        .annotate(days=Count("pk"), **{f"sum_{one}": Sum(one) for one in NUMBERS})
    )
    found: dict[str, Person] = {}
    for number, name, days, *sums in summed:
        found[number] = Person(number, name, days, 0, tuple(map(Decimal, sums)))
    for taken in _taken(closing).iterator(_AT_ONCE):
        before = found.get(taken.number) or Person(
            taken.number, taken.name, 0, 0, (Decimal(0),) * len(NUMBERS)
        )
        found[taken.number] = before._replace(
            adjustments=before.adjustments + 1,
            numbers=tuple(
                number + taken.adjustment.difference(figure)
                for number, figure in zip(before.numbers, NUMBERS, strict=True)
            ),
        )
    return [found[number] for number in sorted(found)]


def totals_of(closing: PeriodClosing) -> dict[str, Any]:
    """Return what all of it adds up to, as JSON values: counts, and sums of every number."""
    days = ClosedDay.objects.filter(closing=closing.pk)
    summed = days.aggregate(
        days=Count("pk"),
        people=Count("employee", distinct=True),
        late_count=Count("pk", filter=Q(late_minutes__gt=0)),
        early_count=Count("pk", filter=Q(early_minutes__gt=0)),
        **{f"sum_{one}": Sum(one) for one in NUMBERS},
    )
    sums = {one: Decimal(summed[f"sum_{one}"] or 0) for one in NUMBERS}
    for taken in _taken(closing).iterator(_AT_ONCE):
        for one in NUMBERS:
            sums[one] += taken.adjustment.difference(one)
    counts = {one: summed[one] for one in ("people", "days", "late_count", "early_count")}
    return counts | {
        one: _spelt(value) if one == "absent_days" else int(value) for one, value in sums.items()
    }


# --- the workbook ----------------------------------------------------------------------------


def as_workbook(closing: PeriodClosing) -> bytes:
    """Return the closing as .xlsx: what it is, the totals of people, the table of days.

    Beyond DAYS_IN_A_WORKBOOK the days are left to the CSV file.
    """
    closed_at = closing.closed_at.astimezone(UTC)
    facts = [
        f"{closing.names['closing'][0]} {closing.names['closing'][1]}",
        f"{closing.starts_on} – {closing.ends_on} #{closing.number}",
        f"closed 关账 {closed_at:%Y-%m-%d %H:%M:%S} UTC, {closing.names['closing'][2]}",
        f"checksum 校验和 {closing.checksum}",
    ]
    tables = [
        Table(
            "people 人员汇总",
            _heading(_PEOPLE_COLUMNS),
            (_person_row(person) for person in people_of(closing)),
            widths=[14, 18, 8, 8, *[14] * len(NUMBERS)],
            frozen=2,
            intro=facts,
        )
    ]
    if closing.days <= DAYS_IN_A_WORKBOOK:
        tables.append(
            Table(
                "days 日明细",
                _heading(_COLUMNS),
                map(_sheet_row, day_rows(closing)),
                widths=[12, 14, 18, 14, 20, 12, 8, *[14] * len(FIGURES), 14],
                frozen=3,
            )
        )
    return write_workbook(tables, created=closed_at)


def _person_row(person: Person) -> list[Cell]:
    return [person.number, person.name, person.days, person.adjustments, *map(_plain, person[4])]


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _sheet_row(row: list[Cell]) -> list[Cell]:
    place = _COLUMNS.index("absent_days")
    row[place] = _plain(Decimal(row[place]))
    return row
