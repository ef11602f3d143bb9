"""What the page of totals shows: lines as texts, and headings that sort."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.wording import duration_text
from reports.columns import COLUMNS, Number, name_of, note_of, numbers_of
from reports.totals import Kind, Line


class Head(NamedTuple):
    """A heading: what a click on it asks for, and which way the column is sorted now."""

    key: str
    words: str | Promise
    next_order: str
    direction: str  # as aria-sort says it; empty: not sorted by this column


class Cell(NamedTuple):
    """A number in words, under the key of its column."""

    key: str
    words: str
    is_trouble: bool


class Shown(NamedTuple):
    """A line of the page."""

    line: Line
    name: str
    note: str
    cells: list[Cell]
    overtime: str

    @property
    def is_together(self) -> bool:
        """Say whether the line is that of the hidden ones."""
        return self.line.kind is Kind.TOGETHER

    @property
    def by_key(self) -> dict[str, str]:
        """Return the numbers in words by column."""
        return {cell.key: cell.words for cell in self.cells}


def heads(order: str) -> list[Head]:
    """Return the headings; a column that is sorted downwards is sorted upwards next."""
    found = []
    for key, words in (("name", _("Department")), *((c.key, c.heading) for c in COLUMNS)):
        # People look for the largest numbers, and for names from the beginning.
        first, second = (key, f"-{key}") if key == "name" else (f"-{key}", key)
        direction = {key: "ascending", f"-{key}": "descending"}.get(order, "")
        found.append(Head(key, words, second if order == first else first, direction))
    return found


def shown(line: Line) -> Shown:
    """Return a line as the page shows it."""
    numbers = numbers_of(line)
    cells = [
        Cell(column.key, _words(numbers[column.key]), column.is_trouble and bool(number))
        for column, number in zip(COLUMNS, numbers.values(), strict=True)
    ]
    overtime = line.figures.overtime_minutes if line.figures else 0
    return Shown(
        line,
        name_of(line),
        note_of(line),
        cells,
        duration_text(overtime),
    )


def _words(number: Number) -> str:
    if number is None:
        return "–"
    if isinstance(number, Decimal):
        text = f"{number:f}"
        number = Decimal(text.rstrip("0").rstrip(".")) if "." in text else number
    return str(number_format(number, force_grouping=True))
