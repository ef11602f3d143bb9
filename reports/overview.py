"""The front page of people who read totals and no details: the running period at a glance."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from organization.access import Action, granted_paths
from organization.models import User
from reports.columns import sorted_lines
from reports.period import read_span
from reports.totals import Totals, read_totals
from reports.totalspage import Shown, shown


class Overview(NamedTuple):
    """The totals of the period so far: the whole, where there is one, and its parts."""

    totals: Totals
    whole: Shown | None
    rows: list[Shown]


def read_overview(user: User, yesterday: date, *, now: datetime) -> Overview | None:
    """Return the totals of the period of yesterday, the lowest attendance first.

    None for people who may read no totals, and for those who see all days that they add up to:
    what needs them stands on the front page by name.
    """
    if not _reads_beyond_seeing(user):
        return None
    totals = read_totals(
        user,
        read_span({}, None, yesterday),
        department=None,
        today=yesterday + timedelta(days=1),
        now=now,
    )
    rows = [shown(line) for line in sorted_lines(totals.lines, "attendance_rate")]
    return Overview(totals, shown(totals.total) if totals.total else None, rows)


def _reads_beyond_seeing(user: User) -> bool:
    summed, seen = (granted_paths(user, act) for act in (Action.SUMMARISE, Action.SEE))
    if seen is None or summed == ():
        return False
    return summed is None or any(not path.startswith(seen) for path in summed)
