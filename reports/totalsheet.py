"""Totals as files: the lines of the page, as CSV or as a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext as _

from organization.cells import escape
from reports.columns import COLUMNS, name_of, note_of, numbers_of
from reports.totals import Line, Totals
from scheduling.workbook import Table, write_workbook

Cell = str | int | float
_BOM: Final = "\ufeff"


class _Echo:
    """Gives back what the CSV writer writes, so that it can be sent on line by line."""

    def write(self, text: str) -> str:
        return text


def headings() -> list[str]:
    """Return the headings of the file."""
    return [_("Code"), _("Department"), _("Level"), *(str(c.heading) for c in COLUMNS), _("Note")]


def rows(totals: Totals) -> Iterator[list[Cell]]:
    """Yield the lines of the file: the total first, then what it falls into."""
    if totals.total is not None:
        yield _row(totals.total, 0)
    deeper = 0 if totals.total is None else 1
    for line in totals.lines:
        yield _row(line, line.depth + deeper)


def _row(line: Line, level: int) -> list[Cell]:
    numbers = (
        "" if number is None else number if isinstance(number, int) else float(number)
        for number in numbers_of(line).values()
    )
    return [line.department.code, name_of(line), level, *numbers, note_of(line)]


def as_csv(totals: Totals) -> Iterator[str]:
    """Yield the file line by line; no cell is taken for a formula."""
    writer = csv.writer(_Echo())
    # Spreadsheets take a file without the mark for the language of the machine.
    yield _BOM
    yield writer.writerow([escape(text) for text in headings()])
    for row in rows(totals):
        yield writer.writerow([escape(cell) if isinstance(cell, str) else cell for cell in row])


def as_workbook(totals: Totals) -> bytes:
    """Return the file as .xlsx, with the period above the table."""
    span = _("%(first)s – %(last)s, counted up to %(until)s") % {
        "first": totals.span.first,
        "last": totals.span.last,
        "until": totals.until,
    }
    table = Table(
        _("Totals"),
        headings(),
        rows(totals),
        widths=[14, 28, 8, *[14] * len(COLUMNS), 32],
        frozen=2,
        intro=[span],
    )
    return write_workbook([table])
