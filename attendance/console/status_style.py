"""How a status looks: one table for grids, badges, legends and the employee's page.

The sign says the same as the colour, for people and printers that see no colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from django.utils.functional import Promise

from attendance.models import AttendanceDay

Status = AttendanceDay.Status


class StatusStyle(NamedTuple):
    """A short sign, the word, and the class that colours it (attendance/status.css)."""

    symbol: str
    label: str | Promise
    css_class: str


_SIGNS: Final = {
    Status.NORMAL: ("✓", "kq-good"),
    Status.LATE: ("L", "kq-warn"),
    Status.SEVERE_LATE: ("L!", "kq-bad"),
    Status.ABSENT_LATE: ("L×", "kq-bad"),
    Status.EARLY: ("E", "kq-warn"),
    Status.ABSENT_EARLY: ("E×", "kq-bad"),
    Status.LATE_EARLY: ("LE", "kq-warn"),
    Status.MISSING: ("?", "kq-lack"),
    Status.HALF_DAY: ("½", "kq-bad"),
    Status.ABSENT: ("×", "kq-bad"),
    Status.SHORT_HOURS: ("<", "kq-warn"),
    Status.ON_LEAVE: ("V", "kq-away"),
    Status.ON_OUTING: ("T", "kq-away"),
    Status.REST: ("·", "kq-rest"),
    Status.REST_OVERTIME: ("R+", "kq-extra"),
    Status.HOLIDAY: ("H", "kq-rest"),
    Status.HOLIDAY_OVERTIME: ("H+", "kq-extra"),
    Status.NOT_REQUIRED: ("–", "kq-rest"),
    Status.PENDING: ("…", "kq-open"),
    Status.REVIEW: ("!", "kq-lack"),
}

STYLES: Final[Mapping[str, StatusStyle]] = {
    status.value: StatusStyle(symbol, status.label, css_class)
    for status, (symbol, css_class) in _SIGNS.items()
}
