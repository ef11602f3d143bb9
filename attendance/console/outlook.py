"""What becomes of days where a punch counts, and where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext

from attendance.console.status_style import STYLES
from attendance.engine import DayResult, evaluate_day
from attendance.loading import Facts, inputs, load_facts
from attendance.models import Punch
from attendance.planning import minute_of
from attendance.services.days import dates_around, local_date
from attendance.wording import duration_text


class DayAhead(NamedTuple):
    """A work date that a verdict changes, and what it says before and after."""

    day: date
    before: DayResult
    after: DayResult

    @property
    def words(self) -> str:
        """Return the change in words: 1 Sept: Normal, worked 8 h → Normal, worked 7 h 59 min."""
        return gettext("%(day)s: %(before)s → %(after)s") % {
            "day": date_format(self.day, "SHORT_DATE_FORMAT"),
            "before": _words(self.before),
            "after": _words(self.after),
        }


def days_ahead(punch: Punch, *, counts: bool, now: datetime) -> list[DayAhead]:
    """Return the days that change when a punch counts, or does not, oldest first."""
    days = dates_around(local_date(punch))
    facts = load_facts([punch.employee_id], days[0], days[-1])
    found = zip(
        days,
        _results(facts, punch, days, now),
        _results(_with(facts, punch, counts), punch, days, now),
        strict=True,
    )
    return [DayAhead(*one) for one in found if _says(one[1]) != _says(one[2])]


def _results(facts: Facts, punch: Punch, days: list[date], now: datetime) -> Iterator[DayResult]:
    for one in inputs(facts, punch.employee_id, days, minute_of(now)):
        yield evaluate_day(one.day)


def _with(facts: Facts, punch: Punch, counts: bool) -> Facts:
    verdict = "accepted" if counts else "refused"
    rows = [
        (*row[:4], verdict) if row[3] == punch.pk else row
        for row in facts.punches.get(punch.employee_id, ())
    ]
    return facts._replace(punches={**facts.punches, punch.employee_id: rows})


def _says(result: DayResult) -> tuple[object, ...]:
    return (
        result.status,
        result.late,
        result.early,
        result.missing,
        result.worked,
        result.overtime,
        result.absent_days,
        [(slot.name, slot.at) for slot in result.slots],
    )


def _words(result: DayResult) -> str:
    return gettext("%(status)s, worked %(worked)s") % {
        "status": STYLES[result.status.value].label,
        "worked": duration_text(result.worked),
    }
