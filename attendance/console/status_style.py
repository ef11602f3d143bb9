"""How a status looks: one table for grids, badges, legends and the employee's page.

The sign says the same as the colour, for people and printers that see no colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from attendance.models import AttendanceDay

Status = AttendanceDay.Status


class StatusStyle(NamedTuple):
    """A short sign, the word, and the class that colours it (attendance/status.css)."""

    symbol: str | Promise
    label: str | Promise
    css_class: str


_SIGNS: Final[Mapping[Status, tuple[str | Promise, str]]] = {
    Status.NORMAL: ("✓", "kq-good"),
    Status.LATE: (pgettext_lazy("sign", "L"), "kq-warn"),
    Status.SEVERE_LATE: (pgettext_lazy("sign", "L!"), "kq-bad"),
    Status.ABSENT_LATE: (pgettext_lazy("sign", "L×"), "kq-bad"),
    Status.EARLY: (pgettext_lazy("sign", "E"), "kq-warn"),
    Status.ABSENT_EARLY: (pgettext_lazy("sign", "E×"), "kq-bad"),
    Status.LATE_EARLY: (pgettext_lazy("sign", "LE"), "kq-warn"),
    Status.MISSING: ("?", "kq-lack"),
    Status.HALF_DAY: ("½", "kq-bad"),
    Status.ABSENT: ("×", "kq-bad"),
    Status.SHORT_HOURS: ("<", "kq-warn"),
    Status.ON_LEAVE: (pgettext_lazy("sign", "V"), "kq-away"),
    Status.ON_OUTING: (pgettext_lazy("sign", "T"), "kq-away"),
    Status.REST: ("·", "kq-rest"),
    Status.REST_OVERTIME: (pgettext_lazy("sign", "R+"), "kq-extra"),
    Status.HOLIDAY: (pgettext_lazy("sign", "H"), "kq-rest"),
    Status.HOLIDAY_OVERTIME: (pgettext_lazy("sign", "H+"), "kq-extra"),
    Status.NOT_REQUIRED: ("–", "kq-rest"),
    Status.PENDING: ("…", "kq-open"),
    Status.REVIEW: ("!", "kq-lack"),
}

STYLES: Final[Mapping[str, StatusStyle]] = {
    status.value: StatusStyle(symbol, status.label, css_class)
    for status, (symbol, css_class) in _SIGNS.items()
}
