"""The columns of totals, once for the page, the sheets and the interface for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from reports.sums import Figures
from reports.totals import Kind, Line

Number = int | Decimal | None


class Column(NamedTuple):
    """A column: its key in addresses and answers, its heading, and its number of a line."""

    key: str
    heading: str | Promise
    of: Callable[[Figures], Number]
    is_trouble: bool = False


COLUMNS: Final = (
    Column("people", pgettext_lazy("number", "People"), lambda f: f.people),
    Column("due_days", _("Days due"), lambda f: f.due_days),
    Column("worked_days", _("Days worked"), lambda f: f.worked_days),
    Column("attendance_rate", _("Attendance rate (%)"), lambda f: f.rate),
    Column("late_count", _("Late (times)"), lambda f: f.late_count, is_trouble=True),
    Column("late_minutes", _("Late (min)"), lambda f: f.late_minutes),
    Column("early_count", _("Left early (times)"), lambda f: f.early_count, is_trouble=True),
    Column("early_minutes", _("Left early (min)"), lambda f: f.early_minutes),
    Column("missing_punches", _("Missing punches"), lambda f: f.missing_punches, is_trouble=True),
    Column("absent_days", _("Days absent"), lambda f: f.absent_days, is_trouble=True),
    Column("leave_days", _("Days of leave"), lambda f: f.leave_days),
    Column("overtime_minutes", _("Overtime (min)"), lambda f: f.overtime_minutes),
)
BY_KEY: Final[Mapping[str, Column]] = {column.key: column for column in COLUMNS}
SORTABLE: Final = frozenset(BY_KEY) | {"name"}


def numbers_of(line: Line) -> dict[str, Number]:
    """Return the numbers of a line by column; None for each that is hidden or says nothing."""
    figures = line.figures
    return {column.key: column.of(figures) if figures else None for column in COLUMNS}


def note_of(line: Line) -> str:
    """Return why a line shows no figures, or not all; empty where there is nothing to say."""
    if line.is_hidden:
        return gettext("Fewer than 5 people")
    return gettext("Days left out") if line.leaves_out else ""


def name_of(line: Line) -> str:
    """Return what a line is called."""
    words = {
        Kind.DEPARTMENT: "%(department)s",
        Kind.DIRECT: gettext("Directly in %(department)s"),
        Kind.TOGETHER: gettext("Small groups of %(department)s, together"),
    }
    return words[line.kind] % {"department": line.department.name}


def sorted_lines(lines: list[Line], order: str) -> list[Line]:
    """Return lines in the order that an address names ("late_minutes", "-name"); else as given.

    Lines without figures, and what is shown together, stay last.
    """
    key = order.removeprefix("-")
    if key not in SORTABLE:
        return lines
    plain = [line for line in lines if line.figures and line.kind is not Kind.TOGETHER]
    rest = [line for line in lines if not line.figures or line.kind is Kind.TOGETHER]

    def weight(line: Line) -> tuple[bool, Decimal | str]:
        if key == "name":
            return True, name_of(line)
        number = numbers_of(line)[key]
        # Nothing is less than any number.
        return number is not None, Decimal(number or 0)

    return sorted(plain, key=weight, reverse=order.startswith("-")) + rest
